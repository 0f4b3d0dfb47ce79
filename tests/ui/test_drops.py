"""Files dropped on the window: which are taken, as what, and what is said of the rest."""

from __future__ import annotations

import os
import socket

import pytest
from PySide6 import __version_info__
from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QGraphicsView, QLineEdit, QWidget

from inspector.ui import drops
from inspector.ui.main_window import MainWindow

PATIENCE_MS = 60_000
PLACE = QPointF(20, 20) if __version_info__ >= (6, 12) else QPoint(20, 20)  # each warns of, or lacks, the other


def uris(*addresses: bytes) -> QMimeData:
    data = QMimeData()
    data.setData("text/uri-list", QByteArray(b"".join(each + b"\r\n" for each in addresses)))
    return data


def files(*paths: object) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def enter(widget: QWidget, data: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(
        PLACE,
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event


def drop(widget: QWidget, data: QMimeData) -> QDropEvent:
    enter(widget, data)
    event = QDropEvent(
        QPointF(20, 20),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)
    return event


@pytest.fixture
def window(session, qtbot):
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    return window


# ---------------------------------------------------------------- what an address means


@pytest.mark.skipif(os.name == "nt", reason="paths there are no bytes")
@pytest.mark.parametrize(
    ("address", "path"),
    [
        (b"file:///home/a%20b/c%23d%3F%25.png", "/home/a b/c#d?%.png"),
        (b"file:///caf%c3%a9.png", "/café.png"),
        (b"file:///caf%e9.png", "/caf\udce9.png"),  # Latin-1 on disk, which a QUrl would lose
        (b"file:///line%0Abreak.png", "/line\nbreak.png"),
        (b"FILE:///x.png", "/x.png"),
        (b"file:/x.png", "/x.png"),
        (b"file://localhost/x.png", "/x.png"),
        (b"file://" + socket.gethostname().encode() + b"/x.png", "/x.png"),
        (b"file:///-rf.png", "/-rf.png"),
    ],
)
def test_an_address_of_this_computer_is_a_path_byte_for_byte(address, path):
    assert drops.local_paths(uris(address)) == ((path,), "")


@pytest.mark.parametrize(
    "address",
    [
        b"https://example.org/goldfish.jpg",
        b"http://x/y.onnx",
        b"data:image/png;base64,AAAA",
        b"javascript:1",
        b"smb://h/x",
    ],
)
def test_an_address_in_the_net_is_refused_with_a_sentence(address):
    paths, remark = drops.local_paths(uris(address))
    assert paths == ()
    assert "Only files on this computer" in remark


@pytest.mark.skipif(os.name == "nt", reason="shares are paths there")
def test_a_file_on_another_computer_is_refused_by_name():
    assert drops.local_paths(uris(b"file://server/share/x.onnx")) == (
        (),
        "The file lies on another computer (server): copy it to this one first.",
    )


def test_comments_and_empty_lines_of_a_list_are_passed_over():
    assert drops.local_paths(uris(b"# comment", b"", b"file:///a.png", b"file:///b.png"))[0] == ("/a.png", "/b.png")


# ---------------------------------------------------------------- which file is what


def test_a_mixed_drop_is_sorted_by_what_the_files_are():
    found = drops.sort_files(("/p/a.png", "/p/net.ONNX", "/p/b.npy", "/p/synset.txt", "/p/noending"))
    assert found.models == ("/p/net.ONNX",)
    assert found.pictures == ("/p/a.png", "/p/b.npy", "/p/noending")
    assert found.labels == ("/p/synset.txt",)
    assert found.remark == ""


def test_of_several_models_the_first_is_taken_and_this_is_said():
    found = drops.sort_files(("/p/one.onnx", "/p/two.onnx"))
    assert found.models == ("/p/one.onnx",)
    assert "one.onnx" in found.remark


def test_a_network_in_another_format_is_named_as_what_it_is(window, session, tmp_path, qtbot):
    other = tmp_path / "net.tflite"
    other.write_bytes(b"\x1c\0\0\0TFL3" + bytes(64))
    with qtbot.waitSignal(session.failure_changed, timeout=PATIENCE_MS):
        drop(window, files(other))
    assert "net.tflite is a TensorFlow Lite model" in window.status.left.text()
    assert session.image == ""


def test_beside_a_model_a_network_in_another_format_is_left_out_and_this_is_said():
    found = drops.sort_files(("/p/net.pt", "/p/net.onnx", "/p/a.png"))
    assert (found.models, found.pictures, found.foreign) == (("/p/net.onnx",), ("/p/a.png",), "")
    assert "net.pt" in found.remark


def test_a_folder_gives_the_models_and_pictures_in_it_two_levels_deep(tmp_path):
    deep = tmp_path / "set" / "train" / "deeper"
    deep.mkdir(parents=True)
    for path in (tmp_path / "set" / "z.png", tmp_path / "set" / "a.jpg", tmp_path / "set" / "readme.md"):
        path.write_bytes(b"x")
    (tmp_path / "set" / "net.onnx").write_bytes(b"x")
    (tmp_path / "set" / "train" / "b.webp").write_bytes(b"x")
    (deep / "too-deep.png").write_bytes(b"x")
    found = drops.sort_files((str(tmp_path / "set"),))
    assert [os.path.basename(each) for each in found.pictures] == ["a.jpg", "z.png", "b.webp"]
    assert [os.path.basename(each) for each in found.models] == ["net.onnx"]


def test_of_a_large_folder_the_first_thousand_are_taken_and_this_is_said(tmp_path):
    for number in range(1_003):
        (tmp_path / f"{number:04}.png").touch()
    found = drops.sort_files((str(tmp_path),))
    assert len(found.pictures) == 1_000
    assert os.path.basename(found.pictures[-1]) == "0999.png"
    assert "1,000" in found.remark


def test_a_folder_without_anything_to_open_is_named(tmp_path):
    found = drops.sort_files((str(tmp_path),))
    assert (found.models, found.pictures) == ((), ())
    assert tmp_path.name in found.remark


def test_a_folder_that_leads_back_to_itself_ends(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a.png").touch()
    assert drops.sort_files((str(tmp_path),)).pictures == (str(tmp_path / "a.png"),)


# ---------------------------------------------------------------- on the window


def test_dragging_files_over_the_window_says_what_a_drop_would_do(window, tmp_path):
    overlay = window.findChild(drops.DropOverlay)
    event = enter(window, files(tmp_path / "net.onnx", tmp_path / "a.png", tmp_path / "b.png"))
    assert event.isAccepted()
    assert overlay.isVisible()
    assert overlay.message == "Open the model net.onnx and 2 pictures"
    assert overlay.geometry() == window.rect()
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not overlay.isVisible()


def test_text_dragged_over_the_window_is_not_taken(window):
    data = QMimeData()
    data.setText("goldfish.jpg")
    assert not enter(window, data).isAccepted()
    assert not window.findChild(drops.DropOverlay).isVisible()


def test_a_dropped_model_is_opened(window, session, signs, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        drop(window, files(signs))
    assert session.model.path == str(signs)
    assert not window.findChild(drops.DropOverlay).isVisible()


def test_a_model_and_pictures_dropped_together_run_the_first_picture(window, session, signs, ramp, picture, qtbot):
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        drop(window, files(ramp, picture, signs))
    assert session.model.path == str(signs)
    assert session.images == (str(ramp), str(picture))
    assert session.run.prediction.image == str(ramp)


def test_labels_dropped_with_a_model_name_its_classes(window, session, signs, tmp_path, qtbot):
    labels = tmp_path / "names.txt"
    labels.write_text("up\ndown\nflat\n")
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        drop(window, files(labels, signs))
    assert session.class_labels() == ("up", "down", "flat")


def test_labels_that_are_dropped_are_said_to_be_used(window, session, signs, tmp_path, qtbot):
    labels = tmp_path / "names.txt"
    labels.write_text("up\ndown\nflat\n")
    drop(window, files(labels))
    assert window.status.left.text() == "names.txt will name the classes of the model that is opened next."
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        drop(window, files(signs))
    assert session.class_labels() == ("up", "down", "flat")
    labels.write_text("one\ntwo\n")
    drop(window, files(labels))
    assert window.status.left.text() == "names.txt names 2 classes."
    assert session.class_labels() == ("one", "two")


def test_a_dropped_web_address_is_refused_in_the_status_bar(window, session):
    drop(window, uris(b"https://example.org/goldfish.jpg"))
    assert "Only files on this computer" in window.status.left.text()
    assert session.image == ""


def test_no_part_of_the_window_takes_drops_for_itself(window, session, signs, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    greedy = [
        child
        for dock in window.docks
        for child in dock.findChildren(QWidget)
        if child.acceptDrops() and child.isVisible()
    ]
    assert greedy == []
    assert window.findChildren(QLineEdit)
    assert window.findChildren(QGraphicsView)


def test_a_floating_panel_takes_drops_as_the_window_does(window, session, signs, ramp, qtbot):
    with qtbot.waitSignal(session.model_changed, timeout=PATIENCE_MS):
        session.open_model(str(signs))
    dock = window.dock("layers")
    dock.setFloating(True)
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        assert drop(dock, files(ramp)).isAccepted()
    assert session.run.prediction.image == str(ramp)
