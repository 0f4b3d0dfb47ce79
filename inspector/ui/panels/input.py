"""The picture, and what the model sees of it."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from inspector import format
from inspector.graph.context import PictureInput, Rectangle, field_of, on_picture, picture_input
from inspector.graph.model import Array, Picture, Prediction
from inspector.graph.preprocessing import PRESETS, Preprocessing
from inspector.render.arrays import Index
from inspector.render.pictures import stretched, unfed
from inspector.ui import theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.lines import Line, Span
from inspector.ui.painting import paint_mark
from inspector.ui.panel import Panel
from inspector.ui.panels.tensor_table import TensorTable, tensor_row
from inspector.ui.session import Session
from inspector.ui.text import file_name, tooltip

EMPTY = "Open a picture, or drop one on the window: here you will see it, and the part of it that the model sees."


class InputPanel(Panel):
    """The whole picture with what the model does not see dimmed, or what was fed, drawn back as a picture."""

    title = "Input"
    dock_name = "input"
    icon_name = "open-image"
    area = Qt.DockWidgetArea.RightDockWidgetArea

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.picture = PictureView()
        self.table = TensorTable()
        self.caption = Line("small")
        self.source = Line("small")
        self.presets = LabelledCombo("Fed as")
        self.presets.addItem("auto", None)
        hint = "What the model's own files say of its pictures; if they say nothing, a guess"
        self.presets.setItemData(0, hint, Qt.ItemDataRole.ToolTipRole)
        for each in PRESETS:
            self.presets.addItem(each.name, each.name)
            self.presets.setItemData(self.presets.count() - 1, described(each), Qt.ItemDataRole.ToolTipRole)
        self.presets.setAccessibleName("Preprocessing")
        self.fed = QPushButton("Model's view")
        self.fed.setToolTip(tooltip("Show the picture as the model sees it: what was fed, drawn back"))
        self.fed.setCheckable(True)
        self.fed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self.fed.toggled.connect(self.refresh)
        self.presets.activated.connect(self._choose_preset)
        self.picture.hovered.connect(self._read_out)

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(theme.SPACING)
        controls.addWidget(self.presets)
        controls.addStretch(1)
        controls.addWidget(self.fed)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, theme.SPACING)
        layout.setSpacing(6)
        self._space = QWidget()
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.table)
        layout.addWidget(self._space, 1)
        layout.addWidget(self.caption)
        layout.addLayout(controls)
        layout.addWidget(self.source)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        prediction, image = self.session.prediction, self.session.image
        if prediction is None:
            self.say(self._why_nothing(image))
            return
        seen = picture_input(prediction.fed)
        picture = prediction.picture
        is_drawn = picture is not None or (seen is not None and seen.channels in (1, 3))
        self.fed.setVisible(picture is not None and seen is not None and seen.channels in (1, 3))
        self.picture.setVisible(is_drawn)
        self.table.setVisible(not is_drawn)
        self._space.setVisible(not is_drawn)
        self.table.show_rows([] if is_drawn else [tensor_row(name, fed) for name, fed in prediction.fed.items()])
        if picture is not None and not (self.fed.isChecked() and not self.fed.isHidden()):
            self._draw_picture(picture, seen)
        elif is_drawn and seen is not None:
            self._draw_fed(prediction, seen)
        self._draw_captions(prediction, seen)

    def _why_nothing(self, image: str) -> str:
        if not image:
            return EMPTY
        if self.session.model is None:
            return f"{file_name(image)} waits for a model. Open one, or drop an .onnx file on the window."
        if self.session.busy:
            return f"{file_name(image)} is being fed to the model."
        return f"{file_name(image)} could not be fed to the model. The line at the foot of the window says why."

    def _field(self) -> Rectangle | None:
        layer, element = self.session.layer(), self.session.view.element
        return field_of(layer.receptive_field, element) if layer is not None and element is not None else None

    def _draw_picture(self, picture: Picture, seen: PictureInput | None) -> None:
        field = self._field()
        marked = on_picture(field, picture.box, seen.height, seen.width) if field and seen else None
        self.picture.show_picture(picture.pixels, picture.size, Rectangle(*picture.box), marked)

    def _draw_fed(self, prediction: Prediction, seen: PictureInput) -> None:
        pixels = _drawn_back(prediction.fed[seen.name], seen, prediction.preprocessing)
        self.picture.show_picture(pixels, (seen.width, seen.height), None, self._field())

    def _draw_captions(self, prediction: Prediction, seen: PictureInput | None) -> None:
        picture, recipe = prediction.picture, prediction.preprocessing
        name = Span(file_name(prediction.image) if prediction.image else "defaults", "text", is_name=True)
        size = format.shape(picture.size) if picture is not None else ""
        note = f", {picture.note}" if picture is not None and picture.note else ""
        shape = f"{seen.width} × {seen.height}" if seen is not None else "no picture"
        words = f"model sees {shape}, {in_words(recipe)}" if recipe is not None else f"fed as it is, {shape}"
        self.caption.show_spans(
            [name, Span(f"  {size}{note}", "muted")],
            remark=[Span(words, "muted")],
            brief=[Span(f"sees {shape}", "muted")],
        )
        chosen = self.session.preprocessing
        self.presets.rename(0, "auto" if chosen or recipe is None else f"auto, {recipe.name}")
        self.presets.choose(chosen.name if chosen is not None else None)
        self.presets.setEnabled(recipe is not None)
        why = f"{recipe.source}; {described(recipe)}" if recipe is not None and recipe.source else ""
        why = why or (described(recipe) if recipe is not None else "A tensor file is fed without any preprocessing.")
        self.source.show_spans([Span(why, "muted")])

    def forget(self) -> None:
        self.picture.clear()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.picture.set_dimmed(is_dimmed)

    # ---------------------------------------------------------------- what the user does

    @Slot(int)
    def _choose_preset(self, row: int) -> None:
        self.session.set_preprocessing(self.presets.itemData(row))

    @Slot(object)
    def _read_out(self, at: tuple[int, int, tuple[int, int, int]] | None) -> None:
        prediction = self.session.prediction
        if at is None or prediction is None:
            self.readout.emit(())
            return
        row, column, color = at
        self.readout.emit(
            (
                ("", file_name(prediction.image)),
                ("row", str(row)),
                ("column", str(column)),
                ("red, green, blue", ", ".join(map(str, color))),
            )
        )


def _drawn_back(tensor: Array, seen: PictureInput, recipe: Preprocessing | None) -> Index:
    first = tensor[0]
    planes = np.moveaxis(first, -1, 0) if seen.channels_last else first
    if recipe is None or recipe.scale == 0:
        return stretched(planes)
    return unfed(planes, recipe.scale, recipe.mean, recipe.std, recipe.channels == "BGR", recipe.invert)


def in_words(recipe: Preprocessing) -> str:
    """Return what happens to the pixels, in a few words: ``BGR − mean``, ``RGB 0 to 1``."""
    channels = f"inverted {recipe.channels}" if recipe.invert else recipe.channels
    per_channel = len(set(recipe.mean)) > 1 or len(set(recipe.std)) > 1
    has_std = any(each != 1 for each in recipe.std)
    if per_channel:
        return f"({channels} − mean) / std" if has_std else f"{channels} − mean"
    low = (0 - recipe.mean[0]) / recipe.std[0]
    high = (255 * recipe.scale - recipe.mean[0]) / recipe.std[0]
    return f"{channels} {_round(low)} to {_round(high)}"


def described(recipe: Preprocessing) -> str:
    """Return a recipe in one sentence."""
    fits = {
        "stretch": "stretched to the input's size",
        "crop": f"the middle {format.percent(recipe.crop)} of the short side cut out",
        "letterbox": "scaled into the input, the rest filled",
    }
    return f"{fits[recipe.fit]}, {in_words(recipe)}"


def _round(value: float) -> str:
    text = f"{value:.4g}" if math.isfinite(value) else format.significant(value)
    return text.replace("-", format.MINUS)


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
