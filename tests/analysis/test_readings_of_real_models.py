"""Readings of networks that people have: what is shown of codes is what ONNX Runtime makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.analysis.reading import reading
from inspector.engine.protocol import ModelOpened, OpenModel, Ran, RunImage
from tests.engine.conftest import engine, talk

__all__ = ["engine", "talk"]


def ran(engine, path, fed):
    engine.engine.send(OpenModel(1, str(path)))
    opened = engine.next()
    assert isinstance(opened, ModelOpened), opened
    engine.next()
    answer = engine.ask(RunImage(2, str(path), str(fed)))
    assert isinstance(answer, Ran), answer
    return opened.model, answer.run


@pytest.mark.parametrize("name", ["kws_qdq.onnx", "kws_qoperator.onnx"])
def test_every_tensor_of_codes_is_shown_as_its_dequantizelinear_computes_it(shared, engine, tmp_path, name):
    fed = tmp_path / "fed.npy"
    np.save(fed, np.random.default_rng(0).normal(10, 8, (1, 1960)).astype(np.float32))
    model, run = ran(engine, shared / "assets" / "models" / name, fed)
    made = {output.name: output for layer in model.layers for output in layer.outputs}
    compared = 0
    for layer in model.layers:
        known = made.get(layer.inputs[0])
        if layer.op_type != "DequantizeLinear" or known is None:
            continue
        shown = reading(run.tensors[known.name], known, run.tensors)
        expected = reading(run.tensors[layer.output.name], layer.output, run.tensors)
        np.testing.assert_array_equal(shown.values, expected.values, known.name)
        compared += 1
    assert compared >= {"kws_qdq.onnx": 10, "kws_qoperator.onnx": 2}[name], compared


def test_every_tensor_with_its_channels_last_has_as_many_tiles_as_channels(shared, engine, tmp_path):
    fed = tmp_path / "fed.npy"
    np.save(fed, np.random.default_rng(0).normal(0, 1, (1, 76, 32, 1)).astype(np.float32))
    model, run = ran(engine, shared / "assets" / "models" / "openwakeword_embedding.onnx", fed)
    checked = 0
    for layer in model.layers:
        tensor = run.tensors[layer.output.name]
        if tensor.ndim != 4:
            continue
        axes = (3, 1, 2) if layer.output.channels_last else (1, 2, 3)
        shown = reading(tensor, layer.output, run.tensors)
        np.testing.assert_array_equal(shown.maps, tensor[0].transpose([axis - 1 for axis in axes]))
        checked += layer.output.channels_last
    assert checked >= 2, checked
