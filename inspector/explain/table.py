"""Which operator is explained by which function, and one element of a layer explained."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping

import numpy as np

from inspector.explain import checking
from inspector.explain.activations import ACTIVATIONS
from inspector.explain.dense import DENSE
from inspector.explain.elementwise import ELEMENTWISE
from inspector.explain.facts import Arithmetic, Explanation, Index, Operand
from inspector.explain.moves import MOVES
from inspector.explain.normalization import NORMALIZATIONS
from inspector.explain.quantized import QUANTIZED
from inspector.explain.reductions import REDUCTIONS
from inspector.explain.resizing import RESIZING
from inspector.explain.sliding import SLIDING
from inspector.explain.sources import Explainer, NotExplainedError, NotKeptError, Sources
from inspector.graph.model import Array, Layer, Model

EXPLAINERS: Mapping[str, Explainer] = {
    **SLIDING,
    **DENSE,
    **ACTIVATIONS,
    **NORMALIZATIONS,
    **ELEMENTWISE,
    **MOVES,
    **RESIZING,
    **REDUCTIONS,
    **QUANTIZED,
}
_DOMAINS = ("", "ai.onnx", "com.microsoft")


def explain(
    model: Model,
    layer: Layer,
    tensors: Mapping[str, Array],
    at: Index,
    *,
    output: int = 0,
    kept: MutableMapping[str, Array] | None = None,
) -> Explanation:
    """Recompute one element of a layer's output in float64, and hold it against the runtime's.

    Args:
        model: For the version of the operators.
        layer: Whose output.
        tensors: Of an instrumented run with optimisation off, by name.
        at: The element, in the tensor as stored.
        output: Which of the layer's outputs.
        kept: Weights read before; give the same mapping again, and they are not read again.

    Raises:
        IndexError: There is no such element. ModelError: The model's file has changed.
    """
    tensor = layer.outputs[output]
    made = tensors.get(tensor.name)
    if made is None:
        return _unexplained(layer, output, at, f"The run does not hold {tensor.name}.", None, "")
    if len(at) != made.ndim or any(not 0 <= place < length for place, length in zip(at, made.shape, strict=True)):
        raise IndexError(f"{list(at)} is no element of a tensor of the shape {list(made.shape)}")
    runtime, dtype = float(made[at]), tensor.dtype or made.dtype.name
    sources = Sources(model, layer, tensors, output, kept)
    function = EXPLAINERS.get(layer.op_type) if layer.domain in _DOMAINS else None
    try:
        if function is None:
            raise NotExplainedError(f"The arithmetic of {layer.op_type} is not explained.")
        arithmetic = function(at, sources)
    except NotKeptError as error:
        sentence = f"The run does not hold {error.args[0]}, which goes into this layer."
        return _unexplained(layer, output, at, sentence, runtime, dtype, sources)
    except NotExplainedError as error:
        return _unexplained(layer, output, at, str(error.args[0]), runtime, dtype, sources)
    return _checked(layer, output, at, runtime, dtype, arithmetic)


def _checked(layer: Layer, output: int, at: Index, runtime: float, dtype: str, arithmetic: Arithmetic) -> Explanation:
    exact = arithmetic.result
    within = checking.bound(arithmetic, dtype)
    difference = runtime - exact if math.isfinite(runtime) and math.isfinite(exact) else None
    return Explanation(
        layer=layer.name,
        op_type=layer.op_type,
        tensor=layer.outputs[output].name,
        at=at,
        explained=True,
        runtime=runtime,
        dtype=dtype,
        recomputed=exact,
        rounded=checking.rounded(exact, dtype),
        difference=difference,
        bound=within,
        agrees=checking.agree(runtime, exact, within, dtype),
        arithmetic=arithmetic,
    )


def _unexplained(
    layer: Layer,
    output: int,
    at: Index,
    sentence: str,
    runtime: float | None,
    dtype: str,
    sources: Sources | None = None,
) -> Explanation:
    """Return what can be said without the arithmetic: the operands by name, and the result."""
    operands = tuple(Operand("input", name, np.zeros(0)) for name in layer.inputs if name)
    result = math.nan if runtime is None else runtime
    arithmetic = Arithmetic("none", operands if sources is not None else (), result, 0.0)
    return Explanation(
        layer.name,
        layer.op_type,
        layer.outputs[output].name,
        at,
        False,
        sentence,
        runtime,
        dtype,
        arithmetic=arithmetic,
    )
