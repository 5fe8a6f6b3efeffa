r"""Formulas over concept names: frozen, parsed, printed, compared and evaluated without any data.

A formula is built from :class:`Concept`, :class:`Not`, :class:`And` and :class:`Or`
(Mu & Andreas 2020, Section 2). Two formulas are equal when they differ only in the order or the
grouping of the operands of AND and of OR, or by a double negation; that is what the canonical
:attr:`Formula.key` expresses, and ``==``, ``hash`` and ``<`` all hang on it.

``str(formula)`` and :func:`parse` are inverse to each other for every concept name. A name is
written bare (``front left door``) unless that could be misread; then it is put in double quotes,
with ``\`` before a double quote or a backslash (``"salt AND pepper"``). The name of a concept that
is derived from another, such as ``NEIGHBORS(hyp:couch)``, is written as a call (see
:func:`derived_name`).

Signs are read for operators too: ``&``, ``&&``, ``∧``, ``|``, ``||`` and ``∨`` where they stand
alone or beside a bracket or a quoted name, ``!``, ``~`` and ``¬`` where an operand begins. All
other signs belong to names, so ``R&B`` is one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.errors import FormulaError, quoted

BoolArray = NDArray[np.bool_]

# formulas are read by recursion: a sentence of ours comes before Python's own limit
_MAX_DEPTH = 200
_MAX_BINARY = 200  # a chain of them nests as deep as brackets do
_OPERATORS = ("AND", "OR", "NOT")
_BETWEEN = {"&": "AND", "&&": "AND", "∧": "AND", "|": "OR", "||": "OR", "∨": "OR"}
_BEFORE = "!~¬"
_STARTS_BETWEEN = re.compile(r"&&?|\|\|?|[∧∨]")
OPERATORS_ARE = (
    "operators are written in capitals, AND, OR, AND NOT, or as signs with blanks around them, "
    "&, |, & ~; write"
)
_WORD = re.compile(r"[A-Z][A-Z0-9_]*")
_TOKEN = re.compile(r'\s*(?:(\()|(\))|("(?:[^"\\]|\\.)*")|([^\s()"]+))', re.DOTALL)


class Formula:
    """A logical formula over concepts; use :func:`parse` or the four node classes to make one.

    Formulas are the paper's logical forms L(C) (section 2). They are values: they never change,
    and are equal where only order and grouping differ.

    Examples:
        >>> formula = Concept("water") & ~Concept("blue")
        >>> print(formula)
        water AND NOT blue
        >>> formula == parse("NOT blue AND water")
        True
        >>> formula.length, formula.concepts
        (2, ('water', 'blue'))
        >>> masks = {"water": np.array([True, True]), "blue": np.array([False, True])}
        >>> formula.evaluate(masks.get)
        array([ True, False])
    """

    # a formula never changes, so what follows from it is worked out once
    @cached_property
    def key(self) -> tuple[Any, ...]:
        """The canonical key: equal for formulas that differ only in order and grouping."""
        raise NotImplementedError

    @cached_property
    def concepts(self) -> tuple[str, ...]:
        """Concept names from left to right, repeated as often as they occur."""
        return tuple(self._names())

    @property
    def length(self) -> int:
        """Number of concepts in the formula; NOT adds nothing."""
        return len(self.concepts)

    def evaluate(self, mask_of: Callable[[str], BoolArray]) -> BoolArray:
        """The formula's mask.

        Args:
            mask_of: gives the boolean mask of a concept name; all of one shape.

        Returns:
            A boolean array of that shape.
        """
        raise NotImplementedError

    def _names(self) -> Iterator[str]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Formula) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __lt__(self, other: Formula) -> bool:
        # shorter formulas first, then by key: an order that no spelling changes
        return (self.length, self.key) < (other.length, other.key)

    def __and__(self, other: Formula) -> Formula:
        return And(self, other)

    def __or__(self, other: Formula) -> Formula:
        return Or(self, other)

    def __invert__(self) -> Formula:
        return Not(self)

    def __repr__(self) -> str:
        return f"parse({str(self)!r})"


@dataclass(frozen=True, eq=False, repr=False)
class Concept(Formula):
    """A single concept, by its name.

    Raises:
        FormulaError: the name is no text.

    Examples:
        >>> print(Concept("hyp:man"))
        hyp:man
        >>> print(Concept("salt AND pepper"))
        "salt AND pepper"
    """

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise FormulaError(f"a concept is called {quoted(self.name)}; give its name as a text")

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """The canonical key."""
        return ("concept", self.name)

    def evaluate(self, mask_of: Callable[[str], BoolArray]) -> BoolArray:
        """The concept's own mask."""
        return mask_of(self.name)

    def _names(self) -> Iterator[str]:
        yield self.name

    def __str__(self) -> str:
        return quote(self.name)


@dataclass(frozen=True, eq=False, repr=False)
class Not(Formula):
    """True where the operand is false.

    Examples:
        >>> print(Not(Or(Concept("water"), Concept("river"))))
        NOT (water OR river)
        >>> Not(Not(Concept("water"))) == Concept("water")
        True
    """

    operand: Formula

    def __post_init__(self) -> None:
        _check_operands(self.operand)

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """The canonical key; a double negation vanishes in it."""
        # no other law is applied, so formulas with one key have one length
        if isinstance(self.operand, Not):
            return self.operand.operand.key
        return ("not", self.operand.key)

    def evaluate(self, mask_of: Callable[[str], BoolArray]) -> BoolArray:
        """The complement of the operand's mask."""
        return ~self.operand.evaluate(mask_of)

    def _names(self) -> Iterator[str]:
        yield from self.operand._names()

    def __str__(self) -> str:
        binary = isinstance(self.operand, _Binary)
        return f"NOT ({self.operand})" if binary else f"NOT {self.operand}"


@dataclass(frozen=True, eq=False, repr=False)
class _Binary(Formula):
    left: Formula
    right: Formula

    def __post_init__(self) -> None:
        _check_operands(self.left, self.right)

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """The canonical key: operands of the whole chain, flattened and sorted."""
        return (type(self).__name__.lower(), *sorted(f.key for f in self._chain()))

    def _chain(self) -> Iterator[Formula]:
        """Operands of this operator, through nested uses (and double negations) of it."""
        for side in (self.left, self.right):
            # NOT NOT (a AND b) within an AND is a part of the chain, as its key must not tell
            plain = side
            while isinstance(plain, Not) and isinstance(plain.operand, Not):
                plain = plain.operand.operand
            if type(plain) is type(self):
                yield from plain._chain()
            else:
                yield plain

    def _names(self) -> Iterator[str]:
        yield from self.left._names()
        yield from self.right._names()

    def __str__(self) -> str:
        left, right = str(self.left), str(self.right)
        if isinstance(self.left, _Binary) and type(self.left) is not type(self):
            # brackets wherever AND and OR meet, so that nobody has to know which binds first
            left = f"({left})"
        # of the same kind too: without brackets it would be read back grouped to the left
        if isinstance(self.right, _Binary):
            right = f"({right})"
        return f"{left} {type(self).__name__.upper()} {right}"


class And(_Binary):
    """True where both operands are true.

    Examples:
        >>> print(And(Or(Concept("water"), Concept("river")), Not(Concept("blue"))))
        (water OR river) AND NOT blue
        >>> And(Concept("water"), Concept("blue")) == And(Concept("blue"), Concept("water"))
        True
    """

    def evaluate(self, mask_of: Callable[[str], BoolArray]) -> BoolArray:
        """The intersection of the operands' masks."""
        return self.left.evaluate(mask_of) & self.right.evaluate(mask_of)


class Or(_Binary):
    """True where at least one operand is true.

    Examples:
        >>> print(Or(Or(Concept("water"), Concept("river")), Concept("sea")))
        water OR river OR sea
    """

    def evaluate(self, mask_of: Callable[[str], BoolArray]) -> BoolArray:
        """The union of the operands' masks."""
        return self.left.evaluate(mask_of) | self.right.evaluate(mask_of)


def nfc(name: str) -> str:
    """A name in the form in which names are compared: composed letters (Unicode's NFC).

    Some systems write ``é`` as ``e`` and an accent; nobody sees the difference.
    """
    return unicodedata.normalize("NFC", name)


def _check_operands(*operands: object) -> None:
    for operand in operands:
        if not isinstance(operand, Formula):
            raise FormulaError(
                f"{quoted(operand)} is no formula; write Concept(NAME), or parse(TEXT)"
            )


def as_formula(given: Formula | str) -> Formula:
    """A formula, or the one that a text is.

    Raises:
        FormulaError: it is neither a formula nor the text of one.
    """
    if isinstance(given, str):
        return parse(given)
    _check_operands(given)
    return given


def quote(name: str) -> str:
    """A concept name as it stands in a formula: bare if that cannot be misread, else quoted."""
    bare = _is_bare(name) and not _has_operator_signs(name)
    return name if bare or _is_call(name) else _in_quotes(name)


def derived_name(operator: str, name: str) -> str:
    """The name of the concept that an operator derives from another: ``NEIGHBORS(hyp:couch)``.

    Raises:
        FormulaError: the operator is not an upper-case word, or is AND, OR or NOT.
    """
    if not isinstance(operator, str) or not _WORD.fullmatch(operator) or operator in _OPERATORS:
        raise FormulaError(
            f"{quoted(operator)} cannot name a derived concept; use one upper-case word such as "
            "NEIGHBORS, and none of AND, OR, NOT"
        )
    return f"{operator}({name if _is_bare(name) else _in_quotes(name)})"


def _is_bare(name: str) -> bool:
    words = name.split()
    plain = bool(words) and name == " ".join(words) and not set('()"') & set(name)
    return plain and not any(word in _OPERATORS for word in words)


def _has_operator_signs(name: str) -> bool:
    """Whether a bare name would be read as signs and names."""
    words = name.split()
    return words[0][0] in _BEFORE or any(word in _BETWEEN for word in words)


def _is_call(name: str) -> bool:
    """Whether a name reads ``OPERATOR(name)``, just as :func:`derived_name` writes it."""
    operator, bracket, rest = name.partition("(")
    if not bracket or not rest.endswith(")") or not _WORD.fullmatch(operator):
        return False
    inner = rest[:-1]
    plain = _unquoted(inner) if inner.startswith('"') and len(inner) > 1 else inner
    # written back and compared: only the one spelling that `derived_name` gives counts
    return operator not in _OPERATORS and derived_name(operator, plain) == name


def _in_quotes(name: str) -> str:
    # backslashes first, else those put before quotes would be doubled too
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def parse(text: str) -> Formula:
    """Read a formula, such as ``(water OR river) AND NOT blue``.

    Operators are upper case; NOT binds before AND, AND before OR, and equal operators group to
    the left. ``&``, ``|`` and ``~`` or ``!`` with blanks around them mean the same; a sign within
    a name, as in ``R&B``, is a part of it. Names with brackets, double quotes, odd spaces,
    operator words or lone signs stand in double quotes.

    Raises:
        FormulaError: the text is not a formula; the message says where.

    Examples:
        >>> formula = parse("(water OR river) AND NOT blue")
        >>> formula.length
        3
        >>> parse("a OR b AND c") == parse("a OR (b AND c)")
        True
        >>> print(parse("(water | river) & ~blue"))
        (water OR river) AND NOT blue
        >>> parse("water AND")
        Traceback (most recent call last):
            ...
        andornot.errors.FormulaError: cannot read the formula 'water AND' at character 10:
        expected a concept name, NOT or an opening bracket
    """
    return _read(text, signs=True)


def read_back(text: str) -> Formula:
    """Read what ``str(formula)`` wrote: operators in words only.

    Earlier versions wrote a name such as ``salt & pepper`` bare, and their runs are still read.

    Raises:
        FormulaError: the text is not a formula.
    """
    return _read(text, signs=False)


def readings(text: str) -> Iterator[Formula]:
    """What a text may mean to those who know the names of concepts, the likeliest first.

    As :func:`parse` does, then with operators in words only, where a sign may stand in a name, then
    with all signs as operators. A text without signs has one reading at most.
    """
    ways = [(text, False)]
    if len(text) <= _LONGEST_RESPELLED and _SIGN.search(text):
        ways = [(text, True), (text, False), (_in_words(text, _SIGN), False)]
    for spelled, signs in ways:
        with suppress(FormulaError):
            yield _read(spelled, signs)


def _read(text: str, signs: bool) -> Formula:
    if not isinstance(text, str):
        raise FormulaError(
            f"{quoted(text)} is no text of a formula; give one such as 'a AND NOT b'"
        )
    reader = _Reader(text, signs)
    formula = reader.disjunction(0)
    if reader.token is not None:
        raise reader.error("expected AND, OR or the end")
    return formula


# an error must not take long to tell, however long the text is
_LONGEST_RESPELLED = 1000
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SIGN = re.compile(rf"{_QUOTED}|&&?|\|\|?|[!~¬∧∨]", re.DOTALL)
_SIGN_OR_WORD = re.compile(rf"{_SIGN.pattern}|\b(?:and|or|not)\b", re.DOTALL)


def respelled(text: str) -> str | None:
    """A formula with signs (``cat&!window``) or small letters, with operators as words.

    None where there is nothing of that kind, or what comes of it is no formula either.
    """
    if len(text) > _LONGEST_RESPELLED:
        return None
    plain = _in_words(text, _SIGN_OR_WORD)
    try:
        return None if plain == text else str(read_back(plain))
    except FormulaError:
        return None


def _in_words(text: str, signs: re.Pattern[str]) -> str:
    """The text with each sign, wherever it stands, as a word of its own."""

    def word(found: re.Match[str]) -> str:
        sign = found[0]
        if sign[0] == '"':  # what stands in quotes is a name, whatever signs it holds
            return sign
        return f" {_BETWEEN.get(sign) or ('NOT' if sign in _BEFORE else sign.upper())} "

    return signs.sub(word, text)


class _Reader:
    """Recursive descent over the tokens of one text, one token ahead."""

    def __init__(self, text: str, signs: bool) -> None:
        self.text = text
        self.signs = signs
        self.position = 0
        self.start = 0
        self.n_binary = 0
        self.kind: str | None = None
        self.token: str | None = None
        self.advance()

    def error(self, what: str) -> FormulaError:
        # it parses its own proposal, in which no sign is left: so this recurses once at most
        meant = respelled(self.text)
        return FormulaError(
            f"cannot read the formula {quoted(self.text, self.start)} at character "
            f"{self.start + 1}: {what}{f'; {OPERATORS_ARE} {quoted(meant)}' if meant else ''}"
        )

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.position)
        if match is None:
            rest = self.text[self.position :]
            # blanks are no place to point at
            self.start = self.position + len(rest) - len(rest.lstrip())
            if rest.strip():
                raise self.error("a double quote is opened and not closed")
            self.kind = self.token = None
            return
        self.start, self.position = match.start(match.lastindex or 0), match.end()
        self.token = match.group(match.lastindex or 0)
        self.kind = ("(", ")", "quoted", "word")[(match.lastindex or 1) - 1]
        # an operator in quotes stays a name
        if self.kind == "word" and self.token in _OPERATORS:
            self.kind = self.token
        elif self.signs and self.kind == "word":
            self.kind = _BETWEEN.get(self.token, self.kind)

    def cut(self, sign: str, kind: str) -> None:
        """Read a sign with which a word begins as a token of its own."""
        self.position = self.start + len(sign)
        self.token, self.kind = sign, kind

    def disjunction(self, depth: int) -> Formula:
        left = self.conjunction(depth)
        while self.kind == "OR":
            self.binary()
            left = Or(left, self.conjunction(depth))
        return left

    def conjunction(self, depth: int) -> Formula:
        left = self.operand(depth)
        while self.kind == "AND":
            self.binary()
            left = And(left, self.operand(depth))
        return left

    def operand(self, depth: int) -> Formula:
        formula = self.one_operand(depth)
        # a word can only follow what closes itself, as in (a)&b: no name ends there
        found = _STARTS_BETWEEN.match(self.token or "") if self.kind == "word" else None
        if self.signs and found:
            self.cut(found[0], _BETWEEN[found[0]])
        return formula

    def one_operand(self, depth: int) -> Formula:
        if self.signs and self.kind == "word" and self.token and self.token[0] in _BEFORE:
            self.cut(self.token[0], "NOT")
        if self.kind == "NOT":
            self.advance()
            return Not(self.operand(self.deeper(depth)))
        if self.kind == "(":
            self.advance()
            inner = self.disjunction(self.deeper(depth))
            if self.kind != ")":
                raise self.error("expected a closing bracket")
            self.advance()
            return inner
        return Concept(self.name())

    def name(self) -> str:
        # a call only if the bracket follows at once: `NEAR (a)` is no name
        word, after = self.token, self.text[self.position : self.position + 1]
        if self.kind == "word" and word is not None and after == "(" and _WORD.fullmatch(word):
            return self.derived(word)
        return self.plain_name()

    def derived(self, operator: str) -> str:
        self.advance()
        signs, self.signs = self.signs, False  # a call takes one name, and no operators
        self.advance()
        name = derived_name(operator, self.plain_name())
        if self.kind != ")":
            raise self.error(f"expected the bracket that closes {operator}(")
        self.signs = signs
        self.advance()
        return name

    def plain_name(self) -> str:
        if self.kind == "quoted" and self.token is not None:
            name = _unquoted(self.token)
            self.advance()
            return name
        words: list[str] = []
        while self.kind == "word" and self.token is not None:
            words.append(self.token)
            self.advance()
        if not words:
            raise self.error("expected a concept name, NOT or an opening bracket")
        return " ".join(words)

    # counted over the whole text, for a chain nests to the left as deep as it is long
    def binary(self) -> None:
        self.n_binary += 1
        if self.n_binary > _MAX_BINARY:
            raise self.error(f"it has more than {_MAX_BINARY} AND and OR; write it shorter")
        self.advance()

    def deeper(self, depth: int) -> int:
        if depth >= _MAX_DEPTH:
            raise self.error(f"it nests more than {_MAX_DEPTH} levels deep; write it shorter")
        return depth + 1
