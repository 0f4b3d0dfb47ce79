"""How a logit came about: what each channel of the last feature maps added to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.contributions import Contributions, explained
from inspector.analysis.ranked_classes import RankedClasses
from inspector.errors import InspectorError
from inspector.graph.model import Model, Run
from inspector.ui import theme
from inspector.ui.arithmetic.looks import Looks
from inspector.ui.arithmetic.ranked import ROW, RankedList
from inspector.ui.arithmetic.rows import DIGITS, Foot, Rows
from inspector.ui.controls import LabelledCombo
from inspector.ui.later import Later
from inspector.ui.lines import Line, Sentence, Span
from inspector.ui.panels.class_columns import class_name
from inspector.ui.session import View
from inspector.ui.text import plain

ROWS = 10  # that are seen without scrolling, if there are so many
NOTHING = -1  # no other class is compared with


class Choice(LabelledCombo):
    """A list in a panel that scrolls: the wheel turns the panel, not what is chosen."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class LogitRows(Rows):
    """The parts of a logit, or of the distance of two, the largest first.

    Args:
        what: The sum: ``"logit"``, ``"margin"``.
        thumb: Gives the small picture of a channel; None where the maps are single numbers.
    """

    def __init__(self, found: Contributions, what: str, thumb: Callable[[int], QImage | None] | None) -> None:
        self._found, self._thumb = found, thumb
        self._order, self._running, self._widest = found.ranked(), found.running(), found.widest
        self.count = len(self._order)
        self.heads = ("channel", f"part of the {what}", "part", "running")
        summed = (float(self._running[-1]) if self.count else 0.0) + found.bias
        bias, with_bias, rest, result = self._column([found.bias, summed, found.rest, found.logit])
        rounding = (Foot("rounding", (rest, result)),) if any(each in rest for each in "123456789") else ()
        self.foot = (Foot("bias", (bias, with_bias)), *rounding, Foot(what, ("", result), is_result=True))

    def _column(self, values: Sequence[float]) -> list[str]:
        return format.column([self._widest, *values], DIGITS)[1:]

    def marked(self, selected: int) -> LogitRows:
        """Return the same rows with another channel marked."""
        rows = copy(self)
        rows.selected = self._order.index(selected) if selected in self._order else -1
        return rows

    def channel(self, place: int) -> int:
        """Return which channel stands at a place."""
        return self._order[place]

    def name(self, place: int) -> str:
        return str(self._order[place])

    def bar(self, place: int) -> float:
        reach, part = self._found.reach, float(self._found.parts[self._order[place]])
        return max(-1.0, min(1.0, part / reach)) if reach and part == part else 0.0

    def texts(self, places: Sequence[int]) -> list[tuple[str, ...]]:
        parts = self._column([float(self._found.parts[self._order[place]]) for place in places])
        running = self._column([float(self._running[place]) for place in places])
        return list(zip(parts, running, strict=True))

    def thumb(self, place: int) -> QImage | None:
        return self._thumb(self._order[place]) if self._thumb is not None else None

    @property
    def has_thumbs(self) -> bool:
        return self._thumb is not None


class LogitParts(QWidget):
    """The channels that a class's logit is made of, the largest part first; a click goes to the channel's map.

    Signals:
        channel_wanted: The user wants to see that layer's channel.
        changed: There is something new to show: call ``show_parts`` again.
    """

    channel_wanted = Signal(str, int)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sum = Line()
        self.against = Choice("Against")
        self.sentence = Sentence()
        self.sentence.setFont(theme.font("small"))
        self.source = Line("small")
        self.ranked = RankedList()
        self.ranked.setAccessibleName("Parts of the logit")
        self.found: Contributions | None = None
        self._rows: LogitRows | None = None
        self._shown: tuple[object, ...] = ()  # what the rows are of
        self._later = Later(self)
        self._looks: Looks | None = None
        self._other = NOTHING
        self._lay_out()
        self._later.done.connect(self.changed)
        self.against.activated.connect(self._compare)
        self.ranked.chosen.connect(self._go)
        self.ranked.followed.connect(self._go)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        words.setSpacing(theme.GAP)
        head = QHBoxLayout()
        head.setSpacing(theme.SPACING)
        head.addWidget(self.sum, 1)
        head.addWidget(self.against)
        words.addLayout(head)
        words.addWidget(self.sentence)
        words.addWidget(self.source)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(theme.GAP)
        lines.addLayout(words)
        lines.addWidget(self.ranked)

    # ---------------------------------------------------------------- what is shown

    def show_parts(
        self, model: Model, run: Run, ranked: RankedClasses, index: int, pins: Sequence[int], view: View
    ) -> None:
        """Work out and show how a class's logit came about.

        Args:
            model: The graph.
            run: Of the answer.
            ranked: The answer.
            index: Of the class.
            pins: Classes that it may be compared with, beside the best ones.
            view: Says which channel is marked, and how small pictures are drawn.
        """
        self._offer(ranked, index, pins)
        output, other = ranked.head.output, self._other
        key = (id(run), run.request_id, len(run.tensors), output, index, other)
        try:
            found = self._later.result(key, partial(_worked_out, model, run, output, index, other))
        except InspectorError as error:
            self.say(f"{error.message} {error.remedy}".strip())
            return
        if isinstance(found, str):
            self.say(found)
        elif found is not None:
            looks = self._looks_for(model, run, view)
            if looks is not self._looks:
                self._looks, self._rows = looks, None
            if self._shown != key:
                self._shown = key
                self._show(model, ranked, index, found)
            self.mark(view)

    def say(self, sentence: str) -> None:
        """Show a sentence in place of the parts."""
        self.found, self._rows, self._shown = None, None, ()
        self.ranked.show_rows(Rows())
        self.sentence.setText(sentence)
        for widget in (self.sum, self.against, self.source, self.ranked):
            widget.hide()

    def forget(self) -> None:
        """Let go of the run."""
        self._later.forget()
        self._looks = None
        self.say("")

    def mark(self, view: View) -> None:
        """Mark the channel that is looked at elsewhere, and draw the small pictures as the maps are drawn."""
        found, looks = self.found, self._looks
        if found is None or looks is None:
            return
        last, looks = looks, self._looks_for(looks.model, looks.run, view)
        if self._rows is None or looks is not last:
            self._looks, layer = looks, looks.model.layer(found.layer)
            thumb = partial(looks.thumb, layer.output.name) if layer is not None else None
            has_thumbs = thumb is not None and found.parts.size and thumb(0) is not None
            self._rows = LogitRows(found, self._what, thumb if has_thumbs else None)
        self._rows = self._rows.marked(view.channel if view.layer == found.layer else -1)
        self.ranked.show_rows(self._rows)
        seen = min(ROWS, self._rows.count) + len(self._rows.foot)
        self.ranked.setFixedHeight(ROW * (seen + 1) + 4)

    @property
    def _what(self) -> str:
        return "logit" if self._other == NOTHING else "margin"

    def _looks_for(self, model: Model, run: Run, view: View) -> Looks:
        last = self._looks
        is_same = last is not None and last.is_for(model, run, view.scaling, view.colormap)
        return last if last is not None and is_same else Looks(model, run, view.scaling, view.colormap)

    def _show(self, model: Model, ranked: RankedClasses, index: int, found: Contributions) -> None:
        self.found, self._rows = found, None
        layer = model.layer(found.layer)
        score = ranked.score(index)
        spans = [Span(class_name(score), "bold", is_name=True)]
        if self._other != NOTHING:
            spans += [Span(" less ", "muted"), Span(class_name(ranked.score(self._other)), "bold", is_name=True)]
        self.sum.show_spans(spans)
        sentence = found.sentence if self._other == NOTHING else f"{found.sentence} Here: one class less the other."
        self.sentence.setText(sentence)
        if layer is not None:
            count = f"{format.count(found.parts.size)} channels of "
            spans = [Span(count, "muted"), Span(layer.name, "bold", is_name=True), Span(f" ({plain(layer.op_type)})")]
            self.source.show_spans(spans, family=layer.family)
        for widget in (self.sum, self.source, self.ranked):
            widget.show()
        self.against.setVisible(self.against.count() > 1)

    # ---------------------------------------------------------------- what the user does

    def _offer(self, ranked: RankedClasses, index: int, pins: Sequence[int]) -> None:
        """Offer the classes to compare with: the two best ones and those that are pinned."""
        near = [int(each) for each in ranked.order[:2]]
        others = [each for each in dict.fromkeys((*near, *pins)) if each != index]
        rows = [("no other", NOTHING), *((class_name(ranked.score(each)), each) for each in others)]
        if [(self.against.itemText(row), self.against.itemData(row)) for row in range(self.against.count())] != rows:
            self.against.clear()
            for text, other in rows:
                self.against.addItem(text, other)
        if self._other not in others:
            self._other = NOTHING
        self.against.choose(self._other)

    @Slot(int)
    def _compare(self, row: int) -> None:
        self._other = self.against.itemData(row)
        self.changed.emit()

    @Slot(int)
    def _go(self, place: int) -> None:
        if self.found is not None and self._rows is not None and place < self._rows.count:
            self.channel_wanted.emit(self.found.layer, self._rows.channel(place))


def _worked_out(model: Model, run: Run, output: str, index: int, other: int) -> Contributions | str:
    found = explained(model, run.tensors, output, index)
    if other == NOTHING or isinstance(found, str):
        return found
    second = explained(model, run.tensors, output, other)
    return second if isinstance(second, str) else found.minus(second)
