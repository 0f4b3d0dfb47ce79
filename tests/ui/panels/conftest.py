"""A session that has run something, and panels that are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QWidget

from inspector.ui import theme
from inspector.ui.panel import Panel
from inspector.ui.session import Session

PATIENCE_MS = 60_000

Show = Callable[..., Panel]
Run = Callable[..., Session]


@pytest.fixture(autouse=True)
def dark(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")


@pytest.fixture
def show(qtbot) -> Show:
    """Show a panel in a window of its own."""

    def put(panel: Panel, width: int = 420, height: int = 360) -> Panel:
        qtbot.addWidget(panel)
        panel.resize(width, height)
        with qtbot.waitExposed(panel):
            panel.show()
        return panel

    return put


@pytest.fixture
def run(session: Session, qtbot) -> Run:
    """Open a model and run a tensor or picture through it."""

    def through(model: Path | str, image: Path | str) -> Session:
        with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
            session.open_files([str(model), str(image)])
        return session

    return through


@pytest.fixture
def ran(run: Run, signs: Path, ramp: Path) -> Session:
    """``[[-1, 0], [1, 2]]`` through kernels 1, -1 and 0, and Relu."""
    return run(signs, ramp)


@pytest.fixture
def fed(tmp_path: Path) -> Callable[[np.ndarray], Path]:
    """Write a tensor file."""

    def write(values: np.ndarray) -> Path:
        path = tmp_path / "fed.npy"
        np.save(path, values)
        return path

    return write


@pytest.fixture
def passed_on(save, fed, run) -> Callable[[np.ndarray], Session]:
    """A session whose only layer, ``same``, hands on these values."""

    def make(values: np.ndarray) -> Session:
        nodes = [helper.make_node("Identity", ["x"], ["y"], name="same")]
        return run(save("same.onnx", nodes, {"x": list(values.shape)}, ["y"]), fed(values.astype(np.float32)))

    return make


def pixel(widget: QWidget, at: QPointF) -> tuple[int, int, int]:
    """Return the color that a widget shows at a point."""
    image = widget.grab().toImage()
    ratio = widget.devicePixelRatioF()
    return image.pixelColor(int(at.x() * ratio), int(at.y() * ratio)).getRgb()[:3]


def pixels(widget: QWidget, places: Sequence[QPointF]) -> list[tuple[int, int, int]]:
    image = widget.grab().toImage()
    ratio = widget.devicePixelRatioF()
    return [image.pixelColor(int(at.x() * ratio), int(at.y() * ratio)).getRgb()[:3] for at in places]


def rgb(color: str) -> tuple[int, int, int]:
    return QColor(color).getRgb()[:3]
