"""What the input and the output panel say of tensors that are no picture and no answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector import format
from inspector.analysis.statistics import statistics
from inspector.graph.model import Array
from inspector.ui import theme
from inspector.ui.text import elided, plain, tooltip


@dataclass(frozen=True, slots=True)
class TensorRow:
    """What a table says of one tensor."""

    name: str
    shape: str
    dtype: str
    low: str
    high: str
    mean: str


class TensorTable(QWidget):
    """Tensors in rows: name, shape, type, smallest, largest, mean."""

    HEADS = TensorRow("Name", "Shape", "Type", "Min", "Max", "Mean")

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[TensorRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: Sequence[TensorRow]) -> None:
        self._rows = tuple(rows)
        said = (f"{row.name}: {row.shape} {row.dtype}, {row.low} to {row.high}, mean {row.mean}" for row in self._rows)
        self.setAccessibleName("; ".join(plain(each) for each in said))
        self.setToolTip(tooltip(*(row.name for row in self._rows)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, (len(self._rows) + 1) * theme.ROW_HEIGHT if self._rows else 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        painter = QPainter(self)
        font = theme.font("small")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        table = [_cells(row) for row in (self.HEADS, *self._rows)]
        widths = [max(metrics.horizontalAdvance(row[column]) for row in table) + 12 for column in range(6)]
        shown = [1, 2, 3, 4, 5]
        for column in (2, 5, 4, 3):  # what is left out first: type, mean, maximum
            if sum(widths[each] for each in shown) + min(widths[0], 90.0) <= self.width():
                break
            shown.remove(column)
        painter.fillRect(QRectF(0, theme.ROW_HEIGHT - 1, self.width(), 1), theme.color("border"))
        room = self.width() - sum(widths[each] for each in shown)
        for line, row in enumerate(table):
            top = line * theme.ROW_HEIGHT
            painter.setPen(theme.color("muted" if line == 0 else "text"))
            place = QRectF(0, top, room, theme.ROW_HEIGHT)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, elided(row[0], metrics, room))
            left = room
            for column in shown:
                place = QRectF(left, top, widths[column], theme.ROW_HEIGHT)
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row[column])
                left += widths[column]


def _cells(row: TensorRow) -> tuple[str, ...]:
    return plain(row.name), row.shape, row.dtype, row.low, row.high, row.mean


def tensor_row(name: str, tensor: Array) -> TensorRow:
    """Return the row of a tensor; numbers are left out where it holds none."""
    shape = format.shape(tensor.shape)
    if tensor.dtype.kind not in "biuf":
        return TensorRow(name, shape, str(tensor.dtype), "", "", "")
    known = statistics(tensor)
    numbers = (format.significant(each) for each in (known.minimum, known.maximum, known.mean))
    return TensorRow(name, shape, str(tensor.dtype), *numbers)
