"""A small picture of what an export will write, made in a process of its own by what draws the export.

The window sends one line of JSON and the numbers that it names, one request after the other, and gets a line of JSON
and pixels for each. No file is read or written.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from inspector.analysis.reading import Reading
from inspector.export.captions import captioned, kernel_lines, map_lines
from inspector.export.pictures import (
    Drawn,
    channel_picture,
    kernels_picture,
    limited,
    mosaic_picture,
    overlay_picture,
    strongest_channel,
)
from inspector.export.wish import Look
from inspector.graph.model import Array, Picture


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the other side closes.

    A request holds ``what`` (``maps``, ``overlay`` or ``kernels``), ``look``, ``channel`` (-1 for none), the layer's
    ``index``, ``name`` and ``op_type``, ``side`` that the picture may have, and ``arrays``: type and shape of each. An
    answer holds the ``size`` of the picture as it would be written, and ``shape`` of what follows: ``(height, width)``
    of RGB.
    """
    while line := requests.readline():
        asked = json.loads(line)
        arrays = [_read(requests, each["dtype"], each["shape"]) for each in asked["arrays"]]
        pixels = picture(asked, arrays)
        small = _fitted(pixels, asked["side"])
        about = {"size": [pixels.shape[1], pixels.shape[0]], "shape": [small.shape[0], small.shape[1]]}
        answers.write(json.dumps(about).encode() + b"\n" + small.tobytes())
        answers.flush()


def _read(requests: BinaryIO, dtype: str, shape: Sequence[int]) -> Array:
    kind = np.dtype(dtype)
    content = requests.read(kind.itemsize * math.prod(shape))
    return np.frombuffer(content, kind).reshape(shape)


def picture(asked: dict[str, Any], arrays: Sequence[Array]) -> Array:
    """Return a picture as the export writes it, ``(height, width, 3)`` uint8 RGB."""
    given = asked["look"]
    look = Look(**{**given, "limits": tuple(given["limits"]) if given["limits"] else None})
    drawn = _drawn(asked, arrays, look)
    if drawn is None:
        return np.zeros((1, 1, 3), np.uint8)
    if not look.is_captioned:
        return drawn.pixels
    return captioned(drawn, _lines(asked, arrays[0], drawn), max(1, look.scale))


def _drawn(asked: dict[str, Any], arrays: Sequence[Array], look: Look) -> Drawn | None:
    if asked["what"] == "kernels":
        return kernels_picture(arrays[0], asked["bgr"], asked["rgb"], look)
    values = arrays[0]
    ready = limited(Reading(asked["form"], values, asked["slice"], 1), look)
    channel = min(asked["channel"], len(values) - 1)
    if asked["what"] == "overlay":
        seen = Picture(arrays[1], tuple(asked["size"]), tuple(asked["box"]))  # type: ignore[arg-type]
        return overlay_picture(ready, channel if channel >= 0 else strongest_channel(ready), seen, look)
    return channel_picture(ready, channel, look) if channel >= 0 else mosaic_picture(ready, look)


def _lines(asked: dict[str, Any], array: Array, drawn: Drawn) -> list[str]:
    """Return what the export writes below a picture."""
    if asked["what"] == "kernels":
        return kernel_lines(asked["name"], array)
    return map_lines(f"{asked['index']} {asked['name']}", asked["op_type"], array, drawn)


def _fitted(pixels: Array, side: int) -> Array:
    """Return a picture of at most that many pixels along its longer side."""
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return np.ascontiguousarray(pixels)
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BOX)
    return np.asarray(small)


def main() -> None:
    """Serve standard input and output."""
    serve(sys.stdin.buffer, sys.stdout.buffer)
