"""What a locked-in child can still do: tried out in a process that can be lost."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from inspector.engine.child.sandbox import landlock_abi

pytestmark = pytest.mark.skipif(landlock_abi() == 0, reason="this kernel has no Landlock")

TRIES = """
import json, os, socket, sys
from inspector.engine.child import sandbox
model_folder, outside = sys.argv[1:]
said = sandbox.lock_in([model_folder])
results = {"said": said}
def attempt(name, action):
    try:
        action()
        results[name] = "done"
    except OSError as error:
        results[name] = type(error).__name__
attempt("read the model", lambda: open(model_folder + "/model.onnx").read())
attempt("read another file", lambda: open(outside).read())
attempt("read through a link", lambda: open(model_folder + "/link").read())
attempt("write beside the model", lambda: open(model_folder + "/new", "w"))
attempt("write elsewhere", lambda: open("/tmp/inspector-sandbox-test", "w"))
attempt("start a program", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("load a library", lambda: __import__("sqlite3"))
print(json.dumps(results))
"""


def test_a_locked_in_process_reads_its_model_and_nothing_else(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.onnx").write_text("weights")
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    (folder / "link").symlink_to(outside)
    command = [sys.executable, "-c", TRIES, str(folder), str(outside)]
    results = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert results.pop("said").startswith("Landlock")
    assert results == {
        "read the model": "done",
        "read another file": "PermissionError",
        "read through a link": "PermissionError",
        "write beside the model": "PermissionError",
        "write elsewhere": "PermissionError",
        "start a program": "PermissionError",
        "load a library": "done",
    }
