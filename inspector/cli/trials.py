"""``inspector classify --try-preprocessing``: the usual ways to feed the pictures, put in order."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import Any

from inspector import format
from inspector.analysis import heads
from inspector.cli.console import Outcome, say, write, write_json, write_table
from inspector.cli.conversation import Conversation, checked_provider, chosen_feeding, chosen_labels, chosen_recipe
from inspector.errors import EngineError, InspectorError, UsageError
from inspector.export.facts import preprocessing_facts
from inspector.graph.model import Model
from inspector.graph.preprocessing import Preprocessing, described
from inspector.labels import fitting, short
from inspector.trials import (
    Answer,
    Ranking,
    Trial,
    answered,
    class_of,
    classes_of_folders,
    no_classes,
    ranked,
    recipes,
)

_EACH_PICTURE = 6  # up to so many pictures the table has a line for each


def try_preprocessing(asked: argparse.Namespace) -> int:
    """Print what the model says of the pictures, fed in each of the usual ways; the best way first."""
    given = chosen_labels(asked)
    outcome = Outcome()
    with Conversation(asked.model, asked.provider, asked.memory, feeding=chosen_feeding(asked)) as talk:
        model = talk.open()
        provider = checked_provider(talk.ready(), asked.provider, asked.allow_fallback)
        images, ways, first = _usable(asked, talk, model, outcome)
        labels, unfitting = fitting(given or model.labels, first.classes if first is not None else 0)
        outcome.say_once(f"{asked.labels}: {unfitting}" if asked.labels and unfitting else unfitting)
        classes = first.classes if first is not None else 0
        expected = _expected(asked, images, labels, classes) if images else {}
        ranking = ranked([_tried(each, images, expected, talk, model) for each in ways])
    if asked.json:
        write_json({"model": asked.model, "provider": provider, **_facts(ranking, labels)})
    elif images:
        _write(ranking, labels)
    for trial in ranking.failed:
        say(f"{trial.recipe.name} could not be tried: {trial.failure}")
    return outcome.code


def _usable(
    asked: argparse.Namespace, talk: Conversation, model: Model, outcome: Outcome
) -> tuple[list[str], tuple[Preprocessing, ...], heads.Head | None]:
    """Return the pictures that can be fed, the ways to try, and how the first answer is read.

    Raises:
        InspectorError: The answers are no classes.
    """
    images: list[str] = []
    ways: tuple[Preprocessing, ...] = ()
    first: heads.Head | None = None
    for image in asked.images:
        try:
            prediction = talk.predict(image, chosen_recipe(asked))
            usual = recipes(prediction)
        except EngineError:
            raise
        except InspectorError as error:
            outcome.note(error)
            continue
        found = heads.answered(model, prediction)
        if not found.probabilities.size:
            raise no_classes(asked.model)
        if first is None:
            ways, first = usual, found
        images.append(image)
    return images, ways, first


def _expected(
    asked: argparse.Namespace, images: Sequence[str], labels: Sequence[str], classes: int
) -> Mapping[str, int]:
    """Return the right class of each picture, as far as it is known.

    Raises:
        UsageError: A class is none, or there are too few or too many.
    """
    if not asked.expect:
        return dict(zip(images, classes_of_folders(images, labels, classes), strict=False))
    named = [class_of(each, labels, classes) for each in asked.expect]
    if len(named) == 1:
        return dict.fromkeys(images, named[0])
    if len(named) != len(asked.images):
        raise UsageError(
            f"--expect is given {len(named)} times, and the number of pictures is {len(asked.images)}.",
            "Give it once for all pictures, or once for each, in their order.",
        )
    return dict(zip(asked.images, named, strict=True))


def _tried(
    recipe: Preprocessing, images: Sequence[str], expected: Mapping[str, int], talk: Conversation, model: Model
) -> Trial:
    answers = []
    for image in images:
        try:
            found = heads.answered(model, talk.predict(image, recipe))
        except EngineError:
            raise
        except InspectorError as error:
            return Trial(recipe, failure=str(error))
        if not found.probabilities.size:
            return Trial(recipe, failure=f"{os.path.basename(image)} gets no answer that can be read as classes.")
        answers.append(answered(image, found, expected.get(image)))
    return Trial(recipe, tuple(answers))


# ---------------------------------------------------------------- for people


def _write(ranking: Ranking, labels: Sequence[str]) -> None:
    judged = ranking.basis == "accuracy"
    rows: list[list[str]] = []
    for rank, group in enumerate(ranking.groups, 1):
        for trial in group:
            rows += _rows(trial, str(rank), labels, with_pictures=trial is group[0])
    is_single = all(len(each.answers) == 1 for group in ranking.groups for each in group)
    names = ["rank", "right", "probability", "entropy", "fed as", "answer" if is_single else "how, and the answers"]
    if not judged:
        names.remove("right")
        rows = [[*row[:1], *row[2:]] for row in rows]
    write_table(names, rows, left=(len(names) - 2, len(names) - 1))
    for group in ranking.groups:
        if len(group) > 1:
            alike = " and ".join(filter(None, (", ".join(_names(group[:-1])), group[-1].recipe.name)))
            write(f"  {alike} are indistinguishable on these pictures: the same answers, the same probabilities.")
    write(f"  {ranking.note}")


def _names(trials: Sequence[Trial]) -> list[str]:
    return [each.recipe.name for each in trials]


def _rows(trial: Trial, rank: str, labels: Sequence[str], with_pictures: bool) -> list[list[str]]:
    right = f"{trial.right} of {trial.judged}" if trial.judged else ""
    is_single = len(trial.answers) == 1
    last = _class_words(trial.answers[0], labels) if is_single else described(trial.recipe)
    rows = [[rank, right, format.probability(trial.probability), _nats(trial.entropy), trial.recipe.name, last]]
    if is_single or not with_pictures or len(trial.answers) > _EACH_PICTURE:
        return rows
    for each in trial.answers:
        mark = "" if each.is_right is None else "yes" if each.is_right else "no"
        name = f"  {os.path.basename(each.image)}"
        cells = ["", mark, format.probability(each.probability), _nats(each.entropy), name]
        rows.append([*cells, _class_words(each, labels)])
    return rows


def _class_words(answer: Answer, labels: Sequence[str]) -> str:
    return f"{answer.index} {short(labels[answer.index])}" if labels else str(answer.index)


def _nats(entropy: float) -> str:
    return "" if entropy != entropy else f"{entropy:.4f}"  # NaN: the classes do not exclude each other


# ---------------------------------------------------------------- for programs


def _facts(ranking: Ranking, labels: Sequence[str]) -> dict[str, Any]:
    ordered = [(rank, trial) for rank, group in enumerate(ranking.groups, 1) for trial in group]
    return {
        "basis": ranking.basis,
        "note": ranking.note,
        "trials": [_trial_facts(rank, trial, labels) for rank, trial in ordered],
        "failed": [
            {"preprocessing": preprocessing_facts(trial.recipe), "error": trial.failure} for trial in ranking.failed
        ],
    }


def _trial_facts(rank: int, trial: Trial, labels: Sequence[str]) -> dict[str, Any]:
    """Return one trial; those with the same rank are indistinguishable."""
    return {
        "rank": rank,
        "preprocessing": preprocessing_facts(trial.recipe),
        "right": trial.right if trial.judged else None,
        "judged": trial.judged,
        "probability": format.json_number(trial.probability),
        "probability_of_expected": format.json_number(trial.probability_of_expected) if trial.judged else None,
        "entropy": _number(trial.entropy),
        "answers": [
            {
                "image": each.image,
                "index": each.index,
                "label": labels[each.index] if labels else "",
                "probability": format.json_number(each.probability),
                "entropy": _number(each.entropy),
                "expected": each.expected,
                "is_right": each.is_right,
            }
            for each in trial.answers
        ],
    }


def _number(value: float) -> float | str | None:
    return None if value != value else format.json_number(value)
