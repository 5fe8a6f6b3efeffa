"""Passes: runs of the network over all samples, here or shard by shard on other processes.

Where activations are stored, one pass records them. Where they are not, the network runs twice,
for all layers at once: the first pass finds the thresholds (the largest values of each unit), the
second counts above them. What a pass holds adds up in any order, to the same last bit as in one
process, so shards of samples can be given out (see ``_tools.executors``), and a pass that was
interrupted goes on from what it had.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import several
from andornot._tools.executors import Engine
from andornot._tools.files import writing
from andornot._tools.folders import Folder, verify
from andornot._tools.progress import show_progress, track
from andornot._tools.timer import Timer
from andornot.concepts.positions import AtomMap
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import CountBy, LayerCounter, known_positions
from andornot.counting.stores import Shards
from andornot.counting.thresholds import (
    Threshold,
    TopValues,
    bytes_per_unit,
    is_upsampled,
    n_values,
    values_kept,
)
from andornot.errors import OptionError, RunError, quoted
from andornot.pipeline.pieces import Piece, PieceOfStore
from andornot.probes.base import Batch, Probe
from andornot.probes.directions import Directions

State = dict[str, NDArray[Any]]

_SHARD_SAMPLES = 256
"""About as many samples make a shard: a multiple of both default batch sizes, since a network's
last bits can hang on which samples share a batch."""
_SAVE_SHARE = 20
"""A pass is saved when it has gone on for so many times as long as saving takes."""
_NETWORK = threading.Lock()
"""Hooks on a network see all that it computes, so one task of a process runs it at a time."""


@dataclass(frozen=True, eq=False)
class ForwardPass:
    """The network over all samples.

    Attributes:
        probe: the network, and what it is shown.
        layers: the layers to look at.
        logits: whether to take the logits too.
        units: units that are to be explained, of every layer; None for all.
        directions: what stands in the place of the layers' own units; None for these.
    """

    probe: Probe
    layers: tuple[str, ...]
    logits: bool
    units: Sequence[int] | None
    directions: Directions | None = field(default=None, kw_only=True)

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.probe.data)

    @property
    def n_rows(self) -> int:
        """Rows of activations of all samples together."""
        return self.row(self.n_samples)

    def row(self, sample: int) -> int:
        """The first row of a sample in the activations."""
        return sample if self.probe.rows is None else int(self.probe.rows[sample])

    def batches(self, samples: range, clock: Timer) -> Generator[Batch, None, None]:
        """Run the network over some samples; times go to ``clock``.

        Raises:
            AndornotError: something about a sample or a layer is wrong, or a unit is not there.
        """
        probe, first = self.probe, samples.start
        # a probe runs to the end of its data, so to stop earlier it is shown a part of them
        if samples.stop < self.n_samples:
            probe, first = part_of(probe, samples), 0
        with closing(probe.batches(self.layers, first, self.logits, clock)) as found:
            for number, batch in enumerate(map(self._directed, found)):
                # only a batch tells how many units a layer has
                if not number:
                    for layer in self.layers:
                        check_units(self.units, layer, batch.activations[layer].shape[1])
                moved = samples.start - first
                where = slice(batch.samples.start + moved, batch.samples.stop + moved)
                yield replace(batch, samples=where)

    def _directed(self, batch: Batch) -> Batch:
        """A batch with directions in the place of units, where there are some.

        The only place where they are applied: all that a run stores or counts comes by here, of
        whatever modality, and in whatever process.
        """
        if self.directions is None:
            return batch
        along = {
            layer: self.directions.of(batch.activations[layer], layer) for layer in self.layers
        }
        return replace(batch, activations=along)

    def shards(self, samples: range) -> Iterator[range]:
        """Parts of some samples, that begin where a batch begins."""
        step = self.shard_size
        for at in range(samples.start // step * step, samples.stop, step):
            yield range(max(at, samples.start), min(at + step, samples.stop))

    @property
    def shard_size(self) -> int:
        """Samples of a shard: whole batches."""
        return -(-_SHARD_SAMPLES // self.probe.batch_size) * self.probe.batch_size


def part_of(probe: Any, samples: range) -> Probe:
    """The same network, shown some of the samples; every probe is a dataclass."""
    part: Probe = replace(probe, data=probe.data.subset(samples))
    return part


def check_units(units: Sequence[int] | None, layer: str, n_units: int) -> list[int]:
    """The units of a layer with so many that are to be explained, each once.

    Raises:
        OptionError: there is none, or one that the layer has not.
    """
    wanted = range(n_units) if units is None else several(units, "units")
    if not wanted or not all(isinstance(u, int | np.integer) for u in wanted):
        raise OptionError(f"units is {quoted(units)}; give at least one unit, as whole numbers")
    if wrong := [u for u in wanted if not 0 <= u < n_units]:
        raise OptionError(
            f"there is no unit {wrong[0]} in {layer}; it has units 0 to {n_units - 1}"
        )
    return list(dict.fromkeys(int(u) for u in wanted))


@dataclass(frozen=True, eq=False)
class RecordingPass(ForwardPass):
    """A pass that stores activations.

    Attributes:
        stores: where each layer's shards lie.
        logit_store: where the logits' shards lie; None if they are not wanted.
        size: bytes of activations that fill a piece (see ``pieces``).
    """

    stores: Mapping[str, Shards]
    logit_store: Shards | None
    size: int

    def record_here(self, clock: Timer) -> None:
        """Record what is missing in this process; times go to ``clock``."""
        self.record_part(range(self.n_samples), clock)

    def record(self, engine: Engine) -> None:
        """Record what is missing on other processes, which write into the run's directory.

        Args:
            engine: the other processes.

        Raises:
            RunError: what one of them wrote was lost.
        """
        places = self._piece(range(self.n_samples), Timer()).all_places
        recorded = min(place.sample(place.reach()) for place in places)
        for place in places:  # a shard of samples has files of its own
            place.store.cut(place.row(recorded // self.shard_size * self.shard_size))
        missing = [part for part in self.shards(range(self.n_samples)) if not self._has(part)]
        found = engine.run(_record, self, ((part.start, part.stop) for part in missing))
        for _ in track(found, "running the network", len(missing)):
            pass
        if not all(map(self._has, missing)):
            raise RunError(
                f"of what was recorded under {places[0].store.directory} a part was lost on the "
                "way; start again, the rest is kept"
            )

    def record_part(self, part: range, clock: Timer) -> None:
        """Record what is missing of some samples; what has come is kept, whatever happens."""
        piece = self._piece(part, clock)
        start = piece.begin(self.probe.batch_size)
        if start >= part.stop:
            return
        with closing(self.batches(range(start, part.stop), clock)) as batches:
            try:
                for batch in batches:
                    piece.add(batch)
            except RunError:  # the disk is full, say
                raise
            # Ctrl-C too; what stopped the network is told, not that the disk failed on top of it
            except BaseException:
                with suppress(RunError):
                    piece.keep()
                raise
        piece.keep()

    def _piece(self, part: range, clock: Timer) -> Piece:
        first, last = self.row(part.start), self.row(part.stop)
        rows = self.probe.rows
        logits = None
        if self.logit_store is not None:
            logits = PieceOfStore(self.logit_store, None, part.start, part.stop)
        stores = {layer: PieceOfStore(s, rows, first, last) for layer, s in self.stores.items()}
        return Piece(stores, logits, self.size, clock)

    def _has(self, part: range) -> bool:
        places = self._piece(part, Timer()).all_places
        return all(place.store.covers(place.first, place.last) for place in places)


def _record(work: RecordingPass, start: int, stop: int) -> None:
    """Record a shard of samples, in a worker."""
    with at_work():
        work.record_part(range(start, stop), Timer())


@contextmanager
def at_work() -> Iterator[None]:
    """Run the network in a worker: alone in its process, and without bars of a forked one."""
    if multiprocessing.parent_process() is not None:
        show_progress(False)  # the run that gave the task out shows its own
    with _NETWORK:
        yield


class Pass(Protocol):
    """What a pass without a store holds; adds up in any order."""

    def add(self, batch: Batch) -> None:
        """Take in a batch."""

    def state(self) -> State:
        """All that :meth:`merge` needs, as plain arrays."""

    def merge(self, state: State) -> None:
        """Take in what another found of other samples."""

    def bounds(self) -> dict[str, NDArray[np.floating]]:
        """For each layer, values that others need not report."""


@dataclass(frozen=True, eq=False)
class StatisticsPass(ForwardPass):
    """A pass that keeps statistics only.

    Attributes:
        table: the concept table's directory.
        rules: for each layer how its thresholds are found.
        memory: bytes that the pass may hold.
        jobs: threads; all cores if not given.
        thresholds: for each layer those of its units, ``(n_units,)``; None in the first pass.
    """

    table: Path
    rules: Mapping[str, Threshold]
    memory: float
    jobs: int | None
    thresholds: Mapping[str, NDArray[np.float64]] | None = None

    def begin(
        self, table: ConceptTable, bounds: Mapping[str, NDArray[np.floating]] | None = None
    ) -> Pass:
        """The pass before the first sample."""
        if self.thresholds is None:
            return ThresholdPass(self, known_positions(table), bounds or {})
        return CountPass(self, table)


class ThresholdPass:
    """The largest values of the units of all layers, and the logits."""

    def __init__(
        self, work: StatisticsPass, positions: AtomMap, bounds: Mapping[str, NDArray[np.floating]]
    ) -> None:
        self._work, self._bounds, self._positions = work, bounds, positions
        upsampled = any(is_upsampled(rule) for rule in work.rules.values())
        self._grids = positions.by_row(work.n_rows).shapes if upsampled else positions.shapes
        self.tops: dict[str, TopValues] = {}
        self.map_shapes: dict[str, tuple[int, int]] = {}
        self._logits: list[tuple[int, NDArray[np.float32]]] = []

    def add(self, batch: Batch) -> None:
        """Take in a batch."""
        start, stop = self._work.row(batch.samples.start), self._work.row(batch.samples.stop)
        for layer in self._work.layers:
            values = batch.activations[layer]
            self._follow(layer, values.shape[1], (values.shape[2], values.shape[3]))
            top = self.tops[layer]
            top.add(values, self._grids[start:stop] if top.upsampled else None, self._work.jobs)
        if self._work.logits:
            nothing = np.zeros((batch.samples.stop - batch.samples.start, 0), np.float32)
            rows = nothing if batch.logits is None else batch.logits
            self._logits.append((batch.samples.start, rows))

    def _follow(self, layer: str, n_units: int, map_shape: tuple[int, int]) -> None:
        if layer in self.tops:
            return
        work, rule = self._work, self._work.rules[layer]
        keep = values_kept(rule, n_values(rule, work.n_rows, map_shape, self._positions))
        upsampled = is_upsampled(rule)
        self.tops[layer] = TopValues(n_units, keep, upsampled, self._bounds.get(layer))
        self.map_shapes[layer] = map_shape
        # 8 bytes a sample: the area and the peak that the second pass will hold
        needed = sum(
            len(top.bound) * (bytes_per_unit(top.keep, top.upsampled) + 8 * work.n_samples)
            for top in self.tops.values()
        )
        if needed > work.memory:
            raise OptionError(
                f"without a store, the layers up to {layer} need {needed / 1e9:.3g} GB of memory, "
                f"more than the {work.memory / 1e9:.3g} GB set aside; give more, or explain fewer "
                "layers at once, or take a smaller quantile"
            )

    def state(self) -> State:
        """All that :meth:`merge` needs, as plain arrays."""
        state: State = {}
        for number, layer in enumerate(self._work.layers):
            if layer in self.tops:
                state[f"{number}.map_shape"] = np.array(self.map_shapes[layer])
                state |= _prefixed(number, self.tops[layer].state())
        if self._logits:
            state["logits.starts"] = np.array([start for start, _ in self._logits])
            state["logits.sizes"] = np.array([len(rows) for _, rows in self._logits])
            state["logits.rows"] = np.concatenate([rows for _, rows in self._logits])
        return state

    def merge(self, state: State) -> None:
        """Take in what another found of other samples."""
        for number, layer in enumerate(self._work.layers):
            part = _without_prefix(number, state)
            if part:
                height, width = part["map_shape"].tolist()
                self._follow(layer, len(part["held"]), (height, width))
                self.tops[layer].merge(part)
        if "logits.rows" in state:
            pieces = np.split(state["logits.rows"], np.cumsum(state["logits.sizes"])[:-1])
            self._logits += zip(state["logits.starts"].tolist(), pieces, strict=True)

    def bounds(self) -> dict[str, NDArray[np.floating]]:
        """For each layer, values that others need not report."""
        return {layer: top.tighten() for layer, top in self.tops.items()}

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits of all samples, ``(n_samples, n_classes)``; without columns if there are none."""
        # workers report in any order
        return np.concatenate([rows for _, rows in sorted(self._logits, key=lambda p: p[0])])


class CountPass:
    """Counts above the thresholds, of all layers."""

    def __init__(self, work: StatisticsPass, table: ConceptTable) -> None:
        assert work.thresholds is not None
        count_by = CountBy(known_positions(table), table.n_atoms, table.n_folds)
        self._work = work
        self.counts = {
            layer: LayerCounter(count_by, work.thresholds[layer], work.n_rows)
            for layer in work.layers
        }

    def add(self, batch: Batch) -> None:
        """Take in a batch."""
        for layer, counter in self.counts.items():
            row = self._work.row(batch.samples.start)
            counter.add(row, batch.activations[layer], self._work.jobs)

    def state(self) -> State:
        """All that :meth:`merge` needs, as plain arrays."""
        state: State = {}
        for number, counter in enumerate(self.counts.values()):
            state |= _prefixed(number, counter.state())
        return state

    def merge(self, state: State) -> None:
        """Take in what another found of other samples."""
        for number, counter in enumerate(self.counts.values()):
            counter.merge(_without_prefix(number, state))

    def bounds(self) -> dict[str, NDArray[np.floating]]:
        """Nothing: all counts are needed."""
        return {}


def _prefixed(number: int, state: State) -> State:
    return {f"{number}.{name}": values for name, values in state.items()}


def _without_prefix(number: int, state: State) -> State:
    start = f"{number}."
    return {n.removeprefix(start): values for n, values in state.items() if n.startswith(start)}


def run_pass(
    work: StatisticsPass, table: ConceptTable, engine: Engine | None, path: Path, clock: Timer
) -> Pass:
    """Run a pass to its end, from what an interrupted one left.

    Args:
        work: the pass.
        table: its concept table.
        engine: where shards of samples are given out; None for this process.
        path: a file for what it has so far.
        clock: where times go.
    """
    whole = work.begin(table)
    kept = _PassCheckpoint(path, whole, [*work.layers, str(work.logits)])
    if engine is None:
        for gap in kept.missing(work.n_samples):
            # closed at once if counting fails, so no hook stays on the network
            with closing(work.batches(gap, clock)) as batches:
                for batch in batches:
                    with clock.timed("statistics"):
                        whole.add(batch)
                        kept.note(batch.samples.start, batch.samples.stop)
        return whole
    shards = [shard for gap in kept.missing(work.n_samples) for shard in work.shards(gap)]
    # what is known by then need not be reported again
    calls = ((shard.start, shard.stop, whole.bounds()) for shard in shards)
    here = replace(work, jobs=engine.threads)
    for (start, stop, _), state in track(
        engine.run(_shard, here, calls), "running the network", len(shards)
    ):
        with clock.timed("statistics"):
            whole.merge(state)
            kept.note(start, stop)
    return whole


def _shard(
    work: StatisticsPass, start: int, stop: int, bounds: dict[str, NDArray[np.floating]]
) -> State:
    """Run the network over a shard of samples, in a worker."""
    with at_work(), closing(work.batches(range(start, stop), Timer())) as batches:
        part = work.begin(_table(work.table), bounds)
        for batch in batches:
            part.add(batch)
        return part.state()


# a worker gets many shards, and reads the table for the first one
@lru_cache(maxsize=1)
def _table(directory: Path) -> ConceptTable:
    return ConceptTable.load(directory)


class _PassCheckpoint:
    """Which samples a pass has, and a file of what it has, for the case that it is interrupted."""

    def __init__(self, path: Path, whole: Pass, of: list[str]) -> None:
        self._path, self._whole, self._of = path, whole, np.array(of)
        self._done: list[tuple[int, int]] = []
        self._cost, self._saved = 0.0, time.perf_counter()
        try:
            verify(path)
            # opened here, since np.load forgets to close a file that it finds damaged
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                state = dict(arrays)
            of, done = state.pop("of"), state.pop("done")
        except Exception:  # not there; NumPy raises almost anything on a damaged file
            return
        if np.array_equal(of, self._of):  # else some layers are through, and others numbered so
            self._done = [(start, stop) for start, stop in done.tolist()]
            whole.merge(state)

    def missing(self, n_samples: int) -> list[range]:
        """Samples that were not seen yet."""
        found, at = [], 0
        for start, stop in [*sorted(self._done), (n_samples, n_samples)]:
            if start > at:
                found.append(range(at, start))
            at = stop
        return found

    def note(self, start: int, stop: int) -> None:
        """These samples are done; save all, unless that was done just now."""
        if self._done and self._done[-1][1] == start:
            self._done[-1] = (self._done[-1][0], stop)
        else:
            self._done.append((start, stop))
        begun = time.perf_counter()
        if begun - self._saved >= _SAVE_SHARE * self._cost:
            with writing(self._path):
                Folder.at(self._path.parent, whole=True).write(self._path.name, self._write)
            self._saved = time.perf_counter()
            self._cost = self._saved - begun

    def _write(self, aside: Path) -> None:
        with aside.open("wb") as file:
            known = {"of": self._of, "done": np.array(self._done)}
            np.savez(file, **known, **self._whole.state())  # type: ignore[arg-type]
