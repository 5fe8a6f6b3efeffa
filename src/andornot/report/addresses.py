"""Where the pages of units, concepts and classes lie in a report."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from andornot.views.unit_links import UnitLink

COMPARE: Final = "compare.html"
"""The page where two units stand side by side."""


@dataclass(frozen=True)
class Addresses:
    """Addresses of pages, from the report's folder.

    Attributes:
        slugs: the name of each layer in addresses.
        concepts: the number of each concept.
        paged: the numbers of those that have a page.
    """

    slugs: Mapping[str, str]
    concepts: Mapping[str, int]
    paged: Container[int] = ()

    def key(self, layer: str, unit: int) -> str:
        """A unit in addresses."""
        return f"{self.slugs[layer]}-{unit:05d}"

    def unit(self, layer: str, unit: int) -> str:
        """The page of a unit."""
        return f"unit/{self.key(layer, unit)}.html"

    def beside(self, *units: UnitLink) -> str:
        """The page where units stand side by side."""
        return f"{COMPARE}#{'&'.join(self.key(ref.layer, ref.unit) for ref in units)}"

    def concept(self, name: str) -> str:
        """The page of a concept, or its row in the table; none where concepts are not known."""
        if name not in self.concepts:
            return ""
        if (number := self.concepts[name]) in self.paged:
            return f"concept/{number:05d}.html"
        # in quotes it is that very concept, whatever else has its words
        escaped = re.sub(r'([\\"])', r"\\\1", name)
        return "concepts.html#q=" + quote(f'"{escaped}"', safe="")

    @staticmethod
    def class_(number: int) -> str:
        """The page of a class, by its number."""
        return f"class/{number:04d}.html"


def slugs(layers: Sequence[str]) -> dict[str, str]:
    """A name for each layer that is good in any address and file system, all different."""
    found: dict[str, str] = {}
    for layer in layers:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", layer).strip(".") or "layer"
        # macOS and Windows take names that differ in case only for one
        taken = {slug.lower() for slug in found.values()}
        slug, n = plain, 2
        while slug.lower() in taken:
            slug, n = f"{plain}_{n}", n + 1
        found[layer] = slug
    return found
