"""What the page that compares loads: a list of all units, and a script for each of them.

The page opens from the disk, where a script can load scripts and nothing else. One for each unit
keeps it quick: two of them are read, however many units there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from andornot.report.addresses import Addresses
from andornot.report.folder import as_script
from andornot.views.comparison import Compared
from andornot.views.listed import UnitList
from andornot.views.neighbours import Neighbours

BESIDE: Final = 4
"""Samples that are shown of each unit."""

CLOSEST: Final = 12
"""Pairs that are listed."""

_FOLDER: Final = "compare"


def write_compared(
    folder: Path, addresses: Addresses, unit: Compared, samples: Sequence[dict[str, Any]]
) -> None:
    """Write what is shown of a unit beside another.

    Args:
        folder: the report's folder.
        addresses: where pages lie.
        unit: the unit.
        samples: what excites it most.
    """
    ref, judged = unit.ref, unit.ref.judged
    key = addresses.key(ref.layer, ref.unit)
    told = {
        "href": addresses.unit(ref.layer, ref.unit),
        "says": ref.says,
        "instead": judged.instead,
        "verdict": judged.verdict,
        "badge": judged.badge,
        "little": judged.is_little,
        "meaning": judged.meaning,
        "look": judged.look,
        "facts": unit.facts,
        "concepts": [[name, no, addresses.concept(name)] for name, no in unit.concepts],
        "classes": [[addresses.class_(n), name, weight] for n, name, weight in unit.classes],
        "near": unit.near,
        "allNear": unit.all_near,
        "samples": list(samples),
    }
    _write(folder, key, f"andornotUnit({as_script(key)}, {as_script(told)});\n")


def write_compared_list(
    folder: Path, addresses: Addresses, units: UnitList, neighbours: Neighbours
) -> None:
    """Write the list of units that one can choose from.

    Args:
        folder: the report's folder.
        addresses: where pages lie.
        units: the layers, and what units have to do with classes.
        neighbours: all units, and on how many positions each is active.
    """
    several, known = len(units.layers) > 1, neighbours.overlaps
    rows = [
        [
            addresses.key(ref.layer, ref.unit),
            f"{ref.layer}, unit {ref.unit}" if several else f"unit {ref.unit}",
            ref.judged.verdict,
            ref.says,
            0 if known is None else int(known.totals[place]),
        ]
        for place, ref in enumerate(neighbours.refs)
    ]
    told = {"weights": units.are_weights, "units": rows}
    _write(folder, "units", f"window.andornotUnits = {as_script(told)};\n")


def _write(folder: Path, name: str, text: str) -> None:
    (folder / _FOLDER).mkdir(exist_ok=True)
    (folder / _FOLDER / f"{name}.js").write_text(text, encoding="utf-8")
