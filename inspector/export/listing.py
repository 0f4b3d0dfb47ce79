"""The files of one export while they are written, each with what is listed of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from inspector.analysis.statistics import statistics
from inspector.export.captions import captioned
from inspector.export.facts import Facts
from inspector.export.files import Folder
from inspector.export.numbers import write_npy, write_tiff
from inspector.export.pictures import Drawn
from inspector.export.pieces import OpenNpz, sized
from inspector.export.png import encode
from inspector.export.wish import Look
from inspector.format import json_number
from inspector.graph.model import Array

Progress = Callable[[int, int], None]


class Listing:
    """Writes files, on any thread, and keeps what the index says of each; ``about`` is always an ``index.entry``.

    Args:
        folder: Where they go.
        names: Of all that may be written, in the order of the index.
        look: Of pictures.
        progress: Called with the number of files written, and of all; never on two threads at once.
        open_files: Closes what is filled little by little, if it is not finished.
    """

    def __init__(
        self, folder: Folder, names: Sequence[str], look: Look, progress: Progress, open_files: ExitStack
    ) -> None:
        self._folder = folder
        self._names = names
        self._look = look
        self._progress = progress
        self._open_files = open_files
        self._lock = threading.Lock()
        self._entries: dict[str, Facts] = {}

    def entries(self) -> list[Facts]:
        """Return what is listed of the files that are written."""
        return [self._entries[name] for name in self._names if name in self._entries]

    def picture(self, about: Facts, drawn: Drawn, words: Sequence[str]) -> None:
        """Write something that was drawn as PNG, with words below it where captions are wanted."""
        if self._look.is_captioned:
            self.content(about, encode(captioned(drawn, words, max(1, self._look.scale))))
        else:
            self.content(about, encode(drawn.painting))

    def array(self, about: Facts, array: Array) -> None:
        """Write an array as NPY."""
        self._done(about | sized(self._folder.write(about["file"], lambda file: write_npy(file, array))))

    def stack(self, about: Facts, stack: Array, axes: str, limits: tuple[float, float] | None = None) -> None:
        """Write a stack as TIFF, see ``numbers.write_tiff``; without limits from its smallest to its largest value."""
        known = statistics(stack)
        ends = limits or (known.minimum, known.maximum)
        about = about | {"dtype": "float32", "shape": list(stack.shape), "limits": [json_number(each) for each in ends]}
        written = self._folder.write(about["file"], lambda file: write_tiff(file, stack, axes, ends))
        self._done(about | {"axes": axes} | sized(written))

    def content(self, about: Facts, content: bytes) -> None:
        """Write bytes."""
        self._done(about | sized(self._folder.write(about["file"], lambda file: file.write(content))))

    def npz(self, name: str, what: str) -> OpenNpz:
        """Begin an NPZ file; ``put`` puts it in its place."""
        return OpenNpz(self._open_files.enter_context(self._folder.part(name)), name, what)

    def put(self, npz: OpenNpz) -> None:
        """Finish an NPZ file."""
        self._done(npz.finish())

    def _done(self, about: Facts) -> None:
        with self._lock:
            self._entries[about["file"]] = about
            self._progress(len(self._entries), len(self._names))
