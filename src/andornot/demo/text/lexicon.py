"""The words of the demo language: their tags, their classes, and what the phrases mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from andornot.data.sentences.pairs import Sentence

TAGS: dict[str, str] = {
    word: tag
    for tag, words in {
        "DT": "a an the no none neither",
        "CD": "two",
        "EX": "there",
        "VBZ": "is",
        "VBP": "are",
        "RB": "not outside inside",
        "IN": "in on of with near before after",
        "NN": (
            "nobody nothing somebody man woman boy girl child person teacher farmer student chef "
            "doctor artist dog puppy cat kitten horse pony animal "
            "guitar piano violin trumpet flute banjo instrument "
            "football tennis basketball golf hockey cricket "
            "soup pizza bread cake pasta rice grass hay straw "
            "coffee tea water juice milk lemonade "
            "book newspaper letter magazine map poem "
            "bicycle skateboard motorcycle scooter tractor tricycle "
            "fence wall boat door car roof "
            "park beach street garden forest field kitchen bedroom office gym library garage "
            "shirt hat jacket coat dress sweater "
            "competition contest wedding party exam journey bone stick ball toy "
            "friend brother sister neighbour"
        ),
        "NNS": (
            "men women boys girls children people teachers farmers students chefs doctors artists "
            "dogs puppies cats kittens horses ponies animals sports"
        ),
        "VBG": (
            "playing eating drinking reading riding running walking jumping climbing hiking "
            "painting washing fixing cleaning repairing working "
            "sleeping napping resting dozing snoring relaxing watching happening"
        ),
        "JJ": (
            "young old blond slim little small big quick brown spotted "
            "red blue green black white yellow "
            "sad tall famous tired lonely hungry"
        ),
    }.items()
    for word in words.split()
}
"""The Penn Treebank tag of each word; the language is so small that no word has two."""

LIKE = "LIKE"

ALIKE: dict[str, tuple[str, ...]] = {
    words.split()[0]: tuple(words.split())
    for words in (
        "nobody nothing no none neither not",
        "person man woman boy girl child somebody",
        "people men women boys girls children",
        "teacher farmer student chef doctor artist",
        "teachers farmers students chefs doctors artists",
        "animal dog puppy cat kitten horse pony",
        "animals dogs puppies cats kittens horses ponies",
        "guitar piano violin trumpet flute banjo instrument",
        "football tennis basketball golf hockey cricket sports",
        "pizza soup bread cake pasta rice grass hay straw",
        "coffee tea water juice milk lemonade",
        "book newspaper letter magazine map poem",
        "bicycle skateboard motorcycle scooter tractor tricycle",
        "door fence wall boat car roof",
        "outside park beach street garden forest field",
        "inside kitchen bedroom office gym library garage",
        "shirt hat jacket coat dress sweater",
        "running walking jumping climbing hiking",
        "painting washing fixing cleaning repairing working",
        "sleeping napping resting dozing snoring relaxing",
        "red blue green black white yellow",
        "sad tall famous tired lonely hungry",
        "wedding party competition contest exam journey",
        "friend brother sister neighbour",
    )
}
"""Words that are alike, by the first of them: they become concepts ``LIKE(hyp:nobody)``.

They take the place of NEIGHBORS, which needs word vectors from more text than a demo has.
"""

NounKind = Literal["adult", "child", "animal"]


@dataclass(frozen=True)
class Noun:
    """Somebody to speak of.

    Attributes:
        one: the noun in the singular.
        two: in the plural.
        kind: what it may do and wear.
        wider: nouns (singular, plural) that are true of it as well.
        narrower: nouns that may be true of it or not.
        other: nouns that are not true of it.
    """

    one: str
    two: str
    kind: NounKind
    wider: tuple[tuple[str, str], ...]
    narrower: tuple[tuple[str, str], ...]
    other: tuple[tuple[str, str], ...]


_PEOPLE = (("person", "people"),)
_ANIMALS = (("animal", "animals"),)
_WORKERS = tuple(
    (name, name + "s") for name in ("teacher", "farmer", "student", "chef", "doctor", "artist")
)
_MAN, _WOMAN, _DOG, _CAT = ("man", "men"), ("woman", "women"), ("dog", "dogs"), ("cat", "cats")
_BOY, _GIRL, _CHILD = ("boy", "boys"), ("girl", "girls"), ("child", "children")
_PUPPY, _KITTEN = ("puppy", "puppies"), ("kitten", "kittens")
_HORSE, _PONY = ("horse", "horses"), ("pony", "ponies")

NOUNS: tuple[Noun, ...] = (
    Noun(*_MAN, "adult", _PEOPLE, _WORKERS, (_WOMAN, _GIRL, _CHILD)),
    Noun(*_WOMAN, "adult", _PEOPLE, _WORKERS, (_MAN, _BOY, _CHILD)),
    Noun(*_BOY, "child", (_CHILD, *_PEOPLE), (), (_GIRL, _WOMAN, _MAN)),
    Noun(*_GIRL, "child", (_CHILD, *_PEOPLE), (), (_BOY, _MAN, _WOMAN)),
    Noun(*_CHILD, "child", _PEOPLE, (_BOY, _GIRL), (_MAN, _WOMAN)),
    *(Noun(*name, "adult", _PEOPLE, (_MAN, _WOMAN), (_CHILD, _GIRL)) for name in _WORKERS),
    Noun(*_DOG, "animal", _ANIMALS, (_PUPPY,), (_CAT, _HORSE)),
    Noun(*_PUPPY, "animal", (_DOG, *_ANIMALS), (), (_KITTEN, _PONY)),
    Noun(*_CAT, "animal", _ANIMALS, (_KITTEN,), (_DOG, _HORSE)),
    Noun(*_KITTEN, "animal", (_CAT, *_ANIMALS), (), (_PUPPY, _PONY)),
    Noun(*_HORSE, "animal", _ANIMALS, (), (_DOG, _CAT)),
    Noun(*_PONY, "animal", _ANIMALS, (), (_DOG, _CAT)),
)

LOOKS: dict[NounKind, tuple[str, ...]] = {
    "adult": ("young", "old", "blond", "slim"),
    "child": ("little", "small", "blond", "slim"),
    "animal": ("small", "big", "brown", "spotted", "quick"),
}
"""Adjectives that premises use."""

COLOURS = ("red", "blue", "green", "black", "white", "yellow")
GARMENTS = ("shirt", "hat", "jacket", "coat", "dress", "sweater")


@dataclass(frozen=True)
class Doing:
    """What somebody does.

    Attributes:
        text: in words.
        wider: what it means that they do, in fewer words; empty if there are none.
        sort: two doings of different sorts exclude each other: one does one thing at a time.
    """

    text: str
    wider: str
    sort: str


def _doings(sort: str, wider: str, *patterns: str) -> tuple[Doing, ...]:
    """Every pattern with each of the words that stand in it with strokes between."""
    found = []
    for pattern in patterns:
        before, _, rest = pattern.rpartition(" ")
        found += [Doing(f"{before} {word}".strip(), wider, sort) for word in rest.split("|")]
    return tuple(found)


_REST = _doings("rest", "resting", "sleeping|napping|resting|dozing|snoring|relaxing")
_TRADES = ("painting", "washing", "fixing", "cleaning", "repairing")
_MOTION = _doings("motion", "", "running|walking|jumping|climbing|hiking")

SLEEPING = _REST[0]

_PEOPLES = (
    *_doings("music", "playing an instrument",
             "playing the guitar|piano|violin|trumpet|flute|banjo"),
    *_doings("sport", "playing sports", "playing football|tennis|basketball|golf|hockey|cricket"),
    *_doings("meal", "eating", "eating soup|pizza|bread|cake|pasta|rice"),
    *_doings("drink", "drinking", "drinking coffee|tea|water|juice|milk|lemonade"),
    *_doings("reading", "reading", "reading a book|newspaper|letter|magazine|map|poem"),
    *_doings("ride", "riding", "riding a bicycle|skateboard|motorcycle|scooter|tricycle|tractor"),
    *_doings("work", "working", *(f"{verb} a fence|wall|boat|door|car|roof" for verb in _TRADES)),
    *_MOTION,
    *_REST,
)  # fmt: skip
_ANIMALS_DO = (
    *_doings("meal", "eating", "eating grass|hay|straw|bread"),
    *_doings("drink", "drinking", "drinking water|milk"),
    *_doings("toy", "playing", "playing with a ball|stick|toy|bone"),
    *_MOTION,
    *_REST,
)
DOINGS: dict[NounKind, tuple[Doing, ...]] = {
    "adult": _PEOPLES, "child": _PEOPLES, "animal": _ANIMALS_DO,
}  # fmt: skip


@dataclass(frozen=True)
class PlaceName:
    """Where something happens: its words, and whether that is ``outside`` or ``inside``."""

    text: str
    wider: Literal["outside", "inside"]


PLACES: tuple[PlaceName, ...] = (
    *(PlaceName(f"in the {name}", "outside") for name in ("park", "garden", "forest")),
    *(PlaceName(f"on the {name}", "outside") for name in ("beach", "street", "field")),
    *(PlaceName(f"in the {name}", "inside")
      for name in ("kitchen", "bedroom", "office", "gym", "library", "garage")),
)  # fmt: skip

MOODS = ("sad", "tall", "famous", "tired", "lonely", "hungry")
"""Adjectives that no picture shows: annotators add them to be on the safe side of neutral."""

ANIMAL_MOODS = ("sad", "tired", "lonely", "hungry")
COMPANIONS = ("friend", "brother", "sister", "neighbour")

OCCASIONS = ("competition", "contest", "wedding", "party", "exam", "journey")
"""What no picture shows, after ``before a`` and ``after a``."""


def sentence(text: str) -> Sentence:
    """A sentence of the language, tagged, with a capital letter.

    Args:
        text: its words in lower case with blanks between them. ``a`` becomes ``an`` where the
            next word wants it.

    Raises:
        KeyError: a word does not belong to the language.
    """
    words = text.split()
    for i, following in enumerate(words[1:]):
        if words[i] == "a" and following[0] in "aeiou":
            words[i] = "an"
    tags = tuple(TAGS[word] for word in words)
    return Sentence((words[0].capitalize(), *words[1:]), tags)
