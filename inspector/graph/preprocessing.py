"""How a picture becomes the tensor a model wants: the facts, not the pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from inspector import format

Fit = Literal["stretch", "crop", "letterbox"]
Anchor = Literal["centre", "top left"]
Channels = Literal["RGB", "BGR", "grey"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "area"]
Layout = Literal["", "channels first", "channels last"]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The recipe ``((pixel * scale) - mean) / std``, after resizing.

    Attributes:
        name: Of the preset, or ``"sidecar"``, ``"custom"``, or the file or metadata it was read from.
        source: Where the recipe came from, as a phrase for the user.
        fit: Stretch to the input's size; or scale the short side to the input's size divided by
            ``crop`` and cut the centre; or scale the whole picture into it and fill the rest.
        crop: The part of the short side that is kept, for ``fit == "crop"``: 224 / 256 = 0.875.
        anchor: Where a letterboxed picture lies.
        fill: Red, green, blue of the letterbox, 0..255.
        channels: Order in the tensor; grey is ITU-R 601 luma.
        scale: Multiplies the pixels 0..255 first.
        mean: Per channel in the tensor's order; one number stands for all.
        std: Likewise.
        invert: Take 255 - pixel first (dark digit on white paper).
        size: Height and width to bring the picture to, where the model takes any; None leaves it to the model,
            and where that does not say, to the picture.
        layout: Where the channels are in the input; ``""`` reads it from the input's shape.
        background: Red, green, blue that shows through where a picture is transparent, 0..255.
    """

    name: str
    source: str = ""
    fit: Fit = "stretch"
    crop: float = 0.875
    anchor: Anchor = "centre"
    fill: tuple[int, int, int] = (114, 114, 114)
    interpolation: Interpolation = "bilinear"
    channels: Channels = "RGB"
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    invert: bool = False
    size: tuple[int, int] | None = None
    layout: Layout = ""
    background: tuple[int, int, int] = (255, 255, 255)


_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}

PRESETS: tuple[Preprocessing, ...] = (
    Preprocessing("imagenet", fit="crop", scale=1 / 255, **_IMAGENET),  # type: ignore[arg-type]
    Preprocessing("unit", scale=1 / 255),
    Preprocessing("byte"),
    Preprocessing("signed", scale=1 / 127.5, mean=(1.0,)),
    Preprocessing("caffe", fit="crop", channels="BGR", mean=(104.0, 117.0, 123.0)),
    Preprocessing("efficientnet-lite", fit="crop", mean=(127.0,), std=(128.0,), layout="channels last"),
    Preprocessing("ultraface", mean=(127.0,), std=(128.0,), layout="channels first"),
    Preprocessing("letterbox", fit="letterbox", anchor="top left", channels="BGR"),
    Preprocessing("yolo", fit="letterbox", scale=1 / 255),
    Preprocessing("digits", channels="grey", scale=1 / 255),
    Preprocessing("digits-inverted", channels="grey", scale=1 / 255, invert=True),
    Preprocessing("mnist", channels="grey", scale=1 / 255, mean=(0.1307,), std=(0.3081,)),
)

TITLES: Mapping[str, str] = {
    "imagenet": "ImageNet, as torchvision has it",
    "unit": "0 to 1",
    "byte": "0 to 255",
    "signed": "−1 to 1, as TensorFlow has it",
    "caffe": "Caffe: BGR minus the mean",
    "efficientnet-lite": "(x − 127) / 128, channels last: EfficientNet-Lite",
    "ultraface": "(x − 127) / 128, channels first: UltraFace",
    "letterbox": "YOLOX: letterbox, BGR 0 to 255",
    "yolo": "Ultralytics YOLO: letterbox, RGB 0 to 1",
    "digits": "Digits, white on black",
    "digits-inverted": "Digits, black on white",
    "mnist": "MNIST: mean 0.1307, deviation 0.3081",
}
"""What each preset is called in a menu."""

CUT_OUT = "middle cut out"


def preset(name: str, source: str) -> Preprocessing:
    """Return the preset of that name.

    Raises:
        KeyError: There is none.
    """
    found = {each.name: each for each in PRESETS}[name]
    return replace(found, source=source)


def presets_for(channels: int, channels_last: bool = False) -> tuple[Preprocessing, ...]:
    """Return the presets that make sense for an input, each doing something that no other of them does.

    Args:
        channels: Of the input. One takes presets of grey pictures, and the plain ranges, of grey pictures too.
        channels_last: How the input lies in memory; presets that say where the channels are want just that.
    """
    found: dict[Preprocessing, Preprocessing] = {}  # by what it does
    layout: Layout = "channels last" if channels_last else "channels first"
    order = sorted(PRESETS, key=lambda each: each.channels != "grey") if channels == 1 else PRESETS
    for each in order:
        if each.layout not in ("", layout) or not _takes(each, channels):
            continue
        recipe = for_channels(each, channels)
        found.setdefault(replace(recipe, name="", layout=""), recipe)
    return tuple(found.values())


def _takes(recipe: Preprocessing, channels: int) -> bool:
    if channels == 1:  # letterboxes are for photographs, and so are crops and colours with a mean each
        return recipe.channels == "grey" or (recipe.fit == "stretch" and not recipe.layout and len(recipe.mean) == 1)
    return recipe.channels != "grey" and (channels == 3 or len(recipe.mean) == 1)


def for_channels(recipe: Preprocessing, channels: int) -> Preprocessing:
    """Return a recipe that names its pixels grey where the input has one channel."""
    return replace(recipe, channels="grey") if channels == 1 else recipe


# ---------------------------------------------------------------- in words


def in_words(recipe: Preprocessing) -> str:
    """Return what happens to the pixels, in a few words: ``BGR − mean``, ``RGB 0 to 1``."""
    channels = f"inverted {recipe.channels}" if recipe.invert else recipe.channels
    per_channel = len(set(recipe.mean)) > 1 or len(set(recipe.std)) > 1
    has_std = any(each != 1 for each in recipe.std)
    if per_channel:
        return f"({channels} − mean) / std" if has_std else f"{channels} − mean"
    low = (0 - recipe.mean[0]) / recipe.std[0]
    high = (255 * recipe.scale - recipe.mean[0]) / recipe.std[0]
    return f"{channels} {_round(low)} to {_round(high)}"


def described(recipe: Preprocessing) -> str:
    """Return a recipe in one sentence."""
    return f"{fit_in_words(recipe)}, {in_words(recipe)}"


def fit_in_words(recipe: Preprocessing) -> str:
    """Return how a picture is brought to the input's size: ``middle 87.5 % cut out``."""
    if recipe.fit == "crop":
        return f"middle {format.percent(recipe.crop)} cut out" if recipe.crop < 1 else CUT_OUT
    return "stretched" if recipe.fit == "stretch" else "scaled into the input"


def _round(value: float) -> str:
    text = f"{value:.4g}" if math.isfinite(value) else format.significant(value)
    return text.replace("-", format.MINUS)
