"""How feature maps are to be shown: limits, colors, order, curves or image, codes, which view of the network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap, QResizeEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inspector.analysis.channels import CONTRIBUTION, KEYS
from inspector.analysis.reading import Reading
from inspector.analysis.reductions import REDUCTIONS
from inspector.render.limits import SCALINGS
from inspector.render.palettes import COLORMAPS, palette
from inspector.ui import icons, theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.lines import Line, Span
from inspector.ui.segments import Segments
from inspector.ui.session import Session
from inspector.ui.text import tooltip

FIXED = "fixed"
_FIXED = "The limits that are typed or dragged in the levels; they hold for this layer, or locked for all."
_STEP_BY_STEP = (
    "Every operator computed by itself, optimisation off.\n"
    "Fused layers are there too; the answer may differ a little from the deployed network's."
)
_AS_DEPLOYED = (
    "Only the tensors that are left when ONNX Runtime has fused and optimised the network.\n"
    "The output is the deployed network's, bit for bit."
)
_NOT_AS_DEPLOYED = "This network cannot be shown as deployed: looking into it would change its output."


class Note(Line):
    """A remark that takes the room it needs, and is shortened where there is less."""

    def __init__(self) -> None:
        super().__init__("small")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def say(self, text: str) -> None:
        """Show that text."""
        if text != self.text:
            self.show_spans([Span(text, "muted")])
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        width = theme.metrics("small").horizontalAdvance(self.text)
        return QSize(math.ceil(width) + 2, super().sizeHint().height())


@dataclass(frozen=True, slots=True)
class Offered:
    """What is drawn of a layer, and what can be chosen for it.

    Attributes:
        limits: The values drawn as the first and the last color; None where no colors are seen.
        has_room: There is room for the levels.
        channels: How many the layer has.
        reduction: The one that is drawn, a name from ``reductions.REDUCTIONS``.
        is_reducible: There is a choice of reductions; where there is no room, the menu has it.
        reductions: Whether each can be chosen, by its name.
        order: The one that is drawn.
        is_contributing: The channels can be put in order by contribution.
        contribution: What that order is, or why it is not there.
    """

    limits: tuple[float, float] | None
    has_room: bool
    channels: int
    reduction: str
    is_reducible: bool
    reductions: Mapping[str, bool]
    order: str
    is_contributing: bool
    contribution: str


class MapControls(QWidget):
    """What can be chosen for the layer that is shown; the rest is hidden.

    In a narrow panel they take two rows, three or four.

    Signals:
        channel_wanted: The channel whose number was typed.
    """

    channel_wanted = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.scalings = LabelledCombo("Limits")
        for name, scaling in SCALINGS.items():
            self.scalings.addItem(scaling.label, name)
            self.scalings.setItemData(self.scalings.count() - 1, scaling.sentence, Qt.ItemDataRole.ToolTipRole)
        self.colormaps = LabelledCombo("Colours")
        self.colormaps.setIconSize(QSize(48, 10))
        self.colormaps.setMaxVisibleItems(len(COLORMAPS) + 1)
        self.colormaps.addItem("auto", "")
        for name in COLORMAPS:
            self.colormaps.addItem(_strip(name), name, name)
        self.scalings.addItem("fixed", FIXED)
        self.scalings.setItemData(self.scalings.count() - 1, _FIXED, Qt.ItemDataRole.ToolTipRole)
        self.lock = _tool("unlock", "Lock the limits")
        self.levels = _tool("histogram", "Levels")
        self.levels.setChecked(True)
        self.levels.setToolTip(tooltip("Show how often which values occur, with limits that can be dragged and typed"))
        self.reductions = LabelledCombo("Show")
        for name, reduction in REDUCTIONS.items():
            self.reductions.addItem(reduction.label, name)
            self.reductions.setItemData(self.reductions.count() - 1, reduction.sentence, Qt.ItemDataRole.ToolTipRole)
        self.strongest = QSpinBox()
        self.strongest.setAccessibleName("How many of the strongest channels")
        self.strongest.setFixedHeight(theme.CONTROL_HEIGHT)
        self.strongest.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.strongest.setKeyboardTracking(False)
        self.strongest.setToolTip(tooltip("How many of the strongest channels are shown"))
        self.orders = LabelledCombo("Order")
        for name, key in KEYS.items():
            self.orders.addItem(key.label, name)
            self.orders.setItemData(self.orders.count() - 1, key.sentence, Qt.ItemDataRole.ToolTipRole)
        self.orders.addItem(CONTRIBUTION, CONTRIBUTION)
        self.channels = QSpinBox()
        self.channels.setAccessibleName("Channel")
        self.channels.setFixedHeight(theme.CONTROL_HEIGHT)
        self.channels.setPrefix("channel ")
        self.channels.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.channels.setKeyboardTracking(False)  # half a number is another channel
        self.channels.setToolTip(tooltip("Type a number to go to that channel"))
        self.channels.setRange(0, 9_999)  # room for all, so that the rows do not break anew from layer to layer
        self.channels.setFixedWidth(self.channels.sizeHint().width())
        for box in (self.strongest, self.channels):
            box.lineEdit().setTextMargins(5, 0, 0, 0)
        self.signals = Segments("Signals", (("curves", "curves"), ("image", "image")))
        self.signals.explain("curves", "One curve for each channel")
        self.signals.explain("image", "One picture of time and channel")
        self.codes = QToolButton()
        self.codes.setText("codes")
        self.codes.setCheckable(True)
        self.codes.setFixedHeight(theme.CONTROL_HEIGHT)
        self.codes.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.codes.setToolTip(tooltip("Show the stored integers, not the real numbers that they stand for"))
        self.views = Segments("View", (("step by step", "step by step"), ("as deployed", "as deployed")))
        self.views.explain("step by step", _STEP_BY_STEP)
        self.note = Note()
        self._limits = 0.0, 0.0
        self._offered: tuple[object, ...] = ()
        self._rows = _row(), _row(), _row(), _row()
        self._placed: list[list[QWidget]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACING)
        for row in self._rows:
            layout.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._arrange()
        self.scalings.activated.connect(self._choose_scaling)
        self.colormaps.activated.connect(self._choose_colormap)
        self.orders.activated.connect(self._choose_order)
        self.channels.valueChanged.connect(self.channel_wanted)
        self.signals.chosen.connect(self._choose_signals)
        self.codes.toggled.connect(self._choose_codes)
        self.views.chosen.connect(self._choose_view)
        self.lock.toggled.connect(self._choose_lock)
        self.reductions.activated.connect(self._choose_reduction)
        self.strongest.valueChanged.connect(self._choose_strongest)

    def show_choices(self, reading: Reading, colormap: str, note: str, offered: Offered) -> None:
        """Offer what there is to choose for a layer.

        Args:
            reading: Of the layer.
            colormap: What the data choose; ``""`` where no colors are seen.
            note: What has to be known of its numbers; may be empty.
            offered: What is drawn, and what can be chosen for it.
        """
        self.note.say(note)
        view, session = self._session.view, self._session
        self.scalings.choose(FIXED if view.limits is not None else view.scaling)
        state = offered, view.is_locked, view.limits is None, view.scaling, view.strongest
        if state != self._offered:  # a tooltip or an icon that is set anew takes longer than a picture
            self._offered = state
            self._show_lock(offered)
            self._show_order(offered)
        if colormap:
            is_chosen = bool(view.colormap) and (view.colormap == colormap or not reading.is_difference)
            self.colormaps.rename(0, "auto" if is_chosen else f"auto, {colormap}")
            self.colormaps.choose(view.colormap if is_chosen else "")
        else:
            self.colormaps.choose(view.colormap)
        self._show_channel(view.channel, len(reading.values))
        self.signals.choose(view.signals)
        blocked = self.codes.blockSignals(True)
        layer = session.layer()
        is_coded = reading.is_difference and layer is not None and layer.output.codes is not None
        self.codes.setChecked(reading.shows_codes or (is_coded and view.codes))
        self.codes.blockSignals(blocked)
        self.codes.setEnabled(reading.real is not None or is_coded)
        run = session.run
        has_views = session.model is not None and session.model.quantized == "QDQ"
        if run is not None and has_views:
            self.views.choose(run.view)
            is_possible = "as deployed" in run.views
            why_not = run.view_note or _NOT_AS_DEPLOYED
            self.views.explain("as deployed", _AS_DEPLOYED if is_possible else why_not, is_possible)
        seen = (
            (self.scalings, bool(colormap)),
            (self.colormaps, bool(colormap)),
            (self.lock, bool(colormap)),
            (self.levels, bool(colormap) and offered.has_room),
            (self.reductions, offered.is_reducible and (offered.has_room or bool(offered.reduction))),
            (self.strongest, offered.reduction == "top"),
            (self.orders, len(reading.values) > 1 and reading.form != "signal" and offered.reduction in ("", "top")),
            (self.channels, len(reading.values) > 1 and offered.reduction in ("", "top")),
            (self.signals, reading.form == "signal"),
            (self.codes, reading.codes is not None or is_coded),
            (self.note, bool(note)),
            (self.views, has_views),
        )
        for widget, is_seen in seen:
            widget.setVisible(is_seen)
        self._arrange()

    def _show_lock(self, offered: Offered) -> None:
        view = self._session.view
        if offered.limits is not None:
            self._limits = offered.limits
        blocked = self.lock.blockSignals(True)
        self.lock.setChecked(view.is_locked)
        self.lock.blockSignals(blocked)
        self.lock.setIcon(icons.icon("lock" if view.is_locked else "unlock", 16))
        is_possible = view.limits is not None or view.scaling != "channel"
        self.lock.setEnabled(is_possible)
        if view.is_locked:
            self.lock.setToolTip(tooltip("These limits hold for all layers and pictures; click to let go of them"))
        elif is_possible:
            self.lock.setToolTip(tooltip("Keep these limits while layers and pictures change"))
        else:
            self.lock.setToolTip(tooltip("Each channel has limits of its own, which cannot be kept for other layers"))

    def _show_order(self, offered: Offered) -> None:
        """Show reduction and order; the order by contribution can be chosen for the layer whose channels these are."""
        view, row = self._session.view, self.orders.findData(CONTRIBUTION)
        self.reductions.choose(offered.reduction)
        blocked = self.strongest.blockSignals(True)
        self.strongest.setRange(1, max(1, offered.channels))
        self.strongest.setValue(min(view.strongest, offered.channels))
        self.strongest.blockSignals(blocked)
        for name, is_possible in offered.reductions.items():
            _enable(self.reductions, self.reductions.findData(name), is_possible)
        _enable(self.orders, row, offered.is_contributing)
        self.orders.setItemData(row, tooltip(*offered.contribution.split("\n")), Qt.ItemDataRole.ToolTipRole)
        self.orders.choose(offered.order)

    def _arrange(self) -> None:
        """Put all in one row if there is room, else in as many as are needed."""
        groups: list[list[QWidget]] = [
            [self.signals],  # first: it stays where it is when the lists come and go
            [self.scalings, self.lock, self.levels],
            [self.colormaps],
            [self.reductions, self.strongest],
            [self.orders],
            [self.channels],
            [self.codes],
            [self.note],
            [self.views],
        ]
        rows: list[list[QWidget]] = [[] for _ in self._rows]
        place = 0
        for group in groups:
            if rows[place] and not self._fits([*rows[place], *group]) and not all(each.isHidden() for each in group):
                place = min(place + 1, len(rows) - 1)
            rows[place] += group
        if rows != self._placed:
            self._placed = rows
            for row, widgets in zip(self._rows, rows, strict=True):
                for at, widget in enumerate(widgets):
                    row.insertWidget(at, widget)

    def _fits(self, widgets: Sequence[QWidget]) -> bool:
        seen = [each for each in widgets if not each.isHidden()]
        wanted = [max(each.sizeHint().width(), each.minimumWidth()) + theme.SPACING for each in seen]
        return sum(wanted) <= self.width() + theme.SPACING

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @Slot(int)
    def _choose_scaling(self, row: int) -> None:
        name = self.scalings.itemData(row)
        if name == FIXED:
            self._session.set_view(limits=self._session.view.limits or self._limits)
        else:
            self._session.set_view(scaling=name)

    @Slot(bool)
    def _choose_lock(self, is_on: bool) -> None:
        limits = self._session.view.limits
        self._session.set_view(limits=limits or self._limits if is_on else limits, is_locked=is_on)

    @Slot(int)
    def _choose_reduction(self, row: int) -> None:
        self._session.set_view(reduction=self.reductions.itemData(row))

    @Slot(int)
    def _choose_strongest(self, count: int) -> None:
        self._session.set_view(strongest=count)

    @Slot(int)
    def _choose_colormap(self, row: int) -> None:
        self._session.set_view(colormap=self.colormaps.itemData(row))

    @Slot(int)
    def _choose_order(self, row: int) -> None:
        self._session.set_view(order=self.orders.itemData(row))

    def _show_channel(self, channel: int, count: int) -> None:
        """Show which channel is selected; while another one is typed, that is left alone."""
        blocked = self.channels.blockSignals(True)
        if self.channels.maximum() != count - 1:
            self.channels.setRange(0, count - 1)
        if self.channels.value() != channel:
            self.channels.setValue(channel)
        self.channels.blockSignals(blocked)

    @Slot(str)
    def _choose_signals(self, value: str) -> None:
        self._session.set_view(signals=value)

    @Slot(bool)
    def _choose_codes(self, is_on: bool) -> None:
        self._session.set_view(codes=is_on)

    @Slot(str)
    def _choose_view(self, value: str) -> None:
        self._session.set_run_view("as deployed" if value == "as deployed" else "step by step")


class SliceRow(QWidget):
    """A slider through the depth of a volume.

    Signals:
        chosen: The slice that the user chose.
    """

    chosen = Signal(int)

    def __init__(self, hint: str) -> None:
        super().__init__()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Slice")
        self.slider.setPageStep(1)
        self.slider.setToolTip(tooltip(hint))
        self.said = QLabel()
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        name = QLabel("depth")
        name.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        for label in (name, self.said):
            label.setFont(theme.font("small"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.SPACING)
        layout.addWidget(name)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.said)
        self.slider.valueChanged.connect(self.chosen)

    def show_slice(self, place: int, depth: int) -> None:
        """Show where in the depth we are; a depth of 1 needs no slider."""
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, depth - 1)
        self.slider.setValue(place)
        self.slider.blockSignals(blocked)
        self.said.setText(f"{place} of {depth}")
        self.said.setFixedWidth(self.said.fontMetrics().horizontalAdvance(f"{depth} of {depth}") + 2)
        self.setVisible(depth > 1)


def _tool(icon: str, name: str) -> QToolButton:
    """Return a button that is switched on and off."""
    button = QToolButton()
    button.setCheckable(True)
    button.setIcon(icons.icon(icon, 16))
    button.setIconSize(QSize(16, 16))
    button.setFixedSize(theme.CONTROL_HEIGHT, theme.CONTROL_HEIGHT)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(name)
    return button


def _enable(combo: QComboBox, row: int, is_possible: bool) -> None:
    """Let a row of a list be chosen, or not."""
    rows = combo.model()
    if isinstance(rows, QStandardItemModel):
        rows.item(row).setEnabled(is_possible)


def _row() -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.SPACING)
    row.addStretch(1)
    return row


def _strip(colormap: str) -> QIcon:
    colors = np.ascontiguousarray(palette(colormap))
    image = QImage(colors.data, 256, 1, 768, QImage.Format.Format_RGB888)
    return QIcon(QPixmap.fromImage(image.scaled(48, 10)))
