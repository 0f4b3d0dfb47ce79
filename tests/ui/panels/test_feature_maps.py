"""The wall of feature maps: expected colors are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from inspector.render.grid import Place
from inspector.render.palettes import palette
from inspector.ui import theme
from inspector.ui.panels.feature_maps import FeatureMapsPanel
from tests.ui.panels.conftest import PATIENCE_MS, pixel, pixels, rgb

SIGNED, VIRIDIS = palette("signed"), palette("viridis")


@pytest.fixture
def panel(ran, show):
    return show(FeatureMapsPanel(ran))


def elements(panel, channel, height=2, width=2):
    """The colors of a channel's elements, row by row."""
    places = [panel.canvas.position_of(Place(channel, *at)) for at in np.ndindex(height, width)]
    return pixels(panel.canvas, places)


def test_the_selected_layer_is_drawn_channel_by_channel(panel):
    # The limits are -2 and 2: -1 lies at 63.75 of 255, 0 in the middle, 1 at 191.25
    assert elements(panel, 0) == [tuple(SIGNED[index]) for index in (64, 128, 191, 255)]
    assert elements(panel, 1) == [tuple(SIGNED[index]) for index in (191, 128, 64, 0)]
    assert elements(panel, 2) == [tuple(SIGNED[128])] * 4


def test_another_layer_is_drawn_when_it_is_selected(panel, ran):
    ran.select_layer("relu")
    assert elements(panel, 0) == [tuple(VIRIDIS[index]) for index in (0, 0, 128, 255)]
    assert elements(panel, 1) == [tuple(VIRIDIS[index]) for index in (128, 0, 0, 0)]


def test_gaps_and_missing_tiles_have_the_panels_color(panel):
    panel.canvas.set_selection(-1)
    grid = panel.canvas.grid
    assert (grid.channels, grid.columns) == (3, 2)
    tiles = [panel.canvas.position_of(Place(channel, 0, 0)) for channel in (0, 1, 2)]
    gap = QPointF(tiles[0].x() + 0.75 * grid.tile_width + 0.5, tiles[0].y())
    missing = QPointF(tiles[1].x(), tiles[2].y())
    assert pixels(panel.canvas, [gap, missing]) == [rgb(theme.tokens().panel)] * 2


def test_the_title_says_what_is_looked_at(panel, ran):
    assert panel.heading.text == "output of signs (Conv), before the activation  2 × 2 × 3"
    ran.select_layer("relu")
    assert panel.heading.text == "output of relu (Relu), after the activation  2 × 2 × 3"


def test_the_foot_counts_what_stands_out(panel, ran):
    ran.select_layer("relu")
    said = " ".join(panel.foot.text.split())
    assert said == "3 channels 1 dead 0 constant no NaN or Inf zeros 75.0 % min 0 max 2.000"


def test_the_cursor_reads_the_value_under_it(panel, ran, qtbot):
    at = panel.canvas.position_of(Place(1, 1, 0)).toPoint()
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), at)
    assert heard.args[0] == (
        ("", "signs"),
        ("channel", "1"),
        ("row", "1"),
        ("column", "0"),
        ("=", "−1.000"),
        ("sees", "1 × 1 px"),
    )


def test_leaving_the_picture_ends_the_readout(panel, qtbot):
    qtbot.mouseMove(panel.canvas.viewport(), panel.canvas.position_of(Place(0, 0, 0)).toPoint())
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), QPoint(panel.canvas.width() - 2, panel.canvas.height() - 2))
    assert heard.args[0] == ()


def test_a_click_selects_channel_and_element(panel, ran, qtbot):
    at = panel.canvas.position_of(Place(1, 0, 1)).toPoint()
    qtbot.mouseClick(panel.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert (ran.view.channel, ran.view.element) == (1, (0, 1))


def test_the_mark_lies_outside_the_tile_it_frames(panel, ran):
    ran.set_view(channel=1)
    grid = panel.canvas.grid
    corner = panel.canvas.position_of(Place(1, 0, 0)) - QPointF(grid.tile_width / 4, grid.tile_height / 4)
    inside, line = corner + QPointF(0.5, 0.5), corner - QPointF(2.5, 2.5)
    assert pixels(panel.canvas, [inside, line]) == [tuple(SIGNED[191]), rgb(theme.tokens().mark)]


def test_limits_are_chosen_in_words_and_stated_at_the_bar(panel, ran):
    row = panel.controls.scalings.findText("each channel")
    panel.controls.scalings.setCurrentIndex(row)
    panel.controls.scalings.activated.emit(row)
    assert ran.view.scaling == "channel"
    ran.set_view(scaling="layer", colormap="magma")
    assert panel.controls.colormaps.currentText() == "magma"
    magma = palette("magma")
    assert elements(panel, 0) == [tuple(magma[index]) for index in (64, 128, 191, 255)]  # of -2 to 2 here too


def test_the_data_choose_the_colormap_until_the_user_does(panel, ran):
    assert panel.controls.colormaps.currentText() == "auto, signed"
    ran.select_layer("relu")
    assert panel.controls.colormaps.currentText() == "auto, viridis"


def test_keys_go_from_channel_to_channel(panel, ran, qtbot):
    panel.canvas.setFocus()
    for key, channel in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_Down, 2),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_End, 2),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Home, 0),
    ):
        qtbot.keyClick(panel.canvas, key)
        assert ran.view.channel == channel


@pytest.fixture
def large(passed_on, show):
    """Two channels of 64 x 64: in the second one, the left half is 0 and the right half 1."""
    values = np.zeros((1, 2, 64, 64))
    values[0, 1, :, 32:] = 1
    return show(FeatureMapsPanel(passed_on(values)))


def test_the_wheel_enlarges_what_is_under_the_cursor(large):
    place = Place(1, 8, 32)
    at = large.canvas.position_of(place)
    turn(large.canvas, at, 480)
    assert large.canvas.zoom == pytest.approx(1.25**4)
    moved = large.canvas.position_of(place) - at
    assert abs(moved.x()) < 1e-6
    assert abs(moved.y()) < 1e-6
    left = large.canvas.position_of(Place(1, 8, 31))
    assert pixels(large.canvas, [at, left]) == [tuple(VIRIDIS[255]), tuple(VIRIDIS[0])]
    large.canvas.fit()
    assert large.canvas.zoom == 1
    turn(large.canvas, at, -1200)
    assert large.canvas.zoom == 1


def turn(canvas, at, angle):
    globally = canvas.viewport().mapToGlobal(at.toPoint())
    event = QWheelEvent(
        at,
        QPointF(globally),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), event)


def test_dragging_moves_the_enlarged_picture_and_selects_nothing(large, session, qtbot):
    place = Place(0, 32, 32)
    turn(large.canvas, large.canvas.position_of(place), 960)
    before = large.canvas.position_of(place)
    start = QPoint(100, 100)
    qtbot.mousePress(large.canvas.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(large.canvas.viewport(), start + QPoint(-30, -20))
    qtbot.mouseRelease(large.canvas.viewport(), Qt.MouseButton.LeftButton, pos=start + QPoint(-30, -20))
    moved = large.canvas.position_of(place) - before
    assert (round(moved.x()), round(moved.y())) == (-30, -20)
    assert (session.view.channel, session.view.element) == (0, None)


def test_a_double_click_shows_one_channel_and_then_all_again(large, qtbot):
    at = large.canvas.position_of(Place(1, 5, 5)).toPoint()
    qtbot.mouseDClick(large.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    first, last = (large.canvas.position_of(Place(1, *each)) for each in ((0, 0), (63, 63)))
    room = large.canvas.rect()
    assert room.contains(first.toPoint())
    assert room.contains(last.toPoint())
    assert max((last.x() - first.x()) / room.width(), (last.y() - first.y()) / room.height()) > 0.75
    qtbot.mouseDClick(large.canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert large.canvas.zoom == 1


def test_zero_fits_the_picture_again(large, qtbot):
    turn(large.canvas, QPointF(100, 100), 480)
    qtbot.keyClick(large.canvas, Qt.Key.Key_0)
    assert large.canvas.zoom == 1


def test_while_a_run_is_on_the_picture_fades_to_half(panel):
    at = panel.canvas.position_of(Place(0, 1, 1))
    panel.set_dimmed(True)
    ground = np.array(rgb(theme.tokens().panel))
    np.testing.assert_allclose(pixel(panel.canvas, at), (SIGNED[255] + ground) / 2, atol=1.01)
    panel.set_dimmed(False)
    assert pixel(panel.canvas, at) == tuple(SIGNED[255])


# ---------------------------------------------------------------- every shape of output


def test_nan_and_inf_are_hatched_and_counted(passed_on, show):
    values = np.zeros((1, 1, 2, 2))
    values[0, 0, 0] = (np.nan, np.inf)
    values[0, 0, 1, 1] = 1
    panel = show(FeatureMapsPanel(passed_on(values)))
    assert "1 NaN, 1 Inf" in panel.foot.text
    grid = panel.canvas.grid
    for column, color in ((0, rgb(theme.tokens().mark)), (1, (255, 255, 255))):
        middle = panel.canvas.position_of(Place(0, 0, column))
        line = [middle + QPointF(step, 0) for step in range(-grid.tile_width // 8, grid.tile_width // 8)]
        assert set(pixels(panel.canvas, line)) == {color, (0, 0, 0)}


def test_a_vector_is_drawn_as_one_square_per_feature(passed_on, show):
    panel = show(FeatureMapsPanel(passed_on(np.arange(12.0).reshape(1, 12))))
    grid = panel.canvas.grid
    assert (grid.channels, grid.height, grid.width) == (12, 1, 1)
    assert grid.tile_width == grid.tile_height > 20
    assert elements(panel, 0, 1, 1) + elements(panel, 11, 1, 1) == [tuple(VIRIDIS[0]), tuple(VIRIDIS[255])]


def test_four_thousand_channels_are_all_there(passed_on, show):
    panel = show(FeatureMapsPanel(passed_on(np.arange(4096.0).reshape(1, 4096, 1, 1))))
    for channel in (0, 1000, 4095):
        assert panel.canvas.place_at(panel.canvas.position_of(Place(channel, 0, 0))) == Place(channel, 0, 0)
    assert panel.foot.text.startswith("4,096 channels")


def test_a_map_with_more_elements_than_pixels_is_reduced_and_enlarged_in_full(passed_on, show):
    values = np.zeros((1, 1, 2000, 2000))
    values[..., ::2] = 2
    panel = show(FeatureMapsPanel(passed_on(values)))
    assert panel.canvas.grid.is_reduced
    assert elements(panel, 0, 3, 3)[4] == tuple(VIRIDIS[128])  # the mean of zeros and twos
    panel.canvas.zoom_at(panel.canvas.position_of(Place(0, 1000, 1000)), 1e6)
    at = panel.canvas.position_of(Place(0, 1000, 1000))
    right = panel.canvas.position_of(Place(0, 1000, 1001))
    assert right.x() - at.x() > 32
    assert pixels(panel.canvas, [at, right]) == [tuple(VIRIDIS[255]), tuple(VIRIDIS[0])]


def test_a_single_number_is_said(save, fed, run, show):
    nodes = [helper.make_node("ReduceSum", ["x"], ["y"], name="sum", keepdims=0)]
    session = run(save("sum.onnx", nodes, {"x": [1, 1, 2, 2]}, ["y"]), fed(np.ones((1, 1, 2, 2), np.float32)))
    session.select_layer("sum")
    panel = show(FeatureMapsPanel(session))
    assert panel.message == "The output of sum is a single number: 4.000."


def test_a_batch_shows_its_first_picture_and_says_so(passed_on, show):
    panel = show(FeatureMapsPanel(passed_on(np.arange(24.0).reshape(3, 2, 2, 2))))
    assert panel.controls.note.text == "the first of 3"
    assert elements(panel, 0)[0] == tuple(VIRIDIS[0])
    assert elements(panel, 1)[3] == tuple(VIRIDIS[255])  # 7, the largest of the first


def test_without_a_picture_the_panel_asks_for_one(session, signs, show, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    panel = show(FeatureMapsPanel(session))
    qtbot.waitUntil(lambda: session.busy == "", timeout=PATIENCE_MS)
    panel.refresh()
    assert panel.message == "Open a picture, or drop one on the window, to see what signs makes of it."


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_tiles_keep_their_colors_at_any_pixel_ratio(panel, ratio, monkeypatch):
    monkeypatch.setattr(panel.canvas, "_ratio", lambda: float(ratio))
    panel.canvas._arrange()
    assert elements(panel, 0) == [tuple(SIGNED[index]) for index in (64, 128, 191, 255)]
    assert panel.canvas.grid.gap == ratio


def test_channels_are_drawn_in_the_order_that_was_chosen(panel, ran):
    ran.select_layer("relu")  # channel 0 holds 0, 0, 1, 2 and channel 1 holds 1, 0, 0, 0; channel 2 is dead
    ran.set_view(order="sparsity")
    assert elements(panel, 0) == [tuple(VIRIDIS[0])] * 4
    assert elements(panel, 1) == [tuple(VIRIDIS[index]) for index in (128, 0, 0, 0)]
    assert elements(panel, 2) == [tuple(VIRIDIS[index]) for index in (0, 0, 128, 255)]


def test_a_tile_that_lies_elsewhere_is_still_its_own_channel(panel, ran, qtbot):
    ran.select_layer("relu")
    ran.set_view(order="sparsity")  # channels 2, 1, 0
    at = panel.canvas.position_of(Place(2, 1, 1)).toPoint()
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.canvas.viewport(), at)
    said = dict(heard.args[0])
    assert (said["channel"], said["="], said["sparsity"]) == ("0", "2.000", "50.0 %")
    qtbot.mouseClick(panel.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert (ran.view.channel, ran.view.element) == (0, (1, 1))


def test_the_keys_go_to_the_next_tile_in_the_order(panel, ran, qtbot):
    ran.select_layer("relu")
    ran.set_view(order="sparsity", channel=2)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert ran.view.channel == 1


def test_each_channel_keeps_its_own_limits_in_another_order(panel, ran):
    ran.select_layer("relu")
    ran.set_view(order="sparsity", scaling="channel")
    assert elements(panel, 1) == [tuple(VIRIDIS[index]) for index in (255, 0, 0, 0)]


def test_a_number_that_is_typed_selects_that_channel(panel, ran, qtbot):
    field = panel.controls.channels
    field.selectAll()
    qtbot.keyClicks(field, "1")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert ran.view.channel == 1
    ran.select_channel(2)
    assert field.value() == 2
