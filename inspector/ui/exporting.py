"""Export from the window: the command line's own export, in a process of its own."""

from __future__ import annotations

import glob
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

import inspector
from inspector.errors import EngineError
from inspector.graph import recipe_text
from inspector.graph.model import Prediction, RunView
from inspector.graph.preprocessing import Preprocessing
from inspector.ui.opening import Opening
from inspector.ui.session import Failure, Session
from inspector.ui.status import StatusBar
from inspector.ui.text import file_name

_ROOT = str(Path(inspector.__file__).resolve().parents[1])
# The arguments go as JSON: Qt would lose the bytes of a file name that are not UTF-8.
_START = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); arguments = json.loads(sys.argv[2]);"
    "sys.argv[1:] = arguments; from inspector.__main__ import main; sys.exit(main())"
)
_KILL_AFTER_MS = 1_000
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def command(
    model: str,
    image: str,
    folder: str,
    *,
    layer: str = "",
    recipe: Preprocessing | None = None,
    provider: str = "auto",
    labels: str = "",
    view: RunView = "step by step",
    inputs: Mapping[str, str | float] = _NOTHING,
    shapes: Mapping[str, tuple[int, ...]] = _NOTHING,
    frame: int = 0,
    head: str = "",
) -> list[str]:
    """Return the command line that exports one picture's run.

    Args:
        model: The file.
        image: A picture or tensor file.
        folder: Where the files go.
        layer: Only this one; ``""`` for all.
        recipe: The user's choice of preprocessing; None leaves it to the model.
        provider: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        labels: A labels file; ``""`` leaves it to the model.
        view: In which view a quantized model is run.
        inputs: Files and numbers for other inputs, by input name.
        shapes: Lengths for inputs that leave some open, by input name.
        frame: Which picture of an animation or of pages, from 0.
        head: How the user wants the answer read; ``""`` leaves it to the model.
    """
    arguments = ["export", "--progress", f"--to={folder}"]
    if layer:
        arguments += [f"--layers={glob.escape(layer)}", "--what=maps,kernels,tensors"]
    arguments += feeding_arguments(recipe, provider, inputs, shapes, frame)
    if view == "as deployed":
        arguments.append("--view=deployed")
    if labels:
        arguments.append(f"--labels={labels}")
    if head:
        arguments.append(f"--head={head}")
    return [*arguments, "--", os.path.abspath(model), os.path.abspath(image)]


def feeding_arguments(
    recipe: Preprocessing | None,
    provider: str,
    inputs: Mapping[str, str | float],
    shapes: Mapping[str, tuple[int, ...]],
    frame: int,
) -> list[str]:
    """Return the arguments that say what the model is fed, and what runs it; see ``command``."""
    arguments = [f"--provider={provider}"]
    if recipe is not None:
        arguments.append(f"--recipe={json.dumps(recipe_text.record(recipe))}")
    arguments += [f"--input={name}={value}" for name, value in inputs.items()]
    arguments += [f"--input-shape={name}={','.join(map(str, shape))}" for name, shape in shapes.items()]
    if frame:
        arguments.append(f"--frame={frame}")
    return arguments


def animation_command(
    model: str, image: str, path: str, layer: str, channel: int, part: int, feeding: Sequence[str]
) -> list[str]:
    """Return the command line that writes a layer's sliding window as an animation.

    Args:
        model: The file.
        image: A picture or tensor file.
        path: Of the GIF file.
        layer: With a window.
        channel: Of its output.
        part: Of the sum: which of the input channels that go into it; -1 for the one that counts most.
        feeding: What the model is fed, as ``feeding_arguments`` says it.
    """
    arguments = ["explain", f"--layer={layer}", f"--channel={channel}", f"--gif={os.path.abspath(path)}"]
    arguments += [f"--part={part}"] if part >= 0 else []
    return [*arguments, *feeding, "--", os.path.abspath(model), os.path.abspath(image)]


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

    def __init__(self, arguments: Sequence[str], result: str, parent: QObject | None = None) -> None:
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


class Exporter(QObject):
    """Exports the run that is shown, and says in the status bar how it goes.

    Args:
        opening: Knows which class names the user loaded.
        window: What the dialog stands over.

    Attributes:
        changed: An export has begun or ended.
    """

    changed = Signal()

    def __init__(self, session: Session, status: StatusBar, opening: Opening, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._status = status
        self._opening = opening
        self._window = window
        self._job: ExportJob | None = None

    def is_exporting(self) -> bool:
        return self._job is not None

    def ask(self, layer: str) -> None:
        """Let the user choose a folder, and export a layer's maps and kernels, or everything if it is ``""``."""
        title = "Export the selected layer to" if layer else "Export all layers to"
        folder = QFileDialog.getExistingDirectory(self._window, title, os.path.dirname(self._session.image))
        if folder:
            self.export(folder, layer)

    def export(self, folder: str, layer: str = "") -> None:
        """Export this run to a folder, in another process."""
        session = self._session
        if session.model is None or session.run is None or self._job is not None:
            return
        recipe, inputs, shapes, frame = self._fed(session.run.prediction)
        arguments = command(
            session.model.path,
            session.run.prediction.image,
            folder,
            layer=layer,
            recipe=recipe,
            provider=session.provider,
            labels=self._opening.labels_file,
            view=session.run.view,
            inputs=inputs,
            shapes=shapes,
            frame=frame,
            head=session.head,
        )
        self._start(arguments, f"The files are in {folder}.")

    @Slot(str, int, int)
    def ask_animation(self, layer: str, channel: int, part: int) -> None:
        """Let the user choose a file, and write a layer's sliding window to it."""
        folder = os.path.dirname(self._session.image)
        proposed = os.path.join(folder, f"{re.sub(r'[^0-9A-Za-z_.-]+', '_', layer)[-60:]}-{channel}.gif")
        path, _ = QFileDialog.getSaveFileName(self._window, "Write the animation to", proposed, "Animations (*.gif)")
        if path:
            self.export_animation(path, layer, channel, part)

    def export_animation(self, path: str, layer: str, channel: int, part: int = -1) -> None:
        """Write a layer's sliding window to a GIF file, in another process."""
        session = self._session
        if session.model is None or session.run is None or self._job is not None:
            return
        recipe, inputs, shapes, frame = self._fed(session.run.prediction)
        feeding = feeding_arguments(recipe, session.provider, inputs, shapes, frame)
        image = session.run.prediction.image
        arguments = animation_command(session.model.path, image, path, layer, channel, part, feeding)
        self._start(arguments, f"The animation is in {path}.")

    def _fed(
        self, fed: Prediction
    ) -> tuple[Preprocessing | None, dict[str, str | float], dict[str, tuple[int, ...]], int]:
        """Return what the run was fed, as far as the user chose it: recipe, other inputs, lengths and frame."""
        session = self._session
        files = {name: os.path.abspath(path) for name, path in session.input_files.items()}
        shapes = {name: fed.fed[name].shape for name in session.shapes if name in fed.fed}
        recipe = fed.preprocessing if session.preprocessing is not None else None
        return recipe, {**session.fills, **files}, shapes, fed.picture.frame if fed.picture is not None else 0

    def _start(self, arguments: Sequence[str], sentence: str) -> None:
        """Begin an export, and say that sentence when it is done."""
        assert self._session.run is not None
        self._job = ExportJob(arguments, sentence, self)
        self._job.progressed.connect(self._on_progress)
        self._job.done.connect(self._on_done)
        self._job.failed.connect(self._on_failed)
        self._job.ended.connect(self._on_ended)
        self._status.show_task(f"exporting {file_name(self._session.run.prediction.image)}")
        self.changed.emit()
        self._job.start()

    def stop(self) -> None:
        """End the export, if there is one."""
        if self._job is not None:
            self._job.stop()

    @Slot(str)
    def _on_progress(self, phrase: str) -> None:
        self._status.show_task(phrase)

    @Slot(object)
    def _on_done(self, sentence: str) -> None:
        self._status.show_remark(sentence)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._status.show_remark(failure.message, failure.remedy, failure.detail, tone="error")

    @Slot()
    def _on_ended(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
        self._status.show_task("")
        self.changed.emit()
