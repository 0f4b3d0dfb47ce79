"""Small numbers that a graph computes from shapes: where a Reshape or Resize takes its sizes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from inspector.graph.dtypes import Values, by_code
from inspector.graph.nodes import Node

Rule = Callable[[Node, Sequence[Values]], Values]

_MOST_ELEMENTS = 256  # a shape has fewer axes; larger tensors are no shapes


def folded(
    nodes: Iterable[Node],
    shape: Callable[[str], tuple[int, ...] | None],
    constant: Callable[[str], Values | None],
) -> dict[str, Values]:
    """Return the values that follow from shapes and constants alone.

    Args:
        nodes: In execution order.
        shape: Of a tensor, if it is known.
        constant: The values of a small stored tensor; None for any other.

    Returns:
        By tensor name, with those that small constants alone decide.
    """
    found: dict[str, Values] = {}
    for node in nodes:
        if node.domain or len(node.outputs) != 1:
            continue
        value = _of_shape(node, shape)
        rule = _RULES.get(node.op_type)
        if value is None and rule is not None:
            inputs = [found.get(name) if name in found else constant(name) for name in node.inputs if name]
            known = [each for each in inputs if each is not None and each.size <= _MOST_ELEMENTS]
            if inputs and len(known) == len(inputs):
                value = _applied(rule, node, known)
        if value is not None and value.size <= _MOST_ELEMENTS:
            found[node.outputs[0]] = value
    return found


def _of_shape(node: Node, shape: Callable[[str], tuple[int, ...] | None]) -> Values | None:
    if node.op_type not in ("Shape", "Size"):
        return None
    sizes = shape(node.input(0))
    if sizes is None:
        return None
    if node.op_type == "Size":
        return np.array(np.prod(sizes, dtype=np.int64))
    return np.array(sizes, np.int64)[node.integer("start", 0) : node.integer("end", len(sizes))]


def _applied(rule: Rule, node: Node, inputs: Sequence[Values]) -> Values | None:
    try:
        with np.errstate(all="ignore"):
            return rule(node, inputs)
    except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError):  # it will not run either
        return None


def _divided(node: Node, inputs: Sequence[Values]) -> Values:
    left, right = inputs
    if left.dtype.kind == "f":
        quotient: Values = np.divide(left, right)
        return quotient
    if not np.all(right):
        raise ZeroDivisionError
    towards_zero = np.abs(left) // np.abs(right) * (np.sign(left) * np.sign(right))
    return np.asarray(towards_zero, left.dtype)


def _sliced(node: Node, inputs: Sequence[Values]) -> Values:
    values = inputs[0]
    if len(inputs) >= 3:
        starts, ends = inputs[1].reshape(-1), inputs[2].reshape(-1)
        axes = inputs[3].reshape(-1) if len(inputs) > 3 else np.arange(len(starts))
        steps = inputs[4].reshape(-1) if len(inputs) > 4 else np.ones(len(starts), np.int64)
    else:
        starts, ends = np.array(node.integers("starts") or ()), np.array(node.integers("ends") or ())
        axes, steps = np.array(node.integers("axes") or range(len(starts))), np.ones(len(starts), np.int64)
    index = [slice(None)] * values.ndim
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), axes.tolist(), steps.tolist(), strict=True):
        size = values.shape[axis]
        stop = None if step < 0 and end < -size else end  # before the first element there is no place to name
        index[axis] = slice(start, stop, step)
    return values[tuple(index)]


def _axes(node: Node, inputs: Sequence[Values]) -> tuple[int, ...] | None:
    if len(inputs) > 1:
        return tuple(int(axis) for axis in inputs[1].reshape(-1))
    return node.integers("axes")


def _squeezed(node: Node, inputs: Sequence[Values]) -> Values:
    return np.squeeze(inputs[0], _axes(node, inputs))


def _unsqueezed(node: Node, inputs: Sequence[Values]) -> Values:
    return np.expand_dims(inputs[0], _axes(node, inputs) or ())


def _reshaped(node: Node, inputs: Sequence[Values]) -> Values:
    wanted = [int(size) for size in inputs[1].reshape(-1)]
    sizes = [inputs[0].shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    return inputs[0].reshape(sizes)


def _cast(node: Node, inputs: Sequence[Values]) -> Values:
    name = by_code(node.integer("to", 0)).numpy
    if not name:
        raise TypeError
    return inputs[0].astype(name)


def _ranged(node: Node, inputs: Sequence[Values]) -> Values:
    start, limit, step = (each.reshape(-1)[0] for each in inputs)
    if abs((limit - start) / step) > _MOST_ELEMENTS:
        raise OverflowError
    return np.arange(start, limit, step)


def _reduced(node: Node, inputs: Sequence[Values]) -> Values:
    product: Any = np.prod  # every version of numpy's stubs wants other types here
    value = product(inputs[0], axis=_axes(node, inputs), keepdims=bool(node.integer("keepdims", 1)))
    return np.asarray(value, inputs[0].dtype)


_RULES: dict[str, Rule] = {
    "Identity": lambda node, inputs: inputs[0],
    "Gather": lambda node, inputs: np.take(inputs[0], inputs[1], node.integer("axis", 0)),  # type: ignore[arg-type]
    "Concat": lambda node, inputs: np.concatenate(inputs, node.integer("axis", 0)),
    "Add": lambda node, inputs: np.add(*inputs),
    "Sub": lambda node, inputs: np.subtract(*inputs),
    "Mul": lambda node, inputs: np.multiply(*inputs),
    "Min": lambda node, inputs: np.minimum(*inputs),
    "Max": lambda node, inputs: np.maximum(*inputs),
    "Floor": lambda node, inputs: np.floor(*inputs),
    "Ceil": lambda node, inputs: np.ceil(*inputs),
    "Neg": lambda node, inputs: np.negative(*inputs),
    "Equal": lambda node, inputs: np.equal(*inputs),
    "Where": lambda node, inputs: np.where(*inputs),
    "Div": _divided,
    "Slice": _sliced,
    "Squeeze": _squeezed,
    "Unsqueeze": _unsqueezed,
    "Reshape": _reshaped,
    "Cast": _cast,
    "Range": _ranged,
    "ReduceProd": _reduced,
}
