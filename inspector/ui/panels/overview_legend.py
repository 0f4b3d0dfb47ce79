"""What the colours of the overview mean: families of layers, and the values of maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.format import MINUS
from inspector.graph.kinds import FAMILIES
from inspector.render.columns import Ends
from inspector.render.palettes import palette
from inspector.ui import theme
from inspector.ui.painting import paint_dot
from inspector.ui.text import tooltip

BAR = 64
_ENDS: Mapping[Ends, tuple[str, str]] = {
    "from zero": ("0", "maximum of each map"),
    "around zero": (MINUS, "+ largest of each map"),
    "own": ("minimum", "maximum of each map"),
}


class Legend(QWidget):
    """One line: a dot and a word for each family at the left, colour bars at the right as far as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._families: tuple[str, ...] = ()
        self._colormaps: tuple[tuple[str, Ends], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            tooltip(
                "Each map is drawn from zero to its own maximum: do not compare maps by their colours.",
                "A layer with negative values is drawn around zero, or from the minimum of each map where the chosen "
                "colours have no middle.",
            )
        )

    def show_colormaps(self, drawn: Sequence[tuple[str, Ends]]) -> None:
        """Say what the colours of maps mean, of these as far as there is room.

        Args:
            drawn: Colormaps by their names, and from what to what maps are drawn with them.
        """
        if tuple(drawn) != self._colormaps:
            self._colormaps = tuple(drawn)
            self.update()

    @property
    def bars(self) -> tuple[tuple[str, str, str], ...]:
        """What is said of colours: a colormap, and the words at its two ends."""
        return tuple((name, *_ENDS[ends]) for name, ends in self._colormaps)

    def show_families(self, families: Set[str]) -> None:
        self._families = tuple(family for family in FAMILIES if family in families)
        self.setAccessibleName(", ".join(self._families))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, round(theme.metrics("small").height()) + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = theme.font("small")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        left, right, middle = float(theme.MARGIN), float(self.width() - theme.MARGIN), self.height() / 2
        for family in self._families:
            width = metrics.horizontalAdvance(family)
            if left + 14 + width > right:
                return
            paint_dot(painter, QPointF(left + 4.5, middle), family)
            painter.setPen(theme.color("text"))
            where = QRectF(left + 14, 0, width + 2, self.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, family)
            left += 14 + width + theme.GROUP
        bars = self.bars
        widths = [metrics.horizontalAdvance(low) + BAR + metrics.horizontalAdvance(high) + 12 for _, low, high in bars]
        for count in range(len(bars), 0, -1):
            needed = sum(widths[:count]) + theme.GROUP * count
            if left + needed <= right:
                self._paint_bars(painter, metrics, right - needed + theme.GROUP, bars[:count])
                return

    def _paint_bars(
        self, painter: QPainter, metrics: QFontMetricsF, left: float, bars: Sequence[tuple[str, str, str]]
    ) -> None:
        for name, low, high in bars:
            for text in (low, "", high):
                if not text:
                    colors = palette(name)
                    image = QImage(colors.tobytes(), len(colors), 1, 3 * len(colors), QImage.Format.Format_RGB888)
                    painter.drawImage(QRectF(left + 6, self.height() / 2 - 4, BAR, 8), image)
                    left += BAR + 12
                    continue
                width = metrics.horizontalAdvance(text)
                painter.setPen(theme.color("muted"))
                painter.drawText(QRectF(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
                left += width
            left += theme.GROUP
