"""Which picture stands for each unit in lists: cards beside each other show different ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from andornot._tools.progress import track
from andornot.views.image_gallery import ImageView
from andornot.views.layer_context import LayerContext
from andornot.views.listed import places
from andornot.views.unit_links import UnitLink

STRONGEST: Final = 16
"""From how many images, those that excite a unit most, the picture on its card is chosen."""

RECENT: Final = 12
"""So many cards, a screen of them, show different pictures where units have enough."""


def card_pictures(contexts: Sequence[LayerContext]) -> Iterator[tuple[UnitLink, ImageView]]:
    """A picture of each unit that is active anywhere, in the order of lists."""
    listed = [
        (place, context, ref)
        for context, order in zip(contexts, places(contexts), strict=True)
        for place, ref in zip(order, context.refs, strict=True)
    ]
    listed.sort(key=lambda card: card[0])
    cards = ((c.layer, c.gallery.strongest(ref.unit, STRONGEST)) for _, c, ref in listed)
    chosen = zip(listed, apart(cards), strict=True)
    for (_, context, ref), sample in track(chosen, "choosing pictures", len(listed)):
        if sample is not None:
            yield ref, context.gallery.picture(ref.unit, sample)


def apart(cards: Iterable[tuple[str, Sequence[int]]]) -> list[int | None]:
    """Choose an image for each card, so that cards near each other show different ones.

    Each takes the strongest of its images that is on none of the last :data:`RECENT` cards, neither
    in the list of all layers nor in that of its own; where all are, the one shown longest ago.

    Args:
        cards: in the order of the list: the layer, and its images, the strongest first.

    Returns:
        An image for each card; None for one that has none.
    """
    everywhere, by_layer = _List(), dict[str, _List]()
    chosen: list[int | None] = []
    for layer, images in cards:
        lists = everywhere, by_layer.setdefault(layer, _List())
        ages = [min(own.age(image) for own in lists) for image in images]
        unseen = (i for i, age in enumerate(ages) if age > RECENT)
        # max takes the first of equals, which is the strongest
        at = next(unseen, max(range(len(ages)), key=ages.__getitem__, default=None))
        image = None if at is None else images[at]
        for own in lists:
            own.show(image)
        chosen.append(image)
    return chosen


class _List:
    """A list of cards, and when each image was last shown in it."""

    def __init__(self) -> None:
        self._cards = 0
        self._last: dict[int, int] = {}

    def age(self, image: int) -> float:
        """How many cards ago the image was shown: 1 for the last one, infinite for never."""
        return self._cards - self._last[image] if image in self._last else math.inf

    def show(self, image: int | None) -> None:
        """A further card, with this image or none."""
        if image is not None:
            self._last[image] = self._cards
        self._cards += 1
