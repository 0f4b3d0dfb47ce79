"""The picture and what the model sees of it."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image
from PySide6.QtCore import QPointF, QRectF, Qt

from inspector.graph.preprocessing import PRESETS
from inspector.ui import theme
from inspector.ui.panels.input import InputPanel, in_words
from tests.ui.panels.conftest import PATIENCE_MS, pixel, rgb

RED, BLUE = (200, 0, 0), (0, 0, 200)


@pytest.fixture
def wide(tmp_path):
    """A picture of 64 x 32 pixels, its left half red and its right half blue."""
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:, :32], pixels[:, 32:] = RED, BLUE
    path = tmp_path / "wide.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def seen(save, run, wide):
    """A network that takes 14 x 14 x 3 and slides 4 x 4 kernels over it with stride 4."""
    nodes = [helper.make_node("Conv", ["x", "k"], ["y"], name="conv", strides=[4, 4])]
    path = save("seen.onnx", nodes, {"x": [1, 3, 14, 14]}, ["y"], {"k": np.ones((2, 3, 4, 4), np.float32)})
    return run(path, wide)


@pytest.fixture
def cropped(seen, qtbot):
    """The same with seven eighths of the short side cut out of the middle: 28 x 28 pixels from (18, 2) on."""
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing("caffe")
    return seen


def test_the_whole_picture_is_shown_and_the_crop_framed(cropped, show):
    panel = show(InputPanel(cropped), 420, 360)
    box, whole = panel.picture.box_on_widget, panel.picture.on_widget(QRectF(0, 0, 64, 32))
    scale = whole.width() / 64
    assert (box.left() - whole.left()) / scale == pytest.approx(18, abs=1e-6)
    assert (box.top() - whole.top()) / scale == pytest.approx(2, abs=1e-6)
    assert box.width() / scale == pytest.approx(28, abs=1e-6)
    assert pixel(panel.picture, QPointF(round(box.left()), box.center().y())) == (255, 255, 255)


def test_what_the_model_does_not_see_is_dimmed_by_half(cropped, show):
    panel = show(InputPanel(cropped), 420, 360)
    box = panel.picture.box_on_widget
    beside = QPointF(box.left() - 20, box.center().y())
    np.testing.assert_allclose(pixel(panel.picture, beside), np.array(RED) / 2, atol=2)
    assert pixel(panel.picture, QPointF(box.left() + 10, box.center().y())) == RED
    assert pixel(panel.picture, QPointF(box.right() - 10, box.center().y())) == BLUE


def test_the_captions_say_file_size_and_recipe(cropped, show):
    panel = show(InputPanel(cropped), 420, 360)
    assert panel.caption.text == "wide.png  64 × 32  model sees 14 × 14, BGR − mean"
    assert panel.source.text == "chosen in the window  middle 87.5 % cut out"


def test_what_the_selected_element_sees_is_marked(cropped, show):
    cropped.set_view(element=(1, 2))
    panel = show(InputPanel(cropped), 420, 360)
    # Rows 4 to 8 and columns 8 to 12 of 14; a pixel of the input is 2 of the picture.
    mark, box = panel.picture.mark_on_widget, panel.picture.box_on_widget
    scale = box.width() / 14
    assert (mark.left() - box.left()) / scale == pytest.approx(8, abs=1e-6)
    assert (mark.top() - box.top()) / scale == pytest.approx(4, abs=1e-6)
    assert (mark.width() / scale, mark.height() / scale) == pytest.approx((4, 4))
    assert pixel(panel.picture, mark.topLeft() - QPointF(2, 2)) == rgb(theme.tokens().mark)
    assert pixel(panel.picture, mark.center()) in (RED, BLUE)


def test_without_a_selected_element_nothing_is_marked(cropped, show):
    assert show(InputPanel(cropped)).picture.mark_on_widget is None


def test_as_the_model_sees_it_the_crop_fills_the_view(cropped, show, qtbot):
    panel = show(InputPanel(cropped), 420, 360)
    qtbot.mouseClick(panel.fed, Qt.MouseButton.LeftButton)
    assert panel.picture.box_on_widget is None
    middle = panel.picture.rect().center().toPointF()
    reach = panel.picture.on_widget(QRectF(0, 0, 14, 14)).width() / 4
    assert pixel(panel.picture, middle - QPointF(reach, 0)) == RED
    assert pixel(panel.picture, middle + QPointF(reach, 0)) == BLUE


def test_a_preset_is_chosen_and_run(seen, show, qtbot):
    panel = show(InputPanel(seen), 420, 360)
    row = panel.presets.findText("byte")
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        panel.presets.setCurrentIndex(row)
        panel.presets.activated.emit(row)
    assert seen.prediction.preprocessing.name == "byte"
    assert panel.caption.text.endswith("RGB 0 to 255")
    np.testing.assert_array_equal(seen.prediction.fed["x"][0, :, 8, [2, 13]], [RED, BLUE])
    assert panel.picture.box_on_widget.contains(panel.picture.on_widget(QRectF(0, 0, 64, 32)))


def test_the_automatic_choice_names_what_it_came_to(seen, show):
    panel = show(InputPanel(seen), 420, 360)
    assert panel.presets.currentText() == f"auto, {seen.prediction.preprocessing.name}"
    assert seen.prediction.preprocessing.source in panel.source.text


def test_the_cursor_reads_the_picture(cropped, show, qtbot):
    panel = show(InputPanel(cropped), 420, 360)
    whole = panel.picture.on_widget(QRectF(0, 0, 64, 32))
    scale = whole.width() / 64
    with qtbot.waitSignal(panel.readout) as heard:
        at = whole.topLeft() + QPointF(40.5 * scale, 10.5 * scale)
        qtbot.mouseMove(panel.picture, at.toPoint())
    assert heard.args[0] == (("", "wide.png"), ("row", "10"), ("column", "40"), ("red, green, blue", "0, 0, 200"))


def test_a_letterboxed_picture_shows_where_the_rest_is_filled(seen, show, qtbot):
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing("letterbox")
    panel = show(InputPanel(seen), 420, 360)
    box, whole = panel.picture.box_on_widget, panel.picture.on_widget(QRectF(0, 0, 64, 32))
    assert box.height() == pytest.approx(2 * whole.height())
    assert panel.picture.rect().toRectF().contains(box)


def test_a_tensor_of_a_pictures_shape_is_drawn_from_min_to_max(ran, show):
    panel = show(InputPanel(ran), 420, 360)
    assert "fed as it is" in panel.caption.text
    whole = panel.picture.on_widget(QRectF(0, 0, 2, 2))
    quarter = whole.width() / 4
    colors = [
        pixel(panel.picture, whole.center() + QPointF(x * quarter, y * quarter)) for y in (-1, 1) for x in (-1, 1)
    ]
    assert colors == [(grey, grey, grey) for grey in (0, 85, 170, 255)]
    assert not panel.presets.isEnabled()


def test_any_other_tensor_is_shape_and_statistics(passed_on, show):
    panel = show(InputPanel(passed_on(np.arange(10.0).reshape(1, 10))), 420, 360)
    assert not panel.picture.isVisible()
    assert panel.table.accessibleName() == "x: 1 × 10 float32, 0 to 9.000, mean 4.500"


def test_a_picture_that_waits_for_a_model_says_so(session, show, picture):
    session.open_image(str(picture))
    panel = show(InputPanel(session))
    assert panel.message == "grey.png waits for a model. Open one, or drop an .onnx file on the window."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("imagenet", "(RGB − mean) / std"),
        ("unit", "RGB 0 to 1"),
        ("byte", "RGB 0 to 255"),
        ("signed", "RGB −1 to 1"),
        ("caffe", "BGR − mean"),
    ],
)
def test_recipes_are_put_in_a_few_words(name, words):
    assert in_words(next(each for each in PRESETS if each.name == name)) == words
