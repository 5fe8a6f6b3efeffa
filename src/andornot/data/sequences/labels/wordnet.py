"""Classes of words by WordNet, from its own files (an index and data of nouns, and so on).

Of a word the first sense counts, which is the most frequent one: what it means here, nobody says.
The tags of the document (``tag:NOUN``), where there are any, say which part of speech; else all of
them count. A concept is a lexicographer's class (``wordnet:noun.animal``), or a synset that the
sense is or lies under, by the name that it has elsewhere too (``wordnet:dog.n.01``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from andornot._tools.checks import users_path
from andornot._tools.words import brief
from andornot.concepts.provenance import Provenance
from andornot.data.sequences.align import overlapping
from andornot.data.sequences.labels.base import RuleSource, of_words
from andornot.data.sequences.view import DocumentView, Found
from andornot.errors import DataError, quoted

_FILES: Final = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
_OF_TAG: Final = {"NOUN": "n", "PROPN": "n", "VERB": "v", "AUX": "v", "ADJ": "a", "ADV": "r"}
_CLASSES: Final = (
    "adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act", "noun.animal", "noun.artifact",
    "noun.attribute", "noun.body", "noun.cognition", "noun.communication", "noun.event",
    "noun.feeling", "noun.food", "noun.group", "noun.location", "noun.motive", "noun.object",
    "noun.person", "noun.phenomenon", "noun.plant", "noun.possession", "noun.process",
    "noun.quantity", "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time",
    "verb.body", "verb.change", "verb.cognition", "verb.communication", "verb.competition",
    "verb.consumption", "verb.contact", "verb.creation", "verb.emotion", "verb.motion",
    "verb.perception", "verb.possession", "verb.social", "verb.stative", "verb.weather",
    "adj.ppl",
)  # fmt: skip
"""The lexicographers' classes, in the order of WordNet's numbers."""
_ENDINGS: Final = {
    "n": (
        ("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
        ("men", "man"), ("ies", "y"),
    ),
    "v": (
        ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"),
        ("ing", ""),
    ),
    "a": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "r": (),
}  # fmt: skip
"""What is taken off a word, and put on instead, until it is a lemma (WordNet's morphy)."""


@dataclass(frozen=True, eq=False)
class Synset:
    """A meaning.

    Attributes:
        group: the lexicographer's class, such as animals among nouns.
        words: the words that mean it.
        above: places of what it is a kind of.
    """

    group: str
    words: tuple[str, ...]
    above: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class WordNet:
    """WordNet's files in memory (about 20 MB).

    Attributes:
        path: their directory.
    """

    path: Path

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(
                f"{self.path / name} cannot be read ({error.strerror}); give the directory of "
                "WordNet's files, dict"
            ) from None

    @cached_property
    def _data(self) -> dict[str, bytes]:
        return {sort: self._bytes(f"data.{name}") for sort, name in _FILES.items()}

    @cached_property
    def _index(self) -> dict[str, dict[str, tuple[int, ...]]]:
        return {sort: self._read_index(f"index.{name}") for sort, name in _FILES.items()}

    @cached_property
    def _exceptions(self) -> dict[str, dict[str, list[str]]]:
        return {sort: self._read_exceptions(f"{name}.exc") for sort, name in _FILES.items()}

    def _read_index(self, name: str) -> dict[str, tuple[int, ...]]:
        """Of each lemma the places of its senses, the most frequent one first."""
        found = {}
        for line in self._lines(name):
            parts = line.split()
            try:
                found[parts[0]] = tuple(map(int, parts[-int(parts[2]) :]))
            except (ValueError, IndexError):
                raise self._damaged(name, line) from None
        return found

    def _read_exceptions(self, name: str) -> dict[str, list[str]]:
        if not (self.path / name).is_file():
            return {}
        return {word: lemmas for word, *lemmas in map(str.split, self._lines(name)) if lemmas}

    def _lines(self, name: str) -> Iterable[str]:
        lines = self._bytes(name).decode("utf-8", "replace").split("\n")
        # the licence stands indented on top
        return (line for line in lines if line.strip() and not line.startswith(" "))

    def _damaged(self, name: str, line: str) -> DataError:
        return DataError(
            f"{self.path / name} is damaged, or none of WordNet's: it has the line {quoted(line)}; "
            "get it again"
        )

    def lemmas(self, word: str, sort: str) -> list[str]:
        """What a word may be a form of, as far as there is such a lemma."""
        known = self._index[sort]
        forms = [word, *self._exceptions[sort].get(word, ())]
        if len(forms) == 1:
            forms += [
                word.removesuffix(end) + instead
                for end, instead in _ENDINGS[sort]
                if word.endswith(end) and len(word) > len(end)
            ]
        return [form for form in forms if form in known]

    def labels(self, word: str, sorts: Iterable[str], steps: int) -> tuple[str, ...]:
        """The class of a word's first sense, the sense, and what lies so many steps above it.

        Args:
            word: in lower case.
            sorts: parts of speech, among n, v, a and r.
            steps: how many.
        """
        found = dict[str, None]()
        for sort in sorts:
            for lemma in self.lemmas(word, sort)[:1]:
                level = {(sort, self._index[sort][lemma][0])}
                found[self.synset(*next(iter(level))).group] = None
                for _ in range(steps + 1):
                    found |= dict.fromkeys(self.name(*place) for place in sorted(level))
                    level = {above for place in level for above in self.synset(*place).above}
        return tuple(found)

    def synset(self, sort: str, place: int) -> Synset:
        """What stands at a place of a file of data.

        Raises:
            DataError: the file is damaged.
        """
        data = self._data[sort]
        line = data[place : data.find(b"\n", place)].decode("utf-8", "replace")
        parts = line.partition("|")[0].split()
        try:
            group, n = _CLASSES[int(parts[1])], int(parts[3], 16)
            pointers = parts[5 + 2 * n :]
            above = tuple(
                (sort, int(pointers[at + 1]))
                for at in range(0, 4 * int(parts[4 + 2 * n]), 4)
                if pointers[at] in ("@", "@i")
            )
            return Synset(group, tuple(parts[4 : 4 + 2 * n : 2]), above)
        except (ValueError, IndexError):
            raise self._damaged(f"data.{_FILES[sort]}", line) from None

    def name(self, sort: str, place: int) -> str:
        """The name of a synset: its first word, its part of speech, which sense of the word."""
        word = self.synset(sort, place).words[0].partition("(")[0].lower()
        senses = self._index[sort].get(word, ())
        number = senses.index(place) + 1 if place in senses else 0
        return f"{word}.{sort}.{number:02d}"


@dataclass(frozen=True, eq=False)
class Classes(RuleSource):
    """Classes of words.

    Attributes:
        wordnet: the files.
        steps: how many steps above a sense are taken.
    """

    wordnet: WordNet = field(kw_only=True)
    steps: int = field(kw_only=True)
    known: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict, init=False)

    __repr__ = brief

    @classmethod
    def of(cls, folder: str | Path, steps: int, most: int) -> Classes:
        """From a directory of WordNet's files."""
        path = users_path(folder, "the directory of WordNet")
        by = Provenance.rule("WordNet, first sense")
        return cls("wordnet", by, most, wordnet=WordNet(path), steps=steps)

    def key(self) -> Mapping[str, Any]:
        """Also the steps; the files are in the key of the options."""
        return {**super().key(), "steps": self.steps}

    def found(self, view: DocumentView) -> Found:
        """The classes of the words that a position overlaps."""
        words = [word.lower() for word in view.texts_of_words]
        lemmas = _of_layer(view, "lemma", [[word] for word in words])
        tags = _of_layer(view, "tag", [[] for _ in words])
        return of_words(view, [self._labels(*own) for own in zip(lemmas, tags, strict=True)])

    def _labels(self, lemmas: Sequence[str], tags: Sequence[str]) -> tuple[str, ...]:
        sorts = "".join(dict.fromkeys(_OF_TAG.get(tag, "") for tag in tags)) if tags else "nvar"
        word = lemmas[0].lower().replace(" ", "_")
        if (word, sorts) not in self.known:
            self.known[word, sorts] = self.wordnet.labels(word, sorts, self.steps)
        return self.known[word, sorts]


def _of_layer(
    view: DocumentView, layer: str, instead: Sequence[Sequence[str]]
) -> list[Sequence[str]]:
    """The labels that each word has in a layer, and else what stands there instead."""
    spans = view.document.layers.get(layer)
    if spans is None:
        return list(instead)
    found: list[list[str]] = [[] for _ in range(len(view.words))]
    words, which = overlapping(view.words, spans.extents)
    for word, span in zip(words.tolist(), which.tolist(), strict=True):
        found[word].append(spans.labels[span])
    return [own or other for own, other in zip(found, instead, strict=True)]
