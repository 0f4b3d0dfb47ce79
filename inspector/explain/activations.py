"""Activations: one number in, one out, along a curve."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inspector.explain.facts import Arithmetic, Curve, Index, Numbers, Operand, Step
from inspector.explain.sources import Explainer, Sources

POINTS = 129  # of a curve
_LEAST_REACH = 4.0  # a curve is drawn at least from -4 to 4
SELU_ALPHA, SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875  # of the ONNX standard, as float32

Function = Callable[[Numbers], Numbers]
_erf = np.frompyfunc(math.erf, 1, 1)


@dataclass(frozen=True, slots=True)
class Formula:
    """A function with its parameters filled in.

    Attributes:
        function: Of float64 numbers.
        words: The formula, ``x`` for what comes in.
        terms: The size of what is computed on the way, from x and the result, for the rounding.
    """

    function: Function
    words: str
    terms: Callable[[float, float], float] = lambda x, y: abs(y)


def _through_exp(x: float, y: float) -> float:
    """The terms of what is computed by an exponential: its argument's rounding comes back times the result."""
    return 1.0 + abs(y) + abs(x * y)


def sigmoid(x: Numbers) -> Numbers:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def softplus(x: Numbers) -> Numbers:
    """Return ``ln(1 + exp(x))`` without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def erf(x: Numbers) -> Numbers:
    return np.asarray(_erf(x), np.float64)


def _relu(sources: Sources) -> Formula:
    return Formula(lambda x: np.where(x > 0, x, np.where(np.isnan(x), x, 0.0)), "the larger of x and 0")


def _leaky_relu(sources: Sources) -> Formula:
    alpha = _float32(sources.attribute("alpha", 0.01))
    return Formula(lambda x: np.where(x < 0, alpha * x, x), f"x where it is 0 or more, else {alpha:.4g} x")


def _thresholded_relu(sources: Sources) -> Formula:
    alpha = _float32(sources.attribute("alpha", 1.0))
    return Formula(lambda x: np.where(x > alpha, x, 0.0), f"x where it is above {alpha:.4g}, else 0")


def _elu(sources: Sources) -> Formula:
    alpha = _float32(sources.attribute("alpha", 1.0))
    return Formula(
        lambda x: np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x),
        f"x where it is 0 or more, else {alpha:.4g} (exp(x) − 1)",
        lambda x, y: abs(y) + (abs(alpha) * _through_exp(x, math.exp(min(x, 0))) if x < 0 else 0),
    )


def _selu(sources: Sources) -> Formula:
    alpha = _float32(sources.attribute("alpha", SELU_ALPHA))
    gamma = _float32(sources.attribute("gamma", SELU_GAMMA))
    return Formula(
        lambda x: gamma * np.where(x <= 0, alpha * np.expm1(np.minimum(x, 0)), x),
        f"{gamma:.5g} x where it is above 0, else {gamma:.5g} · {alpha:.5g} (exp(x) − 1)",
        lambda x, y: abs(y) + (abs(gamma * alpha) * _through_exp(x, math.exp(min(x, 0))) if x <= 0 else abs(y)),
    )


def _celu(sources: Sources) -> Formula:
    alpha = _float32(sources.attribute("alpha", 1.0))
    return Formula(
        lambda x: np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(np.minimum(x, 0) / alpha)),
        f"x where it is 0 or more, else {alpha:.4g} (exp(x / {alpha:.4g}) − 1)",
        lambda x, y: abs(y) + abs(alpha) * _through_exp(x / alpha, 1.0),
    )


def _sigmoid(sources: Sources) -> Formula:
    return Formula(sigmoid, "1 / (1 + exp(−x))", _through_exp)


def _hard_sigmoid(sources: Sources) -> Formula:
    alpha, beta = _float32(sources.attribute("alpha", 0.2)), _float32(sources.attribute("beta", 0.5))
    return Formula(
        lambda x: np.clip(alpha * x + beta, 0, 1),
        f"{alpha:.4g} x + {beta:.4g}, cut off at 0 and 1",
        lambda x, y: abs(alpha * x) + abs(beta),
    )


def _hard_swish(sources: Sources) -> Formula:
    return Formula(
        lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
        "x times (x / 6 + 0.5 cut off at 0 and 1)",
        lambda x, y: abs(x) * (min(abs(x) / 6, 1) + 0.5) + abs(y),
    )


def _tanh(sources: Sources) -> Formula:
    return Formula(np.tanh, "tanh(x)", lambda x, y: abs(y) + abs(x) * (1 - y * y) + min(1.0, abs(x)))


def _softplus(sources: Sources) -> Formula:
    return Formula(softplus, "ln(1 + exp(x))", lambda x, y: abs(x) + 1.0 + abs(y))


def _softsign(sources: Sources) -> Formula:
    return Formula(lambda x: x / (1 + np.abs(x)), "x / (1 + |x|)", lambda x, y: 2 * abs(y))


def _gelu(sources: Sources) -> Formula:
    if sources.word("approximate", "none") == "tanh":
        inner = math.sqrt(2 / math.pi)
        return Formula(
            lambda x: 0.5 * x * (1 + np.tanh(inner * (x + 0.044715 * x**3))),
            "0.5 x (1 + tanh(0.79788 (x + 0.044715 x³)))",
            lambda x, y: abs(x) + abs(y),
        )
    return Formula(
        lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
        "0.5 x (1 + erf(x / √2))",
        lambda x, y: abs(x) + abs(y),
    )


def _mish(sources: Sources) -> Formula:
    return Formula(
        lambda x: x * np.tanh(softplus(x)), "x tanh(ln(1 + exp(x)))", lambda x, y: abs(y) * (3 + abs(x)) + abs(x)
    )


def _swish(sources: Sources) -> Formula:
    alpha = _float32(sources.attribute("alpha", 1.0))
    return Formula(
        lambda x: x * sigmoid(alpha * x), f"x / (1 + exp(−{alpha:.4g} x))", lambda x, y: abs(x) + abs(y) * (1 + abs(x))
    )


def _shrink(sources: Sources) -> Formula:
    bias, lambd = _float32(sources.attribute("bias", 0.0)), _float32(sources.attribute("lambd", 0.5))
    return Formula(
        lambda x: np.where(x < -lambd, x + bias, np.where(x > lambd, x - bias, 0.0)),
        f"0 between −{lambd:.4g} and {lambd:.4g}, else moved {bias:.4g} towards 0",
        lambda x, y: abs(x) + abs(bias),
    )


def _clip(sources: Sources) -> Formula:
    if "min" in sources.attributes or "max" in sources.attributes:  # before opset 11
        low, high = sources.attribute("min", -math.inf), sources.attribute("max", math.inf)
    else:
        low, high = sources.number(1, -math.inf), sources.number(2, math.inf)
    words = "x"
    if low > -math.inf:
        words = f"{words}, at least {low:.6g}"
    if high < math.inf:
        words = f"{words}, at most {high:.6g}"
    return Formula(lambda x: np.minimum(high, np.maximum(low, x)), words, lambda x, y: 0.0)


def _exponential(sources: Sources) -> Formula:
    return Formula(np.exp, "exp(x)", lambda x, y: abs(y) * (1 + abs(x)))


def _logarithm(sources: Sources) -> Formula:
    return Formula(np.log, "ln(x)", lambda x, y: abs(y) + 1)


def _unary(function: Function, words: str, *, exact: bool = False) -> Callable[[Sources], Formula]:
    return lambda sources: Formula(function, words, (lambda x, y: 0.0) if exact else (lambda x, y: abs(y)))


FORMULAS: dict[str, Callable[[Sources], Formula]] = {
    "Relu": _relu,
    "LeakyRelu": _leaky_relu,
    "ThresholdedRelu": _thresholded_relu,
    "Elu": _elu,
    "Selu": _selu,
    "Celu": _celu,
    "Sigmoid": _sigmoid,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "Tanh": _tanh,
    "Softplus": _softplus,
    "Softsign": _softsign,
    "Gelu": _gelu,
    "Mish": _mish,
    "Swish": _swish,
    "Shrink": _shrink,
    "Clip": _clip,
    "Exp": _exponential,
    "Log": _logarithm,
    "Erf": _unary(erf, "erf(x)"),
    "Abs": _unary(np.abs, "|x|", exact=True),
    "Neg": _unary(np.negative, "−x", exact=True),
    "Sqrt": _unary(np.sqrt, "√x"),
    "Reciprocal": _unary(np.reciprocal, "1 / x"),
    "Floor": _unary(np.floor, "x rounded down", exact=True),
    "Ceil": _unary(np.ceil, "x rounded up", exact=True),
    "Round": _unary(np.rint, "x rounded to the nearest whole number, halves to the even one", exact=True),
    "Sign": _unary(np.sign, "the sign of x", exact=True),
}


def activation(at: Index, sources: Sources) -> Arithmetic:
    """Explain a function of one number; the curve is drawn around the point."""
    formula = FORMULAS[sources.layer.op_type](sources)
    return on_curve(sources.at("input", 0, at), formula)


def prelu(at: Index, sources: Sources) -> Arithmetic:
    """Explain PRelu: a leaky ReLU whose slope was learned."""
    slope = sources.broadcast("slope", 1, at)
    alpha = float(slope.values)
    formula = Formula(lambda x: np.where(x < 0, alpha * x, x), f"x where it is 0 or more, else {alpha:.4g} x")
    return on_curve(sources.at("input", 0, at), formula, (slope,))


def on_curve(given: Operand, formula: Formula, learned: tuple[Operand, ...] = ()) -> Arithmetic:
    """Return a point on a curve."""
    x = float(given.values)
    with np.errstate(all="ignore"):
        y = float(formula.function(np.asarray(x, np.float64)))
        reach = max(_LEAST_REACH, 1.25 * abs(x)) if math.isfinite(x) else _LEAST_REACH
        across = np.linspace(-reach, reach, POINTS)
        up = np.asarray(formula.function(across), np.float64)
    magnitude = formula.terms(x, y) if math.isfinite(x) and math.isfinite(y) else 0.0
    return Arithmetic(
        "curve", (given, *learned), y, magnitude, steps=(Step(formula.words, y),), curve=Curve(across, up, (x, y))
    )


def _float32(value: float) -> float:
    """Return an attribute as ONNX stores it."""
    return float(np.float32(value))


ACTIVATIONS: dict[str, Explainer] = {**dict.fromkeys(FORMULAS, activation), "PRelu": prelu}
