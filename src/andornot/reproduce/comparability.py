"""Whether the paper's numbers belong to the data and the network that were used here.

It is decided by what the run records and by digests of the samples, never by what a user says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from andornot.runs.run import Run

DATA = "data"
UNIT = "unit"
LAYER = "layer"
PEOPLE = "people"
"""What a claim of the paper needs for a comparison: the paper's data; also its very network, since
units have other numbers in any other; all units of the paper's network or of one of its kind; the
judgement of people, which no program repeats."""

ADE20K_IDS = "f7ecf616569363d53b45aa653e902a6aa6429bd60e15128e7e46bb665ae49c73"
"""Digest of the 22,210 image names in the published code's index of Broden."""

SNLI_DEV_TEXTS = "c5a629b63de9b058262d136b6f4aa42fffc6d871905ccc2fe6add907f79648c2"
"""Digest of the letters and digits of the 10,000 pairs of SNLI's validation set."""

BY_PEOPLE = (
    "people judged 128 units in the paper; here a measure of words judges all of them (see "
    "andornot analyze kinds)"
)


@dataclass(frozen=True)
class Comparability:
    """What speaks against comparing with the paper, a sentence without its end each.

    Attributes:
        data: the samples are not the paper's.
        network: the network is not the paper's own.
        kind: the network is not one of the paper's kind, trained on the paper's data.
        units: not all units of the layer were asked for.
    """

    data: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    def against(self, needs: str) -> str:
        """In a few words, why a claim that needs this cannot be compared; empty if it can."""
        if needs == PEOPLE:
            return BY_PEOPLE
        another = {UNIT: self.network, LAYER: self.kind}.get(needs, ())
        some = self.units if needs == LAYER else ()
        words = ("other data", "another network", "not all units")
        said = [word for word, why in zip(words, (self.data, another, some), strict=True) if why]
        return f"{' and '.join(said)}, see the top" if said else ""

    @property
    def sentence(self) -> str:
        """In a line, for which figures the paper is a yardstick."""
        if reasons := (*self.data, *self.kind):
            return (
                "NOT COMPARABLE with the paper, whose values are shown for scale only: "
                f"{'; '.join(reasons)}."
            )
        if reasons := (*self.network, *self.units):
            return f"Comparable in part: {'; '.join(reasons)}."
        return "These are the paper's data and network, so its values are a yardstick."


def all_units(run: Run) -> tuple[str, ...]:
    """What to say if not all units of the layer were asked for."""
    asked, n = len(run.result()), run.responses().n_units
    return () if asked == n else (f"only {asked:,} of {n:,} units were looked at",)


def digest(texts: Iterable[str]) -> str:
    """SHA-256 of texts, whatever their order."""
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()


def letters(*sentences: str) -> str:
    """Sentences without case, blanks and signs, so that tokens and raw text are the same."""
    return "|".join(
        "".join(c for c in text.casefold() if c.isascii() and c.isalnum()) for text in sentences
    )
