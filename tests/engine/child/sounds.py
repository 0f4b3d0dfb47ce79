"""WAVE files in memory, put together by the format's own description."""

from __future__ import annotations

import io
import struct

import numpy as np

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


def wave(samples: np.ndarray, bits: int, tag: int = PCM, rate: int = 16_000, extensible: bool = False) -> bytes:
    """Return a WAVE file with ``(samples, channels)``, as they are to be stored."""
    channels = samples.shape[1]
    if bits == 24:
        body = samples.astype("<i4").view(np.uint8).reshape(*samples.shape, 4)[:, :, :3].tobytes()
    else:
        body = samples.astype({PCM: "<u1" if bits == 8 else f"<i{bits // 8}", FLOAT: f"<f{bits // 8}"}[tag]).tobytes()
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", EXTENSIBLE if extensible else tag, channels, rate, rate * frame, frame, bits)
    if extensible:
        guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
        form += struct.pack("<HHI", 22, bits, 0) + guid
    chunks = b"LIST" + struct.pack("<I", 5) + b"INFOx\0"  # of an odd length, so that a byte is skipped
    chunks += b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def opened(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)
