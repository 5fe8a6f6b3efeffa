"""Concepts of tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.pairs import Pair, PairData, Sentence
from andornot.data.sentences.tokens import token_concepts
from andornot.data.sentences.vectors import Vectors


def data_of(*pairs):
    made = (
        Pair(
            str(i),
            Sentence(tuple(p.split()), tuple(len(t) * "N" for t in p.split())),
            Sentence(tuple(h.split()), tuple(len(t) * "N" for t in h.split())),
        )
        for i, (p, h) in enumerate(pairs)
    )
    return PairData(Path("made.tok"), "pairs", tuple(made))


def carried(table, sample):
    """The concepts of each token of a sample, by name."""
    rows = []
    for atom in table.positions.sample(sample)[0]:
        columns = table.indices[table.indptr[atom] : table.indptr[atom + 1]]
        rows.append({table.names[c] for c in columns})
    return rows


def test_concepts_of_each_token():
    table = token_concepts(data_of(("The dog", "dog"), ("cat", "the cat sat")), n_words=2)
    assert table.names == (
        *("word:cat", "word:dog"),
        *("tag:NNN", "first", "last", "premise", "hypothesis"),
    )
    assert table.categories == (
        *(("word",), ("word",), ("tag",), ("place",), ("place",)),
        *(("segment",), ("segment",)),
    )
    assert table.positions.shapes.tolist() == [[1, 3], [1, 4]]
    assert carried(table, 0) == [
        {"tag:NNN", "first", "premise"},
        {"word:dog", "tag:NNN", "last", "premise"},
        {"word:dog", "tag:NNN", "first", "last", "hypothesis"},
    ]


tokens = st.lists(st.sampled_from(["a", "A", "bb", "ccc"]), min_size=1, max_size=6).map(" ".join)


@given(st.lists(st.tuples(tokens, tokens), min_size=1, max_size=4), st.integers(1, 3))
def test_every_token_of_random_pairs(pairs, n_folds):
    table = token_concepts(data_of(*pairs), n_folds=n_folds)
    for sample, (premise, hypothesis) in enumerate(pairs):
        expected = []
        for segment, text in (("premise", premise.split()), ("hypothesis", hypothesis.split())):
            for place, token in enumerate(text):
                names = {f"word:{token.lower()}", f"tag:{'N' * len(token)}", segment}
                names |= {"first"} if place == 0 else set()
                names |= {"last"} if place == len(text) - 1 else set()
                expected.append(names)
        assert carried(table, sample) == expected
    assert table.n_positions == sum(len(f"{p} {h}".split()) for p, h in pairs)


def test_a_unit_over_tokens_is_explained():
    data = data_of(("the dog ran", "dog sat"), ("the cat", "a dog ran"))
    vectors = Vectors(
        ("dog", "cat", "ran", "sat"),
        np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], np.float32),
        Path("v.txt"),
    )
    table = token_concepts(data, vectors=vectors, n_neighbors=1)
    assert "NEIGHBORS(word:dog)" in table.names
    unit = np.array([[[0, 1, 0, 0, 0], [0, 1, 0, 0, 0]]], bool)
    result = andornot.explain(unit, table, length=2)
    assert result[0].iou == 1
    assert set(result[0].formula.concepts) & {"NEIGHBORS(word:dog)", "NEIGHBORS(word:cat)"}
    assert "premise" in result[0].formula.concepts or "hypothesis" in result[0].formula.concepts


def test_real_tokens(shared_data):
    path = shared_data / "nli" / "snli_1.0_dev.feats"
    data = open_pairs(f"pairs:{path}", limit=300)
    table = token_concepts(data, n_words=100)
    raw = path.read_text().splitlines()[1:]
    chosen = [line for i in data.sample_ids for line in raw[2 * int(i) : 2 * int(i) + 2]]
    flat = [token.rsplit("|", 2) for line in chosen for token in line.split(" ")]
    assert table.n_positions == len(flat)
    totals = dict(zip(table.names, table.concept_counts.tolist(), strict=True))
    assert totals["word:man"] == sum(text.lower() == "man" for text, *_ in flat)
    assert totals["word:."] == sum(text == "." for text, *_ in flat)
    assert totals["tag:VBG"] == sum(tag == "VBG" for *_, tag in flat)
    assert totals["first"] == totals["last"] == 600
    assert totals["premise"] == sum(len(line.split(" ")) for line in chosen[::2])


def test_masks_must_have_the_shape_of_the_tokens():
    table = token_concepts(data_of(("the dog", "dog"), ("cat", "dogs")))
    with pytest.raises(andornot.errors.DataError, match="unit masks have shape"):
        andornot.explain(np.zeros((1, 2, 9), bool), table)
