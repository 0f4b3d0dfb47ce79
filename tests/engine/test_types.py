"""Tensors of types that numpy lacks, and of none at all: shown as what they are, or named with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.analysis.quantized import real
from inspector.engine.protocol import Failed, Ran, RunImage
from inspector.errors import ModelError
from inspector.graph.model import Run
from inspector.graph.reader import read
from tests.engine.conftest import Conversation

OPSET = 25  # the first whose Cast takes all of these
# How each type rounds, from another library than the program's own tables.
FLOATS = {
    "bfloat16": ml_dtypes.bfloat16,
    "float8e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "float8e5m2": ml_dtypes.float8_e5m2,
    "float8e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
}
# Halves and quarters, numbers that must be rounded, small and large ones within all the types' ranges.
NUMBERS = np.float32([0, 1, -1, 0.5, -0.25, 1.1, -2.7, 3.14159, 0.0021, 17.3, -100.7, 200, 240, np.nan])
WHOLE = {"int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3)}


def made(name: str) -> int:
    return int(getattr(TensorProto, name.upper()))


def save(path: Path, nodes: list[onnx.NodeProto], outputs: list[onnx.ValueInfoProto], opset: int = OPSET) -> Path:
    """A model with the input ``x``, float32 of any length."""
    graph = helper.make_graph(nodes, "types", [helper.make_tensor_value_info("x", 1, ["n"])], outputs)
    domains = [helper.make_opsetid(domain, version) for domain, version in (("", opset), ("ai.onnx.ml", 3))]
    domains.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=11 if opset > 21 else 9), path)
    return path


def tensor(name: str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["n"])


@pytest.fixture
def shown(engine: Conversation, tmp_path: Path) -> Callable[[Path, np.ndarray], Run]:
    def ask(path: Path, numbers: np.ndarray) -> Run:
        np.save(tmp_path / "x.npy", numbers)
        reply = engine.ask(RunImage(1, str(path), str(tmp_path / "x.npy")))
        assert isinstance(reply, Ran), reply
        return reply.run

    return ask


def cast_and_back(kind: str, path: Path) -> Path:
    nodes = [
        helper.make_node("Cast", ["x"], ["there"], "there", to=made(kind)),
        helper.make_node("Cast", ["there"], ["back"], "back", to=TensorProto.FLOAT),
    ]
    return save(path, nodes, [tensor("back")])


@pytest.mark.parametrize("kind", FLOATS)
def test_a_float_that_numpy_lacks_is_shown_as_float32_and_labelled(kind, shown, tmp_path):
    run = shown(cast_and_back(kind, tmp_path / "model.onnx"), NUMBERS)
    expected = NUMBERS.astype(FLOATS[kind]).astype(np.float32)
    assert run.casts == {"there": kind}
    assert run.unshowable == {}
    assert run.tensors["there"].dtype == np.float32
    np.testing.assert_array_equal(run.tensors["there"], expected)
    np.testing.assert_array_equal(run.tensors["back"], expected)
    assert not np.array_equal(expected, NUMBERS, equal_nan=True)  # it was rounded


@pytest.mark.parametrize("kind", WHOLE)
def test_an_integer_of_less_than_a_byte_is_shown_as_float32_and_labelled(kind, shown, tmp_path):
    low, high = WHOLE[kind]
    numbers = np.arange(low, high + 1, dtype=np.float32)
    numbers = np.concatenate([numbers, numbers[:1]])  # an odd number: the last byte is not full
    run = shown(cast_and_back(kind, tmp_path / "model.onnx"), numbers)
    assert run.casts == {"there": kind}
    assert run.tensors["there"].dtype == np.float32
    np.testing.assert_array_equal(run.tensors["there"], numbers)


def test_a_scale_of_8_bits_is_a_power_of_two(shown, tmp_path):
    numbers = np.float32([0.125, 0.25, 1, 2, 1024])
    run = shown(cast_and_back("float8e8m0", tmp_path / "model.onnx"), numbers)
    assert run.casts == {"there": "float8e8m0"}
    np.testing.assert_array_equal(run.tensors["there"], numbers)


@pytest.mark.parametrize("kind", [*FLOATS, *WHOLE])
def test_an_answer_of_such_a_type_comes_as_numbers_and_not_as_codes(kind, shown, tmp_path):
    nodes = [
        helper.make_node("Relu", ["x"], ["positive"], "relu"),
        helper.make_node("Cast", ["positive"], ["y"], "cast", to=made(kind)),
    ]
    path = save(tmp_path / "model.onnx", nodes, [tensor("y", made(kind)), tensor("positive")])
    numbers = np.float32([-1, 0, 1, 1, 0])
    run = shown(path, numbers)
    np.testing.assert_array_equal(run.prediction.outputs["y"], [0, 0, 1, 1, 0])
    np.testing.assert_array_equal(run.tensors["y"], np.float32([0, 0, 1, 1, 0]))
    assert run.casts == {"y": kind}
    assert run.difference is not None
    assert (run.difference.max_abs, run.difference.top_changed) == (0, False)


def test_a_float_of_4_bits_is_shown_where_onnx_runtime_knows_it_and_refused_in_words_elsewhere(engine, tmp_path):
    path = cast_and_back("float4e2m1", tmp_path / "model.onnx")
    numbers = np.float32([0, 0.5, -1.5, 6])
    np.save(tmp_path / "x.npy", numbers)
    reply = engine.ask(RunImage(1, str(path), str(tmp_path / "x.npy")))
    refusal = refusal_of(path)
    if refusal:
        assert "Could not find an implementation for Cast" in refusal
        assert isinstance(reply, Failed)
        assert reply.kind == ModelError.kind
        assert "model.onnx" in reply.message
        assert "Cast" in reply.message
    else:
        assert isinstance(reply, Ran)
        assert reply.run.casts == {"there": "float4e2m1"}
        np.testing.assert_array_equal(reply.run.tensors["there"], numbers)


def refusal_of(path: Path) -> str:
    """Return why ONNX Runtime alone does not load a model; empty if it does."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  ONNX Runtime raises types of its own
        return str(error)
    return ""


def test_codes_of_4_bits_that_the_opset_cannot_cast_are_named_and_the_rest_is_shown(shown, tmp_path):
    scale, zero = numpy_helper.from_array(np.float32(0.5), "s"), helper.make_tensor("z", TensorProto.INT4, [], [1])
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["codes"], "quantize", domain="com.microsoft"),
        helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["y"], "dequantize", domain="com.microsoft"),
    ]
    path = save(tmp_path / "model.onnx", nodes, [tensor("y")], opset=17)
    model = onnx.load(path)
    model.graph.initializer.extend([scale, zero])
    onnx.save(model, path)
    run = shown(path, np.float32([-4.5, 0, 0.6, 3]))
    assert run.unshowable == {"codes": "int4, which ONNX's opset 17 cannot turn into other numbers"}
    assert run.casts == {}
    np.testing.assert_array_equal(run.tensors["y"], [-4.5, 0, 0.5, 3])


@pytest.mark.parametrize(("kind", "opset"), [("float8e4m3fn", 19), ("int4", 21)])
def test_codes_of_such_a_type_have_both_views_and_real_units(kind, opset, engine, tmp_path):
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["codes"], "quantize"),
        helper.make_node("DequantizeLinear", ["codes", "s", "z"], ["real"], "dequantize"),
        helper.make_node("Add", ["real", "real"], ["y"], "add"),
    ]
    path = save(tmp_path / "model.onnx", nodes, [tensor("y")], opset=opset)
    model = onnx.load(path)
    zero = helper.make_tensor("z", made(kind), [], [0])
    model.graph.initializer.extend([numpy_helper.from_array(np.float32(0.5), "s"), zero])
    onnx.save(model, path)
    numbers = np.float32([-3.6, 0, 0.6, 3])
    codes = {"float8e4m3fn": (numbers / 0.5).astype(ml_dtypes.float8_e4m3fn), "int4": [-7, 0, 1, 6]}[kind]
    codes = np.asarray(codes, np.float32)
    np.save(tmp_path / "x.npy", numbers)
    for number, view in enumerate(("step by step", "as deployed"), 1):
        reply = engine.ask(RunImage(number, str(path), str(tmp_path / "x.npy"), view=view))
        assert isinstance(reply, Ran), reply
        assert (reply.run.view, reply.run.views) == (view, ("step by step", "as deployed"))
        assert reply.run.casts == {"codes": kind}
        np.testing.assert_array_equal(reply.run.tensors["codes"], codes)
        np.testing.assert_array_equal(reply.run.tensors["y"], codes)  # twice a half
        (layer,) = (each for each in read(str(path)).model.layers if each.name == "quantize")
        np.testing.assert_array_equal(real(codes, layer.output.codes, reply.run.tensors), codes / 2)


def test_what_is_no_array_of_numbers_is_named_and_the_rest_is_shown(shown, tmp_path):
    text = helper.make_tensor_value_info("text", TensorProto.STRING, ["n"])
    labels = {"keys_int64s": [0, 1], "values_strings": ["zero", "one"]}
    nodes = [
        helper.make_node("SplitToSequence", ["x"], ["pieces"], "split"),
        helper.make_node("ConcatFromSequence", ["pieces"], ["joined"], "join", axis=0),
        helper.make_node("Optional", ["x"], ["maybe"], "maybe"),
        helper.make_node("OptionalGetElement", ["maybe"], ["surely"], "surely"),
        helper.make_node("Cast", ["x"], ["numbers"], "numbers", to=TensorProto.INT64),
        helper.make_node("LabelEncoder", ["numbers"], ["text"], "text", domain="ai.onnx.ml", **labels),
        helper.make_node("Unsqueeze", ["x", "first"], ["row"], "row"),
        helper.make_node("ZipMap", ["row"], ["table"], "table", domain="ai.onnx.ml", classlabels_int64s=[0, 1]),
        helper.make_node("Add", ["joined", "surely"], ["y"], "add"),
    ]
    path = save(tmp_path / "model.onnx", nodes, [tensor("y"), text], opset=18)
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.int64([0]), "first"))
    model.graph.output.append(onnx.ValueInfoProto(name="table"))
    of_maps = model.graph.output[-1].type.sequence_type.elem_type.map_type
    of_maps.key_type, of_maps.value_type.tensor_type.elem_type = TensorProto.INT64, TensorProto.FLOAT
    onnx.save(model, path)
    run = shown(path, np.float32([0, 1]))
    assert set(run.tensors) == {"x", "joined", "surely", "numbers", "row", "y"}
    np.testing.assert_array_equal(run.tensors["y"], [0, 2])
    assert run.unshowable == {"pieces": "sequence", "maybe": "optional", "text": "string", "table": "sequence"}
    assert set(run.prediction.outputs) == {"y"}


@pytest.mark.parametrize("kind", ["sequence", "string"])
def test_a_network_without_a_tensor_of_numbers_still_runs(kind, shown, tmp_path):
    node = helper.make_node("SplitToSequence", ["x"], ["y"], "only")
    output = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
    if kind == "string":
        node = helper.make_node("Cast", ["x"], ["y"], "only", to=TensorProto.STRING)
        output = helper.make_tensor_value_info("y", TensorProto.STRING, ["n"])
    run = shown(save(tmp_path / "model.onnx", [node], [output], opset=18), np.float32([1, 2]))
    assert set(run.tensors) == {"x"}
    assert run.unshowable == {"y": kind}
    assert run.missing == ()
    assert run.difference is None


def test_an_input_that_no_file_can_fill_is_refused_in_words(engine, tmp_path):
    graph = helper.make_graph(
        [helper.make_node("SequenceLength", ["s"], ["y"], "length")],
        "sequence",
        [helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.INT64, [])],
    )
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    reply = engine.ask(RunImage(1, str(path), ""))
    assert isinstance(reply, Failed)
    assert "'s'" in reply.message
    assert "sequence" in reply.message
    assert reply.remedy
