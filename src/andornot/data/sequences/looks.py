"""Which running text a path that says nothing of its kind holds, by names and first lines."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from andornot.data.sentences import looks as sentence_looks
from andornot.data.sequences import conllu, python_source, regions, spans, texts
from andornot.data.sequences.reading import json_lines
from andornot.errors import AndornotError

_MOST = 2000
"""Names in a folder that are looked at."""

_ENDS = {
    "conllu": conllu.SUFFIXES,
    "code": python_source.SUFFIXES,
    "spans": (*spans.SUFFIXES, *regions.FASTA),
    "texts": texts.SUFFIXES,
}
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".parquet")


def recognise(path: Path) -> str:
    """The kind of running text in a path; empty if there is none."""
    ends = path.suffix.lower()
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        return ""
    if ends in spans.SUFFIXES:
        return _of_lines(path)
    if ends == ".txt":
        return "texts" if _is_plain(path) else ""
    return next((kind for kind, ending in _ENDS.items() if ends in ending), "")


def _of_folder(path: Path) -> str:
    """The kind that most files of a folder have, where it holds no pictures."""
    names = [file.suffix.lower() for file in islice(path.rglob("*"), _MOST)]
    if any(name in _PICTURES for name in names):
        return ""
    sizes = {kind: sum(name in ending for name in names) for kind, ending in _ENDS.items()}
    kind = max(sizes, key=lambda kind: sizes[kind])
    return kind if sizes[kind] else ""


def _of_lines(path: Path) -> str:
    """What the first line of a file of JSON lines says; nothing if it is a pair of sentences."""
    try:
        _, record = next(json_lines(path), ("", {}))
    except AndornotError:
        return ""
    if "text" not in record:
        return ""
    return "spans" if "spans" in record else "texts"


def _is_plain(path: Path) -> bool:
    """Whether a text file is no table of pairs."""
    try:
        return sentence_looks.looks_like(path) == sentence_looks.TOKENS
    except AndornotError:
        return False
