"""Read CoNLL-U, the format of Universal Dependencies: sentences whose tokens are annotated.

A token is a line of ten columns with tabs between; ids such as ``1-2`` (a contraction) and ``1.1``
(an empty node) are no tokens and are passed over. Universal tags become tags; features and
relations become marks, of which a token may have several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from andornot.concepts.provenance import Provenance
from andornot.data.sentences.pairs import Pair, PairData, Sentence
from andornot.data.sentences.readers import distinct
from andornot.data.sentences.tables import text_lines
from andornot.errors import DataError

_COLUMNS = 10
_ALONE = "a last sentence without a second one"


def read_conllu(path: Path) -> PairData:
    """Read a CoNLL-U file, two sentences at a time.

    The models that we read take a pair of sentences, so the first and the second make a pair, the
    third and the fourth, and so on. An encoder that reads each sentence by itself sees no
    difference; a last sentence without a second is dropped and counted. Pairs of one document
    (``# newdoc``) are a group; a pair that spans two is of the first.

    Raises:
        DataError: a line is damaged; the message gives its number.
    """
    sentences = list(annotated_sentences(path))
    ids: Counter[str] = Counter()
    pairs = tuple(
        Pair(distinct(f"{first} {second}", ids), premise, hypothesis, group=document)
        for (first, document, premise), (second, _, hypothesis) in zip(
            sentences[::2], sentences[1::2], strict=False
        )
    )
    dropped = {_ALONE: 1} if len(sentences) % 2 else {}
    people = Provenance.people("annotation of the CoNLL-U file")
    return PairData(path, "pairs", pairs, dropped, annotated_by=people)


def annotated_sentences(path: Path) -> Iterator[tuple[str, str, Sentence]]:
    """Each sentence with its id, or else its number, and the document that it is in, if any."""
    comments: dict[str, str] = {}
    rows: list[list[str]] = []
    number, document = 0, ""
    for line_number, line in text_lines(path):
        line = line.rstrip("\r\n")
        if line.startswith("#") and not rows:
            key, equals, value = line[1:].partition("=")
            if equals:
                comments[key.strip()] = value.strip()
            if key.split()[:1] == ["newdoc"]:
                document = f"document {value.strip() or f'from line {line_number}'}"
        elif line:
            cells = line.split("\t")
            if len(cells) == _COLUMNS and not cells[1]:
                raise DataError(
                    f"{path}, line {line_number}: the token has no form, the second column; mend "
                    "the line (a form that is missing is written _)"
                )
            if len(cells) != _COLUMNS:
                raise DataError(
                    f"{path}, line {line_number}: a token has {_COLUMNS} columns with tabs between "
                    f"them, here are {len(cells)}; mend the line"
                )
            if cells[0].isdecimal():
                rows.append(cells)
        elif rows or comments:
            number += bool(rows)
            if rows:
                yield comments.get("sent_id", str(number)), document, _sentence(rows, comments)
            comments, rows = {}, []
    if rows:
        yield comments.get("sent_id", str(number + 1)), document, _sentence(rows, comments)


def _sentence(rows: list[list[str]], comments: dict[str, str]) -> Sentence:
    tags = tuple(row[3] for row in rows)
    return Sentence(
        tokens=tuple(row[1] for row in rows),
        tags=None if set(tags) == {"_"} else tags,
        raw=comments.get("text"),
        marks=tuple(tuple(_marks(row)) for row in rows),
        heads=_heads(rows),
        lemmas=_lemmas(rows),
    )


def _lemmas(rows: list[list[str]]) -> tuple[str, ...] | None:
    """The lemma of each token, empty where it has none; None where none has one."""
    # the lemma of an underscore is one
    lemmas = tuple("" if row[2] == "_" != row[1] else row[2] for row in rows)
    return lemmas if any(lemmas) else None


def _heads(rows: list[list[str]]) -> tuple[int, ...] | None:
    """The place of each token's head, -1 of a root; None where the file does not tell all."""
    places = {row[0]: place for place, row in enumerate(rows)} | {"0": -1}
    heads = tuple(places.get(row[6]) for row in rows)
    return None if None in heads else cast("tuple[int, ...]", heads)


def _marks(row: list[str]) -> Iterator[str]:
    """Features such as ``feat:Number=Plur``, and the relation with what it is a subtype of."""
    if row[5] != "_":
        yield from (f"feat:{feature}" for feature in row[5].split("|") if feature)
    relation = row[7]
    if relation not in ("_", ""):
        yield f"deprel:{relation.partition(':')[0]}"
        if ":" in relation:
            yield f"deprel:{relation}"
