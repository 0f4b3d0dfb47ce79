"""The preview in the export dialog: drawn in a process of its own by what draws the export."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QProcess, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

import inspector
from inspector import format
from inspector.analysis.reading import reading
from inspector.errors import InspectorError
from inspector.export.kernels import first_spatial, sees_bgr
from inspector.export.wish import TITLES, Wish
from inspector.graph.model import Array, Layer
from inspector.ui import theme
from inspector.ui.session import Session

DRAWN = ("maps", "overlay", "kernels")  # what there are previews of, the first that is wanted first
SIDE = 720  # pixels of the preview's longer side, for sharp screens
MOST_BYTES = 1 << 25
DEBOUNCE_MS = 150
_KILL_AFTER_MS = 500
_ROOT = str(Path(inspector.__file__).resolve().parents[1])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from inspector.export.preview import main; main()"

Request = tuple[dict[str, Any], Sequence[Array]]


def requested(session: Session, layer: Layer | None, wish: Wish) -> Request | str:
    """Return what the preview is made of, or why there is none.

    Args:
        session: With a run.
        layer: Whose files are previewed.
        wish: What is to be written.
    """
    what = next((each for each in DRAWN if wish.has(each, "png")), "")
    run, model = session.run, session.model
    if not what:
        named = ", ".join(TITLES[each].lower() for each in DRAWN)
        return f"There is a preview of pictures only (PNG): {named}."
    if layer is None or run is None or model is None:
        return "No layer is chosen."
    look = asdict(wish.look)
    channel = wish.channels[0] if wish.channels else -1
    about = {"what": what, "look": look, "channel": channel, "side": SIDE}
    about |= {"index": layer.index, "name": layer.name, "op_type": layer.op_type}
    if what == "kernels":
        return _of_kernels(session, layer, about)
    tensor = run.tensors.get(layer.output.name)
    read = reading(tensor, layer.output, run.tensors) if tensor is not None else None
    if read is None:
        return f"{layer.name} has no feature maps that can be drawn."
    if read.values.nbytes > MOST_BYTES:
        return f"The maps of {layer.name} are too large for a preview: {format.memory(read.values.nbytes)}."
    about |= {"form": read.form, "slice": read.slice}
    if what == "maps":
        return about, [read.values]
    picture = run.prediction.picture
    if picture is None or read.form not in ("maps", "volume") or read.maps[0].size < 2:
        return f"The maps of {layer.name} do not lie over a picture."
    return about | {"size": picture.size, "box": picture.box}, [read.values, picture.pixels]


def _of_kernels(session: Session, layer: Layer, about: dict[str, Any]) -> Request | str:
    weight, model, run = layer.weight("kernel"), session.model, session.run
    if weight is None or model is None or run is None:
        return f"{layer.name} has no kernels."
    if (size := 4 * math.prod(weight.shape)) > MOST_BYTES:
        return f"The kernels of {layer.name} are too large for a preview: {format.memory(size)}."
    try:
        kernel = weight.codes() if weight.quantization is None else weight.read()
    except InspectorError as error:
        return f"The kernels of {layer.name} cannot be shown. {error}"
    return about | {"bgr": sees_bgr(run.prediction), "rgb": layer is first_spatial(model)}, [kernel]


class PreviewMaker(QObject):
    """Makes one preview after the other; the newest request takes the place of one that waits.

    Signals:
        made: The ``QImage``, and width and height of the picture that the export would write.
        failed: Why there is none.
    """

    made = Signal(object, int, int)
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: Request | None = None
        self._is_busy = self._is_wanted = False
        self._answer = b""
        self._soon = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._soon.timeout.connect(self._send)
        self._process: QProcess | None = None

    def make(self, request: Request) -> None:
        """Make a preview, soon."""
        self._waiting = request
        self._soon.start()

    def forget(self) -> None:
        """Make none any more of what waits; what is under way is not shown."""
        self._waiting, self._is_wanted = None, False
        self._soon.stop()

    def close(self) -> None:
        """End the process."""
        self.forget()
        if self._process is not None:
            process, self._process = self._process, None
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(_KILL_AFTER_MS)

    @Slot()
    def _send(self) -> None:
        if self._waiting is None or self._is_busy:
            return
        about, arrays = self._waiting
        self._waiting, self._is_busy, self._is_wanted, self._answer = None, True, True, b""
        if self._process is None:
            self._process = QProcess(self)
            self._process.setProgram(sys.executable)
            self._process.setArguments(["-I", "-c", _START, _ROOT])
            self._process.readyReadStandardOutput.connect(self._read)
            self._process.finished.connect(self._on_end)
            self._process.errorOccurred.connect(self._on_end)
            self._process.start()
        whole = [np.ascontiguousarray(each) for each in arrays]
        listed = [{"dtype": each.dtype.str, "shape": each.shape} for each in whole]
        self._process.write(json.dumps(about | {"arrays": listed}).encode() + b"\n")
        for each in whole:
            self._process.write(each.tobytes())

    @Slot()
    def _read(self) -> None:
        if self._process is None:
            return
        self._answer += bytes(self._process.readAllStandardOutput().data())
        line, end, pixels = self._answer.partition(b"\n")
        if not end:
            return
        about = json.loads(line)
        height, width = about["shape"]
        if len(pixels) < 3 * height * width:
            return
        self._is_busy = False
        if self._waiting is None and self._is_wanted:
            image = QImage(pixels, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
            self.made.emit(image, *about["size"])
        else:
            self._send()

    @Slot()
    def _on_end(self) -> None:
        if self._process is None:
            return
        said = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").strip()
        self._process.deleteLater()
        self._process, self._is_busy = None, False
        self.failed.emit(f"The preview could not be made. {said.splitlines()[-1] if said else ''}".strip())


class PreviewView(QWidget):
    """A picture as large as it fits, never enlarged beyond its pixels' edges, or a sentence."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        self._sentence = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Preview")

    @property
    def image(self) -> QImage:
        """What is shown; a null image where a sentence is."""
        return self._image

    @property
    def sentence(self) -> str:
        """Why nothing is shown; empty where something is."""
        return self._sentence

    def show_image(self, image: QImage) -> None:
        self._image, self._sentence = image, ""
        self.update()

    def say(self, sentence: str) -> None:
        self._image, self._sentence = QImage(), sentence
        self.setAccessibleDescription(sentence)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 320)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 160)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("canvas"))
        painter.drawRoundedRect(rect, theme.RADIUS, theme.RADIUS)
        room = rect.adjusted(theme.SPACING, theme.SPACING, -theme.SPACING, -theme.SPACING)
        if self._image.isNull():
            painter.setPen(theme.color("muted"))
            painter.setFont(theme.font("small"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, int(flags), self._sentence)
            return
        size = self._image.size() / self.devicePixelRatioF()
        scale = min(1.0, room.width() / max(1, size.width()), room.height() / max(1, size.height()))
        width, height = size.width() * scale, size.height() * scale
        place = QRectF(room.center().x() - width / 2, room.center().y() - height / 2, width, height)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        painter.drawImage(place, self._image)
