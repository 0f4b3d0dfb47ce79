"""The options of the submenus: what can be chosen, what is chosen now, and what choosing does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inspector.analysis.reductions import REDUCTIONS
from inspector.graph.preprocessing import PRESETS, in_words
from inspector.render.limits import SCALINGS
from inspector.render.palettes import COLORMAPS
from inspector.ui import theme
from inspector.ui.panels.recipe_editor import CUSTOM, chosen_name
from inspector.ui.text import shown
from inspector.ui.toolbar import PROVIDERS

if TYPE_CHECKING:
    from inspector.ui.main_window import MainWindow

Options = Sequence[tuple[str, str]]  # (value, text) for each row
TENSOR_MEBIBYTES = (1024, 2048, 4096, 8192, 16384, 32768)


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


def scaling(window: MainWindow) -> str | None:
    view = window.session.view
    return view.scaling if view.limits is None else None


def scalings(window: MainWindow) -> Options:
    return [(name, scaling.label) for name, scaling in SCALINGS.items()]


def set_scaling(window: MainWindow, name: str) -> None:
    window.session.set_view(scaling=name)


def reduction(window: MainWindow) -> str:
    return window.session.view.reduction


def reductions(window: MainWindow) -> Options:
    return [(name, each.label) for name, each in REDUCTIONS.items()]


def set_reduction(window: MainWindow, name: str) -> None:
    window.session.set_view(reduction=name)


def provider(window: MainWindow) -> str:
    return window.session.provider


def providers(window: MainWindow) -> Options:
    return [(name, text[:1].upper() + text[1:]) for name, text in PROVIDERS]


def set_provider(window: MainWindow, name: str) -> None:
    window.session.set_provider(name)


def tensor_memory(window: MainWindow) -> str:
    return str(window.session.tensor_bytes >> 20)


def tensor_memories(window: MainWindow) -> Options:
    """List the usual amounts, and the one that the command line asked for."""
    chosen = window.session.tensor_bytes >> 20
    amounts = sorted({*TENSOR_MEBIBYTES, chosen} - {0})
    return [("0", "A quarter of what is free"), *((str(each), _amount(each)) for each in amounts)]


def set_tensor_memory(window: MainWindow, mebibytes: str) -> None:
    window.settings.change(tensor_memory_mib=int(mebibytes))
    window.session.set_tensor_memory(int(mebibytes) << 20)


def _amount(mebibytes: int) -> str:
    return f"{mebibytes / 1024:g} GiB" if mebibytes >= 1024 else f"{mebibytes} MiB"


def preset(window: MainWindow) -> str:
    return chosen_name(window.session.preprocessing)


def presets(window: MainWindow) -> Options:
    """List the presets, and a recipe of the user's own where one is in force."""
    rows = [("", "As the model says, or a guess"), *((each.name, each.name) for each in PRESETS)]
    chosen = window.session.preprocessing
    if chosen is not None and chosen_name(chosen) == CUSTOM:
        rows.append((CUSTOM, f"{CUSTOM}: {in_words(chosen)}"))
    return rows


def set_preset(window: MainWindow, name: str) -> None:
    if name != CUSTOM:  # which is listed while it is in force only
        window.session.set_preprocessing(name or None)
