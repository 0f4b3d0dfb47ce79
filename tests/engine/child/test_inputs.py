"""Which input is fed what: shapes, files, numbers and defaults; what is expected is worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.engine.child import inputs
from inspector.engine.protocol import RunImage
from inspector.errors import ImageError, LimitError
from inspector.graph.model import Geometry, Layer, Model, Tensor
from inspector.graph.preprocessing import Preprocessing
from tests.engine.child.sounds import wave

BYTE = Preprocessing("byte")


def model(*tensors: tuple, slides: int = 0, **more: object) -> Model:
    """Return a network with these inputs, (name, shape) or (name, shape, type); the first is slid over."""
    found = tuple(Tensor(name, (*kind, "float32")[0], shape) for name, shape, *kind in tensors)
    ones = (1,) * slides
    layers = ()
    if slides:
        geometry = Geometry(ones, ones, ones * 2, ones)
        layers = (
            Layer(
                0,
                "conv",
                "Conv",
                "",
                "convolution",
                (found[0].name,),
                (Tensor("y", "float32", None),),
                geometry=geometry,
            ),
        )
    return Model("m.onnx", 17, "", found, (), layers, **more)


@pytest.fixture
def fed(tmp_path):
    """Feed a model from files, by path; return what its inputs get."""
    opened = []

    def open_file(path):
        opened.append(Path(path).open("rb"))  # noqa: SIM115  closed below
        return str(path), opened[-1]

    def feed(network: Model, image: Path | None = None, recipe: Preprocessing | None = BYTE, **request: object):
        asked = RunImage(1, "m.onnx", str(image or ""), recipe, **request)
        files = [open_file(path) for path in asked.inputs.values()]
        return inputs.feed(network, asked, open_file(image) if image else None, files)

    yield feed
    for file in opened:
        file.close()


@pytest.fixture
def picture(tmp_path):
    """200 x 100 pixels, red."""
    path = tmp_path / "red.png"
    Image.new("RGB", (200, 100), (255, 0, 0)).save(path)
    return path


@pytest.fixture
def save(tmp_path):
    def write(name, array):
        np.save(tmp_path / name, array)
        return tmp_path / name

    return write


@pytest.fixture
def sound(tmp_path):
    """Ten samples at eight kilohertz, each half of full scale."""
    path = tmp_path / "tone.wav"
    path.write_bytes(wave(np.full((10, 1), 16_384), 16, rate=8_000))
    return path


# ---------------------------------------------------------------- pictures: shapes


@pytest.mark.parametrize(
    ("declared", "shape"),
    [
        ((1, 3, 224, 224), (1, 3, 224, 224)),
        ((1, 257, 257, 3), (1, 257, 257, 3)),
        (("N", 1, 28, 28), (1, 1, 28, 28)),
        ((1, 3, "height", "width"), (1, 3, 96, 192)),  # 100 and 200, in steps of 32
        (("N", 3, None, None), (1, 3, 96, 192)),
        (("N", None, None, 3), (1, 96, 192, 3)),
        ((None, None, None, None), (1, 3, 96, 192)),
        ((1, 3, "side", "side"), (1, 3, 96, 96)),  # one name, one number
        ((1, 3, 48, "width"), (1, 3, 48, 96)),  # as wide as the picture is for its height
        ((1, 3, "height", 64), (1, 3, 32, 64)),
        ((3, 32, 32), (3, 32, 32)),
        ((32, 48, 3), (32, 48, 3)),
        ((28, 28), (28, 28)),
        ((4, 3, 32, 32), (4, 3, 32, 32)),
    ],
)
def test_a_picture_fills_an_input_of_any_shape(fed, picture, declared, shape):
    found = fed(model(("x", declared)), picture)
    assert found.feeds["x"].shape == shape
    assert found.origins == {"x": "the picture"}
    assert found.picture.size == (200, 100)
    assert ("repeated 4 times" in found.picture.note) == (shape[0] == 4)


def test_a_large_picture_is_brought_to_what_is_quick_and_keeps_its_form(fed, tmp_path):
    Image.new("L", (1_000, 600)).save(tmp_path / "wide.png")
    found = fed(model(("x", (1, 1, "h", "w"))), tmp_path / "wide.png")
    assert found.feeds["x"].shape == (1, 1, 320, 512)  # 307.2 and 512, in steps of 32


def test_the_recipe_says_the_size_where_the_model_takes_any(fed, picture):
    recipe = Preprocessing("x", size=(48, 160))
    assert fed(model(("x", (1, 3, "h", "w"))), picture, recipe).feeds["x"].shape == (1, 3, 48, 160)
    assert fed(model(("x", (1, 3, 64, "w"))), picture, recipe).feeds["x"].shape == (1, 3, 64, 160)
    assert fed(model(("x", (1, 3, 64, 64))), picture, recipe).feeds["x"].shape == (1, 3, 64, 64)


def test_the_recipe_says_where_the_channels_are_where_the_shape_leaves_it_open(fed, picture):
    last = Preprocessing("x", layout="channels last", size=(8, 8))
    assert fed(model(("x", (None, None, None, None))), picture, last).feeds["x"].shape == (1, 8, 8, 3)
    assert fed(model(("x", (1, 3, 8, 3))), picture, last).feeds["x"].shape == (1, 3, 8, 3)
    with pytest.raises(ImageError, match="puts the channels last, where the input 'x' has 224"):
        fed(model(("x", (1, 3, 224, 224))), picture, last)


def test_the_user_says_the_shape(fed, picture):
    network = model(("x", ("N", 3, None, None)))
    assert fed(network, picture, shapes={"x": (2, 3, 48, 64)}).feeds["x"].shape == (2, 3, 48, 64)
    for wrong in ((1, 4, 48, 64), (1, 3, 48), (1, 3, 0, 64)):
        with pytest.raises(ImageError, match=r"takes N × 3 × \? × \?, which"):
            fed(network, picture, shapes={"x": wrong})
    with pytest.raises(ImageError, match=r"m\.onnx has no input 'z'") as refused:
        fed(network, picture, shapes={"z": (1,)})
    assert refused.value.remedy == "Its inputs: x."


def test_what_shines_through_is_the_recipes_colour_and_is_said(fed, tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    found = fed(model(("x", (1, 3, 4, 4))), tmp_path / "clear.png", Preprocessing("x", background=(1, 2, 3)))
    assert found.feeds["x"][0, :, 0, 0].tolist() == [1, 2, 3]
    assert found.picture.note == "transparent over #010203"
    assert found.picture.pixels[0, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(("declared", "shape"), [((1, 5, 8, 8), (1, 5, 8, 8)), ((1, 8, 8, 5), (1, 8, 8, 5))])
def test_pages_fill_an_input_of_many_channels(fed, tmp_path, declared, shape):
    pages = [Image.new("L", (8, 8), level) for level in (1, 2, 3, 4, 5)]
    pages[0].save(tmp_path / "bands.tif", save_all=True, append_images=pages[1:])
    found = fed(model(("x", declared)), tmp_path / "bands.tif").feeds["x"]
    assert found.shape == shape
    assert (found[0, :, 0, 0] if shape[1] == 5 else found[0, 0, 0]).tolist() == [1, 2, 3, 4, 5]


def test_one_page_does_not_fill_an_input_of_many_channels(fed, picture):
    with pytest.raises(ImageError, match="takes 12 channels, which no picture has"):
        fed(model(("x", (1, 12, 8, 8))), picture)


def test_the_frame_is_chosen(fed, tmp_path):
    frames = [Image.new("L", (4, 4), level) for level in (0, 100, 200)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    found = fed(model(("x", (1, 1, 4, 4))), tmp_path / "x.gif", frame=1)
    assert (found.feeds["x"].max(), found.picture.frames, found.picture.frame) == (100, 3, 1)


@pytest.mark.parametrize("declared", [(1, 1960), None, (2, 1, 128, 5, 5)])
def test_a_picture_is_not_forced_into_an_input_that_takes_none(fed, picture, declared):
    with pytest.raises(ImageError, match=r"m\.onnx has no input that takes a picture"):
        fed(model(("x", declared)), picture)


# ---------------------------------------------------------------- signals


def test_a_recording_goes_to_the_input_for_signals_and_brings_its_rate(fed, sound):
    network = model(("input", ("batch", "time")), ("sr", (), "int64"), ("state", (2, "batch", 4)))
    found = fed(network, sound)
    assert found.feeds["input"].tolist() == [[0.5] * 10]
    assert (found.feeds["sr"].shape, int(found.feeds["sr"]), found.feeds["sr"].dtype) == ((), 8_000, np.int64)
    assert found.feeds["state"].shape == (2, 1, 4)
    assert found.origins == {"input": "tone.wav", "sr": "8000, the sampling rate of tone.wav", "state": "zeros"}
    assert (found.note, found.picture, found.recipe) == ("0.00125 s, 8 kHz", None, None)


def test_a_recording_does_not_go_to_an_input_for_pictures(fed, sound):
    with pytest.raises(ImageError, match=r"no input that takes a signal") as refused:
        fed(model(("x", (1, 1, 28, 28))), sound)
    assert "picture" in refused.value.remedy


def test_the_same_shape_is_a_signal_or_a_picture_by_what_slides_over_it(fed, sound, picture):
    assert fed(model(("x", (1, 4, 100)), slides=2), picture).feeds["x"].shape == (1, 4, 100)
    assert fed(model(("x", (1, 1, 100)), slides=1), sound).feeds["x"][0, 0, :11].tolist() == [0.5] * 10 + [0]
    with pytest.raises(ImageError, match="takes a picture"):
        fed(model(("x", (1, 1, 100)), slides=1), picture)


def test_an_array_that_does_not_fit_a_flat_input_is_cut_as_a_signal(fed, save):
    found = fed(model(("x", (1, 20))), save("long.npy", np.arange(30, dtype=np.float32)))
    assert found.feeds["x"].tolist() == [list(range(20))]
    assert found.note == "first 20 samples of 30 samples"


def test_a_table_fills_an_input_row_by_row_or_as_a_signal(fed, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n3,4\n5,6\n")
    assert fed(model(("x", (1, 6))), table).feeds["x"].tolist() == [[1, 2, 3, 4, 5, 6]]
    assert fed(model(("x", (1, 2, "time")), slides=1), table).feeds["x"].tolist() == [[[1, 3, 5], [2, 4, 6]]]
    assert fed(model(("x", (1, 1, 3, 2))), table).feeds["x"].tolist() == [[[[1, 2], [3, 4], [5, 6]]]]
    table.write_text("1\n2\n3\n")
    assert fed(model(("x", ("n", "time"))), table).feeds["x"].tolist() == [[1, 2, 3]]


# ---------------------------------------------------------------- volumes


@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 4, 5, 6), (1, 1, 4, 5, 6)])
def test_a_volume_is_fed_with_batch_and_channel_added(fed, save, shape):
    volume = np.arange(120, dtype=np.float32)
    found = fed(model(("x", ("N", 1, "D", "H", "W")), slides=3), save("v.npy", volume.reshape(shape)))
    assert found.feeds["x"].shape == (1, 1, 4, 5, 6)
    np.testing.assert_array_equal(found.feeds["x"].ravel(), volume)


# ---------------------------------------------------------------- several inputs


def test_a_second_picture_goes_where_it_is_said_to_go(fed, picture, tmp_path):
    Image.new("RGB", (8, 8), (0, 0, 9)).save(tmp_path / "blue.png")
    network = model(("a", (1, 3, 4, 4)), ("b", (1, 3, 4, 4)))
    found = fed(network, picture, inputs={"a": str(tmp_path / "blue.png")})
    assert found.feeds["a"][0, :, 0, 0].tolist() == [0, 0, 9]
    assert found.feeds["b"][0, :, 0, 0].tolist() == [255, 0, 0]
    assert found.origins == {"a": "blue.png", "b": "the picture"}
    assert found.picture.size == (200, 100)  # what is shown is the main one


def test_numbers_fill_an_input(fed, picture):
    network = model(("x", (1, 3, 4, 4)), ("k", ("n", 2)), ("count", (), "int64"), ("on", (), "bool"))
    found = fed(network, picture, fills={"k": 0.5, "count": 16, "on": 1})
    assert found.feeds["k"].tolist() == [[0.5, 0.5]]
    assert found.feeds["count"].tolist() == 16
    assert found.feeds["on"].tolist() is True
    assert found.origins == {"x": "the picture", "k": "0.5", "count": "16", "on": "1"}
    for wrong in (0.5, 1e30):
        with pytest.raises(ImageError, match="'count' takes int64, which cannot be"):
            fed(network, picture, fills={"count": wrong})


def test_one_name_of_a_length_is_one_number_everywhere(fed, save):
    network = model(("x", ("batch", "time")), ("state", (2, "batch", 3)), ("odd", ("?", 3)), ("other", ("?", 5)))
    found = fed(network, shapes={"state": (2, 4, 3)})
    assert found.feeds["x"].shape == (4, 16_000)
    found = fed(
        network,
        save("state.npy", np.zeros((2, 7, 3), np.float32)),
        inputs={"odd": str(save("o.npy", np.zeros((5, 3), np.float32)))},
        fills={"x": 0},
    )
    assert found.feeds["state"].shape == (2, 7, 3)
    assert found.feeds["odd"].shape == (5, 3)
    assert found.feeds["other"].shape == (1, 5)  # a question mark is no name


def test_arrays_of_one_file_go_to_the_inputs_of_their_names(fed, tmp_path):
    np.savez(tmp_path / "all.npz", a=np.ones((1, 2), np.float32), b=np.zeros(3, np.float32), c=np.zeros(1))
    found = fed(model(("a", (1, 2)), ("b", (1, 3)), ("d", (1,))), tmp_path / "all.npz")
    assert found.feeds["a"].tolist() == [[1, 1]]
    assert found.origins == {"a": "all.npz", "b": "all.npz", "d": "zeros"}
    assert found.note == "not used: c"
    with pytest.raises(ImageError, match=r"all\.npz holds 3 arrays \(a, b, c\), none called like an input"):
        fed(model(("x", (1, 2))), tmp_path / "all.npz")


def test_a_file_that_is_left_over_is_refused(fed, picture):
    with pytest.raises(ImageError, match=r"has no input left to feed red\.png to"):
        fed(model(("x", (1, 3, 4, 4))), picture, fills={"x": 0})


# ---------------------------------------------------------------- defaults


@pytest.mark.parametrize(
    ("tensor", "values", "origin"),
    [
        (("state", (2, "n", 3)), np.zeros((2, 1, 3)), "zeros"),
        (("sr", (), "int64"), 16_000, "16000, a usual sampling rate"),
        (("sample_rate", (1,)), [16_000], "16000, a usual sampling rate"),
        (("srx", (), "int64"), 0, "zeros"),
        (("im_shape", (1, 2)), [[64, 96]], "64 × 96, the size of the picture as fed"),
        (("orig_target_sizes", ("n", 2), "int64"), [[64, 96]], "64 × 96, the size of the picture as fed"),
        (("im_info", (1, 3)), [[64, 96, 1]], "64 × 96, the size of the picture as fed"),
        (("scale_factor", (1, 2)), [[1, 1]], "ones"),
        (("attention_mask", (1, "n"), "int64"), [[1]], "ones"),
        (("training", (), "bool"), False, "zeros"),
        (("names", (2,), "string"), ["", ""], "empty text"),
    ],
)
def test_an_input_that_nobody_gave_anything_gets_a_named_default(fed, picture, tensor, values, origin):
    found = fed(model(("x", (1, 3, 64, 96)), tensor), picture)
    np.testing.assert_array_equal(found.feeds[tensor[0]], values)
    assert found.feeds[tensor[0]].shape == np.shape(values)
    assert found.origins[tensor[0]] == origin


@pytest.mark.parametrize(
    ("declared", "slides", "shape"),
    [
        (("N", 3, "h", "w"), 2, (1, 3, 224, 224)),
        (("batch", "time"), 0, (1, 16_000)),
        (("batch", "time", 2), 1, (1, 16_000, 2)),
        (("N", 1, "d", "h", "w"), 3, (1, 1, 32, 32, 32)),
    ],
)
def test_defaults_alone_have_a_size_that_runs(fed, declared, slides, shape):
    found = fed(model(("x", declared), slides=slides))
    assert found.feeds["x"].shape == shape
    assert not found.feeds["x"].any()
    assert found.picture is None


def test_a_default_that_is_too_large_is_refused_with_its_size(fed):
    with pytest.raises(LimitError, match=r"'x' takes 1 × 3 × 200000 × 200000 numbers, 447\.0 GiB"):
        fed(model(("x", (1, 3, 200_000, 200_000))))
