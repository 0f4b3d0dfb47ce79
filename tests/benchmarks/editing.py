"""How long it takes from one changed number of a kernel until every panel shows it, beside a run without a change."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 31
_PATIENCE_SECONDS = 60.0
_ROOT = Path(__file__).resolve().parents[2]


def report(say: Callable[[str], None]) -> dict[str, float]:
    """Change one value of ``conv1`` of shapes.onnx; say the medians and return them in seconds."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    taken = measure()
    say(f"shapes.onnx, all panels visible that are at first, medians of {ROUNDS}")
    say(f"  run again, until painted: {taken['run'] * 1e3:.1f} ms")
    say(f"  one number changed, until painted: {taken['edit'] * 1e3:.1f} ms ({taken['edit'] / taken['run']:.2f} x)")
    say(f"  a weight changed for the first time: {taken['first'] * 1e3:.1f} ms")
    return taken


def measure() -> dict[str, float]:
    """Return median seconds of a plain run and of an edit, and those of the first edit."""
    from PySide6.QtWidgets import QApplication

    from inspector.graph.edits import stored_place
    from inspector.ui import theme
    from inspector.ui.main_window import MainWindow
    from inspector.ui.session import Session

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply(application, "dark")
    session = Session(provider="cpu")
    window = MainWindow(session)
    window.resize(1600, 1000)
    window.show()
    runs = []
    session.run_changed.connect(lambda: runs.append(session.run))

    def seconds(change: Callable[[], None]) -> float:
        """Return the time until a change was run, and all that was asked to be painted is."""
        before, began = len(runs), time.monotonic()
        change()
        while len(runs) == before or session.busy:
            application.processEvents()
            assert time.monotonic() < began + _PATIENCE_SECONDS, session.failure
        application.processEvents()
        return time.monotonic() - began

    picture = _ROOT / "resources" / "samples" / "shapes-star.png"
    try:
        seconds(lambda: session.open_files([str(_ROOT / "models" / "shapes.onnx"), str(picture)]))
        session.select_layer("conv1")
        model = session.model
        assert model is not None
        weight = next(layer for layer in model.layers if layer.name == "conv1").weight("kernel")
        assert weight is not None
        place = stored_place(weight, (0, 0, 1, 1))
        taken: dict[str, list[float]] = {"run": [], "edit": [], "first": []}
        taken["first"].append(seconds(lambda: session.editing.change(weight, {place: -9.0})))
        for number in range(ROUNDS):
            taken["run"].append(seconds(session.rerun))
            changed = {place: float(number)}
            taken["edit"].append(seconds(lambda changed=changed: session.editing.change(weight, changed)))  # type: ignore[misc]
    finally:
        window.close()
        session.close()
    return {name: statistics.median(each) for name, each in taken.items()}
