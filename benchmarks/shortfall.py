"""``python -m benchmarks shortfall``: how often, and by how much, a beam search misses the optimum.

For each unit of a run, the optimal search is run once, and beam searches of several sizes, both
as published and without copies. A unit counts at a length where its optimum is proven. The optimum
is that of left-deep formulas; or that of trees, and then the left-deep optimum may miss it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot.errors import OptionError
from andornot.explainer import kernel_atoms, searched_concepts
from andornot.results.explanation import OK
from andornot.runs.run import Run
from andornot.search import beam
from andornot.search.optimal import search as optimal
from andornot.search.options import PUBLISHED_PROFILE, Budget, SearchOptions
from andornot.search.problem import Problem, Solution
from andornot.search.trees import search as trees

BEAM_SIZES = (1, 2, 5, 10, 20, 50, 100)
PROFILES = (PUBLISHED_PROFILE, "default")
LEFT_DEEP = "left-deep"
_BUDGET = Budget(1_000_000)
"""Of the optimal search for a unit; where it is not enough, the unit does not count."""
_EQUAL = 1e-12

Floats = NDArray[np.float64]
Search = tuple[str, int]
"""A profile and a beam size."""


@dataclass(frozen=True)
class Row:
    """One beam search against the optimum, over the units whose optimum is proven.

    Attributes:
        profile: ``"mu2020"`` or ``"default"``; ``"left-deep"`` for the optimum of these formulas.
        beam_size: formulas kept; 0 for an optimum.
        length: longest formula, in concepts.
        units: how many have a proven optimum of that length.
        missed: for how many of them the beam search found a formula with a lower IoU.
        mean_gap: optimum minus what the beam found, mean over the missed ones.
        largest_gap: the largest such difference.
        largest_loss: the largest such difference as a share of the optimum.
    """

    profile: str
    beam_size: int
    length: int
    units: int
    missed: int
    mean_gap: float
    largest_gap: float
    largest_loss: float

    @classmethod
    def of(cls, search: Search, length: int, optimum: Floats, found: Floats) -> Row:
        """From the IoU of the optimum and of what the beam found, one for each unit."""
        missed = optimum - found > _EQUAL
        gaps = (optimum - found)[missed]
        return cls(
            *search, length, len(optimum), int(missed.sum()),
            float(gaps.mean()) if len(gaps) else 0.0, float(gaps.max(initial=0.0)),
            float((gaps / optimum[missed]).max(initial=0.0)),
        )  # fmt: skip


def shortfall(
    run: Run,
    layer: str | None = None,
    *,
    length: int = 3,
    beam_sizes: Sequence[int] = BEAM_SIZES,
    units: Iterable[int] | None = None,
    over_trees: bool = False,
    jobs: int | None = None,
) -> dict[str, Any]:
    """Compare beam searches with the optimum on the explained units of a run.

    Args:
        run: a finished run; its concepts and responses are used, and which of its concepts were
            searched. The score is IoU, with all operators.
        layer: one of its layers; not needed where there is one.
        length: longest formula; all shorter lengths from 2 on are reported too.
        beam_sizes: sizes of the beams.
        units: which units; all if not given.
        over_trees: compare with the optimum of trees, which has up to four concepts.
        jobs: threads; all cores if not given.

    Returns:
        Plain data: ``layer``, ``units``, ``proven`` (how many of them, for each length from 2 on),
        and ``rows`` (see :class:`Row`).

    Raises:
        OptionError: no unit is left, or a number is too small.
    """
    if length < 2:
        raise OptionError(f"length is {length}; formulas of 1 concept are never missed, give 2")
    layer = run.layer(layer)
    chosen = _explained(run, layer, units)
    table, responses = run.concepts, run.responses(layer)
    atoms, searched = kernel_atoms(table), run.manifest["search"]
    used = {name: searched.get(name) for name in ("categories", "concepts", "min_support")}
    candidates = searched_concepts(table, SearchOptions(**used))

    searches = [(profile, size) for profile in PROFILES for size in beam_sizes]
    if over_trees:
        searches.append((LEFT_DEEP, 0))

    def one(unit: int) -> tuple[Floats, NDArray[np.bool_]]:
        problem = Problem(atoms, *responses.unit(unit), candidates, table.bases)
        best = (trees if over_trees else optimal).solve(problem, SearchOptions(length), _BUDGET)
        found = [_search(problem, length, *search) for search in searches]
        ious = [_ious(solution, problem.total) for solution in (best, *found)]
        return np.array(ious), _proven(best)

    work = track(ordered_map(one, chosen, jobs), "searching", len(chosen))
    ious, proven = (np.stack(arrays) for arrays in zip(*work, strict=True))
    return {
        "layer": layer,
        "units": len(chosen),
        "proven": {n: int(proven[:, n - 1].sum()) for n in range(2, length + 1)},
        "rows": [
            asdict(Row.of(search, n, *ious[proven[:, n - 1]][:, [0, at], n - 1].T))
            for n in range(2, length + 1)
            for at, search in enumerate(searches, start=1)
        ],
    }


def _search(problem: Problem, length: int, profile: str, beam_size: int) -> Solution:
    if profile == LEFT_DEEP:
        return optimal.solve(problem, SearchOptions(length), _BUDGET)
    published = PUBLISHED_PROFILE if profile == PUBLISHED_PROFILE else None
    options = SearchOptions(length, beam_size, profile=published)
    return beam.solve(problem, options)


def _explained(run: Run, layer: str, units: Iterable[int] | None) -> list[int]:
    """Units with a formula, among those asked for."""
    wanted = None if units is None else set(units)
    chosen = [
        e.unit for e in run.result(layer) if e.status == OK and (wanted is None or e.unit in wanted)
    ]
    if not chosen:
        raise OptionError(f"none of these units of {layer} has an explanation; choose others")
    return chosen


def _ious(solution: Solution, total: int) -> list[float]:
    """IoU of the best formula of each length."""
    return [0.0 if f is None else f.i / (total + f.t - f.i) for f in solution.by_length]


def _proven(solution: Solution) -> NDArray[np.bool_]:
    """For each length, whether the best formula is proven to be so."""
    scores = np.array([0.0 if f is None else f.score for f in solution.by_length])
    return np.array(solution.bounds) <= scores + _EQUAL


def lines(report: dict[str, Any]) -> list[str]:
    """The report as tables of text, one for each length."""
    printed = [f"{report['layer']}: {report['units']} units"]
    for length, proven in report["proven"].items():
        printed += [
            f"length {length}: optimum proven for {proven} units",
            f"{'profile':<10}{'beam':>5}{'missed':>8}{'share':>8}{'mean gap':>10}{'largest':>9}"
            f"{'of optimum':>12}",
        ]
        for row in report["rows"]:
            if row["length"] == length:
                share = row["missed"] / max(row["units"], 1)
                printed.append(
                    f"{row['profile']:<10}{row['beam_size']:>5}{row['missed']:>8}{share:>8.1%}"
                    f"{row['mean_gap']:>10.4f}{row['largest_gap']:>9.4f}{row['largest_loss']:>12.1%}"
                )
    return printed
