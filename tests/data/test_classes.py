"""Classes: labels of samples and names of the network's classes that mean the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot.data.classes import (
    by_prediction,
    class_index,
    match_classes,
    right_answers,
    told_apart,
)
from andornot.errors import OptionError


def test_classes_are_matched_exactly_then_by_letters():
    names = ("Inside City", "bedroom", "BEDROOM", "crane", "crane", "")
    classes = ["inside_city-s", "bedroom", "BEDROOM", "Bedroom", "crane", "", "zoo"]
    assert match_classes(classes, names).tolist() == [0, 1, 2, -1, -1, -1, -1]


NLI = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")


@pytest.mark.parametrize(
    ("labels", "names", "places"),
    [
        (["0", "2", "", "1"], NLI, [0, 2, -1, 1]),
        (["0", "1"], ("LABEL_0", "LABEL_1"), [0, 1]),
        (["LABEL_1", "0"], ("LABEL_0", "LABEL_1"), [1, -1]),  # not all are numbers
        (["1", "2", "3"], NLI, [-1, -1, -1]),  # they count from 1, or something else
        (["0", "neutral"], NLI, [-1, 1]),
        (["1", "0"], ("0", "1"), [1, 0]),
        (["1", "3"], ("3", "1", "2"), [1, 0]),  # names that are numbers stand for themselves
        (["-3", "1.5", "\u0661"], NLI, [-1, -1, -1]),
        (["a+"], ("A", "A+"), [1]),  # case goes before letters
    ],
)
def test_labels_that_are_numbers_are_the_networks_own(labels, names, places):
    assert match_classes(labels, names).tolist() == places


def test_right_and_wrong_are_said_of_what_can_be_compared():
    assert right_answers(["0", "2", ""], [0, 1, 2], NLI) == [True, False, None]
    assert right_answers(["yes", "neutral"], [0, 1], NLI) == [None, True]
    assert right_answers(["entailment", "0"], [0, 0], ["score"]) == [None, None]
    assert right_answers([], [], NLI) == []


ROOMS = ("Kitchen", "InsideCity", "kitchen")


def test_an_exact_name_goes_first():
    assert class_index(ROOMS, "kitchen") == 2
    assert class_index(ROOMS, "inside_city-s") == 1
    with pytest.raises(OptionError, match="several classes"):
        class_index(ROOMS, "KITCHEN")
    with pytest.raises(OptionError, match="has no class 'Forest'; choose one of Kitchen"):
        class_index(ROOMS, "Forest")


def test_a_class_may_be_named_by_its_number():
    twins = ("crane", "lake", "crane", "Swamp")
    assert told_apart(twins) == ("crane (0)", "lake", "crane (2)", "Swamp")
    for names in (twins, told_apart(twins)):
        assert [class_index(names, text) for text in ("0", "crane (2)", "3")] == [0, 2, 3]
        assert class_index(names, "swamp") == 3
        with pytest.raises(OptionError, match=r"several classes 'crane': .* 0 or 2"):
            class_index(names, "crane")
        with pytest.raises(OptionError, match=r"no class '4'; .* or a number from 0 to 3"):
            class_index(names, "4")
    digits = ("7", "1", "0")
    assert [class_index(digits, text) for text in digits] == [0, 1, 2]  # names go first


def test_letters_are_compared_composed():
    names = ("cafe\u0301", "cafe")
    assert class_index(names, "caf\u00e9") == class_index(names, "Caf\u00e9-s") == 0


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1)))))
def test_classes_go_by_how_often_they_are_predicted(case):
    n_classes, predictions = case
    found = by_prediction(np.array(predictions, np.int64), n_classes).tolist()
    assert found == sorted(range(n_classes), key=lambda c: (-predictions.count(c), c))
