"""What a run may be asked for: every option with its default, and what excludes what.

What knows kernels or networks is imported where it is asked: the command line reads the defaults
here, and its help shall not wait for a compiler.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, get_args

from andornot._tools.checks import (
    flag,
    is_one_of,
    make_plain,
    number,
    plain,
    put,
    several,
    whole_number,
)
from andornot.concepts.context_options import ContextOptions
from andornot.errors import OptionError, quoted
from andornot.results.verdict import LEAST_GROUPS, LEAST_POSITIONS
from andornot.search.options import (
    MoreSearch,
    Search,
    SearchKeywords,
    SearchOptions,
    refuse_twice,
)
from andornot.trust.options import LONGEST, TrustOptions

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import ArrayLike

    from andornot.concepts.relations import Relations
    from andornot.counting.rules import Ranges, Threshold
    from andornot.data.sequences.options import ConceptOptions
    from andornot.probes.directions import Directions
    from andornot.probes.reading import Reading
    from andornot.probes.recording import Recording

_TRUST = TrustOptions()
_LEAST = ("least_active_positions", "least_active_groups")

UnitOfCount = Literal["position", "sample"]


@dataclass(frozen=True)
class Execution:
    """Where a run is computed, and what of it is kept. What is found does not hang on it.

    Attributes:
        jobs: threads; all cores if not given.
        executor: where the network runs and formulas are searched for, in shards of samples and
            blocks of units: any ``concurrent.futures.Executor``, ``processes:N`` or
            ``dask:ADDRESS`` (see ``_tools.executors``); this process if not given.
        store: keep the activations. If not, the network runs twice and only counts are kept: the
            same formulas, without what looks at activations again (trust, correlations, ranges).
        memory: without a store, gigabytes that the largest activations of all units may take.

    Raises:
        OptionError: a value cannot be used.

    Examples:
        >>> Execution(jobs=4, executor="processes:2").store
        True
    """

    jobs: int | None = None
    executor: Executor | str | None = None
    store: bool = True
    memory: float = 4.0

    def __post_init__(self) -> None:
        from andornot._tools.parallel import n_workers

        make_plain(self, "jobs", "memory")
        n_workers(self.jobs)  # for its errors alone
        put(self, "store", flag(self.store, "store"))
        if not number(self.memory, "memory") > 0:
            raise OptionError(f"memory is {self.memory} GB; it must be more than 0")
        if self.executor is not None:
            from andornot._tools.executors import check_executor

            check_executor(self.executor)


@dataclass(frozen=True)
class RunOptions:
    """All that a run may be asked for, beside a network, samples, and how these two are read.

    Attributes:
        search: how to search for formulas.
        trust: how often to search again on held-out samples, on resamples and by chance, so that
            each explanation says how far it can be trusted (see ``trust``); None for not at all.
        threshold: where a unit counts as active. By default the top 0.5 % of its activations; of
            sentence pairs above 0, where a layer's activations are never below it. Give
            ``counting.ranges.Ranges`` to explain the whole range of activations in pieces.
        min_active: share of all positions on which a unit must be active to be explained; by
            default 0.05 for units at sentence pairs (the paper's 500 of 10,000), else 0; also 0
            for directions that are active in their highest values.
        unit_of_count: what counts once: each ``position`` (where in samples is a unit active?), or
            each ``sample`` (in which samples is it?), in which a unit is active, and a concept
            holds, if it is, or does, anywhere in it. Shares and scores are of that.
        least_active_positions: active positions, and
        least_active_groups: groups of samples with one, below which a unit is explained all the
            same, but has too little data for any other verdict.
        folds: folds of samples to count in.
        units: explain only these units.
        relations: for each name of a relation, concepts with those whose union they stand for
            (see ``concepts.relations``); each becomes a concept ``NAME(concept)``.
        context: which concepts look around in a sample, as ``PREV(a)`` does.
        directions: explain directions in the space of the layer's units in their place: an array
            ``(units, directions)``, or a file of one (see ``probes.directions``).
        verify: read all data files, and use nothing stored that was made from other bytes;
            otherwise a file is the same as long as its size and its time of change are.
        choose_length: let held-out samples choose each formula's length, up to that of ``search``;
            as a keyword, ``length="auto"``.
        recording: batch size, device and the like.
        execution: where it is computed, and what is kept.

    Raises:
        OptionError: a value cannot be used, or two of them exclude each other.

    Examples:
        >>> options = RunOptions(SearchOptions(length=5), execution=Execution(jobs=2))
        >>> options.folds, options.search.length
        (5, 5)
        >>> RunOptions.of(length=5, jobs=2) == options
        True
    """

    search: SearchOptions = field(default_factory=SearchOptions)
    trust: TrustOptions | None = _TRUST
    threshold: Threshold | Ranges | None = None
    min_active: float | None = None
    unit_of_count: UnitOfCount = "position"
    least_active_positions: int = LEAST_POSITIONS
    least_active_groups: int = LEAST_GROUPS
    folds: int = 5
    units: Sequence[int] | None = None
    # what has no hash of its own is compared, and left out of the record's
    relations: Relations | None = field(default=None, hash=False)
    context: ContextOptions = field(default_factory=ContextOptions)
    directions: Directions | ArrayLike | str | Path | None = field(default=None, hash=False)
    verify: bool = False
    choose_length: bool = False
    recording: Recording | None = None
    execution: Execution = Execution()

    def __post_init__(self) -> None:
        _check_records(self.trust, self.recording)
        records = {"search": SearchOptions, "execution": Execution, "context": ContextOptions}
        for name, record in records.items():
            if not isinstance(getattr(self, name), record):
                said = quoted(getattr(self, name))
                raise OptionError(f"{name} is {said}; give {record.__name__}(...)")
        self._normalise()
        if self.choose_length:
            self._check_choice()
        self._check_values()
        self._check_store()
        if self.trusts is not None and self.search.known_only:
            from andornot.trust.measure import check_examined

            check_examined(self.search)

    def _normalise(self) -> None:
        """Put one form in the place of all that mean the same, however the record was made."""
        make_plain(self, "folds", "min_active", *_LEAST)
        for name in ("verify", "choose_length"):
            put(self, name, flag(getattr(self, name), name))
        if self.units is not None:
            put(self, "units", _units(self.units))

    @classmethod
    def of(
        cls,
        search: SearchOptions | Search | None = None,
        execution: Execution | None = None,
        **keywords: Unpack[PlanKeywords],
    ) -> RunOptions:
        """From keywords as users give them: fields of this, of ``execution`` and of ``search``.

        Raises:
            OptionError: an option is unknown or given twice, has no use here, or its value cannot
                be used.
        """
        run, execute, rest = _sorted(keywords)
        _check_records(run.get("trust"), run.get("recording"))
        if execution is not None:
            refuse_twice("execution", execute)
        options, choose = _search_of(search, rest)
        return cls(
            search=options,
            choose_length=choose or run.pop("choose_length", False),
            execution=Execution(**execute) if execution is None else execution,
            **run,
        )

    @classmethod
    def given(cls, options: RunOptions | None, keywords: Mapping[str, Any]) -> RunOptions:
        """A whole record, or one of its parts by name, as :meth:`of` takes them.

        Raises:
            OptionError: both are given, or as :meth:`of` says.
        """
        if options is None:
            return cls.of(**keywords)
        if not isinstance(options, RunOptions):
            raise OptionError(f"options are {quoted(options)}; give RunOptions(...)")
        _refuse_unknown(_sorted(keywords)[2])
        refuse_twice("options", {n: v for n, v in keywords.items() if not _says_nothing(n, v)})
        return options

    @property
    def trusts(self) -> TrustOptions | None:
        """How often to search again, where that can be done at all.

        Trust counts stored activations again, by scores that a search for correlation lacks.
        """
        return self.trust if self.execution.store and not self.search.correlates else None

    @property
    def least_active(self) -> tuple[int, int]:
        """Active positions, and groups with one, below which there is too little data."""
        return self.least_active_positions, self.least_active_groups

    def _check_choice(self) -> None:
        """Refuse to choose lengths without held-out samples."""
        if self.search.correlates:
            raise OptionError(
                "length 'auto' is chosen by held-out IoU, which a search for correlation does not "
                "have; give a length"
            )
        if not self.execution.store:
            raise OptionError(
                "length 'auto' looks at the activations again, so they have to be stored; leave "
                "store on, or give a length"
            )
        if self.trust is None or whole_number(self.folds, "folds") < 2:
            raise OptionError(
                "length 'auto' is chosen by held-out samples; leave trust on, with 2 folds or more"
            )

    def _check_values(self) -> None:
        """Refuse what cannot be done, before anything is loaded."""
        from andornot.concepts.relations import check_relations
        from andornot.counting.rules import Ranges, Threshold

        if not isinstance(self.threshold, Threshold | Ranges | None):
            raise OptionError(
                f"threshold is {quoted(self.threshold)}; give andornot.Threshold(...), or Ranges"
            )
        if isinstance(self.threshold, Ranges) and self.search.correlates:
            raise OptionError(
                "correlation looks at all activations at once; leave ranges out, or choose "
                "another metric"
            )
        if whole_number(self.folds, "folds") < 1:
            raise OptionError(f"folds is {self.folds}; it must be at least 1")
        least = self.min_active
        if least is not None and not 0 <= number(least, "min_active") < 1:
            raise OptionError(f"min_active is {least}; give a share, from 0 up to less than 1")
        for name in _LEAST:
            whole_number(getattr(self, name), name, least=0)
        if not isinstance(self.directions, str | Path | None):  # a file is read in its time
            from andornot.probes.directions import Directions

            Directions.given(self.directions)  # for its errors alone
        if self.relations is not None:
            check_relations(self.relations, "relations")
        self._check_unit_of_count()
        self._check_context()

    def _check_context(self) -> None:
        """Refuse concepts that look around where they cannot be searched for."""
        if self.context.around and self.search.profile:
            raise OptionError(
                f"the published search ({self.search.profile}) knows no concepts that look around; "
                "leave around out, or the profile"
            )
        if self.context.of_found and not self.execution.store:
            raise OptionError(
                "around_of found searches twice, so the activations have to be stored; leave store "
                "on, or name concepts or categories"
            )

    def _check_unit_of_count(self) -> None:
        """Refuse to count samples where activations are looked at position by position."""
        from andornot.counting.rules import Ranges

        chosen = self.unit_of_count
        if not is_one_of(chosen, get_args(UnitOfCount)):
            known = " or ".join(map(repr, get_args(UnitOfCount)))
            raise OptionError(f"unit_of_count is {quoted(chosen)}; give {known}")
        if chosen == "sample" and (self.search.correlates or isinstance(self.threshold, Ranges)):
            what, instead = "ranges cut", "leave ranges out"
            if self.search.correlates:
                what, instead = "correlation looks at", "choose another metric"
            raise OptionError(
                f"{what} the activations of all positions, so samples cannot be counted; leave "
                f"unit_of_count out, or {instead}"
            )

    def _check_store(self) -> None:
        """Refuse what needs stored activations where there are none."""
        from andornot.counting.rules import Ranges

        correlates = self.search.correlates
        if not self.execution.store and (correlates or isinstance(self.threshold, Ranges)):
            what = "correlation looks" if correlates else "ranges look"
            raise OptionError(
                f"{what} at the activations again, so they have to be stored; leave store on, or "
                f"{'choose another metric' if correlates else 'leave ranges out'}"
            )


_READERS = ("weights", "preprocessing", "class_names", "words", "sources")
"""Keywords of ``dissect`` beside these options: how network and samples are read."""


class ExecutionKeywords(TypedDict, total=False):
    """The fields of :class:`Execution`, each as a keyword of its own."""

    jobs: int | None
    executor: Executor | str | None
    store: bool
    memory: float


class RunKeywords(MoreSearch, ExecutionKeywords, total=False):
    """Keywords of ``dissect`` that are no arguments of their own."""

    length: int | Literal["auto"]
    beam_size: int
    concepts: str | Sequence[str] | None
    relations: Relations | None
    context: ContextOptions
    min_active: float | None
    unit_of_count: UnitOfCount
    least_active_positions: int
    least_active_groups: int
    folds: int
    directions: Directions | ArrayLike | str | Path | None
    verify: bool


class DissectKeywords(RunKeywords, total=False):
    """Keywords of ``dissect``: those above, and what is for images or running text only."""

    class_names: Sequence[str] | None
    reading: Reading | None
    text_concepts: ConceptOptions | None


class PlanKeywords(RunKeywords, total=False):
    """Keywords of :meth:`RunOptions.of` beside ``search`` and ``execution``."""

    threshold: Threshold | Ranges | None
    units: Sequence[int] | None
    trust: TrustOptions | None
    recording: Recording | None
    choose_length: bool


def _check_records(trust: object, recording: object) -> None:
    from andornot.probes.recording import Recording

    if not isinstance(trust, TrustOptions | None) or not isinstance(recording, Recording | None):
        raise OptionError("trust is TrustOptions and recording a Recording; give these, or None")


def _units(given: object) -> tuple[int, ...]:
    """The numbers of the units to explain, as they were named."""
    units = tuple(map(plain, several(given, "units")))
    if not units or not all(type(unit) is int for unit in units):
        raise OptionError(f"units is {quoted(given)}; give at least one unit, as whole numbers")
    return units


def _sorted(keywords: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Keywords of the run, of its execution, and the rest, which is of the search or unknown."""
    run: dict[str, Any] = {}
    execute: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in keywords.items():
        of_run, of_execution = name in _names(RunOptions), name in _names(Execution)
        (run if of_run else execute if of_execution else rest)[name] = value
    return run, execute, rest


def _says_nothing(name: str, value: object) -> bool:
    """Whether a keyword might as well be left out: None, where that is the default."""
    defaults = [getattr(home, name, ...) for home in (RunOptions, Execution, SearchOptions)]
    parts = ("search", "execution", "pool")
    return value is None and (name in parts or None in defaults)


def _names(record: type[RunOptions | Execution | SearchOptions]) -> set[str]:
    return {field.name for field in fields(record)}


def _search_of(
    search: SearchOptions | Search | None, keywords: Mapping[str, Any]
) -> tuple[SearchOptions, bool]:
    """The options of the search, and whether held-out samples choose the length."""
    given = dict(keywords) if search is None else {"search": search, **keywords}
    length = given.get("length")
    choose = isinstance(length, str) and length == "auto"
    if choose:
        given["length"] = LONGEST
    return SearchOptions.given(given, _beside()), choose


def _beside() -> set[str]:
    """Keywords of ``dissect`` that are not of the search."""
    return {*_names(RunOptions), *_names(Execution), *_READERS}


def _refuse_unknown(keywords: Mapping[str, Any]) -> None:
    known = {*SearchKeywords.__annotations__, *_names(SearchOptions)}
    unknown = {name: value for name, value in keywords.items() if name not in known}
    if unknown:
        SearchOptions.given(unknown, _beside())  # which says so
