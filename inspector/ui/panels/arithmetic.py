"""How the selected element comes about, number by number, and back from there to the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout

from inspector import format
from inspector.explain.elements import Spot, index_of, map_of, origin, spot_of, strongest, way_here
from inspector.explain.facts import Explanation, Index
from inspector.explain.pixels import explain_input
from inspector.explain.sheets import ranking, strongest_place
from inspector.explain.sliding_window import Frame, Motion, input_index, motion, touched
from inspector.explain.table import explain
from inspector.explain.unrolling import Unrolling, unrolling
from inspector.graph.context import activation_side
from inspector.graph.model import Array, Layer, Model, Run, Tensor
from inspector.ui import theme
from inspector.ui.animation import Player, Transport
from inspector.ui.arithmetic.content import Content, Scene
from inspector.ui.arithmetic.looks import Looks, picture
from inspector.ui.arithmetic.trail import Chip, Trail
from inspector.ui.compare import names
from inspector.ui.lines import Line, Span
from inspector.ui.panel import Panel
from inspector.ui.panels.layer_thumbnails import Thumbnails
from inspector.ui.panels.map_reasons import is_fused_away, why_no_tensor
from inspector.ui.readout import sees
from inspector.ui.session import Session
from inspector.ui.surveyed import Surveyed
from inspector.ui.text import file_name, plain

EMPTY = "Open a model and a picture: here you will see how each number of a layer was computed, step by step."
_ROOMY, _NARROW = 620, 420  # pixels from which on the heading says more
_EDGES = (_ROOMY, _NARROW)
_NEAREST = 4  # layers before the current one that the way names


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a tensor.

    Attributes:
        layer: That makes the tensor; ``""`` for an input of the model.
        tensor: Its name.
        index: As stored.
    """

    layer: str
    tensor: str
    index: Index


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The view that an element was taken from: while it is the same, the element stays."""

    layer: str
    channel: int
    element: tuple[int, int] | None
    slice: int | None


class ArithmeticPanel(Panel):
    """The arithmetic of one element, checked against the runtime, and the window that slides over the real input.

    Signals:
        animation_wanted: The user wants the window's way as a file: layer, channel and input channel.
    """

    title = "Arithmetic"
    dock_name = "arithmetic"
    icon_name = "arithmetic"
    area = Qt.DockWidgetArea.RightDockWidgetArea
    animation_wanted = Signal(str, int, int)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.trail = Trail()
        self.heading = Line()
        self.compared = Line("small")
        self.content = Content()
        self.player = Player(self)
        self.transport = Transport(self.player)
        self.thumbnails = Thumbnails(self)
        self.explanation: Explanation | None = None
        self.element: Element | None = None
        self._weights: dict[str, Array] = {}  # read before
        self._weights_of: Model | None = None
        self._looks: Looks | None = None
        self._on_wall: Surveyed | None = None  # held, or each drawing would look it over anew
        self._run: Run | None = None
        self._chosen: _Chosen | None = None
        self._followed: Element | None = None  # where the session is about to go
        self._came_from: tuple[Element, ...] = ()  # the nearest last
        self._part = 0
        self._motion: Motion | None = None
        self._unrolling: Unrolling | None = None
        self._is_filling = False
        self._stops: tuple[Element | Layer | None, ...] = ()  # of the chips
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._scroll = QScrollArea()
        self._scroll.setWidget(self.content)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.viewport().setAutoFillBackground(False)
        self.content.setAutoFillBackground(False)
        head = QVBoxLayout()
        head.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, 0)
        head.addWidget(self.heading)
        head.addWidget(self.compared)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.trail)
        layout.addLayout(head)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self.transport)

    def _connect(self) -> None:
        self.trail.picked.connect(self._pick_stop)
        self.content.part_chosen.connect(self._choose_part)
        self.content.followed.connect(self._follow_place)
        self.content.hovered.connect(self._hover)
        self.content.picked.connect(self._pick)
        self.player.moved.connect(self._on_moved)
        self.player.changed.connect(self._on_player)
        self.transport.file_wanted.connect(self._want_animation)
        self.thumbnails.made.connect(self._show_trail)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        session = self.session
        model, layer, run = session.model, session.layer(), session.run
        if model is None or layer is None:
            self.forget()
            self.say(EMPTY)
            return
        tensor = session.tensor("current")
        if run is None or tensor is None:
            self.forget()
            self.say(why_no_tensor(session, layer, "current"), "Show step by step" if self._is_fused(layer) else "")
            return
        if not tensor.size or tensor.dtype.kind not in "biuf":
            self.forget()
            self.say(f"There is nothing to compute in the output of {plain(layer.name)}: it holds no numbers.")
            return
        self._say_which(session)
        self._take_run(model, run)
        self._follow_wall(layer)
        self._take_view(model, layer, tensor)
        self._show()
        self._show_trail()

    def _say_which(self, session: Session) -> None:
        """Say that this is about the current run while the other panels show something else."""
        self.compared.setVisible(session.view.compare != "current")
        name, _ = names(session.run, session.reference)
        side = "the reference" if session.view.compare == "reference" else "the difference"
        spans = [Span("of the current run, ", "muted"), Span(name, "text", is_name=True)]
        self.compared.show_spans([*spans, Span(f"; the feature maps show {side}", "muted")])

    def _is_fused(self, layer: Layer) -> bool:
        return self.session.run is not None and not layer.hidden and is_fused_away(self.session.run, layer)

    def page_action(self) -> None:
        self.session.set_run_view("step by step")

    def _take_run(self, model: Model, run: Run) -> None:
        view = self.session.view
        if self._weights_of is not model:
            self._weights, self._weights_of = {}, model
            self._came_from, self._followed = (), None
        if self._run is not run:
            self._run, self._chosen = run, None if self._is_elsewhere(run) else self._chosen
            self.player.pause()
            self.thumbnails.show_run(run)
            self._motion = None
        if self._looks is None or self._looks.model is not model or self._looks.run is not run:
            self._looks = Looks(model, run, view.scaling, view.colormap)
        self._looks.look(view.scaling, view.colormap)

    def _follow_wall(self, layer: Layer) -> None:
        """Draw maps with limits that were chosen, and with those of both where two runs are compared, as the wall does.

        Not where the wall shows another run, a difference, or real numbers for codes.
        """
        session, view = self.session, self.session.view
        is_here = view.compare == "current" and (view.limits is not None or session.reference is not None)
        reading = session.reading("current") if is_here else None
        is_same = reading is not None and (reading.codes is None or reading.shows_codes)
        self._on_wall = known = session.surveyed("current") if is_same else None
        colormap = session.colormap("current")
        drawn = known.drawn_with(view.scaling, colormap, view.limits) if known is not None else None
        if self._looks is not None:
            locked = view.limits if view.is_locked and view.compare == "current" else None
            self._looks.follow_wall(layer.output.name, drawn, locked)

    def _is_elsewhere(self, run: Run) -> bool:
        """Whether the element that is shown is none of this run."""
        element = self.element
        array = run.tensors.get(element.tensor) if element is not None else None
        if element is None or array is None or array.ndim != len(element.index):
            return True
        return any(place >= length for place, length in zip(element.index, array.shape, strict=True))

    def _take_view(self, model: Model, layer: Layer, tensor: Array) -> None:
        """Look at the element that the session's view names, unless that is where it comes from itself."""
        view = self.session.view
        chosen = _Chosen(view.layer, view.channel, view.element, view.slice)
        if self._followed is not None:
            element, self._followed = self._followed, None
        elif chosen == self._chosen and self.element is not None:
            if self._motion is None and self._unrolling is None:
                self._take_motion(model)
            return
        else:
            element = _of_view(layer, tensor, chosen)
            if self.element is None or element.layer != self.element.layer:
                known = [each.layer for each in self._came_from]
                self._came_from = self._came_from[: known.index(element.layer)] if element.layer in known else ()
        is_same_map = self._is_same_map(element)
        self._chosen, self.element = chosen, element
        self._is_filling = False
        if not is_same_map:
            self._part = -1
        self._take_motion(model)

    def _is_same_map(self, element: Element) -> bool:
        last, looks = self.element, self._looks
        if last is None or looks is None or last.tensor != element.tensor:
            return False
        known = looks.known(element.tensor)
        array = looks.array(element.tensor)
        if known is None or array is None:
            return False
        before, after = (spot_of(known, array.shape, each.index) for each in (last, element))
        return before is not None and after is not None and before.channel == after.channel

    def _take_motion(self, model: Model) -> None:
        """Find out how the layer goes over its input, and let the player stand at the element."""
        element, looks = self.element, self._looks
        self._motion = self._unrolling = None
        position = 0
        if element is not None and looks is not None and not element.layer:
            known, array = looks.known(element.tensor), looks.array(element.tensor)
            spot = spot_of(known, array.shape, element.index) if known is not None and array is not None else None
            shown = map_of(known, array, spot) if spot is not None and known is not None and array is not None else None
            self._motion = Motion((shown.shape[0], shown.shape[1])) if shown is not None else None
            self.player.set_positions(0, 0)
            self.transport.hide()
            return
        if element is not None and looks is not None and (layer := model.layer(element.layer)) is not None:
            known, array = looks.known(element.tensor), looks.array(element.tensor)
            spot = spot_of(known, array.shape, element.index) if known is not None and array is not None else None
            given = looks.array(layer.inputs[0]) if layer.inputs else None
            if given is not None and array is not None:
                self._unrolling = unrolling(layer, given, array, element.index)
            if self._unrolling is not None:
                position = self._unrolling.position(element.index)
            elif spot is not None and known is not None:
                self._motion = motion(model, layer, looks.run.tensors, known, spot)
                position = self._motion.position(*spot.element) if self._motion is not None else 0
        count = self._unrolling.count if self._unrolling is not None else self._motion.count if self._motion else 0
        self.player.set_positions(count, position)
        self.transport.setVisible(count > 1)
        self.transport.file.setVisible(self._motion is not None and self._motion.geometry is not None)

    def _explain(self) -> Explanation | None:
        element, looks, model = self.element, self._looks, self.session.model
        if element is None or looks is None or model is None:
            return None
        layer = model.layer(element.layer)
        if layer is None:
            known, fed = looks.known(element.tensor), looks.run.prediction.fed.get(element.tensor)
            if known is None or fed is None:
                return None
            return explain_input(known, fed, element.index, looks.run.prediction)
        output = next((place for place, each in enumerate(layer.outputs) if each.name == element.tensor), 0)
        return explain(model, layer, looks.run.tensors, element.index, output=output, kept=self._weights)

    def _show(self) -> None:
        """Show the element."""
        found, looks, element = self._explain(), self._looks, self.element
        self.explanation = found
        if found is None or looks is None or element is None:
            self.say("This element is not in the run any more. Choose another one.")
            return
        if found.arithmetic is not None and not 0 <= self._part < max(1, found.arithmetic.parts.size):
            ranked = ranking(found.arithmetic)
            self._part = ranked.row(0)[0] if len(ranked) else 0
        known, array = looks.known(element.tensor), looks.array(element.tensor)
        spot = spot_of(known, array.shape, element.index) if known is not None and array is not None else None
        given, frame = self._window(found, spot) if element.layer else (None, None)
        position = self.player.position
        if spot is not None and self._motion is not None:
            position = self._motion.position(*spot.element)
        self.content.show_scene(
            Scene(
                found,
                looks,
                self._part,
                spot,
                self._motion,
                frame,
                given,
                position,
                self._is_filling,
                self._unrolling,
                self._labels(found),
            )
        )
        self._show_heading(found, spot, known)

    def _labels(self, found: Explanation) -> Sequence[str]:
        labels = self.session.class_labels()
        is_answer = found.arithmetic is not None and len(labels) == len(found.arithmetic.parts)
        return labels if is_answer else ()

    def _window(self, found: Explanation, spot: Spot | None) -> tuple[tuple[str, Spot] | None, Frame | None]:
        """Return on which map of the input the window lies, and what it covers there."""
        looks, index = self._looks, input_index(found, self._part)
        operand = next(
            (each for each in found.inputs() if each.places.shape[:-1] == each.values.shape and each.places.size), None
        )
        if looks is None or operand is None or index is None or spot is None:
            return None, None
        known, array = looks.known(operand.tensor), looks.array(operand.tensor)
        source = spot_of(known, array.shape, index) if known is not None and array is not None else None
        if source is None or known is None or array is None:
            return None, None
        frame = self._motion.frame(*spot.element) if self._motion is not None else None
        if frame is None:
            frame = touched(found, known, array.shape, self._part)
        return (operand.tensor, source), frame

    def _show_heading(self, found: Explanation, spot: Spot | None, known: Tensor | None) -> None:
        model = self.session.model
        layer = model.layer(found.layer) if model is not None else None
        place = _place_words(spot, found.at, known)
        if layer is None or model is None:
            self.heading.show_spans([Span("fed to ", "muted"), Span(found.tensor, "bold", is_name=True)], "", place)
            return
        side = activation_side(model, layer)
        spans = [
            Span("output of ", "muted"),
            Span(layer.name, "bold", is_name=True),
            Span(f" ({_geometry_words(layer) if self.width() >= _ROOMY else layer.op_type})", "muted"),
        ]
        if side and self.width() >= _NARROW:
            spans += [Span(", ", "muted"), Span(side, "bold"), Span(" the activation", "muted")]
        seen = [Span(f", {label} {value}", "muted") for label, value in sees(layer.receptive_field)]
        self.heading.show_spans(spans, layer.family, [*place, *seen], place)

    # ---------------------------------------------------------------- the way

    @Slot()
    def _show_trail(self) -> None:
        model, element, run = self.session.model, self.element, self._run
        if model is None or element is None or run is None or not self.isVisible():
            return
        layer = model.layer(element.layer)
        stops: list[Element | Layer | None] = [None]
        chips = [self._picture_chip(is_current=layer is None)]
        if layer is not None:
            for before in way_here(model, layer)[-_NEAREST:]:
                stops.append(before)
                chips.append(self._chip(before, "its strongest part"))
            stops.append(element)
            chips.append(self._chip(layer, _index_words(element.index), is_current=True))
        for each in reversed(self._came_from):
            after = model.layer(each.layer)
            if after is not None:
                stops.append(each)
                chips.append(self._chip(after, f"back to {_index_words(each.index)}"))
        self._stops = tuple(stops)
        self.trail.show_chips(chips)

    def _picture_chip(self, is_current: bool) -> Chip:
        prediction = self._run.prediction if self._run is not None else None
        if prediction is None:
            return Chip("input", is_current=is_current)
        image = picture(prediction.picture.pixels) if prediction.picture is not None else None
        if image is not None:
            smooth = Qt.TransformationMode.SmoothTransformation
            image = image.scaled(40, 40, Qt.AspectRatioMode.KeepAspectRatio, smooth)
        return Chip(file_name(prediction.image) or "input", "", image, is_current, "the pixel behind it")

    def _chip(self, layer: Layer, note: str, is_current: bool = False) -> Chip:
        image = self.thumbnails.of(layer, self.devicePixelRatioF())
        return Chip(plain(layer.name), layer.family, image, is_current, note)

    @Slot(int)
    def _pick_stop(self, number: int) -> None:
        stop = self._stops[number] if number < len(self._stops) else None
        if stop == self.element:
            return
        if isinstance(stop, Element):
            place = self._came_from.index(stop)
            self._came_from = self._came_from[:place]
            self._go(stop)
        else:
            self._follow_back(stop)

    def _follow_back(self, layer: Layer | None) -> None:
        """Go back part by part, each time to the number that counts most, until a layer or, for None, the input."""
        model, looks = self.session.model, self._looks
        trail = list(self._came_from)
        element: Element | None = self.element
        while element is not None and model is not None and looks is not None:
            if element.layer == (layer.name if layer is not None else ""):
                break
            before = self._strongest_source(element)
            if before is None:
                break
            trail.append(element)
            element = before
        if element is not None and element != self.element:
            self._came_from = tuple(trail)
            self._go(element)

    def _strongest_source(self, element: Element) -> Element | None:
        """Return the number that adds most to an element, from the layers before or the input."""
        model, looks = self.session.model, self._looks
        layer = model.layer(element.layer) if model is not None else None
        if model is None or looks is None or layer is None:
            return None
        output = next((place for place, each in enumerate(layer.outputs) if each.name == element.tensor), 0)
        found = explain(model, layer, looks.run.tensors, element.index, output=output, kept=self._weights)
        if found.arithmetic is None:
            return None
        part = None
        if found.arithmetic.kind == "products" and found.arithmetic.parts.size:
            part = ranking(found.arithmetic).row(0)[0]
        for operand in found.inputs():
            if not operand.places.size or operand.tensor in layer.stored:
                continue
            index = operand.place(found.arithmetic.winner) if found.arithmetic.winner and part is None else None
            index = index or strongest_place(operand, part)
            element_before = self._element(operand.tensor, index) if index is not None else None
            if element_before is not None:
                return element_before
        return None

    def _element(self, tensor: str, index: Index) -> Element | None:
        """Return an element of a tensor that a layer makes or that is fed; None for what is stored."""
        model = self.session.model
        if model is None:
            return None
        found = origin(model, tensor)
        if found.layer is None and not found.is_input:
            return None
        return Element(found.layer.name if found.layer is not None else "", tensor, index)

    @Slot(object)
    def _follow_place(self, place: tuple[str, Index]) -> None:
        """Go to an element that goes into the one that is shown."""
        element = self._element(*place)
        if element is not None and self.element is not None and element != self.element:
            self._came_from = (*self._came_from, self.element)
            self._go(element)

    def _go(self, element: Element) -> None:
        """Show an element, and let the session select it."""
        looks, model = self._looks, self.session.model
        self.player.pause()
        if looks is None or model is None:
            return
        known, array = looks.known(element.tensor), looks.array(element.tensor)
        if not element.layer:  # the input is no layer: the session stays where it is
            self._is_filling, self._part, self.element = False, -1, element
            self._take_motion(model)
            self._show()
            self._show_trail()
            return
        spot = spot_of(known, array.shape, element.index) if known is not None and array is not None else None
        is_shown = model.layer(element.layer).output.name == element.tensor  # type: ignore[union-attr]
        at = spot if spot is not None and is_shown else Spot(0, (0, 0))
        view = self.session.view
        changes = {"layer": element.layer, "channel": at.channel, "element": at.element, "slice": at.slice}
        self._followed = element
        if all(getattr(view, name) == value for name, value in changes.items()):
            self.refresh()
        else:
            self.session.set_view(**changes)

    # ---------------------------------------------------------------- moving

    def _at(self, position: int) -> Index | None:
        """Return the element at a position of the player."""
        element, looks = self.element, self._looks
        if element is None or looks is None:
            return None
        if self._unrolling is not None:
            return self._unrolling.target(position)
        known, array = looks.known(element.tensor), looks.array(element.tensor)
        if self._motion is None or known is None or array is None:
            return None
        spot = spot_of(known, array.shape, element.index)
        if spot is None:
            return None
        return index_of(known, array.shape, Spot(spot.channel, self._motion.at(position), spot.slice))

    @Slot(int)
    def _on_moved(self, position: int) -> None:
        index = self._at(position)
        if index is None or self.element is None:
            return
        self.element = Element(self.element.layer, self.element.tensor, index)
        self._is_filling = True
        self._show()

    @Slot()
    def _on_player(self) -> None:
        """Once it stands still, let the other panels look at the same element."""
        if self.player.is_playing:
            self._is_filling = True
        elif self._is_filling:
            self._commit()

    def _commit(self) -> None:
        element, looks = self.element, self._looks
        known = looks.known(element.tensor) if looks is not None and element is not None else None
        array = looks.array(element.tensor) if looks is not None and element is not None else None
        if element is None or known is None or array is None or element.layer != self.session.view.layer:
            return
        spot = spot_of(known, array.shape, element.index)
        if spot is not None:
            view = self.session.view
            self._chosen = _Chosen(element.layer, spot.channel, spot.element, view.slice)
            self.session.set_view(channel=spot.channel, element=spot.element)

    @Slot(int)
    def _hover(self, position: int) -> None:
        """Stop at the cell under the cursor."""
        if position < 0:
            self.readout.emit(())
            return
        filling = self._is_filling
        self.player.pause()
        self.player.go(position)
        self._is_filling = filling
        self._read_out()

    def _read_out(self) -> None:
        element, looks = self.element, self._looks
        if element is None or looks is None or self.explanation is None:
            return
        value = self.explanation.runtime
        pairs = [("", plain(element.layer)), ("at", _index_words(element.index))]
        if value is not None:
            pairs.append(("=", format.significant(value)))
        self.readout.emit(tuple(pairs))

    @Slot(int)
    def _pick(self, position: int) -> None:
        self.player.pause()
        self.player.go(position)
        self._commit()

    @Slot(int)
    def _choose_part(self, part: int) -> None:
        """Look at another part of the sum; of a softmax go to the logit itself."""
        found = self.explanation
        if found is None or found.arithmetic is None:
            return
        if found.arithmetic.kind == "softmax":
            index = found.arithmetic.operands[0].place((part,))
            if index is not None:
                self._follow_place((found.arithmetic.operands[0].tensor, index))
            return
        self._part = part
        self._show()

    @Slot()
    def _want_animation(self) -> None:
        element, looks = self.element, self._looks
        known = looks.known(element.tensor) if looks is not None and element is not None else None
        array = looks.array(element.tensor) if looks is not None and element is not None else None
        if element is None or known is None or array is None:
            return
        spot = spot_of(known, array.shape, element.index)
        if spot is not None:
            self.player.pause()
            self.animation_wanted.emit(element.layer, spot.channel, self._part)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        before, after = event.oldSize().width(), event.size().width()
        if self.explanation is not None and any(before < edge <= after or after < edge <= before for edge in _EDGES):
            self._show()

    def forget(self) -> None:
        self.player.pause()
        self._looks, self._on_wall, self._run, self.explanation = None, None, None, None
        self._motion = self._unrolling = None
        self.thumbnails.show_run(None)
        self.content.clear()


def _of_view(layer: Layer, tensor: Array, chosen: _Chosen) -> Element:
    """Return the element that a view names; without one, where the channel's map is furthest from zero."""
    known = layer.output
    at = chosen.element or strongest(known, tensor, chosen.channel, chosen.slice)
    index = index_of(known, tensor.shape, Spot(chosen.channel, at, chosen.slice))
    if index is None:
        index = index_of(known, tensor.shape, Spot(chosen.channel, (0, 0), chosen.slice)) or (0,) * tensor.ndim
    return Element(layer.name, known.name, index)


def _index_words(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]"


def _place_words(spot: Spot | None, index: Index, known: Tensor | None) -> list[Span]:
    rank = len(index) - (known.passes if known is not None else 0)
    if spot is None or rank < 2:
        return [Span(_index_words(index), "muted")]
    parts = [("channel" if rank > 2 else "element", spot.channel)]
    if spot.slice is not None:
        parts.append(("depth", spot.slice))
    if rank > 3:
        parts.append(("row", spot.element[0]))
    if rank > 2:
        parts.append(("column" if rank > 3 else "time", spot.element[1]))
    spans: list[Span] = []
    for label, value in parts:
        spans += [Span(f"{', ' if spans else ''}{label} ", "muted"), Span(str(value))]
    return spans


def _geometry_words(layer: Layer) -> str:
    """Return a layer's operator and how it slides: ``Conv 3 × 3, stride 1, padding 1``."""
    geometry = layer.geometry
    if geometry is None:
        return layer.op_type
    words = [f"{layer.op_type} {format.shape(geometry.kernel_shape)}", f"stride {_same(geometry.strides)}"]
    if geometry.pads is not None and any(geometry.pads):
        words.append(f"padding {_same(geometry.pads)}")
    if any(each != 1 for each in geometry.dilations):
        words.append(f"dilation {_same(geometry.dilations)}")
    if geometry.group != 1:
        words.append(f"{geometry.group} groups")
    return ", ".join(words)


def _same(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else format.shape(numbers)
