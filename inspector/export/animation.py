"""The window of a layer on its way over the input, and the output as it fills, as an animated GIF."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inspector.errors import ExportError
from inspector.render.arrays import Index, Values
from inspector.render.indices import indices
from inspector.render.limits import Limits
from inspector.render.palettes import MARK, palette

MOST_FRAMES = 240
SIDE = 280  # pixels of the longer side of a map, about
FRAME_MS = 40  # GIF counts in hundredths of a second, and viewers slow down what is below two of them
LAST_MS = 1_500  # the whole output is seen for a while
_LARGEST_CELL = 32
_EDGE, _GAP, _TITLE = 10, 24, 22
_SHADES = 120  # of each of the two colormaps: with what is drawn round them they fit into 256 colors
_PAPER, _MARK, _DARK, _TEXT, _HATCH, _EMPTY = range(2 * _SHADES, 2 * _SHADES + 6)
_DRAWN = ((0x1F, 0x20, 0x23), MARK, (0, 0, 0), (0xE8, 0xE9, 0xEB), (0x56, 0x5B, 0x64), (0x12, 0x13, 0x15))


@dataclass(frozen=True, slots=True)
class Map:
    """A map and how it is drawn.

    Attributes:
        values: ``(height, width)``.
        limits: Shared.
        colormap: A name from ``render.COLORMAPS``.
        title: Above it; plain ASCII is drawn best.
    """

    values: Values
    limits: Limits
    colormap: str
    title: str


@dataclass(frozen=True, slots=True)
class Sliding:
    """What is to be shown.

    Attributes:
        given, made: The input's map and the output's.
        pads: Rows above, columns at the left, rows below and columns at the right of the input that are padding.
        boxes: What the window covers at each position, rows of the output first: top, left, bottom and right in cells
            of the input, the last two behind the last cell; it may reach into the padding.
    """

    given: Map
    made: Map
    pads: tuple[int, int, int, int]
    boxes: Sequence[tuple[int, int, int, int]]


def positions(count: int, most: int = MOST_FRAMES) -> tuple[int, ...]:
    """Return the positions that are shown: all, or as many at equal distances, always the first and the last."""
    if count <= most:
        return tuple(range(count))
    return tuple(int(each) for each in np.linspace(0, count - 1, most).round())


def colors() -> bytes:
    """Return the colors of what is drawn round the maps."""
    return bytes(channel for color in _DRAWN for channel in color)


def color_table(sliding: Sliding) -> bytes:
    """Return the colors whose numbers ``frames`` yields, three bytes each."""
    shades = np.linspace(0, 255, _SHADES).round().astype(np.uint8)
    return b"".join(palette(each.colormap)[shades].tobytes() for each in (sliding.given, sliding.made)) + colors()


def frames(sliding: Sliding) -> Iterator[Index]:
    """Yield the frames as numbers of colors, ``(height, width)`` uint8; the last one shows the whole output."""
    given, made = _pixels(sliding.given, 0), _pixels(sliding.made, _SHADES)
    above, left, below, right = sliding.pads
    rows, columns = sliding.given.values.shape
    cell = _cell(rows + above + below, columns + left + right)
    out = _cell(*sliding.made.values.shape)
    field = _stretched(_padded(given, sliding.pads), cell)
    filled = _stretched(made, out)
    height = _TITLE + 2 * _EDGE + max(len(field), len(filled))
    paper = np.full((height, 2 * _EDGE + _GAP + field.shape[1] + filled.shape[1]), _PAPER, np.uint8)
    top, second = _TITLE + _EDGE, _EDGE + _GAP + field.shape[1]
    paper[top : top + len(field), _EDGE : _EDGE + field.shape[1]] = field
    _write(paper, sliding.given.title, _EDGE, second - _GAP)
    _write(paper, sliding.made.title, second, paper.shape[1])
    width = sliding.made.values.shape[1]
    for position in positions(len(sliding.boxes)):
        row, column = divmod(position, width)
        frame = paper.copy()
        seen = np.full_like(filled, _EMPTY)
        down, across = round(row * out), round((column + 1) * out)
        under = max(down + 1, round((row + 1) * out))
        seen[:down] = filled[:down]
        seen[down:under, : max(1, across)] = filled[down:under, : max(1, across)]
        frame[top : top + len(filled), second : second + filled.shape[1]] = seen
        box = sliding.boxes[position]
        shifted = (box[0] + above, box[1] + left, box[2] + above, box[3] + left)
        _mark(frame, top, _EDGE, [round(each * cell) for each in shifted])
        _mark(frame, top, second, [round(each * out) for each in (row, column, row + 1, column + 1)])
        yield frame
    frame = paper.copy()
    frame[top : top + len(filled), second : second + filled.shape[1]] = filled
    yield frame


def write_gif(path: str, sliding: Sliding) -> int:
    """Write the animation, whole or not at all.

    Returns:
        How many frames it has.

    Raises:
        ExportError: The file cannot be written.
    """
    table = color_table(sliding)
    images = []
    for frame in frames(sliding):
        image = Image.frombytes("P", (frame.shape[1], frame.shape[0]), frame.tobytes())
        image.putpalette(table)
        images.append(image)
    durations = [FRAME_MS] * (len(images) - 1) + [LAST_MS]
    target = Path(path)
    part = ""
    try:
        descriptor, part = tempfile.mkstemp(prefix=".inspector-", dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            images[0].save(
                file, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0, optimize=False
            )
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, target)
        part = ""
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}.", "Choose another folder.") from None
    finally:
        if part:
            Path(part).unlink(missing_ok=True)
    return len(images)


# ---------------------------------------------------------------- pixels


def _pixels(shown: Map, first: int) -> Index:
    """Return a map as numbers of colors, one pixel per element."""
    drawn = indices(shown.values[None], shown.limits)[0].astype(np.uint16)
    found: Index = ((drawn * (_SHADES - 1) + 127) // 255 + first).astype(np.uint8)
    return found


def _cell(rows: int, columns: int) -> float:
    """Return how many pixels a cell has; less than one for a large map."""
    size = SIDE / max(rows, columns)
    return float(min(_LARGEST_CELL, max(1, int(size)))) if size >= 0.9 else size


def _padded(drawn: Index, pads: tuple[int, int, int, int]) -> Index:
    above, left, below, right = pads
    return np.pad(drawn, ((above, below), (left, right)), constant_values=_HATCH)


def _stretched(drawn: Index, cell: float) -> Index:
    """Return a map with cells of that many pixels; padding is hatched."""
    rows, columns = (max(1, round(length * cell)) for length in drawn.shape)
    down = np.minimum((np.arange(rows) / cell).astype(np.int64), drawn.shape[0] - 1)
    across = np.minimum((np.arange(columns) / cell).astype(np.int64), drawn.shape[1] - 1)
    found = drawn[np.ix_(down, across)]
    stripes = (np.arange(rows)[:, None] + np.arange(columns)) % 6 < 1
    return np.where((found == _HATCH) & ~stripes, np.uint8(_EMPTY), found)


def _mark(frame: Index, top: int, left: int, box: Sequence[int]) -> None:
    """Frame a place: two pixels of the mark between two dark lines, outside of what is framed."""
    for distance, color in ((4, _DARK), (3, _MARK), (2, _MARK), (1, _DARK)):
        y0, x0 = max(0, top + box[0] - distance), max(0, left + box[1] - distance)
        y1 = min(len(frame) - 1, top + max(box[2], box[0] + 1) - 1 + distance)
        x1 = min(frame.shape[1] - 1, left + max(box[3], box[1] + 1) - 1 + distance)
        frame[y0, x0 : x1 + 1] = frame[y1, x0 : x1 + 1] = color
        frame[y0 : y1 + 1, x0] = frame[y0 : y1 + 1, x1] = color


def _write(frame: Index, text: str, left: int, right: int) -> None:
    """Write a title, as much of it as fits."""
    font = ImageFont.load_default(12)
    while text and font.getlength(text) > right - left - 2:
        text = text[:-1]
    image = Image.new("1", (max(1, right - left), _TITLE))
    ImageDraw.Draw(image).text((0, 4), text, fill=1, font=font)
    frame[_EDGE // 2 : _EDGE // 2 + _TITLE, left:right][np.asarray(image)] = _TEXT
