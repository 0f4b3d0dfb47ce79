"""One channel of the selected layer, large: by itself, over the picture, in numbers, and its place in every channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.maps import feature_maps
from inspector.analysis.profile import profile
from inspector.analysis.reading import Reading
from inspector.analysis.statistics import Statistics, histogram, statistics
from inspector.graph.context import PictureInput, Rectangle, picture_input
from inspector.graph.linked import extent, in_elements, picture_in_input
from inspector.graph.model import Layer, Prediction
from inspector.render.arrays import Index, Values
from inspector.render.limits import shared_limits
from inspector.render.palettes import COLORMAPS, palette
from inspector.render.pictures import stretched, thinned
from inspector.ui import icons, theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.curves import CurveView, SamplePlace
from inspector.ui.later import Later
from inspector.ui.lines import Line, Span
from inspector.ui.linking import cursor_in, field_in_words, seen_on_input, shown_maps
from inspector.ui.map_view import Camera, Ground, MapView, Marks, Shown
from inspector.ui.panel import Panel
from inspector.ui.panels.channel_side import SIDE_WIDTH, Levels, ProfileView, StatisticsTable
from inspector.ui.panels.channel_sides import CURVES, ComparedCurves, ComparedMaps
from inspector.ui.panels.map_controls import SliceRow
from inspector.ui.panels.map_reasons import being_looked_through, why_no_maps, why_no_tensor
from inspector.ui.panels.sides import BACK, why_not_compared
from inspector.ui.pictures import Pictured, selected_map
from inspector.ui.readout import place_of, sees, value_of
from inspector.ui.session import Cursor, Session
from inspector.ui.surveyed import Surveyed
from inspector.ui.text import plain, tooltip

NO_MODEL = "Open a model and a picture: here you will see one channel of a layer large, and laid over the picture."
BINS = 40
SOON = 1 << 18  # numbers that are counted at once; more are counted while the window goes on
NARROW = 520  # below this width the map and the overlay take turns, and the statistics make room
PROFILE_HEIGHT = 44
FRAME_HEIGHT = 150  # of the lines above and below the maps


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a map holds."""

    known: Statistics
    counts: tuple[int, ...]
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Picture:
    """The picture that was fed, found once for each run.

    Attributes:
        place: Where it lies in the input, in the input's pixels.
    """

    prediction: Prediction
    seen: PictureInput
    pixels: Index
    place: Rectangle


class ChannelPanel(Panel):
    """The selected channel with the limits of the wall; the selected element is marked, and what it sees."""

    title = "Channel"
    dock_name = "channel"
    icon_name = "single-map"
    area = Qt.DockWidgetArea.LeftDockWidgetArea

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.heading = Line()
        self.overlaid = QToolButton()
        self.overlaid.setCheckable(True)
        self.overlaid.setChecked(True)
        self.overlaid.setIcon(icons.icon("overlay", 16))
        self.overlaid.setIconSize(QSize(16, 16))
        self.overlaid.setFixedSize(theme.CONTROL_HEIGHT, theme.CONTROL_HEIGHT)
        self.overlaid.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.overlaid.setAccessibleName("Overlay")
        self.overlaid.setToolTip(tooltip("Lay the map over the picture; what does not respond stays picture"))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(80)
        self.opacity.setFixedWidth(88)
        self.opacity.setAccessibleName("Opacity of the overlay")
        self.opacity.setToolTip(tooltip("How much of the picture the strongest response covers"))
        self.enlarged = LabelledCombo("")
        self.enlarged.setAccessibleName("Enlargement")
        self.enlarged.addItem("smooth", True)
        self.enlarged.addItem("nearest", False)
        self.enlarged.setToolTip(tooltip("How the overlay is enlarged; the map beside it shows its cells as they are"))
        self.slices = SliceRow("Which slice of the volume is shown; the keys , and . go to the next one")
        self.map = MapView()
        self.map.setAccessibleName("The selected channel")
        self.overlay = MapView()
        self.overlay.setAccessibleName("The selected channel over the picture")
        self.curve = CurveView()
        self.curve.setAccessibleName("The selected channel as a curve")
        self.levels = Levels()
        self.table = StatisticsTable()
        self.map_caption = Line("small", is_centered=True)
        self.overlay_caption = Line("small", is_centered=True)
        self.compared = ComparedMaps()
        self.profile_caption = Line("small")
        self.by_value = QToolButton()
        self.by_value.setCheckable(True)
        self.by_value.setIcon(icons.icon("sort", 16))
        self.by_value.setIconSize(QSize(16, 16))
        self.by_value.setFixedSize(theme.CONTROL_HEIGHT, theme.CONTROL_HEIGHT)
        self.by_value.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.by_value.setAccessibleName("Sort by value")
        self.by_value.setToolTip(tooltip("List the channels by their value at this place, the largest first"))
        self.profile = ProfileView()
        self._surveyed: Surveyed | None = None
        self._values: Values | None = None  # the map that is shown
        self._map_key: tuple[object, ...] = ()
        self._picture: _Picture | None = None
        self._curves = ComparedCurves()
        self._counted: tuple[tuple[object, ...], _Counted] | None = None
        self._counting = Later(self)
        self._lay_out()
        self._connect(session)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.SPACING)
        top.addWidget(self.heading, 1)
        self._opacity_label = QLabel("opacity")
        self._opacity_label.setFont(theme.font("small"))
        self._opacity_label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        for widget in (self.overlaid, self._opacity_label, self.opacity, self.enlarged):
            top.addWidget(widget)
        self._map_column, self._overlay_column = QWidget(), QWidget()
        for column, view, caption in (
            (self._map_column, self.map, self.map_caption),
            (self._overlay_column, self.overlay, self.overlay_caption),
        ):
            lines = QVBoxLayout(column)
            lines.setContentsMargins(0, 0, 0, 0)
            lines.setSpacing(theme.GAP)
            lines.addWidget(view, 1)
            lines.addWidget(caption)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 6, 0, 0)
        side.setSpacing(theme.GAP)
        counted = Line("small")
        counted.show_spans([Span("log count", "muted")])
        side.addWidget(counted)
        side.addWidget(self.levels, 1)
        side.addSpacing(theme.GAP)
        side.addWidget(self.table)
        side.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(theme.SPACING)
        self._pair_room = QWidget()
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._pair_room)
        self._pair.setContentsMargins(0, 0, 0, 0)
        self._pair.setSpacing(theme.SPACING)
        self._pair.addWidget(self._map_column, 1)
        self._pair.addWidget(self._overlay_column, 1)
        middle.addWidget(self._pair_room, 1)
        middle.addWidget(self.compared, 1)
        middle.addWidget(self.curve, 1)
        middle.addWidget(self._side)
        self._middle = middle
        below = QHBoxLayout()
        below.setSpacing(theme.SPACING)
        below.addWidget(self.by_value)
        below.addWidget(self.profile, 1)
        self.profile.setMaximumHeight(PROFILE_HEIGHT)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, theme.SPACING)
        layout.setSpacing(theme.GAP)
        layout.addLayout(top)
        layout.addWidget(self.slices)
        layout.addLayout(middle, 1)
        layout.addWidget(self.profile_caption)
        layout.addLayout(below)
        self._lines, self._below = layout, below

    def _connect(self, session: Session) -> None:
        self.overlaid.toggled.connect(self.refresh)
        self.opacity.valueChanged.connect(self.refresh)
        self.enlarged.activated.connect(self.refresh)
        self.slices.chosen.connect(self._choose_slice)
        for view in (self.map, self.overlay, *self.compared.maps.values()):
            view.hovered.connect(self._hover)
            view.picked.connect(self._pick)
            view.looked.connect(self._look)
        self.curve.hovered.connect(self._hover_sample)
        self.curve.picked.connect(self._pick_sample)
        self.by_value.toggled.connect(self._on_cursor)
        self.profile.hovered.connect(self._hover_channel)
        self.profile.picked.connect(session.select_channel)
        self._counting.done.connect(self.refresh)
        session.cursor_changed.connect(self._on_cursor)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        layer, run = self.session.layer(), self.session.run
        if self.session.model is None or layer is None:
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
            self.say(why_no_tensor(self.session, layer))
            return
        reading = self.session.reading()
        if reading is None:
            self.forget()
            self.say(why_no_maps(layer, tensor))
            return
        channel = self.session.view.channel
        if not reading.has(channel, 0, 0):
            self.forget()
            self.say(f"{plain(layer.name)} has no channel {channel}; its last one is {len(reading.values) - 1}.")
            return
        known = self.session.surveyed()
        if known is None:
            self.forget()
            self.say(being_looked_through(layer))
            return
        self._draw_heading(layer, reading, channel)
        self.slices.show_slice(reading.slice, reading.values.shape[1])
        self._draw_channel(layer, reading, known, channel)
        self._on_cursor()

    def page_action(self) -> None:
        self.session.set_view(compare="current")

    def _draw_heading(self, layer: Layer, reading: Reading, channel: int) -> None:
        spans = [Span("Channel ", "bold"), Span(str(channel), "bold"), Span(" of ", "muted")]
        spans.append(Span(layer.name, "muted", is_name=True))
        spans.append(Span(f" ({layer.op_type})", "muted"))
        self.heading.show_spans(spans, layer.family)

    def _draw_channel(self, layer: Layer, reading: Reading, known: Surveyed, channel: int) -> None:
        view = self.session.view
        self._surveyed = known
        limits, colormap = known.drawn_with(view.scaling, self.session.colormap(), view.limits)
        low, high = limits.of(channel)
        key = (id(known), channel, reading.slice)
        if key != self._map_key or self._values is None:
            self._map_key, self._values = key, known.values[channel, reading.slice]
        shown = Shown(
            self._values,
            shared_limits(low, high),
            palette(colormap),
            COLORMAPS[colormap].is_diverging,
            False,
            reading.values.dtype.kind in "iu",
        )
        is_signal, is_vector = reading.form == "signal", _is_one_number(reading)
        is_compared = self.session.reference is not None
        ground = None if is_signal or is_vector or is_compared else self._ground(layer, *self._values.shape)
        self._arrange(is_signal, is_vector, ground is not None)
        if is_compared and not is_signal and not is_vector:
            self.compared.show_sides(self.session, channel)
        else:
            self.compared.forget()
        if is_signal:
            self._show_curve(known, self._values, channel)
        blended = replace(shown, is_smooth=bool(self.enlarged.currentData()))
        if ground is not None:
            self.map.show_map(shown)
            self.overlay.show_map(blended, ground, self.opacity.value() / 100)
        else:
            self.map.show_map(blended)
            self.overlay.clear()
        self._draw_captions(layer, low, high, reading)
        self._draw_side(shown, key)

    def _show_curve(self, known: Surveyed, values: Values, channel: int) -> None:
        curves = self._curves.of(self.session, channel) if self.session.reference is not None else None
        if curves is None:
            self.curve.show_curves(values, (), 0, known.survey.low, known.survey.high, "time step")
        else:
            self.curve.show_curves(curves, CURVES, -1, unit="time step")

    def _draw_captions(self, layer: Layer, low: float, high: float, reading: Reading) -> None:
        is_whole = reading.values.dtype.kind in "iu"
        ends = [str(round(each)) if is_whole else format.significant(each) for each in (low, high)]
        ends = [each.replace("-", format.MINUS) for each in ends]
        limits_of_wall = [Span("limits of the wall, ", "muted", is_name=True), Span(f"{ends[0]} to {ends[1]}", "text")]
        self.map_caption.show_spans(limits_of_wall)
        status = layer.receptive_field.status
        said = {
            "exact": "the box is what the cell sees",
            "bound": "the box is what it sees at most",
        }
        words = said.get(status, f"on the picture; a cell {field_in_words(layer.receptive_field)}")
        if self.session.view.element is None and status in said:
            words = "click a cell to see what it sees"
        self.overlay_caption.show_spans([Span(words, "muted", is_name=True)])

    def _draw_side(self, shown: Shown, key: tuple[object, ...]) -> None:
        values, last = shown.values, self._counted
        if last is not None and last[0] == key:
            counted: _Counted | None = last[1]
        elif values.size <= SOON:
            counted = _count(values)
        else:
            counted = self._counting.result(key, partial(_count, values))
        self._counted = (key, counted) if counted is not None else None
        if counted is not None:
            self.levels.show_counts(counted.counts, counted.low, counted.high, shown.limits.of(0), shown.colors)
            self.table.show_statistics(counted.known, shown.is_whole)

    def _ground(self, layer: Layer, height: int, width: int) -> Ground | None:
        """Return the picture under the map; None where there is none, or it is not wanted."""
        found, maps = self._found_picture(), shown_maps(self.session, layer)
        self.overlaid.setEnabled(found is not None)
        self.opacity.setEnabled(found is not None and self.overlaid.isChecked())
        if found is None or maps is None or not self.overlaid.isChecked():
            return None
        seen = found.seen
        place = extent(maps, seen.height, seen.width)
        whole = Rectangle(0, 0, seen.width, seen.height)
        return Ground(
            found.pixels,
            in_elements(found.place, place, height, width),
            in_elements(whole, place, height, width),
        )

    def _found_picture(self) -> _Picture | None:
        prediction, model = self.session.prediction, self.session.model
        if prediction is None or model is None:
            return None
        if self._picture is None or self._picture.prediction is not prediction:
            self._picture = None
            seen = picture_input(prediction.fed, model)
            if seen is None:
                return None
            picture = prediction.picture
            if picture is not None:
                place = picture_in_input(picture.size, picture.box, seen.height, seen.width)
                self._picture = _Picture(prediction, seen, picture.pixels, place)
            elif seen.channels in (1, 3):
                planes = feature_maps(prediction.fed[seen.name], seen.channels_last)
                if planes is not None:
                    whole = Rectangle(0, 0, seen.width, seen.height)
                    self._picture = _Picture(prediction, seen, stretched(thinned(planes)), whole)
        return self._picture

    def _arrange(self, is_signal: bool, is_vector: bool, has_ground: bool) -> None:
        is_narrow = self.width() < NARROW
        is_compared = self.session.reference is not None
        is_map = not is_signal and not is_vector and not is_compared
        self.curve.setVisible(is_signal)
        self._pair_room.setVisible(is_map)
        self.compared.setVisible(is_compared and not is_signal and not is_vector)
        self._map_column.setVisible(is_map and not (is_narrow and has_ground))
        self._overlay_column.setVisible(has_ground)
        self._side.setVisible(not is_vector and not (is_narrow and self.width() < NARROW * 2 // 3))
        for widget in (self.overlaid, self._opacity_label, self.opacity, self.enlarged):
            widget.setVisible(is_map)
        self.profile.setMaximumHeight(16 * PROFILE_HEIGHT if is_vector else PROFILE_HEIGHT)
        self._lines.setStretchFactor(self._middle, 0 if is_vector else 1)
        self._lines.setStretchFactor(self._below, 1 if is_vector else 0)

    def forget(self) -> None:
        self._surveyed = self._values = self._picture = self._counted = None
        self._map_key = ()
        self._counting.forget()
        self.map.clear()
        self.overlay.clear()
        self.compared.forget()
        self._curves.forget()
        self.curve.clear()
        self.profile.show_profile(None, -1)

    def pictured(self, at: QPoint | None) -> Pictured | None:
        layer, channel = self.session.layer(), self.session.view.channel
        if layer is None or self._values is None or self.message:
            return None
        for side, view in self.compared.maps.items():
            if at is not None and view.isVisible() and view.rect().contains(view.mapFrom(self, at)):
                drawn = view.taken()
                title = f"Channel {channel} of {layer.name}, {side}"
                return Pictured(title, "map", drawn, "", layer.name, channel) if drawn is not None else None
        return selected_map(self.session)

    def set_dimmed(self, is_dimmed: bool) -> None:
        for view in (self.map, self.overlay, *self.compared.maps.values()):
            view.set_dimmed(is_dimmed)
        self.curve.set_dimmed(is_dimmed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = QSize(event.size().width() - SIDE_WIDTH, event.size().height() - FRAME_HEIGHT)
        beside, below = min(room.width() // 2, room.height()), min(room.width(), room.height() // 2)
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._pair.setDirection(across if beside >= below else down)
        if event.oldSize().width() != event.size().width():
            self.refresh()

    # ---------------------------------------------------------------- the pointer, and what is selected

    @Slot()
    def _on_cursor(self) -> None:
        layer, reading = self.session.layer(), self.session.reading()
        if not self.isVisible() or layer is None or reading is None or self._values is None:
            return
        linked, view = cursor_in(self.session, layer), self.session.view
        marks = Marks(view.element, linked.element, linked.reached)
        self.map.set_marks(marks)
        for each in self.compared.maps.values():
            each.set_marks(marks)
        self.overlay.set_marks(
            Marks(None if self._field(layer) else view.element, linked.element, linked.reached, self._field(layer))
        )
        place = linked.element or view.element or ((0, 0) if _is_one_number(reading) else None)
        self._draw_profile(reading, place)
        value = None
        if place is not None and not _is_one_number(reading) and reading.has(view.channel, *place):
            value = float(reading.values[view.channel, reading.slice, place[0], place[1]])
        self.levels.set_value(value)

    def _field(self, layer: Layer) -> Rectangle | None:
        """Return what the element under the pointer, or the selected one, sees: in elements of the map."""
        found, maps, seen = self._picture, shown_maps(self.session, layer), seen_on_input(self.session)
        if found is None or maps is None or seen is None or seen.rectangle is None:
            return None
        place = extent(maps, found.seen.height, found.seen.width)
        return in_elements(seen.rectangle, place, maps.height, maps.width)

    def _draw_profile(self, reading: Reading, place: tuple[int, int] | None) -> None:
        found = profile(reading, *place, self.by_value.isChecked()) if place is not None else None
        self.profile.show_profile(found, self.session.view.channel)
        if place is None or found is None:
            said = "Point at a cell: here you will see its place in every channel."
            self.profile_caption.show_spans([Span(said, "muted", is_name=True)])
            return
        is_all = _is_one_number(reading)
        spans = [Span("every channel" if is_all else "this place in every channel", "muted")]
        at = () if is_all else place_of(reading, self.session.view.channel, place)[1:]
        spans += [Span(f"    {label} {value}", "muted") for label, value in at]
        self.profile_caption.show_spans(spans)

    @Slot(object)
    def _hover(self, element: tuple[int, int] | None) -> None:
        layer, reading = self.session.layer(), self.session.reading()
        if element is None or layer is None or reading is None:
            self.session.set_cursor(None)
            self.readout.emit(())
            return
        channel = self.session.view.channel
        self.session.set_cursor(Cursor(layer.name, *element, channel))
        self._read_out(layer, reading, channel, element)

    def _read_out(self, layer: Layer, reading: Reading, channel: int, element: tuple[int, int]) -> None:
        self.readout.emit(
            (
                ("", plain(layer.name)),
                *place_of(reading, channel, element),
                *value_of(reading, channel, element),
                *sees(layer.receptive_field),
            )
        )

    @Slot(object)
    def _hover_sample(self, place: SamplePlace | None) -> None:
        self._hover((0, place.sample) if place is not None else None)

    @Slot(int)
    def _hover_channel(self, channel: int) -> None:
        layer, reading = self.session.layer(), self.session.reading()
        place = self.session.view.element or ((0, 0) if reading is not None and _is_one_number(reading) else None)
        if channel < 0 or layer is None or reading is None or place is None:
            self.readout.emit(())
        else:
            self._read_out(layer, reading, channel, place)

    @Slot(object)
    def _pick(self, element: tuple[int, int]) -> None:
        self.session.set_view(element=element)

    @Slot(object)
    def _pick_sample(self, place: SamplePlace) -> None:
        self._pick((0, place.sample))

    @Slot(object)
    def _look(self, camera: Camera) -> None:
        """Keep both views on the same part of the map."""
        self.map.set_camera(camera)
        self.overlay.set_camera(camera)
        for each in self.compared.maps.values():
            each.set_camera(camera)

    @Slot(int)
    def _choose_slice(self, place: int) -> None:
        self.session.set_view(slice=place)


def _is_one_number(reading: Reading) -> bool:
    """Whether each channel is a single number: then all there is to see is the place across the channels."""
    return reading.form == "vector" or reading.values[0].size == 1


def _count(values: Values) -> _Counted:
    known = statistics(np.ascontiguousarray(values))
    counts, low, high = histogram(values, BINS, known)
    return _Counted(known, tuple(counts.tolist()), low, high)
