"""The window on the input's map, and the output's map as far as it is computed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QFontMetricsF, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.explain.sliding_window import Frame, Motion
from inspector.ui import theme
from inspector.ui.painting import paint_mark
from inspector.ui.text import elided, plain

_GAP = 12.0
_LARGEST_CELL = 40.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A map, drawn.

    Attributes:
        title: What it is.
        image: One pixel per element.
    """

    title: str
    image: QImage


class MapPair(QWidget):
    """Input and output side by side; a place on either one is a position of the window.

    Signals:
        hovered: The position under the cursor; -1 for none.
        picked: The position that was clicked.
    """

    hovered = Signal(int)
    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAccessibleName("The window on the input, and the output so far")
        self._motion = Motion((1, 1))
        self._input: Drawn | None = None
        self._output: Drawn | None = None
        self._frame: Frame | None = None
        self._position = 0
        self._is_filling = False
        self._over = -1
        self._is_bound = False

    def show_maps(self, motion: Motion, given: Drawn | None, made: Drawn) -> None:
        """Show these maps; ``given`` is None where the layer's input has no map."""
        self._motion, self._input, self._output = motion, given, made
        self._limit()
        self.update()

    def show_position(self, position: int, frame: Frame | None, is_filling: bool) -> None:
        """Stand at a position.

        Args:
            position: Of the window.
            frame: What it covers of the input.
            is_filling: Show the output only as far as it is computed.
        """
        self._position, self._frame, self._is_filling = position, frame, is_filling
        self.update()

    def clear(self) -> None:
        """Hold no pictures."""
        self._input = self._output = None
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, 170)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 100)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._limit()
        super().resizeEvent(event)

    def bound_height(self, is_bound: bool) -> None:
        """Take no more height than the maps can fill, where nothing stands beside them that could use it."""
        self._is_bound = is_bound
        self._limit()

    def _limit(self) -> None:
        sizes = self._sizes()
        if not self._is_bound:
            self.setMaximumHeight(16_777_215)
        elif sizes:
            room = (self.width() - _GAP * (len(sizes) - 1) - 6) / len(sizes)
            tallest = max(rows * min(room / columns, _LARGEST_CELL) for columns, rows in sizes)
            wanted = max(100, round(self._title() + tallest) + 8)
            if wanted != self.maximumHeight():
                self.setMaximumHeight(wanted)

    # ---------------------------------------------------------------- where things lie

    def _title(self) -> float:
        return theme.metrics("small").height() + 8

    def _margins(self) -> tuple[int, int, int, int]:
        return self._motion.pads if self._frame is not None else (0, 0, 0, 0)

    def _sizes(self) -> list[tuple[float, float]]:
        """Return the columns and rows of each map, the input's with its padding."""
        found = []
        if self._input is not None:
            above, left, below, right = self._margins()
            found.append((self._input.image.width() + left + right, self._input.image.height() + above + below))
        if self._output is not None:
            found.append((self._output.image.width(), self._output.image.height()))
        return [(float(columns), float(rows)) for columns, rows in found]

    def _rects(self) -> list[QRectF]:
        """Return where each map is painted, with its padding; each as large as there is room."""
        sizes = self._sizes()
        if not sizes:
            return []
        room = (self.width() - _GAP * (len(sizes) - 1) - 6) / len(sizes)
        height = self.height() - self._title() - 6
        found: list[QRectF] = []
        left = 3.0
        for columns, rows in sizes:
            across = min(room / columns, _LARGEST_CELL)
            down = min(height / rows, _LARGEST_CELL)
            if rows > 1 and columns > 1:
                across = down = min(across, down)
            else:
                down = min(down, 24.0) if rows == 1 else down
            found.append(QRectF(left, self._title() + 3, max(1.0, columns * across), max(1.0, rows * down)))
            left += max(found[-1].width(), min(room, 70.0)) + _GAP
        return found

    def _cell(self, rect: QRectF, size: tuple[float, float], row: float, column: float) -> QRectF:
        across, down = rect.width() / size[0], rect.height() / size[1]
        return QRectF(rect.left() + column * across, rect.top() + row * down, across, down)

    def point_of(self, row: int, column: int) -> QPointF:
        """Return the middle of an element of the output."""
        return self._cell(self._rects()[-1], self._sizes()[-1], row, column).center()

    def _position_at(self, point: QPointF) -> int:
        rects, sizes = self._rects(), self._sizes()
        for number, (rect, (columns, rows)) in enumerate(zip(rects, sizes, strict=True)):
            if not rect.contains(point):
                continue
            column = min(int(columns) - 1, int((point.x() - rect.left()) / rect.width() * columns))
            row = min(int(rows) - 1, int((point.y() - rect.top()) / rect.height() * rows))
            if number == len(rects) - 1:
                return self._motion.position(row, column)
            above, left, _, _ = self._margins()
            return self._motion.over(row - above, column - left, (int(rows), int(columns)))
        return -1

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rects, sizes = self._rects(), self._sizes()
        if not rects:
            return
        if self._input is not None:
            self._paint_input(painter, self._input, rects[0], sizes[0])
        if self._output is not None:
            self._paint_output(painter, self._output, rects[-1], sizes[-1])

    def _paint_title(self, painter: QPainter, text: str, rect: QRectF) -> None:
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        metrics = QFontMetricsF(painter.font())
        room = max(rect.width(), self.width() / 2 - _GAP)
        where = QRectF(rect.left(), 0, room, self._title() - 4)
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, elided(plain(text), metrics, room))

    def _paint_input(self, painter: QPainter, drawn: Drawn, rect: QRectF, size: tuple[float, float]) -> None:
        self._paint_title(painter, drawn.title, rect)
        above, left, _, _ = self._margins()
        if any(self._margins()):
            painter.fillRect(rect, theme.color("canvas"))
            painter.fillRect(rect, QBrush(theme.color("bar"), Qt.BrushStyle.BDiagPattern))
        first = self._cell(rect, size, above, left)
        across, down = first.width(), first.height()
        where = QRectF(first.topLeft(), QPointF(first.left() + drawn.image.width() * across, 0))
        where.setHeight(drawn.image.height() * down)
        painter.drawImage(where, drawn.image)
        frame = self._frame
        if frame is None:
            return
        painter.setClipRect(rect.adjusted(-6, -6, 6, 6))
        top, start, bottom, end = frame.box
        box = self._cell(rect, size, top + above, start + left)
        box.setWidth((end - start) * across)
        box.setHeight((bottom - top) * down)
        is_whole = (bottom - top) * (end - start) == len(frame.rows) * len(frame.columns)
        if not is_whole and min(across, down) >= 3:  # dilated, or cells that reach from afar
            for row in frame.rows:
                for column in frame.columns:
                    paint_mark(painter, self._cell(rect, size, row + above, column + left), 1)
        else:
            paint_mark(painter, box, 2 if min(box.width(), box.height()) >= 4 else 1)
        painter.setClipping(False)

    def _paint_output(self, painter: QPainter, drawn: Drawn, rect: QRectF, size: tuple[float, float]) -> None:
        self._paint_title(painter, drawn.title + (" so far" if self._is_filling else ""), rect)
        painter.drawImage(rect, drawn.image)
        row, column = self._motion.at(self._position)
        cell = self._cell(rect, size, row, column)
        if self._is_filling:
            empty = theme.color("canvas")
            painter.fillRect(QRectF(QPointF(cell.right(), cell.top()), QPointF(rect.right(), cell.bottom())), empty)
            painter.fillRect(QRectF(QPointF(rect.left(), cell.bottom()), rect.bottomRight()), empty)
        paint_mark(painter, cell, 2 if min(cell.width(), cell.height()) >= 4 else 1)

    # ---------------------------------------------------------------- events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = self._position_at(event.position())
        if position != self._over:
            self._over = position
            self.setCursor(Qt.CursorShape.CrossCursor if position >= 0 else Qt.CursorShape.ArrowCursor)
            self.hovered.emit(position)

    def leaveEvent(self, event: QEvent) -> None:
        self._over = -1
        self.hovered.emit(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        position = self._position_at(event.position())
        if position >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(position)
