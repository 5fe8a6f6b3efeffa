"""A class of the network: how often it is predicted, and which units go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from andornot._tools.words import count
from andornot.data.classes import by_prediction, match_classes
from andornot.views.attacks import AttackView
from andornot.views.layer_context import LayerContext
from andornot.views.plain import View
from andornot.views.unit_links import UnitLink

_UNITS: Final = 10
"""Units for a class, and as many against it."""


@dataclass(frozen=True)
class Links(View):
    """Units of a layer that go with a class, or against it: which, and by what quantity."""

    layer: str
    is_for: bool
    heading: str
    quantity: str
    rows: tuple[tuple[UnitLink, float], ...]


@dataclass(frozen=True)
class ClassView(View):
    """A class of the network.

    Attributes:
        name: of the class.
        number: its place among the network's classes.
        predicted: how many samples the network takes for it; None if that is not known.
        own: how many samples are of it.
        right: how many of these the network takes for it.
        links: the units that go with it and against it, layer by layer.
        attacks: what was tried to lead samples to it, or away from it.
        n_samples: how many samples there are.
        unlabelled: how many of them have no class that the network knows.
    """

    name: str
    number: int
    predicted: int | None
    own: int
    right: int
    links: tuple[Links, ...]
    attacks: tuple[AttackView, ...]
    n_samples: int
    unlabelled: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """How often it is predicted, and how often rightly."""
        if self.predicted is None:
            return ()
        of = count(self.n_samples, "sample")
        found = [f"The network sees it in {self.predicted:,} of {of}."]
        if self.own:
            found.append(
                f"{count(self.own, 'sample')} {'is' if self.own == 1 else 'are'} of this class; "
                f"the network is right on {self.right:,} of them ({100 * self.right_share:.0f} %)."
            )
        return (*found, *([self.unknown] if self.unknown else ()))

    @property
    def right_share(self) -> float:
        """Of the samples of this class, the share on which the network is right."""
        return self.right / self.own if self.own else float("nan")

    @property
    def unknown(self) -> str:
        """That some samples have no class, so that nobody knows whether they are seen rightly."""
        if not self.unlabelled or self.unlabelled == self.n_samples:
            return ""
        some = f"{self.unlabelled:,} of all {count(self.n_samples, 'sample')}"
        return f"{some} have no class that the network knows: whether it is right there is unknown."

    @property
    def first(self) -> tuple[tuple[Links, UnitLink], ...]:
        """Of each layer the unit that goes with it most."""
        return tuple((link, link.rows[0][0]) for link in self.links if link.is_for)


def class_views(
    samples: pd.DataFrame,
    contexts: Sequence[LayerContext],
    attacks: Sequence[AttackView],
) -> list[ClassView]:
    """A view of each class of the network, those that it predicts most often first.

    There is none where classes are not known.
    """
    linked = [context for context in contexts if context.links is not None]
    if not linked:
        return []
    names = linked[0].links.names if linked[0].links else ()
    labels = match_classes(list(samples["class"]), names)
    # a network with a single class gives everything that class
    known = "prediction" in samples and len(names) > 1
    said = samples["prediction"].to_numpy() if known else None
    order = range(len(names)) if said is None else by_prediction(said, len(names))
    return [
        ClassView(
            name=names[c],
            number=int(c),
            predicted=None if said is None else int((said == c).sum()),
            own=int((labels == c).sum()),
            right=0 if said is None else int(((labels == c) & (said == c)).sum()),
            links=tuple(link for context in linked for link in _links(context, c)),
            attacks=tuple(note for note in attacks if names[c] in (note.target, note.source)),
            n_samples=len(samples),
            unlabelled=int((labels < 0).sum()),
        )
        for c in order
    ]


def _links(context: LayerContext, c: int) -> list[Links]:
    """The units of a layer for a class and against it."""
    if context.links is None:
        return []
    values = np.nan_to_num(context.links.values[c, list(context.units)])
    weights = context.links.are_weights
    quantity = "weight" if weights else "correlation"
    speak = "Units that speak {} it" if weights else "Units that go {} its prediction"
    found = []
    for sign, words in ((1, ("for", "with")), (-1, ("against", "against"))):
        order = np.argsort(-sign * values, kind="stable")[:_UNITS]
        rows = tuple((context.refs[i], float(values[i])) for i in order if sign * values[i] > 0)
        heading = speak.format(words[0 if weights else 1])
        found += [Links(context.layer, sign > 0, heading, quantity, rows)] if rows else []
    return found
