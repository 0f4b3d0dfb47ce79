"""A picture out of a panel: its menu, the clipboard, a file, and what is dragged away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDrag, QGuiApplication, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from inspector.render.grid import Place
from inspector.render.taken import Taken
from inspector.ui import theme
from inspector.ui.main_window import MainWindow
from inspector.ui.pictures import NUMBERS, Pictured, mime, write_png
from inspector.ui.screenshot import wait_until_shown
from inspector.ui.session import Session
from inspector.ui.settings import Settings


@pytest.fixture
def shown(qtbot, qapp: QApplication, session: Session, repository: Path) -> MainWindow:
    """The window with the digits network and a digit."""
    theme.apply(qapp, "dark")
    window = MainWindow(session, Settings(None))
    qtbot.addWidget(window)
    window.resize(1_400, 900)
    window.show()
    sample = sorted((repository / "resources/samples").glob("digits-*.png"))[0]
    session.open_files([str(repository / "models/digits.onnx"), str(sample)])
    wait_until_shown(session)
    return window


def _panel(window: MainWindow, name: str):
    window.dock(name).raise_()
    panel = window.panel(window.dock(name))
    assert panel.isVisible()
    return panel


def _maps(session: Session) -> np.ndarray:
    return session.run.tensors[session.layer().output.name][0]


def _gray(window: MainWindow, channel: int) -> np.ndarray:
    """What a channel of the layer looks like in gray from its layer's minimum to its maximum, by hand."""
    maps = _maps(window.session).astype(np.float64)
    low, high = maps.min(), maps.max()
    return np.floor((maps[channel] - low) / (high - low) * 255 + 0.5)


def _shades(image: QImage) -> np.ndarray:
    return np.array([[image.pixelColor(x, y).red() for x in range(image.width())] for y in range(image.height())])


def _at(panel, place: Place) -> QPoint:
    return panel.canvas.mapTo(panel, panel.canvas.position_of(place).toPoint())


def test_the_tile_under_the_pointer_is_copied_pixel_for_element_with_its_numbers(shown):
    shown.session.set_view(colormap="gray", scaling="layer", channel=0)
    panel = _panel(shown, "feature_maps")
    panel.canvas.settle()
    pictured = panel.pictured(_at(panel, Place(3, 1, 1)))
    assert (pictured.layer, pictured.channel) == (shown.session.view.layer, 3)
    actions = {each.text(): each for each in shown.picture_menus.menu(panel, pictured).actions()}
    assert list(actions)[:3] == ["Copy map", "Copy numbers", "Copy panel"]
    actions["Copy map"].trigger()
    data = QGuiApplication.clipboard().mimeData()
    np.testing.assert_allclose(_shades(QImage(data.imageData())), _gray(shown, 3), atol=1)
    expected = _maps(shown.session)[3]
    told = [line.split("\t") for line in bytes(data.data(NUMBERS).data()).decode().splitlines()]
    np.testing.assert_array_equal(np.array(told, np.float32), expected)
    assert data.text().startswith(f"Channel 3 of {shown.session.view.layer}, ")
    actions["Copy numbers"].trigger()
    assert QGuiApplication.clipboard().text().splitlines()[0].split("\t")[1] == str(expected[0, 1])
    actions[f"Go to {shown.session.view.layer}"].trigger()
    assert shown.session.view.channel == 3


def test_the_menu_key_offers_what_is_selected(shown, qtbot):
    panel = _panel(shown, "channel")
    shown.session.select_channel(2)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), QPoint(1, 1))
    with qtbot.waitSignal(panel.menu_wanted) as heard:
        QApplication.sendEvent(panel.map, event)
    assert heard.args[0].channel == 2
    popup = QApplication.activePopupWidget()
    assert popup is not None
    popup.close()


def test_copy_is_of_the_panel_that_has_the_keyboard(shown, qtbot):
    shown.activateWindow()
    kernels = _panel(shown, "kernels")
    canvas = kernels.canvas if kernels.grid.isHidden() else kernels.grid
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    shown.command("Copy map").trigger()
    assert QGuiApplication.clipboard().text().startswith("Kernel ")
    shown.command("Copy panel").trigger()
    assert QGuiApplication.clipboard().image().size() == kernels.size()
    maps = _panel(shown, "feature_maps").canvas
    maps.setFocus()
    qtbot.waitUntil(maps.hasFocus)
    shown.command("Copy map").trigger()
    assert QGuiApplication.clipboard().text().startswith(f"Channel {shown.session.view.channel} of ")


def test_the_answer_gives_its_probabilities_and_the_input_its_picture(shown):
    rows = _panel(shown, "output").pictured(None).numbers.splitlines()
    assert rows[0].split("\t") == ["class", "label", "probability", "logit"]
    assert len(rows) == 11
    assert sum(float(row.split("\t")[2]) for row in rows[1:]) == pytest.approx(1, abs=1e-5)
    QGuiApplication.clipboard().clear()
    shown.panel(shown.dock("output")).classes.copy_classes()
    assert QGuiApplication.clipboard().text().splitlines() == rows
    layers = _panel(shown, "layers")
    offered = [each.text() for each in shown.picture_menus.menu(layers, layers.pictured(None)).actions()]
    assert [text for text in offered if text] == ["Copy panel", "Export this layer…"]
    picture = shown.session.prediction.picture
    np.testing.assert_array_equal(_panel(shown, "input").pictured(None).taken.pixels, picture.pixels)


def test_a_map_is_saved_as_a_png_under_a_safe_name(shown, tmp_path, monkeypatch):
    proposed: list[str] = []

    def choose(parent, title: str, path: str, kinds: str) -> tuple[str, str]:
        proposed.append(path)
        return str(tmp_path / "map"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    shown.session.set_view(colormap="gray", scaling="layer", channel=1)
    panel = _panel(shown, "channel")
    shown.picture_menus.menu(panel, panel.pictured(None))
    shown.picture_menus.ask_file()
    image = QImage(str(tmp_path / "map.png"))
    np.testing.assert_allclose(_shades(image), _gray(shown, 1), atol=1)
    assert Path(proposed[0]).name == f"Channel_1_of_{shown.session.view.layer}.png"
    assert "map.png" in shown.status.left.text()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *asked: (str(tmp_path / "none" / "x.png"), ""))
    shown.picture_menus.ask_file()
    assert "was not written" in shown.status.left.text()
    assert list(tmp_path.iterdir()) == [tmp_path / "map.png"]


def test_a_hostile_layer_name_stays_in_the_folder(qapp, tmp_path):
    taken = Taken(np.zeros((2, 3, 3), np.uint8))
    pictured = Pictured("Channel 0 of ../../etc/passwd\n\0", "map", taken)
    assert not write_png(pictured, tmp_path / pictured.file_name)
    [written] = tmp_path.iterdir()
    assert written.name == "Channel_0_of_.._.._etc_passwd.png"
    assert QImage(str(written)).width() == 3


def _mouse(kind: QEvent.Type, at: QPointF, keys: Qt.KeyboardModifier) -> QMouseEvent:
    button = Qt.MouseButton.LeftButton
    return QMouseEvent(kind, at, at, button, button, keys)


def test_dragging_with_ctrl_takes_the_map_out_as_a_file_and_plain_dragging_does_not(shown, monkeypatch):
    dragged: list[tuple[Path, bool]] = []

    def carry(drag: QDrag, *actions) -> Qt.DropAction:
        path = Path(drag.mimeData().urls()[0].toLocalFile())
        pixels = [_shades(each) for each in (QImage(str(path)), QImage(drag.mimeData().imageData()))]
        dragged.append((path, np.array_equal(*pixels)))
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", carry)
    view = _panel(shown, "channel").map
    start, end = QPointF(view.rect().center()), QPointF(view.rect().center()) + QPointF(40, 0)
    for keys in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier):
        for kind, at in (
            (QEvent.Type.MouseButtonPress, start),
            (QEvent.Type.MouseMove, end),
            (QEvent.Type.MouseButtonRelease, end),
        ):
            QApplication.sendEvent(view, _mouse(kind, at, keys))
    [(path, is_same)] = dragged
    assert is_same
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.name == f"Channel_{shown.session.view.channel}_of_{shown.session.view.layer}.png"
    shown.picture_drags.close()
    assert not path.parent.exists()


def test_very_many_numbers_are_not_put_on_the_clipboard_as_text(qapp):
    for rows, has_numbers in ((100, True), (101, False)):
        taken = Taken(np.zeros((rows, 100, 3), np.uint8), np.zeros((rows, 100), np.float32), (0.0, 1.0))
        data = mime(Pictured("Large", "map", taken))
        assert data.hasFormat(NUMBERS) == has_numbers
        assert data.hasImage()
