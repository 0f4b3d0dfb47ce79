"""Exit codes, streams, signals, and what is loaded and left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from inspector import __version__
from tests.cli.build import FLOAT, save
from tests.cli.processes import COMMAND, PATIENCE_SECONDS, busy, engine_of, run


def test_an_input_that_is_refused_is_exit_code_3(tmp_path, linear):
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "text.onnx").write_text("<html></html>")
    for model in ("empty.onnx", "text.onnx", "missing.onnx"):
        done = run("layers", str(tmp_path / model))
        assert (done.returncode, done.stdout) == (3, "")
        assert model in done.stderr
    done = run("classify", linear, linear, "--labels", str(tmp_path / "missing.txt"))
    assert done.returncode == 3
    assert "missing.txt" in done.stderr


def test_a_model_that_fails_is_exit_code_4(tmp_path, fed):
    shape = (FLOAT, [1, 1, 2, 2])
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Gather", ["r", "i"], ["y"], "bad", axis=3)]
    indices = {"i": np.array([7])}
    model = save(tmp_path / "gather.onnx", nodes, {"x": shape}, {"y": (FLOAT, None)}, indices)
    done = run("classify", model, fed, "--json")
    assert done.returncode == 4
    assert "gather.onnx" in json.loads(done.stdout)["results"][0]["error"]
    assert "gather.onnx" in done.stderr


def test_a_model_that_needs_too_much_memory_is_exit_code_5(tmp_path, fed):
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Mul", ["shape", "factor"], ["huge"]),
        helper.make_node("ConstantOfShape", ["huge"], ["y"], "huge"),
    ]
    weights = {"factor": np.array([2**12, 2**12, 2**10, 2**4])}
    model = save(tmp_path / "huge.onnx", nodes, {"x": (FLOAT, [1, 1, 2, 2])}, {"y": (FLOAT, None)}, weights)
    done = run("classify", model, fed)
    assert done.returncode == 5
    assert "huge.onnx" in done.stderr


def test_an_engine_that_dies_is_exit_code_6(running):
    pid = engine_of(running)
    busy(pid, 2)
    os.kill(pid, signal.SIGKILL)
    out, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert (running.returncode, out) == (6, "")
    assert "SIGKILL" in err
    assert "export the model again" in err
    assert "Traceback" not in err


def test_ctrl_c_stops_the_program_and_its_engine(running):
    pid = engine_of(running)
    busy(pid, 2)
    os.kill(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert (running.returncode, out) == (130, "")
    assert err.endswith("Stopped.\n")
    assert "Traceback" not in err
    assert not Path(f"/proc/{pid}").exists()


def test_an_export_that_fails_is_exit_code_7(linear, fed, tmp_path):
    (tmp_path / "file").touch()
    done = run("export", linear, fed, "--to", str(tmp_path / "file"))
    assert (done.returncode, done.stdout) == (7, "")
    assert "cannot be written: Not a directory" in done.stderr or "File exists" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux")
def test_a_full_disk_behind_stdout_is_said(repository):
    with open("/dev/full", "w") as full:
        command = [*COMMAND, "layers", str(repository / "models" / "edges.onnx")]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 7
    assert done.stderr == "The output cannot be written: No space left on device. Send it elsewhere.\n"


def test_a_reader_that_has_read_enough_is_no_failure(network):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*COMMAND, "layers", network], text=True, **pipes)
    process.stdout.close()
    assert "Error" not in process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0


def test_cuda_that_cannot_be_had_is_a_failure_and_no_silent_cpu(linear, fed):
    done = run("classify", linear, fed, "--provider", "cuda", "--json")
    if done.returncode == 0:  # a machine with a GPU
        assert json.loads(done.stdout)["provider"] == "CUDA"
        return
    assert (done.returncode, done.stdout) == (4, "")
    assert "CUDA" in done.stderr


def test_cuda_that_cannot_be_had_may_be_allowed_to_be_the_cpu(linear, fed):
    done = run("classify", linear, fed, "--provider", "cuda", "--allow-fallback", "--json")
    assert done.returncode == 0
    provider = json.loads(done.stdout)["provider"]
    assert provider == "CUDA" or "CUDA" in done.stderr  # what it fell back to is never kept quiet


def test_the_memory_for_tensors_is_an_amount_and_what_does_not_fit_is_fetched(network, picture, tmp_path):
    for wrong in ("0", "-1", "much", "nan"):
        assert run("classify", network, picture, "--memory", wrong).returncode == 2
    whole, part = tmp_path / "whole", tmp_path / "part"
    for folder, options in ((whole, ()), (part, ("--memory", "0.000002"))):  # 2,147 bytes; the first map takes 1,024
        done = run("export", network, picture, "--to", str(folder), "--what", "tensors", *options)
        assert done.returncode == 0, done.stderr
    files = sorted(each.relative_to(whole) for each in whole.rglob("*.npy"))
    assert len([each for each in files if each.name[0].isdigit()]) == 11  # ten layers; the split has two tensors
    for file in files:
        assert (part / file).read_bytes() == (whole / file).read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_the_window_without_a_display_is_one_sentence_and_exit_code_2(linear):
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    for arguments in ([], [linear], [linear, "picture.png"]):
        done = run(*arguments, env=environment)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
        assert "inspector classify" in done.stderr
        assert "inspector export" in done.stderr


def test_the_command_line_loads_neither_qt_nor_a_model_library(linear, fed, tmp_path, repository):
    code = f"""
import sys
from inspector.cli.main import main
if __name__ == "__main__":
    for arguments in (["classify", {linear!r}, {fed!r}], ["layers", {linear!r}], ["doctor", "--json"]):
        assert main(arguments) == 0
    forbidden = {{"PySide6", "shiboken6", "pyqtgraph", "onnx", "onnxruntime", "PIL"}}
    print(sorted(forbidden & set(sys.modules)), file=sys.stderr)
    assert main(["export", {linear!r}, {fed!r}, "--to", {str(tmp_path / "out")!r}]) == 0
    print(sorted((forbidden - {{"PIL"}}) & set(sys.modules)), file=sys.stderr)
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=environment)
    assert [line for line in done.stderr.splitlines() if line.startswith("[")] == ["[]", "[]"]


def test_nothing_is_written_into_the_home_of_the_user(linear, fed, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    done = run("classify", linear, fed, env={**kept, "HOME": str(home)})
    assert done.returncode == 0
    assert [*home.rglob("*")] == []


def test_doctor_prints_sentences_or_json(said, answered):
    assert answered("doctor")["inspector"] == __version__
    code, out, _ = said("doctor")
    assert code == 0
    assert out.startswith(f"Feature Map Inspector {__version__}")


@pytest.mark.skipif(sys.platform != "linux", reason="closes descriptors as a Unix shell does")
def test_closed_streams_are_no_failure(linear, fed):
    command = " ".join([sys.executable, "-m", "inspector", "classify", linear, fed])
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(["sh", "-c", f"{command} {closed}"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert bool(done.stdout) == (closed == "2>&-")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux")
def test_sentences_that_cannot_be_written_do_not_stop_the_work(linear, fed):
    with open("/dev/full", "w") as full:
        command = [*COMMAND, "classify", linear, "missing.png", fed, "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True, check=False)
    assert done.returncode == 3
    assert [list(each)[1] for each in json.loads(done.stdout)["results"]] == ["error", "head"]


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal's Ctrl+C goes to a process group on Unix")
@pytest.mark.parametrize("after_seconds", [0, 0.1, 0.2, 0.3])
def test_ctrl_c_in_a_terminal_says_no_more_than_that_it_stopped(endless_model, fed, after_seconds):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*COMMAND, "classify", endless_model, fed], text=True, start_new_session=True, **pipes)
    busy(engine_of(process), after_seconds)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (out, err) == ("", "Stopped.\n")
    assert process.returncode in (130, -signal.SIGINT)  # the same to a shell
