"""One HTML file of an inspection: the network, the picture, the answer, and what every layer made of it.

The file holds all it shows and asks for nothing else: no script, and a policy in its head under which a browser would
load none. Text from models, pictures and labels is escaped; the same run gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from inspector import __version__, format
from inspector.analysis.grids import Output
from inspector.analysis.heads import Head, entropy, margin
from inspector.analysis.statistics import statistics
from inspector.errors import ExportError
from inspector.export import report_inputs
from inspector.export.facts import apart_words, best_facts
from inspector.export.outputs import output_picture
from inspector.export.pages import filled
from inspector.export.pictures import RGB, Drawn
from inspector.export.report_parts import (
    Facts,
    Figure,
    LayerPart,
    family_class,
    figure_of,
    layer_facts,
    number_facts,
    smaller,
)
from inspector.export.svg import FAMILY_COLORS, class_bars, layer_cells, stops
from inspector.graph.edits import said_of
from inspector.graph.model import Difference, Layer, Model, Prediction
from inspector.labels import fitting

MOST_BYTES = 20_000_000
_BARS, _LEGEND = 10, 40
_FACTORS = (0.7, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09, 0.06, 0.03)  # of a picture's sides
_SAMPLE, _CAREFUL = 16, 1.05  # pictures that an estimate is made from, and what is added to it
_KINDS: Mapping[str, str] = {
    "classes": "classes",
    "image": "an image",
    "class map": "a map of classes",
    "tensor": "numbers",
}


@dataclass(frozen=True, slots=True)
class About:
    """What a report is of.

    Attributes:
        model: The network.
        path: Of its file, as it was given.
        sha256: Of that file, in hexadecimal.
        prediction: Of the network as deployed.
        head: How the answer is read.
        labels: Of the classes, as they were given; empty for none.
        outputs: What each output is.
        view: Of the run that the layers are of.
        difference: Of the instrumented network from the deployed one.
        runtime: Which ONNX Runtime; ``""`` if that is not known.
        size_bytes: Of the model's file.
        remarks: Sentences about the whole.
    """

    model: Model
    path: str
    sha256: str
    prediction: Prediction
    head: Head
    labels: Sequence[str] = ()
    outputs: Sequence[Output] = ()
    view: str = "step by step"
    difference: Difference | None = None
    runtime: str = ""
    size_bytes: int = 0
    remarks: Sequence[str] = field(default=(), repr=False)


def report(about: About, parts: Sequence[LayerPart], most_bytes: int = MOST_BYTES) -> str:
    """Return the report.

    Args:
        about: The run.
        parts: Of the layers that it shows, in their order.
        most_bytes: Of the whole file. Where pictures are too many for that, all are made smaller alike, and the report
            says so.

    Raises:
        ExportError: Not even the text fits.
    """
    page = _page(about, parts, 1.0)
    size = len(page.encode("utf-8"))
    pictures = sum(_bytes(each) for each in parts)
    for factor in _FACTORS:
        if size <= most_bytes:
            break
        room = most_bytes - (size - pictures)
        if factor != _FACTORS[-1] and _estimate(parts, factor) > room:
            continue
        chosen = [_shrunk(part, factor) for part in parts]
        page = _page(about, chosen, factor)
        size, pictures = len(page.encode("utf-8")), sum(_bytes(each) for each in chosen)
    if size > most_bytes:
        raise ExportError(
            f"The report needs {format.memory(size)} even with the smallest pictures, "
            f"and {format.memory(most_bytes)} are allowed.",
            "Allow more with --max-size, or choose fewer layers with --layers.",
        )
    return page


def _estimate(parts: Sequence[LayerPart], factor: float) -> float:
    """Return how many bytes the pictures would take that were made smaller, from some of them."""
    drawn = [part for part in parts if _bytes(part)]
    sample = drawn[:: max(1, len(drawn) // _SAMPLE)]
    before = sum(_bytes(part) for part in sample)
    after = sum(_bytes(_shrunk(part, factor)) for part in sample)
    return sum(_bytes(part) for part in drawn) * after / before * _CAREFUL if before else 0.0


def _bytes(part: LayerPart) -> int:
    return sum(len(each.png) * 4 // 3 for each in (part.maps, part.kernels) if each is not None)


def _shrunk(part: LayerPart, factor: float) -> LayerPart:
    maps, kernels = (None if each is None else smaller(each, factor) for each in (part.maps, part.kernels))
    return replace(part, maps=maps, kernels=kernels)


# ---------------------------------------------------------------- the page


def _page(about: About, parts: Sequence[LayerPart], factor: float) -> str:
    model, prediction = about.model, about.prediction
    colormaps = {each.colormap for part in parts for each in (part.maps, part.kernels) if each is not None}
    style = filled(
        "report.css.j2",
        bars={name: stops(name) for name in sorted(colormaps - {""})},
        families={name.replace(" ", "-"): colors for name, colors in FAMILY_COLORS.items()},
    )
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    image = base_name(prediction.image)
    return filled(
        "report.html.j2",
        style=style,
        digest=digest,
        title=f"{base_name(about.path)} on {image}" if image else base_name(about.path),
        model_name=base_name(about.path),
        image_name=image,
        version=__version__,
        answer=_answer(about),
        card=_card(about),
        ends=_ends(model),
        feeding=_feeding(about),
        shown=[each for each in report_inputs.pictures(model, prediction) if each[1] is not None],
        outputs=[_output(about, each) for each in about.outputs],
        sums=_sums(about, parts),
        odd=any(part.odd for part in parts),
        layers=[_layer(about, part) for part in parts],
        remarks=[*about.remarks, *model.remarks],
        shrunk=format.percent(factor) if factor < 1 else "",
        uri=_uri,
    )


def base_name(path: str) -> str:
    """Return the last part of a path of any system."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _uri(figure: Figure) -> str:
    kind = "jpeg" if figure.png[:2] == b"\xff\xd8" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(figure.png).decode('ascii')}"


def _edited(about: About) -> str:
    said = said_of(about.model, about.prediction.edits)
    return f"{said}." if said else ""


def _answer(about: About) -> dict[str, Any]:
    head = about.head
    labels, unfitting = fitting(about.labels, head.classes)
    bars, has_more = class_bars(best_facts(head, labels, _BARS + 1), _BARS)
    facts: list[tuple[str, str]] = []
    if len(head.probabilities) > 1:
        facts = [("Margin", f"{format.significant(margin(head))} in logits")]
    if head.kind in ("logits", "softmax", "log-softmax", "probabilities"):
        facts.append(("Entropy", f"{format.significant(entropy(head.probabilities))} nats"))
    if head.classes:
        facts.append(("Classes", format.count(head.classes)))
    return {
        "bars": bars,
        "has_more": has_more,
        "height": 26 * len(bars) + 6,
        "reason": head.reason,
        "warnings": [each for each in (_edited(about), head.warning, unfitting) if each],
        "facts": facts,
        "is_independent": head.kind == "sigmoid",
    }


def _card(about: About) -> Facts:
    model = about.model
    facts = [
        ("File", base_name(about.path)),
        ("SHA-256", about.sha256),
        ("Size", format.memory(about.size_bytes) if about.size_bytes else ""),
        ("Opset", str(model.opset)),
        ("Producer", model.producer),
        ("Quantized", model.quantized),
        ("Layers", format.count(len(model.layers))),
        ("Parameters", format.count(model.parameters)),
        ("MACs", f"{format.macs(model.macs)} (1 MAC = 2 FLOPs)" if format.macs(model.macs) else ""),
        ("Class names", model.labels_source if model.labels else ""),
    ]
    return [each for each in facts if each[1]]


def _ends(model: Model) -> list[tuple[str, str, str, str]]:
    return [
        (word, each.name, each.dtype or "?", format.shape(each.shape))
        for word, tensors in (("input", model.inputs), ("output", model.outputs))
        for each in tensors
    ]


def _feeding(about: About) -> Facts:
    prediction = about.prediction
    facts = report_inputs.facts(about.model, prediction)
    facts += [
        ("Ran on", prediction.provider),
        ("ONNX Runtime", about.runtime),
        ("Layers shown", about.view),
        ("Check", _difference_words(about.difference)),
    ]
    return [each for each in facts if each[1]]


def _difference_words(found: Difference | None) -> str:
    if found is None:
        return "No output of the instrumented network could be compared with the deployed one."
    return f"Output {found.output} of the instrumented network {apart_words(found)}."


# ---------------------------------------------------------------- outputs


def _output(about: About, output: Output) -> dict[str, Any]:
    values = about.prediction.outputs[output.name]
    facts = [("Type", values.dtype.name), ("Shape as stored", format.shape(values.shape))]
    if values.size and values.dtype.kind in "biuf":
        facts += number_facts(statistics(values))
    figure, legend, rest = None, [], 0
    if output.kind in ("image", "class map"):
        pixels, seen = output_picture(output, values, about.labels)
        words = f"drawn from {output.rule}" if output.rule else "each class in a colour of its own"
        figure = report_inputs.magnified(figure_of(Drawn(pixels, (), RGB), words))
        every = seen.get("legend", [])
        legend = [
            {
                "color": each["color"],
                "name": each["label"] or f"class {each['index']}",
                "share": format.percent(each["share"]),
            }
            for each in every[:_LEGEND]
        ]
        rest = len(every) - len(legend)
    return {
        "name": output.name,
        "kind": _KINDS[output.kind],
        "reason": output.reason,
        "facts": facts,
        "figure": figure,
        "legend": legend,
        "rest": format.count(rest) if rest else "",
    }


# ---------------------------------------------------------------- layers


def _sums(about: About, parts: Sequence[LayerPart]) -> str:
    """Return what the table adds up to, as a sentence."""
    held = [part for part in parts if part.numbers is not None]
    words = [f"{format.count(len(parts))} of {format.count(len(about.model.layers))} layers are listed"]
    if len(parts) == len(about.model.layers):
        words = [f"{format.count(len(parts))} layers"]
    if len(held) < len(parts):
        words.append(f"{format.count(len(parts) - len(held))} without a tensor in this run")
    dead = sum(part.dead for part in held)
    channels = sum(part.channels for part in held)
    if channels:
        words.append(f"{format.count(dead)} of {format.count(channels)} channels are zero everywhere for this picture")
    odd = sum(part.odd > 0 for part in held)
    if odd:
        words.append(f"{format.count(odd)} with NaN or infinite numbers")
    return f"{'; '.join(words)}."


def _layer(about: About, part: LayerPart) -> dict[str, Any]:
    layer = part.layer
    number, name, op_type, shape, parameters, macs, sees = layer_cells(layer)
    numbers = part.numbers
    return {
        "index": number,
        "name": name,
        "op_type": op_type,
        "family": family_class(layer),
        "family_name": layer.family,
        "cells": (op_type, part.shape or shape, parameters, macs, sees),
        "zeros": format.percent(numbers.zeros) if numbers is not None else "",
        "dead": format.count(part.dead) if part.dead else "",
        "odd": format.count(part.odd) if part.odd else "",
        "facts": layer_facts(part),
        "numbers": number_facts(numbers) if numbers is not None else (),
        "notable": part.notable,
        "maps": part.maps,
        "kernels": part.kernels,
        "kernel_facts": part.kernel_facts,
        "remarks": part.remarks if part.shape or part.remarks else ("The run does not hold its tensor.",),
        "from": _sources(about, layer),
    }


def _sources(about: About, layer: Layer) -> list[str]:
    return [name for name in layer.inputs if name and name not in layer.stored]


def file_size(path: str) -> int:
    """Return the length of a file; 0 where that cannot be found out."""
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return 0
