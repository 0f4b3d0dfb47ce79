"""The table of presets, and what is said of a recipe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.graph.preprocessing import PRESETS, TITLES, Preprocessing, described, in_words, preset, presets_for


def fed(name: str, pixel: float, channel: int = 0) -> float:
    """What a preset makes of one pixel of a picture, by the formula in its docstring."""
    recipe = preset(name, "")
    pixel = 255 - pixel if recipe.invert else pixel
    mean, std = (each[channel % len(each)] for each in (recipe.mean, recipe.std))
    return (pixel * recipe.scale - mean) / std


@pytest.mark.parametrize(
    ("name", "black", "white"),
    [
        ("imagenet", -2.117904, 2.248908),  # torchvision: (0 - 0.485) / 0.229, (1 - 0.485) / 0.229
        ("unit", 0, 1),
        ("byte", 0, 255),
        ("signed", -1, 1),
        ("caffe", -104, 151),
        ("efficientnet-lite", -0.9921875, 1),
        ("ultraface", -0.9921875, 1),
        ("letterbox", 0, 255),
        ("yolo", 0, 1),
        ("digits", 0, 1),
        ("digits-inverted", 1, 0),
        ("mnist", -0.424213, 2.821487),
    ],
)
def test_black_and_white_become_what_the_network_was_trained_with(name, black, white):
    assert fed(name, 0) == pytest.approx(black, abs=1e-6)
    assert fed(name, 255) == pytest.approx(white, abs=1e-6)


def test_the_names_that_scripts_use_stay():
    assert [each.name for each in PRESETS][:5] == ["imagenet", "unit", "byte", "signed", "caffe"]
    assert {"letterbox", "efficientnet-lite", "ultraface", "yolo"} <= {each.name for each in PRESETS}


def test_every_preset_has_a_title_and_no_two_are_alike():
    assert list(TITLES) == [each.name for each in PRESETS]
    assert len(set(TITLES.values())) == len(TITLES)
    assert len({replace(each, name="") for each in PRESETS}) == len(PRESETS)


def test_both_letterboxes_are_those_of_their_detectors():
    yolox, ultralytics = preset("letterbox", ""), preset("yolo", "")
    assert (yolox.channels, yolox.anchor, yolox.fill) == ("BGR", "top left", (114, 114, 114))
    assert (ultralytics.channels, ultralytics.anchor, ultralytics.fill) == ("RGB", "centre", (114, 114, 114))


def test_a_grey_input_is_offered_each_range_once_and_nothing_of_colours():
    names = [each.name for each in presets_for(1)]
    assert names == ["digits", "digits-inverted", "mnist", "byte", "signed"]  # unit would do what digits does
    assert {each.channels for each in presets_for(1)} == {"grey"}


def test_a_coloured_input_is_offered_what_fits_its_layout():
    first, last = ([each.name for each in presets_for(3, is_last)] for is_last in (False, True))
    assert "ultraface" in first
    assert "ultraface" not in last
    assert "efficientnet-lite" in last
    assert "efficientnet-lite" not in first
    for names in (first, last):
        assert {"imagenet", "unit", "byte", "signed", "caffe", "letterbox", "yolo"} <= set(names)
        assert not {"digits", "digits-inverted", "mnist"} & set(names)


def test_four_channels_have_no_preset_with_three_means():
    assert all(len(each.mean) == 1 for each in presets_for(4))


def test_a_recipe_is_said_in_words():
    assert described(preset("caffe", "")) == "middle 87.5 % cut out, BGR − mean"
    assert described(preset("imagenet", "")) == "middle 87.5 % cut out, (RGB − mean) / std"
    assert described(preset("yolo", "")) == "scaled into the input, RGB 0 to 1"
    assert in_words(preset("digits-inverted", "")) == "inverted grey 0 to 1"
    assert described(Preprocessing("x", fit="crop", crop=1.0)) == "middle cut out, RGB 0 to 255"
