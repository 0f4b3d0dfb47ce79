"""How a logit came about: parts by hand, shown in order, and a click on each of them."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import Qt

from inspector.bundled import model as bundled
from inspector.ui.arithmetic.ranked import DOWN, UP
from inspector.ui.panels.output import OutputPanel
from tests.ui.panels.conftest import rgb
from tests.ui.panels.test_output import choose

# Three maps of 2 x 2 whose means are 2, 1 and -1, and what two classes make of them.
MAPS = np.array([[[1, 2], [2, 3]], [[1, 1], [1, 1]], [[-2, 0], [-1, -1]]], np.float32)[None]
WEIGHTS = np.array([[1.0, -4.0, 0.5], [0.25, 1.0, 0.0]], np.float32)
BIAS = np.array([0.5, -0.25], np.float32)
# class 0: 2, -4, -0.5, and 0.5: -2;  class 1: 0.5, 1, 0, and -0.25: 1.25


@pytest.fixture
def shown(save, fed, run, show, qtbot):
    """A network that ends in the means of three maps and a dense layer, with the parts of the best class shown."""

    def make():
        nodes = [
            helper.make_node("Mul", ["x", "one"], ["maps"], name="maps"),
            helper.make_node("GlobalAveragePool", ["maps"], ["means"], name="gap"),
            helper.make_node("Flatten", ["means"], ["flat"], name="flatten"),
            helper.make_node("Gemm", ["flat", "w", "b"], ["logits"], name="dense", transB=1),
            helper.make_node("Softmax", ["logits"], ["y"], name="softmax"),
        ]
        weights = {"one": np.float32(1), "w": WEIGHTS, "b": BIAS}
        model = save("tail.onnx", nodes, {"x": [1, 3, 2, 2]}, ["y"], weights)
        session = run(model, fed(MAPS))
        session.labels = ("heron", "crane")
        panel = show(OutputPanel(session), 380, 640)
        panel.classes.origin.head.setChecked(True)
        qtbot.waitUntil(lambda: panel.classes.parts.found is not None)
        return panel

    return make


def texts(panel):
    rows = panel.classes.parts.ranked.rows
    numbers = [tuple(each.replace("\N{MINUS SIGN}", "-") for each in row) for row in rows.texts(range(rows.count))]
    return [(rows.name(place), *numbers[place]) for place in range(rows.count)]


def foot(panel):
    return [
        (each.name, *(text.replace("\N{MINUS SIGN}", "-") for text in each.texts))
        for each in panel.classes.parts.ranked.rows.foot
    ]


def test_channels_stand_by_the_size_of_what_they_added(shown):
    panel = shown()
    parts = panel.classes.parts
    assert parts.sum.text == "crane"
    assert texts(panel) == [("1", "1.0000", "1.0000"), ("0", "0.5000", "1.5000"), ("2", "0.0000", "1.5000")]
    assert foot(panel) == [("bias", "-0.2500", "1.2500"), ("logit", "", "1.2500")]
    assert parts.source.text == "3 channels of maps (Mul)"
    assert parts.sentence.text() == "The mean of each map times the class's weight for it, plus the bias."


def test_the_class_that_is_looked_into_is_explained(shown, qtbot):
    panel = shown()
    panel.session.set_view(target_class=0)
    qtbot.waitUntil(lambda: panel.classes.parts.sum.text == "heron")
    assert texts(panel) == [("1", "-4.0000", "-4.0000"), ("0", "2.0000", "-2.0000"), ("2", "-0.5000", "-2.5000")]
    assert foot(panel) == [("bias", "0.5000", "-2.0000"), ("logit", "", "-2.0000")]


def test_bars_go_up_and_down_in_the_colors_of_parts(shown, qtbot):
    panel = shown()
    panel.session.set_view(target_class=0)
    qtbot.waitUntil(lambda: panel.classes.parts.sum.text == "heron")
    ranked = panel.classes.parts.ranked
    image = ranked.viewport().grab().toImage()

    def colors(row):
        y = int(ranked.row_rect(row).center().y())
        return {image.pixelColor(x, y).getRgb()[:3] for x in range(60, image.width())}

    assert rgb(DOWN) in colors(0)
    assert rgb(UP) not in colors(0)
    assert rgb(UP) in colors(1)


def test_two_classes_are_compared_by_what_each_channel_decided(shown, qtbot):
    panel = shown()
    parts = panel.classes.parts
    assert [parts.against.itemText(row) for row in range(parts.against.count())] == ["no other", "heron"]
    choose(parts.against, 0)
    qtbot.waitUntil(lambda: parts.sum.text == "crane less heron")
    assert texts(panel) == [("1", "5.0000", "5.0000"), ("0", "-1.5000", "3.5000"), ("2", "0.5000", "4.0000")]
    assert foot(panel) == [("bias", "-0.7500", "3.2500"), ("margin", "", "3.2500")]


def test_a_click_on_a_row_goes_to_the_channels_map(shown, qtbot):
    panel = shown()
    ranked = panel.classes.parts.ranked
    panel.session.select_layer("dense")
    qtbot.mouseClick(ranked.viewport(), Qt.MouseButton.LeftButton, pos=ranked.row_rect(1).center().toPoint())
    assert (panel.session.view.layer, panel.session.view.channel) == ("maps", 0)
    assert ranked.rows.selected == 1
    panel.session.select_channel(2)
    assert ranked.rows.selected == 2
    panel.session.select_layer("dense")
    assert ranked.rows.selected == -1


def test_each_row_has_a_small_picture_of_its_map(shown):
    rows = shown().classes.parts.ranked.rows
    assert rows.has_thumbs
    assert rows.thumb(0).size().toTuple() == (2, 2)


def test_a_tail_that_is_no_sum_is_said_in_a_sentence(save, fed, run, show, qtbot):
    nodes = [
        helper.make_node("Identity", ["x"], ["maps"], name="maps"),
        helper.make_node("GlobalAveragePool", ["maps"], ["means"], name="gap"),
        helper.make_node("Flatten", ["means"], ["flat"], name="flatten"),
        helper.make_node("Exp", ["flat"], ["grown"], name="exp"),
        helper.make_node("Softmax", ["grown"], ["y"], name="softmax"),
    ]
    session = run(save("tail.onnx", nodes, {"x": [1, 3, 2, 2]}, ["y"]), fed(MAPS))
    panel = show(OutputPanel(session), 380, 640)
    panel.classes.origin.head.setChecked(True)
    qtbot.waitUntil(lambda: "exp (Exp)" in panel.classes.parts.sentence.text())
    assert not panel.classes.parts.ranked.isVisible()


def test_units_of_a_dense_layer_are_no_maps_and_have_no_pictures(run, show, qtbot, repository):
    session = run(bundled("digits"), repository / "resources/samples/digits-8.png")
    panel = show(OutputPanel(session), 380, 640)
    panel.classes.origin.head.setChecked(True)
    qtbot.waitUntil(lambda: panel.classes.parts.found is not None)
    found = panel.classes.parts.found
    assert found.layer == "relu_hidden"
    assert not panel.classes.parts.ranked.rows.has_thumbs
    logits = session.run.tensors["logits"][0]
    assert found.logit == pytest.approx(float(logits.max()))
    assert found.parts.sum() + found.bias == pytest.approx(float(logits.max()), rel=1e-5)


def test_a_hidden_panel_lets_go_of_the_run(shown, qtbot):
    panel = shown()
    panel.hide()
    assert panel.classes.parts.found is None
    assert panel.classes.parts.ranked.rows.count == 0
    panel.show()
    qtbot.waitUntil(lambda: panel.classes.parts.found is not None)
    assert panel.classes.parts.sum.text == "crane"


def test_the_next_picture_has_its_own_parts(shown, qtbot, fed):
    panel = shown()
    first = panel.classes.parts.found
    with qtbot.waitSignal(panel.session.run_changed, timeout=60_000):
        panel.session.open_files([str(fed(2 * MAPS))])
    qtbot.waitUntil(lambda: panel.classes.parts.found is not first)
    np.testing.assert_allclose(panel.classes.parts.found.parts, [1.0, 2.0, 0.0])


def test_a_section_that_is_closed_lets_go_of_the_run(shown):
    panel = shown()
    panel.classes.origin.head.setChecked(False)
    assert panel.classes.parts.found is None
    assert panel.classes.parts.ranked.rows.count == 0


def test_small_pictures_are_drawn_as_the_maps_are(shown):
    panel = shown()
    rows = panel.classes.parts.ranked.rows
    panel.session.set_view(colormap="magma" if panel.session.view.colormap != "magma" else "viridis")
    assert panel.classes.parts.ranked.rows.thumb(1) != rows.thumb(1)


def test_the_menu_of_a_class_opens_the_parts_of_its_logit(shown, qtbot):
    panel = shown()
    panel.classes.origin.head.setChecked(False)
    actions = {each.text(): each for each in panel.classes.actions_for(0, panel)}
    assert list(actions) == ["Keep on top", "How its logit came about", "The arithmetic of its number"]
    actions["How its logit came about"].trigger()
    qtbot.waitUntil(lambda: panel.classes.parts.found is not None)
    assert panel.classes.parts.sum.text == "heron"
    actions["Keep on top"].trigger()
    assert panel.classes.pins == (0,)
    assert panel.classes.actions_for(0, panel)[0].text() == "Let go"


def test_the_arithmetic_of_a_class_is_that_of_its_element_of_the_last_layer(shown, qtbot):
    panel = shown()
    panel.session.set_view(target_class=0)
    with qtbot.waitSignal(panel.class_picked, timeout=1_000):
        qtbot.mouseClick(panel.classes.compute, Qt.MouseButton.LeftButton)
    assert (panel.session.view.layer, panel.session.view.channel) == ("softmax", 0)
    assert "heron" in panel.classes.compute.accessibleName()
