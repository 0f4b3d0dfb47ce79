"""Walking over a file without reading its weights."""

from __future__ import annotations

import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.graph.wire import AT_LEAST_BYTES, OWN_FILE, DamagedError, Place, without_weights
from tests.graph.build import model, node, tensor, value, weights


def _network() -> onnx.ModelProto:
    branch = helper.make_graph(
        [node("Constant", "", "c", value=weights("inner", 30, 30)), node("Add", "c outer", "d")],
        "branch",
        [],
        [value("d", None)],
        [weights("outer", 30, 30)],
    )
    packed = TensorProto(name="packed", data_type=TensorProto.FLOAT, dims=[300], float_data=np.arange(300.0))
    doubles = TensorProto(name="doubles", data_type=TensorProto.DOUBLE, dims=[200], double_data=np.arange(200.0))
    integers = TensorProto(name="integers", data_type=TensorProto.INT64, dims=[3], int64_data=[1, -1, 300])
    made = model(
        [
            node("Constant", "", "big_constant", value=weights("", 20, 20)),
            node("Constant", "", "small_constant", value=weights("", 3)),
            node("Conv", "x w", "y"),
            node("If", "condition", "z", then_branch=branch, else_branch=branch),
        ],
        [value("x", [1, 3, 8, 8])],
        ["y"],
        [weights("w", 16, 3, 3, 3), weights("b", 16), packed, doubles, integers, tensor("s", np.array(["a", "b"]))],
    )
    made.graph.sparse_initializer.add(values=weights("sparse", 500), indices=tensor("", np.arange(500)), dims=[1000])
    return made


def test_the_copy_is_the_model_but_for_its_large_tensors():
    original = _network()
    data = original.SerializeToString()
    lean = without_weights(data)
    copy = onnx.ModelProto.FromString(lean.model)
    filled = _filled(copy, data)
    for found, expected in zip(_tensors(filled), _tensors(original), strict=True):
        assert (found.name, found.data_type, found.dims) == (expected.name, expected.data_type, expected.dims)
        np.testing.assert_array_equal(numpy_helper.to_array(found), numpy_helper.to_array(expected))
        _clear(found)
        _clear(expected)
    assert filled == original
    assert len(lean.model) < AT_LEAST_BYTES * 4 < len(data)


def test_the_values_of_every_tensor_lie_where_it_says():
    original = _network()
    data = original.SerializeToString()
    places = without_weights(data).places
    assert set(places) == {"w", "b", "packed", "doubles", "integers", "big_constant", "small_constant"}
    by_name = {each.name: each for each in original.graph.initializer}
    by_name["big_constant"], by_name["small_constant"] = (each.attribute[0].t for each in original.graph.node[:2])
    for name, place in places.items():
        if place.encoding == "raw":
            found = data[place.offset_bytes : place.offset_bytes + place.length_bytes]
            assert found == numpy_helper.to_array(by_name[name]).tobytes()
    assert places["integers"].encoding == "varints"
    assert places["integers"].length_bytes == 1 + 10 + 2  # protobuf writes a negative number in ten bytes


def test_numbers_in_pieces_stay_where_they_are():
    half = TensorProto(name="w", data_type=1, dims=[600], float_data=[1.0] * 300).SerializeToString()
    rest = TensorProto(float_data=[2.0] * 300).SerializeToString()
    graph = b"\x2a" + _length(half + rest) + half + rest  # initializer
    data = b"\x3a" + _length(graph) + graph
    lean = without_weights(data)
    assert lean.places == {}
    assert list(onnx.ModelProto.FromString(lean.model).graph.initializer[0].float_data) == [1.0] * 300 + [2.0] * 300


def test_a_model_whose_tensors_are_all_small_is_copied_as_it_is():
    data = model([node("Relu", "x", "y")], [value("x", [1])], ["y"], [weights("w", 3)]).SerializeToString()
    lean = without_weights(data)
    assert lean.model == data
    assert lean.places["w"] == Place(data.index(b"\x4a\x0c") + 2, 12, "raw")


def test_tensors_that_lie_in_another_file_are_left_alone():
    outside = TensorProto(name="w", data_type=1, dims=[1000], data_location=TensorProto.EXTERNAL, raw_data=b"0" * 4000)
    outside.external_data.add(key="location", value="w.bin")
    data = model([node("Relu", "x", "y")], [value("x", [1])], ["y"], [outside]).SerializeToString()
    lean = without_weights(data)
    assert lean.model == data
    assert not lean.places


def test_a_file_cut_off_anywhere_is_either_whole_or_damaged():
    data = _network().SerializeToString()
    outcomes = set()
    for length in range(0, len(data), 7):
        try:
            without_weights(data[:length])
            outcomes.add("whole")
        except DamagedError as error:
            outcomes.add("cut off" if "cut off" in str(error) else str(error))
    assert outcomes == {"whole", "cut off"}


def test_any_bytes_are_read_or_refused():
    random = np.random.default_rng(5)
    data = np.frombuffer(_network().SerializeToString(), np.uint8)
    refused = 0
    for _ in range(2000):
        changed = data.copy()
        places = random.integers(0, len(data), random.integers(1, 6))
        changed[places] = random.integers(0, 256, len(places))
        try:
            without_weights(changed.tobytes())
        except DamagedError:
            refused += 1
    assert 20 < refused < 1980


@pytest.mark.parametrize(
    "data", [b"\xff" * 20, b"\x80" * 50, b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x3b", b"\0\0"]
)
def test_numbers_without_an_end_and_keys_without_a_meaning_are_damage(data):
    with pytest.raises(DamagedError):
        without_weights(data)


def test_graphs_within_graphs_take_time_in_proportion_to_their_bytes():
    seconds = []
    for depth in (5_000, 20_000):
        data = b""
        for _ in range(depth):
            data = b"\x32" + _length(data) + data  # attribute.g
            data = b"\x2a" + _length(data) + data  # node.attribute
            data = b"\x0a" + _length(data) + data  # graph.node
        data = b"\x3a" + _length(data) + data
        began = time.perf_counter()
        without_weights(data)
        seconds.append(time.perf_counter() - began)
    assert seconds[1] < 16 * max(seconds[0], 0.005)


def _length(payload: bytes) -> bytes:
    value, out = len(payload), bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _filled(copy: onnx.ModelProto, data: bytes) -> onnx.ModelProto:
    for each in _tensors(copy):
        entries = {entry.key: entry.value for entry in each.external_data}
        if each.data_location != TensorProto.EXTERNAL:
            continue
        assert entries["location"] == OWN_FILE
        offset, length = int(entries["offset"]), int(entries["length"])
        assert length >= AT_LEAST_BYTES
        each.raw_data = data[offset : offset + length]
        each.ClearField("external_data")
        each.ClearField("data_location")
    return copy


def _tensors(proto: onnx.ModelProto) -> list[TensorProto]:
    branches = [attribute.g for attribute in proto.graph.node[3].attribute]
    found = [
        *proto.graph.initializer,
        proto.graph.sparse_initializer[0].values,
        proto.graph.sparse_initializer[0].indices,
    ]
    for graph in (proto.graph, *branches):
        found += [attribute.t for each in graph.node if each.op_type == "Constant" for attribute in each.attribute]
    return found + [each for branch in branches for each in branch.initializer]


def _clear(proto: TensorProto) -> None:
    for field in ("raw_data", "float_data", "double_data"):
        proto.ClearField(field)
