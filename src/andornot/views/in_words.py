"""Units of a layer as far as words can show them: for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from andornot.data.sentences.pairs import PairData
from andornot.results.result import Result
from andornot.runs.run import Run
from andornot.views.of_run import directions_sentence, unit_entry
from andornot.views.plain import View
from andornot.views.sentence_gallery import PairGallery, PairView, pair_entry
from andornot.views.unit import Range, UnitEntry, choose_units, lower_ranges


@dataclass(frozen=True)
class UnitInWords(View):
    """A unit, and the formulas of its lower ranges, from the highest down."""

    entry: UnitEntry[PairView]
    lower: tuple[Range, ...]


@dataclass(frozen=True, eq=False)
class UnitsInWords:
    """Units of a layer.

    Attributes:
        level: what a position is: ``image``, ``pair`` or ``token``.
        sentences: what is to be known before.
        units: one after another, each made when it is its turn.
    """

    level: str
    sentences: tuple[str, ...]
    units: Iterator[UnitInWords]


def units_in_words(
    run: Run,
    units: Sequence[int] | None = None,
    n_units: int = 5,
    n_samples: int = 10,
    *,
    layer: str | None = None,
    data: PairData | None = None,
) -> UnitsInWords:
    """Units, with the sentence pairs that show them and the words marked.

    Args:
        run: the run; of units on images only what can be said in words is given.
        units: the units to show, in this order; the best explained ones if not given.
        n_units: how many units to show when ``units`` is not given.
        n_samples: how many pairs to show for each unit, at most.
        layer: the layer to show; not needed if the run has only one.
        data: the pairs that the run was made from; found again by the manifest if not given.

    Raises:
        OptionError: a unit was not explained, or ``n_samples`` is below 1.
        DataError: the sentences of the run cannot be opened.
    """
    layer = run.layer(layer)
    chosen, said = choose_units(run.result(layer), units, n_units), directions_sentence(run, layer)
    if run.level == "image":
        return UnitsInWords(run.level, said, _without_samples(run, layer, chosen))
    gallery = PairGallery.open(run, layer, data)
    return UnitsInWords(run.level, said, _with_pairs(gallery, chosen, n_samples))


def _without_samples(run: Run, layer: str, units: Sequence[int]) -> Iterator[UnitInWords]:
    result: Result = run.result(layer)
    for unit in units:
        entry: UnitEntry[PairView] = unit_entry(run, layer, result[unit], (), "position")
        yield UnitInWords(entry, lower_ranges(result.ranges(unit)))


def _with_pairs(gallery: PairGallery, units: Sequence[int], n: int) -> Iterator[UnitInWords]:
    for unit in units:
        lower = lower_ranges(gallery.result.ranges(unit))
        yield UnitInWords(pair_entry(gallery, unit, n), lower)
