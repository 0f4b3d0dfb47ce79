"""How kernels are to be shown: one or all, in which order, folded, with gaps, as codes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from inspector.analysis.kernels import ORDERS
from inspector.ui import theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.panels.kernel_readout import Mode
from inspector.ui.segments import Segments
from inspector.ui.text import plain, tooltip

_EXPLAINED: dict[Mode, str] = {
    "one": "The chosen kernel, or all of them where each is one picture",
    "all": "All kernels: a row for each output channel, a column for each input channel",
    "matrix": "The weights as they are stored, rows and columns",
}


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to choose for a layer.

    Attributes:
        modes: The ways to show it, with their names.
        mode: The chosen one.
        order: The chosen order; ``""`` where kernels are not seen together.
        normalization: The name of the one that can be folded in; ``""`` for none.
        is_folded: It is.
        has_gaps: The layer is dilated.
        is_gapped: Its kernels are drawn with gaps.
        has_codes: The kernels are quantized.
        shows_codes: The codes are shown.
    """

    modes: tuple[tuple[Mode, str], ...]
    mode: Mode
    order: str = ""
    normalization: str = ""
    is_folded: bool = False
    has_gaps: bool = False
    is_gapped: bool = False
    has_codes: bool = False
    shows_codes: bool = False


class Flow(QWidget):
    """Widgets beside each other, in as many rows as they need."""

    def __init__(self) -> None:
        super().__init__()
        self._placed: list[QWidget] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def add(self, widget: QWidget) -> None:
        widget.setParent(self)
        self._placed.append(widget)

    def arrange(self) -> None:
        """Lay them out anew: some were hidden or shown."""
        left = top = 0
        row = theme.CONTROL_HEIGHT
        is_empty = True
        for widget in self._placed:
            if widget.isHidden():
                continue
            is_empty = False
            width = min(widget.sizeHint().width(), max(60, self.width()))
            if left and left + width > self.width():
                left, top = 0, top + row + theme.GAP
            widget.setGeometry(left, top, width, row)
            left += width + theme.SPACING
        self.setVisible(not is_empty)
        if self.height() != top + row or self.minimumHeight() != top + row:
            self.setFixedHeight(top + row)

    def sizeHint(self) -> QSize:
        return QSize(200, max(theme.CONTROL_HEIGHT, self.minimumHeight()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()


class KernelControls(Flow):
    """What can be chosen for the layer that is shown; the rest is hidden.

    Signals:
        mode_chosen: The way to show kernels that the user chose.
        order_chosen: A name from ``analysis.kernels.ORDERS``.
        folded, gapped, coded: A switch was turned on or off.
    """

    mode_chosen = Signal(str)
    order_chosen = Signal(str)
    folded = Signal(bool)
    gapped = Signal(bool)
    coded = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.modes = Segments("Kernels", (("one", "kernel"), ("all", "all"), ("matrix", "matrix")))
        for mode, sentence in _EXPLAINED.items():
            self.modes.explain(mode, sentence)
        self.orders = LabelledCombo("Order")
        for name, (label, sentence) in ORDERS.items():
            self.orders.addItem(label, name)
            self.orders.setItemData(self.orders.count() - 1, sentence, Qt.ItemDataRole.ToolTipRole)
        self.fold = _switch("with batch normalization")
        self.gaps = _switch("gaps", "Lay the weights as far apart as the dilated kernel does")
        self.codes = _switch("codes", "Show the stored integers, not the real numbers that they stand for")
        for widget in (self.modes, self.orders, self.fold, self.gaps, self.codes):
            self.add(widget)
        self.modes.chosen.connect(self.mode_chosen)
        self.orders.activated.connect(self._choose_order)
        self.fold.toggled.connect(self.folded)
        self.gaps.toggled.connect(self.gapped)
        self.codes.toggled.connect(self.coded)

    def show_choices(self, offered: Offered) -> None:
        """Offer what there is to choose for a layer."""
        names = dict(offered.modes)
        for mode in _EXPLAINED:
            button = self.modes.button(mode)
            button.setVisible(mode in names)
            button.setText(names.get(mode, ""))
            button.setAccessibleName(f"Kernels: {names.get(mode, '')}")
        self.modes.choose(offered.mode)
        self.orders.choose(offered.order)
        for switch, is_on in (
            (self.fold, offered.is_folded),
            (self.gaps, offered.is_gapped),
            (self.codes, offered.shows_codes),
        ):
            blocked = switch.blockSignals(True)
            switch.setChecked(is_on)
            switch.blockSignals(blocked)
        self.fold.setToolTip(tooltip(f"The kernels with {plain(offered.normalization)} folded in, as one layer"))
        self.modes.setVisible(len(offered.modes) > 1)
        self.orders.setVisible(bool(offered.order))
        self.fold.setVisible(bool(offered.normalization))
        self.gaps.setVisible(offered.has_gaps)
        self.codes.setVisible(offered.has_codes)
        self.modes.adjustSize()
        self.arrange()

    @Slot(int)
    def _choose_order(self, row: int) -> None:
        self.order_chosen.emit(self.orders.itemData(row))


def _switch(text: str, hint: str = "") -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setCheckable(True)
    button.setFixedHeight(theme.CONTROL_HEIGHT)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if hint:
        button.setToolTip(tooltip(hint))
    return button
