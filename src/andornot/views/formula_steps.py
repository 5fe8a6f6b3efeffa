"""A formula one step a line: each step applies to all above it, so no bracket is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from andornot.formula import And, Concept, Formula, Not, Or, parse, quote
from andornot.formula_forms import operands
from andornot.results.explanation import Explanation, Twins, UnknownNot
from andornot.views.plain import View

_JOINS: Final = {"AND": And, "OR": Or}
MOST_STEPS: Final = 12
"""Steps of a formula that are seen at first; the others are folded."""

_NAMED: Final = 3
"""Twins that are named beside a step."""


@dataclass(frozen=True)
class StepWord(View):
    """A piece of a step: an operator or a bracket, or with ``concept`` the name of one."""

    text: str
    concept: str = ""


@dataclass(frozen=True)
class FormulaStep(View):
    """A step of a formula.

    Attributes:
        operator: how it is joined to all above it, ``AND`` or ``OR``; empty for the first.
        words: what stands behind the operator: mostly a concept, perhaps after NOT; where the
            formula is no chain, a part in brackets.
        score: IoU of the formula up to and with this step, to three decimals (see
            :func:`steps_of`); None where that is not known.
        adds: how much that is more than one step above; None for the first, and where not known.
        notes: what its concept cannot be told from, and whether a NOT is known, in words.
    """

    operator: str
    words: tuple[StepWord, ...]
    score: float | None = None
    adds: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The step as text."""
        return " ".join(filter(None, (self.operator, "".join(word.text for word in self.words))))

    @property
    def gain(self) -> str:
        """What stands beside it: what it adds, for the first its score; empty if not known."""
        adds = self.adds if self.operator else self.score
        if adds is None:
            return ""
        return f"{adds:+.3f}" if self.operator else f"{adds:.3f}"


@dataclass(frozen=True)
class FormulaSteps(View):
    """A formula as steps.

    Attributes:
        steps: from the first to the last.
        held_out: whether scores are of samples that were not searched.
        found_again: in how many folds this very formula was found, and how many found one; None
            where that is not known.
        meaning: what they are worth together and what the numbers beside them say, in sentences;
            empty where nothing is to be said.
    """

    steps: tuple[FormulaStep, ...]
    held_out: bool
    found_again: tuple[int, int] | None
    meaning: str


def chain(formula: Formula) -> tuple[tuple[str, Formula], ...]:
    """A formula as operators and the parts that they join to all before them.

    Joined from the first to the last they hold where the formula does. A search appends one
    concept at a time, so that each part is a concept, or one after NOT; of other formulas a part
    may be a formula itself.

    Args:
        formula: any formula.

    Returns:
        Pairs of an operator (empty for the first) and a part.
    """
    head = formula
    joined: list[tuple[str, Formula]] = []
    while True:
        kind = _kind(head)
        parts = list(operands(head, kind))
        if len(parts) == 1:
            return (("", parts[0]), *reversed(joined))
        # what is joined itself goes first, since nothing has to stand in brackets there
        at = next((i for i, part in enumerate(parts) if isinstance(part, And | Or)), 0)
        head = parts.pop(at)
        joined += [(kind.__name__.upper(), part) for part in reversed(parts)]


def in_order_of(
    parts: Sequence[tuple[str, Formula]], best: Sequence[Formula | None]
) -> tuple[tuple[str, Formula], ...]:
    """The same parts in the order in which a search came by them, as far as it is free.

    Parts that one operator joins may stand in any order. So at each place stands the next one with
    which the formula up to there is the best of its length, or else the next one.

    Args:
        parts: what :func:`chain` gives.
        best: the best formula of each length, from 1; None where there was none.
    """
    found: list[tuple[str, Formula]] = []
    whole: Formula | None = None
    # the first is joined by the operator that joins the second to it
    operators = [operator for operator, _ in (*parts[1:2], *parts[1:])] or [""]
    for operator, run in groupby(zip(operators, parts, strict=True), key=lambda own: own[0]):
        left = [part for _, (_, part) in run]
        while left:
            grown = [part if whole is None else _JOINS[operator](whole, part) for part in left]
            at = next((i for i, own in enumerate(grown) if _is_best(own, best)), 0)
            found.append((operator if found else "", left.pop(at)))
            whole = grown[at]
    return tuple(found)


def _is_best(formula: Formula, best: Sequence[Formula | None]) -> bool:
    """Whether a formula is the best of its length."""
    return formula.length <= len(best) and best[formula.length - 1] == formula


def _kind(formula: Formula) -> type[And] | type[Or]:
    while isinstance(formula, Not) and isinstance(formula.operand, Not):
        formula = formula.operand.operand
    return Or if isinstance(formula, Or) else And


def steps_of(e: Explanation, shown: Explanation) -> FormulaSteps | None:
    """The formula that is shown, one step a line, with what each adds; None where there is none.

    What the steps up to one are worth was measured where the search found just these as its best
    formula of so many concepts. Then ``score`` is the held-out IoU by that length (in sample,
    where nothing was held out), and ``adds`` the difference of two of them, each to three
    decimals, so that the first score and all that is added make the last one. Each fold searches
    for itself: the numbers say what one more concept is worth to a search that does not see the
    samples it is scored on, and are those of this step's words only as far as the folds find the
    same ones. A step that the search did not come by has no number, and none has one where no
    fold found this formula, or where nothing is known but what the first or all are worth; the
    IoU of all of them stands in ``meaning``.

    Args:
        e: the explanation.
        shown: the same by the formula that is shown (``judged.as_shown``).
    """
    if shown.formula is None:
        return None
    best = [None if one is None else one.formula for one in e.best_by_length]
    parts = in_order_of(chain(shown.formula), best)
    scores = [_score(e, prefix) for prefix in _prefixes(parts)]
    total, again = scores[-1], _found_again(e)
    adds = [_added(above, score) for above, score in pairwise(scores)]
    if (again and not again[0]) or not any(one is not None for one in adds):
        scores, adds = [None] * len(scores), [None] * len(adds)
    later = [{operator for operator, _ in parts[i + 1 :]} for i in range(len(parts))]
    steps = tuple(
        FormulaStep(
            operator, tuple(_words(part)), score, added,
            tuple(_notes(part, shown, "OR" not in after)),
        )
        for (operator, part), score, added, after in zip(
            parts, scores, [None, *adds], later, strict=True
        )
    )  # fmt: skip
    held_out = e.trust is not None and e.trust.held_out is not None
    return FormulaSteps(steps, held_out, again, _meaning(steps, total, held_out, again))


def _added(above: float | None, score: float | None) -> float | None:
    return None if above is None or score is None else round(score - above, 3)


def _prefixes(parts: Sequence[tuple[str, Formula]]) -> Iterator[Formula]:
    """The formula up to and with each part."""
    formula = parts[0][1]
    yield formula
    for operator, part in parts[1:]:
        formula = _JOINS[operator](formula, part)
        yield formula


def _score(e: Explanation, prefix: Formula) -> float | None:
    """What is known of the first steps, to three decimals."""
    held = None if e.trust is None else e.trust.held_out
    for n, best in enumerate(e.best_by_length, start=1):
        if best is not None and prefix in (best.formula, best.plain and best.plain.formula):
            is_whole = e.shown is not None and prefix == e.shown.formula
            at = e.trust.shown if e.trust is not None and is_whole else n
            return round(best.iou if held is None else held.by_length[at - 1], 3)
    return None


def _words(part: Formula) -> Iterator[StepWord]:
    """A part as it stands behind its operator."""
    if isinstance(part, Concept):
        yield StepWord(quote(part.name), part.name)
    elif isinstance(part, Not):
        yield StepWord("NOT ")
        yield from _words(part.operand)
    else:
        assert isinstance(part, And | Or)
        yield StepWord("(")
        for i, (operator, own) in enumerate(_operands_of(part)):
            yield from (StepWord(f" {operator} "),) if i else ()
            yield from _words(own)
        yield StepWord(")")


def _operands_of(part: And | Or) -> Iterator[tuple[str, Formula]]:
    kind = _kind(part)
    yield from ((kind.__name__.upper(), own) for own in operands(part, kind))


def _notes(part: Formula, e: Explanation, is_needed: bool) -> Iterator[str]:
    """What is to be known of a step's concepts.

    Args:
        part: the step, without its operator.
        e: the explanation by the formula that is shown.
        is_needed: whether the part holds wherever the formula does.
    """
    twins = () if e.shown is None else e.shown.twins
    names = dict.fromkeys(part.concepts)
    yield from (_same(one) for one in twins if one.concept in names)
    if isinstance(part, Not) and isinstance(part.operand, Concept):
        unknown = (one for one in e.unknown if one.concept in names)
        yield from (_known(one, is_needed) for one in unknown)


def _same(twins: Twins) -> str:
    named = twins.others[:_NAMED]
    more = len(twins.others) - len(named) + twins.more
    return f"= {' = '.join(map(quote, named))}" + (f" and {more:,} more" if more else "")


def _known(one: UnknownNot, is_needed: bool) -> str:
    """On how much of where the formula holds the concept of a NOT was looked for."""
    if one.share == 1:
        return "never labelled where the formula holds"
    # beside an alternative the formula may hold where the concept of the NOT is there
    told = "known absent" if is_needed else "labelled"
    return f"{told} on {_percent(1 - one.share)}, never labelled on {_percent(one.share)}"


def _percent(share: float) -> str:
    """A share that is neither 0 nor 1, and is not rounded to them."""
    n = round(100 * share)
    return {0: "under 1 %", 100: "over 99 %"}.get(n, f"{n} %")


def _found_again(e: Explanation) -> tuple[int, int] | None:
    held = None if e.trust is None else e.trust.held_out
    found = [text for text in (held.formulas if held else ()) if text is not None]
    # folds keep parts that change no position
    own = [one.formula for one in (e.shown, e.shown_as_searched) if one is not None]
    return (sum(parse(text) in own for text in found), len(found)) if found else None


def _meaning(
    steps: Sequence[FormulaStep],
    total: float | None,
    held_out: bool,
    again: tuple[int, int] | None,
) -> str:
    """What the numbers beside the steps say, and what all steps together are worth."""
    said = ["Each line applies to all above it."] if len(steps) > 1 else []
    if total is not None:
        said.append(_worth(len(steps) > 1, total, held_out, again))
    if any(step.gain for step in steps):
        known = "" if all(step.gain for step in steps) else ", where that is known"
        said.append(f"Beside a line stands what it adds{known}.")
    return " ".join(said)


def _worth(several: bool, total: float, held_out: bool, again: tuple[int, int] | None) -> str:
    """What all steps together are worth, and how often this very formula was found."""
    told = f"{'Together: ' if several else ''}IoU {total:.3f} on samples that were "
    if not held_out:
        return f"{told}searched."
    if again is None or again[0] == again[1]:
        return f"{told}not searched."
    found = f"{again[0]}" if again[0] else "none"
    return f"{told}not searched, over {again[1]} searches of which {found} found this very formula."
