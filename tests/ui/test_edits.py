"""Changing the network in the window: run at once, marked, taken back."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from PySide6.QtCore import Qt

from inspector.explain.table import explain
from inspector.graph.changes import Edits
from inspector.ui.edit_banner import EditBanner
from inspector.ui.main_window import MainWindow
from inspector.ui.panels.kernel_editor import KernelEditor
from inspector.ui.session import Session
from inspector.ui.settings import Settings

PATIENCE_MS = 60_000
LAPLACIAN = [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
SOBEL_X = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


@pytest.fixture
def window(repository, qtbot):
    """The window with shapes.onnx and a star, at the first convolution."""
    session = Session(provider="cpu")
    window = MainWindow(session, Settings(None))
    qtbot.addWidget(window)
    window.resize(1500, 1000)
    window.show()
    picture = repository / "resources" / "samples" / "shapes-star.png"
    session.open_files([str(repository / "models" / "shapes.onnx"), str(picture)])
    qtbot.waitUntil(lambda: session.run is not None and not session.busy, timeout=PATIENCE_MS)
    session.select_layer("conv1")
    yield window
    window.close()


def changed(qtbot, session, change):
    """Carry out a change and wait for its run."""
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        change()


def editor_of(window) -> KernelEditor:
    editor = window.panel(window.dock("kernels")).editor
    editor.head.setChecked(True)
    return editor


def kernel(session, layer="conv1") -> np.ndarray:
    return session.model.layer(layer).weight("kernel").read()


def test_a_typed_number_runs_the_network_and_every_panel_shows_it(window, qtbot):
    session, editor = window.session, editor_of(window)
    before, plain = dict(session.run.tensors), session.model
    changed(qtbot, session, lambda: editor.cells.entered.emit(1, 2, 3.5))
    assert kernel(session)[0, 0, 1, 2] == np.float32(3.5)
    assert plain.layer("conv1").weight("kernel").read()[0, 0, 1, 2] != np.float32(3.5)
    conv = session.model.layer("conv1").output.name
    x = session.run.tensors[session.model.inputs[0].name][0].astype(np.float64)
    weights, bias = kernel(session)[0].astype(np.float64), session.model.layer("conv1").weight("bias").read()[0]
    strides, pads = session.layer().geometry.strides, session.layer().geometry.pads
    padded = np.pad(x, ((0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    row, column = 10, 11
    patch = padded[:, row * strides[0] :, column * strides[1] :][:, :3, :3]
    np.testing.assert_allclose(session.run.tensors[conv][0, 0, row, column], (patch * weights).sum() + bias, rtol=1e-5)
    assert not np.array_equal(session.run.tensors[conv], before[conv])
    assert "edited" in window.panel(window.dock("kernels")).heading.text
    assert "edited" in window.panel(window.dock("feature_maps")).heading.text
    assert "edited" in window.status.check.accessibleName()
    rows = window.panel(window.dock("layers")).rows
    assert [rows.text(layer, 1) for layer in session.model.layers[:2]] == ["conv1, edited", "relu1"]
    assert "edited" in window.panel(window.dock("output")).warning.text()
    assert window.edit_banner.isVisible()
    assert window.edit_banner.line.text() == "1 weight of conv1 edited: not the file's network"
    assert "3.500" in editor.cells.item(1, 2).text()
    qtbot.mouseClick(window.edit_banner.reset, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.run.prediction.edits == Edits() and not session.busy, timeout=PATIENCE_MS)
    assert not window.edit_banner.isVisible()
    assert session.model is plain
    for name, values in before.items():
        np.testing.assert_array_equal(session.run.tensors[name], values)


def test_a_named_kernel_is_explained_as_it_ran_saved_undone_and_made_again(window, qtbot, tmp_path):
    session, editor = window.session, editor_of(window)
    file = kernel(session)[0, 0].copy()
    changed(qtbot, session, lambda: editor.named.chosen.emit("", "Sobel x"))
    np.testing.assert_array_equal(kernel(session)[0, 0], SOBEL_X)
    plain = session.editing.plain.layer("conv1").weight("kernel").read()
    np.testing.assert_array_equal(kernel(session)[0, 1:], plain[0, 1:])
    changed(qtbot, session, lambda: editor.named.chosen.emit("", "Laplacian"))
    np.testing.assert_array_equal(kernel(session)[0, 0], LAPLACIAN)
    changed(qtbot, session, lambda: window.command("Undo edit").trigger())
    np.testing.assert_array_equal(kernel(session)[0, 0], SOBEL_X)
    changed(qtbot, session, lambda: window.command("Undo edit").trigger())
    np.testing.assert_array_equal(kernel(session)[0, 0], file)
    assert not window.command("Undo edit").isEnabled()
    changed(qtbot, session, lambda: window.command("Redo edit").trigger())
    np.testing.assert_array_equal(kernel(session)[0, 0], SOBEL_X)
    found = explain(session.model, session.layer(), session.run.tensors, (0, 0, 9, 9))
    assert found.agrees
    file = explain(session.editing.plain, session.editing.plain_layer("conv1"), session.run.tensors, (0, 0, 9, 9))
    assert not file.agrees
    window.saver.save(str(tmp_path / "new.onnx"))
    qtbot.waitUntil(lambda: not window.saver.is_saving(), timeout=PATIENCE_MS)
    saved = onnx.load(tmp_path / "new.onnx")
    name = session.layer().weight("kernel").name
    stored = next(each for each in saved.graph.initializer if each.name == name)
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(stored), kernel(session))
    assert "new.onnx" in window.status.left.accessibleName()
    changed(qtbot, session, editor.reset_kernel.click)
    assert session.editing.edits == Edits()


def test_bias_and_dense_weights_are_edited_and_reset_with_their_layer(window, qtbot):
    session, editor = window.session, editor_of(window)
    changed(qtbot, session, lambda: editor.bias.entered.emit("bias", 2.25))
    assert session.model.layer("conv1").weight("bias").read()[0] == np.float32(2.25)
    editor.cells.entered.emit(0, 0, 1e300)
    assert "cannot be stored" in editor.notice.text()
    session.select_layer("dense")
    session.select_channel(3)
    qtbot.waitUntil(lambda: editor._given[0] == "dense", timeout=PATIENCE_MS)
    editor.input.setValue(7)
    before = kernel(session, "dense").copy()
    changed(qtbot, session, lambda: editor.cells.entered.emit(0, 0, -1.5))
    after, transposed = kernel(session, "dense"), session.layer().attributes.get("transB") == 1
    where = np.argwhere(after != before)
    assert where.tolist() == [[3, 7] if transposed else [7, 3]]
    assert session.editing.layers() == {"conv1", "dense"}
    changed(qtbot, session, editor.reset_layer.click)
    assert session.editing.layers() == {"conv1"}


def test_a_stride_that_does_not_fit_is_taken_back_and_a_padding_that_fits_makes_another_network(window, qtbot):
    session = window.session
    before = session.run
    with qtbot.waitSignal(session.failure_changed, timeout=PATIENCE_MS):
        session.editing.slide("conv1", (3, 3), (1, 1, 1, 1))
        qtbot.waitUntil(lambda: session.failure is not None, timeout=PATIENCE_MS)
    assert session.failure.message.startswith("The change was taken back. ")
    assert session.editing.edits == Edits()
    assert session.run is before
    changed(qtbot, session, lambda: session.editing.slide("conv1", (1, 1), (2, 0, 0, 2)))
    assert session.layer().geometry.pads == (2, 0, 0, 2)
    assert session.tensor().shape == (1, 12, 32, 32)
    assert (session.tensor()[0, :, 0, :29] == session.tensor()[0, :, 0, :1]).mean() < 1
    assert window.edit_banner.line.text() == "Stride or padding of conv1 edited: not the file's network"
    changed(qtbot, session, lambda: session.editing.reset_layer("conv1"))
    assert session.layer().geometry.pads == (1, 1, 1, 1)


def test_the_banner_says_nothing_of_an_untouched_network(qtbot):
    session = Session(provider="cpu")
    window = MainWindow(session, Settings(None))
    qtbot.addWidget(window)
    assert isinstance(window.edit_banner, EditBanner)
    assert not window.edit_banner.isVisible()
    assert session.editing.sentence == ""
    session.editing.undo()
    session.editing.reset()
    assert session.editing.edits == Edits()
    window.close()
