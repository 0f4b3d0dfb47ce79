"""All feature maps of the selected layer: in one picture, as curves, or slice by slice."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from inspector import format
from inspector.analysis.channels import KEYS, Order, order
from inspector.analysis.reading import Reading
from inspector.graph.context import activation_side
from inspector.graph.model import Array, Layer
from inspector.render.arrays import Values
from inspector.render.grid import Place
from inspector.render.limits import Limits, ticks
from inspector.render.palettes import palette
from inspector.render.rows import drawn_in_rows
from inspector.render.survey import Specials, Survey
from inspector.ui import theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.curves import CurveView, SamplePlace
from inspector.ui.lines import Line, Span, facts
from inspector.ui.linking import NOWHERE, cursor_in
from inspector.ui.margins import Bar
from inspector.ui.panel import Panel
from inspector.ui.panels.map_controls import MapControls, SliceRow
from inspector.ui.panels.map_reasons import being_looked_through, is_fused_away, why_no_maps, why_no_tensor
from inspector.ui.readout import place_of, scale_of, sees, value_of, whole
from inspector.ui.session import Cursor, Session
from inspector.ui.surveyed import Surveyed
from inspector.ui.text import plain

NO_MODEL = "Open a model and a picture: here you will see what each layer makes of it, one small map per channel."


@dataclass(frozen=True, slots=True)
class Slice:
    """What is drawn of a layer: all of it, or a slice of a volume.

    Attributes:
        place: Which slice.
        maps: ``(channels, height, width)``.
        found: NaN and Inf among them.
    """

    place: int
    maps: Values
    found: Specials


@dataclass(frozen=True, slots=True)
class Rows:
    """Signals as one picture, see ``render.rows``.

    Attributes:
        made_for: The limits of the channels.
        tile: ``(1, channels, samples)``.
        limits: Of the tile.
        found: NaN and Inf in it.
    """

    made_for: Limits
    tile: Values
    limits: Limits
    found: Specials


@dataclass(frozen=True, slots=True)
class Arranged:
    """The tiles of the wall, in the order of a key.

    Attributes:
        slice: The channels as they lie, one tile after the other.
        made_of: The slice by index.
        order: Which channel is where.
    """

    slice: Slice
    made_of: Slice
    order: Order


@dataclass(slots=True)
class Prepared:
    """What is computed once for a layer of a run.

    Attributes:
        known: What is shared with other panels.
        slice: The last one that was drawn.
        curves: ``(channels, samples)`` of a signal.
        rows: The last picture of them.
        arranged: The last order of the tiles; None before there was one.
    """

    known: Surveyed
    slice: Slice
    curves: Values
    rows: Rows | None = None
    arranged: Arranged | None = None

    def in_order(self, key: str) -> Arranged:
        """Return the tiles in the order of a key, from the last time if that is the same."""
        last = self.arranged
        if last is None or last.order.key != key or last.made_of is not self.slice:
            if last is not None and last.order.key == key:
                known = last.order
            else:
                known = order(self.known.values, key)
            self.arranged = last = Arranged(_arranged(self.slice, known), self.slice, known)
        return last


class FeatureMapsPanel(Panel):
    """The wall: every channel a tile, with limits one can choose and a color bar that states them.

    Signals are shown as curves or as one picture of time and channel, volumes slice by slice.
    """

    title = "Feature maps"
    dock_name = "feature_maps"
    icon_name = "grid"
    area = Qt.DockWidgetArea.LeftDockWidgetArea

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.heading = Line()
        self.controls = MapControls(session)
        self.slices = SliceRow("Which slice of the volume is shown; the keys , and . go to the next one")
        self.canvas = MosaicCanvas()
        self.canvas.setAccessibleName("Feature maps of the selected layer")
        self.curves = CurveView()
        self.curves.setAccessibleName("Channels of the selected layer")
        self.pictures = QStackedWidget()
        self.foot = Line("small")
        self._prepared: Prepared | None = None
        self._is_pointed_at = False
        self._lay_out()
        self.canvas.hovered.connect(self._read_out_tile)
        self.canvas.picked.connect(self._pick_tile)
        self.canvas.channel_wanted.connect(self._go_to_tile)
        self.controls.channel_wanted.connect(self._go_to_channel)
        self.slices.chosen.connect(self._choose_slice)
        self.curves.hovered.connect(self._read_out_sample)
        self.curves.picked.connect(self._pick_sample)
        fit = QShortcut(QKeySequence("Ctrl+0"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        fit.activated.connect(self._fit)
        session.cursor_changed.connect(self._show_cursor)

    def _lay_out(self) -> None:
        self.pictures.addWidget(self.canvas)
        self.pictures.addWidget(self.curves)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.SPACING)
        layout.setSpacing(theme.SPACING)
        layout.addWidget(self.heading)
        layout.addWidget(self.controls)
        layout.addWidget(self.slices)
        layout.addWidget(self.pictures, 1)
        layout.addWidget(self.foot)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        model, layer, run = self.session.model, self.session.layer(), self.session.run
        if model is None or layer is None:
            self.forget()
            self.say(NO_MODEL)
            return
        tensor = self.session.tensor()
        if run is None or tensor is None:
            self.forget()
            fused = run is not None and not layer.hidden and is_fused_away(run, layer)
            self.say(why_no_tensor(self.session, layer), "Show step by step" if fused else "")
            return
        reading = self.session.reading()
        if reading is None:
            self.forget()
            self.say(why_no_maps(layer, tensor))
            return
        known = self.session.surveyed()
        if known is None:
            self.forget()
            self.say(being_looked_through(layer))
            return
        prepared = self._prepare(reading, known)
        self._draw_heading(layer, tensor, reading)
        self._draw_maps(prepared, reading, self._note(layer, tensor, reading))
        self._draw_foot(prepared, reading)

    def page_action(self) -> None:
        self.session.set_run_view("step by step")

    def _prepare(self, reading: Reading, known: Surveyed) -> Prepared:
        """Return what does not depend on the view, from the last time if the layer is the same."""
        last = self._prepared
        if last is not None and last.known.source is reading.values:
            if last.slice.place != reading.slice:
                last.slice = _sliced(last.known.values, last.known.survey, reading.slice)
            return last
        self._prepared = None
        drawn = _sliced(known.values, known.survey, reading.slice)
        self._prepared = Prepared(known, drawn, drawn.maps[:, 0])
        return self._prepared

    def _draw_heading(self, layer: Layer, tensor: Array, reading: Reading) -> None:
        model = self.session.model
        side = activation_side(model, layer) if model is not None else ""
        spans = [
            Span("output of ", "muted"),
            Span(layer.name, "bold", is_name=True),
            Span(f" ({layer.op_type})", "muted"),
        ]
        if side:
            spans += [Span(", ", "muted"), Span(side, "bold"), Span(" the activation", "muted")]
        notes = [format.shape_hwc(tensor.shape[layer.output.passes :], layer.output.channels_last)]
        if reading.form == "volume":
            notes.append(f"slice {reading.slice} of {reading.values.shape[1]}")
        self.heading.show_spans(
            spans, layer.family, [Span(", ".join(notes), "muted")], [Span(", ".join(notes[1:]) or notes[0], "muted")]
        )

    def _note(self, layer: Layer, tensor: Array, reading: Reading) -> str:
        """Say what has to be known of the numbers that are seen."""
        notes, run = [], self.session.run
        if run is not None and (cast := run.casts.get(layer.output.name)):
            notes.append(f"{cast}, shown as float32")
        if reading.scales is not None:
            notes.append(f"{tensor.dtype}, {scale_of(reading.scales, self.session.view.channel)}")
        elif reading.codes is not None:
            notes.append(f"{tensor.dtype} codes, their scale is not known")
        if reading.passes > 1:
            notes.append(f"the first of {reading.passes} passes")
        if reading.batch > 1:
            notes.append(f"the first of {reading.batch}")
        return ", ".join(notes)

    def _draw_maps(self, prepared: Prepared, reading: Reading, note: str) -> None:
        view, drawn, known = self.session.view, prepared.slice, prepared.known.survey
        is_signal = reading.form == "signal"
        self.slices.show_slice(reading.slice, reading.values.shape[1])
        if is_signal and view.signals == "curves":
            self.controls.show_choices(reading, "", note)
            self.pictures.setCurrentWidget(self.curves)
            self.curves.show_curves(prepared.curves, (), view.channel, known.low, known.high, "time step")
            self.curves.set_selection(view.channel)
            return
        fitting, colormap = prepared.known.drawn_with(view.scaling, view.colormap or reading.colormap)
        self.controls.show_choices(reading, colormap, note)
        self.pictures.setCurrentWidget(self.canvas)
        bar = _bar(fitting, colormap, view.channel, _is_whole(reading))
        if is_signal:
            if prepared.rows is None or not prepared.rows.made_for.is_same(fitting):
                prepared.rows = Rows(fitting, *drawn_in_rows(drawn.maps, fitting, drawn.found))
            rows = prepared.rows
            self.canvas.show_rows(rows.tile, rows.limits, palette(colormap), rows.found, bar)
            self.canvas.set_selection(view.channel, view.element)
            return
        lying = prepared.in_order(view.order)
        drawn, fitting = lying.slice, fitting.arranged(lying.order.channels)
        self.canvas.show_maps(drawn.maps, fitting, palette(colormap), drawn.found, bar, view.order == "index")
        self.canvas.set_selection(lying.order.place_of(view.channel), view.element)

    def _draw_foot(self, prepared: Prepared, reading: Reading) -> None:
        known, found = prepared.known.survey, prepared.known.survey.found
        channels, *rest = prepared.known.values.shape
        counted: list[tuple[str, str]] = [(" channel" if channels == 1 else " channels", format.count(channels))]
        if rest != [1, 1, 1]:  # a single number is always constant
            counted += [(" dead", format.count(known.dead)), (" constant", format.count(known.constant))]
        is_whole = _is_whole(reading)
        extremes = (("min", _number(known.low, is_whole)), ("max", _number(known.high, is_whole)))
        odd = f"{format.count(found.nan)} NaN, {format.count(found.infinite)} Inf"
        self.foot.show_spans(
            facts(*counted, ("", odd, "warning") if found.kinds is not None else ("no NaN or Inf", "")),
            remark=facts(("zeros", format.percent(known.zeros)), *extremes),
            brief=facts(*extremes),
        )

    def forget(self) -> None:
        self._prepared = None
        self.canvas.let_go()
        self.curves.clear()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.canvas.set_dimmed(is_dimmed)
        self.curves.set_dimmed(is_dimmed)

    # ---------------------------------------------------------------- what the user does

    @Slot()
    def _fit(self) -> None:
        self.canvas.fit()
        self.curves.fit()

    @Slot(int)
    def _choose_slice(self, place: int) -> None:
        self.session.set_view(slice=place)

    @Slot(object)
    def _pick(self, place: Place) -> None:
        self.session.set_view(channel=place.channel, element=(place.row, place.column))

    @Slot(object)
    def _pick_tile(self, place: Place) -> None:
        self._pick(replace(place, channel=self._channel_of(place.channel)))

    @Slot(int)
    def _go_to_tile(self, tile: int) -> None:
        self.session.select_channel(self._channel_of(tile))

    @Slot(int)
    def _go_to_channel(self, channel: int) -> None:
        """Select a channel whose number was typed, and show it where only a part of the wall is seen."""
        self.session.select_channel(channel)
        lying = self._lying()
        if lying is not None and self.canvas.zoom > 1:
            self.canvas.show_channel(lying.order.place_of(channel))

    def _lying(self) -> Arranged | None:
        """Return how the tiles lie; None where there are none, or a signal's rows."""
        reading = self.session.reading()
        if self._prepared is None or reading is None or reading.form == "signal":
            return None
        return self._prepared.arranged

    def _channel_of(self, tile: int) -> int:
        lying = self._lying()
        return lying.order.channel_at(tile) if lying is not None else tile

    @Slot(object)
    def _pick_sample(self, place: SamplePlace) -> None:
        self._pick(Place(place.curve, 0, place.sample))

    @Slot()
    def _show_cursor(self) -> None:
        """Mark where the pointer is, unless it is here."""
        layer = self.session.layer()
        if not self.isVisible() or layer is None:
            return
        linked = NOWHERE if self._is_pointed_at else cursor_in(self.session, layer)
        self.canvas.set_linked(linked.element, linked.reached)

    @Slot(object)
    def _read_out_sample(self, place: SamplePlace | None) -> None:
        self._read_out(Place(place.curve, 0, place.sample) if place is not None else None)

    def _key_of(self, channel: int) -> tuple[tuple[str, str], ...]:
        """Return the number that a channel has its place by."""
        lying = self._lying()
        if lying is None or lying.order.key == "index":
            return ()
        number, label = float(lying.order.numbers[channel]), KEYS[lying.order.key].label
        return ((label, format.percent(number) if label == "sparsity" else format.significant(number)),)

    @Slot(object)
    def _read_out_tile(self, place: Place | None) -> None:
        self._read_out(replace(place, channel=self._channel_of(place.channel)) if place is not None else None)

    @Slot(object)
    def _read_out(self, place: Place | None) -> None:
        layer, reading = self.session.layer(), self.session.reading()
        if place is None or self._prepared is None or layer is None or reading is None:
            self._is_pointed_at = False
            self.session.set_cursor(None)
            self.readout.emit(())
            return
        element = place.row, place.column
        self._is_pointed_at = True
        self.session.set_cursor(Cursor(layer.name, *element, place.channel))
        self.readout.emit(
            (
                ("", plain(layer.name)),
                *place_of(reading, place.channel, element),
                *value_of(reading, place.channel, element),
                *self._key_of(place.channel),
                *sees(layer.receptive_field),
            )
        )


def _arranged(drawn: Slice, known: Order) -> Slice:
    """Return a slice with its channels in that order; by index it is the slice itself."""
    if known.key == "index":
        return drawn
    kinds = drawn.found.kinds
    found = replace(drawn.found, kinds=kinds[known.channels] if kinds is not None else None)
    return replace(drawn, maps=drawn.maps[known.channels], found=found)


def _sliced(values: Values, known: Survey, place: int) -> Slice:
    """Return a slice of ``(channels, depth, height, width)`` with what was found in it."""
    kinds = known.found.kinds
    if kinds is not None:
        kinds = kinds.reshape(values.shape)[:, place]
    return Slice(place, values[:, place], replace(known.found, kinds=kinds))


def _is_whole(reading: Reading) -> bool:
    return reading.values.dtype.kind in "iu"


def _number(value: float, is_whole: bool) -> str:
    return whole(value) if is_whole else format.significant(value)


def _bar(limits: Limits, colormap: str, channel: int, is_whole: bool) -> Bar:
    """Return the color bar; where each channel has limits of its own, with those of the selected one."""
    low, high = limits.of(min(channel, limits.low.size - 1))
    if limits.is_shared:
        marks = [((mark - low) / (high - low), _plain_number(mark)) for mark in ticks(low, high, 4)]
    else:
        marks = [(0.5, f"ch. {channel}")]
    return Bar(palette(colormap), _number(low, is_whole), _number(high, is_whole), marks)


def _plain_number(value: float) -> str:
    """Return a round number without the digits that are zero."""
    text = format.significant(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
