"""How much memory this machine has left, and what a process holds of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

_UNBOUNDED_GUESS_BYTES = 8 << 30  # where the system does not say how much memory is free
_LARGEST_RESERVE_BYTES = 2 << 30


def free_memory_bytes() -> int:
    """Return the memory that programs can still take without swapping, also within a container's limit."""
    free = _meminfo("MemAvailable:") or _UNBOUNDED_GUESS_BYTES
    return min([free, *_free_in_groups()])


def reserve_bytes() -> int:
    """Return the memory that is always left to the rest of the machine: an eighth of it, at most 2 GiB."""
    return min(_LARGEST_RESERVE_BYTES, (_meminfo("MemTotal:") or _UNBOUNDED_GUESS_BYTES) // 8)


def touched_bytes(process: int | str = "self") -> int:
    """Return the private memory that a process really occupies; 0 where that cannot be known."""
    return _kilobytes(f"/proc/{process}/status", "RssAnon:")


def private_bytes(process: int | str = "self") -> int:
    """Return the private memory that a process asked for, which ``RLIMIT_DATA`` bounds; 0 where that is not known."""
    return _kilobytes(f"/proc/{process}/status", "VmData:")


def gib(size_bytes: float) -> str:
    """Return an amount of memory as sentences about limits give it: ``20.1 GiB``, ``38 MiB``."""
    return f"{size_bytes / 2**30:.1f} GiB" if size_bytes >= 0.95 * 2**30 else f"{max(size_bytes, 0) / 2**20:.0f} MiB"


def _meminfo(key: str) -> int:
    return _kilobytes("/proc/meminfo", key)


def _kilobytes(path: str, key: str) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError), open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0


def _free_in_groups() -> Iterator[int]:
    """Yield what is left of the limit of a control group: a container may have less than the machine."""
    with contextlib.suppress(OSError), open("/proc/self/cgroup", encoding="utf-8", errors="replace") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if not controllers:
                yield from _left("/sys/fs/cgroup", path, "memory.max", "memory.current", "inactive_file")
            elif "memory" in controllers.split(","):
                root = "/sys/fs/cgroup/memory"
                yield from _left(root, path, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _left(root: str, path: str, limit: str, usage: str, idle: str) -> Iterator[int]:
    for folder in dict.fromkeys((os.path.join(root, path.lstrip("/")), root)):  # a container sees its own as the root
        with contextlib.suppress(OSError, ValueError):
            allowed, used = (_number(os.path.join(folder, name)) for name in (limit, usage))
            with open(os.path.join(folder, "memory.stat"), encoding="ascii") as file:
                cache = next((int(line.split()[1]) for line in file if line.startswith(f"{idle} ")), 0)
            yield max(0, allowed - used + cache)


def _number(path: str) -> int:
    with open(path, encoding="ascii") as file:
        return int(file.read())  # "max" is no number, and no limit
