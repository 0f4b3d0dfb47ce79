from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from inspector.errors import ModelError
from inspector.graph.preprocessing import Preprocessing
from inspector.graph.sidecar import Sidecar, read

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes, name: str = "net.inspector.toml") -> str:
        content = text.encode() if isinstance(text, str) else text
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / "net.onnx")

    return write


def test_a_model_without_a_sidecar_has_an_empty_one(tmp_path):
    assert read(str(tmp_path / "net.onnx")) == Sidecar(preprocessing=None, labels=())


def test_the_sidecar_has_the_stem_of_the_model(write):
    write("labels = ['a']", "net.v2.inspector.toml")
    model = Path(write("labels = ['b']"))
    assert read(str(model.with_name("net.v2.onnx"))).labels == ("a",)
    assert read(str(model)).labels == ("b",)


def test_a_relative_model_path_is_looked_up_where_we_are(write, monkeypatch):
    monkeypatch.chdir(Path(write("labels = ['a']")).parent)
    assert read("net.onnx").labels == ("a",)


def test_a_preset_alone_keeps_its_name_and_says_where_it_came_from(write):
    assert read(write("[preprocessing]\npreset = 'unit'")).preprocessing == Preprocessing(
        "unit", source="net.inspector.toml beside the model", fit="stretch", scale=1 / 255
    )


def test_every_field_can_be_given_and_overrides_the_preset(write):
    path = write(
        """
        labels = ["cat", "Hund 🐕", ""]
        [preprocessing]
        preset = "imagenet"
        fit = "letterbox"
        crop = 0.5
        anchor = "top left"
        fill = [0, 128, 255]
        interpolation = "area"
        channels = "BGR"
        scale = 2
        mean = [1, 2.5, -3]
        std = 4
        invert = true
        """
    )
    assert read(path) == Sidecar(
        preprocessing=Preprocessing(
            "sidecar",
            source="net.inspector.toml beside the model",
            fit="letterbox",
            crop=0.5,
            anchor="top left",
            fill=(0, 128, 255),
            interpolation="area",
            channels="BGR",
            scale=2.0,
            mean=(1.0, 2.5, -3.0),
            std=(4.0,),
            invert=True,
        ),
        labels=("cat", "Hund 🐕", ""),
    )


def test_fields_not_given_keep_the_values_of_the_preset(write):
    recipe = read(write("[preprocessing]\npreset = 'imagenet'\ncrop = 1")).preprocessing
    assert recipe is not None
    assert (recipe.name, recipe.crop, recipe.fit) == ("sidecar", 1.0, "crop")
    assert recipe.mean == (0.485, 0.456, 0.406)
    assert recipe.std == (0.229, 0.224, 0.225)


def test_an_empty_table_means_plain_pixels(write):
    recipe = read(write("[preprocessing]")).preprocessing
    assert recipe == Preprocessing("sidecar", source="net.inspector.toml beside the model")


def test_labels_come_from_a_file_line_by_line(write, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "names.txt").write_bytes(
        "\ufeffcat\r\n\r\n  große Katze \r\ngoldfish, Carassius\r\n\r\n".encode()
    )
    assert read(write('labels_file = "sub/names.txt"')).labels == ("cat", "", "große Katze", "goldfish, Carassius")


def test_a_file_of_labels_is_read_as_the_command_line_reads_one(write, tmp_path):
    (tmp_path / "names.txt").write_text("n01440764 tench, Tinca tinca\nn01443537 goldfish\n")
    (tmp_path / "names.json").write_text('{"0": "cat", "1": "dog"}')
    assert read(write('labels_file = "names.txt"')).labels == ("tench, Tinca tinca", "goldfish")
    assert read(write('labels_file = "names.json"')).labels == ("cat", "dog")


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("size = 3", '"size"', "preprocessing, labels, labels_file"),
        ("[preprocessing]\nmeen = 3", '"preprocessing.meen"', "mean"),
        ("preprocessing = 'unit'", "preprocessing", "[preprocessing]"),
        ("[[preprocessing]]\npreset = 'unit'", "preprocessing", "[preprocessing]"),
        ("[preprocessing]\npreset = 'Unit'", "preprocessing.preset", '"imagenet", "unit", "byte"'),
        ("[preprocessing]\npreset = ['unit']", "preprocessing.preset", '"unit"'),
        ("[preprocessing]\nfit = 'cover'", "preprocessing.fit", '"stretch", "crop", "letterbox"'),
        ("[preprocessing]\nanchor = 'center'", "preprocessing.anchor", '"centre", "top left"'),
        ("[preprocessing]\ninterpolation = 'lanczos'", "preprocessing.interpolation", '"nearest"'),
        ("[preprocessing]\nchannels = 'rgb'", "preprocessing.channels", '"RGB", "BGR", "grey"'),
        ("[preprocessing]\ncrop = 0", "preprocessing.crop", "from 0.01 to 1"),
        ("[preprocessing]\ncrop = 1.01", "preprocessing.crop", "from 0.01 to 1"),
        ("[preprocessing]\ncrop = nan", "preprocessing.crop", "from 0.01 to 1"),
        ("[preprocessing]\nfill = [0, 0, 256]", "preprocessing.fill", "0 to 255"),
        ("[preprocessing]\nfill = [0, 0.5, 0]", "preprocessing.fill", "0 to 255"),
        ("[preprocessing]\nfill = 114", "preprocessing.fill", "0 to 255"),
        ("[preprocessing]\nscale = 0", "preprocessing.scale", "other than 0"),
        ("[preprocessing]\nscale = inf", "preprocessing.scale", "finite"),
        ("[preprocessing]\nscale = true", "preprocessing.scale", "number"),
        ("[preprocessing]\nscale = '1/255'", "preprocessing.scale", "number"),
        (f"[preprocessing]\nscale = 1{'0' * 400}", "preprocessing.scale", "finite"),
        ("[preprocessing]\nmean = []", "preprocessing.mean", "1 or 3"),
        ("[preprocessing]\nmean = [1, 2]", "preprocessing.mean", "1 or 3"),
        ("[preprocessing]\nmean = [1, 2, '3']", "preprocessing.mean", "finite number"),
        ("[preprocessing]\nmean = [[1], [2], [3]]", "preprocessing.mean", "finite number"),
        ("[preprocessing]\nstd = [1, 0, 1]", "preprocessing.std", "other than 0"),
        ("[preprocessing]\nstd = -nan", "preprocessing.std", "finite"),
        ("[preprocessing]\ninvert = 1", "preprocessing.invert", "true or false"),
        ("[preprocessing]\nchannels = 'grey'\nmean = [1, 2, 3]", "preprocessing.mean", "one number"),
        ("[preprocessing]\npreset = 'imagenet'\nchannels = 'grey'", "preprocessing.mean", "one number"),
        ("labels = 'cat'", "labels", "list of names"),
        ("labels = []", "labels", "list of names"),
        ("labels = ['cat', 3]", "labels[1]", "text"),
        (f"labels = ['{'x' * 1001}']", "labels[0]", "1000 characters"),
        ("labels = ['a']\nlabels_file = 'b'", "labels_file", "one of the two"),
        ("labels_file = ''", "labels_file", "folder"),
        ("labels_file = 7", "labels_file", "folder"),
        ('labels_file = "a\\u0000b"', "labels_file", "folder"),
        ("labels_file = '/etc/hostname'", "labels_file", "folder"),
        ("labels_file = '../names.txt'", "labels_file", "folder"),
        ("labels_file = 'sub/../../names.txt'", "labels_file", "folder"),
        (r"labels_file = '..\names.txt'", "labels_file", "folder"),
    ],
)
def test_a_wrong_key_type_or_value_is_refused_by_name(write, text, key, allowed):
    with pytest.raises(ModelError) as caught:
        read(write(text))
    assert caught.value.message.startswith("net.inspector.toml ")
    assert key in caught.value.message
    assert allowed in caught.value.remedy
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"labels = [", "not valid TOML"),
        (b"labels = ['a']\nlabels = ['b']", "not valid TOML"),
        (b"x = " + b"9" * 5000, "not valid TOML"),
        (b"x = " + b"[" * 100_000, "nested too deep"),
        (b"\xff\xfe" + b"a", "not UTF-8"),
        (b"#" * ((1 << 20) + 1), "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_no_small_toml_text_is_refused(write, content, cause):
    with pytest.raises(ModelError, match=cause):
        read(write(content))


def test_a_file_of_exactly_1_mib_is_read(write):
    text = b"labels = ['a']\n"
    assert read(write(text + b"#" * ((1 << 20) - len(text)))).labels == ("a",)


@pytest.mark.parametrize(
    "text",
    [
        "a." * 250_000 + "a = 1",
        '"a" . ' * 150_000 + "a = 1",
        r'"\"a"."\\".' * 80_000 + "a = 1",
        "'a'.\"b\"." * 100_000 + "a = 1",
        "[" + "a." * 250_000 + "a]",
        "x = {" + "a." * 250_000 + "a = 1}",
    ],
)
def test_a_key_of_very_many_parts_is_refused_at_once(write, text):
    path = write(text)
    start = time.process_time()
    with pytest.raises(ModelError, match="more than 32 parts"):
        read(path)
    assert time.process_time() - start < 2  # tomllib alone needs minutes


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, '"' * 1_000_000, "'" * 999_999, " \t" * 500_000 + "=", "a ." * 31 + "x"]
)
def test_looking_for_long_keys_takes_no_long_time(write, text):
    path = write(text)
    start = time.process_time()
    with pytest.raises(ModelError, match="not valid TOML"):
        read(path)
    assert time.process_time() - start < 2


def test_labels_may_hold_dots_and_signs(write):
    labels = tuple(f"St. Bernard no. {index}: e.g. 'big', \\ and = too..." for index in range(100))
    text = "labels = [" + ", ".join('"' + label.replace("\\", "\\\\") + '"' for label in labels) + "]"
    assert read(write(text)).labels == labels


def test_a_folder_in_its_place_is_refused(tmp_path):
    (tmp_path / "net.inspector.toml").mkdir()
    with pytest.raises(ModelError, match="not a regular file"):
        read(str(tmp_path / "net.onnx"))


@posix
def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "net.inspector.toml")
    with pytest.raises(ModelError, match="not a regular file"):
        read(str(tmp_path / "net.onnx"))


@posix
def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("net.inspector.toml")
        with pytest.raises(ModelError, match="not a regular file"):
            read("net.onnx")


@posix
def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "secret.toml").write_text("labels = ['secret']")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "net.inspector.toml").symlink_to("../secret.toml")
    with pytest.raises(ModelError, match="leads out of the model's folder") as caught:
        read(str(folder / "net.onnx"))
    assert "labels" not in str(caught.value)


@posix
def test_a_link_inside_the_folder_is_followed(tmp_path):
    (tmp_path / "common.toml").write_text("labels = ['a']")
    (tmp_path / "net.inspector.toml").symlink_to("common.toml")
    assert read(str(tmp_path / "net.onnx")).labels == ("a",)


@posix
def test_a_broken_link_is_an_error_and_not_nothing(tmp_path):
    (tmp_path / "net.inspector.toml").symlink_to("gone.toml")
    with pytest.raises(ModelError, match=r"net\.inspector\.toml cannot be read"):
        read(str(tmp_path / "net.onnx"))


@posix
def test_a_labels_file_behind_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "names.txt").write_text("secret")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "sub").symlink_to("../secret")
    (folder / "net.inspector.toml").write_text("labels_file = 'sub/names.txt'")
    with pytest.raises(ModelError, match=r"net\.inspector\.toml names a labels_file .* out of the model's folder"):
        read(str(folder / "net.onnx"))


@pytest.mark.parametrize(
    ("content", "cause"),
    [(None, "cannot be read"), (b"  \n\n", "empty"), (b"\xff", "not UTF-8"), (b"x" * 1001, "1000 characters")],
)
def test_a_labels_file_that_cannot_be_used_is_named(write, tmp_path, content, cause):
    if content is not None:
        (tmp_path / "names.txt").write_bytes(content)
    with pytest.raises(ModelError, match=cause) as caught:
        read(write("labels_file = 'names.txt'"))
    assert "net.inspector.toml" in caught.value.message
    assert cause in str(caught.value)


def test_values_shown_in_an_error_are_short_and_printable(write):
    with pytest.raises(ModelError) as caught:
        read(write('[preprocessing]\nfit = "\\u202e\\u001b[31m' + "x" * 5000 + '"'))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250
