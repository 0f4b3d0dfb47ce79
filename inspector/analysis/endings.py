"""What the last operators of a graph say of the numbers in an output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from inspector.graph.model import Layer, Model, Tensor

Says = Literal["softmax", "log-softmax", "sigmoid", "index", "linear", "features", "unit", "other"]

# The numbers stay what they are, but for their shape, their type and rounding.
UNCHANGED = frozenset(
    (
        *("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "CastLike", "Transpose", "Dropout"),
        *("QuantizeLinear", "DequantizeLinear"),
    )
)
_RESHAPING = frozenset(("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"))
_ROUNDING = frozenset(("QuantizeLinear", "DequantizeLinear"))
# Probabilities may still be some after these, in other places or scaled; their values decide.
_AVERAGES = frozenset(("ReduceMean", "GlobalAveragePool", "AveragePool", "Mean"))
_ADJUSTING = frozenset(("Mul", "Div", "Add", "Sub", "Clip", "Max", "Min"))
_NORMALIZERS: Mapping[str, Says] = {
    "Softmax": "softmax",
    "QLinearSoftmax": "softmax",
    "LogSoftmax": "log-softmax",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "sigmoid",
    "QLinearSigmoid": "sigmoid",
}
_LINEAR = frozenset(
    (
        *("Gemm", "MatMul", "Conv", "ConvTranspose", "Add", "Sub", "FusedGemm", "FusedMatMul", "FusedConv", "Einsum"),
        *("QGemm", "QLinearMatMul", "QLinearConv", "QLinearAdd", "ConvInteger", "MatMulInteger"),
        *("DynamicQuantizeMatMul", "MatMulIntegerToFloat"),
    )
)
_CONVOLUTIONS = frozenset(("Conv", "QLinearConv", "FusedConv", "ConvTranspose"))
_FEATURES = frozenset(
    (
        *("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Gelu", "ThresholdedRelu", "Softplus", "Softsign"),
        *("QLinearLeakyRelu", "HardSwish", "Swish", "QuickGelu", "Mish", "Tanh", "LSTM", "GRU", "RNN"),
        *("BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization"),
        *("MaxPool", "GlobalMaxPool", "ReduceMax"),
    )
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an output was made.

    Attributes:
        says: ``softmax``, ``log-softmax``, ``sigmoid``: probabilities, if the values agree. ``index``: numbers of
            classes. ``linear``: any number can come out. ``features``: what hidden layers end in. ``unit``: vectors of
            length one. ``other``: nothing is known.
        words: The last operators as a clause.
        layer: The last operator that computes; None where an input is handed on.
        before: The tensor that the normalizing operator read; ``""`` where there is none.
        is_rounded: The numbers went through 8 bit or the like since.
        is_reshaped: Their axes may be other ones than those of the last operator.
        is_picked: Only the largest are left.
    """

    says: Says
    words: str
    layer: Layer | None = None
    before: str = ""
    is_rounded: bool = False
    is_reshaped: bool = False
    is_picked: bool = False

    @property
    def is_convolved(self) -> bool:
        """A convolution comes last that looks at more than one place."""
        if self.layer is None or self.layer.op_type not in _CONVOLUTIONS or self.layer.geometry is None:
            return False
        return any(length > 1 for length in self.layer.geometry.kernel_shape)


class Graph:
    """The operators of a model, to be followed back from its outputs."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._makers = {output.name: layer for layer in model.layers for output in layer.outputs if output.name}
        self._fed = {tensor.name for tensor in model.inputs}
        self._bodies: dict[tuple[str, str], list[Layer]] = {}
        for layer in model.layers:
            if layer.inside:
                self._bodies.setdefault(layer.inside[-1], []).append(layer)

    def tensor(self, name: str) -> Tensor | None:
        """Return what is known of a tensor before a run."""
        maker = self._makers.get(name)
        every = maker.outputs if maker is not None else self._model.outputs + self._model.inputs
        return next((each for each in every if each.name == name), None)

    def ending(self, name: str) -> Ending:
        """Return how a tensor was made."""
        last, passed, made = self._computed(name)
        if last is None:
            return Ending("other", "no operator makes it: an input is handed on")
        start = Ending(
            "other",
            _words(last, passed),
            last,
            is_rounded=any(each in _ROUNDING for each in passed),
            is_reshaped=any(each in _RESHAPING for each in passed),
        )
        if last.op_type == "If":
            return self._in_branches(last, made) or start
        if last.op_type == "ArgMax" or (last.op_type == "TopK" and made != last.output.name):
            return replace(start, says="index")
        if last.op_type == "TopK":
            return replace(start, is_picked=True)
        return self._normalized(last, passed) or replace(start, says=self._kind(last))

    def among(self, ending: Ending) -> int:
        """Return how many classes an index chooses from; 0 where that is not known."""
        if ending.says != "index" or ending.layer is None:
            return 0
        whole = self.tensor(ending.layer.inputs[0])
        axis = ending.layer.attributes.get("axis", 0 if ending.layer.op_type == "ArgMax" else -1)
        if whole is None or whole.shape is None or not isinstance(axis, int):
            return 0
        length = whole.shape[axis] if -len(whole.shape) <= axis < len(whole.shape) else 0
        return length if isinstance(length, int) else 0

    def follow(self, name: str) -> Layer | None:
        """Return the layer that computed these numbers, in whatever shape and type they are now."""
        return self._computed(name)[0]

    def ancestors(self, name: str) -> frozenset[str]:
        """Return the tensors that one is computed from."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            maker = self._makers.get(waiting.pop())
            fresh = [each for each in maker.inputs if each and each not in found] if maker is not None else []
            found.update(fresh)
            waiting += fresh
        return frozenset(found)

    # ---------------------------------------------------------------- parts

    def _computed(self, name: str) -> tuple[Layer | None, tuple[str, ...], str]:
        """Return the layer that computed a tensor, the operators since, the first one first, and what it made."""
        passed: tuple[str, ...] = ()
        for _ in range(len(self._model.layers)):
            layer = self._makers.get(name)
            if layer is None or layer.op_type not in UNCHANGED:
                return layer, passed, name
            passed = (layer.op_type, *passed)
            name = layer.inputs[0] if layer.inputs else ""
        return None, passed, name

    def _normalized(self, last: Layer, passed: tuple[str, ...]) -> Ending | None:
        """Look for a softmax or sigmoid, perhaps made of several operators, from this layer back."""
        layer: Layer | None = last
        is_averaged = False
        for _ in range(len(self._model.layers)):
            if layer is None:
                return None
            found = self._made_of_parts(layer, passed) or _named(layer, passed)
            if found is not None:
                return replace(found, layer=last, before="" if is_averaged else found.before)
            if layer.op_type not in _AVERAGES and layer.op_type not in _ADJUSTING:
                return None
            moving = [each for each in layer.inputs if self._is_computed(each)]
            if len(moving) != 1:
                return None
            is_averaged |= layer.op_type in _AVERAGES
            before, more, _ = self._computed(moving[0])
            passed = (*more, layer.op_type, *passed)
            layer = before
        return None

    def _is_computed(self, name: str) -> bool:
        maker = self._makers.get(name)
        return not maker.is_constant if maker is not None else name in self._fed

    def _made_of_parts(self, layer: Layer, passed: tuple[str, ...]) -> Ending | None:
        """Recognise a softmax that was exported as exponential, sum and quotient, or its logarithm."""
        if len(layer.inputs) < (1 if layer.op_type == "Log" else 2):
            return None
        said, before = "", ""
        if layer.op_type in ("Div", "Mul"):
            said, before = self._quotient(layer)
        elif layer.op_type == "Log":
            inner = self.ending(layer.inputs[0])
            if inner.says == "softmax":
                return replace(
                    inner, says="log-softmax", words=f"{inner.words}, and its logarithm is taken", layer=layer
                )
        elif layer.op_type == "Sub":
            said, before = self._log_quotient(layer)
        if not said:
            return None
        kind: Says = "log-softmax" if layer.op_type == "Sub" else "softmax"
        return Ending(
            kind,
            f"the last operators, {said}, are a {kind} ({layer.name})",
            layer,
            before,
            any(each in _ROUNDING for each in passed),
            any(each in _RESHAPING for each in passed),
        )

    def _quotient(self, layer: Layer) -> tuple[str, str]:
        """Return the operators of ``exp(x) / sum(exp(x))`` and the tensor ``x``; nothing if it is none."""
        for above, below in (layer.inputs[:2], layer.inputs[1::-1]):
            exponential, divisor = self.follow(above), self.follow(below)
            if layer.op_type == "Mul" and divisor is not None:
                divisor = self.follow(divisor.inputs[0]) if divisor.op_type == "Reciprocal" else None
            if exponential is None or divisor is None or exponential.op_type != "Exp":
                continue
            if divisor.op_type in ("ReduceSum", "ReduceL1") and self.follow(divisor.inputs[0]) is exponential:
                return f"Exp, {divisor.op_type} and {layer.op_type}", self._unshifted(exponential.inputs[0])
            if layer.op_type == "Div":
                break
        return "", ""

    def _log_quotient(self, layer: Layer) -> tuple[str, str]:
        """Return the operators of ``x - log(sum(exp(x)))`` and the tensor ``x``; nothing if it is none."""
        divisor = self.follow(layer.inputs[1])
        if divisor is None:
            return "", ""
        whole = divisor.inputs[0]
        if divisor.op_type == "ReduceLogSumExp":
            return ("ReduceLogSumExp and Sub", layer.inputs[0]) if whole == layer.inputs[0] else ("", "")
        total = self.follow(whole) if divisor.op_type == "Log" else None
        exponential = self.follow(total.inputs[0]) if total is not None and total.op_type == "ReduceSum" else None
        if exponential is None or exponential.op_type != "Exp" or exponential.inputs[0] != layer.inputs[0]:
            return "", ""
        return "Exp, ReduceSum, Log and Sub", self._unshifted(layer.inputs[0])

    def _unshifted(self, name: str) -> str:
        """Return the logits of which the largest was taken off, as every careful softmax does."""
        shift = self._makers.get(name)
        if shift is None or shift.op_type != "Sub" or len(shift.inputs) < 2:
            return name
        largest = self.follow(shift.inputs[1])
        return shift.inputs[0] if largest is not None and largest.op_type == "ReduceMax" else name

    def _kind(self, last: Layer) -> Says:
        if last.op_type in _LINEAR:
            return "linear"
        if last.op_type == "LpNormalization" or self._divides_by_length(last):
            return "unit"
        return "features" if last.op_type in _FEATURES else "other"

    def _divides_by_length(self, layer: Layer) -> bool:
        if layer.op_type not in ("Div", "Mul"):
            return False
        for name in layer.inputs:
            divisor = self.follow(name)
            for _ in range(3):  # a smallest length and a reciprocal may lie between
                if divisor is None or divisor.op_type not in ("Clip", "Max", "Expand", "Reciprocal", "Sqrt", "Add"):
                    break
                divisor = self.follow(divisor.inputs[0])
            if divisor is not None and divisor.op_type in ("ReduceL2", "ReduceSumSquare"):
                return True
        return False

    def _in_branches(self, layer: Layer, name: str) -> Ending | None:
        """Look into the branches of an If: where all of them end alike, so does it."""
        whole = next((each for each in layer.outputs if each.name == name), layer.output)
        endings = []
        for inside, body in self._bodies.items():
            if inside[0] != layer.name:
                continue
            read = {each for other in body for each in other.inputs}
            ends = [each.output for each in body if each.output.name not in read and _may_be(each.output, whole)]
            if len(ends) != 1:
                return None
            endings.append(self.ending(ends[0].name))
        if not endings or len({each.says for each in endings}) != 1:
            return None
        return replace(endings[0], words=f"{endings[0].words} in the branches of {layer.name}", layer=layer, before="")


def _named(layer: Layer, passed: Sequence[str]) -> Ending | None:
    says = _NORMALIZERS.get(layer.op_type)
    if says is None or not layer.inputs:
        return None
    return Ending(
        says,
        _words(layer, passed),
        layer,
        layer.inputs[0],
        any(each in _ROUNDING for each in passed),
        any(each in _RESHAPING for each in passed),
    )


def _words(layer: Layer, passed: Sequence[str]) -> str:
    since = list(dict.fromkeys(passed))
    if not since:
        return f"the last operator is {layer.op_type} ({layer.name})"
    listed = since[0] if len(since) == 1 else f"{', '.join(since[:-1])} and {since[-1]}"
    return f"the last operator but for {listed} is {layer.op_type} ({layer.name})"


def _may_be(inner: Tensor, outer: Tensor) -> bool:
    """Whether the tensor of a branch may be the one that comes out, as far as their shapes are known."""
    if inner.shape is None or outer.shape is None:
        return True
    if len(inner.shape) != len(outer.shape):
        return False
    pairs = zip(inner.shape, outer.shape, strict=True)
    return all(one == other for one, other in pairs if isinstance(one, int) and isinstance(other, int))
