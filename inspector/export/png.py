"""PNG files, written by hand: several threads can do it at once, as zlib works beside Python and Pillow does not."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from inspector.export.pictures import Painting

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB, _PALETTE = 2, 3  # colour types of the format
_SUB = 1  # a filter: each byte less the one of the pixel at its left
_EFFORT = 6
_MOST_COLORS = 256
_LOOKED_AT = 1 << 14  # pixels tell that a photograph has more
_SMOOTH = 0.5  # of the neighbours of a picture of few colours are equal; photographs are not


def encode(painting: Painting | NDArray[np.uint8], alpha: bytes = b"") -> bytes:
    """Return a PNG file: with a palette where there is one, as pictures of tensors mostly have.

    Args:
        painting: Numbers of colours, or ``(height, width, 3)`` RGB.
        alpha: How opaque the first colours are, 255 for wholly; the others are.
    """
    if not isinstance(painting, Painting):
        painting = numbered(painting)
    if isinstance(painting, Painting):
        chunks = [(b"PLTE", painting.colors.tobytes())] + ([(b"tRNS", alpha)] if alpha else [])
        return _file(painting.index, _PALETTE, _lines(painting.index), *chunks)
    return _file(painting, _RGB, _lines(painting, _is_photograph(painting)))


def numbered(pixels: NDArray[np.uint8]) -> Painting | NDArray[np.uint8]:
    """Return a picture as numbers of its colours where these are 256 at most."""
    packed = pixels.reshape(-1, 3) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    if len(np.unique(packed[:: 1 + len(packed) // _LOOKED_AT])) > _MOST_COLORS:
        return pixels
    is_used = np.zeros(1 << 24, np.bool_)
    is_used[packed] = True
    colors = np.flatnonzero(is_used)
    if len(colors) > _MOST_COLORS:
        return pixels
    table = np.zeros((_MOST_COLORS, 3), np.uint8)
    table[: len(colors)] = np.stack([colors >> 16, colors >> 8 & 255, colors & 255], axis=-1)
    index = np.searchsorted(colors, packed).astype(np.uint8)
    return Painting(index.reshape(pixels.shape[:2]), table)


def _file(pixels: NDArray[np.uint8], kind: int, lines: NDArray[np.uint8], *chunks: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, kind, 0, 0, 0)
    data = zlib.compress(lines.data, _EFFORT)
    every = ((b"IHDR", header), *chunks, (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in every)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(name)))


def _lines(pixels: NDArray[np.uint8], is_photograph: bool = False) -> NDArray[np.uint8]:
    """Return rows as the format has them: the number of a filter, and the pixels."""
    height, width = len(pixels), pixels[0].size
    lines = np.zeros((height, width + 1), np.uint8)
    lines[:, 1:] = pixels.reshape(height, width)
    if is_photograph:
        lines[:, 0] = _SUB
        lines[:, 4:] -= pixels.reshape(height, width)[:, :-3]
    return lines


def _is_photograph(pixels: NDArray[np.uint8]) -> bool:
    """Say whether neighbours differ a little almost everywhere; of such pixels the differences are packed better."""
    few = pixels[:: max(1, len(pixels) // 64)].astype(np.int16)
    apart = np.abs(np.diff(few, axis=1)).max(axis=2, initial=0)
    return bool(apart.size and (apart > 0).mean() > _SMOOTH and (apart < 16).mean() > _SMOOTH)
