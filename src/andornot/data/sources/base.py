"""The protocol of a concept source, and what a source can see of one sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from andornot.concepts.provenance import Provenance as Provenance
from andornot.concepts.table import ConceptTable

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Labels:
    """The labels of one sample.

    Attributes:
        maps: int32 arrays of shape ``shape``: concept index + 1, or 0 for none. A concept
            holds where any of the maps has it.
        concepts: indices of the concepts that hold at every position of the sample.
        shape: (H, W) in positions; known also when there is no map.
        layers: the layer of each map, as far as the reader tells.
        unknown: categories that nobody annotated, so that an absent label means nothing, with the
            positions where, bool of shape ``shape``; None: in the whole sample.

    Examples:
        A leg stands in the left half, all is indoors, and nobody looked for materials:

        >>> leg = np.array([[1, 0], [1, 0]], np.int32)
        >>> labels = Labels((leg,), concepts=(1,), shape=(2, 2), unknown={"material": None})
        >>> labels.shape
        (2, 2)
    """

    maps: tuple[NDArray[np.int32], ...]
    concepts: tuple[int, ...]
    shape: tuple[int, int]
    layers: tuple[str, ...] = ()
    unknown: Mapping[str, NDArray[np.bool_] | None] = field(default_factory=dict)


class Segment(Protocol):
    """A sentence as tokens, such as ``data.sentences.pairs.Sentence``."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens as they were written."""

    @property
    def words(self) -> tuple[str, ...]:
        """The tokens in lower case."""

    @property
    def tags(self) -> tuple[str, ...] | None:
        """A tag for each token; None where there are none."""

    @property
    def marks(self) -> tuple[tuple[str, ...], ...] | None:
        """What else holds of each token; None where nothing is known."""

    @property
    def heads(self) -> tuple[int, ...] | None:
        """The token that each hangs on, from 0, -1 of a root; None where nobody says."""

    @property
    def lemmas(self) -> tuple[str, ...] | None:
        """What a dictionary lists each token under; None where nobody says."""


@dataclass(frozen=True, eq=False)
class SampleView:
    """What a source can see of one sample.

    Attributes:
        index: its place in the data set.
        id: its id.
        shape: (H, W) of its grid of positions; None as long as no source has told it, which the
            first of a data set does.
        open_picture: of images: reads it, RGB.
        segments: of sentences: each of them, in order.
        by_token: of sentences: whether each token is a position, in a grid of one row, or the
            sample as a whole is one.

    Examples:
        >>> from PIL import Image
        >>> view = SampleView(0, "white", (4, 4), lambda: Image.new("RGB", (8, 8), "white"))
        >>> view.picture.size, view.grid
        ((8, 8), (4, 4))
    """

    index: int
    id: str
    shape: tuple[int, int] | None = None
    open_picture: Callable[[], Image.Image] | None = None
    segments: tuple[Segment, ...] = ()
    by_token: bool = False

    @cached_property
    def picture(self) -> Image.Image:
        """The picture, RGB; read once, whoever asks for it."""
        assert self.open_picture is not None, "only images have a picture"
        return self.open_picture()

    @property
    def grid(self) -> tuple[int, int]:
        """(H, W) of its grid of positions, which is known by now."""
        assert self.shape is not None, "the first source of a data set tells the shape"
        return self.shape


class ConceptSource(Protocol):
    """Concepts that come from one hand. Sources add up (see ``summed.Summed``).

    A source of a user's needs ``names``, ``categories`` and ``labels``; what it says no more of is
    taken as :class:`Plain` has it.

    Examples:
        >>> class Early:
        ...     names, categories = ("early",), (("order",),)
        ...     def labels(self, sample):
        ...         return Labels((), (0,) if sample.index < 12 else (), sample.grid)
        >>> from andornot.data import open_data
        >>> data = open_data("squares", sources=[Early()])
        >>> from andornot.data.images.table import build_table
        >>> concepts = build_table(data, data.path / "table")
        >>> concepts.names[-1], float(concepts.concept_mask("early").mean())
        ('early', 0.5)
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each concept, all different."""

    @property
    def categories(self) -> tuple[tuple[str, ...], ...]:
        """Categories of each concept."""

    @property
    def provenance(self) -> Provenance | tuple[Provenance, ...]:
        """Whom all of them come from, or each of them."""

    def key(self) -> Mapping[str, Any]:
        """All that shapes the labels, the samples aside; as JSON can say it."""

    def labels(self, sample: SampleView) -> Labels:
        """The labels of a sample, by places in ``names``, and what nobody looked for in it.

        Raises:
            AndornotError: they cannot be read, or made.
        """

    def links(self, sample: SampleView) -> NDArray[np.int64] | None:
        """The position that each position hangs on, such as the head of a word; None without links.

        Flat over the grid, -1 for none.
        """


class Plain:
    """What most sources say: nothing hangs on anything, and the samples say it all."""

    def key(self) -> Mapping[str, Any]:
        """Nothing shapes the labels but the samples."""
        return {}

    def links(self, sample: SampleView) -> NDArray[np.int64] | None:  # noqa: ARG002
        """There are none."""
        return None


class DerivedSource(Protocol):
    """Concepts that are unions of others; they add columns to a table, and no atoms."""

    @property
    def provenance(self) -> Provenance:
        """Whom the relation comes from."""

    def key(self) -> Mapping[str, Any]:
        """All that shapes it; as JSON can say it."""

    def derive(self, table: ConceptTable) -> ConceptTable:
        """The table with these concepts behind its own.

        Raises:
            AndornotError: they cannot be made.
        """
