from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from PIL import Image


@pytest.fixture(scope="session")
def folder(repository) -> Path:
    """Where the models lie."""
    return repository / "models"


@pytest.fixture(scope="session")
def sample_folder(repository) -> Path:
    """Where their sample pictures lie."""
    return repository / "resources" / "samples"


@pytest.fixture
def script(folder, monkeypatch) -> Iterator[Callable[[str], ModuleType]]:
    """Load a script of ``models/`` as it is loaded when it is run there."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # what lies in models/ ships
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == folder:
            del sys.modules[name]


@pytest.fixture
def session(folder) -> Callable[[str], onnxruntime.InferenceSession]:
    """Open a bundled model with plain ONNX Runtime."""

    def session(name: str) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])

    return session


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return the pixels as a PNG file's bytes."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def as_input(picture: Path | bytes, mode: str, size: int) -> NDArray[np.float32]:
    """Do by hand what the cards of shapes and digits say: convert, stretch, divide by 255."""
    with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
        small = image.convert(mode).resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(small, np.float32).reshape(size, size, -1)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[np.newaxis] / np.float32(255))
