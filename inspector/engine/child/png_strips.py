"""A large PNG in strips, so that it never lies in memory as a whole.

Pillow decodes a PNG at once: 20,000 × 20,000 pixels in colour take 1.6 GB. A strip is a PNG, too, once the row above it
is known: each row says how it differs from the one before. So the packed rows are cut into strips, each begins with the
last row of the strip before, written out in full, and Pillow decodes them one by one.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from PIL import Image

WORTH_IT_BYTES = 448 << 20  # what Pillow would take for the whole
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_READ_BYTES = 1 << 20
# By Pillow's mode: the number of the kind in a PNG, and bytes per pixel.
_COLOR_TYPES = {"L": (0, 1), "RGB": (2, 3), "LA": (4, 2), "RGBA": (6, 4)}


def is_worth_it(image: Image.Image) -> bool:
    """Return whether an opened picture is a PNG that is too large to decode at once, and of a kind that can be cut."""
    if image.format != "PNG" or getattr(image, "is_animated", False) or image.info.get("interlace"):
        return False
    # The way the rows are stored must be the way Pillow holds them: not packed bits, not 16 of them.
    is_plain = image.mode in _COLOR_TYPES and [tile[3] for tile in getattr(image, "tile", ())] == [image.mode]
    if not is_plain or "transparency" in image.info:
        return False
    stored = 1 if image.mode == "L" else 4
    return image.width * image.height * stored > WORTH_IT_BYTES


def strips(image: Image.Image, file: BinaryIO, strip_bytes: int, step: int) -> Iterator[Image.Image]:
    """Yield the picture in strips, from top to bottom.

    Args:
        image: Opened, one that ``is_worth_it``.
        file: Its file.
        strip_bytes: How much of the picture to have in memory at a time, about.
        step: All strips but the last are a multiple of it high.

    Raises:
        OSError: The file is damaged or ends early.
    """
    width, height = image.size
    color_type, bytes_per_pixel = _COLOR_TYPES[image.mode]
    row_bytes = 1 + width * bytes_per_pixel  # the first byte says how the row is packed
    rows = max(1, strip_bytes // (row_bytes * step)) * step
    above, done = b"", 0
    with ThreadPoolExecutor(1) as ahead:  # unpacks the next strip while Pillow decodes this one
        packed = _unpacked(file, rows * row_bytes)
        coming = ahead.submit(next, packed, b"")
        while done < height:
            body = coming.result()
            count = min(rows, height - done)
            if len(body) < count * row_bytes:
                raise OSError("image file is truncated")
            coming = ahead.submit(next, packed, b"")
            extra = 1 if above else 0
            strip = _decoded(above, memoryview(body)[: count * row_bytes], width, count + extra, color_type)
            above = b"\0" + strip.crop((0, strip.height - 1, width, strip.height)).tobytes()
            done += count
            yield strip.crop((0, 1, width, strip.height)) if extra else strip


def _unpacked(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the inflated rows in pieces of ``size`` bytes; the last may be shorter."""
    inflate = zlib.decompressobj()
    piece = bytearray()
    try:
        for data in _packed(file):
            rest = data
            while rest:
                piece += inflate.decompress(rest, size - len(piece))
                rest = inflate.unconsumed_tail
                if len(piece) == size:
                    yield bytes(piece)
                    piece.clear()
    except zlib.error as error:
        raise OSError(f"its packed pixels are broken ({error})") from None
    yield bytes(piece)


def _packed(file: BinaryIO) -> Iterator[bytes]:
    """Yield what the IDAT chunks hold."""
    file.seek(len(_SIGNATURE))
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        if kind != b"IDAT":
            file.seek(length + 4, io.SEEK_CUR)
            continue
        while length:
            data = file.read(min(length, _READ_BYTES))
            if not data:
                return
            length -= len(data)
            yield data
        file.seek(4, io.SEEK_CUR)


def _decoded(above: bytes, rows: memoryview, width: int, height: int, color_type: int) -> Image.Image:
    deflate = zlib.compressobj(0)  # packs nothing, only frames
    body = b"".join((deflate.compress(above), deflate.compress(rows), deflate.flush()))
    head = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    strip = Image.open(io.BytesIO(b"".join((_SIGNATURE, *chunks))), formats=["PNG"])
    strip.load()
    return strip


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join((struct.pack(">I4s", len(data), kind), data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))
