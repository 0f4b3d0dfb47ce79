"""The answer of the model as it is deployed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.comparing import Side
from inspector.analysis.grids import SHOWN_AS, ClassMap, Output, class_map
from inspector.analysis.heads import READINGS, Head, answered
from inspector.analysis.outputs import described, most_telling
from inspector.analysis.statistics import histogram, statistics
from inspector.explain.elements import origin
from inspector.graph.context import picture_input
from inspector.graph.model import Array, Model, Prediction, Run
from inspector.labels import fitting, short
from inspector.ui import theme
from inspector.ui.controls import Flow
from inspector.ui.forms import Notice
from inspector.ui.lines import Line, Sentence, Span
from inspector.ui.panel import Panel
from inspector.ui.panels.classes_view import SHOWN, ClassesView
from inspector.ui.panels.histogram import Histogram
from inspector.ui.panels.logit_parts import Choice
from inspector.ui.panels.output_image import PictureOutput
from inspector.ui.panels.output_sides import Beside as OtherAnswer
from inspector.ui.panels.output_sides import beside
from inspector.ui.panels.sides import SideControl
from inspector.ui.panels.tensor_table import TensorRow, TensorTable, tensor_row
from inspector.ui.pictures import Pictured
from inspector.ui.session import Session
from inspector.ui.text import plain, shortened

_HARD_SPACE = "\N{NO-BREAK SPACE}"
EMPTY = "Open a model and a picture: here you will see what the model answers, and how sure it is."
EDITED = "The network is edited: not the file's answer."
_NAMES = {"none": "numbers", "tensor": "numbers", "index": "class number"}  # of kinds, where theirs says little


@dataclass(frozen=True, slots=True)
class _Read:
    """What an answer was found to be: worked out once for each answer and each choice.

    Attributes:
        head: Of the shown output.
        outputs: What all of them are.
        shown: The one that is shown; None where the model has none.
        choices: What the user may say that it is; empty where there is nothing to say.
        found: What it is if the user says nothing.
    """

    prediction: Prediction
    key: tuple[object, ...]
    head: Head
    outputs: tuple[Output, ...]
    shown: Output | None
    choices: tuple[str, ...]
    found: str


class OutputPanel(Panel):
    """Top classes as bars, images and maps of classes as what they are, any other output as shape and statistics.

    Signals:
        class_picked: The element that is a class's number is selected now: how it was computed can be shown.
    """

    title = "Output"
    dock_name = "output"
    icon_name = "output"
    area = Qt.DockWidgetArea.RightDockWidgetArea
    follows_view = False
    class_picked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.classes = ClassesView()
        self.answer, self.certainty = self.classes.answer, self.classes.certainty
        self.alone = Line("title")
        self.picture = PictureOutput()
        self.reason = Sentence()
        self.warning = Notice("warning")
        self.heading = Line()
        self.outputs = Choice("Output")
        self.reading = Choice("Read as")
        self.table_title = Line("small")
        self.table = TensorTable()
        self.histogram = Histogram()
        self._model: Model | None = None
        self._output = ""  # the one that the user wants to see; empty for the one that says most
        self._said: dict[str, str] = {}  # what the user says that grids are, by output
        self._read: _Read | None = None
        self._rows: tuple[Prediction, dict[str, TensorRow]] | None = None
        self._drawn: _Read | None = None  # what the picture shows
        self._map: ClassMap | None = None
        self.sides = SideControl(session)
        self._other: tuple[Prediction, _Read, OtherAnswer | None] | None = None  # the reference's picture
        self._sided: tuple[OtherAnswer | None, Side] = (None, "current")  # what the picture was drawn as
        self._listed: tuple[Head, tuple[str, ...]] | None = None  # the classes that are shown, and their labels
        self._counted = ""  # the output whose values are counted
        self._beside: tuple[Run, Head, Head] | None = None  # the reference, the answer it stands beside, and its own
        self._lay_out()
        self.outputs.activated.connect(self._choose_output)
        self.reading.activated.connect(self._choose_reading)
        self.classes.chosen.connect(self._choose_class)
        self.classes.channel_wanted.connect(self._go_to_channel)
        self.classes.element_wanted.connect(self._pick_class)
        self.classes.hovered.connect(self._say_class)
        self.classes.changed.connect(self._show_classes)
        session.view_changed.connect(self._follow_view)
        self.picture.readout.connect(self.readout)

    def pictured(self, at: QPoint | None) -> Pictured | None:
        view = self.picture.view
        drawn = view.taken() if view.isVisible() else None
        if drawn is not None:
            return Pictured("The answer's picture", "picture", drawn)
        ranked = self.classes.ranked if self.classes.isVisible() and not self.message else None
        return Pictured("Probabilities", "bars", None, ranked.table()) if ranked is not None else None

    def _lay_out(self) -> None:
        self.reason.setFont(theme.font("small"))
        self._controls = Flow(theme.SPACING)
        for combo in (self.outputs, self.reading):
            self._controls.add(combo)
        inside = QWidget()
        lines = QVBoxLayout(inside)  # the rows of classes reach from edge to edge
        lines.setContentsMargins(0, theme.SPACING, 0, theme.GAP)
        lines.setSpacing(theme.GAP)
        lines.addWidget(self.classes)
        layout = QVBoxLayout()
        layout.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        layout.setSpacing(theme.GAP)
        lines.addLayout(layout, 1)
        for widget in (self.alone, self.heading, self.sides):
            layout.addWidget(widget)
        layout.addWidget(self.picture, 100)
        for each in (self.histogram, self.reason, self.warning, self._controls, self.table_title, self.table):
            layout.addWidget(each)
        layout.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        outer = QVBoxLayout(self.body)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._scroll)

    # ---------------------------------------------------------------- what it is

    def _look(self, model: Model, prediction: Prediction, run: Run | None) -> _Read:
        tensors = run.tensors if run is not None and run.prediction is prediction else None
        key = (tensors is None, self.session.head, self._output, tuple(self._said.items()))
        if self._read is not None and self._read.prediction is prediction and self._read.key == key:
            return self._read
        head = answered(model, prediction, tensors, self.session.head, self._output)
        outputs = described(model, prediction, head, self._said)
        shown = next((each for each in outputs if each.name == self._output), None) or most_telling(outputs)
        choices: tuple[str, ...] = ()
        found = ""
        if shown is not None and shown.is_grid:
            plain_outputs = described(model, prediction, head)
            choices, found = SHOWN_AS, next(each.kind for each in plain_outputs if each.name == shown.name)
        elif shown is not None:
            if head.output != shown.name:
                head = answered(model, prediction, tensors, self.session.head, shown.name)
            choices, found = (READINGS, head.found) if head.is_vector else ((), "")
        self._read = _Read(prediction, key, head, outputs, shown, choices, found)
        return self._read

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        model, prediction = self.session.model, self.session.prediction
        if self.session.structure is not self._model:
            self._model, self._output, self._said = self.session.structure, "", {}
            self.classes.start_over()
        if model is None or prediction is None:
            self.say(EMPTY if not (model and self.session.busy) else "The answer is on its way.")
            return
        read = self._look(model, prediction, self.session.run)
        kind = read.shown.kind if read.shown is not None else "tensor"
        mismatch = self._draw_classes(read.head if kind == "classes" else None)
        mismatch = self._draw_picture(read, prediction) or mismatch
        self._draw_words(read, mismatch)
        self._draw_controls(read, prediction)
        self._draw_numbers(read, prediction)

    def _draw_classes(self, head: Head | None) -> str:
        """Show the classes; return what is wrong with the labels."""
        labels, mismatch = fitting(self.session.class_labels(), head.classes if head is not None else 0)
        if head is not None and head.classes == 1 and not labels:
            labels = (shortened(head.output),)  # which says more than "class 0"
        is_list = head is not None and head.probabilities.size > 0
        self.classes.setVisible(is_list)
        self._listed = (head, labels) if head is not None and is_list else None
        if is_list:
            self._show_classes()
        else:
            self.classes.leave()
        indices = head.indices if head is not None else ()
        self.alone.setVisible(bool(indices))
        if indices:
            names = [short(labels[each]) if each < len(labels) else f"class {each}" for each in indices[:SHOWN]]
            self.alone.show_spans([Span(", ".join(names), "bold", is_name=True)])
        return mismatch

    @Slot()
    def _follow_view(self) -> None:
        if not self.isVisible():
            return
        if self._drawn is not None and self._sided[0] is not None and self._sided[1] != self.session.view.compare:
            self.refresh()
        if not self.classes.follow(self.session.view):
            self._show_classes()

    @Slot()
    def _show_classes(self) -> None:
        """Show the classes, and of one of them how its logit came about."""
        model, prediction, run = self.session.model, self.session.prediction, self.session.run
        if self._listed is None or model is None or not self.isVisible():
            return
        of_this = run if run is not None and run.prediction is prediction else None
        head, labels = self._listed
        self.classes.show_head(head, labels, model, of_this, self.session.view, self._answer_of_reference(model, head))

    def _answer_of_reference(self, model: Model, head: Head) -> Head | None:
        """Return what the reference answered, read in the same way."""
        reference = self.session.reference
        if reference is None or head.output not in reference.prediction.outputs:
            self._beside = None
            return None
        last = self._beside
        if last is None or last[0].prediction is not reference.prediction or last[1] is not head:
            found = answered(model, reference.prediction, reference.tensors, self.session.head, head.output)
            self._beside = last = reference, head, found
        return last[2] if last[2].probabilities.size else None

    def _draw_picture(self, read: _Read, prediction: Prediction) -> str:
        """Show an image or a map of classes; return what is wrong with the labels."""
        shown = read.shown
        is_seen = shown is not None and shown.kind in ("image", "class map")
        self.picture.setVisible(is_seen)
        if shown is None or not is_seen:
            self._drawn, self._map = None, None
            self.sides.hide()
            self.picture.forget()
            return ""
        values = prediction.outputs[shown.name]
        self.sides.show_sides()
        other = self._other_answer(read)
        sided = other, self.session.view.compare if other is not None else "current"
        is_new = self._drawn is not read or self._sided[0] is not other or self._sided[1] != sided[1]
        if self._drawn is not read:
            self._map = None
        self._drawn, self._sided = read, sided
        if other is not None:
            return self._draw_compared(other, values, prediction, sided[1], is_new)
        if shown.kind == "image":
            if is_new:
                known = statistics(values)
                self.picture.show_image(shown, values, (known.minimum, known.maximum), prediction)
            return ""
        if self._map is None:
            self._map = class_map(shown, values)
        seen = picture_input(prediction.fed, self.session.model)
        return self.picture.show_map(shown, values, self._map, self.session.class_labels(), prediction, seen)

    def _other_answer(self, read: _Read) -> OtherAnswer | None:
        """Return what the reference gives for the output that is shown; None where nothing is compared."""
        model, reference = self.session.model, self.session.reference
        if model is None or reference is None or read.shown is None:
            self._other = None
            return None
        last = self._other
        if last is None or last[0] is not reference.prediction or last[1] is not read:
            found = beside(model, read.shown, reference, self.session.head, self._said)
            self._other = last = reference.prediction, read, found
        return last[2]

    def _draw_compared(
        self, other: OtherAnswer, values: Array, prediction: Prediction, side: Side, is_new: bool
    ) -> str:
        """Show the picture of the current run, of the reference, or what is between them."""
        output, model, labels = other.shown, self.session.model, self.session.class_labels()
        if side == "reference":
            output, values, prediction = other.output, other.values, other.prediction
        if output.kind == "image":
            if not is_new or (side == "difference" and self.picture.show_difference(output, values, other, prediction)):
                return ""
            known = statistics(values)
            self.picture.show_image(output, values, (known.minimum, known.maximum), prediction)
            self._say_sizes(side)
            return ""
        if self._map is None:
            self._map = class_map(other.shown, values if side != "reference" else self._current_values(other))
        seen = picture_input(prediction.fed, model)
        if side == "difference":
            said = self.picture.show_changes(output, values, self._map, other, labels, prediction, seen)
            if said is not None:
                return said
        found = other.found if side == "reference" and other.found is not None else self._map
        mismatch = self.picture.show_map(output, values, found, labels, prediction, seen)
        self._say_sizes(side)
        return mismatch

    def _current_values(self, other: OtherAnswer) -> Array:
        assert self.session.prediction is not None
        return self.session.prediction.outputs[other.shown.name]

    def _say_sizes(self, side: Side) -> None:
        """Say why the current picture is seen where the difference was asked for."""
        if side == "difference":
            self.picture.caption.show_spans([Span("not of the reference's size: this is the current one", "warning")])

    def _draw_words(self, read: _Read, mismatch: str) -> None:
        shown = read.shown
        reason = read.head.reason if shown is None or shown.kind == "classes" else shown.reason
        if shown is not None and shown.kind == "image":
            rule = self._sided[0].shown.rule if self._sided[0] is not None else shown.rule
            is_difference = self.picture.shows_difference
            reason += " Drawn: current less reference, around zero." if is_difference else f" Drawn from {rule}."
        self.reason.setText(reason.replace(f" {format.TIMES} ", f"{_HARD_SPACE}{format.TIMES}{_HARD_SPACE}"))
        prediction = self.session.prediction
        edited = EDITED if prediction is not None and prediction.edits else ""
        warning = " ".join(each for each in (edited, mismatch, read.head.warning) if each)
        self.warning.setText(warning)
        self.warning.setVisible(bool(warning))

    def _draw_controls(self, read: _Read, prediction: Prediction) -> None:
        names = list(prediction.outputs)
        self._offer(self.outputs, [(name, shortened(name, 32)) for name in names])
        self.outputs.choose(read.shown.name if read.shown is not None else None)
        self.outputs.setVisible(len(names) > 1)
        found = _NAMES.get(read.found, read.found)
        self._offer(
            self.reading, [("", f"automatic ({found})"), *((each, _NAMES.get(each, each)) for each in read.choices)]
        )
        is_grid = read.shown is not None and read.shown.is_grid
        said = self._said.get(read.shown.name, "") if read.shown is not None and is_grid else self.session.head
        self.reading.choose(said)
        self.reading.setVisible(bool(read.choices))
        self._controls.setVisible(len(names) > 1 or bool(read.choices))
        self._controls.arrange()

    def _offer(self, combo: Choice, rows: list[tuple[str, str]]) -> None:
        if [(combo.itemData(row), combo.itemText(row)) for row in range(combo.count())] != rows:
            combo.clear()
            for value, text in rows:
                combo.addItem(plain(text), value)

    def _draw_numbers(self, read: _Read, prediction: Prediction) -> None:
        """Show what is no answer and no picture as statistics, and the values of the shown one as a histogram."""
        shown = read.shown
        if self._rows is None or self._rows[0] is not prediction:
            self._rows = prediction, {name: tensor_row(name, each) for name, each in prediction.outputs.items()}
            self._counted = ""
        is_told = shown is not None and shown.kind != "tensor"
        rows = [
            row for name, row in self._rows[1].items() if not (is_told and shown is not None and name == shown.name)
        ]
        self.table.show_rows(rows)
        self.table.setVisible(bool(rows))
        self.table_title.setVisible(bool(rows) and is_told)
        self.table_title.show_spans([Span("other outputs", "muted")])
        self.heading.setVisible(shown is not None and not is_told)
        if shown is not None:
            shape = format.shape(prediction.outputs[shown.name].shape)
            self.heading.show_spans([Span(shown.name, "bold", is_name=True), Span(f"  {shape}", "muted")])
        self.histogram.setVisible(shown is not None and not is_told)
        if shown is not None and not is_told and self._counted != shown.name:
            self._counted = shown.name
            values = prediction.outputs[shown.name]
            counts, low, high = histogram(values) if values.dtype.kind in "biuf" else ((), 0.0, 0.0)
            self.histogram.show_counts([int(each) for each in counts], low, high)

    @Slot(int)
    def _pick_class(self, index: int) -> None:
        """Select the element of the last layer that is a class's number, to be followed back from there."""
        model, read = self.session.model, self._read
        layer = origin(model, read.head.output).layer if model is not None and read is not None else None
        if layer is not None:
            self.session.set_view(layer=layer.name, channel=index, element=None)
            self.class_picked.emit()

    def forget(self) -> None:
        self._read = self._rows = self._drawn = self._map = self._listed = self._beside = self._other = None
        self._sided = (None, "current")
        self.classes.forget()
        self.picture.forget()

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.classes.set_dimmed(is_dimmed)
        self.picture.set_dimmed(is_dimmed)

    # ---------------------------------------------------------------- what the user does

    @Slot(int)
    def _choose_output(self, row: int) -> None:
        self._output = self.outputs.itemData(row)
        self.refresh()

    @Slot(int)
    def _choose_reading(self, row: int) -> None:
        shown = self._read.shown if self._read is not None else None
        kind = self.reading.itemData(row)
        if shown is None or not shown.is_grid:
            self.session.set_head(kind)
            return
        rest = {name: said for name, said in self._said.items() if name != shown.name}
        self._said = {**rest, shown.name: kind} if kind else rest
        self.refresh()

    @Slot(int)
    def _choose_class(self, index: int) -> None:
        self.session.set_view(target_class=index if index >= 0 else None)

    @Slot(str, int)
    def _go_to_channel(self, layer: str, channel: int) -> None:
        if self.session.view.layer != layer:
            self.session.set_view(layer=layer, channel=channel, element=None)
        else:
            self.session.select_channel(channel)

    @Slot(int)
    def _say_class(self, index: int) -> None:
        self.readout.emit(self.classes.readout(index))
