"""Read running text: plain files, tables with a column of text, JSON lines with such a field."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from andornot._tools.progress import track
from andornot._tools.words import count
from andornot.concepts.provenance import Provenance
from andornot.data.samples import OWN, is_expression
from andornot.data.sentences.readers import NO_LABEL, distinct
from andornot.data.sentences.tables import find_columns, names_of, table_rows
from andornot.data.sequences.document import Document
from andornot.data.sequences.reading import (
    EMPTY,
    ReadDocuments,
    check_category,
    files_below,
    id_of,
    json_lines,
    split_of,
    text_field,
    text_of,
    values_of,
)
from andornot.errors import DataError, OptionError, quoted

SUFFIXES: Final = (".txt", ".text", ".md")
TABLES: Final = (".csv", ".tsv")
LINES: Final = (".jsonl", ".ndjson")

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text", "content", "body", "document", "sentence", "review", "message"),
    "id": ("id", "uid", "doc_id", "document_id"),
    "split": ("split",),
    "group": ("group",),
    "label": ("label", "class", "sentiment", "topic", "target", "category"),
}
"""Names by which columns and fields are known, the preferred one first."""

OPTIONS: Final = ("text", "id", "label", "labels")

MOST: Final = 50
"""A field of more values than this is no label, unless it is asked for."""

FOLDER: Final = "folder"

_FILE = Provenance.people("labels of the file")
_PLACE = Provenance.rule("the folder that a file is in")


def read_texts(path: Path, options: Mapping[str, str], group: str | None = None) -> ReadDocuments:
    """Read a text file, a folder of them, a CSV or TSV table, or JSON lines.

    A text file is a document, and the folder that it is in is its label ``folder`` where there are
    several. Of tables and JSON lines each row is a document; what else stands there with few
    values becomes labels of it.

    Args:
        path: the file or folder.
        options: ``text``, ``id`` and ``label`` name columns; ``labels`` those that become labels,
            with ``+`` between (``none``: no column does).
        group: the column that says what documents have in common.

    Raises:
        DataError: a file is damaged, or a column is missing.
        OptionError: an option has no use for such a file.
    """
    ends = path.suffix.lower()
    if has_columns(path):
        named = {key: value for key, value in options.items() if key != "labels"}
        if group is not None and group != OWN and not is_expression(group):
            named["group"] = group
        read = _rows_of_table if ends in TABLES else _rows_of_lines
        return _labelled(path, list(read(path, named)), options)
    if options:
        raise OptionError(
            f"{path} is no table, and has no use for {', '.join(options)}; leave that out, or give "
            f"a file that ends in {', '.join((*TABLES, *LINES))}"
        )
    return _plain(path)


def has_columns(path: Path) -> bool:
    """Whether a path is a table or JSON lines, by its name."""
    return path.suffix.lower() in (*TABLES, *LINES) and not path.is_dir()


def _plain(path: Path) -> ReadDocuments:
    reading = ReadDocuments()
    files = files_below(path, SUFFIXES, reading.dropped)
    several = len({file.parent for file in files}) > 1
    for file in track(files, "reading", len(files)):
        text = text_of(file)
        if not text.strip():
            reading.dropped[EMPTY] += 1
            continue
        labels = {FOLDER: (file.parent.name,)} if several else {}
        own = id_of(file, path)
        # of a folder only the folders in it tell: a text may be called test.txt
        split = split_of(own if file == path else own.rpartition("/")[0])
        reading.documents.append(Document(own, text, labels=labels, split=split))
    reading.annotated_by = {FOLDER: _PLACE} if several else {}
    return reading


@dataclass(frozen=True)
class _Row:
    """What a row of a table, or a line of JSON, says of a document.

    Attributes:
        where: its file and line, in words.
        known: its text, id, split and group.
        fields: the values of all other fields.
        label: what the field is called that is the class; empty if there is none.
    """

    where: str
    known: Mapping[str, str]
    fields: Mapping[str, tuple[str, ...]]
    label: str = ""


def _rows_of_table(path: Path, named: Mapping[str, str]) -> Iterator[_Row]:
    text_of(path)  # tells a file that is missing, and where bytes are bad
    rows = table_rows(path)
    _, header = next(rows)
    used = find_columns(path, header, named, COLUMNS, ("text",))
    label = header[used["label"]] if "label" in used else ""
    kept = {key: at for key, at in used.items() if key != "label"}
    others = {name: at for at, name in enumerate(header) if at not in kept.values() and name}
    for number, cells in rows:
        where = f"{path}, row {number}"
        known = {key: text_field(cells[at], key, where) for key, at in kept.items()}
        fields = {name: values_of(cells[at], name, where) for name, at in others.items()}
        yield _Row(where, known, fields, label)


def _rows_of_lines(path: Path, named: Mapping[str, str]) -> Iterator[_Row]:
    choices = names_of(named, COLUMNS)
    missing = dict(named)
    for where, record in json_lines(path):
        used = {
            key: next(name for name in names if name in record)
            for key, names in choices.items()
            if any(name in record for name in names)
        }
        if "text" not in used:
            raise _no_field("text", choices["text"], where, record)
        missing = {key: name for key, name in missing.items() if key not in used}
        label = used.pop("label", named.get("label", ""))
        known = {"text": text_field(record[used["text"]], repr(used["text"]), where)}
        for key in used.keys() - {"text"}:
            values = values_of(record[used[key]], repr(used[key]), where)
            known[key] = values[0] if len(values) == 1 else ""
        others = record.keys() - used.values()
        yield _Row(where, known, _plain_fields(record, others, where), label)
    for key, name in missing.items():  # a gap is no fault, a name that no line has is one
        raise _no_field(key, (name,), str(path), {})


def _no_field(
    key: str, names: Sequence[str], where: str, record: Mapping[str, object]
) -> DataError:
    there = f" (there are {', '.join(map(str, record))[:200]})" if record else ""
    return DataError(
        f"{where}: there is no field {' or '.join(map(repr, names))} for the {key}{there}; name it "
        f"by `,{key}=NAME` behind the file"
    )


def _plain_fields(
    record: Mapping[str, Any], names: Iterable[str], where: str
) -> dict[str, tuple[str, ...]]:
    """Fields that are texts, numbers or lists of them; objects are passed over."""
    found = {}
    for name in sorted(names):
        value = record[name]
        each = value if isinstance(value, list) else [value]
        if not any(isinstance(one, dict | list) for one in each):
            found[name] = values_of(value, repr(name), where)
    return found


def _labelled(path: Path, rows: Sequence[_Row], options: Mapping[str, str]) -> ReadDocuments:
    reading = ReadDocuments()
    kept = {n: row for n, row in enumerate(rows) if row.known["text"].strip()}
    if len(kept) < len(rows):
        reading.dropped[EMPTY] += len(rows) - len(kept)
    reading.class_category = next((row.label for row in rows if row.label), "")
    categories = _categories(path, list(kept.values()), options, reading)
    ids: Counter[str] = Counter()
    for number, row in kept.items():
        own = {
            name: tuple(v for v in row.fields.get(column, ()) if v.lower() not in NO_LABEL)
            for name, column in categories.items()
        }
        document = Document(
            distinct(row.known.get("id", "").strip() or str(number), ids),
            row.known["text"],
            labels={name: values for name, values in own.items() if values},
            unannotated=frozenset(name for name, values in own.items() if not values),
            split=row.known.get("split", split_of(path.name)).strip(),
            group=row.known.get("group", "").strip(),
        )
        reading.documents.append(document)
    twice = sum(n > 1 for n in ids.values())
    if twice:
        reading.notes.append(
            f"{count(twice, 'id')} stand several times, with ~2 behind the second."
        )
    reading.annotated_by = dict.fromkeys(categories, _FILE)
    return reading


def _categories(
    path: Path, rows: Sequence[_Row], options: Mapping[str, str], reading: ReadDocuments
) -> dict[str, str]:
    """The fields that become labels of documents, by the category of each."""
    there = list(dict.fromkeys(name for row in rows for name in row.fields))
    asked = options.get("labels")
    label = reading.class_category
    wanted = [] if asked in (None, "none") else str(asked).split("+")
    for name in [*wanted, *([options["label"]] if "label" in options else [])]:
        if name not in there:
            raise DataError(
                f"{path} has no field {quoted(name)} for labels (there are "
                f"{', '.join(there)[:200] or 'none'}); name one of them"
            )
    if asked is None:
        wanted = [name for name in there if name != label and _is_label(name, rows, reading)]
    chosen = dict.fromkeys([*([label] if label in there else []), *wanted])
    return {check_category(name, str(path)): name for name in chosen}


def _is_label(name: str, rows: Sequence[_Row], reading: ReadDocuments) -> bool:
    """Whether a field has few values, each of which several documents share."""
    values = Counter(value for row in rows for value in row.fields.get(name, ()))
    few = 1 < len(values) <= min(MOST, math.ceil(len(rows) / 2))
    if len(values) > 1 and not few:
        reading.notes.append(
            f"The field {quoted(name)} has {len(values):,} values and is no label of documents; "
            f"say `,labels={name}` if it shall be."
        )
    return few
