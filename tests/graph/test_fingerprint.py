"""Which network a file holds."""

from __future__ import annotations

import os
import shutil
import time

import numpy as np
import onnx
import pytest

from inspector.graph import reader
from inspector.graph.fingerprint import fingerprint
from inspector.graph.weight import Weight, WeightFile
from tests.graph import build


def save(path, kernels, external=False, name="conv"):
    proto = build.model(
        [build.node("Conv", "x K", "y", name)],
        [build.value("x", (1, 1, 64, 64))],
        ["y"],
        [build.tensor("K", kernels)],
    )
    onnx.save(proto, path, save_as_external_data=external, location="weights.bin", size_threshold=0)
    return reader.read(str(path)).model.fingerprint


@pytest.fixture
def kernels():
    return np.random.default_rng(3).normal(size=(8, 1, 32, 32)).astype(np.float32)


def test_it_is_a_number_of_64_hexadecimal_digits(tmp_path, kernels):
    found = save(tmp_path / "a.onnx", kernels)
    assert len(found) == 64
    assert set(found) <= set("0123456789abcdef")


def test_a_copy_under_another_name_is_the_same_network(tmp_path, kernels):
    first = save(tmp_path / "a.onnx", kernels)
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "a.onnx", tmp_path / "other" / "b.onnx")
    assert reader.read(str(tmp_path / "other" / "b.onnx")).model.fingerprint == first


@pytest.mark.parametrize("place", [(0, 0, 0, 0), (7, 0, 31, 31)])
@pytest.mark.parametrize("external", [False, True])
def test_another_weight_is_another_network(tmp_path, kernels, place, external):
    first = save(tmp_path / "a.onnx", kernels, external)
    kernels[place] += 1
    assert save(tmp_path / "a.onnx", kernels, external) != first


def test_a_small_weight_counts_too(tmp_path):
    small = np.zeros((1, 1, 3, 3), np.float32)
    assert save(tmp_path / "a.onnx", small) != save(tmp_path / "b.onnx", small + 1)


def test_another_graph_is_another_network(tmp_path, kernels):
    assert save(tmp_path / "a.onnx", kernels) != save(tmp_path / "b.onnx", kernels, name="other")


def test_what_lies_beside_a_model_does_not_count(tmp_path, kernels):
    first = save(tmp_path / "a.onnx", kernels)
    (tmp_path / "a.inspector.toml").write_text("[preprocessing]\npreset = 'unit'")
    assert reader.read(str(tmp_path / "a.onnx")).model.fingerprint == first


def test_a_large_weight_is_not_read_as_a_whole(tmp_path):
    size = 553_000_000
    with open(tmp_path / "weights.bin", "wb") as file:
        file.truncate(size)
    status = os.stat(tmp_path / "weights.bin")
    stored = WeightFile(str(tmp_path / "weights.bin"), status.st_dev, status.st_ino, size, status.st_mtime_ns)
    weight = Weight("K", "kernel", (size,), "int8", (size,), stored, 0, size)
    began = time.perf_counter()
    first = fingerprint(b"graph", [weight])
    assert time.perf_counter() - began < 0.05
    with open(tmp_path / "weights.bin", "r+b") as file:
        file.seek(size - 1)
        file.write(b"1")
    assert fingerprint(b"graph", [weight]) != first


def test_real_networks_have_different_ones(shared):
    models = sorted((shared / "assets" / "models").glob("*.onnx"))
    found = [reader.read(str(each)).model.fingerprint for each in models]
    assert len(found) > 10
    assert len(set(found)) == len(found)
