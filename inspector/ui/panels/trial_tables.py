"""The tables of the trials: presets with what they came to, and pictures with what one preset made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from inspector import format
from inspector.graph.preprocessing import TITLES, Preprocessing, described
from inspector.trials import Answer, Ranking, Trial
from inspector.ui import theme
from inspector.ui.text import file_name, shown, tooltip

IN_FORCE = "In force"
ADOPTED = "adopted from the usual ones"
PRESET, ANSWER, RIGHT, PROBABILITY, ENTROPY, ALIKE, ADOPT = range(7)
PICTURE, RIGHT_CLASS, SAID, PICTURE_PROBABILITY, PICTURE_ENTROPY = range(5)
_HEADS = ("Preset", "Answer", "Right", "Probability", "Entropy, nats", "Indistinguishable", "")
_PICTURE_HEADS = ("Picture", "Right class", "Answer", "Probability", "Entropy, nats")
_NUMBER_HEADS = ("Right", "Probability", "Entropy, nats")
_TOOLTIPS_AT_MOST = 40  # lines
_RIGHT_AND_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT_AND_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

IMAGE = Qt.ItemDataRole.UserRole

Label = Callable[[int], str]  # of a class


class TrialTable(QTableWidget):
    """A table whose cells change only where what they say does: one that is being typed into stays open."""

    def __init__(self, heads: Sequence[str], name: str, stretched: int) -> None:
        super().__init__(0, len(heads))
        self.setAccessibleName(name)
        self.setFont(theme.font("small"))
        self.setStyleSheet("QTableWidget::item { padding: 0 3px; }")  # so that texts stand below their heads
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(theme.ROW_HEIGHT + 4)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setDefaultAlignment(_LEFT_AND_MIDDLE)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        self._said: dict[tuple[int, int], tuple[str, ...]] = {}
        self._alignments = [_RIGHT_AND_MIDDLE if text in _NUMBER_HEADS else _LEFT_AND_MIDDLE for text in heads]
        for column, text in enumerate(heads):
            item = QTableWidgetItem(text)
            item.setTextAlignment(self._alignments[column])
            self.setHorizontalHeaderItem(column, item)

    def put(self, row: int, column: int, text: str, about: str = "", tone: str = "text", image: str = "") -> None:
        """Say this in a cell; in one that tells the class of an ``image``, the user may write."""
        item, wanted = self.item(row, column), (text, about, tone, image)
        if item is not None and item.text() == text and self._said.get((row, column)) == wanted:
            return
        self._said[row, column] = wanted
        item = QTableWidgetItem(text)
        item.setData(IMAGE, image)
        can_edit = Qt.ItemFlag.ItemIsEditable if image else Qt.ItemFlag.NoItemFlags
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | can_edit)
        item.setTextAlignment(self._alignments[column])
        item.setToolTip(about)
        item.setForeground(theme.color(tone))
        self.setItem(row, column, item)


class PresetTable(TrialTable):
    """The presets, the best first.

    Signals:
        adopted: The recipe that the user took.
        looked_at: Another preset was selected by the user.
    """

    adopted = Signal(object)
    looked_at = Signal()

    def __init__(self) -> None:
        super().__init__(_HEADS, "Presets, the best first", ANSWER)
        self.order: tuple[Trial, ...] = ()
        self._picked = ""  # the preset that the user looks at; "" for the best
        self.horizontalHeader().setSectionResizeMode(ADOPT, QHeaderView.ResizeMode.Fixed)
        widest = QFontMetrics(theme.font()).horizontalAdvance(IN_FORCE)
        self.setColumnWidth(ADOPT, widest + 26 + 2 * theme.SPACING)
        self.currentCellChanged.connect(self._pick)

    def selected(self) -> Trial | None:
        """Return the trial in the selected row."""
        row = self.currentRow()
        return self.order[row] if 0 <= row < len(self.order) else None

    def show_ranking(self, ranking: Ranking, label: Label) -> None:
        """Show the presets in order; the one that the user looks at stays selected."""
        alike = {id(trial): group for group in ranking.groups for trial in group}
        self.order = (*(trial for group in ranking.groups for trial in group), *ranking.failed)
        blocked = self.blockSignals(True)
        self.setRowCount(len(self.order))
        entropies = _column([trial.entropy for trial in self.order])
        for row, (trial, entropy) in enumerate(zip(self.order, entropies, strict=True)):
            others = [each.recipe.name for each in alike.get(id(trial), ()) if each is not trial]
            self._fill(row, trial, entropy, others, label)
        self.setColumnHidden(RIGHT, ranking.basis != "accuracy")
        self.setColumnHidden(ALIKE, all(len(group) == 1 for group in ranking.groups))
        names = [trial.recipe.name for trial in self.order]
        if names:
            self.setCurrentCell(names.index(self._picked) if self._picked in names else 0, 0)
        self.blockSignals(blocked)

    def _fill(self, row: int, trial: Trial, entropy: str, alike: Sequence[str], label: Label) -> None:
        recipe = trial.recipe
        self.put(row, PRESET, recipe.name, tooltip(TITLES.get(recipe.name, recipe.source), described(recipe)))
        if trial.failure:
            self.put(row, ANSWER, shown(f"could not be tried: {trial.failure}"), tooltip(trial.failure), "muted")
            for column in (RIGHT, PROBABILITY, ENTROPY, ALIKE):
                self.put(row, column, "")
            return
        answers = [label(each.index) for each in trial.answers]
        self.put(row, ANSWER, ", ".join(answers), tooltip(*answers[:_TOOLTIPS_AT_MOST]))
        self.put(row, RIGHT, f"{trial.right} of {trial.judged}" if trial.judged else "")
        self.put(row, PROBABILITY, format.probability(trial.probability))
        self.put(row, ENTROPY, entropy)
        self.put(row, ALIKE, f"from {', '.join(alike)}" if alike else "", tone="muted")

    def offer(self, now: Preprocessing | None) -> None:
        """Offer each recipe but the one in force."""
        for row, trial in enumerate(self.order):
            cell = self.cellWidget(row, ADOPT)
            if not isinstance(cell, AdoptCell) or cell.recipe != trial.recipe:
                cell = AdoptCell(trial.recipe)
                cell.adopted.connect(self.adopted)
                self.setCellWidget(row, ADOPT, cell)
            is_now = now is not None and _is_same(now, trial.recipe)
            cell.button.setText(IN_FORCE if is_now else "Adopt")
            cell.button.setEnabled(not is_now and not trial.failure)

    @Slot(int)
    def _pick(self, row: int) -> None:
        if 0 <= row < len(self.order):
            self._picked = self.order[row].recipe.name
            self.looked_at.emit()


class PictureTable(TrialTable):
    """The pictures, and what one preset made of each.

    Signals:
        expected: A picture, and its right class as it was typed.
    """

    expected = Signal(str, str)

    def __init__(self) -> None:
        super().__init__(_PICTURE_HEADS, "Pictures, with the answers to the selected preset", SAID)
        trigger = QAbstractItemView.EditTrigger
        clicks = trigger.DoubleClicked | trigger.SelectedClicked
        self.setEditTriggers(clicks | trigger.EditKeyPressed | trigger.AnyKeyPressed)
        self.itemChanged.connect(self._take)

    def show_answers(self, answers: Sequence[Answer], typed: Mapping[str, str], label: Label) -> None:
        """Show what was answered, and which classes are right, as far as that is known."""
        blocked = self.blockSignals(True)
        self.setRowCount(len(answers))
        entropies = _column([each.entropy for each in answers])
        for row, (answer, entropy) in enumerate(zip(answers, entropies, strict=True)):
            known = label(answer.expected) if answer.expected is not None else ""
            sign, tone = {True: ("✓ ", "good"), False: ("✗ ", "error"), None: ("", "text")}[answer.is_right]
            self.put(row, PICTURE, file_name(answer.image), tooltip(answer.image))
            self.put(row, RIGHT_CLASS, typed.get(answer.image) or known, image=answer.image)
            self.put(row, SAID, f"{sign}{label(answer.index)}", tone=tone)
            self.put(row, PICTURE_PROBABILITY, format.probability(answer.probability))
            self.put(row, PICTURE_ENTROPY, entropy)
        self.blockSignals(blocked)

    @Slot(QTableWidgetItem)
    def _take(self, item: QTableWidgetItem) -> None:
        self.expected.emit(item.data(IMAGE), item.text().strip())


class AdoptCell(QWidget):
    """The button that takes a recipe for the model.

    Signals:
        adopted: The recipe.
    """

    adopted = Signal(object)

    def __init__(self, recipe: Preprocessing) -> None:
        super().__init__()
        self.recipe = recipe
        self.button = QPushButton()
        self.button.setAccessibleName(f"Adopt {recipe.name}")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setAutoDefault(False)
        self.button.setFixedHeight(theme.CONTROL_HEIGHT)
        lines = QHBoxLayout(self)
        lines.setContentsMargins(6, 0, 0, 0)
        lines.addWidget(self.button)
        self.button.clicked.connect(self._adopt)

    @Slot()
    def _adopt(self) -> None:
        self.adopted.emit(replace(self.recipe, source=ADOPTED))


def _column(numbers: Sequence[float]) -> list[str]:
    """Return numbers that stand below each other; nothing for one that there is not."""
    texts = format.column(numbers)
    return ["" if math.isnan(number) else text for number, text in zip(numbers, texts, strict=True)]


def _is_same(one: Preprocessing, other: Preprocessing) -> bool:
    """Say whether two recipes do the same, whatever they are called."""
    return replace(one, name="", source="", layout="") == replace(other, name="", source="", layout="")
