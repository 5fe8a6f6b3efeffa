"""How the positions of one sample lie to each other, as far as operators of context ask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from andornot._tools.words import brief

Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """How the positions of a sample lie to each other; of an image there is nothing to say.

    Attributes:
        words: the number of the word that each position lies in, counted through the sample, -1 in
            none; int32 ``(n_positions,)``. None where positions form a grid and no row.
        tokens: the same of the network's own tokens; those of ``words`` if not given.
        heads: for each word the word that it hangs on, -1 of a root or where nobody says; int32.
            None without syntax.
        segments: the number of the segment of each position, across which nobody looks; int32
            ``(n_positions,)``. None where all is one.
        by_token: categories whose concepts lie on tokens; those of all others lie on words.

    Examples:
        The words "un-known sea" as three tokens:

        >>> around = Surroundings(np.array([0, 0, 1], np.int32), np.arange(3, dtype=np.int32))
        >>> around.items("tag").tolist(), around.items("token").tolist()
        ([0, 0, 1], [0, 1, 2])
    """

    words: Ints | None = None
    tokens: Ints | None = None
    heads: Ints | None = None
    segments: Ints | None = None
    by_token: frozenset[str] = frozenset({"token"})

    __repr__ = brief

    @property
    def in_a_row(self) -> bool:
        """Whether positions form a row of words, and not a grid."""
        return self.words is not None

    def items(self, category: str) -> Ints:
        """The number of the item of each position, in a category's own items."""
        own = self.tokens if category in self.by_token else None
        items = self.words if own is None else own
        assert items is not None, "only rows have items"
        return items


GRID = Surroundings()
"""Of images: where each position lies, its place in the grid says."""
