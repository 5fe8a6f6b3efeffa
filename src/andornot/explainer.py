"""Arrays in, explanations out: the core on one page, without torch, images or text.

concepts = andornot.ConceptTable.from_masks(masks, names)
result = andornot.explain(unit_masks, concepts, length=3)
result[0].formula, result[0].iou
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from andornot._tools.checks import as_array, flag, several, texts, whole_number
from andornot._tools.executors import Engine, engine_of
from andornot._tools.parallel import asked_to_stop, ordered_map
from andornot._tools.progress import tell, track
from andornot._tools.user_call import one_table
from andornot._tools.words import count
from andornot.concepts.idle import without_idle
from andornot.concepts.table import ConceptTable, check_table
from andornot.concepts.twins import TwinFinder
from andornot.counting.responses import Responses, known_positions
from andornot.counting.stores import unit_blocks
from andornot.errors import DataError, NoFormulaWarning, OptionError
from andornot.formula import Formula, parse
from andornot.formula_forms import negative_concepts
from andornot.measures.moments import Moments
from andornot.measures.scores import Counts, metric_code
from andornot.results.explanation import (
    INACTIVE,
    NO_CONCEPT,
    OK,
    Certificate,
    Explanation,
    Scored,
    Twins,
    UnknownNot,
)
from andornot.results.result import Result
from andornot.results.verdict import LEAST_GROUPS, LEAST_POSITIONS, Support
from andornot.search import correlation
from andornot.search.bits import with_bits, with_marks, with_planes
from andornot.search.ceiling import ceiling
from andornot.search.known import KnownParts, Part, part_of
from andornot.search.options import MoreSearch, Search, Stop
from andornot.search.options import SearchOptions as SearchOptions  # a promised name of this module
from andornot.search.pairs import with_pairs
from andornot.search.problem import Atoms, Found, Problem, Solution
from andornot.search.solve import solve

_BLOCK = 16
"""Units that another process searches for at a time."""

_OTHERS = ("units", "status", "jobs", "only", "executor")
"""Keywords of ``explain`` that are none of the search."""


@one_table
def explain(
    unit_masks: ArrayLike | Responses,
    concepts: ConceptTable,
    length: int = SearchOptions.length,
    beam_size: int = SearchOptions.beam_size,
    search: Search | SearchOptions = SearchOptions.search,
    *,
    units: Sequence[int] | None = None,
    status: Sequence[str] | None = None,
    jobs: int | None = None,
    only: Sequence[str] | None = None,
    executor: Executor | str | None = None,
    **options: Unpack[MoreSearch],
) -> Result:
    """Find the formula whose mask best matches each unit's mask.

    This is EXPLAIN-COMP of the paper (section 2, equation 3); with ``length=1`` it is Network
    Dissection (equation 1).

    Args:
        unit_masks: bool ``(n_units, *position_shape)`` over the positions of the table (numbers
            that are all 0 or 1 will do), or responses that were counted already.
        concepts: the concept table.
        length: longest formula, in concepts.
        beam_size: formulas kept at each step of a beam search, and returned for each unit.
        search: how to search; or a whole :class:`SearchOptions`, and none of its fields beside it.
        units: numbers to call the units by; 0, 1, ... if not given.
        status: for each unit ``"ok"`` or why it cannot be explained.
        jobs: threads; all cores if not given.
        only: use only these concepts.
        executor: where to search, in blocks of units (see ``_tools.executors``); in this process
            if not given.
        **options: more of :class:`SearchOptions`: ``metric``, ``operators``, ``penalty``,
            ``pool``, ``categories``, ``profile``, ``space``, ``nodes``, ``seconds``,
            ``known_only``, ``min_support``.

    Returns:
        An explanation for each unit, in order. Where none has a formula, a ``NoFormulaWarning``
        (``andornot.errors``) says why.

    Raises:
        OptionError: an option cannot be used.
        DataError: masks do not fit the table.

    Examples:
        >>> water = np.array([1, 1, 1, 0, 0, 0], bool)
        >>> river = np.array([0, 0, 1, 1, 1, 0], bool)
        >>> blue = np.array([0, 1, 0, 0, 1, 0], bool)
        >>> names = ["water", "river", "blue"]
        >>> concepts = andornot.ConceptTable.from_masks([water, river, blue], names)
        >>> result = andornot.explain([(water | river) & ~blue], concepts, length=3)
        >>> print(result[0])
        unit 0: (water OR river) AND NOT blue (IoU 1.000)
    """
    chosen = _chosen({"length": length, "beam_size": beam_size, "concepts": only} | options, search)
    check_table(concepts, "concepts")
    responses = (
        unit_masks
        if isinstance(unit_masks, Responses)
        else Responses.from_masks(unit_masks, concepts, jobs)
    )
    if note := left_out(concepts, chosen):
        tell(f"note: {note}")
    with nullcontext() if executor is None else engine_of(executor, jobs=jobs) as engine:
        result = explain_responses(
            responses, concepts, chosen, units=units, status=status, jobs=jobs, engine=engine
        )
    if result and not any(e.formula for e in result):
        warnings.warn(result.silence(), NoFormulaWarning, stacklevel=3)
    return result


def _chosen(keywords: dict[str, Any], search: Search | SearchOptions) -> SearchOptions:
    """The options of a search; beside a whole record, what has its default was not given."""
    if isinstance(search, SearchOptions):
        defaults = {"length": SearchOptions.length, "beam_size": SearchOptions.beam_size}
        keywords = {n: v for n, v in keywords.items() if v is not defaults.get(n)}
    return SearchOptions.given({**keywords, "search": search}, _OTHERS)


def explain_responses(
    responses: Responses,
    concepts: ConceptTable,
    options: SearchOptions,
    *,
    units: Sequence[int] | None = None,
    status: Sequence[str] | None = None,
    least: tuple[int, int] = (LEAST_POSITIONS, LEAST_GROUPS),
    jobs: int | None = None,
    moments: Moments | None = None,
    engine: Engine | None = None,
) -> Result:
    """Explain units from their counts; the arguments are those of :func:`explain`.

    Each explanation has its unit's support, with ``least`` as its least positions and groups. To
    search for correlation, ``moments`` are needed too: the sums of the same units' activations;
    that is searched for in this process always, all else on the ``engine`` if one is given.
    """
    _check_units(responses, concepts, units=units, status=status)
    given, options = options, options.on_table(has_context=concepts.has_context)
    candidates = searched_concepts(concepts, options)
    atoms = kernel_atoms(concepts)
    correlate = _correlation_search(options, atoms, moments)
    known = _known_parts(concepts, atoms, candidates, options)
    whole = _whole(concepts, atoms, candidates, options)
    common = _Common(atoms, candidates, concepts.bases, concepts.names, options, known, whole)
    numbers = (
        range(responses.n_units) if units is None else [whole_number(u, "units") for u in units]
    )
    states = [OK] * responses.n_units if status is None else list(texts(status, "status"))
    of_units = supports(responses, least)

    def finished(found: Iterable[Explanation]) -> Result:
        explanations = (
            replace(e, support=own)
            for e, own in zip(_noted(found, concepts, candidates, options), of_units, strict=True)
        )
        return Result(tuple(explanations), search=given, table=concepts.digest)

    if engine is not None and correlate is None:
        return finished(_elsewhere(engine, common, responses, numbers, states))

    def one(index: int, stop: Stop | None) -> Explanation:
        problem, search = common.problem(*responses.unit(index)), None
        if correlate is not None:
            search = partial(correlate, index)
        return common.explain(numbers[index], states[index], problem, stop, search)

    # a proof may take long, so Ctrl-C ends proofs; all else is as quick to finish as to stop
    asking = asked_to_stop() if options.search == "optimal" else nullcontext()
    with asking as stop:
        found = ordered_map(lambda index: one(index, stop), range(responses.n_units), jobs)
        return finished(track(found, "searching", responses.n_units))


def searched_concepts(concepts: ConceptTable, options: SearchOptions) -> NDArray[np.int64]:
    """Columns of the concepts that a search may use, ascending.

    Raises:
        OptionError: none is left, or a category does not occur in the table.
        DataError: ``min_support`` asks for samples, of which the table knows none.
    """
    chosen = concepts.select(options.categories, options.concepts)
    columns = chosen[_supported(concepts, options)[chosen]]
    if not len(columns):
        narrow = "" if len(columns) == len(chosen) else ", or lower min_support"
        raise OptionError(
            f"no concept is left to search with; widen categories or concepts{narrow}"
        )
    return columns


def _supported(concepts: ConceptTable, options: SearchOptions) -> NDArray[np.bool_]:
    """Whether each concept holds on as many positions and samples as were asked for."""
    if options.min_support is None:
        return np.ones(concepts.n_concepts, np.bool_)
    positions, samples = options.min_support
    enough: NDArray[np.bool_] = concepts.concept_counts >= positions
    # a table that kept only counts can still be asked for positions
    return enough & (concepts.sample_counts >= samples) if samples else enough


def left_out(concepts: ConceptTable, options: SearchOptions) -> str:
    """Which concepts ``min_support`` leaves out of a search, in a sentence; empty if none."""
    if options.min_support is None:
        return ""
    chosen = concepts.select(options.categories, options.concepts)
    few = len(chosen) - int(_supported(concepts, options)[chosen].sum())
    if not few:
        return ""
    asked = zip(options.min_support, ("position", "sample"), strict=True)
    least = " or ".join(f"fewer than {count(n, what)}" for n, what in asked if n)
    all_chosen = count(len(chosen), "concept")
    return f"{few:,} of {all_chosen} hold on {least}, and are left out of the search"


def supports(responses: Responses, least: tuple[int, int]) -> list[Support]:
    """How much there is to learn each unit from.

    Args:
        responses: the counts of the units.
        least: active positions, and groups with one, below which there is too little data.
    """
    groups = responses.active_groups
    known = [None] * responses.n_units if groups is None else groups.tolist()
    return [Support(a, g, *least) for a, g in zip(responses.totals.tolist(), known, strict=True)]


@dataclass(frozen=True, eq=False)
class _Common:
    """What the searches for all units share."""

    atoms: Atoms
    candidates: NDArray[np.int64]
    bases: tuple[int, ...]
    names: Sequence[str]
    options: SearchOptions
    known: KnownParts | None
    whole: Part | None

    def problem(self, active: NDArray[np.int32], counts: NDArray[np.int64]) -> Problem:
        problem = Problem(self.atoms, active, counts, self.candidates, self.bases)
        return problem if self.whole is None else self.whole.problem(problem)

    def explain(
        self,
        number: int,
        state: str,
        problem: Problem,
        stop: Stop | None = None,
        correlate: Callable[[Problem], tuple[Solution, float]] | None = None,
    ) -> Explanation:
        # what is known of the unit already says more than that it is inactive
        if state == OK and not problem.total:
            state = INACTIVE
        if state != OK:
            return _unexplained(number, state, problem, self.options)
        if correlate is not None:
            solution, bound = correlate(problem)
            return _explanation(number, problem, solution, self.names, self.options, bound)
        if self.known is not None:
            within = partial(solve, stop=stop)
            solution = self.known.solve(problem, self.options, within)
            bound = self.known.ceiling(problem, self.options.metric_number)
            return _explanation(number, problem, solution, self.names, self.options, bound)
        solution = solve(problem, self.options, stop)
        return _explanation(number, problem, solution, self.names, self.options)


def _elsewhere(
    engine: Engine,
    common: _Common,
    responses: Responses,
    numbers: Sequence[int],
    states: Sequence[str],
) -> Iterator[Explanation]:
    """Search by blocks of units on other processes."""
    blocks = list(unit_blocks(responses.n_units, _BLOCK))
    calls = (
        (first, responses.select(block), numbers[first:stop], states[first:stop], engine.threads)
        for block in blocks
        for first, stop in [(block.start, block.stop)]
    )
    done = track(engine.run(_explain_block, common, calls), "searching", len(blocks))
    # blocks come back as they are done, and results stand in the order of units
    found = {call[0]: explanations for call, explanations in done}
    for block in blocks:
        yield from found[block.start]


def _explain_block(
    common: _Common,
    _first: int,
    responses: Responses,
    numbers: Sequence[int],
    states: Sequence[str],
    jobs: int,
) -> list[Explanation]:
    """Explain a block of units, in a worker."""

    def one(index: int) -> Explanation:
        problem = common.problem(*responses.unit(index))
        return common.explain(numbers[index], states[index], problem)

    return list(ordered_map(one, range(responses.n_units), jobs))


def _correlation_search(
    options: SearchOptions, atoms: Atoms, moments: Moments | None
) -> Callable[[int, Problem], tuple[Solution, float]] | None:
    """From a unit's number and problem to its solution and ceiling; None for other scores."""
    if not options.correlates:
        return None
    if moments is None:
        raise OptionError(
            "masks do not say how strong an activation is, so nothing can be correlated with "
            "them; choose another metric, or dissect a network"
        )
    members = correlation.membership(atoms)

    def search(index: int, problem: Problem) -> tuple[Solution, float]:
        sums = moments.unit(index)
        target = correlation.Target.of(sums.by_atom, sums.squares, sums.sizes)
        solution = correlation.solve(problem, options, target, members)
        return solution, correlation.ceiling(target, sums.sizes)

    return search


def check_known(concepts: ConceptTable, options: SearchOptions) -> None:
    """Refuse ``known_only`` where the table cannot tell.

    Raises:
        OptionError: all is known, so the option would do nothing.
        DataError: the table does not say where.
    """
    if not options.known_only:
        return
    if concepts.known is None:
        raise OptionError(
            "known_only has no effect here, for all categories are known on all positions; leave "
            "it out, or say in the data what is known"
        )
    concepts.known_atoms(concepts.names[0])  # refuses a table that does not say where


def _known_parts(
    concepts: ConceptTable,
    atoms: Atoms,
    candidates: NDArray[np.int64],
    options: SearchOptions,
) -> KnownParts | None:
    """The sets of positions that formulas are scored on; None where it is all of them."""
    check_known(concepts, options)
    known, of_concepts = concepts.known, concepts.known_concepts
    if not options.known_only or known is None or of_concepts is None:
        return None
    return KnownParts.of(atoms, of_concepts, known.pattern, candidates, options.length)


def _whole(
    concepts: ConceptTable, atoms: Atoms, candidates: NDArray[np.int64], options: SearchOptions
) -> Part | None:
    """All positions, atoms that only what is known tells apart being one; None where none are."""
    known = concepts.known
    if options.known_only or options.correlates or known is None or not known.by_atom:
        return None
    return part_of(atoms, np.ones(concepts.n_atoms, np.bool_), candidates)


def _noted(
    found: Iterable[Explanation],
    concepts: ConceptTable,
    candidates: NDArray[np.int64],
    options: SearchOptions,
) -> Iterator[Explanation]:
    """Explanations that say what the data cannot tell of their formulas, and what is idle there."""
    finder = TwinFinder(concepts, candidates, options.known_only)

    @cache  # many units share a short one
    def twins_of(formula: str) -> tuple[Twins, ...]:
        twins = finder.of(parse(formula)).items()
        return tuple(Twins.of(name, others) for name, others in twins if others)

    @cache
    def plain(formula: str) -> Formula:
        return without_idle(parse(formula), concepts)

    def noted(scored: Scored) -> Scored:
        scored = replace(scored, twins=twins_of(str(scored.formula)))
        if not keeps_score or (less := plain(str(scored.formula))).length == scored.formula.length:
            return scored
        # what is shorter costs less, if length costs anything
        score = scored.score / options.penalty ** (scored.formula.length - less.length)
        return replace(scored, plain=Scored(less, scored.counts, score, twins_of(str(less))))

    # elsewhere a part that changes no position may change where the formula is known
    keeps_score = not (options.known_only or options.published)
    for e in found:
        best = tuple(None if b is None else noted(b) for b in e.best_by_length)
        beam = (*map(noted, e.beam[:1]), *e.beam[1:])
        yield with_unknown(replace(e, beam=beam, best_by_length=best), concepts)


def with_unknown(explanation: Explanation, concepts: ConceptTable) -> Explanation:
    """The explanation that says which of its NOTs hold where nobody labelled the concept.

    Where it is scored on known positions alone, that is nowhere.
    """
    formula, n = explanation.formula, sum(asdict(explanation.counts).values())
    if formula is None or concepts.known is None or n < concepts.n_positions:
        return replace(explanation, unknown=()) if explanation.unknown else explanation
    names = dict.fromkeys(negative_concepts(formula))
    shares = [(name, concepts.unknown_share(formula, name)) for name in names]
    unknown = [UnknownNot(name, concepts.annotated(name), share) for name, share in shares if share]
    return replace(explanation, unknown=tuple(unknown))


def _check_units(
    responses: Responses, concepts: ConceptTable, **per_unit: Sequence[object] | None
) -> None:
    if responses.n_atoms != concepts.n_atoms:
        raise DataError(
            f"the responses were counted over {responses.n_atoms} atoms, but the concept table has "
            f"{concepts.n_atoms}; count them with this table"
        )
    for name, values in per_unit.items():
        values = None if values is None else several(values, name)
        if values is not None and len(values) != responses.n_units:
            raise OptionError(
                f"{name} has {len(values)} entries for {responses.n_units} units; "
                "give one for each unit"
            )


def score(
    formula: Formula | str,
    unit_mask: ArrayLike,
    concepts: ConceptTable,
    *,
    known_only: bool = SearchOptions.known_only,
) -> Counts:
    """Score any formula for one unit.

    Args:
        formula: a formula, or its text.
        unit_mask: bool, with the positions of the table.
        concepts: the concept table.
        known_only: count only the positions where all concepts of the formula are known.

    Returns:
        The four counts; ``.iou`` (section 2, equation 2) and ``.scores()`` give the scores.

    Raises:
        FormulaError: the text is no formula, or names an unknown concept.
        DataError: the mask does not fit the table.

    Examples:
        >>> masks = [[True, True, True, False], [False, False, True, True]]
        >>> concepts = andornot.ConceptTable.from_masks(masks, ["water", "river"])
        >>> unit = [True, True, False, False]
        >>> andornot.score("water", unit, concepts)
        Counts(tp=2, fp=1, fn=0, tn=1)
        >>> andornot.score("water AND NOT river", unit, concepts).iou
        1.0
    """
    known_only = flag(known_only, "known_only")
    check_table(concepts, "concepts")
    mask = as_array(unit_mask, "unit masks")
    n_samples = known_positions(concepts).n_samples
    if mask.ndim > 1 and len(mask) != n_samples and mask.shape[1] == n_samples:
        raise DataError(
            f"unit_mask has the shape {mask.shape}, as masks of several units have; give that of "
            "one, such as unit_masks[0]"
        )
    responses = Responses.from_masks(mask[None], concepts)
    return score_responses(formula, responses, 0, concepts, known_only)


def score_responses(
    formula: Formula | str,
    responses: Responses,
    unit: int,
    concepts: ConceptTable,
    known_only: bool = SearchOptions.known_only,
) -> Counts:
    """Score any formula for one unit from its counts."""
    mask = concepts.mask(formula)
    active, counts = responses.unit(unit)
    if not known_only:
        both = int(counts[mask[active]].sum())
        t, a = int(concepts.counts[mask].sum()), int(counts.sum())
        return Counts.of(both, t, a, concepts.n_positions)
    known = concepts.known_atoms(formula)
    mask &= known
    both, a = int(counts[mask[active]].sum()), int(counts[known[active]].sum())
    return Counts.of(both, int(concepts.counts[mask].sum()), a, int(concepts.counts[known].sum()))


def _explanation(
    unit: int,
    problem: Problem,
    solution: Solution,
    names: Sequence[str],
    options: SearchOptions,
    most: float | None = None,
) -> Explanation:
    """The explanation that a solution is; ``most`` is its ceiling, where counts do not tell."""
    if not solution.beam:
        return _unexplained(unit, NO_CONCEPT, problem, options)

    def scored(found: Found) -> Scored:
        positions = found.known or (problem.total, problem.atoms.n_positions)
        counts = Counts.of(found.i, found.t, *positions)
        # the published score has an epsilon in it; what we show is exact
        value = found.score if options.profile is None else counts.iou
        return Scored(found.formula(names), counts, value)

    best = tuple(scored(found) for found in solution.beam)
    if most is None:
        most = ceiling(problem, metric_code(options.metric))
    return Explanation(
        unit=unit,
        status=OK,
        counts=best[0].counts,
        beam=best,
        best_by_length=tuple(None if f is None else scored(f) for f in solution.by_length),
        certificate=_certificate(solution, [scored.score for scored in best], most),
        metric=options.metric,
    )


def _certificate(solution: Solution, scores: Sequence[float], most: float) -> Certificate:
    """What a search has proven of its best formulas; ``most`` is the ceiling."""
    score = scores[0]
    # the tightest that is known: the search's own bound, a proof, and else the ceiling
    bound = solution.bounds[-1] if solution.bounds else score if solution.proven else most
    bounds = tuple(
        max(bound, 0.0 if found is None else found.score)
        for bound, found in zip(solution.bounds, solution.by_length, strict=False)
    )
    # nothing is told below the score, whatever was rounded on the way
    return Certificate(
        score, max(bound, score), solution.proven, max(most, score), scores.count(score), bounds
    )


def _unexplained(unit: int, state: str, problem: Problem, options: SearchOptions) -> Explanation:
    counts = Counts.of(0, 0, problem.total, problem.atoms.n_positions)
    return Explanation(
        unit=unit,
        status=state,
        counts=counts,
        beam=(),
        best_by_length=(None,) * options.length,
        certificate=Certificate(0.0, 0.0, True),
        metric=options.metric,
    )


def kernel_atoms(concepts: ConceptTable) -> Atoms:
    """The table as the kernels read it."""
    lists = Atoms(
        concepts.counts, concepts.indptr, concepts.indices, *concepts.by_concept,
        concepts.concept_counts, concepts.n_positions,
    )  # fmt: skip
    return with_pairs(with_bits(with_planes(with_marks(lists))))
