"""What a network's answer means. Expected values are by hand or by float64 numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis.heads import entropy, head, margin, softmax, top_classes
from inspector.graph.model import Codes, Geometry, Layer, Model, Tensor


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
    assert found.kind == "softmax"
    assert found.output == output
    np.testing.assert_allclose(found.probabilities, PROBABILITIES, atol=1e-6)
    np.testing.assert_array_equal(found.logits, [1, 2, 4])
    assert head(model, outputs).logits.size == 0


def test_numbers_that_are_probabilities_are_so_whatever_made_them():
    assert head(chain("Exp", "Div"), {"2": PROBABILITIES.astype(np.float16)}).kind == "probabilities"


def test_a_softmax_of_half_floats_is_one_of_probabilities():
    scores = np.full((1, 1000), 0.001, np.float16)  # sums to 1.0004 in float64
    assert head(chain("Softmax"), {"1": scores}).kind == "softmax"


def test_a_softmax_along_another_axis_is_no_head():
    assert head(chain("Softmax"), {"1": np.ones((1, 5, 1, 1), np.float32)}).kind == "none"


def test_the_exponential_of_a_log_softmax_is_the_probability():
    outputs = {"1": np.log(PROBABILITIES).astype(np.float32)}
    found = head(chain("LogSoftmax"), outputs)
    assert found.kind == "log-softmax"
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
    assert (found.kind, found.output) == ("softmax", "2")


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


# ---------------------------------------------------------------- the last operators


def network(*nodes, inputs=("x",), outputs=("y",), shapes=None, **settings):
    """A model of ``(operator, inputs, outputs)``, and further fields of the layer in a dictionary behind them."""
    shapes = shapes or {}

    def tensor(name):
        return Tensor(name, "float32", shapes.get(name))

    layers = tuple(
        Layer(
            **{
                **{"index": place, "name": f"{node[0]}{place}", "op_type": node[0], "domain": "", "family": "other"},
                **{"inputs": tuple(node[1].split()), "outputs": tuple(tensor(name) for name in node[2].split())},
                **(node[3] if len(node) > 3 else {}),
            }
        )
        for place, node in enumerate(nodes)
    )
    ends = tuple(map(tensor, inputs)), tuple(map(tensor, outputs))
    return Model("network.onnx", 17, "", *ends, layers, **settings)


def probabilities(*shape):
    return {"y": PROBABILITIES.astype(np.float32).reshape(shape or (1, 3))}


TF2ONNX = (  # tf.nn.softmax as tf2onnx writes it
    ("MatMul", "x W", "logits"),
    ("ReduceMax", "logits", "most"),
    ("Sub", "logits most", "less"),
    ("Exp", "less", "e"),
    ("ReduceSum", "e", "sum"),
    ("Div", "e sum", "y"),
)


def test_a_softmax_of_exponential_sum_and_quotient_is_one():
    found = head(network(*TF2ONNX), probabilities(), {"logits": LOGITS})
    assert found.kind == "softmax"
    assert found.reason.startswith("The last operators, Exp, ReduceSum and Div, are a softmax (Div5)")
    np.testing.assert_array_equal(found.logits, [1, 2, 4])


def test_a_quotient_by_the_sum_of_something_else_is_no_softmax():
    nodes = [*TF2ONNX[:4], ("ReduceSum", "x", "sum"), ("Div", "e sum", "y")]
    assert head(network(*nodes), {"y": LOGITS}).kind == "logits"


def test_a_softmax_with_a_reciprocal_is_one():
    nodes = [("Exp", "x", "e"), ("ReduceSum", "e", "s"), ("Reciprocal", "s", "r"), ("Mul", "r e", "y")]
    assert head(network(*nodes), probabilities()).kind == "softmax"


@pytest.mark.parametrize(
    "nodes",
    [
        [("Gemm", "x W", "z"), ("LogSoftmax", "z", "y")],
        [("Gemm", "x W", "z"), ("Softmax", "z", "p"), ("Log", "p", "y")],
        [("Gemm", "x W", "z"), ("ReduceLogSumExp", "z", "s"), ("Sub", "z s", "y")],
        [
            *[("Gemm", "x W", "z"), ("Exp", "z", "e"), ("ReduceSum", "e", "s")],
            *[("Log", "s", "l"), ("Sub", "z l", "y")],
        ],
    ],
)
def test_a_log_softmax_is_one_however_it_is_written(nodes):
    found = head(network(*nodes), {"y": np.log(PROBABILITIES).astype(np.float32)[np.newaxis]}, {"z": LOGITS})
    assert found.kind == "log-softmax"
    np.testing.assert_allclose(found.probabilities, PROBABILITIES, atol=1e-6)
    np.testing.assert_array_equal(found.logits, [1, 2, 4])


def test_log_probabilities_are_known_by_their_values_too():
    found = head(network(("Unknown", "x", "y")), {"y": np.log(PROBABILITIES)})
    assert found.kind == "log-softmax"
    np.testing.assert_allclose(found.probabilities, PROBABILITIES)


@pytest.mark.parametrize("after", ["Mul", "Clip", "Add", "Div"])
def test_a_softmax_that_is_scaled_by_nothing_is_one(after):
    found = head(network(("Softmax", "x", "p"), (after, "p one", "y")), probabilities())
    assert found.kind == "softmax"
    assert found.reason.startswith(f"The last operator but for {after} is Softmax (Softmax0)")


def test_a_softmax_in_percent_is_not_put_through_another():
    found = head(network(("Softmax", "x", "p"), ("Mul", "p hundred", "y")), {"y": np.array([[10.0, 60, 30]])})
    assert (found.kind, found.classes) == ("none", 0)
    assert "the values are not between 0 and 1" in found.reason
    assert found.is_vector


def test_the_mean_of_several_softmaxes_is_a_distribution():
    nodes = [("Softmax", "x", "p"), ("ReduceMean", "p", "y")]
    found = head(network(*nodes), probabilities(), {"x": LOGITS})
    assert found.kind == "softmax"
    assert found.logits.size == 0  # those of one softmax are not those of the mean


def test_a_linear_layer_ends_in_logits_whatever_its_values():
    found = head(network(("Gemm", "x W", "y")), {"y": np.array([[0.25, 0.25, 0.5]])})
    assert found.kind == "logits"
    assert found.reason == (
        "The last operator is Gemm (Gemm0), with no softmax after it: these are logits. Softmax was applied here."
    )


@pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 3, 1, 1), (1, 1, 3), (1, 1, 1, 3), (1, 3, 1)])
def test_the_classes_may_lie_along_any_axis(shape):
    found = head(network(("Softmax", "x", "y")), probabilities(*shape))
    np.testing.assert_allclose(found.probabilities, PROBABILITIES, atol=1e-6)
    assert head(network(("Gemm", "x W", "y")), {"y": LOGITS.reshape(shape)}).kind == "logits"


def test_of_several_pictures_the_first_answer_is_read():
    both = np.stack([LOGITS[0], -LOGITS[0]])
    model = network(("Gemm", "x W", "y"), shapes={"x": (2, 3, 8, 8)})
    found = head(model, {"y": both})
    np.testing.assert_array_equal(found.logits, [1, 2, 4])
    assert found.reason.endswith("Of 2 answers the first is shown.")
    assert head(network(("Gemm", "x W", "y")), {"y": both}).kind == "none"
    assert head(network(("Gemm", "x W", "y")), {"y": both}, pictures=2).kind == "logits"


def test_one_sigmoid_is_one_probability():
    found = head(network(("Sigmoid", "x", "y")), {"y": np.array([[0.9]], np.float32)})
    assert (found.kind, found.classes) == ("sigmoid", 1)
    assert top_classes(found, ("speech",), 5)[0].label == "speech"
    assert math.isnan(margin(found))


def test_one_number_of_something_else_is_no_probability():
    found = head(network(("Gemm", "x W", "y")), {"y": np.array([[0.9]], np.float32)})
    assert found.kind == "none"
    assert (
        found.reason
        == "One number alone, and the last operator is Gemm (Gemm0): nothing says that it is a probability."
    )


def test_a_sigmoid_in_both_branches_of_an_if_is_found_there():
    inside = [{"inside": (("If0", branch),)} for branch in ("then_branch", "else_branch")]
    nodes = [
        ("If", "x", "y state"),
        *[("Sigmoid", "a", f"p{place}", each) for place, each in enumerate(inside)],
        *[("Concat", "b", f"s{place}", each) for place, each in enumerate(inside)],
    ]
    shapes = {**dict.fromkeys(("y", "p0", "p1"), ("N", 1)), **dict.fromkeys(("state", "s0", "s1"), (2, "N", 128))}
    model = network(*nodes, outputs=("y", "state"), shapes=shapes)
    found = head(model, {"y": np.array([[0.25]], np.float32), "state": np.zeros((2, 1, 128), np.float32)})
    assert (found.kind, found.output) == ("sigmoid", "y")
    assert "Sigmoid (Sigmoid1) in the branches of If0" in found.reason


@pytest.mark.parametrize("operator", ["Relu", "BatchNormalization", "Tanh", "MaxPool", "LSTM"])
def test_what_hidden_layers_end_in_is_no_score(operator):
    found = head(network((operator, "x", "y")), {"y": LOGITS})
    assert found.kind == "none"
    assert "features, not scores" in found.reason


def test_labels_for_each_number_make_them_classes_all_the_same():
    assert head(network(("Relu", "x", "y"), labels=("cat", "dog", "cow")), {"y": LOGITS}).kind == "logits"


def test_what_a_spatial_convolution_leaves_is_an_embedding_unless_it_is_flattened():
    whole = {"geometry": Geometry((3, 1), (1, 1), None, (1, 1))}
    model = network(("Conv", "x W", "m", whole), ("Reshape", "m s", "y"))
    values = np.linspace(-3, 4, 96, dtype=np.float32)
    found = head(model, {"y": values.reshape(1, 1, 1, 96)})
    assert found.kind == "none"
    assert "with a kernel of 3 × 1, and its output is still a map" in found.reason
    assert head(model, {"y": values.reshape(1, 96)}).kind == "logits"
    single = {"geometry": Geometry((1, 1), (1, 1), None, (1, 1))}
    assert head(network(("Conv", "x W", "y", single)), {"y": values.reshape(1, 96, 1, 1)}).kind == "logits"


@pytest.mark.parametrize(
    "nodes",
    [
        [("LpNormalization", "x", "y")],
        [("ReduceL2", "x", "n"), ("Clip", "n low", "c"), ("Expand", "c s", "e"), ("Div", "x e", "y")],
    ],
)
def test_vectors_of_length_one_are_embeddings(nodes):
    found = head(network(*nodes), {"y": np.array([[0.6, 0.8, 0.0]])})
    assert found.kind == "none"
    assert "an embedding" in found.reason


def test_an_argmax_gives_the_number_of_a_class_alone():
    model = network(("Gemm", "x W", "z"), ("ArgMax", "z", "y", {"attributes": {"axis": 1}}), shapes={"z": (1, 10)})
    found = head(model, {"y": np.array([7])})
    assert (found.kind, found.indices, found.classes) == ("index", (7,), 10)
    assert found.reason == (
        "The last operator is ArgMax (ArgMax1): the number of the best class alone, so no probability is known."
    )
    assert top_classes(found, (), 5) == ()


def test_the_largest_of_many_are_not_one_number_for_each_class():
    model = network(("Softmax", "x", "p"), ("TopK", "p k", "best places"), outputs=("best", "places"))
    outputs = {"best": np.array([[0.7, 0.2]], np.float32), "places": np.array([[5, 3]])}
    found = head(model, outputs)
    assert (found.kind, found.output, found.indices) == ("index", "places", (5, 3))
    assert "the largest numbers alone" in head(model, outputs, output="best").reason


def test_codes_of_a_known_scale_are_the_numbers_they_stand_for():
    codes = Codes((1 / 256,), (0,))
    layer = ("QuantizeLinear", "p scale zero", "y", {"outputs": (Tensor("y", "uint8", (1, 3), codes=codes),)})
    found = head(network(("Softmax", "x", "p"), layer), {"y": np.array([[11, 29, 216]], np.uint8)})
    assert found.kind == "softmax"
    np.testing.assert_allclose(found.probabilities, [11 / 256, 29 / 256, 216 / 256])


def test_one_number_for_each_box_is_no_class():
    model = network(("Sigmoid", "x", "scores"), outputs=("scores", "boxes"))
    outputs = {"scores": np.full((1, 20), 0.5, np.float32), "boxes": np.zeros((1, 20, 4), np.float32)}
    assert head(model, outputs).kind == "none"
    assert "as of a detector's boxes" in head(model, outputs, output="scores").reason


def test_features_on_the_way_to_the_logits_are_no_objection_to_them():
    model = network(
        ("Conv", "x K", "maps"), ("GlobalAveragePool", "maps", "p"), ("Gemm", "p W", "y"), outputs=("maps", "y")
    )
    maps = np.zeros((1, 8, 7, 7), np.float32)
    assert head(model, {"maps": maps, "y": LOGITS}).output == "y"
    apart = network(("Gemm", "x W", "y"), ("ConvTranspose", "y K", "picture"), outputs=("y", "picture"))
    assert head(apart, {"y": LOGITS, "picture": np.zeros((1, 3, 64, 64), np.float32)}).kind == "none"


# ---------------------------------------------------------------- what the user says


def test_the_user_may_say_that_numbers_are_logits():
    found = head(network(("Softmax", "x", "y")), probabilities(), kind="logits")
    assert (found.kind, found.found) == ("logits", "softmax")
    np.testing.assert_allclose(found.probabilities, softmax(PROBABILITIES), rtol=1e-6)
    assert found.reason == "Read as logits, as you chose. Softmax was applied here. Found: softmax."


def test_a_sigmoid_is_applied_to_what_a_linear_layer_gives_whatever_its_values():
    for logit in (0.5, 3.0):
        found = head(network(("Gemm", "x W", "y")), {"y": np.array([[logit]])}, kind="sigmoid")
        assert found.kind == "sigmoid"
        assert "Sigmoid was applied here." in found.reason
        np.testing.assert_allclose(found.probabilities, [1 / (1 + math.exp(-logit))])


@pytest.mark.parametrize(
    ("kind", "values", "why"),
    [
        ("softmax", [[1.0, 2.0, 4.0]], "y cannot be read as softmax: the values are not between 0 and 1."),
        ("softmax", [[0.1, 0.1, 0.1]], "y cannot be read as softmax: the values sum to 0.3000, not to 1."),
        (
            "log-softmax",
            [[1.0, 2.0, 4.0]],
            "y cannot be read as log-softmax: the exponentials are not between 0 and 1.",
        ),
        ("softmax", [[math.nan] * 3], "y cannot be read as softmax: it holds nothing but NaN."),
        ("logits", [[3.0]], "y cannot be read as logits: the softmax of a single number is always 1."),
        (
            "softmax",
            [[[1.0, 2.0], [3.0, 4.0]]],
            "No output holds one number for each class, so none can be read as softmax.",
        ),
    ],
)
def test_a_choice_that_cannot_be_meant_is_said_and_not_followed(kind, values, why):
    model, outputs = network(("Gemm", "x W", "y")), {"y": np.array(values)}
    found = head(model, outputs, kind=kind)
    assert found.warning == why
    assert found.kind == head(model, outputs).kind


def test_probabilities_that_do_not_quite_sum_to_one_are_shown_and_said():
    found = head(network(("Unknown", "x", "y")), {"y": np.array([[0.5, 0.3, 0.1]])}, kind="softmax")
    assert found.kind == "softmax"
    assert found.warning == "These probabilities sum to 0.9000, not to 1."


def test_the_user_may_say_which_output_it_is():
    model = network(("Gemm", "x W", "a"), ("Gemm", "x V", "b"), outputs=("a", "b"))
    outputs = {"a": LOGITS, "b": -LOGITS}
    assert head(model, outputs).output == "a"
    assert head(model, outputs, output="b").output == "b"
    assert head(model, outputs, kind="sigmoid", output="b").probabilities[0] == pytest.approx(1 / (1 + math.e))


def test_nan_among_the_numbers_is_counted():
    found = head(network(("Gemm", "x W", "y")), {"y": np.array([[1, math.nan, 3]])})
    assert found.warning == "1 of its 3 numbers is NaN."
