"""Word vectors: read the text format of GloVe, and find the nearest words by cosine.

A line is ``word v1 ... vd`` with single blanks between; in the largest published file some words
contain blanks themselves, so a line is read from its right end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot._tools.checks import users_path
from andornot._tools.looks import TEXT, amiss, check_file, looks_like
from andornot.errors import DataError, OptionError

_EQUAL_DIGITS = 12
"""Cosines that agree to so many decimals are equal: matrix products differ in the last bits."""

_CHUNK = 512
"""Words whose cosines with all others are held at one time."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors of words.

    Attributes:
        words: all different, in the order of the file.
        matrix: float32 ``(n_words, dimension)``.
        path: the file they come from.
    """

    words: tuple[str, ...]
    matrix: NDArray[np.float32]
    path: Path

    @cached_property
    def index(self) -> dict[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self.matrix.shape[1])

    def __len__(self) -> int:
        return len(self.words)


def read_glove(path: str | Path, words: Iterable[str] | None = None) -> Vectors:
    """Read word vectors in one pass; memory holds only the words that are wanted.

    Args:
        path: a text file in UTF-8, of any dimension (that of its first line, which must hold a
            word without blanks). A first line of two whole numbers, as word2vec writes it, is
            passed over.
        words: the words wanted, spelled as in the file; all if not given. Words that the file
            lacks are simply absent. Of a word that stands there twice, the first counts.

    Raises:
        DataError: the file is missing, holds no vectors, or has a damaged line. (Of lines that
            are not wanted, only the number of fields is looked at.)
    """
    path = users_path(path, "the file of vectors")
    wanted = None if words is None else {word.encode() for word in words}
    found: dict[str, NDArray[np.float32]] = {}
    dimension = 0
    for number, line, dimension in _lines(path):
        # a word of one piece is the common case, and much the cheaper one
        plain = line.count(b" ") == dimension
        word = line.partition(b" ")[0] if plain else line.rsplit(b" ", dimension)[0]
        if wanted is not None and word not in wanted:
            continue
        name = _decoded(word, path, number)
        if name not in found:
            found[name] = _numbers(line.rsplit(b" ", dimension)[1:], path, number)
    if not dimension:
        raise DataError(f"{path} holds no word vectors; give a file with a word and numbers a line")
    matrix = np.array(list(found.values()), np.float32).reshape(len(found), dimension)
    return Vectors(tuple(found), matrix, path)


def nearest(words: Sequence[str], vectors: Vectors, k: int = 5) -> dict[str, tuple[str, ...]]:
    """The ``k`` nearest of ``words`` to each of them, by the cosine of their vectors, exactly.

    Args:
        words: the vocabulary, all different: those whose neighbours are sought, and those that
            can be neighbours.
        vectors: words without a vector here (or whose vector is all 0) have no neighbours and are
            nobody's.
        k: how many neighbours; fewer where there are not so many words.

    Returns:
        For each word with a vector, in order, its neighbours without itself, the nearest first.
        Equally near ones come in the order of ``words``.

    Raises:
        OptionError: ``k`` is below 1.
    """
    if k < 1:
        raise OptionError(f"the number of neighbours is {k}; it must be at least 1")
    rows = {word: vectors.matrix[vectors.index[word]] for word in words if word in vectors.index}
    known = [word for word, row in rows.items() if row.any()]
    matrix = np.array([rows[word] for word in known], np.float64).reshape(-1, vectors.dimension)
    # by the largest entry first, so that very small or large vectors keep their direction
    matrix /= np.abs(matrix).max(axis=1, keepdims=True, initial=np.finfo(float).tiny)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    neighbours: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(known), _CHUNK):
        cosines = np.round(matrix[start : start + _CHUNK] @ matrix.T, _EQUAL_DIGITS)
        for offset, row in enumerate(cosines):
            row[start + offset] = -math.inf  # a word is no neighbour of its own
            near = np.argsort(-row, kind="stable")[: min(k, len(known) - 1)]
            neighbours[known[start + offset]] = tuple(known[i] for i in near)
    return neighbours


def _lines(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """The lines with vectors: number, content, and the dimension of the whole file."""
    dimension = 0
    check_file(path)
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                line = raw.rstrip(b" \r\n")
                if number == 1 and _is_header(line):
                    continue
                dimension = dimension or line.count(b" ")
                if line.count(b" ") < max(dimension, 1):
                    raise DataError(
                        f"{path}, line {number}: expected a word and {max(dimension, 1)} numbers "
                        f"after it, found {line.count(b' ')}; {_wrong(path)}"
                    )
                yield number, line, dimension
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); give a file of word vectors as text"
        ) from None


def _is_header(line: bytes) -> bool:
    """Whether a first line is that of word2vec: how many words, how many numbers each."""
    fields = line.split(b" ")
    return len(fields) == 2 and all(field.isdigit() for field in fields)


def _decoded(word: bytes, path: Path, number: int) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError:
        raise DataError(f"{path}, line {number}: the word is not UTF-8; {_wrong(path)}") from None


def _wrong(path: Path) -> str:
    """What is wrong with a file of vectors: another kind of file, or a damaged line."""
    return "mend or remove the line" if looks_like(path) == TEXT else amiss(path, TEXT)


def _numbers(fields: list[bytes], path: Path, number: int) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):  # what overflows is not finite, and refused below
            vector = np.array([float(field) for field in fields]).astype(np.float32)
    except ValueError as error:
        raise DataError(
            f"{path}, line {number}: {error}; expected a word and {len(fields)} numbers"
        ) from None
    if not np.isfinite(vector).all():
        raise DataError(f"{path}, line {number}: a number is not finite; mend or remove the line")
    return vector
