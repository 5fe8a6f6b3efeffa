"""Part-of-speech tags from spaCy, for pairs that come without; spaCy is never required."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from andornot._tools.extras import install
from andornot._tools.progress import track
from andornot.concepts.provenance import Provenance
from andornot.data.sentences.pairs import PairData, Sentence
from andornot.data.sentences.single import SentenceData
from andornot.errors import OptionError, quoted

DEFAULT_TAGGER = "en_core_web_sm"
"""The spaCy model that is tried when sentences have no tags."""

D = TypeVar("D", PairData, SentenceData)

_NO_CONCEPTS = "so there are no tag concepts"


def with_tags(data: D, tagger: str | None = DEFAULT_TAGGER) -> D:
    """Tag the sentences that have no tags, if that can be done; otherwise note that it cannot.

    Args:
        data: sentence pairs, or single sentences; their tokens stay as they are.
        tagger: a spaCy model, by its name or directory; None to do without. The default one may
            be missing, any other may not.

    Returns:
        The same samples with Penn Treebank tags, or the same data with a note.

    Raises:
        OptionError: a tagger other than the default is needed, and cannot be loaded or does not
            tag.
    """
    if data.has_tags:
        return data
    untagged = [sentence for sentence in data.sentences() if sentence.tags is None]
    total = sum(1 for _ in data.sentences())
    missing = f"{len(untagged)} of {total} sentences have no part-of-speech tags"
    if tagger is None:
        return _noted(data, f"{missing}, {_NO_CONCEPTS}")
    try:
        tagged = iter(_tagged(_load(tagger), untagged, tagger))
    except _NoTags as problem:
        if tagger != DEFAULT_TAGGER:
            raise OptionError(f"{missing}, and {problem}, or leave the tagger out") from None
        return _noted(data, f"{missing}, {_NO_CONCEPTS}: {problem}")

    def complete(sentence: Sentence) -> Sentence:
        return next(tagged) if sentence.tags is None else sentence

    samples = (one.with_sentences(list(map(complete, one.sentences))) for one in data.samples)
    by = Provenance.network(f"spaCy's {tagger}")
    found = data.with_samples(samples, tagged_by=by)
    return _noted(found, f"{missing}; spaCy's {tagger} tagged them")


class _NoTags(Exception):
    """Why spaCy gives no tags, and what to do."""


def _noted(data: D, note: str) -> D:
    return replace(data, notes=(*data.notes, note))


def _load(tagger: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions that differ a little; tags are still tags
        try:
            import spacy
        except ImportError:
            raise _NoTags(
                f"spaCy is not installed; {install('nlp')}, then python -m spacy download "
                f"{DEFAULT_TAGGER}"
            ) from None
        try:
            # nothing but tags is asked of it
            return spacy.load(tagger, exclude=["parser", "ner", "lemmatizer"])
        except OSError:
            raise _NoTags(
                f"spaCy has no model {quoted(tagger)}; python -m spacy download {DEFAULT_TAGGER} "
                "gets one, or name a directory"
            ) from None
        except Exception as error:  # a model runs code of its own, which may raise anything
            reason = " ".join(str(error).split())[:200]
            raise _NoTags(
                f"the spaCy model {quoted(tagger)} cannot be loaded ({reason}); name another"
            ) from error


def _tagged(pipeline: Any, sentences: Sequence[Sentence], tagger: str) -> list[Sentence]:
    """The sentences with tags, all of them."""
    tagged = list(_run(pipeline, sentences))
    if empty := sum(tag == "" for sentence in tagged for tag in sentence.tags or ()):
        raise _NoTags(
            f"the spaCy model {quoted(tagger)} left {empty} tokens without a tag; name one "
            "with a tagger"
        )
    return tagged


def _run(pipeline: Any, sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    from spacy.tokens import Doc

    # from tokens and not from text, so that spaCy does not split them in its own way
    documents = (Doc(pipeline.vocab, words=list(s.tokens)) for s in sentences)
    done = track(pipeline.pipe(documents), "tagging", len(sentences))
    for sentence, document in zip(sentences, done, strict=True):
        yield replace(sentence, tags=tuple(token.tag_ for token in document))
