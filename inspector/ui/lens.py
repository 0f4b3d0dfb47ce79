"""Which part of a mosaic is seen, where in a widget, and how much enlarged."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize

from inspector.render.grid import Grid, Place

CELL_PIXELS = 64  # an element is not enlarged beyond this


class Lens:
    """Leads from the tiles of a mosaic to points of the widget that shows them, and back.

    Attributes:
        grid: How the tiles lie, in pixels of the screen at first.
        box: Pixels of the screen that there are for tiles.
        ratio: Pixels of the screen for each of the widget's.
        zoom: How much larger than at first the tiles are shown, 1 or more.
        left, top: Of what is seen, in the mosaic's pixels.
    """

    def __init__(self, grid: Grid, box: QSize, corner: QPointF, ratio: float) -> None:
        self.grid = grid
        self.box = box
        self.ratio = ratio
        self._corner = QPointF(*(round(each * ratio) / ratio for each in corner.toTuple()))  # on whole pixels
        self.zoom = 1.0
        self.left = self.top = 0.0

    def fit(self) -> None:
        """Show all tiles."""
        self.zoom, self.left, self.top = 1.0, 0.0, 0.0

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the view in pixels of the screen."""
        height, width = self.grid.size
        return min(self.box.width(), round(width * self.zoom)), min(self.box.height(), round(height * self.zoom))

    @property
    def view(self) -> QRectF:
        """Where tiles are painted, in the widget's coordinates."""
        width, height = self.pixels
        return QRectF(self._corner.x(), self._corner.y(), width / self.ratio, height / self.ratio)

    def on_widget(self, rect: QRectF) -> QRectF:
        """Return a rectangle of the mosaic in the widget's coordinates."""
        factor = self.zoom / self.ratio
        return QRectF(
            self._corner.x() + (rect.left() - self.left) * factor,
            self._corner.y() + (rect.top() - self.top) * factor,
            rect.width() * factor,
            rect.height() * factor,
        )

    def tile(self, channel: int) -> QRectF:
        """Return where a channel's tile is, in the widget's coordinates."""
        return self.on_widget(QRectF(*self.grid.tile(channel)))

    def cell(self, place: Place) -> QRectF:
        """Return where an element is, in the widget's coordinates."""
        return self.on_widget(QRectF(*self.grid.cell(place)))

    def place_at(self, point: QPointF) -> Place | None:
        """Return the element painted at a point of the widget."""
        if not self.view.contains(point):
            return None
        at = self._in_mosaic(point)
        return self.grid.channel_at(at.x(), at.y())

    def _in_mosaic(self, point: QPointF) -> QPointF:
        view, factor = self.view, self.ratio / self.zoom
        return QPointF(self.left + (point.x() - view.left()) * factor, self.top + (point.y() - view.top()) * factor)

    def move_to(self, left: float, top: float) -> None:
        """See the mosaic from this point on, as far as there are tiles."""
        view, factor = self.view, self.ratio / self.zoom
        height, width = self.grid.size
        self.left = max(0.0, min(left, width - view.width() * factor))
        self.top = max(0.0, min(top, height - view.height() * factor))

    def move_by(self, across: float, down: float) -> None:
        """Move by so many of the widget's pixels."""
        factor = self.ratio / self.zoom
        self.move_to(self.left + across * factor, self.top + down * factor)

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Enlarge, so that what is at a point of the widget stays there."""
        anchor = self._in_mosaic(point)
        cells = CELL_PIXELS * self.ratio * self.grid.height / self.grid.tile_height
        self.zoom = max(1.0, min(max(cells, self._zoom_of_tile()), self.zoom * factor))
        view, scale = self.view, self.ratio / self.zoom
        self.move_to(anchor.x() - (point.x() - view.left()) * scale, anchor.y() - (point.y() - view.top()) * scale)

    def show_channel(self, channel: int) -> None:
        """Enlarge one channel to the whole view."""
        left, top, width, height = self.grid.tile(channel)
        self.zoom = self._zoom_of_tile()
        view, factor = self.view, self.ratio / self.zoom
        self.move_to(left + width / 2 - view.width() * factor / 2, top + height / 2 - view.height() * factor / 2)

    def reveal(self, channel: int) -> None:
        """Move to one channel, no more enlarged than it is, if it is not wholly seen."""
        tile, view = self.tile(channel), self.view
        if not view.adjusted(-1, -1, 1, 1).contains(tile):
            middle = tile.center() - view.center()
            self.move_by(middle.x(), middle.y())

    def _zoom_of_tile(self) -> float:
        """Return the zoom with which one tile fills the box."""
        across = self.box.width() / (self.grid.tile_width + 4)
        return max(1.0, min(across, self.box.height() / (self.grid.tile_height + 4)))

    def gaps(self) -> list[QRectF]:
        """Return the parts of the view that hold no tile, in the widget's coordinates."""
        grid = self.grid
        height, width = grid.size
        (down, across), gap = grid.pitch, grid.gap
        found = [QRectF(0, row * down - gap, width, gap) for row in range(1, grid.rows)]
        found += [QRectF(column * across - gap, 0, gap, height) for column in range(1, grid.columns)]
        last = grid.channels - (grid.rows - 1) * grid.columns
        if last < grid.columns:
            left, top = last * across - gap, (grid.rows - 1) * down
            found.append(QRectF(left, top, width - left, height - top))
        return [self.on_widget(each) for each in found]
