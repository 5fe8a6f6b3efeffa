"""Search where formulas are known: each is scored on the positions where all its concepts are.

The positions of a formula, ``K``, are then its own, and no single problem holds all formulas. But
there are few different ``K``: concepts of one category are known on the same positions, so ``K``
is a cut of a few sets. For each of them the ordinary search runs on the positions of ``K`` with the
concepts that are known on all of it. A formula whose own positions are ``K`` is among those that
this run covers, with its true counts; so the largest of the runs' bounds bounds them all. What a
run finds may have more positions of its own; it is counted anew there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.errors import OptionError
from andornot.measures.scores import Counts
from andornot.search.bits import with_bits
from andornot.search.ceiling import ceiling
from andornot.search.options import SearchOptions
from andornot.search.problem import AND, OR, Atoms, Found, Ints, Problem, Solution, Tree

BoolArray = NDArray[np.bool_]
Solve = Callable[[Problem, SearchOptions], Solution]

MOST_PARTS = 1_000
"""Most sets of positions on which a search runs; more would take hours."""


@dataclass(frozen=True, eq=False)
class Part:
    """The positions where some concepts are known, as a problem of their own.

    Attributes:
        atoms: the concept table there; atoms that no concept tells apart are one.
        inside: bool, for each atom of the whole table whether it lies there.
        of: int32, for each atom of the whole table its atom here, 0 where it lies elsewhere.
        candidates: concepts that are known on all of it, ascending.
        searched: whether formulas of the searched length can have these positions.
    """

    atoms: Atoms
    inside: BoolArray
    of: NDArray[np.int32]
    candidates: Ints
    searched: bool = True

    def problem(self, whole: Problem) -> Problem:
        """A unit's problem on these positions."""
        here = self.inside[whole.active]
        active, at = np.unique(self.of[whole.active[here]], return_inverse=True)
        counts = np.zeros(len(active), np.int64)
        np.add.at(counts, at, whole.active_counts[here])
        return replace(
            whole, atoms=self.atoms, active=active, active_counts=counts, candidates=self.candidates
        )


def part_of(atoms: Atoms, inside: BoolArray, candidates: Ints, searched: bool = True) -> Part:
    """The part of a concept table that some atoms are."""
    ends = zip(atoms.indptr[:-1], atoms.indptr[1:], strict=True)
    rows = [atoms.indices[start:stop].tobytes() for start, stop in ends]
    known: dict[bytes, int] = {}
    of = np.zeros(len(rows), np.int32)
    first: list[int] = []
    for atom in np.flatnonzero(inside).tolist():
        of[atom] = known.setdefault(rows[atom], len(known))
        if of[atom] == len(first):
            first.append(atom)
    counts = np.zeros(len(first), np.int64)
    np.add.at(counts, of[inside], atoms.counts[inside])
    lists = [atoms.indices[atoms.indptr[a] : atoms.indptr[a + 1]] for a in first]
    return Part(_atoms(counts, lists, len(atoms.concept_counts)), inside, of, candidates, searched)


def _atoms(counts: Ints, lists: Sequence[NDArray[np.int32]], n_concepts: int) -> Atoms:
    """A concept table from the size and the concepts of each atom."""
    sizes = np.array([len(row) for row in lists], np.int64)
    indices = np.concatenate([*lists, np.zeros(0, np.int32)]).astype(np.int32)
    atom_of = np.repeat(np.arange(len(lists), dtype=np.int32), sizes)
    totals = np.zeros(n_concepts, np.int64)
    np.add.at(totals, indices, counts[atom_of])
    by_concept = np.argsort(indices, kind="stable")
    return with_bits(
        Atoms(
            counts, _starts(sizes), indices,
            _starts(np.bincount(indices, minlength=n_concepts)), atom_of[by_concept],
            totals, int(counts.sum()),
        )
    )  # fmt: skip


def _starts(sizes: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class KnownParts:
    """All sets of positions that formulas can be known on.

    Attributes:
        atoms: the whole concept table, in which each atom has one pattern.
        known: bool ``(n_patterns, n_concepts)``, whether a concept is known in a pattern.
        pattern: int32 ``(n_atoms,)``, the pattern of each atom.
        parts: the sets, those of single concepts first.
    """

    atoms: Atoms
    known: BoolArray
    pattern: NDArray[np.int32]
    parts: tuple[Part, ...]

    @classmethod
    def of(
        cls, atoms: Atoms, known: BoolArray, pattern: NDArray[np.int32], candidates: Ints,
        length: int,
    ) -> KnownParts:  # fmt: skip
        """All cuts of the sets on which single candidates are known.

        Args:
            atoms: the whole concept table.
            known: as in the class.
            pattern: as in the class.
            candidates: concepts that may stand in a formula.
            length: of the longest formula, which has up to so many different concepts.

        Raises:
            OptionError: there are too many.
        """
        singles = list(dict.fromkeys(known[:, c].tobytes() for c in candidates))
        shortest = dict.fromkeys(singles, 1)
        newest, size = singles, 1
        while newest:
            size += 1
            cuts = (_cut(a, b) for a in newest for b in singles)
            newest = []
            for cut in cuts:
                if shortest.setdefault(cut, size) == size and cut not in newest:
                    newest.append(cut)
                if len(shortest) > MOST_PARTS:
                    raise OptionError(
                        f"categories are known in so many different places that known_only takes "
                        f"more than {MOST_PARTS:,} searches a unit; search with fewer categories"
                    )
        parts = []
        for cut, size in shortest.items():
            there = np.frombuffer(cut, np.bool_)
            inside = there[pattern]
            if not inside.any():
                continue
            on_all = candidates[known[there][:, candidates].all(axis=0)]
            parts.append(part_of(atoms, inside, on_all, size <= length))
        return cls(atoms, known, pattern, tuple(parts))

    def ceiling(self, problem: Problem, metric: int) -> float:
        """The score of the best union of atoms where it is known: no formula scores more."""
        there = [part.problem(problem) for part in self.parts]
        return max((ceiling(own, metric) for own in there if own.total), default=0.0)

    def solve(self, problem: Problem, options: SearchOptions, solve: Solve) -> Solution:
        """The best formulas, each scored on its own positions.

        Proven where the best score reaches the largest bound of all parts.

        Args:
            problem: the unit on the whole table.
            options: how to search.
            solve: the ordinary search.
        """
        runs = [
            solve(own, options)
            for part in self.parts if part.searched
            for own in [part.problem(problem)] if own.total
        ]  # fmt: skip
        found = self._ranked(problem, options, runs)
        by_length = tuple(
            next((f for f in found if len(f.concepts) <= length), None)
            for length in range(1, options.length + 1)
        )
        bounds = _bounds(runs, by_length)
        return Solution(
            beam=tuple(self._different(found, options.beam_size)),
            by_length=by_length,
            proven=bool(found) and bool(bounds) and bounds[-1] <= found[0].score,
            bounds=bounds,
            nodes=sum(run.nodes for run in runs),
        )

    def _ranked(
        self, problem: Problem, options: SearchOptions, runs: Sequence[Solution]
    ) -> list[Found]:
        """All that runs found, scored anew, best first; of equal ones the shortest is first."""
        every = (f for run in runs for f in (*run.beam, *run.by_length) if f is not None)
        each = {(f.concepts, f.steps, f.tree): f for f in every}
        scored = [self._scored(problem, options, f) for f in each.values()]
        good = [f for f in scored if f.score > 0 and f.known is not None and f.known[0]]
        return sorted(good, key=lambda f: (-f.score, len(f.concepts), f.negated, _place(f)))

    def _scored(self, problem: Problem, options: SearchOptions, found: Found) -> Found:
        """A formula with the counts that it has where all its concepts are known."""
        inside = self._inside(found)
        holds = self._mask(found) & inside
        i, a = (int(problem.active_counts[m[problem.active]].sum()) for m in (holds, inside))
        t, n = (int(self.atoms.counts[m].sum()) for m in (holds, inside))
        # as the searches rank: a float exponent, so that all agree to the last bit
        penalty = options.penalty ** float(len(found.concepts) - 1)
        score = Counts.of(i, t, a, n).score(options.metric) * penalty
        return replace(found, i=i, t=t, score=score, known=(a, n))

    def _inside(self, found: Found) -> BoolArray:
        patterns = np.logical_and.reduce(self.known[:, list(found.concepts)], axis=1)
        inside: BoolArray = patterns[self.pattern]
        return inside

    def _mask(self, found: Found) -> BoolArray:
        """The atoms of a formula."""
        if found.tree is not None:
            return self._tree_mask(found.tree)
        first = self._carry(found.concepts[0])
        mask = ~first if found.negated else first
        for operator, concept in zip(found.operators, found.concepts[1:], strict=True):
            mask = _joined(operator, mask, self._carry(concept))
        return mask

    def _tree_mask(self, tree: Tree) -> BoolArray:
        if isinstance(tree, int):
            return self._carry(tree)
        operator, left, right = tree
        return _joined(operator, self._tree_mask(left), self._tree_mask(right))

    def _carry(self, concept: int) -> BoolArray:
        """The atoms of a concept."""
        carry = np.zeros(len(self.atoms.counts), np.bool_)
        start, stop = self.atoms.concept_indptr[concept : concept + 2]
        carry[self.atoms.concept_atoms[start:stop]] = True
        return carry

    def _different(self, found: Sequence[Found], size: int) -> Iterator[Found]:
        """The first formulas that differ somewhere, as many as asked for."""
        met: set[bytes] = set()
        for one in found:
            inside = self._inside(one)
            same = np.packbits(inside).tobytes() + np.packbits(inside & self._mask(one)).tobytes()
            if len(met) < size and same not in met:
                met.add(same)
                yield one


def _cut(left: bytes, right: bytes) -> bytes:
    both = np.frombuffer(left, np.bool_) & np.frombuffer(right, np.bool_)
    return both.tobytes()


def _joined(operator: int, left: BoolArray, right: BoolArray) -> BoolArray:
    if operator == OR:
        return left | right
    return left & right if operator == AND else left & ~right


def _place(found: Found) -> tuple[Any, ...]:
    """Where a formula stands among those that the exhaustive search tries, one after another."""
    rest = zip(found.concepts[1:], found.operators, strict=False)
    return (found.concepts[0], *rest)


def _bounds(runs: Sequence[Solution], by_length: Sequence[Found | None]) -> tuple[float, ...]:
    """For each length what no formula exceeds, from the bounds of all runs.

    None where a run has none.
    """
    own = [_bounds_of(run) for run in runs]
    if not all(own):
        return ()
    best = [0.0 if f is None else f.score for f in by_length]
    return tuple(map(max, zip(best, *own, strict=True)))


def _bounds_of(run: Solution) -> tuple[float, ...]:
    if run.bounds or not run.proven:
        return run.bounds
    return tuple(0.0 if f is None else f.score for f in run.by_length)
