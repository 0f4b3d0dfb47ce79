"""How long the overview of a thousand layers takes to lay out and to paint, and how long the window does not answer."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROUNDS = 15
BLOCKS = 125  # of eight layers, three convolutions and a way round them
CHANNELS = 16
_PATIENCE_SECONDS = 120.0


def write_residual(path: Path, blocks: int = BLOCKS) -> int:
    """Write a network of residual blocks; return how many layers it has."""
    rng = np.random.default_rng(0)
    nodes, weights, here = [], [], "image"
    for block in range(blocks):
        name, last = f"stage{block // 25}/block{block}", here
        for number in range(3):
            kernel = rng.standard_normal((CHANNELS, CHANNELS, 3, 3), np.float32) / np.float32(12)
            weights.append(numpy_helper.from_array(kernel, f"{name}/k{number}"))
            conv, relu = f"{name}/conv{number}", f"{name}/relu{number}"
            nodes.append(helper.make_node("Conv", [last, f"{name}/k{number}"], [conv], name=conv, pads=[1] * 4))
            nodes.append(helper.make_node("Relu", [conv], [relu], name=relu))
            last = relu
        nodes.append(helper.make_node("Add", [last, here], [f"{name}/add"], name=f"{name}/add"))
        nodes.append(helper.make_node("LeakyRelu", [f"{name}/add"], [f"{name}/out"], name=f"{name}/out"))
        here = f"{name}/out"
    shape = [1, CHANNELS, 32, 32]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("image", here)]
    graph = helper.make_graph(nodes, "residual", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return len(nodes)


def report(say: Callable[[str], None]) -> dict[str, float]:
    """Show the overview of such a network; say the medians and return them."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        count = write_residual(Path(folder) / "residual.onnx")
        taken = measure(folder)
    say(f"overview of {count} layers, 1920 x 1080, processor time of the window's thread")
    for name, seconds in taken.items():
        say(f"  {name}: {seconds * 1e3:.1f} ms")
    return taken


def measure(folder: str) -> dict[str, float]:
    """Return median seconds of painting at several enlargements, and the longest gap while opening."""
    from PySide6.QtWidgets import QApplication

    from inspector.ui import theme
    from inspector.ui.panels.overview import OverviewPanel
    from inspector.ui.panels.overview_moving import STEPS
    from inspector.ui.program import make_application
    from inspector.ui.session import Session
    from tests.benchmarks.stalls import Gaps

    application = make_application()
    theme.apply(application, "dark")
    np.save(f"{folder}/image.npy", np.random.default_rng(1).standard_normal((1, CHANNELS, 32, 32), np.float32))
    session = Session("cpu")
    panel = OverviewPanel(session)
    panel.resize(1920, 1000)
    panel.show()

    def wait(is_done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not is_done() and time.monotonic() < deadline:
            QApplication.processEvents()
            time.sleep(0.001)

    taken: dict[str, float] = {}
    gaps = Gaps()
    try:
        session.open_files([f"{folder}/residual.onnx", f"{folder}/image.npy"])
        wait(lambda: session.run is not None and panel.view.scene is not None and panel.pictures.is_done)
        taken["longest gap while it opens and runs"] = gaps.longest_ms / 1e3
        for name, step in (("all layers", 0), ("a fifth of the way", STEPS // 5), ("half-way", STEPS // 2)):
            gaps.restart()
            panel.zoom.setValue(step)
            for _ in range(40):
                QApplication.processEvents()
                time.sleep(0.002)
            wait(lambda: panel.pictures.is_done)
            taken[f"{name}: longest gap"] = gaps.longest_ms / 1e3
            taken[f"{name}: painting"] = statistics.median(_painting(panel.view) for _ in range(ROUNDS))
    finally:
        panel.close()
        session.close()
        panel.deleteLater()
    return taken


def _painting(widget: object) -> float:
    began = time.thread_time()
    widget.grab()  # type: ignore[attr-defined]
    return time.thread_time() - began
