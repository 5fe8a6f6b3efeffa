"""A number of the paper beside ours (a figure), and whether the two agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from andornot.reproduce.comparability import Comparability

Value = float | tuple[float, ...] | str
"""A number (a count is an int), several that belong together, or words."""

WITHIN, OUTSIDE = "within", "outside"
SCALE, ABSENT, UNSTATED = "not comparable", "not available", "no number"

VERDICTS: Mapping[str, str] = {
    WITHIN: "the same within the tolerance",
    OUTSIDE: "differs by more than the tolerance; the note says what may be the reason",
    SCALE: "the paper's value belongs to other data, another network or a judgement by people; it "
    "is shown for scale only",
    ABSENT: "it could not be found out here; the note says why",
    UNSTATED: "the paper shows it without a number",
}
"""What a verdict means."""


@dataclass(frozen=True)
class Claim:
    """Something that the paper says.

    Attributes:
        group: the heading that it belongs under.
        name: what it is about, in a few words.
        place: section, figure or table of the paper.
        value: what the paper says; None where it shows no number.
        tolerance: largest difference that counts as the same; None for words.
        needs: what must be the paper's own for a comparison (see ``comparability``).
        why: why another value may come out on the same data and network.
    """

    group: str
    name: str
    place: str
    value: Value | None
    tolerance: float | None
    needs: str
    why: str


@dataclass(frozen=True)
class Figure:
    """A claim of the paper beside what came out here.

    Attributes:
        group: the heading that it belongs under.
        name: what it is about, in a few words.
        place: section, figure or table of the paper.
        published: what the paper says; None where it shows no number.
        ours: what came out here; None where it could not be found out.
        tolerance: largest difference that counts as the same; None for words.
        verdict: one of :data:`VERDICTS`.
        why: why it may differ, why the two are not comparable, or why there is no value here.
        beside: what else was found here, such as the best formula of a unit.
    """

    group: str
    name: str
    place: str
    published: Value | None
    ours: Value | None
    tolerance: float | None
    verdict: str
    why: str
    beside: str = ""

    def as_row(self) -> dict[str, Any]:
        """A row of a table, its values as texts."""
        return {
            "group": self.group,
            "figure": self.name,
            "place": self.place,
            "published": shown(self.published),
            "ours": shown(self.ours),
            "tolerance": "" if self.tolerance is None else shown(self.tolerance),
            "verdict": self.verdict,
            "beside": self.beside,
            "why": self.why,
        }


def found(claim: Claim, ours: Value, comparable: Comparability, beside: str = "") -> Figure:
    """A figure with a value of ours, judged where the paper's value belongs to the same thing."""
    against = comparable.against(claim.needs)
    if claim.value is None:
        verdict, why = UNSTATED, claim.why
    elif against:
        verdict, why = SCALE, against
    else:
        verdict, why = _judge(claim, ours), claim.why
    return _figure(claim, ours, verdict, why, beside)


def absent(claim: Claim, why: str, beside: str = "") -> Figure:
    """A figure that could not be found out here."""
    return _figure(claim, None, ABSENT, why.removesuffix("."), beside)


def agree(published: Value, ours: Value, tolerance: float | None) -> bool:
    """Whether two values are the same: each number within the tolerance, words letter by letter."""
    if isinstance(published, str) or isinstance(ours, str):
        return published == ours
    theirs, mine = (v if isinstance(v, tuple) else (v,) for v in (published, ours))
    room = (tolerance or 0.0) + 1e-9  # a difference that equals the tolerance is within it
    return len(theirs) == len(mine) and all(
        abs(a - b) <= room for a, b in zip(theirs, mine, strict=True)
    )


def shown(value: Value | None) -> str:
    """A value as it is printed; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ", ".join(f"{v:+.3f}" for v in value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def for_scale(figure: Figure) -> str:
    """The paper's value as it is printed: in brackets where it is no yardstick."""
    text = shown(figure.published)
    judged = figure.verdict in (WITHIN, OUTSIDE) or figure.published is None
    return text if judged else f"({text})"


def _judge(claim: Claim, ours: Value) -> str:
    assert claim.value is not None
    return WITHIN if agree(claim.value, ours, claim.tolerance) else OUTSIDE


def _figure(claim: Claim, ours: Value | None, verdict: str, why: str, beside: str) -> Figure:
    return Figure(
        claim.group, claim.name, claim.place, claim.value, ours, claim.tolerance,
        verdict, why, beside,
    )  # fmt: skip
