"""The core of a formula: what of it comes back when the samples are drawn again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from andornot._tools.parallel import ordered_map
from andornot.counting.active import UnitPositions
from andornot.formula import And, Concept, Formula, Not, Or, read_back
from andornot.formula_forms import negative_concepts, positive_concepts
from andornot.results.explanation import Scored
from andornot.results.trust import Core, HeldOut, Stability
from andornot.results.verdict import CORE_SHARE
from andornot.trust.parts import PartCounter
from andornot.trust.recount import Recount
from andornot.trust.repeat import Repeats


def signed_concepts(formula: Formula) -> Iterator[tuple[str, bool]]:
    """Each concept of a formula once for each sign, and whether it is taken away."""
    yield from dict.fromkeys((name, False) for name in positive_concepts(formula))
    yield from dict.fromkeys((name, True) for name in negative_concepts(formula))


def signed_text(name: str, *, taken: bool) -> str:
    """A concept with its sign, as records have it."""
    return f"NOT {name}" if taken else name


def only(formula: Formula, kept: set[str], *, absence: bool = False) -> Formula | None:
    """A formula without the concepts whose signed text is not among ``kept``; None if none is left.

    ``a OR b`` without ``a`` is ``b``; ``a AND NOT b AND c`` without ``a`` is ``c AND NOT b``;
    ``a AND NOT b`` without ``a`` is nothing, for what is taken away explains nothing by itself,
    unless ``absence`` says that it may. It may where a formula begins with NOT.
    """
    rest = _rest(formula, kept, taken=False)
    may = absence or begins_with_not(formula)
    return None if rest is None or (_takes_away(rest) and not may) else rest


def begins_with_not(formula: Formula) -> bool:
    """Whether NOT stands before the first concept, so that the formula says what is absent."""
    while isinstance(formula, And | Or):
        formula = formula.left
    return isinstance(formula, Not)


def _rest(formula: Formula, kept: set[str], *, taken: bool) -> Formula | None:
    """What is left, which may only take away."""
    if isinstance(formula, Concept):
        return formula if signed_text(formula.name, taken=taken) in kept else None
    if isinstance(formula, Not):
        operand = _rest(formula.operand, kept, taken=not taken)
        return None if operand is None or _takes_away(operand) else Not(operand)
    assert isinstance(formula, And | Or)
    left = _rest(formula.left, kept, taken=taken)
    right = _rest(formula.right, kept, taken=taken)
    if left is None or right is None:
        return right if left is None else left
    # what begins with NOT took nothing away from anything
    if not _takes_away(left) or _takes_away(formula.left):
        return type(formula)(left, right)
    # what was taken away from is gone: then from the other side, if both must hold
    if isinstance(formula, And):
        return And(left, right) if _takes_away(right) else And(right, left)
    return right


def _takes_away(formula: Formula) -> bool:
    """Whether it says only what does not hold."""
    if isinstance(formula, And):
        return _takes_away(formula.left) and _takes_away(formula.right)
    return isinstance(formula, Not)


def measure_core(
    recount: Recount,
    repeats: Repeats,
    shown: Sequence[Scored],
    lengths: Sequence[int],
    held_out: Sequence[HeldOut | None],
    stability: Sequence[Stability | None],
) -> list[Core | None]:
    """The core of each unit's formula that is shown.

    Args:
        recount: the units' masks.
        repeats: the search.
        shown: what is shown of each unit, and
        lengths: how long it could become.
        held_out: what was measured of it on held-out samples, and
        stability: on samples drawn again.

    Returns:
        None where nothing was searched again, or there are no folds.
    """
    counter = PartCounter.of(repeats)
    mask_of = cache(repeats.table.mask)
    found: list[Core | None] = [None] * len(shown)
    for some, units in recount.listed():

        def one(at: int, some: range = some, units: list[UnitPositions] = units) -> Core | None:
            number = some[at]
            held, stable = held_out[number], stability[number]
            if held is None or stable is None or not stable.signed:
                return None
            iou = held.by_length[lengths[number] - 1]
            return _core(units[at], shown[number], held, stable, iou, counter, mask_of)

        for number, core in zip(
            some, ordered_map(one, range(len(units)), repeats.jobs), strict=True
        ):
            found[number] = core
    return found


def _core(
    unit: UnitPositions,
    shown: Scored,
    held: HeldOut,
    stable: Stability,
    iou: float,
    counter: PartCounter,
    mask_of: Callable[[str], NDArray[np.bool_]],
) -> Core:
    kept = {text for text, share in stable.signed if share >= CORE_SHARE}
    core = only(shown.formula, kept)
    if core is None:
        return Core(None, 0.0)
    if core == shown.formula:
        # nothing was left out, so this is the score of the formula itself
        return Core(str(core), iou)
    twins = {own.concept: own.others for own in shown.twins}
    like = kept | {
        signed_text(other, taken=taken)
        for name, taken in signed_concepts(shown.formula)
        if signed_text(name, taken=taken) in kept
        for other in twins.get(name, ())
    }
    absence = begins_with_not(shown.formula)
    masks = np.zeros((counter.n_folds, 1, counter.n_atoms), np.uint8)
    for fold, text in enumerate(held.formulas):
        rest = None if text is None else only(read_back(text), like, absence=absence)
        if rest is not None:
            masks[fold, 0] = mask_of(str(rest))
    both, active = counter.by_sample(unit, masks)
    hits = int(both.sum())
    union = int(active.sum() + counter.areas(masks).sum()) - hits
    return Core(str(core), hits / max(1, union))
