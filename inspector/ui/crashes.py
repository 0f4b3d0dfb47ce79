"""The log, what is left of a crash, and mistakes that nobody caught."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import logging.handlers
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

log = logging.getLogger(__name__)

_LOG_BYTES = 1_000_000
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@contextlib.contextmanager
def kept_log(folder: Path) -> Iterator[str]:
    """Log to a file, and have Python write there where it was if the process dies.

    Gives:
        What was left of an earlier crash; empty if there was none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        earlier = take_crash(folder)
        file = open(folder / f"crash-{os.getpid()}.txt", "w", encoding="utf-8")  # noqa: SIM115  open until the end
    except OSError as error:
        log.warning("No log can be kept in %s: %s", folder, error.strerror)
        yield ""
        return
    handler = logging.handlers.RotatingFileHandler(
        folder / "inspector.log", maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    faulthandler.enable(file)
    previous = qInstallMessageHandler(_log_qt)
    try:
        yield earlier
    finally:
        qInstallMessageHandler(previous)
        faulthandler.disable()
        root.removeHandler(handler)
        handler.close()
        _close_crash_file(file)


def _close_crash_file(file: IO[str]) -> None:
    file.close()
    with contextlib.suppress(OSError):
        if os.path.getsize(file.name) == 0:
            os.unlink(file.name)


def take_crash(folder: Path) -> str:
    """Return what a process that died left behind, and keep it as ``last-crash.txt``; empty if none died."""
    found = ""
    for path in sorted(folder.glob("crash-*.txt")):
        number = re.fullmatch(r"crash-(\d+)\.txt", path.name)
        if number is None or _is_alive(int(number[1])):
            continue
        found = path.read_text(encoding="utf-8", errors="replace") or found
        if found:
            path.replace(folder / "last-crash.txt")
        else:
            path.unlink()
    return found


def _is_alive(number: int) -> bool:
    if os.name == "nt":
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return number != os.getpid()


def _log_qt(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    logging.getLogger("qt").log(_LEVELS.get(kind, logging.WARNING), "%s", message)


# ---------------------------------------------------------------- mistakes in the program


class Reporter(QObject):
    """Brings a mistake from any thread to the window's."""

    mistake = Signal(str)


@contextlib.contextmanager
def reported_mistakes() -> Iterator[Reporter]:
    """Log exceptions that nobody caught, and say so in the window: Qt would go on as if nothing had happened."""
    reporter = Reporter()

    def report(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        logging.getLogger("inspector").critical("A mistake in the program:\n%s", text)
        reporter.mistake.emit(text)

    def report_from_thread(caught: threading.ExceptHookArgs) -> None:
        report(caught.exc_type, caught.exc_value, caught.exc_traceback)

    previous, previous_of_threads = sys.excepthook, threading.excepthook
    sys.excepthook, threading.excepthook = report, report_from_thread
    try:
        yield reporter
    finally:
        sys.excepthook, threading.excepthook = previous, previous_of_threads
