"""``assess``: held-out scores, stability and chance of explanations, put together as their trust.

How each of the three is measured has a module of its own beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from andornot._tools.checks import as_masks
from andornot._tools.user_call import one_table
from andornot.concepts.table import ConceptTable, check_table
from andornot.counting.responses import known_positions
from andornot.errors import OptionError, quoted
from andornot.explainer import score_responses, with_unknown
from andornot.measures.scores import METRICS
from andornot.results.explanation import NO_CONCEPT, Explanation
from andornot.results.result import Result
from andornot.results.trust import (
    Chance,
    Core,
    HeldOut,
    HeldOutChance,
    Stability,
    Trust,
    part_from_dict,
)
from andornot.results.verdict import PART_OF_MAPS, PART_OF_ROWS, Support
from andornot.search.options import ArraySearch, SearchOptions
from andornot.search.problem import operator_numbers
from andornot.trust.chance import measure_chance
from andornot.trust.core import measure_core
from andornot.trust.held_out import length_shown, measure_held_out
from andornot.trust.held_out_chance import measure_held_out_chance
from andornot.trust.options import LONGEST as LONGEST
from andornot.trust.options import TrustOptions
from andornot.trust.recount import MaskRecount, Recount
from andornot.trust.repeat import Repeats
from andornot.trust.stability import measure_stability

P = TypeVar("P", HeldOut, HeldOutChance, Stability, Core, Chance)
Parts = list[dict[str, Any] | None]
Keep = Callable[[str, Callable[[], Parts]], Parts]

_FIELDS = {"only": "concepts", "pool": "limit"}
"""Keywords that ``explain`` calls otherwise than ``SearchOptions``."""

_OTHERS = ("options", "jobs", "only")
"""Keywords of ``assess`` that are none of the search."""


class _Repeated(ArraySearch, total=False):
    """The keywords of :func:`andornot.explain` that say how to search."""

    only: str | Sequence[str] | None


@one_table
def assess(
    result: Result,
    unit_masks: ArrayLike,
    concepts: ConceptTable,
    *,
    options: TrustOptions | None = None,
    jobs: int | None = None,
    **search: Unpack[_Repeated],
) -> Result:
    """Find out how far explanations of arrays can be trusted.

    Args:
        result: what :func:`andornot.explain` found for the masks.
        unit_masks: the same masks.
        concepts: the same table; its folds are held out in turn (five at random where it has
            none), and samples are drawn and shuffled, so the first axis of the masks should count
            independent samples.
        options: how often to draw, search and shuffle.
        jobs: threads; all cores if not given.
        **search: the options of the search, as :func:`andornot.explain` was given them; needed
            only where the result does not remember them.

    Raises:
        OptionError: an option cannot be used, or the result is not that of these masks, of this
            table or of this search.
        DataError: masks do not fit the table.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> masks = rng.random((3, 60)) < 0.3  # three concepts on 60 samples
        >>> folds = np.arange(60) % 2
        >>> concepts = andornot.ConceptTable.from_masks(masks, ["a", "b", "c"], folds=folds)
        >>> result = andornot.explain(masks[:1], concepts)
        >>> assessed = andornot.assess(result, masks[:1], concepts)[0]
        >>> assessed.trust.held_out.length, assessed.trust.held_out_chance.p_value
        (1, 0.025)
        >>> str(assessed.verdict)  # 17 active positions
        'too little data'
    """
    check_table(concepts, "concepts")
    if not isinstance(result, Result):
        raise OptionError(f"result is {quoted(result)}; give what andornot.explain found")
    if not isinstance(options, TrustOptions | None):
        raise OptionError(f"options are {quoted(options)}; give TrustOptions, or leave them out")
    masks = as_masks(unit_masks, "unit masks", "values > 0")
    chosen = _search_of(result, search)
    check_examined(chosen)
    _check_same(result, masks, chosen)
    if result.table not in (None, concepts.digest):
        raise OptionError(
            "the explanations were searched for in another concept table; give the one that was "
            "given to explain"
        )
    # no formula, nothing to assess; `with_trust` still counts the search as a test
    rows = [row for row, e in enumerate(result) if e.formula is not None]
    recount = MaskRecount(_in_folds(concepts), masks[rows], jobs)
    _check_counts(result, recount)
    return with_trust(result, recount, chosen, options or TrustOptions(), jobs=jobs)


FOLDS = 5
"""Folds of a table that has none."""


def _in_folds(table: ConceptTable) -> ConceptTable:
    """The table with its groups in folds, at random but always the same, if it has a single one."""
    positions = known_positions(table)
    if table.n_folds > 1 or positions.n_groups < 2:
        return table
    fold_of = np.random.default_rng(0).permutation(positions.n_groups) % FOLDS
    folds = fold_of[positions.group_numbers].astype(np.int32)
    fold_counts = np.zeros((table.n_atoms, FOLDS), np.int64)
    sample = np.repeat(folds, np.diff(positions.atom_offsets))
    np.add.at(fold_counts, (positions.atoms, sample), positions.sizes)
    return replace(table, fold_counts=fold_counts, positions=replace(positions, folds=folds))


def check_examined(search: SearchOptions) -> None:
    """Refuse a search that cannot be repeated on other samples.

    Raises:
        OptionError: formulas are scored on positions of their own, or not by counts.
    """
    if search.known_only:
        raise OptionError(
            "known_only scores each formula on positions of its own, which held-out samples, "
            "redraws and shuffles cannot do yet; leave trust out (--no-trust)"
        )
    if search.metric.lower() not in METRICS:
        raise OptionError(
            f"trust works with scores from counts, and {search.metric} is none; leave trust out"
        )


examine = assess
"""The first name of :func:`assess`, which goes on working."""


def _search_of(result: Result, keywords: Mapping[str, Any]) -> SearchOptions:
    """The options of a search: those that the result remembers, which others may only repeat."""
    given = {_FIELDS.get(name, name): value for name, value in keywords.items()}
    if len(given) < len(keywords):
        raise OptionError("pool and limit are two names of one option; give one of them")
    if isinstance(given.get("search"), SearchOptions):
        whole = SearchOptions.given(given, _OTHERS)
        given = {field.name: getattr(whole, field.name) for field in fields(whole)}
    if result.search is None:
        return SearchOptions.given(given, _OTHERS)
    was = {field.name: getattr(result.search, field.name) for field in fields(result.search)}
    now = SearchOptions.given(was | given, _OTHERS)
    before, after = _meaning(result.search), _meaning(now)
    for name, value in given.items():
        if before[name] != after[name]:
            called = "pool" if name == "limit" and "pool" in keywords else name
            raise OptionError(
                f"{called} is {value!r} here, but the explanations were searched for with "
                f"{was[name]!r}; leave it out, or search again"
            )
    return result.search


def _meaning(search: SearchOptions) -> dict[str, Any]:
    """Options as they compare, whatever their case and order."""
    sets = {
        name: names and frozenset(names)
        for name in ("categories", "concepts")
        for names in [getattr(search, name)]
    }
    numbers = operator_numbers(search.operators)
    return asdict(search) | sets | {"operators": numbers, "metric": search.metric.lower()}


def _check_counts(result: Result, recount: MaskRecount) -> None:
    """Refuse masks, or annotations, on which the formulas have other counts."""
    explained = [e for e in result if e.formula is not None]
    for row, e in enumerate(explained):
        counts = score_responses(e.beam[0].formula, recount.responses, row, recount.table)
        if counts != e.counts:
            raise OptionError(
                f"the formula of unit {e.unit} is true on {counts.tp} of its active positions "
                f"here, and was on {e.counts.tp} when it was explained; give masks and concepts "
                "as they were given to explain"
            )


def _check_same(result: Result, masks: NDArray[np.bool_], search: SearchOptions) -> None:
    """Refuse explanations of other masks, or of another search."""
    n_masks = len(masks) if masks.ndim else 0
    if n_masks != len(result):
        raise OptionError(
            f"there are {len(result)} explanations for {n_masks} unit masks; give the masks "
            "that were explained"
        )
    for e, mask in zip(result, masks, strict=True):
        if mask.size != sum(asdict(e.counts).values()):
            return  # another shape, which counting will refuse
        if e.counts.tp + e.counts.fn != np.count_nonzero(mask):
            raise OptionError(
                f"the explanation of unit {e.unit} is of {e.counts.tp + e.counts.fn} active "
                f"positions, its mask has {np.count_nonzero(mask)}; give the masks that were "
                "explained"
            )
        if (len(e.best_by_length), e.metric) != (search.length, search.metric):
            raise OptionError(
                f"unit {e.unit} was searched for {e.metric} up to length {len(e.best_by_length)}; "
                "give length and metric as they were given to explain"
            )


def with_trust(
    result: Result,
    recount: Recount,
    search: SearchOptions,
    options: TrustOptions,
    *,
    choose_length: bool = False,
    jobs: int | None = None,
    keep: Keep = lambda _, compute: compute(),
) -> Result:
    """Examine all explanations that have a formula.

    Args:
        result: the explanations.
        recount: the masks of those units that have a formula, in the order of the result.
        search: how they were searched for.
        options: how often to draw, search and shuffle.
        choose_length: let held-out samples choose the length of each formula.
        jobs: threads; all cores if not given.
        keep: given a part's name and what computes it as plain data, returns that, computed now or
            earlier.

    Raises:
        OptionError: a score is searched for that is no function of the four counts, or formulas
            are scored where they are known.
    """
    check_examined(search)
    repeats = Repeats.of(recount.table, search, jobs)

    def part(name: str, kind: type[P], compute: Callable[[], list[P | None]]) -> list[P | None]:
        found = keep(name, lambda: [None if p is None else asdict(p) for p in compute()])
        return [part_from_dict(kind, data) for data in found]

    explained = [e for e in result if e.formula is not None]
    if not explained:
        return result
    # repeats grow formulas from left to right, so they cannot tell what a longer tree is worth
    longest = (search.published or search.space == "trees") and not choose_length
    # of a chosen length the formula is shown as it is
    ious = None if choose_length else [e.iou for e in explained]
    # first, since it chooses the lengths that all else goes by
    held_out = part(
        "held-out", HeldOut,
        lambda: measure_held_out(recount, repeats, options, show_longest=longest, ious=ious),
    )  # fmt: skip
    lengths = [search.length] * len(explained)
    if choose_length:
        lengths = [_chosen(held, search.length) for held in held_out]
        shorter = map(shortened, explained, lengths)
        explained = [with_unknown(e, recount.table) for e in shorter]
    formulas = [e.beam[0].formula for e in explained]
    shown, scored = lengths, [e.beam[0] for e in explained]
    if ious is not None and not longest:
        shown = [
            search.length if held is None else length_shown(held, iou)
            for held, iou in zip(held_out, ious, strict=True)
        ]
        scored = [
            e.best_by_length[n - 1] or e.beam[0] for e, n in zip(explained, shown, strict=True)
        ]
    # on the same positions, so that no score is another
    scored = [one.plain or one for one in scored]
    stability = part(
        "stability", Stability,
        lambda: measure_stability(
            recount, repeats, formulas, lengths, options, list(zip(scored, shown, strict=True))
        ),
    )  # fmt: skip
    core = part(
        "core", Core,
        lambda: measure_core(recount, repeats, scored, shown, held_out, stability),
    )  # fmt: skip
    # these alone: units that never fire were not searched for, so they are no tests
    unexplained = sum(e.status == NO_CONCEPT for e in result)
    supports = _supports(explained, recount)
    held_out_chance = part(
        "held-out-chance", HeldOutChance,
        lambda: measure_held_out_chance(
            recount, repeats, held_out, shown, options,
            [support.is_enough for support in supports], unexplained, is_chosen=not longest,
        ),
    )  # fmt: skip
    chance: list[Chance | None] = [None] * len(explained)
    if options.in_sample:
        chance = part(
            "chance", Chance,
            lambda: measure_chance(recount, repeats, lengths, options, unexplained),
        )  # fmt: skip
    bar = _part_bar(recount.table) if options.part is None else options.part
    trusted = {
        e.unit: replace(
            e,
            support=supports[at],
            trust=Trust(
                lengths[at], held_out[at], stability[at], chance[at], held_out_chance[at],
                core[at], None if held_out[at] is None else shown[at], bar,
            ),
        )
        for at, e in enumerate(explained)
    }  # fmt: skip
    return replace(result, explanations=tuple(trusted.get(e.unit, e) for e in result))


def _part_bar(table: ConceptTable) -> float:
    """The held-out IoU above which a formula explains a part of a unit, if none is given."""
    is_rows = (known_positions(table).shapes[:, 0] == 1).all()
    return PART_OF_ROWS if is_rows else PART_OF_MAPS


def _supports(explained: Sequence[Explanation], recount: Recount) -> list[Support]:
    """How much there is of each unit; groups are counted where nobody did."""
    groups = recount.responses.active_groups
    return [
        e.support
        if e.support is not None and e.support.groups is not None
        else Support(
            e.counts.tp + e.counts.fn, None if groups is None else int(groups[at]),
            *(() if e.support is None else (e.support.least_positions, e.support.least_groups)),
        )
        for at, e in enumerate(explained)
    ]  # fmt: skip


def _chosen(held_out: HeldOut | None, longest: int) -> int:
    """The length that pays; the longest where there are no folds to tell."""
    return longest if held_out is None else held_out.length


def shortened(explanation: Explanation, length: int) -> Explanation:
    """The explanation whose formula is the best of up to ``length`` concepts."""
    best = explanation.best_by_length[length - 1]
    if best is None or length == len(explanation.best_by_length):
        return explanation
    # runners-up stay only if a search of this length could have kept them
    others = [
        s
        for s in explanation.runners_up
        if s.formula.length <= length and s.formula != best.formula
    ]
    whole = explanation.certificate
    # a bound on longer formulas bounds the shorter ones too
    bound = max(best.score, whole.by_length[length - 1] if whole.by_length else whole.upper_bound)
    certificate = replace(
        whole,
        score=best.score,
        upper_bound=bound,
        # equal, not near: of a proven formula the bound is the score itself
        proven=bound == best.score,
        ties=1 + sum(s.score == best.score for s in others),
    )
    return replace(explanation, counts=best.counts, beam=(best, *others), certificate=certificate)
