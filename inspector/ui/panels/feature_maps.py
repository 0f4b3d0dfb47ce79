"""All feature maps of the selected layer: in one picture, as curves, or slice by slice."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, QSize, Qt, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from inspector import format
from inspector.analysis.channels import CONTRIBUTION
from inspector.analysis.class_parts import ClassParts
from inspector.analysis.reading import Reading
from inspector.analysis.reductions import REDUCTIONS, Components
from inspector.analysis.saturation import SENTENCE
from inspector.graph.context import activation_side
from inspector.graph.model import Array, Layer
from inspector.render.arrays import Values
from inspector.render.grid import Place
from inspector.render.limits import Limits, ticks, together
from inspector.render.palettes import COLORMAPS, palette
from inspector.render.rows import drawn_in_rows
from inspector.ui import theme
from inspector.ui.canvas import MosaicCanvas
from inspector.ui.curves import CurveView, SamplePlace
from inspector.ui.lines import Line, Span
from inspector.ui.linking import NOWHERE, cursor_in
from inspector.ui.margins import Bar
from inspector.ui.panel import Panel
from inspector.ui.panels.levels import LevelsRow
from inspector.ui.panels.map_controls import MapControls, Offered, SliceRow
from inspector.ui.panels.map_reasons import being_looked_through, is_fused_away, why_no_maps, why_no_tensor
from inspector.ui.panels.sides import BACK, SideControl, why_not_compared
from inspector.ui.panels.wall import (
    Arranged,
    Prepared,
    Reduced,
    Rows,
    prepared,
    reduction_of,
    sliced,
)
from inspector.ui.panels.wall_foot import WallFoot
from inspector.ui.panels.wall_work import WallWork
from inspector.ui.pictures import Pictured, map_of, selected_map
from inspector.ui.readout import place_of, scale_of, sees, value_of, whole
from inspector.ui.session import Cursor, Session
from inspector.ui.surveyed import Surveyed
from inspector.ui.text import plain, shortened

MEANINGS = {
    "dead": "All elements of the channel are 0.",
    "constant": "All elements of the channel are the same number, which is not 0.",
    "saturated": SENTENCE,
}
NO_MODEL = "Open a model and a picture: here you will see what each layer makes of it, one small map per channel."


ROOM_FOR_LEVELS = QSize(380, 400)  # of the panel, from which on the levels do not eat the wall
ONE_PICTURE = ("mean", "maximum", "components")


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
        self.sides = SideControl(session)
        self.controls = MapControls(session)
        self.slices = SliceRow("Which slice of the volume is shown; the keys , and . go to the next one")
        self.canvas = MosaicCanvas()
        self.canvas.setAccessibleName("Feature maps of the selected layer")
        self.curves = CurveView()
        self.curves.setAccessibleName("Channels of the selected layer")
        self.pictures = QStackedWidget()
        self.caption = Line("small")
        self.caption.hide()
        self.levels = LevelsRow()
        self.levels.hide()
        self.foot = WallFoot()
        self._prepared: Prepared | None = None
        self._last_map: Values | None = None
        self.work = WallWork(session, self)
        self._is_pointed_at = False
        self._lay_out()
        self.canvas.hovered.connect(self._read_out_tile)
        self.canvas.picked.connect(self._pick_tile)
        self.canvas.channel_wanted.connect(self._go_to_tile)
        self.controls.channel_wanted.connect(self._go_to_channel)
        self.controls.levels.toggled.connect(self.refresh)
        self.slices.chosen.connect(self._choose_slice)
        self.levels.chosen.connect(self._choose_limits)
        self.levels.reset_wanted.connect(self._reset_limits)
        self.foot.wanted.connect(self.go_to_next)
        self.work.done.connect(self.refresh)
        self.curves.hovered.connect(self._read_out_sample)
        self.curves.picked.connect(self._pick_sample)
        fit = QShortcut(QKeySequence("Ctrl+0"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        fit.activated.connect(self.fit)
        session.cursor_changed.connect(self._show_cursor)

    def _lay_out(self) -> None:
        self.pictures.addWidget(self.canvas)
        self.pictures.addWidget(self.curves)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.SPACING)
        layout.setSpacing(theme.SPACING)
        layout.addWidget(self.heading)
        layout.addWidget(self.sides)
        layout.addWidget(self.controls)
        layout.addWidget(self.slices)
        layout.addWidget(self.caption)
        layout.addWidget(self.pictures, 1)
        layout.addWidget(self.levels)
        layout.addWidget(self.foot)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        model, layer, run = self.session.model, self.session.layer(), self.session.run
        if model is None or layer is None:
            self.forget()
            self.say(NO_MODEL)
            return
        if why := why_not_compared(self.session, layer):
            self.forget()
            self.say(why, BACK)
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
        made = self._prepare(layer, reading, known)
        self._draw_heading(layer, tensor, reading)
        self.sides.show_sides()
        self._draw_maps(made, reading, self._note(layer, tensor, reading))
        self._draw_foot(made, reading)

    def page_action(self) -> None:
        layer = self.session.layer()
        if layer is not None and why_not_compared(self.session, layer):
            self.session.set_view(compare="current")
        else:
            self.session.set_run_view("step by step")

    def _prepare(self, layer: Layer, reading: Reading, known: Surveyed) -> Prepared:
        """Return what does not depend on the view, from the last time if the layer is the same."""
        last = self._prepared
        if last is not None and last.known.source is reading.values:
            if last.slice.place != reading.slice:
                last.slice = sliced(last.known.values, last.known.survey, reading.slice)
            return last
        self._prepared = None
        self.work.start_over()
        run = self.session.shown_run()
        self._prepared = prepared(reading, known, layer, run.tensors if run is not None else {})
        if run is not None and run is self.session.reference and run is not self.session.run:
            current = self.session.surveyed("current")
            if current is not None and len(current.values) == len(known.values):
                self._prepared.ordered_by = current.values
        return self._prepared

    def _draw_heading(self, layer: Layer, tensor: Array, reading: Reading) -> None:
        model = self.session.model
        side = activation_side(model, layer) if model is not None else ""
        spans = [
            Span("difference in the output of " if reading.is_difference else "output of ", "muted"),
            Span(layer.name, "bold", is_name=True),
            Span(f" ({layer.op_type})", "muted"),
        ]
        if side:
            spans += [Span(", ", "muted"), Span(side, "bold"), Span(" the activation", "muted")]
        if layer.name in self.session.editing.layers():
            spans.append(Span(", edited", "warning"))
        notes = [format.shape_hwc(tensor.shape[layer.output.passes :], layer.output.channels_last)]
        if reading.form == "volume":
            notes.append(f"slice {reading.slice} of {reading.values.shape[1]}")
        if self.session.view.is_locked:
            notes.append("limits locked")
        self.heading.show_spans(
            spans, layer.family, [Span(", ".join(notes), "muted")], [Span(", ".join(notes[1:]) or notes[0], "muted")]
        )

    def _note(self, layer: Layer, tensor: Array, reading: Reading) -> str:
        """Say what has to be known of the numbers that are seen."""
        notes, run = [], self.session.shown_run()
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
        view, drawn, known = self.session.view, prepared.slice, prepared.known
        self.slices.show_slice(reading.slice, reading.values.shape[1])
        if reading.form == "signal" and view.signals == "curves":
            self._say_above("")
            self.levels.hide()
            self.controls.show_choices(reading, "", note, self._offered(reading, None))
            self.pictures.setCurrentWidget(self.curves)
            low, high = known.limits("layer").of(0)
            self.curves.show_curves(prepared.curves, (), view.channel, low, high, "time step")
            self.curves.set_selection(view.channel)
            return
        self.pictures.setCurrentWidget(self.canvas)
        how = reduction_of(reading, view.reduction)
        if how in ONE_PICTURE:
            self._draw_one_picture(prepared, reading, how, note)
            return
        fitting, colormap = known.drawn_with(view.scaling, self.session.colormap(), view.limits)
        self._show_limits(reading, known, fitting, colormap, note)
        bar = _bar(fitting, colormap, view.channel, _is_whole(reading))
        if reading.form == "signal":
            if prepared.rows is None or not prepared.rows.made_for.is_same(fitting):
                prepared.rows = Rows(fitting, *drawn_in_rows(drawn.maps, fitting, drawn.found))
            rows = prepared.rows
            self._say_above("")
            self.canvas.show_rows(rows.tile, rows.limits, palette(colormap), rows.found, bar)
            self.canvas.set_selection(view.channel, view.element)
            return
        whole = self.work.order(prepared, reading, how)
        lying = prepared.in_order(
            whole or self.work.straight(prepared), view.strongest if how == "top" and whole is not None else 0
        )
        self._say_above("being put in order" if whole is None else self._about_order(lying, how, reading))
        drawn, fitting = lying.slice, fitting.arranged(lying.order.channels)
        self.canvas.show_maps(drawn.maps, fitting, palette(colormap), drawn.found, bar, lying.order.key == "index")
        self.canvas.set_flags(lying.flags)
        self.canvas.set_selection(lying.order.place_of(view.channel), view.element)

    def _draw_one_picture(self, prepared: Prepared, reading: Reading, how: str, note: str) -> None:
        view, count = self.session.view, format.count(len(reading.values))
        made = self._reduced(prepared, how)
        if made is None:
            self.controls.show_choices(reading, "", note, self._offered(reading, None))
            self._say_above(f"the {how} of {count} channels, being worked out")
            self.canvas.let_go()
            return
        if isinstance(made, Components):
            self.levels.hide()
            self.controls.show_choices(reading, "", note, self._offered(reading, None))
            self._say_above(_about_components(made, count, self._both_known() is not None))
            self.canvas.show_colors(made.colors[reading.slice][None])
        else:
            fitting, colormap = made.drawn_with(view.scaling, self.session.colormap(), view.limits)
            self._show_limits(reading, made, fitting, colormap, note)
            self._say_above(f"{how} of {count} channels at each place")
            drawn = sliced(made.values, made.survey, reading.slice)
            bar = _bar(fitting, colormap, 0, is_whole=_is_whole(reading) and how == "maximum")
            self.canvas.show_maps(self._kept(drawn.maps), fitting, palette(colormap), drawn.found, bar)
        self.canvas.set_selection(0, view.element)

    def _both_known(self) -> tuple[Surveyed, Surveyed] | None:
        """Return what is known of the two runs that are compared; None where only one is there, or what is between."""
        if self.session.reference is None or self.session.view.compare == "difference":
            return None
        current, reference = self.session.surveyed("current"), self.session.surveyed("reference")
        return (current, reference) if current is not None and reference is not None else None

    def _reduced(self, prepared: Prepared, how: str) -> Reduced | None:
        """Return all channels as one picture; the pictures of two compared runs have limits and axes in common."""
        known = self._both_known()
        if known is None:
            return self.work.reduced(prepared, how)
        both = self.work.reduced_both(*known, how)
        if both is None:
            return None
        one, other = both
        scaling = self.session.view.scaling
        if isinstance(one, Surveyed) and isinstance(other, Surveyed) and scaling not in one.shared:
            one.shared[scaling] = other.shared[scaling] = together(one.limits(scaling), other.limits(scaling))
        made = other if self.session.view.compare == "reference" else one
        prepared.reduced[how] = made
        return made

    def _kept(self, maps: Values) -> Values:
        """Return the same array for the same map, so that the canvas knows it again."""
        last = self._last_map
        is_same = last is not None and last.base is maps.base and last.shape == maps.shape
        is_same = is_same and last is not None and last.ctypes.data == maps.ctypes.data
        self._last_map = last if is_same else maps
        return self._last_map if self._last_map is not None else maps

    # ---------------------------------------------------------------- limits and order

    def _show_limits(self, reading: Reading, known: Surveyed, fitting: Limits, colormap: str, note: str) -> None:
        """Show the controls, and the levels if they are wanted and there is room."""
        channel = min(self.session.view.channel, fitting.low.size - 1)
        limits = fitting.of(channel)
        self.controls.show_choices(reading, colormap, note, self._offered(reading, limits))
        has_room = _has_room(self.size())
        is_seen = self.controls.levels.isChecked() and (has_room or self.session.view.limits is not None)
        self.levels.setVisible(is_seen)
        if is_seen:
            counted = self.work.counted(known)
            counts, ends = (counted.counts, counted.ends) if counted is not None else ((), limits)
            self.levels.bars.setVisible(has_room)
            self.levels.show_levels(counts, ends, limits, palette(colormap), COLORMAPS[colormap].is_diverging)

    def _offered(self, reading: Reading, limits: tuple[float, float] | None) -> Offered:
        found, own = self.work.looked_into(reading), self.work.class_parts(reading)
        if own is not None:
            said = f"The largest part of the logit of {self._class_name(own.index)} first.\n{own.parts.sentence}"
        elif isinstance(found, ClassParts):
            said = f"For the layer {shortened(found.parts.layer)}: its channels are what a logit is made of."
        else:
            said = found
        return Offered(
            limits,
            _has_room(self.size()),
            len(reading.values),
            reduction_of(reading, self.session.view.reduction),
            len(reading.values) > 1 and reading.form != "signal",
            {name: reduction_of(reading, name) == name for name in REDUCTIONS},
            self.work.order_key(reading),
            own is not None,
            said,
        )

    def _class_name(self, index: int) -> str:
        labels = self.session.class_labels()
        return f"{shortened(labels[index])} (class {index})" if index < len(labels) else f"class {index}"

    def _about_order(self, lying: Arranged, how: str, reading: Reading) -> str:
        """Say what the tiles are in order by, and which number the selected channel has its place by."""
        known, channel = lying.order, self.session.view.channel
        if known.key == "index":
            return ""
        what, found = f"by {known.key}", self.work.class_parts(reading)
        if self._prepared is not None and self._prepared.ordered_by is not None:
            what += " in the current run"
        if known.key == CONTRIBUTION and found is not None:
            logit = format.significant(found.parts.logit)
            what = f"by contribution to {self._class_name(found.index)}, logit {logit}"
        if how == "top":
            count, of = format.count(len(known.channels)), format.count(len(reading.values))
            what = f"the {count} strongest of {of} channels {what}"
        number = dict(self._key_of(channel)).get(known.key) if known.place_of(channel) >= 0 else None
        return f"{what}; channel {channel}: {number}" if number is not None else what

    def _say_above(self, text: str) -> None:
        self.caption.setVisible(bool(text))
        self.caption.show_spans([Span(text, "muted", is_name=True)])

    def _draw_foot(self, prepared: Prepared, reading: Reading) -> None:
        known, found = prepared.known.survey, prepared.known.survey.found
        is_whole, standing_out = _is_whole(reading), prepared.standing_out
        words = ("dead", "constant") if reading.values[0].size > 1 and not reading.is_difference else ()
        if standing_out.can_saturate:
            words = (*words, "saturated")
        counted = [(word, standing_out.count(word), MEANINGS[word]) for word in words]
        extremes = (("min", _number(known.low, is_whole)), ("max", _number(known.high, is_whole)))
        is_odd = found.kinds is not None
        odd = f"{format.count(found.nan)} NaN, {format.count(found.infinite)} Inf" if is_odd else "no NaN or Inf"
        remark = (("zeros", format.percent(known.zeros)), *extremes)
        self.foot.show_facts(len(prepared.known.values), counted, (odd, is_odd), remark, extremes)

    def forget(self) -> None:
        self._prepared = self._last_map = None
        self.work.forget()
        self.canvas.let_go()
        self.curves.clear()

    def pictured(self, at: QPoint | None) -> Pictured | None:
        layer, reading = self.session.layer(), self.session.reading()
        if layer is None or reading is None or self.message:
            return None
        if how := self._one_picture():
            drawn = self.canvas.taken(0)
            return Pictured(f"The {how} of {layer.name}", "map", drawn, "", layer.name) if drawn is not None else None
        if at is None or reading.form == "signal":
            return selected_map(self.session)
        tile = self.canvas.tile_at(QPointF(self.canvas.mapFrom(self, at)))
        known = self.session.surveyed()
        if tile < 0 or known is None:
            return None
        side = self.session.view.compare if self.session.reference is not None else ""
        return map_of(self.session, layer, reading, known, self._channel_of(tile), side)

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.canvas.set_dimmed(is_dimmed)
        self.curves.set_dimmed(is_dimmed)

    # ---------------------------------------------------------------- what the user does

    @Slot()
    def fit(self) -> None:
        """Show all of the layer."""
        self.canvas.fit()
        self.curves.fit()

    @Slot(int)
    def _choose_slice(self, place: int) -> None:
        self.session.set_view(slice=place)

    @Slot(float, float)
    def _choose_limits(self, low: float, high: float) -> None:
        self.session.set_view(limits=(low, high))

    @Slot()
    def _reset_limits(self) -> None:
        self.session.set_view(limits=None, is_locked=False)

    @Slot(str)
    def go_to_next(self, word: str = "") -> None:
        """Go to the next channel that stands out, in the order of the tiles.

        Args:
            word: ``"dead"``, ``"constant"`` or ``"saturated"``; ``""`` for any of them.
        """
        if self._prepared is None or self._one_picture():
            return
        lying = self._lying()
        known = lying.order if lying is not None else self.work.straight(self._prepared)
        channel = self._prepared.standing_out.next_after(self.session.view.channel, known, word)
        if channel >= 0:
            self._go_to_channel(channel)

    @Slot()
    def show_one_to_one(self) -> None:
        """Show one element on one pixel of the screen."""
        self.canvas.show_one_to_one()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if _has_room(event.size()) != _has_room(event.oldSize()):
            self.refresh()

    @Slot(object)
    def _pick(self, place: Place) -> None:
        self.session.set_view(channel=place.channel, element=(place.row, place.column))

    @Slot(object)
    def _pick_tile(self, place: Place) -> None:
        if self._one_picture():
            self.session.set_view(element=(place.row, place.column))
            return
        self._pick(replace(place, channel=self._channel_of(place.channel)))

    @Slot(int)
    def _go_to_tile(self, tile: int) -> None:
        if self._one_picture():
            return
        self.session.select_channel(self._channel_of(tile))

    @Slot(int)
    def _go_to_channel(self, channel: int) -> None:
        """Select a channel whose number was typed, and show it where only a part of the wall is seen."""
        self.session.select_channel(channel)
        lying = self._lying()
        if lying is None or (place := lying.order.place_of(channel)) < 0:
            return
        if self.canvas.zoom > 1:
            self.canvas.show_channel(place)
        else:
            self.canvas.reveal(place)

    def _one_picture(self) -> str:
        """Return how all channels are shown as one picture; ``""`` where each has a tile."""
        reading = self.session.reading()
        how = reduction_of(reading, self.session.view.reduction) if reading is not None else ""
        return how if how in ONE_PICTURE else ""

    def _lying(self) -> Arranged | None:
        """Return how the tiles lie; None where there are none, or a signal's rows."""
        reading = self.session.reading()
        if self._prepared is None or reading is None or reading.form == "signal" or self._one_picture():
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
        number, label = float(lying.order.numbers[channel]), lying.order.key
        return ((label, format.percent(number) if label == "sparsity" else format.significant(number)),)

    @Slot(object)
    def _read_out_tile(self, place: Place | None) -> None:
        if place is not None and (how := self._one_picture()):
            self._read_out_picture(place, how)
            return
        self._read_out(replace(place, channel=self._channel_of(place.channel)) if place is not None else None)

    def _read_out_picture(self, place: Place, how: str) -> None:
        """Say what all channels are at a place."""
        layer, reading = self.session.layer(), self.session.reading()
        made = self._prepared.reduced.get(how) if self._prepared is not None else None
        if layer is None or reading is None or made is None:
            return
        at = (reading.slice, place.row, place.column)
        if isinstance(made, Components):
            values = [(f"component {each}", float(made.scores[(each - 1, *at)])) for each in (1, 2, 3)]
        else:
            values = [(f"{how} of {format.count(len(reading.values))} channels", float(made.values[(0, *at)]))]
        self._is_pointed_at = True
        self.session.set_cursor(Cursor(layer.name, place.row, place.column))
        self.readout.emit(
            (
                ("", plain(layer.name)),
                *place_of(reading, 0, at[1:])[1:],
                *((label, format.significant(value)) for label, value in values),
                *sees(layer.receptive_field),
            )
        )

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
                *(self._key_of(place.channel) if self._prepared.ordered_by is None else ()),
                *sees(layer.receptive_field),
            )
        )


def _has_room(size: QSize) -> bool:
    return size.width() >= ROOM_FOR_LEVELS.width() and size.height() >= ROOM_FOR_LEVELS.height()


def _about_components(made: Components, count: str, is_compared: bool) -> str:
    if made.explained[0] != made.explained[0]:
        return f"{count} channels that are the same at every place: no components"
    shares = ", ".join(format.percent(each) for each in made.explained)
    if is_compared:
        return f"components, axes of the current run, shared colours: {shares} of the variance"
    return f"principal components of {count} channels as red, green, blue: {shares} of the variance"


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
