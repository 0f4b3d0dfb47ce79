"""What was dropped on the window: files of this computer, and a sentence for all that is not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import QDropEvent, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from inspector.ui import icons, theme
from inspector.ui.text import file_name

MODEL_ENDING = ".onnx"
LABELS_ENDING = ".txt"
# Networks that this program does not read: opened as models, so that it is said what they are.
FOREIGN_ENDINGS = (".pt", ".pth", ".ckpt", ".h5", ".keras", ".tflite", ".ort", ".safetensors", ".gguf")
# What is picked out of a dropped folder. A single file may have any name: its content decides.
PICTURE_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
    *(".avif", ".ico", ".wav", ".csv", ".npy", ".npz", ".pb"),
)
FOLDER_DEPTH = 2
FOLDER_FILES = 1_000
KEEPS_DROPS = "keepsDrops"  # the property of a widget in a dock that takes files for itself
_URI_LIST = "text/uri-list"
_DRAGS = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.DragLeave, QEvent.Type.Drop)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a list of files is.

    Attributes:
        models: Paths, at most one.
        pictures: Paths, in the order given; tensors too.
        labels: Paths, at most one.
        foreign: A network in another format, where there is neither model nor picture; may be empty.
        remark: What was left out; may be empty.
    """

    models: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    foreign: str = ""
    remark: str = ""


def holds_files(data: QMimeData) -> bool:
    """Return whether a drag brings a list of files or addresses."""
    return data.hasFormat(_URI_LIST)


def dropped(data: QMimeData) -> Dropped:
    """Return the files that a drag brings, folders opened and addresses elsewhere refused."""
    paths, remark = local_paths(data)
    found = sort_files(paths)
    return replace(found, remark=remark or found.remark)


def local_paths(data: QMimeData) -> tuple[tuple[str, ...], str]:
    """Return the local paths of a drag, byte for byte as the file system has them, and why others were left out.

    ``QUrl.toLocalFile`` replaces bytes that are not UTF-8, and such a file could then not be opened.
    """
    raw = bytes(data.data(_URI_LIST).data())
    paths: list[str] = []
    remark = ""
    for line in raw.replace(b"\0", b"").splitlines():
        address = line.strip()
        if not address or address.startswith(b"#"):
            continue
        path, why = _local_path(address)
        if path:
            paths.append(path)
        remark = remark or why
    return tuple(paths), remark


def _local_path(address: bytes) -> tuple[str, str]:
    scheme, _, rest = address.partition(b":")
    if scheme.lower() != b"file":
        return "", "Only files on this computer can be opened: save the picture or model first, then drop the file."
    if os.name == "nt":
        url = QUrl.fromEncoded(address)
        return ("", _elsewhere(url.host())) if url.host() else (url.toLocalFile(), "")
    if rest.startswith(b"//"):
        host, _, tail = rest[2:].partition(b"/")
        name = os.fsdecode(unquote_to_bytes(host)).lower()
        if name not in ("", "localhost", socket.gethostname().lower()):
            return "", _elsewhere(name)
        rest = b"/" + tail
    # A file manager may add "?" or "#" only encoded; a bare one belongs to no file name.
    path = unquote_to_bytes(rest)
    return (os.fsdecode(path), "") if path.startswith(b"/") and b"\0" not in path else ("", "")


def _elsewhere(host: str) -> str:
    return f"The file lies on another computer ({host}): copy it to this one first."


def sort_files(paths: tuple[str, ...]) -> Dropped:
    """Return the files by what they are; of folders, the models and pictures inside."""
    files: list[str] = []
    remark = ""
    for path in paths:
        if not os.path.isdir(path):
            files.append(path)
            continue
        inside = _inside(path)
        if not inside:
            remark = f"There is no model and no picture in the folder {file_name(path)}."
        elif len(inside) > FOLDER_FILES:
            remark = f"Only the first {FOLDER_FILES:,} files of the folder {file_name(path)} were taken."
        files += inside[:FOLDER_FILES]
    models = tuple(each for each in files if _ends(each, MODEL_ENDING))
    labels = tuple(each for each in files if _ends(each, LABELS_ENDING))
    foreign = [each for each in files if _ends(each, *FOREIGN_ENDINGS)]
    pictures = tuple(each for each in files if not _ends(each, MODEL_ENDING, LABELS_ENDING, *FOREIGN_ENDINGS))
    if len(models) > 1:
        remark = remark or f"Of {len(models)} models, {file_name(models[0])} is opened: one is shown at a time."
    if foreign and (models or pictures):
        remark = remark or f"{file_name(foreign[0])} is left out: models are ONNX files here."
        foreign = []
    return Dropped(models[:1], pictures, labels[:1], "".join(foreign[:1]), remark)


def _inside(folder: str) -> list[str]:
    """Return at most one file more than is taken, so that the caller can say so."""
    found: list[str] = []
    for path in _walk(folder, FOLDER_DEPTH):
        if _ends(path, MODEL_ENDING, *PICTURE_ENDINGS):
            found.append(path)
            if len(found) > FOLDER_FILES:
                break
    return found


def _walk(folder: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:  # a folder one may not read has nothing for us
        return
    for entry in entries:
        if entry.is_file():
            yield entry.path
    for entry in entries:
        if depth > 1 and entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _walk(entry.path, depth - 1)


def _ends(path: str, *endings: str) -> bool:
    return path.lower().endswith(endings)


def promise(data: QMimeData) -> tuple[str, str]:
    """Return what dropping this would do, in a few words, without looking into folders; and an icon for it."""
    paths, remark = local_paths(data)
    folders = [path for path in paths if os.path.isdir(path)]
    found = sort_files(tuple(path for path in paths if path not in folders))
    parts = [f"the model {file_name(path)}" for path in (*found.models, *filter(None, (found.foreign,)))]
    if len(found.pictures) == 1:
        parts.append(f"the picture {file_name(found.pictures[0])}")
    elif found.pictures:
        parts.append(f"{len(found.pictures):,} pictures")
    parts += [f"the labels {file_name(path)}" for path in found.labels]
    parts += [f"what is in {file_name(path)}" for path in folders[:1]]
    if not parts:
        return remark or "There is no file in this", "warning"
    return f"Open {' and '.join(parts)}", "open-model" if found.models or found.foreign else "open-image"


class DropOverlay(QWidget):
    """Covers a window while files are dragged over it, and says what dropping them would do."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._covered = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.message, self._icon = "", ""
        self.hide()

    def cover(self, message: str, icon: str) -> None:
        """Show the message over the whole parent."""
        self.message, self._icon = message, icon
        self.setGeometry(self._covered.rect())
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = theme.color("window")
        veil.setAlphaF(0.7)
        painter.fillRect(self.rect(), veil)
        font = theme.font("title", bold=True)
        metrics = QFontMetrics(font)
        room = self.width() - 8 * theme.GROUP
        text = metrics.elidedText(self.message, Qt.TextElideMode.ElideMiddle, room)
        width = max(360, metrics.horizontalAdvance(text) + 4 * theme.GROUP)
        card = QRectF((self.width() - width) / 2, self.height() / 2 - 70, width, 140)
        painter.setPen(QPen(theme.color("accent"), 2, Qt.PenStyle.DashLine))
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(card, theme.LARGE_RADIUS, theme.LARGE_RADIUS)
        icon = icons.pixmap(self._icon, 40, theme.color("accent"), self.devicePixelRatioF())
        painter.drawPixmap(round(card.center().x()) - 20, round(card.top()) + 24, icon)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        line = QRectF(card.left(), card.top() + 76, card.width(), metrics.height())
        painter.drawText(line, int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextSingleLine), text)


class DropTarget(QObject):
    """Takes files dragged onto a window, or onto one of its docks where that floats as a window of its own.

    Attributes:
        taken: ``Dropped`` files.
    """

    taken = Signal(object)

    def __init__(self, window: QMainWindow, docks: Sequence[QDockWidget]) -> None:
        super().__init__(window)
        self._window = window
        self._docks = tuple(docks)
        self._overlay = DropOverlay(window)
        window.setAcceptDrops(True)
        for widget in (window, *docks):
            widget.installEventFilter(self)
        self.leave_to_window()

    def leave_to_window(self) -> None:
        """Keep the docks' fields and canvases, which may be new, from taking drops for themselves."""
        for dock in self._docks:
            for child in dock.findChildren(QWidget):
                if not child.property(KEEPS_DROPS):
                    child.setAcceptDrops(False)
            dock.setAcceptDrops(True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle drags; everything else goes its way."""
        if event.type() not in _DRAGS:  # first of all: a window that is being deleted still has events, but no drags
            return False
        if watched is not self._window and not (isinstance(watched, QDockWidget) and watched.isFloating()):
            return False
        if isinstance(event, QDropEvent):  # entering and moving are drops to Qt as well
            self._handle(event)
            return event.isAccepted() or watched is self._window
        if event.type() == QEvent.Type.DragLeave:
            self._overlay.hide()
        return False

    def _handle(self, event: QDropEvent) -> None:
        if not holds_files(event.mimeData()):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if event.type() == QEvent.Type.DragEnter:
            self._overlay.cover(*promise(event.mimeData()))
        elif event.type() == QEvent.Type.Drop:
            self._overlay.hide()
            self.taken.emit(dropped(event.mimeData()))
