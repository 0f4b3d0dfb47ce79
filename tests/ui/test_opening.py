"""What the command line wishes for the first model, in the window."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image

from inspector.ui.main_window import MainWindow
from inspector.ui.program import Wishes, begin
from inspector.ui.settings import Settings

PATIENCE_MS = 60_000


@pytest.fixture
def window(session, qtbot):
    window = MainWindow(session, Settings(None))
    qtbot.addWidget(window)
    return window


@pytest.fixture
def adding(save):
    """A picture of any size plus another tensor."""
    nodes = [helper.make_node("Add", ["x", "offset"], ["y"])]
    return str(save("add.onnx", nodes, {"x": ["n", 1, "height", "width"], "offset": [1]}, ["y"]))


def test_shapes_inputs_and_frame_hold_for_the_first_model(window, session, adding, tmp_path, qtbot):
    frames = [Image.new("L", (32, 32), level) for level in (0, 51, 255)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    np.save(tmp_path / "offset.npy", np.array([1], np.float32))
    wishes = Wishes(
        adding,
        (str(tmp_path / "x.gif"),),
        preprocess="byte",
        input_shapes=("x=2,1,8,16",),
        inputs=(f"offset={tmp_path / 'offset.npy'}",),
        frame=1,
    )
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        begin(session, window, wishes)
    assert session.run.prediction.outputs["y"].tolist() == np.full((2, 1, 8, 16), 52).tolist()
    assert session.run.prediction.origins == {"x": "the picture", "offset": "offset.npy"}
    assert (session.shapes, session.frame) == ({"x": (2, 1, 8, 16)}, 1)


def test_a_wish_for_an_input_that_is_not_there_is_said(window, session, adding, picture, qtbot):
    with qtbot.waitSignal(session.failure_changed, timeout=PATIENCE_MS):
        begin(session, window, Wishes(adding, (str(picture),), inputs=("other=1",)))
    assert session.failure.message == "add.onnx has no input 'other'."
    assert session.failure.remedy == "Its inputs: x, offset."
