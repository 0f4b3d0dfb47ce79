"""What a report says of one layer: its facts, what it made of the picture, and its kernels."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from inspector import format
from inspector.analysis.maps import channel_statistics
from inspector.analysis.statistics import Statistics, statistics
from inspector.errors import InspectorError
from inspector.export.pictures import BACKGROUND, RGB, Drawn, Painting, boxed_picture, kernels_picture, shown
from inspector.export.png import encode
from inspector.export.svg import seen
from inspector.export.wish import Look
from inspector.graph.kernels import arranged_kernels, kernel_facts
from inspector.graph.kinds import FAMILIES
from inspector.graph.model import Array, Layer, Tensor
from inspector.graph.weight import Weight
from inspector.render.limits import SCALINGS
from inspector.render.palettes import COLORMAPS

MAPS_BOX = 520, 960  # height and width of a layer's picture, in pixels
_KERNELS_BOX = 400, 960
_KERNEL_PIXELS = 4  # along the side of a weight, at least
_MOST_WEIGHTS = 1 << 24  # of a kernel that is read at all
_NAMED = 24  # channels that are named, at most
_LEAST_SIDE = 24  # pixels: a picture is not made smaller than that
_FEW_COLORS = 128  # of one that was made smaller

Facts = Sequence[tuple[str, str]]
"""What something is called, and what it is."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in a report.

    Attributes:
        png: The file.
        height, width: At which it is shown, in pixels.
        words: What it shows.
        low, high: What its first and its last colour stand for, as text; empty without a colour bar.
        colormap: Of the bar.
        is_coarse: It is shown larger than it is, each pixel as a square.
    """

    png: bytes
    height: int
    width: int
    words: str
    low: str = ""
    high: str = ""
    colormap: str = ""
    is_coarse: bool = False


@dataclass(frozen=True, slots=True)
class LayerPart:
    """A layer in a report.

    Attributes:
        layer: Its facts.
        shape: Of its tensor in this run, as height × width × channels; ``""`` if the run does not hold it.
        dtype: Of that tensor.
        numbers: What its tensor holds; None if the run does not hold it.
        channels, dead, constant: How many it has, and how many of these are zero, or one number, everywhere.
        notable: Sentences about channels.
        maps: What it made of the picture.
        kernels: Its weights.
        kernel_facts: About them.
        remarks: What could not be shown, and why.
    """

    layer: Layer
    shape: str = ""
    dtype: str = ""
    numbers: Statistics | None = None
    channels: int = 0
    dead: int = 0
    constant: int = 0
    notable: tuple[str, ...] = ()
    maps: Figure | None = None
    kernels: Figure | None = None
    kernel_facts: Facts = field(default=(), repr=False)
    remarks: tuple[str, ...] = ()

    @property
    def odd(self) -> int:
        """How many elements are NaN or infinite."""
        return 0 if self.numbers is None else self.numbers.nans + self.numbers.infs


def layer_part(layer: Layer, tensors: Mapping[str, Array], look: Look | None = None) -> LayerPart:
    """Return what a report says of a layer, without its kernels.

    Args:
        layer: The layer.
        tensors: Of a run.
        look: How its picture is drawn.
    """
    known = layer.output
    array = tensors.get(known.name)
    if array is None:
        return LayerPart(layer, remarks=(layer.hidden,) if layer.hidden else ())
    shape = format.shape_hwc(array.shape, known.channels_last)
    part = LayerPart(layer, shape, array.dtype.name)
    ready = shown(array, known, tensors, look or Look()) if array.size else None
    if ready is None:
        numbers = statistics(array) if array.size and array.dtype.kind in "biuf" else None
        return replace(part, numbers=numbers, remarks=("It has no reading as feature maps.",))
    found = channel_statistics(ready.read.all_slices)
    drawn = boxed_picture(ready, *MAPS_BOX)
    count = len(found.mean)
    # A channel of one number cannot be anything but the same everywhere.
    constant = found.constant if max(ready.read.values.shape[1:]) > 1 else np.zeros(count, np.bool_)
    return replace(
        part,
        numbers=statistics(ready.read.values),
        channels=count,
        dead=int(found.dead.sum()),
        constant=int(constant.sum()),
        notable=_notable(found.mean, found.dead, constant & ~found.dead, found.nans + found.infs > 0),
        maps=figure_of(drawn, _map_words(ready.read.values, ready.read.batch, drawn, look or Look())),
    )


def with_kernels(part: LayerPart, is_bgr: bool, sees_picture: bool) -> LayerPart:
    """Return the same with its kernels, which are read from the model's file.

    Args:
        part: Of a layer.
        is_bgr: A picture's channels are blue, green, red.
        sees_picture: The layer's kernels slide over a colour picture itself.
    """
    weight = part.layer.weight("kernel")
    if weight is None:
        return part
    facts = [("Shape as stored", format.shape(weight.shape)), ("Type", weight.dtype)]
    if math.prod(weight.shape) > _MOST_WEIGHTS:
        return replace(part, kernel_facts=facts, remarks=(*part.remarks, _too_many(weight)))
    try:
        kernel = weight.read()
    except InspectorError as error:
        return replace(part, kernel_facts=facts, remarks=(*part.remarks, error.message))
    if kernel.size:
        facts += number_facts(statistics(kernel))
    shape = kernel_facts(part.layer)
    is_known = shape is not None and (kernel.ndim == 2 or bool(shape.spatial))
    if shape is not None and is_known:
        kernel = arranged_kernels(kernel, part.layer, shape)
    few, words = _few(kernel, sees_picture, ("output channels", "input channels") if is_known else ("", ""))
    drawn = kernels_picture(few, is_bgr, as_rgb=sees_picture, look=Look())
    return replace(part, kernel_facts=facts, kernels=None if drawn is None else figure_of(drawn, words))


def number_facts(found: Statistics) -> Facts:
    """Return what a tensor holds, in words."""
    facts = [
        ("Minimum", format.significant(found.minimum)),
        ("Maximum", format.significant(found.maximum)),
        ("Mean", format.significant(found.mean)),
        ("Standard deviation", format.significant(found.std)),
        ("Zeros", format.percent(found.zeros)),
    ]
    if found.nans:
        facts.append(("NaN", format.count(found.nans)))
    if found.infs:
        facts.append(("Infinite", format.count(found.infs)))
    return facts


def layer_facts(part: LayerPart) -> Facts:
    """Return what a layer is, in words; what it has not is left out."""
    layer, geometry, field_ = part.layer, part.layer.geometry, part.layer.receptive_field
    facts = [("Operator", f"{layer.domain}::{layer.op_type}")] if layer.domain else []
    facts += [
        ("Output", part.shape or format.shape_hwc(layer.output.shape, layer.output.channels_last)),
        ("Type", part.dtype or layer.output.dtype),
        ("Tensor", layer.output.name),
    ]
    if geometry is not None:
        facts += [
            ("Kernel", format.shape(geometry.kernel_shape)),
            ("Stride", format.shape(geometry.strides)),
            ("Padding", format.padding(geometry.pads)),
        ]
        if set(geometry.dilations) != {1}:
            facts.append(("Dilation", format.shape(geometry.dilations)))
        if geometry.group != 1:
            facts.append(("Groups", format.count(geometry.group)))
    if layer.parameters:
        facts.append(("Parameters", format.count(layer.parameters)))
    if format.macs(layer.macs):
        facts.append(("MACs", format.macs(layer.macs)))
    unit = "pixels" if field_.size is not None and len(field_.size) == 2 else "elements"
    size = seen(layer)
    unit = unit.removesuffix("s") if size == "1" else unit
    sees = {"all": "the whole input", "?": "not known", "": ""}.get(size, f"{size} {unit}")
    if sees:
        facts.append(("Sees", sees))
    if field_.size is not None and field_.jump is not None:
        facts.append(("Step", f"{format.shape([_plain(each) for each in field_.jump])} {unit}"))
    if part.channels:
        facts += [("Channels", format.count(part.channels))]
        facts += [("Dead channels", format.count(part.dead))] if part.dead else []
        facts += [("Constant channels", format.count(part.constant))] if part.constant else []
    return facts


def family_class(layer: Layer) -> str:
    """Return the name of a layer's family as a style sheet has it."""
    return (layer.family if layer.family in FAMILIES else "other").replace(" ", "-")


def smaller(figure: Figure, factor: float) -> Figure:
    """Return a figure with fewer pixels that is shown at the same size."""
    image = Image.open(io.BytesIO(figure.png)).convert("RGBA")
    width, height = (max(1, min(side, max(_LEAST_SIDE, round(side * factor)))) for side in image.size)
    few = image.resize((width, height), Image.Resampling.BOX)
    few = few.quantize(_FEW_COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    known = np.array(few.getpalette("RGBA") or [], np.uint8).reshape(-1, 4)
    table = np.zeros((256, 3), np.uint8)
    table[: len(known)] = known[:, :3]
    content = encode(Painting(np.asarray(few), table), known[:, 3].tobytes())
    return replace(figure, png=content, is_coarse=True) if len(content) < len(figure.png) else figure


# ---------------------------------------------------------------- pictures


def figure_of(drawn: Drawn, words: str) -> Figure:
    """Return something that was drawn as a figure."""
    height, width = drawn.pixels.shape[:2]
    low, high = _ends(drawn)
    return Figure(_encoded(drawn), int(height), int(width), words, low, high, drawn.colormap if low else "")


def _encoded(drawn: Drawn) -> bytes:
    """Return a picture as a PNG file that lets the page through where there is no tile."""
    if not isinstance(drawn.painting, Painting):
        return encode(drawn.painting)
    gaps = np.flatnonzero((drawn.painting.colors == BACKGROUND).all(axis=1))
    alpha = np.full(int(gaps.max(initial=-1)) + 1, 255, np.uint8)
    alpha[gaps] = 0
    return encode(drawn.painting, alpha.tobytes())


def _ends(drawn: Drawn) -> tuple[str, str]:
    if drawn.colormap == RGB or not drawn.limits:
        return "", ""
    first, *rest = drawn.limits
    if isinstance(first, tuple):
        return "each channel's minimum", "its maximum"
    assert rest
    assert not isinstance(rest[0], tuple)
    return format.significant(float(first)), format.significant(float(rest[0]))


def _map_words(values: Array, batch: int, drawn: Drawn, look: Look) -> str:
    channels, depth, height, width = (int(each) for each in values.shape)
    places = "one number each" if depth * height * width == 1 else f"{format.shape((height, width))} each"
    if depth > 1:
        places = f"{places}, the middle one of {format.count(depth)} slices"
    words = [f"{format.count(channels)} {'channel' if channels == 1 else 'channels'}, {places}, row by row"]
    if batch > 1:
        words.append(f"the first of {format.count(batch)} in the batch")
    words.append(_limit_words(drawn, look))
    grid = drawn.grid
    if grid is not None and grid.is_reduced:
        words.append(f"reduced to {format.shape((grid.tile_height, grid.tile_width))} pixels each")
    return "; ".join(words)


def _limit_words(drawn: Drawn, look: Look) -> str:
    is_diverging = COLORMAPS[drawn.colormap].is_diverging
    if look.limits is not None:
        return "limits as given, around zero" if is_diverging else "limits as given"
    if is_diverging and look.scaling != "symmetric":
        return f"limits: {'each channel' if look.scaling == 'channel' else 'layer'}, around zero"
    return f"limits: {SCALINGS[look.scaling].label}"


def _few(kernel: Array, as_rgb: bool, called: tuple[str, str]) -> tuple[Array, str]:
    """Return as many kernels as can be seen on a picture, and how many that are of what the axes are called."""
    outputs, inputs = kernel.shape[0], kernel.shape[1] if kernel.ndim > 1 else 1
    if as_rgb and kernel.ndim == 4 and inputs == 3:
        return kernel, f"{format.count(outputs)} kernels as colour pictures: grey is 0"
    if kernel.ndim <= 2 or math.prod(kernel.shape[2:]) == 1:
        few = kernel[: _KERNELS_BOX[0], : _KERNELS_BOX[1]] if kernel.ndim > 1 else kernel[: _KERNELS_BOX[1]]
        shown_rows, shown_columns = few.shape[0], few.shape[1] if few.ndim > 1 else 1
    else:
        tall, wide = (1, kernel.shape[-1]) if kernel.ndim == 3 else kernel.shape[-2:]
        tall *= math.prod(kernel.shape[2:-2]) if kernel.ndim == 5 else 1
        few = kernel[
            : max(1, _KERNELS_BOX[0] // (tall * _KERNEL_PIXELS + 1)),
            : max(1, _KERNELS_BOX[1] // (wide * _KERNEL_PIXELS + 1)),
        ]
        shown_rows, shown_columns = few.shape[:2]
    rows, columns = _of(shown_rows, outputs), _of(shown_columns, inputs)
    words = f"rows: {rows} {called[0]}".rstrip() + f"; columns: {columns} {called[1]}".rstrip()
    return np.ascontiguousarray(few), f"{words}; limits around zero"


def _of(few: int, every: int) -> str:
    if few == every:
        return f"all {format.count(every)}" if every > 1 else "1"
    return f"the first {format.count(few)} of {format.count(every)}"


def _too_many(weight: Weight) -> str:
    return f"Its kernels are not drawn here: they are {format.count(math.prod(weight.shape))} numbers."


# ---------------------------------------------------------------- channels


def _notable(mean: Array, dead: Array, constant: Array, odd: Array) -> tuple[str, ...]:
    words = []
    for which, what in ((odd, "NaN or infinite numbers in"), (dead, "Zero everywhere:"), (constant, "Constant:")):
        if which.any():
            words.append(f"{what} {_channels(np.flatnonzero(which).tolist(), len(mean))}.")
    order = np.argsort(-np.nan_to_num(np.asarray(mean, np.float64), nan=-np.inf), kind="stable")[:5]
    if len(mean) > 1 and not bool(np.asarray(dead).all()):
        words.append(f"Strongest by their means: {_channels(order.tolist(), 0)}.")
    return tuple(words)


def _channels(numbers: Sequence[int], every: int) -> str:
    if len(numbers) == every:
        return "all channels" if every > 1 else "its only channel"
    named = ", ".join(str(each) for each in numbers[:_NAMED])
    more = f" and {format.count(len(numbers) - _NAMED)} more" if len(numbers) > _NAMED else ""
    return f"{'channel' if len(numbers) == 1 else 'channels'} {named}{more}"


def _plain(number: float) -> str | int:
    return int(number) if float(number).is_integer() else format.significant(number)


def fed_tensor(name: str, array: Array, model_inputs: Sequence[Tensor]) -> tuple[str, str, str]:
    """Return an input's name, what it was fed, and its extent."""
    known = next((each for each in model_inputs if each.name == name), None)
    shape = format.shape(array.shape)
    found = statistics(array)
    extent = f"{format.significant(found.minimum)} to {format.significant(found.maximum)}" if array.size else ""
    return name, f"{known.dtype if known is not None else array.dtype.name}, {shape}", extent
