"""The list of an export's files: what each is, and all that is needed to make it again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from inspector import __version__
from inspector.errors import ExportError
from inspector.export.facts import Facts, difference_facts, preprocessing_facts
from inspector.export.files import INDEX, INDEX_BYTES
from inspector.export.pictures import Drawn
from inspector.export.wish import Wish
from inspector.graph.model import Array, Layer, Prediction, Run

_RUNTIMES = ("onnxruntime-gpu", "onnxruntime")


def file_sha256(path: str) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror or error}.") from error


def image_sha256(path: str) -> str | None:
    """Return the SHA-256 of a picture's file; None where there is no ordinary file of that name."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def asked_facts(wish: Wish, sha256: str, head: str, options: Mapping[str, Any], image: str) -> Facts:
    """Return what an export was asked for: with the same facts and the same program it gives the same files.

    Args:
        wish: What to write.
        sha256: Of the model's file.
        head: How the answer is to be read.
        options: How the model is fed and run, ready for JSON.
        image: What was fed, as it was given.
    """
    return {**wish.facts(), "model": sha256, "image": image_sha256(image), "head": head or None, **options}


def entry(
    file: str,
    what: str,
    layer: Layer | None = None,
    tensor: str = "",
    array: Array | None = None,
    drawn: Drawn | None = None,
) -> Facts:
    """Return what is listed of a file before it is written."""
    return {
        "file": file,
        "what": what,
        "layer": None if layer is None else layer.name,
        "op_type": None if layer is None else layer.op_type,
        "tensor": tensor or None,
        "shape": None if array is None else list(array.shape),
        "dtype": None if array is None else array.dtype.name,
        "limits": None if drawn is None else _listed(drawn.limits),
        "colormap": None if drawn is None else drawn.colormap,
        "channels": None if drawn is None else {"order": "as stored", "shown": list(drawn.channels) or "all"},
        "tiles": None if drawn is None else _tiles(drawn),
        "quantization": None,
    }


def _listed(limits: tuple[Any, ...]) -> list[Any]:
    return [list(each) if isinstance(each, tuple) else each for each in limits]


def _tiles(drawn: Drawn) -> Facts | None:
    grid = drawn.grid
    if grid is None:
        return None
    return {"columns": grid.columns, "height": grid.tile_height, "width": grid.tile_width, "gap": grid.gap}


def run_facts(run: Run | None) -> Facts:
    """Return how the instrumented network ran; without a run there is nothing to say."""
    if run is None:
        return {"view": None, "difference": None}
    return {"view": run.view, "difference": difference_facts(run.difference)}


def index_facts(
    model: str, sha256: str, prediction: Prediction, ran: Facts, asked: Facts, files: list[Facts], is_complete: bool
) -> Facts:
    """Return the index.

    Args:
        model: Of the model's file, as it was given.
        sha256: Of its content.
        prediction: What was fed, and how.
        ran: See ``run_facts``.
        asked: See ``asked_facts``.
        files: An entry for each.
        is_complete: Nothing that was wanted is missing.
    """
    return {
        "model": model,
        "sha256": sha256,
        "image": prediction.image,
        "preprocessing": preprocessing_facts(prediction.preprocessing),
        "inputs": [
            {
                "name": name,
                "shape": list(array.shape),
                "dtype": array.dtype.name,
                "from": prediction.origins.get(name),
            }
            for name, array in prediction.fed.items()
        ],
        "note": prediction.note or (prediction.picture.note if prediction.picture is not None else ""),
        "provider": prediction.provider,
        **ran,
        "version": __version__,
        "runtime": runtime_version(),
        "asked": asked,
        "complete": is_complete,
        "files": files,
    }


def runtime_version() -> str | None:
    """Return which ONNX Runtime is installed, without loading it."""
    for name in _RUNTIMES:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def is_complete(folder: str, asked: Facts) -> bool:
    """Say whether a folder holds all files of an export that was asked for the same, each of its length.

    Args:
        folder: That an earlier export may have written.
        asked: See ``asked_facts``.
    """
    index = _read(os.path.join(folder, INDEX))
    if index is None or index.get("complete") is not True or index.get("asked") != json.loads(json.dumps(asked)):
        return False
    if (index.get("version"), index.get("runtime")) != (__version__, runtime_version()):
        return False
    files = index.get("files")
    return isinstance(files, Sequence) and all(_is_there(folder, each) for each in files)


def _is_there(folder: str, listed: Any) -> bool:
    try:
        name = listed["file"]
        facts = os.lstat(os.path.join(folder, name)) if os.path.basename(name) == name else None
        return facts is not None and stat.S_ISREG(facts.st_mode) and facts.st_size == listed["bytes"]
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _read(path: str) -> dict[str, Any] | None:
    try:
        facts = os.lstat(path)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > INDEX_BYTES:
            return None
        with open(path, "rb") as file:
            content = json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
