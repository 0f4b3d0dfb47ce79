"""What of a run is to be written, in which formats, and how its pictures look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inspector.errors import UsageError

FORMATS: Mapping[str, str] = {
    "png": "pictures",
    "svg": "drawings whose text stays text",
    "tiff": "float32 stacks that ImageJ reads",
    "gif": "animations",
    "mp4": "films",
    "npy": "numpy arrays, one for each file",
    "npz": "numpy arrays, all in one file",
    "csv": "tables",
    "json": "facts",
    "html": "one page that holds everything",
}

POSSIBLE: Mapping[str, tuple[str, ...]] = {
    "maps": ("png", "tiff", "gif", "mp4"),
    "kernels": ("png", "npy", "npz", "tiff"),
    "tensors": ("npy", "npz"),
    "probabilities": ("json", "csv", "png", "svg"),
    "input": ("png", "npy"),
    "overlay": ("png",),
    "overview": ("png",),
    "layers": ("csv", "json", "svg"),
    "statistics": ("csv", "json"),
    "colors": ("svg",),
    "viewers": ("json",),
    "report": ("html",),
    "sequence": ("gif", "mp4"),
}
"""Which formats there are of what. A new one is a word here, a name in ``names`` and a branch in the writer."""

TITLES: Mapping[str, str] = {
    "maps": "Feature maps",
    "kernels": "Kernels",
    "tensors": "Tensors",
    "probabilities": "Probabilities",
    "input": "What the model was fed",
    "overlay": "Feature maps over the picture",
    "overview": "Overview of all layers",
    "layers": "Table of the layers",
    "statistics": "Statistics of each tensor",
    "colors": "Colour bars",
    "viewers": "Statistics for Netron and Model Explorer",
    "report": "Report",
    "sequence": "Several pictures through one layer",
}
"""What each is called in a list."""

USUAL: Mapping[str, tuple[str, ...]] = {
    what: ("png", "npy") if what == "kernels" else formats[:1] for what, formats in POSSIBLE.items()
}
"""The formats where none are asked for."""

WHAT = tuple(POSSIBLE)
DEFAULT = frozenset({"maps", "kernels", "tensors", "probabilities"})
MOST_SCALE, MOST_WIDTH = 16, 8192
MOST_CHANNELS = 4096
_OF_TENSORS = frozenset({"maps", "tensors", "overlay", "overview", "statistics", "colors", "viewers"})


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures of maps and kernels are drawn.

    Attributes:
        scaling: A name from ``render.SCALINGS``.
        limits: The values drawn as the first and the last colour, instead of those that ``scaling`` finds. With a
            colormap that has a middle, the one farther from zero counts for both sides.
        colormap: A name from ``render.COLORMAPS``; ``""`` lets the values decide.
        scale: Pixels for each element along each side; 0 magnifies what is small.
        width: Of the picture in pixels, instead of ``scale``; 0 for as wide as that makes it.
        is_captioned: Write below a picture what it is of, with a colour bar and its limits.
    """

    scaling: str = "layer"
    limits: tuple[float, float] | None = None
    colormap: str = ""
    scale: int = 0
    width: int = 0
    is_captioned: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a run is to be written.

    Attributes:
        what: Words from ``WHAT``.
        layers: A pattern for layer names, as shells have it (``conv*``).
        formats: Words from ``FORMATS``; empty for the usual ones of everything.
        channels: Maps that are written as a file each; empty for one picture of all.
        look: Of pictures.
    """

    what: frozenset[str] = DEFAULT
    layers: str = "*"
    formats: frozenset[str] = frozenset()
    channels: tuple[int, ...] = ()
    look: Look = Look()

    @property
    def needs_maps(self) -> bool:
        """Whether the instrumented model has to run."""
        return self.needs_tensors or "report" in self.what

    @property
    def needs_tensors(self) -> bool:
        """Whether something is made of each tensor by itself."""
        return bool(self.what & _OF_TENSORS)

    def has(self, what: str, format: str) -> bool:
        """Say whether that is to be written in that format."""
        return what in self.what and format in self.formats_of(what)

    def formats_of(self, what: str) -> tuple[str, ...]:
        """Return the formats in which that is written, in the order of the table."""
        if not self.formats:
            return USUAL[what]
        return tuple(each for each in POSSIBLE[what] if each in self.formats)

    def check(self) -> None:
        """Refuse what there is not.

        Raises:
            UsageError: A word is unknown, or something has none of the formats, or a format is of nothing.
        """
        _known(self.what, WHAT, "what to write")
        _known(self.formats, FORMATS, "format")
        if not self.what:
            raise UsageError("Nothing to write was chosen.", f"Choose some of {', '.join(WHAT)}.")
        for what in (each for each in WHAT if each in self.what):
            if not self.formats_of(what):
                asked = _words(each for each in FORMATS if each in self.formats)
                raise UsageError(
                    f"There is no {what} as {asked}.", f"Possible for {what}: {', '.join(POSSIBLE[what])}."
                )
        for format in (each for each in FORMATS if each in self.formats):
            if not any(format in POSSIBLE[what] for what in self.what):
                of = ", ".join(what for what in WHAT if format in POSSIBLE[what])
                raise UsageError(
                    f"There is no {format} of {_words(each for each in WHAT if each in self.what)}.",
                    f"Possible as {format}: {of}.",
                )

    def facts(self) -> dict[str, Any]:
        """Return the wish, ready for JSON."""
        look = self.look
        return {
            "what": {what: list(self.formats_of(what)) for what in WHAT if what in self.what},
            "layers": self.layers,
            "channels": list(self.channels) or None,
            "scaling": look.scaling,
            "limits": None if look.limits is None else list(look.limits),
            "colormap": look.colormap or None,
            "scale": look.scale or None,
            "width": look.width or None,
            "caption": look.is_captioned,
        }


def channels_of(text: str) -> tuple[int, ...]:
    """Return the numbers in text such as ``0-15`` or ``3,7,64-66``, each once, in their order.

    Raises:
        ValueError: It is none, or too many.
    """
    found: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or not first.isascii() or (dash and not (last.isdecimal() and last.isascii())):
            raise ValueError(f"{text!r} holds no channels such as 0-15 or 3,7")
        start, stop = int(first), int(last) if dash else int(first)
        if stop < start:
            raise ValueError(f"{part.strip()!r} ends before it begins")
        if stop - start >= MOST_CHANNELS or stop >= 1 << 31:
            raise ValueError(f"{part.strip()!r} are more than {MOST_CHANNELS} channels")
        found |= dict.fromkeys(range(start, stop + 1))
    if len(found) > MOST_CHANNELS:
        raise ValueError(f"{text!r} are more than {MOST_CHANNELS} channels")
    return tuple(found)


def _known(words: frozenset[str], known: Iterable[str], kind: str) -> None:
    unknown = sorted(words - frozenset(known))
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no {kind}.", f"Choose from {', '.join(known)}.")


def _words(words: Iterable[str]) -> str:
    return " or ".join(words)
