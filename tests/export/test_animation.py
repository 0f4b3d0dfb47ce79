"""The sliding window as an animated GIF."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from inspector.errors import ExportError
from inspector.export.animation import Map, Sliding, frames, positions, write_gif
from inspector.render.limits import shared_limits
from inspector.render.palettes import MARK, palette

GIVEN = np.arange(25, dtype=np.float32).reshape(5, 5)
MADE = np.arange(9, dtype=np.float32).reshape(3, 3)


@pytest.fixture
def sliding() -> Sliding:
    """A window of 3 x 3 with stride 2 over 5 x 5 with a padding of 1."""
    boxes = [(row * 2 - 1, column * 2 - 1, row * 2 + 2, column * 2 + 2) for row in range(3) for column in range(3)]
    given = Map(GIVEN, shared_limits(0, 24), "viridis", "input")
    return Sliding(given, Map(MADE, shared_limits(-8, 8), "signed", "output"), (1, 1, 1, 1), boxes)


def read(path) -> list[np.ndarray]:
    with Image.open(path) as image:
        found = []
        for frame in range(image.n_frames):
            image.seek(frame)
            found.append(np.asarray(image.convert("RGB")))
        return found


def test_animation_has_a_frame_for_each_position_and_ends_with_the_whole_output(sliding, tmp_path):
    path = tmp_path / "slide.gif"
    assert write_gif(str(path), sliding) == 10
    shown = read(path)
    assert len({each.shape for each in shown}) == 1
    last = palette("signed")[255]
    assert [bool((each == last).all(axis=-1).any()) for each in shown] == [False] * 8 + [True, True]


def test_window_is_marked_where_it_lies(sliding, tmp_path):
    write_gif(str(tmp_path / "slide.gif"), sliding)
    first, second = read(tmp_path / "slide.gif")[:2]

    def marked(frame: np.ndarray) -> tuple[int, int]:
        _, columns = np.nonzero((frame[:, : frame.shape[1] // 2] == MARK).all(axis=-1))
        return int(columns.min()), int(columns.max())

    cell = 32  # of 7 cells with the padding, which could be 40, at most 32
    assert marked(second)[0] - marked(first)[0] == 2 * cell
    assert marked(first)[1] - marked(first)[0] == 3 * cell + 5  # two pixels on each side, one beyond the cells


def test_same_run_gives_the_same_file(sliding, tmp_path):
    for name in ("one.gif", "two.gif"):
        write_gif(str(tmp_path / name), sliding)
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()


def test_many_positions_are_shown_at_equal_distances_from_the_first_to_the_last():
    shown = positions(90_000)
    assert len(shown) == 240
    assert (shown[0], shown[-1]) == (0, 89_999)
    assert {after - before for before, after in pairwise(shown)} <= {376, 377}


def test_map_larger_than_the_picture_is_drawn_smaller():
    given = Map(np.zeros((900, 600), np.float32), shared_limits(0, 1), "viridis", "")
    made = Map(np.zeros((2, 1), np.float32), shared_limits(0, 1), "viridis", "")
    shown = list(frames(Sliding(given, made, (0, 0, 0, 0), [(0, 0, 9, 9), (450, 0, 459, 9)])))
    assert shown[0].shape[0] < 340


def test_folder_that_is_not_there_is_said(sliding, tmp_path):
    with pytest.raises(ExportError, match="cannot be written"):
        write_gif(str(tmp_path / "missing" / "slide.gif"), sliding)
