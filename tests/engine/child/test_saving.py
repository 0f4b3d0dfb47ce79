"""A changed network as a new file: the same tensors when it is opened, and the old file as it was."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from inspector.engine.child.saving import save
from inspector.engine.modified import START, request
from inspector.engine.protocol import RunImage
from inspector.errors import ExportError, ModelError
from inspector.graph.changes import Edits, SlideEdit
from inspector.graph.edits import with_numbers
from inspector.graph.reader import read
from tests.engine.plain import session as plain_session
from tests.graph.build import model as built
from tests.graph.build import node, value, weights


def digest(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_a_saved_model_gives_the_tensors_of_the_edited_one(engine, talk, repository, tmp_path):
    path = str(repository / "models" / "edges.onnx")
    picture = str(repository / "resources" / "samples" / "edges-facade.png")
    before = digest(path)
    opened = read(path)
    layer = opened.model.layer("laplacian")
    edits = with_numbers(Edits(), layer.weight("kernel"), {0: 0.5, 4: -3.25})
    edits = Edits(edits.weights, (SlideEdit(layer.output.name, (2, 2), (1, 1, 1, 1)),))
    ran = engine.ask(RunImage(1, path, picture, edits=edits)).run
    target = str(tmp_path / "new.onnx")
    save(path, target, edits, opened.model.fingerprint)
    assert digest(path) == before
    assert os.listdir(tmp_path) == ["new.onnx"]
    again = talk(provider="cpu").ask(RunImage(1, target, picture, ran.prediction.preprocessing)).run
    assert again.tensors.keys() == ran.tensors.keys()
    for name, values in again.tensors.items():
        np.testing.assert_array_equal(values, ran.tensors[name])
    onnx.checker.check_model(target)


def test_weights_beside_the_model_go_to_a_file_beside_the_new_one(shared, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(shared / "assets" / "models" / "digits_external_data", folder)
    path = str(next(folder.glob("*.onnx")))
    opened = read(path)
    layer = next(each for each in opened.model.layers if each.family == "convolution")
    weight = layer.weight("kernel")
    edits = with_numbers(Edits(), weight, {1: 9.0})
    target = tmp_path / "new" / "new.onnx"
    target.parent.mkdir()
    save(path, str(target), edits)
    assert sorted(os.listdir(target.parent)) == ["new.onnx", "new.onnx.data"]
    old, new = onnx.load(path), onnx.load(target)
    for one, other in zip(old.graph.initializer, new.graph.initializer, strict=True):
        expected = numpy_helper.to_array(one).copy()
        if one.name == weight.name:
            expected.reshape(-1)[1] = 9.0
        np.testing.assert_array_equal(numpy_helper.to_array(other), expected)
    assert read(str(target)).model.parameters == opened.model.parameters
    session = ort.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].name == opened.model.inputs[0].name


def test_constants_and_other_parts_of_the_file_are_kept(tmp_path):
    nodes = [node("Constant", "", "k", value=weights("k", 2, 1, 2, 2)), node("Conv", "x k", "y", name="conv")]
    proto = built(nodes, [value("x", [1, 1, 4, 4])], ["y"])
    proto.producer_name = "a hand"
    proto.metadata_props.add(key="author", value="nobody")
    path, target = tmp_path / "old.onnx", tmp_path / "new.onnx"
    onnx.save(proto, path)
    edits = with_numbers(Edits(), read(str(path)).model.layer("conv").weight("kernel"), {7: 4.0})
    save(str(path), str(target), edits)
    new = onnx.load(target)
    assert new.producer_name == "a hand"
    assert [(each.key, each.value) for each in new.metadata_props] == [("author", "nobody")]
    expected = numpy_helper.to_array(nodes[0].attribute[0].t).copy()
    expected[1, 0, 1, 1] = 4.0
    np.testing.assert_array_equal(numpy_helper.to_array(new.graph.node[0].attribute[0].t), expected)
    x = np.ones((1, 1, 4, 4), np.float32)
    ran = plain_session(new, ort.GraphOptimizationLevel.ORT_DISABLE_ALL).run(None, {"x": x})[0]
    np.testing.assert_allclose(ran[0, 1], np.full((3, 3), expected[1].sum()), rtol=1e-6)


def test_a_pair_of_files_stays_one_where_the_disk_is_full_before_both_are_written(shared, tmp_path, monkeypatch):
    source = shared / "assets" / "models" / "digits_external_data" / "model.onnx"
    weight = next(each for each in read(str(source)).model.layers if each.family == "convolution").weight("kernel")
    target, data = tmp_path / "new.onnx", tmp_path / "new.onnx.data"
    target.write_bytes(b"an older one")
    data.write_bytes(b"its weights")
    written = []

    def full(descriptor):
        written.append(descriptor)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match=r"new\.onnx cannot be written: No space left"):
        save(str(source), str(target), with_numbers(Edits(), weight, {1: 9.0}))
    assert (target.read_bytes(), data.read_bytes()) == (b"an older one", b"its weights")
    assert sorted(os.listdir(tmp_path)) == ["new.onnx", "new.onnx.data"]


def test_the_model_that_is_open_is_never_written_over(repository, tmp_path):
    path = tmp_path / "edges.onnx"
    shutil.copy(repository / "models" / "edges.onnx", path)
    os.link(path, tmp_path / "same.onnx")
    edits = with_numbers(Edits(), read(str(path)).model.layer("laplacian").weight("kernel"), {0: 2.0})
    before = digest(path)
    for target in (path, tmp_path / "same.onnx"):
        with pytest.raises(ExportError, match="belongs to the model that is open"):
            save(str(path), str(target), edits)
    with pytest.raises(ModelError, match="changed on disk"):
        save(str(path), str(tmp_path / "new.onnx"), edits, "another")
    with pytest.raises(ExportError, match="cannot be written"):
        save(str(path), str(tmp_path / "nowhere" / "new.onnx"), edits)
    assert digest(path) == before
    assert sorted(os.listdir(tmp_path)) == ["edges.onnx", "same.onnx"]


def test_the_process_of_its_own_writes_the_file_and_says_what_is_wrong(repository, tmp_path):
    path = str(repository / "models" / "edges.onnx")
    model = read(path).model
    edits = with_numbers(Edits(), model.layer("laplacian").weight("kernel"), {4: 20.0})
    command = [sys.executable, "-I", "-c", START, str(repository)]
    target = str(tmp_path / "new.onnx")
    done = subprocess.run(command, input=request(path, target, edits, model.fingerprint), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert read(target).model.layer("laplacian").weight("kernel").read()[0, 0, 1, 1] == 20.0
    refused = subprocess.run(command, input=request(path, target, edits, "another"), capture_output=True)
    assert refused.returncode == ModelError.exit_code
    assert b"edges.onnx changed on disk after it was opened. Open the model again." in refused.stderr
