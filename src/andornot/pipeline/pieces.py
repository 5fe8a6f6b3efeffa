"""Pieces of a recording: samples that share a file in each store, on disk while they grow.

A piece is full at so many bytes; then the next one begins. Where pieces begin and end hangs on
layers and batches, never on the clock: what is summed up piece by piece would get other last bits.
A piece that is not full is written now and then, each time in the place of what was written of it
before, and once more when the network stops for whatever reason. A recording that goes on takes it
up again. So there are never more files than an undisturbed recording has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from andornot._tools.files import writing
from andornot._tools.timer import Timer
from andornot.counting.stores import Shards, read_shard
from andornot.probes.base import Batch

KEPT_SECONDS = 30.0
"""A piece is written when so much time of the network is not on disk yet."""
_WRITE_SHARE = 20
"""It is not written before so many times as long has gone by as writing takes."""


@dataclass(frozen=True, order=True)
class Span:
    """A file of a store, and the rows that it holds: from ``start`` up to ``stop``."""

    start: int
    stop: int
    path: Path


def spans_of(store: Shards) -> list[Span]:
    """All files of a store, by their first row; of two that begin together the shorter one first.

    Two begin together where a process was killed after it wrote the longer one, and before it
    removed the other.
    """
    found = []
    for path in store.directory.glob("[0-9]*.npy"):
        if named := re.match(r"(\d+)-(\d+)", path.name):
            found.append(Span(int(named[1]), int(named[2]), path))
    return sorted(found)


@dataclass(frozen=True)
class PieceOfStore:
    """A store, and the part of it that a recording writes.

    Attributes:
        store: where the files lie.
        rows: where each sample's rows start; None where each sample has one row.
        first: the first row of the part.
        last: the row behind it.
    """

    store: Shards
    rows: NDArray[np.int64] | None
    first: int
    last: int

    def row(self, sample: int) -> int:
        """The first row of a sample."""
        return sample if self.rows is None else int(self.rows[sample])

    def sample(self, row: int) -> int:
        """How many samples lie before a row as a whole."""
        if self.rows is None:
            return row
        return int(np.searchsorted(self.rows, row, side="right")) - 1

    def chain(self) -> list[Span]:
        """The files that lie end to end from the first row on, and none beyond the last."""
        found: list[Span] = []
        at = self.first
        for span in spans_of(self.store):
            if span.start == at < span.stop <= self.last:
                found.append(span)
                at = span.stop
        return found

    def reach(self) -> int:
        """The row behind those files."""
        found = self.chain()
        return found[-1].stop if found else self.first

    def clear(self) -> None:
        """Remove files behind a gap, which would not fit what is written now."""
        self.store.drop(self.reach(), self.last)

    def put(self, sample: int, values: NDArray[np.float32]) -> None:
        """Write the rows from a sample on, as far as they do not lie there already.

        A file that holds the first few of them makes way for one with all of them.
        """
        start, found = self.row(sample), self.chain()
        known = max((found[-1].stop if found else self.first) - start, 0)
        if known >= len(values):
            return
        if not found or found[-1].start != start:
            self.store.append(start + known, values[known:])
            return
        # the longer file first: a kill in between leaves both, and loses no row
        self.store.append(start, values)
        with writing(self.store.directory):
            for span in spans_of(self.store):
                if span.start == start and span.stop != start + len(values):
                    span.path.unlink(missing_ok=True)


@dataclass
class Piece:
    """The piece that grows.

    Attributes:
        places: for each layer where it is written.
        logit_place: where the logits are written; None if they are not wanted.
        size: bytes of activations that fill it.
        clock: where the time of writing goes.
    """

    places: Mapping[str, PieceOfStore]
    logit_place: PieceOfStore | None
    size: int
    clock: Timer

    def __post_init__(self) -> None:
        self._held: list[Batch] = []
        self._kept, self._cost = perf_counter(), 0.0

    @property
    def all_places(self) -> list[PieceOfStore]:
        """The places of the layers, then that of the logits."""
        return [*self.places.values(), *([] if self.logit_place is None else [self.logit_place])]

    def begin(self, batch_size: int) -> int:
        """Take up what is there: the sample from which on the network has to run.

        It begins a batch, since a network's last bits can hang on which samples share one.

        Raises:
            RunError: a file is damaged, or the disk cannot be written.
        """
        last = min(place.sample(place.last) for place in self.all_places)
        at = min(place.sample(place.reach()) for place in self.all_places)
        # where all is there, nothing runs, and the last batch need not be whole
        at = at if at == last else at // batch_size * batch_size
        with writing(self.all_places[0].store.directory):
            for place in self.all_places:
                place.clear()
        self._take_up(at)
        return at

    def _take_up(self, at: int) -> None:
        """Hold again what a piece that is not full has before sample ``at``."""
        found = [(place, _around(place, place.row(at) - 1)) for place in self.all_places]
        ends = [(place, span) for place, span in found if span is not None]
        starts = {place.sample(span.start) for place, span in ends}
        if len(ends) < len(found) or len(starts) != 1:
            return  # stores that were not written together have no piece in common
        arrays = [read_shard(s.path)[: place.row(at) - s.start] for place, s in ends]
        activations = dict(zip(self.places, arrays, strict=False))
        logits = None if self.logit_place is None else arrays[-1]
        held = Batch(slice(starts.pop(), at), activations, logits)
        # a full one stays as it is: the next piece begins here, as in an undisturbed recording
        if _bytes([held]) < self.size:
            self._held = [held]

    def add(self, batch: Batch) -> None:
        """Take a batch in; write the piece if it is full, or was not written for long."""
        self._held.append(batch)
        if _bytes(self._held) >= self.size:
            self.keep()
            self._held = []
        elif perf_counter() - self._kept >= max(KEPT_SECONDS, _WRITE_SHARE * self._cost):
            self.keep()

    def keep(self) -> None:
        """Write what is held, as one file in each store.

        Raises:
            RunError: the disk cannot be written.
        """
        if not self._held:
            return
        begun = perf_counter()
        with self.clock.timed("write"):
            whole = joined(self._held)
            self._held = [whole]
            for layer, place in self.places.items():
                place.put(whole.samples.start, whole.activations[layer])
            if self.logit_place is not None and whole.logits is not None:
                self.logit_place.put(whole.samples.start, whole.logits)
        self._kept = perf_counter()
        self._cost = self._kept - begun


def _around(place: PieceOfStore, row: int) -> Span | None:
    """The file that holds a row."""
    return next((span for span in place.chain() if span.start <= row < span.stop), None)


def _bytes(batches: Sequence[Batch]) -> int:
    return sum(a.nbytes for batch in batches for a in batch.activations.values())


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches that follow each other as one; without columns of logits where there are none."""
    samples = slice(batches[0].samples.start, batches[-1].samples.stop)
    layers = batches[0].activations
    rows = [b.logits for b in batches if b.logits is not None and b.logits.size]
    nothing = np.zeros((samples.stop - samples.start, 0), np.float32)
    return Batch(
        samples,
        {layer: np.concatenate([b.activations[layer] for b in batches]) for layer in layers},
        np.concatenate(rows) if rows else nothing,
    )
