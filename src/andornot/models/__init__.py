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
    from andornot.models.weights import fingerprint

__all__ = [
    "PRESETS",
    "HeadWeights",
    "LayerInfo",
    "LoadedModel",
    "Preprocessing",
    "Recorded",
    "Recorder",
    "fingerprint",
    "head_weights",
    "image_batches",
    "list_layers",
    "load_model",
]

_HOMES = {
    "PRESETS": "preprocess",
    "HeadWeights": "head",
    "LayerInfo": "layers",
    "LoadedModel": "load",
    "Preprocessing": "preprocess",
    "Recorded": "record",
    "Recorder": "record",
    "fingerprint": "weights",
    "head_weights": "head",
    "image_batches": "images",
    "list_layers": "layers",
    "load_model": "load",
}

__getattr__ = names_on_first_use(__name__, _HOMES)
