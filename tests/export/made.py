"""A run made by hand, without ONNX Runtime."""

from __future__ import annotations

import numpy as np

from inspector.export.pictures import mosaic_picture, shown
from inspector.export.wish import Look
from inspector.export.writer import Source
from inspector.graph.model import Layer, Model, Picture, Prediction, Run, Tensor
from inspector.graph.preprocessing import Preprocessing
from inspector.graph.weight import Weight

PIXELS = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
RECIPE = Preprocessing("unit", "chosen", scale=1 / 255)


def network(names, tensors, path="net.onnx", kernel=None):
    """A model of one layer for each name, that makes the tensor beside it."""
    layers = []
    for index, (name, array) in enumerate(zip(names, tensors, strict=True)):
        known = Tensor(f"t{index}", array.dtype.name, array.shape)
        weights = ()
        if kernel is not None and index == 0:
            weights = (
                Weight(
                    *("W", "kernel", kernel.shape, kernel.dtype.name, kernel.shape),
                    encoding="inline",
                    values=kernel.tobytes(),
                ),
            )
        before = f"t{index - 1}" if index else "x"
        layers.append(Layer(index, name, "Conv", "", "convolution", (before,), (known,), weights=weights))
    ends = (Tensor("x", "float32", (1, 3, 16, 16)),), (layers[-1].output,)
    return Source(Model(path, 17, "", *ends, tuple(layers)), path, "ab" * 32)


def maps_picture(tensor, known, tensors, look=None):
    """All channels of a tensor as one picture; None for one that has no reading as maps."""
    look = look or Look()
    ready = shown(tensor, known, tensors, look)
    return None if ready is None else mosaic_picture(ready, look)


def answer(tensors, image="in/cat.png"):
    """What was fed, and the last tensor as the output."""
    fed = (PIXELS.transpose(2, 0, 1)[None] / 255).astype(np.float32)
    picture = Picture(PIXELS, (16, 16), (0, 0, 16, 16))
    last = {f"t{len(tensors) - 1}": tensors[-1]}
    return Prediction(image, {"x": fed}, last, RECIPE, picture, "CPU", 0.001, {"x": "the picture"}, "first frame")


def run_of(tensors, image="in/cat.png"):
    """A run that holds all of them."""
    named = {f"t{place}": array for place, array in enumerate(tensors)}
    return Run(1, answer(tensors, image), named, None, 0.0)
