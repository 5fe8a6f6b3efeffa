"""What the kernels of the optimal search hold: the rule, the unit, the tree and the prefix.

Notation as in ``branch``. Beside each field stand its shape, what it holds, and who writes it; all
others only read. Three sorts of whole numbers, all int64 and all exact, are kept apart:

* *counts*: positions (``i``, ``active``, ``a``, ``n``);
* *weights*: ``W`` and ``V``, in units of ``1 / SCALE`` of a position. Sums of them are exact as
  well, so that ``W`` of a set does not hang on the order in which its atoms were added up;
* *bounds*: weights that nothing reaches from one side. ``Open.bound`` and ``tops`` lie at or above
  the truth, ``level`` at or below it: a bound may be loose, and must never be on the wrong side.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from andornot.search.problem import Ints, Mask

# places in ``Open.sizes``
N_NODES: Final = 0
N_OPEN: Final = 1
N_TRIED: Final = 2


class BranchRule(NamedTuple):
    """What is searched, for one unit and one range of lengths; ``search`` fills it in."""

    metric: int  # a value of ``measures.scores.METRICS``
    a: int  # count: active positions of the unit
    n: int  # count: all positions
    penalty: float  # what a score is multiplied by for each concept after the first
    shortest: int  # formulas of so many concepts ...
    length: int  # ... to so many
    has: NDArray[np.bool_]  # (3,) whether OR, AND and AND NOT are used
    pool: Ints  # (n_pool,) concepts to continue with, those of largest V first: by their rank
    rank: Ints  # (n_concepts,) place in the pool, -1 for those that can only begin
    slope: int  # what a false alarm weighs, in units of 1 / SCALE; at least 1
    negated: bool  # whether a formula may begin with NOT


class BranchUnit(NamedTuple):
    """What the unit does on atoms and on single concepts; ``search`` fills it in."""

    active: Ints  # (n_atoms,) count: its active positions in each atom
    weights: Ints  # (n_atoms,) weight of each atom
    i: Ints  # (n_concepts,) count: active positions of each concept
    w: Ints  # (n_concepts,) weight: W of each concept
    v: Ints  # (n_concepts,) weight: V of each concept
    by_w: Ints  # (n_pool,) the concepts of the pool, those of largest W first
    all_v: int  # weight: V of everything
    all_w: int  # weight: W of everything


class Open(NamedTuple):
    """Prefixes as a tree, and a heap of those that are open; highest bound on top.

    The tree is written by ``queue.push`` alone, and no prefix in it ever changes or goes.
    """

    bound: Ints  # (capacity,) upper bound: no W of what continues a prefix exceeds it
    parent: Ints  # (capacity,) the prefix that is one concept shorter, -1 for none
    concept: NDArray[np.int32]  # (capacity,) the last concept of a prefix ...
    operator: NDArray[np.int8]  # (capacity,) ... and the operator before it; AND NOT before the
    # first concept: NOT
    depth: NDArray[np.int8]  # (capacity,) how many concepts a prefix has
    heap: NDArray[np.int32]  # (capacity,) the open prefixes; ``push``, ``reopen`` and ``pop``
    sizes: Ints  # (3,) prefixes (``push``), open ones (``queue``, and ``branch.advance`` at the
    # end), prefixes tried with every concept (``branch.advance``, ``look_ahead``)

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
        # what the second half holds does not matter: `push` writes before anybody reads
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
    """The prefix at hand, and room to try what continues it; all written over for the next one.

    What ``prefix.recall`` writes stays until the next prefix is recalled. The rest is scratch: it
    holds something only for whom it says, and is read by nobody who was not given it.
    """

    terms: Ints  # (length,) concepts: ``recall`` writes those of the prefix, ``look_ahead`` and
    # ``_join_to`` the step after it, ``steps.try_step`` the last one of a formula to keep
    operators: Ints  # (length,) the operator before each term; likewise
    mask: Mask  # (n_atoms,) the prefix; ``recall``
    spare: Mask  # (n_atoms,) the first terms, prefix and step; ``steps.close`` and ``_join_to``
    tried: Mask  # (n_atoms,) a formula to keep; ``steps.try_step``
    in_c: Mask  # (n_atoms,) the concept that is joined; ``_join_to``
    i: Ints  # (n_concepts,) count: active positions shared with each concept; ``recall``
    w: Ints  # (n_concepts,) weight: W of what is shared with each concept; ``recall``
    v: Ints  # (n_concepts,) weight: V likewise; ``recall``
    next_w: Ints  # (n_concepts,) weight: W that a formula one step longer shares with each concept:
    # ``P op b`` in ``look_ahead``, which hands it to ``close``; ``P AND NOT c`` in ``_join``, which
    # hands it to ``_join_to``
    ahead: Ints  # (3, n_pool) upper bounds: for each place of the pool the most that a concept
    # behind it can do; ``bounds.peaks_of``
    tops: Ints  # (3, length + 1) upper bounds: the most V that 0, 1, 2, ... concepts add: to the
    # prefix (``_branch``), to nothing (``begin``, once), to what a step left of it (``_branch``;
    # and ``_begin_with_not``, what a step adds)
    level: Ints  # (1,) lower bound: W of every formula worth keeping exceeds it; ``set_level``

    @classmethod
    def room(cls, rule: BranchRule, unit: BranchUnit) -> Prefix:
        """Arrays of the right sizes; all 0, which is the empty prefix."""
        masks = np.zeros((4, len(unit.active)), np.uint8)
        i, w, v, next_w = np.zeros((4, len(unit.i)), np.int64)
        terms, operators = np.zeros((2, rule.length), np.int64)
        return cls(
            terms, operators, masks[0], masks[1], masks[2], masks[3], i, w, v, next_w,
            np.zeros((3, len(rule.pool)), np.int64),
            np.zeros((3, rule.length + 1), np.int64),
            np.zeros(1, np.int64),
        )  # fmt: skip
