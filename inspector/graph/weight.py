"""Learned values, left in their file until somebody looks at them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inspector.errors import ModelError
from inspector.graph.changes import WeightEdit
from inspector.graph.dtypes import DType, Values, by_name, decode, decode_varints, size_bytes
from inspector.graph.remedies import DAMAGED, UNREADABLE

# To read bytes as they are, and never wait, as for the writer of a pipe. Not every system has all of these.
READ_FLAGS = sum(getattr(os, flag, 0) for flag in ("O_RDONLY", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"))

Encoding = Literal["raw", "varints", "inline"]


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file that holds weights, as it was when the model was opened.

    Attributes:
        path: Absolute, with links resolved.
        device, inode, size_bytes, modified_ns: From ``stat``; if they change, the weights are no longer the ones that
            run.
    """

    path: str
    device: int
    inode: int
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Quantization:
    """Real value = (code - zero point) * scale.

    Attributes:
        axis: The axis of the stored codes along which scale and zero point run, if they are not single numbers.
        input_scale: Multiplies the scale too; a quantized bias is in units of its layer's input.
    """

    scale: Weight
    zero_point: Weight | None
    axis: int = 0
    input_scale: Weight | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What the graph does to a weight before the layer gets it: a change of shape only.

    Attributes:
        op: ``"reshape"`` (numbers: the shape) or ``"transpose"`` (numbers: the permutation).
    """

    op: Literal["reshape", "transpose"]
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Weight:
    """An initializer or constant, as one layer uses it.

    Attributes:
        name: Of the tensor in the graph.
        role: ``"kernel"``, ``"bias"``, ``"scale"``, ``"offset"``, ``"mean"``, ``"variance"``, ``"slope"``,
            ``"recurrence"``, ``"peepholes"``, ``"embedding"`` or ``"constant"``.
        shape: As the layer gets it; a kernel is ``(output channels, input channels / group, height, width)``.
        dtype: As stored: ``"float32"``, ``"float16"``, ``"int8"``, ``"bfloat16"``, ...
        stored_shape: Before ``steps``.
        file: Where the bytes lie; None for ``inline``.
        encoding: ``raw``: little-endian numbers; ``varints``: protobuf's variable-length integers; ``inline``: they are
            in ``values``.
        values: Little-endian numbers, for ``inline``.
        quantization: For integer codes that stand for real numbers.
        edit: What the user changed of it since: it is read with these numbers.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    stored_shape: tuple[int, ...]
    file: WeightFile | None = None
    offset_bytes: int = 0
    length_bytes: int = 0
    encoding: Encoding = "raw"
    values: bytes = b""
    quantization: Quantization | None = None
    steps: tuple[Step, ...] = ()
    edit: WeightEdit | None = None

    def codes(self, first: int = 0, count: int | None = None) -> Values:
        """Return the numbers as they are stored, in the shape in which the layer gets them; read-only.

        Types that numpy lacks come as the nearest that it has: int4 as int8, bfloat16 and float8 as float32.

        Args:
            first: Where to start along the first axis, as for ``read``.
            count: How many steps of the first axis; None: all that follow.

        Raises:
            ModelError: The file has changed since the model was opened, or cannot be read.
            IndexError: The rows are not all there.
        """
        return self._part(self._stored, first, count)

    def read(self, first: int = 0, count: int | None = None) -> Values:
        """Return the real numbers that the layer works with; read-only.

        Args:
            first: Where to start along the first axis; one kernel of a convolution is one step there.
            count: How many steps of the first axis; None: all that follow.

        Returns:
            float32, or float64 where the file has float64; complex numbers as they are. Only the asked rows are read
            from the file, unless the graph reorders the weight first.

        Raises:
            ModelError: The file has changed since the model was opened, or cannot be read.
            IndexError: The rows are not all there.
        """
        return self._part(self._real, first, count)

    def as_stored(self) -> Values:
        """Return the numbers as they are stored, before the graph's steps.

        Raises:
            ModelError: The file has changed since the model was opened, or cannot be read.
        """
        return self._stored(0, _rows(self.stored_shape))

    def _part(self, read: Callable[[int, int], Values], first: int, count: int | None) -> Values:
        rows = _rows(self.shape)
        count = rows - first if count is None else count
        if not 0 <= first <= first + count <= rows:
            raise IndexError(f"rows {first} to {first + count} of {rows} in {self.name}")
        if self.steps or not self.stored_shape:
            whole = self._stepped(read(0, _rows(self.stored_shape)))
            return _frozen(whole[first : first + count] if self.shape else whole)
        return _frozen(read(first, count))

    def _real(self, first: int, count: int) -> Values:
        codes = self._stored(first, count)
        if self.quantization is not None:
            try:
                return _dequantized(codes, self.quantization, first, self.stored_shape)
            except (ValueError, IndexError) as error:
                raise ModelError(
                    f"The scales of the weights {self.name!r} do not fit them: {error}.",
                    DAMAGED,
                ) from None
        kept = codes.dtype.kind == "c" or codes.dtype == np.float64
        return codes if kept else codes.astype(np.float32, copy=False)

    def _stored(self, first: int, count: int) -> Values:
        """Return some rows of the stored tensor, before its steps."""
        dtype = by_name(self.dtype)
        shape = (count, *self.stored_shape[1:]) if self.stored_shape else ()
        row = math.prod(self.stored_shape[1:])
        skipped, wanted = first * row, count * row
        try:
            if self.encoding == "varints":
                values = decode_varints(self._bytes(0, self.length_bytes), dtype, math.prod(self.stored_shape))
                values = values[skipped : skipped + wanted]
            else:
                values = self._raw(dtype, skipped, wanted)
            if self.edit is not None:
                values = with_numbers(values, self.edit, skipped)
            return values.reshape(shape)
        except ValueError as error:
            raise ModelError(f"The weights {self.name!r} cannot be read: {error}.", DAMAGED) from None

    def _raw(self, dtype: DType, skipped: int, wanted: int) -> Values:
        begin = skipped * dtype.bits // 8  # a row of 4-bit numbers may start in the middle of a byte
        before = skipped - begin * 8 // dtype.bits if dtype.bits else 0
        length = size_bytes(dtype, (before + wanted,))
        if self.encoding == "inline":
            return decode(self.values[begin : begin + length], dtype, before + wanted)[before:]
        if begin + length > self.length_bytes:
            raise ValueError(f"{self.length_bytes} bytes are too few")
        return decode(self._bytes(begin, length), dtype, before + wanted)[before:]

    def _bytes(self, begin: int, length: int) -> NDArray[np.uint8]:
        if self.file is None:
            raise ValueError("it is not said where they lie")
        return read_bytes(self.file, self.offset_bytes + begin, length)

    def _stepped(self, values: Values) -> Values:
        for step in self.steps:
            values = values.reshape(step.numbers) if step.op == "reshape" else values.transpose(step.numbers)
        return values


def with_numbers(values: Values, edit: WeightEdit, first: int = 0) -> Values:
    """Return flat numbers of a stored weight with those that were changed; ``first`` is the place of the first."""
    places = np.asarray(edit.places, np.int64) - first
    here = (places >= 0) & (places < values.size)
    changed = values.reshape(-1).copy()
    changed[places[here]] = np.asarray(edit.numbers, np.float64)[here].astype(changed.dtype)
    return changed


def _rows(shape: tuple[int, ...]) -> int:
    return shape[0] if shape else 1


def _frozen(values: Values) -> Values:
    values = values.view()
    values.flags.writeable = False
    return values


def _dequantized(codes: Values, quantization: Quantization, first: int, stored_shape: tuple[int, ...]) -> Values:
    """Return the real values of rows ``first`` and on of a stored tensor, as DequantizeLinear computes them."""
    scale: NDArray[Any] = quantization.scale.read()
    if quantization.input_scale is not None:
        scale = scale * quantization.input_scale.read()
    scale = _spread(scale, quantization.axis, stored_shape, first, codes.shape)
    if quantization.zero_point is None:
        offset: NDArray[Any] = np.zeros((), np.int64)
    else:
        offset = _spread(quantization.zero_point.codes(), quantization.axis, stored_shape, first, codes.shape)
    if codes.dtype.kind == "f":
        real: NDArray[Any] = (codes.astype(scale.dtype) - offset) * scale
    else:
        real = (codes.astype(np.int64) - offset.astype(np.int64)).astype(scale.dtype) * scale
    if quantization.scale.dtype == "float16":  # the layer gets numbers of the scale's type
        return real.astype(np.float16).astype(np.float32)
    return real


def _spread(
    values: NDArray[Any], axis: int, stored_shape: tuple[int, ...], first: int, shape: tuple[int, ...]
) -> NDArray[Any]:
    """Shape one value, one per slice of an axis, or one per block of it, so that it broadcasts over some rows."""
    if values.size == 1:
        return values.reshape(())
    if values.ndim == 1:
        if not 0 <= axis < len(stored_shape) or len(values) != stored_shape[axis]:
            raise ValueError(f"{len(values)} scales along axis {axis} of {list(stored_shape)}")
        values = values.reshape([-1 if place == axis else 1 for place in range(len(stored_shape))])
    elif values.ndim == len(stored_shape) and 0 < values.shape[axis] < stored_shape[axis]:
        values = values.repeat(-(-stored_shape[axis] // values.shape[axis]), axis).take(range(stored_shape[axis]), axis)
    if values.ndim and values.shape[0] > 1:
        values = values[first : first + shape[0]]
    np.broadcast_shapes(values.shape, shape)
    return values


def read_bytes(file: WeightFile, offset: int, length: int) -> NDArray[np.uint8]:
    """Read part of a file that is still the one that was opened.

    It is read, never mapped: a mapped file that somebody shortens ends the process that looks at it.

    Raises:
        ModelError: It has changed, is gone, or cannot be read.
    """
    name = os.path.basename(file.path)
    changed = ModelError(f"{name} changed on disk after it was opened.", "Open the model again.")
    try:
        descriptor = os.open(file.path, READ_FLAGS | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise ModelError(f"{name} can no longer be read: {error.strerror}.", "Open the model again.") from None
    try:
        status = os.fstat(descriptor)
        now = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if now != (file.device, file.inode, file.size_bytes, file.modified_ns):
            raise changed
        values = np.empty(length, np.uint8)
        if _fill(descriptor, memoryview(values.data), offset) < length:
            raise changed
        return values
    except OSError as error:
        raise ModelError(f"{name} cannot be read: {error.strerror}.", UNREADABLE) from None
    finally:
        os.close(descriptor)


def _fill(descriptor: int, buffer: memoryview, offset: int) -> int:
    done = 0
    while done < len(buffer):
        if hasattr(os, "preadv"):
            read = os.preadv(descriptor, [buffer[done:]], offset + done)  # at most 2 GiB a call
        else:
            os.lseek(descriptor, offset + done, os.SEEK_SET)
            data = os.read(descriptor, min(len(buffer) - done, 1 << 24))
            read = len(data)
            buffer[done : done + read] = data
        if read == 0:
            break
        done += read
    return done
