"""``inspector layers``: the layers of a network."""

from __future__ import annotations

import argparse

from inspector import format
from inspector.cli.console import say_all, write, write_json, write_table
from inspector.cli.conversation import Conversation
from inspector.export.facts import model_facts
from inspector.graph.model import Layer, Model


def layers(asked: argparse.Namespace) -> int:
    """Print the layers; the model is not run."""
    with Conversation(asked.model, asked.provider) as talk:
        model = talk.open()
    say_all(model.remarks)
    if asked.json:
        write_json(model_facts(model, asked.model))
    else:
        _write_model(model)
    return 0


def _write_model(model: Model) -> None:
    rows = [
        (
            str(layer.index),
            layer.name,
            layer.op_type,
            format.shape_hwc(layer.output.shape),
            format.count(layer.parameters) if layer.parameters else "",
            format.macs(layer.macs),
            _field(layer),
        )
        for layer in model.layers
    ]
    write_table(("", "name", "operator", "output shape", "parameters", "MACs", "sees, px"), rows, left=(1, 2))
    for word, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor in tensors:
            write(f"{word} {tensor.name}: {tensor.dtype or '?'}, {format.shape(tensor.shape)}")
    total = format.macs(model.macs) or "0"
    write(
        f"{format.count(len(model.layers))} layers, {format.count(model.parameters)} parameters, "
        f"{total} MACs (1 MAC = 2 FLOPs), opset {model.opset}"
    )


def _field(layer: Layer) -> str:
    field = layer.receptive_field
    if field.size is None:
        return {"whole input": "all", "unknown": "?"}.get(field.status, "")
    size = format.shape(field.size)
    return f"\N{LESS-THAN OR EQUAL TO} {size}" if field.status == "bound" else size
