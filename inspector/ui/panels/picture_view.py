"""A picture, and on it what a model and an element see."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.graph.context import Rectangle
from inspector.render.arrays import Index
from inspector.render.taken import Taken
from inspector.ui import theme
from inspector.ui.painting import paint_mark


class PictureView(QWidget):
    """A picture as large as it fits, what is not seen of it dimmed.

    Signals:
        hovered: ``(row, column, (red, green, blue))`` under the cursor, in pixels of the file; None outside.
    """

    hovered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The picture")
        self._pixels: Index | None = None
        self._size = (1, 1)  # width and height in the file
        self._box: Rectangle | None = None
        self._marked: Rectangle | None = None
        self._scaled = QPixmap()
        self._is_dimmed = False

    def show_picture(
        self, pixels: Index, size: tuple[int, int], box: Rectangle | None, marked: Rectangle | None
    ) -> None:
        """Show a picture.

        Args:
            pixels: ``(height, width, 3)`` uint8 RGB, perhaps reduced.
            size: ``(width, height)`` that rectangles are given in.
            box: What the model sees of it; None for all.
            marked: What the selected element sees.
        """
        if pixels is not self._pixels:
            self._pixels, self._scaled = pixels, QPixmap()
        self._size, self._box, self._marked = size, box, marked
        self.update()

    def taken(self) -> Taken | None:
        """Return the picture by itself; None where none is shown."""
        return Taken(self._pixels.copy()) if self._pixels is not None else None

    def set_marked(self, marked: Rectangle | None) -> None:
        """Mark another part of the picture, in the same pixels."""
        if marked != self._marked:
            self._marked = marked
            self.update()

    def clear(self) -> None:
        """Show nothing, and hold nothing."""
        self._pixels, self._scaled = None, QPixmap()
        self.update()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self._is_dimmed = is_dimmed
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 60)

    def resizeEvent(self, event: QEvent) -> None:
        self._scaled = QPixmap()

    # ---------------------------------------------------------------- geometry

    def _extent(self) -> QRectF:
        """Return all that is shown, in the file's pixels: the picture, and what the model sees beyond its rim."""
        whole = QRectF(0, 0, *self._size)
        return whole.united(_rect(self._box)) if self._box is not None else whole

    def _scale(self) -> float:
        extent = self._extent()
        return min((self.width() - 2) / extent.width(), (self.height() - 2) / extent.height())

    def on_widget(self, rectangle: QRectF) -> QRectF:
        """Return a rectangle of the file's pixels in the widget's coordinates."""
        extent, scale = self._extent(), self._scale()
        left = (self.width() - extent.width() * scale) / 2 - extent.left() * scale
        top = (self.height() - extent.height() * scale) / 2 - extent.top() * scale
        return QRectF(
            left + rectangle.left() * scale,
            top + rectangle.top() * scale,
            rectangle.width() * scale,
            rectangle.height() * scale,
        )

    @property
    def box_on_widget(self) -> QRectF | None:
        """Where the frame round what the model sees is painted."""
        return None if self._box is None else self.on_widget(_rect(self._box))

    @property
    def mark_on_widget(self) -> QRectF | None:
        """Where the mark of the selected element is painted."""
        return None if self._marked is None else self.on_widget(_rect(self._marked))

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pixels is None:
            return
        painter = QPainter(self)
        if self._is_dimmed:
            painter.setOpacity(0.5)
        whole = _snapped(self.on_widget(QRectF(0, 0, *self._size)), self.devicePixelRatioF())
        box = self.box_on_widget
        if box is not None:
            painter.fillRect(box, theme.color("canvas"))
        painter.drawPixmap(whole, self._picture(whole), QRectF(self._scaled.rect()))
        if box is not None and not box.adjusted(-1, -1, 1, 1).contains(whole):
            self._paint_box(painter, whole, _snapped(box, self.devicePixelRatioF()))
        if (mark := self.mark_on_widget) is not None:
            painter.setClipRect(QRectF(self.rect()))
            middle = mark.center()
            least = QRectF(middle.x() - 2, middle.y() - 2, 4, 4)
            paint_mark(painter, mark.united(least))

    def _paint_box(self, painter: QPainter, whole: QRectF, box: QRectF) -> None:
        shade = QColor(0, 0, 0, 128)
        seen = whole.intersected(box)
        painter.fillRect(QRectF(whole.left(), whole.top(), whole.width(), seen.top() - whole.top()), shade)
        painter.fillRect(QRectF(whole.left(), seen.bottom(), whole.width(), whole.bottom() - seen.bottom()), shade)
        painter.fillRect(QRectF(whole.left(), seen.top(), seen.left() - whole.left(), seen.height()), shade)
        painter.fillRect(QRectF(seen.right(), seen.top(), whole.right() - seen.right(), seen.height()), shade)
        painter.setPen(QPen(QColor("#ffffff"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))

    def _picture(self, whole: QRectF) -> QPixmap:
        if self._scaled.isNull() and self._pixels is not None:
            pixels = np.ascontiguousarray(self._pixels)
            height, width, _ = pixels.shape
            image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            ratio = self.devicePixelRatioF()
            size = QSize(max(1, round(whole.width() * ratio)), max(1, round(whole.height() * ratio)))
            smooth = size.width() < 3 * width  # a small picture shows its pixels
            mode = Qt.TransformationMode.SmoothTransformation if smooth else Qt.TransformationMode.FastTransformation
            self._scaled = QPixmap.fromImage(image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, mode))
        return self._scaled

    # ---------------------------------------------------------------- events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.hovered.emit(self._at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit(None)

    def _at(self, point: QPointF) -> tuple[int, int, tuple[int, int, int]] | None:
        if self._pixels is None:
            return None
        whole = self.on_widget(QRectF(0, 0, *self._size))
        x, y = (point.x() - whole.left()) / whole.width(), (point.y() - whole.top()) / whole.height()
        if not (0 <= x < 1 and 0 <= y < 1):
            return None
        height, width, _ = self._pixels.shape
        red, green, blue = (int(each) for each in self._pixels[int(y * height), int(x * width)])
        return int(y * self._size[1]), int(x * self._size[0]), (red, green, blue)


def _rect(rectangle: Rectangle) -> QRectF:
    return QRectF(rectangle.left, rectangle.top, rectangle.right - rectangle.left, rectangle.bottom - rectangle.top)


def _snapped(rect: QRectF, ratio: float) -> QRectF:
    """Return a rectangle whose edges lie on pixels of the screen."""
    left, top, right, bottom = (
        round(each * ratio) / ratio for each in (rect.left(), rect.top(), rect.right(), rect.bottom())
    )
    return QRectF(left, top, right - left, bottom - top)
