"""A picture or tensor file as the tensor a model wants. Runs in the child: no picture is decoded anywhere else."""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
import onnx
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from inspector.errors import ImageError, InspectorError, LimitError, ModelError
from inspector.graph.model import Array, Dimension, Model, Tensor
from inspector.graph.preprocessing import Preprocessing, preset

TENSOR_SUFFIXES = (".npy", ".pb")
FORMATS = ("BMP", "GIF", "ICO", "JPEG", "MPO", "PNG", "PPM", "TIFF", "WEBP", "AVIF")  # no format that starts programs
SHOWN_SIDE = 1_024  # pixels of the longer side of a picture that is only to be looked at
REDUCE_ABOVE_PIXELS = 32_000_000
REFUSE_ABOVE_PIXELS = 450_000_000
MOST_TENSOR_BYTES = 2 << 30
DEFAULT_SIDE = 224  # where neither model nor picture says
LARGEST_DEFAULT_SIDE = 512

Pixels = NDArray[np.uint8]
_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture file, read.

    Attributes:
        image: RGB or grey, upright, at most ``REDUCE_ABOVE_PIXELS``.
        size: ``(width, height)`` in the file.
        note: What had to be decided; may be empty.
    """

    image: Image.Image
    size: tuple[int, int]
    note: str


@dataclass(frozen=True, slots=True)
class ImageInput:
    """An input that takes pictures.

    Attributes:
        shape: With a number for every axis.
        channels_last: ``(N, H, W, C)`` rather than ``(N, C, H, W)``.
    """

    tensor: Tensor
    shape: tuple[int, ...]
    channels_last: bool

    @property
    def channels(self) -> int:
        return self.shape[-1] if self.channels_last else self.shape[-3]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return (self.shape[-3], self.shape[-2]) if self.channels_last else (self.shape[-2], self.shape[-1])


# ---------------------------------------------------------------- pictures


def decode(file: BinaryIO, name: str) -> Decoded:
    """Read a picture.

    Args:
        file: Open at its start.
        name: For messages.

    Raises:
        ImageError: It is none, or damaged. LimitError: It is too large.
    """
    Image.init()
    formats = [each for each in FORMATS if each in Image.OPEN]
    Image.MAX_IMAGE_PIXELS = None  # our own limits below, with our own sentence
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata that nobody here looks at
            image = Image.open(file, formats=formats)
            return _upright(image, name)
    except UnidentifiedImageError:
        raise ImageError(f"{name} is {_what_it_is(file)}.", _FORMATS_SENTENCE) from None
    except InspectorError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ImageError(f"{name} is damaged: {error}.", "Open it in a picture editor and save it again.") from None


_FORMATS_SENTENCE = (
    "Give a PNG, JPEG, WebP, TIFF, GIF, BMP, PPM, AVIF or ICO picture, a .npy file or an ONNX .pb tensor."
)


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
    return "not a picture that this program reads"


def _upright(image: Image.Image, name: str) -> Decoded:
    width, height = image.size
    if width * height > REFUSE_ABOVE_PIXELS:
        raise LimitError(
            f"{name} has {width:,} × {height:,} pixels, more than the {REFUSE_ABOVE_PIXELS:,} that are read.",
            "Make it smaller first.",
        )
    notes = []
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        notes.append(f"frame 1 of {getattr(image, 'n_frames', 1)}")
    factor = int(np.ceil((width * height / REDUCE_ABOVE_PIXELS) ** 0.5))
    if factor > 1:
        image.draft("RGB", (width // factor, height // factor))  # JPEG: decode fewer pixels in the first place
        image.load()
        rest = max(1, min(image.width // (width // factor), image.height // (height // factor)))
        image = image.reduce(rest) if rest > 1 and image.mode not in ("P", "1") else image
        notes.append(f"reduced to {image.width} × {image.height}")
    image.load()
    turned = ImageOps.exif_transpose(image)
    size = (height, width) if image.getexif().get(0x0112, 1) in (5, 6, 7, 8) else (width, height)
    plain, note = _eight_bits(turned)
    return Decoded(plain, size, ", ".join([*notes, *([note] if note else [])]))


def _eight_bits(image: Image.Image) -> tuple[Image.Image, str]:
    """Return the picture as 8-bit RGB or grey, and what that took."""
    mode = image.mode
    if mode.startswith("I;16"):
        values = np.asarray(image).astype(np.float64) / 257
        return Image.fromarray(np.rint(values).astype(np.uint8)), "16 bits scaled to 8"
    if mode in ("I", "F"):
        return _scaled(np.asarray(image, np.float64))
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or (mode == "P" and "transparency" in image.info):
        rgba = image.convert("RGBA")
        if rgba.getchannel("A").getextrema() == (255, 255):
            return rgba.convert("RGB"), ""
        under = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(under, rgba).convert("RGB"), "transparent over white"
    if mode in ("1", "L"):
        return image.convert("L"), ""
    return (image if mode == "RGB" else image.convert("RGB")), "" if mode in (
        "RGB",
        "P",
    ) else f"{mode} converted to RGB"


def _scaled(values: NDArray[np.float64]) -> tuple[Image.Image, str]:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low >= 0 and 1 < high <= 255:
        low, high, note = 0.0, 255.0, ""
    elif low >= 0 and 255 < high <= 65_535:
        low, high, note = 0.0, 65_535.0, "16 bits scaled to 8"
    else:
        note = f"values {low:g} to {high:g} scaled to 0 to 255"
    unit = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1.0)
    return Image.fromarray(np.rint(unit.clip(0, 1) * 255).astype(np.uint8)), note


def shown(decoded: Decoded) -> Pixels:
    """Return the picture for looking at, ``(height, width, 3)``, no longer than ``SHOWN_SIDE``."""
    image = decoded.image.convert("RGB")
    if max(image.size) > SHOWN_SIDE:
        image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    return np.array(image)


# ---------------------------------------------------------------- from picture to tensor


def prepare(
    decoded: Decoded, wanted: ImageInput, recipe: Preprocessing
) -> tuple[Array, tuple[float, float, float, float]]:
    """Turn a picture into a model's input.

    Returns:
        The tensor, and the box ``(left, top, right, bottom)`` that it shows, in pixels of the file's picture.

    Raises:
        ImageError: The input has a number of channels that no picture has.
    """
    channels, (height, width) = wanted.channels, wanted.size
    if channels not in (1, 3, 4):
        raise ImageError(
            f"The input {wanted.tensor.name!r} takes {channels} channels, which no picture has.",
            "Give it a .npy file or an ONNX .pb tensor.",
        )
    coloured = decoded.image.convert("L" if channels == 1 else "RGB")
    fitted, box = _fit(coloured, width, height, recipe)
    pixels = np.asarray(fitted, np.float32).reshape(height, width, -1)
    if recipe.channels == "BGR" and channels > 1:
        pixels = pixels[:, :, ::-1]
    if channels == 4:
        pixels = np.concatenate([pixels, np.full((height, width, 1), 255, np.float32)], axis=2)
    if recipe.invert:
        pixels = np.float32(255) - pixels
    mean, std = (_per_channel(numbers, channels) for numbers in (recipe.mean, recipe.std))
    values = (pixels * np.float32(recipe.scale) - mean) / std
    if not wanted.channels_last:
        values = values.transpose(2, 0, 1)
    dtype = np.dtype(wanted.tensor.dtype)
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        values = np.rint(values).clip(bounds.min, bounds.max)
    tensor = np.ascontiguousarray(np.broadcast_to(values, wanted.shape), dtype)
    scale = decoded.size[0] / decoded.image.width, decoded.size[1] / decoded.image.height
    return tensor, (box[0] * scale[0], box[1] * scale[1], box[2] * scale[0], box[3] * scale[1])


def _per_channel(numbers: tuple[float, ...], channels: int) -> NDArray[np.float32]:
    if len(numbers) not in (1, channels):
        numbers = (sum(numbers) / len(numbers),)  # three means for a grey picture: their mean
    return np.asarray(numbers, np.float32)


def _fit(
    image: Image.Image, width: int, height: int, recipe: Preprocessing
) -> tuple[Image.Image, tuple[float, float, float, float]]:
    """Bring a picture to a size; return it and the box of the picture that it shows."""
    resampling = _RESAMPLING[recipe.interpolation]
    if recipe.fit == "stretch":
        return _resized(image, width, height, resampling), (0.0, 0.0, float(image.width), float(image.height))
    if recipe.fit == "crop":
        short = max(width, height) / recipe.crop
        factor = max(short / min(image.size), width / image.width, height / image.height)
        large = round(image.width * factor), round(image.height * factor)
        left, top = round((large[0] - width) / 2), round((large[1] - height) / 2)
        across, down = image.width / large[0], image.height / large[1]
        box = (left * across, top * down, (left + width) * across, (top + height) * down)
        if large[0] * large[1] > REDUCE_ABOVE_PIXELS:  # a very long picture: enlarge only what is kept of it
            return image.resize((width, height), resampling, box=box), box
        return _resized(image, *large, resampling).crop((left, top, left + width, top + height)), box
    factor = min(width / image.width, height / image.height)
    small = _resized(image, max(1, round(image.width * factor)), max(1, round(image.height * factor)), resampling)
    centred = recipe.anchor == "centre"
    left, top = ((width - small.width) // 2, (height - small.height) // 2) if centred else (0, 0)
    grey = round(recipe.fill[0] * 0.299 + recipe.fill[1] * 0.587 + recipe.fill[2] * 0.114)
    paper = Image.new(image.mode, (width, height), grey if image.mode == "L" else recipe.fill)
    paper.paste(small, (left, top))
    across, down = image.width / small.width, image.height / small.height
    return paper, (-left * across, -top * down, (width - left) * across, (height - top) * down)


def _resized(image: Image.Image, width: int, height: int, resampling: Image.Resampling) -> Image.Image:
    return image if image.size == (width, height) else image.resize((width, height), resampling)


# ---------------------------------------------------------------- which input, which recipe


def with_shape(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the input with the lengths that the user gave it.

    Raises:
        ImageError: The model fixes another length.
    """
    declared = tensor.shape
    if not _fits(declared, shape) or any(length < 1 for length in shape):
        raise ImageError(
            f"The input {tensor.name!r} takes {_words(declared or ())}, which {_words(shape)} does not fit.",
            "Give a length for each axis; those that the model fixes must stay.",
        )
    return replace(tensor, shape=shape)


def image_input(model: Model, picture: tuple[int, int] | None = None) -> ImageInput | None:
    """Return the input that a picture goes to, with a number for every axis; None if no input takes pictures.

    Args:
        model: Its inputs are looked at in their order.
        picture: ``(width, height)``, for a model that takes any size.
    """
    for tensor in model.inputs:
        shape = tensor.shape
        if shape is None or len(shape) not in (3, 4) or tensor.dtype in ("string", "bool"):
            continue
        last = shape[-1] in (1, 3, 4) and shape[-3] not in (1, 3, 4)
        channels = shape[-1] if last else shape[-3]
        if channels not in (1, 3, 4) and isinstance(channels, int):
            continue
        height, width = (shape[-3], shape[-2]) if last else (shape[-2], shape[-1])
        height, width = _number(height, picture and picture[1]), _number(width, picture and picture[0])
        depth = channels if isinstance(channels, int) else 3
        batch = tuple(each if isinstance(each, int) else 1 for each in shape[:-3])
        return ImageInput(tensor, (*batch, height, width, depth) if last else (*batch, depth, height, width), last)
    return None


def _number(dimension: object, side: int | None) -> int:
    if isinstance(dimension, int):
        return dimension
    if side is None:
        return DEFAULT_SIDE
    return max(32, min(LARGEST_DEFAULT_SIDE, side) // 32 * 32)  # most networks halve five times


def recipe_for(model: Model, wanted: ImageInput) -> Preprocessing:
    """Return what the model's own files say of its pictures, else a guess that says it is one."""
    if model.preprocessing is not None:
        return model.preprocessing
    height, width = wanted.size
    if wanted.tensor.dtype.startswith(("uint", "int")):
        return preset("byte", f"guessed: the input takes {wanted.tensor.dtype}")
    if wanted.channels == 1:
        return preset("unit", f"guessed: one channel, {height} × {width}")
    if wanted.channels_last:
        return preset("signed", "guessed: channels come last, as TensorFlow has them")
    if min(height, width) < 64:
        return preset("unit", f"guessed: {height} × {width} is a small picture")
    return preset("imagenet", f"guessed: {wanted.channels} channels, {height} × {width}, and no word in the file")


# ---------------------------------------------------------------- tensor files


def read_tensor(file: BinaryIO, name: str) -> Array:
    """Read a ``.npy`` file or an ONNX tensor (``.pb``).

    Raises:
        ImageError: It is neither, or damaged. LimitError: It is too large.
    """
    size = os.fstat(file.fileno()).st_size
    if size > MOST_TENSOR_BYTES:
        raise LimitError(f"{name} has {size / 2**30:.1f} GiB, more than a tensor file may have.", "Give a smaller one.")
    try:
        if name.lower().endswith(".npy"):
            array: Array = np.load(io.BytesIO(file.read()), allow_pickle=False)
            return array
        proto = onnx.TensorProto.FromString(file.read())
        if proto.data_location == onnx.TensorProto.EXTERNAL:
            raise ImageError(f"{name} keeps its numbers in another file.", "Save it with its data inside.")
        return onnx.numpy_helper.to_array(proto)
    except (InspectorError, MemoryError):
        raise
    except Exception as error:
        raise ImageError(f"{name} is not a tensor file that can be read: {error}.", "Save it again.") from None


def fitted_tensor(array: Array, tensor: Tensor, name: str) -> Array:
    """Return the array as that input takes it: the same numbers, at most a batch axis of 1 added.

    Raises:
        ImageError: Its shape or type is not the input's.
    """
    declared = tensor.shape
    if declared is not None and array.ndim == len(declared) - 1 and _fits(declared[:1], (1,)):
        array = array[None]
    if not _fits(declared, array.shape):
        have, want = _words(array.shape), _words(declared or ())
        raise ImageError(
            f"{name} has the shape {have}; the input {tensor.name!r} takes {want}.", "Save the tensor in that shape."
        )
    if tensor.dtype in ("", "string") or str(array.dtype) == tensor.dtype:
        return array
    wanted = _numpy_type(tensor)
    if np.can_cast(array.dtype, wanted, "safe") or (array.dtype.kind == "f" and wanted.kind == "f"):
        return np.ascontiguousarray(array, wanted)
    raise ImageError(
        f"{name} holds {array.dtype} numbers; the input {tensor.name!r} takes {tensor.dtype}.",
        f"Save the tensor as {tensor.dtype}.",
    )


def _fits(declared: tuple[Dimension, ...] | None, shape: tuple[int, ...]) -> bool:
    """Return whether a shape has the lengths that are fixed."""
    return declared is None or (
        len(declared) == len(shape)
        and all(not isinstance(want, int) or want == have for want, have in zip(declared, shape, strict=True))
    )


def default_tensor(tensor: Tensor) -> Array:
    """Return what an input is fed that nobody gave anything: zeros, 1 for every unknown length.

    Raises:
        ModelError: The input is no tensor of numbers.
    """
    shape = tuple(each if isinstance(each, int) else 1 for each in tensor.shape or ())
    return np.zeros(shape, _numpy_type(tensor))


def _numpy_type(tensor: Tensor) -> np.dtype[np.generic]:
    try:
        return np.dtype(np.str_ if tensor.dtype == "string" else tensor.dtype)
    except TypeError:
        raise ModelError(
            f"The input {tensor.name!r} takes {tensor.dtype or 'something unknown'}, which cannot be made up here.",
            "Cut the model so that it takes numbers.",
        ) from None


def _words(shape: tuple[object, ...]) -> str:
    return " × ".join("any" if each is None else str(each) for each in shape) or "of a single number"
