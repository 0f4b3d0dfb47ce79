"""All classes of an answer in order: the rank, the margin and the search for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inspector import format
from inspector.analysis.heads import ClassScore, Head, top_order

PRESENT = 0.5  # from this probability on, a class that has one of its own counts as there

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankedClasses:
    """The classes of an answer, the most probable first.

    Attributes:
        head: The answer.
        labels: One for each class, or empty.
        order: ``(classes,)``: which class stands at each place.
        places: ``(classes,)``: at which place each class stands, from 0.
        margins: ``(classes,)``: each class's logit less the largest of the other classes; where the logits are not
            known, the logarithm of the ratio of the probabilities, which is the same number. Of classes with a
            probability of their own it is the distance to a probability of one half: the logit itself.
    """

    head: Head
    labels: Sequence[str]
    order: NDArray[np.int64] = field(repr=False)
    places: NDArray[np.int64] = field(repr=False)
    margins: Vector = field(repr=False)

    def __len__(self) -> int:
        return len(self.order)

    @property
    def is_independent(self) -> bool:
        """Whether each class has a probability of its own, so that they do not sum to 1."""
        return self.head.kind == "sigmoid"

    @property
    def present(self) -> int:
        """How many classes have a probability of at least one half."""
        return int((self.head.probabilities >= PRESENT).sum())

    def at(self, place: int) -> ClassScore:
        """Return the class at a place."""
        return self.score(int(self.order[place]))

    def score(self, index: int) -> ClassScore:
        """Return a class by its number."""
        logits = self.head.logits
        return ClassScore(
            index=index,
            label=self.labels[index] if index < len(self.labels) else "",
            probability=float(self.head.probabilities[index]),
            logit=float(logits[index]) if logits.size else None,
        )

    def rank(self, index: int) -> int:
        """Return at which place a class stands, the best one at 1."""
        return int(self.places[index]) + 1

    def margin(self, index: int) -> float:
        """Return how far a class is ahead of all others; see ``margins``."""
        return float(self.margins[index])

    def found(self, text: str) -> tuple[int, ...]:
        """Return the class with that number, then those that are called that, then those with it in their names.

        Upper and lower case are alike, words may stand in any order, and the more probable classes come first.
        """
        words, whole = text.casefold().split(), " ".join(text.casefold().split())
        if not words:
            return ()
        number = int(text) if whole.isdecimal() else -1
        exact = [number] if 0 <= number < len(self.order) else []
        called: list[int] = []
        holding: list[int] = []
        for each in self.order.tolist():
            name = self.labels[each].casefold() if each < len(self.labels) else ""
            if each != number and all(word in name for word in words):
                is_called = whole in (part.strip() for part in name.split(","))
                (called if is_called else holding).append(each)
        return (*exact, *called, *holding)

    def table(self) -> str:
        """Return all classes as text, the most probable first: a line for each, tabs between."""
        lines = ["class\tlabel\tprobability\tlogit"]
        for each in map(self.score, self.order.tolist()):
            logit = "" if each.logit is None else repr(each.logit)
            lines.append(f"{each.index}\t{_cell(each.label)}\t{each.probability!r}\t{logit}")
        return "\n".join(lines)


def _cell(text: str) -> str:
    """Return text for a cell: on one line, and none that a spreadsheet would run."""
    return format.cell(" ".join(text.split()))


def ranked_classes(head: Head, labels: Sequence[str] = ()) -> RankedClasses:
    """Put the classes of an answer in order, as ``heads.top_classes`` does."""
    order = top_order(head)
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return RankedClasses(head, labels, order, places, _margins(head, order))


def _margins(head: Head, order: NDArray[np.int64]) -> Vector:
    with np.errstate(divide="ignore", invalid="ignore"):
        if head.kind == "sigmoid":
            own = head.probabilities.astype(np.float64)
            return head.logits if head.logits.size else np.log(own) - np.log1p(-own)
        values = head.logits if head.logits.size else np.log(head.probabilities.astype(np.float64))
        if len(values) < 2:
            return np.full(len(values), np.nan)
        best, second = order[:2]
        margins: Vector = values - values[best]
        margins[best] = values[best] - values[second]
    return margins
