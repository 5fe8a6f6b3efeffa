"""Words and their numbers in a model's embedding."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from andornot.errors import ModelError
from andornot.models.sentences.protocol import PairLike

PAD = "<pad>"
UNKNOWN = "<unk>"


@dataclass(frozen=True)
class Vocabulary:
    """The words that a model knows, all in lower case.

    Attributes:
        words: the word of each row of the embedding.
        unknown: the row that stands for all other words.
        padding: the row that fills short sentences up; it never reaches a result.
    """

    words: tuple[str, ...]
    unknown: int = 1
    padding: int = 0

    @classmethod
    def from_pairs(cls, pairs: Iterable[PairLike], min_count: int = 1) -> Self:
        """Collect the words of sentence pairs, the most frequent first (ties: as first seen)."""
        counts: Counter[str] = Counter()
        for pair in pairs:
            counts.update(token.lower() for token in pair.premise.tokens)
            counts.update(token.lower() for token in pair.hypothesis.tokens)
        known = (word for word, count in counts.most_common() if count >= min_count)
        return cls((PAD, UNKNOWN, *(word for word in known if word not in (PAD, UNKNOWN))))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a JSON list of the words in order, with ``<pad>`` and ``<unk>`` among them.

        Raises:
            ModelError: the file is missing or holds something else.
        """
        try:
            words = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"The vocabulary {path} cannot be read ({error}): give a JSON list of words."
            ) from error
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ModelError(f"The vocabulary {path} is not a JSON list of words: give one.")
        for word in (PAD, UNKNOWN):
            if word not in words:
                raise ModelError(f"The vocabulary {path} lacks {word}: add it where it belongs.")
        return cls(tuple(words), words.index(UNKNOWN), words.index(PAD))

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {word: row for row, word in enumerate(self.words)}

    def __len__(self) -> int:
        """Number of words, those for padding and unknown words included."""
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        """Tell whether a word (in any case) has a row of its own."""
        return word.lower() in self._rows

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Give the row of each token; a sentence without tokens is one unknown word."""
        rows = self._rows
        return [rows.get(token.lower(), self.unknown) for token in tokens] or [self.unknown]
