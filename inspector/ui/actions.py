"""What the menus offer. A command is a function and a row in ``ACTIONS``; a choice is a row that lists its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication

from inspector.ui import choices, clipboard, dialogs
from inspector.ui.choices import Options
from inspector.ui.compare import SIDES
from inspector.ui.export_dialog import show_export
from inspector.ui.panel import panel_of
from inspector.ui.text import file_name

if TYPE_CHECKING:
    from inspector.ui.main_window import MainWindow
    from inspector.ui.panels.feature_maps import FeatureMapsPanel


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
        is_on: Whether it is in force now, for one that is switched on and off; None for the others.
    """

    menu: str
    text: str
    run: Callable[[MainWindow], None]
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    is_possible: Callable[[MainWindow], bool] = _always
    short_text: str = ""
    is_on: Callable[[MainWindow], bool] | None = None


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


def _has_edits(window: MainWindow) -> bool:
    return bool(window.session.editing.edits)


def _can_save(window: MainWindow) -> bool:
    return _has_edits(window) and not window.saver.is_saving()


def _can_undo(window: MainWindow) -> bool:
    return window.session.editing.can_undo


def _can_redo(window: MainWindow) -> bool:
    return window.session.editing.can_redo


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


def _has_run(window: MainWindow) -> bool:
    return window.session.run is not None


def _channel_count(window: MainWindow) -> int:
    maps = clipboard.selected_maps(window.session)
    return len(maps) if maps is not None else 0


def _can_open_export(window: MainWindow) -> bool:
    return window.session.run is not None  # while an export runs, the dialog says how far it is


def _can_export(window: MainWindow) -> bool:
    return window.exporter.is_possible()


def _can_export_sequence(window: MainWindow) -> bool:
    return _can_export(window) and window.session.layer() is not None and len(window.session.images) > 1


def _can_animate(window: MainWindow) -> bool:
    layer = window.session.layer()
    return _can_export(window) and layer is not None and layer.geometry is not None


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


def _export(window: MainWindow) -> None:
    show_export(window)


def _export_report(window: MainWindow) -> None:
    window.exporter.ask_report()


def _export_sequence(window: MainWindow) -> None:
    window.exporter.ask_sequence()


def _export_animation(window: MainWindow) -> None:
    layer = window.session.layer()
    if layer is not None:
        window.exporter.ask_animation(layer.name, window.session.view.channel, -1)


def _save_model(window: MainWindow) -> None:
    window.saver.ask()


def _undo(window: MainWindow) -> None:
    window.session.editing.undo()


def _redo(window: MainWindow) -> None:
    window.session.editing.redo()


def _reset_edits(window: MainWindow) -> None:
    window.session.editing.reset()


def _copy_map(window: MainWindow) -> None:
    """Copy what is selected in the panel that has the keyboard; where that has no picture, the selected map."""
    panel = panel_of(QApplication.focusWidget())
    pictured = panel.pictured(None) if panel is not None else None
    if pictured is not None and pictured.taken is not None:
        clipboard.copy_picture(pictured, window.status)
    elif pictured is not None and pictured.numbers:
        clipboard.copy_numbers(pictured, window.status)
    else:
        clipboard.copy_feature_map(window.session, window.status)


def _copy_panel(window: MainWindow) -> None:
    """Copy the panel that has the keyboard, or the one under the pointer, or the feature maps."""
    under = QApplication.widgetAt(QCursor.pos())
    panel = panel_of(QApplication.focusWidget()) or panel_of(under) or _feature_maps(window)
    clipboard.copy_panel(panel, window.status)


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


def _can_compare(window: MainWindow) -> bool:
    return window.session.run is not None or window.session.reference is not None


def _is_compared(window: MainWindow) -> bool:
    return window.session.reference is not None


def _can_pin_again(window: MainWindow) -> bool:
    session = window.session
    return _is_compared(window) and session.run is not None and session.run is not session.reference


def _toggle_compare(window: MainWindow) -> None:
    if _is_compared(window):
        window.session.unpin_reference()
        return
    window.session.pin_reference()
    name = file_name(window.session.image) or "This run"
    window.status.show_remark(f"{name} is the reference now. Open another picture, or feed this one another way.")


def _pin_again(window: MainWindow) -> None:
    window.session.pin_reference()


def _next_side(window: MainWindow) -> None:
    place = SIDES.index(window.session.view.compare)
    window.session.set_view(compare=SIDES[(place + 1) % len(SIDES)])


def _go_to_largest(window: MainWindow) -> None:
    window.session.go_to_largest_difference()


def _feature_maps(window: MainWindow) -> FeatureMapsPanel:
    panel: FeatureMapsPanel = window.panel(window.dock("feature_maps"))  # type: ignore[assignment]
    return panel


def _fit_maps(window: MainWindow) -> None:
    _feature_maps(window).fit()


def _one_to_one(window: MainWindow) -> None:
    _feature_maps(window).show_one_to_one()


def _next_standing_out(window: MainWindow) -> None:
    _feature_maps(window).go_to_next()


def _reset_limits(window: MainWindow) -> None:
    window.session.set_view(limits=None, is_locked=False)


def _has_fixed_limits(window: MainWindow) -> bool:
    return window.session.view.limits is not None


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
    Action("File", "Export…", _export, ("Ctrl+E",), "export", _can_open_export, "Export"),
    Action("File", "Export report…", _export_report, ("Ctrl+Shift+E",), is_possible=_can_export),
    Action("File", "Export layer on all pictures as GIF…", _export_sequence, is_possible=_can_export_sequence),
    Action("File", "Export sliding window as GIF…", _export_animation, is_possible=_can_animate),
    Rule("File"),
    Action("File", "Save modified model as…", _save_model, ("Ctrl+Shift+S",), is_possible=_can_save),
    Rule("File"),
    Action("File", "Quit", _quit, ("Ctrl+Q",)),
    Action("Edit", "Undo edit", _undo, ("Ctrl+Z",), is_possible=_can_undo),
    Action("Edit", "Redo edit", _redo, ("Ctrl+Shift+Z", "Ctrl+Y"), is_possible=_can_redo),
    Action("Edit", "Reset all edits", _reset_edits, is_possible=_has_edits),
    Rule("Edit"),
    Action("Edit", "Copy map", _copy_map, ("Ctrl+C",), "copy", _has_run),
    Action("Edit", "Copy panel", _copy_panel, ("Ctrl+Shift+C",), is_possible=_has_model),
    Action("Edit", "Copy readout", _copy_readout, is_possible=_has_model),
    PanelToggles("View"),
    Action("View", "Reset layout", _reset_layout, is_possible=_has_model),
    Rule("View"),
    Choice("View", "Theme", choices.themes, choices.set_theme, choices.chosen_theme),
    Choice("View", "Colormap", choices.colormaps, choices.set_colormap, choices.colormap),
    Choice("View", "Limits", choices.scalings, choices.set_scaling, choices.scaling),
    Action("View", "Reset fixed limits", _reset_limits, is_possible=_has_fixed_limits),
    Choice("View", "Feature maps as", choices.reductions, choices.set_reduction, choices.reduction),
    Rule("View"),
    Action("View", "Fit feature maps", _fit_maps, is_possible=_has_maps),
    Action("View", "One element per pixel", _one_to_one, ("Ctrl+1",), is_possible=_has_maps),
    Rule("View"),
    Action("View", "Full screen", _full_screen, ("F11",)),
    Action("Layer", "Next layer", _next_layer, ("Down",), is_possible=_has_model),
    Action("Layer", "Previous layer", _previous_layer, ("Up",), is_possible=_has_model),
    Rule("Layer"),
    Action("Layer", "Next channel", _next_channel, ("Right",), is_possible=_has_maps),
    Action("Layer", "Previous channel", _previous_channel, ("Left",), is_possible=_has_maps),
    Action("Layer", "Next channel that stands out", _next_standing_out, ("F3",), is_possible=_has_maps),
    Rule("Layer"),
    Action("Layer", "Next slice", _next_slice, (".",), is_possible=_has_slices),
    Action("Layer", "Previous slice", _previous_slice, (",",), is_possible=_has_slices),
    Action("Run", "Run", _run, ("F5",), "run", _has_image),
    Action("Run", "Stop", _stop, ("Esc",), "stop", _is_busy),
    Action("Run", "Measure time per layer", _measure_layers, is_possible=_can_measure),
    Rule("Run"),
    Action("Run", "Compare", _toggle_compare, ("Ctrl+K",), "compare", _can_compare, is_on=_is_compared),
    Action("Run", "Make this run the reference", _pin_again, is_possible=_can_pin_again),
    Action("Run", "Current, reference, difference", _next_side, ("Ctrl+D",), is_possible=_is_compared),
    Action("Run", "Go to the largest difference", _go_to_largest, ("Ctrl+Shift+D",), is_possible=_is_compared),
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
