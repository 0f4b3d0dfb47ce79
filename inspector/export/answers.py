"""The files that are of no single layer: what was fed, what came out, and tables of all layers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inspector.analysis.grids import Output
from inspector.analysis.heads import Head, top_classes
from inspector.analysis.reading import reading
from inspector.export import svg
from inspector.export.captions import chart
from inspector.export.facts import Facts, answer_facts, model_facts
from inspector.export.gathered import STATISTICS
from inspector.export.numbers import csv_text
from inspector.export.outputs import output_picture
from inspector.export.pictures import RGB, Drawn, mosaic_picture, shown
from inspector.export.png import encode
from inspector.graph.context import picture_input
from inspector.graph.model import Array, Layer, Model, Prediction, Tensor
from inspector.labels import fitting
from inspector.render.pictures import stretched, unfed

LOST = "replace"  # a name may hold halves of letters, which no file of text can: they become question marks
_CHARTED = 10  # classes of a chart
_CLASSES = ("index", "label", "probability", "logit")
_LAYERS = (
    *("index", "name", "op_type", "family", "output_shape", "dtype", "kernel_shape", "strides", "pads", "dilations"),
    *("group", "parameters", "macs", "bytes", "weight_bytes", "inside", "hidden", "receptive_field_size"),
    *("receptive_field_jump", "receptive_field_start", "receptive_field_status"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out of a run.

    Attributes:
        head: How it is read.
        labels: As they were given.
        outputs: What each output is.
    """

    prediction: Prediction
    head: Head
    labels: Sequence[str]
    outputs: Sequence[Output]

    def facts(self) -> Facts:
        """Return the answer, ready for JSON."""
        prediction = self.prediction
        return answer_facts(prediction.image, self.head, self.labels, prediction.outputs, self.outputs)


def probabilities(of: Answer, format: str, scale: int = 1) -> bytes:
    """Return the answer as a file of one of the formats that the table names for it."""
    if format == "json":
        return json_bytes(of.facts())
    if format == "csv":
        return csv_text(_CLASSES, of.facts()["classes"]).encode(errors=LOST)
    if format == "svg":
        return svg.probabilities(of.facts(), _CHARTED).encode(errors=LOST)
    fitted, _ = fitting(of.labels, of.head.classes)
    best = () if of.head.indices else top_classes(of.head, fitted, _CHARTED)
    title = of.prediction.image.replace("\\", "/").rpartition("/")[2]
    return encode(chart(title, of.head.reason if best else "This network gives no probabilities.", best, scale))


def output_file(output: Output, values: Array, labels: Sequence[str]) -> tuple[bytes, Facts]:
    """Return an output that can be seen as a PNG file, and what its colours stand for."""
    pixels, facts = output_picture(output, values, labels)
    return encode(pixels), facts


def layer_table(model: Model, layers: Sequence[Layer], path: str, format: str) -> bytes:
    """Return the table of some layers as a file of one of its formats."""
    facts = model_facts(model, path)
    names = {layer.name for layer in layers}
    rows = [each for each in facts["layers"] if each["name"] in names]
    if format == "json":
        return json_bytes(facts | {"layers": rows})
    if format == "csv":
        return csv_text(_LAYERS, (_flat(row) for row in rows)).encode(errors=LOST)
    return svg.layer_table(model, layers).encode(errors=LOST)


def _flat(row: Mapping[str, Any]) -> Facts:
    field = {f"receptive_field_{name}": value for name, value in row["receptive_field"].items()}
    inside = " / ".join(f"{owner}: {branch}" for owner, branch in row["inside"])
    return {**row, **field, "inside": inside}


def statistics_table(rows: Sequence[Facts], format: str) -> bytes:
    """Return the statistics of tensors as a file of one of its formats."""
    return (
        json_bytes({"tensors": [{each: row[each] for each in STATISTICS} for row in rows]})
        if format == "json"
        else csv_text(STATISTICS, rows).encode(errors=LOST)
    )


def fed_picture(model: Model, prediction: Prediction, name: str) -> Drawn | None:
    """Draw what an input was fed: a picture as the network sees it, anything else as maps.

    Returns:
        None for what cannot be read as maps, such as a single number.
    """
    tensor = prediction.fed[name]
    known = next((each for each in model.inputs if each.name == name), Tensor(name, str(tensor.dtype), tensor.shape))
    seen = picture_input(prediction.fed, model)
    if seen is None or seen.name != name:
        ready = shown(tensor, known, {})
        return None if ready is None else mosaic_picture(ready)
    found = reading(tensor, replace(known, channels_last=seen.channels_last), {}, codes=True)
    if found is None:
        return None
    if len(found.maps) not in (1, 3):
        ready = shown(tensor, replace(known, channels_last=seen.channels_last), {})
        return None if ready is None else mosaic_picture(ready)
    recipe = prediction.preprocessing
    if recipe is None or recipe.scale == 0:
        return Drawn(stretched(found.maps), (), RGB)
    is_bgr = recipe.channels == "BGR"
    return Drawn(unfed(found.maps, recipe.scale, recipe.mean, recipe.std, is_bgr, recipe.invert), (), RGB)


def json_bytes(content: Any) -> bytes:
    """Return facts as a JSON file."""
    return f"{json.dumps(content, indent=1, allow_nan=False)}\n".encode("ascii")
