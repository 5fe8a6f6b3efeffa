"""Copy-paste edits: how often they flip samples, and samples before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from PIL import Image

from andornot.edits.attack_files import is_picture
from andornot.errors import OptionError
from andornot.views.attacks import Rate
from andornot.views.figures.request import FigureRequest
from andornot.views.plain import View
from andornot.views.token_marks import spaces

if TYPE_CHECKING:
    from andornot.edits import Attack, EditExample

EDITS: Final = 2
"""Edits of which samples are shown, those that flip most beyond their controls."""

IMAGES: Final = 3
PAIRS: Final = 2
"""Samples shown of each."""


@dataclass(frozen=True)
class EditRow(View):
    """An edit that was tested.

    Attributes:
        edit: the edit, in words.
        flips: how often it leads to the target.
        controls: the same of its controls, on average.
        best_control: and of the best control.
        unit: the unit that asks for it most strongly.
        role: what that unit has to do with the target, as an attack tells it.
        formula: the unit's formula.
    """

    edit: str
    flips: Rate
    controls: Rate
    best_control: float
    unit: str
    role: str
    formula: str


@dataclass(frozen=True)
class SentenceTokens(View):
    """The tokens of a sentence, and whether a blank goes before each."""

    tokens: tuple[str, ...]
    spaces: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class EditedSample(View):
    """A sample before and after an edit.

    Attributes:
        images: before and after; none of sentences.
        sides: each sentence before and after (of a pair premise and hypothesis); none of images.
        answer: the class that the network gives it now.
        probability: of the target, before and after.
    """

    images: tuple[Image.Image, ...]
    sides: tuple[tuple[SentenceTokens, SentenceTokens], ...]
    answer: str
    probability: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON; pictures are left out."""
        found = super().as_dict()
        del found["images"]
        return found


@dataclass(frozen=True, eq=False)
class EditsFigure(View):
    """What an attack found.

    Attributes:
        source, target: the classes to lead away from, and to.
        n: how many samples were tested, at most.
        rows: the edits, those that flip most beyond their controls first.
        examples: some of the edits, with samples before and after.
        sentences: what was found.
    """

    source: str
    target: str
    n: int
    rows: tuple[EditRow, ...]
    examples: tuple[tuple[EditRow, tuple[EditedSample, ...]], ...]
    sentences: tuple[str, ...]


def asked_attack(request: FigureRequest) -> Attack:
    """The attack to show: the one that is kept in the run, or a new one.

    Raises:
        OptionError: nobody said which classes to lead from and to.
    """
    from andornot.edits import attack, finished

    if request.choices.edit is None:
        raise OptionError("which classes to lead from and to was not said; give --from and --to")
    source, target = request.choices.edit
    run, layer, data, also = request.run, request.layer, request.choices.data, request.choices.also
    kept = None if also else finished(run, source, target, layer)
    return kept or attack(run, source, target, layer=layer, data=data, also=also)


def edits_figure(attack: Attack) -> EditsFigure:
    """What the figure shows of what ``andornot.edits.attack`` found."""
    table = attack.tables["edits"].sort_values("difference", ascending=False, kind="stable")
    rows = tuple(_row(row) for _, row in table.iterrows())
    samples = attack.examples_by_edit()
    shown = [row for row in rows if row.edit in samples][:EDITS]
    return EditsFigure(
        attack.source,
        attack.target,
        int(table["n"].max()),
        rows,
        tuple((row, _samples(samples[row.edit])) for row in shown),
        tuple(attack.sentences),
    )


def _row(row: pd.Series) -> EditRow:
    def rate(name: str) -> Rate:
        return Rate(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))

    return EditRow(
        edit=str(row["edit"]),
        flips=rate("flip_rate"),
        controls=rate("control_rate"),
        best_control=float(row["best_control_rate"]),
        unit=row["units"].split()[0],
        role=str(row["role"]),
        formula=str(row["formula"]),
    )


def _samples(examples: Sequence[EditExample]) -> tuple[EditedSample, ...]:
    n = IMAGES if is_picture(examples[0].before) else PAIRS
    return tuple(_sample(example) for example in examples[:n])


def _sample(example: EditExample) -> EditedSample:
    before, after = example.before, example.after
    if is_picture(before):
        return EditedSample((before, after), (), example.answer, example.probability)
    sides = tuple(
        (_words(old.tokens), _words(new.tokens))
        for old, new in zip(before.sentences, after.sentences, strict=True)
    )
    return EditedSample((), sides, example.answer, example.probability)


def _words(tokens: Sequence[str]) -> SentenceTokens:
    return SentenceTokens(tuple(tokens), spaces(tokens))
