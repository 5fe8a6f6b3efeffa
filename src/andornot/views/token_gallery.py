"""Passages of documents that show what a unit does at tokens or words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.places import Places
from andornot.formula import Formula
from andornot.results.explanation import Explanation
from andornot.runs.reopen import matching, samples_of
from andornot.runs.run import Run
from andornot.views.judged import as_shown
from andornot.views.passages import PassagePiece, pieces_of, span_of
from andornot.views.plain import View
from andornot.views.samples import (
    SILENT,
    STRONGEST,
    UNEXPLAINED,
    WEAKER,
    BoolArray,
    Gallery,
    UnitSamples,
    check_number,
    cut,
    spread,
)
from andornot.views.token_marks import (
    BOTH,
    EXCLUDED,
    FORMULA,
    UNIT,
    Mark,
    Truth,
    decisive,
    hindering,
)

_LOOKED: Final = 60
"""Documents in which a position of a group is looked for; a formula may hold in thousands."""

_BEFORE, _AFTER = 50, 30
"""Characters of a passage in a list."""


@dataclass(frozen=True)
class PassageView(View):
    """A passage of a document, seen by one unit.

    Attributes:
        sample: the document's index in the run.
        name: its id.
        pieces: the passage, piece by piece.
        starts: whether it begins where the document's positions do.
        ends: whether it ends where they do.
        label: the document's class; empty if unknown.
        activation: what the unit gives at the passage's centre.
        counts: positions of the whole document where unit and formula hold, only the unit, only the
            formula.
        position: what a position is called, in the plural.
    """

    sample: int
    name: str
    pieces: tuple[PassagePiece, ...]
    starts: bool
    ends: bool
    label: str
    activation: float
    counts: tuple[int, int, int]
    position: str

    @property
    def text(self) -> str:
        """The passage as one reads it."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def remark(self) -> str:
        """What is known of it, in words."""
        both, unit, formula = self.counts
        label = f"{self.label} · " if self.label else ""
        return (
            f"activation {self.activation:.2f} · {label}{self.position} of the document: "
            f"{both:,} both, {unit:,} only unit, {formula:,} only formula"
        )


@dataclass(frozen=True, eq=False)
class _Seen:
    """A document as one unit and one formula see it.

    Attributes:
        sample: its index.
        values: the unit's activation at each position.
        active: where it is active.
        holds: where the formula holds.
        counted: where that can be said.
    """

    sample: int
    values: NDArray[np.float32]
    active: BoolArray
    holds: BoolArray
    counted: BoolArray


@dataclass(frozen=True, eq=False)
class TokenGallery(Gallery[PassageView]):
    """The units of one layer of a run on running text."""

    data: SequenceData

    shows_unexplained: ClassVar[bool] = True

    @classmethod
    def open(cls, run: Run, layer: str | None = None, data: Any = None) -> Self:
        """Prepare a layer of a run; see ``views.galleries.open_gallery``."""
        name = run.layer(layer)
        return cls(run, name, samples_of(run) if data is None else matching(run, data))

    @cached_property
    def places(self) -> Places:
        """Where the positions of each document lie."""
        return Places.load(self.run.concept_folder)

    @cached_property
    def _largest(self) -> NDArray[np.float32]:
        """The largest activation of each unit."""
        largest: NDArray[np.float32] = self.peaks.max(axis=0)
        return largest

    def view(self, explanation: Explanation, atoms: BoolArray, sample: int) -> PassageView:
        """The passage of a document around what excites the unit most there."""
        seen = self._seen(explanation, atoms, sample)
        return self._passage(explanation, seen, int(seen.values.argmax()))

    def left_over(self, explanation: Explanation, union: BoolArray, sample: int) -> PassageView:
        """The passage around the strongest position that no concept accounts for."""
        own = self.positions.sample(sample).ravel()
        seen = self._seen(explanation, self.atoms_of(explanation.formula), sample)
        found = _first(seen, seen.active & ~union[own], strongest=True)
        at = int(seen.values.argmax()) if found is None else found
        return self._passage(explanation, seen, at)

    def unit(self, unit: int, n_samples: int = 8) -> UnitSamples[PassageView]:
        """A unit with passages that show it: one of a document in each group.

        Strongest positions, ones in the middle of those that are active, ones that the formula
        misses, and ones where it holds and the unit is silent.

        Raises:
            OptionError: the run did not explain this unit, or ``n_samples`` is below 1.
        """
        n = check_number(n_samples)
        e = as_shown(self.result[unit], self.run.concepts)
        atoms, quarter = self.atoms_of(e.formula), n // 4
        ranked = np.array(self.strongest(unit, len(self.data)), np.int64)
        missed: list[tuple[_Seen, int]] = []
        alarms: list[tuple[_Seen, int]] = []
        if e.formula is not None:
            missed = self._found(e, atoms, ranked, quarter, _missed)
            silent = np.flatnonzero(self.areas_of(atoms) > 0)
            alarms = self._found(e, atoms, spread(silent, len(silent)), quarter, _alarms)
        # the strongest take the places that others cannot fill
        rest = n - len(missed) - len(alarms) - min(quarter, max(0, len(ranked) - 1))
        strongest = self._found(e, atoms, ranked, rest, _strongest)
        later = spread(ranked[len(strongest) :], quarter)
        weaker = self._found(e, atoms, later, quarter, _middle)
        groups = {STRONGEST: strongest, WEAKER: weaker, UNEXPLAINED: missed, SILENT: alarms}
        return UnitSamples(
            e,
            tuple(
                (group, tuple(self._passage(e, seen, at) for seen, at in found))
                for group, found in groups.items()
            ),
        )

    def example(self, unit: int) -> str:
        """The passage that excites a unit most, with the position itself between marks."""
        for sample in self.strongest(unit, 1):
            view = self.picture(unit, sample)
            return cut(_around(view.pieces))
        return ""

    def _found(
        self, e: Explanation, atoms: BoolArray, samples: NDArray[np.int64], n: int, choose: Any
    ) -> list[tuple[_Seen, int]]:
        """Documents, each with a position of a sort, at most ``n``."""
        found: list[tuple[_Seen, int]] = []
        for sample in samples[:_LOOKED] if n else ():
            seen = self._seen(e, atoms, int(sample))
            at = choose(seen)
            if at is not None:
                found.append((seen, at))
            if len(found) == n:
                break
        return found

    def _seen(self, e: Explanation, atoms: BoolArray, sample: int) -> _Seen:
        own = self.positions.sample(sample).ravel()
        values = self.values(sample, e.unit).ravel()
        counted = np.ones(len(own), np.bool_)
        if e.formula is not None:
            counted = self.run.counted_atoms(e.formula)[own]
        return _Seen(sample, values, values > self.thresholds[e.unit], atoms[own], counted)

    def _passage(self, e: Explanation, seen: _Seen, at: int) -> PassageView:
        extents, names = self.places.of(seen.sample)
        span = span_of(extents, at)
        marks = list(self._marks(e, seen, span))
        told = [
            " · ".join(filter(None, (f"activation {seen.values[i]:.2f}", mark.why)))
            for i, mark in zip(span, marks, strict=True)
        ]
        document = self.data.documents[seen.sample]
        shown = [names[i] for i in span]
        active, holds = seen.active, seen.holds
        return PassageView(
            sample=seen.sample,
            name=document.id,
            pieces=pieces_of(document.text, extents, span, marks, told, shown, at),
            starts=span.start == 0,
            ends=span.stop == len(extents),
            label=self.data.classes[seen.sample],
            activation=float(seen.values[at]),
            counts=(
                int((active & holds).sum()),
                int((active & ~holds).sum()),
                int((holds & ~active).sum()),
            ),
            position=f"{self.run.modality.level(self.run.level).position}s",
        )

    def _marks(self, e: Explanation, seen: _Seen, span: range) -> Iterator[Mark]:
        """The mark of each position of a passage; all have a shade, the active ones a sign too."""
        largest = float(self._largest[e.unit])
        for i, truth in zip(span, self._truths(e.formula, seen.sample, span), strict=True):
            reasons = () if e.formula is None else decisive(e.formula, truth)
            against = () if e.formula is None else hindering(e.formula, truth)
            is_active, holds = bool(seen.active[i]), bool(seen.holds[i])
            kind = (BOTH if is_active else FORMULA) if holds else UNIT if is_active else ""
            kind = kind or (EXCLUDED if against else "")
            why = ", ".join([*map(str, reasons), *(f"not {li.concept}" for li in against)])
            # a unit may have no value above 0, and then its largest one is no measure
            strength = float(seen.values[i]) / largest if largest > 0 else float(is_active)
            yield Mark(kind, why, strength=min(max(strength, 0.0), 1.0))

    def _truths(self, formula: Formula | None, sample: int, span: range) -> list[Truth]:
        """For each position whether each concept of the formula holds."""
        own = self.positions.sample(sample).ravel()[span.start : span.stop]
        names = dict.fromkeys(() if formula is None else formula.concepts)
        masks = {name: self.run.concepts.concept_mask(name)[own] for name in names}
        return [{name: bool(mask[i]) for name, mask in masks.items()} for i in range(len(own))]


def _first(seen: _Seen, here: BoolArray, *, strongest: bool) -> int | None:
    """The strongest of some positions, or the one in their middle; None if there is none."""
    some = np.flatnonzero(here)
    if not len(some):
        return None
    ranked = some[np.argsort(-seen.values[some], kind="stable")]
    return int(ranked[0 if strongest else len(ranked) // 2])


def _strongest(seen: _Seen) -> int | None:
    return _first(seen, seen.active, strongest=True)


def _middle(seen: _Seen) -> int | None:
    return _first(seen, seen.active, strongest=False)


def _missed(seen: _Seen) -> int | None:
    return _first(seen, seen.active & ~seen.holds & seen.counted, strongest=True)


def _alarms(seen: _Seen) -> int | None:
    return _first(seen, seen.holds & ~seen.active, strongest=False)


def _around(pieces: Sequence[PassagePiece]) -> str:
    """A short passage, with its centre between marks."""
    at = next(i for i, piece in enumerate(pieces) if piece.centre)
    before = _joined(pieces[:at])[-_BEFORE:]
    after = _joined(pieces[at + 1 :])[:_AFTER]
    text = pieces[at].text
    blank = " " if text.startswith(" ") else ""
    return f"{before}{blank}»{text.removeprefix(' ')}«{after}".strip()


def _joined(pieces: Iterable[PassagePiece]) -> str:
    return "".join(piece.text for piece in pieces)
