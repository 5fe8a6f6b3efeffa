"""Explanations with a verdict each, made by hand: nothing is searched again for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import andornot
from andornot.concepts.table import ConceptTable
from andornot.results.explanation import Explanation
from andornot.results.result import Result
from andornot.results.trust import Core, HeldOut, HeldOutChance, Stability, Trust
from andornot.results.verdict import Support, Verdict
from andornot.runs.run import Run

NAMES = ("apple", "bird", "cloud", "door")
LENGTH = 3

_P = {Verdict.SOLID: 0.025, Verdict.PARTIAL: 0.025, Verdict.CHANCE: 0.4}
_LOW = {Verdict.SOLID: 1.0, Verdict.PARTIAL: 0.2, Verdict.CHANCE: -0.5}


def trust_of(
    verdict: Verdict,
    held_out: float = 0.6,
    gain: float = 2.0,
    *,
    length: int = LENGTH,
    shown: int | None = None,
    nulls: int = 39,
    pooled: float = 0.001,
) -> Trust:
    """What must be known for such a verdict; a unit with too little data needs ``support`` too."""
    tested = verdict is not Verdict.NOT_TESTED
    p, low = _P.get(verdict, 0.025), _LOW.get(verdict, 1.0)
    luck = HeldOutChance(
        nulls=nulls, reached=round(p * (nulls + 1)) - 1, p_value=p, searched=8, iou=0.1,
        spread=0.01, gain=gain, low=low, high=gain + 1, q_value=p, p_pooled=max(p, pooled),
        q_pooled=p,
    )  # fmt: skip
    ious = tuple(held_out * (0.9 if n == 1 < length else 1) for n in range(1, length + 1))
    return Trust(
        length,
        HeldOut(
            ious, ious, 0.9, length, hits=(60,) * length, area=(80,) * length, active=100,
            interval=(ious[(shown or length) - 1] - 0.05, ious[(shown or length) - 1] + 0.05),
        ),
        Stability(0.1, 0.9, 20, 17, 0.8, (("apple", 0.9),), mask_iou=0.93,
                  signed=(("apple", 0.95), ("NOT bird", 0.3))),
        held_out_chance=luck if tested else None,
        core=Core("apple", held_out / 2),
        shown_length=shown,
    )  # fmt: skip


def judged(e: Explanation, verdict: Verdict, **known) -> Explanation:
    """The explanation with this verdict."""
    little = Support(200, 3) if verdict is Verdict.TOO_LITTLE_DATA else None
    found = replace(e, trust=trust_of(verdict, **known), support=little)
    assert found.verdict is verdict
    return found


def given_verdicts(run: Run, verdicts: Sequence[Verdict], **known) -> Run:
    """The run as if its explanations with a formula, in the order of units, had these verdicts."""
    result = run.result()
    length = len(result[0].best_by_length)
    wanted = iter(verdicts)
    found = tuple(
        e if e.formula is None else judged(e, next(wanted), length=length, **known) for e in result
    )
    again = Run.open(run.path, trust_code=True)
    again.result()  # what is read once is kept
    again.__dict__["_results"][again.layer()] = replace(result, explanations=found)
    return again


def world(n_units: int = 5, seed: int = 0) -> tuple[np.ndarray, ConceptTable, Result]:
    """Masks, concepts, and explanations without any verdict; IoU grows with the unit's number."""
    rng = np.random.default_rng(seed)
    concepts = rng.random((4, 600)) < 0.3
    apple, bird, cloud, _ = concepts
    whole = (apple & ~bird) | cloud
    masks = np.array([
        whole ^ (rng.random(600) < 0.3 * (n_units - unit) / n_units) for unit in range(n_units)
    ])  # fmt: skip
    table = ConceptTable.from_masks(concepts, NAMES)
    return masks, table, andornot.explain(masks, table, length=LENGTH)


def one_of_each() -> Result:
    """Five units, of ever better IoU in sample and ever worse verdicts."""
    _, _, result = world(len(Verdict))
    both = zip(result, Verdict, strict=True)
    return replace(result, explanations=tuple(judged(e, verdict) for e, verdict in both))
