"""Grids of numbers on their colors: what goes in, what it is multiplied by, the products; or a window and who won."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.explain.facts import Index
from inspector.explain.sheets import Sheet
from inspector.format import significant
from inspector.render.kernels import Cells, cells
from inspector.render.limits import Limits
from inspector.render.palettes import palette
from inspector.ui import theme
from inspector.ui.painting import paint_mark
from inspector.ui.text import elided, plain, tooltip

_SIGN_ROOM = 34.0  # between two grids, for the sign
_LARGEST_CELL = 63.0, 47.0
_LEAST_CELL = 5.0
_PLANE_GAP = 5.0
_TALLEST = 330.0, 174.0  # of a grid by itself; of all lines together, where there are several
_BAR = 6.0


@dataclass(frozen=True, slots=True)
class Block:
    """One grid.

    Attributes:
        title: What it is.
        note: Where it is from, or what it adds up to.
        sheet: Its numbers.
        limits, colormap: How they are drawn.
        sign: What stands after it: ``"×"``, ``"="`` or nothing.
        winner: The cell that is marked, row and column.
    """

    title: str
    note: str
    sheet: Sheet
    limits: Limits
    colormap: str
    sign: str = ""
    winner: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class CellPlace:
    """A cell of one of the grids; ``block`` counts from 0 along all rows."""

    block: int
    row: int
    column: int


class Grids(QWidget):
    """Rows of grids, each with its title, its color bar, and a sign to the next one.

    Signals:
        hovered: The ``CellPlace`` under the cursor, or None.
        picked: The place in its tensor, ``(tensor, index)``, of the number that was clicked.
    """

    hovered = Signal(object)
    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMouseTracking(True)
        self._lines: tuple[tuple[Block, ...], ...] = ()
        self._written: dict[int, Cells] = {}
        self._shape: tuple[object, ...] = ()
        self._is_alike = False  # all lines are drawn with the same limits
        self._over: CellPlace | None = None
        self.setAccessibleName("The numbers of the selected part")

    def show_lines(self, lines: Sequence[Sequence[Block]]) -> None:
        """Show these grids, line by line; the grids of a line belong together."""
        self._lines = tuple(tuple(line) for line in lines)
        self._written = {}
        shape = tuple(tuple((each.sheet.values.shape, each.sheet.plane) for each in line) for line in self._lines)
        is_alike = all(
            one.colormap == other.colormap and one.limits.is_same(other.limits)
            for line in self._lines[1:]
            for one, other in zip(line, self._lines[0], strict=True)
        )
        if (shape, is_alike) != (self._shape, self._is_alike):
            self._shape, self._is_alike, self._over = shape, is_alike, None
            self.updateGeometry()
        self.setAccessibleDescription(self._said())
        self.update()

    def _said(self) -> str:
        blocks = self.blocks
        if not blocks or sum(each.sheet.count for each in blocks) > 120:
            return ""
        return ". ".join(
            f"{each.title}: " + "; ".join(" ".join(significant(v) for v in row) for row in each.sheet.values.tolist())
            for each in blocks
        )

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All grids, line after line."""
        return tuple(block for line in self._lines for block in line)

    # ---------------------------------------------------------------- where things lie

    def _heads(self, line: int) -> float:
        """Return the room above a line: the titles stand above the first one alone where the lines are alike."""
        lines = 1 if line and self._is_alike and not self._is_stacked(self.width()) else 2
        return lines * theme.metrics().height() + 4

    def _foot(self) -> float:
        return theme.metrics("small").height() + 6

    def _is_stacked(self, width: float) -> bool:
        """Whether there is so little room that the grids of a line stand below each other."""
        widest = max((sum(each.sheet.values.shape[1] for each in line) for line in self._lines), default=0)
        grids = max((len(line) for line in self._lines), default=1)
        return grids > 1 and (width - _SIGN_ROOM * (grids - 1)) / max(1, widest) < 26 and widest < 30

    def _cell(self, line: Sequence[Block], width: float, stacked: bool) -> tuple[float, float]:
        """Return the width and height of the cells of a line."""
        columns = [each.sheet.values.shape[1] for each in line]
        rows = max(each.sheet.values.shape[0] for each in line)
        room = width / max(columns) if stacked else (width - _SIGN_ROOM * (len(line) - 1)) / sum(columns)
        across = max(_LEAST_CELL, min(_LARGEST_CELL[0], room))
        tallest = _TALLEST[0] if len(self._lines) == 1 or stacked else _TALLEST[1] / len(self._lines)
        down = min(_LARGEST_CELL[1], across * 0.75, max(_LEAST_CELL, tallest / rows))
        return (across, max(_LEAST_CELL, down))

    def _has_bar(self, line: int) -> bool:
        """Whether color bars stand below a line: the lines of one picture have the same ones."""
        return line == len(self._lines) - 1 or not self._is_alike

    def _places(self, width: float) -> tuple[list[QRectF], float]:
        """Return where each grid's cells lie, and how high it all is."""
        stacked = self._is_stacked(width)
        found: list[QRectF] = []
        top = 0.0
        for number, line in enumerate(self._lines):
            across, down = self._cell(line, width, stacked)
            left, tallest = 0.0, 0.0
            foot = self._foot() if self._has_bar(number) else 0.0
            for block in line:
                rows, columns = block.sheet.values.shape
                planes = rows // block.sheet.plane if block.sheet.plane else 1
                height = rows * down + (planes - 1) * _PLANE_GAP
                found.append(QRectF(left, top + self._heads(number), columns * across, height))
                if stacked:
                    top += self._heads(number) + height + foot + theme.SPACING
                else:
                    left += columns * across + _SIGN_ROOM
                    tallest = max(tallest, height)
            if not stacked:
                top += self._heads(number) + tallest + foot + theme.SPACING
        return found, max(0.0, top - theme.SPACING)

    def cell_rect(self, place: CellPlace) -> QRectF:
        """Return where a cell is painted."""
        grid = self._places(self.width())[0][place.block]
        return self._cell_in(self.blocks[place.block].sheet, grid, place.row, place.column)

    def _cell_in(self, sheet: Sheet, grid: QRectF, row: int, column: int) -> QRectF:
        rows, columns = sheet.values.shape
        planes = rows // sheet.plane if sheet.plane else 1
        down = (grid.height() - (planes - 1) * _PLANE_GAP) / rows
        across = grid.width() / columns
        gaps = (row // sheet.plane) * _PLANE_GAP if sheet.plane else 0.0
        return QRectF(grid.left() + column * across, grid.top() + row * down + gaps, across, down)

    def _place_at(self, point: QPointF) -> CellPlace | None:
        for number, (block, grid) in enumerate(zip(self.blocks, self._places(self.width())[0], strict=True)):
            if not grid.contains(point):
                continue
            rows, columns = block.sheet.values.shape
            column = min(columns - 1, int((point.x() - grid.left()) / grid.width() * columns))
            for row in range(rows):
                if self._cell_in(block.sheet, grid, row, column).contains(point):
                    return CellPlace(number, row, column) if row * columns + column < block.sheet.count else None
        return None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return round(self._places(width)[1])

    def sizeHint(self) -> QSize:
        return QSize(480, self.heightForWidth(max(self.width(), 240)))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.heightForWidth(max(self.width(), 120)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._written = {}
        self.updateGeometry()

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        places, _ = self._places(self.width())
        number = 0
        stacked = self._is_stacked(self.width())
        for row, line in enumerate(self._lines):
            for block in line:
                grid = places[number]
                width = float(self.width()) if stacked else grid.width() + _SIGN_ROOM - 8
                self._paint_heads(painter, block, grid, width, self._heads(row))
                self._paint_cells(painter, number, block, grid)
                if self._has_bar(row):
                    self._paint_bar(painter, block, grid)
                if block.sign and not stacked:
                    self._paint_sign(painter, block.sign, grid)
                elif block.sign:
                    painter.setPen(theme.color("muted"))
                    painter.setFont(theme.font())
                    where = QRectF(grid.right() + 8, grid.top(), 30, grid.height())
                    painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, block.sign)
                number += 1

    def _paint_heads(self, painter: QPainter, block: Block, grid: QRectF, width: float, room: float) -> None:
        bold, small = theme.font(bold=True), theme.font("small")
        line = QFontMetricsF(bold).height()
        titles = [(bold, "text", block.title, grid.top() - room)] if room > 2 * line else []
        for font, color, text, y in (*titles, (small, "muted", block.note, grid.top() - line - 4)):
            painter.setFont(font)
            painter.setPen(theme.color(color))
            shown = elided(plain(text), QFontMetricsF(font), width)
            painter.drawText(QRectF(grid.left(), y, width, line), Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_sign(self, painter: QPainter, sign: str, grid: QRectF) -> None:
        painter.setFont(theme.font("title"))
        painter.setPen(theme.color("muted"))
        where = QRectF(grid.right(), grid.top(), _SIGN_ROOM, grid.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, sign)

    def _paint_cells(self, painter: QPainter, number: int, block: Block, grid: QRectF) -> None:
        sheet = block.sheet
        rows, columns = sheet.values.shape
        first = self._cell_in(sheet, grid, 0, 0)
        metrics = theme.metrics("small")
        written = self._cells(number, block, metrics, first.width() - 5)
        writes = first.height() >= metrics.height() - 2 and self._fits(written, metrics, first.width() - 2)
        gap = 1.0 if first.width() >= 8 else 0.0
        painter.setFont(theme.font("small"))
        for row in range(rows):
            for column in range(columns):
                if row * columns + column >= sheet.count:
                    continue
                cell = self._cell_in(sheet, grid, row, column).adjusted(0, 0, -gap, -gap)
                if sheet.padding[row, column]:
                    self._paint_padding(painter, cell, writes)
                    continue
                red, green, blue = (int(each) for each in written.rgb[0, row, column])
                painter.fillRect(cell, QColor(red, green, blue))
                if writes:
                    painter.setPen(QColor("#000000" if written.black[0, row, column] else "#ffffff"))
                    painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, written.texts[0][row][column])
        for place in self._marked(number, block):
            paint_mark(painter, self._cell_in(sheet, grid, *place).adjusted(0, 0, -gap, -gap), 2 if gap else 1)

    def _marked(self, number: int, block: Block) -> list[tuple[int, int]]:
        marked = [block.winner] if block.winner is not None else []
        over = self._over
        if over is not None and over.block // 3 == number // 3 and over.block in range(len(self.blocks)):
            rows, columns = block.sheet.values.shape
            if over.row < rows and over.column < columns and (over.row, over.column) not in marked:
                marked.append((over.row, over.column))
        return marked

    def _paint_padding(self, painter: QPainter, cell: QRectF, writes: bool) -> None:
        painter.fillRect(cell, theme.color("canvas"))
        painter.fillRect(cell, QBrush(theme.color("bar"), Qt.BrushStyle.BDiagPattern))
        if writes:
            box = QRectF(cell.center() - QPointF(8, 8), cell.center() + QPointF(8, 8)).intersected(cell)
            painter.fillRect(box, theme.color("canvas"))
            painter.setPen(theme.color("text"))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, "0")

    def _cells(self, number: int, block: Block, metrics: QFontMetricsF, room: float) -> Cells:
        """Return the cells with as many decimals as there is room for."""
        found = self._written.get(number)
        if found is None:
            most = 0 if block.sheet.is_whole else _decimals(block.sheet.reach)
            for decimals in range(most, -1, -1):
                found = cells(block.sheet.values[None], block.limits, palette(block.colormap), decimals)
                if self._fits(found, metrics, room):
                    break
            assert found is not None
            self._written[number] = found
        return found

    def _fits(self, written: Cells, metrics: QFontMetricsF, room: float) -> bool:
        longest = max((text for row in written.texts[0] for text in row), key=len, default="")
        return metrics.horizontalAdvance(longest) <= room

    def _paint_bar(self, painter: QPainter, block: Block, grid: QRectF) -> None:
        low, high = block.limits.of(0)
        small = theme.font("small")
        metrics = QFontMetricsF(small)
        painter.setFont(small)
        painter.setPen(theme.color("muted"))
        left, right = significant(low), significant(high)
        line = QRectF(grid.left(), grid.bottom() + 5, grid.width(), metrics.height())
        start, end = metrics.horizontalAdvance(left) + 8, metrics.horizontalAdvance(right) + 8
        if grid.width() - start - end < 20:
            return
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, left)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
        colors = palette(block.colormap)
        image = QImage(colors.tobytes(), len(colors), 1, 3 * len(colors), QImage.Format.Format_RGB888)
        where = QRectF(line.left() + start, line.center().y() - _BAR / 2, line.width() - start - end, _BAR)
        painter.drawImage(where, image)

    # ---------------------------------------------------------------- events

    def _origin(self, place: CellPlace | None) -> tuple[str, Index] | None:
        if place is None:
            return None
        sheet = self.blocks[place.block].sheet
        index = sheet.place(place.row, place.column)
        return (sheet.tensor, index) if index is not None and sheet.tensor else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position())
        if place == self._over:
            return
        self._over = place
        origin = self._origin(place)
        self.setCursor(Qt.CursorShape.PointingHandCursor if origin else Qt.CursorShape.ArrowCursor)
        self.setToolTip(tooltip(*self._words(place, origin)) if place is not None else "")
        self.hovered.emit(place)
        self.update()

    def _words(self, place: CellPlace, origin: tuple[str, Index] | None) -> list[str]:
        sheet = self.blocks[place.block].sheet
        if sheet.padding[place.row, place.column]:
            return ["padding, counts as 0"]
        value = significant(float(sheet.values[place.row, place.column]))
        return [value, f"{origin[0]} [{', '.join(map(str, origin[1]))}]"] if origin is not None else [value]

    def leaveEvent(self, event: QEvent) -> None:
        self._over = None
        self.hovered.emit(None)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        origin = self._origin(self._place_at(event.position()))
        if origin is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(origin)


def _decimals(reach: float) -> int:
    """Return the decimals with which a number of that size has four digits."""
    if not 1e-6 < reach < 1e12:
        return 0 if reach >= 1 else 6
    return max(0, min(6, 4 - len(str(int(reach))) if reach >= 1 else 4))
