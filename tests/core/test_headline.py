"""Verdicts put in order and counted: lists, headlines, and the twin that units must lie above."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from andornot.errors import OptionError
from andornot.results.explanation import NO_CONCEPT
from andornot.results.headline import headline
from andornot.results.result import Result
from andornot.results.verdict import Support, Verdict, listed
from insides import headline_sentences, summary
from insides import judged as view_of
from verdict_cases import judged, one_of_each, trust_of, world

SOLID, PARTIAL, CHANCE = Verdict.SOLID, Verdict.PARTIAL, Verdict.CHANCE


def of(result: Result, *verdicts: Verdict, **known) -> Result:
    found = [judged(e, verdict, **known) for e, verdict in zip(result, verdicts, strict=True)]
    return replace(result, explanations=tuple(found))


def test_lists_go_by_verdict_and_never_by_the_iou_in_sample():
    result = one_of_each()
    ious = [e.iou for e in result]
    assert ious == sorted(ious), "the worse the verdict, the better the IoU here"
    order = [SOLID, PARTIAL, CHANCE, Verdict.NOT_TESTED, Verdict.TOO_LITTLE_DATA]
    assert [e.verdict for e in result.best()] == order
    assert [e.unit for e in result] == list(range(5)), "the result keeps the order of units"
    assert list(result.to_frame()["unit"]) == list(range(5))


def test_among_equals_the_gain_decides():
    _, _, result = world(3)
    gains = (1.5, 3.0, 2.0)
    found = [judged(e, SOLID, gain=gain) for e, gain in zip(result, gains, strict=True)]
    assert [e.unit for e in listed(found)] == [1, 2, 0]


def test_a_unit_of_three_positions_leads_no_list_even_where_nothing_was_tested():
    _, _, result = world(2)
    few = replace(result[0], support=Support(3))
    assert few.trust is None
    assert few.verdict is Verdict.TOO_LITTLE_DATA
    assert [e.unit for e in listed([few, result[1]])] == [1, 0]


def test_what_is_printed_says_the_verdict_first():
    result = one_of_each()
    lines = str(result).splitlines()
    assert lines[0] == (
        "5 units, 5 with a formula (1 solid, 1 partial, 1 chance, 1 too little data):"
    )
    assert lines[1].startswith("unit 0, solid: ")
    assert lines[1].endswith("(held-out IoU 0.600)")
    shorter = replace(result[0], trust=replace(result[0].trust, shown_length=1))
    assert (
        str(shorter) == f"unit 0, solid: {shorter.best_by_length[0].formula} (held-out IoU 0.540)"
    )


def test_verdicts_are_counted():
    found = headline({"layer": one_of_each()})
    assert found.verdicts == tuple((verdict, 1) for verdict in Verdict)
    assert (found.units, found.formulas, found.tested) == (5, 5, 3)
    assert not found.twin


def test_what_is_chance_by_its_own_verdict_is_not_counted_as_more():
    """A small p-value is not enough: the gain of this unit may be nothing."""
    _, _, result = world(2)
    both = of(result, SOLID, SOLID)
    luck = replace(both[1].trust.held_out_chance, low=-0.1)
    unsure = replace(both[1], trust=replace(both[1].trust, held_out_chance=luck))
    found = headline({"layer": replace(both, explanations=(both[0], unsure))})
    assert found.verdicts[:3] == ((SOLID, 1), (PARTIAL, 0), (CHANCE, 1))
    assert (found.tested, found.better) == (2, 1)


@pytest.mark.parametrize("seed", range(6))
def test_false_discoveries_are_counted_over_all_layers_at_once(seed):
    rng = np.random.default_rng(seed)
    p = rng.random(8) ** 3
    _, _, result = world(8)
    found = []
    for e, own in zip(result, p, strict=True):
        trust = trust_of(SOLID)
        luck = replace(trust.held_out_chance, p_value=float(own), nulls=99_999)
        found.append(replace(e, trust=replace(trust, held_out_chance=luck)))
    layers = {
        "one": replace(result, explanations=tuple(found[:3])),
        "two": replace(result, explanations=tuple(found[3:])),
    }
    expected = stats.false_discovery_control(p) <= 0.05
    whole = headline(layers)
    assert (whole.better, whole.pooled) == (expected.sum(), False)
    assert headline(layers, layer="one").better == expected[:3].sum()
    assert (
        whole.explained
        == whole.better
        == headline(layers, layer="one").explained + headline(layers, layer="two").explained
    )


def test_units_for_which_nothing_was_found_are_tested_too():
    _, _, result = world(2)
    # 19 shuffles: p is .05 at least, so a second test that fails makes it .1
    one = replace(of(result[:1], SOLID, nulls=19), lower=())
    luck = replace(one[0].trust.held_out_chance, p_value=0.05, p_pooled=0.03)
    one = replace(
        one, explanations=(replace(one[0], trust=replace(one[0].trust, held_out_chance=luck)),)
    )
    assert headline({"a": one}).better == 1
    silent = replace(result[1], beam=(), status=NO_CONCEPT, support=Support(500, 50))
    both = replace(one, explanations=(*one.explanations, silent))
    found = headline({"a": both})
    assert (found.tested, found.better, found.pooled) == (2, 0, True)
    rare = replace(silent, support=Support(500, 2))
    assert headline({"a": replace(one, explanations=(*one.explanations, rare))}).better == 1


def test_where_shuffles_are_too_few_the_pooled_estimate_is_taken_and_said():
    _, _, result = world(6)
    # one unit in six at p = 1 / 40 cannot reach .05 when all six are tested
    some = of(result, SOLID, *[CHANCE] * 5)
    assert headline({"a": some}).pooled
    luck = replace(some[0].trust.held_out_chance, p_pooled=0.001)
    first = replace(some[0], trust=replace(some[0].trust, held_out_chance=luck))
    some = replace(some, explanations=(first, *some.explanations[1:]))
    found = headline({"a": some})
    assert (found.better, found.explained, found.pooled) == (1, 1, True)


def test_only_what_is_more_than_chance_explains_something():
    _, _, result = world(3)
    lines = [
        view_of(judged(e, verdict)).lines[0]
        for e, verdict in zip(result, (SOLID, PARTIAL, CHANCE), strict=True)
    ]
    assert ["it explains" in line for line in lines] == [True, True, False]


def few_shuffles(above: int, others: int, nulls: int = 39) -> Result:
    """Units above all shuffles, and others that a fifth of the shuffles reach."""
    _, _, result = world(above + others)
    whole = of(result, *[SOLID] * above, *[CHANCE] * others)
    found = []
    for at, e in enumerate(whole):
        reached = 0 if at < above else nulls // 5
        luck = replace(
            e.trust.held_out_chance, nulls=nulls, reached=reached,
            p_value=(1 + reached) / (1 + nulls), p_pooled=0.04 if at < above else 0.5,
        )  # fmt: skip
        found.append(replace(e, trust=replace(e.trust, held_out_chance=luck)))
    return replace(whole, explanations=tuple(found))


def test_where_more_shuffles_could_tell_it_is_said_how_many():
    found = headline({"layer": few_shuffles(4, 36)})
    assert (found.better, found.undecided, found.nulls_wanted) == (0, 4, 199)
    told = " ".join(headline_sentences(found))
    assert "4 more units lie above all 39 shuffles" in told
    assert "--nulls 199" in told
    better = summary(found, few_shuffles(4, 36)).figures[1]
    assert "--nulls 199" in better.note
    # with these, all four pass together, and nothing is proposed
    enough = headline({"layer": few_shuffles(4, 36, nulls=199)})
    assert (enough.better, enough.undecided, enough.nulls_wanted) == (4, 0, 0)
    assert "--nulls" not in " ".join(headline_sentences(enough))


def test_where_as_many_lie_above_all_shuffles_by_luck_no_more_are_proposed():
    found = headline({"layer": few_shuffles(1, 79)})
    assert (found.undecided, found.nulls_wanted) == (0, 0)


def test_of_a_layer_its_own_undecided_units_are_told():
    results = {"a": few_shuffles(4, 16), "b": few_shuffles(2, 18)}
    assert headline(results).undecided == 6
    assert headline(results, layer="b").undecided == 2


def test_explained_is_solid_and_at_least_a_part_and_above_the_twin():
    _, _, result = world(3)
    little = judged(result[2], SOLID, held_out=0.06)
    some = replace(of(result[:2], SOLID, PARTIAL), lower=())
    whole = replace(some, explanations=(*some.explanations, little))
    assert str(little.trust.extent) == "little"
    assert headline({"a": whole}).explained == 1
    for held_out, explained in ((0.3, 1), (0.7, 0)):
        twin = of(result, SOLID, CHANCE, CHANCE, held_out=held_out)
        found = headline({"a": whole}, {"a": twin})
        assert (found.twin, found.explained) == (True, explained)


def test_a_twin_that_cannot_be_compared_with_is_refused():
    _, _, result = world(2)
    ours = of(result, SOLID, SOLID)
    with pytest.raises(OptionError, match="has no layer a; explain the same layers"):
        headline({"a": ours}, {"b": ours})
    with pytest.raises(OptionError, match="has no held-out scores"):
        headline({"a": ours}, {"a": result})
