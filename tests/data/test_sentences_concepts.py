"""Concepts of sentence pairs: names, counts and edges in small cases; see also test_real_text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot.concepts.folds import fold_of
from andornot.data.sentences.concepts import pair_concepts
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.pairs import Pair, PairData, Sentence
from andornot.data.sentences.tokens import token_concepts
from andornot.data.sentences.vectors import Vectors, nearest, read_glove
from andornot.errors import DataError, OptionError


def sentence(text):
    """From ``word/TAG`` between blanks; without tags if there are none."""
    tokens = [
        token.rpartition("/")[::2] if "/" in token else (token, None) for token in text.split()
    ]
    tags = tuple(tag for _, tag in tokens)
    return Sentence(tuple(token for token, _ in tokens), None if None in tags else tags)


def data_of(*pairs):
    made = (Pair(str(i), sentence(p), sentence(h)) for i, (p, h) in enumerate(pairs))
    return PairData(Path("made.tok"), "pairs", tuple(made))


def positions(table, name):
    """The positions that carry a concept, by the way of the atoms."""
    return set(np.flatnonzero(table.concept_mask(name)[table.positions.atoms]).tolist())


@pytest.fixture
def nli(shared_data):
    return shared_data / "nli"


@pytest.fixture
def real(nli):
    return open_pairs(f"pairs:{nli / 'snli_1.0_dev.feats'}")


# --- small cases --------------------------------------------------------------------------------


def test_names_in_the_published_order():
    data = data_of(("A/DT Dog/NN dog/NN ;/:", "dog/NN :/: runs/VBZ"), ("b/NN b/NN c/NN", "dog/NN"))
    table = pair_concepts(data, n_words=3)
    sides = [
        [f"{side}:{name}" for name in ("dog", "b", ":", "DT", "NN", "VBZ", "tag::")]
        for side in ("pre", "hyp")
    ]
    expected = [*sides[0], *sides[1], "overlap-0%", "overlap-25%", "overlap-50%", "overlap-75%"]
    assert sorted(table.names) == sorted(expected)
    words = [name for name, c in zip(table.names, table.categories, strict=True) if c == ("word",)]
    assert words == ["pre:dog", "pre:b", "pre::", "hyp:dog", "hyp:b", "hyp::"]
    assert list(table.names[-4:]) == expected[-4:]
    assert positions(table, "hyp:dog") == {0, 1}
    assert positions(table, "pre::") == set()
    assert positions(table, "pre:tag::") == positions(table, "hyp::") == {0}


def test_without_tags_there_are_no_tag_concepts():
    table = pair_concepts(data_of(("a dog/NN", "dog/NN"), ("b/NN", "c/NN")), n_words=9)
    assert not [c for c in table.categories if "tag" in c]


@pytest.mark.parametrize(
    ("premise", "hypothesis", "percent"),
    [
        ("a b", "c", -1),
        ("a b c d", "a", 0),
        ("a b c", "a", 25),
        ("a b", "a", 25),
        ("A b c", "a B", 50),
        ("a b c d", "b c d", 50),
        ("a b c d e", "b c d e", 75),
        ("a a", "A", 75),
    ],
)
def test_overlap_is_strictly_above(premise, hypothesis, percent):
    table = pair_concepts(data_of((premise, hypothesis)))
    held = [n for n in (0, 25, 50, 75) if positions(table, f"overlap-{n}%")]
    assert held == [n for n in (0, 25, 50, 75) if n <= percent]


def test_stop_words_may_be_chosen():
    names = pair_concepts(data_of(("The cat .", "a CAT")), stop_words=["Cat"]).names
    assert names[:4] == ("pre:.", "pre:a", "pre:the", "hyp:.")


@pytest.mark.parametrize("n_premises", [30, 7])
def test_folds_go_by_the_names_of_groups_which_are_the_ids_where_each_is_its_own(n_premises):
    data = data_of(*((f"x{i % n_premises}", f"w{i % 3}") for i in range(30)))
    table = pair_concepts(data, n_folds=4)
    names = data.sample_ids if n_premises == 30 else [f"x{i % 7}" for i in range(30)]
    folds = [fold_of(i, 4) for i in names]
    assert table.positions.folds.tolist() == folds
    own = None if n_premises == 30 else [i % 7 for i in range(30)]
    for found in (table, token_concepts(data, n_folds=4)):
        groups = found.positions.groups
        assert (groups if groups is None else groups.tolist()) == own
        assert found.positions.folds.tolist() == folds
    assert table.fold_counts.sum(axis=0).tolist() == [folds.count(f) for f in range(4)]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_words": 0}, "n_words is 0"), ({"n_folds": 0}, "n_folds is 0")],
)
def test_numbers_below_one(options, message):
    with pytest.raises(OptionError, match=message):
        pair_concepts(data_of(("a", "b")), **options)


def test_a_word_that_is_named_like_a_tag_is_refused():
    data = data_of(("tag:./. ./.", "x/NN"))
    with pytest.raises(DataError, match=r"two concepts are named 'pre:tag:\.'"):
        pair_concepts(data)


WORDS = ["x", "y", "Y", "z", "the"]
TAGS = ["NN", "."]
texts = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(TAGS)).map("/".join), min_size=1, max_size=5
).map(" ".join)


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=6))
def test_every_concept_of_random_pairs(pairs):
    table = pair_concepts(data_of(*pairs), n_words=2)
    seen = Counter(t.partition("/")[0].lower() for p, h in pairs for t in f"{p} {h}".split())
    del seen["the"]
    kept = sorted(seen, key=lambda w: (-seen[w], w))[:2]
    for side, texts_of in (("pre", [p for p, _ in pairs]), ("hyp", [h for _, h in pairs])):
        for word in kept:
            expected = {i for i, t in enumerate(texts_of) if f" {word}/" in f" {t}".lower()}
            assert positions(table, f"{side}:{word}") == expected
        for tag, name in (("NN", "NN"), (".", "tag:.")):
            expected = {i for i, t in enumerate(texts_of) if f"/{tag} " in f"{t} "}
            if any(f"/{tag} " in f"{p} {h} " for p, h in pairs):
                assert positions(table, f"{side}:{name}") == expected
            else:
                assert f"{side}:{name}" not in table.names
    assert sum(c == ("word",) for c in table.categories) == 2 * len(kept)


# --- neighbours ---------------------------------------------------------------------------------


def test_only_words_with_a_vector_have_neighbors():
    vectors = Vectors(("x", "the", "y"), np.eye(3, dtype=np.float32), Path("v.txt"))
    table = pair_concepts(data_of(("x the", "y z")), vectors=vectors)
    derived = [name for name in table.names if name.startswith("NEIGHBORS")]
    assert derived == [f"NEIGHBORS({side}:{w})" for side in ("pre", "hyp") for w in "xy"]
    assert positions(table, "NEIGHBORS(hyp:x)") == {0}
    assert positions(table, "NEIGHBORS(pre:y)") == {0}


def test_an_operator_of_ones_own():
    """The example of the documentation."""
    hypernyms = {"animal": ["dog", "cat"], "dog": ["poodle"]}
    data = data_of(("a dog", "x"), ("a cat", "dog"), ("animal", "dog"), ("poodle", "dog"))
    table = pair_concepts(data)
    related = {
        f"{side}:{word}": [f"{side}:{w}" for w in (word, *below)]
        for side in ("pre", "hyp")
        for word, below in hypernyms.items()
        if f"{side}:{word}" in table.names
    }
    table = table.derive("KIND", related)
    assert positions(table, "KIND(pre:animal)") == {0, 1, 2}
    result = andornot.explain(np.array([[1, 1, 1, 0]], bool), table, length=1)
    assert str(result[0].formula) == "KIND(pre:animal)"


def test_the_published_search_may_start_with_neighbors(nli, real):
    """A unit that is a group of words is one derived concept."""
    data = real.subset(range(0, 10_000, 60))
    table = pair_concepts(data, n_words=200, vectors=nli / "glove.twitter.25d.12k.txt")
    target = "NEIGHBORS(hyp:man)"
    unit = table.concept_mask(target)[table.positions.atoms]
    result = andornot.explain(unit[None], table, length=2, profile="mu2020")
    assert result[0].iou == 1
    assert str(result[0].formula).startswith("NEIGHBORS(hyp:")


def test_neighbours_by_hand_and_by_the_table_are_the_same(nli, real):
    data = real.subset(range(200))
    words = [n[4:] for n in pair_concepts(data, n_words=50).names[:50]]
    vectors = read_glove(nli / "glove.twitter.25d.12k.txt", words)
    given_vectors = pair_concepts(data, n_words=50, vectors=vectors, n_neighbors=2)
    near = nearest(words, vectors, 2)
    word, others = next(iter(near.items()))
    expected = set().union(*(positions(given_vectors, f"pre:{w}") for w in (word, *others)))
    assert positions(given_vectors, f"NEIGHBORS(pre:{word})") == expected
