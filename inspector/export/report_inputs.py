"""What a report says of what the network was fed."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inspector import format
from inspector.export.answers import fed_picture
from inspector.export.pictures import RGB
from inspector.export.report_parts import Figure, fed_tensor, figure_of
from inspector.graph.model import Model, Picture, Prediction
from inspector.graph.preprocessing import described

_LONGEST = 480  # pixels of a picture's longer side
_PHOTO = 96  # from so many pixels on, a picture in colours is written as JPEG
_WANTED = 224  # a smaller picture is shown magnified
_QUALITY = 90


def pictures(model: Model, prediction: Prediction) -> list[tuple[str, Figure | None]]:
    """Return the picture with what the network sees of it, and what each input was fed, with titles."""
    found: list[tuple[str, Figure | None]] = []
    if prediction.picture is not None:
        found.append(("The picture", _photo(_framed(prediction.picture), _words(prediction.picture))))
    for name in prediction.fed:
        drawn = fed_picture(model, prediction, name)
        if drawn is None:
            continue
        title = "As the network sees it" if drawn.colormap == RGB else f"Input {name}"
        words = f"input {name}, {format.shape(prediction.fed[name].shape)} as stored"
        if drawn.colormap == RGB and max(drawn.pixels.shape) >= _PHOTO:
            found.append((title, _photo(drawn.pixels, words)))
        else:
            found.append((title, magnified(figure_of(drawn, words))))
    return found


def facts(model: Model, prediction: Prediction) -> list[tuple[str, str]]:
    """Return what was fed, and how a picture became a tensor."""
    recipe, seen = prediction.preprocessing, prediction.picture
    found = [("File", prediction.image.replace("\\", "/").rpartition("/")[2])]
    if seen is not None:
        found.append(("Size", f"{format.shape(seen.size)} (width {format.TIMES} height)"))
    if recipe is not None:
        found += [("Preprocessing", f"{recipe.name}: {described(recipe)}"), ("It is from", recipe.source)]
    found.append(("Note", prediction.note or (seen.note if seen is not None else "")))
    for name, array in prediction.fed.items():
        label, shape, extent = fed_tensor(name, array, model.inputs)
        origin = prediction.origins.get(name, "")
        found.append((f"Input {label}", "; ".join(each for each in (shape, extent, origin) if each)))
    return found


def magnified(figure: Figure) -> Figure:
    """Return a small figure so that it is shown larger, each pixel as a square."""
    longest = max(figure.height, figure.width)
    factor = max(1, _WANTED // longest)
    return replace(figure, height=figure.height * factor, width=figure.width * factor, is_coarse=factor > 1)


def _photo(pixels: NDArray[np.uint8], words: str) -> Figure:
    height, width = pixels.shape[:2]
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if max(height, width) > _LONGEST:
        image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS, reducing_gap=None)
    file = io.BytesIO()
    if max(image.size) < _PHOTO:
        image.save(file, "PNG")
        return magnified(Figure(file.getvalue(), image.height, image.width, words))
    image.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    return Figure(file.getvalue(), image.height, image.width, words)


def _framed(seen: Picture) -> NDArray[np.uint8]:
    """Return the picture with a line round what the network sees of it, and the rest at half its brightness."""
    pixels = seen.pixels.copy()
    height, width = pixels.shape[:2]
    across, down = width / seen.size[0], height / seen.size[1]
    left, top, right, bottom = seen.box
    rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
    is_seen = ((rows >= top * down) & (rows < bottom * down))[:, np.newaxis]
    is_seen = is_seen & ((columns >= left * across) & (columns < right * across))
    pixels[~is_seen] //= 2
    y, x = np.flatnonzero(is_seen.any(axis=1)), np.flatnonzero(is_seen.any(axis=0))
    if y.size and x.size and not is_seen.all():
        line = max(1, round(max(height, width) / _LONGEST))
        frame = np.zeros(is_seen.shape, np.bool_)
        frame[max(0, y[0] - line) : y[-1] + 1 + line, max(0, x[0] - line) : x[-1] + 1 + line] = True
        pixels[frame & ~is_seen] = 255
    return pixels


def _words(seen: Picture) -> str:
    left, top, right, bottom = seen.box
    width, height = seen.size
    if left <= 0 and top <= 0 and right >= width and bottom >= height:
        return "the network sees all of it"
    return "the network sees what the white line holds"
