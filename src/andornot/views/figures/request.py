"""What figures are drawn from: a layer of a run, and what a user chose to show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from andornot.analyses import accuracy, length, uniqueness
from andornot.analyses.answer import Answer
from andornot.analyses.coherence import Similarity
from andornot.analyses.units import Units, explained_units
from andornot.errors import OptionError
from andornot.runs.run import Run
from andornot.views.galleries import AnyGallery, open_gallery

if TYPE_CHECKING:
    from andornot.views.image_gallery import ImageGallery


@dataclass(frozen=True, eq=False)
class Choices:
    """What to show; everything is chosen by itself if it is not given.

    Attributes:
        data: the images or pairs that the run was made from, if they have moved.
        units: example units, for ``kinds`` and ``growth``.
        classes: names of the network's classes, for ``contributions``.
        samples: ids of the samples on which accuracy is judged, such as held-out ones.
        similarity: word vectors or a measure, for ``kinds`` (see ``analyses.kinds``).
        edit: classes to lead from and to, for ``edits``.
        also: other networks that are shown the edits, for ``edits``; the caption tells.
    """

    data: Any = None
    units: Sequence[int] | None = None
    classes: Sequence[str] | None = None
    samples: Collection[str] | None = None
    similarity: Similarity | str | Path | None = None
    edit: tuple[str, str] | None = None
    also: Sequence[Any] = ()


@dataclass(frozen=True, eq=False)
class FigureRequest:
    """A layer of a run, and what to show of it."""

    run: Run
    layer: str
    choices: Choices

    @classmethod
    def of(cls, run: Run, layer: str | None, choices: Choices) -> FigureRequest:
        """A layer of a run, by its name.

        Raises:
            OptionError: there is no such layer, or several and none was named.
        """
        return cls(run, run.layer(layer), choices)

    @property
    def of_images(self) -> bool:
        """Whether figures can show the run's samples as pictures."""
        return self.run.modality.pictures

    @cached_property
    def units(self) -> Units:
        """The layer's units that have a formula."""
        return explained_units(self.run, self.layer)

    @cached_property
    def gallery(self) -> AnyGallery:
        """The samples of the run."""
        return open_gallery(self.run, self.layer, self.choices.data)

    @cached_property
    def pictures(self) -> ImageGallery:
        """The images of the run.

        Raises:
            OptionError: it is not on images.
        """
        if not self.of_images:
            name = self.run.modality.name
            raise OptionError(f"this figure shows images, and the run is on {name}; leave it out")
        return cast("ImageGallery", self.gallery)

    @property
    def short(self) -> int:
        """Most concepts of a formula in a figure of examples: 3, or 5 on text, as in the paper."""
        return min(self.run.modality.short, self.units.longest)


def length_answer(request: FigureRequest) -> Answer:
    """What the analysis of lengths says of the layer."""
    return length.answer(request.run, request.layer)


def accuracy_answer(request: FigureRequest) -> Answer:
    """What the analysis of accuracy says of the layer, on the samples that were chosen."""
    return accuracy.answer(request.run, request.layer, only=request.choices.samples)


def uniqueness_answer(request: FigureRequest) -> Answer:
    """What the analysis of distinct formulas says of the layer."""
    return uniqueness.answer(request.run, request.layer)
