"""An ONNX file as a ``Model``, its weights left in the file. Runs in the engine's child; only this part knows onnx."""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import helper, numpy_helper, shape_inference

from inspector.errors import LimitError, ModelError
from inspector.graph import cost, external, kinds, learned, order, sidecar, sniff, wire
from inspector.graph.dtypes import DType, by_code, size_bytes
from inspector.graph.fields.views import Views, follow
from inspector.graph.folding import folded
from inspector.graph.model import AttributeValue, Dimension, Layer, Model, Tensor
from inspector.graph.nodes import Graph, Node, geometry
from inspector.graph.weight import Weight, WeightFile

MOST_UNFOLDED_NODES = 200_000  # of a network whose functions are written out
_EXTERNAL = onnx.TensorProto.EXTERNAL
_MOST_ROUNDS = 6  # of inferring shapes and then what is computed from them
_SMALL_BYTES = 1 << 16  # constants up to this size are looked into: axes, pads, scales
_STANDARD_DOMAINS = ("", "ai.onnx")


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
    remarks: list[str] = []
    _check(proto, name)
    named = _resolve(proto, files)
    _refuse_bombs(proto, name)
    stored = _stored(proto.graph, files.own, named, places, name)
    nodes = _sorted(proto, stored, name)
    _repair_names(proto.graph, remarks)
    tensors, values = _inferred(proto, remarks)
    graph = _graph(proto, nodes, tensors, values, stored)
    views = follow(graph)
    beside = sidecar.read(path)
    model = _model(path, proto, graph, views, remarks)
    model = replace(model, labels=beside.labels, preprocessing=beside.preprocessing)
    return Opened(model, proto, files.folder, files.all(), views)


def infer_shapes(proto: onnx.ModelProto, shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Return what is known of every tensor once the inputs' shapes are fixed.

    Args:
        proto: ``Opened.proto``; it is not changed.
        shapes: Of the inputs, by name.
    """
    given = onnx.ModelProto()
    given.CopyFrom(proto)
    for value in given.graph.input:
        if value.name in shapes and value.type.HasField("tensor_type"):
            value.type.tensor_type.shape.CopyFrom(onnx.TensorShapeProto())
            for size in shapes[value.name]:
                value.type.tensor_type.shape.dim.add().dim_value = int(size)
    return _inferred(given, [])[0]


# ---------------------------------------------------------------- the file


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
        raise ModelError(f"{name} cannot be read: {error}.", "Check the disk it lies on.") from None
    finally:
        os.close(descriptor)
    return proto, external.files_of(path, own), lean.places


def _check(proto: onnx.ModelProto, name: str) -> None:
    if not proto.opset_import:
        raise ModelError(
            f"{name} does not say which version of the operators it uses; it looks cut off.",
            "Download or export it again.",
        )
    if proto.ir_version < 1:
        raise ModelError(f"{name} does not say which version of ONNX it is in.", order.DAMAGED)
    opset = _opset(proto)
    if opset < 0 or any(each.version < 1 for each in proto.opset_import):
        raise ModelError(f"{name} asks for version {opset} of the operators, which never was.", order.DAMAGED)
    if not proto.graph.node:
        raise ModelError(f"{name} holds no layers.", "Export the network again, with its computation.")
    values = (*proto.graph.input, *proto.graph.output)
    tensors = (each for node in proto.graph.node for each in (*node.input, *node.output))
    initializers = (each.name for each in proto.graph.initializer)
    for text in (*(value.name for value in values), *initializers, *tensors):
        if not isinstance(text, str):
            raise ModelError(
                f"{name} holds a name that is not in UTF-8, {text!r}.", "Rename that tensor and export the model again."
            )


def _opset(proto: onnx.ModelProto) -> int:
    return next((each.version for each in proto.opset_import if each.domain in _STANDARD_DOMAINS), 0)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


# ---------------------------------------------------------------- tensors and where they lie


def _resolve(proto: onnx.ModelProto, files: external.Files) -> dict[str, WeightFile]:
    """Check every file that the model names, and name it as ONNX Runtime will look for it.

    Returns:
        The files, by the new names.
    """
    named = {files.own_location: files.own}
    for tensor in _tensors(proto):
        if tensor.data_location != _EXTERNAL:
            continue
        entries = {_text(entry.key): _text(entry.value) for entry in tensor.external_data}
        label = _text(tensor.name) or "without a name"
        dtype = by_code(tensor.data_type)
        if not dtype.bits:
            raise ModelError(
                f"{os.path.basename(files.model_path)} keeps {label!r} in a file, but its type is one that none holds.",
                order.DAMAGED,
            )
        length = _length(tensor.dims, dtype, label, os.path.basename(files.model_path))
        location, offset = entries.get("location", ""), entries.get("offset", "")
        if location == wire.OWN_FILE:
            _check_own(entries, length, label, os.path.basename(files.model_path))
            location, start = files.own_location, int(offset)
        else:
            wanted = external.Wanted(label, length, location, offset, entries.get("length", ""))
            file, start = external.locate(files, wanted)
            location = files.location(file)
            named[location] = file
        del tensor.external_data[:]
        for key, value in (("location", location), ("offset", str(start)), ("length", str(length))):
            tensor.external_data.add(key=key, value=value)
    return named


def _check_own(entries: Mapping[str, str], length: int, label: str, name: str) -> None:
    offset, found = entries.get("offset", ""), entries.get("length", "")
    if not (offset.isascii() and offset.isdigit() and len(offset) < 19) or found != str(length):
        raise ModelError(
            f"The weights {label!r} of {name} take {length:,} bytes, but {_count(found)} are there.", order.DAMAGED
        )


def _count(digits: str) -> str:
    return f"{int(digits):,}" if digits.isascii() and digits.isdigit() else repr(digits)


def _length(dims: Iterable[int], dtype: DType, label: str, name: str) -> int:
    shape = tuple(dims)
    if any(size < 0 for size in shape):
        raise ModelError(f"The weights {label!r} of {name} have a negative size, {list(shape)}.", order.DAMAGED)
    return size_bytes(dtype, shape)


def _tensors(proto: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Yield every tensor in a model, those in branches, functions and training graphs too."""
    graphs = [proto.graph]
    for training in proto.training_info:
        graphs += [training.initialization, training.algorithm]
    nodes = [node for function in proto.functions for node in function.node]
    while graphs or nodes:
        for graph in graphs:
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield from (sparse.values, sparse.indices)
            nodes += graph.node
        graphs = []
        for node in nodes:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                if attribute.HasField("sparse_tensor"):
                    yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)
                yield from attribute.tensors
                for sparse in attribute.sparse_tensors:
                    yield from (sparse.values, sparse.indices)
                if attribute.HasField("g"):
                    graphs.append(attribute.g)
                graphs += attribute.graphs
        nodes = []


@dataclass(frozen=True, slots=True)
class _Stored:
    """The stored tensors of a graph, by name: as the file has them, and as weights without a role."""

    tensors: Mapping[str, onnx.TensorProto]
    weights: Mapping[str, Weight]

    def constant(self, name: str) -> NDArray[np.generic] | None:
        """Return the values of a small tensor of numbers, or None."""
        return _small_values(self.tensors.get(name)) if name in self.weights else None


def _stored(
    graph: onnx.GraphProto,
    own: WeightFile,
    named: Mapping[str, WeightFile],
    places: Mapping[str, wire.Place],
    name: str,
) -> _Stored:
    tensors: dict[str, onnx.TensorProto] = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        tensor = _constant(node)
        if tensor is not None:
            tensors[node.output[0]] = tensor
    weights = {}
    for key, tensor in tensors.items():
        weight = _weight(key, tensor, own, places.get(key), name)
        if weight is not None and tensor.data_location == _EXTERNAL:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            weight = replace(weight, file=named[entries["location"]], offset_bytes=int(entries["offset"]))
        if weight is not None:
            weights[key] = weight
    return _Stored(tensors, weights)


def _constant(node: onnx.NodeProto) -> onnx.TensorProto | None:
    """Return the tensor of a Constant node; None for any other node, and for constants that are no numbers."""
    if node.op_type != "Constant" or node.domain not in _STANDARD_DOMAINS or not node.output:
        return None
    for attribute in node.attribute:
        name = attribute.name
        if name == "value":
            tensor: onnx.TensorProto = attribute.t
            return tensor
        if name in ("value_float", "value_floats"):
            values = [attribute.f] if name == "value_float" else list(attribute.floats)
            return _number_tensor(np.array(values, np.float32), name)
        if name in ("value_int", "value_ints"):
            values = [attribute.i] if name == "value_int" else list(attribute.ints)
            return _number_tensor(np.array(values, np.int64), name)
    return None


def _number_tensor(values: NDArray[np.generic], attribute: str) -> onnx.TensorProto:
    return numpy_helper.from_array(values if attribute.endswith("s") else values.reshape(()))


def _weight(key: str, tensor: onnx.TensorProto, own: WeightFile, place: wire.Place | None, name: str) -> Weight | None:
    """Return where a stored tensor lies; None for one that holds no numbers.

    Raises:
        ModelError: It holds too few or too many, or holds them twice.
    """
    dtype = by_code(tensor.data_type)
    if not dtype.bits:
        return None
    length = _length(tensor.dims, dtype, key, name)
    shape = tuple(tensor.dims)
    weight = Weight(key, "", shape, dtype.name, shape, length_bytes=length)
    if tensor.data_location == _EXTERNAL:
        return weight  # its place is filled in with its file
    if _kinds_of_data(tensor) > 1:
        raise ModelError(f"The weights {key!r} of {name} are stored twice, in different ways.", order.DAMAGED)
    if place is None:
        values = _little_endian(tensor, dtype)
        if len(values) != length:
            raise ModelError(
                f"The weights {key!r} of {name} take {length:,} bytes, but {len(values):,} are there.", order.DAMAGED
            )
        return replace(weight, encoding="inline", values=values)
    if place.encoding == "raw" and place.length_bytes != length:
        raise ModelError(
            f"The weights {key!r} of {name} take {length:,} bytes, but {place.length_bytes:,} are there.", order.DAMAGED
        )
    return replace(
        weight,
        file=own,
        offset_bytes=place.offset_bytes,
        length_bytes=place.length_bytes,
        encoding=place.encoding,
    )


_TYPED_FIELDS = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")


def _kinds_of_data(tensor: onnx.TensorProto) -> int:
    return (len(tensor.raw_data) > 0) + sum(len(getattr(tensor, each)) > 0 for each in _TYPED_FIELDS)


def _little_endian(tensor: onnx.TensorProto, dtype: DType) -> bytes:
    if tensor.HasField("raw_data"):
        return tensor.raw_data
    if dtype.name in ("float32", "complex64"):
        return np.array(tensor.float_data, "<f4").tobytes()
    if dtype.name in ("float64", "complex128"):
        return np.array(tensor.double_data, "<f8").tobytes()
    if dtype.name == "int64":
        return np.array(tensor.int64_data, "<i8").tobytes()
    if dtype.name in ("uint32", "uint64"):
        return np.array(tensor.uint64_data, "<u8").astype(f"<u{dtype.bits // 8}").tobytes()
    return np.array(tensor.int32_data, "<i4").astype(f"<u{max(8, dtype.bits) // 8}").tobytes()


# ---------------------------------------------------------------- functions, order, names


def _refuse_bombs(proto: onnx.ModelProto, name: str) -> None:
    """Count the nodes of a network with its functions written out, without writing them out.

    Raises:
        ModelError: A function calls itself.
        LimitError: There are too many.
    """
    if not proto.functions:
        return
    calls = {(each.domain, each.name): list(_called(each.node)) for each in proto.functions}
    try:
        sizes = order.unfolded_sizes(calls)
    except RecursionError as error:
        raise ModelError(f"A function of {name} calls itself: {error.args[0][1]!r}.", order.DAMAGED) from None
    total = sum(sizes.get(key, 1) for key in _called(proto.graph.node))
    if total > MOST_UNFOLDED_NODES:
        raise LimitError(
            f"{name} would unfold to {total:,} nodes; the limit is {MOST_UNFOLDED_NODES:,}.",
            "Export the network without nested functions.",
        )


def _called(nodes: Iterable[onnx.NodeProto]) -> Iterator[tuple[str, str]]:
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node.domain, node.op_type
        for attribute in node.attribute:
            if attribute.HasField("g"):
                waiting += attribute.g.node
            for graph in attribute.graphs:
                waiting += graph.node


def _captured(node: onnx.NodeProto) -> tuple[str, ...]:
    """Return the tensors that the graphs in a node's attributes take from around them."""
    used: dict[str, None] = {}
    made: set[str] = set()
    waiting = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    waiting += [graph for attribute in node.attribute for graph in attribute.graphs]
    while waiting:
        graph = waiting.pop()
        made.update(each.name for each in (*graph.input, *graph.initializer))
        used.update((each.name, None) for each in graph.output)
        for inner in graph.node:
            used.update((each, None) for each in inner.input)
            made.update(inner.output)
            for attribute in inner.attribute:
                if attribute.HasField("g"):
                    waiting.append(attribute.g)
                waiting += attribute.graphs
    return tuple(each for each in used if each and each not in made)


def _sorted(proto: onnx.ModelProto, stored: _Stored, name: str) -> list[Node]:
    """Return the nodes in execution order, and put those of ``proto`` into it.

    Raises:
        ModelError: Nothing makes a tensor that is used, two nodes make one, or nodes wait for each other.
    """
    nodes = [_node(each) for each in proto.graph.node]
    given = {value.name for value in proto.graph.input} | set(stored.tensors)
    given |= {sparse.values.name for sparse in proto.graph.sparse_initializer}
    places = order.execution_order(nodes, given, name)
    made = {output for node in nodes for output in node.outputs}
    for value in proto.graph.output:
        if value.name not in made and value.name not in given:
            raise ModelError(f"Nothing in {name} makes its output {value.name!r}.", order.DAMAGED)
    if places != sorted(places):
        protos = [_copy(proto.graph.node[place]) for place in places]
        del proto.graph.node[:]
        proto.graph.node.extend(protos)
    return [nodes[place] for place in places]


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy


def _node(proto: onnx.NodeProto) -> Node:
    return Node(
        _text(proto.op_type),
        tuple(proto.input),
        tuple(proto.output),
        {_text(each.name): value for each in proto.attribute if (value := _attribute(each)) is not None},
        "" if proto.domain in _STANDARD_DOMAINS else _text(proto.domain),
        _text(proto.name),
        _captured(proto),
    )


def _attribute(attribute: onnx.AttributeProto) -> AttributeValue | None:
    kind = attribute.type
    if kind == onnx.AttributeProto.INT:
        return attribute.i
    if kind == onnx.AttributeProto.INTS:
        return tuple(attribute.ints)
    if kind == onnx.AttributeProto.FLOAT:
        return _float(attribute.f)
    if kind == onnx.AttributeProto.FLOATS:
        return tuple(_float(value) for value in attribute.floats)
    if kind == onnx.AttributeProto.STRING:
        return _text(attribute.s)
    if kind == onnx.AttributeProto.STRINGS:
        return tuple(_text(value) for value in attribute.strings)
    return None


def _float(value: float) -> float | str:
    """Return a float32 as the shortest number that means it: 0.01, not 0.009999999776."""
    if math.isfinite(value):
        return float(str(np.float32(value)))
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _repair_names(graph: onnx.GraphProto, remarks: list[str]) -> None:
    """Give nodes of the same name different ones; ONNX Runtime would refuse them."""
    taken = {node.name for node in graph.node}
    seen: set[str] = set()
    repaired = 0
    unique = order.Unique(taken)
    for node in graph.node:
        if node.name and node.name in seen:
            node.name = unique.name(_text(node.name))
            repaired += 1
        seen.add(node.name)
    if repaired:
        verb = (
            "layer had a name that another has too; it was"
            if repaired == 1
            else "layers had names that others have too; they were"
        )
        remarks.append(f"{repaired:,} {verb} renamed.")


# ---------------------------------------------------------------- shapes


def _inferred(proto: onnx.ModelProto, remarks: list[str]) -> tuple[dict[str, Tensor], dict[str, NDArray[np.generic]]]:
    """Return what is known of the tensors of the main graph, and the values of those that shapes alone decide.

    What a file declares of tensors in between may be stale, so it counts only where nothing better can be inferred.
    """
    graph = proto.graph
    declared = {value.name: value.type for value in (*graph.value_info, *graph.output)}
    shadow = _shadow(proto)
    values: dict[str, NDArray[np.generic]] = {}
    for _ in range(_MOST_ROUNDS):
        shadow = _infer(shadow, remarks)
        found = {value.name: value.type for value in (*graph.input, *shadow.graph.value_info, *shadow.graph.output)}
        names = {**declared, **found, **{name: None for node in graph.node for name in node.output if name}}
        tensors = {name: _tensor(name, found.get(name), declared.get(name)) for name in names}
        for initializer in graph.initializer:
            dims = tuple(initializer.dims)
            tensors[initializer.name] = Tensor(initializer.name, by_code(initializer.data_type).name, dims)
        if remarks or all(_is_known(tensors[name]) for node in graph.node for name in node.output if name):
            break
        more = _follow_shapes(shadow.graph, tensors)
        if not more:
            break
        values |= more
    return tensors, values


def _infer(proto: onnx.ModelProto, remarks: list[str]) -> onnx.ModelProto:
    try:
        return shape_inference.infer_shapes(proto, check_type=False, strict_mode=False, data_prop=True)
    except (shape_inference.InferenceError, RuntimeError, ValueError, TypeError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()
        remarks.append(f"The shapes could not be worked out before a run: {reason[-1] if reason else error}.")
        return proto


def _is_known(tensor: Tensor) -> bool:
    return tensor.shape is not None and all(isinstance(size, int) for size in tensor.shape)


def _follow_shapes(graph: onnx.GraphProto, tensors: Mapping[str, Tensor]) -> dict[str, NDArray[np.generic]]:
    """Put constants where a graph computes with shapes that are known by now; onnx itself gives up early on that.

    Returns:
        The new constants.
    """
    stored = {each.name: each for each in graph.initializer}
    stored |= {node.output[0]: tensor for node in graph.node if (tensor := _constant(node)) is not None}

    def shape(name: str) -> tuple[int, ...] | None:
        tensor = tensors.get(name)
        if tensor is None or tensor.shape is None or not _is_known(tensor):
            return None
        return tuple(size for size in tensor.shape if isinstance(size, int))

    nodes = [_node(node) for node in graph.node if not (node.op_type == "Constant" and node.output)]
    values = folded(nodes, shape, lambda name: _small_values(stored.get(name)))
    for node in graph.node:
        if node.output and node.op_type != "Constant" and node.output[0] in values:
            name = node.output[0]
            value = numpy_helper.from_array(np.asarray(values[name]))
            node.CopyFrom(helper.make_node("Constant", [], [name], value=value))
    return values


def _small_values(tensor: onnx.TensorProto | None) -> NDArray[np.generic] | None:
    """Return the values of a small tensor of numbers, or None."""
    if tensor is None or tensor.data_location == _EXTERNAL or tensor.ByteSize() > _SMALL_BYTES:
        return None
    dtype = by_code(tensor.data_type)
    return numpy_helper.to_array(tensor) if dtype.numpy and _kinds_of_data(tensor) == 1 else None


def _shadow(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy for shape inference: operators that onnx does not know as those they are variants of."""
    shadow = onnx.ModelProto()
    shadow.CopyFrom(proto)
    graph = shadow.graph
    foreign = {output for node in graph.node if node.domain not in _STANDARD_DOMAINS for output in node.output}
    kept = [value for value in graph.value_info if value.name in foreign]
    kept = [onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in kept]
    del graph.value_info[:]
    graph.value_info.extend(kept)
    for value in graph.output:
        value.ClearField("type")
    if not any(
        kinds.standard(node.op_type, node.domain) for node in graph.node if node.domain not in _STANDARD_DOMAINS
    ):
        return shadow
    nodes = [each for node in graph.node for each in _translated(node)]
    del graph.node[:]
    graph.node.extend(nodes)
    return shadow


def _translated(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    copy = _copy(node)
    variant = None if node.domain in _STANDARD_DOMAINS else kinds.standard(node.op_type, node.domain)
    if (
        variant is None
        or node.op_type.startswith("Nhwc")
        or any(
            each.name in ("channels_last", "transA", "transB") and each.i and variant.op_type != "Gemm"
            for each in node.attribute
        )
    ):
        return [copy]
    copy.op_type, copy.domain = variant.op_type, ""
    del copy.input[:]
    copy.input.extend(node.input[index] for index in kinds.standard_inputs(variant, len(node.input)))
    if not variant.makes_float:
        return [copy]
    copy.output[0] = f"{node.output[0]}/integers"
    return [copy, helper.make_node("Cast", [copy.output[0]], [node.output[0]], to=onnx.TensorProto.FLOAT)]


def _tensor(name: str, *types: onnx.TypeProto | None) -> Tensor:
    """Return what the first of some types that says anything says."""
    dtype, shape = "", None
    for each in types:
        kind = each.WhichOneof("value") if each is not None else None
        if each is None or kind is None:
            continue
        if kind != "tensor_type":
            return Tensor(name, kind.removesuffix("_type").removesuffix("_tensor"), None)
        dtype = dtype or by_code(each.tensor_type.elem_type).name
        if shape is None and each.tensor_type.HasField("shape"):
            shape = tuple(_dimension(dim) for dim in each.tensor_type.shape.dim)
    return Tensor(name, dtype, shape)


def _dimension(dim: onnx.TensorShapeProto.Dimension) -> Dimension:
    if dim.HasField("dim_value"):
        return dim.dim_value if dim.dim_value >= 0 else None  # old converters write -1 for unknown
    return _text(dim.dim_param) or None


# ---------------------------------------------------------------- the model


def _graph(
    proto: onnx.ModelProto,
    nodes: Sequence[Node],
    tensors: dict[str, Tensor],
    values: Mapping[str, NDArray[np.generic]],
    stored: _Stored,
) -> Graph:
    def constant(name: str) -> NDArray[np.generic] | None:
        return values[name] if name in values else stored.constant(name)

    weights = dict(stored.weights)
    for name, weight in weights.items():
        tensors.setdefault(name, Tensor(name, weight.dtype, weight.shape))
    initializers = {each.name for each in proto.graph.initializer}
    fed = [value.name for value in proto.graph.input if value.name not in initializers]
    inputs = tuple(tensors.get(name, Tensor(name, "", None)) for name in fed)
    kept = tuple(node for node in nodes if not (node.op_type == "Constant" and not node.domain))
    return Graph(kept, inputs, tensors, weights, constant, _opset(proto))


def _model(path: str, proto: onnx.ModelProto, graph: Graph, views: Views, remarks: list[str]) -> Model:
    layers = _layers(graph, views)
    if not layers:
        raise ModelError(
            f"{os.path.basename(path)} holds no layers.", "Export the network again, with its computation."
        )
    outputs = tuple(graph.tensors.get(each.name, Tensor(each.name, "", None)) for each in proto.graph.output)
    known = [layer.macs for layer in layers if layer.macs is not None]
    learned_numbers, running = cost.totals(layers)
    if any(layer.macs and any(cost.has_unknown_batch(each.shape) for each in layer.outputs) for layer in layers):
        remarks.append("The batch size is open; multiply-accumulates are those of one picture.")
    if unknown := len(layers) - len(known):
        verb = "layer" if unknown == 1 else "layers"
        remarks.append(f"The multiply-accumulates of {unknown:,} {verb} are not known before a run.")
    return Model(
        path=path,
        opset=_opset(proto),
        producer=f"{_text(proto.producer_name)} {_text(proto.producer_version)}".strip(),
        inputs=graph.inputs,
        outputs=outputs,
        layers=layers,
        parameters=learned_numbers,
        statistics=running,
        macs=sum(known) if known else None,
        metadata={_text(each.key): _text(each.value) for each in proto.metadata_props},
        remarks=tuple(remarks),
    )


def _layers(graph: Graph, views: Views) -> tuple[Layer, ...]:
    nodes = [node for node in graph.nodes if any(node.outputs)]
    wanted = [node.name or next(filter(None, node.outputs)) for node in nodes]
    unique = order.Unique(wanted)
    seen: set[str] = set()
    varying = {tensor.name for tensor in graph.inputs}
    layers = []
    for index, (node, name) in enumerate(zip(nodes, wanted, strict=True)):
        name = unique.name(name) if name in seen else name
        seen.add(name)
        is_constant = varying.isdisjoint((*node.inputs, *node.captured))
        if not is_constant:
            varying.update(filter(None, node.outputs))
        layers.append(_layer(index, name, node, graph, views, is_constant))
    return tuple(layers)


def _layer(index: int, name: str, node: Node, graph: Graph, views: Views, is_constant: bool) -> Layer:
    kind = kinds.kind_of(node.op_type, node.domain)
    weights = learned.weights_of(node, graph)
    if kind.slides and any(each.role == "kernel" and 0 in each.shape for each in weights):
        raise ModelError(f"The kernels of the layer {name!r} hold no numbers at all.", order.DAMAGED)
    outputs = tuple(graph.tensors.get(each, Tensor(each, "", None)) for each in node.outputs if each)
    return Layer(
        index=index,
        name=name,
        op_type=node.op_type,
        domain=node.domain,
        family=kind.family,
        inputs=node.inputs,
        outputs=outputs,
        attributes=dict(node.attributes),
        weights=weights,
        geometry=geometry(node, graph) if kind.slides else None,
        parameters=cost.parameters(weights, node.op_type),
        statistics=cost.statistics(weights),
        macs=cost.macs(node, graph),
        receptive_field=views.receptive_field(outputs[0].name),
        is_constant=is_constant,
    )
