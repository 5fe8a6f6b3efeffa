"""The parts of the analyses, against slow and obvious twins and against numbers done by hand."""

from __future__ import annotations

import sys
import types
from itertools import combinations

import numpy as np
import pytest

from andornot import ConceptTable
from andornot.analyses.coherence import (
    VectorSimilarity,
    WordNetSimilarity,
    coherence,
    mean_similarity,
    phrase_of,
    phrases,
    usual_threshold,
)
from andornot.analyses.outcomes import Judged
from andornot.errors import OptionError

# ---- outcomes


def test_outcomes_by_hand():
    judged = Judged.of(np.array([[2.0, 1, 0], [0, 0, 3], [1, 5, 4]]), np.array([0, 1, 2]))
    assert judged.correct.tolist() == [1, 0, 0]
    assert judged.margin.tolist() == [1, -3, -1]
    first = -np.log(np.exp(2) / (np.exp(2) + np.exp(1) + 1))
    assert judged.loss[0] == pytest.approx(first)


# ---- coherence

PHRASES = {
    "front left door": "front left door",
    "pre:man": "man",
    "NEIGHBORS(hyp:couch)": "couch",
    'NEIGHBORS("hyp:AND")': "and",
    "blue-c": "blue",
    "tall_building-s": "tall building",
    "t-shirt": "t-shirt",
    "word:don't": "don't",
    "pre:...": "",
}


@pytest.mark.parametrize(("name", "phrase"), PHRASES.items())
def test_phrases(name, phrase):
    assert phrase_of(name) == phrase


def test_only_words_have_phrases():
    table = ConceptTable.from_masks(
        np.ones((4, 2), bool), ["pre:man", "pre:NN", "overlap-0%", "hyp:-"],
        ["word", "tag", "overlap", "word"],
    )  # fmt: skip
    assert phrases(table) == {"pre:man": "man"}


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    lines = {"a": (1, 0), "b": (1, 1), "c": (0, 1), "d": (-1, 0), "t": (3, 4), "shirt": (1, 0)}
    path.write_text("".join(f"{w} {x} {y}\n" for w, (x, y) in lines.items()))
    return path


def test_cosine_of_phrases(vectors):
    wanted = frozenset({"a", "b", "a c", "t-shirt", "unknown", "unknown a", "a d"})
    measure = VectorSimilarity(vectors, wanted)
    assert measure.between("a", "b") == pytest.approx(1 / np.sqrt(2))
    assert measure.between("a c", "b") == pytest.approx(1)
    assert measure.between("t-shirt", "a") == pytest.approx(4 / np.sqrt(32))  # mean (2, 2)
    assert measure.between("unknown a", "a") == pytest.approx(1)
    assert measure.between("unknown", "a") is None
    assert measure.between("a d", "a") is None  # the mean is 0
    words = ["a", "b", "unknown", "a", "a c"]
    pairs = [("a", "b"), ("a", "a c"), ("b", "a c")]
    expected = np.mean([measure.between(*pair) for pair in pairs])
    assert coherence(measure, words) == pytest.approx(expected)
    assert coherence(measure, ["a", "a"]) is None
    assert mean_similarity(measure, [("unknown", "unknown"), ("a", "b")]) == pytest.approx(
        (1 + 1 / np.sqrt(2)) / 2
    )
    assert "vectors.txt" in measure.name


def test_the_usual_threshold_is_a_quantile_of_random_pairs(tmp_path):
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(40, 5))
    words = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(40)]
    path = tmp_path / "v.txt"
    path.write_text(
        "".join(f"{w} {' '.join(f'{x:.6f}' for x in row)}\n"
                for w, row in zip(words, matrix, strict=True))
    )  # fmt: skip
    measure = VectorSimilarity(path, frozenset(words))
    every = [measure.between(a, b) for a, b in combinations(words, 2)]
    found = usual_threshold(measure, words)
    assert found == pytest.approx(np.quantile(every, 0.95), abs=0.05)
    assert found == usual_threshold(measure, reversed(words))
    assert usual_threshold(measure, words[:2]) is None
    assert usual_threshold(measure, ["x", "y", "z"]) is None


class Synset:
    def __init__(self, place):
        self.place = place

    def path_similarity(self, other):
        return None if other.place < 0 else 1 / (1 + abs(self.place - other.place))


def fake_nltk(monkeypatch, synsets):
    corpus = types.ModuleType("nltk.corpus")
    corpus.wordnet = types.SimpleNamespace(synsets=synsets)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nltk", types.ModuleType("nltk"))
    monkeypatch.setitem(sys.modules, "nltk.corpus", corpus)


def test_wordnet(monkeypatch):
    known = {"dog": [Synset(3), Synset(9)], "cat": [Synset(4)], "door": [Synset(-1)],
             "left_door": []}  # fmt: skip
    fake_nltk(monkeypatch, lambda name, pos=None: known.get(name, []))
    measure = WordNetSimilarity()
    assert measure.between("dog", "cat") == 1 / 2
    assert measure.between("cat", "left door") is None  # its only meaning has no path
    assert measure.between("dog", "unicorn") is None


def test_wordnet_that_is_not_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "nltk.corpus", None)
    with pytest.raises(OptionError, match="WordNet is not installed; run pip install nltk"):
        WordNetSimilarity()

    def lacking(name, pos=None):
        raise LookupError("Resource wordnet not found")

    fake_nltk(monkeypatch, lacking)
    with pytest.raises(OptionError, match=r"nltk.downloader wordnet"):
        WordNetSimilarity()
