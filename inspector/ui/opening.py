"""Which files are opened: asked for, dropped or named at the start; and what is remembered of them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from inspector.graph.feeding import Feeding
from inspector.graph.preprocessing import Preprocessing
from inspector.ui.drops import PICTURE_ENDINGS, Dropped, sort_files
from inspector.ui.session import Session
from inspector.ui.settings import Settings
from inspector.ui.status import StatusBar
from inspector.ui.text import file_name


class Opening(QObject):
    """Opens files in a session, however they were named.

    Args:
        status: Says what was left out.
        window: What dialogs stand over.

    Attributes:
        labels_file: The class names the user loaded for this model; ``""`` for none.
    """

    def __init__(self, session: Session, settings: Settings, status: StatusBar, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._settings = settings
        self._status = status
        self._window = window
        self._remembered = ("", "")
        self._labels_waiting = ""
        self._recipe_waiting: Preprocessing | None = None
        self._feeding_waiting: Feeding | None = None
        self.labels_file = ""
        session.model_changed.connect(self._on_model)
        session.prediction_changed.connect(self._on_prediction)

    # ---------------------------------------------------------------- asking

    @Slot()
    def ask_model(self) -> None:
        """Let the user choose a model."""
        shown = self._session.model.path if self._session.model is not None else self._recent_folder()
        kinds = "ONNX models (*.onnx)"
        path, _ = QFileDialog.getOpenFileName(self._window, "Open model", os.path.dirname(shown), kinds)
        if path:
            self.open_files((path,))

    @Slot()
    def ask_pictures(self) -> None:
        """Let the user choose pictures or tensor files."""
        pictures = self._settings.pictures()
        folder = os.path.dirname(self._session.image or (pictures[0] if pictures else ""))
        endings = " ".join(f"*{ending}" for ending in PICTURE_ENDINGS)
        kinds = f"Pictures, signals and tensors ({endings});;All files (*)"
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Open picture", folder, kinds)
        if paths:
            self.open_files(tuple(paths))

    def ask_labels(self) -> None:
        """Let the user choose a file of class names."""
        kinds = "Class names (*.txt *.json);;All files (*)"
        folder = os.path.dirname(self._session.image)
        path, _ = QFileDialog.getOpenFileName(self._window, "Open labels", folder, kinds)
        if path:
            self.begin()
            self._take_labels(path)

    def _recent_folder(self) -> str:
        models = self._settings.models()
        return models[0].path if models else ""

    # ---------------------------------------------------------------- opening

    @Slot(object)
    def open_files(self, paths: Sequence[str]) -> None:
        """Open models, pictures, tensors, labels and folders, as if they had been dropped."""
        self.take(sort_files(tuple(paths)))

    @Slot(object)
    def take(self, found: Dropped) -> None:
        """Open what was dropped."""
        self.begin()
        for path in found.labels:
            if found.models:
                self._labels_waiting = path
            else:
                self._take_labels(path)
        if found.foreign:
            self._session.open_model(found.foreign)  # which says what it is instead, and what to do
        elif found.models or found.pictures:
            self._session.open_files([*found.models, *found.pictures])
        if found.remark:
            self._status.show_remark(found.remark)

    def begin(self) -> None:
        """What was said about the last action is over."""
        self._status.clear_remark()
        self._session.dismiss_failure()

    def prepare_first_model(self, recipe: Preprocessing | None, labels: str, feeding: Feeding | None = None) -> None:
        """Have the next model that opens run with this preprocessing, these class names and these inputs."""
        self._recipe_waiting, self._labels_waiting, self._feeding_waiting = recipe, labels, feeding

    def _take_labels(self, path: str) -> None:
        """Name the classes, and say so: where no class is shown, nothing else would show it."""
        if self._session.model is None:
            self._labels_waiting = path
            self._status.show_remark(f"{file_name(path)} will name the classes of the model that is opened next.")
        elif self._name_classes(path):
            self._status.show_remark(f"{file_name(path)} names {len(self._session.labels):,} classes.")

    def _name_classes(self, path: str) -> bool:
        self._session.set_labels(path)
        if self._session.failure is not None:
            return False
        self.labels_file = path
        return True

    # ---------------------------------------------------------------- what was opened

    @Slot()
    def _on_model(self) -> None:
        model = self._session.model
        if model is None:
            return
        if model.path != self._remembered[0]:
            self.labels_file = ""
            self._remember(model.path, "")
        if self._recipe_waiting is not None:
            self._session.preprocessing, self._recipe_waiting = self._recipe_waiting, None
        if self._feeding_waiting is not None:
            given, self._feeding_waiting = self._feeding_waiting, None
            self._session.shapes = given.shapes_of(model)
            self._session.input_files = given.files_of(model)
            self._session.fills = given.fills_of(model)
            self._session.frame = given.frame
        if self._labels_waiting:  # not before: a new model forgets the names of the old one
            waiting, self._labels_waiting = self._labels_waiting, ""
            self._name_classes(waiting)

    @Slot()
    def _on_prediction(self) -> None:
        prediction, model = self._session.prediction, self._session.model
        if prediction is not None and model is not None:
            self._remember(model.path, prediction.image)

    def _remember(self, model: str, image: str) -> None:
        if (model, image) == self._remembered:
            return
        self._remembered = (model, image)
        self._settings.remember_model(os.path.abspath(model), os.path.abspath(image) if image else "")
        if image:
            self._settings.remember_picture(os.path.abspath(image))
