"""Find clean cut-outs of a formula in annotated images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from andornot.edits.edits_of_images import Cutout, Rgb, cut
from andornot.edits.presence import Presence
from andornot.formula import Formula

BoolArray = NDArray[np.bool_]

_LOOKED_AT = 30
"""Images that are looked at for cut-outs of one formula: those with most of it."""

_SMALLEST, _LARGEST = 0.004, 0.6
"""A cut-out covers a share of its image between these: one can see it, and it is no whole image."""

_FILLED = 0.35
"""Least share of its box that a cut-out fills: speckles and frames are not clean."""

_UNCUT_BONUS = 2.0
"""How much more a whole thing counts than one that the frame of its image cuts off."""


class FoundCutout(NamedTuple):
    """A region that can be cut out: its size, weighed by how clean it is, sample and mask."""

    score: float
    sample: int
    region: BoolArray


def find_cutouts(
    presence: Presence,
    formula: Formula,
    donors: BoolArray,
    picture: Callable[[int], Image.Image],
    ids: Sequence[str],
    count: int,
    avoid: BoolArray | None = None,
) -> tuple[Cutout, ...]:
    """The largest clean regions in which a formula holds, each from another sample.

    A region is a connected piece of the formula's mask, its holes filled. See the constants of
    this module for what is clean.

    Args:
        presence: where concepts hold.
        formula: what to cut out.
        donors: from which samples, (n_samples,).
        picture: gives the image of a sample.
        ids: id of each sample.
        count: how many cut-outs are wanted; there may be fewer.
        avoid: atoms (n_atoms,) of which a region may hold a twentieth at most.
    """
    counts = presence.counts(formula) * donors
    order = [int(i) for i in np.argsort(-counts, kind="stable")[:_LOOKED_AT] if counts[i]]
    found = [best for i in order if (best := _best_region(presence, i, formula, avoid))]
    found.sort(key=lambda f: (-f.score, f.sample))
    return tuple(
        cut(image, fitted(f.region, image), str(formula), ids[f.sample])
        for f in found[:count]
        for image in [picture(f.sample)]
    )


def _best_region(
    presence: Presence, sample: int, formula: Formula, avoid: BoolArray | None
) -> FoundCutout | None:
    from scipy import ndimage

    pieces, n_pieces = ndimage.label(presence.mask(sample, formula))
    if not n_pieces:
        return None
    largest = 1 + int(np.bincount(pieces.ravel())[1:].argmax())
    region: BoolArray = ndimage.binary_fill_holes(pieces == largest)
    share = region.mean()
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    if not _SMALLEST <= share <= _LARGEST or region.sum() < _FILLED * box:
        return None
    if avoid is not None and avoid[presence.positions.sample(sample)[region]].mean() > 0.05:
        return None
    # what touches the frame of its image is most likely cut off by it
    frame = np.concatenate([region[0], region[-1], region[:, 0], region[:, -1]])
    return FoundCutout(float(share) * (1.0 if frame.any() else _UNCUT_BONUS), sample, region)


def fitted(region: BoolArray, image: Image.Image) -> BoolArray:
    """A mask at the size of an image: every pixel takes the value of the position it lies in."""
    if region.shape == image.size[::-1]:
        return region
    # no other filter: a mask has no values in between
    scaled = Image.fromarray(region).resize(image.size, Image.Resampling.NEAREST)
    return np.asarray(scaled, np.bool_)


def mean_colour(
    presence: Presence,
    formula: Formula,
    donors: Iterable[bool] | BoolArray,
    picture: Callable[[int], Image.Image],
    n_samples: int = 20,
) -> Rgb | None:
    """The mean colour of the positions on which a formula holds; None if there are none.

    Args:
        presence: where concepts hold.
        formula: which positions.
        donors: from which samples, (n_samples,).
        picture: gives the image of a sample.
        n_samples: how many samples are looked at, those with most of it.
    """
    counts = presence.counts(formula) * np.asarray(donors)
    order = [int(i) for i in np.argsort(-counts, kind="stable")[:n_samples] if counts[i]]
    pixels = []
    for i in order:
        image = picture(i)
        pixels.append(np.asarray(image)[fitted(presence.mask(i, formula), image)])
    if not order or not any(len(p) for p in pixels):
        return None
    red, green, blue = np.concatenate(pixels).mean(0).round()
    return int(red), int(green), int(blue)
