"""What is drawn of a layer's kernels, and what the cursor reads there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from inspector import format
from inspector.analysis.kernels import KernelReader
from inspector.graph.kernels import KernelFacts, KernelScale, stored_index
from inspector.graph.model import Array, Layer
from inspector.render.grid import Place
from inspector.render.kernels import tiles_of, with_gaps
from inspector.render.limits import Limits
from inspector.render.survey import Specials
from inspector.ui.readout import whole

READ_WHILE_POINTING = 1 << 20  # numbers

Mode = Literal["one", "all", "matrix"]


@dataclass(frozen=True, slots=True, eq=False)
class GridSource:
    """All kernels of a layer as rows and columns of tiles, read when they are seen.

    Attributes:
        reader: Reads what is drawn.
        real, codes: Read the numbers that the layer works with, and the integers behind them; None without any.
        outputs: ``(rows,)``, the output channel of each row.
        shape: Rows, columns, and height and width of a tile.
        plane: Of kernels of three axes.
        gaps: How far apart the elements are drawn, down and across.
    """

    reader: KernelReader
    real: KernelReader
    codes: KernelReader | None
    outputs: np.ndarray
    shape: tuple[int, int, int, int]
    plane: int = 0
    gaps: tuple[int, int] = (1, 1)

    def to_read(self, rows: Sequence[int]) -> int:
        """Return how many numbers have to be read from the file for these rows."""
        return self.reader.to_read(self.outputs[list(rows)].tolist())

    def block(self, rows: Sequence[int], columns: slice) -> Array:
        """Return the tiles of some rows and columns, ``(tiles, height, width)``, row by row.

        Raises:
            ModelError: The file has changed since the model was opened, or cannot be read.
        """
        tiles = tiles_of(self.reader.of(self.outputs[list(rows)].tolist())[:, columns], self.plane)
        return tiles if self.gaps == (1, 1) else with_gaps(tiles, self.gaps)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn of a layer's kernels.

    Attributes:
        what: Each tile is a kernel as a color picture, a kernel of one channel, one input channel's slice of the
            kernel ``output``, or one of the slices of all kernels; or the only one is a matrix.
        tiles: ``(tiles, height, width)`` weights behind the tiles; of color pictures
            ``(kernels, 3, height, width)``; of a grid, of the chosen kernel alone.
        limits: Of the colors.
        caption: What one sees, in words.
        chosen: The tile that is framed and written out; -1 for none.
        written, names: Its numbers, ``(tiles, height, width)``, and what stands before each of them.
        output: The chosen output channel.
        plane, planes: Which plane of a kernel of three axes is drawn, and how many there are; else 0 of 1.
        steps: Of a matrix: every so many rows and columns are drawn.
        order: Of color pictures: where red, green and blue are.
        found: NaN and Inf among the tiles.
        codes: The integers behind the tiles, without gaps; None for weights that are stored as they are.
        real: The numbers that they stand for, likewise.
        scale: What the codes of the chosen kernel, or of the matrix, are multiplied by.
        outputs: The output channel of each tile, or of each row of a grid; None where they are in order.
        grid: Where the tiles of a grid come from.
        gaps: How far apart the elements are drawn, down and across.
        shows_codes: The tiles are integers that stand for other numbers.
    """

    what: Literal["colors", "kernels", "slices", "grid", "matrix"]
    tiles: Array
    limits: Limits
    caption: str = ""
    chosen: int = -1
    written: Array | None = None
    names: tuple[str, ...] = ()
    output: int = 0
    plane: int = 0
    planes: int = 1
    steps: tuple[int, int] = (1, 1)
    order: tuple[int, int, int] = (0, 1, 2)
    found: Specials = field(default_factory=Specials)
    codes: Array | None = None
    real: Array | None = None
    scale: KernelScale | None = None
    outputs: np.ndarray | None = None
    grid: GridSource | None = None
    gaps: tuple[int, int] = (1, 1)
    shows_codes: bool = False

    def output_of(self, tile: int) -> int:
        """Return the output channel of a tile."""
        if self.grid is not None:
            tile //= self.grid.shape[1]
        return tile if self.outputs is None else int(self.outputs[tile])


def read_out(shown: Shown, place: Place, layer: Layer, known: KernelFacts) -> tuple[tuple[str, str], ...]:
    """Return the weight at a place as (label, value) pairs."""
    if shown.what == "matrix":
        row, column = place.row * shown.steps[0], place.column * shown.steps[1]
        return ("row", str(row)), ("column", str(column)), *_values(shown, (0, place.row, place.column))
    output = shown.output if shown.what == "slices" else shown.output_of(place.channel)
    input = _input_at(shown, place.channel)
    (row, between), (column, beside) = divmod(place.row, shown.gaps[0]), divmod(place.column, shown.gaps[1])
    said = [("output" if known.flattened else "kernel", str(output))]
    if shown.what in ("slices", "grid"):
        said.append(("channel" if known.flattened else "input", str(input)))
    if between or beside:
        return *said, ("", "a gap of the dilated kernel")
    depth = (("depth", str(shown.plane)),) if shown.planes > 1 else ()
    said += [*depth, ("row", str(row)), ("column", str(column))]
    if shown.what == "colors":
        values = shown.tiles[place.channel, :, row, column]
        return *said, *((name, _number(values[at])) for name, at in zip("RGB", shown.order, strict=True))
    if known.flattened or known.transposed:
        inside = ((shown.plane, row, column) if len(known.spatial) == 3 else (row, column))[-len(known.spatial) :]
        said.append(("weight", format.shape(stored_index(layer, known, output, input, inside)).replace(" × ", ", ")))
    if shown.grid is not None:
        return *said, *_of_grid(shown.grid, place, (row, column))
    return *said, *_values(shown, (place.channel, row, column))


def _input_at(shown: Shown, tile: int) -> int:
    if shown.what == "kernels":
        return 0
    return tile % shown.grid.shape[1] if shown.grid is not None else tile


def _of_grid(grid: GridSource, place: Place, at: tuple[int, int]) -> tuple[tuple[str, str], ...]:
    row, input = divmod(place.channel, grid.shape[1])
    output = (int(grid.outputs[row]),)
    readers = [each for each in (grid.codes, grid.real) if each is not None]
    if sum(each.to_read(output) for each in readers) > READ_WHILE_POINTING:
        return ()
    found = [float(tiles_of(each.of(output), grid.plane)[(input, *at)]) for each in readers]
    return (*((("code", whole(found[0])),) if grid.codes is not None else ()), ("=", _number(found[-1])))


def scale_text(scale: KernelScale) -> str:
    """Say what codes are multiplied by: ``scale 0.01234, zero point 0``."""
    if scale.is_one:
        return f"scale {_number(scale.scale[0])}, zero point {whole(scale.zero_point[0])}"
    scales = f"scale {_number(scale.scale[0])}"
    if scale.scale.size > 1:
        scales = f"{format.count(scale.scale.size)} scales, {_number(scale.scale[0])} to {_number(scale.scale[-1])}"
    zero_points = f"zero point {whole(scale.zero_point[0])}"
    if scale.zero_point.size > 1:
        zero_points = f"zero points {whole(scale.zero_point[0])} to {whole(scale.zero_point[-1])}"
    return f"{scales}, {zero_points}"


def _values(shown: Shown, at: tuple[int, int, int]) -> tuple[tuple[str, str], ...]:
    if shown.codes is None or shown.real is None:
        return (("=", _number((shown.tiles if shown.real is None else shown.real)[at])),)
    code = float(shown.codes[at])
    return ("code", whole(code) if code.is_integer() else _number(code)), ("=", _number(shown.real[at]))


def _number(value: float) -> str:
    return format.significant(float(value))
