"""What a notebook shows of a run, of one of its units, and of the first ones, with samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from andornot._tools.progress import track
from andornot.runs.run import Run
from andornot.views.galleries import AnyGallery, open_gallery
from andornot.views.of_run import run_headline, unit_entry
from andornot.views.plain import View
from andornot.views.samples import STRONGEST, grouped
from andornot.views.unit import BestUnits, UnitEntry, best_entries


@dataclass(frozen=True)
class RunInBrief(View):
    """A run: its headline, and the first units of each layer."""

    headline: tuple[str, ...]
    layers: tuple[tuple[str, BestUnits], ...]


@dataclass(frozen=True)
class UnitsWithSamples(View):
    """Units of a layer with samples that show them.

    Attributes:
        layer: the layer.
        level: the level of the run, such as ``image`` or ``token``.
        units: what is said of each.
        text: the same in a line each.
        samples: makes what shows samples (see ``report.notebook_samples``), as the modality names
            it.
    """

    layer: str
    level: str
    units: tuple[UnitEntry[Any], ...]
    text: tuple[str, ...]
    samples: Callable[[], Any]


def run_in_brief(run: Run, n: int) -> RunInBrief:
    """A run with the first ``n`` units of each layer."""
    layers = tuple((name, best_entries(run.result(name), n)) for name in run.layers)
    return RunInBrief(run_headline(run), layers)


def unit_with_samples(
    run: Run, unit: int, layer: str | None, n_samples: int, data: Any
) -> UnitsWithSamples:
    """A unit with samples of all groups.

    Raises:
        DataError: the samples of the run cannot be opened.
        OptionError: the layer is unknown, the unit was not explained, or ``n_samples`` is below 1.
    """
    opened = open_gallery(run, layer, data)
    entry = _entry(opened, unit, n_samples)
    return UnitsWithSamples(
        opened.layer, run.level, (entry,), (str(opened.result[unit]),), _shows(run)
    )


def first_units_with_samples(
    run: Run, n: int, layer: str | None, n_samples: int, data: Any
) -> UnitsWithSamples:
    """The first units of a layer, each with the samples that excite it most.

    Raises:
        DataError: the samples of the run cannot be opened.
        OptionError: the layer is unknown, ``n`` is below 0, or ``n_samples`` below 1.
    """
    opened = open_gallery(run, layer, data)
    best = opened.result.best(n)
    found = []
    for e in track(best, f"picturing {opened.layer}", len(best)):
        entry = _entry(opened, e.unit, n_samples)
        most = tuple(group for group in entry.groups if group.key == STRONGEST)
        found.append(replace(entry, groups=most))
    return UnitsWithSamples(
        opened.layer, run.level, tuple(found), tuple(map(str, best)), _shows(run)
    )


def _entry(opened: AnyGallery, unit: int, n_samples: int) -> UnitEntry[Any]:
    """What is said of a unit, with samples that show it."""
    groups = grouped(opened.unit(unit, n_samples))
    return unit_entry(opened.run, opened.layer, opened.result[unit], groups, opened.areas)


def _shows(run: Run) -> Callable[[], Any]:
    """What shows samples of a run in a notebook."""
    shows: Callable[[], Any] = run.modality.find(run.modality.notebook)
    return shows
