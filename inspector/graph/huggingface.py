"""What Hugging Face's files say: ``preprocessor_config.json`` of a model's pictures, ``config.json`` of its classes.

They are read beside the model and, where the model's folder is called ``onnx`` as Optimum lays it out, in the folder
above. Such files belong to others: what is wrong with one is a remark, and never keeps a model from opening. Keys:
``BaseImageProcessor`` and its descendants in transformers, ``pretrained_cfg`` in timm.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inspector.errors import ModelError
from inspector.graph import beside
from inspector.graph.preprocessing import Interpolation, Preprocessing
from inspector.graph.sidecar import MAX_SIDE, MIN_CROP, divisor, number
from inspector.labels import by_class, in_order

MAX_BYTES = 8 << 20  # the names of 21,000 classes, forwards and backwards, are 2 MB
_NO_NAME = re.compile(r"LABEL_\d+")  # what transformers writes where nobody named the classes
_PICTURE_KEYS = {"image_mean", "image_std", "do_rescale", "rescale_factor", "image_processor_type", "crop_size"}
_RESAMPLING: Mapping[object, Interpolation] = {
    **{0: "nearest", 1: "bicubic", 2: "bilinear", 3: "bicubic", 4: "area", 5: "bilinear"},  # as Pillow numbers them
    **{"nearest": "nearest", "lanczos": "bicubic", "bilinear": "bilinear", "bicubic": "bicubic", "box": "area"},
}
_WARPED_FROM = 384  # ConvNeXt's processor stretches to sizes from this on, and cuts out below it


@dataclass(frozen=True, slots=True)
class Said:
    """What the files say.

    Attributes:
        preprocessing: None if they say nothing of pictures.
        labels: Class names; empty if there are none.
        labels_source: Which file they are from.
        remarks: What is wrong with the files.
    """

    preprocessing: Preprocessing | None = None
    labels: tuple[str, ...] = ()
    labels_source: str = ""
    remarks: tuple[str, ...] = ()


class _WrongError(ValueError):
    """A value that cannot be: the text names key and value."""


def read(model_path: str) -> Said:
    """Read what lies beside a model, or above its folder ``onnx``. Nothing in these files raises."""
    said = Said()
    for name in beside.FROM_PARENT:
        path = _find(model_path, name)
        if not path:
            continue
        try:
            table = _table(path, model_path)
            said = _added(said, table, f"{name} {_where(path, model_path)}")
        except ModelError as error:
            said = replace(said, remarks=(*said.remarks, f"{error.message.rstrip('.')}; it is passed over."))
        except _WrongError as error:
            said = replace(said, remarks=(*said.remarks, f"{name} beside the model {error}; that is passed over."))
    return said


def _find(model_path: str, name: str) -> str:
    folders = (beside.folder_of(model_path), beside.parent_of(model_path))
    paths = (os.path.join(folder, name) for folder in folders if folder)
    return next((path for path in paths if os.path.lexists(path)), "")


def _where(path: str, model_path: str) -> str:
    is_above = os.path.dirname(path) != beside.folder_of(model_path)
    return "above the model's folder" if is_above else "beside the model"


def _table(path: str, model_path: str) -> Mapping[str, Any]:
    name = os.path.basename(path)
    try:
        table = json.loads(beside.text(path, model_path, MAX_BYTES))
    except RecursionError:
        raise ModelError(f"{name} beside the model is nested too deep.") from None
    except ValueError as error:
        raise ModelError(f"{name} beside the model is not valid JSON ({str(error)[:80]}).") from None
    return table if isinstance(table, dict) else {}


def _added(said: Said, table: Mapping[str, Any], source: str) -> Said:
    """Return what was said before, with what a further file says where nothing was."""
    inner = table.get("image_processor")  # processor_config.json holds the processors of a model by kind
    processor = inner if isinstance(inner, dict) else table
    if not said.labels:
        names = _labels(table)
        said = replace(said, labels=names, labels_source=source if names else "")
    if said.preprocessing is None and _PICTURE_KEYS & set(processor) and "sampling_rate" not in processor:
        said = _with_processor(said, processor, source)
    timm = table.get("pretrained_cfg", table)
    if said.preprocessing is None and isinstance(timm, dict) and {"mean", "std", "input_size"} <= set(timm):
        said = replace(said, preprocessing=_timm(timm, source))
    return said


# ---------------------------------------------------------------- labels


def _labels(table: Mapping[str, Any]) -> tuple[str, ...]:
    names, descriptions = table.get("id2label"), None
    timm = table.get("pretrained_cfg")
    for each in (table, timm if isinstance(timm, dict) else {}):
        names = each.get("label_names") if names is None else names
        descriptions = each.get("label_descriptions") if descriptions is None else descriptions
    if names is None:
        return ()
    try:
        found = by_class(names) if isinstance(names, dict) else in_order(names if isinstance(names, list) else [None])
    except ValueError as error:
        raise _WrongError(f"does not number its classes in order ({error})") from None
    if isinstance(descriptions, dict) and all(isinstance(descriptions.get(name), str) for name in found):
        found = tuple(descriptions[name] for name in found)
    return () if all(_NO_NAME.fullmatch(name) for name in found) else found


# ---------------------------------------------------------------- transformers


def _with_processor(said: Said, table: Mapping[str, Any], source: str) -> Said:
    recipe, remark = _fitted(table, Preprocessing("huggingface", source=source))
    scale, mean, std = _normalized(table)
    recipe = replace(recipe, scale=scale, mean=mean, std=std, interpolation=_interpolation(table))
    if recipe.fit == "letterbox":  # padded after normalizing, with zeros: those are the mean
        red, green, blue = (_byte(each / scale) for each in (mean * 3)[:3])
        recipe = replace(recipe, fill=(red, green, blue))
    if _truth(table, "do_flip_channel_order", False):
        recipe = replace(recipe, channels="BGR")
    remarks = [remark] if remark else []
    if table.get("resample") in (1, "lanczos"):
        remarks.append(f"{source} asks for Lanczos resampling; bicubic is taken.")
    return replace(said, preprocessing=recipe, remarks=(*said.remarks, *remarks))


def _normalized(table: Mapping[str, Any]) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
    """Return scale, mean and deviation."""
    scale = _number(table, "rescale_factor", 1 / 255) if _truth(table, "do_rescale", True) else 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    if _truth(table, "do_normalize", "image_mean" in table):
        mean, std = _per_channel(table, "image_mean", 0.5), _per_channel(table, "image_std", 0.5)
    if _truth(table, "rescale_offset", False):  # EfficientNet: 1 less, after scaling
        mean = tuple(each + 1 for each in mean)
    return scale, mean, std


def _interpolation(table: Mapping[str, Any]) -> Interpolation:
    resample = table.get("resample", 2)
    found = _RESAMPLING.get(resample) if isinstance(resample, int | str) else None
    if found is None:
        raise _wrong("resample", resample)
    return found


def _fitted(table: Mapping[str, Any], recipe: Preprocessing) -> tuple[Preprocessing, str]:
    """Return the recipe with how a picture is brought to its size, and a remark where that is not quite the same."""
    short, long, exact = _size(table)
    cut = _exact(table, "crop_size") if _truth(table, "do_center_crop", False) else None
    if _truth(table, "do_center_crop", False) and cut is None:
        cut = exact or ((short, short) if short else None)
    if not _truth(table, "do_resize", bool(short or exact)):
        short, exact = 0, None
    part = _number(table, "crop_pct", 0.0)
    if cut is not None:
        reduced = short or (min(exact) if exact else max(cut))
        kept = min(1.0, max(MIN_CROP, max(cut) / reduced))
        remark = ""
        if exact is not None and not short and exact != cut:
            remark = f"{recipe.source} stretches pictures before it cuts out the middle; here they keep their shape."
        return replace(recipe, fit="crop", crop=kept, size=cut), remark
    if exact is not None:
        return replace(recipe, fit="stretch", size=exact), ""
    if short and part:
        if short >= _WARPED_FROM:
            return replace(recipe, fit="stretch", size=(short, short)), ""
        return replace(recipe, fit="crop", crop=min(1.0, max(MIN_CROP, part)), size=(short, short)), ""
    if short and long:  # detectors: all of the picture, padded at its right and foot
        return replace(recipe, fit="letterbox", anchor="top left", size=(short, short)), ""
    if short:
        return replace(recipe, fit="crop", crop=1.0, size=(short, short)), ""
    return recipe, ""


def _size(table: Mapping[str, Any]) -> tuple[int, int, tuple[int, int] | None]:
    """Return short side, longest side and exact height and width that pictures are brought to; 0 and None if none."""
    size = table.get("size")
    if isinstance(size, dict):
        if "shortest_edge" in size:
            longest = _side("size", size["longest_edge"]) if size.get("longest_edge") is not None else 0
            return _side("size", size["shortest_edge"]), longest, None
        if "height" in size or "width" in size:
            return 0, 0, _exact(table, "size")
        return 0, 0, None
    if isinstance(size, int) and not isinstance(size, bool):
        # A single number is the short side where something is cut out afterwards, and a square where not.
        side = _side("size", size)
        is_short = _truth(table, "do_center_crop", False) or "crop_pct" in table or "max_size" in table
        longest = _side("max_size", table["max_size"]) if table.get("max_size") is not None else 0
        return (side, longest, None) if is_short else (0, 0, (side, side))
    return 0, 0, _exact(table, "size")


def _exact(table: Mapping[str, Any], key: str) -> tuple[int, int] | None:
    size = table.get(key)
    if size is None:
        return None
    if isinstance(size, dict) and {"height", "width"} <= set(size):
        return _side(key, size["height"]), _side(key, size["width"])
    if isinstance(size, list) and len(size) == 2:
        return _side(key, size[0]), _side(key, size[1])
    side = _side(key, size)
    return side, side


# ---------------------------------------------------------------- timm


def _timm(table: Mapping[str, Any], source: str) -> Preprocessing:
    size = table["input_size"]
    if not isinstance(size, list) or len(size) != 3:
        raise _wrong("input_size", size)
    exact = _side("input_size", size[1]), _side("input_size", size[2])
    part = min(1.0, max(MIN_CROP, _number(table, "crop_pct", 0.875)))
    interpolation = _RESAMPLING.get(str(table.get("interpolation", "bicubic")), "bicubic")
    mode = table.get("crop_mode", "center")
    recipe = Preprocessing("huggingface", source=source, fit="crop", crop=part, size=exact, scale=1 / 255)
    if mode == "squash":
        recipe = replace(recipe, fit="stretch")
    elif mode == "border":
        recipe = replace(recipe, fit="letterbox")
    channels = 1 if size[0] == 1 else 3
    mean, std = _per_channel(table, "mean", 0.0), _per_channel(table, "std", 1.0)
    if channels == 1:
        recipe = replace(recipe, channels="grey")
    return replace(recipe, mean=mean, std=std, interpolation=interpolation)


# ---------------------------------------------------------------- single values


def _wrong(key: str, value: object) -> _WrongError:
    shown = "".join(each if each.isprintable() else "?" for each in repr(value))
    return _WrongError(
        f"gives {key} the value {shown if len(shown) <= 60 else f'{shown[:57]}...'}, which cannot be used"
    )


def _truth(table: Mapping[str, Any], key: str, default: bool) -> bool:
    value = table.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise _wrong(key, value)
    return value


def _number(table: Mapping[str, Any], key: str, default: float) -> float:
    value = table.get(key)
    if value is None:
        return default
    try:
        return divisor(value)
    except ValueError:
        raise _wrong(key, value) from None


def _per_channel(table: Mapping[str, Any], key: str, default: float) -> tuple[float, ...]:
    value = table.get(key)
    given: Sequence[object] = value if isinstance(value, list) else [default if value is None else value]
    check = divisor if key.endswith("std") else number
    try:
        if len(given) not in (1, 3):
            raise ValueError
        return tuple(check(each) for each in given)
    except ValueError:
        raise _wrong(key, value) from None


def _side(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_SIDE:
        raise _wrong(key, value)
    return value


def _byte(value: float) -> int:
    return round(min(255.0, max(0.0, value)))
