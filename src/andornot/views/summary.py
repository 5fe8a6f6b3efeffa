"""What a run, or one of its layers, comes to at a glance: four numbers and a bar of verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from andornot.results.explanation import Explanation
from andornot.results.headline import TWIN_SHARE, Headline
from andornot.results.verdict import Verdict
from andornot.views.judged import more_shuffles
from andornot.views.plain import View

NO_FORMULA_AT_ALL: Final = "no formula"
"""Units for which no formula was found, as the last part of a bar."""

_TESTED: Final = (Verdict.SOLID, Verdict.PARTIAL, Verdict.CHANCE)


@dataclass(frozen=True)
class KeyFigure(View):
    """A number that is shown large.

    Attributes:
        number: as text.
        of: of how many, where it counts units.
        label: what it is, in a word or two.
        note: what is meant by that, in a clause.
    """

    number: str
    label: str
    note: str
    of: str = ""


@dataclass(frozen=True)
class VerdictPart(View):
    """A part of a bar of verdicts.

    Attributes:
        word: the verdict, or :data:`NO_FORMULA_AT_ALL`.
        meaning: what that says, in a sentence.
        units: how many units have it.
        share: the same as a share of all units.
    """

    word: str
    meaning: str
    units: int
    share: float

    @property
    def name(self) -> str:
        """The word as style sheets have it, where "formula" alone is a formula."""
        return "formula-less" if self.word == NO_FORMULA_AT_ALL else self.word.replace(" ", "-")


@dataclass(frozen=True)
class Summary(View):
    """What units come to at a glance.

    Attributes:
        figures: four numbers: how many units mean something, how sure that is, how well formulas
            fit, and how well they would by chance. Where nothing was held against chance, the first
            counts formulas, the second says how few were tested, the third is of the samples that
            formulas were found on, unless others were held out, and the fourth counts concepts.
            Where no unit has a formula, the first is all there is.
        verdicts: how many units have which verdict, the best first; together they are all units.
        rank: what layers are put in order by, the best first: shares of units explained and of
            solid ones, and mean held-out IoU; empty where nothing was held against chance.
    """

    figures: tuple[KeyFigure, ...]
    verdicts: tuple[VerdictPart, ...]
    rank: tuple[float, ...] = ()


def summary(found: Headline, explanations: Iterable[Explanation]) -> Summary:
    """What units come to at a glance.

    Args:
        found: their verdicts, counted.
        explanations: of the same units.
    """
    known = [e for e in explanations if e.formula is not None]
    figures = _of_tested(found, known) if found.tested else _of_untested(found, known)
    return Summary(tuple(figures), verdict_parts(found), _rank(found, known))


def verdict_parts(found: Headline) -> tuple[VerdictPart, ...]:
    """The parts of a bar: a verdict that no unit has is left out."""
    counted = [(str(verdict), verdict.meaning, n) for verdict, n in found.verdicts]
    none = "nothing was found that agrees with the unit, or it is active too rarely, or nowhere"
    counted.append((NO_FORMULA_AT_ALL, none, found.units - found.formulas))
    return tuple(VerdictPart(word, said, n, n / found.units) for word, said, n in counted if n)


def _of_tested(found: Headline, known: Sequence[Explanation]) -> list[KeyFigure]:
    twin = f", held out above {100 * TWIN_SHARE:g} % of an untrained twin" if found.twin else ""
    explained = KeyFigure(
        f"{found.explained:,}",
        "units explained",
        f"by a solid formula, at least in part{twin}",
        f"{found.units:,}",
    )
    remedy = more_shuffles(found)
    better = KeyFigure(
        f"{found.better:,}",
        "more than chance, corrected",
        "for testing so many at once, of the units with enough data"
        + (", by a pooled estimate" if found.pooled else "")
        + "; bar and badges judge each unit by itself"
        + (f"; {remedy}" if remedy else ""),
        f"{found.tested:,}",
    )
    return [explained, better, *_fit(known)]


def _of_untested(found: Headline, known: Sequence[Explanation]) -> list[KeyFigure]:
    formulas = KeyFigure(
        f"{found.formulas:,}",
        "units with a formula",
        "which may be no more than chance",
        f"{found.units:,}",
    )
    if not known:
        return [formulas]
    untested = found.count(Verdict.NOT_TESTED)
    label = "held against chance" if untested else "with enough data to tell"
    tested = KeyFigure("0", label, "so no verdict says how sure it is", f"{found.formulas:,}")
    return [formulas, tested, *_fit(known)]


def _fit(known: Sequence[Explanation]) -> list[KeyFigure]:
    """How well formulas fit, and how well they would by chance, as far as that is known."""
    both = held_out_and_chance(known)
    if both:
        held, chance = (sum(ious) / len(ious) for ious in zip(*both, strict=True))
        return [
            KeyFigure(
                f"{held:.3f}", "mean IoU, held out", "on samples not searched on; 1 is perfect"
            ),
            KeyFigure(
                f"{chance:.3f}", "mean IoU by chance", "the same where nothing is to be found"
            ),
        ]
    held_out = [iou for e in known if e.trust and (iou := e.trust.held_out_iou) is not None]
    if len(held_out) == len(known) > 0:
        said = "mean IoU, held out", "on samples not searched on; 1 is perfect"
        return [KeyFigure(f"{sum(held_out) / len(known):.3f}", *said), *_concepts(known)]
    if not known:
        return []
    return [in_sample(known), *_concepts(known)]


def in_sample(known: Sequence[Explanation]) -> KeyFigure:
    """How well formulas, as they are shown, fit where they were searched for."""
    inside = sum(e.iou if e.shown is None else e.shown.iou for e in known) / len(known)
    said = "mean IoU, in sample", "on the samples searched on, which flatters"
    return KeyFigure(f"{inside:.3f}", *said)


def _concepts(known: Sequence[Explanation]) -> list[KeyFigure]:
    names = {name for e in known if e.shown is not None for name in e.shown.formula.concepts}
    return [KeyFigure(f"{len(names):,}", "concepts named", "by one formula or more")]


def tested_formulas(explanations: Iterable[Explanation]) -> list[tuple[Explanation, float, float]]:
    """Each formula whose verdict rests on its IoU held out and by chance, with the two."""
    return [
        (e, e.trust.held_out_iou, e.trust.held_out_chance.iou)
        for e in explanations
        if e.verdict in _TESTED
        and e.trust is not None
        and e.trust.held_out_iou is not None
        and e.trust.held_out_chance is not None
    ]


def held_out_and_chance(explanations: Iterable[Explanation]) -> list[tuple[float, float]]:
    """IoU held out and by chance of each formula whose verdict rests on the two."""
    return [(held, chance) for _, held, chance in tested_formulas(explanations)]


def _rank(found: Headline, known: Sequence[Explanation]) -> tuple[float, ...]:
    if not found.tested:
        return ()
    held = [held for held, _ in held_out_and_chance(known)]
    mean = sum(held) / len(held) if held else 0.0
    return found.explained / found.units, found.count(Verdict.SOLID) / found.units, mean
