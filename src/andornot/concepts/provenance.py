"""Whom a concept comes from: people, a rule, or a network, whose errors are part of the price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, get_args

from andornot._tools.words import count
from andornot.errors import DataError, OptionError, quoted

By = Literal["people", "rule", "network", "unknown"]
SORTS: Final[tuple[str, ...]] = get_args(By)


@dataclass(frozen=True, order=True)
class Provenance:
    """Whom labels come from.

    Attributes:
        by: ``people`` who looked, a ``rule`` that anybody can apply again (a word occurs, a pixel
            is red), a ``network`` or another model that was trained and errs, or ``unknown``.
        name: which annotation, rule or network, in words for people; may be empty.

    Examples:
        >>> Provenance.of("network segformer-b0")
        Provenance(by='network', name='segformer-b0')
    """

    by: By = "unknown"
    name: str = ""

    def __post_init__(self) -> None:
        if self.by not in SORTS or not isinstance(self.name, str):
            raise OptionError(
                f"concepts come from {quoted(self.by)} {quoted(self.name)}; give one of "
                f"{', '.join(SORTS)}, and a name as text"
            )

    @classmethod
    def people(cls, name: str = "") -> Self:
        """Labels that people gave."""
        return cls("people", name)

    @classmethod
    def rule(cls, name: str = "") -> Self:
        """Labels that follow from what is seen, by a rule."""
        return cls("rule", name)

    @classmethod
    def network(cls, name: str = "") -> Self:
        """Labels that a network gave, or another model that was trained."""
        return cls("network", name)

    @classmethod
    def of(cls, given: object) -> Provenance:
        """From what a user writes: ``people``, ``rule NAME``, ``network NAME``, or a provenance.

        Raises:
            OptionError: it is none of these.
        """
        if isinstance(given, Provenance):
            return given
        by, _, name = given.strip().partition(" ") if isinstance(given, str) else ("", "", "")
        if by not in SORTS:
            raise OptionError(
                f"the provenance of concepts is {quoted(given)}; write people, rule or network, "
                "with a name behind it, such as 'network segformer-b0'"
            )
        return cls(by, name.strip())  # type: ignore[arg-type]

    def __str__(self) -> str:
        if self.by == "unknown":
            return self.name or "unknown"
        return f"{self.by}: {self.name}" if self.name else self.by


UNKNOWN: Final = Provenance()

_WORDS: Final = {
    "people": "by people",
    "rule": "by a rule",
    "network": "by a trained model",
    "unknown": "of unknown origin",
}


def of_union(members: Iterable[Provenance], rule: Provenance) -> Provenance:
    """Of a concept that is the union of others.

    The union follows a rule; but where a network labelled a member, its errors are in the union.
    """
    return next((member for member in members if member.by == "network"), rule)


def of_both(one: Provenance, other: Provenance) -> Provenance:
    """Of a concept that two data sets have: what they agree on, or else the more doubtful one."""
    if one == other:
        return one
    return next((p for p in (one, other) if p.by == "network"), UNKNOWN)


def as_json(provenance: Sequence[Provenance]) -> dict[str, Any]:
    """Each provenance once, and which of them each concept has."""
    distinct = list(dict.fromkeys(provenance))
    return {
        "list": [[p.by, p.name] for p in distinct],
        "of": [distinct.index(p) for p in provenance],
    }


def from_json(found: Mapping[str, Any], n_concepts: int) -> tuple[Provenance, ...]:
    """What :func:`as_json` wrote.

    Raises:
        DataError: it fits not the number of concepts, or says something else.
    """
    try:
        known = [Provenance(by, name) for by, name in found["list"]]
        each = tuple(known[i] for i in found["of"] if i >= 0)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(
            f"the provenance of concepts is damaged ({error}); build the table again"
        ) from error
    if len(each) != n_concepts:
        raise DataError(
            f"there is a provenance of {len(each)} concepts for {n_concepts}; build the table again"
        )
    return each


def told(provenance: Sequence[Provenance]) -> str:
    """How many concepts come from whom: ``53 by people (coco), 11 by a rule (colours)``."""
    sizes = Counter(provenance)
    return ", ".join(f"{n:,} {_by(p)}" for p, n in sorted(sizes.items(), key=_place))


def _by(provenance: Provenance) -> str:
    return _WORDS[provenance.by] + (f" ({provenance.name})" if provenance.name else "")


def _place(item: tuple[Provenance, int]) -> tuple[int, int]:
    return SORTS.index(item[0].by), -item[1]


def warning(provenance: Sequence[Provenance]) -> str:
    """What a reader must know where a network labelled; empty where none did."""
    sizes = Counter(p for p in provenance if p.by == "network")
    if not sizes:
        return ""
    names = ", ".join(p.name for p in sizes if p.name)
    made = f"by a trained model{f' ({names})' if names else ''}"
    n = sum(sizes.values())
    return (
        f"{count(n, 'concept')} {'was' if n == 1 else 'were'} labelled {made} and not by people: "
        "where it errs, so do formulas with these concepts."
    )
