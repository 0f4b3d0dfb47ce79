"""Picture files as pixels."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from inspector.engine.child import pictures
from inspector.engine.child.pictures import decode, over, pages, shown
from inspector.errors import ImageError, LimitError
from tests.engine.child.pixels import file_of

WHITE = (255, 255, 255)
RED_GREEN = Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8))  # 2 wide, 1 high


def pixels(file: io.BytesIO, name: str = "x") -> np.ndarray:
    return shown(over(decode(file, name), WHITE)[0])


# ---------------------------------------------------------------- formats


@pytest.mark.parametrize("kind", ["BMP", "GIF", "ICO", "PNG", "PPM", "TIFF", "WEBP", "AVIF", "JPEG", "MPO"])
def test_ten_formats_are_read(kind):
    square = Image.new("RGB", (32, 32), (200, 100, 50))
    options = {"ICO": {"sizes": [(32, 32)]}, "WEBP": {"lossless": True}, "MPO": {"save_all": True}}.get(kind, {})
    found = pixels(file_of(square, kind, **options)).astype(int)
    assert found.shape == (32, 32, 3)
    assert abs(found - [200, 100, 50]).max() <= 4  # JPEG and AVIF lose a little


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [["a", "b"], ["c", "d"]]),
        (2, [["b", "a"], ["d", "c"]]),
        (3, [["d", "c"], ["b", "a"]]),
        (4, [["c", "d"], ["a", "b"]]),
        (5, [["a", "c"], ["b", "d"]]),
        (6, [["c", "a"], ["d", "b"]]),
        (7, [["d", "b"], ["c", "a"]]),
        (8, [["b", "d"], ["a", "c"]]),
        (99, [["a", "b"], ["c", "d"]]),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_picture_is_turned_as_its_exif_says(orientation, expected, kind):
    levels = {"a": 0, "b": 80, "c": 160, "d": 240}
    stored = Image.fromarray(np.array([[0, 80], [160, 240]], np.uint8)).resize((8, 4), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    decoded = decode(file_of(stored.convert("RGB"), kind, exif=exif, **options), "x")
    assert decoded.size == ((4, 8) if 5 <= orientation <= 8 else (8, 4))
    found = shown(decoded.image)[:, :, 0]
    corners = [[found[0, 0], found[0, -1]], [found[-1, 0], found[-1, -1]]]
    assert corners == [[levels[each] for each in row] for row in expected]


def test_garbage_in_the_exif_block_does_not_cost_the_picture():
    data = file_of(RED_GREEN, "JPEG").getvalue()
    spoilt = data[:2] + b"\xff\xe1\x00\x20Exif\0\0" + b"\xff" * 24 + data[2:]
    assert decode(io.BytesIO(spoilt), "x.jpg").size == (2, 1)


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "LAB", "YCbCr", "LA"])
def test_other_kinds_of_pixels_become_rgb_or_grey(mode):
    kind = "PNG" if mode in ("1", "P", "LA") else "TIFF"
    white = Image.new("L", (4, 4), 255)
    image = (
        white.convert("LA")
        if mode == "LA"
        else Image.new("RGB", (4, 4), "white").convert(mode)
        if mode != "LAB"
        else None
    )
    if image is None:
        image = Image.merge("LAB", [white, Image.new("L", (4, 4), 128), Image.new("L", (4, 4), 128)])
    assert pixels(file_of(image, kind)).min() >= 250


def test_sixteen_bits_are_scaled_and_not_clipped():
    deep = Image.fromarray(np.array([[0, 32_896, 65_535]], np.uint16))
    decoded = decode(file_of(deep), "deep.png")
    assert np.asarray(decoded.image).tolist() == [[0, 128, 255]]
    assert "16 bits" in decoded.note


def test_sixteen_bits_in_colour_are_said_too():
    rows = b"\0" + (0xFFFF).to_bytes(2, "big") + (0x8080).to_bytes(2, "big") + bytes(2)
    decoded = decode(io.BytesIO(png(1, 1, 16, 2, zlib.compress(rows))), "deep.png")
    assert np.asarray(decoded.image).tolist() == [[[255, 128, 0]]]
    assert decoded.note == "16 bits scaled to 8"


def test_float_pixels_are_spread_over_the_greys_and_holes_are_the_darkest():
    values = np.array([[-0.5, 0.0, 0.5], [np.nan, 0.25, np.inf]], np.float32)
    decoded = decode(file_of(Image.fromarray(values), "TIFF"), "float.tif")
    assert np.asarray(decoded.image).tolist() == [[0, 128, 255], [0, 191, 255]]  # 0.5 and 0.75 of 255, rounded
    assert decoded.note == "values -0.5 to 0.5 scaled to 0 to 255"


# ---------------------------------------------------------------- transparency


def test_transparency_lies_over_the_background_and_that_is_said():
    clear = Image.fromarray(np.array([[[200, 0, 0, 0], [200, 0, 0, 255]]], np.uint8))
    image, note = over(decode(file_of(clear), "clear.png"), WHITE)
    np.testing.assert_array_equal(shown(image), [[[255, 255, 255], [200, 0, 0]]])
    assert note == "transparent over white"
    image, note = over(decode(file_of(clear), "clear.png"), (0, 128, 255))
    np.testing.assert_array_equal(shown(image), [[[0, 128, 255], [200, 0, 0]]])
    assert note == "transparent over #0080ff"


def test_a_palette_with_transparency_lies_over_the_background():
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putdata([0, 1])
    found = pixels(file_of(palette, transparency=0))
    assert found.tolist() == [[[255, 255, 255], [40, 50, 60]]]


def test_an_alpha_channel_that_hides_nothing_is_no_transparency():
    decoded = decode(file_of(Image.new("RGBA", (2, 2), (1, 2, 3, 255))), "x.png")
    assert (decoded.image.mode, decoded.note) == ("RGB", "")


# ---------------------------------------------------------------- frames


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_any_frame_is_taken_and_one_beyond_the_end_is_the_last(kind):
    frames = [Image.new("RGB", (8, 8), (level,) * 3) for level in (0, 100, 200)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = file_of(frames[0], kind, save_all=True, append_images=frames[1:], **options).getvalue()
    for wanted, found in ((0, 0), (1, 1), (2, 2), (99, 2)):
        decoded = decode(io.BytesIO(data), "x", wanted)
        assert (decoded.frames, decoded.frame) == (3, found)
        assert decoded.note == f"frame {found + 1} of 3"
        assert shown(decoded.image)[0, 0, 0] == (0, 100, 200)[found]


def test_a_still_picture_has_one_frame_whatever_is_asked_for():
    decoded = decode(file_of(RED_GREEN), "x.png", 7)
    assert (decoded.frames, decoded.frame, decoded.note) == (1, 0, "")


def test_the_preview_in_a_photograph_is_no_second_frame():
    both = file_of(RED_GREEN.resize((16, 16)), "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16))])
    assert decode(both, "x.jpg", 1).frames == 1


def test_pages_are_read_in_order():
    frames = [Image.new("L", (4, 4), level) for level in (5, 6, 7, 8, 9)]
    found = pages(file_of(frames[0], "TIFF", save_all=True, append_images=frames[1:]), "x.tif")
    assert [np.asarray(each.image)[0, 0] for each in found] == [5, 6, 7, 8, 9]


def test_pages_of_several_sizes_are_refused():
    data = file_of(Image.new("L", (4, 4)), "TIFF", save_all=True, append_images=[Image.new("L", (5, 4))])
    with pytest.raises(ImageError, match=r"pages of x\.tif differ in size"):
        pages(data, "x.tif")


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_cut_off_picture_is_refused_and_not_half_shown(kind, part):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    data = file_of(noise, kind).getvalue()
    with pytest.raises(
        ImageError, match=r"x\.bin is (cut off|damaged|a [A-Z]+ picture that is damaged|not a picture)"
    ) as refused:
        decode(io.BytesIO(data[: int(len(data) * part)]), "x.bin")
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html>", "text"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + bytes(17), "PNG picture that is damaged"),
        (b"II*\0" + bytes(4), "TIFF picture that is damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(data, what):
    with pytest.raises(ImageError, match=what):
        decode(io.BytesIO(data), "x.png")


# ---------------------------------------------------------------- size


def png(width: int, height: int, depth: int, kind: int, body: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([depth, kind, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_picture_bomb_is_refused_by_its_header():
    with pytest.raises(LimitError, match="60,000 × 60,000"):
        decode(io.BytesIO(png(60_000, 60_000, 1, 0, zlib.compress(b""))), "bomb.png")


def test_float_pixels_a_little_above_one_are_no_bytes():
    values = np.array([[0.0, 0.51, 1.02]], np.float32)
    decoded = decode(file_of(Image.fromarray(values), "TIFF"), "float.tif")
    assert np.asarray(decoded.image).tolist() == [[0, 128, 255]]
    whole = Image.fromarray(np.array([[0.0, 100.0, 255.0]], np.float32))
    assert np.asarray(decode(file_of(whole, "TIFF"), "float.tif").image).tolist() == [[0, 100, 255]]


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "L"), ("PNG", "P"), ("PNG", "1"), ("PNG", "RGBA")])
def test_a_huge_picture_is_read_reduced(kind, mode):
    big = Image.new(
        mode, (6_000, 5_400), 1 if mode in ("P", "1") else (10, 200, 30, 255)[: len(mode)] if mode != "L" else 90
    )
    if mode == "P":
        big.putpalette([0, 0, 0, 10, 200, 30])
    decoded = decode(file_of(big, kind), "big")
    assert decoded.size == (6_000, 5_400)
    assert decoded.image.width * decoded.image.height <= pictures.REDUCED_PIXELS * 1.1
    assert decoded.note == f"reduced to {decoded.image.width} × {decoded.image.height}"
    expected = {"L": [90] * 3, "1": [255] * 3}.get(mode, [10, 200, 30])
    assert abs(shown(decoded.image).astype(int) - expected).max() <= 2


def test_a_reduced_picture_keeps_its_places_and_its_orientation():
    ramp = np.zeros((5_400, 6_000), np.uint8)
    ramp[:, 3_000:] = 200
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode(file_of(Image.fromarray(ramp), exif=exif), "big.png")
    assert decoded.size == (5_400, 6_000)
    found = np.asarray(decoded.image)  # turned to the right: left is up now
    middle = found.shape[0] // 2
    assert set(found[: middle - 1].ravel()) == {0}
    assert set(found[middle + 1 :].ravel()) == {200}
