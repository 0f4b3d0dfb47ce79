from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from inspector import preflight
from inspector.errors import UsageError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Qt brings all it needs")


def test_without_a_display_the_commands_that_need_none_are_named():
    with pytest.raises(UsageError) as caught:
        preflight.require_window({})
    assert caught.value.exit_code == 2
    assert "inspector classify" in str(caught.value)
    assert "inspector export" in str(caught.value)


def test_offscreen_needs_no_display():
    preflight.require_window({"QT_QPA_PLATFORM": "offscreen:size=800x600"})


def test_display_that_nobody_serves_is_named():
    if preflight.missing_libraries("xcb"):
        pytest.skip("the libraries for X11 are missing here")
    with pytest.raises(UsageError, match=r"The display :4711 cannot be reached\."):
        preflight.require_window({"DISPLAY": ":4711"})


def test_display_of_a_server_is_accepted(x_server):
    if preflight.missing_libraries("xcb"):
        pytest.skip("the libraries for X11 are missing here")
    preflight.require_window({"DISPLAY": x_server})


def test_wayland_is_tried_before_x11():
    assert preflight.platforms({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}) == ("wayland", "xcb")
    assert preflight.platforms({"DISPLAY": ":0"}) == ("xcb",)
    assert preflight.platforms({"DISPLAY": ":0", "QT_QPA_PLATFORM": "wayland;xcb"}) == ("wayland", "xcb")


def test_missing_library_is_named_with_its_package(monkeypatch):
    monkeypatch.setitem(preflight.X11_LIBRARIES, "libnosuch.so.1", "libnosuch1")
    sentence, remedy = preflight.problem("xcb", {"DISPLAY": ":0"})
    assert "libnosuch.so.1" in sentence
    assert "libnosuch1" in remedy
    assert not preflight.problem("offscreen", {})


def test_system_without_fonts_is_noticed(tmp_path):
    empty = tmp_path / "fonts.conf"
    empty.write_text(f"<?xml version='1.0'?><fontconfig><dir>{tmp_path}</dir></fontconfig>")
    code = "from inspector import preflight; print(preflight.problem('offscreen', {}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"FONTCONFIG_FILE": str(empty), "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)},
        cwd=preflight.__file__.rsplit("/", 2)[0],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no font" in done.stdout


@pytest.fixture
def x_server():
    """The name of a display that is served for the length of a test."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    server = subprocess.Popen(["Xvfb", "-displayfd", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    number = server.stdout.readline().strip()  # written when it is ready
    yield f":{number}"
    server.terminate()
    server.wait()
    server.stdout.close()
