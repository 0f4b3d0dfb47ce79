"""What is remembered, and that nothing in the file can keep the program from starting."""

from __future__ import annotations

import base64
import itertools
import json
import os
import random
import subprocess
import sys

import pytest
from PySide6.QtCore import QSettings

from inspector.ui.settings import LAYOUT_VERSION, RecentModel, Settings, Values, configuration_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "settings.ini"


_changes = itertools.count(1)


def rewrite(path, content):
    """Change the file from outside; Qt reads again only what has another time or size."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (next(_changes) * 100, next(_changes) * 100))


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / name for name in ("one.onnx", "two.onnx", "goldfish.jpg")]
    for each in made:
        each.write_bytes(b"x")
    return [str(each) for each in made]


def test_values_come_back(path, files):
    settings = Settings(path)
    settings.change(theme="light", geometry=b"\0\1geometry", layout=b"\0\xfflayout", starting=True)
    settings.remember_model(files[0], files[2])
    settings.remember_picture(files[2])

    again = Settings(path).values
    assert (again.theme, again.geometry, again.layout, again.starting) == (
        "light",
        b"\0\1geometry",
        b"\0\xfflayout",
        True,
    )
    assert [(each.path, each.image) for each in again.models] == [(files[0], files[2])]
    assert again.pictures == (files[2],)


@pytest.mark.parametrize("mebibytes", [0, 1, 4096])
def test_the_memory_for_tensors_comes_back(path, mebibytes):
    Settings(path).change(tensor_memory_mib=mebibytes)
    assert Settings(path).values.tensor_memory_mib == mebibytes


@pytest.mark.parametrize("text", ["-1", "1e3", "much", "99999999999", ""])
def test_an_amount_of_memory_that_is_none_is_the_automatic_one(path, text):
    Settings(path).change(tensor_memory_mib=4096)
    rewrite(path, path.read_text().replace("4096", text))
    assert Settings(path).values.tensor_memory_mib == 0


def test_without_a_file_nothing_is_written(tmp_path):
    settings = Settings(None)
    settings.change(theme="dark")
    assert settings.values.theme == "dark"
    assert list(tmp_path.iterdir()) == []


def test_the_newest_of_ten_comes_first(path, tmp_path):
    settings = Settings(path)
    made = [tmp_path / f"{number}.png" for number in range(12)]
    for each in made:
        each.write_bytes(b"x")
        settings.remember_picture(str(each))
    settings.remember_picture(str(made[5]))
    expected = [str(made[number]) for number in (5, 11, 10, 9, 8, 7, 6, 4, 3, 2)]
    assert list(Settings(path).pictures()) == expected


def test_files_that_are_gone_are_not_offered(path, files, tmp_path):
    settings = Settings(path)
    for model in files[:2]:
        settings.remember_model(model, files[2])
    (tmp_path / "one.onnx").unlink()
    (tmp_path / "goldfish.jpg").unlink()
    assert [(each.path, each.image) for each in settings.models()] == [(files[1], "")]


def test_a_name_that_is_not_utf_8_comes_back_byte_for_byte(path, tmp_path):
    name = str(tmp_path / 'caf\udce9, "odd" = %41;#.png')
    with open(name, "wb") as file:
        file.write(b"x")
    Settings(path).remember_picture(name)
    assert Settings(path).pictures() == (name,)


@pytest.mark.parametrize("key", ["theme", "geometry", "layout", "starting", "models", "pictures"])
def test_one_damaged_value_costs_only_itself_and_the_file_is_kept(path, files, key):
    settings = Settings(path)
    settings.change(theme="light", geometry=b"geometry", layout=b"layout", starting=True)
    settings.remember_model(files[0], files[2])
    settings.remember_picture(files[2])
    whole = Settings(path).values
    lines = path.read_text().splitlines()
    rewrite(path, "\n".join(f"{key}=nonsense!" if line.startswith(f"{key}=") else line for line in lines))
    damaged = path.read_bytes()

    read = Settings(path)
    for name in Values.__slots__:
        expected = Values() if name == key else whole
        assert getattr(read.values, name) == getattr(expected, name), name
    assert path.with_name("settings.ini.bad").read_bytes() == damaged
    read.change(theme="dark")
    assert Settings(path).values.theme == "dark"


@pytest.mark.parametrize("content", [b"\0\xff\xfe garbage [", b"[window]\ntheme=dark\n", b"%PDF-1.4", b"[" * 5000])
def test_a_file_that_is_no_settings_file_is_put_aside(path, content):
    path.parent.mkdir()
    rewrite(path, content)
    assert Settings(path).values == Values()
    assert path.with_name("settings.ini.bad").read_bytes() == content


def test_no_changed_byte_of_a_layout_is_given_to_qt(path):
    state = bytes(range(256)) * 3
    Settings(path).change(layout=state)
    text = path.read_text()
    record = json.loads(_unquoted(text))
    rng = random.Random(0)
    for _ in range(60):
        changed = bytearray(state)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        forged = text.replace(record["state"], base64.b64encode(changed).decode())
        assert forged != text
        rewrite(path, forged)
        assert Settings(path).values.layout == b""


def test_a_layout_of_another_version_is_not_used(path):
    Settings(path).change(layout=b"layout")
    text = path.read_text()
    rewrite(path, text.replace(f'\\"layout\\": {LAYOUT_VERSION}', f'\\"layout\\": {LAYOUT_VERSION + 10}'))
    assert path.read_text() != text
    assert Settings(path).values.layout == b""
    assert not path.with_name("settings.ini.bad").exists()


def _unquoted(text: str) -> str:
    line = next(line for line in text.splitlines() if line.startswith("layout="))
    return line.removeprefix("layout=").strip('"').replace('\\"', '"')


def test_any_single_changed_byte_leaves_settings_that_can_be_read(path, files):
    settings = Settings(path)
    settings.change(theme="light", geometry=b"geometry", layout=b"layout")
    settings.remember_model(files[0], files[2])
    whole = path.read_bytes()
    rng = random.Random(1)
    for place in range(0, len(whole), 3):
        changed = bytearray(whole)
        changed[place] = rng.randrange(256)
        rewrite(path, changed)
        read = Settings(path).values
        assert read.theme in ("light", "system")
        assert all(isinstance(each, RecentModel) for each in read.models)
        assert read.layout in (b"layout", b"")


def test_a_truncated_file_can_be_read(path, files):
    Settings(path).remember_model(files[0], files[2])
    whole = path.read_bytes()
    for length in range(len(whole)):
        rewrite(path, whole[:length])
        assert Settings(path).values.theme == "system"


def test_where_nothing_can_be_written_the_values_hold_for_this_start(tmp_path, caplog):
    (tmp_path / "config").write_bytes(b"a file where a folder should be")
    settings = Settings(tmp_path / "config" / "settings.ini")
    settings.change(theme="dark")
    assert settings.values.theme == "dark"
    assert "cannot be kept" in caplog.text


WRITER = """
import sys
from pathlib import Path
from inspector.ui.settings import Settings
settings = Settings(Path(sys.argv[1]))
for number in range(3):
    settings.remember_picture(f"/pictures/{sys.argv[2]}-{number}.png")
"""


def test_two_windows_lose_nothing_of_each_other(path, repository):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(number)], cwd=repository) for number in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    expected = {f"/pictures/{writer}-{number}.png" for writer in range(3) for number in range(3)}
    assert set(Settings(path).values.pictures) == expected


def test_settings_lie_in_the_users_configuration_folder(monkeypatch, tmp_path):
    if sys.platform != "linux":
        pytest.skip("the variable is of the XDG desktops")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert configuration_file() == tmp_path / "feature-map-inspector" / "settings.ini"


@pytest.mark.parametrize("heads", [("MACs", "Kernel"), (), None])
def test_the_columns_of_the_layers_come_back(path, heads):
    Settings(path).change(layer_columns=heads)
    assert Settings(path).values.layer_columns == heads


@pytest.mark.parametrize("text", ['{"MACs": 1}', "[1, 2]", "MACs"])
def test_columns_that_are_none_are_the_usual_ones(path, text):
    Settings(path).change(layer_columns=("MACs",))
    stored = QSettings(str(path), QSettings.Format.IniFormat)
    stored.setValue("layers/columns", text)
    stored.sync()
    del stored
    assert Settings(path).values.layer_columns is None
