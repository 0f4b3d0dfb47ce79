"""What is printed of a picture: its most probable classes, or what else came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from inspector import format
from inspector.analysis.grids import Output
from inspector.analysis.heads import Head, answered
from inspector.analysis.outputs import described
from inspector.cli.console import Outcome, write
from inspector.cli.tables import write_classes, write_outputs
from inspector.export.facts import (
    apart_words,
    best_facts,
    difference_facts,
    head_facts,
    output_facts,
    preprocessing_facts,
)
from inspector.graph.model import Difference, Model, Prediction, Run
from inspector.labels import fitting


class Answer(NamedTuple):
    """What is printed of one picture.

    Attributes:
        labels: That fit the classes.
        given: That were given, or are the model's own.
        outputs: What each output is.
    """

    image: str | None
    prediction: Prediction
    head: Head
    labels: tuple[str, ...]
    given: tuple[str, ...]
    outputs: tuple[Output, ...]
    difference: Difference | None


def read_answer(
    image: str | None, answer: Prediction | Run, model: Model, labels: Sequence[str], kind: str = ""
) -> Answer:
    """Find the classes in what came out, and their names.

    Args:
        image: As it was given.
        answer: Of the model.
        model: The network.
        labels: As they were given, or of the model.
        kind: How the user wants it read; ``""`` leaves it to the model.
    """
    prediction = answer.prediction if isinstance(answer, Run) else answer
    found = answered(model, prediction, None, kind)
    known, _ = fitting(labels, found.classes)
    outputs = described(model, prediction, found)
    difference = answer.difference if isinstance(answer, Run) else None
    return Answer(image, prediction, found, known, tuple(labels), outputs, difference)


def say_unfitting(file: str | None, labels: Sequence[str], answer: Head, outcome: Outcome) -> None:
    """Say that the labels, given or the model's own, are not those of the classes, and what else does not fit."""
    for sentence in unfitting(file, labels, answer):
        outcome.say_once(sentence)


def unfitting(file: str | None, labels: Sequence[str], answer: Head) -> tuple[str, ...]:
    """Return sentences about labels that are not those of the classes, and about what else does not fit."""
    _, sentence = fitting(labels, answer.classes)
    return tuple(each for each in (f"{file}: {sentence}" if file and sentence else sentence, answer.warning) if each)


def answer_facts(answer: Answer, count: int) -> dict[str, Any]:
    """Return an answer, ready for JSON."""
    prediction = answer.prediction
    return {
        "image": answer.image,
        **head_facts(answer.head),
        "top": best_facts(answer.head, answer.labels, count),
        "outputs": [output_facts(each, prediction.outputs[each.name], answer.given) for each in answer.outputs],
        "preprocessing": preprocessing_facts(prediction.preprocessing),
        "inputs": [
            {"name": name, "shape": list(array.shape), "dtype": array.dtype.name, "from": prediction.origins[name]}
            for name, array in prediction.fed.items()
        ],
        "note": _note(prediction),
        "seconds": prediction.seconds,
        "instrumented_difference": difference_facts(answer.difference),
    }


def write_answer(answer: Answer, count: int) -> None:
    """Print an answer for people."""
    prediction = answer.prediction
    recipe = prediction.preprocessing
    how = "fed as it is" if recipe is None else f"{recipe.name}, {recipe.source}" if recipe.source else recipe.name
    if answer.image is None and recipe is None:
        how = "defaults where nothing is given"
    elif prediction.note:
        how = prediction.note
    if prediction.picture is not None and prediction.picture.note:
        how = f"{how}; {prediction.picture.note}"
    name = answer.image if answer.image is not None else "no picture"
    write(f"{name}  ({prediction.provider}, {format.seconds(prediction.seconds)}; {how})")
    if len(prediction.fed) > 1 or answer.image is None:
        for each, origin in prediction.origins.items():
            write(f"  input {each}, {format.shape(prediction.fed[each].shape)}: {origin}")
    if answer.head.kind != "none":
        write_classes(answer.head, answer.labels, count)
    others = [each for each in answer.outputs if each.kind != "classes"]
    if others:
        write_outputs(others, prediction.outputs, answer.given, count)
    if answer.difference is not None:
        write(f"  {difference_words(answer.difference)}")


def _note(prediction: Prediction) -> str:
    """Return what had to be decided to feed it; may be empty."""
    return prediction.note or (prediction.picture.note if prediction.picture is not None else "")


def difference_words(found: Difference | None) -> str:
    """Return how far the instrumented model is from the deployed one, as a clause."""
    if found is None:
        return "no output of the instrumented model could be compared with the deployed one"
    return f"the output {format.printable(found.output)!r} of the instrumented model {apart_words(found)}"
