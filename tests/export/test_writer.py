"""What an export writes of a run. Models and runs are made by hand here; real ones are in tests/cli."""

from __future__ import annotations

import hashlib
import io
import json
import os

import numpy as np
import pytest
from PIL import Image

from inspector import __version__
from inspector.errors import ExportError, LimitError, ModelError, UsageError
from inspector.export.writer import Source, Wish, export, file_sha256, picture_folders
from inspector.graph.model import Codes, Difference, Layer, Model, Prediction, Run, Tensor
from inspector.graph.preprocessing import Preprocessing
from inspector.graph.weight import Quantization, Weight

KERNEL = np.arange(2 * 3 * 2 * 2, dtype=np.float16).reshape(2, 3, 2, 2)
FED = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
MAPS = np.array([[[[1.0, 2.0]], [[3.0, np.nan]]]], np.float32)
LOGITS = np.array([[1.0, 4.0, 2.0]], np.float32)
PROBABILITIES = np.array([[0.04201, 0.84380, 0.11420]], np.float32)
SPLIT = (np.ones((1, 2), np.int64), np.zeros((), np.float32))
TENSORS = {"maps": MAPS, "logits": LOGITS, "half": SPLIT[0], "rest": SPLIT[1], "out": PROBABILITIES}


def layer(index, name, op_type, inputs, outputs, weights=()):
    tensors = tuple(Tensor(each, "float32", TENSORS[each].shape if each in TENSORS else None) for each in outputs)
    return Layer(index, name, op_type, "", "other", inputs, tensors, weights=weights)


def kernel_weight():
    return Weight("W", "kernel", KERNEL.shape, "float16", KERNEL.shape, encoding="inline", values=KERNEL.tobytes())


@pytest.fixture
def model():
    layers = (
        layer(0, "../conv:0", "Conv", ("x", "W"), ("maps",), (kernel_weight(),)),
        layer(1, "split", "Split", ("maps",), ("half", "", "rest")),
        layer(2, "fc", "Gemm", ("half",), ("logits",)),
        layer(3, "softmax", "Softmax", ("logits",), ("out",)),
    )
    ends = (Tensor("x", "float32", FED.shape),), (Tensor("out", "float32", (1, 3)),)
    return Model("/models/net.onnx", 17, "", *ends, layers)


@pytest.fixture
def source(model):
    return Source(model, "net.onnx", "ab" * 32, ("cat", "dog", "fish"))


RUN = ("view", "difference")
RECIPE = Preprocessing("unit", "chosen", scale=1 / 255)
PREDICTION = Prediction("in/cat.png", {"x": FED}, {"out": PROBABILITIES}, RECIPE, None, "CPU", 0.001)


def runs(*parts, asked=None):
    """Answer one request after the other with these tensors."""
    waiting = list(parts)

    def fetch(names):
        if asked is not None:
            asked.append(names)
        part = waiting.pop(0)
        if isinstance(part, Exception):
            raise part
        return Run(1, PREDICTION, part, None, 0.0)

    return fetch


def run_once(tmp_path, source, wish=Wish(), tensors=TENSORS, **how):  # noqa: B008
    return export(tmp_path / "cat.png", source, PREDICTION, runs(tensors), wish, **how)


def index_of(folder):
    return json.loads((folder / "index.json").read_text())


def test_everything_is_written_and_listed_in_the_order_of_the_layers(tmp_path, source):
    exported = run_once(tmp_path, source)
    expected = [
        "input-x.npy",
        "000-conv_0.png",
        "000-conv_0.npy",
        "000-conv_0-kernels.png",
        "000-conv_0-kernels.npy",
        "001-split.png",
        "001-split.npy",
        "001-split-output2.npy",  # a single number has no maps
        "002-fc.png",
        "002-fc.npy",
        "003-softmax.png",
        "003-softmax.npy",
        "probabilities.json",
    ]
    assert list(exported.files) == [*expected, "index.json"]
    assert exported.remarks == ()
    assert sorted(os.listdir(tmp_path / "cat.png")) == sorted(exported.files)
    assert [each["file"] for each in index_of(tmp_path / "cat.png")["files"]] == expected


def test_the_index_says_what_each_file_is(tmp_path, source):
    run_once(tmp_path, source)
    index = index_of(tmp_path / "cat.png")
    before, after = ["model", "sha256", "image", "preprocessing", "inputs", "note", "provider"], ["version", "runtime"]
    assert list(index) == [*before, *RUN, *after, "asked", "complete", "files"]
    assert (index["model"], index["sha256"], index["image"]) == ("net.onnx", "ab" * 32, "in/cat.png")
    assert (index["provider"], index["version"]) == ("CPU", __version__)
    assert (index["preprocessing"]["name"], index["preprocessing"]["scale"]) == ("unit", 1 / 255)
    assert (index["view"], index["difference"]) == ("step by step", None)
    keys = ["file", "what", "layer", "op_type", "tensor", "shape", "dtype", "limits", "colormap", "channels", "tiles"]
    keys += ["quantization", "bytes", "sha256"]
    by_file = {each["file"]: each for each in index["files"] if each["file"] != "probabilities.json"}
    assert all(list(each) == keys for each in index["files"])
    in_order, nothing = {"order": "as stored", "shown": "all"}, [None] * 5
    tiles = {"columns": 1, "height": 16, "width": 32, "gap": 1}
    expected = {
        "000-conv_0.png": ["maps", "../conv:0", "Conv", "maps", [1, 2, 1, 2], "float32", [1, 3], "viridis", in_order],
        "000-conv_0.npy": ["tensors", "../conv:0", "Conv", "maps", [1, 2, 1, 2], "float32", *nothing],
        "input-x.npy": ["input", None, None, "x", [1, 3, 2, 2], "float32", *nothing],
    }
    assert list(by_file["000-conv_0.png"].values())[1:10] == expected["000-conv_0.png"]
    assert by_file["000-conv_0.png"]["tiles"] == tiles
    assert list(by_file["000-conv_0.npy"].values())[1:12] == expected["000-conv_0.npy"]
    assert list(by_file["input-x.npy"].values())[1:12] == expected["input-x.npy"]
    kernels = list(by_file["000-conv_0-kernels.png"].values())[1:9]
    assert kernels == ["kernels", "../conv:0", "Conv", "W", [2, 3, 2, 2], "float16", [-23, 23], "rgb"]
    for name, each in by_file.items():
        content = (tmp_path / "cat.png" / name).read_bytes()
        assert (each["bytes"], each["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_without_a_run_the_index_names_no_view(tmp_path, source):
    run_once(tmp_path, source, Wish(frozenset({"kernels"})))
    index = index_of(tmp_path / "cat.png")
    assert (index["view"], index["difference"]) == (None, None)


CODES = np.array([[[[10, 12]], [[14, 30]]]], np.uint8)


def quantized_model(codes):
    scale = Weight("S", "scale", (2,), "float32", (2,), encoding="inline", values=np.float32([0.5, 2]).tobytes())
    zero = Weight("Z", "constant", (2,), "int8", (2,), encoding="inline", values=np.int8([1, -1]).tobytes())
    numbers = np.arange(-2, 2, dtype=np.int8)
    shape = (2, 2, 1, 1)
    kernel = Weight(
        "W", "kernel", shape, "int8", shape, None, 0, 0, "inline", numbers.tobytes(), Quantization(scale, zero)
    )
    tensor = Tensor("maps", "uint8", CODES.shape, codes=codes)
    conv = Layer(0, "conv", "QLinearConv", "", "convolution", ("x", "W"), (tensor,), weights=(kernel,))
    ends = (Tensor("x", "float32", FED.shape),), (tensor,)
    return Source(Model("/models/net.onnx", 17, "", *ends, (conv,)), "net.onnx", "")


def test_codes_stay_codes_in_the_files_of_numbers_and_become_real_in_the_pictures(tmp_path):
    run_once(tmp_path, quantized_model(Codes((0.25,), (10,))), tensors={"maps": CODES})
    folder = tmp_path / "cat.png"
    files = {each["file"]: each for each in index_of(folder)["files"]}
    np.testing.assert_array_equal(np.load(folder / "000-conv.npy"), CODES)
    stated = {"scale": [0.25], "zero_point": [10], "axis": None}
    assert files["000-conv.npy"]["quantization"] == {**stated, "holds": "codes"}
    assert files["000-conv.png"]["quantization"] == {**stated, "holds": "real numbers"}
    assert files["000-conv.png"]["limits"] == [0, 5]  # (30 - 10) / 4
    real = np.load(folder / "000-conv-kernels.npy")
    np.testing.assert_array_equal(real.reshape(-1), [-1.5, -1, 2, 4])  # (-2 - 1) / 2, (-1 - 1) / 2, 0 + 1, (1 + 1) * 2
    stated = {"scale": [0.5, 2], "zero_point": [1, -1], "axis": 0, "holds": "real numbers"}
    assert files["000-conv-kernels.npy"]["quantization"] == files["000-conv-kernels.png"]["quantization"] == stated


def test_a_scale_that_the_run_computes_is_written_with_its_codes(tmp_path):
    tensors = {"maps": CODES, "s": np.float32(0.5), "z": np.uint8(8)}
    run_once(tmp_path, quantized_model(Codes(scale_tensor="s", zero_point_tensor="z")), tensors=tensors)
    files = {each["file"]: each for each in index_of(tmp_path / "cat.png")["files"]}
    expected = {"scale": [0.5], "zero_point": [8], "axis": None, "holds": "codes"}
    assert files["000-conv.npy"]["quantization"] == expected
    assert files["000-conv.png"]["limits"] == [1, 11]  # (10 - 8) / 2 and (30 - 8) / 2


def test_a_run_as_deployed_says_what_it_lacks_and_does_not_ask_for_it(tmp_path, source):
    asked = []

    def fetch(names):
        asked.append(names)
        return Run(
            1, PREDICTION, {"maps": MAPS, "out": PROBABILITIES}, Difference("out", 0.0, False), 0.0, view="as deployed"
        )

    wish = Wish(frozenset({"tensors"}))
    exported = export(tmp_path / "cat.png", source, PREDICTION, fetch, wish)
    assert asked == [()]
    assert list(exported.files) == ["input-x.npy", "000-conv_0.npy", "003-softmax.npy", "index.json"]
    assert exported.remarks == ("Tensors not written, as the deployed network fuses them away: 3.",)
    index = index_of(tmp_path / "cat.png")
    assert index["view"] == "as deployed"
    assert index["difference"] == {"output": "out", "max_abs": 0, "top_changed": False}


def test_the_files_hold_the_numbers_bit_for_bit(tmp_path, source):
    run_once(tmp_path, source)
    folder = tmp_path / "cat.png"
    written = {
        "000-conv_0.npy": MAPS,
        "001-split.npy": SPLIT[0],
        "001-split-output2.npy": SPLIT[1],
        "000-conv_0-kernels.npy": KERNEL,
        "input-x.npy": FED,
    }
    for file, array in written.items():
        found = np.load(folder / file, allow_pickle=False)
        assert found.dtype == array.dtype
        assert found.shape == array.shape
        assert found.tobytes() == array.tobytes()


def test_the_probabilities_come_with_labels_and_the_logits_of_the_run(tmp_path, source):
    run_once(tmp_path, source)
    content = json.loads((tmp_path / "cat.png" / "probabilities.json").read_text())
    assert (content["image"], content["head"], content["output"]) == ("in/cat.png", "softmax", "out")
    assert [each["label"] for each in content["classes"]] == ["dog", "fish", "cat"]
    assert content["classes"][0]["probability"] == pytest.approx(0.8438)
    assert content["classes"][0]["logit"] == 4
    assert content["outputs"][0]["shape"] == [1, 3]
    assert content["outputs"][0]["kind"] == "classes"
    assert content["head_reason"] == "The last operator is Softmax (softmax)."


def test_labels_of_another_number_are_not_written(tmp_path, model):
    run_once(tmp_path, Source(model, "net.onnx", "", ("cat", "dog")))
    content = json.loads((tmp_path / "cat.png" / "probabilities.json").read_text())
    assert [each["label"] for each in content["classes"]] == ["", "", ""]


@pytest.mark.parametrize(
    ("what", "endings"),
    [
        ({"maps"}, {".png"}),
        ({"tensors"}, {".npy"}),
        ({"kernels"}, {"-kernels.png", "-kernels.npy"}),
        ({"probabilities"}, {"probabilities.json"}),
    ],
)
def test_only_what_is_wanted_is_written(tmp_path, source, what, endings):
    exported = run_once(tmp_path, source, Wish(frozenset(what)))
    assert all(any(file.endswith(ending) for ending in endings) for file in exported.files[:-1])
    assert len(exported.files) > 1


def test_no_maps_are_asked_for_where_none_are_wanted(tmp_path, source):
    wish = Wish(frozenset({"kernels", "probabilities"}))
    exported = export(tmp_path / "out", source, PREDICTION, runs(), wish)
    assert len(exported.files) == 4


def test_a_pattern_chooses_layers_by_their_names(tmp_path, source):
    exported = run_once(tmp_path, source, Wish(layers="*conv*"))
    assert [file for file in exported.files if file[0].isdigit() and not file.startswith("000-")] == []
    assert "000-conv_0.npy" in exported.files


def test_a_pattern_without_a_layer_is_refused(tmp_path, source):
    with pytest.raises(UsageError, match=r"No layer of net\.onnx has a name like 'pool\*'"):
        run_once(tmp_path, source, Wish(layers="pool*"))


def test_tensors_that_are_missing_in_the_run_are_fetched_by_further_runs(tmp_path, source):
    asked = []
    first = {name: TENSORS[name] for name in ("maps", "rest")}
    second = {name: TENSORS[name] for name in ("half", "logits")}
    third = {"out": PROBABILITIES}
    fetch = runs(first, second, third, asked=asked)
    exported = export(tmp_path / "out", source, PREDICTION, fetch, Wish())
    # The first run had room for 20 bytes; half takes 8, logits and out take 12 each.
    assert asked == [(), ("half", "logits"), ("out",)]
    assert exported.remarks == ()
    whole = export(tmp_path / "whole", source, PREDICTION, runs(TENSORS), Wish())
    assert exported.files == whole.files
    for file in whole.files[:-1]:
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_missing_tensors_that_fit_together_are_fetched_together(tmp_path, source):
    asked = []
    large = {"maps": np.zeros((1, 2, 100, 100), np.float32)}
    rest = {name: TENSORS[name] for name in ("half", "rest", "logits", "out")}
    export(tmp_path / "out", source, PREDICTION, runs(large, rest, asked=asked), Wish())
    assert asked == [(), ("half", "rest", "logits", "out")]


def test_what_does_not_fit_in_memory_is_said_and_the_rest_is_written(tmp_path, source):
    first = {name: TENSORS[name] for name in ("maps", "half", "rest", "logits")}
    fetch = runs(first, LimitError("too large", "close programs"))
    exported = export(tmp_path / "out", source, PREDICTION, fetch, Wish())
    assert exported.remarks == ("Tensor out was not written: there was not enough memory for it.",)
    assert isinstance(exported.failure, LimitError)
    assert "003-softmax.npy" not in exported.files
    assert "probabilities.json" in exported.files
    assert "002-fc.npy" in exported.files


def test_kernels_that_cannot_be_read_any_more_are_said_and_the_rest_is_written(tmp_path):
    weight = Weight("W", "kernel", (1, 3, 2, 2), "float16", (1, 3, 2, 2), encoding="inline", values=b"short")
    layers = (layer(0, "conv", "Conv", ("x", "W"), ("maps",), (weight,)),)
    broken = Model("net.onnx", 17, "", (), (Tensor("maps", "float32", None),), layers)
    exported = run_once(tmp_path, Source(broken, "net.onnx", ""))
    assert exported.remarks == ("The kernels of conv were not written.",)
    assert isinstance(exported.failure, ModelError)
    assert "000-conv.npy" in exported.files


def test_what_is_no_array_of_numbers_is_said(tmp_path, source):
    tensors = {name: array for name, array in TENSORS.items() if name != "half"}
    run = Run(1, PREDICTION, tensors, None, 0.0, unshowable={"half": "sequence"})
    exported = export(tmp_path / "out", source, PREDICTION, lambda names: run, Wish())
    assert exported.remarks == ("Tensor half was not written: it holds no plain numbers (sequence).",)
    assert exported.failure is None


def test_a_second_export_replaces_the_first(tmp_path, source):
    run_once(tmp_path, source)
    (tmp_path / "cat.png" / "notes.txt").write_text("mine")
    changed = {**TENSORS, "maps": MAPS + 1}
    exported = run_once(tmp_path, source, Wish(frozenset({"tensors"})), changed, overwrite=True)
    assert sorted(os.listdir(tmp_path / "cat.png")) == sorted([*exported.files, "notes.txt"])
    np.testing.assert_array_equal(np.load(tmp_path / "cat.png" / "000-conv_0.npy"), MAPS + 1)


def test_a_file_of_the_user_in_the_way_stops_the_export_before_it_writes(tmp_path, source):
    (tmp_path / "cat.png").mkdir()
    (tmp_path / "cat.png" / "002-fc.npy").write_text("mine")
    with pytest.raises(ExportError, match=r"002-fc\.npy is in the way"):
        run_once(tmp_path, source)
    assert os.listdir(tmp_path / "cat.png") == ["002-fc.npy"]


def test_an_export_that_failed_half_way_can_be_done_again(tmp_path, source):
    with pytest.raises(RuntimeError, match="killed"):
        export(tmp_path / "cat.png", source, PREDICTION, runs(RuntimeError("killed")), Wish())
    assert (tmp_path / "cat.png" / "000-conv_0-kernels.npy").exists()
    exported = run_once(tmp_path, source, overwrite=True)
    assert sorted(os.listdir(tmp_path / "cat.png")) == sorted(exported.files)


def test_the_progress_counts_to_the_number_of_files(tmp_path, source):
    seen = []
    export(tmp_path / "out", source, PREDICTION, runs(TENSORS), Wish(), lambda *progress: seen.append(progress))
    total = seen[-1][1]
    assert seen == [*((done, total) for done in range(1, len(seen))), (total, total)]


def test_the_picture_of_maps_with_nan_marks_it(tmp_path, source):
    run_once(tmp_path, source)
    image = Image.open(io.BytesIO((tmp_path / "cat.png" / "000-conv_0.png").read_bytes())).convert("RGB")
    assert (0xFF, 0x5F, 0xA8) in {image.getpixel((x, image.height - 1)) for x in range(image.width)}


def test_pictures_of_one_name_get_folders_of_their_own():
    assert picture_folders(["a/cat.png", "b/cat.png", "b/Cat.PNG"]) == ("cat.png", "cat.png-2", "Cat.PNG-3")


def test_the_sha256_of_a_file_is_that_of_its_content(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, example B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(str(tmp_path / "abc")) == expected
    with pytest.raises(ExportError, match="cannot be read"):
        file_sha256(str(tmp_path / "nowhere"))
