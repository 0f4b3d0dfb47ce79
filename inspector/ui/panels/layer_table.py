"""The table of layers: its columns, and how its cells are painted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nlargest

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFontMetricsF, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from inspector import format
from inspector.graph.model import Layer
from inspector.ui import theme
from inspector.ui.painting import paint_dot
from inspector.ui.panels.layer_rows import (
    COMPARED,
    COSINE,
    DIFFERENCE,
    EXTRA,
    HEADS,
    MACS,
    MEAN,
    NAME,
    NUMBERS,
    OPERATOR,
    PARAMETERS,
    PROVIDER,
    SEES,
    SHAPE,
    TIME,
    USUAL,
    Index,
    LayerRows,
)
from inspector.ui.panels.layer_thumbnails import THUMBNAIL
from inspector.ui.text import elided, plain

NAME_AT_LEAST = 60
NAME_WITH_TIMES = 96  # with less, a table with times does without the operators, which most names say too
NAME_AT_MOST = 176  # a longer name is shortened before a column is dropped
INDENT = 12  # of a layer in the body of another
_LOOKED_AT = 2_000  # layers, to find how wide the columns must be
_MEASURED = 8  # texts, the longest ones: figures are alike in width, so the widest is among them
_DROPPED = (PARAMETERS, MACS, SEES, COSINE, PROVIDER, *EXTRA[::-1])  # when it is narrow, in this order
_BRANCHES = {"then_branch": "then", "else_branch": "else"}


class LayerTable(QTableView):
    """The table; when it is narrow it does without the parameters, then without the MACs.

    Signals:
        sort_wanted: The user clicked on the head of the times.
        difference_wanted: The user clicked on the head of the differences.
        columns_chosen: The user wants other columns.
    """

    sort_wanted = Signal()
    difference_wanted = Signal()
    columns_chosen = Signal()

    def __init__(self, rows: LayerRows) -> None:
        super().__init__()
        self.rows = rows
        self._layers: Sequence[Layer] = ()  # of the model
        self._natural: dict[int, int] = {}
        self._wanted = set(USUAL)
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
        head.setSectionsClickable(True)
        head.sectionClicked.connect(self._on_head)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(self._offer_columns)
        head.setFixedHeight(theme.ROW_HEIGHT)
        head.setMinimumSectionSize(16)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def fit_columns(self, layers: Sequence[Layer]) -> None:
        """Find how wide each column must be for these layers, also when only some are shown."""
        self._layers = layers
        metrics = theme.metrics("small")
        bold = theme.metrics("small", bold=True)
        for column in (PARAMETERS, MACS, SEES):
            self._natural[column] = self._width(column)
        counts = Counter(layer.op_type for layer in layers)
        self._natural[OPERATOR] = _width_of(metrics, HEADS[OPERATOR], map(plain, counts))
        self._natural[MEAN] = round(max(metrics.horizontalAdvance(HEADS[MEAN]), THUMBNAIL)) + 14
        deepest = max((len(layer.inside) for layer in layers), default=0)
        wide_name = _width_of(bold, HEADS[NAME], self._texts(NAME)) + 13 + INDENT * deepest
        self._wide_name = max(NAME_AT_LEAST, min(NAME_AT_MOST, wide_name))
        common = {plain(name) for name, count in counts.items() if count > len(layers) / 50}
        self._narrow_operator = _width_of(metrics, HEADS[OPERATOR], common)
        for column in (TIME, PROVIDER, *COMPARED):  # hidden until they are filled in
            self._natural.setdefault(column, 0)
        self.fit_shapes()

    def fit_shapes(self) -> None:
        """Find how wide the column must be that a run fills in."""
        for column in (SHAPE, *EXTRA):
            self._natural[column] = self._width(column)
        self._arrange()

    def _width(self, column: int) -> int:
        """Return how wide a column must be; 0 for one that nobody wants."""
        if column not in self._wanted:
            return 0
        return _width_of(theme.metrics("small"), HEADS[column], self._texts(column))

    # ---------------------------------------------------------------- which columns

    @property
    def wanted(self) -> tuple[str, ...]:
        """The heads of the columns that are wanted, of those that can be chosen."""
        return tuple(HEADS[column] for column in (*USUAL, *EXTRA) if column in self._wanted)

    def want(self, heads: Iterable[str]) -> None:
        """Show these columns where there is room, and no others that can be chosen; other words say nothing."""
        names = set(heads)
        self._wanted = {column for column in (*USUAL, *EXTRA) if HEADS[column] in names}
        if self._natural:
            self.fit_columns(self._layers)

    def column_menu(self) -> QMenu:
        """Return a menu in which columns are chosen."""
        menu = QMenu(self)
        for column in (*USUAL, *EXTRA):
            action = menu.addAction(HEADS[column])
            action.setCheckable(True)
            action.setChecked(column in self._wanted)
            if column == EXTRA[0]:
                menu.insertSeparator(action)
        menu.triggered.connect(self._choose)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    @Slot(QPoint)
    def _offer_columns(self, at: QPoint) -> None:
        self.column_menu().popup(self.horizontalHeader().mapToGlobal(at))

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        self.want({*self.wanted, action.text()} if action.isChecked() else {*self.wanted} - {action.text()})
        self.columns_chosen.emit()

    def fit_measured(self) -> None:
        """Find how wide the columns must be that say how long a layer takes and on what it runs, if they are there."""
        metrics = theme.metrics("small")
        for column, is_there in ((TIME, self.rows.has_times), (PROVIDER, bool(self.rows.providers))):
            self._natural[column] = _width_of(metrics, HEADS[column], self._texts(column)) if is_there else 0
        self._arrange()

    def fit_compared(self) -> None:
        """Find how wide the columns must be that compare two runs, if they are there."""
        metrics, is_there = QFontMetricsF(theme.font("small")), self.rows.is_compared
        for column in COMPARED:
            head = f"{HEADS[column]} ↓" if column == DIFFERENCE else HEADS[column]
            self._natural[column] = _width_of(metrics, head, [f"{format.MINUS}0.0000"]) if is_there else 0
        self._arrange()

    def redraw_rows(self, *rows: int) -> None:
        """Paint these rows anew, those that are there."""
        for row in rows:
            if row >= 0:
                top = self.rowViewportPosition(row)
                self.viewport().update(0, top, self.viewport().width(), theme.ROW_HEIGHT)

    def _texts(self, column: int) -> set[str]:
        """Return what stands in a column, of so many layers as can be written out while nobody waits."""
        step = -(-len(self._layers) // _LOOKED_AT)
        return {self.rows.text(layer, column) for layer in self._layers[:: max(1, step)]}

    @Slot(int)
    def _on_head(self, column: int) -> None:
        if column == TIME:
            self.sort_wanted.emit()
        elif column == DIFFERENCE:
            self.difference_wanted.emit()

    def _arrange(self) -> None:
        """Share the room out: what is left goes to the names."""
        if not self._natural:
            return
        room, widths = self.viewport().width(), dict(self._natural)
        if OPERATOR not in self._wanted:
            widths[OPERATOR] = 0
        for column in (OPERATOR, *_DROPPED):
            if room - sum(widths.values()) >= self._wide_name:
                break
            widths[column] = min(self._narrow_operator, widths[OPERATOR]) if column == OPERATOR else 0
        has_more = widths.get(TIME) or widths.get(DIFFERENCE)
        if has_more and room - sum(widths.values()) < min(NAME_WITH_TIMES, self._wide_name):
            widths[OPERATOR] = 0
        for column, width in widths.items():
            self.setColumnHidden(column, width == 0)
            self.setColumnWidth(column, width)
        self.setColumnWidth(NAME, max(NAME_AT_LEAST, room - sum(widths.values())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _width_of(metrics: QFontMetricsF, head: str, texts: Iterable[str]) -> int:
    longest = nlargest(_MEASURED, texts, key=len)
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
        layer = self._table.rows.layer(index.row())
        state = self._table.rows.state(layer)
        if index.column() == NAME:
            left += INDENT * len(layer.inside)
            paint_dot(painter, QPointF(left + 1.5, rect.center().y() + 0.5), layer.family)
            left += 13
            left += self._paint_branch(painter, rect, left, layer)
        elif index.column() == TIME:
            self._paint_share(painter, rect, index.row())
        font = theme.font("small", bold=is_selected and index.column() == NAME)
        text = elided(str(index.data()), QFontMetricsF(font), rect.right() - 6 - left)
        side = Qt.AlignmentFlag.AlignRight if index.column() in NUMBERS else Qt.AlignmentFlag.AlignLeft
        painter.setFont(font)
        painter.setPen(theme.color("muted" if index.column() == OPERATOR or state == "not there" else "text"))
        room = QRectF(left, rect.top(), rect.right() - 6 - left, rect.height())
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_branch(self, painter: QPainter, rect: QRect, left: float, layer: Layer) -> float:
        """Write in which branch a layer lies before its name; return how much room that took."""
        if not layer.inside:
            return 0.0
        branch = layer.inside[-1][1]
        text = plain(_BRANCHES.get(branch, branch))
        metrics = theme.metrics("small")
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(left, rect.top(), rect.width(), rect.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return metrics.horizontalAdvance(text) + 6

    def _paint_share(self, painter: QPainter, rect: QRect, row: int) -> None:
        """Paint a bar below a time, as long as its part of the longest one."""
        room = rect.width() - 13
        width = max(1.0, room * self._table.rows.share(row)) if self._table.rows.share(row) else 0.0
        painter.fillRect(QRectF(rect.right() - 6 - width, rect.bottom() - 3, width, 2), theme.color("bar"))

    def _paint_missing(self, painter: QPainter, rect: QRect) -> None:
        """Paint an empty frame of dots where a picture will be once the layer is looked at."""
        left = rect.left() + 9.0
        frame = QRectF(left + 0.5, rect.center().y() - THUMBNAIL / 2 + 1, THUMBNAIL - 1, THUMBNAIL - 1)
        painter.setPen(QPen(theme.color("muted"), 1, Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)

    def _paint_thumbnail(self, painter: QPainter, rect: QRect, row: int) -> None:
        if self._table.rows.state(self._table.rows.layer(row)) == "missing":
            self._paint_missing(painter, rect)
            return
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
