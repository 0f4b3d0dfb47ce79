"""Marks in the corners of tiles whose channels stand out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from inspector.ui.lens import Lens

Tone = Literal["quiet", "loud"]

LARGEST, SMALLEST = 7, 3  # pixels of a mark
ROOM = 8  # a tile that is smaller has no mark: it would hide the tile


def paint_flags(painter: QPainter, lens: Lens, flags: Sequence[tuple[int, Tone]]) -> None:
    """Paint a square into the upper left corner of each tile that is seen and stands out.

    Args:
        painter: Of the widget.
        lens: What is seen of the tiles.
        flags: Places of tiles, and how loud: dead and constant ones are quiet, saturated ones loud.
    """
    factor, view = lens.zoom / lens.ratio, lens.view
    side = min(lens.grid.tile_width, lens.grid.tile_height) * factor
    if not flags or side < ROOM:
        return
    size = max(SMALLEST, min(LARGEST, round(side / 4)))
    (down, across), columns = lens.grid.pitch, lens.grid.columns
    edges: list[QRectF] = []
    insides: dict[Tone, list[QRectF]] = {"quiet": [], "loud": []}
    for place, tone in flags:
        row, column = divmod(place, columns)
        left = view.left() + (column * across - lens.left) * factor
        top = view.top() + (row * down - lens.top) * factor
        if view.left() - side < left < view.right() and view.top() - side < top < view.bottom():
            edges.append(QRectF(round(left), round(top), size + 1, size + 1))
            insides[tone].append(QRectF(round(left), round(top), size, size))
    painter.save()
    painter.setClipRect(view)
    for rects, color in (
        (edges, QColor(0, 0, 0, 190)),
        (insides["quiet"], QColor("#c9ccd2")),  # on data, like the mark: the same in both themes
        (insides["loud"], QColor("#f2b33d")),
    ):
        for rect in rects:
            painter.fillRect(rect, color)
    painter.restore()
