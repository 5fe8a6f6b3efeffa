"""What an explanation is: a formula, its four counts, how it came about, and what stood next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from andornot._tools.lazy import resolve
from andornot._tools.words import shortened
from andornot.formula import Formula, quote, read_back
from andornot.measures.scores import Agreement, Counts
from andornot.results.plateau import Plateau
from andornot.results.trust import Trust
from andornot.results.verdict import Support, Verdict, verdict_of

OK = "ok"
INACTIVE = "inactive"
NO_CONCEPT = "no concept"
RARE = "rare"


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
        ties: formulas known to score the same (not more than a beam holds), itself included; those
            that are true on the same positions are one (see :class:`Twins`).
        by_length: what no formula of up to 1, 2, ... concepts exceeds; empty where the search
            bounds the longest only.

    Examples:
        >>> concepts = andornot.ConceptTable.from_masks(np.eye(3, dtype=bool), ["a", "b", "c"])
        >>> certificate = andornot.explain([[True, True, True]], concepts, length=2)[0].certificate
        >>> round(certificate.score, 3), certificate.proven  # no two concepts do better,
        (0.667, True)
        >>> certificate.ceiling, round(certificate.attained, 3)  # and longer formulas would
        (1.0, 0.667)
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
        # of a ceiling of 0 there is no share
        return self.score / self.ceiling if self.ceiling else None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Certificate:
        """Back from ``asdict``."""
        # runs of older versions have no bounds by length
        return cls(**data | {"by_length": tuple(data.get("by_length", ()))})


_MOST_TWINS = 10
"""So many twins of a concept are named; the others are counted."""


@dataclass(frozen=True)
class Twins:
    """A concept of a formula, and those that the data cannot tell from it there.

    With one of them in its place the formula is true on the very same positions. Only concepts
    that the search could use are meant; derived ones are among them.

    Attributes:
        concept: its name.
        others: names of the most similar of the others, by their Jaccard index; at most 10.
        more: how many others there are beside these.

    Examples:
        >>> masks = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
        >>> concepts = andornot.ConceptTable.from_masks(masks, ["asked", "refund", "late"])
        >>> print(*andornot.explain(masks[:1], concepts)[0].twins)
        asked = refund
    """

    concept: str
    others: tuple[str, ...]
    more: int = 0

    @classmethod
    def of(cls, concept: str, others: Sequence[str]) -> Twins:
        """From all the others, most similar first."""
        return cls(concept, tuple(others[:_MOST_TWINS]), max(0, len(others) - _MOST_TWINS))

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self) | {"others": list(self.others)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Twins:
        """Back from :meth:`as_dict`."""
        return cls(str(data["concept"]), tuple(map(str, data["others"])), int(data["more"]))

    def __str__(self) -> str:
        names = " = ".join(map(quote, (self.concept, *self.others)))
        return f"{names} and {self.more:,} more" if self.more else names


@dataclass(frozen=True)
class Scored:
    """A formula with its counts, as it stands in the beam or on the way to it.

    Attributes:
        formula: the formula.
        counts: its true and false positives and negatives, in positions.
        score: what it was ranked by.
        twins: its concepts that the data cannot tell from others there; looked for in the best
            formula of each length only.
        plain: the same without parts that change no position of the data; None where each does
            something. Looked for likewise.
    """

    formula: Formula
    counts: Counts
    score: float
    twins: tuple[Twins, ...] = ()
    plain: Scored | None = None

    @property
    def iou(self) -> float:
        """Intersection over union."""
        return self.counts.iou

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        c = self.counts
        counts = {"tp": c.tp, "fp": c.fp, "fn": c.fn, "tn": c.tn}
        plain = {"formula": str(self.formula), "score": self.score, "iou": self.iou, **counts}
        less = {} if self.plain is None else {"plain": self.plain.as_dict()}
        return plain | _twins("twins", self.twins) | less

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Scored:
        """Back from :meth:`as_dict`."""
        counts = Counts(*(int(data[name]) for name in ("tp", "fp", "fn", "tn")))
        # runs of older versions say nothing of twins
        twins = tuple(map(Twins.from_dict, data.get("twins", ())))
        # and looked for no idle parts
        plain = Scored.from_dict(data["plain"]) if data.get("plain") else None
        return cls(read_back(data["formula"]), counts, float(data["score"]), twins, plain)


@dataclass(frozen=True)
class UnknownNot:
    """A concept after NOT, and how often nobody could have labelled it where the formula holds.

    Attributes:
        concept: its name.
        categories: those of which one must be annotated for the concept to be known.
        share: of the positions where the formula holds, those where the concept is unknown.
    """

    concept: str
    categories: tuple[str, ...]
    share: float

    @property
    def mostly(self) -> bool:
        """Whether the NOT holds mostly where the concept is unknown."""
        return self.share > 0.5

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self) | {"categories": list(self.categories)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> UnknownNot:
        """Back from :meth:`as_dict`."""
        categories = tuple(str(name) for name in data["categories"])
        return cls(str(data["concept"]), categories, float(data["share"]))


@dataclass(frozen=True, repr=False)
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
        unknown: the concepts after NOT that are unknown on some positions where the formula holds.
        support: how much there is to learn the unit from, where more is known of it than the
            counts say.
        plateau: where the threshold cuts through nearly equal values, how many there are.

    Examples:
        >>> concepts = andornot.ConceptTable.from_masks(np.eye(3, dtype=bool), ["a", "b", "c"])
        >>> explanation = andornot.explain([[True, True, False]], concepts, length=2)[0]
        >>> print(explanation.formula, explanation.iou, explanation.score)
        a OR b 1.0 1.0
        >>> explanation.by_length  # with one concept, and with two
        (0.5, 1.0)
        >>> print(explanation.runners_up[0].formula)
        a
        >>> explanation.certificate.proven
        True
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
    unknown: tuple[UnknownNot, ...] = ()
    support: Support | None = None
    plateau: Plateau | None = None

    @property
    def verdict(self) -> Verdict | None:
        """How far the formula that is shown can be relied on; None where there is none.

        Examples:
            >>> masks = np.eye(3, dtype=bool)
            >>> concepts = andornot.ConceptTable.from_masks(masks, ["a", "b", "c"])
            >>> print(andornot.explain([[True, True, False]], concepts)[0].verdict)
            too little data
        """
        if self.formula is None:
            return None
        support = self.support or Support(self.counts.tp + self.counts.fn)
        return verdict_of(support, self.trust)

    @property
    def shown(self) -> Scored | None:
        """The formula that is shown: the shortest that does about as well on held-out samples.

        It is the formula itself where nothing is known of held-out samples, and has no part that
        changes no position of the data.

        Examples:
            >>> explanation = run.result()[3]
            >>> print(explanation.shown.formula, explanation.trust.shown)
            red OR yellow 2
        """
        searched = self.shown_as_searched
        return searched if searched is None else searched.plain or searched

    @property
    def shown_as_searched(self) -> Scored | None:
        """The same as the search came by it, perhaps with parts that change no position."""
        if not self.beam or self.trust is None:
            return self.beam[0] if self.beam else None
        n = self.trust.shown
        shorter = self.best_by_length[n - 1] if n < len(self.best_by_length) else None
        return shorter or self.beam[0]

    @property
    def twins(self) -> tuple[Twins, ...]:
        """The formula's concepts that the data cannot tell from others, with those others.

        Those of the formula that is shown, which may be shorter, are ``shown.twins``.

        Examples:
            >>> masks = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
            >>> concepts = andornot.ConceptTable.from_masks(masks, ["asked", "refund", "late"])
            >>> print(*andornot.explain(masks[:1], concepts)[0].twins)
            asked = refund
        """
        return self.beam[0].twins if self.beam else ()

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
        # a key of its own, only where it says something
        unknown = {"unknown": [one.as_dict() for one in self.unknown]} if self.unknown else {}
        plain = {
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
        support = {} if self.support is None else {"support": self.support.as_dict()}
        plateau = {} if self.plateau is None else {"plateau": self.plateau.as_dict()}
        return plain | unknown | support | plateau | _twins("twins", self.twins) | self._judged()

    def _judged(self) -> dict[str, Any]:
        """What follows from the rest, for those who read the file without this program."""
        if self.verdict is None or self.shown is None:
            return {}
        if self.trust is None:
            return {"verdict": str(self.verdict)}
        extent = self.trust.extent
        return {
            "verdict": str(self.verdict),
            "shown_formula": str(self.shown.formula),
            "extent": None if extent is None else str(extent),
        } | _twins("shown_twins", self.shown.twins)

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
            unknown=tuple(map(UnknownNot.from_dict, data.get("unknown", ()))),
            support=Support.from_dict(data["support"]) if data.get("support") else None,
            plateau=Plateau.from_dict(data["plateau"]) if data.get("plateau") else None,
        )

    def __str__(self) -> str:
        if self.shown is None:
            return f"unit {self.unit}: {STATUS_MEANING.get(self.status, self.status)}"
        if self.trust is None:
            return f"unit {self.unit}: {self.shown.formula} (IoU {self.iou:.3f})"
        held_out = self.trust.held_out_iou
        told = f"IoU {self.shown.iou:.3f}" if held_out is None else f"held-out IoU {held_out:.3f}"
        return f"unit {self.unit}, {self.verdict}: {self.shown.formula} ({told})"

    def __repr__(self) -> str:
        """The formula and its scores on a line, and what is known of it on another."""
        is_whole = self.shown is not None and self.shown.formula == self.formula
        proof = " (proven the best)" if is_whole and self.certificate.proven else ""
        trust = "" if self.trust is None else f"\n  {shortened(str(self.trust), 200)}"
        return f"<Explanation of {shortened(str(self))}{proof}{trust}>"

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        text: str = resolve("andornot.report.notebook:explanation_html")(self)
        return text


def _twins(key: str, twins: Sequence[Twins]) -> dict[str, Any]:
    """Twins as plain data under a key that is there only where it says something."""
    return {key: [one.as_dict() for one in twins]} if twins else {}


def _range(ends: Sequence[float]) -> tuple[float, float]:
    low, high = ends
    return float(low), float(high)
