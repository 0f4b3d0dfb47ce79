"""Files of class names, as they are found in the wild."""

from __future__ import annotations

import os

import pytest

from inspector.errors import InspectorError
from inspector.labels import MAX_BYTES, fitting, read_labels, short


def write(folder, content, name="labels.txt"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ("cat\ndog\n", ("cat", "dog")),
        ("cat\r\ndog\r\n\r\n", ("cat", "dog")),
        (b"\xef\xbb\xbfcat\ndog", ("cat", "dog")),
        ("cat\n\ndog", ("cat", "", "dog")),
        ("n01440764 tench, Tinca tinca\nn01443537 goldfish\n", ("tench, Tinca tinca", "goldfish")),
        ("n01440764 tench\nnettle\n", ("n01440764 tench", "nettle")),
        ("n01440764\nn01443537\n", ("n01440764", "n01443537")),
        ("n01440764 tench\n\nn01443537 goldfish\n", ("tench", "", "goldfish")),
        ("0 cat\n1 dog\n", ("cat", "dog")),
        ("0: cat\n1: dog\n", ("cat", "dog")),
        ("1 cat\n2 dog\n", ("1 cat", "2 dog")),
        ("0\n1\n2\n", ("0", "1", "2")),
        ('["cat", "dog"]', ("cat", "dog")),
        ('{"1": "dog", "0": "cat"}', ("cat", "dog")),
        ('{"0": ["n02123045", "tabby"], "1": ["n02099601", "golden_retriever"]}', ("tabby", "golden_retriever")),
        ("Straße\n犬\n", ("Straße", "犬")),
    ],
)
def test_names_come_in_the_order_of_the_classes(tmp_path, content, labels):
    assert read_labels(write(tmp_path, content)) == labels


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"caf\xe9\n", "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n", "not UTF-8"),
        (b'{"0": "cat"', "not a list of class names"),
        (b'{"cat": 0}', "not a list of class names"),
        (b'{"0": "cat", "2": "dog"}', "not a list of class names"),
        (b'{"0": 7}', "not a list of class names"),
        (b'{"0": "cat", "00": "dog"}', "not a list of class names"),
        (b"[" * 5000, "not a list of class names"),
        (b"x" * (MAX_BYTES + 1), "larger than 8 MiB"),
    ],
)
def test_a_file_that_holds_no_names_is_refused_with_its_name_and_the_cause(tmp_path, content, cause):
    path = write(tmp_path, content)
    with pytest.raises(InspectorError, match=cause) as caught:
        read_labels(path)
    assert str(path) in caught.value.message
    assert caught.value.exit_code == 3


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "nowhere.txt", tmp_path, tmp_path / "pipe", "\0"):
        with pytest.raises(InspectorError):
            read_labels(path)


def test_a_short_label_is_the_first_name():
    assert short("goldfish, Carassius auratus") == "goldfish"
    assert short("goldfish") == "goldfish"
    assert short(", odd") == ", odd"


def test_labels_of_another_number_are_left_out_and_this_is_said():
    assert fitting(("cat", "dog"), 2) == (("cat", "dog"), "")
    labels, sentence = fitting(("cat", "dog"), 1000)
    assert labels == ()
    assert "2 labels" in sentence
    assert "1,000 classes" in sentence
    assert fitting((), 10) == ((), "")
    assert fitting(("cat",), 0) == ((), "")


def test_the_synset_list_has_a_name_for_each_of_a_thousand_classes(shared):
    labels = read_labels(shared / "assets" / "labels" / "synset.txt")
    assert len(labels) == 1000
    assert labels[1] == "goldfish, Carassius auratus"
    assert labels[953] == "pineapple, ananas"


def test_two_labels_for_one_probability_are_those_of_a_binary_classifier():
    assert fitting(("cat", "dog, Canis"), 1) == (
        ("dog, Canis",),
        "One probability for two labels: it is taken for that of the second, dog.",
    )
    assert fitting(("a", "b", "c"), 1)[1] == "There are 3 labels for 1 class, so classes are shown by number only."
    assert fitting(("a",), 2)[1] == "There is 1 label for 2 classes, so classes are shown by number only."
