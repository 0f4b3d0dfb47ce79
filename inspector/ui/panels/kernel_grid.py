"""All kernels of a layer, a row for each output channel and a column for each input channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QTransform

from inspector.errors import InspectorError
from inspector.graph.model import Array
from inspector.render.arrays import Index
from inspector.render.grid import Grid
from inspector.render.indices import indices
from inspector.render.limits import Limits
from inspector.render.mosaic import Window, overlay, reduced, sheet, window
from inspector.render.survey import specials
from inspector.render.taken import Taken, taken
from inspector.ui import margins, theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.later import Later
from inspector.ui.lens import Lens
from inspector.ui.margins import EDGE
from inspector.ui.painting import paint_mark
from inspector.ui.panels.kernel_readout import GridSource

READ_AT_ONCE = 1 << 20  # numbers; more are read while the window goes on
LEAST_TILE = 9  # pixels a side, so that a kernel is told from its neighbour; what does not fit then is moved to
GAP = 2
MOST_LEAST = 28  # likewise of larger kernels

_Part = tuple[range, range, float]  # rows, columns, zoom


class KernelGrid(MosaicCanvas):
    """A mosaic of which only the part that is seen is read and drawn: there may be hundreds of thousands of tiles."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("All kernels")
        self._source: GridSource | None = None
        self._grid_limits: Limits | None = None
        self._palette: Index | None = None
        self._drawn: tuple[_Part, Array] | None = None  # the block that is seen
        self._key: tuple[object, ...] = ()
        self._later = Later(self)
        self._later.done.connect(self._take_block)
        self.tiles_read = 0  # of the part that is seen

    def show_grid(self, source: GridSource, limits: Limits, colors: Index) -> None:
        """Show kernels; only what of them is seen is read."""
        is_same = source is self._source and self._grid_limits is not None and self._grid_limits.is_same(limits)
        if is_same and colors is self._palette:
            return
        if source is not self._source:
            self._drawn = None
            self._later.forget()
        self._source, self._grid_limits, self._palette = source, limits, colors
        self._arrange()

    def clear(self) -> None:
        """Show nothing, and hold nothing."""
        self._source, self._drawn, self._lens, self._key = None, None, None, ()
        self._later.forget()

    def taken(self, tile: int) -> Taken | None:
        source, limits, colors = self._source, self._grid_limits, self._palette
        if source is None or limits is None or colors is None:
            return None
        rows, columns, _, _ = source.shape
        if not 0 <= tile < rows * columns:
            return None
        row, column = divmod(tile, columns)
        try:
            block = source.block(range(row, row + 1), slice(column, column + 1))
        except InspectorError:  # the panel says it when it draws again
            return None
        return taken(block[0], limits, colors)

    def set_selection(self, channel: int, element: tuple[int, int] | None = None) -> None:
        """Frame a tile (-1 for none); another one than before is moved into the view."""
        is_new = channel != self._channel
        super().set_selection(channel, element)
        if is_new:
            self.reveal(channel)

    def reveal(self, tile: int) -> None:
        """Move a tile into the view if it is outside."""
        lens = self._lens
        if lens is None or not 0 <= tile < lens.grid.channels:
            return
        rect, view = lens.tile(tile), lens.view
        across = min(0.0, rect.left() - view.left()) or max(0.0, rect.right() - view.right())
        down = min(0.0, rect.top() - view.top()) or max(0.0, rect.bottom() - view.bottom())
        if across or down:
            lens.move_by(across, down)
            self._sample()

    # ---------------------------------------------------------------- from tiles to pixels

    def _arrange(self) -> None:
        source = self._source
        if source is None:
            return
        rows, columns, height, width = source.shape
        ratio = self._ratio()
        gutter = margins.room_for_row_numbers(rows)
        head = margins.metrics().height() + 4
        across, down = (self.width() - gutter - EDGE) * ratio, (self.height() - head - EDGE) * ratio
        box = QSize(max(8, int(across)), max(8, int(down)))
        key = (source.shape, gutter, box.width(), box.height(), ratio)
        if self._lens is None or key != self._key:
            self._key = key
            grid = _grid(rows, columns, height, width, box, round(ratio))
            self._lens = Lens(grid, box, QPointF(gutter, head), ratio)
            self._drawn = None
            if self._channel >= 0:
                self.reveal(self._channel)
        self._sample()

    def _seen(self, lens: Lens) -> _Part:
        """Return the rows and columns of tiles that are seen, in part at least."""
        (down, across), (width, height) = lens.grid.pitch, lens.pixels
        first, left = int(lens.top // down), int(lens.left // across)
        last = min(lens.grid.rows, math.ceil((lens.top + height / lens.zoom) / down))
        right = min(lens.grid.columns, math.ceil((lens.left + width / lens.zoom) / across))
        return range(first, max(last, first + 1)), range(left, max(right, left + 1)), lens.zoom

    def _sample(self) -> None:
        lens, source = self._lens, self._source
        if lens is None or source is None or self._grid_limits is None:
            return
        part = self._seen(lens)
        if self._drawn is None or self._drawn[0] != part:
            block = self._block(source, part)
            self._drawn = None if block is None else (part, block)
        self.item.setVisible(self._drawn is not None)
        self._special_item.setVisible(False)
        if self._drawn is not None:
            self._put(lens, self._drawn[1], part, self._grid_limits)
        self.viewport().update()

    def _block(self, source: GridSource, part: _Part) -> Array | None:
        """Return the tiles of a part; None while they are being read, or if they cannot be."""
        rows, columns, _ = part
        read = partial(source.block, rows, slice(columns.start, columns.stop))
        try:
            if source.to_read(rows) <= READ_AT_ONCE:
                return read()
            return self._later.result((id(source), rows, columns), read)
        except InspectorError:  # the panel says it when it draws again
            return None

    def _put(self, lens: Lens, block: Array, part: _Part, limits: Limits) -> None:
        rows, columns, zoom = part
        whole = lens.grid
        grid = Grid(len(block), whole.height, whole.width, len(columns), whole.tile_height, whole.tile_width, whole.gap)
        lying = sheet(indices(reduced(block, grid, zoom), limits), grid, specials(block), zoom)
        left, top = lens.left - columns.start * whole.pitch[1], lens.top - rows.start * whole.pitch[0]
        self._paint_window(lens, window(lying, left, top, *lens.pixels, zoom))
        self.tiles_read = len(block)

    def _paint_window(self, lens: Lens, seen: Window) -> None:
        corner, ratio = lens.view.topLeft(), lens.ratio
        place = QTransform().translate(corner.x(), corner.y()).scale(1 / ratio, 1 / ratio)
        self.item.setTransform(place)
        self.item.setImage(seen.pixels, autoLevels=False, lut=self._palette)
        self._special_item.setVisible(seen.kinds is not None)
        if seen.kinds is not None:
            self._special_item.setTransform(place)
            self._special_item.setImage(overlay(seen.kinds, max(1, round(2 * ratio))), autoLevels=False)

    @Slot()
    def _take_block(self) -> None:
        self._drawn = None
        self._sample()

    # ---------------------------------------------------------------- painting

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        lens, source = self._lens, self._source
        if lens is None or source is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        rows, columns, _ = self._seen(lens)
        self._paint_gaps(painter, lens, rows, columns)
        painter.save()
        painter.setClipRect(lens.view.adjusted(-EDGE, -EDGE, EDGE, EDGE))
        if 0 <= self._channel < lens.grid.channels:
            tile = lens.tile(self._channel)
            paint_mark(painter, tile, 1 if min(tile.width(), tile.height()) < 12 else 2)
        painter.restore()
        self._paint_heads(painter, lens, source, rows, columns)

    def _paint_gaps(self, painter: QPainter, lens: Lens, rows: range, columns: range) -> None:
        grid = lens.grid
        (down, across), (height, width) = grid.pitch, grid.size
        painter.save()
        painter.setClipRect(lens.view)
        for row in rows:
            painter.fillRect(lens.on_widget(QRectF(0, row * down - grid.gap, width, grid.gap)), theme.color("border"))
        for column in columns:
            left = column * across - grid.gap
            painter.fillRect(lens.on_widget(QRectF(left, 0, grid.gap, height)), theme.color("border"))
        painter.restore()

    def _paint_heads(self, painter: QPainter, lens: Lens, source: GridSource, rows: range, columns: range) -> None:
        """Write the channel before each row and above each column, as many as there is room for."""
        measure, view = margins.metrics(), lens.view
        chosen = divmod(self._channel, lens.grid.columns) if self._channel >= 0 else (-1, -1)
        first = lens.tile(rows.start * lens.grid.columns + columns.start)
        painter.save()
        painter.setFont(theme.font("small"))
        down, across = (pitch * lens.zoom / lens.ratio for pitch in lens.grid.pitch)
        widest = measure.horizontalAdvance("0" * len(str(lens.grid.columns - 1))) + 6
        for row in _spaced(rows, down, measure.height(), chosen[0]):
            middle = first.center().y() + (row - rows.start) * down
            if view.top() <= middle <= view.bottom():
                room = QRectF(0, middle - 10, view.left() - 8, 20)
                painter.setPen(theme.color("text" if row == chosen[0] else "muted"))
                alignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(room, alignment, str(int(source.outputs[row])))
        for column in _spaced(columns, across, widest, chosen[1]):
            middle = first.center().x() + (column - columns.start) * across
            if view.left() <= middle <= view.right():
                room = QRectF(middle - widest, 0, 2 * widest, view.top() - 2)
                painter.setPen(theme.color("text" if column == chosen[1] else "muted"))
                painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, str(column))
        painter.restore()


def _grid(rows: int, columns: int, height: int, width: int, box: QSize, ratio: int) -> Grid:
    """Lay the tiles out so that all fit, or with the least size at which one is told from another."""
    ratio = max(1, ratio)
    gap = GAP * ratio
    fitting = min(
        ((box.width() + gap) / columns - gap) / width,
        ((box.height() + gap) / rows - gap) / height,
    )
    longest = max(height, width)
    least = ratio * min(max(LEAST_TILE, longest), MOST_LEAST) / longest
    scale = max(fitting, least if least < 1 else math.ceil(least))
    if scale >= 1:
        scale = math.floor(scale)
    scale = min(scale, box.width() / width, box.height() / height)  # one tile is always seen as a whole
    down, across = max(1, int(height * scale)), max(1, int(width * scale))
    if height == 1 and width > 1:
        down = max(down, LEAST_TILE * ratio)
    return Grid(rows * columns, height, width, columns, down, across, gap)


def _spaced(places: range, pitch: float, needed: float, chosen: int) -> Sequence[int]:
    """Return every so manieth place, so that their numbers have room, and the chosen one instead of its neighbours."""
    step = max(1, math.ceil(needed / pitch))
    step = next((each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if each >= step), step)
    kept = [place for place in places if place % step == 0 and not 0 < abs(place - chosen) * pitch < needed]
    return [*kept, chosen] if chosen in places and chosen not in kept else kept
