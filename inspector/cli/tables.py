"""Tables of an answer, for people: its classes, and what its other outputs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector import format
from inspector.analysis.grids import Output, class_map
from inspector.analysis.heads import Head, top_classes
from inspector.analysis.statistics import statistics
from inspector.cli.console import write, write_table
from inspector.export.facts import extent
from inspector.graph.model import Array
from inspector.labels import fitting


def write_classes(answer: Head, labels: Sequence[str], count: int) -> None:
    """Print the best classes, and how the answer was read.

    Args:
        answer: One with classes.
        labels: One for each, or none.
        count: How many at most.
    """
    if answer.indices:
        numbers = answer.indices[:count]
        names = [labels[each] if 0 <= each < len(labels) else "" for each in numbers]
        rows = [(str(number), name) for number, name in zip(numbers, names, strict=True)]
        _write_named(("class", "label"), rows)
    else:
        _write_scores(answer, labels, count)
    write(f"  {answer.reason}")


def _write_scores(answer: Head, labels: Sequence[str], count: int) -> None:
    scores = top_classes(answer, labels, count)
    logits = format.column([each.logit for each in scores if each.logit is not None])
    cells = [
        [format.probability(each.probability) for each in scores],
        *([logits] if logits else []),
        [str(each.index) for each in scores],
        *([[each.label for each in scores]] if labels else []),
    ]
    names = ["probability", *(["logit"] if logits else []), "class", *(["label"] if labels else [])]
    write_table(names, list(zip(*cells, strict=True)), left=(names.index("class") + 1,))


def write_outputs(outputs: Sequence[Output], arrays: Mapping[str, Array], labels: Sequence[str], count: int) -> None:
    """Print what outputs are that hold no classes: their numbers, and in a sentence what they are.

    Args:
        outputs: As ``analysis.outputs`` describes them.
        arrays: By name.
        labels: Of the classes of a map, or empty; they are used where there is one for each.
        count: How many classes of a map at most.
    """
    rows = [
        (
            *(format.significant(each) for each in extent(statistics(arrays[output.name]))),
            arrays[output.name].dtype.name,
            format.shape(arrays[output.name].shape),
            output.name,
        )
        for output in outputs
    ]
    write_table(("minimum", "maximum", "mean", "dtype", "shape", "output"), rows, left=(3, 4, 5))
    for output in outputs:
        drawn = f" Drawn from {output.rule}." if output.kind == "image" else ""
        write(f"  {output.name}: {output.reason}{drawn}")
        if output.kind == "class map":
            _write_shares(output, arrays[output.name], labels, count)


def _write_shares(output: Output, values: Array, labels: Sequence[str], count: int) -> None:
    fitted, _ = fitting(labels, output.classes)
    rows = [
        (format.percent(each.share), str(each.index), fitted[each.index] if each.index < len(fitted) else "")
        for each in class_map(output, values).present[:count]
    ]
    _write_named(("share", "class", "label"), rows)


def _write_named(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose last column holds labels, or without it where there are none."""
    columns = len(heads) if any(row[-1] for row in rows) else len(heads) - 1
    write_table(heads[:columns], [row[:columns] for row in rows], left=(len(heads) - 1,))
