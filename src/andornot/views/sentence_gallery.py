"""Sentences that show what a unit does, with the words marked that its formula names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from andornot.data.classes import are_numbers, match_classes, right_answers
from andornot.data.sentences.concepts import tag_names
from andornot.data.sentences.pairs import Pair, PairData
from andornot.data.sentences.single import SentenceData
from andornot.formula import Formula
from andornot.probes.pairs import TOKEN
from andornot.results.explanation import Explanation
from andornot.runs.reopen import matching, pairs_of, samples_of
from andornot.runs.run import Run
from andornot.views.plain import View
from andornot.views.samples import BoolArray, Gallery, cut
from andornot.views.token_marks import (
    PAIR_MARKS,
    SHORT_PAIR_MARKS,
    SHORT_TOKEN_MARKS,
    TOKEN_MARKS,
    Token,
    Truth,
    decisive,
    mark_tokens,
    mark_whole,
)


@dataclass(frozen=True)
class MarkedView(View):
    """One sentence pair, or one sentence, seen by one unit.

    Attributes:
        sample: its index in the run.
        name: its id.
        label: its class; empty if unknown. A number of one of the network's classes is its name.
        prediction: the class that the network gives it; empty if unknown.
        right: whether that is its class; None where the two cannot be compared.
        activation: the unit's largest activation on it.
        counts: positions where unit and formula hold, only the unit, only the formula. Where the
            sample is a position, at most one of the three is 1.
        reasons: where the sample is a position, what makes the formula hold, if it does.
        remark: how unit and formula agree on it, in words.
    """

    sample: int
    name: str
    label: str
    prediction: str
    right: bool | None
    activation: float
    counts: tuple[int, int, int]
    reasons: tuple[str, ...]
    remark: str

    @property
    def agreement(self) -> str:
        """``both``, ``unit`` or ``formula``, of a sample that is a position; empty if neither."""
        kinds = ("both", "unit", "formula")
        return next((kind for kind, n in zip(kinds, self.counts, strict=True) if n), "")

    @property
    def lines(self) -> tuple[tuple[str, tuple[Token, ...]], ...]:
        """Each sentence by what it is called."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """Its sentences, as one reads them."""
        return " → ".join(
            "".join(" " * token.space + token.text for token in tokens) for _, tokens in self.lines
        )

    @property
    def is_wrong(self) -> bool:
        """Whether the network's answer is known to be wrong."""
        return self.right is False


@dataclass(frozen=True)
class PairView(MarkedView):
    """One sentence pair.

    Attributes:
        premise: the first sentence.
        hypothesis: the second sentence.
    """

    premise: tuple[Token, ...]
    hypothesis: tuple[Token, ...]

    @property
    def lines(self) -> tuple[tuple[str, tuple[Token, ...]], ...]:
        """Premise and hypothesis."""
        return ("premise", self.premise), ("hypothesis", self.hypothesis)


@dataclass(frozen=True)
class SentenceView(MarkedView):
    """One sentence by itself.

    Attributes:
        tokens: its words and signs.
    """

    tokens: tuple[Token, ...]

    @property
    def lines(self) -> tuple[tuple[str, tuple[Token, ...]], ...]:
        """The sentence."""
        return (("sentence", self.tokens),)


@dataclass(frozen=True, eq=False)
class SentenceGallery(Gallery[MarkedView]):
    """The units of one layer of a run on sentence pairs.

    Attributes:
        data: the pairs of the run, in its order.
    """

    data: PairData | SentenceData

    shows_unexplained: ClassVar[bool] = True

    @classmethod
    def open(
        cls, run: Run, layer: str | None = None, data: PairData | SentenceData | None = None
    ) -> Self:
        """Prepare a layer of a run.

        Args:
            run: the run.
            layer: one of its layers; not needed if there is only one.
            data: what the run was made from; found again by the manifest if not given.

        Raises:
            DataError: the data is not there any more, has changed, or is another.
            OptionError: the layer is unknown, or the data has no sentences.
        """
        name = run.layer(layer)
        return cls(run, name, cls.found(run) if data is None else matching(run, data))

    @classmethod
    def found(cls, run: Run) -> PairData | SentenceData:
        """What the run was made from."""
        return pairs_of(run)

    def shown(self, sentences: Sequence[tuple[Token, ...]], **known: Any) -> MarkedView:
        """A sample with its marked sentences, and all else that is known of it."""
        premise, hypothesis = sentences
        return PairView(premise=premise, hypothesis=hypothesis, **known)

    @property
    def level(self) -> str:
        """``pair``, ``sentence`` or ``token``: what a position is."""
        return self.run.level

    @property
    def at_wholes(self) -> bool:
        """Whether a sample is one position, and not its tokens."""
        return self.level != TOKEN

    @cached_property
    def _tags(self) -> dict[str, str]:
        return tag_names(self.data)

    @cached_property
    def _class_names(self) -> tuple[str, ...]:
        """The network's classes; none where its answers have no names."""
        named = "predicted_class" in self.run.samples
        return tuple(self.run.class_names or ()) if named else ()

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        """The class of each sample, by its name where the data has the network's number for it."""
        given, names = self.data.classes, self._class_names
        if not are_numbers(given, names):
            return given
        places = match_classes(given, names)
        return tuple(names[place] if place >= 0 else "" for place in places)

    @cached_property
    def _right(self) -> list[bool | None]:
        """Whether the network is right about each sample."""
        if not self._class_names:
            return [None] * len(self.data)
        said = self.run.samples["prediction"].to_numpy()
        return right_answers(self.data.classes, said, self._class_names)

    @cached_property
    def _answers(self) -> list[str]:
        """The class that the network gives each sample; empty where it is not known."""
        samples = self.run.samples
        if "predicted_class" in samples:
            return [str(name) for name in samples["predicted_class"]]
        if "prediction" in samples:
            return [f"class {number}" for number in samples["prediction"]]
        return [""] * len(samples)

    def example(self, unit: int) -> str:
        """The sample that excites a unit most, cut short."""
        texts = (view.text for view in self.unit(unit, 1).samples)
        return next((cut(text) for text in texts), "")

    def view(self, explanation: Explanation, atoms: BoolArray, sample: int) -> MarkedView:
        """One sample, seen by one unit; the formula is the union of these atoms."""
        unit, formula, pair = explanation.unit, explanation.formula, self.data.samples[sample]
        own = self.positions.sample(sample).ravel()
        truths = self._truths(formula, own)
        if not self.at_wholes:
            values = self.values(sample, unit).ravel()
            active = values > self.thresholds[unit]
            assert isinstance(pair, Pair)  # of single sentences no tokens are recorded
            marked = mark_tokens(pair, formula, truths, list(active), self._strengths(unit, values))
        else:
            active = self.areas[sample, unit, None] > 0
            marked = mark_whole(pair, formula, truths[0], self._tags, self.run.concepts)
        counts, reasons = _counts(active, atoms[own]), self._reasons(formula, truths)
        return self.shown(
            marked,
            sample=sample,
            name=pair.id,
            label=self._labels[sample],
            prediction=self._answers[sample],
            right=self._right[sample],
            activation=float(self.peaks[sample, unit]),
            counts=counts,
            reasons=reasons,
            remark=self._remark(counts, reasons),
        )

    def _remark(self, counts: tuple[int, int, int], reasons: tuple[str, ...]) -> str:
        """How unit and formula agree on a sample, in words."""
        if self.at_wholes:
            holds = f"holds by {', '.join(reasons)}" if reasons else "does not hold"
            return f"formula {holds}"
        both, unit, formula = counts
        return f"tokens: {both} both, {unit} only unit, {formula} only formula"

    def _truths(self, formula: Formula | None, atoms: NDArray[np.int32]) -> list[Truth]:
        """For each position, given by its atom, whether each concept of the formula holds."""
        names = dict.fromkeys(() if formula is None else formula.concepts)
        masks = {name: self.run.concepts.concept_mask(name)[atoms] for name in names}
        return [{name: bool(mask[i]) for name, mask in masks.items()} for i in range(len(atoms))]

    def _strengths(self, unit: int, values: NDArray[np.float32]) -> list[float]:
        """Activations as a part of the unit's largest one, from 0 to 1."""
        largest = float(self.peaks[:, unit].max())
        # a unit may have no value above 0, and then its largest one is no measure
        return [min(max(float(value) / largest, 0), 1) if largest > 0 else 1.0 for value in values]

    def _reasons(self, formula: Formula | None, truths: Sequence[Truth]) -> tuple[str, ...]:
        """What makes the formula hold on a sample that is one position."""
        if formula is None or not self.at_wholes:
            return ()
        return tuple(map(str, decisive(formula, truths[0])))


class SingleGallery(SentenceGallery):
    """The units of one layer of a run on single sentences."""

    @classmethod
    def found(cls, run: Run) -> PairData | SentenceData:
        """What the run was made from."""
        data: SentenceData = samples_of(run)
        return data

    def shown(self, sentences: Sequence[tuple[Token, ...]], **known: Any) -> MarkedView:
        """A sentence, and all else that is known of it."""
        (tokens,) = sentences
        return SentenceView(tokens=tokens, **known)


def marks_at(level: str) -> Mapping[str, str]:
    """Each mark of a word at a level of sentences, and what it means."""
    return TOKEN_MARKS if level == TOKEN else PAIR_MARKS


def short_marks_at(level: str) -> Mapping[str, str]:
    """The same in few words, for print."""
    return SHORT_TOKEN_MARKS if level == TOKEN else SHORT_PAIR_MARKS


def _counts(active: BoolArray, holds: BoolArray) -> tuple[int, int, int]:
    """Positions where both hold, only the first does, only the second does."""
    return int((active & holds).sum()), int((active & ~holds).sum()), int((holds & ~active).sum())
