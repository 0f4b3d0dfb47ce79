"""The look: two sets of colours, one palette, one style sheet, three sizes of one font."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QToolTip

Theme = Literal["light", "dark", "system"]
THEMES: tuple[Theme, ...] = ("system", "light", "dark")
Size = Literal["small", "normal", "title"]

# Space in steps of four pixels: between docks, between controls, from a panel's edge to its content, round groups.
GAP = 4
SPACING = 8
MARGIN = 12
GROUP = 16

RADIUS = 4
SMALL_RADIUS = 2
LARGE_RADIUS = 8

MENU_HEIGHT = 26
TOOL_BAR_HEIGHT = 44
TITLE_HEIGHT = 30  # of a dock's title and of a strip of tabs
CONTROL_HEIGHT = 26
TOOL_HEIGHT = 30
PRIMARY_HEIGHT = 32
ROW_HEIGHT = 26
STATUS_HEIGHT = 26


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme, each as ``"#rrggbb"``, named for what they are used for.

    Attributes:
        window: Behind and between panels, tab strips.
        panel: Panels, menus, tool bar, status bar, tables.
        raised: Buttons, table heads, totals.
        canvas: The empty part of a bar, a field, a picture.
        border: Lines of one pixel round panels and controls.
        bar: Bars that are not the answer, scroll bars, the drop outline.
        text: Values and names.
        muted: What a value is: labels, units, heads.
        accent: What one is looking at: the first bar, the active tab, the primary button, the focus ring.
        on_accent: Text and icons on the accent.
        selection: The selected row, a button that is on.
        warning: Always beside the icon ``warning`` and a sentence.
        error: Likewise.
        good: Always beside the icon ``check`` or a word.
        mark: Frames drawn on data: channel, cell, receptive field. The same in every theme.
        ring: The line round a family's dot; ``""`` where the dot shows without one.
        families: The colour of each layer family, by its word.
        dark: Whether light text stands on dark ground.
    """

    window: str
    panel: str
    raised: str
    canvas: str
    border: str
    bar: str
    text: str
    muted: str
    accent: str
    on_accent: str
    selection: str
    warning: str
    error: str
    good: str
    mark: str
    ring: str
    families: Mapping[str, str] = field(repr=False)
    dark: bool


DARK = Tokens(
    window="#141517",
    panel="#1f2023",
    raised="#2b2d31",
    canvas="#121315",
    border="#3c3f45",
    bar="#565b64",
    text="#e8e9eb",
    muted="#a4a8b0",
    accent="#ff5fa8",
    on_accent="#1a0a12",
    selection="#432636",
    warning="#f2b33d",
    error="#ff7b6b",
    good="#5cc98c",
    mark="#ff5fa8",
    ring="",
    families=MappingProxyType(
        {
            "convolution": "#2484c6",
            "activation": "#e69f00",
            "pooling": "#009e73",
            "normalization": "#f0e442",
            "fully connected": "#d55e00",
            "merge": "#7ccbf5",
            "shape": "#e0e2e5",
            "other": "#cc79a7",
        }
    ),
    dark=True,
)

LIGHT = Tokens(
    window="#dfe1e5",
    panel="#fbfbfc",
    raised="#eeeff2",
    canvas="#e9eaed",
    border="#c6c9cf",
    bar="#a9aeb7",
    text="#1b1d20",
    muted="#595e67",
    accent="#b8136b",
    on_accent="#ffffff",
    selection="#f7d9e8",
    warning="#855600",
    error="#b3261e",
    good="#13683f",
    mark="#ff5fa8",
    ring="#595e67",
    families=MappingProxyType(
        {
            "convolution": "#0072b2",
            "activation": "#e69f00",
            "pooling": "#009e73",
            "normalization": "#f0e442",
            "fully connected": "#d55e00",
            "merge": "#56b4e9",
            "shape": "#1b1d20",
            "other": "#cc79a7",
        }
    ),
    dark=False,
)

DISABLED = 0.45  # how much of its colour text keeps when it is off

_SIZES: Mapping[Size, float] = MappingProxyType({"small": 0.92, "normal": 1.0, "title": 1.5})


@dataclass(frozen=True, slots=True)
class _Made:
    """A font, and how much room it takes."""

    font: QFont
    metrics: QFontMetricsF


class _Current(QObject):
    """What the application wears, and the wish behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = DARK
        self.theme: Theme = "dark"
        self.system_font: QFont | None = None
        self.made: dict[tuple[Size, bool], _Made] = {}  # of the system's font

    @Slot()
    def follow_system(self) -> None:
        if self.theme == "system":
            _wear(_system_tokens())


_current = _Current()
atexit.register(_current.made.clear)  # fonts must not outlive Qt's


def tokens() -> Tokens:
    """Return the colours worn now."""
    return _current.tokens


def chosen() -> Theme:
    """Return the theme that was asked for, which may be the system's."""
    return _current.theme


def color(name: str) -> QColor:
    """Return a colour of the theme worn now, by its name in ``Tokens`` or by a layer family's word."""
    worn = _current.tokens
    return QColor(worn.families[name] if name in worn.families else getattr(worn, name))


def blend(over: str, under: str, opacity: float) -> QColor:
    """Return ``over`` at that ``opacity`` on ``under``, as one opaque colour."""
    top, ground = QColor(over), QColor(under)
    channels = zip(top.getRgb()[:3], ground.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(above * opacity + below * (1 - opacity)) for above, below in channels))


def font(size: Size = "normal", bold: bool = False) -> QFont:
    """Return the system's font in one of the three sizes, with figures of one width."""
    return QFont(_made(size, bold).font)


def metrics(size: Size = "normal", bold: bool = False) -> QFontMetricsF:
    """Return how much room text takes in such a font: the same object as before, as painting asks very often."""
    return _made(size, bold).metrics


def _made(size: Size, bold: bool) -> _Made:
    system = _current.system_font
    if system is None:  # before the program is dressed
        system = QGuiApplication.font()
        _current.made.clear()
    if (size, bold) not in _current.made:
        scaled = QFont(system)
        if system.pixelSize() > 0:
            scaled.setPixelSize(round(system.pixelSize() * _SIZES[size]))
        else:
            scaled.setPointSizeF(system.pointSizeF() * _SIZES[size])
        scaled.setBold(bold)
        scaled.setFeature(QFont.Tag("tnum"), 1)
        _current.made[size, bold] = _Made(scaled, QFontMetricsF(scaled))
    return _current.made[size, bold]


def apply(application: QApplication, theme: Theme) -> None:
    """Dress the whole program; may be called again at any time.

    Widgets hear of it through ``changeEvent`` with ``QEvent.Type.PaletteChange``.
    """
    if _current.system_font is None:
        _current.system_font = QFont(application.font())
        _current.made.clear()
        application.setStyle("Fusion")
    hints = application.styleHints()
    hints.colorSchemeChanged.connect(_current.follow_system, Qt.ConnectionType.UniqueConnection)
    _current.theme = theme
    # Title bars and the desktop's own dialogs follow the hint. Where no desktop listens (offscreen, a bare X server)
    # the hint does nothing, so the palette is always set by hand as well.
    schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, "system": Qt.ColorScheme.Unknown}
    hints.setColorScheme(schemes[theme])
    wanted = {"light": LIGHT, "dark": DARK}
    _wear(wanted.get(theme) or _system_tokens())


def _system_tokens() -> Tokens:
    return LIGHT if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else DARK


def _wear(worn: Tokens) -> None:
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        return
    _current.tokens = worn
    application.setFont(font())
    application.setPalette(palette(worn))
    QToolTip.setFont(font("small"))
    QToolTip.setPalette(palette(worn))
    application.setStyleSheet(style_sheet(worn))


def palette(worn: Tokens) -> QPalette:
    """Return the colours as Qt's roles, alike for active and inactive windows."""
    role = QPalette.ColorRole
    colors = {
        role.Window: worn.window,
        role.Base: worn.panel,
        role.ToolTipBase: worn.panel,
        role.Button: worn.raised,
        role.AlternateBase: worn.raised,
        role.Light: worn.raised,
        role.Midlight: worn.raised,
        role.Mid: worn.border,
        role.Dark: worn.border,
        role.Shadow: worn.border,
        role.WindowText: worn.text,
        role.Text: worn.text,
        role.ButtonText: worn.text,
        role.ToolTipText: worn.text,
        role.HighlightedText: worn.text,
        role.PlaceholderText: worn.muted,
        role.Accent: worn.accent,
        role.Link: worn.accent,
        role.LinkVisited: worn.accent,
        role.BrightText: worn.on_accent,
        role.Highlight: worn.selection,
    }
    made = QPalette()
    for each, value in colors.items():
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive, QPalette.ColorGroup.Disabled):
            made.setColor(group, each, QColor(value))
    backgrounds = {
        role.WindowText: worn.window,
        role.Text: worn.panel,
        role.ButtonText: worn.raised,
        role.ToolTipText: worn.panel,
        role.HighlightedText: worn.selection,
    }
    for each, under in backgrounds.items():
        made.setColor(QPalette.ColorGroup.Disabled, each, blend(worn.text, under, DISABLED))
    return made


def _size_of(wanted: QFont) -> str:
    return f"{wanted.pixelSize()}px" if wanted.pixelSize() > 0 else f"{wanted.pointSizeF():.2f}pt"


def style_sheet(worn: Tokens) -> str:
    """Return what a palette cannot say."""
    t = worn
    small = _size_of(font("small"))
    off_panel = blend(t.text, t.panel, DISABLED).name()
    off_raised = blend(t.text, t.raised, DISABLED).name()
    off_accent = blend(t.accent, t.panel, DISABLED).name()
    return f"""
QMainWindow::separator {{ width: {GAP}px; height: {GAP}px; background: {t.window}; }}
QMainWindow::separator:hover {{ background: {t.bar}; }}

QDialog {{ background: {t.panel}; }}
QMenuBar {{ background: {t.panel}; color: {t.text}; border: none; padding: 0; }}
QMenuBar::item {{ background: transparent; padding: 5px 10px; border-radius: {RADIUS}px; }}
QMenuBar::item:selected {{ background: {t.raised}; }}
QMenuBar::item:disabled {{ color: {off_panel}; }}
QMenu {{ background: {t.panel}; border: 1px solid {t.border}; padding: 4px 0; }}
QMenu::separator {{ height: 1px; background: {t.border}; margin: 4px 0; }}

QToolBar {{ background: {t.panel}; border: none; border-bottom: 1px solid {t.border}; spacing: 4px;
    padding: 3px 8px 3px 7px; }}
QToolBar::separator {{ width: 1px; background: {t.border}; margin: 3px 8px; }}
QToolBar[edge="true"] {{ background: {t.window}; border: none; padding: 0; margin: 0; spacing: 0; }}
QStatusBar {{ background: {t.panel}; border-top: 1px solid {t.border}; }}
QStatusBar::item {{ border: none; }}

QTabBar {{ background: {t.window}; font-weight: bold; border: none; }}
QTabBar::tab {{ background: {t.window}; color: {t.text}; border: none; border-right: 1px solid {t.border};
    border-top: 2px solid {t.window}; padding: 0 14px; height: {TITLE_HEIGHT - 2}px; }}
QTabBar::tab:!selected {{ color: {t.muted}; font-weight: normal; border-right-color: {t.window}; }}
QTabBar::tab:!selected:hover {{ color: {t.text}; }}
QTabBar::tab:selected {{ background: {t.panel}; border-top-color: {t.accent}; }}
QTabBar::tab:only-one {{ border-top-color: {t.panel}; }}

QHeaderView {{ background: {t.raised}; border: none; }}
QHeaderView::section {{ background: {t.raised}; color: {t.muted}; border: none; border-bottom: 1px solid {t.border};
    border-top: 1px solid {t.border}; padding: 0 6px; height: {ROW_HEIGHT - 2}px; font-size: {small};
    font-weight: normal; }}
QTableView, QTreeView, QListView {{ background: {t.panel}; color: {t.text}; border: none; outline: none;
    selection-background-color: {t.selection}; selection-color: {t.text}; }}
QScrollArea {{ background: transparent; border: none; }}

QToolButton {{ background: transparent; color: {t.text}; border: 1px solid transparent; border-radius: {RADIUS}px;
    padding: 3px; }}
QToolButton:hover {{ background: {t.raised}; }}
QToolButton:pressed {{ background: {t.selection}; }}
QToolButton:checked {{ background: {t.selection}; border-color: {t.accent}; }}
QToolButton:focus {{ border: 2px solid {t.accent}; padding: 2px; }}
QToolButton:disabled {{ color: {off_panel}; background: transparent; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QToolBar QToolButton {{ padding: 3px 7px; min-height: {TOOL_HEIGHT - 8}px; }}
QToolBar QToolButton:focus {{ padding: 2px 6px; }}

QPushButton {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.border}; border-radius: {RADIUS}px;
    padding: 0 12px; min-height: {CONTROL_HEIGHT - 2}px; }}
QPushButton:hover {{ border-color: {t.bar}; }}
QPushButton:pressed {{ background: {t.selection}; }}
QPushButton:checked {{ background: {t.selection}; border-color: {t.accent}; }}
QPushButton:focus {{ border: 2px solid {t.accent}; padding: 0 11px; min-height: {CONTROL_HEIGHT - 4}px; }}
QPushButton:disabled {{ color: {off_raised}; }}
QPushButton[large="true"] {{ min-height: {PRIMARY_HEIGHT - 2}px; padding: 0 15px; }}
QPushButton[large="true"]:focus {{ min-height: {PRIMARY_HEIGHT - 4}px; padding: 0 14px; }}
QPushButton[primary="true"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; }}
QPushButton[primary="true"]:hover {{ border-color: {t.text}; }}
QPushButton[primary="true"]:focus {{ border-color: {t.text}; }}
QPushButton[primary="true"]:disabled {{ background: {off_accent}; border-color: {off_accent}; }}

QLineEdit, QSpinBox, QDoubleSpinBox {{ background: {t.canvas}; color: {t.text}; border: 1px solid {t.border};
    border-radius: {RADIUS}px; padding: 0 7px; min-height: {CONTROL_HEIGHT - 2}px;
    selection-background-color: {t.selection}; selection-color: {t.text}; }}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus {{ border: 2px solid {t.accent}; padding: 0 6px;
    min-height: {CONTROL_HEIGHT - 4}px; }}
QLineEdit:disabled {{ color: {off_panel}; }}
QLineEdit[wrong="true"], QLineEdit[wrong="true"]:focus {{ border-color: {t.error}; }}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {{ background: transparent; border: none;
    padding: 0 0 0 7px; min-height: 0; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ subcontrol-origin: border; width: 1px; border: none; }}
QLabel[tone="error"] {{ color: {t.error}; }}
QLabel[tone="warning"] {{ color: {t.warning}; }}
QPlainTextEdit, QTextBrowser {{ background: {t.panel}; color: {t.text}; border: 1px solid {t.border};
    border-radius: {RADIUS}px; selection-background-color: {t.selection}; selection-color: {t.text}; }}
QPlainTextEdit:focus, QTextBrowser:focus {{ border-color: {t.accent}; }}

QComboBox {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.border}; border-radius: {RADIUS}px;
    padding: 0 9px; min-height: {CONTROL_HEIGHT - 2}px; combobox-popup: 0; }}
QComboBox:hover {{ border-color: {t.bar}; }}
QComboBox:focus {{ border: 2px solid {t.accent}; padding: 0 8px; min-height: {CONTROL_HEIGHT - 4}px; }}
QComboBox:disabled {{ color: {off_raised}; }}
QComboBox QAbstractItemView {{ background: {t.panel}; color: {t.text}; border: 1px solid {t.border}; padding: 4px 0;
    selection-background-color: {t.selection}; selection-color: {t.text}; }}

QToolBar QComboBox {{ min-height: {TOOL_HEIGHT - 2}px; }}
QToolBar QComboBox:focus {{ min-height: {TOOL_HEIGHT - 4}px; }}

QComboBox QAbstractItemView::item {{ min-height: {CONTROL_HEIGHT - 2}px; padding: 0 8px; }}

QSlider::groove:horizontal {{ height: 4px; background: {t.canvas}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {t.muted}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; background: {t.text}; }}
QSlider::handle:horizontal:focus {{ background: {t.accent}; }}
QProgressBar {{ background: {t.canvas}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}

QScrollBar {{ background: transparent; border: none; margin: 0; }}
QScrollBar:vertical {{ width: 10px; }}
QScrollBar:horizontal {{ height: 10px; }}
QScrollBar::handle {{ background: {t.bar}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QToolTip {{ background: {t.panel}; color: {t.text}; border: 1px solid {t.border}; padding: 4px 6px; }}
"""
