"""``inspector explain --gif``."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from PIL import Image

from inspector.cli.main import main
from tests.engine.conftest import save

__all__ = ["save"]


@pytest.fixture
def slides(save, tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], name="conv", strides=[2, 2]),
        helper.make_node("Relu", ["y"], ["z"], name="relu"),
    ]
    weights = {"w": np.ones((2, 3, 3, 3), np.float32)}
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((1, 3, 7, 7)).astype(np.float32))
    return str(save("slides.onnx", nodes, {"x": [1, 3, 7, 7]}, ["z"], weights)), str(tmp_path / "x.npy")


def test_explain_writes_the_sliding_window_as_an_animation(slides, tmp_path, capsys):
    path = tmp_path / "a.gif"
    given = ["--layer", "conv", "--channel", "1", "--part", "2", "--gif", str(path)]
    assert main(["explain", *given, "--", *slides]) == 0
    with Image.open(path) as image:
        assert image.n_frames == 10
    assert "10 frames" in capsys.readouterr().err


def test_layer_without_a_window_is_wrong_usage(slides, tmp_path, capsys):
    assert main(["explain", *slides, "--layer", "relu", "--gif", str(tmp_path / "a.gif")]) == 2
    assert "no window that slides" in capsys.readouterr().err
    assert not (tmp_path / "a.gif").exists()


def test_input_channel_that_is_not_there_is_wrong_usage(slides, tmp_path, capsys):
    assert main(["explain", *slides, "--layer", "conv", "--part", "3", "--gif", str(tmp_path / "a.gif")]) == 2
    assert "sums over 3 input channels" in capsys.readouterr().err
