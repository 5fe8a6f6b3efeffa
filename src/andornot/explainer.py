"""Arrays in, explanations out: the core on one page, without torch, images or text.

concepts = andornot.ConceptTable.from_masks(masks, names)
result = andornot.explain(unit_masks, concepts, length=3)
result[0].formula, result[0].iou
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from andornot.checks import as_array, is_one_of, several, texts, whole_number
from andornot.concepts.table import ConceptTable, check_table
from andornot.counting.activations import unit_blocks
from andornot.counting.responses import Responses
from andornot.engine import Engine, engine_of
from andornot.errors import DataError, OptionError, quoted
from andornot.explanations import INACTIVE, NO_CONCEPT, OK, Certificate, Explanation, Result, Scored
from andornot.formula import Formula
from andornot.measures.moments import Moments
from andornot.measures.scores import IOU, METRICS, PEARSON, Counts, metric_code
from andornot.parallel import asked_to_stop, ordered_map
from andornot.progress import track
from andornot.search import beam, correlation, exhaustive, optimal, trees
from andornot.search.bits import with_bits
from andornot.search.ceiling import ceiling
from andornot.search.problem import Atoms, Found, Options, Problem, Solution, operator_numbers

Search = Literal["auto", "beam", "optimal", "exhaustive"]
Space = Literal["left-deep", "trees"]
Stop = Callable[[], bool]
PUBLISHED_PROFILE = "mu2020"

_AUTO_STEPS = 3e7
"""With ``search="auto"``, all formulas are tried if that takes no more elementary steps a unit
than this (some tens of milliseconds)."""
_PROOF_STEPS = 1e7
"""About as many elementary steps are otherwise spent on a proof that the beam's formula is best,
or on a better one; a tenth of them where formulas are so long that there will hardly be a proof."""
_PROVABLE_LENGTH = 3


_BLOCK = 16
"""Units that another process searches for at a time."""


@dataclass(frozen=True)
class SearchOptions:
    """How to search for formulas; all of it by name, as users give it.

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
        limit: compose only with the ``limit`` best single concepts.
        categories: use only concepts of these categories.
        concepts: use only these concepts.
        profile: ``"mu2020"`` repeats the published beam search move for move.
        space: ``"left-deep"``, formulas that grow by one concept at a time, as published; or
            ``"trees"``, where both operands may be formulas, of up to 4 concepts.
        nodes: optimal search: prefixes of formulas to try with every concept, for each unit; of
            ``"auto"``, if given, too.
        seconds: optimal search: longest time for each unit; results then hang on the machine.

    Raises:
        OptionError: a value cannot be used, or two of them exclude each other.
    """

    length: int = 3
    beam_size: int = 10
    search: str = "auto"
    metric: str = "iou"
    operators: tuple[str, ...] = ("OR", "AND", "AND NOT")
    penalty: float = 1.0
    limit: int | None = None
    categories: tuple[str, ...] | None = None
    concepts: tuple[str, ...] | None = None
    profile: str | None = None
    space: str = "left-deep"
    nodes: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not is_one_of(self.search, get_args(Search)):
            raise OptionError(
                f"unknown search {quoted(self.search)}; choose 'auto', 'beam', 'optimal' or "
                "'exhaustive'"
            )
        if self.profile is not None and not is_one_of(self.profile, [PUBLISHED_PROFILE]):
            raise OptionError(f"unknown profile {quoted(self.profile)}; the only one is 'mu2020'")
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
        if not isinstance(self.metric, str) or self.metric.lower() not in (*METRICS, PEARSON):
            raise OptionError(
                f"unknown metric {quoted(self.metric)}; choose one of {', '.join(METRICS)}, "
                f"{PEARSON}"
            )
        for name in ("categories", "concepts"):
            if getattr(self, name) is not None:
                texts(getattr(self, name), name)
        self.numbers()
        self._check_space()
        self.budget(1)

    def _check_space(self) -> None:
        if not is_one_of(self.space, get_args(Space)):
            raise OptionError(f"unknown space {quoted(self.space)}; choose 'left-deep' or 'trees'")
        if self.space == "trees" and not (self._proves and self.length <= trees.LONGEST):
            raise OptionError(
                f"trees are searched by search 'optimal' or 'auto', up to length {trees.LONGEST}, "
                "and not for correlation or the published profile; leave space out"
            )

    @property
    def _proves(self) -> bool:
        """Whether the search may end with a proof."""
        return self.search in ("auto", "optimal") and not (self.profile or self.correlates)

    @property
    def correlates(self) -> bool:
        """Whether it is the correlation with raw activations that is searched for."""
        return isinstance(self.metric, str) and self.metric.lower() == PEARSON

    @classmethod
    def of(cls, **options: Any) -> SearchOptions:
        """From options as users give them: any sequence (or a single text) for several names.

        Raises:
            OptionError: an option is unknown, has no use here, or its value cannot be used.
        """
        known = {field.name for field in fields(cls)}
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
            raise OptionError(
                f"there is no search option {quoted(unknown[0])}; there are "
                f"{', '.join(sorted(known))}"
            )
        for name in ("operators", "categories", "concepts"):
            value = options.get(name)
            if value is not None:
                options[name] = texts(value, name)
        chosen = cls(**options)
        for name in ("nodes", "seconds"):
            if options.get(name) is not None and not chosen._proves:
                raise OptionError(
                    f"{name} is for a search with proof; leave it out, or search with 'optimal' or "
                    "'auto', without profile and not for correlation"
                )
        return chosen

    def numbers(self) -> Options:
        """The same for the kernels, where names are numbers."""
        return Options(
            length=self.length,
            beam_size=self.beam_size,
            operators=operator_numbers(self.operators),
            metric=IOU if self.correlates else metric_code(self.metric),
            penalty=self.penalty,
            limit=self.limit,
            published=self.profile == PUBLISHED_PROFILE,
        )

    def budget(self, steps_per_node: float, stop: Stop | None = None) -> optimal.Budget:
        """What an optimal search may spend on one unit."""
        nodes = self.nodes
        if nodes is None:
            steps = _PROOF_STEPS if self.length <= _PROVABLE_LENGTH else _PROOF_STEPS / 10
            auto = int(steps / steps_per_node)
            nodes = auto if self.search == "auto" else optimal.Budget.nodes
        return optimal.Budget(nodes, self.seconds, stop)


def explain(
    unit_masks: ArrayLike | Responses,
    concepts: ConceptTable,
    length: int = 3,
    beam_size: int = 10,
    search: Search = "auto",
    *,
    units: Sequence[int] | None = None,
    status: Sequence[str] | None = None,
    jobs: int | None = None,
    only: Sequence[str] | None = None,
    executor: Executor | str | None = None,
    **options: Any,
) -> Result:
    """Find the formula whose mask best matches each unit's mask.

    Args:
        unit_masks: bool ``(n_units, *position_shape)`` over the positions of the table, or
            responses that were counted already.
        concepts: the concept table.
        length: longest formula, in concepts.
        beam_size: formulas kept at each step of a beam search, and returned for each unit.
        search: how to search; see :class:`SearchOptions`.
        units: numbers to call the units by; 0, 1, ... if not given.
        status: for each unit ``"ok"`` or why it cannot be explained.
        jobs: threads; all cores if not given.
        only: use only these concepts.
        executor: where to search, in blocks of units (see ``engine``); in this process if not
            given.
        **options: more of :class:`SearchOptions`: ``metric``, ``operators``, ``penalty``,
            ``limit``, ``categories``, ``profile``.

    Returns:
        An explanation for each unit, in order.

    Raises:
        OptionError: an option cannot be used.
        DataError: masks do not fit the table.
    """
    if only is not None:
        options["concepts"] = only
    chosen = SearchOptions.of(length=length, beam_size=beam_size, search=search, **options)
    check_table(concepts, "concepts")
    responses = (
        unit_masks
        if isinstance(unit_masks, Responses)
        else Responses.from_masks(unit_masks, concepts, jobs)
    )
    with nullcontext() if executor is None else engine_of(executor, jobs=jobs) as engine:
        return explain_responses(
            responses, concepts, chosen, units=units, status=status, jobs=jobs, engine=engine
        )


def explain_responses(
    responses: Responses,
    concepts: ConceptTable,
    options: SearchOptions,
    *,
    units: Sequence[int] | None = None,
    status: Sequence[str] | None = None,
    jobs: int | None = None,
    moments: Moments | None = None,
    engine: Engine | None = None,
) -> Result:
    """Explain units from their counts; the arguments are those of :func:`explain`.

    To search for correlation, ``moments`` are needed too: the sums of the same units' activations;
    that is searched for in this process always, all else on the ``engine`` if one is given.
    """
    _check_units(responses, concepts, units=units, status=status)
    candidates = concepts.select(options.categories, options.concepts)
    if not len(candidates):
        raise OptionError("no concept is left to search with; widen categories or concepts")
    atoms = kernel_atoms(concepts)
    correlate = _correlation_search(options, atoms, moments)
    common = _Common(atoms, candidates, concepts.bases, concepts.names, options)
    numbers = (
        range(responses.n_units) if units is None else [whole_number(u, "units") for u in units]
    )
    states = [OK] * responses.n_units if status is None else list(texts(status, "status"))
    if engine is not None and correlate is None:
        elsewhere = _elsewhere(engine, common, responses, numbers, states)
        return Result(tuple(elsewhere), search=options, table=concepts.digest)

    def one(index: int, stop: Stop | None) -> Explanation:
        problem, search = common.problem(*responses.unit(index)), None
        if correlate is not None:
            search = partial(correlate, index)
        return common.explain(numbers[index], states[index], problem, stop, search)

    # a proof may take long, so Ctrl-C ends proofs; all else is as quick to finish as to stop
    asking = asked_to_stop() if options.search == "optimal" else nullcontext()
    with asking as stop:
        found = ordered_map(lambda index: one(index, stop), range(responses.n_units), jobs)
        explanations = tuple(track(found, "searching", responses.n_units))
    return Result(explanations, search=options, table=concepts.digest)


@dataclass(frozen=True, eq=False)
class _Common:
    """What the searches for all units share."""

    atoms: Atoms
    candidates: NDArray[np.int64]
    bases: tuple[int, ...]
    names: Sequence[str]
    options: SearchOptions

    def problem(self, active: NDArray[np.int32], counts: NDArray[np.int64]) -> Problem:
        return Problem(self.atoms, active, counts, self.candidates, self.bases)

    def explain(
        self,
        number: int,
        state: str,
        problem: Problem,
        stop: Stop | None = None,
        correlate: Callable[[Problem], tuple[Solution, float]] | None = None,
    ) -> Explanation:
        if state == OK and not problem.total:
            state = INACTIVE
        if state != OK:
            return _unexplained(number, state, problem, self.options)
        if correlate is not None:
            solution, bound = correlate(problem)
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
        solution = correlation.solve(problem, options.numbers(), target, members)
        return solution, correlation.ceiling(target, sums.sizes)

    return search


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


def solve(problem: Problem, options: SearchOptions, stop: Stop | None = None) -> Solution:
    """Solve one unit's problem by the search that the options name.

    ``stop`` is asked now and then whether a proof shall end with the bound reached so far.
    """
    numbers = options.numbers()
    if options.search == "beam" or options.profile:
        return beam.solve(problem, numbers)
    n_candidates, n_entries = len(problem.candidates), len(problem.atoms.indices)
    # a prefix is one concept longer than another: the lists of that concept's atoms, then all sums
    n_atoms, n_concepts = len(problem.atoms.counts), len(problem.atoms.concept_counts)
    a_node = n_entries / max(1, n_atoms) * n_entries / n_concepts + 3 * n_concepts
    if options.space == "trees":
        return trees.solve(problem, numbers, options.budget(a_node, stop))
    n_pool = n_candidates if options.limit is None else min(options.limit, n_candidates)
    n_passes = exhaustive.passes(n_candidates, n_pool, len(numbers.operators), options.length)
    is_cheap = n_passes * (n_entries + 3 * n_pool) <= _AUTO_STEPS
    if options.search == "exhaustive" or (options.search == "auto" and is_cheap):
        return exhaustive.solve(problem, numbers)
    return optimal.solve(problem, numbers, options.budget(a_node, stop))


def kernel_atoms(concepts: ConceptTable) -> Atoms:
    """The table as the kernels read it."""
    lists = Atoms(
        concepts.counts, concepts.indptr, concepts.indices, *concepts.by_concept,
        concepts.concept_counts, concepts.n_positions,
    )  # fmt: skip
    return with_bits(lists)


def score(formula: Formula | str, unit_mask: ArrayLike, concepts: ConceptTable) -> Counts:
    """Score any formula for one unit.

    Args:
        formula: a formula, or its text.
        unit_mask: bool, with the positions of the table.
        concepts: the concept table.

    Returns:
        The four counts; ``.iou`` and ``.scores()`` give the scores.

    Raises:
        FormulaError: the text is no formula, or names an unknown concept.
        DataError: the mask does not fit the table.
    """
    check_table(concepts, "concepts")
    mask = as_array(unit_mask, "unit masks")
    responses = Responses.from_masks(mask[None], concepts)
    return score_responses(formula, responses, 0, concepts)


def score_responses(
    formula: Formula | str, responses: Responses, unit: int, concepts: ConceptTable
) -> Counts:
    """Score any formula for one unit from its counts."""
    mask = concepts.mask(formula)
    active, counts = responses.unit(unit)
    both = int(counts[mask[active]].sum())
    t, a = int(concepts.counts[mask].sum()), int(counts.sum())
    return Counts.of(both, t, a, concepts.n_positions)


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
        counts = Counts.of(found.i, found.t, problem.total, problem.atoms.n_positions)
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
    bound = solution.bounds[-1] if solution.bounds else score if solution.proven else most
    bounds = tuple(
        max(bound, 0.0 if found is None else found.score)
        for bound, found in zip(solution.bounds, solution.by_length, strict=False)
    )
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
