"""How a picture becomes the tensor a model wants: the facts, not the pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Fit = Literal["stretch", "crop", "letterbox"]
Anchor = Literal["centre", "top left"]
Channels = Literal["RGB", "BGR", "grey"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "area"]
Layout = Literal["", "channels first", "channels last"]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The recipe ``((pixel * scale) - mean) / std``, after resizing.

    Attributes:
        name: Of the preset, or ``"sidecar"``, ``"custom"``.
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
    Preprocessing("letterbox", fit="letterbox", anchor="top left", channels="BGR"),
)


def preset(name: str, source: str) -> Preprocessing:
    """Return the preset of that name.

    Raises:
        KeyError: There is none.
    """
    found = {each.name: each for each in PRESETS}[name]
    return replace(found, source=source)
