"""The window as a program: Qt's application, what the command line wishes, how it is closed from outside."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSocketNotifier, Signal, Slot
from PySide6.QtWidgets import QApplication

from inspector import __version__
from inspector.errors import error_of
from inspector.graph.feeding import Feeding
from inspector.graph.preprocessing import preset
from inspector.ui import icons, theme
from inspector.ui.crashes import kept_log, reported_mistakes
from inspector.ui.drops import MODEL_ENDING, PICTURE_ENDINGS
from inspector.ui.main_window import MainWindow
from inspector.ui.screenshot import png_of, settle, wait_until_shown, write_atomically
from inspector.ui.session import Session
from inspector.ui.settings import Settings, configuration_file, state_folder

SCREENSHOT_SIZE = (1_600, 1_000)


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
    tensor_bytes: int = 0
    input_shapes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    frame: int = 0


def open_window(wishes: Wishes) -> int:
    """Show the window until it is closed; return the exit code."""
    application = make_application()
    settings = Settings(configuration_file())
    theme.apply(application, _theme(wishes.theme or settings.values.theme))
    with kept_log(state_folder()) as crash, reported_mistakes() as reporter, _closed_by_signals() as closer:
        tensor_bytes = wishes.tensor_bytes or settings.values.tensor_memory_mib << 20
        session = Session(wishes.provider, tensor_bytes=tensor_bytes)
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
    session = Session(wishes.provider, tensor_bytes=wishes.tensor_bytes)
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
        write_atomically(path, png_of(window))
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
    """Open what the command line named; preprocessing, labels and inputs hold for the first model."""
    recipe = preset(wishes.preprocess, "chosen on the command line") if wishes.preprocess else None
    feeding = Feeding(wishes.input_shapes, wishes.inputs, wishes.frame)
    window.opening.prepare_first_model(recipe, wishes.labels, feeding)
    model, images = wishes.model, wishes.images
    if model.lower().endswith((MODEL_ENDING, *PICTURE_ENDINGS)) or os.path.isdir(model):
        window.opening.open_files((model, *images))
        return
    if images:
        window.opening.open_files(images)
    if model:  # whatever its name ends in
        session.open_model(model)


def _theme(name: str) -> theme.Theme:
    return next((each for each in theme.THEMES if each == name), "system")


def _forget(window: MainWindow) -> None:
    """Let Qt delete the window now, while the application still lives."""
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


# ---------------------------------------------------------------- signals of the system


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
