"""Single texts in a table, for classifiers of sentiment, topic or spam; their words are concepts.

A position is a text. A concept is a word, and holds where the text has it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import users_path, whole_number
from andornot._tools.looks import check_file
from andornot._tools.numerals import whole
from andornot.data.samples import OWN, group_names, groups_by_name, is_expression, subset_indices
from andornot.data.sentences import looks
from andornot.data.sentences.concepts import STOP_WORDS
from andornot.data.sentences.modality import SINGLE
from andornot.data.sentences.readers import TOKEN, distinct, label_of
from andornot.data.sentences.tables import find_columns, table_rows
from andornot.errors import DataError, OptionError, quoted

KIND: Final = "sentences"

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text", "sentence", "review", "content", "comment", "tweet", "message"),
    "label": ("label", "sentiment", "class", "target", "category"),
    "id": ("id", "uid"),
    "split": ("split",),
    "group": (),
}
"""Names by which the columns are known, the preferred one first."""

N_WORDS: Final = 2000
"""How many words become concepts, as of sentence pairs."""

_OPTIONS: Final = ("split", "limit", "cut", "words", "group")
_NUMBERS: Final = ("limit", "cut", "words")
_OPTION = re.compile(r",([A-Za-z_-]+)=")
_EMPTY = "an empty text"


@dataclass(frozen=True, slots=True)
class Text:
    """A text, as a row of the table gives it.

    Attributes:
        id: unique in the data set.
        text: what the network reads, in the case of the file.
        label: its class; empty if unknown.
        split: such as ``test``; empty if unknown.
        group: what it has in common with texts of which it is not independent; may be empty.
    """

    id: str
    text: str
    label: str = ""
    split: str = ""
    group: str = ""

    @property
    def words(self) -> frozenset[str]:
        """Its words and signs in lower case, each once."""
        return frozenset(token.lower() for token in TOKEN.findall(self.text))


@dataclass(frozen=True, eq=False)
class SentenceData:
    """Single texts; ``probes.plain.AnnotatedRows`` with one position for each.

    Attributes:
        path: the file they come from.
        texts: at least one, with ids that are all different.
        names: the words that are concepts, the most frequent one first.
        dropped: how many rows of the file were left out, by reason.
        source: the arguments of :func:`open_single` that open it again.
        independent: whether each text is a group of its own.
    """

    path: Path
    texts: tuple[Text, ...] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    dropped: Mapping[str, int] = field(default_factory=dict)
    source: Mapping[str, Any] | None = None
    independent: bool = False

    modality: ClassVar[str] = SINGLE.name
    kind: ClassVar[str] = KIND

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        """Id of each text."""
        return tuple(text.id for text in self.texts)

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """Split of each text, empty where unknown."""
        return tuple(text.split for text in self.texts)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class of each text, empty where unknown."""
        return tuple(text.label for text in self.texts)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Name of each text's group: what the file says, and else the same words are one group."""
        if self.independent:
            return self.sample_ids
        said = [text.group or " ".join(text.text.lower().split()) for text in self.texts]
        return group_names(self.sample_ids, said)

    @property
    def categories(self) -> tuple[str, ...]:
        """Each concept is a word."""
        return ("word",) * len(self.names)

    @property
    def lengths(self) -> list[int]:
        """One position for each text."""
        return [1] * len(self)

    @cached_property
    def _column(self) -> dict[str, int]:
        return {word: column for column, word in enumerate(self.names)}

    def labels(self, sample: int) -> NDArray[np.bool_]:
        """Which words a text has, ``(n_words, 1)``."""
        found = np.zeros((len(self.names), 1), np.bool_)
        found[[self._column[w] for w in self.texts[sample].words if w in self._column]] = True
        return found

    def names_of_positions(self, sample: int) -> list[str]:
        """The text itself."""
        return [self.texts[sample].text]

    def subset(self, indices: Iterable[int]) -> SentenceData:
        """The same data with only these texts, in this order, and all concepts.

        Raises:
            OptionError: an index is out of range, stands twice, or there is none.
        """
        chosen = subset_indices(indices, len(self), "text")
        return replace(self, texts=tuple(self.texts[i] for i in chosen), source=None)

    def fingerprint(self) -> str:
        """A key for all that a network or a concept can see of the texts."""
        digest = hashlib.sha256(repr(self.names).encode())
        for text in self.texts:
            digest.update(repr((text.id, text.text, text.label, text.split)).encode())
        return digest.hexdigest()


def open_single(
    spec: str | Path,
    split: str | None = None,
    limit: int | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    cut: int | None = None,
    words: int | None = None,
    group: str | None = None,
) -> SentenceData:
    """Open a table with a text in each row.

    Args:
        spec: ``sentences:FILE``, a CSV or TSV file with a header. The options below may follow it, as
            ``sentences:reviews.csv,text=body,label=stars,cut=200``; they go before the arguments.
        split: which rows, where the table has a column ``split``.
        limit: keep at most so many texts, spread evenly over the file.
        columns: what the columns are called, such as ``{"text": "body"}`` (see ``COLUMNS``).
        cut: keep so many words and signs of each text, for networks that read no more; neither the
            network nor any concept sees what comes after.
        words: how many words become concepts, the most frequent ones; 2,000 if not given.
        group: which texts are not independent of each other: a column, an expression over the ids
            that begins with ``^``, or ``none``, so that each is its own group. If not given, texts
            of the same words.

    Raises:
        DataError: the file is missing, damaged, or has no text.
        OptionError: an option does not fit the file.
    """
    text, written = _options_of(str(spec))
    if written:
        given = {"split": split, "limit": limit, "columns": columns, "cut": cut, "words": words}
        return open_single(text, **({**given, "group": group} | written))
    path = _file_of(text)
    in_column = group is not None and group != OWN and not is_expression(group)
    named = {**(columns or {}), **({"group": str(group)} if in_column else {})}
    texts, dropped = _read(path, named, None if cut is None else whole_number(cut, "cut", 1))
    texts = _chosen(path, _grouped(texts, group), split, limit)
    n_words = N_WORDS if words is None else whole_number(words, "words", 1)
    source = {"spec": f"{KIND}:{path.absolute()}", "split": split, "limit": limit, "cut": cut,
              "columns": None if columns is None else dict(columns), "words": words,
              "group": group}  # fmt: skip
    return SentenceData(path, texts, _frequent(texts, n_words), dropped, source, group == OWN)


def _options_of(spec: str) -> tuple[str, dict[str, Any]]:
    """Part ``sentences:FILE,name=value,...`` into the file and its options."""
    text, *parts = _OPTION.split(spec)
    options: dict[str, Any] = {}
    columns: dict[str, str] = {}
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        number = whole(value) if name in _NUMBERS else None
        if name in _NUMBERS and number is None:
            raise OptionError(
                f"{quoted(spec)} gives {name} as {quoted(value)}; write a whole number"
            )
        if name in _OPTIONS:
            options[name] = value if number is None else number
        elif name in COLUMNS:
            columns[name] = value
        else:
            raise OptionError(
                f"{quoted(spec)} has the option {quoted(name)}; there are "
                f"{', '.join(_OPTIONS)}, and the columns {', '.join(COLUMNS)}"
            )
    return text, options | ({"columns": columns} if columns else {})


def _file_of(spec: str) -> Path:
    """The file that a text names."""
    kind, _, rest = spec.partition(":")
    if kind != KIND or not rest:
        raise OptionError(f"{quoted(spec)} names no sentences; give sentences:FILE with a table")
    path = users_path(rest, "the file of texts")
    check_file(path)
    if not path.is_file():
        raise DataError(f"there is no file {path}; give sentences:FILE with a table of texts")
    found = looks.looks_like(path)
    if found in (looks.LINES, looks.FEATS, looks.CONLLU):
        raise DataError(
            f"{path} looks like {found}; give a CSV or TSV file with a header (in pandas: "
            "frame.to_csv(FILE, index=False))"
        )
    return path


def _read(
    path: Path, columns: Mapping[str, str], cut: int | None
) -> tuple[tuple[Text, ...], dict[str, int]]:
    """The texts of a table, and how many rows were left out."""
    rows = table_rows(path)
    _, header = next(rows)
    used = find_columns(path, header, columns, COLUMNS, ("text",))
    texts: list[Text] = []
    dropped: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    for _, cells in rows:
        row = {key: cells[at].strip() for key, at in used.items()}
        own = distinct(row.get("id") or str(len(ids)), ids)
        kept = _first(row["text"], cut)
        if not TOKEN.search(kept):
            dropped[_EMPTY] += 1
            continue
        label = label_of(row.get("label", ""))
        texts.append(Text(own, kept, label, row.get("split", ""), row.get("group", "")))
    if not texts:
        raise DataError(f"{path} holds no text; give a file with at least one row that has some")
    return tuple(texts), dict(dropped)


def _first(text: str, cut: int | None) -> str:
    """The text up to the end of so many words and signs."""
    if cut is None:
        return text
    for number, found in enumerate(TOKEN.finditer(text), 1):
        if number == cut:
            return text[: found.end()]
    return text


def _grouped(texts: tuple[Text, ...], group: str | None) -> tuple[Text, ...]:
    """The texts with the groups that an expression tells; those of a column are read with it."""
    if group is None or not is_expression(group):
        return texts
    named = groups_by_name([text.id for text in texts], group)
    pairs = zip(texts, named, strict=True)
    return tuple(replace(text, group=name or text.id) for text, name in pairs)


def _chosen(
    path: Path, texts: tuple[Text, ...], split: str | None, limit: int | None
) -> tuple[Text, ...]:
    """The texts of a split, at most so many."""
    if split is not None:
        known = ", ".join(sorted({text.split for text in texts} - {""})) or "no split at all"
        texts = tuple(text for text in texts if text.split == split)
        if not texts:
            raise OptionError(f"{path} has no text in the split {quoted(split)}: it has {known}")
    if limit is None:
        return texts
    step = max(1.0, len(texts) / whole_number(limit, "limit", 1))
    return tuple(texts[int(i * step)] for i in range(min(limit, len(texts))))


def _frequent(texts: Sequence[Text], n_words: int) -> tuple[str, ...]:
    """The words that most texts have; equally frequent ones in alphabetical order."""
    counts = Counter(word for text in texts for word in text.words - STOP_WORDS)
    return tuple(sorted(counts, key=lambda word: (-counts[word], word))[:n_words])
