"""Small text files that lie beside a model: found, opened without surprises, and read."""

from __future__ import annotations

import errno
import os
import stat

from inspector.errors import ModelError
from inspector.graph.weight import READ_FLAGS

MAX_BYTES = 1 << 20
FROM_PARENT = ("preprocessor_config.json", "processor_config.json", "config.json")
"""Files that Hugging Face puts above a folder ``onnx``."""


def folder_of(model_path: str) -> str:
    """Return the folder that the model lies in, as the user gave it."""
    return os.path.dirname(os.path.abspath(model_path))


def parent_of(model_path: str) -> str:
    """Return the folder above, where the model's is called ``onnx``, as Optimum lays them out; else ``""``."""
    folder = folder_of(model_path)
    return os.path.dirname(folder) if os.path.basename(folder) == "onnx" else ""


def readable(model_path: str) -> tuple[str, ...]:
    """Return the folders, and single files of the parent's, that reading a model and what lies beside it takes.

    The parent's files are named one by one, and only those that are regular files and no links out of there: whoever
    locks a process in to these paths opens nothing else of that folder.
    """
    folders = {folder_of(model_path): None, os.path.dirname(os.path.realpath(model_path)): None}
    parent = parent_of(model_path)
    above = [os.path.join(parent, name) for name in FROM_PARENT] if parent else []
    files = [os.path.realpath(path) for path in above if is_within(path, model_path) and os.path.isfile(path)]
    return (*folders, *files)


def is_within(path: str, model_path: str) -> bool:
    """Whether a path, its links followed, lies in the model's folder or below it; a file of the parent's, in that.

    The model's folder counts by the model's own links followed, too: in a Hugging Face cache model and configuration
    are both links into one folder of blobs.
    """
    target, parent = os.path.realpath(path), parent_of(model_path)
    roots = [os.path.realpath(folder_of(model_path)), os.path.dirname(os.path.realpath(model_path))]
    if parent and os.path.dirname(os.path.abspath(path)) == parent:
        roots.append(os.path.realpath(parent))
    return any(_is_below(target, root) for root in roots)


def text(path: str, model_path: str, most_bytes: int = MAX_BYTES) -> str:
    """Return the content of a small text file.

    Raises:
        ModelError: It is no regular file in its folder or below it, cannot be read, is too large, or not UTF-8.
    """
    name = os.path.basename(path)
    if not is_within(path, model_path):
        raise ModelError(
            f"{name} beside the model is a link that leads out of the model's folder.",
            "Put the file itself beside the model, or remove the link.",
        )
    try:
        content = _content(os.path.realpath(path), name, most_bytes)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelError(f"{name} cannot be read ({reason}).", "Check that it exists and may be read.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelError(f"{name} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error


def _is_below(target: str, root: str) -> bool:
    try:
        return os.path.commonpath([root, target]) == root
    except ValueError:  # two drives
        return False


def _content(target: str, name: str, most_bytes: int) -> bytes:
    try:
        descriptor = os.open(target, READ_FLAGS)
    except OSError as error:
        # A socket; a folder, on Windows.
        if error.errno == errno.ENXIO or os.path.isdir(target):
            raise _not_regular(name) from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _not_regular(name)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > most_bytes:
        raise ModelError(f"{name} is larger than {most_bytes >> 20} MiB.", "Shorten it; such files are small texts.")
    return content


def _not_regular(name: str) -> ModelError:
    return ModelError(f"{name} beside the model is not a regular file.", "Replace it by a text file, or remove it.")
