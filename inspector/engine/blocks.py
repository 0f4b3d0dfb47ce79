"""The shared memory that carries tensors from the child to the program, without a copy.

The program makes a block; the child writes into it; the program maps it again for every run, read-only, and
lends it anew when the last array on it is gone. On Linux a block is a sealed memory file without a name:
no crash of either side can leak it, and the child can neither shrink nor grow it under the program's feet.
Elsewhere it is a temporary file.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import tempfile
import weakref
from dataclasses import dataclass, field

import numpy as np

from inspector.engine.machine import free_memory_bytes, gib, reserve_bytes
from inspector.engine.protocol import Lend, Placement
from inspector.errors import EngineError
from inspector.graph.model import Array

ALIGNMENT = 64
_DTYPES = frozenset(["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1", "c8", "c16"])


def size_of(shape: tuple[int, ...], dtype: str) -> int:
    """Return the bytes of a tensor; exact for any size."""
    count = 1
    for length in shape:
        count *= length
    return count * np.dtype(dtype).itemsize


def aligned(offset: int) -> int:
    """Return the next offset at which a tensor may begin."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


@dataclass(slots=True)
class _Backing:
    """The file behind a block. ``path`` is empty where a descriptor is passed instead."""

    size: int
    descriptor: int
    path: str = ""

    @staticmethod
    def create(size: int, by_path: bool) -> _Backing:
        size = -(-max(size, 1) // mmap.PAGESIZE) * mmap.PAGESIZE
        if by_path:
            descriptor, path = tempfile.mkstemp(prefix="inspector-")
        else:
            descriptor, path = os.memfd_create("inspector", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), ""
        backing = _Backing(size, descriptor, path)
        try:
            os.ftruncate(descriptor, size)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, size)  # fails now, cleanly, instead of killing a writer later
            if not path:
                _seal(descriptor)
        except OSError:
            backing.close()
            raise
        return backing

    def close(self) -> None:
        os.close(self.descriptor)
        if self.path:
            with contextlib.suppress(OSError):
                os.unlink(self.path)


def _seal(descriptor: int) -> None:
    import fcntl  # not on Windows, where blocks are files

    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)


@dataclass(slots=True)
class ProgramBlocks:
    """The blocks as the program sees them; one for each child.

    Attributes:
        limit_bytes: All blocks together may not be larger.
        by_path: Pass blocks by the path of a temporary file, for systems without memory files.
    """

    limit_bytes: int
    by_path: bool = sys.platform != "linux"
    _blocks: dict[int, _Backing] = field(default_factory=dict)
    _free: set[int] = field(default_factory=set)
    _unmapped: set[int] = field(default_factory=set)  # lent, and nothing of them seen yet
    _last: int = 0

    def lend(self, size: int) -> tuple[Lend, int | None]:
        """Return a block of at least ``size`` bytes, and the descriptor to pass along if it is new."""
        fitting = [number for number in self._free if self._blocks[number].size >= size]
        if fitting:
            number = min(fitting, key=lambda each: self._blocks[each].size)
            self._free.discard(number)
            self._unmapped.add(number)
            return Lend(number, self._blocks[number].size, is_new=False), None
        forget = tuple(self._free)  # all too small
        for number in forget:
            self._drop(number)
        used = sum(backing.size for backing in self._blocks.values())
        left = min(self.limit_bytes - used, free_memory_bytes() - reserve_bytes())
        if size > left:
            return Lend(0, 0, False, forget=forget, refusal=_too_much(size, left)), None
        try:
            backing = _Backing.create(size, self.by_path)
        except OSError as error:
            return Lend(
                0, 0, False, forget=forget, refusal=f"the system refused {size:,} bytes ({error.strerror})"
            ), None
        self._last += 1
        self._blocks[self._last] = backing
        self._unmapped.add(self._last)
        descriptor = None if backing.path else backing.descriptor
        return Lend(self._last, backing.size, True, backing.path, forget), descriptor

    def map(self, number: int) -> mmap.mmap:
        """Map a lent block read-only; it is free again when the mapping is gone."""
        if number not in self._blocks or number in self._free:
            raise EngineError("The engine named a block of memory that it was not lent.")
        backing = self._blocks[number]
        self._unmapped.discard(number)
        mapping = mmap.mmap(backing.descriptor, backing.size, access=mmap.ACCESS_READ)
        weakref.finalize(mapping, self._free.add, number).atexit = False
        return mapping

    def reclaim(self) -> None:
        """Take back what was lent for a request that ended before it used it."""
        self._free |= self._unmapped
        self._unmapped.clear()

    def close(self) -> None:
        """Drop all blocks. Arrays in hand stay readable: their mappings keep the memory."""
        for number in tuple(self._blocks):
            self._drop(number)

    def _drop(self, number: int) -> None:
        self._free.discard(number)
        self._unmapped.discard(number)
        self._blocks.pop(number).close()


def arrays(placements: tuple[Placement, ...], mappings: dict[int, mmap.mmap]) -> dict[str, Array]:
    """Return the tensors at those places, read-only.

    Raises:
        EngineError: A place is not inside its block, or its type is none we know: the child is not to be trusted.
    """
    return {place.name: _array(place, mappings) for place in placements}


def _array(place: Placement, mappings: dict[int, mmap.mmap]) -> Array:
    if place.block not in mappings or place.dtype.lstrip("<|=") not in _DTYPES or any(n < 0 for n in place.shape):
        raise EngineError(f"The engine described the tensor {place.name!r} in a way that cannot be.")
    mapping = mappings[place.block]
    size = size_of(place.shape, place.dtype)
    if place.offset < 0 or place.offset % ALIGNMENT or place.offset + size > len(mapping):
        raise EngineError(f"The engine placed the tensor {place.name!r} outside its memory.")
    count = size // np.dtype(place.dtype).itemsize
    return np.frombuffer(mapping, place.dtype, count, place.offset).reshape(place.shape) if count else _empty(place)


def _empty(place: Placement) -> Array:
    empty = np.empty(place.shape, place.dtype)
    empty.flags.writeable = False
    return empty


def _too_much(size: int, left: int) -> str:
    return f"the tensors need {gib(size)} and {gib(left)} of memory are left for them"


class ChildBlocks:
    """The blocks as the child sees them."""

    def __init__(self) -> None:
        self._blocks: dict[int, mmap.mmap] = {}

    def take(self, lend: Lend, descriptor: int | None) -> mmap.mmap:
        """Map the lent block, writable, and unmap those that must go."""
        self.forget(lend)
        if lend.is_new:
            opened = os.open(lend.path, os.O_RDWR) if descriptor is None else descriptor
            self._blocks[lend.block] = mmap.mmap(opened, lend.bytes)
            os.close(opened)
        return self._blocks[lend.block]

    def forget(self, lend: Lend) -> None:
        """Unmap the blocks that must go. One that still has an array on it is unmapped with the array."""
        for number in lend.forget:
            with contextlib.suppress(BufferError):
                self._blocks.pop(number).close()

    def view(self, place: Placement) -> Array:
        """Return the tensor at that place."""
        return view(self._blocks[place.block], place)


class Layout:
    """Lays arrays out in a block, one after the other, each on a 64-byte boundary."""

    def __init__(self) -> None:
        self.end = 0

    def place(self, name: str, shape: tuple[int, ...], dtype: str) -> Placement:
        """Return a place at the end, in block 0: the real number is known when the block is lent."""
        offset = aligned(self.end)
        self.end = offset + size_of(shape, dtype)
        return Placement(name, shape, dtype, 0, offset)


def view(block: mmap.mmap, place: Placement) -> Array:
    """Return the tensor at that place, writable."""
    return np.ndarray(place.shape, place.dtype, block, place.offset)
