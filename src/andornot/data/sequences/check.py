"""Look through running text before anyone waits for a run: what is there, and what is odd."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from andornot._tools.progress import track
from andornot._tools.words import count, shortened
from andornot.data.check import DataCheck
from andornot.data.samples import about_groups
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document, Spans
from andornot.errors import quoted

_SHOWN: Final = 3
"""Labels of a layer that are shown as examples."""

_ODD_SHARE, _ODD_LEAST = 0.1, 5
"""From this share of a layer's spans on, and this number, what is odd of them is said."""

_HALVES: Final = frozenset({"Mn", "Me", "Mc", "Sk"})
_JOINERS: Final = "\u200d\ufe0f\ufe0e"


def check_sequences(data: SequenceData, jobs: int | None = None) -> DataCheck:  # noqa: ARG001
    """Count what is in documents, and name what is suspicious."""
    layers: dict[str, _Layer] = {}
    for document in track(data.documents, "looking at the data", len(data)):
        for name, own in document.layers.items():
            layers.setdefault(name, _Layer()).add(document, own)
    characters = [len(document.text) for document in data.documents]
    facts = {
        "kind": f"{data.kind}:{data.path}",
        "documents": f"{len(data):,}, of {min(characters):,} to {max(characters):,} characters",
        "groups": about_groups(data.groups),
        "left out": ", ".join(f"{n:,} ({why})" for why, n in data.dropped.items() if n) or "none",
        "splits": _counted(data.splits),
        "characters": f"{sum(characters):,}",
        "words": _number([document.words for document in data.documents]),
        "sentences": _number([document.sentences for document in data.documents]),
    }
    facts |= {f"layer {_plain(name)}": own.told() + _by(data, name) for name, own in layers.items()}
    facts |= {
        f"label {_plain(name)}": _labels(data, name) + _by(data, name) for name in _categories(data)
    }
    return DataCheck(facts, (*data.notes, *_odd(data, layers)))


@dataclass
class _Layer:
    """What is seen of a layer while documents go by.

    Attributes:
        labels: how many spans have each.
        documents: how many documents have any.
        blank: spans that begin or end with a space.
        halves: spans that begin or end within what is one sign to a reader.
        early: edges of spans in text where bytes and characters are one, and how many of them
            are inside a word.
        late: the same behind the first character that is several bytes.
    """

    labels: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    blank: int = 0
    halves: int = 0
    early: Counter[bool] = field(default_factory=Counter)
    late: Counter[bool] = field(default_factory=Counter)

    def add(self, document: Document, own: Spans) -> None:
        text = document.text
        self.documents += 1
        self.labels.update(own.labels)
        starts, ends = own.extents.starts, own.extents.ends
        self.blank += sum(
            text[a].isspace() or text[b - 1].isspace() for a, b in zip(starts, ends, strict=True)
        )
        wide = next((i for i, sign in enumerate(text) if sign > "\x7f"), len(text))
        for edge in np.concatenate([starts, ends]).tolist():
            if 0 < edge < len(text):
                self.halves += _is_inside_sign(text, edge)
                inside = text[edge - 1].isalnum() and text[edge].isalnum()
                (self.early if edge <= wide else self.late)[inside] += 1

    def told(self) -> str:
        frequent = self.labels.most_common(_SHOWN)
        examples = ", ".join(quoted(shortened(label, 24)) for label, _ in frequent)
        n = sum(self.labels.values())
        return (
            f"{count(len(self.labels), 'label')} on {n:,} stretch{'es' * (n != 1)} of "
            f"{count(self.documents, 'document')}, such as {examples}"
        )

    def counts_bytes(self) -> bool:
        """Whether edges fit words until the first wide character, and miss them behind it."""
        late, early = self.late.total(), self.early.total()
        return (
            self.late[True] >= _ODD_LEAST
            and early > 0
            and self.late[True] / late > _ODD_SHARE + 2 * self.early[True] / early
        )


def _is_inside_sign(text: str, edge: int) -> bool:
    return unicodedata.category(text[edge]) in _HALVES or text[edge] in _JOINERS


def _number(each: Sequence[object]) -> str:
    known = [len(own) for own in each if own is not None]  # type: ignore[arg-type]
    if not known:
        return "found by rule"
    return f"{sum(known):,}" + ("" if len(known) == len(each) else ", others found by rule")


def _plain(name: str) -> str:
    """A name for a terminal, where signs of a stranger's could do more than be read."""
    return name if name.isprintable() else quoted(name)


def _categories(data: SequenceData) -> list[str]:
    return list(dict.fromkeys(name for d in data.documents for name in d.labels))


def _labels(data: SequenceData, name: str) -> str:
    found = Counter(label for d in data.documents for label in d.labels.get(name, ()))
    few = ", ".join(f"{_plain(shortened(label, 24))} {n:,}" for label, n in found.most_common(8))
    return few + (f" and {len(found) - 8:,} more" if len(found) > 8 else "")


def _by(data: SequenceData, name: str) -> str:
    unknown = sum(name in document.unannotated for document in data.documents)
    by = f" ({data.annotated_by[name]})" if name in data.annotated_by else ""
    return by + (f"; unknown in {count(unknown, 'document')}" if unknown else "")


def _counted(names: Iterable[str]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in Counter(names).items() if name) or "none"


def _odd(data: SequenceData, layers: dict[str, _Layer]) -> Iterator[str]:
    for name, own in layers.items():
        n = sum(own.labels.values())
        if data.kind == "spans" and own.counts_bytes():
            yield (
                f"Spans of {quoted(name)} fit words only up to the first character that is several "
                "bytes: they seem to count bytes, and must count characters."
            )
        if own.halves >= _ODD_LEAST and own.halves > _ODD_SHARE * n:
            yield f"{own.halves:,} edges of spans of {quoted(name)} cut a sign with its accent."
        if data.kind == "spans" and own.blank > max(_ODD_LEAST, _ODD_SHARE * n):
            yield f"{own.blank:,} of {n:,} spans of {quoted(name)} begin or end with a space."
    texts = Counter(document.text for document in data.documents)
    twins = sum(n for n in texts.values() if n > 1)
    if twins:
        yield (
            f"{twins:,} documents have the text of another: they count as often, though one does "
            "not test the other."
        )
