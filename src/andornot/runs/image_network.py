"""The network of a run on images, loaded again, and asked what it answered then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from andornot._tools.reading import read_array
from andornot.errors import ModelError
from andornot.probes.base import Recording, answer_file, same_answer
from andornot.runs import stage_names
from andornot.runs.run import Run

if TYPE_CHECKING:
    from andornot.models import LoadedModel, Preprocessing

_TOLERANCE: Final = 1e-2
"""Answers may differ by so much of their size: the run may come from another machine."""


def preprocessing_of(run: Run) -> Preprocessing:
    """How images of a run became the network's input.

    Raises:
        OptionError: a value cannot be used.
    """
    from andornot.models import Preprocessing

    return Preprocessing.from_dict(run.record.preprocessing or {})


def load_again(run: Run) -> LoadedModel:
    """The network that a run's manifest names.

    Raises:
        AndornotError: it cannot be loaded.
    """
    from andornot.models import load_model

    noted = run.record.model
    return load_model(
        noted.spec, noted.weights,
        preprocessing=preprocessing_of(run), class_names=noted.class_names,
    )  # fmt: skip


def check_answers(run: Run, model: LoadedModel) -> None:
    """Refuse a network that has the run's weights and answers otherwise.

    Raises:
        ModelError: it does.
    """
    noted = run.record.stages.get(stage_names.NETWORK)
    if noted is None:
        return
    from andornot.probes.images import network_answers

    how, prepared = run.record.recording, preprocessing_of(run)
    recording = Recording(how.batch_size, how.device, how.tokens, how.layout)
    for name, now in network_answers(model.module, prepared, run.layers, recording).items():
        path = run.path / str(noted.path) / answer_file(name)
        if path.exists() and not same_answer(read_array(path), now, _TOLERANCE):
            raise ModelError(
                f"the network {model.spec} has the code and the weights that {run.path} was made "
                f"with, but gives other values at {name}; give it with the attributes, and the "
                "files beside its own, that it had then"
            )
