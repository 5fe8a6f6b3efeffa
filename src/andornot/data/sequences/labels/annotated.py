"""What the data say: layers of annotation, and labels of whole documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from andornot.concepts.provenance import UNKNOWN
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document
from andornot.data.sequences.labels.base import NOTHING, RuleSource, everywhere, of_spans
from andornot.data.sequences.view import DocumentView, Found
from andornot.data.sequences.written import written

REPEATS = "repeats"
"""The category of labels that occurred before, whatever their layer."""


@dataclass(frozen=True, eq=False)
class Layer(RuleSource):
    """A layer of annotation."""

    def found(self, view: DocumentView) -> Found:
        """The labels of the stretches that a position overlaps."""
        spans = view.document.layers.get(self.category)
        return NOTHING if spans is None else of_spans(view, spans)


@dataclass(frozen=True, eq=False)
class OfDocuments(RuleSource):
    """Labels of whole documents, such as their genre."""

    def found(self, view: DocumentView) -> Found:
        """The document's labels, everywhere."""
        return everywhere(view, view.document.labels.get(self.category, ()))


def annotated(
    data: SequenceData, most: int, caps: Mapping[str, int | None]
) -> Iterator[RuleSource]:
    """The sources that the data bring along: layers, then labels of documents.

    Where a label of documents is called as one of a layer is, category and all, its concept has
    ``~`` behind its name.

    Args:
        data: the documents.
        most: how many labels of each may become concepts ...
        caps: ... and of those that somebody named.
    """
    for sort, given in (
        (Layer, (document.layers for document in data.documents)),
        (OfDocuments, (document.labels for document in data.documents)),
    ):
        for name in dict.fromkeys(chain.from_iterable(given)):
            yield sort(name, data.annotated_by.get(name, UNKNOWN), caps.get(name) or most)


def unknown_categories(document: Document, repeated: frozenset[str] = frozenset()) -> set[str]:
    """The categories of which nobody looked for anything in a document, as they are written.

    Args:
        document: the document.
        repeated: layers whose labels are asked whether they occurred before: where one is unknown,
            so is that.
    """
    unknown = set(map(written, document.unannotated))
    return unknown | {REPEATS} if document.unannotated & repeated else unknown
