"""PNG files, on the command line; the window, which loads no Pillow, brings an encoder of its own."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_MOST_COLORS = 256


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Return a PNG file: with a palette where the picture has at most 256 colours, as pictures of tensors mostly do.

    Args:
        pixels: ``(height, width, 3)`` RGB.
    """
    size = (pixels.shape[1], pixels.shape[0])
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    is_used = np.zeros(1 << 24, np.bool_)
    is_used[packed] = True
    colors = np.flatnonzero(is_used)
    if len(colors) <= _MOST_COLORS:
        places = np.zeros(1 << 24, np.uint8)
        places[colors] = np.arange(len(colors))
        image = Image.frombytes("P", size, places[packed].tobytes())
        image.putpalette(np.stack([colors >> 16, colors >> 8 & 255, colors & 255], -1).astype(np.uint8).tobytes())
    else:
        image = Image.frombytes("RGB", size, pixels.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
