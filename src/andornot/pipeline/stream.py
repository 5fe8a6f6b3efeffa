"""Explain more units than memory holds: rows go to a Parquet file block by block.

The latents of a sparse autoencoder, as a sparse matrix of latents by positions:

responses = Responses.from_sparse(latents, concepts)
explain_to_parquet(responses, concepts, "latents.parquet", length=3, search="beam")
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from andornot._tools.checks import as_path, whole_number
from andornot._tools.files import check_plain, sweep, write_whole, writing
from andornot._tools.folders import listed, remove_ours
from andornot._tools.progress import tell, track
from andornot._tools.user_call import one_table
from andornot.concepts.table import ConceptTable, check_table
from andornot.counting.responses import Responses
from andornot.errors import OptionError, quoted
from andornot.explainer import explain_responses, left_out, searched_concepts
from andornot.measures.scores import Counts
from andornot.results.explanation import INACTIVE, Certificate, Explanation
from andornot.results.tables import explanation_row
from andornot.results.verdict import Support
from andornot.runs.cache import key_of
from andornot.search.options import ArraySearch, SearchOptions

if TYPE_CHECKING:
    import pyarrow as pa

_MADE = {b"andornot": b"explanations"}
"""In the head of the file, so that it is known as ours."""
_VERSION = 2
"""Raised when the same inputs come to give other rows: it is part of every part's name."""


@dataclass(frozen=True)
class Streamed:
    """What was written.

    Attributes:
        path: the Parquet file.
        units: rows, one for each unit.
        inactive: units that fire nowhere; they have a row, but cost no search.
        kept: units whose rows an interrupted call had written already.
    """

    path: Path
    units: int
    inactive: int
    kept: int


@one_table
def explain_to_parquet(
    responses: Responses | Iterable[Responses],
    concepts: ConceptTable,
    path: str | Path,
    *,
    block: int = 2048,
    jobs: int | None = None,
    **options: Unpack[ArraySearch],
) -> Streamed:
    """Explain any number of units, and write a row for each to a Parquet file.

    No more than a block of units is in memory at a time, so responses may come one after another,
    each counted when its turn comes. The columns are those of ``Result.to_frame``. Until the file
    is complete its parts lie in ``PATH.parts``; the same call after an interruption takes up those
    that it finds there.

    Args:
        responses: of all units, or parts of them in turn; units are numbered through.
        concepts: the concept table.
        path: the file to write.
        block: units that are searched and written at a time.
        jobs: threads; all cores if not given.
        **options: of :class:`~andornot.explainer.SearchOptions`: ``length``, ``search``, ...

    Raises:
        OptionError: an option cannot be used, or a file of somebody else is at ``path``.
        DataError: the responses were counted with another table.
        RunError: the file cannot be written.

    Examples:
        >>> import pandas as pd
        >>> concepts = andornot.ConceptTable.from_masks(np.eye(2, dtype=bool), ["a", "b"])
        >>> masks = [[True, False], [True, True]]
        >>> blocks = (andornot.Responses.from_masks([mask], concepts) for mask in masks)
        >>> explain_to_parquet(blocks, concepts, "units.parquet", length=2).units
        2
        >>> pd.read_parquet("units.parquet")["formula"].tolist()
        ['a', 'a OR b']
    """
    if whole_number(block, "block") < 1:
        raise OptionError(f"block is {block}; give at least 1 unit")
    chosen, path = SearchOptions.given(options, ("block", "jobs")), as_path(path, "path")
    check_table(concepts, "concepts")
    if hasattr(responses, "dtype") or not isinstance(responses, Responses | Iterable):
        _check_responses(responses)
    for part in responses if isinstance(responses, list | tuple) else ():
        _check_responses(part)
    folder = path.with_name(f"{path.name}.parts")
    shaped = {
        "version": _VERSION, "table": _table_key(concepts), "options": asdict(chosen),
        # which concepts have enough samples, the rest of the key does not tell
        "concepts": searched_concepts(concepts, chosen).tolist(),
    }  # fmt: skip
    if note := left_out(concepts, chosen):
        tell(f"note: {note}")
    names, first, inactive, kept = [], 0, 0, 0
    # before the search, which may take hours
    _check_replaceable(path)
    with listed(folder) as parts:
        # of this file only: another call may be at work on another one in this folder
        sweep(path.parent, path.name)
        for some in _blocks(responses, block):
            # rows hold the numbers of units, so a part fits at its place only
            name = f"{first:09d}-{key_of(units=_counts_key(some), **shaped)}.parquet"
            if parts.is_ours(name):
                kept += some.n_units
            else:
                rows = _rows(some, first, concepts, chosen, jobs)
                with writing(path):
                    parts.write(name, _writer(rows, chosen.length))
            names.append(name)
            first, inactive = first + some.n_units, inactive + int((some.totals == 0).sum())
        with writing(path):
            wanted = [folder / name for name in names]
            write_whole(path, lambda aside: _join(wanted, aside, chosen.length))
    # after the file is whole, so that an interruption costs no part
    remove_ours(folder, changed=False)
    return Streamed(path, first, inactive, kept)


def _check_replaceable(path: Path) -> None:
    """Refuse to replace a file that an earlier call did not write.

    Raises:
        OptionError: it is of somebody else.
        RunError: a link or a folder is in its place.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with writing(path):
        check_plain(path)
        if not path.exists():
            return
        try:
            ours = _MADE.items() <= (pq.read_schema(path).metadata or {}).items()
        except (pa.ArrowException, OSError, ValueError):
            ours = False
    if not ours:
        raise OptionError(f"{path} is not andornot's, so it is not replaced; choose another file")


def _blocks(responses: Responses | Iterable[Responses], size: int) -> Iterator[Responses]:
    """Units in turn, at most ``size`` at a time."""
    if isinstance(responses, Responses):
        starts = range(0, responses.n_units, size)
        for start in track(starts, "searching", len(starts)):
            yield responses.select(range(start, min(start + size, responses.n_units)))
    else:
        for part in responses:
            _check_responses(part)
            for start in range(0, part.n_units, size):
                yield part.select(range(start, min(start + size, part.n_units)))


def _check_responses(part: object) -> None:
    if not isinstance(part, Responses):
        raise OptionError(
            f"responses has {quoted(part)}; give Responses, such as Responses.from_masks counts"
        )


def _rows(
    responses: Responses, first: int, concepts: ConceptTable, options: SearchOptions,
    jobs: int | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """A row for each unit; what fires nowhere has the row of the first such unit, and no search."""
    active = np.flatnonzero(responses.totals)
    idle = np.flatnonzero(responses.totals == 0)
    searched = [*active.tolist(), *idle[:1].tolist()]
    numbers = [first + u for u in searched]
    found = explain_responses(
        responses.select(searched), concepts, options, units=numbers, jobs=jobs
    )
    rows = [explanation_row(e) for e in found]
    if len(idle):
        like = rows[-1]
        rows += [like | {"unit": first + u} for u in idle[1:].tolist()]
    return sorted(rows, key=lambda row: row["unit"])


def _schema(length: int) -> pa.Schema:
    """Names and types of the columns, whatever the rows of one block hold."""
    import pyarrow as pa

    nothing, proof = Counts(0, 0, 0, 0), Certificate(0.0, 0.0, True)
    inactive = Explanation(
        0, INACTIVE, nothing, (), (None,) * length, proof, support=Support(0, groups=0)
    )
    row = explanation_row(inactive)
    kinds = {int: pa.int64(), bool: pa.bool_(), str: pa.string(), float: pa.float64()}

    def kind(name: str, value: object) -> pa.DataType:
        if name.startswith("formula"):
            return pa.string()
        return pa.float64() if value is None else kinds[type(value)]

    # not left to pyarrow: of a block without any formula it would make a column of nulls
    return pa.schema([(name, kind(name, value)) for name, value in row.items()], metadata=_MADE)


def _writer(rows: Sequence[dict[str, Any]], length: int) -> Callable[[Path], None]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(list(rows), schema=_schema(length))
    return partial(pq.write_table, table)


def _join(parts: Sequence[Path], path: Path, length: int) -> None:
    """One file of all parts, a row group for each."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, _schema(length)) as writer:
        for part in parts:
            writer.write_table(pq.read_table(part))


def _table_key(concepts: ConceptTable) -> str:
    return _digest(
        repr((concepts.names, concepts.categories, concepts.bases, concepts.members)).encode(),
        concepts.indptr, concepts.indices, concepts.fold_counts,
    )  # fmt: skip


def _counts_key(responses: Responses) -> str:
    groups = [] if responses.active_groups is None else [responses.active_groups]
    return _digest(responses.indptr, responses.atoms, responses.fold_counts, *groups)


def _digest(*parts: Any) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).data)
    return found.hexdigest()
