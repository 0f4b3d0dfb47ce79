"""Where tiles of pixels are looked at: the only file that knows pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyqtgraph
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QGraphicsView, QSizePolicy

from inspector import render
from inspector.render import Grid, Index, Place, Sheet, Specials
from inspector.ui import theme
from inspector.ui.widgets import paint_focus, paint_mark

EDGE = 6  # pixels round the tiles, for the frame of one that lies at the rim
BAR_WIDTH = 12
CELL_PIXELS = 64  # an element is not enlarged beyond this
STEP = 1.25  # of a click of the wheel


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands beside a color bar.

    Attributes:
        colors: ``(256, 3)``, the lowest first.
        low, high: The limits, as text.
        marks: Numbers between them: where (0 at the low end, 1 at the high one), and as text.
    """

    colors: Index
    low: str
    high: str
    marks: Sequence[tuple[float, str]] = ()


class MosaicCanvas(pyqtgraph.GraphicsView):  # type: ignore[misc]
    """Tiles in rows, as large as they fit; the wheel enlarges, dragging moves, a double click shows all again.

    However many elements there are: what is computed for a picture are the pixels of the screen.

    Signals:
        hovered: The ``Place`` under the cursor, or None.
        picked: The ``Place`` that was clicked.
        channel_wanted: The channel that was gone to with the keys.
    """

    hovered = Signal(object)
    picked = Signal(object)
    channel_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__(background=theme.color("panel"))
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(False)  # files are dropped on the window
        self.viewport().setAcceptDrops(False)
        self.item = pyqtgraph.ImageItem(axisOrder="row-major")
        self._special_item = pyqtgraph.ImageItem(axisOrder="row-major")
        self.addItem(self.item)
        self.addItem(self._special_item)
        self._tiles: Index | None = None
        self._colors: Index | None = None
        self._found: Specials | None = None
        self._bar: Bar | None = None
        self._has_row_numbers = True
        self._fills = False
        self._channel = -1
        self._element: tuple[int, int] | None = None
        self._is_dimmed = False
        self._grid: Grid | None = None
        self._sheet: Sheet | None = None
        self._sheet_zoom = 0.0
        self._gutter = self._bar_room = float(EDGE)
        self._box = QSize(8, 8)  # pixels of the screen that there are for tiles
        self._zoom = 1.0
        self._left = self._top = 0.0  # of the view, in the mosaic's pixels
        self._pressed_at: QPoint | None = None
        self._dragged = False
        self._keyboard_focus = False
        self._layout_key: tuple[object, ...] = ()

    # ---------------------------------------------------------------- what is shown

    def show_tiles(
        self,
        tiles: Index,
        colors: Index | None = None,
        found: Specials | None = None,
        bar: Bar | None = None,
        row_numbers: bool = True,
        fills: bool = False,
    ) -> None:
        """Show tiles.

        Args:
            tiles: ``(channels, height, width)`` palette indices, or ``(channels, height, width, 3)`` colors.
            colors: The palette, for indices.
            found: NaN and Inf among them.
            bar: The color bar.
            row_numbers: Write the number of the first channel before each row.
            fills: Give a single tile all the room, though its elements are no squares then.
        """
        same = self._tiles is not None and self._tiles.shape == tiles.shape
        if tiles is not self._tiles:
            self._sheet_zoom = 0.0
        self._tiles, self._colors, self._found, self._bar = tiles, colors, found, bar
        self._has_row_numbers, self._fills = row_numbers, fills
        if not same:
            self._layout_key = ()
        self._arrange()

    def set_selection(self, channel: int, element: tuple[int, int] | None = None) -> None:
        """Frame a channel's tile (-1 for none), and an element in it."""
        self._channel, self._element = channel, element
        self.viewport().update()

    def set_dimmed(self, is_dimmed: bool) -> None:
        """Show that the picture is about to be replaced."""
        self._is_dimmed = is_dimmed
        self.viewport().update()

    def fit(self) -> None:
        """Show all tiles."""
        self._zoom, self._left, self._top = 1.0, 0.0, 0.0
        self._sample()

    @property
    def grid(self) -> Grid | None:
        """How the tiles lie, in pixels of the screen."""
        return self._grid

    @property
    def zoom(self) -> float:
        """How much larger than at first the tiles are shown."""
        return self._zoom

    def position_of(self, place: Place) -> QPointF:
        """Return the middle of an element, in the widget's coordinates."""
        if self._grid is None:
            return QPointF()
        left, top, width, height = self._grid.cell(place)
        return self._on_widget(QRectF(left, top, width, height)).center()

    # ---------------------------------------------------------------- geometry

    def _ratio(self) -> float:
        return float(self.devicePixelRatioF())

    def _metrics(self) -> QFontMetricsF:
        return QFontMetricsF(theme.font("small"))

    def _measure(self) -> None:
        """Find how much room there is for tiles, between the row numbers and the color bar."""
        metrics = self._metrics()
        self._gutter = self._bar_room = float(EDGE)
        if self._has_row_numbers and self._tiles is not None and self._tiles.shape[0] > 1:
            self._gutter = metrics.horizontalAdvance("0" * len(str(self._tiles.shape[0] - 1))) + 10 + EDGE
        if self._bar is not None:
            texts = (self._bar.low, self._bar.high, *(text for _, text in self._bar.marks))
            self._bar_room = 10 + BAR_WIDTH + 6 + max(metrics.horizontalAdvance(text) for text in texts)
        ratio, width = self._ratio(), self.width() - self._gutter - self._bar_room
        self._box = QSize(max(8, int(width * ratio)), max(8, int((self.height() - 2 * EDGE) * ratio)))

    def _view(self) -> QRectF:
        """Return where tiles are painted, in the widget's coordinates."""
        if self._grid is None:
            return QRectF()
        box, ratio = self._box, self._ratio()
        height, width = self._grid.size
        shown = QSize(min(box.width(), round(width * self._zoom)), min(box.height(), round(height * self._zoom)))
        left, top = (round(each * ratio) / ratio for each in (self._gutter, EDGE))  # on whole pixels of the screen
        return QRectF(left, top, shown.width() / ratio, shown.height() / ratio)

    def _on_widget(self, rect: QRectF) -> QRectF:
        """Return a rectangle of the mosaic in the widget's coordinates."""
        view, factor = self._view(), self._zoom / self._ratio()
        return QRectF(
            view.left() + (rect.left() - self._left) * factor,
            view.top() + (rect.top() - self._top) * factor,
            rect.width() * factor,
            rect.height() * factor,
        )

    def _in_mosaic(self, point: QPointF) -> QPointF:
        view, factor = self._view(), self._ratio() / self._zoom
        return QPointF(self._left + (point.x() - view.left()) * factor, self._top + (point.y() - view.top()) * factor)

    def place_at(self, point: QPointF) -> Place | None:
        """Return the element painted at a point of the widget."""
        if self._grid is None or not self._view().contains(point):
            return None
        at = self._in_mosaic(point)
        return self._grid.channel_at(at.x(), at.y())

    def _arrange(self) -> None:
        """Lay the tiles out anew if the room or the tiles are other ones."""
        if self._tiles is None:
            return
        self._measure()
        box = self._box
        key = (self._tiles.shape[:3], box.width(), box.height(), self._ratio(), self._fills)
        if key != self._layout_key:
            self._layout_key = key
            channels, height, width = self._tiles.shape[:3]
            gap = max(1, round(self._ratio()))
            self._grid = render.best_grid(channels, height, width, box.width(), box.height(), gap, self._fills)
            self._zoom, self._left, self._top = 1.0, 0.0, 0.0
            self._sheet_zoom = 0.0
        self._sample()

    def _sample(self) -> None:
        """Compute the pixels of the screen."""
        if self._tiles is None or self._grid is None:
            return
        if self._sheet is None or self._sheet_zoom != self._zoom:
            if self._sheet_zoom == 0 or self._grid.is_reduced:
                self._sheet = render.sheet(self._tiles, self._grid, self._found, self._zoom)
            self._sheet_zoom = self._zoom
        assert self._sheet is not None
        view, ratio = self._view(), self._ratio()
        width, height = round(view.width() * ratio), round(view.height() * ratio)
        seen = render.window(self._sheet, self._left, self._top, width, height, self._zoom)
        place = QTransform().translate(view.left(), view.top()).scale(1 / ratio, 1 / ratio)
        self.item.setTransform(place)
        self.item.setImage(seen.pixels, autoLevels=False, lut=self._colors)
        self._special_item.setVisible(seen.kinds is not None)
        if seen.kinds is not None:
            self._special_item.setTransform(place)
            self._special_item.setImage(render.overlay(seen.kinds, max(1, round(2 * ratio))), autoLevels=False)
        self.viewport().update()

    def _move_to(self, left: float, top: float) -> None:
        if self._grid is None:
            return
        view, factor = self._view(), self._ratio() / self._zoom
        height, width = self._grid.size
        self._left = max(0.0, min(left, width - view.width() * factor))
        self._top = max(0.0, min(top, height - view.height() * factor))

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Enlarge, so that what is at a point of the widget stays there."""
        if self._grid is None:
            return
        anchor = self._in_mosaic(point)
        cells = CELL_PIXELS * self._ratio() * self._grid.height / self._grid.tile_height
        self._zoom = max(1.0, min(max(cells, self._zoom_of_tile()), self._zoom * factor))
        view, scale = self._view(), self._ratio() / self._zoom
        self._move_to(anchor.x() - (point.x() - view.left()) * scale, anchor.y() - (point.y() - view.top()) * scale)
        self._sample()

    def _zoom_of_tile(self) -> float:
        """Return the zoom with which one tile fills the room."""
        if self._grid is None:
            return 1.0
        box = self._box
        return max(1.0, min(box.width() / (self._grid.tile_width + 4), box.height() / (self._grid.tile_height + 4)))

    def show_channel(self, channel: int) -> None:
        """Enlarge one channel to the whole view."""
        if self._grid is None:
            return
        left, top, width, height = self._grid.tile(channel)
        self._zoom = self._zoom_of_tile()
        view, factor = self._view(), self._ratio() / self._zoom
        self._move_to(left + width / 2 - view.width() * factor / 2, top + height / 2 - view.height() * factor / 2)
        self._sample()

    # ---------------------------------------------------------------- painting

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        if self._grid is None or self._tiles is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        view = self._view()
        panel = theme.color("panel")
        painter.save()
        painter.setClipRect(view)
        for gap in self._gaps():
            painter.fillRect(gap, panel)
        painter.restore()
        self._paint_marks(painter, view)
        if self._gutter > EDGE:
            painter.fillRect(QRectF(0, 0, view.left() - EDGE, self.height()), panel)
            self._paint_row_numbers(painter, view)
        if self._bar is not None:
            self._paint_bar(painter, view, self._bar)
        if self._is_dimmed:
            panel.setAlphaF(0.5)
            painter.fillRect(self.rect(), panel)
        if self.hasFocus() and self._keyboard_focus:
            paint_focus(painter, QRectF(self.rect()))

    def _gaps(self) -> list[QRectF]:
        """Return the parts of the view that hold no tile, in the widget's coordinates."""
        grid = self._grid
        assert grid is not None
        height, width = grid.size
        (down, across), gap = grid.pitch, grid.gap
        found = [QRectF(0, row * down - gap, width, gap) for row in range(1, grid.rows)]
        found += [QRectF(column * across - gap, 0, gap, height) for column in range(1, grid.columns)]
        last = grid.channels - (grid.rows - 1) * grid.columns
        if last < grid.columns:
            left, top = last * across - gap, (grid.rows - 1) * down
            found.append(QRectF(left, top, width - left, height - top))
        return [self._on_widget(each) for each in found]

    def _paint_marks(self, painter: QPainter, view: QRectF) -> None:
        grid = self._grid
        assert grid is not None
        if not 0 <= self._channel < grid.channels:
            return
        painter.save()
        painter.setClipRect(view.adjusted(-EDGE, -EDGE, EDGE, EDGE))
        tile = self._on_widget(QRectF(*grid.tile(self._channel)))
        if grid.channels > 1:
            small = min(tile.width(), tile.height()) < 12
            paint_mark(painter, tile, 1 if small else 3)
        if self._element is not None and min(tile.width(), tile.height()) >= 40 and grid.height * grid.width > 1:
            painter.setClipRect(view)
            cell = self._on_widget(QRectF(*grid.cell(Place(self._channel, *self._element))))
            paint_mark(painter, cell, 2 if cell.width() >= 3 else 1)
        painter.restore()

    def _paint_row_numbers(self, painter: QPainter, view: QRectF) -> None:
        grid = self._grid
        assert grid is not None
        metrics = self._metrics()
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        end = -1e9
        for row in range(grid.rows):
            tile = self._on_widget(QRectF(*grid.tile(row * grid.columns)))
            middle = tile.center().y()
            if middle - metrics.height() / 2 < end + 2 or not view.top() - 2 <= middle <= view.bottom() + 2:
                continue
            end = middle + metrics.height() / 2
            where = QRectF(0, middle - metrics.height() / 2, view.left() - 10, metrics.height())
            painter.drawText(
                where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(row * grid.columns)
            )

    def _paint_bar(self, painter: QPainter, view: QRectF, bar: Bar) -> None:
        metrics = self._metrics()
        height = max(view.height(), min(120.0, self.height() - 2.0 * EDGE))
        where = QRectF(view.right() + 10, view.top(), BAR_WIDTH, height)
        painter.fillRect(QRectF(where.left() - 4, 0, self.width(), self.height()), theme.color("panel"))
        column = bar.colors[::-1].copy()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(where, QImage(column.data, 1, len(column), 3, QImage.Format.Format_RGB888))
        painter.restore()
        painter.setFont(theme.font("small"))
        left, line = where.right() + 6, metrics.height()
        taken = [where.top() + line / 2, where.bottom() - line / 2]
        painter.setPen(theme.color("text"))
        for middle, text in zip(taken, (bar.high, bar.low), strict=True):
            painter.drawText(QRectF(left, middle - line / 2, 200, line), Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(theme.color("muted"))
        for fraction, text in bar.marks:
            middle = where.bottom() - fraction * where.height()
            if all(abs(middle - other) >= line * 1.6 for other in taken):
                painter.drawText(QRectF(left, middle - line / 2, 200, line), Qt.AlignmentFlag.AlignVCenter, text)

    # ---------------------------------------------------------------- events

    def sizeHint(self) -> QSize:
        return QSize(420, 320)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 60)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_layout_key"):  # pyqtgraph calls this from its own __init__
            self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.setBackground(theme.color("panel"))
        elif event.type() in (QEvent.Type.FontChange, QEvent.Type.DevicePixelRatioChange):
            self._arrange()

    def focusInEvent(self, event: QEvent) -> None:
        super().focusInEvent(event)
        keys = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        self._keyboard_focus = event.reason() in keys  # type: ignore[attr-defined]
        self.viewport().update()

    def focusOutEvent(self, event: QEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        if steps:
            self.zoom_at(event.position(), STEP**steps)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed_at, self._dragged = event.position().toPoint(), False
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed_at is not None and event.buttons():
            moved = at.toPoint() - self._pressed_at
            if self._dragged or moved.manhattanLength() >= QApplication.startDragDistance():
                self._dragged = True
                factor = self._ratio() / self._zoom
                self._pressed_at = at.toPoint()
                self._move_to(self._left - moved.x() * factor, self._top - moved.y() * factor)
                self._sample()
            return
        self.hovered.emit(self.place_at(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = self._pressed_at is not None and not self._dragged and event.button() == Qt.MouseButton.LeftButton
        self._pressed_at = None
        if clicked and (place := self.place_at(event.position())) is not None:
            self.picked.emit(place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._zoom > 1:
            self.fit()
        elif (place := self.place_at(event.position())) is not None:
            self.show_channel(place.channel)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        grid = self._grid
        if grid is None or event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
            return
        last, now = grid.channels - 1, max(0, self._channel)
        goals = {
            Qt.Key.Key_Left: now - 1,
            Qt.Key.Key_Right: now + 1,
            Qt.Key.Key_Up: now - grid.columns,
            Qt.Key.Key_Down: now + grid.columns,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if (goal := goals.get(Qt.Key(event.key()))) is not None:
            if 0 <= goal <= last:
                self.channel_wanted.emit(goal)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_at(self._view().center(), STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom_at(self._view().center(), 1 / STEP)
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        else:
            event.ignore()
