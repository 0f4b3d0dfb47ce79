"""The whole network at a glance: every layer a column of its strongest maps, and what leads from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout

from inspector import format
from inspector.analysis.heads import Head, answered, top_classes
from inspector.analysis.maps import feature_maps
from inspector.analysis.reading import Reading, reading
from inspector.graph.columns import Column, Columns, columns_of
from inspector.graph.context import picture_input
from inspector.graph.layering import Layered, layered
from inspector.graph.model import Dimension, Layer, Model, Prediction, Run
from inspector.render.arrays import Index
from inspector.render.columns import pictured, tiles
from inspector.render.pictures import stretched, thinned
from inspector.ui import theme
from inspector.ui.later import Later
from inspector.ui.lines import Line, Span
from inspector.ui.panel import Panel
from inspector.ui.panels.overview_legend import Legend
from inspector.ui.panels.overview_painting import Bracket, Caption, brackets_of
from inspector.ui.panels.overview_pictures import ColumnPictures
from inspector.ui.panels.overview_places import Content, Drawing
from inspector.ui.panels.overview_view import STEPS, Hit, OverviewView, Scene
from inspector.ui.readout import Readout, place_of, sees, value_of
from inspector.ui.session import Session
from inspector.ui.text import file_name, plain

NO_MODEL = "Open a model: here you will see the whole network, each layer with the strongest of its feature maps."
LAYING_OUT = "The network is being laid out."
SHOWN = 5
_FLATTEST = 1 / 3  # height of a tile, as a part of its width; the highest is the other way round


@dataclass(frozen=True, slots=True)
class Laid:
    """How a model is laid out, found once."""

    model: Model
    columns: Columns
    layered: Layered
    brackets: Bracket


@dataclass(frozen=True, slots=True)
class _Key:
    """What a scene was made of."""

    laid: Laid
    prediction: Prediction | None
    run: Run | None
    labels: tuple[str, ...]
    head: str


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
        self.pictures = ColumnPictures(self)
        self.view = OverviewView(self.pictures)
        self.legend = Legend()
        self._laying = Later(self)
        self._laid: Laid | None = None
        self._key: _Key | None = None
        self._layer = ""
        self._picked = ""
        self._read: tuple[Run, str, Reading | None] | None = None
        self._lay_out()
        self._laying.done.connect(self.refresh)
        self.view.hovered.connect(self._read_out)
        self.view.picked.connect(self._pick)
        self.view.enlarged.connect(self._show_step)
        self.zoom.valueChanged.connect(self._enlarge)
        fit = QShortcut(QKeySequence("Ctrl+0"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        fit.activated.connect(self.view.fit)

    def _lay_out(self) -> None:
        self.zoom.setRange(0, STEPS)
        self.zoom.setPageStep(STEPS // 10)
        self.zoom.setFixedWidth(120)
        self.zoom.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.zoom.setAccessibleName("Enlargement, from all layers to one")
        self.zoom.setToolTip("From all layers to one; the wheel does the same, Ctrl+0 shows all")
        label = QLabel("zoom")
        label.setForegroundRole(label.foregroundRole().PlaceholderText)
        head = QHBoxLayout()
        head.setSpacing(theme.SPACING)
        head.addWidget(self.heading, 1)
        head.addSpacing(theme.SPACING)
        head.addWidget(label)
        head.addWidget(self.zoom)
        lines = QVBoxLayout(self.body)
        lines.setContentsMargins(0, theme.SPACING, 0, theme.SPACING)
        lines.setSpacing(theme.GAP)
        head.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        lines.addLayout(head)
        lines.addWidget(self.view, 1)
        lines.addWidget(self.legend)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        model = self.session.model
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
        key = _Key(laid, session.prediction, session.run, session.class_labels(), session.head)
        if self._key is None or not _is_same(self._key, key):
            keeps_place = self._key is not None and self._key.laid is laid
            if self._key is None or self._key.run is not key.run:
                self.pictures.show_run(key.run)
            self._key, self._read = key, None
            self.view.show_scene(self._scene(key), keeps_place)
            self._draw_heading(key)
            families = {layer.family for column in laid.columns.columns for layer in column.layers}
            self.legend.show_families(families, key.run is not None)
        view = session.view
        follows = view.layer not in (self._layer, self._picked)
        self._layer, self._picked = view.layer, ""
        self.view.select(laid.columns.of_layer.get(view.layer, -1), follows)

    def _laid_out(self, model: Model) -> Laid | None:
        if self._laid is None or self._laid.model is not model:
            self._laid = self._laying.result(id(model), partial(_lay_out, model))
            if self._laid is not None and self._laid.model is not model:  # another one had the same place in memory
                self._laying.forget()
                self._laid = self._laying.result(id(model), partial(_lay_out, model))
        return self._laid

    def _scene(self, key: _Key) -> Scene:
        laid, prediction = key.laid, key.prediction
        contents = tuple(_content(column, key.run) for column in laid.columns.columns)
        drawing = Drawing(laid.columns, laid.layered, contents)
        captions = tuple(_caption(laid, each, key.run) for each in laid.layered.generations)
        head = answered(laid.model, prediction, None, key.head) if prediction is not None else None
        scores = top_classes(head, key.labels, SHOWN) if head is not None else ()
        return Scene(
            drawing,
            laid.brackets,
            captions,
            _fed_picture(prediction),
            _fed(laid.model, prediction),
            scores,
            _answer(laid.model, prediction, head if scores else None),
        )

    def _draw_heading(self, key: _Key) -> None:
        model, prediction = key.laid.model, key.prediction
        spans = [Span(file_name(model.path).removesuffix(".onnx"), "bold", is_name=True)]
        if prediction is not None:
            spans += [Span(" on ", "muted"), Span(file_name(prediction.image), is_name=True)]
        counted = f"{format.count(len(model.layers))} layers"
        notes = [counted]
        if len(key.laid.columns.columns) < len(model.layers) - key.laid.columns.left_out:
            notes.append("each activation drawn with its convolution")
        if key.run is not None:
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

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.view.set_dimmed(is_dimmed)

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
            self.readout.emit(())
            return
        self.readout.emit(self._said(self._key.laid.columns.columns[hit.column], hit))

    def _said(self, column: Column, hit: Hit) -> Readout:
        layer = column.shown
        name = ("", plain(layer.name))
        field, found = sees(layer.receptive_field), self._element(column, hit)
        read = self._reading(layer)
        if found is not None and read is not None:
            channel, row, along = found
            return (name, *place_of(read, channel, (row, along)), *value_of(read, channel, (row, along)), *field)
        size = format.shape_hwc(_shape(layer, self._key.run if self._key else None), layer.output.channels_last)
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
        run, name = self._key.run if self._key is not None else None, layer.output.name
        if run is None or name not in run.tensors:
            return None
        if self._read is None or self._read[0] is not run or self._read[1] != name:
            self._read = run, name, reading(run.tensors[name], layer.output, run.tensors)
        return self._read[2]


def _lay_out(model: Model) -> Laid:
    columns = columns_of(model)
    found = layered(columns.columns)
    return Laid(model, columns, found, brackets_of(columns, found))


def _is_same(one: _Key, other: _Key) -> bool:
    """Compare by identity: what is in it holds arrays."""
    same = one.laid is other.laid and one.prediction is other.prediction and one.run is other.run
    return same and one.labels == other.labels and one.head == other.head


def _part(part: float, count: int) -> int:
    return min(max(0, int(part * count)), count - 1)


# ---------------------------------------------------------------- what columns hold


def _shape(layer: Layer, run: Run | None) -> tuple[Dimension, ...] | None:
    """Return the shape of a layer's output, in a run if there is one."""
    made = run.tensors.get(layer.output.name) if run is not None else None
    return layer.output.shape if made is None else made.shape[layer.output.passes :]


def _content(column: Column, run: Run | None) -> Content:
    if column.is_bar:
        return Content("bar")
    layer, shape = column.shown, _shape(column.shown, run)
    if layer.hidden or shape is None or not 1 <= len(shape) <= 5:
        return Content("blank")
    if run is not None and layer.output.name in run.unshowable:
        return Content("blank")
    rank = len(shape)
    if rank < 3:
        return Content("vector")
    channels, *sides = _channels_first(shape, layer.output.channels_last)
    if all(side == 1 for side in sides):
        return Content("vector")
    if rank == 3:
        return Content("rows")
    height, width = sides[-2:]
    aspect = height / width if isinstance(height, int) and isinstance(width, int) and height * width else 1.0
    return Content("maps", channels if isinstance(channels, int) else 5, min(max(aspect, _FLATTEST), 1 / _FLATTEST))


def _channels_first(shape: tuple[Dimension, ...], channels_last: bool) -> tuple[Dimension, ...]:
    return (shape[-1], *shape[1:-1]) if channels_last else shape[1:]


def _caption(laid: Laid, generation: tuple[int, ...], run: Run | None) -> Caption:
    """Name a generation: by its only column, or by what the names of several begin with."""
    columns = [laid.columns.columns[place] for place in generation]
    columns = [column for column in columns if not column.is_bar]
    if not columns:
        return Caption("", "")
    shapes = [(_shape(column.shown, run), column.shown.output.channels_last) for column in columns]
    if len(columns) == 1:
        return Caption(plain(columns[0].name), format.shape_hwc(*shapes[0]))
    names = [plain(column.name) for column in columns]
    shared = names[0]
    while not all(name.startswith(shared) for name in names):
        shared = shared[:-1]
    shared = shared.rstrip("_-./0123456789")
    size = _together([format.shape_hwc(*each) for each in shapes])
    return Caption(shared if len(shared) > 2 else f"{len(columns)} layers", size)


def _together(sizes: list[str]) -> str:
    """Return the size of several columns: ``55 × 55 × (64 + 64)``; nothing where they have not the same sides."""
    parts = [size.rpartition(f" {format.TIMES} ") for size in sizes]
    head, times, last = parts[0]
    if not times or any(part[0] != head for part in parts):
        return ""
    lasts = [part[2] for part in parts]
    if len(lasts) < 4:
        return f"{head}{times}({' + '.join(lasts)})"
    return f"{head}{times}({len(lasts)} of {last})" if set(lasts) == {last} else head


# ---------------------------------------------------------------- the ends


def _fed(model: Model, prediction: Prediction | None) -> Caption:
    known = model.inputs[0] if model.inputs else None
    if prediction is None or not prediction.fed:
        return Caption(plain(known.name) if known else "", format.shape_hwc(known.shape) if known else "")
    seen = picture_input(prediction.fed)
    if seen is None:
        name, values = next(iter(prediction.fed.items()))
        return Caption(plain(name), format.shape_hwc(values.shape))
    size = format.shape((seen.height, seen.width, seen.channels))
    return Caption("picture" if prediction.picture is not None else plain(seen.name), size)


def _fed_picture(prediction: Prediction | None) -> Index | None:
    """Return what the model saw of the picture; of a tensor, its picture."""
    if prediction is None:
        return None
    picture = prediction.picture
    if picture is not None:
        scale = picture.pixels.shape[1] / picture.size[0]
        left, top, right, bottom = (round(edge * scale) for edge in picture.box)
        cut = picture.pixels[max(0, top) : max(1, bottom), max(0, left) : max(1, right)]
        return cut if cut.size else picture.pixels
    if not prediction.fed:
        return None
    seen = picture_input(prediction.fed)
    name = seen.name if seen is not None else next(iter(prediction.fed))
    maps = feature_maps(prediction.fed[name], seen is not None and seen.channels_last)
    if maps is None:
        return None
    if seen is not None and seen.channels in (1, 3):
        return stretched(thinned(maps, 256))
    drawn = tiles(maps, 128, 1, prediction.fed[name].ndim == 3)
    width = 128 if drawn.form != "vector" else 24
    return pictured(drawn, 1, 1, 128, width, 0)[..., :3]


def _answer(model: Model, prediction: Prediction | None, head: Head | None) -> Caption:
    if head is not None:
        count = len(head.probabilities)
        return Caption("answer", "1 class" if count == 1 else f"{format.count(count)} classes")
    if prediction is None:
        known = model.outputs[0] if model.outputs else None
        return Caption(plain(known.name), format.shape_hwc(known.shape)) if known else Caption("", "")
    names = list(prediction.outputs)
    if len(names) != 1:
        return Caption("answer", f"{len(names)} outputs")
    return Caption(plain(names[0]), format.shape_hwc(prediction.outputs[names[0]].shape))
