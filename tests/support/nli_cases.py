"""Small sentence pairs with labels that a small network can learn, for tests of classifiers."""

from __future__ import annotations

from dataclasses import dataclass

from andornot.models.sentences import Config, TrainOptions

SMALL = Config(embedding=6, state=5, hidden=(8, 7))
QUICK = TrainOptions(epochs=3, patience=3, batch_size=16, learning_rate=1e-2)


@dataclass(frozen=True)
class Sentence:
    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.tokens)


@dataclass(frozen=True)
class Pair:
    id: str
    premise: Sentence
    hypothesis: Sentence
    label: str


def pair(premise: str, hypothesis: str, label: str = "", name: str = "p") -> Pair:
    return Pair(name, Sentence(tuple(premise.split())), Sentence(tuple(hypothesis.split())), label)


def grammar(n: int) -> list[Pair]:
    """Copies entail, a negation contradicts, another noun is neutral."""
    nouns = ("dog", "cat", "man", "girl", "bird", "fox")
    verbs = ("runs", "sleeps", "eats", "sings", "jumps")
    pairs = []
    for i in range(n):
        noun, other, verb = nouns[i % 6], nouns[(i + 1) % 6], verbs[(i // 6) % 5]
        premise = f"A {noun} {verb} near house {i}"
        hypothesis, label = (
            (f"A {noun} {verb}", "entailment"),
            (f"A {other} {verb} sadly", "neutral"),
            (f"A {noun} never {verb}", "contradiction"),
        )[i % 3]
        pairs.append(pair(premise, hypothesis, label, f"g{i}"))
    return pairs
