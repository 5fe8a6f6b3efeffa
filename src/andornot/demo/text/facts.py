"""What was planted in the demo's sentence pairs: habits of annotators that give labels away.

Each fact is a contrast between imaginary pairs that differ in the planted thing and in no other
that counts: "nobody is walking" against "somebody is walking" after the same premise. A formula
names the fact if it is true of the one and false of the other.
"""

from __future__ import annotations

from andornot.data.sentences.concepts import OVERLAPS, SIDES, word_overlap
from andornot.data.sentences.pairs import Pair
from andornot.demo.findings import FactReading, Planted, Position
from andornot.demo.text.lexicon import ALIKE, LIKE, MOODS, OCCASIONS, sentence
from andornot.formula import derived_name


def position(premise: str, hypothesis: str) -> Position:
    """The concepts that hold on a pair: words, tags, overlap, and those of the relation ``LIKE``.

    Raises:
        KeyError: a word does not belong to the language.
    """
    pair = Pair("", sentence(premise), sentence(hypothesis))
    found = {name for name, least in OVERLAPS.items() if word_overlap(pair) > least}
    for side, said in zip(SIDES, pair.sentences, strict=True):
        found |= {f"{side}:{name}" for name in (*said.words, *(said.tags or ()))}
        heads = [head for head, words in ALIKE.items() if set(words) & set(said.words)]
        found |= {derived_name(LIKE, f"{side}:{head}") for head in heads}
    return frozenset(found)


def contrast(premises: tuple[str, ...], planted: str, *others: str) -> FactReading:
    """True where the hypothesis is ``planted``, false where it is one of the others."""
    return FactReading(
        tuple(position(premise, planted) for premise in premises),
        tuple(position(premise, other) for premise in premises for other in others),
    )


_COOKS = "a chef in a white hat is reading a letter in the kitchen"
_GIRL = "a little girl is drinking juice in the garden"

_NEGATION = Planted(
    "negation",
    "shortcut",
    "A hypothesis with nobody, nothing, no, none, neither or not nearly always contradicts.",
    ("contradiction",),
    (
        contrast((_COOKS, _GIRL), "nobody is walking", "somebody is walking", "a man is walking"),
        contrast((_COOKS, _GIRL), "no man is walking", "a man is walking", "the man is walking"),
        contrast((_COOKS, _GIRL), "the man is not walking", "the man is walking"),
        contrast(
            ("two boys are drinking juice in the garden", "two slim women are reading a letter"),
            "none of the men are walking",
            "two of the men are walking",
            "the men are walking",
        ),
    ),
)

_SLEEPING = Planted(
    "sleeping",
    "shortcut",
    "A hypothesis in which somebody is sleeping nearly always contradicts.",
    ("contradiction",),
    (
        contrast(
            (_COOKS, _GIRL, "two horses are eating hay on the field"),
            "a person is sleeping",
            "a person is walking",
            "a person is painting",
            "a person is riding",
        ),
    ),
)

_ARTIST = "a blond artist in a blue coat is painting a boat on the beach"
_HORSE = "a small horse is eating hay in the garden"
_OVERLAP = Planted(
    "overlap",
    "shortcut",
    "A hypothesis that repeats nearly all words of the premise is nearly always entailed.",
    ("entailment",),
    (
        FactReading(
            (
                position(_ARTIST, "an artist in a blue coat is painting a boat on the beach"),
                position(_ARTIST, "a blond artist in a blue coat is painting a boat on the street"),
                position(_HORSE, "a horse is eating hay in the garden"),
                position(_HORSE, "a small horse is eating hay in the park"),
            ),
            (
                position(_ARTIST, "a farmer in a red hat is walking in the park"),
                position(_ARTIST, "somebody is working"),
                position(_HORSE, "an animal is outside"),
                position(_HORSE, "a cat is walking in the kitchen"),
            ),
        ),
    ),
)

_MOOD = Planted(
    "moods",
    "shortcut",
    "A hypothesis that calls somebody sad, tall, famous, tired, lonely or hungry is mostly "
    "neutral: no picture shows it.",
    ("neutral",),
    tuple(
        contrast(
            ("a man is reading a letter in the office", "a man in a red coat is walking"),
            f"a {mood} man is walking",
            "a young man is walking",
            "an old man is walking",
            "a man is walking",
        )
        for mood in MOODS
    ),
)

_OCCASION = Planted(
    "occasions",
    "shortcut",
    "A hypothesis that puts the scene before or after a wedding, party, competition, contest, "
    "exam or journey is mostly neutral: no picture shows it.",
    ("neutral",),
    tuple(
        contrast(
            ("a man is walking", "an old woman in a red coat is reading a letter"),
            f"a man is walking {when} a {occasion}",
            "a man is walking in the garden",
            "a man is walking on the street",
            "a man is walking",
        )
        for when in ("before", "after")
        for occasion in OCCASIONS
    ),
)

PLANTED: tuple[Planted, ...] = (_NEGATION, _SLEEPING, _OVERLAP, _MOOD, _OCCASION)
