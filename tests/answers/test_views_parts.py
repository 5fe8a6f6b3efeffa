"""What the report's pages say, against plain recomputations of it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot import And, Concept, ConceptTable, Not, Or, Responses, parse
from andornot.counting.stores import InMemory
from andornot.views.histograms import BINS, histograms
from andornot.views.neighbours import nearest_units
from andornot.views.of_run import threshold
from andornot.views.parts import Matcher, failures
from andornot.views.plots import accuracy_scatter, iou_by_length, round_numbers
from andornot.views.unit import AGREEMENT, FORMULA_ONLY, UNIT_ONLY
from andornot.views.unit_plots import activation_histogram
from manifest_cases import run_by

NAMES = ("a", "b", "c", "d")


def naive_iou(x, y):
    either = (x | y).sum()
    return (x & y).sum() / either if either else 0.0


def naive_without(formula, number):
    """The formula without its concept number ``number`` (from the left); None if it was all."""

    def visit(f, first):
        if isinstance(f, Concept):
            return (None if first == number else f), first + 1
        if isinstance(f, Not):
            inner, after = visit(f.operand, first)
            return (None if inner is None else Not(inner)), after
        left, after = visit(f.left, first)
        right, after = visit(f.right, after)
        kept = [part for part in (left, right) if part is not None]
        return (type(f)(*kept) if len(kept) == 2 else kept[0] if kept else None), after

    return visit(formula, 0)[0]


def naive_roles(formula):
    """Of each concept: negated or not, and what joins it once all NOTs stand at the concepts."""

    def visit(f, negated, place):
        if isinstance(f, Concept):
            yield f.name, "NOT" if negated else place
        elif isinstance(f, Not):
            yield from visit(f.operand, not negated, place)
        else:
            joins = "AND" if isinstance(f, And) != negated else "OR"
            yield from visit(f.left, negated, joins)
            yield from visit(f.right, negated, joins)

    return list(visit(formula, False, "alone"))


formulas = st.recursive(
    st.sampled_from(NAMES).map(Concept),
    lambda inner: st.one_of(
        inner.map(Not), st.tuples(inner, inner).map(lambda p: And(*p)),
        st.tuples(inner, inner).map(lambda p: Or(*p)),
    ),
    max_leaves=6,
)  # fmt: skip
masks = st.lists(st.integers(0, 31), min_size=3, max_size=25).map(
    lambda rows: np.array([[row >> i & 1 for row in rows] for i in range(5)], bool)
)


def world(columns):
    """A table of four concepts, and the responses of one unit, on a few positions."""
    table = ConceptTable.from_masks(columns[:4], NAMES)
    return table, Responses.from_masks(columns[4:], table)


def matcher_of(table, responses, unit=0):
    active = np.zeros(table.n_atoms, np.int64)
    atoms, counts = responses.unit(unit)
    active[atoms] = counts
    return Matcher(table, active)


@given(formulas, masks)
def test_parts_score_as_formulas_of_their_own(formula, columns):
    by_name, unit = dict(zip(NAMES, columns, strict=False)), columns[4]
    tree = matcher_of(*world(columns)).tree(formula)
    whole = formula
    while isinstance(whole, Not):
        whole = whole.operand
    assert tree.iou == pytest.approx(naive_iou(whole.evaluate(by_name.__getitem__), unit))
    leaves = list(tree.concepts())
    assert [(leaf.concept, leaf.role) for leaf in leaves] == naive_roles(formula)
    for number, leaf in enumerate(leaves):
        assert leaf.iou == pytest.approx(naive_iou(by_name[leaf.concept], unit))
        rest = naive_without(formula, number)
        if rest is None:
            assert leaf.without is None
        else:
            expected = naive_iou(rest.evaluate(by_name.__getitem__), unit)
            assert leaf.without == pytest.approx(expected)


def test_chains_are_one_node():
    columns = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 0]], bool)
    tree = matcher_of(*world(columns)).tree(parse("((a OR b) OR c) AND NOT d"))
    assert (tree.operator, tree.without) == ("AND", None)
    either, d = tree.parts
    assert either.operator == "OR"
    assert [part.concept for part in either.parts] == ["a", "b", "c"]
    assert (d.concept, d.negated, d.role) == ("d", True, "NOT")
    assert (tree.iou, either.iou, d.without) == (1.0, 0.75, 0.75)


@given(formulas, masks)
def test_failures_name_what_stands_out(formula, columns):
    table, responses = world(columns)
    holds = formula.evaluate(dict(zip(NAMES, columns, strict=False)).__getitem__)
    found = failures(matcher_of(table, responses), table.mask(formula))
    for shares, where in zip(found, (columns[4] & ~holds, holds & ~columns[4]), strict=True):
        for s in shares:
            mask = columns[NAMES.index(s.concept)]
            assert s.share == pytest.approx(mask[where].mean())
            assert s.usual == pytest.approx(mask.mean())
            assert s.share > s.usual
        ranks = [s.share * math.log(s.share / s.usual) for s in shares]
        assert ranks == sorted(ranks, reverse=True)
    for s in found[1]:  # what holds wherever the formula does is no news of its false alarms
        assert not columns[NAMES.index(s.concept)][holds].all()


def test_of_false_alarms_the_formula_itself_is_not_named():
    columns = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [0, 1, 0, 0], [0] * 4, [1, 0, 0, 0]], bool)
    table, responses = world(columns)
    missed, alarms = failures(matcher_of(table, responses), table.mask(parse("a")))
    assert (missed, [s.concept for s in alarms]) == ((), ["c"])


@given(st.integers(0, 2**16))
def test_nearest_units_equal_a_plain_computation(seed):
    rng = np.random.default_rng(seed)
    columns, units = rng.random((4, 30)) < 0.4, rng.random((5, 30)) < 0.3
    table = ConceptTable.from_masks(columns, NAMES)
    responses = Responses.from_masks(units, table)
    spread = np.array(
        [[(u & (table.positions.atoms == a)).sum() for a in range(table.n_atoms)] for u in units]
    )
    chosen = [0, 2, 3, 4]
    for place, matches in enumerate(nearest_units(responses, chosen, 2)):
        u = spread[chosen[place]]
        cosines = {
            i: u @ spread[v] / (np.linalg.norm(u) * np.linalg.norm(spread[v]) or 1)
            for i, v in enumerate(chosen)
            if i != place
        }
        expected = sorted((c for c in cosines.values() if c > 0), reverse=True)[:2]
        assert [m.score for m in matches] == pytest.approx(expected)
        assert all(cosines[m.index] == pytest.approx(m.score) for m in matches)


def test_histograms_count_every_value():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(70, 4, 3, 2)).astype(np.float32)
    values[:, 1] = np.maximum(values[:, 1], 0)
    values[:, 2] = 7
    values[5, 3, 0, 0] = np.nan
    found = histograms(InMemory(values, block_size=32))
    assert found[2] is None, "a single value"
    assert found[3] is None, "no number"
    for unit in (0, 1):
        own = values[:, unit].ravel()
        assert found[unit].counts == tuple(np.histogram(own, BINS, (own.min(), own.max()))[0])
        assert found[unit].zeros == (own == 0).sum()
        assert found[unit].total == own.size
    plot = activation_histogram(found[0], 1.0)
    assert len(plot.bars) == sum(n > 0 for n in found[0].counts)
    assert "threshold at 1;" in plot.summary
    edges = np.linspace(found[0].low, found[0].high, BINS + 1)[1:]
    assert sum(b.look == "main" for b in plot.bars) == sum(
        n > 0 and edge > 1 for n, edge in zip(found[0].counts, edges, strict=True)
    )


def test_red_tells_the_unit_and_blue_the_formula():
    """The views of one mask are made by these thresholds (see the filters in unit.html.j2)."""
    assert all((colour[0] / 255 > 0.5) for colour in (UNIT_ONLY, AGREEMENT))
    assert FORMULA_ONLY[0] / 255 < 0.4
    assert all((colour[2] / 255 > 0.4) for colour in (AGREEMENT, FORMULA_ONLY))
    assert UNIT_ONLY[2] / 255 < 0.2


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_and_inside(low, span):
    ticks = round_numbers(low, low + span)
    assert 2 <= len(ticks) <= 7
    assert all(low - 1e-6 * span <= t <= low + span * (1 + 1e-6) for t in ticks)
    steps = np.diff(ticks)
    assert steps == pytest.approx(steps[0], rel=1e-3)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"quantile": 0.005}, "among the highest 0.5 % of its values"),
        ({"fixed": 0.25}, "above 0.25"),
        ({"k": 3, "by": "clusters"}, "in the top one of the 3 ranges of its values"),
        (None, "above its threshold"),  # a run of an older version does not say
    ],
)
def test_when_a_unit_is_active(tmp_path, rule, told):
    assert threshold(run_by(tmp_path, rule), "1") == told


def test_the_curve_of_the_mean_stays_inside_its_figure():
    table = pd.DataFrame(
        {"length": [1, 2], "q25": [0.1, 0.1], "mean": [0.4, 0.6], "q75": [0.2, 0.2]}
    )
    plot = iou_by_length(table)
    assert all(dot.y >= plot.y.end for dot in plot.dots)
    assert plot.y.high == pytest.approx(0.6)


def test_a_scatter_has_its_numbers_by_ranges_of_iou():
    table = pd.DataFrame(
        {"unit": [0, 1, 2, 3], "formula": ["a"] * 4, "iou": [0.1, 0.3, 0.34, 1.0],
         "margin": [2.0, -1.0, 4.0, np.nan]}
    )  # fmt: skip
    assert accuracy_scatter(table, "margin", "margin", {}).numbers.rows == (
        ("0.10 to 0.15", "1", "2.000", "2.000 to 2.000"),
        ("0.30 to 0.35", "2", "1.500", "-1.000 to 4.000"),
    )
    table["margin"] = [2.0, -1.0, 4.0, 5.0]
    rows = accuracy_scatter(table, "margin", "margin", {}).numbers.rows
    assert [row[:2] for row in rows] == [
        ("0.10 to 0.20", "1"), ("0.30 to 0.40", "2"), ("0.90 to 1.00", "1"),
    ]  # fmt: skip
