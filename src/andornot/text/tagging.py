"""Part-of-speech tags from spaCy, for pairs that come without; spaCy is never required."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from andornot.progress import track
from andornot.text.pairs import PairData, Sentence

DEFAULT_TAGGER = "en_core_web_sm"
"""The spaCy model that is tried when sentences have no tags."""


def with_tags(data: PairData, tagger: str | None = DEFAULT_TAGGER) -> PairData:
    """Tag the sentences that have no tags, if that can be done; otherwise note that it cannot.

    Args:
        data: sentence pairs; their tokens stay as they are.
        tagger: a spaCy model, by its name or directory; None to do without.

    Returns:
        The same pairs with Penn Treebank tags, or the same data with a note.
    """
    if data.has_tags:
        return data
    untagged = [sentence for sentence in data.sentences() if sentence.tags is None]
    missing = f"{len(untagged)} of {2 * len(data)} sentences have no part-of-speech tags"
    if tagger is None:
        return _noted(data, f"{missing}, so there are no tag concepts")
    try:
        pipeline = _load(tagger)
    except (ImportError, OSError) as error:
        why = "spaCy is not installed" if isinstance(error, ImportError) else f"no model {tagger!r}"
        return _noted(data, f"{missing} and {why}, so there are no tag concepts")
    tagged = _tagged(pipeline, untagged)

    def complete(sentence: Sentence) -> Sentence:
        return next(tagged) if sentence.tags is None else sentence

    pairs = tuple(
        replace(pair, premise=complete(pair.premise), hypothesis=complete(pair.hypothesis))
        for pair in data.pairs
    )
    if empty := sum(tag == "" for pair in pairs for s in pair.sentences for tag in s.tags or ()):
        return _noted(
            data, f"{missing} and the spaCy model {tagger!r} left {empty} tokens without one, "
            "so there are no tag concepts",
        )  # fmt: skip
    return _noted(replace(data, pairs=pairs), f"{missing}; spaCy's {tagger} tagged them")


def _noted(data: PairData, note: str) -> PairData:
    return replace(data, notes=(*data.notes, note))


def _load(tagger: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions that differ a little; tags are still tags
        import spacy

        return spacy.load(tagger, exclude=["parser", "ner", "lemmatizer"])


def _tagged(pipeline: Any, sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    from spacy.tokens import Doc

    documents = (Doc(pipeline.vocab, words=list(s.tokens)) for s in sentences)
    done = track(pipeline.pipe(documents), "tagging", len(sentences))
    for sentence, document in zip(sentences, done, strict=True):
        yield replace(sentence, tags=tuple(token.tag_ for token in document))
