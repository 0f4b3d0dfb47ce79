"""The command line at work for the window, in a process of its own."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal, Slot

import inspector
from inspector.errors import EngineError
from inspector.ui.session import Failure

_ROOT = str(Path(inspector.__file__).resolve().parents[1])
# The arguments go as JSON: Qt would lose the bytes of a file name that are not UTF-8.
_START = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); arguments = json.loads(sys.argv[2]);"
    "sys.argv[1:] = arguments; from inspector.__main__ import main; sys.exit(main())"
)
_KILL_AFTER_MS = 1_000


class ExportJob(QObject):
    """One export.

    Args:
        arguments: Of the command line.
        result: What ``done`` sends.

    Attributes:
        progressed: A phrase for the status bar.
        done: What was given as ``result``.
        failed: A ``Failure``; not sent when the user stopped it.
        ended: Last of all, however it went.
    """

    progressed = Signal(str)
    done = Signal(object)
    failed = Signal(object)
    ended = Signal()

    def __init__(self, arguments: Sequence[str], result: object, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._result = result
        self._errors = ""
        self._is_stopped = False
        self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONIOENCODING", "utf-8:backslashreplace")
        self._process.setProcessEnvironment(environment)
        self._process.setStandardOutputFile(QProcess.nullDevice())
        self._process.readyReadStandardError.connect(self._read)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._process.setProgram(sys.executable)
        self._process.setArguments(["-I", "-c", _START, _ROOT, json.dumps(list(arguments))])

    def start(self) -> None:
        self._process.start()

    def stop(self) -> None:
        """End it; what is half written is taken away by the next export to that folder."""
        self._is_stopped = True
        self._process.terminate()
        if not self._process.waitForFinished(_KILL_AFTER_MS):
            self._process.kill()
            self._process.waitForFinished(_KILL_AFTER_MS)

    @Slot()
    def _read(self) -> None:
        self._errors += bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
        self._errors = self._errors[-20_000:]
        lines = re.split(r"[\r\n]+", self._errors.strip())
        if lines and lines[-1]:
            self.progressed.emit(lines[-1])

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        if self._is_stopped:
            pass
        elif status == QProcess.ExitStatus.CrashExit:
            message = EngineError("The export was ended from outside.", "Try again with fewer layers.")
            self.failed.emit(Failure(message.message, message.remedy, self._errors))
        elif code:
            said = [line for line in self._errors.splitlines() if line.strip()]
            sentence = said[-1] if said else f"The export ended with code {code}."
            self.failed.emit(Failure(sentence, "", self._errors if len(said) > 1 else ""))
        else:
            self.done.emit(self._result)
        self.ended.emit()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.failed.emit(Failure("The export could not be started.", "", self._process.errorString()))
            self.ended.emit()
