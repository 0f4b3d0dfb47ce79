"""What stands in the rows of classes, and where: shared by the list and by the heads above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inspector import format
from inspector.analysis.heads import ClassScore
from inspector.analysis.ranked_classes import RankedClasses
from inspector.labels import short
from inspector.ui import theme
from inspector.ui.text import plain

_GAP = 12
_WITH_MARGIN, _WITH_LOGIT = 150.0, 112.0  # pixels for name and bar, or these columns are left out
_LEAST_BAR = 40.0


def class_name(score: ClassScore) -> str:
    """Return the first of a class's names, or its number."""
    return plain(short(score.label)) if score.label else f"class {score.index}"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns of the list end, in pixels from its left.

    Attributes:
        name_left, name_right: Of the names; before them stand the ranks, if they do.
        bar_left, bar_right: Of the bars.
        probability, logit, margin: Where the numbers end; 0 for what is not shown.
        reference: Where the probabilities in the reference end; 0 where there is none.
    """

    name_left: float
    name_right: float
    bar_left: float
    bar_right: float
    probability: float
    logit: float
    margin: float
    reference: float = 0.0


def rank_text(classes: RankedClasses, index: int) -> str:
    """Return at which place a class stands, as ``#3``."""
    return f"#{format.count(classes.rank(index))}"


def columns(
    width: float,
    texts: Sequence[tuple[str, str, str]],
    ranks: Sequence[str],
    margins: Sequence[str],
    pin: float,
    others: Sequence[str] = (),
) -> Columns:
    """Share the width of a list out; a narrow one does without the margins, then without the logits.

    Args:
        width: Of the list; the columns end a margin before both its ends.
        texts: Name, probability and logit of the rows that are seen.
        ranks: Of these rows; empty where they are not shown.
        margins: Of these rows; empty where there are none.
        pin: The room that a pin takes beside a name.
        others: Probabilities in the reference, of these rows; empty where there is none. They go before margins.
    """
    small, normal = theme.metrics("small"), theme.metrics()
    bold = theme.metrics(bold=True)
    width, left = width - theme.MARGIN, float(theme.MARGIN)
    probability = max((normal.horizontalAdvance(text[1]) for text in texts), default=0.0)
    probability = max(probability, small.horizontalAdvance("probability")) + _GAP
    if ranks:
        left += max(map(small.horizontalAdvance, ranks)) + 8
    room, logit, margin, other = width - left - probability, 0.0, 0.0, 0.0
    if others:
        other = max(map(normal.horizontalAdvance, others))
        other = max(other, small.horizontalAdvance("reference")) + _GAP
        room -= other
    logits = [text[2] for text in texts if text[2]]
    if logits:
        logit = max(map(small.horizontalAdvance, [*logits, "logit"])) + _GAP
        logit = logit if room - logit >= _WITH_LOGIT else 0.0
        room -= logit
    if margins and logit and not other:
        margin = max(map(small.horizontalAdvance, [*margins, "margin"])) + _GAP
        margin = margin if room - margin >= _WITH_MARGIN else 0.0
        room -= margin
    names = max((bold.horizontalAdvance(text[0]) for text in texts), default=0.0) + _GAP + pin
    bar_left = left + min(names, room - max(_LEAST_BAR, min(72.0, room * 0.4)))
    ends = width - margin - logit - other, width - margin if logit else 0.0, width if margin else 0.0
    reference = width - margin - logit if other else 0.0
    return Columns(left, bar_left - 6, bar_left, left + room, *ends, reference)
