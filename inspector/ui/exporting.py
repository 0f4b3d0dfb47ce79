"""Export from the window: the command line's own export, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from inspector.engine.modified import written
from inspector.export.files import safe_name
from inspector.export.names import SEQUENCE
from inspector.export.wish import Look, Wish
from inspector.graph.changes import Edits
from inspector.graph.model import Prediction
from inspector.graph.preprocessing import Preprocessing
from inspector.ui.export_commands import (
    animation_command,
    command,
    feeding_arguments,
    report_command,
    sequence_command,
)
from inspector.ui.export_job import ExportJob
from inspector.ui.opening import Opening
from inspector.ui.session import Failure, Session
from inspector.ui.status import StatusBar
from inspector.ui.text import file_name, shown

_DONE_OF = re.compile(r"([\d,]+) of ([\d,]+) (?:files|layers)$")


@dataclass(frozen=True, slots=True)
class Ended:
    """How an export ended.

    Attributes:
        folder: Where the files are.
        sentence: What to say; empty where the user stopped it.
        failure: Why it failed; None where it did not.
    """

    folder: str
    sentence: str = ""
    failure: Failure | None = None


class Exporter(QObject):
    """Exports the run that is shown, and says in the status bar how it goes.

    Args:
        opening: Knows which class names the user loaded.
        window: What the dialogs stand over.

    Attributes:
        progress: How many are done, of how many.
        wish: What was asked for last, for the next time.

    Signals:
        changed: An export has begun or ended.
        progressed: How many are done, of how many.
        ended: The last one has, and how: an ``Ended``.
    """

    changed = Signal()
    progressed = Signal(int, int)
    ended = Signal(object)

    def __init__(self, session: Session, status: StatusBar, opening: Opening, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._status = status
        self._opening = opening
        self._window = window
        self._job: ExportJob | None = None
        self._result = Ended("")
        self.progress = 0, 0
        self.wish = Wish()
        self._edits_file = ""

    def is_exporting(self) -> bool:
        return self._job is not None

    def is_possible(self) -> bool:
        """Whether an export can begin now."""
        return self._session.run is not None and self._job is None

    def why_not(self) -> str:
        """Return why what is shown cannot be exported; empty if it can."""
        run = self._session.run
        if run is None:
            return "Nothing has been run yet."
        if run.prediction.edits != self._session.editing.edits:
            return "What was edited last has not been run yet."
        return ""

    def export(
        self, folder: str, layer: str = "", wish: Wish | None = None, overwrite: bool = True, resume: bool = False
    ) -> None:
        """Export this run to a folder, in another process.

        Args:
            folder: It is made where it is not there; each picture has a folder of its own in it.
            layer: Only this one, where there is no ``wish``.
            wish: What is written; None for the usual things.
            overwrite: Replace what an earlier export wrote there.
            resume: Keep what an earlier export wrote there, if it is complete and was asked for the same.
        """
        session = self._session
        if session.model is None or session.run is None or self._is_refused():
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
            wish=wish,
            overwrite=overwrite and not resume,
            resume=resume,
        )
        self._start(arguments, Ended(folder, f"The files are in {folder}."))

    def ask_report(self) -> None:
        """Let the user choose a file, and write one page that holds everything to it."""
        session = self._session
        if session.run is None or self._is_refused():
            return
        name = f"{safe_name(os.path.splitext(os.path.basename(session.run.prediction.image))[0])}.html"
        proposed = os.path.join(self._proposed_folder(), name)
        path, _ = QFileDialog.getSaveFileName(self._window, "Write the report to", proposed, "HTML pages (*.html)")
        if path:
            self.export_report(path if path.lower().endswith((".html", ".htm")) else f"{path}.html")

    def export_report(self, path: str) -> None:
        """Write one HTML page that holds everything, in another process; the file that is there is replaced."""
        session = self._session
        if session.model is None or session.run is None or self._is_refused():
            return
        arguments = report_command(
            session.model.path,
            session.run.prediction.image,
            path,
            feeding_arguments(*self._fed_by()),
            Look(session.view.scaling, None, session.view.colormap),
            session.run.view,
            self._opening.labels_file,
            session.head,
        )
        self._start(arguments, Ended(os.path.dirname(os.path.abspath(path)), f"The report is in {path}."))

    def ask_sequence(self) -> None:
        """Let the user choose a folder, and write what the selected layer makes of all pictures to it."""
        if self._session.run is None or self._is_refused():
            return
        title = "Write the animation of all pictures to"
        folder = QFileDialog.getExistingDirectory(self._window, title, self._proposed_folder())
        if folder:
            self.export_sequence(folder)

    def export_sequence(self, folder: str) -> None:
        """Write what the selected layer makes of one picture after the other, in another process."""
        session, layer = self._session, self._session.layer()
        if session.model is None or session.run is None or layer is None or self._is_refused():
            return
        view, feeding = session.view, feeding_arguments(*self._fed_by())
        look = Look(view.scaling, view.limits, view.colormap)
        arguments = sequence_command(
            session.model.path, session.images, folder, layer.name, feeding, look, session.run.view
        )
        self._start(arguments, Ended(folder, f"The animation is in {os.path.join(folder, SEQUENCE)}."))

    @Slot(str, int, int)
    def ask_animation(self, layer: str, channel: int, part: int) -> None:
        """Let the user choose a file, and write a layer's sliding window to it."""
        if self._is_refused():
            return
        proposed = os.path.join(self._proposed_folder(), f"{safe_name(layer)}-{channel}.gif")
        path, _ = QFileDialog.getSaveFileName(self._window, "Write the animation to", proposed, "Animations (*.gif)")
        if path:
            self.export_animation(path if path.lower().endswith(".gif") else f"{path}.gif", layer, channel, part)

    def export_animation(self, path: str, layer: str, channel: int, part: int = -1) -> None:
        """Write a layer's sliding window to a GIF file, in another process."""
        session = self._session
        if session.model is None or session.run is None or self._is_refused():
            return
        image, feeding = session.run.prediction.image, feeding_arguments(*self._fed_by())
        arguments = animation_command(session.model.path, image, path, layer, channel, part, feeding)
        self._start(arguments, Ended(os.path.dirname(os.path.abspath(path)), f"The animation is in {path}."))

    def _is_refused(self) -> bool:
        """Say whether nothing can begin now; the status bar says why where that is not seen already."""
        if why := self.why_not():
            self._status.show_remark(why, tone="warning")
        return bool(why) or self._job is not None

    def _proposed_folder(self) -> str:
        return os.path.dirname(self._session.image)

    def _fed_by(
        self,
    ) -> tuple[Preprocessing | None, str, dict[str, str | float], dict[str, tuple[int, ...]], int]:
        assert self._session.run is not None
        recipe, inputs, shapes, frame = self._fed(self._session.run.prediction)
        return recipe, self._session.provider, inputs, shapes, frame

    def _fed(
        self, fed: Prediction
    ) -> tuple[Preprocessing | None, dict[str, str | float], dict[str, tuple[int, ...]], int]:
        """Return what the run was fed, as far as the user chose it: recipe, other inputs, lengths and frame."""
        session = self._session
        files = {name: os.path.abspath(path) for name, path in session.input_files.items()}
        shapes = {name: fed.fed[name].shape for name in session.shapes if name in fed.fed}
        recipe = fed.preprocessing if session.preprocessing is not None else None
        return recipe, {**session.fills, **files}, shapes, fed.picture.frame if fed.picture is not None else 0

    def _start(self, arguments: Sequence[str], result: Ended) -> None:
        """Begin an export that ends like that if nothing goes wrong."""
        assert self._session.run is not None
        self._result, self.progress = replace(result, sentence=""), (0, 0)
        edits = self._session.run.prediction.edits
        if edits:
            try:
                self._edits_file = _written(edits)
            except OSError as error:
                self._status.show_remark(f"The export could not be started: {error.strerror}.", tone="error")
                return
            arguments = [arguments[0], f"--edits={self._edits_file}", *arguments[1:]]
        self._job = ExportJob(arguments, result, self)
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
        if found := _DONE_OF.search(phrase):
            self.progress = int(found[1].replace(",", "")), int(found[2].replace(",", ""))
            self.progressed.emit(*self.progress)

    @Slot(object)
    def _on_done(self, result: Ended) -> None:
        self._result = result
        self._status.show_remark(shown(result.sentence))

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._result = replace(self._result, sentence=failure.message, failure=failure)
        self._status.show_remark(failure.message, failure.remedy, failure.detail, tone="error")

    @Slot()
    def _on_ended(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
        if self._edits_file:
            with contextlib.suppress(OSError):
                os.unlink(self._edits_file)
            self._edits_file = ""
        self._status.show_task("")
        self.changed.emit()
        self.ended.emit(self._result)


def _written(edits: Edits) -> str:
    """Write changes of a network for the export's process to read; return the file."""
    handle, path = tempfile.mkstemp(prefix="inspector-edits-", suffix=".json")
    with os.fdopen(handle, "wb") as file:
        file.write(written(edits))
    return path
