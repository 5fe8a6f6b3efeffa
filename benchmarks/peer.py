"""Side by side with the package ``compositional_explanations``, on problems it can manage.

Both get the same boolean masks, in a fresh process each, with the same number of threads, and
both are warmed up on a tiny problem first. Time is from a unit's mask to its formula; what is
done once for all units (our concept table, its statistics of the masks) is told apart.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil
from numpy.typing import NDArray

import andornot
from andornot._tools.parallel import n_workers
from andornot._tools.timer import peak_rss_bytes
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import Responses
from andornot.errors import RunError
from andornot.explainer import explain_responses
from andornot.search.options import Search, SearchOptions
from benchmarks.synthetic import SIZE, World, planted_formulas

PACKAGE = "compositional_explanations"
ABSENT = f"{PACKAGE} is not installed, so there is no comparison; install the extra 'bench'"

_FULL = {"samples": 400, "concepts": 200, "units": 4, "length": 3, "beam_size": 10}
_FULL_BYTES = 14 * 2**30
"""Memory that the peer needs for that size; with less, the smaller one is run."""
_SMALL = {"samples": 200, "concepts": 60, "units": 4, "length": 3, "beam_size": 10}
_QUICK = {"samples": 20, "concepts": 40, "units": 3, "length": 3, "beam_size": 5}
_OPTIMAL = {"samples": 4, "concepts": 30, "units": 4, "length": 3, "beam_size": 10}
"""For the optimal searches; with 20 samples and 40 concepts the peer takes minutes a unit."""
_OPTIMAL_QUICK = {"samples": 2, "concepts": 30, "units": 2, "length": 3, "beam_size": 10}
_SEEDS = range(12)
"""What the label maps of ``overlapping_labels`` are drawn from."""
_KEPT = 0.3
"""Share of its formula's positions on which a unit is active."""
_NOISE = 0.02
"""Share of all positions on which the last unit is active, at random."""
_EQUAL = 1e-9

Masks = NDArray[np.bool_]
Found = Callable[[], tuple[float, str]]
"""Gives the IoU and the text of a formula that was found; not part of what is timed."""


@dataclass(frozen=True)
class Asked:
    """What both sides are asked for."""

    search: Search
    length: int
    beam_size: int
    threads: int


def installed() -> bool:
    """Whether the peer can be run."""
    return all(importlib.util.find_spec(name) is not None for name in (PACKAGE, "torch"))


def version() -> dict[str, str]:
    """The peer's version, where it is installed."""
    return {PACKAGE: importlib.metadata.version(PACKAGE)} if installed() else {}


def compare_all(seed: int = 0, jobs: int | None = None, quick: bool = False) -> dict[str, Any]:
    """Run all comparisons: beam searches, optimal searches, and those on overlapping labels.

    Returns:
        ``beam``, ``optimal`` and ``overlapping``, each as :func:`compare` gives it.

    Raises:
        RunError: a process failed.
    """
    return {
        "beam": compare(seed, jobs, quick),
        "optimal": compare(seed, jobs, quick, "optimal"),
        "overlapping": compare_overlapping(jobs),
    }


def compare(
    seed: int = 0, jobs: int | None = None, quick: bool = False, search: Search = "beam"
) -> dict[str, Any]:
    """Run both on the same synthetic problem.

    Args:
        seed: what the problem is drawn from.
        jobs: threads; all cores if not given.
        quick: a small problem instead.
        search: ``"beam"`` or ``"optimal"``, for both sides.

    Returns:
        ``ours`` and ``theirs`` (median seconds a unit, seconds once, IoUs, formulas, peak memory),
        ``ratio`` of the seconds a unit and ``memory_ratio`` of the peaks (theirs to ours),
        ``same_iou`` (for how many units the IoUs agree to 1e-9), ``ours_higher``, ``theirs_higher``
        and ``largest_difference`` (ours minus theirs, where it is farthest from 0).

    Raises:
        RunError: one of the two processes failed.
    """
    if search == "optimal":
        size = _OPTIMAL_QUICK if quick else _OPTIMAL
    else:
        enough = psutil.virtual_memory().available >= _FULL_BYTES
        size = _QUICK if quick else _FULL if enough else _SMALL
    concepts, units = _draw_problem(size, seed)
    sizes = size | {"positions": size["samples"] * SIZE * SIZE}
    return _compare(concepts[None], units[None], sizes, search, jobs)


def compare_overlapping(jobs: int | None = None) -> dict[str, Any]:
    """Run both optimal searches on :func:`overlapping_labels`, where IoU 1 is there to be found."""
    drawn = [overlapping_labels(seed) for seed in _SEEDS]
    concepts, units = (np.stack(arrays) for arrays in zip(*drawn, strict=True))
    sizes = {
        "samples": units.shape[1], "concepts": concepts.shape[1], "units": len(units),
        "length": 3, "beam_size": 10, "positions": units[0].size,
    }  # fmt: skip
    return _compare(concepts, units[:, None], sizes, "optimal", jobs)


def overlapping_labels(seed: int) -> tuple[Masks, Masks]:
    """Two layers of labels that overlap, and a unit that follows a formula of them exactly.

    In each layer, each of 12 x 20 positions has one of three labels or none, at equal rates. The
    unit is active where ``(A AND B) OR C``: A and C are two labels of the first layer, B is one of
    the second.

    Returns:
        the masks of the six labels, ``(6, 12, 20)``, and the unit's.
    """
    layers = np.random.default_rng(seed).integers(0, 4, (2, 12, 20))
    labels = np.stack([layer == label for layer in layers for label in (1, 2, 3)])
    return labels, (labels[0] & labels[3]) | labels[1]


def _compare(
    concepts: Masks, units: Masks, sizes: dict[str, int], search: Search, jobs: int | None
) -> dict[str, Any]:
    """Run both sides on the same problems, one for each row of concepts and units."""
    with tempfile.TemporaryDirectory(prefix="andornot-bench-") as name:
        problem = Path(name) / "problem.npz"
        np.savez(
            problem, concepts=concepts, units=units, search=search,
            length=sizes["length"], beam_size=sizes["beam_size"],
        )  # fmt: skip
        ours, theirs = (_in_new_process(side, problem, jobs) for side in ("ours", "theirs"))
    differences = np.array(ours["ious"]) - np.array(theirs["ious"])
    return {
        "search": search,
        "sizes": sizes,
        "threads": n_workers(jobs),
        "ours": ours,
        "theirs": theirs,
        "ratio": theirs["seconds_per_unit"] / ours["seconds_per_unit"],
        "memory_ratio": theirs["peak_rss_bytes"] / ours["peak_rss_bytes"],
        "same_iou": int((np.abs(differences) <= _EQUAL).sum()),
        "ours_higher": int((differences > _EQUAL).sum()),
        "theirs_higher": int((differences < -_EQUAL).sum()),
        "largest_difference": float(differences[np.abs(differences).argmax()]),
    }


def lines(report: dict[str, Any]) -> list[str]:
    """One comparison in a few sentences."""
    sizes, ours, theirs = report["sizes"], report["ours"], report["theirs"]
    n = len(ours["ious"])
    beam = f", beam {sizes['beam_size']}" if report["search"] == "beam" else ""
    return [
        f"{report['search']} search beside {PACKAGE}: {sizes['samples']} samples, "
        f"{sizes['concepts']} concepts, {n} units, length {sizes['length']}{beam}, "
        f"{report['threads']} threads",
        f"  ours   {_seconds(ours)}, {ours['seconds_once']:.2f} s once, "
        f"{ours['peak_rss_bytes'] / 2**30:.2f} GiB, IoU {_ious(ours)}",
        f"  theirs {_seconds(theirs)}, {theirs['seconds_once']:.2f} s once, "
        f"{theirs['peak_rss_bytes'] / 2**30:.2f} GiB, IoU {_ious(theirs)}",
        f"  {report['ratio']:,.0f} times faster a unit, peak memory {report['memory_ratio']:.1f} "
        f"times smaller; IoUs agree on {report['same_iou']} of {n} units, ours is higher on "
        f"{report['ours_higher']}, theirs on {report['theirs_higher']} (largest difference "
        f"{report['largest_difference']:+.4f})",
    ]


def _ious(side: dict[str, Any]) -> str:
    return " ".join(f"{iou:.3f}" for iou in side["ious"])


def _seconds(side: dict[str, Any]) -> str:
    each = side["seconds"]
    return f"{side['seconds_per_unit']:.4f} s a unit ({min(each):.4f} to {max(each):.4f})"


def _draw_problem(size: dict[str, int], seed: int) -> tuple[Masks, Masks]:
    """Masks of all concepts, and of units that follow a formula in part; the last one is noise."""
    world = World.of_size(size["concepts"], seed)
    drawn = [world.draw(i) for i in range(size["samples"])]
    table = ConceptTable.from_label_maps(
        [maps for maps, _ in drawn], world.names, sample_concepts=[[s + 1] for _, s in drawn]
    )
    positions = table.positions
    assert positions is not None
    atoms = np.stack([positions.sample(i).ravel() for i in range(len(drawn))])
    rng = np.random.default_rng(seed)
    units = np.zeros((size["units"], *atoms.shape), np.bool_)
    for u, formula in enumerate(planted_formulas(table, size["units"], rng)):
        if formula is not None:
            units[u] = table.mask(formula)[atoms] & _blocks(rng, atoms.shape, _KEPT)
    units[-1] = _blocks(rng, atoms.shape, _NOISE)
    concepts = np.stack([table.concept_mask(name)[atoms] for name in table.names])
    return concepts[concepts.any(axis=(1, 2))], units


def _blocks(rng: np.random.Generator, shape: tuple[int, ...], share: float) -> Masks:
    """Blocks of 4x4 positions at random, which cover such a share of all."""
    coarse = rng.random((shape[0], SIZE // 4, SIZE // 4)) < share
    return coarse.repeat(4, axis=1).repeat(4, axis=2).reshape(shape)


def _in_new_process(side: str, problem: Path, jobs: int | None) -> dict[str, Any]:
    threads = str(n_workers(jobs))
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    # -P: a folder of that name in the current directory is not ours
    command = [sys.executable, "-P", "-m", "benchmarks.peer", side, str(problem), threads]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False,
        env=os.environ | dict.fromkeys(names, threads)
        | {"TMPDIR": str(problem.parent), "PYTHONPATH": _import_path()},
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        what = "our side" if side == "ours" else PACKAGE
        raise RunError(f"the process that timed {what} failed ({last}); leave it out by --no-peer")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _import_path() -> str:
    """Where a new process finds the benchmarks, and andornot, wherever this one was started."""
    places = [str(Path(file).resolve().parents[1]) for file in (__file__, andornot.__file__)]
    return os.pathsep.join([*places, *filter(None, [os.environ.get("PYTHONPATH")])])


def _main(side: str, problem: str, threads: str) -> None:
    """What the new process does: warm up, then explain each unit, and print what came of it."""
    with np.load(problem, allow_pickle=False) as arrays:
        given = {name: arrays[name] for name in arrays.files}
    prepare = _ours if side == "ours" else _theirs
    options = Asked(
        cast(Search, str(given["search"])),
        int(given["length"]),
        int(given["beam_size"]),
        int(threads),
    )
    tiny = np.random.default_rng(0).random((6, 4, 50)) < 0.5
    once, seconds, ious, formulas = 0.0, [], [], []
    # the peer prints as it goes
    with contextlib.redirect_stdout(sys.stderr):
        prepare(tiny[1:], replace(options, length=2))(tiny[0])
        for concepts, units in zip(given["concepts"], given["units"], strict=True):
            start = time.perf_counter()
            explain = prepare(concepts, options)
            once += time.perf_counter() - start
            for unit in units:
                start = time.perf_counter()
                found = explain(unit)
                seconds.append(time.perf_counter() - start)
                iou, formula = found()
                ious.append(iou)
                formulas.append(formula)
    report = {
        "seconds_per_unit": float(np.median(seconds)),
        "seconds": seconds,
        "seconds_once": once,
        "ious": ious,
        "formulas": formulas,
        "peak_rss_bytes": peak_rss_bytes(),
    }
    print(json.dumps(report))


def _ours(concepts: Masks, asked: Asked) -> Callable[[Masks], Found]:
    """Build our concept table; what is returned explains a unit."""
    table = ConceptTable.from_masks(concepts, [str(c) for c in range(len(concepts))])
    options = SearchOptions(length=asked.length, beam_size=asked.beam_size, search=asked.search)

    def explain(unit: Masks) -> Found:
        responses = Responses.from_masks(unit[None], table, asked.threads)
        found = explain_responses(responses, table, options, jobs=asked.threads)[0]
        return lambda: (found.iou, str(found.formula))

    return explain


def _theirs(concepts: Masks, asked: Asked) -> Callable[[Masks], Found]:
    """Let the peer gather its statistics of the masks; what is returned explains a unit."""
    import torch
    from compositional_explanations import beam, metrics, optimal
    from package_utils import mask_utils

    torch.set_num_threads(asked.threads)
    masks = [torch.from_numpy(mask) for mask in concepts]
    flat = concepts.reshape(len(concepts), -1)
    sizes = flat.astype(np.float32) @ flat.T.astype(np.float32)
    cache = tempfile.mkdtemp()
    mask_utils.get_dataset_info(masks, cache)

    def explain(unit: Masks) -> Found:
        bitmap = torch.from_numpy(unit)
        given = {
            "bitmaps": bitmap, "masks": masks, "disjoint_info": torch.from_numpy(sizes == 0),
            "length": asked.length, "device": torch.device("cpu"), "cache_dir": cache,
        }  # fmt: skip
        if asked.search == "beam":
            formula = beam.compute_beam_explanations(beam_size=asked.beam_size, **given)
        else:
            formula = optimal.compute_optimal_explanations(**given)
        iou = metrics.compute_iou_from_masks
        return lambda: (iou(formula=formula, masks=masks, bitmaps=bitmap), str(formula))

    return explain


if __name__ == "__main__":
    _main(*sys.argv[1:])
