"""Where the tests run: offscreen, with settings of their own, and nothing may be left behind."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 10.0  # for a process that was told to end

# Qt reads both of these once, when it is first imported.
os.environ["QT_QPA_PLATFORM"] = os.environ.get("INSPECTOR_TEST_PLATFORM", "offscreen")
_home = Path(tempfile.mkdtemp(prefix="inspector-tests-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
for _kind in ("CONFIG", "DATA", "CACHE", "STATE"):
    os.environ[f"XDG_{_kind}_HOME"] = str(_home / _kind.lower())
    (_home / _kind.lower()).mkdir()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The clone the tests run in."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real models, pictures and bad inputs beside the clone; the test skips where there are none."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "assets").is_dir():
        pytest.skip("../shared/assets is not here")
    return folder


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    """Each test starts as a user does who never started the program."""
    yield
    for folder in _home.iterdir():
        for entry in folder.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@pytest.fixture(autouse=True)
def _nothing_left_behind(_own_settings: None) -> Iterator[None]:
    """Fail the test that leaves a window, a child process, a block of shared memory or a child's folder."""
    children, blocks, windows = _children(), _blocks(), _windows()
    yield
    _clear_clipboard()
    if new := _windows() - windows:
        gc.collect()  # a window in a reference cycle is gone as soon as someone looks
        new = _windows() - windows
        assert not new, f"windows left behind: {sorted(new)}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (alive := _children() - children) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive, f"processes left behind: {[_command(pid) for pid in alive]}"
    if new_blocks := _blocks() - blocks:
        gc.collect()  # likewise a run that is only held by a cycle
        new_blocks = _blocks() - blocks
        assert not new_blocks, f"shared memory left behind: {sorted(new_blocks)}"
    folders = list(Path(tempfile.gettempdir()).glob(f"inspector-scratch-{os.getpid()}-*"))
    assert not folders, f"folders left behind: {folders}"


def _clear_clipboard() -> None:
    """Offscreen, a picture on it would be let go after Python has ended, and that crashes."""
    gui = sys.modules.get("PySide6.QtGui")
    if gui is not None and gui.QGuiApplication.instance() is not None:
        gui.QGuiApplication.clipboard().clear()


def _windows() -> set[str]:
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return set()
    core = sys.modules["PySide6.QtCore"]
    core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)
    return {
        f"{type(each).__name__} {each.objectName()!r} at {id(each):#x}"
        for each in widgets.QApplication.topLevelWidgets()
        if each.parentWidget() is None and each.metaObject().className() != "QTipLabel"  # Qt keeps its tooltip
    }


def _children() -> set[int]:
    """Process ids of our children, without the ones that multiprocessing keeps for itself."""
    found: set[int] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            found |= {int(pid) for pid in listing.read_text().split()}
        except OSError:  # that thread ended meanwhile
            continue
    return {pid for pid in found if _command(pid) and "multiprocessing.resource_tracker" not in _command(pid)}


def _command(pid: int) -> str:
    """The command line; empty for a process that has ended, also if nobody has waited for it yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _blocks() -> set[str]:
    """Shared memory by name, and the nameless kind that this process holds open."""
    named = {each.name for each in Path("/dev/shm").glob("psm_*")} if Path("/dev/shm").is_dir() else set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            target = os.readlink(entry)
        except OSError:  # the descriptor this very listing used
            continue
        if target.startswith("/memfd:"):
            named.add(f"{target} {os.stat(entry).st_ino}")
    return named
