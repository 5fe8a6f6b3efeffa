"""What networks are shown: annotated samples of each modality, and their concepts.

All is read without any network: nothing here imports torch. Names are imported on first use.
"""

from typing import TYPE_CHECKING

from andornot._tools.lazy import names_on_first_use

if TYPE_CHECKING:
    from andornot.data.images.dataset import FolderData, ProbingData
    from andornot.data.images.labelmaps import NewSample, write_labelmaps
    from andornot.data.images.open import open_data
    from andornot.data.modality import DataKind, Level, Modality
    from andornot.data.registry import open_samples
    from andornot.data.samples import Samples
    from andornot.data.sentences.concepts import pair_concepts
    from andornot.data.sentences.open import open_pairs
    from andornot.data.sentences.pairs import Pair, PairData, Sentence
    from andornot.data.sentences.tokens import token_concepts
    from andornot.data.sequences.data import SequenceData
    from andornot.data.sequences.document import Document, Extents, Spans
    from andornot.data.sequences.options import ConceptOptions
    from andornot.data.sources.base import ConceptSource, Labels, Provenance, SampleView

__all__ = [
    "ConceptOptions",
    "ConceptSource",
    "DataKind",
    "Document",
    "Extents",
    "FolderData",
    "Labels",
    "Level",
    "Modality",
    "NewSample",
    "Pair",
    "PairData",
    "ProbingData",
    "Provenance",
    "SampleView",
    "Samples",
    "Sentence",
    "SequenceData",
    "Spans",
    "open_data",
    "open_pairs",
    "open_samples",
    "pair_concepts",
    "token_concepts",
    "write_labelmaps",
]

_HOMES = {
    "ConceptOptions": "sequences.options",
    "ConceptSource": "sources.base",
    "DataKind": "modality",
    "Document": "sequences.document",
    "Extents": "sequences.document",
    "FolderData": "images.dataset",
    "Labels": "sources.base",
    "Level": "modality",
    "Modality": "modality",
    "NewSample": "images.labelmaps",
    "Pair": "sentences.pairs",
    "PairData": "sentences.pairs",
    "ProbingData": "images.dataset",
    "Provenance": "sources.base",
    "SampleView": "sources.base",
    "Samples": "samples",
    "Sentence": "sentences.pairs",
    "SequenceData": "sequences.data",
    "Spans": "sequences.document",
    "open_data": "images.open",
    "open_pairs": "sentences.open",
    "open_samples": "registry",
    "pair_concepts": "sentences.concepts",
    "token_concepts": "sentences.tokens",
    "write_labelmaps": "images.labelmaps",
}


__getattr__ = names_on_first_use(__name__, _HOMES)


def __dir__() -> list[str]:
    return list(__all__)
