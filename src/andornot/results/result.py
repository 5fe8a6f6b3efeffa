"""The explanations of all units that were asked for, as one value."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from andornot._tools.checks import several, whole_number
from andornot._tools.lazy import resolve
from andornot._tools.user_call import one_table
from andornot._tools.words import count, shortened
from andornot.errors import OptionError, OutOfRangeError, quoted
from andornot.results.explanation import Explanation
from andornot.results.saved import damaged, read_saved, write_saved
from andornot.results.silent import silence
from andornot.results.tables import explanation_row
from andornot.results.verdict import Verdict, listed
from andornot.search.options import SearchOptions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from andornot.concepts.table import ConceptTable
    from andornot.counting.responses import Responses

_SHOWN = 8
"""How many units a printed result lists: with a line before and after them it has ten lines."""


@dataclass(frozen=True, repr=False)
class Result:
    """Explanations of the units of a layer.

    ``result[u]`` is the explanation of unit *number* ``u``, wherever it stands. Numbers start at 0,
    so a negative one counts from the end: ``result[-1]`` is the last explanation. A slice goes by
    *place*, as iteration and ``len`` do, and is a result again: ``result[:10]`` has the first ten
    explanations, whatever numbers their units have. :meth:`select` takes several by number.

    Attributes:
        explanations: one for each unit; where activations were cut into ranges, of the top range.
        lower: those of the lower ranges, of all units.
        search: how they were searched for, and
        table: the digest of the concept table; None where neither is known, as of a run whose
            options this version does not know. Results with the same explanations are equal
            whatever these are.

    Examples:
        >>> concepts = andornot.ConceptTable.from_masks(np.eye(4, dtype=bool), ["a", "b", "c", "d"])
        >>> unit_masks = [[True, True, False, False], [False, False, True, False]]
        >>> result = andornot.explain(unit_masks, concepts, units=[15, 483])
        >>> print(result)
        2 units, 2 with a formula:
        unit 15: a OR b (IoU 1.000)
        unit 483: c (IoU 1.000)
        >>> result[483].formula
        parse('c')
        >>> len(result[:1]), len(result.select([483, 15]))
        (1, 2)
        >>> [e.unit for e in result.best(1)], len(result.ranges(15))
        ([15], 1)
    """

    explanations: tuple[Explanation, ...]
    lower: tuple[Explanation, ...] = ()
    search: SearchOptions | None = field(default=None, compare=False)
    table: str | None = field(default=None, compare=False)

    @classmethod
    def of_rows(cls, rows: Iterable[Explanation]) -> Result:
        """From the explanations of all ranges; the first of a unit is that of its top range."""
        top: dict[int, Explanation] = {}
        # setdefault keeps the first of a unit; all that are not it are of lower ranges
        lower = [e for e in rows if top.setdefault(e.unit, e) is not e]
        return cls(tuple(top.values()), tuple(lower))

    def rows(self) -> Iterator[Explanation]:
        """The explanations of all ranges, unit by unit, from the top range down."""
        for e in self.explanations:
            yield e
            yield from self._lower.get(e.unit, ())

    def ranges(self, unit: int) -> tuple[Explanation, ...]:
        """The explanations of all ranges of a unit, from the lowest to the top one.

        Raises:
            OptionError: there is no explanation of this unit.
        """
        top = self[unit]
        return (*reversed(self._lower.get(top.unit, ())), top)

    @cached_property
    def _lower(self) -> dict[int, list[Explanation]]:
        """Explanations of the lower ranges by unit, highest first."""
        by_unit: dict[int, list[Explanation]] = {}
        for e in sorted(self.lower, key=lambda e: (0.0, 0.0) if e.range is None else e.range):
            # they come ascending, and each goes in front of those below it
            by_unit.setdefault(e.unit, []).insert(0, e)
        return by_unit

    @cached_property
    def _by_unit(self) -> dict[int, Explanation]:
        return {e.unit: e for e in self.explanations}

    @overload
    def __getitem__(self, unit: SupportsIndex) -> Explanation: ...

    @overload
    def __getitem__(self, unit: slice) -> Result: ...

    def __getitem__(self, unit: SupportsIndex | slice) -> Explanation | Result:
        if isinstance(unit, slice):
            return self._only(self._slice(unit))
        if isinstance(unit, bool):  # to Python, it is a number
            raise self._missing(unit)
        try:
            number = operator.index(unit)
        except TypeError:
            raise self._missing(unit) from None
        # a unit of this number comes first; only then a negative one counts from the end
        if number in self._by_unit:
            return self._by_unit[number]
        if -len(self) <= number < 0:
            return self.explanations[number]
        raise self._missing(unit)

    def select(self, units: Sequence[int]) -> Result:
        """Only the explanations of these units, by number, in this order.

        Raises:
            OptionError: there is no explanation of one of them.
        """
        numbers = [whole_number(unit, "units") for unit in several(units, "units")]
        return self._only([self[number] for number in numbers])

    def _slice(self, places: slice) -> Sequence[Explanation]:
        try:
            return self.explanations[places]
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"a result cannot be cut by {quoted(places)} ({error}); give whole numbers, as of "
                "a list"
            ) from None

    def _only(self, explanations: Sequence[Explanation]) -> Result:
        """A result of some of the explanations, with those of their lower ranges."""
        units = {e.unit for e in explanations}
        lower = tuple(e for e in self.lower if e.unit in units)
        return replace(self, explanations=tuple(explanations), lower=lower)

    def _missing(self, unit: object) -> OutOfRangeError:
        units = sorted(self._by_unit)
        span = f"units {units[0]} to {units[-1]}" if units else "none"
        span = f"unit {units[0]}" if len(units) == 1 else span
        return OutOfRangeError(
            f"there is no explanation of unit {quoted(unit)}; results are indexed by the "
            f"number of the unit, and this one has {span}"
        )

    def __iter__(self) -> Iterator[Explanation]:
        return iter(self.explanations)

    def __len__(self) -> int:
        return len(self.explanations)

    def best(self, n: int | None = None) -> list[Explanation]:
        """The ``n`` best explained units (all if not given), best first: by verdict, then by gain.

        What has no gain is in the order of its held-out IoU, or of its IoU where trust is off.

        Raises:
            OptionError: ``n`` is no whole number, or below 0.
        """
        return listed(self.explanations)[: None if n is None else whole_number(n, "n", least=0)]

    def __str__(self) -> str:
        """How many units there are, and the best of them, a line each; ten lines at most."""
        found = sum(e.formula is not None for e in self.explanations)
        head = f"{count(len(self), 'unit')}, {found:,} with a formula{self._verdicts()}"
        why = [told] if (told := self.silence()) else []
        head += ":" * bool(self)
        shown = [shortened(str(e)) for e in self.best(_SHOWN)]
        more = [f"... and {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        return "\n".join([head, *why, *shown, *more])

    def silence(self, layer: str = "") -> str:
        """Why half of the units or more have no formula, and what to try; empty where most have.

        Args:
            layer: the name of the units' layer, where there are several.

        Examples:
            >>> table = andornot.ConceptTable.from_masks([[True, False]], ["water"])
            >>> found = andornot.explain([[True, False], [True, False], [False, False]], table)
            >>> found.silence()
            ''
        """
        return silence(self.explanations, layer)

    def _verdicts(self) -> str:
        """How many formulas have each verdict, in brackets; empty where none was tested."""
        found = Counter(e.verdict for e in self if e.trust and e.trust.held_out_chance)
        told = [f"{found[verdict]:,} {verdict}" for verdict in Verdict if found[verdict]]
        return f" ({', '.join(told)})" if told else ""

    def __repr__(self) -> str:
        return f"<Result of {self}>"

    def save(self, path: str | Path) -> None:
        """Write everything as one file, whole or not at all; an older result there is replaced.

        Raises:
            OptionError: another file lies there, or one that was changed since.
            RunError: it cannot be written.

        Examples:
            >>> concepts = andornot.ConceptTable.from_masks([[True, False]], ["water"])
            >>> result = andornot.explain([[True, False]], concepts)
            >>> result.save("result.json")
            >>> andornot.Result.load("result.json") == result
            True
        """
        content = {
            "search": None if self.search is None else self.search.as_dict(),
            "table": self.table,
            "explanations": [e.as_dict() for e in self.explanations],
            "lower": [e.as_dict() for e in self.lower],
        }
        write_saved(path, content)

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read what :meth:`save` wrote; it comes back equal, and nothing in it is run.

        Raises:
            DataError: the file is missing, damaged, another, or of an unknown format.
        """
        content = read_saved(path)
        try:
            return cls(
                tuple(map(Explanation.from_dict, content["explanations"])),
                tuple(map(Explanation.from_dict, content["lower"])),
                _search(content["search"]),
                None if content["table"] is None else str(content["table"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise damaged(path, repr(error)) from error

    @one_table
    def assess(self, unit_masks: ArrayLike, concepts: ConceptTable, **options: Any) -> Result:
        """Find out how far the explanations can be trusted: see :func:`andornot.assess`.

        Args:
            unit_masks: the masks that were explained.
            concepts: the concept table that they were explained with.
            **options: those of :func:`andornot.assess`.

        Returns:
            The same explanations, each with its ``trust``.

        Raises:
            OptionError: an option cannot be used, or masks or table are not those of this result.
            DataError: masks do not fit the table.

        Examples:
            >>> masks = np.random.default_rng(0).random((3, 60)) < 0.3
            >>> concepts = andornot.ConceptTable.from_masks(masks, ["a", "b", "c"])
            >>> result = andornot.explain(masks[:1], concepts).assess(masks[:1], concepts)
            >>> result[0].verdict, result[0].trust.held_out_chance.p_value
            (<Verdict.TOO_LITTLE_DATA: 'too little data'>, 0.025)
        """
        found: Result = resolve("andornot.trust.measure:assess")(
            self, unit_masks, concepts, **options
        )
        return found

    def report(
        self,
        path: str | Path,
        unit_masks: ArrayLike | Responses | None = None,
        concepts: ConceptTable | None = None,
        *,
        title: str = "Units",
    ) -> Path:
        """Write a folder of pages for a browser; an older report there is replaced.

        Args:
            path: the folder.
            unit_masks: the masks that were explained, or their responses, one for each
                explanation and in the same order; with them pages show the parts of formulas,
                near units and concepts.
            concepts: the concept table; it goes with the masks.
            title: what the first page is called.

        Returns:
            The path of the first page.

        Raises:
            OptionError: jinja2 is missing, the result is empty, masks and table are not those that
                were explained, or the folder holds other files.
            DataError: masks do not fit the table.
            RunError: the folder cannot be written.

        Examples:
            >>> concepts = andornot.ConceptTable.from_masks([[True, False]], ["water"])
            >>> result = andornot.explain([[True, False]], concepts)
            >>> print(result.report("pages", [[True, False]], concepts).name)
            index.html
        """
        write = resolve("andornot.report.of_arrays:report_result")
        page: Path = write(self, path, unit_masks, concepts, title=title)
        return page

    def to_frame(self) -> pd.DataFrame:
        """A row for each unit, in the order of the units: formula, verdict, scores, counts.

        Where activations were cut into ranges, a row for each of them, from the top one down.

        Examples:
            >>> concepts = andornot.ConceptTable.from_masks(np.eye(2, dtype=bool), ["a", "b"])
            >>> result = andornot.explain([[True, False], [True, True]], concepts, length=2)
            >>> result.to_frame()[["unit", "formula", "iou"]]
               unit formula  iou
            0     0       a  1.0
            1     1  a OR b  1.0
        """
        import pandas as pd

        return pd.DataFrame([explanation_row(e) for e in self.rows()])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        text: str = resolve("andornot.report.notebook:result_html")(self)
        return text


def _search(saved: dict[str, Any] | None) -> SearchOptions | None:
    """Options of a search from plain data; JSON has lists where they have tuples."""
    if saved is None:
        return None
    tuples: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in saved.items()
    }
    return SearchOptions(**tuples)
