"""``inspector layers``: the layers of a network, and how long each takes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import NamedTuple

from inspector import format
from inspector.cli.console import say_all, write, write_json, write_table
from inspector.cli.conversation import Conversation, checked_provider, chosen_recipe
from inspector.engine.protocol import Measured
from inspector.export.facts import Facts, model_facts
from inspector.graph import cost
from inspector.graph.model import Geometry, Layer, Model


class Timed(NamedTuple):
    """What timing the layers gave.

    Attributes:
        image: What was run.
        repeats: How many runs the times are medians of.
        providers: What runs each layer, by its name.
    """

    image: str
    repeats: int
    providers: Mapping[str, str]
    measured: Measured


def layers(asked: argparse.Namespace) -> int:
    """Print the layers; the model is run only to time them."""
    with Conversation(asked.model, asked.provider, asked.memory, measures=asked.time is not None) as talk:
        model = talk.open()
        timed = _timed(talk, asked) if asked.time is not None else None
    say_all(model.remarks)
    if asked.json:
        write_json(_facts(model, asked.model, timed))
    else:
        _write_model(model, timed, asked.wide)
        _write_totals(model)
        if timed is not None:
            _write_times(model, timed)
    return 0


def _timed(talk: Conversation, asked: argparse.Namespace) -> Timed:
    ready = talk.ready()
    checked_provider(ready, asked.provider, asked.allow_fallback)
    measured = talk.measure(asked.time, chosen_recipe(asked), asked.repeats)
    return Timed(asked.time, asked.repeats, ready.layer_providers, measured)


def _facts(model: Model, path: str, timed: Timed | None) -> Facts:
    if timed is None:
        return model_facts(model, path)
    facts, measured = model_facts(model, path, timed.providers), timed.measured
    for layer in facts["layers"]:
        layer["seconds"] = measured.seconds.get(layer["name"])
    facts["times"] = {
        "image": timed.image,
        "repeats": timed.repeats,
        "of": "the instrumented network, not optimised, under the profiler",
        "layers_seconds": _sum(model, measured),
        "run_seconds": measured.total_seconds,
        "run_without_profiling_seconds": measured.plain_seconds,
        "deployed_run_seconds": measured.deployed_seconds,
    }
    return facts


def _sum(model: Model, measured: Measured) -> float:
    """Return the seconds of all layers; those in the body of another are in that one's time already."""
    return sum(measured.seconds.get(layer.name, 0.0) for layer in model.layers if not layer.inside)


def _write_model(model: Model, timed: Timed | None, is_wide: bool) -> None:
    columns = {
        "": [str(layer.index) for layer in model.layers],
        "name": [layer.name for layer in model.layers],
        "operator": [layer.op_type for layer in model.layers],
        "output shape": [format.shape_hwc(layer.output.shape, layer.output.channels_last) for layer in model.layers],
        "parameters": [format.count(layer.parameters) if layer.parameters else "" for layer in model.layers],
        "MACs": [format.macs(layer.macs) for layer in model.layers],
        "sees, px": [_field(layer) for layer in model.layers],
    }
    if is_wide:
        columns |= _more_columns(model)
    if timed is not None:
        seconds = timed.measured.seconds
        columns["ms"] = [_milliseconds(seconds.get(layer.name)) for layer in model.layers]
        columns["on"] = [timed.providers.get(layer.name, "") for layer in model.layers]
    left = [place for place, head in enumerate(columns) if head in ("name", "operator", "on")]
    write_table(list(columns), list(zip(*columns.values(), strict=True)), left)


def _more_columns(model: Model) -> dict[str, list[str]]:
    shapes = cost.shapes_of(model)
    dense = [cost.dense(layer, shapes) for layer in model.layers]
    sizes = [cost.tensor_bytes(layer.output) for layer in model.layers]
    weights = [cost.weight_bytes(layer) for layer in model.layers]
    return {
        "kernel": [
            _axes(layer.geometry.kernel_shape if layer.geometry is not None else None) for layer in model.layers
        ],
        "stride": [_axes(layer.geometry.strides if layer.geometry is not None else None) for layer in model.layers],
        "padding": [_padding(layer.geometry) for layer in model.layers],
        "dilation": [_axes(layer.geometry.dilations if layer.geometry is not None else None) for layer in model.layers],
        "groups": [str(layer.geometry.group) if layer.geometry is not None else "" for layer in model.layers],
        "as stored": [format.shape(layer.output.shape) for layer in model.layers],
        "output size": ["?" if size is None else format.memory(size) for size in sizes],
        "weights": [format.memory(size) if size else "" for size in weights],
        "dense parameters": ["" if each is None else format.count(each.parameters) for each in dense],
        "dense MACs": ["" if each is None else format.macs(each.macs) for each in dense],
        "times parameters": [_times(each.parameters_factor if each is not None else None) for each in dense],
        "times MACs": [_times(each.macs_factor if each is not None else None) for each in dense],
    }


def _axes(sizes: tuple[int, ...] | None) -> str:
    return "" if sizes is None else format.shape(sizes)


def _padding(geometry: Geometry | None) -> str:
    return "" if geometry is None else format.padding(geometry.pads)


def _times(factor: float | None) -> str:
    return "" if factor is None else format.times(factor)


def _write_totals(model: Model) -> None:
    for word, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor in tensors:
            write(f"{word} {tensor.name}: {tensor.dtype or '?'}, {format.shape(tensor.shape)}")
    total = format.macs(model.macs) or "0"
    write(
        f"{format.count(len(model.layers))} layers, {format.count(model.parameters)} parameters, "
        f"{total} MACs (1 MAC = 2 FLOPs), opset {model.opset}"
    )


def _write_times(model: Model, timed: Timed) -> None:
    measured = timed.measured
    layers_take, profiled, plain, deployed = (
        f"{format.significant(1000 * seconds)} ms"
        for seconds in (
            _sum(model, measured),
            measured.total_seconds,
            measured.plain_seconds,
            measured.deployed_seconds,
        )
    )
    write(f"{layers_take} in all layers, {profiled} in a whole run, {plain} without profiling, {deployed} as deployed")
    runs = "one run" if timed.repeats == 1 else f"the median of {format.count(timed.repeats)} runs"
    write(
        f"These are the times of the instrumented network, in which nothing is fused, each {runs} after one that does "
        "not count. Profiling costs time itself."
    )


def _milliseconds(seconds: float | None) -> str:
    """Return a time to the microsecond, which is what ONNX Runtime measures."""
    return "" if seconds is None else f"{1000 * seconds:.3f}"


def _field(layer: Layer) -> str:
    field = layer.receptive_field
    if field.size is None:
        return {"whole input": "all", "unknown": "?"}.get(field.status, "")
    size = format.shape(field.size)
    return f"\N{LESS-THAN OR EQUAL TO} {size}" if field.status == "bound" else size
