"""Writing the changed network to a new file, in a process of its own: the window never loads onnx."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

import inspector
from inspector.engine.modified import START, request
from inspector.ui.session import Session
from inspector.ui.status import StatusBar
from inspector.ui.text import file_name

_ROOT = str(Path(inspector.__file__).resolve().parents[1])


class Saver(QObject):
    """Asks for a file, and says in the status bar how it went.

    Signals:
        changed: Writing has begun or ended.
    """

    changed = Signal()

    def __init__(self, session: Session, status: StatusBar, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._status = status
        self._window = window
        self._process: QProcess | None = None
        self._target = ""

    def is_saving(self) -> bool:
        return self._process is not None

    def ask(self) -> None:
        """Let the user choose a file, and write the model as it is now."""
        model = self._session.model
        if model is None:
            return
        stem = Path(model.path).stem
        proposed = os.path.join(os.path.dirname(model.path), f"{stem}-modified.onnx")
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Save the modified model as", proposed, "ONNX models (*.onnx)"
        )
        if path:
            self.save(path if path.lower().endswith(".onnx") else f"{path}.onnx")

    def save(self, path: str) -> None:
        """Write the model as it is now to a new file."""
        model = self._session.editing.plain
        if model is None or self._process is not None:
            return
        self._target = path
        self._process = QProcess(self)
        self._process.setProgram(sys.executable)
        self._process.setArguments(["-I", "-c", START, _ROOT])
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._status.show_task(f"saving {file_name(path)}")
        self._process.start()
        self._process.write(request(model.path, path, self._session.editing.edits, model.fingerprint))
        self._process.closeWriteChannel()
        self.changed.emit()

    def stop(self) -> None:
        """End the writing, if there is one; then there is no new file."""
        if self._process is not None:
            self._process.kill()
            self._process.waitForFinished(1_000)

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return
        said = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").strip()
        self._process.deleteLater()
        self._process = None
        self._status.show_task("")
        if status == QProcess.ExitStatus.CrashExit:
            self._status.show_remark(f"{file_name(self._target)} was not written: the writing was ended.", tone="error")
        elif code:
            lines = [line for line in said.splitlines() if line.strip()]
            sentence = lines[-1] if lines else f"Writing {file_name(self._target)} ended with code {code}."
            self._status.show_remark(sentence, "", said if len(lines) > 1 else "", tone="error")
        else:
            self._status.show_remark(f"The modified model is in {self._target}.")
        self.changed.emit()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._process.deleteLater()
            self._process = None
            self._status.show_task("")
            self._status.show_remark("The writing could not be started.", tone="error")
            self.changed.emit()
