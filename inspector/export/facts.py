"""What is known of an answer, ready for JSON: the same words on the command line and in exported files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from inspector.analysis.grids import Output, class_map
from inspector.analysis.heads import ClassScore, Head, top_classes
from inspector.analysis.quantized import scales
from inspector.analysis.statistics import Statistics, statistics
from inspector.export.outputs import legend
from inspector.format import json_number, significant
from inspector.graph import cost
from inspector.graph.model import Array, Codes, Difference, Layer, Model, Tensor
from inspector.graph.preprocessing import Preprocessing
from inspector.labels import fitting

Facts = dict[str, Any]


def class_facts(score: ClassScore) -> Facts:
    """Return one class of an answer."""
    return {
        "index": score.index,
        "label": score.label,
        "probability": json_number(score.probability),
        "logit": None if score.logit is None else json_number(score.logit),
    }


def output_facts(output: Output, array: Array, labels: Sequence[str] = ()) -> Facts:
    """Return what an output is, its shape and its extent; with a NaN in it, its extent is NaN, as numpy has it."""
    low, high, mean = extent(statistics(array))
    seen: Facts = {"limits": list(output.limits)} if output.kind == "image" else {}
    if output.kind == "class map":
        seen = {"classes": legend(output, class_map(output, array), labels)}
    return {
        "name": output.name,
        "kind": output.kind,
        "reason": output.reason,
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "min": json_number(low),
        "max": json_number(high),
        "mean": json_number(mean),
        **seen,
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


def answer_facts(
    image: str, answer: Head, labels: Sequence[str], outputs: Mapping[str, Array], described: Sequence[Output]
) -> Facts:
    """Return the whole answer for one picture, the most probable class first.

    Args:
        image: As it was given.
        answer: How it is read.
        labels: Of the classes, as they were given.
        outputs: Of the run, by name.
        described: What each of them is.
    """
    fitted, _ = fitting(labels, answer.classes)
    return {
        "image": image,
        **head_facts(answer),
        "output": answer.output or None,
        "classes": best_facts(answer, fitted, answer.classes),
        "outputs": [output_facts(each, outputs[each.name], labels) for each in described],
    }


def head_facts(answer: Head) -> Facts:
    """Return how an answer is read, why, and what speaks against it."""
    return {"head": answer.kind, "head_reason": answer.reason, "head_warning": answer.warning or None}


def best_facts(answer: Head, labels: Sequence[str], count: int) -> list[Facts]:
    """Return the best classes; their numbers alone where the network gives nothing else."""
    if answer.indices:
        return [
            {
                "index": each,
                "label": labels[each] if 0 <= each < len(labels) else "",
                "probability": None,
                "logit": None,
            }
            for each in answer.indices[:count]
        ]
    return [class_facts(score) for score in top_classes(answer, labels, count)]


def preprocessing_facts(recipe: Preprocessing | None) -> Facts | None:
    """Return how a picture became a tensor; None where a tensor was fed."""
    return None if recipe is None else asdict(recipe)


def apart_words(found: Difference) -> str:
    """Return how far an output of the instrumented network is from the deployed one, behind its name."""
    if found.max_abs is None:
        apart = "differs from the deployed one in NaN, infinity or shape"
    elif found.max_abs == 0:
        apart = "equals the deployed one"
    else:
        apart = f"differs from the deployed one by at most {significant(found.max_abs)}"
    return apart + (", and its largest element is another one" if found.top_changed else "")


def difference_facts(found: Difference | None) -> Facts | None:
    """Return how far the instrumented model is from the deployed one."""
    if found is None:
        return None
    return {
        "output": found.output,
        "max_abs": "NaN" if found.max_abs is None else json_number(found.max_abs),
        "top_changed": found.top_changed,
    }


def codes_facts(codes: Codes | None, tensors: Mapping[str, Array], is_real: bool) -> Facts | None:
    """Return what the integers of a quantized tensor stand for: ``(code - zero point) * scale``.

    Args:
        codes: What the model says of them.
        tensors: Of the same run.
        is_real: The file holds the real numbers, and not the integers.

    Returns:
        None for a tensor that is not quantized, or where this run does not tell.
    """
    scale, zero_point = scales(codes, tensors) if codes is not None else ((), ())
    if codes is None or not scale:
        return None
    several = max(len(scale), len(zero_point)) > 1
    return {
        "scale": [json_number(each) for each in scale],
        "zero_point": list(zero_point),
        "axis": codes.axis if several else None,
        "holds": "real numbers" if is_real else "codes",
    }


def model_facts(model: Model, path: str, providers: Mapping[str, str] | None = None) -> Facts:
    """Return a network and its layers.

    Args:
        model: The network.
        path: Of its file, as it was given.
        providers: What runs each layer, by its name, where sessions were made.
    """
    shapes = cost.shapes_of(model)
    return {
        "model": path,
        "opset": model.opset,
        "producer": model.producer,
        "inputs": [tensor_facts(each) for each in model.inputs],
        "outputs": [tensor_facts(each) for each in model.outputs],
        "parameters": model.parameters,
        "macs": model.macs,
        "layers": [
            {**layer_facts(each, (providers or {}).get(each.name)), "dense": dense_facts(cost.dense(each, shapes))}
            for each in model.layers
        ],
    }


def tensor_facts(tensor: Tensor) -> Facts:
    """Return what is known of a tensor before a run; unknown dimensions are names or None."""
    return {"name": tensor.name, "dtype": tensor.dtype, "shape": _list(tensor.shape)}


def layer_facts(layer: Layer, provider: str | None = None) -> Facts:
    """Return one layer; lists of two are rows and columns. ``provider`` is what runs it, if that is known."""
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
        "bytes": cost.tensor_bytes(layer.output),
        "weight_bytes": cost.weight_bytes(layer),
        "provider": provider,
        "inside": [list(each) for each in layer.inside],
        "hidden": layer.hidden or None,
        "codes": None if layer.output.codes is None else stated_codes(layer.output.codes),
    }


def stated_codes(codes: Codes) -> Facts:
    """Return what the model says of a quantized tensor's integers; a run knows what it computes itself."""
    return {
        "scale": [json_number(each) for each in codes.scale],
        "zero_point": list(codes.zero_point),
        "axis": codes.axis,
        "scale_tensor": codes.scale_tensor or None,
        "zero_point_tensor": codes.zero_point_tensor or None,
    }


def dense_facts(found: cost.Dense | None) -> Facts | None:
    """Return what a fully connected layer would cost in a layer's place; a factor is how many times as much."""
    return None if found is None else asdict(found)


def _list(values: Sequence[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)
