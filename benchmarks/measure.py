"""``python -m benchmarks``: every stage of the pipeline, timed at the size of the paper's data.

Data are drawn first, and drawing is a stage of its own, so that no other stage contains it. Label
maps are PNG files in memory; activations lie in a temporary folder, as a run records them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.concepts.signatures import local_atoms
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.counting.responses import Responses, count_responses
from andornot.counting.stores import Activations
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.data.images.dataset import Labels, ProbingData
from andornot.data.images.table import build_table
from andornot.errors import OptionError
from andornot.explainer import explain_responses
from andornot.pipeline.dissect import dissect
from andornot.results.result import Result
from andornot.runs.commit import versions
from andornot.search.options import SearchOptions
from benchmarks import peer as peers
from benchmarks.clock import Clock, Measured, machine
from benchmarks.size import check_least
from benchmarks.synthetic import (
    NATIVE,
    SIZE,
    Drawn,
    World,
    planted_formulas,
    write_activations,
)

if TYPE_CHECKING:
    from andornot.models import LoadedModel

_BLOCK = 512
"""Label maps that are held decoded at a time."""
_EXHAUSTIVE_UNITS = 4
_OPTIMAL_UNITS = 20
_NETWORK = ("read", "forward")
"""Parts of a run that are not andornot's own work."""


@dataclass(frozen=True)
class Size:
    """What is measured.

    Raises:
        OptionError: a number is too small.
    """

    samples: int = 22_210
    units: int = 512
    concepts: int = 1_291
    length: int = 10
    beam_size: int = 10

    def __post_init__(self) -> None:
        check_least(self, samples=1, units=1, concepts=30, length=1, beam_size=1)

    @property
    def disk_bytes(self) -> int:
        """About what the codes of the positions and the activations take on disk."""
        codes = 2 * self.samples * SIZE**2
        return int(1.1 * (2 * codes + 4 * self.samples * self.units * NATIVE**2))


_WARM_UP = Size(samples=8, units=4, concepts=40, length=3, beam_size=2)
_QUICK = Size(samples=1_000, units=64, concepts=300, length=3)


def run_bench(
    samples: int = 22_210,
    units: int = 512,
    concepts: int = 1_291,
    length: int = 10,
    beam_size: int = 10,
    jobs: int | None = None,
    seed: int = 0,
    peer: bool = True,
    quick: bool = False,
) -> dict[str, Any]:
    """Measure all stages on synthetic data; the sizes of the paper if not given.

    Args:
        samples: images, with maps of 112x112 positions in three layers.
        units: units, with maps of 7x7.
        concepts: concepts of all layers, scenes and colours included.
        length: longest formula.
        beam_size: formulas kept by the beam.
        jobs: threads; all cores if not given.
        seed: what the data are drawn from.
        peer: also time the package ``compositional_explanations``, where it is installed.
        quick: a small problem instead (1,000 samples, 64 units, 300 concepts, length 3).

    Returns:
        Plain data: ``stages`` (see :class:`~benchmarks.clock.Measured`), ``results``,
        ``peer`` (None without it), ``machine``, ``versions``, ``sizes``, ``seed``.

    Raises:
        OptionError: a size is too small, or the temporary folder lacks the room.
    """
    size = _QUICK if quick else Size(samples, units, concepts, length, beam_size)
    where = machine(jobs)
    clock = Clock()
    with clock.stage("compile", 1, "programs"):
        _measure(_WARM_UP, seed, jobs, Clock())
    results = _measure(size, seed, jobs, clock)
    return {
        "stages": clock.as_list(),
        "results": results,
        "peer": peers.compare(seed, jobs, quick) if peer and peers.installed() else None,
        "machine": where,
        "versions": versions() | peers.version(),
        "sizes": asdict(size) | {"positions": size.samples * SIZE * SIZE},
        "seed": seed,
    }


def _measure(size: Size, seed: int, jobs: int | None, clock: Clock) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="andornot-bench-") as name:
        folder = Path(name)
        if (free := shutil.disk_usage(folder).free) < size.disk_bytes:
            raise OptionError(
                f"the bench writes about {size.disk_bytes / 1e9:.1f} GB to {folder.parent}, where "
                f"{free / 1e9:.1f} GB are free; set TMPDIR to another place or give fewer samples"
            )
        world = World.of_size(size.concepts, seed)
        with clock.stage("draw label maps", size.samples, "samples"):
            data = Drawn.of(world, size.samples, jobs)
        _time_decode(data, jobs, clock)
        _time_table(data, folder / "codes", jobs, clock)
        with clock.stage("table with decoding", size.samples, "samples"):
            table = build_table(cast(ProbingData, data), folder / "table", 1, jobs)
        formulas = planted_formulas(table, size.units, np.random.default_rng(seed))
        with clock.stage("draw activations", size.samples, "samples"):
            shards = write_activations(table, formulas, folder / "shards", seed, jobs)
        responses = _time_responses(shards, table, jobs, clock)
        result = _time_searches(responses, table, size, jobs, clock)
    return summary(table, responses, result)


def _time_decode(data: Drawn, jobs: int | None, clock: Clock) -> None:
    """Decode the PNG files to pixels, and no more: what any reader of them has to do."""
    with clock.stage("png_decode", len(data), "samples"):
        for _ in ordered_map(data.pixels, range(len(data)), jobs, chunk=8):
            pass


def _time_table(data: Drawn, codes_file: Path, jobs: int | None, clock: Clock) -> None:
    """Build the table as :func:`build_table` does, from label maps that are decoded already."""
    builder = TableBuilder(data.names, data.categories)
    with codes_file.open("wb") as file:
        for block in _decoded_blocks(data, jobs):
            with clock.stage("table", len(block), "samples"):
                for codes, indptr, indices in ordered_map(_local_atoms, block, jobs, chunk=8):
                    builder.add_local(codes, indptr, indices, (SIZE, SIZE), keep_codes=False)
                    codes.tofile(file)
    with clock.stage("table", 0, "samples"):
        positions = builder.atom_map(np.memmap(codes_file, "<u2", "r"))
        builder.table(builder.fold_counts(1), positions)


def _decoded_blocks(data: Drawn, jobs: int | None) -> Iterator[list[Labels]]:
    for start in range(0, len(data), _BLOCK):
        indices = range(start, min(start + _BLOCK, len(data)))
        yield list(ordered_map(data.labels, indices, jobs))


def _local_atoms(
    labels: Labels,
) -> tuple[NDArray[np.uint16], NDArray[np.int64], NDArray[np.int32]]:
    return local_atoms(np.stack(labels.maps), np.array(labels.concepts, np.int32))


def _time_responses(
    shards: Activations, table: ConceptTable, jobs: int | None, clock: Clock
) -> Responses:
    assert table.positions is not None
    with clock.stage("thresholds", shards.n_units, "units"):
        found = find_thresholds(shards, Threshold(), table.positions, jobs)
    with clock.stage("responses", shards.n_units, "units"):
        return count_responses(shards, found.values, table, jobs).responses


def _time_searches(
    responses: Responses, table: ConceptTable, size: Size, jobs: int | None, clock: Clock
) -> Result:
    options = SearchOptions(length=size.length, beam_size=size.beam_size, search="beam")
    with clock.stage("beam", size.units, "units"):
        result = explain_responses(responses, table, options, jobs=jobs)
    few = range(min(size.units, _EXHAUSTIVE_UNITS))
    options = SearchOptions(length=2, beam_size=size.beam_size, search="exhaustive")
    with clock.stage("exhaustive (length 2)", len(few), "units"):
        explain_responses(responses.select(few), table, options, jobs=jobs)
    some = range(min(size.units, _OPTIMAL_UNITS))
    options = SearchOptions(length=3, beam_size=size.beam_size, search="optimal")
    with clock.stage("optimal (length 3)", len(some), "units"):
        explain_responses(responses.select(some), table, options, jobs=jobs)
    return result


def summary(table: ConceptTable, responses: Responses, result: Result) -> dict[str, Any]:
    """What was found, for a report."""
    positions = table.positions
    assert positions is not None
    by_length = np.array([e.by_length for e in result])
    return {
        "atoms": table.n_atoms,
        "atoms_per_sample": len(positions.atoms) / positions.n_samples,
        "concepts_per_atom": len(table.indices) / table.n_atoms,
        "active_atoms_per_unit": len(responses.atoms) / responses.n_units,
        "mean_iou_by_length": by_length.mean(axis=0).tolist(),
    }


def bench_real(data: str, model: LoadedModel | str, layer: str, **options: Any) -> dict[str, Any]:
    """Time a real run, stage by stage; ``options`` are those of :func:`andornot.dissect`.

    The run goes to a temporary folder and is thrown away. Kernels that were never compiled on
    this machine are compiled in it; run it twice to see it without.
    """
    jobs = options.get("jobs")
    where = machine(jobs)
    with tempfile.TemporaryDirectory(prefix="andornot-bench-") as folder:
        run = dissect(model, layer, data, Path(folder) / "run", **options)
        manifest = run.manifest
    n_samples = manifest["data"]["samples"]
    n_units = sum(found["units"] for found in manifest["layers"].values())
    processed = dict.fromkeys(("read", "forward", "write", "table"), (n_samples, "samples"))
    stages: dict[str, tuple[float, int]] = {}
    for stage in manifest["stages"].values():
        for part, seconds in stage["seconds"].items():
            before, _ = stages.get(part, (0.0, 0))
            peak = stage.get("peak_rss_bytes", manifest["peak_rss_bytes"])
            stages[part] = before + seconds, peak
    measured = [
        Measured.of(part, seconds, *processed.get(part, (n_units, "units")), peak)
        for part, (seconds, peak) in stages.items()
    ]
    outside = sum(stage.seconds for stage in measured if stage.stage in _NETWORK)
    results = {
        "layers": manifest["layers"],
        "seconds": manifest["seconds"],
        "other_share": 1 - outside / manifest["seconds"],
    }
    return {
        "stages": [asdict(stage) for stage in measured],
        "results": results,
        "peer": None,
        "machine": where,
        "versions": manifest["versions"],
        "sizes": {"samples": n_samples, "units": n_units, "concepts": manifest["data"]["concepts"]},
        "seed": None,
    }


def print_bench(report: dict[str, Any]) -> None:
    """Print a report of :func:`run_bench` or :func:`bench_real` for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    where = report["machine"]
    sizes = ", ".join(f"{n:,} {what}" for what, n in report["sizes"].items())
    memory = where["memory_bytes"] / 2**30
    console.print(f"{where['cpu']}, {where['threads']} threads, {memory:.0f} GiB\n{sizes}")
    shown = Table("stage")
    for column in ("seconds", "CPU seconds", "rate", "peak memory"):
        shown.add_column(column, justify="right")
    for stage in report["stages"]:
        cpu = stage["cpu_seconds"]
        shown.add_row(
            stage["stage"],
            f"{stage['seconds']:.2f}",
            "" if cpu is None else f"{cpu:.2f}",
            f"{stage['rate']:,.1f} {stage['rate_unit']}",
            f"{stage['peak_rss_bytes'] / 2**30:.2f} GiB",
        )
    console.print(shown)
    if (share := report["results"].get("other_share")) is not None:
        seconds = report["results"]["seconds"]
        console.print(f"{share:.0%} of {seconds:.1f} seconds is neither reading nor the network")
    if "units_per_core_second" in report["results"]:
        console.print(_rates(report["results"]))
    if report["peer"] is not None:
        for line in peers.lines(report["peer"]):
            console.print(line)


def _rates(results: dict[str, Any]) -> str:
    return (
        f"{results['units_per_core_second']:,.0f} units/s on a core "
        f"({results['active_units_per_core_second']:,.0f} that fire), {results['inactive']:,} fire "
        f"nowhere, {results['units_at_a_position']:.1f} fire at a position, mean IoU "
        f"{results['mean_iou']:.3f}, {results['bytes_written'] / 2**20:.1f} MiB written"
    )
