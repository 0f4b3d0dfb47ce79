"""What is known of an answer, ready for JSON: the same words on the command line and in exported files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from inspector.analysis.heads import ClassScore, Head, top_classes
from inspector.analysis.statistics import Statistics, statistics
from inspector.format import json_number
from inspector.graph.model import Array, Difference, Layer, Model, Tensor
from inspector.graph.preprocessing import Preprocessing

Facts = dict[str, Any]


def class_facts(score: ClassScore) -> Facts:
    """Return one class of an answer."""
    return {
        "index": score.index,
        "label": score.label,
        "probability": json_number(score.probability),
        "logit": None if score.logit is None else json_number(score.logit),
    }


def output_facts(name: str, array: Array) -> Facts:
    """Return an output's shape and extent; with a NaN in it, its extent is NaN, as numpy has it."""
    low, high, mean = extent(statistics(array))
    return {
        "name": name,
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "min": json_number(low),
        "max": json_number(high),
        "mean": json_number(mean),
    }


def extent(found: Statistics) -> tuple[float, float, float]:
    """Return minimum, maximum and mean of all elements, those that are not finite among them."""
    if found.nans or not found.count:
        return math.nan, math.nan, math.nan
    low = -math.inf if found.negative_infinities else math.inf if math.isnan(found.minimum) else found.minimum
    high = math.inf if found.positive_infinities else -math.inf if math.isnan(found.maximum) else found.maximum
    if found.positive_infinities and found.negative_infinities:
        return low, high, math.nan
    return low, high, low if found.negative_infinities else high if found.positive_infinities else found.mean


def answer_facts(image: str, answer: Head, labels: Sequence[str], outputs: Mapping[str, Array]) -> Facts:
    """Return the whole answer for one picture, the most probable class first."""
    return {
        "image": image,
        "head": answer.kind,
        "output": answer.output or None,
        "classes": [class_facts(score) for score in top_classes(answer, labels, answer.classes)],
        "outputs": [output_facts(name, array) for name, array in outputs.items()],
    }


def preprocessing_facts(recipe: Preprocessing | None) -> Facts | None:
    """Return how a picture became a tensor; None where a tensor was fed."""
    return None if recipe is None else asdict(recipe)


def difference_facts(found: Difference | None) -> Facts | None:
    """Return how far the instrumented model is from the deployed one."""
    if found is None:
        return None
    return {
        "output": found.output,
        "max_abs": "NaN" if found.max_abs is None else json_number(found.max_abs),
        "top_changed": found.top_changed,
    }


def model_facts(model: Model, path: str) -> Facts:
    """Return a network and its layers.

    Args:
        model: The network.
        path: Of its file, as it was given.
    """
    return {
        "model": path,
        "opset": model.opset,
        "producer": model.producer,
        "inputs": [tensor_facts(each) for each in model.inputs],
        "outputs": [tensor_facts(each) for each in model.outputs],
        "parameters": model.parameters,
        "macs": model.macs,
        "layers": [layer_facts(each) for each in model.layers],
    }


def tensor_facts(tensor: Tensor) -> Facts:
    """Return what is known of a tensor before a run; unknown dimensions are names or None."""
    return {"name": tensor.name, "dtype": tensor.dtype, "shape": _list(tensor.shape)}


def layer_facts(layer: Layer) -> Facts:
    """Return one layer; lists of two are rows and columns."""
    geometry, field = layer.geometry, layer.receptive_field
    return {
        "index": layer.index,
        "name": layer.name,
        "op_type": layer.op_type,
        "family": layer.family,
        "inputs": list(layer.inputs),
        "outputs": [each.name for each in layer.outputs],
        "output_shape": _list(layer.output.shape),
        "dtype": layer.output.dtype,
        "kernel_shape": None if geometry is None else list(geometry.kernel_shape),
        "strides": None if geometry is None else list(geometry.strides),
        "pads": None if geometry is None else _list(geometry.pads),
        "dilations": None if geometry is None else list(geometry.dilations),
        "group": None if geometry is None else geometry.group,
        "parameters": layer.parameters,
        "macs": layer.macs,
        "receptive_field": {
            "size": _list(field.size),
            "jump": _list(field.jump),
            "start": _list(field.start),
            "status": field.status,
        },
    }


def _list(values: Sequence[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)
