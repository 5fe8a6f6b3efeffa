"""The explanations of all units that were asked for, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from andornot._tools.checks import whole_number
from andornot._tools.lazy import resolve
from andornot.errors import OptionError, quoted
from andornot.results.explanation import Explanation
from andornot.results.tables import explanation_row

if TYPE_CHECKING:
    import pandas as pd

    from andornot.search.options import SearchOptions

_SHOWN = 20
"""How many units a printed result lists."""


@dataclass(frozen=True, repr=False)
class Result:
    """Explanations of the units of a layer; ``result[u]`` is that of unit number ``u``.

    Attributes:
        explanations: one for each unit; where activations were cut into ranges, of the top range.
        lower: those of the lower ranges, of all units.
        search: how they were searched for, and
        table: the digest of the concept table; None where neither is known, as of a result that
            was read from a run. Results with the same explanations are equal whatever these are.
    """

    explanations: tuple[Explanation, ...]
    lower: tuple[Explanation, ...] = ()
    search: SearchOptions | None = field(default=None, compare=False)
    table: str | None = field(default=None, compare=False)

    @classmethod
    def of_rows(cls, rows: Iterable[Explanation]) -> Result:
        """From the explanations of all ranges; the first of a unit is that of its top range."""
        top: dict[int, Explanation] = {}
        lower = [e for e in rows if top.setdefault(e.unit, e) is not e]
        return cls(tuple(top.values()), tuple(lower))

    def rows(self) -> Iterator[Explanation]:
        """The explanations of all ranges, unit by unit, from the top range down."""
        for e in self.explanations:
            yield e
            yield from self._lower.get(e.unit, ())

    def ranges(self, unit: int) -> tuple[Explanation, ...]:
        """The explanations of all ranges of a unit, from the lowest to the top one."""
        top = self[unit]
        return (*reversed(self._lower.get(top.unit, ())), top)

    @cached_property
    def _lower(self) -> dict[int, list[Explanation]]:
        """Explanations of the lower ranges by unit, highest first."""
        by_unit: dict[int, list[Explanation]] = {}
        for e in sorted(self.lower, key=lambda e: (0.0, 0.0) if e.range is None else e.range):
            by_unit.setdefault(e.unit, []).insert(0, e)
        return by_unit

    @cached_property
    def _by_unit(self) -> dict[int, Explanation]:
        return {e.unit: e for e in self.explanations}

    def __getitem__(self, unit: int) -> Explanation:
        try:
            return self._by_unit[int(unit)]
        except (KeyError, TypeError, ValueError):
            units = sorted(self._by_unit)
            span = f"units {units[0]} to {units[-1]}" if units else "none"
            span = f"unit {units[0]}" if len(units) == 1 else span
            raise OptionError(
                f"there is no explanation of unit {quoted(unit)}; results are indexed by the "
                f"number of the unit, and this one has {span}"
            ) from None

    def __iter__(self) -> Iterator[Explanation]:
        return iter(self.explanations)

    def __len__(self) -> int:
        return len(self.explanations)

    def best(self, n: int | None = None) -> list[Explanation]:
        """The ``n`` best explained units (all if not given), best first."""
        ranked = sorted(self.explanations, key=lambda e: (-e.score, e.unit))
        return ranked[: None if n is None else whole_number(n, "n", least=0)]

    def __str__(self) -> str:
        """The best units, a line each."""
        shown = [str(e) for e in self.best(_SHOWN)]
        more = [f"... and {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        return "\n".join([*shown, *more])

    def __repr__(self) -> str:
        return f"<Result of {len(self):,} units>"

    def to_frame(self) -> pd.DataFrame:
        """A row for each unit: formula, scores, counts, the best of each shorter length.

        Where activations were cut into ranges, a row for each of them, from the top one down.
        """
        import pandas as pd

        return pd.DataFrame([explanation_row(e) for e in self.rows()])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        text: str = resolve("andornot.results.html:result_html")(self)
        return text
