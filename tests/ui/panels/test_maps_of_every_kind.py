"""Feature maps that are no pictures: signals, volumes, codes, and what is not there. Expected values are by hand."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper
from PySide6.QtCore import Qt

from inspector.render.grid import Place
from inspector.render.palettes import palette
from inspector.ui.curves import SamplePlace
from inspector.ui.panels.feature_maps import FeatureMapsPanel
from tests.ui.panels.conftest import PATIENCE_MS, pixels

VIRIDIS = palette("viridis")


def color_of(panel, *place):
    return pixels(panel.canvas, [panel.canvas.position_of(Place(*place))])[0]


def readout(panel, signal, place, qtbot):
    with qtbot.waitSignal(panel.readout) as heard:
        signal.emit(place)
    return heard.args[0]


# ---------------------------------------------------------------- signals


@pytest.fixture
def signal(passed_on, show):
    """Three channels of ten time steps: 0 to 9, 10 to 19, 20 to 29."""
    return show(FeatureMapsPanel(passed_on(np.arange(30.0).reshape(1, 3, 10))))


def test_a_signal_is_drawn_as_curves_of_which_the_selected_one_stands_out(signal, session):
    assert signal.pictures.currentWidget() is signal.curves
    assert "3 curves of 10 time steps, 0 to 29.00" in signal.curves.accessibleDescription()
    assert not signal.controls.scalings.isVisible()  # curves have no colors
    session.select_channel(2)
    assert signal.heading.text.endswith("10 × 3")


def test_a_signal_is_drawn_as_one_picture_of_time_and_channel_on_request(signal, session, qtbot):
    qtbot.mouseClick(signal.controls.signals.button("image"), Qt.MouseButton.LeftButton)
    assert session.view.signals == "image"
    assert signal.pictures.currentWidget() is signal.canvas
    session.set_view(scaling="layer")
    grid = signal.canvas.grid
    assert (grid.channels, grid.height, grid.width) == (1, 3, 10)
    assert color_of(signal, 0, 0, 0) == tuple(VIRIDIS[0])
    assert color_of(signal, 2, 0, 9) == tuple(VIRIDIS[255])
    assert color_of(signal, 1, 0, 5) == tuple(VIRIDIS[132])  # 15 of 29: 131.9 of 255
    session.set_view(scaling="channel")
    assert [color_of(signal, channel, 0, 9) for channel in range(3)] == [tuple(VIRIDIS[255])] * 3


def test_curves_stay_chosen_for_the_next_signal(signal, session, qtbot):
    qtbot.mouseClick(signal.controls.signals.button("image"), Qt.MouseButton.LeftButton)
    session.select_channel(1)
    session.set_view(element=(0, 3))
    assert signal.pictures.currentWidget() is signal.canvas


@pytest.mark.parametrize("form", ["curves", "image"])
def test_a_readout_of_a_signal_names_its_time(signal, session, qtbot, form):
    session.set_view(signals=form)
    expected = (("", "same"), ("channel", "1"), ("time", "4"), ("=", "14.00"))
    if form == "curves":
        assert readout(signal, signal.curves.hovered, SamplePlace(1, 4), qtbot)[:4] == expected
        return
    at = signal.canvas.position_of(Place(1, 0, 4)).toPoint()
    with qtbot.waitSignal(signal.readout) as heard:
        qtbot.mouseMove(signal.canvas.viewport(), at)
    assert heard.args[0][:4] == expected


@pytest.mark.parametrize("form", ["curves", "image"])
def test_a_click_on_a_signal_selects_channel_and_time(signal, session, qtbot, form):
    session.set_view(signals=form)
    if form == "curves":
        signal.curves.picked.emit(SamplePlace(2, 7))
    else:
        at = signal.canvas.position_of(Place(2, 0, 7)).toPoint()
        qtbot.mouseClick(signal.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert (session.view.channel, session.view.element) == (2, (0, 7))


def test_keys_go_from_row_to_row_of_the_picture_of_a_signal(signal, session, qtbot):
    session.set_view(signals="image")
    signal.canvas.setFocus()
    for key, channel in ((Qt.Key.Key_Down, 1), (Qt.Key.Key_End, 2), (Qt.Key.Key_Down, 2), (Qt.Key.Key_Up, 1)):
        qtbot.keyClick(signal.canvas, key)
        assert session.view.channel == channel


def test_more_channels_than_pixels_are_one_picture_too(passed_on, show, session):
    session.set_view(signals="image")
    panel = show(FeatureMapsPanel(passed_on(np.arange(6_000.0).reshape(1, 2_000, 3))))
    assert panel.canvas.grid.tile_height < 2_000
    place = panel.canvas.place_at(panel.canvas.position_of(Place(1_000, 0, 1)))
    assert abs(place.channel - 1_000) <= 2_000 / panel.canvas.grid.tile_height
    assert place.column == 1


# ---------------------------------------------------------------- volumes


@pytest.fixture
def volume(passed_on, show):
    """Two channels of three slices of 2 x 2; the slices of the first hold 0 to 3, 4 to 7, 8 to 11."""
    return show(FeatureMapsPanel(passed_on(np.arange(24.0).reshape(1, 2, 3, 2, 2))))


def test_a_volume_shows_its_middle_slice_with_the_limits_of_all(volume, session):
    session.set_view(scaling="layer")
    assert volume.heading.text.endswith("3 × 2 × 2 × 2, slice 1 of 3")
    assert volume.slices.said.text() == "1 of 3"
    assert color_of(volume, 0, 0, 0) == tuple(VIRIDIS[44])  # 4 of 23: 44.3 of 255
    assert "max 23.00" in volume.foot.text


def test_another_slice_is_chosen_with_the_slider(volume, session, qtbot):
    volume.slices.slider.setValue(2)
    assert session.view.slice == 2
    assert readout(volume, volume.canvas.hovered, Place(1, 1, 0), qtbot)[:6] == (
        *(("", "same"), ("channel", "1"), ("depth", "2"), ("row", "1"), ("column", "0")),
        ("=", "22.00"),
    )


def test_nan_is_marked_in_its_slice_only(passed_on, show, session):
    values = np.zeros((1, 1, 3, 2, 2))
    values[0, 0, 0, 0, 0] = np.nan
    panel = show(FeatureMapsPanel(passed_on(values)))
    clean = color_of(panel, 0, 0, 0)
    assert "1 NaN, 0 Inf" in panel.foot.text
    session.set_view(slice=0)
    assert color_of(panel, 0, 0, 0) != clean
    session.set_view(slice=1)
    assert color_of(panel, 0, 0, 0) == clean


def test_a_picture_has_no_slider(passed_on, show):
    panel = show(FeatureMapsPanel(passed_on(np.zeros((1, 2, 3, 3)))))
    assert not panel.slices.isVisible()


# ---------------------------------------------------------------- codes


def pair(name, before, after):
    """QuantizeLinear and DequantizeLinear."""
    return [
        helper.make_node("QuantizeLinear", [before, "scale", "zero"], [f"{name} codes"], name=f"{name} codes"),
        helper.make_node("DequantizeLinear", [f"{name} codes", "scale", "zero"], [after], name=f"{name} real"),
    ]


@pytest.fixture
def quantized(save, fed, run):
    """Two values, quantized with the scale 0.5 and the zero point 10, doubled, and quantized again."""
    weights = {"scale": np.array(0.5, np.float32), "zero": np.array(10, np.uint8), "two": np.float32(2).reshape(1)}
    nodes = [*pair("in", "x", "a"), helper.make_node("Mul", ["a", "two"], ["b"], name="twice"), *pair("out", "b", "y")]
    path = save("pair.onnx", nodes, {"x": [1, 1, 1, 2]}, ["y"], weights)
    return run(path, fed(np.array([[[[-2.0, 3.0]]]], np.float32)))


def test_codes_are_shown_in_real_units_with_their_scale(quantized, show, qtbot):
    quantized.select_layer("in codes")
    panel = show(FeatureMapsPanel(quantized), 700)
    assert panel.controls.note.text == "uint8, scale 0.5000, zero point 10"
    assert "min −2.000" in panel.foot.text
    assert "max 3.000" in panel.foot.text
    assert readout(panel, panel.canvas.hovered, Place(0, 0, 1), qtbot)[2:6] == (
        *(("row", "0"), ("column", "1"), ("code", "16"), ("=", "3.000")),  # 3 / 0.5 + 10
    )


def test_codes_themselves_are_shown_on_request(quantized, show, qtbot):
    quantized.select_layer("in codes")
    panel = show(FeatureMapsPanel(quantized), 700)
    qtbot.mouseClick(panel.controls.codes, Qt.MouseButton.LeftButton)
    assert quantized.view.codes
    assert "min 6     max 16" in panel.foot.text
    assert dict(readout(panel, panel.canvas.hovered, Place(0, 0, 0), qtbot))["="] == "−2.000"


def test_only_quantized_tensors_offer_codes(quantized, show):
    quantized.select_layer("twice")
    panel = show(FeatureMapsPanel(quantized), 700)
    assert not panel.controls.codes.isVisible()
    quantized.select_layer("out codes")
    assert panel.controls.codes.isVisible()


def test_a_qdq_network_can_be_looked_at_as_it_is_deployed(quantized, show, qtbot):
    quantized.select_layer("twice")
    panel = show(FeatureMapsPanel(quantized), 700)
    assert panel.controls.views.isVisible()
    assert quantized.run.views == ("step by step", "as deployed"), quantized.run.view_note
    with qtbot.waitSignal(quantized.run_changed, timeout=PATIENCE_MS):
        qtbot.mouseClick(panel.controls.views.button("as deployed"), Qt.MouseButton.LeftButton)
    assert panel.message == "twice is fused away in the deployed network: its output is never computed by itself."
    quantized.select_layer("in codes")
    assert panel.message == ""
    assert panel.controls.views.button("as deployed").isChecked()
    quantized.select_layer("twice")
    with qtbot.waitSignal(quantized.run_changed, timeout=PATIENCE_MS):
        panel._page.button.click()
    assert quantized.run_view == "step by step"
    assert panel.message == ""


@pytest.mark.parametrize("width", [320, 480, 900])
def test_every_choice_is_seen_whole_however_narrow_the_panel(quantized, show, width):
    quantized.select_layer("in codes")
    panel = show(FeatureMapsPanel(quantized), width)
    controls = panel.controls
    for each in (controls.scalings, controls.colormaps, controls.codes, controls.note, controls.views):
        assert each.isVisible()
        assert each.geometry().right() <= controls.width()
    for each in (controls.codes, controls.views, controls.note):
        assert each.width() >= each.sizeHint().width()


def test_a_network_of_real_numbers_has_one_view(ran, show):
    panel = show(FeatureMapsPanel(ran))
    assert not panel.controls.views.isVisible()
    assert not panel.controls.codes.isVisible()
    assert not panel.controls.signals.isVisible()


# ---------------------------------------------------------------- other types, and what is not there


def test_a_type_that_is_shown_by_a_cast_is_named(save, fed, run, show):
    nodes = [
        helper.make_node("Cast", ["x"], ["b"], name="narrow", to=TensorProto.BFLOAT16),
        helper.make_node("Cast", ["b"], ["y"], name="wide", to=TensorProto.FLOAT),
    ]
    session = run(save("bf16.onnx", nodes, {"x": [1, 1, 2, 2]}, ["y"]), fed(np.ones((1, 1, 2, 2), np.float32)))
    session.select_layer("narrow")
    panel = show(FeatureMapsPanel(session), 700)
    assert panel.controls.note.text == "bfloat16, shown as float32"


@pytest.fixture
def branches(save, fed, run):
    """An If whose condition holds: its branches double and negate."""

    def branch(name, op_type, *inputs):
        node = helper.make_node(op_type, ["x", *inputs], [f"{name} out"], name=name)
        return helper.make_graph([node], name, [], [helper.make_empty_tensor_value_info(f"{name} out")])

    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], name="sum", keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["positive"], name="positive"),
        helper.make_node(
            "If",
            ["positive"],
            ["y"],
            name="choice",
            then_branch=branch("double", "Add", "x"),
            else_branch=branch("negate", "Neg"),
        ),
    ]
    path = save("if.onnx", nodes, {"x": [1, 1, 1, 2]}, ["y"], {"zero": np.float32(0)})
    return run(path, fed(np.array([[[[1, 2]]]], np.float32)))


def test_a_branch_that_ran_is_shown_and_the_other_one_is_not(branches, show, qtbot):
    branches.select_layer("double")
    panel = show(FeatureMapsPanel(branches))
    assert dict(readout(panel, panel.canvas.hovered, Place(0, 0, 1), qtbot))["="] == "4.000"
    branches.select_layer("negate")
    assert panel.message == (
        "The output of negate cannot be drawn: it is part of a branch that was not run (else_branch of choice)."
    )


def test_a_layer_that_cannot_be_handed_out_says_why(save, fed, run, show):
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"], name="on"),
            helper.make_node("Add", ["kept", "x"], ["more"], name="more"),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("kept", TensorProto.FLOAT, [1, 1, 1, 2]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, [1, 1, 1, 2]),
        ],
    )
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], name="sum", keepdims=0),
        helper.make_node("Cast", ["sum"], ["count"], name="count", to=TensorProto.INT64),
        helper.make_node("Loop", ["count", "", "x"], ["y"], name="loop", body=body),
    ]
    path = save("loop.onnx", nodes, {"x": [1, 1, 1, 2]}, ["y"])
    session = run(path, fed(np.array([[[[1, 2]]]], np.float32)))
    session.select_layer("more")
    panel = show(FeatureMapsPanel(session))
    assert panel.message == ("The output of more cannot be shown: how often its Loop runs is not known before a run.")


def test_of_a_loop_the_first_pass_is_shown_and_this_is_said(save, fed, run, show, qtbot):
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"], name="on"),
            helper.make_node("Add", ["kept", "kept"], ["more"], name="more"),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("kept", TensorProto.FLOAT, [1, 1, 1, 2]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, [1, 1, 1, 2]),
        ],
    )
    nodes = [helper.make_node("Loop", ["count", "", "x"], ["y"], name="loop", body=body)]
    path = save("loop.onnx", nodes, {"x": [1, 1, 1, 2]}, ["y"], {"count": np.array(3, np.int64)})
    session = run(path, fed(np.array([[[[1, 2]]]], np.float32)))
    session.select_layer("more")
    panel = show(FeatureMapsPanel(session), 700)
    assert panel.heading.text.endswith("1 × 2 × 1")
    assert panel.controls.note.text == "the first of 3 passes"
    assert dict(readout(panel, panel.canvas.hovered, Place(0, 0, 1), qtbot))["="] == "4.000"


def test_channels_that_come_last_are_tiles(save, fed, run, show, qtbot):
    # x is (N, H, W, C); the Conv wants channels first, and the graph turns them round and back.
    nodes = [
        helper.make_node("Transpose", ["x"], ["first"], name="to first", perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["first", "k"], ["made"], name="conv"),
        helper.make_node("Transpose", ["made"], ["y"], name="to last", perm=[0, 2, 3, 1]),
    ]
    kernels = np.array([1, 10, 100], np.float32).reshape(3, 1, 1, 1)
    path = save("last.onnx", nodes, {"x": [1, 2, 4, 1]}, ["y"], {"k": kernels})
    session = run(path, fed(np.arange(8, dtype=np.float32).reshape(1, 2, 4, 1)))
    session.select_layer("to last")
    panel = show(FeatureMapsPanel(session), 700)
    assert panel.heading.text.endswith("2 × 4 × 3")
    assert (panel.canvas.grid.channels, panel.canvas.grid.height, panel.canvas.grid.width) == (3, 2, 4)
    assert dict(readout(panel, panel.canvas.hovered, Place(2, 1, 3), qtbot))["="] == "700.0"
