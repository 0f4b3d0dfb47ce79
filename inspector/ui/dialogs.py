"""Windows that the user asked for: shortcuts, versions, licences, the details of a failure."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata

from PySide6.QtCore import Qt, Slot, qVersion
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from inspector import __version__
from inspector.engine.protocol import Ready
from inspector.ui import icons, theme
from inspector.ui.session import Failure
from inspector.ui.text import shown

# What the program is built on: distribution, and the licence it comes under.
LIBRARIES = (
    ("PySide6-Essentials", "Qt for Python", "LGPL-3.0"),
    ("pyqtgraph", "pyqtgraph", "MIT"),
    ("onnxruntime-gpu", "ONNX Runtime", "MIT"),
    ("onnxruntime", "ONNX Runtime", "MIT"),
    ("onnx", "ONNX", "Apache-2.0"),
    ("numpy", "NumPy", "BSD-3-Clause"),
    ("pillow", "Pillow", "MIT-CMU"),
    ("msgspec", "msgspec", "BSD-3-Clause"),
    ("cmap", "cmap", "BSD-3-Clause"),
)


class Dialog(QDialog):
    """A window over the main one that does not block it, closes with Esc, and is gone when closed."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.lines = QVBoxLayout(self)
        self.lines.setContentsMargins(theme.GROUP, theme.GROUP, theme.GROUP, theme.GROUP)
        self.lines.setSpacing(theme.MARGIN)
        self.buttons = QHBoxLayout()
        self.buttons.addStretch(1)

    def finish(self) -> None:
        """Add the row of buttons, and show the window."""
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        self.buttons.addWidget(close)
        self.lines.addLayout(self.buttons)
        self.show()


class CopyButton(QPushButton):
    """Puts a text on the clipboard."""

    def __init__(self, content: str) -> None:
        super().__init__("Copy")
        self._content = content
        self.setIcon(icons.icon("copy", 16))
        self.clicked.connect(self._copy)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._content)


def label(text: str, role: str = "text", size: theme.Size = "normal", bold: bool = False) -> QLabel:
    """Return plain text that wraps and can be selected."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setFont(theme.font(size, bold))
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role == "muted":
        made.setForegroundRole(made.foregroundRole().PlaceholderText)
    return made


def show_failure(parent: QWidget, failure: Failure) -> Dialog:
    """Show what went wrong, what to try, and what was logged."""
    dialog = Dialog("What went wrong", parent)
    dialog.resize(620, 200 if not failure.detail else 420)
    dialog.lines.addWidget(label(shown(failure.message), bold=True))
    if failure.remedy:
        dialog.lines.addWidget(label(shown(failure.remedy)))
    if failure.detail:
        log = QPlainTextEdit(failure.detail)
        log.setReadOnly(True)
        log.setFont(theme.font("small"))
        dialog.lines.addWidget(log, 1)
    else:
        dialog.lines.addStretch(1)
    dialog.buttons.addWidget(CopyButton("\n".join(filter(None, (failure.message, failure.remedy, failure.detail)))))
    dialog.finish()
    return dialog


def show_shortcuts(parent: QWidget, rows: Sequence[tuple[str, Sequence[str]]]) -> Dialog:
    """List the keys."""
    dialog = Dialog("Shortcuts", parent)
    grid = QGridLayout()
    grid.setHorizontalSpacing(3 * theme.GROUP)
    grid.setVerticalSpacing(theme.GAP + 2)
    listed = [(text.rstrip("…"), keys) for text, keys in rows if keys]
    half = (len(listed) + 1) // 2
    for number, (text, keys) in enumerate(listed):
        column, row = divmod(number, half)
        written = ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)
        for place, words in enumerate((label(text), label(written, "muted"))):
            words.setWordWrap(False)
            grid.addWidget(words, row, 2 * column + place)
    dialog.lines.addLayout(grid)
    dialog.finish()
    return dialog


def versions(ready: Ready | None) -> list[tuple[str, str]]:
    """Return what the program runs on, by name; what ran the model only once something has."""
    found = [("Feature Map Inspector", __version__), ("Python", platform.python_version()), ("Qt", qVersion())]
    for distribution, name, _ in LIBRARIES:
        number = version(distribution)
        if number:
            found.append((name, number))
    if ready is not None:
        found.append(("Execution provider", ready.provider))
        found.append(("Sandbox", ready.sandbox))
    return found


def version(distribution: str) -> str:
    """Return the installed version, read without importing the library; empty if it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def show_about(parent: QWidget, ready: Ready | None) -> Dialog:
    """Say what this is and what it runs on."""
    dialog = Dialog("About Feature Map Inspector", parent)
    head = QHBoxLayout()
    head.setSpacing(theme.GROUP)
    sign = QLabel()
    sign.setPixmap(icons.pixmap("app", 56, "#000000", parent.devicePixelRatioF()))
    words = QVBoxLayout()
    words.addWidget(label("Feature Map Inspector", size="title", bold=True))
    words.addWidget(label("What every layer of a network made of a picture.", "muted"))
    words.addStretch(1)
    head.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
    head.addLayout(words, 1)
    dialog.lines.addLayout(head)
    grid = QGridLayout()
    grid.setHorizontalSpacing(2 * theme.GROUP)
    grid.setVerticalSpacing(theme.GAP)
    grid.setColumnStretch(1, 1)
    known = versions(ready)
    for row, (name, number) in enumerate(known):
        grid.addWidget(label(name, "muted"), row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(shown(number)), row, 1)
    dialog.lines.addLayout(grid)
    dialog.lines.addWidget(label("Apache License 2.0. Files stay on this computer: nothing is sent anywhere.", "muted"))
    dialog.setMinimumWidth(460)
    dialog.buttons.addWidget(CopyButton("\n".join(f"{name} {number}" for name, number in known)))
    dialog.finish()
    return dialog


def show_licences(parent: QWidget) -> Dialog:
    """Name the licences of what the program is built on, with their texts where they are installed."""
    dialog = Dialog("Licences", parent)
    dialog.resize(680, 520)
    own = "Feature Map Inspector is under the Apache License 2.0. It is built on these libraries:"
    dialog.lines.addWidget(label(own))
    texts = QPlainTextEdit(licence_texts())
    texts.setReadOnly(True)
    texts.setFont(theme.font("small"))
    dialog.lines.addWidget(texts, 1)
    dialog.finish()
    return dialog


def licence_texts() -> str:
    """Return each installed library's name, licence and the licence files it came with."""
    parts = []
    for distribution, name, licence in LIBRARIES:
        number = version(distribution)
        if not number:
            continue
        part = f"{name} {number}: {licence}\n"
        for file in metadata.files(distribution) or ():
            if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")) and ".dist-info" in str(file):
                try:
                    part += "\n" + file.read_text(encoding="utf-8") + "\n"
                except (OSError, UnicodeDecodeError):
                    continue
        parts.append(part)
    return ("\n" + "=" * 72 + "\n\n").join(parts)
