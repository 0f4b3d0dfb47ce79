"""``python -m tests.manual [NAME ...]``: draws the manual's pictures anew, from the bundled models and samples."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PIL import Image
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from inspector.render.arrays import Index
from inspector.ui import theme
from inspector.ui.main_window import MainWindow
from inspector.ui.pictures import image_of, selected_map
from inspector.ui.program import make_application
from inspector.ui.screenshot import png_of, settle, wait_until_shown, write_atomically
from inspector.ui.session import Session

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "resources" / "manual"
SAMPLES = REPOSITORY / "resources" / "samples"
WINDOW = (1_600, 1_000)
_FREQUENT = 1_500  # pixels from which on a color is kept as it is


class Scene:
    """The window with a bundled model and a sample, brought to where a picture is taken."""

    def __init__(self, model: str, sample: str, dress: theme.Theme, size: tuple[int, int], *alone: str) -> None:
        theme.apply(make_application(), dress)
        self.session = Session("cpu")
        self.window = MainWindow(self.session)
        if alone:
            self.window.setMinimumSize(0, 0)
        self.window.resize(*size)
        self.window.show()
        self.open(str(REPOSITORY / "models" / f"{model}.onnx"), sample)
        for dock in self.window.docks:
            dock.setVisible(not alone or dock.objectName() in alone)
        for name in alone:
            self.window.dock(name).raise_()
        self.wait()

    def open(self, *files: str) -> None:
        """Open files; those that are only a name are samples."""
        self.session.open_files([str(SAMPLES / name) for name in files])  # a whole path stays as it is
        self.wait()

    def wait(self) -> None:
        """Let all that was asked for be there, and painted."""
        wait_until_shown(self.session)
        settle()
        if self.session.failure is not None:
            raise SystemExit(self.session.failure.message)

    def view(self, **changes: object) -> None:
        """Look at something else."""
        self.session.set_view(**changes)
        self.wait()

    def panel(self, name: str) -> Any:
        """Return the panel in a dock."""
        return self.window.panel(self.window.dock(name))

    def save(self, name: str, *docks: str) -> None:
        """Write the picture of these panels, or of the whole window."""
        settle()
        window, place = self.window, QRect()
        for each in docks:
            panel = self.panel(each)
            place = place.united(QRect(panel.mapTo(window, panel.rect().topLeft()), panel.size()))
        _write(name, window.grab(place) if docks else window.grab())

    def close(self) -> None:
        self.window.close()
        self.session.close()
        self.window.deleteLater()
        settle()


def _write(name: str, picture: QPixmap) -> None:
    """Write a picture; the manual stays small."""
    label = QLabel()
    label.setPixmap(picture)
    label.resize(picture.deviceIndependentSize().toSize())
    with Image.open(io.BytesIO(png_of(label))) as whole:
        few = _in_steps(whole.convert("RGB"))
    content = io.BytesIO()
    few.save(content, "PNG", optimize=True)
    path = FOLDER / f"{name}.png"
    write_atomically(str(path), content.getvalue())
    print(f"{path.relative_to(REPOSITORY)}: {few.width} x {few.height}, {len(content.getvalue()) / 1_000:.0f} kB")


def _in_steps(picture: Image.Image) -> Image.Image:
    """Return a picture whose rare colors are in steps of 4 of 255: not seen to change, noise takes less room."""
    pixels = np.asarray(picture).reshape(-1, 3)
    _, which, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    steps = np.minimum((pixels.astype(np.uint16) + 2) // 4 * 4, 255).astype(np.uint8)
    kept = np.where((counts[which.reshape(-1)] >= _FREQUENT)[:, np.newaxis], pixels, steps)
    return Image.fromarray(kept.reshape(picture.height, picture.width, 3))


@contextmanager
def scene(model: str, sample: str, dress: theme.Theme, size: tuple[int, int] = WINDOW, *alone: str) -> Iterator[Scene]:
    """Open a window for a picture, with these panels alone."""
    opened = Scene(model, sample, dress, size, *alone)
    try:
        yield opened
    finally:
        opened.close()


# ---------------------------------------------------------------- the pictures


def main_window() -> None:
    dresses: tuple[theme.Theme, ...] = ("dark", "light")
    for dress in dresses:
        with scene("shapes", "shapes-star.png", dress) as here:
            here.view(layer="relu1", channel=10, element=(16, 24))
            here.save(f"main-{dress}")


def layers() -> None:
    with scene("shapes", "shapes-star.png", "light", (780, 760), "layers") as here:
        here.view(layer="conv2")
        here.panel("layers").details.head.setChecked(True)
        here.save("layers", "layers")


def wall() -> None:
    with scene("shapes", "shapes-ring.png", "dark", (900, 620), "feature_maps") as here:
        here.view(layer="relu2", channel=6, order="mean")
        here.save("wall", "feature_maps")


def channel() -> None:
    with scene("shapes", "shapes-star.png", "light", (900, 620), "channel") as here:
        here.view(layer="relu1", channel=10, element=(16, 24))
        here.save("channel", "channel")


def kernels() -> None:
    with scene("shapes", "shapes-star.png", "dark", (640, 860), "kernels") as here:
        here.view(layer="conv1", channel=10)
        here.panel("kernels").section.head.setChecked(True)
        here.save("kernels", "kernels")


def overview() -> None:
    with scene("digits", "digits-3.png", "light", (1_200, 640), "overview") as here:
        here.view(layer="conv2")
        here.save("overview", "overview")


def output() -> None:
    with scene("shapes", "shapes-star.png", "dark", (620, 880), "output") as here:
        here.panel("output").classes.origin.head.setChecked(True)
        here.save("output", "output")


def arithmetic() -> None:
    with scene("digits", "digits-3.png", "light", (1_040, 800), "arithmetic") as here:
        here.view(layer="conv2", channel=3, element=(6, 9))
        here.save("arithmetic", "arithmetic")


def compare() -> None:
    with scene("digits", "digits-3.png", "dark", (1_440, 880)) as here:
        here.view(layer="conv1", channel=2)
        here.session.pin_reference()
        here.open("digits-8.png")
        here.view(compare="difference")
        here.save("compare")


def edit() -> None:
    """The worked example of lectures: a picture, another kernel on it, ReLU and pooling, side by side."""
    with scene("edges", "edges-facade.png", "light") as here:
        before = here.session.run
        here.panel("kernels").editor.head.setChecked(True)
        here.panel("kernels").editor.named.chosen.emit("", "Sobel x")
        here.wait()
        run = here.session.run
        assert run is not None
        assert run is not before
        fed = np.asarray(next(iter(run.prediction.fed.values())))[0, 0]
        grey = np.repeat((fed * 255).round().astype(np.uint8)[..., np.newaxis], 3, axis=2)
        pictures: list[tuple[str, Index]] = [(f"input, {fed.shape[0]} × {fed.shape[1]}", grey)]
        for name, words in (("laplacian", "convolution with Sobel x"), ("relu", "ReLU"), ("pool", "2 × 2 max pooling")):
            here.view(layer=name, colormap="magma")
            taken = selected_map(here.session)
            assert taken is not None
            assert taken.taken is not None
            height, width = taken.taken.pixels.shape[:2]
            pictures.append((f"{words}, {height} × {width}", taken.taken.pixels))
        _write("edit", _side_by_side(pictures).grab())


def _side_by_side(pictures: list[tuple[str, Index]]) -> QWidget:
    row = QWidget()
    columns = QHBoxLayout(row)
    columns.setSpacing(theme.MARGIN)
    for words, pixels in pictures:
        caption, picture = QLabel(words), QLabel()
        caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        caption.setFont(theme.font("small"))
        picture.setPixmap(QPixmap.fromImage(image_of(pixels)))
        column = QVBoxLayout()
        column.setSpacing(theme.GAP)
        column.addStretch(1)
        column.addWidget(picture, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(caption)
        columns.addLayout(column)
    row.ensurePolished()
    row.adjustSize()
    return row


PICTURES: dict[str, Callable[[], None]] = {
    "main": main_window,
    "layers": layers,
    "wall": wall,
    "channel": channel,
    "kernels": kernels,
    "overview": overview,
    "output": output,
    "arithmetic": arithmetic,
    "compare": compare,
    "edit": edit,
}


def main() -> None:
    application = make_application()  # kept: it ends with the last who holds it
    for name in sys.argv[1:] or PICTURES:
        PICTURES[name]()
    application.processEvents()


if __name__ == "__main__":
    main()
