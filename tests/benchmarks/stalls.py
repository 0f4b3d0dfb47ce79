"""How long the window does not answer while networks run that need more memory than there is."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

_TICK_MS = 5
_PATIENCE_SECONDS = 300.0


def report(say: Callable[[str], None]) -> None:
    """Open and run each network in a window, look at layers that were left out, and say the longest gaps."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from inspector.engine.machine import free_memory_bytes, gib
    from inspector.ui import theme
    from inspector.ui.main_window import MainWindow
    from inspector.ui.program import make_application
    from inspector.ui.session import Session
    from inspector.ui.settings import Settings
    from tests.benchmarks.memory import cases

    application = make_application()
    theme.apply(application, "dark")
    session = Session("cpu")
    window = MainWindow(session, Settings(None))
    window.resize(1280, 800)
    window.show()
    gaps = Gaps()
    with tempfile.TemporaryDirectory() as name:
        for title, (path, fed) in cases(Path(name)).items():
            np.save(f"{path}.npy", fed)
            gaps.restart()
            began = time.perf_counter()
            session.images, session.image = (), ""
            session.open_model(str(path))
            _wait(lambda path=path: session.failure is not None or _shows(session, path))
            session.open_image(f"{path}.npy")
            _wait(lambda: not session.busy)
            said = session.failure.message if session.failure is not None else f"{len(session.run.tensors)} tensors"
            seconds = time.perf_counter() - began
            free = gib(free_memory_bytes())
            say(f"{title}: {seconds:.1f} s, longest gap {gaps.longest_ms:.0f} ms, {free} free: {said}")
            if session.run is None or session.failure is not None:
                continue
            for layer in session.model.layers[-4:]:
                gaps.restart()
                session.select_layer(layer.name)
                _wait(lambda: not session.busy)
                say(f"  {layer.name}: longest gap {gaps.longest_ms:.0f} ms, {gib(free_memory_bytes())} free")
    gaps.restart()
    window.close()
    session.close()
    window.deleteLater()
    say(f"closing: {gaps.longest_ms:.0f} ms")


def _shows(session: object, path: Path) -> bool:
    model, ready = session.model, session.ready  # type: ignore[attr-defined]
    return model is not None and model.path == str(path) and ready is not None


def _wait(is_done: Callable[[], bool]) -> None:
    from PySide6.QtWidgets import QApplication

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_done() and time.monotonic() < deadline:
        QApplication.processEvents()
        time.sleep(0.001)


class Gaps:
    """The longest time between two turns of Qt's loop; a timer asks for one every few milliseconds."""

    def __init__(self) -> None:
        from PySide6.QtCore import QTimer

        self.longest_ms = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def restart(self) -> None:
        self.longest_ms, self._last = 0.0, time.perf_counter()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest_ms = max(self.longest_ms, (now - self._last) * 1000)
        self._last = now
