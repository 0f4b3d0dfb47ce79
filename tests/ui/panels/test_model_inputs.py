"""What a model is fed beside the picture, and in which shape."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from inspector.ui.panels.input import InputPanel
from inspector.ui.panels.model_inputs import DEFAULT, read_shape
from tests.ui.panels.conftest import PATIENCE_MS
from tests.ui.panels.test_input import pick, type_into


@pytest.fixture
def grey(tmp_path):
    path = tmp_path / "grey.png"
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(path)
    return path


@pytest.fixture
def shifted(save, run, grey):
    """A network that adds its second input, ``bias`` of shape 1 x 1 x 1 x 2, to a picture of any size."""
    nodes = [
        helper.make_node("ReduceSum", ["bias"], ["shift"], keepdims=1),
        helper.make_node("Add", ["picture", "shift"], ["y"], name="add"),
    ]
    inputs = {"picture": [1, 1, "height", "width"], "bias": [1, 1, 1, 2]}
    return run(save("shifted.onnx", nodes, inputs, ["y"]), grey)


@pytest.fixture
def panel(shifted, show):
    made = show(InputPanel(shifted), 420, 800)
    made.inputs_section.head.setChecked(True)
    return made


def test_each_input_is_named_with_type_shape_and_origin(panel):
    rows = panel.inputs.rows
    assert list(rows) == ["picture", "bias"]
    assert rows["picture"].heading.text == "picture  float32  1 × 1 × height × width  the picture"
    assert rows["bias"].heading.text == "bias  float32  1 × 1 × 1 × 2"
    assert rows["bias"].sources.currentText() == f"default: {panel.session.prediction.origins['bias']}"
    assert "picture 1 × 1 × " in panel.inputs_section.head.summary


def test_only_open_lengths_can_be_changed_and_only_other_inputs_fed(panel):
    rows = panel.inputs.rows
    assert rows["picture"].shape.isVisible()
    assert not rows["bias"].shape.isVisible()
    assert not rows["picture"].sources.isVisible()
    assert rows["bias"].sources.isVisible()
    assert not rows["bias"].number.isVisible()


def test_a_typed_shape_runs_at_once(panel, shifted, qtbot):
    with qtbot.waitSignal(shifted.run_changed, timeout=PATIENCE_MS):
        type_into(panel.inputs.rows["picture"].shape, "1,1,16,24", qtbot)
    assert shifted.prediction.fed["picture"].shape == (1, 1, 16, 24)
    assert panel.inputs.rows["picture"].shape.line.text() == "1 × 1 × 16 × 24"
    with qtbot.waitSignal(shifted.run_changed, timeout=PATIENCE_MS):
        type_into(panel.inputs.rows["picture"].shape, " ", qtbot)
    assert shifted.shapes == {}
    assert shifted.prediction.fed["picture"].shape != (1, 1, 16, 24)


def test_a_shape_that_does_not_fit_is_a_sentence_and_what_is_shown_stays(panel, shifted, qtbot):
    shown = shifted.prediction
    type_into(panel.inputs.rows["picture"].shape, "1,3,16,16", qtbot)
    qtbot.waitUntil(lambda: shifted.failure is not None, timeout=PATIENCE_MS)
    assert "'picture'" in shifted.failure.message
    assert "1 × 3 × 16 × 16" in shifted.failure.message
    assert shifted.prediction is shown


def test_text_that_is_no_shape_is_marked_and_nothing_runs(panel, shifted, qtbot):
    field, shown = panel.inputs.rows["picture"].shape, shifted.prediction
    type_into(field, "1,1,big", qtbot)
    assert field.is_wrong
    assert "1 × 3 × 320 × 320" in field.error.text()
    assert (shifted.prediction, shifted.shapes, shifted.busy) == (shown, {}, "")


def test_a_number_is_fed_everywhere(panel, shifted, qtbot):
    row = panel.inputs.rows["bias"]
    with qtbot.waitSignal(shifted.run_changed, timeout=PATIENCE_MS):
        pick(row.sources, "a number")
    assert row.number.isVisible()
    with qtbot.waitSignal(shifted.run_changed, timeout=PATIENCE_MS):
        type_into(row.number, "2.5", qtbot)
    np.testing.assert_array_equal(shifted.prediction.fed["bias"], np.full((1, 1, 1, 2), 2.5))
    assert shifted.prediction.origins["bias"] == "2.5"
    with qtbot.waitSignal(shifted.run_changed, timeout=PATIENCE_MS):
        pick(row.sources, DEFAULT)
    assert (shifted.fills, row.number.isVisible()) == ({}, False)


def test_a_file_is_asked_for_and_fed(panel, shifted, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "bias.npy"
    np.save(path, np.array([3, 4], np.float32).reshape(1, 1, 1, 2))
    row = panel.inputs.rows["bias"]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    with qtbot.waitSignal(shifted.run_changed, timeout=PATIENCE_MS):
        pick(row.sources, "a file…")
    np.testing.assert_array_equal(shifted.prediction.fed["bias"].reshape(-1), [3, 4])
    assert row.sources.currentText() == "bias.npy"


def test_asking_for_a_file_may_be_given_up(panel, shifted, monkeypatch):
    row = panel.inputs.rows["bias"]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    pick(row.sources, "a file…")
    assert row.sources.currentText().startswith("default: ")
    assert shifted.busy == ""


def test_a_file_that_is_dropped_on_an_input_is_fed_to_it(panel, shifted, qtbot, tmp_path):
    path = tmp_path / "dropped.npy"
    np.save(path, np.array([5, 6], np.float32).reshape(1, 1, 1, 2))
    row, data = panel.inputs.rows["bias"], QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    assert row.acceptDrops()
    entered = QDragEnterEvent(QPoint(5, 5), *how)
    QApplication.sendEvent(row, entered)
    assert entered.isAccepted()
    with qtbot.waitSignal(shifted.run_changed, timeout=PATIENCE_MS):
        QApplication.sendEvent(row, QDropEvent(QPointF(5, 5), *how))
    np.testing.assert_array_equal(shifted.prediction.fed["bias"].reshape(-1), [5, 6])


def test_the_values_of_each_input_can_be_looked_at(panel):
    texts = [panel.views.itemText(row) for row in range(panel.views.count())]
    assert texts == ["Picture", "Model's view", "Values of picture", "Values of bias"]
    pick(panel.views, "Values of bias")
    assert panel.numbers.isVisible()
    assert panel.numbers.table.accessibleName().startswith("bias: ")


def test_a_model_with_one_fixed_input_shows_no_list_of_inputs(passed_on, show):
    panel = show(InputPanel(passed_on(np.ones((1, 3, 4)))))
    assert panel.source.isVisible()
    assert not panel.inputs_section.isVisible()


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("1,3,320,320", (1, 3, 320, 320)),
        ("1x3 x 320×320", (1, 3, 320, 320)),
        ("[2; 5]", (2, 5)),
        ("7", (7,)),
        ("", None),
        ("  ", None),
    ],
)
def test_shapes_are_read_as_they_are_written(text, shape):
    assert read_shape(text) == shape


@pytest.mark.parametrize("text", ["1,-3", "0", "1,0,2", "a", "1.5, 2", "9" * 5000, "[]", "²"])
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(ValueError, match="a length for each axis"):
        read_shape(text)
