"""Random elements of every operator that is explained, held against ONNX Runtime."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx.backend.test
import pytest
from onnx import helper, numpy_helper

from inspector.explain.table import EXPLAINERS
from tests.explain.check import Tally, check, marked, save

LIGHT = sorted((Path(onnx.backend.test.__file__).parent / "data" / "light").glob("*.onnx"))
MICROSOFT = "com.microsoft"


def small(op_type, inputs, stored, domain="", **attributes):
    """A model of one operator; ``stored`` become initializers."""
    names = [*inputs, *stored]
    order = attributes.pop("order", names)
    node = helper.make_node(op_type, order, ["y"], domain=domain, **attributes)
    types = {name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in inputs.items()}
    fed = [helper.make_tensor_value_info(name, types[name], value.shape) for name, value in inputs.items()]
    constants = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    graph = helper.make_graph([node], op_type, fed, [onnx.ValueInfoProto(name="y")], constants)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def scale(value):
    return np.array(value, np.float32)


def code(value, dtype=np.uint8):
    return np.array(value, dtype)


RNG = np.random.default_rng(1)
PICTURE = RNG.normal(size=(2, 4, 6, 7)).astype(np.float32)
CODES = RNG.integers(0, 256, (1, 4, 6, 6)).astype(np.uint8)
ROWS = RNG.integers(0, 256, (3, 8)).astype(np.uint8)
OF_X = {"xs": scale(0.02), "xz": code(120)}
OF_Y = {"ys": scale(0.03), "yz": code(100)}

# Operators that neither the standard's tests nor the real models have, or that ONNX Runtime lacks in their opset.
SMALL = {
    "Celu": (small("Celu", {"x": PICTURE}, {}, alpha=1.5), {"x": PICTURE}),
    "DepthToSpace": (small("DepthToSpace", {"x": PICTURE}, {}, blocksize=2, mode="CRD"), {"x": PICTURE}),
    "SpaceToDepth": (
        small("SpaceToDepth", {"x": PICTURE[:, :, :, :6]}, {}, blocksize=2),
        {"x": PICTURE[:, :, :, :6]},
    ),
    "GlobalLpPool": (small("GlobalLpPool", {"x": PICTURE}, {}, p=3), {"x": PICTURE}),
    "ReduceLogSum": (
        small("ReduceLogSum", {"x": np.abs(PICTURE)}, {}, axes=[1, 2], keepdims=0),
        {"x": np.abs(PICTURE)},
    ),
    "ReduceLogSumExp": (small("ReduceLogSumExp", {"x": PICTURE}, {}, axes=[-1]), {"x": PICTURE}),
    "DequantizeLinear": (
        small(
            "DequantizeLinear",
            {"x": CODES},
            {"s": RNG.random(4).astype(np.float32), "z": code([1, 128, 7, 255])},
            axis=1,
        ),
        {"x": CODES},
    ),
    "Conv of one axis with groups": (
        small(
            "Conv",
            {"x": PICTURE[:, :, :, 0]},
            {"w": RNG.normal(size=(6, 2, 3)).astype(np.float32), "b": RNG.normal(size=6).astype(np.float32)},
            group=2,
            pads=[2, 1],
            strides=[2],
            dilations=[2],
        ),
        {"x": PICTURE[:, :, :, 0]},
    ),
    "Conv of three axes": (
        small(
            "Conv",
            {"x": np.stack([PICTURE, -PICTURE], axis=2)},
            {"w": RNG.normal(size=(3, 4, 2, 3, 3)).astype(np.float32)},
            auto_pad="SAME_LOWER",
            strides=[1, 2, 2],
        ),
        {"x": np.stack([PICTURE, -PICTURE], axis=2)},
    ),
    "ConvTranspose": (
        small(
            "ConvTranspose",
            {"x": PICTURE},
            {"w": RNG.normal(size=(4, 3, 3, 2)).astype(np.float32), "b": RNG.normal(size=6).astype(np.float32)},
            group=2,
            strides=[2, 3],
            pads=[1, 0, 0, 1],
            output_padding=[1, 0],
        ),
        {"x": PICTURE},
    ),
    "Conv of half floats": (
        small("Conv", {"x": PICTURE.astype(np.float16)}, {"w": RNG.normal(size=(5, 4, 3, 3)).astype(np.float16)}),
        {"x": PICTURE.astype(np.float16)},
    ),
    "Conv of doubles": (
        small("Gemm", {"x": PICTURE[0, 0].astype(np.float64)}, {"w": RNG.normal(size=(5, 7))}, transB=1, alpha=0.5),
        {"x": PICTURE[0, 0].astype(np.float64)},
    ),
    "QLinearConv by channel": (
        small(
            "QLinearConv",
            {"x": CODES[:, :2]},
            {
                **OF_X,
                "w": RNG.integers(-128, 128, (3, 2, 3, 3)).astype(np.int8),
                "ws": np.array([0.01, 0.02, 0.004], np.float32),
                "wz": code([0, 0, 0], np.int8),
                **OF_Y,
                "b": RNG.integers(-5000, 5000, 3).astype(np.int32),
            },
            order=["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"],
            group=1,
            pads=[1, 0, 1, 2],
            strides=[2, 1],
        ),
        {"x": CODES[:, :2]},
    ),
    "QLinearAdd": (
        small(
            "QLinearAdd",
            {"x": CODES},
            {**OF_X, "b": CODES[:, :, ::-1].copy(), "bs": scale(0.05), "bz": code(3), **OF_Y},
            MICROSOFT,
        ),
        {"x": CODES},
    ),
    "QLinearMul": (
        small(
            "QLinearMul",
            {"x": CODES},
            {**OF_X, "b": CODES[0, :, :1], "bs": scale(0.05), "bz": code(3), **OF_Y},
            MICROSOFT,
        ),
        {"x": CODES},
    ),
    "QLinearConcat": (
        small(
            "QLinearConcat",
            {"x": CODES},
            {**OF_Y, **OF_X, "b": CODES[:, :1], "bs": scale(0.05), "bz": code(3)},
            MICROSOFT,
            order=["ys", "yz", "x", "xs", "xz", "b", "bs", "bz"],
            axis=1,
        ),
        {"x": CODES},
    ),
    "QLinearSigmoid": (
        small("QLinearSigmoid", {"x": CODES}, {**OF_X, "ys": scale(1 / 256), "yz": code(0)}, MICROSOFT),
        {"x": CODES},
    ),
    "QLinearLeakyRelu": (small("QLinearLeakyRelu", {"x": CODES}, {**OF_X, **OF_Y}, MICROSOFT, alpha=0.2), {"x": CODES}),
    "QLinearSoftmax": (
        small(
            "QLinearSoftmax",
            {"x": ROWS},
            {**OF_X, "ys": scale(1 / 256), "yz": code(0)},
            MICROSOFT,
            axis=-1,
            opset=17,
        ),
        {"x": ROWS},
    ),
    "QLinearAveragePool": (
        small("QLinearAveragePool", {"x": CODES}, {**OF_X, **OF_Y}, MICROSOFT, kernel_shape=[3, 2], pads=[1, 1, 1, 0]),
        {"x": CODES},
    ),
    "QLinearGlobalAveragePool": (
        small("QLinearGlobalAveragePool", {"x": CODES}, {**OF_X, **OF_Y}, MICROSOFT),
        {"x": CODES},
    ),
    "QGemm": (
        small(
            "QGemm",
            {"x": ROWS},
            {
                **OF_X,
                "w": RNG.integers(-128, 128, (5, 8)).astype(np.int8),
                "ws": scale(0.01),
                "wz": code(0, np.int8),
                "b": RNG.integers(-900, 900, 5).astype(np.int32),
                **OF_Y,
            },
            MICROSOFT,
            transB=1,
        ),
        {"x": ROWS},
    ),
}


def test_every_operator_is_explained_as_the_runtime_computes_it(tmp_path, capsys):
    tally = Tally()
    for name, (model, feeds) in SMALL.items():
        before = sum(tally.agreed.values())
        check(tally, save(model, tmp_path), model, feeds, 40)
        assert sum(tally.agreed.values()) - before == 40, (name, tally.disagreed, tally.unexplained)
    for case, model, feeds in node_cases():
        before = len(tally.disagreed)
        check(tally, save(model, tmp_path), model, feeds, 3)
        assert len(tally.disagreed) == before, (case, tally.disagreed[before:])
    with capsys.disabled():
        print(f"\n{sum(tally.agreed.values()):,} elements of {len(tally.agreed)} operators agree")
        print(", ".join(f"{name} {count}" for name, count in sorted(tally.agreed.items())))
    assert not tally.disagreed
    assert not set(EXPLAINERS) - set(tally.agreed)


def node_cases():
    """The operator tests of the ONNX standard that have an explained operator and that ONNX Runtime can run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, of numbers that overflow on purpose
        from onnx.backend.test.case.node import collect_testcases

        cases = collect_testcases(None)
    for case in cases:
        if not {node.op_type for node in case.model.graph.node} & set(EXPLAINERS):
            continue
        inputs = case.data_sets[0][0]
        feeds = {value.name: np.asarray(fed) for value, fed in zip(case.model.graph.input, inputs, strict=False)}
        try:
            marked(case.model).run(None, feeds)
        except Exception:  # noqa: BLE001  ONNX Runtime raises types of its own for what it cannot run
            continue
        yield case.name, case.model, feeds


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_light_models_are_explained_as_the_runtime_computes_them(path):
    tally = Tally()
    model = onnx.load(path)
    stored = {each.name for each in model.graph.initializer}
    rng = np.random.default_rng(0)
    feeds = {
        value.name: rng.normal(size=[axis.dim_value for axis in value.type.tensor_type.shape.dim]).astype(np.float32)
        for value in model.graph.input
        if value.name not in stored
    }
    check(tally, path, model, feeds, 1)
    assert tally.agreed
    assert not tally.disagreed
