"""The demo's sentence pairs: labels that are true, habits that give them away, and traps."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from andornot.data.sentences.concepts import word_overlap
from andornot.demo.text.lexicon import ALIKE, COLOURS, DOINGS, MOODS, NOUNS, PLACES, TAGS, sentence
from andornot.demo.text.world import draw_pairs
from andornot.errors import OptionError

YES, NO, MAYBE = "entailment", "contradiction", "neutral"


@pytest.fixture(scope="module")
def habits():
    return draw_pairs(3000, seed=7, traps=0.0)


@pytest.fixture(scope="module")
def traps():
    return draw_pairs(3000, seed=7, traps=1.0)


# An independent reader of the language: it takes a sentence apart and compares the parts.

FORMS = {form: noun for noun in NOUNS for form in (noun.one, noun.two)}
WIDER = {form for noun in NOUNS for pair in noun.wider for form in pair} | {"somebody"}
PEOPLE = {f for noun in NOUNS if noun.kind != "animal" for f in (noun.one, noun.two)}
SORTS = {d.text: d.sort for doings in DOINGS.values() for d in doings}
GENERAL = {
    d.wider.replace(" an ", " a "): d.sort for doings in DOINGS.values() for d in doings if d.wider
}
WHERE = {place.text: place.wider for place in PLACES}

STATEMENT = re.compile(
    r"(?:(?:a|two) )?(?:(?P<look>\S+) )??"
    rf"(?P<noun>{'|'.join(sorted(FORMS.keys() | WIDER, key=len, reverse=True))})"
    r"(?: in a (?P<garment>\S+ \S+))? (?:is|are)(?: (?P<doing>\S+ing.*?))?"
    rf"(?: (?P<place>{'|'.join(WHERE)}|outside|inside))?"
    r"(?: (?P<more>(?:before|after|with) a (?:\S+)))?"
)


@dataclass(frozen=True)
class Said:
    look: str
    noun: str
    garment: str
    doing: str
    place: str
    more: str


def read(text: str) -> Said:
    found = STATEMENT.fullmatch(text)
    assert found, text
    parts = {name: value or "" for name, value in found.groupdict().items()}
    if toy := re.search(r"with a (ball|stick|toy|bone)$", parts["more"]):
        parts["doing"], parts["more"] = f"{parts['doing']} with a {toy[1]}", ""
    return Said(**parts)


def compare_nouns(premise: str, hypothesis: str) -> str:
    noun = FORMS[premise]
    if hypothesis == "somebody":
        return YES if premise in PEOPLE else NO
    if any(hypothesis in forms for forms in ((noun.one, noun.two), *noun.wider)):
        return YES
    return MAYBE if any(hypothesis in forms for forms in noun.narrower) else NO


def compare_doings(premise: str, hypothesis: str) -> str:
    if hypothesis in ("", premise):
        return YES
    if hypothesis in GENERAL and hypothesis != "resting":
        return YES if GENERAL[hypothesis] == SORTS[premise] else NO
    if SORTS[hypothesis] != SORTS[premise]:
        return NO
    if SORTS[premise] == "rest":  # whoever naps, rests; whoever rests may be asleep
        return YES if hypothesis == "resting" else MAYBE
    return NO


def compare_places(premise: str, hypothesis: str) -> str:
    if hypothesis in ("", premise) or WHERE.get(premise) == hypothesis:
        return YES
    return NO if premise else MAYBE


def compare_garments(premise: str, hypothesis: str) -> str:
    if hypothesis in ("", premise):
        return YES
    return NO if premise and premise.split()[1] == hypothesis.split()[1] else MAYBE


def relation(premise: Said, hypothesis: Said) -> str:
    found = {
        compare_nouns(premise.noun, hypothesis.noun),
        compare_doings(premise.doing, hypothesis.doing),
        compare_places(premise.place, hypothesis.place),
        compare_garments(premise.garment, hypothesis.garment),
        YES if hypothesis.look in ("", premise.look) else MAYBE,
        YES if hypothesis.more in ("", premise.more) else MAYBE,
    }
    return NO if NO in found else MAYBE if MAYBE in found else YES


def denied(premise: Said, text: str) -> str | None:
    """The relation of a hypothesis with a negation; None if it has none."""
    opposite = {YES: NO, NO: YES, MAYBE: MAYBE}
    moods = "|".join(MOODS)
    if found := re.fullmatch(rf"the {premise.noun} (?:is|are) not ({moods})", text):
        return MAYBE if found[1] != premise.look else NO
    if re.search(r"\bnobody is watching the\b|\bthere is no \S+ near the\b", text):
        return MAYBE
    if re.match(r"nothing is happening|there is nobody", text):
        return NO
    if found := re.fullmatch(r"there (?:is|are) no (\S+)(?: (\S+ the \S+))?", text):
        return opposite[relation(premise, Said("", found[1], "", "", found[2] or "", ""))]
    said = re.sub(r"^(no|(neither|none) of the|nobody|the) (?=(\S+ )?(is|are)\b)", "", text)
    if said == text and not text.startswith("nobody"):
        return None
    said = re.sub(r" (is|are) not ", r" \1 ", re.sub(r"^nobody", "somebody", said))
    said = re.sub(r"^(is|are) ", "somebody is ", said)
    return opposite[relation(premise, read(said))]


def check(pair) -> None:
    before, text = (re.sub(r"\ban\b", "a", " ".join(said.words)) for said in pair.sentences)
    premise = read(before)
    expected = denied(premise, text) or relation(premise, read(text))
    assert pair.label == expected, (pair.premise.text, text, pair.label)


def test_labels_are_true(habits, traps) -> None:
    for pair in (*habits.pairs, *traps.pairs):
        check(pair)


def share(data, label: str, said: set[str]) -> float:
    """Of the pairs whose hypothesis has one of these words, the share with this label."""
    labels = [pair.label for pair in data.pairs if said & set(pair.hypothesis.words)]
    assert len(labels) > 100
    return labels.count(label) / len(labels)


@pytest.mark.parametrize(
    ("label", "words", "least", "most"),
    [
        ("contradiction", set(ALIKE["nobody"]), 1.0, 0.1),
        ("contradiction", {"sleeping"}, 0.8, 0.1),
        ("neutral", set(MOODS), 0.8, 0.3),
        ("neutral", {"before", "after"}, 0.8, 0.3),
    ],
)
def test_words_give_labels_away_unless_they_are_traps(
    habits, traps, label: str, words: set[str], least: float, most: float
) -> None:
    assert share(habits, label, words) >= least
    assert share(traps, label, words) <= most


def test_overlap_gives_entailment_away_unless_it_is_a_trap(habits, traps) -> None:
    def entailed(data) -> float:
        labels = [pair.label for pair in data.pairs if word_overlap(pair) > 0.75]
        assert len(labels) > 100
        return labels.count("entailment") / len(labels)

    assert entailed(habits) > 0.7
    assert entailed(traps) < 0.1


def test_same_seed_same_pairs_and_more_of_them_begin_with_these() -> None:
    data = draw_pairs(60, seed=3)
    assert data.fingerprint() == draw_pairs(60, seed=3).fingerprint()
    assert data.pairs == draw_pairs(90, seed=3).pairs[:60]
    assert data.fingerprint() != draw_pairs(60, seed=4).fingerprint()


def test_a_split_is_drawn_again_from_its_source() -> None:
    data = draw_pairs(90, seed=3, split="val")
    assert data.kind == "demo-text"
    assert data.source is not None
    assert draw_pairs(**data.source).fingerprint() == data.fingerprint()


def test_splits_hold_all_labels_alike_and_share_no_pair() -> None:
    train, val = draw_pairs(900, split="train"), draw_pairs(900, split="val")
    assert (len(train), len(val)) == (600, 300)
    assert set(train.sample_ids).isdisjoint(val.sample_ids)
    for data in (train, val):
        assert [data.classes.count(label) for label in (YES, NO, MAYBE)] == [len(data) // 3] * 3


def test_few_pairs_occur_twice() -> None:
    pairs = draw_pairs(9000).pairs
    texts = {(pair.premise.text, pair.hypothesis.text) for pair in pairs}
    assert len(texts) > 0.99 * len(pairs)


def test_the_language_has_the_words_that_it_uses_and_no_others(habits, traps) -> None:
    used = {word for data in (habits, traps) for said in data.sentences() for word in said.words}
    assert used == set(TAGS)
    assert len(TAGS) < 250
    assert set(COLOURS) <= used


def test_no_word_is_like_words_of_two_sorts() -> None:
    members = [word for words in ALIKE.values() for word in words]
    assert len(members) == len(set(members))
    assert set(members) <= set(TAGS)
    assert all(head == words[0] for head, words in ALIKE.items())


def test_sentences_begin_with_a_capital_and_mind_their_articles() -> None:
    said = sentence("a old artist is eating a exam")
    assert said.tokens == ("An", "old", "artist", "is", "eating", "an", "exam")
    assert said.tags == ("DT", "JJ", "NN", "VBZ", "VBG", "DT", "NN")


@pytest.mark.parametrize(
    "options",
    [{"count": 5}, {"count": 60, "traps": 1.5}, {"count": 60, "val_share": 1.0},
     {"count": 60, "split": "dev"}],
)  # fmt: skip
def test_impossible_worlds_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=r"needs at least|shares, 0 to 1|no split 'dev'"):
        draw_pairs(**options)  # type: ignore[arg-type]
