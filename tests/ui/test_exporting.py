"""An export from the window is of what the window shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import helper
from PIL import Image
from PySide6.QtWidgets import QApplication

from inspector.cli import arguments
from inspector.cli.export import chosen_wish
from inspector.export.wish import POSSIBLE, Look, Wish
from inspector.graph.preprocessing import Preprocessing
from inspector.ui import theme
from inspector.ui.exporting import command
from inspector.ui.main_window import MainWindow
from inspector.ui.settings import Settings
from tests.ui.panels.conftest import PATIENCE_MS

OWN = Preprocessing("custom", "changed in the window", scale=1 / 3, mean=(1.0, 2.0, 3.0), fill=(1, 2, 3), size=(8, 16))


def test_a_recipe_of_ones_own_reaches_the_command_line_unchanged():
    given = command("m.onnx", "p.png", "out", recipe=OWN)
    name, asked = arguments.parsed(given)
    assert name == "export"
    assert asked.recipe == OWN


def test_lengths_inputs_and_frame_are_handed_on():
    given = command(
        "m.onnx", "p.gif", "out", inputs={"a=b": 2.5, "state": "/x/s.npy"}, shapes={"x": (1, 3, 8, 16)}, frame=4
    )
    _, asked = arguments.parsed(given)
    assert asked.input == ["a=b=2.5", "state=/x/s.npy"]
    assert asked.input_shape == ["x=1,3,8,16"]
    assert asked.frame == 4
    assert asked.recipe is None


@pytest.mark.parametrize("text", ["{", "[]", '{"scale": 0}', '{"new": 1}'])
def test_what_is_no_recipe_is_wrong_usage(text, capsys):
    with pytest.raises(SystemExit) as ended:
        arguments.parsed(["export", "--to=out", f"--recipe={text}", "--", "m.onnx", "p.png"])
    assert ended.value.code == 2
    assert "is not a recipe" in capsys.readouterr().err


def test_the_exported_tensor_is_the_one_that_was_fed(session, save, tmp_path, qtbot, qapp: QApplication):
    theme.apply(qapp, "dark")
    nodes = [
        helper.make_node("ReduceSum", ["bias"], ["shift"], keepdims=1),
        helper.make_node("Add", ["x", "shift"], ["y"], name="add"),
    ]
    model = save("shifted.onnx", nodes, {"x": [1, 3, "h", "w"], "bias": [1, 1, 1, 2]}, ["y"])
    picture = tmp_path / "picture.png"
    Image.fromarray(np.arange(8 * 16 * 3, dtype=np.uint8).reshape(8, 16, 3)).save(picture)
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_files([str(model), str(picture)])
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.set_preprocessing(replace(OWN, fit="stretch"))
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.set_input("bias", 0.25)
    window = MainWindow(session, Settings(None))
    qtbot.addWidget(window)
    folder = tmp_path / "out"
    with qtbot.waitSignal(window.exporter.changed):
        window.exporter.export(str(folder), "add")
    qtbot.waitUntil(lambda: not window.exporter.is_exporting(), timeout=PATIENCE_MS)
    pixels = np.arange(8 * 16 * 3, dtype=np.float64).reshape(8, 16, 3) % 256
    expected = (pixels / 3 - [1, 2, 3]).transpose(2, 0, 1) + 0.5
    (found,) = [each for each in folder.rglob("*.npy") if "add" in each.name]
    np.testing.assert_allclose(np.load(found).reshape(expected.shape), expected, rtol=1e-5)
    window.close()


def test_how_the_answer_is_read_goes_with_the_export():
    assert "--head=sigmoid" in command("m.onnx", "p.png", "out", head="sigmoid")
    assert not [each for each in command("m.onnx", "p.png", "out") if each.startswith("--head")]


def test_every_wish_reaches_the_command_line_unchanged():
    looks = (
        Look(),
        Look("symmetric", None, "vik", 4, 0, True),
        Look(limits=(-1 / 3, 1e-7), width=640),
    )
    wishes = [Wish(look=look) for look in looks]
    wishes.append(Wish(frozenset(POSSIBLE), "[c]onv*", frozenset({"png", "csv", "npz"}), (0, 1, 7)))
    for wish in wishes:
        name, asked = arguments.parsed(command("m.onnx", "p.png", "out", wish=wish, overwrite=True))
        assert name == "export"
        assert asked.overwrite
        assert chosen_wish(asked) == wish


def test_animation_is_of_the_layer_that_the_panel_shows_and_of_what_was_fed(session, save, tmp_path, qtbot, qapp):
    theme.apply(qapp, "dark")
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], name="a conv", pads=[1, 1, 1, 1])]
    weights = {"w": np.ones((2, 3, 3, 3), np.float32)}
    model = save("slides.onnx", nodes, {"x": [1, 3, 6, 6]}, ["y"], weights)
    tensor = tmp_path / "x.npy"
    np.save(tensor, np.random.default_rng(0).standard_normal((1, 3, 6, 6)).astype(np.float32))
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.open_files([str(model), str(tensor)])
    window = MainWindow(session, Settings(None))
    qtbot.addWidget(window)
    path = tmp_path / "slides.gif"
    with qtbot.waitSignal(window.exporter.changed):
        window.exporter.export_animation(str(path), "a conv", 1, 0)
    qtbot.waitUntil(lambda: not window.exporter.is_exporting(), timeout=PATIENCE_MS)
    with Image.open(path) as image:
        assert image.n_frames == 37  # each position, and the whole output
    window.close()
