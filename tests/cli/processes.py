"""The program in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "inspector"]
PATIENCE_SECONDS = 60


def run(*arguments, **settings):
    """Run the program in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, **settings
    )
    assert "Traceback" not in done.stderr
    return done


def engine_of(process):
    """Return the process that runs the model, once it is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
            for pid in task.read_text().split():
                if b"multiprocessing.spawn" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        time.sleep(0.01)
    raise AssertionError("no engine")


def busy(pid, seconds=0.3):
    """Wait until a process has computed for that long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    ticks = os.sysconf("SC_CLK_TCK")
    while time.monotonic() < deadline:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if (int(fields[11]) + int(fields[12])) / ticks > seconds:
            return
        time.sleep(0.01)
    raise AssertionError("the engine does nothing")
