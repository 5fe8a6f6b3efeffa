"""Units planted in text and in grids that follow what stands around: how many are found again.

    python -m benchmarks.looking_around

Each unit follows a rule, with a share of its positions moved elsewhere at random. It is recovered
if the formula found with the table's concepts has the rule's mask, to an IoU of .9.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.context import look_around
from andornot.concepts.context_options import ContextOptions
from andornot.concepts.of_users import operators_of
from andornot.concepts.operators import OPERATORS
from andornot.concepts.surroundings import GRID, Surroundings
from andornot.concepts.table import ConceptTable
from andornot.explainer import explain
from andornot.formula import parse
from andornot.search.options import SearchOptions

BoolArray = NDArray[np.bool_]
NOISE = (0.0, 0.3, 0.6)
UNITS = 10
RULES = {
    "previous token": "PREV({a}) OR {b}",
    "skip-gram": "{a} AND AFTER5({b})",
    "absence": "{a} AND NOT AFTER5({b})",
    "head's tag": "{a} AND HEAD({b})",
}
IN_GRIDS = {
    "above": "{a} AND ABOVE({b})",
    "near": "{a} AND NEAR({b})",
    "with": "{a} AND WITH({b})",
}


def text(rng: np.random.Generator) -> tuple[BoolArray, list[Surroundings]]:
    """Masks of twelve words in 120 documents, with heads at random."""
    words = rng.integers(0, 12, (120, 40))
    masks = np.stack([words == w for w in range(12)])[:, :, None]
    around = [
        Surroundings(
            np.arange(40, dtype=np.int32),
            heads=rng.integers(-1, 40, 40).astype(np.int32),
        )
        for _ in words
    ]
    return masks, around


def grids(rng: np.random.Generator) -> tuple[BoolArray, list[Surroundings]]:
    """Masks of six things, rectangles in 80 grids of 20 x 20, each in half of them."""
    masks = np.zeros((6, 80, 20, 20), np.bool_)
    for thing in range(6):
        for sample in np.flatnonzero(rng.random(80) < 0.5):
            top, left = rng.integers(0, 15, 2)
            height, width = rng.integers(3, 8, 2)
            masks[thing, sample, top : top + height, left : left + width] = True
    return masks, [GRID] * 80


def planted(rule: str, masks: BoolArray, around: list[Surroundings]) -> BoolArray:
    """The mask of a rule, operator by operator and sample by sample."""

    def mask_of(name: str) -> BoolArray:
        if "(" not in name:
            return np.asarray(masks[int(name[1:])])
        operator, _, concept = name.rstrip(")").partition("(")
        plain = masks[int(concept[1:])]
        made = [
            OPERATORS[operator].apply(one[None], own, own.words)[0]
            for one, own in zip(plain, around, strict=True)
        ]
        return np.stack(made)

    return parse(rule).evaluate(mask_of)


def noisy(mask: BoolArray, share: float, rng: np.random.Generator) -> BoolArray:
    """The mask with a share of its positions moved elsewhere."""
    flat = mask.ravel().copy()
    moved = rng.permutation(np.flatnonzero(flat))[: round(share * flat.sum())]
    others = rng.permutation(np.flatnonzero(~flat))[: len(moved)]
    flat[moved], flat[others] = False, True
    return flat.reshape(mask.shape)


def recovered(
    rules: dict[str, str],
    make: Callable[[np.random.Generator], tuple[BoolArray, list[Surroundings]]],
    operators: tuple[str, ...],
) -> Iterator[tuple[str, float, int, int, int]]:
    """For each sort of rule and level of noise: units, found without context, and with it."""
    rng = np.random.default_rng(0)
    masks, around = make(rng)
    names = [f"w{i}" for i in range(len(masks))]
    plain = ConceptTable.from_masks(masks, names)
    with tempfile.TemporaryDirectory() as folder:
        context = look_around(
            plain, around.__getitem__, ContextOptions(), Path(folder) / "table",
            operators=operators_of(operators),
        )  # fmt: skip
        for sort, rule in rules.items():
            pairs = [rng.choice(names, 2, replace=False) for _ in range(UNITS)]
            truths = [planted(rule.format(a=a, b=b), masks, around) for a, b in pairs]
            for share in NOISE:
                units = np.stack([noisy(truth, share, rng) for truth in truths])
                without = _alike(plain, units, truths)
                yield sort, share, UNITS, without, _alike(context, units, truths)


def _alike(table: ConceptTable, units: BoolArray, truths: list[BoolArray]) -> int:
    """How many formulas have the mask of the rule."""
    assert table.positions is not None
    result = explain(units, table, search=SearchOptions(length=2))
    n = 0
    for e, truth in zip(result, truths, strict=True):
        atoms = table.mask(e.formula) if e.formula is not None else np.zeros(table.n_atoms, bool)
        mask = np.stack([atoms[table.positions.sample(s)] for s in range(len(truth))])
        n += bool((mask & truth).sum() >= 0.9 * (mask | truth).sum())
    return n


def main() -> None:
    """Print the table."""
    print("| rule | noise | units | found without | with |\n|---|---|---|---|---|")
    text_operators = ("PREV", "AFTER5", "HEAD")
    for rules, make, operators in (
        (RULES, text, text_operators),
        (IN_GRIDS, grids, ("ABOVE", "NEAR", "WITH")),
    ):
        for row in recovered(rules, make, operators):
            print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main()
