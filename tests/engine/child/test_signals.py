"""Signals from files, and how they fill an input; expected values by hand."""

from __future__ import annotations

import io
import wave as python_wave

import numpy as np
import pytest

from inspector.engine.child import signals
from inspector.engine.child.signals import Signal, fitted, of_array, of_table, read_table, read_wave
from inspector.errors import ImageError, LimitError
from inspector.graph.model import Tensor
from tests.engine.child.sounds import FLOAT, PCM, opened, wave


def column(*values: float) -> np.ndarray:
    return np.array(values).reshape(-1, 1)


# ---------------------------------------------------------------- WAVE


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(
    ("bits", "tag", "stored", "expected"),
    [
        (8, PCM, (0, 128, 192), (-1, 0, 0.5)),
        (16, PCM, (-32_768, 0, 16_384), (-1, 0, 0.5)),
        (24, PCM, (-8_388_608, 0, 4_194_304), (-1, 0, 0.5)),
        (32, PCM, (-2_147_483_648, 0, 1_073_741_824), (-1, 0, 0.5)),
        (32, FLOAT, (-1, 0, 0.5), (-1, 0, 0.5)),
        (64, FLOAT, (-1, 0, 0.1), (-1, 0, 0.1)),
    ],
)
def test_every_kind_of_sample_becomes_a_part_of_full_scale(bits, tag, stored, expected, extensible):
    found = read_wave(opened(wave(column(*stored), bits, tag, extensible=extensible)), "x.wav")
    assert found.values.tolist() == [list(expected)]
    assert (found.samples, found.rate) == (3, 16_000)


def test_a_file_that_python_wrote_is_read():
    file = io.BytesIO()
    with python_wave.open(file, "wb") as writer:
        writer.setparams((2, 2, 44_100, 0, "NONE", ""))
        writer.writeframes(np.array([[8_192, -8_192], [0, 16_384]], "<i2").tobytes())
    file.seek(0)
    found = read_wave(file, "x.wav")
    assert found.values.tolist() == [[0.25, 0], [-0.25, 0.5]]
    assert found.rate == 44_100


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 1_000])
def test_a_recording_that_was_broken_off_is_read_to_where_it_ends(length):
    data = wave(column(16_384, 0, 16_384), 16)
    place = data.index(b"data") + 4
    found = read_wave(opened(data[:place] + length.to_bytes(4, "little") + data[place + 4 : -1]), "x.wav")
    assert found.values.tolist() == [[0.5, 0]]  # half a sample is none


def test_of_a_long_recording_only_the_beginning_is_read(monkeypatch):
    monkeypatch.setattr(signals, "MOST_SAMPLES", 2)
    found = read_wave(opened(wave(column(16_384, 0, 16_384), 16)), "x.wav")
    assert (found.values.tolist(), found.samples) == ([[0.5, 0]], 3)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"ID3\x03 and so on, an MP3", "no WAVE file"),
        (wave(column(1), 16)[:20], "no description of its samples"),
        (wave(column(1), 16).replace(b"data", b"nope"), "no samples"),
        (wave(column(), 16), "no samples"),
        (wave(column(1), 16).replace(b"\x01\0\x01\0\x80\x3e", b"\x55\0\x01\0\x80\x3e"), r"compressed \(MP3\)"),
        (wave(column(1), 16).replace(b"\x01\0\x01\0\x80\x3e", b"\x01\0\x00\0\x80\x3e"), "0 channels"),
        (wave(column(1), 16).replace(b"\x02\0\x10\0", b"\x02\0\x0d\0"), "13 bits"),
    ],
)
def test_what_is_no_recording_is_refused_with_a_remedy(data, what):
    with pytest.raises(ImageError, match=what) as refused:
        read_wave(opened(data), "x.wav")
    assert "x.wav" in refused.value.message
    assert refused.value.remedy


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4.5\n",
        "left,right\n1,2\n3,4.5\n",
        "\ufeff1;2\r\n3;4,5\r\n",
        "1\t2\n3\t4.5",
        "  1 2\n3   4.5\n\n",
        '"1","2"\n"3","4.5"\n',
    ],
)
def test_rows_of_numbers_are_read_however_they_are_parted(text):
    assert read_table(io.BytesIO(text.encode()), "x.csv").tolist() == [[1, 2], [3, 4.5]]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "holds no numbers"),
        (b"only,names\n", "holds no numbers"),
        (b"a\nb\nc\n", "cannot be read as numbers"),
        (b"1,2\n3\n", "cannot be read as numbers"),
        (b"\xff\xfe\x00", "no text"),
        (b"1\0002\n", "no text"),
    ],
)
def test_what_is_no_table_is_refused(data, what):
    with pytest.raises(ImageError, match=rf"x\.csv.*{what}"):
        read_table(io.BytesIO(data), "x.csv")


def test_an_endless_table_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(signals, "MOST_TABLE_BYTES", 1 << 20)
    with pytest.raises(LimitError, match="more than 1 MiB"):
        read_table(io.BytesIO(b"1\n" * (1 << 20)), "x.csv")


def test_columns_are_channels_and_a_single_row_is_one():
    assert of_table(np.array([[1.0, 2], [3, 4], [5, 6]])).values.tolist() == [[1, 3, 5], [2, 4, 6]]
    assert of_table(np.array([[1.0, 2, 3]])).values.tolist() == [[1, 2, 3]]


def test_of_an_array_the_longer_axis_is_time():
    assert of_array(np.arange(6).reshape(3, 2)).values.tolist() == [[0, 2, 4], [1, 3, 5]]
    assert of_array(np.arange(3)).values.tolist() == [[0, 1, 2]]
    assert of_array(np.zeros((2, 2, 2))) is None
    assert of_array(np.zeros((49, 40))) is None  # features, not 40 channels


# ---------------------------------------------------------------- into an input

SIGNAL = Signal(np.array([[1.0, 2, 3, 4]]), 4)
SOUND = Signal(np.array([[0.5, -0.5, 0.25, 0.0]], np.float32), 4, 2)  # two samples a second
STEREO = Signal(np.array([[1.0, 3], [3, 5]]), 2)


@pytest.mark.parametrize(
    ("signal", "shape", "expected", "note"),
    [
        (SIGNAL, (4,), [1, 2, 3, 4], ""),
        (SIGNAL, (1, 4), [[1, 2, 3, 4]], ""),
        (SIGNAL, ("batch", "time"), [[1, 2, 3, 4]], ""),
        (SIGNAL, (1, 2), [[1, 2]], "first 2 samples of 4 samples"),
        (SIGNAL, (1, 6), [[1, 2, 3, 4, 0, 0]], "4 samples and then zeros up to 6 samples"),
        (SIGNAL, (1, 1, "time"), [[[1, 2, 3, 4]]], ""),
        (SIGNAL, (1, "time", 1), [[[1], [2], [3], [4]]], ""),
        (SIGNAL, (1, 100, 1), [[[1], [2], [3], [4], *[[0]] * 96]], "4 samples and then zeros up to 100 samples"),
        (SIGNAL, (2, 3), [[1, 2, 3]] * 2, "first 3 samples of 4 samples, repeated 2 times"),
        (SIGNAL, (1, 2, 2), [[[1, 2]] * 2], "the one channel taken twice, first 2 samples of 4 samples"),
        (SOUND, (1, 3), [[0.5, -0.5, 0.25]], "first 1.5 s of 2 s, 0.002 kHz"),
        (SOUND, (1, 4), [[0.5, -0.5, 0.25, 0]], "2 s, 0.002 kHz"),
        (SOUND, (1, 5), [[0.5, -0.5, 0.25, 0, 0]], "2 s and then zeros up to 2.5 s, 0.002 kHz"),
        (STEREO, (1, 2), [[2, 4]], "2 channels mixed to one"),
        (STEREO, (1, 2, 2), [[[1, 3], [3, 5]]], ""),
    ],
)
def test_a_signal_fills_an_input(signal, shape, expected, note):
    found, said = fitted(signal, Tensor("x", "float32", shape), "x.wav")
    assert found.dtype == np.float32
    assert found.tolist() == expected
    assert said == note


def test_a_long_signal_is_cut_for_an_input_of_any_length():
    found, note = fitted(Signal(np.zeros((1, 10), np.float32), 30, 10), Tensor("x", "float32", (1, "time")), "x.wav")
    assert (found.shape, note) == ((1, 10), "first 1 s of 3 s, 0.01 kHz")


def test_a_recording_takes_the_full_scale_of_whole_numbers_and_a_table_does_not():
    into = Tensor("x", "int16", (1, 4))
    assert fitted(SOUND, into, "x.wav")[0].tolist() == [[16_384, -16_384, 8_192, 0]]
    assert fitted(SIGNAL, into, "x.csv")[0].tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("signal", "shape", "what"),
    [
        (STEREO, (1, 5, 2), "has 2 channels; the input 'x' takes 5"),
        (SIGNAL, (1, 5, 2), "has 1 channel; the input 'x' takes 5"),
        (SIGNAL, (1, 3, 8, 8), "the input 'x' takes 1 × 3 × 8 × 8"),
    ],
)
def test_a_signal_that_fits_nowhere_is_refused(signal, shape, what):
    with pytest.raises(ImageError, match=what):
        fitted(signal, Tensor("x", "float32", shape), "x.wav")
