"""Runs on sentence pairs and on their tokens of a model whose units are known."""

from __future__ import annotations

import numpy as np
import pytest

import andornot
from andornot import Run, Threshold
from andornot.data.sentences.open import open_pairs
from andornot.models.sentences import RecordedPairs
from andornot.probes.pairs import Words

EVIL = "<script>alert(1)</script>"

DOGS, SHARED, NEVER, DEAD = range(4)

CLASSES = ("entailment", "neutral", "contradiction")


class Reader:
    """A model whose units are known: dogs, shared words, a negation without a cat, nothing."""

    layers = ("pairs",)
    token_layers = ("tokens",)
    class_names = CLASSES
    fingerprint = "reader"

    def record(self, pairs, layers):
        units = np.array([self.units(pair) for pair in pairs], np.float32)
        logits = np.stack([units[:, 1], 0 * units[:, 0] + 2, 3 * units[:, 2]], axis=1)
        return RecordedPairs(dict.fromkeys(layers, units[:, :, None, None]), logits)

    @staticmethod
    def units(pair):
        premise, hypothesis = (set(s.words) for s in pair.sentences)
        dogs = [*pair.premise.words, *pair.hypothesis.words].count("dog")
        number = int(pair.premise.tokens[-1])
        sly = number % 7 == 0  # now and then the unit does what no formula says
        return (
            max(0, (0 if number % 11 == 0 else dogs) + number / 100 * (dogs > 0)),
            len(premise & hypothesis),
            (("never" in hypothesis and "cat" not in premise) or sly) * (1 + number / 100),
            0,
        )

    def record_tokens(self, pairs, layers):
        values = [
            np.array([[w == "dog", "o" in w, i] for i, w in enumerate(self.words(p))], np.float32)
            for p in pairs
        ]
        return dict.fromkeys(layers, values)

    @staticmethod
    def words(pair):
        return (*pair.premise.words, *pair.hypothesis.words)


def rows():
    """60 pairs with tags; the premise ends with a number of its own, some have evil words."""
    nouns, verbs = ("dog", "cat", "man", "fox", EVIL), ("runs", "sleeps", "&amp;")
    for i in range(60):
        noun, verb = nouns[i % 5], verbs[i // 5 % 3]
        premise = (f"A {noun} {verb} near {i}", "DT NN VBZ IN CD")
        never = (f"The {noun} never {verb} .", "DT NN RB VBZ .")
        yield (*premise, *((f"A {nouns[i % 3]} .", "DT NN .") if i % 2 else never), CLASSES[i % 3])


@pytest.fixture(scope="module")
def table_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "pairs.tsv"
    columns = ("premise", "premise_tags", "hypothesis", "hypothesis_tags", "label")
    path.write_text("\n".join("\t".join(row) for row in [columns, *rows()]), encoding="utf-8")
    return path


def explain(layer, file, out, **options):
    return andornot.dissect(
        Reader(), layer, open_pairs(f"pairs:{file}", tagger=None), out,
        words=Words(stop_words=()), threshold=Threshold(None, 0.0), min_active=0.0,
        length=3, beam_size=4, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(table_file, tmp_path_factory) -> Run:
    related = {"SAME": {"hyp:never": ["hyp:never", "pre:man"]}}
    return explain("pairs", table_file, tmp_path_factory.mktemp("pairs") / "run", relations=related)


@pytest.fixture(scope="module")
def token_run(table_file, tmp_path_factory) -> Run:
    return explain("tokens", table_file, tmp_path_factory.mktemp("tokens") / "run")
