"""Draws the sample pictures of ``edges.onnx``. Those of the others come from the scripts that make the models."""

from __future__ import annotations

import draw_facade
import draw_still_life
from onnx_file import SAMPLES
from PIL import Image


def make() -> None:
    """Write the pictures into ``resources/samples``."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    for name, picture in (("facade", draw_facade.draw()), ("still-life", draw_still_life.draw())):
        path = SAMPLES / f"edges-{name}.png"
        Image.fromarray(picture).save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    make()
