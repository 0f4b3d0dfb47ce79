"""The levels of a layer: how often which values occur, and the limits, to be dragged or typed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from inspector import format
from inspector.render.arrays import Index
from inspector.render.levels import step_colors
from inspector.ui import theme
from inspector.ui.text import tooltip

BINS = 96
HEIGHT = 40
FIELD_WIDTH = 74
GRIP = 7  # pixels from an end at which it is taken hold of
_SIDE = 6  # pixels left and right of the bars, for the ends


class NumberField(QLineEdit):
    """A number that is typed; Esc brings back what held before.

    Signals:
        entered: The new number.
    """

    entered = Signal(float)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._value = 0.0
        self._name = name
        self.setAccessibleName(name)
        self.setFixedSize(FIELD_WIDTH, theme.CONTROL_HEIGHT)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._say("")
        self.editingFinished.connect(self._take)
        self.textEdited.connect(self._say_nothing)

    def show_value(self, value: float, text: str) -> None:
        """Show what holds; what is being typed is left alone while that stays."""
        if value != self._value or not self.isModified():
            self._value = value
            self.setText(text)
            self._text = text
            self.setCursorPosition(0)
            self._say("")

    def refuse(self, sentence: str) -> None:
        """Mark what was typed as what cannot be taken, and say why."""
        self._say(sentence)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isModified():
            self.setText(self._text)
            self._say("")
            return
        super().keyPressEvent(event)

    @Slot()
    def _take(self) -> None:
        if not self.isModified():
            return
        try:
            value = float(self.text().strip().replace(format.MINUS, "-").replace(",", "."))
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            self.entered.emit(value)
        else:
            self._say("Type a number, such as −0.5 or 1e-3.")

    @Slot()
    def _say_nothing(self) -> None:
        self._say("")

    def _say(self, sentence: str) -> None:
        self.setToolTip(tooltip(sentence or f"{self._name}: type a number, the limits are fixed then"))
        self.setAccessibleDescription(sentence)
        if bool(self.property("wrong")) != bool(sentence):
            self.setProperty("wrong", bool(sentence))
            self.style().unpolish(self)
            self.style().polish(self)


class LevelBars(QWidget):
    """Bars in the colors of the maps, their heights by the logarithm of the counts, and two ends to be dragged.

    Signals:
        dragged: The limits to which the ends were dragged.
        reset_wanted: The limits shall be those of the scaling again.
    """

    dragged = Signal(float, float)
    reset_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._counts: tuple[int, ...] = ()
        self._ends = self._limits = 0.0, 0.0
        self._span: tuple[float, float] | None = None  # kept while an end is dragged
        self._colors: Index | None = None
        self._is_centred = False
        self._held = -1
        self.setMouseTracking(True)
        self.setAccessibleName("Levels")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            tooltip(
                "How often which values occur: a bar's height is the logarithm of the count.",
                "Drag the ends: values beyond them are drawn in the first or the last colour.",
                "A double click goes back to the limits of the list.",
            )
        )

    def show_levels(
        self,
        counts: Sequence[int],
        ends: tuple[float, float],
        limits: tuple[float, float],
        colors: Index,
        is_centred: bool,
    ) -> None:
        """Show how many values lie in each of equal steps.

        Args:
            counts: In each step; none while they are not known.
            ends: Where the first step begins, and where the last one ends.
            limits: The values drawn as the first and the last color.
            colors: The palette.
            is_centred: Zero has the color in the middle: the ends move together.
        """
        self._counts, self._ends, self._limits = tuple(counts), ends, limits
        self._colors, self._is_centred = colors, is_centred
        self.update()

    @property
    def span(self) -> tuple[float, float]:
        """The values at the left and at the right side: all there are, and both ends."""
        if self._span is not None:
            return self._span
        return min(self._ends[0], self._limits[0]), max(self._ends[1], self._limits[1])

    def position_of(self, value: float) -> float:
        """Return where a value is, in the widget's coordinates."""
        (low, high), width = self.span, self.width() - 2 * _SIDE
        return _SIDE + (min(max((value - low) / (high - low), 0.0), 1.0) * width if high > low else 0.0)

    def _value_at(self, x: float) -> float:
        (low, high), width = self.span, max(1, self.width() - 2 * _SIDE)
        return low + (high - low) * min(max((x - _SIDE) / width, 0.0), 1.0)

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(_SIDE, 0, self.width() - 2 * _SIDE, self.height())
        painter.fillRect(area, theme.color("canvas"))
        if self._counts and self._colors is not None:
            self._paint_bars(painter, area, self._colors)
        for place, value in enumerate(self._limits):
            at = round(self.position_of(value))
            painter.fillRect(QRectF(at - 1, 0, 3, self.height()), QColor(0, 0, 0, 150))
            painter.fillRect(QRectF(at, 0, 1, self.height()), theme.color("text" if place != self._held else "accent"))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.color("panel"), 1))
            painter.setBrush(theme.color("accent" if place == self._held else "text"))
            painter.drawRoundedRect(QRectF(at - 3.5, self.height() / 2 - 7, 8, 14), 2, 2)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_bars(self, painter: QPainter, area: QRectF, colors: Index) -> None:
        low, high = self._ends
        steps, most = len(self._counts), math.log1p(max(self._counts))
        drawn = step_colors(steps, self._ends, self._limits, colors).tolist()
        edges = [round(self.position_of(low + (high - low) * place / steps)) for place in range(steps + 1)]
        for place, count in enumerate(self._counts):
            if count:
                height = max(1.0, (area.height() - 3) * math.log1p(count) / most)
                width = max(1, edges[place + 1] - edges[place])
                bar = QRectF(edges[place], area.bottom() - height, width - (1 if width >= 4 else 0), height)
                painter.fillRect(bar, QColor(*drawn[place]))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = self._end_at(event.position().x())
            self._span = self.span if self._held >= 0 else None
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().x()
        if self._held < 0:
            near = self._end_at(at) >= 0
            self.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)
            return
        value = self._value_at(at)
        found = moved(self._limits, self._held, value, self._is_centred)
        if found is not None and found != self._limits:
            self.dragged.emit(*found)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held, self._span = -1, None
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._held, self._span = -1, None
        self.reset_wanted.emit()

    def _end_at(self, x: float) -> int:
        """Return which end is at a place, 0 or 1; -1 for none."""
        away = [abs(x - self.position_of(value)) for value in self._limits]
        nearest = 0 if away[0] < away[1] or (away[0] == away[1] and x < self.position_of(self._limits[0])) else 1
        return nearest if away[nearest] <= GRIP else -1


class LevelsRow(QWidget):
    """Low limit, levels, high limit.

    Signals:
        chosen: The limits that were dragged to or typed.
        reset_wanted: The limits shall be those of the scaling again.
    """

    chosen = Signal(float, float)
    reset_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.low, self.high = NumberField("Low limit"), NumberField("High limit")
        self.bars = LevelBars()
        self._limits = 0.0, 0.0
        self._is_centred = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self.low)
        layout.addWidget(self.bars, 1)
        layout.addWidget(self.high)
        layout.addStretch(0)  # for the room of the bars where they are left out
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.bars.dragged.connect(self.chosen)
        self.bars.reset_wanted.connect(self.reset_wanted)
        self.low.entered.connect(self._take_low)
        self.high.entered.connect(self._take_high)

    def show_levels(
        self,
        counts: Sequence[int],
        ends: tuple[float, float],
        limits: tuple[float, float],
        colors: Index,
        is_centred: bool,
    ) -> None:
        """Show levels and limits, see ``LevelBars.show_levels``."""
        self._limits, self._is_centred = limits, is_centred
        self.bars.show_levels(counts, ends, limits, colors, is_centred)
        for field, value in zip((self.low, self.high), limits, strict=True):
            field.show_value(value, format.significant(value))

    @Slot(float)
    def _take_low(self, value: float) -> None:
        self._take(0, value)

    @Slot(float)
    def _take_high(self, value: float) -> None:
        self._take(1, value)

    def _take(self, end: int, value: float) -> None:
        found, field = moved(self._limits, end, value, self._is_centred), (self.low, self.high)[end]
        if found is not None:
            field.setModified(False)
            self.chosen.emit(*found)
        elif self._is_centred:
            field.refuse("Zero has the colour in the middle here, so a limit is not zero; other colours allow it.")
        else:
            other = format.significant(self._limits[1 - end])
            field.refuse(f"The low limit has to be below {other}." if end == 0 else f"It has to be above {other}.")


def moved(limits: tuple[float, float], end: int, value: float, is_centred: bool) -> tuple[float, float] | None:
    """Return limits of which one end, 0 or 1, is another value; None where they would be none.

    Around zero both ends move together.
    """
    if is_centred:
        return (-abs(value), abs(value)) if value else None
    low, high = (value, limits[1]) if end == 0 else (limits[0], value)
    return (low, high) if low < high else None
