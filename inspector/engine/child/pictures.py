"""A picture file as pixels. Runs in the child: no picture is decoded anywhere else."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence, UnidentifiedImageError

from inspector.engine.child import png_strips
from inspector.errors import ImageError, InspectorError, LimitError

FORMATS = ("BMP", "GIF", "ICO", "JPEG", "MPO", "PNG", "PPM", "TIFF", "WEBP", "AVIF")  # no format that starts programs
SHOWN_SIDE = 1_024  # pixels of the longer side of a picture that is only to be looked at
REDUCE_ABOVE_PIXELS = 32_000_000
REDUCED_PIXELS = 8_000_000  # what such a picture is brought to, about
REFUSE_ABOVE_PIXELS = 450_000_000
MOST_FRAMES = 10_000
MOST_PAGES = 512  # as channels of one input
GIVE = (
    "Give a PNG, JPEG, WebP, TIFF, GIF, BMP, PPM, AVIF or ICO picture, a .wav or .csv signal, "
    "or a .npy, .npz or ONNX .pb tensor."
)

Pixels = NDArray[np.uint8]
Color = tuple[int, int, int]
_STRIP_BYTES = 16 << 20
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG = 0x0112
_MAGICS = (
    *((b"\x89PNG", "PNG"), (b"\xff\xd8", "JPEG"), (b"GIF8", "GIF"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF")),
    *((b"BM", "BMP"), (b"\0\0\1\0", "ICO")),
)
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, struct.error, KeyError, IndexError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture file, read.

    Attributes:
        image: Upright, ``"L"`` or ``"RGB"``, or ``"RGBA"`` where some of it is transparent; of a very large picture
            about ``REDUCED_PIXELS``.
        size: ``(width, height)`` in the file, upright.
        note: What had to be decided; may be empty.
        frames: How many pictures the file holds; ``frame`` is which this is, from 0.
    """

    image: Image.Image
    size: tuple[int, int]
    note: str
    frames: int = 1
    frame: int = 0


def decode(file: BinaryIO, name: str, frame: int = 0) -> Decoded:
    """Read a picture.

    Args:
        file: Open at its start.
        name: For messages.
        frame: Which picture of an animation or of pages, from 0; beyond the end it is the last.

    Raises:
        ImageError: It is none, or damaged. LimitError: It is too large.
    """
    with _as_sentences(file, name):
        image = _opened(file, name)
        frames = _frame_count(image)
        if frame and frames > 1:
            frame = min(frame, frames - 1)
            image.seek(frame)
            _check_size(image, name)
        return _upright(image, file, frames, frame if frames > 1 else 0)


def pages(file: BinaryIO, name: str) -> list[Decoded]:
    """Read all pages of a picture, grey: each is a channel.

    Raises:
        ImageError: It is no picture, damaged, or its pages differ in size. LimitError: It is too large.
    """
    with _as_sentences(file, name):
        image = _opened(file, name)
        count = _frame_count(image)
        if count > MOST_PAGES or count * image.width * image.height > REFUSE_ABOVE_PIXELS:
            raise LimitError(
                f"{name} has {count:,} pages of {image.width:,} × {image.height:,} pixels, more than are read at once.",
                "Give fewer or smaller pages, or a .npy file.",
            )
        found = [_upright(page.copy(), file, count, place) for place, page in enumerate(ImageSequence.Iterator(image))]
        if len({each.size for each in found}) > 1:
            raise ImageError(f"The pages of {name} differ in size.", "Give pages of one size.")
        return found


def over(decoded: Decoded, background: Color) -> tuple[Image.Image, str]:
    """Return the picture without its transparency, and what that took: ``""`` where nothing is transparent."""
    if decoded.image.mode != "RGBA":
        return decoded.image, ""
    under = Image.new("RGBA", decoded.image.size, background)
    named = {(255, 255, 255): "white", (0, 0, 0): "black"}
    color = named.get(background) or "#{:02x}{:02x}{:02x}".format(*background)
    return Image.alpha_composite(under, decoded.image).convert("RGB"), f"transparent over {color}"


def shown(image: Image.Image) -> Pixels:
    """Return an opaque picture for looking at, ``(height, width, 3)``, no longer than ``SHOWN_SIDE``."""
    if max(image.size) > SHOWN_SIDE:
        factor = SHOWN_SIDE / max(image.size)
        small = max(1, round(image.width * factor)), max(1, round(image.height * factor))
        image = image.resize(small, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.array(image.convert("RGB"))


# ---------------------------------------------------------------- opening


class _as_sentences:  # noqa: N801  it is used as a function
    """Says in a sentence why a picture cannot be read, and keeps quiet about metadata that nobody here looks at."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        self._warnings.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._warnings.__exit__(kind, error, trace)
        name = self._name
        match error:
            case None | InspectorError():
                return
            case UnidentifiedImageError():
                raise ImageError(f"{name} is {_what_it_is(self._file)}.", GIVE) from None
            case MemoryError():
                raise LimitError(
                    f"{name} needs more memory than the engine may use.", "Make the picture smaller first."
                ) from None
            case Exception() if isinstance(error, Image.DecompressionBombError):
                raise LimitError(f"{name} unpacks to more than is read.", "Make it smaller first.") from None
            case Exception() if _is_cut_off(error):
                raise ImageError(
                    f"{name} is cut off: the end of the picture is missing.", "Copy or download it again."
                ) from None
            case Exception() if isinstance(error, _DAMAGE):
                why = " ".join(str(error).split())[:200] or type(error).__name__
                raise ImageError(
                    f"{name} is damaged: {why}.", "Open it in a picture editor and save it again."
                ) from None


def _is_cut_off(error: Exception) -> bool:
    text = str(error).lower()
    return "truncated" in text or "unexpected end" in text or isinstance(error, EOFError)


def _opened(file: BinaryIO, name: str) -> Image.Image:
    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # our own limits, with our own sentence
    image = Image.open(file, formats=[each for each in FORMATS if each in Image.OPEN])
    _check_size(image, name)
    return image


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > REFUSE_ABOVE_PIXELS:
        raise LimitError(
            f"{name} has {width:,} × {height:,} pixels, more than the {REFUSE_ABOVE_PIXELS:,} that are read.",
            "Make it smaller first.",
        )


def _frame_count(image: Image.Image) -> int:
    """Return how many pictures there are to choose from; the second one of an MPO is a preview or the other eye."""
    return 1 if image.format == "MPO" else min(int(getattr(image, "n_frames", 1)), MOST_FRAMES)


def _what_it_is(file: BinaryIO) -> str:
    file.seek(0)
    head = file.read(64)
    if not head:
        return "empty"
    if head[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypheif"):
        return "a HEIC picture, which this program does not read"
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer and not the file itself"
    if head.lstrip()[:1] == b"<":
        return "text (HTML, XML or SVG) and not a picture"
    if head.startswith(b"%PDF"):
        return "a PDF and not a picture"
    kind = next((kind for magic, kind in _MAGICS if head.startswith(magic)), "")
    if kind:
        return f"a {kind} picture that is damaged, or of a kind that is not read"
    return "not a picture that this program reads"


# ---------------------------------------------------------------- from the file's pixels to 8 bits, upright


def _upright(image: Image.Image, file: BinaryIO, frames: int, frame: int) -> Decoded:
    notes = [f"frame {frame + 1} of {frames}"] if frames > 1 else []
    width, height = image.size
    factor = math.ceil((width * height / REDUCED_PIXELS) ** 0.5) if width * height > REDUCE_ABOVE_PIXELS else 1
    if image.format in ("JPEG", "MPO") and factor > 1:
        image.draft("RGB", (width // factor, height // factor))  # decodes fewer pixels in the first place
    deep = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    if png_strips.is_worth_it(image):
        plain, note = _joined(png_strips.strips(image, file, _STRIP_BYTES, factor), (width, height), factor)
        orientation = _orientation(image)
    else:
        image.load()
        orientation = _orientation(image)  # after loading: Pillow turns a TIFF itself, and says so then
        left = max(1, round(factor * image.width / width))  # of a factor that the decoder may have taken care of
        plain, note = _eight_bits(image) if left == 1 else _reduced(image, left)
    if deep and not note:
        note = "16 bits scaled to 8"
    if factor > 1:
        notes.append(f"reduced to {plain.width} × {plain.height}")
    if orientation in _UPRIGHT:
        plain = plain.transpose(_UPRIGHT[orientation])
        width, height = (height, width) if orientation >= 5 else (width, height)
    if plain.mode == "RGBA" and plain.getchannel("A").getextrema() == (255, 255):
        plain = plain.convert("RGB")
    return Decoded(plain, (width, height), ", ".join([*notes, *([note] if note else [])]), frames, frame)


def _orientation(image: Image.Image) -> int:
    try:
        # Not ``image.getexif``, which for a PNG decodes the picture first, as the block may stand behind it.
        found = Image.Image.getexif(image).get(_ORIENTATION_TAG, 1)
    except Exception:  # whatever is wrong with it, the picture itself can be shown
        return 1
    return found if isinstance(found, int) else 1


def _reduced(image: Image.Image, factor: int) -> tuple[Image.Image, str]:
    """Return a loaded picture smaller by a whole factor, in 8 bits; never with a second copy of all of it."""
    if image.mode in ("I", "F"):  # scaled by the values of the whole
        return _eight_bits(image.reduce(factor))
    rows = max(1, _STRIP_BYTES // (image.width * 4 * factor)) * factor
    strips = (image.crop((0, top, image.width, min(image.height, top + rows))) for top in range(0, image.height, rows))
    return _joined(strips, image.size, factor)


def _joined(strips: Iterator[Image.Image], size: tuple[int, int], factor: int) -> tuple[Image.Image, str]:
    """Return strips, from top to bottom, as one picture that is smaller by a whole factor.

    Args:
        strips: Each but the last a multiple of ``factor`` high.
        size: Of the whole.
        factor: 1 and above.
    """
    small = math.ceil(size[0] / factor), math.ceil(size[1] / factor)
    whole, note, top = None, "", 0
    for strip in strips:
        plain, note = _eight_bits(strip)
        if whole is None:
            whole = Image.new(plain.mode, small)
        plain = plain.reduce(factor) if factor > 1 else plain
        whole.paste(plain, (0, top))
        top += plain.height
    assert whole is not None
    return whole, note


def _eight_bits(image: Image.Image) -> tuple[Image.Image, str]:
    """Return the picture as 8-bit grey, RGB or RGBA, and what that took."""
    mode = image.mode
    if mode.startswith("I;16"):
        values = np.asarray(image).astype(np.float32) / 257
        return Image.fromarray(np.rint(values).astype(np.uint8)), "16 bits scaled to 8"
    if mode in ("I", "F"):
        return _scaled(np.asarray(image, np.float64))
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return (image if mode == "RGBA" else image.convert("RGBA")), ""
    if mode == "1":
        return image.convert("L"), ""
    if mode in ("L", "RGB"):
        return image, ""
    return image.convert("RGB"), "" if mode == "P" else f"{mode} converted to RGB"


def _scaled(values: NDArray[np.float64]) -> tuple[Image.Image, str]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low >= 0 and 2 < high <= 255:  # up to 1, and a little more, is a picture in parts of white
        low, high, note = 0.0, 255.0, ""
    elif low >= 0 and 255 < high <= 65_535:
        low, high, note = 0.0, 65_535.0, "16 bits scaled to 8"
    else:
        note = f"values {low:g} to {high:g} scaled to 0 to 255"
    unit = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1.0)
    return Image.fromarray(np.rint(unit.clip(0, 1) * 255).astype(np.uint8)), note
