"""Read CoNLL-U as running text: documents with all ten columns on their characters.

A *surface token* is what stands in the text: a word, or a contraction (``3-4 don't``) whose words
(``do``, ``n't``) it holds. Where the words of a contraction put together are the contraction, each
has its own characters; else (French ``au``, of ``à`` and ``le``) they share all of them, and are
one word of ``Document.words`` with the labels of both. Empty nodes (``5.1``) are no words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from andornot._tools.progress import track
from andornot._tools.words import count
from andornot.concepts.provenance import Provenance
from andornot.data.sentences.readers import distinct
from andornot.data.sequences.document import Document, Extents, Spans
from andornot.data.sequences.reading import ReadDocuments, files_below, id_of, lines_of, split_of
from andornot.errors import DataError, quoted

SUFFIXES: Final = (".conllu",)

_COLUMNS = 10
_READ, _ENHANCED = (1, 2, 3, 4, 5, 7, 9), 8
_ID = re.compile(r"(\d+)(?:([-.])(\d+))?")
_EMPTY_NODES = "empty nodes of enhanced relations"
_SPACES: Final = {r"\s": " ", r"\t": "\t", r"\r": "\r", r"\n": "\n", r"\p": "|", r"\\": "\\"}
_SPACING: Final = ("SpaceAfter", "SpacesAfter", "SpacesBefore", "SpacesInToken")
_PARAGRAPH = "\n\n"

_ALWAYS: Final = ("lemma", "tag", "xpos", "deprel")
"""Layers of which each word has a label, so that a document without any was not annotated."""

_PEOPLE = Provenance.people("annotation of the CoNLL-U file")


def read_conllu(path: Path, enhanced: bool = False) -> ReadDocuments:
    """Read a CoNLL-U file, or all of a folder, as documents.

    A document begins at ``# newdoc``; a file without any is one document. Sentences are joined as
    ``SpaceAfter`` of their last word says, paragraphs (``# newpar``) by a blank line. Layers are
    ``word`` (in lower case), ``lemma``, ``tag``, ``xpos``, ``feat`` (``Number=Plur``), ``deprel``
    (``nsubj:pass`` is ``nsubj`` too), ``misc``, and ``edep`` if wanted.

    Args:
        path: the file or folder.
        enhanced: whether enhanced relations become the layer ``edep``.

    Raises:
        DataError: a line is damaged; the message gives its number.
    """
    reading = ReadDocuments()
    ids: Counter[str] = Counter()
    files = files_below(path, SUFFIXES, reading.dropped)
    for file in track(files, "reading", len(files)):
        _read_file(file, id_of(file, path), enhanced, ids, reading)
    layers = {name for document in reading.documents for name in document.layers}
    reading.annotated_by = dict.fromkeys(sorted(layers), _PEOPLE)
    twice = sum(n > 1 for n in ids.values())
    if twice:
        reading.notes.append(f"{count(twice, 'id')} of documents stand several times.")
    reading.documents = [_with_unannotated(document, layers) for document in reading.documents]
    return reading


def _with_unannotated(document: Document, layers: set[str]) -> Document:
    missing = {name for name in _ALWAYS if name in layers and name not in document.layers}
    return replace(document, unannotated=frozenset(missing)) if missing else document


# --- lines ---


@dataclass
class _Sentence:
    """The lines of a sentence.

    Attributes:
        line: the number of its first line.
        comments: what its comments say, by what stands before the ``=``.
        words: the cells of each word.
        lines: the number of each word's line.
        contractions: first and last word of each, and its cells.
        empty_nodes: how many there are.
    """

    line: int
    comments: dict[str, str] = field(default_factory=dict)
    words: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    contractions: list[tuple[int, int, list[str]]] = field(default_factory=list)
    empty_nodes: int = 0


def _sentences(path: Path) -> Iterator[_Sentence]:
    sentence = None
    for number, line in lines_of(path):
        if not line.strip():
            if sentence is not None and sentence.words:
                yield sentence
                sentence = None
            continue
        if sentence is None:
            sentence = _Sentence(number)
        if not line.startswith("#"):
            _add_token(sentence, line, number, path)
        elif not sentence.words:
            key, _, value = line[1:].partition("=")
            key = key.strip()
            word = key.split()[0] if key else ""
            sentence.comments[word if word in ("newdoc", "newpar") else key] = value.strip(" \t")
    if sentence is not None and sentence.words:
        yield sentence


def _add_token(sentence: _Sentence, line: str, number: int, path: Path) -> None:
    cells = line.split("\t")
    where = f"{path}, line {number}"
    if len(cells) != _COLUMNS:
        raise DataError(
            f"{where}: a token has {_COLUMNS} columns with tabs between them, here "
            f"{'is' if len(cells) == 1 else 'are'} {len(cells)}; mend the line"
        )
    if not cells[1].strip():
        raise DataError(
            f"{where}: the token has no form, the second column; mend the line (a form that is "
            "missing is written _)"
        )
    found = _ID.fullmatch(cells[0])
    if found is None or not cells[0].isascii() or len(cells[0]) > 18:
        raise DataError(
            f"{where}: {quoted(cells[0])} is no id of a token; write 1, 1-2 (a contraction) or "
            "1.1 (an empty node)"
        )
    first, sign, other = int(found[1]), found[2], found[3]
    if sign == ".":
        sentence.empty_nodes += 1
    elif sign == "-":
        _add_contraction(sentence, first, int(other), cells, where)
    elif first != len(sentence.words) + 1:
        raise DataError(
            f"{where}: word {first} stands where word {len(sentence.words) + 1} should; number "
            "words from 1, and part sentences by an empty line"
        )
    else:
        sentence.words.append(cells)
        sentence.lines.append(number)


def _add_contraction(
    sentence: _Sentence, first: int, last: int, cells: list[str], where: str
) -> None:
    behind = len(sentence.words)
    earlier = sentence.contractions[-1][1] + 1 if sentence.contractions else 0
    if first != behind + 1 or last < first or first - 1 < earlier:
        raise DataError(
            f"{where}: the contraction {cells[0]} does not stand before its words; mend its id"
        )
    sentence.contractions.append((first - 1, last - 1, cells))


# --- from lines to characters ---


@dataclass(frozen=True)
class _Surface:
    """What stands in the text: a word, or a contraction with the words in it.

    Attributes:
        form: its characters.
        first: its first word.
        stop: the word behind its last.
        space: what stands behind it.
    """

    form: str
    first: int
    stop: int
    space: str


def _surfaces(sentence: _Sentence, where: str) -> list[_Surface]:
    held = {first: (last, cells) for first, last, cells in sentence.contractions}
    found: list[_Surface] = []
    at = 0
    while at < len(sentence.words):
        last, cells = held.get(at, (at, sentence.words[at]))
        if last >= len(sentence.words):
            raise DataError(
                f"{where}: the contraction {cells[0]} has words that are not there; mend its id"
            )
        found.append(_Surface(cells[1], at, last + 1, _space(cells[9])))
        at = last + 1
    return found


def _space(misc: str) -> str:
    """What stands behind a token, by its tenth column; a blank if that says nothing."""
    for part in misc.split("|"):
        key, _, value = part.partition("=")
        if key == "SpaceAfter" and value == "No":
            return ""
        if key == "SpacesAfter":
            return re.sub(r"\\.", lambda found: _SPACES.get(found[0], " "), value)
    return " "


def _placed(
    surfaces: Sequence[_Surface], said: str | None
) -> tuple[str, list[tuple[int, int]], bool]:
    """The text of a sentence, where each surface token is in it, and whether ``# text`` agrees.

    The text is what ``# text`` says, where all forms stand in it with nothing but space between;
    else forms are put together as their spacing says.
    """
    if said is not None:
        places = _found_in(said, surfaces)
        if places is not None:
            return said, places, True
    parts: list[str] = []
    places = []
    begin = 0
    for surface in surfaces:
        places.append((begin, begin + len(surface.form)))
        parts += [surface.form, surface.space]
        begin += len(surface.form) + len(surface.space)
    text = "".join(parts[:-1])
    return text, places, said is None


def _found_in(text: str, surfaces: Sequence[_Surface]) -> list[tuple[int, int]] | None:
    at, places = 0, []
    for surface in surfaces:
        while at < len(text) and text[at].isspace() and not text.startswith(surface.form, at):
            at += 1
        if not text.startswith(surface.form, at):
            return None
        places.append((at, at + len(surface.form)))
        at += len(surface.form)
    return places if not text[at:].strip() else None


def _parts(
    surface: _Surface, place: tuple[int, int], words: Sequence[list[str]]
) -> list[tuple[int, int]]:
    """The characters of each word of a surface token: its own ones, or all of them."""
    if surface.stop - surface.first == 1:
        return [place]
    forms = [cells[1] for cells in words[surface.first : surface.stop]]
    start = place[0]
    if "".join(forms).casefold() != surface.form.casefold() or (
        sum(map(len, forms)) != len(surface.form)
    ):
        return [place] * len(forms)
    found = []
    for form in forms:
        found.append((start, start + len(form)))
        start += len(form)
    return found


# --- documents ---


@dataclass
class _Building:
    """A document while sentences are added to it."""

    id: str
    split: str
    text: list[str] = field(default_factory=list)
    length: int = 0
    space: str = ""
    layers: defaultdict[str, list[tuple[int, int, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    words: list[tuple[int, int]] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    syntax: bool = False
    sentences: list[tuple[int, int]] = field(default_factory=list)

    def add(self, text: str, new_paragraph: bool, space: str) -> int:
        """Put a sentence behind the others; where it begins."""
        if self.text:
            before = _PARAGRAPH if new_paragraph and self.space.count("\n") < 2 else self.space
            self.text.append(before)
            self.length += len(before)
        begin = self.length
        self.text.append(text)
        self.length += len(text)
        self.space = space
        return begin

    def built(self) -> Document:
        layers = {name: Spans.of(spans) for name, spans in self.layers.items()}
        return Document(
            self.id, "".join(self.text), layers, words=Extents.of(self.words),
            heads=np.array(self.heads, np.int32) if self.syntax else None,
            sentences=Extents.of(self.sentences),
            split=self.split,
        )  # fmt: skip


def _read_file(
    path: Path, name: str, enhanced: bool, ids: Counter[str], reading: ReadDocuments
) -> None:
    building: _Building | None = None
    disagree: list[int] = []
    withheld = True
    for sentence in _sentences(path):
        if building is None or "newdoc" in sentence.comments:
            if building is not None:
                reading.documents.append(building.built())
            own = distinct(sentence.comments.get("newdoc") or name, ids)
            building = _Building(own, split_of(path.name))
        if not _add_sentence(building, sentence, path, enhanced):
            disagree.append(sentence.line)
        if sentence.empty_nodes:
            reading.dropped[_EMPTY_NODES] += sentence.empty_nodes
        withheld = withheld and all(cells[1] == "_" for cells in sentence.words)
    if building is None:
        reading.dropped["a file without a sentence"] += 1
        return
    if withheld:
        raise DataError(
            f"{path} has no words, only _ in their place: its text is withheld; put the text in, "
            "as the treebank's own instructions say"
        )
    reading.documents.append(building.built())
    if disagree:
        reading.notes.append(
            f"{path}: # text of {count(len(disagree), 'sentence')} (the first at line "
            f"{disagree[0]}) does not hold the forms, which were put together instead."
        )


def _add_sentence(building: _Building, sentence: _Sentence, path: Path, enhanced: bool) -> bool:
    """Put a sentence into a document; whether its ``# text`` agrees."""
    surfaces = _surfaces(sentence, f"{path}, line {sentence.lines[-1]}")
    text, places, agrees = _placed(surfaces, sentence.comments.get("text"))
    begin = building.add(text, "newpar" in sentence.comments, surfaces[-1].space)
    items: list[int] = []  # the item of Document.words that each word is
    for surface, (start, end) in zip(surfaces, places, strict=True):
        parts = _parts(surface, (begin + start, begin + end), sentence.words)
        for n, (place, cells) in enumerate(
            zip(parts, sentence.words[surface.first :], strict=False)
        ):
            if n == 0 or place != parts[n - 1]:
                building.words.append(place)
            items.append(len(building.words) - 1)
            for column in (*_READ, _ENHANCED) if enhanced else _READ:
                for layer, label in _labels(column, cells[column]):
                    building.layers[layer].append((*place, label))
            if cells[1] == cells[2] == "_":  # the sign itself, and no gap
                building.layers["lemma"].append((*place, "_"))
    building.sentences.append((begin + places[0][0], begin + places[-1][1]))
    building.heads += _heads(sentence, items, path)
    building.syntax = building.syntax or any(cells[6] != "_" for cells in sentence.words)
    return agrees


def _heads(sentence: _Sentence, items: Sequence[int], path: Path) -> list[int]:
    """The head of each item of the sentence.

    Words that share an item have the head of the first that hangs on a word outside it.
    """
    found = dict.fromkeys(items, -1)
    for cells, line, item in zip(sentence.words, sentence.lines, items, strict=True):
        if cells[6] in ("_", "0"):
            continue
        known = cells[6].isascii() and cells[6].isdecimal() and len(cells[6]) < 10
        if not known or int(cells[6]) > len(items):
            raise DataError(
                f"{path}, line {line}: the head {quoted(cells[6])} is no word of the sentence; "
                "give the id of one, 0 or _"
            )
        head = items[int(cells[6]) - 1]
        if found[item] < 0 and head != item:
            found[item] = head
    return list(found.values())


@lru_cache(maxsize=1 << 16)  # most cells are like many others; each label once in memory
def _labels(column: int, cell: str) -> tuple[tuple[str, str], ...]:
    """The layer and the label of all that a cell says."""
    match column:
        case 1:
            found = [("word", cell.lower())]
        case 2 | 3 | 4:
            found = [(_ALWAYS[column - 2], cell.strip())] if cell.strip() not in ("_", "") else []
        case 5:
            found = [("feat", part) for part in _several(cell)]
        case 7:
            found = [("deprel", label) for label in _relations([cell])]
        case 8:
            edges = [part.partition(":")[2] for part in _several(cell)]
            found = [("edep", label) for label in _relations(edges)]
        case _:
            found = [
                ("misc", part) for part in _several(cell) if part.partition("=")[0] not in _SPACING
            ]
    return tuple(found)


def _several(cell: str) -> list[str]:
    return [] if cell == "_" else [part for part in cell.split("|") if part.strip()]


def _relations(given: Sequence[str]) -> list[str]:
    """Relations, and what each is a subtype of."""
    both = (name for relation in given for name in (relation.partition(":")[0], relation))
    return [name for name in dict.fromkeys(both) if name.strip() and name != "_"]
