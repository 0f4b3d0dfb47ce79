"""An export of many pictures: files, folders and patterns, side by side, resumed, and the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.build import FED
from tests.cli.processes import COMMAND, PATIENCE_SECONDS

EVERYTHING = "maps,kernels,tensors,probabilities,input,overlay,overview,layers,statistics,colors,viewers,report"
EVERY_FORMAT = "png,npy,npz,tiff,svg,csv,json,html"


def content(folder):
    """Every file below a folder, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def photos(tmp_path):
    random = np.random.default_rng(2)
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for name in ("a.png", "b.png", "more/c.png", "more/a.png"):
        Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_folders_and_patterns_stand_for_the_pictures_in_them(said, network, photos, tmp_path):
    arguments = ("--to", str(tmp_path / "out"), "--what", "probabilities")
    code, out, err = said("export", network, str(photos / "*.png"), str(photos), *arguments)
    assert code == 0, err
    names = ["a.png", "b.png", "a.png-2", "c.png"]  # more/a.png comes before more/c.png
    assert out == "".join(f"{tmp_path / 'out' / name}: 2 files\n" for name in names)
    images = [json.loads((tmp_path / "out" / name / "index.json").read_text())["image"] for name in names]
    assert images == [str(photos / name) for name in ("a.png", "b.png", "more/a.png", "more/c.png")]


def test_what_an_export_wrote_below_the_pictures_is_no_picture(said, network, photos):
    (photos / ".thumbnails").mkdir()
    (photos / ".thumbnails" / "a.png").write_bytes((photos / "a.png").read_bytes())
    command = ("export", network, str(photos), "--to", str(photos / "out"), "--what", "maps")
    names = ["a.png", "a.png-2", "b.png", "c.png"]
    assert said(*command)[0] == 0
    assert sorted(os.listdir(photos / "out")) == names
    assert said(*command, "--resume")[1].count("complete already") == 4
    assert sorted(os.listdir(photos / "out")) == names


def test_what_names_no_picture_is_said_at_the_end_and_the_rest_is_written(said, network, photos, tmp_path):
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (tmp_path / "empty").mkdir()
    given = (str(photos / "broken.png"), str(photos / "b.png"), str(tmp_path / "empty"), str(tmp_path / "*.jpg"))
    code, out, err = said("export", network, *given, "--to", str(tmp_path / "out"), "--what", "maps")
    assert code == 3
    assert out == f"{tmp_path / 'out' / 'b.png'}: 12 files\n"
    lines = err.splitlines()
    assert lines[-1] == "3 of 4 could not be exported as wanted."
    assert f"{tmp_path / 'empty'} holds no picture" in err
    assert f"No file has a name like {tmp_path / '*.jpg'}" in err
    assert "broken.png" in lines[-2]
    assert os.listdir(tmp_path / "out") == ["b.png"]


def test_two_exports_give_the_same_bytes_also_side_by_side(said, network, photos, tmp_path):
    arguments = (
        "--what",
        EVERYTHING,
        "--format",
        EVERY_FORMAT,
        "--layers",
        "[!n]*",
        "--caption",
        "--preprocess",
        "unit",
    )
    pictures = [str(photos / name) for name in ("a.png", "b.png")]
    said_first = said("export", network, *pictures, "--to", str(tmp_path / "out"), *arguments)
    assert said_first[0] == 0, said_first[2]
    first = content(tmp_path / "out")
    said_again = said(
        "export", network, *pictures, "--to", str(tmp_path / "out"), *arguments, "--overwrite", "--jobs=2"
    )
    assert said_again == said_first
    assert content(tmp_path / "out") == first
    for index in ("a.png/index.json", "b.png/index.json"):
        for each in json.loads(first[index])["files"]:
            written = first[f"{index.partition('/')[0]}/{each['file']}"]
            assert (each["bytes"], each["sha256"]) == (len(written), hashlib.sha256(written).hexdigest())


def test_what_is_complete_is_skipped_and_anything_else_is_made_anew(said, network, photos, tmp_path):
    pictures = [str(photos / name) for name in ("a.png", "b.png", "more/c.png")]
    arguments = (
        "export",
        network,
        *pictures,
        "--to",
        str(tmp_path / "out"),
        "--what",
        "maps,probabilities",
        "--resume",
    )
    assert said(*arguments)[0] == 0
    first = content(tmp_path / "out")
    complete = [f"{tmp_path / 'out' / name}: complete already\n" for name in ("a.png", "b.png", "c.png")]
    assert said(*arguments)[:2] == (0, "".join(complete))

    cut = tmp_path / "out" / "b.png" / "probabilities.json"
    cut.write_bytes(cut.read_bytes()[:-1])
    (tmp_path / "out" / "c.png" / "probabilities.json").unlink()
    code, out, _ = said(*arguments)
    assert code == 0
    assert out.splitlines()[0] == complete[0].rstrip()
    assert [line.rpartition(": ")[2] for line in out.splitlines()[1:]] == ["13 files"] * 2
    assert content(tmp_path / "out") == first

    code, out, _ = said(*arguments, "--scale", "2")  # other pictures are wanted
    assert "complete already" not in out
    Image.new("RGB", (8, 8), "red").save(pictures[0])  # another picture of the same name
    code, out, _ = said(*arguments, "--scale", "2")
    assert [line.endswith("complete already") for line in out.splitlines()] == [False, True, True]


def test_what_the_files_beside_the_model_say_counts_for_what_is_complete(said, linear, fed, tmp_path):
    command = ("export", linear, fed, "--to", str(tmp_path / "out"), "--what", "probabilities", "--resume")
    sidecar = Path(linear).with_suffix(".inspector.toml")
    found = []
    for text in ('labels = ["a", "b", "c"]\n', 'labels = ["a", "b", "c"]\n', 'labels = ["a", "b", "d"]\n'):
        sidecar.write_text(text)
        code, out, err = said(*command)
        assert code == 0, err
        found.append("complete already" in out)
    assert found == [False, True, False]
    content = json.loads((tmp_path / "out" / "fed.npy" / "probabilities.json").read_text())
    assert {each["label"] for each in content["classes"]} == {"a", "b", "d"}


def test_an_export_that_was_killed_is_resumed(network, photos, tmp_path):
    command = [*COMMAND, "export", network, str(photos), "--to", str(tmp_path / "out"), "--what", "maps,tensors"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (tmp_path / "out" / "b.png" / "index.json").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not [name for name in content(tmp_path / "out") if "/." in name]
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == f"{tmp_path / 'out' / 'a.png'}: complete already"
    names = sorted(os.listdir(tmp_path / "out"))
    assert names == ["a.png", "a.png-2", "b.png", "c.png"]
    assert all(json.loads((tmp_path / "out" / name / "index.json").read_text())["complete"] for name in names)


def test_an_impossible_format_is_wrong_usage_before_anything_is_opened(said, tmp_path):
    code, out, err = said("export", "no.onnx", "no.png", "--to", str(tmp_path / "out"), "--what=maps", "--format=npz")
    assert (code, out) == (2, "")
    assert err == "There is no maps as npz. Possible for maps: png, tiff, gif, mp4.\n"
    assert not (tmp_path / "out").exists()


def test_a_bar_shows_how_many_pictures_are_done_if_it_is_asked_for(said, linear, fed, tmp_path):
    np.save(tmp_path / "second.npy", FED + 1)
    arguments = ("--to", str(tmp_path / "out"), "--what", "probabilities", "--overwrite")
    pictures = (fed, str(tmp_path / "second.npy"))
    code, _, err = said("export", linear, *pictures, *arguments)
    assert (code, err) == (0, "")
    code, out, err = said("export", linear, *pictures, *arguments, "--progress")
    assert code == 0
    assert "2/2" in err
    assert out.count("\n") == 2


def test_the_index_says_what_is_needed_to_make_it_again(said, network, photos, tmp_path):
    arguments = ("--preprocess", "signed", "--what", "maps", "--colormap", "vik", "--limits=-2,2", "--channels", "0-1")
    assert said("export", network, str(photos / "a.png"), "--to", str(tmp_path / "out"), *arguments)[0] == 0
    index = json.loads((tmp_path / "out" / "a.png" / "index.json").read_text())
    asked = index["asked"]
    digests = [hashlib.sha256(Path(each).read_bytes()).hexdigest() for each in (network, photos / "a.png")]
    assert [asked["model"], asked["image"]] == digests
    assert asked["what"] == {"maps": ["png"]}
    assert (asked["channels"], asked["limits"], asked["colormap"]) == ([0, 1], [-2, 2], "vik")
    assert asked["recipe"]["name"] == "signed"
    assert index["preprocessing"]["source"] == "chosen with --preprocess"
    assert index["inputs"] == [{"name": "x", "shape": [1, 3, 8, 8], "dtype": "float32", "from": "the picture"}]
    assert index["complete"]
    import onnxruntime

    assert index["runtime"] == onnxruntime.__version__
    first = next(each for each in index["files"] if each["file"] == "000-escape-c0001.png")
    assert first["channels"] == {"order": "as stored", "shown": [1]}
    assert (first["limits"], first["colormap"]) == ([-2, 2], "vik")


def test_many_pictures_through_one_layer_become_an_animation_with_common_limits(said, network, photos, tmp_path):
    (photos / "broken.png").write_bytes(b"no picture")
    arguments = ("--to", str(tmp_path / "out"), "--what", "sequence,tensors", "--preprocess", "unit")
    code, out, err = said("export", network, str(photos), *arguments, "--layers", "CON", "--channels", "1")
    assert code == 3
    assert "broken.png" in err
    folder = tmp_path / "out" / "sequence"
    assert out.splitlines()[-1] == f"{folder}: 2 files"
    index = json.loads((folder / "index.json").read_text())
    (entry,) = index["files"]
    with Image.open(folder / entry["file"]) as image:
        assert image.n_frames == 4
    maps = [np.load(path)[0, 1] for path in (tmp_path / "out").glob("*/001-x_CON.npy")]
    assert len(maps) == 4
    whole = [np.load(path) for path in (tmp_path / "out").glob("*/001-x_CON.npy")]
    assert entry["limits"] == [min(each.min() for each in whole), max(each.max() for each in whole)]
    assert entry["images"] == [str(photos / name) for name in ("a.png", "b.png", "more/a.png", "more/c.png")]
    code, _, err = said("export", network, str(photos), *arguments[:3], "sequence", "--overwrite")
    assert code == 2
    assert "A sequence of pictures is of 8 layers at most, and these are 10." in err
