"""What to export and how: the fields of the export dialog."""

from __future__ import annotations

import glob
import importlib.util
from collections.abc import Iterable, Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from inspector.export.wish import FORMATS, MOST_WIDTH, POSSIBLE, TITLES, USUAL, WHAT, Look, Wish, channels_of
from inspector.render.limits import SCALINGS
from inspector.render.palettes import COLORMAPS
from inspector.ui import theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.segments import Segments
from inspector.ui.session import View
from inspector.ui.text import tooltip

THIS, MATCHING, ALL = "this", "matching", "all"
SCALES = (("automatic", 0), ("1×", 1), ("2×", 2), ("4×", 4), ("width", -1))
AS_SHOWN = "as shown"
OFFERED = tuple(each for each in WHAT if each != "sequence")  # which is of several pictures
_LABEL_WIDTH = 72
_NO_VIDEO = "Films need one more library: pip install 'feature-map-inspector[video]'"


class ExportForm(QWidget):
    """The fields, and the wish that they make.

    Signals:
        changed: The user has changed something.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.what: dict[str, QCheckBox] = {each: QCheckBox(TITLES[each]) for each in OFFERED}
        self.formats: dict[str, QCheckBox] = {each: QCheckBox(each.upper()) for each in FORMATS}
        self.layers = Segments("Layers", ((THIS, "this layer"), (MATCHING, "matching"), (ALL, "all")))
        self.pattern = QLineEdit("conv*")
        self.pattern.setAccessibleName("Pattern for names of layers")
        self.pattern.setToolTip(tooltip("As in a shell: * for anything, ? for one letter"))
        self.counted = QLabel()
        self.counted.setFont(theme.font("small"))
        self.counted.setForegroundRole(self.counted.foregroundRole().PlaceholderText)
        self.channels = QLineEdit()
        self.channels.setAccessibleName("Channels")
        self.channels.setPlaceholderText("one picture of all; or a picture of each: 0-15, 20")
        self.scale = LabelledCombo("Size")
        self.width_field = QSpinBox()
        self.width_field.setRange(16, MOST_WIDTH)
        self.width_field.setValue(1_024)
        self.width_field.setSuffix(" px")
        self.width_field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.width_field.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.width_field.setAccessibleName("Width of pictures")
        self.colormap = LabelledCombo("Colormap")
        self.scaling = LabelledCombo("Limits")
        self.caption = QCheckBox("Caption with colour bar and limits")
        self._fill()
        self._lay_out()
        self._connect()

    def _fill(self) -> None:
        for name, scale in SCALES:
            self.scale.addItem(name, scale)
        self.scale.setToolTip(tooltip("Pixels for each element along each side; automatic enlarges small pictures"))
        self.colormap.addItem(AS_SHOWN, None)
        self.colormap.addItem("by the data", "")
        for each in COLORMAPS:
            self.colormap.addItem(each, each)
        self.scaling.addItem(AS_SHOWN, None)
        for name, scaling in SCALINGS.items():
            self.scaling.addItem(scaling.label, name)
        for format, box in self.formats.items():
            box.setToolTip(tooltip(FORMATS[format]))
        self.layers.choose(ALL)

    def _lay_out(self) -> None:
        lines = QVBoxLayout(self)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(theme.SPACING)
        _row(lines, "What", _boxes(self.what.values(), 2))
        layers = QHBoxLayout()
        layers.setSpacing(theme.SPACING)
        layers.addWidget(self.layers)
        layers.addWidget(self.pattern, 1)
        layers.addWidget(self.counted)
        layers.addStretch(0)
        _row(lines, "Layers", layers)
        channels = QHBoxLayout()
        channels.addWidget(self.channels)
        _row(lines, "Channels", channels)
        _row(lines, "Formats", _boxes(self.formats.values(), 5))
        size = QHBoxLayout()
        size.setSpacing(theme.SPACING)
        size.addWidget(self.scale)
        size.addWidget(self.width_field)
        size.addWidget(self.caption)
        size.addStretch(1)
        _row(lines, "Pictures", size)
        colors = QHBoxLayout()
        colors.setSpacing(theme.SPACING)
        colors.addWidget(self.colormap)
        colors.addWidget(self.scaling)
        colors.addStretch(1)
        _row(lines, "Colours", colors)

    def _connect(self) -> None:
        for what, box in self.what.items():
            box.toggled.connect(partial(_take_usual, what, self.what, self.formats))
            box.toggled.connect(self._on_changed)
        for box in (*self.formats.values(), self.caption):
            box.toggled.connect(self._on_changed)
        for field in (self.pattern, self.channels):
            field.textChanged.connect(self._on_changed)
        for combo in (self.scale, self.colormap, self.scaling):
            combo.currentIndexChanged.connect(self._on_changed)
        self.width_field.valueChanged.connect(self._on_changed)
        self.layers.chosen.connect(self._on_changed)

    # ---------------------------------------------------------------- what it says

    def show_wish(self, wish: Wish) -> None:
        """Show what is written; the layers, colours and sizes stay as they are."""
        formats = {each for what in wish.what for each in wish.formats_of(what)}
        blocked = self.blockSignals(True)
        for what, box in self.what.items():
            box.setChecked(what in wish.what)
        for format, box in self.formats.items():
            box.setChecked(format in formats)
        self.blockSignals(blocked)
        self._on_changed()

    def choose_layers(self, which: str) -> None:
        """Choose ``THIS`` layer, those ``MATCHING`` the pattern, or ``ALL``."""
        self.layers.choose(which)
        self._on_changed()

    @property
    def which(self) -> str:
        """Which layers are chosen."""
        return next(each for each in (THIS, MATCHING, ALL) if self.layers.button(each).isChecked())

    def wish(self, view: View) -> Wish:
        """Return what is wanted.

        Args:
            view: What the window shows, and how.

        Raises:
            ValueError: The channels cannot be read; with a clause that says so.
            UsageError: There is no such thing.
        """
        pattern = {THIS: glob.escape(view.layer), MATCHING: self.pattern.text().strip() or "*", ALL: "*"}[self.which]
        text = self.channels.text().replace(" ", "")
        wish = Wish(
            frozenset(what for what, box in self.what.items() if box.isChecked()),
            pattern,
            frozenset(format for format, box in self.formats.items() if box.isChecked() and box.isEnabledTo(self)),
            channels_of(text) if text else (),
            self._look(view),
        )
        wish.check()
        if not wish.formats:
            raise ValueError("no format is chosen")
        return wish

    def _look(self, view: View) -> Look:
        chosen, colormap, scale = self.scaling.currentData(), self.colormap.currentData(), self.scale.currentData()
        holds = view.is_locked or self.which == THIS  # limits that were typed for one layer say nothing of the others
        return Look(
            view.scaling if chosen is None else chosen,
            view.limits if chosen is None and holds else None,
            view.colormap if colormap is None else colormap,
            max(0, scale),
            self.width_field.value() if scale < 0 else 0,
            self.caption.isChecked(),
        )

    @Slot()
    def _on_changed(self) -> None:
        chosen = {what for what, box in self.what.items() if box.isChecked()}
        possible = {format for what in chosen for format in POSSIBLE[what]}
        for format, box in self.formats.items():
            has_library = format != "mp4" or importlib.util.find_spec("av") is not None
            box.setEnabled(format in possible and has_library)
            if not has_library:
                box.setToolTip(tooltip(_NO_VIDEO))
        self.pattern.setVisible(self.which == MATCHING)
        self.width_field.setVisible(self.scale.currentData() == -1)
        self.channels.setEnabled(bool(chosen & {"maps", "overlay"}))
        self.changed.emit()


def _take_usual(what: str, chosen: Mapping[str, QCheckBox], formats: Mapping[str, QCheckBox], is_on: bool) -> None:
    """Choose the usual formats of what was chosen, where it has none yet; let go of those that are of nothing."""
    if is_on and not any(formats[each].isChecked() for each in POSSIBLE[what]):
        for each in USUAL[what]:
            formats[each].setChecked(True)
    elif not is_on:
        possible = {format for other, box in chosen.items() if box.isChecked() for format in POSSIBLE[other]}
        for format, box in formats.items():
            if format not in possible:
                box.setChecked(False)


def _boxes(boxes: Iterable[QCheckBox], columns: int) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.GROUP)
    grid.setVerticalSpacing(theme.GAP)
    for place, box in enumerate(boxes):
        grid.addWidget(box, place // columns, place % columns)
    grid.setColumnStretch(columns, 1)
    return grid


def _row(lines: QVBoxLayout, text: str, content: QGridLayout | QHBoxLayout) -> None:
    label = QLabel(text)
    label.setForegroundRole(label.foregroundRole().PlaceholderText)
    label.setFixedWidth(_LABEL_WIDTH)
    if isinstance(content, QHBoxLayout):
        label.setMinimumHeight(theme.CONTROL_HEIGHT)
    row = QHBoxLayout()
    row.setSpacing(theme.SPACING)
    row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
    row.addLayout(content, 1)
    lines.addLayout(row)
