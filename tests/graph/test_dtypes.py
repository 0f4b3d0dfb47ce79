"""Element types, held against ml_dtypes, the reference for the types that numpy lacks."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto

from inspector.graph.dtypes import DTYPES, by_name, decode, decode_varints, float_table, size_bytes

SMALL_FLOATS = {
    "float8e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "float8e5m2": ml_dtypes.float8_e5m2,
    "float8e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float8e8m0": ml_dtypes.float8_e8m0fnu,
}


@pytest.mark.parametrize("name", SMALL_FLOATS)
def test_every_code_of_a_small_float_means_what_the_reference_says(name):
    reference = np.arange(256, dtype=np.uint8).view(SMALL_FLOATS[name]).astype(np.float32)
    np.testing.assert_array_equal(float_table(name), reference)


def test_the_float_of_four_bits_has_its_sixteen_values():
    positive = [0, 0.5, 1, 1.5, 2, 3, 4, 6]  # OCP Microscaling Formats 1.0, table 5
    np.testing.assert_array_equal(float_table("float4e2m1"), positive + [-each for each in positive])


def test_the_numbers_of_the_types_are_those_of_onnx():
    for dtype in DTYPES:
        name = {"float32": "FLOAT", "float64": "DOUBLE"}.get(dtype.name, dtype.name.upper())
        assert TensorProto.DataType.Value(name) == dtype.code


def test_bfloat16_is_the_upper_half_of_float32():
    values = np.array([1.5, -2.0, 3e38, np.inf, 1e-40], ml_dtypes.bfloat16)
    decoded = decode(values.tobytes(), by_name("bfloat16"), 5)
    np.testing.assert_array_equal(decoded, values.astype(np.float32))


def test_small_integers_are_unpacked_from_their_lowest_bits_on():
    data = bytes([0x7F, 0x98])
    np.testing.assert_array_equal(decode(data, by_name("int4"), 4), np.array([-1, 7, -8, -7], np.int8))
    np.testing.assert_array_equal(decode(data, by_name("uint4"), 3), np.array([15, 7, 8], np.uint8))
    np.testing.assert_array_equal(decode(b"\xe4", by_name("uint2"), 4), [0, 1, 2, 3])
    np.testing.assert_array_equal(decode(b"\xe4", by_name("int2"), 4), [0, 1, -2, -1])


def test_a_tensor_of_half_bytes_ends_on_a_whole_one():
    assert size_bytes(by_name("int4"), (3, 3)) == 5
    assert size_bytes(by_name("float32"), (2**40, 2**40)) == 2**82
    assert size_bytes(by_name("float32"), ()) == 4


def test_too_few_bytes_are_refused():
    for name in ("float32", "int4", "bfloat16", "float8e5m2"):
        with pytest.raises(ValueError, match=r".+"):
            decode(b"\0", by_name(name), 3)
    with pytest.raises(ValueError, match="no numbers"):
        decode(b"", by_name("string"), 0)


@pytest.mark.parametrize(
    ("field", "dtype", "values"),
    [
        ("int64_data", "int64", [0, 1, -1, 127, 128, 2**62, -(2**63)]),
        ("int32_data", "int32", [0, -1, 2**31 - 1, -(2**31)]),
        ("int32_data", "int8", [-128, 127, -1, 0]),
        ("int32_data", "uint8", [255, 0, 128]),
        ("int32_data", "bool", [0, 1, 1]),
        ("uint64_data", "uint64", [2**64 - 1, 0, 300]),
        ("uint64_data", "uint32", [2**32 - 1, 7]),
    ],
)
def test_variable_length_integers_are_read_as_protobuf_wrote_them(field, dtype, values):
    tensor = TensorProto(**{field: values})
    data = tensor.SerializeToString()
    payload = np.frombuffer(data[_header(data) :], np.uint8)
    np.testing.assert_array_equal(decode_varints(payload, by_name(dtype), len(values)), np.array(values, dtype))


def test_half_floats_lie_in_integers_as_their_bits():
    halves = np.array([1.0, -2.5, 65504, 6e-8], np.float16)
    data = TensorProto(int32_data=halves.view(np.uint16).tolist()).SerializeToString()
    payload = np.frombuffer(data[_header(data) :], np.uint8)
    np.testing.assert_array_equal(decode_varints(payload, by_name("float16"), 4), halves)
    with pytest.raises(ValueError, match="4 numbers where 5 belong"):
        decode_varints(payload, by_name("float16"), 5)
    with pytest.raises(ValueError, match="numbers"):
        decode_varints(np.array([128], np.uint8), by_name("int32"), 0)


def test_a_number_that_never_ends_is_refused():
    with pytest.raises(ValueError, match="ten bytes"):
        decode_varints(np.array([128] * 30 + [1], np.uint8), by_name("int64"), 1)


def _header(data: bytes) -> int:
    """The length of a field's key and length, for fields of less than 128 bytes."""
    assert data[1] == len(data) - 2
    return 2
