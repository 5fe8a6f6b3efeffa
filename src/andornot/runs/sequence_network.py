"""The model of a run on running text, loaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from andornot.runs.run import Run

if TYPE_CHECKING:
    from andornot.models.sequences.protocol import SequenceModel


def load_again(run: Run) -> SequenceModel:
    """The model that a run's manifest names.

    Raises:
        AndornotError: it cannot be loaded.
    """
    from andornot.models.sequences.load import load_sequence_model

    noted = run.record.model
    return load_sequence_model(noted.spec, run.record.recording.device, noted.weights)
