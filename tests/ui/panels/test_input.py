"""The picture and what the model sees of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import helper
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from inspector.render.grid import Place
from inspector.ui import choices, theme
from inspector.ui.main_window import MainWindow
from inspector.ui.panels.input import SEEN, VALUES, InputPanel
from inspector.ui.remembered import Remembered
from inspector.ui.session import Session
from inspector.ui.settings import Settings
from tests.ui.panels.conftest import PATIENCE_MS, pixel, rgb

RED, BLUE = (200, 0, 0), (0, 0, 200)


def pick(combo, text):
    """Choose a row as a user does."""
    row = combo.findText(text)
    assert row >= 0
    combo.setCurrentIndex(row)
    combo.activated.emit(row)


def choose_view(panel, text):
    pick(panel.views, text)


def type_into(field, text, qtbot):
    """Replace a field's text as a user does."""
    field.line.selectAll()
    qtbot.keyClicks(field.line, text)
    qtbot.keyClick(field.line, Qt.Key.Key_Return)


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
    assert panel.caption.text == "wide.png  64 × 32"
    assert panel.source.text == "chosen in the window  sees 14 × 14"
    assert panel.recipe.head.summary == "caffe: BGR − mean, middle 87.5 % cut out"


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
    choose_view(panel, "Model's view")
    assert panel.picture.box_on_widget is None
    middle = panel.picture.rect().center().toPointF()
    reach = panel.picture.on_widget(QRectF(0, 0, 14, 14)).width() / 4
    assert pixel(panel.picture, middle - QPointF(reach, 0)) == RED
    assert pixel(panel.picture, middle + QPointF(reach, 0)) == BLUE


def test_a_picture_without_a_reference_has_all_the_width(cropped, show):
    panel = show(InputPanel(cropped), 420, 360)
    assert panel.picture.width() == 420 - 2 * theme.MARGIN


def test_a_preset_is_chosen_and_run(seen, show, qtbot):
    panel = show(InputPanel(seen), 420, 360)
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        pick(panel.editor.presets, "byte")
    assert seen.prediction.preprocessing.name == "byte"
    assert panel.recipe.head.summary == "byte: RGB 0 to 255, stretched"
    np.testing.assert_array_equal(seen.prediction.fed["x"][0, :, 8, [2, 13]], [RED, BLUE])
    assert panel.picture.box_on_widget.contains(panel.picture.on_widget(QRectF(0, 0, 64, 32)))


def test_the_automatic_choice_names_what_it_came_to(seen, show):
    panel = show(InputPanel(seen), 420, 360)
    assert panel.editor.presets.currentText() == f"auto, {seen.prediction.preprocessing.name}"
    assert not panel.editor.reset.isEnabled()
    assert seen.prediction.preprocessing.source in panel.source.text


def test_the_cursor_reads_the_picture(cropped, show, qtbot):
    panel = show(InputPanel(cropped), 420, 360)
    whole = panel.picture.on_widget(QRectF(0, 0, 64, 32))
    scale = whole.width() / 64
    with qtbot.waitSignal(panel.readout) as heard:
        at = whole.topLeft() + QPointF(40.5 * scale, 10.5 * scale)
        qtbot.mouseMove(panel.picture, at.toPoint())
    where = (("", "wide.png"), ("row", "10"), ("column", "40"))
    assert heard.args[0] == (*where, ("red, green, blue", "0, 0, 200"), ("reaches", "1 × 1 element of conv"))


def test_a_letterboxed_picture_shows_where_the_rest_is_filled(seen, show, qtbot):
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing("letterbox")
    panel = show(InputPanel(seen), 420, 360)
    box, whole = panel.picture.box_on_widget, panel.picture.on_widget(QRectF(0, 0, 64, 32))
    assert box.height() == pytest.approx(2 * whole.height())
    assert panel.picture.rect().toRectF().contains(box)


def test_a_tensor_of_a_pictures_shape_is_drawn_from_min_to_max(ran, show):
    panel = show(InputPanel(ran), 420, 360)
    assert panel.source.text == "Fed as it is, without any preprocessing.  sees 2 × 2"
    whole = panel.picture.on_widget(QRectF(0, 0, 2, 2))
    quarter = whole.width() / 4
    colors = [
        pixel(panel.picture, whole.center() + QPointF(x * quarter, y * quarter)) for y in (-1, 1) for x in (-1, 1)
    ]
    assert colors == [(grey, grey, grey) for grey in (0, 85, 170, 255)]
    assert not panel.recipe.isVisible()


def test_any_other_tensor_is_a_curve_and_statistics(passed_on, show):
    panel = show(InputPanel(passed_on(np.arange(10.0).reshape(1, 10))), 420, 360)
    assert not panel.picture.isVisible()
    assert panel.numbers.curves.isVisible()
    assert panel.numbers.table.accessibleName() == "x: 1 × 10 float32, 0 to 9.000, mean 4.500"


def test_a_picture_that_waits_for_a_model_says_so(session, show, picture):
    session.open_image(str(picture))
    panel = show(InputPanel(session))
    assert panel.message == "grey.png waits for a model. Open one, or drop an .onnx file on the window."


def test_the_values_are_maps_with_statistics_for_each_channel(cropped, show):
    panel = show(InputPanel(cropped), 420, 460)
    choose_view(panel, "Values")
    assert panel.numbers.canvas.isVisible()
    assert not panel.picture.isVisible()
    fed = cropped.prediction.fed["x"][0].astype(np.float64)
    assert fed.shape == (3, 14, 14)
    rows = panel.numbers.table.accessibleName().split("; ")
    assert rows[0].startswith("x: 1 × 3 × 14 × 14 float32, ")
    # Blue of a picture half red (200, 0, 0), half blue (0, 0, 200), minus Caffe's mean of blue, 104.
    assert rows[1].strip().startswith("blue: ")
    assert " −104.0 to 96.00" in rows[1]
    assert [row.split(":")[0].strip() for row in rows[1:]] == ["blue", "green", "red"]


def test_the_cursor_reads_exactly_what_was_fed_of_every_channel(cropped, show, qtbot):
    panel = show(InputPanel(cropped), 420, 460)
    choose_view(panel, "Values")
    canvas = panel.numbers.canvas
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(canvas.viewport(), canvas.position_of(Place(1, 3, 2)).toPoint())
    # Column 2 lies in the red half: blue, green, red are 0, 0, 200, minus 104, 117, 123.
    values = (("blue", "−104.0"), ("green", "−117.0"), ("red", "77.0"))
    assert heard.args[0] == (("", "x"), ("row", "3"), ("column", "2"), *values)
    np.testing.assert_array_equal(cropped.prediction.fed["x"][0, :, 3, 2], [-104, -117, 77])


def test_the_models_view_reads_what_was_fed(cropped, show, qtbot):
    panel = show(InputPanel(cropped), 420, 360)
    choose_view(panel, "Model's view")
    whole = panel.picture.on_widget(QRectF(0, 0, 14, 14))
    at = whole.topLeft() + QPointF(2.5, 3.5) * (whole.width() / 14)
    with qtbot.waitSignal(panel.readout) as heard:
        qtbot.mouseMove(panel.picture, at.toPoint())
    assert heard.args[0][:3] == (("", "x"), ("row", "3"), ("column", "2"))
    assert heard.args[0][3:6] == (("blue", "−104.0"), ("green", "−117.0"), ("red", "77.0"))


def test_a_view_that_was_chosen_stays_for_the_next_picture(cropped, show, qtbot, picture):
    panel = show(InputPanel(cropped), 420, 360)
    panel.show_view(SEEN)
    with qtbot.waitSignal(cropped.run_changed, timeout=PATIENCE_MS):
        cropped.open_image(str(picture))
    assert panel.views.currentData() == SEEN
    panel.show_view(VALUES)
    assert panel.numbers.isVisible()


# ---------------------------------------------------------------- the recipe, field by field


def test_the_closed_section_says_the_recipe_in_one_line_and_opens_by_keys(cropped, show, qtbot):
    panel = show(InputPanel(cropped), 420, 360)
    assert not panel.editor.isVisible()
    assert panel.recipe.head.accessibleName() == "Preprocessing: caffe: BGR − mean, middle 87.5 % cut out"
    panel.recipe.head.setFocus()
    qtbot.keyClick(panel.recipe.head, Qt.Key.Key_Space)
    assert panel.editor.isVisible()


@pytest.mark.parametrize(
    ("field", "text", "value", "corner"),
    [
        # The corner of the input is red, (200, 0, 0); what is fed is (pixel * scale - mean) / std.
        ("scale", "1/255", 1 / 255, (200 / 255, 0, 0)),
        ("mean", "1, 2, 3", (1, 2, 3), (199, -2, -3)),
        ("mean", "10", (10,), (190, -10, -10)),
        ("std", "2 4 5", (2, 4, 5), (100, 0, 0)),
    ],
)
def test_a_typed_field_runs_at_once(seen, show, qtbot, field, text, value, corner):
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing("byte")
    panel = show(InputPanel(seen), 420, 700)
    panel.recipe.head.setChecked(True)
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        type_into(panel.editor.fields[field], text, qtbot)
    recipe = seen.prediction.preprocessing
    assert getattr(recipe, field) == value
    assert (recipe.name, recipe.source) == ("custom", "changed in the window")
    assert panel.editor.presets.currentText() == "custom"
    np.testing.assert_allclose(seen.prediction.fed["x"][0, :, 0, 0], corner, rtol=1e-6)


@pytest.mark.parametrize(
    ("field", "choice", "value", "corner"),
    [
        ("channels", "BGR", "BGR", (0, 0, 200)),
        ("invert", "yes, 255 − pixel", True, (55, 255, 255)),
        ("fit", "letterbox", "letterbox", (114, 114, 114)),
        ("interpolation", "nearest", "nearest", (200, 0, 0)),
    ],
)
def test_a_chosen_field_runs_at_once(seen, show, qtbot, field, choice, value, corner):
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing("byte")
    panel = show(InputPanel(seen), 420, 700)
    panel.recipe.head.setChecked(True)
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        pick(panel.editor.combos[field], choice)
    assert getattr(seen.prediction.preprocessing, field) == value
    np.testing.assert_array_equal(seen.prediction.fed["x"][0, :, 0, 0], corner)


def test_fields_that_would_do_nothing_are_not_shown(seen, show, qtbot):
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing("byte")
    panel = show(InputPanel(seen), 420, 900)
    panel.recipe.head.setChecked(True)
    fields, combos = panel.editor.fields, panel.editor.combos
    assert not fields["crop"].isVisible()
    assert not combos["anchor"].isVisible()
    assert not fields["fill"].isVisible()
    assert not fields["size"].isVisible()  # this model takes 14 x 14 and nothing else
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        pick(combos["fit"], "letterbox")
    assert combos["anchor"].isVisible()
    assert fields["fill"].isVisible()
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        pick(combos["fit"], "crop")
    assert fields["crop"].isVisible()
    assert not fields["fill"].isVisible()


def test_wrong_text_is_marked_with_a_sentence_and_the_old_value_stays(seen, show, qtbot):
    panel = show(InputPanel(seen), 420, 900)
    panel.recipe.head.setChecked(True)
    before, prediction = seen.preprocessing, seen.prediction
    field = panel.editor.fields["scale"]
    type_into(field, "a lot", qtbot)
    assert field.is_wrong
    assert field.error.isVisible()
    assert field.error.text() == "The scale is a number other than 0, as in 1, 0.5 or 1/255."
    assert field.line.text() == "a lot"
    assert (seen.preprocessing, seen.prediction, seen.busy) == (before, prediction, "")
    field.line.setFocus()
    qtbot.keyClick(field.line, Qt.Key.Key_Escape)
    assert field.line.text() == "1/255"
    assert not field.is_wrong


def test_reset_goes_back_to_what_the_model_says(cropped, show, qtbot):
    panel = show(InputPanel(cropped), 420, 900)
    panel.recipe.head.setChecked(True)
    with qtbot.waitSignal(cropped.run_changed, timeout=PATIENCE_MS):
        qtbot.mouseClick(panel.editor.reset, Qt.MouseButton.LeftButton)
    assert cropped.preprocessing is None
    assert cropped.prediction.preprocessing.source.startswith("guess")
    assert panel.editor.presets.currentText().startswith("auto, ")


def test_the_wheel_over_a_list_does_not_choose(seen, show):
    panel = show(InputPanel(seen), 420, 900)
    panel.recipe.head.setChecked(True)
    combo = panel.editor.combos["fit"]
    before, at = combo.currentText(), QPointF(10, 10)
    nothing = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    turned = QWheelEvent(at, combo.mapToGlobal(at), QPoint(), QPoint(0, -120), *nothing, False)
    QApplication.sendEvent(combo, turned)
    assert combo.currentText() == before
    assert not turned.isAccepted()


# ---------------------------------------------------------------- frames


@pytest.fixture
def animation(tmp_path):
    """Three frames of 14 x 14: red, green, blue."""
    frames = [Image.new("RGB", (14, 14), color) for color in ("#ff0000", "#00ff00", "#0000ff")]
    path = tmp_path / "animation.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    return path


@pytest.fixture
def animated(seen, animation, qtbot):
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing("byte")
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.open_image(str(animation))
    return seen


def test_the_frames_of_an_animation_are_chosen_with_a_slider(animated, show, qtbot):
    panel = show(InputPanel(animated), 420, 460)
    assert panel.frames.isVisible()
    assert panel.frames.label.text() == "Frame 1 of 3"
    with qtbot.waitSignal(animated.run_changed, timeout=PATIENCE_MS):
        panel.frames.slider.setFocus()
        qtbot.keyClick(panel.frames.slider, Qt.Key.Key_Right)
    assert panel.frames.label.text() == "Frame 2 of 3"
    np.testing.assert_array_equal(animated.prediction.fed["x"][0, :, 7, 7], [0, 255, 0])


def test_a_single_picture_has_no_slider(cropped, show):
    assert not show(InputPanel(cropped)).frames.isVisible()


def test_frames_are_stepped_through_with_commands(animated, qtbot):
    window = MainWindow(animated, Settings(None))
    qtbot.addWidget(window)
    for name, expected in (("Next frame", [0, 255, 0]), ("Next frame", [0, 0, 255]), ("Next frame", [255, 0, 0])):
        with qtbot.waitSignal(animated.run_changed, timeout=PATIENCE_MS):
            window.command(name).trigger()
        np.testing.assert_array_equal(animated.prediction.fed["x"][0, :, 7, 7], expected)
    with qtbot.waitSignal(animated.run_changed, timeout=PATIENCE_MS):
        window.command("Previous frame").trigger()
    assert animated.frame == 2
    window.close()


# ---------------------------------------------------------------- remembered, and in the menu


def test_what_was_typed_for_a_model_is_there_at_the_next_start(seen, wide, show, qtbot, tmp_path):
    path, model = tmp_path / "settings.ini", seen.model
    first = MainWindow(seen, Settings(path))
    qtbot.addWidget(first)
    editor = first.panel(first.dock("input")).editor
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        type_into(editor.fields["mean"], "1, 2, 3", qtbot)
    chosen = seen.preprocessing
    assert chosen.mean == (1, 2, 3)
    first.close()

    again = Session(provider="cpu")
    second = MainWindow(again, Settings(path))
    qtbot.addWidget(second)
    with qtbot.waitSignal(again.run_changed, timeout=PATIENCE_MS):
        again.open_files([model.path, str(wide)])
    assert again.preprocessing == chosen
    assert again.prediction.preprocessing == chosen
    with qtbot.waitSignal(again.run_changed, timeout=PATIENCE_MS):
        second.panel(second.dock("input")).editor.reset.click()
    assert dict(Remembered(Settings(path))) == {}
    second.close()


def test_the_menu_lists_a_recipe_of_ones_own_while_it_is_in_force(seen, qtbot):
    window = MainWindow(seen, Settings(None))
    qtbot.addWidget(window)
    assert choices.preset(window) == ""
    assert all(value != "custom" for value, _ in choices.presets(window))
    own = replace(seen.prediction.preprocessing, name="custom", scale=1 / 2, mean=(0.0,), std=(1.0,))
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing(own)
    assert choices.preset(window) == "custom"
    assert choices.presets(window)[-1] == ("custom", "custom: RGB 0 to 127.5")
    choices.set_preset(window, "custom")
    assert seen.preprocessing is own
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        choices.set_preset(window, "")
    assert seen.preprocessing is None
    window.close()


def test_the_sentence_about_wrong_text_is_scrolled_into_view(seen, show, qtbot):
    panel = show(InputPanel(seen), 300, 240)
    panel.recipe.head.setChecked(True)
    field = panel.editor.fields["background"]
    type_into(field, "white", qtbot)
    viewport = panel._scroll.viewport()

    def is_seen():
        corner = field.error.mapTo(viewport, field.error.rect().bottomRight())
        return field.error.isVisible() and viewport.rect().contains(corner)

    qtbot.waitUntil(is_seen, timeout=PATIENCE_MS)


def test_a_transparent_picture_says_over_which_colour_it_lies_and_that_can_be_changed(seen, show, qtbot, tmp_path):
    path = tmp_path / "clear.png"
    Image.new("RGBA", (14, 14), (0, 0, 0, 0)).save(path)
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.set_preprocessing("byte")
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        seen.open_image(str(path))
    panel = show(InputPanel(seen), 420, 900)
    assert "transparent over white" in panel.caption.text
    np.testing.assert_array_equal(seen.prediction.fed["x"][0, :, 3, 3], [255, 255, 255])
    panel.recipe.head.setChecked(True)
    with qtbot.waitSignal(seen.run_changed, timeout=PATIENCE_MS):
        type_into(panel.editor.fields["background"], "#0a141e", qtbot)
    np.testing.assert_array_equal(seen.prediction.fed["x"][0, :, 3, 3], [10, 20, 30])


def test_tab_goes_through_the_form_from_top_to_bottom(seen, show, qtbot):
    panel = show(InputPanel(seen), 420, 900)
    panel.recipe.head.setChecked(True)
    panel.editor.presets.setFocus()
    visited = []
    for _ in range(8):
        widget = QApplication.focusWidget()
        visited.append(widget.mapTo(panel, QPoint(0, 0)).y())
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert visited == sorted(visited)
    assert len(set(visited)) >= 6
