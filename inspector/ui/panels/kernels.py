"""The weights of a layer: as pictures, and the chosen one as numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

import numpy as np
from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QToolButton, QVBoxLayout

from inspector import format
from inspector.errors import InspectorError
from inspector.graph.context import (
    KernelFacts,
    depthwise_kernels,
    kernel_facts,
    kernel_layer_before,
    kernel_of,
    maker_of_maps,
    matrix_of,
    sees_picture,
)
from inspector.graph.model import Array, Layer, Model
from inspector.graph.weight import Weight
from inspector.render.grid import Place
from inspector.render.kernels import first_layer_rgb, kernel_slices, strongest
from inspector.render.limits import Limits, limits
from inspector.render.palettes import palette
from inspector.render.survey import specials
from inspector.ui import icons, theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.lines import Line, Span, facts
from inspector.ui.panel import Panel
from inspector.ui.panels.kernel_numbers import Legend, NumberGrid
from inspector.ui.panels.kernel_readout import Shown, read_out
from inspector.ui.session import Session
from inspector.ui.text import plain, shortened, tooltip

NO_MODEL = "Open a model: here you will see the kernels of the selected layer, as pictures and as numbers."
KERNELS_KEPT = 8  # read from the file before; a layer of 512 x 512 x 3 x 3 has 18 kB in each of its kernels
LARGEST_NUMBERS = 7  # a kernel with more elements across is not written out


class KernelsPanel(Panel):
    """The kernels that made the selected layer's maps, or those of the layer it is locked to."""

    title = "Kernels"
    dock_name = "kernels"
    icon_name = "kernel"
    area = Qt.DockWidgetArea.RightDockWidgetArea

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.heading = Line()
        self.caption = Line("small")
        self.lock = QToolButton()
        self.lock.setCheckable(True)
        self.lock.setIcon(icons.icon("unlock", 16))
        self.lock.setIconSize(QSize(16, 16))
        self.lock.setFixedSize(theme.CONTROL_HEIGHT, theme.CONTROL_HEIGHT)
        self.lock.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.lock.setAccessibleName("Lock")
        self.lock.setToolTip(tooltip("Keep these kernels while the selection moves"))
        self.canvas = MosaicCanvas()
        self.canvas.setAccessibleName("Kernels")
        self.numbers = NumberGrid()
        self.which = QSpinBox()
        self.which.setAccessibleName("Kernel")
        self.which.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.which.setWrapping(True)
        self.which.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.which.setKeyboardTracking(False)
        self.which.setFont(theme.font("small"))
        self.foot = Line("small")
        self.legend = Legend()
        self._layer = ""  # whose kernels are shown
        self._output = 0  # of that layer, where it does not follow the selection
        self._input = -1  # the slice that is written out; -1: the strongest
        self._shown: Shown | None = None
        self._offered = ""
        self._kept: dict[Hashable, Array] = {}  # read before, the last one last
        self._lay_out()
        self.lock.toggled.connect(self._toggle_lock)
        self.canvas.picked.connect(self._pick)
        self.canvas.hovered.connect(self._read_out)
        self.canvas.channel_wanted.connect(self._go_to)
        self.which.valueChanged.connect(self._choose_output)
        session.model_changed.connect(self._forget)

    def _lay_out(self) -> None:
        title = QVBoxLayout()
        title.setSpacing(2)
        title.addWidget(self.heading)
        title.addWidget(self.caption)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACING)
        top.addLayout(title, 1)
        top.addWidget(self.lock, 0, Qt.AlignmentFlag.AlignTop)
        middle = QHBoxLayout()
        middle.setSpacing(theme.SPACING)
        middle.addWidget(self.canvas, 1)
        middle.addWidget(self.numbers)
        self._which_label = QLabel("kernel")
        self._which_label.setFont(theme.font("small"))
        self._which_label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addWidget(self._which_label)
        bottom.addWidget(self.which)
        bottom.addSpacing(4)
        bottom.addWidget(self.foot, 1)
        bottom.addWidget(self.legend)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, theme.SPACING)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addLayout(middle, 1)
        layout.addLayout(bottom)

    # ---------------------------------------------------------------- which layer

    def draw(self) -> None:
        model, selected = self.session.model, self.session.layer()
        self._shown, self._offered = None, ""
        if model is None or selected is None:
            self.say(NO_MODEL)
            return
        layer = model.layer(self._layer) if self.lock.isChecked() else maker_of_maps(model, selected)
        facts_ = kernel_facts(layer) if layer is not None else None
        if layer is None or facts_ is None:
            self._say_none(model, selected)
            return
        if layer.name != self._layer:
            self._layer, self._output, self._input = layer.name, 0, -1
        maker = maker_of_maps(model, selected)
        if maker is layer:
            self._output = self.session.view.channel
        self._output = max(0, min(self._output, facts_.outputs - 1))
        try:
            self._draw_layer(model, layer, facts_)
        except InspectorError as error:
            self.say(f"The kernels of {shortened(layer.name)} cannot be shown. {error}")

    def _say_none(self, model: Model, selected: Layer) -> None:
        name, before = shortened(selected.name), kernel_layer_before(model, selected)
        if selected.family in ("convolution", "fully connected"):
            said = (
                f"The kernels of {name} ({selected.op_type}) are not in the file: the model computes them as it runs."
            )
        else:
            said = f"{name} ({selected.op_type}) has no kernels."
        if before is None or kernel_facts(before) is None:
            self.say(said)
            return
        self._offered = before.name
        self.say(said, f"Kernels of {shortened(before.name, 32)}")

    def page_action(self) -> None:
        self.session.select_layer(self._offered)

    # ---------------------------------------------------------------- drawing

    def _draw_layer(self, model: Model, layer: Layer, known: KernelFacts) -> None:
        selected = self.session.layer()
        made = "" if selected is layer or self.lock.isChecked() else ", which made this map"
        self.heading.show_spans(
            [Span(layer.name, "bold", is_name=True), Span(f" ({layer.op_type}){made}", "muted")], layer.family
        )
        weight = layer.weight("kernel")
        assert weight is not None
        if not known.spatial:
            self._draw_matrix(weight, known)
        elif known.inputs == 3 and len(known.spatial) == 2 and not known.transposed and sees_picture(model, layer):
            self._draw_colors(weight, known)
        elif known.is_depthwise:
            self._draw_depthwise(layer, known)
        else:
            self._draw_slices(layer, known)
        self._draw_foot(layer, known)

    def _read(self, key: Hashable, read: Callable[[], Array]) -> Array:
        """Return weights that were read before, or read them now."""
        kernels = self._kept.pop(key, None)
        kernels = read() if kernels is None else kernels
        self._kept[key] = kernels
        while len(self._kept) > KERNELS_KEPT:
            del self._kept[next(iter(self._kept))]
        return kernels

    def _is_bgr(self) -> bool:
        prediction, model = self.session.prediction, self.session.model
        recipe = prediction.preprocessing if prediction is not None else None
        recipe = recipe or (model.preprocessing if model is not None else None)
        return recipe is not None and recipe.channels == "BGR"

    def _draw_colors(self, weight: Weight, known: KernelFacts) -> None:
        kernels, bgr = self._read(weight.name, weight.read), self._is_bgr()
        order = (2, 1, 0) if bgr else (0, 1, 2)
        self._caption(f"{known.outputs} of {format.shape((*known.spatial, 3))}, as RGB, grey = 0")
        self.canvas.show_colors(first_layer_rgb(kernels, bgr))
        self.canvas.set_selection(self._output)
        chosen = kernels[self._output]
        around_zero = limits(chosen, "symmetric")
        self._shown = Shown("colors", kernels, around_zero, self._output, order=order)
        self._write(chosen[list(order)], tuple("RGB"), around_zero)

    def _draw_depthwise(self, layer: Layer, known: KernelFacts) -> None:
        kernels = self._read(layer.name, partial(depthwise_kernels, layer))
        tiles = kernels.reshape(-1, *kernel_slices(kernels, 0).shape[1:])
        self._caption(f"{known.outputs} of {format.shape(known.spatial)}, each on one channel")
        chosen = self._output * (len(tiles) // known.outputs)
        self._shown = Shown("kernels", tiles, limits(tiles, "symmetric"), self._output)
        self._draw_tiles(self._shown, chosen)
        self._write(tiles[chosen : chosen + 1], ("",), self._shown.limits)

    def _draw_slices(self, layer: Layer, known: KernelFacts) -> None:
        kernel = self._read((layer.name, self._output), partial(kernel_of, layer, self._output))
        tiles = kernel_slices(kernel[np.newaxis], 0)
        size = format.shape(known.spatial)
        inputs = f"{known.inputs} input channels" if known.inputs > 1 else "1 input channel"
        self._caption(f"kernel {self._output} of {known.outputs}: {inputs}, {size} each")
        if not 0 <= self._input < len(tiles):
            self._input = strongest(tiles)
        self._shown = Shown("slices", tiles, limits(tiles, "symmetric"), self._output)
        self._draw_tiles(self._shown, self._input)
        self._write(tiles[self._input : self._input + 1], (f"input {self._input}",), self._shown.limits)

    def _draw_matrix(self, weight: Weight, known: KernelFacts) -> None:
        matrix = matrix_of(weight)
        tiles, steps = matrix.values[np.newaxis], (matrix.row_step, matrix.column_step)
        rows, columns = weight.shape[-2:]
        part = f"; every {_ordinal(steps[0])} row and every {_ordinal(steps[1])} column" if max(steps) > 1 else ""
        self._caption(f"{rows} rows × {columns} columns, {known.inputs} inputs for {known.outputs} outputs{part}")
        self._shown = Shown("matrix", tiles, limits(tiles, "symmetric"), steps=steps)
        self._draw_tiles(self._shown, -1)
        self.numbers.clear()
        self.numbers.hide()

    def _draw_tiles(self, shown: Shown, chosen: int) -> None:
        fills = shown.what == "matrix"
        self.canvas.show_maps(shown.tiles, shown.limits, palette("signed"), specials(shown.tiles), fills=fills)
        self.canvas.set_selection(chosen)

    def _caption(self, text: str) -> None:
        self.caption.show_spans([Span(text, "muted")])

    def _write(self, tiles: Array, names: tuple[str, ...], around_zero: Limits) -> None:
        """Write these weights as numbers, unless there are too many."""
        if max(tiles.shape[1:]) > LARGEST_NUMBERS:
            self.numbers.clear()
        else:
            self.numbers.show_tiles(tiles, names, around_zero)
        self.numbers.setVisible(not self.numbers.is_empty)

    def _draw_foot(self, layer: Layer, known: KernelFacts) -> None:
        shown = self._shown
        if shown is None:
            return
        blocked = self.which.blockSignals(True)
        self.which.setRange(0, known.outputs - 1)
        self.which.setValue(self._output)
        self.which.blockSignals(blocked)
        for widget in (self.which, self._which_label):
            widget.setVisible(bool(known.spatial))
        self.which.setFixedWidth(round(QFontMetricsF(self.which.font()).horizontalAdvance(str(known.outputs))) + 30)
        bias = _bias(layer, self._output, known.outputs) if known.spatial else None
        self.foot.show_spans(facts(("bias", format.significant(bias))) if bias is not None else ())
        low, high = shown.limits.of(0)
        self.legend.show_limits(format.significant(low), format.significant(high))

    def set_dimmed(self, is_dimmed: bool) -> None:
        """Weights do not change by a run."""

    # ---------------------------------------------------------------- what the user does

    @Slot()
    def _forget(self) -> None:
        self._kept.clear()
        self._layer = ""
        self.lock.setChecked(False)

    @Slot(bool)
    def _toggle_lock(self, is_locked: bool) -> None:
        self.lock.setIcon(icons.icon("lock" if is_locked else "unlock", 16))
        self.refresh()

    def _follows(self) -> bool:
        model, selected = self.session.model, self.session.layer()
        maker = maker_of_maps(model, selected) if model is not None and selected is not None else None
        return maker is not None and maker.name == self._layer

    @Slot(int)
    def _choose_output(self, output: int) -> None:
        if self._follows():
            self.session.select_channel(output)
        else:
            self._output = output
            self.refresh()

    @Slot(object)
    def _pick(self, place: Place) -> None:
        self._go_to(place.channel)

    @Slot(int)
    def _go_to(self, tile: int) -> None:
        shown = self._shown
        if shown is None or shown.what == "matrix":
            return
        if shown.what == "slices":
            self._input = tile
            self.refresh()
        else:
            self._choose_output(tile)

    @Slot(object)
    def _read_out(self, place: Place | None) -> None:
        shown, model = self._shown, self.session.model
        layer = model.layer(self._layer) if model is not None else None
        if place is None or shown is None or layer is None:
            self.readout.emit(())
        else:
            self.readout.emit((("", plain(layer.name)), *read_out(shown, place)))


def _bias(layer: Layer, output: int, outputs: int) -> float | None:
    weight = layer.weight("bias")
    if weight is None or weight.shape != (outputs,):
        return None
    return float(weight.read(output, 1)[0])


def _ordinal(number: int) -> str:
    if number == 1:
        return ""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
