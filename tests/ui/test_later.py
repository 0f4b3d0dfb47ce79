"""Work on another thread."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QObject

from inspector.errors import ModelError
from inspector.ui.later import Later

PATIENCE_MS = 10_000


@pytest.fixture
def later(qapp):
    parent = QObject()
    yield Later(parent)
    parent.deleteLater()


def test_the_window_goes_on_while_the_work_is_done(later, qtbot):
    gate = threading.Event()

    def work() -> tuple[str, bool]:
        gate.wait(10)
        return "done", threading.current_thread() is threading.main_thread()

    assert later.result("a", work) is None
    assert later.result("a", work) is None
    with qtbot.waitSignal(later.done, timeout=PATIENCE_MS):
        gate.set()
    assert later.result("a", work) == ("done", False)


def test_what_is_asked_next_takes_the_place_of_what_was_asked_before(later, qtbot):
    gate, ran = threading.Event(), []

    def slow() -> str:
        gate.wait(10)
        return "slow"

    def never() -> str:
        ran.append("never")
        return "never"

    assert later.result("slow", slow) is None
    assert later.result("never", never) is None
    assert later.result("last", lambda: "last") is None
    with qtbot.waitSignal(later.done, timeout=PATIENCE_MS):
        gate.set()
    assert later.result("last", lambda: "other") == "last"
    assert ran == []


def test_an_error_comes_where_the_result_would(later, qtbot):
    gate = threading.Event()

    def fails() -> str:
        gate.wait(10)
        raise ModelError("The file is gone.", "Open it again.")

    assert later.result("a", fails) is None
    with qtbot.waitSignal(later.done, timeout=PATIENCE_MS):
        gate.set()
    with pytest.raises(ModelError, match="gone"):
        later.result("a", fails)
