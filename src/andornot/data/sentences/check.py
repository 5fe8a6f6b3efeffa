"""Look through sentence pairs before anyone waits for a run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from andornot.data.check import DataCheck
from andornot.data.samples import about_groups
from andornot.data.sentences.concepts import tagger_of
from andornot.data.sentences.pairs import PairData


def check_pairs(data: PairData, jobs: int | None = None) -> DataCheck:  # noqa: ARG001
    """Count what is in a set of sentence pairs, and name what is suspicious."""
    lengths = sorted(len(sentence.tokens) for sentence in data.sentences())
    words = {word for sentence in data.sentences() for word in sentence.words}
    tags = {tag for sentence in data.sentences() for tag in sentence.tags or ()}
    marks = {m for s in data.sentences() for several in s.marks or () for m in several}
    labels = Counter(data.classes)
    facts = {
        "kind": f"{data.kind}:{data.path}",
        "pairs": f"{len(data):,}",
        "groups": about_groups(data.groups),
        "left out": ", ".join(f"{n:,} ({why})" for why, n in data.dropped.items() if n) or "none",
        "splits": ", ".join(f"{s} {n:,}" for s, n in Counter(data.splits).items() if s) or "none",
        "classes": ", ".join(f"{name} {labels[name]:,}" for name in data.labels) or "none",
        "sentences": f"{lengths[0]} to {lengths[-1]} tokens, {lengths[len(lengths) // 2]} in the "
        "middle",
        "words": f"{len(words):,}",
        "tags": f"{len(tags):,}" if data.has_tags else "none",
        "tags from": str(tagger_of(data)) if data.has_tags else "nobody",
        "marks": f"{len(marks):,} (features and relations)" if marks else "none",
    }
    return DataCheck(facts, (*data.notes, *_twins(data), *_numbers(data), *_without(data)))


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


def _numbers(data: PairData) -> Iterable[str]:
    if data.labels and all(label.isdecimal() for label in data.labels):
        yield (
            "The classes are numbers: they are taken for the network's own, from 0 "
            "(of hf:DIRECTORY those of id2label), so see that both count alike."
        )


def _without(data: PairData) -> Iterable[str]:
    missing = data.classes.count("")
    if missing == len(data):
        yield "No pair has a class: that is no obstacle, but how often units are right is unknown."
    elif missing:
        yield f"{missing:,} pairs have no class, the others have one."
