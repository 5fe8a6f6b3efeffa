"""The verdict on an explanation as pages, terminal and notebook show it, first of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from andornot._tools.words import count
from andornot.concepts.table import ConceptTable
from andornot.explainer import with_unknown
from andornot.formula import read_back
from andornot.results.explanation import Explanation
from andornot.results.headline import TWIN_SHARE, Headline, headline
from andornot.results.result import Result
from andornot.results.trust import Core, HeldOutChance, Trust
from andornot.results.verdict import LEVEL, SOLID_GAIN, Extent, Verdict
from andornot.views.plain import View

SURE: Final = "sure"
DOUBTFUL: Final = "doubtful"
"""How a formula looks: in bold type, or grey; anything else in between."""

NO_FORMULA: Final = "No formula over these concepts"
"""What stands in place of the formula where the verdict is chance; the formula comes below."""

_LOOKS: Final = {
    Verdict.SOLID: SURE,
    Verdict.CHANCE: DOUBTFUL,
    Verdict.TOO_LITTLE_DATA: DOUBTFUL,
}

INSTEAD: Final = {
    str(Verdict.CHANCE): NO_FORMULA,
    str(Verdict.TOO_LITTLE_DATA): "Too little data for a formula",
}
"""What is said in place of a formula that must not be relied on, by verdict."""

HOW_MUCH: Final = {
    Extent.MOST: "most of the unit",
    Extent.PART: "a part of the unit",
    Extent.LITTLE: "little of the unit",
}
"""What a formula explains, by its extent."""


@dataclass(frozen=True)
class VerdictView(View):
    """How far the formula that is shown can be relied on; a number is None where it is not known.

    Attributes:
        verdict: in a word; empty where there is no formula.
        meaning: in a sentence.
        look: :data:`SURE`, :data:`DOUBTFUL`, or empty; sure is what is solid, unless it explains
            little of the unit.
        held_out: IoU on samples that the formula was not found on; ``low`` and ``high`` hold the
            middle 95 % of it.
        chance: the same where there is nothing to find.
        why: what makes it chance, in a few words; empty for other verdicts.
        lines: all that is known held out, a line for each thing.
        in_sample: what is known besides, in a line; empty where nothing is.
        beware: what to know before the verdict is believed, a sentence; empty for most.
    """

    verdict: str = ""
    meaning: str = ""
    look: str = ""
    held_out: float | None = None
    chance: float | None = None
    gain: float | None = None
    extent: str = ""
    precision: float | None = None
    recall: float | None = None
    why: str = ""
    lines: tuple[str, ...] = ()
    in_sample: str = ""
    beware: str = ""

    @property
    def how_much(self) -> str:
        """How much of the unit a formula that is more than chance explains, in two words."""
        if self.verdict not in (Verdict.SOLID, Verdict.PARTIAL) or not self.extent:
            return ""
        return "explains a part" if self.extent == Extent.PART else f"explains {self.extent}"

    @property
    def is_little(self) -> bool:
        """Whether it may be more than chance, and still explains little of the unit."""
        return bool(self.how_much) and self.extent == Extent.LITTLE

    @property
    def badge(self) -> str:
        """The verdict, and that it explains little where it does."""
        return f"{self.verdict}, {self.how_much}" if self.is_little else self.verdict

    @property
    def instead(self) -> str:
        """What is said in place of the formula, which then stands below; empty where it holds."""
        return INSTEAD.get(self.verdict, "")


def judged(e: Explanation) -> VerdictView:
    """The verdict on an explanation, with what it rests on."""
    verdict = e.verdict
    if verdict is None:
        return VerdictView()
    plain = VerdictView(
        str(verdict),
        verdict.meaning,
        _LOOKS.get(verdict, ""),
        beware="" if e.plateau is None else f"{e.plateau}.",
    )
    trust = e.trust
    if trust is None:
        return plain
    held, luck = trust.held_out, trust.held_out_chance
    # a formula may hold for sure and still say little of its unit
    little = trust.extent is Extent.LITTLE and plain.look == SURE
    return replace(
        plain,
        look="" if little else plain.look,
        held_out=trust.held_out_iou,
        chance=None if luck is None else luck.iou,
        gain=None if luck is None else luck.gain,
        extent="" if trust.extent is None else str(trust.extent),
        precision=None if held is None else held.precision(trust.shown),
        recall=None if held is None else held.recall(trust.shown),
        why=why_chance(e)[0] if verdict is Verdict.CHANCE else "",
        lines=tuple(_lines(e, trust)),
        in_sample="; ".join(_in_sample(trust)),
    )


def why_chance(e: Explanation) -> tuple[str, str]:
    """Which of the two ways of being chance it is: in a few words, and in a clause."""
    luck = None if e.trust is None else e.trust.held_out_chance
    if luck is None:
        return "", ""
    if luck.p_value > LEVEL:
        shuffles = f"{luck.reached} of {count(luck.nulls, 'shuffle')}"
        return (
            f"{shuffles} do as well",
            f"on samples that were not searched, {shuffles} of the annotations do as well",
        )
    return (
        "hangs on few samples",
        "what it has above chance hangs on so few samples that, drawn again, it may have nothing",
    )


def _lines(e: Explanation, trust: Trust) -> Iterator[str]:
    if trust.held_out_iou is not None:
        yield _held_out(trust, trust.held_out_iou, e.verdict)
        yield from _other_words(e, trust)
    if (luck := trust.held_out_chance) is not None:
        yield _against_chance(luck)
    if (stable := trust.stability) is not None and stable.mask_iou is not None:
        draws = count(stable.resamples, "draw")
        yield f"stability {stable.mask_iou:.2f}: IoU with what {draws} of the samples give"
    if trust.core is not None:
        yield core_line(trust.core, "" if e.shown is None else str(e.shown.formula))


def _held_out(trust: Trust, iou: float, verdict: Verdict | None) -> str:
    """Held-out IoU, with its interval, and how much of the unit that is."""
    held, n = trust.held_out, trust.shown
    assert held is not None
    said = f"held-out IoU {iou:.3f}"
    if held.interval:
        said += " ({:.3f} to {:.3f})".format(*held.interval)
    precision, recall = held.precision(n), held.recall(n)
    if precision is not None and recall is not None:
        said += f", precision {precision:.2f}, recall {recall:.2f}"
    # what may be no more than chance explains nothing
    if trust.extent is None or verdict not in (Verdict.SOLID, Verdict.PARTIAL):
        return said
    return f"{said}: it explains {HOW_MUCH[trust.extent]}"


def _other_words(e: Explanation, trust: Trust) -> Iterator[str]:
    """Whether the folds found other formulas, of which the held-out numbers are."""
    found = [f for f in (trust.held_out.formulas if trust.held_out else ()) if f is not None]
    own = {one.formula for one in (e.shown, e.shown_as_searched) if one is not None}
    # formulas are equal up to order
    if found and own.isdisjoint(map(read_back, found)):
        often, _ = Counter(found).most_common(1)[0]
        yield f"no fold found this very formula; held out are those found there, as {often}"


def _against_chance(luck: HeldOutChance) -> str:
    return (
        f"chance, held out likewise, {luck.iou:.3f}: p {luck.p_value:.2g} ({luck.reached} of "
        f"{count(luck.nulls, 'shuffle')} reach the unit), gain {luck.gain:.2f} ({luck.low:.2f} to "
        f"{luck.high:.2f}; {SOLID_GAIN:.2f} is twice the odds of chance)"
    )


def _in_sample(trust: Trust) -> Iterator[str]:
    if (stable := trust.stability) is not None:
        longest = "" if trust.shown == trust.length else "at full length "
        yield f"{longest}95 % interval {stable.low:.3f} to {stable.high:.3f}"
        if stable.resamples:
            yield f"at full length it came back {stable.same}/{stable.resamples}"
    if (luck := trust.chance) is not None:
        yield (
            f"chance {luck.null[trust.length - 1]:.3f} (p {luck.p_value:.2g}, q {luck.q_value:.2g};"
            f" pooled over units p {luck.p_pooled:.2g}, q {luck.q_pooled:.2g})"
        )


def core_line(core: Core, formula: str) -> str:
    """The part of a formula that came back."""
    if core.formula is None:
        return "core: none; what came back in most draws, if any, is not enough for a formula"
    if core.formula == formula:
        return "core: each concept came back in most draws"
    return f"core, what came back in most draws: {core.formula} (held-out IoU {core.iou:.3f})"


def as_shown(e: Explanation, table: ConceptTable | None = None) -> Explanation:
    """The explanation by the formula that is shown in place of the longest one.

    Args:
        e: the explanation.
        table: the concepts; without them it is not said which NOTs are unknown.
    """
    if e.shown is None or e.shown.formula == e.formula:
        return e
    short = e
    if e.trust is not None:
        # only now: it brings statistics along, for which pages and tables need not wait
        from andornot.trust.measure import shortened

        short = shortened(e, e.trust.shown)
    short = replace(short, beam=(e.shown, *short.runners_up))
    return short if table is None else with_unknown(short, table)


def headline_sentences(found: Headline) -> tuple[str, ...]:
    """What a run comes to: its verdicts, and how much is explained."""
    if not found.formulas:
        return ("No unit has a formula.",)
    if not found.tested and found.count(Verdict.NOT_TESTED) == found.formulas:
        return (f"None of {count(found.formulas, 'formula')} was held against chance: not tested.",)
    told = [
        f"{n:,} {verdict}"
        for verdict, n in found.verdicts
        if n or verdict in (Verdict.SOLID, Verdict.PARTIAL, Verdict.CHANCE)
    ]
    verdicts = f"Verdicts on {count(found.formulas, 'formula')}: {', '.join(told)}."
    return (verdicts, *_explained(found)) if found.tested else (verdicts,)


def _explained(found: Headline) -> Iterator[str]:
    twin = (
        f", and held out above {100 * TWIN_SHARE:g} % of the units of an untrained twin"
        if found.twin
        else "; no untrained twin was run to compare with"
    )
    yield (
        f"Explained are {found.explained:,} of {count(found.units, 'unit')}: solid, and at least a "
        f"part of the unit{twin}."
    )
    estimate = (
        f", by an estimate that pools the shuffles of all units, since {found.nulls} are too few "
        "for each alone"
        if found.pooled
        else ""
    )
    yield (
        f"Verdicts judge each unit by itself; corrected for testing so many at once, "
        f"{found.better:,} of the {count(found.tested, 'unit')} with enough data are more than "
        f"chance at a false discovery rate of {LEVEL:g}{estimate}."
    )
    if remedy := more_shuffles(found):
        yield f"{remedy[0].upper()}{remedy[1:]}."


def more_shuffles(found: Headline) -> str:
    """How to tell of units that lie above all shuffles, a clause; empty where more hardly help."""
    if not found.undecided:
        return ""
    more = count(found.undecided, "more unit")
    lie = "lies" if found.undecided == 1 else "lie"
    return (
        f"{more} {lie} above all {found.nulls} shuffles, too few to correct for so many units: "
        f"explain again with --nulls {found.nulls_wanted}"
    )


def silent_layers(results: Mapping[str, Result]) -> Iterator[str]:
    """Why most units of a layer have no formula, in a sentence for each such layer."""
    for layer, result in results.items():
        if told := result.silence(layer if len(results) > 1 else ""):
            yield f"{told[0].upper()}{told[1:]}."


def headline_of(
    results: Mapping[str, Result], twin: Mapping[str, Result] | None = None
) -> tuple[str, ...]:
    """The same of all layers of a run, and of its untrained twin where there is one.

    Where most units have no formula, it says why.

    Raises:
        OptionError: the twin lacks a layer, or its held-out scores.
    """
    return (*headline_sentences(headline(results, twin)), *silent_layers(results))
