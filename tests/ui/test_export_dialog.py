"""File, Export: what the dialog offers, writes, asks and previews, with the real processes."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QApplication

from inspector.cli import arguments
from inspector.export.wish import POSSIBLE, Look, Wish
from inspector.ui import theme
from inspector.ui.export_commands import animation_command, report_command
from inspector.ui.export_dialog import ExportDialog, show_export
from inspector.ui.export_form import ALL, MATCHING, THIS, ExportForm
from inspector.ui.export_preview import SIDE
from inspector.ui.main_window import MainWindow
from inspector.ui.screenshot import wait_until_shown
from inspector.ui.session import Session, View
from inspector.ui.settings import Settings

PATIENCE_MS = 60_000


@pytest.fixture
def dialog(qtbot, qapp: QApplication, session: Session, repository: Path, tmp_path: Path) -> ExportDialog:
    """The dialog over the digits network and a digit."""
    theme.apply(qapp, "dark")
    window = MainWindow(session, Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(window)
    window.show()
    sample = sorted((repository / "resources/samples").glob("digits-*.png"))[0]
    session.open_files([str(repository / "models/digits.onnx"), str(sample)])
    wait_until_shown(session)
    shown = show_export(window, "conv1")
    shown.folder.setText(str(tmp_path / "out"))
    return shown


def _want(form: ExportForm, *what: str) -> None:
    for each, box in form.what.items():
        box.setChecked(each in what)


def _pixels(image: QImage) -> np.ndarray:
    whole = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(bytes(whole.constBits()), np.uint8).reshape(whole.height(), whole.width(), 4)
    return rows[..., :3]


def test_an_export_writes_what_was_chosen_asks_before_it_replaces_and_remembers_the_folder(
    dialog, qtbot, tmp_path, monkeypatch
):
    window, exporter = dialog.parent(), dialog.parent().exporter
    _want(dialog.form, "maps", "tensors")
    dialog.form.formats["npy"].setChecked(True)
    dialog.form.channels.setText("1,3")
    assert dialog.about.text().startswith("5 files at most")  # two maps, the tensor, what was fed, the index
    with qtbot.waitSignal(exporter.ended, timeout=PATIENCE_MS) as heard:
        dialog.start.click()
        assert dialog.cancel.isVisible()
        assert not dialog.form.isEnabled()
    [folder] = (tmp_path / "out").iterdir()
    names = sorted(each.name for each in folder.iterdir())
    assert [name for name in names if name.endswith(".png")] == ["000-conv1-c0001.png", "000-conv1-c0003.png"]
    assert len(names) == 5
    layer = window.session.layer()
    np.testing.assert_array_equal(np.load(folder / "000-conv1.npy"), window.session.run.tensors[layer.output.name])
    assert heard.args[0].failure is None
    assert dialog.open_folder.isVisible()
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    dialog.open_folder.click()
    assert opened == [str(tmp_path / "out")]
    assert Settings(tmp_path / "settings.ini").values.export_folder == str(tmp_path / "out")

    stamp = (folder / "index.json").stat().st_mtime_ns
    dialog.start.click()
    assert not exporter.is_exporting()
    assert dialog.replace.isVisible()
    assert "earlier export" in dialog.problem.text()
    with qtbot.waitSignal(exporter.ended, timeout=PATIENCE_MS):
        dialog.resume.click()
    assert (folder / "index.json").stat().st_mtime_ns == stamp
    dialog.start.click()
    with qtbot.waitSignal(exporter.ended, timeout=PATIENCE_MS):
        dialog.replace.click()
        dialog.close()  # it goes on without the dialog
    assert (folder / "index.json").stat().st_mtime_ns > stamp
    assert json.loads((folder / "index.json").read_text())["complete"]
    dialog = show_export(window)
    assert dialog.folder.text() == str(tmp_path / "out")
    assert dialog.form.what["tensors"].isChecked()
    assert not dialog.form.what["kernels"].isChecked()


def test_the_preview_is_the_picture_that_the_export_writes(dialog, qtbot, tmp_path):
    _want(dialog.form, "maps", "kernels", "overlay")
    dialog.form.formats["npy"].setChecked(False)
    dialog.form.scale.setCurrentIndex(dialog.form.scale.findData(2))
    dialog.form.caption.setChecked(True)
    with qtbot.waitSignal(dialog.parent().exporter.ended, timeout=PATIENCE_MS):
        dialog.start.click()
    for what, ending in (("maps", ""), ("kernels", "-kernels"), ("overlay", "-overlay")):
        _want(dialog.form, what)
        [written] = tmp_path.glob(f"out/*/000-conv1{ending}.png")
        expected = np.asarray(Image.open(written).convert("RGB"))
        height, width = expected.shape[:2]
        assert max(height, width) <= SIDE  # so that the preview is not made smaller
        text = f"conv1: {width} × {height} pixels"
        qtbot.waitUntil(lambda text=text: dialog.about_preview.text() == text, timeout=PATIENCE_MS)
        np.testing.assert_array_equal(_pixels(dialog.preview.image), expected)
    _want(dialog.form, "layers")
    assert "preview of pictures only" in dialog.preview.sentence
    assert dialog.preview.image.isNull()


def test_what_cannot_be_is_said_and_not_begun(dialog):
    form = dialog.form
    form.channels.setText("7-")
    assert not dialog.start.isEnabled()
    assert "'7-' holds no channels" in dialog.problem.text()
    form.channels.clear()
    form.choose_layers(MATCHING)
    form.pattern.setText("nothing*")
    assert dialog.problem.text() == "No layer has such a name."
    form.choose_layers(ALL)
    assert dialog.start.isEnabled()
    dialog.folder.clear()
    assert dialog.problem.text() == "Choose a folder."
    dialog.folder.setText("/proc/none")
    _want(form)
    assert "Nothing to write was chosen" in dialog.problem.text()
    assert not dialog.start.isEnabled()


def test_the_form_offers_the_formats_there_are_of_what_is_chosen(qtbot):
    form = ExportForm()
    qtbot.addWidget(form)
    form.choose_layers(ALL)
    for what, formats in POSSIBLE.items():
        if what not in form.what:
            continue
        _want(form)
        form.what[what].setChecked(True)
        assert {each for each, box in form.formats.items() if box.isEnabled()} == set(formats)
        assert form.wish(View(layer="a")).formats_of(what)
    _want(form, "maps", "layers")
    form.formats["csv"].setChecked(False)
    with pytest.raises(Exception, match="There is no layers as png"):
        form.wish(View(layer="a"))


def test_colours_are_as_shown_and_typed_limits_are_of_their_layer(qtbot):
    form = ExportForm()
    qtbot.addWidget(form)
    form.show_wish(Wish())
    view = View(layer="a[0]", scaling="symmetric", limits=(-1.0, 2.0), colormap="vik")
    form.choose_layers(THIS)
    assert form.wish(view).look == Look("symmetric", (-1.0, 2.0), "vik")
    assert form.wish(view).layers == "a[[]0]"  # a name with brackets matches itself alone
    form.choose_layers(ALL)
    assert form.wish(view).look == Look("symmetric", None, "vik")
    form.scaling.setCurrentIndex(form.scaling.findData("channel"))
    form.colormap.setCurrentIndex(form.colormap.findData("gray"))
    form.scale.setCurrentIndex(form.scale.findData(-1))
    form.width_field.setValue(640)
    assert form.wish(view).look == Look("channel", None, "gray", 0, 640)


def test_an_edited_network_is_exported_as_it_is_shown(dialog, qtbot, tmp_path):
    window = dialog.parent()
    session, exporter = window.session, window.exporter
    before = session.run.tensors[session.layer().output.name].copy()
    weight = session.layer().weight("kernel")
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.editing.change(weight, {0: 5.0})
    shown = session.run.tensors[session.layer().output.name].copy()
    assert not np.array_equal(before, shown)
    _want(dialog.form, "tensors", "kernels", "report")
    with qtbot.waitSignal(exporter.ended, timeout=PATIENCE_MS) as heard:
        dialog.start.click()
    assert heard.args[0].failure is None
    [folder] = (tmp_path / "out").iterdir()
    np.testing.assert_array_equal(np.load(folder / "000-conv1.npy"), shown)
    assert np.load(folder / "000-conv1-kernels.npy").flat[0] == 5
    index = json.loads((folder / "index.json").read_text())
    assert index["asked"]["edits"]["weights"] == [{"weight": weight.name, "places": [0], "numbers": [5.0]}]
    assert "1 weight of conv1 edited: not the file" in (folder / "report.html").read_text()
    assert not list(Path(tempfile.gettempdir()).glob("inspector-edits-*"))


def test_reports_and_animations_are_commands_that_write_to_one_folder_only():
    look = Look("channel", colormap="vik")
    given = report_command("m.onnx", "p.png", "/x/r.html", ["--provider=cpu"], look, "as deployed", "l.txt", "sigmoid")
    name, asked = arguments.parsed(given)
    assert name == "report"
    assert (asked.output, asked.locked, asked.overwrite) == ("/x/r.html", True, True)
    assert (asked.scaling, asked.colormap, asked.view, asked.head) == ("channel", "vik", "deployed", "sigmoid")
    name, asked = arguments.parsed(animation_command("m.onnx", "p.png", "/x/a.gif", "conv", 2, -1, []))
    assert (name, asked.gif, asked.locked, asked.part) == ("explain", "/x/a.gif", True, None)


def test_what_a_layer_makes_of_all_pictures_is_an_animation(dialog, qtbot, tmp_path, repository):
    window = dialog.parent()
    assert not window.command("Export layer on all pictures as GIF…").isEnabled()
    samples = sorted((repository / "resources/samples").glob("digits-*.png"))[:2]
    with qtbot.waitSignal(window.session.run_changed, timeout=PATIENCE_MS):
        window.session.open_files([str(each) for each in samples])
    assert window.command("Export layer on all pictures as GIF…").isEnabled()
    with qtbot.waitSignal(window.exporter.ended, timeout=PATIENCE_MS) as heard:
        window.exporter.export_sequence(str(tmp_path / "all"))
    assert heard.args[0].failure is None
    [written] = (tmp_path / "all" / "sequence").glob("*.gif")
    with Image.open(written) as image:
        assert image.n_frames == 2
    assert written.name.startswith("000-conv1")


def test_a_report_is_written_from_the_menu(dialog, qtbot, tmp_path):
    exporter = dialog.parent().exporter
    with qtbot.waitSignal(exporter.ended, timeout=PATIENCE_MS) as heard:
        exporter.export_report(str(tmp_path / "r.html"))
    assert heard.args[0].failure is None
    assert "conv1" in (tmp_path / "r.html").read_text()
    assert dialog.parent().status.left.text() == f"The report is in {tmp_path / 'r.html'}."
