"""The network as it is seen: columns of maps, what leads from one to another, the picture and the answer."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPaintEvent, QPixmap

from inspector.graph.columns import Column
from inspector.render.arrays import Index
from inspector.render.columns import Tiles, pictured
from inspector.ui import theme
from inspector.ui.painting import paint_cross, paint_focus, paint_mark
from inspector.ui.panels import overview_painting as painting
from inspector.ui.panels.overview_moving import Moving
from inspector.ui.panels.overview_painting import Caption
from inspector.ui.panels.overview_pictures import ColumnPictures
from inspector.ui.panels.overview_places import STRIPE_ROOM, Places, Spot
from inspector.ui.panels.overview_scene import Scene

_CROSS_FROM = 28  # pixels of a tile in which an element is marked
_PICTURING_SECONDS = 0.012  # of one painting, on new columns
_MOST_PIXELS = 1 << 24  # of columns that are kept ready


class OverviewView(Moving):
    """The whole network, or a part of it."""

    def __init__(self, pictures: ColumnPictures) -> None:
        super().__init__()
        self.setAccessibleName("The network as columns of feature maps")
        self.pictures = pictures
        self.pictures.made.connect(self.update)
        self._ready: dict[int, tuple[object, QPixmap]] = {}
        self._ready_pixels = 0
        self._fed = QPixmap()
        self._fed_key: object = None
        self._is_dimmed = False
        self._crosses: Mapping[int, tuple[int, int]] = {}

    def show_crosses(self, crosses: Mapping[int, tuple[int, int]]) -> None:
        """Mark an element, ``(row, column)``, in all maps of columns."""
        if crosses != self._crosses:
            self._crosses = crosses
            self.update()

    def large_columns(self) -> tuple[int, ...]:
        """Return the columns that are seen, and large enough for an element of their maps to be found."""
        places = self.places()
        if places is None:
            return ()
        drawing, slack = places.drawing, self.slack()
        seen = places.seen(self._offset - slack, self._offset + self.width())
        all_seen = (place for number in seen for place in drawing.layered.generations[number])
        return tuple(
            place
            for place in all_seen
            if drawing.contents[place].kind == "maps" and places.spots[place].tile_width >= _CROSS_FROM
        )

    def show_scene(self, scene: Scene, keeps_place: bool) -> None:
        self._ready.clear()
        self._ready_pixels = 0
        super().show_scene(scene, keeps_place)

    def clear(self) -> None:
        self._ready.clear()
        self._ready_pixels = 0
        self._fed, self._fed_key = QPixmap(), None
        self._crosses = {}
        super().clear()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self._is_dimmed = is_dimmed
        self.update()

    def _moved(self) -> None:
        super()._moved()
        self.pictures.forget_wishes()  # only what is seen now is made

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        places, scene = self.places(), self._scene
        if places is None or scene is None:
            return
        slack = self.slack()
        painter.translate(round(slack - self._offset), 0)
        seen = places.seen(self._offset - slack, self._offset + self.width())
        if len(seen):
            painting.paint_ways(painter, places, seen)
            painting.paint_brackets(painter, scene.brackets, places, seen)
            self._paint_columns(painter, places, seen)
            first = places.generation_at(places.spots[self._selected].left) if self._selected in places.spots else -1
            ends = self._room_for_captions(places, scene)
            painting.paint_captions(painter, scene.captions, places, seen, first, ends)
        self._paint_fed(painter, places, scene)
        self._paint_end(painter, places, scene)
        if self.hasFocus() and self._by_keyboard:
            painter.resetTransform()
            paint_focus(painter, QRectF(self.rect()))

    def _room_for_captions(self, places: Places, scene: Scene) -> tuple[float, float]:
        """Return where the caption of the picture ends and that of the answer begins, or the view does."""
        metrics = theme.metrics("small")
        picture, answer = places.picture, places.answer
        widths = [
            max(map(metrics.horizontalAdvance, painting.lines_of(caption, metrics, room.width())))
            for caption, room in ((scene.fed, picture), (scene.answer, answer))
        ]
        slack = self.slack()
        left = max(self._offset - slack, picture.center().x() + widths[0] / 2)
        right = min(self._offset - slack + self.width(), answer.center().x() - widths[1] / 2)
        return left + 4, right - 4

    def _paint_columns(self, painter: QPainter, places: Places, seen: range) -> None:
        columns = places.drawing.columns.columns
        until = time.perf_counter() + _PICTURING_SECONDS
        is_late = False
        for number in seen:
            for place in places.drawing.layered.generations[number]:
                spot, column = places.spots[place], columns[place]
                kind = places.drawing.contents[place].kind
                if kind == "bar":
                    painting.paint_bar(painter, spot, column)
                    continue
                painting.paint_stripe(painter, spot, column)
                picture = self._picture(place, spot, column, time.perf_counter() < until) if kind != "blank" else None
                if picture is None:
                    painting.paint_empty(painter, spot)
                    is_late = is_late or time.perf_counter() >= until
                    continue
                painter.setOpacity(0.5 if self._is_dimmed else 1.0)
                painter.drawPixmap(QPointF(spot.left, spot.top), picture)
                painter.setOpacity(1.0)
                if place in self._crosses:
                    self._paint_crosses(painter, spot, column, self._crosses[place])
        if self._selected in places.spots:
            spot = places.spots[self._selected]
            is_bar = places.drawing.contents[self._selected].kind == "bar"
            paint_mark(painter, spot.rect.adjusted(-1, -1 if is_bar else -STRIPE_ROOM - 1, 1, 1))
        if is_late:
            self.update()

    def _paint_crosses(self, painter: QPainter, spot: Spot, column: Column, element: tuple[int, int]) -> None:
        tiles = self.pictures.there(column.shown)
        if tiles is None or tiles.form != "maps":
            return
        _, height, width = tiles.of
        row, across = element
        if not (0 <= row < height and 0 <= across < width):
            return
        for number in range(min(spot.count, len(tiles.index))):
            tile = spot.tile(number)
            cell = QSizeF(tile.width() / width, tile.height() / height)
            corner = QPointF(tile.left() + across * cell.width(), tile.top() + row * cell.height())
            paint_cross(painter, QRectF(corner, cell), tile)

    def _picture(self, place: int, spot: Spot, column: Column, may_make: bool) -> QPixmap | None:
        ratio = self.devicePixelRatioF()
        size = _enough(max(spot.tile_width, spot.tile_height) * ratio)
        tiles = self.pictures.of(column.shown, size, spot.count)
        if tiles is None:
            return None
        kept = self._ready.get(place)
        key = (id(tiles), spot.count, spot.across, spot.tile_width, spot.tile_height, ratio)
        if kept is not None and kept[0] == key:
            return kept[1]
        if not may_make:
            return kept[1] if kept is not None and kept[1].width() == spot.width * ratio else None
        picture = _pixmap(tiles, spot, ratio)
        if self._ready_pixels > _MOST_PIXELS:
            self._ready.clear()
            self._ready_pixels = 0
        self._ready[place] = key, picture
        self._ready_pixels += picture.width() * picture.height()
        return picture

    def _paint_fed(self, painter: QPainter, places: Places, scene: Scene) -> None:
        room = places.picture
        if scene.picture is None:
            where = QRectF(room.left(), places.axis - room.width() / 2, room.width(), room.width())
            painter.fillRect(where, theme.color("border"))
            painter.fillRect(where.adjusted(1, 1, -1, -1), theme.color("canvas"))
        else:
            height, width, _ = scene.picture.shape
            scale = min(room.width() / width, 2 * room.width() / height, room.height() / height)
            size = QSize(max(1, round(width * scale)), max(1, round(height * scale)))
            where = QRectF(room.right() - size.width(), places.axis - size.height() / 2, size.width(), size.height())
            painter.drawPixmap(where.topLeft().toPoint(), self._scaled(scene.picture, size))
        _write(painter, scene.fed, room.center().x(), places.bottom + 6, room.width())

    def _scaled(self, pixels: Index, size: QSize) -> QPixmap:
        ratio = self.devicePixelRatioF()
        key = (id(pixels), size.width(), size.height(), ratio)
        if key != self._fed_key:
            height, width, _ = pixels.shape
            image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            smooth = Qt.TransformationMode.SmoothTransformation
            self._fed = QPixmap.fromImage(image.scaled(size * ratio, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
            self._fed.setDevicePixelRatio(ratio)
            self._fed_key = key
        return self._fed

    def _paint_end(self, painter: QPainter, places: Places, scene: Scene) -> None:
        room = places.answer
        if scene.scores:
            painter.setOpacity(0.5 if self._is_dimmed else 1.0)
            painting.paint_answer(painter, scene.scores, room)
            painter.setOpacity(1.0)
        _write(painter, scene.answer, room.center().x(), places.bottom + 6, room.width())

    def sizeHint(self) -> QSize:
        return QSize(600, 360)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)


def _enough(pixels: float) -> int:
    """Return a power of two that is not smaller: so a little enlargement makes no new tiles."""
    return 1 << max(3, math.ceil(math.log2(max(1.0, pixels))))


def _pixmap(tiles: Tiles, spot: Spot, ratio: float) -> QPixmap:
    width, height = max(1, round(spot.tile_width * ratio)), max(1, round(spot.tile_height * ratio))
    count = min(spot.count, len(tiles.index))
    rgba = pictured(tiles, count, min(spot.across, count), height, width, round(spot.gap * ratio))
    image = QImage(rgba.tobytes(), rgba.shape[1], rgba.shape[0], 4 * rgba.shape[1], QImage.Format.Format_RGBA8888)
    picture = QPixmap.fromImage(image)
    picture.setDevicePixelRatio(ratio)
    return picture


def _write(painter: QPainter, caption: Caption, middle: float, top: float, room: float) -> None:
    font = theme.font("small")
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    for row, line in enumerate(painting.lines_of(caption, metrics, room)):
        painter.setPen(theme.color("muted" if row else "text"))
        where = QRectF(middle - room, top + row * metrics.height(), 2 * room, metrics.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, line)
