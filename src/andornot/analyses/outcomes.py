"""What the network made of each sample: its class, right or wrong, and by how much."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from andornot._tools.checks import texts
from andornot._tools.words import count
from andornot.data.classes import match_classes, told_apart
from andornot.errors import OptionError, RunError, quoted
from andornot.runs.run import Run

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judged:
    """How good the logits of some samples are.

    Attributes:
        correct: float64, 1 where the largest logit is that of the sample's class, else 0.
        margin: logit of the sample's class minus the largest of the others.
        loss: cross-entropy, in nats.
    """

    correct: Floats
    margin: Floats
    loss: Floats

    @classmethod
    def of(cls, logits: NDArray[np.floating], labels: NDArray[np.int64]) -> Judged:
        """From logits ``(n, classes)`` and the class of each, ``(n,)``."""
        # margins and losses of sure answers differ in digits that float32 does not have
        wide = logits.astype(np.float64)
        rows = np.arange(len(wide))
        own = wide[rows, labels]
        others = wide.copy()
        others[rows, labels] = -np.inf
        loss = logsumexp(wide, axis=1) - own
        correct = (wide.argmax(axis=1) == labels).astype(np.float64)
        return cls(correct, own - others.max(axis=1), loss)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The samples of a run whose class the network knows, and how it did on them.

    Attributes:
        class_names: the network's classes.
        rows: int64, which samples of the run these are.
        labels: int64, the class of each, as its place in ``class_names``.
        logits: ``(len(rows), n_classes)``.
        judged: how good the logits are.
        n_samples: samples of the run, those without a class included.
    """

    class_names: tuple[str, ...]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]
    judged: Judged
    n_samples: int

    @property
    def accuracy(self) -> float:
        """Share of these samples that the network gets right."""
        return float(self.judged.correct.mean())

    @property
    def faultless(self) -> bool:
        """Whether the network gets all of these samples right."""
        return bool(self.judged.correct.all())

    def sentence(self) -> str:
        """How the network did, and on how many samples."""
        right = int(self.judged.correct.sum())
        have = "has" if len(self.rows) == 1 else "have"
        text = (
            f"The network is right on {right:,} of {count(len(self.rows), 'sample')} that {have} a "
            f"class which it knows ({100 * self.accuracy:.1f} %)"
        )
        without = self.n_samples - len(self.rows)
        others = "1 other is" if without == 1 else f"{without:,} others are"
        return f"{text}; {others} left out." if without else f"{text}."


def outcomes(run: Run, only: Collection[str] | None = None) -> Outcomes:
    """Compare a run's predictions with the classes of its samples.

    Names of classes are matched as they stand, and failing that by their letters and digits
    alone, in one case and without the suffix ``-s`` of Broden's scenes (``inside_city-s`` is
    ``InsideCity``). Samples of a class that the network does not have are left out.

    Args:
        run: the run.
        only: ids of samples to look at, such as held-out ones; all if not given.

    Raises:
        OptionError: an id is not in the run.
        RunError: there are no logits, the network does not name its classes, or no sample has one
            of them.
    """
    logits, names = known_logits(run)
    samples = run.samples
    keep = np.ones(len(samples), np.bool_)
    if only is not None:
        only = texts(only, "samples")
        keep = samples["sample"].isin(list(only)).to_numpy()
        if missing := sorted(set(only) - set(samples["sample"])):
            raise OptionError(
                f"{run.path} has no sample {quoted(missing[0])} (nor {len(missing) - 1} more of "
                "those asked for); give ids from its samples.parquet"
            )
    found = match_classes(list(samples["class"]), names)
    rows = np.flatnonzero((found >= 0) & keep)
    if not len(rows):
        raise RunError(_no_class(run, list(samples["class"][keep]), names))
    judged = Judged.of(logits[rows], found[rows])
    return Outcomes(names, rows, found[rows], logits[rows], judged, int(keep.sum()))


def known_logits(run: Run) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """The logits of a run and the names of its classes, all different.

    Raises:
        RunError: there are no logits, a single one, or no name for each.
    """
    logits, names = run.logits, run.class_names
    if logits is None:
        raise RunError(
            f"the network of {run.path} gives no logits, so nothing can be said of its accuracy "
            "or classes; explain a whole classifier"
        )
    if logits.shape[1] < 2:
        raise RunError(
            f"the network of {run.path} gives a single logit, so it has no classes to compare; "
            "explain a classifier with a logit for each class"
        )
    if names is None or len(names) != logits.shape[1]:
        raise RunError(
            f"the network of {run.path} does not name its {logits.shape[1]} classes, so its "
            "predictions cannot be compared with anything; give class_names with the model"
        )
    return logits, told_apart(names)


def _no_class(run: Run, classes: list[str], names: Sequence[str]) -> str:
    given = sorted(set(classes) - {""})
    if not given:
        return (
            f"none of the {len(classes):,} samples of {run.path} that are looked at has a class, "
            "so accuracy cannot be told; probe with data that has classes"
        )
    return (
        f"no sample of {run.path} has a class of the network: samples have {_few(given)}, the "
        f"network has {_few(names)}; give the network class_names that the data uses"
    )


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:4]))
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
