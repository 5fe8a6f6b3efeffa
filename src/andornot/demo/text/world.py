"""The demo's sentence pairs, with labels that are true by construction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

from andornot.concepts.provenance import Provenance
from andornot.data.sentences.pairs import LABELS, Pair, PairData
from andornot.demo.text.grammar import draw_texts
from andornot.demo.text.lexicon import sentence
from andornot.errors import OptionError

KIND = "demo-text"

TRAPS = 0.03
"""Share of the pairs on which the planted habits mislead."""


def draw_pairs(
    count: int = 9000,
    seed: int = 0,
    traps: float = TRAPS,
    split: str | None = None,
    val_share: float = 1 / 3,
) -> PairData:
    """Write pairs; the labels take turns.

    Args:
        count: number of pairs.
        seed: the same seed writes the same pairs; the first ones also if ``count`` grows.
        traps: share of the pairs, at random, on which the planted habits mislead.
        split: only the pairs of this split, "train" or "val"; all if not given.
        val_share: share of the pairs, spread evenly, that the model is not to learn from.

    Raises:
        OptionError: fewer pairs than two for each label, a share outside 0 to 1, or no such split.
    """
    kinds = len(LABELS)
    if count < 2 * kinds:
        raise OptionError(f"count is {count}; the demo needs at least {2 * kinds} pairs")
    if not 0 < val_share < 1 or not 0 <= traps <= 1:
        raise OptionError(f"val_share is {val_share} and traps {traps}; both are shares, 0 to 1")
    if split not in (None, "train", "val"):
        raise OptionError(f"the demo has no split {split!r}; choose train or val")
    pairs = tuple(_pair(i, seed, traps, val_share) for i in range(count))
    # premises meet by chance alone
    by = Provenance.rule("grammar of the demo")
    data = PairData(Path("demo"), KIND, pairs, independent=True, annotated_by=by)
    if split is not None:
        data = data.subset(i for i, pair in enumerate(pairs) if pair.split == split)
    source = {
        "count": count, "seed": seed, "traps": traps, "split": split, "val_share": val_share,
    }  # fmt: skip
    return replace(data, source=source)


def _pair(i: int, seed: int, traps: float, val_share: float) -> Pair:
    rng = Random(f"{seed} {i}")
    turn, label = i // len(LABELS), LABELS[i % len(LABELS)]
    premise, hypothesis = draw_texts(label, rng.random() < traps, rng)
    held_out = int((turn + 1) * val_share) > int(turn * val_share)
    split = "val" if held_out else "train"
    return Pair(f"{i:05d}", sentence(premise), sentence(hypothesis), label, split)
