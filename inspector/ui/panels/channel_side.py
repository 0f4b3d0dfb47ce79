"""Beside the large map: how often which values occur, statistics, and one place across all channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector import format
from inspector.analysis.profile import Profile
from inspector.analysis.statistics import Statistics
from inspector.render.arrays import Index
from inspector.ui import theme
from inspector.ui.text import tooltip

SIDE_WIDTH = 120


class Levels(QWidget):
    """How often which values occur: bars in the colors of the map, their heights by the logarithm of the counts."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: tuple[int, ...] = ()
        self._low = self._high = 0.0
        self._colors: Sequence[QColor] = ()
        self._at: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setMaximumHeight(150)

    def show_counts(
        self, counts: Sequence[int], low: float, high: float, limits: tuple[float, float], colors: Index
    ) -> None:
        """Show how many values lie in each of equal steps.

        Args:
            counts: In each step; none hides the bars.
            low: Where the first step begins.
            high: Where the last one ends.
            limits: The values drawn as the first and the last color.
            colors: The palette.
        """
        self._counts, self._low, self._high = tuple(counts), low, high
        self._colors = _step_colors(len(counts), low, high, limits, colors)
        said = f"{format.significant(low)} to {format.significant(high)}"
        self.setAccessibleName(f"Histogram from {said}")
        self.setToolTip(tooltip(f"Values from {said}; a bar's height is the logarithm of the count"))
        self.update()

    def set_value(self, value: float | None) -> None:
        """Mark a value; None for none."""
        if value != self._at:
            self._at = value
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(SIDE_WIDTH, 120)

    def minimumSizeHint(self) -> QSize:
        return QSize(SIDE_WIDTH, 44)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        line = theme.metrics("small").height() + 2
        area = QRectF(0, 0, self.width(), self.height() - line)
        painter.fillRect(area, theme.color("canvas"))
        if not self._counts:
            return
        each, most = area.width() / len(self._counts), math.log1p(max(self._counts))
        for place, count in enumerate(self._counts):
            height = max(1.0, (area.height() - 4) * math.log1p(count) / most) if count else 0.0
            left, right = round(place * each), round((place + 1) * each)
            bar = QRectF(left, area.bottom() - height, right - left - (1 if each >= 3 else 0), height)
            painter.fillRect(bar, self._colors[place])
        if self._at is not None and math.isfinite(self._at) and self._low < self._high:
            part = (self._at - self._low) / (self._high - self._low)
            at = round(min(max(part, 0.0), 1.0) * (area.width() - 2))
            painter.fillRect(QRectF(at - 1, area.top(), 4, area.height()), QColor(0, 0, 0, 150))
            painter.fillRect(QRectF(at, area.top(), 2, area.height()), theme.color("mark"))
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        foot = QRectF(0, area.bottom() + 2, self.width(), line)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, format.significant(self._low))
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, format.significant(self._high))


def _step_colors(count: int, low: float, high: float, limits: tuple[float, float], colors: Index) -> Sequence[QColor]:
    """Return the color of the middle of each step, as the map draws it."""
    first, last = limits
    found = []
    for place in range(count):
        middle = low + (high - low) * (place + 0.5) / count
        part = (middle - first) / (last - first) if last > first else 0.0
        red, green, blue = (int(each) for each in colors[min(max(round(part * 255), 0), 255)])
        found.append(QColor(red, green, blue))
    return found


class StatisticsTable(QWidget):
    """What a map holds, a label and a number in each line."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[tuple[str, str, bool], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_statistics(self, known: Statistics, is_whole: bool) -> None:
        """Show these, of whole numbers without a fraction where they have none."""
        numbers = {"minimum": known.minimum, "maximum": known.maximum, "mean": known.mean, "std": known.std}
        rows = [
            (name, _said(value, is_whole and name in ("minimum", "maximum")), False) for name, value in numbers.items()
        ]
        rows.append(("zeros", format.percent(known.zeros), False))
        rows += [
            (name, format.count(count), True) for name, count in (("NaN", known.nans), ("Inf", known.infs)) if count
        ]
        self._rows = tuple(rows)
        self.setAccessibleName("; ".join(f"{name} {value}" for name, value, _ in rows))
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """All it says."""
        return "; ".join(f"{name} {value}" for name, value, _ in self._rows)

    def sizeHint(self) -> QSize:
        line = theme.metrics("small").height() + 3
        return QSize(SIDE_WIDTH, math.ceil(line * max(5, len(self._rows))))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.font("small"))
        line = theme.metrics("small").height() + 3
        for place, (name, value, is_odd) in enumerate(self._rows):
            where = QRectF(0, place * line, self.width(), line)
            painter.setPen(theme.color("muted"))
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(theme.color("warning" if is_odd else "text"))
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, value)


def _said(value: float, is_whole: bool) -> str:
    if math.isnan(value):
        return "none"
    return (
        str(round(value)).replace("-", format.MINUS) if is_whole and math.isfinite(value) else format.significant(value)
    )


class ProfileView(QWidget):
    """One place across all channels, as bars.

    Signals:
        hovered: The channel under the pointer; -1 outside.
        picked: The channel that was clicked.
    """

    hovered = Signal(int)
    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._profile: Profile | None = None
        self._channel = -1
        self._at = -1
        self.setMouseTracking(True)
        self.setMinimumHeight(44)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("This place across all channels")

    def show_profile(self, profile: Profile | None, channel: int) -> None:
        """Show what each channel holds, with one of them marked."""
        self._profile, self._channel = profile, channel
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 64)

    def _area(self) -> QRectF:
        measure = theme.metrics("small")
        low, high = (self._profile.low, self._profile.high) if self._profile is not None else (0.0, 0.0)
        room = max(measure.horizontalAdvance(format.significant(each)) for each in (low, high)) + 6
        return QRectF(room, 3, self.width() - room, self.height() - 6)

    def _channels(self) -> int:
        return 0 if self._profile is None else len(self._profile.order)

    def bar(self, channel: int) -> QRectF:
        """Return where a channel stands, from the foot to the top."""
        if self._profile is None:
            return QRectF()
        area = self._area()
        each = area.width() / max(1, self._channels())
        return QRectF(area.left() + self._profile.rank(channel) * each, area.top(), each, area.height())

    def _channel_at(self, point: QPointF) -> int:
        area, count = self._area(), self._channels()
        if self._profile is None or not count or not area.left() <= point.x() < area.right():
            return -1
        return int(self._profile.order[min(int((point.x() - area.left()) / area.width() * count), count - 1)])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area, known = self._area(), self._profile
        painter.fillRect(area, theme.color("canvas"))
        if known is None:
            return
        span = known.high - known.low
        zero = area.bottom() - (0 - known.low) / span * area.height() if span else area.bottom()
        count = self._channels()
        parts = min(count, max(1, int(area.width())))
        each = area.width() / parts
        gap = 1 if each >= 3 else 0
        for place, (low, high) in enumerate(known.bars(parts)):
            left, right = round(area.left() + place * each), round(area.left() + (place + 1) * each)
            top, foot = (
                (area.bottom() - (max(0.0, high) - known.low) / span * area.height(), zero) if span else (zero, zero)
            )
            if low < 0:
                foot = area.bottom() - (low - known.low) / span * area.height()
            painter.fillRect(QRectF(left, top, max(1, right - left - gap), max(1.0, foot - top)), theme.color("bar"))
        painter.fillRect(QRectF(area.left(), round(zero), area.width(), 1), theme.color("muted"))
        for channel, name in ((self._at, "text"), (self._channel, "mark")):
            if 0 <= channel < count:
                self._paint_channel(painter, known, channel, zero, name)
        self._paint_limits(painter, area, known)

    def _paint_channel(self, painter: QPainter, known: Profile, channel: int, zero: float, name: str) -> None:
        where, value = self.bar(channel), float(known.values[channel])
        area, span = self._area(), known.high - known.low
        top = area.bottom() - (value - known.low) / span * area.height() if span and math.isfinite(value) else zero
        width = max(2.0, where.width() - (1 if where.width() >= 3 else 0))
        painter.fillRect(QRectF(where.left(), min(top, zero), width, max(2.0, abs(zero - top))), theme.color(name))

    def _paint_limits(self, painter: QPainter, area: QRectF, known: Profile) -> None:
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        room = QRectF(0, area.top() - 3, area.left() - 6, area.height() + 6)
        right = Qt.AlignmentFlag.AlignRight
        painter.drawText(room, right | Qt.AlignmentFlag.AlignTop, format.significant(known.high))
        painter.drawText(room, right | Qt.AlignmentFlag.AlignBottom, format.significant(known.low))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._channel_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def _hover(self, channel: int) -> None:
        if channel != self._at:
            self._at = channel
            self.hovered.emit(channel)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        channel = self._channel_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and channel >= 0:
            self.picked.emit(channel)
