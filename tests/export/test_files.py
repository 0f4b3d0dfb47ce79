"""File names of any text, and files that are whole or not there."""

from __future__ import annotations

import errno
import json
import os
import random
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from inspector.errors import ExportError
from inspector.export.files import Folder, distinct_names, safe_name

HOSTILE = [
    *("../../x", "/etc/cron.d/x", "..\\..\\x", "C:\\Windows\\x", "a/b/c:0", "line\nbreak", "tab\there", "nul\0byte"),
    *("bell\x07esc\x1b[31m", "n" * 300, "é" * 200, "🧠重み", "rtl\u202egnp.exe", "combi\u0301", "comb\u00ed"),
    *("CON", "nul.png", "COM1", "LPT³", "trailing.", "trailing ", " ", "", ".", "..", "~", "-rf", "--help", '*?<>|"'),
    *("=cmd|' /C calc'!A0", "+1+1", "<b>bold</b>", "<img src='file:///etc/passwd'>", "&amp;&lt;", "%s%n%x"),
    *("{0.__class__}", "$(touch pwned)", "`id`", "'; DROP TABLE t;--", "Conv", "conv", "CONV", "ﬁlter", "filter"),
    *("x" * 250 + "1", "x" * 250 + "2", "index.json", "probabilities.json", "\udcff\udcfe", "\ud800", "desktop.ini"),
]
INDEX = {"model": "m.onnx", "sha256": "0", "image": "a.png", "version": "0", "files": []}
DEVICES = {"con", "prn", "aux", "nul", "com1", "lpt³"}


def index(names):
    return {**INDEX, "files": [{"file": name} for name in names]}


def folded(name):
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def assert_safe(name, max_bytes):
    assert name not in ("", ".", "..")
    assert not set(name) & set("/\\:*?\"<>|%$`'&\0\n\r\t")
    assert all(character.isprintable() for character in name)
    assert name[0] not in "-. "
    assert name[-1] not in ". "
    assert len(name.encode("utf-8")) <= max_bytes
    assert name.partition(".")[0].lower() not in DEVICES


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("max_bytes", [96, 12])
def test_any_text_becomes_a_name_that_is_safe_on_every_system(name, max_bytes):
    assert_safe(safe_name(name, max_bytes), max_bytes)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("conv1_1", "conv1_1"),
        ("goldfish.jpg", "goldfish.jpg"),
        ("/features/features.0/Conv", "features_features.0_Conv"),
        ("StatefulPartitionedCall:0", "StatefulPartitionedCall_0"),
        ("重み", "重み"),
        ("a  b", "a_b"),
        ("nul.png", "x_nul.png"),
        ("...", "unnamed"),
    ],
)
def test_ordinary_names_stay_readable(name, safe):
    assert safe_name(name) == safe


def test_all_names_differ_also_where_case_and_unicode_form_do_not_count():
    names = distinct_names(HOSTILE * 3, 40)
    assert len({folded(name) for name in names}) == len(HOSTILE) * 3
    for name in names:
        assert_safe(name, 40)


def test_names_of_random_text_differ():
    letters = random.Random(1)
    texts = ["".join(chr(letters.randrange(1, 0xD800)) for _ in range(letters.randrange(12))) for _ in range(5000)]
    names = distinct_names(texts, 20)
    assert len({folded(name) for name in names}) == len(texts)
    for name in names:
        assert_safe(name, 20)


def test_the_first_of_equal_names_keeps_it():
    assert distinct_names(["cat.jpg", "cat.jpg", "CAT.JPG", "cat.jpg-2"]) == (
        "cat.jpg",
        "cat.jpg-2",
        "CAT.JPG-3",
        "cat.jpg-2-2",
    )


def test_every_hostile_name_makes_a_file_inside_its_folder(tmp_path):
    folder = Folder(tmp_path / "inside")
    names = [f"{place}-{name}" for place, name in enumerate(distinct_names(HOSTILE))]
    folder.claim(names, index)
    for name in names:
        folder.write(name, lambda file: file.write(b"x"))
    assert sorted(os.listdir(tmp_path)) == ["inside"]
    assert sorted(os.listdir(tmp_path / "inside")) == sorted([*names, "index.json"])


def test_a_file_that_is_not_ours_is_never_overwritten(tmp_path):
    (tmp_path / "000-conv.png").write_text("mine")
    folder = Folder(tmp_path)
    with pytest.raises(ExportError, match=r"000-conv\.png is in the way") as caught:
        folder.claim(["000-conv.npy", "000-conv.png"], index)
    assert caught.value.exit_code == 7
    assert os.listdir(tmp_path) == ["000-conv.png"]
    assert (tmp_path / "000-conv.png").read_text() == "mine"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"files": []}', b'{"files": [{"file": 3}]}', b"[" * 100_000]
)
def test_an_index_of_something_else_is_never_overwritten(tmp_path, content):
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(ExportError, match=r"index\.json is in the way"):
        Folder(tmp_path)
    assert (tmp_path / "index.json").read_bytes() == content


def test_an_index_that_is_a_link_is_never_followed(tmp_path):
    target = tmp_path / "target.json"
    target.write_text(json.dumps(INDEX))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "index.json").symlink_to(target)
    with pytest.raises(ExportError, match="in the way"):
        Folder(tmp_path / "out")
    assert json.loads(target.read_text()) == INDEX


def test_an_earlier_export_is_replaced_and_what_it_alone_wrote_is_removed(tmp_path):
    first = Folder(tmp_path)
    first.claim(["000-a.npy", "001-b.npy"], index)
    for name in ("000-a.npy", "001-b.npy"):
        first.write(name, lambda file: file.write(b"old"))
    first.finish(["000-a.npy", "001-b.npy"], index(["000-a.npy", "001-b.npy"]))
    (tmp_path / "notes.txt").write_text("mine")

    second = Folder(tmp_path)
    second.claim(["000-a.npy"], index)
    second.write("000-a.npy", lambda file: file.write(b"new"))
    second.finish(["000-a.npy"], index(["000-a.npy"]))
    assert sorted(os.listdir(tmp_path)) == ["000-a.npy", "index.json", "notes.txt"]
    assert (tmp_path / "000-a.npy").read_bytes() == b"new"
    assert [each["file"] for each in json.loads((tmp_path / "index.json").read_text())["files"]] == ["000-a.npy"]


def test_a_forged_list_of_files_removes_nothing_but_exported_files(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "thesis.doc").write_text("mine")
    (tmp_path / "out" / "thesis.doc").write_text("mine")
    (tmp_path / "out" / "index.json").write_text(json.dumps(index(["thesis.doc", "../thesis.doc", ".."])))
    folder = Folder(tmp_path / "out")
    folder.claim(["000-a.npy"], index)
    folder.finish([], index([]))
    assert (tmp_path / "thesis.doc").read_text() == "mine"
    assert (tmp_path / "out" / "thesis.doc").read_text() == "mine"


def test_an_export_that_was_killed_half_way_can_be_replaced(tmp_path):
    first = Folder(tmp_path)
    first.claim(["000-a.npy", "001-b.npy"], index)
    first.write("000-a.npy", lambda file: file.write(b"old"))

    second = Folder(tmp_path)
    second.claim(["000-a.npy", "001-b.npy"], index)
    second.write("000-a.npy", lambda file: file.write(b"new"))
    assert (tmp_path / "000-a.npy").read_bytes() == b"new"


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, living = tmp_path / f".inspector-{dead.pid}-a.npy", tmp_path / f".inspector-{os.getppid()}-a.npy"
    other = tmp_path / ".inspector-settings"
    for path in (left, living, other):
        path.write_text("x")
    Folder(tmp_path)
    assert not left.exists()
    assert living.exists()
    assert other.exists()


def test_a_file_that_fails_half_way_leaves_what_was_there(tmp_path):
    folder = Folder(tmp_path)
    folder.claim(["000-a.npy"], index)
    folder.write("000-a.npy", lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ExportError, match="No space left on device") as caught:
        folder.write("000-a.npy", fail)
    assert "Make room" in caught.value.remedy
    assert (tmp_path / "000-a.npy").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["000-a.npy", "index.json"]


def test_a_full_disk_is_said_and_leaves_no_partial_file(tmp_path):
    # A limit on the size of files stands for the disk: the system refuses the write in the same way.
    code = """
import os, resource, signal, sys
from inspector.errors import ExportError
from inspector.export.files import Folder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Folder(sys.argv[1])
folder.claim(["000-a.npy"], lambda names: {"model": "", "sha256": "", "image": "", "version": "", "files": []})
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    folder.write("000-a.npy", lambda file: file.write(bytes(100_000)))
except ExportError as error:
    print(error, error.exit_code)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "000-a.npy cannot be written: File too large. Make room" in done.stdout
    assert done.stdout.endswith(" 7\n")
    assert os.listdir(tmp_path) == ["index.json"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nowhere"), "\0"):
        with pytest.raises(ExportError) as caught:
            Folder(path)
        assert caught.value.exit_code == 7
        assert "cannot be written" in caught.value.message
