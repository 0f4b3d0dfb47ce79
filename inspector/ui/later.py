"""Work that would hold the window up, done on a thread of its own and asked after by a timer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

ASK_MS = 20

_Result = TypeVar("_Result")


class Later(QObject):
    """The result of one piece of work at a time; what is asked for next takes its place.

    The thread rings no bell itself, it could outlive who hears it: a timer looks whether it is done.

    Args:
        parent: Who owns it.
        rest_ms: Begin only when nothing else was asked for in so many milliseconds: for what is not urgent, and would
            slow down the drawing of what is.

    Signals:
        done: There is a result, or an error.
    """

    done = Signal()

    def __init__(self, parent: QObject, rest_ms: int = 0) -> None:
        super().__init__(parent)
        self._key: Hashable = None
        self._work: Callable[[], Any] | None = None  # that is to begin
        self._rest = QTimer(self, singleShot=True, interval=rest_ms)
        self._rest.timeout.connect(self._begin)
        self._future: Future[Any] | None = None
        self._threads = ThreadPoolExecutor(1, "reading")
        self._timer = QTimer(self, interval=ASK_MS)
        self._timer.timeout.connect(self._look)

    def result(self, key: Hashable, work: Callable[[], _Result]) -> _Result | None:
        """Return what the work of that key gave; None while it is under way, which asking begins.

        Raises:
            Exception: What the work raised.
        """
        if (self._future is None and self._work is None) or key != self._key:
            self.forget()
            self._key, self._work = key, work
            if self._rest.interval():
                self._rest.start()
            else:
                self._begin()
        if self._future is not None and self._future.done():
            found: _Result = self._future.result()
            return found
        return None

    @Slot()
    def _begin(self) -> None:
        if self._work is not None:
            self._future, self._work = self._threads.submit(self._work), None
            self._timer.start()

    def forget(self) -> None:
        """Let go of the result; work that has not begun is not done."""
        self._timer.stop()
        self._rest.stop()
        if self._future is not None:
            self._future.cancel()
        self._key = self._future = self._work = None

    @Slot()
    def _look(self) -> None:
        if self._future is None or self._future.done():
            self._timer.stop()
            self.done.emit()
