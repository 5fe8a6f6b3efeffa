"""Open sentences by themselves by a short text: a table, JSON lines or CoNLL-U."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from andornot._tools.checks import users_path, whole_number
from andornot._tools.looks import check_file
from andornot.concepts.provenance import Provenance
from andornot.data.samples import OWN, groups_by_name, is_expression
from andornot.data.sentences import looks
from andornot.data.sentences.conllu import annotated_sentences
from andornot.data.sentences.modality import SINGLE
from andornot.data.sentences.open import columns_with, split_options
from andornot.data.sentences.pairs import Sentence
from andornot.data.sentences.readers import (
    TOKEN,
    distinct,
    json_record,
    label_of,
    named_fields,
    tokenize,
)
from andornot.data.sentences.single import OneSentence, SentenceData
from andornot.data.sentences.tables import find_columns, table_rows, text_lines
from andornot.data.sentences.tagging import DEFAULT_TAGGER, with_tags
from andornot.data.sources.named import named_sources
from andornot.errors import DataError, OptionError, quoted

KIND: Final = SINGLE.kinds[0].name

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text", "sentence", "review", "content", "comment", "tweet", "message"),
    "label": ("label", "sentiment", "class", "target", "category"),
    "id": ("id", "uid"),
    "split": ("split",),
    "group": (),
}
"""Names by which the columns are known, the preferred one first."""

OPTIONS: Final = ("split", "limit", "cut", "tagger", "group")
"""Options that a text may hold behind the file; names of columns may stand there too."""


def split_single(spec: str) -> tuple[str, dict[str, Any]]:
    """Part ``sentences:FILE,name=value,...`` into the file and its options.

    Raises:
        OptionError: there is no such option, or it has no such value.
    """
    return split_options(spec, OPTIONS, tuple(key for key in COLUMNS if key not in OPTIONS))


def open_single(
    spec: str | Path,
    split: str | None = None,
    limit: int | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    cut: int | None = None,
    tagger: str | None = DEFAULT_TAGGER,
    group: str | None = None,
    sources: Sequence[Any] = (),
) -> SentenceData:
    """Open sentences, or texts that a network reads as a whole.

    Args:
        spec: ``sentences:FILE``: a CSV or TSV file with a header, JSON lines, or CoNLL-U. The
            options below may follow it, as ``sentences:reviews.csv,text=body,label=stars,cut=200``;
            they go before the arguments.
        split: which rows, where the file has a column ``split``.
        limit: keep at most so many sentences, spread evenly over the file.
        columns: what the columns are called, such as ``{"text": "body"}`` (see ``COLUMNS``). Of
            CoNLL-U ``label`` is an expression over the ids of documents that begins with ``^``;
            if not given, a class is what stands before the first hyphen of each (its genre).
        cut: keep so many words and signs of each text, for networks that read no more; neither the
            network nor any concept sees what comes after.
        tagger: as of ``open.open_pairs``.
        group: which sentences are not independent of each other: a column, an expression over the
            ids that begins with ``^``, or ``none``, so that each is its own group. If not given,
            the document of CoNLL-U, and else those of the same words.
        sources: further concepts, as ``dissect`` takes them.

    Raises:
        DataError: the file is missing, damaged, or has no text.
        OptionError: an option does not fit the file.

    Examples:
        >>> data = open_single("sentences:films.csv", tagger=None)
        >>> len(data), data.labels, data.samples[0].text
        (4, ('bad', 'good'), 'A dull film.')
    """
    text, written = split_single(str(spec))
    if written:
        given = {"split": split, "limit": limit, "columns": columns, "cut": cut, "tagger": tagger,
                 "group": group, "sources": sources}  # fmt: skip
        return open_single(text, **(given | written))
    path = _file_of(text)
    named = columns_with(columns, group)
    data = _read(path, named or {}, None if cut is None else whole_number(cut, "cut", 1))
    data = _chosen(_grouped(data, group), split, limit)
    source = {"spec": f"{KIND}:{path.absolute()}", "split": split, "limit": limit, "cut": cut,
              "columns": None if columns is None else dict(columns), "tagger": tagger,
              "group": group}  # fmt: skip
    return replace(with_tags(data, tagger), source=source, further=named_sources(sources))


def _file_of(spec: str) -> Path:
    """The file that a text names."""
    kind, _, rest = spec.partition(":")
    if kind != KIND or not rest:
        raise OptionError(f"{quoted(spec)} names no sentences; give {KIND}:FILE")
    path = users_path(rest, "the file of sentences")
    check_file(path)
    if not path.is_file():
        raise DataError(f"there is no file {path}; give {KIND}:FILE with sentences")
    return path


def _read(path: Path, columns: Mapping[str, str], cut: int | None) -> SentenceData:
    """The sentences of a file, by what it holds."""
    found = looks.looks_like(path)
    looks.check_suffix(path, found)
    match looks.SUFFIXES.get(path.suffix.lower(), found):
        case looks.LINES:
            return _of_rows(path, _lines(path, columns), cut)
        case looks.CONLLU:
            return _of_documents(path, columns, cut)
        case looks.FEATS:
            raise DataError(f"{path} looks like {looks.FEATS}; give a table, JSON lines or CoNLL-U")
    return _of_rows(path, _cells(path, columns), cut)


@dataclass(frozen=True)
class _Row:
    """What a file says of a sentence, by our names, and where."""

    where: str
    fields: Mapping[str, str]


def _cells(path: Path, columns: Mapping[str, str]) -> Iterator[_Row]:
    rows = table_rows(path)
    _, header = next(rows)
    used = find_columns(path, header, columns, COLUMNS, ("text",))
    for number, cells in rows:
        yield _Row(f"row {number}", {key: cells[at].strip() for key, at in used.items()})


def _lines(path: Path, columns: Mapping[str, str]) -> Iterator[_Row]:
    for number, line in text_lines(path):
        if line.strip():
            where = f"{path}, line {number}"
            record = json_record(line, where)
            yield _Row(f"line {number}", named_fields(record, columns, COLUMNS, ("text",), where))


def _of_rows(path: Path, rows: Iterator[_Row], cut: int | None) -> SentenceData:
    """A sentence of each row, but of those without a word."""
    found: list[OneSentence] = []
    empty: list[str] = []
    ids: Counter[str] = Counter()
    for row in rows:
        fields = row.fields
        own = distinct(fields.get("id") or str(len(ids)), ids)
        text = _first(fields["text"].strip(), cut)
        if not TOKEN.search(text):
            empty.append(row.where)
            continue
        sentence = Sentence(tokenize(text), raw=text)
        label = label_of(fields.get("label", ""))
        split, group = fields.get("split", ""), fields.get("group", "")
        found.append(OneSentence(own, sentence, label, split, group))
    dropped = {f"an empty text, first in {empty[0]}": len(empty)} if empty else {}
    return SentenceData(path, tuple(found), dropped)


def _of_documents(path: Path, columns: Mapping[str, str], cut: int | None) -> SentenceData:
    """The sentences of CoNLL-U, with the genre of their documents as class."""
    label = columns.get("label", "")
    if cut is not None or set(columns) - {"label"} or (label and not is_expression(label)):
        raise OptionError(
            f"{path.name} is CoNLL-U, for which cut and columns have no use; of columns give only "
            "label, an expression over the ids of documents that begins with ^"
        )
    read = list(annotated_sentences(path))
    documents = [document.removeprefix("document ") for _, document, _ in read]
    classes = groups_by_name(documents, label) if label else list(map(_genre, documents))
    ids: Counter[str] = Counter()
    found = tuple(
        OneSentence(distinct(own, ids), sentence, label_of(genre), group=document)
        for (own, document, sentence), genre in zip(read, classes, strict=True)
    )
    people = Provenance.people("annotation of the CoNLL-U file")
    return SentenceData(path, found, annotated_by=people)


def _genre(document: str) -> str:
    """What stands before the first hyphen of a document's id, as ``email-enronsent`` has it."""
    before, hyphen, _ = document.partition("-")
    return before if hyphen else ""


def _first(text: str, cut: int | None) -> str:
    """The text up to the end of so many words and signs."""
    if cut is None:
        return text
    for number, found in enumerate(TOKEN.finditer(text), 1):
        if number == cut:
            return text[: found.end()]
    return text


def _grouped(data: SentenceData, group: str | None) -> SentenceData:
    """The sentences with the groups that a user names; those of a column are read with it."""
    if group == OWN:
        return replace(data, independent=True)
    if group is None or not is_expression(group):
        return data
    named = zip(data.samples, groups_by_name(data.sample_ids, group), strict=True)
    return data.with_samples(replace(one, group=name or one.id) for one, name in named)


def _chosen(data: SentenceData, split: str | None, limit: int | None) -> SentenceData:
    """The sentences of a split, at most so many."""
    if split is not None:
        inside = [i for i, name in enumerate(data.splits) if name == split]
        if not inside:
            known = ", ".join(sorted(set(data.splits) - {""})) or "no split at all"
            raise OptionError(
                f"{data.path} has no sentence in the split {quoted(split)}: it has {known}"
            )
        data = data.subset(inside)
    if limit is None:
        return data
    step = max(1.0, len(data) / whole_number(limit, "limit", 1))
    return data.subset(int(i * step) for i in range(min(limit, len(data))))
