"""What can be asked of an export."""

from __future__ import annotations

import pytest

from inspector.errors import UsageError
from inspector.export.wish import DEFAULT, FORMATS, POSSIBLE, TITLES, USUAL, WHAT, Wish, channels_of


def test_every_format_is_of_something_and_everything_has_a_title_and_a_usual_format():
    assert {each for formats in POSSIBLE.values() for each in formats} == set(FORMATS)
    assert list(TITLES) == list(USUAL) == list(POSSIBLE) == list(WHAT)
    assert all(set(USUAL[what]) <= set(POSSIBLE[what]) for what in WHAT)
    assert set(WHAT) >= DEFAULT


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("format", FORMATS)
def test_what_the_table_has_is_possible_and_nothing_else(what, format):
    wish = Wish(frozenset({what}), formats=frozenset({format}))
    if format in POSSIBLE[what]:
        wish.check()
        assert wish.formats_of(what) == (format,)
        assert wish.has(what, format)
    else:
        with pytest.raises(UsageError) as caught:
            wish.check()
        assert caught.value.message == f"There is no {what} as {format}."
        assert caught.value.remedy == f"Possible for {what}: {', '.join(POSSIBLE[what])}."


def test_a_format_that_nothing_wanted_has_is_refused_with_what_has_it():
    with pytest.raises(UsageError, match=r"There is no npz of maps\. Possible as npz: kernels, tensors\."):
        Wish(frozenset({"maps"}), formats=frozenset({"png", "npz"})).check()


def test_each_thing_takes_the_formats_that_it_has():
    wish = Wish(frozenset({"maps", "tensors", "kernels", "probabilities"}), formats=frozenset({"png", "npy"}))
    wish.check()
    assert wish.facts()["what"] == {
        "maps": ["png"],
        "kernels": ["png", "npy"],
        "tensors": ["npy"],
        "probabilities": ["png"],
    }


def test_nothing_and_unknown_words_are_refused():
    for wish, words in (
        (Wish(frozenset()), "Nothing to write"),
        (Wish(frozenset({"films"})), "'films' is no what to write"),
        (Wish(formats=frozenset({"bmp"})), "'bmp' is no format"),
    ):
        with pytest.raises(UsageError, match=words):
            wish.check()


@pytest.mark.parametrize(
    ("text", "channels"),
    [("0", (0,)), ("0-3", (0, 1, 2, 3)), ("7,3", (7, 3)), ("1-2, 2-4", (1, 2, 3, 4)), ("5-5", (5,))],
)
def test_channels_are_numbers_and_ranges(text, channels):
    assert channels_of(text) == channels


@pytest.mark.parametrize(
    "text", ["", "a", "-1", "3-", "3-1", "0-4096", "0-4000,5000-9000", "1.5", "²", "0-99999999999"]
)
def test_what_is_no_channels_is_refused(text):
    with pytest.raises(ValueError, match=r"holds no channels|ends before|are more than"):
        channels_of(text)
