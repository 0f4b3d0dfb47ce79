"""With ``--locked`` an export writes to the folder that was chosen, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from inspector.engine.child.sandbox import landlock_abi

pytestmark = pytest.mark.skipif(landlock_abi() == 0, reason="this system has no Landlock")

_TRY = """
import os, sys
from inspector.engine.child import sandbox
inside, outside = sys.argv[1:]
said = sandbox.write_only_to(inside)
assert said.startswith("Landlock"), said

def tried(what):
    try:
        what()
    except PermissionError:
        return "refused"
    return "done"

def write(path):
    open(path, "w").write("x")

print(tried(lambda: write(f"{inside}/a")))
print(tried(lambda: os.mkdir(f"{inside}/b")))
print(tried(lambda: os.replace(f"{inside}/a", f"{inside}/b/a")))
print(tried(lambda: write(f"{outside}/a")))
print(tried(lambda: write(f"{outside}/there")))
print(tried(lambda: os.mkdir(f"{outside}/b")))
print(tried(lambda: os.unlink(f"{outside}/there")))
print(tried(lambda: os.truncate(f"{outside}/there", 0)))
print(tried(lambda: os.symlink(outside, f"{inside}/link")))
print(open(f"{outside}/there").read())
print(os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", f"open({outside!r} + '/c', 'w')"]) != 0)
"""


def test_a_locked_process_and_those_it_starts_write_below_one_folder_only(tmp_path, repository):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "there").write_text("kept")
    done = subprocess.run(
        [sys.executable, "-c", _TRY, str(inside), str(outside)],
        capture_output=True,
        text=True,
        cwd=repository,
        check=False,
    )
    said = done.stdout.split()
    assert said == [*["done"] * 3, *["refused"] * 6, "kept", "True"], done.stderr
    assert (outside / "there").read_text() == "kept"
    assert [each.name for each in outside.iterdir()] == ["there"]


def test_a_link_that_lies_in_the_folder_leads_a_locked_export_nowhere(tmp_path, repository):
    to, elsewhere = tmp_path / "to", tmp_path / "elsewhere"
    to.mkdir()
    elsewhere.mkdir()
    sample = sorted((repository / "resources/samples").glob("digits-*.png"))[0]
    (to / sample.name).symlink_to(elsewhere)
    model = repository / "models/digits.onnx"
    command = [sys.executable, "-m", "inspector", "export", "--locked", f"--to={to}", "--what=tensors"]

    def export(*more: str) -> subprocess.CompletedProcess[str]:
        whole = [*command, *more, "--", str(model), str(sample)]
        return subprocess.run(whole, capture_output=True, text=True, cwd=repository, check=False)

    refused = export()
    assert refused.returncode == 7
    assert "cannot be written: Permission denied" in refused.stderr
    assert not list(elsewhere.iterdir())
    os.unlink(to / sample.name)
    assert export("--layers=conv1").returncode == 0
    assert (to / sample.name / "000-conv1.npy").is_file()
