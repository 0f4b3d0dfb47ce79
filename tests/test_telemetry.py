"""Nothing is sent and nothing is remembered: ONNX Runtime's telemetry is off wherever the program loads it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from inspector import bundled

RUN = """
import sys, threading
from pathlib import Path
from inspector.engine.client import Engine
from inspector.engine.protocol import Failed, Ran, RunImage

replies, done = [], threading.Event()
def hear(reply):
    replies.append(reply)
    if isinstance(reply, (Ran, Failed)):
        done.set()

if __name__ == "__main__":
    engine = Engine(hear, "cpu")
    engine.send(RunImage(1, sys.argv[1], sys.argv[2]))
    assert done.wait(60)
    for line in Path(f"/proc/{engine.child_pid()}/environ").read_bytes().split(b"\\0"):
        print(line.decode(errors="replace"))
    engine.close()
    assert isinstance(replies[-1], Ran), replies[-1]
"""
IN_PROCESS = """
import inspector
import onnxruntime
onnxruntime.InferenceSession(__import__("sys").argv[1], providers=["CPUExecutionProvider"])
"""


def _files_after(code, home, *arguments, **environment):
    """Run code where home is empty. Returns what it printed and the files that appeared."""
    script = home.parent / "script.py"
    script.write_text(code)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    done = subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env=kept | environment | {"HOME": str(home), "PYTHONPATH": str(bundled.root()), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), [path.relative_to(home).as_posix() for path in home.rglob("*")]


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="reads the child's environment from /proc")
def test_engine_tells_its_child_and_leaves_no_file(home):
    environment, files = _files_after(RUN, home, bundled.model("edges"), bundled.samples("edges")[0])
    assert "ORT_DISABLE_TELEMETRY=1" in environment
    assert files == []


def test_onnx_runtime_loaded_after_the_package_leaves_no_file(home):
    _, files = _files_after(IN_PROCESS, home, bundled.model("edges"))
    assert files == []


def test_user_cannot_turn_it_on_by_accident(home):
    code = "import os, inspector; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    printed, _ = _files_after(code, home, ORT_DISABLE_TELEMETRY="0")
    assert printed == ["1"]
