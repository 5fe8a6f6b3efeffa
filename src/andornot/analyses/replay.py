"""Run the network of a run again on some of its samples, as it was or with a unit at zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from andornot.errors import ModelError
from andornot.models import LoadedModel, Recorder, image_batches
from andornot.models.ablate import shapes_of, zeroed
from andornot.models.layers import get_layer
from andornot.models.sentences import PairModel
from andornot.models.shapes import unit_map
from andornot.runs.reopen import images_of, matching, model_of, preprocessing_of, samples_of
from andornot.runs.run import Run

Logits = NDArray[np.float32]
Rows = NDArray[np.int64]
ForwardOf = tuple[slice, Callable[[], Logits]]

_TOLERANCE = 1e-2
"""How far logits may be off those recorded, in their standard deviations (other hardware)."""


@dataclass(frozen=True)
class Source:
    """Network and samples of a run, where its manifest does not lead to them any more.

    Attributes:
        model: a ``LoadedModel`` or ``PairModel``; None to load what the manifest names.
        data: images or pairs with all samples of the run; None to open what the manifest names.
    """

    model: LoadedModel | PairModel | None = None
    data: Any = None


@dataclass(frozen=True)
class Replay:
    """The network of a run and its samples, ready for further forward passes.

    Attributes:
        run: the run.
        layer: the layer whose units are set to zero.
        module: the network.
        batch_size: samples in a forward pass.
        forwards: from samples of the run to batches: which of them, and a function that runs the
            network on them.
        axis: from the shape of the layer's output to the axis of its units.
    """

    run: Run
    layer: str
    module: nn.Module
    batch_size: int
    forwards: Callable[[Rows], Iterator[ForwardOf]]
    axis: Callable[[tuple[int, ...]], int]

    @classmethod
    def of(cls, run: Run, layer: str, source: Source | None = None) -> Replay:
        """Load network and samples again, and check that they are the same.

        Raises:
            ModelError: the network cannot be loaded, is another one, or its units are tokens' or
                directions.
            DataError: the samples are gone, or have changed.
        """
        if run.record.directions is not None:
            raise ModelError(
                f"units of {layer} in {run.path} are directions, and no channel of the network is "
                "one that could be set to zero; explain the layer's own units, without directions"
            )
        if not run.positions.replay:
            elsewhere = any(level.replay for level in run.modality.levels)
            raise ModelError(
                f"units of {layer} in {run.path} stand at {run.positions.position}s, where a "
                "channel cannot be set to zero; "
                + (
                    f"explain a layer with a value for each {run.modality.sample}, where the "
                    "network has one"
                    if elsewhere
                    else f"no ablation is known for {run.modality.name}, so do without it"
                )
            )
        replay: Replay = run.modality.find(run.positions.replay)(run, layer, source or Source())
        return replay

    def n_batches(self, n_samples: int) -> int:
        """Batches that so many samples make."""
        return -(-n_samples // self.batch_size)

    def passes(
        self, rows: Rows, expected: Logits
    ) -> Iterator[tuple[slice, Callable[[int], Logits]]]:
        """Batch by batch, a function from a unit to the logits without it.

        Each batch is run as it is first, and must give the logits that were recorded.

        Args:
            rows: samples of the run.
            expected: their recorded logits.

        Yields:
            which of ``rows`` a batch holds, and the function.

        Raises:
            ModelError: the network fails, gives other logits than it did, or runs the layer more
                than once in a pass (it is not clear then which units were explained).
        """
        for where, forward in self.forwards(rows):
            with shapes_of(self.module, self.layer) as shapes:
                plain = forward()
            self._check(plain, expected[where], float(expected.std()), shapes)
            axis = self.axis(shapes[0])

            def without(
                unit: int, forward: Callable[[], Logits] = forward, axis: int = axis
            ) -> Logits:
                with zeroed(self.module, self.layer, unit, axis):
                    return forward()

            yield where, without

    def _check(
        self, found: Logits, expected: Logits, scale: float, shapes: list[tuple[int, ...]]
    ) -> None:
        if sum(shape[0] for shape in shapes if shape) != len(expected):
            raise ModelError(
                f"the layer {self.layer} runs {len(shapes)} times in a forward pass of "
                f"{len(expected)} samples, or not once for each; choose a layer that runs once"
            )
        off = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
        # so written that NaN is refused too
        if not off <= _TOLERANCE * max(scale, 1e-30):
            raise ModelError(
                f"the network gives other logits than when {self.run.path} was made (off by up to "
                f"{off:.2g}); make the run again with this network"
            )


def of_images(run: Run, layer: str, source: Source) -> Replay:
    """The network and the images of a run; see :meth:`Replay.of`."""
    recording, model = run.record.recording, model_of(run, source.model)
    data = images_of(run) if source.data is None else matching(run, source.data)
    preprocessing = preprocessing_of(run)
    size = recording.batch_size or run.modality.batch

    def forwards(rows: Rows) -> Iterator[ForwardOf]:
        recorder = Recorder(
            model.module, [layer], device=recording.device, tokens=recording.tokens,
            layout=recording.layout,
        )  # fmt: skip
        with (
            recorder,
            closing(image_batches(data.subset(rows.tolist()), preprocessing, size)) as batches,
        ):
            for where, batch in batches:
                yield where, partial(_logits, recorder, batch)

    def axis(shape: tuple[int, ...]) -> int:
        image_size = (preprocessing.height, preprocessing.width)
        units = unit_map(
            shape, image_size, tokens=recording.tokens, layout=recording.layout,
            layer=get_layer(model.module, layer),
        )  # fmt: skip
        return -1 if units.kind == "tokens" or units.channels_last else 1

    return Replay(run, layer, model.module, size, forwards, axis)


def _logits(recorder: Recorder, batch: torch.Tensor) -> Logits:
    logits = recorder.record(batch).logits
    assert logits is not None  # the run has logits, or nothing would be asked of them
    return logits


def of_sentences(run: Run, layer: str, source: Source) -> Replay:
    """The classifier and the sentences, or pairs of them, of a run; see :meth:`Replay.of`."""
    recording, model = run.record.recording, model_of(run, source.model)
    if not isinstance(getattr(model, "module", None), nn.Module):
        raise ModelError(
            f"the model of {run.path} has no torch module in its attribute module, so no unit of "
            "it can be set to zero; give it one"
        )
    data = samples_of(run) if source.data is None else matching(run, source.data)
    size = recording.batch_size or run.modality.batch

    def forwards(rows: Rows) -> Iterator[ForwardOf]:
        for start in range(0, len(rows), size):
            pairs = [data.samples[row] for row in rows[start : start + size]]
            yield slice(start, start + size), partial(_pair_logits, model, pairs)

    return Replay(run, layer, model.module, size, forwards, lambda _shape: -1)


def _pair_logits(model: PairModel, pairs: list[Any]) -> Logits:
    return model.record(pairs, ()).logits
