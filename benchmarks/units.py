"""``python -m benchmarks units``: as many units as a sparse autoencoder has, streamed to a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import n_workers
from andornot._tools.progress import track
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.pipeline.stream import explain_to_parquet
from andornot.runs.commit import versions
from andornot.search.options import Search
from benchmarks.clock import Clock, machine
from benchmarks.size import check_least
from benchmarks.sparse import Corpus


@dataclass(frozen=True)
class UnitsSize:
    """What is measured.

    Raises:
        OptionError: a number is too small.
    """

    units: int = 131_072
    positions: int = 100_000
    concepts: int = 5_000
    length: int = 3
    beam_size: int = 10
    block: int = 4_096

    def __post_init__(self) -> None:
        check_least(self, units=1, length=1, beam_size=1, block=1, positions=100, concepts=30)


_ALL = "draw, count, search and write"
_WARM_UP = UnitsSize(units=50, positions=300, concepts=30, block=25)


def run_units_bench(
    search: Search = "beam", jobs: int | None = None, seed: int = 0, **size: int
) -> dict[str, Any]:
    """Explain very many units that fire almost nowhere, and write them to a Parquet file.

    Args:
        search: how to search (see :class:`~andornot.explainer.SearchOptions`).
        jobs: threads; all cores if not given.
        seed: what the data are drawn from.
        **size: numbers of :class:`UnitsSize`.

    Returns:
        Plain data: ``stages``, ``results`` (``units_per_core_second``, ``inactive``, the mean
        number of units active at a position and so on), ``machine``, ``versions``, ``sizes``,
        ``seed``.

    Raises:
        OptionError: a size is too small.
    """
    chosen, where, clock = UnitsSize(**size), machine(jobs), Clock()
    with clock.stage("compile", 1, "programs"):
        _measure(_WARM_UP, search, seed, jobs, Clock())
    results = _measure(chosen, search, seed, jobs, clock)
    return {
        "stages": clock.as_list(),
        "results": results,
        "peer": None,
        "machine": where,
        "versions": versions(),
        "sizes": asdict(chosen),
        "seed": seed,
    }


def _measure(
    size: UnitsSize, search: Search, seed: int, jobs: int | None, clock: Clock
) -> dict[str, Any]:
    corpus = Corpus.of_size(size.positions, size.concepts, seed)
    with clock.stage("table", size.positions, "positions"):
        table = corpus.table()
    totals: list[NDArray[np.int64]] = []
    with tempfile.TemporaryDirectory(prefix="andornot-bench-") as folder:
        path = Path(folder) / "units.parquet"
        with clock.stage(_ALL, size.units, "units"):
            explain_to_parquet(
                _parts(corpus, table, size, totals, clock), table, path, jobs=jobs,
                block=size.block, length=size.length, beam_size=size.beam_size, search=search,
            )  # fmt: skip
        written, iou = path.stat().st_size, _mean_iou(path)
    active = np.concatenate(totals)
    searched = int((active > 0).sum())
    whole, drawing = clock.stages[_ALL], clock.stages["draw units"]
    core_seconds = (whole.cpu_seconds or 0.0) - (drawing.cpu_seconds or 0.0)
    return {
        "search": search,
        "inactive": size.units - searched,
        "active_positions_median": float(np.median(active[active > 0])) if searched else 0.0,
        "units_at_a_position": float(active.sum()) / size.positions,
        "units_per_second": size.units / (whole.seconds - drawing.seconds),
        "units_per_core_second": size.units / core_seconds,
        "active_units_per_core_second": searched / core_seconds,
        "threads": n_workers(jobs),
        "bytes_written": written,
        "mean_iou": iou,
    }


def _parts(
    corpus: Corpus,
    table: ConceptTable,
    size: UnitsSize,
    totals: list[NDArray[np.int64]],
    clock: Clock,
) -> Iterator[Responses]:
    """Units by the block, drawn and counted when their turn comes; notes where they are active."""
    starts = range(0, size.units, size.block)
    for start in track(starts, "explaining units", len(starts)):
        stop = min(start + size.block, size.units)
        with clock.stage("draw units", stop - start, "units"):
            latents = corpus.latents(start, stop)
        with clock.stage("responses", stop - start, "units"):
            responses = Responses.from_sparse(latents, table)
        totals.append(responses.totals)
        yield responses


def _mean_iou(path: Path) -> float:
    """Mean over the units that have a formula."""
    import pandas as pd

    frame = pd.read_parquet(path, columns=["iou", "length"])
    return float(frame["iou"][frame["length"] > 0].mean())
