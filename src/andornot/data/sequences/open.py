"""Open running text by a short text, as the command line and configurations do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from andornot._tools.checks import users_path, whole_number
from andornot._tools.numerals import whole
from andornot.concepts.provenance import Provenance
from andornot.data.samples import OWN, groups_by_name, is_expression
from andornot.data.sequences import regions, spans, texts
from andornot.data.sequences.conllu import read_conllu
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document
from andornot.data.sequences.modality import SEQUENCES
from andornot.data.sequences.python_source import read_code
from andornot.data.sequences.reading import ReadDocuments, check_category, check_options, told
from andornot.errors import OptionError, quoted

KINDS: Final = tuple(kind.name for kind in SEQUENCES.kinds)

OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "texts": (*texts.OPTIONS, "genre"),
    "conllu": ("genre", "enhanced"),
    "spans": ("layer", "regions", "covered", "attributes", "genre"),
    "code": ("genre",),
}
"""What each kind takes behind its file, besides ``split``, ``limit`` and ``group``."""

GENRE: Final = "genre"
MOST_GENRES: Final = 30
"""More first parts of ids than this are no genres."""

_OPTION = re.compile(r",([A-Za-z_-]+)=")
_FIRST_PART = Provenance.rule("first part of the document's id")
_BY_ID = Provenance.rule("expression over the document's id")


def open_sequences(
    spec: str | Path,
    split: str | None = None,
    limit: int | None = None,
    *,
    group: str | None = None,
    options: Mapping[str, str] | None = None,
) -> SequenceData:
    """Open running text.

    Args:
        spec: ``texts:PATH`` (a text file or a folder of them, a table, JSON lines),
            ``conllu:PATH``, ``spans:PATH`` (JSON lines, or FASTA with ``regions=FILE``) or
            ``code:PATH`` (Python). Options may follow, as ``texts:my.csv,text=body,label=topic``;
            they go before the arguments.
        split: keep only the documents of this split: of a field ``split``, or of files whose
            names say it, as ``ewt-dev.conllu`` does.
        limit: keep at most so many documents, spread evenly.
        group: which documents are not independent of each other: a field of a table or of JSON
            lines, a category of labels such as ``folder``, an expression over the ids that begins
            with ``^``, or ``none``, so that each is its own group. If not given, what the file
            says, and else documents of the same text.
        options: the options of the kind, by name (see ``OPTIONS``).

    Raises:
        DataError: a file is missing, damaged or inconsistent; with the file and the line.
        OptionError: an option does not fit the file.
    """
    text, written = _options_of(str(spec))
    kind, _, rest = text.partition(":")
    if kind not in KINDS or not rest:
        raise OptionError(
            f"{quoted(text)} names no running text; give {', '.join(f'{k}:PATH' for k in KINDS)}"
        )
    split, limit = written.pop("split", split), _limit(written.pop("limit", limit), spec)
    group = written.pop("group", group)
    chosen = {**(options or {}), **written}
    check_options(kind, chosen, OPTIONS[kind])
    path = users_path(rest, "the path of texts")
    reading = _read(kind, path, chosen, group)
    _add_genres(kind, reading, chosen.get(GENRE))
    told(path, reading)
    _add_groups(kind, path, reading, group)
    documents = _chosen(path, reading.documents, split, limit)
    if "regions" in chosen:
        chosen["regions"] = str(users_path(chosen["regions"], "regions").absolute())
    source = {"spec": f"{kind}:{path.absolute()}", "split": split, "limit": limit, "group": group,
              "options": chosen or None}  # fmt: skip
    return SequenceData(
        path, kind, documents, reading.annotated_by, dict(reading.dropped), source,
        reading.class_category, reading.independent, tuple(reading.notes),
    )  # fmt: skip


def _options_of(spec: str) -> tuple[str, dict[str, Any]]:
    """Part ``kind:PATH,name=value,...`` into the path and its options."""
    text, *parts = _OPTION.split(spec)
    names = [name.replace("-", "_") for name in parts[::2]]
    return text, dict(zip(names, parts[1::2], strict=True))


def _limit(given: Any, spec: object) -> int | None:
    if given is None:
        return None
    number = whole(given) if isinstance(given, str) else given
    if number is None:
        raise OptionError(
            f"{quoted(str(spec))} gives limit as {quoted(given)}; write a whole number"
        )
    return whole_number(number, "limit", 1)


def _read(kind: str, path: Path, options: Mapping[str, str], group: str | None) -> ReadDocuments:
    given = {name: value for name, value in options.items() if name != GENRE}
    if kind == "texts":
        return texts.read_texts(path, given, group)
    if kind == "conllu":
        return read_conllu(path, _yes(given.get("enhanced", "no")))
    if kind == "code":
        return read_code(path)
    if path.suffix.lower() in regions.FASTA:
        check_options("FASTA in spans", {n: v for n, v in given.items() if n != "regions"},
                      ("covered", "attributes"))  # fmt: skip
        table = users_path(given["regions"], "regions") if "regions" in given else None
        names = [n for n in given.get("attributes", "").split("+") if n]
        attributes = [check_category(name, "attributes") for name in names]
        return regions.read_regions(path, table, given.get("covered", "named"), attributes)
    check_options("JSON lines in spans", given, ("layer",))
    return spans.read_spans(path, given.get("layer", ""))


def _yes(value: str) -> bool:
    if value not in ("yes", "no"):
        raise OptionError(f"enhanced is {quoted(value)}; write yes or no")
    return value == "yes"


def _add_genres(kind: str, reading: ReadDocuments, asked: str | None) -> None:
    """Make a part of each id the label ``genre``: what an expression finds, or what ids suggest."""
    ids = [document.id for document in reading.documents]
    if asked == OWN or not ids:
        return
    if asked is not None:
        names, rule = groups_by_name(ids, asked, option=GENRE), _BY_ID
    elif kind == "conllu":
        names, rule = _first_parts(ids), _FIRST_PART
    else:
        return
    if not any(names):
        return
    reading.documents = [
        _of_genre(d, name) for d, name in zip(reading.documents, names, strict=True)
    ]
    reading.annotated_by = {**reading.annotated_by, GENRE: rule}


def _first_parts(ids: Sequence[str]) -> tuple[str, ...]:
    """What stands before the first hyphen, where that sorts documents into few genres."""
    names = tuple(before if sign else "" for before, sign, _ in (i.partition("-") for i in ids))
    few = 1 < len(set(names)) <= min(MOST_GENRES, len(ids) // 2)
    return names if few and all(names) else ("",) * len(ids)


def _of_genre(document: Document, name: str) -> Document:
    if not name:
        return replace(document, unannotated=document.unannotated | {GENRE})
    return replace(document, labels={**document.labels, GENRE: (name,)})


def _add_groups(kind: str, path: Path, reading: ReadDocuments, group: str | None) -> None:
    """Give each document the group that an option tells."""
    if group is None:
        reading.documents = _twins_together(reading.documents)
        return
    if group == OWN:
        reading.independent = True
        return
    ids = [document.id for document in reading.documents]
    if is_expression(group):
        found = groups_by_name(ids, group)
    elif kind == "texts" and texts.has_columns(path):
        return  # the reader took the column
    else:
        found = tuple(document.labels.get(group, ("",))[0] for document in reading.documents)
        if not any(found):
            known = sorted({name for d in reading.documents for name in d.labels})
            raise OptionError(
                f"group is {quoted(group)}, and documents of {path} have no label of that name "
                f"(there are {', '.join(known) or 'none'}); name one, or give an expression that "
                "begins with ^"
            )
    named = zip(reading.documents, ids, found, strict=True)
    reading.documents = [replace(document, group=name or own) for document, own, name in named]


def _twins_together(documents: Sequence[Document]) -> list[Document]:
    """Documents of the same text as one group, where nothing else is said: one tests no other."""
    times = Counter(document.text for document in documents)
    first = {document.text: document.id for document in reversed(documents)}
    return [
        replace(document, group=f"the text of {first[document.text]}")
        if times[document.text] > 1 and not document.group
        else document
        for document in documents
    ]


def _chosen(
    path: Path, documents: Sequence[Document], split: str | None, limit: int | None
) -> tuple[Document, ...]:
    """The documents of a split, at most so many."""
    if split is not None:
        known = ", ".join(sorted({d.split for d in documents} - {""})) or "no split at all"
        documents = [document for document in documents if document.split == split]
        if not documents:
            raise OptionError(
                f"{path} has no document in the split {quoted(split)}: it has {known}"
            )
    if limit is None:
        return tuple(documents)
    step = max(1.0, len(documents) / limit)
    return tuple(documents[int(i * step)] for i in range(min(limit, len(documents))))
