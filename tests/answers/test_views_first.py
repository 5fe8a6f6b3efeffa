"""The first page: four numbers, a bar of verdicts, layers in order, and pictures on cards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot.results.explanation import NO_CONCEPT
from andornot.results.verdict import Verdict
from andornot.views.card_pictures import RECENT, STRONGEST, apart
from andornot.views.judged import INSTEAD, NO_FORMULA
from andornot.views.judged import judged as verdict_view
from andornot.views.layer import best_first, numbers_of, table_of_layers
from andornot.views.summary import (
    NO_FORMULA_AT_ALL,
    KeyFigure,
    Summary,
    held_out_and_chance,
    summary,
)
from insides import headline
from verdict_cases import judged, one_of_each, world


def of(result: andornot.Result, twin: andornot.Result | None = None) -> Summary:
    return summary(headline({"a": result}, None if twin is None else {"a": twin}), result)


def told(found: Summary) -> list[tuple[str, str, str]]:
    return [(figure.number, figure.of, figure.label) for figure in found.figures]


def test_four_numbers_of_a_run_that_was_tested():
    result = one_of_each()
    sure = [e for e in result if e.verdict in (Verdict.SOLID, Verdict.PARTIAL, Verdict.CHANCE)]
    held = sum(e.trust.held_out_iou for e in sure) / 3
    assert told(of(result)) == [
        ("1", "5", "units explained"),
        ("2", "3", "more than chance, corrected"),
        (f"{held:.3f}", "", "mean IoU, held out"),
        ("0.100", "", "mean IoU by chance"),
    ]
    assert len(held_out_and_chance(result)) == 3
    assert "untrained" not in of(result).figures[0].note
    beaten = replace(result, explanations=(judged(result[0], Verdict.SOLID, held_out=0.9),))
    with_twin = of(result, beaten)
    assert told(with_twin)[0] == ("0", "5", "units explained")
    assert "untrained" in with_twin.figures[0].note


def test_numbers_of_a_run_that_was_not_tested_say_so():
    _, _, result = world(3)
    concepts = {name for e in result for name in e.shown.formula.concepts}
    inside = sum(e.shown.iou for e in result) / 3
    found = of(result)
    assert told(found) == [
        ("3", "3", "units with a formula"),
        ("0", "3", "held against chance"),
        (f"{inside:.3f}", "", "mean IoU, in sample"),
        (f"{len(concepts)}", "", "concepts named"),
    ]
    assert "flatters" in found.figures[2].note
    assert found.rank == ()
    assert [part.word for part in found.verdicts] == ["not tested"]


def test_numbers_where_no_unit_has_a_formula():
    _, _, result = world(2)
    none = [replace(e, status=NO_CONCEPT, beam=(), best_by_length=()) for e in result]
    found = of(replace(result, explanations=tuple(none)))
    assert [part.word for part in found.verdicts] == [NO_FORMULA_AT_ALL]
    assert found.figures[0].number == "0"


def test_the_bar_has_every_unit_once_and_in_the_order_of_verdicts():
    found = of(one_of_each()).verdicts
    assert [part.word for part in found] == [str(verdict) for verdict in Verdict]
    assert sum(part.units for part in found) == 5
    assert sum(part.share for part in found) == pytest.approx(1)


def test_the_best_layer_comes_first_and_untested_ones_keep_their_order():
    class Layer:
        def __init__(self, name: str, *rank: float):
            self.name, self.summary = name, Summary((), (), rank)

    layers = [Layer("a", 0.1, 0.5, 0.9), Layer("b", 0.2, 0.2, 0.1), Layer("c", 0.1, 0.6, 0.0)]
    assert [layer.name for layer in best_first(layers)] == ["b", "c", "a"]  # type: ignore[arg-type]
    plain = [Layer("z"), Layer("a")]
    assert [layer.name for layer in best_first(plain)] == ["z", "a"]  # type: ignore[arg-type]


def test_what_may_be_chance_has_no_formula_and_what_explains_little_is_not_bold():
    result = one_of_each()
    views = {e.verdict: verdict_view(e) for e in result}
    assert views[Verdict.CHANCE].instead == NO_FORMULA == INSTEAD["chance"]
    assert views[Verdict.TOO_LITTLE_DATA].instead
    assert not any(views[v].instead for v in (Verdict.SOLID, Verdict.PARTIAL, Verdict.NOT_TESTED))
    assert views[Verdict.CHANCE].how_much == ""
    solid = views[Verdict.SOLID]
    assert solid.look == "sure"
    assert solid.how_much in ("explains most", "explains a part")
    little = verdict_view(judged(result[0], Verdict.SOLID, held_out=0.06))
    assert (little.look, little.how_much) == ("", "explains little")
    assert (little.badge, solid.badge) == ("solid, explains little", "solid")


def test_what_is_chance_says_in_a_few_words_why():
    chance = judged(one_of_each()[0], Verdict.CHANCE)
    luck = chance.trust.held_out_chance
    ways = {
        "7 of 39 shuffles do as well": replace(luck, p_value=0.2, reached=7, nulls=39),
        "hangs on few samples": replace(luck, p_value=0.01, reached=0, low=-0.5),
    }
    for words, luck in ways.items():
        e = replace(chance, trust=replace(chance.trust, held_out_chance=luck))
        assert e.verdict is Verdict.CHANCE
        assert verdict_view(e).why == words
    assert not any(verdict_view(e).why for e in one_of_each() if e.verdict is not Verdict.CHANCE)


def test_layers_stand_side_by_side_in_one_table():
    class Layer:
        def __init__(self, *numbers: tuple[str, str]):
            self.numbers = tuple(KeyFigure(number, label, "") for label, number in numbers)

    layers = [Layer(("units", "3"), ("held out", "0.1")), Layer(("units", "4"))]
    rows = table_of_layers(layers)  # type: ignore[arg-type]
    assert [(row.label, values) for row, values in rows] == [
        ("units", ("3", "4")),
        ("held out", ("0.1", "–")),
    ]


def test_the_means_of_a_layer_are_those_of_its_first_numbers():
    result = one_of_each()
    found = of(result)
    numbers = {figure.label: figure.number for figure in numbers_of(tuple(result), found, 2)}
    assert (numbers["units"], numbers["units shown here"]) == ("5", "2")
    for figure in found.figures[2:]:
        assert numbers[figure.label] == figure.number


def test_units_with_one_favourite_picture_show_different_ones():
    one_layer = [("a", [7, 1, 2]), ("a", [7, 2, 1]), ("a", [7, 3, 4])]
    assert apart(one_layer) == [7, 2, 3]
    # the one shown longest ago, where all were shown lately
    assert apart([("a", [7, 1])] * 3) == [7, 1, 7]
    assert apart([("a", []), ("a", [5]), ("a", [5])]) == [None, 5, 5]


def test_a_layer_of_its_own_has_neighbours_of_its_own():
    """Units far apart in the list of all are side by side in that of their layer."""
    others = [("b", [100 + i]) for i in range(RECENT + 1)]
    assert apart([("a", [7, 1]), *others, ("a", [7, 1])])[-1] == 1


CARDS = st.lists(
    st.tuples(st.sampled_from("ab"), st.lists(st.integers(0, 30), unique=True, max_size=STRONGEST)),
    max_size=60,
)


@given(CARDS)
def test_pictures_are_apart_as_a_slow_look_at_the_lists_says(cards):
    chosen = apart(cards)
    for i, (layer, images) in enumerate(cards):
        before = chosen[:i][::-1]
        own = [chosen[j] for j in range(i) if cards[j][0] == layer][::-1]
        lately = {*before[:RECENT], *own[:RECENT]}
        fresh = [image for image in images if image not in lately]
        if fresh:
            assert chosen[i] == fresh[0]
        elif images:
            ages = [min(before.index(image) if image in before else 99,
                        own.index(image) if image in own else 99) for image in images]  # fmt: skip
            assert chosen[i] == images[ages.index(max(ages))]
        else:
            assert chosen[i] is None
