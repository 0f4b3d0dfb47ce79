"""Which changes may be made to a network, where they lie, and the kernels that have names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector.errors import InspectorError
from inspector.graph.cells import bias_block, kernel_block
from inspector.graph.changes import MOST_CHANGES, Edits, WeightEdit
from inspector.graph.edits import (
    edited,
    edited_layers,
    number_as_stored,
    said_of,
    stored_place,
    users_of,
    weights_named,
    why_fixed,
    why_not_sliding,
    with_numbers,
    with_slide,
    without_layer,
)
from inspector.graph.named_kernels import NAMES, named, offered
from inspector.graph.reader import read
from inspector.graph.weight import Quantization, Step, Weight
from tests.graph.build import node, save, tensor, value


def inline(name: str, values: np.ndarray, **settings: object) -> Weight:
    shape = values.shape
    return Weight(
        name, "kernel", shape, str(values.dtype), shape, encoding="inline", values=values.tobytes(), **settings
    )


@pytest.fixture
def model(tmp_path):
    """Two convolutions with the same kernel, a transposed one, a pooling and a dense layer."""
    kernels = np.arange(2 * 2 * 3 * 3, dtype=np.float32).reshape(2, 2, 3, 3)
    nodes = [
        node("Conv", "x k b", "a", name="one", pads=[1, 1, 1, 1]),
        node("Conv", "a k", "c", name="two", pads=[1, 1, 1, 1]),
        node("ConvTranspose", "c t", "d", name="up", group=2),
        node("MaxPool", "d", "e", name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "e", "f"),
        node("MatMul", "f w", "y", name="dense"),
    ]
    stored = [
        tensor("k", kernels),
        tensor("b", np.array([1, 2], np.float32)),
        tensor("t", np.arange(2 * 3 * 2 * 2, dtype=np.float32).reshape(2, 3, 2, 2)),
        tensor("w", np.arange(6 * 4 * 2, dtype=np.float32).reshape(24, 2)),
    ]
    path = tmp_path / "several.onnx"
    save(path, nodes, [value("x", [1, 2, 4, 4])], ["y"], stored)
    return read(str(path)).model


def test_a_weight_that_two_layers_share_changes_in_both(model):
    edits = with_numbers(Edits(), model.layer("one").weight("kernel"), {35: 2.0, 4: -1.0})
    changed = edited(model, edits)
    assert edits.weights == (WeightEdit("k", (4, 35), (-1.0, 2.0)),)
    for name in ("one", "two"):
        found = changed.layer(name).weight("kernel").read()
        assert (found[0, 0, 1, 1], found[1, 1, 2, 2]) == (-1, 2)
        assert changed.layer(name).stored["k"].read()[0, 0, 1, 1] == -1
    assert users_of(model, model.layer("one").weight("kernel")) == ("one", "two")
    assert edited_layers(model, edits) == {"one", "two"}
    assert said_of(model, edits) == "2 weights of 2 layers edited: not the file's network"
    assert changed.layer("up") is model.layer("up")
    assert edited(model, Edits()) is model
    assert without_layer(edits, model.layer("two")) == Edits()
    assert weights_named(changed, ["k"])["k"].edit is None


def test_a_number_that_is_the_files_again_is_no_change_any_more(model):
    weight = model.layer("one").weight("kernel")
    edits = with_numbers(Edits(), weight, {4: -1.0, 7: 0.1})
    back = with_numbers(edits, replace(weight, edit=edits.weights[0]), {4: 4.0})
    assert back.weights == (WeightEdit("k", (7,), (float(np.float32(0.1)),)),)
    assert not with_numbers(back, weight, {7: 7.0})


def test_what_a_type_does_not_hold_and_too_many_changes_are_refused_in_a_sentence():
    floats, codes = inline("w", np.zeros(MOST_CHANGES + 1, np.float16)), inline("q", np.zeros((2, 2), np.int8))
    assert number_as_stored(floats, 0.1) == float(np.float16(0.1))
    for weight, number in ((floats, 1e5), (floats, float("nan")), (codes, 128.0), (codes, 0.5), (codes, -129.0)):
        with pytest.raises(InspectorError):
            with_numbers(Edits(), weight, {0: number})
    with pytest.raises(InspectorError, match=r"up to 16,384 can be changed"):
        with_numbers(Edits(), floats, dict.fromkeys(range(MOST_CHANGES + 1), 1.0))
    assert with_numbers(Edits(), floats, dict.fromkeys(range(MOST_CHANGES), 1.0)).count == MOST_CHANGES


def test_weights_whose_numbers_cannot_be_fed_say_why(model):
    layer = model.layer("one")
    assert why_fixed(layer, layer.weight("kernel")) == ""
    assert "packed" in why_fixed(layer, replace(layer.weight("kernel"), dtype="int4"))
    assert "bfloat16" in why_fixed(layer, replace(layer.weight("kernel"), dtype="bfloat16"))
    assert "no stride" in why_not_sliding(model.layer("dense"))
    assert why_not_sliding(model.layer("pool")) == ""
    assert "within another layer" in why_not_sliding(replace(layer, inside=(("If", "then_branch"),)))


def test_strides_and_pads_are_kept_only_where_they_are_not_the_files(model):
    layer = model.layer("one")
    edits = with_slide(Edits(), layer, (2, 1), (1, 1, 1, 1))
    assert (edits.slides[0].strides, edits.slides[0].pads) == ((2, 1), ())
    assert not with_slide(edits, layer, (1, 1), (1, 1, 1, 1))
    for strides, pads in (((0, 1), ()), ((1,), ()), ((1, 1), (1, 1)), ((1, 1), (-1, 0, 0, 0)), ((99, 1), ())):
        with pytest.raises(InspectorError):
            with_slide(Edits(), layer, strides, pads)


def test_the_place_of_an_element_undoes_transposes_and_reshapes():
    stored = np.arange(24, dtype=np.float32).reshape(4, 6)
    steps = (Step("transpose", (1, 0)), Step("reshape", (2, 3, 4)), Step("transpose", (2, 0, 1)))
    weight = replace(inline("w", stored), shape=(4, 2, 3), steps=steps)
    expected = stored.T.reshape(2, 3, 4).transpose(2, 0, 1)
    for index in np.ndindex(4, 2, 3):
        assert stored_place(weight, index) == expected[index]


def test_blocks_are_the_slices_that_the_layer_multiplies_with(model):
    kernels = np.arange(36, dtype=np.float32).reshape(2, 2, 3, 3)
    edits = with_numbers(Edits(), model.layer("one").weight("kernel"), {10: -5.0})
    one, up, dense = (edited(model, edits).layer(name) for name in ("one", "up", "dense"))
    block = kernel_block(one, one.weight("kernel"), 0, 1)
    expected = kernels[0, 1].copy()
    expected[0, 1] = -5
    np.testing.assert_array_equal(block.values, expected)
    assert np.argwhere(block.changed).tolist() == [[0, 1]]
    assert block.place(2, 2) == 17
    weight = up.weight("kernel")  # (inputs, outputs of a group, ...): output 4 is the second of group 1, of input 1
    spread = kernel_block(up, weight, 4, 0)
    np.testing.assert_array_equal(spread.values, np.arange(24).reshape(2, 3, 2, 2)[1, 1])
    single = kernel_block(dense, dense.weight("kernel"), 1, 5)
    assert single.values.tolist() == [[11.0]]
    assert bias_block(one.weight("bias"), 1).values.tolist() == [[2.0]]


def test_a_named_kernel_becomes_codes_and_keeps_its_form_where_they_do_not_reach():
    scale, zero = inline("s", np.array(0.5, np.float32)), inline("z", np.array(10, np.int8))
    codes = inline("q", np.zeros((1, 1, 3, 3), np.int8), quantization=Quantization(scale, zero))
    layer = replace(_conv(), weights=(codes,))
    block = kernel_block(layer, codes, 0, 0)
    assert block.real(0, 0) == -5.0
    wanted = block.all_as(named("Sobel x", 3, 3))
    assert list(wanted.values()) == [8, 10, 12, 6, 10, 14, 8, 10, 12]  # x / 0.5 + 10
    far = block.all_as(100 * named("Sobel x", 3, 3))  # up to 200: the codes end at (127 - 10) * 0.5 = 58.5
    assert list(far.values()) == [-48, 10, 68, -107, 10, 127, -48, 10, 68]


def _conv():
    from inspector.graph.model import Layer, Tensor

    return Layer(0, "conv", "Conv", "", "convolution", ("x", "q"), (Tensor("y", "float32", None),))


def test_named_kernels_sum_to_what_their_names_promise():
    for size in (3, 5, 7):
        for name in NAMES:
            kernel = named(name, size, size)
            assert kernel.sum() == pytest.approx({"Laplacian": 0, "Sobel x": 0, "Sobel y": 0}.get(name, 1))
            assert kernel.shape == (size, size)
        ramp = np.tile(np.arange(size, dtype=float), (size, 1))
        assert (named("Sobel x", size, size) * ramp).sum() > 0  # brighter to the right; laid on as it is written
        assert (named("Sobel y", size, size) * ramp).sum() == 0
        assert (named("Sobel y", size, size) * ramp.T).sum() > 0
    np.testing.assert_array_equal(named("Gaussian", 3, 3) * 16, [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    assert offered(1, 1) == ("Identity",)
    assert offered(2, 2) == ("Box", "Gaussian")
    assert offered(3, 3) == offered(5, 5) == NAMES
