"""Below the kernels: what they hold in numbers, how often which weights occur, which frequencies they answer to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.kernels import KernelNumbers, Spectrum
from inspector.render.indices import indices
from inspector.render.limits import Limits, shared_limits
from inspector.render.palettes import palette, to_rgb
from inspector.ui import theme
from inspector.ui.lines import Line, Span
from inspector.ui.panels.channel_side import Levels
from inspector.ui.text import elided, tooltip

CARD_WIDTH = 150  # at least
HISTOGRAM_HEIGHT = 66
SPECTRUM_HEIGHT = 190
COLORS = "viridis"
_ROWS = ("min", "max", "mean", "std", "zeros", "L1", "L2", "NaN", "Inf")


@dataclass(frozen=True, slots=True, eq=False)
class Detailed:
    """What is said of kernels.

    Attributes:
        name: Of the chosen one; ``""`` where there is none.
        one: What it holds.
        all: What all of the layer hold; None while that is being worked out.
        spectrum: The frequencies that it answers to; None where these say nothing.
        spectrum_of: Of what of it, as a phrase.
        limits: Of the colors that the kernels are drawn with.
    """

    name: str
    one: KernelNumbers | None
    all: KernelNumbers | None
    spectrum: Spectrum | None
    spectrum_of: str
    limits: Limits


class KernelDetails(QWidget):
    """Cards side by side, in as many columns as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self.table = _NumberTable()
        self.one = _histogram()
        self.all = _histogram()
        self.spectrum = SpectrumView()
        self._one_title, self._all_title = Line("small"), Line("small")
        self._one_card, self._all_card = _card(self._one_title, self.one), _card(self._all_title, self.all)
        self._cards: Sequence[QWidget] = (self.table, self.spectrum, self._one_card, self._all_card)
        for card in self._cards:
            card.setParent(self)
        self._columns = (0, 0)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, theme.GAP)
        self._grid.setHorizontalSpacing(theme.GROUP)
        self._grid.setVerticalSpacing(theme.SPACING)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._arrange()

    def show_details(self, known: Detailed) -> None:
        """Show these."""
        self.table.show_numbers(known.name, known.one, known.all)
        for title, text, levels, numbers in (
            (self._one_title, f"weights of {known.name}", self.one, known.one),
            (self._all_title, "weights of the layer", self.all, known.all),
        ):
            has_counts = numbers is not None and len(numbers.counts) > 0
            title.setVisible(has_counts)
            levels.setVisible(has_counts)
            if numbers is not None and has_counts:
                title.show_spans([Span(text, "muted")])
                counts = numbers.counts.tolist()
                levels.show_counts(counts, numbers.low, numbers.high, known.limits.of(0), palette("signed"))
        self.spectrum.show_spectrum(known.spectrum, known.spectrum_of)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        shown = [card for card in self._cards if card is not self.spectrum or self.spectrum.has_spectrum]
        columns = max(1, min(len(shown), (self.width() + theme.GROUP) // (CARD_WIDTH + theme.GROUP)))
        columns = 2 if columns == 3 and len(shown) == 4 else columns
        key = columns, len(shown)
        if key == self._columns:
            return
        self._columns = key
        for card in self._cards:
            self._grid.removeWidget(card)
        for place, card in enumerate(shown):
            self._grid.addWidget(card, place // columns, place % columns, Qt.AlignmentFlag.AlignTop)
        for column in range(len(self._cards)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)


def _card(title: Line, levels: Levels) -> QWidget:
    card = QWidget()
    lines = QVBoxLayout(card)
    lines.setContentsMargins(0, 0, 0, 0)
    lines.setSpacing(theme.GAP)
    lines.addWidget(title)
    lines.addWidget(levels)
    return card


def _histogram() -> Levels:
    levels = Levels()
    levels.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    levels.setFixedHeight(HISTOGRAM_HEIGHT)
    return levels


class _NumberTable(QWidget):
    """Statistics of the chosen kernel and of the layer, a column each."""

    def __init__(self) -> None:
        super().__init__()
        self._name = ""
        self._rows: tuple[tuple[str, str, str, bool], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_numbers(self, name: str, one: KernelNumbers | None, all_: KernelNumbers | None) -> None:
        """Show what a kernel and its layer hold; None while that is not known."""
        ones, alls = _said(one), _said(all_)
        rows = [(row, ones.get(row, ""), alls.get(row, ""), row in ("NaN", "Inf")) for row in _ROWS]
        self._rows = tuple(row for row in rows if not row[3] or {row[1], row[2]} - {"", "0"})
        self._name = name
        self.setAccessibleName("Statistics of the kernels")
        self.setAccessibleDescription(self.text)
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """All it says."""
        return "; ".join(f"{row} {one or 'none'}, layer {all_ or 'not known yet'}" for row, one, all_, _ in self._rows)

    def sizeHint(self) -> QSize:
        line = QFontMetricsF(theme.font("small")).height() + 3
        return QSize(CARD_WIDTH, math.ceil(line * (len(self._rows) + 1)))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = theme.font("small")
        measure = QFontMetricsF(font)
        painter.setFont(font)
        line, right = measure.height() + 3, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        label = max(measure.horizontalAdvance(row) for row in _ROWS) + 8
        width = min(90.0, max(20.0, (self.width() - label) / 2))
        for place, (row, *values, is_odd) in enumerate((("", self._name, "layer", False), *self._rows)):
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(0, place * line, label, line), Qt.AlignmentFlag.AlignVCenter, row)
            painter.setPen(theme.color("warning" if is_odd else "text" if place else "muted"))
            for column, value in enumerate(values):
                where = QRectF(label + column * width, place * line, width - 2, line)
                painter.drawText(where, right, elided(value, measure, width - 4))


def _said(numbers: KernelNumbers | None) -> dict[str, str]:
    if numbers is None:
        return {}
    known = numbers.known
    values = {"min": known.minimum, "max": known.maximum, "mean": known.mean, "std": known.std}
    values |= {"L1": numbers.l1, "L2": numbers.l2}
    texts = {name: "none" if math.isnan(value) else format.significant(value) for name, value in values.items()}
    counts = {"NaN": format.count(known.nans), "Inf": format.count(known.infs)}
    return texts | counts | {"zeros": format.percent(known.zeros)}


class SpectrumView(QWidget):
    """The answer of a kernel to waves: zero frequency in the middle, half a cycle per pixel at the rim."""

    def __init__(self) -> None:
        super().__init__()
        self._spectrum: Spectrum | None = None
        self._of = ""
        self._image = QImage()
        self._high = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def has_spectrum(self) -> bool:
        """Whether there are frequencies to be seen."""
        return self._spectrum is not None

    def show_spectrum(self, spectrum: Spectrum | None, of: str) -> None:
        """Show these frequencies of ``of``, a phrase; none hide the picture."""
        self.setVisible(spectrum is not None)
        self._spectrum, self._of = spectrum, of
        if spectrum is None:
            return
        self._high = float(spectrum.magnitude.max())
        rgb = to_rgb(indices(spectrum.magnitude[np.newaxis], shared_limits(0.0, self._high))[0], palette(COLORS))
        height, width, _ = rgb.shape
        self._image = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        padded = f"filled up with zeros to {format.shape(spectrum.magnitude.shape)}"
        self.setAccessibleName(f"Frequencies of {of}, from 0 to {format.significant(self._high)}")
        self.setToolTip(
            tooltip(
                f"Magnitude of the Fourier transform of {of}, {padded}.",
                "Zero frequency in the middle, cycles per pixel along the axes.",
            )
        )
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        line = QFontMetricsF(theme.font("small")).height() + 2
        is_row = self._spectrum is not None and len(self._spectrum.down) == 1
        return QSize(CARD_WIDTH, round(24 + 5 * line) if is_row else SPECTRUM_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        known = self._spectrum
        if known is None:
            return
        painter = QPainter(self)
        font = theme.font("small")
        measure = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(theme.color("muted"))
        line = measure.height() + 2
        title = elided(f"frequencies of {self._of}", measure, self.width())
        painter.drawText(QRectF(0, 0, self.width(), line), Qt.AlignmentFlag.AlignVCenter, title)
        left = measure.horizontalAdvance(f"{format.MINUS}0.5") + 6
        is_row = len(known.down) == 1
        left = 0.0 if is_row else left
        side = min(self.width() - left, self.height() - 4 * line - 2)
        area = QRectF(left, line + 2, self.width() - 2 if is_row else side, 24 if is_row else side)
        painter.drawImage(area, self._image)
        right, top = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignTop
        if not is_row:
            for part, text in _ticks(known.down):
                at = area.top() + part * area.height()
                room = QRectF(0, at - line / 2, left - 4, line)
                painter.drawText(room, right | Qt.AlignmentFlag.AlignVCenter, text)
        for part, text in _ticks(known.across):
            at = area.left() + part * area.width()
            room = QRectF(at - 30, area.bottom() + 1, 60, line)
            if part < 0.1:
                room, alignment = QRectF(area.left(), room.top(), 60, line), top
            elif part > 0.9:
                room, alignment = QRectF(area.right() - 60, room.top(), 60, line), right | top
            else:
                alignment = Qt.AlignmentFlag.AlignHCenter | top
            painter.drawText(room, alignment, text)
        for place, said in enumerate(("cycles per pixel", f"magnitude 0 to {format.significant(self._high)}"), 1):
            below = QRectF(area.left(), area.bottom() + 1 + place * line, self.width() - area.left(), line)
            painter.drawText(below, top, elided(said, measure, below.width()))


def _ticks(frequencies: np.ndarray) -> tuple[tuple[float, str], ...]:
    """Return where along an axis -1/2, 0 and 1/2 lie, at the middle of their cells, with their texts."""
    count = len(frequencies)
    middle = (count // 2 + 0.5) / count
    return (0.5 / count, f"{format.MINUS}0.5"), (middle, "0"), (1.0, "0.5")
