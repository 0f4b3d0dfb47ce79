"""The whole network at a glance: every layer a column of its strongest maps, and what leads from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, QPointF, Qt, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout

from inspector import format
from inspector.analysis.comparing import Sight
from inspector.analysis.reading import Reading
from inspector.graph.columns import Column
from inspector.graph.model import Layer, Model, Prediction, Run
from inspector.ui import theme
from inspector.ui.later import Later
from inspector.ui.lines import Line, Span
from inspector.ui.linking import cursor_in
from inspector.ui.panel import Panel
from inspector.ui.panels.overview_legend import Legend
from inspector.ui.panels.overview_moving import STEPS, Hit
from inspector.ui.panels.overview_pictures import ColumnPictures
from inspector.ui.panels.overview_scene import Laid, laid_out, scene_of, shape_of
from inspector.ui.panels.overview_view import OverviewView
from inspector.ui.panels.sides import SideControl
from inspector.ui.pictures import Pictured, map_of, selected_map
from inspector.ui.readout import Readout, place_of, sees, value_of
from inspector.ui.session import Cursor, Session
from inspector.ui.surveyed import looked_through
from inspector.ui.text import file_name, plain, tooltip

NO_MODEL = "Open a model: here you will see the whole network, each layer with the strongest of its feature maps."
LAYING_OUT = "The network is being laid out."


@dataclass(frozen=True, slots=True)
class _Key:
    """What a scene was made of."""

    laid: Laid
    prediction: Prediction | None
    run: Run | None
    labels: tuple[str, ...]
    head: str
    sight: Sight | None
    colormap: str


class OverviewPanel(Panel):
    """All layers side by side, to be enlarged down to one; a click goes to a layer and its channel."""

    title = "Overview"
    dock_name = "overview"
    icon_name = "overview"
    area = Qt.DockWidgetArea.LeftDockWidgetArea

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.heading = Line()
        self.zoom = QSlider(Qt.Orientation.Horizontal)
        self.apart = QCheckBox("every layer")
        self.pictures = ColumnPictures(self)
        self.view = OverviewView(self.pictures)
        self.legend = Legend()
        self.sides = SideControl(session)
        self._laying = Later(self)
        self._laid: Laid | None = None
        self._key: _Key | None = None
        self._layer = ""
        self._picked = ""
        self._read: tuple[Sight, str, Reading | None] | None = None
        self._lay_out()
        self._laying.done.connect(self.refresh)
        self.pictures.made.connect(self._show_colormaps)
        self.view.hovered.connect(self._read_out)
        self.view.picked.connect(self._pick)
        self.view.enlarged.connect(self._show_step)
        self.zoom.valueChanged.connect(self._enlarge)
        self.apart.toggled.connect(self.refresh)
        session.cursor_changed.connect(self._show_crosses)
        fit = QShortcut(QKeySequence("Ctrl+0"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        fit.activated.connect(self.view.fit)

    def _lay_out(self) -> None:
        self.zoom.setRange(0, STEPS)
        self.zoom.setPageStep(STEPS // 10)
        self.zoom.setFixedWidth(120)
        self.zoom.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.zoom.setAccessibleName("Enlargement, from all layers to one")
        self.zoom.setToolTip("From all layers to one; the wheel does the same, Ctrl+0 shows all")
        self.apart.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.apart.setToolTip(tooltip("Give every layer a column, also an activation behind its convolution"))
        label = QLabel("zoom")
        label.setForegroundRole(label.foregroundRole().PlaceholderText)
        head = QHBoxLayout()
        head.setSpacing(theme.SPACING)
        head.addWidget(self.heading, 1)
        head.addSpacing(theme.SPACING)
        head.addWidget(self.apart)
        head.addWidget(label)
        head.addWidget(self.zoom)
        lines = QVBoxLayout(self.body)
        lines.setContentsMargins(0, theme.SPACING, 0, theme.SPACING)
        lines.setSpacing(theme.GAP)
        head.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        lines.addLayout(head)
        below = QHBoxLayout()
        below.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        below.addWidget(self.sides)
        lines.addLayout(below)
        lines.addWidget(self.view, 1)
        lines.addWidget(self.legend)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        model = self.session.structure
        if model is None:
            self.forget()
            self.say(NO_MODEL)
            return
        laid = self._laid_out(model)
        if laid is None:
            self.forget()
            self.say(LAYING_OUT)
            return
        session = self.session
        self.sides.show_sides()
        sight, shown = self._sight(), session.shown_run()
        is_pinned = shown is not None and shown is session.reference
        prediction = shown.prediction if is_pinned and shown is not None else session.prediction
        key = _Key(laid, prediction, shown, session.class_labels(), session.head, sight, session.view.colormap)
        if self._key is None or not _is_same(self._key, key):
            keeps_place = self._key is not None and self._key.laid is laid
            last = self._key
            if last is None or last.sight is not key.sight or last.colormap != key.colormap:
                self.pictures.show_run(key.sight, key.colormap)
                self._show_colormaps()
            self._key, self._read = key, None
            self.view.show_scene(scene_of(key.laid, key.prediction, key.run, key.head, key.labels), keeps_place)
            self._draw_heading(key)
            self.legend.show_families({layer.family for column in laid.columns.columns for layer in column.layers})
        view = session.view
        follows = view.layer not in (self._layer, self._picked)
        self._layer, self._picked = view.layer, ""
        self.view.select(laid.columns.of_layer.get(view.layer, -1), follows)

    def _sight(self) -> Sight | None:
        """Return what is looked at; as long as that is the same, the same one."""
        session, last = self.session, self._key.sight if self._key is not None else None
        if session.run is None:
            return None
        found = Sight(session.run, session.reference, session.view.compare)
        same = last is not None and last.run is found.run and last.reference is found.reference
        return last if same and last is not None and last.side == found.side else found

    def _laid_out(self, model: Model) -> Laid | None:
        is_apart = self.apart.isChecked()
        if self._laid is None or self._laid.model is not model or self._laid.is_apart != is_apart:
            key, work = (id(model), is_apart), partial(laid_out, model, is_apart)
            self._laid = self._laying.result(key, work)
            if self._laid is not None and self._laid.model is not model:  # another one had the same place in memory
                self._laying.forget()
                self._laid = self._laying.result(key, work)
        return self._laid

    def _draw_heading(self, key: _Key) -> None:
        model, prediction = key.laid.model, key.prediction
        spans = [Span(file_name(model.path).removesuffix(".onnx"), "bold", is_name=True)]
        if prediction is not None:
            spans += [Span(" on ", "muted"), Span(file_name(prediction.image), is_name=True)]
        counted = f"{format.count(len(model.layers))} layers"
        notes = [counted]
        is_folded = len(key.laid.columns.columns) < len(model.layers) - key.laid.columns.left_out
        self.apart.setVisible(is_folded or key.laid.is_apart)
        if is_folded:
            notes.append("each activation drawn with its convolution")
        if key.sight is not None and key.sight.side == "difference":
            notes.append("maps that differ most first")
        elif key.run is not None:
            notes.append("strongest maps (largest mean) first")
        if key.laid.columns.left_out:
            notes.append(f"{format.count(key.laid.columns.left_out)} that only compute sizes are not drawn")
        if key.laid.layered.is_linear:
            notes = [counted, "in execution order: there are too many connections to draw them"]
        self.heading.show_spans(spans, "", [Span(", ".join(notes), "muted")], [Span(counted, "muted")])

    def forget(self) -> None:
        self._key, self._read = None, None
        self._layer = ""
        self.pictures.show_run(None)
        self.view.clear()

    def pictured(self, at: QPoint | None) -> Pictured | None:
        if at is None or self._key is None or self.message:
            return selected_map(self.session)
        hit = self.view.hit(QPointF(self.view.mapFrom(self, at)))
        if hit is None:
            return None
        column = self._key.laid.columns.columns[hit.column]
        found, read = self._element(column, hit), self._reading(column.shown)
        if found is None or read is None:
            return Pictured(column.shown.name, "map", None, "", column.shown.name)
        side = self._key.sight.side if self._key.sight is not None and self.session.reference is not None else ""
        return map_of(self.session, column.shown, read, looked_through(read), found[0], side)

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.view.set_dimmed(is_dimmed)

    @Slot()
    def _show_colormaps(self) -> None:
        self.legend.show_colormaps(self.pictures.colormaps())

    # ---------------------------------------------------------------- what the user does

    @Slot(int)
    def _show_step(self, step: int) -> None:
        if step != self.zoom.value():
            self.zoom.blockSignals(True)
            self.zoom.setValue(step)
            self.zoom.blockSignals(False)

    @Slot(int)
    def _enlarge(self, step: int) -> None:
        self.view.enlarge_to(step)

    @Slot(object)
    def _pick(self, hit: Hit) -> None:
        if self._key is None:
            return
        column = self._key.laid.columns.columns[hit.column]
        name, place = column.shown.name, self._element(column, hit)
        self._picked = name
        if place is not None:
            element = self.session.view.element if name == self.session.view.layer else None
            self.session.set_view(layer=name, channel=place[0], element=element)
        else:
            self.session.select_layer(name)

    @Slot(object)
    def _read_out(self, hit: Hit | None) -> None:
        if hit is None or self._key is None:
            self.session.set_cursor(None)
            self.readout.emit(())
            return
        column = self._key.laid.columns.columns[hit.column]
        self._point_at(column, hit)
        self.readout.emit(self._said(column, hit))

    def _point_at(self, column: Column, hit: Hit) -> None:
        """Tell the other panels on which element the pointer is."""
        found = self._element(column, hit)
        self.session.set_cursor(Cursor(column.shown.name, found[1], found[2], found[0]) if found else None)

    @Slot()
    def _show_crosses(self) -> None:
        """Mark where the pointer is in the maps of every layer that is seen."""
        if not self.isVisible() or self._key is None or self.session.cursor is None:
            self.view.show_crosses({})
            return
        columns = self._key.laid.columns.columns
        found = {place: cursor_in(self.session, columns[place].shown).element for place in self.view.large_columns()}
        self.view.show_crosses({place: each for place, each in found.items() if each is not None})

    def _said(self, column: Column, hit: Hit) -> Readout:
        layer = column.shown
        name = ("", plain(layer.name))
        field, found = sees(layer.receptive_field), self._element(column, hit)
        read = self._reading(layer)
        if found is not None and read is not None:
            channel, row, along = found
            return (name, *place_of(read, channel, (row, along)), *value_of(read, channel, (row, along)), *field)
        size = format.shape_hwc(shape_of(layer, self._key.run if self._key else None), layer.output.channels_last)
        return (name, ("", plain(layer.op_type)), ("gives", size), *field)

    def _element(self, column: Column, hit: Hit) -> tuple[int, int, int] | None:
        """Return channel, row and column of what is under the cursor; None where that is no map."""
        tiles = self.pictures.there(column.shown) if hit.tile >= 0 else None
        if tiles is None:
            return None
        channels, height, width = tiles.of
        if tiles.form == "maps":
            return tiles.channels[hit.tile], _part(hit.down, height), _part(hit.along, width)
        return _part(hit.down, channels), 0, _part(hit.along, width)

    def _reading(self, layer: Layer) -> Reading | None:
        """Return the numbers of a layer; those of the last one are kept."""
        sight, name = self._key.sight if self._key is not None else None, layer.output.name
        if sight is None or not sight.has(name):
            return None
        if self._read is None or self._read[0] is not sight or self._read[1] != name:
            self._read = sight, name, sight.read(layer.output)
        return self._read[2]


def _is_same(one: _Key, other: _Key) -> bool:
    """Compare by identity: what is in it holds arrays."""
    same = one.laid is other.laid and one.prediction is other.prediction and one.sight is other.sight
    same = same and one.colormap == other.colormap
    return same and one.labels == other.labels and one.head == other.head


def _part(part: float, count: int) -> int:
    return min(max(0, int(part * count)), count - 1)
