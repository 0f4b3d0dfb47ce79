"""How tiles lie."""

from __future__ import annotations

import pytest

from inspector.render.grid import Grid, Place, best_columns, best_grid


def test_the_cell_of_an_element_holds_its_pixels():
    grid = Grid(channels=6, height=2, width=3, columns=4, tile_height=8, tile_width=12, gap=1)
    place = Place(channel=5, row=1, column=2)
    assert grid.cell(place) == (13 + 2 * 4, 9 + 1 * 4, 4, 4)
    left, top, width, height = grid.cell(place)
    assert grid.channel_at(left + width / 2, top + height / 2) == place


@pytest.mark.parametrize(
    ("channels", "height", "width", "box", "expected"),
    [
        (64, 55, 55, (559, 400), 10),  # 10 columns: 55 px wide and 7 rows of 56.3: tiles of 55; 9 or 11 give less
        (1, 7, 7, (100, 100), 1),
        (4, 10, 10, (400, 99), 4),
        (4, 10, 10, (99, 400), 1),
        (3, 1, 100, (100, 50), 1),  # wide tiles lie under each other
    ],
)
def test_the_number_of_columns_makes_tiles_largest(channels, height, width, box, expected):
    def scale(columns):
        rows = -(-channels // columns)
        return min(((box[0] + 1) / columns - 1) / width, ((box[1] + 1) / rows - 1) / height)

    assert best_columns(channels, height, width, *box) == expected
    assert scale(expected) == max(scale(columns) for columns in range(1, channels + 1))


@pytest.mark.parametrize("channels", [1, 2, 17, 512, 4096])
@pytest.mark.parametrize("size", [(1, 1), (7, 7), (13, 5), (224, 224), (1, 400)])
def test_a_grid_fits_its_box_whenever_a_tile_can_be_a_pixel(channels, size):
    grid = best_grid(channels, *size, box_width=560, box_height=420)
    height, width = grid.size
    assert (height <= 420 and width <= 560) or min(grid.tile_height, grid.tile_width) == 1
    assert grid.rows * grid.columns >= channels
    assert (grid.rows - 1) * grid.columns < channels


def test_tiles_that_fit_are_drawn_pixel_for_pixel():
    grid = best_grid(1, 100, 100, 130, 140)
    assert (grid.tile_height, grid.tile_width, grid.is_reduced) == (100, 100, False)


def test_a_matrix_fills_the_room_with_whole_pixels():
    grid = best_grid(1, 10, 64, 200, 105, fills=True)
    assert (grid.tile_height, grid.tile_width) == (100, 192)
