"""The tensors that a model stores: where their values lie, checked against their shapes, and the small ones' values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from inspector.errors import ModelError
from inspector.graph import external, wire
from inspector.graph.bodies import graphs_of
from inspector.graph.dtypes import DType, Values, by_code, size_bytes
from inspector.graph.parsing import STANDARD_DOMAINS, inner_graphs, text
from inspector.graph.remedies import DAMAGED
from inspector.graph.weight import Weight, WeightFile

_EXTERNAL = onnx.TensorProto.EXTERNAL
_SMALL_BYTES = 1 << 16  # constants up to this size are looked into: axes, pads, scales
_TYPED_FIELDS = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the values of a model's tensors lie.

    Attributes:
        name: Of the model's file, for sentences.
        own: The model's file.
        named: The files that tensors declare, by the name under which they do.
        places: In the model's file, of tensors that declare none.
    """

    name: str
    own: WeightFile
    named: Mapping[str, WeightFile]
    places: Mapping[str, wire.Place]


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored tensors of a graph, by name: as the file has them, and as weights without a role."""

    tensors: Mapping[str, onnx.TensorProto]
    weights: Mapping[str, Weight]

    def constant(self, name: str) -> Values | None:
        """Return the values of a small tensor of numbers, or None."""
        return small_values(self.tensors.get(name)) if name in self.weights else None


def resolve(proto: onnx.ModelProto, files: external.Files, places: Mapping[str, wire.Place], name: str) -> Sources:
    """Check every file that the model names, and name it in ``proto`` as ONNX Runtime will look for it.

    Raises:
        ModelError: A file may not be used, or does not hold what it should.
    """
    named = {files.own_location: files.own}
    for tensor in tensors_of(proto):
        if tensor.data_location != _EXTERNAL:
            continue
        entries = {text(entry.key): text(entry.value) for entry in tensor.external_data}
        label = text(tensor.name) or "without a name"
        dtype = by_code(tensor.data_type)
        if not dtype.bits:
            raise ModelError(f"{name} keeps {label!r} in a file, but its type is one that none holds.", DAMAGED)
        length = _length(tensor.dims, dtype, label, name)
        location, offset = entries.get("location", ""), entries.get("offset", "")
        if location == wire.OWN_FILE:
            _check_own(entries, length, label, name)
            location, start = files.own_location, int(offset)
        else:
            wanted = external.Wanted(label, length, location, offset, entries.get("length", ""))
            file, start = external.locate(files, wanted)
            location = files.location(file)
            named[location] = file
        del tensor.external_data[:]
        for key, value in (("location", location), ("offset", str(start)), ("length", str(length))):
            tensor.external_data.add(key=key, value=value)
    return Sources(name, files.own, named, places)


def _check_own(entries: Mapping[str, str], length: int, label: str, name: str) -> None:
    # A file may name the model's own file by our mark for it, with anything for its offset and length.
    offset, found = entries.get("offset", ""), entries.get("length", "")
    if not _is_number(offset) or found != str(length):
        raise _wrong_length(label, name, length, int(found) if _is_number(found) else found)


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and len(digits) < 19  # 2 ** 63 has nineteen


def _wrong_length(label: str, name: str, length: int, found: int | str) -> ModelError:
    there = f"{found:,}" if isinstance(found, int) else repr(found[:40])
    return ModelError(f"The weights {label!r} of {name} take {length:,} bytes, but {there} are there.", DAMAGED)


def _length(dims: Iterable[int], dtype: DType, label: str, name: str) -> int:
    shape = tuple(dims)
    if any(size < 0 for size in shape):
        raise ModelError(f"The weights {label!r} of {name} have a negative size, {list(shape)}.", DAMAGED)
    return size_bytes(dtype, shape)


def tensors_of(proto: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Yield every tensor in a model, those in branches, functions and training graphs too."""
    graphs = [proto.graph]
    for training in proto.training_info:
        graphs += [training.initialization, training.algorithm]
    nodes = [node for function in proto.functions for node in function.node]
    while graphs or nodes:
        for graph in graphs:
            yield from graph.initializer
            yield from _parts(graph.sparse_initializer)
            nodes += graph.node
        graphs = [graph for node in nodes for graph in inner_graphs(node)]
        for node in nodes:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                if attribute.HasField("sparse_tensor"):
                    yield from _parts([attribute.sparse_tensor])
                yield from attribute.tensors
                yield from _parts(attribute.sparse_tensors)
        nodes = []


def _parts(sparse_tensors: Iterable[onnx.SparseTensorProto]) -> Iterator[onnx.TensorProto]:
    for sparse in sparse_tensors:
        yield from (sparse.values, sparse.indices)


# ---------------------------------------------------------------- weights


def stored_in(graph: onnx.GraphProto, sources: Sources) -> Stored:
    """Return a graph's initializers and constants, those of the graphs within its nodes too.

    Raises:
        ModelError: One of them holds too few or too many numbers, or holds them twice.
    """
    tensors: dict[str, onnx.TensorProto] = {}
    weights: dict[str, Weight] = {}
    for each in graphs_of(graph):
        for key, tensor in _stored_tensors(each):
            tensors[key] = tensor
            weight = _weight(key, tensor, sources)
            if weight is not None:
                weights[key] = weight
        sources = replace(sources, places={})  # which names tensors of the main graph only
    return Stored(tensors, weights)


def _stored_tensors(graph: onnx.GraphProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    for tensor in graph.initializer:
        yield tensor.name, tensor
    for node in graph.node:
        constant = constant_of(node)
        if constant is not None:
            yield node.output[0], constant


def constant_of(node: onnx.NodeProto) -> onnx.TensorProto | None:
    """Return the tensor of a Constant node; None for any other node, and for constants that are no numbers."""
    if node.op_type != "Constant" or node.domain not in STANDARD_DOMAINS or not node.output:
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


def small_values(tensor: onnx.TensorProto | None) -> Values | None:
    """Return the values of a small tensor of numbers; None for any other."""
    if tensor is None or tensor.data_location == _EXTERNAL or tensor.ByteSize() > _SMALL_BYTES:
        return None
    dtype = by_code(tensor.data_type)
    return numpy_helper.to_array(tensor) if dtype.numpy and _kinds_of_data(tensor) == 1 else None


def _weight(key: str, tensor: onnx.TensorProto, sources: Sources) -> Weight | None:
    """Return where a stored tensor lies; None for one that holds no numbers."""
    dtype = by_code(tensor.data_type)
    if not dtype.bits:
        return None
    length = _length(tensor.dims, dtype, key, sources.name)
    shape = tuple(tensor.dims)
    weight = Weight(key, "", shape, dtype.name, shape, length_bytes=length)
    if tensor.data_location == _EXTERNAL:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        return replace(weight, file=sources.named[entries["location"]], offset_bytes=int(entries["offset"]))
    if _kinds_of_data(tensor) > 1:
        raise ModelError(f"The weights {key!r} of {sources.name} are stored twice, in different ways.", DAMAGED)
    place = sources.places.get(key)
    if place is None:
        values = _little_endian(tensor, dtype)
        if len(values) != length:
            raise _wrong_length(key, sources.name, length, len(values))
        return replace(weight, encoding="inline", values=values)
    if place.encoding == "raw" and place.length_bytes != length:
        raise _wrong_length(key, sources.name, length, place.length_bytes)
    return replace(
        weight,
        file=sources.own,
        offset_bytes=place.offset_bytes,
        length_bytes=place.length_bytes,
        encoding=place.encoding,
    )


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
