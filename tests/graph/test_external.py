"""Weights in other files: which a model may name, and which not. Most cases are published vulnerabilities."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from inspector.errors import ModelError
from inspector.graph import wire
from inspector.graph.reader import read
from tests.graph.build import model, node, run, tensor, value

KERNEL = np.arange(4 * 3 * 3 * 3, dtype=np.float32).reshape(4, 3, 3, 3)
SECRET = KERNEL.tobytes()

Prepare = Callable[[Path, Path], None]


def outside(location: str, offset: object = None, length: object = None, name: str = "w", **extra: str) -> TensorProto:
    """A kernel that lies in a file."""
    made = TensorProto(name=name, data_type=1, dims=KERNEL.shape, data_location=TensorProto.EXTERNAL)
    entries = {"location": location, "offset": offset, "length": length, **extra}
    for key, each in entries.items():
        if each is not None:
            made.external_data.add(key=key, value=str(each))
    return made


def write(folder: Path, *initializers: TensorProto, nodes=None, name: str = "model.onnx") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    nodes = nodes or [node("Conv", "x w", "y", "conv")]
    made = model(nodes, [value("x", [1, 3, 8, 8])], ["y"], initializers)
    (folder / name).write_bytes(made.SerializeToString())
    return str(folder / name)


def beside(folder: Path, secret: Path) -> None:
    (folder / "w.bin").write_bytes(SECRET)


def linked(folder: Path, secret: Path) -> None:
    (folder / "w.bin").symlink_to(secret)


def linked_folder(folder: Path, secret: Path) -> None:
    (folder / "inner").symlink_to(secret.parent)


def linked_hard(folder: Path, secret: Path) -> None:
    os.link(secret, folder / "w.bin")


def zeros(folder: Path, secret: Path) -> None:
    (folder / "w.bin").symlink_to("/dev/zero")


def pipe(folder: Path, secret: Path) -> None:
    os.mkfifo(folder / "w.bin")


def directory(folder: Path, secret: Path) -> None:
    (folder / "w.bin").mkdir()


def short(folder: Path, secret: Path) -> None:
    (folder / "w.bin").write_bytes(bytes(100))


def inner_folder(folder: Path, secret: Path) -> None:
    (folder / "sub").mkdir()


def nothing(folder: Path, secret: Path) -> None:
    pass


REFUSED: dict[str, tuple[Prepare, TensorProto, str]] = {
    "parent folder": (nothing, outside("../secret/secret.bin"), "points out of"),  # CVE-2022-25882
    "parent of a folder": (inner_folder, outside("sub/../../secret/secret.bin"), "points out of"),  # CVE-2024-27318
    "absolute": (nothing, outside("/etc/passwd", 0, 432), "points out of"),
    "environment": (nothing, outside("/proc/self/environ", 0, 432), "points out of"),
    "windows path": (nothing, outside("..\\secret\\secret.bin"), "points out of"),
    "drive": (nothing, outside("C:secret.bin"), "another drive"),
    "nul": (nothing, outside("w.bin\0.txt"), "points out of"),
    "link": (linked, outside("w.bin"), "reached by a link"),  # CVE-2026-27489
    "linked folder": (linked_folder, outside("inner/secret.bin"), "reached by a link"),  # CVE-2026-34447
    "hard link": (linked_hard, outside("w.bin"), "hard link"),  # CVE-2026-34446
    "link to a device": (zeros, outside("w.bin"), "reached by a link"),
    "pipe": (pipe, outside("w.bin"), "not a regular file"),
    "folder": (directory, outside("w.bin"), "not a regular file"),
    "missing": (nothing, outside("w.bin"), "no such file"),
    "memory address": (nothing, outside("*/_ORT_MEM_ADDR_/*", 4096, 432), "no such file"),
    "no location": (nothing, outside(""), "names no file"),
    "only dots": (nothing, outside("./."), "names no file"),
    "short": (short, outside("w.bin"), "ends before the weights"),
    "offset beyond": (beside, outside("w.bin", 10**12), "ends before the weights"),
    "offset negative": (beside, outside("w.bin", -4096), "no number of bytes"),
    "offset of words": (beside, outside("w.bin", "0x10 OR 1"), "no number of bytes"),
    "offset without end": (beside, outside("w.bin", "9" * 5000), "no number of bytes"),
    "length of exabytes": (beside, outside("w.bin", 0, 9 * 10**18), "are announced"),  # CVE-2026-34445
    "length of less": (beside, outside("w.bin", 0, 400), "are announced"),
    "name too long": (nothing, outside("n" * 5000), "cannot be opened"),
}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret" / "secret.bin"
    path.parent.mkdir()
    path.write_bytes(SECRET)
    return path


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_a_model_may_not_name_is_refused(case, tmp_path, secret):
    prepare, weight, why = REFUSED[case]
    path = write(tmp_path / "model", weight)
    prepare(tmp_path / "model", secret)
    with pytest.raises(ModelError, match=why) as caught:
        read(path)
    assert "model.onnx" in caught.value.message
    assert caught.value.remedy


def test_a_path_hidden_in_a_constant_is_refused(tmp_path, secret):
    nodes = [node("Constant", "", "w", value=outside("../secret/secret.bin")), node("Conv", "x w", "y")]
    with pytest.raises(ModelError, match="points out of"):
        read(write(tmp_path / "model", nodes=nodes))


def test_a_path_hidden_in_a_branch_is_refused(tmp_path, secret):
    inner = outside("../secret/secret.bin", name="inner")
    branch = helper.make_graph([node("Identity", "inner", "out")], "branch", [], [value("out", None)], [inner])
    nodes = [node("If", "yes", "w", then_branch=branch, else_branch=branch), node("Conv", "x w", "y")]
    with pytest.raises(ModelError, match="points out of"):
        read(write(tmp_path / "model", tensor("yes", np.array(True)), nodes=nodes))


def test_a_path_hidden_in_a_sparse_tensor_is_refused(tmp_path, secret):
    made = model([node("Relu", "x", "y")], [value("x", [1])], ["y"])
    made.graph.sparse_initializer.add(values=outside("../secret/secret.bin"), dims=[108])
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(ModelError, match="points out of"):
        read(str(path))


@pytest.mark.parametrize("name", ["w.bin", "./w.bin", "deep/er/w.bin", "Gewichte_ß_重み.bin"])
def test_weights_beside_the_model_are_read_and_run(name, tmp_path):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(64) + SECRET)
    opened = read(write(tmp_path, outside(name, 64, nonsense="1", __class__="str")))  # unknown keys are left out
    np.testing.assert_array_equal(opened.model.layers[0].weight("kernel").read(), KERNEL)
    assert [each.path for each in opened.files] == [str(tmp_path / "model.onnx"), str(file.resolve())]
    keys = [entry.key for entry in opened.proto.graph.initializer[0].external_data]
    assert keys == ["location", "offset", "length"]
    ones = np.ones((1, 3, 8, 8), np.float32)
    np.testing.assert_allclose(run(opened, {"x": ones})["y"][0, :, 0, 0], KERNEL.sum((1, 2, 3)))


def test_weights_in_the_models_own_file_and_beside_it_run_together(tmp_path):
    (tmp_path / "w.bin").write_bytes(SECRET)
    second = tensor("v", np.ones((16, 4, 3, 3), np.float32))
    opened = read(write(tmp_path, outside("w.bin"), second, nodes=[node("Conv", "x w", "a"), node("Conv", "a v", "y")]))
    found = run(opened, {"x": np.ones((1, 3, 8, 8), np.float32)})["y"]
    np.testing.assert_allclose(found, KERNEL.sum() * 9)
    assert len(opened.files) == 2


def test_a_cache_of_links_into_one_folder_of_blobs_is_allowed(tmp_path):
    """The layout of a Hugging Face cache: everything is a link, to a file whose name is a hash."""
    root = tmp_path / "models--somebody--net"
    (root / "blobs").mkdir(parents=True)
    snapshot = root / "snapshots" / "0123abc" / "onnx"
    write(root / "blobs", outside("model.onnx_data", 16), name="aaaa")
    (root / "blobs" / "bbbb").write_bytes(bytes(16) + SECRET)
    snapshot.mkdir(parents=True)
    (snapshot / "model.onnx").symlink_to("../../../blobs/aaaa")
    (snapshot / "model.onnx_data").symlink_to("../../../blobs/bbbb")
    opened = read(str(snapshot / "model.onnx"))
    assert opened.folder == str(root.resolve())
    np.testing.assert_array_equal(opened.model.layers[0].weight("kernel").read(), KERNEL)
    assert run(opened, {"x": np.ones((1, 3, 8, 8), np.float32)})["y"].shape == (1, 4, 6, 6)


def test_a_link_out_of_a_cache_is_refused(tmp_path, secret):
    root = tmp_path / "models--somebody--net"
    snapshot = root / "snapshots" / "0123abc"
    (root / "blobs").mkdir(parents=True)
    path = write(snapshot, outside("model.onnx_data"))
    (snapshot / "model.onnx_data").symlink_to(secret)
    with pytest.raises(ModelError, match="reached by a link"):
        read(path)
    (root / "blobs" / "inner").mkdir()
    (root / "blobs" / "inner" / "deep").write_bytes(SECRET)
    (snapshot / "model.onnx_data").unlink()
    (snapshot / "model.onnx_data").symlink_to("../../blobs/inner/deep")
    with pytest.raises(ModelError, match="reached by a link"):
        read(path)


def test_a_model_reached_by_a_link_finds_what_lies_beside_it(tmp_path):
    (tmp_path / "real").mkdir()
    write(tmp_path / "real", outside("w.bin"))
    (tmp_path / "real" / "w.bin").write_bytes(SECRET)
    (tmp_path / "link.onnx").symlink_to("real/model.onnx")
    opened = read(str(tmp_path / "link.onnx"))
    assert opened.model.path == str(tmp_path / "link.onnx")
    np.testing.assert_array_equal(opened.model.layers[0].weight("kernel").read(), KERNEL)


@pytest.mark.parametrize("digits", ["99", "9" * 5_000])
def test_our_own_mark_in_a_model_with_a_wrong_length_is_refused(digits, tmp_path):
    path = write(tmp_path, outside(wire.OWN_FILE, 0, digits))
    with pytest.raises(ModelError, match="take 432 bytes, but "):
        read(path)


def test_strings_cannot_lie_in_a_file(tmp_path):
    weight = outside("w.bin")
    weight.data_type = TensorProto.STRING
    (tmp_path / "w.bin").write_bytes(SECRET)
    with pytest.raises(ModelError, match="its type"):
        read(write(tmp_path, weight))
