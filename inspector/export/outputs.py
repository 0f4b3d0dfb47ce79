"""Outputs that can be seen, as pictures with what their colours stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.analysis.grids import ClassMap, Output, class_map, planes
from inspector.export.pictures import BACKGROUND
from inspector.graph.model import Array
from inspector.labels import fitting
from inspector.render.classes import class_color, class_picture, image_picture

Facts = dict[str, Any]


def output_picture(output: Output, values: Array, labels: Sequence[str]) -> tuple[NDArray[np.uint8], Facts]:
    """Draw an image, or a map of classes, element for element.

    Args:
        output: As ``analysis.outputs`` describes it.
        values: Its tensor.
        labels: Of the classes, or empty; they are used where there is one for each.

    Returns:
        Pixels ``(height, width, 3)``, and what they stand for: ``as``, ``reason``, and the ``limits`` and the ``rule``
        of an image or the ``legend`` of a map.
    """
    facts: Facts = {"as": output.kind, "reason": output.reason}
    if output.kind == "image":
        pixels = image_picture(planes(output, values), output.limits, output.is_bgr)
        return pixels, facts | {"limits": list(output.limits), "rule": output.rule}
    found = class_map(output, values)
    drawn = class_picture(found.classes)
    pixels = np.where(drawn[..., 3:] > 0, drawn[..., :3], np.array(BACKGROUND, np.uint8))
    return pixels, facts | {"colormap": "classes", "legend": legend(output, found, labels)}


def legend(output: Output, found: ClassMap, labels: Sequence[str]) -> list[Facts]:
    """Return the classes that occur in a map, the most frequent first."""
    fitted, _ = fitting(labels, output.classes)
    return [
        {
            "index": each.index,
            "label": fitted[each.index] if each.index < len(fitted) else "",
            "color": "#{:02x}{:02x}{:02x}".format(*class_color(each.index)),
            "share": each.share,
        }
        for each in found.present
    ]
