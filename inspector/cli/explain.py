"""``inspector explain``: one element of a layer, recomputed step by step and held against the runtime's."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from inspector import format
from inspector.cli.console import say, write, write_json, write_table
from inspector.cli.conversation import (
    Conversation,
    checked_provider,
    chosen_edits,
    chosen_feeding,
    chosen_recipe,
)
from inspector.cli.lock import lock
from inspector.errors import RunError, UsageError
from inspector.explain.facts import Explanation, Index
from inspector.explain.report import explanation_facts
from inspector.explain.table import explain as explain_element
from inspector.graph.model import Array, Layer, Model

_SHOWN = 12  # parts of a sum that are printed


def explain(asked: argparse.Namespace) -> int:
    """Print how an element comes about; it is an error of its own if the runtime disagrees."""
    if asked.gif:
        lock(asked, os.path.dirname(os.path.abspath(asked.gif)))
    edits, feeding = chosen_edits(asked), chosen_feeding(asked)
    with Conversation(asked.model, asked.provider, asked.memory, feeding=feeding, edits=edits) as talk:
        model = talk.open()
        layer = _layer(model, asked.layer)
        checked_provider(talk.ready(), asked.provider, asked.allow_fallback)
        if edits:
            model = talk.network(asked.image, chosen_recipe(asked))
            layer = _layer(model, asked.layer)
        tensor = layer.output.name
        made = {output.name for each in model.layers for output in each.outputs}
        wanted = (tensor, *(name for name in (*layer.inputs, *(each.name for each in layer.outputs)) if name in made))
        run = talk.run(asked.image, chosen_recipe(asked), tuple(dict.fromkeys(wanted)))
        if tensor not in run.tensors:
            why = run.unshowable.get(tensor, "the run does not hold it")
            raise RunError(f"The output of {layer.name} cannot be explained: {why}.", "Choose another layer.")
        at = _index(asked, run.tensors[tensor].shape, layer)
        found = explain_element(model, layer, run.tensors, at)
        if asked.gif:
            _animate(asked, model, layer, run.tensors, at)
    if asked.json:
        write_json(explanation_facts(found))
    else:
        _write(found)
    if found.agrees is False:
        say(f"The runtime and the arithmetic disagree on {layer.name} at {list(at)}.")
    return 0


def _animate(asked: argparse.Namespace, model: Model, layer: Layer, tensors: Mapping[str, Array], at: Index) -> None:
    from inspector.cli.animation import write_animation  # Pillow is not needed otherwise

    frames = write_animation(asked.gif, model, layer, tensors, at, asked.part)
    say(f"{asked.gif}: {frames:,} frames")


def _layer(model: Model, name: str) -> Layer:
    layer = model.layer(name)
    if layer is None:
        near = [each.name for each in model.layers if name.casefold() in each.name.casefold()][:3]
        remedy = f"Did you mean {' or '.join(near)}?" if near else "See inspector layers for their names."
        raise UsageError(f"The model has no layer {name!r}.", remedy)
    return layer


def _index(asked: argparse.Namespace, shape: tuple[int, ...], layer: Layer) -> Index:
    at: tuple[int, ...]
    if asked.index is not None:
        at = asked.index
    elif len(shape) > 1:
        at = (0, asked.channel or 0, *(asked.at or (0,) * (len(shape) - 2)))
    else:
        at = (asked.channel or 0,)[: len(shape)]
    if len(at) != len(shape) or any(not 0 <= place < length for place, length in zip(at, shape, strict=True)):
        given = ",".join(map(str, at))
        raise UsageError(
            f"The output of {layer.name} has the shape {format.shape(shape)}, which has no element {given}.",
            "Give --channel and --at ROW,COLUMN, or --index with a number for each axis, from 0.",
        )
    return at


def _write(found: Explanation) -> None:
    write(f"output of {found.layer} ({found.op_type}), element {list(found.at)}")
    arithmetic = found.arithmetic
    if not found.explained or arithmetic is None:
        write(f"{found.sentence} The runtime computed {_value(found.runtime)}.")
        return
    if arithmetic.parts.size > 1:
        ranked = found.ranked_parts()[:_SHOWN]
        rows = [(arithmetic.part_names[each], format.significant(float(arithmetic.parts[each]))) for each in ranked]
        write_table(("term", "part of the sum"), rows, left=(0,))
        if arithmetic.parts.size > len(ranked):
            write(f"  and {arithmetic.parts.size - len(ranked):,} smaller parts")
    for step in arithmetic.steps:
        write(f"  {step.text} = {_value(step.value)}")
    write(f"recomputed {_value(found.recomputed)}, runtime {_value(found.runtime)} ({found.dtype})")
    verdict = "they agree" if found.agrees else "THEY DISAGREE"
    write(f"difference {_value(found.difference)}, rounding allows {_value(found.bound)}: {verdict}")
    for remark in arithmetic.remarks:
        write(remark)


def _value(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.9g}"
