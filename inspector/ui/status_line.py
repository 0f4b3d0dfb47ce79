"""One line of labels and values, as the status bar shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.ui import icons, theme


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line: a muted label, then a value, perhaps after an icon.

    Attributes:
        is_extra: Shown whole or not at all.
    """

    value: str
    label: str = ""
    role: str = "text"
    icon: str = ""
    bold: bool = False
    is_extra: bool = False


class Line(QWidget):
    """One line of parts, painted as plain text; what does not fit is elided at the end."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[Part, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def show_parts(self, parts: Sequence[Part]) -> None:
        """Replace the line."""
        if tuple(parts) != self._parts:
            self._parts = tuple(parts)
            self.setAccessibleName(self.text())
            self.updateGeometry()
            self.update()

    def text(self) -> str:
        """Return the line as it reads, without what is extra."""
        shown_parts = (part for part in self._parts if not part.is_extra)
        return "  ".join(" ".join(filter(None, (part.label, part.value))) for part in shown_parts)

    def least_width(self) -> int:
        """Return the width that all but the extra parts need."""
        parts = [part for part in self._parts if not part.is_extra]
        return sum(map(self._width, parts)) + theme.GROUP * max(0, len(parts) - 1)

    def sizeHint(self) -> QSize:
        return QSize(sum(self._width(part) for part in self._parts) + self._gaps(), theme.STATUS_HEIGHT - 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, theme.STATUS_HEIGHT - 6)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        left = 0
        for part in self._parts:
            room = self.width() - left
            if room < 3 * theme.SPACING or (part.is_extra and self._width(part) > room):
                return
            self._paint(painter, part, left, room)
            left += self._width(part) + theme.GROUP

    def _paint(self, painter: QPainter, part: Part, left: int, room: int) -> None:
        end = left + room
        if part.icon:
            picture = icons.pixmap(part.icon, 16, theme.color(part.role), self.devicePixelRatioF())
            painter.drawPixmap(left, (self.height() - 16) // 2, picture)
            left += 16 + theme.GAP
        value_role = "text" if part.icon else part.role
        for text, role, bold in ((part.label, "muted", False), (part.value, value_role, part.bold)):
            if not text or left >= end:
                continue
            painter.setFont(theme.font("small", bold))
            painter.setPen(theme.color(role))
            metrics = QFontMetrics(theme.font("small", bold))
            # Qt elides whatever is a pixel too wide, so a little more than the advance is given.
            fitting = metrics.elidedText(text, Qt.TextElideMode.ElideRight, end - left + 1)
            painter.drawText(left, 0, end - left + 1, self.height(), int(Qt.AlignmentFlag.AlignVCenter), fitting)
            left += metrics.horizontalAdvance(fitting) + theme.GAP

    def _width(self, part: Part) -> int:
        width = 16 + theme.GAP if part.icon else 0
        if part.label:
            width += QFontMetrics(theme.font("small")).horizontalAdvance(part.label)
        if part.label and part.value:
            width += theme.GAP
        if part.value:
            width += QFontMetrics(theme.font("small", part.bold)).horizontalAdvance(part.value)
        return width

    def _gaps(self) -> int:
        return max(0, len(self._parts) - 1) * theme.GROUP
