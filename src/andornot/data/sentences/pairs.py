"""Sentence pairs, the probing data of natural language inference.

:class:`PairData` is to sentences what ``images.dataset.FolderData`` is to images: samples with an
id, a split and a class, a fingerprint, and the arguments that open it again. The readers of the
file formats all return it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from andornot.concepts.provenance import UNKNOWN, Provenance
from andornot.data.samples import group_names, subset_indices
from andornot.data.sources.named import UserSource
from andornot.errors import DataError, quoted

LABELS = ("entailment", "neutral", "contradiction")
"""The three classes of natural language inference, in the order of the paper's model."""

SIDES = ("pre", "hyp")
"""Of which sentence of a pair a concept speaks, and before a colon its name."""

PAIRS_VERSION = 1
"""Raised whenever the same files come to mean other tokens or tags: part of the fingerprint."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as tokens.

    Attributes:
        tokens: at least one; the case is that of the source.
        tags: a part-of-speech tag for each token, or None where there are none.
        raw: the sentence as it was written, where the source has it.
        marks: what else holds of each token, such as ``deprel:nsubj``; None where nothing is known.
        heads: the token that each hangs on, from 0, and -1 of a root; None where nobody says.
        lemmas: what a dictionary lists each token under; None where nobody says.

    Raises:
        DataError: there are not as many tags, or marks, as tokens.

    Examples:
        >>> sentence = Sentence(("A", "Man", "runs", "."), raw="A Man runs.")
        >>> sentence.text, sentence.words
        ('A Man runs.', ('a', 'man', 'runs', '.'))
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    raw: str | None = None
    marks: tuple[tuple[str, ...], ...] | None = None
    heads: tuple[int, ...] | None = None
    lemmas: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.tags is not None and len(self.tags) != len(self.tokens):
            raise DataError(
                f"a sentence has {len(self.tokens)} tokens and {len(self.tags)} tags "
                f"({quoted(' '.join(self.tokens))}); give one tag for each token"
            )
        if self.marks is not None and len(self.marks) != len(self.tokens):
            raise DataError(
                f"a sentence has {len(self.tokens)} tokens and marks for {len(self.marks)} "
                f"({quoted(' '.join(self.tokens))}); give a tuple for each token"
            )

        if self.heads is not None and len(self.heads) != len(self.tokens):
            raise DataError(
                f"a sentence has {len(self.tokens)} tokens and {len(self.heads)} heads "
                f"({quoted(' '.join(self.tokens))}); give one for each token, -1 for a root"
            )

    @property
    def text(self) -> str:
        """The sentence as it was written, or else its tokens with blanks between them."""
        return " ".join(self.tokens) if self.raw is None else self.raw

    @property
    def words(self) -> tuple[str, ...]:
        """The tokens in lower case, as concepts name them."""
        return tuple(token.lower() for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Pair:
    """A premise and a hypothesis.

    Attributes:
        id: unique in the data set.
        premise: the first sentence.
        hypothesis: the second sentence.
        label: its class; empty if unknown.
        split: such as ``dev``; empty if unknown.
        group: what it has in common with pairs of which it is not independent, such as the
            document; empty if the source says nothing of it.

    Examples:
        >>> pair = Pair("1", Sentence(("A", "man")), Sentence(("He", "moves")), label="neutral")
        >>> [sentence.text for sentence in pair.sentences]
        ['A man', 'He moves']
    """

    id: str
    premise: Sentence
    hypothesis: Sentence
    label: str = ""
    split: str = ""
    group: str = ""

    sides: ClassVar[tuple[str, ...]] = SIDES
    called: ClassVar[tuple[str, ...]] = ("premise", "hypothesis")

    @property
    def sentences(self) -> tuple[Sentence, Sentence]:
        """Premise and hypothesis."""
        return self.premise, self.hypothesis

    def with_sentences(self, sentences: Sequence[Sentence]) -> Pair:
        """The same with another premise and hypothesis."""
        premise, hypothesis = sentences
        return replace(self, premise=premise, hypothesis=hypothesis)


class HasSentences(Protocol):
    """A sample of one sentence or more: a :class:`Pair`, or one sentence by itself."""

    sides: ClassVar[tuple[str, ...]]
    """What stands before a word's name to say in which sentence it is; of one alone nothing."""
    called: ClassVar[tuple[str, ...]]
    """What a reader calls each of its sentences."""

    @property
    def id(self) -> str:
        """Unique in the data set."""

    @property
    def label(self) -> str:
        """Its class; empty if unknown."""

    @property
    def split(self) -> str:
        """Such as ``dev``; empty if unknown."""

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Its sentences in order."""

    def with_sentences(self, sentences: Sequence[Sentence]) -> Self:
        """The same with as many other sentences."""


class SentenceSamples:
    """What data sets of such samples have in common; who inherits it has the ``samples``."""

    path: Path
    samples: Sequence[Any]
    annotated_by: Provenance
    tagged_by: Provenance | None
    notes: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """Name of each sample's group (see ``data.samples.group_names``)."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    @cached_property
    def sample_ids(self) -> tuple[str, ...]:
        """Id of each sample."""
        return tuple(sample.id for sample in self.samples)

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """Split of each sample, empty where unknown."""
        return tuple(sample.split for sample in self.samples)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class label of each sample, empty where unknown."""
        return tuple(sample.label for sample in self.samples)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes that occur: those of the paper's model first, in its order."""
        found = set(self.classes) - {""}
        return tuple(c for c in LABELS if c in found) + tuple(sorted(found - set(LABELS)))

    @cached_property
    def has_tags(self) -> bool:
        """Whether every sentence has part-of-speech tags."""
        return all(sentence.tags is not None for sentence in self.sentences())

    def sentences(self) -> Iterator[Sentence]:
        """All sentences, those of each sample in turn."""
        return (sentence for sample in self.samples for sentence in sample.sentences)

    def __len__(self) -> int:
        return len(self.samples)

    def check_ids(self, sample: str) -> None:
        """Refuse an id that stands twice.

        Raises:
            DataError: one does.
        """
        twice, times = Counter(self.sample_ids).most_common(1)[0]
        if times > 1:
            raise DataError(
                f"{self.path} has the {sample} {quoted(twice)} twice; give each an id of its own"
            )


@dataclass(frozen=True, eq=False)
class PairData(SentenceSamples):
    """A set of sentence pairs.

    Attributes:
        path: the file it comes from.
        kind: ``snli`` or ``pairs``.
        pairs: at least one, with ids that are all different.
        dropped: how many pairs of the file were left out, by reason.
        notes: what a reader of the results should know, such as that there are no tags.
        source: the arguments of ``open_pairs`` that open it again.
        independent: whether each pair is a group of its own, whatever it has in common with others.
        annotated_by: whom tags and marks of the file come from.
        tagged_by: what gave tags to sentences that came without; None where nothing did.
        further: sources of the user, whose concepts come behind the data's own. The fingerprint
            leaves them out: whoever reads the files again need not run them.

    Raises:
        DataError: there is no pair, or an id stands twice.

    Examples:
        >>> premise = Sentence(("A", "man", "runs"))
        >>> pairs = [Pair(name, premise, Sentence((name, "moves"))) for name in ("he", "she")]
        >>> data = PairData(Path("mine.csv"), "pairs", tuple(pairs))
        >>> data.sample_ids, data.groups  # one premise, so one group
        (('he', 'she'), ('A man runs', 'A man runs'))
        >>> data.subset([1]).sample_ids
        ('she',)
    """

    path: Path
    kind: str
    pairs: tuple[Pair, ...] = field(repr=False)
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    source: Mapping[str, Any] | None = None
    independent: bool = False
    annotated_by: Provenance = UNKNOWN
    tagged_by: Provenance | None = None
    further: tuple[UserSource, ...] = field(default=(), repr=False)

    modality: ClassVar[str] = "sentences"
    sides: ClassVar[tuple[str, ...]] = SIDES

    def __post_init__(self) -> None:
        if not self.pairs:
            reasons = ", ".join(f"{n} had {why}" for why, n in self.dropped.items())
            raise DataError(
                f"{self.path} holds no sentence pair that can be used"
                f"{f' ({reasons})' if reasons else ''}; give a file with at least one"
            )
        self.check_ids("pair")

    @property
    def samples(self) -> tuple[Pair, ...]:  # type: ignore[override]
        """The pairs."""
        return self.pairs

    def with_samples(self, samples: Iterable[Pair], **changes: Any) -> PairData:
        """The same data set with other pairs."""
        return replace(self, pairs=tuple(samples), **changes)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Name of each pair's group (see ``data.samples.group_names``).

        Pairs of one premise are not independent, so it is their group where nothing else is said.
        """
        if self.independent:
            return self.sample_ids
        said = [pair.group or pair.premise.text for pair in self.pairs]
        return group_names(self.sample_ids, said)

    def subset(self, indices: Iterable[int]) -> PairData:
        """Return the data set with only these pairs, in this order.

        Raises:
            OptionError: an index is out of range, stands twice, or there is none.
        """
        chosen = subset_indices(indices, len(self), "pair")
        return replace(self, pairs=tuple(self.pairs[i] for i in chosen), source=None)

    def fingerprint(self) -> str:
        """Return a key (hexadecimal) for all that a model or a concept can see of the pairs.

        It covers ids, tokens, tags, texts, labels and splits, and nothing of the file, so the
        same pairs have the same key wherever they come from. Groups, which neither sees, are left
        out.
        """
        digest = hashlib.sha256(repr(PAIRS_VERSION).encode())
        for pair in self.pairs:
            digest.update(repr((pair.id, pair.label, pair.split)).encode())
            for sentence in pair.sentences:
                seen = (sentence.tokens, sentence.tags, sentence.text)
                digest.update(repr(seen).encode())
                # nothing where there are none, so the keys of data without marks stay as they were
                digest.update(repr(sentence.marks).encode() if sentence.marks else b"")
        return digest.hexdigest()
