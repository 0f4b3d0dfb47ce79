"""The weights of a layer: as pictures, and the chosen one as numbers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPoint, QPointF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSpinBox, QToolButton, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.kernels import Order
from inspector.errors import InspectorError
from inspector.graph.context import kernel_layer_before, maker_of_maps
from inspector.graph.edits import why_not_sliding
from inspector.graph.kernels import KernelFacts, kernel_facts, stored_index
from inspector.graph.model import Layer, Model
from inspector.graph.packed import PACKED
from inspector.render.grid import Place
from inspector.render.kernels import first_layer_rgb
from inspector.render.palettes import palette
from inspector.render.taken import tab_separated
from inspector.ui import icons, theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.curves import CurveView
from inspector.ui.forms import Section
from inspector.ui.later import Later
from inspector.ui.lines import Line, Span, facts
from inspector.ui.panel import WALL, Panel
from inspector.ui.panels.kernel_controls import KernelControls, Offered
from inspector.ui.panels.kernel_details import KernelDetails
from inspector.ui.panels.kernel_drawing import (
    READ_AT_ONCE,
    Kernels,
    Wish,
    needs_survey,
    numbers_to_read,
    shown_of,
)
from inspector.ui.panels.kernel_editor import KernelEditor
from inspector.ui.panels.kernel_grid import KernelGrid
from inspector.ui.panels.kernel_map import KernelMap
from inspector.ui.panels.kernel_numbers import Legend, NumberGrid
from inspector.ui.panels.kernel_readout import Mode, Shown, read_out, scale_text
from inspector.ui.panels.kernel_source import KernelSource, are_colors, detailed, modes_of
from inspector.ui.panels.map_controls import SliceRow
from inspector.ui.pictures import Pictured
from inspector.ui.readout import whole
from inspector.ui.session import Session
from inspector.ui.text import plain, shortened, tooltip

NO_MODEL = "Open a model: here you will see the kernels of the selected layer, as pictures and as numbers."
LARGEST_NUMBERS = 7  # a kernel with more elements across is not written out
CURVE_HEIGHT = 110  # of a long kernel of one axis
NUMBERS_PART = 0.45  # of the width, at most, beside the pictures
ONE_LINE = 430  # pixels that bias and color bar need beside each other
PICTURES_HEIGHT = 128  # of the kernels, at least


class KernelsPanel(Panel):
    """The kernels that made the selected layer's maps, or those of the layer it is locked to."""

    title = "Kernels"
    dock_name = "kernels"
    icon_name = "kernel"
    ignores = WALL
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
        self.edit = QToolButton()
        self.edit.setText("Edit")
        self.edit.setFont(theme.font("small"))
        self.edit.setFixedHeight(theme.CONTROL_HEIGHT)
        self.edit.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.edit.setToolTip(tooltip("Type other weights, or another stride and padding, and see what they do"))
        self.scale = Line("small")
        self.controls = KernelControls()
        self.codes = self.controls.codes
        self.planes = SliceRow("Which plane of the kernels is shown")
        self.canvas = MosaicCanvas()
        self.canvas.setAccessibleName("Kernels")
        self.grid = KernelGrid()
        for canvas in (self.canvas, self.grid):
            canvas.setMinimumHeight(PICTURES_HEIGHT)
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
        self.map = KernelMap()
        self.details = KernelDetails()
        self.section = Section("Numbers", self.details)
        self._mode: Mode = "one"
        self._order: Order = "index"
        self._is_folded = self._is_gapped = self._is_narrow = False
        self._layer = ""  # whose kernels are shown
        self._output = 0  # of that layer, where it does not follow the selection
        self._input = -1  # the slice that is written out; -1: the strongest
        self._plane = -1  # of kernels of three axes; -1: the middle one
        self._source = KernelSource(self)
        self._drawn: Kernels | None = None  # what ``_shown`` was made of
        self._wish: Wish | None = None  # what ``_shown`` was made for
        self._shown: Shown | None = None
        self._offered = ""
        self._later = Later(self)
        self.editor = KernelEditor(session)
        self._soon = QTimer(self, singleShot=True, interval=0)  # when what was opened has its place
        self._soon.timeout.connect(self._show_editor)
        self._edits = session.editing.shown  # with which kernels were read
        self._lay_out()
        for later in (self._later, self._source):
            later.done.connect(self.refresh)
        self.controls.coded.connect(self._choose_codes)
        self.controls.mode_chosen.connect(self._choose_mode)
        self.controls.order_chosen.connect(self._choose_order)
        self.controls.folded.connect(self._choose_folded)
        self.controls.gapped.connect(self._choose_gaps)
        self.section.toggled.connect(self._on_details)
        self.edit.clicked.connect(self._open_editor)
        self.map.clicked.connect(self._go_to_map)
        self.planes.chosen.connect(self._choose_plane)
        self.lock.toggled.connect(self._toggle_lock)
        for canvas in (self.canvas, self.grid):
            canvas.picked.connect(self._pick)
            canvas.hovered.connect(self._read_out)
            canvas.channel_wanted.connect(self._go_to)
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
        top.addWidget(self.edit, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.lock, 0, Qt.AlignmentFlag.AlignTop)
        middle = QHBoxLayout()
        middle.setSpacing(theme.SPACING)
        middle.addWidget(self.canvas, 1)
        middle.addWidget(self.grid, 1)
        middle.addWidget(self.numbers)
        self._which_label = QLabel("kernel")
        self._which_label.setFont(theme.font("small"))
        self._which_label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._chosen_row = chosen = QHBoxLayout()
        chosen.setSpacing(6)
        chosen.addWidget(self._which_label)
        chosen.addWidget(self.which)
        chosen.addSpacing(4)
        chosen.addWidget(self.foot, 1)
        self._colored_row = colored = QHBoxLayout()
        colored.setSpacing(theme.SPACING)
        colored.addWidget(self.scale, 1)
        chosen.addWidget(self.legend)
        beside = QVBoxLayout()
        beside.setSpacing(2)
        beside.addLayout(chosen)
        beside.addLayout(colored)
        bottom = QHBoxLayout()
        bottom.setSpacing(theme.SPACING)
        bottom.addWidget(self.map)
        bottom.addLayout(beside, 1)
        content = QWidget()
        lines = QVBoxLayout(content)
        lines.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.SPACING)
        lines.setSpacing(6)
        lines.addWidget(self.controls)
        lines.addWidget(self.planes)
        lines.addLayout(middle, 1)
        lines.addWidget(self.curve)
        lines.addLayout(bottom)
        lines.addWidget(self.section)
        self.editor_slot = QVBoxLayout()  # of who edits the chosen kernel
        lines.addLayout(self.editor_slot)
        self.editor_slot.addWidget(self.editor)
        self._scroll = scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        content.setAutoFillBackground(False)
        scroll.viewport().setAutoFillBackground(False)
        top.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, 0)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(scroll, 1)

    # ---------------------------------------------------------------- which layer

    def draw(self) -> None:
        model, selected = self.session.model, self.session.layer()
        shown, self._shown, self._offered = self._shown, None, ""
        if self._edits != self.session.editing.shown:
            self._edits = self.session.editing.shown
            self._source.forget()
        if model is None or selected is None:
            self.say(NO_MODEL)
            return
        layer = model.layer(self._layer) if self.lock.isChecked() else maker_of_maps(model, selected)
        facts_ = self._source.facts(model, layer)
        if layer is None or facts_ is None:
            self._say_none(model, selected)
            return
        if layer.name != self._layer:
            self._layer, self._output, self._input, self._plane = layer.name, 0, -1, -1
        if maker_of_maps(model, selected) is layer:
            self._output = self.session.view.channel
        self._output = max(0, min(self._output, facts_.outputs - 1))
        try:
            self._shown = self._made(model, self._source.of(layer, facts_, self._is_folded), shown)
        except InspectorError as error:
            self.say(f"The kernels of {shortened(layer.name)} cannot be shown. {error}")
            return
        if self._shown is None:
            self.say(f"The weights of {shortened(layer.name)} are being read.")
            return
        self._draw_layer(layer, facts_, self._shown)
        self._draw_details(self._shown)

    def _say_none(self, model: Model, selected: Layer) -> None:
        if not why_not_sliding(selected):  # a pooling has a stride and a padding to be changed
            self._page.show_below(self.editor)
            self.editor.show_kernel(selected, None, 0, 0, 0)
            self.editor.show_slide(selected)
        elif self.editor.parentWidget() is self._page:
            self.editor_slot.addWidget(self.editor)
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

    def _wished(self, model: Model, kernels: Kernels) -> Wish:
        known, layer = kernels.known, kernels.layer
        mode = self._mode if self._mode in dict(modes_of(model, kernels)) else "one"
        return Wish(
            layer.name,
            self._output if known.spatial else 0,
            self._input,
            self._plane,
            self.session.view.codes,
            are_colors(model, kernels),
            self._is_bgr(),
            mode,
            self._order,
            kernels.real.folded is not None,
            self._is_gapped and _is_dilated(layer),
        )

    def _made(self, model: Model, kernels: Kernels, before: Shown | None) -> Shown | None:
        """Return what is to be drawn, from before if it is the same; None while it is being read."""
        wish = self._wished(model, kernels)
        survey = self._source.survey(wish.codes) if needs_survey(kernels, wish) else None
        if before is not None and self._wish == wish and self._drawn is kernels:
            return before
        self._wish, self._drawn = wish, kernels
        if survey is None and needs_survey(kernels, wish):
            return None
        if numbers_to_read(kernels, wish) <= READ_AT_ONCE:
            return shown_of(kernels, wish, survey)
        return self._later.result((id(kernels), wish), partial(shown_of, kernels, wish, survey))

    def _is_bgr(self) -> bool:
        prediction, model = self.session.prediction, self.session.model
        recipe = prediction.preprocessing if prediction is not None else None
        recipe = recipe or (model.preprocessing if model is not None else None)
        return recipe is not None and recipe.channels == "BGR"

    def _draw_layer(self, layer: Layer, known: KernelFacts, shown: Shown) -> None:
        selected = self.session.layer()
        made = "" if selected is layer or self.lock.isChecked() else "made this map"
        self.heading.show_spans(
            [
                Span(layer.name, "bold", is_name=True),
                Span(f" ({layer.op_type})", "muted"),
                *([Span(", edited", "warning")] if layer.name in self.session.editing.layers() else []),
            ],
            layer.family,
            remark=[Span(made, "muted")] if made else (),
            brief=[Span("")] if made else (),  # rather nothing than a name that is shortened for it
        )
        self.caption.show_spans([Span(shown.caption, "muted")])
        self.planes.show_slice(shown.plane, shown.planes)
        self._draw_choices(layer, known, shown)
        self._draw_scale(layer, shown)
        self.canvas.setVisible(shown.grid is None)
        self.grid.setVisible(shown.grid is not None)
        if shown.grid is not None:
            self.grid.show_grid(shown.grid, shown.limits, palette("signed"))
            self.grid.set_selection(shown.chosen)
        elif shown.what == "colors":
            self.canvas.show_colors(first_layer_rgb(shown.tiles, self._is_bgr()))
        else:
            fills = shown.what == "matrix"
            row_numbers = shown.outputs is None  # in another order a tile's place is not its number
            self.canvas.show_maps(
                shown.tiles, shown.limits, palette("signed"), shown.found, row_numbers=row_numbers, fills=fills
            )
        if shown.grid is None:
            self.grid.clear()
            self.canvas.set_selection(shown.chosen)
        if shown.what in ("slices", "grid") and self._wish is not None:  # it stays chosen when another kernel is
            self._input = shown.chosen if shown.grid is None else shown.chosen % shown.grid.shape[1]
            self._wish = replace(self._wish, input=self._input)
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
        if self.editor.parentWidget() is self._page:
            self.editor_slot.addWidget(self.editor)
        self.editor.show_kernel(layer, kernel_facts(layer), self._output, self._input_of_weight(known), shown.plane)
        self.editor.show_slide(selected if selected is not None and not self.lock.isChecked() else layer)

    def _input_of_weight(self, known: KernelFacts) -> int:
        """Return the chosen input as the layer has it: of flattened feature maps, the first element of the chosen."""
        if not known.flattened or self._drawn is None:
            return self._input
        index = stored_index(self._drawn.layer, known, 0, max(0, self._input), (0,) * len(known.spatial))
        return max(index)

    def _draw_choices(self, layer: Layer, known: KernelFacts, shown: Shown) -> None:
        model, kernels, wish = self.session.model, self._drawn, self._wish
        if model is None or kernels is None or wish is None:
            return
        is_together = shown.what in ("colors", "kernels", "grid") and known.outputs > 1
        normalization = self._source.normalization
        self.controls.show_choices(
            Offered(
                modes_of(model, kernels),
                wish.mode if known.spatial else "matrix",
                self._order if is_together else "",
                normalization.name if normalization is not None else "",
                wish.folded,
                _is_dilated(layer) and shown.what != "colors",
                wish.gaps,
                kernels.codes is not None,
                self.session.view.codes,
            )
        )

    def _draw_scale(self, layer: Layer, shown: Shown) -> None:
        """Say what the codes of a quantized kernel stand for, or what was folded in."""
        weight = layer.weight("kernel")
        is_quantized = weight is not None and weight.quantization is not None
        folded = self._drawn.real.folded if self._drawn is not None else None
        self.scale.show_spans(())
        self.scale.setVisible(is_quantized or folded is not None or self._is_narrow)
        if weight is not None and shown.scale is not None:
            self.scale.show_spans([Span(f"{weight.dtype}, {scale_text(shown.scale)}", "muted")])
        elif weight is not None and is_quantized:
            self.scale.show_spans([Span(f"{weight.dtype}, each kernel with a scale of its own", "muted")])
        elif folded is not None:
            factor = format.significant(folded.factor[self._output])
            name = Span(folded.normalization, "muted", is_name=True)
            self.scale.show_spans([Span("with ", "muted"), name, Span(f": this kernel × {factor}", "muted")])

    def _draw_foot(self, layer: Layer, known: KernelFacts, shown: Shown) -> None:
        blocked = self.which.blockSignals(True)
        self.which.setRange(0, known.outputs - 1)
        self.which.setValue(self._output)
        self.which.blockSignals(blocked)
        for widget in (self.which, self._which_label):
            widget.setVisible(bool(known.spatial))
        self.which.setFixedWidth(round(QFontMetricsF(self.which.font()).horizontalAdvance(str(known.outputs))) + 30)
        self._which_label.setText("output" if known.flattened else "kernel")
        folded = self._drawn.real.folded if self._drawn is not None else None
        bias = _bias(layer, self._output, known.outputs) if known.spatial else None
        if folded is not None and known.spatial:
            bias = float(folded.bias[self._output])
        self.foot.show_spans(facts(("bias", format.significant(bias))) if bias is not None else ())
        written = whole if shown.shows_codes else format.significant
        low, high = shown.limits.of(0)
        self.legend.show_limits(written(low), written(high))
        if known.spatial:
            self.map.show_map(self.session, layer, self._output)
        else:
            self.map.hide()

    def _draw_details(self, shown: Shown) -> None:
        """Say what the chosen kernel and the layer hold; the layer's are looked through when the part is open."""
        kernels, wish = self._drawn, self._wish
        if kernels is None or wish is None:
            return
        self.section.setVisible(bool(kernels.known.spatial))
        if not kernels.known.spatial:
            return
        is_open = self.section.head.isChecked()
        known = detailed(kernels, wish, shown, self._input, self._source.survey(wish.codes) if is_open else None)
        if known.one is not None:
            self.section.head.summarize(f"L1 {format.significant(known.one.l1)}, L2 {format.significant(known.one.l2)}")
        if is_open:
            self.details.show_details(known)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.numbers.setMaximumWidth(round(self.width() * NUMBERS_PART))
        is_narrow = self.width() < ONE_LINE
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            (self._colored_row if is_narrow else self._chosen_row).addWidget(self.legend)
            self.scale.setVisible(is_narrow or bool(self.scale.text))

    def pictured(self, at: QPoint | None) -> Pictured | None:
        shown, canvas = self._shown, self.canvas if self.grid.isHidden() else self.grid
        if shown is None or self.message:
            return None
        is_matrix = shown.what == "matrix"
        chosen = 0 if is_matrix else shown.chosen
        tile = chosen if at is None else canvas.tile_at(QPointF(canvas.mapFrom(self, at)))
        drawn = canvas.taken(tile)
        if drawn is None:
            return None
        title = f"Weights of {self._layer}"
        if not is_matrix:
            input = tile % shown.grid.shape[1] if shown.grid is not None else tile
            output = shown.output if shown.what == "slices" else shown.output_of(tile)
            title = f"Kernel {output} of {self._layer}"
            title += f", input {input}" if shown.what in ("slices", "grid") else ""
        planes = shown.tiles[tile] if shown.what == "colors" else None
        text = tab_separated(planes.reshape(-1, planes.shape[-1])) if planes is not None else ""
        return Pictured(title, "kernel", drawn, text, self._layer)

    def set_dimmed(self, is_dimmed: bool) -> None:
        """Weights do not change by a run."""

    # ---------------------------------------------------------------- what the user does

    def forget(self) -> None:
        for each in (self._later, self._source, self.map):
            each.forget()
        self.grid.clear()
        self._drawn, self._wish, self._shown = None, None, None

    @Slot()
    def _forget(self) -> None:
        self.forget()
        self._layer = ""
        self.lock.setChecked(False)

    @Slot(bool)
    def _toggle_lock(self, is_locked: bool) -> None:
        self.lock.setIcon(icons.icon("lock" if is_locked else "unlock", 16))
        self.refresh()

    @Slot(bool)
    def _choose_codes(self, is_on: bool) -> None:
        self.session.set_view(codes=is_on)

    @Slot(str)
    def _choose_mode(self, mode: str) -> None:
        self._mode = "all" if mode == "all" else "matrix" if mode == "matrix" else "one"
        self.refresh()

    @Slot(str)
    def _choose_order(self, order: str) -> None:
        self._order = "L1" if order == "L1" else "L2" if order == "L2" else "index"
        self._wish = None
        self.refresh()

    @Slot(bool)
    def _choose_folded(self, is_on: bool) -> None:
        self._is_folded = is_on
        self.refresh()

    @Slot(bool)
    def _choose_gaps(self, is_on: bool) -> None:
        self._is_gapped = is_on
        self.refresh()

    @Slot(bool)
    def _on_details(self, is_open: bool) -> None:
        if is_open:
            self.refresh()

    @Slot()
    def _open_editor(self) -> None:
        """Open the part in which the kernel is changed, wherever the panel was scrolled to."""
        self.editor.head.setChecked(True)
        self._soon.start()

    @Slot()
    def _show_editor(self) -> None:
        self._scroll.verticalScrollBar().setValue(self.editor.y())

    @Slot()
    def _go_to_map(self) -> None:
        output = self._output
        self.session.select_layer(self._layer)
        self.session.select_channel(output)

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
            return
        output = shown.output_of(tile)
        if shown.grid is not None:
            self._input = tile % shown.grid.shape[1]
        if output != self._output:
            self._choose_output(output)
        else:
            self.refresh()

    @Slot(object)
    def _read_out(self, place: Place | None) -> None:
        shown, kernels = self._shown, self._drawn
        if place is None or shown is None or kernels is None:
            self.readout.emit(())
        else:
            layer = kernels.layer
            self.readout.emit((("", plain(layer.name)), *read_out(shown, place, layer, kernels.known)))


def _is_dilated(layer: Layer) -> bool:
    return layer.geometry is not None and max(layer.geometry.dilations, default=1) > 1


def _bias(layer: Layer, output: int, outputs: int) -> float | None:
    weight = layer.weight("bias")
    if weight is None or weight.shape != (outputs,):
        return None
    return float(weight.read(output, 1)[0])
