"""What ships with the program: models, sample pictures, icons. Found in a clone and in an installed wheel alike."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".npy")


@cache
def root() -> Path:
    """Return the folder that holds ``models`` and ``resources``."""
    package = Path(__file__).resolve().parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent


def models() -> tuple[Path, ...]:
    """Return the bundled models, by name."""
    return tuple(sorted((root() / "models").glob("*.onnx")))


def model(name: str) -> Path:
    """Return the bundled model of that name, e.g. ``"shapes"``.

    Raises:
        FileNotFoundError: There is none.
    """
    return _existing(root() / "models" / f"{name}.onnx")


def samples(model_name: str) -> tuple[Path, ...]:
    """Return the sample pictures of a bundled model, by name; empty if it has none.

    They lie in ``resources/samples`` and are named after the model: ``shapes-circle.png``.
    """
    folder = root() / "resources" / "samples"
    return tuple(sorted(each for each in folder.glob(f"{model_name}-*") if each.suffix in PICTURES))


def icon(name: str) -> Path:
    """Return the SVG icon of that name.

    Raises:
        FileNotFoundError: There is none.
    """
    return _existing(root() / "resources" / "icons" / f"{name}.svg")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(path)
    return path
