"""Text made from templates: whatever comes from a file is escaped, and cannot be anything but text."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from inspector import format

_MOST_LETTERS = 2000  # of one text: a name may be as long as a file


def filled(template: str, **values: Any) -> str:
    """Return a template with its values.

    Args:
        template: A file in ``templates``.
        values: Texts are escaped; in all of them, what is not printable becomes U+FFFD, as XML knows no such
            characters, and long ones are cut.
    """
    return _environment().get_template(template).render(values)


@functools.cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["short"] = shortened
    return found


def shortened(text: str, letters: int) -> str:
    """Return as much of a text as there is room for, with dots where some is left out."""
    return text if len(text) <= letters else f"{text[: max(1, letters - 1)]}\N{HORIZONTAL ELLIPSIS}"


def _plain(value: Any) -> Any:
    """Make text printable; what the templates made themselves stays as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return shortened(format.printable(value), _MOST_LETTERS)
