"""An ONNX file as a ``Model``, its weights left in the file.

Runs in the engine's child. Which files of this folder know onnx is said in tests/test_imports.py.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from inspector.errors import ModelError
from inspector.graph import cost, external, functions, inner, layouts, packed, quantization, sniff, wire
from inspector.graph.bodies import defined_in, graphs_of, has_bodies, name_apart, with_bodies
from inspector.graph.dtypes import Values
from inspector.graph.fields.views import Views, follow
from inspector.graph.fingerprint import fingerprint
from inspector.graph.inference import Inferred
from inspector.graph.layers import layers_of
from inspector.graph.model import Layer, Model, Tensor
from inspector.graph.nodes import Graph, Node
from inspector.graph.parsing import copied, opset_of, refuse_bombs, repair_names, sort_nodes, text
from inspector.graph.remedies import DAMAGED, INCOMPLETE, UNREADABLE
from inspector.graph.shapes import inferred
from inspector.graph.sources import read as what_files_say
from inspector.graph.stored import Stored, resolve, stored_in
from inspector.graph.weight import WeightFile


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that was read.

    Attributes:
        model: The facts, for the window.
        proto: The model without its large tensors: they are declared external data below ``folder``. Its functions are
            written out, and every tensor has a name of its own, those within nodes too: the names of ``model``.
        deployed: The same as the file has it.
        folder: What ONNX Runtime needs as ``session.model_external_initializers_file_folder_path``.
        files: Every file the model consists of, as it was; the model's own is the first.
        views: What the elements of each tensor see of the picture.
    """

    model: Model
    proto: onnx.ModelProto
    deployed: onnx.ModelProto
    folder: str
    files: tuple[WeightFile, ...]
    views: Views


def read(path: str, change: Callable[[onnx.ModelProto], onnx.ModelProto] | None = None) -> Opened:
    """Read a model and what lies beside it.

    Args:
        path: The file.
        change: What is done to the network, its functions written out, before anything is made of it.

    Raises:
        ModelError: The file, or one it names, is not what it should be.
        LimitError: The network would unfold to too many nodes.
    """
    name = os.path.basename(path) or path
    proto, files, lean = _open(path, name)
    _check(proto, name)
    sources = resolve(proto, files, lean.places, name)
    refuse_bombs(proto, name)
    renamed = repair_names(graphs_of(proto.graph))
    deployed = proto
    proto, written_out = functions.written_out(proto)
    if proto is not deployed:
        repair_names(graphs_of(proto.graph))
    if change is not None:
        proto = deployed = change(proto)
    if has_bodies(proto.graph):
        proto = copied(proto)
        name_apart(proto.graph)
    stored = stored_in(proto.graph, sources)
    nodes = with_bodies(proto.graph, sort_nodes(proto, stored.tensors, name), name)
    known = inferred(proto)
    graph = _told(_graph(proto, nodes, known, stored))
    views = follow(graph)
    layers = layers_of(graph, views)
    if not layers:
        raise _without_layers(name)
    remarks = (renamed, written_out, known.remark, _remark_on_packed(layers), *_remarks_on_macs(layers))
    model = _model(path, proto, graph, layers, tuple(filter(None, remarks)))
    mark = fingerprint(lean.model, stored.weights.values())
    model = replace(model, fingerprint=mark, picture=views.picture, picture_axes=views.axes)
    return Opened(model, proto, deployed, files.folder, files.all(), views)


def _open(path: str, name: str) -> tuple[onnx.ModelProto, external.Files, wire.Lean]:
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
    return proto, external.files_of(path, own), lean


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
    for each in _names(proto):
        if not isinstance(each, str):  # protobuf hands out the bytes of what is not in UTF-8
            raise ModelError(
                f"{name} holds a name that is not in UTF-8, {each!r}.", "Rename that tensor and export the model again."
            )


def _names(proto: onnx.ModelProto) -> Iterator[str]:
    for graph in graphs_of(proto.graph):
        yield from (value.name for value in (*graph.input, *graph.output))
        yield from defined_in(graph)
        yield from (each for node in graph.node for each in node.input)
    for function in proto.functions:
        yield from (*function.input, *function.output)
        yield from (each for node in function.node for each in (*node.input, *node.output))


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


def _told(graph: Graph) -> Graph:
    """Return a graph that says more of its tensors: where their channels are, and what their integers stand for."""
    last, codes = layouts.channels_last(graph), quantization.codes(graph)
    tensors = dict(graph.tensors)
    for name in {*last, *codes, *(output for node in graph.nodes if node.inside for output in node.outputs if output)}:
        passes = inner.passes(graph.makers[name], graph) if name in graph.makers else 0
        tensors[name] = replace(graph.tensor(name), channels_last=name in last, codes=codes.get(name), passes=passes)
    inputs = tuple(tensors.get(each.name, each) for each in graph.inputs)
    return replace(graph, tensors=tensors, inputs=inputs)


def _model(
    path: str, proto: onnx.ModelProto, graph: Graph, layers: tuple[Layer, ...], remarks: tuple[str, ...]
) -> Model:
    macs = [layer.macs for layer in layers if layer.macs is not None and not layer.inside]
    parameters, statistics = cost.totals(layers)
    outputs = tuple(graph.tensor(each.name) for each in proto.graph.output)
    metadata = {text(each.key): text(each.value) for each in proto.metadata_props}
    said = what_files_say(path, graph.inputs, outputs, metadata)
    return Model(
        path=path,
        opset=graph.opset,
        producer=f"{text(proto.producer_name)} {text(proto.producer_version)}".strip(),
        inputs=graph.inputs,
        outputs=outputs,
        layers=layers,
        parameters=parameters,
        statistics=statistics,
        macs=sum(macs) if any(macs) or len(macs) == len(layers) else None,
        metadata=metadata,
        labels=said.labels,
        labels_source=said.labels_source,
        preprocessing=said.preprocessing,
        remarks=(*remarks, *said.remarks),
        quantized=quantization.kind(graph),
    )


def _remark_on_packed(layers: tuple[Layer, ...]) -> str:
    count = sum(each.op_type in packed.PACKED and each.weight("kernel") is None for each in layers)
    if not count:
        return ""
    noun = "layer" if count == 1 else "layers"
    return f"The kernels of {count:,} {noun} are packed in a way that cannot be read as a matrix yet."


def _remarks_on_macs(layers: tuple[Layer, ...]) -> list[str]:
    remarks = []
    if any(layer.macs and any(cost.has_unknown_batch(each.shape) for each in layer.outputs) for layer in layers):
        remarks.append("The batch size is open; multiply-accumulates are those of one picture.")
    if unknown := sum(layer.macs is None for layer in layers):
        noun = "layer" if unknown == 1 else "layers"
        remarks.append(f"The multiply-accumulates of {unknown:,} {noun} are not known before a run.")
    return remarks
