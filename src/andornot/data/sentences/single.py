"""Sentences by themselves, each a sample of its own: what classifiers of one sentence read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from andornot.concepts.provenance import UNKNOWN, Provenance
from andornot.data.samples import group_names, subset_indices
from andornot.data.sentences.modality import SINGLE
from andornot.data.sentences.pairs import Sentence, SentenceSamples
from andornot.data.sources.named import UserSource
from andornot.errors import DataError


@dataclass(frozen=True, slots=True)
class OneSentence:
    """A sentence with its class, or any text that a network reads as a whole.

    Attributes:
        id: unique in the data set.
        sentence: its tokens, and what is known of them.
        label: its class; empty if unknown.
        split: such as ``test``; empty if unknown.
        group: what it has in common with sentences of which it is not independent; may be empty.

    Examples:
        >>> one = OneSentence("1", Sentence(("Not", "great", "."), raw="Not great."), "negative")
        >>> one.text, one.words
        ('Not great.', ('not', 'great', '.'))
    """

    id: str
    sentence: Sentence
    label: str = ""
    split: str = ""
    group: str = ""

    sides: ClassVar[tuple[str, ...]] = ("",)
    called: ClassVar[tuple[str, ...]] = ("sentence",)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentence alone."""
        return (self.sentence,)

    def with_sentences(self, sentences: Sequence[Sentence]) -> OneSentence:
        """The same with another sentence."""
        (sentence,) = sentences
        return replace(self, sentence=sentence)

    @property
    def text(self) -> str:
        """What the network reads, in the case of the file."""
        return self.sentence.text

    @property
    def tokens(self) -> tuple[str, ...]:
        """Words and signs in order, as written."""
        return self.sentence.tokens

    @property
    def words(self) -> tuple[str, ...]:
        """The tokens in lower case, as concepts name them."""
        return self.sentence.words


@dataclass(frozen=True, eq=False)
class SentenceData(SentenceSamples):
    """A set of sentences.

    Attributes:
        path: the file it comes from.
        samples: at least one, with ids that are all different.
        dropped: how many of the file were left out, by reason.
        notes: what a reader of the results should know, such as that there are no tags.
        source: the arguments of ``open_single.open_single`` that open it again.
        independent: whether each sentence is a group of its own.
        annotated_by: whom tags, lemmas and marks of the file come from.
        tagged_by: what gave tags to sentences that came without; None where nothing did.
        further: sources of the user, as of ``pairs.PairData``.

    Raises:
        DataError: there is no sentence, or an id stands twice.

    Examples:
        >>> texts = ("It runs", "it  runs", "It stops")
        >>> each = (OneSentence(str(i), Sentence(tuple(t.split()))) for i, t in enumerate(texts))
        >>> SentenceData(Path("mine.csv"), tuple(each)).groups  # the same words, so one group
        ('it runs', 'it runs', '2')
    """

    path: Path
    samples: tuple[OneSentence, ...] = field(repr=False)
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: Mapping[str, Any] | None = None
    independent: bool = False
    annotated_by: Provenance = UNKNOWN
    tagged_by: Provenance | None = None
    further: tuple[UserSource, ...] = field(default=(), repr=False)

    modality: ClassVar[str] = SINGLE.name
    kind: ClassVar[str] = SINGLE.kinds[0].name
    sides: ClassVar[tuple[str, ...]] = OneSentence.sides

    def __post_init__(self) -> None:
        if not self.samples:
            why = ", ".join(f"{n} had {reason}" for reason, n in self.dropped.items())
            raise DataError(
                f"{self.path} holds no sentence that can be used{f' ({why})' if why else ''}; "
                "give a file with at least one"
            )
        self.check_ids("sentence")

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Name of each sentence's group: what the file says, else those of the same words."""
        if self.independent:
            return self.sample_ids
        said = [one.group or " ".join(one.text.lower().split()) for one in self.samples]
        return group_names(self.sample_ids, said)

    def with_samples(self, samples: Iterable[OneSentence], **changes: Any) -> SentenceData:
        """The same data set with other sentences."""
        return replace(self, samples=tuple(samples), **changes)

    def subset(self, indices: Iterable[int]) -> SentenceData:
        """The data set with only these sentences, in this order.

        Raises:
            OptionError: an index is out of range, stands twice, or there is none.
        """
        chosen = subset_indices(indices, len(self), "sentence")
        return self.with_samples((self.samples[i] for i in chosen), source=None)

    def fingerprint(self) -> str:
        """A key (hexadecimal) for all that a network or a concept can see of the sentences."""
        digest = hashlib.sha256()
        for one in self.samples:
            s = one.sentence
            seen = (one.id, one.label, one.split, s.tokens, s.tags, s.text, s.marks, s.lemmas)
            digest.update(repr(seen).encode())
        return digest.hexdigest()
