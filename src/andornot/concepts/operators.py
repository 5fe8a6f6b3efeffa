"""Operators of context: each makes a new mask from that of a concept, by looking around.

Let X be the positions of a sample that have a concept x. In a row, ``w(p)`` is the number of the
item (a word, or a token) at p; positions without an item have no neighbours, and segments never
look across. In a grid, row 0 is on top.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from andornot._tools.jit import jit
from andornot.concepts.surroundings import Ints, Surroundings

BoolArray = NDArray[np.bool_]
Apply = Callable[[BoolArray, Surroundings, "Ints | None"], BoolArray]
Needs = Literal["row", "heads", "grid", "sample"]

DOCUMENTS: Final = 50
"""Unlimited AFTER is a fingerprint of documents: it takes this many samples to tell more."""


@dataclass(frozen=True, eq=False)
class Operator:
    """An operator of context.

    Attributes:
        name: what it is called in formulas, as ``PREV``.
        needs: positions in a row, heads of words, a grid, or any sample of several positions.
        apply: from masks bool ``(n_concepts, height, width)``, the sample's surroundings and, of
            rows, the item of each position, to masks of the same shape.
        says: what it is true of, ``{}`` being the concept.
        ahead: whether it may look at what stands later.
        least_samples: samples that a column of it must hold in, whatever the user asks for.
        key: all that shapes it, where it is a user's.
    """

    name: str
    needs: Needs
    apply: Apply = field(repr=False)
    says: str
    ahead: bool = False
    least_samples: int = 0
    key: str = ""

    def sentence(self, concept: str) -> str:
        """What its concept of another one means, in words."""
        return self.says.format(concept)


def by_item(masks: BoolArray, items: Ints) -> BoolArray:
    """Which items have a concept anywhere; bool ``(n_concepts, n_items)``."""
    flat = masks.reshape(len(masks), -1)
    found = np.zeros((len(masks), int(items.max(initial=-1)) + 1), np.bool_)
    concept, position = np.nonzero(flat)
    item = items[position]
    found[concept[item >= 0], item[item >= 0]] = True
    return found


def _segment_of_items(items: Ints, around: Surroundings) -> Ints:
    """The segment of each item, -2 of one without positions."""
    found = np.full(int(items.max(initial=-1)) + 1, -2, np.int32)
    has = items >= 0
    found[items[has]] = 0 if around.segments is None else around.segments[has]
    return found


def _taken(found: BoolArray, wanted: NDArray[np.integer], has: BoolArray) -> BoolArray:
    """For each position what holds of the item that it looks at, nothing where it has none."""
    if not found.shape[1]:
        return np.zeros((len(found), len(wanted)), np.bool_)
    return found[:, np.where(has, wanted, 0)] & has


def _step(masks: BoolArray, around: Surroundings, items: Ints | None, *, by: int) -> BoolArray:
    """The item so many places further has x."""
    assert items is not None
    segment = _segment_of_items(items, around)
    wanted = items + by
    has = (items >= 0) & (wanted >= 0) & (wanted < len(segment))
    has[has] = segment[wanted[has]] == segment[items[has]]
    return _taken(by_item(masks, items), wanted, has).reshape(masks.shape)


def _after(masks: BoolArray, around: Surroundings, items: Ints | None) -> BoolArray:
    """Some item before has x."""
    assert items is not None
    found, segment = by_item(masks, items), _segment_of_items(items, around)
    before = np.zeros_like(found)
    for one in np.unique(segment):
        own = np.flatnonzero(segment == one)
        # shifted by one, for the item itself does not come before itself
        before[:, own[1:]] = np.logical_or.accumulate(found[:, own], axis=1)[:, :-1]
    return _taken(before, items, items >= 0).reshape(masks.shape)


def _after_few(masks: BoolArray, around: Surroundings, items: Ints | None) -> BoolArray:
    """One of the five items before has x."""
    each = (_step(masks, around, items, by=-step) for step in range(1, 6))
    found: BoolArray = np.logical_or.reduce(list(each))
    return found


def _head(masks: BoolArray, around: Surroundings, _items: Ints | None) -> BoolArray:
    """The word that the word at p hangs on has x."""
    words, heads = _syntax(around)
    if heads is None:
        return np.zeros_like(masks)
    wanted = np.where(words >= 0, heads[words], -1)
    found = by_item(masks, words)
    has = (wanted >= 0) & (wanted < found.shape[1])
    return _taken(found, wanted, has).reshape(masks.shape)


def _child(masks: BoolArray, around: Surroundings, _items: Ints | None) -> BoolArray:
    """Some word that hangs on the word at p has x."""
    words, heads = _syntax(around)
    if heads is None:
        return np.zeros_like(masks)
    found = by_item(masks, words)
    on = heads[: found.shape[1]]
    concept, word = np.nonzero(found & (on >= 0))
    of_child = np.zeros((len(masks), len(heads)), np.bool_)
    of_child[concept, on[word]] = True
    return _taken(of_child, words, words >= 0).reshape(masks.shape)


def _syntax(around: Surroundings) -> tuple[Ints, Ints | None]:
    assert around.words is not None
    # a document without words has no heads to ask, and no position to ask for them
    return around.words, around.heads if around.heads is not None and len(around.heads) else None


def _beside(
    masks: BoolArray, _around: Surroundings, _items: Ints | None, *, axis: int, back: bool
) -> BoolArray:
    """Positions without x that have x further on (back: before) along an axis of the grid."""
    turned = masks if back else np.flip(masks, axis)
    reached = np.logical_or.accumulate(turned, axis=axis)
    reached = reached if back else np.flip(reached, axis)
    # what accumulates begins with the position itself, which is not in X
    return reached & ~masks


def _near(masks: BoolArray, _around: Surroundings, _items: Ints | None) -> BoolArray:
    """Positions without x that have x within a tenth of the diagonal."""
    return np.stack([_near_one(mask) for mask in masks])


@jit
def _near_one(mask: BoolArray) -> BoolArray:
    """See :func:`_near`; in whole numbers, so that nothing is rounded."""
    height, width = mask.shape
    most = height * height + width * width
    # the nearest x of the same row, in columns; too far to count where there is none
    far = height + width + 1
    aside = np.full((height, width), far, np.int64)
    for r in range(height):
        last = -far
        for c in range(width):
            if mask[r, c]:
                last = c
            aside[r, c] = min(far, c - last)
        last = width + far
        for c in range(width - 1, -1, -1):
            if mask[r, c]:
                last = c
            aside[r, c] = min(aside[r, c], last - c)
    reach = 0
    while 100 * (reach + 1) * (reach + 1) <= most:
        reach += 1
    # how far aside an x may lie, so many rows away
    widest = np.zeros(reach + 1, np.int64)
    for dr in range(reach + 1):
        while 100 * (dr * dr + (widest[dr] + 1) * (widest[dr] + 1)) <= most:
            widest[dr] += 1
    near = np.zeros((height, width), np.bool_)
    for r in range(height):
        for other in range(max(0, r - reach), min(height, r + reach + 1)):
            if aside[other, 0] == far:  # a row without x
                continue
            limit = widest[abs(other - r)]
            for c in range(width):
                near[r, c] |= aside[other, c] <= limit
    for r in range(height):
        for c in range(width):
            if mask[r, c]:
                near[r, c] = False
    return near


def _with(masks: BoolArray, _around: Surroundings, _items: Ints | None) -> BoolArray:
    """All positions of a sample that has x anywhere."""
    held: BoolArray = np.any(masks.reshape(len(masks), -1), axis=1)
    return np.broadcast_to(held[:, None, None], masks.shape)


_ROW: Final = (
    Operator("PREV", "row", partial(_step, by=-1), "where the item before is {}"),
    Operator("PREV2", "row", partial(_step, by=-2), "where the item two before is {}"),
    Operator("NEXT", "row", partial(_step, by=1), "where the next item is {}", ahead=True),
    Operator(
        "AFTER",
        "row",
        _after,
        "where some earlier item of the sample is {}",
        least_samples=DOCUMENTS,
    ),
    Operator("AFTER5", "row", _after_few, "where one of the five items before is {}"),
    Operator("HEAD", "heads", _head, "where the word that this one hangs on is {}", ahead=True),
    Operator("CHILD", "heads", _child, "where a word that hangs on this one is {}", ahead=True),
)
_GRID: Final = (
    Operator(
        "ABOVE", "grid", partial(_beside, axis=1, back=False), "outside of {}, straight above it"
    ),
    Operator(
        "BELOW", "grid", partial(_beside, axis=1, back=True), "outside of {}, straight below it"
    ),
    Operator(
        "LEFT", "grid", partial(_beside, axis=2, back=False), "outside of {}, straight left of it"
    ),
    Operator(
        "RIGHT", "grid", partial(_beside, axis=2, back=True), "outside of {}, straight right of it"
    ),
    Operator("NEAR", "grid", _near, "outside of {}, within a tenth of the image's diagonal"),
)
_ANY: Final = (Operator("WITH", "sample", _with, "anywhere in a sample that has {} somewhere"),)

OPERATORS: Final[dict[str, Operator]] = {one.name: one for one in (*_ROW, *_GRID, *_ANY)}
"""The operators that come with andornot, by name."""
