"""The wall's levels, limits, reductions and marks: expected colors and numbers are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper
from PySide6.QtCore import QPoint, QPointF, Qt

from inspector.render.grid import Place
from inspector.render.palettes import palette
from inspector.ui.panels.channel import ChannelPanel
from inspector.ui.panels.feature_maps import FeatureMapsPanel
from tests.ui.panels.conftest import pixel, pixels

SIGNED, VIRIDIS = palette("signed"), palette("viridis")
TALL = (520, 560)


@pytest.fixture
def panel(ran, show):
    """The layer ``relu``: 0, 0, 1, 2 in channel 0; 1, 0, 0, 0 in channel 1; channel 2 is dead."""
    ran.select_layer("relu")
    return show(FeatureMapsPanel(ran), *TALL)


def elements(panel, channel, count=4):
    places = [panel.canvas.position_of(Place(channel, *divmod(place, 2))) for place in range(count)]
    return pixels(panel.canvas, places)


def of(colors, *indices):
    return [tuple(colors[index]) for index in indices]


def typed(field, text, qtbot):
    field.selectAll()
    field.insert(text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


# ---------------------------------------------------------------- limits


def test_limits_that_are_typed_are_drawn_and_stated_and_hold_for_this_layer(panel, ran, qtbot):
    typed(panel.levels.high, "4", qtbot)
    assert ran.view.limits == (0, 4)
    assert elements(panel, 0) == of(VIRIDIS, 0, 0, 64, 128)
    assert panel.controls.scalings.currentText() == "fixed"
    assert panel.levels.high.text() == "4.000"
    ran.select_layer("signs")
    assert ran.view.limits is None
    assert panel.controls.scalings.currentText() == "layer, 1 to 99 %"


def test_the_channel_panel_follows_fixed_limits(panel, ran, show):
    channel = show(ChannelPanel(ran), 900, 500)
    ran.set_view(limits=(0.0, 4.0))
    beside = QPointF(channel.map.cell, channel.map.cell) * 0.4  # the number in the middle of the cell
    assert pixel(channel.map, channel.map.position_of((1, 1)) + beside) == tuple(VIRIDIS[128])


def test_locked_limits_are_kept_for_other_layers_and_said(panel, ran, qtbot):
    typed(panel.levels.high, "4", qtbot)
    qtbot.mouseClick(panel.controls.lock, Qt.MouseButton.LeftButton)
    assert panel.heading.text.endswith("limits locked")
    ran.select_layer("signs")  # -1, 0, 1, 2: around zero now, so that it keeps the color in the middle
    assert ran.view.limits == (0, 4)
    assert elements(panel, 0) == of(SIGNED, 96, 128, 159, 191)
    qtbot.mouseClick(panel.controls.lock, Qt.MouseButton.LeftButton)
    assert (ran.view.limits, ran.view.is_locked) == ((0, 4), False)  # nothing that is seen changes
    ran.select_layer("relu")
    assert ran.view.limits is None


def test_the_lock_keeps_the_limits_that_a_scaling_gave(panel, ran, qtbot):
    ran.set_view(scaling="layer")
    qtbot.mouseClick(panel.controls.lock, Qt.MouseButton.LeftButton)
    assert (ran.view.limits, ran.view.is_locked) == ((0, 2), True)
    ran.set_view(scaling="layer")  # chosen in the list: the data have the word again
    assert (ran.view.limits, ran.view.is_locked) == (None, False)
    ran.set_view(scaling="channel")
    assert not panel.controls.lock.isEnabled()


def test_an_end_of_the_levels_is_dragged_and_a_double_click_resets(panel, ran, qtbot):
    ran.set_view(scaling="layer")
    bars = panel.levels.bars
    middle = bars.height() // 2
    qtbot.mousePress(bars, Qt.MouseButton.LeftButton, pos=QPoint(round(bars.position_of(2)), middle))
    qtbot.mouseMove(bars, QPoint(round(bars.position_of(1)), middle))
    qtbot.mouseRelease(bars, Qt.MouseButton.LeftButton, pos=QPoint(round(bars.position_of(1)), middle))
    assert ran.view.limits == pytest.approx((0, 1), abs=0.01)
    assert bars.span == (0, 2)
    qtbot.mouseDClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(bars.width() // 2, middle))
    assert ran.view.limits is None


def test_both_ends_move_where_zero_has_the_color_in_the_middle(panel, ran, qtbot):
    ran.select_layer("signs")
    typed(panel.levels.low, "−4", qtbot)
    assert ran.view.limits == (-4, 4)
    assert elements(panel, 0) == of(SIGNED, 96, 128, 159, 191)
    typed(panel.levels.low, "0", qtbot)
    assert ran.view.limits == (-4, 4)
    assert "zero" in panel.levels.low.accessibleDescription()


@pytest.mark.parametrize(("text", "said"), [("9", "below 2.000"), ("a", "number"), ("nan", "number")])
def test_limits_that_cannot_be_are_refused_with_the_reason(panel, ran, qtbot, text, said):
    ran.set_view(scaling="layer")
    typed(panel.levels.low, text, qtbot)
    assert ran.view.limits is None
    assert said in panel.levels.low.accessibleDescription()
    qtbot.keyClick(panel.levels.low, Qt.Key.Key_Escape)
    assert (panel.levels.low.text(), panel.levels.low.accessibleDescription()) == ("0", "")


def test_where_there_is_little_room_the_levels_leave_it_to_the_wall(panel, ran):
    assert panel.levels.isVisible()
    panel.resize(520, 380)
    assert not panel.levels.isVisible()
    ran.set_view(limits=(0.0, 1.0))
    assert panel.levels.isVisible()
    assert not panel.levels.bars.isVisible()


# ---------------------------------------------------------------- reductions


def test_the_mean_of_all_channels_is_one_map(panel, ran, qtbot):
    ran.set_view(reduction="mean", scaling="layer")  # (0 + 1 + 0) / 3, 0, 1 / 3, 2 / 3
    assert panel.canvas.grid.channels == 1
    assert elements(panel, 0) == of(VIRIDIS, 128, 0, 128, 255)
    assert panel.caption.text == "mean of 3 channels at each place"
    assert not panel.controls.channels.isVisible()
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), panel.canvas.position_of(Place(0, 1, 1)).toPoint())
    assert dict(heard.args[0])["mean of 3 channels"] == "0.6667"
    at = panel.canvas.position_of(Place(0, 1, 0)).toPoint()
    qtbot.mouseClick(panel.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert (ran.view.channel, ran.view.element) == (0, (1, 0))


def test_the_maximum_of_all_channels_is_one_map(panel, ran):
    ran.set_view(reduction="maximum", scaling="layer")
    assert elements(panel, 0) == of(VIRIDIS, 128, 0, 128, 255)


def test_the_strongest_channels_make_a_short_wall(panel, ran):
    ran.set_view(reduction="top", strongest=2, scaling="layer")  # magnitudes 0.75, 0.25 and 0
    assert panel.canvas.grid.channels == 2
    assert panel.caption.text == "the 2 strongest of 3 channels by magnitude; channel 0: 0.7500"
    ran.set_view(order="sparsity", channel=0)  # channels 2 and 1 now: the selected one is not seen
    assert elements(panel, 1) == of(VIRIDIS, 128, 0, 0, 0)
    assert panel.caption.text == "the 2 strongest of 3 channels by sparsity"


def test_components_are_colors_and_state_their_part_of_the_variance(panel, ran, qtbot):
    ran.set_view(reduction="components")
    qtbot.waitUntil(lambda: "variance" in panel.caption.text)
    flat = np.array([[0, 0, 1, 2], [1, 0, 0, 0], [0, 0, 0, 0]], np.float64)
    squared = np.linalg.svd(flat - flat.mean(axis=1, keepdims=True), compute_uv=False) ** 2
    first = f"{100 * squared[0] / squared.sum():.1f} %"
    assert panel.caption.text.startswith(f"principal components of 3 channels as red, green, blue: {first}, ")
    red = [each[0] for each in elements(panel, 0)]
    assert red[3] == 255  # channel 0 has the largest part of the first component, and is largest there
    assert red.index(0) in (0, 1)


def test_a_reduction_that_says_nothing_of_a_layer_draws_all_of_it(passed_on, show):
    session = passed_on(np.arange(5, dtype=np.float32).reshape(1, 5))
    panel = show(FeatureMapsPanel(session), *TALL)
    session.set_view(reduction="mean")
    assert panel.canvas.grid.channels == 5
    session.set_view(reduction="top", strongest=3)
    assert panel.canvas.grid.channels == 3


# ---------------------------------------------------------------- what stands out


@pytest.fixture
def clipped(save, fed, run, show):
    """Channels 6 6 6 0; 0 0 0 0; 6 1 2 3; 2 2 2 2 of a Clip from 0 to 6."""
    values = np.array([[9, 9, 9, -1], [-1, -1, -1, -1], [9, 1, 2, 3], [2, 2, 2, 2]], np.float32)
    bounds = [helper.make_tensor(name, TensorProto.FLOAT, [], [each]) for name, each in (("low", 0), ("high", 6))]
    nodes = [helper.make_node("Constant", [], [each.name], value=each, name=f"constant {each.name}") for each in bounds]
    nodes.append(helper.make_node("Clip", ["x", "low", "high"], ["y"], name="relu6"))
    session = run(save("clip.onnx", nodes, {"x": [1, 4, 2, 2]}, ["y"]), fed(values.reshape(1, 4, 2, 2)))
    session.select_layer("relu6")
    return show(FeatureMapsPanel(session), *TALL)


def test_what_stands_out_is_counted_and_marked_in_its_tile(clipped):
    assert " ".join(clipped.foot.text.split()).startswith("4 channels 1 dead 1 constant 1 saturated")
    grid = clipped.canvas.grid

    def corner(channel):
        middle = clipped.canvas.position_of(Place(channel, 0, 0))
        return middle - QPointF(grid.tile_width / 4 - 3, grid.tile_height / 4 - 3)

    clipped.canvas.set_selection(-1)
    loud, quiet, none, constant = (corner(channel) for channel in range(4))
    seen = pixels(clipped.canvas, [loud, quiet, none, constant])
    assert seen == [(242, 179, 61), (201, 204, 210), tuple(VIRIDIS[255]), (201, 204, 210)]


def test_a_click_on_a_count_and_a_key_go_to_the_next_that_stands_out(clipped, qtbot):
    view = clipped.session
    qtbot.mouseClick(clipped.foot, Qt.MouseButton.LeftButton, pos=clipped.foot.where("constant").center().toPoint())
    assert view.view.channel == 3
    for channel in (0, 1, 3):  # from the first again after the last
        clipped.go_to_next()
        assert view.view.channel == channel
    assert clipped.foot.where("nothing").isEmpty()


# ---------------------------------------------------------------- contribution


@pytest.fixture
def classified(save, fed, run, show):
    """Means 1, 2, 3 of three maps; class 0 adds 1, -4 and 6 to its logit 3, class 1 takes the negative of these."""
    weights = np.array([[1, -2, 2], [-1, 2, -2]], np.float32)
    kernel = helper.make_tensor("kernel", TensorProto.FLOAT, [2, 3], weights.reshape(-1))
    nodes = [
        helper.make_node("Constant", [], ["kernel"], value=kernel, name="kernel"),
        helper.make_node("Neg", ["x"], ["maps"], name="maps"),
        helper.make_node("GlobalAveragePool", ["maps"], ["pooled"], name="pool"),
        helper.make_node("Flatten", ["pooled"], ["flat"], name="flatten"),
        helper.make_node("Gemm", ["flat", "kernel"], ["y"], name="dense", transB=1),
    ]
    values = -np.repeat(np.array([1, 2, 3], np.float32), 4).reshape(1, 3, 2, 2)
    session = run(save("classes.onnx", nodes, {"x": [1, 3, 2, 2]}, ["y"]), fed(values))
    session.select_layer("maps")
    session.set_head("logits")
    return show(FeatureMapsPanel(session), *TALL)


def test_channels_are_put_in_order_by_what_they_add_to_a_class(classified, qtbot):
    session, row = classified.session, classified.controls.orders.findText("contribution")
    offered = classified.controls.orders.model().item(row)
    qtbot.waitUntil(offered.isEnabled)
    session.set_view(order="contribution", channel=1)
    assert classified.caption.text == "by contribution to class 0, logit 3.000; channel 1: −4.000"
    assert [classified._lying().order.channel_at(place) for place in range(3)] == [2, 0, 1]
    session.set_view(target_class=1)
    qtbot.waitUntil(lambda: "class 1" in classified.caption.text)
    assert classified.caption.text == "by contribution to class 1, logit −3.000; channel 1: 4.000"
    session.select_layer("pool")
    assert not offered.isEnabled()
    assert "maps" in classified.controls.orders.itemData(row, Qt.ItemDataRole.ToolTipRole)
    assert classified.controls.orders.currentText() == "index"


def test_the_linked_cursor_is_in_the_selected_tile_wherever_it_lies(classified, qtbot):
    session = classified.session
    session.set_view(order="contribution", channel=2)
    qtbot.waitUntil(lambda: "contribution" in classified.caption.text)
    assert classified.canvas._channel == 0  # the first tile


# ---------------------------------------------------------------- one to one


def test_one_element_takes_one_pixel_and_fitting_shows_all_again(passed_on, show, qtbot):
    session = passed_on(np.zeros((1, 3, 300, 300)))
    panel = show(FeatureMapsPanel(session), *TALL)
    fitted = panel.canvas.grid
    assert fitted.is_reduced
    session.set_view(channel=2)
    panel.show_one_to_one()
    ratio, grid = panel.canvas._ratio(), panel.canvas.grid
    assert (grid.tile_height, grid.tile_width) == (300, 300)
    one, next_one = (panel.canvas.position_of(Place(2, row, row)) for row in (100, 101))
    assert (next_one - one).toTuple() == pytest.approx((1 / ratio, 1 / ratio))
    assert panel.canvas.place_at(panel.canvas.position_of(Place(2, 150, 150))) == Place(2, 150, 150)  # it is seen
    qtbot.keyClick(panel.canvas, Qt.Key.Key_0)
    assert panel.canvas.grid == fitted
