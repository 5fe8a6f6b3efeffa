"""Scores from raw activations, against dense maps; tests of scores; searches for correlation."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import naive
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import count_responses
from andornot.counting.stores import InMemory
from andornot.explainer import explain_responses, kernel_atoms, score_responses
from andornot.formula import parse
from andornot.measures import moments as moments_module
from andornot.measures.moments import find_moments, units_at_once
from andornot.measures.profiles import Asked, find_profiles
from andornot.measures.sanity import (
    PASSED,
    TESTED_METRICS,
    extra_labels,
    missing_labels,
    run_tests,
    with_further,
)
from andornot.measures.scores import METRICS, Agreement, Counts, mask_cosine, pearson
from andornot.search import correlation
from andornot.search.options import SearchOptions
from andornot.search.problem import OPERATORS
from andornot.trust.agreement import agreements
from strategies import MANY, cases, labelled

FEW = settings(max_examples=max(4, settings.default.max_examples // 2))
CLOSE: dict[str, Any] = {"rel": 1e-9, "abs": 1e-9}


@st.composite
def recordings(draw):
    """Label maps of samples of any sizes, and activations for them."""
    data = draw(labelled())
    n, (units, h, w) = len(data.maps), (draw(st.integers(1, 3)) for _ in range(3))
    values = st.sampled_from([-1.0, 0.0, 0.5, 0.75, 1.0, 2.0])
    flat = draw(st.lists(values, min_size=n * units * h * w, max_size=n * units * h * w))
    maps = np.array(flat, np.float32).reshape(n, units, h, w)
    return data, InMemory(maps, block_size=draw(st.integers(1, 3)))


def dense(data, recorded, unit):
    """The upsampled map of each sample, by the textbook."""
    return [
        naive.upsample(recorded.values[i, unit], *maps.shape[1:])
        for i, maps in enumerate(data.maps)
    ]


@given(recordings(), st.booleans())
def test_sums_by_atom_are_those_of_upsampled_maps(recording, small):
    data, recorded = recording
    table = data.table
    units = list(range(recorded.n_units))[::-1]
    found = find_moments(recorded, table, units, jobs=2 if small else 1)
    for row, unit in enumerate(units):
        maps = dense(data, recorded, unit)
        sums = np.zeros(table.n_atoms)
        for i, values in enumerate(maps):
            np.add.at(sums, table.positions.sample(i), values)
        assert found.by_atom[row] == pytest.approx(sums, **CLOSE)
        squares = sum((values**2).sum() for values in maps)
        assert found.squares[row] == pytest.approx(squares, **CLOSE)
        assert found.unit(row).total == pytest.approx(sums.sum(), **CLOSE)


def test_units_come_in_blocks_that_fit_the_memory(monkeypatch):
    table = ConceptTable.from_masks(np.eye(3, dtype=bool), ["a", "b", "c"])
    assert [len(block) for block in units_at_once(table, 5)] == [5]
    monkeypatch.setattr(moments_module, "_SUM_BYTES", 2 * 8 * table.n_atoms)
    assert [list(block) for block in units_at_once(table, 5)] == [[0, 1], [2, 3], [4]]


@FEW
@given(recordings(), st.sampled_from([0.0, 0.6]), st.data())
def test_further_scores_are_those_of_pixels(recording, threshold, draw):
    data, recorded = recording
    table = data.table
    thresholds = np.full(recorded.n_units, threshold + 0.01234567)
    responses = count_responses(recorded, thresholds, table, jobs=1).responses
    formula = parse(f"c0 OR {draw.draw(st.sampled_from(data.names))} AND NOT {data.names[-1]}")
    result = explain_responses(responses, table, SearchOptions(length=2), jobs=1)
    chosen = [e for e in result if e.formula is not None]
    found = agreements(chosen, recorded, thresholds, table, jobs=1)
    assert list(found) == [e.unit for e in chosen]
    for e in chosen:
        maps = dense(data, recorded, e.unit)
        active = [values > thresholds[e.unit] for values in maps]
        mask = table.mask(e.formula)
        holds = [mask[table.positions.sample(i)] for i in range(len(maps))]
        values, truth = flat(maps), flat(holds)
        agreement = found[e.unit]
        expected = naive.pearson(values, np.flatnonzero(truth))
        assert agreement.pearson == pytest.approx(expected, abs=1e-6)
        norm = np.linalg.norm(values) * np.linalg.norm(truth)
        assert agreement.cosine_raw == pytest.approx(values @ truth / norm if norm else 0, **CLOSE)
        assert agreement.auprc == pytest.approx(naive.average_precision(truth, flat(active)))
        coverage = agreement.explanation_coverage, agreement.sample_coverage
        assert coverage == naive.coverages(active, holds)
        assert Agreement.from_dict(agreement.as_dict()) == agreement
    assert score_responses(formula, responses, 0, table).auprc >= 0


def flat(parts):
    return np.concatenate([np.asarray(part).ravel() for part in parts])


@given(recordings(), st.data())
def test_profiles_hold_what_pixels_say(recording, draw):
    data, recorded = recording
    table = data.table
    mask = np.array(draw.draw(st.lists(st.booleans(), min_size=table.n_atoms,
                                       max_size=table.n_atoms)))  # fmt: skip
    values = flat(dense(data, recorded, 0)).round(12)
    threshold = draw.draw(st.sampled_from([0.0, 0.6, 5.0])) + 0.01234567
    assume(values.min() < threshold)
    asked = Asked(0, mask, threshold, values.min(), values.max())
    (profile,) = find_profiles(recorded, table, [asked], jobs=1)
    truth = flat([mask[table.positions.sample(i)] for i in range(len(data.maps))])
    active = values > threshold
    assert profile.confusion() == Counts.of(
        (active & truth).sum(), truth.sum(), active.sum(), len(values)
    )
    expected = naive.pearson(values, np.flatnonzero(truth))
    assert profile.pearson() == pytest.approx(expected, abs=1e-6)
    if truth.any() and not truth.all():
        low, high = profile.ranking_auprc()
        assert low - 1e-9 <= naive.average_precision(values, truth) <= high + 1e-9
        low, high = profile.ranking_auc()
        assert low - 1e-9 <= naive.ranking_auc(values, truth) <= high + 1e-9
        difference = values[truth].mean() - values[~truth].mean()
        assert profile.mean_difference() == pytest.approx(difference, abs=1e-6)
    else:
        assert profile.ranking_auc() == (0, 0)
        assert profile.mean_difference() == 0


def test_bounds_of_rankings_are_narrow_where_bins_are():
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) < 0.1
    values = (rng.normal(size=20_000) + truth).clip(0).astype(np.float32)
    table = ConceptTable.from_masks(truth[None], ["a"])
    asked = Asked(0, table.mask("a"), float(np.quantile(values, 0.99)), 0.0, float(values.max()))
    (profile,) = find_profiles(InMemory(values[:, None, None, None]), table, [asked], jobs=1)
    low, high = profile.ranking_auprc()
    assert 0 < high - low < 0.003
    assert low <= naive.average_precision(values.round(3), truth) <= high + 0.001
    low, high = profile.ranking_auc()
    assert 0 < high - low < 0.003


def planted(rng, share, noise, n=40_000):
    """A unit that fires on a concept: stronger there, with noise; and its profile."""
    truth = rng.random(n) < share
    values = (truth * 1.0 + noise * rng.normal(size=n)).clip(0).astype(np.float32)
    table = ConceptTable.from_masks(truth[None], ["a"])
    threshold = float(np.quantile(values, 1 - share))
    asked = Asked(0, table.mask("a"), threshold, float(values.min()), float(values.max()))
    return find_profiles(InMemory(values[:, None, None, None]), table, [asked], jobs=1)[0]


def test_the_five_trusted_scores_pass_on_planted_units_and_the_others_do_not():
    """As published (Oikarinen et al. 2025): rare concepts, units that fire on them with noise."""
    rng = np.random.default_rng(1)
    profiles = [planted(rng, 5e-4, noise, 200_000) for noise in (0.2, 0.25, 0.3)]
    tested = run_tests(profiles, seed=2)
    missing, extra = tested.share("missing"), tested.share("extra")
    for metric, one, two in zip(TESTED_METRICS, missing, extra, strict=True):
        passes = one >= PASSED and two >= PASSED
        # the first fails where units are far from their concepts; others were not published
        if metric.name != "ranking_auprc" and metric.trusted is not None:
            assert passes == metric.trusted, (metric.name, one, two)
    assert [m.name for m in TESTED_METRICS if m.trusted] == [
        "iou", "f1", "pearson", "cosine_raw", "auprc"
    ]  # fmt: skip


def test_a_further_score_is_tested_too_but_was_not_published():
    *others, further = with_further([*METRICS, "tversky"])
    assert [m.name for m in others] == [m.name for m in TESTED_METRICS]
    assert (further.name, further.trusted) == ("tversky", None)


def test_wrong_labels_are_as_many_as_they_should_be():
    rng = np.random.default_rng(0)
    profile = planted(rng, 0.1, 0.2)
    t = profile.counts[1].sum()
    less, more = missing_labels(profile, rng), extra_labels(profile, rng)
    assert less.counts[1].sum() == t - t // 2
    assert more.counts[1].sum() == 2 * t
    for wrong in (less, more):
        assert (wrong.counts.sum(axis=0) == profile.counts.sum(axis=0)).all()
        assert wrong.sums.sum(axis=0) == pytest.approx(profile.sums.sum(axis=0))
    a = profile.confusion()
    assert less.confusion().tp == pytest.approx(a.tp / 2, abs=4 * np.sqrt(a.tp) / 2)
    share = (a.fn / (a.fn + a.tn)) * t
    assert more.confusion().tp == pytest.approx(a.tp + share, abs=4 * np.sqrt(share))


def test_scores_of_constant_activations_and_empty_masks_are_zero():
    assert pearson(0, 0.0, 3.0, 5.0, 4) == 0
    assert pearson(4, 3.0, 3.0, 5.0, 4) == 0
    assert pearson(2, 14.0, 28.0, 196.0, 4) == 0
    assert pearson(0, 0.0, 0.0, 0.0, 0) == 0
    assert mask_cosine(0, 0.0, 5.0) == mask_cosine(2, 0.0, 0.0) == 0
    assert Counts(0, 0, 0, 0).auprc == 0
    assert Counts(2, 0, 0, 8).auprc == 1


@st.composite
def searches(draw):
    """A case whose unit has whole numbers for activations, and options."""
    case = draw(cases(max_concepts=4))
    values = draw(st.lists(st.integers(-3, 5), min_size=case.n, max_size=case.n))
    return case, np.array(values, float)


def target_of(case, values):
    atoms = case.table.positions.atoms
    by_atom = np.bincount(atoms, values, minlength=case.table.n_atoms)
    return correlation.Target.of(by_atom, float((values**2).sum()), case.table.counts)  # type: ignore[arg-type]


@MANY
@given(
    searches(), st.integers(1, 3), st.integers(1, 3), st.sampled_from([1.0, 0.8]),
    st.none() | st.integers(1, 3),
    st.lists(st.sampled_from(list(OPERATORS)), min_size=1, unique=True), st.booleans(),
)  # fmt: skip
def test_the_search_for_correlation_equals_the_slow_one(
    search, length, size, penalty, limit, operators, negated
):
    case, values = search
    operators = tuple(name for name in OPERATORS if name in operators)
    options = SearchOptions(
        length, size, operators=operators, penalty=penalty, limit=limit, negated_first=negated
    )
    atoms = kernel_atoms(case.table)
    solution = correlation.solve(
        case.problem(), options, target_of(case, values), correlation.membership(atoms)
    )

    def score(mask):
        return max(0.0, round(naive.pearson(values, mask), 9))

    n = case.n if negated else None
    steps = naive.beam_search(case.concepts, length, size, score, operators, penalty, limit, n)
    names = {number: name for name, number in OPERATORS.items()}
    found = [
        (
            ("NOT", f.concepts[0]) if f.negated else f.concepts[0],
            *((names[o], c) for o, c in zip(f.operators, f.concepts[1:], strict=True)),
        )
        for f in solution.beam
    ]
    expected = [score for _, score in steps[-1]]
    assert [f.score for f in solution.beam] == pytest.approx(expected, abs=1e-8)
    # of equal scores, which a penalty makes out of others, the last bit decides
    more = naive.beam_search(case.concepts, length, size + 1, score, operators, penalty, limit, n)
    ranked = [[score for _, score in step] for step in more]
    if all(a - b > 1e-8 for step in ranked for a, b in itertools.pairwise(step)):
        assert found == [formula for formula, _ in steps[-1]]
    firsts = [step[0][1] if step else None for step in steps]
    assert [f and f.score for f in solution.by_length] == pytest.approx(firsts, abs=1e-8)
    for f in solution.beam:
        mask = case.table.mask(f.formula(case.table.names))
        assert (f.i, f.t) == tuple(
            int(part) for part in (case.responses.unit(0)[1][mask[case.responses.unit(0)[0]]].sum(),
                                   case.table.counts[mask].sum())
        )  # fmt: skip


@given(searches())
def test_the_ceiling_of_correlation_is_the_best_union_of_atoms(search):
    case, values = search
    groups = list(naive.atoms(case.concepts, case.n).values())
    best = max(
        naive.pearson(values, set().union(*itertools.compress(groups, chosen)))
        for chosen in itertools.product((False, True), repeat=len(groups))
    )
    found = correlation.ceiling(target_of(case, values), case.table.counts)
    assert found == pytest.approx(best, abs=1e-8)
