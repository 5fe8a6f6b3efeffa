"""Documents as a data set: what every reader of running text gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

from andornot.concepts.provenance import Provenance
from andornot.data.samples import group_names, subset_indices
from andornot.data.sequences.document import Document, Extents

MODALITY: Final = "sequences"


@dataclass(frozen=True, eq=False)
class SequenceData:
    """Documents of running text; ``data.samples.Samples``.

    Attributes:
        path: where they come from.
        kind: of the data set, such as ``conllu``.
        documents: at least one, with ids that are all different.
        annotated_by: whom each layer, and each category of labels, comes from.
        dropped: how many documents (or pieces of them) were left out, by reason.
        source: the arguments of the opener that open it again.
        class_category: the category of ``Document.labels`` that is a document's class; empty if
            there is none.
        independent: whether each document is a group of its own, whatever it says.
        notes: what a reader found odd and did not leave out, a sentence each.

    Examples:
        >>> texts = {"a": "the sea", "b": "a hill"}
        >>> documents = tuple(Document(name, text) for name, text in texts.items())
        >>> data = SequenceData(Path("drawn"), "texts", documents)
        >>> data.sample_ids, data.subset([1]).sample_ids
        (('a', 'b'), ('b',))
    """

    path: Path
    kind: str
    documents: tuple[Document, ...] = field(repr=False)
    annotated_by: Mapping[str, Provenance] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    source: Mapping[str, Any] | None = None
    class_category: str = ""
    independent: bool = False
    notes: tuple[str, ...] = ()

    modality: ClassVar[str] = MODALITY

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        """Id of each document."""
        return tuple(document.id for document in self.documents)

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """Split of each document, empty where unknown."""
        return tuple(document.split for document in self.documents)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class of each document, empty where unknown."""
        labels = (document.labels.get(self.class_category, ()) for document in self.documents)
        return tuple(own[0] if len(own) == 1 else "" for own in labels)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Name of each document's group: what the reader says, and else its own id."""
        if self.independent:
            return self.sample_ids
        return group_names(self.sample_ids, [document.group for document in self.documents])

    def subset(self, indices: Iterable[int]) -> SequenceData:
        """The same data with only these documents, in this order.

        Raises:
            OptionError: an index is out of range, stands twice, or there is none.
        """
        chosen = subset_indices(indices, len(self), "document")
        return replace(self, documents=tuple(self.documents[i] for i in chosen), source=None)

    def fingerprint(self) -> str:
        """A key for all that a network or a concept can see of the documents."""
        digest = hashlib.sha256(repr((self.kind, self.class_category)).encode())
        for document in self.documents:
            _add(digest, document)
        return digest.hexdigest()


def _add(digest: Any, document: Document) -> None:
    head = (document.id, document.text, document.split, document.group, dict(document.labels))
    digest.update(repr((head, sorted(document.unannotated))).encode("utf-8", "surrogatepass"))
    for name, own in document.layers.items():
        digest.update(repr((name, own.labels)).encode("utf-8", "surrogatepass"))
        _add_extents(digest, own.extents)
    for extents in (document.words, document.sentences):
        digest.update(b"none" if extents is None else b"some")
        if extents is not None:
            _add_extents(digest, extents)
    digest.update(b"none" if document.heads is None else document.heads.tobytes())


def _add_extents(digest: Any, extents: Extents) -> None:
    digest.update(extents.starts.tobytes())
    digest.update(extents.ends.tobytes())
