"""Read spans: JSON lines of texts with labelled stretches of their characters.

A line is an object such as ``{"id": "a", "text": "the sea", "spans": [{"start": 4, "end": 7,
"layer": "tag", "label": "NOUN"}], "labels": {"genre": "poem"}}``: places count characters of the
text as it is given, from 0, and ``end`` is the character behind the last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from andornot._tools.progress import track
from andornot.concepts.provenance import Provenance
from andornot.data.sequences.document import Document, Spans
from andornot.data.sequences.reading import (
    EMPTY,
    ReadDocuments,
    check_category,
    files_below,
    json_lines,
    split_of,
    text_field,
    values_of,
)
from andornot.errors import DataError, quoted

SUFFIXES: Final = (".jsonl", ".ndjson")

FIELDS: Final = ("id", "text", "spans", "labels", "group", "split", "unannotated")

_FILE = Provenance.people("annotation of the file")
_LABELS = Provenance.people("labels of the file")
_UNSEEN = "fields that say nothing here"


def read_spans(path: Path, layer: str = "") -> ReadDocuments:
    """Read a file of JSON lines, or all of a folder.

    A document without ``spans``, or whose ``unannotated`` names layers, was not looked at for
    these: there a concept is unknown, and not absent.

    Args:
        path: the file or folder.
        layer: the layer of spans that name none.

    Raises:
        DataError: a line is damaged, or a place does not lie in its text; with file and line.
    """
    reading = ReadDocuments()
    seen: dict[str, str] = {}
    blank: set[str] = set()  # documents that say nothing of spans
    files = files_below(path, SUFFIXES, reading.dropped)
    for file in track(files, "reading", len(files)):
        for where, record in json_lines(file):
            for name in record.keys() - set(FIELDS):
                reading.dropped[f"{_UNSEEN} ({quoted(name)})"] += 1
            document = _document(record, where, str(len(seen)), layer)
            if not document.split:
                document = replace(document, split=split_of(file.name))
            if document.id in seen:
                raise DataError(
                    f"{where}: the id {quoted(document.id)} stands at {seen[document.id]} too; "
                    "give each document its own"
                )
            seen[document.id] = where
            if not document.text.strip():
                reading.dropped[EMPTY] += 1
                continue
            if record.get("spans") is None:
                blank.add(document.id)
            reading.documents.append(document)
    layers = {name for document in reading.documents for name in document.layers}
    labels = {name for document in reading.documents for name in document.labels}
    reading.documents = [
        _unknown(d, layers if d.id in blank else set(), labels) for d in reading.documents
    ]
    reading.annotated_by = dict.fromkeys(sorted(layers), _FILE) | dict.fromkeys(
        sorted(labels), _LABELS
    )
    return reading


def _unknown(document: Document, layers: set[str], labels: set[str]) -> Document:
    """The document with the layers and labels that nobody looked for in it."""
    missing = layers | (labels - document.labels.keys())
    if not missing - document.unannotated:
        return document
    return replace(document, unannotated=document.unannotated | missing)


def _document(record: Mapping[str, Any], where: str, number: str, layer: str) -> Document:
    if "text" not in record:
        raise DataError(
            f"{where}: there is no field 'text' (there are "
            f"{', '.join(map(str, record))[:200] or 'none'}); give the text that spans lie on"
        )
    text = text_field(record["text"], "text", where)
    return Document(
        id=_one(record, "id", where) or number,
        text=text,
        layers=_layers(record.get("spans"), text, where, layer),
        labels=_labels(record.get("labels"), where),
        unannotated=frozenset(_names(record.get("unannotated"), where)),
        split=_one(record, "split", where),
        group=_one(record, "group", where),
    )


def _one(record: Mapping[str, Any], name: str, where: str) -> str:
    """A field that is one text or number; empty if it is missing."""
    values = () if isinstance(record.get(name), list) else values_of(record.get(name), name, where)
    if not values and record.get(name) not in (None, ""):
        raise DataError(f"{where}: {name} is {quoted(record[name])}; give one text")
    return values[0] if values else ""


def _names(given: object, where: str) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise DataError(f"{where}: unannotated is {quoted(given)}; give a list of layers")
    return [check_category(name, where) for name in given]


def _labels(given: object, where: str) -> dict[str, tuple[str, ...]]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise DataError(
            f"{where}: labels are {quoted(given)}; give an object such as {{'genre': 'email'}}"
        )
    found = {
        check_category(name, where): values_of(value, f"the label {quoted(name)}", where)
        for name, value in given.items()
    }
    return {name: values for name, values in found.items() if values}


def _layers(given: object, text: str, where: str, layer: str) -> dict[str, Spans]:
    if given is None:
        return {}
    if not isinstance(given, list):
        raise DataError(f"{where}: spans are {quoted(given)}; give a list of objects")
    found: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for number, one in enumerate(given, 1):
        at = f"{where}, span {number}"
        span = _span(one, at, layer)
        check_place(span.start, span.end, len(text), at)
        found[span.layer] += [(span.start, span.end, label) for label in span.labels]
    return {name: Spans.of(spans) for name, spans in found.items()}


@dataclass(frozen=True)
class _Span:
    """A stretch of characters and its labels."""

    start: int
    end: int
    layer: str
    labels: tuple[str, ...]


def _span(given: object, where: str, layer: str) -> _Span:
    if not isinstance(given, dict):
        raise DataError(
            f"{where}: this is {quoted(given)}; give an object with start, end, layer and label"
        )
    name = given.get("layer", layer or None)
    for field, value in (("start", given.get("start")), ("end", given.get("end")),
                         ("layer", name), ("label", given.get("label"))):  # fmt: skip
        if value is None:
            advice = ", or name one for all by `,layer=NAME`" if field == "layer" else ""
            raise DataError(f"{where}: it has no {field}; give it one{advice}")
    labels = values_of(given["label"], "label", where)
    if not labels:
        raise DataError(f"{where}: its label is empty; give it one, or take the span out")
    for field in ("start", "end"):
        value = given[field]
        if isinstance(value, bool) or not isinstance(value, int):
            raise DataError(f"{where}: {field} is {quoted(value)}; give a whole number")
    return _Span(given["start"], given["end"], check_category(name, where), labels)


def check_place(start: int, end: int, length: int, where: str, first: int = 0) -> None:
    """Refuse a stretch that is empty, turned around, or not in its text.

    Args:
        start: its first character, from 0.
        end: the character behind its last.
        length: how many characters the text has.
        where: file and line.
        first: what the file counts from: 0, or 1 (then ``end`` is the last character there).

    Raises:
        DataError: it is one.
    """
    said = f"{where}: a span from {quoted(start + first)} to {quoted(end)}"
    if start < 0:
        raise DataError(f"{said} begins before the text; places count from {first}")
    if end <= start:
        raise DataError(f"{said} holds no character; give the end behind the start, or take it out")
    if end > length:
        raise DataError(
            f"{said} ends behind the text, which has {length:,} characters; count characters of "
            "the text as it is given, and not its bytes"
        )
