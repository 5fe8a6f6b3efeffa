"""Models: load one, list its layers, record what its units say about images.

Classifiers of sentence pairs have a room of their own in it, ``sentences``.

Names are imported on first use, so that ``import andornot.models`` works without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from andornot._tools.lazy import names_on_first_use

if TYPE_CHECKING:
    from andornot.models.head import HeadWeights, head_weights
    from andornot.models.images import image_batches
    from andornot.models.layers import LayerInfo, list_layers
    from andornot.models.load import LoadedModel, load_model
    from andornot.models.preprocess import PRESETS, Preprocessing
    from andornot.models.record import Recorded, Recorder
    from andornot.models.sentences.load import load_pair_model
    from andornot.models.sentences.protocol import PairModel, TokenModel
    from andornot.models.sequences.protocol import SequenceModel, Tokens
    from andornot.models.weights import fingerprint

__all__ = [
    "PRESETS",
    "HeadWeights",
    "LayerInfo",
    "LoadedModel",
    "PairModel",
    "Preprocessing",
    "Recorded",
    "Recorder",
    "SequenceModel",
    "TokenModel",
    "Tokens",
    "fingerprint",
    "head_weights",
    "image_batches",
    "list_layers",
    "load_model",
    "load_pair_model",
]

_HOMES = {
    "PRESETS": "preprocess",
    "HeadWeights": "head",
    "LayerInfo": "layers",
    "LoadedModel": "load",
    "PairModel": "sentences.protocol",
    "Preprocessing": "preprocess",
    "Recorded": "record",
    "Recorder": "record",
    "SequenceModel": "sequences.protocol",
    "TokenModel": "sentences.protocol",
    "Tokens": "sequences.protocol",
    "fingerprint": "weights",
    "head_weights": "head",
    "image_batches": "images",
    "list_layers": "layers",
    "load_model": "load",
    "load_pair_model": "sentences.load",
}

__getattr__ = names_on_first_use(__name__, _HOMES)


def __dir__() -> list[str]:
    return list(__all__)
