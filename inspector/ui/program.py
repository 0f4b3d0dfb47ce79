"""The window as a program: Qt's application, the log, what happens after a crash, and pictures of the window."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import logging.handlers
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QEvent,
    QEventLoop,
    QIODevice,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    QTimer,
    QtMsgType,
    Signal,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from inspector import __version__
from inspector.errors import ExportError, error_of
from inspector.graph.preprocessing import preset
from inspector.ui import icons, theme
from inspector.ui.drops import MODEL_ENDING, PICTURE_ENDINGS
from inspector.ui.main_window import MainWindow
from inspector.ui.session import Session
from inspector.ui.settings import Settings, configuration_file, state_folder

log = logging.getLogger(__name__)

SCREENSHOT_SIZE = (1_600, 1_000)
_LOG_BYTES = 1_000_000
_SETTLING_STEPS = 12  # rounds of the event loop in which docks, scroll bars and delayed layouts find their place
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked for; empty texts leave it to the program."""

    model: str = ""
    images: tuple[str, ...] = ()
    provider: str = "auto"
    preprocess: str = ""
    labels: str = ""
    theme: str = ""
    size: tuple[int, int] | None = None


def open_window(wishes: Wishes) -> int:
    """Show the window until it is closed; return the exit code."""
    application = make_application()
    settings = Settings(configuration_file())
    theme.apply(application, _theme(wishes.theme or settings.values.theme))
    with _kept_log(state_folder()) as crash, _reported_mistakes() as reporter, _closed_by_signals() as closer:
        session = Session(wishes.provider)
        window = MainWindow(session, settings)
        reporter.mistake.connect(window.report_mistake)
        closer.asked.connect(window.close)
        if wishes.size:
            window.resize(*wishes.size)
        window.show()
        if crash:
            window.report_crash(crash)
        begin(session, window, wishes)
        code = application.exec()
        session.close()
        _forget(window)
    return code


def take_screenshot(wishes: Wishes, path: str) -> int:
    """Write the window's picture to a file once the run is shown, and leave.

    Raises:
        InspectorError: The model or picture could not be shown, or the file not be written.
    """
    application = make_application()
    theme.apply(application, _theme(wishes.theme or "dark"))
    session = Session(wishes.provider)
    window = MainWindow(session, Settings(None))
    window.setMinimumSize(1, 1)
    window.resize(*(wishes.size or SCREENSHOT_SIZE))
    window.show()
    try:
        begin(session, window, wishes)
        wait_until_shown(session)
        if session.failure is not None:
            raise error_of(session.failure.kind, session.failure.message, session.failure.remedy)
        settle()
        write_atomically(path, _png_of(window))
    finally:
        window.close()
        _forget(window)
    return 0


def make_application() -> QApplication:
    """Return Qt's application with this program's name and icon."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("feature-map-inspector")
    application.setApplicationDisplayName("")  # the window names itself in full
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("feature-map-inspector")
    application.setWindowIcon(icons.application_icon())
    return application


def begin(session: Session, window: MainWindow, wishes: Wishes) -> None:
    """Open what the command line named; preprocessing and labels hold for the first model."""
    recipe = preset(wishes.preprocess, "chosen on the command line") if wishes.preprocess else None
    window.prepare_first_model(recipe, wishes.labels)
    model, images = wishes.model, wishes.images
    if model.lower().endswith((MODEL_ENDING, *PICTURE_ENDINGS)) or os.path.isdir(model):
        window.open_files((model, *images))
        return
    if images:
        window.open_files(images)
    if model:  # whatever its name ends in
        session.open_model(model)


def _theme(name: str) -> theme.Theme:
    return next((each for each in theme.THEMES if each == name), "system")


def _forget(window: MainWindow) -> None:
    """Let Qt delete the window now, while the application still lives."""
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


# ---------------------------------------------------------------- the screenshot


def wait_until_shown(session: Session) -> None:
    """Process events until what was opened is shown in full, or has failed."""
    loop = QEventLoop()

    def look() -> None:
        if session.failure is not None or _is_shown(session):
            loop.quit()

    for signal_ in (session.model_changed, session.run_changed, session.busy_changed, session.failure_changed):
        signal_.connect(look)
    QTimer.singleShot(0, look)
    loop.exec()
    for signal_ in (session.model_changed, session.run_changed, session.busy_changed, session.failure_changed):
        signal_.disconnect(look)


def _is_shown(session: Session) -> bool:
    if session.busy:
        return False
    if session.model is None or not session.image:
        return True
    return session.run is not None


def settle() -> None:
    """Let every widget take its place and paint."""
    for _ in range(_SETTLING_STEPS):
        loop = QEventLoop()
        QTimer.singleShot(10, loop.quit)
        loop.exec()


def _png_of(window: MainWindow) -> bytes:
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    window.grab().save(buffer, "PNG")
    return bytes(content.data())


def write_atomically(path: str, content: bytes) -> None:
    """Write the whole file or nothing.

    Raises:
        ExportError: It cannot be written.
    """
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, part = tempfile.mkstemp(prefix=".inspector-", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(part, 0o644)
            os.replace(part, path)
        except OSError:
            os.unlink(part)
            raise
    except OSError as error:
        raise ExportError(
            f"The screenshot {path} cannot be written: {error.strerror}.", "Choose another folder."
        ) from None


# ---------------------------------------------------------------- the log, and what is left of a crash


@contextlib.contextmanager
def _kept_log(folder: Path) -> Iterator[str]:
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
def _reported_mistakes() -> Iterator[Reporter]:
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


class Closer(QObject):
    """Says that the system or a terminal asked the program to end."""

    asked = Signal()


@contextlib.contextmanager
def _closed_by_signals() -> Iterator[Closer]:
    """Close the window on Ctrl+C and on ``kill``; Qt's loop alone would let Python wait for them for ever."""
    closer = Closer()
    if threading.current_thread() is not threading.main_thread() or os.name == "nt":
        yield closer
        return
    ours, woken = socket.socketpair()
    ours.setblocking(False)
    woken.setblocking(False)
    notifier = QSocketNotifier(woken.fileno(), QSocketNotifier.Type.Read)

    @Slot()
    def on_signal() -> None:
        woken.recv(64)
        closer.asked.emit()

    notifier.activated.connect(on_signal)
    previous_descriptor = signal.set_wakeup_fd(ours.fileno())
    caught = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(each, _heard) for each in caught]
    try:
        yield closer
    finally:
        for each, handler in zip(caught, previous, strict=True):
            signal.signal(each, handler)
        signal.set_wakeup_fd(previous_descriptor)
        notifier.setEnabled(False)
        notifier.deleteLater()
        ours.close()
        woken.close()


def _heard(number: int, frame: object) -> None:
    """The wake-up does the work."""
