"""How pages show samples: images with masks, sentences with marked words, rows as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from andornot.report.pictures import ImageStore, MaskedImage, Thumb
from andornot.views.image_gallery import ImageView
from andornot.views.row_gallery import RowView
from andornot.views.sentence_gallery import MarkedView, marks_at
from andornot.views.token_gallery import PassageView
from andornot.views.token_marks import TOKEN_MARKS

V = TypeVar("V")


class SamplePages(Generic[V]):
    """Puts samples on the pages of a report; a modality names its own.

    Args:
        folder: the report's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def thumb(self, view: V) -> Thumb | None:  # noqa: ARG002
        """A sample as a small picture, where there are pictures."""
        return None

    def shown(self, view: V) -> Any:
        """A sample as the page of a unit shows it; what its template takes."""
        return view

    def plain(self, shown: Any) -> dict[str, Any]:
        """The same as the page that compares takes it: a caption, and lines of texts with marks.

        Or a picture with masks, in place of lines.
        """
        lines = [[name, [[text, ""]]] for name, text in getattr(shown, "lines", ())]
        return {"caption": "", "lines": lines}

    def found_by(self, view: V) -> str:
        """What a sample is found by: its name, or its words; empty where it has neither."""
        return str(getattr(view, "name", ""))

    def marks(self, level: str) -> Mapping[str, str]:  # noqa: ARG002
        """Each mark of a word, and what it means."""
        return {}


class ImagePages(SamplePages[ImageView]):
    """Images, each stored once, with the masks of units over them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._images = ImageStore(folder)

    def thumb(self, view: ImageView) -> Thumb:
        """The image."""
        return self._images.thumb(view)

    def shown(self, view: ImageView) -> MaskedImage:
        """The image with both masks."""
        return self._images.masked(view)

    def plain(self, shown: MaskedImage) -> dict[str, Any]:
        """The image with both masks as plain data."""
        names = ("file", "overlay", "width", "height", "alt", "name", "caption")
        return {name: getattr(shown, name) for name in names}


class PairPages(SamplePages[MarkedView]):
    """Sentences, or pairs of them, with marked words."""

    def plain(self, shown: MarkedView) -> dict[str, Any]:
        """The sentences, each token with its mark."""
        lines = [
            [name, [[" " * token.space + token.text, token.mark.kind] for token in tokens]]
            for name, tokens in shown.lines
        ]
        told = [f"activation {shown.activation:.2f}"]
        if shown.label:
            told.append(f"gold {shown.label}")
        if shown.prediction:
            told.append(f"model says {shown.prediction}{' (wrong)' if shown.is_wrong else ''}")
        return {"caption": " · ".join(told), "lines": lines}

    def found_by(self, view: MarkedView) -> str:
        """Its words."""
        return view.text

    def marks(self, level: str) -> Mapping[str, str]:
        """Each mark, and what it means."""
        return marks_at(level)


class PassagePages(SamplePages[PassageView]):
    """Passages of documents, each piece with its mark."""

    def plain(self, shown: PassageView) -> dict[str, Any]:
        """A passage, each piece with its mark."""
        pieces = [[piece.text, piece.mark.kind] for piece in shown.pieces]
        return {"caption": shown.remark, "lines": [[shown.name, pieces]]}

    def found_by(self, view: PassageView) -> str:
        """Its words."""
        return view.text

    def marks(self, level: str) -> Mapping[str, str]:  # noqa: ARG002
        """Each mark, and what it means."""
        return TOKEN_MARKS


class RowPages(SamplePages[RowView]):
    """Samples of which nothing is known but their positions, in their order."""
