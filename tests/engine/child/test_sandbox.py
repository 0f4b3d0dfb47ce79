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


WRITES = """
import json, os, resource, sys
from inspector.engine.child import sandbox
sandbox.limit(0, 1 << 20)
model_folder, scratch = sys.argv[1:]
said = sandbox.lock_in([model_folder], scratch)
results = {"said": said}
def attempt(name, action):
    try:
        action()
        results[name] = "done"
    except OSError as error:
        results[name] = type(error).__name__
def write(path, size=10):
    with open(path, "wb") as file:
        file.write(bytes(size))
attempt("write to the scratch folder", lambda: write(scratch + "/profile.json"))
attempt("write too much", lambda: write(scratch + "/large.json", 1 << 21))
attempt("write beside the model", lambda: write(model_folder + "/new"))
attempt("write beside the folder", lambda: write(scratch + "/../new"))
attempt("make a folder", lambda: os.mkdir(scratch + "/folder"))
attempt("make a link", lambda: os.symlink("/etc/passwd", scratch + "/link"))
attempt("remove what it wrote", lambda: os.unlink(scratch + "/profile.json"))
print(json.dumps(results))
"""


def test_a_process_that_measures_writes_to_its_own_folder_and_no_more_than_it_may(tmp_path):
    folders = [tmp_path / "model", tmp_path / "scratch"]
    for folder in folders:
        folder.mkdir()
    command = [sys.executable, "-c", WRITES, *map(str, folders)]
    results = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert results.pop("said").endswith("writes only to a folder of its own")
    assert results == {
        "write to the scratch folder": "done",
        "write too much": "OSError",
        "write beside the model": "PermissionError",
        "write beside the folder": "PermissionError",
        "make a folder": "PermissionError",
        "make a link": "PermissionError",
        "remove what it wrote": "done",
    }
