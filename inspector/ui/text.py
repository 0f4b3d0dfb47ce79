"""Names of files, made safe to show."""

from __future__ import annotations

import os

from inspector.ui.widgets import plain

_LONGEST = 400


def file_name(path: str) -> str:
    """Return the last part of a path as one line; bytes that are no text show as ``\N{REPLACEMENT CHARACTER}``."""
    return shown(os.path.basename(path.rstrip(os.sep)) or path)


def shown(text: str) -> str:
    """Return text from outside as one line of visible characters, shortened if it is very long."""
    line = plain(text.replace("\n", " ")).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"
