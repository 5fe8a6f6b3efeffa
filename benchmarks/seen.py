"""How planted units are seen: as masks that are given, or as activations with thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot import Responses
from andornot.concepts.table import ConceptTable
from andornot.counting.responses import count_responses, known_positions
from andornot.counting.stores import InMemory
from andornot.counting.thresholds import Threshold, find_thresholds
from andornot.errors import OptionError
from andornot.trust.recount import MaskRecount, Recount, StoredRecount
from benchmarks.planted import Mask, Planted, small_maps
from benchmarks.worlds import Ground

_SIDE: Final = 14
"""Height and width of a unit's map of activations, where samples are not smaller."""
_NOISE: Final = 0.1
"""Standard deviation of what is added to activations, which else are 0 to 1."""


class Seen(Protocol):
    """Some units on the searched samples, and on the others."""

    @property
    def responses(self) -> Responses:
        """On the searched samples."""

    @property
    def others(self) -> Responses:
        """On the others."""

    def recount(self, rows: list[int]) -> Recount:
        """Those of these rows on the searched samples, to be counted again."""


def seen(units: list[Planted], place: Ground, seed: int, *, maps: bool, jobs: int | None) -> Seen:
    """See units as maps of activations, or as the masks that they are.

    Raises:
        OptionError: maps are wanted where samples are no maps.
    """
    shapes = known_positions(place.whole).shapes
    even = bool((shapes == shapes[:1]).all())
    if maps:
        if not even or shapes.min() < 2:
            raise OptionError("samples are rows here; leave --maps out, or plant over label maps")
        return Recorded.of_maps(units, place, seed, jobs)
    return Given.of(units, place, jobs) if even else Recorded.of_rows(units, place, jobs)


@dataclass(frozen=True, eq=False)
class Given:
    """Units whose masks are given; their samples are grids of one size."""

    table: ConceptTable
    masks: Mask
    responses: Responses
    others: Responses
    jobs: int | None

    @classmethod
    def of(cls, units: list[Planted], place: Ground, jobs: int | None) -> Given:
        """See their masks."""
        searched, rest = _split(units, place)
        responses = Responses.from_masks(searched, place.table, jobs)
        others = Responses.from_masks(rest, place.others, jobs)
        return cls(place.table, searched, responses, others, jobs)

    def recount(self, rows: list[int]) -> Recount:
        """Some of the masks."""
        return MaskRecount(self.table, self.masks[rows], self.jobs)


@dataclass(frozen=True, eq=False)
class Recorded:
    """Units with activations and a threshold, which is found anew without each fold."""

    table: ConceptTable
    activations: InMemory
    rule: Threshold
    thresholds: NDArray[np.float64]
    responses: Responses
    others: Responses
    jobs: int | None

    @classmethod
    def of_rows(cls, units: list[Planted], place: Ground, jobs: int | None) -> Recorded:
        """Masks of rows of any length, as activations of 0 and 1 for each position."""
        whole = np.stack([unit.mask for unit in units], axis=1).astype(np.float32)[:, :, None, None]
        n = place.table.n_positions
        return cls._counted(whole[:n], whole[n:], Threshold(None, 0.5), place, jobs)

    @classmethod
    def of_maps(cls, units: list[Planted], place: Ground, seed: int, jobs: int | None) -> Recorded:
        """Maps of 14x14: the share of each cell that the mask takes, and noise."""
        rng, parts = np.random.default_rng(seed), []
        for masks in _split(units, place):
            side = min(_SIDE, *masks.shape[2:])
            maps = np.stack([small_maps(mask, side) for mask in masks], axis=1)
            parts.append(maps + np.float32(_NOISE) * rng.standard_normal(maps.shape, np.float32))
        return cls._counted(parts[0], parts[1], Threshold(), place, jobs)

    @classmethod
    def _counted(
        cls,
        searched: NDArray[np.float32],
        rest: NDArray[np.float32],
        rule: Threshold,
        place: Ground,
        jobs: int | None,
    ) -> Recorded:
        activations = InMemory(searched)
        found = find_thresholds(activations, rule, known_positions(place.table), jobs).values
        responses = count_responses(activations, found, place.table, jobs).responses
        others = count_responses(InMemory(rest), found, place.others, jobs).responses
        return cls(place.table, activations, rule, found, responses, others, jobs)

    def recount(self, rows: list[int]) -> Recount:
        """Some of the units."""
        return StoredRecount(
            self.table, self.activations, self.rule, self.thresholds, rows,
            self.responses.select(rows), self.jobs,
        )  # fmt: skip


def _split(units: list[Planted], place: Ground) -> tuple[Mask, Mask]:
    """The masks on the searched samples and on the others, ``(n_units, n, height, width)``."""
    shape, n = known_positions(place.whole).shapes[0].tolist(), place.table.n_positions
    searched = np.stack([unit.mask[:n].reshape(-1, *shape) for unit in units])
    return searched, np.stack([unit.mask[n:].reshape(-1, *shape) for unit in units])
