"""One number that the model was fed: how a pixel became it."""

from __future__ import annotations

import numpy as np

from inspector.explain.facts import Arithmetic, Explanation, Index, Operand, Step
from inspector.graph.model import Array, Prediction, Tensor

_INPUT = "input"


def explain_input(known: Tensor, fed: Array, at: Index, prediction: Prediction) -> Explanation:
    """Say how an element of an input came about: from a pixel, by the recipe; what is not a picture came as it is.

    The pixel is worked out backwards from what was fed, so this holds nothing against anything: ``agrees`` is None.

    Raises:
        IndexError: There is no such element.
    """
    value = float(fed[at])
    recipe = prediction.preprocessing
    operand = Operand("fed", known.name, np.asarray(value), np.asarray(at, np.int64))
    origin = prediction.origins.get(known.name, "")
    if recipe is None or fed.ndim != 4 or origin not in ("", "the picture"):
        words = f"fed as it is, from {origin}" if origin else "fed as it is"
        arithmetic = Arithmetic("move", (operand,), value, 0.0, steps=(Step(words, value),))
        return Explanation("", _INPUT, known.name, at, True, "", value, fed.dtype.name, arithmetic=arithmetic)
    channel = at[-1] if known.channels_last else at[1]
    mean, std = (numbers[min(channel, len(numbers) - 1)] for numbers in (recipe.mean, recipe.std))
    scaled = value * std + mean
    pixel = scaled / recipe.scale
    steps = [
        Step("the pixel, 0 to 255, after it was brought to the input's size", 255 - pixel if recipe.invert else pixel),
        *([Step("255 less that", pixel)] if recipe.invert else []),
        Step(f"times {recipe.scale:.6g}", scaled),
        Step(f"less {mean:.6g}", scaled - mean),
        Step(f"divided by {std:.6g}: what the model is fed", value),
    ]
    arithmetic = Arithmetic("formula", (operand,), value, 0.0, steps=tuple(steps))
    return Explanation("", _INPUT, known.name, at, True, "", value, fed.dtype.name, arithmetic=arithmetic)
