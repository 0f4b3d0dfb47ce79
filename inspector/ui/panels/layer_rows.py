"""The layers as rows of text, as Qt's tables want them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QImage

from inspector import format
from inspector.analysis.comparing import Side
from inspector.engine.protocol import Measured
from inspector.graph import cost
from inspector.graph.model import Geometry, Layer, Model, Run
from inspector.graph.receptive_field import ReceptiveField
from inspector.ui.compare import Ranking
from inspector.ui.panels.layer_thumbnails import Thumbnails
from inspector.ui.text import plain, tooltip

MEAN, NAME, OPERATOR, SHAPE, PARAMETERS, MACS, SEES, TIME, PROVIDER = range(9)
KERNEL, STRIDE, PADDING, DILATION, GROUPS, STORED, BYTES, WEIGHTS, DENSE = range(9, 18)
DIFFERENCE, COSINE = 18, 19
HEADS = (
    *("Mean", "Name", "Operator", "Output shape", "Parameters", "MACs", "Sees, px", "ms", "Runs on"),
    *("Kernel", "Stride", "Padding", "Dilation", "Groups", "As stored", "Output bytes", "Weight bytes"),
    *("If fully connected", "Difference", "Cosine"),
)
USUAL = (OPERATOR, SHAPE, PARAMETERS, MACS, SEES)
EXTRA = (KERNEL, STRIDE, PADDING, DILATION, GROUPS, STORED, BYTES, WEIGHTS, DENSE)
COMPARED = (DIFFERENCE, COSINE)  # seen while two runs are compared
NUMBERS = (SHAPE, PARAMETERS, MACS, SEES, TIME, *EXTRA, *COMPARED)
_TOOLTIP_LINES = 14
LARGE_PICTURE = (7680, 4320)  # width and height of the largest that screens show

Index = QModelIndex | QPersistentModelIndex
State = Literal["", "missing", "not there"]


class LayerRows(QAbstractTableModel):
    """The layers that are shown, as Qt wants them.

    Attributes:
        is_by_time: They were sorted, those that take longest first.
        is_by_difference: They were sorted, those that are furthest from the reference first.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._layers: Sequence[Layer] = ()
        self._rows: dict[str, int] = {}
        self._missing: frozenset[str] = frozenset()
        self._run: Run | None = None
        self._model: Model | None = None
        self._shapes: dict[str, tuple[int | str | None, ...]] | None = None  # found when they are first asked for
        self._measured: Measured | None = None
        self._edited: frozenset[str] = frozenset()
        self._longest = 0.0  # seconds
        self.is_by_time = False
        self.is_by_difference = False
        self._ranking: Ranking | None = None
        self._providers: Mapping[str, str] = {}
        self._is_mixed = False
        self.thumbnails = Thumbnails(self)
        self.thumbnails.made.connect(self._redraw)

    def show_layers(self, layers: Sequence[Layer]) -> None:
        self.beginResetModel()
        self._layers = tuple(layers)
        self._rows = {layer.name: row for row, layer in enumerate(layers)}
        self.endResetModel()

    def show_model(self, model: Model | None) -> None:
        """Take the shapes of what layers are fed from this network; a run may know more of them."""
        self._model, self._shapes = model, None

    def show_run(self, run: Run | None, reference: Run | None = None, side: Side = "current") -> bool:
        """Take shapes from this run; return whether it is another one.

        Args:
            run: The current one.
            reference: What it is compared with.
            side: Which of the two the small pictures are of, or of what is between them.
        """
        is_new = run is not self._run
        if is_new:
            self._run, self._shapes = run, None
            self._missing = frozenset(run.missing) if run is not None else frozenset()
        if self.thumbnails.show_run(run, reference, side) or is_new:
            self._redraw()
        return is_new

    def show_edited(self, names: frozenset[str]) -> None:
        """Mark the layers of these names as edited."""
        if names != self._edited:
            self._edited = names
            self._redraw()

    def show_measured(self, measured: Measured | None) -> bool:
        """Take times from these measurements; return whether they are other ones."""
        if measured is self._measured:
            return False
        self._measured = measured
        self._longest = max(measured.seconds.values(), default=0.0) if measured is not None else 0.0
        self._redraw()
        return True

    def show_providers(self, providers: Mapping[str, str]) -> bool:
        """Take what runs each layer; return whether that is different from before."""
        if providers == self._providers:
            return False
        self._providers, self._is_mixed = providers, len(set(providers.values())) > 1
        self._redraw()
        return True

    def show_ranking(self, ranking: Ranking | None) -> bool:
        """Take from here how far layers are from a reference; return whether these columns come or go."""
        changed = (ranking is None) != (self._ranking is None)
        if ranking is None and not changed:
            return False
        self._ranking = ranking
        self._redraw()
        return changed

    @property
    def is_compared(self) -> bool:
        """There is a reference."""
        return self._ranking is not None

    def apart(self, layer: Layer) -> float:
        """Return by what layers are sorted that are compared: the largest is the furthest from the reference."""
        return self._ranking.key(layer.name) if self._ranking is not None else -1.0

    @property
    def has_times(self) -> bool:
        """How long each layer takes has been measured."""
        return self._measured is not None

    @property
    def providers(self) -> Mapping[str, str]:
        """What runs each layer, by its name, where that is not the same for all; else empty."""
        return self._providers if self._is_mixed else {}

    def seconds(self, layer: Layer) -> float:
        """Return how long a layer takes; 0 where that is not known."""
        return self._measured.seconds.get(layer.name, 0.0) if self._measured is not None else 0.0

    def share(self, row: int) -> float:
        """Return how long a row's layer takes, as a part of the one that takes longest."""
        return self.seconds(self._layers[row]) / self._longest if self._longest > 0 else 0.0

    def state(self, layer: Layer) -> State:
        """Say whether a layer's tensor was left out of the run to save memory, or is not there to be seen."""
        run, name = self._run, layer.output.name
        if run is not None and name in self._missing:
            return "missing"
        return "not there" if layer.hidden or (run is not None and name not in run.tensors) else ""

    def layer(self, row: int) -> Layer:
        return self._layers[row]

    def row_of(self, name: str) -> int:
        """Return where that layer is, or -1."""
        return self._rows.get(name, -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's signature
        return 0 if parent.isValid() else len(self._layers)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's signature
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            is_sorted = (section == TIME and self.is_by_time) or (section == DIFFERENCE and self.is_by_difference)
            return f"{HEADS[section]} ↓" if is_sorted else HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HINTS.get(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        layer = self._layers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(layer, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = self.description(layer)
            return tooltip(*lines[:_TOOLTIP_LINES], *["…"] * (len(lines) > _TOOLTIP_LINES))
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == MEAN:
            return f"mean feature map of {plain(layer.name)}"
        return None

    def text(self, layer: Layer, column: int) -> str:
        """Return what stands in a cell."""
        if column == NAME:
            return f"{plain(layer.name)}, edited" if layer.name in self._edited else plain(layer.name)
        if column == OPERATOR:
            return plain(layer.op_type)
        if column == SHAPE:
            return format.shape_hwc(self.shape(layer), layer.output.channels_last)
        if column == PARAMETERS:
            return format.count(layer.parameters) if layer.parameters else ""
        if column == MACS:
            return format.macs(layer.macs)
        if column == TIME:
            return self._time(layer)
        if column in COMPARED:
            return self._compared(layer, column)
        if column == PROVIDER:
            return plain(self.providers.get(layer.name, ""))
        if column == SEES:
            return _sees(layer.receptive_field)
        return self._more(layer, column) if column in EXTRA else ""

    def _compared(self, layer: Layer, column: int) -> str:
        found = self._ranking.of(layer.name) if self._ranking is not None else None
        number = math.nan if found is None else found.relative if column == DIFFERENCE else found.cosine
        return "" if math.isnan(number) else format.significant(number)

    def _more(self, layer: Layer, column: int) -> str:
        if column == STORED:
            return format.shape(self.shape(layer))
        if column == BYTES:
            size = cost.tensor_bytes(replace(layer.output, shape=self.shape(layer)))
            return "?" if size is None else format.memory(size)
        if column == WEIGHTS:
            held = cost.weight_bytes(layer)
            return format.memory(held) if held else ""
        if column == DENSE:
            found = self.dense(layer)
            if found is None:
                return ""
            factor = found.parameters_factor
            return format.macs(found.parameters) + (f" ({format.times(factor)})" if factor is not None else "")
        return _slides(layer.geometry, column) if layer.geometry is not None else ""

    def dense(self, layer: Layer) -> cost.Dense | None:
        """Return what a fully connected layer would cost in a layer's place, as far as shapes are known."""
        return cost.dense(layer, self._known_shapes())

    def _known_shapes(self) -> Mapping[str, tuple[int | str | None, ...]]:
        """Return the shapes of tensors, by name, as far as model and run tell them."""
        if self._shapes is None:
            self._shapes = cost.shapes_of(self._model) if self._model is not None else {}
            if self._run is not None:  # in a loop, a run's tensors have an axis more
                within = {
                    each.name
                    for each_layer in (self._model.layers if self._model else ())
                    for each in each_layer.outputs
                    if each.passes
                }
                self._shapes |= {name: each.shape for name, each in self._run.tensors.items() if name not in within}
        return self._shapes

    def shape(self, layer: Layer) -> tuple[int | str | None, ...] | None:
        """Return the shape of a layer's output, as stored, of one pass where it lies in a loop."""
        made = self._run.tensors.get(layer.output.name) if self._run is not None else None
        return layer.output.shape if made is None else made.shape[layer.output.passes :]

    def _time(self, layer: Layer) -> str:
        """Return milliseconds, with as many decimals in all rows."""
        seconds = self._measured.seconds.get(layer.name) if self._measured is not None else None
        return "" if seconds is None else format.column([1000 * self._longest, 1000 * seconds])[1]

    def _stored(self, layer: Layer) -> str:
        made = self._run.tensors.get(layer.output.name) if self._run is not None else None
        return format.shape(layer.output.shape if made is None else made.shape)

    def description(self, layer: Layer) -> list[str]:
        """Return all that is known of a layer, one fact in a line; names are as they are in the file."""
        operator = f"{layer.domain}::{layer.op_type}" if layer.domain else layer.op_type
        lines = [layer.name, f"{operator}, {layer.family}"]
        lines += [f"in the {branch} of {owner}" for owner, branch in reversed(layer.inside)]
        if why := self._why_not(layer):
            lines.append(why)
        if (geometry := layer.geometry) is not None:
            pads = "unknown" if geometry.pads is None else ", ".join(map(str, geometry.pads))
            lines.append(
                f"kernel {format.shape(geometry.kernel_shape)}, stride {format.shape(geometry.strides)}, padding {pads}"
                + (f", dilation {format.shape(geometry.dilations)}" if set(geometry.dilations) > {1} else "")
                + (f", groups {geometry.group}" if geometry.group > 1 else "")
            )
        dtype = f", {layer.output.dtype}" if layer.output.dtype else ""
        lines.append(f"stored as {self._stored(layer)}{dtype}")
        lines += [self._input(name) for name in layer.inputs if name and name not in {w.name for w in layer.weights}]
        lines += [f"{weight.role} {format.shape(weight.shape)}, {weight.dtype}" for weight in layer.weights]
        if layer.statistics:
            lines.append(f"running statistics {format.count(layer.statistics)}, not counted as parameters")
        if layer.receptive_field.status in ("bound", "whole input"):
            lines.append(_STATUS[layer.receptive_field.status])
        if (found := self.dense(layer)) is not None and layer.family == "convolution":
            lines.append(
                f"fully connected instead: {format.count(found.inputs)} {format.TIMES} {format.count(found.outputs)} = "
                f"{format.count(found.parameters)} weights"
                + (f", {format.times(found.parameters_factor)} as many" if found.parameters_factor else "")
            )
            lines += self._on_a_large_picture(layer)
        if provider := self._providers.get(layer.name):
            lines.append(f"runs on {provider}")
        if self._measured is not None and (seconds := self._measured.seconds.get(layer.name)) is not None:
            total = sum(self._measured.seconds.values())
            lines.append(f"takes {format.seconds(seconds)}, {format.percent(seconds / total if total else 0)} of all")
        return lines

    def _input(self, name: str) -> str:
        shape = self._known_shapes().get(name)
        return f"input {name}" + (f": {format.shape(shape)}" if shape is not None else "")

    def _on_a_large_picture(self, layer: Layer) -> list[str]:
        """Say why convolutions exist: their kernels do not grow with the picture."""
        kernel, channels = layer.weight("kernel"), cost.input_channels(layer)
        if kernel is None or channels is None or len(kernel.shape) != 4:
            return []
        size = format.shape(LARGE_PICTURE)
        return [
            f"at {size} one fully connected output alone: {size} {format.TIMES} {format.count(channels)} = "
            f"{format.count(math.prod(LARGE_PICTURE) * channels)} weights; all kernels here: "
            f"{format.count(math.prod(kernel.shape))}, at any size"
        ]

    def _why_not(self, layer: Layer) -> str:
        """Say why a layer's output cannot be seen; nothing if it can."""
        if layer.hidden:
            return f"cannot be shown: {layer.hidden}"
        run, name = self._run, layer.output.name
        if run is None or name in run.tensors:
            return ""
        if name in self._missing:
            return "left out of the run so that it fits in memory; it comes when it is looked at"
        if name in run.unshowable:
            return f"cannot be shown: it is {run.unshowable[name]}"
        return "fused away in the deployed network" if run.view == "as deployed" else "not reached by this run"

    def thumbnail(self, row: int, ratio: float) -> QImage | None:
        return self.thumbnails.of(self._layers[row], ratio)

    @Slot()
    def _redraw(self) -> None:
        if self._layers:
            self.dataChanged.emit(self.index(0, MEAN), self.index(len(self._layers) - 1, len(HEADS) - 1))


_HINTS = {
    MEAN: "The mean of all feature maps, each layer from its own minimum to its maximum. While two runs are compared: "
    "of the run that is looked at, or of current less reference, around zero",
    SHAPE: "Height × width × channels",
    PARAMETERS: "Learned numbers",
    MACS: "Multiply-accumulates of one picture; 1 MAC = 2 FLOPs",
    SEES: "The part of the picture that one element depends on: its receptive field, in pixels",
    TIME: "Milliseconds: of the instrumented network, median of 5 runs; profiling itself costs. Click to sort by it",
    DIFFERENCE: "How far the output is from the reference's: |current \N{MINUS SIGN} reference| / |reference|, "
    "where |x| is the square root of the sum of the squares of all values. Of more than a million, some are "
    "taken. Click to sort by it",
    COSINE: "How alike output and reference are in direction: 1 for the same pattern, 0 for patterns that have nothing "
    "in common, \N{MINUS SIGN}1 for the opposite one",
    PROVIDER: "What ONNX Runtime computes this layer on",
    PADDING: "One number for all sides, else all begins and then all ends",
    STORED: "The output's shape in the order in which it is stored",
    BYTES: "Memory that the output takes",
    WEIGHTS: "Memory that the stored weights take, each once",
    DENSE: "Weights of a fully connected layer between the same two volumes, and how many times this layer's weights",
}
_STATUS = {
    "bound": "an element depends on no pixel outside of what it sees, perhaps on fewer",
    "whole input": "an element depends on the whole input",
}


def _slides(geometry: Geometry, column: int) -> str:
    if column == GROUPS:
        return str(geometry.group)
    if column == PADDING:
        return format.padding(geometry.pads)
    sizes = {KERNEL: geometry.kernel_shape, STRIDE: geometry.strides, DILATION: geometry.dilations}
    return format.shape(sizes[column])


def _sees(field: ReceptiveField) -> str:
    if field.status == "whole input":
        return "all"
    if field.size is None:
        return ""
    return f"{'≤ ' if field.status == 'bound' else ''}{format.shape(field.size)}"
