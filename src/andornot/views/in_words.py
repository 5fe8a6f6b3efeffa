"""Units of a layer as far as words can show them: for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from andornot.concepts.twins import NEAR
from andornot.concepts.twins import near_twins as find_near
from andornot.explainer import searched_concepts
from andornot.formula import quote
from andornot.results.explanation import Explanation
from andornot.runs.run import Run
from andornot.search.options import SearchOptions
from andornot.views.galleries import AnyGallery, open_gallery
from andornot.views.of_run import directions_sentence, unit_entry, unit_of_count_sentence
from andornot.views.plain import View
from andornot.views.samples import grouped
from andornot.views.unit import Group, Range, UnitEntry, choose_units, lower_ranges

_NEAR: Final = 10
"""Near-twins of a concept that are named."""


@dataclass(frozen=True)
class UnitInWords(View):
    """A unit, the formulas of its lower ranges, and what its concepts are nearly the same as.

    Attributes:
        entry: what is said of it.
        lower: the formulas of its lower ranges, from the highest down.
        near: the near-twins of the concepts of its formula, a line each; empty where they were
            not asked for.
    """

    entry: UnitEntry[Any]
    lower: tuple[Range, ...]
    near: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class UnitsInWords:
    """Units of a layer.

    Attributes:
        level: the level of the run, such as ``pair``.
        position: what a position is called, in the singular.
        terminal: what prints samples (see ``cli.terminal``); None where they cannot be.
        sentences: what is to be known before.
        units: one after another, each made when it is its turn.
    """

    level: str
    position: str
    terminal: Any
    sentences: tuple[str, ...]
    units: Iterator[UnitInWords]


def units_in_words(
    run: Run,
    units: Sequence[int] | None = None,
    n_units: int = 5,
    n_samples: int = 10,
    *,
    layer: str | None = None,
    data: Any = None,
    near_twins: bool = False,
) -> UnitsInWords:
    """Units, with the samples that show them where these can be put into words.

    Args:
        run: the run.
        units: the units to show, in this order; the first by verdict and gain if not given.
        n_units: how many units to show when ``units`` is not given.
        n_samples: how many samples to show for each unit, at most.
        layer: the layer to show; not needed if the run has only one.
        data: the samples that the run was made from; found again by the manifest if not given.
        near_twins: whether to say which concepts nearly hold where those of a formula do.

    Raises:
        OptionError: a unit was not explained, or ``n_samples`` is below 1.
        DataError: the samples of the run cannot be opened.
    """
    layer, modality = run.layer(layer), run.modality
    chosen = choose_units(run.result(layer), units, n_units)
    terminal = modality.find(modality.terminal) if modality.terminal else None
    gallery = None if terminal is None else open_gallery(run, layer, data)
    return UnitsInWords(
        level=run.level,
        position=modality.level(run.level).position,
        terminal=terminal,
        sentences=(*directions_sentence(run, layer), *unit_of_count_sentence(run)),
        units=_units(run, layer, chosen, gallery, n_samples, near_twins),
    )


def _units(
    run: Run,
    layer: str,
    units: Sequence[int],
    gallery: AnyGallery | None,
    n_samples: int,
    near_twins: bool,
) -> Iterator[UnitInWords]:
    result, areas = run.result(layer), run.areas(layer)
    for unit in units:
        groups: tuple[Group[Any], ...] = ()
        if gallery is not None:
            groups = grouped(gallery.unit(unit, n_samples))
        entry = unit_entry(run, layer, result[unit], groups, areas)
        lower = lower_ranges(result.ranges(unit))
        near = near_lines(run, result[unit]) if near_twins else ()
        yield UnitInWords(entry, lower, near)


def near_lines(run: Run, e: Explanation) -> tuple[str, ...]:
    """The near-twins of each concept of a unit's formula, among those that the search could use."""
    # of options that this version does not know, all concepts may be meant
    table, options = run.concepts, run.record.search.options() or SearchOptions()
    candidates = searched_concepts(table, options)
    names = () if e.shown is None else dict.fromkeys(e.shown.formula.concepts)
    return tuple(
        f"Near-twins of {quote(name)} (Jaccard index above {NEAR:g}): "
        f"{_told(find_near(name, table, candidates)) or 'none'}"
        for name in names
    )


def _told(found: Mapping[str, float]) -> str:
    """Near-twins in words; those that are the same everywhere are told apart."""
    told = [
        f"{quote(name)} ({'the very same positions' if index == 1 else f'{index:.3f}'})"
        for name, index in found.items()
    ]
    more = [f"{len(told) - _NEAR:,} more"] if len(told) > _NEAR else []
    return ", ".join([*told[:_NEAR], *more])
