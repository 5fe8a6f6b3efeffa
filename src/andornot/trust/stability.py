"""Draw the samples again: how firm the IoU of a formula is, and whether it would be found again.

Groups of samples are drawn, not positions nor single samples: the pixels of an image are no
independent cases, nor are the frames of a video. The draws are the same for all units of a layer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot.counting.responses import Responses, known_positions
from andornot.formula import Formula
from andornot.results.explanation import Scored
from andornot.results.trust import Stability
from andornot.search.problem import AND_NOT
from andornot.trust.core import signed_concepts, signed_text
from andornot.trust.draws import UNITS_AT_ONCE, draw_samples, ratio_intervals
from andornot.trust.options import TrustOptions
from andornot.trust.recount import Recount
from andornot.trust.repeat import ByLength, Repeats, unit_rows

Ints = NDArray[np.int64]


def measure_stability(
    recount: Recount,
    repeats: Repeats,
    formulas: Sequence[Formula],
    lengths: Sequence[int],
    options: TrustOptions,
    shown: Sequence[tuple[Scored, int]] | None = None,
) -> list[Stability | None]:
    """Interval and repeats of each unit's formula.

    Args:
        recount: the units' masks.
        repeats: the search.
        formulas: of each unit.
        lengths: how long each unit's formula could become.
        options: how often to draw.
        shown: what is shown of each unit, and how long it could become; for masks and cores, which
            are left out if it is not given.

    Returns:
        None for all units where there are fewer than two groups of samples.
    """
    pairs = list(zip(formulas, lengths, strict=True))
    positions = known_positions(repeats.table)
    if positions.n_groups < 2:
        return [None] * len(formulas)
    # the searched resamples are the first of these, so intervals and repeats tell of the same draws
    draws = draw_samples(np.arange(positions.n_groups), options.bootstrap, options.seed)
    sample_atoms = _SampleAtoms.of(recount, repeats)
    tallies = [_Tally(repeats, f, n) for f, n in pairs]
    likenesses = [_Likeness.of(repeats, scored, n) for scored, n in shown or ()]
    intervals = _intervals(sample_atoms, [tally.mask for tally in tallies], draws)
    some = draws[: options.resamples]
    for draw in track(some, "searching on resamples", len(some)):
        k, sizes = sample_atoms.weighted(draw)
        # one draw for all units: they share its sizes, and so one table
        found = repeats.by_length(unit_rows(sample_atoms.by_atom, k), sizes)
        for unit, (tally, best) in enumerate(zip(tallies, found, strict=True)):
            active = sample_atoms.unit(unit, k)
            tally.add(best, *active, sizes)
            if likenesses:
                likenesses[unit].add(best, *active, sizes)
    stable = [
        tally.stability(low, high) for tally, (low, high) in zip(tallies, intervals, strict=True)
    ]
    if not likenesses:
        return list(stable)
    return [
        replace(one, mask_iou=like.mask_iou, signed=like.signed)
        for one, like in zip(stable, likenesses, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _SampleAtoms:
    """Counts by sample atom, which a draw of samples weights.

    Attributes:
        group, atom, sizes: of each sample atom its group of samples, atom and positions.
        active: the units' active positions by sample atom.
        by_atom: entries of the units by atom; their counts are not used.
        entry: for each entry of ``active`` the entry of ``by_atom`` that it adds to.
        n_atoms: number of atoms.
    """

    group: Ints
    atom: Ints
    sizes: Ints
    active: Responses
    by_atom: Responses
    entry: Ints
    n_atoms: int

    @classmethod
    def of(cls, recount: Recount, repeats: Repeats) -> _SampleAtoms:
        positions = known_positions(repeats.table)
        numbers = positions.group_numbers.astype(np.int64)
        group = np.repeat(numbers, np.diff(positions.atom_offsets))
        atom = positions.atoms.astype(np.int64)
        active, by_atom = recount.sample_atoms(), recount.responses
        unit = np.repeat(np.arange(active.n_units), np.diff(active.indptr))
        rows = np.repeat(np.arange(by_atom.n_units), np.diff(by_atom.indptr))
        n_atoms = repeats.table.n_atoms
        keys = rows * n_atoms + by_atom.atoms
        # keys ascend, since units do and atoms do within each
        entry = np.searchsorted(keys, unit * n_atoms + atom[active.atoms])
        return cls(group, atom, positions.sizes, active, by_atom, entry, n_atoms)

    def weighted(self, draw: NDArray[np.uint16]) -> tuple[Ints, Ints]:
        """Active positions by entry of ``by_atom``, and positions by atom, of the drawn groups."""
        times = draw.astype(np.int64)[self.group]
        active = self.active.counts * times[self.active.atoms]
        k = _sums(self.entry, active, len(self.by_atom.atoms))
        return k, _sums(self.atom, self.sizes * times, self.n_atoms)

    def unit(self, index: int, k: Ints) -> tuple[NDArray[np.int32], Ints]:
        """A unit's atoms, and its active positions there among ``k``."""
        row = slice(self.by_atom.indptr[index], self.by_atom.indptr[index + 1])
        return self.by_atom.atoms[row], k[row]

    def by_group(self, unit: int, mask: NDArray[np.bool_], n_groups: int) -> Ints:
        """Intersection and union of a unit and a formula in each group, ``(n_groups, 2)``."""
        sample_atoms, counts = self.active.unit(unit)
        inside = mask[self.atom]
        both = _sums(self.group[sample_atoms], counts * inside[sample_atoms], n_groups)
        active = _sums(self.group[sample_atoms], counts, n_groups)
        area = _sums(self.group, self.sizes * inside, n_groups)
        return np.stack([both, active + area - both], axis=1)


def _sums(where: Ints, values: Ints, n: int) -> Ints:
    """Sums of whole numbers by index; exact, since they stay below 2**53."""
    sums: Ints = np.bincount(where, values, n).astype(np.int64)
    return sums


def _intervals(
    sample_atoms: _SampleAtoms, masks: Sequence[NDArray[np.bool_]], draws: NDArray[np.uint16]
) -> Iterator[tuple[float, float]]:
    """The middle 95 % of each formula's IoU over the draws; some units at a time."""
    for first in range(0, len(masks), UNITS_AT_ONCE):
        units = range(first, min(first + UNITS_AT_ONCE, len(masks)))
        parts = [sample_atoms.by_group(u, masks[u], draws.shape[1]) for u in units]
        by_group = np.stack(parts, axis=2)
        yield from ratio_intervals(by_group.reshape(len(by_group), -1), draws)


class _Tally:
    """What came back of one unit's formula."""

    def __init__(self, repeats: Repeats, formula: Formula, length: int) -> None:
        self.repeats, self.formula, self.length = repeats, formula, length
        self.mask = repeats.table.mask(formula)
        self.concepts = {repeats.table.index(name) for name in formula.concepts}
        self.same = 0
        self.overlaps: list[float] = []
        self.seen = dict.fromkeys(self.concepts, 0)

    def add(self, best: ByLength, active: NDArray[np.int32], k: Ints, sizes: Ints) -> None:
        """Take in what one repeat found: the formula itself, unless another did better.

        A beam can pass over the best formula, so the formula at hand is a candidate too; but not
        where it shares nothing with the unit, as in a draw without the samples it is from.
        """
        found, hits = _again(self.repeats, self, best, active, k, sizes)
        # nothing that shares a position with the unit: then nothing was found again
        again = self.concepts if hits else set()
        if found is not None:
            concepts, operators = found
            again = set(concepts.tolist())
            self.same += bool((self.repeats.atoms_of(concepts, operators) == self.mask).all())
        else:
            self.same += bool(hits)
        self.overlaps.append(len(again & self.concepts) / len(again | self.concepts))
        for concept in again & self.concepts:
            self.seen[concept] += 1

    def stability(self, low: float, high: float) -> Stability:
        """The record."""
        n, names = len(self.overlaps), self.repeats.table.names
        shares = {names[c]: self.seen[c] / n for c in self.concepts} if n else {}
        return Stability(
            low,
            high,
            n,
            self.same,
            float(np.mean(self.overlaps)) if n else 0.0,
            tuple((name, shares[name]) for name in dict.fromkeys(self.formula.concepts) if n),
        )


class _Candidate(Protocol):
    """A formula at hand, and how long the one that is found again may be."""

    @property
    def formula(self) -> Formula: ...
    @property
    def length(self) -> int: ...
    @property
    def mask(self) -> NDArray[np.bool_]: ...


def _again(
    repeats: Repeats,
    own: _Candidate,
    best: ByLength,
    active: NDArray[np.int32],
    k: Ints,
    sizes: Ints,
) -> tuple[tuple[Ints, Ints] | None, int]:
    """What a repeat found if it does better than the formula at hand; and the hits of that one."""
    found = best(own.length - 1)
    hits, total, n = int(k[own.mask[active]].sum()), int(k.sum()), int(sizes.sum())
    score = repeats.score(hits, int(sizes[own.mask].sum()), total, n, own.formula.length)
    if found is not None:
        i, t, concepts, operators = found
        if repeats.score(i, t, total, n, len(concepts)) > score:
            return (concepts, operators), hits
    return None, hits


@dataclass(eq=False)
class _Likeness:
    """How much of the formula that is shown comes back, in meaning.

    Attributes:
        formula, length, mask: of the formula, as in ``_Tally``.
        like: for each signed concept of it the signed concepts that count as the same: columns,
            and whether they are taken away.
        ious: of its mask and that of what each repeat found.
        seen: in how many repeats each signed concept came back.
    """

    repeats: Repeats
    formula: Formula
    length: int
    mask: NDArray[np.bool_]
    like: dict[str, set[tuple[int, bool]]]
    ious: list[float] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, repeats: Repeats, shown: Scored, length: int) -> _Likeness:
        twins = {own.concept: own.others for own in shown.twins}
        like = {
            signed_text(name, taken=taken): {
                (repeats.table.index(other), taken) for other in (name, *twins.get(name, ()))
            }
            for name, taken in signed_concepts(shown.formula)
        }
        return cls(repeats, shown.formula, length, repeats.table.mask(shown.formula), like)

    def add(self, best: ByLength, active: NDArray[np.int32], k: Ints, sizes: Ints) -> None:
        """Take in what one repeat found, as ``_Tally`` does."""
        found, hits = _again(self.repeats, self, best, active, k, sizes)
        if found is None:
            self.ious.append(float(hits > 0))
            if hits:
                self.seen.update(list(self.like))
            return
        concepts, operators = found
        mask, own = self.repeats.atoms_of(concepts, operators), self.repeats.table.counts
        both, either = own[mask & self.mask].sum(), own[mask | self.mask].sum()
        self.ious.append(float(both / max(1, either)))
        steps = zip(concepts.tolist(), operators.tolist(), strict=True)
        there = {(c, operator == AND_NOT) for c, operator in steps}
        self.seen.update(text for text, same in self.like.items() if same & there)

    @property
    def mask_iou(self) -> float | None:
        """The median over the repeats."""
        return float(np.median(self.ious)) if self.ious else None

    @property
    def signed(self) -> tuple[tuple[str, float], ...]:
        """The share of the repeats in which each signed concept came back."""
        n = len(self.ious)
        return tuple((text, self.seen[text] / n) for text in self.like) if n else ()
