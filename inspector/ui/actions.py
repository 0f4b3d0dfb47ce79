"""What the menus offer. A command is a function and a row in ``ACTIONS``; a choice is a row that lists its options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from inspector import render
from inspector.graph.preprocessing import PRESETS
from inspector.ui import dialogs, icons, theme
from inspector.ui.text import shown
from inspector.ui.toolbar import PROVIDERS

if TYPE_CHECKING:
    from inspector.ui.main_window import MainWindow


def _always(window: MainWindow) -> bool:
    return True


def _nothing(window: MainWindow) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Action:
    """A command.

    Attributes:
        menu: The menu it stands in.
        text: A function's name in three words; with ``…`` if it asks something first.
        run: Carries it out.
        shortcuts: The first one is shown.
        icon: Of a file in ``resources/icons``; ``""`` for none.
        is_possible: Whether it can be carried out now.
        short_text: For the tool bar; ``""`` for the same.
    """

    menu: str
    text: str
    run: Callable[[MainWindow], None]
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    is_possible: Callable[[MainWindow], bool] = _always
    short_text: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A submenu, filled when it opens.

    Attributes:
        options: ``(value, text)`` for each row.
        choose: Takes the value that was chosen.
        current: The value that is ticked; None where nothing is.
    """

    menu: str
    text: str
    options: Callable[[MainWindow], Sequence[tuple[str, str]]]
    choose: Callable[[MainWindow, str], None]
    current: Callable[[MainWindow], str | None] = _nothing


@dataclass(frozen=True, slots=True)
class Rule:
    """A line between two groups of a menu."""

    menu: str


@dataclass(frozen=True, slots=True)
class PanelToggles:
    """The place of the panels' own toggles."""

    menu: str


# ---------------------------------------------------------------- when a command is possible


def _has_model(window: MainWindow) -> bool:
    return window.session.model is not None


def _has_image(window: MainWindow) -> bool:
    return _has_model(window) and bool(window.session.image)


def _has_several_images(window: MainWindow) -> bool:
    return _has_model(window) and len(window.session.images) > 1


def _has_maps(window: MainWindow) -> bool:
    return window.channel_count() > 0


def _can_export(window: MainWindow) -> bool:
    return window.session.run is not None and not window.is_exporting()


def _can_export_layer(window: MainWindow) -> bool:
    return _can_export(window) and window.session.layer() is not None


def _is_busy(window: MainWindow) -> bool:
    return bool(window.session.busy) or window.is_exporting()


def _has_recent(window: MainWindow) -> bool:
    return bool(window.settings.models() or window.settings.pictures())


# ---------------------------------------------------------------- the commands


def _open_model(window: MainWindow) -> None:
    window.ask_model()


def _open_picture(window: MainWindow) -> None:
    window.ask_pictures()


def _open_labels(window: MainWindow) -> None:
    window.ask_labels()


def _forget_recent(window: MainWindow) -> None:
    window.settings.forget_recent()


def _export_selected(window: MainWindow) -> None:
    layer = window.session.layer()
    if layer is not None:
        window.ask_export(layer.name)


def _export_all(window: MainWindow) -> None:
    window.ask_export("")


def _copy_feature_map(window: MainWindow) -> None:
    window.copy_feature_map()


def _copy_readout(window: MainWindow) -> None:
    window.copy_readout()


def _reset_layout(window: MainWindow) -> None:
    window.reset_layout()


def _show_shortcuts(window: MainWindow) -> None:
    dialogs.show_shortcuts(window, [(row.text, row.shortcuts) for row in ACTIONS if isinstance(row, Action)])


def _show_licences(window: MainWindow) -> None:
    dialogs.show_licences(window)


def _show_about(window: MainWindow) -> None:
    dialogs.show_about(window, window.session.ready)


def _stop(window: MainWindow) -> None:
    window.stop()


def _quit(window: MainWindow) -> None:
    window.close()


def _run(window: MainWindow) -> None:
    window.session.rerun()


def _next_image(window: MainWindow) -> None:
    window.session.next_image()


def _previous_image(window: MainWindow) -> None:
    window.session.previous_image()


def _next_layer(window: MainWindow) -> None:
    _step_layer(window, 1)


def _previous_layer(window: MainWindow) -> None:
    _step_layer(window, -1)


def _step_layer(window: MainWindow, step: int) -> None:
    model, layer = window.session.model, window.session.layer()
    if model is None or layer is None:
        return
    place = min(max(layer.index + step, 0), len(model.layers) - 1)
    window.session.select_layer(model.layers[place].name)


def _next_channel(window: MainWindow) -> None:
    _step_channel(window, 1)


def _previous_channel(window: MainWindow) -> None:
    _step_channel(window, -1)


def _step_channel(window: MainWindow, step: int) -> None:
    count = window.channel_count()
    if count:
        window.session.select_channel(min(max(window.session.view.channel + step, 0), count - 1))


def _full_screen(window: MainWindow) -> None:
    window.setWindowState(window.windowState() ^ window.windowState().WindowFullScreen)


# ---------------------------------------------------------------- the choices


def _recent_models(window: MainWindow) -> Sequence[tuple[str, str]]:
    return [(each.path, shown(each.path)) for each in window.settings.models()]


def _recent_pictures(window: MainWindow) -> Sequence[tuple[str, str]]:
    return [(each, shown(each)) for each in window.settings.pictures()]


def _open(window: MainWindow, path: str) -> None:
    window.open_files((path,))


def _themes(window: MainWindow) -> Sequence[tuple[str, str]]:
    names = {"system": "As the system", "light": "Light", "dark": "Dark"}
    return [(each, names[each]) for each in theme.THEMES]


def _theme(window: MainWindow) -> str:
    return theme.chosen()


def _set_theme(window: MainWindow, name: str) -> None:
    window.set_theme(name)


def _colormap(window: MainWindow) -> str:
    return window.session.view.colormap


def _colormaps(window: MainWindow) -> Sequence[tuple[str, str]]:
    return [("", "By the data"), *((each, each) for each in render.COLORMAPS)]


def _set_colormap(window: MainWindow, name: str) -> None:
    window.session.set_view(colormap=name)


def _scaling(window: MainWindow) -> str:
    return window.session.view.scaling


def _scalings(window: MainWindow) -> Sequence[tuple[str, str]]:
    return [(name, scaling.label) for name, scaling in render.SCALINGS.items()]


def _set_scaling(window: MainWindow, name: str) -> None:
    window.session.set_view(scaling=name)


def _provider(window: MainWindow) -> str:
    return window.session.provider


def _providers(window: MainWindow) -> Sequence[tuple[str, str]]:
    return [(name, text[:1].upper() + text[1:]) for name, text in PROVIDERS]


def _set_provider(window: MainWindow, name: str) -> None:
    window.session.set_provider(name)


def _preset(window: MainWindow) -> str:
    chosen = window.session.preprocessing
    return chosen.name if chosen is not None else ""


def _presets(window: MainWindow) -> Sequence[tuple[str, str]]:
    return [("", "As the model says, or a guess"), *((each.name, each.name) for each in PRESETS)]


def _set_preset(window: MainWindow, name: str) -> None:
    window.session.set_preprocessing(name or None)


# ---------------------------------------------------------------- the menus, row by row

ACTIONS: tuple[Action | Choice | Rule | PanelToggles, ...] = (
    Action("File", "Open model…", _open_model, ("Ctrl+O",), "open-model"),
    Action("File", "Open picture…", _open_picture, ("Ctrl+Shift+O",), "open-image"),
    Action("File", "Open labels…", _open_labels, is_possible=_has_model),
    Choice("File", "Open recent model", _recent_models, _open),
    Choice("File", "Open recent picture", _recent_pictures, _open),
    Action("File", "Forget recent files", _forget_recent, is_possible=_has_recent),
    Rule("File"),
    Action("File", "Export selected layer…", _export_selected, ("Ctrl+Shift+E",), is_possible=_can_export_layer),
    Action("File", "Export all layers…", _export_all, ("Ctrl+E",), "export", _can_export, "Export"),
    Rule("File"),
    Action("File", "Quit", _quit, ("Ctrl+Q",)),
    Action("Edit", "Copy feature map", _copy_feature_map, ("Ctrl+C",), "copy", _has_maps),
    Action("Edit", "Copy readout", _copy_readout, ("Ctrl+Shift+C",), is_possible=_has_model),
    PanelToggles("View"),
    Action("View", "Reset layout", _reset_layout, is_possible=_has_model),
    Rule("View"),
    Choice("View", "Theme", _themes, _set_theme, _theme),
    Choice("View", "Colormap", _colormaps, _set_colormap, _colormap),
    Choice("View", "Limits", _scalings, _set_scaling, _scaling),
    Rule("View"),
    Action("View", "Full screen", _full_screen, ("F11",)),
    Action("Layer", "Next layer", _next_layer, ("Down",), is_possible=_has_model),
    Action("Layer", "Previous layer", _previous_layer, ("Up",), is_possible=_has_model),
    Rule("Layer"),
    Action("Layer", "Next channel", _next_channel, ("Right",), is_possible=_has_maps),
    Action("Layer", "Previous channel", _previous_channel, ("Left",), is_possible=_has_maps),
    Action("Run", "Run", _run, ("F5",), "run", _has_image),
    Action("Run", "Stop", _stop, ("Esc",), "stop", _is_busy),
    Rule("Run"),
    Action("Run", "Next picture", _next_image, ("PgDown",), is_possible=_has_several_images),
    Action("Run", "Previous picture", _previous_image, ("PgUp",), is_possible=_has_several_images),
    Rule("Run"),
    Choice("Run", "Runs on", _providers, _set_provider, _provider),
    Choice("Run", "Preprocessing", _presets, _set_preset, _preset),
    Action("Help", "Shortcuts", _show_shortcuts, ("F1",)),
    Action("Help", "Licences", _show_licences),
    Action("Help", "About", _show_about),
)
MENUS = tuple(dict.fromkeys(row.menu for row in ACTIONS))


# ---------------------------------------------------------------- as Qt wants them


class Command(QAction):
    """A row of the table in a menu or on the tool bar."""

    def __init__(self, row: Action, window: MainWindow) -> None:
        super().__init__(row.text, window)
        self._row = row
        self._window = window
        self.setIconText(row.short_text or row.text.rstrip("…"))
        if row.icon:
            self.setIcon(icons.icon(row.icon))
        self.setShortcuts([QKeySequence(each) for each in row.shortcuts])
        shortcut = f" ({self.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})" if row.shortcuts else ""
        self.setToolTip(f"{row.text.rstrip('…')}{shortcut}")
        self.triggered.connect(self._carry_out)

    @Slot()
    def _carry_out(self) -> None:
        self._window.begin_action()
        self._row.run(self._window)

    def look(self) -> None:
        """Be enabled or not, by what is possible now."""
        self.setEnabled(self._row.is_possible(self._window))


class ChoiceMenu(QMenu):
    """A row of options in a submenu."""

    def __init__(self, row: Choice, window: MainWindow) -> None:
        super().__init__(row.text, window)
        self._row = row
        self._window = window
        self._values: list[str] = []  # beside Qt's own texts, which would lose bytes that are not UTF-8
        self.aboutToShow.connect(self.fill)
        self.triggered.connect(self._choose)

    @Slot()
    def fill(self) -> None:
        """List the options as they are now."""
        self.clear()
        group = QActionGroup(self)
        current = self._row.current(self._window)
        options = self._row.options(self._window)
        self._values = [value for value, _ in options]
        for value, text in options:
            action = self.addAction(text.replace("&", "&&"))
            if current is not None:
                action.setCheckable(True)
                action.setChecked(value == current)
                group.addAction(action)

    def look(self) -> None:
        """Be enabled if there is anything to choose."""
        self.menuAction().setEnabled(bool(self._row.options(self._window)))

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        self._window.begin_action()
        self._row.choose(self._window, self._values[self.actions().index(action)])
