"""All sources of a run: those of the data, then what any text has by itself. Add a source here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from andornot.concepts.provenance import Provenance
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.labels import places, words
from andornot.data.sequences.labels.annotated import annotated
from andornot.data.sequences.labels.expressions import Expressions
from andornot.data.sequences.labels.inside import Inside
from andornot.data.sequences.labels.parsed import parsed_by
from andornot.data.sequences.labels.repeated import WORD, Repeated
from andornot.data.sequences.labels.wordnet import Classes
from andornot.data.sequences.options import ConceptOptions
from andornot.data.sequences.view import LabelSource
from andornot.errors import OptionError, quoted

_OF_WORDS: Final[dict[str, tuple[words.OfWord, str]]] = {
    "word": (words.word_of, "words that occur"),
    "case": (words.case_of, "upper and lower case"),
    "digits": (words.digits_of, "digits in words"),
    "shape": (words.shape_of, "shapes of numbers"),
    "sign": (words.signs_of, "sorts of signs"),
    "prefix": (words.prefixes_of, "beginnings of words"),
    "suffix": (words.suffixes_of, "ends of words"),
    "script": (words.scripts_of, "scripts by Unicode's names of letters"),
}
"""Labels that a word has by its letters alone, and the rule in words."""

_OTHERS: Final[dict[str, tuple[Callable[..., LabelSource], str]]] = {
    "token": (places.NetworkToken, "the network's tokens"),
    "piece": (places.PieceOfWord, "place in the word"),
    "space": (places.Space, "line breaks and other space"),
    "line": (places.InLine, "place in the line"),
    "sentence": (places.InSentence, "place in the sentence"),
    "window": (places.InWindow, "place in what the network reads at once"),
    "inside": (Inside, "between marks, and in parts of a text"),
}
"""Labels that need more of the document than a word."""


def sources_of(data: SequenceData, options: ConceptOptions) -> tuple[LabelSource, ...]:
    """The sources that options ask for, in the order of the table's concepts.

    Where the data have a layer or labels that are called like a source of the text's own, such as
    ``word``, these are people's and stay; the rule is left out.

    Raises:
        OptionError: what an option asks for cannot be had.
    """
    # the defaults of ``OWN`` are for rules; a cap that somebody gave is for whoever has the name
    caps = {} if options.own is None else options.caps
    given = tuple(annotated(data, options.most, caps))
    taken = {source.category for source in given}
    own = (source for source in _own(data, options) if source.category not in taken)
    return (*given, *own)


def _own(data: SequenceData, options: ConceptOptions) -> Iterator[LabelSource]:
    for name, most in options.caps.items():
        if name in _OF_WORDS:
            labels_of, rule = _OF_WORDS[name]
            yield words.OfWords(name, Provenance.rule(rule), most, labels_of=labels_of)
        elif name in _OTHERS:
            sort, rule = _OTHERS[name]
            yield sort(name, Provenance.rule(rule), most)
        else:
            layers = _repeated_layers(data, options)
            yield Repeated(name, Provenance.rule("what occurred before"), most, layers=layers)
    if options.regexes:
        yield Expressions.of(dict(options.regexes), options.regex_seconds)
    if options.spacy is not None:
        yield from parsed_by(options.spacy, options.most)
    if options.wordnet is not None:
        yield Classes.of(options.wordnet, options.hypernyms, options.most)


def _repeated_layers(data: SequenceData, options: ConceptOptions) -> tuple[str, ...]:
    """The layers of which it is asked whether their labels occurred before."""
    known = dict.fromkeys([WORD, *(name for own in data.documents for name in own.layers)])
    for layer in options.repeats:
        if layer not in known:
            raise OptionError(
                f"repeats has {quoted(layer)} in it, which is no layer of the data; choose among "
                f"{', '.join(known)}"
            )
    return tuple(dict.fromkeys(options.repeats))
