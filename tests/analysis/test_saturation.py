"""Which channels are stuck at the ends of their layer: expected by hand, on tensors that ONNX Runtime made."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from inspector.analysis.reading import Reading, reading
from inspector.analysis.saturation import Ends, ends, saturated
from inspector.graph import reader
from inspector.graph.model import Codes, Layer, Tensor


def read(values: np.ndarray) -> Reading:
    found = reading(values, Tensor("y", str(values.dtype), values.shape), {})
    assert found is not None
    return found


def layer_of(tmp_path, op_type: str, opset: int = 17, bounds: tuple[float, ...] = (), **attributes) -> Layer:
    """The only layer of a model, as the reader sees it."""
    names = [f"bound{place}" for place in range(len(bounds))]
    stored = [helper.make_tensor(name, TensorProto.FLOAT, [], [each]) for name, each in zip(names, bounds, strict=True)]
    node = helper.make_node(op_type, ["x", *names], ["y"], name="end", **attributes)
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2, 2, 2]) for name in "xy")
    graph = helper.make_graph([node], "one", [x], [y], stored)
    path = tmp_path / "one.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return reader.read(str(path)).model.layers[0]


def stuck(layer: Layer, values: np.ndarray) -> list[bool]:
    found = read(values)
    return saturated(found, ends(layer, found, {})).tolist()


def channels(*rows: list[float], dtype: type = np.float32) -> np.ndarray:
    return np.array(rows, dtype)[None, :, None, :]


def test_half_of_the_elements_at_the_ceiling_of_a_clip_make_a_channel_saturated(tmp_path):
    layer = layer_of(tmp_path, "Clip", bounds=(0.0, 6.0))
    assert stuck(layer, channels([6, 6, 1, 2], [6, 5, 1, 2], [0, 0, 0, 0])) == [True, False, False]


def test_the_floor_of_a_clip_counts_unless_it_is_zero(tmp_path):
    layer = layer_of(tmp_path, "Clip", bounds=(-1.0, 1.0))
    assert stuck(layer, channels([-1, -1, 0, 0], [0, 0, 0, 0], [1, -1, 0, 0])) == [True, False, False]


def test_the_ends_of_an_old_clip_are_attributes(tmp_path):
    layer = layer_of(tmp_path, "Clip", opset=6, min=0.0, max=6.0)
    assert ends(layer, read(channels([0.0])), {}) == Ends(None, 6.0)


def test_an_end_that_another_layer_computes_is_looked_up_in_the_run(tmp_path):
    layer = layer_of(tmp_path, "Clip", bounds=(0.0, 6.0))
    other = Layer(0, "clip", "Clip", "", "activation", ("x", "", "most"), layer.outputs)
    assert ends(other, read(channels([0.0])), {"most": np.array(4, np.float32)}) == Ends(None, 4.0)
    assert ends(other, read(channels([0.0])), {}) == Ends()


def test_an_end_is_compared_as_the_type_that_is_stored(tmp_path):
    layer = layer_of(tmp_path, "Clip", bounds=(0.0, 0.1))
    assert stuck(layer, channels([0.1, 0.1], [0.0, 0.0], dtype=np.float16)) == [True, False]


@pytest.mark.parametrize(("op_type", "low", "high"), [("Sigmoid", 0.0005, 0.9995), ("Tanh", -0.999, 0.999)])
def test_a_curve_is_saturated_within_a_thousandth_of_its_range(tmp_path, op_type, low, high):
    layer = layer_of(tmp_path, op_type)
    assert stuck(layer, channels([low, low], [high, high], [low, high], [0.5, 0.6])) == [True, True, True, False]
    assert stuck(layer, channels([0.5, 0.997], [0.5, 0.5])) == [False, False]


def test_a_gate_that_is_closed_is_saturated(tmp_path):
    assert stuck(layer_of(tmp_path, "HardSigmoid"), channels([0, 0.2], [1, 1], [0.1, 0.9])) == [True, True, False]


def test_a_relu_has_no_ends(tmp_path):
    assert not ends(layer_of(tmp_path, "Relu"), read(channels([0.0])), {})


def test_codes_saturate_at_the_ends_of_their_type_but_not_at_the_zero(tmp_path):
    layer = layer_of(tmp_path, "Relu")
    codes = channels([255, 255], [0, 0], [7, 9], dtype=np.uint8)
    known = Tensor("y", "uint8", codes.shape, codes=Codes(scale=(0.5,), zero_point=(0,)))
    found = reading(codes, known, {})
    assert found is not None
    assert ends(layer, found, {}) == Ends(None, 255, are_codes=True)
    assert saturated(found, ends(layer, found, {})).tolist() == [True, False, False]
