"""Moving about the overview: how large it is seen, which part, and what is under the cursor."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from inspector.ui import theme
from inspector.ui.panels.overview_places import BRACKETS, Places, width_of_all, widths_of
from inspector.ui.panels.overview_scene import Scene

STEPS = 1000  # of the slider
_MAPS_AT_LEAST = 4.4  # above each other while all is seen, also of a small network


@dataclass(frozen=True, slots=True)
class Hit:
    """What is at a place: a column and, on a map, its number among the tiles and where on it, as parts of its sides."""

    column: int
    tile: int = -1
    down: float = 0.0
    along: float = 0.0


class Moving(QWidget):
    """A network that is panned, enlarged and clicked; what it looks like is left to subclasses.

    Signals:
        hovered: The ``Hit`` under the cursor; None where nothing is.
        picked: The ``Hit`` that was clicked.
        enlarged: The enlargement has changed: from 0, all is seen, to ``STEPS``, one column is.
    """

    hovered = Signal(object)
    picked = Signal(object)
    enlarged = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self._scene: Scene | None = None
        self._places: Places | None = None
        self._smallest: float | None = None
        self._tile = 0.0  # width of a column; 0 for as much as lets all be seen
        self._offset = 0.0
        self._selected = -1
        self._pressed: QPointF | None = None
        self._dragged = 0.0
        self._by_keyboard = False

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
        if not keeps_place:
            self._tile, self._offset = 0.0, 0.0
        self._moved()

    def clear(self) -> None:
        """Show nothing, and hold nothing."""
        self._scene, self._places = None, None
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
        line = theme.metrics("small").height()
        return BRACKETS + 2.0, max(BRACKETS + 40.0, self.height() - 3 * line - 10)

    def _ends(self, tile: float) -> tuple[float, float]:
        """Return the widths of the picture and of the answer."""
        top, bottom = self._room()
        side = max(56.0, min(2.2 * tile, 200.0, bottom - top, self.width() * 0.2))
        answer = max(104.0, min(2.8 * tile, 220.0, self.width() * 0.22))
        return side, answer

    def slack(self) -> float:
        """Return the room at the left of a network that is narrower than the view."""
        places = self.places()
        return max(0.0, self.width() - places.width) / 2 if places is not None else 0.0

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
        """Keep to the network's ends."""
        places = self.places()
        if places is not None:
            self._offset = max(0.0, min(self._offset, places.width - self.width()))
        self.update()

    def pan(self, pixels: float) -> None:
        """Move to the right."""
        self._offset += pixels
        self._moved()

    # ---------------------------------------------------------------- mouse and keys

    def hit(self, at: QPointF) -> Hit | None:
        """Return what is at a place of the widget."""
        places = self.places()
        if places is None:
            return None
        at = QPointF(at.x() + self._offset - self.slack(), at.y())
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

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._by_keyboard = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._places = self._smallest = None
        self._moved()
        self.enlarged.emit(self.step())
