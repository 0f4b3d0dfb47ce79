"""What the pinned run answered where the current answer is an image or a map of classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from inspector.analysis.grids import ClassMap, Output, class_map
from inspector.analysis.heads import answered
from inspector.analysis.outputs import described, shown_as
from inspector.graph.model import Array, Model, Prediction, Run


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The same output of the reference.

    Attributes:
        shown: The current output; an image has limits that hold both runs.
        output: What it is, with the same limits.
        values: Its tensor.
        prediction: Whose it is.
        found: Its classes; None for an image.
    """

    shown: Output
    output: Output
    values: Array
    prediction: Prediction
    found: ClassMap | None


def beside(model: Model, shown: Output, reference: Run, kind: str, said: Mapping[str, str]) -> Beside | None:
    """Read the reference's output as the current one is read; None where that cannot be.

    Args:
        model: The network of both.
        shown: The current output, an image or a map of classes.
        reference: The pinned run.
        kind: What the user says that the answer is; see ``analysis.heads``.
        said: What the user says that grids are, by output.
    """
    prediction = reference.prediction
    values = prediction.outputs.get(shown.name)
    if values is None:
        return None
    head = answered(model, prediction, reference.tensors, kind, shown.name)
    found = next((each for each in described(model, prediction, head, said) if each.name == shown.name), None)
    if found is None or not found.is_grid or found.channels != shown.channels:
        return None
    if found.kind != shown.kind:
        found = shown_as(found, values, shown.kind)
    if found.kind != shown.kind:
        return None
    if shown.kind == "class map":
        return Beside(shown, found, values, prediction, class_map(found, values))
    limits = min(shown.limits[0], found.limits[0]), max(shown.limits[1], found.limits[1])
    rule = shown.rule if shown.limits == found.limits else "the limits that hold both runs"
    current = replace(shown, limits=limits, rule=rule)
    return Beside(current, replace(found, limits=limits, rule=rule), values, prediction, None)
