"""The network as it is seen: columns of maps that are panned, enlarged and clicked."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from inspector.analysis.heads import ClassScore
from inspector.graph.columns import Column
from inspector.render.arrays import Index
from inspector.render.columns import Tiles, pictured
from inspector.ui import theme
from inspector.ui.painting import paint_focus, paint_mark
from inspector.ui.panels import overview_painting as painting
from inspector.ui.panels.overview_painting import Bracket, Caption
from inspector.ui.panels.overview_pictures import ColumnPictures
from inspector.ui.panels.overview_places import (
    BRACKETS,
    STRIPE_ROOM,
    Drawing,
    Places,
    Spot,
    width_of_all,
    widths_of,
)

STEPS = 1000  # of the slider
_PICTURING_SECONDS = 0.012  # of one painting, on new columns
_MAPS_AT_LEAST = 4.4  # above each other while all is seen, also of a small network
_MOST_PIXELS = 1 << 24  # of columns that are kept ready


@dataclass(frozen=True, slots=True)
class Scene:
    """What is shown.

    Attributes:
        drawing: The columns and how they are connected.
        brackets: What belongs together.
        captions: One for each generation.
        picture: ``(height, width, 3)`` of what was fed, if that is a picture.
        fed: What was or will be fed, as a name and a size.
        scores: The best classes; empty where the answer is something else.
        answer: What the answer is, as a name and a size.
    """

    drawing: Drawing
    brackets: Bracket
    captions: tuple[Caption, ...]
    picture: Index | None
    fed: Caption
    scores: tuple[ClassScore, ...]
    answer: Caption


@dataclass(frozen=True, slots=True)
class Hit:
    """What is at a place: a column and, on a map, its number among the tiles and where on it, as parts of its sides."""

    column: int
    tile: int = -1
    down: float = 0.0
    along: float = 0.0


class OverviewView(QWidget):
    """The whole network, or a part of it.

    Signals:
        hovered: The ``Hit`` under the cursor; None where nothing is.
        picked: The ``Hit`` that was clicked.
        enlarged: The enlargement has changed: from 0, all is seen, to ``STEPS``, one column is.
    """

    hovered = Signal(object)
    picked = Signal(object)
    enlarged = Signal(int)

    def __init__(self, pictures: ColumnPictures) -> None:
        super().__init__()
        self.pictures = pictures
        self.pictures.made.connect(self.update)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The network as columns of feature maps")
        self._scene: Scene | None = None
        self._places: Places | None = None
        self._smallest: float | None = None
        self._tile = 0.0  # width of a column; 0 for as much as lets all be seen
        self._offset = 0.0
        self._selected = -1
        self._ready: dict[int, tuple[object, QPixmap]] = {}
        self._ready_pixels = 0
        self._fed = QPixmap()
        self._fed_key: object = None
        self._pressed: QPointF | None = None
        self._dragged = 0.0
        self._is_dimmed = False

    # ---------------------------------------------------------------- what is shown

    @property
    def scene(self) -> Scene | None:
        return self._scene

    @property
    def offset(self) -> float:
        """How far the network is moved to the left, in pixels."""
        return self._offset

    def show_scene(self, scene: Scene, keeps_place: bool) -> None:
        """Show a network; ``keeps_place`` where it is the one that was shown before."""
        self._scene = scene
        self._places = self._smallest = None
        self._ready.clear()
        self._ready_pixels = 0
        if not keeps_place:
            self._tile, self._offset = 0.0, 0.0
        self._moved()

    def clear(self) -> None:
        """Show nothing, and hold nothing."""
        self._scene, self._places = None, None
        self._ready.clear()
        self._fed, self._fed_key = QPixmap(), None
        self.update()

    def select(self, column: int, follows: bool) -> None:
        """Frame a column; -1 for none. ``follows``: go where it is seen."""
        self._selected = column
        places = self.places()
        if follows and places is not None and column in places.spots:
            spot = places.spots[column]
            if spot.left < self._offset or spot.right > self._offset + self.width():
                self._offset = spot.left + spot.width / 2 - self.width() / 2
        self._moved()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self._is_dimmed = is_dimmed
        self.update()

    def places(self) -> Places | None:
        """Return where everything is; None where nothing is shown."""
        if self._scene is None:
            return None
        if self._places is None:
            self._places = self._placed(self._tile or self.smallest_tile())
        return self._places

    def _placed(self, tile: float) -> Places:
        assert self._scene is not None
        top, bottom = self._room()
        return Places(self._scene.drawing, tile, top, bottom, self._ends(tile))

    def _room(self) -> tuple[float, float]:
        """Return the top and bottom of the room for columns."""
        line = QFontMetricsF(theme.font("small")).height()
        return BRACKETS + 2.0, max(BRACKETS + 40.0, self.height() - 3 * line - 10)

    def _ends(self, tile: float) -> tuple[float, float]:
        """Return the widths of the picture and of the answer."""
        top, bottom = self._room()
        side = max(56.0, min(2.2 * tile, 200.0, bottom - top, self.width() * 0.2))
        answer = max(104.0, min(2.8 * tile, 220.0, self.width() * 0.22))
        return side, answer

    # ---------------------------------------------------------------- enlargement

    def smallest_tile(self) -> float:
        """Return the width of a column with which all is seen, and several maps of each."""
        if self._scene is None:
            return 1.0
        if self._smallest is None:
            counted = widths_of(self._scene.drawing)
            low, high = 0.02, self.largest_tile()
            for _ in range(24):
                middle = math.sqrt(low * high)
                fits = width_of_all(counted, middle, self._ends(middle)) <= self.width()
                low, high = (middle, high) if fits else (low, middle)
            top, bottom = self._room()
            self._smallest = min(low, (bottom - top) / _MAPS_AT_LEAST)
        return self._smallest

    def largest_tile(self) -> float:
        """Return the width of a column with which it fills the view."""
        return max(40.0, self.width() * 0.92)

    def step(self) -> int:
        """Return the enlargement, from 0 to ``STEPS``."""
        if not self._tile:
            return 0
        least, most = self.smallest_tile(), self.largest_tile()
        if most <= least * 1.001:
            return 0
        return round(STEPS * min(1.0, max(0.0, math.log(self._tile / least) / math.log(most / least))))

    def enlarge_to(self, step: int, around: float | None = None) -> None:
        """Take an enlargement from 0 to ``STEPS``; what is at ``around``, in pixels of the view, stays there."""
        least, most = self.smallest_tile(), self.largest_tile()
        self._enlarge(least * (most / least) ** (step / STEPS) if step else 0.0, around)

    def _enlarge(self, tile: float, around: float | None) -> None:
        before = self.places()
        if before is None:
            return
        least = self.smallest_tile()
        tile = 0.0 if tile <= least * 1.001 else min(tile, self.largest_tile())
        at = self._anchor() if around is None else around
        number = min(max(0, before.generation_at(self._offset + at)), len(before.lefts) - 1)
        part = (self._offset + at - before.lefts[number]) / (before.widths[number] + before.gap)
        self._tile, self._places = tile, None
        after = self.places()
        assert after is not None
        self._offset = after.lefts[number] + part * (after.widths[number] + after.gap) - at
        self._moved()
        self.enlarged.emit(self.step())

    def _anchor(self) -> float:
        """Return the selected column's place if it is seen, else the middle."""
        places = self.places()
        if places is not None and self._selected in places.spots:
            spot = places.spots[self._selected]
            middle = spot.left + spot.width / 2 - self._offset
            if 0 <= middle <= self.width():
                return middle
        return self.width() / 2

    def fit(self) -> None:
        """Show all."""
        self._enlarge(0.0, None)

    def show_alone(self, column: int) -> None:
        """Fill the view with one column."""
        places = self.places()
        if places is None or column not in places.spots:
            return
        self._tile, self._places = self.largest_tile(), None
        spot = self._placed(self._tile).spots[column]
        self._offset = spot.left + spot.width / 2 - self.width() / 2
        self._moved()
        self.enlarged.emit(self.step())

    def _moved(self) -> None:
        """Keep to the network's ends, and make tiles of what is seen now."""
        places = self.places()
        if places is not None:
            self._offset = max(0.0, min(self._offset, places.width - self.width()))
        self.pictures.forget_wishes()
        self.update()

    def pan(self, pixels: float) -> None:
        """Move to the right."""
        self._offset += pixels
        self._moved()

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        places, scene = self.places(), self._scene
        if places is None or scene is None:
            return
        slack = max(0.0, self.width() - places.width) / 2
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
        """Return where the caption of the picture ends, and where that of the answer begins."""
        metrics = QFontMetricsF(theme.font("small"))
        picture, answer = places.picture, places.answer
        widths = [
            max(map(metrics.horizontalAdvance, painting.lines_of(caption, metrics, room.width())))
            for caption, room in ((scene.fed, picture), (scene.answer, answer))
        ]
        return picture.center().x() + widths[0] / 2 + 4, answer.center().x() - widths[1] / 2 - 4

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
        if self._selected in places.spots:
            spot = places.spots[self._selected]
            is_bar = places.drawing.contents[self._selected].kind == "bar"
            paint_mark(painter, spot.rect.adjusted(-1, -1 if is_bar else -STRIPE_ROOM - 1, 1, 1))
        if is_late:
            self.update()

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
            scale = min(room.width() / width, room.height() / height)
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

    # ---------------------------------------------------------------- mouse and keys

    _by_keyboard = False

    def hit(self, at: QPointF) -> Hit | None:
        """Return what is at a place of the widget."""
        places = self.places()
        if places is None:
            return None
        slack = max(0.0, self.width() - places.width) / 2
        at = QPointF(at.x() + self._offset - slack, at.y())
        column = places.column_at(at)
        if column is None:
            return None
        spot = places.spots[column]
        tile = spot.tile_at(at) if places.drawing.contents[column].kind not in ("bar", "blank") else -1
        if tile < 0:
            return Hit(column)
        where = spot.tile(tile)
        return Hit(column, tile, (at.y() - where.top()) / where.height(), (at.x() - where.left()) / where.width())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._by_keyboard = False
            self._pressed, self._dragged = event.position(), 0.0

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            found = self.hit(event.position())
            self.setCursor(Qt.CursorShape.PointingHandCursor if found is not None else Qt.CursorShape.ArrowCursor)
            self.hovered.emit(found)
            return
        moved = event.position().x() - self._pressed.x()
        self._dragged = max(self._dragged, abs(moved))
        if self._dragged >= QApplication.startDragDistance():
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._pressed = event.position()
            self._dragged = math.inf
            self.pan(-moved)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        was_click = self._pressed is not None and self._dragged < QApplication.startDragDistance()
        self._pressed = None
        found = self.hit(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if found is not None else Qt.CursorShape.ArrowCursor)
        if was_click and event.button() == Qt.MouseButton.LeftButton and found is not None:
            self.picked.emit(found)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self.hit(event.position())
        if found is not None and self.step() < STEPS:
            self.show_alone(found.column)
        else:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned: QPoint = event.angleDelta()
        if turned.x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(-(turned.x() or turned.y()) * 0.8)
        elif turned.y():
            self._enlarge((self._tile or self.smallest_tile()) * 1.2 ** (turned.y() / 120), event.position().x())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        factor = {Qt.Key.Key_Plus: 1.2, Qt.Key.Key_Equal: 1.2, Qt.Key.Key_Minus: 1 / 1.2}.get(Qt.Key(event.key()))
        if factor is not None:
            self._enlarge((self._tile or self.smallest_tile()) * factor, None)
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        elif event.key() == Qt.Key.Key_Home:
            self.pan(-math.inf)
        elif event.key() == Qt.Key.Key_End:
            self.pan(1e12)
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._places = self._smallest = None
        self._moved()
        self.enlarged.emit(self.step())

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
