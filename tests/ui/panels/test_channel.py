"""The channel panel, and the pointer that all panels share: expected colors and places are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt

from inspector.graph.context import Rectangle
from inspector.render.grid import Place
from inspector.render.palettes import palette
from inspector.ui import theme
from inspector.ui.panels.channel import ChannelPanel
from inspector.ui.panels.feature_maps import FeatureMapsPanel
from inspector.ui.panels.input import InputPanel
from inspector.ui.session import Cursor
from tests.ui.panels.conftest import PATIENCE_MS, pixel, pixels, rgb

SIGNED, VIRIDIS = palette("signed"), palette("viridis")
RED, BLUE = (200, 0, 0), (0, 0, 200)


@pytest.fixture
def panel(ran, show):
    return show(ChannelPanel(ran), 640, 380)


def cells(panel, height=2, width=2):
    """The colors of the map's cells, near their corners: a number may stand in the middle."""
    reach = panel.map.cell * 0.35
    return pixels(panel.map, [panel.map.position_of(at) - QPointF(reach, reach) for at in np.ndindex(height, width)])


def test_the_selected_channel_has_the_limits_of_the_wall(panel, ran):
    # The limits of the layer are -2 and 2: -1 lies at 63.75 of 255, 0 in the middle, 1 at 191.25
    assert cells(panel) == [tuple(SIGNED[index]) for index in (64, 128, 191, 255)]
    ran.set_view(channel=1)
    assert cells(panel) == [tuple(SIGNED[index]) for index in (191, 128, 64, 0)]
    ran.set_view(scaling="channel", channel=0, colormap="viridis")
    assert cells(panel) == [tuple(VIRIDIS[index]) for index in (0, 85, 170, 255)]


def test_the_heading_and_the_statistics_are_those_of_the_channel(panel, ran):
    ran.select_layer("relu")
    ran.set_view(channel=0)
    assert panel.heading.text == "Channel 0 of relu (Relu)"
    # 0, 0, 1, 2: their mean is 0.75 and their variance (0.5625 * 2 + 0.0625 + 1.5625) / 4 = 0.6875
    assert panel.table.text == "minimum 0; maximum 2.000; mean 0.7500; std 0.8292; zeros 50.0 %"


def test_nan_and_infinity_are_counted_and_seen(passed_on, show):
    session = passed_on(np.array([[[[np.nan, np.inf], [1, 2]]]]))
    panel = show(ChannelPanel(session), 640, 380)
    assert panel.table.text.endswith("NaN 1; Inf 1")
    assert cells(panel)[:2] == [rgb(theme.tokens().mark), (255, 255, 255)]


def test_numbers_stand_in_cells_that_are_large_enough(panel):
    inside = panel.map.on_widget(Rectangle(0, 0, 1, 1)).toRect().adjusted(2, 2, -2, -2)
    image = panel.map.grab(inside).toImage()
    colors = {image.pixelColor(x, y).getRgb()[:3] for x in range(image.width()) for y in range(image.height())}
    assert tuple(SIGNED[64]) in colors
    # -1 is written on 0x3b82c4-like blue, on which black is read better than white
    assert (0, 0, 0) in colors
    assert (255, 255, 255) not in colors


def test_small_cells_hold_no_numbers(passed_on, show):
    values = np.zeros((1, 1, 40, 40))
    values[0, 0, 0, 0] = 1
    panel = show(ChannelPanel(passed_on(values)), 640, 380)
    assert panel.map.cell < 34
    middle = panel.map.on_widget(Rectangle(10, 10, 20, 20)).toRect()
    image = panel.map.grab(middle).toImage()
    colors = {image.pixelColor(x, y).getRgb()[:3] for x in range(image.width()) for y in range(image.height())}
    assert colors == {tuple(VIRIDIS[0])}


def test_the_wheel_enlarges_map_and_overlay_alike(cropped, show, qtbot):
    panel = show(ChannelPanel(cropped), 700, 380)
    at = panel.map.position_of((1, 2))
    panel.map.zoom_at(at, 2.0)
    assert panel.map.camera == panel.overlay.camera
    assert panel.map.camera.zoom == pytest.approx(2.0)
    moved = panel.map.position_of((1, 2)) - at
    assert max(abs(moved.x()), abs(moved.y())) <= 0.5
    qtbot.mouseDClick(panel.map, Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert panel.overlay.camera.zoom == 1


def test_a_click_selects_the_element_and_the_arrow_keys_move_it(panel, ran, qtbot):
    qtbot.mouseClick(panel.map, Qt.MouseButton.LeftButton, pos=panel.map.position_of((0, 0)).toPoint())
    assert ran.view.element == (0, 0)
    panel.map.setFocus()
    for key, element in (
        (Qt.Key.Key_Right, (0, 1)),
        (Qt.Key.Key_Right, (0, 1)),
        (Qt.Key.Key_Down, (1, 1)),
        (Qt.Key.Key_Left, (1, 0)),
        (Qt.Key.Key_Up, (0, 0)),
    ):
        qtbot.keyClick(panel.map, key)
        assert ran.view.element == element
    assert ran.view.channel == 0


def test_the_selected_cell_is_framed_in_the_color_of_marks(panel, ran):
    ran.set_view(element=(1, 0))
    cell = panel.map.on_widget(Rectangle(0, 1, 1, 2))
    assert pixel(panel.map, cell.topLeft() - QPointF(2, 2)) == rgb(theme.tokens().mark)


# ---------------------------------------------------------------- over the picture


@pytest.fixture
def wide(tmp_path):
    """A picture of 64 x 32 pixels, its left half red and its right half blue."""
    colors = np.zeros((32, 64, 3), np.uint8)
    colors[:, :32], colors[:, 32:] = RED, BLUE
    path = tmp_path / "wide.png"
    Image.fromarray(colors).save(path)
    return path


@pytest.fixture
def cropped(save, run, wide, qtbot):
    """14 x 14 x 3 from the middle of that picture, 28 x 28 pixels from (18, 2) on; 2 x 2 kernels with stride 2."""
    kernels = np.zeros((2, 3, 2, 2), np.float32)
    kernels[1, 0] = 1 / 4  # the mean of blue, which comes first
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["y"], name="conv", strides=[2, 2]),
        helper.make_node("Conv", ["y", "j"], ["z"], name="next", strides=[2, 2], pads=[0, 0, 1, 1]),
        helper.make_node("GlobalAveragePool", ["z"], ["a"], name="all"),
    ]
    weights = {"k": kernels, "j": np.ones((1, 2, 2, 2), np.float32)}
    session = run(save("seen.onnx", nodes, {"x": [1, 3, 14, 14]}, ["a"], weights), wide)
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.set_preprocessing("caffe")
    return session


def test_what_does_not_respond_stays_picture(cropped, show):
    cropped.set_view(channel=1, colormap="viridis", scaling="layer")
    panel = show(ChannelPanel(cropped), 700, 380)
    panel.enlarged.setCurrentIndex(panel.enlarged.findText("nearest"))
    panel.enlarged.activated.emit(1)
    panel.opacity.setValue(100)
    # Blue is -104 in the left half, the smallest value there is, and 96 in the right half, the largest.
    left, right = panel.overlay.position_of((3, 1)), panel.overlay.position_of((3, 5))
    assert pixels(panel.overlay, [left, right]) == [RED, tuple(VIRIDIS[255])]
    panel.opacity.setValue(0)
    assert pixels(panel.overlay, [left, right]) == [RED, BLUE]
    panel.opacity.setValue(50)
    half = (np.array(VIRIDIS[255], float) + BLUE) / 2
    np.testing.assert_allclose(pixel(panel.overlay, right), half, atol=2)


def test_the_overlay_can_be_taken_away(cropped, show):
    panel = show(ChannelPanel(cropped), 700, 380)
    assert panel.overlay.isVisible()
    panel.overlaid.setChecked(False)
    assert not panel.overlay.isVisible()
    assert panel.map.isVisible()


def test_a_narrow_panel_shows_the_overlay_alone(cropped, show):
    panel = show(ChannelPanel(cropped), 400, 380)
    assert (panel.map.isVisible(), panel.overlay.isVisible()) == (False, True)


def test_the_overlay_frames_what_the_selected_cell_sees(cropped, show):
    cropped.set_view(layer="next", channel=0, element=(1, 2))
    panel = show(ChannelPanel(cropped), 700, 380)
    # It sees rows 4 to 8 and columns 8 to 12 of 14, which are one cell of the 4 x 4 that lie 4 apart.
    assert panel.overlay.marks.field == Rectangle(2, 1, 3, 2)
    assert panel.overlay_caption.text == "the box is what the cell sees"


def test_that_an_element_sees_everything_is_said(cropped, show):
    cropped.set_view(layer="all", channel=0, element=(0, 0))
    panel = show(ChannelPanel(cropped), 700, 380)
    assert panel.overlay.marks.field is None
    assert panel.overlay_caption.text == "on the picture; a cell sees the whole input"


# ---------------------------------------------------------------- one place in every channel


def test_a_place_is_shown_in_every_channel(panel, ran, qtbot):
    ran.set_view(element=(1, 1))
    # 2, -2 and 0 in channels 0, 1 and 2
    known = panel.profile._profile
    assert known.values.tolist() == [2, -2, 0]
    assert panel.profile_caption.text == "this place in every channel    row 1    column 1"
    qtbot.mouseClick(panel.profile, Qt.MouseButton.LeftButton, pos=panel.profile.bar(1).center().toPoint())
    assert ran.view.channel == 1


def test_the_channels_are_sorted_by_their_value(panel, ran, qtbot):
    ran.set_view(element=(1, 1))
    lefts = [panel.profile.bar(channel).left() for channel in range(3)]
    assert lefts == sorted(lefts)
    qtbot.mouseClick(panel.by_value, Qt.MouseButton.LeftButton)
    lefts = {channel: panel.profile.bar(channel).left() for channel in range(3)}
    assert sorted(lefts, key=lefts.get) == [0, 2, 1]


def test_pointing_at_a_cell_shows_that_place(panel, ran, qtbot):
    ran.set_view(element=(1, 1))
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.map, panel.map.position_of((0, 0)).toPoint())
    assert heard.args[0][1:5] == (("channel", "0"), ("row", "0"), ("column", "0"), ("=", "−1.000"))
    assert ran.cursor == Cursor("signs", 0, 0, 0)
    assert panel.profile_caption.text.endswith("row 0    column 0")
    qtbot.mouseMove(panel.map, QPoint(2, 2))
    assert ran.cursor is None
    assert panel.profile_caption.text.endswith("row 1    column 1")


def test_a_vector_is_one_place_in_every_channel(passed_on, show):
    panel = show(ChannelPanel(passed_on(np.array([[3.0, -1.0, 2.0]]))), 640, 380)
    assert panel.profile._profile.values.tolist() == [3, -1, 2]
    assert not panel.overlay.isVisible()


def test_a_signal_is_shown_as_a_curve(passed_on, show):
    panel = show(ChannelPanel(passed_on(np.sin(np.arange(48)).reshape(1, 2, 24))), 640, 380)
    assert panel.curve.isVisible()
    assert not panel.map.isVisible()


# ---------------------------------------------------------------- the pointer in other panels


def test_the_place_under_the_pointer_is_marked_in_other_layers(cropped, show, qtbot):
    wall, panel = show(FeatureMapsPanel(cropped), 420, 360), show(ChannelPanel(cropped), 700, 380)
    cropped.set_view(layer="next", channel=0)
    # Element (2, 5) of "conv" has its middle at row 5, column 11 of the input; in "next", (1, 2) sees 4 to 8, 8 to 12.
    cropped.set_cursor(Cursor("conv", 2, 5, 0))
    assert panel.map.marks.cursor == (1, 2)
    assert wall.canvas._linked == ((1, 2), None)
    cropped.set_cursor(None)
    assert panel.map.marks.cursor is None


def test_pointing_at_the_wall_marks_what_the_element_sees(cropped, show, qtbot):
    wall, seen = show(FeatureMapsPanel(cropped), 420, 360), show(InputPanel(cropped), 420, 360)
    cropped.set_view(layer="next", channel=0)
    qtbot.mouseMove(wall.canvas.viewport(), wall.canvas.position_of(Place(0, 1, 2)).toPoint())
    assert cropped.cursor == Cursor("next", 1, 2, 0)
    # Rows 4 to 8 and columns 8 to 12 of 14 are, at 2 pixels each from (18, 2) on, these of the picture.
    expected = seen.picture.on_widget(QRectF(34, 10, 8, 8))
    assert seen.picture.mark_on_widget.getRect() == pytest.approx(expected.getRect())
    qtbot.mouseMove(wall.canvas.viewport(), wall.canvas.rect().bottomRight())
    assert cropped.cursor is None
    assert seen.picture.mark_on_widget is None


def test_pointing_at_the_picture_marks_the_elements_it_reaches(cropped, show, qtbot):
    seen, panel = show(InputPanel(cropped), 420, 360), show(ChannelPanel(cropped), 700, 380)
    cropped.set_view(layer="conv", channel=0)
    whole = seen.picture.on_widget(QRectF(0, 0, 64, 32))
    scale = whole.width() / 64
    with qtbot.waitSignal(seen.readout) as heard:
        qtbot.mouseMove(seen.picture, (whole.topLeft() + QPointF(40.5, 10.5) * scale).toPoint())
    # Pixel (10, 40) of the picture went into row (10.5 - 2) / 2 = 4 and column (40.5 - 18) / 2 = 11 of the input.
    assert cropped.cursor == Cursor("", 4, 11)
    assert panel.map.marks.reached == Rectangle(5, 2, 6, 3)
    assert heard.args[0][-1] == ("reaches", "1 × 1 element of conv")
    cropped.set_view(layer="all")
    with qtbot.waitSignal(seen.readout) as heard:
        qtbot.mouseMove(seen.picture, (whole.topLeft() + QPointF(44.5, 10.5) * scale).toPoint())
    assert heard.args[0][-1] == ("reaches", "all of all")


def test_pointing_at_the_values_that_were_fed_marks_what_they_reach(cropped, show, qtbot):
    seen, panel = show(InputPanel(cropped), 420, 460), show(ChannelPanel(cropped), 700, 380)
    cropped.set_view(layer="conv", channel=0)
    seen.show_view("values")
    canvas = seen.numbers.canvas
    qtbot.mouseMove(canvas.viewport(), canvas.position_of(Place(1, 4, 11)).toPoint())
    assert cropped.cursor == Cursor("", 4, 11)
    assert panel.map.marks.reached == Rectangle(5, 2, 6, 3)


def test_what_the_model_does_not_see_reaches_nothing(cropped, show, qtbot):
    seen = show(InputPanel(cropped), 420, 360)
    whole = seen.picture.on_widget(QRectF(0, 0, 64, 32))
    cropped.set_cursor(Cursor("", 1, 1))
    qtbot.mouseMove(seen.picture, (whole.topLeft() + QPointF(4, 10) * (whole.width() / 64)).toPoint())
    assert cropped.cursor is None


def test_without_a_model_it_says_what_will_be_here(session, show):
    panel = show(ChannelPanel(session), 640, 380)
    assert panel.message.startswith("Open a model and a picture")
