"""What an attack asks of a modality: proposals of edits, their controls, and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from andornot.edits.classifiers import Classifier
from andornot.edits.goals import Goal
from andornot.edits.presence import Presence
from andornot.formula import Formula

E = TypeVar("E")


@dataclass(frozen=True, eq=False)
class Proposal(Generic[E]):
    """An edit that formulas ask for, or a control, in all the variants to choose among.

    Attributes:
        name: what it does, such as ``recolour water to green``.
        kind: ``paste``, ``recolour``, ``insert``, ``repeat`` or ``reword``.
        variants: cut-outs and places, or words and places.
        concept: what the edit brings in; None for controls.
        goals: the terms of formulas that it serves, strongest first; none for controls.
    """

    name: str
    kind: str
    variants: tuple[E, ...]
    concept: Formula | None = None
    goals: tuple[Goal, ...] = ()

    @property
    def strength(self) -> float:
        """By how much it should help, over all units that ask for it."""
        # once a unit, though several terms of its formula may ask for the same
        by_unit = {goal.unit: goal.strength for goal in self.goals}
        return sum(by_unit.values())


@dataclass(frozen=True)
class EditAnswers:
    """What a classifier says of edited samples.

    Attributes:
        logits: (trials, classes).
        applied: whether each trial changed its sample at all.
    """

    logits: NDArray[np.float32]
    applied: NDArray[np.bool_]


class Editor(Protocol[E]):
    """The samples of a run, and the edits that can be made of them."""

    @property
    def presence(self) -> Presence:
        """Where concepts hold."""

    @property
    def excluded_controls(self) -> Mapping[str, str]:
        """What could have been a control, but is evidence for the target, and why."""

    def proposals(self) -> list[Proposal[E]]:
        """The edits that serve the goals of the editor."""

    def controls(self, proposal: Proposal[E], count: int) -> list[Proposal[E]]:
        """Edits as like the proposed one as can be, that no formula asks for."""

    def answers(
        self, classifier: Classifier[Any], trials: Sequence[tuple[int, E | None]]
    ) -> EditAnswers:
        """Show samples, each with an edit or as it is, to a classifier."""

    def shown(self, sample: int, edit: E | None) -> Any:
        """A sample as a person sees it, edited or as it is; None where the edit does nothing."""


def merged(proposals: Sequence[Proposal[E]]) -> list[Proposal[E]]:
    """Proposals of one name as one, with the goals of all."""
    by_name: dict[str, list[Proposal[E]]] = {}
    for proposal in proposals:
        by_name.setdefault(proposal.name, []).append(proposal)
    return [
        Proposal(name, same[0].kind, same[0].variants, same[0].concept, tuple(
            sorted({g for p in same for g in p.goals}, key=lambda goal: (-goal.strength, goal.unit))
        ))
        for name, same in by_name.items()
    ]  # fmt: skip
