"""Arrays from files, and arrays as an input takes them."""

from __future__ import annotations

import io
import itertools
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from inspector import format
from inspector.errors import ImageError, InspectorError, LimitError, ModelError
from inspector.graph.dtypes import by_name
from inspector.graph.model import Array, Dimension, Tensor

SUFFIXES = (".npy", ".npz", ".pb")
MOST_BYTES = 2 << 30
MOST_ARRAYS = 256  # in one .npz
_NPY_MAGIC = b"\x93NUMPY"
_SAVE_AGAIN = "Save it again with numpy.save, or as an ONNX TensorProto."


# ---------------------------------------------------------------- reading


def read(file: BinaryIO, name: str) -> dict[str, Array]:
    """Read a ``.npy``, ``.npz`` or ONNX ``.pb`` file.

    Returns:
        Its arrays by name; a file that holds a single one calls it ``""``.

    Raises:
        ImageError: It is none of these, or damaged. LimitError: It is too large.
    """
    size = os.fstat(file.fileno()).st_size
    if size > MOST_BYTES:
        raise _too_large(name, size)
    try:
        if name.lower().endswith(".npz"):
            return _read_npz(file, name)
        if name.lower().endswith(".npy"):
            return {"": _read_npy(file, name)}
        return {"": _read_proto(file, name)}
    except (InspectorError, MemoryError):
        raise
    except Exception as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ImageError(f"{name} is not a tensor file that can be read: {why}.", _SAVE_AGAIN) from None


def _too_large(name: str, size: int) -> LimitError:
    return LimitError(f"{name} has {size / 2**30:.1f} GiB, more than a tensor file may have.", "Give a smaller one.")


def _read_npy(file: BinaryIO, name: str) -> Array:
    """Read one array; memory is taken for what is really there, not for what the header claims."""
    start = file.read(6)
    if start != _NPY_MAGIC:
        raise ImageError(f"{name} is {'empty' if not start else 'no .npy file'}.", _SAVE_AGAIN)
    version = tuple(file.read(2))
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ImageError(f"{name} is a .npy file of an unknown version.", _SAVE_AGAIN)
    shape, is_fortran, dtype = readers[version](file)
    if dtype.hasobject or dtype.fields is not None or dtype.kind not in "biufcUSV":
        raise ImageError(f"{name} holds {dtype}, not numbers.", "Save an array of numbers.")
    size = math.prod(shape) * dtype.itemsize
    if size > MOST_BYTES:
        raise _too_large(name, size)
    data = file.read(size)
    if len(data) < size:
        raise ImageError(f"{name} is cut off: {len(data):,} of {size:,} bytes are there.", "Copy or save it again.")
    array = np.frombuffer(data, dtype) if size else np.zeros(0, dtype)
    array = array.reshape(shape, order="F" if is_fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_npz(file: BinaryIO, name: str) -> dict[str, Array]:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > MOST_BYTES or len(members) > MOST_ARRAYS:
            raise LimitError(
                f"{name} holds {len(members):,} arrays of {total / 2**30:.1f} GiB together, more than is read.",
                "Give a smaller one.",
            )
        arrays = {}
        for member in members:
            label = member.filename.removesuffix(".npy")
            with archive.open(member) as inside:
                arrays[label] = _read_npy(io.BytesIO(inside.read(member.file_size)), f"{name} ({label})")
    if not arrays:
        raise ImageError(f"{name} holds no array.", "Save it again with numpy.savez.")
    return arrays if len(arrays) > 1 else {"": next(iter(arrays.values()))} | arrays


def _read_proto(file: BinaryIO, name: str) -> Array:
    proto = onnx.TensorProto.FromString(file.read())
    if proto.data_location == onnx.TensorProto.EXTERNAL:
        raise ImageError(f"{name} keeps its numbers in another file.", "Save it with its data inside.")
    if proto.data_type == onnx.TensorProto.UNDEFINED:
        raise ImageError(f"{name} is {'no ONNX tensor' if proto.ByteSize() else 'empty'}.", _SAVE_AGAIN)
    if any(length < 0 for length in proto.dims) or math.prod(proto.dims) > MOST_BYTES:
        raise ImageError(f"{name} claims the shape {words(tuple(proto.dims))}.", _SAVE_AGAIN)
    return onnx.numpy_helper.to_array(proto)


# ---------------------------------------------------------------- as an input takes it


def fitted(array: Array, tensor: Tensor, name: str) -> tuple[Array, str]:
    """Return an array as an input takes it: the same numbers, and what that took.

    Axes of 1 are added or left out, a fixed batch is filled with copies, and where the input is flat the array is.

    Args:
        array: From a file.
        tensor: The input.
        name: Of the file, for messages.

    Raises:
        ImageError: Its shape or type is not the input's.
    """
    found = _shaped(array, tensor)
    if found is None:
        raise ImageError(
            f"{name} has the shape {words(array.shape)}; the input {tensor.name!r} takes {words(tensor.shape or ())}.",
            "Save the tensor in that shape.",
        )
    shaped, note = found
    return typed(shaped, tensor, name), note


def can_fit(array: Array, tensor: Tensor) -> bool:
    """Return whether an array has a shape that ``fitted`` takes."""
    return _shaped(array, tensor) is not None


def _shaped(array: Array, tensor: Tensor) -> tuple[Array, str] | None:
    declared = tensor.shape
    if declared is None or fits(declared, array.shape):
        return array, ""
    for shape in _with_axes(array.shape, declared):
        if fits(declared, shape):
            return array.reshape(shape), ""
    batch = declared[0] if declared else None
    if isinstance(batch, int) and batch > 1:
        one = (1, *declared[1:])
        for shape in (array.shape, *_with_axes(array.shape, one)):
            if fits(one, shape):
                whole = np.broadcast_to(array.reshape(shape), (batch, *shape[1:]))
                return whole, f"repeated {batch} times"
    lengths = [each for each in declared if isinstance(each, int) and each != 1]
    if lengths == [array.size] or (not lengths and array.size == 1):  # a flat input, but for axes of 1
        shape = tuple(each if isinstance(each, int) else 1 for each in declared)
        return array.reshape(shape), f"{words(array.shape)} numbers in a row" if array.ndim > 1 else ""
    return None


def _with_axes(shape: tuple[int, ...], declared: tuple[Dimension, ...]) -> Iterator[tuple[int, ...]]:
    """Yield a shape with axes of 1 added for batch and channel, or axes of 1 left out, to have as many as declared."""
    more = len(declared) - len(shape)
    if more in (1, 2):
        yield (1,) * more + shape
        yield (1,) * (more - 1) + (*shape, 1)
    elif more < 0 and shape.count(1) >= -more and len(shape) <= 8:
        ones = [place for place, length in enumerate(shape) if length == 1]
        for places in itertools.combinations(ones, -more):
            yield tuple(length for place, length in enumerate(shape) if place not in places)


def typed(array: Array, tensor: Tensor, name: str) -> Array:
    """Return an array in an input's type, if that keeps its numbers; floats may lose digits.

    Raises:
        ImageError: The numbers would become others.
    """
    if tensor.dtype in ("", "string"):
        return array
    if array.dtype.isbuiltin != 1:  # bfloat16 and its kind
        array = array.astype(np.float32)
    converted = as_type(array, tensor)
    both_real = array.dtype.kind == "f" and not is_integer(tensor) and converted.dtype.kind == "f"
    with np.errstate(invalid="ignore"):
        if both_real or (array.dtype.kind in "biuf" and np.array_equal(converted.astype(array.dtype), array)):
            return converted
    raise ImageError(
        f"{name} holds {array.dtype} numbers; the input {tensor.name!r} takes {tensor.dtype}.",
        f"Save the tensor as {tensor.dtype}.",
    )


def as_type(values: Array, tensor: Tensor) -> Array:
    """Return numbers in an input's type: rounded and cut to what that can hold.

    A type that numpy lacks comes as float32 that holds such numbers only; ``for_runtime`` turns it into the type.
    """
    dtype = numpy_type(tensor)
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype.kind in "iu":
            return _whole(values, dtype)
        converted: Array = np.asarray(values, dtype, order="C")  # which, unlike ascontiguousarray, keeps a rank of 0
    return converted if dtype.isbuiltin == 1 else converted.astype(np.float32)


def _whole(values: NDArray[Any], dtype: np.dtype[Any]) -> Array:
    bounds = np.iinfo(dtype)
    if values.dtype.kind == "f":
        values = np.nan_to_num(np.rint(values), nan=0.0)
        # The largest integers are no floats: what is beyond is replaced, not converted.
        low, high = (np.asarray(bound, values.dtype) for bound in (bounds.min, bounds.max))
        inside = np.where((values > low) & (values < high), values, 0).astype(dtype)
        whole = np.where(values >= high, bounds.max, np.where(values <= low, bounds.min, inside))
    elif values.dtype.kind in "iu":
        own = np.iinfo(values.dtype)
        whole = np.clip(values, max(bounds.min, own.min), min(bounds.max, own.max))
    else:
        whole = values
    return np.asarray(whole, dtype, order="C")


def is_integer(tensor: Tensor) -> bool:
    """Return whether an input takes whole numbers."""
    return tensor.dtype.startswith(("int", "uint"))


def numpy_type(tensor: Tensor) -> np.dtype[np.generic]:
    """Return the type of an input's elements; for those that numpy lacks, the one that onnx brings.

    Raises:
        ModelError: Nothing of that type can be made here.
    """
    try:
        if tensor.dtype == "string":
            return np.dtype(np.str_)
        known = by_name(tensor.dtype)
        if known.bits < 8:
            raise KeyError(tensor.dtype)
        return np.dtype(known.numpy or onnx.helper.tensor_dtype_to_np_dtype(known.code))
    except (KeyError, TypeError, ValueError):
        raise ModelError(
            f"The input {tensor.name!r} takes {tensor.dtype or 'something unknown'}, which cannot be made up here.",
            "Cut the model so that it takes numbers.",
        ) from None


def for_runtime(feeds: Mapping[str, Array], session: ort.InferenceSession) -> dict[str, Array | ort.OrtValue]:
    """Return the feeds of a session as it takes them: arrays, and values of its own where numpy lacks a type."""
    types = {each.name: each.type for each in session.get_inputs()}
    found: dict[str, Array | ort.OrtValue] = dict(feeds)
    for name, array in feeds.items():
        dtype = by_name(types.get(name, "").removeprefix("tensor(").removesuffix(")"))
        if dtype.bits in (8, 16) and not dtype.numpy and array.dtype.kind == "f":
            codes = array.astype(onnx.helper.tensor_dtype_to_np_dtype(dtype.code))
            plain = np.ascontiguousarray(codes).view(np.uint16 if dtype.bits == 16 else np.uint8)
            found[name] = ort.OrtValue.ortvalue_from_numpy_with_onnx_type(plain, dtype.code)
    return found


# ---------------------------------------------------------------- shapes


def fits(declared: tuple[Dimension, ...] | None, shape: tuple[int, ...]) -> bool:
    """Return whether a shape has the lengths that are fixed."""
    return declared is None or (
        len(declared) == len(shape)
        and all(not isinstance(want, int) or want == have for want, have in zip(declared, shape, strict=True))
    )


def words(shape: tuple[Dimension, ...]) -> str:
    """Return a shape for people: ``1 × 3 × height × ?``."""
    return format.shape(shape) if shape else "of a single number"
