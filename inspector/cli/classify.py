"""``inspector classify``: the most probable classes of each picture."""

from __future__ import annotations

import argparse

from inspector.cli.answers import answer_facts, read_answer, say_unfitting, write_answer
from inspector.cli.console import Outcome, write_json
from inspector.cli.conversation import Conversation, checked_provider, chosen_feeding, chosen_labels, chosen_recipe
from inspector.cli.trials import try_preprocessing
from inspector.errors import InspectorError, UsageError


def classify(asked: argparse.Namespace) -> int:
    """Print what the model says of each picture; one that cannot be used does not stop the others."""
    if asked.try_preprocessing:
        return try_preprocessing(asked)
    labels, recipe = chosen_labels(asked), chosen_recipe(asked)
    outcome, results = Outcome(), []
    feeding = chosen_feeding(asked)
    with Conversation(asked.model, asked.provider, asked.memory, feeding=feeding) as talk:
        model = talk.open()
        if not asked.images and feeding.lacks_picture(model):
            raise UsageError(
                f"{asked.model} takes a picture, and none is given.", "Give it after the model, or with --input."
            )
        provider = checked_provider(talk.ready(), asked.provider, asked.allow_fallback)
        outputs = tuple(each.name for each in model.outputs)
        for image in asked.images or [None]:
            try:
                answer = talk.run(image, recipe, outputs) if asked.check else talk.predict(image, recipe)
            except InspectorError as error:
                outcome.note(error)
                results.append({"image": image, "error": str(error)})
                continue
            shown = read_answer(image, answer, model, labels or model.labels, asked.head)
            say_unfitting(asked.labels, labels or model.labels, shown.head, outcome)
            if asked.json:
                results.append(answer_facts(shown, asked.top))
            else:
                write_answer(shown, asked.top)
    if asked.json:
        write_json({"model": asked.model, "provider": provider, "results": results})
    return outcome.code
