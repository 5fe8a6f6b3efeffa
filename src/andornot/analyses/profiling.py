"""Hold the recorded activations of a run against formulas."""

from __future__ import annotations

from collections.abc import Mapping

from andornot._tools.checks import several, whole_number
from andornot.errors import OptionError
from andornot.formula import Formula
from andornot.measures.profiles import Asked, Profile, find_profiles
from andornot.runs.run import Run


def profiles_of(run: Run, layer: str, formulas: Mapping[int, Formula]) -> dict[int, Profile]:
    """The profile of each unit against its formula (see ``measures.profiles``)."""
    table, thresholds = run.concepts, run.thresholds(layer)
    lowest, highest = run.extremes(layer)
    asked = [
        Asked(
            unit, table.mask(formula), float(thresholds[unit]),
            float(lowest[unit]), float(highest[unit]),
        )
        for unit, formula in formulas.items()
    ]  # fmt: skip
    shards = run.activations(layer)
    found = find_profiles(shards, table, asked, n_blocks=len(shards.paths))
    return dict(zip(formulas, found, strict=True))


def checked_units(numbers: list[int], wanted: list[int] | None, layer: str) -> list[int]:
    """The units that are asked for, all that have a formula if none is named.

    Raises:
        OptionError: one of them has no formula.
    """
    if wanted is None:
        return numbers
    known, asked = set(numbers), [whole_number(unit, "units") for unit in several(wanted, "units")]
    if missing := [unit for unit in asked if unit not in known]:
        raise OptionError(f"unit {missing[0]} of {layer} has no formula; choose other units")
    return asked
