"""How far an export is: one changing line on a terminal, lines elsewhere if they are asked for."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType

from tqdm import tqdm

from inspector import format
from inspector.cli.console import say, tell


class FilesProgress:
    """Shows how many files of one picture are written.

    Args:
        name: Of what is written.
        is_asked: Whether to print lines where there is no terminal.
        unit: What is counted.
    """

    def __init__(self, name: str, is_asked: bool, unit: str = "files") -> None:
        self._name = format.printable(name)
        self._unit = unit
        self._is_terminal = sys.stderr.isatty()
        self._is_asked = is_asked
        self._shown = ""

    def __enter__(self) -> FilesProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal:  # whatever is said next begins on an empty line
            self._rewrite("")

    def show(self, done: int, total: int) -> None:
        """Say that so many of all files are written."""
        line = f"{self._name}: {done} of {total} {self._unit}"
        if self._is_terminal:
            self._rewrite(line[-shutil.get_terminal_size().columns + 1 :])  # a longer one could not be taken back
        elif self._is_asked and line != self._shown:
            say(line)
            self._shown = line

    def _rewrite(self, line: str) -> None:
        tell(f"\r{' ' * len(self._shown)}\r{line}")
        self._shown = line


class PicturesProgress:
    """A bar that shows how many pictures are done, and how long the rest will take.

    Args:
        total: Pictures.
        is_asked: Whether to draw it where there is no terminal.
    """

    def __init__(self, total: int, is_asked: bool) -> None:
        tqdm.monitor_interval = 0  # no thread that only looks whether the bar is old
        is_shown = is_asked or sys.stderr.isatty()
        self._bar = tqdm(total=total, disable=not is_shown, unit=" pictures", leave=False, dynamic_ncols=True)

    def __enter__(self) -> PicturesProgress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.close()

    def clear(self) -> None:
        """Make room for a line of text."""
        self._bar.clear()

    def step(self) -> None:
        """One more is done."""
        self._bar.update()
        self._bar.refresh()  # also where it was cleared a moment ago
