"""What ``./run`` makes of its arguments, and the job it does without a display."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

NO_DISPLAY = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}


@pytest.fixture
def clone(repository, tmp_path):
    """A clone that is set up; its ``inspector`` prints what it was asked, one argument a line."""
    folder = tmp_path / "clone"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".setup").mkdir()
    for name in ("run", ".setup.sh", "requirements.lock", "pyproject.toml"):
        shutil.copy(repository / name, folder)
    for name in ("models", "resources"):
        (folder / name).symlink_to(repository / name)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    _install(folder, 'printf "%s\\n" "$@" .')
    subprocess.run(
        ["sh", "-euc", 'here=$1; . "$here/.setup.sh"; wanted_stamp >"$venv/stamp"', "sh", folder], check=True
    )
    return folder


@pytest.fixture
def working_clone(repository, clone):
    """The same, with the real program in it."""
    _install(clone, f'PYTHONPATH="{repository}" exec "{sys.executable}" -m inspector "$@"')
    return clone


def _install(clone, script):
    program = clone / ".venv" / "bin" / "inspector"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def _run(clone, *arguments, cwd=None, **environment):
    return subprocess.run(
        [clone / "run", *arguments],
        cwd=cwd or clone.parent,
        env=NO_DISPLAY | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _asked(done):
    """What the program was asked, one list for each call."""
    assert done.returncode == 0, done.stderr
    return [call.split("\n") for call in done.stdout.removesuffix("\n.\n").split("\n.\n")]


def _sample(clone, model):
    return str(sorted((clone / "resources" / "samples").glob(f"{model}-*"))[0])


def test_without_arguments_the_window_opens_a_bundled_model_on_its_picture(clone):
    (window,) = _asked(_run(clone, DISPLAY=":4711"))
    assert window == [str(clone / "models" / "shapes.onnx"), _sample(clone, "shapes")]


def test_arguments_reach_the_window_as_they_are_and_in_the_folder_they_were_given_in(clone, tmp_path):
    (tmp_path / "my nets").mkdir()
    _install(clone, 'pwd; printf "%s\\n" "$@" .')
    (window,) = _asked(_run(clone, "a b.onnx", "c.png", "--labels", "d.txt", cwd=tmp_path / "my nets", DISPLAY=":4711"))
    assert window == [str(tmp_path / "my nets"), "a b.onnx", "c.png", "--labels", "d.txt"]


def test_model_alone_waits_for_a_picture_in_the_window(clone):
    (window,) = _asked(_run(clone, "a.onnx", DISPLAY=":4711"))
    assert window == ["a.onnx"]


def test_bundled_model_alone_comes_with_its_own_picture(clone):
    model = str(clone / "models" / "edges.onnx")
    (window,) = _asked(_run(clone, model, "--provider", "cpu", DISPLAY=":4711"))
    assert window == [model, _sample(clone, "edges"), "--provider", "cpu"]


@pytest.mark.parametrize("picture", ["cat.JPG", "cat.npy", "my cat.webp"])
def test_pictures_alone_go_through_a_bundled_model(clone, picture):
    (window,) = _asked(_run(clone, picture, "dog.png", DISPLAY=":4711"))
    assert window == [str(clone / "models" / "shapes.onnx"), picture, "dog.png"]


def test_without_a_display_the_job_is_classified_exported_and_pictured(clone):
    done = _run(clone, "a.onnx", "cat.png", "--preprocess=unit")
    given = ["a.onnx", "cat.png", "--preprocess=unit"]
    assert _asked(done) == [
        ["classify", *given],
        ["export", *given, "--to", str(clone / "out"), "--overwrite"],
        [*given, "--screenshot", str(clone / "out" / "window.png")],
    ]


def test_without_a_display_a_model_alone_gets_a_picture_and_that_is_said(clone):
    done = _run(clone, "a.onnx")
    assert _asked(done)[0] == ["classify", "a.onnx", _sample(clone, "shapes")]
    assert f"No picture was given; {_sample(clone, 'shapes')} is used." in done.stderr


def test_first_failure_is_the_exit_code_and_the_rest_is_still_done(clone):
    _install(clone, 'printf "%s\\n" "$1"; [ "$1" = export ] || exit 3')
    done = _run(clone, "a.onnx", "cat.png")
    assert done.returncode == 3
    assert done.stdout.split() == ["classify", "export", "a.onnx"]
    assert "Not everything was written" in done.stderr


def test_unknown_option_is_wrong_usage(clone):
    done = _run(clone, "--nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: ./run [MODEL] [IMAGE ...]" in done.stderr


def test_bare_start_prints_probabilities_and_writes_out(working_clone):
    done = _run(working_clone)
    assert done.returncode == 0, done.stderr
    assert "circle" in done.stdout
    out = working_clone / "out"
    assert (out / "window.png").read_bytes().startswith(b"\x89PNG")
    (folder,) = [each for each in out.iterdir() if each.is_dir()]
    assert {"index.json", "probabilities.json"} <= {each.name for each in folder.iterdir()}
    assert list(folder.glob("000-*.npy"))
    assert list(folder.glob("*-kernels.png"))
    assert str(out) in done.stderr


def test_second_start_replaces_only_what_the_first_one_wrote(working_clone):
    first = _run(working_clone)
    assert first.returncode == 0, first.stderr
    out = working_clone / "out"
    (folder,) = [each for each in out.iterdir() if each.is_dir()]
    names = {each.name for each in folder.iterdir()}
    for place in (out / "notes.txt", folder / "notes.txt", out / "window.png"):
        place.write_text("mine")
    second = _run(working_clone)
    assert second.returncode == 0, second.stderr
    assert {each.name for each in folder.iterdir()} == {*names, "notes.txt"}
    for place in (out / "notes.txt", folder / "notes.txt", out / "window.png"):
        assert place.read_text() == "mine"
    assert "window.png was not written by this program" in second.stderr
