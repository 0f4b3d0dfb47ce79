"""What the user chose for a model is there at the next start."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QSettings

from inspector.graph.preprocessing import PRESETS, Preprocessing
from inspector.ui.remembered import Remembered
from inspector.ui.settings import REMEMBERED, Settings

FIRST, SECOND = "ab" * 32, "cd" * 32
OWN = Preprocessing("custom", "changed in the window", scale=1 / 3, mean=(0.25, -0.5, 1e-9), size=(33, 44))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "settings.ini"


def rewritten(path, change):
    """Change the stored text from outside."""
    stored = QSettings(str(path), QSettings.Format.IniFormat)
    stored.setValue("models/preprocessing", change(stored.value("models/preprocessing")))
    stored.sync()
    return Remembered(Settings(path))


def test_a_choice_survives_a_restart(path):
    kept = Remembered(Settings(path))
    kept[FIRST] = OWN
    kept[SECOND] = PRESETS[2]
    again = Remembered(Settings(path))
    assert again[FIRST] == OWN
    assert dict(again) == {SECOND: PRESETS[2], FIRST: OWN}


def test_a_later_choice_takes_the_place_of_the_first_one(path):
    kept = Remembered(Settings(path))
    kept[FIRST] = OWN
    kept[FIRST] = PRESETS[0]
    assert dict(Remembered(Settings(path))) == {FIRST: PRESETS[0]}


def test_what_is_forgotten_is_forgotten_at_the_next_start_too(path):
    kept = Remembered(Settings(path))
    kept[FIRST] = OWN
    assert kept.pop(FIRST, None) == OWN
    assert kept.pop(FIRST, None) is None
    assert len(Remembered(Settings(path))) == 0
    with pytest.raises(KeyError):
        del kept[FIRST]


def test_two_windows_keep_each_others_choices(path):
    one, other = Remembered(Settings(path)), Remembered(Settings(path))
    one[FIRST] = OWN
    other[SECOND] = PRESETS[1]
    assert set(Remembered(Settings(path))) == {FIRST, SECOND}


def test_no_more_models_are_kept_than_a_few_hundred(path):
    settings = Settings(path)
    for number in range(REMEMBERED + 5):
        settings.remember_recipe(f"{number:064x}", OWN)
    again = Remembered(Settings(path))
    assert len(again) == REMEMBERED
    assert f"{0:064x}" not in again
    assert f"{REMEMBERED + 4:064x}" in again


def test_a_model_without_a_fingerprint_is_not_remembered(path):
    kept = Remembered(Settings(path))
    kept[""] = OWN
    assert len(kept) == 0
    assert kept.get("") is None


def test_without_a_file_a_choice_holds_for_this_process():
    kept = Remembered(Settings(None))
    kept[FIRST] = OWN
    assert kept[FIRST] == OWN


@pytest.mark.parametrize(
    "damage",
    [
        {"scale": 0},
        {"mean": [1, 2]},
        {"fit": "squash"},
        {"unheard": 1},
        {"size": "large"},
    ],
    ids=str,
)
def test_a_damaged_entry_is_dropped_and_the_others_stay(path, damage):
    kept = Remembered(Settings(path))
    kept[FIRST], kept[SECOND] = OWN, PRESETS[0]

    def change(text):
        entries = json.loads(text)
        next(each for each in entries if each[0] == FIRST)[1].update(damage)
        return json.dumps(entries)

    again = rewritten(path, change)
    assert dict(again) == {SECOND: PRESETS[0]}


@pytest.mark.parametrize("entry", [5, [], ["x"], ["short", {}], [FIRST, 5], [FIRST, {}, {}], [["a"], {}]], ids=str)
def test_what_is_no_entry_is_dropped(path, entry):
    Remembered(Settings(path))[SECOND] = PRESETS[0]
    assert dict(rewritten(path, lambda text: json.dumps([entry, *json.loads(text)]))) == {SECOND: PRESETS[0]}


@pytest.mark.parametrize("text", ["", "{", "{}", "7", "[" * 100_000])
def test_damage_of_the_whole_list_is_no_obstacle(path, text):
    Remembered(Settings(path))[SECOND] = PRESETS[0]
    again = rewritten(path, lambda _: text)
    assert dict(again) == {}
    again[FIRST] = OWN
    assert dict(Remembered(Settings(path))) == {FIRST: OWN}
