"""What is drawn of a layer's kernels, and what the cursor reads there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from inspector import format
from inspector.graph.kernels import KernelScale
from inspector.graph.model import Array
from inspector.render.grid import Place
from inspector.render.limits import Limits
from inspector.render.survey import Specials
from inspector.ui.readout import whole


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn of a layer's kernels.

    Attributes:
        what: Each tile is a kernel as a color picture, a kernel of one channel, or one input channel's slice of the
            kernel ``output``; or the only one is a matrix.
        tiles: ``(tiles, height, width)`` weights behind the tiles; of color pictures
            ``(kernels, 3, height, width)``.
        limits: Of the colors.
        caption: What one sees, in words.
        chosen: The tile that is framed and written out; -1 for none.
        written, names: Its numbers, ``(tiles, height, width)``, and what stands before each of them.
        output: The chosen output channel.
        plane, planes: Which plane of a kernel of three axes is drawn, and how many there are; else 0 of 1.
        steps: Of a matrix: every so many rows and columns are drawn.
        order: Of color pictures: where red, green and blue are.
        found: NaN and Inf among the tiles.
        codes: The integers behind the tiles, of the same shape; None for weights that are stored as they are.
        real: The numbers that they stand for, likewise.
        scale: What the codes of the chosen kernel, or of the matrix, are multiplied by.
    """

    what: Literal["colors", "kernels", "slices", "matrix"]
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

    @property
    def shows_codes(self) -> bool:
        """Whether the tiles are integers that stand for other numbers."""
        return self.codes is not None and self.tiles is self.codes


def read_out(shown: Shown, place: Place) -> tuple[tuple[str, str], ...]:
    """Return the weight at a place as (label, value) pairs."""
    if shown.what == "matrix":
        row, column = place.row * shown.steps[0], place.column * shown.steps[1]
        return ("row", str(row)), ("column", str(column)), *_values(shown, (0, place.row, place.column))
    depth = (("depth", str(shown.plane)),) if shown.planes > 1 else ()
    where = (*depth, ("row", str(place.row)), ("column", str(place.column)))
    if shown.what == "colors":
        values = shown.tiles[place.channel, :, place.row, place.column]
        colors = tuple((name, _number(values[at])) for name, at in zip("RGB", shown.order, strict=True))
        return ("kernel", str(place.channel)), *where, *colors
    value = _values(shown, (place.channel, place.row, place.column))
    if shown.what == "kernels":
        return ("kernel", str(place.channel)), *where, *value
    return ("kernel", str(shown.output)), ("input", str(place.channel)), *where, *value


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
        return (("=", _number(shown.tiles[at])),)
    code = float(shown.codes[at])
    return ("code", whole(code) if code.is_integer() else _number(code)), ("=", _number(shown.real[at]))


def _number(value: float) -> str:
    return format.significant(float(value))
