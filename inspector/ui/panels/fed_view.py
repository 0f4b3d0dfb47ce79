"""What an input was fed, in numbers: pictures as maps, signals as curves, volumes slice by slice, and statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.maps import channel_statistics
from inspector.analysis.reading import Reading, reading
from inspector.graph.model import Array, Tensor
from inspector.render.arrays import Values, widened
from inspector.render.grid import Place
from inspector.render.limits import Limits, fitted, limits, ticks
from inspector.render.palettes import palette
from inspector.render.survey import Survey, survey
from inspector.ui import theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.curves import CurveView, SamplePlace
from inspector.ui.forms import Stepper
from inspector.ui.later import Later
from inspector.ui.margins import Bar
from inspector.ui.panels.tensor_table import TensorRow, TensorTable, tensor_row
from inspector.ui.readout import Readout

FEW_CHANNELS = 4  # so many are named, counted and read out side by side
SOON = 1 << 20  # numbers that are counted at once, in a twentieth of a second
LEAST_HEIGHT = 132


@dataclass(frozen=True, slots=True)
class Fed:
    """What one input was fed.

    Attributes:
        known: What the model says of it, with ``channels_last`` as it was fed.
        channels: What the first few channels are called.
    """

    name: str
    tensor: Array
    known: Tensor
    channels: tuple[str, ...] = ()

    def channel(self, number: int) -> str:
        """Return what a channel is called."""
        return self.channels[number] if number < len(self.channels) else f"channel {number}"


@dataclass(slots=True)
class _Drawn:
    """What is computed once for a tensor: how it is read, and the slice that is seen."""

    fed: Fed
    reading: Reading | None
    maps: Values | None = None
    known: Survey | None = None
    slice: int = -1


class FedView(QWidget):
    """The numbers of an input.

    Signals:
        read: What is under the cursor, for the status bar.
        pointed: ``(name, row, column)``: the input, and where the pointer is in its maps; None where it is in none.
    """

    read = Signal(object)
    pointed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.canvas = MosaicCanvas()
        self.canvas.setAccessibleName("The values that were fed")
        self.curves = CurveView()
        self.curves.setAccessibleName("The signal that was fed")
        self.slices = Stepper("Slice")
        self.table = TensorTable()
        self._drawn: _Drawn | None = None
        self._others: tuple[Fed, ...] = ()
        self._counting = Later(self)
        self._views = QStackedWidget()
        self._views.setMinimumHeight(LEAST_HEIGHT)
        self._views.addWidget(self.canvas)
        self._views.addWidget(self.curves)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(theme.GAP)
        lines.addWidget(self._views, 1)
        lines.addWidget(self.slices)
        lines.addWidget(self.table)
        self._rest = QWidget()
        lines.addWidget(self._rest, 1)
        self.canvas.hovered.connect(self._read_map)
        self.curves.hovered.connect(self._read_curve)
        self.slices.moved.connect(self._show_slice)
        self._counting.done.connect(self._show_table)

    # ---------------------------------------------------------------- drawing

    def show_fed(self, fed: Fed, others: Sequence[Fed] = ()) -> None:
        """Show the numbers of an input, and what ``others`` hold in the table."""
        last = self._drawn
        if last is None or last.fed.tensor is not fed.tensor or last.fed != fed:
            self._counting.forget()
            self._drawn, self._others = _Drawn(fed, read_fed(fed)), tuple(others)
            self._show_table()
        drawn = self._drawn
        assert drawn is not None
        found = drawn.reading
        signal = _signal(drawn)
        is_map = found is not None and signal is None and found.form in ("maps", "volume")
        self._views.setVisible(signal is not None or is_map)
        self._rest.setVisible(signal is None and not is_map)
        self.slices.setVisible(found is not None and found.form == "volume")
        if signal is not None:
            names = [fed.channel(each) for each in range(len(signal))] if len(signal) > 1 else []
            self._views.setCurrentWidget(self.curves)
            self.curves.show_curves(signal, names)
        elif found is not None and is_map:
            self._views.setCurrentWidget(self.canvas)
            self.slices.show_step(found.slice, found.values.shape[1])
            self._draw_maps(drawn, found)

    def clear(self) -> None:
        """Hold nothing."""
        self._drawn, self._others = None, ()
        self._counting.forget()
        self.canvas.let_go()
        self.curves.clear()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.canvas.set_dimmed(is_dimmed)
        self.curves.set_dimmed(is_dimmed)

    def _draw_maps(self, drawn: _Drawn, found: Reading) -> None:
        if drawn.maps is None or drawn.known is None or drawn.slice != found.slice:
            drawn.maps, drawn.slice = widened(found.maps), found.slice
            drawn.known = survey(drawn.maps)
        fitting, colormap = fitted(limits(drawn.maps, "layer", drawn.known))
        bar = _bar(fitting, colormap)
        self.canvas.show_maps(drawn.maps, fitting, palette(colormap), drawn.known.found, bar, row_numbers=False)

    @Slot()
    def _show_table(self) -> None:
        """Say what the tensors hold, large ones later: it takes a look at every value."""
        drawn, others = self._drawn, self._others
        if drawn is None:
            return
        size = sum(each.tensor.size for each in (drawn.fed, *others))
        if size <= SOON:
            self.table.show_rows(_rows(drawn, others))
            return
        rows = self._counting.result(id(drawn), partial(_rows, drawn, others))
        self.table.show_rows(rows or [_empty_row(each) for each in (drawn.fed, *others)])

    # ---------------------------------------------------------------- what the user does

    @Slot(int)
    def _show_slice(self, place: int) -> None:
        drawn = self._drawn
        if drawn is not None and drawn.reading is not None:
            drawn.reading = drawn.reading.at(place)
            self.slices.show_step(drawn.reading.slice, drawn.reading.values.shape[1])
            self._draw_maps(drawn, drawn.reading)

    @Slot(object)
    def _read_map(self, place: Place | None) -> None:
        drawn = self._drawn
        if place is None or drawn is None or drawn.reading is None:
            self.pointed.emit(None)
            self.read.emit(())
            return
        self.pointed.emit((drawn.fed.name, place.row, place.column))
        at = drawn.reading.slice
        depth: Readout = (("slice", str(at)),) if drawn.reading.form == "volume" else ()
        where = (("", drawn.fed.name), *depth, ("row", str(place.row)), ("column", str(place.column)))
        self.read.emit((*where, *values_at(drawn.reading, drawn.fed, place)))

    @Slot(object)
    def _read_curve(self, place: SamplePlace | None) -> None:
        drawn = self._drawn
        signal = _signal(drawn) if drawn is not None else None
        if place is None or drawn is None or signal is None:
            self.read.emit(())
            return
        which: Readout = (("", drawn.fed.channel(place.curve)),) if len(signal) > 1 else ()
        value = exact(signal[place.curve, place.sample])
        self.read.emit((("", drawn.fed.name), *which, ("sample", str(place.sample)), ("=", value)))


def values_at(found: Reading, fed: Fed, place: Place) -> Readout:
    """Return the exact numbers that were fed at a place: of all channels where they are few, else of that one."""
    channels = range(len(found.values)) if len(found.values) <= FEW_CHANNELS else (place.channel,)
    if not found.has(channels[-1], place.row, place.column):
        return ()
    at = found.slice
    return tuple((fed.channel(each), exact(found.values[each, at, place.row, place.column])) for each in channels)


def exact(number: object) -> str:
    """Return a number of an array in the fewest digits that tell it from its neighbours: ``0.48627454``."""
    return str(number).replace("-", format.MINUS)


def read_fed(fed: Fed) -> Reading | None:
    """Return what was fed as maps, integers as they are."""
    return reading(fed.tensor, fed.known, {}, codes=True)


def _signal(drawn: _Drawn) -> Values | None:
    """Return what is drawn as curves, ``(curves, samples)``; None for anything else."""
    found, tensor = drawn.reading, drawn.fed.tensor
    if found is None:
        return None
    if found.form == "signal":
        return found.maps[:, 0]
    if found.form == "vector" and tensor.size > 1:
        return tensor[:1] if tensor.ndim == 2 else tensor[None]
    return None


def _rows(drawn: _Drawn, others: Sequence[Fed]) -> list[TensorRow]:
    """Return what a tensor holds, of a few channels each, and what other tensors hold."""
    rows = [tensor_row(drawn.fed.name, drawn.fed.tensor)]
    if drawn.reading is not None and 1 < len(drawn.reading.values) <= FEW_CHANNELS and drawn.fed.tensor.ndim > 2:
        rows += _channel_rows(drawn.fed, drawn.reading)
    return [*rows, *(tensor_row(each.name, each.tensor) for each in others)]


def _empty_row(fed: Fed) -> TensorRow:
    return TensorRow(fed.name, format.shape(fed.tensor.shape), str(fed.tensor.dtype), "", "", "")


def _channel_rows(fed: Fed, found: Reading) -> list[TensorRow]:
    values = found.values
    known = channel_statistics(values.reshape(values.shape[0], values.shape[1], -1))
    numbers = zip(known.minimum.tolist(), known.maximum.tolist(), known.mean.tolist(), strict=True)
    return [
        TensorRow(f"   {fed.channel(each)}", "", "", *(format.significant(value) for value in found_numbers))
        for each, found_numbers in enumerate(numbers)
    ]


def _bar(drawn: Limits, colormap: str) -> Bar:
    low, high = drawn.of(0)
    marks = [((mark - low) / (high - low), format.significant(mark)) for mark in ticks(low, high, 3)]
    return Bar(palette(colormap), format.significant(low), format.significant(high), marks)
