"""The part of the kernels' panel in which a kernel, its bias, and the layer's stride and padding are changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QSpinBox, QToolButton, QVBoxLayout, QWidget

from inspector import format
from inspector.errors import InspectorError
from inspector.graph.cells import Block, bias_block, kernel_block
from inspector.graph.edits import LARGEST_PAD, LARGEST_STRIDE, users_of, why_fixed, why_not_sliding
from inspector.graph.kernels import KernelFacts, kernel_facts
from inspector.graph.model import Layer
from inspector.graph.named_kernels import named, offered
from inspector.graph.weight import Weight
from inspector.render.limits import limits
from inspector.ui import theme
from inspector.ui.fields import CheckedField
from inspector.ui.forms import FormCombo, Notice, Section, form, form_label
from inspector.ui.lines import Line, Span
from inspector.ui.panels.kernel_cells import CellTable
from inspector.ui.session import Session
from inspector.ui.text import shortened, tooltip

NO_NAME = "Replace by…"


class KernelEditor(Section):
    """Numbers to type over. Each change is run at once; nothing is written to the file."""

    def __init__(self, session: Session) -> None:
        self._content = QWidget()
        super().__init__("Edit", self._content)
        self._session = session
        self._layer: Layer | None = None
        self._slid: Layer | None = None  # whose stride and padding are offered, where it is not the kernel's layer
        self._facts: KernelFacts | None = None
        self._output = self._input = self._plane = 0
        self._kernel: Block | None = None
        self._bias: Block | None = None
        self._given: tuple[str, int, int] = ("", 0, 0)  # what was chosen above when that was last heard of
        self.input = QSpinBox()
        self.input.setAccessibleName("Input channel")
        self.input.setKeyboardTracking(False)
        self.input.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.input.lineEdit().setTextMargins(5, 0, 0, 0)
        self.input.setFixedWidth(56)
        self.named = FormCombo("A kernel that has a name")
        self.cells = CellTable()
        self.stands = Line("small")
        self.bias = CheckedField("Bias", "bias", _number, _written)
        self.stride = CheckedField("Stride", "stride", _whole_numbers(1, LARGEST_STRIDE), _listed)
        self.padding = CheckedField("Padding", "padding", _whole_numbers(0, LARGEST_PAD), _listed)
        self.notice = Notice("warning")
        self.undo, self.redo = _button("Undo"), _button("Redo")
        self.reset_kernel, self.reset_layer = _button("Reset kernel"), _button("Reset layer")
        self._lay_out()
        self.input.valueChanged.connect(self._choose_input)
        self.named.chosen.connect(self._replace)
        self.cells.entered.connect(self._enter)
        self.cells.picked.connect(self._say_stands)
        self.bias.entered.connect(self._enter_bias)
        self.stride.entered.connect(self._enter_slide)
        self.padding.entered.connect(self._enter_slide)
        self.undo.clicked.connect(session.editing.undo)
        self.redo.clicked.connect(session.editing.redo)
        self.reset_kernel.clicked.connect(self._reset_kernel)
        self.reset_layer.clicked.connect(self._reset_layer)
        self.toggled.connect(self._draw)
        session.editing.changed.connect(self._draw)

    def _lay_out(self) -> None:
        fields = form(self._content)
        fields.setContentsMargins(0, 0, 0, theme.GAP)
        top = QHBoxLayout()
        top.setSpacing(theme.SPACING)
        self._input_label = QLabel("input channel")
        self._input_label.setFont(theme.font("small"))
        self._input_label.setForegroundRole(self._input_label.palette().ColorRole.PlaceholderText)
        top.addWidget(self.named, 1)
        top.addWidget(self._input_label)
        top.addWidget(self.input)
        top.addStretch()
        grid = QVBoxLayout()
        grid.setSpacing(theme.GAP)
        grid.addLayout(top)
        grid.addWidget(self.cells)
        grid.addWidget(self.stands)
        fields.addRow(grid)
        self._rows: QFormLayout = fields
        hint = "One number for each axis"
        self._bias_label = form_label("Bias", self.bias)
        fields.addRow(self._bias_label, self.bias)
        self._stride_label = form_label("Stride", self.stride, hint)
        self._padding_label = form_label("Padding", self.padding, "The begins of all axes, then their ends")
        fields.addRow(self._stride_label, self.stride)
        fields.addRow(self._padding_label, self.padding)
        fields.addRow(self.notice)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        for button in (self.undo, self.redo, self.reset_kernel, self.reset_layer):
            buttons.addWidget(button)
        buttons.addStretch(1)
        fields.addRow(buttons)
        self.notice.hide()

    # ---------------------------------------------------------------- what is shown

    def show_kernel(self, layer: Layer, facts: KernelFacts | None, output: int, input_: int, plane: int) -> None:
        """Offer one slice of a layer's kernels.

        Args:
            layer: As it is shown.
            facts: The shape of its kernels; None without any.
            output: The chosen output channel.
            input_: The chosen input of it.
            plane: Of kernels of three axes.
        """
        if self._layer is None or self._layer.name != layer.name:
            self._say("")
        given = layer.name, output, input_
        if given[0] != self._given[0]:
            self._input = 0
        if given != self._given and (facts is None or not facts.flattened):
            self._input = max(0, input_)
        self._given = given
        self._layer, self._facts = layer, kernel_facts(layer)  # of a matrix, however its rows are looked at
        self._output, self._plane = output, max(0, plane)
        self._draw()

    def show_slide(self, layer: Layer) -> None:
        """Offer the stride and padding of this layer, if it has some, in place of those of the kernel's."""
        self._slid = layer if not why_not_sliding(layer) else None
        self._draw()

    def _sliding(self) -> Layer | None:
        return self._slid or self._layer

    @Slot()
    def _draw(self) -> None:
        editing, layer = self._session.editing, self._layer
        if layer is None or editing.plain is None:
            return
        count = sum(len(each.places) for each in editing.edits.weights if self._is_own(layer, each.weight))
        has_slide = any(
            each is not None and editing.edits.slide(each.output.name) is not None for each in (layer, self._slid)
        )
        parts = [f"{count:,} number{'' if count == 1 else 's'} changed"] if count else []
        parts += ["stride or padding changed"] if has_slide else []
        self.head.summarize(", ".join(parts))
        if not self.head.isChecked():
            return
        try:
            self._draw_kernel(layer)
            self._draw_bias(layer)
        except InspectorError as error:  # the file is not what it was
            self._kernel = self._bias = None
            self._say(str(error))
        self._draw_slide(self._sliding() or layer)
        self.undo.setEnabled(editing.can_undo)
        self.redo.setEnabled(editing.can_redo)
        self.reset_kernel.setEnabled(self._kernel is not None and bool(self._kernel.changed.any()))
        self.reset_layer.setEnabled(bool(parts))

    def _is_own(self, layer: Layer, name: str) -> bool:
        return any(weight.name == name for weight in layer.weights)

    def _draw_kernel(self, layer: Layer) -> None:
        facts, weight = self._facts, layer.weight("kernel")
        why = why_fixed(layer, weight) if weight is not None else ""
        self._kernel = None
        if facts is not None and weight is not None and not why:
            self._input = min(self._input, facts.inputs - 1)
            output = min(self._output, facts.outputs - 1)
            wanted = self._session.editing.weight(weight)
            self._kernel = kernel_block(layer, wanted, output, self._input, self._plane)
        block = self._kernel
        for widget in (self.cells, self.stands, self.named):
            widget.setVisible(block is not None)
        has_several = block is not None and facts is not None and facts.inputs > 1
        self.input.setVisible(has_several)
        self._input_label.setVisible(has_several)
        if why:
            self._say(why)
        if block is None or facts is None or weight is None:
            return
        blocked = self.input.blockSignals(True)
        self.input.setRange(0, facts.inputs - 1)
        self.input.setValue(self._input)
        self.input.blockSignals(blocked)
        self.cells.show_cells(block.values, limits(block.values, "symmetric"), block.changed, block.has_codes)
        self._offer_names(block)
        self._say_stands()
        others = [name for name in users_of(self._session.editing.plain, weight) if name != layer.name]  # type: ignore[arg-type]
        if others:
            self._say(
                f"{shortened(others[0])} works with the same weights{' too' if len(others) == 1 else ''}"
                f"{f', and {len(others) - 1} more' if len(others) > 1 else ''}: it changes with them."
            )

    def _offer_names(self, block: Block) -> None:
        names = offered(*block.values.shape) if block.values.size > 1 else ()
        have = tuple(self.named.itemData(row) for row in range(1, self.named.count()))
        if have != names or not self.named.count():
            self.named.clear()
            self.named.addItem(NO_NAME, "")
            for name in names:
                self.named.addItem(name, name)
        self.named.choose("")
        self.named.setVisible(bool(names))

    def _draw_bias(self, layer: Layer) -> None:
        weight = layer.weight("bias")
        self._bias = None
        if weight is not None and not why_fixed(layer, weight):
            self._bias = bias_block(self._session.editing.weight(weight), self._output)
        self._rows.setRowVisible(self.bias, self._bias is not None)
        if self._bias is not None:
            self.bias.show_value(self._bias.values[0, 0].item())
            stands = f"stands for {format.significant(self._bias.real(0, 0))}" if self._bias.has_codes else ""
            self._bias_label.setText("Bias code" if stands else "Bias")
            self.bias.line.setToolTip(tooltip(stands))

    def _draw_slide(self, layer: Layer) -> None:
        editing = self._session.editing
        whose = f" of {shortened(layer.name, 16)}" if self._layer is not None and layer.name != self._layer.name else ""
        self._stride_label.setText(f"Stride{whose}")
        self._padding_label.setText(f"Padding{whose}")
        plain = editing.plain_layer(layer.name)
        geometry = plain.geometry if plain is not None else None
        can = geometry is not None and plain is not None and not why_not_sliding(plain)
        self._rows.setRowVisible(self.stride, can)
        self._rows.setRowVisible(self.padding, can and geometry is not None and geometry.pads is not None)
        if not can or geometry is None:
            return
        edit = editing.edits.slide(layer.output.name)
        self.stride.show_value(edit.strides if edit is not None and edit.strides else geometry.strides)
        self.padding.show_value(edit.pads if edit is not None and edit.pads else geometry.pads or ())

    @Slot()
    def _say_stands(self) -> None:
        """Say what the chosen code stands for."""
        block, at = self._kernel, self.cells.chosen()
        self.stands.setVisible(block is not None and (block.has_codes or block.values.size == 1))
        if block is None:
            return
        row, column = at if at is not None else (0, 0)
        if row >= block.values.shape[0] or column >= block.values.shape[1]:
            return
        value = block.values[row, column].item()
        if block.has_codes:
            real = format.significant(block.real(row, column))
            self.stands.show_spans([Span(f"code {value} stands for ".replace("-", format.MINUS), "muted"), Span(real)])
        else:
            said = f"weight of input {self._input} for output {self._output}"
            self.stands.show_spans([Span(said, "muted")])

    def _say(self, sentence: str) -> None:
        self.notice.setText(sentence)
        self.notice.setVisible(bool(sentence))

    # ---------------------------------------------------------------- what the user does

    @Slot(int)
    def _choose_input(self, input_: int) -> None:
        self._input = input_
        self._draw()

    @Slot(int, int, float)
    def _enter(self, row: int, column: int, number: float) -> None:
        if self._kernel is not None:
            self._change(self._kernel.weight, {self._kernel.place(row, column): number})

    @Slot(str, object)
    def _enter_bias(self, _: str, number: float) -> None:
        if self._bias is not None:
            self._change(self._bias.weight, {self._bias.place(0, 0): number})

    @Slot(str, object)
    def _replace(self, _: str, name: str) -> None:
        block = self._kernel
        kernel = named(name, *block.values.shape) if block is not None and name else None
        if block is not None and kernel is not None:
            self._change(block.weight, block.all_as(kernel))

    @Slot()
    def _reset_kernel(self) -> None:
        block = self._kernel
        if block is not None and self._layer is not None and self._facts is not None:
            plain = kernel_block(
                self._layer, self._session.editing.unedited(block.weight), self._output, self._input, self._plane
            )
            if plain is not None:
                places = [block.place(*at) for at in _cells_of(block)]
                self._change(block.weight, dict(zip(places, plain.values.reshape(-1).tolist(), strict=True)))

    @Slot()
    def _reset_layer(self) -> None:
        for layer in {each.name: each for each in (self._layer, self._slid) if each is not None}.values():
            self._session.editing.reset_layer(layer.name)

    def _change(self, weight: Weight, numbers: Mapping[int, float]) -> None:
        self._say("")
        try:
            self._session.editing.change(weight, numbers)
        except InspectorError as error:
            self._say(str(error))
            self._redraw()

    @Slot()
    def _enter_slide(self) -> None:
        layer = self._sliding()
        if layer is None:
            return
        self._say("")
        try:
            self._session.editing.slide(layer.name, self.stride.value, self.padding.value)
        except InspectorError as error:
            self._say(str(error))
            self._draw()

    def _redraw(self) -> None:
        """Show again what holds."""
        self._draw()
        if self._kernel is not None:
            block = self._kernel
            self.cells.show_cells(block.values, limits(block.values, "symmetric"), block.changed, block.has_codes)


def _cells_of(block: Block) -> list[tuple[int, int]]:
    rows, columns = block.values.shape
    return [(row, column) for row in range(rows) for column in range(columns)]


def _button(text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setFixedHeight(theme.CONTROL_HEIGHT)
    button.setFont(theme.font("small"))
    button.setToolTip(tooltip(text))
    return button


def _number(text: str) -> float:
    try:
        number = float(text.replace("\N{MINUS SIGN}", "-").replace(",", "."))
    except ValueError:
        raise ValueError("A bias is a number, such as 0.5.") from None
    if not math.isfinite(number):
        raise ValueError("A bias is a finite number.")
    return number


def _written(value: float | int | None) -> str:
    return "" if value is None else f"{value:.9g}"


def _whole_numbers(least: int, most: int) -> Callable[[str], tuple[int, ...]]:
    def read(text: str) -> tuple[int, ...]:
        parts = text.replace(",", " ").replace("\N{MULTIPLICATION SIGN}", " ").split()
        if not parts or not all(part.isascii() and part.isdigit() and least <= int(part) <= most for part in parts):
            raise ValueError(f"These are whole numbers from {least} to {most}, one after the other.")
        return tuple(int(part) for part in parts)

    return read


def _listed(value: tuple[int, ...] | None) -> str:
    return ", ".join(map(str, value or ()))
