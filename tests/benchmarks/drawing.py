"""How long the window's thread works from a selection to its pixels, against a copy of the bytes and a plain run."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication

from inspector.graph.model import Array
from inspector.ui import theme
from inspector.ui.main_window import MainWindow
from inspector.ui.session import Session

ROUNDS = 31
SHAPE = (1, 64, 224, 224)
LAYERS = ("wide", "half", "deep")  # 64 x 224 x 224 in float32 and in float16, 2048 x 7 x 7
CHANGES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "colormap": ({"colormap": "magma"}, {"colormap": "viridis"}),
    "colormap, with a middle": ({"colormap": "vik"}, {"colormap": "viridis"}),
    "limits": ({"scaling": "layer"}, {"scaling": "percentile"}),
    "limits of each channel": ({"scaling": "channel"}, {"scaling": "percentile"}),
    "channel": ({"channel": 7}, {"channel": 8}),
}


def write_layers(path: Path) -> None:
    """Write a model of these layers, of which each has a tensor of its own."""
    ends = {"first": [0, 0, 0, 0], "last": [1, 2, 224, 224], "deep shape": [1, 2048, 7, 7]}
    constants = [helper.make_tensor(name, TensorProto.INT64, [4], values) for name, values in ends.items()]
    nodes = [
        helper.make_node("Neg", ["image"], ["wide"], name="wide"),
        helper.make_node("Cast", ["wide"], ["half"], name="half", to=TensorProto.FLOAT16),
        helper.make_node("Slice", ["wide", "first", "last"], ["part"], name="part"),
        helper.make_node("Reshape", ["part", "deep shape"], ["deep"], name="deep"),
    ]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, list(SHAPE))]
    outputs = [helper.make_tensor_value_info("deep", TensorProto.FLOAT, ends["deep shape"])]
    graph = helper.make_graph(nodes, "layers", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


class Painted(QObject):
    """Counts how often a widget is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def _until_run(session: Session) -> None:
    loop = QEventLoop()
    session.run_changed.connect(loop.quit)
    QTimer.singleShot(60_000, loop, loop.quit)
    loop.exec()
    assert session.run is not None, session.failure
    rest = QEventLoop()  # for the small pictures in the table
    QTimer.singleShot(500, rest, rest.quit)
    rest.exec()


def _seconds(painted: Painted, change: Callable[[], None]) -> float:
    """Return the processor time of this thread until a change is painted."""
    before, began, deadline = painted.count, time.thread_time(), time.monotonic() + 10
    change()
    while painted.count == before:
        QApplication.processEvents()
        assert time.monotonic() < deadline, "what changed was not painted"
    return time.thread_time() - began


def _copy_seconds() -> float:
    source = np.ones(SHAPE, np.float32)
    target = np.zeros_like(source)
    began = time.thread_time()
    np.copyto(target, source)
    return time.thread_time() - began


def _plain_run(path: str, image: Array) -> Callable[[], float]:
    """Return what times one pass of the model in ONNX Runtime alone."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run() -> float:
        began = time.perf_counter()
        session.run(None, {"image": image})
        return time.perf_counter() - began

    return run


def measure(folder: str) -> dict[str, float]:
    """Return the median seconds of a copy of 12.8 MB, of a plain run, of each selection and of each change."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply(application, "dark")
    path, image = f"{folder}/layers.onnx", f"{folder}/image.npy"
    write_layers(Path(path))
    numbers = np.random.default_rng(0).standard_normal(SHAPE, np.float32)
    np.save(image, numbers)
    plain_run = _plain_run(path, numbers)
    session = Session(provider="cpu")
    window = MainWindow(session)
    window.resize(1600, 1000)
    window.show()
    painted = Painted()
    window.panel(window.dock("feature_maps")).canvas.viewport().installEventFilter(painted)  # type: ignore[attr-defined]
    taken: dict[str, list[float]] = {"copy": [], "plain": []}
    try:
        session.open_files([path, image])
        _until_run(session)
        session.select_layer("part")
        for _ in range(ROUNDS):
            taken["copy"].append(_copy_seconds())
            taken["plain"].append(plain_run())
            for layer in LAYERS:
                seconds = _seconds(painted, lambda layer=layer: session.select_layer(layer))  # type: ignore[misc]
                taken.setdefault(f"select {layer}", []).append(seconds)
        session.select_layer("wide")
        for _ in range(ROUNDS):
            for name, changes in CHANGES.items():
                for change in changes:
                    seconds = _seconds(painted, lambda change=change: session.set_view(**change))  # type: ignore[misc]
                    taken.setdefault(f"change {name}", []).append(seconds)
    finally:
        window.close()
        session.close()
    return {name: statistics.median(each) for name, each in taken.items()}


def report(say: Callable[[str], None]) -> dict[str, float]:
    """Measure in turn, several rounds; say the medians and return their ratios to a copy."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(folder)
    copy, plain = taken.pop("copy"), taken.pop("plain")
    say("from a selection to its pixels, all panels, processor time of the window's thread")
    say(f"  copy of the 12.8 MB of 64 x 224 x 224 float32: {copy * 1e3:.2f} ms")
    say(f"  ONNX Runtime alone, these four layers without optimisation: {plain * 1e3:.2f} ms")
    for name, seconds in taken.items():
        say(f"  {name}: {seconds * 1e3:.2f} ms, {seconds / copy:.1f} copies, {seconds / plain:.1f} plain runs")
    return {name: seconds / copy for name, seconds in taken.items()}
