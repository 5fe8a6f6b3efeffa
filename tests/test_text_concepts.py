"""Concepts of sentence pairs, against counts from the raw text and against dense arrays."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import andornot
import naive
from andornot.errors import DataError, OptionError
from andornot.probing.table import fold_of
from andornot.text.concepts import pair_concepts
from andornot.text.open import open_pairs
from andornot.text.pairs import Pair, PairData, Sentence
from andornot.text.vectors import Vectors, nearest, read_glove

STOPPED = ["a", "an", "the", "of", ".", ","]


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


@pytest.fixture(scope="module")
def nli():
    folder = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "nli"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent: this test needs the real sentence pairs")
    return folder


@pytest.fixture(scope="module")
def real(nli):
    return open_pairs(f"pairs:{nli / 'snli_1.0_dev.feats'}")


@pytest.fixture(scope="module")
def real_table(real):
    return pair_concepts(real)


# --- counts on the real pairs, by another way ---------------------------------------------------


def test_word_counts_agree_with_the_raw_text(nli, real_table):
    lines = (nli / "snli_1.0_dev.tok").read_text().lower().splitlines()
    often = Counter(" ".join(lines).split(" "))
    for word in STOPPED:
        del often[word]
    words = sorted(often, key=lambda word: (-often[word], word))[:2000]
    assert [n[4:] for n in real_table.names[:2000]] == words
    padded = [f" {line} " for line in lines]
    for rank in [*range(25), *range(25, 2000, 50), 1999]:
        for side, offset in (("pre", 0), ("hyp", 1)):
            expected = {i for i, line in enumerate(padded[offset::2]) if f" {words[rank]} " in line}
            assert positions(real_table, f"{side}:{words[rank]}") == expected
    assert not {f"pre:{word}" for word in STOPPED} & set(real_table.names)


def test_tag_counts_agree_with_the_raw_tags(nli, real_table):
    carried = {}
    with (nli / "snli_1.0_dev.pos.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            pair, second = divmod(int(row["sent"]), 2)
            carried.setdefault((("pre", "hyp")[second], row["pos"]), set()).add(pair)
    tags = {tag for _, tag in carried}
    assert len(tags) == 45
    for tag in tags:
        name = tag if tag.isupper() or "-" in tag or "$" in tag else f"tag:{tag}"
        for side in ("pre", "hyp"):
            assert positions(real_table, f"{side}:{name}") == carried.get((side, tag), set())
    n_tags = sum("tag" in categories for categories in real_table.categories)
    assert n_tags == 2 * len(tags)


def test_overlap_agrees_with_integer_arithmetic_on_the_raw_text(nli, real_table):
    lines = (nli / "snli_1.0_dev.tok").read_text().lower().splitlines()
    sets = [(set(p.split()), set(h.split())) for p, h in zip(lines[::2], lines[1::2], strict=True)]
    for percent in (0, 25, 50, 75):
        expected = set()
        for i, (premise, hypothesis) in enumerate(sets):
            union = len(premise | hypothesis)
            both = len(premise) + len(hypothesis) - union
            if 100 * both > percent * union:
                expected.add(i)
        assert positions(real_table, f"overlap-{percent}%") == expected


def test_the_real_table_is_of_the_published_size(real_table):
    assert real_table.n_positions == 10_000
    assert real_table.n_concepts == 2 * (2000 + 45) + 4
    by_category = Counter(category for several in real_table.categories for category in several)
    assert by_category == {"word": 4000, "tag": 90, "overlap": 4}


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


def test_folds_go_by_the_ids():
    data = data_of(*(("x", f"w{i % 3}") for i in range(30)))
    table = pair_concepts(data, n_folds=4)
    folds = [fold_of(i, 4) for i in data.sample_ids]
    assert table.positions.folds.tolist() == folds
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


def test_neighbors_on_real_pairs_against_dense_arrays(nli, real):
    data = real.subset(range(0, 10_000, 9))
    vectors = nli / "glove.twitter.25d.12k.txt"
    plain = pair_concepts(data, n_words=300)
    table = pair_concepts(data, n_words=300, vectors=vectors, n_neighbors=5)
    dense = {n: plain.concept_mask(n)[plain.positions.atoms] for n in plain.names}
    words = [name[4:] for name in plain.names[:300]]
    full = read_glove(vectors)
    known = [w for w in words if w in full.index]
    matrix = full.matrix[[full.index[w] for w in known]].astype(float)
    matrix /= np.linalg.norm(matrix, axis=1)[:, None]
    cosines = matrix @ matrix.T
    np.fill_diagonal(cosines, -2)
    assert table.names[plain.n_concepts :] == tuple(
        f"NEIGHBORS({side}:{w})" for side in ("pre", "hyp") for w in known
    )
    for side in ("pre", "hyp"):
        for row, word in enumerate(known):
            near = [known[i] for i in np.argsort(-cosines[row])[:5]]
            expected = np.any([dense[f"{side}:{w}"] for w in (word, *near)], axis=0)
            name = f"NEIGHBORS({side}:{word})"
            assert positions(table, name) == set(np.flatnonzero(expected).tolist())
            assert table.categories[table.index(name)] == ("word", "neighbors")


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


# --- the published search -----------------------------------------------------------------------


def test_the_published_search_on_real_pairs_equals_the_naive_one(nli, real):
    data = real.subset(range(0, 10_000, 60))
    table = pair_concepts(data, n_words=40, vectors=nli / "glove.twitter.25d.12k.txt")
    n_plain = table.names.index(next(n for n in table.names if n.startswith("NEIGHBORS")))
    sets = [positions(table, name) for name in table.names]
    derived = {table.bases[c]: sets[c] for c in range(n_plain, table.n_concepts)}
    names = dict(enumerate(table.names))
    names |= {("N", c): f"NEIGHBORS({table.names[c]})" for c in derived}
    features = np.array([[i in s for s in sets[:n_plain]] for i in range(len(data))], float)
    rng = np.random.default_rng(4)
    drive = features @ rng.normal(size=(n_plain, 3))
    units = drive > np.diag(np.quantile(drive, [0.5, 0.8, 0.92], axis=0))
    result = andornot.explain(units.T, table, length=3, beam_size=4, profile="mu2020")
    for u in range(3):
        steps = naive.published_text_search(
            set(np.flatnonzero(units[:, u]).tolist()), sets[:n_plain], derived, 3, 4
        )
        found = [str(scored.formula) for scored in result[u].beam]
        assert found == [naive.text(formula, names) for formula, _ in steps[-1]]
        for length, step in enumerate(steps):
            best = result[u].best_by_length[length]
            assert best.score == pytest.approx(step[0][1], abs=1e-9)


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
