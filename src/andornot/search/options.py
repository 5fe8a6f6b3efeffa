"""How to search: one record of all options by name, with their defaults and checks.

Users, solvers and runs on disk have this one record; for kernels, names become numbers.

What knows kernels is imported where it is asked: the command line reads the defaults here, and its
help shall not wait for a compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from numbers import Integral, Real
from typing import Any, Literal, TypedDict, Unpack, get_args

from andornot._tools.checks import (
    flag,
    is_one_of,
    make_plain,
    plain,
    put,
    several,
    texts,
)
from andornot._tools.words import nearest
from andornot.errors import OptionError, quoted

Search = Literal["auto", "beam", "optimal", "exhaustive"]
Space = Literal["left-deep", "trees"]
Profile = Literal["mu2020"]
Stop = Callable[[], bool]
PUBLISHED_PROFILE: Profile = "mu2020"

_PROOF_STEPS = 1e7
"""About as many elementary steps are otherwise spent on a proof that the beam's formula is best,
or on a better one; a tenth of them where formulas are so long that there will hardly be a proof."""
_PROVABLE_LENGTH = 3
LONGEST_TREE = 4
"""Trees of more concepts are not searched: ``trees.families`` lists those of up to so many."""
_WIDEST = 10**6


@dataclass(frozen=True)
class Budget:
    """How long to search for a proof, for each unit.

    Attributes:
        nodes: prefixes to try with every concept; the same number gives the same result.
        seconds: time to take; None for no limit.
        stop: asked now and then whether to end at once with the bound reached so far.

    Raises:
        OptionError: a number cannot be used.

    Examples:
        >>> Budget(nodes=1000, seconds=60.0)
        Budget(nodes=1000, seconds=60.0, stop=None)
        >>> Budget(nodes=-1)
        Traceback (most recent call last):
            ...
        andornot.errors.OptionError: nodes is -1; give a whole number, 0 or more
    """

    nodes: int = 1_000_000
    seconds: float | None = None
    stop: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        make_plain(self, "nodes", "seconds")
        nodes: object = self.nodes
        seconds: object = self.seconds
        # True is a whole number to Python, and a slip in an option
        is_whole = isinstance(nodes, Integral) and not isinstance(nodes, bool)
        if not (is_whole and 0 <= self.nodes < 2**63):
            raise OptionError(f"nodes is {quoted(nodes)}; give a whole number, 0 or more")
        is_number = not isinstance(seconds, bool) and isinstance(seconds, Real)
        # a whole number may be too large for a clock
        if seconds is not None and not (is_number and 0 <= (self.seconds or 0) < 1e300):
            raise OptionError(f"seconds is {quoted(seconds)}; give a number, 0 or more")


@dataclass(frozen=True)
class SearchOptions:
    """How to search for formulas; all of it by name, as users give it.

    The paper's search (section 2) is a beam of 10 with all three operators, over formulas that
    grow by one concept at a time.

    Attributes:
        length: longest formula, in concepts (NOT adds nothing).
        beam_size: formulas kept at each step, and returned.
        search: ``"beam"``; ``"optimal"`` (the best formula, proven within ``nodes`` and
            ``seconds``, else with a bound on what could be better); ``"exhaustive"`` (every
            formula, one after another); ``"auto"`` (exhaustive where that is cheap, else optimal
            with a small budget).
        metric: the score to search for (see ``andornot.measures.scores.METRICS``), or
            ``"pearson"``, the correlation with the raw activations, for which there is a beam
            search only.
        operators: among ``"OR"``, ``"AND"``, ``"AND NOT"``.
        penalty: a formula of ``n`` concepts scores ``penalty ** (n - 1)`` times as much.
        limit: compose only with the ``limit`` best single concepts; as a keyword it is called
            ``pool``, and here as in the files of runs.
        categories: use only concepts of these categories.
        concepts: use only these concepts.
        profile: ``"mu2020"`` repeats the published beam search move for move.
        space: ``"left-deep"``, formulas that grow by one concept at a time, as published; or
            ``"trees"``, where both operands may be formulas, of up to 4 concepts.
        nodes: optimal search: prefixes of formulas to try with every concept, for each unit; of
            ``"auto"``, if given, too.
        seconds: optimal search: longest time for each unit; results then hang on the machine.
        known_only: score each formula on the positions where all its concepts are known: those
            whose categories were annotated there at all.
        min_support: ``(positions, samples)``; concepts that hold on fewer of either are left out.
        negated_first: whether a formula may begin with NOT, such as ``NOT a AND NOT b``; if not
            given, it may where the table has context columns, such as ``PREV(a)``.

    Raises:
        OptionError: a value cannot be used, or two of them exclude each other.

    Examples:
        >>> concepts = andornot.ConceptTable.from_masks(
        ...     [[True, True, False, False], [False, True, True, False]], ["a", "b"]
        ... )
        >>> unit = [True, False, True, False]  # one of the two, and not both
        >>> print(andornot.explain([unit], concepts, length=4)[0])
        unit 0: a OR b (IoU 0.667)
        >>> print(andornot.explain([unit], concepts, length=4, space="trees")[0])
        unit 0: (a OR b) AND NOT (b AND a) (IoU 1.000)
        >>> SearchOptions(length=0)
        Traceback (most recent call last):
            ...
        andornot.errors.OptionError: length is 0; a formula has at least 1 concept
    """

    length: int = 3
    beam_size: int = 10
    search: Search = "auto"
    metric: str = "iou"
    operators: tuple[str, ...] = ("OR", "AND", "AND NOT")
    penalty: float = 1.0
    limit: int | None = None
    categories: tuple[str, ...] | None = None
    concepts: tuple[str, ...] | None = None
    profile: Profile | None = None
    space: Space = "left-deep"
    nodes: int | None = None
    seconds: float | None = None
    known_only: bool = False
    min_support: tuple[int, int] | None = None
    negated_first: bool | None = None

    def __post_init__(self) -> None:
        from andornot.measures.scores import METRICS, PEARSON
        from andornot.search.problem import operator_numbers

        self._normalise()
        if not is_one_of(self.search, get_args(Search)):
            raise OptionError(
                f"unknown search {quoted(self.search)}; choose 'auto', 'beam', 'optimal' or "
                "'exhaustive'"
            )
        if self.profile is not None and not is_one_of(self.profile, [PUBLISHED_PROFILE]):
            raise OptionError(f"unknown profile {quoted(self.profile)}; the only one is 'mu2020'")
        if not isinstance(self.metric, str) or self.metric.lower() not in (*METRICS, PEARSON):
            raise OptionError(
                f"unknown metric {quoted(self.metric)}; choose one of {', '.join(METRICS)}, "
                f"{PEARSON}"
            )
        if self.profile and (
            self.search in ("exhaustive", "optimal")
            or self.metric != "iou"
            or len(operator_numbers(self.operators)) < 3
        ):
            raise OptionError(
                "profile 'mu2020' is a beam search for IoU with OR, AND and AND NOT; "
                "leave search, metric and operators as they are"
            )
        if self.correlates and self.search not in ("auto", "beam"):
            raise OptionError(
                f"{self.search} search cannot look for correlation; use search 'beam' or 'auto'"
            )
        if self.profile and self.negated_first:
            raise OptionError(
                "profile 'mu2020' has no formula that begins with NOT; leave negated_first out"
            )
        operator_numbers(self.operators)
        self._check_numbers()
        self._check_space()
        self._check_known()
        # a Budget checks nodes and seconds
        self.budget(1)

    def _normalise(self) -> None:
        """Put one form in the place of all that mean the same, however the record was made."""
        for name in ("categories", "concepts"):
            if getattr(self, name) is not None:
                put(self, name, texts(getattr(self, name), name))
        if isinstance(self.operators, Iterable):
            put(self, "operators", several(self.operators, "operators"))
        make_plain(self, "length", "beam_size", "limit", "penalty", "nodes", "seconds")
        put(self, "known_only", flag(self.known_only, "known_only"))
        if self.min_support is not None:
            put(self, "min_support", _support(self.min_support))
        if self.negated_first is not None:
            put(self, "negated_first", flag(self.negated_first, "negated_first"))

    def _check_numbers(self) -> None:
        for name in ("length", "beam_size", "limit"):
            value = getattr(self, name)
            is_whole = isinstance(value, Integral) and not isinstance(value, bool)
            if not is_whole and (value is not None or name != "limit"):
                raise OptionError(f"{name} is {quoted(value)}; give a whole number")
        penalty: object = self.penalty
        if isinstance(penalty, bool) or not isinstance(penalty, Real):
            raise OptionError(f"penalty is {quoted(penalty)}; give a number")
        if self.length < 1:
            raise OptionError(f"length is {quoted(self.length)}; a formula has at least 1 concept")
        # below 127, the most that the optimal search's 8-bit depths can hold
        if self.length > 100:
            raise OptionError(
                f"length is {quoted(self.length)}; formulas have up to 100 concepts here"
            )
        if not 1 <= self.beam_size <= _WIDEST:
            what = "at least 1" if self.beam_size < 1 else f"at most {_WIDEST:,}"
            raise OptionError(f"beam_size is {quoted(self.beam_size)}; it must be {what}")
        if not 0 < self.penalty <= 1:
            raise OptionError(f"penalty is {quoted(self.penalty)}; it must lie above 0 and up to 1")
        if self.limit is not None and self.limit < 1:
            raise OptionError(
                f"limit is {quoted(self.limit)}; give at least 1, or None for no limit"
            )

    def _check_space(self) -> None:
        if not is_one_of(self.space, get_args(Space)):
            raise OptionError(f"unknown space {quoted(self.space)}; choose 'left-deep' or 'trees'")
        if self.space == "trees" and not (self._proves and self.length <= LONGEST_TREE):
            raise OptionError(
                f"trees are searched by search 'optimal' or 'auto', up to length {LONGEST_TREE}, "
                "and not for correlation or the published profile; leave space out"
            )

    def _check_known(self) -> None:
        if self.known_only and (self.profile or self.correlates):
            what = "profile 'mu2020'" if self.profile else f"metric {quoted(self.metric)}"
            raise OptionError(
                f"{what} scores all positions, as published; leave it out, or leave known_only out"
                if self.profile
                else f"{what} correlates over all positions; choose another metric, or leave "
                "known_only out"
            )

    @property
    def _proves(self) -> bool:
        """Whether the search may end with a proof."""
        return self.search in ("auto", "optimal") and not (self.profile or self.correlates)

    @property
    def correlates(self) -> bool:
        """Whether it is the correlation with raw activations that is searched for."""
        from andornot.measures.scores import PEARSON

        return isinstance(self.metric, str) and self.metric.lower() == PEARSON

    @classmethod
    def of(cls, **options: Unpack[SearchKeywords]) -> SearchOptions:
        """From options as users give them: any sequence (or a single text) for several names.

        Raises:
            OptionError: an option is unknown, has no use here, or its value cannot be used.
        """
        return cls.given(options)

    @classmethod
    def given(cls, keywords: Mapping[str, object], beside: Iterable[str] = ()) -> SearchOptions:
        """As :meth:`of`, from keywords that were handed through and that no type checker saw.

        Args:
            keywords: the options by name; or a whole record as ``search``, and no others.
            beside: other keywords that there are where these were given, and may be meant.

        Raises:
            OptionError: an option is unknown, has no use here, or its value cannot be used.
        """
        options: dict[str, Any] = dict(keywords)
        known = {*SearchKeywords.__annotations__, *(field.name for field in fields(cls))}
        if unknown := sorted(set(options) - known):
            if unknown[0] in ("preset", "size", "mean", "std"):
                raise OptionError(
                    f"{unknown[0]} belongs to the preprocessing: give preprocessing= a preset's "
                    "name, or a dictionary with height, width, mean and std"
                )
            if unknown[0] in ("quantile", "resolution"):
                raise OptionError(
                    f"{unknown[0]} belongs to the threshold: give "
                    f"threshold=andornot.Threshold({unknown[0]}=...)"
                )
            meant = nearest(unknown[0], {*known, *beside})
            here = known - {"concepts"} | {"only"} if "only" in beside else known
            others = sorted(set(beside) - here)
            raise OptionError(
                f"there is no search option {quoted(unknown[0])}{meant}; there are "
                f"{', '.join(sorted(here))}{'; and beside the search ' if others else ''}"
                f"{', '.join(others)}"
            )
        if isinstance(options.get("search"), SearchOptions):
            whole: SearchOptions = options.pop("search")
            refuse_twice("search", options)
            return whole
        if options.get("pool") is not None:
            if options.get("limit") is not None:
                raise OptionError("pool and limit are two names of one option; give one of them")
            options["limit"] = _pool(options["pool"])
        options.pop("pool", None)
        chosen = cls(**options)
        for name in ("nodes", "seconds"):
            # an option that would do nothing is refused, not ignored
            if options.get(name) is not None and not chosen._proves:
                raise OptionError(
                    f"{name} is for a search with proof; leave it out, or search with 'optimal' or "
                    "'auto', without profile and not for correlation"
                )
        return chosen

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON and keys."""
        options = asdict(self)
        # keys and files from before there were these options go on as they are
        for name in ("known_only", "min_support"):
            if not options[name]:
                del options[name]
        if self.negated_first is None:
            del options["negated_first"]
        return options

    def on_table(self, *, has_context: bool) -> SearchOptions:
        """The same for one table: where not given, ``negated_first`` is on if it has context."""
        if self.negated_first is None and has_context and not self.published:
            return replace(self, negated_first=True)
        return self

    @cached_property
    def operator_numbers(self) -> tuple[int, ...]:
        """Numbers of the operators to use, in the order they are tried."""
        from andornot.search.problem import operator_numbers

        return operator_numbers(self.operators)

    @cached_property
    def metric_number(self) -> int:
        """Number of the score of counts to search for; that of IoU where raw values correlate."""
        from andornot.measures.scores import IOU, metric_code

        return IOU if self.correlates else metric_code(self.metric)

    @property
    def published(self) -> bool:
        """Whether the published search is repeated move for move."""
        return self.profile == PUBLISHED_PROFILE

    def budget(self, steps_per_node: float, stop: Stop | None = None) -> Budget:
        """What an optimal search may spend on one unit."""
        nodes = self.nodes
        if nodes is None:
            steps = _PROOF_STEPS if self.length <= _PROVABLE_LENGTH else _PROOF_STEPS / 10
            auto = int(steps / steps_per_node)
            nodes = auto if self.search == "auto" else Budget.nodes
        return Budget(nodes, self.seconds, stop)


def refuse_twice(whole: str, parts: Mapping[str, object]) -> None:
    """Refuse parts of a record beside the record.

    Raises:
        OptionError: there are such parts.
    """
    if parts:
        part = min(parts)
        raise OptionError(f"{part} is a part of {whole}, which is given too; give it there alone")


def _pool(value: Any) -> int:
    """How many of the best single concepts to compose with."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise OptionError(f"pool is {quoted(value)}; give a whole number")
    if value < 1:
        raise OptionError(f"pool is {quoted(value)}; give at least 1, or None for no limit")
    return int(value)


def _support(value: Any) -> tuple[int, int]:
    """The least numbers of positions and of samples of a concept."""
    given = value if isinstance(value, Iterable) and not isinstance(value, str) else ()
    numbers = tuple(map(plain, given))
    if len(numbers) != 2 or not all(type(n) is int and 0 <= n < 2**63 for n in numbers):
        raise OptionError(
            f"min_support is {quoted(value)}; give the least numbers of positions and of samples, "
            "such as (30, 5)"
        )
    positions, samples = numbers
    return positions, samples


class MoreSearch(TypedDict, total=False):
    """Keywords of a search that are no arguments of their own anywhere (see ``SearchOptions``)."""

    metric: str
    operators: str | Sequence[str]
    penalty: float
    pool: int | None
    limit: int | None
    categories: str | Sequence[str] | None
    profile: Profile | None
    space: Space
    nodes: int | None
    seconds: float | None
    known_only: bool
    min_support: Sequence[int] | None
    negated_first: bool | None


class ArraySearch(MoreSearch, total=False):
    """Keywords of a search in arrays, beside a concept table that is called ``concepts``."""

    length: int
    beam_size: int
    search: Search | SearchOptions


class SearchKeywords(ArraySearch, total=False):
    """All keywords of a search, with the types that users may give."""

    concepts: str | Sequence[str] | None
