"""How long the window does not answer while a wall of maps is enlarged and moved."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from tests.benchmarks.stalls import Gaps

SHAPES = ((64, 224, 224), (2048, 7, 7), (4096, 1, 1), (3, 1024, 1024))
ZOOMS, MOVES = 12, 60


def report(say: Callable[[str], None]) -> None:
    """Enlarge, move about and show all again, at every size; say the longest and the median of the steps."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from inspector.ui import theme
    from inspector.ui.main_window import MainWindow
    from inspector.ui.program import make_application
    from inspector.ui.session import Session
    from inspector.ui.settings import Settings

    application = make_application()
    theme.apply(application, "dark")
    session = Session("cpu")
    window = MainWindow(session, Settings(None))
    window.resize(1920, 1080)
    window.show()
    canvas = window.panel(window.dock("feature_maps")).canvas  # type: ignore[attr-defined]
    gaps = Gaps()
    say("a wall that is enlarged and moved: each step until it is painted")
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            model, fed = Path(folder) / f"{shape[0]}.onnx", Path(folder) / f"{shape[0]}.npy"
            write(model, shape)
            np.save(fed, np.random.default_rng(0).standard_normal((1, *shape), np.float32))
            session.open_files([str(model), str(fed)])
            until(lambda model=model: session.run is not None and _path(session) == str(model) and not session.busy)  # type: ignore[misc]
            settle()
            gaps.restart()
            steps = [*zoomed(canvas, 120), *moved(canvas), *zoomed(canvas, -120)]
            canvas.show_one_to_one()
            QApplication.processEvents()
            steps += moved(canvas)
            canvas.fit()
            milliseconds = sorted(1e3 * each for each in steps)
            say(
                f"  {' x '.join(map(str, shape))}: median {statistics.median(milliseconds):.1f} ms, "
                f"longest step {milliseconds[-1]:.1f} ms, longest gap {gaps.longest_ms:.1f} ms"
            )
    window.close()
    session.close()
    window.deleteLater()


def write(path: Path, shape: tuple[int, ...]) -> None:
    """Write a model of one layer of that shape."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"], name="maps")], "one", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def zoomed(canvas: QWidget, angle: int) -> list[float]:
    """Return the seconds of each turn of the wheel."""
    at = QPointF(canvas.width() / 3, canvas.height() / 3)
    return [timed(lambda: _wheel(canvas, at, angle)) for _ in range(ZOOMS)]


def moved(canvas: QWidget) -> list[float]:
    """Return the seconds of each step of dragging to and fro."""
    middle = QPointF(canvas.width() / 2, canvas.height() / 2)
    _mouse(canvas, QEvent.Type.MouseButtonPress, middle)
    steps = []
    for step in range(1, MOVES + 1):
        away = 9.0 * (step if step <= MOVES / 2 else MOVES - step)
        at = middle - QPointF(away, away / 2)
        steps.append(timed(lambda at=at: _mouse(canvas, QEvent.Type.MouseMove, at)))  # type: ignore[misc]
    _mouse(canvas, QEvent.Type.MouseButtonRelease, middle)
    return steps


def timed(change: Callable[[], None]) -> float:
    began = time.perf_counter()
    change()
    QApplication.processEvents()
    return time.perf_counter() - began


def until(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_done():
        QApplication.processEvents()
        assert time.monotonic() < deadline, "there is no run"


def settle() -> None:
    """Let what is worked out after a run be done."""
    ends = time.monotonic() + 1
    while time.monotonic() < ends:
        QApplication.processEvents()


def _path(session: object) -> str:
    return session.model.path  # type: ignore[attr-defined, no-any-return]


def _wheel(canvas: QWidget, at: QPointF, angle: int) -> None:
    none = Qt.KeyboardModifier.NoModifier
    turned, phase = QPoint(0, angle), Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, canvas.mapToGlobal(at), QPoint(), turned, Qt.MouseButton.NoButton, none, phase, False)
    QApplication.sendEvent(canvas.viewport(), event)  # type: ignore[attr-defined]


def _mouse(canvas: QWidget, kind: QEvent.Type, at: QPointF) -> None:
    left = Qt.MouseButton.LeftButton
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else left
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else left
    event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas.viewport(), event)  # type: ignore[attr-defined]
