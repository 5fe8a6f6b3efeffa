"""Units of a run in the terminal: formula, weights, and the samples that show them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Generic, TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from andornot.views.formula_steps import FormulaSteps
from andornot.views.given import Run
from andornot.views.in_words import UnitInWords, units_in_words
from andornot.views.judged import DOUBTFUL, SURE
from andornot.views.row_gallery import RowView
from andornot.views.sentence_gallery import MarkedView, marks_at
from andornot.views.token_gallery import PassageView
from andornot.views.token_marks import (
    BOTH,
    DECISIVE,
    EXCLUDED,
    FORBIDDEN,
    FORMULA,
    NAMED,
    TOKEN_MARKS,
    UNIT,
    Token,
)
from andornot.views.unit import ClassWeight, UnitEntry

V = TypeVar("V")

_LOOKS: Final = {
    DECISIVE: ("bold black on yellow", "*"),
    NAMED: ("underline", "_"),
    FORBIDDEN: ("strike red", "~"),
    BOTH: ("bold underline black on yellow", "*"),
    UNIT: ("black on dark_orange", "!"),
    FORMULA: ("underline bright_blue", "_"),
    EXCLUDED: ("strike red", "~"),
}
"""The style of each mark, and what stands around a marked word where there are no colours."""

_WEIGHTS: Final = {SURE: "bold cyan", DOUBTFUL: "dim"}
"""In which weight a formula is printed."""

_BAR: Final = 8


def print_units(
    run: Run,
    units: Sequence[int] | None = None,
    n_units: int = 5,
    n_samples: int = 10,
    *,
    layer: str | None = None,
    data: Any = None,
    console: Console | None = None,
    near_twins: bool = False,
) -> None:
    """Print units one by one, with the samples that show them; of pairs with the words marked.

    Args:
        run: the run to show; of a run on images only what can be said in words is printed.
        units: the units to show, in this order; the first by verdict and gain if not given.
        n_units: how many units to show when ``units`` is not given.
        n_samples: how many samples to show for each unit, at most.
        layer: the layer to show; not needed if the run has only one.
        data: the samples that the run was made from; found again by the manifest if not given.
        console: where to print; standard output if not given.
        near_twins: whether to say which concepts nearly hold where those of a formula do.

    Raises:
        OptionError: a unit was not explained, or ``n_samples`` is below 1.
        DataError: the samples of the run cannot be opened.
    """
    console = console or Console(highlight=False)
    told = units_in_words(
        run, units, n_units, n_samples, layer=layer, data=data, near_twins=near_twins
    )
    terminal: Terminal[Any] | None = None
    if told.terminal is not None:
        terminal = told.terminal(told.level, told.position, bool(console.color_system))
    for sentence in told.sentences:
        console.print(Text(sentence))
    for unit in told.units:
        _print_unit(console, unit, terminal)
    if terminal is not None:
        console.print(terminal.legend())


@dataclass(frozen=True)
class Terminal(ABC, Generic[V]):
    """Shows samples in a terminal; a modality names its own.

    Attributes:
        level: the level of the run, such as ``pair``.
        position: what a position is called, in the singular.
        colours: whether the terminal has any.
    """

    level: str
    position: str
    colours: bool

    @abstractmethod
    def sample(self, view: V) -> Table:
        """A sample."""

    @abstractmethod
    def legend(self) -> Text:
        """What marks in it mean."""


class PairTerminal(Terminal[MarkedView]):
    """Sentences, or pairs of them, with their words marked."""

    def sample(self, view: MarkedView) -> Table:
        """A pair, or a sentence."""
        return _pair(view, self.colours)

    def legend(self) -> Text:
        """What the marks mean."""
        return _legend(marks_at(self.level), self.colours)


class RowTerminal(Terminal[RowView]):
    """Samples of which nothing is known but their positions, in their order."""

    def sample(self, view: RowView) -> Table:
        """A sample: where the unit is active in it, and where the formula holds."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(justify="right", no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for name, text in view.lines:
            table.add_row(name, Text(text))
        return table

    def legend(self) -> Text:
        """What stands after "unit" and "formula"."""
        told = f"{self.position}s at which the unit is active, and at which the formula holds"
        return Text(told, "dim")


class TokenTerminal(Terminal[PassageView]):
    """Passages of documents, with their pieces marked."""

    def sample(self, view: PassageView) -> Table:
        """A passage; what it was chosen for stands between brackets."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(justify="right", no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        table.add_row(f"{view.activation:.2f}", _passage(view, self.colours))
        table.add_row("", Text(f"{view.name} · {view.remark.partition(' · ')[2]}", "dim"))
        return table

    def legend(self) -> Text:
        """What the marks mean."""
        chosen = f"[word] the {self.position} that a passage was chosen for"
        return Text.assemble(_legend(TOKEN_MARKS, self.colours), chosen)


def _passage(view: PassageView, colours: bool) -> Text:
    """A passage; neighbours with the same mark are marked as one."""
    text = Text()
    for (kind, centre), same in groupby(view.pieces, lambda p: (p.mark.kind, p.centre)):
        words = "".join(piece.text for piece in same)
        blank = " " if words.startswith(" ") else ""
        text.append(blank)
        shown = _marked(words.removeprefix(" "), kind, False, colours)
        text.append_text(Text.assemble("[", shown, "]") if centre else shown)
    return text


def _print_unit(console: Console, unit: UnitInWords, terminal: Terminal[Any] | None) -> None:
    entry = unit.entry
    has_formula = entry.formula is not None
    verdict = entry.judged.badge if has_formula else "no formula"
    console.print(Text(f"Unit {entry.unit}: {verdict}", "bold"))
    for text in _headline(entry):
        console.print(text)
    for one in entry.derived:
        console.print(Text(f"{one.name} is {one.meaning}", "dim"))
    for line in filter(None, (entry.firing, entry.twins, *unit.near)):
        console.print(Text(line, "dim"))
    for line in _said(entry) if has_formula else ():
        console.print(Text(line))
    for row in unit.lower:
        iou = f", IoU {row.iou:.3f}" if row.formula else ""
        console.print(Text(f"Activations from {row.span}: {row.formula or row.status}{iou}"))
    if entry.weights:
        console.print(_weights(entry.weights))
    for group in entry.groups:
        console.print(Text(f"\n{group.heading}", "bold"))
        assert terminal is not None  # else there would be no group
        for sample in group.samples:
            console.print(Padding(terminal.sample(sample), (0, 0, 1, 2)))


def _headline(entry: UnitEntry[Any]) -> Iterator[Text]:
    """What stands first: the formula or what there is instead, and the steps of the formula."""
    weight = _WEIGHTS.get(entry.judged.look, "cyan")
    if not entry.title.is_formula:
        yield Text(entry.title.text, "bold")
    if entry.title.why:
        verdict = f"{entry.judged.verdict.capitalize()}: " if entry.judged.verdict else ""
        yield Text(f"{verdict}{entry.title.why}")
    if entry.formula is not None and entry.steps is not None:
        yield Text(entry.formula, weight)
        yield from _steps(entry.steps, weight)


def _steps(formula: FormulaSteps, weight: str) -> Iterator[Text]:
    """A line for each step, under one another, with what it adds and what is known of it."""
    steps = formula.steps
    # a single step is the formula that stands above
    texts = [] if len(steps) == 1 else [step.text for step in steps]
    joins = max((len(step.operator) for step in steps), default=0)
    indent = [
        " " * (joins + 1 if not step.operator else joins - len(step.operator)) for step in steps
    ]
    width = max((len(lead + text) for lead, text in zip(indent, texts, strict=False)), default=0)
    has_numbers = any(step.gain for step in steps)
    for step, lead in zip(steps, indent, strict=True):
        told = "".join(f"  {note}" for note in step.notes)
        if texts:
            line = f"  {lead}{step.text}".ljust(width + 2)
            number = f"  {step.gain:>7}" if has_numbers else ""
            yield Text.assemble((line, weight), (f"{number}{told}".rstrip(), "dim"))
        elif told:
            yield Text(told, "dim")
    if texts and formula.meaning:
        yield Text(formula.meaning, "dim")


def _said(entry: UnitEntry[Any]) -> Iterator[str]:
    """What is known of a formula, a line each."""
    if entry.title.is_formula:
        yield f"{entry.judged.verdict.capitalize()}: {entry.judged.meaning}."
    if entry.judged.beware:
        yield f"Beware: {entry.judged.beware}"
    yield from entry.judged.lines
    if (longest := entry.longest) is not None:
        yield f"longest ({longest.label}): {longest.formula}, IoU {longest.iou:.3f} in sample"
    lengths = ", ".join(f"{row.iou:.3f} with {row.label}" for row in entry.by_length)
    more = f"; {entry.judged.in_sample}" if entry.judged.in_sample else ""
    yield f"In sample: IoU {entry.iou:.3f}{more}"
    yield f"IoU in sample by number of concepts: {lengths}"
    if entry.agreement:
        yield f"Scores: {entry.agreement}"
    yield " ".join(filter(None, [*entry.sentences, entry.proof, entry.limit]))


def _weights(weights: Sequence[ClassWeight]) -> Table:
    """A small bar for each class, from the middle to the left or to the right."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for w in weights:
        bar = "█" * round(_BAR * abs(w.share))
        left, right = ("", bar) if w.weight > 0 else (bar, "")
        drawn = Text.assemble((left.rjust(_BAR), "red"), "│", (right, "green"))
        table.add_row(Text(w.name), f"{w.weight:+.3f}", drawn)
    return table


def _pair(pair: MarkedView, colours: bool) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, tokens in pair.lines:
        table.add_row(name, _sentence(tokens, colours))
    table.add_row(f"{pair.activation:.2f}", Text(", ".join(_remarks(pair)), "dim"))
    return table


def _remarks(pair: MarkedView) -> list[str]:
    """What is known of it, apart from its words."""
    remarks = [f"gold {pair.label}"] if pair.label else []
    if pair.prediction:
        remarks.append(f"model says {pair.prediction}{' (wrong)' if pair.is_wrong else ''}")
    return [*remarks, pair.remark]


def _sentence(tokens: Sequence[Token], colours: bool) -> Text:
    """A sentence; neighbours with the same mark are marked as one."""
    text = Text()
    for (kind, faint), same in groupby(tokens, lambda t: (t.mark.kind, t.mark.overlap)):
        words = "".join(f"{' ' if token.space else ''}{token.text}" for token in same)
        text.append(" " if words.startswith(" ") else "")
        text.append_text(_marked(words.lstrip(" "), kind, faint, colours))
    return text


def _marked(text: str, kind: str, faint: bool, colours: bool) -> Text:
    if not kind:
        return Text(text)
    style, around = _LOOKS[kind]
    if colours:
        return Text(text, "underline" if faint else style)
    return Text(f"{around}{text}{around}")


def _legend(meanings: Mapping[str, str], colours: bool) -> Text:
    parts: list[Text | str] = []
    for kind, meaning in meanings.items():
        parts += [_marked("word", kind, False, colours), f" {meaning}   "]
    return Text.assemble(*parts)
