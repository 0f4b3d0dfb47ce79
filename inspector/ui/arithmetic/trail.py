"""The way from the picture to the element that is looked at, and back to where one came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.ui import icons, theme
from inspector.ui.painting import paint_dot, paint_focus
from inspector.ui.text import elided, plain, tooltip

_IMAGE = 20.0
_ARROW = 26.0
_LONGEST = 170.0


@dataclass(frozen=True, slots=True)
class Chip:
    """A stop on the way.

    Attributes:
        text: The layer's or picture's name.
        family: Of the layer; ``""`` for the picture.
        image: A small picture of it.
        is_current: It is what is looked at.
        note: What its tooltip adds.
    """

    text: str
    family: str = ""
    image: QImage | None = None
    is_current: bool = False
    note: str = ""


class Trail(QWidget):
    """Chips with arrows between them; those that do not fit between the first and the current one are left out.

    Signals:
        picked: The number of the chip that was clicked.
    """

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self._chips: tuple[Chip, ...] = ()
        self._over = -1
        self._keyboard = False

    def show_chips(self, chips: Sequence[Chip]) -> None:
        self._chips = tuple(chips)
        self.setAccessibleName("Way: " + ", ".join(plain(each.text) for each in self._chips))
        self.update()

    @property
    def chips(self) -> tuple[Chip, ...]:
        """The stops, from the picture on."""
        return self._chips

    def sizeHint(self) -> QSize:
        return QSize(400, 44)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 44)

    def _width(self, chip: Chip) -> float:
        metrics = theme.metrics(bold=chip.is_current)
        text = min(metrics.horizontalAdvance(plain(chip.text)) + 2, _LONGEST)
        return text + 12 + (_IMAGE + 6 if chip.image is not None else 0) + (14 if chip.family else 0)

    def _shown(self) -> list[int]:
        """Return the chips that fit: the current one, those behind it, then those before it, and the picture."""
        current = next((number for number, chip in enumerate(self._chips) if chip.is_current), -1)
        if current < 0:
            return []
        chosen = [current]
        after = list(range(current + 1, len(self._chips)))
        before = list(range(current - 1, 0, -1))
        first = [0] if current else []
        for number in (*after[:1], *first, *before[:1], *after[1:], *before[1:]):
            if self._needed(sorted([*chosen, number])) > self.width() - 2 * theme.MARGIN:
                break
            chosen.append(number)
        return sorted(chosen)

    def _needed(self, numbers: Sequence[int]) -> float:
        """Return the width of some chips with the arrows between them."""
        gaps = sum(_ARROW * (1 if after == before + 1 else 2) for before, after in pairwise(numbers))
        return sum(self._width(self._chips[number]) for number in numbers) + gaps

    def chip_rects(self) -> dict[int, QRectF]:
        """Return where each chip that is seen is painted."""
        found: dict[int, QRectF] = {}
        left = float(theme.MARGIN)
        last = None
        for number in self._shown():
            if last is not None:
                left += _ARROW * (2 if number != last + 1 else 1)
            width = min(self._width(self._chips[number]), self.width() - left - theme.MARGIN)
            found[number] = QRectF(left, 8, max(20.0, width), self.height() - 16)
            left += width
            last = number
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), theme.color("border"))
        last = None
        for number, rect in self.chip_rects().items():
            if last is not None:
                self._paint_arrow(painter, rect.left() - _ARROW / 2)
                if number != last + 1:
                    painter.setPen(theme.color("muted"))
                    where = QRectF(rect.left() - 2 * _ARROW - 2, 0, _ARROW + 4, self.height())
                    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, "…")
            self._paint_chip(painter, self._chips[number], rect, number == self._over)
            last = number
        if self.hasFocus() and self._keyboard:
            paint_focus(painter, QRectF(self.rect()).adjusted(2, 2, -2, -3))

    def _paint_arrow(self, painter: QPainter, x: float) -> None:
        image = icons.pixmap("chevron", 12, theme.color("muted"), self.devicePixelRatioF())
        painter.save()
        painter.translate(x, self.height() / 2)
        painter.rotate(-90)
        painter.drawPixmap(QPointF(-6, -6), image)
        painter.restore()

    def _paint_chip(self, painter: QPainter, chip: Chip, rect: QRectF, is_over: bool) -> None:
        if chip.is_current or is_over:
            painter.setBrush(theme.color("selection" if chip.is_current else "raised"))
            painter.setPen(QPen(theme.color("accent"), 1) if chip.is_current else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
        left = rect.left() + 6
        if chip.image is not None:
            scale = _IMAGE / max(chip.image.width(), chip.image.height())
            size = chip.image.width() * scale, chip.image.height() * scale
            where = QRectF(left + (_IMAGE - size[0]) / 2, rect.center().y() - size[1] / 2, *size)
            painter.drawImage(where, chip.image)
            left += _IMAGE + 6
        if chip.family:
            paint_dot(painter, QPointF(left + 4, rect.center().y()), chip.family)
            left += 14
        font = theme.font(bold=chip.is_current)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        room = rect.right() - left - 4
        text = elided(plain(chip.text), QFontMetricsF(font), room)
        painter.drawText(QRectF(left, rect.top(), room + 4, rect.height()), Qt.AlignmentFlag.AlignVCenter, text)

    def _chip_at(self, point: QPointF) -> int:
        return next((number for number, rect in self.chip_rects().items() if rect.contains(point)), -1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._keyboard = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()
        super().focusInEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self._chip_at(event.position())
        if over != self._over:
            self._over = over
            self.setToolTip(tooltip(self._chips[over].text, self._chips[over].note) if over >= 0 else "")
            self.setCursor(Qt.CursorShape.PointingHandCursor if over >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._over = -1
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        number = self._chip_at(event.position())
        if number >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = next((number for number, chip in enumerate(self._chips) if chip.is_current), -1)
        moved = current + {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if moved != current and 0 <= moved < len(self._chips):
            self.picked.emit(moved)
        else:
            super().keyPressEvent(event)
