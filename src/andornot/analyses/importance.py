"""What the network loses when a unit is set to zero: causal importance, not correlation.

Where nothing but an average and a linear layer follow a unit, the logits without it are
``logits - w_u * mean(activation of u)``, exactly, and the run holds all that takes. Elsewhere the
network runs again with the unit's channel at zero, on chosen units and samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot.analyses.outcomes import Judged, Outcomes
from andornot.analyses.units import explained_units
from andornot.concepts.positions import AtomMap
from andornot.counting.stores import Shards
from andornot.errors import OptionError
from andornot.runs.run import Run

if TYPE_CHECKING:
    from andornot.analyses.replay import Source

Floats = NDArray[np.float64]

EXACT, ABLATED = "exact", "forward passes"

_TOLERANCE = 1e-3
"""How far recomputed logits may be off, in standard deviations of the logits."""


@dataclass(frozen=True, eq=False)
class Importance:
    """The network on the same samples, whole and without each of some units.

    Attributes:
        method: ``exact``, or ``forward passes``.
        by_unit: a row for each unit: accuracy, mean margin and mean cross-entropy lost.
        by_class: the same for the samples of each class.
        samples: how many samples it was computed on.
    """

    method: str
    by_unit: pd.DataFrame
    by_class: pd.DataFrame
    samples: int

    def sentence(self) -> str:
        """How it was computed."""
        how = (
            "exactly, since only an average and a linear layer follow the units"
            if self.method == EXACT
            else "by running the network again with the unit's channel at zero"
        )
        return (
            f"What is lost without each of {len(self.by_unit):,} units was computed on "
            f"{self.samples:,} samples, {how}."
        )


def exact_importance(run: Run, outcomes: Outcomes, layer: str | None = None) -> Importance | None:
    """What is lost without each explained unit, from what the run recorded.

    Args:
        run: the run.
        outcomes: the samples to look at.
        layer: needed if the run has several.

    Returns:
        None where more than an average and a linear layer follow the units: only
        :func:`ablation_importance` can tell then.
    """
    units = explained_units(run, layer)
    head = linear_head(run, units.layer)
    if head is None:
        return None
    pooled, weights = head
    held = pooled[outcomes.rows]

    def without(unit: int) -> NDArray[np.floating]:
        return outcomes.logits - np.outer(held[:, unit], weights[:, unit])

    changed = ((u, Judged.of(without(u), outcomes.labels)) for u in units.numbers)
    return _compare(EXACT, outcomes, changed)


def ablation_importance(
    run: Run,
    outcomes: Outcomes,
    layer: str | None = None,
    *,
    units: Sequence[int] | None = None,
    samples: int = 256,
    source: Source | None = None,
) -> Importance:
    """What is lost without some units, by running the network again.

    Args:
        run: the run.
        outcomes: the samples to look at.
        layer: needed if the run has several.
        units: which units; the 20 with the highest IoU if not given.
        samples: how many samples at most, spread evenly over those of ``outcomes``.
        source: network and samples, where the manifest does not lead to them any more.

    Raises:
        OptionError: a unit was not explained, or ``samples`` is below 1.
        ModelError: the network cannot be loaded again, or is another one.
        DataError: the samples are gone, or have changed.
    """
    from andornot.analyses.replay import Replay

    explained = explained_units(run, layer)
    chosen = _chosen_units(explained.numbers, units, run, explained.layer)
    if samples < 1:
        raise OptionError(f"samples is {samples}; ablate on at least 1")
    some = _spread(outcomes, samples)
    replay = Replay.of(run, explained.layer, source)
    logits = _ablated(replay, some, chosen)
    judged = ((u, Judged.of(logits[i], some.labels)) for i, u in enumerate(chosen))
    return _compare(ABLATED, some, judged)


def linear_head(run: Run, layer: str) -> tuple[Floats, NDArray[np.float32]] | None:
    """Mean activations ``(n_samples, n_units)`` and weights ``(n_classes, n_units)`` of a head.

    None unless they add up to the recorded logits, but for a bias: only then are the logits a
    linear function of the units.
    """
    weights, logits = run.head_weights(layer), run.logits
    if weights is None or logits is None or weights.shape[0] != logits.shape[1]:
        return None
    pooled = pooled_activations(run, layer)
    # a head's bias is not recorded, so what is left may be one number for each class
    rest = logits - pooled @ weights.T
    if np.abs(rest - rest.mean(axis=0)).max() > _TOLERANCE * max(float(logits.std()), 1e-30):
        return None
    return pooled, weights


def pooled_activations(run: Run, layer: str | None = None) -> Floats:
    """The mean activation of each unit over each sample's map or tokens, ``(samples, units)``."""
    shards = run.activations(layer)
    at_tokens = shards.n_rows != len(run.samples)
    return _means(shards, run.at_positions.positions if at_tokens else None)


@lru_cache(maxsize=1)
def _means(shards: Shards, tokens: AtomMap | None) -> Floats:
    """The mean of each unit in each sample, a block in memory at a time.

    Kept for the next question: the directory is named by its content.

    Args:
        shards: a row for each sample, or for each token; a shard holds whole samples.
        tokens: which tokens are whose; None if a row is a sample.
    """
    starts = np.arange(shards.n_rows + 1) if tokens is None else tokens.offsets
    means = np.empty((len(starts) - 1, shards.n_units))
    for first, block in shards.blocks():
        rows = block.mean(axis=(2, 3), dtype=np.float64)
        own = slice(*np.searchsorted(starts, (first, first + len(rows))))
        sums = np.add.reduceat(rows, starts[own] - first, axis=0)
        means[own] = sums / np.diff(starts[own.start : own.stop + 1])[:, None]
    # it is kept, so whoever changed it would change the next answer
    means.flags.writeable = False
    return means


def _chosen_units(
    explained: Sequence[int], units: Sequence[int] | None, run: Run, layer: str
) -> list[int]:
    if units is None:
        return [e.unit for e in run.result(layer).best(20) if e.formula is not None]
    if unknown := sorted(set(units) - set(explained)):
        raise OptionError(
            f"unit {unknown[0]} of {layer} has no formula; choose among the explained units"
        )
    return list(dict.fromkeys(units))


def _spread(outcomes: Outcomes, most: int) -> Outcomes:
    """At most so many of the samples, spread evenly."""
    step = max(1.0, len(outcomes.rows) / most)
    keep = [int(i * step) for i in range(min(most, len(outcomes.rows)))]
    labels, logits = outcomes.labels[keep], outcomes.logits[keep]
    judged = Judged.of(logits, labels)
    return Outcomes(
        outcomes.class_names, outcomes.rows[keep], labels, logits, judged, outcomes.n_samples
    )


def _ablated(replay: Any, outcomes: Outcomes, units: Sequence[int]) -> NDArray[np.float32]:
    """Logits without each unit, ``(units, samples, classes)``."""
    found = np.empty((len(units), *outcomes.logits.shape), np.float32)

    def steps() -> Iterator[tuple[slice, int, Callable[[int], NDArray[np.float32]]]]:
        for where, without in replay.passes(outcomes.rows, outcomes.logits):
            for i in range(len(units)):
                yield where, i, without

    total = replay.n_batches(len(outcomes.rows)) * len(units)
    for where, i, without in track(steps(), "setting units to zero", total):
        found[i, where] = without(units[i])
    return found


def _compare(method: str, outcomes: Outcomes, changed: Any) -> Importance:
    """Tables of what is lost, from the outcomes without each unit."""
    labels, n_classes = outcomes.labels, len(outcomes.class_names)
    sizes = np.bincount(labels, minlength=n_classes)
    present = np.flatnonzero(sizes)
    whole, units, parts = outcomes.judged, [], []
    for unit, judged in changed:
        lost = (
            whole.correct - judged.correct,
            whole.margin - judged.margin,
            judged.loss - whole.loss,
        )
        flipped = _argmax_moved(whole, judged)
        sums = [np.bincount(labels, v, n_classes)[present] / sizes[present] for v in lost]
        units.append((unit, *(float(v.mean()) for v in lost), flipped))
        parts.append(
            pd.DataFrame(
                {
                    "unit": unit,
                    "class": [outcomes.class_names[c] for c in present],
                    "samples": sizes[present],
                    "accuracy_lost": sums[0],
                    "margin_lost": sums[1],
                    "loss_gained": sums[2],
                }
            )
        )
    columns = ["unit", "accuracy_lost", "margin_lost", "loss_gained", "verdicts_changed"]
    by_unit = pd.DataFrame(units, columns=columns)
    return Importance(method, by_unit, pd.concat(parts, ignore_index=True), len(labels))


def _argmax_moved(whole: Judged, judged: Judged) -> int:
    """How many samples go from right to wrong or back."""
    return int((whole.correct != judged.correct).sum())
