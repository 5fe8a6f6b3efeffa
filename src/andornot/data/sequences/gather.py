"""Labels of all documents, counted, and kept on disk until it is known which become concepts.

How many positions and documents have a label is known when the last document has been seen. Sources
are slow and labels are many, so each is asked once: pairs of position and label lie in a file until
then, and memory holds the distinct labels and the pairs of one document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.provenance import Provenance
from andornot.data.sequences.view import Found
from andornot.data.sequences.written import written

Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Positions and numbers (of labels, or of concepts), of the same length; each pair once."""


@dataclass(frozen=True)
class Hand:
    """What is the same for all labels of a source.

    Attributes:
        category: of its concepts, as it stands before the colon.
        provenance: whom its labels come from.
        most: how many of them may become concepts; None for all.
    """

    category: str
    provenance: Provenance
    most: int | None = None


@dataclass(eq=False)
class Gathered:
    """Labels with their counts, and the pairs of each document in a file.

    Attributes:
        path: the file; whoever made it removes it.
        hands: the sources.
        numbers: of each source and label (as it is written) the number of the label.
        positions: int64, of each label the positions that have it.
        documents: int64, of each label the documents that have it.
        lengths: of each document how many positions it has.
        sizes: of each document how many pairs it has.
    """

    path: Path
    hands: Sequence[Hand]
    numbers: list[dict[str, int]] = field(init=False)
    positions: NDArray[np.int64] = field(init=False)
    documents: NDArray[np.int64] = field(init=False)
    lengths: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.numbers = [{} for _ in self.hands]
        self.positions = np.zeros(1024, np.int64)
        self.documents = np.zeros(1024, np.int64)
        self._known: list[dict[str, int]] = [{} for _ in self.hands]
        self._n = 0

    def gather(self, documents: Iterable[tuple[int, Sequence[Found]]]) -> None:
        """Take documents one after another: how many positions, and what each source found."""
        with self.path.open("wb") as file:
            for n_positions, found in documents:
                self._add(file, n_positions, found)

    def _add(self, file: BinaryIO, n_positions: int, found: Sequence[Found]) -> None:
        parts = [
            (np.asarray(places, np.int32), self._numbers(source, labels))
            for source, (places, labels) in enumerate(found)
        ]
        places = np.concatenate([np.zeros(0, np.int32), *(own for own, _ in parts)])
        labels = np.concatenate([np.zeros(0, np.int32), *(own for _, own in parts)])
        # by label, then by position; a pair that was found twice counts once
        keys = np.sort(labels.astype(np.int64) * max(n_positions, 1) + places)
        keys = keys[new_in(keys)]
        labels, places = divided(keys, max(n_positions, 1))
        self._room()
        first = np.flatnonzero(new_in(labels))
        self.positions[labels[first]] += np.diff(first, append=len(labels))
        self.documents[labels[first]] += 1
        self.lengths.append(n_positions)
        self.sizes.append(len(keys))
        file.write(places.tobytes())
        file.write(labels.tobytes())

    def _numbers(self, source: int, labels: Sequence[str]) -> NDArray[np.int32]:
        known, own = self._known[source], self.numbers[source]
        for label in set(labels) - known.keys():
            # labels that are written alike are one
            number = known[label] = own.setdefault(written(label), self._n)
            self._n += number == self._n
        return np.array([known[label] for label in labels], np.int32)

    def _room(self) -> None:
        while self._n > len(self.positions):
            # twice as many at a time
            self.positions = np.concatenate([self.positions, np.zeros_like(self.positions)])
            self.documents = np.concatenate([self.documents, np.zeros_like(self.documents)])

    def __iter__(self) -> Iterator[Pairs]:
        """The pairs of each document, in order; numbers are of labels."""
        with self.path.open("rb") as file:
            for size in self.sizes:
                places = np.frombuffer(file.read(4 * size), np.int32)
                yield places, np.frombuffer(file.read(4 * size), np.int32)

    def held(self, category: str, label: str) -> tuple[int, int]:
        """On how many positions, and in how many documents, a label of a category was found."""
        hands = zip(self.hands, self.numbers, strict=True)
        own = next(own for hand, own in hands if hand.category == category)
        number = own.get(written(label))
        return (
            (0, 0) if number is None else (int(self.positions[number]), int(self.documents[number]))
        )

    def chosen(self, min_support: tuple[int, int], max_concepts: int) -> Columns:
        """Which labels become concepts.

        Source by source, the more frequent first, then by name. Of a source with a cap the most
        frequent ones; of all of them, where there are still too many, too. What a rule finds
        everywhere is none: no formula says more by it.

        Args:
            min_support: least positions, and least documents.
            max_concepts: how many there may be in all.
        """
        n, columns = self._n, list[tuple[int, str, int]]()
        enough = (self.positions[:n] >= min_support[0]) & (self.documents[:n] >= min_support[1])
        somewhere = self.positions[:n] < sum(self.lengths)
        for source, (hand, own) in enumerate(zip(self.hands, self.numbers, strict=True)):
            fit = enough & somewhere if hand.provenance.by == "rule" else enough
            held = [(-int(self.positions[k]), name, k) for name, k in own.items() if fit[k]]
            columns += [(source, name, k) for _, name, k in sorted(held)[: hand.most]]
        if len(columns) > max_concepts:
            # stable: of equally frequent ones the first stay
            often = sorted(range(len(columns)), key=lambda at: -self.positions[columns[at][2]])
            columns = [columns[at] for at in sorted(often[:max_concepts])]
        column_of = np.full(n, -1, np.int32)
        column_of[[k for _, _, k in columns]] = np.arange(len(columns))
        hands = [self.hands[source] for source, _, _ in columns]
        return Columns(
            _all_different([f"{h.category}:{c[1]}" for h, c in zip(hands, columns, strict=True)]),
            tuple((hand.category,) for hand in hands),
            tuple(hand.provenance for hand in hands),
            column_of,
        )


@dataclass(frozen=True, eq=False)
class Columns:
    """The concepts of a table.

    Attributes:
        names: of the concepts, all different.
        categories: of each.
        provenance: of each.
        column_of: int32, the concept of each label's number; -1 of those that are none.
    """

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    provenance: tuple[Provenance, ...]
    column_of: NDArray[np.int32]

    def of(self, pairs: Pairs) -> Pairs:
        """Pairs of position and concept, of those of position and label."""
        places, columns = pairs[0], self.column_of[pairs[1]]
        return places[columns >= 0], columns[columns >= 0]


def new_in(ordered: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which of some ordered numbers differ from the one before; sorting beats a hash of them."""
    return np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]


def divided(keys: NDArray[np.int64], by: int) -> Pairs:
    """Two small numbers out of each large one that holds both."""
    high, low = np.divmod(keys, by)
    return high.astype(np.int32), low.astype(np.int32)


def _all_different(names: Sequence[str]) -> tuple[str, ...]:
    """Names of which some may be equal (layer ``a:b``, label ``c``; layer ``a``, label ``b:c``)."""
    taken, found = set(names), dict[str, None]()
    for given in names:
        name = given
        while name in found or (name != given and name in taken):
            name += "~"
        found[name] = None
    return tuple(found)
