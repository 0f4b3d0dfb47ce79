"""The usual ways to feed pictures, side by side: what the network answers to each, and which one to adopt."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QPushButton, QWidget

from inspector import trials
from inspector.errors import UsageError
from inspector.labels import short
from inspector.ui import theme
from inspector.ui.dialogs import Dialog
from inspector.ui.forms import Notice, form_label
from inspector.ui.lines import Line, Sentence, Span
from inspector.ui.panels.trial_tables import PictureTable, PresetTable
from inspector.ui.session import Session
from inspector.ui.text import file_name, shown
from inspector.ui.trials import TrialRunner


class TrialsDialog(Dialog):
    """Shows what a runner finds, while it runs.

    Args:
        runner: Started already.
    """

    def __init__(self, session: Session, runner: TrialRunner, parent: QWidget) -> None:
        super().__init__("Try the usual preprocessing", parent)
        self._session = session
        self._runner = runner
        self._typed: dict[str, str] = {}  # the right class of a picture, as it was typed
        self.heading = Line()
        self.expected = QLineEdit()
        self.expected.setPlaceholderText("a label or its number, for all pictures")
        self.expected.setAccessibleName("The right class of all pictures")
        self.wrong = Notice("error")
        self.worth = Sentence()
        self.hint = Notice("warning")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Runs done")
        self.stopper = QPushButton("Cancel")
        self.again = QPushButton("Run again")
        self.table = PresetTable()
        self.pictures = PictureTable()
        self.pictures_title = Line("small")
        self._lay_out()
        self._connect()
        self.resize(940, 680)
        self._draw()

    def _lay_out(self) -> None:
        asked = QHBoxLayout()
        asked.setSpacing(theme.SPACING)
        asked.addWidget(form_label("Right class", self.expected))
        asked.addWidget(self.expected, 1)
        self.lines.addWidget(self.heading)
        self.lines.addLayout(asked)
        self.lines.addWidget(self.wrong)
        self.lines.addWidget(self.progress)
        self.lines.addWidget(self.table, 5)
        self.lines.addWidget(self.hint)
        self.lines.addWidget(self.worth)
        self.lines.addWidget(self.pictures_title)
        self.lines.addWidget(self.pictures, 3)
        self.buttons.insertWidget(0, self.stopper)
        self.buttons.insertWidget(1, self.again)

    def _connect(self) -> None:
        self._runner.progressed.connect(self._draw)
        self._runner.ended.connect(self._draw)
        self._session.prediction_changed.connect(self._offer)
        self._session.model_changed.connect(self.close)
        self.stopper.clicked.connect(self._runner.stop)
        self.again.clicked.connect(self._run_again)
        self.expected.textEdited.connect(self._draw)
        self.table.adopted.connect(self._session.set_preprocessing)
        self.table.looked_at.connect(self._draw_pictures)
        self.pictures.expected.connect(self._expect)

    # ---------------------------------------------------------------- what was found

    @Slot()
    def _draw(self) -> None:
        runner = self._runner
        expected, wrong = self._expected()
        ranking = runner.ranking(expected)
        model = self._session.model
        pictures = "1 picture" if len(runner.images) == 1 else f"{len(runner.images):,} pictures"
        self.heading.show_spans(
            [
                Span(f"{len(runner.recipes)} ways to feed {pictures} to ", "muted"),
                Span(file_name(model.path) if model is not None else "", "bold", is_name=True),
            ],
            remark=[Span(f"{runner.done} of {runner.total} runs", "muted")] if runner.is_running else [],
        )
        self.progress.setRange(0, max(1, runner.total))
        self.progress.setValue(runner.done)
        self.progress.setVisible(runner.is_running)
        self.stopper.setVisible(runner.is_running)
        self.again.setVisible(not runner.is_running)
        refused = f"{runner.failure.message} {runner.failure.remedy}" if runner.failure is not None else ""
        _say(self.wrong, shown(refused or wrong))
        is_hint = ranking.basis == "probability"
        _say(self.hint, ranking.note if is_hint and ranking.groups else "")
        _say(self.worth, " ".join([*([] if is_hint else [ranking.note]), *map(shown, runner.left_out)]))
        self.table.show_ranking(ranking, self._label)
        self._offer()
        self._draw_pictures()

    @Slot()
    def _offer(self) -> None:
        prediction = self._session.prediction
        self.table.offer(self._session.preprocessing or (prediction.preprocessing if prediction is not None else None))

    @Slot()
    def _draw_pictures(self) -> None:
        """Show what the selected preset made of each picture."""
        trial = self.table.selected()
        if trial is None:
            self.pictures_title.show_spans([])
            self.pictures.show_answers((), {}, self._label)
            return
        self.pictures_title.show_spans(
            [Span("Each picture, fed as ", "muted"), Span(trial.recipe.name, "text")],
            remark=[Span("Type the right class of a picture into its row.", "muted")],
        )
        self.pictures.show_answers(trial.answers, self._typed, self._label)

    def _label(self, index: int) -> str:
        labels = self._session.class_labels()
        return shown(short(labels[index])) if index < len(labels) else f"class {index}"

    # ---------------------------------------------------------------- the right classes

    def _expected(self) -> tuple[dict[str, int], str]:
        """Return the right class of each picture, as far as it is known, and what is wrong with what was typed."""
        runner, labels = self._runner, self._session.class_labels()
        if not runner.classes:
            return {}, ""
        folders = trials.classes_of_folders(runner.images, labels, runner.classes)
        found = dict(zip(runner.images, folders, strict=True)) if folders else {}
        wrong = ""
        everywhere = self.expected.text().strip()
        for image in runner.images:
            text = self._typed.get(image) or everywhere
            if text:
                try:
                    found[image] = trials.class_of(text, labels, runner.classes)
                except UsageError as error:
                    wrong = f"{error.message} {error.remedy}"
                    found.pop(image, None)
        return found, wrong

    @Slot(str, str)
    def _expect(self, image: str, text: str) -> None:
        self._typed[image] = text
        self._draw()

    @Slot()
    def _run_again(self) -> None:
        self._runner.start()
        self._draw()


class Trials(QObject):
    """Opens the dialog, once, and ends its runs with it.

    Attributes:
        dialog: None while it is closed.
    """

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._runner = TrialRunner(session, self)
        self.dialog: TrialsDialog | None = None

    def is_possible(self) -> bool:
        """Whether there is a picture that was fed by a recipe."""
        prediction = self._session.prediction
        return prediction is not None and prediction.preprocessing is not None

    @Slot()
    def show(self) -> None:
        """Begin, or show what has begun."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
        elif self.is_possible():
            self._runner.start()
            self.dialog = TrialsDialog(self._session, self._runner, self._window)
            self.dialog.finished.connect(self._on_finished)
            self.dialog.finish()

    def close(self) -> None:
        """End the runs, and wait until their process is gone."""
        self._runner.close()

    @Slot()
    def _on_finished(self) -> None:
        self.dialog = None
        self._runner.stop()


def _say(sentence: Sentence, text: str) -> None:
    sentence.setText(text)
    sentence.setVisible(bool(text))
