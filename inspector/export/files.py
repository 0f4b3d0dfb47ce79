"""Files that are whole or not there, under names that are safe everywhere, in folders that keep what is not ours."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import re
import stat
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from inspector.errors import ExportError

INDEX = "index.json"
NAME_BYTES = 88  # with the number before it and what follows, a file name has at most 120

_TEMPORARY = ".inspector-"
_OURS = re.compile(
    r"\d+-.*\.(png|npy|tif|gif|mp4|svg)|input-.*\.(png|npy)|output-.*\.png|(tensors|kernels)\.npz"
    r"|(probabilities|layers|statistics)\.(json|csv|png|svg)|overview\.png|(netron|model-explorer)\.json|report\.html"
)
INDEX_BYTES = 64 << 20
_OLD_SECONDS = 86_400
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}


# ---------------------------------------------------------------- names


def safe_name(name: str, max_bytes: int = NAME_BYTES) -> str:
    """Return a file name of any text: one that Linux, macOS and Windows take, and that never names another folder.

    Letters and digits of all scripts stay; separators, control characters and what shells or Windows give a
    meaning become ``_``. It is never empty, never hidden, never a device, and stable.

    Args:
        name: Of a layer, a tensor or a picture.
        max_bytes: Of its UTF-8 form.
    """
    text = os.fsencode(name).decode("utf-8", "replace") if _is_from_system(name) else name
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    text = re.sub(r"[^\w.()=+ -]", "_", text)
    text = re.sub(r"[\s_]+", "_", text).strip("._- ")
    text = text.encode("utf-8")[:max_bytes].decode("utf-8", "ignore").rstrip("._- ")
    if not text:
        return "unnamed"
    return f"x_{text}"[:max_bytes] if text.partition(".")[0].casefold() in _RESERVED else text


def distinct_names(names: Iterable[str], max_bytes: int = NAME_BYTES) -> tuple[str, ...]:
    """Return a safe name for each text, all different also where case or Unicode form do not count.

    Where two would meet, the later ones get ``-2``, ``-3``, ...
    """
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        safe = safe_name(name, max_bytes)
        for number in itertools.count(2):
            if _folded(safe) not in taken:
                break
            ending = f"-{number}"
            safe = safe_name(name, max_bytes - len(ending)) + ending
        taken.add(_folded(safe))
        found.append(safe)
    return tuple(found)


def _is_from_system(name: str) -> bool:
    """Whether the name holds bytes of a file name that are not UTF-8, as Python hides them in surrogates."""
    return sys.platform != "win32" and any("\udc80" <= character <= "\udcff" for character in name) and _encodes(name)


def _encodes(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


# ---------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written: its length, and the SHA-256 of its content in hexadecimal."""

    bytes: int
    sha256: str


class Part:
    """A file that is not there until it is whole.

    Linux gives a file without a name, which is gone with the process that fills it; elsewhere it has a name beside the
    target that the next export sweeps away.

    Args:
        folder: Where it belongs.
        name: What it will be called.

    Attributes:
        target: Where it will be.
        file: To be written, and read back.

    Raises:
        ExportError: It could not be begun.
    """

    _numbers = itertools.count()

    def __init__(self, folder: Path, name: str) -> None:
        self.target = folder / name
        self._temporary = folder / f"{_TEMPORARY}{os.getpid()}-{next(self._numbers)}-{name[-8:]}"
        self._has_name = False
        with writing(self.target):
            self.file = self._begun(folder)

    def __enter__(self) -> Part:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self.file.close()
        if self._has_name:
            with contextlib.suppress(OSError):
                self._temporary.unlink()

    def finish(self) -> Written:
        """Put the file in its place.

        Raises:
            ExportError: It could not be written; what was there before is still there.
        """
        with writing(self.target):
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.seek(0)
            digest = _digest(self.file)
            size = os.fstat(self.file.fileno()).st_size
            if not self._has_name and not self._linked(self.target):
                self._temporary.unlink(missing_ok=True)
                self._has_name = self._linked(self._temporary)
            if self._has_name:
                self.file.close()  # Windows moves no open file
                os.replace(self._temporary, self.target)
                self._has_name = False
        return Written(size, digest)

    def _begun(self, folder: Path) -> BinaryIO:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # not every file system can
                return os.fdopen(os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666), "w+b")
        self._temporary.unlink(missing_ok=True)
        file = open(self._temporary, "x+b")  # noqa: SIM115 closed on exit; never through a link that lies there
        self._has_name = True
        return file

    def _linked(self, path: Path) -> bool:
        """Give the file a name; False where something has it already."""
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            source = f"/proc/self/fd/{self.file.fileno()}"
            os.link(source, path.name, dst_dir_fd=folder, follow_symlinks=True)
        except FileExistsError:
            return False
        finally:
            os.close(folder)
        return True


def _digest(file: BinaryIO) -> str:
    found = hashlib.sha256()
    while part := file.read(1 << 20):
        found.update(part)
    return found.hexdigest()


class Folder:
    """One folder of an export: writes whole files, and replaces only what an earlier export there wrote.

    Args:
        path: It is made, with the folders above it, where it is not there.

    Raises:
        ExportError: It cannot be made or looked into, or holds an ``index.json`` of something else.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        self._sweep()
        self._earlier = self._listed()

    @property
    def holds_export(self) -> bool:
        """Whether an earlier export wrote here."""
        return bool(self._earlier)

    def claim(self, names: Sequence[str], index: Callable[[Sequence[str]], Any]) -> None:
        """Make sure that these names are free or ours, and write down that they are ours from now on.

        Whatever happens later, the next export knows what it may replace.

        Args:
            names: Of all files that may be written.
            index: Returns a preliminary ``index.json`` for the names it is given.

        Raises:
            ExportError: A file that is not ours is in the way. Nothing was written.
        """
        for name in names:
            if name not in self._earlier and os.path.lexists(self.path / name):
                raise ExportError(
                    f"{self.path / name} is in the way: this program did not write it.",
                    "Move it away, or choose another folder.",
                )
        self._earlier |= {*names, INDEX}
        self.write_json(INDEX, index(sorted(self._earlier - {INDEX})))

    def write(self, name: str, fill: Callable[[BinaryIO], object]) -> Written:
        """Write a file, whole or not at all; any thread may.

        Args:
            name: One that was claimed.
            fill: Writes the content.

        Raises:
            ExportError: It could not be written; what was there before is still there.
        """
        with self.part(name) as part:
            with writing(self.path / name):
                fill(part.file)
            return part.finish()

    def part(self, name: str) -> Part:
        """Begin a file that is filled little by little.

        Raises:
            ExportError: It could not be begun.
        """
        return Part(self.path, name)

    def write_json(self, name: str, content: Any) -> None:
        """Write a JSON file, see ``write``."""
        text = json.dumps(content, indent=1, allow_nan=False) + "\n"
        self.write(name, lambda file: file.write(text.encode("ascii")))

    def finish(self, written: Iterable[str], index: Any) -> None:
        """Remove what earlier exports wrote and this one did not, and write the final ``index.json``."""
        kept = {*written, INDEX}
        for name in self._earlier - kept:
            if _OURS.fullmatch(name):  # a list of files can be forged
                with writing(self.path / name):
                    (self.path / name).unlink(missing_ok=True)
        self.write_json(INDEX, index)
        self._earlier = kept

    def _listed(self) -> set[str]:
        """Return the names of the files that an earlier export wrote here."""
        path = self.path / INDEX
        with writing(path):
            try:
                facts = os.lstat(path)
            except FileNotFoundError:
                return set()
            names = None
            if stat.S_ISREG(facts.st_mode) and facts.st_size <= INDEX_BYTES:
                names = _files_of_index(path.read_bytes())
        if names is None:
            raise ExportError(
                f"{path} is in the way: this program did not write it.", "Move it away, or choose another folder."
            )
        return {*names, INDEX}

    def _sweep(self) -> None:
        """Remove what an export left behind that was killed while it wrote."""
        with writing(self.path):
            entries = [entry.name for entry in os.scandir(self.path) if entry.name.startswith(_TEMPORARY)]
        for name in entries:
            pid, _, rest = name.removeprefix(_TEMPORARY).partition("-")
            if rest and pid.isascii() and pid.isdigit() and _is_abandoned(self.path / name, int(pid)):
                with contextlib.suppress(OSError):
                    (self.path / name).unlink()


def _files_of_index(content: bytes) -> set[str] | None:
    try:
        index = json.loads(content)
        names = {each["file"] for each in index["files"]}
        is_ours = {"model", "sha256", "image", "version"} <= index.keys() and all(isinstance(n, str) for n in names)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return {name for name in names if os.path.basename(name) == name} if is_ours else None


def _is_abandoned(path: Path, pid: int) -> bool:
    if pid == os.getpid():
        return False
    if sys.platform == "win32":  # asking for a process there would end it
        with contextlib.suppress(OSError):
            return time.time() - path.stat().st_mtime > _OLD_SECONDS
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's refusals into a sentence.

    Raises:
        ExportError: The system refused something.
    """
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a name that no system takes
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ExportError(f"{path} cannot be written: {reason}.", _remedy(error)) from error


def _remedy(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "Make room on that disk, or choose another folder."
    return "Choose another folder."
