"""The two readings of a formula: how well it fits by area, and how well by sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from andornot.counting.responses import known_positions
from andornot.measures.scores import Counts
from andornot.results.explanation import Explanation
from andornot.runs.run import Run


def both_readings(run: Run, e: Explanation, areas: NDArray[np.integer]) -> tuple[str, ...]:
    """IoU by area and by sample of the formula that is shown, in a sentence.

    Nothing where one reading is enough: where samples were counted, or where concepts of whole
    samples (scenes of images) do not stand beside others, or where both give the same IoU; nor of
    long texts, in which nearly everything is somewhere.

    Args:
        run: the run.
        e: the unit's explanation.
        areas: active positions of the unit in each sample, ``(n_samples,)``.
    """
    if e.shown is None or run.by_sample or run.known_only or run.positions.density:
        return ()
    if not _mixes(run):
        return ()
    samples, sample = run.at_positions.by_sample(), run.modality.sample
    holds = samples.mask(e.shown.formula)[known_positions(samples).atoms]
    active = areas > 0
    counts = Counts.of(
        int((holds & active).sum()), int(holds.sum()), int(active.sum()), len(active)
    )
    if round(counts.iou, 3) == round(e.shown.iou, 3):
        return ()
    what = "The formula" if e.shown.formula == e.formula else str(e.shown.formula)
    return (
        f"{what} has an IoU of {e.shown.iou:.3f} by area, and of {counts.iou:.3f} by {sample}, "
        f"where each counts once, and a concept holds if it is anywhere in the {sample}.",
    )


def _mixes(run: Run) -> bool:
    """Whether concepts of whole samples and others stand side by side."""
    table = run.at_positions
    fills = table.fills_samples
    return bool(fills.any() and table.concept_counts[~fills].any())
