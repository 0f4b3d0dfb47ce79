"""How long an explanation takes to open, and how many frames the animation can show in a second."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from inspector.explain.table import explain
from inspector.ui import theme
from inspector.ui.panels.arithmetic import ArithmeticPanel
from inspector.ui.session import Session

ROUNDS = 51
CHANNELS = 512


def write_layers(path: str) -> None:
    """Write two convolutions: 3x3 over 512 channels of 14 x 14, and 3x3 over three of 32 x 32."""
    random = np.random.default_rng(0)
    weights = {
        "deep weights": random.standard_normal((8, CHANNELS, 3, 3)).astype(np.float32),
        "flat weights": random.standard_normal((8, 3, 3, 3)).astype(np.float32),
        "few": np.array([3], np.int64),
        "zero": np.array([0], np.int64),
        "channels": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["x", "deep weights"], ["deep"], name="deep", pads=[1, 1, 1, 1]),
        helper.make_node("Slice", ["x", "zero", "few", "channels"], ["three"], name="three"),
        helper.make_node("Conv", ["three", "flat weights"], ["flat"], name="flat", pads=[1, 1, 1, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "layers",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, 32, 32])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("deep", "flat")],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def _until_run(session: Session) -> None:
    loop = QEventLoop()
    session.run_changed.connect(loop.quit)
    QTimer.singleShot(60_000, loop, loop.quit)
    loop.exec()
    assert session.run is not None, session.failure


def _frames(panel: ArithmeticPanel) -> list[float]:
    """Return the processor time of this thread for each position and its pixels."""
    taken = []
    for position in range(200, 200 + ROUNDS):
        began = time.thread_time()
        panel.player.go(position)
        panel.repaint()
        panel.grab()
        taken.append(time.thread_time() - began)
    return taken


def measure(folder: str) -> dict[str, float]:
    """Return median seconds."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply(application, "dark")
    path, image = f"{folder}/layers.onnx", f"{folder}/x.npy"
    write_layers(path)
    np.save(image, np.random.default_rng(1).standard_normal((1, CHANNELS, 32, 32), np.float32))
    session = Session(provider="cpu")
    panel = ArithmeticPanel(session)
    panel.resize(1000, 640)
    panel.show()
    taken: dict[str, list[float]] = {"core, 3x3x512": [], "panel's data, 3x3x512": []}
    try:
        session.open_files([path, image])
        _until_run(session)
        assert session.model is not None
        assert session.run is not None
        kept: dict[str, np.ndarray] = {}
        session.set_view(layer="deep", channel=0, element=(3, 3))
        for number in range(ROUNDS):
            at = (number // 7 % 30, number % 30)
            began = time.thread_time()
            layer = session.model.layers[0]
            explain(session.model, layer, session.run.tensors, (0, number % 8, *at), kept=kept)  # type: ignore[arg-type]
            taken["core, 3x3x512"].append(time.thread_time() - began)
            began = time.thread_time()
            session.set_view(channel=number % 8, element=at)
            taken["panel's data, 3x3x512"].append(time.thread_time() - began)
        taken["a frame, 3x3x512"] = _frames(panel)
        session.set_view(layer="flat", channel=0, element=(3, 3))
        taken["a frame, 3x3x3 on 32x32"] = _frames(panel)
    finally:
        panel.close()
        session.close()
    return {name: statistics.median(each) for name, each in taken.items()}


def report(say: Callable[[str], None]) -> dict[str, float]:
    """Measure, say the medians and return them."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(folder)
    for name, seconds in taken.items():
        rate = f", {1 / seconds:.0f} a second" if name.startswith("a frame") else ""
        say(f"{name:28} {1000 * seconds:7.2f} ms{rate}")
    return taken
