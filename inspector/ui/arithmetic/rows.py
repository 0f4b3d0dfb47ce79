"""What stands in the ranked list: the parts of a sum, the classes of a softmax, operands one below the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QImage

from inspector import format
from inspector.explain.facts import Arithmetic
from inspector.explain.sheets import Ranking, shares
from inspector.ui.readout import whole

DIGITS = 5  # of the largest number of a sum
Thumb = Callable[[str], QImage | None]


@dataclass(frozen=True, slots=True)
class Foot:
    """A line below the list: what it is, and its numbers, right-aligned below the last columns."""

    name: str
    texts: tuple[str, ...]
    is_result: bool = False


class Rows:
    """Rows of a name, a bar and numbers; made as they are seen.

    Attributes:
        count: How many.
        heads: Of the name, the bar and each column of numbers.
        foot: What stands below, always seen.
        selected: The row that is marked; -1 for none.
    """

    count = 0
    heads: tuple[str, ...] = ("", "")
    foot: tuple[Foot, ...] = ()
    selected = -1

    def name(self, place: int) -> str:
        raise NotImplementedError

    def bar(self, place: int) -> float:
        """Return the length of the bar, from -1 to 1."""
        raise NotImplementedError

    def texts(self, places: Sequence[int]) -> list[tuple[str, ...]]:
        """Return the numbers of some rows."""
        raise NotImplementedError

    def thumb(self, place: int) -> QImage | None:
        """Return the small picture before a row, if rows have one."""
        return None

    @property
    def has_thumbs(self) -> bool:
        return False


class PartRows(Rows):
    """The parts of a sum, the largest first; each product of a dense layer, or each input channel's part.

    Args:
        selected: The part that is marked.
        what: One of the parts: ``"channel"``, ``"input"``.
        thumb: Gives the small picture of a part by its name; None for parts without one.
        is_coded: The parts are whole numbers, sums of codes.
    """

    def __init__(
        self,
        arithmetic: Arithmetic,
        ranking: Ranking,
        selected: int,
        what: str,
        thumb: Thumb | None,
        is_coded: bool = False,
    ) -> None:
        self.count = len(ranking)
        self.selected = ranking.place_of(selected) if self.count else -1
        self._is_coded = is_coded
        self._ranking, self._names, self._thumb = ranking, arithmetic.part_names, thumb
        first, second = arithmetic.operands[:2] if arithmetic.kind == "products" else (None, None)
        self._factors = (first.values, second.values) if first is not None and first.values.ndim == 1 and second else ()
        factors = ("value", "weight") if self._factors else ()
        self.heads = (what, "part of the sum", *factors, "part", "running")
        before = ("",) * len(factors)
        bias = (ranking.bias or 0.0, ranking.result)
        numbers = self._column([*bias, ranking.total])
        added = (Foot("bias", (*before, numbers[0], numbers[1])),) if ranking.bias is not None else ()
        result = "sum of codes" if is_coded else "output"
        self.foot = (*added, Foot(result, (*before, "", numbers[1]), is_result=True))

    def _column(self, values: Sequence[float]) -> list[str]:
        """Return numbers with the decimals that the largest part needs, in every place the same; codes have none."""
        if self._is_coded:
            return [whole(value) for value in values]
        return format.column([self._ranking.reach, *values], DIGITS)[1:]

    def name(self, place: int) -> str:
        part = int(self._ranking.order[place])
        return self._names[part] if part < len(self._names) else str(part)

    def bar(self, place: int) -> float:
        reach = self._ranking.reach
        value = float(self._ranking.values[place])
        return max(-1.0, min(1.0, value / reach)) if reach and value == value else 0.0

    def texts(self, places: Sequence[int]) -> list[tuple[str, ...]]:
        rows = [self._ranking.row(place) for place in places]
        parts, running = self._column([row[1] for row in rows]), self._column([row[2] for row in rows])
        factors = [tuple(format.significant(float(each[row[0]])) for each in self._factors) for row in rows]
        return [(*pair, part, summed) for pair, part, summed in zip(factors, parts, running, strict=True)]

    def thumb(self, place: int) -> QImage | None:
        return self._thumb(self.name(place)) if self._thumb is not None else None

    @property
    def has_thumbs(self) -> bool:
        return self._thumb is not None


class SoftmaxRows(Rows):
    """Logits, the largest first, with their exponentials and what share of the sum each is.

    Args:
        labels: Names of the classes; may be empty.
    """

    heads = ("class", "share", "logit", "exp", "quotient")

    def __init__(self, arithmetic: Arithmetic, ranking: Ranking, labels: Sequence[str]) -> None:
        self._order = ranking.order
        self._logits = arithmetic.operands[0].values
        self._exponentials, self._quotients = shares(arithmetic)
        self._labels = labels
        self.count = len(ranking)
        self.selected = ranking.place_of(arithmetic.winner[0]) if arithmetic.winner and self.count else -1
        total = next((step.value for step in arithmetic.steps if step.text.startswith("sum of")), 0.0)
        self.foot = (Foot("sum", ("", format.significant(total), format.probability(1.0)), is_result=True),)

    def name(self, place: int) -> str:
        part = int(self._order[place])
        return f"{part} {self._labels[part]}" if part < len(self._labels) else str(part)

    def bar(self, place: int) -> float:
        share = float(self._quotients[int(self._order[place])])
        return share if share == share else 0.0

    def texts(self, places: Sequence[int]) -> list[tuple[str, ...]]:
        parts = [int(self._order[place]) for place in places]
        return [
            (
                format.significant(float(self._logits[part])),
                format.significant(float(self._exponentials[part])),
                format.probability(float(self._quotients[part])),
            )
            for part in parts
        ]
