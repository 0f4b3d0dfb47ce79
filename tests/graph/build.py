"""Small networks for these tests, and ONNX Runtime's word on their tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inspector.graph.reader import Opened

FLOAT = TensorProto.FLOAT
RANDOM = np.random.default_rng(7)


def node(op_type: str, inputs: str, outputs: str, name: str = "", **attributes: object) -> onnx.NodeProto:
    """A node whose inputs and outputs are words; ``_`` is one left out."""
    words = [["" if word == "_" else word for word in text.split()] for text in (inputs, outputs)]
    return helper.make_node(op_type, *words, name=name, **attributes)


def value(name: str, shape: Sequence[int | str | None] | None, dtype: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def tensor(name: str, array: object) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(array), name)


def weights(name: str, *shape: int) -> onnx.TensorProto:
    return tensor(name, RANDOM.standard_normal(shape).astype(np.float32))


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[str | onnx.ValueInfoProto],
    initializers: Sequence[onnx.TensorProto] = (),
    opset: int = 17,
    domains: Mapping[str, int] | None = None,
    **settings: object,
) -> onnx.ModelProto:
    """A model; outputs given by name have no type of their own."""
    ends = [value(each, None) if isinstance(each, str) else each for each in outputs]
    for end in ends:
        if end.type.tensor_type.elem_type == FLOAT and not end.type.tensor_type.HasField("shape"):
            end.ClearField("type")
    graph = helper.make_graph(list(nodes), "graph", list(inputs), ends, list(initializers))
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(*each) for each in (domains or {}).items())]
    settings = {"ir_version": 9, **settings}
    return helper.make_model(graph, opset_imports=imports, **settings)


def save(path: Path, *arguments: object, **settings: object) -> str:
    """Write ``model(...)`` to a file."""
    path.write_bytes(model(*arguments, **settings).SerializeToString())  # type: ignore[arg-type]
    return str(path)


def run(opened: Opened, feeds: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Every tensor of a model, from a session in which all are marked and nothing is optimised."""
    return tapped(opened)(feeds)


def tapped(opened: Opened):
    """A function that runs a model and returns every tensor."""
    proto = onnx.ModelProto()
    proto.CopyFrom(opened.proto)
    names = {each.name for each in proto.graph.output}
    for each in proto.graph.node:
        for name in each.output:
            if name and name not in names:
                proto.graph.output.add(name=name)
                names.add(name)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", opened.folder)
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    outputs = [each.name for each in session.get_outputs()]

    def run(feeds: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        return dict(zip(outputs, session.run(outputs, dict(feeds)), strict=True))

    return run
