"""``python -m benchmarks planted``: units whose meaning is known, and what is found of it.

The calibration set of everything that says how far an explanation can be trusted. A unit is the
mask of a formula over real or drawn annotations, spoilt in one of four ways at several strengths;
or it means nothing that the vocabulary could say. Each is searched for and assessed as any other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from andornot import ConceptTable, assess, explain
from andornot._tools.progress import track
from andornot.concepts.positions import AtomMap
from andornot.counting.responses import known_positions
from andornot.data.sentences.open import KINDS
from andornot.errors import DataError, OptionError
from andornot.formula import And, Concept, Formula, Not, Or
from andornot.results.explanation import Explanation
from andornot.trust.options import TrustOptions
from benchmarks.clock import Clock, machine

Mask = NDArray[np.bool_]

MEANINGS: Final = (
    "one concept", "a OR b", "a AND b", "a AND NOT b", "three concepts", "five concepts",
)  # fmt: skip
"""What a formula of the vocabulary says; the longer ones join concepts by OR and end in AND NOT."""

NOTHING: Final = ("not in the vocabulary", "mask of another sample")
"""Units that no formula can explain: their concept is left out of the search, or their mask is
that of another group of samples."""

SUM: Final = "half of a second concept"
"""A polysemantic unit: all of one concept, and a random half of another one's samples."""

NOISE: Final[dict[str, tuple[float, ...]]] = {
    "none": (0.0,),
    "missed": (0.2, 0.5, 0.8),
    "false alarms": (0.5, 2.0, 8.0),
    "blur": (28, 14, 7),
    "wrong labels": (0.2, 0.5, 0.8),
}
"""Strengths of each noise: share of the active positions that are missed; false alarms for each
active position; height of the map that the mask was upsampled from; share of the groups whose
annotations are those of another one."""


@dataclass(frozen=True, eq=False)
class Planted:
    """A unit whose meaning is known.

    Attributes:
        meaning: of :data:`MEANINGS`, :data:`NOTHING`, or :data:`SUM`.
        noise, strength: how it was spoilt (see :data:`NOISE`).
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
        table: with positions; the samples' grids are all of one size.
        seed: of everything.
    """

    def __init__(self, table: ConceptTable, seed: int) -> None:
        self.table, self.rng = table, np.random.default_rng(seed)
        self.positions: AtomMap = known_positions(table)
        if (self.positions.shapes != self.positions.shapes[:1]).any():
            raise DataError("the samples' grids differ in size; give samples of one size")
        self.atoms = self.positions.each_alone().atoms
        self.shape = (self.positions.n_samples, *map(int, self.positions.shapes[0]))
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
        """Whether a mask is on 10 groups of samples or more, and on half of the positions at most.

        A sample counts from 30 positions on, if it has so many.
        """
        size = self.table.fold_counts.sum(axis=1)
        if not 0 < size[atoms].sum() <= self.table.n_positions / 2:
            return False
        by_sample = self.on_positions(atoms).reshape(self.shape[0], -1).sum(axis=1)
        least = min(30, self.shape[1] * self.shape[2])
        return len(np.unique(self.positions.group_numbers[by_sample >= least])) >= 10

    def on_positions(self, atoms: Mask) -> Mask:
        """A mask of atoms, position by position."""
        mask: Mask = atoms[self.atoms]
        return mask

    def mask(self, formula: Formula) -> Mask:
        """Where a formula holds, ``(n_positions,)``."""
        return self.on_positions(self.table.mask(formula))

    def unit(self, meaning: str, noise: str, strength: float) -> Planted:
        """Draw a unit."""
        if meaning in MEANINGS:
            truth = self._formula(MEANINGS.index(meaning))
            clean = self.mask(truth)
            mask = self._spoilt(clean, noise, strength)
            return Planted(meaning, noise, strength, truth, clean, mask)
        truth = self._formula(0)
        clean = self.mask(truth)
        if meaning == SUM:
            other = self._some_groups(self.mask(self._formula(0)), 0.5)
            mask = self._spoilt(clean | other, noise, strength)
            return Planted(meaning, noise, strength, truth, clean, mask)
        if meaning == NOTHING[0]:
            hidden = self._like(truth.concepts[0])
            mask = self._spoilt(clean, noise, strength)
            return Planted(meaning, noise, strength, None, None, mask, hidden)
        mask = self._moved(self.mask(self._formula(1)), 1.0)
        return Planted(meaning, noise, strength, None, None, self._spoilt(mask, noise, strength))

    def _formula(self, sort: int) -> Formula:
        """A formula that is no shorter one in disguise: each of its concepts changes its mask."""
        for _ in range(10_000):
            a, b, c, d, e = (
                Concept(self.table.names[i]) for i in self.rng.choice(self.common, 5, replace=False)
            )
            formula = (
                a, Or(a, b), And(a, b), And(a, Not(b)), And(Or(a, b), Not(c)),
                And(Or(Or(Or(a, b), c), d), Not(e)),
            )[sort]  # fmt: skip
            if self._needs_all(formula):
                return formula
        raise DataError("the concepts hardly meet each other; give more samples")

    def _needs_all(self, formula: Formula) -> bool:
        whole = self.table.mask(formula)
        size = self.table.fold_counts.sum(axis=1)
        if not self._enough(whole):
            return False
        parts: list[Formula] = []
        while isinstance(formula, And | Or):
            parts.append(formula.left)
            formula = formula.left
        shares = [
            size[whole & self.table.mask(part)].sum() / size[whole | self.table.mask(part)].sum()
            for part in parts
        ]
        return all(share < 0.9 for share in shares)

    def _like(self, name: str) -> tuple[str, ...]:
        """A concept and those whose masks are nearly the same: Jaccard index above .5."""
        own = self.table.concept_mask(name)
        size = self.table.fold_counts.sum(axis=1)
        near = [name]
        for further in self.table.names:
            other = self.table.concept_mask(further)
            if further != name and size[own & other].sum() > 0.5 * size[own | other].sum():
                near.append(further)
        return tuple(near)

    def _spoilt(self, mask: Mask, noise: str, strength: float) -> Mask:
        if noise == "none":
            return mask
        if noise == "missed":
            kept: Mask = mask & (self.rng.random(len(mask)) >= strength)
            return kept
        if noise == "false alarms":
            chance = strength * mask.sum() / max(1, len(mask) - mask.sum())
            more: Mask = mask | (self.rng.random(len(mask)) < chance)
            return more
        if noise == "blur":
            return self._blurred(mask, int(strength))
        if noise == "wrong labels":
            return self._moved(mask, strength)
        raise OptionError(f"there is no noise {noise!r}; choose among {', '.join(NOISE)}")

    def _blurred(self, mask: Mask, size: int) -> Mask:
        """As from a small map: averaged, upsampled, cut so that as many positions are active."""
        import torch
        from torch.nn.functional import adaptive_avg_pool2d, interpolate

        maps = torch.from_numpy(mask.reshape(self.shape)[:, None].astype(np.float32))
        small = adaptive_avg_pool2d(maps, size)
        large = interpolate(small, self.shape[1:], mode="bilinear", align_corners=False)
        values = large.numpy().ravel()
        level = np.partition(values, len(values) - int(mask.sum()) - 1)[-int(mask.sum()) - 1]
        blurred: Mask = values > level
        return blurred

    def _some_groups(self, mask: Mask, share: float) -> Mask:
        """The mask on a random share of the groups alone."""
        kept = self.rng.random(self.positions.n_groups) < share
        rows = mask.reshape(self.shape) & kept[self.positions.group_numbers][:, None, None]
        some: Mask = rows.ravel()
        return some

    def _moved(self, mask: Mask, share: float) -> Mask:
        """A random share of the samples get each other's masks."""
        n = self.shape[0]
        moved = self.rng.permutation(n)[: round(share * n)]
        owner = np.arange(n)
        owner[moved] = np.roll(moved, 1)
        exchanged: Mask = mask.reshape(self.shape)[owner].ravel()
        return exchanged


def planted(table: ConceptTable, *, each: int = 4, seed: int = 0) -> Iterator[Planted]:
    """Units of every meaning, noise and strength, ``each`` of them."""
    planter = Planter(table, seed)
    for meaning in (*MEANINGS, SUM, *NOTHING):
        for noise, strength in _strengths(table):
            for _ in range(each):
                yield planter.unit(meaning, noise, strength)


def _strengths(table: ConceptTable) -> list[tuple[str, float]]:
    """Each noise with each strength; only maps that are large enough can be blurred."""
    least = int(known_positions(table).shapes.min())
    return [
        (noise, strength)
        for noise, strengths in NOISE.items()
        for strength in strengths
        if noise != "blur" or strength < least
    ]


def measure(
    table: ConceptTable,
    units: Iterable[Planted],
    *,
    length: int = 3,
    options: TrustOptions | None = None,
    jobs: int | None = None,
) -> pd.DataFrame:
    """Search for and assess each unit; a row each.

    Columns: ``meaning``, ``noise``, ``strength``, ``truth``, ``formula``; ``exact`` (the formula is
    the truth as it is written), ``same`` (it is true on the same positions), ``overlap`` (IoU of
    the two masks); ``iou``, ``held_out``, ``low``, ``high`` (the interval), ``chance`` (mean IoU in
    sample), ``p``.
    """
    positions = known_positions(table)
    atoms, rows = positions.each_alone().atoms, []
    for unit in units:
        masks = unit.mask.reshape(1, positions.n_samples, *positions.shapes[0])
        only = [name for name in table.names if name not in unit.hidden] if unit.hidden else None
        result = explain(masks, table, length=length, only=only, jobs=jobs)
        found = assess(result, masks, table, options=options, jobs=jobs)[0]
        rows.append(_row(unit, found, table, atoms))
    return pd.DataFrame(rows)


def _row(
    unit: Planted, found: Explanation, table: ConceptTable, atoms: NDArray[np.int32]
) -> dict[str, Any]:
    said = {
        "meaning": unit.meaning, "noise": unit.noise, "strength": unit.strength,
        "truth": None if unit.truth is None else str(unit.truth),
        "formula": None if found.formula is None else str(found.formula),
        "iou": found.iou,
    }  # fmt: skip
    overlap = np.nan
    if unit.clean is not None and found.formula is not None:
        mask = table.mask(found.formula)[atoms]
        overlap = (mask & unit.clean).sum() / (mask | unit.clean).sum()
    trust = found.trust
    held = None if trust is None else trust.held_out
    stable = None if trust is None else trust.stability
    luck = None if trust is None else trust.chance
    return said | {
        "exact": unit.truth is not None and found.formula == unit.truth,
        "same": overlap == 1.0,
        "overlap": overlap,
        "held_out": np.nan if held is None else held.by_length[-1],
        "low": np.nan if stable is None else stable.low,
        "high": np.nan if stable is None else stable.high,
        "chance": np.nan if luck is None else luck.null[-1],
        "p": np.nan if luck is None else luck.p_value,
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Means by meaning, noise and strength, with the number of units."""
    keys = ["meaning", "noise", "strength"]
    told = rows.assign(p_below=rows["p"] <= 0.05)
    values = ["exact", "same", "overlap", "iou", "held_out", "chance", "p_below"]
    found = told.groupby(keys, sort=False)[values].mean()
    return found.assign(units=told.groupby(keys, sort=False).size()).reset_index()


def lines(report: dict[str, Any]) -> list[str]:
    """The summary as a table for people, and what it took."""
    table = pd.DataFrame(report["summary"]).to_string(index=False, float_format="{:.3f}".format)
    stage = report["stages"][0]
    return [
        table, "",
        "exact, same: shares of units whose formula is the truth as it is written, or true on the "
        "same positions;",
        "overlap: mean IoU of the two masks; p_below: share of units with p up to .05",
        f"{stage['processed']} units in {stage['cpu_seconds']:.0f} CPU seconds",
    ]  # fmt: skip


def image_table(spec: str, n_samples: int | None, folder: Path) -> ConceptTable:
    """The concept table of label maps, in five folds."""
    from andornot.data.images.open import open_data
    from andornot.data.images.table import build_table

    return build_table(open_data(spec, limit=n_samples), folder / "table", 5)


def drawn_table(n_samples: int | None, seed: int, folder: Path, jobs: int | None) -> ConceptTable:
    """The concept table of drawn label maps, in five folds."""
    from andornot.data.images.table import build_table
    from benchmarks.synthetic import Drawn, World

    drawn: Any = Drawn.of(World.of_size(120, seed), n_samples or 200, jobs)
    return build_table(drawn, folder / "table", 5, jobs)


def pair_table(spec: str, n_samples: int | None) -> ConceptTable:
    """The concept table of sentence pairs, in five folds."""
    from andornot.data.sentences.concepts import pair_concepts
    from andornot.data.sentences.open import open_pairs

    return pair_concepts(open_pairs(spec, limit=n_samples), n_folds=5)


def run_planted_bench(
    data: str = "drawn",
    *,
    samples: int | None = None,
    each: int = 4,
    length: int = 3,
    nulls: int = 39,
    seed: int = 0,
    jobs: int | None = None,
) -> dict[str, Any]:
    """Plant units over annotations, and say what is found of them.

    Args:
        data: the text that names images with label maps, or sentence pairs; or ``drawn``.
        samples: only so many; of drawn ones 200 if not given.
        each: units of each meaning, noise and strength.
        length: longest formula.
        nulls: shuffles.
        seed: of everything.
        jobs: threads; all cores if not given.

    Returns:
        Plain data: ``units`` (a row each), ``summary``, ``stages`` and ``machine``.
    """
    clock, where = Clock(), machine(jobs)
    with tempfile.TemporaryDirectory() as folder:
        if data == "drawn":
            table = drawn_table(samples, seed, Path(folder), jobs)
        elif data.partition(":")[0] in KINDS:
            table = pair_table(data, samples)
        else:
            table = image_table(data, samples, Path(folder))
        # one by one: a mask of all positions is as large as the annotations
        units = planted(table, each=each, seed=seed)
        n_units = each * len((*MEANINGS, SUM, *NOTHING)) * len(_strengths(table))
        with clock.stage("explain and assess", n_units, "units"):
            rows = measure(
                table, track(units, "planting units", n_units), length=length,
                options=TrustOptions(nulls=nulls, seed=seed), jobs=jobs,
            )  # fmt: skip
    plain = rows.astype(object).where(rows.notna(), None)
    found = summary(rows)
    return {
        "units": plain.to_dict("records"),
        "summary": found.astype(object).where(found.notna(), None).to_dict("records"),
        "stages": clock.as_list(),
        "machine": where,
        "options": {"data": data, "samples": samples, "each": each, "length": length}
        | asdict(TrustOptions(nulls=nulls, seed=seed)),
    }
