"""What the menus offer. A command is a function and a row in ``ACTIONS``; a choice is a row that lists its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspector.ui import choices, clipboard, dialogs
from inspector.ui.choices import Options

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
    options: Callable[[MainWindow], Options]
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


def _can_measure(window: MainWindow) -> bool:
    return _has_model(window) and window.session.prediction is not None and not window.session.busy


def _has_several_images(window: MainWindow) -> bool:
    return _has_model(window) and len(window.session.images) > 1


def _has_frames(window: MainWindow) -> bool:
    return _frame_count(window) > 1


def _frame_count(window: MainWindow) -> int:
    prediction = window.session.prediction
    return prediction.picture.frames if prediction is not None and prediction.picture is not None else 1


def _can_try_presets(window: MainWindow) -> bool:
    return window.trials.is_possible()


def _has_maps(window: MainWindow) -> bool:
    return _channel_count(window) > 0


def _channel_count(window: MainWindow) -> int:
    maps = clipboard.selected_maps(window.session)
    return len(maps) if maps is not None else 0


def _can_export(window: MainWindow) -> bool:
    return window.session.run is not None and not window.exporter.is_exporting()


def _can_export_layer(window: MainWindow) -> bool:
    return _can_export(window) and window.session.layer() is not None


def _is_busy(window: MainWindow) -> bool:
    return bool(window.session.busy) or window.exporter.is_exporting()


def _has_recent(window: MainWindow) -> bool:
    return bool(window.settings.models() or window.settings.pictures())


# ---------------------------------------------------------------- the commands


def _open_model(window: MainWindow) -> None:
    window.opening.ask_model()


def _open_picture(window: MainWindow) -> None:
    window.opening.ask_pictures()


def _open_labels(window: MainWindow) -> None:
    window.opening.ask_labels()


def _forget_recent(window: MainWindow) -> None:
    window.settings.forget_recent()


def _export_selected(window: MainWindow) -> None:
    layer = window.session.layer()
    if layer is not None:
        window.exporter.ask(layer.name)


def _export_all(window: MainWindow) -> None:
    window.exporter.ask("")


def _copy_feature_map(window: MainWindow) -> None:
    clipboard.copy_feature_map(window.session, window.status)


def _copy_readout(window: MainWindow) -> None:
    clipboard.copy_readout(window.status)


def _reset_layout(window: MainWindow) -> None:
    window.dock_layout.reset()


def _show_shortcuts(window: MainWindow) -> None:
    dialogs.show_shortcuts(window, [(row.text, row.shortcuts) for row in ACTIONS if isinstance(row, Action)])


def _show_licences(window: MainWindow) -> None:
    dialogs.show_licences(window)


def _show_about(window: MainWindow) -> None:
    dialogs.show_about(window, window.session.ready)


def _stop(window: MainWindow) -> None:
    window.exporter.stop()
    if window.session.busy:
        window.session.stop()


def _quit(window: MainWindow) -> None:
    window.close()


def _run(window: MainWindow) -> None:
    window.session.rerun()


def _measure_layers(window: MainWindow) -> None:
    window.session.measure_layers()


def _next_image(window: MainWindow) -> None:
    window.session.next_image()


def _previous_image(window: MainWindow) -> None:
    window.session.previous_image()


def _next_frame(window: MainWindow) -> None:
    _step_frame(window, 1)


def _previous_frame(window: MainWindow) -> None:
    _step_frame(window, -1)


def _step_frame(window: MainWindow, step: int) -> None:
    count = _frame_count(window)
    window.session.set_frame((min(window.session.frame, count - 1) + step) % count)


def _try_presets(window: MainWindow) -> None:
    window.trials.show()


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
    count = _channel_count(window)
    if count:
        window.session.select_channel(min(max(window.session.view.channel + step, 0), count - 1))


def _has_slices(window: MainWindow) -> bool:
    reading = window.session.reading()
    return reading is not None and reading.values.shape[1] > 1


def _next_slice(window: MainWindow) -> None:
    _step_slice(window, 1)


def _previous_slice(window: MainWindow) -> None:
    _step_slice(window, -1)


def _step_slice(window: MainWindow, step: int) -> None:
    reading = window.session.reading()
    if reading is not None:
        window.session.set_view(slice=reading.at(max(0, reading.slice + step)).slice)


def _full_screen(window: MainWindow) -> None:
    window.setWindowState(window.windowState() ^ window.windowState().WindowFullScreen)


# ---------------------------------------------------------------- the menus, row by row

ACTIONS: tuple[Action | Choice | Rule | PanelToggles, ...] = (
    Action("File", "Open model…", _open_model, ("Ctrl+O",), "open-model"),
    Action("File", "Open picture…", _open_picture, ("Ctrl+Shift+O",), "open-image"),
    Action("File", "Open labels…", _open_labels, is_possible=_has_model),
    Choice("File", "Open recent model", choices.recent_models, choices.open_file),
    Choice("File", "Open recent picture", choices.recent_pictures, choices.open_file),
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
    Choice("View", "Theme", choices.themes, choices.set_theme, choices.chosen_theme),
    Choice("View", "Colormap", choices.colormaps, choices.set_colormap, choices.colormap),
    Choice("View", "Limits", choices.scalings, choices.set_scaling, choices.scaling),
    Rule("View"),
    Action("View", "Full screen", _full_screen, ("F11",)),
    Action("Layer", "Next layer", _next_layer, ("Down",), is_possible=_has_model),
    Action("Layer", "Previous layer", _previous_layer, ("Up",), is_possible=_has_model),
    Rule("Layer"),
    Action("Layer", "Next channel", _next_channel, ("Right",), is_possible=_has_maps),
    Action("Layer", "Previous channel", _previous_channel, ("Left",), is_possible=_has_maps),
    Rule("Layer"),
    Action("Layer", "Next slice", _next_slice, (".",), is_possible=_has_slices),
    Action("Layer", "Previous slice", _previous_slice, (",",), is_possible=_has_slices),
    Action("Run", "Run", _run, ("F5",), "run", _has_image),
    Action("Run", "Stop", _stop, ("Esc",), "stop", _is_busy),
    Action("Run", "Measure time per layer", _measure_layers, is_possible=_can_measure),
    Rule("Run"),
    Action("Run", "Next picture", _next_image, ("PgDown",), is_possible=_has_several_images),
    Action("Run", "Previous picture", _previous_image, ("PgUp",), is_possible=_has_several_images),
    Action("Run", "Next frame", _next_frame, ("Ctrl+PgDown",), is_possible=_has_frames),
    Action("Run", "Previous frame", _previous_frame, ("Ctrl+PgUp",), is_possible=_has_frames),
    Rule("Run"),
    Choice("Run", "Runs on", choices.providers, choices.set_provider, choices.provider),
    Choice("Run", "Memory for tensors", choices.tensor_memories, choices.set_tensor_memory, choices.tensor_memory),
    Choice("Run", "Preprocessing", choices.presets, choices.set_preset, choices.preset),
    Action("Run", "Try the usual preprocessing", _try_presets, is_possible=_can_try_presets),
    Action("Help", "Shortcuts", _show_shortcuts, ("F1",)),
    Action("Help", "Licences", _show_licences),
    Action("Help", "About", _show_about),
)
MENUS = tuple(dict.fromkeys(row.menu for row in ACTIONS))
