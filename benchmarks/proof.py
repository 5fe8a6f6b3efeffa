"""``python -m benchmarks proof``: what proofs of optima cost, and what is left when the time is up.

Units are searched one after another on one thread, since it is the time of a single unit that is
asked for. Those of the synthetic world are planted ones, and ones that are pure noise, for which a
proof is hardest.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from andornot._tools.progress import track
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses, count_responses, known_positions
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.data.images.dataset import ProbingData
from andornot.data.images.table import build_table
from andornot.errors import OptionError
from andornot.explainer import kernel_atoms
from andornot.results.explanation import OK
from andornot.runs.run import Run
from andornot.search.options import SearchOptions
from andornot.search.problem import Problem
from andornot.search.solve import solve
from benchmarks.synthetic import Drawn, World, planted_formulas, write_activations


@dataclass(frozen=True)
class Proofs:
    """How the searches of one length went, over some units.

    Attributes:
        units: which sort of units.
        length: longest formula.
        n_units: how many units.
        proven: how many of the formulas found are proven to be optimal.
        median_seconds, longest_seconds: wall time of a unit, beam included, on one thread.
        median_gap, largest_gap: upper bound less IoU, over the units without a proof.
    """

    units: str
    length: int
    n_units: int
    proven: int
    median_seconds: float
    longest_seconds: float
    median_gap: float
    largest_gap: float


def prove_synthetic(
    lengths: Sequence[int],
    seconds: float,
    *,
    samples: int = 22_210,
    concepts: int = 1_291,
    planted: int = 40,
    noise: int = 8,
    seed: int = 0,
    jobs: int | None = None,
) -> list[Proofs]:
    """Prove optima on synthetic images of 112x112 positions; the sizes of the paper if not given.

    Args:
        lengths: longest formulas to search for.
        seconds: longest time for each unit.
        samples: images.
        concepts: concepts of all layers.
        planted: units that follow a formula, with noise.
        noise: units whose maps are random numbers.
        seed: what all is drawn from.
        jobs: threads for all but the searches.
    """
    with tempfile.TemporaryDirectory(prefix="andornot-bench-") as name:
        folder = Path(name)
        data = Drawn.of(World.of_size(concepts, seed), samples, jobs)
        table = build_table(cast(ProbingData, data), folder / "table", 1, jobs)
        drawn = planted_formulas(table, 2 * planted, np.random.default_rng(seed))
        formulas = [f for f in drawn if f is not None][:planted]
        shards = write_activations(table, [*formulas, *[None] * noise], folder / "s", seed, jobs)
        found = find_thresholds(shards, Threshold(), known_positions(table), jobs)
        responses = count_responses(shards, found.values, table, jobs).responses
    kinds = {"planted": range(planted), "noise": range(planted, planted + noise)}
    return [
        prove(kind, responses.select(units), table, length, seconds)
        for length in lengths
        for kind, units in kinds.items()
        if units
    ]


def prove_run(
    run: Run, layer: str | None, lengths: Sequence[int], seconds: float, units: int
) -> list[Proofs]:
    """Prove optima for units of a run, spread evenly over those that are explained."""
    explained = [e.unit for e in run.result(layer) if e.status == OK]
    if not explained:
        raise OptionError(f"{run.path} explains no unit of this layer; choose another layer")
    chosen = np.unique(np.linspace(0, len(explained) - 1, min(units, len(explained))).round())
    responses = run.responses(layer).select([explained[int(k)] for k in chosen])
    return [prove("of the run", responses, run.concepts, n, seconds) for n in lengths]


def prove(
    kind: str, responses: Responses, table: ConceptTable, length: int, seconds: float
) -> Proofs:
    """Search each unit on one thread."""
    options = SearchOptions(length=length, search="optimal", nodes=10**9, seconds=seconds)
    atoms = kernel_atoms(table)
    everything = np.arange(table.n_concepts)
    problems = [
        Problem(atoms, *responses.unit(unit), everything, table.bases)
        for unit in range(responses.n_units)
    ]
    # not timed: the first search compiles what the others use
    solve(problems[0], replace(options, nodes=1))
    times, gaps = [], []
    for problem in track(problems, f"length {length}, {kind}", len(problems)):
        start = time.perf_counter()
        solution = solve(problem, options)
        times.append(time.perf_counter() - start)
        if not solution.proven:
            best = solution.beam[0].score if solution.beam else 0.0
            gaps.append(solution.bounds[-1] - best)
    return Proofs(
        kind, length, len(times), len(times) - len(gaps),
        float(np.median(times)), max(times),
        float(np.median(gaps)) if gaps else 0.0, max(gaps, default=0.0),
    )  # fmt: skip


def table_of(proofs: Sequence[Proofs]) -> Any:
    """The same for people, as a rich table."""
    from rich.table import Table

    shown = Table("units", "length")
    for column in ("proven", "median s", "longest s", "median gap", "largest gap"):
        shown.add_column(column, justify="right")
    for p in proofs:
        shown.add_row(
            p.units, str(p.length), f"{p.proven} of {p.n_units}", f"{p.median_seconds:.4f}",
            f"{p.longest_seconds:.3f}", f"{p.median_gap:.4f}", f"{p.largest_gap:.4f}",
        )  # fmt: skip
    return shown
