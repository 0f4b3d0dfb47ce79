"""Which paths beside a model may be read."""

from __future__ import annotations

import os

import pytest

from inspector.graph.beside import is_within, readable

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX links")


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "repo" / "onnx").mkdir(parents=True)
    (tmp_path / "repo" / "onnx" / "model.onnx").touch()
    (tmp_path / "repo" / "config.json").write_text("{}")
    (tmp_path / "repo" / "private.json").write_text("{}")
    (tmp_path / "secret.json").write_text("{}")
    return tmp_path / "repo"


def test_of_the_folder_above_onnx_single_files_are_readable_and_not_the_folder(tree):
    assert set(readable(str(tree / "onnx" / "model.onnx"))) == {str(tree / "onnx"), str(tree / "config.json")}


def test_the_folder_above_any_other_is_not(tree):
    (tree / "onnx").rename(tree / "models")
    assert readable(str(tree / "models" / "model.onnx")) == (str(tree / "models"),)


@posix
def test_a_link_out_of_the_folder_above_is_not(tree):
    (tree / "preprocessor_config.json").symlink_to("../secret.json")
    assert str(tree.parent / "secret.json") not in readable(str(tree / "onnx" / "model.onnx"))
    assert not is_within(str(tree / "preprocessor_config.json"), str(tree / "onnx" / "model.onnx"))


@posix
def test_the_folder_that_a_model_is_linked_from_is_readable_too(tree, tmp_path):
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "model.onnx").symlink_to(tree / "onnx" / "model.onnx")
    assert set(readable(str(tmp_path / "desk" / "model.onnx"))) == {str(tmp_path / "desk"), str(tree / "onnx")}


@posix
def test_a_file_in_the_folder_of_the_model_itself_may_be_linked_to(tree, tmp_path):
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "model.onnx").symlink_to(tree / "onnx" / "model.onnx")
    (tree / "onnx" / "labels.txt").touch()
    (tmp_path / "desk" / "labels.txt").symlink_to(tree / "onnx" / "labels.txt")
    assert is_within(str(tmp_path / "desk" / "labels.txt"), str(tmp_path / "desk" / "model.onnx"))
