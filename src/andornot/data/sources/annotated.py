"""What annotators put into files: the source that a data set brings along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from andornot.concepts.provenance import UNKNOWN, Provenance
from andornot.data.sources.base import Labels, Plain, SampleView


@dataclass(frozen=True, eq=False)
class Annotated(Plain):
    """The annotation of a data set; its fingerprint holds all that shapes the labels.

    Attributes:
        names: of the concepts.
        categories: of each of them.
        read: gives the labels of the sample at a place.
        provenance: whom all of them come from, or each of them.
    """

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    read: Callable[[int], Labels]
    provenance: Provenance | tuple[Provenance, ...] = UNKNOWN

    def labels(self, sample: SampleView) -> Labels:
        """What the data set says of the sample."""
        return self.read(sample.index)
