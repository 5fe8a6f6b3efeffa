"""Concepts that the data cannot tell apart, against formulas that are evaluated one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from andornot import ConceptTable, Responses, parse
from andornot.concepts.twins import TwinFinder, equal_columns, equals, near_twins
from andornot.errors import FormulaError
from andornot.formula import And, Concept, Formula, Not, Or
from andornot.pipeline.stream import explain_to_parquet
from andornot.results.explanation import Explanation, Scored, Twins
from andornot.results.result import Result
from andornot.trust.measure import shortened
from strategies import cases
from test_known import known_cases


def formulas(names: list[str], leaves: int = 5) -> st.SearchStrategy[Formula]:
    """Formulas of any shape: NOT before brackets and concepts that stand twice among them."""

    def grown(inner):
        return st.builds(Not, inner) | st.builds(And, inner, inner) | st.builds(Or, inner, inner)

    return st.recursive(st.builds(Concept, st.sampled_from(names)), grown, max_leaves=leaves)


@given(st.data(), cases(max_concepts=6, max_positions=7))
def test_twins_are_those_that_leave_the_formula_as_it_is(data, case):
    names = case.names
    formula = data.draw(formulas(names))
    allowed = data.draw(st.sets(st.sampled_from(names)))
    table = case.table
    found = equals(formula, table, table.select(concepts=sorted(allowed)))
    masks = dict(zip(names, case.concepts, strict=True))
    slow = naive.twins(formula, masks, case.n)
    assert {name: set(others) for name, others in found.items()} == {
        name: others & allowed for name, others in slow.items()
    }


@given(st.data(), known_cases())
def test_where_nobody_labelled_nothing_is_told_apart(data, case):
    """What counts with ``known_only`` is which positions are known, and the formula on these."""
    table, names = case.table, case.names
    formula = data.draw(formulas(names, 3))
    finder = TwinFinder(table, table.select(), known_only=True)

    def counted(text: Formula) -> tuple[np.ndarray, np.ndarray]:
        known = table.known_atoms(text)
        return known, table.mask(text) & known

    where, holds = counted(formula)
    for name, others in finder.of(formula).items():
        for other in set(names) - {name}:
            there, true = counted(naive.exchanged(formula, name, other))
            same = np.array_equal(where, there) and np.array_equal(holds, true)
            assert (other in others) == same, (name, other)


def test_the_most_similar_stand_first_and_the_rest_are_counted():
    masks = np.zeros((14, 40), np.bool_)
    masks[0, :10] = True
    masks[1:13, :10] = True
    for row in range(1, 13):  # all the same on the first ten positions, less and less elsewhere
        masks[row, 10 : 10 + 2 * (row - 1)] = True
    masks[13, :20] = True
    names = ["unit", *(f"b{row}" for row in range(1, 13)), "half"]
    table = ConceptTable.from_masks(masks, names)
    found = equals(parse("unit AND half"), table, table.select(concepts=names[:13]))
    # where `unit` stands, what holds on more of `half` is no twin; where `half` stands all are
    assert found["unit"] == ("b1",)
    nearest = ("b6", "b7", "b5", "b8", "b4", "b9", "b10", "b3", "b11", "b12")
    assert found["half"] == (*nearest, "b2", "unit", "b1")
    told = Twins.of("half", found["half"])
    assert (told.others, told.more) == (nearest, 3)
    assert str(told) == f"half = {' = '.join(nearest)} and 3 more"


def test_a_planted_shortcut_is_told():
    """Two words that always come together: which of them the unit means, no search can know."""
    rng = np.random.default_rng(0)
    asked, late, rude = rng.random((3, 200)) < [[0.3], [0.2], [0.2]]
    table = ConceptTable.from_masks([asked, late, asked, rude], ["asked", "late", "refund", "rude"])
    unit = (asked & ~late)[None]
    e = andornot.explain(unit, table, length=2)[0]
    assert (str(e.formula), e.certificate.ties) == ("asked AND NOT late", 1)
    assert e.twins == e.shown.twins == (Twins("asked", ("refund",)),)
    assert e.best_by_length[0].twins == e.twins
    assert e.as_dict()["twins"] == [{"concept": "asked", "others": ["refund"], "more": 0}]
    assert Explanation.from_dict(e.as_dict()) == e
    # only what the search may use
    only = andornot.explain(unit, table, length=2, only=["asked", "late", "rude"])[0]
    assert only.formula == e.formula
    assert only.twins == ()
    assert "twins" not in str(only.as_dict())
    assert Result((only, e)).to_frame()["twins"].tolist() == ["", "asked = refund"]


def test_what_matters_is_only_where_the_rest_holds():
    masks = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 1], [0, 0, 1, 1, 1, 0]], np.bool_)
    table = ConceptTable.from_masks(masks, ["red", "car", "bus"])
    formula = parse("red AND NOT car")
    assert equals(formula, table, table.select()) == {"red": (), "car": ("bus",)}
    assert equals(parse("car"), table, table.select()) == {"car": ()}
    # in an OR what lies within the other part does not count
    assert equals(parse("car OR red"), table, table.select())["car"] == ()
    assert equals(parse("red OR NOT car"), table, table.select())["car"] == ()
    # a concept on which nothing hangs may be any
    assert equals(parse("red OR (red AND car)"), table, table.select())["car"] == ("red", "bus")


def test_derived_concepts_are_among_them():
    masks = np.array([[1, 1, 0, 0], [0, 1, 1, 0]], np.bool_)
    table = ConceptTable.from_masks(masks, ["couch", "sofa"])
    table = table.derive("NEIGHBORS", {"sofa": ["sofa", "settee"]})
    found = equals(parse("couch OR sofa"), table, table.select())
    assert found["sofa"] == ("NEIGHBORS(sofa)",)
    assert str(Twins.of("sofa", found["sofa"])) == "sofa = NEIGHBORS(sofa)"


def test_near_twins():
    masks = np.array([[1] * 20, [1] * 19 + [0], [1] * 20, [0] * 20, [0] * 20], np.bool_)
    table = ConceptTable.from_masks(masks, ["sea", "ship", "water", "fog", "mist"])
    assert near_twins("sea", table, table.select()) == {"water": 1.0, "ship": 0.95}
    assert near_twins("sea", table, table.select(concepts=["ship"]), above=0.95) == {}
    assert near_twins("fog", table, table.select()) == {}
    with pytest.raises(FormulaError, match="no concept is named 'see'"):
        near_twins("see", table, table.select())
    assert equal_columns(table)["water"] == ("sea",)
    assert equal_columns(table)["fog"] == ("mist",)
    assert "ship" not in equal_columns(table)


@given(cases())
def test_near_twins_by_positions(case):
    index = TwinFinder(case.table, case.table.select()).jaccard(0)
    for d, other in enumerate(case.concepts):
        both, either = len(case.concepts[0] & other), len(case.concepts[0] | other)
        assert index[d] == (both / either if either else 0)


@pytest.fixture(scope="module")
def world():
    """Concepts that come in pairs, and units of two of them."""
    rng = np.random.default_rng(1)
    masks = rng.random((4, 120)) < 0.3
    table = ConceptTable.from_masks(
        np.repeat(masks, 2, axis=0), [f"{name}{i}" for name in "abcd" for i in (1, 2)],
        folds=np.arange(120) % 3,
    )  # fmt: skip
    return table, np.array([masks[0] | masks[1], masks[2] & ~masks[3], masks[1]])


def told(explanations) -> list[tuple[str, ...]]:
    return [tuple(map(str, e.twins)) for e in explanations]


@pytest.mark.parametrize(
    "options",
    [
        {"search": "beam"}, {"search": "exhaustive"}, {"search": "optimal"}, {"profile": "mu2020"},
        {"space": "trees", "search": "optimal"},
    ],
)  # fmt: skip
def test_all_searches_tell_of_twins(world, options):
    table, masks = world
    length = 2 if options.get("search") == "exhaustive" else 3
    for e in andornot.explain(masks, table, length, **options):
        for scored in filter(None, (e.beam[0], *e.best_by_length)):
            found = equals(scored.formula, table, table.select())
            assert scored.twins == tuple(Twins.of(n, o) for n, o in found.items() if o)
            assert all(found[n] for n in found if n[0] in "abcd")


def test_all_ways_to_an_explanation_tell_of_twins(world, tmp_path):
    table, masks = world
    result = andornot.explain(masks, table, 2)
    assert told(result)[2] == ("b1 = b2",)
    assert all(told(result))
    with ThreadPoolExecutor(1) as pool:
        assert andornot.explain(masks, table, 2, executor=pool) == result
    result.save(tmp_path / "result.json")
    assert Result.load(tmp_path / "result.json") == result
    responses = Responses.from_masks(masks, table)
    explain_to_parquet(responses, table, tmp_path / "units.parquet", block=2, length=2)
    written = pq.read_table(tmp_path / "units.parquet")["twins"].to_pylist()
    assert written == ["; ".join(texts) for texts in told(result)]
    alone = ConceptTable.from_masks(masks[:1], ["a"])
    responses = Responses.from_masks(masks, alone)
    explain_to_parquet(responses, alone, tmp_path / "none.parquet")
    assert pq.read_table(tmp_path / "none.parquet")["twins"].to_pylist() == [""] * 3


def test_a_chosen_length_has_the_twins_of_its_formula(world):
    table, masks = world
    e = andornot.explain(masks, table, 3)[0]
    shorter = shortened(e, 1)
    assert shorter.twins == e.best_by_length[0].twins != e.twins


def test_runs_of_older_versions_say_nothing_of_twins(world):
    table, masks = world
    e = andornot.explain(masks, table, 2)[0]

    def plain(scored: Scored | None) -> Scored | None:
        return None if scored is None else replace(scored, twins=())

    older = replace(
        e, beam=tuple(map(plain, e.beam)), best_by_length=tuple(map(plain, e.best_by_length))
    )
    data = older.as_dict()
    assert "twins" not in str(data)
    assert Explanation.from_dict(data) == older
    assert Explanation.from_dict(data).twins == ()
