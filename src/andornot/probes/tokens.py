"""A model of sequences and its documents, as the pipeline asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from andornot._tools.progress import track
from andornot._tools.words import brief, count
from andornot.concepts.positions import offsets_of
from andornot.concepts.surroundings import Surroundings
from andornot.concepts.table import ConceptTable
from andornot.counting.thresholds import Threshold
from andornot.data.registry import open_samples
from andornot.data.sequences.align import overlapping
from andornot.data.sequences.around import surroundings_of
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document, Extents
from andornot.data.sequences.modality import DOCUMENT, SEQUENCES, TOKEN, WORD
from andornot.data.sequences.options import ConceptOptions
from andornot.data.sequences.places import Places
from andornot.data.sequences.rules import sentences_of, words_of
from andornot.data.sequences.table import build_token_table
from andornot.data.sequences.view import DocumentView
from andornot.data.sources.named import UserSource
from andornot.errors import DataError, ModelError, OptionError, quoted
from andornot.models.sequences.load import checked, load_sequence_model
from andornot.models.sequences.protocol import prefix_of, skips_first
from andornot.models.sequences.read import ReadDocument, read_document, recorded, whole
from andornot.probes.base import Facts, Recording, libraries, made_with, usual_threshold
from andornot.probes.plain import PlainProbe
from andornot.probes.reading import Reading as Reading
from andornot.specs import absolute, python_function

SHARE: Final = 0.1
"""Share of the documents on which a unit that may be negative counts as active, by default."""

_LEVELS: Final = {"token": TOKEN, "word": WORD, "document": DOCUMENT}


@dataclass(frozen=True, eq=False)
class Positions:
    """The positions of a document, and which of its counted tokens each is made of.

    Attributes:
        extents: the characters of each.
        names: what each is called.
        in_window: int32, the place of each in the window that it counts in.
        rows: int64, the counted tokens of the first position, then those of the next.
        starts: int64 ``(n,)``, where those of each position start in ``rows``; none is empty.
    """

    extents: Extents
    names: tuple[str, ...]
    in_window: NDArray[np.int32]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]

    __repr__ = brief

    def __len__(self) -> int:
        return len(self.starts)

    def pooled(self, values: NDArray[np.float32], pool: str) -> NDArray[np.float32]:
        """What units give at positions, from what they give at counted tokens."""
        own: NDArray[np.float32] = values[self.rows]
        if len(self.rows) == len(self):
            return own
        if pool == "largest":
            largest: NDArray[np.float32] = np.maximum.reduceat(own, self.starts, axis=0)
            return largest
        stops = np.append(self.starts[1:], len(self.rows))
        if pool == "last":
            last: NDArray[np.float32] = own[stops - 1]
            return last
        sums = np.add.reduceat(own, self.starts, axis=0, dtype=np.float64)
        return (sums / (stops - self.starts)[:, None]).astype(np.float32)


@dataclass(frozen=True)
class TokenProbe(PlainProbe):
    """Units of a model of sequences, at its tokens, at words, or at whole documents.

    Attributes:
        reading: how documents become positions.
        concepts: which concepts they get.
    """

    data: SequenceData = field(repr=False)  # type: ignore[assignment]
    reading: Reading = field(default_factory=Reading)
    concepts: ConceptOptions = field(default_factory=ConceptOptions)

    modality: ClassVar[str] = SEQUENCES.name

    @property
    def level(self) -> str:  # type: ignore[override]
        """``text token``, ``text word`` or ``document``."""
        return _LEVELS[self.reading.at].name

    @classmethod
    def load(cls, spec: str, weights: str | None) -> Any:
        """What ``FILE.py:FUNCTION`` or ``FILE.pt`` names."""
        return load_sequence_model(spec, weights=weights)

    @classmethod
    def names_of_layers(cls, model: Any) -> Sequence[str]:
        """The layers that give a value for each token."""
        return tuple(model.layers)

    @classmethod
    def of(  # type: ignore[override]
        cls,
        model: Any,
        layers: tuple[str, ...],
        data: SequenceData | str | Path,
        recording: Recording,
        weights: str | Path | None = None,
        reading: Reading | None = None,
        text_concepts: ConceptOptions | None = None,
        sources: tuple[UserSource, ...] = (),
    ) -> Self:
        """Load what is given as a text, check the layers, and leave out empty documents.

        Raises:
            AndornotError: the data or the model cannot be used, or an option is for images.
        """
        recording.check_no_maps()
        if sources:
            raise OptionError(
                "functions of your own are no sources of concepts for running text yet; leave "
                "them out, or write what they find into the data as spans"
            )
        drawn = None if weights is None else str(weights)
        if drawn is not None and not (drawn.startswith("random:") and isinstance(model, str)):
            raise OptionError("models of sequences bring their weights; name them by the model")
        documents = open_samples(data) if isinstance(data, str | Path) else data
        spec = model if isinstance(model, str) else type(model).__name__
        if isinstance(model, str):
            model = load_sequence_model(model, recording.device, drawn)
        _check_model(checked(model), spec, layers)
        probe = cls(
            model, spec, layers, documents, recording, drawn,
            reading or Reading(), text_concepts or ConceptOptions(),
        )  # fmt: skip
        return probe._without_empty()

    def _without_empty(self) -> Self:
        """The same without documents that have no position, which nothing can be said of."""
        some = [i for i, own in enumerate(self._positions) if len(own)]
        if len(some) == len(self.data):
            return self
        if not some:
            raise DataError(f"no document of {self.data.path} has a position; give longer ones")
        why = f"documents without a {self.reading.at}"
        left_out = len(self.data) - len(some)
        dropped = {**self.data.dropped, why: self.data.dropped.get(why, 0) + left_out}
        # opened again they are dropped again, so what opens them stays
        source = self.data.source
        return replace(self, data=replace(self.data.subset(some), source=source, dropped=dropped))

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process a model from a function goes by its name, any other as it is."""
        spec = absolute(self.spec)
        named = python_function(spec) is not None
        rest = (spec, self.layers, self.data, self.recording, self.weights)
        return _sent, (None if named else self.model, *rest, self.reading, self.concepts)

    @property
    def _by_sentence(self) -> bool:
        """Whether the network reads one sentence at a time."""
        return (self.reading.cut or getattr(self.model, "cut", "context")) == "sentence"

    @cached_property
    def _read(self) -> tuple[ReadDocument, ...]:
        """How the model reads each document."""
        found = []
        for document in track(self.data.documents, "cutting into tokens", len(self.data)):
            sentences = _sentences(document) if self._by_sentence else None
            found.append(
                read_document(
                    self.model, document.text, document.id, self.reading.overlap, sentences
                )
            )
        return tuple(found)

    @cached_property
    def _positions(self) -> tuple[Positions, ...]:
        """The positions of each document."""
        place = {"token": _at_tokens, "word": _at_words, "document": _at_document}[self.reading.at]
        return tuple(
            place(document, read)
            for document, read in zip(self.data.documents, self._read, strict=True)
        )

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Where each document's positions start."""
        return offsets_of([len(own) for own in self._positions])

    def view(self, index: int) -> DocumentView:
        """A document with its positions, as sources of concepts see it."""
        document, own = self.data.documents[index], self._positions[index]
        return DocumentView(
            index, document, own.extents, own.names, own.in_window, _words(document)
        )

    def record(self, samples: range, layers: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """What these layers give at the positions of some documents."""
        read = self._read[samples.start : samples.stop]
        values = recorded(self.model, read, layers, self.batch_size)
        stops = np.cumsum([len(document.counted) for document in read])[:-1]
        return {
            layer: np.concatenate(
                [
                    own.pooled(part, self.reading.pool)
                    for own, part in zip(
                        self._positions[samples.start : samples.stop],
                        np.split(rows, stops),
                        strict=True,
                    )
                ]
            )
            for layer, rows in values.items()
        }

    def logits(self, samples: range) -> NDArray[np.floating[Any]] | None:
        """The network's scores of each class, where it gives some."""
        if not hasattr(self.model, "logits"):
            return None
        documents = list(whole(self.model, self._read[samples.start : samples.stop]))
        return np.asarray(self.model.logits(documents))

    def threshold(self, lowest: Callable[[], float]) -> Threshold:
        """The top 0.5 % of the tokens; of documents above 0, or the top 10 %."""
        level = _LEVELS[self.reading.at]
        usual = usual_threshold(level, lowest)
        few = level is DOCUMENT and usual.quantile is not None
        return Threshold(SHARE) if few else usual

    def model_key(self) -> dict[str, Any]:
        """The model's own fingerprint, and what shapes the last bits."""
        module: Any = getattr(self.model, "module", None)
        own = libraries(module) if hasattr(module, "named_buffers") else []
        return super().model_key() | {"versions": made_with("numpy", "torch", "tokenizers", *own)}

    def layer_key(self) -> dict[str, Any]:
        """How documents become positions."""
        return {"reading": self.reading.facts()}

    def concept_key(self) -> dict[str, Any]:
        """The positions, which the model's tokenizer shapes, and which concepts they get."""
        return {
            "level": self.level,
            "model": self.model.fingerprint,
            "reading": self.reading.facts(),
            "concepts": self.concepts.key(),
            "versions": made_with("numpy", "regex", "spacy"),
        }

    def spellings(self, name: str) -> Sequence[str]:
        """What a relation's name may be called in the table."""
        return (name, f"word:{name}")

    def build_table(
        self,
        directory: Path,
        folds: int,
        jobs: int | None,  # noqa: ARG002
        known_only: bool,
    ) -> ConceptTable:
        """Ask all sources about each document, and keep where its positions lie."""
        table = build_token_table(
            self.data,
            self.view,
            directory,
            options=self.concepts,
            n_folds=folds,
            known_only=known_only,
        )
        self.save_beside(directory)
        return table

    def save_beside(self, directory: Path) -> None:
        """Keep beside a table where its positions lie."""
        Places.from_views(map(self.view, range(len(self.data)))).save(directory)

    @property
    def usual_around(self) -> tuple[str, ...]:
        """The operators of context that are on where nobody says."""
        return () if self.reading.at == "document" else ("PREV",)

    def surroundings(self, sample: int) -> Surroundings:
        """How the positions of a document lie to each other."""
        return surroundings_of(self.view(sample))

    def suspects(self, company: bool) -> list[str]:
        """Parts of the network that mix windows, or else that draw at random."""
        module = getattr(self.model, "module", None)
        if module is None:
            return []
        from andornot.models.chance import drawing_parts, mixing_parts

        return mixing_parts(module) if company else drawing_parts(module)

    def facts(self) -> Facts:
        """What the manifest says of the network, and of how it read."""
        drawn = [] if self.weights is None else [f"all weights were drawn anew ({self.weights})"]
        dropped = (f"left out: {n:,} ({why})" for why, n in self.data.dropped.items() if n)
        reading = {"positions": self.reading.facts(), "concepts": self.concepts.facts()}
        return replace(
            super().facts(),
            weights=self.weights,
            notes=(*drawn, *super().facts().notes, *self._notes(), *dropped),
            reading=reading,
        )

    def _notes(self) -> tuple[str, ...]:
        """What is no position, and how long documents were cut."""
        skipped = sum(document.skipped for document in self._read)
        cut = sum(len(document.windows) > 1 for document in self._read)
        told = []
        if len(prefix_of(self.model)):
            told.append("the tokens that the network puts before each text are no positions")
        if skips_first(self.model) and skipped:
            told.append(
                f"the first token of what is read from its beginning is no position ({skipped:,} "
                "were left out), for its activations may be huge and mean nothing"
            )
        if self._by_sentence:
            told.append("the network reads one sentence at a time")
        elif cut:
            told.append(
                f"{count(cut, 'document')} read in several windows, each token counted once"
            )
        return tuple(told)


def _check_model(model: Any, spec: str, layers: Sequence[str]) -> None:
    if not isinstance(model.fingerprint, str):
        raise ModelError(
            f"the model {spec} has no text as its attribute fingerprint; give it one that "
            "changes whenever the model does"
        )
    known = tuple(map(str, model.layers))
    for layer in (layer for layer in layers if layer not in known):
        raise ModelError(
            f"the model has no layer {quoted(layer)}; it has {', '.join(known) or 'none'}"
        )


def _words(document: Document) -> Extents:
    return words_of(document.text) if document.words is None else document.words


def _sentences(document: Document) -> Extents:
    return sentences_of(document.text) if document.sentences is None else document.sentences


def _at_tokens(_document: Document, read: ReadDocument) -> Positions:
    own, extents = read.counted, read.tokens.extents
    names = tuple(read.tokens.names[i] for i in own)
    places = np.arange(len(own))
    return Positions(
        Extents(extents.starts[own], extents.ends[own]), names, read.in_window, places, places
    )


def _at_words(document: Document, read: ReadDocument) -> Positions:
    """Words of which at least a token counts."""
    own, words = read.counted, _words(document)
    tokens = Extents(read.tokens.extents.starts[own], read.tokens.extents.ends[own])
    rows, which = overlapping(tokens, words)
    # overlapping goes word by word, so that the tokens of each stand together
    some, starts = np.unique(which, return_index=True)
    last = np.append(starts[1:], len(rows)) - 1 if len(some) else starts
    extents = Extents(words.starts[some], words.ends[some])
    names = tuple(extents.of_text(document.text, i) for i in range(len(some)))
    in_window = read.in_window[rows[last]]
    return Positions(extents, names, in_window, rows.astype(np.int64), starts.astype(np.int64))


def _at_document(document: Document, read: ReadDocument) -> Positions:
    """The whole document, if any token counts."""
    n = min(1, len(read.counted))
    extents = Extents.of([(0, len(document.text))] * n)
    rows = np.arange(len(read.counted))
    return Positions(extents, (document.id,) * n, np.zeros(n, np.int32), rows, rows[:n])


def _sent(model: Any, spec: str, *rest: Any) -> TokenProbe:
    layers, data, recording, weights, reading, concepts = rest
    if model is None:
        model = load_sequence_model(spec, recording.device, weights)
    return TokenProbe(model, spec, layers, data, recording, weights, reading, concepts)
