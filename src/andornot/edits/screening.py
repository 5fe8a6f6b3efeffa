"""Try every variant of every proposal on one part of the samples, and keep the best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot._tools.statistics import probabilities
from andornot.edits.classifiers import Classifier
from andornot.edits.editor import Editor, Proposal

E = TypeVar("E")

FINALISTS = 3
"""Variants of a proposal that are tried on all samples of a screening."""

_FEWEST = 5  # samples of a pilot, where there are so many


@dataclass(frozen=True)
class EditOutcome:
    """What an edit did to each of some samples.

    Attributes:
        answers: class that the classifier gives each edited sample, (n,).
        target: probability of the target, (n,).
        applied: whether the edit changed the sample, (n,).
    """

    answers: NDArray[np.int64]
    target: NDArray[np.float64]
    applied: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Trials(Generic[E]):
    """Edits shown to a classifier on some samples; each edit only once.

    Attributes:
        editor: makes the edited samples.
        classifier: answers.
        samples: which samples, (n,).
        target: number of the target in the classifier's logits.
    """

    editor: Editor[E]
    classifier: Classifier[Any]
    samples: NDArray[np.int64]
    target: int
    _known: dict[E | None, EditOutcome] = field(default_factory=dict, repr=False)

    def run(self, edits: Iterable[E | None], what: str) -> None:
        """Test edits, with a bar that says ``what``."""
        new = [e for e in dict.fromkeys(edits) if e not in self._known]
        for edit in track(new, what, len(new)):
            self._known[edit] = self._tested(edit)

    def __getitem__(self, edit: E | None) -> EditOutcome:
        if edit not in self._known:
            self._known[edit] = self._tested(edit)
        return self._known[edit]

    def _tested(self, edit: E | None) -> EditOutcome:
        found = self.editor.answers(self.classifier, [(int(i), edit) for i in self.samples])
        return EditOutcome(
            found.logits.argmax(1), probabilities(found.logits)[:, self.target], found.applied
        )

    def flips(self, edit: E | None) -> NDArray[np.bool_]:
        """Which samples the edit takes to the target, (n,)."""
        flips: NDArray[np.bool_] = self[edit].answers == self.target
        return flips


@dataclass(frozen=True)
class BestVariant(Generic[E]):
    """A proposal with the variant that did best.

    Attributes:
        proposal: the proposal.
        edit: its best variant.
        rate: share of the screening samples that this flips to the target.
        target: mean probability of the target over them.
    """

    proposal: Proposal[E]
    edit: E
    rate: float
    target: float


@dataclass(frozen=True, eq=False)
class Screening(Generic[E]):
    """The samples on which variants are chosen.

    All variants are tried on the first third of the samples, and the best ``FINALISTS`` of each
    proposal on all of them: most variants are plainly worse, and forward passes are dear.

    Attributes:
        trials: on all of the samples.
        pilot: on the first third of them.
    """

    trials: Trials[E]
    pilot: Trials[E]

    @classmethod
    def of(cls, trials: Trials[E]) -> Screening[E]:
        """Split off the samples of the pilot."""
        count = max(min(_FEWEST, len(trials.samples)), len(trials.samples) // 3)
        # with a dictionary of its own: else it would share the answers on all samples
        return cls(trials, replace(trials, samples=trials.samples[:count], _known={}))

    def choose(self, proposals: Sequence[Proposal[E]], what: str) -> list[BestVariant[E]]:
        """Choose for each proposal the variant that flips most samples to the target.

        Of variants that flip as many the one that gives the target the highest mean probability
        is taken, and of equal ones the first.

        Args:
            proposals: each has at least one variant.
            what: a few words for the progress bar.

        Returns:
            A choice for each proposal, in order.
        """
        self.pilot.run((edit for p in proposals for edit in p.variants), what)
        finalists = [_ranked(self.pilot, p.variants)[:FINALISTS] for p in proposals]
        self.trials.run((edit for edits in finalists for edit in edits), what)
        return [
            BestVariant(p, best, *_score(self.trials, best))
            for p, edits in zip(proposals, finalists, strict=True)
            for best in _ranked(self.trials, edits)[:1]
        ]


def _score(trials: Trials[E], edit: E) -> tuple[float, float]:
    """Share of the samples that an edit flips, and the target's mean probability."""
    return float(trials.flips(edit).mean()), float(trials[edit].target.mean())


def _ranked(trials: Trials[E], edits: Sequence[E]) -> list[E]:
    """Edits in order of their scores, the best first; equal ones stay in order."""
    scores = [_score(trials, edit) for edit in edits]
    order = sorted(range(len(edits)), key=lambda i: (-scores[i][0], -scores[i][1], i))
    return [edits[i] for i in order]
