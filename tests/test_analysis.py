"""What a network's answer means, and what its tensors hold. Expected values are by hand or by float64 numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis import (
    channel_statistics,
    entropy,
    feature_maps,
    head,
    margin,
    softmax,
    statistics,
    top_classes,
)
from inspector.graph.compare import difference
from inspector.graph.model import Difference, Layer, Model, Tensor


def chain(*operators):
    """A model of operators in a row, from tensor "0" on."""
    layers = tuple(
        Layer(
            index=place,
            name=f"{operator}{place}",
            op_type=operator,
            domain="",
            family="other",
            inputs=(str(place),),
            outputs=(Tensor(str(place + 1), "float32", None),),
        )
        for place, operator in enumerate(operators)
    )
    ends = (Tensor("0", "float32", None),), (Tensor(str(len(operators)), "float32", None),)
    return Model("chain.onnx", 17, "", *ends, layers)


LOGITS = np.array([[1.0, 2.0, 4.0]], np.float32)
# exp(1), exp(2), exp(4) are 2.718281828, 7.389056099, 54.598150033; their sum is 64.705487960.
PROBABILITIES = np.array([0.0420100661, 0.1141951994, 0.8437947344])


def test_softmax_is_that_of_the_textbook():
    np.testing.assert_allclose(softmax(LOGITS[0]), PROBABILITIES, atol=1e-9)


def test_softmax_of_large_logits_does_not_overflow():
    np.testing.assert_allclose(softmax(np.array([1000.0, 1000.0, 0.0])), [0.5, 0.5, 0.0])
    np.testing.assert_allclose(softmax(np.array([65504, -65504], np.float16)), [1.0, 0.0])


def test_softmax_of_infinite_logits_is_the_limit_and_nan_stays_nan():
    np.testing.assert_array_equal(softmax(np.array([np.inf, 1.0, np.inf])), [0.5, 0.0, 0.5])
    np.testing.assert_array_equal(softmax(np.array([-np.inf, 1.0])), [0.0, 1.0])
    np.testing.assert_array_equal(softmax(np.array([-np.inf, -np.inf])), [0.5, 0.5])
    assert np.isnan(softmax(np.array([np.nan, 1.0]))).all()
    assert softmax(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("operators", [("Gemm",), ("Gemm", "Reshape"), ("Conv", "GlobalAveragePool", "Flatten"), ()])
def test_the_numbers_of_a_model_without_softmax_are_logits(operators):
    found = head(chain(*operators), {str(len(operators)): LOGITS})
    assert found.kind == "logits"
    assert found.classes == 3
    np.testing.assert_array_equal(found.logits, [1, 2, 4])
    np.testing.assert_allclose(found.probabilities, PROBABILITIES, atol=1e-9)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 3, 1, 1)])
@pytest.mark.parametrize("after", [(), ("Identity",), ("Cast", "Reshape"), ("QuantizeLinear", "DequantizeLinear")])
def test_softmax_is_never_applied_twice(shape, after):
    model = chain("Gemm", "Softmax", *after)
    output = str(len(model.layers))
    outputs = {output: PROBABILITIES.astype(np.float32).reshape(shape)}
    found = head(model, outputs, {"1": LOGITS})
    assert found.kind == "probabilities"
    assert found.output == output
    np.testing.assert_allclose(found.probabilities, PROBABILITIES, atol=1e-6)
    np.testing.assert_array_equal(found.logits, [1, 2, 4])
    assert head(model, outputs).logits.size == 0


def test_numbers_that_are_probabilities_are_so_whatever_made_them():
    assert head(chain("Exp", "Div"), {"2": PROBABILITIES.astype(np.float16)}).kind == "probabilities"


def test_a_softmax_of_half_floats_is_one_of_probabilities():
    scores = np.full((1, 1000), 0.001, np.float16)  # sums to 1.0004 in float64
    assert head(chain("Softmax"), {"1": scores}).kind == "probabilities"


def test_a_softmax_along_another_axis_is_no_head():
    assert head(chain("Softmax"), {"1": np.ones((1, 5, 1, 1), np.float32)}).kind == "none"


def test_the_exponential_of_a_log_softmax_is_the_probability():
    outputs = {"1": np.log(PROBABILITIES).astype(np.float32)}
    found = head(chain("LogSoftmax"), outputs)
    assert found.kind == "probabilities"
    np.testing.assert_allclose(found.probabilities, PROBABILITIES, atol=1e-6)


def test_a_sigmoid_gives_each_class_its_own_probability():
    outputs = {"1": np.array([[0.9, 0.8, 0.1]], np.float32)}
    found = head(chain("Sigmoid"), outputs, {"0": LOGITS})
    assert found.kind == "sigmoid"
    np.testing.assert_allclose(found.probabilities, [0.9, 0.8, 0.1], rtol=1e-6)
    np.testing.assert_array_equal(found.logits, [1, 2, 4])


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((1, 3549, 85), np.float32),  # a detector's boxes
        np.zeros((1, 21, 65, 65), np.float32),  # a segmentation
        np.zeros((1, 1), np.float32),
        np.zeros((2, 10), np.float32),
        np.zeros((1, 1, 1, 96), np.float32),
        np.zeros((), np.float32),
        np.zeros((1, 0), np.float32),
        np.arange(10)[np.newaxis],
        np.ones((1, 10), bool),
    ],
)
def test_what_is_not_one_number_per_class_is_no_head(values):
    found = head(chain("Conv"), {"1": values})
    assert found.kind == "none"
    assert found.classes == 0
    assert top_classes(found, (), 5) == ()


def test_the_codes_of_a_quantized_output_are_no_logits():
    codes = np.array([[3, 200, 17]], np.uint8)
    assert head(chain("Gemm", "QuantizeLinear"), {"2": codes}).kind == "none"


def test_the_scores_of_a_detectors_boxes_are_no_classes():
    outputs = {
        "boxes": np.zeros((1, 10, 4), np.float32),
        "scores": np.linspace(1, 0, 10, dtype=np.float32)[np.newaxis],
        "number": np.array([10], np.float32),
    }
    assert head(chain("Conv"), outputs).kind == "none"


def test_of_several_outputs_the_one_with_the_probabilities_is_the_head():
    model = chain("Gemm", "Softmax")
    outputs = {
        "1": LOGITS,
        "2": PROBABILITIES[np.newaxis].astype(np.float32),
        "boxes": np.zeros((1, 4, 7, 7), np.float32),
    }
    found = head(model, outputs)
    assert (found.kind, found.output) == ("probabilities", "2")


def test_of_two_outputs_of_scores_the_first_is_the_head():
    found = head(chain("Gemm"), {"1": LOGITS, "embedding": np.zeros((1, 64), np.float32)})
    assert (found.kind, found.output) == ("logits", "1")


def test_nan_among_the_logits_is_not_hidden():
    found = head(chain("Gemm"), {"1": np.array([[1, np.nan, 3]], np.float32)})
    assert found.kind == "logits"
    assert [score.index for score in top_classes(found, (), 3)] == [0, 1, 2]
    assert all(math.isnan(score.probability) for score in top_classes(found, (), 3))


def test_the_top_classes_come_best_first_and_equal_ones_in_their_order():
    model = chain("Softmax")
    found = head(model, {"1": np.array([0.1, 0.4, 0.4, 0.1], np.float32)})
    assert [score.index for score in top_classes(found, "abcd", 10)] == [1, 2, 0, 3]
    first = top_classes(found, "abcd", 1)
    assert len(first) == 1
    assert (first[0].label, first[0].logit) == ("b", None)
    assert first[0].probability == pytest.approx(0.4)
    assert top_classes(found, "abcd", 0) == ()


def test_a_class_without_a_label_has_an_empty_one():
    found = head(chain("Gemm"), {"1": LOGITS})
    assert top_classes(found, (), 1)[0].label == ""
    assert top_classes(found, (), 1)[0].logit == 4


def test_entropy_is_in_nats():
    assert entropy(np.array([0.5, 0.5])) == pytest.approx(math.log(2))
    assert entropy(np.full(1000, 0.001)) == pytest.approx(math.log(1000))
    certain = entropy(np.array([1.0, 0.0]))
    assert certain == 0
    assert math.copysign(1, certain) == 1
    assert math.isnan(entropy(np.array([math.nan, 0.5])))


def test_the_margin_is_the_distance_of_the_two_best_in_logits():
    assert margin(head(chain("Gemm"), {"1": LOGITS})) == 2
    outputs = {"1": PROBABILITIES[np.newaxis]}
    assert margin(head(chain("Softmax"), outputs)) == pytest.approx(2)
    # log-odds of 0.9 and 0.8: ln 9 - ln 4
    sigmoid = head(chain("Sigmoid"), {"1": np.array([[0.9, 0.8, 0.1]])})
    assert margin(sigmoid) == pytest.approx(math.log(9) - math.log(4))
    assert margin(head(chain("Softmax"), {"1": np.array([[1.0, 0.0]])})) == math.inf
    assert math.isnan(margin(head(chain("Conv"), {"1": np.zeros((1, 1))})))


def test_statistics_are_those_of_the_finite_numbers_and_the_others_are_counted():
    tensor = np.array([[0, 1, 2, 3], [np.nan, np.inf, -np.inf, np.inf]], np.float32)
    found = statistics(tensor)
    assert (found.count, found.minimum, found.maximum, found.mean) == (8, 0, 3, 1.5)
    assert found.std == pytest.approx(math.sqrt(1.25))
    assert found.zeros == 1 / 8
    assert (found.nans, found.positive_infinities, found.negative_infinities, found.infs) == (1, 2, 1, 3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.uint8])
def test_statistics_of_many_numbers_are_those_of_numpy_in_float64(dtype):
    random = np.random.default_rng(0)
    tensor = (random.random((3, 1000, 1001)) * 100).astype(dtype)  # more than two chunks
    found = statistics(tensor[:, ::-1])
    wide = tensor.astype(np.float64)
    assert (found.minimum, found.maximum) == (wide.min(), wide.max())
    assert found.mean == pytest.approx(wide.mean(), rel=1e-12)
    assert found.std == pytest.approx(wide.std(), rel=1e-12)
    assert found.zeros == (wide == 0).mean()


def test_half_floats_do_not_overflow_in_statistics():
    found = statistics(np.full((1000, 1000), 60000, np.float16))
    assert found.mean == 60000 - 60000 % 32  # the nearest float16
    assert found.std == 0


def test_statistics_of_nothing_are_nan():
    for tensor in (np.zeros((0, 3)), np.full(3, np.nan, np.float32)):
        found = statistics(tensor)
        assert math.isnan(found.minimum)
        assert math.isnan(found.mean)
        assert math.isnan(found.std)


def test_statistics_of_booleans_are_those_of_zero_and_one():
    found = statistics(np.array([True, False, False, True, True]))
    assert (found.minimum, found.maximum, found.mean, found.zeros) == (0, 1, 0.6, 0.4)


def test_statistics_of_complex_numbers_are_those_of_their_magnitudes():
    found = statistics(np.array([3 + 4j, 0, -5j], np.complex64))
    assert (found.minimum, found.maximum, found.zeros) == (0, 5, 1 / 3)


def test_feature_maps_are_the_channels_of_the_first_picture():
    tensor = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    maps = feature_maps(tensor)
    assert maps.shape == (3, 4, 5)
    np.testing.assert_array_equal(maps, tensor[0])
    assert np.shares_memory(maps, tensor)


@pytest.mark.parametrize(
    ("shape", "channels_last", "maps"),
    [
        ((1, 4, 5, 3), True, (3, 4, 5)),
        ((1, 16, 100), False, (16, 1, 100)),
        ((1, 100, 16), True, (16, 1, 100)),
        ((1, 10), False, (10, 1, 1)),
        ((10,), False, (10, 1, 1)),
        ((1, 2, 7, 4, 5), False, (2, 4, 5)),
        ((1, 7, 4, 5, 2), True, (2, 4, 5)),
    ],
)
def test_tensors_of_every_rank_are_read_as_feature_maps(shape, channels_last, maps):
    tensor = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    found = feature_maps(tensor, channels_last)
    assert found.shape == maps
    assert np.shares_memory(found, tensor)


def test_the_middle_slice_stands_for_a_volume():
    tensor = np.arange(2 * 7 * 4 * 5).reshape(1, 2, 7, 4, 5)
    np.testing.assert_array_equal(feature_maps(tensor), tensor[0, :, 3])


@pytest.mark.parametrize("tensor", [np.float32(3), np.zeros((0, 3, 4, 4)), np.zeros((1,) * 6), np.array(["a"])])
def test_what_has_no_reading_as_feature_maps_gives_none(tensor):
    assert feature_maps(np.asarray(tensor)) is None


def test_a_mask_of_booleans_is_shown_as_zero_and_one():
    maps = feature_maps(np.array([[[[True, False]]]]))
    assert maps.tolist() == [[[1, 0]]]


def test_channel_statistics_are_those_of_each_map():
    maps = np.array(
        [
            [[1, 2], [3, 6]],
            [[0, 0], [0, 0]],
            [[5, 5], [5, 5]],
            [[np.nan, 1], [np.inf, 3]],
            [[np.nan, np.nan], [np.nan, np.nan]],
        ],
        np.float32,
    )
    found = channel_statistics(maps)
    np.testing.assert_array_equal(found.minimum, [1, 0, 5, 1, np.nan])
    np.testing.assert_array_equal(found.maximum, [6, 0, 5, 3, np.nan])
    np.testing.assert_array_equal(found.mean, [3, 0, 5, 2, np.nan])
    np.testing.assert_allclose(found.std, [math.sqrt(3.5), 0, 0, 1, np.nan])
    assert found.nans.tolist() == [0, 0, 0, 1, 4]
    assert found.infs.tolist() == [0, 0, 0, 1, 0]
    assert found.dead.tolist() == [False, True, False, False, False]
    assert found.constant.tolist() == [False, True, True, False, False]


def test_channel_statistics_of_half_floats_do_not_overflow():
    maps = np.full((3, 100, 100), 60000, np.float16)
    maps[1, 0, 0] = 0
    found = channel_statistics(maps)
    wide = maps.astype(np.float64)
    np.testing.assert_allclose(found.mean, wide.mean(axis=(1, 2)))
    np.testing.assert_allclose(found.std, wide.std(axis=(1, 2)))


def test_channel_statistics_of_many_channels_keep_their_order():
    maps = np.random.default_rng(1).normal(size=(40, 300, 301)).astype(np.float32)  # taken in several parts
    found = channel_statistics(maps)
    np.testing.assert_array_equal(found.minimum, maps.min(axis=(1, 2)))
    np.testing.assert_allclose(found.mean, maps.astype(np.float64).mean(axis=(1, 2)))
    assert channel_statistics(maps[:0]).minimum.shape == (0,)


def test_the_output_that_differs_most_is_reported():
    deployed = {"a": np.array([1.0, 2.0]), "b": np.array([5.0, 1.0]), "names": np.array(["x"])}
    instrumented = {
        "a": np.array([1.0, 2.5]),
        "b": np.array([2.0, 3.0]),
        "names": np.array(["y"]),
        "inner": np.zeros(3),
    }
    assert difference(deployed, instrumented) == Difference("b", 3.0, True)
    assert difference(deployed, deployed) == Difference("a", 0.0, False)


def test_equal_nan_and_infinities_are_no_difference():
    values = {"a": np.array([np.nan, np.inf, -np.inf, 1.0])}
    assert difference(values, {"a": values["a"].copy()}) == Difference("a", 0.0, False)


@pytest.mark.parametrize(
    "other", [np.array([1.0, np.nan, 3.0]), np.array([1.0, np.inf, 3.0]), np.array([1.0, 2.0]), np.zeros((3, 1))]
)
def test_what_no_number_can_say_has_none_and_is_the_largest_difference(other):
    deployed = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([1e30])}
    found = difference(deployed, {"a": other, "b": np.array([0.0])})
    assert found is not None
    assert (found.output, found.max_abs) == ("a", None)


def test_outputs_without_numbers_have_no_difference():
    assert difference({"names": np.array(["x"])}, {"names": np.array(["x"])}) is None
    assert difference({"a": np.zeros(1)}, {}) is None
