"""An ONNX file as a ``Model``, its weights left in the file.

Runs in the engine's child. Of this folder only this file, ``parsing.py``, ``stored.py`` and ``shapes.py`` know onnx.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from inspector.errors import ModelError
from inspector.graph import cost, external, sidecar, sniff, wire
from inspector.graph.dtypes import Values
from inspector.graph.fields.views import Views, follow
from inspector.graph.layers import layers_of
from inspector.graph.model import Layer, Model, Tensor
from inspector.graph.nodes import Graph, Node
from inspector.graph.parsing import opset_of, refuse_bombs, repair_names, sort_nodes, text
from inspector.graph.remedies import DAMAGED, INCOMPLETE, UNREADABLE
from inspector.graph.shapes import Inferred, inferred
from inspector.graph.stored import Stored, resolve, stored_in
from inspector.graph.weight import WeightFile


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that was read.

    Attributes:
        model: The facts, for the window.
        proto: The model without its large tensors: they are declared external data below ``folder``.
        folder: What ONNX Runtime needs as ``session.model_external_initializers_file_folder_path``.
        files: Every file the model consists of, as it was; the model's own is the first.
        views: What the elements of each tensor see of the picture.
    """

    model: Model
    proto: onnx.ModelProto
    folder: str
    files: tuple[WeightFile, ...]
    views: Views


def read(path: str) -> Opened:
    """Read a model and what lies beside it.

    Raises:
        ModelError: The file, or one it names, is not what it should be.
        LimitError: The network would unfold to too many nodes.
    """
    name = os.path.basename(path) or path
    proto, files, places = _open(path, name)
    _check(proto, name)
    sources = resolve(proto, files, places, name)
    refuse_bombs(proto, name)
    stored = stored_in(proto.graph, sources)
    nodes = sort_nodes(proto, stored.tensors, name)
    renamed = repair_names(proto.graph)
    known = inferred(proto)
    graph = _graph(proto, nodes, known, stored)
    views = follow(graph)
    layers = layers_of(graph, views)
    if not layers:
        raise _without_layers(name)
    remarks = (renamed, known.remark, *_remarks_on_macs(layers))
    model = _model(path, proto, graph, layers, tuple(filter(None, remarks)))
    return Opened(model, proto, files.folder, files.all(), views)


def _open(path: str, name: str) -> tuple[onnx.ModelProto, external.Files, dict[str, wire.Place]]:
    descriptor = sniff.open_regular(path)
    try:
        own = sniff.identity(os.path.realpath(path), descriptor)
        sniff.refuse_other_formats(name, descriptor, own.size_bytes)
        with mmap.mmap(descriptor, own.size_bytes, access=mmap.ACCESS_READ) as data:
            try:
                lean = wire.without_weights(data)
                proto = onnx.ModelProto.FromString(lean.model)
            except wire.DamagedError as error:
                raise sniff.damaged(name, data[:512], str(error)) from None
            except DecodeError:
                raise sniff.damaged(name, data[:512], "its parts do not fit together") from None
            if not proto.HasField("graph"):
                raise sniff.damaged(name, data[:512], "it holds no graph, it looks cut off or is something else")
    except (OSError, ValueError) as error:
        raise ModelError(f"{name} cannot be read: {error}.", UNREADABLE) from None
    finally:
        os.close(descriptor)
    return proto, external.files_of(path, own), lean.places


def _check(proto: onnx.ModelProto, name: str) -> None:
    if not proto.opset_import:
        raise ModelError(f"{name} does not say which version of the operators it uses; it looks cut off.", INCOMPLETE)
    if proto.ir_version < 1:
        raise ModelError(f"{name} does not say which version of ONNX it is in.", DAMAGED)
    opset = opset_of(proto)
    if opset < 0 or any(each.version < 1 for each in proto.opset_import):
        raise ModelError(f"{name} asks for version {opset} of the operators, which never was.", DAMAGED)
    if not proto.graph.node:
        raise _without_layers(name)
    values = (value.name for value in (*proto.graph.input, *proto.graph.output))
    initializers = (each.name for each in proto.graph.initializer)
    tensors = (each for node in proto.graph.node for each in (*node.input, *node.output))
    for each in (*values, *initializers, *tensors):
        if not isinstance(each, str):  # protobuf hands out the bytes of what is not in UTF-8
            raise ModelError(
                f"{name} holds a name that is not in UTF-8, {each!r}.", "Rename that tensor and export the model again."
            )


def _without_layers(name: str) -> ModelError:
    return ModelError(f"{name} holds no layers.", "Export the network again, with its computation.")


def _graph(proto: onnx.ModelProto, nodes: list[Node], known: Inferred, stored: Stored) -> Graph:
    def constant(name: str) -> Values | None:
        return known.values[name] if name in known.values else stored.constant(name)

    tensors = {name: Tensor(name, weight.dtype, weight.shape) for name, weight in stored.weights.items()}
    tensors |= known.tensors
    initializers = {each.name for each in proto.graph.initializer}
    fed = [value.name for value in proto.graph.input if value.name not in initializers]
    inputs = tuple(tensors.get(name, Tensor(name, "", None)) for name in fed)
    kept = tuple(node for node in nodes if not (node.op_type == "Constant" and not node.domain))
    return Graph(kept, inputs, tensors, stored.weights, constant, opset_of(proto))


def _model(
    path: str, proto: onnx.ModelProto, graph: Graph, layers: tuple[Layer, ...], remarks: tuple[str, ...]
) -> Model:
    beside = sidecar.read(path)
    macs = [layer.macs for layer in layers if layer.macs is not None]
    parameters, statistics = cost.totals(layers)
    return Model(
        path=path,
        opset=graph.opset,
        producer=f"{text(proto.producer_name)} {text(proto.producer_version)}".strip(),
        inputs=graph.inputs,
        outputs=tuple(graph.tensor(each.name) for each in proto.graph.output),
        layers=layers,
        parameters=parameters,
        statistics=statistics,
        macs=sum(macs) if macs else None,
        metadata={text(each.key): text(each.value) for each in proto.metadata_props},
        labels=beside.labels,
        preprocessing=beside.preprocessing,
        remarks=remarks,
    )


def _remarks_on_macs(layers: tuple[Layer, ...]) -> list[str]:
    remarks = []
    if any(layer.macs and any(cost.has_unknown_batch(each.shape) for each in layer.outputs) for layer in layers):
        remarks.append("The batch size is open; multiply-accumulates are those of one picture.")
    if unknown := sum(layer.macs is None for layer in layers):
        noun = "layer" if unknown == 1 else "layers"
        remarks.append(f"The multiply-accumulates of {unknown:,} {noun} are not known before a run.")
    return remarks
