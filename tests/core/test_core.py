"""What of a formula comes back: cores, signs and masks, against redraws that are written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from andornot import And, Concept, Not, Or
from andornot.concepts.table import ConceptTable
from andornot.formula import parse
from andornot.trust.core import only, signed_concepts, signed_text
from andornot.trust.draws import draw_samples
from andornot.trust.measure import assess
from andornot.trust.options import TrustOptions
from trust_cases import blobs


@pytest.mark.parametrize(
    ("formula", "kept", "left"),
    [
        ("a", ["a"], "a"),
        ("a", [], None),
        ("a OR b", ["b"], "b"),
        ("a AND b", ["b"], "b"),
        ("a AND NOT b", ["NOT b"], None),
        ("a AND NOT b", ["a"], "a"),
        ("a AND NOT b", ["a", "b"], "a"),  # b came back with the other sign
        ("a OR b AND NOT c", ["b", "NOT c"], "b AND NOT c"),
        ("(a OR b) AND NOT c", ["b", "NOT c"], "b AND NOT c"),
        ("(a OR b) AND NOT c", ["a", "b"], "a OR b"),
        ("a AND NOT b AND c", ["NOT b", "c"], "c AND NOT b"),
        ("a AND NOT b AND NOT c", ["NOT b", "NOT c"], None),
        ("(a AND NOT b) OR c", ["NOT b", "c"], "c"),
        ("a AND NOT (b OR c)", ["a", "NOT c"], "a AND NOT c"),
        ("a AND NOT (b AND NOT c)", ["a", "c"], "a"),
        ("a AND NOT (b AND NOT c)", ["a", "NOT b"], "a AND NOT b"),
        ("(a AND b) OR (c AND NOT d)", ["b", "c", "NOT d"], "b OR (c AND NOT d)"),
        ("(a AND NOT b) OR (c AND NOT d)", ["NOT b", "NOT d"], None),
        ("NOT a", ["NOT a"], "NOT a"),
        ("NOT a", ["a"], None),
        ("NOT a AND NOT b", ["NOT b"], "NOT b"),
        ("NOT a AND NOT b", ["NOT a", "NOT b"], "NOT a AND NOT b"),
        ("NOT a OR b", ["NOT a", "b"], "NOT a OR b"),
        ("NOT a OR b", ["NOT a"], "NOT a"),
        ("NOT a OR b", ["b"], "b"),
        ("(NOT a AND NOT b) OR c", ["NOT b", "c"], "NOT b OR c"),
        ("(NOT a OR b) AND NOT c", ["b", "NOT c"], "b AND NOT c"),
    ],
)
def test_a_formula_of_what_is_kept(formula, kept, left):
    found = only(parse(formula), set(kept))
    assert found == (None if left is None else parse(left))


LITERALS = st.sampled_from("abcde").map(Concept)
FORMULAS = st.recursive(
    LITERALS,
    lambda inner: st.one_of(
        st.builds(Or, inner, inner), st.builds(And, inner, inner),
        st.builds(And, inner, st.builds(Not, inner)),
    ),
    max_leaves=6,
)  # fmt: skip


@given(FORMULAS, st.sets(st.sampled_from(["a", "b", "c", "NOT a", "NOT c", "NOT d"])))
def test_what_is_left_has_only_what_is_kept(formula, kept):
    left = only(formula, kept)
    assert only(formula, {signed_text(n, taken=t) for n, t in signed_concepts(formula)}) == formula
    if left is not None:
        texts = {signed_text(name, taken=taken) for name, taken in signed_concepts(left)}
        assert texts <= kept
        # there is nothing where no concept is, so it does not explain by absence
        assert not left.evaluate(lambda _: np.zeros(1, bool)).any()
        assert only(left, kept) == left


SEARCH: dict[str, Any] = {"length": 3, "beam_size": 4, "search": "beam"}
DRAWN = TrustOptions(resamples=5, bootstrap=40, nulls=0, seed=2)


def world(seed, twins):
    """Planted units over concepts of which some pairs cannot be told apart; groups of two."""
    rng = np.random.default_rng(seed)
    concepts = blobs(rng, 6, 20, 4, 0.5)
    if twins:
        concepts[3], concepts[4] = concepts[0], concepts[2]
    units = np.stack([concepts[0] | concepts[1], (concepts[0] | concepts[1]) & ~concepts[2],
                      concepts[5], blobs(rng, 1, 20, 4, 0.5)[0]])  # fmt: skip
    units ^= rng.random(units.shape) < 0.06
    groups = np.repeat(np.arange(10), 2)
    names = [f"c{i}" for i in range(6)]
    table = ConceptTable.from_masks(
        concepts, names, folds=groups % 3, groups=[f"g{g}" for g in groups]
    )
    return concepts, units, names, groups, table


def signs(formula):
    return {signed_text(name, taken=taken) for name, taken in signed_concepts(formula)}


@pytest.mark.parametrize(("seed", "twins"), [(0, False), (1, True), (2, False), (3, True)])
def test_masks_signs_and_cores_are_those_of_samples_laid_out_again(seed, twins):
    concepts, units, names, groups, table = world(seed, twins)
    result = andornot.explain(units, table, **SEARCH)
    draws = draw_samples(groups, DRAWN.bootstrap, DRAWN.seed)[: DRAWN.resamples]
    sets = {n: set(np.flatnonzero(c).tolist()) for n, c in zip(names, concepts, strict=True)}

    def mask(formula, masks=concepts):
        return formula.evaluate(lambda name: masks[names.index(name)])

    for u, e in enumerate(assess(result, units, table, options=DRAWN)):
        shown, n = e.shown, e.trust.shown
        own, ious = mask(shown.formula), []
        same = naive.twins(shown.formula, sets, own.size)
        like = {
            text: {signed_text(o, taken=taken) for o in (name, *same[name])}
            for name, taken in signed_concepts(shown.formula)
            for text in [signed_text(name, taken=taken)]
        }
        seen = dict.fromkeys(like, 0)
        for times in draws:
            lent, unit = naive.redrawn(concepts, times), naive.redrawn(units[u : u + 1], times)
            again = andornot.explain(unit, ConceptTable.from_masks(lent, names), **SEARCH)[0]
            drawn = mask(shown.formula, lent)
            score = (drawn & unit[0]).sum() / max(1, (drawn | unit[0]).sum())
            best = again.best_by_length[n - 1]
            formula = best.formula if best is not None and best.score > score else shown.formula
            if formula == shown.formula and not score:
                ious.append(0.0)
                continue
            found = mask(formula)
            ious.append((own & found).sum() / (own | found).sum())
            for text, alike in like.items():
                seen[text] += bool(alike & signs(formula)) if formula != shown.formula else 1
        stable = e.trust.stability
        assert stable.mask_iou == pytest.approx(np.median(ious))
        assert dict(stable.signed) == {text: times / 5 for text, times in seen.items()}

        kept = {text for text, times in seen.items() if times >= 4}
        core = only(shown.formula, kept)
        assert e.trust.core.formula == (None if core is None else str(core))
        alike = set().union(*(like[text] for text in kept))
        hits = union = 0
        for fold, text in enumerate(e.trust.held_out.formulas):
            rest = None if text is None else only(parse(text), alike)
            here = np.zeros(own.shape, bool) if rest is None else mask(rest)
            out = groups % 3 == fold
            hits += int((here & units[u])[out].sum())
            union += int((here | units[u])[out].sum())
        if core == e.shown.formula:  # the score of the formula itself
            hits, union = e.trust.held_out_iou, 1
        assert e.trust.core.iou == pytest.approx(0 if core is None else hits / max(1, union))


@pytest.mark.parametrize("seed", range(3))
def test_held_out_numbers_of_the_formula_that_is_shown(seed):
    """Hits, area, precision, recall, formulas and the interval, recomputed fold by fold."""
    concepts, units, names, groups, table = world(seed, twins=False)
    found = assess(andornot.explain(units, table, **SEARCH), units, table, options=DRAWN)
    n_groups, draws = 10, draw_samples(np.arange(10), DRAWN.bootstrap, DRAWN.seed)
    results = {}
    for fold in range(3):
        kept = groups % 3 != fold
        part = ConceptTable.from_masks(concepts[:, kept], names)
        results[fold] = andornot.explain(units[:, kept], part, **SEARCH)
    for u, e in enumerate(found):
        held, unit = e.trust.held_out, units[u]
        hits, area = np.zeros((2, 3), int)
        by_group = np.zeros((n_groups, 2))
        for fold, result in results.items():
            out = groups % 3 == fold
            for n, best in enumerate(result[u].best_by_length):
                mask = np.zeros(unit.shape, bool)
                if best is not None:
                    mask = best.formula.evaluate(lambda name: concepts[names.index(name)])
                hits[n] += (unit & mask)[out].sum()
                area[n] += mask[out].sum()
                if n + 1 == e.trust.shown:
                    text = None if best is None else str(best.formula)
                    assert held.formulas[fold] == text
                    for g in np.unique(groups[out]):
                        own = groups == g
                        by_group[g] = (unit & mask)[own].sum(), (unit | mask)[own].sum()
        assert (held.hits, held.area) == (tuple(hits.tolist()), tuple(area.tolist()))
        assert held.active == unit.sum()
        for n in (1, 2, 3):
            union = unit.sum() + area[n - 1] - hits[n - 1]
            assert held.by_length[n - 1] == pytest.approx(hits[n - 1] / max(1, union), abs=0)
            assert held.precision(n) == hits[n - 1] / max(1, area[n - 1])
            assert held.recall(n) == hits[n - 1] / max(1, unit.sum())
        drawn = [times @ by_group for times in draws.astype(float)]
        iou = [both / max(1, either) for both, either in drawn]
        assert held.interval == tuple(np.quantile(iou, [0.025, 0.975]).tolist())
