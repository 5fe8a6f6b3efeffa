"""Mark the words of sentences that a formula names, and the tokens that a unit fires on.

Where a position is a whole pair, or a sentence by itself, a formula holds on it or does not;
which of its words are to thank for that is worked out here. At token level formula and unit hold on
each token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from andornot.concepts.table import ConceptTable
from andornot.data.sentences.concepts import OVERLAPS, SIDES, word_overlap
from andornot.data.sentences.pairs import Pair, Sentence
from andornot.data.sentences.single import OneSentence
from andornot.data.sentences.single_concepts import names_of_each
from andornot.formula import And, Concept, Formula, Not, Or, quote
from andornot.views.plain import View
from andornot.views.unit import plain_concepts

DECISIVE: Final = "decisive"
NAMED: Final = "named"
FORBIDDEN: Final = "forbidden"
BOTH: Final = "both"
UNIT: Final = "unit"
FORMULA: Final = "formula"
EXCLUDED: Final = "excluded"

PAIR_MARKS: Final = {
    DECISIVE: "makes the formula hold",
    NAMED: "named by the formula, which does not hold by it",
    FORBIDDEN: "named under a NOT: should be absent",
}
TOKEN_MARKS: Final = {
    BOTH: "unit active, formula holds",
    UNIT: "only the unit (missed)",
    FORMULA: "only the formula (false alarm)",
    EXCLUDED: "excluded by a NOT, unit silent",
}
"""What the marks mean, at pair level and at token level."""

SHORT_PAIR_MARKS: Final = {
    DECISIVE: "makes the formula hold",
    NAMED: "named, not decisive",
    FORBIDDEN: "named after NOT",
}
SHORT_TOKEN_MARKS: Final = {
    BOTH: "unit and formula",
    UNIT: "only the unit",
    FORMULA: "only the formula",
    EXCLUDED: "excluded by NOT",
}
"""The same in few words, for print."""


Truth = Mapping[str, bool]
"""Whether each concept of a formula holds at a position."""


@dataclass(frozen=True)
class Mark(View):
    """How a token is marked.

    Attributes:
        kind: a key of :data:`PAIR_MARKS` or :data:`TOKEN_MARKS`; empty for no mark.
        why: the concepts of the formula that it is for.
        overlap: whether that is only the overlap of the two sentences.
        strength: at token level, where the unit is active, its activation as a part of its
            largest one; otherwise 0.
    """

    kind: str = ""
    why: str = ""
    overlap: bool = False
    strength: float = 0.0


@dataclass(frozen=True)
class Token(View):
    """A token as it is shown: its text, whether a blank goes before it, and its mark."""

    text: str
    space: bool
    mark: Mark


class Literal(NamedTuple):
    """A concept in a formula, and whether it has to hold there or, under a NOT, must not."""

    concept: str
    holds: bool

    def __str__(self) -> str:
        return quote(self.concept) if self.holds else f"NOT {quote(self.concept)}"

    def is_true(self, truth: Truth) -> bool:
        """Whether it is as it has to be, given which concepts hold."""
        return bool(truth[self.concept]) == self.holds


def literals(formula: Formula, wanted: bool = True) -> tuple[Literal, ...]:
    """The literals of a formula from left to right, each once; NOT is pushed down to them."""
    if isinstance(formula, Concept):
        return (Literal(formula.name, wanted),)
    if isinstance(formula, Not):
        return literals(formula.operand, not wanted)
    parts = [literals(part, wanted) for part in _operands(formula)]
    return tuple(dict.fromkeys(literal for part in parts for literal in part))


def decisive(formula: Formula, truth: Truth, wanted: bool = True) -> tuple[Literal, ...]:
    """The literals that make a formula hold, given which concepts do; none if it does not hold.

    Of an OR these are the literals of the operands that hold, of an AND those of both.
    """
    if not _has_value(formula, wanted, lambda literal: literal.is_true(truth)):
        return ()
    if isinstance(formula, Concept):
        return (Literal(formula.name, wanted),)
    if isinstance(formula, Not):
        return decisive(formula.operand, truth, not wanted)
    parts = [decisive(part, truth, wanted) for part in _operands(formula)]
    return tuple(dict.fromkeys(literal for part in parts for literal in part))


def hindering(formula: Formula, truth: Truth) -> tuple[Literal, ...]:
    """What stands under a NOT and holds, in a formula that would hold if nothing of that did."""

    def waived(literal: Literal) -> bool:
        return not literal.holds or literal.is_true(truth)

    if decisive(formula, truth) or not _has_value(formula, True, waived):
        return ()
    return tuple(li for li in literals(formula) if not li.holds and not li.is_true(truth))


def _has_value(formula: Formula, wanted: bool, given: Callable[[Literal], bool]) -> bool:
    """Whether a formula has the wanted value, given which of its literals are true."""
    if isinstance(formula, Concept):
        return given(Literal(formula.name, wanted))
    if isinstance(formula, Not):
        return _has_value(formula.operand, not wanted, given)
    parts = (_has_value(part, wanted, given) for part in _operands(formula))
    return all(parts) if isinstance(formula, And) == wanted else any(parts)


def _operands(formula: Formula) -> tuple[Formula, Formula]:
    if isinstance(formula, And | Or):
        return formula.left, formula.right
    raise TypeError(f"{type(formula).__name__} is no formula with two operands")


def names_of_tokens(
    sample: Pair | OneSentence, tags: Mapping[str, str]
) -> tuple[tuple[frozenset[str], ...], ...]:
    """The concepts of the whole sample that each token of each of its sentences stands for.

    Args:
        sample: a sentence pair, or one sentence.
        tags: of pairs, what the concept of each tag is called (see ``concepts.tag_names``).
    """
    if isinstance(sample, OneSentence):
        return (names_of_each(sample.sentence),)
    return _names_in_pair(sample, tags)


def _names_in_pair(pair: Pair, tags: Mapping[str, str]) -> tuple[tuple[frozenset[str], ...], ...]:
    """The pair-level concepts that each token stands for, in premise and hypothesis.

    A token stands for its word, its tag, and, if the other sentence has its word too, for the
    overlap of the two.
    """
    overlap = word_overlap(pair)
    overlaps = frozenset(name for name, least in OVERLAPS.items() if overlap > least)
    shared = {*pair.premise.words} & {*pair.hypothesis.words}
    found = []
    for side, sentence in zip(SIDES, pair.sentences, strict=True):
        known = sentence.tags if sentence.tags and tags else ("",) * len(sentence.tokens)
        found.append(
            tuple(
                frozenset({f"{side}:{word}", f"{side}:{tags.get(tag, '')}"})
                | (overlaps if word in shared else frozenset())
                for word, tag in zip(sentence.words, known, strict=True)
            )
        )
    return tuple(found)


def mark_whole(
    sample: Pair | OneSentence,
    formula: Formula | None,
    truth: Truth,
    tags: Mapping[str, str],
    table: ConceptTable,
) -> tuple[tuple[Token, ...], ...]:
    """The sentences of a sample that is one position, with what the formula names in them marked.

    Args:
        sample: the pair, or the sentence.
        formula: the formula; nothing is marked if there is none.
        truth: whether each of its concepts holds on the sample.
        tags: of pairs, what the concept of each tag is called.
        table: the concepts.
    """
    reasons = () if formula is None else decisive(formula, truth)
    by_mark: dict[str, list[str]] = {DECISIVE: [], FORBIDDEN: [], NAMED: []}
    for literal in () if formula is None else literals(formula):
        mark = DECISIVE if literal in reasons else NAMED
        by_mark[mark if literal.holds else FORBIDDEN].append(literal.concept)
    plain = {name: {*plain_concepts(table, name)} for names in by_mark.values() for name in names}
    names = names_of_tokens(sample, tags)
    return _marked(
        sample.sentences, [_mark(own, by_mark, plain) for sentence in names for own in sentence]
    )


def _mark(
    own: frozenset[str],
    by_mark: Mapping[str, Iterable[str]],
    plain: Mapping[str, Set[str]],
) -> Mark:
    """The mark of a token that stands for these concepts, and the concepts it is for."""
    for mark, names in by_mark.items():
        if found := [name for name in names if plain[name] & own]:
            return Mark(mark, ", ".join(found), OVERLAPS.keys() >= set(found))
    return Mark()


def mark_tokens(
    pair: Pair,
    formula: Formula | None,
    truths: Sequence[Truth],
    active: Sequence[bool],
    strengths: Sequence[float],
) -> tuple[tuple[Token, ...], ...]:
    """Premise and hypothesis, with the tokens on which unit and formula hold marked.

    Args:
        pair: the pair.
        formula: the formula; it holds nowhere if there is none.
        truths: for each token (those of the premise, then the others) whether each of the
            formula's concepts holds on it.
        active: whether the unit is active on it.
        strengths: the unit's activation as a part of its largest one.
    """
    marks = []
    for truth, is_active, strength in zip(truths, active, strengths, strict=True):
        reasons = () if formula is None else decisive(formula, truth)
        against = () if formula is None else hindering(formula, truth)
        kind = (BOTH if is_active else FORMULA) if reasons else UNIT if is_active else ""
        kind = kind or (EXCLUDED if against else "")
        why = ", ".join([*map(str, reasons), *(f"not {li.concept}" for li in against)])
        marks.append(Mark(kind, why, strength=float(strength) if is_active else 0.0))
    return _marked(pair.sentences, marks)


def _marked(sentences: Sequence[Sentence], marks: Iterable[Mark]) -> tuple[tuple[Token, ...], ...]:
    """Sentences with the marks of their tokens, one after another."""
    rest = iter(marks)
    return tuple(
        tuple(
            Token(text, space, next(rest))
            for text, space in zip(sentence.tokens, spaces(sentence.tokens), strict=True)
        )
        for sentence in sentences
    )


_CLOSING = re.compile(r"[.,;:!?%)\]}]+|'\w+|n't|'")
_OPENING = re.compile(r"[(\[{$]")


def spaces(tokens: Sequence[str]) -> tuple[bool, ...]:
    """Whether a blank goes before each token, so that a sentence reads as people write it."""
    found = [False]
    for before, token in pairwise(tokens):
        found.append(not (_CLOSING.fullmatch(token) or _OPENING.fullmatch(before)))
    return tuple(found)
