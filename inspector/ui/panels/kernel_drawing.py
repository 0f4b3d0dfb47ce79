"""What is to be drawn of a layer's kernels: which numbers, as which tiles, in which words."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

import numpy as np

from inspector import format
from inspector.graph.kernels import (
    KernelFacts,
    KernelScale,
    depthwise_kernels,
    kernel_of,
    kernel_scale,
    matrix_of,
    numbers_read,
)
from inspector.graph.model import Array, Layer
from inspector.graph.weight import Weight
from inspector.render.kernels import around, kernel_slices, strongest
from inspector.render.limits import Limits, limits
from inspector.render.survey import specials
from inspector.ui.panels.kernel_readout import Shown

READ_AT_ONCE = 1 << 20  # numbers; more are read while the window goes on

Read = Callable[[Hashable, Callable[[], Array]], Array]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a layer's kernels.

    Attributes:
        layer: Its name.
        output: The chosen output channel.
        input: The input channel whose slice is written out; -1 for the strongest.
        plane: Of a kernel of three axes; -1 for the middle one.
        codes: The stored integers of a quantized kernel.
        as_colors: The layer looks at a picture of three channels.
        bgr: These are blue, green, red.
    """

    layer: str
    output: int
    input: int = -1
    plane: int = -1
    codes: bool = False
    as_colors: bool = False
    bgr: bool = False


def numbers_to_read(layer: Layer, known: KernelFacts) -> int:
    """Return how many numbers are read from the file for what is drawn of a layer."""
    weight = _kernel(layer)
    whole = math.prod(weight.shape)
    if not known.spatial or known.is_depthwise:
        return whole
    return max(numbers_read(weight), whole // max(1, known.outputs))


def shown_of(layer: Layer, known: KernelFacts, wish: Wish, read: Read) -> Shown:
    """Return what is drawn of a layer's kernels.

    Args:
        layer: One with kernels.
        known: Their shape.
        wish: What is wanted of them.
        read: Reads weights, or returns those of that name that were read before.

    Raises:
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    weight = _kernel(layer)
    if not known.spatial:
        return _matrix(layer, known, wish, read)
    if wish.as_colors and not (wish.codes and weight.quantization is not None):
        return _colors(layer, known, wish, read)
    return (_depthwise if known.is_depthwise else _slices)(layer, known, wish, read)


def _kernel(layer: Layer) -> Weight:
    weight = layer.weight("kernel")
    assert weight is not None, "asked for with the facts of a layer that has one"
    return weight


def _colors(layer: Layer, known: KernelFacts, wish: Wish, read: Read) -> Shown:
    weight = _kernel(layer)
    kernels = read(weight.name, weight.read)
    order = (2, 1, 0) if wish.bgr else (0, 1, 2)
    chosen = kernels[wish.output]
    return Shown(
        "colors",
        kernels,
        limits(chosen, "symmetric"),
        f"{known.outputs} of {format.shape((*known.spatial, 3))}, as RGB, grey = 0",
        wish.output,
        chosen[list(order)],
        tuple("RGB"),
        wish.output,
        order=order,
        scale=kernel_scale(layer, wish.output),
    )


def _depthwise(layer: Layer, known: KernelFacts, wish: Wish, read: Read) -> Shown:
    both = _both(layer, (), partial(depthwise_kernels, layer), read)
    plane, planes = _plane(known, wish)
    real, codes = (each if each is None else _tiled(each, known, plane) for each in both)
    tiles = codes if codes is not None and wish.codes else real
    assert tiles is not None
    chosen = wish.output * (len(tiles) // known.outputs)
    scale = kernel_scale(layer, wish.output)
    return Shown(
        "kernels",
        tiles,
        _limits(tiles, codes, scale),
        f"{known.outputs} of {_size(known)}, each on one channel",
        chosen,
        tiles[chosen : chosen + 1],
        ("",),
        wish.output,
        plane,
        planes,
        found=specials(tiles),
        codes=codes,
        real=real,
        scale=scale,
    )


def _slices(layer: Layer, known: KernelFacts, wish: Wish, read: Read) -> Shown:
    both = _both(layer, (wish.output,), partial(kernel_of, layer, wish.output), read)
    plane, planes = _plane(known, wish)
    real, codes = (each if each is None else _tiled(each[np.newaxis], known, plane) for each in both)
    tiles = codes if codes is not None and wish.codes else real
    assert real is not None
    assert tiles is not None
    chosen = wish.input if 0 <= wish.input < len(tiles) else strongest(real)
    inputs = f"{known.inputs} input channels" if known.inputs > 1 else "1 input channel"
    scale = kernel_scale(layer, wish.output)
    return Shown(
        "slices",
        tiles,
        _limits(tiles, codes, scale),
        f"kernel {wish.output} of {known.outputs}: {inputs}, {_size(known)} each",
        chosen,
        tiles[chosen : chosen + 1],
        (f"input {chosen}",),
        wish.output,
        plane,
        planes,
        found=specials(tiles),
        codes=codes,
        real=real,
        scale=scale,
    )


def _matrix(layer: Layer, known: KernelFacts, wish: Wish, read: Read) -> Shown:
    weight = _kernel(layer)
    real_part = matrix_of(weight)
    real, steps = real_part.values[np.newaxis], (real_part.row_step, real_part.column_step)
    codes = matrix_of(weight, codes=True).values[np.newaxis] if weight.quantization is not None else None
    tiles = codes if codes is not None and wish.codes else real
    rows, columns = weight.shape[-2:]
    size = f"{rows} rows × {columns} columns"
    if max(steps) > 1:
        size = f"every {_ordinal(steps[0])} row and every {_ordinal(steps[1])} column of {rows} × {columns}"
    scale = kernel_scale(layer, 0)
    return Shown(
        "matrix",
        tiles,
        _limits(tiles, codes, scale),
        f"{size}, {known.inputs} inputs for {known.outputs} outputs",
        steps=steps,
        found=specials(tiles),
        codes=codes,
        real=real,
        scale=scale,
    )


def _both(layer: Layer, key: tuple[int, ...], kernels: Callable[..., Array], read: Read) -> tuple[Array, Array | None]:
    """Return the real numbers, and the codes where there are some."""
    real = read((layer.name, *key), kernels)
    is_quantized = _kernel(layer).quantization is not None
    return real, read((layer.name, "codes", *key), partial(kernels, codes=True)) if is_quantized else None


def _tiled(kernels: Array, known: KernelFacts, plane: int) -> Array:
    """Return ``(kernels, inputs, ...)`` as tiles, one plane of each where they have three axes."""
    if len(known.spatial) == 3:
        kernels = kernels[:, :, plane]
    return kernels.reshape(-1, *kernel_slices(kernels, 0).shape[1:])


def _size(known: KernelFacts) -> str:
    return f"length {known.spatial[0]}" if len(known.spatial) == 1 else format.shape(known.spatial)


def _plane(known: KernelFacts, wish: Wish) -> tuple[int, int]:
    planes = known.spatial[0] if len(known.spatial) == 3 else 1
    return (wish.plane if 0 <= wish.plane < planes else planes // 2), planes


def _limits(tiles: Array, codes: Array | None, scale: KernelScale | None) -> Limits:
    """Return limits round zero, of codes round the zero point."""
    if tiles is codes and scale is not None and scale.zero_point.size == 1:
        return around(tiles, float(scale.zero_point[0]))
    return limits(tiles, "symmetric")


def _ordinal(number: int) -> str:
    if number == 1:
        return ""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
