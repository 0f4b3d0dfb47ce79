"""The line below the wall: what stands out, counted, and a way to each of these channels."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip

from inspector import format
from inspector.ui import theme
from inspector.ui.lines import Line, facts
from inspector.ui.text import tooltip


class WallFoot(Line):
    """Facts in a line; a click on a count of channels goes to the next of them.

    Signals:
        wanted: What a click was on: the word of a count.
    """

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__("small")
        self._links: dict[str, tuple[int, str]] = {}  # by word: which span is its count, and its tooltip
        self.setMouseTracking(True)

    def show_facts(
        self,
        channels: int,
        counted: Sequence[tuple[str, int, str]],
        odd: tuple[str, bool],
        remark: Sequence[tuple[str, str]],
        brief: Sequence[tuple[str, str]],
    ) -> None:
        """Show what a layer holds.

        Args:
            channels: How many.
            counted: What stands out: a word, how many channels, and what the word means.
            odd: What is said of NaN and Inf, and whether there are any.
            remark: Facts at the right end.
            brief: Those of them that are shown where there is less room.
        """
        pairs = [(" channel" if channels == 1 else " channels", format.count(channels))]
        pairs += [(f" {word}", format.count(count)) for word, count, _ in counted]
        self._links = {word: (3 * place, meant) for place, (word, count, meant) in enumerate(counted, 1) if count}
        said, is_odd = odd
        spans = facts(*pairs, ("", said, "warning") if is_odd else (said, ""))
        self.show_spans(spans, remark=facts(*remark), brief=facts(*brief))

    def where(self, word: str) -> QRectF:
        """Return where a count is written with its word; empty where it leads nowhere."""
        if word not in self._links:
            return QRectF()
        first, _ = self._links[word]
        left, width = self._width(self._spans[:first]), self._width(self._spans[first : first + 2])
        return QRectF(left, 0, width, self.height()).intersected(QRectF(self.rect()))

    def _word_at(self, point: QPointF) -> str:
        return next((word for word in self._links if self.where(word).contains(point)), "")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        line = (self.height() + QFontMetricsF(theme.font("small")).height()) / 2 - 1
        for word in self._links:
            place = self.where(word)
            painter.fillRect(QRectF(place.left(), round(line), place.width(), 1), theme.color("bar"))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._word_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if found else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._word_at(event.position()) if event.button() == Qt.MouseButton.LeftButton else ""
        if found:
            self.wanted.emit(found)
        else:
            super().mousePressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and (word := self._word_at(QPointF(event.pos()))):
            _, meant = self._links[word]
            how = f"Click: go to the next {word} channel; F3 goes to the next one that stands out"
            QToolTip.showText(event.globalPos(), tooltip(how, *meant.split("\n")), self)
            return True
        return super().event(event)
