"""The answer of a classifier: its classes in order, those one looks for or keeps on top, and how a logit came about."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis import heads
from inspector.analysis.heads import Head
from inspector.analysis.ranked_classes import RankedClasses, ranked_classes
from inspector.graph.model import Model, Run
from inspector.ui import icons, theme
from inspector.ui.controls import SearchField
from inspector.ui.forms import Section
from inspector.ui.lines import Line, facts
from inspector.ui.panels.answer import Answer
from inspector.ui.panels.class_columns import class_name
from inspector.ui.panels.class_list import MOST
from inspector.ui.panels.logit_parts import Choice, LogitParts
from inspector.ui.session import View
from inspector.ui.text import shortened, tooltip

SHOWN = 5
_COUNTS = (SHOWN, 10, 20)
_OF_REFERENCE = 3  # best classes of the reference that are listed too


class ClassesView(QWidget):
    """Classes as bars, a search, and the parts of the logit of the one that is looked into.

    Signals:
        chosen: The number of the class that the user wants to look into; -1 for the best one.
        channel_wanted: The user wants to see that layer's channel.
        element_wanted: The user wants to see how that class's number was computed.
        hovered: The number of the class under the pointer; -1 for none.
        changed: Something else is to be shown: call ``show_head`` again.
    """

    chosen = Signal(int)
    channel_wanted = Signal(str, int)
    element_wanted = Signal(int)
    hovered = Signal(int)
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.answer = Answer()
        self.certainty = Line("small")
        self.search = SearchField("Class")
        self.search.setToolTip("A class's number, or a part of its name")
        self.count = Choice("Top")
        self.compute = QToolButton()
        self.compute.setIcon(icons.icon("arithmetic", 16, "muted"))
        self.compute.setFixedHeight(theme.CONTROL_HEIGHT)
        self.compute.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.parts = LogitParts()
        self.origin = Section("How this logit came about", self.parts)
        self.ranked: RankedClasses | None = None
        self.beside: RankedClasses | None = None  # of the reference
        self.pins: tuple[int, ...] = ()
        self._made_of: tuple[Head, tuple[str, ...]] | None = None
        self._asked = -1  # the class whose menu is open
        self._looked_into = -1
        self._view: View | None = None
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(theme.SPACING)
        tools.addWidget(self.search, 1)
        tools.addWidget(self.count)
        tools.addWidget(self.compute)
        words = QVBoxLayout()
        words.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        words.setSpacing(theme.GAP)
        words.addWidget(self.certainty)
        words.addLayout(tools)
        inset = QVBoxLayout()
        inset.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        inset.addWidget(self.origin.head)
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(theme.GAP)
        lines.addWidget(self.answer)
        lines.addLayout(words)
        lines.addLayout(inset)
        lines.addWidget(self.origin.content)
        self.origin.setParent(self)
        self.origin.hide()

    def _connect(self) -> None:
        listed = self.answer.classes
        listed.chosen.connect(self.chosen)
        listed.pin_wanted.connect(self.toggle_pin)
        listed.entered.connect(self._explain)
        listed.left.connect(self._follow_best)
        listed.menu_wanted.connect(self._open_menu)
        listed.hovered.connect(self.hovered)
        self.answer.head.clicked.connect(self._follow_best)
        self.search.textChanged.connect(self._change)
        self.search.returnPressed.connect(self._take_first)
        self.count.activated.connect(self._change)
        self.compute.clicked.connect(self._compute)
        self.origin.toggled.connect(self._change)
        self.parts.changed.connect(self.changed)
        self.parts.channel_wanted.connect(self.channel_wanted)

    # ---------------------------------------------------------------- what is shown

    def show_head(
        self,
        head: Head,
        labels: tuple[str, ...],
        model: Model,
        run: Run | None,
        view: View,
        beside: Head | None = None,
    ) -> None:
        """Show an answer.

        Args:
            head: One that has probabilities.
            labels: One for each class, or empty.
            model: The graph.
            run: Of this answer; None where its tensors are not there yet.
            view: Says which class is looked into.
            beside: The answer of the reference; None where nothing is compared.
        """
        if beside is None:
            self.beside = None
        elif self.beside is None or self.beside.head is not beside or self.beside.labels is not labels:
            self.beside = ranked_classes(beside, labels)
        made_of = self._made_of
        if self.ranked is None or made_of is None or made_of[0] is not head or made_of[1] is not labels:
            self.ranked, self._made_of = ranked_classes(head, labels), (head, labels)
        ranked, self._view = self.ranked, view
        target = view.target_class if view.target_class is not None and view.target_class < len(ranked) else None
        self._show_rows(ranked, -1 if target is None else target)
        self._show_certainty(ranked)
        self._show_origin(ranked, int(ranked.order[0]) if target is None else target, model, run, view)

    def follow(self, view: View) -> bool:
        """Mark the channel that is looked at; say whether nothing else of the view matters to what is shown."""
        if self._view is None or self._view.target_class != view.target_class:
            return False
        self._view = view
        self.parts.mark(view)
        return True

    def _show_rows(self, ranked: RankedClasses, selected: int) -> None:
        self._offer_counts(len(ranked))
        text = self.search.text().strip()
        pins = tuple(each for each in self.pins if each < len(ranked))
        beside = self.beside if self.beside is not None and len(self.beside) == len(ranked) else None
        best = [each for each in ranked.order[: self.count.currentData()].tolist() if each not in pins]
        if beside is not None:
            best += [each for each in beside.order[:_OF_REFERENCE].tolist() if each not in (*best, *pins)]
        rows = len(pins) + min(MOST, len(best))  # while one looks for a class, the field stays where it is
        remark = "one class, with this probability" if len(ranked) == 1 else ""
        if beside is not None:
            first = beside.at(0)
            remark = f"reference: {class_name(first)}, {format.probability(first.probability)}"
        if text:
            self.answer.show_answer(ranked, ranked.found(text), (), selected, remark, rows, beside)
        else:
            self.answer.show_answer(ranked, best, pins, selected, remark, None, beside)
        is_long = len(ranked) > SHOWN
        self.search.setVisible(is_long)
        self.count.setVisible(is_long)
        self.count.setEnabled(not text)
        self.count.updateGeometry()  # it is as wide as what is chosen

    def _offer_counts(self, classes: int) -> None:
        rows = [(str(each), each) for each in _COUNTS if each < classes] + [("all", classes)]
        if [(self.count.itemText(row), self.count.itemData(row)) for row in range(self.count.count())] == rows:
            return
        chosen, was_all = self.count.currentData(), self.count.currentText() == "all"
        self.count.clear()
        for text, value in rows:
            self.count.addItem(text, value)
        kept = chosen if chosen in [value for _, value in rows] else rows[0][1]
        self.count.choose(classes if was_all else kept)

    def _show_certainty(self, ranked: RankedClasses) -> None:
        head = ranked.head
        self.certainty.setVisible(len(ranked) > 1)
        if len(ranked) < 2:
            return
        margin = (f"margin to {class_name(ranked.at(1))}", format.significant(heads.margin(head)))
        if ranked.is_independent:
            some = f"{format.count(ranked.present)} of {format.count(len(ranked))}"
            self.certainty.show_spans(facts(margin), remark=facts(("at least 0.5", some)))
            return
        entropy = ("entropy", f"{format.significant(heads.entropy(head.probabilities))} nats")
        self.certainty.show_spans(facts(margin), remark=facts(entropy))

    def _show_origin(self, ranked: RankedClasses, index: int, model: Model, run: Run | None, view: View) -> None:
        score = ranked.score(index)
        said = f"The arithmetic of the number of {shortened(class_name(score))}"
        self.compute.setToolTip(tooltip(said))
        self.compute.setAccessibleName(said)
        self._looked_into = index
        logit = "" if score.logit is None else f", {format.significant(score.logit)}"
        self.origin.head.summarize(f"{class_name(score)}{logit}")
        if not self.origin.head.isChecked():
            self.parts.forget()  # or it would keep the run
            return
        if run is not None:
            self.parts.show_parts(model, run, ranked, index, self.pins, view)
        elif self.parts.found is None:
            self.parts.say("The feature maps of this picture are not there yet.")

    def leave(self) -> None:
        """Show no classes."""
        self.ranked, self.beside, self._made_of, self._view = None, None, None, None
        self.answer.classes.show_classes(None, (), (), -1)
        self.parts.forget()

    def forget(self) -> None:
        """Let go of the run."""
        self.parts.forget()

    def start_over(self) -> None:
        """Keep nothing of another network: its classes are others."""
        self.leave()
        self.pins = ()
        self.count.clear()
        blocked = self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(blocked)

    def readout(self, index: int) -> tuple[tuple[str, str], ...]:
        """Return what is said of a class in the status bar."""
        ranked = self.ranked
        if ranked is None or not 0 <= index < len(ranked):
            return ()
        name, probability, logit = self.answer.classes.texts(index)
        parts = [("", name), ("class", str(index)), ("rank", format.count(ranked.rank(index)))]
        parts.append(("probability", probability))
        other = self.answer.classes.reference_text(index)
        parts += [("in the reference", other)] if other else []
        parts += [("logit", logit)] if logit else []
        parts += [("margin", format.significant(ranked.margin(index)))] if len(ranked) > 1 else []
        return tuple(parts)

    # ---------------------------------------------------------------- what the user does

    @Slot()
    def _change(self) -> None:
        self.changed.emit()

    @Slot(int)
    def toggle_pin(self, index: int) -> None:
        """Keep a class on top and look into it, or let it go again."""
        if index in self.pins:
            self.pins = tuple(each for each in self.pins if each != index)
        else:
            self.pins = (*self.pins, index)
            self.chosen.emit(index)
        self.changed.emit()

    @Slot(int)
    def _explain(self, index: int) -> None:
        self.chosen.emit(index)
        self.origin.head.setChecked(True)

    @Slot()
    def _follow_best(self) -> None:
        self.chosen.emit(-1)

    @Slot()
    def _take_first(self) -> None:
        shown = self.answer.classes.indices
        if shown:
            self.chosen.emit(shown[0])

    @Slot(int, QPoint)
    def _open_menu(self, index: int, at: QPoint) -> None:
        self._asked = index
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self.actions_for(index, menu):
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Copy all classes").triggered.connect(self.copy_classes)
        menu.popup(at)

    @Slot()
    def copy_classes(self) -> None:
        """Put all classes on the clipboard as a table, tabs between."""
        if self.ranked is not None:
            QGuiApplication.clipboard().setText(self.ranked.table())

    def actions_for(self, index: int, parent: QWidget) -> Sequence[QAction]:
        """Return what can be done with a class."""
        self._asked = index
        pin = QAction("Let go" if index in self.pins else "Keep on top", parent)
        pin.setShortcut(QKeySequence(Qt.Key.Key_Space))
        pin.triggered.connect(self._pin_asked)
        explain = QAction("How its logit came about", parent)
        explain.triggered.connect(self._explain_asked)
        compute = QAction("The arithmetic of its number", parent)
        compute.triggered.connect(self._compute_asked)
        return pin, explain, compute

    @Slot()
    def _pin_asked(self) -> None:
        self.toggle_pin(self._asked)

    @Slot()
    def _explain_asked(self) -> None:
        self._explain(self._asked)

    @Slot()
    def _compute(self) -> None:
        self.element_wanted.emit(self._looked_into)

    @Slot()
    def _compute_asked(self) -> None:
        self.element_wanted.emit(self._asked)

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.answer.set_dimmed(is_dimmed)
