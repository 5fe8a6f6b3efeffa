"""What probing data of any modality have in common."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, Self


class Samples(Protocol):
    """Images or sentence pairs; ids are all different, splits and classes empty where unknown."""

    @property
    def path(self) -> Path:
        """Where they come from."""

    @property
    def kind(self) -> str:
        """The sort of data set, such as ``broden``."""

    @property
    def sample_ids(self) -> tuple[str, ...]:
        """Id of each sample."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Split of each sample."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class label of each sample."""

    def __len__(self) -> int: ...

    def subset(self, indices: Iterable[int]) -> Self:
        """Return the data set with only these samples, in this order, and all concepts."""

    def fingerprint(self) -> str:
        """Return a key for all that a network or a concept can see of the samples."""
