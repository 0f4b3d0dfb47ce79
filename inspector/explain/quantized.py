"""Integer arithmetic: codes, scales and zero points, ``real = (code - zero point) * scale``."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from inspector.explain.activations import sigmoid
from inspector.explain.facts import Arithmetic, Index, Operand, Step
from inspector.explain.reductions import of_logits
from inspector.explain.sliding import CROSS_CORRELATION, taps_of, weighted_sum, window
from inspector.explain.sources import Explainer, NotExplainedError, Sources

_ONE_CODE = "The scale rounds: the runtime may choose the neighbouring code."


@dataclass(frozen=True, slots=True)
class Codes:
    """How codes stand for real numbers at one place of a tensor."""

    scale: float
    zero_point: float

    def real(self, code: float) -> float:
        return (code - self.zero_point) * self.scale


def codes(sources: Sources, scale: int, zero_point: int, at: Index = (), axis: int = 0) -> Codes:
    """Return scale and zero point of an input or output, at a place where they run along an axis."""
    return Codes(_along(sources, scale, at, axis, 1.0), _along(sources, zero_point, at, axis, 0.0))


def _along(sources: Sources, place: int, at: Index, axis: int, default: float) -> float:
    if not sources.has(place):
        return default
    array = sources.array(place)
    if array.size == 1:
        return float(array.reshape(-1)[0])
    axis %= len(at)
    if array.ndim == 1:
        return float(array[at[axis]])
    block = sources.integer("block_size", 0) or 1
    return float(array[(*at[:axis], at[axis] // block, *at[axis + 1 :])])


def quantize(at: Index, sources: Sources) -> Arithmetic:
    """Explain QuantizeLinear: divided by the scale, rounded, halves to the even code, plus the zero point, cut off."""
    given = sources.at("input", 0, at)
    found = codes(sources, 1, 2, at, sources.integer("axis", 1) if len(at) > 1 else 0)
    return _coded(sources, (given,), float(given.values), found)


def dequantize(at: Index, sources: Sources) -> Arithmetic:
    """Explain DequantizeLinear: less the zero point, times the scale."""
    given = sources.at("code", 0, at)
    found = codes(sources, 1, 2, at, sources.integer("axis", 1) if len(at) > 1 else 0)
    result = found.real(float(given.values))
    step = Step(f"({float(given.values):g} − {found.zero_point:g}) × {found.scale:.6g}", result)
    return Arithmetic("codes", (given, *_numbers(found)), result, abs(result), steps=(step,))


def dynamic_quantize(at: Index, sources: Sources) -> Arithmetic:
    """Explain DynamicQuantizeLinear: scale and zero point from the smallest and largest number, 0 among them."""
    values = sources.array(0)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    scale = float(np.float32((high - low) / 255)) or 1.0
    zero_point = float(np.clip(np.rint(-low / scale), 0, 255))
    whole = Operand("input", sources.name(0), np.zeros(0))
    if sources.output == 1:
        step = Step(f"({high:.6g} − {low:.6g}) / 255", (high - low) / 255)
        return Arithmetic("codes", (whole,), (high - low) / 255, abs(high) + abs(low), steps=(step,))
    if sources.output == 2:
        step = Step(f"{-low:.6g} / {scale:.6g}, rounded", zero_point)
        return Arithmetic("codes", (whole,), zero_point, 0.0, steps=(step,), codes_allowed=1)
    given = sources.at("input", 0, at)
    return _coded(sources, (given,), float(given.values), Codes(scale, zero_point))


# ---------------------------------------------------------------- sums of products


def qlinear_conv(at: Index, sources: Sources) -> Arithmetic:
    """Explain QLinearConv: a sum of whole numbers, scaled, rounded, and moved to the output's zero point."""
    total = _conv(at, sources, 0, 3, codes(sources, 1, 2), codes(sources, 4, 5, (at[1],)), 8)
    scale = codes(sources, 1, 2).scale * codes(sources, 4, 5, (at[1],)).scale
    return _requantized(sources, total, scale, codes(sources, 6, 7))


def conv_integer(at: Index, sources: Sources) -> Arithmetic:
    """Explain ConvInteger: the same sum, kept as a whole number."""
    inputs, kernels = Codes(1.0, _zero(sources, 2)), Codes(1.0, _zero(sources, 3, (at[1],)))
    return _conv(at, sources, 0, 1, inputs, kernels, -1)


def _conv(at: Index, sources: Sources, place: int, kernel: int, x: Codes, w: Codes, bias: int) -> Arithmetic:
    slides = window(sources, kernel, place)
    kernels = sources.shape(kernel)
    first = at[1] // (kernels[0] // slides.group) * kernels[1]
    channels = np.arange(first, first + kernels[1])
    taps = [taps_of(position, slides, axis) for axis, position in enumerate(at[2:])]
    patch = sources.grid("input code", place, [np.array(at[:1]), channels, *taps])
    weights = sources.grid("kernel code", kernel, [np.array([at[1]]), *(np.arange(size) for size in kernels[1:])])
    # Padding is the code of 0.
    padded = replace(patch, values=np.where(patch.is_padding, x.zero_point, patch.values))
    added = sources.at("bias", bias, (at[1],)) if bias >= 0 and sources.has(bias) else None
    return _product(_first(padded), _first(weights), x, w, channels, added, (CROSS_CORRELATION,))


def qlinear_matmul(at: Index, sources: Sources) -> Arithmetic:
    """Explain QLinearMatMul."""
    left, right = codes(sources, 1, 2, at[-2:], 0), codes(sources, 4, 5, at, -1)
    total = _matmul(at, sources, (0, 3), left, right)
    return _requantized(sources, total, left.scale * right.scale, codes(sources, 6, 7))


def matmul_integer(at: Index, sources: Sources) -> Arithmetic:
    """Explain MatMulInteger."""
    left, right = Codes(1.0, _zero(sources, 2, at[-2:])), Codes(1.0, _zero(sources, 3, at[-1:]))
    return _matmul(at, sources, (0, 1), left, right)


def _matmul(at: Index, sources: Sources, places: tuple[int, int], a: Codes, b: Codes) -> Arithmetic:
    one, two = (sources.shape(place) for place in places)
    if len(one) < 2 or len(two) < 2:
        raise NotExplainedError("A quantized product of vectors is not explained.")
    length = one[-1]

    def stack(shape: tuple[int, ...]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
        above = at[:-2][len(at) - len(shape) :]
        return [np.array([0 if size == 1 else each]) for size, each in zip(shape[:-2], above, strict=True)]

    left = sources.grid("input code", places[0], [*stack(one), np.array([at[-2]]), np.arange(length)])
    right = sources.grid("kernel code", places[1], [*stack(two), np.arange(length), np.array([at[-1]])])
    return _product(_flat(left), _flat(right), a, b, np.arange(length), None, ())


def qgemm(at: Index, sources: Sources) -> Arithmetic:
    """Explain ONNX Runtime's QGemm; without a scale of its own its output is a real number."""
    a, b = codes(sources, 1, 2), codes(sources, 4, 5, (at[1],))
    rows, columns = sources.shape(0), sources.shape(3)
    length = rows[0] if sources.integer("transA", 0) else rows[1]
    along = np.arange(length)
    left_axes = [along, np.array([at[0]])] if sources.integer("transA", 0) else [np.array([at[0]]), along]
    right_axes = [np.array([at[1]]), along] if sources.integer("transB", 0) else [along, np.array([at[1]])]
    assert len(columns) == 2
    left, right = sources.grid("input code", 0, left_axes), sources.grid("kernel code", 3, right_axes)
    bias = sources.broadcast("bias", 6, at) if sources.has(6) else None
    total = _product(_flat(left), _flat(right), a, b, along, bias, ())
    scale = a.scale * b.scale * sources.attribute("alpha", 1.0)
    if not sources.has(7):
        result = total.result * scale
        step = Step(f"times the scales, {scale:.6g}", result)
        return replace(total, result=result, magnitude=abs(result) * 2, steps=(*total.steps, step))
    return _requantized(sources, total, scale, codes(sources, 7, 8))


def _product(
    left: Operand,
    right: Operand,
    a: Codes,
    b: Codes,
    names: np.ndarray[tuple[int], np.dtype[np.int64]],
    bias: Operand | None,
    remarks: tuple[str, ...],
) -> Arithmetic:
    """Return the sum of products of codes, each less its zero point: whole numbers, exact in float64."""
    one = replace(left, values=left.values - a.zero_point)
    two = replace(right, values=right.values - b.zero_point)
    found = weighted_sum(one, two, names, bias, remarks)
    note = f"Codes less their zero points, {a.zero_point:g} and {b.zero_point:g}."
    return replace(found, kind="products", remarks=(*remarks, note))


def _requantized(sources: Sources, total: Arithmetic, scale: float, made: Codes) -> Arithmetic:
    real = total.result * scale
    final = _code(real, made, sources)
    steps = (
        *total.steps,
        Step(f"times the scales of input and kernel, {scale:.6g}: the real number", real),
        Step(f"divided by the output's scale, {made.scale:.6g}", real / made.scale),
        Step(f"rounded, plus the zero point {made.zero_point:g}, cut off at the type's ends", final),
    )
    return replace(total, result=final, steps=steps, codes_allowed=1, remarks=(*total.remarks, _ONE_CODE))


# ---------------------------------------------------------------- one code from one or a few


def qlinear_binary(at: Index, sources: Sources) -> Arithmetic:
    """Explain ONNX Runtime's QLinearAdd and QLinearMul."""
    a, b = codes(sources, 1, 2), codes(sources, 4, 5)
    left, right = sources.broadcast("input code", 0, at), sources.broadcast("input code", 3, at)
    one, two = a.real(float(left.values)), b.real(float(right.values))
    is_sum = sources.layer.op_type == "QLinearAdd"
    real = one + two if is_sum else one * two
    step = Step(f"{one:.6g} {'+' if is_sum else '×'} {two:.6g}", real)
    return _coded(sources, (left, right), real, codes(sources, 6, 7), (step,))


def qlinear_concat(at: Index, sources: Sources) -> Arithmetic:
    """Explain ONNX Runtime's QLinearConcat: the contributor's code, brought to the output's scale."""
    axis = sources.integer("axis", 1) % len(at)
    before = 0
    for place in range(2, sources.count, 3):
        length = sources.shape(place)[axis]
        if at[axis] < before + length:
            break
        before += length
    given = sources.at("input code", place, (*at[:axis], at[axis] - before, *at[axis + 1 :]))
    real = codes(sources, place + 1, place + 2).real(float(given.values))
    step = Step(f"from {sources.name(place)}: the real number", real)
    return _coded(sources, (given,), real, codes(sources, 0, 1), (step,))


def qlinear_unary(at: Index, sources: Sources) -> Arithmetic:
    """Explain ONNX Runtime's QLinearSigmoid and QLinearLeakyRelu."""
    given = sources.at("input code", 0, at)
    real = codes(sources, 1, 2).real(float(given.values))
    if sources.layer.op_type == "QLinearSigmoid":
        after, words = float(sigmoid(np.asarray(real))), "1 / (1 + exp(−x))"
    else:
        alpha = float(np.float32(sources.attribute("alpha", 0.01)))
        after, words = (real if real >= 0 else alpha * real), f"x where it is 0 or more, else {alpha:.4g} x"
    steps = (Step("the real number", real), Step(words, after))
    return _coded(sources, (given,), after, codes(sources, 3, 4), steps)


def qlinear_softmax(at: Index, sources: Sources) -> Arithmetic:
    """Explain ONNX Runtime's QLinearSoftmax."""
    shape = sources.shape(0)
    is_new = sources.integer("opset", sources.opset) >= 13
    axis = sources.integer("axis", -1) % len(shape)
    axes = (axis,) if is_new else tuple(range(axis, len(shape)))
    grid = [np.arange(size) if each in axes else np.array([at[each]]) for each, size in enumerate(shape)]
    seen = _flat(sources.grid("input code", 0, grid))
    before = codes(sources, 1, 2)
    reals = replace(seen, role="logits", values=(seen.values - before.zero_point) * before.scale)
    place = int(np.ravel_multi_index([at[each] for each in axes], [shape[each] for each in axes]))
    found = of_logits(reals, place)
    coded = _coded(sources, found.operands, found.result, codes(sources, 3, 4), found.steps)
    return replace(coded, kind="softmax", parts=found.parts, part_names=found.part_names, winner=(place,))


def qlinear_average_pool(at: Index, sources: Sources) -> Arithmetic:
    """Explain ONNX Runtime's QLinearAveragePool and QLinearGlobalAveragePool."""
    if sources.integer("channels_last", 0):
        raise NotExplainedError("Pooling with the channels last is not explained.")
    fixed = [np.array([at[0]]), np.array([at[1]])]
    if sources.layer.op_type == "QLinearGlobalAveragePool":
        seen = sources.grid("input code", 0, [*fixed, *(np.arange(size) for size in sources.shape(0)[2:])])
    else:
        slides = window(sources, None)
        taps = [taps_of(position, slides, axis) for axis, position in enumerate(at[2:])]
        seen = sources.grid("input code", 0, [*fixed, *taps])
    before = codes(sources, 1, 2)
    outside = seen.is_padding
    reals = np.where(outside, 0.0, (seen.values - before.zero_point) * before.scale)
    count = reals.size if sources.integer("count_include_pad", 0) else int((~outside).sum())
    real = float(reals.sum()) / count
    steps = (Step(f"sum of {int((~outside).sum()):,} real numbers", float(reals.sum())), Step(f"÷ {count:,}", real))
    return _coded(sources, (_first(_first(seen)),), real, codes(sources, 3, 4), steps)


# ---------------------------------------------------------------- codes


def _coded(
    sources: Sources, operands: tuple[Operand, ...], real: float, made: Codes, steps: tuple[Step, ...] = ()
) -> Arithmetic:
    """Return a real number as a code of the output."""
    final = _code(real, made, sources)
    steps = (
        *steps,
        Step(f"{real:.6g} divided by the scale {made.scale:.6g}", real / made.scale if made.scale else math.nan),
        Step(f"rounded, plus the zero point {made.zero_point:g}, cut off at the type's ends", final),
    )
    return Arithmetic(
        "codes", (*operands, *_numbers(made)), final, 0.0, steps=steps, codes_allowed=1, remarks=(_ONE_CODE,)
    )


def _code(real: float, made: Codes, sources: Sources) -> float:
    dtype = sources.made().dtype
    if dtype.kind not in "iu":
        raise NotExplainedError("Codes that are no whole numbers (float8) are not explained.")
    name = sources.layer.outputs[sources.output].dtype
    bounds = _BITS.get(name) or (np.iinfo(dtype.name).min, np.iinfo(dtype.name).max)
    if math.isnan(real):
        raise NotExplainedError("What code NaN becomes depends on the machine.")
    with np.errstate(all="ignore"):
        exact = float(np.rint(np.float64(real) / made.scale)) + made.zero_point
    return float(min(max(exact, bounds[0]), bounds[1]))


_BITS = {"int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3)}


def _numbers(found: Codes) -> tuple[Operand, ...]:
    return (
        Operand("scale", "", np.asarray(found.scale)),
        Operand("zero point", "", np.asarray(found.zero_point)),
    )


def _zero(sources: Sources, place: int, at: Index = ()) -> float:
    return _along(sources, place, at, 0, 0.0)


def _first(operand: Operand) -> Operand:
    return replace(operand, values=operand.values[0], places=operand.places[0])


def _flat(operand: Operand) -> Operand:
    rank = operand.places.shape[-1]
    return replace(operand, values=operand.values.reshape(-1), places=operand.places.reshape(-1, rank))


QUANTIZED: dict[str, Explainer] = {
    "QuantizeLinear": quantize,
    "DequantizeLinear": dequantize,
    "DynamicQuantizeLinear": dynamic_quantize,
    "QLinearConv": qlinear_conv,
    "QLinearMatMul": qlinear_matmul,
    "QGemm": qgemm,
    "ConvInteger": conv_integer,
    "MatMulInteger": matmul_integer,
    "QLinearAdd": qlinear_binary,
    "QLinearMul": qlinear_binary,
    "QLinearConcat": qlinear_concat,
    "QLinearSigmoid": qlinear_unary,
    "QLinearLeakyRelu": qlinear_unary,
    "QLinearSoftmax": qlinear_softmax,
    "QLinearAveragePool": qlinear_average_pool,
    "QLinearGlobalAveragePool": qlinear_average_pool,
}
