"""What is painted round and over the tiles of a mosaic: gaps, row numbers, the mark, the color bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from inspector.format import MINUS
from inspector.graph.context import Rectangle
from inspector.render.arrays import Index
from inspector.render.grid import Place
from inspector.ui import theme
from inspector.ui.lens import Lens
from inspector.ui.painting import paint_cross, paint_mark

EDGE = 6  # pixels round the tiles, for the frame of one that lies at the rim
BAR_WIDTH = 12
USUAL = f"{MINUS}0.0000"  # numbers up to this long leave the tiles as large as they are


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands beside a color bar.

    Attributes:
        colors: ``(256, 3)``, the lowest first.
        low, high: The limits, as text.
        marks: Numbers between them: where (0 at the low end, 1 at the high one), and as text.
    """

    colors: Index
    low: str
    high: str
    marks: Sequence[tuple[float, str]] = ()


def metrics() -> QFontMetricsF:
    """Return the measures of the writing round a mosaic."""
    return theme.metrics("small")


def room_for_row_numbers(channels: int) -> float:
    """Return the width that the largest number needs before a row."""
    return metrics().horizontalAdvance("0" * len(str(channels - 1))) + 10 + EDGE


def room_for_bar(bar: Bar) -> float:
    """Return the width that a color bar needs with its numbers; the same for all of usual length."""
    measure = metrics()
    texts = (USUAL, bar.low, bar.high, *(text for _, text in bar.marks))
    return 10 + BAR_WIDTH + 6 + max(measure.horizontalAdvance(text) for text in texts)


def paint_gaps(painter: QPainter, lens: Lens) -> None:
    """Paint where there is no tile."""
    painter.save()
    painter.setClipRect(lens.view)
    for gap in lens.gaps():
        painter.fillRect(gap, theme.color("panel"))
    painter.restore()


def paint_marks(painter: QPainter, lens: Lens, channel: int, element: tuple[int, int] | None) -> None:
    """Frame the selected tile, and the selected element where it is large enough to be found."""
    grid = lens.grid
    if not 0 <= channel < grid.channels:
        return
    painter.save()
    painter.setClipRect(lens.view.adjusted(-EDGE, -EDGE, EDGE, EDGE))
    tile = lens.tile(channel)
    if grid.channels > 1:
        paint_mark(painter, tile, 1 if min(tile.width(), tile.height()) < 12 else 3)
    if element is not None and min(tile.width(), tile.height()) >= 40 and grid.height * grid.width > 1:
        painter.setClipRect(lens.view)
        cell = lens.cell(Place(channel, *element))
        paint_mark(painter, cell, 2 if cell.width() >= 3 else 1)
    painter.restore()


def paint_linked(
    painter: QPainter, lens: Lens, channel: int, cursor: tuple[int, int] | None, reached: Rectangle | None
) -> None:
    """Paint hairs to the place of the pointer in the selected tile, and a frame round what a pixel reaches there."""
    grid = lens.grid
    if not 0 <= channel < grid.channels or grid.height * grid.width == 1:
        return
    painter.save()
    painter.setClipRect(lens.view)
    tile = lens.tile(channel)
    if reached is not None:
        first = lens.cell(Place(channel, int(reached.top), int(reached.left)))
        last = lens.cell(Place(channel, int(reached.bottom) - 1, int(reached.right) - 1))
        paint_mark(painter, first.united(last), 1)
    if cursor is not None and cursor[0] < grid.height and cursor[1] < grid.width:
        paint_cross(painter, lens.cell(Place(channel, *cursor)), tile)
    painter.restore()


def paint_row_numbers(painter: QPainter, lens: Lens, widget: QWidget) -> None:
    """Write the number of the first channel before each row, of as many rows as there is room for."""
    grid, view, height = lens.grid, lens.view, metrics().height()
    painter.fillRect(QRectF(0, 0, view.left() - EDGE, widget.height()), theme.color("panel"))
    painter.setFont(theme.font("small"))
    painter.setPen(theme.color("muted"))
    end = -1e9
    for row in range(grid.rows):
        middle = lens.tile(row * grid.columns).center().y()
        if middle - height / 2 < end + 2 or not view.top() - 2 <= middle <= view.bottom() + 2:
            continue
        end = middle + height / 2
        where = QRectF(0, middle - height / 2, view.left() - 10, height)
        painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(row * grid.columns))


def room_for_samples() -> float:
    """Return the height that the numbers of a signal's samples need below it."""
    return 2 + metrics().height() + EDGE


def paint_row(painter: QPainter, lens: Lens, row: int, column: int | None) -> None:
    """Frame a row of the only tile, along its whole length, and an element in it."""
    if not 0 <= row < lens.grid.height or lens.grid.height == 1:
        return
    painter.save()
    painter.setClipRect(lens.view.adjusted(-EDGE, -EDGE, EDGE, EDGE))
    ends = lens.cell(Place(0, row, 0)).united(lens.cell(Place(0, row, lens.grid.width - 1)))
    paint_mark(painter, ends, 2 if ends.height() >= 8 else 1)
    if column is not None and column < lens.grid.width:
        painter.setClipRect(lens.view)
        paint_mark(painter, lens.cell(Place(0, row, column)), 1)
    painter.restore()


def paint_channel_numbers(painter: QPainter, lens: Lens, widget: QWidget) -> None:
    """Number the rows of the only tile, as many as there is room for, at round steps."""
    view, height = lens.view, metrics().height()
    painter.fillRect(QRectF(0, 0, view.left() - EDGE, widget.height()), theme.color("panel"))
    painter.setFont(theme.font("small"))
    painter.setPen(theme.color("muted"))
    rows = lens.grid.height
    step = round_step(rows, lens.tile(0).height() / (height * 1.6))
    for row in range(0, rows, step) if rows > 1 else ():
        middle = lens.cell(Place(0, row, 0)).center().y()
        if view.top() - 2 <= middle <= view.bottom() + 2:
            where = QRectF(0, middle - height / 2, view.left() - 10, height)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(row))


def paint_samples(painter: QPainter, lens: Lens, widget: QWidget) -> None:
    """Number the samples below the only tile, and say what is counted."""
    view, measure = lens.view, metrics()
    painter.fillRect(QRectF(0, view.bottom() + EDGE, widget.width(), widget.height()), theme.color("panel"))
    painter.setFont(theme.font("small"))
    painter.setPen(theme.color("muted"))
    top, samples = view.bottom() + 3, lens.grid.width
    named_from = view.right() - measure.horizontalAdvance("time steps")
    painter.drawText(QRectF(named_from, top, 200, measure.height()), Qt.AlignmentFlag.AlignVCenter, "time steps")
    step = round_step(samples, lens.tile(0).width() / (measure.horizontalAdvance(str(samples)) + 32))
    for sample in range(0, samples, step):
        middle = lens.cell(Place(0, 0, sample)).center().x()
        width = measure.horizontalAdvance(str(sample))
        left = max(view.left(), middle - width / 2)
        if middle >= view.left() - 2 and left + width <= named_from - 6:
            painter.drawText(QRectF(left, top, width + 2, measure.height()), Qt.AlignmentFlag.AlignVCenter, str(sample))


def round_step(count: int, at_most: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, ... in whose steps at most so many numbers are written."""
    step = 1
    while count / step > max(1.0, at_most):
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def paint_bar(painter: QPainter, lens: Lens, widget: QWidget, bar: Bar) -> None:
    """Paint a color bar at the right of the tiles, with the limits at its ends."""
    view, line = lens.view, metrics().height()
    height = max(view.height(), min(120.0, widget.height() - 2.0 * EDGE))
    where = QRectF(view.right() + 10, view.top(), BAR_WIDTH, height)
    painter.fillRect(QRectF(where.left() - 4, 0, widget.width(), widget.height()), theme.color("panel"))
    pixels = max(1, round(where.height() * lens.ratio))
    column = bar.colors[np.arange(pixels)[::-1] * len(bar.colors) // pixels]
    painter.drawImage(where, QImage(column.tobytes(), 1, pixels, 3, QImage.Format.Format_RGB888))
    painter.setFont(theme.font("small"))
    left = where.right() + 6
    taken = [where.top() + line / 2, where.bottom() - line / 2]
    painter.setPen(theme.color("text"))
    for middle, text in zip(taken, (bar.high, bar.low), strict=True):
        painter.drawText(QRectF(left, middle - line / 2, 200, line), Qt.AlignmentFlag.AlignVCenter, text)
    painter.setPen(theme.color("muted"))
    for fraction, text in bar.marks:
        middle = where.bottom() - fraction * where.height()
        if all(abs(middle - other) >= line * 1.6 for other in taken):
            painter.drawText(QRectF(left, middle - line / 2, 200, line), Qt.AlignmentFlag.AlignVCenter, text)
