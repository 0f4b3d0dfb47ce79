"""The answer: probabilities by the definition of softmax, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import Qt

from inspector.ui import theme
from inspector.ui.panels.class_list import ROW
from inspector.ui.panels.histogram import Histogram
from inspector.ui.panels.output import OutputPanel
from tests.ui.panels.conftest import rgb

LOGITS = np.array([[1.0, 3.0, 2.0]], np.float32)
SUM = math.e + math.e**3 + math.e**2
PROBABILITIES = [math.e**3 / SUM, math.e**2 / SUM, math.e / SUM]  # 0.6652, 0.2447, 0.0900


def plain(panel):
    """What the panel says of the answer, with ordinary spaces."""
    return panel.reason.text().replace("\N{NO-BREAK SPACE}", " ")


def choose(combo, value):
    """Choose as the user does."""
    combo.setCurrentIndex(combo.findData(value))
    combo.activated.emit(combo.currentIndex())


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
    assert plain(panel) == (
        "No operator makes it: an input is handed on; the values are not between 0 and 1, so they are read as logits. "
        "Softmax was applied here."
    )


def test_softmax_is_not_applied_twice(answer):
    panel = answer("Softmax", labels=("cat", "dog", "cow"))
    assert [row[:2] for row in panel.answer.rows] == [
        ("dog", f"{PROBABILITIES[0]:.4f}"),
        ("cow", f"{PROBABILITIES[1]:.4f}"),
        ("cat", f"{PROBABILITIES[2]:.4f}"),
    ]
    assert plain(panel) == "The last operator is Softmax (last)."


def test_margin_and_entropy_are_stated(answer):
    panel = answer("Identity", labels=("cat", "dog", "cow"))
    entropy = -sum(each * math.log(each) for each in PROBABILITIES)
    assert panel.certainty.text.split() == ["margin", "to", "cow", "1.000", "entropy", f"{entropy:.4f}", "nats"]


def test_sigmoid_heads_have_independent_probabilities(answer):
    panel = answer("Sigmoid", labels=("cat", "dog", "cow"))
    expected = [f"{1 / (1 + math.exp(-each)):.4f}" for each in (3, 2, 1)]
    assert [row[1] for row in panel.answer.rows] == expected
    assert "of its own" in plain(panel)
    assert "entropy" not in panel.certainty.text


def test_without_labels_classes_have_their_numbers(answer):
    panel = answer("Identity")
    assert [row[0] for row in panel.answer.rows] == ["class 1", "class 2", "class 0"]


def test_labels_that_do_not_fit_are_not_shown(answer):
    panel = answer("Identity", labels=("cat", "dog"))
    assert panel.answer.rows[0][0] == "class 1"
    assert "2 labels for 3 classes" in panel.warning.text()
    assert panel.warning.isVisible()


def test_only_five_of_many_classes_are_listed(answer):
    panel = answer("Identity", np.arange(10, dtype=np.float32).reshape(1, 10))
    assert [row[0] for row in panel.answer.rows] == [f"class {index}" for index in (9, 8, 7, 6, 5)]


def test_bars_are_as_long_as_the_probabilities(answer):
    panel = answer("Identity", labels=("cat", "dog", "cow"))
    view = panel.answer.classes
    image, columns = view.viewport().grab().toImage(), view.columns()
    length = columns.bar_right - columns.bar_left
    for row, (probability, color) in enumerate(zip(PROBABILITIES, ("accent", "bar", "bar"), strict=True)):
        y = int(view.row_rect(row).center().y())
        painted = [
            image.pixelColor(x, y).getRgb()[:3] for x in range(int(columns.bar_left) + 2, int(columns.bar_right) - 2)
        ]
        assert abs(painted.count(rgb(getattr(theme.tokens(), color))) + 2 - probability * length) <= 3
        assert painted[-1] == rgb(theme.tokens().canvas)


def test_any_other_output_is_shape_and_statistics(answer):
    panel = answer("Identity", np.arange(6, dtype=np.float32).reshape(1, 1, 2, 3))
    assert not panel.answer.isVisible()
    assert plain(panel) == "Numbers: 1 × 1 × 2 × 3 is neither one number for each class nor shaped like the picture."
    assert panel.heading.text == "y  1 × 1 × 2 × 3"
    assert panel.histogram.isVisible()
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
    assert name in panel.answer.head.toolTip()
    assert name in panel.answer.classes.hint(1)


# ---------------------------------------------------------------- what it is, and what the user says


def listed(combo):
    return [combo.itemText(row) for row in range(combo.count())]


def test_the_user_may_say_how_the_answer_is_to_be_read(answer):
    panel = answer("Softmax")
    assert panel.reading.isVisible()
    assert not panel.outputs.isVisible()
    assert listed(panel.reading) == ["automatic (softmax)", "logits", "softmax", "log-softmax", "sigmoid"]
    assert panel.reading.currentText() == "automatic (softmax)"
    choose(panel.reading, "logits")
    assert panel.session.head == "logits"
    twice = np.exp(PROBABILITIES) / np.exp(PROBABILITIES).sum()
    assert [row[1] for row in panel.answer.rows] == [f"{each:.4f}" for each in twice]
    assert plain(panel) == "Read as logits, as you chose. Softmax was applied here. Found: softmax."
    assert panel.reading.currentText() == "logits"
    choose(panel.reading, "")
    assert panel.answer.rows[0][1] == f"{PROBABILITIES[0]:.4f}"


def test_a_reading_that_cannot_be_meant_is_said(answer):
    panel = answer("Identity")
    choose(panel.reading, "softmax")
    assert panel.warning.text() == "y cannot be read as softmax: the values are not between 0 and 1."
    assert panel.answer.rows[0][1] == f"{PROBABILITIES[0]:.4f}"


def test_one_sigmoid_has_one_bar_and_the_name_of_its_output(answer):
    panel = answer("Sigmoid", np.array([[0.0]], np.float32))
    assert panel.answer.rows == (("y", "0.5000", "0"),)
    assert not panel.certainty.isVisible()


def test_the_number_of_a_class_alone_is_shown_with_its_label(save, fed, run, show):
    nodes = [
        helper.make_node("ArgMax", ["x"], ["best"], name="best", axis=1, keepdims=0),
        helper.make_node("Cast", ["best"], ["y"], name="cast", to=1),
    ]
    session = run(save("best.onnx", nodes, {"x": [1, 3]}, ["y"]), fed(LOGITS))
    session.labels = ("cat", "dog, Canis", "cow")
    panel = show(OutputPanel(session), 380, 260)
    assert panel.alone.text == "dog"
    assert not panel.answer.isVisible()
    assert "no probability is known" in plain(panel)


@pytest.fixture
def two(save, fed, run, show):
    """A network with a softmax and, beside it, rows of four numbers."""
    nodes = [
        helper.make_node("Softmax", ["x"], ["classes"], name="softmax"),
        helper.make_node("Expand", ["x", "shape"], ["boxes"], name="boxes"),
    ]
    model = save("two.onnx", nodes, {"x": [1, 3]}, ["classes", "boxes"], {"shape": np.array([1, 5, 3])})
    return show(OutputPanel(run(model, fed(LOGITS))), 380, 400)


def test_of_several_outputs_one_is_chosen(two):
    assert listed(two.outputs) == ["classes", "boxes"]
    assert two.outputs.currentText() == "classes"
    assert two.table_title.text == "other outputs"
    assert two.table.accessibleName().startswith("boxes: 1 × 5 × 3 float32")
    choose(two.outputs, "boxes")
    assert not two.answer.isVisible()
    assert two.heading.text == "boxes  1 × 5 × 3"
    assert plain(two) == "Numbers: 5 rows of 3, as detectors and sequences have them. They are not decoded here."
    assert not two.reading.isVisible()
    assert two.histogram.accessibleName() == "Histogram from 1.000 to 3.000"
    choose(two.outputs, "classes")
    assert two.answer.isVisible()


def test_what_was_chosen_for_one_network_is_not_kept_for_another(two, save, fed, qtbot):
    choose(two.outputs, "boxes")
    session = two.session
    other = save("other.onnx", [helper.make_node("Softmax", ["x"], ["y"])], {"x": [1, 3]}, ["y"])
    with qtbot.waitSignal(session.run_changed, timeout=60_000):
        session.open_files([str(other), str(fed(LOGITS))])
    assert two.answer.isVisible()
    assert not two.outputs.isVisible()


def test_an_embedding_is_numbers_until_the_user_says_otherwise(answer):
    panel = answer("Relu")
    assert listed(panel.reading)[0] == "automatic (numbers)"
    assert "features, not scores" in plain(panel)
    choose(panel.reading, "logits")
    assert [row[0] for row in panel.answer.rows] == ["class 1", "class 2", "class 0"]


def test_bars_of_a_histogram_are_as_high_as_the_logarithm_of_their_counts(show):
    view = show(Histogram(), 101, 80)
    view.show_counts([0, 9, 99], -1.0, 2.0)
    image = view.grab().toImage()

    def height(x):
        painted = [image.pixelColor(x, y).getRgb()[:3] for y in range(Histogram.BARS)]
        return painted.count(rgb(theme.tokens().bar))

    highest = Histogram.BARS - 4
    assert height(10) == 0
    assert height(50) == pytest.approx(highest * math.log(10) / math.log(100), abs=1)
    assert height(90) == pytest.approx(highest, abs=1)
    view.show_counts((), 0.0, 0.0)
    assert not view.isVisible()


# ---------------------------------------------------------------- many classes


NAMES = tuple(f"{word} {number}" for number in range(15) for word in ("cat", "dog"))  # of classes 0 to 29


@pytest.fixture
def many(answer):
    """Thirty classes: the logit of each is its number, so class 29 is the best one."""
    return answer("Identity", np.arange(30, dtype=np.float32).reshape(1, 30), NAMES)


def names(panel):
    return [row[0] for row in panel.answer.rows]


def click(qtbot, panel, place, double=False):
    view = panel.answer.classes
    at = view.row_rect(place).center().toPoint()
    at.setX(20)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    if double:
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_as_many_classes_are_listed_as_the_user_wants(many):
    assert listed(many.classes.count) == ["5", "10", "20", "all"]
    choose(many.classes.count, 10)
    assert names(many) == [NAMES[index] for index in range(29, 19, -1)]
    choose(many.classes.count, 30)
    assert len(names(many)) == 30
    view = many.answer.classes
    assert view.height() == 20 * ROW
    assert view.verticalScrollBar().maximum() == 10 * ROW


def test_few_classes_need_neither_search_nor_choice(answer):
    panel = answer("Identity")
    assert not panel.classes.search.isVisible()
    assert not panel.classes.count.isVisible()


def test_a_class_is_searched_by_its_name_and_shown_with_its_rank(many):
    height = many.answer.classes.height()
    many.classes.search.setText("CAT 1")
    assert names(many) == ["cat 1", "cat 14", "cat 13", "cat 12", "cat 11", "cat 10"]  # what is called that comes first
    assert [many.classes.ranked.rank(index) for index in many.answer.classes.indices] == [28, 2, 4, 6, 8, 10]
    assert many.answer.classes.height() == height  # the field stays where it is
    many.classes.search.setText("7")
    assert names(many) == ["dog 3", "dog 7", "cat 7"]  # class 7 first, then by rank
    many.classes.search.setText("horse")
    assert names(many) == []
    many.classes.search.clear()
    assert names(many)[0] == "dog 14"


def test_a_search_that_is_confirmed_looks_into_the_first_class(many, qtbot):
    many.classes.search.setText("cat 3")
    qtbot.keyClick(many.classes.search, Qt.Key.Key_Return)
    assert many.session.view.target_class == 6


def test_a_click_looks_into_a_class_and_a_click_on_the_answer_into_the_best_one(many, qtbot):
    click(qtbot, many, 2)
    assert many.session.view.target_class == 27
    assert many.classes.origin.head.summary == "dog 13, 27.00"
    qtbot.mouseClick(many.answer.head, Qt.MouseButton.LeftButton)
    assert many.session.view.target_class is None
    assert many.classes.origin.head.summary == "dog 14, 29.00"


def test_a_double_click_keeps_a_class_on_top_through_pictures(many, qtbot, fed):
    click(qtbot, many, 3, double=True)
    assert many.session.view.target_class == 26
    assert names(many) == ["cat 13", "dog 14", "cat 14", "dog 13", "dog 12"]
    with qtbot.waitSignal(many.session.run_changed, timeout=60_000):
        many.session.open_files([str(fed(-np.arange(30, dtype=np.float32).reshape(1, 30)))])
    assert names(many) == ["cat 13", "cat 0", "dog 0", "cat 1", "dog 1", "cat 2"]
    assert many.classes.ranked.rank(26) == 27
    view = many.answer.classes
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.pin_rect(0).center().toPoint())
    assert names(many) == ["cat 0", "dog 0", "cat 1", "dog 1", "cat 2"]


def test_what_is_pinned_stays_in_sight_while_the_others_are_scrolled(many):
    choose(many.classes.count, 30)
    many.classes.toggle_pin(4)
    view = many.answer.classes
    view.verticalScrollBar().setValue(5 * ROW)
    assert view.row_rect(0).top() == 0
    assert view.row_rect(6).top() == ROW


def test_the_list_is_walked_with_the_keys(many, qtbot):
    view = many.answer.classes
    view.setFocus()
    for _ in range(3):
        qtbot.keyClick(view, Qt.Key.Key_Down)
    assert many.session.view.target_class == 27
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert many.classes.pins == (27,)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert many.session.view.target_class is None


def test_pins_and_search_end_with_the_network(many, save, fed, qtbot):
    many.classes.toggle_pin(4)
    many.classes.search.setText("dog")
    other = save("other.onnx", [helper.make_node("Softmax", ["x"], ["y"])], {"x": [1, 3]}, ["y"])
    with qtbot.waitSignal(many.session.run_changed, timeout=60_000):
        many.session.open_files([str(other), str(fed(LOGITS))])
    assert names(many) == ["class 1", "class 2", "class 0"]
    assert many.classes.search.text() == ""
    assert many.session.view.target_class is None


def test_the_readout_of_a_class_has_rank_and_margin(many, qtbot):
    told = []
    many.readout.connect(told.append)
    view = many.answer.classes
    qtbot.mouseMove(view.viewport(), view.row_rect(1).center().toPoint())
    assert told[-1] == (
        *(("", "cat 14"), ("class", "28"), ("rank", "2"), ("probability", "0.2325")),
        *(("logit", "28.00"), ("margin", "\N{MINUS SIGN}1.000")),
    )  # e^-1 / (1 + e^-1 + e^-2 + ...) is (e - 1) / e^2


def test_a_sigmoid_head_marks_one_half_and_counts_what_is_above(answer):
    panel = answer("Sigmoid", np.array([[2, -1, 0, -3, 1]], np.float32))
    assert panel.certainty.text.split("  ")[-1].endswith("3 of 5")
    view = panel.answer.classes
    image, columns = view.viewport().grab().toImage(), view.columns()
    middle = round((columns.bar_left + columns.bar_right) / 2)
    for row, color in enumerate(("accent", "accent", "accent", "bar", "bar")):
        y = int(view.row_rect(row).center().y())
        assert image.pixelColor(middle, y).getRgb()[:3] == rgb(theme.tokens().text)
        assert image.pixelColor(int(columns.bar_left) + 3, y).getRgb()[:3] == rgb(getattr(theme.tokens(), color))
    assert not columns.margin


def test_a_wide_panel_has_a_column_of_margins_and_a_narrow_one_no_logits(answer):
    panel = answer("Identity", labels=("cat", "dog", "cow"))
    view = panel.answer.classes
    assert 0 < view.columns().logit < view.columns().margin
    panel.resize(260, 400)
    assert view.columns().margin == 0
    panel.resize(200, 400)
    assert view.columns().logit == 0
    assert view.columns().bar_right > view.columns().bar_left
