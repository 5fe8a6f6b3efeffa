"""A classifier of single texts and its texts, as the pipeline asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from andornot.counting.thresholds import Threshold
from andornot.data.sentences.modality import SINGLE
from andornot.data.sentences.single import SentenceData
from andornot.models.sentences.protocol import class_weights
from andornot.models.sentences.single import load_single_model
from andornot.probes.base import Facts, usual_threshold
from andornot.probes.plain import PlainProbe

SHARE: Final = 0.1
"""Share of the texts on which a unit that may be negative counts as active, by default."""


class SingleProbe(PlainProbe):
    """Units that give one value for each text."""

    modality: ClassVar[str] = SINGLE.name
    level: ClassVar[str] = SINGLE.levels[0].name
    data: SentenceData

    @classmethod
    def load(cls, spec: str, weights: str | None) -> Any:
        """What ``hf:DIRECTORY`` or ``FILE.py:FUNCTION`` names."""
        return load_single_model(spec, weights=weights)

    @classmethod
    def names_of_layers(cls, model: Any) -> Sequence[str]:
        """The layers that give one value for each text."""
        return tuple(model.layers)

    @cached_property
    def _scores(self) -> dict[range, NDArray[np.floating]]:
        """The logits of the last batch, which come with its activations."""
        return {}

    def record(self, samples: range, layers: Sequence[str]) -> Mapping[str, NDArray[np.floating]]:
        """What these layers give for some texts, ``(texts, units)``."""
        texts = self.data.texts[samples.start : samples.stop]
        recorded = self.model.record(texts, layers)
        self._scores.clear()
        self._scores[samples] = np.asarray(recorded.logits)
        given = {layer: np.asarray(recorded.activations[layer]) for layer in layers}
        # a model for pairs gives (n, units, 1, 1)
        return {name: v[:, :, 0, 0] if v.shape[2:] == (1, 1) else v for name, v in given.items()}

    def logits(self, samples: range) -> NDArray[np.floating]:
        """The network's scores of each class."""
        if samples not in self._scores:
            self.record(samples, ())
        return self._scores[samples]

    def threshold(self, lowest: Callable[[], float]) -> Threshold:
        """Above 0 for units that are never below it; else the top 10 % of the texts.

        The top 0.5 % of positions, which suits millions of pixels, are a handful of texts.
        """
        usual = usual_threshold(SINGLE.levels[0], lowest)
        return usual if usual.quantile is None else Threshold(SHARE)

    def head(self, layer: str, n_units: int) -> NDArray[np.float32] | None:
        """Weights from units to classes, where a linear head follows."""
        weights = class_weights(self.model, layer)
        return None if weights is None or len(weights) != n_units else weights.T

    def facts(self) -> Facts:
        """What the manifest says of the network, and what was left out."""
        from dataclasses import replace

        facts = super().facts()
        dropped = (f"rows left out: {n:,} ({why})" for why, n in self.data.dropped.items())
        return replace(facts, notes=(*facts.notes, *dropped))
