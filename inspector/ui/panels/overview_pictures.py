"""The tiles of the overview's columns, made on a thread of their own when they are first looked at."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from inspector.analysis.comparing import Sight
from inspector.graph.model import Layer, Tensor
from inspector.render.columns import Ends, Tiles, strongest, tiles
from inspector.ui.later import Later

TURN_SECONDS = 0.1  # of making tiles before those that are there are shown
_PAUSE_SECONDS = 0.0005
_MOST_BYTES = 1 << 26

_Wish = tuple[int, int]  # pixels along a tile's longer side, and tiles
_Made = dict[str, tuple[_Wish, Tiles | None]]  # by tensor: for what, and what; None where nothing can be drawn
_NOTHING: tuple[_Wish, None] = ((0, 0), None)


class ColumnPictures(QObject):
    """The strongest maps of layers, of one run or of the difference between two.

    Signals:
        made: Some more are there.
    """

    made = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._sight: Sight | None = None
        self._colormap = ""
        self._made: _Made = {}
        self._wanted: dict[str, tuple[Tensor, _Wish]] = {}
        self._bytes = 0
        self._turn = 0
        self._is_working = False
        self._work: Callable[[], _Made] = dict
        self._later = Later(self)
        self._later.done.connect(self._take)
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._begin)

    def show_run(self, sight: Sight | None, colormap: str = "") -> None:
        """Make tiles of what is looked at here from now on, and forget all others.

        Args:
            sight: What is looked at; None for nothing.
            colormap: How they are drawn; ``""`` lets the values decide.
        """
        self._later.forget()
        self._is_working, self._work = False, dict
        self._sight, self._colormap = sight, colormap
        self._made.clear()
        self._wanted.clear()
        self._bytes = 0

    def forget_wishes(self) -> None:
        """Make only what is asked for from now on: the view has moved."""
        self._wanted.clear()

    @property
    def is_done(self) -> bool:
        """Everything that was asked for is there."""
        return not self._wanted and not self._is_working

    def of(self, layer: Layer, size: int, count: int) -> Tiles | None:
        """Return a layer's tiles, perhaps smaller or fewer ones, if they have been made; else, or then, they will be.

        Args:
            layer: In the run.
            size: Pixels along a tile's longer side.
            count: How many tiles.
        """
        name = layer.output.name
        there, found = self._made.get(name, _NOTHING)
        if (there[0] < size or there[1] < count) and self._sight is not None and self._sight.has(name):
            self._wanted[name] = layer.output, (max(size, there[0] if there[1] < count else 0), count)
            if not self._is_working and not self._timer.isActive():
                self._timer.start()
        return found

    def colormaps(self) -> tuple[tuple[str, Ends], ...]:
        """Return by which colormaps tiles are drawn, and from what to what, the most frequent first."""
        drawn = Counter((each.colormap, each.ends) for _, each in self._made.values() if each)
        return tuple(each for each, _ in drawn.most_common())

    def there(self, layer: Layer) -> Tiles | None:
        """Return a layer's tiles if they have been made."""
        return self._made.get(layer.output.name, _NOTHING)[1]

    @Slot()
    def _begin(self) -> None:
        if not self._wanted or self._is_working or self._sight is None:
            return
        self._is_working = True
        self._turn += 1
        chosen = {name: each.channels for name, (_, each) in self._made.items() if each is not None}
        self._work = partial(_tiles, dict(self._wanted), self._sight, chosen, self._colormap)
        if self._later.result(self._turn, self._work) is not None:
            self._take()

    @Slot()
    def _take(self) -> None:
        if not self._is_working:
            return
        self._is_working = False
        found = self._later.result(self._turn, self._work)
        self._later.forget()
        self._work = dict
        for name, (wish, each) in (found or {}).items():
            last = self._made.pop(name, _NOTHING)[1]
            self._bytes += (each.index.nbytes if each is not None else 0) - (last.index.nbytes if last else 0)
            self._made[name] = wish, each
            if name in self._wanted and self._wanted[name][1] == wish:
                del self._wanted[name]
        while self._bytes > _MOST_BYTES and len(self._made) > len(found or {}):
            _, oldest = self._made.pop(next(iter(self._made)))
            self._bytes -= oldest.index.nbytes if oldest is not None else 0
        if self._wanted:
            self._timer.start()
        self.made.emit()


def _tiles(
    wanted: Mapping[str, tuple[Tensor, _Wish]], sight: Sight, chosen: Mapping[str, tuple[int, ...]], colormap: str
) -> _Made:
    """Make as many as there is time for."""
    until = time.monotonic() + TURN_SECONDS
    made: _Made = {}
    for name, (known, (size, count)) in wanted.items():
        made[name] = (size, count), _drawn(known, size, count, sight, chosen.get(name, ()), colormap)
        time.sleep(_PAUSE_SECONDS)  # whoever paints meanwhile would else wait for Python's lock, again and again
        if time.monotonic() > until:
            break
    return made


def _drawn(known: Tensor, size: int, count: int, sight: Sight, chosen: tuple[int, ...], colormap: str) -> Tiles | None:
    read = sight.read(known)
    if read is None:
        return None
    other = sight.read_beside(known)
    beside = other.maps if other is not None else None
    is_signal = read.form == "signal"
    is_alike = beside is not None and beside.shape == read.maps.shape
    if sight.side == "reference" and is_alike and beside is not None and len(chosen) < count and not is_signal:
        chosen = strongest(beside, count)  # the current run's, so that both are seen in the same places
    return tiles(read.maps, size, count, is_signal, chosen, beside, read.is_difference, colormap)
