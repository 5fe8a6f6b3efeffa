"""What an explanation is: a formula, its four counts, how it came about, and what stood next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from andornot._tools.checks import whole_number
from andornot.errors import OptionError, quoted
from andornot.formula import Formula, parse
from andornot.measures.scores import Agreement, Counts
from andornot.results.html import explanation_html, result_html
from andornot.results.trust import Trust

if TYPE_CHECKING:
    import pandas as pd

    from andornot.search.options import SearchOptions

OK = "ok"
INACTIVE = "inactive"
NO_CONCEPT = "no concept"
RARE = "rare"

_SHOWN = 20
"""How many units a printed result lists."""

STATUS_MEANING = {
    OK: "explained",
    "dead": "0 on every position: the unit never fires",
    "constant": "the same value on every position",
    "nan": "some activation is NaN or infinite",
    INACTIVE: "nowhere above its threshold",
    RARE: "active on too few positions to be explained",
    NO_CONCEPT: "no concept overlaps its active positions",
}
"""What the status of an explanation says; all but ``"ok"`` have no formula."""


@dataclass(frozen=True)
class Certificate:
    """How good the best formula could be: ``score <= optimum <= upper_bound``.

    Attributes:
        score: the score of the formula that was found.
        upper_bound: no formula of the searched length scores more.
        proven: the found formula is the best one of the searched space.
        ceiling: no formula of any length over these concepts scores more; None where that is not
            known (runs of older versions).
        ties: formulas known to score the same (not more than a beam holds), itself included.
        by_length: what no formula of up to 1, 2, ... concepts exceeds; empty where the search
            bounds the longest only.
    """

    score: float
    upper_bound: float
    proven: bool
    ceiling: float | None = None
    ties: int = 1
    by_length: tuple[float, ...] = ()

    @property
    def attained(self) -> float | None:
        """The share of the ceiling that the formula reaches."""
        return self.score / self.ceiling if self.ceiling else None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Certificate:
        """Back from ``asdict``."""
        return cls(**data | {"by_length": tuple(data.get("by_length", ()))})


@dataclass(frozen=True)
class Scored:
    """A formula with its counts, as it stands in the beam or on the way to it."""

    formula: Formula
    counts: Counts
    score: float

    @property
    def iou(self) -> float:
        """Intersection over union."""
        return self.counts.iou

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        c = self.counts
        counts = {"tp": c.tp, "fp": c.fp, "fn": c.fn, "tn": c.tn}
        return {"formula": str(self.formula), "score": self.score, "iou": self.iou, **counts}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Scored:
        """Back from :meth:`as_dict`."""
        counts = Counts(*(int(data[name]) for name in ("tp", "fp", "fn", "tn")))
        return cls(parse(data["formula"]), counts, float(data["score"]))


@dataclass(frozen=True)
class Explanation:
    """The explanation of one unit.

    Attributes:
        unit: the unit's number in its layer.
        status: ``"ok"``, or why there is no formula (see :data:`STATUS_MEANING`).
        counts: true and false positives and negatives of the formula, in positions; for a unit
            without a formula those of "nowhere".
        beam: the best formulas found, best first; the first is the explanation, the others came
            next.
        best_by_length: the best formula of up to 1, 2, ... concepts; None where there was none.
            The first is what Network Dissection would say.
        certificate: how much better a formula could be.
        metric: the score that was searched for.
        trust: how far it can be trusted, where that was found out (see ``trust``).
        agreement: scores with the raw activations and by sample, where they were computed.
        range: the activations that count as active, above the first and up to the second number,
            where they were cut into ranges; None for a threshold.
    """

    unit: int
    status: str
    counts: Counts
    beam: tuple[Scored, ...]
    best_by_length: tuple[Scored | None, ...]
    certificate: Certificate
    metric: str = "iou"
    trust: Trust | None = None
    agreement: Agreement | None = None
    range: tuple[float, float] | None = None

    @property
    def formula(self) -> Formula | None:
        """The formula; None where there is none."""
        return self.beam[0].formula if self.beam else None

    @property
    def score(self) -> float:
        """What the formula was ranked by (equals ``iou`` unless options say otherwise)."""
        return self.beam[0].score if self.beam else 0.0

    @property
    def iou(self) -> float:
        """Intersection over union of formula and unit (Eq. 2)."""
        return self.counts.iou

    @property
    def by_length(self) -> tuple[float, ...]:
        """IoU of the best formula of up to 1, 2, ... concepts."""
        return tuple(0.0 if best is None else best.iou for best in self.best_by_length)

    @property
    def runners_up(self) -> tuple[Scored, ...]:
        """The formulas that came next, best first."""
        return self.beam[1:]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "unit": self.unit,
            "status": self.status,
            "formula": None if self.formula is None else str(self.formula),
            "metric": self.metric,
            "score": self.score,
            "iou": self.iou,
            "tp": self.counts.tp,
            "fp": self.counts.fp,
            "fn": self.counts.fn,
            "tn": self.counts.tn,
            "certificate": asdict(self.certificate),
            "agreement": None if self.agreement is None else self.agreement.as_dict(),
            "range": self.range,
            "trust": None if self.trust is None else self.trust.as_dict(),
            "by_length": [None if b is None else b.as_dict() for b in self.best_by_length],
            "beam": [scored.as_dict() for scored in self.beam],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Explanation:
        """Back from :meth:`as_dict`."""
        return cls(
            unit=int(data["unit"]),
            status=data["status"],
            counts=Counts(*(int(data[name]) for name in ("tp", "fp", "fn", "tn"))),
            beam=tuple(Scored.from_dict(s) for s in data["beam"]),
            best_by_length=tuple(
                None if b is None else Scored.from_dict(b) for b in data["by_length"]
            ),
            certificate=Certificate.from_dict(data["certificate"]),
            metric=data["metric"],
            trust=None if data.get("trust") is None else Trust.from_dict(data["trust"]),
            agreement=Agreement.from_dict(data["agreement"]) if data.get("agreement") else None,
            range=_range(data["range"]) if data.get("range") else None,
        )

    def __str__(self) -> str:
        if self.formula is None:
            return f"unit {self.unit}: {STATUS_MEANING.get(self.status, self.status)}"
        return f"unit {self.unit}: {self.formula} (IoU {self.iou:.3f})"

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        return explanation_html(self)


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
        return result_html(self)


def _range(ends: Sequence[float]) -> tuple[float, float]:
    low, high = ends
    return float(low), float(high)


def explanation_row(e: Explanation) -> dict[str, Any]:
    """An explanation as a row of a table: formula, scores, counts, the best of each length."""
    row: dict[str, Any] = {
        "unit": e.unit,
        "formula": None if e.formula is None else str(e.formula),
        "iou": e.iou,
        "length": 0 if e.formula is None else e.formula.length,
        "tp": e.counts.tp,
        "fp": e.counts.fp,
        "fn": e.counts.fn,
        "tn": e.counts.tn,
        "status": e.status,
        "score": e.score,
        "upper_bound": e.certificate.upper_bound,
        "proven": e.certificate.proven,
        "ceiling": e.certificate.ceiling,
        "attained": e.certificate.attained,
        "ties": e.certificate.ties,
    }
    row |= {name: value for name, value in e.counts.scores().items() if name != "iou"}
    for n, best in enumerate(e.best_by_length, start=1):
        row[f"formula_{n}"] = None if best is None else str(best.formula)
        row[f"iou_{n}"] = 0.0 if best is None else best.iou
    if e.range is not None:
        row |= {"range_low": e.range[0], "range_high": e.range[1]}
    if e.agreement is not None:
        row |= e.agreement.as_dict()
    return row if e.trust is None else row | e.trust.columns()
