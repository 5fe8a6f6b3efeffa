"""Concepts and the published search on the real sentence pairs, against counts from the raw text.

What is expected is counted here from the raw files, with regular expressions and counters; none of
the package's readers, vectors or tables has a part in it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import pytest

import andornot
import naive
from andornot.data.sentences.concepts import pair_concepts
from andornot.data.sentences.open import open_pairs

STOPPED = ("a", "an", "the", "of", ".", ",")
SIDES = ("pre", "hyp")
N_WORDS = 2000


@dataclass(frozen=True)
class Raw:
    """The raw text of some pairs: sentences in lower case and their tags, premises first."""

    pairs: list[tuple[str, str]]
    tags: list[tuple[list[str], list[str]]]
    vectors: dict[str, list[str]]
    n_words: int = N_WORDS

    @property
    def words(self):
        """The most frequent words."""
        often = Counter(re.findall(r"[^ ]+", " ".join(s for pair in self.pairs for s in pair)))
        kept = [word for word in often if word not in STOPPED]
        return sorted(kept, key=lambda word: (-often[word], word))[: self.n_words]

    def plain(self):
        """For each word, tag and overlap the set of pairs on which it holds."""
        holds, chosen = defaultdict(set), set(self.words)
        for i, (pair, tags) in enumerate(zip(self.pairs, self.tags, strict=True)):
            words = [set(sentence.split(" ")) for sentence in pair]
            for side, here, tagged in zip(SIDES, words, tags, strict=True):
                for word in here & chosen:
                    holds[f"{side}:{word}"].add(i)
                for tag in tagged:
                    name = tag if re.search("[A-Z]", tag) else f"tag:{tag}"
                    holds[f"{side}:{name}"].add(i)
            either = len(words[0] | words[1])
            both = len(words[0]) + len(words[1]) - either
            for percent in (0, 25, 50, 75):
                if 100 * both > percent * either:  # whole numbers: nothing is rounded
                    holds[f"overlap-{percent}%"].add(i)
        return holds

    def neighbors(self):
        """The five nearest words of each word that has a vector, by cosine."""
        known = [word for word in self.words if word in self.vectors]
        rows = np.array([self.vectors[word] for word in known], np.float32).astype(np.float64)
        lengths = np.sqrt((rows**2).sum(1))
        cosines = np.einsum("id,jd->ij", rows, rows) / np.outer(lengths, lengths)
        near = {}
        for i, word in enumerate(known):
            order = sorted((j for j in range(len(known)) if j != i), key=lambda j: -cosines[i, j])
            near[word] = [known[j] for j in order[:5]]
        return near

    def subset(self, chosen, n_words):
        pairs, tags = ([x[i] for i in chosen] for x in (self.pairs, self.tags))
        return Raw(pairs, tags, self.vectors, n_words)


@pytest.fixture(scope="module")
def nli(shared_data):
    return shared_data / "nli"


@pytest.fixture(scope="module")
def raw(nli):
    text = (nli / "snli_1.0_dev.tok").read_text(encoding="utf-8").lower()
    lines = re.findall(r"[^\n]+", text)
    tags = [[] for _ in lines]
    tagged = (nli / "snli_1.0_dev.pos.tsv").read_text(encoding="utf-8")
    for sentence, tag in re.findall(r"(?m)^(\d+)\t[^\t]+\t[^\t]+\t(\S+)$", tagged):
        tags[int(sentence)].append(tag)
    assert [len(found) for found in tags] == [line.count(" ") + 1 for line in lines]
    vectors = {}
    for line in (nli / "glove.twitter.25d.12k.txt").read_text(encoding="utf-8").split("\n"):
        word, *numbers = line.split(" ")
        vectors.setdefault(word, numbers)
    firsts = range(0, 20_000, 2)
    pairs = [(lines[i], lines[i + 1]) for i in firsts]
    return Raw(pairs, [(tags[i], tags[i + 1]) for i in firsts], vectors)


@pytest.fixture(scope="module")
def data(nli):
    return open_pairs(f"pairs:{nli / 'snli_1.0_dev.feats'}")


@pytest.fixture(scope="module")
def table(nli, data):
    return pair_concepts(data, vectors=nli / "glove.twitter.25d.12k.txt")


def positions(table, name):
    """The positions that carry a concept, by the way of the atoms."""
    return set(np.flatnonzero(table.concept_mask(name)[table.positions.atoms]).tolist())


def plain_names(table):
    return [name for name in table.names if not name.startswith("NEIGHBORS")]


def test_the_names_are_those_of_the_raw_text(raw, table):
    plain, near = plain_names(table), raw.neighbors()
    assert plain[:N_WORDS] == [f"pre:{word}" for word in raw.words]
    assert set(plain) >= set(raw.plain())
    assert len(plain) == 2 * (N_WORDS + 45) + 4
    derived = [f"NEIGHBORS({side}:{word})" for side in SIDES for word in near]
    assert list(table.names[len(plain) :]) == derived
    assert table.n_positions == 10_000
    kinds = Counter(category for several in table.categories for category in several)
    assert kinds == {
        "word": 4000 + len(derived),
        "tag": 90,
        "overlap": 4,
        "neighbors": len(derived),
    }


def test_each_concept_holds_where_the_raw_text_says(raw, table):
    """Every word, every tag and every overlap, pair by pair."""
    expected = raw.plain()
    for name in plain_names(table):
        assert positions(table, name) == expected.get(name, set()), name


def test_each_neighborhood_holds_where_the_raw_text_says(raw, table):
    """Every NEIGHBORS concept is the union of a word and its five nearest."""
    expected = raw.plain()
    for side in SIDES:
        for word, near in raw.neighbors().items():
            held = set().union(*(expected.get(f"{side}:{w}", ()) for w in (word, *near)))
            assert positions(table, f"NEIGHBORS({side}:{word})") == held, word


def test_the_published_search_on_a_real_model_equals_the_naive_one(nli, raw, data):
    """400 pairs, 8 units of the small trained network; the naive search gets the raw counts."""
    pytest.importorskip("torch", reason="torch is not installed")
    from andornot.models.sentences import load_pair_model

    chosen, n_words = range(0, 10_000, 25), 500
    some = data.subset(chosen)
    table = pair_concepts(some, n_words, vectors=nli / "glove.twitter.25d.12k.txt")
    model = load_pair_model(str(nli / "nli_bilstm.pt"), device="cpu")
    active = model.record(some.pairs, ["mlp.1"]).activations["mlp.1"][:, :, 0, 0] > 0
    often = np.flatnonzero(active.sum(0) >= 20)  # 5 %, as the paper asks for
    units = active[:, often[:: len(often) // 8][:8]].T
    result = andornot.explain(units, table, length=3, beam_size=5, profile="mu2020")

    part = raw.subset(chosen, n_words)
    sets, near = part.plain(), part.neighbors()
    index = {name: column for column, name in enumerate(plain_names(table))}
    derived = {
        index[f"{side}:{word}"]: set().union(
            *(sets.get(f"{side}:{w}", ()) for w in (word, *others))
        )
        for side in SIDES
        for word, others in near.items()
    }
    names = dict(enumerate(index)) | {("N", c): f"NEIGHBORS({table.names[c]})" for c in derived}
    plain = [sets.get(name, set()) for name in index]
    for unit, explanation in zip(units, result, strict=True):
        mask = set(np.flatnonzero(unit).tolist())
        steps = naive.published_text_search(mask, plain, derived, length=3, beam_size=5)
        found = [str(scored.formula) for scored in explanation.beam]
        assert found == [naive.text(formula, names) for formula, _ in steps[-1]]
        best = [step[0][1] for step in steps]
        assert explanation.by_length == pytest.approx(best, abs=1e-9)
        assert explanation.iou == pytest.approx(best[-1], abs=1e-9)
    assert any("NEIGHBORS" in str(scored.formula) for e in result for scored in e.beam)
