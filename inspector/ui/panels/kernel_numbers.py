"""Weights written in cells of their color, and what the colors stand for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.graph.model import Array
from inspector.render.kernels import Cells, cells, power_of_ten
from inspector.render.limits import Limits
from inspector.render.palettes import palette
from inspector.ui import theme

MOST_DECIMALS = 4
MOST_ROWS = 9  # for which there is always room: three colors of a 3 x 3 kernel
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Legend(QWidget):
    """A small color bar on its side, with its limits at both ends."""

    def __init__(self) -> None:
        super().__init__()
        self._low = self._high = ""
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_limits(self, low: str, high: str) -> None:
        if (low, high) == (self._low, self._high):
            return
        self._low, self._high = low, high
        self.setAccessibleName(f"colors from {low} to {high}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = theme.metrics("small")
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
        colors = palette("signed")
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
        self._exponent = 0
        self._decimals = MOST_DECIMALS
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The chosen kernel's weights")

    @property
    def is_empty(self) -> bool:
        return not len(self._tiles)

    def clear(self) -> None:
        self.show_tiles(np.zeros((0, 0, 0)), (), self._limits)

    def show_tiles(self, tiles: Array, names: Sequence[str], limits: Limits, whole: bool = False) -> None:
        """Write these tiles, ``(tiles, height, width)``, each after its name; ``whole`` numbers without decimals."""
        before = self.sizeHint()
        self._decimals = 0 if whole else MOST_DECIMALS
        self._exponent = 0 if whole else power_of_ten(limits)
        unit = 10.0**self._exponent
        self._tiles, self._names = np.asarray(tiles, np.float64) / unit, names
        self._limits = Limits(limits.low / unit, limits.high / unit)
        texts = cells(self._tiles, self._limits, palette("signed"), self._decimals).texts if len(tiles) else ()
        blocks = ("; ".join(" ".join(row) for row in tile) for tile in texts)
        described = ". ".join(f"{name} {block}".strip() for name, block in zip(names, blocks, strict=True))
        self.setAccessibleDescription(f"{described}; {self.factor}" if self.factor else described)
        if self.sizeHint() != before:
            self.updateGeometry()
        self.update()

    @property
    def factor(self) -> str:
        """What all numbers are multiplied by; empty for 1."""
        return f"× 10{str(self._exponent).translate(_RAISED)}" if self._exponent else ""

    def _name_width(self) -> float:
        metrics = theme.metrics("small")
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
        count, height, _ = self._tiles.shape
        if count * height > MOST_ROWS:
            return QSize(0, 0)
        return QSize(0, round(count * height * theme.metrics("small").height()) + 12 + self.GAP * max(0, count - 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        count, height, width = self._tiles.shape
        if not count:
            return
        painter = QPainter(self)
        metrics = theme.metrics("small")
        left = self._name_width()
        head = metrics.height() + 4 if self._has_heads() else 0.0
        top = 6.0 + head
        cell_width = min((self.width() - left) / width, self.CELL.width() * 1.4)
        foot = metrics.height() + 4 if self.factor else 0.0
        room = self.height() - 12 - head - foot - self.GAP * (count - 1)
        cell_height = min(room / (count * height), cell_width * 0.75, self.CELL.height() * 1.6)
        written = self._fitting(metrics, cell_width - 4)
        writes = cell_height >= metrics.height() - 1
        painter.setFont(theme.font("small"))
        for tile in range(count):
            block = QRectF(left, top, cell_width * width, cell_height * height)
            self._paint_name(painter, self._names[tile], block, head)
            for row in range(height):
                for column in range(width):
                    cell = QRectF(left + column * cell_width, top + row * cell_height, cell_width - 1, cell_height - 1)
                    red, green, blue = (int(each) for each in written.rgb[tile, row, column])
                    painter.fillRect(cell, QColor(red, green, blue))
                    if writes:
                        painter.setPen(QColor("#000000" if written.black[tile, row, column] else "#ffffff"))
                        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, written.texts[tile][row][column])
            top += block.height() + self.GAP
        painter.setPen(theme.color("muted"))
        below = QRectF(left, top - self.GAP + 4, cell_width * width, metrics.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.factor)

    def _fitting(self, metrics: QFontMetricsF, room: float) -> Cells:
        """Return the cells with as many decimals as there is room for."""
        written = cells(self._tiles, self._limits, palette("signed"), 0)
        for decimals in range(self._decimals, 0, -1):
            written = cells(self._tiles, self._limits, palette("signed"), decimals)
            texts = (text for tile in written.texts for row in tile for text in row)
            if max(metrics.horizontalAdvance(text) for text in texts) <= room:
                break
        return written

    def _paint_name(self, painter: QPainter, name: str, block: QRectF, head: float) -> None:
        painter.setPen(theme.color("muted"))
        if head:
            above = QRectF(block.left(), block.top() - head, self.width(), head - 4)
            painter.drawText(above, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        elif name:
            beside = QRectF(0, block.top(), block.left() - 8, block.height())
            painter.drawText(beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
