"""Steps of a calculation, a line each, and the curve of an activation."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector import format
from inspector.explain.facts import Curve, Step
from inspector.render.limits import ticks
from inspector.ui import theme
from inspector.ui.painting import paint_mark
from inspector.ui.readout import whole
from inspector.ui.text import elided, plain, tooltip

_LINE = 22
_MINUS = re.compile(r"(?<![\w\])-])-(?=\d)")  # before a number, not within a name


class Steps(QWidget):
    """What is done, line by line, with what comes out at the right; the last line is the result."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._steps: tuple[Step, ...] = ()
        self._is_coded = False

    def show_steps(self, steps: Sequence[Step], is_coded: bool = False) -> None:
        """Show these; ``is_coded`` writes whole numbers without decimals, as codes are read."""
        count = len(self._steps)
        self._steps, self._is_coded = tuple(steps), is_coded
        said = [f"{text}: {value}" for text, value in self.texts]
        self.setAccessibleName("; ".join(said))
        self.setToolTip(tooltip(*said))
        if len(self._steps) != count:
            self.updateGeometry()
        self.update()

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """What the lines say, and what comes out of each."""
        return tuple((_MINUS.sub(format.MINUS, plain(step.text)), self._number(step.value)) for step in self._steps)

    def _number(self, value: float) -> str:
        if math.isnan(value):
            return ""
        return whole(value) if self._is_coded and value.is_integer() else format.significant(value)

    def sizeHint(self) -> QSize:
        return QSize(320, _LINE * len(self._steps))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _LINE * len(self._steps))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        width = float(min(self.width(), 560))
        for number, (text, value) in enumerate(self.texts):
            is_last = number == len(self._steps) - 1
            font = theme.font("small", bold=is_last)
            metrics = QFontMetricsF(font)
            painter.setFont(font)
            line = QRectF(0, number * _LINE, width, _LINE)
            if is_last:
                painter.fillRect(line, theme.color("raised"))
            elif number:
                painter.fillRect(QRectF(0, line.top(), width, 1), theme.color("border"))
            taken = metrics.horizontalAdvance(value) + 12 if value else 0.0
            painter.setPen(theme.color("text" if is_last else "muted"))
            room = line.adjusted(8, 0, -8 - taken, 0)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, elided(text, metrics, room.width()))
            painter.setPen(theme.color("text"))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(line.adjusted(0, 0, -8, 0), right, value)


class CurvePlot(QWidget):
    """The function of an activation with its axes, and the point that was asked for on it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The curve of the activation")
        self._curve: Curve | None = None

    def show_curve(self, curve: Curve) -> None:
        self._curve = curve
        x, y = (format.significant(each) for each in curve.point)
        self.setAccessibleDescription(f"the point {x}, {y}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, 260)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 140)

    def _ranges(self, curve: Curve) -> tuple[float, float, float, float]:
        points = [each for each in curve.y.tolist() if math.isfinite(each)] + [0.0]
        if math.isfinite(curve.point[1]):
            points.append(curve.point[1])
        low, high = min(points), max(points)
        spare = (high - low) * 0.08 or 1.0
        return float(curve.x[0]), float(curve.x[-1]), low - spare, high + spare

    def place_of(self, x: float, y: float) -> QPointF:
        """Return where a point of the plane is painted."""
        assert self._curve is not None
        left, right, low, high = self._ranges(self._curve)
        field = self._field()
        across = field.left() + (x - left) / (right - left) * field.width()
        return QPointF(across, field.bottom() - (y - low) / (high - low) * field.height())

    def _field(self) -> QRectF:
        metrics = theme.metrics("small")
        side = metrics.horizontalAdvance("−0.0000") + 8
        width = min(self.width() - side - 8, (self.height() - metrics.height() - 12) * 1.8)
        return QRectF(side, 6, max(40.0, width), max(40.0, self.height() - metrics.height() - 16))

    def paintEvent(self, event: QPaintEvent) -> None:
        curve = self._curve
        if curve is None:
            return
        painter = QPainter(self)
        painter.setFont(theme.font("small"))
        field = self._field()
        painter.fillRect(field, theme.color("canvas"))
        self._paint_axes(painter, curve, field)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.setClipRect(field)
        runs: list[list[QPointF]] = [[]]
        for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
            if math.isfinite(y):
                runs[-1].append(self.place_of(x, y))
            elif runs[-1]:
                runs.append([])
        painter.setPen(QPen(theme.color("activation"), 2))
        for run in runs:
            painter.drawPolyline(QPolygonF(run))
        painter.restore()
        if all(math.isfinite(each) for each in curve.point):
            self._paint_point(painter, curve, field)

    def _paint_axes(self, painter: QPainter, curve: Curve, field: QRectF) -> None:
        left, right, low, high = self._ranges(curve)
        metrics = theme.metrics("small")
        for value in ticks(left, right, 6):
            at = round(self.place_of(value, 0).x())
            painter.fillRect(QRectF(at, field.top(), 1, field.height()), theme.color("bar" if not value else "border"))
            painter.setPen(theme.color("muted"))
            where = QRectF(at - 40, field.bottom() + 3, 80, metrics.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, _axis(value))
        for value in ticks(low, high, 5):
            at = round(self.place_of(0, value).y())
            painter.fillRect(QRectF(field.left(), at, field.width(), 1), theme.color("bar" if not value else "border"))
            painter.setPen(theme.color("muted"))
            where = QRectF(0, at - metrics.height() / 2, field.left() - 6, metrics.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, _axis(value))

    def _paint_point(self, painter: QPainter, curve: Curve, field: QRectF) -> None:
        point, foot = self.place_of(*curve.point), self.place_of(curve.point[0], 0.0)
        side = self.place_of(0.0, curve.point[1])
        painter.setPen(QPen(theme.color("muted"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(foot, point)
        painter.drawLine(side, point)
        paint_mark(painter, QRectF(point.x() - 2, point.y() - 2, 4, 4), 2)
        metrics = theme.metrics("small", bold=True)
        text = f"f({format.significant(curve.point[0])}) = {format.significant(curve.point[1])}"
        width = metrics.horizontalAdvance(text) + 10
        x = point.x() + 10 if point.x() + 10 + width < field.right() else point.x() - 10 - width
        y = min(max(point.y() - metrics.height() - 8, field.top() + 2), field.bottom() - metrics.height() - 4)
        box = QRectF(x, y, width, metrics.height() + 2)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(box, theme.SMALL_RADIUS, theme.SMALL_RADIUS)
        painter.setFont(theme.font("small", bold=True))
        painter.setPen(theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _axis(value: float) -> str:
    return f"{value:g}".replace("-", format.MINUS)
