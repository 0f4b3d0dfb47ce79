"""Text that does not wrap, in several tones, and text that does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from inspector.ui import theme
from inspector.ui.painting import paint_dot
from inspector.ui.text import elided, plain, tooltip

Tone = Literal["text", "muted", "bold", "warning"]


class Sentence(QLabel):
    """Muted plain text that wraps."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(plain(text))


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in one tone. The one that is a name is shortened when there is no room."""

    text: str
    tone: Tone = "text"
    is_name: bool = False


def _plain(span: Span) -> Span:
    return Span(plain(span.text), span.tone, span.is_name)


class Line(QWidget):
    """One line of text in several tones, a dot before it, and a remark at its right end.

    Args:
        size: Of the text.
        is_centered: It stands in the middle, as the caption of a picture that does; for lines without a remark.
    """

    def __init__(self, size: theme.Size = "normal", is_centered: bool = False) -> None:
        super().__init__()
        self._size: theme.Size = size
        self._is_centered = is_centered
        self._family = ""
        self._spans: tuple[Span, ...] = ()
        self._remark: tuple[Span, ...] = ()
        self._brief: tuple[Span, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_spans(
        self,
        spans: Sequence[Span],
        family: str = "",
        remark: Sequence[Span] = (),
        brief: Sequence[Span] = (),
    ) -> None:
        """Show these stretches of text, and ``remark`` at the right end, or ``brief`` if there is no room for it."""
        main, right, short = (tuple(_plain(span) for span in part) for part in (spans, remark, brief))
        if (family, main, right, short) == (self._family, self._spans, self._remark, self._brief):
            return
        self._family, self._spans, self._remark, self._brief = family, main, right, short
        self.setAccessibleName(self.text)
        self.setToolTip(tooltip(self.text))
        self.update()  # and no layout: the height is the font's

    @property
    def text(self) -> str:
        """All it says, unshortened."""
        main, remark = ("".join(span.text for span in spans) for spans in (self._spans, self._remark))
        return f"{main}  {remark}" if remark else main

    def sizeHint(self) -> QSize:
        metrics = theme.metrics(self._size)
        return QSize(100, round(metrics.height()) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = self.height()
        left, right = 0.0, float(self.width())
        if self._family:
            paint_dot(painter, QPointF(4.5, height / 2), self._family)
            left = 16.0
        names = sum(self._width((span,)) for span in self._spans if span.is_name)
        fixed = self._width(self._spans) - names
        room = right - left
        remark = self._fitting_remark(fixed, names, room)
        if remark:
            width = self._width(remark)
            self._paint(painter, remark, right - width, width, 0.0)
            room -= width + theme.MARGIN
        if self._is_centered:
            left += max(0.0, (room - self._width(self._spans)) / 2)
        self._paint(painter, self._spans, left, room, max(0.0, room - fixed))

    def _fitting_remark(self, fixed: float, names: float, room: float) -> Sequence[Span]:
        """Return the remark beside which the names need not be shortened, or else the one that leaves most of them."""
        remarks = [remark for remark in (self._remark, self._brief) if remark]
        for least in (names, min(names, 60.0)):
            for remark in remarks if least == names else remarks[::-1]:
                if fixed + least + self._width(remark) + theme.MARGIN <= room:
                    return remark
        return ()

    def _paint(self, painter: QPainter, spans: Sequence[Span], left: float, room: float, for_names: float) -> None:
        end = left + room
        for span in spans:
            is_bold = span.tone == "bold"
            font, metrics = theme.font(self._size, is_bold), theme.metrics(self._size, is_bold)
            room = min(end - left, for_names) if span.is_name else end - left
            text = elided(span.text, metrics, room + 0.5)
            painter.setFont(font)
            painter.setPen(theme.color("text" if span.tone == "bold" else span.tone))
            width = metrics.horizontalAdvance(text)
            painter.drawText(QRectF(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            left += width

    def _width(self, spans: Sequence[Span]) -> float:
        fonts = {bold: theme.metrics(self._size, bold) for bold in (False, True)}
        return sum(fonts[span.tone == "bold"].horizontalAdvance(span.text) for span in spans)


def facts(*pairs: tuple[str, str] | tuple[str, str, Tone]) -> tuple[Span, ...]:
    """Return (label, value) pairs as one line: labels muted, values not, space between the pairs.

    A label that begins with a space follows its value (``64`` `` channels``).
    """
    spans: list[Span] = []
    for label, value, *tone in pairs:
        if spans:
            spans.append(Span("     ", "muted"))
        shown = Span(value, tone[0] if tone else "text")
        if label.startswith(" "):
            spans += [shown, Span(label, "muted")]
        else:
            spans += [Span(f"{label} " if value else label, "muted")] if label else []
            spans += [shown] if value else []
    return tuple(spans)
