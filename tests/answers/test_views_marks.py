"""Which words a formula names in a pair, and which of them make it hold, against slow oracles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pair_cases
from andornot import And, Concept, Not, Or, parse
from andornot.data.sentences.concepts import pair_concepts, tag_names
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.tokens import token_concepts
from andornot.views.token_marks import (
    BOTH,
    DECISIVE,
    EXCLUDED,
    FORBIDDEN,
    FORMULA,
    NAMED,
    UNIT,
    decisive,
    hindering,
    literals,
    mark_tokens,
    mark_whole,
    names_of_tokens,
    spaces,
)
from andornot.views.unit import plain_concepts
from mark_cases import carriers, normal_form
from pair_cases import pairs_of, tagged

NAMES = "abcdef"
formulas = st.recursive(
    st.sampled_from(NAMES).map(Concept),
    lambda inner: inner.map(Not) | st.builds(And, inner, inner) | st.builds(Or, inner, inner),
    max_leaves=7,
)
truths = st.fixed_dictionaries({name: st.booleans() for name in NAMES})


@given(formulas, truths)
def test_decisive_literals_are_those_of_the_conjunctions_that_hold(formula, truth):
    held = [c for c in normal_form(formula) if all(truth[name] == holds for name, holds in c)]
    assert set(decisive(formula, truth)) == set().union(*held)
    assert set(literals(formula)) == set().union(*normal_form(formula))


@given(formulas, truths)
def test_what_hinders_is_all_that_stands_in_the_way(formula, truth):
    """With every literal under a NOT taken for true, the formula holds; as it is, it does not."""
    found = set(hindering(formula, truth))
    forms = normal_form(formula)
    holds = any(all(truth[n] == h for n, h in c) for c in forms)
    would = any(all(truth[n] for n, h in c if h) for c in forms)
    in_the_way = {(n, h) for c in forms for n, h in c if not h and truth[n]}
    assert found == (in_the_way if would and not holds else set())


PAIR = pair_cases.pair(
    tagged("A/DT Dog/NN chases/VBZ the/DT cat/NN ./."),
    tagged("the/DT dog/NN never/RB sleeps/VBZ ./."),
)
OTHER = pair_cases.pair(
    tagged("Kittens/NNS purr/VBP :/:"), tagged("It/PRP purrs/VBZ ./."), name="q"
)
DATA = pairs_of((PAIR, OTHER))
TABLE = pair_concepts(DATA, stop_words=()).derive(
    "KIND", {"pre:cat": ["pre:cat", "pre:kittens"], "hyp:dog": ["hyp:dog", "hyp:cat"]}
)
TABLE = TABLE.derive("ANY", {"pre:dog": ["pre:dog", "KIND(pre:cat)"]})


def marked(formula, pair=PAIR):
    """The marks of a pair: (side, word) with kind, reason, and whether it is for overlap only."""
    parsed = parse(formula)
    atom = TABLE.positions.sample(DATA.pairs.index(pair))[0, 0]
    truth = {name: bool(TABLE.concept_mask(name)[atom]) for name in parsed.concepts}
    sentences = mark_whole(pair, parsed, truth, tag_names(DATA), TABLE)
    return {
        (side, token.text): (token.mark.kind, token.mark.why)
        for side, tokens in zip(("pre", "hyp"), sentences, strict=True)
        for token in tokens
        if token.mark.kind
    }


def test_words_that_make_the_formula_hold_are_told_from_those_merely_named():
    assert marked("pre:dog OR (hyp:dog AND hyp:purrs)") == {
        ("pre", "Dog"): (DECISIVE, "pre:dog"),
        ("hyp", "dog"): (NAMED, "hyp:dog"),
    }
    assert marked("hyp:never AND hyp:dog") == {
        ("hyp", "never"): (DECISIVE, "hyp:never"),
        ("hyp", "dog"): (DECISIVE, "hyp:dog"),
    }
    assert marked("hyp:purrs OR pre:purr") == {}


def test_words_under_a_not_are_marked_where_they_stand():
    assert marked("pre:dog AND NOT hyp:never") == {
        ("pre", "Dog"): (NAMED, "pre:dog"),
        ("hyp", "never"): (FORBIDDEN, "hyp:never"),
    }
    assert marked("NOT (pre:cat OR hyp:purrs)") == {("pre", "cat"): (FORBIDDEN, "pre:cat")}
    assert marked("NOT NOT pre:cat") == {("pre", "cat"): (DECISIVE, "pre:cat")}
    assert marked("pre:dog AND NOT hyp:purrs") == {("pre", "Dog"): (DECISIVE, "pre:dog")}


def test_tags_mark_all_their_words():
    assert marked("pre:NN") == {
        ("pre", "Dog"): (DECISIVE, "pre:NN"),
        ("pre", "cat"): (DECISIVE, "pre:NN"),
    }
    assert marked("hyp:tag:.") == {("hyp", "."): (DECISIVE, "hyp:tag:.")}
    assert marked("pre:tag::", OTHER) == {("pre", ":"): (DECISIVE, "pre:tag::")}
    assert marked("pre:NN AND pre:cat")["pre", "cat"] == (DECISIVE, "pre:NN, pre:cat")


def test_derived_concepts_mark_the_words_they_stand_for():
    assert set(plain_concepts(TABLE, "ANY(pre:dog)")) == {"pre:dog", "pre:cat", "pre:kittens"}
    assert marked("KIND(pre:cat)") == {("pre", "cat"): (DECISIVE, "KIND(pre:cat)")}
    assert marked("KIND(pre:cat)", OTHER) == {("pre", "Kittens"): (DECISIVE, "KIND(pre:cat)")}
    assert set(marked("ANY(pre:dog)")) == {("pre", "Dog"), ("pre", "cat")}


def test_overlap_marks_the_words_that_both_sentences_have():
    shared = {("pre", "Dog"), ("pre", "the"), ("pre", "."), ("hyp", "the"), ("hyp", "dog")}
    assert set(marked("overlap-25%")) == shared | {("hyp", ".")}
    assert marked("overlap-75%") == {}
    parsed, truth = parse("overlap-25% AND hyp:dog"), {"overlap-25%": True, "hyp:dog": True}
    _, hypothesis = mark_whole(PAIR, parsed, truth, tag_names(DATA), TABLE)
    faint = {token.text: token.mark.overlap for token in hypothesis if token.mark.kind}
    assert faint == {"the": True, "dog": False, ".": True}


def test_tokens_are_marked_by_what_unit_and_formula_do_on_them():
    table = token_concepts(DATA)
    parsed = parse("tag:NN AND NOT word:cat")
    atoms = table.positions.sample(0).ravel()
    truth = [{n: bool(table.concept_mask(n)[a]) for n in parsed.concepts} for a in atoms]
    active = [i in (1, 2) for i in range(len(atoms))]
    strengths = [0.1 * i for i in range(len(atoms))]
    sentences = mark_tokens(PAIR, parsed, truth, active, strengths)
    found = [(t.text, t.mark.kind, t.mark.strength) for s in sentences for t in s if t.mark.kind]
    assert found == [
        ("Dog", BOTH, 0.1),
        ("chases", UNIT, 0.2),
        ("cat", EXCLUDED, 0),
        ("dog", FORMULA, 0),
    ]
    assert sentences[0][1].mark.why == "tag:NN, NOT word:cat"
    assert sentences[0][4].mark.why == "not word:cat"
    assert all(not t.mark.kind for s in mark_whole(PAIR, None, {}, {}, TABLE) for t in s)


def test_sentences_read_as_people_write_them():
    tokens = ["He", "said", "(", "twice", ")", "it", "'s", "50", "%", ",", "is", "n't", "it", "?"]
    text = "".join(
        (" " if space else "") + t for t, space in zip(tokens, spaces(tokens), strict=True)
    )
    assert text == "He said (twice) it's 50%, isn't it?"


def test_real_pairs_carry_a_concept_where_a_token_of_theirs_does(shared_data):
    """On real pairs: tokens agree with the names, and the table with the tokens."""
    nli = shared_data / "nli"
    data = open_pairs(f"pairs:{nli / 'snli_1.0_dev.feats'}", limit=60)
    table = pair_concepts(data, n_words=200, vectors=nli / "glove.twitter.25d.12k.txt")
    tags = tag_names(data)
    assert sum(len(m) > 1 for m in table.members) > 200
    for sample, pair in enumerate(data.pairs):
        atom = table.positions.sample(sample)[0, 0]
        held = set(table.indices[table.indptr[atom] : table.indptr[atom + 1]].tolist())
        own = names_of_tokens(pair, tags)
        of_side = dict(zip(("pre", "hyp"), own, strict=True))
        for column, name in enumerate(table.names):
            plain = plain_concepts(table, name)
            tokens = set().union(*(carriers(one, pair) for one in plain))
            assert tokens == {
                (side, i)
                for side, sets in of_side.items()
                for i, names in enumerate(sets)
                if names & {*plain}
            }, name
            assert bool(tokens) == (column in held), name


@pytest.mark.parametrize("formula", ["a AND NOT b", "a OR b"])
def test_nothing_is_decisive_where_a_formula_fails(formula):
    assert decisive(parse(formula), {"a": False, "b": False}) == ()
