"""Edits of a run's sentences: what to insert, and what to compare it with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from andornot.data.sentences.concepts import OVERLAPS, SIDES
from andornot.data.sentences.pairs import PairData
from andornot.data.sentences.single import SentenceData
from andornot.data.sentences.single_concepts import names_of_each
from andornot.edits.classifiers import (
    Classifier,
    SentenceClassifier,
    pair_classifier,
    single_classifier,
)
from andornot.edits.editor import EditAnswers, Proposal, merged
from andornot.edits.edits_of_words import (
    PLACES,
    Insert,
    PairEdit,
    Repeat,
    Reword,
    Scatter,
    Word,
    apply_edit,
)
from andornot.edits.goals import Goal
from andornot.edits.presence import Presence
from andornot.formula import Concept
from andornot.formula_forms import all_of
from andornot.runs.reopen import matching, model_of, pairs_of, samples_of
from andornot.runs.run import Run

TAG, WORD, LEMMA, FEATURE = "tag", "word", "lemma", "feat"
"""Categories of concepts that an edit can bring about by words."""

WORDS_OF_A_CONCEPT = 3
"""Words that are tried for a concept of several words: the word itself, or the most frequent."""

MOST_WORDS = 2
"""Most words that an edit inserts at a time."""

_NEAR = 4  # controls are drawn from so many times as many words of nearest rank


Opened = tuple["SentenceEditor", SentenceClassifier, list[SentenceClassifier]]
"""What edits samples, the classifier of the run, and further ones."""


def open_sentences(run: Run, *given: Any, **options: Any) -> Opened:
    """The sentence pairs of a run and its classifiers; see ``session.open_for_edits``."""
    return _opened(SentenceEditor, pair_classifier, pairs_of, run, *given, **options)


def open_single(run: Run, *given: Any, **options: Any) -> Opened:
    """The same of a run on single sentences."""
    return _opened(SingleEditor, single_classifier, samples_of, run, *given, **options)


def _opened(
    editor: type[SentenceEditor],
    classifier: Callable[..., SentenceClassifier],
    of_run: Callable[[Run], Any],
    run: Run,
    model: Any,
    data: Any,
    also: Sequence[Any],
    *,
    goals: tuple[Goal, ...],
    seed: int,
    **_of_images: Any,
) -> Opened:
    others = [classifier(other) for other in also]  # first what may be mistyped
    own = classifier(model_of(run) if model is None else model, run.record.model.spec)
    found = of_run(run) if data is None else matching(run, data)
    return editor(found, Presence(run.at_positions), goals, seed), own, others


@dataclass(frozen=True, eq=False)
class SentenceEditor:
    """The sentence pairs of a run.

    Attributes:
        data: the run's samples.
        presence: where concepts hold.
        goals: what formulas ask for.
        seed: of the choice of controls.
    """

    data: PairData | SentenceData
    presence: Presence
    goals: tuple[Goal, ...]
    seed: int = 0

    @property
    def excluded_controls(self) -> Mapping[str, str]:
        """Nothing: random words are controls, whatever units make of them."""
        return {}

    def shown(self, sample: int, edit: PairEdit | None) -> Any:
        """A sample, edited or as it is; None where the edit does nothing."""
        pair = self.data.samples[sample]
        return pair if edit is None else apply_edit(pair, edit)

    def answers(
        self, classifier: Classifier[Any], trials: Sequence[tuple[int, PairEdit | None]]
    ) -> EditAnswers:
        """Show samples, each with an edit or as it is, to a classifier."""
        edited = [None if edit is None else self.shown(i, edit) for i, edit in trials]
        applied = np.array([pair is not None for pair in edited], np.bool_)
        shown = zip(edited, trials, strict=True)
        pairs = [pair or self.data.samples[sample] for pair, (sample, _) in shown]
        return EditAnswers(classifier.logits(pairs), applied)

    # what formulas ask for

    def proposals(self) -> list[Proposal[PairEdit]]:
        """The edits that serve the goals."""
        return merged([p for goal in self.goals for p in self._serving(goal)])

    def _serving(self, goal: Goal) -> Iterator[Proposal[PairEdit]]:
        """Make all that a term asks for true; or one thing that it asks to be absent."""
        groups = [goal.term.there] if goal.role == "raise" else [(n,) for n in goal.term.absent]
        for names in groups:
            levels = [OVERLAPS[name] for name in names if name in OVERLAPS]
            if levels:
                yield from self._overlapping(max(levels), goal)
            # what most sentences have anyway (a full stop, some overlap) need not be inserted
            missing = [n for n in names if n not in OVERLAPS and not _is_sign(n)]
            words = [self._words(name) for name in missing]
            if words and all(words) and len(words) <= MOST_WORDS:
                variants = tuple(
                    Insert(chosen, where) for where in PLACES for chosen in product(*words)
                )
                name = f"insert {all_of(tuple(missing))}"
                yield Proposal(name, "insert", variants, all_of(names), (goal,))

    def _overlapping(self, least: float, goal: Goal) -> Iterator[Proposal[PairEdit]]:
        """More words in common: so many as the term asks for, or any higher share of concepts."""
        levels = sorted(level for level in OVERLAPS.values() if level >= least)
        concept = Concept(next(name for name, level in OVERLAPS.items() if level == least))
        repeats = tuple(Repeat(level) for level in levels)
        yield Proposal(f"repeat {repeats[0]}", "repeat", repeats, concept, (goal,))
        rewords = tuple(Reword(level, self._unwanted) for level in levels)
        yield Proposal(f"reword {rewords[0]}", "reword", rewords, concept, (goal,))

    @cached_property
    def _unwanted(self) -> frozenset[str]:
        """Words of the hypothesis that must not be there where the goals' terms ask for overlap."""
        terms = [a.term for a in self.goals if a.role == "raise"]
        names = {n for t in terms if set(t.there) & set(OVERLAPS) for n in t.absent}
        return self._meant(n for n in names if n.startswith("hyp:") or "(hyp:" in n)

    def _meant(self, names: Iterable[str]) -> frozenset[str]:
        """All words that make any of some concepts true, tags aside."""
        table, found = self.presence.table, set[str]()
        for column in map(table.index, names):
            members = table.members[column] if table.members else ()
            found |= {table.names[m].partition(":")[2] for m in (*members, column)}
        return frozenset(found)

    def _words(self, name: str) -> tuple[Word, ...]:
        """Words that make a concept true, the best first; none for one without words."""
        table = self.presence.table
        column = table.index(name)
        members = table.members[column] if table.members else ()
        if members:
            base = table.bases[column]
            order = [base] * (base in members) + [m for m in members if m != base]
            found = [word for m in order for word in self._words(table.names[m])]
            return tuple(dict.fromkeys(found))[:WORDS_OF_A_CONCEPT]
        side, _, text = name.partition(":")
        if side not in SIDES:
            return ()
        if TAG in table.categories[column]:
            tag = text.removeprefix("tag:") if text not in self._by_tag else text
            words = self._by_tag.get(tag, Counter()).most_common(WORDS_OF_A_CONCEPT)
            return tuple(Word(side, word) for word, _ in words)
        # what a function of the user's is called need not be a word
        is_word = WORD in table.categories[column] and _is_word(text)
        return (Word(side, text),) if is_word else ()

    @cached_property
    def _by_tag(self) -> dict[str, Counter[str]]:
        """How often each word has each tag."""
        counts: dict[str, Counter[str]] = {}
        for sentence in self.data.sentences():
            for word, tag in zip(sentence.words, sentence.tags or (), strict=False):
                if _is_word(word):
                    counts.setdefault(tag, Counter())[word] += 1
        return counts

    # what it is compared with

    def controls(self, proposal: Proposal[PairEdit], count: int) -> list[Proposal[PairEdit]]:
        """Random words of about the same frequency, in the same places, and as many."""
        overlapping = [e for e in proposal.variants if isinstance(e, Repeat | Reword)]
        if overlapping:
            ranked = tuple(w for w in self._ranked["hyp"] if w not in self._named)
            return [
                Proposal(
                    f"random words (draw {self.seed + i})",
                    proposal.kind,
                    tuple(Scatter(edit, ranked, self.seed + i) for edit in overlapping),
                )
                for i in range(count)
            ]
        inserted = [e for e in proposal.variants if isinstance(e, Insert)]
        words = list(dict.fromkeys(word for e in inserted for word in e.words))
        same = self._bringing_in(proposal)
        drawn = {word: self._of_like_frequency(word, count, same) for word in words}
        found: list[Proposal[PairEdit]] = []
        for k in range(min(map(len, drawn.values()), default=0)):
            variants = tuple(
                Insert(tuple(Word(w.side, drawn[w][k]) for w in e.words), e.where) for e in inserted
            )
            shown = ", ".join(str(Word(w.side, drawn[w][k])) for w in words)
            found.append(Proposal(f"insert {shown}", "insert", variants))
        return found

    def _bringing_in(self, proposal: Proposal[PairEdit]) -> frozenset[str]:  # noqa: ARG002
        """Words that would do what the proposal does, by a tag or a feature."""
        return frozenset()

    def _of_like_frequency(self, word: Word, count: int, same: frozenset[str]) -> list[str]:
        """Random words among those nearest in the ranks of frequency on the word's side."""
        ranked = self._ranked[word.side]
        rank = ranked.index(word.text) if word.text in ranked else len(ranked)
        # a control must say nothing that a formula names
        others = [i for i, text in enumerate(ranked) if text not in self._named | same]
        # of like frequency, since rare words alone can move a model
        near = sorted(others, key=lambda i: (abs(i - rank), i))[: _NEAR * count]
        rng = np.random.default_rng([self.seed, *str(word).encode()])
        return [ranked[near[i]] for i in rng.permutation(len(near))[:count]]

    @cached_property
    def _ranked(self) -> dict[str, list[str]]:
        """The words of each side, the most frequent first."""
        ranked = {}
        by_side = zip(*(sample.sentences for sample in self.data.samples), strict=True)
        for side, sentences in zip(self.data.sides, by_side, strict=True):
            counts = Counter(w for s in sentences for w in set(s.words) if _is_word(w))
            ranked[side] = sorted(counts, key=lambda word: (-counts[word], word))
        return ranked

    @cached_property
    def _named(self) -> frozenset[str]:
        """Words that make any concept of the goals' formulas true."""
        return self._meant({name for goal in self.goals for name in goal.formula.concepts})


class SingleEditor(SentenceEditor):
    """The single sentences of a run."""

    def _meant(self, names: Iterable[str]) -> frozenset[str]:
        """All words that make any of some concepts true, tags and marks aside."""
        found = (self._by_name.get(name, ()) for name in self._plain(names))
        return frozenset(word for words in found for word in words)

    def _plain(self, names: Iterable[str]) -> Iterator[str]:
        """The words and lemmas among concepts, or that they were derived from."""
        table = self.presence.table
        for column in map(table.index, names):
            members = table.members[column] if table.members else ()
            for own in (*members, column):
                if {WORD, LEMMA} & {*table.categories[own]}:
                    yield table.names[own]

    def _bringing_in(self, proposal: Proposal[PairEdit]) -> frozenset[str]:
        """All words that a concept of the proposal has been seen with."""
        names = proposal.concept.concepts if proposal.concept is not None else ()
        return frozenset(word for name in names for word in self._by_name.get(name, ()))

    def _words(self, name: str) -> tuple[Word, ...]:
        """Words that make a concept true, the best first; none for one without words."""
        table = self.presence.table
        column = table.index(name)
        if table.members and table.members[column]:
            return super()._words(name)  # which asks for its members one by one
        # a relation is not made by a word alone
        if not {WORD, LEMMA, TAG, FEATURE} & {*table.categories[column]}:
            return ()
        words = self._by_name.get(name, Counter()).most_common(WORDS_OF_A_CONCEPT)
        return tuple(Word("", word) for word, _ in words)

    @cached_property
    def _by_name(self) -> dict[str, Counter[str]]:
        """How often each word is there where each concept holds by a token."""
        counts: dict[str, Counter[str]] = {}
        for sentence in self.data.sentences():
            for word, names in zip(sentence.words, names_of_each(sentence), strict=True):
                if _is_word(word):
                    for name in names:
                        counts.setdefault(name, Counter())[word] += 1
        return counts


def _is_sign(name: str) -> bool:
    """Whether a concept is a sign, or the tag of one (``hyp:tag:.``)."""
    return not any(c.isalnum() for c in name.partition(":")[2].removeprefix("tag:"))


def _is_word(text: str) -> bool:
    return text.replace("-", "").replace("'", "").isalpha()
