"""Opening a file that may be anything, and saying what it is when it is no ONNX model."""

from __future__ import annotations

import os
import stat

from inspector.errors import ModelError
from inspector.graph.remedies import INCOMPLETE
from inspector.graph.weight import READ_FLAGS, WeightFile

LARGEST_PROTOBUF = (1 << 31) - 1  # bytes; protobuf itself reads no more
_HEAD_BYTES = 512

_EXPORT = "Export the network to ONNX in the framework it was trained with"
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (
        0,
        b"version https://git-lfs.github.com/spec/",
        "is a Git LFS pointer: the text that stands for a model that was not downloaded",
        "Fetch the model itself with `git lfs pull`, or download it from the project's page.",
    ),
    (0, b"PK\x03\x04", "is a zip archive, as PyTorch's .pt files are", f"{_EXPORT}, or unpack the archive first."),
    (0, b"\x1f\x8b", "is compressed with gzip", "Unpack it with gunzip first."),
    (0, b"BZh", "is compressed with bzip2", "Unpack it with bunzip2 first."),
    (0, b"\xfd7zXZ\x00", "is compressed with xz", "Unpack it with unxz first."),
    (0, b"\x28\xb5\x2f\xfd", "is compressed with zstd", "Unpack it with unzstd first."),
    (0, b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", "Unpack it first."),
    (257, b"ustar", "is a tar archive", "Unpack it first."),
    (4, b"ORTM", "is in ONNX Runtime's own ORT format", "Open the .onnx file that it was converted from."),
    (4, b"TFL3", "is a TensorFlow Lite model", "Convert it to ONNX with tf2onnx (--tflite)."),
    (0, b"\x89HDF\r\n\x1a\n", "is an HDF5 file, as Keras saves networks", "Convert it to ONNX with tf2onnx."),
    (0, b"\x80\x02", "is a Python pickle, as old PyTorch files are", f"{_EXPORT}."),
    (0, b"GGUF", "is a GGUF model", "This program shows convolutional networks in ONNX files."),
    (0, b"\x93NUMPY", "is a NumPy array", "Open a model first; the array can then be fed to it like a picture."),
    (0, b"\x89PNG\r\n\x1a\n", "is a PNG picture", "Rename it to .png and open it as a picture."),
    (0, b"\xff\xd8\xff", "is a JPEG picture", "Rename it to .jpg and open it as a picture."),
    (0, b"GIF8", "is a GIF picture", "Rename it to .gif and open it as a picture."),
    (0, b"%PDF", "is a PDF document", f"{_EXPORT}."),
    (0, b"\x7fELF", "is a program, not a network", "Choose an .onnx file."),
)


def open_regular(path: str, flags: int = 0) -> int:
    """Open a file for reading and return its descriptor; never waits, as opening a pipe would.

    Raises:
        ModelError: It is not there, may not be read, or is no regular file.
    """
    name = os.path.basename(path) or path
    try:
        before = os.stat(path)
        if not stat.S_ISREG(before.st_mode):  # before opening: opening a device may already do something
            raise ModelError(f"{name} is {_kind(before.st_mode)}, not a file.", "Choose an .onnx file.")
        descriptor = os.open(path, READ_FLAGS | flags)
    except FileNotFoundError:
        raise ModelError(f"There is no file {path}.", "Check the name and the folder.") from None
    except PermissionError:
        raise ModelError(f"{name} may not be read.", "Change its permissions, or copy it.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise ModelError(f"{name!r} cannot be opened: {error}.", "Check the name and the folder.") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise ModelError(f"{name} is {_kind(mode)}, not a file.", "Choose an .onnx file.")
    return descriptor


def identity(path: str, descriptor: int) -> WeightFile:
    """Return the open file's ``WeightFile``; ``path`` has its links resolved."""
    status = os.fstat(descriptor)
    return WeightFile(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def refuse_other_formats(name: str, descriptor: int, size_bytes: int) -> None:
    """Name what a file is that is certainly no ONNX model.

    Raises:
        ModelError: It is empty, too large for protobuf, or starts like something else.
    """
    if size_bytes == 0:
        raise ModelError(f"{name} is empty.", INCOMPLETE)
    head = os.read(descriptor, _HEAD_BYTES)
    for offset, signature, what, remedy in _SIGNATURES:
        if head.startswith(signature, offset):
            raise ModelError(f"{name} {what}.", remedy)
    if _is_html(head):
        raise ModelError(f"{name} is a web page, not a model.", "Download it again, with the link to the raw file.")
    if size_bytes > LARGEST_PROTOBUF:
        raise ModelError(
            f"{name} holds {size_bytes / 2**30:.1f} GiB; an ONNX file can hold 2 GiB at most.",
            "Export the model with its weights as external data, in files beside it.",
        )


def damaged(name: str, head: bytes, reason: str) -> ModelError:
    """Return the error for a file that does not read as ONNX: text is called text, the rest damaged.

    Args:
        name: Of the file.
        head: The first bytes of the file.
        reason: What is wrong with it, as a sentence without its end.
    """
    head = head[:_HEAD_BYTES]
    if _is_text(head):
        return ModelError(f"{name} is a text file, not an ONNX model.", "Choose an .onnx file.")
    return ModelError(f"{name} is no intact ONNX model: {reason}.", INCOMPLETE)


def _is_html(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<!--"))


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else the last letter is merely cut in two
            return False
        text = head[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter in "\t\n\r\f" for letter in text)


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((what for test, what in kinds if test(mode)), "something special")
