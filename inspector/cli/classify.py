"""``inspector classify``: the most probable classes of each picture."""

from __future__ import annotations

import argparse

from inspector.cli.answers import answer_facts, read_answer, say_unfitting, write_answer
from inspector.cli.console import Outcome, write_json
from inspector.cli.conversation import Conversation, checked_provider, chosen_labels, chosen_recipe
from inspector.errors import InspectorError


def classify(asked: argparse.Namespace) -> int:
    """Print what the model says of each picture; one that cannot be used does not stop the others."""
    labels, recipe = chosen_labels(asked), chosen_recipe(asked)
    outcome, results = Outcome(), []
    with Conversation(asked.model, asked.provider) as talk:
        model = talk.open()
        provider = checked_provider(talk.ready(), asked.provider)
        outputs = tuple(each.name for each in model.outputs)
        for image in asked.images:
            try:
                answer = talk.run(image, recipe, outputs) if asked.check else talk.predict(image, recipe)
            except InspectorError as error:
                outcome.note(error)
                results.append({"image": image, "error": str(error)})
                continue
            shown = read_answer(image, answer, model, labels or model.labels)
            say_unfitting(asked.labels, labels or model.labels, shown.head, outcome)
            if asked.json:
                results.append(answer_facts(shown, asked.top))
            else:
                write_answer(shown, asked.top)
    if asked.json:
        write_json({"model": asked.model, "provider": provider, "results": results})
    return outcome.code
