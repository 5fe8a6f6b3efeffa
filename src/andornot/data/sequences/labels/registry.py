"""All sources of a run: those of the data, then what any text has by itself. Add a source here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from andornot.concepts.provenance import Provenance
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.labels.annotated import annotated
from andornot.data.sequences.labels.places import (
    InLine,
    InSentence,
    InWindow,
    Piece,
    Space,
    Token,
)  # fmt: skip
from andornot.data.sequences.labels.words import (
    OfWord,
    OfWords,
    case_of,
    digits_of,
    prefixes_of,
    scripts_of,
    shape_of,
    signs_of,
    suffixes_of,
    word_of,
)  # fmt: skip
from andornot.data.sequences.options import ConceptOptions
from andornot.data.sequences.view import LabelSource

_OF_WORDS: Final[dict[str, tuple[OfWord, str]]] = {
    "word": (word_of, "words that occur"),
    "case": (case_of, "upper and lower case"),
    "digits": (digits_of, "digits in words"),
    "shape": (shape_of, "shapes of numbers"),
    "sign": (signs_of, "sorts of signs"),
    "prefix": (prefixes_of, "beginnings of words"),
    "suffix": (suffixes_of, "ends of words"),
    "script": (scripts_of, "scripts by Unicode's names of letters"),
}
"""Labels that a word has by its letters alone, and the rule in words."""

_OTHERS: Final[dict[str, tuple[Callable[..., LabelSource], str]]] = {
    "token": (Token, "the network's tokens"),
    "piece": (Piece, "place in the word"),
    "space": (Space, "line breaks and other space"),
    "line": (InLine, "place in the line"),
    "sentence": (InSentence, "place in the sentence"),
    "window": (InWindow, "place in what the network reads at once"),
}
"""Labels that need more of the document than a word."""


def sources_of(data: SequenceData, options: ConceptOptions) -> tuple[LabelSource, ...]:
    """The sources that options ask for, in the order of the table's concepts.

    Where the data have a layer or labels that are called like a source of the text's own, such as
    ``word``, these are people's and stay; the rule is left out.

    Raises:
        OptionError: what an option asks for cannot be had.
    """
    given = tuple(annotated(data, options.most))
    taken = {source.category for source in given}
    own = (source for source in _own(options) if source.category not in taken)
    return (*given, *own)


def _own(options: ConceptOptions) -> Iterator[LabelSource]:
    for name, most in options.caps.items():
        if name in _OF_WORDS:
            labels_of, rule = _OF_WORDS[name]
            yield OfWords(name, Provenance.rule(rule), most, labels_of=labels_of)
        elif name in _OTHERS:
            sort, rule = _OTHERS[name]
            yield sort(name, Provenance.rule(rule), most)
