"""The answer: probabilities by the definition of softmax, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from onnx import helper

from inspector.ui import theme
from inspector.ui.panels.output import OutputPanel
from tests.ui.panels.conftest import rgb

LOGITS = np.array([[1.0, 3.0, 2.0]], np.float32)
SUM = math.e + math.e**3 + math.e**2
PROBABILITIES = [math.e**3 / SUM, math.e**2 / SUM, math.e / SUM]  # 0.6652, 0.2447, 0.0900


@pytest.fixture
def answer(save, fed, run, show):
    """Run these values through one operator and show the answer."""

    def make(op_type, values=LOGITS, labels=()):
        nodes = [helper.make_node(op_type, ["x"], ["y"], name="last")]
        session = run(save("answer.onnx", nodes, {"x": list(values.shape)}, ["y"]), fed(values))
        session.labels = tuple(labels)
        return show(OutputPanel(session), 380, 260)

    return make


def test_logits_get_softmax_here_and_the_panel_says_so(answer):
    panel = answer("Identity", labels=("cat, Felis catus", "dog", "cow"))
    assert panel.answer.rows == (
        ("dog", f"{PROBABILITIES[0]:.4f}", "3.000"),
        ("cow", f"{PROBABILITIES[1]:.4f}", "2.000"),
        ("cat", f"{PROBABILITIES[2]:.4f}", "1.000"),
    )
    assert panel.head.text == "The model ends in logits; softmax was applied here."


def test_softmax_is_not_applied_twice(answer):
    panel = answer("Softmax", labels=("cat", "dog", "cow"))
    assert [row[:2] for row in panel.answer.rows] == [
        ("dog", f"{PROBABILITIES[0]:.4f}"),
        ("cow", f"{PROBABILITIES[1]:.4f}"),
        ("cat", f"{PROBABILITIES[2]:.4f}"),
    ]
    assert panel.head.text == "The model itself ends in softmax."


def test_margin_and_entropy_are_stated(answer):
    panel = answer("Identity", labels=("cat", "dog", "cow"))
    entropy = -sum(each * math.log(each) for each in PROBABILITIES)
    assert panel.certainty.text.split() == ["margin", "to", "cow", "1.000", "entropy", f"{entropy:.4f}", "nats"]


def test_sigmoid_heads_have_independent_probabilities(answer):
    panel = answer("Sigmoid", labels=("cat", "dog", "cow"))
    expected = [f"{1 / (1 + math.exp(-each)):.4f}" for each in (3, 2, 1)]
    assert [row[1] for row in panel.answer.rows] == expected
    assert "of its own" in panel.head.text
    assert "entropy" not in panel.certainty.text


def test_without_labels_classes_have_their_numbers(answer):
    panel = answer("Identity")
    assert [row[0] for row in panel.answer.rows] == ["class 1", "class 2", "class 0"]


def test_labels_that_do_not_fit_are_not_shown(answer):
    panel = answer("Identity", labels=("cat", "dog"))
    assert panel.answer.rows[0][0] == "class 1"
    assert "2 labels for 3 classes" in panel.head.text


def test_only_five_of_many_classes_are_listed(answer):
    panel = answer("Identity", np.arange(10, dtype=np.float32).reshape(1, 10))
    assert [row[0] for row in panel.answer.rows] == [f"class {index}" for index in (9, 8, 7, 6, 5)]


def test_bars_are_as_long_as_the_probabilities(answer):
    panel = answer("Identity", labels=("cat", "dog", "cow"))
    view = panel.answer
    image, columns = view.grab().toImage(), view._columns()
    length = columns.bar_right - columns.bar_left
    for row, (probability, color) in enumerate(zip(PROBABILITIES, ("accent", "bar", "bar"), strict=True)):
        y = int(view._top() + row * view.ROW + view.ROW / 2)
        painted = [
            image.pixelColor(x, y).getRgb()[:3] for x in range(int(columns.bar_left) + 2, int(columns.bar_right) - 2)
        ]
        assert abs(painted.count(rgb(getattr(theme.tokens(), color))) + 2 - probability * length) <= 3
        assert painted[-1] == rgb(theme.tokens().canvas)


def test_any_other_output_is_shape_and_statistics(answer):
    panel = answer("Identity", np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3))
    assert not panel.answer.isVisible()
    assert panel.table_title.text == "no output holds one number for each class"
    assert panel.table.accessibleName() == "y: 1 × 1 × 2 × 3 float32, 0 to 5.000, mean 2.500"


def test_nan_has_no_bar_but_is_shown(answer):
    panel = answer("Identity", np.array([[1, np.nan, 2]], np.float32))
    assert [row[1] for row in panel.answer.rows] == ["NaN"] * 3
    panel.answer.grab()


def test_a_long_label_is_shortened_and_whole_in_the_tooltip(answer):
    name = "x" * 300
    panel = answer("Identity", labels=("cat", name, "cow"))
    panel.answer.grab()
    assert panel.answer.width() <= 380
    assert name in panel.answer.toolTip()
