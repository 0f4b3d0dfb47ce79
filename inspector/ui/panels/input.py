"""The picture, and what the model sees of it."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from inspector import format
from inspector.graph.context import PictureInput, Rectangle, field_of, on_picture, picture_input
from inspector.graph.model import Array, Picture, Prediction
from inspector.graph.preprocessing import PRESETS, Preprocessing
from inspector.render.arrays import Index
from inspector.render.pictures import stretched, unfed
from inspector.ui import theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.lines import Line, Span
from inspector.ui.panel import Panel
from inspector.ui.panels.picture_view import PictureView
from inspector.ui.panels.tensor_table import TensorTable, tensor_row
from inspector.ui.session import Session
from inspector.ui.text import file_name, tooltip

EMPTY = "Open a picture, or drop one on the window: here you will see it, and the part of it that the model sees."
CUT_OUT = "middle cut out"


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
        self._tabled: Prediction | None = None  # whose tensors are in the table
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
        if prediction is not self._tabled:  # its numbers take a look at every value
            rows = [] if is_drawn else [tensor_row(name, fed) for name, fed in prediction.fed.items()]
            self.table.show_rows(rows)
            self._tabled = prediction
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
        if recipe is None:
            self.source.show_spans([Span("A tensor file is fed without any preprocessing.", "muted")])
            return
        self.source.show_spans(
            [Span(recipe.source or f"preset {recipe.name}", "muted", is_name=True)],
            remark=[Span(_fit_in_words(recipe), "muted")],
            brief=[Span(CUT_OUT if recipe.fit == "crop" else recipe.fit, "muted")],
        )

    def forget(self) -> None:
        self._tabled = None
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
    return f"{_fit_in_words(recipe)}, {in_words(recipe)}"


def _fit_in_words(recipe: Preprocessing) -> str:
    if recipe.fit == "crop":
        return f"middle {format.percent(recipe.crop)} cut out" if recipe.crop < 1 else CUT_OUT
    return "stretched" if recipe.fit == "stretch" else "scaled into the input"


def _round(value: float) -> str:
    text = f"{value:.4g}" if math.isfinite(value) else format.significant(value)
    return text.replace("-", format.MINUS)
