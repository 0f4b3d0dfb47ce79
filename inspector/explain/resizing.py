"""Resize and Upsample: each output element looks back at one input element, or between some."""

from __future__ import annotations

import itertools
import math

import numpy as np

from inspector.explain.elementwise import moved
from inspector.explain.facts import Arithmetic, Index, Operand
from inspector.explain.sliding import weighted_sum
from inspector.explain.sources import Explainer, NotExplainedError, Sources


def resize(at: Index, sources: Sources) -> Arithmetic:
    """Explain Resize and Upsample, nearest and linear, in every coordinate transformation but that of a crop."""
    mode = sources.word("mode", "nearest")
    if mode not in ("nearest", "linear", "bilinear") or sources.integer("antialias", 0):
        raise NotExplainedError(f"Resizing in the mode {mode!r} is not explained, nor with antialiasing.")
    shape, made = sources.shape(0), sources.made().shape
    scales = _scales(sources, shape, made)
    if mode == "nearest":
        inside = []
        for place, length, size, scale in zip(at, shape, made, scales, strict=True):
            nearest = _nearest(_source(place, length, size, scale, sources), sources)
            inside.append(min(max(nearest, 0), length - 1) if scale != 1 or length != size else place)
        words = f"nearest: [{', '.join(map(str, inside))}] of the input"
        return moved(sources.at("input", 0, tuple(inside)), words)
    corners = []
    for place, length, size, scale in zip(at, shape, made, scales, strict=True):
        if scale == 1 and length == size:
            corners.append([(place, 1.0)])
            continue
        exact = min(max(_source(place, length, size, scale, sources), 0.0), length - 1.0)
        low = math.floor(exact)
        corners.append([(low, 1 - (exact - low)), (min(low + 1, length - 1), exact - low)])
    chosen = list(itertools.product(*corners))
    weights = np.array([math.prod(weight for _, weight in each) for each in chosen])
    operands = [sources.at("input", 0, tuple(place for place, _ in each)) for each in chosen]
    patch = Operand(
        "input",
        sources.name(0),
        np.array([float(each.values) for each in operands]),
        np.array([each.places for each in operands]),
    )
    found = weighted_sum(patch, Operand("weight", "", weights), np.arange(len(chosen)), None)
    # The weights are computed in float32 from coordinates as large as the input.
    largest = float(np.abs(patch.values).max()) * max(1.0, *(float(size) for size in shape[2:])) if shape[2:] else 0.0
    return Arithmetic(
        "products",
        found.operands,
        found.result,
        found.magnitude + 2 * largest,
        found.running,
        found.parts,
        tuple(f"[{', '.join(str(place) for place, _ in each)}]" for each in chosen),
        steps=found.steps,
    )


def _scales(sources: Sources, shape: tuple[int, ...], made: tuple[int, ...]) -> tuple[float, ...]:
    if sources.layer.op_type == "Upsample" or sources.opset < 11:
        if sources.has(1):
            return tuple(float(each) for each in sources.array(1).reshape(-1))
        given = sources.attributes.get("scales")
        return tuple(float(each) for each in given) if isinstance(given, tuple) else _ratios(shape, made)
    if sources.has(2) and sources.shape(2) != (0,):
        scales = [float(each) for each in sources.array(2).reshape(-1)]
        axes = sources.list_of("axes")
        if axes is None:
            return tuple(scales)
        whole = [1.0] * len(shape)
        for axis, scale in zip(axes, scales, strict=True):
            whole[axis % len(shape)] = scale
        return tuple(whole)
    return _ratios(shape, made)


def _ratios(shape: tuple[int, ...], made: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(float(np.float32(size) / np.float32(length)) for length, size in zip(shape, made, strict=True))


def _source(place: int, length: int, size: int, scale: float, sources: Sources) -> float:
    """Return where an output element lies in the input, by the rule that the layer names; computed in float32."""
    is_old = sources.layer.op_type == "Upsample" or sources.opset < 11
    rule = "asymmetric" if is_old else sources.word("coordinate_transformation_mode", "half_pixel")
    one, half, at, by = np.float32(1), np.float32(0.5), np.float32(place), np.float32(scale)
    if rule == "asymmetric":
        return float(at / by)
    if rule == "align_corners":
        return float(at * np.float32(length - 1) / np.float32(size - 1)) if size > 1 else 0.0
    if rule == "pytorch_half_pixel":
        return float((at + half) / by - half) if size > 1 else 0.0
    if rule == "half_pixel":
        return float((at + half) / by - half)
    if rule == "half_pixel_symmetric":
        adjustment = np.float32(size) / (by * np.float32(length))
        return float(np.float32(length) / 2 * (one - adjustment) + (at + half) / by - half)
    raise NotExplainedError(f"Resizing by the rule {rule!r} is not explained.")


def _nearest(exact: float, sources: Sources) -> int:
    is_old = sources.layer.op_type == "Upsample" or sources.opset < 11
    rule = "floor" if is_old else sources.word("nearest_mode", "round_prefer_floor")
    if rule == "floor":
        return math.floor(exact)
    if rule == "ceil":
        return math.ceil(exact)
    if rule == "round_prefer_ceil":
        return math.floor(exact + 0.5)
    return math.ceil(exact - 0.5)


RESIZING: dict[str, Explainer] = {"Resize": resize, "Upsample": resize}
