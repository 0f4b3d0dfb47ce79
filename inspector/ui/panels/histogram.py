"""How often which values occur in a tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector import format
from inspector.ui import theme
from inspector.ui.text import tooltip


class Histogram(QWidget):
    """Bars from the smallest to the largest value, their heights by the logarithm of the counts."""

    BARS = 56

    def __init__(self) -> None:
        super().__init__()
        self._counts: tuple[int, ...] = ()
        self._low, self._high = 0.0, 0.0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_counts(self, counts: Sequence[int], low: float, high: float) -> None:
        """Show how many values lie in each of equal steps from ``low`` to ``high``; no counts hide it."""
        self._counts, self._low, self._high = tuple(counts), low, high
        self.setVisible(bool(self._counts))
        said = f"Histogram from {format.significant(low)} to {format.significant(high)}"
        self.setAccessibleName(said)
        self.setToolTip(tooltip(f"{said}; a bar's height is the logarithm of the count"))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, self.BARS + 4 + round(theme.metrics("small").height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._counts:
            return
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 0, self.width(), self.BARS), theme.color("canvas"))
        each, most = self.width() / len(self._counts), math.log1p(max(self._counts))
        for place, count in enumerate(self._counts):
            height = max(1.0, (self.BARS - 4) * math.log1p(count) / most) if count else 0.0
            left, right = round(place * each), round((place + 1) * each)
            gap = 1 if each >= 3 else 0
            painter.fillRect(QRectF(left, self.BARS - height, right - left - gap, height), theme.color("bar"))
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        line = QRectF(0, self.BARS + 2, self.width(), self.height() - self.BARS - 2)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, format.significant(self._low))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, format.significant(self._high))
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, "counts, logarithmic")
