"""How pages show samples: images with masks, sentences with marked words, rows as plain text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from andornot.report.layer_context import Chapter
from andornot.report.pictures import ImageStore, MaskedImage
from andornot.report.unit_links import Thumb
from andornot.results.explanation import Explanation
from andornot.views.image_gallery import ImageView
from andornot.views.row_gallery import RowView
from andornot.views.sentence_gallery import PairView, marks_at

V = TypeVar("V")

_EXAMPLE: Final = 160
"""Most characters of an example in the gallery."""


class SamplePages(ABC, Generic[V]):
    """Puts samples on the pages of a report; a modality names its own.

    Args:
        folder: the report's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def front(self, view: V) -> tuple[Thumb | None, str]:
        """A sample as lists of units show it: a small picture, or a few words."""

    def shown(self, unit: int, view: V) -> Any:  # noqa: ARG002
        """A sample as the page of a unit shows it; what its template takes."""
        return view

    def left_over(self, chapter: Chapter, e: Explanation, samples: Sequence[int]) -> Iterator[Any]:
        """Samples with positions that no concept accounts for."""
        assert e.formula is not None
        atoms = chapter.table.mask(e.formula)
        yield from (chapter.gallery.view(e, atoms, sample) for sample in samples)

    def marks(self, level: str) -> Mapping[str, str]:  # noqa: ARG002
        """Each mark of a word, and what it means."""
        return {}


class ImagePages(SamplePages[ImageView]):
    """Images, each stored once, with the masks of units over them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._images = ImageStore(folder)

    def front(self, view: ImageView) -> tuple[Thumb | None, str]:
        """The image."""
        return self._images.thumb(view), ""

    def shown(self, unit: int, view: ImageView) -> MaskedImage:
        """The image with both masks."""
        return self._images.masked(unit, view)

    def left_over(
        self, chapter: Chapter, e: Explanation, samples: Sequence[int]
    ) -> Iterator[MaskedImage]:
        """Images with what the best union of concepts leaves."""
        atoms = chapter.accounted(e.unit)
        for sample in samples:
            yield self._images.unaccounted(e.unit, chapter.gallery.view(e, atoms, sample))


class PairPages(SamplePages[PairView]):
    """Sentence pairs with marked words."""

    def front(self, view: PairView) -> tuple[Thumb | None, str]:
        """Both sentences."""
        sides = (view.premise, view.hypothesis)
        return None, _cut(" → ".join("".join(" " * t.space + t.text for t in s) for s in sides))

    def marks(self, level: str) -> Mapping[str, str]:
        """Each mark, and what it means."""
        return marks_at(level)


class RowPages(SamplePages[RowView]):
    """Samples of which nothing is known but their positions, in their order."""

    def front(self, view: RowView) -> tuple[Thumb | None, str]:
        """Where the unit is active in it."""
        return None, _cut(f"{view.name}: {view.active}")


def _cut(text: str) -> str:
    return text if len(text) <= _EXAMPLE else f"{text[: _EXAMPLE - 1].rstrip()}…"
