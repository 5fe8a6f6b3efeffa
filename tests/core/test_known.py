"""Searches that score formulas where their concepts are known, and what is known of a table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from andornot import ConceptTable
from andornot.concepts.known import LocalKnown
from andornot.errors import DataError, OptionError
from andornot.results.explanation import Explanation, UnknownNot
from andornot.results.result import Result
from andornot.search.options import SearchOptions
from andornot.trust.measure import examine
from strategies import as_mask

METRICS = ("iou", "f1", "mcc", "precision")


@dataclass(frozen=True)
class KnownCase:
    """Concepts of some categories over ``n`` positions, and where each category was annotated."""

    n: int
    concepts: tuple[frozenset[int], ...]
    categories: tuple[tuple[str, ...], ...]
    annotated: dict[str, frozenset[int]]
    unit: frozenset[int]

    @property
    def names(self) -> list[str]:
        return [f"c{c}" for c in range(len(self.concepts))]

    @property
    def known(self) -> list[set[int]]:
        """The positions on which each concept is known."""
        everywhere = frozenset(range(self.n))
        return [
            set().union(*(self.annotated.get(c, everywhere) for c in own))
            for own in self.categories
        ]

    def mask(self, name: str) -> np.ndarray:
        """Where a concept holds."""
        return as_mask(self.concepts[int(name[1:])], self.n)

    @property
    def table(self) -> ConceptTable:
        return ConceptTable.from_masks(
            np.array([as_mask(c, self.n) for c in self.concepts]), self.names, self.categories,
            known={name: as_mask(where, self.n) for name, where in self.annotated.items()},
        )  # fmt: skip


@st.composite
def known_cases(draw, max_concepts: int = 4, max_positions: int = 10) -> KnownCase:
    n = draw(st.integers(2, max_positions))
    subsets = st.frozensets(st.integers(0, n - 1))
    concepts = draw(st.lists(subsets, min_size=1, max_size=max_concepts))
    own = st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True).map(tuple)
    categories = draw(st.lists(own, min_size=len(concepts), max_size=len(concepts)))
    used = sorted({c for several in categories for c in several})
    annotated = draw(st.fixed_dictionaries({}, optional=dict.fromkeys(used, subsets)))
    return KnownCase(n, tuple(concepts), tuple(categories), annotated, draw(subsets))


@given(
    known_cases(),
    st.integers(1, 3),
    st.sampled_from(["exhaustive", "optimal", "beam", "auto"]),
    st.sampled_from(METRICS),
    st.sampled_from([1.0, 0.9]),
    st.booleans(),
)
def test_found_lies_between_truth_and_bound(case, length, search, metric, penalty, negated):
    table = case.table
    if table.known is None:
        return
    every = dict(
        naive.known_formulas(
            case.unit, case.concepts, case.known, length, lambda *of: naive.metric(metric, *of),
            penalty=penalty, n=case.n if negated else None,
        )
    )  # fmt: skip
    best = max(every.values(), default=0.0)
    e = andornot.explain(
        as_mask(case.unit, case.n)[None], table, length, search=search, metric=metric,
        penalty=penalty, known_only=True, negated_first=negated,
    )[0]  # fmt: skip
    texts: dict[str, float] = {}
    for formula, score in every.items():
        texts.setdefault(naive.text(formula, case.names), score)
    for scored in e.beam:
        assert scored.score == pytest.approx(texts[str(scored.formula)])
    scores = [scored.score for scored in e.beam]
    assert scores == sorted(scores, reverse=True)
    assert e.certificate.score <= best + 1e-12
    assert e.certificate.upper_bound >= best - 1e-12
    assert e.certificate.ceiling is None or e.certificate.ceiling >= e.certificate.score - 1e-12
    if e.certificate.proven and e.formula is not None:
        assert e.score == pytest.approx(best)
    for n, found in enumerate(e.best_by_length, 1):
        assert found is None or found.formula.length <= n


@given(known_cases(), st.integers(2, 3))
def test_trees_are_counted_where_they_are_known(case, length):
    unit = as_mask(case.unit, case.n)
    if case.table.known is None:
        return
    e = andornot.explain(
        unit[None], case.table, length, search="optimal", space="trees", known_only=True
    )[0]
    plain = andornot.explain(unit[None], case.table, length, search="optimal", known_only=True)[0]
    assert e.certificate.upper_bound >= plain.score
    for scored in e.beam:
        again = andornot.score(scored.formula, unit, case.table, known_only=True)
        assert scored.counts == again


def test_an_executor_finds_the_same():
    rng = np.random.default_rng(1)
    masks, annotated = rng.random((5, 60)) < 0.3, rng.random(60) < 0.6
    table = ConceptTable.from_masks(masks, list("abcde"), list("xxyyz"), known={"y": annotated})
    units = rng.random((3, 60)) < 0.3
    here = andornot.explain(units, table, known_only=True)
    with ThreadPoolExecutor(1) as executor:
        there = andornot.explain(units, table, known_only=True, executor=executor)
    assert here == there


@given(known_cases(), st.integers(1, 3))
def test_counts_are_those_of_the_known_positions(case, length):
    table, unit = case.table, as_mask(case.unit, case.n)
    if table.known is None:
        return
    e = andornot.explain(unit[None], table, length, known_only=True)[0]
    for scored in e.beam:
        formula = scored.formula
        mask = formula.evaluate(case.mask)
        inside = np.ones(case.n, np.bool_)
        for name in formula.concepts:
            inside &= as_mask(case.known[int(name[1:])], case.n)
        c = scored.counts
        assert c.tp == (unit & mask & inside).sum()
        assert c.fp == (~unit & mask & inside).sum()
        assert c.fn == (unit & ~mask & inside).sum()
        assert c.tn == (~unit & ~mask & inside).sum()
        assert andornot.score(formula, unit, table, known_only=True) == c


@given(known_cases(), st.integers(1, 3), st.sampled_from(["beam", "exhaustive", "optimal"]))
def test_nothing_else_changes(case, length, search):
    """Without the option, a table that says what is known gives what the plain one gives."""
    unit = as_mask(case.unit, case.n)[None]
    masks = np.array([as_mask(c, case.n) for c in case.concepts])
    plain = andornot.explain(
        unit, ConceptTable.from_masks(masks, case.names, case.categories), length, search=search
    )[0]
    e = andornot.explain(unit, case.table, length, search=search)[0]
    assert (e.formula, e.counts, e.score) == (plain.formula, plain.counts, plain.score)
    assert e.certificate == plain.certificate


@given(known_cases())
def test_shares_of_unknown(case):
    """What an explanation says of its NOTs is counted from the positions."""
    e = andornot.explain(as_mask(case.unit, case.n)[None], case.table, 2)[0]
    if e.formula is None:
        return
    holds = e.formula.evaluate(case.mask)
    said = {one.concept: one.share for one in e.unknown}
    for name in e.formula.concepts:
        known = as_mask(case.known[int(name[1:])], case.n)
        if f"NOT {name}" in str(e.formula):
            assert said.get(name, 0.0) == pytest.approx((holds & ~known).sum() / holds.sum())
        else:
            assert name not in said


def small(**more) -> ConceptTable:
    masks = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 1, 0]], np.bool_)
    return ConceptTable.from_masks(masks, ["a", "b"], ["x", "y"], **more)


NOBODY = np.array([0, 0, 0, 1, 0, 0, 1, 1], np.bool_)


def test_a_not_that_holds_where_nobody_labelled():
    table = small(known={"y": NOBODY})
    unit = np.array([1, 1, 0, 1, 0, 0, 0, 0], np.bool_)
    e = andornot.explain(unit[None], table, 2)[0]
    assert str(e.formula) == "a AND NOT b"
    assert e.unknown == (UnknownNot("b", ("y",), 2 / 3),)
    assert e.as_dict()["unknown"] == [{"concept": "b", "categories": ["y"], "share": 2 / 3}]
    assert Explanation.from_dict(e.as_dict()) == e
    assert "unknown" not in andornot.explain(unit[None], small(), 2)[0].as_dict()
    only = andornot.explain(unit[None], table, 2, known_only=True)[0]
    assert (str(only.formula), only.unknown) == ("a", ())


def test_of_a_concept_with_several_categories_one_is_enough():
    masks = np.ones((1, 4), np.bool_)
    known = {"x": [True, True, False, False], "y": [False, True, True, False]}
    table = ConceptTable.from_masks(masks, ["a"], [["x", "y"]], known=known)
    unit = np.array([[True, False, False, True]])
    assert andornot.explain(unit, table, 1, known_only=True)[0].counts.fn == 0
    assert andornot.score("a", unit[0], table, known_only=True).tp == 1


def test_a_derived_concept_is_known_where_its_members_are():
    table = small(known={"y": NOBODY}).derive("NEAR", {"a": ["a", "b"]})
    unit = np.ones(8, np.bool_)
    counts = andornot.score("NEAR(a)", unit, table, known_only=True)
    assert counts.tp + counts.fn == NOBODY.sum()


def test_masks_over_grids_and_whole_samples():
    masks = np.zeros((2, 3, 2, 2), np.bool_)
    masks[0, :, 0] = masks[1, :, :, 0] = True
    by_sample = np.array([True, False, True])
    one = ConceptTable.from_masks(masks, ["a", "b"], ["x", "y"], known={"y": by_sample})
    whole = np.broadcast_to(by_sample[:, None, None], (3, 2, 2))
    two = ConceptTable.from_masks(
        masks, ["a", "b"], ["x", "y"], known=np.stack([np.ones_like(whole), whole])
    )
    assert one.digest == two.digest
    assert one.positions is not None
    assert one.positions.n_samples == 3
    assert andornot.score("b", masks[0], one, known_only=True).tp == 2


def test_merged_tables_keep_what_is_known():
    """A category that one of the data sets lacks was annotated nowhere in it."""
    other = ConceptTable.from_masks(np.ones((1, 3), np.bool_), ["b"], ["z"])
    both = small(known={"y": NOBODY}).merge(other)
    unit = np.ones(11, np.bool_)
    assert both.known is not None
    by_category = both.known.patterns[both.known.pattern].T @ both.known.counts
    assert dict(zip(both.known.categories, by_category.tolist(), strict=True)) == {
        "x": 8, "y": NOBODY.sum(), "z": 3,
    }  # fmt: skip
    assert andornot.score("b", unit, both).tp == 5
    assert small().merge(small()).known is None


def test_saved_and_read_again(tmp_path):
    table = small(known={"y": NOBODY})
    table.save(tmp_path / "table")
    read = ConceptTable.load(tmp_path / "table")
    assert read.digest == table.digest != small().digest
    assert read.known is not None
    assert read.known.categories == ("x", "y")
    (tmp_path / "table" / "known.npz").unlink()
    with pytest.raises(DataError, match=r"known\.npz"):
        ConceptTable.load(tmp_path / "table")


def test_keys_of_other_searches_stay(tmp_path):
    assert "known_only" not in SearchOptions().as_dict()
    result = andornot.explain(
        np.ones((1, 8), np.bool_), small(known={"y": NOBODY}), known_only=True
    )
    result.save(tmp_path / "result.json")
    read = Result.load(tmp_path / "result.json")
    assert read == result
    assert read.search is not None
    assert read.search.known_only


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"z": NOBODY}, "no concept has"),
        ({"y": NOBODY + 2}, "hold"),
        ({"y": NOBODY[:3]}, "of shape"),
        (np.ones((3, 8), np.bool_), "each of the 2 categories"),
    ],
)
def test_what_is_known_is_checked(known, words):
    with pytest.raises(DataError, match=words):
        small(known=known)


def test_refusals():
    unit = np.ones((1, 8), np.bool_)
    with pytest.raises(OptionError, match="no effect"):
        andornot.explain(unit, small(), known_only=True)
    with pytest.raises(OptionError, match="mu2020"):
        SearchOptions(known_only=True, profile="mu2020")
    with pytest.raises(OptionError, match="correlates"):
        SearchOptions(known_only=True, metric="pearson")
    with pytest.raises(OptionError, match="True or False"):
        SearchOptions(known_only=1)  # type: ignore[arg-type]
    table = small(known={"y": NOBODY})
    result = andornot.explain(unit, table, known_only=True)
    with pytest.raises(OptionError, match="leave trust out"):
        examine(result, unit, table)
    masks = np.eye(12, dtype=np.bool_)
    names = [f"c{i}" for i in range(12)]
    many = ConceptTable.from_masks(masks, names, names, known=~masks)
    with pytest.raises(OptionError, match="fewer categories"):
        andornot.explain(masks[:1], many, known_only=True)


@given(st.data())
def test_cells_of_a_sample(data):
    """Local atoms are parted by what is unknown, and keep their positions."""
    n = data.draw(st.integers(1, 12))
    codes = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), np.uint16)
    subsets = st.one_of(st.none(), st.frozensets(st.integers(0, n - 1)))
    drawn = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys("xyz", subsets)))
    unknown = {name: None if s is None else as_mask(s, n) for name, s in drawn.items()}
    found = LocalKnown.of(codes, ("x", "y", "z"), unknown)
    everywhere = frozenset(range(n))
    for p in range(n):
        cell = found.codes[p]
        assert found.local[cell] == codes[p]
        lost = {name for name, s in drawn.items() if p in (everywhere if s is None else s)}
        assert [name not in lost for name in "xyz"] == found.known[cell].tolist()
    assert found.counts.tolist() == np.bincount(found.codes).tolist()
