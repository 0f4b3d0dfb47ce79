"""Tensor files, and arrays as an input takes them."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from inspector.engine.child import tensors
from inspector.engine.child.tensors import as_type, can_fit, fitted, read
from inspector.errors import ImageError, InspectorError, LimitError, ModelError
from inspector.graph.model import Tensor


@pytest.fixture
def saved(tmp_path):
    """Write bytes, or let numpy write arrays; return the file, open, and its name."""
    opened = []

    def write(name, *arrays, data=None, **named):
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        elif name.endswith(".npz"):
            np.savez(path, *arrays, **named)
        else:
            np.save(path, arrays[0])
        opened.append(path.open("rb"))
        return opened[-1], name

    yield write
    for file in opened:
        file.close()


# ---------------------------------------------------------------- reading

NUMBERS = np.arange(6, dtype=np.int16).reshape(2, 3)


@pytest.mark.parametrize(
    "array", [NUMBERS, np.asfortranarray(NUMBERS), NUMBERS.astype(">f8"), np.float16(3), NUMBERS[:0]]
)
def test_an_npy_file_is_read_as_numpy_wrote_it(saved, array):
    found = read(*saved("x.npy", array))[""]
    assert found.dtype == np.asarray(array).dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)


def test_an_npz_file_of_one_array_is_that_array(saved):
    np.testing.assert_array_equal(read(*saved("x.npz", NUMBERS))[""], NUMBERS)


def test_arrays_of_an_npz_file_have_their_names(saved):
    found = read(*saved("x.npz", a=NUMBERS, b=NUMBERS + 1))
    assert set(found) == {"a", "b"}
    np.testing.assert_array_equal(found["b"], NUMBERS + 1)


@pytest.mark.parametrize("kind", [onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.UINT8])
def test_an_onnx_tensor_is_read(saved, kind):
    proto = helper.make_tensor("t", kind, [2, 3], range(6))
    np.testing.assert_array_equal(read(*saved("x.pb", data=proto.SerializeToString()))[""], NUMBERS)


def header(text: str, length: int | None = None) -> bytes:
    body = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body) if length is None else length) + body


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("x.npy", b"", "is empty"),
        ("x.npy", b"PNG and so on", "no .npy file"),
        ("x.npy", b"\x93NUMPY\x09\x00", "unknown version"),
        ("x.npy", header("{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }"), "cut off: 0 of 36 bytes"),
        ("x.npy", header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), "not numbers"),
        ("x.npy", header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"), "not numbers"),
        ("x.npy", header("__import__('os').abort()"), "cannot be read|can be read"),
        ("x.npy", header("{}", 60_000), "can be read"),
        ("x.npz", b"not a zip", "can be read"),
        ("x.npz", b"PK\x05\x06" + bytes(18), "holds no array"),
        ("x.pb", b"", "is empty"),
        ("x.pb", b"\xff\xff\xff", "can be read"),
        ("x.pb", helper.make_tensor("t", 1, [2], [1, 2]).SerializeToString()[:-1], "can be read"),
    ],
)
def test_a_file_that_is_no_tensor_is_refused_with_a_remedy(saved, name, data, what):
    with pytest.raises(ImageError, match=what) as refused:
        read(*saved(name, data=data))
    assert name in refused.value.message
    assert refused.value.remedy


@pytest.mark.parametrize("shape", ["(1099511627776,)", "(4294967296, 4294967296)"])
def test_no_memory_is_taken_for_what_a_header_only_claims(saved, shape):
    data = header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}")
    with pytest.raises(LimitError, match="GiB, more than a tensor file may have"):
        read(*saved("x.npy", data=data))


def test_a_zip_that_unpacks_to_more_than_is_read_is_refused_before(saved, monkeypatch):
    monkeypatch.setattr(tensors, "MOST_BYTES", 1 << 20)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(1 << 21))
    with pytest.raises(LimitError, match=r"1 arrays of .* together, more than is read"):
        read(*saved("x.npz", data=packed.getvalue()))


def test_a_pb_file_that_keeps_its_numbers_elsewhere_is_refused(saved):
    proto = numpy_helper.from_array(NUMBERS)
    proto.ClearField("raw_data")
    proto.data_location = onnx.TensorProto.EXTERNAL
    proto.external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(ImageError, match="another file"):
        read(*saved("x.pb", data=proto.SerializeToString()))


def test_an_object_in_an_npz_file_is_never_unpickled(saved):
    with pytest.raises(ImageError, match="not numbers"):
        read(*saved("x.npz", np.array([print], object)))


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("have", "declared", "fed", "note"),
    [
        ((3, 8, 8), (1, 3, 8, 8), (1, 3, 8, 8), ""),
        ((8, 9), (1, 1, "h", "w"), (1, 1, 8, 9), ""),
        ((8, 9), ("n", "h", "w", 1), (1, 8, 9, 1), ""),
        ((76, 32), (None, 76, 32, 1), (1, 76, 32, 1), ""),
        ((5, 6, 7), (1, 1, 5, 6, 7), (1, 1, 5, 6, 7), ""),
        ((2, 5, 6, 7), (1, 2, None, None, None), (1, 2, 5, 6, 7), ""),
        ((5, 6, 7), (1, 5, 6, 7, 1), (1, 5, 6, 7, 1), ""),
        ((1, 1, 28, 28), (28, 28), (28, 28), ""),
        ((3, 8, 8), (4, 3, 8, 8), (4, 3, 8, 8), "repeated 4 times"),
        ((1, 3, 8, 8), (4, 3, 8, 8), (4, 3, 8, 8), "repeated 4 times"),
        ((49, 40), (1, 1960), (1, 1960), "49 × 40 numbers in a row"),
        ((49, 40), ("n", 1960), (1, 1960), "49 × 40 numbers in a row"),
        ((), (1,), (1,), ""),
        ((1,), (), (), ""),
        ((7,), None, (7,), ""),
    ],
)
def test_axes_of_one_are_added_and_left_out(have, declared, fed, note):
    array = np.arange(np.prod(have), dtype=np.float32).reshape(have)
    found, said = fitted(array, Tensor("x", "float32", declared), "x.npy")
    assert (found.shape, said) == (fed, note)
    np.testing.assert_array_equal(found.reshape(-1)[: array.size], array.reshape(-1))


@pytest.mark.parametrize(
    ("have", "declared"),
    [
        ((8, 8, 3), (1, 3, 8, 8)),
        ((5,), (1, 1, "h", "w")),
        ((2, 3, 8, 8), (1, 3, 8, 8)),
        ((1961,), (1, 1960)),
        ((2,), ()),
    ],
)
def test_another_shape_is_refused_with_both(have, declared):
    tensor = Tensor("x", "float32", declared)
    assert not can_fit(np.zeros(have, np.float32), tensor)
    with pytest.raises(ImageError, match=r"x\.npy has the shape .*; the input 'x' takes"):
        fitted(np.zeros(have, np.float32), tensor, "x.npy")


# ---------------------------------------------------------------- types


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (np.array([1.5, 2.5]), "float32", "float32"),
        (np.array([1, 2], np.int64), "float32", "float32"),
        (np.array([1.0, 2.0]), "int64", "int64"),
        (np.array([0, 255]), "uint8", "uint8"),
        (np.array([True, False]), "float16", "float16"),
        (np.array([0, 1], np.uint8), "bool", "bool"),
        (np.array([0.1], np.float64), "float16", "float16"),  # digits may go, as they do when a model is converted
    ],
)
def test_numbers_keep_their_values_in_the_type_of_the_input(values, dtype, expected):
    found, _ = fitted(values, Tensor("x", dtype, values.shape), "x.npy")
    assert found.dtype == expected
    np.testing.assert_allclose(found.astype(float), values, rtol=1e-3)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([1.5]), "int64"),
        (np.array([300]), "uint8"),
        (np.array([-1]), "uint64"),
        (np.array([2**53 + 1]), "float64"),
    ],
)
def test_numbers_that_would_become_others_are_refused(values, dtype):
    with pytest.raises(ImageError, match=f"the input 'x' takes {dtype}"):
        fitted(values, Tensor("x", dtype, (1,)), "x.npy")


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("int8", [-128, 127, 2, 0]),
        ("uint8", [0, 255, 2, 0]),
        ("int32", [-(2**31), 2**31 - 1, 2, 0]),
        ("int64", [-(2**63), 2**63 - 1, 2, 0]),
        ("uint64", [0, 2**64 - 1, 2, 0]),
    ],
)
@pytest.mark.parametrize("source", ["float32", "float64"])
def test_what_a_whole_type_cannot_hold_is_cut_to_its_ends(dtype, expected, source):
    values = np.array([-1e30, 1e30, 1.7, np.nan], source)
    assert as_type(values, Tensor("x", dtype, (4,))).tolist() == expected


@pytest.mark.parametrize(
    ("dtype", "third"), [("bfloat16", 0.333984375), ("float8e4m3fn", 0.34375), ("float8e5m2", 0.3125)]
)
def test_a_type_that_numpy_lacks_comes_as_the_numbers_it_can_hold(dtype, third):
    found = as_type(np.array([1 / 3, 2.0]), Tensor("x", dtype, (2,)))
    assert found.dtype == np.float32
    assert found.tolist() == [third, 2.0]


@pytest.mark.parametrize("dtype", ["int4", "sequence", ""])
def test_a_type_that_cannot_be_made_is_said(dtype):
    with pytest.raises(ModelError, match="cannot be made up here"):
        as_type(np.zeros(2), Tensor("x", dtype, (2,)))


def test_random_bytes_always_end_in_a_sentence(saved):
    random = np.random.default_rng(0)
    start = {
        "x.npy": header("{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }"),
        "x.npz": b"PK\3\4",
        "x.pb": b"",
    }
    sentences = []
    for number in range(150):
        name = ("x.npy", "x.npz", "x.pb")[number % 3]
        noise = bytearray(start[name] + random.integers(0, 256, 80, np.uint8).tobytes())
        noise[random.integers(0, len(noise))] = random.integers(0, 256)
        try:
            read(*saved(name, data=bytes(noise)))
        except InspectorError as refused:
            sentences.append((name, refused.message, refused.remedy))
    assert len(sentences) > 100
    assert all(name in message and remedy for name, message, remedy in sentences)
