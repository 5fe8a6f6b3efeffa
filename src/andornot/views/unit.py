"""A unit as pages, terminal and notebook show it: its explanation in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from andornot._tools.colours import hexadecimal
from andornot._tools.words import count
from andornot.concepts.operators import OPERATORS
from andornot.concepts.table import ConceptTable
from andornot.errors import OptionError
from andornot.formula import quote
from andornot.results.explanation import OK, STATUS_MEANING, Explanation, Scored
from andornot.results.result import Result
from andornot.views.formula_steps import FormulaSteps, steps_of
from andornot.views.judged import VerdictView, as_shown, headline_of, judged
from andornot.views.plain import View
from andornot.views.unit_title import Title, core_of, title_of
from andornot.views.wording import (
    Finding,
    cannot_be_told_apart,
    findings,
    proof,
    vocabulary_limit,
)

T = TypeVar("T")
Colour = tuple[int, int, int]

AGREEMENT: Final[Colour] = (250, 240, 160)
UNIT_ONLY: Final[Colour] = (213, 94, 0)
FORMULA_ONLY: Final[Colour] = (38, 139, 226)
"""Colours that differ in lightness as well as in hue, so that colour-blind people, and grey
prints, tell them apart."""

CSS_COLOURS: Final = {
    name: hexadecimal(colour)
    for name, colour in (("unit", UNIT_ONLY), ("both", AGREEMENT), ("formula", FORMULA_ONLY))
}
"""The same for templates."""

_RUNNERS_UP: Final = 3

MAX_WEIGHTS: Final = 8
"""Most classes for which a unit's weight is shown."""


@dataclass(frozen=True)
class Fact(View):
    """Something that was planted in the data on purpose.

    Attributes:
        planted: what was planted, in a sentence.
        found: whether the run found it.
        how: how it was found, or what was found instead, in a sentence.
        unit: the unit that shows it, if there is one.
    """

    planted: str
    found: bool
    how: str
    unit: int | None = None


@dataclass(frozen=True)
class Story(View):
    """What a page tells before it shows units.

    Attributes:
        title: the page's title.
        introduction: paragraphs.
        facts: what was planted, and whether it was found.
    """

    title: str
    introduction: tuple[str, ...]
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Row(View):
    """A formula in a small table: what it is (a length, a rank), and its IoU."""

    label: str
    formula: str
    iou: float


@dataclass(frozen=True)
class Longest(Row):
    """The formula of the longest search, and why another one is shown, in a sentence."""

    why: str


@dataclass(frozen=True)
class Range(View):
    """The formula of one range of a unit's activations.

    Attributes:
        span: from which value to which.
        formula: the formula, as text; None where there is none.
        status: the short word for why there is none.
        iou: intersection over union.
    """

    span: str
    formula: str | None
    status: str
    iou: float

    @property
    def says(self) -> str:
        """The formula, or why there is none."""
        return (
            STATUS_MEANING.get(self.status, self.status) if self.formula is None else self.formula
        )


@dataclass(frozen=True)
class ClassWeight(View):
    """What a unit says for or against a class, where a linear head follows.

    Attributes:
        name: the class.
        weight: the head's weight from the unit to the class.
        share: the weight as a part of the largest one of the layer, from -1 to 1.
    """

    name: str
    weight: float
    share: float


@dataclass(frozen=True)
class Derived(View):
    """A derived concept of a formula.

    Attributes:
        name: of the concept.
        members: the concepts that it is the union of, or the one that it looks around for.
        meaning: what it is true of, in words.
    """

    name: str
    members: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class Group(View, Generic[T]):
    """Samples under one heading.

    Attributes:
        key: a key of ``samples.GROUPS``.
        heading: in words.
        samples: what is shown of each of them.
    """

    key: str
    heading: str
    samples: tuple[T, ...]


@dataclass(frozen=True)
class UnitEntry(View, Generic[T]):
    """Everything that a page says of one unit.

    Attributes:
        unit: its number.
        formula: the formula that is shown, as text; None where there is none. All else is about
            this one, but for the lists of formulas.
        status: why there is no formula.
        iou: its intersection over union, in sample.
        judged: how far it can be relied on.
        longest: the formula of the longest search; None where that one is shown.
        proof: what is known of better formulas.
        limit: that the vocabulary is the limit, in a sentence; empty where it is not.
        findings: how good it is and how far it can be trusted.
        counts: positions of unit only, both, formula only; the parts of the bar.
        sentences: the counts in words.
        trust: how far to trust the formula, in a line; empty where that is not known.
        agreement: how it agrees with all activations, in a line; empty where that is not known.
        by_length: the best formula of each length that is better than the shorter ones.
        each_length: the best formula of each length, as far as it has that many concepts.
        runners_up: the formulas that came next.
        derived: the derived concepts of its formula.
        weights: its weights to the classes; empty where no linear head follows.
        groups: samples that show it, none of the groups empty.
        title: the headline.
        steps: the formula one step a line; None where there is none.
        core: what of it came back in most draws of the samples, in words; empty if not known.
        twins: which of its concepts the data cannot tell from others; empty where they can.
        firing: how often it is active, and in how many samples, in a sentence; empty where it is
            not said.
    """

    unit: int
    formula: str | None
    status: str
    iou: float
    judged: VerdictView
    longest: Longest | None
    proof: str
    limit: str
    findings: tuple[Finding, ...]
    counts: tuple[int, int, int]
    sentences: tuple[str, ...]
    trust: str
    agreement: str
    by_length: tuple[Row, ...]
    each_length: tuple[Row, ...]
    runners_up: tuple[Row, ...]
    derived: tuple[Derived, ...]
    weights: tuple[ClassWeight, ...]
    groups: tuple[Group[T], ...]
    title: Title
    steps: FormulaSteps | None
    core: str = ""
    twins: str = ""
    firing: str = ""


@dataclass(frozen=True)
class BestUnits(View):
    """The first units of a layer that have a formula, and what there is in all.

    Attributes:
        units: the first ones, as lists show them: by verdict, then by gain.
        n_explained: units with a formula.
        n_units: all units.
        headline: what all of it comes to, in sentences.
    """

    units: tuple[UnitEntry[Any], ...]
    n_explained: int
    n_units: int
    headline: tuple[str, ...] = ()


def best_entries(result: Result, n: int = 20) -> BestUnits:
    """The first units of a layer, at most ``n``."""
    shown: tuple[UnitEntry[Any], ...] = tuple(
        entry_of(e) for e in result.best(n) if e.formula is not None
    )
    n_explained = sum(e.formula is not None for e in result)
    return BestUnits(shown, n_explained, len(result), headline_of({"": result}))


def choose_units(
    result: Result, units: Sequence[int] | None, n_units: int, story: Story | None = None
) -> list[int]:
    """The units to show: those asked for, or those that the story names and the first ones.

    First are those of the best verdict, and among these those of the largest gain.

    Raises:
        OptionError: a unit was not explained, or ``n_units`` is below 1.
    """
    if n_units < 1:
        raise OptionError(f"the number of units is {n_units}; it must be at least 1")
    told = [fact.unit for fact in (story.facts if story else ()) if fact.unit is not None]
    if units is not None:
        chosen = list(dict.fromkeys(int(unit) for unit in units))
    else:
        best = [e.unit for e in result.best(n_units) if e.status == OK]
        chosen = list(dict.fromkeys([*told, *best]))
    for unit in chosen:
        result[unit]  # raises before anything is drawn
    return chosen


def entry_of(
    e: Explanation,
    groups: Sequence[Group[T]] = (),
    position: str = "position",
    derived: tuple[Derived, ...] = (),
    weights: tuple[ClassWeight, ...] = (),
    table: ConceptTable | None = None,
    least: int | None = None,
) -> UnitEntry[T]:
    """What is said of a unit.

    Args:
        e: its explanation.
        groups: samples that show it; empty groups are left out.
        position: what a position is called, in the singular.
        derived: the derived concepts of its formula.
        weights: its weights to classes.
        table: the concepts, where they are known.
        least: active positions that it takes to be explained; None if that is not known.
    """
    shown = as_shown(e, table)
    return UnitEntry(
        unit=e.unit,
        formula=None if shown.formula is None else str(shown.formula),
        status=STATUS_MEANING.get(e.status, e.status),
        iou=shown.iou,
        judged=judged(e),
        longest=longest(e),
        proof=proof(shown),
        limit=vocabulary_limit(shown),
        findings=findings(shown),
        counts=(shown.counts.fn, shown.counts.tp, shown.counts.fp),
        sentences=sentences(shown, position),
        trust="" if e.trust is None else str(e.trust),
        agreement="" if e.agreement is None else str(e.agreement),
        by_length=tuple(Row(str(s.formula.length), str(s.formula), s.iou) for s in steps(e)),
        each_length=_each_length(e),
        runners_up=runner_up_rows(e)[:_RUNNERS_UP],
        derived=derived,
        weights=weights,
        groups=tuple(group for group in groups if group.samples),
        twins="" if e.shown is None else cannot_be_told_apart(e.shown.twins),
        title=title_of(e, shown, position, least, table),
        steps=steps_of(e, shown),
        core=core_of(e, shown),
    )


def longest(e: Explanation) -> Longest | None:
    """The formula of the longest search, where a shorter one is shown in its place."""
    if e.shown is None or e.shown.formula == e.formula:
        return None
    proven = ", proven the best" if e.certificate.proven else ""
    is_same = e.shown_as_searched is not None and e.shown_as_searched.formula == e.formula
    why = (
        "It holds on the same positions as the one above: what it says besides changes none."
        if is_same
        else "On samples that were not searched it is not surely better than the one above."
    )
    label = f"up to {count(len(e.best_by_length), 'concept')}{proven}"
    return Longest(label, str(e.formula), e.iou, why)


COUNTED: Final = "each formula where all its categories were annotated"
"""On which positions formulas are scored with ``known_only``, as a fact of a run."""


def counted_where(
    entry: UnitEntry[T], e: Explanation, n_positions: int | None, position: str
) -> UnitEntry[T]:
    """An entry that says on how many positions its formula was scored, with ``known_only``.

    Args:
        entry: what is said of the unit.
        e: its explanation.
        n_positions: all of them; None if that is not known.
        position: what a position is called, in the singular.
    """
    c = e.counts
    if e.formula is None:
        return entry
    n = _counted(c.tp + c.fp + c.fn + c.tn, position)
    of = "" if n_positions is None else f" of {n_positions:,}"
    told = f"All this is counted on the {n}{of} where all categories of the formula were annotated."
    return replace(entry, sentences=(*entry.sentences, told))


def runner_up_rows(e: Explanation) -> tuple[Row, ...]:
    """The formulas that came next, by rank."""
    return tuple(
        Row(str(rank), str(s.formula), s.iou) for rank, s in enumerate(e.runners_up, start=2)
    )


def _each_length(e: Explanation) -> tuple[Row, ...]:
    """A row for a length only where its formula is new; else it is that of the row before."""
    return tuple(
        Row(str(n), str(best.formula), best.iou)
        for n, best in enumerate(e.best_by_length, start=1)
        if best is not None and best.formula.length == n
    )


def lower_ranges(ranges: Sequence[Explanation]) -> tuple[Range, ...]:
    """The ranges of a unit's activations below its highest one, from the highest down.

    Args:
        ranges: its explanations, from the lowest range up.
    """
    return tuple(
        Range(
            "{:.3g} to {:.3g}".format(*(e.range or (0.0, 0.0))),
            None if e.formula is None else str(e.formula),
            e.status,
            e.iou,
        )
        for e in reversed(ranges[:-1])
    )


def steps(explanation: Explanation) -> tuple[Scored, ...]:
    """The best formulas by length, without those that gain nothing to three decimals."""
    kept: list[Scored] = []
    for best in explanation.best_by_length:
        if best is not None and (not kept or round(best.iou, 3) > round(kept[-1].iou, 3)):
            kept.append(best)
    return tuple(kept)


def sentences(e: Explanation, position: str) -> tuple[str, ...]:
    """The counts of a formula in words, positions being called ``position`` in the singular."""
    c = e.counts
    if e.formula is None or c.tp == 0:
        return ()
    return (
        f"Where the unit is active, the formula holds on {c.tp / (c.tp + c.fn):.0%} "
        f"of the {_counted(c.tp + c.fn, position)}.",
        f"Where the formula holds, the unit is active on {c.tp / (c.tp + c.fp):.0%} "
        f"of the {_counted(c.tp + c.fp, position)}.",
        *_single_sentence(e),
        *unknown_sentences(e, position),
    )


def unknown_sentences(e: Explanation, position: str) -> tuple[str, ...]:
    """The NOTs of a formula that hold mostly where nobody labelled the concept, in sentences."""
    return tuple(
        f"NOT {quote(one.concept)} holds mostly where nobody labelled {' or '.join(one.categories)}"
        f" ({one.share:.0%} of the {position}s where the formula holds), so it may say where the "
        "data come from and not what is there."
        for one in e.unknown
        if one.mostly
    )


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _single_sentence(e: Explanation) -> tuple[str, ...]:
    """What one concept alone reaches, if the formula has more."""
    single = e.best_by_length[0] if e.best_by_length else None
    if single is None or e.formula is None or e.formula.length == 1:
        return ()
    return (f"The best single concept, {single.formula}, reaches an IoU of {single.iou:.3f}.",)


def derived(table: ConceptTable, e: Explanation) -> tuple[Derived, ...]:
    """The derived concepts of the formula that is shown, with what they stand for."""
    names = dict.fromkeys(() if e.shown is None else e.shown.formula.concepts)
    found = []
    for name in names:
        own, column = plain_concepts(table, name), table.index(name)
        if table.looks_around[column]:
            base = table.names[table.bases[column]]
            found.append(Derived(name, (base,), meaning_of(name, base)))
        elif own != (name,):
            found.append(Derived(name, own, " OR ".join(own)))
    return tuple(found)


def meaning_of(name: str, base: str) -> str:
    """What a concept that looks around is true of."""
    operator = OPERATORS.get(name.partition("(")[0])
    if operator is None:
        return f"what an operator of the user's makes of {base}"
    ahead = " (a causal network has not seen it yet)" if operator.ahead else ""
    return f"{operator.sentence(base)}{ahead}"


def plain_concepts(table: ConceptTable, name: str) -> tuple[str, ...]:
    """The concepts that a concept is the union of; itself if it is not derived."""
    members = table.members[table.index(name)] if table.members else ()
    if not members:
        return (name,)
    parts = [plain_concepts(table, table.names[member]) for member in members]
    return tuple(dict.fromkeys(plain for part in parts for plain in part))
