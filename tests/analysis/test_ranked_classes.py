"""All classes of an answer in order: ranks and margins by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.analysis.head_kinds import Head
from inspector.analysis.ranked_classes import ranked_classes

LABELS = ("tabby, tabby cat", "dog", "Siamese cat", "9 pins")
LOGITS = np.array([1.0, 4.0, 2.5, -1.0])


def softmax_head(logits=LOGITS):
    powers = np.exp(logits)
    return Head("softmax", "y", powers / powers.sum(), np.asarray(logits))


def test_classes_stand_in_the_order_of_their_probabilities():
    ranked = ranked_classes(softmax_head(), LABELS)
    assert ranked.order.tolist() == [1, 2, 0, 3]
    assert [ranked.rank(index) for index in range(4)] == [3, 1, 2, 4]
    assert (ranked.at(0).label, ranked.at(0).logit) == ("dog", 4.0)
    assert len(ranked) == 4


def test_a_margin_is_the_distance_to_the_largest_other_logit():
    ranked = ranked_classes(softmax_head())
    assert [ranked.margin(index) for index in range(4)] == pytest.approx([1 - 4, 4 - 2.5, 2.5 - 4, -1 - 4])


def test_without_logits_the_margin_is_the_logarithm_of_the_ratio():
    head = Head("probabilities", "y", np.array([0.2, 0.8, 0.0]), np.empty(0))
    ranked = ranked_classes(head)
    assert ranked.margin(1) == pytest.approx(math.log(4))
    assert ranked.margin(0) == pytest.approx(-math.log(4))
    assert ranked.margin(2) == -math.inf


def test_probabilities_of_their_own_are_measured_from_one_half():
    head = Head("sigmoid", "y", np.array([0.2, 0.5, 0.8]), np.empty(0))
    ranked = ranked_classes(head)
    assert [ranked.margin(index) for index in range(3)] == pytest.approx([-math.log(4), 0, math.log(4)])
    assert ranked.is_independent
    assert ranked.present == 2


def test_one_class_has_no_margin():
    assert math.isnan(ranked_classes(Head("softmax", "y", np.array([1.0]), np.array([3.0]))).margin(0))


def test_a_class_is_found_by_its_number_and_by_any_part_of_its_name():
    ranked = ranked_classes(softmax_head(), LABELS)
    assert ranked.found("CAT") == (2, 0)
    assert ranked.found("cat tab") == (0,)
    assert ranked.found("3") == (3,)
    assert ranked.found("9") == (3,)
    assert ranked.found("zebra") == ranked.found("  ") == ranked.found("4") == ()


def test_a_class_that_is_called_so_is_found_before_those_with_more_in_their_names():
    labels = ("egret, little heron", "night heron, black", "dog", "Heron, grey heron")
    assert ranked_classes(softmax_head(), labels).found("heron") == (3, 1, 0)


def test_a_number_that_is_also_in_a_name_finds_the_class_of_that_number_first():
    ranked = ranked_classes(softmax_head(), ("route 1", "dog", "1 cat", "x"))
    assert ranked.found("1") == (1, 2, 0)


def test_without_labels_only_numbers_are_found():
    assert ranked_classes(softmax_head()).found("2") == (2,)
    assert ranked_classes(softmax_head()).found("class") == ()


def test_nan_stands_last():
    ranked = ranked_classes(Head("probabilities", "y", np.array([math.nan, 0.3, 0.7]), np.empty(0)))
    assert ranked.order.tolist() == [2, 1, 0]
    assert math.isnan(ranked.margin(0))


def test_classes_as_a_table_are_in_order_and_run_nothing_in_a_spreadsheet():
    head = Head("softmax", "p", np.array([0.25, 0.75]), np.empty(0))
    lines = ranked_classes(head, ("=1+1\n", "a\tb")).table().split("\n")
    assert lines == ["class\tlabel\tprobability\tlogit", "1\ta b\t0.75\t", "0\t'=1+1\t0.25\t"]
