"""A table of numbers in cells of their colour, to be typed over."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from inspector import format
from inspector.render.kernels import cells
from inspector.render.limits import Limits
from inspector.render.palettes import palette
from inspector.ui import theme

Index = QModelIndex | QPersistentModelIndex
CELL = QSize(60, 24)  # a number below zero of four digits, and its rim
MOST_ROWS = 7  # that are seen without scrolling
_NUMBER, _CHANGED = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class CellTable(QTableWidget):
    """Numbers on their colours; those that were changed have a frame.

    Signals:
        entered: Row, column and the number that was typed.
        picked: Another cell is the current one.
    """

    entered = Signal(int, int, float)
    picked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Weights of the chosen kernel, to be changed")
        self.setFont(theme.font("small"))
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setMinimumSectionSize(1)
        self.horizontalHeader().setDefaultSectionSize(CELL.width())
        self.verticalHeader().setDefaultSectionSize(CELL.height())
        self.setShowGrid(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self._delegate = _NumberCell(self)
        self.setItemDelegate(self._delegate)
        self._delegate.entered.connect(self._on_entered)
        self.currentCellChanged.connect(self._on_current)

    def show_cells(self, values: NDArray[np.generic], limits: Limits, changed: NDArray[np.bool_], whole: bool) -> None:
        """Show ``(rows, columns)`` of numbers, and which of them were ``changed``; ``whole`` ones without decimals."""
        rows, columns = values.shape
        if (rows, columns) != (self.rowCount(), self.columnCount()):
            self.setRowCount(rows)
            self.setColumnCount(columns)
            self.updateGeometry()
        painted = cells(values[np.newaxis], limits, palette("signed"), 0)
        for row in range(rows):
            for column in range(columns):
                number = values[row, column].item()
                item = self.item(row, column)
                if item is None:
                    item = QTableWidgetItem()
                    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                    self.setItem(row, column, item)
                item.setText(str(number).replace("-", format.MINUS) if whole else format.significant(number))
                item.setData(_NUMBER, number)
                item.setData(_CHANGED, bool(changed[row, column]))
                item.setBackground(QColor(*(int(each) for each in painted.rgb[0, row, column])))
                item.setForeground(QColor("black" if painted.black[0, row, column] else "white"))

    def chosen(self) -> tuple[int, int] | None:
        """Return the current cell's row and column, or None."""
        at = self.currentIndex()
        return (at.row(), at.column()) if at.isValid() else None

    def sizeHint(self) -> QSize:
        rows = min(self.rowCount(), MOST_ROWS)
        bar = self.horizontalScrollBar().sizeHint().height() if self.columnCount() > MOST_ROWS else 0
        return QSize(MOST_ROWS * CELL.width(), rows * CELL.height() + 2 + bar)

    def minimumSizeHint(self) -> QSize:
        return QSize(CELL.width(), self.sizeHint().height())

    @Slot(int, int, float)
    def _on_entered(self, row: int, column: int, number: float) -> None:
        self.entered.emit(row, column, number)

    @Slot(int, int, int, int)
    def _on_current(self, *_: int) -> None:
        self.picked.emit()


class _NumberCell(QStyledItemDelegate):
    """Types a number exactly, whatever digits of it are shown."""

    entered = Signal(int, int, float)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        line = QLineEdit(parent)
        line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        line.setFrame(False)
        line.setStyleSheet("padding: 0;")
        return line

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(f"{index.data(_NUMBER):.9g}")
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if not isinstance(editor, QLineEdit):
            return
        try:
            number = float(editor.text().replace("\N{MINUS SIGN}", "-").replace(",", "."))
        except ValueError:
            return
        if math.isfinite(number) and editor.text() != f"{index.data(_NUMBER):.9g}":
            self.entered.emit(index.row(), index.column(), number)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect = QRectF(option.rect).adjusted(0, 0, -1, -1)  # cells stand apart as in the other grids
        painter.save()
        painter.fillRect(rect, index.data(Qt.ItemDataRole.BackgroundRole))
        painter.setFont(theme.font("small"))
        painter.setPen(index.data(Qt.ItemDataRole.ForegroundRole).color())
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, index.data(Qt.ItemDataRole.DisplayRole))
        view = self.parent()
        is_current = isinstance(view, QAbstractItemView) and view.currentIndex() == index and view.hasFocus()
        if index.data(_CHANGED):
            painter.setPen(QPen(theme.color("warning"), 2))
            painter.drawRect(rect.adjusted(1, 1, -1, -1))
        if is_current:
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRect(rect.adjusted(1, 1, -1, -1))
        painter.restore()
