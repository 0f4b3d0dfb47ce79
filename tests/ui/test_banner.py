"""The line across the window that says what the model runs on, where that is not what was asked for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QMainWindow

from inspector.engine.child.providers import gpu_driver_loads
from inspector.engine.protocol import Ready
from inspector.ui.banner import Banner
from inspector.ui.main_window import MainWindow
from inspector.ui.session import Session

PATIENCE_MS = 60_000
NOTE = "CUDA could not be started, so the model runs on the CPU."


@pytest.fixture
def banner(session, qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    banner = Banner(session, window)
    window.addToolBar(banner)
    window.resize(900, 200)
    window.show()
    banner.shown_in = window  # and so the window lives as long
    return banner


def ready(session, note):
    session.ready = Ready(1, "CPU", note, "", 0.1)
    session.busy_changed.emit()


def test_it_is_there_only_where_there_is_something_to_say(banner, session):
    assert not banner.isVisible()
    ready(session, "")
    assert not banner.isVisible()
    ready(session, NOTE)
    assert banner.isVisible()
    assert banner.line.text() == NOTE
    assert NOTE in banner.line.accessibleName()
    ready(session, "")
    assert not banner.isVisible()


def test_dismissed_it_stays_away_until_it_has_something_else_to_say(banner, session, qtbot):
    ready(session, NOTE)
    qtbot.mouseClick(banner.dismiss, Qt.MouseButton.LeftButton)
    assert not banner.isVisible()
    ready(session, NOTE)
    assert not banner.isVisible()
    ready(session, "Another reason.")
    assert banner.isVisible()
    ready(session, "")
    ready(session, NOTE)  # it ran as wanted meanwhile
    assert banner.isVisible()


def test_it_does_not_flicker_while_the_next_model_opens(banner, session):
    ready(session, NOTE)
    session.ready = None
    session.busy_changed.emit()
    assert banner.isVisible()


def test_its_sentence_and_button_lie_within_it(banner, session):
    ready(session, NOTE)
    for part in (banner.line, banner.dismiss):
        place = part.geometry().translated(part.parentWidget().pos())
        assert banner.rect().contains(place)
    assert banner.line.width() >= banner.line.least_width()


def test_a_stored_layout_does_not_bring_it_back(session, qtbot):
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    ready(session, NOTE)
    stored = QByteArray(window.saveState(1))
    ready(session, "")
    window.restoreState(stored, 1)
    window.dock_layout.changed.emit()
    assert not window.banner.isVisible()


@pytest.mark.skipif(gpu_driver_loads(), reason="this machine has a GPU")
def test_cuda_asked_for_and_not_got_is_said_in_a_banner(signs, qtbot):
    session = Session("cuda")
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    qtbot.waitUntil(lambda: session.ready is not None, timeout=PATIENCE_MS)
    assert session.ready.provider == "CPU"
    assert window.banner.isVisible()
    assert "runs on the CPU" in window.banner.line.text()
    session.close()
