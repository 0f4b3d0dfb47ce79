"""Small models, made by hand."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
WEIGHTS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.25, -1]], np.float32)
FED = np.array([[[[1, 2], [3, 4]]]], np.float32)
# FED through WEIGHTS is (1 + 2, 2 + 1, 3 - 4), and softmax of that is (e^3, e^3, e^-1) / their sum.
LOGITS = [3.0, 3.0, -1.0]
SUM = 2 * math.exp(3) + math.exp(-1)
PROBABILITIES = [math.exp(3) / SUM, math.exp(3) / SUM, math.exp(-1) / SUM]


def save(path, nodes, inputs, outputs, weights=None, opset=17, **fields):
    """Write a model; the answer is its path as text."""

    def infos(shapes):
        return [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in shapes.items()]

    initializers = [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(nodes, "graph", infos(inputs), infos(outputs), initializers)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, **fields)
    onnx.save(proto, path)
    return str(path)


def endless(path):
    """A model that runs for ever."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["state"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", FLOAT, [1, 1, 2, 2]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", FLOAT, [1, 1, 2, 2]),
        ],
    )
    nodes = [helper.make_node("Loop", ["M", "", "x"], ["y"], "loop", body=body)]
    shape = {"x": (FLOAT, [1, 1, 2, 2])}, {"y": (FLOAT, [1, 1, 2, 2])}
    return save(path, nodes, *shape, {"M": np.array(2**62)})
