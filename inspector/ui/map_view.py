"""One feature map, large: by itself or over the picture it came from, with numbers in its cells when they are large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from inspector import format
from inspector.graph.context import Rectangle
from inspector.render.arrays import Index, Values
from inspector.render.kernels import Cells, cells, power_of_ten
from inspector.render.limits import Limits
from inspector.render.overlay import colored
from inspector.render.taken import Taken, taken
from inspector.ui import theme
from inspector.ui.painting import paint_cross, paint_focus, paint_mark

EDGE = 6  # pixels round the map, for a mark at its rim
STEP = 1.25  # of a click of the wheel
LARGEST_CELL = 96
NUMBERS_FROM = 34  # pixels of a cell in which a number is written
MOST_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A map as it is drawn.

    Attributes:
        values: ``(height, width)``.
        limits: Shared.
        colors: The palette.
        has_middle: The palette has a middle, which stands for zero.
        is_smooth: Cells blend into each other; otherwise each is seen as it is.
        is_whole: The values are whole numbers.
    """

    values: Values
    limits: Limits
    colors: Index
    has_middle: bool = False
    is_smooth: bool = False
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """The picture under a map.

    Attributes:
        pixels: ``(height, width, 3)`` uint8 RGB.
        place: Where it lies, in elements of the map.
        seen: Where that lies which the model sees of it.
    """

    pixels: Index
    place: Rectangle
    seen: Rectangle


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked, in elements of the map.

    Attributes:
        element: ``(row, column)`` of the selected one.
        cursor: ``(row, column)`` of the one the pointer is on, wherever that is.
        reached: What a pixel of the picture reaches.
        field: What the selected element sees; drawn instead of it.
    """

    element: tuple[int, int] | None = None
    cursor: tuple[int, int] | None = None
    reached: Rectangle | None = None
    field: Rectangle | None = None


@dataclass(frozen=True, slots=True)
class Camera:
    """What part of a map is seen: how much larger than all of it, and which point is in the middle (0 to 1)."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5


class MapView(QWidget):
    """The wheel enlarges, dragging moves, a double click shows all again, the arrow keys move the selected element.

    Signals:
        hovered: ``(row, column)`` under the pointer; None outside.
        picked: ``(row, column)`` that was clicked, or gone to with the keys.
        looked: The ``Camera`` with which the user looks now.
    """

    hovered = Signal(object)
    picked = Signal(object)
    looked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.camera = Camera()
        self.marks = Marks()
        self._shown: Shown | None = None
        self._ground: Ground | None = None
        self._opacity = 1.0
        self._image = QImage()
        self._drawn_at = 0  # the longest side that the image was made for; 0 for all elements
        self._picture = QImage()
        self._is_dimmed = False
        self._pressed: tuple[QPointF, Camera] | None = None
        self._dragged = False
        self._has_keyboard = False

    # ---------------------------------------------------------------- what is shown

    def show_map(self, shown: Shown, ground: Ground | None = None, opacity: float = 1.0) -> None:
        """Show a map; with a picture under it, the map is the more transparent, the less it responds."""
        last = self._shown
        if last is None or last.values.shape != shown.values.shape:
            self.camera = Camera()
        is_same = last is not None and _is_same(last, shown) and (ground is None) == (self._ground is None)
        if not is_same:
            self._image = QImage()
        if ground is None or self._ground is None or ground.pixels is not self._ground.pixels:
            self._picture = QImage()
        self._shown, self._ground, self._opacity = shown, ground, opacity
        self.update()

    def taken(self) -> Taken | None:
        """Return the map by itself; None where none is shown."""
        shown = self._shown
        return taken(shown.values, shown.limits, shown.colors) if shown is not None else None

    def clear(self) -> None:
        """Show nothing, and hold nothing."""
        self._shown = self._ground = None
        self._image, self._picture = QImage(), QImage()
        self.update()

    def set_marks(self, marks: Marks) -> None:
        if marks != self.marks:
            self.marks = marks
            self.update()

    def set_camera(self, camera: Camera) -> None:
        """Look at that part, without telling anybody."""
        if camera != self.camera:
            self.camera = camera
            self.update()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self._is_dimmed = is_dimmed
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(72, 72)

    # ---------------------------------------------------------------- where things lie

    @property
    def _size(self) -> tuple[int, int]:
        """Height and width of the map."""
        return (1, 1) if self._shown is None else (int(self._shown.values.shape[0]), int(self._shown.values.shape[1]))

    def _fitting_cell(self) -> float:
        """Return the side of a cell with which the whole map is seen: of whole pixels where that costs little."""
        (height, width), ratio = self._size, self.devicePixelRatioF()
        cell = min((self.width() - 2 * EDGE) / width, (self.height() - 2 * EDGE) / height)
        pixels = math.floor(cell * ratio)
        return pixels / ratio if pixels >= 1 and pixels > 0.85 * cell * ratio else max(cell, 1e-6)

    @property
    def cell(self) -> float:
        """The side of a cell on the widget."""
        return self._fitting_cell() * self.camera.zoom

    def _corner(self) -> QPointF:
        """Return where the map begins, on the widget."""
        (height, width), cell, ratio = self._size, self.cell, self.devicePixelRatioF()
        left = self.width() / 2 - self.camera.x * width * cell
        top = self.height() / 2 - self.camera.y * height * cell
        return QPointF(round(left * ratio) / ratio, round(top * ratio) / ratio)

    def on_widget(self, part: Rectangle) -> QRectF:
        """Return where a part of the map is, in the widget's coordinates."""
        corner, cell = self._corner(), self.cell
        left, top = corner.x() + part.left * cell, corner.y() + part.top * cell
        return QRectF(left, top, (part.right - part.left) * cell, (part.bottom - part.top) * cell)

    def position_of(self, element: tuple[int, int]) -> QPointF:
        """Return the middle of a cell, in the widget's coordinates."""
        return self.on_widget(_cell(element)).center()

    def element_at(self, point: QPointF) -> tuple[int, int] | None:
        """Return the element painted at a point of the widget."""
        if self._shown is None:
            return None
        (height, width), corner, cell = self._size, self._corner(), self.cell
        row, column = math.floor((point.y() - corner.y()) / cell), math.floor((point.x() - corner.x()) / cell)
        return (row, column) if 0 <= row < height and 0 <= column < width else None

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Enlarge, so that what is at a point of the widget stays there."""
        (height, width), corner, before = self._size, self._corner(), self.cell
        largest = max(1.0, LARGEST_CELL / self._fitting_cell())
        zoom = min(max(1.0, self.camera.zoom * factor), largest)
        cell = self._fitting_cell() * zoom
        across, down = (point.x() - corner.x()) / before, (point.y() - corner.y()) / before
        x = (across + (self.width() / 2 - point.x()) / cell) / width
        y = (down + (self.height() / 2 - point.y()) / cell) / height
        self._look(Camera(zoom, x, y))

    def fit(self) -> None:
        """Show all of the map."""
        self._look(Camera())

    def _look(self, camera: Camera) -> None:
        """Look there, as far as there is something to be seen."""
        (height, width), cell = self._size, self._fitting_cell() * camera.zoom
        x = _within(camera.x, self.width() / 2 / (width * cell))
        y = _within(camera.y, self.height() / 2 / (height * cell))
        self.set_camera(Camera(camera.zoom, x, y))
        self.looked.emit(self.camera)

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._shown is not None:
            if self._is_dimmed:
                painter.setOpacity(0.5)
            self._paint_map(painter, self._shown)
            painter.setOpacity(1)
            self._paint_marks(painter)
        if self._has_keyboard and self.hasFocus():
            paint_focus(painter, QRectF(self.rect()))

    def _paint_map(self, painter: QPainter, shown: Shown) -> None:
        height, width = self._size
        if self._ground is not None:
            self._paint_ground(painter, self._ground)
            painter.setOpacity(painter.opacity() * self._opacity)
        has_numbers = self._ground is None and self.cell >= NUMBERS_FROM
        image = self._pixels(shown)
        is_smooth = (shown.is_smooth and not has_numbers) or self._drawn_at > 0
        each = image.width() / width, image.height() / height
        seen = self._elements_in_view()
        source = QRectF(seen.left() * each[0], seen.top() * each[1], seen.width() * each[0], seen.height() * each[1])
        place = self.on_widget(Rectangle(seen.left(), seen.top(), seen.right(), seen.bottom()))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smooth)
        painter.drawImage(place, image, source)
        if has_numbers:
            self._paint_numbers(painter, shown, seen)

    def _elements_in_view(self) -> QRectF:
        """Return the elements that are seen, with one more at each side to blend with."""
        (height, width), corner, cell = self._size, self._corner(), self.cell
        left, top = math.floor(-corner.x() / cell) - 1, math.floor(-corner.y() / cell) - 1
        right = math.ceil((self.width() - corner.x()) / cell) + 1
        bottom = math.ceil((self.height() - corner.y()) / cell) + 1
        return QRectF(QPointF(max(left, 0), max(top, 0)), QPointF(min(right, width), min(bottom, height)))

    def _pixels(self, shown: Shown) -> QImage:
        """Return the map as an image, of at most as many pixels as are seen of it."""
        longest = math.ceil(max(self._size) * self.cell * self.devicePixelRatioF())
        at_most = longest if longest < max(self._size) else 0
        if self._image.isNull() or at_most != self._drawn_at:
            responds = self._ground is not None
            rgba = colored(shown.values, shown.limits, shown.colors, responds, shown.has_middle, at_most)
            kind = QImage.Format.Format_RGBA8888
            self._image = QImage(rgba.data, rgba.shape[1], rgba.shape[0], 4 * rgba.shape[1], kind).convertToFormat(
                QImage.Format.Format_ARGB32_Premultiplied
            )
            self._drawn_at = at_most
        return self._image

    def _paint_ground(self, painter: QPainter, ground: Ground) -> None:
        if self._picture.isNull():
            pixels = np.ascontiguousarray(ground.pixels)
            height, width, _ = pixels.shape
            self._picture = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).convertToFormat(
                QImage.Format.Format_RGB32
            )
        seen = self.on_widget(ground.seen)
        painter.save()
        painter.setClipRect(seen)
        painter.fillRect(seen, theme.color("canvas"))
        place = self.on_widget(ground.place)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, place.width() < 6 * self._picture.width())
        painter.drawImage(place, self._picture, QRectF(self._picture.rect()))
        painter.restore()

    def _paint_numbers(self, painter: QPainter, shown: Shown, seen: QRectF) -> None:
        rows = range(int(seen.top()), int(seen.bottom()))
        columns = range(int(seen.left()), int(seen.right()))
        part = shown.values[rows.start : rows.stop, columns.start : columns.stop]
        painter.setFont(theme.font("small"))
        written, texts = _written(part, shown, self.cell - 4)
        for at_row, row in enumerate(rows):
            for at_column, column in enumerate(columns):
                painter.setPen(QColor("#000000" if written.black[0, at_row, at_column] else "#ffffff"))
                cell = self.on_widget(_cell((row, column)))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, texts[at_row][at_column])

    def _paint_marks(self, painter: QPainter) -> None:
        height, width = self._size
        whole = self.on_widget(Rectangle(0, 0, width, height))
        painter.setClipRect(QRectF(self.rect()))
        marks = self.marks
        if marks.reached is not None:
            paint_mark(painter, _at_least(self.on_widget(marks.reached), 4), 1)
        if marks.field is not None:
            paint_mark(painter, _at_least(self.on_widget(marks.field), 4))
        elif marks.element is not None and height * width > 1:
            paint_mark(painter, _at_least(self.on_widget(_cell(marks.element)), 4), 2 if self.cell >= 3 else 1)
        if marks.cursor is not None and height * width > 1:
            paint_cross(painter, self.on_widget(_cell(marks.cursor)), whole)

    # ---------------------------------------------------------------- events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is not None and event.buttons():
            began, camera = self._pressed
            moved = at - began
            if self._dragged or moved.manhattanLength() >= QApplication.startDragDistance():
                self._dragged = True
                (height, width), cell = self._size, self.cell
                x, y = camera.x - moved.x() / (width * cell), camera.y - moved.y() / (height * cell)
                self._look(Camera(camera.zoom, x, y))
            return
        self.hovered.emit(self.element_at(at))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed, self._dragged = (event.position(), self.camera), False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        clicked = self._pressed is not None and not self._dragged and event.button() == Qt.MouseButton.LeftButton
        self._pressed = None
        if clicked and (element := self.element_at(event.position())) is not None:
            self.picked.emit(element)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        if steps and self._shown is not None:
            self.zoom_at(event.position(), STEP**steps)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        step = steps.get(Qt.Key(event.key()))
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier and event.key() != Qt.Key.Key_Plus:
            event.ignore()
        elif step is not None and self._shown is not None:
            self._move_element(*step)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_at(QRectF(self.rect()).center(), STEP)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom_at(QRectF(self.rect()).center(), 1 / STEP)
        elif event.key() == Qt.Key.Key_0:
            self.fit()
        else:
            event.ignore()

    def _move_element(self, down: int, across: int) -> None:
        """Select the neighbour of the selected element; without one, the middle."""
        height, width = self._size
        now = self.marks.element
        row, column = (height // 2, width // 2) if now is None else (now[0] + down, now[1] + across)
        if 0 <= row < height and 0 <= column < width:
            self.picked.emit((row, column))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._has_keyboard = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        super().focusInEvent(event)


def _cell(element: tuple[int, int]) -> Rectangle:
    row, column = element
    return Rectangle(column, row, column + 1, row + 1)


def _at_least(rect: QRectF, side: float) -> QRectF:
    """Return a rectangle that is large enough to be found."""
    middle = rect.center()
    return rect.united(QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side))


def _within(middle: float, half: float) -> float:
    """Return the middle of what is seen, so that nothing beyond the map is; half of what is seen, as parts of it."""
    return 0.5 if half >= 0.5 else min(max(middle, half), 1 - half)


def _is_same(one: Shown, other: Shown) -> bool:
    return (
        one.values is other.values
        and one.colors is other.colors
        and one.limits.is_same(other.limits)
        and one.has_middle == other.has_middle
    )


def _written(values: Values, shown: Shown, room: float) -> tuple[Cells, Sequence[Sequence[str]]]:
    """Return values as they are written into cells, all with as many decimals as there is room for."""
    tiles, metrics = values[np.newaxis], theme.metrics("small")
    written = cells(tiles, shown.limits, shown.colors, 0)
    if shown.is_whole:
        return written, written.texts[0]
    if power_of_ten(shown.limits):
        return written, [[format.significant(each) for each in row] for row in values.tolist()]
    for decimals in range(MOST_DECIMALS, 0, -1):
        finer = cells(tiles, shown.limits, shown.colors, decimals)
        if max(metrics.horizontalAdvance(text) for row in finer.texts[0] for text in row) <= room:
            return finer, finer.texts[0]
    return written, written.texts[0]
