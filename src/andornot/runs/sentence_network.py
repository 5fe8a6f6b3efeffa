"""The classifier of a run on sentences, loaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from andornot.runs.run import Run

if TYPE_CHECKING:
    from andornot.models.sentences import PairModel


def load_again(run: Run) -> PairModel:
    """The classifier that a run's manifest names.

    Raises:
        AndornotError: it cannot be loaded.
    """
    from andornot.models.sentences.load import load_pair_model

    noted = run.record.model
    return load_pair_model(noted.spec, device=run.record.recording.device, weights=noted.weights)


def load_single_again(run: Run) -> PairModel:
    """The classifier of single sentences that a run's manifest names.

    Raises:
        AndornotError: it cannot be loaded.
    """
    from andornot.models.sentences.single import load_single_model

    noted = run.record.model
    return load_single_model(noted.spec, run.record.recording.device, noted.weights)
