"""Trying the usual ways to feed pictures: the runs, the dialog, and adopting one."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from inspector.ui import theme
from inspector.ui.main_window import MainWindow
from inspector.ui.panels.input import InputPanel
from inspector.ui.settings import Settings
from inspector.ui.trials import TrialRunner
from tests.ui.panels.conftest import PATIENCE_MS

# Colours of pictures, and which class the network below names for them where it is fed RGB from 0 to 255.
COLORS = {"red": ((200, 20, 20), 0), "green": ((20, 200, 20), 1), "blue": ((20, 20, 200), 2)}


@pytest.fixture
def pictures(tmp_path):
    """One picture for each colour, 8 x 8."""
    paths = []
    for name, (color, _) in COLORS.items():
        path = tmp_path / f"{name}.png"
        Image.fromarray(np.full((8, 8, 3), color, np.uint8)).save(path)
        paths.append(str(path))
    return paths


@pytest.fixture
def strongest(save):
    """A network whose three logits are the means of its three channels, a hundredth of them: red, green, blue."""
    nodes = [
        helper.make_node("Mul", ["x", "hundredth"], ["small"]),
        helper.make_node("GlobalAveragePool", ["small"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "identity"], ["y"], name="dense"),
    ]
    weights = {"hundredth": np.array(0.01, np.float32), "identity": np.eye(3, dtype=np.float32)}
    return save("strongest.onnx", nodes, {"x": [1, 3, 8, 8]}, ["y"], weights)


@pytest.fixture
def opened(session, strongest, pictures, qtbot):
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_files([str(strongest), *pictures])
    return session


@pytest.fixture
def runner(opened):
    made = TrialRunner(opened)
    yield made
    made.close()


def finish(runner, qtbot):
    with qtbot.waitSignal(runner.ended, timeout=PATIENCE_MS):
        runner.start()


def test_every_fitting_preset_runs_on_every_picture(runner, pictures, qtbot):
    finish(runner, qtbot)
    names = {each.name for each in runner.recipes}
    assert {"imagenet", "unit", "byte", "signed", "caffe"} <= names
    assert runner.images == tuple(pictures)
    assert runner.done == runner.total == 3 * len(runner.recipes)
    assert not runner.is_running
    ranking = runner.ranking({})
    assert {trial.recipe.name for group in ranking.groups for trial in group} == names
    assert ranking.basis == "probability"
    assert "hint" in ranking.note
    assert "larger input scale inflates" in ranking.note


def test_answers_are_those_of_the_network(runner, pictures, qtbot):
    finish(runner, qtbot)
    trials = {trial.recipe.name: trial for group in runner.ranking({}).groups for trial in group}
    assert [each.index for each in trials["byte"].answers] == [0, 1, 2]
    # Logits 2, 0.2, 0.2: softmax in float64.
    exponentials = np.exp([2, 0.2, 0.2])
    share = exponentials / exponentials.sum()
    assert trials["byte"].probability == pytest.approx(share[0], abs=1e-5)
    assert trials["byte"].entropy == pytest.approx(-(share * np.log(share)).sum(), abs=1e-5)
    assert [each.index for each in trials["caffe"].answers] == [2, 1, 0]  # blue first


def test_right_classes_put_a_right_preset_first(runner, pictures, qtbot):
    finish(runner, qtbot)
    expected = dict(zip(pictures, [2, 1, 0], strict=True))
    ranking = runner.ranking(expected)
    assert ranking.basis == "accuracy"
    first = ranking.best
    assert (first.recipe.channels, first.right, first.judged) == ("BGR", 3, 3)
    assert first.accuracy == 1


def test_a_picture_that_cannot_be_read_is_left_out_with_a_sentence(opened, pictures, tmp_path, qtbot):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    opened.images = (*pictures[:2], str(broken))
    runner = TrialRunner(opened)
    finish(runner, qtbot)
    assert runner.images == tuple(pictures[:2])
    assert len(runner.left_out) == 1
    assert runner.left_out[0].startswith("broken.png is left out: ")
    assert all(len(trial.answers) == 2 for group in runner.ranking({}).groups for trial in group)
    runner.close()


def test_stopping_ends_the_runs_and_keeps_what_was_found(runner, qtbot):
    with qtbot.waitSignal(runner.progressed, timeout=PATIENCE_MS):
        runner.start()
    with qtbot.waitSignal(runner.ended, timeout=PATIENCE_MS):
        runner.stop()
    assert not runner.is_running
    assert 0 < runner.done < runner.total
    done = runner.done
    runner.stop()
    assert runner.done == done


def test_a_network_without_classes_is_said(session, save, pictures, qtbot):
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="relu")]
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_files([str(save("relu.onnx", nodes, {"x": [1, 3, 8, 8]}, ["y"])), pictures[0]])
    runner = TrialRunner(session)
    finish(runner, qtbot)
    assert "relu.onnx does not answer with one number per class" in runner.failure.message
    assert runner.ranking({}).groups == ()
    runner.close()


# ---------------------------------------------------------------- the dialog


@pytest.fixture
def window(opened, qtbot, qapp):
    theme.apply(qapp, "dark")
    made = MainWindow(opened, Settings(None))
    qtbot.addWidget(made)
    made.resize(1280, 800)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()


@pytest.fixture
def dialog(window, qtbot):
    """The dialog, its runs done."""
    with qtbot.waitSignal(window.trials._runner.ended, timeout=PATIENCE_MS):
        window.command("Try the usual preprocessing").trigger()
    return window.trials.dialog


def cells(table, row):
    items = [table.item(row, column) for column in range(table.columnCount())]
    return [item.text() if item is not None else "" for item in items]


def row_of(dialog, name):
    return next(row for row in range(dialog.table.rowCount()) if dialog.table.item(row, 0).text() == name)


def test_the_panels_button_opens_the_dialog_and_the_window_goes_on(window, qtbot):
    panel = window.panel(window.dock("input"))
    assert isinstance(panel, InputPanel)
    panel.recipe.head.setChecked(True)
    qtbot.mouseClick(panel.trials, Qt.MouseButton.LeftButton)
    dialog = window.trials.dialog
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.progress.isVisible()
    assert dialog.stopper.isVisible()
    qtbot.mouseClick(dialog.stopper, Qt.MouseButton.LeftButton)
    assert not dialog.progress.isVisible()
    assert dialog.again.isVisible()


def test_each_preset_is_a_row_with_answer_probability_and_entropy(dialog):
    exponentials = np.exp([2, 0.2, 0.2])
    share = exponentials / exponentials.sum()
    name, answer, _, probability, entropy, *_ = cells(dialog.table, row_of(dialog, "byte"))
    assert (name, answer) == ("byte", "class 0, class 1, class 2")
    assert probability == f"{share[0]:.4f}"
    assert float(entropy) == pytest.approx(-(share * np.log(share)).sum(), abs=5e-4)
    assert dialog.table.isColumnHidden(2)  # nobody has named a right class


def test_without_right_classes_the_order_is_a_hint_with_its_warning(dialog):
    assert dialog.hint.isVisible()
    assert "only a hint: confidence misleads" in dialog.hint.text()
    probabilities = [float(cells(dialog.table, row)[3]) for row in range(dialog.table.rowCount())]
    assert probabilities[0] == max(probabilities)


def test_presets_that_agree_on_everything_are_called_indistinguishable(dialog):
    groups = dialog._runner.ranking({}).groups
    several = next(group for group in groups if len(group) > 1)
    names = [trial.recipe.name for trial in several]
    assert not dialog.table.isColumnHidden(5)
    assert cells(dialog.table, row_of(dialog, names[0]))[5] == f"from {', '.join(names[1:])}"
    assert row_of(dialog, names[1]) == row_of(dialog, names[0]) + 1


def test_a_right_class_for_each_picture_ranks_by_accuracy(dialog):
    for row, right in enumerate(("2", "1", "0")):
        dialog.pictures.item(row, 1).setText(right)
    assert not dialog.hint.isVisible()
    assert "by accuracy on 3 pictures" in dialog.worth.text()
    assert cells(dialog.table, 0)[2] == "3 of 3"
    assert dialog.table.order[0].recipe.channels == "BGR"
    assert [cells(dialog.pictures, row)[2] for row in range(3)] == ["✓ class 2", "✓ class 1", "✓ class 0"]
    dialog.table.setCurrentCell(row_of(dialog, "byte"), 0)
    assert [cells(dialog.pictures, row)[2] for row in range(3)] == ["✗ class 0", "✓ class 1", "✗ class 2"]


def test_one_right_class_for_all_pictures_and_a_wrong_one_said(dialog, qtbot):
    qtbot.keyClicks(dialog.expected, "1")
    assert cells(dialog.table, row_of(dialog, "byte"))[2] == "1 of 3"
    qtbot.keyClicks(dialog.expected, "7")
    assert dialog.wrong.isVisible()
    assert "There is no class '17'." in dialog.wrong.text()
    assert dialog.table.isColumnHidden(2)


def test_a_class_that_is_being_typed_is_not_lost_when_a_run_ends(dialog, qtbot):
    item = dialog.pictures.item(1, 1)
    dialog.pictures.setCurrentItem(item)
    dialog.pictures.editItem(item)
    editor = dialog.pictures.findChild(QLineEdit)
    qtbot.keyClicks(editor, "0")
    dialog._runner.progressed.emit()
    assert dialog.pictures.findChild(QLineEdit) is editor
    assert editor.text() == "0"
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "by accuracy on 1 picture" in dialog.worth.text(), timeout=PATIENCE_MS)
    assert dialog.pictures.item(1, 1).text() == "0"


def test_adopting_runs_it_and_says_so(dialog, opened, qtbot):
    row = row_of(dialog, "caffe")
    button = dialog.table.cellWidget(row, 6).button
    assert button.text() == "Adopt"
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened.preprocessing.name == "caffe"
    assert opened.preprocessing.source == "adopted from the usual ones"
    assert (button.text(), button.isEnabled()) == ("In force", False)
    assert dialog.table.cellWidget(row_of(dialog, "byte"), 6).button.isEnabled()


def test_closing_the_dialog_ends_the_runs(window, qtbot):
    window.trials.show()
    runner = window.trials._runner
    assert runner.is_running
    qtbot.keyClick(window.trials.dialog, Qt.Key.Key_Escape)
    assert window.trials.dialog is None
    assert not runner.is_running


def test_another_model_closes_the_dialog(dialog, window, opened, save, qtbot):
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="relu")]
    with qtbot.waitSignal(opened.run_changed, timeout=PATIENCE_MS):
        opened.open_model(str(save("relu.onnx", nodes, {"x": [1, 3, 8, 8]}, ["y"])))
    assert window.trials.dialog is None


def test_folders_named_after_classes_name_the_right_ones(session, strongest, tmp_path, qtbot):
    paths = []
    for index, (color, _) in enumerate(COLORS.values()):
        folder = tmp_path / str(index)
        folder.mkdir()
        Image.fromarray(np.full((8, 8, 3), color, np.uint8)).save(folder / "picture.png")
        paths.append(str(folder / "picture.png"))
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_files([str(strongest), *paths])
    window = MainWindow(session, Settings(None))
    qtbot.addWidget(window)
    window.show()
    with qtbot.waitSignal(window.trials._runner.ended, timeout=PATIENCE_MS):
        window.trials.show()
    dialog = window.trials.dialog
    assert [cells(dialog.pictures, row)[1] for row in range(3)] == ["class 0", "class 1", "class 2"]
    assert cells(dialog.table, 0)[2] == "3 of 3"
    assert dialog.table.order[0].recipe.channels == "RGB"
    window.close()
