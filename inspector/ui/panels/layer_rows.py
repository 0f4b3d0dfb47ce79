"""The layers as rows of text, as Qt's tables want them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QImage

from inspector import format
from inspector.graph.model import Layer, Run
from inspector.graph.receptive_field import ReceptiveField
from inspector.ui.panels.layer_thumbnails import Thumbnails
from inspector.ui.text import plain, tooltip

MEAN, NAME, OPERATOR, SHAPE, PARAMETERS, MACS, SEES = range(7)
HEADS = ("Mean", "Name", "Operator", "Output shape", "Parameters", "MACs", "Sees, px")
NUMBERS = (SHAPE, PARAMETERS, MACS, SEES)

Index = QModelIndex | QPersistentModelIndex


class LayerRows(QAbstractTableModel):
    """The layers that are shown, as Qt wants them."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._layers: Sequence[Layer] = ()
        self._rows: dict[str, int] = {}
        self._run: Run | None = None
        self.thumbnails = Thumbnails(self)
        self.thumbnails.made.connect(self._redraw)

    def show_layers(self, layers: Sequence[Layer]) -> None:
        self.beginResetModel()
        self._layers = tuple(layers)
        self._rows = {layer.name: row for row, layer in enumerate(layers)}
        self.endResetModel()

    def show_run(self, run: Run | None) -> bool:
        """Take shapes and small pictures from this run; return whether it is another one."""
        if run is self._run:
            return False
        self._run = run
        self.thumbnails.show_run(run)
        self._redraw()
        return True

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
            return HEADS[section]
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
            return tooltip(*self._description(layer))
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == MEAN:
            return f"mean feature map of {plain(layer.name)}"
        return None

    def text(self, layer: Layer, column: int) -> str:
        """Return what stands in a cell."""
        if column == NAME:
            return plain(layer.name)
        if column == OPERATOR:
            return plain(layer.op_type)
        if column == SHAPE:
            return format.shape_hwc(self._shape(layer))
        if column == PARAMETERS:
            return format.count(layer.parameters) if layer.parameters else ""
        if column == MACS:
            return format.macs(layer.macs)
        return _sees(layer.receptive_field) if column == SEES else ""

    def _shape(self, layer: Layer) -> tuple[int | str | None, ...] | None:
        made = self._run.tensors.get(layer.output.name) if self._run is not None else None
        return layer.output.shape if made is None else made.shape

    def _description(self, layer: Layer) -> list[str]:
        operator = f"{layer.domain}::{layer.op_type}" if layer.domain else layer.op_type
        lines = [layer.name, f"{operator}, {layer.family}"]
        if (geometry := layer.geometry) is not None:
            pads = "unknown" if geometry.pads is None else ", ".join(map(str, geometry.pads))
            lines.append(
                f"kernel {format.shape(geometry.kernel_shape)}, stride {format.shape(geometry.strides)}, padding {pads}"
                + (f", dilation {format.shape(geometry.dilations)}" if set(geometry.dilations) > {1} else "")
                + (f", groups {geometry.group}" if geometry.group > 1 else "")
            )
        dtype = f", {layer.output.dtype}" if layer.output.dtype else ""
        lines.append(f"stored as {format.shape(self._shape(layer))}{dtype}")
        lines += [f"input {name}" for name in layer.inputs if name and name not in {w.name for w in layer.weights}]
        lines += [f"{weight.role} {format.shape(weight.shape)}, {weight.dtype}" for weight in layer.weights]
        if layer.statistics:
            lines.append(f"running statistics {format.count(layer.statistics)}, not counted as parameters")
        if layer.receptive_field.status in ("bound", "whole input"):
            lines.append(_STATUS[layer.receptive_field.status])
        return lines[:14] + ["…"] * (len(lines) > 14)

    def thumbnail(self, row: int, ratio: float) -> QImage | None:
        return self.thumbnails.of(self._layers[row], ratio)

    @Slot()
    def _redraw(self) -> None:
        if self._layers:
            self.dataChanged.emit(self.index(0, MEAN), self.index(len(self._layers) - 1, SHAPE))


_HINTS = {
    MEAN: "The mean of all feature maps, each layer from its own minimum to its maximum",
    SHAPE: "Height × width × channels",
    PARAMETERS: "Learned numbers",
    MACS: "Multiply-accumulates of one picture; 1 MAC = 2 FLOPs",
    SEES: "The part of the picture that one element depends on: its receptive field, in pixels",
}
_STATUS = {
    "bound": "an element depends on no pixel outside of what it sees, perhaps on fewer",
    "whole input": "an element depends on the whole input",
}


def _sees(field: ReceptiveField) -> str:
    if field.status == "whole input":
        return "all"
    if field.size is None:
        return ""
    return f"{'≤ ' if field.status == 'bound' else ''}{format.shape(field.size)}"
