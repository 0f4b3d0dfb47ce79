"""Normalizations: by stored statistics, or by those of the numbers themselves."""

from __future__ import annotations

import math

import numpy as np

from inspector.explain.checking import running
from inspector.explain.facts import Arithmetic, Index, Numbers, Operand, Step
from inspector.explain.sources import Explainer, NotExplainedError, Sources


def batch_normalization(at: Index, sources: Sources) -> Arithmetic:
    """Explain BatchNormalization as it is in use: four stored numbers a channel, and their folded form."""
    if sources.output or sources.integer("training_mode", 0):
        raise NotExplainedError("A BatchNormalization in training mode is not explained.")
    channel = at[1] if len(at) > 1 else 0
    given = sources.at("input", 0, at)
    learned = tuple(
        sources.at(role, place, (channel,)) for place, role in enumerate(("scale", "offset", "mean", "variance"), 1)
    )
    scale, offset, mean, variance = (float(each.values) for each in learned)
    factor = scale / math.sqrt(variance + _float32(sources.attribute("epsilon", 1e-5)))
    x = float(given.values)
    result = (x - mean) * factor + offset
    steps = (
        Step("less the mean", x - mean),
        Step("divided by the root of the variance", (x - mean) * factor / scale if scale else math.nan),
        Step("times the scale", (x - mean) * factor),
        Step("plus the offset", result),
        Step(f"folded: {factor:.6g} x + {offset - mean * factor:.6g}", result),
    )
    magnitude = 3 * abs(factor) * (abs(x) + abs(mean)) + abs(offset) + abs(result)
    return Arithmetic("formula", (given, *learned), result, magnitude, steps=steps)


def instance_normalization(at: Index, sources: Sources) -> Arithmetic:
    """Explain InstanceNormalization: by mean and variance of the channel's own map."""
    axes = [np.array([at[0]]), np.array([at[1]]), *(np.arange(size) for size in sources.shape(0)[2:])]
    seen = _numbers(sources, axes)
    learned = sources.at("scale", 1, (at[1],)), sources.at("offset", 2, (at[1],))
    place = int(np.ravel_multi_index(at[2:], sources.shape(0)[2:]))
    return _normalized(sources, seen, place, learned, 1e-5)


def layer_normalization(at: Index, sources: Sources) -> Arithmetic:
    """Explain LayerNormalization: by mean and variance over the axes from ``axis`` on; its other outputs too."""
    shape = sources.shape(0)
    axis = sources.integer("axis", -1) % len(shape)
    axes = [np.array([at[each]]) if each < axis else np.arange(size) for each, size in enumerate(shape)]
    seen = _numbers(sources, axes)
    if sources.output:
        return _statistic(sources, seen)
    learned = tuple(
        sources.broadcast(role, number, at) for number, role in ((1, "scale"), (2, "offset")) if sources.has(number)
    )
    place = int(np.ravel_multi_index(at[axis:], shape[axis:]))
    return _normalized(sources, seen, place, learned, 1e-5)


def local_response_normalization(at: Index, sources: Sources) -> Arithmetic:
    """Explain LRN: a number divided by what its neighbours in the channels add up to."""
    size = sources.integer("size", 1)
    alpha, beta = _float32(sources.attribute("alpha", 1e-4)), _float32(sources.attribute("beta", 0.75))
    bias = _float32(sources.attribute("bias", 1.0))
    first, last = at[1] - (size - 1) // 2, at[1] + math.ceil((size - 1) / 2)
    channels = np.arange(max(0, first), min(sources.shape(0)[1] - 1, last) + 1)
    grid = sources.grid("input", 0, [np.array([at[0]]), channels, *(np.array([each]) for each in at[2:])])
    seen = Operand("input", grid.tensor, grid.values.reshape(-1), grid.places.reshape(len(channels), -1))
    x = float(seen.values[at[1] - channels[0]])
    squares = float((seen.values**2).sum())
    below = bias + alpha / size * squares
    result = x / below**beta
    steps = (
        Step(f"sum of the squares of {len(channels)} channels", squares),
        Step(f"{bias:.6g} + {alpha:.6g} / {size} times that", below),
        Step(f"to the power of {beta:.6g}", below**beta),
        Step(f"{x:.6g} divided by that", result),
    )
    return Arithmetic("formula", (seen,), result, abs(result) * (4 + 4 * abs(beta)), steps=steps)


# ---------------------------------------------------------------- by their own statistics


def _numbers(sources: Sources, axes: list[np.ndarray[tuple[int], np.dtype[np.int64]]]) -> Operand:
    grid = sources.grid("input", 0, axes)
    return Operand("input", grid.tensor, grid.values.reshape(-1), grid.places.reshape(-1, len(axes)))


def _moments(values: Numbers) -> tuple[float, float]:
    mean = float(values.mean())
    return mean, float(((values - mean) ** 2).mean())


def _normalized(
    sources: Sources, seen: Operand, place: int, learned: tuple[Operand, ...], epsilon: float
) -> Arithmetic:
    mean, variance = _moments(seen.values)
    root = math.sqrt(variance + _float32(sources.attribute("epsilon", epsilon)))
    scale = float(learned[0].values) if learned else 1.0
    offset = float(learned[1].values) if len(learned) > 1 else 0.0
    x = float(seen.values[place])
    result = (x - mean) / root * scale + offset
    steps = (
        Step(f"mean of {len(seen.values):,} elements", mean),
        Step("their variance", variance),
        Step(f"{x:.6g} less the mean, divided by the root of the variance", (x - mean) / root),
        Step("times the scale, plus the offset", result),
    )
    sizes = float(np.abs(seen.values).mean())
    largest = float(np.abs(seen.values).max())
    # An error of the mean moves the number itself; one of the variance scales it.
    lost = abs(scale) / root * (abs(x) + abs(mean) + sizes) + abs(result - offset) * (4 + largest * largest / root**2)
    count = len(seen.values)
    summed = abs(scale) / root * running(seen.values) / count
    summed += abs(result - offset) / root**2 * running((seen.values - mean) ** 2) / count
    return Arithmetic(
        "formula", (seen, *learned), result, lost + abs(offset) + abs(result), summed, steps=steps, winner=(place,)
    )


def _statistic(sources: Sources, seen: Operand) -> Arithmetic:
    mean, variance = _moments(seen.values)
    sizes = float(np.abs(seen.values).mean())
    if sources.output == 1:
        step = Step(f"mean of {len(seen.values):,} elements", mean)
        return Arithmetic("formula", (seen,), mean, sizes, running(seen.values) / len(seen.values), steps=(step,))
    inverse = 1 / math.sqrt(variance + _float32(sources.attribute("epsilon", 1e-5)))
    step = Step("1 divided by the root of the variance", inverse)
    largest = float(np.abs(seen.values).max())
    return Arithmetic("formula", (seen,), inverse, inverse * (4 + largest**2 * inverse**2), steps=(step,))


def _float32(value: float) -> float:
    return float(np.float32(value))


NORMALIZATIONS: dict[str, Explainer] = {
    "BatchNormalization": batch_normalization,
    "InstanceNormalization": instance_normalization,
    "LayerNormalization": layer_normalization,
    "LRN": local_response_normalization,
}
