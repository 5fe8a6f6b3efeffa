"""Units whose meaning is known: the calibration set of all that says how far to trust.

A unit is the mask of a formula over real or drawn annotations, spoilt in one of four ways at
several strengths; or it means what the vocabulary cannot say; or it means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from andornot import ConceptTable
from andornot.concepts.positions import AtomMap
from andornot.counting.responses import known_positions
from andornot.counting.upsample import upsample
from andornot.errors import DataError, OptionError
from andornot.formula import And, Concept, Formula, Not, Or
from andornot.results.verdict import LEAST_POSITIONS

Mask = NDArray[np.bool_]

MEANINGS: Final = (
    "one concept", "a OR b", "a AND b", "a AND NOT b", "three concepts", "five concepts",
)  # fmt: skip
"""What a formula of the vocabulary says; the longer ones join concepts by OR and end in AND NOT."""

SUM: Final = "half of a second concept"
"""A polysemantic unit: all of one concept, and a random half of another one's groups; its truth is
``a OR b``."""

HIDDEN: Final = "not in the vocabulary"
"""A concept that the search does not get, nor those that are nearly the same."""

ANOTHER: Final = "mask of another sample"
"""``a OR b`` on other groups of samples: a real mask that has nothing to do with its samples."""

SHAPES: Final = "random shapes"
"""Smooth blobs as from a small map of noise, more in some groups than in others."""

NOTHING: Final = (ANOTHER, SHAPES)
"""Units without any meaning."""

NOISE: Final[dict[str, tuple[float, ...]]] = {
    "none": (0.0,),
    "missed": (0.2, 0.5, 0.8, 0.95, 0.99),
    "false alarms": (0.5, 2.0, 8.0, 32.0),
    "blur": (28, 14, 7, 4),
    "wrong labels": (0.2, 0.5, 0.8, 0.95),
}
"""Strengths of each noise: share of the active positions that are missed; false alarms for each
active position; height of the map that the mask was upsampled from; share of the groups (of rows of
several lengths) whose annotations are those of another one."""

AREA: Final = "active share"
"""What stands for the noise of random shapes; its strength is how much is active."""

_AREAS: Final = {"maps": (0.0005, 0.005, 0.02), "rows": (0.002, 0.01, 0.05)}
_AREAS_OF_SINGLES: Final = (0.01, 0.05, 0.3)
N_NOTHING: Final = 1 + len(_AREAS_OF_SINGLES)
"""Sorts of units without meaning: masks of other samples, and shapes of each size."""

_FULL: Final = 0.9
"""False alarms leave at least a tenth of the other positions alone."""


@dataclass(frozen=True, eq=False)
class Planted:
    """A unit whose meaning is known.

    Attributes:
        meaning: of :data:`MEANINGS`, :data:`NOTHING`, :data:`SUM` or :data:`HIDDEN`.
        noise, strength: how it was spoilt (see :data:`NOISE` and :data:`AREA`).
        truth: the formula; None where there is none.
        clean: the truth's mask by position; None where there is none.
        mask: where the unit is active, ``(n_positions,)``.
        hidden: concepts that the search does not get.
    """

    meaning: str
    noise: str
    strength: float
    truth: Formula | None
    clean: Mask | None
    mask: Mask
    hidden: tuple[str, ...] = ()


class Planter:
    """Makes units over the annotations of a concept table.

    Args:
        table: with positions; the samples' grids are all of one size, or rows of any length.
        seed: of everything.
        searched: on the first so many samples there must be enough of each concept; on all of
            them if not given.
    """

    def __init__(self, table: ConceptTable, seed: int, searched: int | None = None) -> None:
        self.table, self.rng = table, np.random.default_rng(seed)
        self.positions: AtomMap = known_positions(table)
        self.even = bool((self.positions.shapes == self.positions.shapes[:1]).all())
        if not self.even and (self.positions.shapes[:, 0] > 1).any():
            raise DataError("the samples' grids differ in size; give samples of one size")
        self.atoms = self.positions.each_alone().atoms
        self.searched = self.positions.n_samples if searched is None else searched
        numbers = self.positions.group_numbers
        starts = np.cumsum(np.bincount(numbers))[:-1]
        self._groups = np.split(np.argsort(numbers, kind="stable"), starts)
        self.common = self._common()

    def _common(self) -> list[int]:
        """Concepts that there is enough of, in numbers (see :meth:`_enough`)."""
        names = self.table.names
        chosen = [i for i, name in enumerate(names) if self._enough(self.table.concept_mask(name))]
        if len(chosen) < 6:
            raise DataError(
                f"only {len(chosen)} concepts are on 10 groups of samples or more; give more "
                "samples"
            )
        return chosen

    def _enough(self, atoms: Mask) -> bool:
        """Whether a mask is on 10 searched groups or more, and on half of the positions at most.

        A sample counts from 30 positions on, where samples are maps that have so many. In all it
        takes twice what a verdict needs, for noise takes some away.
        """
        areas = self.positions.areas(atoms)[: self.searched]
        sizes = np.diff(self.positions.offsets)[: self.searched]
        least = np.minimum(30, sizes) if self._are_maps else 1
        groups = self.positions.group_numbers[: self.searched]
        some = 2 * LEAST_POSITIONS <= areas.sum() <= sizes.sum() / 2
        return bool(some and len(np.unique(groups[areas >= least])) >= 10)

    @property
    def _are_maps(self) -> bool:
        return bool((self.positions.shapes[:, 0] > 1).all())

    def on_positions(self, atoms: Mask) -> Mask:
        """A mask of atoms, position by position."""
        mask: Mask = atoms[self.atoms]
        return mask

    def mask(self, formula: Formula) -> Mask:
        """Where a formula holds, ``(n_positions,)``."""
        return self.on_positions(self.table.mask(formula))

    def unit(self, meaning: str, noise: str, strength: float) -> Planted:
        """Draw a unit."""
        if meaning == HIDDEN:
            return self.hidden(self.formula(MEANINGS[0]), noise, strength)
        if meaning == SHAPES:
            return Planted(meaning, AREA, strength, None, None, self._shapes(strength))
        if meaning == ANOTHER:
            mask = self._spoilt(self._elsewhere(self.mask(self.formula("a OR b"))), noise, strength)
            return Planted(meaning, noise, strength, None, None, mask)
        truth = self.formula("a OR b" if meaning == SUM else meaning)
        clean = whole = self.mask(truth)
        if meaning == SUM:
            a, b = map(self.table.concept_mask, truth.concepts)
            whole = self.on_positions(a) | self._some_groups(self.on_positions(b), 0.5)
        mask = self._spoilt(whole, noise, strength)
        return Planted(meaning, noise, strength, truth, clean, mask)

    def hidden(self, concept: Formula, noise: str, strength: float) -> Planted:
        """A unit that means a concept which the search does not get."""
        mask = self._spoilt(self.mask(concept), noise, strength)
        hidden = self._like(concept.concepts[0])
        return Planted(HIDDEN, noise, strength, None, None, mask, hidden)

    def areas(self) -> tuple[float, ...]:
        """How much of all positions random shapes take, by the form of the samples."""
        if (self.positions.shapes == 1).all():
            return _AREAS_OF_SINGLES
        return _AREAS["maps" if self._are_maps else "rows"]

    def formula(self, meaning: str) -> Formula:
        """A formula that is no shorter one in disguise: without any concept it is another mask."""
        for _ in range(10_000):
            a, b, c, d, e = (
                Concept(self.table.names[i]) for i in self.rng.choice(self.common, 5, replace=False)
            )
            # the formula, then what is left of it without each of its concepts
            formula, *others = {
                "one concept": (a,),
                "a OR b": (Or(a, b), a, b),
                "a AND b": (And(a, b), a, b),
                "a AND NOT b": (And(a, Not(b)), a, Not(b)),
                "three concepts": (And(Or(a, b), Not(c)), And(a, Not(c)), And(b, Not(c)), Or(a, b)),
                "five concepts": (
                    And(_any(a, b, c, d), Not(e)), And(_any(b, c, d), Not(e)),
                    And(_any(a, c, d), Not(e)), And(_any(a, b, d), Not(e)),
                    And(_any(a, b, c), Not(e)), _any(a, b, c, d),
                ),
            }[meaning]  # fmt: skip
            whole = self.table.mask(formula)
            if self._enough(whole) and all(self._overlap(whole, o) < 0.9 for o in others):
                return formula
        raise DataError("the concepts hardly meet each other; give more samples")

    def _overlap(self, atoms: Mask, formula: Formula) -> float:
        """Jaccard index of two masks of atoms, by positions."""
        other, size = self.table.mask(formula), self.table.counts
        return float(size[atoms & other].sum() / max(1, size[atoms | other].sum()))

    def _like(self, name: str) -> tuple[str, ...]:
        """A concept and those whose masks are nearly the same: Jaccard index above .5."""
        own = self.table.concept_mask(name)
        near = (n for n in self.table.names if n != name and self._overlap(own, Concept(n)) > 0.5)
        return (name, *near)

    def _spoilt(self, mask: Mask, noise: str, strength: float) -> Mask:
        if noise == "none":
            return mask
        if noise == "missed":
            kept: Mask = mask & (self.rng.random(len(mask), np.float32) >= strength)
            return kept
        if noise == "false alarms":
            chance = min(_FULL, strength * mask.sum() / max(1, len(mask) - mask.sum()))
            more: Mask = mask | (self.rng.random(len(mask), np.float32) < chance)
            return more
        if noise == "blur":
            return self._blurred(mask, int(strength))
        if noise == "wrong labels":
            return self._moved(mask, strength)
        raise OptionError(f"there is no noise {noise!r}; choose among {', '.join(NOISE)}")

    def _blurred(self, mask: Mask, size: int) -> Mask:
        """As from a small map: averaged, upsampled, cut so that as many positions are active."""
        height, width = self.positions.shapes[0].tolist()
        small = small_maps(mask.reshape(-1, height, width), size)
        return _top(upsample(small, height, width).ravel(), int(mask.sum()))

    def _shapes(self, share: float) -> Mask:
        """Random shapes: noise of a group, of each of its samples, and a level of the group.

        So frames of a group look much alike, and some groups have many active positions.
        """
        rng, groups = self.rng, self.positions.group_numbers
        levels = rng.standard_normal(self.positions.n_groups)
        if not self.even:
            # running text: a knot at every third token, straight lines between them
            n = len(self.atoms)
            knots = rng.standard_normal(n // 3 + 2)
            wave = np.interp(np.arange(n) / 3, np.arange(len(knots)), knots)
            return _top(wave + np.repeat(levels[groups], np.diff(self.positions.offsets)),
                        round(share * n))  # fmt: skip
        height, width = self.positions.shapes[0].tolist()
        cells = int(rng.integers(7, 15))
        grid = min(cells, height), min(cells, width)
        small = 0.9 * rng.standard_normal((self.positions.n_groups, *grid), np.float32)[groups]
        small += 0.45 * rng.standard_normal((len(groups), *grid), np.float32)
        small += levels[groups, None, None]
        return _top(upsample(small, height, width).ravel(), round(share * len(self.atoms)))

    def _some_groups(self, mask: Mask, share: float) -> Mask:
        """The mask on a random share of the groups alone."""
        kept = self.rng.random(self.positions.n_groups) < share
        sizes = np.diff(self.positions.offsets)
        some: Mask = mask & np.repeat(kept[self.positions.group_numbers], sizes)
        return some

    def _moved(self, mask: Mask, share: float) -> Mask:
        """A random share of the groups get each other's masks.

        Where rows differ in length, groups hardly ever have the same form: then rows of one length
        do so.
        """
        offsets, moved = self.positions.offsets, mask.copy()
        parts = self._groups if self.even else np.arange(self.positions.n_samples)[:, None]
        alike: dict[tuple[int, ...], list[int]] = {}
        for g in self.rng.permutation(len(parts))[: round(share * len(parts))]:
            sizes = np.diff(offsets)[parts[g]]
            alike.setdefault(tuple(sizes.tolist()), []).append(int(g))
        for members in alike.values():
            for to, source in zip(members, members[1:] + members[:1], strict=True):
                for s, t in zip(parts[to], parts[source], strict=True):
                    moved[offsets[s] : offsets[s + 1]] = mask[offsets[t] : offsets[t + 1]]
        return moved

    def _elsewhere(self, mask: Mask) -> Mask:
        """The mask on other groups: all are exchanged, or running text moves on, as a circle."""
        if self.even:
            return self._moved(mask, 1.0)
        n = len(mask)
        turned: Mask = np.roll(mask, int(self.rng.integers(n // 10, n - n // 10)))
        return turned


def _any(*concepts: Concept) -> Formula:
    """One of these, written from the left as searches write it."""
    formula: Formula = concepts[0]
    for concept in concepts[1:]:
        formula = Or(formula, concept)
    return formula


def _top(values: NDArray[np.floating], count: int) -> Mask:
    """Where the ``count`` largest values are, or fewer where values are equal."""
    if count <= 0:
        return np.zeros(len(values), np.bool_)
    at = max(0, len(values) - count - 1)
    above: Mask = values > np.partition(values, at)[at]
    return above


def small_maps(maps: Mask, size: int) -> NDArray[np.float32]:
    """Maps ``(n, height, width)`` averaged to ``size`` rows and columns."""
    import torch
    from torch.nn.functional import adaptive_avg_pool2d

    whole = torch.from_numpy(maps.astype(np.float32))[:, None]
    small: NDArray[np.float32] = adaptive_avg_pool2d(whole, size)[:, 0].numpy()
    return small


def planted(
    table: ConceptTable, *, each: int = 4, seed: int = 0, searched: int | None = None
) -> Iterator[Planted]:
    """Units of every meaning, noise and strength, ``each`` of them (see :class:`Planter`).

    Those that are not in the vocabulary are the same ``each`` concepts at every noise.
    """
    planter = Planter(table, seed, searched)
    for meaning in (*MEANINGS, SUM):
        for noise, strength in strengths(table):
            for _ in range(each):
                yield planter.unit(meaning, noise, strength)
    for _ in range(each):
        concept = planter.formula(MEANINGS[0])
        for noise, strength in strengths(table):
            yield planter.hidden(concept, noise, strength)
    yield from _nothing(planter, each)


def nothing(
    table: ConceptTable, *, each: int = 100, seed: int = 0, searched: int | None = None
) -> Iterator[Planted]:
    """Units without any meaning, ``each`` of every sort."""
    yield from _nothing(Planter(table, seed, searched), each)


def _nothing(planter: Planter, each: int) -> Iterator[Planted]:
    for _ in range(each):
        yield planter.unit(ANOTHER, "none", 0.0)
    for area in planter.areas():
        for _ in range(each):
            yield planter.unit(SHAPES, AREA, area)


def strengths(table: ConceptTable) -> list[tuple[str, float]]:
    """Each noise with each strength; only maps that are large enough can be blurred."""
    least = int(known_positions(table).shapes.min())
    return [
        (noise, strength)
        for noise, values in NOISE.items()
        for strength in values
        if noise != "blur" or strength < least
    ]
