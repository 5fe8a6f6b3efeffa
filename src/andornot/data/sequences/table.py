"""Build the concept table of running text: what holds at each token, or word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import tell, track
from andornot._tools.whole_folders import whole_folder
from andornot._tools.words import count
from andornot.concepts.folds import fold_of
from andornot.concepts.known import LocalKnown
from andornot.concepts.positions import MAX_LOCAL_ATOMS, offsets_of
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document
from andornot.data.sequences.gather import Columns, Gathered, Hand, Pairs
from andornot.data.sequences.labels.annotated import unknown_categories
from andornot.data.sequences.labels.expressions import REGEX
from andornot.data.sequences.labels.registry import sources_of
from andornot.data.sequences.options import ConceptOptions
from andornot.data.sequences.view import DocumentView, Found, LabelSource
from andornot.data.sequences.written import written
from andornot.errors import AndornotError, DataError, quoted

_PAIRS: Final = "pairs.tmp"


def build_token_table(
    data: SequenceData,
    view: Callable[[int], DocumentView],
    directory: Path,
    *,
    options: ConceptOptions,
    n_folds: int = 1,
    known_only: bool = False,
) -> ConceptTable:
    """Ask all sources about each document once, and write the table as a directory.

    A sample is a document, and a grid of one row. Memory holds the table itself, the distinct
    labels, and a document. The directory appears when the table is whole.

    Args:
        data: the documents.
        view: gives the positions that the document at a place has under a network.
        directory: where to write; an old table there is replaced.
        options: which concepts, and how often each must hold.
        n_folds: number of folds of groups to count in.
        known_only: tell atoms apart by what is known there too, for a search with ``known_only``.

    Raises:
        DataError: nothing is frequent enough to be a concept, or a document has more combinations
            of concepts than a sample can.
        OptionError: what an option asks for cannot be had.

    Examples:
        >>> from pathlib import Path
        >>> texts = ("the sea", "the hill")
        >>> documents = tuple(Document(text[4:], text) for text in texts)
        >>> data = SequenceData(Path("drawn"), "texts", documents)
        >>> options = ConceptOptions(own=("word", "sentence"), min_support=(1, 2))
        >>> words = lambda i: DocumentView.of(i, documents[i])
        >>> build_token_table(data, words, Path("words"), options=options).names
        ('word:the', 'sentence:1st', 'sentence:2nd', 'sentence:last')
    """
    sources = sources_of(data, options)
    hands = [Hand(written(s.category), s.provenance, s.most) for s in sources]
    with whole_folder(directory) as aside:
        gathered = Gathered(aside / _PAIRS, hands)
        gathered.gather(_each(data, view, sources))
        columns = gathered.chosen(options.support, options.max_concepts)
        _check_some(columns, data, options)
        _tell_rare(gathered, columns, options)
        # columns of context are made here, of what was chosen: a second ``Gathered``, whose pairs
        # stand behind these in each row
        builder = TableBuilder(columns.names, columns.categories, known_only)
        with (aside / "codes.u16").open("wb") as file:
            _add_all(builder, data, gathered, columns, n_folds, frozenset(options.repeats), file)
        gathered.path.unlink()
        # mapped only when the file is closed, so that all of it is there
        positions = builder.atom_map(_mapped(aside / "codes.u16"))
        table = builder.table(builder.fold_counts(n_folds), positions).grouped(data.groups)
        table = table.told_by(columns.provenance)
        assert table.positions is not None
        table.positions.save_index(aside)
        table.save_atoms(aside)
    return ConceptTable.load(directory)


def _each(
    data: SequenceData, view: Callable[[int], DocumentView], sources: Sequence[LabelSource]
) -> Iterator[tuple[int, list[Found]]]:
    """Of each document how many positions it has, and what each source found in it."""
    for i in track(range(len(data)), "finding concepts in tokens", len(data)):
        own = view(i)
        yield len(own), [_found(source, own) for source in sources]


def _found(source: LabelSource, view: DocumentView) -> Found:
    try:
        return source.found(view)
    except AndornotError as error:
        raise type(error)(f"in document {quoted(view.document.id)}: {error}") from error


def _check_some(columns: Columns, data: SequenceData, options: ConceptOptions) -> None:
    if not columns.names:
        positions, samples = options.support
        raise DataError(
            f"no label holds on {count(positions, 'position')} (and not on all) in "
            f"{count(samples, 'document')} of the {len(data):,}, so there is no concept; lower "
            "min_support, or add documents"
        )


def _tell_rare(gathered: Gathered, columns: Columns, options: ConceptOptions) -> None:
    """Say which expressions of the user's became no concepts, and why."""
    for name, _ in options.regexes:
        if f"{REGEX}:{written(name)}" not in columns.names:
            positions, documents = gathered.held(REGEX, name)
            tell(
                f"regex {quoted(name)} matches {count(positions, 'position')} in "
                f"{count(documents, 'document')}, so it is no concept (see min_support)"
            )


def _add_all(
    builder: TableBuilder,
    data: SequenceData,
    gathered: Gathered,
    columns: Columns,
    n_folds: int,
    repeats: frozenset[str],
    file: BinaryIO,
) -> None:
    every = builder.every_category
    documents = zip(data.documents, data.groups, gathered.lengths, gathered, strict=True)
    for document, group, n_positions, pairs in documents:
        lost = unknown_categories(document, repeats)
        unknown = [at for at, name in enumerate(every) if name in lost]
        places, concepts = columns.of(pairs)
        if builder.by_known:
            places, concepts = _with_hidden(
                (places, concepts), n_positions, [len(columns.names) + at for at in unknown]
            )
        indptr, indices = rows_of((places, concepts), n_positions)
        codes, first = _local(builder.intern(indptr, indices), document)
        known = None
        if unknown and not builder.by_known:
            known = LocalKnown.of(codes, every, {every[at]: None for at in unknown})
        own_indptr, own_indices = _some_rows(indptr, indices, first)
        fold = fold_of(group, n_folds)
        builder.add_local(
            codes, own_indptr, own_indices, (1, n_positions), fold, keep_codes=False, known=known
        )
        file.write(codes.astype("<u2", copy=False).data)


def rows_of(pairs: Pairs, n_positions: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Pairs of position and concept as sorted rows ``(indptr, indices)``, one a position.

    Examples:
        >>> pairs = np.array([1, 0, 1], np.int32), np.array([7, 5, 2], np.int32)
        >>> rows_of(pairs, 3)
        (array([0, 1, 3, 3]), array([5, 2, 7], dtype=int32))
    """
    places, concepts = pairs
    order = np.lexsort((concepts, places))
    return offsets_of(np.bincount(places, minlength=n_positions)), concepts[order]


def _with_hidden(pairs: Pairs, n_positions: int, hidden: Sequence[int]) -> Pairs:
    """Pairs with columns that hold everywhere behind them, as those of what is unknown do."""
    every = np.arange(n_positions, dtype=np.int32)
    more = np.repeat(np.array(hidden, np.int32), n_positions)
    return np.concatenate([pairs[0], np.tile(every, len(hidden))]), np.concatenate([pairs[1], more])


def _local(
    atoms: NDArray[np.int32], document: Document
) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """The local atom of each position, and a position that has each local atom."""
    distinct, first, codes = np.unique(atoms, return_index=True, return_inverse=True)
    if len(distinct) > MAX_LOCAL_ATOMS:
        raise DataError(
            f"document {quoted(document.id)} has {len(distinct):,} distinct combinations of "
            f"concepts, more than the {MAX_LOCAL_ATOMS:,} that one sample can hold; cut it into "
            "shorter documents"
        )
    return codes.astype(np.uint16), first.astype(np.int64)


def _some_rows(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    sizes = indptr[rows + 1] - indptr[rows]
    begun = offsets_of(sizes)
    entries = np.arange(begun[-1]) + np.repeat(indptr[rows] - begun[:-1], sizes)
    return begun, indices[entries]


def _mapped(path: Path) -> NDArray[np.uint16]:
    """The codes that were written; an empty file cannot be mapped."""
    return np.memmap(path, "<u2", "r") if path.stat().st_size else np.zeros(0, np.uint16)
