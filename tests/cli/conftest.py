"""The command line, with real models, the real engine and real processes."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from onnx import helper
from PIL import Image

from inspector.cli.main import main
from tests.cli.build import FED, FLOAT, WEIGHTS, endless, save
from tests.cli.processes import COMMAND


@pytest.fixture
def linear(tmp_path):
    """A model that gives three logits for four numbers."""
    nodes = [helper.make_node("Flatten", ["x"], ["flat"], "flat"), helper.make_node("Gemm", ["flat", "W"], ["y"], "fc")]
    inputs, outputs = {"x": (FLOAT, [1, 1, 2, 2])}, {"y": (FLOAT, [1, 3])}
    return save(tmp_path / "linear.onnx", nodes, inputs, outputs, {"W": WEIGHTS}, producer_name="tests")


@pytest.fixture
def fed(tmp_path):
    np.save(tmp_path / "fed.npy", FED)
    return str(tmp_path / "fed.npy")


@pytest.fixture
def network(tmp_path):
    """Convolutions, a normalization, a split and a softmax, with names that no file may have."""
    random = np.random.default_rng(0)
    weights = {
        "K1": random.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "B1": random.normal(size=4).astype(np.float32),
        "K2": random.normal(size=(6, 2, 1, 1)).astype(np.float32),
        "scale": random.random(6).astype(np.float32),
        "offset": random.normal(size=6).astype(np.float32),
        "mean": random.normal(size=6).astype(np.float32),
        "variance": random.random(6).astype(np.float32) + 1,
        "W": random.normal(size=(3, 5)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "K1", "B1"], ["a/b"], "../../escape", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a/b"], ["A/b"], "CON"),
        helper.make_node("Conv", ["A/b", "K2"], ["c"], "conv\x1b[31m2", group=2),
        helper.make_node("BatchNormalization", ["c", "scale", "offset", "mean", "variance"], ["d"], "Norm"),
        helper.make_node("Split", ["d"], ["left", "right"], "split", axis=1, num_outputs=2),
        helper.make_node("Mul", ["left", "right"], ["product"], "norm"),
        helper.make_node("GlobalAveragePool", ["product"], ["pooled"], "n" * 300),
        helper.make_node("Flatten", ["pooled"], ["flat"], ""),
        helper.make_node("MatMul", ["flat", "W"], ["logits"], "重み"),
        helper.make_node("Softmax", ["logits"], ["y"], ".."),
    ]
    inputs, outputs = {"x": (FLOAT, ["N", 3, 8, 8])}, {"y": (FLOAT, ["N", 5])}
    return save(tmp_path / "network.onnx", nodes, inputs, outputs, weights, opset=18)


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    return str(tmp_path / "noise.png")


@pytest.fixture
def said(capsys):
    """Carry out a command in this process; return exit code, stdout and stderr."""

    def carry_out(*arguments):
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return carry_out


@pytest.fixture
def answered(said):
    """Carry out a command that prints JSON."""

    def carry_out(*arguments, code=0):
        found, out, err = said(*arguments, "--json")
        assert found == code, err
        return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    return carry_out


@pytest.fixture
def endless_model(tmp_path):
    return endless(tmp_path / "endless.onnx")


@pytest.fixture
def running(endless_model, fed):
    """The program with a model that never ends."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*COMMAND, "classify", endless_model, fed], text=True, **pipes)
    yield process
    process.kill()
    process.communicate()
