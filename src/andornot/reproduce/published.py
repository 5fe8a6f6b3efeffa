"""What the paper says in numbers and words: Mu & Andreas 2020, the text of the main paper.

Formulas stand as printed, with brackets where the paper leaves the grouping to the reader; each is
built from the left, concept by concept. Tolerances are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andornot.reproduce.comparability import DATA, LAYER, PEOPLE, UNIT
from andornot.reproduce.figure import Claim

SIZES, LENGTHS, ACCURACY = "What was looked at", "IoU by length", "IoU and accuracy"
KINDS, UNITS, WEIGHTS = "Kinds of units", "Named units", "Weights of named units"
SCENES, SENTENCES = "Units that speak for a scene", "Copy-paste sentences"
DISTINCT = "Distinct explanations"

_PIXELS = (
    "the published code estimates the quantile from a sketch of the activations, divides all "
    "colour channels by one number (0.224) and enlarges maps with Pillow, and its beam keeps "
    "copies of a formula (--profile mu2020 repeats the last)"
)
_WORDS = (
    "tags come from another tagger than the paper's, NEIGHBORS from other word vectors, and the "
    "published code leaves to chance which of equally frequent words are among the 2,000"
)
_ACTIVE = (
    "the published code calls a unit active on an image by its map before it is enlarged, and "
    "knows its scenes by a list of its own; here names of scenes are compared, and a position of "
    f"the enlarged map must be active; besides, {_PIXELS}"
)
_DRAWN = "the paper draws it and states no number in its text"
_APPENDIX = "the paper reports it in its appendix, which was not at hand"
_SAME = "this is what the experiment is made of, so it must be the same"
_SCENES = "the paper sums up in words what Figure 8 shows, so compare with your own eyes"
_TRAINED = (
    "a network that is trained again is another one; tags, word vectors and rare words differ too"
)


@dataclass(frozen=True)
class UnitClaim:
    """What the paper says of a unit.

    Attributes:
        unit: its number.
        formula: the published formula; None if it is about the best one of a length.
        length: most concepts of the formula.
        iou: its IoU.
        place: figure of the paper.
        weights: of the unit to entailment, neutral, contradiction, where given.
    """

    unit: int
    formula: str | None
    length: int
    iou: float
    place: str
    weights: tuple[float, float, float] | None = None

    def claim(self, why: str) -> Claim:
        """The claim about its IoU; a small one has less room."""
        room = round(min(max(0.2 * self.iou, 0.002), 0.02), 3)
        what = self.formula or f"the best formula of length {self.length}"
        name = f"unit {self.unit}: {what}"
        return Claim(UNITS, name, self.place, self.iou, room, UNIT, why)

    def weight_claim(self) -> Claim:
        """The claim about its weights."""
        name = f"unit {self.unit}: to entailment, neutral, contradiction"
        return Claim(WEIGHTS, name, self.place, self.weights, 0.001, UNIT, _ROUNDED)


_ROUNDED = "weights are read off the network, so more than rounding means another network"


VISION_LENGTH: Final = 10
"""Concepts in the formulas of the vision experiment (Section 4)."""

N_IMAGES = Claim(SIZES, "images", "index of the published code", 22_210, 0, DATA, _SAME)
N_CONCEPTS = Claim(SIZES, "concepts that occur", "Section 3", 1_105, 0, DATA, _SAME)
N_CHANNELS = Claim(SIZES, "units of the layer", "Section 3", 512, 0, UNIT, _SAME)

VISION_MEANS = {
    1: Claim(LENGTHS, "mean IoU, length 1", "Section 4, Figure 3", 0.059, 0.005, LAYER, _PIXELS),
    10: Claim(LENGTHS, "mean IoU, length 10", "Section 4, Figure 3", 0.099, 0.005, LAYER, _PIXELS),
}
VISION_GAIN = Claim(LENGTHS, "gain from length 1 to 10", "Section 4", 0.68, 0.10, LAYER, _PIXELS)
VISION_R = Claim(
    ACCURACY, "Pearson's r, length 10", "Section 5, Figure 7", 0.31, 0.08, LAYER, _ACTIVE
)
VISION_TREND = Claim(
    ACCURACY, "r with longer formulas", "Section 5, Figure 7", "rises", None, LAYER, _ACTIVE
)

MEANINGFUL = Claim(KINDS, "meaningful, of all", "Section 4", 0.69, 0.08, PEOPLE, "")
KINDS_OF_MEANINGFUL = {
    "coherent": (
        Claim(KINDS, "of these: coherent to the eye and in words", "Section 4", 0.57, 0.10,
               PEOPLE, ""),
        "here: in words",
    ),
    "incoherent": (
        Claim(KINDS, "of these: coherent to the eye only", "Section 4", 0.32, 0.10, PEOPLE, ""),
        "here: not coherent in words; whether to the eye, words do not tell",
    ),
    "specialisation": (
        Claim(KINDS, "of these: specialisation", "Section 4", 0.12, 0.07, PEOPLE, ""),
        "here: any formula of the form L1 AND NOT L2, which long formulas often are",
    ),
}  # fmt: skip
"""The kinds of meaningful units, each with what stands for it here."""

POLYSEMANTIC = Claim(KINDS, "polysemantic, of all", "Section 4", 0.31, 0.08, PEOPLE, "")

_FIELDS = (
    "(bullring OR pitch OR volleyball court OR batters box OR baseball stadium OR baseball field "
    "OR tennis court OR badminton court) AND NOT football field AND NOT railing"
)

VISION_UNITS = (
    UnitClaim(106, None, 1, 0.05, "Figure 4"),
    UnitClaim(106, None, 3, 0.12, "Figure 4"),
    UnitClaim(106, None, 10, 0.17, "Figure 4"),
    UnitClaim(106, "bullring", 1, 0.05, "Figure 4"),
    UnitClaim(106, _FIELDS, 10, 0.17, "Figure 4"),
    UnitClaim(483, "(water OR river) AND NOT blue", 3, 0.16, "Figure 1"),
    UnitClaim(483, "(water OR river) AND NOT blue", 3, 0.13, "Figure 5"),
    UnitClaim(483, "water OR river", 2, 0.15, "Figure 1"),
    UnitClaim(483, "water", 1, 0.14, "Figure 1"),
    UnitClaim(483, "river", 1, 0.08, "Figure 1"),
    UnitClaim(483, "blue", 1, 0.006, "Figure 1"),
    UnitClaim(483, "NOT blue", 1, 0.004, "Figure 1"),
    UnitClaim(192, "skyscraper OR lighthouse OR water tower", 3, 0.06, "Figure 5"),
    UnitClaim(310, "sink OR bathtub OR toilet", 3, 0.16, "Figure 5"),
    UnitClaim(432, "attic AND NOT floor AND NOT bed", 3, 0.15, "Figure 5"),
    UnitClaim(102, "cradle OR autobus OR fire escape", 3, 0.12, "Figure 5"),
    UnitClaim(321, "ball pit OR orchard OR bounce game", 3, 0.12, "Figure 5"),
    UnitClaim(439, "bakery OR bank vault OR shopfront", 3, 0.08, "Figure 5"),
    UnitClaim(314, "operating room OR castle OR bathroom", 3, 0.05, "Figure 5"),
)
VISION_UNIT_WHY = f"the paper prints two digits; besides, {_PIXELS}"

SCENE_UNITS = {
    "swimming_hole": Claim(
        SCENES, "swimming hole", "Section 6, Figure 8", "water, foliage, rivers", None, PEOPLE,
        _SCENES,
    ),
    "fire_escape": Claim(
        SCENES, "fire escape", "Section 6, Figure 8", "houses, staircases, fire escape", None,
        PEOPLE, _SCENES,
    ),
    "clean_room": Claim(
        SCENES, "clean room", "Section 6, Figure 8", "one also detects ice and igloos", None,
        PEOPLE, _SCENES,
    ),
}  # fmt: skip
"""What the paper says of the units that speak most for a scene, by the network's name of it."""


def distinct(length: int, appendix: str) -> Claim:
    """How many different explanations there are at a length, of which the text states none."""
    return Claim(
        DISTINCT, f"distinct formulas, length {length}", f"Appendix {appendix}", None, None, LAYER,
        _APPENDIX,
    )  # fmt: skip


NLI_LENGTH: Final = 5
"""Concepts in the formulas of the NLI examples (Figures 6 and 9)."""

N_PAIRS = Claim(SIZES, "sentence pairs", "Section 3", 10_000, 0, DATA, _SAME)
N_NEURONS = Claim(SIZES, "units of the layer", "Section 3", 1_024, 0, LAYER, _SAME)
N_RELIABLE = Claim(
    SIZES, "units active on 500 pairs or more", "Section 3", None, None, LAYER,
    "the paper says that it keeps those, not how many they are",
)  # fmt: skip

NLI_MEANS = {
    n: Claim(LENGTHS, f"mean IoU, length {n}", "Figure 3, right", None, None, LAYER, _DRAWN)
    for n in (1, 3, 5)
}
NLI_GROWTH = Claim(
    LENGTHS, "IoU with longer formulas", "Section 4, Figure 3", "rises", None, LAYER, _TRAINED
)
NLI_R = Claim(
    ACCURACY, "Pearson's r, length 3", "Section 5, Figure 7", -0.60, 0.10, LAYER, _TRAINED
)
NLI_TREND = Claim(
    ACCURACY, "r with longer formulas", "Section 5, Figure 7", "weaker", None, LAYER, _TRAINED
)
NLI_RIGHT = Claim(
    ACCURACY, "accuracy on labelled pairs", "predictions of the published code", 0.788, 0.005, UNIT,
    "the published predictions are of sentences split by another tokeniser",
)  # fmt: skip

NLI_UNITS = (
    UnitClaim(
        870,
        "(((NOT hyp:man AND pre:man) OR hyp:eating) AND NOT pre:woman) OR hyp:dancing",
        5, 0.123, "Figure 6", (-0.046, -0.021, 0.040),
    ),
    UnitClaim(
        15,
        "(hyp:eating OR hyp:sitting OR hyp:sleeping OR hyp:sits) AND NOT pre:sits",
        5, 0.239, "Figures 6, 9", (-0.083, -0.059, 0.086),
    ),
    UnitClaim(
        99,
        "(NOT hyp:JJ AND overlap-75% AND NOT pre:people) OR pre:basket OR pre:tv",
        5, 0.118, "Figure 6", (0.043, -0.029, -0.021),
    ),
    UnitClaim(
        473,
        "NOT hyp:sleeping AND (pre:NN OR pre:NNS) AND NOT hyp:alone AND NOT hyp:nobody",
        5, 0.586, "Figure 6", (0.020, 0.016, -0.050),
    ),
    UnitClaim(
        39,
        "hyp:nobody AND NOT pre:hair AND NOT pre:RB AND NOT pre:'s",
        5, 0.465, "Figure 9", (-0.117, -0.053, 0.047),
    ),
    UnitClaim(
        133,
        "NEIGHBORS(hyp:couch) OR hyp:inside OR hyp:home OR hyp:indoors OR hyp:eating",
        5, 0.202, "Figure 9", (-0.125, -0.024, 0.088),
    ),
    UnitClaim(
        941,
        "hyp:inside OR hyp:not OR hyp:indoors OR hyp:moving OR hyp:something",
        5, 0.151, "Figure 9", (0.086, -0.030, -0.023),
    ),
)  # fmt: skip
NLI_UNIT_WHY = _WORDS


@dataclass(frozen=True)
class SentenceClaim:
    """An edited sentence pair of Figure 9.

    Attributes:
        unit: the unit that it is aimed at.
        before: premise and hypothesis.
        after: the same, edited.
        answers: what the network said before and after.
        truth: the true classes before and after.
    """

    unit: int
    before: tuple[str, str]
    after: tuple[str, str]
    answers: tuple[str, str]
    truth: tuple[str, str]

    def claim(self) -> Claim:
        """The claim about the network's answers."""
        side = "hypothesis" if self.before[0] == self.after[0] else "premise"
        text = self.after[side == "hypothesis"]
        name = f'unit {self.unit}, {side} becomes "{text}": answers'
        return Claim(SENTENCES, name, "Figure 9", " to ".join(self.answers), None, UNIT, _SPLIT)


_SPLIT = "the paper's sentences are split into words by our own rule"
_ENTAILS, _NEUTRAL, _CONTRADICTS = "entailment", "neutral", "contradiction"

NLI_SENTENCES = (
    SentenceClaim(
        39,
        ("Three women prepare a meal in a kitchen.", "The ladies are cooking."),
        ("Three women prepare a meal in a kitchen.", "Nobody but the ladies are cooking."),
        (_ENTAILS, _CONTRADICTS), (_ENTAILS, _NEUTRAL),
    ),
    SentenceClaim(
        133,
        ("5 women sit around a table doing some crafts.", "5 women sit around a table."),
        ("5 women sit around a table doing some crafts.",
         "5 women sit around a table near a couch."),
        (_ENTAILS, _CONTRADICTS), (_ENTAILS, _NEUTRAL),
    ),
    SentenceClaim(
        15,
        ("A blond woman is holding 2 golf balls while reaching down into a golf hole.",
         "A blond woman is sitting down."),
        ("A blond woman is holding 2 golf balls.", "A blond woman is sitting down."),
        (_CONTRADICTS, _CONTRADICTS), (_CONTRADICTS, _NEUTRAL),
    ),
    SentenceClaim(
        941,
        ("Two people are sitting in a station.",
         "A couple of people are inside and not standing."),
        ("Two people are sitting in a pool.", "A couple of people are inside and not standing."),
        (_ENTAILS, _ENTAILS), (_ENTAILS, _NEUTRAL),
    ),
)  # fmt: skip

VISION_REMARKS = (
    "Figure 8's edited images are not made again: the paper shows what four networks say in the "
    "picture, not in numbers, and the pictures are pasted by hand (andornot attack RUN --from "
    "CLASS --to CLASS looks for such edits and tests them against controls).",
    "The paper does not name the test behind its p = 2e-9 for the gain; two tests stand beside it.",
    "Nobody knows here which images the network was trained on, and its accuracy depends on it.",
)
NLI_REMARKS = (
    "The distribution of IoU and its growth past length 30 are drawn in Figure 3, without numbers.",
    "Single activations in Figure 6 are not compared: the paper shortens the sentences.",
    "Nobody knows here which pairs the network was trained on, and its accuracy depends on it.",
)
"""What a reader of the figures should keep in mind."""
