from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

from inspector import doctor


@pytest.fixture(scope="module")
def report():
    return doctor.report()


def test_report_is_plain_json(report):
    assert json.loads(json.dumps(report)) == report


def test_cpu_is_proved_by_a_session(report):
    assert report["providers"]["CPU"] == {"starts": True, "reason": ""}


def test_cuda_without_a_driver_does_not_start_and_says_why(report):
    if report["gpu_driver"]:
        pytest.skip("there is an NVIDIA driver here")
    assert report["providers"]["CUDA"]["starts"] is False
    assert report["providers"]["CUDA"]["reason"]
    assert any("models run on the CPU" in line for line in doctor.sentences(report))


def test_versions_are_the_installed_ones(report):
    assert report["libraries"]["numpy"] == importlib.metadata.version("numpy")
    (distribution,) = report["onnxruntime"]["distributions"]
    assert report["onnxruntime"]["version"] == importlib.metadata.version(distribution)
    assert report["onnxruntime"]["telemetry"] == "off"


def test_two_runtimes_at_once_are_told_with_the_repair(report):
    both = {"onnxruntime": "1.31.1", "onnxruntime-gpu": "1.31.1"}
    lines = doctor.sentences(report | {"onnxruntime": report["onnxruntime"] | {"distributions": both}})
    (line,) = [each for each in lines if "overwrite" in each]
    assert "pip uninstall --yes onnxruntime onnxruntime-gpu && pip install onnxruntime" in line


def test_sandbox_that_is_absent_is_said(report):
    lines = doctor.sentences(report | {"sandbox": {"landlock_abi": 0}})
    assert any("no Landlock" in line for line in lines)


def test_runtime_that_ends_its_process_is_reported_not_followed(monkeypatch):
    monkeypatch.setattr(doctor, "_PROBE", "import os; print('noise'); os.kill(os.getpid(), 9)")
    found = doctor.report()
    assert found["providers"]["CPU"] == {"starts": False, "reason": "the process ended with code -9"}


def test_nothing_heavy_is_loaded_into_the_asking_process():
    code = (
        "import sys; from inspector import doctor; doctor.report(); print({'onnxruntime', 'onnx'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
