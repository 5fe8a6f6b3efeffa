"""Build the concept table of a data set: one streaming pass over its label maps, on all cores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot._tools.progress import track
from andornot._tools.whole_folders import whole_folder
from andornot.concepts.folds import fold_of
from andornot.concepts.known import LocalKnown
from andornot.concepts.signatures import local_atoms
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.data.images.dataset import ProbingData, sources_of, view_of
from andornot.data.samples import groups_of
from andornot.data.sources.base import ConceptSource, Labels
from andornot.data.sources.named import UserSource
from andornot.data.sources.summed import Summed
from andornot.errors import AndornotError, DataError

_CHUNK = 8
LocalAtoms = tuple[
    NDArray[np.uint16], NDArray[np.int64], NDArray[np.int32], tuple[int, int], LocalKnown | None
]


def build_table(
    data: ProbingData,
    directory: Path,
    n_folds: int = 1,
    jobs: int | None = None,
    sources: Sequence[UserSource] = (),
    known_only: bool = False,
) -> ConceptTable:
    """Read all label maps once, and write the table as a directory.

    Memory holds the table itself and a few samples; the codes of the positions go straight to
    disk. The directory appears when the table is whole; an interrupted build leaves nothing.

    Args:
        data: the probing data.
        directory: where to write; an old table there is replaced.
        n_folds: number of folds of groups to count in (see :func:`fold_of`).
        jobs: threads; all cores if not given.
        sources: what the user adds to the concepts of the data set.
        known_only: tell atoms apart by what is known there too, for a search with ``known_only``.

    Raises:
        DataError: a label map cannot be used; the message names it.
    """
    concepts = concepts_of(data, sources)
    builder = TableBuilder(concepts.names, concepts.categories, known_only)
    groups = groups_of(data)
    with whole_folder(directory) as aside:
        with (aside / "codes.u16").open("wb") as file:

            def read(i: int) -> LocalAtoms:
                return read_atoms(data, i, concepts, builder.every_category, known_only)

            samples = ordered_map(read, range(len(data)), jobs, chunk=_CHUNK)
            for i, (codes, indptr, indices, shape, known) in enumerate(
                track(samples, "building the concept table", len(data))
            ):
                fold = fold_of(groups[i], n_folds)
                # codes go to the disk at once: those of a large data set would fill the memory
                builder.add_local(codes, indptr, indices, shape, fold, False, known)
                file.write(codes.astype("<u2", copy=False).data)
        # mapped only when the file is closed, so that all of it is there
        positions = builder.atom_map(np.memmap(aside / "codes.u16", "<u2", "r"))
        table = builder.table(builder.fold_counts(n_folds), positions).grouped(groups)
        table = table.told_by(concepts.known_provenance)
        assert table.positions is not None
        table.positions.save_index(aside)
        table.save_atoms(aside)
    return ConceptTable.load(directory)


def concepts_of(data: ProbingData, sources: Sequence[UserSource] = ()) -> Summed:
    """All concepts of a data set as one source, those of the user behind its own.

    Raises:
        DataError: a function of the user's fails at the first sample, or two concepts share a name.
    """
    own = sources_of(data)
    if not sources:
        return Summed(own)
    first = view_of(data, 0)
    first = replace(first, shape=own[0].labels(first).shape)
    return Summed((*own, *(source.of(first) for source in sources)))


def read_atoms(
    data: ProbingData,
    i: int,
    concepts: ConceptSource | None = None,
    categories: Sequence[str] = (),
    known_only: bool = False,
) -> LocalAtoms:
    """Read the label maps of one sample, and group its positions by what they carry.

    Args:
        data: the probing data.
        i: the sample.
        concepts: what labels it; the data set itself if not given.
        categories: all categories of the concepts.
        known_only: group by what is known too; hidden columns then say what is not.

    Returns:
        The local atom of each position, the concepts of the local atoms as sorted rows
        ``(indptr, indices)`` (see ``signatures.local_atoms``), the shape of the grid, and what is
        known of the local atoms; None where all is, or hidden columns tell.

    Raises:
        DataError: a label map cannot be used; the message names it.
    """
    try:
        labels = data.labels(i) if concepts is None else concepts.labels(view_of(data, i))
        codes, indptr, indices = local_atoms(_stacked(labels), _whole(labels))
        known = None
        if labels.unknown:
            known = LocalKnown.of(codes, categories, labels.unknown)
        if known is not None and known_only:
            indptr, indices = known.atoms(
                indptr, indices, len(data.names if concepts is None else concepts.names)
            )
            codes, known = known.codes, None
    except AndornotError:
        raise
    except Exception as error:
        raise DataError(
            f"the labels of sample {data.sample_ids[i]!r} cannot be read "
            f"({type(error).__name__}: {error}); mend them or leave the sample out"
        ) from error
    return codes, indptr, indices, labels.shape, known


def _stacked(labels: Labels) -> NDArray[np.int32]:
    if not labels.maps:
        return np.zeros((1, *labels.shape), np.int32)
    return np.stack(labels.maps)


def _whole(labels: Labels) -> NDArray[np.int32]:
    return np.array(sorted(set(labels.concepts)), np.int32)
