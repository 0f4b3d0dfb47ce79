"""An explanation as plain values, ready for JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from inspector.explain.facts import Arithmetic, Explanation, Operand

_MOST_VALUES = 4_096  # of an operand that is written out


def explanation_facts(found: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON has it.

    ``channel`` and ``at`` are axis 1 and the axes behind it, as stored; NaN and infinities are null. For a sum of
    products each term is one input channel with its patch, kernel and sum, or one product of a dense layer; for
    everything else a term is an operand.
    """
    facts: dict[str, Any] = {
        "layer": found.layer,
        "op_type": found.op_type,
        "tensor": found.tensor,
        "index": list(found.at),
        "channel": found.at[1] if len(found.at) > 1 else None,
        "at": list(found.at[2:]),
        "dtype": found.dtype,
        "explained": found.explained,
        "runtime": _number(found.runtime),
    }
    if not found.explained or found.arithmetic is None:
        return {**facts, "sentence": found.sentence, "terms": [_operand(each) for each in found.inputs()]}
    arithmetic = found.arithmetic
    return {
        **facts,
        "recomputed": _number(found.recomputed),
        "rounded": _number(found.rounded),
        "difference": _number(found.difference),
        "bound": _number(found.bound),
        "agrees": found.agrees,
        "bias": _number(arithmetic.bias),
        "terms": _terms(arithmetic),
        "steps": [{"text": step.text, "value": _number(step.value)} for step in arithmetic.steps],
        "remarks": list(arithmetic.remarks),
    }


def _terms(arithmetic: Arithmetic) -> list[dict[str, Any]]:
    if arithmetic.kind != "products":
        return [_operand(each) for each in arithmetic.operands]
    patch, kernel = arithmetic.operands[:2]
    return [
        {
            "channel": int(name) if name.isdigit() else name,
            "patch": _plain(patch.values[place]),
            "kernel": _plain(kernel.values[place]),
            "sum": _number(float(arithmetic.parts[place])),
        }
        for place, name in enumerate(arithmetic.part_names)
    ]


def _operand(operand: Operand) -> dict[str, Any]:
    facts: dict[str, Any] = {"role": operand.role, "tensor": operand.tensor}
    if operand.values.size <= _MOST_VALUES:
        facts["values"] = _plain(operand.values)
    if operand.values.ndim == 0 and operand.tensor:
        place = operand.place(())
        facts["index"] = None if place is None else list(place)
    return facts


def _plain(values: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    if np.isfinite(values).all():
        return values.tolist()
    return [_plain(each) for each in values] if values.ndim else None


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
