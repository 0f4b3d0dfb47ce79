"""Inputs as a command line says them."""

from __future__ import annotations

import os

import pytest

from inspector.errors import UsageError
from inspector.graph.feeding import Feeding, lengths, number
from inspector.graph.model import Model, Tensor


def network(*names: str, shape: tuple[int | str, ...] = ("n", 4)) -> Model:
    return Model("folder/m.onnx", 17, "", tuple(Tensor(name, "float32", shape) for name in names), (), ())


def test_names_may_hold_equals_signs_and_files_may_too(tmp_path):
    model = network("a", "a=b", "c")
    feeding = Feeding(("a=b=1,4", "c=2,4"), ("a=b=x=y.npy", "c=0.5", "a=-3"))
    assert feeding.shapes_of(model) == {"a=b": (1, 4), "c": (2, 4)}
    assert feeding.files_of(model) == {"a=b": os.path.abspath("x=y.npy")}
    assert feeding.fills_of(model) == {"c": 0.5, "a": -3.0}
    feeding.check(model)


def test_the_only_input_needs_no_name(tmp_path):
    odd = tmp_path / "with=sign.npy"
    odd.touch()
    feeding = Feeding(("1,4",), (str(odd),))
    assert feeding.shapes_of(network("x")) == {"x": (1, 4)}
    assert feeding.files_of(network("x")) == {"x": str(odd)}
    feeding.check(network("x"))


@pytest.mark.parametrize(
    ("feeding", "sentence"),
    [
        (Feeding(("z=1,4",)), "m.onnx has no input 'z'. Its inputs: a, b."),
        (Feeding((), ("z=1",)), "m.onnx has no input 'z'. Its inputs: a, b."),
        (
            Feeding(("1,4",)),
            "--input-shape 1,4 does not say for which of 2 inputs it is. "
            "Put the name before it: --input-shape NAME=1,4. The inputs of m.onnx: a, b.",
        ),
    ],
)
def test_what_names_no_input_is_wrong_usage(feeding, sentence):
    with pytest.raises(UsageError) as refused:
        feeding.check(network("a", "b"))
    assert str(refused.value) == sentence


def test_a_picture_is_lacking_where_nothing_is_given_for_it():
    picture = network("x", shape=(1, 3, 8, 8))
    assert Feeding().lacks_picture(picture)
    assert not Feeding((), ("x=y.npy",)).lacks_picture(picture)
    assert not Feeding().lacks_picture(network("x"))


@pytest.mark.parametrize(("text", "expected"), [("1,3,320,320", (1, 3, 320, 320)), ("7", (7,)), ("1, 2", (1, 2))])
def test_lengths_are_read(text, expected):
    assert lengths(text) == expected


@pytest.mark.parametrize("text", ["", "1,,2", "0", "-1,3", "1x3", "one", "1.5", "²,3"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(ValueError, match="holds no lengths"):
        lengths(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("16000", 16_000), ("-0.5", -0.5), ("1e3", 1_000), ("nan", None), ("inf", None), ("x.npy", None)],
)
def test_a_number_is_told_from_a_file(text, expected):
    assert number(text) == expected
