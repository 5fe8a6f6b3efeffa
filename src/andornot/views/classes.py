"""A class of the network: how often it is predicted, and which units go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    """Units that go with a class: which, and by what quantity."""

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
        sentences: how often it occurs and is predicted.
        links: the units that go with it, layer by layer and quantity by quantity.
        attacks: what was tried to lead samples to it, or away from it.
    """

    name: str
    number: int
    predicted: int | None
    sentences: tuple[str, ...]
    links: tuple[Links, ...]
    attacks: tuple[AttackView, ...]


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
            sentences=_about_class(None if said is None else said == c, labels == c),
            links=tuple(link for context in linked for link in _links(context, c, len(linked))),
            attacks=tuple(note for note in attacks if names[c] in (note.target, note.source)),
        )
        for c in order
    ]


def _about_class(said: NDArray[np.bool_] | None, own: NDArray[np.bool_]) -> tuple[str, ...]:
    """How often a class is predicted, and how often rightly.

    Args:
        said: bool ``(n_samples,)``, where the network sees it; None if that is not known.
        own: which samples are of it.
    """
    if said is None:
        return ()
    found = [f"The network sees it in {int(said.sum()):,} of {count(len(said), 'sample')}."]
    if n := int(own.sum()):
        right = int((own & said).sum())
        found.append(
            f"{count(n, 'sample')} {'is' if n == 1 else 'are'} of this class; the network is right "
            f"on {right:,} of them ({right / n:.0%})."
        )
    return tuple(found)


def _links(context: LayerContext, c: int, n_layers: int) -> list[Links]:
    """The units of a layer for a class and against it."""
    if context.links is None:
        return []
    values = np.nan_to_num(context.links.values[c, list(context.units)])
    weights = context.links.are_weights
    quantity = "weight" if weights else "correlation"
    of_layer = f" ({context.layer})" if n_layers > 1 else ""
    speak = "Units that speak {} it" if weights else "Units that go {} its prediction"
    found = []
    for sign, words in ((1, ("for", "with")), (-1, ("against", "against"))):
        order = np.argsort(-sign * values, kind="stable")[:_UNITS]
        rows = tuple((context.refs[i], float(values[i])) for i in order if sign * values[i] > 0)
        heading = speak.format(words[0 if weights else 1]) + of_layer
        found += [Links(heading, quantity, rows)] if rows else []
    return found
