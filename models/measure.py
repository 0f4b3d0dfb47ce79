"""How often a model of this folder is right, measured as a user would: PNG in, ONNX Runtime, largest output."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Iterable

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx_file import FOLDER
from PIL import Image


def prepared(png: bytes, channels: str, height: int, width: int) -> NDArray[np.float32]:
    """Return a PNG as the input tensor ``(1, C, height, width)`` of 0..1: the preset "unit" of the program."""
    with Image.open(io.BytesIO(png)) as image:
        resized = image.convert("L" if channels == "grey" else "RGB").resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.atleast_3d(np.asarray(resized, np.float32)).transpose(2, 0, 1)
    return pixels[np.newaxis] / np.float32(255)


def accuracy(name: str, cases: Iterable[tuple[NDArray[np.uint8], int]]) -> float:
    """Return how many of the cases the model ``NAME.onnx`` gets right, 0..1.

    Args:
        name: Of the model; its sidecar says whether it wants grey.
        cases: Pictures, ``(height, width)`` or ``(height, width, 3)``, and their classes.
    """
    recipe = tomllib.loads((FOLDER / f"{name}.inspector.toml").read_text(encoding="utf-8"))["preprocessing"]
    session = onnxruntime.InferenceSession(FOLDER / f"{name}.onnx", providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    right = []
    for picture, label in cases:
        png = io.BytesIO()
        Image.fromarray(picture).save(png, "PNG")
        tensor = prepared(png.getvalue(), recipe.get("channels", "RGB"), *entry.shape[2:])
        (scores,) = session.run(None, {entry.name: tensor})
        right.append(int(scores[0].argmax()) == label)
    return sum(right) / len(right)
