"""Arrays and tables as files, read back by other programs' readers."""

from __future__ import annotations

import csv
import io
import math
import zipfile

import numpy as np
import pytest
import tifffile

from inspector.export.numbers import Npz, csv_text, write_npy, write_tiff
from inspector.format import json_number

STACK = np.arange(2 * 3 * 4, dtype=np.float64).reshape(2, 3, 4) / 7


def written(write, *arguments):
    file = io.BytesIO()
    write(file, *arguments)
    return file.getvalue()


@pytest.mark.parametrize("array", [STACK, STACK[:, ::2], np.float16(3), np.zeros((0, 4), np.int8), STACK.T > 1])
def test_npy_files_are_those_that_numpy_writes(array):
    file = io.BytesIO()
    np.save(file, array)
    assert written(write_npy, array) == file.getvalue()


def test_npz_takes_arrays_one_by_one_and_its_bytes_depend_on_them_alone():
    def fill(file):
        npz = Npz(file)
        npz.add("000-conv", STACK)
        npz.add("重み", np.float16(3))
        npz.finish()

    content = written(fill)
    assert content == written(fill)
    with np.load(io.BytesIO(content)) as found:
        assert list(found) == ["000-conv", "重み"]
        np.testing.assert_array_equal(found["000-conv"], STACK)
        assert found["重み"] == np.float16(3)
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert {each.date_time for each in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert found.testzip() is None


@pytest.mark.parametrize(
    ("stack", "axes", "shape"),
    [
        (STACK, "CYX", (2, 3, 4)),
        (STACK.reshape(2, 3, 2, 2), "ZCYX", (2, 3, 2, 2)),
        (STACK[:1], "CYX", (3, 4)),
        (STACK.reshape(24, 1, 1), "CYX", (24, 1, 1)),
        (STACK.reshape(6, 4, 1), "CYX", (6, 4, 1)),
        (STACK.reshape(2, 3, 4, 1), "ZCYX", (2, 3, 4, 1)),
        (STACK.reshape(2, 12, 1, 1), "ZCYX", (2, 12, 1, 1)),
    ],
)
def test_tiff_stacks_have_the_axes_that_imagej_knows(tmp_path, stack, axes, shape):
    path = tmp_path / "stack.tif"
    with open(path, "w+b") as file:
        write_tiff(file, stack, axes, (0, 3))
    with tifffile.TiffFile(path) as found:
        assert found.is_imagej
        series = found.series[0]
        assert (series.kind, series.shape) == ("imagej", shape)
        assert len(found.pages) == math.prod(shape[:-2])
        assert axes.endswith(series.axes)
        np.testing.assert_array_equal(series.asarray(), stack.astype(np.float32).reshape(shape))
        assert (found.imagej_metadata["min"], found.imagej_metadata["max"]) == (0, 3)
        assert not {"DateTime", "HostComputer"} & {tag.name for tag in found.pages[0].tags}
    assert path.read_bytes() == written(write_tiff, stack, axes, (0, 3))


def test_a_stack_without_finite_numbers_is_written_without_limits():
    content = written(write_tiff, np.full((1, 2, 2), np.nan), "CYX", (np.nan, np.nan))
    assert np.isnan(tifffile.imread(io.BytesIO(content))).all()


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "=cmd|' /C calc'!A0", "\uff1d1+1"]
)
def test_what_a_spreadsheet_would_run_is_quoted(text):
    rows = list(csv.reader(io.StringIO(csv_text(["a", "b"], [{"a": text, "b": -1.5}]), newline="")))
    assert rows == [["a", "b"], ["'" + text, "-1.5"]]


def test_numbers_that_are_not_finite_are_no_text():
    text = csv_text(["a", "b"], [{"a": json_number(-np.inf), "b": json_number(np.nan)}])
    assert text == "a,b\r\n-Infinity,NaN\r\n"


def test_cells_hold_lists_truths_and_nothing():
    text = csv_text(["a", "b", "c", "d"], [{"a": [1, None, 3], "b": True, "c": None, "d": 'say "x", y'}])
    assert list(csv.reader(io.StringIO(text))) == [["a", "b", "c", "d"], ["1 ? 3", "true", "", 'say "x", y']]
