"""Explanations against arithmetic done by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from onnx import helper, numpy_helper

from inspector.explain import checking
from inspector.explain.facts import Arithmetic
from inspector.explain.report import explanation_facts
from inspector.explain.sliding import CROSS_CORRELATION
from inspector.explain.table import explain
from inspector.graph.reader import read
from tests.explain.check import run, save

# A ramp of 5 x 5: 0 1 2 3 4 in the first row, 5 6 7 8 9 in the second, and so on.
RAMP = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32).reshape(1, 1, 3, 3)


@pytest.fixture
def explained(tmp_path):
    """Explain an element of a model of one node."""

    def of(op_type, fed, stored, at, tensors=None, version=17, **attributes):
        names = [*fed, *stored]
        node = helper.make_node(op_type, names, ["y"], "layer", **attributes)
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
            for name, value in fed.items()
        ]
        weights = [numpy_helper.from_array(value, name) for name, value in stored.items()]
        graph = helper.make_graph([node], "graph", inputs, [helper.make_empty_tensor_value_info("y")], weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)
        opened = read(str(save(model, tmp_path)))
        return explain(opened.model, opened.model.layers[0], run(model, fed) if tensors is None else tensors, at)

    return of


def test_the_laplacian_of_a_ramp_is_zero_inside(explained):
    found = explained("Conv", {"x": RAMP}, {"w": LAPLACIAN}, (0, 0, 1, 1))
    patch, kernel = found.arithmetic.operands
    np.testing.assert_array_equal(patch.values, [[[6, 7, 8], [11, 12, 13], [16, 17, 18]]])
    np.testing.assert_array_equal(kernel.values, LAPLACIAN[0])
    assert found.recomputed == found.runtime == 0  # 7 + 11 + 13 + 17 - 4 * 12
    assert found.agrees
    assert found.arithmetic.remarks == (CROSS_CORRELATION,)


def test_padding_cells_are_padding_and_every_other_cell_knows_its_place(explained):
    found = explained("Conv", {"x": RAMP}, {"w": LAPLACIAN}, (0, 0, 0, 0), pads=[1, 1, 1, 1])
    patch = found.arithmetic.operands[0]
    np.testing.assert_array_equal(patch.is_padding, [[[True, True, True], [True, False, False], [True, False, False]]])
    assert patch.place((0, 0, 0)) is None
    assert patch.place((0, 2, 1)) == (0, 0, 1, 0)
    assert patch.values[0, 2, 1] == 5
    assert found.recomputed == 6  # 1 + 5 - 4 * 0


def test_a_kernel_is_not_flipped(explained):
    kernel = np.array([[[[1.0, 10.0]]]], np.float32)
    found = explained("Conv", {"x": RAMP}, {"w": kernel}, (0, 0, 0, 0))
    assert found.recomputed == found.runtime == 10  # 0 * 1 + 1 * 10, not 0 * 10 + 1 * 1


def test_stride_dilation_groups_and_bias_choose_the_right_numbers(explained):
    picture = np.concatenate([RAMP, RAMP + 100, RAMP + 200, RAMP + 300], axis=1)
    kernel = np.zeros((2, 2, 2, 1), np.float32)
    kernel[1, :, :, 0] = [[1, 2], [3, 4]]
    bias = np.array([0.5, 7.0], np.float32)
    found = explained(
        "Conv", {"x": picture}, {"w": kernel, "b": bias}, (0, 1, 1, 2), group=2, strides=[1, 2], dilations=[3, 1]
    )
    # The second group sees channels 2 and 3; row 1 and 4, column 4: 9 and 24.
    np.testing.assert_array_equal(found.arithmetic.operands[0].values[:, :, 0], [[209, 224], [309, 324]])
    assert found.arithmetic.part_names == ("2", "3")
    np.testing.assert_array_equal(found.arithmetic.parts, [209 + 2 * 224, 3 * 309 + 4 * 324])
    assert found.arithmetic.bias == 7
    assert found.recomputed == 209 + 448 + 927 + 1296 + 7
    assert found.agrees
    assert found.ranked_parts() == (1, 0)


def test_a_transposed_convolution_names_the_elements_that_reach_a_place(explained):
    kernel = np.array([[[[1, 2, 3]]]], np.float32)
    found = explained("ConvTranspose", {"x": RAMP}, {"w": kernel}, (0, 0, 0, 2), strides=[1, 2])
    # Column 2 is reached by column 1 with the kernel's first cell, and by column 0 with its last.
    np.testing.assert_array_equal(found.arithmetic.operands[0].values, [[[1, 0]]])
    np.testing.assert_array_equal(found.arithmetic.operands[1].values, [[[1, 3]]])
    assert found.recomputed == found.runtime == 1


def test_the_winner_of_a_max_pooling_is_named(explained):
    picture = np.array([[[[1, 9], [4, 3]]]], np.float32)
    found = explained("MaxPool", {"x": picture}, {}, (0, 0, 0, 0), kernel_shape=[2, 2])
    assert found.arithmetic.winner == (0, 1)
    assert found.arithmetic.operands[0].place(found.arithmetic.winner) == (0, 0, 0, 1)
    assert found.recomputed == 9


@pytest.mark.parametrize(("counts", "expected"), [(0, 0.0 + 1 + 5 + 6), (1, 0.0 + 1 + 5 + 6)])
def test_an_average_divides_by_what_counts(explained, counts, expected):
    found = explained(
        "AveragePool",
        {"x": RAMP},
        {},
        (0, 0, 0, 0),
        kernel_shape=[3, 3],
        pads=[1, 1, 1, 1],
        count_include_pad=counts,
    )
    assert found.recomputed == pytest.approx(expected / (9 if counts else 4))
    assert found.agrees


def test_batch_normalization_shows_its_four_numbers_and_the_folded_form(explained):
    picture = np.full((1, 1, 1, 1), 5, np.float32)
    learned = {name: np.array([value], np.float32) for name, value in zip("sbmv", (3, 1, 2, 4), strict=True)}
    found = explained("BatchNormalization", {"x": picture}, learned, (0, 0, 0, 0), epsilon=0.0)
    assert [(each.role, float(each.values)) for each in found.arithmetic.operands[1:]] == [
        ("scale", 3),
        ("offset", 1),
        ("mean", 2),
        ("variance", 4),
    ]
    assert found.recomputed == (5 - 2) / 2 * 3 + 1
    assert "folded: 1.5 x + -2" in found.arithmetic.steps[-1].text


def test_flatten_says_which_cell_became_which_index(explained):
    found = explained("Flatten", {"x": RAMP[:, :, :3, :3].copy()}, {}, (0, 7))
    assert found.arithmetic.operands[0].place(()) == (0, 0, 2, 1)  # 7 = 2 * 3 + 1
    assert found.recomputed == 11


def test_a_softmax_shows_logits_exponentials_and_their_sum(explained):
    found = explained("Softmax", {"x": np.array([[1, 2, 4]], np.float32)}, {}, (0, 1))
    # exp(2 - 4) = 0.1353352832; 0.0497870684 + 0.1353352832 + 1 = 1.1851223516
    steps = [step.value for step in found.arithmetic.steps]
    np.testing.assert_allclose(steps, [4, 0.1353352832, 1.1851223516, 0.1141951994], rtol=1e-9)
    assert found.agrees


def test_dense_parts_are_the_products(explained):
    found = explained(
        "Gemm",
        {"x": np.array([[1, 2, 3]], np.float32)},
        {"w": np.array([[1, 0, -1], [4, 5, 6]], np.float32), "b": np.array([10, 20], np.float32)},
        (0, 1),
        transB=1,
    )
    np.testing.assert_array_equal(found.arithmetic.parts, [4, 10, 18])
    assert found.recomputed == 52
    assert found.arithmetic.operands[1].place((2,)) == (1, 2)


def test_a_quantized_number_goes_through_its_scale(explained):
    stored = {"s": np.array(0.5, np.float32), "z": np.array(10, np.uint8)}
    found = explained("QuantizeLinear", {"x": np.array([1.25, -100, 1000], np.float32)}, stored, (0,))
    assert found.recomputed == found.runtime == 12  # 2.5 rounds to the even 2; plus 10
    assert found.bound == 1


def test_an_operator_without_an_explanation_says_so(explained):
    found = explained("Det", {"x": RAMP[0]}, {}, (0,))
    assert not found.explained
    assert found.sentence == "The arithmetic of Det is not explained."
    assert found.runtime == pytest.approx(0, abs=1e-3)
    assert found.agrees is None
    assert [each.tensor for each in found.inputs()] == ["x"]


def test_an_input_that_a_partial_run_left_out_is_named(explained):
    found = explained("Relu", {"x": RAMP}, {}, (0, 0, 0, 0), tensors={"y": RAMP})
    assert not found.explained
    assert "does not hold x" in found.sentence


def test_an_element_that_is_not_there_is_refused(explained):
    with pytest.raises(IndexError, match="no element"):
        explained("Relu", {"x": RAMP}, {}, (0, 0, 5, 0))


def test_a_wrong_runtime_value_is_not_made_to_agree(explained):
    wrong = np.zeros((1, 1, 3, 3), np.float32)
    wrong[0, 0, 1, 1] = 1e-5
    found = explained("Conv", {"x": RAMP}, {"w": LAPLACIAN}, (0, 0, 1, 1), tensors={"x": RAMP, "y": wrong})
    assert found.recomputed == 0
    assert found.difference == pytest.approx(1e-5)
    # Products in their order: 0, 7, 0, 11, -48, 13, 0, 17, 0; running sums: 0, 7, 7, 18, -30, -17, -17, 0, 0.
    assert found.bound == pytest.approx(2**-24 * (96 + 96), rel=1e-5)
    assert found.agrees  # 1e-5 is less than what rounding may cost


def test_a_difference_beyond_rounding_is_a_disagreement(explained):
    wrong = np.full((1, 1, 3, 3), 1e-4, np.float32)
    found = explained("Conv", {"x": RAMP}, {"w": LAPLACIAN}, (0, 0, 1, 1), tensors={"x": RAMP, "y": wrong})
    assert found.agrees is False
    assert (found.runtime, found.recomputed) == (pytest.approx(1e-4), 0)


def test_the_bound_is_roundoff_times_terms_plus_half_a_step():
    # Around 577 half floats are 0.5 apart; 2^-11 * 1000 = 0.488.
    found = checking.bound(Arithmetic("products", (), 577.32, 1000.0), "float16")
    assert found == pytest.approx(0.25 + 0.48828125, rel=1e-6)
    assert checking.rounded(577.32, "float16") == 577.5
    assert checking.bound(Arithmetic("codes", (), 3.0, 0.0, codes_allowed=1), "uint8") == 1


@pytest.mark.parametrize(
    ("runtime", "recomputed", "expected"),
    [
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (math.inf, 1e39, True),  # more than float32 holds
        (1.0, math.inf, False),
    ],
)
def test_nan_is_nan_and_infinity_has_a_sign(runtime, recomputed, expected):
    assert checking.agree(runtime, recomputed, 0.5, "float32") is expected


def test_json_has_the_terms_of_a_convolution(explained):
    found = explained("Conv", {"x": RAMP}, {"w": LAPLACIAN, "b": np.array([2], np.float32)}, (0, 0, 1, 1))
    facts = json.loads(json.dumps(explanation_facts(found)))
    assert (facts["layer"], facts["op_type"], facts["channel"], facts["at"]) == ("layer", "Conv", 0, [1, 1])
    assert (facts["runtime"], facts["recomputed"], facts["difference"], facts["agrees"]) == (2, 2, 0, True)
    assert facts["bias"] == 2
    assert facts["terms"] == [
        {
            "channel": 0,
            "patch": [[6, 7, 8], [11, 12, 13], [16, 17, 18]],
            "kernel": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
            "sum": 0,
        }
    ]


def test_a_sum_of_more_numbers_than_can_be_written_out_says_how_many(explained):
    picture = np.zeros((1, 1, 1100, 1000), np.float32)
    found = explained("GlobalAveragePool", {"x": picture}, {}, (0, 0, 0, 0))
    assert not found.explained
    assert "1,100,000 numbers go into this element" in found.sentence
