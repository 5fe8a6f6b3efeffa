"""Which words of sentences become concepts: options only.

Nothing heavy is imported here: the command line asks this record for its defaults.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from andornot._tools.checks import make_plain, put, texts, users_path, whole_number
from andornot.errors import DataError


@dataclass(frozen=True)
class Words:
    """Which words become concepts; the defaults are the paper's (section 3).

    Attributes:
        n_words: how many, the most frequent ones.
        stop_words: words that do not, however frequent; None for the published list at pair
            level, and for none at token level.
        vectors: file of word vectors, for NEIGHBORS; without it there are no such concepts.
        n_neighbors: how many neighbours a word has.

    Raises:
        OptionError: a value is of the wrong kind.

    Examples:
        >>> Words(n_words=500, stop_words=("a", "the")).n_neighbors
        5
    """

    n_words: int = 2000
    stop_words: tuple[str, ...] | None = None
    vectors: str | Path | None = None
    n_neighbors: int = 5

    def __post_init__(self) -> None:
        make_plain(self, "n_words", "n_neighbors")
        whole_number(self.n_words, "n_words")
        whole_number(self.n_neighbors, "n_neighbors")
        if self.stop_words is not None:
            put(self, "stop_words", texts(self.stop_words, "stop_words"))

    def key(self) -> dict[str, Any]:
        """All that shapes the concepts; a file of vectors counts by its size and time."""
        options = asdict(self)
        if self.vectors is not None:
            path = users_path(self.vectors, "the file of vectors")
            if not path.is_file():
                raise DataError(
                    f"there is no file {path} of word vectors; give one in GloVe's form"
                )
            # gigabytes are not read for a key; their bytes are compared where the user asks for it
            options["vectors"] = (path.stat().st_size, path.stat().st_mtime_ns)
        return options

    def facts(self) -> dict[str, Any]:
        """What the manifest says of them."""
        vectors = (
            None
            if self.vectors is None
            else str(users_path(self.vectors, "the file of vectors").absolute())
        )
        return asdict(self) | {"vectors": vectors}
