"""How feature maps are to be shown: limits, colors, order, curves or image, codes, which view of the network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QIcon, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QSpinBox, QToolButton, QVBoxLayout, QWidget

from inspector.analysis.channels import KEYS
from inspector.analysis.reading import Reading
from inspector.render.limits import SCALINGS
from inspector.render.palettes import COLORMAPS, palette
from inspector.ui import theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.lines import Line, Span
from inspector.ui.segments import Segments
from inspector.ui.session import Session
from inspector.ui.text import tooltip

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
        width = QFontMetricsF(theme.font("small")).horizontalAdvance(self.text)
        return QSize(math.ceil(width) + 2, super().sizeHint().height())


class MapControls(QWidget):
    """What can be chosen for the layer that is shown; the rest is hidden.

    In a narrow panel they take two rows, or three.

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
        self.orders = LabelledCombo("Order")
        for name, key in KEYS.items():
            self.orders.addItem(key.label, name)
            self.orders.setItemData(self.orders.count() - 1, key.sentence, Qt.ItemDataRole.ToolTipRole)
        self.channels = QSpinBox()
        self.channels.setAccessibleName("Channel")
        self.channels.setFixedHeight(theme.CONTROL_HEIGHT)
        self.channels.setPrefix("channel ")
        self.channels.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.channels.setKeyboardTracking(False)  # half a number is another channel
        self.channels.setToolTip(tooltip("Type a number to go to that channel"))
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
        self._rows = _row(), _row(), _row()
        self._placed: tuple[list[QWidget], ...] = ()
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

    def show_choices(self, reading: Reading, colormap: str, note: str) -> None:
        """Offer what there is to choose for a layer.

        Args:
            reading: Of the layer.
            colormap: What the data choose; ``""`` where no colors are seen.
            note: What has to be known of its numbers; may be empty.
        """
        self.note.say(note)
        view, session = self._session.view, self._session
        self.scalings.choose(view.scaling)
        if colormap:
            self.colormaps.rename(0, "auto" if view.colormap else f"auto, {colormap}")
        self.colormaps.choose(view.colormap)
        self.orders.choose(view.order)
        self._show_channel(view.channel, len(reading.values))
        self.signals.choose(view.signals)
        blocked = self.codes.blockSignals(True)
        self.codes.setChecked(reading.shows_codes)
        self.codes.blockSignals(blocked)
        self.codes.setEnabled(reading.real is not None)
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
            (self.orders, len(reading.values) > 1 and reading.form != "signal"),
            (self.channels, len(reading.values) > 1),
            (self.signals, reading.form == "signal"),
            (self.codes, reading.codes is not None),
            (self.note, bool(note)),
            (self.views, has_views),
        )
        for widget, is_seen in seen:
            widget.setVisible(is_seen)
        self._arrange()

    def _arrange(self) -> None:
        """Put all in one row if there is room, else in two or three."""
        lists: list[QWidget] = [self.scalings, self.colormaps]
        ordering: list[QWidget] = [self.orders, self.channels]
        extras: list[QWidget] = [self.signals, self.codes, self.views]
        rows: tuple[list[QWidget], ...] = ([self.signals, *lists, *ordering, self.codes, self.note, self.views], [], [])
        if not self._fits(rows[0]):
            if self._fits([*lists, *ordering]):
                lists += ordering
            else:
                extras = [*ordering, *extras]
            is_signal = not self.signals.isHidden()  # its choice stays where it is when the lists come and go
            rows = (extras, lists, []) if is_signal else (lists, extras, [])
            rows[rows.index(extras) if self._fits([*extras, self.note]) else 2].append(self.note)
        if rows != self._placed:
            self._placed = rows
            for row, widgets in zip(self._rows, rows, strict=True):
                for place, widget in enumerate(widgets):
                    row.insertWidget(place, widget)

    def _fits(self, widgets: Sequence[QWidget]) -> bool:
        wanted = [each.sizeHint().width() + theme.SPACING for each in widgets if not each.isHidden()]
        return sum(wanted) <= self.width() + theme.SPACING

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @Slot(int)
    def _choose_scaling(self, row: int) -> None:
        self._session.set_view(scaling=self.scalings.itemData(row))

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


def _row() -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.SPACING)
    row.addStretch(1)
    return row


def _strip(colormap: str) -> QIcon:
    colors = np.ascontiguousarray(palette(colormap))
    image = QImage(colors.data, 256, 1, 768, QImage.Format.Format_RGB888)
    return QIcon(QPixmap.fromImage(image.scaled(48, 10)))
