"""One explanation, laid out in its reading order: the parts, the numbers, the sum, and whether it is the runtime's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLayout, QSizePolicy, QVBoxLayout, QWidget

from inspector import format
from inspector.explain.elements import Spot, spot_of
from inspector.explain.facts import Arithmetic, Explanation, Operand
from inspector.explain.sheets import Ranking, Sheet, product_sheets, ranking, reach_of, sheet, strongest_place
from inspector.explain.sliding_window import Frame, Motion
from inspector.explain.unrolling import Unrolling
from inspector.render.limits import Limits, shared_limits
from inspector.ui import theme
from inspector.ui.arithmetic.grids import Block, Grids
from inspector.ui.arithmetic.looks import Looks
from inspector.ui.arithmetic.maps import Drawn, MapPair
from inspector.ui.arithmetic.ranked import RankedList
from inspector.ui.arithmetic.rows import DIGITS, PartRows, Rows, SoftmaxRows
from inspector.ui.arithmetic.steps import CurvePlot, Steps
from inspector.ui.arithmetic.sums import SumLine, Term, Verdict, Waterfall
from inspector.ui.arithmetic.unrolled import Unrolled
from inspector.ui.lines import Line, Sentence, Span
from inspector.ui.readout import whole

WIDE = 720  # pixels from which on the list stands beside the numbers
SIDE_BY_SIDE = 3  # parts of a sum that are all shown as grids
_SIGNS = {"Add": "+", "Sub": "−", "Mul": "×", "Div": "÷", "Sum": "+", "QLinearAdd": "+", "QLinearMul": "×"}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be shown.

    Attributes:
        found: The explanation.
        looks: How its run's tensors are drawn.
        part: The chosen part of a sum.
        spot: The element, as panels name it; None where they do not show it.
        motion: How the layer goes over its input; None without maps.
        frame: What of the input's map goes into the element.
        given: Whose map the window lies on: a tensor and the channel; None for none.
        position: Of the window, or of the cell of ``unrolling``.
        is_filling: The output is shown as far as it is computed.
        unrolling: For a layer that makes a vector of a map.
        labels: Names of the classes.
    """

    found: Explanation
    looks: Looks
    part: int = 0
    spot: Spot | None = None
    motion: Motion | None = None
    frame: Frame | None = None
    given: tuple[str, Spot] | None = None
    position: int = 0
    is_filling: bool = False
    unrolling: Unrolling | None = None
    labels: Sequence[str] = field(default=(), repr=False)


class Content(QWidget):
    """The views of an explanation; those that do not belong to its kind are hidden.

    Signals:
        part_chosen: The number of the part that the user chose.
        followed: A place in a tensor, ``(tensor, index)``, that the user wants to see.
        hovered, picked: A position of the window.
    """

    part_chosen = Signal(int)
    followed = Signal(object)
    hovered = Signal(int)
    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.ranked = RankedList()
        self.ranked.setAccessibleName("Parts of the sum, the largest first")
        self.grids = Grids()
        self.plot = CurvePlot()
        self.unrolled = Unrolled()
        self.waterfall = Waterfall()
        self.maps = MapPair()
        self.line = SumLine()
        self.steps = Steps()
        self.verdict = Verdict()
        self.sentence = Sentence()
        self.remark = Line("small")
        self._scene: Scene | None = None
        self._ranking: Ranking | None = None
        self._is_wide = True
        self._lay_out()
        self.ranked.chosen.connect(self._choose_row)
        self.ranked.followed.connect(self._follow_row)
        self.waterfall.chosen.connect(self._choose_row)
        self.grids.picked.connect(self.followed)
        self.line.picked.connect(self.followed)
        self.maps.hovered.connect(self.hovered)
        self.maps.picked.connect(self.picked)
        self.unrolled.hovered.connect(self.hovered)
        self.unrolled.picked.connect(self.picked)
        self.unrolled.followed.connect(self._follow_cell)

    def _lay_out(self) -> None:
        self.remark.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._middle = QWidget()
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._middle)
        self._pair.setContentsMargins(0, 0, 0, 0)
        self._pair.setSpacing(theme.GROUP)
        self._pair.setSizeConstraint(QLayout.SizeConstraint.SetMinAndMaxSize)  # maps do not grow beyond their width
        for widget, share in ((self.waterfall, 5), (self.plot, 5), (self.unrolled, 5), (self.maps, 4)):
            self._pair.addWidget(widget, share)
        self._end = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._end.setSpacing(theme.SPACING)
        self._end.addWidget(self.line, 1)
        self._end.addWidget(self.verdict, 0, Qt.AlignmentFlag.AlignRight)
        self._right = QVBoxLayout()
        self._right.setSpacing(theme.MARGIN)
        for shown in (self.grids, self.sentence):
            self._right.addWidget(shown)
        self._right.addWidget(self._middle, 1)
        self._right.addWidget(self.steps)
        self._right.addLayout(self._end)
        self._right.addWidget(self.remark)
        self._right.addStretch(0)
        left = QVBoxLayout()
        left.addWidget(self.ranked, 1)
        left.addStretch(0)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(theme.MARGIN, theme.SPACING, theme.MARGIN, theme.MARGIN)
        self._box.setSpacing(theme.GROUP + theme.MARGIN)
        self._box.addLayout(left)
        self._box.addLayout(self._right, 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(150, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        super().resizeEvent(event)

    def _arrange(self) -> None:
        """Stand the list beside the numbers, or below them where there is little room."""
        is_wide = self.width() >= WIDE
        across = QBoxLayout.Direction.LeftToRight
        down = QBoxLayout.Direction.TopToBottom
        beside = self.ranked.width() + self._box.spacing() if is_wide and not self.ranked.isHidden() else 0
        right = self.width() - 2 * theme.MARGIN - beside
        self._turn(self._box, across if is_wide else QBoxLayout.Direction.BottomToTop)
        is_beside = right >= 520
        self._turn(self._pair, across if is_beside else down)
        alone = all(each.isHidden() for each in (self.waterfall, self.plot))
        self.maps.bound_height(alone or not is_beside)
        fits = self.line.natural_width() + self.verdict.sizeHint().width() + theme.GROUP <= right
        self._turn(self._end, across if fits else down)
        side = Qt.AlignmentFlag.AlignRight if fits else Qt.AlignmentFlag.AlignLeft
        self._end.setAlignment(self.verdict, side)
        self.ranked.setMaximumWidth(round(self.width() * 0.44) if is_wide else 16_777_215)

    def _turn(self, box: QBoxLayout, wanted: QBoxLayout.Direction) -> None:
        if box.direction() != wanted:
            box.setDirection(wanted)

    # ---------------------------------------------------------------- drawing

    def show_scene(self, scene: Scene) -> None:
        """Show an explanation."""
        arithmetic = scene.found.arithmetic
        self._scene = scene
        self._ranking = ranking(arithmetic) if arithmetic is not None and arithmetic.parts.size else None
        self.verdict.show_explanation(scene.found)
        self._show_parts(scene)
        self._show_grids(scene)
        self._show_curve(scene)
        self._show_maps(scene)
        self._show_words(scene)
        drawn = (self.waterfall, self.plot, self.unrolled, self.maps)
        _show(self._middle, not all(each.isHidden() for each in drawn))
        self._arrange()

    def clear(self) -> None:
        """Hold nothing of a run any more."""
        self._scene = self._ranking = None
        self.ranked.show_rows(Rows())
        self.maps.clear()

    def _show_parts(self, scene: Scene) -> None:
        found, ranked = scene.found, self._ranking
        arithmetic = found.arithmetic
        is_softmax = arithmetic is not None and arithmetic.kind == "softmax"
        is_sum = arithmetic is not None and arithmetic.kind == "products" and ranked is not None and len(ranked) > 1
        _show(self.ranked, is_softmax or is_sum)
        _show(self.waterfall, is_sum)
        if arithmetic is None or ranked is None:
            return
        if is_softmax:
            self.ranked.show_rows(SoftmaxRows(arithmetic, ranked, scene.labels))
        elif is_sum:
            what = part_word(arithmetic)
            thumb = self._thumb(scene, arithmetic)
            rows = PartRows(arithmetic, ranked, scene.part, what, thumb, _is_coded(arithmetic))
            self.ranked.show_rows(rows)
            self.waterfall.show_sum(
                ranked, arithmetic.part_names, rows.selected, f"input {what}s" if what == "channel" else f"{what}s"
            )

    def _thumb(self, scene: Scene, arithmetic: Arithmetic) -> PartThumb | None:
        operand = arithmetic.operands[0]
        if operand.values.ndim < 2 or not operand.tensor:
            return None
        thumb = PartThumb(scene.looks, operand.tensor)
        return thumb if thumb(arithmetic.part_names[0]) is not None else None

    def _show_grids(self, scene: Scene) -> None:
        arithmetic = scene.found.arithmetic
        lines = [] if arithmetic is None else self._lines(scene, arithmetic)
        _show(self.grids, bool(lines))
        if lines:
            self.grids.show_lines(lines)

    def _lines(self, scene: Scene, arithmetic: Arithmetic) -> list[list[Block]]:
        if arithmetic.kind == "products":
            count = len(arithmetic.parts)
            is_grid = arithmetic.operands[0].values.ndim > 2 and count <= SIDE_BY_SIDE
            parts = list(range(count)) if is_grid else [scene.part] if scene.part < count else []
            made = {part: product_sheets(arithmetic, part) for part in parts}
            reach = max((sheets[2].reach for sheets in made.values()), default=0.0)
            return [self._product(scene, arithmetic, part, sheets, reach) for part, sheets in made.items()]
        if arithmetic.operands and arithmetic.operands[0].values.size > 1 and arithmetic.kind != "softmax":
            return [[self._window(scene, arithmetic, arithmetic.operands[0])]]
        return []

    def _product(
        self, scene: Scene, arithmetic: Arithmetic, part: int, sheets: tuple[Sheet, Sheet, Sheet], reach: float
    ) -> list[Block]:
        """Return the grids of one part; ``reach`` is that of the products that are shown beside each other."""
        name = arithmetic.part_names[part] if part < len(arithmetic.part_names) else str(part)
        patch, kernel, products = sheets
        is_single = patch.count == 1
        what = part_word(arithmetic)
        coded = _is_coded(arithmetic)
        limits, colormap = self._limits_of(scene, arithmetic.operands[0], patch, coded)
        added = format.significant(float(arithmetic.parts[part]))
        note = f"{scene.looks.source(patch.tensor)}, {what} {name}" if patch.tensor else f"{what} {name}"
        weight, weights = scene.looks.around_zero(reach_of(arithmetic.operands[1]))
        product, signed = scene.looks.around_zero(reach)
        out = f"kernel {scene.spot.channel}, input {what} {name}" if scene.spot is not None and not is_single else note
        adds = f"adds {added}" if is_single else f"they add up to {added}"
        titles = ("Value", "Weight", "Product") if is_single else ("Patch", "Kernel", "Products")
        second = arithmetic.operands[1]
        source = second.tensor or "computed"
        return [
            Block(titles[0], note, patch, limits, colormap, "×"),
            Block(titles[1], source if is_single else out, kernel, weight, weights, "="),
            Block(titles[2], adds, products, product, signed),
        ]

    def _window(self, scene: Scene, arithmetic: Arithmetic, operand: Operand) -> Block:
        shown = sheet(operand)
        limits, colormap = self._limits_of(scene, operand, shown, arithmetic.kind == "codes")
        winner = shown.cell_of(arithmetic.winner) if arithmetic.winner is not None else None
        what = "Window" if arithmetic.kind in ("window", "codes") else operand.role.capitalize()
        return Block(what, scene.looks.source(operand.tensor), shown, limits, colormap, winner=winner)

    def _limits_of(self, scene: Scene, operand: Operand, shown: Sheet, is_coded: bool) -> tuple[Limits, str]:
        channel = self._channel(scene, operand)
        found = scene.looks.limits(operand.tensor, channel) if operand.tensor and not is_coded else None
        return found if found is not None else scene.looks.around_zero(max(shown.reach, reach_of(operand)))

    def _channel(self, scene: Scene, operand: Operand) -> int:
        given = scene.given
        return given[1].channel if given is not None and given[0] == operand.tensor else 0

    def _show_curve(self, scene: Scene) -> None:
        curve = scene.found.arithmetic.curve if scene.found.arithmetic is not None else None
        _show(self.plot, curve is not None)
        if curve is not None:
            self.plot.show_curve(curve)

    def _show_maps(self, scene: Scene) -> None:
        _show(self.unrolled, scene.unrolling is not None)
        if scene.unrolling is not None:
            unrolling = scene.unrolling
            known = scene.looks.known(unrolling.tensor)
            array = scene.looks.array(unrolling.tensor)
            spot = spot_of(known, array.shape, unrolling.source(0)) if known is not None and array is not None else None
            channel = spot.channel if spot is not None else 0
            limits = scene.looks.limits(unrolling.tensor, channel)
            reach = unrolling.cells.reach
            found = limits if limits is not None else (shared_limits(-reach, reach), "signed")
            title = (
                f"{scene.looks.source(unrolling.tensor)}, channel {channel}"
                if unrolling.cells.values.shape[0] > 1
                else "input"
            )
            self.unrolled.show_unrolling(unrolling, *found, title)
            self.unrolled.show_position(scene.position, scene.is_filling)
        made = None
        if scene.motion is not None and scene.unrolling is None and scene.spot is not None:
            made = scene.looks.image(scene.found.tensor, scene.spot)
        _show(self.maps, made is not None)
        if made is None or scene.motion is None or scene.spot is None:
            return
        given = None
        if scene.given is not None and (image := scene.looks.image(*scene.given)) is not None:
            given = Drawn(f"input {scene.given[1].channel}", image)
        title = f"{'output' if scene.found.layer else 'input'} {scene.spot.channel}"
        self.maps.show_maps(scene.motion, given, Drawn(title, made))
        self.maps.show_position(scene.position, scene.frame, scene.is_filling)

    def _show_words(self, scene: Scene) -> None:
        found, arithmetic = scene.found, scene.found.arithmetic
        is_coded = found.dtype.startswith(("int", "uint")) or (arithmetic is not None and _is_coded(arithmetic))
        terms = sum_terms(scene, self._ranking)
        self.line.show_terms(terms)
        _show(self.line, bool(terms))
        steps = arithmetic.steps if arithmetic is not None else ()
        is_told = arithmetic is not None and (arithmetic.kind == "products" and len(steps) <= 2)
        _show(self.steps, bool(steps) and not is_told)
        self.steps.show_steps(steps, is_coded)
        self.sentence.setText(found.sentence)
        _show(self.sentence, bool(found.sentence))
        remarks = " ".join(arithmetic.remarks) if arithmetic is not None else ""
        self.remark.show_spans([Span(remarks, "muted", is_name=True)] if remarks else [])
        _show(self.remark, bool(remarks))

    # ---------------------------------------------------------------- what the user does

    @Slot(int)
    def _choose_row(self, place: int) -> None:
        if self._ranking is not None and 0 <= place < len(self._ranking):
            self.part_chosen.emit(self._ranking.row(place)[0])

    @Slot(int)
    def _follow_row(self, place: int) -> None:
        """Go to the number of a part that is furthest from zero."""
        if self._scene is None or self._ranking is None or self._scene.found.arithmetic is None:
            return
        operand = self._scene.found.arithmetic.operands[0]
        index = strongest_place(operand, self._ranking.row(place)[0])
        if index is not None and operand.tensor:
            self.followed.emit((operand.tensor, index))

    @Slot(int)
    def _follow_cell(self, position: int) -> None:
        if self._scene is not None and self._scene.unrolling is not None:
            unrolling = self._scene.unrolling
            self.followed.emit((unrolling.tensor, unrolling.source(position)))


class PartThumb:
    """The small picture of an input channel, by its number as text."""

    def __init__(self, looks: Looks, tensor: str) -> None:
        self._looks, self._tensor = looks, tensor

    def __call__(self, name: str) -> QImage | None:
        return self._looks.thumb(self._tensor, int(name)) if name.isdigit() else None


def part_word(arithmetic: Arithmetic) -> str:
    """Return what one part of a sum is called."""
    if arithmetic.operands and arithmetic.operands[0].values.ndim > 1:
        return "channel"
    names = arithmetic.part_names
    return "input" if names and names[0].isdigit() else "element"


def _is_coded(arithmetic: Arithmetic) -> bool:
    return "code" in arithmetic.operands[0].role if arithmetic.operands else False


def sum_terms(scene: Scene, ranked: Ranking | None) -> list[Term]:
    """Return the line of arithmetic of an explanation: its numbers, what they are, and the signs between them."""
    found, arithmetic = scene.found, scene.found.arithmetic
    if arithmetic is None or not found.layer:
        return []
    if arithmetic.kind == "products" and ranked is not None:
        return _sum_of_parts(arithmetic, ranked) if not _is_coded(arithmetic) else []  # the steps say it all
    if arithmetic.kind in ("none", "window", "softmax"):
        return _single(found) if arithmetic.kind != "softmax" else _quotient(arithmetic)
    scalars = [each for each in arithmetic.operands if each.values.ndim == 0]
    if not scalars:
        return _single(found)
    sign = _SIGNS.get(found.op_type, "")
    terms = [_operand(scene.looks, each, sign if number else "") for number, each in enumerate(scalars)]
    if arithmetic.kind in ("curve", "move", "elements", "codes") or len(terms) == 1:
        result = _text(arithmetic.result, found.dtype)
        terms.append(Term(result, "output", "=" if sign else "→", is_result=True))
    return terms


def _text(value: float, dtype: str = "") -> str:
    """Return a number; one of a type of whole numbers without decimals."""
    return whole(value) if dtype.startswith(("int", "uint")) and value.is_integer() else format.significant(value)


def _operand(looks: Looks, operand: Operand, sign: str) -> Term:
    index = operand.place(())
    is_link = operand.tensor != "" and index is not None and looks.known(operand.tensor) is not None
    role = operand.role if operand.role != "input" or not operand.tensor else ""
    caption = f"{role} {looks.source(operand.tensor)}".strip()
    text = _text(float(operand.values), "int" if "code" in operand.role or operand.role == "zero point" else "")
    return Term(text, caption, sign, False, operand.tensor if is_link else "", index or ())


def _single(found: Explanation) -> list[Term]:
    value = found.recomputed if found.recomputed is not None else found.runtime
    return [Term(_text(value, found.dtype), "output", "", is_result=True)] if value is not None else []


def _sum_of_parts(arithmetic: Arithmetic, ranked: Ranking) -> list[Term]:
    total, bias, result = format.column([ranked.total, ranked.bias or 0.0, ranked.result], DIGITS)
    count, what = len(ranked), part_word(arithmetic)
    counted = f"{format.count(count)} {what}{'s' if count != 1 else ''}"
    name = f"{format.count(count)} input channel{'s' if count != 1 else ''}" if what == "channel" else counted
    output = "sum of codes" if _is_coded(arithmetic) else "output"
    if ranked.bias is None:
        return [Term(result, f"{output}, the sum of {name}", "", is_result=True)]
    is_less = ranked.bias < 0
    shown = bias.lstrip(format.MINUS)
    operand = arithmetic.operands[2] if len(arithmetic.operands) > 2 else None
    label = "bias" if operand is None else operand.role
    return [
        Term(total, name),
        Term(shown, label, format.MINUS if is_less else "+"),
        Term(result, output, "=", is_result=True),
    ]


def _quotient(arithmetic: Arithmetic) -> list[Term]:
    """Return the exponential, the sum of all, and their quotient, from the steps of a softmax."""
    named = {step.text.split("(")[0].split(" ")[0]: step for step in arithmetic.steps}
    own, total = named.get("exp"), named.get("sum")
    if own is None or total is None:
        return []
    last = arithmetic.steps[3]
    is_log = last.text.startswith("logarithm")
    return [
        Term(_text(own.value), own.text),
        Term(_text(total.value), total.text, "÷"),
        Term(_text(last.value), last.text if is_log else "output", "→" if is_log else "=", is_result=True),
    ]


def _show(widget: QWidget, is_shown: bool) -> None:
    if widget.isHidden() == is_shown:
        widget.setVisible(is_shown)
