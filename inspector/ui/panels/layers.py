"""The network as a table: one row per layer, in the order they run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from inspector import format, render
from inspector.analysis import feature_maps
from inspector.graph.model import Array, Layer, Run
from inspector.graph.receptive_field import ReceptiveField
from inspector.ui import theme
from inspector.ui.panel import Panel
from inspector.ui.session import Session
from inspector.ui.widgets import Chip, Flow, Line, SearchField, Span, elided, facts, paint_dot, plain, tooltip

MEAN, NAME, OPERATOR, SHAPE, PARAMETERS, MACS, SEES = range(7)
HEADS = ("Mean", "Name", "Operator", "Output shape", "Parameters", "MACs", "Sees, px")
NUMBERS = (SHAPE, PARAMETERS, MACS, SEES)
THUMBNAIL = 18
NAME_AT_LEAST = 60
NAME_AT_MOST = 176  # a longer name is shortened before a column is dropped
TICK_SECONDS = 0.008  # of computing small pictures before the window gets its turn

Index = QModelIndex | QPersistentModelIndex
NO_MODEL = "Open a model, or drop an .onnx file on the window: here you will see its layers in the order they run."


class LayersPanel(Panel):
    """The table, a field to find a layer, and the families as legend, count and filter in one."""

    title = "Layers"
    dock_name = "layers"
    icon_name = "layers"
    area = Qt.DockWidgetArea.LeftDockWidgetArea

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.search = SearchField("Find a layer")
        self.chips = Flow()
        self._chips: dict[str, Chip] = {}
        self.rows = LayerRows(self)
        self.table = LayerTable(self.rows)
        self.total = Line("small")
        self._shown: tuple[Layer, ...] | None = None
        self._lay_out()
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self.table.setFocus)
        self.table.selectionModel().currentRowChanged.connect(self._select)

    def _lay_out(self) -> None:
        top = QVBoxLayout()
        top.setContentsMargins(theme.MARGIN - 2, theme.SPACING + 2, theme.MARGIN - 2, theme.SPACING)
        top.setSpacing(theme.SPACING)
        top.addWidget(self.search)
        top.addWidget(self.chips)
        foot = QWidget()
        foot.setAutoFillBackground(True)
        foot.setBackgroundRole(QPalette.ColorRole.Button)
        bottom = QHBoxLayout(foot)
        bottom.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        bottom.addWidget(self.total)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(WholeRows(self.table), 1)
        layout.addWidget(foot)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        model = self.session.model
        if model is None:
            self._shown = None
            self.rows.show_layers(())
            self.say(NO_MODEL)
            return
        if self._shown is not model.layers:
            self._shown = model.layers
            self._draw_chips(model.layers)
            self.search.clear()
            self._filter()
            self.table.fit_columns(model.layers)
        if self.rows.show_run(self.session.run):
            self.table.fit_shapes()
        self._draw_total()
        self._draw_selection()

    def _draw_chips(self, layers: Sequence[Layer]) -> None:
        counts = Counter(layer.family for layer in layers)
        for family in theme.tokens().families:
            if family in counts and family not in self._chips:
                chip = self._chips[family] = Chip(family)
                chip.toggled.connect(self._filter)
                self.chips.add(chip)
        for family, chip in self._chips.items():
            blocked = chip.blockSignals(True)
            chip.setChecked(False)
            chip.blockSignals(blocked)
            chip.show_count(format.count(counts[family]))
            chip.setVisible(family in counts)
        self.chips.arrange()

    def _draw_total(self) -> None:
        model = self.session.model
        if model is None:
            return
        count, shown = len(model.layers), self.rows.rowCount()
        layers = f"{format.count(count)} {'layer' if count == 1 else 'layers'}"
        parameters = ("parameters", format.count(model.parameters))
        totals = facts(parameters) if model.macs is None else facts(parameters, ("MACs", format.macs(model.macs)))
        self.total.show_spans(
            [Span(layers if shown == count else f"{format.count(shown)} of {layers}", "bold")],
            remark=(*totals, Span("  (1 MAC = 2 FLOPs)", "muted")) if model.macs is not None else totals,
            brief=totals,
        )

    def _draw_selection(self) -> None:
        row = self.rows.row_of(self.session.view.layer)
        chosen = self.table.selectionModel()
        blocked = chosen.blockSignals(True)
        if row < 0:
            self.table.clearSelection()
            self.table.setCurrentIndex(QModelIndex())
        elif row != self.table.currentIndex().row():
            self.table.setCurrentIndex(self.rows.index(row, NAME))
        chosen.blockSignals(blocked)
        self.table.viewport().update()

    def forget(self) -> None:
        self.rows.show_run(None)

    # ---------------------------------------------------------------- what the user does

    @Slot()
    def _filter(self) -> None:
        model = self.session.model
        if model is None:
            return
        wanted = self.search.text().strip().casefold()
        families = {family for family, chip in self._chips.items() if chip.isChecked()}
        chosen = self.table.selectionModel()
        blocked = chosen.blockSignals(True)
        self.rows.show_layers(
            [
                layer
                for layer in model.layers
                if (not families or layer.family in families)
                and (wanted in layer.name.casefold() or wanted in layer.op_type.casefold())
            ]
        )
        chosen.blockSignals(blocked)
        self._draw_total()
        self._draw_selection()

    @Slot(QModelIndex, QModelIndex)
    def _select(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid():
            self.session.select_layer(self.rows.layer(current.row()).name)


class LayerRows(QAbstractTableModel):
    """The layers that are shown, as Qt wants them."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._layers: Sequence[Layer] = ()
        self._rows: dict[str, int] = {}
        self._run: Run | None = None
        self.thumbnails = Thumbnails(self)
        self.thumbnails.made.connect(self._redraw)

    def show_layers(self, layers: Sequence[Layer]) -> None:
        self.beginResetModel()
        self._layers = tuple(layers)
        self._rows = {layer.name: row for row, layer in enumerate(layers)}
        self.endResetModel()

    def show_run(self, run: Run | None) -> bool:
        """Take shapes and small pictures from this run; return whether it is another one."""
        if run is self._run:
            return False
        self._run = run
        self.thumbnails.show_run(run)
        self._redraw()
        return True

    def layer(self, row: int) -> Layer:
        return self._layers[row]

    def row_of(self, name: str) -> int:
        """Return where that layer is, or -1."""
        return self._rows.get(name, -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's signature
        return 0 if parent.isValid() else len(self._layers)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's signature
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HINTS.get(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        layer = self._layers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(layer, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(*self._description(layer))
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == MEAN:
            return f"mean feature map of {plain(layer.name)}"
        return None

    def text(self, layer: Layer, column: int) -> str:
        """Return what stands in a cell."""
        if column == NAME:
            return plain(layer.name)
        if column == OPERATOR:
            return plain(layer.op_type)
        if column == SHAPE:
            return format.shape_hwc(self._shape(layer))
        if column == PARAMETERS:
            return format.count(layer.parameters) if layer.parameters else ""
        if column == MACS:
            return format.macs(layer.macs)
        return _sees(layer.receptive_field) if column == SEES else ""

    def _shape(self, layer: Layer) -> tuple[int | str | None, ...] | None:
        made = self._run.tensors.get(layer.output.name) if self._run is not None else None
        return layer.output.shape if made is None else made.shape

    def _description(self, layer: Layer) -> list[str]:
        operator = f"{layer.domain}::{layer.op_type}" if layer.domain else layer.op_type
        lines = [layer.name, f"{operator}, {layer.family}"]
        if (geometry := layer.geometry) is not None:
            pads = "unknown" if geometry.pads is None else ", ".join(map(str, geometry.pads))
            lines.append(
                f"kernel {format.shape(geometry.kernel_shape)}, stride {format.shape(geometry.strides)}, padding {pads}"
                + (f", dilation {format.shape(geometry.dilations)}" if set(geometry.dilations) > {1} else "")
                + (f", groups {geometry.group}" if geometry.group > 1 else "")
            )
        dtype = f", {layer.output.dtype}" if layer.output.dtype else ""
        lines.append(f"stored as {format.shape(self._shape(layer))}{dtype}")
        lines += [f"input {name}" for name in layer.inputs if name and name not in {w.name for w in layer.weights}]
        lines += [f"{weight.role} {format.shape(weight.shape)}, {weight.dtype}" for weight in layer.weights]
        if layer.statistics:
            lines.append(f"running statistics {format.count(layer.statistics)}, not counted as parameters")
        if layer.receptive_field.status in ("bound", "whole input"):
            lines.append(_STATUS[layer.receptive_field.status])
        return lines[:14] + ["…"] * (len(lines) > 14)

    def thumbnail(self, row: int, ratio: float) -> QImage | None:
        return self.thumbnails.of(self._layers[row], ratio)

    @Slot()
    def _redraw(self) -> None:
        if self._layers:
            self.dataChanged.emit(self.index(0, MEAN), self.index(len(self._layers) - 1, SHAPE))


_HINTS = {
    MEAN: "The mean of all feature maps, each layer from its own minimum to its maximum",
    SHAPE: "Height × width × channels",
    PARAMETERS: "Learned numbers",
    MACS: "Multiply-accumulates of one picture; 1 MAC = 2 FLOPs",
    SEES: "The part of the picture that one element depends on: its receptive field, in pixels",
}
_STATUS = {
    "bound": "an element depends on no pixel outside of what it sees, perhaps on fewer",
    "whole input": "an element depends on the whole input",
}


def _sees(field: ReceptiveField) -> str:
    if field.status == "whole input":
        return "all"
    if field.size is None:
        return ""
    return f"{'≤ ' if field.status == 'bound' else ''}{format.shape(field.size)}"


class Thumbnails(QObject):
    """Mean maps as small pictures, made when they are first looked at, a few at a time.

    Attributes:
        made: Some are there now.
    """

    made = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._tensors: dict[str, Array] = {}
        self._images: dict[str, QImage | None] = {}
        self._waiting: dict[str, float] = {}
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._make)

    def show_run(self, run: Run | None) -> None:
        self._tensors = dict(run.tensors) if run is not None else {}
        self._images.clear()
        self._waiting.clear()

    def of(self, layer: Layer, ratio: float) -> QImage | None:
        """Return a layer's picture if it has been made; else it will be."""
        name = layer.output.name
        if name not in self._images and name in self._tensors:
            self._waiting[name] = ratio
            if not self._timer.isActive():
                self._timer.start()
        return self._images.get(name)

    @Slot()
    def _make(self) -> None:
        end = time.perf_counter() + TICK_SECONDS
        while self._waiting and time.perf_counter() < end:
            name, ratio = self._waiting.popitem()
            self._images[name] = _picture(self._tensors[name], round(THUMBNAIL * ratio))
        if self._waiting:
            self._timer.start()
        self.made.emit()


def _picture(tensor: Array, size: int) -> QImage | None:
    maps = feature_maps(tensor)
    if maps is None or maps.shape[1] * maps.shape[2] == 1:
        return None
    rgb = render.to_rgb(render.thumbnail(maps, size), render.palette("viridis"))
    height, width, _ = rgb.shape
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


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
