"""Arrays and tables as files whose bytes depend on nothing but what they hold."""

from __future__ import annotations

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, cast

import numpy as np
import tifffile

from inspector import format
from inspector.graph.model import Array

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a ZIP file can hold
_NUMBERS = ("NaN", "Infinity", "-Infinity")  # as ``format.json_number`` writes them


class _Plain:
    """A file that can only be written to: numpy writes to a real one past Python, and then loses what went wrong."""

    def __init__(self, file: Any) -> None:
        self.write = file.write


class _Nameless(io.RawIOBase):
    """A file without a name, and not a real one.

    tifffile wants a name to be text, and a file without a name in its folder has a number; and numpy writes to a real
    file past Python, and then loses what went wrong.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, content: Any) -> int:
        return self._file.write(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def write_npy(file: Any, array: Array) -> None:
    """Write an array as NPY."""
    np.lib.format.write_array(_Plain(file), np.asanyarray(array), allow_pickle=False)


class Npz:
    """An NPZ file that takes one array after the other, so that all of them need not be in memory.

    Args:
        file: To be written from its beginning.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)

    def add(self, name: str, array: Array) -> None:
        """Write one more array, which ``numpy.load`` gives by that name."""
        about = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
        about.create_system, about.external_attr = 3, 0o644 << 16  # the same on every system
        with self._zip.open(about, "w", force_zip64=True) as member:
            write_npy(member, array)

    def finish(self) -> None:
        """Write the table of contents."""
        self._zip.close()


def write_tiff(file: BinaryIO, stack: Array, axes: str, limits: tuple[float, float]) -> None:
    """Write a stack as a float32 TIFF that ImageJ opens with its axes.

    Args:
        file: To be written.
        stack: Of as many axes as ``axes`` has letters; real numbers.
        axes: ``CYX``, ``ZCYX``, ... in ImageJ's order (TZCYX).
        limits: The values drawn black and white.
    """
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(stack, np.float32)
    about: dict[str, Any] = {"axes": f"{axes}S", "mode": "grayscale"}
    if all(map(math.isfinite, limits)):
        about |= {"min": limits[0], "max": limits[1]}
    samples = numbers[..., np.newaxis]  # without that axis tifffile takes maps of one column for rows of one image
    tifffile.imwrite(cast("BinaryIO", _Nameless(file)), samples, imagej=True, photometric="minisblack", metadata=about)


def csv_text(head: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a table as CSV (RFC 4180); what a spreadsheet would compute begins with an apostrophe.

    Args:
        head: The columns, which are keys of the rows.
        rows: Numbers stay numbers, lists are joined by spaces, None is an empty cell.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(head)
    for row in rows:
        table.writerow([_cell(row.get(each)) for each in head])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        value = " ".join("?" if each is None else str(each) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str) or value in _NUMBERS:
        return value
    return format.cell(value)
