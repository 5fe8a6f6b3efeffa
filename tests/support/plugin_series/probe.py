"""A network that reads temperatures, together with the stations that it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from andornot.errors import ModelError
from andornot.models.from_file import call_function
from andornot.probes.plain import PlainProbe
from andornot.specs import python_function
from plugin_series.data import Series


class SeriesProbe(PlainProbe):
    """Units at days."""

    modality = "temperature series"
    level = "day"
    data: Series

    @classmethod
    def load(cls, spec: str, weights: str | None) -> Any:
        """The network of ``FILE.py:FUNCTION``."""
        named = python_function(spec)
        if named is None:
            raise ModelError(f"{spec} names no network for series; give FILE.py:FUNCTION")
        return call_function(*named)

    @classmethod
    def names_of_layers(cls, model: Any) -> Sequence[str]:
        return tuple(model.layers)

    def record(self, samples: range, layers: Sequence[str]) -> Mapping[str, np.ndarray]:
        found = [self.model.units(self.data.stations[i]["degrees"]) for i in samples]
        return {layer: np.concatenate([one[layer] for one in found]) for layer in layers}

    def logits(self, samples: range) -> np.ndarray:
        return np.stack([self.model.logits(self.data.stations[i]["degrees"]) for i in samples])
