"""Work on several threads, with few pieces of it waiting, as each holds a tensor in memory."""

from __future__ import annotations

import collections
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Workers:
    """Does pieces of work side by side.

    Args:
        count: Of threads; 0 for one for each processor that this process may use.
    """

    def __init__(self, count: int = 0) -> None:
        count = count or processors()
        self._pool = ThreadPoolExecutor(count, "export")
        self._most = 2 * count
        self._waiting: collections.deque[Future[object]] = collections.deque()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def do(self, work: Callable[[], object]) -> None:
        """Have something done; where much is waiting already, wait for the oldest, and raise what that raised."""
        if len(self._waiting) >= self._most:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(work))

    def finish(self) -> None:
        """Wait until all is done, and raise what the first piece of work that failed raised."""
        while self._waiting:
            self._waiting.popleft().result()


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
