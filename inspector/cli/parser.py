"""The parser of a command line: it takes options and files in any order, and says in a sentence what is wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from inspector import __version__, format
from inspector.errors import UsageError


class Parser(argparse.ArgumentParser):
    """A parser that says in a sentence what is wrong.

    Attributes:
        names: The names of files that it knows under another one.
        files: What it takes for options, but are files.
    """

    names: Mapping[str, str] = {}
    files: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        for known, name in self.names.items():
            message = message.replace(known, name)
        self.print_usage(sys.stderr)
        sentence = format.printable(message[:1].upper() + message[1:])
        remedy = f"See {self.prog} --help."
        if self.files:
            remedy = f"Put {', '.join(self.files)} after --, so that it is read as a file."
        self.exit(UsageError.exit_code, f"{sentence}. {format.printable(remedy)}\n")


def parser(command: str, about: str) -> Parser:
    """Return the parser of a command, ``""`` for the window, with what it is about."""
    made = Parser(f"inspector {command}".strip(), description=about, allow_abbrev=False)
    made.add_argument("--version", action="version", version=f"Feature Map Inspector {__version__}")
    return made
