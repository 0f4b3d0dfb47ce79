"""The classes of a map: their colours, names and shares, each to be shown or hidden."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from inspector import format
from inspector.ui import theme
from inspector.ui.lines import Line, Span
from inspector.ui.painting import paint_focus
from inspector.ui.text import elided, plain, tooltip

MOST = 20  # rows; the classes behind them are counted


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A class of a map: its number, its name as shown, its colour, and its part of the map."""

    index: int
    name: str
    color: tuple[int, int, int]
    share: float


class LegendRow(QAbstractButton):
    """One class. Pressed, it is drawn.

    Signals:
        told: The number of its class, when it is clicked.
    """

    HEIGHT = 22
    told = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.entry = LegendEntry(0, "", (0, 0, 0), 0.0)
        self.setCheckable(True)
        self.clicked.connect(self._tell)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_entry(self, entry: LegendEntry, is_drawn: bool) -> None:
        self.entry = entry
        self.setChecked(is_drawn)
        share = format.percent(entry.share)
        self.setAccessibleName(f"{plain(entry.name)}, {share}")
        hint = "click to hide it" if is_drawn else "hidden; click to draw it"
        self.setToolTip(tooltip(f"{entry.name}  class {entry.index}, {share} of the map", hint))
        self.update()

    @Slot()
    def _tell(self) -> None:
        self.told.emit(self.entry.index)

    def sizeHint(self) -> QSize:
        return QSize(200, self.HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(-4, 0, 4, 0), theme.RADIUS, theme.RADIUS)
        color = QColor(*self.entry.color)
        painter.setPen(QPen(theme.color("muted") if self.isChecked() else color, 1))
        painter.setBrush(color if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(0.5, (self.height() - 12) / 2 + 0.5, 12, 12), 2, 2)
        font = theme.font("small")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(theme.color("text" if self.isChecked() else "muted"))
        share = format.percent(self.entry.share)
        line = QRectF(20, 0, self.width() - 20, self.height())
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, share)
        room = line.width() - metrics.horizontalAdvance(share) - theme.MARGIN
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, elided(plain(self.entry.name), metrics, room))
        if self.hasFocus():
            paint_focus(painter, QRectF(self.rect()))


class ClassLegend(QWidget):
    """The classes of a map, the most frequent first.

    Signals:
        toggled: The number of a class that is to be drawn or hidden.
    """

    toggled = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[LegendRow] = []
        self._rest = Line("small")
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        self._lines.addWidget(self._rest)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @property
    def entries(self) -> tuple[LegendEntry, ...]:
        """What is listed."""
        return tuple(row.entry for row in self._rows if not row.isHidden())

    def row(self, place: int) -> LegendRow:
        """Return a row, from 0."""
        return self._rows[place]

    def show_entries(self, entries: Sequence[LegendEntry], hidden: Collection[int]) -> None:
        shown, rest = entries[:MOST], entries[MOST:]
        while len(self._rows) < len(shown):
            row = LegendRow()
            row.told.connect(self.toggled)
            self._lines.insertWidget(len(self._rows), row)
            self._rows.append(row)
        for row, entry in zip(self._rows, shown, strict=False):
            row.show_entry(entry, entry.index not in hidden)
        for place, row in enumerate(self._rows):
            row.setVisible(place < len(shown))
        self._rest.setVisible(bool(rest))
        if rest:
            share = format.percent(sum(each.share for each in rest))
            self._rest.show_spans([Span(f"and {len(rest)} more classes, {share} together", "muted")])
