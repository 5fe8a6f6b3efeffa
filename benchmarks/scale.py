"""``python -m benchmarks scale``: how the cost of each stage grows with the number of samples.

Samples are added to one data set, step by step; at each size all stages are timed that a run would
go through, reading and the network left out. Label maps are drawn at a quarter of the bench's
height and width, so that hundreds of thousands of them can be.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot.concepts.signatures import local_atoms
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.counting.responses import count_responses, known_positions
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.errors import OptionError
from andornot.explainer import explain_responses
from andornot.formula import Formula
from andornot.runs.commit import versions
from andornot.search.options import SearchOptions
from benchmarks.clock import machine
from benchmarks.plots import check_plot, save_plot
from benchmarks.synthetic import SIZE, World, planted_formulas, write_activations

STEP = 4
_CONCEPTS = 1_291
_LENGTH = 3
_BLOCK = 512
"""Label maps that are held at a time."""


@dataclass(frozen=True)
class Row:
    """One size.

    Attributes:
        samples: label maps.
        positions: of all samples.
        cells: atoms of each sample, added up over samples.
        atoms: different atoms.
        table: processor seconds to build the concept table from decoded label maps.
        counting: processor seconds for thresholds and counts of a unit.
        beam: processor seconds of a beam search for a unit.
        auto: processor seconds of the default search for a unit.
    """

    samples: int
    positions: int
    cells: int
    atoms: int
    table: float
    counting: float
    beam: float
    auto: float


def run_scale_bench(
    samples: Sequence[int], units: int = 64, jobs: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """Time table, counting and search for growing numbers of samples.

    Args:
        samples: sizes.
        units: units with maps of 7x7.
        jobs: threads; all cores if not given.
        seed: what the data are drawn from.

    Returns:
        Plain data: ``rows`` (see :class:`Row`), ``growth`` (for each column the power of the number
        of samples with which it grows over the sizes), ``machine``, ``versions``, ``seed``.

    Raises:
        OptionError: there are fewer than two sizes, or a number is too small.
    """
    sizes = sorted(set(samples))
    if len(sizes) < 2 or sizes[0] < 10:
        raise OptionError(f"samples is {sizes}; give two sizes or more, each of at least 10")
    if units < 1:
        raise OptionError(f"units is {units}; a bench needs 1 or more")
    where = machine(jobs)
    with tempfile.TemporaryDirectory(prefix="andornot-bench-") as folder:
        _Growing(20, units, seed, jobs, Path(folder) / "small").row(20)  # compiles all kernels
        growing = _Growing(sizes[0], units, seed, jobs, Path(folder) / "all")
        rows = [growing.row(n) for n in track(sizes, "growing", len(sizes))]
    return {
        "rows": [asdict(row) for row in rows],
        "growth": _growth(rows),
        "units": units,
        "machine": where,
        "versions": versions(),
        "seed": seed,
    }


class _Growing:
    """A data set that grows; the units follow formulas over its first samples' concepts."""

    def __init__(self, first: int, units: int, seed: int, jobs: int | None, folder: Path) -> None:
        self.world, self.jobs, self.seed = World.of_size(_CONCEPTS, seed, STEP), jobs, seed
        names = self.world.names
        self.builder = TableBuilder(names, [name.split()[0] for name in names])
        self.n_samples, self.seconds = 0, 0.0
        self.folder = folder
        self.formulas: list[Formula | None] = []
        self.units, self.first = units, first

    def row(self, n_samples: int) -> Row:
        """Grow to so many samples, and time all stages on them."""
        self._add(n_samples)
        start = time.process_time()
        table = self.builder.finish()
        built = self.seconds + time.process_time() - start
        if not self.formulas:
            self.formulas = planted_formulas(table, self.units, np.random.default_rng(self.seed))
        return self._timed(table, built)

    def _add(self, n_samples: int) -> None:
        """Draw further samples; only what makes a table of them is timed."""
        for start in range(self.n_samples, n_samples, _BLOCK):
            some = range(start, min(start + _BLOCK, n_samples))
            drawn = list(ordered_map(self.world.draw, some, self.jobs, chunk=8))
            begun = time.process_time()
            for maps, scene in drawn:
                local = local_atoms(maps, np.array([scene], np.int32))
                self.builder.add_local(*local, maps.shape[1:])
            self.seconds += time.process_time() - begun
        self.n_samples = n_samples

    def _timed(self, table: ConceptTable, built: float) -> Row:
        positions = known_positions(table)
        shards = write_activations(table, self.formulas, self.folder, self.seed, self.jobs)
        times = [time.process_time()]
        thresholds = find_thresholds(shards, Threshold(quantile=0.005), positions, self.jobs)
        responses = count_responses(shards, thresholds.values, table, self.jobs).responses
        times.append(time.process_time())
        for search in ("beam", "auto"):
            options = SearchOptions(length=_LENGTH, search=search)
            explain_responses(responses, table, options, jobs=self.jobs)
            times.append(time.process_time())
        counting, beam, auto = (np.diff(times) / self.units).tolist()
        return Row(
            samples=self.n_samples,
            positions=table.n_positions,
            cells=len(positions.atoms),
            atoms=table.n_atoms,
            table=built,
            counting=counting,
            beam=beam,
            auto=auto,
        )


def _growth(rows: Sequence[Row]) -> dict[str, float]:
    """The power of the number of samples that each column follows, by least squares of logs."""
    columns = {name: [asdict(row)[name] for row in rows] for name in asdict(rows[0])}
    logs = np.log(columns.pop("samples"))
    return {
        name: round(float(np.polyfit(logs, np.log(values), 1)[0]), 3)
        for name, values in columns.items()
    }


def lines(report: dict[str, Any]) -> list[str]:
    """The report as a table of text."""
    side = SIZE // STEP
    printed = [
        f"label maps of {side}x{side}, {report['units']} units, length {_LENGTH}; "
        "processor time of all threads",
        f"{'samples':>9}{'positions':>13}{'cells':>12}{'atoms':>10}{'table s':>9}"
        f"{'counting ms/unit':>18}{'beam ms/unit':>14}{'auto ms/unit':>14}",
    ]
    for row in report["rows"]:
        printed.append(
            f"{row['samples']:>9,}{row['positions']:>13,}{row['cells']:>12,}{row['atoms']:>10,}"
            f"{row['table']:>9.2f}{1e3 * row['counting']:>18.2f}{1e3 * row['beam']:>14.2f}"
            f"{1e3 * row['auto']:>14.2f}"
        )
    powers = ", ".join(f"{name} {power:.2f}" for name, power in report["growth"].items())
    return [*printed, f"grow with the samples to the power of: {powers}"]


def plot(report: dict[str, Any], path: str | Path) -> None:
    """Draw the rows as they grow, on logarithmic axes; the file's ending names its format.

    Raises:
        OptionError: matplotlib is not there or knows no such format, or the file is there already.
        RunError: it cannot be written.
    """
    check_plot(path)
    rows = report["rows"]
    samples = [row["samples"] for row in rows]
    shown = (
        {"positions": 1, "cells": 1, "atoms": 1},
        {"table": 1e3 / report["units"], "counting": 1e3, "beam": 1e3, "auto": 1e3},
    )
    from matplotlib.ticker import EngFormatter, StrMethodFormatter

    from andornot.figures.style import SERIES, new_figure, styled

    with styled():
        figure = new_figure(6.75, 2.6)
        for axes, columns in zip(figure.subplots(1, 2), shown, strict=True):
            for (name, factor), color in zip(columns.items(), SERIES, strict=False):
                values = [factor * row[name] for row in rows]
                axes.loglog(samples, values, "o-", color=color, label=name)
            axes.set_xlabel("samples")
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            axes.yaxis.set_major_formatter(EngFormatter(sep=""))
            axes.legend()
        figure.axes[0].set_ylabel("number")
        figure.axes[1].set_ylabel(f"processor ms per unit (of {report['units']})")
        figure.axes[1].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        save_plot(figure, path)
