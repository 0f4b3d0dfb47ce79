"""A large PNG, strip by strip, against Pillow's own decoding of the whole."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from inspector.engine.child import png_strips
from inspector.engine.child.pictures import decode
from inspector.errors import ImageError
from tests.engine.child.pixels import file_of

SHAPES = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}


def photo(mode: str, height: int = 203, width: int = 97) -> Image.Image:
    """Waves with a little noise: a PNG packs its rows in all the ways there are."""
    y, x = np.mgrid[:height, :width]
    waves = 120 + 80 * np.sin(x / 9) * np.cos(y / 7)
    noise = np.random.default_rng(0).integers(0, 8, (height, width, *SHAPES[mode]))
    return Image.fromarray((waves.reshape(height, width, *[1] * len(SHAPES[mode])) + noise).astype(np.uint8), mode)


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
@pytest.mark.parametrize("mode", SHAPES)
@pytest.mark.parametrize("strip_bytes", [1, 3_000, 1 << 20])
def test_strips_make_up_the_picture(mode, strip_bytes):
    data = file_of(photo(mode)).getvalue()
    found = [
        np.asarray(each)
        for each in png_strips.strips(Image.open(io.BytesIO(data)), io.BytesIO(data), strip_bytes, step=4)
    ]
    assert all(len(strip) % 4 == 0 for strip in found[:-1])
    np.testing.assert_array_equal(np.concatenate(found), np.asarray(photo(mode)))


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
@pytest.mark.parametrize(
    ("image", "options", "worth_it"),
    [
        (photo("RGB"), {}, True),
        (photo("L"), {}, True),
        (photo("RGB").quantize(16), {}, False),  # its rows are no bytes of pixels
        (photo("L").convert("1"), {}, False),
        (photo("L"), {"transparency": 3}, False),
        (Image.fromarray(np.zeros((9, 9), np.uint16)), {}, False),
    ],
)
def test_only_pngs_whose_rows_can_be_written_out_again_are_cut(image, options, worth_it, monkeypatch):
    monkeypatch.setattr(png_strips, "WORTH_IT_BYTES", 16)
    assert png_strips.is_worth_it(Image.open(file_of(image, **options))) is worth_it


def test_no_other_format_and_no_small_picture_is_cut(monkeypatch):
    assert not png_strips.is_worth_it(Image.open(file_of(Image.new("RGB", (64, 64)))))
    monkeypatch.setattr(png_strips, "WORTH_IT_BYTES", 16)
    assert not png_strips.is_worth_it(Image.open(file_of(Image.new("RGB", (64, 64)), "TIFF")))


def test_a_picture_read_in_strips_is_the_one_read_at_once(monkeypatch):
    data = file_of(Image.fromarray(np.asarray(photo("L", 5_700, 5_650)))).getvalue()
    whole = decode(io.BytesIO(data), "x.png")
    monkeypatch.setattr(png_strips, "WORTH_IT_BYTES", 16)
    cut = decode(io.BytesIO(data), "x.png")
    assert (cut.size, cut.note) == (whole.size, whole.note)
    np.testing.assert_array_equal(np.asarray(cut.image), np.asarray(whole.image))


@pytest.mark.parametrize("part", [0.2, 0.9])
def test_a_cut_off_file_is_refused(part, monkeypatch):
    monkeypatch.setattr(png_strips, "WORTH_IT_BYTES", 16)
    data = file_of(Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8))).getvalue()
    with pytest.raises(ImageError, match=r"x\.png is cut off"):
        decode(io.BytesIO(data[: int(len(data) * part)]), "x.png")


def test_broken_packing_is_refused(monkeypatch):
    monkeypatch.setattr(png_strips, "WORTH_IT_BYTES", 16)
    data = bytearray(
        file_of(Image.fromarray(np.random.default_rng(1).integers(0, 256, (99, 99, 3), np.uint8))).getvalue()
    )
    data[60:200] = bytes(140)
    with pytest.raises(ImageError, match=r"x\.png is damaged"):
        decode(io.BytesIO(bytes(data)), "x.png")
