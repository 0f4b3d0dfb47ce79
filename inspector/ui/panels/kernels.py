"""The weights of a layer: as pictures, and the chosen one as numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QToolButton, QVBoxLayout

from inspector import format
from inspector.errors import InspectorError
from inspector.graph.context import kernel_layer_before, maker_of_maps, sees_picture
from inspector.graph.kernels import KernelFacts, kernel_facts
from inspector.graph.model import Array, Layer, Model
from inspector.graph.packed import PACKED
from inspector.render.grid import Place
from inspector.render.kernels import first_layer_rgb
from inspector.render.palettes import palette
from inspector.ui import icons, theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.curves import CurveView
from inspector.ui.later import Later
from inspector.ui.lines import Line, Span, facts
from inspector.ui.panel import Panel
from inspector.ui.panels.kernel_drawing import READ_AT_ONCE, Wish, numbers_to_read, shown_of
from inspector.ui.panels.kernel_numbers import Legend, NumberGrid
from inspector.ui.panels.kernel_readout import Shown, read_out, scale_text
from inspector.ui.panels.map_controls import SliceRow
from inspector.ui.readout import whole
from inspector.ui.session import Session
from inspector.ui.text import plain, shortened, tooltip

NO_MODEL = "Open a model: here you will see the kernels of the selected layer, as pictures and as numbers."
KERNELS_KEPT = 8  # read from the file before; a layer of 512 x 512 x 3 x 3 has 18 kB in each of its kernels
LARGEST_NUMBERS = 7  # a kernel with more elements across is not written out
CURVE_HEIGHT = 110  # of a long kernel of one axis


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
        self.scale = Line("small")
        self.codes = QToolButton()
        self.codes.setText("codes")
        self.codes.setCheckable(True)
        self.codes.setFixedHeight(theme.CONTROL_HEIGHT)
        self.codes.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.codes.setToolTip(tooltip("Show the stored integers, not the real numbers that they stand for"))
        self.planes = SliceRow("Which plane of the kernels is shown")
        self.canvas = MosaicCanvas()
        self.canvas.setAccessibleName("Kernels")
        self.numbers = NumberGrid()
        self.curve = CurveView()
        self.curve.setAccessibleName("The chosen kernel as a curve")
        self.curve.setFixedHeight(CURVE_HEIGHT)
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
        self._plane = -1  # of kernels of three axes; -1: the middle one
        self._wish: tuple[Layer, Wish] | None = None  # what ``_shown`` was made for
        self._shown: Shown | None = None
        self._offered = ""
        self._kept: dict[Hashable, Array] = {}  # read before, the last one last
        self._later = Later(self)
        self._lay_out()
        self._later.done.connect(self.refresh)
        self.codes.toggled.connect(self._choose_codes)
        self.planes.chosen.connect(self._choose_plane)
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
        coded = QHBoxLayout()
        coded.setSpacing(theme.SPACING)
        coded.addWidget(self.scale, 1)
        coded.addWidget(self.codes)
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
        layout.addLayout(coded)
        layout.addWidget(self.planes)
        layout.addLayout(middle, 1)
        layout.addWidget(self.curve)
        layout.addLayout(bottom)

    # ---------------------------------------------------------------- which layer

    def draw(self) -> None:
        model, selected = self.session.model, self.session.layer()
        shown, self._shown, self._offered = self._shown, None, ""
        if model is None or selected is None:
            self.say(NO_MODEL)
            return
        layer = model.layer(self._layer) if self.lock.isChecked() else maker_of_maps(model, selected)
        facts_ = kernel_facts(layer) if layer is not None else None
        if layer is None or facts_ is None:
            self._say_none(model, selected)
            return
        if layer.name != self._layer:
            self._layer, self._output, self._input, self._plane = layer.name, 0, -1, -1
        maker = maker_of_maps(model, selected)
        if maker is layer:
            self._output = self.session.view.channel
        self._output = max(0, min(self._output, facts_.outputs - 1))
        try:
            self._shown = self._made(model, layer, facts_, shown)
        except InspectorError as error:
            self.say(f"The kernels of {shortened(layer.name)} cannot be shown. {error}")
            return
        if self._shown is None:
            self.say(f"The weights of {shortened(layer.name)} are being read.")
            return
        self._draw_layer(layer, facts_, self._shown)

    def _say_none(self, model: Model, selected: Layer) -> None:
        name, before = shortened(selected.name), kernel_layer_before(model, selected)
        weight = selected.weight("kernel")
        if weight is not None:
            said = (
                f"The weights of {name} ({selected.op_type}) have the shape {format.shape(weight.shape)}: no kernels."
            )
        elif selected.op_type in PACKED:
            said = (
                f"The weights of {name} ({selected.op_type}) are packed, a few bits for each number, in a layout that "
                "the program cannot unpack: they cannot be shown."
            )
        elif selected.family in ("convolution", "fully connected"):
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

    def _made(self, model: Model, layer: Layer, known: KernelFacts, before: Shown | None) -> Shown | None:
        """Return what is to be drawn, from before if it is the same; None while it is being read."""
        as_colors = known.inputs == 3 and len(known.spatial) == 2 and not known.transposed
        wish = Wish(
            layer.name,
            self._output if known.spatial else 0,
            self._input,
            self._plane,
            self.session.view.codes,
            as_colors and sees_picture(model, layer),
            self._is_bgr(),
        )
        if before is not None and self._wish is not None and self._wish[0] is layer and self._wish[1] == wish:
            return before
        self._wish = layer, wish
        if numbers_to_read(layer, known) <= READ_AT_ONCE:
            return shown_of(layer, known, wish, self._read)
        return self._later.result((id(layer), wish), partial(shown_of, layer, known, wish, _read_now))

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

    def _draw_layer(self, layer: Layer, known: KernelFacts, shown: Shown) -> None:
        selected = self.session.layer()
        made = "" if selected is layer or self.lock.isChecked() else ", which made this map"
        self.heading.show_spans(
            [Span(layer.name, "bold", is_name=True), Span(f" ({layer.op_type}){made}", "muted")], layer.family
        )
        self.caption.show_spans([Span(shown.caption, "muted")])
        self.planes.show_slice(shown.plane, shown.planes)
        self._draw_scale(layer, shown)
        if shown.what == "colors":
            self.canvas.show_colors(first_layer_rgb(shown.tiles, self._is_bgr()))
        else:
            fills = shown.what == "matrix"
            self.canvas.show_maps(shown.tiles, shown.limits, palette("signed"), shown.found, fills=fills)
        self.canvas.set_selection(shown.chosen)
        if shown.what == "slices" and self._wish is not None:  # it stays chosen when another kernel is
            self._input = shown.chosen
            self._wish = layer, replace(self._wish[1], input=shown.chosen)
        is_long = shown.written is not None and max(shown.written.shape[1:]) > LARGEST_NUMBERS
        if shown.written is None or is_long:
            self.numbers.clear()
        else:
            self.numbers.show_tiles(shown.written, shown.names, shown.limits, shown.shows_codes)
        self.numbers.setVisible(not self.numbers.is_empty)
        is_curve = is_long and len(known.spatial) == 1
        self.curve.setVisible(is_curve)
        if is_curve and shown.written is not None:
            self.curve.show_curves(shown.written[0], unit="weight")
        else:
            self.curve.clear()
        self._draw_foot(layer, known, shown)

    def _draw_scale(self, layer: Layer, shown: Shown) -> None:
        """Say what the codes of a quantized kernel stand for, and offer to show them."""
        weight = layer.weight("kernel")
        is_quantized = weight is not None and weight.quantization is not None
        self.codes.setVisible(is_quantized)
        blocked = self.codes.blockSignals(True)
        self.codes.setChecked(self.session.view.codes)
        self.codes.blockSignals(blocked)
        self.scale.setVisible(is_quantized)
        if weight is not None and shown.scale is not None:
            self.scale.show_spans([Span(f"{weight.dtype}, {scale_text(shown.scale)}", "muted")])
        elif weight is not None:
            self.scale.show_spans([Span(f"{weight.dtype}, each kernel with a scale of its own", "muted")])

    def _draw_foot(self, layer: Layer, known: KernelFacts, shown: Shown) -> None:
        blocked = self.which.blockSignals(True)
        self.which.setRange(0, known.outputs - 1)
        self.which.setValue(self._output)
        self.which.blockSignals(blocked)
        for widget in (self.which, self._which_label):
            widget.setVisible(bool(known.spatial))
        self.which.setFixedWidth(round(QFontMetricsF(self.which.font()).horizontalAdvance(str(known.outputs))) + 30)
        bias = _bias(layer, self._output, known.outputs) if known.spatial else None
        self.foot.show_spans(facts(("bias", format.significant(bias))) if bias is not None else ())
        written = whole if shown.shows_codes else format.significant
        low, high = shown.limits.of(0)
        self.legend.show_limits(written(low), written(high))

    def set_dimmed(self, is_dimmed: bool) -> None:
        """Weights do not change by a run."""

    # ---------------------------------------------------------------- what the user does

    @Slot()
    def _forget(self) -> None:
        self._kept.clear()
        self._later.forget()
        self._layer, self._wish, self._shown = "", None, None
        self.lock.setChecked(False)

    @Slot(bool)
    def _toggle_lock(self, is_locked: bool) -> None:
        self.lock.setIcon(icons.icon("lock" if is_locked else "unlock", 16))
        self.refresh()

    @Slot(bool)
    def _choose_codes(self, is_on: bool) -> None:
        self.session.set_view(codes=is_on)

    @Slot(int)
    def _choose_plane(self, plane: int) -> None:
        self._plane = plane
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


def _read_now(key: Hashable, read: Callable[[], Array]) -> Array:
    return read()
