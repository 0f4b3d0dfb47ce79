"""Signals: numbers over time, from ``.wav`` and ``.csv`` files and from arrays, and how they fill an input.

WAVE files are read here: Python's own ``wave`` takes neither floats nor the extensible header that most 24-bit files
have, and a library for this one format would be another native decoder to trust.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from inspector.engine.child.tensors import as_type, is_integer, words
from inspector.errors import ImageError, LimitError
from inspector.graph.model import Array, Tensor
from inspector.graph.roles import is_signal_channels

WAVE, TABLE = ".wav", ".csv"
MOST_SAMPLES = 1 << 20  # of a signal that an input takes in any length: 65 s at 16 kHz
MOST_CHANNELS = 256
MOST_TABLE_BYTES = 64 << 20
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_COMPRESSED = {2: "ADPCM", 6: "A-law", 7: "µ-law", 17: "ADPCM", 85: "MP3", 255: "AAC"}
_AS_PCM = "Save it again as PCM, for example with ffmpeg -i OLD.wav -c:a pcm_s16le NEW.wav."


Values = NDArray[Any]  # floats


@dataclass(frozen=True, slots=True)
class Signal:
    """Numbers over time.

    Attributes:
        values: ``(channels, samples)``, at most ``MOST_SAMPLES``; a WAVE file's are -1..1.
        samples: How many the file holds, of each channel.
        rate: In samples per second; 0 where that is not known.
    """

    values: Values
    samples: int
    rate: int = 0


# ---------------------------------------------------------------- WAVE


def read_wave(file: BinaryIO, name: str) -> Signal:
    """Read the beginning of a WAVE file: PCM of 8 to 32 bits, or floats, in any number of channels.

    Raises:
        ImageError: It is none, damaged, or compressed.
    """
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise ImageError(f"{name} is {'empty' if not head else 'no WAVE file'}.", _AS_PCM)
    form = b""
    while len(header := file.read(8)) == 8:
        kind, length = struct.unpack("<4sI", header)
        if kind == b"data" and form:
            return _samples(file, length, form, name)
        if kind == b"fmt ":
            form = file.read(min(length, 64))
            file.seek(length - len(form) + length % 2, 1)
        else:
            file.seek(length + length % 2, 1)
    raise ImageError(f"{name} is damaged: it holds no {'samples' if form else 'description of its samples'}.", _AS_PCM)


def _samples(file: BinaryIO, length: int, form: bytes, name: str) -> Signal:
    if len(form) < 16:
        raise ImageError(f"{name} is damaged: the description of its samples is cut off.", _AS_PCM)
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == _EXTENSIBLE and len(form) >= 26:
        tag = struct.unpack("<H", form[24:26])[0]
    if (tag, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
        what = f"is compressed ({_COMPRESSED.get(tag, f'format {tag}')})" if tag not in (_PCM, _FLOAT) else "is damaged"
        raise ImageError(f"{name} {what}: its samples have {bits} bits.", _AS_PCM)
    if not 1 <= channels <= MOST_CHANNELS or not rate:
        raise ImageError(f"{name} claims {channels} channels at {rate} Hz.", _AS_PCM)
    frame = channels * bits // 8
    here = file.tell()
    rest = file.seek(0, 2) - here
    file.seek(here)
    # A recorder that was stopped, or wrote to a pipe, leaves 0 or the largest number where the length belongs.
    there = rest if length in (0, 0xFFFFFFFF) else min(length, rest)
    samples = there // frame
    if not samples:
        raise ImageError(f"{name} holds no samples.", "Record it again.")
    data = file.read(min(samples, MOST_SAMPLES) * frame)
    values = _unpacked(data[: len(data) // frame * frame], tag, bits).reshape(-1, channels).T
    return Signal(np.ascontiguousarray(values), samples, rate)


def _unpacked(data: bytes, tag: int, bits: int) -> Values:
    if tag == _FLOAT:
        return np.frombuffer(data, f"<f{bits // 8}").astype(np.float64 if bits == 64 else np.float32)
    if bits == 8:  # the only one without a sign
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
    if bits == 24:
        whole = np.zeros((len(data) // 3, 4), np.uint8)
        whole[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return (whole.view("<i4")[:, 0] / 2**31).astype(np.float32)
    parts: Values = np.frombuffer(data, f"<i{bits // 8}") / 2 ** (bits - 1)
    return parts.astype(np.float32) if bits == 16 else parts


# ---------------------------------------------------------------- tables and arrays


def read_table(file: BinaryIO, name: str) -> NDArray[np.float64]:
    """Read rows of numbers from text, with commas, semicolons, tabs or spaces between; a line of names may lead.

    Returns:
        ``(rows, columns)``.

    Raises:
        ImageError: It holds something else. LimitError: It is too long.
    """
    raw = file.read(MOST_TABLE_BYTES + 1)
    if len(raw) > MOST_TABLE_BYTES:
        raise LimitError(
            f"{name} has more than {MOST_TABLE_BYTES >> 20} MiB of text.", "Save it as .npy, or a part of it."
        )
    save = "Save numbers in rows, with commas between."
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ImageError(f"{name} is no text.", save) from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or "\0" in text:
        raise ImageError(f"{name} {'is no text' if lines else 'holds no numbers'}.", save)
    delimiter = next((each for each in (";", "\t", ",") if each in text), None)
    if delimiter == ";":
        lines = [line.replace(",", ".") for line in lines]  # a comma is the decimal sign then
    if not _are_numbers(lines[0], delimiter):
        lines = lines[1:]
    if not lines:
        raise ImageError(f"{name} holds no numbers.", save)
    try:
        return np.loadtxt(lines, np.float64, comments=None, delimiter=delimiter, quotechar='"', ndmin=2)
    except ValueError as error:
        raise ImageError(f"{name} cannot be read as numbers: {' '.join(str(error).split())[:160]}.", save) from None


def _are_numbers(line: str, delimiter: str | None) -> bool:
    try:
        return all(float(cell.strip().strip('"')) is not None for cell in line.split(delimiter))
    except ValueError:
        return False


def of_table(table: NDArray[np.float64]) -> Signal:
    """Return rows as samples and columns as channels; a single row is one channel."""
    values = table if table.shape[0] == 1 else table.T
    return Signal(values[:, :MOST_SAMPLES], values.shape[1])


def of_array(array: Array) -> Signal | None:
    """Return an array of one or two axes as a signal, its longer axis as time; None for what is none."""
    if array.ndim not in (1, 2) or array.dtype.kind not in "biuf" or not array.size:
        return None
    values = np.atleast_2d(array)
    values = values if values.shape[0] <= values.shape[1] else values.T
    start = values[:, :MOST_SAMPLES].astype(np.float64)  # which holds all that an array of numbers may
    return Signal(start, values.shape[1]) if is_signal_channels(len(values)) else None


# ---------------------------------------------------------------- into an input


def fitted(signal: Signal, tensor: Tensor, name: str) -> tuple[Array, str]:
    """Return a signal as an input takes it, and what that took.

    A longer one than the input is cut, a shorter one filled with zeros; several channels become one where the input
    has one.

    Args:
        signal: At least one sample.
        tensor: With ``(L)``, ``(N, L)``, ``(N, C, L)`` or ``(N, L, C)``.
        name: Of the file, for messages.

    Raises:
        ImageError: The input is no such one, or has other channels.
    """
    shape = tensor.shape
    if shape is None or not 1 <= len(shape) <= 3:
        raise ImageError(
            f"{name} is a signal; the input {tensor.name!r} takes {words(shape or ())}.", "Give a tensor of that shape."
        )
    is_last = len(shape) == 3 and not is_signal_channels(shape[1]) and is_signal_channels(shape[2])
    wanted = shape[2] if is_last else shape[1] if len(shape) == 3 else 1
    length = shape[1] if is_last else shape[-1]
    batch = shape[0] if len(shape) > 1 and isinstance(shape[0], int) else 1
    values, notes = _with_channels(signal.values, wanted, tensor, name)
    values, note = _with_length(values, length if isinstance(length, int) else None, signal)
    notes += [note, f"repeated {batch} times" if batch > 1 else ""]
    if is_integer(tensor) and signal.rate:  # a WAVE file's numbers are parts of full scale
        values = values * (float(np.iinfo(tensor.dtype).max) + 1)
    shaped = values.T if is_last else values
    if len(shape) < 3:
        shaped = shaped[0]
    if len(shape) > 1:
        shaped = np.broadcast_to(shaped, (batch, *shaped.shape))
    return as_type(shaped, tensor), ", ".join(filter(None, notes))


def _with_channels(values: Values, wanted: object, tensor: Tensor, name: str) -> tuple[Values, list[str]]:
    have = len(values)
    if not isinstance(wanted, int) or wanted == have:
        return values, []
    if wanted == 1:
        return values.mean(axis=0, keepdims=True), [f"{have} channels mixed to one"]
    if have == 1 and wanted == 2:
        return np.repeat(values, 2, axis=0), ["the one channel taken twice"]
    raise ImageError(
        f"{name} has {have} channel{'s' if have > 1 else ''}; the input {tensor.name!r} takes {wanted}.",
        "Give a signal with as many channels, or a tensor of the input's shape.",
    )


def _with_length(values: Values, length: int | None, signal: Signal) -> tuple[Values, str]:
    """Return the values cut or filled to a length, None for all there are, and how that is said."""
    have = signal.samples
    length = values.shape[1] if length is None else length
    tone = f", {signal.rate / 1000:g} kHz" if signal.rate else ""
    if length < have:
        return values[:, :length], f"first {_span(length, signal)} of {_span(have, signal)}{tone}"
    if length > have:
        filled = np.pad(values, ((0, 0), (0, length - have)))
        return filled, f"{_span(have, signal)} and then zeros up to {_span(length, signal)}{tone}"
    return values, f"{_span(have, signal)}{tone}" if signal.rate else ""


def _span(samples: int, signal: Signal) -> str:
    return f"{samples / signal.rate:.3g} s" if signal.rate else f"{samples:,} samples"
