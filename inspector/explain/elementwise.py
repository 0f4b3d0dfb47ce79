"""Sums, products and other operators that take several tensors element by element; who contributed to a Concat."""

from __future__ import annotations

import math

import numpy as np

from inspector.explain.checking import running
from inspector.explain.facts import Arithmetic, Index, Operand, Step
from inspector.explain.sources import Explainer, Sources

_WORDS = {"Add": "+", "Sub": "−", "Mul": "×", "Div": "÷"}


def binary(at: Index, sources: Sources) -> Arithmetic:
    """Explain Add, Sub, Mul and Div, with broadcasting; whole numbers are divided towards zero."""
    left, right = sources.broadcast("input", 0, at), sources.broadcast("input", 1, at)
    one, two = float(left.values), float(right.values)
    op_type = sources.layer.op_type
    with np.errstate(all="ignore"):
        if op_type == "Div":
            result = float(np.divide(one, two))
            if sources.array(0).dtype.kind in "iu":
                result = float(math.trunc(result))
        else:
            function = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}[op_type]
            result = float(function(one, two))
    parts = np.array([one, two if op_type == "Add" else -two]) if op_type in ("Add", "Sub") else np.zeros(0)
    magnitude = float(np.abs(parts).sum()) if parts.size else abs(result)
    step = Step(f"{one:.6g} {_WORDS[op_type]} {two:.6g}", result)
    names = (sources.name(0), sources.name(1)) if parts.size else ()
    return Arithmetic(
        "elements", (left, right), result, _finite(magnitude), parts=parts, part_names=names, steps=(step,)
    )


def variadic(at: Index, sources: Sources) -> Arithmetic:
    """Explain Sum, Mean, Max and Min of any number of inputs."""
    operands = tuple(sources.broadcast("input", place, at) for place in range(sources.count))
    values = np.array([float(each.values) for each in operands])
    op_type, names = sources.layer.op_type, tuple(sources.name(place) for place in range(sources.count))
    if op_type in ("Max", "Min"):
        result = float(values.max() if op_type == "Max" else values.min())
        winner = int(np.argmax(np.isnan(values) if math.isnan(result) else values == result))
        word = "largest" if op_type == "Max" else "smallest"
        step = Step(f"the {word} of {len(values)}, from {names[winner]}", result)
        return Arithmetic("elements", operands, result, 0.0, steps=(step,), winner=(winner,))
    parts = values / (len(values) if op_type == "Mean" else 1)
    result = float(parts.sum())
    steps = [Step(f"sum of {len(values)} elements", float(values.sum()))]
    if op_type == "Mean":
        steps.append(Step(f"divided by {len(values)}", result))
    return Arithmetic(
        "elements",
        operands,
        result,
        _finite(float(np.abs(parts).sum())),
        running(parts),
        parts,
        names,
        steps=tuple(steps),
    )


def where(at: Index, sources: Sources) -> Arithmetic:
    """Explain Where: the condition chooses one of two."""
    condition = sources.broadcast("condition", 0, at)
    place = 1 if float(condition.values) else 2
    chosen = sources.broadcast("input", place, at)
    result = float(chosen.values)
    step = Step(f"the condition is {'true' if place == 1 else 'false'}: taken from {sources.name(place)}", result)
    return Arithmetic("elements", (condition, chosen), result, 0.0, steps=(step,))


def power(at: Index, sources: Sources) -> Arithmetic:
    base, exponent = sources.broadcast("input", 0, at), sources.broadcast("exponent", 1, at)
    with np.errstate(all="ignore"):
        result = float(np.power(float(base.values), float(exponent.values)))
    step = Step(f"{float(base.values):.6g} to the power of {float(exponent.values):.6g}", result)
    magnitude = abs(result) * (1 + abs(float(exponent.values)))
    return Arithmetic("elements", (base, exponent), result, _finite(magnitude), steps=(step,))


def concat(at: Index, sources: Sources) -> Arithmetic:
    """Explain Concat: which input contributed the element, and where it lies there."""
    axis = sources.integer("axis", 1)
    axis += len(at) if axis < 0 else 0
    before = 0
    for place in range(sources.count):
        length = sources.shape(place)[axis]
        if at[axis] < before + length:
            break
        before += length
    inside = (*at[:axis], at[axis] - before, *at[axis + 1 :])
    return moved(sources.at("input", place, inside), f"input {place} of {sources.count}, {sources.name(place)}")


def moved(operand: Operand, words: str) -> Arithmetic:
    """Return an element that only changed its place."""
    value = float(operand.values)
    return Arithmetic("move", (operand,), value, 0.0, steps=(Step(words, value),))


def _finite(magnitude: float) -> float:
    return magnitude if math.isfinite(magnitude) else 0.0


ELEMENTWISE: dict[str, Explainer] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), binary),
    **dict.fromkeys(("Sum", "Mean", "Max", "Min"), variadic),
    "Where": where,
    "Pow": power,
    "Concat": concat,
}
