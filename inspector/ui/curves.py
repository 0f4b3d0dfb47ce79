"""Signals as curves, one below the other, with axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy

from inspector import format
from inspector.render.arrays import Values
from inspector.render.curves import Stretch, Trace, trace
from inspector.render.limits import limits
from inspector.ui import theme
from inspector.ui.curve_lanes import (
    Lanes,
    arranged,
    paint_cursor,
    paint_ground,
    paint_name,
    paint_samples,
    paint_trace,
)
from inspector.ui.painting import paint_focus
from inspector.ui.text import plain

STEP = 1.25  # of a click of the wheel


@dataclass(frozen=True, slots=True)
class SamplePlace:
    """A sample of one of the curves."""

    curve: int
    sample: int


class CurveView(QAbstractScrollArea):
    """Curves in lanes with one scale of values; the wheel enlarges along the samples, dragging moves.

    A double click shows all samples again, shift and the wheel scroll through the lanes.

    Signals:
        hovered: The ``SamplePlace`` under the cursor, or None.
        picked: The ``SamplePlace`` that was clicked.
    """

    hovered = Signal(object)
    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self._values: Values | None = None
        self._names: tuple[str, ...] = ()
        self._limits = (0.0, 0.0)  # of the values
        self._low, self._high = self._limits  # beside the lanes
        self._unit = ""
        self._seen = Stretch(0, 1)
        self._selected = -1
        self._at: SamplePlace | None = None
        self._pressed: tuple[QPointF, Stretch, int] | None = None
        self._dragged = False
        self._is_dimmed = False
        self._has_keyboard = False
        self._traces: dict[int, Trace] = {}  # of the lanes that are seen
        self._traced: tuple[object, ...] = ()

    # ---------------------------------------------------------------- what is shown

    def show_curves(
        self,
        values: Values,
        names: Sequence[str] = (),
        selected: int = -1,
        low: float | None = None,
        high: float | None = None,
        unit: str = "sample",
    ) -> None:
        """Show signals.

        Args:
            values: ``(curves, samples)``, any number type; not copied, and not to be changed while they are shown.
            names: Of the curves; without them they are numbered where there are several.
            selected: The curve that is marked; -1 for none.
            low: The value at the foot of every lane; None for the smallest.
            high: The value at the top of every lane; None for the largest.
            unit: What is counted from left to right.
        """
        if self._values is None or not _is_same(values, self._values):
            if self._values is None or values.shape[1] != self._samples():
                self._seen = Stretch(0, max(1, values.shape[1]))
            self._values, self._at, self._traced = values, None, ()
            self._limits = limits(values[:, None, :]).of(0)
        self._low = self._limits[0] if low is None else low
        self._high = self._limits[1] if high is None else high
        self._unit = unit
        self._names = tuple(plain(each) for each in names)
        self._selected = selected
        self._measure()
        self._say()
        self.viewport().update()

    def clear(self) -> None:
        """Show nothing, and hold nothing."""
        self._values, self._at, self._traced = None, None, ()
        self._traces = {}
        self._measure()
        self.viewport().update()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self._is_dimmed = is_dimmed
        self.viewport().update()

    def set_selection(self, curve: int) -> None:
        """Mark a curve, and scroll to it."""
        if curve != self._selected:
            self._selected = curve
            self._show_lane(curve)
            self.viewport().update()

    def fit(self) -> None:
        """Show all samples."""
        self._look_at(Stretch(0, max(1, self._samples())))

    @property
    def seen(self) -> Stretch:
        """The samples that are seen."""
        return self._seen

    def sizeHint(self) -> QSize:
        return QSize(320, 180)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 90)

    def _say(self) -> None:
        if self._values is not None:
            curves, samples = (format.count(each) for each in self._values.shape)
            named = f": {', '.join(self._names[:8])}" if self._names else ""
            low, high = format.significant(self._low), format.significant(self._high)
            lengths = f"{curves} {'curve' if curves == '1' else 'curves'} of {samples} {self._unit}s"
            self.setAccessibleDescription(f"{lengths}, {low} to {high}{named}")

    # ---------------------------------------------------------------- where things lie

    def _samples(self) -> int:
        return 0 if self._values is None else self._values.shape[1]

    def _lanes(self) -> Lanes:
        curves = 0 if self._values is None else self._values.shape[0]
        return arranged(self.viewport().size(), curves, self._low, self._high, self.verticalScrollBar().value())

    def lane(self, curve: int) -> QRectF:
        """Return where a curve is drawn, in the viewport's coordinates."""
        return self._lanes().lane(curve)

    def _measure(self) -> None:
        lanes, bar = self._lanes(), self.verticalScrollBar()
        bar.setPageStep(int(lanes.area.height()))
        bar.setSingleStep(int(lanes.height))
        bar.setRange(0, max(0, round(lanes.height * lanes.curves - lanes.area.height())))

    def _show_lane(self, curve: int) -> None:
        lanes, bar = self._lanes(), self.verticalScrollBar()
        if 0 <= curve < lanes.curves:
            lane = lanes.lane(curve)
            if lane.top() < lanes.area.top():
                bar.setValue(round(bar.value() + lane.top() - lanes.area.top()))
            elif lane.bottom() > lanes.area.bottom():
                bar.setValue(round(bar.value() + lane.bottom() - lanes.area.bottom()))

    def _place(self, point: QPointF) -> SamplePlace | None:
        lanes = self._lanes()
        if not lanes.area.contains(point):
            return None
        curve, sample = lanes.curve_at(point.y()), int(self._seen.at(self._fraction(lanes, point)))
        return SamplePlace(curve, sample) if 0 <= curve < lanes.curves and 0 <= sample < self._samples() else None

    def _fraction(self, lanes: Lanes, point: QPointF) -> float:
        return min(1.0, max(0.0, (point.x() - lanes.area.left()) / lanes.area.width()))

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), theme.color("panel"))
        if self._values is None or not self._values.size:
            return
        if self._is_dimmed:
            painter.setOpacity(0.5)
        painter.setFont(theme.font("small"))
        lanes = self._lanes()
        self._trace(lanes)
        painter.save()
        painter.setClipRect(QRectF(0, lanes.area.top() - 1, self.viewport().width(), lanes.area.height() + 2))
        for curve in lanes.in_view():
            self._paint_lane(painter, lanes, curve)
        painter.restore()
        paint_samples(painter, lanes, self._seen, f"{self._unit}s" if self._unit else "")
        if self._has_keyboard:
            paint_focus(painter, QRectF(self.viewport().rect()))

    def _trace(self, lanes: Lanes) -> None:
        """Bring the curves that are seen to the pixels of the screen, unless they are already there."""
        values = self._values
        assert values is not None
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(lanes.area.width() * ratio)), lanes.lane(0).height() * ratio
        state = (self._seen, width, height, lanes.ends)
        if state != self._traced:
            self._traced, self._traces = state, {}
        foot, top = lanes.ends
        self._traces = {
            each: self._traces.get(each) or trace(values[each], self._seen, width, height, foot, top)
            for each in lanes.in_view()
        }

    def _paint_lane(self, painter: QPainter, lanes: Lanes, curve: int) -> None:
        lane, is_selected = lanes.lane(curve), curve == self._selected and lanes.curves > 1
        paint_ground(painter, lanes, curve)
        color = theme.color("accent" if is_selected else "convolution")
        apart = lanes.area.width() / self._seen.length
        paint_trace(painter, lane, self._traces[curve], color, apart, self.devicePixelRatioF())
        name = self._names[curve] if curve < len(self._names) else str(curve) if lanes.curves > 1 else ""
        if name:
            paint_name(painter, lane, name, is_selected)
        at, values = self._at, self._values
        if at is None or values is None:
            return
        fraction = self._seen.fraction(at.sample)
        if 0 <= fraction <= 1:
            is_here = curve == at.curve
            paint_cursor(
                painter, lane, fraction, format.significant(float(values[curve, at.sample])) if is_here else ""
            )

    # ---------------------------------------------------------------- events

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._measure()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._measure()
            self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._has_keyboard = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.viewport().update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._has_keyboard = False
        self.viewport().update()
        super().focusOutEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            began, seen, scrolled = self._pressed
            moved = point - began
            if self._dragged or moved.manhattanLength() > 4:
                self._dragged = True
                self._look_at(seen.moved(-moved.x() / self._lanes().area.width() * seen.length, self._samples()))
                self.verticalScrollBar().setValue(scrolled - round(moved.y()))
        self._hover(self._place(point))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = (event.position(), self._seen, self.verticalScrollBar().value())
            self._dragged = False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position())
        if self._pressed is not None and not self._dragged and place is not None:
            self.picked.emit(place)
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() - round(turned / 120 * bar.singleStep()))
        else:
            self._zoom(self._fraction(self._lanes(), event.position()), STEP ** (turned / 120))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom(0.5, STEP)
            case Qt.Key.Key_Minus:
                self._zoom(0.5, 1 / STEP)
            case Qt.Key.Key_0:
                self.fit()
            case Qt.Key.Key_Home:
                self._look_at(self._seen.moved(-self._samples(), self._samples()))
            case Qt.Key.Key_End:
                self._look_at(self._seen.moved(self._samples(), self._samples()))
            case _:
                super().keyPressEvent(event)

    def scrollContentsBy(self, across: int, down: int) -> None:
        self.viewport().update()

    def _zoom(self, fraction: float, factor: float) -> None:
        if self._values is not None:
            self._look_at(self._seen.zoomed(fraction, factor, max(1, self._samples())))

    def _look_at(self, seen: Stretch) -> None:
        if seen != self._seen:
            self._seen = seen
            self.viewport().update()

    def _hover(self, place: SamplePlace | None) -> None:
        if place != self._at:
            self._at = place
            self.hovered.emit(place)
            self.viewport().update()


def _is_same(one: Values, other: Values) -> bool:
    """Say whether two arrays are one; a view that is taken anew is another object of the same numbers."""
    return one is other or (
        one.__array_interface__["data"] == other.__array_interface__["data"]
        and (one.shape, one.strides, one.dtype) == (other.shape, other.strides, other.dtype)
    )
