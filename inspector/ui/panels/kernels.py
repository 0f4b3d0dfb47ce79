"""The weights of a layer: as pictures, and the chosen one as numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSpinBox, QToolButton, QVBoxLayout, QWidget

from inspector import format, render
from inspector.errors import InspectorError
from inspector.graph.context import (
    KernelFacts,
    Matrix,
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
from inspector.render import Limits, Place
from inspector.ui import icons, theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.panel import Panel
from inspector.ui.session import Session
from inspector.ui.widgets import Line, Span, facts, plain, shortened, tooltip

NO_MODEL = "Open a model: here you will see the kernels of the selected layer, as pictures and as numbers."
KERNELS_KEPT = 8  # read from the file before; a layer of 512 x 512 x 3 x 3 has 18 kB in each of its kernels
LARGEST_NUMBERS = 7  # a kernel with more elements across is not written out


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn of a layer's kernels.

    Attributes:
        tiles: ``(tiles, height, width)`` weights behind the tiles; of a color layer the chosen kernel's three channels.
        written: The tiles that are written as numbers, and what they are.
        chosen: The tile that is framed; -1 for none.
    """

    tiles: Array
    written: tuple[int, ...]
    names: tuple[str, ...]
    chosen: int
    limits: Limits


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
        self.which.setKeyboardTracking(False)
        self.which.setFont(theme.font("small"))
        self.foot = Line("small")
        self.legend = Legend()
        self._layer = ""  # whose kernels are shown
        self._output = 0  # of that layer, where it does not follow the selection
        self._input = -1  # the slice that is written out; -1: the strongest
        self._shown: Shown | None = None
        self._offered = ""
        self._matrix: Matrix | None = None
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
        self._matrix = None
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
        self.canvas.show_tiles(render.first_layer_rgb(kernels, bgr), row_numbers=False)
        self.canvas.set_selection(self._output)
        tiles = render.kernel_slices(kernels, self._output)
        self._shown = Shown(tiles, order, ("R", "G", "B"), self._output, render.limits(tiles, "symmetric"))
        self._draw_numbers(known)

    def _draw_depthwise(self, layer: Layer, known: KernelFacts) -> None:
        kernels = self._read(layer.name, partial(depthwise_kernels, layer))
        tiles = kernels.reshape(-1, *render.kernel_slices(kernels, 0).shape[1:])
        self._caption(f"{known.outputs} of {format.shape(known.spatial)}, each on one channel")
        per_output = len(tiles) // known.outputs
        self._draw_tiles(tiles, self._output * per_output, "")
        self._draw_numbers(known)

    def _draw_slices(self, layer: Layer, known: KernelFacts) -> None:
        kernel = self._read((layer.name, self._output), partial(kernel_of, layer, self._output))
        tiles = render.kernel_slices(kernel[np.newaxis], 0)
        size = format.shape(known.spatial)
        inputs = f"{known.inputs} input channels" if known.inputs > 1 else "1 input channel"
        self._caption(f"kernel {self._output} of {known.outputs}: {inputs}, {size} each")
        if not 0 <= self._input < len(tiles):
            self._input = render.strongest(tiles)
        self._draw_tiles(tiles, self._input, f"input {self._input}")
        self._draw_numbers(known)

    def _draw_tiles(self, tiles: Array, chosen: int, name: str, fills: bool = False) -> None:
        limits = render.limits(tiles, "symmetric")
        drawn, found = render.indices(tiles, limits), render.specials(tiles)
        self.canvas.show_tiles(drawn, render.palette("signed"), found, row_numbers=len(tiles) > 1, fills=fills)
        self.canvas.set_selection(chosen)
        self._shown = Shown(tiles, (chosen,), (name,), chosen, limits)

    def _draw_matrix(self, weight: Weight, known: KernelFacts) -> None:
        matrix = self._matrix = matrix_of(weight)
        tiles = matrix.values[np.newaxis]
        rows, columns = weight.shape[-2:]
        part = ""
        if matrix.row_step > 1 or matrix.column_step > 1:
            part = f"; every {_ordinal(matrix.row_step)} row and every {_ordinal(matrix.column_step)} column"
        self._caption(f"{rows} rows × {columns} columns, {known.inputs} inputs for {known.outputs} outputs{part}")
        self._draw_tiles(tiles, -1, "", fills=True)
        self.numbers.clear()
        self.numbers.hide()

    def _caption(self, text: str) -> None:
        self.caption.show_spans([Span(text, "muted")])

    def _draw_numbers(self, known: KernelFacts) -> None:
        shown = self._shown
        if shown is None or max(shown.tiles.shape[1:]) > LARGEST_NUMBERS:
            self.numbers.clear()
        else:
            self.numbers.show_tiles(shown.tiles[list(shown.written)], shown.names, shown.limits)
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
        if shown is None or self._matrix is not None:
            return
        if shown.names == ("R", "G", "B") or shown.names == ("",):
            self._choose_output(tile)
        else:
            self._input = tile
            self.refresh()

    @Slot(object)
    def _read_out(self, place: Place | None) -> None:
        shown, model = self._shown, self.session.model
        layer = model.layer(self._layer) if model is not None else None
        if place is None or shown is None or layer is None:
            self.readout.emit(())
            return
        name = ("", plain(layer.name))
        if self._matrix is not None:
            row, column = place.row * self._matrix.row_step, place.column * self._matrix.column_step
            value = format.significant(float(self._matrix.values[place.row, place.column]))
            self.readout.emit((name, ("row", str(row)), ("column", str(column)), ("=", value)))
            return
        where = (("row", str(place.row)), ("column", str(place.column)))
        if shown.names == ("R", "G", "B"):
            weight = layer.weight("kernel")
            assert weight is not None
            values = self._read(weight.name, weight.read)[place.channel, :, place.row, place.column]
            parts = [
                (letter, format.significant(float(values[at])))
                for letter, at in zip(shown.names, shown.written, strict=True)
            ]
            self.readout.emit((name, ("kernel", str(place.channel)), *where, *parts))
            return
        value = format.significant(float(shown.tiles[place.channel, place.row, place.column]))
        if shown.names == ("",):
            which: tuple[tuple[str, str], ...] = (("kernel", str(place.channel)),)
        else:
            which = (("kernel", str(self._output)), ("input", str(place.channel)))
        self.readout.emit((name, *which, *where, ("=", value)))


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


# ---------------------------------------------------------------- widgets


class Legend(QWidget):
    """A small color bar on its side, with its limits at both ends."""

    def __init__(self) -> None:
        super().__init__()
        self._low = self._high = ""
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_limits(self, low: str, high: str) -> None:
        self._low, self._high = low, high
        self.setAccessibleName(f"colors from {low} to {high}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(theme.font("small"))
        width = metrics.horizontalAdvance(self._low) + metrics.horizontalAdvance(self._high)
        return QSize(round(width) + 46, round(metrics.height()) + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = theme.font("small")
        low = QFontMetricsF(font).horizontalAdvance(self._low)
        painter.setFont(font)
        painter.setPen(theme.color("muted"))
        rect = QRectF(self.rect())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._low)
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._high)
        colors = render.palette("signed")
        image = QImage(colors.tobytes(), len(colors), 1, 3 * len(colors), QImage.Format.Format_RGB888)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(low + 6, self.height() / 2 - 3, 32, 6), image)


class NumberGrid(QWidget):
    """Weights written in cells of their color, one block of cells under the other."""

    CELL = QSize(40, 21)
    GAP = 8

    def __init__(self) -> None:
        super().__init__()
        self._tiles: Array = np.zeros((0, 0, 0))
        self._names: Sequence[str] = ()
        self._limits = Limits(np.zeros(1), np.zeros(1))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The chosen kernel's weights")

    @property
    def is_empty(self) -> bool:
        return not len(self._tiles)

    def clear(self) -> None:
        self.show_tiles(np.zeros((0, 0, 0)), (), self._limits)

    def show_tiles(self, tiles: Array, names: Sequence[str], limits: Limits) -> None:
        """Write these tiles, ``(tiles, height, width)``, each after its name."""
        self._tiles, self._names, self._limits = tiles, names, limits
        texts = render.cells(tiles, limits, render.palette("signed"), 4).texts if len(tiles) else ()
        blocks = ("; ".join(" ".join(row) for row in tile) for tile in texts)
        described = ". ".join(f"{name} {block}".strip() for name, block in zip(names, blocks, strict=True))
        self.setAccessibleDescription(described)
        self.updateGeometry()
        self.update()

    def _name_width(self) -> float:
        metrics = QFontMetricsF(theme.font("small"))
        widest = max((metrics.horizontalAdvance(name) for name in self._names if len(name) <= 2), default=0.0)
        return widest + 8 if widest else 0.0

    def _has_heads(self) -> bool:
        return any(len(name) > 2 for name in self._names)

    def sizeHint(self) -> QSize:
        count, _, width = self._tiles.shape
        if not count:
            return QSize(0, 0)
        return QSize(round(self._name_width()) + max(3, min(width, 7)) * self.CELL.width(), 60)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        count, height, width = self._tiles.shape
        if not count:
            return
        painter = QPainter(self)
        metrics = QFontMetricsF(theme.font("small"))
        left = self._name_width()
        head = metrics.height() + 4 if self._has_heads() else 0.0
        top = 6.0 + head
        cell_width = min((self.width() - left) / width, self.CELL.width() * 1.4)
        room = self.height() - 12 - head - self.GAP * (count - 1)
        cell_height = min(room / (count * height), cell_width * 0.75, self.CELL.height() * 1.6)
        cells = self._fitting(metrics, cell_width - 4)
        writes = cell_height >= metrics.height() - 2
        painter.setFont(theme.font("small"))
        for tile in range(count):
            block = QRectF(left, top, cell_width * width, cell_height * height)
            self._paint_name(painter, self._names[tile], block, head)
            for row in range(height):
                for column in range(width):
                    cell = QRectF(left + column * cell_width, top + row * cell_height, cell_width - 1, cell_height - 1)
                    red, green, blue = (int(each) for each in cells.rgb[tile, row, column])
                    painter.fillRect(cell, QColor(red, green, blue))
                    if writes:
                        painter.setPen(QColor("#000000" if cells.black[tile, row, column] else "#ffffff"))
                        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, cells.texts[tile][row][column])
            top += block.height() + self.GAP

    def _fitting(self, metrics: QFontMetricsF, room: float) -> render.Cells:
        """Return the cells with as many decimals as there is room for."""
        cells = render.cells(self._tiles, self._limits, render.palette("signed"), 0)
        for decimals in range(4, 0, -1):
            cells = render.cells(self._tiles, self._limits, render.palette("signed"), decimals)
            texts = (text for tile in cells.texts for row in tile for text in row)
            if max(metrics.horizontalAdvance(text) for text in texts) <= room:
                break
        return cells

    def _paint_name(self, painter: QPainter, name: str, block: QRectF, head: float) -> None:
        painter.setPen(theme.color("muted"))
        if head:
            above = QRectF(block.left(), block.top() - head, self.width(), head - 4)
            painter.drawText(above, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        elif name:
            beside = QRectF(0, block.top(), block.left() - 8, block.height())
            painter.drawText(beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
