"""Files that are no models are named as what they are, at once."""

from __future__ import annotations

import os
import socket

import pytest

from inspector.errors import ModelError
from inspector.graph.reader import read

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 97781\n"
WRONG_FILES = {
    "empty": (b"", "is empty"),
    "pointer": (LFS_POINTER, "Git LFS pointer"),
    "zip": (b"PK\x03\x04" + bytes(60), "zip archive"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(60), "gzip"),
    "tar": (b"a" * 257 + b"ustar" + bytes(200), "tar archive"),
    "ort": (b"\x10\x00\x00\x00ORTM" + bytes(64), "ORT format"),
    "tflite": (b"\x20\x00\x00\x00TFL3" + bytes(64), "TensorFlow Lite"),
    "keras": (b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
    "pickle": (b"\x80\x02}q\x00.", "pickle"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), "PNG picture"),
    "page": (b"\n <!DOCTYPE html><html><head><title>404</title></head></html>", "web page"),
    "bom": (b"\xef\xbb\xbf<HTML></HTML>", "web page"),
    "text": (b"# My network\n\nIt has layers of \xc3\xa4ll kinds.\n", "text file"),
    "json": (b'{"layers": []}', "text file"),
    "noise": (bytes(range(255, 0, -1)) * 9, "no intact ONNX model"),
    "zeros": (bytes(4096), "no intact ONNX model"),
    "number": (b"\x08\x09", "holds no graph"),
}


@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_file_that_is_no_model_is_named_as_what_it_is(kind, tmp_path):
    content, what = WRONG_FILES[kind]
    path = tmp_path / "network.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=what) as caught:
        read(str(path))
    assert "network.onnx" in caught.value.message
    assert caught.value.remedy


def test_the_real_pointer_is_named(shared):
    with pytest.raises(ModelError, match="Git LFS pointer"):
        read(str(shared / "assets/models/broken/lfs_pointer_resnet50-v1-7.onnx"))


def test_a_text_that_is_cut_in_the_middle_of_a_letter_is_a_text(tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(b"#" + "ä".encode() * 300)  # the first 512 bytes end in half a letter
    with pytest.raises(ModelError, match="text file"):
        read(str(path))


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    pipe, folder, link = tmp_path / "pipe.onnx", tmp_path / "folder.onnx", tmp_path / "link.onnx"
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.onnx"))
        for name, what in (
            ("pipe", "a named pipe"),
            ("folder", "a folder"),
            ("link", "a device"),
            ("socket", "a socket"),
        ):
            with pytest.raises(ModelError, match=what):
                read(str(tmp_path / f"{name}.onnx"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"There is no file .*missing"):
        read(str(tmp_path / "missing.onnx"))
    with pytest.raises(ModelError, match="cannot be opened"):
        read(str(tmp_path / "nul\0.onnx"))
    with pytest.raises(ModelError, match="cannot be opened"):
        read(str(tmp_path / ("n" * 300)))


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    path = tmp_path / "secret.onnx"
    path.write_bytes(b"\x08\x09")

    def refuse(*arguments: object, **settings: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(ModelError, match="may not be read"):
        read(str(path))


def test_a_file_larger_than_protobuf_can_be_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.write(b"\x08\x09")
        file.truncate(2**31)
    with pytest.raises(ModelError, match=r"2\.0 GiB") as caught:
        read(str(path))
    assert "external data" in caught.value.remedy
