"""What is printed of a picture: its most probable classes, or what else came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from inspector import format
from inspector.analysis.heads import Head, head, top_classes
from inspector.analysis.statistics import statistics
from inspector.cli.console import Outcome, write, write_table
from inspector.export.facts import class_facts, difference_facts, extent, output_facts, preprocessing_facts
from inspector.graph.model import Difference, Model, Prediction, Run
from inspector.labels import fitting


class Answer(NamedTuple):
    """What is printed of one picture."""

    image: str
    prediction: Prediction
    head: Head
    labels: tuple[str, ...]
    difference: Difference | None


def read_answer(image: str, answer: Prediction | Run, model: Model, labels: Sequence[str]) -> Answer:
    """Find the classes in what came out, and their names."""
    prediction = answer.prediction if isinstance(answer, Run) else answer
    found = head(model, prediction.outputs)
    known, _ = fitting(labels, found.classes)
    return Answer(image, prediction, found, known, answer.difference if isinstance(answer, Run) else None)


def say_unfitting(file: str | None, labels: Sequence[str], answer: Head, outcome: Outcome) -> None:
    """Say that the labels, from a file that was given or from the model's own, are not those of the classes."""
    _, sentence = fitting(labels, answer.classes)
    outcome.say_once(f"{file}: {sentence}" if file and sentence else sentence)


def answer_facts(answer: Answer, count: int) -> dict[str, Any]:
    """Return an answer, ready for JSON."""
    prediction = answer.prediction
    return {
        "image": answer.image,
        "head": answer.head.kind,
        "top": [class_facts(score) for score in top_classes(answer.head, answer.labels, count)],
        "outputs": [output_facts(name, array) for name, array in prediction.outputs.items()],
        "preprocessing": preprocessing_facts(prediction.preprocessing),
        "seconds": prediction.seconds,
        "instrumented_difference": difference_facts(answer.difference),
    }


def write_answer(answer: Answer, count: int) -> None:
    """Print an answer for people."""
    prediction = answer.prediction
    recipe = prediction.preprocessing
    how = "fed as it is" if recipe is None else f"{recipe.name}, {recipe.source}" if recipe.source else recipe.name
    write(f"{answer.image}  ({prediction.provider}, {format.seconds(prediction.seconds)}; {how})")
    scores = top_classes(answer.head, answer.labels, count)
    if scores:
        logits = format.column([each.logit for each in scores if each.logit is not None])
        cells = [
            [format.probability(each.probability) for each in scores],
            *([logits] if logits else []),
            [str(each.index) for each in scores],
            *([[each.label for each in scores]] if answer.labels else []),
        ]
        names = ["probability", *(["logit"] if logits else []), "class", *(["label"] if answer.labels else [])]
        write_table(names, list(zip(*cells, strict=True)), left=(names.index("class") + 1,))
    else:
        outputs = [
            (
                *(format.significant(each) for each in extent(statistics(array))),
                array.dtype.name,
                format.shape(array.shape),
                name,
            )
            for name, array in prediction.outputs.items()
        ]
        write_table(("minimum", "maximum", "mean", "dtype", "shape", "output"), outputs, left=(3, 4, 5))
    if answer.difference is not None:
        write(f"  {difference_words(answer.difference)}")


def difference_words(found: Difference | None) -> str:
    """Return how far the instrumented model is from the deployed one, as a clause."""
    if found is None:
        return "no output of the instrumented model could be compared with the deployed one"
    if found.max_abs is None:
        apart = "differs from the deployed one in NaN, infinity or shape"
    elif found.max_abs == 0:
        apart = "equals the deployed one"
    else:
        apart = f"differs from the deployed one by at most {format.significant(found.max_abs)}"
    changed = ", and its largest element is another one" if found.top_changed else ""
    return f"the output {format.printable(found.output)!r} of the instrumented model {apart}{changed}"
