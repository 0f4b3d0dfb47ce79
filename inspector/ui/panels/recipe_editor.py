"""How a picture becomes a tensor, every step of it as a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QToolButton, QWidget

from inspector.graph import recipe_text
from inspector.graph.preprocessing import (
    PRESETS,
    TITLES,
    Anchor,
    Channels,
    Fit,
    Interpolation,
    Preprocessing,
    described,
)
from inspector.ui import icons, theme
from inspector.ui.fields import CheckedField, ColorField
from inspector.ui.forms import FormCombo, form, form_label
from inspector.ui.text import tooltip

CHANGED = "changed in the window"
CUSTOM = "custom"
_AUTO = "What the model's own files say of its pictures; if they say nothing, a guess"
_LAYOUTS = {"": "as the input's shape says", "channels first": "channels first", "channels last": "channels last"}
_INVERTED = {False: "no", True: "yes, 255 − pixel"}


class RecipeEditor(QWidget):
    """The fields of a recipe; those that would do nothing are not shown.

    Attributes:
        presets: The named recipes; ``auto`` leaves it to the model's files or a guess.

    Signals:
        changed: The recipe as it is now wanted.
        preset_wanted: The name of a preset; ``""`` for what the model's files say, or a guess.
    """

    changed = Signal(object)
    preset_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._recipe = Preprocessing("")
        self._lines: QFormLayout = form(self)
        self.presets = FormCombo("Preset")
        self.presets.addItem("auto", "")
        self.presets.setItemData(0, _AUTO, Qt.ItemDataRole.ToolTipRole)
        for each in PRESETS:
            self.presets.addItem(each.name, each.name)
            about = tooltip(TITLES.get(each.name, ""), described(each))
            self.presets.setItemData(self.presets.count() - 1, about, Qt.ItemDataRole.ToolTipRole)
        self.presets.addItem(CUSTOM, CUSTOM)
        self.presets.view().setRowHidden(self.presets.count() - 1, True)  # type: ignore[attr-defined]
        self.reset = QToolButton()
        self.reset.setIcon(icons.icon("reset", 16))
        self.reset.setFixedSize(theme.CONTROL_HEIGHT, theme.CONTROL_HEIGHT)
        self.reset.setAccessibleName("Reset the preprocessing")
        self.reset.setToolTip(tooltip("Reset to auto", _AUTO))
        self.reset.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.combos: dict[str, FormCombo] = {}
        self.fields: dict[str, CheckedField] = {}
        self._lay_out()
        self.presets.activated.connect(self._choose_preset)
        self.reset.clicked.connect(self._reset)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.presets, 1)
        top.addWidget(self.reset)
        self._lines.addRow(form_label("Preset", self.presets), top)
        self._combo("fit", "Fit", _same(get_args(Fit)), "How the picture is brought to the input's size")
        self._field("crop", "Kept part", "Of the short side, before the rest is cut off: 224/256 is 0.875")
        self._combo("anchor", "Lies at", _same(get_args(Anchor)), "Where the picture lies in the input")
        self._field("fill", "Fill colour", "Red, green, blue of what is beside the picture", ColorField)
        self._field("size", "Size", "Height × width; the model takes any", hint="as the model says")
        self._combo("interpolation", "Interpolation", _same(get_args(Interpolation)), "How pixels are resized")
        self._combo("channels", "Channels", _same(get_args(Channels)), "Their order in the tensor")
        self._combo("invert", "Inverted", _INVERTED, "For a dark digit on white paper")
        self._field("scale", "Scale", "Multiplies the pixels, which are 0 to 255")
        self._field("mean", "Mean", "Subtracted after scaling; one number, or three in the tensor's order")
        self._field("std", "Deviation", "Divides at the end; one number, or three in the tensor's order")
        self._combo("layout", "Layout", _LAYOUTS, "Where the channels are in the input")
        self._field("background", "Background", "Shows through where a picture is transparent", ColorField)

    def _combo(self, key: str, title: str, values: Mapping[Any, str], about: str) -> None:
        combo = FormCombo(title, key)
        for value, text in values.items():
            combo.addItem(text, value)
        combo.setToolTip(tooltip(about))
        combo.chosen.connect(self._take)
        self.combos[key] = combo
        self._lines.addRow(form_label(title, combo, about), combo)

    def _field(self, key: str, title: str, about: str, kind: type[CheckedField] = CheckedField, hint: str = "") -> None:
        field = kind(title, key, partial(recipe_text.read, key), partial(recipe_text.written, key))
        field.line.setPlaceholderText(hint)
        field.line.setToolTip(tooltip(about))
        field.entered.connect(self._take)
        self.fields[key] = field
        self._lines.addRow(form_label(title, field, about), field)

    def add_below(self, widget: QWidget) -> None:
        """Put a widget below the list of presets."""
        self._lines.insertRow(1, "", widget)
        QWidget.setTabOrder(self.reset, widget)

    # ---------------------------------------------------------------- what is shown

    def show_recipe(self, recipe: Preprocessing, chosen: str, automatic: str, takes_any_size: bool) -> None:
        """Show a recipe.

        Args:
            recipe: The one in force.
            chosen: The preset that the user took, ``CUSTOM`` for another recipe, ``""`` where nothing was chosen.
            automatic: What ``auto`` came to; ``""`` where that is not known.
            takes_any_size: The model leaves height or width open.
        """
        self._recipe = recipe
        self.presets.rename(0, f"auto, {automatic}" if automatic else "auto")
        self.presets.choose(chosen)
        self.reset.setEnabled(bool(chosen))
        for key, combo in self.combos.items():
            combo.choose(getattr(recipe, key))
        for key, field in self.fields.items():
            field.show_value(getattr(recipe, key))
        for key, is_of_use in {
            "crop": recipe.fit == "crop",
            "anchor": recipe.fit == "letterbox",
            "fill": recipe.fit == "letterbox",
            "size": takes_any_size or recipe.size is not None,
        }.items():
            self._lines.setRowVisible(self.combos.get(key) or self.fields[key], is_of_use)

    # ---------------------------------------------------------------- what the user does

    @Slot(str, object)
    def _take(self, key: str, value: object) -> None:
        if value != getattr(self._recipe, key):
            self._recipe = replace(self._recipe, name=CUSTOM, source=CHANGED, **{key: value})  # type: ignore[arg-type]
            self.changed.emit(self._recipe)

    @Slot(int)
    def _choose_preset(self, row: int) -> None:
        if (name := self.presets.itemData(row)) != CUSTOM:
            self.preset_wanted.emit(name)

    @Slot()
    def _reset(self) -> None:
        self.preset_wanted.emit("")


def chosen_name(recipe: Preprocessing | None) -> str:
    """Return how a choice of the user is listed: a preset by its name, any other recipe as ``custom``."""
    if recipe is None:
        return ""
    return recipe.name if recipe.name in {each.name for each in PRESETS} else CUSTOM


def _same(values: Sequence[str]) -> dict[str, str]:
    return {each: each for each in values}
