"""One reading of the selected layer, for panel, status bar, clipboard and keys alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import helper
from PySide6.QtGui import QGuiApplication

from inspector.graph.model import Model, Tensor
from inspector.render.palettes import palette
from inspector.ui import clipboard
from inspector.ui.main_window import MainWindow
from inspector.ui.segments import Segments
from inspector.ui.session import Session

PATIENCE_MS = 60_000


@pytest.fixture
def window(session, qtbot):
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1_600, 1_000)
    window.show()
    return window


@pytest.fixture
def shown(window, session, save, tmp_path, qtbot):
    """The window with a network that hands on these values."""

    def show(values: np.ndarray) -> MainWindow:
        nodes = [helper.make_node("Identity", ["x"], ["y"], name="same")]
        path, fed = save("same.onnx", nodes, {"x": list(values.shape)}, ["y"]), tmp_path / "fed.npy"
        np.save(fed, values.astype(np.float32))
        with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
            session.open_files([str(path), str(fed)])
        return window

    return show


VOLUME = np.arange(24.0).reshape(1, 2, 3, 2, 2)


def test_the_status_bar_names_the_axes_of_what_is_selected(shown, session):
    window = shown(VOLUME)
    session.set_view(channel=1, element=(0, 1))
    # 12 values in each channel, 4 in each slice: the middle one of channel 1 begins at 16
    assert window.status.left.text().startswith("same  channel 1  depth 1  row 0  column 1  = 17.00")
    session.set_view(slice=2)
    assert "depth 2  row 0  column 1  = 21.00" in window.status.left.text()


def test_the_status_bar_names_the_time_of_a_signal(shown, session):
    window = shown(np.arange(30.0).reshape(1, 3, 10))
    session.set_view(channel=2, element=(0, 4))
    assert window.status.left.text().startswith("same  channel 2  time 4  = 24.00")


def test_an_element_that_the_next_layer_does_not_have_has_no_value(shown, session):
    window = shown(VOLUME)
    session.set_view(channel=1, element=(0, 7))
    assert "=" not in window.status.left.text()


def test_slices_are_stepped_through_with_commands(shown, session):
    window = shown(VOLUME)
    forward, back = window.command("Next slice"), window.command("Previous slice")
    assert forward.isEnabled()
    slices = []
    for command in (forward, forward, back, back, back):
        command.trigger()
        slices.append(session.reading().slice)
    assert slices == [2, 2, 1, 0, 0]


def test_without_a_volume_there_are_no_slices_to_step_through(shown):
    window = shown(np.zeros((1, 2, 3, 3)))
    assert not window.command("Next slice").isEnabled()


def test_the_slice_that_is_shown_is_copied(shown, session):
    window = shown(VOLUME)
    session.set_view(slice=2, scaling="layer", channel=0)
    clipboard.copy_feature_map(session, window.status)
    image = QGuiApplication.clipboard().image()
    first = palette("viridis")
    colors = [image.pixelColor(x, y).getRgb()[:3] for y in range(2) for x in range(2)]
    # Slice 2 of channel 0 holds 8 to 11; the limits are those of all slices, 0 to 23.
    assert colors == [tuple(first[index]) for index in (89, 100, 111, 122)]


def test_a_signal_is_copied_as_a_picture_of_time_and_channel(shown, session):
    window = shown(np.array([[[0.0, 51.0, 102.0], [153.0, 204.0, 255.0]]]))
    session.set_view(scaling="layer", colormap="gray")
    clipboard.copy_feature_map(session, window.status)
    image = QGuiApplication.clipboard().image()
    assert [[image.pixelColor(x, y).red() for x in range(3)] for y in range(2)] == [[0, 51, 102], [153, 204, 255]]
    assert "Time and channel of same is on the clipboard, 3 × 2 pixels." in window.status.left.text()


def test_a_reading_is_made_once(shown, session):
    shown(VOLUME)
    first = session.reading()
    session.set_view(channel=1)
    assert session.reading() is first
    session.set_view(slice=0)
    assert session.reading().values is first.values


def test_a_reading_does_not_outlive_its_run(shown, session, qtbot):
    shown(VOLUME)
    old = session.reading()
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.rerun()
    assert session.reading() is not old
    assert not np.shares_memory(session.reading().values, old.values)


# ---------------------------------------------------------------- what the numbers rest on


def test_a_run_that_left_something_out_says_how_much(shown, session):
    window = shown(VOLUME)
    model = session.model
    layers = tuple(
        replace(
            model.layers[0],
            index=place,
            name=f"layer{place}",
            outputs=(Tensor(f"t{place}", "float32", (1, 8, 500, 500)),),
        )
        for place in range(4)
    )
    session.model = Model("m.onnx", 17, "", model.inputs, layers[-1].outputs, layers)
    session.run = replace(session.run, missing=("t1", "t2", "t3"))
    session.run_changed.emit()
    # three times 8 * 500 * 500 * 4 bytes
    assert window.status.memory.text() == "tensors 192 bytes  3 of 4 layers left out (24.0 MB)"
    assert "computed when you look at it" in window.status.memory.toolTip()


def test_what_was_left_out_is_at_least_what_is_known_of_it(shown, session):
    window = shown(VOLUME)
    unknown = replace(session.model.layers[0], name="unknown", outputs=(Tensor("u", "float32", (1, "n")),))
    known = replace(session.model.layers[0], name="known", outputs=(Tensor("k", "float32", (1, 1000)),))
    session.model = replace(session.model, layers=(known, unknown))
    session.run = replace(session.run, missing=("u", "k"))
    session.run_changed.emit()
    assert "2 of 2 layers left out (at least 4.00 kB)" in window.status.memory.text()


def test_the_view_as_deployed_is_named(shown, session):
    window = shown(VOLUME)
    session.run = replace(session.run, view="as deployed")
    session.run_changed.emit()
    assert window.status.check.text() == "as deployed"
    assert "bit for bit" in window.status.check.toolTip()


# ---------------------------------------------------------------- a choice of a few


def test_one_segment_is_pressed_and_the_user_presses_another(qtbot):
    segments = Segments("View", (("a", "first"), ("b", "second")))
    qtbot.addWidget(segments)
    segments.show()
    heard = []
    segments.chosen.connect(heard.append)
    segments.choose("a")
    assert heard == []
    segments.button("b").click()
    assert heard == ["b"]
    assert not segments.button("a").isChecked()
    segments.explain("b", "It cannot be chosen.", is_possible=False)
    assert not segments.button("b").isEnabled()
    assert "It cannot be chosen." in segments.button("b").toolTip()


def test_a_session_without_a_run_has_no_reading(session: Session):
    assert session.reading() is None
