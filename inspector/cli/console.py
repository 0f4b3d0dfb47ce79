"""What the commands write: data to stdout, sentences to stderr, and nothing that could steer a terminal."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TextIO

from inspector import format
from inspector.errors import ExportError, InspectorError


class Outcome:
    """What went wrong on the way, while the other pictures go on.

    Attributes:
        code: The exit code: of the worst failure so far.
    """

    def __init__(self) -> None:
        self.code = 0
        self._said: set[str] = set()

    def note(self, error: InspectorError) -> None:
        """Say what went wrong."""
        say(str(error))
        self.code = max(self.code, error.exit_code)

    def say_once(self, sentence: str) -> None:
        """Say something that holds for all pictures."""
        if sentence and sentence not in self._said:
            self._said.add(sentence)
            say(sentence)


def say(sentence: str) -> None:
    """Print a sentence for the user."""
    tell(f"{format.printable(sentence)}\n")


def say_all(sentences: Iterable[str]) -> None:
    """Print sentences, one per line."""
    for sentence in sentences:
        say(sentence)


def tell(text: str) -> None:
    """Write to stderr; where nobody reads it, the work goes on."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _drop(sys.stderr)


def write(line: str) -> None:
    """Print a line of data.

    Raises:
        ExportError: It cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    _write(f"{format.printable(line)}\n")


def write_json(content: Any) -> None:
    """Print facts as JSON, which holds printable characters only."""
    _write(f"{json.dumps(content, indent=2, allow_nan=False)}\n")


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int]) -> None:
    """Print rows under their heads, numbers to the right and the columns of ``left`` to the left."""
    lines = [head, *([format.printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        write("  " + "  ".join(cells).rstrip())


def open_streams() -> None:
    """Send what goes to a closed stream to nowhere; else the next file that is opened would take its place."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 until the program ends
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a name is no reason to fail


def drop_stdout() -> None:
    """Let Python's own flush at exit go nowhere."""
    _drop(sys.stdout)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_stdout()
        raise ExportError(f"The output cannot be written: {error.strerror}.", "Send it elsewhere.") from error


def _drop(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
