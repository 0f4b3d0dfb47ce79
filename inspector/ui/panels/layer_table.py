"""The table of layers: its columns, and how its cells are painted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from inspector.graph.model import Layer
from inspector.ui import theme
from inspector.ui.painting import paint_dot
from inspector.ui.panels.layer_rows import (
    HEADS,
    MACS,
    MEAN,
    NAME,
    NUMBERS,
    OPERATOR,
    PARAMETERS,
    SEES,
    SHAPE,
    Index,
    LayerRows,
)
from inspector.ui.panels.layer_thumbnails import THUMBNAIL
from inspector.ui.text import elided

NAME_AT_LEAST = 60
NAME_AT_MOST = 176  # a longer name is shortened before a column is dropped


class LayerTable(QTableView):
    """The table; when it is narrow it does without the parameters, then without the MACs."""

    def __init__(self, rows: LayerRows) -> None:
        super().__init__()
        self.rows = rows
        self._layers: Sequence[Layer] = ()  # of the model
        self._natural: dict[int, int] = {}
        self._narrow_operator = 0  # enough for all but rare ones
        self._wide_name = 0
        self.setModel(rows)
        self.setItemDelegate(LayerDelegate(self))
        self.setAccessibleName("Layers")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(theme.ROW_HEIGHT)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setFixedHeight(theme.ROW_HEIGHT)
        head.setMinimumSectionSize(16)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def fit_columns(self, layers: Sequence[Layer]) -> None:
        """Find how wide each column must be for these layers, also when only some are shown."""
        self._layers = layers
        metrics = QFontMetricsF(theme.font("small"))
        bold = QFontMetricsF(theme.font("small", bold=True))
        for column in (OPERATOR, PARAMETERS, MACS, SEES):
            self._natural[column] = _width_of(metrics, HEADS[column], self._texts(column))
        self._natural[MEAN] = round(max(metrics.horizontalAdvance(HEADS[MEAN]), THUMBNAIL)) + 16
        wide_name = _width_of(bold, HEADS[NAME], self._texts(NAME)) + 13
        self._wide_name = max(NAME_AT_LEAST, min(NAME_AT_MOST, wide_name))
        counts = Counter(layer.op_type for layer in layers)
        common = {name for name, count in counts.items() if count > len(layers) / 50}
        self._narrow_operator = _width_of(metrics, HEADS[OPERATOR], common)
        self.fit_shapes()

    def fit_shapes(self) -> None:
        """Find how wide the column must be that a run fills in."""
        metrics = QFontMetricsF(theme.font("small"))
        self._natural[SHAPE] = _width_of(metrics, HEADS[SHAPE], self._texts(SHAPE))
        self._arrange()

    def redraw_rows(self, *rows: int) -> None:
        """Paint these rows anew, those that are there."""
        for row in rows:
            if row >= 0:
                top = self.rowViewportPosition(row)
                self.viewport().update(0, top, self.viewport().width(), theme.ROW_HEIGHT)

    def _texts(self, column: int) -> set[str]:
        return {self.rows.text(layer, column) for layer in self._layers}

    def _arrange(self) -> None:
        """Share the room out: what is left goes to the names."""
        if not self._natural:
            return
        room, widths = self.viewport().width(), dict(self._natural)
        for column in (OPERATOR, PARAMETERS, MACS, SEES):
            if room - sum(widths.values()) >= self._wide_name:
                break
            widths[column] = min(self._narrow_operator, widths[OPERATOR]) if column == OPERATOR else 0
        for column, width in widths.items():
            self.setColumnHidden(column, width == 0)
            self.setColumnWidth(column, width)
        self.setColumnWidth(NAME, max(NAME_AT_LEAST, room - sum(widths.values())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _width_of(metrics: QFontMetricsF, head: str, texts: Iterable[str]) -> int:
    longest = sorted(texts, key=len)[-8:]  # figures are alike in width, so the widest is among these
    return round(max(metrics.horizontalAdvance(text) for text in (head, *longest))) + 15


class LayerDelegate(QStyledItemDelegate):
    """Paints the cells."""

    def __init__(self, table: LayerTable) -> None:
        super().__init__(table)
        self._table = table

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(40, theme.ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect
        is_selected = index.row() == self._table.currentIndex().row()
        if is_selected:
            painter.fillRect(rect, theme.color("selection"))
        if index.column() == MEAN:
            if is_selected:
                painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), theme.color("accent"))
            self._paint_thumbnail(painter, rect, index.row())
            return
        left = rect.left() + 7.0
        if index.column() == NAME:
            family = self._table.rows.layer(index.row()).family
            paint_dot(painter, QPointF(left + 1.5, rect.center().y() + 0.5), family)
            left += 13
        font = theme.font("small", bold=is_selected and index.column() == NAME)
        text = elided(str(index.data()), QFontMetricsF(font), rect.right() - 6 - left)
        side = Qt.AlignmentFlag.AlignRight if index.column() in NUMBERS else Qt.AlignmentFlag.AlignLeft
        painter.setFont(font)
        painter.setPen(theme.color("muted" if index.column() == OPERATOR else "text"))
        room = QRectF(left, rect.top(), rect.right() - 6 - left, rect.height())
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_thumbnail(self, painter: QPainter, rect: QRect, row: int) -> None:
        image = self._table.rows.thumbnail(row, self._table.devicePixelRatioF())
        if image is None:
            return
        scale = THUMBNAIL / max(image.width(), image.height())
        width, height = image.width() * scale, image.height() * scale
        left = rect.left() + 9 + (THUMBNAIL - width) / 2
        painter.drawImage(QRectF(left, rect.center().y() + 0.5 - height / 2, width, height), image)


class WholeRows(QWidget):
    """Gives a table the height of whole rows, so that none is cut off at the foot."""

    def __init__(self, table: LayerTable) -> None:
        super().__init__()
        self._table = table
        table.setParent(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        head = self._table.horizontalHeader().height()
        rows = max(0, (self.height() - head) // theme.ROW_HEIGHT)
        self._table.setGeometry(0, 0, self.width(), head + rows * theme.ROW_HEIGHT if rows else self.height())

    def sizeHint(self) -> QSize:
        return QSize(400, 400)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, theme.ROW_HEIGHT * 3)
