"""A classifier of single sentences and its sentences, as the pipeline asks for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from andornot._tools.user_code import others_code
from andornot.concepts.table import ConceptTable
from andornot.counting.thresholds import Threshold
from andornot.data.modality import Modality
from andornot.data.sentences.concepts import STOP_WORDS
from andornot.data.sentences.modality import SINGLE
from andornot.data.sentences.open_single import open_single
from andornot.data.sentences.single_concepts import sentence_concepts
from andornot.errors import ModelError, quoted
from andornot.models.sentences.protocol import PairModel
from andornot.models.sentences.single import load_single_model
from andornot.probes.base import Batch
from andornot.probes.pairs import PairProbe

SHARE: Final = 0.1
"""Share of the sentences on which a unit that may be negative counts as active, by default."""


class SingleProbe(PairProbe):
    """Units that give one value for each sentence; all else is as of pairs."""

    modality: ClassVar[str] = SINGLE.name
    about: ClassVar[Modality] = SINGLE

    @classmethod
    def open(cls, spec: str | Path) -> Any:
        """The sentences that a text names."""
        return open_single(spec)

    @classmethod
    def load(cls, spec: str, device: str, weights: str | None) -> PairModel:
        """What ``hf:DIRECTORY`` or ``FILE.py:FUNCTION`` names."""
        return load_single_model(spec, device, weights)

    def check_layers(self) -> None:
        """Refuse layers that do not give one value for each sentence."""
        known = tuple(self.model.layers)
        for layer in (layer for layer in self.layers if layer not in known):
            raise ModelError(
                f"the model has no layer {quoted(layer)} with a value for each sentence; it has "
                f"{', '.join(known) or 'none'}"
            )

    @property
    def level(self) -> str:
        """Always ``sentence``."""
        return self.about.levels[0].name

    def threshold(self, lowest: Callable[[], float]) -> Threshold:
        """Above 0 for units that are never below it; else the top 10 % of the sentences.

        The top 0.5 % of positions, which suits millions of pixels, are a handful of sentences.
        """
        usual = super().threshold(lowest)
        return usual if usual.quantile is None else Threshold(SHARE)

    def spellings(self, name: str) -> Sequence[str]:
        """What a relation's name may be called in the table."""
        return (name, f"word:{name}")

    def _builder(self) -> tuple[Callable[..., ConceptTable], Collection[str]]:
        return sentence_concepts, STOP_WORDS

    def _record(
        self, pairs: Sequence[Any], layers: Sequence[str], logits: bool, samples: slice
    ) -> Batch:
        # who wrote the model for this data alone may have tried it nowhere else
        with others_code(f"asking {self.spec} about {len(pairs)} sentences", ModelError):
            recorded = self.model.record(pairs, layers)
            found = {layer: _as_maps(recorded.activations[layer]) for layer in layers}
            scores = np.asarray(recorded.logits, np.float32)
        return self._checked(Batch(samples, found, scores if logits else None), pairs)


def _as_maps(values: Any) -> NDArray[np.float32]:
    """Values (sentences, units), with two axes more if they lack them."""
    given = np.asarray(values, np.float32)
    return given[:, :, None, None] if given.ndim == 2 else given
