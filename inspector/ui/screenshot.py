"""A picture of the window: when it is complete, and how it is written."""

from __future__ import annotations

import os
import tempfile

from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QIODevice, QTimer
from PySide6.QtWidgets import QWidget

from inspector.errors import ExportError
from inspector.ui.session import Session

_SETTLING_STEPS = 12  # rounds of the event loop in which docks, scroll bars and delayed layouts find their place


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


def png_of(window: QWidget) -> bytes:
    """Return the window's picture as a PNG file."""
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
