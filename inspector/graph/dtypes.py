"""The element types of ONNX: their names, their size in a file, and their values as numpy arrays.

Float formats: OCP 8-bit Floating Point Specification 1.0, OCP Microscaling Formats 1.0, and the FNUZ variants of
Noune et al., 8-bit Numerical Formats for Deep Neural Networks, 2022 (arXiv:2206.02915).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class DType:
    """One element type.

    Attributes:
        code: ``TensorProto.DataType``.
        name: As numpy spells it where it has the type.
        bits: Of one element in a file; 0 for strings.
        numpy: Name of the numpy type; ``""`` where numpy lacks it.
        signed: For integers of less than a byte.
        exponent_bits, mantissa_bits: Of a float that numpy lacks.
        style: How that float spends its topmost codes: ``"ieee"``, ``"fn"`` (no infinity, one NaN pattern per sign),
            ``"fnuz"`` (nor a negative zero, whose code is the NaN), ``"finite"``, or ``"scale"`` (powers of two).
    """

    code: int
    name: str
    bits: int
    numpy: str = ""
    signed: bool = False
    exponent_bits: int = 0
    mantissa_bits: int = 0
    style: str = ""

    @property
    def is_float(self) -> bool:
        """Whether it holds real numbers."""
        return self.name.startswith(("float", "bfloat"))


def _same(code: int, name: str, bits: int) -> DType:
    return DType(code, name, bits, numpy=name)


DTYPES: tuple[DType, ...] = (
    _same(1, "float32", 32),
    _same(2, "uint8", 8),
    _same(3, "int8", 8),
    _same(4, "uint16", 16),
    _same(5, "int16", 16),
    _same(6, "int32", 32),
    _same(7, "int64", 64),
    DType(8, "string", 0),
    _same(9, "bool", 8),
    _same(10, "float16", 16),
    _same(11, "float64", 64),
    _same(12, "uint32", 32),
    _same(13, "uint64", 64),
    _same(14, "complex64", 64),
    _same(15, "complex128", 128),
    DType(16, "bfloat16", 16),
    DType(17, "float8e4m3fn", 8, exponent_bits=4, mantissa_bits=3, style="fn"),
    DType(18, "float8e4m3fnuz", 8, exponent_bits=4, mantissa_bits=3, style="fnuz"),
    DType(19, "float8e5m2", 8, exponent_bits=5, mantissa_bits=2, style="ieee"),
    DType(20, "float8e5m2fnuz", 8, exponent_bits=5, mantissa_bits=2, style="fnuz"),
    DType(21, "uint4", 4),
    DType(22, "int4", 4, signed=True),
    DType(23, "float4e2m1", 4, exponent_bits=2, mantissa_bits=1, style="finite"),
    DType(24, "float8e8m0", 8, style="scale"),
    DType(25, "uint2", 2),
    DType(26, "int2", 2, signed=True),
)
_BY_CODE = {dtype.code: dtype for dtype in DTYPES}
_BY_NAME = {dtype.name: dtype for dtype in DTYPES}
UNKNOWN = DType(0, "", 0)


def by_code(code: int) -> DType:
    """Return the type with that number in ONNX; ``UNKNOWN`` if there is none."""
    return _BY_CODE.get(code, UNKNOWN)


def by_name(name: str) -> DType:
    """Return the type of that name; ``UNKNOWN`` if there is none."""
    return _BY_NAME.get(name, UNKNOWN)


def size_bytes(dtype: DType, shape: Sequence[int]) -> int:
    """Return how many bytes a tensor takes in a file, in Python's integers, which do not overflow."""
    return (math.prod(shape) * dtype.bits + 7) // 8


def decode(data: bytes | bytearray | memoryview | Values, dtype: DType, count: int) -> Values:
    """Return the first ``count`` elements of little-endian ``data``, flat.

    Numbers that numpy has a type for keep it; integers of 2 or 4 bits become int8 or uint8; bfloat16 and the 8-bit and
    4-bit floats become float32.

    Raises:
        ValueError: The type has no numbers, or ``data`` is too short.
    """
    if dtype.numpy:
        return np.frombuffer(data, np.dtype(dtype.numpy).newbyteorder("<"), count)
    if dtype.name == "bfloat16":
        return (np.frombuffer(data, "<u2", count).astype(np.uint32) << 16).view(np.float32)
    if not dtype.bits:
        raise ValueError(f"{dtype.name or 'an unknown type'} holds no numbers")
    codes = unpack(np.frombuffer(data, np.uint8), dtype.bits, count)
    if dtype.style:
        return float_table(dtype.name)[codes]
    if dtype.signed:
        sign = 1 << (dtype.bits - 1)
        return (codes ^ sign).view(np.int8) - np.int8(sign)
    return codes


def unpack(data: NDArray[np.uint8], bits: int, count: int) -> NDArray[np.uint8]:
    """Return ``count`` codes of 2, 4 or 8 bits, the first of a byte in its lowest bits.

    Raises:
        ValueError: ``data`` is too short.
    """
    if len(data) * 8 < count * bits:
        raise ValueError(f"{len(data)} bytes hold fewer than {count} values of {bits} bits")
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    codes: NDArray[np.uint8] = (data[: -(-count * bits // 8), None] >> shifts) & np.uint8((1 << bits) - 1)
    return codes.reshape(-1)[:count]


@cache
def float_table(name: str) -> NDArray[np.float32]:
    """Return the value of every code of a float of at most 8 bits, ``(2 ** bits,)``, read-only."""
    dtype = by_name(name)
    value = _power_of_two if dtype.style == "scale" else _small_float(dtype)
    table = np.array([value(code) for code in range(1 << dtype.bits)], np.float32)
    table.flags.writeable = False
    return table


def _power_of_two(code: int) -> float:
    return math.nan if code == 255 else math.ldexp(1.0, code - 127)


def _small_float(dtype: DType) -> Callable[[int], float]:
    fraction_codes = 1 << dtype.mantissa_bits
    last_exponent = (1 << dtype.exponent_bits) - 1
    bias = (1 << (dtype.exponent_bits - 1)) - (0 if dtype.style == "fnuz" else 1)
    sign_code = 1 << (dtype.bits - 1)

    def value(code: int) -> float:
        sign = -1.0 if code & sign_code else 1.0
        exponent, fraction = divmod(code & (sign_code - 1), fraction_codes)
        if dtype.style == "fnuz" and code == sign_code:
            return math.nan
        if dtype.style == "ieee" and exponent == last_exponent:
            return math.nan if fraction else sign * math.inf
        if dtype.style == "fn" and exponent == last_exponent and fraction == fraction_codes - 1:
            return math.nan
        if exponent == 0:  # subnormal: no hidden one
            return sign * math.ldexp(fraction, 1 - bias - dtype.mantissa_bits)
        return sign * math.ldexp(fraction_codes + fraction, exponent - bias - dtype.mantissa_bits)

    return value


def decode_varints(data: NDArray[np.uint8], dtype: DType, count: int) -> Values:
    """Return ``count`` elements that protobuf stored as variable-length integers (``int32_data`` and its like), flat.

    Raises:
        ValueError: ``data`` does not hold exactly that many.
    """
    last = data < 128
    ends = np.flatnonzero(last)
    packed = by_name("uint16") if dtype.name in ("float16", "bfloat16") else dtype  # these lie there as their bits
    stored = -(-count * dtype.bits // 8) if 0 < dtype.bits < 8 else count  # small ones lie there as packed bytes
    if len(ends) != stored or (len(data) and not last[-1]):
        raise ValueError(f"{len(ends)} numbers where {stored} belong")
    starts = np.concatenate(([0], ends[:-1] + 1)) if stored else ends
    place = np.arange(len(data)) - np.repeat(starts, ends - starts + 1)
    if stored and int(place.max()) > 9:
        raise ValueError("a number of more than ten bytes")
    groups = (data & 127).astype(np.uint64) << (7 * place).astype(np.uint64)
    values = np.add.reduceat(groups, starts) if stored else groups
    narrow = np.dtype(packed.numpy or "uint8")
    if narrow.kind == "b":
        return values.astype(np.bool_)
    return decode(values.astype(f"<u{narrow.itemsize}").tobytes(), dtype, count)
