"""Whether a network gives one answer for each sample: tried on a few, before all are run.

What is explained must be a function of the sample. Some networks draw at random when they should
not (dropout that is called as a function, patches that are masked), and some look at the other
samples of a batch (normalisation without running statistics). A few samples are run together and
then in two halves; where the halves give something else, together once more, which tells the two
faults apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from andornot._tools.executors import Engine
from andornot._tools.progress import without_progress
from andornot._tools.timer import Timer
from andornot.errors import AndornotError, ModelError
from andornot.pipeline.journal import Journal
from andornot.pipeline.passes import ForwardPass, at_work
from andornot.pipeline.values import NetworkStages, RecordedNetwork
from andornot.probes.base import Probe
from andornot.runs.cache import Stage

_TRIED = 8
"""Samples that are tried; twice as many are run, a batch or less."""
_TOLERANCE = 0.01
"""Root mean square of a difference, as a share of how far values spread, that is let pass: many
times what other orders of summation make of float32 or float16."""
_COARSE = 6
"""So many times more for bfloat16, which keeps three bits less than float16."""
_ROUNDING = 0.1
"""A difference below this share of the tolerance, measured by the values themselves and not by
their spread, is rounding of values that hardly differ."""

LayerAnswers = dict[str, NDArray[np.float32]]
Company = Mapping[str, float]
"""How far what a layer gives differs in another batch, as a share of how far its values spread,
where it does; the logits go by ``""``."""


def try_network(
    work: ForwardPass, trial: Stage, engine: Engine | None, log: Journal
) -> Company | None:
    """Try the network on a few samples, once for all that is recorded together.

    Args:
        work: the network, and what is wanted of it.
        trial: where it is noted what was found.
        engine: where the network runs; None for this process.
        log: the journal.

    Returns:
        What hangs on company; None where not even a few samples can be run.

    Raises:
        ModelError: something that is wanted is no function of the sample, or of no fixed shape.
    """
    if not trial.done:
        with log.clock(trial.name).timed("trial"):
            found = _try(work) if engine is None else _try_elsewhere(engine, work)
        if found is None:
            return None
        log.finish(trial, company=found)
    noted: Company = trial.info["company"]
    return noted


def note_company(
    probe: Probe, network: NetworkStages, recorded: RecordedNetwork, log: Journal
) -> None:
    """Say where answers hang on which samples share a batch."""
    if not network.trial.done:  # nothing was run, or no few samples could be
        log.finish(network.trial, company={})
    if recorded.company:
        told = [f"{_what(name)} by {share:.2g}" for name, share in recorded.company.items()]
        log.note(
            "what the network gives for a sample hangs on the other samples of its batch: cut in "
            f"two, a batch changed {', '.join(told)} times the spread of values, so results change "
            f"with the batch size; {_reason(probe, company=True)}; mend that, or give each "
            "sample a batch of its own (batch size 1)"
        )


def _try_elsewhere(engine: Engine, work: ForwardPass) -> Company | None:
    (found,) = (found for _, found in engine.run(_try_there, work, [()]))
    return found


def _try_there(work: ForwardPass) -> dict[str, float] | None:
    """Try it in a worker."""
    with at_work():
        return _try(work)


def _try(work: ForwardPass) -> dict[str, float] | None:
    """What hangs on company, and how far; None if not even so few samples can be run."""
    probe, size = _few(work.probe)
    with without_progress():
        try:
            whole = _answers(work, probe, size)
        except AndornotError:  # recording all will tell it, and where
            return None
        halves = whole if size == 1 else _answers(work, probe, -(-size // 2))
        found = _differing(whole, halves)
        # a single sample has no halves, so only a second run can show chance
        if found or size == 1:
            again = _differing(whole, _answers(work, probe, size))
            _refuse_chance(again, len(probe.data), work.probe)
    return found


def _few(probe: Probe) -> tuple[Probe, int]:
    """The network with a few samples from all over the data, and how many make a batch."""
    batch = probe.recording.batch_size
    wanted = _TRIED if batch is None else min(_TRIED, max(batch // 2, min(batch, 2)))
    size = min(wanted, len(probe.data))
    # from all over, since the first images of a data set can be alike
    few = np.linspace(0, len(probe.data) - 1, size).round().astype(int)
    part: Probe = replace(probe, data=probe.data.subset(few.tolist()))  # type: ignore[type-var]
    return part, size


def _answers(work: ForwardPass, probe: Probe, size: int) -> LayerAnswers:
    """What the network gives for some samples in batches of a size; the logits go by ``""``."""
    recording = replace(probe.recording, batch_size=size)
    part: Probe = replace(probe, recording=recording)  # type: ignore[type-var]
    with closing(part.batches(work.layers, 0, work.logits, Timer())) as batches:
        parts: list[LayerAnswers] = [
            {layer: batch.activations[layer] for layer in work.layers}
            | ({} if batch.logits is None else {"": batch.logits})
            for batch in batches
        ]
    return {name: _joined(name, [part[name] for part in parts]) for name in parts[0]}


def _joined(name: str, parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        _refuse_shapes(name, shapes)
    return np.concatenate(parts)


def _refuse_shapes(name: str, shapes: set[tuple[int, ...]]) -> None:
    both = " or ".join(sorted("x".join(map(str, shape)) for shape in shapes))
    raise ModelError(
        f"{_what(name)} gives {both} numbers for a sample, as the size of the batch is: its first "
        "axis alone must be the samples, so choose another layer"
    )


def _differing(one: LayerAnswers, other: LayerAnswers) -> dict[str, float]:
    """How far answers differ, as a share of their spread, where that is not rounding."""
    for name, values in one.items():
        if name in other and values.shape != other[name].shape:
            _refuse_shapes(name, {values.shape[1:], other[name].shape[1:]})
    shares = {name: _share(values, other[name]) for name, values in one.items() if name in other}
    return {name: share for name, share in shares.items() if share}


def _share(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Root mean square difference as a share of the spread of each unit's values, or 0."""
    values = np.stack([one, other]).astype(np.float64)
    # NaN differs from itself, and so does what infinity leaves when it is subtracted
    values[:, ~np.isfinite(values).all(axis=0)] = 0
    # not the largest difference: one flipped argmax would refuse a sound network
    apart = _rms(values[0] - values[1])
    samples_and_places = (0, 1, *range(3, values.ndim))
    spread = _rms(values - values.mean(axis=samples_and_places, keepdims=True))
    tolerance = _TOLERANCE * (_COARSE if _is_bfloat16(one) else 1)
    if apart <= tolerance * max(spread, _ROUNDING * _rms(values)):
        return 0.0
    return apart / spread


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _is_bfloat16(values: NDArray[np.float32]) -> bool:
    """Whether the lower half of all numbers is empty, as of those that were bfloat16."""
    return not (np.ascontiguousarray(values).view(np.uint32) & 0xFFFF).any()


def _refuse_chance(found: Mapping[str, float], samples: int, probe: Probe) -> None:
    for name, share in found.items():
        raise ModelError(
            f"{_what(name)} gives other values when the same {_samples(samples)} again (they "
            f"differ by {share:.2g} times their spread), so it is no function of the sample and "
            f"cannot be explained; {_reason(probe, company=False)}; turn that off in evaluation "
            "mode, or choose a layer that comes before it"
        )


def _samples(count: int) -> str:
    return "sample is shown" if count == 1 else f"{count} samples are shown"


def _reason(probe: Probe, company: bool) -> str:
    parts = probe.suspects(company)
    if parts:
        return f"likely because {' and '.join(parts)}"
    if company:
        return "something in it looks across the samples of a batch"
    return "likely because of dropout or noise without training=self.training"


def _what(name: str) -> str:
    return f"the layer {name}" if name else "the network's output"
