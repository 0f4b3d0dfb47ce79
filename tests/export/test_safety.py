"""Whatever happens to an export, no file of it is half there, and none is elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from inspector.errors import ExportError
from inspector.export.files import Folder
from inspector.export.wish import POSSIBLE, Wish
from inspector.export.writer import export
from tests.export.made import answer, network, run_of
from tests.export.test_files import HOSTILE

KILLS = 50
_KILLED = """
import json, os, random, signal, sys, time
import numpy as np
from PIL import Image
from inspector.export.wish import Wish
from inspector.export.writer import export
from tests.export.made import network, run_of

to, kills = sys.argv[1], int(sys.argv[2])
random.seed(7)
tensors = [np.full((1, 8, 40, 40), number, np.float32) for number in range(6)]
source, run = network([f"conv{number}" for number in range(6)], tensors), run_of(tensors)
wish = Wish(frozenset({"maps", "tensors"}), formats=frozenset({"png", "npy", "npz", "tiff"}))

def whole(folder, fresh):
    names = os.listdir(folder)
    left = [name for name in names if name.startswith(".")]
    assert len(left) <= 1 and not (fresh and left), left
    for name in names:
        path = os.path.join(folder, name)
        if name.endswith(".npy") and name[0].isdigit():
            assert (np.load(path) == int(name[:3])).all() and np.load(path).shape == (1, 8, 40, 40), name
        elif name.endswith(".npz"):
            with np.load(path) as found:
                assert [int(found[each].max()) for each in found] == list(range(6)), name
        elif name.endswith((".png", ".tif")):
            with Image.open(path) as image:
                image.load()
        elif name == "index.json":
            json.load(open(path))
    return len(names)

began = time.perf_counter()
export(to + "/warm", source, run.prediction, lambda names: run, wish)
seconds = time.perf_counter() - began
counts = []
for number in range(kills):
    fresh = number % 2 == 0
    folder = f"{to}/{number}" if fresh else f"{to}/warm"
    child = os.fork()
    if not child:
        try:
            export(folder, source, run.prediction, lambda names: run, wish, overwrite=True)
        finally:
            os._exit(0)
    time.sleep(random.random() * seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if os.path.isdir(folder):
        counts.append(whole(folder, fresh))
assert len(set(counts)) > 3, counts  # they were hit at different moments
export(to + "/warm", source, run.prediction, lambda names: run, wish, overwrite=True)
assert not [name for name in os.listdir(to + "/warm") if name.startswith(".")]
print("whole", len(counts), min(counts), max(counts))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name are Linux's")
def test_an_export_that_is_killed_at_any_moment_leaves_whole_files_only(tmp_path, repository):
    command = [sys.executable, "-c", _KILLED, str(tmp_path), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=repository, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("whole")


@pytest.fixture
def small_disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_disk_that_is_full_is_said_and_keeps_whole_files_only(small_disk):
    tensors = [np.random.default_rng(0).random((1, 4, 128, 128), np.float32) for _ in range(8)]  # 256 KiB each
    source, run = network([f"conv{number}" for number in range(8)], tensors), run_of(tensors)
    wish = Wish(frozenset({"tensors"}))
    with pytest.raises(ExportError, match="No space left on device") as caught:
        export(small_disk / "out", source, run.prediction, lambda names: run, wish)
    assert "Make room on that disk" in caught.value.remedy
    names = os.listdir(small_disk / "out")
    assert "index.json" in names
    assert not json.loads((small_disk / "out" / "index.json").read_text())["complete"]
    arrays = [name for name in names if name[0].isdigit()]
    assert 1 <= len(arrays) < 8
    for name in arrays:
        np.testing.assert_array_equal(np.load(small_disk / "out" / name), tensors[int(name[:3])])
    assert sorted(names) == sorted([*arrays, "input-x.npy", "index.json"])


def test_a_folder_that_nobody_may_write_to_is_said(tmp_path):
    with pytest.raises(ExportError, match="cannot be written") as caught:
        export("/proc/self", network(["a"], [np.zeros((1, 1))]), answer([np.zeros((1, 1))]), None, Wish())
    assert caught.value.exit_code == 7


def folded(name):
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def test_layers_of_hostile_names_are_exported_inside_the_folder_and_never_meet(tmp_path):
    tensors = [np.full((1, 2, 3, 3), place, np.float32) for place in range(len(HOSTILE))]
    source, run = network(HOSTILE, tensors), run_of(tensors)
    wish = Wish(
        frozenset(POSSIBLE) - {"report", "sequence"}, formats=frozenset({"png", "npy", "npz", "json", "svg", "csv"})
    )
    exported = export(tmp_path / "deep" / "out", source, run.prediction, lambda names: run, wish)
    assert os.listdir(tmp_path) == ["deep"]
    assert os.listdir(tmp_path / "deep") == ["out"]
    names = os.listdir(tmp_path / "deep" / "out")
    assert sorted(names) == sorted(exported.files)
    assert len({folded(name) for name in names}) == len(names)
    assert max(len(name.encode()) for name in names) <= 120
    files = json.loads((tmp_path / "deep" / "out" / "index.json").read_text())["files"]
    numbers = {each["layer"]: each["file"] for each in files if each["what"] == "tensors" and each["layer"] is not None}
    assert len(numbers) == len(HOSTILE)
    for place, name in enumerate(HOSTILE):
        assert np.load(tmp_path / "deep" / "out" / numbers[name])[0, 0, 0, 0] == place


def test_a_replaced_file_keeps_its_old_content_until_the_new_one_is_whole(tmp_path):
    folder = Folder(tmp_path)
    folder.claim(["000-a.npy"], lambda names: {})
    folder.write("000-a.npy", lambda file: file.write(b"old"))
    with folder.part("000-a.npy") as part:
        part.file.write(b"new")
        part.file.flush()
        assert (tmp_path / "000-a.npy").read_bytes() == b"old"
        written = part.finish()
    assert (tmp_path / "000-a.npy").read_bytes() == b"new"
    assert written.bytes == 3
    assert sorted(os.listdir(tmp_path)) == ["000-a.npy", "index.json"]
