"""Concepts that look around: new columns of a table, made from the masks of its concepts.

``PREV(word:not)`` holds where the word before is "not". It is no union of atoms, so atoms are
refined: in a second pass over the positions of a table that was built, sample by sample, each mask
is moved within its sample (see ``operators``). A first pass counts on how much each new concept
would hold; those with too little support are not made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot._tools.whole_folders import whole_folder
from andornot.concepts.context_options import LEAST, ContextOptions
from andornot.concepts.known import LocalKnown
from andornot.concepts.operators import Operator
from andornot.concepts.positions import check_local_atoms, offsets_of
from andornot.concepts.provenance import UNKNOWN, Provenance
from andornot.concepts.signatures import grouped
from andornot.concepts.surroundings import GRID, Surroundings
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.errors import DataError, OptionError, quoted
from andornot.formula import derived_name

BoolArray = NDArray[np.bool_]
Ints = NDArray[np.int64]

_CELLS: Final = 8_000_000
"""Concepts x positions that are looked at at a time."""
_CHUNK: Final = 8


@dataclass(frozen=True, eq=False)
class _Column:
    """A new concept.

    Attributes:
        operator: which of the operators makes it, by place.
        concept: the column that it is made of.
    """

    operator: int
    concept: int


@dataclass(frozen=True, eq=False)
class _Pass:
    """What both passes look at.

    Attributes:
        table: the plain table.
        around: tells the surroundings of a sample.
        operators: those that are asked for.
        concepts: the columns that they are made of, ascending.
    """

    table: ConceptTable
    around: Callable[[int], Surroundings]
    operators: tuple[Operator, ...]
    concepts: Ints
    place: Ints = field(init=False)  # of each column among ``concepts``, -1 for others

    def __post_init__(self) -> None:
        place = np.full(self.table.n_concepts, -1, np.int64)
        place[self.concepts] = np.arange(len(self.concepts))
        object.__setattr__(self, "place", place)

    def codes(self, sample: int) -> NDArray[np.uint16]:
        """The local atom of each position of a sample."""
        positions = self.table.positions
        assert positions is not None
        return np.asarray(
            positions.codes[positions.offsets[sample] : positions.offsets[sample + 1]]
        )

    def atoms(self, sample: int) -> NDArray[np.int32]:
        """The atoms of a sample."""
        positions = self.table.positions
        assert positions is not None
        return positions.atoms[positions.atom_offsets[sample] : positions.atom_offsets[sample + 1]]

    def made(self, sample: int, wanted: BoolArray | None = None) -> Iterator[_Made]:
        """The masks of all new concepts of a sample that hold somewhere in it, piece by piece.

        Args:
            sample: the sample.
            wanted: which new concepts to make, bool ``(n_operators, n_concepts)``; None for all.
        """
        positions = self.table.positions
        assert positions is not None
        shape, codes = positions.shapes[sample], self.codes(sample)
        around = self.around(sample)
        held, at = self._held(self.atoms(sample))
        for categories, own in self._by_items(held, around):
            at_once = max(1, _CELLS // max(1, len(codes)))
            for start in range(0, len(own), at_once):
                some = own[start : start + at_once]
                masks = at[some][:, codes].reshape(len(some), *shape)
                yield from self._of_masks(held[some], masks, around, categories, wanted)

    def _held(self, atoms: NDArray[np.int32]) -> tuple[Ints, BoolArray]:
        """The concepts (by place) that these atoms have, and which atom has which."""
        indptr, indices = self.table.indptr, self.table.indices
        sizes = indptr[atoms + 1] - indptr[atoms]
        places = self.place[indices[_ranges(indptr[atoms], sizes)]]
        atom = np.repeat(np.arange(len(atoms)), sizes)[places >= 0]
        held, row = np.unique(places[places >= 0], return_inverse=True)
        at = np.zeros((len(held), len(atoms)), np.bool_)
        at[row.ravel(), atom] = True
        return held, at

    def _by_items(self, held: Ints, around: Surroundings) -> Iterator[tuple[str, Ints]]:
        """Concepts by what their items are, with a category that has such items."""
        if not around.in_a_row:
            yield "", np.arange(len(held))
            return
        first = [(self.table.categories[c] or ("",))[0] for c in self.concepts[held]]
        token = np.array([name in around.by_token for name in first], np.bool_)
        for own in (np.flatnonzero(~token), np.flatnonzero(token)):
            if len(own):
                yield first[own[0]], own

    def _of_masks(
        self,
        places: Ints,
        masks: BoolArray,
        around: Surroundings,
        category: str,
        wanted: BoolArray | None,
    ) -> Iterator[_Made]:
        items = around.items(category) if around.in_a_row else None
        for which, operator in enumerate(self.operators):
            if (
                operator.needs in ("row", "heads")
            ) != around.in_a_row and operator.needs != "sample":
                continue
            asked = slice(None) if wanted is None else np.flatnonzero(wanted[which, places])
            own, chosen = places[asked], masks[asked]
            if len(own):
                found = operator.apply(chosen, around, items)
                n = len(own)
                yield _Made(which, own, chosen.reshape(n, -1), found.reshape(n, -1))


@dataclass(frozen=True, eq=False)
class _Made:
    """New masks of one operator in one sample.

    Attributes:
        operator: by place.
        concepts: by place.
        plain: the masks that they are made of, bool ``(n_concepts, n_positions)``.
        masks: the new ones.
    """

    operator: int
    concepts: Ints
    plain: BoolArray
    masks: BoolArray

    def counted(self) -> tuple[Ints, BoolArray]:
        """On how many positions each holds, and whether it is another mask than the plain one."""
        held = np.count_nonzero(self.masks, axis=1)
        differs = held != np.count_nonzero(self.plain, axis=1)
        same = np.flatnonzero(~differs)
        differs[same] = (self.masks[same] != self.plain[same]).any(axis=1)
        return held, differs


@dataclass(frozen=True, eq=False)
class _Support:
    """On how much the new concepts hold, each int64 ``(n_operators, n_concepts)``.

    Attributes:
        positions: positions.
        samples: samples with one.
        differs: samples where it is not as the concept that it is made of.
    """

    positions: Ints
    samples: Ints
    differs: Ints

    def chosen(self, given: _Pass, options: ContextOptions) -> tuple[_Column, ...]:
        """Those that are worth a column: supported well, not everywhere, and not the plain one."""
        n = given.table.n_positions
        positions, samples = options.min_support or LEAST
        floors = [max(samples, one.least_samples) for one in given.operators]
        good = (self.positions >= max(1, positions)) & (self.positions < n)
        good &= self.samples >= np.array(floors)[:, None]
        good &= self.differs > 0
        which, concept = np.nonzero(good)
        # the best supported ones, in their old order
        rank = np.lexsort((-self.positions[good], -self.samples[good]))[: options.max_around]
        kept = np.sort(rank)
        return tuple(
            _Column(int(o), int(c)) for o, c in zip(which[kept], concept[kept], strict=True)
        )


def look_around(
    table: ConceptTable,
    surroundings: Callable[[int], Surroundings] | None,
    options: ContextOptions,
    directory: str | Path,
    *,
    operators: Sequence[Operator],
    jobs: int | None = None,
    tells_known: bool = False,
) -> ConceptTable:
    """A table with further concepts, each made of one of its own by looking around in the sample.

    A new concept is known where the one that it is made of is: a region that nobody labelled counts
    as empty for those who look at it from outside.

    Args:
        table: a table with positions; where it says what is known, by atoms (``known_only``).
        surroundings: tells the surroundings of a sample; None where all are grids, as of images.
        options: which concepts look around, with how much support.
        directory: where to write the new table; it may not be that of ``table``.
        operators: the operators (see ``of_users.operators_of``); those of ``options`` are not read.
        jobs: threads; all cores if not given.
        tells_known: tell the atoms of the new table apart by what is known too.

    Returns:
        The table from ``directory``: the columns of ``table`` are the first of it.

    Raises:
        OptionError: the positions have not what an operator needs.
        DataError: the table kept no positions, or a function of the user's fails.
    """
    if table.positions is None:
        raise DataError(
            "this table kept only counts, so its concepts cannot look around; build it again with "
            "positions"
        )
    if table.known is not None and not table.known.by_atom:
        raise DataError("this table says how much is known and not where; build it by atoms")
    around = surroundings or (lambda _sample: GRID)
    given = _Pass(table, around, tuple(operators), _columns(table, options))
    _check_needs(given)
    columns = _support(given, jobs).chosen(given, options)
    return _Writer(given, columns, tells_known).write(Path(directory), jobs)


def _columns(table: ConceptTable, options: ContextOptions) -> Ints:
    """The plain concepts of the categories, or of the names, that are asked for."""
    plain = np.array([base < 0 for base in table.bases] or [True] * table.n_concepts, np.bool_)
    if options.around_of is None:
        return np.flatnonzero(plain)
    wanted = np.zeros(table.n_concepts, np.bool_)
    for name in options.around_of:
        of_category = [name in own for own in table.categories]
        if any(of_category):
            wanted |= of_category
        else:
            wanted[table.index(name)] = True
    return np.flatnonzero(plain & wanted)


def _check_needs(given: _Pass) -> None:
    """Refuse operators for which the samples have no room."""
    positions = given.table.positions
    assert positions is not None
    if not positions.n_samples:
        return
    first = given.around(0)
    single = bool((positions.shapes == 1).all())
    for one in given.operators:
        if single:
            raise OptionError(
                "each sample is a single position, so nothing is around it; leave "
                f"{one.name.lower()} out"
            )
        if one.needs in ("row", "heads") and not first.in_a_row:
            raise OptionError(f"{one.name.lower()} is for words in a row; leave it out here")
        if one.needs == "grid" and first.in_a_row:
            raise OptionError(f"{one.name.lower()} is for images; leave it out here")
    if any(one.needs == "heads" for one in given.operators):
        samples = range(positions.n_samples)
        if all(given.around(sample).heads is None for sample in samples):
            name = next(one.name for one in given.operators if one.needs == "heads")
            raise OptionError(
                f"nobody says which word hangs on which; leave {name.lower()} out, or give data "
                "with syntax"
            )


def _support(given: _Pass, jobs: int | None) -> _Support:
    """Count on how much each new concept would hold."""
    shape = (len(given.operators), len(given.concepts))
    found = _Support(*(np.zeros(shape, np.int64) for _ in range(3)))
    n_samples = given.table.positions.n_samples if given.table.positions is not None else 0

    def count(sample: int) -> list[tuple[int, Ints, Ints, BoolArray]]:
        return [(m.operator, m.concepts, *m.counted()) for m in given.made(sample)]

    each = ordered_map(count, range(n_samples), jobs, chunk=_CHUNK)
    for counted in track(each, "looking around concepts", n_samples):
        for which, concepts, held, differs in counted:
            found.positions[which, concepts] += held
            found.samples[which, concepts] += held > 0
            found.differs[which, concepts] += differs
    return found


@dataclass(frozen=True, eq=False)
class _Refined:
    """A sample whose positions are told apart by new concepts too.

    Attributes:
        codes: uint16, the local atom of each position.
        indptr: concepts of each local atom ...
        indices: ... as sorted rows.
        old: the atom of the plain table that each local atom is a part of.
    """

    codes: NDArray[np.uint16]
    indptr: Ints
    indices: NDArray[np.int32]
    old: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Writer:
    """The second pass: new columns, and atoms that are told apart by them.

    Attributes:
        given: what the first pass looked at.
        columns: the new concepts, operator by operator.
        tells_known: whether atoms are told apart by what is known.
    """

    given: _Pass
    columns: tuple[_Column, ...]
    tells_known: bool
    number: Ints = field(init=False)  # of operator and concept, -1 of what is not made

    def __post_init__(self) -> None:
        shape = (len(self.given.operators), len(self.given.concepts))
        number = np.full(shape, -1, np.int64)
        for at, column in enumerate(self.columns):
            number[column.operator, column.concept] = at
        object.__setattr__(self, "number", number)

    def write(self, directory: Path, jobs: int | None) -> ConceptTable:
        """Build the table, and write it as a directory."""
        table = self.given.table
        assert table.positions is not None
        names, categories = self._names()
        builder = TableBuilder(names, categories, self.tells_known and table.known is not None)
        n_samples = table.positions.n_samples
        with whole_folder(directory) as aside:
            with (aside / "codes.u16").open("wb") as file:
                each = ordered_map(self._refined, range(n_samples), jobs, chunk=_CHUNK)
                for i, own in enumerate(track(each, "refining the concept table", n_samples)):
                    shape = tuple(table.positions.shapes[i].tolist())
                    fold = int(table.positions.folds[i])
                    known = self._known(builder, own)
                    builder.add_local(own.codes, own.indptr, own.indices, shape, fold, False, known)
                    # codes go to the disk at once: those of a large data set would fill the memory
                    file.write(own.codes.astype("<u2", copy=False).data)
            positions = builder.atom_map(np.memmap(aside / "codes.u16", "<u2", "r"))
            positions = replace(positions, groups=table.positions.groups)
            made = builder.table(builder.fold_counts(table.n_folds), positions)
            made = self._told(made)
            assert made.positions is not None
            made.positions.save_index(aside)
            made.save_atoms(aside)
        return ConceptTable.load(directory)

    def _names(self) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        table, of = self.given.table, self._base
        operators = [self.given.operators[c.operator].name for c in self.columns]
        new = [
            derived_name(o, table.names[of(c)])
            for o, c in zip(operators, self.columns, strict=True)
        ]
        if twice := set(new) & set(table.names):
            raise DataError(f"the table has a concept {quoted(min(twice))} already; rename it")
        return (*table.names, *new), (*table.categories, *((o,) for o in operators))

    def _base(self, column: _Column) -> int:
        return int(self.given.concepts[column.concept])

    def _refined(self, sample: int) -> _Refined:
        """The positions of a sample, told apart by what they carry, new concepts included."""
        codes, atoms = self.given.codes(sample), self.given.atoms(sample)
        everywhere, numbers, packed = self._packed(sample, len(codes))
        # eight columns at a time: each combination of them is a label
        fine, n_local = grouped(np.concatenate([codes[None], packed]).astype(np.int32))
        check_local_atoms(n_local, f"sample {sample}")
        first = np.empty(n_local, np.int64)
        first[fine[::-1]] = np.arange(len(fine))[::-1]
        old = atoms[codes[first]]
        held = np.unpackbits(packed[:, first], axis=0)[: len(numbers)].astype(np.bool_)
        new = _rows_of(held.T, numbers, everywhere)
        indptr, indices = self._signatures(old, *new)
        return _Refined(fine.astype(np.uint16), indptr, indices, old)

    def _packed(self, sample: int, n: int) -> tuple[Ints, Ints, NDArray[np.uint8]]:
        """New columns that hold on the whole sample; numbers of the others, and these as bits."""
        everywhere, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        packed = [np.zeros((0, n), np.uint8)]
        rest = np.zeros((0, n), np.bool_)
        for made in self.given.made(sample, self.number >= 0):
            own = self.number[made.operator, made.concepts]
            size = np.count_nonzero(made.masks, axis=1)
            everywhere.append(own[size == n])
            some = (size > 0) & (size < n)
            numbers.append(own[some])
            rest = np.concatenate([rest, made.masks[some]])
            whole = len(rest) // 8 * 8  # what fills octets is packed at once
            packed.append(np.packbits(rest[:whole], axis=0))
            rest = rest[whole:]
        packed.append(np.packbits(rest, axis=0))
        return np.concatenate(everywhere), np.concatenate(numbers), np.concatenate(packed)

    def _signatures(
        self, atoms: NDArray[np.int32], sizes: Ints, new: Ints
    ) -> tuple[Ints, NDArray[np.int32]]:
        """The concepts of new local atoms: the old ones, new ones, and what is unknown behind."""
        table, n = self.given.table, self.given.table.n_concepts
        own = table.indptr[atoms + 1] - table.indptr[atoms]
        parts = [(own, table.indices[_ranges(table.indptr[atoms], own)]), (sizes, new + n)]
        if self.tells_known and table.known is not None:
            hidden = self._unknown(atoms)
            parts.append((hidden.sum(axis=1), np.nonzero(hidden)[1] + n + len(self.columns)))
        indptr = offsets_of(np.sum([size for size, _ in parts], axis=0))
        indices = np.empty(indptr[-1], np.int32)
        start = indptr[:-1].copy()
        for size, values in parts:
            indices[_ranges(start, size)] = values
            start += size
        return indptr, indices

    def _unknown(self, atoms: NDArray[np.int32]) -> BoolArray:
        """Which categories of the plain table are unknown on some atoms; ours begin with them."""
        known = self.given.table.known
        assert known is not None
        pattern = np.zeros(self.given.table.n_atoms, np.int64)
        pattern[known.atoms] = known.pattern
        return ~known.patterns[pattern[atoms]]

    def _known(self, builder: TableBuilder, own: _Refined) -> LocalKnown | None:
        """What is known of a sample, where atoms do not tell it themselves."""
        if self.given.table.known is None or builder.by_known:
            return None
        there = np.ones((len(own.old), len(builder.every_category)), np.bool_)
        known = ~self._unknown(own.old)
        there[:, : known.shape[1]] = known
        counts = np.bincount(own.codes, minlength=len(there)).astype(np.int64)
        return LocalKnown(np.arange(len(there), dtype=np.int32), there, counts, own.codes)

    def _told(self, made: ConceptTable) -> ConceptTable:
        """With what each new concept is made of, and whom it comes from."""
        table, n_new = self.given.table, len(self.columns)
        bases = table.bases or (-1,) * table.n_concepts
        members = table.members or ((),) * table.n_concepts
        provenance = table.provenance or (UNKNOWN,) * table.n_concepts
        own = [provenance[self._base(column)] for column in self.columns]
        return replace(
            made,
            bases=(*bases, *map(self._base, self.columns)),
            members=(*members, *[()] * n_new),
            provenance=(*provenance, *map(_moved, own)),
        )


def _moved(origin: Provenance) -> Provenance:
    """Of a concept that looks around: a rule, but where a network labelled, its errors remain."""
    if origin.by == "network":
        return origin
    return Provenance.rule(f"looks around ({origin})")


def _ranges(starts: Ints, sizes: Ints) -> Ints:
    """The numbers from each start on, so many of each, one after another."""
    before = np.repeat(starts - offsets_of(sizes)[:-1], sizes)
    found: Ints = before + np.arange(len(before))
    return found


def _rows_of(held: BoolArray, numbers: Ints, everywhere: Ints) -> tuple[Ints, Ints]:
    """What each row holds, ascending, with what all rows hold: sizes, and all of the numbers."""
    every = np.concatenate([numbers, everywhere])
    order = np.argsort(every)
    whole = np.concatenate([held, np.ones((len(held), len(everywhere)), np.bool_)], axis=1)[
        :, order
    ]
    return whole.sum(axis=1), every[order][np.nonzero(whole)[1]]
