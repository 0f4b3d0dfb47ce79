"""A recipe's fields as text, and recipes as records."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from inspector.graph import recipe_text
from inspector.graph.preprocessing import PRESETS, Preprocessing
from inspector.graph.sidecar import FIELDS

TYPED = ("crop", "size", "fill", "background", "scale", "mean", "std")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("scale", "1/255", 1 / 255),
        ("scale", " 0.5 ", 0.5),
        ("scale", "−2e−3", -0.002),
        ("mean", "0.485, 0.456, 0.406", (0.485, 0.456, 0.406)),
        ("mean", "104;117;123", (104.0, 117.0, 123.0)),
        ("mean", "[0.5]", (0.5,)),
        ("std", "1/2 1/4 1/8", (0.5, 0.25, 0.125)),
        ("crop", "224/256", 0.875),
        ("size", "224x320", (224, 320)),
        ("size", "48 × 192", (48, 192)),
        ("size", "", None),
        ("fill", "#ff8000", (255, 128, 0)),
        ("background", "0, 10, 255", (0, 10, 255)),
    ],
)
def test_text_is_read_as_a_person_writes_it(field, text, value):
    assert recipe_text.read(field, text) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(("scale", text) for text in ("", "0", "a lot", "1/0", "nan", "inf", "1e400", "1 2", "1/2/3")),
        *(("mean", text) for text in ("", "1, 2", "1, 2, 3, 4", "1, x, 3", "nan")),
        *(("std", text) for text in ("0", "1, 0, 1", "")),
        *(("crop", text) for text in ("0", "1.01", "-0.5", "0.001")),
        *(("size", text) for text in ("224", "0 x 10", "1.5 x 2", "-3 x 3", "1 2 3", "99999 x 2")),
        *(("fill", text) for text in ("256, 0, 0", "1, 2", "#12345", "red", "1.5, 2, 3")),
    ],
)
def test_what_a_field_cannot_be_is_refused_with_what_it_can(field, text):
    with pytest.raises(ValueError, match=r"^The .+ (is|are) .+\.$"):
        recipe_text.read(field, text)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("scale", 1 / 255, "1/255"),
        ("scale", 1 / 127.5, "1/127.5"),
        ("scale", 1.0, "1"),
        ("scale", 0.5, "0.5"),
        ("scale", -1 / 255, "−1/255"),
        ("scale", 0.017, "0.017"),
        ("mean", (104.0, 117.0, 123.0), "104, 117, 123"),
        ("size", (224, 320), "224 × 320"),
        ("size", None, ""),
        ("crop", 0.875, "0.875"),
    ],
)
def test_values_are_written_readably(field, value, text):
    assert recipe_text.written(field, value) == text


@pytest.mark.parametrize("recipe", PRESETS, ids=lambda each: each.name)
def test_what_is_written_is_read_as_the_same_value(recipe):
    for field in TYPED:
        value = getattr(recipe, field)
        assert recipe_text.read(field, recipe_text.written(field, value)) == value


ODD = Preprocessing(
    "custom",
    "changed in the window",
    "letterbox",
    0.3,
    "top left",
    (1, 2, 3),
    "bicubic",
    "BGR",
    1 / 3,
    (0.1, -0.2, 1e-7),
    (3.0,),
    True,
    (33, 44),
    "channels last",
    (9, 8, 7),
)


@pytest.mark.parametrize("recipe", [*PRESETS, ODD], ids=lambda each: each.name)
def test_a_record_brings_back_the_same_recipe_through_json(recipe):
    assert recipe_text.from_record(json.loads(json.dumps(recipe_text.record(recipe)))) == recipe


def test_a_record_of_every_field_differs_from_the_defaults():
    """Otherwise the test above would not notice a field that is forgotten."""
    plain = Preprocessing("")
    assert all(getattr(ODD, each.name) != getattr(plain, each.name) for each in fields(Preprocessing))
    assert {each.name for each in fields(Preprocessing)} == {"name", "source", *FIELDS}


@pytest.mark.parametrize(
    "change",
    [
        {"fit": "squash"},
        {"scale": 0},
        {"scale": True},
        {"mean": [1, 2]},
        {"mean": "0"},
        {"std": [0]},
        {"fill": [1, 2, 300]},
        {"size": [0, 5]},
        {"size": [5]},
        {"invert": 1},
        {"layout": "sideways"},
        {"name": 5},
        {"source": "x" * 1000},
        {"new": 1},
        {"crop": float("nan")},
    ],
    ids=str,
)
def test_a_damaged_record_is_refused(change):
    kept = {**recipe_text.record(PRESETS[0]), **change}
    with pytest.raises(ValueError):  # noqa: PT011
        recipe_text.from_record(kept)


@pytest.mark.parametrize("kept", [None, [], "imagenet", 5])
def test_what_is_no_record_is_refused(kept):
    with pytest.raises(ValueError, match="not a recipe"):
        recipe_text.from_record(kept)


def test_a_field_that_is_not_kept_has_its_default():
    assert recipe_text.from_record({"name": "unit", "scale": 1 / 255}) == replace(Preprocessing("unit"), scale=1 / 255)
