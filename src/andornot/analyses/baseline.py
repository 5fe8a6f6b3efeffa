"""A run against one of the same network with random weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from andornot._tools.words import count, p_value, percent
from andornot.analyses.answer import Answer
from andornot.analyses.units import check_comparable, explained_units
from andornot.errors import OptionError
from andornot.results.explanation import Explanation
from andornot.results.headline import TWIN_SHARE, headline
from andornot.runs.run import Run

SHARE = TWIN_SHARE
"""Units count as above the baseline when they beat this share of the baseline's units."""


def answer(run: Run, layer: str | None = None, *, against: Run) -> Answer:
    """Compare IoU of the units of two runs, length by length.

    Tables: ``by_length`` (both means, the Mann-Whitney test, and the share of units above the
    baseline's 95th percentile).

    Args:
        run: the run.
        layer: its layer; the same is taken of the other run.
        against: the same network with random weights, on the same samples.

    Raises:
        OptionError: the runs are not of the same samples, or not scored on the same positions, or
            lack the layer.
        RunError: no unit of one of them has a formula.

    Examples:
        >>> answer(run, against=run).tables["by_length"][["length", "mean", "baseline"]].round(3)
           length   mean  baseline
        0       1  0.967     0.967
        1       2  1.000     1.000
    """
    check_comparable(run, against)
    layer = run.layer(layer)
    ours, theirs = explained_units(run, layer), explained_units(against, layer)
    longest = min(ours.longest, theirs.longest)
    rows = [
        _row(n, _iou(ours.explanations, n), _iou(theirs.explanations, n))
        for n in range(1, longest + 1)
    ]
    table = pd.DataFrame(rows)
    last = table.iloc[-1]
    sentences = (
        ours.sentence(),
        f"Baseline: {theirs.sentence()}",
        f"At length {longest}, mean IoU is {last['mean']:.4f}, and {last['baseline']:.4f} with "
        f"the baseline's weights; Mann-Whitney {p_value(float(last['p']))}.",
        f"A unit drawn at random beats one of the baseline with probability {last['beats']:.2f}; "
        f"{percent(last['above'])} of the units lie above the baseline's 95th percentile.",
        *_sizes(ours.explanations, theirs.explanations),
        *_explained(run, against, layer),
        "Units of one network are no independent cases, so go by the sizes, not by the test.",
    )
    return Answer("baseline", "IoU against random weights", {"by_length": table}, sentences)


def _explained(run: Run, against: Run, layer: str) -> list[str]:
    """How many units are explained, which asks more than held-out scores above the baseline."""
    ours, theirs = ({name: r.result(name) for name in r.layers} for r in (run, against))
    if not any(e.trust and e.trust.held_out_chance for e in ours[layer]):
        return []
    try:
        found = headline(ours, theirs, layer)
    except OptionError:
        return ["The baseline has no held-out scores, so nothing is said of what is explained."]
    return [
        f"Explained are {found.explained:,} of {count(found.units, 'unit')}: solid, at least a "
        f"part of the unit, and held out above {100 * TWIN_SHARE:g} % of the baseline's units."
    ]


def _iou(explanations: tuple[Explanation, ...], n: int) -> NDArray[np.float64]:
    return np.array([e.by_length[n - 1] for e in explanations], np.float64)


def _sizes(ours: tuple[Explanation, ...], theirs: tuple[Explanation, ...]) -> list[str]:
    """What IoU owes to how many positions units are active on."""
    a, b = _active(ours), _active(theirs)
    said = [
        f"Half the units are active on more than {percent(a)} of the positions, half of the "
        f"baseline's on more than {percent(b)}. A unit that is active on much overlaps a common "
        "concept much, so where these shares differ, compare IoU with what chance finds."
    ]
    above, baseline = _above_null(ours), _above_null(theirs)
    if above is not None and baseline is not None:
        said.append(
            f"On other samples' annotations a search finds less: the units lie {above:.4f} above "
            f"that in the mean, those of the baseline {baseline:.4f}."
        )
    return said


def _active(explanations: tuple[Explanation, ...]) -> float:
    """The median share of active positions."""
    counts = [e.counts for e in explanations]
    return float(np.median([(c.tp + c.fn) / (c.tp + c.fp + c.fn + c.tn) for c in counts]))


def _above_null(explanations: tuple[Explanation, ...]) -> float | None:
    """Mean IoU above that of searches by chance; None where a run did not ask."""
    known = [e.trust for e in explanations if e.trust is not None and e.trust.chance is not None]
    excess = [t.columns()["excess_iou"] for t in known]
    return float(np.mean(excess)) if excess else None


def _row(
    length: int, ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> dict[str, float | int]:
    test = stats.mannwhitneyu(ours, theirs)
    return {
        "length": length,
        "mean": float(ours.mean()),
        "baseline": float(theirs.mean()),
        "beats": float(test.statistic / (len(ours) * len(theirs))),
        "p": float(test.pvalue),
        "percentile_95": float(np.quantile(theirs, SHARE)),
        "above": float((ours > np.quantile(theirs, SHARE)).mean()),
    }
