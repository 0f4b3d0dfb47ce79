"""What a network's answer means. Expected values are by hand or by float64 numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis.heads import entropy, head, margin, softmax, top_classes
from inspector.graph.model import Layer, Model, Tensor


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
