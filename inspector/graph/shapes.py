"""The shapes of a network's tensors, those within its nodes among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx
from onnx import numpy_helper

from inspector.graph.bodies import bodies_of, captured_by, defined_in, graphs_of, has_bodies
from inspector.graph.dtypes import Values
from inspector.graph.inference import Inferred, declaration, declared_tensor, inferred_of_main
from inspector.graph.model import Dimension, Tensor
from inspector.graph.parsing import STANDARD_DOMAINS, copied
from inspector.graph.stored import constant_of, small_values

_MOST_ROUNDS = 6  # of finding out what a loop hands on from pass to pass, and what follows from what bodies tell


def infer_shapes(proto: onnx.ModelProto, shapes: Mapping[str, Sequence[int]]) -> Mapping[str, Tensor]:
    """Return what is known of every tensor once the inputs' shapes are fixed.

    Args:
        proto: ``reader.Opened.proto``; it is not changed.
        shapes: Of the inputs, by name.
    """
    given = copied(proto)
    for value in given.graph.input:
        if value.name in shapes and value.type.HasField("tensor_type"):
            value.type.tensor_type.shape.CopyFrom(onnx.TensorShapeProto())
            for size in shapes[value.name]:
                value.type.tensor_type.shape.dim.add().dim_value = int(size)
    return inferred(given).tensors


def inferred(proto: onnx.ModelProto) -> Inferred:
    """Return what is known of every tensor; ``proto`` is not changed.

    What a file declares of tensors in between may be stale, so it counts only where nothing better can be inferred.
    """
    known = inferred_of_main(proto)
    if not has_bodies(proto.graph):
        return known
    inner, values, told = dict[str, Tensor](), dict[str, Values](), dict[str, Tensor]()
    for number, node in enumerate(each for each in proto.graph.node if any(bodies_of(each))):
        for within in _within(node, proto, known):
            inner |= within.tensors
            values |= within.values
        more = _told_by_bodies(node, {**known.tensors, **inner})
        told |= more
        if more and number < _MOST_ROUNDS:  # more than onnx finds out, so that it may know what follows, too
            known = inferred_of_main(proto, told.values())
    if told:
        known = inferred_of_main(proto, told.values())
    return Inferred({**known.tensors, **inner}, {**known.values, **values}, known.remark)


# ---------------------------------------------------------------- graphs within nodes


def _within(node: onnx.NodeProto, proto: onnx.ModelProto, known: Inferred) -> Iterator[Inferred]:
    """Yield what is known of the tensors that a node's bodies make themselves."""
    for _, body in bodies_of(node):
        sub = _as_model(body, proto, known)
        given = _fed_by(node, body, known.tensors)
        for _ in range(_MOST_ROUNDS):
            _set_inputs(sub, body, given)
            within = inferred(sub)
            steady = _steady(node, body, given, within.tensors)
            if steady == given:
                break
            given = steady
        own = set(defined_in(body))
        for inner in body.node:
            own.update(name for _, graph in bodies_of(inner) for each in graphs_of(graph) for name in defined_in(each))
        yield Inferred(
            {name: _without_new_names(tensor) for name, tensor in within.tensors.items() if name in own},
            {name: value for name, value in within.values.items() if name in own},
        )


def _without_new_names(tensor: Tensor) -> Tensor:
    """Forget the names that onnx made up for sizes: in another graph it makes the same ones up."""
    if tensor.shape is None:
        return tensor
    kept = (None if isinstance(size, str) and size.startswith("unk__") else size for size in tensor.shape)
    return replace(tensor, shape=tuple(kept))


def _as_model(body: onnx.GraphProto, proto: onnx.ModelProto, known: Inferred) -> onnx.ModelProto:
    """Return a body as a model of its own, which is fed what it takes from around it."""
    model = onnx.ModelProto(ir_version=proto.ir_version, opset_import=proto.opset_import, functions=proto.functions)
    model.graph.CopyFrom(body)
    constants = {each.name: each for each in proto.graph.initializer}
    constants |= {each.output[0]: tensor for each in proto.graph.node if (tensor := constant_of(each)) is not None}
    for name in captured_by(body):
        value = known.values.get(name, small_values(constants.get(name)))
        if value is not None:
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        elif name in known.tensors:
            model.graph.input.append(declaration(known.tensors[name]))
    return model


def _fed_by(node: onnx.NodeProto, body: onnx.GraphProto, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what is known of a body's inputs, if what it hands from pass to pass keeps its shape."""

    def outer(index: int) -> Tensor:
        name = node.input[index] if index < len(node.input) else ""
        return tensors.get(name, Tensor(name, "", None))

    given: dict[str, Tensor] = {}
    for index, value in enumerate(body.input):
        if node.op_type == "Loop":
            source = (Tensor("", "int64", ()), Tensor("", "bool", ()))[index] if index < 2 else outer(index)
        elif node.op_type == "Scan":
            source = _scanned(node, index, outer(index), len(body.input))
        else:
            source = Tensor("", "", None)
        declared = declared_tensor(value.name, value.type)
        shape = declared.shape if source.shape is None else source.shape
        given[value.name] = Tensor(value.name, source.dtype or declared.dtype, shape)
    return given


def _scanned(node: onnx.NodeProto, index: int, source: Tensor, count: int) -> Tensor:
    """Return one pass's part of what Scan goes along; what it carries is handed on whole."""
    numbers = {each.name: each for each in node.attribute}
    scans = numbers["num_scan_inputs"].i if "num_scan_inputs" in numbers else 0
    place = index - (count - scans)
    if place < 0 or source.shape is None:
        return source
    axes = list(numbers["scan_input_axes"].ints) if "scan_input_axes" in numbers else []
    axis = axes[place] if place < len(axes) else 0
    if not -len(source.shape) <= axis < len(source.shape):
        return Tensor("", source.dtype, None)
    shape = list(source.shape)
    del shape[axis]
    return Tensor("", source.dtype, tuple(shape))


def _steady(
    node: onnx.NodeProto, body: onnx.GraphProto, given: Mapping[str, Tensor], made: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return what stays known of a body's inputs once those that change from pass to pass are forgotten."""
    steady = dict(given)
    if node.op_type == "Loop":
        pairs = list(zip(list(body.input)[2:], list(body.output)[1:], strict=False))
    elif node.op_type == "Scan":
        scans = next((each.i for each in node.attribute if each.name == "num_scan_inputs"), 0)
        pairs = list(zip(list(body.input)[: max(0, len(body.input) - scans)], body.output, strict=False))
    else:
        pairs = []
    for before, after in pairs:
        known = given[before.name]
        next_shape = made[after.name].shape if after.name in made else None
        if known.shape is None or known.shape == next_shape:
            continue
        shape = None
        if next_shape is not None and len(next_shape) == len(known.shape):
            shape = tuple(a if a == b else None for a, b in zip(known.shape, next_shape, strict=True))
        steady[before.name] = replace(known, shape=shape)
    return steady


def _set_inputs(model: onnx.ModelProto, body: onnx.GraphProto, given: Mapping[str, Tensor]) -> None:
    captured = [copied(value) for value in list(model.graph.input)[len(body.input) :]]
    del model.graph.input[:]
    model.graph.input.extend([*(declaration(tensor) for tensor in given.values()), *captured])


def _open(shape: Sequence[Dimension]) -> int:
    return sum(not isinstance(size, int) for size in shape)


def _told_by_bodies(node: onnx.NodeProto, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the outputs of an If or Loop of which its bodies tell more than was known."""
    bodies = [body for _, body in bodies_of(node)]
    if node.domain not in STANDARD_DOMAINS or not bodies:
        return {}
    if node.op_type == "If":
        ends = list(zip(*(body.output for body in bodies), strict=False))
    elif node.op_type == "Loop":  # what is handed from pass to pass comes out in the end
        ends = [(value,) for value in list(bodies[0].input)[2:]]
    else:
        return {}
    found: dict[str, Tensor] = {}
    for name, values in zip(node.output, ends, strict=False):
        told = [tensors[value.name] for value in values if value.name in tensors]
        known = tensors.get(name, Tensor(name, "", None)).shape
        if len(told) < len(values) or len({each.shape for each in told}) != 1 or told[0].shape is None:
            continue
        if known is None or _open(known) > _open(told[0].shape):
            found[name] = Tensor(name, told[0].dtype, told[0].shape)
    return found
