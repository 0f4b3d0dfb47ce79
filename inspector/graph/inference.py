"""What onnx infers of the shapes in a main graph, helped where a network computes with shapes itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference

from inspector.graph import kinds
from inspector.graph.bodies import has_bodies
from inspector.graph.dtypes import Values, by_code, by_name
from inspector.graph.folding import folded
from inspector.graph.model import Dimension, Tensor
from inspector.graph.nodes import known_sizes
from inspector.graph.parsing import STANDARD_DOMAINS, copied, node_of, text
from inspector.graph.stored import constant_of, small_values

_MOST_ROUNDS = 6  # of inferring shapes and then what is computed from them


@dataclass(frozen=True, slots=True)
class Inferred:
    """What is known of the tensors of a model before a run, those within its nodes among them.

    Attributes:
        tensors: By name.
        values: Of the small tensors that shapes alone decide, by name.
        remark: Why nothing could be inferred; ``""`` if it could.
    """

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Values]
    remark: str = ""


def inferred_of_main(proto: onnx.ModelProto, better: Iterable[Tensor] = ()) -> Inferred:
    """Return what is known of the tensors of the main graph; ``proto`` is not changed.

    What a file declares of tensors in between may be stale, so it counts only where nothing better can be inferred.

    Args:
        proto: The model.
        better: Tensors of which more is known than onnx can infer.
    """
    graph = proto.graph
    declared = {value.name: value.type for value in (*graph.value_info, *graph.output)}
    made = [name for node in graph.node for name in node.output if name]
    shadow = _shadow(proto)
    shadow.graph.value_info.extend(declaration(tensor) for tensor in better)
    is_used_within = has_bodies(graph)  # where the numbers themselves are wanted, too
    values: dict[str, Values] = {}
    for _ in range(_MOST_ROUNDS):
        shadow, remark = _infer(shadow)
        found = {value.name: value.type for value in (*graph.input, *shadow.graph.value_info, *shadow.graph.output)}
        names = dict.fromkeys((*declared, *found, *made))
        tensors = {name: declared_tensor(name, found.get(name), declared.get(name)) for name in names}
        for initializer in graph.initializer:
            dims = tuple(initializer.dims)
            tensors[initializer.name] = Tensor(initializer.name, by_code(initializer.data_type).name, dims)
        if remark or (all(known_sizes(tensors[name].shape) is not None for name in made) and not is_used_within):
            break
        more = _follow_shapes(shadow.graph, tensors)
        if not more:
            break
        values |= more
    return Inferred(tensors, values, remark)


def _infer(proto: onnx.ModelProto) -> tuple[onnx.ModelProto, str]:
    """Return a model with the shapes that onnx infers, and why it is without them if it is."""
    try:
        return shape_inference.infer_shapes(proto, check_type=False, strict_mode=False, data_prop=True), ""
    except (shape_inference.InferenceError, RuntimeError, ValueError, TypeError, onnx.checker.ValidationError) as error:
        reason = str(error).strip().splitlines()
        return proto, f"The shapes could not be worked out before a run: {reason[-1] if reason else error}."


def _follow_shapes(graph: onnx.GraphProto, tensors: Mapping[str, Tensor]) -> dict[str, Values]:
    """Put constants where a graph computes with shapes that are known by now; onnx itself gives up early on that.

    Returns:
        The new constants.
    """
    stored = {each.name: each for each in graph.initializer}
    stored |= {node.output[0]: tensor for node in graph.node if (tensor := constant_of(node)) is not None}

    def shape(name: str) -> tuple[int, ...] | None:
        return known_sizes(tensors[name].shape) if name in tensors else None

    nodes = [node_of(node) for node in graph.node if not (node.op_type == "Constant" and node.output)]
    values = folded(nodes, shape, lambda name: small_values(stored.get(name)))
    for node in graph.node:
        if node.output and node.op_type != "Constant" and node.output[0] in values:
            name = node.output[0]
            value = numpy_helper.from_array(np.asarray(values[name]))
            node.CopyFrom(helper.make_node("Constant", [], [name], value=value))
    return values


# ---------------------------------------------------------------- what onnx is asked


def _shadow(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy for shape inference: operators that onnx does not know as those they are variants of."""
    shadow = copied(proto)
    graph = shadow.graph
    foreign = {output for node in graph.node if node.domain not in STANDARD_DOMAINS for output in node.output}
    kept = [copied(value) for value in graph.value_info if value.name in foreign]
    del graph.value_info[:]
    graph.value_info.extend(kept)
    for value in graph.output:
        value.ClearField("type")
    if any(_standard(node) is not None for node in graph.node):
        nodes = [each for node in graph.node for each in _translated(node)]
        del graph.node[:]
        graph.node.extend(nodes)
    return shadow


def _standard(node: onnx.NodeProto) -> kinds.Standard | None:
    """Return the operator that a node's shapes follow; None where it is the node's own, or lays its axes otherwise."""
    if node.domain in STANDARD_DOMAINS or node.op_type.startswith("Nhwc"):
        return None
    variant = kinds.standard(node.op_type, node.domain)
    if variant is None or variant.op_type == "Gemm":  # which can turn its matrices too
        return variant
    turned = ("channels_last", "transA", "transB")
    return None if any(each.name in turned and each.i for each in node.attribute) else variant


def _translated(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    copy = copied(node)
    variant = _standard(node)
    if variant is None:
        return [copy]
    copy.op_type, copy.domain = variant.op_type, ""
    del copy.input[:]
    copy.input.extend(node.input[index] for index in kinds.standard_inputs(variant, len(node.input)))
    if not variant.makes_float:
        return [copy]
    copy.output[0] = f"{node.output[0]}/integers"
    return [copy, helper.make_node("Cast", [copy.output[0]], [node.output[0]], to=onnx.TensorProto.FLOAT)]


# ---------------------------------------------------------------- what onnx says


def declared_tensor(name: str, *types: onnx.TypeProto | None) -> Tensor:
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
    return text(dim.dim_param) or None


def declaration(tensor: Tensor) -> onnx.ValueInfoProto:
    """Return a tensor as onnx declares one; of what is no tensor, or of no known type, the name alone."""
    value = onnx.ValueInfoProto(name=tensor.name)
    code = by_name(tensor.dtype).code
    if code:
        kind = value.type.tensor_type
        kind.elem_type = code
        if tensor.shape is not None:
            kind.shape.SetInParent()
            for size in tensor.shape:
                dim = kind.shape.dim.add()
                if isinstance(size, int):
                    dim.dim_value = size
                elif size:
                    dim.dim_param = size
    return value
