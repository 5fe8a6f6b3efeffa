"""Annotations that units are planted over: those that are searched, and more of the same world.

What was found on the searched samples can then be scored on the others, which no search saw. The
groups of samples that are not independent are known here, also where the search is not told.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.folds import fold_of
from andornot.concepts.known import Known
from andornot.concepts.positions import AtomMap, offsets_of
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.counting.responses import known_positions
from andornot.data.sentences.open import KINDS
from andornot.errors import DataError, OptionError
from benchmarks.synthetic import Drawn, World, zipf

Ints = NDArray[np.int64]

DRAWN, TOKENS = "drawn", "tokens"
"""Texts that name drawn label maps, and drawn rows of tokens."""

_FOLDS: Final = 5
_CONCEPTS: Final = 120
_STEP: Final = 2
"""Label maps are drawn at half of the bench's height and width."""
_MORE: Final = 4
"""Drawn samples that are kept from the search, for each that is searched."""
_SAMPLES: Final = {DRAWN: 200, TOKENS: 2_000}
_WORDS, _TAGS, _TOPICS = 300, 20, 20


@dataclass(frozen=True, eq=False)
class Ground:
    """Annotations to plant units over.

    Attributes:
        whole: all samples, the searched ones first; its groups are the true ones.
        table: the searched samples, in five folds, with the groups that the search is told of.
        others: the samples that are kept from the search.
    """

    whole: ConceptTable
    table: ConceptTable
    others: ConceptTable

    @classmethod
    def of(cls, raw: ConceptTable, searched: int, seed: int, *, ignore_groups: bool) -> Ground:
        """Draw whole groups of samples to search on, until there are about so many samples.

        Raises:
            DataError: there are too few groups to share out.
        """
        numbers = known_positions(raw).group_numbers
        order = np.random.default_rng(seed).permutation(numbers.max(initial=-1) + 1)
        ends = np.cumsum(np.bincount(numbers)[order])
        n_groups = int(np.searchsorted(ends, searched)) + 1
        if not 10 <= n_groups < len(order):
            raise DataError(
                f"{searched} samples of {len(numbers)}, which are in {len(order)} groups, are to "
                "be searched; that must be 10 groups or more and leave some; give more data, or "
                "another --samples"
            )
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        by_place = np.argsort(place[numbers], kind="stable")
        n = int(ends[n_groups - 1])
        return cls(
            part(raw, by_place),
            part(raw, by_place[:n], ignore_groups=ignore_groups),
            part(raw, by_place[n:]),
        )


def part(table: ConceptTable, samples: Ints, *, ignore_groups: bool = False) -> ConceptTable:
    """The table of some samples, in this order, in five folds of groups.

    Args:
        table: with positions.
        samples: their numbers.
        ignore_groups: each sample becomes its own group, whatever the table says.
    """
    old = known_positions(table)
    entries, within = _pieces(old.atom_offsets, samples), _pieces(old.offsets, samples)
    present, atoms = np.unique(old.atoms[entries], return_inverse=True)
    numbers = samples if ignore_groups else old.group_numbers[samples]
    folds = np.array([fold_of(str(number), _FOLDS) for number in numbers.tolist()], np.int32)
    positions = AtomMap(
        shapes=old.shapes[samples],
        atom_offsets=offsets_of(np.diff(old.atom_offsets)[samples]),
        atoms=atoms.astype(np.int32),
        codes=np.asarray(old.codes)[within],
        folds=folds,
    )
    counts = np.zeros((len(present), _FOLDS), np.int64)
    of_entries = np.repeat(folds, np.diff(positions.atom_offsets))
    np.add.at(counts, (positions.atoms, of_entries), positions.sizes)
    chosen = replace(
        table,
        indptr=offsets_of(np.diff(table.indptr)[present]),
        indices=table.indices[_pieces(table.indptr, present)],
        fold_counts=counts,
        positions=positions,
        known=_known(table, present, counts.sum(axis=1)),
    )
    return chosen.grouped(numbers.tolist())


def _known(table: ConceptTable, atoms: NDArray[np.int32], counts: Ints) -> Known | None:
    """What is known of some of the atoms, of which so many positions are left.

    Where an atom is known in several ways, nobody wrote down on which samples; the positions that
    are left are shared out as all are.
    """
    if table.known is None:
        return None
    of_cell = table.known.atoms
    kept = np.isin(of_cell, atoms)
    place = np.searchsorted(atoms, of_cell[kept])
    left = table.known.counts[kept] * (counts[place] / table.counts[of_cell[kept]])
    return replace(
        table.known,
        atoms=place.astype(np.int32),
        pattern=table.known.pattern[kept],
        counts=np.rint(left).astype(np.int64),
    )


def _pieces(offsets: NDArray[np.integer], which: NDArray[np.integer]) -> Ints:
    """Where the entries of some rows lie, one row after another."""
    sizes = np.diff(offsets)[which]
    starts = np.repeat(np.asarray(offsets)[which] - offsets_of(sizes)[:-1], sizes)
    pieces: Ints = starts + np.arange(len(starts))
    return pieces


def frames(table: ConceptTable, each: int, seed: int) -> ConceptTable:
    """The table with ``each`` frames of every sample: moved a little, together a group.

    The first frame is the sample itself. A sample of one position cannot be moved, so its frames
    are all the same.
    """
    rng, old = np.random.default_rng(seed), known_positions(table)
    samples = np.repeat(np.arange(old.n_samples), each)
    codes = np.asarray(old.codes)[_pieces(old.offsets, samples)]
    offsets = offsets_of(np.diff(old.offsets)[samples])
    for number, sample in enumerate(samples):
        if number % each:
            own = slice(offsets[number], offsets[number + 1])
            codes[own] = _moved(codes[own].reshape(old.shapes[sample]), rng).ravel()
    several = replace(
        old,
        shapes=old.shapes[samples],
        atom_offsets=offsets_of(np.diff(old.atom_offsets)[samples]),
        atoms=old.atoms[_pieces(old.atom_offsets, samples)],
        codes=codes,
        folds=old.folds[samples],
        groups=np.repeat(old.group_numbers, each),
    )
    known = table.known and replace(table.known, counts=each * table.known.counts)
    counts = each * table.fold_counts
    return replace(table, fold_counts=counts, positions=several, known=known)


def _moved(codes: NDArray[np.uint16], rng: np.random.Generator) -> NDArray[np.uint16]:
    """A grid moved by a sixteenth of its size at most, its border repeated."""
    ys, xs = (
        np.clip(np.arange(n) + rng.integers(-(n // 16), n // 16 + 1), 0, n - 1) for n in codes.shape
    )
    moved: NDArray[np.uint16] = codes[ys][:, xs]
    return moved


def ground(
    data: str = DRAWN,
    *,
    samples: int | None = None,
    seed: int = 0,
    n_frames: int = 1,
    ignore_groups: bool = False,
    jobs: int | None = None,
) -> Ground:
    """Draw or read annotations.

    Args:
        data: ``drawn``, ``tokens``, or the text that names images or sentence pairs.
        samples: search on so many; drawn are 200 maps or 2,000 rows if not given, real are
            half of all. As many frames more, if there are frames.
        seed: of what is drawn.
        n_frames: frames of each sample, which are a group.
        ignore_groups: do not tell the search of groups.
        jobs: threads; all cores if not given.

    Raises:
        OptionError: a number is too small.
        DataError: the data cannot be read, or are too few.
    """
    if n_frames < 1 or (samples is not None and samples < 1):
        raise OptionError(f"samples is {samples} and frames {n_frames}; give 1 or more")
    with tempfile.TemporaryDirectory() as folder:
        raw, searched = _read(data, samples, seed, Path(folder), jobs)
        if n_frames > 1:
            raw, searched = frames(raw, n_frames, seed), searched * n_frames
        # while the codes of the raw table, which are mapped, are still there
        return Ground.of(raw, searched, seed, ignore_groups=ignore_groups)


def _read(
    data: str, samples: int | None, seed: int, folder: Path, jobs: int | None
) -> tuple[ConceptTable, int]:
    """All samples, and how many of them are to be searched."""
    if data in _SAMPLES:
        searched = samples or _SAMPLES[data]
        n = (1 + _MORE) * searched
        drawn = drawn_tokens(n, seed) if data == TOKENS else drawn_table(n, seed, folder, jobs)
        return drawn, searched
    limit = None if samples is None else 2 * samples
    of_pairs = data.partition(":")[0] in KINDS
    table = pair_table(data, limit) if of_pairs else image_table(data, limit, folder)
    n = known_positions(table).n_samples
    return table, n // 2 if samples is None else min(samples, n // 2)


def image_table(spec: str, n_samples: int | None, folder: Path) -> ConceptTable:
    """The concept table of label maps."""
    from andornot.data.images.open import open_data
    from andornot.data.images.table import build_table

    return build_table(open_data(spec, limit=n_samples), folder / "table")


def drawn_table(n_samples: int, seed: int, folder: Path, jobs: int | None) -> ConceptTable:
    """The concept table of drawn label maps."""
    from andornot.data.images.table import build_table

    drawn: Any = Drawn.of(World.of_size(_CONCEPTS, seed, _STEP), n_samples, jobs)
    return build_table(drawn, folder / "table", jobs=jobs)


def pair_table(spec: str, n_samples: int | None) -> ConceptTable:
    """The concept table of sentence pairs; a sample is a pair, and one position."""
    from andornot.data.sentences.concepts import pair_concepts
    from andornot.data.sentences.open import open_pairs

    return pair_concepts(open_pairs(spec, limit=n_samples))


def drawn_tokens(n_rows: int, seed: int) -> ConceptTable:
    """The concept table of drawn running text.

    A sample is a row of 5 to 30 tokens, a group a document of one row or more, which all speak of
    its topic. Concepts are words, tags (one for each word), quoted stretches, and first tokens.
    """
    rng = np.random.default_rng(seed)
    names = [f"word {w}" for w in range(_WORDS)] + [f"tag {t}" for t in range(_TAGS)]
    kinds = ["word"] * _WORDS + ["tag"] * _TAGS + ["place"] * 2
    builder = TableBuilder([*names, "quoted", "first"], kinds)
    tags, topics = zipf(rng, _TAGS, _WORDS), zipf(rng, _WORDS, (_TOPICS, 40), exponent=0.6)
    documents: list[int] = []
    while len(documents) < n_rows:
        length = int(min(rng.geometric(0.15), n_rows - len(documents)))
        documents += [documents[-1] + 1 if documents else 0] * length
        topic = topics[rng.integers(_TOPICS)]
        for _ in range(length):
            builder.add(_row(rng, topic, tags))
    return builder.finish().grouped(documents)


def _row(rng: np.random.Generator, topic: Ints, tags: Ints) -> list[NDArray[np.int32]]:
    """A row's label maps: words, their tags, what is quoted, and its first token."""
    n = int(rng.integers(5, 31))
    words = np.where(rng.random(n) < 0.4, rng.choice(topic, n), zipf(rng, _WORDS, n))
    at, n_labels = np.arange(n), _WORDS + _TAGS
    start = rng.integers(n) if rng.random() < 0.3 else n
    quoted = (at >= start) & (at < start + rng.integers(3, 9))
    maps = words + 1, _WORDS + tags[words] + 1, (n_labels + 1) * quoted, (n_labels + 2) * (at == 0)
    return [labels[None].astype(np.int32) for labels in maps]
