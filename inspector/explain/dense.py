"""Fully connected layers and matrix products."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inspector.explain.facts import Arithmetic, Index, Operand, Step
from inspector.explain.sliding import weighted_sum
from inspector.explain.sources import Explainer, Indices, Sources


def gemm(at: Index, sources: Sources) -> Arithmetic:
    """Explain Gemm: ``alpha * A * B + beta * C``, each of A and B transposed on request."""
    row, column = at
    left = _line(sources, "input", 0, row, along_last=not sources.integer("transA", 0))
    right = _line(sources, "kernel", 1, column, along_last=bool(sources.integer("transB", 0)))
    alpha, beta = sources.attribute("alpha", 1.0), sources.attribute("beta", 1.0)
    bias = sources.broadcast("bias", 2, at) if sources.has(2) else None
    plain = weighted_sum(left, right, np.arange(len(left.values)), bias if alpha == beta == 1.0 else None)
    if bias is None or alpha == beta == 1.0:
        return plain if alpha == 1.0 else _scaled(plain, alpha)
    scaled = _scaled(plain, alpha)
    added = beta * float(bias.values)
    step = Step(f"plus {beta:g} times the bias", scaled.result + added)
    return replace(
        scaled,
        operands=(*scaled.operands, bias),
        result=scaled.result + added,
        magnitude=scaled.magnitude + abs(added),
        bias=added,
        steps=(*scaled.steps, step),
    )


def _scaled(plain: Arithmetic, alpha: float) -> Arithmetic:
    if alpha == 1.0:
        return plain
    result = alpha * plain.result
    return replace(
        plain,
        result=result,
        magnitude=abs(alpha) * plain.magnitude,
        running=abs(alpha) * plain.running,
        parts=alpha * plain.parts,
        steps=(*plain.steps, Step(f"times {alpha:g}", result)),
    )


def _line(sources: Sources, role: str, place: int, number: int, along_last: bool) -> Operand:
    """Return a row (its elements lie along the last axis) or a column of a matrix."""
    rows, columns = sources.shape(place)
    if along_last:
        found = sources.grid(role, place, [np.array([number]), np.arange(columns)])
        return Operand(role, found.tensor, found.values[0], found.places[0])
    found = sources.grid(role, place, [np.arange(rows), np.array([number])])
    return Operand(role, found.tensor, found.values[:, 0], found.places[:, 0])


def matmul(at: Index, sources: Sources) -> Arithmetic:
    """Explain MatMul as numpy's: stacks are broadcast; a vector is a row on the left, a column on the right."""
    left_shape, right_shape = sources.shape(0), sources.shape(1)
    inside = list(at)
    column = inside.pop() if len(right_shape) > 1 else None
    row = inside.pop() if len(left_shape) > 1 else None
    length = left_shape[-1]
    left_axes = [*_stack(inside, left_shape[:-2]), *([] if row is None else [np.array([row])]), np.arange(length)]
    right_axes = [
        *_stack(inside, right_shape[:-2]),
        np.arange(length),
        *([] if column is None else [np.array([column])]),
    ]
    left, right = sources.grid("input", 0, left_axes), sources.grid("kernel", 1, right_axes)
    return weighted_sum(_flat(left), _flat(right), np.arange(length), None)


def _stack(at: list[int], shape: tuple[int, ...]) -> list[Indices]:
    tail = at[len(at) - len(shape) :]
    return [np.array([0 if size == 1 else each]) for size, each in zip(shape, tail, strict=True)]


def _flat(operand: Operand) -> Operand:
    rank = operand.places.shape[-1]
    return Operand(operand.role, operand.tensor, operand.values.reshape(-1), operand.places.reshape(-1, rank))


DENSE: dict[str, Explainer] = {"Gemm": gemm, "MatMul": matmul}
