"""Trying the usual ways to feed pictures: what is tried, how it is ranked, and what the ranking says of itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis.heads import Head
from inspector.errors import ImageError, UsageError
from inspector.graph.model import Prediction
from inspector.graph.preprocessing import Preprocessing, preset
from inspector.trials import Trial, agree, answered, class_of, classes_of_folders, no_classes, ranked, recipes

LABELS = ("tench, Tinca tinca", "goldfish, Carassius auratus", "crane", "crane", "ear, spike, capitulum", "corn")


def answer(*probabilities, expected=None, image="a.png", kind="probabilities"):
    return answered(image, Head(kind, "y", np.array(probabilities, np.float64), np.zeros(0)), expected)


def trial(name, *answers):
    return Trial(Preprocessing(name), answers)


def fed(shape, recipe):
    return Prediction("cat.png", {"x": np.zeros(shape, np.float32)}, {}, recipe, None, "CPU", 0.0)


# ---------------------------------------------------------------- one answer


def test_an_answer_has_its_class_its_probability_and_its_entropy():
    found = answer(0.25, 0.5, 0.25)
    assert (found.index, found.probability) == (1, 0.5)
    assert found.entropy == pytest.approx(1.5 * math.log(2))  # -(0.5 ln 0.5 + 2 x 0.25 ln 0.25)
    assert found.is_right is None
    assert math.isnan(found.probability_of_expected)


def test_an_answer_is_right_or_wrong_where_the_class_is_known():
    assert answer(0.1, 0.9, expected=1).is_right is True
    wrong = answer(0.1, 0.9, expected=0)
    assert wrong.is_right is False
    assert wrong.probability_of_expected == pytest.approx(0.1)


def test_classes_that_do_not_exclude_each_other_have_no_entropy():
    assert math.isnan(answer(0.9, 0.8, kind="sigmoid").entropy)


def test_an_answer_of_not_a_number_is_never_right():
    assert answer(math.nan, math.nan, expected=0).is_right is False


# ---------------------------------------------------------------- what is tried


def test_a_recipe_in_force_that_is_a_usual_one_is_tried_once():
    names = [each.name for each in recipes(fed((1, 3, 8, 8), preset("caffe", "guessed")))]
    assert names.count("caffe") == 1
    assert len(names) == len(set(names))


def test_a_recipe_of_the_models_own_comes_first():
    own = Preprocessing("sidecar", "net.inspector.toml", mean=(7.0,))
    assert recipes(fed((1, 3, 8, 8), own))[0] == own


def test_the_size_that_was_chosen_stays_in_all_of_them():
    own = Preprocessing("custom", size=(48, 192), background=(0, 0, 0))
    assert {(each.size, each.background) for each in recipes(fed((1, 3, 48, 192), own))} == {((48, 192), (0, 0, 0))}


def test_channels_and_layout_decide_what_is_usual():
    grey = {each.name for each in recipes(fed((1, 1, 28, 28), preset("unit", "")))}
    assert grey == {"digits", "digits-inverted", "mnist", "byte", "signed"}
    last = {each.name for each in recipes(fed((1, 28, 28, 3), preset("unit", "")))}
    assert "efficientnet-lite" in last
    assert "ultraface" not in last


def test_a_tensor_file_has_no_preprocessing_to_try():
    with pytest.raises(ImageError, match=r"cat\.png is fed as it is"):
        recipes(fed((1, 3, 8, 8), None))


def test_a_network_without_classes_is_refused_in_a_sentence():
    assert no_classes("/models/yolo.onnx").message.startswith("yolo.onnx does not answer with one number per class")


# ---------------------------------------------------------------- ranking


def test_accuracy_ranks_where_the_classes_are_known():
    sure_and_wrong = trial("sure", answer(0.0, 1.0, expected=0), answer(0.0, 1.0, expected=0))
    unsure_and_right = trial("right", answer(0.6, 0.4, expected=0), answer(0.6, 0.4, expected=0))
    found = ranked([sure_and_wrong, unsure_and_right])
    assert found.basis == "accuracy"
    assert [group[0].recipe.name for group in found.groups] == ["right", "sure"]
    assert found.best is unsure_and_right
    assert (found.best.right, found.best.judged, found.best.accuracy) == (2, 2, 1.0)
    assert "by accuracy on 2 pictures" in found.note
    assert "equally" not in found.note


def test_without_classes_the_order_is_a_hint_and_says_that_it_misleads():
    found = ranked([trial("a", answer(0.6, 0.4)), trial("b", answer(0.9, 0.1))])
    assert found.basis == "probability"
    assert [group[0].recipe.name for group in found.groups] == ["b", "a"]
    assert "only a hint" in found.note
    assert "confidence misleads" in found.note
    assert "a larger input scale inflates it" in found.note


def test_a_larger_scale_of_the_same_logits_is_more_confident_and_no_more_right():
    logits = np.array([2.0, 1.0, 0.0])
    small, large = (np.exp(scale * logits) / np.exp(scale * logits).sum() for scale in (1, 255))
    found = ranked([trial("small", answer(*small)), trial("large", answer(*large))])
    assert [group[0].recipe.name for group in found.groups] == ["large", "small"]  # hence the warning


def test_of_equals_the_higher_probability_of_the_right_class_comes_first():
    found = ranked([trial("a", answer(0.6, 0.4, expected=0)), trial("b", answer(0.9, 0.1, expected=0))])
    assert [group[0].recipe.name for group in found.groups] == ["b", "a"]
    assert "The first 2 ranks are equally often right" in found.note


def test_of_equals_letterboxes_come_last_and_this_is_said():
    boxed = Trial(Preprocessing("boxed", fit="letterbox"), (answer(0.9, 0.1, expected=0),))
    found = ranked([boxed, trial("plain", answer(0.6, 0.4, expected=0))])
    assert [group[0].recipe.name for group in found.groups] == ["plain", "boxed"]
    assert "letterboxes come last" in found.note


def test_that_none_is_right_is_said():
    assert "None found a single right class" in ranked([trial("a", answer(0.1, 0.9, expected=0))]).note


def test_those_that_agree_on_everything_are_one_group():
    one, same = trial("one", answer(0.9, 0.1)), trial("same", answer(0.9001, 0.0999))
    other = trial("other", answer(0.8, 0.2))
    found = ranked([one, other, same])
    assert [{each.recipe.name for each in group} for group in found.groups] == [{"one", "same"}, {"other"}]


def test_the_same_top_probability_is_not_yet_agreement():
    assert not agree(trial("a", answer(0.6, 0.4, 0.0)), trial("b", answer(0.6, 0.0, 0.4)))
    assert not agree(trial("a", answer(0.5, 0.5)), trial("b", answer(0.4999, 0.5001)))  # another class is on top
    assert not agree(trial("a", answer(1.0, 0.0)), trial("b", answer(1.0, 0.0), answer(1.0, 0.0)))
    assert agree(trial("a", answer(math.nan, math.nan)), trial("b", answer(math.nan, math.nan)))


def test_a_way_that_could_not_be_tried_is_kept_apart_with_its_reason():
    failed = Trial(Preprocessing("bad"), failure="It does not fit.")
    found = ranked(iter([failed, trial("a", answer(0.6, 0.4))]))
    assert found.failed == (failed,)
    assert len(found.groups) == 1
    assert ranked([failed]).best is None
    assert ranked([]).groups == ()


def test_what_is_not_a_number_comes_last():
    found = ranked([trial("nan", answer(math.nan, math.nan)), trial("a", answer(0.6, 0.4))])
    assert [group[0].recipe.name for group in found.groups] == ["a", "nan"]


def test_means_are_over_all_pictures():
    found = trial("a", answer(0.5, 0.5), answer(1.0, 0.0))
    assert found.probability == 0.75
    assert found.entropy == pytest.approx(math.log(2) / 2)


# ---------------------------------------------------------------- the right classes


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("1", 1),
        ("goldfish", 1),
        ("GOLDFISH", 1),
        ("Carassius_auratus", 1),
        ("goldfish, Carassius auratus", 1),
        ("corn", 5),
        (" spike ", 4),
    ],
)
def test_a_class_is_named_by_number_or_by_one_of_its_names(text, index):
    assert class_of(text, LABELS, 6) == index


def test_a_label_that_is_a_number_is_that_label():
    assert class_of("1", ("1", "2", "3"), 3) == 0


@pytest.mark.parametrize("text", ["6", "-1", "1.5", "", " ", "²", "9" * 5000, "dog"])
def test_what_is_no_class_is_refused_with_what_is_allowed(text):
    with pytest.raises(UsageError, match="There is no class") as caught:
        class_of(text, LABELS, 6)
    assert caught.value.remedy == "Give a number from 0 to 5, or a label."


def test_a_class_that_was_mistyped_is_asked_for():
    with pytest.raises(UsageError, match="Did you mean goldfish"):
        class_of("goldfsh", LABELS, 6)


def test_a_name_that_two_classes_have_is_refused_with_their_numbers():
    with pytest.raises(UsageError, match="more than one class 'crane': 2, 3"):
        class_of("crane", LABELS, 6)


def test_folders_count_only_where_all_are_named_after_classes():
    assert classes_of_folders(["/d/goldfish/1.png", "/d/corn/2.png"], LABELS, 6) == (1, 5)
    assert classes_of_folders(["/d/0/1.png", "/d/3/2.png"], (), 10) == (0, 3)
    assert classes_of_folders(["/d/goldfish/1.png", "/d/photos/2.png"], LABELS, 6) == ()
    assert classes_of_folders([], LABELS, 6) == ()
