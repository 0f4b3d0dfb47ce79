"""Where curves lie below each other, and how one of them is painted with its axes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from inspector import format
from inspector.render.curves import Stretch, Trace, value_range
from inspector.render.limits import ticks
from inspector.ui import theme
from inspector.ui.text import elided

LEAST_LANE = 44.0  # pixels of height for one curve; more curves than fit are scrolled
EDGE = 4.0
_DOTS_FROM = 7.0  # pixels between two samples, from which on each has a dot
_AXIS = 20.0  # pixels for the numbers of the samples
_GAP = 3.0  # between two lanes


@dataclass(frozen=True, slots=True)
class Lanes:
    """Places for curves, all of one height.

    Attributes:
        area: Of the widget, where curves are drawn: without the axes.
        height: Of one lane with the gap below it.
        curves: How many there are.
        low, high: The smallest and the largest value, beside each lane.
        scrolled: How far the first lane lies above the area.
    """

    area: QRectF
    height: float
    curves: int
    low: float
    high: float
    scrolled: float = 0.0

    @property
    def ends(self) -> tuple[float, float]:
        """The values at the foot and at the top of a lane."""
        return value_range(self.low, self.high)

    def lane(self, curve: int) -> QRectF:
        """Return where a curve is drawn."""
        top = self.area.top() + curve * self.height - self.scrolled
        return QRectF(self.area.left(), top, self.area.width(), self.height - (_GAP if self.curves > 1 else 0.0))

    def in_view(self) -> range:
        """Return the curves of which something is seen."""
        first = int(self.scrolled // self.height)
        return range(max(0, first), min(self.curves, int((self.scrolled + self.area.height()) // self.height) + 1))

    def curve_at(self, y: float) -> int:
        """Return the curve at a height of the widget; there may be none of that number."""
        return int((y - self.area.top() + self.scrolled) // self.height)


def arranged(size: QSize, curves: int, low: float, high: float, scrolled: float = 0.0) -> Lanes:
    """Return places for so many curves in a widget of that size, no flatter than can be read."""
    measure = theme.metrics("small")
    left = round(max(measure.horizontalAdvance(format.significant(each)) for each in (low, high)) + 8 + EDGE)
    width, room = max(8.0, size.width() - left - 2 * EDGE), max(8.0, size.height() - _AXIS - EDGE)
    least = min(max(LEAST_LANE, 2.2 * measure.height()), room)
    return Lanes(QRectF(left, EDGE, width, room), max(least, room / max(1, curves)), curves, low, high, scrolled)


# ---------------------------------------------------------------- painting


def paint_ground(painter: QPainter, lanes: Lanes, curve: int) -> None:
    """Paint what lies below a curve, with lines at round values, and the limits at the left."""
    lane, (foot, top) = lanes.lane(curve), lanes.ends
    painter.fillRect(lane, theme.color("canvas"))
    numbers = ticks(foot, top, 3 if lane.height() >= 90 else 1)
    for value in {*numbers, *((0.0,) if foot < 0 < top else ())}:
        y = round(lane.bottom() - (value - foot) / (top - foot) * lane.height()) + 0.5
        painter.setPen(QPen(theme.color("bar" if value == 0 else "border"), 1))
        painter.drawLine(QPointF(lane.left(), y), QPointF(lane.right(), y))
    measure = QFontMetricsF(painter.font())
    places = {lanes.high: lane.top() + measure.height() / 2, lanes.low: lane.bottom() - measure.height() / 2}
    if lanes.low == lanes.high:
        places = {lanes.low: lane.center().y()}
    painter.setPen(theme.color("muted"))
    for value, middle in places.items():
        where = QRectF(0, middle - measure.height() / 2, lane.left() - 6, measure.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, format.significant(value))


def paint_trace(painter: QPainter, lane: QRectF, drawn: Trace, color: QColor, apart: float, ratio: float) -> None:
    """Paint a curve, which is given in pixels of the screen: ``ratio`` for each of the widget's.

    Samples that lie ``apart`` far enough get a dot each.
    """
    painter.save()
    painter.setClipRect(lane, Qt.ClipOperation.IntersectClip)
    painter.setPen(QPen(theme.color("mark"), 1, Qt.PenStyle.DotLine))
    for x in drawn.odd.tolist():
        at = lane.left() + x / ratio
        painter.drawLine(QPointF(at, lane.top()), QPointF(at, lane.bottom()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(lane.topLeft())
    painter.scale(1 / ratio, 1 / ratio)
    round_ends = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    painter.setPen(QPen(color, 1.25 * ratio, Qt.PenStyle.SolidLine, *round_ends))
    for run in drawn.runs:
        points = run.tolist()
        outline = [QPointF(x, top) for x, top, _ in points]
        if not drawn.is_exact:
            painter.setBrush(color)
            painter.drawPolygon(QPolygonF(outline + [QPointF(x, bottom) for x, _, bottom in reversed(points)]))
            continue
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(outline))
        if apart >= _DOTS_FROM or len(points) == 1:
            painter.setBrush(color)
            for point in outline:
                painter.drawEllipse(point, 1.6 * ratio, 1.6 * ratio)
    painter.restore()


def paint_name(painter: QPainter, lane: QRectF, name: str, is_selected: bool) -> None:
    """Write a curve's name into its upper left corner."""
    measure = QFontMetricsF(painter.font())
    text = elided(name, measure, lane.width() / 2)
    where = QRectF(lane.left() + 4, lane.top() + 2, measure.horizontalAdvance(text) + 6, measure.height())
    under = QColor(theme.color("canvas"))
    under.setAlphaF(0.8)
    painter.fillRect(where, under)
    painter.setPen(theme.color("text" if is_selected else "muted"))
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)


def paint_cursor(painter: QPainter, lane: QRectF, fraction: float, value: str) -> None:
    """Paint a line at a fraction of the width, and a value beside it, where there is one to be said."""
    x = lane.left() + fraction * lane.width()
    painter.setPen(QPen(theme.color("muted"), 1))
    painter.drawLine(QPointF(x, lane.top()), QPointF(x, lane.bottom()))
    if not value:
        return
    measure = QFontMetricsF(painter.font())
    width = measure.horizontalAdvance(value) + 8
    left = x + 4 if x + 4 + width <= lane.right() else x - 4 - width
    box = QRectF(left, lane.bottom() - measure.height() - 3, width, measure.height() + 1)
    painter.fillRect(box, theme.color("raised"))
    painter.setPen(theme.color("text"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, value)


def paint_samples(painter: QPainter, lanes: Lanes, seen: Stretch, unit: str) -> None:
    """Number the samples below the lanes, and say what is counted."""
    measure = QFontMetricsF(painter.font())
    area = lanes.area
    foot = min(area.bottom(), lanes.lane(lanes.curves - 1).bottom())
    unit_left = area.right() - measure.horizontalAdvance(unit)
    painter.setPen(theme.color("muted"))
    widest = measure.horizontalAdvance(format.count(int(seen.stop)))
    numbers = ticks(seen.start, seen.stop, max(1, int(area.width() // (widest + 32))))
    for number in sorted({*numbers, *((0.0,) if seen.start == 0 else ())}):
        if number != int(number):
            continue
        x = area.left() + seen.fraction(number) * area.width()
        text = format.count(int(number))
        width = measure.horizontalAdvance(text)
        left = max(area.left(), x - width / 2)
        if left + width > unit_left - 6:
            continue
        painter.drawLine(QPointF(x, foot), QPointF(x, foot + 3))
        where = QRectF(left, foot + 3, width + 2, measure.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)
    where = QRectF(unit_left, foot + 3, area.right() - unit_left + 2, measure.height())
    painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, unit)
