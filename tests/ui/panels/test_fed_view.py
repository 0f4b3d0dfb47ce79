"""What was fed, in numbers: curves, slices and tables."""

from __future__ import annotations

import numpy as np
from onnx import helper

from inspector.render.grid import Place
from inspector.ui.curves import SamplePlace
from inspector.ui.panels.fed_view import SOON
from inspector.ui.panels.input import VALUES, InputPanel
from tests.ui.panels.conftest import PATIENCE_MS
from tests.ui.panels.test_input import pick


def test_a_signal_is_a_curve_for_each_channel(passed_on, show, qtbot):
    values = np.stack([np.arange(50.0), -np.arange(50.0)])[None]
    panel = show(InputPanel(passed_on(values)), 420, 460)
    curves = panel.numbers.curves
    assert curves.isVisible()
    assert not panel.numbers.canvas.isVisible()
    assert curves.accessibleDescription().startswith("2 curves of 50 samples, −49.00 to 49.00")
    assert panel.numbers.table.accessibleName().split("; ") == [
        "x: 1 × 2 × 50 float32, −49.00 to 49.00, mean 0",
        "   channel 0:  , 0 to 49.00, mean 24.50",
        "   channel 1:  , −49.00 to 0, mean −24.50",
    ]
    with qtbot.waitSignal(panel.readout) as heard:
        curves.hovered.emit(SamplePlace(1, 7))
    assert heard.args[0] == (("", "x"), ("", "channel 1"), ("sample", "7"), ("=", "−7.0"))


def test_a_volume_is_shown_slice_by_slice(passed_on, show, qtbot):
    values = np.arange(2 * 5 * 3 * 4, dtype=np.float32).reshape(1, 2, 5, 3, 4)
    panel = show(InputPanel(passed_on(values)), 420, 460)
    numbers = panel.numbers
    assert numbers.canvas.isVisible()
    assert numbers.slices.isVisible()
    assert numbers.slices.label.text() == "Slice 3 of 5"
    numbers.slices.slider.setValue(4)
    assert numbers.slices.label.text() == "Slice 5 of 5"
    with qtbot.waitSignal(panel.readout) as heard:
        numbers.canvas.hovered.emit(Place(1, 2, 3))
    where = (("", "x"), ("slice", "4"), ("row", "2"), ("column", "3"))
    expected = (("channel 0", "59.0"), ("channel 1", "119.0"))  # the last of each channel's 60 numbers
    assert heard.args[0] == (*where, *expected)


def test_many_channels_are_maps_and_the_cursor_reads_one(passed_on, show, qtbot):
    values = np.arange(6 * 4, dtype=np.float32).reshape(1, 6, 2, 2)
    panel = show(InputPanel(passed_on(values)), 420, 460)
    assert panel.numbers.canvas.isVisible()
    assert panel.numbers.table.accessibleName() == "x: 1 × 6 × 2 × 2 float32, 0 to 23.00, mean 11.50"
    with qtbot.waitSignal(panel.readout) as heard:
        panel.numbers.canvas.hovered.emit(Place(5, 1, 0))
    assert heard.args[0] == (("", "x"), ("row", "1"), ("column", "0"), ("channel 5", "22.0"))


def test_more_axes_than_can_be_drawn_are_statistics(passed_on, show):
    panel = show(InputPanel(passed_on(np.arange(64.0).reshape(1, 2, 2, 2, 2, 4))), 420, 460)
    assert not panel.numbers.canvas.isVisible()
    assert not panel.numbers.curves.isVisible()
    assert panel.numbers.table.accessibleName() == "x: 1 × 2 × 2 × 2 × 2 × 4 float32, 0 to 63.00, mean 31.50"


def test_the_readout_has_the_digits_that_tell_a_number_from_its_neighbours(passed_on, show, qtbot):
    values = np.full((1, 1, 2, 2), 0.1, np.float32)
    values[0, 0, 1, 1] = np.nextafter(np.float32(0.1), np.float32(1))
    panel = show(InputPanel(passed_on(values)), 420, 460)
    panel.show_view(VALUES)
    heard = []
    panel.readout.connect(heard.append)
    panel.numbers.canvas.hovered.emit(Place(0, 0, 0))
    panel.numbers.canvas.hovered.emit(Place(0, 1, 1))
    assert [each[-1][1] for each in heard] == ["0.1", "0.10000001"]


def test_a_hidden_panel_holds_no_tensor(passed_on, show, qtbot):
    session = passed_on(np.arange(50.0).reshape(1, 2, 25))
    panel = show(InputPanel(session), 420, 460)
    panel.hide()
    assert panel.numbers.curves._values is None
    assert panel.numbers._drawn is None
    panel.show()
    assert panel.numbers.curves.accessibleDescription().startswith("2 curves of 25 samples")


def test_several_inputs_keep_the_chosen_one_for_the_next_run(save, run, fed, show, qtbot):
    nodes = [helper.make_node("Add", ["a", "b"], ["y"], name="add")]
    session = run(save("two.onnx", nodes, {"a": [1, 4], "b": [1, 4]}, ["y"]), fed(np.ones((1, 4), np.float32)))
    panel = show(InputPanel(session), 420, 460)
    pick(panel.views, "Values of b")
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.set_input("b", 3.0)
    assert panel.views.currentText() == "Values of b"
    assert panel.numbers.table.accessibleName().startswith("b: 1 × 4 float32, 3.000 to 3.000")


def test_a_large_tensor_is_counted_beside_the_window(passed_on, show, qtbot):
    values = np.zeros((1, 3, 700, 700), np.float32)
    values[0, 1, 5, 6], values[0, 2] = 8, -2
    assert values.size > SOON
    panel = show(InputPanel(passed_on(values)), 420, 460)
    panel.show_view(VALUES)
    table = panel.numbers.table
    assert table.accessibleName() == "x: 1 × 3 × 700 × 700 float32,  to , mean "
    qtbot.waitUntil(lambda: "channel 2" in table.accessibleName(), timeout=PATIENCE_MS)
    said = [each.strip() for each in table.accessibleName().split("; ")]
    assert said[0].startswith("x: 1 × 3 × 700 × 700 float32, −2.000 to 8.000, mean ")
    assert said[1:] == [
        "channel 0:  , 0 to 0, mean 0",
        "channel 1:  , 0 to 8.000, mean 1.6e−5",
        "channel 2:  , −2.000 to −2.000, mean −2.000",
    ]
