"""Where tiles of pixels are looked at: the only file that knows pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pyqtgraph
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QGraphicsView, QSizePolicy

from inspector.graph.context import Rectangle
from inspector.render.arrays import Index, Values
from inspector.render.grid import Grid, Place, best_grid, one_to_one_grid
from inspector.render.indices import indices
from inspector.render.limits import Limits
from inspector.render.mosaic import Sheet, overlay, reduced, reduced_colors, sampled, sheet, window
from inspector.render.survey import Specials
from inspector.render.taken import Taken, taken
from inspector.ui import margins, theme
from inspector.ui.flags import Tone, paint_flags
from inspector.ui.later import Later
from inspector.ui.lens import Lens
from inspector.ui.margins import EDGE, Bar
from inspector.ui.painting import paint_focus

STEP = 1.25  # of a click of the wheel
AT_ONCE = 1 << 24  # elements that are averaged while the window waits, some 20 ms


class MosaicCanvas(pyqtgraph.GraphicsView):  # type: ignore[misc]
    """Tiles in rows, as large as they fit; the wheel enlarges, dragging moves, a double click shows all again.

    However many elements there are: they are reduced to the pixels of the screen once, and what depends on limits and
    colors is computed for these alone.

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
        self._tiles: Values | None = None  # numbers, or colors where there are no limits
        self._shape: tuple[int, ...] = ()
        self._limits: Limits | None = None
        self._colors: Index | None = None
        self._found: Specials | None = None
        self._bar: Bar | None = None
        self._has_row_numbers = True
        self._fills = False
        self._rows_are_channels = False
        self._channel = -1
        self._element: tuple[int, int] | None = None
        self._linked: tuple[tuple[int, int] | None, Rectangle | None] = None, None
        self._flags: Sequence[tuple[int, Tone]] = ()
        self._is_one_to_one = False
        self._is_dimmed = False
        self._lens: Lens | None = None
        self._reduced: Values | None = None  # the tiles, as many elements as are seen
        self._number = 0  # of the tiles, to tell them from those before
        self._means = Later(self)  # of very many elements
        self._means.done.connect(self._take_means)
        self._sheet: Sheet | None = None
        self._sheet_zoom = 0.0
        self._is_stale = False  # the pixels of the screen are still to be computed
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.settle)
        self._pressed_at: QPoint | None = None
        self._dragged = False
        self._keyboard_focus = False
        self._layout_key: tuple[object, ...] = ()

    # ---------------------------------------------------------------- what is shown

    def show_maps(
        self,
        maps: Values,
        limits: Limits,
        colors: Index,
        found: Specials | None = None,
        bar: Bar | None = None,
        row_numbers: bool = True,
        fills: bool = False,
    ) -> None:
        """Show numbers by a palette.

        Args:
            maps: ``(channels, height, width)``; not copied, and not to be changed while they are shown.
            limits: Of the palette.
            colors: The palette.
            found: NaN and Inf among them.
            bar: The color bar.
            row_numbers: Write the number of the first channel before each row.
            fills: Give a single tile all the room, though its elements are no squares then.
        """
        self._show_numbers(maps, limits, colors, found, bar, (row_numbers, fills, False))

    def show_rows(self, rows: Values, limits: Limits, colors: Index, found: Specials, bar: Bar) -> None:
        """Show signals, ``(1, channels, samples)``: each row is a channel, in places and as a selection too."""
        self._show_numbers(rows, limits, colors, found, bar, (True, True, True))

    def _show_numbers(
        self,
        maps: Values,
        limits: Limits,
        colors: Index,
        found: Specials | None,
        bar: Bar | None,
        flags: tuple[bool, bool, bool],
    ) -> None:
        is_same = self._limits is not None and self._limits.is_same(limits)
        before = (self._has_row_numbers, self._fills, self._rows_are_channels)
        looks_same = is_same and colors is self._colors and found is self._found and _are_same(bar, self._bar)
        if looks_same and maps is self._tiles and flags == before:
            return  # panels draw whenever anything changes
        self._limits, self._colors, self._found, self._bar = limits, colors, found, bar
        self._has_row_numbers, self._fills, self._rows_are_channels = flags
        self._show(maps, is_same)

    def show_colors(self, tiles: Index) -> None:
        """Show small pictures, ``(tiles, height, width, 3)`` RGB."""
        self._limits = self._colors = self._found = self._bar = None
        self._has_row_numbers = self._fills = self._rows_are_channels = False
        self._show(tiles, is_same=True)

    def _show(self, tiles: Values, is_same: bool) -> None:
        if self._shape != tiles.shape:
            self._shape, self._layout_key, self._is_one_to_one, self._flags = tiles.shape, (), False, ()
        if tiles is not self._tiles:
            self._reduced = None
            self._number += 1
            self._means.forget()
        if not is_same:
            self._sheet = None
        self._tiles = tiles
        self._arrange()

    def let_go(self) -> None:
        """Hold no numbers any more; what is painted stays until others are shown, and so does the part that is seen."""
        self._tiles = self._reduced = self._found = None
        self._means.forget()

    def set_selection(self, channel: int, element: tuple[int, int] | None = None) -> None:
        """Frame a channel's tile (-1 for none), and an element in it."""
        if (channel, element) != (self._channel, self._element):
            self._channel, self._element = channel, element
            self._repaint()

    def _repaint(self) -> None:
        if not self._is_stale:  # else that follows
            self.viewport().update()

    def set_flags(self, flags: Sequence[tuple[int, Tone]]) -> None:
        """Mark tiles that stand out, each by its place and in a tone."""
        if flags != self._flags:
            self._flags = flags
            self.viewport().update()

    def set_linked(self, cursor: tuple[int, int] | None, reached: Rectangle | None = None) -> None:
        """Mark in the selected tile where the pointer is in another panel, or what a pixel of the picture reaches."""
        if (cursor, reached) != self._linked:
            self._linked = cursor, reached
            self.viewport().update()

    def set_dimmed(self, is_dimmed: bool) -> None:
        """Show that the picture is about to be replaced."""
        self._is_dimmed = is_dimmed
        self.viewport().update()

    def fit(self) -> None:
        """Show all tiles."""
        if self._is_one_to_one:
            self._is_one_to_one, self._layout_key = False, ()
            self._arrange()
        if self._lens is not None:
            self._lens.fit()
            self._sample()

    def show_one_to_one(self) -> None:
        """Show one element on one pixel of the screen, the selected tile among those that are seen."""
        self._is_one_to_one, self._layout_key = True, ()
        self._arrange()
        self.reveal(self._channel)

    def reveal(self, channel: int) -> None:
        """Bring a channel into view, where only a part of the tiles is seen."""
        if self._lens is not None and 0 <= channel < self._lens.grid.channels:
            self._lens.reveal(channel)
            self._sample()

    @property
    def grid(self) -> Grid | None:
        """How the tiles lie, in pixels of the screen."""
        return self._lens.grid if self._lens is not None else None

    @property
    def zoom(self) -> float:
        """How much larger than at first the tiles are shown."""
        return self._lens.zoom if self._lens is not None else 1.0

    def position_of(self, place: Place) -> QPointF:
        """Return the middle of an element, in the widget's coordinates."""
        return self._lens.cell(self._turned(place)).center() if self._lens is not None else QPointF()

    def place_at(self, point: QPointF) -> Place | None:
        """Return the element painted at a point of the widget."""
        place = self._lens.place_at(point) if self._lens is not None else None
        return self._turned(place) if place is not None else None

    def _turned(self, place: Place) -> Place:
        """Exchange channel and row where the rows are channels: from what a place means to where it lies, and back."""
        return Place(place.row, place.channel, place.column) if self._rows_are_channels else place

    def taken(self, tile: int) -> Taken | None:
        """Return one tile by itself; None where there is no such one."""
        tiles = self._tiles
        if tiles is None or not 0 <= tile < len(tiles):
            return None
        if self._limits is None or self._colors is None:
            return Taken(tiles[tile].copy())
        return taken(tiles[tile], self._limits, self._colors, tile)

    def tile_at(self, point: QPointF) -> int:
        """Return the number of the tile painted at a point of the widget; -1 for none."""
        place = self._lens.place_at(point) if self._lens is not None else None
        return place.channel if place is not None else -1

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Enlarge, so that what is at a point of the widget stays there."""
        if self._lens is not None:
            self._lens.zoom_at(point, factor)
            self._sample()

    def show_channel(self, channel: int) -> None:
        """Enlarge one channel to the whole view."""
        if self._lens is not None:
            self._lens.show_channel(channel)
            self._sample()

    # ---------------------------------------------------------------- from tiles to pixels

    def _ratio(self) -> float:
        return float(self.devicePixelRatioF())

    def _arrange(self) -> None:
        """Lay the tiles out anew if the room or the tiles are other ones."""
        if self._tiles is None:
            return
        channels, height, width = self._tiles.shape[:3]
        ratio = self._ratio()
        numbered = height if self._rows_are_channels else channels
        gutter = margins.room_for_row_numbers(numbered) if self._has_row_numbers and numbered > 1 else EDGE
        foot = margins.room_for_samples() if self._rows_are_channels else EDGE
        across = self.width() - gutter - (margins.room_for_bar(self._bar) if self._bar is not None else EDGE)
        box = QSize(max(8, int(across * ratio)), max(8, int((self.height() - EDGE - foot) * ratio)))
        key = (gutter, box.width(), box.height(), ratio, self._fills, self._is_one_to_one)
        if self._lens is None or key != self._layout_key:
            self._layout_key = key
            gap = max(1, round(ratio))
            if self._is_one_to_one:
                grid = one_to_one_grid(channels, height, width, box.width(), gap)
            else:
                grid = best_grid(channels, height, width, box.width(), box.height(), gap, self._fills)
            self._lens = Lens(grid, box, QPointF(gutter, EDGE), ratio)
            self._reduced = None
        self._sample()

    def _laid_out(self, lens: Lens, tiles: Values) -> Sheet:
        """Return the tiles with the elements that are seen at this zoom, computed anew where they must be."""
        if self._reduced is None or (lens.zoom != self._sheet_zoom and lens.grid.is_reduced):
            self._reduced = self._fewer(lens, tiles)
            self._sheet, self._sheet_zoom = None, lens.zoom
        if self._sheet is None:
            drawn = indices(self._reduced, self._limits) if self._limits is not None else self._reduced
            self._sheet = sheet(drawn, lens.grid, self._found, lens.zoom)  # type: ignore[arg-type]
        return self._sheet

    def _fewer(self, lens: Lens, tiles: Values) -> Values:
        """Return the tiles with the elements that are seen; of very many a sample at once, and their means later."""
        if self._limits is None:
            return reduced_colors(tiles, lens.grid, lens.zoom)  # type: ignore[arg-type]
        if tiles.size <= AT_ONCE:
            return reduced(tiles, lens.grid, lens.zoom)
        key = (self._number, lens.grid, lens.zoom)
        means = self._means.result(key, partial(reduced, tiles, lens.grid, lens.zoom))
        return means if means is not None else sampled(tiles, lens.grid, lens.zoom)

    @Slot()
    def _take_means(self) -> None:
        self._reduced = None
        self._sample()

    def _sample(self) -> None:
        """Compute the pixels of the screen, once all that changes now has changed: a layout follows a selection."""
        self._is_stale = True
        self._soon.start()

    @Slot()
    def settle(self) -> None:
        """Compute the pixels of the screen now, if that is still to be done."""
        lens, is_stale, self._is_stale = self._lens, self._is_stale, False
        self._soon.stop()
        if not is_stale or self._tiles is None or lens is None:
            return
        lying = self._laid_out(lens, self._tiles)
        seen = window(lying, lens.left, lens.top, *lens.pixels, lens.zoom)
        corner, ratio = lens.view.topLeft(), lens.ratio
        place = QTransform().translate(corner.x(), corner.y()).scale(1 / ratio, 1 / ratio)
        self.item.setTransform(place)
        self.item.setImage(seen.pixels, autoLevels=False, lut=self._colors)
        self._special_item.setVisible(seen.kinds is not None)
        if seen.kinds is not None:
            self._special_item.setTransform(place)
            self._special_item.setImage(overlay(seen.kinds, max(1, round(2 * ratio))), autoLevels=False)
        self.viewport().update()

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        self.settle()
        super().paintEvent(event)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        lens = self._lens
        if lens is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        margins.paint_gaps(painter, lens)
        if self._rows_are_channels:
            margins.paint_row(painter, lens, self._channel, self._element[1] if self._element else None)
            margins.paint_channel_numbers(painter, lens, self)
            margins.paint_samples(painter, lens, self)
        else:
            paint_flags(painter, lens, self._flags)
            margins.paint_marks(painter, lens, self._channel, self._element)
            margins.paint_linked(painter, lens, self._channel, *self._linked)
        if self._has_row_numbers and lens.grid.channels > 1:
            margins.paint_row_numbers(painter, lens, self)
        if self._bar is not None:
            margins.paint_bar(painter, lens, self, self._bar)
        if self._is_dimmed:
            veil = theme.color("panel")
            veil.setAlphaF(0.5)
            painter.fillRect(self.rect(), veil)
        if self.hasFocus() and self._keyboard_focus:
            paint_focus(painter, QRectF(self.rect()))

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

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.ignore()  # it is the panel's

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
                self._pressed_at = at.toPoint()
                if self._lens is not None:
                    self._lens.move_by(-moved.x(), -moved.y())
                    self._sample()
            return
        self.hovered.emit(self.place_at(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = self._pressed_at is not None and not self._dragged and event.button() == Qt.MouseButton.LeftButton
        self._pressed_at = None
        if clicked and (place := self.place_at(event.position())) is not None:
            self.picked.emit(place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.zoom > 1:
            self.fit()
        elif (place := self.place_at(event.position())) is not None:
            self.show_channel(self._turned(place).channel)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        lens = self._lens
        if lens is None or event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
            return
        last = (lens.grid.height if self._rows_are_channels else lens.grid.channels) - 1
        now = max(0, self._channel)
        goals = {
            Qt.Key.Key_Left: now - 1,
            Qt.Key.Key_Right: now + 1,
            Qt.Key.Key_Up: now - lens.grid.columns,
            Qt.Key.Key_Down: now + lens.grid.columns,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if (goal := goals.get(Qt.Key(event.key()))) is not None:
            if 0 <= goal <= last:
                self.channel_wanted.emit(goal)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_at(lens.view.center(), STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom_at(lens.view.center(), 1 / STEP)
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        else:
            event.ignore()


def _are_same(bar: Bar | None, other: Bar | None) -> bool:
    if bar is None or other is None:
        return bar is other
    return bar.colors is other.colors and (bar.low, bar.high, bar.marks) == (other.low, other.high, other.marks)
