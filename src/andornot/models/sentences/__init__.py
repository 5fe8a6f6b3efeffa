"""Classifiers of sentence pairs: load or train one, record what its units say.

Names are imported on first use, so that ``import andornot.models.sentences`` works without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from andornot._tools.lazy import names_on_first_use

if TYPE_CHECKING:
    from andornot.models.sentences.checkpoint import load_classifier, save_classifier
    from andornot.models.sentences.classifier import PairClassifier
    from andornot.models.sentences.load import load_pair_model
    from andornot.models.sentences.model import Config, EntailmentNet
    from andornot.models.sentences.protocol import (
        PairModel,
        RecordedPairs,
        TokenModel,
        accuracy,
        class_weights,
        confusion,
    )
    from andornot.models.sentences.training import Epoch, Report, TrainOptions, hold_out, train
    from andornot.models.sentences.vocabulary import Vocabulary

__all__ = [
    "Config",
    "EntailmentNet",
    "Epoch",
    "PairClassifier",
    "PairModel",
    "RecordedPairs",
    "Report",
    "TokenModel",
    "TrainOptions",
    "Vocabulary",
    "accuracy",
    "class_weights",
    "confusion",
    "hold_out",
    "load_classifier",
    "load_pair_model",
    "save_classifier",
    "train",
]

_HOMES = {
    "Config": "model",
    "EntailmentNet": "model",
    "Epoch": "training",
    "PairClassifier": "classifier",
    "PairModel": "protocol",
    "RecordedPairs": "protocol",
    "Report": "training",
    "TokenModel": "protocol",
    "TrainOptions": "training",
    "Vocabulary": "vocabulary",
    "accuracy": "protocol",
    "class_weights": "protocol",
    "confusion": "protocol",
    "hold_out": "training",
    "load_classifier": "checkpoint",
    "load_pair_model": "load",
    "save_classifier": "checkpoint",
    "train": "training",
}

_OLD = {"Recorded": "RecordedPairs"}

__getattr__ = names_on_first_use(__name__, _HOMES, _OLD)


def __dir__() -> list[str]:
    return list(__all__)
