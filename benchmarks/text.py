"""``python -m benchmarks text``: the pipeline on as many sentence pairs as the paper has.

Words are drawn as often as Zipf's law says and have a tag each; a hypothesis repeats some words of
its premise. Pseudo-units add up random weights of words, and fire where the sum is large.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.counting.responses import count_responses
from andornot.counting.stores import InMemory
from andornot.data.sentences.concepts import pair_concepts
from andornot.data.sentences.pairs import Pair, PairData, Sentence
from andornot.data.sentences.vectors import Vectors
from andornot.explainer import explain_responses
from andornot.runs.commit import versions
from andornot.search.options import SearchOptions
from benchmarks.clock import Clock, machine
from benchmarks.measure import summary
from benchmarks.size import check_least
from benchmarks.synthetic import zipf

_SOURCE = Path("synthetic")
_BLOCK = 256
"""Pairs in a block of activations, as a run records them."""
_TAGS = 40
_REPEATED = 0.4
"""Share of a hypothesis's words that its premise has."""
_DIMENSION = 25
_WEIGHTED = 0.1
"""Share of the words that mean something to a unit."""
_LEAST_ACTIVE, _MOST_ACTIVE = 0.05, 0.6
"""Shares of the pairs on which units are active, as on real networks."""


@dataclass(frozen=True)
class TextSize:
    """What is measured.

    Raises:
        OptionError: a number is too small.
    """

    pairs: int = 10_000
    words: int = 2_000
    units: int = 1_024
    length: int = 5
    beam_size: int = 10

    def __post_init__(self) -> None:
        check_least(self, pairs=20, words=30, units=1, length=1, beam_size=1)


_WARM_UP = TextSize(pairs=60, words=30, units=4, length=3, beam_size=2)
_QUICK = TextSize(pairs=1_000, words=300, units=64, length=3)


def run_text_bench(
    pairs: int = 10_000,
    words: int = 2_000,
    units: int = 1_024,
    length: int = 5,
    beam_size: int = 10,
    jobs: int | None = None,
    seed: int = 0,
    quick: bool = False,
) -> dict[str, Any]:
    """Measure concepts, counting and search on synthetic sentence pairs.

    Args:
        pairs: sentence pairs, one position each.
        words: different words; with 40 tags, both on two sides, overlap and NEIGHBORS they make
            about four times as many concepts.
        units: pseudo-units.
        length: longest formula.
        beam_size: formulas kept by the beam.
        jobs: threads; all cores if not given.
        seed: what the data are drawn from.
        quick: a small problem instead (1,000 pairs, 300 words, 64 units, length 3).

    Returns:
        Plain data, as of ``measure.run_bench``.

    Raises:
        OptionError: a size is too small.
    """
    size = _QUICK if quick else TextSize(pairs, words, units, length, beam_size)
    where = machine(jobs)
    clock = Clock()
    with clock.stage("compile", 1, "programs"):
        _measure(_WARM_UP, seed, jobs, Clock())
    results = _measure(size, seed, jobs, clock)
    return {
        "stages": clock.as_list(),
        "results": results,
        "peer": None,
        "machine": where,
        "versions": versions(),
        "sizes": asdict(size) | {"concepts": results["concepts"]},
        "seed": seed,
    }


def _measure(size: TextSize, seed: int, jobs: int | None, clock: Clock) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    with clock.stage("draw pairs", size.pairs, "samples"):
        data, vectors = draw_pairs(size.pairs, size.words, rng)
    with clock.stage("table", size.pairs, "samples"):
        table = pair_concepts(data, size.words, vectors=vectors)
    with clock.stage("draw activations", size.pairs, "samples"):
        activations = InMemory(draw_activations(data, size.units, rng), _BLOCK)
    with clock.stage("responses", size.units, "units"):
        responses = count_responses(activations, np.zeros(size.units), table, jobs).responses
    options = SearchOptions(length=size.length, beam_size=size.beam_size, search="beam")
    with clock.stage("beam", size.units, "units"):
        result = explain_responses(responses, table, options, jobs=jobs)
    return {"concepts": table.n_concepts} | summary(table, responses, result)


def draw_pairs(n_pairs: int, n_words: int, rng: np.random.Generator) -> tuple[PairData, Vectors]:
    """Sentence pairs with tags, and a random vector for each word."""
    tags = [f"T{tag}" for tag in zipf(rng, _TAGS, n_words)]

    def sentence(drawn: NDArray[np.int64]) -> Sentence:
        return Sentence(tuple(f"w{word}" for word in drawn), tuple(tags[word] for word in drawn))

    pairs = []
    for i in range(n_pairs):
        premise = zipf(rng, n_words, int(rng.integers(8, 21)))
        hypothesis = zipf(rng, n_words, int(rng.integers(4, 13)))
        repeated = rng.random(len(hypothesis)) < _REPEATED
        hypothesis[repeated] = rng.choice(premise, int(repeated.sum()))
        pairs.append(Pair(str(i), sentence(premise), sentence(hypothesis)))
    matrix = rng.standard_normal((n_words, _DIMENSION), np.float32)
    words = tuple(f"w{word}" for word in range(n_words))
    return PairData(_SOURCE, "pairs", tuple(pairs)), Vectors(words, matrix, _SOURCE)


def draw_activations(data: PairData, n_units: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Activations after a ReLU, ``(n_pairs, n_units, 1, 1)``: above 0 where a unit is active."""
    words = sorted({word for sentence in data.sentences() for word in sentence.words})
    index = {word: row for row, word in enumerate(words)}
    weights = [rng.standard_normal((len(index), n_units)) for _ in range(2)]
    for one_side in weights:
        one_side[rng.random(one_side.shape) >= _WEIGHTED] = 0
    sums = np.zeros((len(data), n_units))
    for row, pair in enumerate(data.pairs):
        for one_side, sentence in zip(weights, pair.sentences, strict=True):
            sums[row] += one_side[[index[word] for word in sentence.words]].sum(axis=0)
    active = rng.uniform(_LEAST_ACTIVE, _MOST_ACTIVE, n_units)
    for unit in range(n_units):
        sums[:, unit] -= np.quantile(sums[:, unit], 1 - active[unit])
    return np.maximum(sums, 0).astype(np.float32)[:, :, None, None]
