"""Which class of a run is looked into, and what each channel of a layer added to its logit."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.analysis.contributions import Contributions, explained
from inspector.analysis.heads import answered, top_order
from inspector.errors import InspectorError
from inspector.graph.model import Model, Run

NO_CLASSES = "The answer of this network is not read as classes."


@dataclass(frozen=True, slots=True)
class ClassParts:
    """What the channels of one layer added to the logit of a class.

    Attributes:
        index: Of the class.
        parts: They, and the name of the layer.
    """

    index: int
    parts: Contributions


def class_parts(model: Model, run: Run, kind: str = "", target: int | None = None) -> ClassParts | str:
    """Return the parts of a class's logit, or a sentence that says why there are none.

    Args:
        model: The graph.
        run: Of it.
        kind: How the answer is to be read; ``""`` leaves it to the model.
        target: Of the class; None, or one that is not there, for the best one.
    """
    head = answered(model, run.prediction, run.tensors, kind)
    if not head.probabilities.size:
        return NO_CLASSES
    known = target is not None and 0 <= target < head.probabilities.size
    index = target if known and target is not None else int(top_order(head)[0])
    try:
        found = explained(model, run.tensors, head.output, index)
    except InspectorError as error:
        return f"{error.message} {error.remedy}".strip()
    return found if isinstance(found, str) else ClassParts(index, found)
