"""What a spaCy pipeline that the user has installed says: tags, relations, entities, chunks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from andornot._tools.extras import install
from andornot._tools.words import brief
from andornot.concepts.provenance import Provenance
from andornot.data.sequences.document import Spans
from andornot.data.sequences.labels.base import RuleSource, of_spans
from andornot.data.sequences.view import DocumentView, Found
from andornot.errors import OptionError, quoted

Labelled = Iterator[tuple[int, int, str]]


@dataclass(eq=False)
class Pipeline:
    """A spaCy pipeline; it reads a document once, whoever asks.

    Attributes:
        name: of the model.
        pipeline: spaCy's object.
    """

    name: str
    pipeline: Any = field(repr=False)
    _last: tuple[str, Any] | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, name: str) -> Pipeline:
        """Load a model by its name or directory.

        Raises:
            OptionError: it cannot be loaded.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions that differ a little
            try:
                import spacy
            except ImportError:
                raise OptionError(f"spaCy is not installed; {install('nlp')}") from None
            try:
                return cls(name, spacy.load(name))
            except OSError:
                raise OptionError(
                    f"spaCy has no model {quoted(name)}; install it, or name its directory"
                ) from None
            except Exception as error:  # a model runs code of its own, which may raise anything
                reason = " ".join(str(error).split())[:200]
                raise OptionError(
                    f"the spaCy model {quoted(name)} cannot be loaded ({reason}); name another"
                ) from error

    def read(self, text: str) -> Any:
        """What the pipeline makes of a text."""
        if self._last is None or self._last[0] != text:
            self.pipeline.max_length = max(self.pipeline.max_length, len(text) + 1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as that a part of it has nothing to do
                self._last = text, self.pipeline(text)
        return self._last[1]


def _of_words(attribute: str) -> Callable[[Any], Labelled]:
    def read(parsed: Any) -> Labelled:
        for word in parsed:
            if (label := getattr(word, attribute)) and not word.is_space:
                yield word.idx, word.idx + len(word.text), label

    return read


def _entities(parsed: Any) -> Labelled:
    return ((own.start_char, own.end_char, own.label_) for own in parsed.ents if own.label_)


def _chunks(parsed: Any) -> Labelled:
    if not parsed.has_annotation("DEP"):
        return
    try:
        for own in parsed.noun_chunks:
            yield own.start_char, own.end_char, "noun"
    except (NotImplementedError, ValueError):  # of a language for which spaCy has no rule
        return


_READERS: Final[Mapping[str, Callable[[Any], Labelled]]] = {
    "spacy-tag": _of_words("pos_"),
    "spacy-xpos": _of_words("tag_"),
    "spacy-deprel": _of_words("dep_"),
    "spacy-entity": _entities,
    "spacy-chunk": _chunks,
}


@dataclass(frozen=True, eq=False)
class Parsed(RuleSource):
    """One sort of what a pipeline says.

    Attributes:
        pipeline: what reads the documents.
    """

    pipeline: Pipeline = field(kw_only=True)

    __repr__ = brief

    def key(self) -> Mapping[str, Any]:
        """The model's name and version, and spaCy's."""
        import spacy

        meta = self.pipeline.pipeline.meta
        told = (self.pipeline.name, meta.get("name"), meta.get("version"), spacy.__version__)
        return {**super().key(), "spacy": told}

    def found(self, view: DocumentView) -> Found:
        """The labels of the words, entities or chunks that a position overlaps."""
        parsed = self.pipeline.read(view.document.text)
        return of_spans(view, Spans.of(list(_READERS[self.category](parsed))))


def parsed_by(model: str, most: int) -> Iterator[Parsed]:
    """The sources of a spaCy model; labels that it never gives become no concepts.

    Raises:
        OptionError: it cannot be loaded.
    """
    pipeline = Pipeline.of(model)
    by = Provenance.network(f"spaCy's {model}")
    for category in _READERS:
        yield Parsed(category, by, most, pipeline=pipeline)
