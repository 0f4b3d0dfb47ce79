"""What is painted round the columns of the overview: ways, stripes, names, brackets, and the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from inspector import format
from inspector.analysis.heads import ClassScore
from inspector.graph.columns import Column, Columns
from inspector.graph.layering import Layered
from inspector.ui import theme
from inspector.ui.panels.answer import class_name
from inspector.ui.panels.overview_places import BRACKETS, STRIPE, STRIPE_ROOM, Places, Spot
from inspector.ui.text import elided

CLASS_HEIGHT = 42.0
_LEAST_LABEL = 26.0
_LEAST_CAPTION = 50.0
_SPARSE_CAPTION = 76.0


# ---------------------------------------------------------------- what belongs together


@dataclass(slots=True)
class Bracket:
    """Generations whose columns are part of the same thing.

    Attributes:
        label: What it is called.
        first, last: The generations.
        parts: What it consists of, if that has names.
    """

    label: str
    first: int
    last: int
    parts: list[Bracket] = field(default_factory=list)


def brackets_of(columns: Columns, layered: Layered) -> Bracket:
    """Return what belongs together by its names, as a tree whose root has no label."""
    paths = [_common([columns.columns[place].path for place in each]) for each in layered.generations]
    root = Bracket("", 0, len(paths) - 1)
    _divide(root, paths, 0)
    return root


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    shared = paths[0]
    for path in paths[1:]:
        same = [one == other for one, other in zip(shared, path, strict=False)]
        shared = shared[: same.index(False) if False in same else len(same)]
    return shared


def _divide(bracket: Bracket, paths: Sequence[tuple[str, ...]], depth: int) -> None:
    run: Bracket | None = None
    for number in range(bracket.first, bracket.last + 1):
        label = paths[number][depth] if len(paths[number]) > depth else ""
        if run is not None and run.label == label:
            run.last = number
        elif label:
            run = Bracket(label, number, number)
            bracket.parts.append(run)
        else:
            run = None
    for part in bracket.parts:
        if depth < 8:
            _divide(part, paths, depth + 1)


def paint_brackets(painter: QPainter, root: Bracket, places: Places, seen: range) -> None:
    """Write what belongs together above the columns, in as much detail as there is room for."""
    font = theme.font("small")
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    top = places.top - BRACKETS
    for bracket in _fitting(root, places, seen, metrics):
        left, right = _extent(bracket, places)
        if right - left < _LEAST_LABEL:
            continue
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawLine(QPointF(left, top + 17.5), QPointF(right, top + 17.5))
        # In a long bracket that is seen in part, the label stands where it is seen.
        view = places.lefts[seen.start], places.lefts[seen.stop - 1] + places.widths[seen.stop - 1]
        label_left, label_right = max(left, view[0]), min(right, view[1])
        painter.setPen(theme.color("text"))
        text = elided(bracket.label, metrics, label_right - label_left)
        where = QRectF(label_left - 2, top, label_right - label_left + 4, 16)
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)


def _extent(bracket: Bracket, places: Places) -> tuple[float, float]:
    return places.lefts[bracket.first], places.lefts[bracket.last] + places.widths[bracket.last]


def _fitting(bracket: Bracket, places: Places, seen: range, metrics: QFontMetricsF) -> Iterator[Bracket]:
    """Yield the parts if most of their labels fit, else the whole."""
    parts = [part for part in bracket.parts if part.first < seen.stop and part.last >= seen.start]
    named = [part for part in parts if part.last > part.first or not bracket.label]
    fitting = 0
    for part in named:
        left, right = _extent(part, places)
        fitting += right - left >= min(60.0, metrics.horizontalAdvance(part.label))
    if named and (not bracket.label or 2 * fitting > len(named)):
        for part in named:
            yield from _fitting(part, places, seen, metrics)
    elif bracket.label:
        yield bracket


# ---------------------------------------------------------------- what leads where


def paint_ways(painter: QPainter, places: Places, seen: range) -> None:
    """Paint the connections in some generations; they bend in the gaps, so that none crosses a column."""
    layered, generations = places.drawing.layered, places.drawing.layered.generations
    shown = {place for number in seen for place in generations[number]}
    left, right = places.lefts[seen.start], places.lefts[seen.stop - 1] + places.widths[seen.stop - 1]
    path = QPainterPath()
    if seen.start == 0:
        shown.add(-1)
    if seen.stop == len(generations):
        shown.add(layered.end)
    for source, target in layered.links:
        if source in shown or target in shown:
            _add_link(path, places, places.start(source), places.goal(target))
    for way in layered.ways:
        if way.first < seen.stop and way.last >= seen.start - 1:
            _add_way(path, places, way.source, way.targets, places.heights[way.source], (left - 40, right + 40))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, places.tile >= 6)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("muted" if places.tile >= 6 else "bar"), 1.3 if places.tile >= 16 else 1))
    painter.drawPath(path)
    painter.restore()


def _add_link(path: QPainterPath, places: Places, start: QPointF, goal: QPointF) -> None:
    """Lead to the next generation, from one height to another within the gap between them."""
    path.moveTo(start)
    if abs(start.y() - goal.y()) >= 0.5 and places.gap >= 4:
        _add_bend(path, _behind(places, start.x()), start.y(), _before(places, goal.x()), goal.y())
    path.lineTo(goal)


def _add_bend(path: QPainterPath, left: float, here: float, right: float, there: float) -> None:
    middle = (left + right) / 2
    path.lineTo(left, here)
    path.cubicTo(QPointF(middle, here), QPointF(middle, there), QPointF(right, there))


def _add_way(
    path: QPainterPath,
    places: Places,
    source: int,
    targets: Sequence[int],
    height: float,
    view: tuple[float, float],
) -> None:
    """Lead out of a column, past others, and to each target."""
    start, gap = places.start(source), places.gap
    out = _behind(places, start.x())
    path.moveTo(start)
    _add_bend(path, out, start.y(), out + gap, height)
    end = out + gap
    for target in targets:
        goal = places.goal(target)
        turn = _before(places, goal.x()) - gap
        if goal.x() < view[0] or turn > view[1]:
            end = max(end, min(turn, view[1]))
            continue
        path.moveTo(turn, height)
        _add_bend(path, turn, height, turn + gap, goal.y())
        path.lineTo(goal)
        end = max(end, turn)
    path.moveTo(out + gap, height)
    path.lineTo(end, height)


def _behind(places: Places, x: float) -> float:
    """Return the right end of the generation at a place; of the picture, the place itself."""
    number = places.generation_at(x - 0.5)
    return max(x, places.lefts[number] + places.widths[number]) if number >= 0 else x


def _before(places: Places, x: float) -> float:
    """Return the left end of the generation at a place; of the answer, the place itself."""
    number = places.generation_at(x + 0.5)
    is_within = 0 <= number < len(places.lefts) and x <= places.lefts[number] + places.widths[number]
    return places.lefts[number] if is_within else x


# ---------------------------------------------------------------- columns


def paint_stripe(painter: QPainter, spot: Spot, column: Column) -> None:
    """Paint the families of a column above it, side by side."""
    top, colors = spot.top - STRIPE_ROOM, [theme.color(family) for family in column.families]
    left, each = spot.left, spot.width / len(colors)
    height = STRIPE if spot.width >= 6 else 3
    for number, color in enumerate(colors):
        painter.fillRect(QRectF(left + number * each, top, each, height), color)
    ring = theme.tokens().ring
    if ring and spot.width >= 12:  # without it yellow would not show on white
        painter.setPen(QPen(QColor(ring), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left + 0.5, top + 0.5, spot.width - 1, height - 1))


def paint_bar(painter: QPainter, spot: Spot, column: Column) -> None:
    """Paint what brings others together or reorders them."""
    ring = theme.tokens().ring
    painter.setPen(QPen(QColor(ring), 1) if ring and spot.width >= 4 else Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(column.layers[0].family))
    inset = 0.5 if ring and spot.width >= 4 else 0
    painter.drawRoundedRect(spot.rect.adjusted(inset, inset, -inset, -inset), 1.5, 1.5)


def paint_empty(painter: QPainter, spot: Spot) -> None:
    """Paint where tiles will be."""
    for number in range(spot.count if spot.tile_width >= 8 else 0):
        where = spot.tile(number)
        painter.fillRect(where, theme.color("border"))
        painter.fillRect(where.adjusted(1, 1, -1, -1), theme.color("canvas"))
    if spot.tile_width < 8:
        painter.fillRect(spot.rect, theme.color("border"))


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands below a generation: a name, and sizes in one line or broken before the last ``×``."""

    name: str
    size: str


def paint_captions(
    painter: QPainter, captions: Sequence[Caption], places: Places, seen: range, first: int, ends: tuple[float, float]
) -> None:
    """Write names and sizes below the columns, as many as there is room for.

    Args:
        painter: In the network's pixels.
        captions: One for each generation; an empty name for none.
        places: Of the columns.
        seen: Generations that are on the screen.
        first: One that is written in any case.
        ends: The left and right end of the room.
    """
    font = theme.font("small")
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    taken: list[tuple[float, float]] = []
    for number in (*((first,) if first in seen else ()), *seen):
        if not captions[number].name:
            continue
        middle = places.lefts[number] + places.widths[number] / 2
        pitch = places.widths[number] + places.gap
        room = pitch - 3 if pitch >= _LEAST_CAPTION else _SPARSE_CAPTION  # small columns: some are named, in full
        lines = lines_of(captions[number], metrics, room)
        half = max(metrics.horizontalAdvance(line) for line in lines) / 2
        left, right = middle - half - 2, middle + half + 2
        if left < ends[0] or right > ends[1] or any(left < other[1] and right > other[0] for other in taken):
            continue
        taken.append((left, right))
        top = places.bottom + 6
        for row, line in enumerate(lines):
            painter.setPen(theme.color("muted" if row else "text"))
            where = QRectF(middle - half - 2, top + row * metrics.height(), 2 * half + 4, metrics.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, line)


def lines_of(caption: Caption, metrics: QFontMetricsF, room: float) -> list[str]:
    """Return a caption's lines: the name is shortened where there is no room for it, a size never."""
    sizes = [caption.size]
    if metrics.horizontalAdvance(caption.size) > room:
        head, times, tail = caption.size.rpartition(f" {format.TIMES} ")
        sizes = [head, f"{times}{tail}".strip()]
    sizes = [each for each in sizes if each]
    room = max([room, *map(metrics.horizontalAdvance, sizes)])
    return [elided(caption.name, metrics, room + 0.5), *sizes]


# ---------------------------------------------------------------- the answer


def paint_answer(painter: QPainter, scores: Sequence[ClassScore], where: QRectF) -> None:
    """Paint the best classes: name, bar, probability."""
    count = min(len(scores), max(1, int(where.height() // CLASS_HEIGHT)))
    top = where.center().y() - count * CLASS_HEIGHT / 2
    small, bold = theme.font("small"), theme.font(bold=True)
    line = QFontMetricsF(small).height()
    for row, score in enumerate(scores[:count]):
        font = bold if row == 0 else small
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        name = elided(class_name(score), QFontMetricsF(font), where.width())
        at = QRectF(where.left(), top + row * CLASS_HEIGHT, where.width() + 1, line)
        painter.drawText(at, Qt.AlignmentFlag.AlignVCenter, name)
        bar = QRectF(where.left(), at.bottom() + 3, where.width(), 5)
        painter.fillRect(bar, theme.color("canvas"))
        part = min(1.0, score.probability) if score.probability > 0 else 0.0
        bar.setWidth(max(1.0, bar.width() * part))
        painter.fillRect(bar, theme.color("accent" if row == 0 else "bar"))
        painter.setFont(small)
        painter.setPen(theme.color("muted"))
        at = QRectF(where.left(), bar.bottom() + 1, where.width(), line)
        painter.drawText(at, Qt.AlignmentFlag.AlignVCenter, format.probability(score.probability))
