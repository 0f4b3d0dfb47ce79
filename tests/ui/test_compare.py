"""Two runs compared: what is pinned, what panels read, what the window shows of it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import Qt

from inspector.graph.preprocessing import PRESETS
from inspector.render.palettes import palette
from inspector.ui.compare import names
from inspector.ui.main_window import MainWindow
from inspector.ui.panels.layer_rows import DIFFERENCE
from inspector.ui.panels.sides import BACK
from inspector.ui.session import Cursor

PATIENCE_MS = 60_000
ONE = np.array([[-1, 0], [1, 2]], np.float32)
OTHER = np.array([[3, 0], [-2, 2]], np.float32)


@pytest.fixture
def run(session, qtbot):
    """Open files, and wait for the run."""

    def through(*paths):
        with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
            session.open_files([str(path) for path in paths])
        return session

    return through


@pytest.fixture
def fed(tmp_path):
    def write(name, values):
        path = tmp_path / name
        np.save(path, np.asarray(values, np.float32).reshape(1, 1, *np.shape(values)[-2:]))
        return path

    return write


@pytest.fixture
def compared(run, signs, fed, session):
    """``OTHER`` as it goes through kernels 1, -1 and 0, beside ``ONE``."""
    run(signs, fed("one.npy", ONE))
    session.pin_reference()
    return run(fed("other.npy", OTHER))


@pytest.fixture
def window(session, qtbot):
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1_600, 1_000)
    window.show()
    return window


def shown(session, side):
    return session.reading(side).maps


def test_each_side_is_what_that_run_computed(compared):
    np.testing.assert_array_equal(shown(compared, "current"), [OTHER, -OTHER, OTHER * 0])
    np.testing.assert_array_equal(shown(compared, "reference"), [ONE, -ONE, ONE * 0])
    np.testing.assert_array_equal(shown(compared, "difference"), [OTHER - ONE, ONE - OTHER, ONE * 0])


def test_the_view_says_which_side_panels_get(compared):
    for side, expected in (("current", OTHER), ("reference", ONE), ("difference", OTHER - ONE)):
        compared.set_view(compare=side)
        np.testing.assert_array_equal(compared.reading().maps[0], expected)
    assert compared.shown_run() is compared.run
    np.testing.assert_array_equal(compared.tensor("reference")[0, 0], ONE)


def test_current_and_reference_have_the_limits_of_both_and_the_difference_its_own(compared):
    # the layer holds -3 to 3 now and -2 to 2 in the reference; channel 0 -2 to 3 and -1 to 2
    for scaling, channel, expected in (("layer", 0, (-3, 3)), ("channel", 0, (-2, 3)), ("symmetric", 1, (-3, 3))):
        compared.set_view(scaling=scaling)
        for side in ("current", "reference"):
            assert compared.surveyed(side).limits(scaling).of(channel) == expected
    assert compared.surveyed("difference").drawn_with("channel", compared.colormap("difference"))[0].of(0) == (-4, 4)


def test_a_difference_is_drawn_with_a_middle_whatever_was_chosen(compared):
    compared.set_view(colormap="magma")
    assert (compared.colormap("current"), compared.colormap("difference")) == ("magma", "signed")
    compared.set_view(colormap="rdbu")
    assert compared.colormap("difference") == "rdbu"


def test_letting_go_of_the_reference_returns_everything(compared, qtbot):
    compared.set_view(compare="difference")
    with qtbot.waitSignals([compared.reference_changed, compared.view_changed]):
        compared.unpin_reference()
    assert (compared.reference, compared.view.compare, compared.comparison.held_bytes) == (None, "current", 0)
    np.testing.assert_array_equal(compared.reading().maps[0], OTHER)
    assert compared.surveyed().limits("layer").of(0) == (-3, 3)
    compared.unpin_reference()  # there is none: nothing happens


def test_another_model_lets_go_and_the_same_one_does_not(compared, save, qtbot, signs):
    with qtbot.waitSignal(compared.run_changed, timeout=PATIENCE_MS):
        compared.open_model(str(signs))
    assert compared.reference is not None
    doubled = save("double.onnx", [helper.make_node("Add", ["x", "x"], ["y"])], {"x": [1, 1, 2, 2]}, ["y"])
    with qtbot.waitSignal(compared.run_changed, timeout=PATIENCE_MS):
        compared.open_model(str(doubled))
    assert compared.reference is None


def test_one_picture_fed_in_two_ways_is_named_by_how(session, run, save, picture, qtbot):
    nodes = [helper.make_node("Identity", ["x"], ["y"], name="same")]
    run(save("color.onnx", nodes, {"x": [1, 3, 8, 8]}, ["y"]), picture)
    session.pin_reference()
    before, after = list(PRESETS)[:2]
    used = session.run.prediction.preprocessing.name
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.set_preprocessing(after if used == before else before)
    current, reference = names(session.run, session.reference)
    assert current != reference
    assert all(each.startswith("grey.png, ") for each in (current, reference))
    assert session.reading("difference").values.any()


def test_what_was_left_out_of_the_reference_is_fetched_with_its_own_picture(session, run, signs, fed, qtbot):
    side = 256
    one, other = np.full((side, side), 1.0), np.full((side, side), 5.0)
    session.set_tensor_memory(4 * side * side * 5)  # the input, the three maps of a layer, and a little
    run(signs, fed("one.npy", one))
    assert session.run.missing == ("relu",)
    session.pin_reference()
    run(fed("other.npy", other))
    held = session.comparison.held_bytes
    assert held == 4 * side * side * 4
    session.set_view(compare="difference")
    with qtbot.waitSignal(session.view_changed):
        session.select_layer("relu")
    qtbot.waitUntil(lambda: not session.busy and session.reading() is not None, timeout=PATIENCE_MS)
    assert session.failure is None
    assert [float(each[0, 0]) for each in session.reading().maps] == [4, 0, 0]  # Relu of 5, -5, 0 less that of 1, -1, 0
    assert session.reference.prediction.image.endswith("one.npy")
    assert session.run.prediction.image.endswith("other.npy")


def test_a_reference_whose_file_has_changed_is_not_mixed_with_what_is_there_now(session, run, signs, fed, qtbot):
    side = 256
    session.set_tensor_memory(4 * side * side * 5)
    run(signs, fed("one.npy", np.ones((side, side))))
    session.pin_reference()
    run(fed("other.npy", np.zeros((side, side))))
    fed("one.npy", np.full((side, side), 9.0))
    with qtbot.waitSignal(session.failure_changed, timeout=PATIENCE_MS, check_params_cb=None):
        session.select_layer("relu")
        qtbot.waitUntil(lambda: session.failure is not None, timeout=PATIENCE_MS)
    assert "changed since it was pinned" in session.failure.message
    assert session.reading("reference") is None


def test_layers_are_ranked_by_how_far_they_are_from_the_reference(compared, qtbot):
    compared.rank_differences()
    ranking = compared.comparison.ranking
    qtbot.waitUntil(lambda: ranking.is_done)
    conv = np.linalg.norm([OTHER - ONE, ONE - OTHER]) / np.linalg.norm([ONE, -ONE])
    rectified = [[np.maximum(sign * each, 0) for sign in (1, -1)] for each in (OTHER, ONE)]
    relu = np.linalg.norm(np.subtract(*rectified)) / np.linalg.norm(rectified[1])
    assert ranking.of("signs").relative == pytest.approx(conv)
    assert ranking.of("relu").relative == pytest.approx(relu)
    expected = "signs" if conv > relu else "relu"
    assert ranking.largest() == expected
    compared.select_layer({"signs": "relu", "relu": "signs"}[expected])
    compared.go_to_largest_difference()
    assert compared.view.layer == expected


def test_very_many_values_are_subtracted_while_the_window_goes_on(compared, qtbot):
    compared.comparison.at_once = 4  # as if the layer's 12 values were too many
    compared.comparison.forget()
    qtbot.waitUntil(lambda: compared.reading("difference") is not None)
    assert set(compared.comparison._pair.known) == {"current", "reference", "difference"}  # the thread looked them over
    np.testing.assert_array_equal(shown(compared, "difference")[0], OTHER - ONE)
    assert compared.surveyed("difference").survey.high == 4
    assert (
        compared.surveyed("current").limits("percentile").is_same(compared.surveyed("reference").limits("percentile"))
    )


# ---------------------------------------------------------------- the window


def test_the_window_compares_and_goes_back(window, session, run, signs, fed, qtbot):
    maps, channel = (window.panel(window.dock(name)) for name in ("feature_maps", "channel"))
    layers, seen = (window.panel(window.dock(name)) for name in ("layers", "input"))
    button = window.command("Compare")
    assert not button.isEnabled()
    run(signs, fed("one.npy", ONE))
    assert maps.sides.isHidden()
    button.trigger()
    assert button.isChecked()
    assert "one.npy is the reference now" in window.status.left.text()
    run(fed("other.npy", OTHER))
    assert not maps.sides.isHidden()
    qtbot.mouseClick(maps.sides.sides.button("difference"), Qt.MouseButton.LeftButton)
    assert session.view.compare == "difference"
    assert maps.heading.text.startswith("difference in the output of signs (Conv)")
    assert maps.sides.said.text == "other.npy − one.npy"

    captions = {side: " ".join(line.text for line in lines) for side, lines in channel.compared.captions.items()}
    assert captions == {
        "current": "current  −3.000 to 3.000 other.npy",
        "reference": "reference  −3.000 to 3.000 one.npy",
        "difference": "difference  −4.000 to 4.000 other.npy − one.npy",
    }
    session.set_cursor(Cursor("signs", 1, 0, 0))
    assert {view.marks.cursor for view in channel.compared.maps.values()} == {(1, 0)}
    session.set_cursor(None)

    qtbot.waitUntil(partial(getattr, session.comparison.ranking, "is_done"))
    text = layers.rows.text(session.model.layer("signs"), DIFFERENCE)
    assert text == f"{np.linalg.norm(OTHER - ONE) / np.linalg.norm(ONE):.3f}"
    assert seen.pinned_caption.text == "reference  one.npy"

    window.command("Current, reference, difference").trigger()
    assert session.view.compare == "current"
    button.trigger()
    assert not button.isChecked()
    assert maps.sides.isHidden()
    assert maps.heading.text.startswith("output of signs")
    assert channel.compared.isHidden()
    assert seen.pinned.isHidden()


def test_maps_of_different_sizes_are_both_shown_and_not_subtracted(window, session, run, signs, fed):
    maps = window.panel(window.dock("feature_maps"))
    run(signs, fed("one.npy", np.ones((2, 2))))
    session.pin_reference()
    run(fed("large.npy", np.ones((3, 5))))
    session.set_view(compare="difference")
    assert maps.message.startswith(
        "signs gives 3 × 5 × 3 for large.npy and 2 × 2 × 3 for one.npy: maps of different shapes cannot be subtracted."
    )
    assert maps._page.button.text() == BACK
    maps.page_action()
    assert (session.view.compare, maps.message) == ("current", "")
    session.set_view(compare="reference")
    assert session.reading().maps.shape == (3, 2, 2)
    assert maps.message == ""


def test_both_answers_stand_beside_each_other(window, session, run, save, fed, qtbot):
    nodes = [
        helper.make_node("Flatten", ["x"], ["logits"], name="flat"),
        helper.make_node("Softmax", ["logits"], ["p"], name="softmax"),
    ]
    path = save("classes.onnx", nodes, {"x": [1, 1, 2, 4]}, ["p"])
    before, after = np.array([[9.0, 0, 0, 0], [0, 0, 0, 0]]), np.array([[0.0, 0, 0, 0], [0, 0, 0, 7]])
    output = window.panel(window.dock("output"))
    run(path, fed("before.npy", before))
    session.pin_reference()
    run(fed("after.npy", after))
    listed = output.answer.classes
    assert listed.indices[0] == 7
    assert 0 in listed.indices
    expected = np.exp(9) / (np.exp(9) + 7)
    assert listed.reference_text(0) == f"{expected:.4f}"
    assert output.classes.readout(0)[4] == ("in the reference", f"{expected:.4f}")
    session.unpin_reference()
    assert listed.reference_text(0) == ""


def test_the_arithmetic_stays_with_the_current_run_and_says_so(window, session, compared):
    arithmetic = window.panel(window.dock("arithmetic"))
    window.dock("arithmetic").raise_()
    session.set_view(compare="reference", channel=0, element=(0, 0))
    assert arithmetic.explanation.runtime == 3.0  # of OTHER, not of ONE
    assert not arithmetic.compared.isHidden()
    assert arithmetic.compared.text == "of the current run, other.npy; the feature maps show the reference"
    session.set_view(compare="current")
    assert arithmetic.compared.isHidden()


def test_limits_chosen_for_a_difference_are_not_those_of_the_arithmetics_maps(window, session, compared):
    arithmetic = window.panel(window.dock("arithmetic"))
    window.dock("arithmetic").raise_()
    session.set_view(compare="difference", scaling="layer", limits=(-9.0, 9.0))
    assert arithmetic._looks.limits("conv")[0].of(0) == (-3.0, 3.0)  # of the current run alone
    session.set_view(compare="current", limits=(-8.0, 8.0))
    assert arithmetic._looks.limits("conv")[0].of(0) == (-8.0, 8.0)
    session.set_view(compare="reference")
    assert arithmetic._looks.limits("conv")[0].of(0) == (-3.0, 3.0)


def test_small_pictures_of_layers_follow_what_is_compared(window, session, compared, qtbot):
    rows = window.panel(window.dock("layers")).rows
    window.dock("layers").raise_()

    def colors():
        qtbot.waitUntil(lambda: rows.thumbnail(1, 1.0) is not None)
        drawn = rows.thumbnail(1, 1.0)
        return [drawn.pixelColor(at, row).getRgb()[:3] for row in (0, 1) for at in (0, 1)]

    viridis, signed = (palette(name) for name in ("viridis", "signed"))
    # Relu's maps of 1, -1 and 0 times a number add up to its size: [[3, 0], [2, 2]] now, [[1, 0], [1, 2]] before
    assert colors() == [tuple(viridis[each].tolist()) for each in (255, 0, 170, 170)]
    session.set_view(compare="reference")
    assert colors() == [tuple(viridis[each].tolist()) for each in (128, 0, 128, 255)]
    session.set_view(compare="difference")  # [[2, 0], [1, 0]], with zero in the middle
    assert colors() == [tuple(signed[each].tolist()) for each in (255, 128, 191, 128)]


def test_the_overview_follows_and_marks_the_pointers_place(window, session, run, signs, fed, qtbot):
    overview = window.panel(window.dock("overview"))
    run(signs, fed("one.npy", ONE))
    session.pin_reference()
    run(fed("other.npy", OTHER))
    window.dock("overview").raise_()
    qtbot.waitUntil(lambda: overview._key is not None and not overview.message)
    session.set_view(compare="difference")
    layer = session.model.layer("relu")
    qtbot.waitUntil(lambda: overview.pictures.there(layer) is not None and overview.pictures.is_done)
    made = overview.pictures.there(layer)
    assert made.colormap == "signed"
    # Relu of OTHER less that of ONE is [[3, 0], [-1, 0]] and [[-1, 0], [2, 0]]: the first differs most, the third not
    assert made.channels[:2] == (0, 1)
    session.set_cursor(Cursor("signs", 1, 1, 0))
    assert set(overview.view._crosses.values()) == {(1, 1)}
    session.set_cursor(None)
    assert overview.view._crosses == {}


def test_the_wall_keeps_limits_and_order_from_one_run_to_the_other(window, session, compared, run, fed):
    maps = window.panel(window.dock("feature_maps"))
    session.set_view(reduction="maximum", scaling="layer", colormap="viridis")
    drawn = {}
    for side in ("current", "reference"):
        session.set_view(compare=side)
        drawn[side] = maps._prepared.reduced["maximum"].limits("layer").of(0)
    assert drawn == {"current": (0, 3), "reference": (0, 3)}  # the largest at each place: 3 0 2 2, and 1 0 1 2

    session.pin_reference()
    run(fed("minus.npy", -OTHER))
    session.set_view(reduction="", order="mean")
    orders = {}
    for side in ("current", "reference"):
        session.set_view(compare=side)
        orders[side] = maps._prepared.arranged.order.channels.tolist()
    # the means are -0.75, 0.75 and 0 now; of the reference alone they are 0.75, -0.75 and 0
    assert orders == {"current": [1, 2, 0], "reference": [1, 2, 0]}


def test_one_picture_of_all_channels_shares_limits_and_axes_with_the_reference(window, session, compared, qtbot):
    maps = window.panel(window.dock("feature_maps"))
    session.set_view(layer="relu", reduction="maximum", scaling="layer")
    assert maps._prepared.reduced["maximum"].limits("layer").of(0) == (0.0, 3.0)
    session.set_view(compare="reference")  # whose largest value is 2
    assert maps._prepared.reduced["maximum"].limits("layer").of(0) == (0.0, 3.0)
    session.set_view(compare="current", reduction="components")
    qtbot.waitUntil(lambda: "components" in maps._prepared.reduced)
    one = maps._prepared.reduced["components"]
    assert maps.caption.text.startswith("components, axes of the current run, shared colours: ")
    session.set_view(compare="reference")
    qtbot.waitUntil(lambda: "components" in maps._prepared.reduced)
    other = maps._prepared.reduced["components"]
    assert other is not one
    assert other.axes is one.axes or np.array_equal(other.axes.directions, one.axes.directions)
    assert other.ends == one.ends
    session.set_view(compare="difference")
    qtbot.waitUntil(lambda: maps.caption.text.startswith("principal components"))
    assert "axes" not in maps.caption.text


def test_the_reference_counts_against_the_memory_for_tensors(session, run, signs, fed, qtbot):
    side = 256
    unit = 4 * side * side  # of one map; a run holds seven: the picture, and three for each layer
    session.set_tensor_memory(8 * unit)
    run(signs, fed("one.npy", np.ones((side, side))))
    assert session.run.missing == ()
    session.pin_reference()
    run(fed("other.npy", np.full((side, side), 3.0)))
    assert session.run.missing == ("conv", "relu")
    qtbot.waitUntil(lambda: not session.busy and session.run.missing == ("relu",), timeout=PATIENCE_MS)
    assert [float(each[0, 0]) for each in session.reading("difference").maps] == [2, -2, 0]
    session.unpin_reference()
    with qtbot.waitSignal(session.run_changed, timeout=PATIENCE_MS):
        session.rerun()
    assert session.run.missing == ()
