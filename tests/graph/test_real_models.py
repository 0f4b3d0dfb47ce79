"""Networks that people really have, and files made to break readers."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.errors import InspectorError
from inspector.graph.kinds import FAMILIES
from inspector.graph.reader import Opened, read
from inspector.graph.shapes import infer_shapes
from tests.graph.build import tapped

ASSETS = (
    "deeplabv3_nhwc",
    "digits_external_data/model",
    "fastestdet",
    "kws_fp32",
    "kws_qdq",
    "kws_qoperator",
    "mnist-8",
    "openwakeword_embedding",
    "ppocr_cls_dynamic_hw",
    "silero_vad_op18",
    "squeezenet_fp16",
    "super_resolution",
    "ultraface_rfb320",
    "unet_sed_gen",
    "yolox_nano",
)
OPEN_SIZES = {  # what the models themselves leave open
    "ppocr_cls_dynamic_hw": {"x": (1, 3, 48, 192)},
    "silero_vad_op18": {"input": (1, 512), "sr": (), "state": (2, 1, 128)},
}
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


@pytest.fixture(scope="module")
def model_path(shared):
    return lambda name: str(shared / "assets" / "models" / f"{name}.onnx")


@pytest.mark.parametrize("name", ASSETS)
def test_a_real_model_opens_with_sensible_facts(name, model_path):
    began = time.perf_counter()
    opened = read(model_path(name))
    seconds = time.perf_counter() - began
    layers = opened.model.layers
    proto = onnx.load(model_path(name))
    assert len(layers) == sum(node.op_type != "Constant" for node in _nodes(proto.graph))
    assert len({layer.name for layer in layers}) == len(layers)
    assert all(layer.family in FAMILIES for layer in layers)
    for layer in layers:
        if layer.op_type in ("Conv", "ConvTranspose", "Gemm", "QLinearConv"):
            assert layer.parameters
            assert layer.weight("kernel").read().dtype == np.float32
        if layer.op_type in ("Conv", "ConvTranspose", "QLinearConv", "MaxPool", "AveragePool"):
            assert layer.geometry is not None
        if layer.op_type != "If":
            assert layer.receptive_field.status != "unknown"
    assert seconds < 2


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """The nodes of a graph, those in the bodies of others too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from _nodes(attribute.g)


@pytest.mark.parametrize(
    "name", ["unet_sed_gen", "super_resolution", "digits_external_data/model", "deeplabv3_nhwc", "mnist-8"]
)
def test_where_every_float_is_learned_the_parameters_are_all_floats(name, model_path):
    proto = onnx.load(model_path(name))
    count = sum(math.prod(each.dims) for each in proto.graph.initializer if each.data_type == TensorProto.FLOAT)
    scales = {node.input[1] for node in proto.graph.node if node.op_type == "Upsample"}
    count -= sum(math.prod(each.dims) for each in proto.graph.initializer if each.name in scales)
    assert read(model_path(name)).model.parameters == count


@pytest.mark.parametrize("name", ASSETS)
def test_every_kernel_is_the_initializer_of_the_file(name, model_path):
    proto = onnx.load(model_path(name))
    stored = {each.name: each for each in proto.graph.initializer}
    stored |= {node.output[0]: node.attribute[0].t for node in proto.graph.node if node.op_type == "Constant"}
    compared = 0
    for layer in read(model_path(name)).model.layers:
        for weight in layer.weights:
            expected = numpy_helper.to_array(stored[weight.name])
            np.testing.assert_array_equal(np.sort(weight.codes(), None), np.sort(expected, None))
            if not weight.steps:
                np.testing.assert_array_equal(weight.codes(), expected)
            compared += 1
    assert compared


def test_what_the_branches_of_the_voice_detector_learned_is_counted_once(model_path):
    model = read(model_path("silero_vad_op18")).model
    proto = onnx.load(model_path("silero_vad_op18"))
    learned = {each.name: math.prod(each.dims) for each in proto.graph.initializer if each.name.startswith("model")}
    assert model.parameters == sum(learned.values())
    assert sum(bool(layer.inside) for layer in model.layers) == 86
    assert not any(layer.hidden for layer in model.layers)


@pytest.mark.parametrize("name", ASSETS)
def test_the_shapes_worked_out_are_those_of_the_run(name, model_path):
    opened = read(model_path(name))
    feeds = _feeds(name, opened)
    shapes = infer_shapes(opened.proto, {key: each.shape for key, each in feeds.items()})
    found = tapped(opened)(feeds)
    unknown = []
    for key, each in found.items():
        if shapes[key].shape is None or not all(isinstance(size, int) for size in shapes[key].shape):
            unknown.append(key)
            continue
        assert shapes[key].shape == each.shape, key
        assert shapes[key].dtype == str(each.dtype), key
    assert not unknown or name in ("silero_vad_op18", "squeezenet_fp16"), unknown  # an If, and the mask of a Dropout


@pytest.mark.parametrize(
    "name",
    [
        "fastestdet",
        "yolox_nano",
        "deeplabv3_nhwc",
        "ultraface_rfb320",
        "unet_sed_gen",
        "openwakeword_embedding",
        "kws_fp32",
        "kws_qdq",
        "squeezenet_fp16",
        "mnist-8",
    ],
)
def test_only_the_pixels_in_its_field_change_an_element_of_a_real_model(name, model_path):
    opened = read(model_path(name))
    feeds = _feeds(name, opened)
    picture = feeds[opened.views.picture]
    run = tapped(opened)
    before = run(feeds)
    random = np.random.default_rng(1)
    narrow = [
        layer
        for layer in opened.model.layers
        if not layer.is_constant and layer.receptive_field.status in ("exact", "bound")
    ]
    smaller = 0
    for layer in random.choice(np.array(narrow, object), 6, replace=False):
        values = before[layer.output.name]
        place = tuple(int(random.integers(size)) for size in values.shape)
        pixels = opened.views.pixels(layer.output.name, place)
        index = [slice(None)] * picture.ndim
        for axis, (first, end) in zip(opened.views.axes, pixels, strict=True):
            index[axis] = slice(first, end)
        changed = random.standard_normal(picture.shape).astype(picture.dtype)
        changed[tuple(index)] = picture[tuple(index)]
        smaller += not np.array_equal(changed, picture)
        after = run({**feeds, opened.views.picture: changed})[layer.output.name]
        assert after[place] == values[place], f"{layer.name}{place}"
    assert smaller


def _feeds(name: str, opened: Opened) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    feeds = {}
    for each in opened.model.inputs:
        shape = OPEN_SIZES.get(name, {}).get(each.name) or tuple(
            size if isinstance(size, int) else 1 for size in each.shape
        )
        feeds[each.name] = random.standard_normal(shape).astype(each.dtype)
        if each.dtype == "int64":
            feeds[each.name] = np.array(16000, np.int64)
    return feeds


@pytest.mark.parametrize("path", sorted(LIGHT.glob("*.onnx")), ids=lambda path: path.stem)
def test_the_light_models_of_onnx_open(path):
    opened = read(str(path))
    for layer in opened.model.layers:
        if layer.op_type in ("Conv", "Gemm"):
            assert layer.macs
            assert layer.receptive_field.status in ("exact", "whole input")
        assert layer.output.shape is not None


def test_the_light_resnet_costs_what_is_published():
    assert read(str(LIGHT / "light_resnet50.onnx")).model.macs == 4_089_184_256


# ---------------------------------------------------------------- files made to break readers

# These are whole files; that they cannot run is for ONNX Runtime to say, and it does, at the latest when they run.
RUNTIME_REFUSES = {
    *("opset_999", "ir_999", "op_unknown_std", "op_unknown_domain", "op_partial_unknown", "op_no_kernel_cpu"),
    *("op_training_domain", "type_mismatch", "type_conv_int", "type_elem_undefined", "type_elem_bogus"),
    *("attr_wrong_type", "attr_negative_stride", "attr_zero_stride", "attr_kernel_rank", "attr_group_zero"),
    *("attr_huge_kernel", "attr_axis_oob", "split_oob", "sparse_index_oob", "out_wrong_type"),
}


@pytest.fixture(scope="module")
def bad_models(shared, tmp_path_factory):
    script = shared / "badinputs" / "make_bad_models.py"
    folder = tmp_path_factory.mktemp("bad")
    subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True, timeout=120)
    return folder


def test_crafted_files_are_read_or_refused_with_a_sentence_as_they_should(bad_models):
    expected = json.loads((bad_models / "expect.json").read_text("utf-8"))
    counts = {"opened": 0, "refused": 0, "left to ONNX Runtime": 0}
    for name, case in expected.items():
        wanted, stem = case["expect"], Path(name).stem
        if stem == "chain_50000":  # its time is measured elsewhere
            continue
        opened, error = _read_or_refused(str(bad_models / name))
        if opened is None:
            assert wanted not in ("ok", "cancel", "run-error", "run-error-partial"), f"{name}: {error}"
            assert os.path.basename(name) in error.message or "'conv'" in error.message
            assert error.remedy
            counts["refused"] += 1
            continue
        counts["opened"] += 1
        if wanted == "reject":
            assert stem in RUNTIME_REFUSES, f"{name} opens: {case['why']}"
            with pytest.raises(Exception, match="ONNXRuntime"):
                tapped(opened)({each.name: np.ones(each.shape, each.dtype) for each in opened.model.inputs})
            counts["left to ONNX Runtime"] += 1
    print(counts)
    assert counts["refused"] >= 60
    assert counts["left to ONNX Runtime"] == len(RUNTIME_REFUSES)


def _read_or_refused(path: str) -> tuple[Opened | None, InspectorError | None]:
    try:
        return read(path), None
    except InspectorError as error:
        return None, error


@pytest.mark.parametrize("seed", range(4))
def test_damaged_networks_are_read_or_refused_and_nothing_else(seed, tmp_path):
    """Bytes changed at random, without the shape inference of onnx, which dies of some of them."""
    script = f"""
import sys
import numpy as np
from inspector.errors import InspectorError
from inspector.graph import inference, reader
random = np.random.default_rng({seed})
good = np.frombuffer(open(sys.argv[1], "rb").read(), np.uint8)
inference._infer = lambda proto: (proto, "")
read = refused = 0
for _ in range(400):
    data = good.copy()
    places = random.integers(0, len(data), random.integers(1, 5))
    data[places] = random.integers(0, 256, len(places))
    open(sys.argv[2], "wb").write(data.tobytes())
    try:
        reader.read(sys.argv[2])
        read += 1
    except InspectorError:
        refused += 1
print(read, refused)
"""
    good = tmp_path / "good.onnx"
    good.write_bytes(_varied().SerializeToString())
    arguments = [sys.executable, "-c", script, str(good), str(tmp_path / "bad.onnx")]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    read_count, refused = map(int, done.stdout.split())
    assert read_count > 20
    assert refused > 20


def _varied() -> onnx.ModelProto:
    """A small network with many operators, so that a changed byte changes something."""
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        make("Slice", ["a", "i", "j", "i"], ["b"]),
        make("Resize", ["a", "", "s"], ["c"]),
        make("Reshape", ["c", "shape"], ["d"]),
        make("Transpose", ["d"], ["e"], perm=[1, 0, 2]),
        make("Concat", ["d", "d"], ["f"], axis=1),
        make("Gather", ["a", "i"], ["g"], axis=1),
        make("Split", ["a"], ["h", "k"], axis=1),
        make("Pad", ["a", "p"], ["l"], mode="reflect"),
        make("ReduceMean", ["l"], ["m"], axes=[2], keepdims=0),
        make("MatMul", ["e", "v"], ["n"]),
        make("DequantizeLinear", ["q", "t"], ["u"], axis=0),
        make("ConvTranspose", ["a", "u"], ["o"], output_shape=[9, 9]),
        make("Loop", ["i", "", "o"], ["r"], body=_body("MaxPool", ["z"], kernel_shape=[2, 2], auto_pad="SAME_UPPER")),
        make("If", ["b"], ["aa"], then_branch=_body("Abs", ["r"]), else_branch=_body("Neg", ["r"])),
        make("Own", ["aa"], ["y"], domain="own"),
    ]
    own = helper.make_function("own", "Own", ["s"], ["t"], [make("Relu", ["s"], ["t"])], [helper.make_opsetid("", 13)])
    arrays = {
        "w": np.ones((4, 3, 3, 3), np.float32),
        "i": np.array([1]),
        "j": np.array([3]),
        "s": np.array([1, 1, 2, 2], np.float32),
        "shape": np.array([2, 2, -1]),
        "p": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "v": np.ones((64, 3), np.float32),
        "q": np.ones((4, 2, 3, 3), np.int8),
        "t": np.ones(4, np.float32),
    }
    initializers = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    inputs = [helper.make_tensor_value_info("x", 1, [1, 3, 8, 8])]
    graph = helper.make_graph(nodes, "g", inputs, [helper.make_tensor_value_info("y", 1, None)], initializers)
    domains = [helper.make_opsetid("", 13), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=domains, ir_version=9, functions=[own])


def _body(op_type: str, inputs: list[str], **attributes: object) -> onnx.GraphProto:
    """A branch, or the body of a loop that hands on ``z``."""
    nodes = [helper.make_node(op_type, inputs, ["w2"], **attributes)]
    ends = [helper.make_tensor_value_info("w2", 1, None)]
    if inputs != ["z"]:
        return helper.make_graph(nodes, "g", [], ends)
    turn, go = helper.make_tensor_value_info("turn", 7, []), helper.make_tensor_value_info("go", 9, [])
    begins = [turn, go, helper.make_tensor_value_info("z", 1, None)]
    nodes.append(helper.make_node("Identity", ["go"], ["on"]))
    return helper.make_graph(nodes, "g", begins, [helper.make_tensor_value_info("on", 9, []), *ends])
