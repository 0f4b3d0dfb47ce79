"""The program from outside: pictures of its window, how it ends, and what is left when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from inspector import bundled
from inspector.errors import ExportError
from inspector.ui.crashes import take_crash
from inspector.ui.screenshot import write_atomically
from inspector.ui.settings import Settings

PATIENCE_SECONDS = 60
MODEL, PICTURE = str(bundled.model("edges")), str(bundled.samples("edges")[0])


@pytest.fixture
def environment(tmp_path):
    """No display, and a home of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
    return {**kept, **folders}


@pytest.fixture
def inspector(environment, repository):
    """Run the program to its end."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "inspector", *map(str, arguments)],
            cwd=repository,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    return run


@pytest.mark.parametrize(("theme", "panel"), [("dark", (0x1F, 0x20, 0x23)), ("light", (0xFB, 0xFB, 0xFC))])
def test_a_screenshot_shows_the_run_in_the_size_and_theme_asked_for(inspector, tmp_path, theme, panel):
    shot = tmp_path / "window.png"
    done = inspector(MODEL, PICTURE, "--screenshot", shot, "--size", "1280x800", "--theme", theme)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with Image.open(shot) as picture:
        assert picture.size == (1280, 800)
        assert picture.convert("RGB").getpixel((640, 40)) == panel  # the tool bar
        maps = picture.convert("RGB").crop((380, 180, 920, 720))
        colors = maps.getcolors(540 * 540)
    assert colors is not None
    assert len(colors) > 50  # feature maps, not an empty panel
    assert sorted(path.name for path in tmp_path.iterdir() if not path.is_dir()) == ["window.png"]


def test_a_screenshot_without_files_shows_the_welcome_page(inspector, tmp_path):
    done = inspector("--screenshot", tmp_path / "welcome.png", "--size", "1000x640", "--theme", "dark")
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(tmp_path / "welcome.png") as picture:
        assert picture.size == (1000, 640)
        assert any(color == (0xFF, 0x5F, 0xA8) for _, color in picture.convert("RGB").getcolors(1 << 20))  # the accent


def test_two_screenshots_of_the_same_are_the_same_but_for_the_time(inspector, tmp_path):
    pictures = []
    for name in ("one.png", "two.png"):
        assert inspector(MODEL, PICTURE, "--screenshot", tmp_path / name, "--size", "1280x800").returncode == 0
        with Image.open(tmp_path / name) as picture:
            pictures.append(picture.convert("RGB").crop((0, 70, 1280, 800)).tobytes())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize(
    ("files", "code", "named"),
    [
        (["absent.onnx", PICTURE], 3, "absent.onnx"),
        ([MODEL, __file__], 3, Path(__file__).name),
        ([__file__ + ".onnx"], 3, Path(__file__).name),
    ],
)
def test_what_cannot_be_shown_is_said_and_no_picture_is_written(inspector, tmp_path, files, code, named):
    done = inspector(*files, "--screenshot", tmp_path / "window.png")
    assert done.returncode == code
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "window.png").exists()


def test_a_place_that_cannot_be_written_to_is_an_export_failure(inspector, tmp_path):
    done = inspector(MODEL, PICTURE, "--screenshot", tmp_path / "absent" / "window.png")
    assert done.returncode == 7
    assert "window.png" in done.stderr


def test_a_failed_write_leaves_the_old_picture(tmp_path, monkeypatch):
    shot = tmp_path / "window.png"
    shot.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="No space left"):
        write_atomically(str(shot), b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("window.png", b"old")]


# ---------------------------------------------------------------- start and end


@pytest.fixture
def started(environment, repository, tmp_path):
    """Open the window, and wait until it has shown a run."""
    environment["QT_QPA_PLATFORM"] = "offscreen"
    processes = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-m", "inspector", MODEL, PICTURE],
            cwd=repository,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        deadline = time.monotonic() + PATIENCE_SECONDS
        settings = tmp_path / "config" / "feature-map-inspector" / "settings.ini"
        while not settings.exists() or not Settings(settings).values.pictures:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="signals are of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_window_as_its_button_does(started, tmp_path, number):
    process = started()
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (0, "")
    assert Settings(tmp_path / "config" / "feature-map-inspector" / "settings.ini").values.layout
    state = tmp_path / "state" / "feature-map-inspector"
    assert [path.name for path in state.glob("crash-*")] == []


@pytest.mark.skipif(os.name == "nt", reason="signals are of POSIX")
def test_what_a_crash_leaves_is_found_at_the_next_start_once(started, tmp_path):
    process = started()
    process.send_signal(signal.SIGSEGV)
    process.communicate(timeout=PATIENCE_SECONDS)
    state = tmp_path / "state" / "feature-map-inspector"
    found = take_crash(state)
    assert "Segmentation fault" in found
    assert "program.py" in found  # where it was
    assert take_crash(state) == ""
    assert (state / "last-crash.txt").read_text() == found


def test_a_program_that_still_runs_has_not_crashed(tmp_path):
    parent = tmp_path / f"crash-{os.getppid()}.txt"
    parent.write_text("not yet")
    assert take_crash(tmp_path) == ""
    assert parent.exists()


MISTAKEN = """
import sys, threading
from PySide6.QtCore import QTimer
from inspector.ui import program

def in_a_slot():
    raise ZeroDivisionError("in a slot")

def in_a_thread():
    raise IndexError("in a thread")

def begin(session, window, wishes):
    QTimer.singleShot(0, in_a_slot)
    threading.Thread(target=in_a_thread).start()
    QTimer.singleShot(500, lambda: print(window.status.left.text()))
    QTimer.singleShot(600, window.close)

program.begin = begin
sys.exit(program.open_window(program.Wishes()))
"""


def test_a_mistake_in_a_slot_or_thread_is_logged_and_said_in_the_window(environment, repository, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MISTAKEN],
        cwd=repository,
        env={**environment, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The program made a mistake and goes on" in done.stdout
    written = (tmp_path / "state" / "feature-map-inspector" / "inspector.log").read_text()
    assert "ZeroDivisionError: in a slot" in written
    assert "IndexError: in a thread" in written
