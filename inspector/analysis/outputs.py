"""What each output of a network is: classes, an image, a map of classes, or numbers that only its owner can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from inspector import format
from inspector.analysis.endings import Ending, Graph
from inspector.analysis.grids import SHOWN_AS, Output, OutputKind, extremes, planes
from inspector.analysis.heads import Head, head
from inspector.analysis.vectors import pictures_fed
from inspector.graph.context import PictureInput, picture_input
from inspector.graph.model import Array, Model, Prediction

_LEAST_SIDE = 16  # a smaller grid is no picture to look at
_MOST_CLASSES = 4096
_SAMPLE = 1 << 18  # values looked at for a percentile
_FULL = 0.5  # of the input's size: class scores are given at full size, or enlarged to it
_ENLARGING = frozenset(("Resize", "Upsample", "ConvTranspose"))
_SMALLEST_SCALE, _LARGEST_SCALE = 1 / 32, 16.0


def described(
    model: Model, prediction: Prediction, answer: Head, said: Mapping[str, str] | None = None
) -> tuple[Output, ...]:
    """Return what each output of a run is.

    Args:
        model: The graph.
        prediction: The run's answer.
        answer: As ``heads.answered`` reads it: that output is the classes.
        said: What the user says that outputs are, by name: a kind from ``SHOWN_AS``.
    """
    graph = Graph(model)
    seen, pictures = picture_input(prediction.fed, model), pictures_fed(prediction.fed)
    is_bgr = prediction.preprocessing is not None and prediction.preprocessing.channels == "BGR"
    found = []
    for name, values in prediction.outputs.items():
        if name == answer.output and answer.kind != "none":
            found.append(Output(name, "classes", answer.reason))
            continue
        grid = _grid(graph, name, values, seen, pictures)
        if grid.is_grid:
            made = replace(_what(model, graph, grid, values, seen), is_bgr=is_bgr and grid.channels == 3)
            kind = next((each for each in SHOWN_AS if said is not None and each == said.get(name)), None)
            found.append(made if kind is None else shown_as(made, values, kind))
        else:
            alone = head(model, prediction.outputs, None, "", name, pictures)
            found.append(replace(grid, reason=_why_tensor(values, seen, alone)))
    return tuple(found)


def most_telling(outputs: Sequence[Output]) -> Output | None:
    """Return the output that says most to a person: the classes, else what can be seen, else the first."""
    for kinds in (("classes",), ("class map", "image"), ("tensor",)):
        for each in outputs:
            if each.kind in kinds:
                return each
    return None


def shown_as(output: Output, values: Array, kind: OutputKind) -> Output:
    """Return a grid as what the user says it is; where it cannot be that, unchanged but for the reason.

    Args:
        output: As ``described`` returns it.
        values: Its tensor.
        kind: One of ``SHOWN_AS``.
    """
    if kind == "image":
        if output.channels not in (1, 3, 4):
            return replace(output, reason=f"An image has 1, 3 or 4 channels, not {output.channels}. {output.reason}")
        return replace(_image(output, values, None, ""), reason="Shown as an image, as you chose.")
    if kind == "class map" and output.channels == 1 and not _is_whole(values):
        return replace(output, reason=f"One channel of fractions holds no classes. {output.reason}")
    count = output.classes or (output.channels if output.channels > 1 else 0)
    words = "a map of classes" if kind == "class map" else "numbers"
    return replace(output, kind=kind, reason=f"Shown as {words}, as you chose.", classes=count)


# ---------------------------------------------------------------- grids


def _grid(graph: Graph, name: str, values: Array, seen: PictureInput | None, pictures: int) -> Output:
    """Find rows and columns that lie on the picture; an output without them stays a plain tensor."""
    known = graph.tensor(name)
    none = Output(name, "tensor", "")
    if values.dtype.kind not in "biuf" or not values.size:
        return none
    for has_batch, axes in _layouts(values, pictures, known is not None and known.channels_last):
        height, width = values.shape[axes[1]], values.shape[axes[2]]
        channels = values.shape[axes[0]] if axes[0] >= 0 else 1
        if min(height, width) < _LEAST_SIDE or channels > _MOST_CLASSES:
            continue
        scale = _scale(height, width, seen)
        if seen is None and channels in (1, 3) and 1 / 4 <= height / width <= 4:  # a generator starts from numbers
            scale = 0.0
        elif scale is None:
            continue
        grid = (axes, values.shape[0] if has_batch else 0, height, width, channels, scale)
        return Output(name, "tensor", "", *grid)
    return none


def _layouts(values: Array, pictures: int, channels_last: bool) -> list[tuple[bool, tuple[int, int, int]]]:
    """Return the ways to read axes as (has a batch, (channels, rows, columns)), the most likely first."""
    if values.ndim == 4:
        both = [(True, (1, 2, 3)), (True, (3, 1, 2))]
        return both[::-1] if channels_last else both
    if values.ndim == 3:
        batch = [(True, (-1, 1, 2))] if values.shape[0] == pictures else []
        return [*batch, (False, (0, 1, 2)), (False, (2, 0, 1))]
    return [(False, (-1, 0, 1))] if values.ndim == 2 else []


def _scale(height: int, width: int, seen: PictureInput | None) -> float | None:
    """Return the size of a grid as a part of the picture's; None where its sides are in another proportion."""
    if seen is None:
        return None
    # Sides are rounded to whole numbers, so that one element more or less is no other proportion.
    if abs(height * seen.width - width * seen.height) > max(seen.width, seen.height):
        return None
    scale = height / seen.height
    return scale if _SMALLEST_SCALE <= scale <= _LARGEST_SCALE else None


# ---------------------------------------------------------------- what a grid is


def _what(model: Model, graph: Graph, grid: Output, values: Array, seen: PictureInput | None) -> Output:
    """Decide what an output is that is not the classes."""
    ending = graph.ending(grid.name)
    place = _place_words(grid, seen)
    if grid.channels == 1 and _holds_classes(values, ending):
        words = f"whole numbers, {place}, and {ending.words}"
        count = graph.among(ending) or (2 if values.dtype.kind == "b" else 0)
        return replace(grid, kind="class map", reason=f"A map of classes: {words}.", classes=count)
    if grid.channels == 1 or _has_colors(grid, values, ending, seen):
        return _image(grid, values, ending, f"{format.count(grid.channels)} {_channels(grid.channels)} {place}")
    refused, why = _why_classes(model, grid, values, ending)
    if refused:
        return replace(grid, reason=f"Numbers: {grid.channels} channels {place}, and {refused}.")
    said = f"A map of classes: {grid.channels} channels {place}; {why}. The largest at each place is its class."
    return replace(grid, kind="class map", reason=said, classes=grid.channels)


def _place_words(grid: Output, seen: PictureInput | None) -> str:
    size = format.shape((grid.width, grid.height))
    if seen is None:
        return f"of {size}"
    if grid.scale == 1:
        return f"of the input's size, {size}"
    inverse = round(1 / grid.scale)
    ratio = f"1/{inverse}" if grid.scale < 1 and abs(1 / grid.scale - inverse) < 0.2 else f"{grid.scale:.3g} times"
    return f"of {size}, {ratio} the input's {format.shape((seen.width, seen.height))}"


def _channels(count: int) -> str:
    return "channel" if count == 1 else "channels"


def _holds_classes(values: Array, ending: Ending) -> bool:
    if ending.says == "index":
        return True
    return values.dtype.kind == "b" or (values.dtype.kind in "iu" and values.dtype.itemsize > 1)


def _is_whole(values: Array) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(((values == np.rint(values)) | ~np.isfinite(values)).all())


def _has_colors(grid: Output, values: Array, ending: Ending, seen: PictureInput | None) -> bool:
    if grid.channels == 4:
        return seen is not None and seen.channels == 4
    if grid.channels != 3:
        return False
    return ending.says not in ("softmax", "log-softmax") and (values.dtype.kind == "f" or values.dtype.itemsize == 1)


def _why_classes(model: Model, grid: Output, values: Array, ending: Ending) -> tuple[str, str]:
    """Return why channels are no scores of classes, as a clause, or else why they are."""
    if ending.says in ("softmax", "log-softmax"):
        return "", ending.words
    if len(model.labels) == grid.channels:
        return "", f"the model names {grid.channels} classes"
    if ending.says == "sigmoid":
        return f"{ending.words}: each channel is a mask of its own, and they may overlap", ""
    operator = ending.layer.op_type if ending.layer is not None else ""
    if ending.says == "features" or operator in ("Concat", "QLinearConcat"):
        return f"{ending.words}: nothing says that these are scores of classes", ""
    if values.dtype.kind != "f":
        return f"they are {values.dtype.name}", ""
    if grid.scale >= _FULL or operator in _ENLARGING:
        return "", ending.words
    return f"{ending.words}: a detector's grid or features, as nothing says that they are classes", ""


def _why_tensor(values: Array, seen: PictureInput | None, alone: Head) -> str:
    """Say what a tensor without a grid is not."""
    if alone.kind != "none":
        return "Numbers: one for each class perhaps, but beside the other outputs nothing says so."
    if alone.is_vector:
        return alone.reason
    if values.dtype.kind not in "biuf":
        return f"It holds {values.dtype.name}, not numbers."
    if values.ndim == 3 and values.shape[0] == 1 and min(values.shape[1:]) > 1:
        rows, columns = (format.count(each) for each in values.shape[1:])
        return f"Numbers: {rows} rows of {columns}, as detectors and sequences have them. They are not decoded here."
    related = "shaped like the picture" if seen is not None else "a picture"
    return f"Numbers: {format.shape(values.shape)} is neither one number for each class nor {related}."


# ---------------------------------------------------------------- images


def _image(grid: Output, values: Array, ending: Ending | None, words: str) -> Output:
    low, high, rule = _image_limits(planes(grid, values), ending)
    return replace(grid, kind="image", reason=f"An image: {words}.", limits=(low, high), rule=rule)


def _image_limits(grid: Array, ending: Ending | None) -> tuple[float, float, str]:
    """Choose the values that are drawn as black and white, and say by which rule.

    A network's picture leaves its range at sharp edges, so a usual range is taken where nearly all values keep to it
    and some come near its end.
    """
    if grid.dtype == np.uint8:
        return 0.0, 255.0, "0 to 255, as bytes are"
    if grid.dtype == np.bool_:
        return 0.0, 1.0, "0 to 1"
    low, high = extremes(grid)
    if ending is not None and ending.says == "sigmoid":
        return 0.0, 1.0, "0 to 1, as a sigmoid gives"
    if ending is not None and ending.layer is not None and ending.layer.op_type == "Tanh":
        return -1.0, 1.0, "\N{MINUS SIGN}1 to 1, as Tanh gives"
    first_percent, last_percent = _percentiles(grid)
    for first, last, reached in ((0.0, 1.0, 0.5), (-1.0, 1.0, 0.25), (0.0, 255.0, 64.0)):
        beyond = 0.15 * (last - first)
        keeps = first - beyond <= first_percent and last_percent <= last + beyond
        is_signed = low <= -reached or first >= 0
        if keeps and is_signed and high >= reached and high <= 2 * last and low >= first - last:
            return first, last, f"{_number(first)} to {_number(last)}, the usual range closest to its values"
    return low, high, "its smallest to its largest value"


def _percentiles(grid: Array) -> tuple[float, float]:
    """Return the values that one hundredth of the finite ones is below and above, of a part of them."""
    flat = grid.reshape(-1)
    part = flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)
    part = part[np.isfinite(part)]
    if not part.size:
        return 0.0, 0.0
    first, last = np.percentile(part, (1, 99))
    return float(first), float(last)


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")
