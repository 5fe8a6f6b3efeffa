"""Part-of-speech tags from spaCy, for pairs that come without; spaCy is never required."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
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
    n_missing = sum(sentence.tags is None for sentence in data.sentences())
    missing = f"{n_missing} of {2 * len(data)} sentences have no part-of-speech tags"
    if tagger is None:
        return _noted(data, f"{missing}, so there are no tag concepts")
    try:
        pipeline = _load(tagger)
    except (ImportError, OSError) as error:
        why = "spaCy is not installed" if isinstance(error, ImportError) else f"no model {tagger!r}"
        return _noted(data, f"{missing} and {why}, so there are no tag concepts")
    tagged = _tagged(pipeline, data.sentences(), 2 * len(data))
    pairs = tuple(
        replace(pair, premise=next(tagged), hypothesis=next(tagged)) for pair in data.pairs
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


def _tagged(pipeline: Any, sentences: Iterable[Sentence], total: int) -> Iterator[Sentence]:
    from spacy.tokens import Doc

    for sentence in track(sentences, "tagging", total):
        if sentence.tags is not None:
            yield sentence
            continue
        document = pipeline(Doc(pipeline.vocab, words=list(sentence.tokens)))
        yield replace(sentence, tags=tuple(token.tag_ for token in document))
