"""What is given as pictures on the command line: files, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence

from inspector.errors import ImageError

ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".ico", ".ppm", ".pgm"),
    *(".wav", ".csv", ".npy", ".npz", ".pb"),
)
"""Of the files in a folder that are taken for pictures, signals and tensors."""


_MAGIC = frozenset("*?[")


def pictures(given: Sequence[str], target: str) -> tuple[tuple[str, ...], tuple[ImageError, ...]]:
    """Return all files that are meant, each once, and what is wrong with what names none.

    A folder stands for the pictures, signals and tensors in it and in the folders below it, hidden ones left out; a
    name that is no file and holds ``*``, ``?`` or ``[`` for the files that it fits. Both come in the order of their
    names.

    Args:
        given: As they were typed.
        target: The folder that is written to: below another one it is left out, as it holds pictures once it was
            written to.
    """
    found: dict[str, None] = {}
    failures = []
    for name in given:
        if os.path.isdir(name):
            inside = dict.fromkeys(_inside(name, os.path.realpath(target)))
            if not inside:
                failures.append(ImageError(f"{name} holds no picture, signal or tensor.", "Give another folder."))
            found |= inside
        elif not os.path.lexists(name) and not _MAGIC.isdisjoint(name):
            fitting = [each for each in sorted(glob.glob(name, recursive=True)) if not os.path.isdir(each)]
            if not fitting:
                failures.append(ImageError(f"No file has a name like {name}.", "Check the pattern and the folder."))
            found |= dict.fromkeys(fitting)
        else:
            found[name] = None
    return tuple(found), tuple(failures)


def _inside(folder: str, target: str) -> Iterator[str]:
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(
            each
            for each in folders
            if not each.startswith(".") and os.path.realpath(os.path.join(path, each)) != target
        )
        for name in sorted(files):
            if name.lower().endswith(ENDINGS) and not name.startswith("."):
                yield os.path.join(path, name)
