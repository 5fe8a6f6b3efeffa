"""Look through sentences, and pairs of them, before anyone waits for a run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from andornot.data.check import DataCheck
from andornot.data.samples import about_groups
from andornot.data.sentences.concepts import tagger_of
from andornot.data.sentences.pairs import PairData
from andornot.data.sentences.single import SentenceData


def check_pairs(data: PairData, jobs: int | None = None) -> DataCheck:  # noqa: ARG001
    """Count what is in a set of sentence pairs, and name what is suspicious."""
    facts = _facts(data, "pairs", "sentences")
    return DataCheck(facts, (*data.notes, *_twins(data), *_numbers(data), *_without(data, "pair")))


def check_single(data: SentenceData, jobs: int | None = None) -> DataCheck:  # noqa: ARG001
    """The same of single sentences."""
    facts = _facts(data, "sentences", "length")
    told = (*_same(data), *_numbers(data), *_without(data, "sentence"), *_one_class(data))
    return DataCheck(facts, (*data.notes, *told))


def _facts(data: PairData | SentenceData, samples: str, length: str) -> dict[str, str]:
    """What is there; samples and the length of sentences are called as given."""
    lengths = sorted(len(sentence.tokens) for sentence in data.sentences())
    words = {word for sentence in data.sentences() for word in sentence.words}
    tags = {tag for sentence in data.sentences() for tag in sentence.tags or ()}
    marks = {m for s in data.sentences() for several in s.marks or () for m in several}
    labels = Counter(data.classes)
    return {
        "kind": f"{data.kind}:{data.path}",
        samples: f"{len(data):,}",
        "groups": about_groups(data.groups),
        "left out": ", ".join(f"{n:,} ({why})" for why, n in data.dropped.items() if n) or "none",
        "splits": ", ".join(f"{s} {n:,}" for s, n in Counter(data.splits).items() if s) or "none",
        "classes": ", ".join(f"{name} {labels[name]:,}" for name in data.labels) or "none",
        length: f"{lengths[0]} to {lengths[-1]} tokens, {lengths[len(lengths) // 2]} in the middle",
        "words": f"{len(words):,}",
        "tags": f"{len(tags):,}" if data.has_tags else "none",
        "tags from": str(tagger_of(data)) if data.has_tags else "nobody",
        "marks": f"{len(marks):,} (features and relations)" if marks else "none",
    }


def _same(data: SentenceData) -> Iterable[str]:
    """Sentences of the same words."""
    times = Counter(one.words for one in data.samples)
    several = sum(n for n in times.values() if n > 1)
    if several:
        yield f"{several:,} sentences have the same words as another one: they count as often."


def _one_class(data: SentenceData) -> Iterable[str]:
    if len(data.labels) == 1 and "" not in data.classes:
        yield (
            f"All sentences of {data.path} are of one class, {data.labels[0]}: nothing can be said "
            "of what parts it from others."
        )


def _twins(data: PairData) -> Iterable[str]:
    """Pairs of the same two sentences."""
    groups: defaultdict[object, list[int]] = defaultdict(list)
    for i, pair in enumerate(data.pairs):
        groups[(pair.premise.tokens, pair.hypothesis.tokens)].append(i)
    twins = [group for group in groups.values() if len(group) > 1]
    across = sum(len({data.splits[i] for i in group}) > 1 for group in twins)
    if across:
        yield f"{across:,} pairs are in several splits: one split does not test the other."
    if len(twins) > across:
        yield f"{len(twins) - across:,} pairs are there several times: they count as often."
    same = sum(pair.premise.tokens == pair.hypothesis.tokens for pair in data.pairs)
    if same:
        yield f"{same:,} pairs have the same sentence as premise and hypothesis."


def _numbers(data: PairData | SentenceData) -> Iterable[str]:
    if data.labels and all(label.isdecimal() for label in data.labels):
        yield (
            "The classes are numbers: they are taken for the network's own, from 0 "
            "(of hf:DIRECTORY those of id2label), so see that both count alike."
        )


def _without(data: PairData | SentenceData, sample: str) -> Iterable[str]:
    missing = data.classes.count("")
    if missing == len(data):
        yield (
            f"No {sample} has a class: that is no obstacle, but how often units are right is "
            "unknown."
        )
    elif missing:
        yield f"{missing:,} {sample}s have no class, the others have one."
