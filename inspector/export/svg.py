"""Charts and tables as SVG: text stays text, for papers, slides and pages."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from inspector import format
from inspector.export.pages import filled, shortened
from inspector.graph.model import Layer, Model
from inspector.render.limits import ticks
from inspector.render.palettes import palette

Theme = Literal["light", "dark"]

_COLORS: Mapping[str, Mapping[str, str]] = {
    "light": {
        "panel": "#fbfbfc",
        "canvas": "#e9eaed",
        "border": "#c6c9cf",
        "bar": "#a9aeb7",
        "text": "#1b1d20",
        "muted": "#595e67",
        "accent": "#b8136b",
    },
    "dark": {
        "panel": "#1f2023",
        "canvas": "#121315",
        "border": "#3c3f45",
        "bar": "#565b64",
        "text": "#e8e9eb",
        "muted": "#a4a8b0",
        "accent": "#ff5fa8",
    },
}
FAMILY_COLORS: Mapping[str, tuple[str, str]] = {
    "convolution": ("#0072b2", "#2484c6"),
    "fully connected": ("#d55e00", "#d55e00"),
    "activation": ("#e69f00", "#e69f00"),
    "merge": ("#56b4e9", "#7ccbf5"),
    "pooling": ("#009e73", "#009e73"),
    "shape": ("#1b1d20", "#e0e2e5"),
    "normalization": ("#f0e442", "#f0e442"),
    "other": ("#cc79a7", "#cc79a7"),
}
"""Of each family of layers, on light and on dark."""

_STOPS = 33  # between the colours of a bar; closer ones cannot be told apart
_LETTER = 6.9  # pixels that a letter of 11 px takes in the widest usual font
_ROW, _HEAD, _EDGE = 20, 26, 12
_MOST_NAME = 44


def probabilities(facts: Mapping[str, Any], count: int = 10, theme: Theme = "light") -> str:
    """Draw the most probable classes as bars.

    Args:
        facts: Of an answer, as ``facts.answer_facts`` returns them: its ``image``, ``head``, ``head_reason`` and
            ``classes``, the most probable first.
        count: Classes at most.
        theme: What it will lie on.
    """
    title = str(facts["image"]).replace("\\", "/").rpartition("/")[2]
    bars, has_more = class_bars(facts["classes"], count)
    subtitle = str(facts.get("head_reason") or "")
    if has_more:
        subtitle = f"{format.count(len(facts['classes']))} classes, the first {count} here. {subtitle}"
    return filled(
        "probabilities.svg.j2",
        color=_COLORS[theme],
        title=title,
        subtitle=subtitle if bars else "This network gives no probabilities.",
        bars=bars,
        height=64 + 26 * len(bars) + _EDGE,
    )


@dataclass(frozen=True, slots=True)
class ClassBar:
    """A class as a bar.

    Attributes:
        name: Its label, else its number.
        number: Its probability as text; ``""`` where the network gives none.
        share: Of the full length, 0 to 1.
    """

    name: str
    number: str
    share: float


def class_bars(classes: Sequence[Mapping[str, Any]], count: int) -> tuple[list[ClassBar], bool]:
    """Return the first classes as bars, and whether there are more of them."""
    return [_bar(each) for each in classes[:count]], len(classes) > count


def _bar(score: Mapping[str, Any]) -> ClassBar:
    name = str(score["label"] or f"class {score['index']}")
    probability = score["probability"]
    if probability is None:
        return ClassBar(name, "", 0.0)
    value = float(probability)  # "NaN" and "Infinity" are numbers to Python too
    return ClassBar(name, format.probability(value), min(max(value, 0.0), 1.0) if value == value else 0.0)


def layer_table(model: Model, layers: Sequence[Layer] | None = None, theme: Theme = "light") -> str:
    """Write the layers as a table.

    Args:
        model: The network.
        layers: Those of its layers that are listed; None for all.
        theme: What it will lie on.
    """
    chosen = model.layers if layers is None else layers
    heads = ("", "name", "operator", "output", "parameters", "MACs", "sees, px")
    rows = [layer_cells(layer) for layer in chosen]
    for cells in rows:
        cells[1] = shortened(cells[1], _MOST_NAME)
    widths = [max(len(line[column]) for line in [heads, *rows]) * _LETTER + 16 for column in range(len(heads))]
    starts = [_EDGE, *(_EDGE + each for each in itertools.accumulate(widths))]
    # Names and operators begin where their column does, numbers end where it does.
    places = [starts[column] + 8 if column in (1, 2) else starts[column + 1] - 8 for column in range(len(heads))]
    side = 0 if theme == "light" else 1
    total = format.macs(model.macs) or "0"
    return filled(
        "layers.svg.j2",
        color=_COLORS[theme],
        heads=list(zip(heads, places, strict=True)),
        rows=[
            {
                "cells": list(zip(cells, places, strict=True)),
                "name": layer.name,
                "family": layer.family,
                "dot": FAMILY_COLORS.get(layer.family, FAMILY_COLORS["other"])[side],
            }
            for layer, cells in zip(chosen, rows, strict=True)
        ],
        foot=f"{format.count(len(chosen))} layers, {format.count(model.parameters)} parameters, "
        f"{total} MACs in the whole network (1 MAC = 2 FLOPs)",
        width=round(starts[-1] + _EDGE),
        height=_HEAD + _ROW * len(rows) + _HEAD + _EDGE,
    )


def layer_cells(layer: Layer) -> list[str]:
    """Return what a table says of a layer: number, name, operator, shape, parameters, MACs, receptive field."""
    return [
        str(layer.index),
        layer.name,
        layer.op_type,
        format.shape_hwc(layer.output.shape, layer.output.channels_last),
        format.count(layer.parameters) if layer.parameters else "",
        format.macs(layer.macs),
        seen(layer),
    ]


def seen(layer: Layer) -> str:
    """Return how much of the picture an element of a layer sees: ``15 × 15``, ``all`` or ``?``."""
    field = layer.receptive_field
    if field.size is None:
        return {"whole input": "all", "unknown": "?"}.get(field.status, "")
    size = format.shape(field.size)
    return f"\N{LESS-THAN OR EQUAL TO} {size}" if field.status == "bound" else size


def color_bar(limits: tuple[float, float], colormap: str, title: str = "", theme: Theme = "light") -> str:
    """Draw what the colours of a picture stand for.

    Args:
        limits: The values drawn as the first and the last colour.
        colormap: A name from ``render.COLORMAPS``.
        title: Above it.
        theme: What it will lie on.
    """
    low, high = limits
    span = high - low
    found = [(each, (each - low) / span) for each in ticks(low, high, 5)] if span > 0 else []
    between = [(format.significant(each), place) for each, place in found if 0.14 < place < 0.86]
    return filled(
        "colors.svg.j2",
        color=_COLORS[theme],
        stops=stops(colormap),
        ticks=between,
        low=format.significant(low),
        high=format.significant(high),
        title=title,
        colormap=colormap,
    )


def stops(colormap: str) -> list[tuple[str, str]]:
    """Return colours of a colormap with where they stand, in percent, from the first to the last."""
    table = palette(colormap)
    places = np.linspace(0, 255, _STOPS).round().astype(int)
    return [(f"{place / 255 * 100:.2f}", "#{:02x}{:02x}{:02x}".format(*table[place])) for place in places]
