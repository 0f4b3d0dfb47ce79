"""A map beside the stretch of the vector that it became: which cell is which index, both ways."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.explain.unrolling import Unrolling
from inspector.render.indices import indices
from inspector.render.kernels import Cells, cells
from inspector.render.limits import Limits
from inspector.render.palettes import palette, to_rgb
from inspector.ui import theme
from inspector.ui.arithmetic.looks import picture
from inspector.ui.painting import paint_mark

_LARGEST_CELL = 46.0
_LEAST_CELL = 2.0  # smaller ones are no squares: they fill the room there is
_STRIP_CELL = 62.0, 22.0
_DECIMALS = 3
_MOST_WRITTEN = 900


class Unrolled(QWidget):
    """A map at the left, the vector at the right; the cells that have gone over are seen in both.

    Signals:
        hovered: The position under the cursor; -1 for none.
        picked: The position that was clicked in the vector: the element of this layer.
        followed: The position that was clicked in the map: the element that it came from.
    """

    hovered = Signal(int)
    picked = Signal(int)
    followed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAccessibleName("Which cell became which index")
        self._shown: Unrolling | None = None
        self._written: Cells | None = None
        self._look: tuple[Limits, str] | None = None
        self._image: QImage | None = None  # of a map with very many cells
        self._position = 0
        self._is_filling = False
        self._over = -1
        self._title = ""

    def show_unrolling(self, shown: Unrolling, limits: Limits, colormap: str, title: str) -> None:
        """Show a map and its cells as they follow each other."""
        self._shown, self._title = shown, title
        self._look = limits, colormap
        self._image = None
        if shown.count > _MOST_WRITTEN:  # so many cells are too small to be written in
            colors = to_rgb(indices(shown.cells.values[None], limits)[0], palette(colormap))
            self._image = picture(colors)
        else:
            self._written = cells(shown.cells.values[None], limits, palette(colormap), _DECIMALS)
        self.update()

    def show_position(self, position: int, is_filling: bool) -> None:
        """Stand at a cell; ``is_filling`` shows the vector only as far as that."""
        self._position, self._is_filling = position, is_filling
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 280)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 180)

    # ---------------------------------------------------------------- where things lie

    def _head(self) -> float:
        return theme.metrics("small").height() + 8

    def _grid(self) -> QRectF:
        assert self._shown is not None
        rows, columns = self._shown.cells.values.shape
        names = theme.metrics("small").horizontalAdvance(self._shown.name(self._shown.count - 1))
        room = self.width() - _STRIP_CELL[0] - 100 - max(40.0, names)
        across, down = room / columns, (self.height() - self._head() - 6) / rows
        side = min(_LARGEST_CELL, across, down)
        wide, high = (min(across, 8.0), min(down, 8.0)) if side < _LEAST_CELL else (side, side)
        return QRectF(3, self._head() + 3, max(8.0, columns * wide), max(8.0, rows * high))

    def map_cell(self, position: int) -> QRectF:
        """Return where a cell of the map is painted."""
        assert self._shown is not None
        grid = self._grid()
        rows, columns = self._shown.cells.values.shape
        across, down = grid.width() / columns, grid.height() / rows
        row, column = self._shown.cell(position)
        return QRectF(grid.left() + column * across, grid.top() + row * down, across, down)

    def _visible(self) -> tuple[int, int]:
        """Return the first cell of the vector that is seen, and how many are."""
        assert self._shown is not None
        count = self._shown.count
        room = max(1, int((self.height() - self._head() - 6) // _STRIP_CELL[1]))
        first = max(0, min(self._position - room // 2, count - room))
        return first, min(room, count)

    def vector_cell(self, position: int) -> QRectF:
        """Return where a cell of the vector is painted; it may lie outside."""
        first, _ = self._visible()
        left = self._grid().right() + 80
        return QRectF(left, self._head() + 3 + (position - first) * _STRIP_CELL[1], *_STRIP_CELL)

    def _place(self, point: QPointF) -> tuple[int, bool]:
        """Return the position at a point, and whether it is in the map; -1 for none."""
        if self._shown is None:
            return -1, False
        grid = self._grid()
        rows, columns = self._shown.cells.values.shape
        if grid.contains(point):
            row = min(rows - 1, int((point.y() - grid.top()) / grid.height() * rows))
            position = row * columns + min(columns - 1, int((point.x() - grid.left()) / grid.width() * columns))
            return (position, True) if position < self._shown.count else (-1, True)
        first, seen = self._visible()
        top = self.vector_cell(first)
        strip = QRectF(top.left(), top.top(), top.width() + 60, seen * top.height())
        if strip.contains(point):
            return first + min(seen - 1, int((point.y() - strip.top()) / top.height())), False
        return -1, False

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._shown is None or self._look is None:
            return
        painter = QPainter(self)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(3, 0, self._grid().right() + 70, self._head()), 0, self._title)
        strip = self.vector_cell(0)
        painter.drawText(QRectF(strip.left(), 0, 200, self._head()), 0, "vector")
        painter.drawText(QRectF(strip.right() + 8, 0, 80, self._head()), 0, "index")
        first, seen = self._visible()
        if self._image is not None:
            painter.drawImage(self._grid(), self._image)
            strip_of = self._shown.cells.row_of(first, seen)
            self._written = cells(strip_of[None], self._look[0], palette(self._look[1]), _DECIMALS)
        else:
            for position in range(self._shown.count):
                is_gone = self._is_filling and position <= self._position
                self._paint_cell(painter, self.map_cell(position), position, 0.35 if is_gone else 1.0)
        for position in range(first, first + seen):
            rect = self.vector_cell(position)
            if self._is_filling and position > self._position:
                painter.fillRect(rect.adjusted(0, 0, -1, -1), theme.color("canvas"))
            else:
                self._paint_cell(painter, rect, position, 1.0)
            painter.setPen(theme.color("text" if position == self._position else "muted"))
            where = QRectF(rect.right() + 8, rect.top(), 200, rect.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, self._shown.name(position))
        self._paint_way(painter)

    def _paint_cell(self, painter: QPainter, rect: QRectF, position: int, opacity: float) -> None:
        assert self._shown is not None
        assert self._written is not None
        row, column = self._shown.cell(position) if self._image is None else (0, position - self._visible()[0])
        gap = 1.0 if rect.width() >= 6 else 0.0
        painter.setOpacity(opacity)
        inner = rect.adjusted(0, 0, -gap, -gap)
        painter.fillRect(inner, QColor(*(int(each) for each in self._written.rgb[0, row, column])))
        text = self._written.texts[0][row][column]
        metrics = QFontMetricsF(painter.font())
        if metrics.horizontalAdvance(text) <= inner.width() - 2 and metrics.height() <= inner.height() + 2:
            painter.setPen(QColor("#000000" if self._written.black[0, row, column] else "#ffffff"))
            painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, text)
        painter.setOpacity(1.0)

    def _paint_way(self, painter: QPainter) -> None:
        cell, place = self.map_cell(self._position), self.vector_cell(self._position)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        way = QPainterPath(QPointF(self._grid().right() + 4, cell.center().y()))
        middle = (self._grid().right() + place.left()) / 2
        way.cubicTo(
            QPointF(middle, cell.center().y()),
            QPointF(middle, place.center().y()),
            QPointF(place.left() - 4, place.center().y()),
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 150), 4))
        painter.drawPath(way)
        painter.setPen(QPen(theme.color("mark"), 2))
        painter.drawPath(way)
        for rect in (cell, place):
            paint_mark(painter, rect.adjusted(0, 0, -1, -1), 2 if rect.width() >= 6 else 1)

    # ---------------------------------------------------------------- events

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position, _ = self._place(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if position >= 0 else Qt.CursorShape.ArrowCursor)
        if position != self._over and not self._scrolls(event.position()):
            self._over = position
            self.hovered.emit(position)

    def _scrolls(self, point: QPointF) -> bool:
        """Whether showing what is under the cursor would move it away: the vector is scrolled to its middle."""
        if self._shown is None:
            return False
        _, in_map = self._place(point)
        return not in_map and self._visible()[1] < self._shown.count

    def leaveEvent(self, event: QEvent) -> None:
        self._over = -1
        self.hovered.emit(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        position, in_map = self._place(event.position())
        if position >= 0 and event.button() == Qt.MouseButton.LeftButton:
            (self.followed if in_map else self.picked).emit(position)
