"""Sources added up: the concepts of one behind those of the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.provenance import UNKNOWN, Provenance
from andornot.data.sources.base import ConceptSource, Labels, SampleView
from andornot.errors import DataError, quoted


@dataclass(frozen=True)
class Summed:
    """Several sources as one; itself a ``base.ConceptSource``.

    Attributes:
        sources: at least one; the first tells the shape of samples where nobody knows it.
    """

    sources: tuple[ConceptSource, ...]

    def __post_init__(self) -> None:
        first: dict[str, Provenance] = {}
        for name, who in zip(self.names, self.provenance, strict=True):
            if name in first:
                raise DataError(
                    f"two concepts are named {quoted(name)} (one from {first[name]}, one from "
                    f"{who}); rename one of them, or leave it out"
                )
            first[name] = who

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each concept."""
        return tuple(name for source in self.sources for name in source.names)

    @cached_property
    def categories(self) -> tuple[tuple[str, ...], ...]:
        """Categories of each concept."""
        return tuple(own for source in self.sources for own in source.categories)

    @cached_property
    def provenance(self) -> tuple[Provenance, ...]:
        """Whom each concept comes from."""
        return tuple(who for source in self.sources for who in _of_each(source))

    @property
    def known_provenance(self) -> tuple[Provenance, ...]:
        """The same for a table; nothing where nothing is known of any concept."""
        return self.provenance if set(self.provenance) - {UNKNOWN} else ()

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        """How many concepts stand before those of each source."""
        sizes = [len(source.names) for source in self.sources]
        return tuple(sum(sizes[:i]) for i in range(len(sizes)))

    def key(self) -> Mapping[str, Any]:
        """What shapes the labels of each."""
        return {"sources": [dict(source.key()) for source in self.sources]}

    def labels(self, sample: SampleView) -> Labels:
        """The labels of all sources together."""
        parts = list(self._each(sample))
        return Labels(
            maps=tuple(own for part in parts for own in part.maps),
            concepts=tuple(concept for part in parts for concept in part.concepts),
            shape=parts[0].shape,
            layers=tuple(layer for part in parts for layer in part.layers),
            unknown=_unknown(list(zip(self._categories, parts, strict=True))),
        )

    @cached_property
    def _categories(self) -> tuple[set[str], ...]:
        """The categories of each source."""
        return tuple({c for own in source.categories for c in own} for source in self.sources)

    def _each(self, sample: SampleView) -> Iterator[Labels]:
        """The labels of each source, as places in the names of all."""
        for start, source in zip(self._starts, self.sources, strict=True):
            part = source.labels(sample)
            if sample.shape is None:
                sample = replace(sample, shape=part.shape)
            yield _behind(part, start)

    def links(self, sample: SampleView) -> NDArray[np.int64] | None:
        """The links of the first source that has any."""
        each = (source.links(sample) for source in self.sources)
        return next((links for links in each if links is not None), None)


def _of_each(source: ConceptSource) -> Sequence[Provenance]:
    who = source.provenance
    return (who,) * len(source.names) if isinstance(who, Provenance) else who


def _behind(part: Labels, start: int) -> Labels:
    """Labels as places in a longer list of names, in which so many stand before theirs."""
    if not start:
        return part
    return replace(
        part,
        maps=tuple(np.where(own > 0, own + np.int32(start), np.int32(0)) for own in part.maps),
        concepts=tuple(concept + start for concept in part.concepts),
    )


def _unknown(
    said: Sequence[tuple[set[str], Labels]],
) -> dict[str, NDArray[np.bool_] | None]:
    """What no source looked for: where one of those that have a category did, it is known.

    Args:
        said: for each source its categories, and its labels.
    """
    found: dict[str, NDArray[np.bool_] | None] = {}
    for category in sorted({name for _, labels in said for name in labels.unknown}):
        askable = [labels.unknown for own, labels in said if category in own | {*labels.unknown}]
        if all(category in unknown for unknown in askable):
            # None is the whole sample, so the masks decide where there are any
            masks = [mask for unknown in askable if (mask := unknown[category]) is not None]
            found[category] = np.logical_and.reduce(masks) if masks else None
    return found
