"""What a model is fed: the picture and what is seen of it, the numbers, how they came about, and how to change that."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from inspector import format
from inspector.analysis.comparing import Side, subtracted
from inspector.analysis.grids import cell_at
from inspector.analysis.reading import Reading
from inspector.graph.context import PictureInput, Rectangle, on_picture, picture_input
from inspector.graph.model import Model, Picture, Prediction, Tensor
from inspector.graph.preprocessing import Preprocessing, fit_in_words, in_words
from inspector.render.arrays import Index
from inspector.render.grid import Place
from inspector.render.pictures import stretched, thinned, unfed
from inspector.ui import theme
from inspector.ui.compare import names
from inspector.ui.controls import LabelledCombo
from inspector.ui.forms import Section, Stepper
from inspector.ui.lines import Line, Span
from inspector.ui.linking import reaches, seen_on_input
from inspector.ui.panel import WALL, Panel
from inspector.ui.panels.fed_view import LEAST_HEIGHT, Fed, FedView, read_fed, values_at
from inspector.ui.panels.model_inputs import InputFacts, ModelInputs
from inspector.ui.panels.picture_view import PictureView
from inspector.ui.panels.recipe_editor import RecipeEditor, chosen_name
from inspector.ui.panels.sides import side_spans
from inspector.ui.pictures import Pictured
from inspector.ui.readout import Readout
from inspector.ui.session import Cursor, Session
from inspector.ui.text import file_name, tooltip

EMPTY = "Open a picture, or drop one on the window: here you will see it, and the part of it that the model sees."
FED_AS_IT_IS = "Fed as it is, without any preprocessing."
PICTURE, SEEN, VALUES = "picture", "seen", "values"  # what can be shown; of several inputs, "values of NAME"
_COLOR_NAMES = {"RGB": ("red", "green", "blue", "alpha"), "BGR": ("blue", "green", "red", "alpha")}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the model sees, drawn back once for each run.

    Attributes:
        reading: None where it cannot be read as maps.
        pixels: Likewise.
    """

    prediction: Prediction
    fed: Fed
    reading: Reading | None
    pixels: Index | None


class InputPanel(Panel):
    """The whole picture with what the model does not see dimmed, or what was fed, and all that led to it.

    Signals:
        trials_wanted: The user wants the usual ways to feed pictures compared.
    """

    title = "Input"
    dock_name = "input"
    icon_name = "open-image"
    ignores = WALL
    area = Qt.DockWidgetArea.RightDockWidgetArea
    trials_wanted = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.picture = PictureView()
        self.pinned = PictureView()  # of the reference
        self.pinned.setAccessibleName("The reference's picture")
        self.picture_caption, self.pinned_caption = Line("small"), Line("small")
        self.numbers = FedView()
        self.frames = Stepper("Frame")
        self.caption = Line("small")
        self.views = LabelledCombo("")
        self.views.setAccessibleName("What is shown of the input")
        self.editor = RecipeEditor()
        self.recipe = Section("Preprocessing", self.editor)
        self.source = Line("small")
        self.inputs = ModelInputs()
        self.inputs_section = Section("Inputs", self.inputs)
        self.trials = QPushButton("Try the usual ones…")
        self.trials.setToolTip(tooltip("Run the pictures with every preset that fits, and compare the answers"))
        self.trials.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.editor.add_below(self.trials)
        self._wish = PICTURE  # what the user wants to see, where it can be seen
        self._fed: tuple[Prediction, tuple[Fed, ...]] | None = None
        self._seen: _Seen | None = None
        self._pinned_seen: _Seen | None = None
        self._side_fed: tuple[Prediction, Prediction, Side, tuple[Fed, ...]] | None = None
        self._opened: Section | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)  # when what was opened has its place
        self._soon.timeout.connect(self._show_opened)
        self._lay_out()
        self._connect(session)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, 0)
        top.setSpacing(theme.SPACING)
        top.addWidget(self.caption, 1)
        top.addWidget(self.views)
        content = QWidget()
        lines = QVBoxLayout(content)
        lines.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.SPACING)
        lines.setSpacing(theme.GAP)
        lines.addWidget(self._pictures(), 1)
        lines.addWidget(self.numbers, 1)
        lines.addWidget(self.frames)
        lines.addWidget(self.recipe)
        lines.addWidget(self.source)
        lines.addWidget(self.inputs_section)
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(content)
        content.setAutoFillBackground(False)
        self._scroll.viewport().setAutoFillBackground(False)
        whole = QVBoxLayout(self.body)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(theme.SPACING)
        whole.addLayout(top)
        whole.addWidget(self._scroll, 1)

    def _pictures(self) -> QWidget:
        """Return both pictures side by side, each with its name; without a reference it is one, without a name."""
        self._pair = QWidget()
        row = QHBoxLayout(self._pair)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACING)
        self._pinned_column = QWidget()  # a widget: hidden, it takes no room, as a layout within one would
        for column, picture, caption in (
            (QWidget(), self.picture, self.picture_caption),
            (self._pinned_column, self.pinned, self.pinned_caption),
        ):
            lines = QVBoxLayout(column)
            lines.setContentsMargins(0, 0, 0, 0)
            lines.setSpacing(theme.GAP)
            lines.addWidget(picture, 1)
            lines.addWidget(caption)
            row.addWidget(column, 1)
        return self._pair

    def _connect(self, session: Session) -> None:
        self.views.activated.connect(self._choose_view)
        self.picture.hovered.connect(self._read_out)
        self.pinned.hovered.connect(self._read_out_pinned)
        self.numbers.read.connect(self.readout)
        self.numbers.pointed.connect(self._point_at_numbers)
        self.frames.moved.connect(session.set_frame)
        self.editor.changed.connect(session.set_preprocessing)
        self.editor.preset_wanted.connect(self._choose_preset)
        self.trials.clicked.connect(self.trials_wanted)
        self.inputs.shape_wanted.connect(session.set_input_shape)
        self.inputs.source_wanted.connect(session.set_input)
        self.recipe.toggled.connect(self._on_recipe_toggled)
        self.inputs_section.toggled.connect(self._on_inputs_toggled)
        session.cursor_changed.connect(self._show_cursor)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        prediction, model = self.session.prediction, self.session.model
        if prediction is None or model is None:
            self.forget()
            self.say(self._why_nothing(self.session.image))
            return
        seen = picture_input(prediction.fed, model)
        fed = self._all_fed(prediction, model, seen)
        view = self._offer_views(prediction, seen, fed)
        shows_numbers = view.startswith(VALUES)
        self._pair.setVisible(not shows_numbers)
        self.numbers.setVisible(shows_numbers)
        if shows_numbers:
            self._draw_numbers(view, self._fed_of_side(prediction, model, fed))
        elif view == SEEN and seen is not None:
            self._draw_seen(prediction, seen, fed)
        elif prediction.picture is not None:
            self._draw_picture(prediction.picture, seen)
        self._draw_pinned(view, model)
        self._draw_caption(prediction, seen)
        self._draw_recipe(prediction, model, seen)
        self._draw_inputs(prediction, model, seen)

    def _draw_pinned(self, view: str, model: Model) -> None:
        """Show the reference's picture beside the other one, in the same way."""
        reference = self.session.reference
        is_shown = reference is not None and not view.startswith(VALUES)
        for widget in (self._pinned_column, self.pinned, self.picture_caption, self.pinned_caption):
            widget.setVisible(is_shown)
        if reference is None:
            self._side_fed = None
        if reference is None or not is_shown:
            self._pinned_seen = None
            self.pinned.clear()
            return
        current, pinned = names(self.session.run, reference)
        for caption, side, name in (
            (self.picture_caption, "current", current),
            (self.pinned_caption, "reference", pinned),
        ):
            caption.show_spans([Span(f"{side}  ", "muted"), Span(name, "text", is_name=True)])
        prediction = reference.prediction
        seen = picture_input(prediction.fed, model)
        if view == SEEN and seen is not None:
            last = self._pinned_seen
            if last is None or last.prediction is not prediction:
                self._pinned_seen = last = _seen_of(prediction, self._all_fed_of(prediction, model, seen), seen)
            if last.pixels is not None:
                self.pinned.show_picture(last.pixels, (seen.width, seen.height), None, self._field())
        elif prediction.picture is not None:
            picture = prediction.picture
            box, marked = Rectangle(*picture.box), self._field_on(picture, seen)
            self.pinned.show_picture(picture.pixels, picture.size, box, marked)
        else:
            self.pinned.clear()

    def _why_nothing(self, image: str) -> str:
        if not image:
            return EMPTY
        if self.session.model is None:
            return f"{file_name(image)} waits for a model. Open one, or drop an .onnx file on the window."
        if self.session.busy:
            return f"{file_name(image)} is being fed to the model."
        return f"{file_name(image)} could not be fed to the model. The line at the foot of the window says why."

    def _all_fed(self, prediction: Prediction, model: Model, seen: PictureInput | None) -> tuple[Fed, ...]:
        """Return what each input was fed, the one that was opened first."""
        if self._fed is None or self._fed[0] is not prediction:
            self._fed = prediction, self._all_fed_of(prediction, model, seen)
        return self._fed[1]

    def _fed_of_side(self, prediction: Prediction, model: Model, fed: tuple[Fed, ...]) -> tuple[Fed, ...]:
        """Return what the reference was fed, or the difference, where the view says so and there is one."""
        reference, side = self.session.reference, self.session.view.compare
        if reference is None or side == "current":
            return fed
        last, pinned = self._side_fed, reference.prediction
        if last is not None and last[0] is prediction and last[1] is pinned and last[2] == side:
            return last[3]
        made = self._all_fed_of(pinned, model, picture_input(pinned.fed, model))
        if side == "difference":
            others = {each.name: each.tensor for each in made}
            between = {each.name: subtracted(each.tensor, others[each.name]) for each in fed if each.name in others}
            made = tuple(replace(each, tensor=found) for each in fed if (found := between.get(each.name)) is not None)
        self._side_fed = prediction, pinned, side, made or fed
        return made or fed

    def _all_fed_of(self, prediction: Prediction, model: Model, seen: PictureInput | None) -> tuple[Fed, ...]:
        known = {each.name: each for each in model.inputs}
        found = [_fed(prediction, name, known.get(name), seen) for name in prediction.fed]
        first = main_input(prediction, seen)
        return tuple(sorted(found, key=lambda each: each.name != first))

    def _offer_views(self, prediction: Prediction, seen: PictureInput | None, fed: tuple[Fed, ...]) -> str:
        """List what can be shown, and return what is."""
        offered = [(PICTURE, "Picture")] if prediction.picture is not None else []
        if seen is not None and seen.channels in (1, 3):
            offered.append((SEEN, "Model's view"))
        if len(fed) == 1:
            offered.append((VALUES, "Values"))
        else:
            offered += [(f"{VALUES} of {each.name}", f"Values of {each.name}") for each in fed]
        if [(self.views.itemData(row), self.views.itemText(row)) for row in range(self.views.count())] != offered:
            self.views.clear()
            for value, text in offered:
                self.views.addItem(text, value)
        values = [value for value, _ in offered]
        fallback = next((value for value in values if value.startswith(self._wish)), values[0])
        chosen = self._wish if self._wish in values else fallback
        self.views.choose(chosen)
        self.views.updateGeometry()
        self.views.setVisible(len(offered) > 1)
        return chosen

    def _field(self) -> Rectangle | None:
        """Return what the element under the pointer, or the selected one, sees of the input, in its pixels."""
        found = seen_on_input(self.session)
        return found.rectangle if found is not None else None

    def _field_on(self, picture: Picture, seen: PictureInput | None) -> Rectangle | None:
        field = self._field()
        return on_picture(field, picture.box, seen.height, seen.width) if field and seen else None

    def _draw_picture(self, picture: Picture, seen: PictureInput | None) -> None:
        marked = self._field_on(picture, seen)
        self.picture.show_picture(picture.pixels, picture.size, Rectangle(*picture.box), marked)

    @Slot()
    def _show_cursor(self) -> None:
        """Mark what the element under the pointer sees."""
        prediction, model = self.session.prediction, self.session.model
        if not self.isVisible() or prediction is None or model is None or self.picture.isHidden():
            return
        if self.views.currentData() == SEEN or prediction.picture is None:
            self.picture.set_marked(self._field())
        else:
            seen = picture_input(prediction.fed, model)
            self.picture.set_marked(self._field_on(prediction.picture, seen))
        self._mark_pinned(model)

    def _mark_pinned(self, model: Model) -> None:
        reference = self.session.reference
        if reference is None:
            return
        prediction = reference.prediction
        if self.views.currentData() == SEEN or prediction.picture is None:
            self.pinned.set_marked(self._field())
        else:
            self.pinned.set_marked(self._field_on(prediction.picture, picture_input(prediction.fed, model)))

    def _draw_seen(self, prediction: Prediction, seen: PictureInput, fed: tuple[Fed, ...]) -> None:
        if self._seen is None or self._seen.prediction is not prediction:
            self._seen = _seen_of(prediction, fed, seen)
        if self._seen.pixels is not None:
            self.picture.show_picture(self._seen.pixels, (seen.width, seen.height), None, self._field())

    def _draw_numbers(self, view: str, fed: tuple[Fed, ...]) -> None:
        shown = next((each for each in fed if view == f"{VALUES} of {each.name}"), fed[0])
        self.numbers.show_fed(shown, [each for each in fed if each is not shown])

    def _draw_caption(self, prediction: Prediction, seen: PictureInput | None) -> None:
        picture = prediction.picture
        name = Span(file_name(prediction.image) if prediction.image else "defaults", "text", is_name=True)
        if self._side_fed is not None and not self.numbers.isHidden() and self.session.view.compare != "current":
            self.caption.show_spans(
                [Span(f"{self.session.view.compare}  ", "muted"), *side_spans(self.session)],
            )
            return
        size = f"  {format.shape(picture.size)}" if picture is not None else ""
        note = picture.note if picture is not None else prediction.note
        self.caption.show_spans([name, Span(size, "muted")], remark=[Span(note, "muted")] if note else [])
        several = picture is not None and picture.frames > 1
        self.frames.setVisible(several)
        if picture is not None and several:
            self.frames.show_step(min(self.session.frame, picture.frames - 1), picture.frames)

    def _draw_recipe(self, prediction: Prediction, model: Model, seen: PictureInput | None) -> None:
        recipe, chosen = prediction.preprocessing, self.session.preprocessing
        sees = [Span(f"sees {seen.width} × {seen.height}", "muted")] if seen is not None else []
        self.recipe.setVisible(recipe is not None)
        if recipe is None:
            self.source.show_spans([Span(FED_AS_IT_IS, "muted", is_name=True)], remark=sees)
            return
        in_force = chosen or recipe
        self.recipe.head.summarize(f"{recipe.name}: {in_words(recipe)}, {fit_in_words(recipe)}")
        self.source.show_spans([Span(recipe.source or "a preset", "muted", is_name=True)], remark=sees)
        automatic = recipe.name if chosen is None else ""
        self.editor.show_recipe(in_force, chosen_name(chosen), automatic, _takes_any_size(model, seen))

    def _draw_inputs(self, prediction: Prediction, model: Model, seen: PictureInput | None) -> None:
        session, first = self.session, main_input(prediction, seen)
        known: dict[str, InputFacts] = {}
        for each in model.inputs:
            fed = prediction.fed.get(each.name)
            known[each.name] = InputFacts(
                each,
                fed.shape if fed is not None else (),
                prediction.origins.get(each.name, ""),
                each.name == first and bool(prediction.image),
                session.shapes.get(each.name),
                session.input_files.get(each.name, session.fills.get(each.name)),
            )
        self.inputs_section.setVisible(len(known) > 1 or any(each.is_open for each in known.values()))
        texts = [f"{each.tensor.name} {format.shape(each.fed)}" for each in known.values()]
        self.inputs_section.head.summarize(", ".join(texts))
        self.inputs.show_inputs(known)

    def forget(self) -> None:
        self._fed = self._seen = self._pinned_seen = self._side_fed = None
        self.picture.clear()
        self.pinned.clear()
        self.numbers.clear()

    def pictured(self, at: QPoint | None) -> Pictured | None:
        if self.message:
            return None
        canvas = self.numbers.canvas
        if canvas.isVisible():
            tile = 0 if at is None else canvas.tile_at(QPointF(canvas.mapFrom(self, at)))
            drawn = canvas.taken(tile)
            return Pictured(f"Channel {tile} of what was fed", "map", drawn) if drawn is not None else None
        for view, run in ((self.pinned, self.session.reference), (self.picture, self.session)):
            is_there = view.isVisible() and (at is None or view.rect().contains(view.mapFrom(self, at)))
            drawn = view.taken() if is_there else None
            if drawn is not None and run is not None and run.prediction is not None:
                return Pictured(os.path.basename(run.prediction.image) or "What was fed", "picture", drawn)
        return None

    def set_dimmed(self, is_dimmed: bool) -> None:
        self.picture.set_dimmed(is_dimmed)
        self.numbers.set_dimmed(is_dimmed)

    # ---------------------------------------------------------------- what the user does

    def show_view(self, view: str) -> None:
        """Show the picture, what the model sees of it, or the values: one of this module's constants."""
        self._wish = view
        self.refresh()

    @Slot(int)
    def _choose_view(self, row: int) -> None:
        self.show_view(self.views.itemData(row))

    @Slot(str)
    def _choose_preset(self, name: str) -> None:
        self.session.set_preprocessing(name or None)

    @Slot(bool)
    def _on_recipe_toggled(self, is_open: bool) -> None:
        self._on_opened(self.recipe if is_open else None)

    @Slot(bool)
    def _on_inputs_toggled(self, is_open: bool) -> None:
        self._on_opened(self.inputs_section if is_open else None)

    def _on_opened(self, section: Section | None) -> None:
        """Keep the picture from shrinking to nothing, and bring what was opened into view."""
        is_any_open = self.recipe.head.isChecked() or self.inputs_section.head.isChecked()
        self.picture.setMinimumHeight(LEAST_HEIGHT if is_any_open else 0)
        self._opened = section
        self._soon.start()

    @Slot()
    def _show_opened(self) -> None:
        if self._opened is not None:
            self._scroll.ensureWidgetVisible(self._opened, 0, 0)
            self._scroll.ensureWidgetVisible(self._opened.head, 0, 0)

    @Slot(object)
    def _read_out(self, at: tuple[int, int, tuple[int, int, int]] | None) -> None:
        self._say(at, self.session.prediction, self._seen)

    @Slot(object)
    def _read_out_pinned(self, at: tuple[int, int, tuple[int, int, int]] | None) -> None:
        reference = self.session.reference
        self._say(at, reference.prediction if reference is not None else None, self._pinned_seen)

    def _say(
        self, at: tuple[int, int, tuple[int, int, int]] | None, prediction: Prediction | None, seen: _Seen | None
    ) -> None:
        if at is None or prediction is None:
            self.session.set_cursor(None)
            self.readout.emit(())
            return
        row, column, color = at
        self._point_at(prediction, row, column)
        where: Readout = (("", file_name(prediction.image)), ("row", str(row)), ("column", str(column)))
        values: Readout = (("red, green, blue", ", ".join(map(str, color))),)
        if self.views.currentData() == SEEN and seen is not None and seen.reading is not None:
            where = (("", seen.fed.name), *where[1:])
            values = values_at(seen.reading, seen.fed, Place(0, row, column))
        layer = self.session.layer()
        reached = reaches(self.session, layer) if layer is not None else ()
        self.readout.emit((*where, *values, *reached))

    @Slot(object)
    def _point_at_numbers(self, at: tuple[str, int, int] | None) -> None:
        """Likewise, where the pointer is on the values of an input: if it is the one that is followed."""
        model = self.session.model
        is_followed = at is not None and model is not None and at[0] == model.picture and len(model.picture_axes) == 2
        self.session.set_cursor(Cursor("", at[1], at[2]) if at is not None and is_followed else None)

    def _point_at(self, prediction: Prediction, row: int, column: int) -> None:
        """Tell the other panels on which pixel of the input the pointer is."""
        pixel: tuple[int, int] | None = row, column
        if self.views.currentData() != SEEN and prediction.picture is not None:
            seen = picture_input(prediction.fed, self.session.model)
            box = prediction.picture.box
            pixel = cell_at((row, column), box, seen.height, seen.width) if seen is not None else None
        self.session.set_cursor(Cursor("", *pixel) if pixel is not None else None)


def main_input(prediction: Prediction, seen: PictureInput | None) -> str:
    """Return the input that what was opened went to."""
    opened = os.path.basename(prediction.image)
    for name, origin in prediction.origins.items():
        if origin == "the picture" or (opened and (origin == opened or origin.startswith(f"{opened} ("))):
            return name
    return seen.name if seen is not None else next(iter(prediction.fed), "")


def _seen_of(prediction: Prediction, fed: tuple[Fed, ...], seen: PictureInput) -> _Seen:
    """Draw back what the model sees of a picture."""
    shown = next(each for each in fed if each.name == seen.name)
    found = read_fed(shown)
    return _Seen(prediction, shown, found, _drawn_back(found, prediction.preprocessing) if found is not None else None)


def _takes_any_size(model: Model, seen: PictureInput | None) -> bool:
    shape = next((each.shape for each in model.inputs if seen is not None and each.name == seen.name), None)
    if seen is None or shape is None:
        return False
    sides = shape[-3:-1] if seen.channels_last else shape[-2:]
    return not all(isinstance(each, int) for each in sides)


def _fed(prediction: Prediction, name: str, known: Tensor | None, seen: PictureInput | None) -> Fed:
    tensor = prediction.fed[name]
    known = known or Tensor(name, str(tensor.dtype), tensor.shape)
    if seen is None or seen.name != name:
        return Fed(name, tensor, known)
    recipe = prediction.preprocessing
    colors = _COLOR_NAMES.get(recipe.channels, ()) if recipe is not None else ()
    names = ("grey",) if recipe is not None and seen.channels == 1 else colors[: seen.channels]
    return Fed(name, tensor, replace(known, channels_last=seen.channels_last), names)


def _drawn_back(found: Reading, recipe: Preprocessing | None) -> Index:
    planes = thinned(found.maps)
    if recipe is None or recipe.scale == 0:
        return stretched(planes)
    return unfed(planes, recipe.scale, recipe.mean, recipe.std, recipe.channels == "BGR", recipe.invert)
