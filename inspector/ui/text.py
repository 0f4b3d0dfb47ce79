"""Names out of files, made fit to be shown: plain text, shortened in the middle."""

from __future__ import annotations

import os
import re
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF

_LONGEST = 400
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # how Python keeps a byte of a path that is no text

# Control characters, and those that are not seen or turn the direction of a line.
_HIDDEN = dict.fromkeys(
    (*range(32), *range(127, 160), *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)


def plain(text: str) -> str:
    """Return a name from a file so that it can be drawn: no control characters, nothing that turns the line round."""
    return text.translate(_HIDDEN)


def shortened(name: str, longest: int = 48) -> str:
    """Return a name for use within a sentence or on a button, shortened in the middle."""
    name = plain(name)
    half = longest // 2
    return name if len(name) <= longest else f"{name[: half - 1]}…{name[-half:]}"


def tooltip(*lines: str) -> str:
    """Return a tooltip in which no name is read as markup."""
    return "<br>".join(f"<span style='white-space:pre'>{escape(plain(line))}</span>" for line in lines if line)


def elided(text: str, metrics: QFontMetricsF, width: float) -> str:
    """Return text shortened in the middle to fit."""
    return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, max(0.0, width))


def file_name(path: str) -> str:
    """Return the last part of a path as one line; bytes that are no text show as ``\N{REPLACEMENT CHARACTER}``."""
    return shown(os.path.basename(path.rstrip(os.sep)) or path)


def shown(text: str) -> str:
    """Return text from outside as one line of visible characters, shortened if it is very long."""
    line = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", plain(text.replace("\n", " ")))
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"
