"""Many numbers to one: Reduce*, Softmax and LogSoftmax."""

from __future__ import annotations

import math

import numpy as np

from inspector.explain.checking import running
from inspector.explain.facts import Arithmetic, Index, Operand, Step
from inspector.explain.sources import Explainer, NotExplainedError, Sources


def reduced_axes(sources: Sources) -> tuple[int, ...]:
    """Return the axes that a reduction runs over, counted from the start; they came as an attribute once."""
    rank = len(sources.shape(0))
    axes = sources.integers(1) if sources.has(1) else sources.list_of("axes")
    if not axes:
        return () if sources.integer("noop_with_empty_axes", 0) else tuple(range(rank))
    return tuple(sorted(each % rank for each in axes))


def reduce(at: Index, sources: Sources) -> Arithmetic:
    """Explain ReduceSum, Mean, Max, Min, Prod, L1, L2, SumSquare, LogSum and LogSumExp."""
    shape, axes = sources.shape(0), reduced_axes(sources)
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    place = dict(enumerate(at)) if sources.integer("keepdims", 1) else dict(zip(kept, at, strict=True))
    seen = sources.grid(
        "input", 0, [np.arange(size) if axis in axes else np.array([place[axis]]) for axis, size in enumerate(shape)]
    )
    kind = sources.layer.op_type.removeprefix("Reduce")
    with np.errstate(all="ignore"):
        return _reduced(kind, _along(seen, axes))


def _along(seen: Operand, axes: tuple[int, ...]) -> Operand:
    """Leave out the axes of length 1 that are not reduced."""
    shape = tuple(size for axis, size in enumerate(seen.values.shape) if axis in axes)
    places = seen.places.reshape(*shape, seen.places.shape[-1]) if seen.places.size else seen.places
    return Operand(seen.role, seen.tensor, seen.values.reshape(shape), places)


def _reduced(kind: str, seen: Operand) -> Arithmetic:
    values = seen.values.reshape(-1)
    if not values.size:
        raise NotExplainedError("Nothing is reduced: an axis has no elements.")
    count = len(values)
    if kind in ("Max", "Min"):
        result = float(values.max() if kind == "Max" else values.min())
        hits = np.isnan(seen.values) if math.isnan(result) else seen.values == result
        winner = tuple(int(each) for each in np.unravel_index(int(np.argmax(hits)), seen.values.shape))
        word = "largest" if kind == "Max" else "smallest"
        step = Step(f"{word} of {count:,} elements", result)
        return Arithmetic("window", (seen,), result, 0.0, steps=(step,), winner=winner)
    if kind == "Prod":
        result = float(np.prod(values))
        steps = [Step(f"product of {count:,} elements", result)]
        return Arithmetic("window", (seen,), result, abs(result) * count, steps=tuple(steps))
    if kind == "LogSumExp":
        highest = float(values.max())
        shift = highest if math.isfinite(highest) else 0.0
        total = float(np.exp(values - shift).sum())
        result = math.log(total) + shift if total > 0 else -math.inf
        steps = [Step(f"sum of the exponentials of {count:,} elements, less {shift:.6g}", total)]
        steps.append(Step("its logarithm, plus that", result))
        summed = running(np.exp(values - shift)) / total if total else 0.0
        return Arithmetic(
            "window", (seen,), result, _safe(abs(shift) + 2 + abs(result)), _safe(summed), steps=tuple(steps)
        )
    terms = {"L1": np.abs(values), "L2": values**2, "SumSquare": values**2}.get(kind, values)
    what = {"L1": "absolute values", "L2": "squares", "SumSquare": "squares"}.get(kind, "elements")
    total = float(terms.sum())
    steps, result, share = [Step(f"sum of {count:,} {what}", total)], total, 1.0  # of the sum's error in the result's
    if kind == "Mean":
        result, share = total / count, 1 / count
        steps.append(Step(f"divided by {count:,}", result))
    elif kind == "L2":
        result = math.sqrt(total) if total >= 0 else math.nan
        share = 0.5 / result if result else 0.0
        steps.append(Step("its square root", result))
    elif kind == "LogSum":
        result, share = float(np.log(total)), 1 / abs(total) if total else 0.0
        steps.append(Step("its logarithm", result))
    magnitude = share * float(np.abs(terms).sum()) + abs(result)
    return Arithmetic("window", (seen,), result, _safe(magnitude), _safe(share * running(terms)), steps=tuple(steps))


def softmax(at: Index, sources: Sources) -> Arithmetic:
    """Explain Softmax and LogSoftmax: exponentials of the logits, divided by their sum."""
    shape = sources.shape(0)
    axis = sources.integer("axis", -1 if sources.opset >= 13 else 1) % len(shape)
    axes = (axis,) if sources.opset >= 13 else tuple(range(axis, len(shape)))
    grid = [np.arange(size) if each in axes else np.array([at[each]]) for each, size in enumerate(shape)]
    seen = _along(sources.grid("logits", 0, grid), axes)
    flat = Operand("logits", seen.tensor, seen.values.reshape(-1), seen.places.reshape(-1, len(shape)))
    place = int(np.ravel_multi_index([at[each] for each in axes], seen.values.shape))
    return of_logits(flat, place, is_log=sources.layer.op_type == "LogSoftmax")


def of_logits(logits: Operand, place: int, *, is_log: bool = False) -> Arithmetic:
    """Return the softmax of one of some logits, ``(classes,)``."""
    values = logits.values
    with np.errstate(all="ignore"):
        highest = float(values.max())
        exponentials = np.exp(values - highest)
        total = float(exponentials.sum())
        own, shifted = float(exponentials[place]), float(values[place]) - highest
        result = shifted - math.log(total) if is_log and total > 0 else own / total if total else math.nan
    steps = (
        Step(f"largest of {len(values):,} logits, taken from all so that no exponential overflows", highest),
        Step(f"exp({float(values[place]):.6g} − {highest:.6g})", own),
        Step(f"sum of {len(values):,} exponentials", total),
        Step("logarithm of their quotient" if is_log else "their quotient", result),
    )
    logs = abs(shifted) + abs(float(values[place])) + abs(highest) + 2
    magnitude = logs + abs(math.log(total) if total > 0 else 0) if is_log else abs(result) * (2 + logs)
    parts = exponentials / total if not is_log else exponentials
    names = tuple(str(each) for each in range(len(values)))
    summed = running(exponentials) / total * (1 if is_log else abs(result)) if total else 0.0
    return Arithmetic(
        "softmax", (logits,), result, _safe(magnitude), _safe(summed), parts, names, steps=steps, winner=(place,)
    )


def _safe(magnitude: float) -> float:
    return magnitude if math.isfinite(magnitude) else 0.0


_KINDS = ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")
REDUCTIONS: dict[str, Explainer] = {
    **dict.fromkeys((f"Reduce{kind}" for kind in _KINDS), reduce),
    "Softmax": softmax,
    "LogSoftmax": softmax,
}
