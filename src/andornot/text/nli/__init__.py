"""Classifiers of sentence pairs: load or train one, record what its units say.

Names are imported on first use, so that ``import andornot.text.nli`` works without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from andornot.errors import ModelError

if TYPE_CHECKING:
    from andornot.text.nli.checkpoint import load_classifier, save_classifier
    from andornot.text.nli.classifier import PairClassifier
    from andornot.text.nli.load import load_pair_model
    from andornot.text.nli.model import Config, EntailmentNet
    from andornot.text.nli.protocol import PairModel, Recorded, TokenModel, accuracy, class_weights
    from andornot.text.nli.training import Report, TrainOptions, hold_out, train
    from andornot.text.nli.vocabulary import Vocabulary

__all__ = [
    "Config",
    "EntailmentNet",
    "PairClassifier",
    "PairModel",
    "Recorded",
    "Report",
    "TokenModel",
    "TrainOptions",
    "Vocabulary",
    "accuracy",
    "class_weights",
    "hold_out",
    "load_classifier",
    "load_pair_model",
    "save_classifier",
    "train",
]

_HOMES = {
    "Config": "model",
    "EntailmentNet": "model",
    "PairClassifier": "classifier",
    "PairModel": "protocol",
    "Recorded": "protocol",
    "Report": "training",
    "TokenModel": "protocol",
    "TrainOptions": "training",
    "Vocabulary": "vocabulary",
    "accuracy": "protocol",
    "class_weights": "protocol",
    "hold_out": "training",
    "load_classifier": "checkpoint",
    "load_pair_model": "load",
    "save_classifier": "checkpoint",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    """Import a public name from the module that defines it.

    Raises:
        ModelError: torch is needed and is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ModelError(
            'Models need PyTorch, which is not installed: run pip install "andornot[torch]".'
        ) from error
