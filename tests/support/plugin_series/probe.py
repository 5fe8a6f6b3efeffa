"""A network that reads temperatures, together with the stations that it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from andornot.probes.plain import PlainProbe
from plugin_series.data import Series


class SeriesProbe(PlainProbe):
    """Units at days."""

    modality = "temperature series"
    level = "day"
    data: Series

    @classmethod
    def names_of_layers(cls, model: Any) -> Sequence[str]:
        return tuple(model.layers)

    def record(self, samples: range, layers: Sequence[str]) -> Mapping[str, np.ndarray]:
        found = [self.model.units(self.data.stations[i]["degrees"]) for i in samples]
        return {layer: np.concatenate([one[layer] for one in found]) for layer in layers}

    def logits(self, samples: range) -> np.ndarray:
        return np.stack([self.model.logits(self.data.stations[i]["degrees"]) for i in samples])
