"""``python -m benchmarks planted`` and ``null``: how far verdicts are right.

Units whose meaning is known, and units of nothing, are searched for and assessed as any other. What
is found on the searched samples is then scored on others of the same world.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import Any, Final

import pandas as pd

from andornot import explain
from andornot._tools.progress import track
from andornot._tools.statistics import wilson
from andornot.counting.responses import known_positions
from andornot.explainer import score_responses
from andornot.formula import Formula, as_formula, parse
from andornot.formula_forms import positive_concepts
from andornot.results.explanation import Explanation
from andornot.results.tables import explanation_row
from andornot.results.verdict import LEVEL, Verdict
from andornot.trust.measure import with_trust
from andornot.trust.options import TrustOptions
from benchmarks.clock import Clock, machine
from benchmarks.planted import (
    HIDDEN,
    MEANINGS,
    N_NOTHING,
    NOISE,
    NOTHING,
    SUM,
    Planted,
    nothing,
    planted,
    strengths,
)
from benchmarks.seen import Seen, seen
from benchmarks.size import check_least
from benchmarks.worlds import DRAWN, Ground, ground

_BYTES: Final = 2**27
"""Masks that are held at a time, in bytes."""
_UNITS: Final = 64
"""Units that are assessed together, at most."""
_NEAR: Final = 0.02
"""Held-out IoU by which a formula may be worse than the truth, and still as good."""
_SURE: Final = 0.95

VERDICTS: Final = (Verdict.SOLID, Verdict.PARTIAL, Verdict.CHANCE, Verdict.TOO_LITTLE_DATA)

_TOLD: Final = (
    "verdict", "extent", "gain", "gain_low", "gain_high", "p_held_out", "p_held_out_pooled",
    "stability", "core", "shown_held_out_iou", "shown_held_out_low", "shown_held_out_high",
    "chance_held_out", "active_groups",
)  # fmt: skip
"""What is taken over from a run's table, by its names there."""

_MEANS: Final = (
    "exact", "same", "as_good", "overlap", "core_true", "iou", "shown_held_out_iou",
    "chance_held_out", "covered",
)  # fmt: skip
"""Columns of units whose means are told."""

_SHORT: Final = {
    "shown_held_out_iou": "held_out", "chance_held_out": "by_chance",
    "too little data": "too_little", "value": "share",
}  # fmt: skip
"""Shorter names of columns, for people."""

_STAGES: Final = ("all", "search", "trust")


def measure(
    place: Ground,
    units: Iterable[Planted],
    *,
    length: int = 3,
    options: TrustOptions | None = None,
    maps: bool = False,
    jobs: int | None = None,
    clock: Clock | None = None,
) -> pd.DataFrame:
    """Search for and assess units, many at a time; a row each.

    - Of the unit: ``meaning``, ``noise``, ``strength``, ``truth``.
    - Of the formula that is shown: ``formula``, ``iou``, what a run's table says of trust, and
      ``others``, its IoU on the other samples; ``covered``: that lies in the held-out interval.
    - Beside the truth: ``exact`` (the formula is the truth as it is written), ``same`` (true on the
      same positions), ``overlap`` (IoU of the two masks), ``as_good`` (held out it is at most .02
      worse than the truth, which no search has fitted), ``core_true`` (all concepts of the core
      are in the truth, with their sign), ``truth_iou``, and ``truth_others``.

    Args:
        place: the annotations that the units were planted over.
        units: over all samples of these.
        length: longest formula.
        options: how often to draw, search and shuffle.
        maps: see the units as maps of activations with thresholds, instead of masks.
        jobs: threads; all cores if not given.
        clock: takes the times of search and trust.
    """
    options, clock, rows = options or TrustOptions(), clock or Clock(), list[dict[str, Any]]()
    for number, batch in enumerate(_batches(units, place.whole.n_positions)):
        # other shuffles for each batch: by shared ones the p-values of units would hang together
        own = replace(options, seed=options.seed + number)
        view = seen(batch, place, own.seed, maps=maps, jobs=jobs)
        explanations = _assessed(view, batch, place, length, own, jobs, clock)
        found = enumerate(zip(batch, explanations, strict=True))
        rows += [_row(unit, e, row, view, place) for row, (unit, e) in found]
    return pd.DataFrame(rows)


def _batches(units: Iterable[Planted], n_positions: int) -> Iterator[list[Planted]]:
    """Units that are searched for among the same concepts, as many as fit the memory."""
    most, batch = max(1, min(_UNITS, _BYTES // n_positions)), list[Planted]()
    for unit in units:
        if batch and (len(batch) == most or unit.hidden != batch[0].hidden):
            yield batch
            batch = []
        batch.append(unit)
    if batch:
        yield batch


def _assessed(
    view: Seen,
    units: list[Planted],
    place: Ground,
    length: int,
    options: TrustOptions,
    jobs: int | None,
    clock: Clock,
) -> Iterable[Explanation]:
    """Search for units that are seen together, and assess what was found."""
    hidden = units[0].hidden
    only = [name for name in place.table.names if name not in hidden] if hidden else None
    with clock.stage("search", len(units), "units"):
        result = explain(view.responses, place.table, length=length, only=only, jobs=jobs)
    assert result.search is not None  # what explain gives remembers its options
    with clock.stage("trust", len(units), "units"):
        recount = view.recount([row for row, e in enumerate(result) if e.formula is not None])
        return with_trust(result, recount, result.search, options, jobs=jobs)


def _row(unit: Planted, found: Explanation, row: int, view: Seen, place: Ground) -> dict[str, Any]:
    columns, shown = explanation_row(found), found.shown
    said = {
        "meaning": unit.meaning, "noise": unit.noise, "strength": unit.strength,
        "truth": None if unit.truth is None else str(unit.truth),
        "formula": None if shown is None else str(shown.formula),
        "iou": 0.0 if shown is None else shown.iou,
    } | {name: columns.get(name) for name in _TOLD}  # fmt: skip
    if shown is None:
        return said
    others = score_responses(shown.formula, view.others, row, place.others).iou
    said |= {"others": others, "covered": _covered(others, said)}
    if unit.truth is None:
        return said
    return said | _beside_truth(shown.formula, unit.truth, row, view, place, said)


def _covered(iou: float, said: dict[str, Any]) -> bool | None:
    """Whether a score lies in the interval of the held-out score; None where there is none."""
    low, high = said["shown_held_out_low"], said["shown_held_out_high"]
    return None if low is None else bool(low <= iou <= high)


def _beside_truth(
    formula: Formula, truth: Formula, row: int, view: Seen, place: Ground, said: dict[str, Any]
) -> dict[str, Any]:
    """How a formula compares with the truth."""
    iou = score_responses(truth, view.responses, row, place.table).iou
    one, other, size = place.table.mask(formula), place.table.mask(truth), place.table.counts
    overlap = float(size[one & other].sum() / max(1, size[one | other].sum()))
    held, core = said["shown_held_out_iou"], said["core"]
    return {
        "exact": formula == truth,
        "same": overlap == 1.0,
        "overlap": overlap,
        "as_good": None if held is None else bool(held >= iou - _NEAR),
        "core_true": None if core is None else _signed(core) <= _signed(truth),
        "truth_iou": iou,
        "truth_others": score_responses(truth, view.others, row, place.others).iou,
    }


def _signed(formula: Formula | str) -> set[tuple[str, bool]]:
    """The concepts of a formula, and whether each stands without NOT."""
    whole = as_formula(formula)
    return {(name, sign) for sign in (True, False) for name in positive_concepts(whole, sign)}


def summary(
    rows: pd.DataFrame, by: Sequence[str] = ("meaning", "noise", "strength")
) -> pd.DataFrame:
    """Means by meaning, noise and strength, the share of each verdict, and the number of units.

    ``p_below`` is the share of p-values up to .05.
    """
    told = rows.reindex(columns=[*by, "verdict", "p_held_out", *_MEANS])
    columns = told[[*by]].assign(
        **{name: told[name].astype(float) for name in _MEANS},
        p_below=_up_to_level(told["p_held_out"]).astype(float),
        **{str(v): (told["verdict"] == str(v)).astype(float) for v in VERDICTS},
    )
    grouped = columns.groupby([*by], sort=False)
    return grouped.mean().assign(units=grouped.size()).reset_index()


def recoverable(rows: pd.DataFrame, length: int) -> pd.DataFrame:
    """Units that mean a formula which a search of this length can find."""
    meant = rows[rows["meaning"].isin(MEANINGS)]
    return meant[[parse(truth).length <= length for truth in meant["truth"]]]


def hardly_spoilt(rows: pd.DataFrame) -> pd.DataFrame:
    """Units that are not spoilt, or by the least strength of a noise."""
    least = {(noise, strengths[0]) for noise, strengths in NOISE.items()}
    return rows[[pair in least for pair in zip(rows["noise"], rows["strength"], strict=True)]]


def _solid(rows: pd.DataFrame) -> dict[str, float]:
    """The share of solid ones among those that have enough data."""
    enough = rows[rows["verdict"] != str(Verdict.TOO_LITTLE_DATA)]
    return _share(enough["verdict"] == str(Verdict.SOLID))


def _up_to_level(p: pd.Series[Any]) -> pd.Series[Any]:
    """Whether p-values are up to .05; missing where they are."""
    values = p.astype(float)
    return (values <= LEVEL).astype(object).where(values.notna(), None)


def _share(values: pd.Series[Any]) -> dict[str, float]:
    """The share of those that are true, its 95 % interval (Wilson), and how many are known."""
    known = values.dropna().astype(bool)
    return asdict(wilson(int(known.sum()), len(known), _SURE)) | {"units": len(known)}


def coverage(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """How often the held-out interval holds the formula's IoU on the other samples, by verdict.

    Units without any meaning are left out.
    """
    meant = rows[~rows["meaning"].isin(NOTHING)]
    parts = [(str(v), meant[meant["verdict"] == str(v)]) for v in VERDICTS]
    return [{"verdict": name} | _share(own["covered"]) for name, own in (*parts, ("any", meant))]


def expected_coverage(place: Ground) -> float:
    """How often right 95 % intervals hold the score on the other samples, which is a draw too.

    For n and m groups the two scores differ with a variance of 1 / n + 1 / m, of which the interval
    knows 1 / n.
    """
    n, m = (known_positions(table).n_groups for table in (place.table, place.others))
    z = NormalDist().inv_cdf(0.5 + _SURE / 2) / math.sqrt(1 + n / m)
    return 2 * NormalDist().cdf(z) - 1


def null_shares(rows: pd.DataFrame) -> pd.DataFrame:
    """Of units without meaning, the shares of p-values up to .05, and of verdicts, by sort.

    ``low`` and ``high`` are the 95 % interval of each share (Wilson); the last rows are all units
    that have enough data.
    """
    enough = rows[rows["verdict"] != str(Verdict.TOO_LITTLE_DATA)]
    sorts = rows.groupby(["meaning", "strength"], sort=False)
    found = []
    for (meaning, area), own in (*sorts, (("all with enough data", math.nan), enough)):
        for name, values in (
            ("p", _up_to_level(own["p_held_out"])),
            ("pooled p", _up_to_level(own["p_held_out_pooled"])),
            *((str(v), own["verdict"] == str(v)) for v in (Verdict.PARTIAL, Verdict.SOLID)),
        ):
            found.append({"meaning": meaning, "area": area, "what": name} | _share(values))
    return pd.DataFrame(found)


@dataclass(frozen=True)
class Trial:
    """What is tried.

    Attributes:
        data: the text that names images with label maps, or sentence pairs; ``drawn`` or
            ``tokens``.
        samples: search on so many (see ``worlds.ground``).
        each: units of each sort: of each meaning, noise and strength, or of each size.
        length: longest formula.
        nulls: shuffles.
        frames: frames of each sample, which are a group.
        ignore_groups: do not tell the search of groups.
        maps: see the units as maps of activations.
        seed: of everything.
        jobs: threads; all cores if not given.
    """

    data: str = DRAWN
    samples: int | None = None
    each: int = 4
    length: int = 3
    nulls: int = TrustOptions.nulls
    frames: int = 1
    ignore_groups: bool = False
    maps: bool = False
    seed: int = 0
    jobs: int | None = None

    def __post_init__(self) -> None:
        check_least(self, each=1, length=1, nulls=0, frames=1)

    def ground(self) -> Ground:
        """Its annotations."""
        return ground(
            self.data, samples=self.samples, seed=self.seed, n_frames=self.frames,
            ignore_groups=self.ignore_groups, jobs=self.jobs,
        )  # fmt: skip

    def measured(
        self, place: Ground, units: Iterable[Planted], n_units: int, clock: Clock
    ) -> pd.DataFrame:
        """A row for each unit."""
        with clock.stage("all", n_units, "units"):
            return measure(
                place, track(units, "planting units", n_units), length=self.length,
                options=TrustOptions(nulls=self.nulls, seed=self.seed), maps=self.maps,
                jobs=self.jobs, clock=clock,
            )  # fmt: skip


def run_planted_bench(trial: Trial) -> dict[str, Any]:
    """Plant units of every meaning over annotations, and say what is found of them.

    Returns:
        Plain data: ``units`` (a row each), ``summary``, ``by_noise`` (of what is recoverable),
        ``by_meaning`` (of what is hardly spoilt), ``solid`` (the share of what is both, where there
        is enough data), ``coverage``, ``expected_coverage``, ``stages``, ``machine`` and
        ``options``.
    """
    clock, where, place = Clock(), machine(trial.jobs), trial.ground()
    n_searched = known_positions(place.table).n_samples
    units = planted(place.whole, each=trial.each, seed=trial.seed, searched=n_searched)
    n_sorts = len((*MEANINGS, SUM, HIDDEN)) * len(strengths(place.whole)) + N_NOTHING
    rows = trial.measured(place, units, n_sorts * trial.each, clock)
    found, low = recoverable(rows, trial.length), hardly_spoilt(rows)
    return {
        "units": _plain(rows),
        "summary": _plain(summary(rows)),
        "by_noise": _plain(summary(found, ("noise", "strength"))),
        "by_meaning": _plain(summary(low, ("meaning",))),
        "solid": _solid(hardly_spoilt(found)),
        "coverage": coverage(rows),
        "expected_coverage": expected_coverage(place),
        "stages": clock.as_list(),
        "machine": where,
        "options": asdict(trial),
    }


def run_null_bench(trial: Trial) -> dict[str, Any]:
    """Assess units of nothing, and say how many are called more than chance.

    Returns:
        Plain data: ``units`` (a row each), ``shares``, ``stages``, ``machine`` and ``options``.
    """
    clock, where, place = Clock(), machine(trial.jobs), trial.ground()
    n_searched = known_positions(place.table).n_samples
    units = nothing(place.whole, each=trial.each, seed=trial.seed, searched=n_searched)
    rows = trial.measured(place, units, N_NOTHING * trial.each, clock)
    return {
        "units": _plain(rows), "shares": _plain(null_shares(rows)),
        "stages": clock.as_list(), "machine": where, "options": asdict(trial),
    }  # fmt: skip


def _plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain data, with None for what is missing."""
    plain = rows.astype(object).where(rows.notna(), None)
    return [dict(zip(plain.columns, row, strict=True)) for row in plain.itertuples(index=False)]


def planted_lines(report: dict[str, Any]) -> list[str]:
    """The summary as a table for people, and what it took."""
    length, expected = report["options"]["length"], report["expected_coverage"]
    return [
        f"Formulas of up to {length} concepts, by noise:", _text(report["by_noise"]), "",
        "What is hardly spoilt, by meaning:", _text(report["by_meaning"]), "",
        f"Formulas of up to {length} concepts, hardly spoilt: {_told(report['solid'])} are solid.",
        "Held-out intervals that hold the formula's IoU on other samples (right ones: "
        f"{expected:.1%}):",
        *(f"  {row['verdict']}: {_told(row)}" for row in report["coverage"] if row["units"]),
        _took(report), "",
        "exact, same: shares of formulas that are the truth as it is written, or true on the same "
        "positions;",
        f"as_good: held out at most {_NEAR} worse than the truth; core_true: all of the core is in "
        "the truth;",
        f"p_below: p up to {LEVEL}; covered: the held-out interval holds the IoU on other samples",
    ]  # fmt: skip


def null_lines(report: dict[str, Any]) -> list[str]:
    """The shares as a table for people, and what it took."""
    shares = [
        row | {"area": f"{row['area']:g}" if row["area"] else "-"} for row in report["shares"]
    ]
    return [
        _text(shares, digits=3), "",
        f"p, pooled p: up to {LEVEL}; low, high: the 95 % interval of a share",
        _took(report),
    ]  # fmt: skip


def _text(rows: list[dict[str, Any]], digits: int = 2) -> str:
    """Rows as a table for people."""
    table = pd.DataFrame(rows).rename(columns=_SHORT).dropna(axis=1, how="all")
    return table.to_string(index=False, float_format=f"{{:.{digits}f}}".format, na_rep="-")


def _told(share: dict[str, float]) -> str:
    return f"{share['value']:.1%} ({share['low']:.1%} to {share['high']:.1%}) of {share['units']}"


def _took(report: dict[str, Any]) -> str:
    stages = {stage["stage"]: stage for stage in report["stages"]}
    seconds = ", ".join(f"{name} {stages[name]['cpu_seconds']:.0f}" for name in _STAGES)
    return f"{stages['all']['processed']} units, CPU seconds: {seconds}"
