"""What the window shows before a model is open."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt

from inspector import bundled
from inspector.ui.main_window import MainWindow
from inspector.ui.recent import RecentRow
from inspector.ui.settings import RecentModel, Settings
from inspector.ui.welcome import Welcome

PATIENCE_MS = 60_000


@pytest.fixture
def window(session, qtbot):
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def welcome(window):
    return window.findChild(Welcome)


def test_a_new_window_says_what_to_do_and_shows_no_panel(window, welcome):
    assert welcome.isVisible()
    assert welcome.target.headline() == "Drop a model and a picture here"
    assert not any(dock.isVisible() for dock in window.docks)
    assert window.status.left.text() == "No model open"
    assert "Files stay on this computer" in window.status.check.text()


def test_a_picture_without_a_model_is_said_to_wait(window, welcome, session):
    session.open_image("/pictures/goldfish.jpg")
    assert welcome.isVisible()
    assert welcome.target.headline() == "goldfish.jpg waits for a model"
    assert window.status.left.text() == "goldfish.jpg  waits for a model"


def test_several_pictures_wait_together(welcome, session):
    session.open_files(["/pictures/goldfish.jpg", "/pictures/kimono.jpg", "/pictures/bus.jpg"])
    assert welcome.target.headline() == "goldfish.jpg and 2 more wait for a model"


def test_every_bundled_model_is_offered_with_its_pictures(welcome):
    assert [card.sample.name for card in welcome.samples] == ["edges", "shapes", "digits"]


def test_a_sample_opens_its_model_on_its_first_picture(window, welcome, session, qtbot):
    card = next(card for card in welcome.samples if card.sample.name == "edges")
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert session.model.path == str(bundled.model("edges"))
    assert session.images == tuple(map(str, bundled.samples("edges")))
    assert not welcome.isVisible()
    assert all(not dock.isHidden() for dock in window.docks)


def test_recent_models_are_listed_with_their_picture_and_open_with_it(session, signs, ramp, tmp_path, qtbot):
    settings = Settings(None)
    gone = RecentModel(str(tmp_path / "gone.onnx"), str(ramp), time.time())
    settings.change(models=(RecentModel(str(signs), str(ramp), time.time()), gone))
    window = MainWindow(session, settings)
    qtbot.addWidget(window)
    window.show()
    rows = window.findChildren(RecentRow)
    assert [row.text() for row in rows] == ["signs.onnx"]
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        qtbot.mouseClick(rows[0], Qt.MouseButton.LeftButton)
    assert (session.model.path, session.run.prediction.image) == (str(signs), str(ramp))


def test_without_recent_files_there_is_no_empty_list(welcome):
    assert not welcome.recent.isVisible()


@pytest.mark.parametrize("size", [(960, 560), (1_000, 640), (1_920, 1_080)])
def test_everything_of_the_page_lies_within_the_window(window, welcome, size):
    window.resize(*size)
    window.grab()
    page = welcome.widget().rect()
    for part in (welcome.target, *welcome.samples):
        place = part.rect().translated(part.mapTo(welcome.widget(), part.rect().topLeft()))
        assert page.contains(place)
    assert welcome.viewport().width() == welcome.widget().width()


def test_the_page_can_be_used_with_the_keyboard_alone(window, welcome, session, qtbot):
    card = welcome.samples[0]
    card.setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        qtbot.keyClick(card, Qt.Key.Key_Space)
    assert session.model.path == str(bundled.model("edges"))
