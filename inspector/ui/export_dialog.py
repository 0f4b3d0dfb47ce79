"""File, Export: what, of which layers, how and where to, with a preview; it may be closed while it works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, QStandardPaths, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QProgressBar, QPushButton, QVBoxLayout

from inspector import format
from inspector.errors import UsageError
from inspector.export.estimate import estimate
from inspector.export.files import INDEX, distinct_names
from inspector.export.names import SEQUENCE, matching
from inspector.export.wish import Wish
from inspector.ui import theme
from inspector.ui.dialogs import Dialog
from inspector.ui.export_form import ALL, THIS, ExportForm
from inspector.ui.export_preview import PreviewMaker, PreviewView, requested
from inspector.ui.exporting import Ended
from inspector.ui.forms import Notice
from inspector.ui.lines import Sentence
from inspector.ui.text import shortened, shown

if TYPE_CHECKING:
    from inspector.ui.main_window import MainWindow

_SIZE = QSize(920, 520)
_FORM_WIDTH = 500


class ExportDialog(Dialog):
    """The dialog, over the window that it exports from."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__("Export", window)
        self._window = window
        self._session, self._exporter = window.session, window.exporter
        self.form = ExportForm()
        self.folder = QLineEdit(window.settings.values.export_folder or _usual_folder())
        self.folder.setAccessibleName("Folder")
        self.browse = QPushButton("Browse…")
        self.preview = PreviewView()
        self.about_preview = QLabel()
        self.about = Sentence()
        self.problem = Notice("warning")
        self.progress = QProgressBar()
        self.replace = QPushButton("Replace it")
        self.resume = QPushButton("Keep what is complete")
        self.elsewhere = QPushButton("Another folder…")
        self.start, self.cancel = QPushButton("Export"), QPushButton("Cancel export")
        self.open_folder, self.leave = QPushButton("Open folder"), QPushButton("Close")
        self._maker = PreviewMaker(self)
        self._wish: Wish | None = None
        self._asks = False  # whether to replace what is there
        self._ended: Ended | None = None
        self._lay_out()
        self._connect()
        self.form.show_wish(self._exporter.wish)
        self.resize(_SIZE)
        self._look()

    def _lay_out(self) -> None:
        self.about_preview.setFont(theme.font("small"))
        self.about_preview.setForegroundRole(self.about_preview.foregroundRole().PlaceholderText)
        self.about_preview.setTextFormat(Qt.TextFormat.PlainText)
        self.progress.setTextVisible(False)
        self.start.setDefault(True)
        self.start.setProperty("primary", True)
        others = (self.browse, self.replace, self.resume, self.elsewhere, self.cancel, self.open_folder, self.leave)
        for button in others:
            button.setAutoDefault(False)
        where = QHBoxLayout()
        where.setSpacing(theme.SPACING)
        label = QLabel("Folder")
        label.setForegroundRole(label.foregroundRole().PlaceholderText)
        label.setFixedWidth(72)
        for widget in (label, self.folder, self.browse):
            where.addWidget(widget)
        left = QVBoxLayout()
        left.setSpacing(theme.SPACING)
        left.addWidget(self.form)
        left.addLayout(where)
        left.addStretch(1)
        left.addWidget(self.problem)
        left.addWidget(self.about)
        left.addWidget(self.progress)
        right = QVBoxLayout()
        right.setSpacing(theme.GAP)
        right.addWidget(self.preview, 1)
        right.addWidget(self.about_preview)
        both = QHBoxLayout()
        both.setSpacing(theme.GROUP)
        self.form.setMinimumWidth(_FORM_WIDTH)
        both.addLayout(left, 0)
        both.addLayout(right, 1)
        self.lines.addLayout(both, 1)
        for place, button in enumerate((self.replace, self.resume, self.elsewhere)):
            self.buttons.insertWidget(place, button)
        for button in (self.open_folder, self.cancel, self.leave, self.start):
            self.buttons.addWidget(button)
        self.lines.addLayout(self.buttons)

    def _connect(self) -> None:
        session, exporter = self._session, self._exporter
        self.form.changed.connect(self._on_changed)
        self.folder.textChanged.connect(self._on_changed)
        self.browse.clicked.connect(self._ask_folder)
        self.elsewhere.clicked.connect(self._ask_folder)
        self.start.clicked.connect(self._begin)
        self.replace.clicked.connect(self._replace)
        self.resume.clicked.connect(self._resume)
        self.cancel.clicked.connect(exporter.stop)
        self.open_folder.clicked.connect(self._open_folder)
        self.leave.clicked.connect(self.close)
        self._maker.made.connect(self._show_preview)
        self._maker.failed.connect(self.preview.say)
        exporter.changed.connect(self._look)
        exporter.progressed.connect(self._show_progress)
        exporter.ended.connect(self._on_ended)
        session.view_changed.connect(self._look)
        for changed in (session.run_changed, session.model_changed):
            changed.connect(self._on_changed)

    def choose_layer(self) -> None:
        """Export the selected layer only."""
        self.form.choose_layers(THIS)

    # ---------------------------------------------------------------- what it shows

    @Slot()
    def _on_changed(self) -> None:
        self._asks, self._ended = False, None
        self._look()

    @Slot()
    def _look(self) -> None:
        """Show what would be written, or how far it is."""
        why = self._read()
        self._ask_preview()
        is_busy = self._exporter.is_exporting()
        self.progress.setVisible(is_busy)
        self.form.setEnabled(not is_busy)
        self.start.setEnabled(not why and not is_busy and not self._asks)
        self.cancel.setVisible(is_busy)
        self.open_folder.setVisible(self._is_done() and not is_busy)
        for button in (self.replace, self.resume, self.elsewhere):
            button.setVisible(self._asks and not is_busy)
        failure = self._ended.failure if self._ended is not None else None
        if self._asks:
            why = f"An earlier export is in {shown(self._target())}."
        elif failure is not None:
            why = shown(f"{failure.message} {failure.remedy}".strip())
        self.problem.setText(why)
        self.problem.setVisible(bool(why) and not is_busy)
        self._show_progress()

    @Slot()
    def _show_progress(self) -> None:
        done, of = self._exporter.progress
        self.progress.setRange(0, of)
        self.progress.setValue(done)
        self.about.setText(self._about(self._exporter.is_exporting()))
        self.about.setVisible(bool(self.about.text()))

    def _is_done(self) -> bool:
        return self._ended is not None and self._ended.failure is None and bool(self._ended.sentence)

    def _about(self, is_busy: bool) -> str:
        done, of = self._exporter.progress
        if is_busy:
            counted = f"{format.count(done)} of {format.count(of)} done." if of else "Running the network again."
            return f"{counted} You can close this and go on working: the status bar says how far it is."
        if self._asks:
            return ""
        if self._ended is not None:
            return shown(self._ended.sentence or "Stopped.") if self._ended.failure is None else ""
        model, run = self._session.model, self._session.run
        if self._wish is None or model is None or run is None:
            return ""
        found = estimate(model, run.prediction, run.tensors, self._wish, self._session.head)
        return f"{format.count(found.files)} files at most, about {format.memory(found.bytes)}."

    def _read(self) -> str:
        """Take the wish from the form; return why there is none."""
        self._wish, count = None, self._count()
        if why := self._exporter.why_not():
            return why
        if not self.folder.text().strip():
            return "Choose a folder."
        try:
            self._wish = self.form.wish(self._session.view)
        except UsageError as error:
            return f"{error.message} {error.remedy}"
        except ValueError as error:
            said = str(error)
            return f"{said[:1].upper()}{said[1:]}."
        if not count:
            self._wish = None
            return "No layer has such a name."
        return ""

    def _count(self) -> int:
        """Say how many layers are chosen, and which it is where it is one."""
        model = self._session.model
        if model is None:
            return 0
        if self.form.which == THIS:
            self.form.counted.setText(shortened(self._session.view.layer, 28))
            return 1
        pattern = "*" if self.form.which == ALL else self.form.pattern.text().strip() or "*"
        count = len(matching(model, pattern))
        self.form.counted.setText(f"{format.count(count)} of {format.count(len(model.layers))} layers")
        return count

    def _ask_preview(self) -> None:
        if self._wish is None:
            self._maker.forget()
            self.preview.say("")
            self.about_preview.setText("")
            return
        request = requested(self._session, self._session.layer(), self._wish)
        if isinstance(request, str):
            self._maker.forget()
            self.preview.say(request)
            self.about_preview.setText("")
        else:
            self._maker.make(request)

    @Slot(object, int, int)
    def _show_preview(self, image: QImage, width: int, height: int) -> None:
        self.preview.show_image(image)
        name = shortened(self._session.view.layer, 28)
        self.about_preview.setText(f"{name}: {width} {format.TIMES} {height} pixels")

    # ---------------------------------------------------------------- what the user does

    @Slot()
    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Export to", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _target(self) -> str:
        """Return the folder of this picture."""
        run = self._session.run
        image = os.path.basename(run.prediction.image) if run is not None else ""
        return os.path.join(self._folder(), distinct_names((SEQUENCE, image))[1])

    def _folder(self) -> str:
        return os.path.abspath(os.path.expanduser(self.folder.text().strip()))

    @Slot()
    def _begin(self) -> None:
        if self._wish is not None and os.path.lexists(os.path.join(self._target(), INDEX)):
            self._asks = True
            self._look()
            return
        self._export()

    @Slot()
    def _replace(self) -> None:
        self._export(overwrite=True)

    @Slot()
    def _resume(self) -> None:
        self._export(resume=True)

    def _export(self, overwrite: bool = False, resume: bool = False) -> None:
        if self._wish is None or not self._exporter.is_possible():
            return
        self._asks, self._ended = False, None
        self._window.settings.change(export_folder=self._folder())
        self._exporter.wish = self._wish
        self._exporter.export(self._folder(), wish=self._wish, overwrite=overwrite, resume=resume)

    @Slot(object)
    def _on_ended(self, ended: Ended) -> None:
        self._ended = ended
        self._look()

    @Slot()
    def _open_folder(self) -> None:
        if self._ended is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(self._ended.folder))

    def done(self, result: int) -> None:
        self._maker.close()
        super().done(result)


def _usual_folder() -> str:
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return str(Path(documents or Path.home()) / "feature-maps")


def show_export(window: MainWindow, layer: str = "") -> ExportDialog:
    """Show the dialog, for one layer if its name is given; one that is open already is brought forward."""
    if layer:
        window.session.select_layer(layer)
    open_ = [each for each in window.findChildren(ExportDialog) if each.isVisible()]
    dialog = open_[0] if open_ else ExportDialog(window)
    if layer:
        dialog.choose_layer()
    dialog.show()
    if open_:
        dialog.raise_()
        dialog.activateWindow()
    return dialog
