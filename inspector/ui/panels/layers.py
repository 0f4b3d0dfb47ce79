"""The network as a table: one row per layer, in the order they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, Qt, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from inspector import format
from inspector.graph.model import Layer
from inspector.ui import theme
from inspector.ui.controls import Chip, Flow, SearchField
from inspector.ui.forms import Section
from inspector.ui.lines import Line, Span, facts
from inspector.ui.panel import WALL, Panel
from inspector.ui.panels.layer_card import LayerCard
from inspector.ui.panels.layer_rows import NAME, LayerRows
from inspector.ui.panels.layer_table import LayerTable, WholeRows
from inspector.ui.pictures import Pictured
from inspector.ui.session import Session
from inspector.ui.text import tooltip

_MEASURE = "Run the picture six times under ONNX Runtime's profiler, and show how long each layer takes"
NO_MODEL = "Open a model, or drop an .onnx file on the window: here you will see its layers in the order they run."


class LayersPanel(Panel):
    """The table, a field to find a layer, and the families as legend, count and filter in one."""

    title = "Layers"
    dock_name = "layers"
    icon_name = "layers"
    ignores = WALL
    area = Qt.DockWidgetArea.LeftDockWidgetArea

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.search = SearchField("Find a layer")
        self.chips = Flow()
        self._chips: dict[str, Chip] = {}
        self.rows = LayerRows(self)
        self.table = LayerTable(self.rows)
        self.card = LayerCard(self.rows)
        self.details = Section("All facts", self.card)
        self.total = Line("small")
        self.timing = Line("small")
        self.measure = QPushButton("Measure times")
        self.measure.setToolTip(tooltip(_MEASURE))
        self.measure.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._shown: tuple[Layer, ...] | None = None
        self._lay_out()
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self.table.setFocus)
        self.table.selectionModel().currentRowChanged.connect(self._select)
        self.table.sort_wanted.connect(self._sort)
        self.table.difference_wanted.connect(self._sort_by_difference)
        session.comparison.ranking.made.connect(self._take_ranking)
        self.measure.clicked.connect(self._measure)
        self.details.toggled.connect(self._draw_card)
        session.measured_changed.connect(self.refresh)
        session.busy_changed.connect(self._draw_timing)

    def _lay_out(self) -> None:
        top = QVBoxLayout()
        top.setContentsMargins(theme.MARGIN - 2, theme.SPACING + 2, theme.MARGIN - 2, theme.SPACING)
        top.setSpacing(theme.SPACING)
        top.addWidget(self.search)
        top.addWidget(self.chips)
        foot = QWidget()
        foot.setAutoFillBackground(True)
        foot.setBackgroundRole(QPalette.ColorRole.Button)
        times = QHBoxLayout()
        times.setSpacing(theme.SPACING)
        times.addWidget(self.timing, 1)
        times.addWidget(self.measure)
        bottom = QVBoxLayout(foot)
        bottom.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        bottom.setSpacing(4)
        bottom.addWidget(self.total)
        bottom.addLayout(times)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(WholeRows(self.table), 1)
        below = QVBoxLayout()
        below.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.GAP)
        below.addWidget(self.details)
        layout.addLayout(below)
        layout.addWidget(foot)

    # ---------------------------------------------------------------- drawing

    def draw(self) -> None:
        model = self.session.structure
        if model is None:
            self._shown = None
            self.rows.show_model(None)
            self.rows.show_layers(())
            self.say(NO_MODEL)
            return
        if self._shown is not model.layers:
            self._shown = model.layers
            self.rows.is_by_time = self.rows.is_by_difference = False
            self.rows.show_model(model)
            self._draw_chips(model.layers)
            self.search.clear()
            self._filter()
            self.table.fit_columns(model.layers)
        session = self.session
        if self.rows.show_run(session.run, session.reference, session.view.compare):
            self.table.fit_shapes()
        self._draw_compared()
        self.rows.show_edited(self.session.editing.layers())
        self._draw_measured()
        self._draw_total()
        self._draw_selection()

    def _draw_compared(self) -> None:
        """Show how far each layer is from the reference, if there is one."""
        session = self.session
        is_compared = session.reference is not None
        session.rank_differences()
        if self.rows.show_ranking(session.comparison.ranking if is_compared else None):
            self.table.fit_compared()
        if not is_compared and self.rows.is_by_difference:
            self._sort_by_difference()

    @Slot()
    def _take_ranking(self) -> None:
        if not self.isVisible():
            return
        if self.rows.is_by_difference and self.session.comparison.ranking.is_done:
            self._filter()
        else:
            self.rows.show_ranking(self.session.comparison.ranking if self.session.reference is not None else None)

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

    def _draw_measured(self) -> None:
        ready, measured = self.session.ready, self.session.measured
        changed = self.rows.show_measured(measured)
        if self.rows.show_providers(ready.layer_providers if ready is not None else {}) or changed:
            self.table.fit_measured()
        if measured is None and self.rows.is_by_time:
            self._sort()
        self._draw_timing()

    @Slot()
    def _draw_timing(self) -> None:
        """Say how long all layers take, and on what they run."""
        session, measured = self.session, self.session.measured
        self.measure.setText("Measure times" if measured is None else "Measure again")
        self.measure.setEnabled(session.prediction is not None and not session.busy)
        self.measure.setVisible(session.prediction is not None)
        providers = set(session.ready.layer_providers.values()) if session.ready is not None else set()
        where = [("all on", next(iter(providers)))] if len(providers) == 1 else []
        if measured is None:
            self.timing.show_spans(facts(*where))
            self.timing.setVisible(bool(where) or session.prediction is not None)
            return
        total = format.seconds(sum(measured.seconds.values()))
        whole = [
            ("run", format.seconds(measured.plain_seconds)),
            ("deployed", format.seconds(measured.deployed_seconds)),
        ]
        self.timing.show_spans(facts(("all layers", total), *where), remark=facts(*whole), brief=facts(whole[1]))
        self.timing.setToolTip(
            tooltip(
                f"All layers of the instrumented network: {total}, by ONNX Runtime's profiler.",
                f"A run of it takes {format.seconds(measured.plain_seconds)}, "
                f"under the profiler {format.seconds(measured.total_seconds)}.",
                f"The network as deployed takes {format.seconds(measured.deployed_seconds)}.",
            )
        )
        self.timing.show()

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
        self._draw_card()

    @Slot()
    def _draw_card(self) -> None:
        """Write all facts of the selected layer where they are seen, also when the table leaves it out."""
        model = self.session.model
        layer = model.layer(self.session.view.layer) if model is not None else None
        self.details.head.summarize(layer.name if layer is not None else "")
        if self.details.head.isChecked():
            self.card.show_layer(layer)

    def pictured(self, at: QPoint | None) -> Pictured | None:
        layer = self.session.layer()  # a click with any button has selected the row
        return Pictured(layer.name, "map", None, "", layer.name) if layer is not None else None

    def forget(self) -> None:
        self.rows.show_run(None)

    # ---------------------------------------------------------------- what the user does

    @Slot()
    def _filter(self) -> None:
        model = self.session.model
        if model is None:
            return
        layers = self._wanted(model.layers)
        if self.rows.is_by_time:
            layers = sorted(layers, key=self.rows.seconds, reverse=True)
        if self.rows.is_by_difference:
            layers = sorted(layers, key=self.rows.apart, reverse=True)
        chosen = self.table.selectionModel()
        blocked = chosen.blockSignals(True)
        self.rows.show_layers(layers)
        chosen.blockSignals(blocked)
        self._draw_total()
        self._draw_selection()

    def _wanted(self, layers: Sequence[Layer]) -> Sequence[Layer]:
        """Return the layers that search field and chips leave."""
        wanted = self.search.text().strip().casefold()
        families = {family for family, chip in self._chips.items() if chip.isChecked()}
        if families:
            layers = [layer for layer in layers if layer.family in families]
        if wanted:
            layers = [
                layer
                for layer in layers
                if wanted in layer.name.casefold()
                or wanted in layer.op_type.casefold()
                or any(wanted in tensor.name.casefold() for tensor in layer.outputs)
            ]
        return layers

    @Slot()
    def _sort(self) -> None:
        """Put the layers that take longest first, or all back in the order in which they run."""
        self.rows.is_by_time = not self.rows.is_by_time and self.session.measured is not None
        self.rows.is_by_difference = False
        self._filter()

    @Slot()
    def _sort_by_difference(self) -> None:
        """Put the layers that are furthest from the reference first, or all back in the order in which they run."""
        self.rows.is_by_difference = not self.rows.is_by_difference and self.session.reference is not None
        self.rows.is_by_time = False
        self._filter()

    @Slot()
    def _measure(self) -> None:
        self.session.measure_layers()

    @Slot(QModelIndex, QModelIndex)
    def _select(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid():
            self.session.select_layer(self.rows.layer(current.row()).name)
