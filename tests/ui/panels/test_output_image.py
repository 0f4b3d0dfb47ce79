"""Outputs that are seen. Values are chosen so that their colours can be told by hand."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image
from PySide6.QtCore import QPointF, Qt

from inspector.render.classes import class_color
from inspector.render.palettes import palette
from inspector.ui.panels.output import OutputPanel
from tests.ui.panels.conftest import pixel
from tests.ui.panels.test_output import choose, listed, plain

SIDE = 32


@pytest.fixture
def picture(tmp_path):
    """A picture of two halves, black and white, twice as wide as what the network sees of it."""
    pixels = np.zeros((SIDE, 2 * SIDE), np.uint8)
    pixels[:, SIDE:] = 255
    Image.fromarray(pixels).save(tmp_path / "halves.png")
    return tmp_path / "halves.png"


@pytest.fixture
def seen(save, run, show, picture):
    """Show what a network of these nodes, from ``x`` to ``y``, makes of the picture."""

    def make(nodes, weights=None, image=None, labels=()):
        model = save("seen.onnx", nodes, {"x": [1, 1, SIDE, SIDE]}, ["y"], weights)
        session = run(model, image or picture)
        session.labels = tuple(labels)
        return show(OutputPanel(session), 400, 560)

    return make


def classes(*operators):
    """Two channels: the picture's values, and 0.5 everywhere; so white is class 0 and black class 1."""
    nodes = [
        helper.make_node("Mul", ["x", "zero"], ["nothing"], name="nothing"),
        helper.make_node("Add", ["nothing", "half"], ["even"], name="even"),
        helper.make_node("Concat", ["x", "even"], ["both"], name="both", axis=1),
        helper.make_node("Softmax", ["both"], ["y"], name="softmax", axis=1),
    ]
    return nodes, {"zero": np.float32(0), "half": np.float32(0.5)}


def test_an_image_is_drawn_with_its_range_and_both_sizes(seen):
    panel = seen([helper.make_node("Identity", ["x"], ["y"])])
    assert panel.picture.isVisible()
    assert panel.picture.caption.text == "32 × 32  input 32 × 32  values 0 to 1.000"
    assert plain(panel).endswith("Drawn from 0 to 1, the usual range closest to its values.")
    view = panel.picture.view
    area = view.on_widget(view._extent())
    assert pixel(view, QPointF(area.left() + 4, area.center().y())) == (0, 0, 0)
    assert pixel(view, QPointF(area.right() - 4, area.center().y())) == (255, 255, 255)
    assert not panel.picture.legend.isVisible()
    assert not panel.answer.isVisible()
    assert listed(panel.reading) == ["automatic (image)", "image", "class map", "numbers"]


def test_a_map_of_classes_lies_on_the_picture_with_its_legend(seen):
    panel = seen(*classes(), labels=("sky", "land"))
    shown = panel.picture
    assert [(each.name, each.share, each.color) for each in shown.legend.entries] == [
        ("sky", 0.5, class_color(0)),
        ("land", 0.5, class_color(1)),
    ]
    assert shown.caption.text == "32 × 32  input 32 × 32  2 of 2 classes occur"
    shown.opacity.setValue(100)
    area = shown.view.overlay_on_widget
    assert pixel(shown.view, QPointF(area.left() + 4, area.center().y())) == class_color(1)
    assert pixel(shown.view, QPointF(area.right() - 4, area.center().y())) == class_color(0)
    shown.opacity.setValue(0)
    assert pixel(shown.view, QPointF(area.left() + 4, area.center().y())) == (0, 0, 0)
    assert shown.opacity_said.text == "Opacity 0 %"


def test_a_map_lies_where_the_network_looked(seen):
    """Stretched, the network saw the whole picture; cut out, the middle of it."""
    panel = seen(*classes())
    view = panel.picture.view
    picture = panel.session.prediction.picture
    left, top, right, bottom = picture.box
    area = view.overlay_on_widget
    whole = view.on_widget(view._extent())
    scale = whole.width() / view._extent().width()
    assert area.width() == pytest.approx((right - left) * scale, abs=0.5)
    assert area.height() == pytest.approx((bottom - top) * scale, abs=0.5)


def test_a_class_is_hidden_by_a_click_on_its_name(seen, qtbot):
    panel = seen(*classes())
    shown = panel.picture
    shown.opacity.setValue(100)
    area = shown.view.overlay_on_widget
    at = QPointF(area.left() + 4, area.center().y())
    assert pixel(shown.view, at) == class_color(1)
    row = next(shown.legend.row(place) for place in (0, 1) if shown.legend.row(place).entry.index == 1)
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert pixel(shown.view, at) == (0, 0, 0)
    assert not row.isChecked()
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert pixel(shown.view, at) == class_color(1)


def test_what_is_named_background_is_not_drawn_at_first(seen):
    panel = seen(*classes(), labels=("background", "land"))
    assert panel.picture.hidden == {0}


def test_labels_of_another_number_are_said_and_not_shown(seen):
    panel = seen(*classes(), labels=("sky", "land", "sea"))
    assert [each.name for each in panel.picture.legend.entries] == ["class 0", "class 1"]
    assert "3 labels for 2 classes" in panel.warning.text()


def test_the_readout_names_the_class_its_value_and_the_place(seen):
    panel = seen(*classes(), labels=("sky", "land"))
    told = []
    panel.readout.connect(told.append)
    box = panel.session.prediction.picture.box
    row, column = round((box[1] + box[3]) / 2), round(box[2]) - 1
    panel.picture.view.hovered.emit((row, column, (0, 0, 0)))
    # white against one half: 1 / (1 + exp(-0.5)) = 0.6225
    assert told[-1] == (("", "y"), ("row", "16"), ("column", "31"), ("", "sky"), ("class", "0"), ("value", "0.6225"))
    panel.picture.view.hovered.emit(None)
    assert told[-1] == ()


def test_the_readout_of_an_image_is_its_value(seen):
    panel = seen([helper.make_node("Identity", ["x"], ["y"])])
    told = []
    panel.readout.connect(told.append)
    panel.picture.view.hovered.emit((3, 30, (0, 0, 0)))
    assert told[-1] == (("", "y"), ("row", "3"), ("column", "30"), ("value", "1.000"))


def test_images_of_two_runs_share_their_limits_and_the_difference_has_zero_in_the_middle(seen, fed, run, tmp_path):
    ramp = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(1, 1, SIDE, SIDE)
    panel = seen([helper.make_node("Identity", ["x"], ["y"])], image=fed(ramp))
    session = panel.session
    assert panel.sides.isHidden()
    session.pin_reference()
    brighter = ramp.copy()
    brighter[0, 0, : SIDE // 2] += 0.25
    brighter[0, 0, SIDE // 2 :] -= 0.5
    np.save(tmp_path / "other.npy", brighter)
    run(session.model.path, tmp_path / "other.npy")
    assert panel.sides.isVisible()
    view = panel.picture.view
    area = view.on_widget(view._extent())
    top, bottom = (QPointF(area.center().x(), area.top() + area.height() * part) for part in (1 / 4, 3 / 4))
    session.set_view(compare="difference")
    assert panel.picture.caption.text.endswith("difference, −0.5000 to 0.5000")
    colors = palette("signed")
    assert pixel(view, top) == tuple(colors[191].tolist())  # 0.25 of -0.5 to 0.5
    assert pixel(view, bottom) == tuple(colors[0].tolist())
    told = []
    panel.readout.connect(told.append)
    view.hovered.emit((0, 0, (0, 0, 0)))
    assert told[-1][3:] == (("current", "0.2500"), ("reference", "0"), ("difference", "0.2500"))
    session.set_view(compare="reference")
    assert panel.picture.caption.text.endswith("values 0 to 1.000")
    assert panel._sided[0].shown.limits == panel._sided[0].output.limits
    session.unpin_reference()
    assert panel.sides.isHidden()
    assert panel.picture.caption.text.endswith("values 4.9e−4 to 0.7495")  # 512 / 1023 - 0.5 and 511 / 1023 + 0.25


def test_where_the_class_of_two_runs_differs_is_drawn_and_counted(seen, run, tmp_path):
    panel = seen(*classes(), labels=("sky", "land"))
    session = panel.session
    session.pin_reference()
    pixels = np.zeros((SIDE, 2 * SIDE), np.uint8)
    pixels[SIDE // 2 :, SIDE:] = 255  # the upper half of what was white is black now
    Image.fromarray(pixels).save(tmp_path / "quarter.png")
    run(session.model.path, tmp_path / "quarter.png")
    shown = panel.picture
    shown.opacity.setValue(100)
    session.set_view(compare="reference")
    assert [each.share for each in shown.legend.entries] == [0.5, 0.5]
    session.set_view(compare="difference")
    assert shown.caption.text.endswith("another class on 256 of 1,024 places, 25.0 %")
    assert [(each.name, each.share) for each in shown.legend.entries] == [("land", 0.25)]
    area = shown.view.overlay_on_widget
    at = {side: QPointF(area.right() - 4, area.center().y() + step) for side, step in (("above", -20), ("below", 20))}
    assert pixel(shown.view, at["above"]) == class_color(1)
    assert pixel(shown.view, at["below"]) == (255, 255, 255)  # the picture: nothing has changed there
    told = []
    panel.readout.connect(told.append)
    box = session.prediction.picture.box
    shown.view.hovered.emit((round(box[1]) + 2, round(box[2]) - 2, (0, 0, 0)))
    assert told[-1][3] == ("", "land")
    assert told[-1][-1] == ("in the reference", "sky")
    session.set_view(compare="current")
    assert [(each.name, each.share) for each in shown.legend.entries] == [("land", 0.75), ("sky", 0.25)]


def test_the_user_may_say_that_an_image_is_numbers(seen):
    panel = seen([helper.make_node("Identity", ["x"], ["y"])])
    choose(panel.reading, "tensor")
    assert not panel.picture.isVisible()
    assert panel.histogram.isVisible()
    assert plain(panel) == "Shown as numbers, as you chose."
    assert panel.session.head == ""
    choose(panel.reading, "")
    assert panel.picture.isVisible()


def test_a_map_of_a_tensor_file_lies_on_what_was_fed(seen, fed):
    values = np.zeros((1, 1, SIDE, SIDE), np.float32)
    values[..., SIDE // 2 :] = 1
    panel = seen(*classes(), image=fed(values))
    shown = panel.picture
    shown.opacity.setValue(0)
    area = shown.view.overlay_on_widget
    assert pixel(shown.view, QPointF(area.right() - 4, area.center().y())) == (255, 255, 255)


def test_a_hidden_panel_holds_nothing_of_the_run(seen):
    panel = seen(*classes())
    panel.hide()
    shown = panel.picture
    assert (shown._output, shown._values, shown._map, shown.view._colors) == (None, None, None, None)
    panel.show()
    assert shown.view._colors is not None
