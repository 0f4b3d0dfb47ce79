"""All that is known of the selected layer, as text that can be copied."""

from __future__ import annotations

from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from inspector import format
from inspector.graph import cost
from inspector.graph.model import Layer, Tensor
from inspector.ui import theme
from inspector.ui.panels.layer_rows import LayerRows
from inspector.ui.text import plain, shown

_LINES = 9  # that are seen at once


class LayerCard(QPlainTextEdit):
    """The facts of one layer, one in a line."""

    def __init__(self, rows: LayerRows) -> None:
        super().__init__()
        self._rows = rows
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setAccessibleName("All facts of the selected layer")
        self.setFont(theme.font("small"))
        margins = (
            2 * round(self.document().documentMargin()) + self.contentsMargins().top() + self.contentsMargins().bottom()
        )
        self.setFixedHeight(self.fontMetrics().lineSpacing() * _LINES + margins)

    def show_layer(self, layer: Layer | None) -> None:
        """Show this layer; nothing for None."""
        lines = [] if layer is None else [*self._rows.description(layer), *_more(layer)]
        text = "\n".join(plain(line) for line in lines)
        if text != self.toPlainText():
            self.setPlainText(text)


def _more(layer: Layer) -> list[str]:
    """Return what is too much for a tooltip."""
    lines = [f"output {_tensor(each)}" for each in layer.outputs]
    if (codes := layer.output.codes) is not None:
        scale = _some(codes.scale) if codes.scale else "computed by the run"
        zero_point = (
            _some(codes.zero_point) if codes.zero_point else "computed by the run" if codes.zero_point_tensor else "0"
        )
        lines.append(f"codes: scale {scale}, zero point {zero_point}, axis {codes.axis}")
    size, weights = cost.tensor_bytes(layer.output), cost.weight_bytes(layer)
    if size is not None:
        lines.append(f"its output takes {format.memory(size)}")
    if weights:
        lines.append(f"its weights take {format.memory(weights)} in the file")
    return [*lines, *(f"{name} = {shown(str(value))}" for name, value in sorted(layer.attributes.items()))]


def _tensor(tensor: Tensor) -> str:
    dtype = f", {tensor.dtype}" if tensor.dtype else ""
    return f"{tensor.name}: {format.shape(tensor.shape)}{dtype}"


def _some(numbers: tuple[float, ...] | tuple[int, ...]) -> str:
    """Return one number, or how many there are."""
    return format.significant(numbers[0]) if len(numbers) == 1 else f"{format.count(len(numbers))} numbers"
