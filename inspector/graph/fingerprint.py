"""Which network a file holds, whatever the file is called."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable

from inspector.graph.weight import READ_FLAGS, Weight, WeightFile

EACH_BYTES = 1024  # of a weight, at its start and again at its end
MOST_WEIGHTS = 4096


def fingerprint(graph: bytes, weights: Iterable[Weight]) -> str:
    """Return the SHA-256, in hexadecimal, of a network without its weights and of a little of each weight.

    A network that was trained anew has another fingerprint; one whose file was copied or renamed has the same. A change
    in the middle of a large weight is not seen: weights are not read as a whole.

    Args:
        graph: The model without its large weights, as ``wire.without_weights`` returns it.
        weights: What it stores; only the first ``MOST_WEIGHTS`` count.
    """
    digest = hashlib.sha256(graph)
    opened: dict[WeightFile, int] = {}
    try:
        for _, weight in zip(range(MOST_WEIGHTS), weights, strict=False):
            if weight.file is None:
                continue
            if weight.file not in opened:
                opened[weight.file] = os.open(weight.file.path, READ_FLAGS)
            for begin in (0, max(0, weight.length_bytes - EACH_BYTES)):
                digest.update(_part(opened[weight.file], weight, begin))
    except OSError:
        pass  # whoever needs a weight that cannot be read says so
    finally:
        for descriptor in opened.values():
            with contextlib.suppress(OSError):
                os.close(descriptor)
    return digest.hexdigest()


def _part(descriptor: int, weight: Weight, begin: int) -> bytes:
    os.lseek(descriptor, weight.offset_bytes + begin, os.SEEK_SET)
    return os.read(descriptor, min(EACH_BYTES, weight.length_bytes - begin))
