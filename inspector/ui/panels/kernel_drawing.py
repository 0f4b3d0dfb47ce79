"""What is to be drawn of a layer's kernels: which numbers, as which tiles, in which words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inspector import format
from inspector.analysis.kernels import KernelReader, KernelSurvey, Order
from inspector.graph.kernels import KernelFacts, KernelScale, kernel_scale, matrix_of
from inspector.graph.model import Array, Layer
from inspector.graph.weight import Weight
from inspector.render.kernels import around, strongest, tiles_of, with_gaps
from inspector.render.limits import Limits, limits
from inspector.render.survey import specials
from inspector.ui.panels.kernel_readout import GridSource, Mode, Shown

READ_AT_ONCE = 1 << 20  # numbers; more are read while the window goes on


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
        mode: One kernel, all of them, or the matrix of a fully connected layer.
        order: Of the kernels, where several are seen.
        folded: With the normalization that follows.
        gaps: Dilated kernels with their gaps.
    """

    layer: str
    output: int
    input: int = -1
    plane: int = -1
    codes: bool = False
    as_colors: bool = False
    bgr: bool = False
    mode: Mode = "one"
    order: Order = "index"
    folded: bool = False
    gaps: bool = False


@dataclass(frozen=True, slots=True)
class Kernels:
    """A layer's kernels, to be read.

    Attributes:
        layer, known: Whose they are, and their shape.
        real: The numbers that the layer works with.
        codes: The integers that stand for them; None for a weight that is not quantized.
    """

    layer: Layer
    known: KernelFacts
    real: KernelReader
    codes: KernelReader | None = None


def outputs_drawn(known: KernelFacts, wish: Wish) -> Sequence[int]:
    """Return which kernels are read for what is drawn; a grid reads the rest by itself."""
    is_together = wish.mode == "one" and (wish.as_colors or known.is_depthwise)
    return range(known.outputs) if is_together else (wish.output,)


def numbers_to_read(kernels: Kernels, wish: Wish) -> int:
    """Return how many numbers are read from the file for what is drawn of a layer."""
    if wish.mode == "matrix" or not kernels.known.spatial:
        return math.prod(_kernel(kernels.layer).shape)
    outputs = outputs_drawn(kernels.known, wish)
    return sum(reader.to_read(outputs) for reader in (kernels.real, kernels.codes) if reader is not None)


def needs_survey(kernels: Kernels, wish: Wish) -> bool:
    """Say whether all kernels have to be looked through before anything can be drawn."""
    return wish.mode == "all" or (wish.order != "index" and len(outputs_drawn(kernels.known, wish)) > 1)


def shown_of(kernels: Kernels, wish: Wish, survey: KernelSurvey | None = None) -> Shown:
    """Return what is drawn of a layer's kernels.

    Args:
        kernels: Of the layer.
        wish: What is wanted of them.
        survey: Of what the tiles show, codes or numbers, where ``needs_survey``.

    Raises:
        ModelError: The file has changed since the model was opened, or cannot be read.
    """
    known, weight = kernels.known, _kernel(kernels.layer)
    if wish.mode == "matrix" or not known.spatial:
        return _matrix(kernels, wish)
    if wish.mode == "all" and survey is not None:
        return _grid(kernels, wish, survey)
    if wish.as_colors and not (wish.codes and weight.quantization is not None):
        return _ordered(_colors(kernels, wish), wish, survey)
    return _ordered(_each(kernels, wish), wish, survey) if known.is_depthwise else _slices(kernels, wish)


def _kernel(layer: Layer) -> Weight:
    weight = layer.weight("kernel")
    assert weight is not None, "asked for with the facts of a layer that has one"
    return weight


def _colors(kernels: Kernels, wish: Wish) -> Shown:
    known = kernels.known
    tiles = kernels.real.of(range(known.outputs))
    order = (2, 1, 0) if wish.bgr else (0, 1, 2)
    chosen = tiles[wish.output]
    return Shown(
        "colors",
        tiles,
        limits(chosen, "symmetric"),
        f"{known.outputs} of {format.shape((*known.spatial, 3))}, as RGB, grey = 0",
        wish.output,
        chosen[list(order)],
        tuple("RGB"),
        wish.output,
        order=order,
        scale=kernel_scale(kernels.layer, wish.output),
    )


def _each(kernels: Kernels, wish: Wish) -> Shown:
    """Return kernels on one channel each: all in one mosaic."""
    known = kernels.known
    plane, planes = _plane(known, wish)
    real, codes = _tiles_of(kernels, wish, range(known.outputs))
    tiles = codes if codes is not None and wish.codes else real
    scale = kernel_scale(kernels.layer, wish.output)
    on = "" if known.flattened else ", each on one channel"
    return Shown(
        "kernels",
        _gapped(tiles, kernels, wish),
        _limits(tiles, codes, scale),
        f"{known.outputs} of {_size(known)}{on}",
        wish.output,
        tiles[wish.output : wish.output + 1],
        ("",),
        wish.output,
        plane,
        planes,
        found=specials(_gapped(tiles, kernels, wish)),
        codes=codes,
        real=real,
        scale=scale,
        gaps=_gaps(kernels, wish),
        shows_codes=tiles is codes,
    )


def _slices(kernels: Kernels, wish: Wish) -> Shown:
    known = kernels.known
    plane, planes = _plane(known, wish)
    real, codes = _tiles_of(kernels, wish, (wish.output,))
    tiles = codes if codes is not None and wish.codes else real
    chosen = wish.input if 0 <= wish.input < len(tiles) else strongest(real)
    if known.flattened:
        looks = f"output {wish.output} of {known.outputs}: {known.inputs} channels, {_size(known)} each"
    else:
        inputs = f"{known.inputs} input channels" if known.inputs > 1 else "1 input channel"
        looks = f"kernel {wish.output} of {known.outputs}: {inputs}, {_size(known)} each"
    scale = kernel_scale(kernels.layer, wish.output)
    return Shown(
        "slices",
        _gapped(tiles, kernels, wish),
        _limits(tiles, codes, scale),
        looks,
        chosen,
        tiles[chosen : chosen + 1],
        (f"{_noun(known)} {chosen}",),
        wish.output,
        plane,
        planes,
        found=specials(_gapped(tiles, kernels, wish)),
        codes=codes,
        real=real,
        scale=scale,
        gaps=_gaps(kernels, wish),
        shows_codes=tiles is codes,
    )


def _grid(kernels: Kernels, wish: Wish, survey: KernelSurvey) -> Shown:
    """Return all kernels, a row for each output channel and a column for each input channel."""
    known = kernels.known
    plane, planes = _plane(known, wish)
    real, codes = _tiles_of(kernels, wish, (wish.output,))
    tiles = codes if codes is not None and wish.codes else real
    chosen = wish.input if 0 <= wish.input < len(tiles) else strongest(real)
    order = survey.order(wish.order)
    row = int(np.flatnonzero(order == wish.output)[0])
    reader = kernels.codes if kernels.codes is not None and wish.codes else kernels.real
    gaps = _gaps(kernels, wish)
    height, width = _gapped(tiles[:1], kernels, wish).shape[1:]
    inputs = "channels" if known.flattened else f"inputs{_of_groups(kernels.layer)}"
    return Shown(
        "grid",
        tiles,
        _whole_limits(survey, tiles is codes, kernel_scale(kernels.layer, wish.output)),
        f"{known.outputs} outputs × {known.inputs} {inputs}, {_size(known)} each, one scale",
        row * known.inputs + chosen,
        tiles[chosen : chosen + 1],
        (f"{_noun(known)} {chosen}",),
        wish.output,
        plane,
        planes,
        codes=codes,
        real=real,
        scale=kernel_scale(kernels.layer, wish.output),
        outputs=order,
        grid=GridSource(
            reader, kernels.real, kernels.codes, order, (len(order), known.inputs, height, width), plane, gaps
        ),
        gaps=gaps,
        shows_codes=tiles is codes,
    )


def _matrix(kernels: Kernels, wish: Wish) -> Shown:
    weight, known = _kernel(kernels.layer), kernels.known
    real_part = matrix_of(weight)
    real, steps = real_part.values[np.newaxis], (real_part.row_step, real_part.column_step)
    codes = matrix_of(weight, codes=True).values[np.newaxis] if weight.quantization is not None else None
    tiles = codes if codes is not None and wish.codes else real
    rows, columns = weight.shape[-2:]
    size = f"{rows} rows × {columns} columns"
    if max(steps) > 1:
        size = f"every {_ordinal(steps[0])} row and every {_ordinal(steps[1])} column of {rows} × {columns}"
    scale = kernel_scale(kernels.layer, 0)
    inputs = math.prod((known.inputs, *known.spatial)) if known.flattened else known.inputs
    return Shown(
        "matrix",
        tiles,
        _limits(tiles, codes, scale),
        f"{size}, {inputs} inputs for {known.outputs} outputs",
        steps=steps,
        found=specials(tiles),
        codes=codes,
        real=real,
        scale=scale,
        shows_codes=tiles is codes,
    )


def _ordered(shown: Shown, wish: Wish, survey: KernelSurvey | None) -> Shown:
    """Return the same with the kernels in another order."""
    if survey is None or wish.order == "index":
        return shown
    order = survey.order(wish.order)
    tiles = shown.tiles[order]
    return replace(
        shown,
        tiles=tiles,
        codes=shown.codes if shown.codes is None else shown.codes[order],
        real=shown.real if shown.real is None else shown.real[order],
        found=shown.found if shown.what == "colors" else specials(tiles),
        chosen=int(np.flatnonzero(order == shown.output)[0]),
        outputs=order,
    )


def _tiles_of(kernels: Kernels, wish: Wish, outputs: Sequence[int]) -> tuple[Array, Array | None]:
    """Return the real numbers as tiles, and the codes where there are some."""
    plane, _ = _plane(kernels.known, wish)
    real = tiles_of(kernels.real.of(outputs), plane)
    return real, None if kernels.codes is None else tiles_of(kernels.codes.of(outputs), plane)


def _gaps(kernels: Kernels, wish: Wish) -> tuple[int, int]:
    """Return how far apart the elements are drawn, down and across."""
    geometry = kernels.layer.geometry
    if not wish.gaps or geometry is None:
        return 1, 1
    dilations = (1, 1, *geometry.dilations)[-2:]
    return dilations[0], dilations[1]


def _gapped(tiles: Array, kernels: Kernels, wish: Wish) -> Array:
    gaps = _gaps(kernels, wish)
    return tiles if gaps == (1, 1) else with_gaps(tiles, gaps)


def _of_groups(layer: Layer) -> str:
    groups = layer.geometry.group if layer.geometry is not None else 1
    return f" in each of {groups} groups" if groups > 1 else ""


def _noun(known: KernelFacts) -> str:
    return "channel" if known.flattened else "input"


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


def _whole_limits(survey: KernelSurvey, is_codes: bool, scale: KernelScale | None) -> Limits:
    """Return the same of all kernels together."""
    ends = np.array([[[survey.all.known.minimum, survey.all.known.maximum]]])
    return _limits(ends, ends if is_codes else None, scale)


def _ordinal(number: int) -> str:
    if number == 1:
        return ""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"
