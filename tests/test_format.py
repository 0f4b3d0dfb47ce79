"""Numbers as they are printed. The expected texts are the ones of the design's page, or were written by hand."""

from __future__ import annotations

import math

import pytest

from inspector import format


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (577.5, "577.5"),
        (0.1649, "0.1649"),
        (49.17, "49.17"),
        (0, "0"),
        (-0.0, "0"),
        (1, "1.000"),
        (-12, "−12.00"),
        (12345.6, "12346"),
        (999.96, "1000"),
        (0.001, "0.001000"),
        (0.00099, "9.9e−4"),
        (3.8e-6, "3.8e−6"),
        (-3.8e-6, "−3.8e−6"),
        (100_000, "1.0e5"),
        (99_999.7, "1.0e5"),
        (65504, "65504"),
        (3.4e38, "3.4e38"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (-math.inf, "−Inf"),
    ],
)
def test_a_number_has_four_significant_digits(value, text):
    assert format.significant(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9966, "0.9966"),
        (1, "1.0000"),
        (0.00005, "0.0001"),
        (0.000049, "< 0.0001"),
        (0, "< 0.0001"),
        (math.nan, "NaN"),
    ],
)
def test_a_probability_has_four_decimals(value, text):
    assert format.probability(value) == text


def test_a_count_is_exact_and_grouped():
    assert format.count(1_235_496) == "1,235,496"
    assert format.count(0) == "0"
    assert format.count(-1000) == "−1,000"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (27_878_400, "27.88 M"),
        (349_152_000, "349.2 M"),
        (15_470_264_320, "15.47 G"),
        (999_999, "1.000 M"),
        (640, "640"),
        (0, ""),
        (None, "?"),
    ],
)
def test_macs_have_four_digits_and_a_unit(value, text):
    assert format.macs(value) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (14_400_000, "14.4 MB"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (999_999, "1.00 MB"),
        (553e6, "553 MB"),
    ],
)
def test_memory_has_three_digits(size_bytes, text):
    assert format.memory(size_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0041, "4.1 ms"),
        (0.412, "410 ms"),
        (0.9999, "1.0 s"),
        (12.3, "12 s"),
        (59.99, "1.0 min"),
        (150, "2.5 min"),
        (5400, "1.5 h"),
        (4e-5, "40 µs"),
        (0, "0 s"),
        (math.nan, "NaN"),
    ],
)
def test_a_duration_has_two_digits(seconds, text):
    assert format.seconds(seconds) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.557, "55.7 %"), (0.117, "11.7 %"), (1, "100 %"), (0, "0 %"), (0.0123, "1.23 %"), (0.00001, "< 0.01 %")],
)
def test_a_part_is_percent_with_three_digits(fraction, text):
    assert format.percent(fraction) == text


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((1, 64, 55, 55), "55 × 55 × 64"),
        (("batch", 64, 55, 55), "55 × 55 × 64"),
        ((8, 64, 55, 56), "8 × 55 × 56 × 64"),
        ((1, 3, "height", None), "height × ? × 3"),
        ((1, 1000), "1000"),
        ((1, 16, 100), "100 × 16"),
        ((5,), "5"),
        ((), "1"),
        (None, "?"),
    ],
)
def test_a_shape_is_height_width_channels(shape, text):
    assert format.shape_hwc(shape) == text


@pytest.mark.parametrize("name", ["batch", "N", "height", "batch_size", "sequence length", "Höhe"])
def test_a_size_that_somebody_named_goes_by_its_name(name):
    assert format.dimension(name) == name
    assert format.shape((name, 3)) == f"{name} × 3"


@pytest.mark.parametrize(
    "name",
    [
        *("unk__68", "p2o.DynamicDimension.0", "s77", "((s77 - 1)//2) + 1", "input_dynamic_axes_1", "Addoutput_dim_0"),
        *("None", "unknown", "?", "-1", "", "floor(height/2)", "n" * 25, "dim_0", "__"),
    ],
)
def test_a_size_that_an_exporter_named_is_not_known(name):
    assert format.dimension(name) == "?"
    assert format.shape_hwc((1, 3, name, 7)) == "? × 7 × 3"


def test_a_channels_last_shape_keeps_its_order():
    assert format.shape_hwc((1, 257, 129, 21), channels_last=True) == "257 × 129 × 21"


def test_a_stored_shape_keeps_all_its_axes():
    assert format.shape((1, 64, None, "w")) == "1 × 64 × ? × w"
