"""The concept table: atoms by concepts, with how many positions each atom has.

Positions that carry exactly the same set of concepts can be told apart by no formula. Such a
group is an *atom*; a formula is a union of atoms, and all its counts are sums over atoms. The
table is therefore lossless, whatever the size of the data it was built from.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from andornot._tools.checks import (
    as_array,
    as_masks,
    as_path,
    as_sparse,
    names_of,
    several,
    texts,
    whole_number,
)
from andornot._tools.files import arrays_writer, json_writer
from andornot._tools.folders import Folder, verify
from andornot._tools.reading import read_arrays
from andornot._tools.whole_folders import whole_folder
from andornot._tools.words import count, shortened
from andornot.concepts import provenance as origin
from andornot.concepts.known import Known, LocalKnown, check_known, every_category, known_rows
from andornot.concepts.positions import AtomMap, check_local_atoms, grid_shape, offsets_of
from andornot.concepts.provenance import UNKNOWN, Provenance
from andornot.concepts.signatures import local_atoms, row_bytes, sorted_rows
from andornot.errors import DataError, FormulaError, OptionError, quoted
from andornot.formula import (
    OPERATORS_ARE,
    Formula,
    as_formula,
    derived_name,
    nfc,
    readings,
    respelled,
)

if TYPE_CHECKING:
    import scipy.sparse

BoolArray = NDArray[np.bool_]
Categories = Sequence[str | Sequence[str] | None]
Groups = Sequence[str | int] | NDArray[Any]

_FORMAT = 1
_FOLDS = 1 << 20
_NAMES = 5
"""How many concepts a printed table names."""
_SEVERAL = 3
"""A concept that fills fewer samples may fill them by chance."""

_LOOKS_AROUND = re.compile(
    r"(?:PREV2?|NEXT|AFTER5?|HEAD|CHILD|ABOVE|BELOW|LEFT|RIGHT|NEAR|WITH)\(.+\)", re.DOTALL
)
"""Names of concepts that another one makes by what stands around it."""


@dataclass(frozen=True, eq=False, repr=False)
class ConceptTable:
    """Atoms by concepts.

    Concepts are functions that hold or do not hold at a position (section 2 of the paper). An atom
    is a set of concepts that holds, just so, at some positions. Each position belongs to one atom,
    and each formula is true on some atoms as a whole: nothing else has to be known of positions.

    Build one with :meth:`from_masks`, :meth:`from_label_maps` or :meth:`from_sparse`, or sample by
    sample with :class:`TableBuilder`.

    Attributes:
        names: concept names, all different.
        categories: for each concept the categories it belongs to (often one).
        indptr: int64 ``(n_atoms + 1,)``.
        indices: int32; ``indices[indptr[a]:indptr[a + 1]]`` are the concepts of atom ``a``,
            ascending.
        fold_counts: int64 ``(n_atoms, n_folds)``, positions of each atom in each fold of samples.
        positions: which atom each position carries; None where only counts were kept.
        bases: for each concept the column it was derived from, -1 for plain ones; empty when all
            are plain (see :meth:`derive`).
        members: for each concept the columns that it is the union of, ascending, none for plain
            ones and those that look around (see ``concepts.context``); empty when all are plain.
        provenance: whom each concept comes from; empty where nothing is known of it. No search
            sees it, so ``digest`` leaves it out.
        known: which categories were annotated (see ``concepts.known``); None where all were.

    Examples:
        >>> masks = np.array([[1, 1, 1, 0], [0, 0, 1, 1]], bool)
        >>> table = andornot.ConceptTable.from_masks(masks, ["water", "river"])
        >>> table.n_concepts, table.n_atoms, table.n_positions
        (2, 3, 4)
        >>> table.index("river")
        1
        >>> table.concept_mask("water")
        array([False,  True,  True])
        >>> table.mask("water AND NOT river")
        array([False,  True, False])
        >>> table.counts
        array([1, 2, 1])
    """

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    fold_counts: NDArray[np.int64]
    positions: AtomMap | None = None
    bases: tuple[int, ...] = ()
    members: tuple[tuple[int, ...], ...] = ()
    provenance: tuple[Provenance, ...] = ()
    known: Known | None = None

    def __repr__(self) -> str:
        first = shortened(", ".join(self.names[:_NAMES]), 100)
        more = ", ..." if self.n_concepts > _NAMES else ""
        return (
            f"<ConceptTable of {count(self.n_concepts, 'concept')} on "
            f"{count(self.n_positions, 'position')} ({count(self.n_atoms, 'atom')}, "
            f"{count(self.n_folds, 'fold')}): {first}{more}>"
        )

    @property
    def n_atoms(self) -> int:
        """Number of distinct atoms."""
        return len(self.indptr) - 1

    @property
    def n_concepts(self) -> int:
        """Number of concepts, those that occur nowhere included."""
        return len(self.names)

    @property
    def n_folds(self) -> int:
        """Number of folds of samples."""
        return int(self.fold_counts.shape[1])

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Positions of each atom, ``n_a``."""
        counts: NDArray[np.int64] = self.fold_counts.sum(axis=1)
        return counts

    @cached_property
    def n_positions(self) -> int:
        """All positions, those without any concept included."""
        return int(self.counts.sum())

    @cached_property
    def digest(self) -> str:
        """A short text that two tables share if any search finds the same in both.

        That is all but folds and positions: concepts, their categories, and the counts of atoms.
        """
        text = repr((self.names, self.categories, self.bases, self.members))
        arrays = (self.indptr, self.indices, self.counts)
        parts = (text.encode(), *(np.ascontiguousarray(array).tobytes() for array in arrays))
        # only then can a search ask what is known
        if self.known is not None and self.known.by_atom:
            parts += self.known.parts()
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]

    @cached_property
    def concept_counts(self) -> NDArray[np.int64]:
        """Positions of each concept."""
        # prefix sums are exact, where weights of a bincount would be rounded
        indptr, atoms = self.by_concept
        sums = np.concatenate([[0], np.cumsum(self.counts[atoms])])
        totals: NDArray[np.int64] = sums[indptr[1:]] - sums[indptr[:-1]]
        return totals

    @cached_property
    def sample_counts(self) -> NDArray[np.int64]:
        """Samples on which each concept holds somewhere.

        Raises:
            DataError: the table kept only counts.
        """
        if self.positions is None:
            raise DataError(
                "this table kept only counts, so nothing says on how many samples a concept holds; "
                "build it again from masks, label maps or a data set, or ask for positions alone"
            )
        held = self._of_entries(self.positions) @ self._matrix()
        # the product counts a sample's atoms with the concept; one is enough, so places count
        counts: NDArray[np.int64] = np.bincount(held.indices, minlength=self.n_concepts)
        return counts

    @cached_property
    def fills_samples(self) -> BoolArray:
        """Whether each concept is of whole samples, as a scene is of images, ``(n_concepts,)``.

        It holds on all positions of each sample that has it, and so in several samples.

        Raises:
            DataError: the table kept only counts.
        """
        samples = self.by_sample()
        own, positions = samples.positions, self.positions
        assert own is not None  # else it was refused
        assert positions is not None
        # of each atom of samples the positions of all samples that have it, exact below 2 ** 53
        sizes = np.bincount(own.atoms, np.diff(positions.offsets), samples.n_atoms)
        room = samples._matrix().T @ sizes.astype(np.int64)
        filled: BoolArray = (self.concept_counts == room) & (samples.concept_counts >= _SEVERAL)
        return filled

    @cached_property
    def by_concept(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The transpose, as ``(indptr, atoms)``: atoms of each concept, ascending."""
        atom_of_entry = np.repeat(np.arange(self.n_atoms, dtype=np.int32), np.diff(self.indptr))
        # stable, so that the atoms of each concept ascend
        order = np.argsort(self.indices, kind="stable")
        sizes = np.bincount(self.indices, minlength=self.n_concepts)
        return offsets_of(sizes), atom_of_entry[order]

    @cached_property
    def known_concepts(self) -> BoolArray | None:
        """Whether each concept is known in each pattern of ``known``; None where all is known."""
        if self.known is None:
            return None
        # of a union its members tell: the name of its operator is a category of no annotator
        plain = [
            () if self._members[column] else self._own_categories(column)
            for column in range(self.n_concepts)
        ]
        return self.known.of_concepts(plain, self._members)

    def _own_categories(self, column: int) -> tuple[str, ...]:
        """The categories of a concept; of one that looks around, those of what it looks at."""
        return self.categories[self.bases[column] if self.looks_around[column] else column]

    @cached_property
    def looks_around(self) -> tuple[bool, ...]:
        """Of each concept, whether it looks around, as ``PREV(a)`` does (see ``context``)."""
        bases = self.bases or (-1,) * self.n_concepts
        # a union has members, and a category that is no operator
        return tuple(
            base >= 0 and not members and any(name.startswith(f"{own}(") for own in categories)
            for base, members, name, categories in zip(
                bases, self._members, self.names, self.categories, strict=True
            )
        )

    @cached_property
    def has_context(self) -> bool:
        """Whether any concept looks around, made here or, by its name, by whoever gave its mask."""
        named = (_LOOKS_AROUND.fullmatch(name) is not None for name in self.names)
        return any(self.looks_around) or any(named)

    def known_atoms(self, formula: Formula | str) -> BoolArray:
        """The atoms on which all concepts of a formula are known; bool ``(n_atoms,)``.

        Raises:
            FormulaError: the text is no formula, or names an unknown concept.
            DataError: atoms are not told apart by what is known (see ``Known.by_atom``).
        """
        columns = [self.index(name) for name in self.parse(formula).concepts]
        if self.known is None or self.known_concepts is None:
            return np.ones(self.n_atoms, np.bool_)
        if not self.known.by_atom:
            raise DataError(
                "the concept table says how much is known and not where; build it for a search "
                "with known_only"
            )
        known = np.logical_and.reduce(self.known_concepts[:, columns], axis=1)
        atoms: BoolArray = known[self.known.pattern]
        return atoms

    def unknown_share(self, formula: Formula | str, name: str) -> float:
        """Of the positions where a formula holds, the share where a concept is unknown.

        Raises:
            FormulaError: the text is no formula, or names an unknown concept.
        """
        column, mask = self.index(name), self.mask(formula)
        if self.known is None or self.known_concepts is None or not mask.any():
            return 0.0
        holds = mask[self.known.atoms]
        unknown = holds & ~self.known_concepts[self.known.pattern, column]
        return float(self.known.counts[unknown].sum() / self.known.counts[holds].sum())

    def annotated(self, name: str) -> tuple[str, ...]:
        """The categories of which one must be annotated for a concept to be known."""
        column = self.index(name)
        plain = self._members[column] or (column,)
        return every_category(map(self._own_categories, plain))

    @property
    def _members(self) -> tuple[tuple[int, ...], ...]:
        return self.members or ((),) * self.n_concepts

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def _composed(self) -> dict[str, int]:
        return {nfc(name): i for i, name in enumerate(self.names)}

    def index(self, name: str) -> int:
        """The column of a concept; letters may be composed of several signs, or be one.

        Raises:
            FormulaError: no concept has this name; close names are suggested.
        """
        if not isinstance(name, str):
            raise FormulaError(f"a concept is called {quoted(name)}; give its name as a text")
        found = self._index.get(name)
        return self._index_composed(name) if found is None else found

    def _index_composed(self, name: str) -> int:
        try:
            return self._composed[nfc(name)]
        except KeyError:
            raise FormulaError(
                f"no concept is named {quoted(name)} among the {self.n_concepts} of this table; "
                f"{self._advice(name)}"
            ) from None

    def _advice(self, name: str) -> str:
        """What may have been meant by a name that no concept has."""
        # names such as "person, individual" hold commas, at which a list of concepts is cut
        parted = [known for known in self.names if name in map(str.strip, known.split(","))]
        if parted:
            return f'did you mean "{parted[0]}"? In a list, such a name stands in quotes'
        close = difflib.get_close_matches(name, self.names, n=3)
        meant = respelled(name)
        # a concept may be called "salt & pepper", or "here and now"
        if meant and not any(respelled(like) for like in close):
            return f"{OPERATORS_ARE} {quoted(meant)}"
        return f"did you mean {' or '.join(map(repr, close))}?" if close else "check its name"

    def concept_mask(self, name: str) -> BoolArray:
        """Which atoms carry a concept; bool ``(n_atoms,)``.

        Raises:
            FormulaError: no concept has this name.
        """
        column = self.index(name)
        # through the transpose, so that one concept costs no look at all entries
        indptr, atoms = self.by_concept
        mask = np.zeros(self.n_atoms, np.bool_)
        mask[atoms[indptr[column] : indptr[column + 1]]] = True
        return mask

    def parse(self, formula: Formula | str) -> Formula:
        """A formula over the concepts of this table, of its text.

        It is read as :func:`andornot.parse` does, unless that names concepts that there are none
        of: then ``salt & pepper`` may be the name of one, and ``salt&pepper`` two. A name with
        signs beside concepts that it could be a formula of stands in double quotes.

        Raises:
            FormulaError: the text is no formula, or names an unknown concept.

        Examples:
            >>> names = ["salt", "pepper", "R&B"]
            >>> table = andornot.ConceptTable.from_masks(np.eye(3, dtype=bool), names)
            >>> print(table.parse("salt&!pepper"), "and", table.parse("R&B | salt"))
            salt AND NOT pepper and R&B OR salt
        """
        read = list(readings(formula)) if isinstance(formula, str) else []
        likeliest = min(read, key=self._likelihood, default=None)
        if likeliest is None or self._unknown(likeliest):
            plain = as_formula(formula)  # what is wrong with its spelling comes before its names
            likeliest = likeliest or plain
        for name in likeliest.concepts:
            self.index(name)
        return likeliest

    def _likelihood(self, formula: Formula) -> tuple[float, int]:
        """How readings of a text compare, the likeliest least."""
        unknown = self._unknown(formula)
        # of none that can be meant the one with the fewest names: that of a name that is misspelt
        return unknown, formula.length if unknown else 0

    def _unknown(self, formula: Formula) -> float:
        """The share of a formula's names that no concept has."""
        return sum(nfc(name) not in self._composed for name in formula.concepts) / formula.length

    def mask(self, formula: Formula | str) -> BoolArray:
        """Which atoms a formula is the union of; bool ``(n_atoms,)``.

        Raises:
            FormulaError: the text is no formula, or names an unknown concept.
        """
        return self.parse(formula).evaluate(self.concept_mask)

    def select(
        self,
        categories: Iterable[str] | None = None,
        concepts: Iterable[str] | None = None,
    ) -> NDArray[np.int64]:
        """Columns that a search may use, ascending: of these categories, among these names.

        Raises:
            OptionError: a category does not occur in the table.

        Examples:
            >>> names, categories = ["kitchen", "sink", "oven"], ["scene", "object", "object"]
            >>> table = andornot.ConceptTable.from_masks(np.eye(3, dtype=bool), names, categories)
            >>> table.select(categories=["object"])
            array([1, 2])
            >>> table.select(concepts=["kitchen", "oven"])
            array([0, 2])
        """
        keep = np.ones(self.n_concepts, np.bool_)
        if categories is not None:
            wanted = {nfc(str(name)) for name in several(categories, "categories")}
            known = {nfc(c) for cs in self.categories for c in cs}
            if missing := sorted(wanted - known):
                raise OptionError(
                    f"no concept is of category {quoted(missing[0])}; "
                    f"this table has {', '.join(sorted(known)) or 'no categories'}"
                )
            keep &= [bool(wanted & set(map(nfc, cs))) for cs in self.categories]
        if concepts is not None:
            named = np.zeros(self.n_concepts, np.bool_)
            named[[self.index(name) for name in several(concepts, "concepts")]] = True
            keep &= named
        return np.flatnonzero(keep)

    @classmethod
    def from_masks(
        cls,
        masks: ArrayLike,
        names: Sequence[str],
        categories: Categories | None = None,
        folds: ArrayLike | None = None,
        groups: Groups | None = None,
        known: ArrayLike | Mapping[str, ArrayLike] | None = None,
    ) -> ConceptTable:
        """From one boolean mask for each concept; masks may overlap in any way.

        Args:
            masks: bool ``(n_concepts, *position_shape)``; the first axis of ``position_shape``
                counts samples.
            names: a name for each concept.
            categories: a category, or several, or None, for each concept.
            folds: the fold (0, 1, ...) of each sample; all 0 if not given.
            groups: as :meth:`grouped` takes them; each sample its own if not given.
            known: where each category was annotated at all, so that a search with ``known_only``
                can tell: by name a bool mask over the positions, or one for each sample; or bool
                ``(n_categories, *position_shape)``, categories as they first appear. Everywhere
                if not given.

        Raises:
            DataError: shapes do not fit, a mask holds more than True and False (or 0 and 1), or a
                name stands twice.

        Examples:
            >>> masks = np.zeros((2, 3, 4, 4), bool)  # two concepts on three samples of 4 x 4
            >>> masks[0, 0] = masks[1, :2] = True
            >>> table = andornot.ConceptTable.from_masks(
            ...     masks, names=["kitchen", "floor"], categories=["scene", "object"]
            ... )
            >>> table.n_positions, table.n_atoms
            (48, 3)
        """
        columns = getattr(masks, "columns", None)  # of a frame
        array, names = as_array(masks, "masks"), names_of(names, "names")
        on_its_side = columns is not None and tuple(columns) == names
        if array.ndim < 2 or len(array) != len(names) or on_its_side:
            on_its_side |= array.ndim == 2 and array.shape[1] == len(names)
            raise DataError(
                f"masks have shape {array.shape} for {len(names)} names; "
                "expected (n_concepts, n_samples, ...)"
                f"{'; give the transpose' if on_its_side else ''}"
            )
        masks = as_masks(array, "masks", "masks > 0")
        builder = TableBuilder(names, categories, known=known is not None)
        if known is not None:
            there = check_known(known, builder.every_category, masks.shape[1:])
            masks = np.concatenate([masks, ~there])
        folds = _check_folds(folds, masks.shape[1])
        # samples of one position each: all columns at once, without a loop over samples
        if masks.ndim == 2:
            atoms = builder.intern_columns(masks)
            return builder.finish_single(atoms, folds).grouped(groups)
        for i, fold in enumerate(folds):
            columns = masks[:, i].reshape(len(masks), math.prod(masks.shape[2:]))
            builder.add_atoms(builder.intern_columns(columns), masks.shape[2:], int(fold))
        return builder.finish().grouped(groups)

    @classmethod
    def from_label_maps(
        cls,
        maps: Sequence[ArrayLike] | NDArray[np.integer],
        names: Sequence[str] | Mapping[int, str],
        categories: Categories | Mapping[int, str | Sequence[str]] | None = None,
        sample_concepts: Sequence[Iterable[int]] | None = None,
        folds: ArrayLike | None = None,
        groups: Groups | None = None,
    ) -> ConceptTable:
        """From integer label maps, any number of layers for each sample.

        Args:
            maps: for each sample an integer array ``(height, width)`` or
                ``(n_layers, height, width)``; samples may differ in size. 0 is "no label".
            names: the name of each label: a mapping, or a sequence whose first entry names label 1.
            categories: likewise.
            sample_concepts: for each sample the labels that hold on all its positions.
            folds: the fold (0, 1, ...) of each sample; all 0 if not given.
            groups: as :meth:`grouped` takes them; each sample its own if not given.

        Raises:
            DataError: a label has no name, a map is not of integers, or lengths do not fit.

        Examples:
            >>> maps = np.array([[[1, 1], [0, 2]], [[2, 2], [2, 0]]])  # two samples of 2 x 2
            >>> table = andornot.ConceptTable.from_label_maps(maps, ["sky", "sea"])
            >>> dict(zip(table.names, table.concept_counts.tolist()))
            {'sky': 2, 'sea': 4}
        """
        if isinstance(names, Mapping):
            ids = sorted(whole_number(label, "a label") for label in names)
            label_names = names_of([names[i] for i in ids], "names")
        else:
            label_names = names_of(names, "names")
            ids = list(range(1, len(label_names) + 1))
        if isinstance(categories, Mapping):
            categories = [categories.get(i) for i in ids]
        builder = TableBuilder(label_names, categories)
        maps = several(maps, "maps")
        dense = _DenseLabels(ids)
        fold_of = _check_folds(folds, len(maps))
        if sample_concepts is not None and len(sample_concepts) != len(maps):
            raise DataError(
                f"there are sample concepts for {len(sample_concepts)} samples and label maps for "
                f"{len(maps)}; give one entry for each sample"
            )
        for i, sample in enumerate(maps):
            layers = as_array(sample, f"the labels of sample {i}")
            layers = layers[None] if layers.ndim == 2 else layers
            if layers.ndim != 3 or not len(layers) or layers.dtype.kind not in "iu":
                raise DataError(
                    f"label map of sample {i} has shape {layers.shape} and dtype {layers.dtype}; "
                    "expected integers of shape (height, width) or (n_layers, height, width)"
                )
            own = [] if sample_concepts is None else several(sample_concepts[i], "sample_concepts")
            held = [whole_number(label, f"a concept of sample {i}") for label in own]
            everywhere = dense.of(np.array(held, np.int64), i) - 1
            own_maps = [dense.of(m, i) for m in layers]
            builder.add(own_maps, everywhere[everywhere >= 0], int(fold_of[i]))
        return builder.finish().grouped(groups)

    @classmethod
    def from_sparse(
        cls,
        matrix: scipy.sparse.sparray | scipy.sparse.spmatrix,
        names: Sequence[str],
        categories: Categories | None = None,
        folds: ArrayLike | None = None,
        groups: Groups | None = None,
    ) -> ConceptTable:
        """From a scipy sparse matrix of positions by concepts; nonzero means true.

        Each position is a sample of its own (a sentence, say).

        Raises:
            DataError: the matrix has not one column for each name.

        Examples:
            >>> import scipy.sparse
            >>> matrix = scipy.sparse.csr_array([[1, 0], [1, 1], [0, 0]])  # 3 sentences, 2 words
            >>> table = andornot.ConceptTable.from_sparse(matrix, ["hyp:man", "hyp:dog"])
            >>> table.concept_counts
            array([2, 1])
        """
        rows, names = as_sparse(matrix, "the matrix"), names_of(names, "names")
        if rows.shape[1] != len(names):
            raise DataError(
                f"the matrix has {rows.shape[1]} columns for {len(names)} names; give one for each"
            )
        # in this order: a sum may be 0, and signatures are sorted rows without such entries
        rows.sum_duplicates()
        rows.eliminate_zeros()
        rows.sort_indices()
        builder = TableBuilder(names, categories)
        atoms = builder.intern(rows.indptr.astype(np.int64), rows.indices.astype(np.int32))
        return builder.finish_single(atoms, _check_folds(folds, rows.shape[0])).grouped(groups)

    def grouped(self, groups: Groups | None) -> ConceptTable:
        """The same table whose samples come in groups, which trust moves whole.

            table.grouped(["video 1", "video 1", "video 2"])

        Args:
            groups: for each sample the name or number of its group, such as the video that a frame
                is from; None where every sample is independent of all others.

        Raises:
            DataError: there is not one group for each sample, or one lies in several folds.
        """
        if groups is None:
            return self
        if self.positions is None:
            raise DataError(
                "this table kept only counts, so its samples cannot be grouped; build it again "
                "from masks, label maps or a data set"
            )
        numbers = _group_numbers(several(groups, "groups"), self.positions.folds)
        # as many groups as samples: the same as no groups, and kept in the same form
        alone = len(numbers) == int(numbers.max(initial=-1)) + 1
        return replace(self, positions=replace(self.positions, groups=None if alone else numbers))

    def by_sample(self) -> ConceptTable:
        """The table in which each sample counts once: a concept holds in it if it does anywhere.

            andornot.explain(masks.any(axis=(2, 3)), table.by_sample())

        Folds, groups, derived concepts and whom concepts come from stay. A category is known in a
        sample if it is anywhere; of a table that says only how much is known (see
        ``concepts.known``), nothing is known of samples.

        Returns:
            A table whose samples are single positions; itself if they are already.

        Raises:
            DataError: the table kept only counts.

        Examples:
            >>> masks = [[[True, False], [False, False]], [[False, True], [True, False]]]
            >>> table = andornot.ConceptTable.from_masks(masks, ["bed", "lamp"])  # 2 samples of 2
            >>> andornot.score("bed AND lamp", np.ones((2, 2), bool), table).iou  # at one position
            0.0
            >>> andornot.score("bed AND lamp", np.ones(2, bool), table.by_sample()).iou
            0.5
        """
        return self._samples

    @cached_property
    def _samples(self) -> ConceptTable:
        positions = self.positions
        if positions is None:
            raise DataError(
                "this table kept only counts, so nobody knows which concepts a sample has; build "
                "it again from masks, label maps or a data set"
            )
        if (positions.shapes == 1).all():
            return self
        builder = TableBuilder(self.names, self.categories)
        holds, known = self._of_samples(positions)
        rows = holds if known is None else _beside(holds, ~known)
        atoms = builder.intern(rows.indptr.astype(np.int64), rows.indices.astype(np.int32))
        counts = np.zeros((len(builder.signatures), self.n_folds), np.int64)
        np.add.at(counts, (atoms, positions.folds), 1)
        single = AtomMap.of_single_positions(atoms, positions.folds)
        table = builder.table(counts, replace(single, groups=positions.groups))
        return replace(
            table, bases=self.bases, members=self.members, provenance=self.provenance,
            known=None if known is None or self.known is None
            else self.known.of_other_atoms(atoms, known),
        )  # fmt: skip

    def _of_samples(self, positions: AtomMap) -> tuple[scipy.sparse.csr_array, BoolArray | None]:
        """Which concepts each sample has anywhere, and which categories are known in it.

        Returns:
            ``(n_samples, n_concepts)``, and bool ``(n_samples, n_categories)``; None where all is
            known, or where atoms are not told apart by what is known.
        """
        own = self._of_entries(positions)
        # an atom that stands twice is added up, and only where something holds is asked
        holds = own @ self._matrix()
        holds.sort_indices()
        if self.known is None or not self.known.by_atom:
            return holds, None
        rows = np.zeros((self.n_atoms, len(self.known.categories)), np.int64)
        rows[self.known.atoms] = self.known.patterns[self.known.pattern]
        return holds, own @ rows > 0

    def _of_entries(self, positions: AtomMap) -> scipy.sparse.csr_array:
        """How often each sample lists an atom, int64 ``(n_samples, n_atoms)``."""
        import scipy.sparse

        return scipy.sparse.csr_array(
            (np.ones(len(positions.atoms), np.int64), positions.atoms, positions.atom_offsets),
            shape=(positions.n_samples, self.n_atoms),
        )

    def _matrix(self) -> scipy.sparse.csr_array:
        """1 where an atom has a concept, int64 ``(n_atoms, n_concepts)``."""
        import scipy.sparse

        return scipy.sparse.csr_array(
            (np.ones(len(self.indices), np.int64), self.indices, self.indptr),
            shape=(self.n_atoms, self.n_concepts),
        )

    def derive(
        self,
        operator: str,
        related: Mapping[str, Iterable[str]],
        provenance: Provenance | None = None,
    ) -> ConceptTable:
        """Add a concept ``OPERATOR(name)`` for each name: the union of the concepts related to it.

        The atoms stay as they are, since a union of concepts tells no more positions apart.

            table.derive("NEIGHBORS", {"hyp:couch": ["hyp:couch", "hyp:sofa", "hyp:chair"]})

        Args:
            operator: one upper-case word; it names the new concepts (and, in lower case, is a
                further category of theirs).
            related: for each concept the names whose union is taken (its own, if wanted, among
                them); names that the table does not have are passed over.
            provenance: whom the relation comes from; a network that labelled a member goes before
                it.

        Raises:
            FormulaError: the table lacks a concept to derive from, or the operator's name cannot
                be used.
            DataError: a concept of such a name is there already.

        Examples:
            >>> masks = [[True, False, False], [False, True, False]]
            >>> table = andornot.ConceptTable.from_masks(masks, ["couch", "sofa"])
            >>> table = table.derive("NEIGHBORS", {"couch": ["couch", "sofa", "settee"]})
            >>> table.names
            ('couch', 'sofa', 'NEIGHBORS(couch)')
            >>> andornot.score("NEIGHBORS(couch)", [True, True, False], table).iou
            1.0
        """
        import scipy.sparse

        if not isinstance(related, Mapping):
            raise DataError(f"related is {quoted(related)}; give the names for each concept")
        bases = [self.index(name) for name in related]
        new = tuple(derived_name(operator, name) for name in related)
        if twice := set(new) & set(self.names):
            first = sorted(twice)[0]
            raise DataError(
                f"the table has a concept {quoted(first)} already; choose another operator"
            )
        members = tuple(
            tuple(sorted({self._index[m] for m in texts(wanted, "related") if m in self._index}))
            for wanted in related.values()
        )
        entries = [(member, column) for column, own in enumerate(members) for member in own]
        rows, columns = np.array(entries, np.int64).reshape(-1, 2).T
        relation = scipy.sparse.csr_array(
            (np.ones(len(rows), np.int64), (rows, columns)), shape=(self.n_concepts, len(new))
        )
        plain = self._matrix()
        # the product counts members that hold; one is enough, so only the places are used
        both = scipy.sparse.hstack([plain, plain @ relation], format="csr")
        # signatures are sorted rows
        both.sort_indices()
        own = tuple(self.categories[base] for base in bases)
        return replace(
            self,
            names=self.names + new,
            categories=self.categories + tuple((*c, operator.lower()) for c in own),
            indptr=both.indptr.astype(np.int64),
            indices=both.indices.astype(np.int32),
            bases=(self.bases or (-1,) * self.n_concepts) + tuple(bases),
            members=(self.members or ((),) * self.n_concepts) + members,
            provenance=self._with_unions(members, provenance),
        )

    def _with_unions(
        self, members: Sequence[Sequence[int]], rule: Provenance | None
    ) -> tuple[Provenance, ...]:
        """The provenance of all concepts and of unions of them; nothing where nothing is known."""
        if not self.provenance and rule is None:
            return ()
        plain = self.provenance or (UNKNOWN,) * self.n_concepts
        unions = (origin.of_union((plain[m] for m in own), rule or UNKNOWN) for own in members)
        return (*plain, *unions)

    def merge(self, other: ConceptTable) -> ConceptTable:
        """The table of both data sets together: counts add, samples of ``other`` come last.

        Concepts are matched by name; one that only one of the tables knows counts as absent from
        the other's positions. Derive further concepts after merging, not before.

        Raises:
            DataError: one of the tables has derived concepts.

        Examples:
            >>> one = andornot.ConceptTable.from_masks([[True, False]], ["water"])
            >>> masks = [[True, True], [False, True]]
            >>> two = andornot.ConceptTable.from_masks(masks, ["water", "river"])
            >>> both = one.merge(two)
            >>> both.names, both.n_positions
            (('water', 'river'), 4)
        """
        check_table(other, "other")
        # it would count as absent from the other's positions, where its members may hold
        if self.bases or other.bases:
            raise DataError(
                "a table with derived concepts cannot be merged; derive them afterwards"
            )
        # own columns stay where they are, so only those of the other table move
        names = self.names + tuple(n for n in other.names if n not in self._index)
        mine = {n: set(c) for n, c in zip(self.names, self.categories, strict=True)}
        theirs = dict(zip(other.names, other.categories, strict=True))
        categories = [sorted(mine.get(n, set()) | set(theirs.get(n, ()))) for n in names]
        builder = TableBuilder(names, categories)
        own_ids = builder.intern(self.indptr, self.indices)
        columns = np.array([builder.index[n] for n in other.names], np.int32)
        other_ids = builder.intern(*sorted_rows(other.indptr, columns[other.indices]))
        counts = np.zeros((len(builder.signatures), max(self.n_folds, other.n_folds)), np.int64)
        # add.at, not +=, which would count an index that stands twice only once
        np.add.at(counts[:, : self.n_folds], own_ids, self.fold_counts)
        np.add.at(counts[:, : other.n_folds], other_ids, other.fold_counts)
        positions = None
        if self.positions is not None and other.positions is not None:
            positions = self.positions.relabelled(own_ids).followed_by(
                other.positions.relabelled(other_ids)
            )
        merged = builder.table(counts, positions).told_by(self._provenance_with(other, names))
        if self.known is None and other.known is None:
            return merged
        every = builder.every_category
        cells = [self._cells_of(every, own_ids), other._cells_of(every, other_ids)]
        atoms, rows, sizes = map(np.concatenate, zip(*cells, strict=True))
        return replace(merged, known=Known.of_cells(every, atoms, rows, sizes))

    def _provenance_with(self, other: ConceptTable, names: Sequence[str]) -> list[Provenance]:
        """Whom concepts of both tables come from; nothing where neither knows."""
        if not self.provenance and not other.provenance:
            return []
        mine, theirs = (
            dict(zip(t.names, t.provenance or (UNKNOWN,) * t.n_concepts, strict=True))
            for t in (self, other)
        )
        return [
            origin.of_both(mine[n], theirs[n])
            if n in mine and n in theirs
            else mine.get(n, theirs.get(n, UNKNOWN))
            for n in names
        ]

    def told_by(self, provenance: Sequence[Provenance]) -> ConceptTable:
        """The same table, which says whom each concept comes from.

        Args:
            provenance: one for each concept; none where nothing is known.

        Raises:
            DataError: there is not one for each concept.
        """
        if provenance and len(provenance) != self.n_concepts:
            raise DataError(
                f"there is a provenance of {len(provenance)} concepts for the {self.n_concepts} of "
                "the table; give one for each"
            )
        return replace(self, provenance=tuple(provenance))

    def _cells_of(
        self, every: Sequence[str], ids: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], BoolArray, NDArray[np.int64]]:
        """Atoms under other ids, whether each of these categories is known there, and sizes.

        A category that no concept of this table has was annotated nowhere in it.
        """
        own = set(every_category(self.categories))
        rows = np.tile([name in own for name in every], (self.n_atoms, 1))
        if self.known is None:
            return ids, rows, self.counts
        rows = rows[self.known.atoms]
        for at, name in enumerate(every):
            if name in self.known.categories:
                column = self.known.patterns[:, self.known.categories.index(name)]
                rows[:, at] = column[self.known.pattern]
        return ids[self.known.atoms], rows, self.known.counts

    def save(self, directory: str | Path) -> None:
        """Write the table as a directory, whole or not at all; an old one there is replaced.

        Raises:
            OptionError: the directory holds other files.
            RunError: it cannot be written.

        Examples:
            >>> table = andornot.ConceptTable.from_masks([[True, False]], ["water"])
            >>> table.save("water.table")
            >>> andornot.ConceptTable.load("water.table").names
            ('water',)
        """
        with whole_folder(directory, top=("concepts.json", "atoms.npz")) as aside:
            if self.positions is not None:
                self.positions.save(aside)
            self.save_atoms(aside)

    def save_atoms(self, directory: Path) -> None:
        """Write all but the positions into an existing directory of ours."""
        folder = Folder.at(directory, whole=True)
        atoms = arrays_writer(
            indptr=self.indptr, indices=self.indices, fold_counts=self.fold_counts
        )
        folder.write("atoms.npz", atoms)
        meta: dict[str, Any] = {
            "format": _FORMAT,
            "names": self.names,
            "categories": self.categories,
            "bases": self.bases,
            "members": self.members,
        }
        if self.provenance:  # a table of which nothing is known is written as ever
            meta["provenance"] = origin.as_json(self.provenance)
        if self.known is not None:
            self.known.save(directory)
            meta["known"] = self.known.categories
        folder.write("concepts.json", json_writer(meta))

    @classmethod
    def load(cls, directory: str | Path) -> ConceptTable:
        """Read what :meth:`save` wrote.

        Raises:
            DataError: a file is missing or damaged, or of a format that this version does not know.
        """
        return cls._read(as_path(directory, "directory"), with_positions=True)

    @classmethod
    def digest_in(cls, directory: Path) -> str:
        """The digest of a table that was saved; its positions, the most of it, are not read.

        Raises:
            DataError: as of :meth:`load`.
        """
        return cls._read(directory, with_positions=False).digest

    @classmethod
    def _read(cls, directory: Path, *, with_positions: bool) -> ConceptTable:
        path = directory / "concepts.json"
        try:
            meta = json.loads(path.read_text(encoding="utf-8"))
            # the format first: of another one the digest and the rest say nothing
            version, known = meta["format"], meta["format"] == _FORMAT
            if known:
                verify(path)
            names = tuple(meta["names"]) if known else ()
            categories = tuple(tuple(c) for c in meta["categories"]) if known else ()
            bases = tuple(int(b) for b in meta["bases"]) if known else ()
            members = tuple(tuple(m) for m in meta["members"]) if known and bases else ()
            told = meta.get("provenance") if known else None  # tables of before say nothing of it
            provenance = origin.from_json(told, len(names)) if told else ()
            annotated = tuple(meta["known"]) if known and "known" in meta else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(
                f"{path} is missing or damaged ({error}), so {directory} holds no readable concept "
                "table; build it again"
            ) from error
        if not known:
            raise DataError(
                f"{path} is of a concept table of format {quoted(version)}, "
                f"this version reads format {_FORMAT}; build it again"
            )
        files = (directory / "positions.npz", directory / "codes.u16")
        return cls(
            names=names,
            categories=categories,
            bases=bases,
            members=members,
            provenance=provenance,
            # one of the two files alone is damage, of which loading tells
            positions=AtomMap.load(directory)
            if with_positions and any(f.exists() for f in files)
            else None,
            known=None if annotated is None else Known.load(directory, annotated),
            **read_arrays(directory / "atoms.npz", ("indptr", "indices", "fold_counts")),
        )


class TableBuilder:
    """Builds a :class:`ConceptTable` sample by sample, in bounded memory.

    Atoms are kept by their exact signature, the bytes of their sorted concept ids, and numbered
    in order of first appearance.

    Args:
        names: concept names, all different.
        categories: a category, or several, or None, for each concept.
        known: tell atoms apart by which categories are known there too. They are given with
            hidden columns behind the concepts, one for each category that is unknown.
    """

    def __init__(
        self, names: Sequence[str], categories: Categories | None = None, known: bool = False
    ) -> None:
        self.by_known = known
        self.names = names_of(names, "names")
        self.categories = _check_categories(self.names, categories)
        self.index = {name: i for i, name in enumerate(self.names)}
        if len(self.index) != len(self.names):
            twice = next(n for i, n in enumerate(self.names) if self.index[n] != i)
            raise DataError(f"two concepts are named {quoted(twice)}; give each a name of its own")
        # a dict keeps the order of insertion, so the n-th key is atom n
        self.signatures: dict[bytes, int] = {}
        self._tallies: list[tuple[NDArray[np.int32], NDArray[np.int64], int]] = []
        self._codes: list[NDArray[np.uint16]] = []
        self._shapes: list[tuple[int, int]] = []
        self._cells: list[tuple[NDArray[np.int32], BoolArray, NDArray[np.int64]]] = []

    @cached_property
    def every_category(self) -> tuple[str, ...]:
        """All categories, in order of first appearance."""
        return every_category(self.categories)

    def add(
        self,
        maps: Sequence[NDArray[np.int32]],
        concepts: Iterable[int] = (),
        fold: int = 0,
    ) -> None:
        """Add one sample.

        Args:
            maps: label maps, int32 ``(height, width)``, concept index + 1, 0 = no label.
            concepts: indices of concepts that hold on the whole sample.
            fold: the fold that the sample belongs to.
        """
        # each once: a concept that stood twice would make another signature of the same set
        whole = np.array(sorted({int(c) for c in concepts}), np.int32)
        codes, indptr, indices = local_atoms(np.stack(maps), whole)
        self.add_local(codes, indptr, indices, maps[0].shape, fold)

    def add_local(
        self,
        codes: NDArray[np.uint16],
        indptr: NDArray[np.int64],
        indices: NDArray[np.int32],
        shape: Sequence[int],
        fold: int = 0,
        keep_codes: bool = True,
        known: LocalKnown | None = None,
    ) -> None:
        """Add one sample whose local atoms are known (see :func:`local_atoms`).

        ``known`` says what was annotated; None where all was, or the atoms say it themselves.
        """
        atoms = self.intern(indptr, indices)
        if known is not None:
            self._cells.append((atoms[known.local], known.known, known.counts))
        counts = np.bincount(codes, minlength=len(atoms)).astype(np.int64)
        self._tallies.append((atoms, counts, fold))
        self._shapes.append(grid_shape(shape))
        if keep_codes:
            self._codes.append(codes)

    def add_atoms(self, atoms: NDArray[np.int32], shape: Sequence[int], fold: int = 0) -> None:
        """Add one sample by the (interned) atom of each of its positions."""
        local, codes, counts = np.unique(atoms, return_inverse=True, return_counts=True)
        check_local_atoms(len(local), f"sample {len(self._shapes)}")
        self._tallies.append((local.astype(np.int32), counts.astype(np.int64), fold))
        self._shapes.append(grid_shape(shape))
        self._codes.append(codes.astype(np.uint16))

    def intern(self, indptr: NDArray[np.int64], indices: NDArray[np.int32]) -> NDArray[np.int32]:
        """Atom ids of signatures given as sorted rows of concept ids; new ones are added."""
        known = self.signatures
        rows = row_bytes(indptr, indices)
        return np.array([known.setdefault(row, len(known)) for row in rows], np.int32)

    def intern_columns(self, masks: BoolArray) -> NDArray[np.int32]:
        """Atom ids of the columns of a boolean array ``(n_concepts, n_positions)``."""
        # eight concepts a byte: fewer bytes to sort, and equal columns stay equal
        packed = np.ascontiguousarray(np.packbits(masks, axis=0).T)
        distinct, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        del distinct
        concept, column = np.nonzero(masks[:, first])
        # by column, then by concept, for signatures are sorted rows
        order = np.lexsort((concept, column))
        indptr = offsets_of(np.bincount(column, minlength=len(first)))
        atoms = self.intern(indptr, concept[order].astype(np.int32))
        return atoms[inverse.ravel()]

    def finish(self) -> ConceptTable:
        """The table of all samples added so far, with their positions."""
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, np.uint16)
        n_folds = 1 + max((fold for _, _, fold in self._tallies), default=0)
        return self.table(self.fold_counts(n_folds), self.atom_map(codes))

    def finish_single(self, atoms: NDArray[np.int32], folds: NDArray[np.int32]) -> ConceptTable:
        """The table of samples that are single positions, from the interned atom of each."""
        counts = np.zeros((len(self.signatures), int(folds.max(initial=0)) + 1), np.int64)
        np.add.at(counts, (atoms, folds), 1)
        return self.table(counts, AtomMap.of_single_positions(atoms, folds))

    def fold_counts(self, n_folds: int) -> NDArray[np.int64]:
        """Positions of each atom in each fold, ``(n_atoms, n_folds)``."""
        totals = np.zeros((len(self.signatures), n_folds), np.int64)
        for atoms, counts, fold in self._tallies:
            np.add.at(totals[:, fold], atoms, counts)
        return totals

    def atom_map(self, codes: NDArray[np.uint16]) -> AtomMap:
        """The positions of all samples added so far, with their codes (see :class:`AtomMap`)."""
        return AtomMap(
            shapes=np.array(self._shapes, np.int64).reshape(-1, 2),
            atom_offsets=offsets_of([len(atoms) for atoms, _, _ in self._tallies]),
            atoms=np.concatenate([a for a, _, _ in self._tallies] or [np.zeros(0, np.int32)]),
            codes=codes,
            folds=np.array([fold for _, _, fold in self._tallies], np.int32),
        )

    def table(self, fold_counts: NDArray[np.int64], positions: AtomMap | None) -> ConceptTable:
        """A table of the interned atoms with these counts."""
        # all at once, for tables with concepts that look around have a million atoms
        joined = np.frombuffer(b"".join(self.signatures), np.int32)
        sizes = np.fromiter(map(len, self.signatures), np.int64, len(self.signatures)) // 4
        known = self._known(joined, sizes, fold_counts.sum(axis=1))
        plain = joined < len(self.names)
        if not plain.all():
            row = np.repeat(np.arange(len(sizes)), sizes)
            sizes = np.bincount(row[plain], minlength=len(sizes))
        return ConceptTable(
            names=self.names,
            categories=self.categories,
            indptr=offsets_of(sizes),
            indices=joined[plain],
            fold_counts=fold_counts,
            positions=positions,
            known=known,
        )

    def _known(
        self, joined: NDArray[np.int32], sizes: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> Known | None:
        """What is known of the interned atoms: by hidden columns, or by the cells of samples."""
        n_categories = len(self.every_category)
        if self.by_known:
            known = known_rows(joined, sizes, len(self.names), n_categories)
            atoms = np.arange(len(sizes), dtype=np.int32)
            return Known.of_cells(self.every_category, atoms, known, counts)
        if not self._cells:
            return None
        atoms, cells, sizes = map(np.concatenate, zip(*self._cells, strict=True))
        rest = counts.copy()
        np.subtract.at(rest, atoms, sizes)
        # what no sample calls unknown is known
        others = np.flatnonzero(rest).astype(np.int32)
        return Known.of_cells(
            self.every_category,
            np.concatenate([atoms, others]),
            np.concatenate([cells, np.ones((len(others), n_categories), np.bool_)]),
            np.concatenate([sizes, rest[others]]),
        )


def _beside(rows: scipy.sparse.csr_array, more: BoolArray) -> scipy.sparse.csr_array:
    """Rows of a matrix with further columns behind them; still sorted."""
    import scipy.sparse

    both = scipy.sparse.hstack([rows, scipy.sparse.csr_array(more)], format="csr")
    both.sort_indices()
    return both


def check_table(given: object, what: str) -> None:
    """Refuse what is no concept table.

    Raises:
        OptionError: it is none.
    """
    if not isinstance(given, ConceptTable):
        raise OptionError(
            f"{what} is {quoted(given)}; give a ConceptTable, such as ConceptTable.from_masks makes"
        )


# the table of labels has an entry for each number up to the highest: 256 MB of them
_HIGHEST_LABEL = 2**26


class _DenseLabels:
    """Turns label numbers into concept index + 1, and refuses numbers without a name."""

    def __init__(self, ids: Sequence[int]) -> None:
        if ids and min(ids) < 1:
            raise DataError(f"label {min(ids)} has a name, but labels start at 1; 0 is 'no label'")
        if ids and max(ids) > _HIGHEST_LABEL:
            raise DataError(f"label {max(ids)} has a name; labels go up to {_HIGHEST_LABEL}")
        self.table = np.full(max(ids, default=0) + 1, -1, np.int32)
        self.table[0] = 0
        self.table[list(ids)] = np.arange(1, len(ids) + 1)

    def of(self, labels: NDArray[np.integer], sample: int) -> NDArray[np.int32]:
        high, low = int(labels.max(initial=0)), int(labels.min(initial=0))
        # only to look up safely; what was clipped is refused below
        clipped = np.clip(labels, 0, len(self.table) - 1)
        dense: NDArray[np.int32] = self.table[clipped]
        if high >= len(self.table) or low < 0 or (dense < 0).any():
            bad = labels[(labels < 0) | (labels >= len(self.table)) | (dense < 0)].flat[0]
            raise DataError(f"label {bad} in sample {sample} has no name; add it to the names")
        return dense


def _check_categories(
    names: Sequence[str], categories: Categories | None
) -> tuple[tuple[str, ...], ...]:
    if categories is None:
        return tuple(() for _ in names)
    categories = several(categories, "categories")
    if len(categories) != len(names):
        raise DataError(f"{len(categories)} categories for {len(names)} names; give one for each")
    return tuple(
        () if c is None else names_of(several(c, "a category"), "categories") for c in categories
    )


def _check_folds(folds: ArrayLike | None, n_samples: int) -> NDArray[np.int32]:
    if folds is None:
        return np.zeros(n_samples, np.int32)
    checked = as_array(folds, "folds")
    if checked.shape != (n_samples,) or not np.issubdtype(checked.dtype, np.integer):
        raise DataError(
            f"folds have shape {checked.shape} and dtype {checked.dtype}; "
            f"expected one integer for each of the {n_samples} samples"
        )
    if checked.min(initial=0) < 0:
        raise DataError(f"fold {checked.min()} is negative; number folds from 0")
    if checked.max(initial=0) >= _FOLDS:
        raise DataError(f"fold {checked.max()} is too large; number folds from 0 on, one by one")
    return checked.astype(np.int32)


def _group_numbers(groups: Sequence[str | int], folds: NDArray[np.int32]) -> NDArray[np.int32]:
    """Numbers from 0 for the groups of samples, in order of first appearance."""
    if len(groups) != len(folds):
        raise DataError(
            f"there are groups for {len(groups)} samples and {len(folds)} samples; give one for "
            "each sample"
        )
    known: dict[str | int, tuple[int, int]] = {}
    numbers = np.empty(len(folds), np.int32)
    for sample, (group, fold) in enumerate(zip(groups, folds.tolist(), strict=True)):
        if isinstance(group, bool) or not isinstance(group, str | Integral):
            raise DataError(
                f"the group of sample {sample} is {quoted(group)}; give its name as a text, or a "
                "whole number"
            )
        numbers[sample], own = known.setdefault(group, (len(known), fold))
        if fold != own:
            raise DataError(
                f"the group {quoted(group)} has samples in the folds {own} and {fold}; put all "
                "samples of a group into one fold"
            )
    return numbers
