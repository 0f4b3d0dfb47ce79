"""``inspector report`` on real models."""

from __future__ import annotations

import re

import pytest


def test_report_of_a_real_network_names_its_layers_and_classes(said, repository, tmp_path):
    page = tmp_path / "digits.html"
    sample = str(repository / "resources" / "samples" / "digits-3.png")
    code, out, err = said("report", str(repository / "models" / "digits.onnx"), sample, "-o", str(page))
    assert code == 0, err
    assert "instrumented model" in err
    assert out.startswith(f"{page}: ")
    text = page.read_text("utf-8")
    for name in ("conv1", "relu1", "pool1", "dense"):
        assert f'title="{name}, ' in text
    assert re.search(r'<p class="best">3 <span>(1\.0000|0\.9\d+)</span>', text)
    assert text.count("<article") == 13
    assert "<summary>Kernels</summary>" in text


def test_report_is_the_same_twice_and_not_overwritten_unasked(said, network, picture, tmp_path):
    page = tmp_path / "page.html"
    asked = ("report", network, picture, "-o", str(page))
    assert said(*asked)[0] == 0
    first = page.read_bytes()
    code, _, err = said(*asked)
    assert (code, page.read_bytes()) == (7, first)
    assert "--overwrite" in err
    assert said(*asked, "--overwrite")[0] == 0
    assert page.read_bytes() == first
    assert sorted(each.name for each in tmp_path.iterdir() if each.suffix == ".html") == ["page.html"]


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("-o", "nowhere/x.html"), 7, "There is no folder"),
        (("-o", "."), 7, "is a folder"),
        (("-o", "x.html", "--layers", "nothing*"), 2, "No layer of"),
    ],
)
def test_what_cannot_be_written_is_said(said, network, picture, tmp_path, monkeypatch, more, code, words):
    monkeypatch.chdir(tmp_path)
    found, _, err = said("report", network, picture, *more)
    assert found == code
    assert words in err


def test_size_and_layers_are_chosen(said, network, picture, tmp_path):
    page = tmp_path / "page.html"
    asked = ("report", network, picture, "-o", str(page), "--layers", "*orm*", "--max-size", "0.1")
    code, out, err = said(*asked)
    assert code == 0, err
    assert page.read_text("utf-8").count("<article") == 2  # Norm and norm
    assert page.stat().st_size <= 100_000
    assert "2 layers" in out
