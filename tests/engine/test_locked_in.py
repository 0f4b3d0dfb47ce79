"""What the locked-in child can still read of what lies around a model."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from inspector.engine.child.sandbox import landlock_abi
from inspector.engine.protocol import ModelOpened, OpenModel, Ready

IMAGENET = {"image_mean": [0.5], "image_std": [0.25], "size": 8}


@pytest.fixture
def laid_out(tmp_path, signs):
    """A model as Optimum lays it out: in ``onnx``, its configuration above."""
    repository = tmp_path / "repository"
    (repository / "onnx").mkdir(parents=True)
    shutil.copy(signs, repository / "onnx" / "model.onnx")
    (repository / "config.json").write_text(json.dumps({"id2label": {"0": "a"}}))
    (repository / "preprocessor_config.json").write_text(json.dumps(IMAGENET))
    return repository / "onnx" / "model.onnx"


def opened(engine, path):
    engine.engine.send(OpenModel(1, str(path)))
    first = engine.next()
    assert isinstance(first, ModelOpened), first
    ready = engine.next()
    assert isinstance(ready, Ready), ready
    return first.model, ready.sandbox


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux")
def test_the_files_above_the_folder_onnx_are_read_from_within_the_lock(engine, laid_out):
    model, sandbox = opened(engine, laid_out)
    assert sandbox.startswith("Landlock") or landlock_abi() == 0
    assert not any(".json" in each for each in model.remarks)
    assert (model.preprocessing.mean, model.preprocessing.std) == ((0.5,), (0.25,))
    assert model.labels_source == "config.json above the model's folder"


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux")
def test_a_model_behind_a_link_is_read_with_what_lies_beside_the_link(engine, laid_out, tmp_path):
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "net.onnx").symlink_to(laid_out)
    (tmp_path / "desk" / "net.inspector.toml").write_text('[preprocessing]\npreset = "signed"')
    model, _ = opened(engine, tmp_path / "desk" / "net.onnx")
    assert model.preprocessing.name == "signed"


@pytest.mark.skipif(not landlock_abi(), reason="needs Landlock")
def test_a_link_above_onnx_opens_nothing_else(engine, laid_out, tmp_path):
    (tmp_path / "secret.json").write_text(json.dumps({**IMAGENET, "image_mean": [0.75]}))
    (laid_out.parent.parent / "preprocessor_config.json").unlink()
    (laid_out.parent.parent / "preprocessor_config.json").symlink_to(tmp_path / "secret.json")
    model, _ = opened(engine, laid_out)
    assert model.preprocessing is None
    assert any("preprocessor_config.json" in each and "a link that leads out" in each for each in model.remarks)
