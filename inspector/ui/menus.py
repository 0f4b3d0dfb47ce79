"""The table of actions as Qt wants it: commands, submenus, the menu bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from inspector.ui import icons, theme
from inspector.ui.actions import ACTIONS, MENUS, Action, Choice, PanelToggles, Rule

if TYPE_CHECKING:
    from inspector.ui.main_window import MainWindow

_SETTINGS_CHOICES = ("Theme", "Colormap", "Limits", "Preprocessing")


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
        self.setCheckable(row.is_on is not None)
        self.triggered.connect(self._carry_out)

    @Slot()
    def _carry_out(self) -> None:
        self._window.opening.begin()
        self._row.run(self._window)

    def look(self) -> None:
        """Be enabled or not, by what is possible now."""
        self.setEnabled(self._row.is_possible(self._window))
        if self._row.is_on is not None:
            self.setChecked(self._row.is_on(self._window))


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
        self._window.opening.begin()
        self._row.choose(self._window, self._values[self.actions().index(action)])


class Menus(QObject):
    """Fills a window's menu bar, and keeps its commands enabled as far as they are possible."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}
        self._choices: list[ChoiceMenu] = []
        bar = window.menuBar()
        menus = {name: bar.addMenu(f"&{name}") for name in MENUS}  # Alt with the first letter opens it
        for row in ACTIONS:
            self._add(row, menus[row.menu])
        for menu in menus.values():
            menu.aboutToShow.connect(self._look_at_choices)
        bar.setFixedHeight(max(theme.MENU_HEIGHT, bar.sizeHint().height()))

    def _add(self, row: Action | Choice | Rule | PanelToggles, menu: QMenu) -> None:
        match row:
            case Action():
                command = Command(row, self._window)
                self._commands[row.text] = command
                menu.addAction(command)
            case Choice():
                choice = ChoiceMenu(row, self._window)
                self._choices.append(choice)
                menu.addMenu(choice)
            case PanelToggles():
                self._panels = menu.addMenu("Panels")
                self._panels.addActions([dock.toggleViewAction() for dock in self._window.docks])
            case Rule():
                menu.addSeparator()

    def settings_menu(self) -> QMenu:
        """Return a menu of the choices that are settings rather than steps of the work."""
        menu = QMenu("Settings", self._window)
        for row in ACTIONS:
            if isinstance(row, Choice) and row.text in _SETTINGS_CHOICES:
                menu.addMenu(ChoiceMenu(row, self._window))
        menu.addMenu(self._panels)
        menu.addSeparator()
        menu.addAction(self._commands["Reset layout"])
        return menu

    def command(self, text: str) -> QAction:
        """Return the command of that text in the table."""
        return self._commands[text]

    @Slot()
    def _look_at_choices(self) -> None:
        self.refresh()
        for choice in self._choices:
            choice.look()

    @Slot()
    def refresh(self) -> None:
        """Enable what is possible now."""
        for command in self._commands.values():
            command.look()
        self._panels.setEnabled(self._window.dock_layout.is_shown)
