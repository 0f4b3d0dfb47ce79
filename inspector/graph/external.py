"""Weights in files beside the model: which files a model may name, and where in them its tensors lie.

A model may name a regular file in its own folder or below it, reached without a link, and known by that one name only.
In a Hugging Face cache, where everything is a link into one folder of blobs, it may name what lies among those blobs.
ONNX Runtime is then given one folder and, for each tensor, a path below it (CVE-2022-25882, CVE-2024-27318,
CVE-2026-27489, CVE-2026-34445, CVE-2026-34446 and CVE-2026-34447 are about libraries that looked less closely).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field

from inspector.errors import ModelError
from inspector.graph import sniff
from inspector.graph.remedies import DAMAGED
from inspector.graph.weight import WeightFile

_MOST_DIGITS = 19  # of an offset: 2 ** 63 has nineteen


@dataclass(slots=True)
class Files:
    """The files a model consists of.

    Attributes:
        model_path: As the user gave it.
        own: The model's file itself.
        folder: Absolute; every file lies in it or below it.
        base: Absolute; where the names in the model start from.
        blobs: The blobs of the Hugging Face cache that the model lies in; ``""`` if it lies in none.
        opened: The files named so far, by the name in the model.
    """

    model_path: str
    own: WeightFile
    folder: str
    base: str
    blobs: str = ""
    opened: dict[str, WeightFile] = field(default_factory=dict)

    @property
    def own_location(self) -> str:
        """The model's own file, below ``folder``."""
        return self.location(self.own)

    def location(self, file: WeightFile) -> str:
        """Return the path of a file below ``folder``, with forward slashes."""
        return os.path.relpath(file.path, self.folder).replace(os.sep, "/")

    def all(self) -> tuple[WeightFile, ...]:
        """Return the model's file and, without repetition, those it names."""
        return tuple({file.path: file for file in (self.own, *self.opened.values())}.values())


def files_of(model_path: str, own: WeightFile) -> Files:
    """Return where the model's names start from, and the folder that holds everything it may name.

    Args:
        model_path: As the user gave it.
        own: The same file with links resolved.
    """
    given = os.path.dirname(os.path.abspath(model_path))
    cache = _cache_root(given)
    if cache:
        return Files(model_path, own, cache, given, blobs=os.path.join(cache, "blobs"))
    folder = os.path.dirname(own.path)
    return Files(model_path, own, folder, folder)


def _cache_root(folder: str) -> str:
    """Return the real ``models--...`` folder of the Hugging Face cache around a snapshot's folder, or ``""``."""
    real = os.path.realpath(folder)
    root, found, _ = real.partition(f"{os.sep}snapshots{os.sep}")
    return root if found and os.path.basename(root).startswith("models--") else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tensor that says it lies in a file.

    Attributes:
        name: For the user.
        length_bytes: What its shape and type take.
        location: The file's name, as the model has it.
        offset, length: As the model has them; ``""`` where it says nothing.
    """

    name: str
    length_bytes: int
    location: str
    offset: str = ""
    length: str = ""


def locate(files: Files, wanted: Wanted) -> tuple[WeightFile, int]:
    """Return the file that holds a tensor and where in it the tensor starts.

    Raises:
        ModelError: The file may not be used, or does not hold the tensor.
    """
    model = os.path.basename(files.model_path)
    file = files.opened.get(wanted.location)
    if file is None:
        file = _open(files, wanted, model)
        files.opened[wanted.location] = file
    offset = _number(wanted, "offset", wanted.offset, 0, model)
    length = _number(wanted, "length", wanted.length, wanted.length_bytes, model)
    where = f"the weights {wanted.name!r} of {model}"
    if length != wanted.length_bytes:
        raise ModelError(
            f"{where[0].upper()}{where[1:]} take {wanted.length_bytes:,} bytes, but {length:,} are announced.",
            DAMAGED,
        )
    if offset + length > file.size_bytes:
        raise ModelError(
            f"{os.path.basename(file.path)} ends before {where}: it holds {file.size_bytes:,} bytes"
            f" of the {offset + length:,} that are needed.",
            "Download or copy the file again; it may be cut off, or belong to another model.",
        )
    return file, offset


def _number(wanted: Wanted, what: str, text: str, default: int, model: str) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ModelError(
            f"The {what} of the weights {wanted.name!r} in {model} is {text[:40]!r}, which is no number of bytes.",
            DAMAGED,
        )
    return int(text)


def _open(files: Files, wanted: Wanted, model: str) -> WeightFile:
    location = wanted.location
    named = f"{model} keeps the weights {wanted.name!r} in {location[:200]!r}"
    _refuse_escape(location, named)
    path = os.path.join(files.base, *location.split("/"))
    real = os.path.realpath(path)
    is_itself = real == os.path.join(os.path.realpath(files.base), *_parts(location))
    if not is_itself and not (files.blobs and os.path.dirname(real) == files.blobs):
        raise ModelError(
            f"{named}, which is reached by a link.", "Put the file itself into the model's folder, not a link to it."
        )
    try:
        status = os.lstat(real)
    except FileNotFoundError:
        raise ModelError(
            f"{named}, and there is no such file beside it.", "Copy that file into the same folder."
        ) from None
    except OSError as error:
        raise ModelError(f"{named}, which cannot be opened: {error.strerror}.", "Check the file.") from None
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{named}, which is not a regular file.", "Put the weights themselves there.")
    descriptor = sniff.open_regular(real, getattr(os, "O_NOFOLLOW", 0))
    try:
        if os.fstat(descriptor).st_nlink > 1:
            raise ModelError(
                f"{named}, which is one file under several names (a hard link); it could be a file of another folder.",
                "Copy it, put the copy in its place, and open the model again.",
            )
        return sniff.identity(real, descriptor)
    finally:
        os.close(descriptor)


def _parts(location: str) -> list[str]:
    return [part for part in location.split("/") if part not in ("", ".")]


def _refuse_escape(location: str, named: str) -> None:
    remedy = "Open models of this origin only if you trust it; export it with its weights in its own folder."
    if not _parts(location):
        raise ModelError(f"{named}, which names no file.", DAMAGED)
    if location.startswith("/") or ".." in location.split("/") or "\\" in location or "\0" in location:
        raise ModelError(f"{named}, which points out of the model's folder.", remedy)
    if os.name == "nt" and ":" in location:  # a drive, or a second stream of a file
        raise ModelError(f"{named}, which points out of the model's folder.", remedy)
    if len(location) > 1 and location[1] == ":" and location[0].isascii() and location[0].isalpha():
        raise ModelError(f"{named}, which points to another drive.", remedy)
