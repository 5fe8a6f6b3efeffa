"""What pages and the terminal say of a run and its units, as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np

from andornot.concepts.table import ConceptTable
from andornot.data.classes import told_apart
from andornot.errors import OptionError
from andornot.formula import quote
from andornot.results.explanation import OK, STATUS_MEANING, Explanation, Scored
from andornot.results.result import Result
from andornot.runs.manifest import Rule
from andornot.runs.run import Run
from andornot.views.wording import Finding, findings, verdict, vocabulary_limit

T = TypeVar("T")
Colour = tuple[int, int, int]

AGREEMENT: Final[Colour] = (250, 240, 160)
UNIT_ONLY: Final[Colour] = (213, 94, 0)
FORMULA_ONLY: Final[Colour] = (38, 139, 226)
"""Colours that differ in lightness as well as in hue, so that colour-blind people, and grey
prints, tell them apart."""

CSS_COLOURS: Final = {
    name: "#{:02x}{:02x}{:02x}".format(*colour)
    for name, colour in (("unit", UNIT_ONLY), ("both", AGREEMENT), ("formula", FORMULA_ONLY))
}
"""The same for templates."""

_RUNNERS_UP: Final = 3

MAX_WEIGHTS: Final = 8
"""Most classes for which a unit's weight is shown."""

_VISIBLE: Final = 0.0005
"""Smaller weights read 0.000."""


@dataclass(frozen=True)
class Fact:
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
class Story:
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
class Row:
    """A formula in a small table: what it is (a length, a rank), and its IoU."""

    label: str
    formula: str
    iou: float


@dataclass(frozen=True)
class ClassWeight:
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
class Derived:
    """A derived concept of a formula, and the concepts that it is the union of."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Group(Generic[T]):
    """Samples under one heading.

    Attributes:
        key: a key of ``gallery.GROUPS``.
        heading: in words.
        samples: what is shown of each of them.
    """

    key: str
    heading: str
    samples: tuple[T, ...]


@dataclass(frozen=True)
class UnitEntry(Generic[T]):
    """Everything that a page says of one unit.

    Attributes:
        unit: its number.
        formula: its formula, as text; None where there is none.
        status: why there is no formula.
        iou: intersection over union.
        verdict: what is known of better formulas.
        limit: that the vocabulary is the limit, in a sentence; empty where it is not.
        findings: how good it is and how far it can be trusted.
        counts: positions of unit only, both, formula only; the parts of the bar.
        sentences: the counts in words.
        by_length: the best formula of each length that is better than the shorter ones.
        runners_up: the formulas that came next.
        derived: the derived concepts of its formula.
        weights: its weights to the classes; empty where no linear head follows.
        groups: samples that show it, none of the groups empty.
    """

    unit: int
    formula: str | None
    status: str
    iou: float
    verdict: str
    limit: str
    findings: tuple[Finding, ...]
    counts: tuple[int, int, int]
    sentences: tuple[str, ...]
    by_length: tuple[Row, ...]
    runners_up: tuple[Row, ...]
    derived: tuple[Derived, ...]
    weights: tuple[ClassWeight, ...]
    groups: tuple[Group[T], ...]


def choose_units(
    result: Result, units: Sequence[int] | None, n_units: int, story: Story | None = None
) -> list[int]:
    """The units to show: those asked for, or those that the story names and the best ones.

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


def unit_entry(
    run: Run, layer: str, e: Explanation, groups: Sequence[Group[T]], position: str
) -> UnitEntry[T]:
    """What a page says of a unit.

    Args:
        run: the run.
        layer: the unit's layer.
        e: its explanation.
        groups: samples that show it; empty groups are left out.
        position: what a position of the run is called, in the singular.
    """
    own = derived(run.concepts, e), class_weights(run, layer, e.unit)
    return entry_of(e, groups, position, *own)


def entry_of(
    e: Explanation,
    groups: Sequence[Group[T]],
    position: str,
    derived: tuple[Derived, ...],
    weights: tuple[ClassWeight, ...],
) -> UnitEntry[T]:
    """The same from what is known of derived concepts and of weights to classes."""
    return UnitEntry(
        unit=e.unit,
        formula=None if e.formula is None else str(e.formula),
        status=STATUS_MEANING.get(e.status, e.status),
        iou=e.iou,
        verdict=verdict(e),
        limit=vocabulary_limit(e),
        findings=findings(e),
        counts=(e.counts.fn, e.counts.tp, e.counts.fp),
        sentences=sentences(e, position),
        by_length=tuple(Row(str(s.formula.length), str(s.formula), s.iou) for s in steps(e)),
        runners_up=tuple(
            Row(str(rank), str(s.formula), s.iou)
            for rank, s in enumerate(e.runners_up[:_RUNNERS_UP], start=2)
        ),
        derived=derived,
        weights=weights,
        groups=tuple(group for group in groups if group.samples),
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
        *unknown_sentences(e),
    )


def unknown_sentences(e: Explanation) -> tuple[str, ...]:
    """The NOTs of a formula that hold mostly where nobody labelled the concept, in sentences."""
    return tuple(
        f"NOT {quote(one.concept)} holds mostly where nobody labelled {' or '.join(one.categories)}"
        f" ({one.share:.0%} of the positions where the formula holds), so it may say where the "
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
    """The derived concepts of a unit's formula, with what they stand for."""
    names = dict.fromkeys(() if e.formula is None else e.formula.concepts)
    parts = {name: plain_concepts(table, name) for name in names}
    return tuple(Derived(name, own) for name, own in parts.items() if own != (name,))


def plain_concepts(table: ConceptTable, name: str) -> tuple[str, ...]:
    """The concepts that a concept is the union of; itself if it is not derived."""
    members = table.members[table.index(name)] if table.members else ()
    if not members:
        return (name,)
    parts = [plain_concepts(table, table.names[member]) for member in members]
    return tuple(dict.fromkeys(plain for part in parts for plain in part))


def class_weights(run: Run, layer: str, unit: int) -> tuple[ClassWeight, ...]:
    """A unit's weight to each class, in their order; empty where no linear head follows.

    Of more classes than :data:`MAX_WEIGHTS`, only those with the largest weights, for or against;
    weights that would be printed as 0 are left out.
    """
    head = run.head_weights(layer)
    if head is None:
        return ()
    named = run.class_names or [f"class {i}" for i in range(len(head))]
    names = told_apart([str(name) for name in named])
    # of the whole layer, so that bars of different units can be compared
    largest = float(np.abs(head).max()) or 1.0
    weights = head[:, unit]
    # sorted again: on each page classes stand in the network's order
    shown = np.sort(np.argsort(-np.abs(weights), kind="stable")[:MAX_WEIGHTS])
    return tuple(
        ClassWeight(names[i], float(weights[i]), float(weights[i]) / largest)
        for i in shown
        if abs(weights[i]) >= _VISIBLE
    )


def overview(run: Run, layer: str, looked_at: str, n_shown: int) -> tuple[str, ...]:
    """Sentences on what was explained; ``looked_at`` says on what, after "it"."""
    result = run.result(layer)
    explained = sum(e.formula is not None for e in result)
    return (
        f"The network is {model_name(run)}, its layer “{layer}”; it {looked_at}, annotated with "
        f"{run.record.data.concepts:,} concepts.",
        *directions_sentence(run, layer),
        f"{explained:,} of {len(result):,} units have a formula; {n_shown:,} are shown here.",
        *length_sentence(result),
    )


def directions_sentence(run: Run, layer: str) -> tuple[str, ...]:
    """That units are directions, where they are."""
    noted = run.record.directions
    if noted is None:
        return ()
    units, count = noted.shape
    source = f" ({_short(noted.file)})" if noted.file else ""
    return (
        f"A unit here is one of {count:,} directions{source} over the {units:,} units of the layer "
        f"“{layer}”, none of its own; a direction turned round would be another one.",
    )


def length_sentence(result: Result) -> tuple[str, ...]:
    """How mean IoU grows with the length of formulas; nothing where no unit has one."""
    explained = [e.by_length for e in result if e.formula is not None and e.by_length]
    if not explained:
        return ()
    first = sum(ious[0] for ious in explained) / len(explained)
    last = sum(ious[-1] for ious in explained) / len(explained)
    longest = len(explained[0])
    text = f"Over all of them, the mean IoU is {first:.3f} with one concept"
    return (f"{text} and {last:.3f} with up to {longest}." if longest > 1 else f"{text}.",)


def threshold(run: Run, layer: str) -> str:
    """When a unit of a layer counts as active, after "if its value there is"."""
    rule = run.record.layers[layer].threshold or Rule()
    if rule.k is not None:
        return f"in the top one of the {rule.k} ranges of its values"
    if rule.quantile is not None:
        return f"among the highest {100 * rule.quantile:g} % of its values"
    return "above its threshold" if rule.fixed is None else f"above {rule.fixed:g}"


def model_name(run: Run) -> str:
    """What to call the network; of ``FILE.py:FUNCTION`` the function."""
    return re.sub(r"^.*\.py:", "", _short(run.record.model.spec))


def data_name(run: Run) -> str:
    """What to call the data."""
    return _short(run.record.data.path)


def looked_at(run: Run) -> str:
    """What the network was shown, after "it"."""
    samples = run.modality.counted(run.record.data.samples)
    told = f"{run.modality.seen} {samples} of {data_name(run)}"
    if not run.positions.counted:
        return told
    return f"{told}, {run.concepts.n_positions:,} {run.positions.position}s"


def _short(path: str) -> str:
    """The last part of a path or of ``kind:path``; a page tells no one where files lie."""
    return re.split(r"[/\\]", str(path).rstrip("/\\"))[-1]
