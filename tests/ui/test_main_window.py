"""The window around the panels: docks, menus, keys, what it says, what it remembers, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QDockWidget, QFileDialog, QPlainTextEdit, QTabBar, QToolButton

from inspector.engine.protocol import Ready
from inspector.graph.model import Difference, Prediction
from inspector.ui import dialogs, theme
from inspector.ui.actions import ACTIONS, Action
from inspector.ui.layout import clamped
from inspector.ui.main_window import PANELS, MainWindow
from inspector.ui.menus import ChoiceMenu
from inspector.ui.session import Failure, Session
from inspector.ui.settings import Settings
from inspector.ui.status import BUSY_AFTER_MS, check_part
from inspector.ui.text import file_name

PATIENCE_MS = 60_000


@pytest.fixture
def window(session, qtbot):
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1_600, 1_000)
    window.show()
    return window


@pytest.fixture
def opened(window, session, signs, qtbot):
    """The window with the model ``signs``, whose layers are ``signs`` (three channels) and ``relu``."""
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    return window


@pytest.fixture
def shown(opened, session, ramp, qtbot):
    """The window after a run."""
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_image(str(ramp))
    return opened


# ---------------------------------------------------------------- docks


def test_every_panel_has_a_dock_that_a_layout_can_name(window):
    docks = window.findChildren(QDockWidget)
    assert [dock.objectName() for dock in docks] == [
        *("layers", "feature_maps", "input", "output", "kernels"),
        *("channel", "overview", "arithmetic"),
    ]
    assert [type(dock.widget()) for dock in docks] == list(PANELS)
    assert [dock.windowTitle() for dock in docks] == [
        *("Layers", "Feature maps", "Input", "Output", "Kernels"),
        *("Channel", "Overview", "Arithmetic"),
    ]


def test_opening_a_model_shows_every_panel(opened):
    maps, *others = opened.dock("feature_maps"), *(opened.dock(name) for name in ("layers", "input", "output"))
    beside = opened.tabifiedDockWidgets(maps)
    assert opened.dock("arithmetic") in beside
    assert all(dock.isVisible() for dock in opened.docks if dock not in beside)
    assert all(dock.has_title() for dock in (*others, opened.dock("kernels")))
    [bar] = opened.findChildren(QTabBar)
    assert bar.tabText(bar.currentIndex()) == "Feature maps"
    assert bar.count() == 1 + len(beside)


def test_layers_stand_left_of_the_feature_maps_and_the_rest_right_of_them(opened, qtbot):
    layers, maps, seen, output, kernels = (dock.geometry() for dock in opened.docks[:5])
    assert layers.right() < maps.left() < maps.right() < seen.left()
    assert seen.bottom() < output.top() < output.bottom() < kernels.top()
    assert maps.width() > layers.width()


def test_the_channel_stands_under_the_feature_maps_where_there_is_room(opened):
    maps, channel = opened.dock("feature_maps"), opened.dock("channel")
    assert channel not in opened.tabifiedDockWidgets(maps)
    assert maps.geometry().bottom() < channel.geometry().top()
    assert (maps.x(), maps.width()) == (channel.x(), channel.width())
    opened.resize(1_280, 800)
    opened.dock_layout.reset()
    assert channel in opened.tabifiedDockWidgets(maps)


def test_the_middle_takes_the_width_that_the_window_gains(opened, qtbot):
    before = [opened.dock(name).width() for name in ("layers", "feature_maps", "input")]
    opened.resize(1_920, 1_000)
    qtbot.waitUntil(lambda: opened.dock("feature_maps").width() == before[1] + 320)
    assert [opened.dock(name).width() for name in ("layers", "input")] == [before[0], before[2]]


def test_a_small_window_puts_kernels_on_a_tab_beside_output(window, session, signs, qtbot):
    window.resize(1_280, 800)
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    output, kernels = window.dock("output"), window.dock("kernels")
    assert window.tabifiedDockWidgets(output) == [kernels]
    assert not output.has_title()
    assert not kernels.has_title()
    assert window.dock("input").has_title()
    assert window.dock("layers").width() == 360
    bars = [[bar.tabText(index) for index in range(bar.count())] for bar in window.findChildren(QTabBar)]
    bar = window.findChildren(QTabBar)[bars.index(["Output", "Kernels"])]
    assert bar.isVisible()
    assert bar.tabText(bar.currentIndex()) == "Output"


def test_docks_put_together_show_tabs_and_get_their_titles_back_apart(opened, qtbot):
    seen, output = opened.dock("input"), opened.dock("output")
    opened.tabifyDockWidget(seen, output)
    qtbot.waitUntil(lambda: not seen.has_title() and not output.has_title())
    output.setFloating(True)
    qtbot.waitUntil(lambda: seen.has_title() and output.has_title())


def test_closing_one_of_two_tabs_gives_the_other_its_title(opened, qtbot):
    seen, output = opened.dock("input"), opened.dock("output")
    opened.tabifyDockWidget(seen, output)
    qtbot.waitUntil(lambda: not seen.has_title())
    output.close()
    qtbot.waitUntil(seen.has_title)


def test_a_double_click_on_a_tab_floats_its_panel(opened, qtbot):
    seen, output = opened.dock("input"), opened.dock("output")
    opened.tabifyDockWidget(seen, output)
    qtbot.waitUntil(lambda: not seen.has_title())
    bars = [bar for bar in opened.findChildren(QTabBar) if bar.isVisible()]
    bar, place = next((bar, index) for bar in bars for index in range(bar.count()) if bar.tabText(index) == "Output")
    qtbot.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(place).center())
    assert output.isFloating()


def test_the_title_of_a_panel_floats_and_closes_it(opened, qtbot):
    dock = opened.dock("input")
    float_it, close = dock.titleBarWidget().findChildren(QToolButton)
    qtbot.mouseClick(float_it, Qt.MouseButton.LeftButton)
    assert dock.isFloating()
    qtbot.mouseClick(float_it, Qt.MouseButton.LeftButton)
    assert not dock.isFloating()
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert dock.isHidden()


def test_the_view_menu_closes_and_shows_panels(opened):
    [panels] = [menu for menu in _submenus(opened, "View") if menu.title() == "Panels"]
    toggles = {action.text(): action for action in panels.actions()}
    first = ["Layers", "Feature maps", "Input", "Output", "Kernels"]
    assert list(toggles) == [*first, "Channel", "Overview", "Arithmetic"]
    toggles["Kernels"].trigger()
    assert opened.dock("kernels").isHidden()
    toggles["Kernels"].trigger()
    assert opened.dock("kernels").isVisible()


def test_when_every_panel_is_closed_the_window_says_how_to_get_them_back(opened, qtbot):
    for dock in opened.docks:
        dock.close()
    qtbot.waitUntil(opened.dock_layout.all_closed.isVisible)
    qtbot.mouseClick(opened.dock_layout.all_closed.button, Qt.MouseButton.LeftButton)
    assert all(dock.isVisible() for dock in opened.docks)
    assert not opened.dock_layout.all_closed.isVisible()


def test_reset_layout_brings_everything_back(opened):
    opened.dock("layers").setFloating(True)
    opened.dock("input").close()
    opened.command("Reset layout").trigger()
    assert not any(dock.isFloating() or dock.isHidden() for dock in opened.docks)
    assert opened.dock("layers").geometry().right() < opened.dock("feature_maps").geometry().left()


# ---------------------------------------------------------------- what is remembered


def _next_window(path, signs, qtbot):
    """A window of the next start, with a model open."""
    session = Session(provider="cpu")
    window = MainWindow(session, Settings(path))
    qtbot.addWidget(window)
    window.show()
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    return window


def test_the_layout_comes_back_at_the_next_start(tmp_path, signs, qtbot):
    path = tmp_path / "settings.ini"
    first = _next_window(path, signs, qtbot)
    first.dock("kernels").close()
    first.removeDockWidget(first.dock("output"))  # Qt 6.12 leaves a dock in the tabs it has
    first.tabifyDockWidget(first.dock("input"), first.dock("output"))
    first.dock("output").show()
    first.resize(1_100, 700)
    size = first.size()
    first.close()

    second = _next_window(path, signs, qtbot)
    assert second.dock("kernels").isHidden()
    assert second.tabifiedDockWidgets(second.dock("input")) == [second.dock("output")]
    assert not second.dock("input").has_title()
    # A screen may be smaller than the window was.
    room = QGuiApplication.primaryScreen().availableSize().expandedTo(second.minimumSize())
    assert second.size() == size.boundedTo(room)
    second.close()


def test_a_damaged_layout_gives_the_first_arrangement_and_is_kept_aside(tmp_path, signs, qtbot):
    path = tmp_path / "settings.ini"
    first = _next_window(path, signs, qtbot)
    first.dock("kernels").close()
    first.close()
    text = path.read_text()
    state = json.loads(
        next(line for line in text.splitlines() if line.startswith("layout="))[8:-1].replace('\\"', '"')
    )["state"]
    path.write_text(text.replace(state, state[:80] + ("A" if state[80] != "A" else "B") + state[81:]))

    second = _next_window(path, signs, qtbot)
    assert second.dock("kernels").isVisible()
    assert (tmp_path / "settings.ini.bad").exists()
    second.close()


def test_after_a_start_that_did_not_end_well_the_layout_is_left_alone(tmp_path, signs, qtbot):
    path = tmp_path / "settings.ini"
    first = _next_window(path, signs, qtbot)
    first.dock("kernels").close()
    first.close()
    Settings(path).change(starting=True)  # as it stays when Qt dies while it restores

    second = _next_window(path, signs, qtbot)
    assert second.dock("kernels").isVisible()
    second.close()
    assert not Settings(path).values.starting


def test_a_start_that_restores_a_layout_is_noted_until_it_went_well(tmp_path, signs, qtbot):
    path = tmp_path / "settings.ini"
    _next_window(path, signs, qtbot).close()
    second = _next_window(path, signs, qtbot)
    assert Settings(path).values.starting
    second.dock_layout._well_timer.setInterval(0)
    second.dock_layout._well_timer.start()
    qtbot.waitUntil(lambda: not Settings(path).values.starting)
    second.close()


def test_opened_files_are_remembered_together(tmp_path, signs, ramp, qtbot):
    path = tmp_path / "settings.ini"
    window = _next_window(path, signs, qtbot)
    with qtbot.waitSignal(window.session.run_changed, timeout=PATIENCE_MS):
        window.session.open_image(str(ramp))
    window.close()
    again = Settings(path)
    assert [(each.path, each.image) for each in again.models()] == [(str(signs), str(ramp))]
    assert again.pictures() == (str(ramp),)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (QRect(100, 50, 800, 600), QRect(100, 50, 800, 600)),
        (QRect(5_000, 50, 800, 600), QRect(1_120, 50, 800, 600)),  # on a screen that is gone
        (QRect(-300, -40, 800, 600), QRect(0, 0, 800, 600)),
        (QRect(0, 0, 4_000, 3_000), QRect(0, 0, 1_920, 1_080)),
        (QRect(2_000, 100, 900, 700), QRect(2_000, 100, 900, 700)),  # on the second screen
    ],
)
def test_the_window_lies_on_a_screen(wanted, expected):
    screens = [QRect(0, 0, 1_920, 1_080), QRect(1_920, 0, 1_280, 1_024)]
    if wanted.left() == 5_000:
        screens = screens[:1]
    assert clamped(wanted, screens) == expected


# ---------------------------------------------------------------- menus and keys


def _submenus(window, title):
    [menu] = [action.menu() for action in window.menuBar().actions() if action.text() == f"&{title}"]
    menu.aboutToShow.emit()
    return [action.menu() for action in menu.actions() if action.menu() is not None]


def _choose(window, menu, title, text):
    [choice] = [each for each in _submenus(window, menu) if isinstance(each, ChoiceMenu) and each.title() == title]
    choice.aboutToShow.emit()
    next(action for action in choice.actions() if action.text() == text).trigger()


def test_no_two_commands_share_a_key_or_a_name():
    rows = [row for row in ACTIONS if isinstance(row, Action)]
    keys = [QKeySequence(each).toString() for row in rows for each in row.shortcuts]
    assert len(keys) == len(set(keys))
    assert all(keys)
    assert len({row.text for row in rows}) == len(rows)


def test_before_a_model_only_what_makes_sense_can_be_chosen(window):
    possible = [row.text for row in ACTIONS if isinstance(row, Action) and window.command(row.text).isEnabled()]
    assert possible == [
        "Open model…",
        "Open picture…",
        "Quit",
        "Full screen",
        "Shortcuts",
        "Licences",
        "About",
    ]


def test_after_a_run_it_can_be_repeated_and_exported(shown):
    for text in (
        "Run",
        "Export…",
        "Export report…",
        "Copy map",
        "Next layer",
        "Next channel",
    ):
        assert shown.command(text).isEnabled(), text
    assert not shown.command("Next picture").isEnabled()  # there is one only


def test_open_model_asks_for_a_file_and_opens_it(window, session, signs, qtbot, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *asked: (str(signs), ""))
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        window.command("Open model…").trigger()
    assert session.model.path == str(signs)


def test_open_picture_asks_for_files_and_runs_the_first(opened, session, ramp, picture, qtbot, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *asked: ([str(ramp), str(picture)], ""))
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        opened.command("Open picture…").trigger()
    assert session.images == (str(ramp), str(picture))
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        opened.command("Next picture").trigger()
    assert session.run.prediction.image == str(picture)


def test_a_dialog_that_is_cancelled_changes_nothing(window, session, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *asked: ("", ""))
    window.command("Open model…").trigger()
    assert (session.model, session.busy) == (None, "")


def test_keys_choose_layer_and_channel(shown, session, qtbot):
    shown.setFocus()
    qtbot.keyClick(shown, Qt.Key.Key_Down)
    assert session.view.layer == "relu"
    qtbot.keyClick(shown, Qt.Key.Key_Down)
    assert session.view.layer == "relu"  # the last one
    qtbot.keyClick(shown, Qt.Key.Key_Right)
    assert session.view.channel == 1
    qtbot.keyClick(shown, Qt.Key.Key_Left)
    qtbot.keyClick(shown, Qt.Key.Key_Left)
    assert session.view.channel == 0
    qtbot.keyClick(shown, Qt.Key.Key_Up)
    assert session.view.layer == "signs"


def test_the_theme_is_chosen_in_the_view_menu_and_kept(window, qapp):
    _choose(window, "View", "Theme", "Light")
    assert theme.tokens() is theme.LIGHT
    assert window.settings.values.theme == "light"
    _choose(window, "View", "Theme", "Dark")
    assert theme.tokens() is theme.DARK


def test_colormap_and_limits_are_chosen_in_the_view_menu(shown, session):
    _choose(shown, "View", "Colormap", "magma")
    _choose(shown, "View", "Limits", "each channel")
    assert (session.view.colormap, session.view.scaling) == ("magma", "channel")


def test_preprocessing_is_chosen_in_the_run_menu(window, session, signs, picture, qtbot):
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_files([str(signs), str(picture)])
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        _choose(window, "Run", "Preprocessing", "byte")
    # The picture's pixels are 0, 4, 8, ... 252 in each row; the model takes any size.
    np.testing.assert_array_equal(session.run.tensors["image"][0, 0, 0], np.arange(0, 256, 4, dtype=np.float32))


def test_what_the_program_runs_on_is_told_in_about(window, qtbot):
    window.command("About").trigger()
    about = window.findChild(dialogs.Dialog)
    texts = [each.text() for each in about.findChildren(dialogs.QLabel)]
    assert {"Python", "Qt", "NumPy", "ONNX Runtime"} <= set(texts)
    assert np.__version__ in texts
    about.close()


def test_the_licences_of_the_libraries_can_be_read(window):
    window.command("Licences").trigger()
    dialog = window.findChild(dialogs.Dialog)
    text = dialog.findChild(QPlainTextEdit).toPlainText()
    assert "Qt for Python" in text
    assert "LGPL" in text
    assert "NumPy Developers" in text  # from NumPy's own licence file
    dialog.close()


# ---------------------------------------------------------------- the status bar


def test_what_is_selected_and_what_the_numbers_rest_on_is_said(shown, session):
    # -ramp is [[1, 0], [-1, -2]]; a 1 x 1 kernel sees one pixel.
    session.set_view(channel=1, element=(1, 1))
    assert shown.status.left.text() == "signs  channel 1  row 1  column 1  = −2.000  sees 1 × 1 px"
    assert shown.status.check.text() == "deployed = instrumented"  # bit for bit in so small a network
    # Four float32 and three times two tensors of three channels: (4 + 12 + 12) * 4 bytes.
    assert shown.status.memory.text() == "tensors 112 bytes"
    assert shown.status.provider.text() == "ONNX Runtime, CPU"


def test_what_a_panel_reads_out_stands_before_the_selection(shown):
    panel = shown.panel(shown.dock("feature_maps"))
    panel.readout.emit((("", "relu"), ("channel", "2"), ("=", "577.5")))
    assert shown.status.left.text() == "relu  channel 2  = 577.5"
    panel.readout.emit(())
    assert shown.status.left.text().startswith("signs")


def test_a_failure_is_said_with_its_remedy_until_the_next_action(window, session, tmp_path, signs, qtbot):
    with qtbot.waitSignal(session.failure_changed, timeout=PATIENCE_MS):
        session.open_model(str(tmp_path / "absent.onnx"))
    assert "absent.onnx" in window.status.left.text()
    assert window.status.dismiss.isVisible()
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    assert "absent.onnx" not in window.status.left.text()
    assert not window.status.dismiss.isVisible()


def test_the_details_of_a_failure_show_what_to_try_and_can_be_dismissed(window, session, qtbot):
    session.failure = Failure("It broke.", "Try <b>again</b>.", "a trace")
    session.failure_changed.emit()
    qtbot.mouseClick(window.status.details, Qt.MouseButton.LeftButton)
    dialog = window.findChild(dialogs.Dialog)
    texts = [each.text() for each in dialog.findChildren(dialogs.QLabel)]
    assert texts == ["It broke.", "Try <b>again</b>."]
    assert all(each.textFormat() == Qt.TextFormat.PlainText for each in dialog.findChildren(dialogs.QLabel))
    assert dialog.findChild(QPlainTextEdit).toPlainText() == "a trace"
    dialog.close()
    qtbot.mouseClick(window.status.dismiss, Qt.MouseButton.LeftButton)
    assert session.failure is None
    assert window.status.left.text() == "No model open"


def test_what_is_under_way_is_said_only_if_it_takes_a_while(window, session, qtbot):
    before = window.status.left.text()
    session.busy = "running goldfish.jpg"
    started = time.monotonic()
    session.busy_changed.emit()
    assert window.status.left.text() == before
    qtbot.waitUntil(lambda: "Running goldfish.jpg" in window.status.left.text())
    assert time.monotonic() - started >= BUSY_AFTER_MS / 1_000 * 0.9  # Qt's timers may be a few milliseconds early
    session.busy = ""
    session.busy_changed.emit()
    assert window.status.left.text() == before


@pytest.mark.parametrize(
    ("difference", "text", "icon"),
    [
        (Difference("y", 0.0, False), "deployed = instrumented", "check"),
        (Difference("y", 3.8e-6, False), "deployed = instrumented within 3.8e−6", "check"),
        (Difference("y", 0.39, False), "deployed = instrumented within 0.3900", "check"),  # 1 % of 39.12 is 0.3912
        (Difference("y", 0.40, False), "deployed and instrumented differ by 0.4000", "warning"),
        (Difference("y", 0.01, True), "deployed and instrumented name different classes (0.01000)", "warning"),
        (Difference("y", None, False), "deployed and instrumented cannot be compared", "warning"),
    ],
)
def test_deployed_and_instrumented_are_compared_aloud(difference, text, icon):
    outputs = {"y": np.array([[-5.0, 39.12]], np.float32)}
    prediction = Prediction("goldfish.jpg", {}, outputs, None, None, "CPU", 0.004)
    part, explained = check_part(difference, prediction)
    assert (part.value, part.icon) == (text, icon)
    assert "y" in explained


def test_a_name_from_a_model_is_never_markup(window, session):
    session.open_image("/pictures/<b>x<b>\u202egnp.exe")
    assert "<b>x<b>gnp.exe" in window.status.left.text()
    assert "\u202e" not in window.status.left.text()
    assert "\u202e" not in window.windowTitle()


def test_the_title_names_the_picture_that_is_shown_not_one_that_failed(shown, session, ramp, tmp_path, qtbot):
    title = shown.windowTitle()
    assert title == f"{ramp.name} - signs.onnx - Feature Map Inspector"
    bad = tmp_path / "words.png"
    bad.write_text("no picture")
    with qtbot.waitSignal(session.failure_changed, timeout=PATIENCE_MS):
        session.open_image(str(bad))
    assert shown.windowTitle() == title


def test_another_provider_than_was_asked_for_is_said_across_the_window_and_stays_marked(shown, session, qtbot):
    assert not shown.banner.isVisible()
    session.provider = "cuda"
    session.ready = Ready(0, "CPU", "CUDA could not be started.", "", 0.1)
    session.busy_changed.emit()
    assert shown.banner.isVisible()
    assert shown.banner.line.text() == "CUDA could not be started."
    assert shown.banner.width() == shown.width()
    assert shown._tool_bar.providers.currentText() == "CPU, not CUDA"
    qtbot.mouseClick(shown.banner.dismiss, Qt.MouseButton.LeftButton)
    session.busy_changed.emit()
    assert not shown.banner.isVisible()  # once is enough
    assert "CUDA could not be started." in shown.status.provider.toolTip()


def test_a_very_long_layer_name_leaves_room_for_the_rest_of_the_line(shown, session, save, ramp, qtbot):
    name = "/".join(["conv2d"] * 30)
    long = save("long.onnx", [helper.make_node("Relu", ["x"], ["y"], name)], {"x": [1, 1, 2, 2]}, ["y"])
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_model(str(long))
    assert shown.status.left.text().endswith("channel 0  sees 1 × 1 px")
    assert len(shown.status.left.text()) < 70


@pytest.mark.parametrize(("width", "is_roomy"), [(960, False), (1_600, True)])
def test_a_failure_is_read_whole_and_what_it_hides_comes_back(shown, session, qtbot, width, is_roomy):
    shown.resize(width, 600)
    session.failure = Failure("a-model-with-a-rather-long-name.onnx is no intact ONNX model: it is cut off.", "Try.")
    session.failure_changed.emit()
    left = shown.status.left
    qtbot.waitUntil(lambda: left.width() >= left.least_width())
    assert shown.status.check.isVisible() == is_roomy
    assert shown.status.provider.isVisible()
    session.dismiss_failure()
    assert shown.status.check.isVisible()
    assert shown.status.memory.isVisible()


def test_bytes_of_a_name_that_are_no_text_are_one_sign_each():
    assert file_name(os.fsdecode(b"/p/caf\xe9\xff.png")) == "caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}.png"


# ---------------------------------------------------------------- the tool bar


def test_the_tool_bar_names_the_model_and_the_time_of_the_run(shown, session):
    bar = shown._tool_bar
    assert bar.models.currentText() == "signs"
    assert bar.run_time.text().endswith(("µs", "ms"))
    rows = [bar.models.itemText(row) for row in range(bar.models.count())]
    assert rows[:3] == ["digits", "edges", "shapes"]
    assert rows[-1] == "Open model…"


def test_a_model_is_chosen_from_the_tool_bar(shown, session, qtbot):
    bar = shown._tool_bar
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        bar.models.activated.emit(bar.models.findText("edges"))
    assert session.model.path.endswith("edges.onnx")
    assert bar.models.currentText() == "edges"


def test_the_provider_is_chosen_on_the_tool_bar(shown, session, qtbot):
    bar = shown._tool_bar
    assert bar.providers.currentText() == "CPU"
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        bar.providers.activated.emit(bar.providers.findData("auto"))
    assert session.provider == "auto"
    assert session.run.prediction.provider in bar.providers.currentText()


def test_a_narrow_window_keeps_its_tools_as_icons_and_the_models_name_whole(window, session, signs, qtbot):
    long = signs.with_name("a_network_with_a_rather_long_name.onnx")
    signs.rename(long)
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(long))
    window.resize(960, 600)
    bar = window._tool_bar
    qtbot.waitUntil(lambda: bar.models.width() == bar.models.sizeHint().width())
    assert window._tool_bar.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
    window.resize(1_280, 800)
    window.grab()
    assert window._tool_bar.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextBesideIcon


def test_at_no_width_the_lists_on_the_tool_bar_are_cut_short(shown, qtbot):
    bar = shown._tool_bar
    for width in [*range(960, 1_200, 20), *range(1_200, 950, -30)]:
        shown.resize(width, 600)
        qtbot.waitUntil(lambda: bar.width() == shown.width())
        shown.grab()
        assert bar.models.width() >= bar.models.sizeHint().width(), width
        assert bar.providers.width() >= bar.providers.sizeHint().width(), width


# ---------------------------------------------------------------- copy and export


def test_the_selected_feature_map_is_copied_as_it_is_coloured(shown, session):
    session.set_view(channel=1, colormap="gray", scaling="layer")
    shown.command("Copy map").trigger()
    image = QGuiApplication.clipboard().image()
    # Channel 1 is -ramp = [[1, 0], [-1, -2]] and the layer goes from -2 to 2: 3/4, 2/4, 1/4 and 0 of 255, rounded.
    shades = [image.pixelColor(x, y).red() for y in range(2) for x in range(2)]
    assert shades == [191, 128, 64, 0]


def test_the_selected_layer_is_exported(shown, session, tmp_path, qtbot):
    folder = tmp_path / "out"
    shown.exporter.export(str(folder), "signs")
    assert shown.exporter.is_exporting()
    assert not shown.command("Export report…").isEnabled()
    qtbot.waitUntil(lambda: not shown.exporter.is_exporting(), timeout=PATIENCE_MS)
    assert shown.status.left.text() == f"The files are in {folder}."
    [tensor] = folder.rglob("000-signs.npy")
    ramp = np.array([[-1, 0], [1, 2]], np.float32)
    np.testing.assert_array_equal(np.load(tensor), [[ramp, -ramp, ramp * 0]])
    assert list(folder.rglob("000-signs.png"))
    assert not [path for path in folder.rglob("*") if "relu" in path.name]


def test_an_export_that_fails_says_why(shown, tmp_path, qtbot):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"in the way")
    shown.exporter.export(str(blocked))
    qtbot.waitUntil(lambda: not shown.exporter.is_exporting(), timeout=PATIENCE_MS)
    assert str(blocked) in shown.status.left.text()
    assert shown.status.dismiss.isVisible()


def test_stop_ends_an_export(shown, tmp_path, qtbot):
    shown.exporter.export(str(tmp_path / "out"))
    shown.command("Stop").trigger()
    qtbot.waitUntil(lambda: not shown.exporter.is_exporting(), timeout=PATIENCE_MS)
    assert "files are in" not in shown.status.left.text()
    assert not shown.status.dismiss.isVisible()


# ---------------------------------------------------------------- the end


def _children() -> set[int]:
    found: set[int] = set()
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            found |= {int(each) for each in Path(f"/proc/self/task/{task}/children").read_text().split()}
    return found


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="reads /proc")
def test_closing_while_a_model_runs_ends_at_once_and_leaves_no_process(window, session, signs, picture, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_files([str(signs), str(picture)])
    assert session.busy
    started = time.monotonic()
    window.close()
    assert time.monotonic() - started < 2
    assert not window.isVisible()


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="reads /proc")
def test_closing_while_an_export_runs_ends_that_too(shown, tmp_path):
    before = _children()
    shown.exporter.export(str(tmp_path / "out"))
    shown.close()
    assert not _children() - before


def test_a_class_of_the_answer_shows_how_its_probability_came_about(opened, session, qtbot, repository):
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_files(
            [str(repository / "models/shapes.onnx"), str(repository / "resources/samples/shapes-star.png")]
        )
    opened.panel(opened.dock("output")).classes.element_wanted.emit(2)
    assert session.view.layer == "softmax"
    arithmetic = opened.panel(opened.dock("arithmetic"))
    qtbot.waitUntil(lambda: arithmetic.is_seen() and arithmetic.explanation is not None)
    assert arithmetic.explanation.op_type == "Softmax"
    assert arithmetic.element.index == (0, session.view.channel)
    assert session.view.channel == 2


def test_the_columns_of_the_layers_are_remembered(session, tmp_path, qtbot):
    path = tmp_path / "settings.ini"
    first = MainWindow(session, Settings(path))
    qtbot.addWidget(first)
    table = first.panel(first.dock("layers")).table
    next(each for each in table.column_menu().actions() if each.text() == "Kernel").trigger()
    assert "Kernel" in table.wanted
    again = MainWindow(session, Settings(path))
    qtbot.addWidget(again)
    assert again.panel(again.dock("layers")).table.wanted == table.wanted


def test_a_panel_behind_another_tab_draws_nothing_until_it_is_chosen(opened, session, qtbot, repository):
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_files(
            [str(repository / "models/edges.onnx"), str(repository / "resources/samples/edges-facade.png")]
        )
    arithmetic = opened.panel(opened.dock("arithmetic"))
    session.select_layer("relu")
    assert not arithmetic.is_seen()
    assert arithmetic.explanation is None
    opened.dock("arithmetic").raise_()
    qtbot.waitUntil(lambda: arithmetic.explanation is not None and arithmetic.explanation.layer == "relu")
