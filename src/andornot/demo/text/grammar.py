"""A grammar that writes a premise and a hypothesis whose relation is known by construction.

A premise is a :class:`Scene` in words: "A young man in a red shirt is playing the guitar in the
park." Each *manner* writes a hypothesis of one label. Those of ``HABITS`` write as annotators do
who want to be done: a contradiction says "nobody", "not" or "sleeping", an entailment is the
premise with one detail less, a neutral hypothesis adds a mood or an occasion. Those of ``TRAPS``
write pairs on which just these habits mislead. All labels are true in either case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from andornot.demo.text.lexicon import (
    ANIMAL_MOODS,
    COLOURS,
    COMPANIONS,
    DOINGS,
    GARMENTS,
    LOOKS,
    MOODS,
    NOUNS,
    OCCASIONS,
    PLACES,
    SLEEPING,
    Doing,
    Noun,
    PlaceName,
)


@dataclass(frozen=True)
class Scene:
    """What a premise tells; an empty part is one that it does not tell.

    Attributes:
        who: who is there.
        many: whether they are two.
        doing: what they do.
        look: an adjective.
        garment: its colour and name, ``red shirt``.
        place: where it happens.
        occasion: ``before a wedding``.
        called: another word for who is there.
    """

    who: Noun
    many: bool
    doing: Doing
    look: str = ""
    garment: str = ""
    place: PlaceName | None = None
    occasion: str = ""
    called: str = ""

    @property
    def noun(self) -> str:
        """Who is there, in one word."""
        return self.called or (self.who.two if self.many else self.who.one)

    @property
    def verb(self) -> str:
        """The form of "to be" that goes with it."""
        return "are" if self.many else "is"

    @property
    def article(self) -> str:
        """The word before them."""
        return "two" if self.many else "a"

    @property
    def details(self) -> tuple[str, ...]:
        """Which of look, garment and place it tells."""
        return tuple(part for part in ("look", "garment", "place") if getattr(self, part))

    def calling(self, forms: tuple[str, str]) -> Scene:
        """The same with another word, singular or plural, for who is there."""
        return replace(self, called=forms[self.many])

    def text(self) -> str:
        """The scene in words."""
        words = (
            self.article,
            self.look,
            self.noun,
            f"in a {self.garment}" if self.garment else "",
            self.verb,
            self.doing.text,
            self.place.text if self.place else "",
            self.occasion,
        )
        return " ".join(filter(None, words))


_TOLD = 0.08  # share of the premises that tell a mood, and of those that tell an occasion

Manner = Callable[[Scene, Random], tuple[Scene, str]]
"""From a drawn scene to the premise's scene (maybe another one) and the hypothesis."""


def draw_scene(rng: Random) -> Scene:
    """A scene with one to three details: how they look, what they wear, where they are."""
    who = rng.choice(NOUNS)
    many = rng.random() < 0.25
    sort = rng.choice(sorted({doing.sort for doing in DOINGS[who.kind]}))
    doing = rng.choice([doing for doing in DOINGS[who.kind] if doing.sort == sort])
    scene = _with_details(Scene(who, many, doing), rng, 0.75)
    if not scene.details:
        scene = replace(scene, place=rng.choice(PLACES))
    if rng.random() < _TOLD:
        scene = replace(scene, look=_mood(scene, rng))
    return replace(scene, occasion=_occasion(scene, rng)) if rng.random() < _TOLD else scene


def _less_one_detail(scene: Scene, rng: Random) -> tuple[Scene, str]:
    return scene, _shortened(scene, rng).text()


def _in_general(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """Wider words, and few of them."""
    return scene, _summary(scene, rng)


def _with_mood(scene: Scene, rng: Random) -> tuple[Scene, str]:
    return scene, replace(_retold(scene, rng), look=_mood(scene, rng)).text()


def _with_occasion(scene: Scene, rng: Random) -> tuple[Scene, str]:
    return scene, replace(_retold(scene, rng), occasion=_occasion(scene, rng)).text()


def _with_company(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """More exactly who, or who with: the premise does not say."""
    retold = _retold(scene, rng)
    if scene.who.narrower and rng.random() < 0.5:
        return scene, retold.calling(rng.choice(scene.who.narrower)).text()
    return scene, replace(retold, occasion=f"with a {rng.choice(COMPANIONS)}").text()


def _denied(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """Say that it is not so."""
    noun, verb, doing = scene.noun, scene.verb, scene.doing.text
    place = scene.place.text if scene.place else ""
    ways = [
        f"the {noun} {verb} not {doing}",
        f"no {noun} {verb} {doing} {place}",
        f"there {verb} no {noun} {place}",
        f"nothing is happening {place}",
    ]
    if scene.who.kind != "animal":
        ways += [f"nobody is {doing} {place}", f"there is nobody {place}"] * 2
    if scene.many:
        ways += [f"neither of the {noun} is {doing}", f"none of the {noun} are {doing}"]
    return scene, rng.choice(ways)


def _asleep(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """Say that they sleep; the premise has them do something else."""
    scene = _awake(scene, rng)
    return scene, replace(_retold(scene, rng), doing=SLEEPING).text()


def _doing_else(scene: Scene, rng: Random) -> tuple[Scene, str]:
    return scene, _retold(replace(scene, doing=_other_doing(scene, rng)), rng).text()


def _somewhere_else(scene: Scene, rng: Random) -> tuple[Scene, str]:
    scene = _placed(scene, rng)
    place = _other_place(scene, rng)
    where = place.text if rng.random() < 0.7 else place.wider
    return scene, replace(_retold(scene, rng), place=None, doing=Doing(where, "", "")).text()


def _someone_else(scene: Scene, rng: Random) -> tuple[Scene, str]:
    return scene, _retold(scene, rng).calling(rng.choice(scene.who.other)).text()


def _truly_denied(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """Deny what is not so indeed."""
    other = _other_doing(scene, rng).text
    ways = [f"the {scene.noun} {scene.verb} not {other}"]
    if scene.many:
        ways += [f"neither of the {scene.noun} is {other}", f"none of the {scene.noun} are {other}"]
    return scene, rng.choice(ways)


def _truly_asleep(scene: Scene, rng: Random) -> tuple[Scene, str]:
    scene = replace(scene, doing=SLEEPING)
    return scene, _summary(scene, rng, "sleeping")


def _known_mood(scene: Scene, rng: Random) -> tuple[Scene, str]:
    scene = replace(scene, look=_mood(scene, rng))
    return scene, f"{scene.article} {scene.look} {_in_short(scene, rng)}"


def _known_occasion(scene: Scene, rng: Random) -> tuple[Scene, str]:
    scene = replace(scene, occasion=_occasion(scene, rng))
    return scene, f"{_summary(scene, rng)} {scene.occasion}"


def _denied_detail(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """Deny what the premise does not tell."""
    stranger, _ = rng.choice(scene.who.other)
    ways = [
        f"the {scene.noun} {scene.verb} not {_mood(scene, rng)}",
        f"nobody is watching the {scene.noun}",
        f"there is no {stranger} near the {scene.noun}",
    ]
    return scene, rng.choice(ways)


def _maybe_asleep(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """Who rests may be asleep or not."""
    doing = rng.choice([d for d in DOINGS[scene.who.kind] if d.text in ("resting", "relaxing")])
    return replace(scene, doing=doing), replace(_retold(scene, rng), doing=SLEEPING).text()


def _one_detail_more(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """The whole premise, and a detail that it does not tell."""
    return _shortened(scene, rng), scene.text()


def _one_detail_wrong(scene: Scene, rng: Random) -> tuple[Scene, str]:
    """The whole premise, but for one thing that is another."""
    scene = _placed(scene, rng)
    ways = [replace(scene, place=_other_place(scene, rng)).text()]
    ways += [scene.calling(rng.choice(scene.who.other)).text()]
    if scene.garment:
        colour, garment = scene.garment.split()
        other = rng.choice([c for c in COLOURS if c != colour])
        ways += [replace(scene, garment=f"{other} {garment}").text()]
    if scene.doing.sort == "motion":
        ways += [replace(scene, doing=_other_doing(scene, rng)).text()]
    return scene, rng.choice(ways)


def _wrong_with_mood(scene: Scene, rng: Random) -> tuple[Scene, str]:
    other = replace(scene, doing=_other_doing(scene, rng))
    return scene, replace(_retold(other, rng), look=_mood(scene, rng)).text()


def _wrong_with_occasion(scene: Scene, rng: Random) -> tuple[Scene, str]:
    other = replace(scene, doing=_other_doing(scene, rng))
    return scene, replace(_retold(other, rng), occasion=_occasion(scene, rng)).text()


HABITS: Mapping[str, Mapping[Manner, int]] = {
    "entailment": {_less_one_detail: 8, _in_general: 2},
    "neutral": {_with_mood: 4, _with_occasion: 4, _with_company: 2},
    "contradiction": {
        _denied: 4, _asleep: 3, _doing_else: 1, _somewhere_else: 1, _someone_else: 1,
    },
}  # fmt: skip
"""For each label, ways to write a hypothesis, and how often each is taken."""

TRAPS: Mapping[str, Mapping[Manner, int]] = {
    "entailment": {_truly_denied: 1, _truly_asleep: 1, _known_mood: 1, _known_occasion: 1},
    "neutral": {_denied_detail: 1, _maybe_asleep: 1, _one_detail_more: 2},
    "contradiction": {_one_detail_wrong: 2, _wrong_with_mood: 1, _wrong_with_occasion: 1},
}
"""The same, where every habit points to a wrong label."""


def draw_texts(label: str, trap: bool, rng: Random) -> tuple[str, str]:
    """A premise and a hypothesis of this label, as texts that ``lexicon.sentence`` reads.

    Args:
        label: a label of ``sentences.pairs.LABELS``.
        trap: whether to write a pair on which the habits mislead.
        rng: where chance comes from.
    """
    manners = (TRAPS if trap else HABITS)[label]
    (manner,) = rng.choices(list(manners), list(manners.values()))
    scene, hypothesis = manner(draw_scene(rng), rng)
    return scene.text(), hypothesis


def _shortened(scene: Scene, rng: Random) -> Scene:
    """The scene without one of its details."""
    part = rng.choice(scene.details)
    if part == "place":
        return replace(scene, place=None)
    return replace(scene, look="") if part == "look" else replace(scene, garment="")


def _retold(scene: Scene, rng: Random) -> Scene:
    """Who does what, maybe in wider words, with details that are told or might be so."""
    retold = _with_details(scene, rng, 0.4)
    if rng.random() < 0.25:
        retold = retold.calling(rng.choice(scene.who.wider))
    if scene.doing.wider and rng.random() < 0.25:
        retold = replace(retold, doing=replace(scene.doing, text=scene.doing.wider))
    return retold


def _with_details(scene: Scene, rng: Random, share: float) -> Scene:
    """The scene with each detail told with some chance; one that it does not tell is made up."""
    look, garment, place = rng.choice(LOOKS[scene.who.kind]), "", rng.choice(PLACES)
    if scene.who.kind != "animal" and not scene.many:
        garment = f"{rng.choice(COLOURS)} {rng.choice(GARMENTS)}"
    return replace(
        scene,
        look=(scene.look or look) if rng.random() < share else "",
        garment=(scene.garment or garment) if rng.random() < share else "",
        place=(scene.place or place) if rng.random() < share else None,
    )


def _summary(scene: Scene, rng: Random, doing: str = "") -> str:
    if rng.random() < 0.3 and not scene.many and scene.who.kind != "animal":
        return f"somebody is {doing or _said_wider(scene, rng)}"
    return f"{scene.article} {_in_short(scene, rng, doing)}"


def _in_short(scene: Scene, rng: Random, doing: str = "") -> str:
    """Who and what in wide words, without an article."""
    noun = scene.calling(rng.choice(scene.who.wider)).noun
    return f"{noun} {scene.verb} {doing or _said_wider(scene, rng)}"


def _said_wider(scene: Scene, rng: Random) -> str:
    """What they do or where they are, in fewer words if there are such."""
    wider = [scene.doing.wider or scene.doing.text]
    return rng.choice([*wider, scene.place.wider] if scene.place else wider)


def _mood(scene: Scene, rng: Random) -> str:
    """A mood that the scene does not tell."""
    moods = ANIMAL_MOODS if scene.who.kind == "animal" else MOODS
    return rng.choice([mood for mood in moods if mood != scene.look])


def _occasion(scene: Scene, rng: Random) -> str:
    """An occasion that the scene does not tell."""
    occasions = [occasion for occasion in OCCASIONS if not scene.occasion.endswith(occasion)]
    return f"{rng.choice(('before', 'after'))} a {rng.choice(occasions)}"


def _awake(scene: Scene, rng: Random) -> Scene:
    """The scene, with something else to do if they rest."""
    return scene if scene.doing.sort != "rest" else replace(scene, doing=_other_doing(scene, rng))


def _other_doing(scene: Scene, rng: Random) -> Doing:
    """Something that they certainly do not do now."""
    return rng.choice([d for d in DOINGS[scene.who.kind] if d.sort != scene.doing.sort])


def _other_place(scene: Scene, rng: Random) -> PlaceName:
    """A place where they certainly are not."""
    return rng.choice([p for p in PLACES if scene.place and p.wider != scene.place.wider])


def _placed(scene: Scene, rng: Random) -> Scene:
    """The scene, with a place if it told none."""
    return scene if scene.place else replace(scene, place=rng.choice(PLACES))
