"""Concepts derived from others by a named operator, such as NEIGHBORS(hyp:couch)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from andornot.errors import DataError, FormulaError

NAMES = ["a", "b", "c", "d e"]


def table_of(masks):
    return andornot.ConceptTable.from_masks(np.array(masks, bool), NAMES)


@st.composite
def problems(draw):
    n = draw(st.integers(1, 9))
    row = st.lists(st.booleans(), min_size=n, max_size=n)
    masks = draw(st.lists(row, min_size=4, max_size=4))
    related = draw(
        st.dictionaries(
            st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "unknown"]), max_size=3)
        )
    )
    return masks, related, draw(row)


@given(problems())
def test_a_derived_concept_is_the_union_of_its_members(problem):
    masks, related, _ = problem
    plain = table_of(masks)
    table = plain.derive("NEIGHBORS", related)
    assert table.n_atoms == plain.n_atoms
    assert table.names[:4] == plain.names
    for name, members in related.items():
        derived = f"NEIGHBORS({name})"
        expected = np.zeros(plain.n_atoms, bool)
        for member in set(members) & set(NAMES):
            expected |= plain.concept_mask(member)
        assert (table.mask(derived) == expected).all()
        assert table.categories[table.index(derived)] == ("neighbors",)
    for name in NAMES:
        assert (table.mask(name) == plain.mask(name)).all()


@given(problems(), st.integers(1, 4), st.integers(1, 4))
def test_the_published_search_tries_derived_concepts_at_the_start_only(problem, length, beam):
    masks, related, unit = problem
    plain = table_of(masks)
    related = {name: [name, *related.get(name, ())] for name in sorted(related)}
    table = plain.derive("NEIGHBORS", related)
    result = andornot.explain(
        np.array([unit]), table, length=length, beam_size=beam, profile="mu2020"
    )
    sets = [set(np.flatnonzero(mask)) for mask in masks]
    derived = {
        NAMES.index(name): set().union(*(sets[NAMES.index(m)] for m in members if m in NAMES))
        for name, members in related.items()
    }
    steps = naive.published_text_search(
        set(np.flatnonzero(unit)), sets, derived, length=length, beam_size=beam
    )
    found = [str(scored.formula) for scored in result[0].beam]
    names = dict(enumerate(NAMES)) | {("N", c): f"NEIGHBORS({n})" for c, n in enumerate(NAMES)}
    assert found == [naive.text(formula, names) for formula, _ in steps[-1]]


def test_a_derived_concept_may_stand_anywhere_by_default():
    masks = np.array(
        [[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0], [0, 1, 0, 1, 0, 0]]
    )
    table = table_of(masks).derive("ANY", {"a": ["a", "b", "c"]})
    unit = masks[:3].any(0) & ~masks[3].astype(bool)
    result = andornot.explain(unit[None], table, length=2)
    assert result[0].iou == 1
    assert str(result[0].formula) == "ANY(a) AND NOT d e"
    inverse = andornot.explain((masks[3].astype(bool) & ~masks[2].astype(bool))[None], table)
    assert inverse[0].iou == 1


def test_derived_concepts_can_be_left_out_and_chosen():
    table = table_of(np.eye(4)).derive("ANY", {"a": ["a", "b"], "d e": ["c"]})
    assert [table.names[c] for c in table.select(categories=["any"])] == ["ANY(a)", "ANY(d e)"]
    assert [table.names[c] for c in table.select(concepts=NAMES)] == NAMES


def test_save_and_load(tmp_path):
    table = table_of(np.eye(4)).derive("ANY", {"a": ["a", "b"]})
    table.save(tmp_path / "table")
    again = andornot.ConceptTable.load(tmp_path / "table")
    assert again.bases == table.bases == (-1, -1, -1, -1, 0)
    assert again.members == table.members == ((), (), (), (), (0, 1))
    assert (again.mask("ANY(a)") == table.mask("ANY(a)")).all()


@pytest.mark.parametrize(
    ("operator", "related", "error", "message"),
    [
        ("any", {"a": ["a"]}, FormulaError, "one upper-case word"),
        ("AND", {"a": ["a"]}, FormulaError, "one upper-case word"),
        ("ANY", {"z": ["a"]}, FormulaError, "no concept is named 'z'"),
    ],
)
def test_mistakes(operator, related, error, message):
    with pytest.raises(error, match=message):
        table_of(np.eye(4)).derive(operator, related)


def test_deriving_twice_or_merging_afterwards_is_refused():
    table = table_of(np.eye(4)).derive("ANY", {"a": ["a", "b"]})
    with pytest.raises(DataError, match=r"a concept 'ANY\(a\)' already"):
        table.derive("ANY", {"a": ["a"]})
    with pytest.raises(DataError, match="derive them afterwards"):
        table.merge(table)
