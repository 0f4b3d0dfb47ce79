"""The network as a table: one row per layer, in the order they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from inspector import format
from inspector.graph.model import Layer
from inspector.ui import theme
from inspector.ui.controls import Chip, Flow, SearchField
from inspector.ui.lines import Line, Span, facts
from inspector.ui.panel import Panel
from inspector.ui.panels.layer_rows import NAME, LayerRows
from inspector.ui.panels.layer_table import LayerTable, WholeRows
from inspector.ui.session import Session

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
            self.table.viewport().update()
        elif row != (before := self.table.currentIndex().row()):
            self.table.setCurrentIndex(self.rows.index(row, NAME))
            self.table.redraw_rows(before, row)
        chosen.blockSignals(blocked)

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
