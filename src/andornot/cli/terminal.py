"""Units of a run in the terminal: formula, weights, and the samples that show them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Generic, Self, TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from andornot.results.explanation import Explanation
from andornot.runs.run import Run
from andornot.views.galleries import open_gallery
from andornot.views.gallery import Gallery, grouped
from andornot.views.row_gallery import RowView
from andornot.views.sentence_gallery import PairGallery, PairView, marks_at
from andornot.views.token_marks import (
    BOTH,
    DECISIVE,
    EXCLUDED,
    FORBIDDEN,
    FORMULA,
    NAMED,
    UNIT,
    Token,
)
from andornot.views.unit import (
    ClassWeight,
    UnitEntry,
    choose_units,
    directions_sentence,
    unit_entry,
)

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
) -> None:
    """Print units one by one, with the samples that show them; of pairs with the words marked.

    Args:
        run: the run to show; of a run on images only what can be said in words is printed.
        units: the units to show, in this order; the best explained ones if not given.
        n_units: how many units to show when ``units`` is not given.
        n_samples: how many samples to show for each unit, at most.
        layer: the layer to show; not needed if the run has only one.
        data: the samples that the run was made from; found again by the manifest if not given.
        console: where to print; standard output if not given.

    Raises:
        OptionError: a unit was not explained, or ``n_samples`` is below 1.
        DataError: the samples of the run cannot be opened.
    """
    console = console or Console(highlight=False)
    layer = run.layer(layer)
    chosen = choose_units(run.result(layer), units, n_units)
    for sentence in directions_sentence(run, layer):
        console.print(Text(sentence))
    modality, shown = run.modality, None
    if modality.terminal:
        shown = modality.find(modality.terminal).open(run, layer, data)
    for unit in chosen:
        ranges = run.result(layer).ranges(unit)
        if shown is None:
            entry: UnitEntry[Any] = unit_entry(run, layer, ranges[-1], (), run.positions.position)
        else:
            entry = shown.entry(unit, n_samples)
        _print_unit(console, entry, shown, ranges)
    if shown is not None:
        console.print(shown.legend(bool(console.color_system)))


@dataclass(frozen=True, eq=False)
class Terminal(ABC, Generic[V]):
    """Shows samples of a layer in a terminal; a modality names its own.

    Attributes:
        gallery: finds the samples.
    """

    gallery: Gallery[V]

    @classmethod
    def open(cls, run: Run, layer: str, data: Any) -> Self:
        """Show the samples of a run; see ``views.galleries.open_gallery``."""
        return cls(open_gallery(run, layer, data))

    def entry(self, unit: int, n_samples: int) -> UnitEntry[V]:
        """Everything that is said of one unit, with its samples."""
        gallery, view = self.gallery, self.gallery.unit(unit, n_samples)
        position = gallery.run.positions.position
        return unit_entry(gallery.run, gallery.layer, view.explanation, grouped(view), position)

    @abstractmethod
    def sample(self, view: V, colours: bool) -> Table:
        """A sample."""

    @abstractmethod
    def legend(self, colours: bool) -> Text:
        """What marks in it mean."""


class PairTerminal(Terminal[PairView]):
    """Sentence pairs, with their words marked."""

    gallery: PairGallery

    def sample(self, view: PairView, colours: bool) -> Table:
        """A pair."""
        return _pair(view, self.gallery.agreement(view), colours)

    def legend(self, colours: bool) -> Text:
        """What the marks mean."""
        return _legend(marks_at(self.gallery.level), colours)


class RowTerminal(Terminal[RowView]):
    """Samples of which nothing is known but their positions, in their order."""

    def sample(self, view: RowView, colours: bool) -> Table:  # noqa: ARG002
        """A sample: where the unit is active in it, and where the formula holds."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(justify="right", no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for name, text in view.lines:
            table.add_row(name, Text(text))
        return table

    def legend(self, colours: bool) -> Text:  # noqa: ARG002
        """What stands after "unit" and "formula"."""
        at = self.gallery.run.positions.position
        return Text(f"{at}s at which the unit is active, and at which the formula holds", "dim")


def _print_unit(
    console: Console,
    entry: UnitEntry[Any],
    terminal: Terminal[Any] | None,
    ranges: Sequence[Explanation],
) -> None:
    """Print a unit; ``ranges`` are its explanations, the one to show last."""
    *lower, shown = ranges
    has_formula = entry.formula is not None
    iou = f", IoU {entry.iou:.3f}" if has_formula else ""
    console.print(Text(f"Unit {entry.unit}{iou}", "bold"))
    console.print(Text(entry.formula or f"no formula: {entry.status}", "bold cyan"))
    for one in entry.derived:
        console.print(Text(f"{one.name} is {' OR '.join(one.members)}", "dim"))
    if has_formula:
        lengths = ", ".join(f"{row.iou:.3f} with {row.label}" for row in entry.by_length)
        console.print(Text(f"IoU by number of concepts: {lengths}"))
        if shown.trust is not None:
            console.print(Text(f"Trust: {shown.trust}"))
        if shown.agreement is not None:
            console.print(Text(f"Scores: {shown.agreement}"))
        said = [*entry.sentences, entry.verdict, entry.limit]
        console.print(Text(" ".join(filter(None, said))))
    for e in reversed(lower):
        low, high = e.range or (0.0, 0.0)
        console.print(Text(f"Activations from {low:.3g} to {high:.3g}: {e.formula or e.status}"
                           + (f", IoU {e.iou:.3f}" if e.formula else "")))  # fmt: skip
    if entry.weights:
        console.print(_weights(entry.weights))
    for group in entry.groups:
        console.print(Text(f"\n{group.heading}", "bold"))
        assert terminal is not None  # else there would be no group
        for sample in group.samples:
            told = terminal.sample(sample, bool(console.color_system))
            console.print(Padding(told, (0, 0, 1, 2)))


def _weights(weights: Sequence[ClassWeight]) -> Table:
    """A small bar for each class, from the middle to the left or to the right."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for w in weights:
        bar = "█" * round(_BAR * abs(w.share))
        left, right = ("", bar) if w.weight > 0 else (bar, "")
        drawn = Text.assemble((left.rjust(_BAR), "red"), "│", (right, "green"))
        table.add_row(Text(w.name), f"{w.weight:+.3f}", drawn)
    return table


def _pair(pair: PairView, agreement: str, colours: bool) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_row("premise", _sentence(pair.premise, colours))
    table.add_row("hypothesis", _sentence(pair.hypothesis, colours))
    table.add_row(f"{pair.activation:.2f}", Text(", ".join(_remarks(pair, agreement)), "dim"))
    return table


def _remarks(pair: PairView, agreement: str) -> list[str]:
    """What is known of a pair, apart from its words."""
    remarks = [f"gold {pair.label}"] if pair.label else []
    if pair.prediction:
        remarks.append(f"model says {pair.prediction}{' (wrong)' if pair.is_wrong else ''}")
    return [*remarks, agreement]


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
