"""How fast every layer of a VGG-16 becomes PNG mosaics, against matplotlib and against Pillow alone.

Pillow encodes the pixels of our own files once more, in the mode that they have and in full colour. The matplotlib
script is the one that everybody writes: a grid of axes, one image in each, saved. It runs where matplotlib can be
imported (``PYTHONPATH`` may help), over the layers with rows and columns only, which are all but the dense ones.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from inspector.cli.conversation import Conversation
from inspector.export.wish import Wish
from inspector.export.writer import Source, export
from inspector.graph.model import Model, Run
from tests.benchmarks.vgg import write_vgg16

ROUNDS = 3
_GRID = """
import math, sys, time
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
for path in sys.argv[1:]:
    maps = np.load(path)[0]
    began = time.perf_counter()
    side = math.ceil(math.sqrt(len(maps)))
    figure, axes = plt.subplots(side, side, figsize=(side, side))
    for axis in axes.flat:
        axis.axis("off")
    for axis, values in zip(axes.flat, maps):
        axis.imshow(values, cmap="viridis", vmin=maps.min(), vmax=maps.max())
    figure.savefig(path + ".png", dpi=100)
    plt.close(figure)
    print(time.perf_counter() - began, flush=True)
"""


def measure_export(model: Model, run: Run, folder: Path) -> float:
    """Seconds for all mosaics; the best of some rounds."""
    source, wish = Source(model, model.path, ""), Wish(frozenset({"maps"}))
    found = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        export(folder / str(number), source, run.prediction, lambda names: run, wish)
        found.append(time.perf_counter() - began)
    return min(found)


def measure_pillow(files: Sequence[Path], mode: str = "") -> float:
    """Seconds to encode these pictures again, in memory; the best of some rounds."""
    pictures = []
    for each in files:
        with Image.open(each) as opened:
            pictures.append(opened.convert(mode) if mode else opened.copy())
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for picture in pictures:
            picture.save(io.BytesIO(), "PNG")
        found.append(time.perf_counter() - began)
    return min(found)


def measure_matplotlib(arrays: Sequence[Path]) -> float | None:
    """Seconds for a figure of each array; None where there is no matplotlib."""
    known = subprocess.run([sys.executable, "-c", "import matplotlib"], capture_output=True, check=False)
    if known.returncode:
        return None
    done = subprocess.run([sys.executable, "-c", _GRID, *map(str, arrays)], capture_output=True, text=True, check=True)
    return sum(map(float, done.stdout.split()))


def report(say: Callable[[str], None]) -> None:
    """Build the model, measure, and print."""
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        write_vgg16(folder / "vgg16.onnx")
        np.save(folder / "image.npy", np.random.default_rng(0).standard_normal((1, 3, 224, 224), np.float32))
        with Conversation(str(folder / "vgg16.onnx"), "cpu", 2 << 30) as talk:
            model = talk.open()
            talk.ready()
            run = talk.run(str(folder / "image.npy"), None, ())
        assert not run.missing
        ours = measure_export(model, run, folder)
        files = sorted((folder / "0").glob("*.png"))
        assert len(files) == len(model.layers)
        same, full = measure_pillow(files), measure_pillow(files, "RGB")
        arrays = []
        for layer in model.layers:
            if run.tensors[layer.output.name].ndim == 4:
                arrays.append(folder / f"{layer.index:03}.npy")
                np.save(arrays[-1], run.tensors[layer.output.name])
        size = sum(each.stat().st_size for each in files)
        say(f"export: {len(files)} layers of a VGG-16 as PNG mosaics, {size / 1e6:.0f} MB: {ours:.2f} s")
        say(f"  Pillow, the same pixels in the same mode: {same:.2f} s; we take {ours / same:.2f} times as long")
        say(f"  Pillow, the same pixels as RGB: {full:.2f} s; we take {ours / full:.2f} times as long")
        grids = measure_matplotlib(arrays)
        if grids is None:
            say("  matplotlib is not installed: not compared")
        else:
            say(
                f"  matplotlib, {len(arrays)} of the layers: {grids:.1f} s; {grids / ours:.0f} times as long as we take"
            )
