"""The tool bar: open, which model, what it runs on, run and stop, and how long the last run took."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QFontMetrics, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from inspector import bundled, format
from inspector.ui import icons, theme
from inspector.ui.controls import LabelledCombo
from inspector.ui.session import Session
from inspector.ui.settings import Settings
from inspector.ui.text import file_name, tooltip

PROVIDERS = (("auto", "auto"), ("cpu", "CPU"), ("cuda", "CUDA"))
_ICON, _ICON_AND_SPACE = QSize(20, 20), QSize(24, 20)
_OPEN = "\0open"  # no path


class _Combo(LabelledCombo):
    """A choice that the wheel does not change in passing: each change here starts a run."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.setFixedHeight(theme.TOOL_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        wanted = super().sizeHint()
        return QSize(min(wanted.width(), 300), theme.TOOL_HEIGHT)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class RunTime(QWidget):
    """A dot and the time of the last run as deployed; the dot is hollow while a run is under way."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        for signal in (session.model_changed, session.prediction_changed, session.busy_changed):
            signal.connect(self._on_change)
        self._on_change()

    def text(self) -> str:
        """Return the time as it reads; empty before a run."""
        prediction = self._session.prediction
        return format.seconds(prediction.seconds) if prediction is not None else ""

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(theme.font()).horizontalAdvance(self.text()) + 30, theme.TOOL_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.text():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() // 2
        painter.setPen(theme.color("good"))
        painter.setBrush(Qt.BrushStyle.NoBrush if self._session.busy else theme.color("good"))
        painter.drawEllipse(QRect(8, middle - 4, 8, 8).toRectF().adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setFont(theme.font())
        painter.setPen(theme.color("text"))
        painter.drawText(self.rect().adjusted(24, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), self.text())

    @Slot()
    def _on_change(self) -> None:
        prediction = self._session.prediction
        said = f"The model as deployed took {self.text()} on {prediction.provider}" if prediction is not None else ""
        self.setToolTip(said)
        self.setAccessibleName(said)
        self.updateGeometry()
        self.update()


class ToolBar(QToolBar):
    """Shows what the session is doing and asks it for more.

    Attributes:
        model_wanted: The user chose "Open" in the list of models.
    """

    model_wanted = Signal()

    def __init__(
        self, session: Session, settings: Settings, actions: Callable[[str], QAction], menu: QMenu, parent: QWidget
    ) -> None:
        super().__init__("Tool bar", parent)
        self._session = session
        self._settings = settings
        self._with_words: dict[str, int] = {}  # each button's width with its words, which it starts with
        self._paths: list[str] = []  # of the rows: Qt's own text would lose bytes that are not UTF-8
        self.setObjectName("tool_bar")
        self.setMovable(False)
        self.setFloatable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setIconSize(_ICON_AND_SPACE)
        self.setFixedHeight(theme.TOOL_BAR_HEIGHT)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.models = _Combo("Model")
        self.models.activated.connect(self._choose_model)
        self.providers = _Combo("Runs on")
        for name, text in PROVIDERS:
            self.providers.addItem(text, name)
        self.providers.activated.connect(self._choose_provider)
        self.run_time = RunTime(session)
        self.addAction(actions("Open model…"))
        self.addAction(actions("Open picture…"))
        self.addSeparator()
        self._models_action = self.addWidget(self.models)
        self._models_gap = self._space(theme.GAP)
        self.addWidget(self.providers)
        self.addSeparator()
        self.addAction(actions("Run"))
        self.addAction(actions("Stop"))
        self.addWidget(self.run_time)
        self.addSeparator()
        self.addAction(actions("Compare"))
        stretch = QWidget()
        stretch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(stretch)
        self.addAction(actions("Export…"))
        self._settings_button = QToolButton()
        self._settings_button.setIcon(icons.icon("settings"))
        self._settings_button.setToolTip("Settings")
        self._settings_button.setAccessibleName("Settings")
        self._settings_button.setIconSize(_ICON)
        self._settings_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._settings_button.setMenu(menu)
        self.addWidget(self._settings_button)
        session.model_changed.connect(self.show_models)
        for signal in (session.model_changed, session.busy_changed, session.prediction_changed):
            signal.connect(self.show_provider)
        self.show_models()
        self.show_provider()

    def _space(self, width: int) -> QAction:
        gap = QWidget()
        gap.setFixedWidth(width)
        return self.addWidget(gap)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Show the buttons' words only where there is room for them beside the lists' full texts."""
        narrow = self.width() < self._full_width()
        style = Qt.ToolButtonStyle.ToolButtonIconOnly if narrow else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        if style != self.toolButtonStyle():
            self.setToolButtonStyle(style)
            self.setIconSize(_ICON if narrow else _ICON_AND_SPACE)
            layout = self.layout()
            if layout is not None:
                layout.activate()

    def _full_width(self) -> int:
        """Return the width with every button's words, whether they are shown now or not."""
        has_words = self.toolButtonStyle() != Qt.ToolButtonStyle.ToolButtonIconOnly
        layout = self.layout()
        assert layout is not None
        width = layout.sizeHint().width()
        for action in self.actions():
            button = self.widgetForAction(action)
            if isinstance(button, QToolButton):
                shown = button.sizeHint().width()
                if has_words:
                    self._with_words[action.text()] = shown
                width += self._with_words.get(action.text(), shown) - shown
        return width

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    @Slot()
    def show_models(self) -> None:
        """List the models that came with the program and those opened lately; show the one that is open."""
        session = self._session
        for action in (self._models_action, self._models_gap):
            action.setVisible(session.model is not None)
        own = [str(path) for path in bundled.models()]
        shown = session.model.path if session.model is not None else ""
        recent = [each.path for each in self._settings.models()]
        self._fill_models(own, [path for path in dict.fromkeys([*recent, shown]) if path and path not in own])
        self._show_model()

    def _show_model(self) -> None:
        shown = self._session.model.path if self._session.model is not None else ""
        self.models.setCurrentIndex(self._paths.index(shown) if shown in self._paths else -1)
        self.models.updateGeometry()
        self.fit()

    @Slot()
    def show_provider(self) -> None:
        """Show what runs the model, or is asked to."""
        session = self._session
        used = session.prediction.provider if session.prediction is not None else ""
        used = used or (session.ready.provider if session.ready is not None else "")
        # Once something has run, the choice says what that turned out to be where the two are not the same.
        for row, (name, text) in enumerate(PROVIDERS):
            differs = bool(used) and name == session.provider and text != used
            said = f"{text}, {used}" if name == "auto" else f"{used}, not {text}"
            self.providers.setItemText(row, said if differs else text)
        self.providers.setCurrentIndex(max(0, self.providers.findData(session.provider)))
        self.providers.updateGeometry()
        self.fit()

    def _fill_models(self, own: Sequence[str], recent: Sequence[str]) -> None:
        self.models.clear()
        self._paths = []
        for group in (own, recent):
            for path in group:
                self._add_row(file_name(path).removesuffix(".onnx"), path)
                self.models.setItemData(self.models.count() - 1, tooltip(path), Qt.ItemDataRole.ToolTipRole)
            if group:
                self.models.insertSeparator(self.models.count())
                self._paths.append("")
        self._add_row("Open model…", _OPEN)

    def _add_row(self, text: str, path: str) -> None:
        self.models.addItem(text)
        self._paths.append(path)

    @Slot(int)
    def _choose_model(self, index: int) -> None:
        path = self._paths[index]
        self._show_model()  # the list goes on showing the model that is open until another one is
        if path == _OPEN:
            self.model_wanted.emit()
        elif path and (self._session.model is None or path != self._session.model.path):
            self._session.open_model(path)

    @Slot(int)
    def _choose_provider(self, index: int) -> None:
        self._session.set_provider(self.providers.itemData(index))
        self.show_provider()
