"""What the kernels of the optimal search hold: the rule, the unit, the tree and the prefix."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

N_NODES, N_OPEN, N_TRIED = 0, 1, 2


class Rule(NamedTuple):
    """What is searched, for one unit and one range of lengths."""

    metric: int
    a: int  # active positions of the unit
    n: int  # all positions
    penalty: float
    shortest: int  # formulas of so many concepts ...
    length: int  # ... to so many
    has: NDArray[np.bool_]  # (3,) whether an operator is used
    pool: NDArray[np.int64]  # concepts to continue with, in the order of their rank
    rank: NDArray[np.int64]  # (n_concepts,) place in the pool, -1 for those that can only begin
    slope: int


class Unit(NamedTuple):
    """What the unit does on atoms and on single concepts."""

    active: NDArray[np.int64]  # (n_atoms,) its active positions in each atom
    weights: NDArray[np.int64]  # (n_atoms,)
    i: NDArray[np.int64]  # (n_concepts,) active positions of each concept
    w: NDArray[np.int64]  # (n_concepts,) W of each concept
    v: NDArray[np.int64]  # (n_concepts,) V of each concept
    by_w: NDArray[np.int64]  # the concepts of the pool, those of largest W first
    all_v: int  # V of everything


class Open(NamedTuple):
    """Prefixes as a tree, and a heap of those that are open; highest bound on top."""

    bound: NDArray[np.int64]  # of each prefix: no W of what continues it exceeds this
    parent: NDArray[np.int64]
    concept: NDArray[np.int32]
    operator: NDArray[np.int8]
    depth: NDArray[np.int8]
    heap: NDArray[np.int32]
    sizes: NDArray[np.int64]  # (3,) prefixes, open ones, prefixes tried with every concept

    @classmethod
    def of_capacity(cls, capacity: int) -> Open:
        """An empty tree with room for so many prefixes."""
        return cls(
            np.zeros(capacity, np.int64),
            np.zeros(capacity, np.int64),
            np.zeros(capacity, np.int32),
            np.zeros(capacity, np.int8),
            np.zeros(capacity, np.int8),
            np.zeros(capacity, np.int32),
            np.zeros(3, np.int64),
        )

    def grown(self) -> Open:
        """The same with twice the room."""
        arrays = self._asdict()
        sizes = arrays.pop("sizes")
        more = {name: np.concatenate([rows, rows]) for name, rows in arrays.items()}
        return Open(sizes=sizes, **more)

    @property
    def highest(self) -> int:
        """The highest bound of the open prefixes."""
        return int(self.bound[self.heap[0]])

    @property
    def n_open(self) -> int:
        """Prefixes that are open."""
        return int(self.sizes[N_OPEN])

    @property
    def tried(self) -> int:
        """Prefixes that were tried with every concept."""
        return int(self.sizes[N_TRIED])


class Prefix(NamedTuple):
    """The prefix at hand; the arrays are written over for the next one."""

    terms: NDArray[np.int64]  # (length,)
    operators: NDArray[np.int64]  # (length,)
    mask: NDArray[np.uint8]  # (n_atoms,), 1 where the prefix is true
    spare: NDArray[np.uint8]  # room for another mask
    tried: NDArray[np.uint8]  # room for the mask of a formula that is tried
    in_c: NDArray[np.uint8]  # room for the mask of a concept
    i: NDArray[np.int64]  # (n_concepts,) active positions shared with each concept
    w: NDArray[np.int64]  # (n_concepts,) W of what is shared with each concept
    v: NDArray[np.int64]  # (n_concepts,) V likewise
    next_w: NDArray[np.int64]  # (n_concepts,) W likewise, of the prefix that is one longer
    ahead: NDArray[np.int64]  # (3, n_pool) see ``look_ahead``
    tops: NDArray[np.int64]  # (3, length + 1) sums of the largest V, see ``_branch``
    level: NDArray[np.int64]  # (1,) what W must exceed

    @classmethod
    def room(cls, rule: Rule, unit: Unit) -> Prefix:
        """Arrays of the right sizes."""
        masks = np.zeros((4, len(unit.active)), np.uint8)
        i, w, v, next_w = np.zeros((4, len(unit.i)), np.int64)
        terms, operators = np.zeros((2, rule.length), np.int64)
        return cls(
            terms, operators, masks[0], masks[1], masks[2], masks[3], i, w, v, next_w,
            np.zeros((3, len(rule.pool)), np.int64),
            np.zeros((3, rule.length + 1), np.int64),
            np.zeros(1, np.int64),
        )  # fmt: skip
