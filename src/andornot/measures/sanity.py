"""Whether a score notices wrong labels: the two tests of Oikarinen et al. (2025).

*Missing labels*: half of a concept's positions, drawn at random, lose it. *Extra labels*: as many
positions as have the concept, drawn at random among the others, get it too. Either way the concept
fits the unit worse, so a score to trust must fall. Both draws need no positions, only how many of
each bin of activations have the concept (see ``profiles``): the numbers drawn from the bins follow
the multivariate hypergeometric distribution. Sums of a bin shrink with its count, since positions
of a bin have nearly the same activation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from andornot.measures.profiles import Profile
from andornot.measures.scores import METRICS, Counts

EPSILON = 1e-3
"""A score has to fall by this much, of the range of its values, to have noticed (as published)."""

PASSED = 0.9
"""Share of the units in which a score has to fall for the test to be passed."""


@dataclass(frozen=True)
class Metric:
    """A score under test.

    Attributes:
        name: what it is called here.
        of: the score of a profile.
        trusted: whether it is among the five that pass both tests in the publication; None if the
            publication does not test it.
    """

    name: str
    of: Callable[[Profile], float]
    trusted: bool | None


def _counted(name: str) -> Callable[[Profile], float]:
    return lambda profile: profile.confusion().score(name)


def _balanced(counts: Counts) -> float:
    n = counts.fp + counts.tn
    return (counts.score("recall") + (counts.tn / n if n else 0.0)) / 2


def _inverse_balanced(counts: Counts) -> float:
    n = counts.fn + counts.tn
    return (counts.score("precision") + (counts.tn / n if n else 0.0)) / 2


def _middle(bounds: tuple[float, float]) -> float:
    return (bounds[0] + bounds[1]) / 2


_PUBLISHED: tuple[Metric, ...] = (
    Metric("iou", _counted("iou"), True),
    Metric("f1", _counted("f1"), True),
    Metric("pearson", Profile.pearson, True),
    Metric("cosine_raw", Profile.cosine, True),
    Metric("auprc", lambda p: p.confusion().auprc, True),
    Metric("precision", _counted("precision"), False),
    Metric("recall", _counted("recall"), False),
    Metric("accuracy", _counted("accuracy"), False),
    Metric("balanced_accuracy", lambda p: _balanced(p.confusion()), False),
    Metric("inverse_balanced_accuracy", lambda p: _inverse_balanced(p.confusion()), False),
    Metric("ranking_auc", lambda p: _middle(p.ranking_auc()), False),
    Metric("ranking_auprc", lambda p: _middle(p.ranking_auprc()), False),
    Metric("mean_difference", Profile.mean_difference, False),
)
"""Those of the publication. Of a yes-or-no concept its AUC equals the balanced accuracy, its
inverse AUC is ``ranking_auc`` here and its inverse AUPRC ``ranking_auprc``; its recall and
precision are named from the unit's side, as here.
"""

# MCC and the cosine of two masks never had a row, so that answers of today read as those of before
_WITHOUT_ROW = ("mcc", "cosine")


def with_further(names: Iterable[str]) -> tuple[Metric, ...]:
    """The published scores, then those of these names that are not among them."""
    told = {*(m.name for m in _PUBLISHED), *_WITHOUT_ROW}
    return (*_PUBLISHED, *(Metric(n, _counted(n), None) for n in names if n not in told))


TESTED_METRICS: tuple[Metric, ...] = with_further(METRICS)
"""What is tested."""


@dataclass(frozen=True, eq=False)
class SanityScores:
    """Scores of some units before and after labels were made wrong.

    Attributes:
        true, missing, extra: float64 ``(n_metrics, n_units)``.
    """

    true: NDArray[np.float64]
    missing: NDArray[np.float64]
    extra: NDArray[np.float64]

    def share(self, kind: str) -> NDArray[np.float64]:
        """Share of the units in which each metric falls noticeably, for a kind of wrong labels."""
        wrong: NDArray[np.float64] = getattr(self, kind)
        seen = np.concatenate([self.true, self.missing, self.extra], axis=1)
        # a score that is the same everywhere never falls; it only must not divide by 0
        span = np.maximum(seen.max(axis=1) - seen.min(axis=1), 1e-300)
        noticed = wrong - self.true < -EPSILON * span[:, None]
        shares: NDArray[np.float64] = noticed.mean(axis=1)
        return shares


def run_tests(profiles: list[Profile], seed: int = 0) -> SanityScores:
    """Both tests, of each metric of :data:`TESTED_METRICS`, on a profile of each unit."""
    rng = np.random.default_rng(seed)
    wrong = [(p, missing_labels(p, rng), extra_labels(p, rng)) for p in profiles]
    scores = np.array([[[m.of(p) for p in row] for row in wrong] for m in TESTED_METRICS])
    scores = scores.reshape(len(TESTED_METRICS), len(profiles), 3)
    return SanityScores(scores[:, :, 0], scores[:, :, 1], scores[:, :, 2])


def missing_labels(profile: Profile, rng: np.random.Generator) -> Profile:
    """The profile after half of the formula's positions, at random, have lost it."""
    inside = profile.counts[1]
    lost = rng.multivariate_hypergeometric(inside, int(inside.sum()) // 2, method="marginals")
    return _moved(profile, 1, lost)


def extra_labels(profile: Profile, rng: np.random.Generator) -> Profile:
    """The profile after as many positions as it has, at random among the others, have got it."""
    outside, inside = profile.counts
    # there may be fewer others than the concept has positions
    more = min(int(inside.sum()), int(outside.sum()))
    return _moved(profile, 0, rng.multivariate_hypergeometric(outside, more, method="marginals"))


def _moved(profile: Profile, side: int, moved: NDArray[np.int64]) -> Profile:
    """With so many positions of each bin moved from this side to the other."""
    counts, sums = profile.counts.copy(), profile.sums.copy()
    # at least 1: from an empty bin nothing moves
    shares = sums[side] * (moved / np.maximum(counts[side], 1))
    counts[side] -= moved
    counts[1 - side] += moved
    sums[side] -= shares
    sums[1 - side] += shares
    return Profile(counts, sums, profile.squares)
