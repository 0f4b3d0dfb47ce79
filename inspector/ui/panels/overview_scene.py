"""What the overview shows of a model and a run: columns, what they hold and are called, and the two ends."""

from __future__ import annotations

from dataclasses import dataclass

from inspector import format
from inspector.analysis.heads import ClassScore, Head, answered, top_classes
from inspector.analysis.maps import feature_maps
from inspector.graph.columns import Column, Columns, columns_of
from inspector.graph.context import picture_input
from inspector.graph.layering import Layered, layered
from inspector.graph.model import Dimension, Layer, Model, Prediction, Run
from inspector.render.arrays import Index
from inspector.render.columns import pictured, tiles
from inspector.render.pictures import stretched, thinned
from inspector.ui.panels.overview_painting import Bracket, Caption, brackets_of
from inspector.ui.panels.overview_places import Content, Drawing
from inspector.ui.text import plain

SHOWN = 5
_NOTHING = Caption("", "")
_FLATTEST = 1 / 3  # height of a tile, as a part of its width; the highest is the other way round


@dataclass(frozen=True, slots=True)
class Laid:
    """How a model is laid out, found once; ``is_apart`` with a column for every layer."""

    model: Model
    is_apart: bool
    columns: Columns
    layered: Layered
    brackets: Bracket


@dataclass(frozen=True, slots=True)
class Scene:
    """What is shown.

    Attributes:
        drawing: The columns and how they are connected.
        brackets: What belongs together.
        captions: One for each generation.
        picture: ``(height, width, 3)`` of what was fed, if that is a picture.
        fed: What was or will be fed, as a name and a size.
        scores: The best classes; empty where the answer is something else.
        answer: What the answer is, as a name and a size.
    """

    drawing: Drawing
    brackets: Bracket
    captions: tuple[Caption, ...]
    picture: Index | None
    fed: Caption
    scores: tuple[ClassScore, ...]
    answer: Caption


def laid_out(model: Model, is_apart: bool = False) -> Laid:
    """Lay out a model, perhaps with a column for every layer; to be called off the window's thread."""
    columns = columns_of(model, is_apart)
    found = layered(columns.columns)
    return Laid(model, is_apart, columns, found, brackets_of(columns, found))


def scene_of(laid: Laid, prediction: Prediction | None, run: Run | None, kind: str, labels: tuple[str, ...]) -> Scene:
    """Return what is shown.

    Args:
        laid: The model.
        prediction: What was answered, if there is an answer.
        run: Whose maps are shown, if there is one.
        kind: What the user says that the answer is; see ``analysis.heads``.
        labels: Of the classes.
    """
    contents = tuple(_content(column, run) for column in laid.columns.columns)
    head = answered(laid.model, prediction, None, kind) if prediction is not None else None
    scores = top_classes(head, labels, SHOWN) if head is not None else ()
    return Scene(
        Drawing(laid.columns, laid.layered, contents),
        laid.brackets,
        tuple(_caption(laid, each, run) for each in laid.layered.generations),
        _fed_picture(prediction),
        _fed(laid.model, prediction),
        scores,
        _answer(laid.model, prediction, head if scores else None),
    )


# ---------------------------------------------------------------- what columns hold


def shape_of(layer: Layer, run: Run | None) -> tuple[Dimension, ...] | None:
    """Return the shape of a layer's output, in a run if there is one."""
    made = run.tensors.get(layer.output.name) if run is not None else None
    return layer.output.shape if made is None else made.shape[layer.output.passes :]


def _content(column: Column, run: Run | None) -> Content:
    if column.is_bar:
        return Content("bar")
    layer, shape = column.shown, shape_of(column.shown, run)
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
        return _NOTHING
    shapes = [(shape_of(column.shown, run), column.shown.output.channels_last) for column in columns]
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
        return Caption(plain(known.name), format.shape_hwc(known.shape, known.channels_last)) if known else _NOTHING
    names = list(prediction.outputs)
    if len(names) != 1:
        return Caption("answer", f"{len(names)} outputs")
    last = any(each.name == names[0] and each.channels_last for each in model.outputs)
    return Caption(plain(names[0]), format.shape_hwc(prediction.outputs[names[0]].shape, last))
