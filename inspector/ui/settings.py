"""What the program remembers between two starts, in one file that no damage can make it stumble over."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLockFile, QSettings, QStandardPaths

from inspector import __version__
from inspector.graph import recipe_text
from inspector.graph.preprocessing import Preprocessing
from inspector.ui.theme import THEMES, Theme

log = logging.getLogger(__name__)

FORMAT = "1"
LAYOUT_VERSION = 3  # raise it when docks are added or renamed
RECENT = 10
REMEMBERED = 200  # models whose preprocessing is known
_LOCK_MILLISECONDS = 2_000
_LARGEST_LAYOUT = 1 << 20
_MOST_COLUMNS = 100
_MOST_MEBIBYTES = 1 << 30
_FINGERPRINT = re.compile("[0-9a-f]{16,128}")


@dataclass(frozen=True, slots=True)
class RecentModel:
    """A model that was opened.

    Attributes:
        path: Absolute.
        image: The picture it last ran; ``""`` if none.
        opened: Seconds since 1970.
    """

    path: str
    image: str = ""
    opened: float = 0.0


@dataclass(frozen=True, slots=True)
class Values:
    """Everything that is remembered.

    Attributes:
        geometry: From ``QWidget.saveGeometry``; empty for the default.
        layout: From ``QMainWindow.saveState``; empty for the default.
        starting: The last start has not been seen to end well.
        models: Newest first.
        pictures: Newest first.
        recipes: What the user chose for a model, with its fingerprint; newest first.
        layer_columns: Heads of the columns that were chosen for the table of layers; None for the usual ones.
        tensor_memory_mib: What the tensors of one run may take, in MiB; 0 for a quarter of the memory that is free.
        export_folder: Where the last export went; ``""`` before there was one.
    """

    theme: Theme = "system"
    geometry: bytes = b""
    layout: bytes = b""
    starting: bool = False
    models: tuple[RecentModel, ...] = ()
    pictures: tuple[str, ...] = ()
    recipes: tuple[tuple[str, Preprocessing], ...] = ()
    tensor_memory_mib: int = 0
    layer_columns: tuple[str, ...] | None = None
    export_folder: str = ""


def configuration_file() -> Path:
    """Return where the settings are kept on this system."""
    return _folder(QStandardPaths.StandardLocation.GenericConfigLocation) / "settings.ini"


def state_folder() -> Path:
    """Return where logs and crash reports are kept on this system."""
    return _folder(QStandardPaths.StandardLocation.GenericStateLocation)


def _folder(kind: QStandardPaths.StandardLocation) -> Path:
    return Path(QStandardPaths.writableLocation(kind)) / "feature-map-inspector"


class Settings:
    """Reads once, and writes each change at once.

    Another window's changes are kept: each write reads the file again, under a lock, and changes only what it has to.

    Args:
        path: None remembers nothing beyond this process.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept_bad = False
        self.values = self._read() if path is not None else Values()

    def change(self, **changes: Any) -> None:
        """Replace some of the values; what cannot be written is logged and holds for this process."""
        self._update(lambda values: replace(values, **changes))

    def remember_model(self, path: str, image: str) -> None:
        """Put a model, with the picture it runs, at the head of the recent ones."""
        newest = RecentModel(path, image, time.time())

        def changed(values: Values) -> Values:
            others = (each for each in values.models if each.path != path)
            return replace(values, models=(newest, *others)[:RECENT])

        self._update(changed)

    def remember_picture(self, path: str) -> None:
        """Put a picture at the head of the recent ones."""

        def changed(values: Values) -> Values:
            others = (each for each in values.pictures if each != path)
            return replace(values, pictures=(path, *others)[:RECENT])

        self._update(changed)

    def remember_recipe(self, fingerprint: str, recipe: Preprocessing | None) -> None:
        """Put the preprocessing of a model at the head of those that are known, or forget it."""
        newest = ((fingerprint, recipe),) if recipe is not None else ()

        def changed(values: Values) -> Values:
            others = (each for each in values.recipes if each[0] != fingerprint)
            return replace(values, recipes=(*newest, *others)[:REMEMBERED])

        self._update(changed)

    def forget_recent(self) -> None:
        """Empty both lists."""
        self.change(models=(), pictures=())

    def models(self) -> tuple[RecentModel, ...]:
        """Return the recent models that are still there."""
        found = (each for each in self.values.models if os.path.isfile(each.path))
        return tuple(each if os.path.isfile(each.image) else replace(each, image="") for each in found)

    def pictures(self) -> tuple[str, ...]:
        """Return the recent pictures that are still there."""
        return tuple(each for each in self.values.pictures if os.path.isfile(each))

    # ---------------------------------------------------------------- the file

    def _update(self, changed: Callable[[Values], Values]) -> None:
        if self._path is None:
            self.values = changed(self.values)
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("Settings cannot be kept in %s: %s", self._path.parent, error.strerror)
            self.values = changed(self.values)
            return
        # QSettings has a lock of its own, but only around one write: not around reading, changing and writing.
        lock = QLockFile(str(self._path.with_suffix(".lock")))
        if not lock.tryLock(_LOCK_MILLISECONDS):
            log.warning("Settings cannot be kept in %s: it cannot be locked", self._path)
            self.values = changed(self.values)
            return
        try:
            self.values = changed(self._read())
            self._write(self.values)
        finally:
            lock.unlock()

    def _read(self) -> Values:
        assert self._path is not None
        if not self._path.exists():
            return Values()
        stored = QSettings(str(self._path), QSettings.Format.IniFormat)
        keys = stored.allKeys()
        if stored.status() != QSettings.Status.NoError or stored.value("format") != FORMAT:
            self._keep_bad("it is not a settings file of this program")
            return Values()
        changes: dict[str, Any] = {}
        for name, (key, _, decode) in _FIELDS.items():
            if key not in keys:
                continue
            try:
                text = stored.value(key)
                if not isinstance(text, str):
                    raise ValueError("not a text")
                changes[name] = decode(text)
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                self._keep_bad(f"{key}: {error}")
        return Values(**changes)

    def _write(self, values: Values) -> None:
        stored = QSettings(str(self._path), QSettings.Format.IniFormat)
        stored.setAtomicSyncRequired(True)
        if self._kept_bad:
            stored.clear()
        stored.setValue("format", FORMAT)
        for name, (key, encode, _) in _FIELDS.items():
            text = encode(getattr(values, name))
            if stored.value(key) != text:
                stored.setValue(key, text)
        stored.sync()
        if stored.status() != QSettings.Status.NoError:
            log.warning("Settings cannot be written to %s", self._path)

    def _keep_bad(self, reason: str) -> None:
        """Put the damaged file beside itself, once, before anything is written over it."""
        if self._kept_bad or self._path is None:
            return
        self._kept_bad = True
        bad = self._path.with_name(self._path.name + ".bad")
        log.warning("The settings in %s are damaged (%s); a copy is kept as %s", self._path, reason, bad.name)
        try:
            shutil.copyfile(self._path, bad)
        except OSError as error:
            log.warning("The damaged settings cannot be kept: %s", error.strerror)


# ---------------------------------------------------------------- each value as text, and back with a check


def _theme(text: str) -> Theme:
    return THEMES[THEMES.index(text)]


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _text_of_bytes(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _text_of_layout(state: bytes) -> str:
    if not state:
        return ""
    digest = hashlib.sha256(state).hexdigest()
    record = {"layout": LAYOUT_VERSION, "program": __version__, "sha256": digest, "state": _text_of_bytes(state)}
    return json.dumps(record)


def _layout(text: str) -> bytes:
    """Return the state only if it is what was written: Qt may hang on one changed byte."""
    if not text:
        return b""
    stored = json.loads(text)
    state = _bytes(stored["state"])
    if hashlib.sha256(state).hexdigest() != stored["sha256"] or len(state) > _LARGEST_LAYOUT:
        raise ValueError("the checksum is another")
    return state if stored["layout"] == LAYOUT_VERSION else b""


def _flag(text: str) -> bool:
    return {"0": False, "1": True}[text]


def _text_of_flag(value: bool) -> str:
    return "1" if value else "0"


def _mebibytes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_MEBIBYTES):
        raise ValueError("not an amount of memory")
    return int(text)


def _text_of_models(models: tuple[RecentModel, ...]) -> str:
    return json.dumps([[each.path, each.image, each.opened] for each in models])


def _models(text: str) -> tuple[RecentModel, ...]:
    found = []
    for path, image, opened in _list(text):
        found.append(RecentModel(_path(path), _path(image) if image else "", _seconds(opened)))
    return tuple(found)[:RECENT]


def _text_of_pictures(pictures: tuple[str, ...]) -> str:
    return json.dumps(pictures)


def _pictures(text: str) -> tuple[str, ...]:
    return tuple(_path(each) for each in _list(text))[:RECENT]


def _text_of_recipes(recipes: tuple[tuple[str, Preprocessing], ...]) -> str:
    return json.dumps([[fingerprint, recipe_text.record(recipe)] for fingerprint, recipe in recipes])


def _recipes(text: str) -> tuple[tuple[str, Preprocessing], ...]:
    """Return the recipes; one that is damaged is left out, as it concerns one model only."""
    found: dict[str, Preprocessing] = {}
    for each in _list(text)[:REMEMBERED]:
        with contextlib.suppress(ValueError, TypeError):
            fingerprint, kept = each
            if isinstance(fingerprint, str) and _FINGERPRINT.fullmatch(fingerprint):
                found.setdefault(fingerprint, recipe_text.from_record(kept))
    return tuple(found.items())


def _text_of_columns(heads: tuple[str, ...] | None) -> str:
    return "" if heads is None else json.dumps(heads)


def _columns(text: str) -> tuple[str, ...] | None:
    if not text:
        return None
    heads = _list(text)
    if len(heads) > _MOST_COLUMNS or not all(isinstance(each, str) for each in heads):
        raise ValueError("not a list of columns")
    return tuple(heads)


def _list(text: str) -> list[Any]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("not a list")
    return found


def _path(value: Any) -> str:
    if not isinstance(value, str) or not os.path.isabs(value) or "\0" in value:
        raise ValueError("not a path")
    return value


def _folder_path(text: str) -> str:
    found = json.loads(text)
    return "" if found == "" else _path(found)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise ValueError("not a time")
    return float(value)


_FIELDS: dict[str, tuple[str, Callable[[Any], str], Callable[[str], Any]]] = {
    "theme": ("window/theme", str, _theme),
    "geometry": ("window/geometry", _text_of_bytes, _bytes),
    "layout": ("window/layout", _text_of_layout, _layout),
    "starting": ("window/starting", _text_of_flag, _flag),
    "models": ("recent/models", _text_of_models, _models),
    "pictures": ("recent/pictures", _text_of_pictures, _pictures),
    "recipes": ("models/preprocessing", _text_of_recipes, _recipes),
    "tensor_memory_mib": ("engine/tensor memory", str, _mebibytes),
    "layer_columns": ("layers/columns", _text_of_columns, _columns),
    "export_folder": ("export/folder", json.dumps, _folder_path),
}
