"""The parts of the analyses, against slow and obvious twins and against numbers done by hand."""

from __future__ import annotations

import sys
import types
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from andornot import And, Concept, ConceptTable, Not, Or, parse
from andornot._tools.statistics import cohen_kappa, compare_paired, correlate, partial_correlation
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
from andornot.data.classes import match_classes, right_answers
from andornot.errors import OptionError
from andornot.formula_forms import (
    CONJUNCTION,
    DISJUNCTION,
    MEANING,
    MIXED,
    NEGATION,
    SINGLE,
    SPECIALISATION,
    alternatives,
    kind_of,
    positive_concepts,
)

# ---- statistics


def test_kappa_by_hand():
    # the example of Cohen's kappa in every textbook: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert cohen_kappa(["a", "b"], ["b", "a"]) == pytest.approx(-1)
    assert cohen_kappa(["a", "a"], ["a", "a"]) is None


def test_correlations_equal_scipy_and_a_plain_bootstrap(monkeypatch):
    from andornot._tools import statistics

    monkeypatch.setattr(statistics, "RESAMPLES", 200)
    rng = np.random.default_rng(5)
    x = rng.integers(0, 6, 30).astype(float)  # with ties
    y = x + rng.normal(0, 3, 30).round()
    found = correlate(x, y)
    assert found.pearson == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert found.spearman == pytest.approx(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1])
    counts = np.random.default_rng(0).multinomial(30, np.full(30, 1 / 30), 200)
    for name, how in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        drawn = [how(np.repeat(x, row), np.repeat(y, row)).statistic for row in counts]
        expected = np.quantile(drawn, [0.025, 0.975])
        span = getattr(found, f"{name}_low"), getattr(found, f"{name}_high")
        assert span == pytest.approx(expected)


def test_no_correlation_where_there_is_none():
    x = np.arange(5.0)
    assert correlate(x, np.ones(5)) is None
    assert correlate(x[:3], x[:3]) is None
    assert correlate(x, np.full(5, 0.1) + 1e-17) is None
    assert correlate(x, x).pearson_low == pytest.approx(1)


def test_partial_correlation_equals_that_of_residuals():
    rng = np.random.default_rng(2)
    z = rng.normal(size=40)
    x, y = z + rng.normal(size=40), 2 * z + rng.normal(size=40)
    rest = [v - np.polyval(np.polyfit(z, v, 1), z) for v in (x, y)]
    value, low, high = partial_correlation(x, y, z)
    assert value == pytest.approx(np.corrcoef(rest)[0, 1])
    assert low < value < high
    assert partial_correlation(z, y, z) is None  # nothing of it is left
    assert partial_correlation(x, np.ones(40), z) is None


def test_paired_comparison():
    before, after = np.array([1.0, 2, 3, 4, 5]), np.array([1.5, 2, 5, 4.25, 4])
    found = compare_paired(before, after)
    d = after - before
    assert found.t == pytest.approx(d.mean() / (d.std(ddof=1) / np.sqrt(5)))
    assert found.cohen == pytest.approx(d.mean() / d.std(ddof=1))
    # the ranks of .5, 2, .25, -1 are 2, 4, 1, 3
    assert found.rank_biserial == pytest.approx((2 + 4 + 1 - 3) / 10)
    assert compare_paired(before, before + 1) is None
    assert compare_paired(before[:3], after[:3]) is None


# ---- outcomes


def test_outcomes_by_hand():
    judged = Judged.of(np.array([[2.0, 1, 0], [0, 0, 3], [1, 5, 4]]), np.array([0, 1, 2]))
    assert judged.correct.tolist() == [1, 0, 0]
    assert judged.margin.tolist() == [1, -3, -1]
    first = -np.log(np.exp(2) / (np.exp(2) + np.exp(1) + 1))
    assert judged.loss[0] == pytest.approx(first)


def test_classes_are_matched_exactly_then_by_letters():
    names = ("Inside City", "bedroom", "BEDROOM", "crane", "crane", "")
    classes = ["inside_city-s", "bedroom", "BEDROOM", "Bedroom", "crane", "", "zoo"]
    assert match_classes(classes, names).tolist() == [0, 1, 2, -1, -1, -1, -1]


NLI = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")


@pytest.mark.parametrize(
    ("labels", "names", "places"),
    [
        (["0", "2", "", "1"], NLI, [0, 2, -1, 1]),
        (["0", "1"], ("LABEL_0", "LABEL_1"), [0, 1]),
        (["LABEL_1", "0"], ("LABEL_0", "LABEL_1"), [1, -1]),  # not all are numbers
        (["1", "2", "3"], NLI, [-1, -1, -1]),  # they count from 1, or something else
        (["0", "neutral"], NLI, [-1, 1]),
        (["1", "0"], ("0", "1"), [1, 0]),
        (["1", "3"], ("3", "1", "2"), [1, 0]),  # names that are numbers stand for themselves
        (["-3", "1.5", "\u0661"], NLI, [-1, -1, -1]),
        (["a+"], ("A", "A+"), [1]),  # case goes before letters
    ],
)
def test_labels_that_are_numbers_are_the_networks_own(labels, names, places):
    assert match_classes(labels, names).tolist() == places


def test_right_and_wrong_are_said_of_what_can_be_compared():
    assert right_answers(["0", "2", ""], [0, 1, 2], NLI) == [True, False, None]
    assert right_answers(["yes", "neutral"], [0, 1], NLI) == [None, True]
    assert right_answers(["entailment", "0"], [0, 0], ["score"]) == [None, None]
    assert right_answers([], [], NLI) == []


# ---- shapes of formulas

KINDS = {
    "a": SINGLE,
    "NOT NOT a": SINGLE,
    "a OR b OR c": DISJUNCTION,
    "a OR (b AND c)": MIXED,
    "(a AND NOT b) OR c": MIXED,
    "a OR NOT b": MIXED,
    "a AND b": CONJUNCTION,
    "(a OR b) AND c": CONJUNCTION,
    "a AND NOT b": SPECIALISATION,
    "(a OR b) AND NOT c AND NOT d": SPECIALISATION,
    "(a AND NOT b) AND c": SPECIALISATION,
    "NOT a AND NOT b": NEGATION,
    "NOT a": NEGATION,
    "NOT (a OR b)": NEGATION,
}


@pytest.mark.parametrize(("text", "kind"), KINDS.items())
def test_kinds(text, kind):
    assert kind_of(parse(text)) == kind
    assert kind in MEANING


def formulas(depth=3):
    leaf = st.sampled_from("abcd").map(Concept)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            inner.map(Not), st.builds(And, inner, inner), st.builds(Or, inner, inner)
        ),
        max_leaves=7,
    )


WORLD = {name: np.array([i >> n & 1 for i in range(16)], bool) for n, name in enumerate("abcd")}


@given(formulas())
def test_alternatives_together_are_the_formula(formula):
    parts = alternatives(formula)
    mask = formula.evaluate(WORLD.__getitem__)
    if parts:
        union = np.any([p.whole.evaluate(WORLD.__getitem__) for p in parts], axis=0)
        assert (union == mask).all()
        assert len({p.name for p in parts}) == len(parts) > 1
    assert kind_of(formula) in MEANING


def test_alternatives_with_what_they_share():
    parts = alternatives(parse("(water OR river OR water) AND NOT blue"))
    assert [str(p.name) for p in parts] == ["water", "river"]
    assert [str(p.whole) for p in parts] == ["water AND NOT blue", "river AND NOT blue"]
    assert not alternatives(parse("a AND NOT b"))
    assert not alternatives(parse("(a OR b) AND (c OR d)"))
    assert not alternatives(parse("a OR a"))


def test_concepts_that_do_not_stand_after_not():
    formula = parse("(a OR NOT b) AND NOT (c AND NOT d)")
    assert list(positive_concepts(formula)) == ["a", "d"]


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
