"""The options of the submenus: what can be chosen, what is chosen now, and what choosing does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inspector.graph.preprocessing import PRESETS
from inspector.render.limits import SCALINGS
from inspector.render.palettes import COLORMAPS
from inspector.ui import theme
from inspector.ui.text import shown
from inspector.ui.toolbar import PROVIDERS

if TYPE_CHECKING:
    from inspector.ui.main_window import MainWindow

Options = Sequence[tuple[str, str]]  # (value, text) for each row


def recent_models(window: MainWindow) -> Options:
    return [(each.path, shown(each.path)) for each in window.settings.models()]


def recent_pictures(window: MainWindow) -> Options:
    return [(each, shown(each)) for each in window.settings.pictures()]


def open_file(window: MainWindow, path: str) -> None:
    window.opening.open_files((path,))


def themes(window: MainWindow) -> Options:
    names = {"system": "As the system", "light": "Light", "dark": "Dark"}
    return [(each, names[each]) for each in theme.THEMES]


def chosen_theme(window: MainWindow) -> str:
    return theme.chosen()


def set_theme(window: MainWindow, name: str) -> None:
    window.set_theme(name)


def colormap(window: MainWindow) -> str:
    return window.session.view.colormap


def colormaps(window: MainWindow) -> Options:
    return [("", "By the data"), *((each, each) for each in COLORMAPS)]


def set_colormap(window: MainWindow, name: str) -> None:
    window.session.set_view(colormap=name)


def scaling(window: MainWindow) -> str:
    return window.session.view.scaling


def scalings(window: MainWindow) -> Options:
    return [(name, scaling.label) for name, scaling in SCALINGS.items()]


def set_scaling(window: MainWindow, name: str) -> None:
    window.session.set_view(scaling=name)


def provider(window: MainWindow) -> str:
    return window.session.provider


def providers(window: MainWindow) -> Options:
    return [(name, text[:1].upper() + text[1:]) for name, text in PROVIDERS]


def set_provider(window: MainWindow, name: str) -> None:
    window.session.set_provider(name)


def preset(window: MainWindow) -> str:
    chosen = window.session.preprocessing
    return chosen.name if chosen is not None else ""


def presets(window: MainWindow) -> Options:
    return [("", "As the model says, or a guess"), *((each.name, each.name) for each in PRESETS)]


def set_preset(window: MainWindow, name: str) -> None:
    window.session.set_preprocessing(name or None)
