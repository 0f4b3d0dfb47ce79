"""How exported pictures look: limits, colours, sizes, captions, and what lies over a picture."""

from __future__ import annotations

import csv
import io
import json
import os
import threading

import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector.analysis.heads import ClassScore
from inspector.errors import UsageError
from inspector.export.captions import captioned, chart
from inspector.export.pictures import (
    BACKGROUND,
    Painting,
    channel_picture,
    kernels_picture,
    overlay_picture,
    shown,
    stack_of,
    strongest_channel,
)
from inspector.export.wish import Look, Wish
from inspector.export.workers import Workers
from inspector.export.writer import export
from inspector.graph.model import Picture, Tensor
from inspector.render.palettes import palette
from tests.export.made import PIXELS, maps_picture, network, run_of

PLAIN = Tensor("maps", "float32", None)
VIRIDIS = (0x44, 0x01, 0x54), (0xFD, 0xE7, 0x25)  # its ends (van der Walt and Smith, 2015)
MAPS = np.array([[[[0, 10], [0, 10]], [[20, 20], [0, 0]]]], np.float32)


def corner(drawn, row=0, column=0):
    return tuple(drawn.pixels[row, column])


def test_limits_that_were_chosen_hold_for_every_map():
    drawn = maps_picture(MAPS, PLAIN, {}, Look(limits=(10, 15), scale=1))
    assert drawn.limits == (10, 15)
    assert corner(drawn) == VIRIDIS[0]  # 0 lies below them
    assert corner(drawn, -2, 0) == VIRIDIS[1]  # and 20, in the tile below the first, above


def test_chosen_limits_leave_zero_in_the_middle_where_the_colours_have_one_as_in_the_window():
    maps = np.array([[[[-1, 0], [2, 3]]]], np.float32)
    drawn = maps_picture(maps, PLAIN, {}, Look(limits=(-1, 3), scale=1))
    assert (drawn.limits, drawn.colormap) == ((-3, 3), "signed")
    assert corner(drawn, 0, 1) == tuple(palette("signed")[128])  # zero, in the middle
    assert maps_picture(maps, PLAIN, {}, Look(limits=(-1, 3), colormap="magma", scale=1)).limits == (-1, 3)


def test_each_channel_from_its_own_minimum_to_its_maximum_has_limits_of_its_own():
    drawn = maps_picture(MAPS, PLAIN, {}, Look("channel", scale=1))
    assert drawn.limits == ((0, 10), (0, 20))
    assert corner(drawn, 0, 1) == VIRIDIS[1]
    ready = shown(MAPS, PLAIN, {}, Look("channel"))
    assert channel_picture(ready, 1).limits == (0, 20)


def test_limits_around_zero_and_a_colormap_are_as_asked():
    drawn = maps_picture(MAPS, PLAIN, {}, Look("symmetric", colormap="gray", scale=1))
    assert drawn.limits == (-20, 20)
    assert drawn.colormap == "gray"
    assert corner(drawn, 1, 0) == (128, 128, 128)  # zero, in the middle


@pytest.mark.parametrize(
    ("look", "size"),
    [
        (Look(scale=1), (5, 2)),  # two tiles of 2 x 2, one below the other, and a gap of one pixel
        (Look(scale=2), (9, 4)),
        (Look(scale=4), (17, 8)),
        (Look(width=4), (9, 4)),
        (Look(width=7), (15, 7)),
    ],
)
def test_a_picture_has_the_size_that_was_asked_for(look, size):
    maps = MAPS.reshape(1, 2, 2, 2)
    assert maps_picture(maps, PLAIN, {}, look).pixels.shape[:2] == size


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 500])
def test_a_width_is_kept_to_the_pixel_whatever_the_maps(count):
    for width in (64, 333):
        maps = np.zeros((1, count, 5, 3), np.float32)
        assert maps_picture(maps, PLAIN, {}, Look(width=width)).pixels.shape[1] == max(width, 1)
        kernel = np.ones((count, 3, 3, 3), np.float32)
        assert kernels_picture(kernel, as_rgb=True, look=Look(width=width)).pixels.shape[1] == width


def test_a_single_map_has_the_colours_that_it_has_among_all():
    maps = np.random.default_rng(0).random((1, 6, 5, 4), np.float32)
    whole = maps_picture(maps, PLAIN, {}, Look(scale=3))
    ready = shown(maps, PLAIN, {})
    for channel in range(6):
        left, top, width, height = whole.grid.tile(channel)
        alone = channel_picture(ready, channel, Look(scale=3))
        np.testing.assert_array_equal(alone.pixels, whole.pixels[top : top + height, left : left + width])
        assert alone.limits == whole.limits
        assert alone.channels == (channel,)


def test_a_picture_that_needs_more_than_256_colours_keeps_them_all():
    maps = np.arange(3 * 256, dtype=np.float32).reshape(1, 3, 16, 16)  # all indices occur, and a place is empty
    drawn = maps_picture(maps, PLAIN, {}, Look(scale=1))
    assert not isinstance(drawn.painting, Painting)
    few = maps_picture(np.minimum(maps, 700), PLAIN, {}, Look(limits=(0, 767), scale=1))
    assert isinstance(few.painting, Painting)
    for picture in (drawn, few):
        colors = {tuple(each) for each in picture.pixels.reshape(-1, 3)}
        assert BACKGROUND in colors
        assert colors - {BACKGROUND} <= {tuple(each) for each in palette("viridis")}
    tile = drawn.pixels[:16, :16].reshape(-1, 3)
    expected = palette("viridis")[np.floor(np.arange(256) / 767 * 255 + 0.5).astype(int)]
    np.testing.assert_array_equal(tile, expected)


def test_a_caption_leaves_the_pixels_and_its_bar_runs_from_the_first_to_the_last_colour():
    drawn = maps_picture(np.random.default_rng(1).random((1, 4, 70, 70), np.float32), PLAIN, {}, Look(scale=4))
    for scale in (1, 2):
        found = captioned(drawn, ["3 conv <重み>", "Conv, 4 channels"], scale)
        height, width = drawn.pixels.shape[:2]
        np.testing.assert_array_equal(found[:height, :width], drawn.pixels)
        below = found[height:]
        rows = [row for row in below if tuple(row[8 * scale]) == VIRIDIS[0]]
        assert len(rows) == 8 * scale
        bar = rows[0][8 * scale : (8 + 256) * scale]
        np.testing.assert_array_equal(bar[::scale], palette("viridis"))
        assert (below != BACKGROUND).any(axis=(1, 2)).sum() > 3 * 8 * scale  # there is writing


def test_bars_of_a_chart_are_as_long_as_the_classes_are_probable():
    classes = [ClassScore(1, "goldfish", 1.0, None), ClassScore(2, "", 0.25, 1.0), ClassScore(3, "nothing", np.nan, 0)]
    pixels = chart("a.png", "softmax", classes)
    blue = (pixels == (0x4C, 0x9B, 0xE8)).all(axis=2).sum(axis=1)
    lengths = [int(each) for each in dict.fromkeys(blue.tolist()) if each]
    assert len(lengths) == 2
    assert lengths[1] / lengths[0] == pytest.approx(0.25, abs=0.01)


def test_a_map_lies_over_what_the_model_saw_and_lets_through_what_does_not_respond():
    maps = np.zeros((1, 2, 2, 2), np.float32)
    maps[0, 1, 0, 1] = 5
    ready = shown(maps, PLAIN, {})
    assert ready.has_maps
    assert strongest_channel(ready) == 1
    picture = Picture(PIXELS, (32, 32), (8, 0, 32, 32))  # half the size of the file's; its left quarter was cut off
    drawn = overlay_picture(ready, 1, picture, Look(scale=1))
    assert drawn.limits == (0, 5)
    expected = PIXELS.copy()
    expected[:8, 10:] = VIRIDIS[1]  # of the columns 4 to 16 the right half, of the rows the upper one
    np.testing.assert_array_equal(drawn.pixels, expected)
    wider = Picture(PIXELS, (16, 16), (-16, 0, 16, 16))  # letterboxed: half of the map lies beside it
    expected = PIXELS.copy()
    expected[:8] = VIRIDIS[1]
    np.testing.assert_array_equal(overlay_picture(ready, 1, wider, Look(scale=1)).pixels, expected)


def test_stacks_have_the_channels_that_were_chosen_and_the_axes_of_imagej():
    maps = np.arange(2 * 3 * 4, dtype=np.float32).reshape(1, 2, 3, 4)
    stack, axes = stack_of(shown(maps, PLAIN, {}), (1, 9))
    assert axes == "CYX"
    np.testing.assert_array_equal(stack, maps[0, 1:])
    volume = np.arange(2 * 5 * 3 * 4, dtype=np.float32).reshape(1, 2, 5, 3, 4)
    stack, axes = stack_of(shown(volume, PLAIN, {}))
    assert axes == "ZCYX"
    np.testing.assert_array_equal(stack, volume[0].swapaxes(0, 1))


# ---------------------------------------------------------------- whole exports

TENSORS = [np.random.default_rng(place).random((1, 3, 6, 5), np.float32) for place in range(2)]
TENSORS.append(np.array([[0.1, 0.7, 0.2]], np.float32))
KERNEL = np.linspace(-1, 1, 3 * 3 * 3 * 3, dtype=np.float32).reshape(3, 3, 3, 3)


@pytest.fixture
def written(tmp_path):
    source, run = network(["conv", "=relu", "dense"], TENSORS, kernel=KERNEL), run_of(TENSORS)

    def write(what, formats="", channels=(), look=Look(), layers="*"):  # noqa: B008 frozen
        chosen = frozenset(formats.split(",")) if formats else frozenset()
        wish = Wish(frozenset(what.split(",")), layers, chosen, channels, look)
        folder = tmp_path / "out"
        export(folder, source, run.prediction, lambda names: run, wish, overwrite=True)
        files = json.loads((folder / "index.json").read_text())["files"]
        assert sorted(os.listdir(folder)) == sorted([*(each["file"] for each in files), "index.json"])
        return folder, {each["file"]: each for each in files}

    return write


def test_chosen_maps_are_a_file_each_and_those_that_are_not_there_are_none(written):
    folder, files = written("maps,overlay", "png", channels=(2, 0, 7))
    assert list(files) == [
        *("000-conv-c0002.png", "000-conv-c0000.png", "000-conv-overlay-c0002.png", "000-conv-overlay-c0000.png"),
        *("001-=relu-c0002.png", "001-=relu-c0000.png", "001-=relu-overlay-c0002.png", "001-=relu-overlay-c0000.png"),
        *("002-dense-c0002.png", "002-dense-c0000.png"),
    ]
    assert files["000-conv-c0002.png"]["channels"] == {"order": "as stored", "shown": [2]}
    with Image.open(folder / "000-conv-overlay-c0002.png") as image:
        assert image.size == (256, 256)  # magnified


def test_what_the_model_was_fed_is_drawn_as_the_picture_that_it_was(written):
    folder, _ = written("input", "png,npy")
    with Image.open(folder / "input-x.png") as image:
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), PIXELS)
    assert np.load(folder / "input-x.npy").shape == (1, 3, 16, 16)


def test_stacks_and_collections_hold_the_numbers(written):
    folder, files = written("maps,kernels,tensors", "tiff,npz")
    np.testing.assert_array_equal(tifffile.imread(folder / "000-conv.tif"), TENSORS[0][0])
    np.testing.assert_array_equal(tifffile.imread(folder / "000-conv-kernels.tif"), KERNEL)
    assert (files["000-conv.tif"]["axes"], files["000-conv-kernels.tif"]["axes"]) == ("CYX", "ZCYX")
    with np.load(folder / "tensors.npz") as found:
        assert list(found) == ["000-conv", "001-=relu", "002-dense"]
        for name, tensor in zip(found, TENSORS, strict=True):
            np.testing.assert_array_equal(found[name], tensor)
    with np.load(folder / "kernels.npz") as found:
        np.testing.assert_array_equal(found["000-conv-kernels"], KERNEL)
    listed = {each["array"]: (each["layer"], each["tensor"]) for each in files["tensors.npz"]["arrays"]}
    assert listed["001-=relu"] == ("=relu", "t1")


def test_tables_say_what_each_tensor_and_layer_is(written):
    folder, _ = written("layers,statistics,probabilities", "csv,json")
    rows = list(csv.DictReader(io.StringIO((folder / "statistics.csv").read_text(), newline="")))
    assert [row["layer"] for row in rows] == ["conv", "'=relu", "dense"]
    wide = TENSORS[0].astype(np.float64)
    assert float(rows[0]["mean"]) == pytest.approx(wide.mean(), rel=1e-12)
    assert float(rows[0]["std"]) == pytest.approx(wide.std(), rel=1e-12)
    assert (rows[0]["shape"], rows[0]["count"], rows[0]["nans"]) == ("1 3 6 5", "90", "0")
    facts = json.loads((folder / "statistics.json").read_text())["tensors"]
    assert [each["tensor"] for each in facts] == ["t0", "t1", "t2"]
    assert facts[2]["maximum"] == pytest.approx(0.7)
    rows = list(csv.DictReader(io.StringIO((folder / "layers.csv").read_text(), newline="")))
    assert [row["name"] for row in rows] == ["conv", "'=relu", "dense"]
    facts = json.loads((folder / "layers.json").read_text())["layers"]
    assert [(each["inside"], each["hidden"], each["codes"]) for each in facts] == [([], None, None)] * 3
    rows = list(csv.DictReader(io.StringIO((folder / "probabilities.csv").read_text(), newline="")))
    assert [row["index"] for row in rows] == ["1", "2", "0"]


def test_all_that_is_drawn_opens_and_is_larger_at_a_larger_scale(written):
    sizes = []
    for scale in (1, 2):
        look = Look(scale=scale, is_captioned=True)
        folder, files = written("maps,kernels,overlay,overview,probabilities", "png", look=look)
        found = {}
        for name in files:
            with Image.open(folder / name) as image:
                image.load()
                found[name] = image.size
        sizes.append(found)
    assert sizes[0].keys() == sizes[1].keys() >= {"overview.png", "probabilities.png", "000-conv-overlay.png"}
    assert sizes[1]["probabilities.png"] == tuple(2 * side for side in sizes[0]["probabilities.png"])
    assert sizes[1]["overview.png"][0] > 1.9 * sizes[0]["overview.png"][0]


def test_only_the_chosen_layers_are_in_the_tables(written):
    folder, files = written("statistics,layers,maps", "csv,png", layers="c*")
    assert list(files) == ["000-conv.png", "layers.csv", "statistics.csv"]
    assert (folder / "statistics.csv").read_text().count("\n") == 2


def test_an_export_that_is_stopped_by_its_progress_leaves_whole_files(tmp_path):
    source, run = network(["a", "b", "dense"], TENSORS), run_of(TENSORS)

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "out", source, run.prediction, lambda names: run, Wish(), stop)
    assert not [name for name in os.listdir(tmp_path / "out") if name.startswith(".")]
    with pytest.raises(UsageError):
        export(tmp_path / "out", source, run.prediction, lambda names: run, Wish(formats=frozenset({"gif"})))


def test_work_runs_side_by_side_few_pieces_wait_and_the_first_failure_is_raised():
    together = threading.Barrier(2, timeout=20)
    with Workers(2) as workers:
        for _ in range(8):
            workers.do(together.wait)  # passes only where two are at it
        workers.finish()

    def fail():
        raise OSError("full")

    with Workers(1) as workers:
        workers.do(fail)
        with pytest.raises(OSError, match="full"):
            workers.finish()
