"""What may be written on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from inspector import __version__
from inspector.cli.main import main
from tests.cli.build import FED
from tests.cli.processes import run


@pytest.mark.parametrize(
    "arguments",
    [
        ("classify",),
        ("classify", "model.onnx", "a.png", "--input-shape", "x=1;3"),
        ("classify", "model.onnx", "a.png", "--top", "0"),
        ("classify", "model.onnx", "a.png", "--preprocess", "magic"),
        ("classify", "model.onnx", "a.png", "--provider", "tpu"),
        ("layers",),
        ("layers", "a.onnx", "b.onnx"),
        ("export", "model.onnx", "a.png"),
        ("export", "model.onnx", "a.png", "--to", ""),
        ("export", "model.onnx", "a.png", "--to", "out", "--what", "maps,films"),
        ("doctor", "model.onnx"),
        ("--size", "big"),
        ("--theme", "pink"),
        ("--nonsense",),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: inspector" in err
    sentence = err.splitlines()[-1]
    assert sentence[0].isupper()
    assert sentence.endswith(" --help.")


def test_a_word_that_is_neither_command_nor_file_is_said(said):
    code, _, err = said("clasify")
    assert code == 2
    assert "clasify is neither a command nor a file. The commands are " in err
    assert "classify, layers, explain, export, report, doctor." in err


def test_options_may_stand_before_the_command_and_between_files(answered, linear, fed):
    content = answered("--provider", "cpu", "--preprocess=unit", "classify", linear, fed, "--top", "2", fed)
    assert len(content["results"]) == 2
    assert len(content["results"][0]["top"]) == 2


def test_files_after_two_dashes_may_have_any_name(linear, tmp_path, repository):
    np.save(tmp_path / "-x.npy", FED)
    done = run(
        "classify", "--json", "--", linear, "-x.npy", cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(repository)}
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["results"][0]["image"] == "-x.npy"


@pytest.mark.parametrize("command", [(), ("classify",), ("layers",), ("export",), ("doctor",)])
def test_every_command_has_a_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: inspector")
    assert err == ""


def test_the_version_is_printed_before_anything_heavy_is_loaded():
    code = """
import sys
from inspector.cli.main import main
try:
    main(["--version"])
except SystemExit as stop:
    assert not stop.code
heavy = {"numpy", "msgspec", "multiprocessing", "PySide6", "onnx", "onnxruntime", "PIL"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"Feature Map Inspector {__version__}\n[]\n"


def test_the_model_comes_before_the_pictures(said, linear, fed):
    for command in (["classify"], ["export", "--to", "out"]):
        code, out, err = said(*command, fed, linear)
        assert (code, out) == (2, "")
        assert err == (
            f"{fed} is given as the model, and {linear} as a picture."
            f" The model comes first: inspector {command[0]} MODEL IMAGE...\n"
        )


def test_the_command_comes_before_the_files(said, linear, fed):
    code, _, err = said(linear, "classify", fed)
    assert code == 2
    assert err == "The command classify comes first, before the files. See inspector classify --help.\n"


def test_a_file_that_looks_like_an_option_is_to_come_after_two_dashes(linear, tmp_path, monkeypatch, capsys):
    np.save(tmp_path / "-x.npy", FED)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["classify", linear, "-x.npy"])
    assert capsys.readouterr().err.endswith("Put -x.npy after --, so that it is read as a file.\n")


def test_a_superfluous_file_after_two_dashes_is_named(capsys):
    with pytest.raises(SystemExit):
        main(["doctor", "--", "-x"])
    assert "Unrecognized arguments: -x. See inspector doctor --help." in capsys.readouterr().err
