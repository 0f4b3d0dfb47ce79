"""What was dropped on the window: files of this computer, and a sentence for all that is not."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QMimeData, QRectF, Qt, QUrl
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from inspector.ui import icons, theme
from inspector.ui.text import file_name

MODEL_ENDING = ".onnx"
LABELS_ENDING = ".txt"
# What is picked out of a dropped folder. A single file may have any name: its content decides.
PICTURE_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"),
    *(".npy", ".pb"),
)
FOLDER_DEPTH = 2
FOLDER_FILES = 1_000
_URI_LIST = "text/uri-list"


@dataclass(frozen=True, slots=True)
class Dropped:
    """Attributes: models, pictures, labels: Paths, in the order given. remark: What was left out; may be empty."""

    models: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    remark: str = ""


def holds_files(data: QMimeData) -> bool:
    """Return whether a drag brings a list of files or addresses."""
    return data.hasFormat(_URI_LIST)


def dropped(data: QMimeData) -> Dropped:
    """Return the files that a drag brings, folders opened and addresses elsewhere refused."""
    paths, remark = local_paths(data)
    found = sort_files(paths)
    return Dropped(found.models, found.pictures, found.labels, remark or found.remark)


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
    pictures = tuple(each for each in files if not _ends(each, MODEL_ENDING, LABELS_ENDING))
    if len(models) > 1:
        remark = remark or f"Of {len(models)} models, {file_name(models[0])} is opened: one is shown at a time."
    return Dropped(models[:1], pictures, labels[:1], remark)


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
    parts = [f"the model {file_name(path)}" for path in found.models]
    if len(found.pictures) == 1:
        parts.append(f"the picture {file_name(found.pictures[0])}")
    elif found.pictures:
        parts.append(f"{len(found.pictures):,} pictures")
    parts += [f"the labels {file_name(path)}" for path in found.labels]
    parts += [f"what is in {file_name(path)}" for path in folders[:1]]
    if not parts:
        return remark or "There is no file in this", "warning"
    return f"Open {' and '.join(parts)}", "open-model" if found.models else "open-image"


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
