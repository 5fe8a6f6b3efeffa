"""Label masking (La Rosa et al. 2023): what stays of a unit's values if only its formula is seen.

Of each image, all positions on which the formula does not hold are painted with the mean colour of
the preprocessing, and the network sees it again. The score is the mean, over images, of the cosine
between the unit's values before and after, where the unit was active before, at the layer's native
resolution. The published code multiplies what it hides by random noise; a flat colour leaves no
texture to fire on, and gives the same number every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import torch
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot.analyses.replay import Source
from andornot.analyses.units import formula_of
from andornot.counting.directions import along
from andornot.errors import ModelError
from andornot.models import LoadedModel, Recorder, image_batches
from andornot.results.explanation import Explanation
from andornot.runs.reopen import images_of, matching, model_of, preprocessing_of
from andornot.runs.run import Run

_BATCH = 32


def label_masking(
    run: Run,
    layer: str,
    explanations: Sequence[Explanation],
    samples: int = 10,
    source: Source | None = None,
) -> dict[int, float]:
    """The score of each explanation; NaN where the formula holds in none of the unit's images.

    Args:
        run: a run on images.
        layer: the units' layer.
        explanations: of units that have a formula.
        samples: images to look at for each unit: those with its highest values in which the unit
            is active and the formula holds somewhere.
        source: network and images, where the run does not lead to them any more.

    Raises:
        ModelError: the run is on sentences, or its network cannot be loaded again.
        DataError: the images are gone, or have changed.
    """
    if not run.positions.masking:
        raise ModelError(
            f"{run.path} is a run on {run.modality.name}, where there is nothing to paint over; "
            "leave masking out"
        )
    source = source or Source()
    model: LoadedModel = model_of(run, source.model)
    data = images_of(run) if source.data is None else matching(run, source.data)
    preprocessing = preprocessing_of(run)
    recording, directions = run.record.recording, run.directions(layer)
    scores = {}
    with Recorder(
        model.module, [layer], device=recording.device, logits=False,
        tokens=recording.tokens, layout=recording.layout,
    ) as recorder:  # fmt: skip
        for e in track(explanations, "hiding what formulas leave out", len(explanations)):
            found = []
            rows = _samples(run, layer, e, samples)
            some = data.subset(rows)
            with closing(image_batches(some, preprocessing, _BATCH)) as batches:
                for where, batch in batches:
                    seen = torch.from_numpy(_seen(run, e, rows[where], batch.shape[2:]))
                    hidden, plain = (
                        _of_unit(recorder.record(shown).activations[layer], e.unit, directions)
                        for shown in (batch * seen, batch)
                    )
                    found += _cosines(plain, hidden, float(run.thresholds(layer)[e.unit]))
            scores[e.unit] = float(np.mean(found)) if found else float("nan")
    return scores


def _of_unit(
    values: NDArray[np.float32], unit: int, directions: NDArray[np.float64] | None
) -> NDArray[np.float32]:
    """The maps of one unit, ``(n, height, width)``, which may be a direction."""
    if directions is None:
        return values[:, unit]
    return along(values, directions[:, unit : unit + 1].copy())[:, 0]


def _samples(run: Run, layer: str, e: Explanation, most: int) -> list[int]:
    """The samples with the unit's highest values in which its formula holds somewhere."""
    mask, positions = run.concepts.mask(formula_of(e)), run.shown_positions
    peaks, threshold = run.peaks(layer)[:, e.unit], run.thresholds(layer)[e.unit]
    found: list[int] = []
    for sample in np.argsort(-peaks, kind="stable").tolist():
        if len(found) == most or not peaks[sample] > threshold:
            break
        start, stop = positions.atom_offsets[sample : sample + 2]
        if mask[positions.atoms[start:stop]].any():
            found.append(sample)
    return found


def _seen(run: Run, e: Explanation, rows: list[int], shape: Sequence[int]) -> NDArray[np.float32]:
    """1 where a formula holds on the network's input, ``(n, 1, height, width)``; else 0.

    Inputs have the preprocessing's mean taken off, so 0 is the mean colour.
    """
    mask, positions = run.concepts.mask(formula_of(e)), run.shown_positions
    height, width = shape
    out = np.empty((len(rows), 1, height, width), np.float32)
    for k, sample in enumerate(rows):
        grid = mask[positions.sample(sample)]
        # nearest position, as a mask has no values in between
        y = (np.arange(height) * grid.shape[0]) // height
        x = (np.arange(width) * grid.shape[1]) // width
        out[k, 0] = grid[y[:, None], x]
    return out


def _cosines(
    plain: NDArray[np.float32], hidden: NDArray[np.float32], threshold: float
) -> list[float]:
    """Cosine of each map before and after, on its active values; 0 where nothing is left."""
    cosines = []
    for before, after in zip(plain.astype(np.float64), hidden.astype(np.float64), strict=True):
        active = before > threshold
        a, b = before[active], after[active]
        size = float(np.sqrt((a @ a) * (b @ b)))
        if active.any():
            cosines.append(float(a @ b) / size if size > 0 else 0.0)
    return cosines
