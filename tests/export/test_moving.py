"""Pictures one after the other, as GIF and as film."""

from __future__ import annotations

import io
import sys

import av
import numpy as np
import pytest
from PIL import Image

from inspector.errors import ExportError
from inspector.export import moving
from inspector.export.animation import Map, Sliding
from inspector.export.pictures import BACKGROUND, shown
from inspector.graph.model import Tensor
from inspector.render.limits import shared_limits
from inspector.render.palettes import palette


def solid(color, height=5, width=7):
    return np.full((height, width, 3), color, np.uint8)


def layer(values):
    array = np.asarray(values, np.float32)
    return shown(array, Tensor("t", "float32", array.shape), {})


def read_gif(content):
    image = Image.open(io.BytesIO(content))
    frames = []
    for place in range(image.n_frames):
        image.seek(place)
        frames.append((np.asarray(image.convert("RGB")), image.info["duration"]))
    return frames


def read_film(content):
    with av.open(io.BytesIO(content)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)], film.streams.video[0].average_rate


def test_gif_keeps_the_colors_of_each_frame_and_its_time():
    frames = [solid((250, 10, 20)), solid((0, 200, 30))]
    found = read_gif(moving.gif(iter(frames), 0.25))
    assert [time for _, time in found] == [250, 250]
    assert all(np.array_equal(seen, wanted) for (seen, _), wanted in zip(found, frames, strict=True))
    assert Image.open(io.BytesIO(moving.gif(frames))).info["loop"] == 0  # for ever


def test_frames_of_another_size_lie_on_the_background():
    first, second = (seen for seen, _ in read_gif(moving.gif([solid((9, 9, 9)), solid((200, 0, 0), 3, 9)])))
    assert first.shape == second.shape == (5, 7, 3)
    assert (second[:3] == (200, 0, 0)).all()
    assert (second[3:] == BACKGROUND).all()


def test_film_has_even_sides_and_all_frames_in_their_colors():
    colors = [(220, 30, 40), (20, 180, 60), (30, 60, 200)]
    frames, rate = read_film(moving.mp4((solid(each, 33, 41) for each in colors), 0.5))
    assert rate == 2
    assert [each.shape for each in frames] == [(34, 42, 3)] * 3
    for frame, color in zip(frames, colors, strict=True):
        assert np.abs(frame[8:24, 8:32].astype(int) - color).max() < 8  # what YUV and H.264 lose


def test_two_runs_give_the_same_bytes():
    frames = [np.random.default_rng(each).integers(0, 256, (20, 31, 3), np.uint8) for each in range(3)]
    assert moving.gif(frames) == moving.gif(frames)
    assert moving.mp4(frames) == moving.mp4(frames)


@pytest.mark.parametrize("write", [moving.gif, moving.mp4])
def test_nothing_to_show_is_said(write):
    with pytest.raises(ExportError, match="nothing to show"):
        write(iter(()))


def test_film_without_pyav_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExportError, match="PyAV") as said:
        moving.mp4([solid((0, 0, 0))])
    assert "feature-map-inspector[video]" in said.value.remedy


def test_channels_come_in_turn_with_the_limits_of_the_layer():
    frames = list(moving.channels(layer([[[[0, 1], [2, 4]], [[4, 4], [4, 4]]]]), "conv1"))
    assert len(frames) == 2
    assert frames[0].shape == frames[1].shape
    first, last = palette("viridis")[0], palette("viridis")[255]
    assert (frames[0][0, 0] == first).all()  # 0 is the layer's minimum
    assert (frames[1][:192, :192] == last).all()  # 4 its maximum
    assert [len(list(moving.channels(layer(np.zeros((1, 3, 2, 2))), "x", [2, 7])))] == [1]  # there is no 7


def test_pictures_of_a_sequence_share_their_limits():
    layers = [layer([[[[0.0, 1.0]]]]), layer([[[[0.0, 4.0]]]])]
    common = moving.common_limits(each.limits for each in layers)
    assert common.of(0) == (0.0, 4.0)
    sequence = zip(("a.png", "b.png"), layers, strict=True)
    first, second = moving.pictures(sequence, "conv1", common, "viridis", channel=0)
    assert (second[0, 300] == palette("viridis")[255]).all()
    assert (first[0, 300] == palette("viridis")[64]).all()  # 1 of 4 is a quarter of 255, rounded up


def test_sliding_window_moves_over_the_input_and_leaves_the_whole_output():
    given = Map(np.arange(9, dtype=np.float32).reshape(3, 3), shared_limits(0, 8), "viridis", "in")
    made = Map(np.array([[0.0, 1.0], [2.0, 3.0]], np.float32), shared_limits(0, 3), "viridis", "out")
    boxes = [(row, column, row + 2, column + 2) for row in range(2) for column in range(2)]
    frames = list(moving.sliding(Sliding(given, made, (0, 0, 0, 0), boxes)))
    assert len(frames) == 5
    assert (frames[-1] == palette("viridis")[255]).all(axis=-1).sum() >= 32 * 32 * 2  # the largest of both maps
