"""Name the colour of every position by one of the eleven basic colour terms.

The terms are those of Berlin & Kay (*Basic Color Terms*, 1969). The rule is our own: a pixel
is taken to CIE L*C*h (D65, from sRGB), and the table ``_BANDS`` below reads its name off its
hue, chroma and lightness. It says what the terms mean in plain words: little chroma is black,
grey or white; brown is a dark orange or yellow, pink a light red or purple. The bands were
drawn with a published naming in view (van de Weijer et al., *Learning Color Names for
Real-World Applications*, 2009): borders tried, then rounded; no table is copied.
``docs/reference/data.md`` says how far the two agree.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from andornot.data.images.files import parse_id, read_rows
from andornot.data.sources.colours import CATEGORY as CATEGORY
from andornot.data.sources.colours import COLORS as COLORS
from andornot.data.sources.colours import NAMES as NAMES
from andornot.data.sources.colours import color_map as color_map
from andornot.errors import DataError

BINS = 32
"""Bins of a channel: its five upper bits."""

_GREYISH = 17.0  # chroma below which no hue is seen
_BLACK, _WHITE = 30.0, 75.0  # lightness up to black, and from white

# Hue in degrees up to which a band goes (the first begins where the last ends, at 335 - 360),
# and its colours: the first whose least chroma and least lightness are reached gives the name.
_BANDS: tuple[tuple[float, tuple[tuple[float, float, str], ...]], ...] = (
    (40, ((0, 60, "pink"), (35, 0, "red"), (0, 45, "pink"), (0, 0, "brown"))),
    (75, ((35, 40, "orange"), (0, 70, "pink"), (0, 0, "brown"))),
    (95, ((35, 30, "yellow"), (0, 70, "yellow"), (0, 0, "brown"))),
    (115, ((35, 30, "yellow"), (0, 70, "yellow"), (0, 0, "green"))),
    (190, ((0, 0, "green"),)),
    (310, ((0, 0, "blue"),)),
    (335, ((0, 75, "pink"), (0, 0, "purple"))),
    (360, ((0, 45, "pink"), (0, 0, "purple"))),
)


def color_bins() -> NDArray[np.int32]:
    """Apply our rule to the middle of every bin.

    Returns:
        Index into ``COLORS`` by bin of R, G and B; shape (32, 32, 32).
    """
    middle = np.arange(BINS) * 8 + 3.5
    rgb = np.stack(np.meshgrid(middle, middle, middle, indexing="ij"), axis=-1)
    lightness, chroma, hue = _lch(rgb)
    names = np.full(lightness.shape, "", dtype="<U6")
    start = 0.0
    for end, colors in _BANDS:
        for least_chroma, least_lightness, name in colors:
            fits = (hue >= start) & (hue < end) & (names == "")
            names[fits & (chroma >= least_chroma) & (lightness >= least_lightness)] = name
        start = end
    greyish = np.select([lightness < _BLACK, lightness < _WHITE], ["black", "grey"], "white")
    return np.searchsorted(NAMES, np.where(chroma < _GREYISH, greyish, names)).astype(np.int32)


def _lch(rgb: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Take sRGB (0..255, last axis) to CIE lightness, chroma and hue in degrees.

    Source: IEC 61966-2-1 for sRGB, CIE 15:2004 for L*a*b*, white point D65.
    """
    part = rgb / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = linear @ to_xyz.T / to_xyz.sum(axis=1)
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    a = 500 * (root[..., 0] - root[..., 1])
    b = 200 * (root[..., 1] - root[..., 2])
    return 116 * root[..., 1] - 16, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def read_color_bins(path: Path) -> NDArray[np.int32]:
    """Read a table of the user's: a CSV with the columns r_bin, g_bin, b_bin, color.

    Returns:
        Index into ``COLORS`` by bin of R, G and B; shape (32, 32, 32).

    Raises:
        DataError: a bin is missing, named twice or out of range, or a colour is not among
            the eleven.
    """
    bins = np.full((BINS, BINS, BINS), -1, dtype=np.int32)
    for line, row in read_rows(path, ("r_bin", "g_bin", "b_bin", "color")):
        where = f"{path}, row {line}"
        place = tuple(
            parse_id(row[column], f"{where}, column {column}", 0, BINS - 1)
            for column in ("r_bin", "g_bin", "b_bin")
        )
        if row["color"] not in NAMES:
            raise DataError(f"{where}: {row['color']!r} is not one of {', '.join(NAMES)}.")
        if bins[place] >= 0:
            raise DataError(f"{where}: the bin {place} already has a colour: keep one row of it.")
        bins[place] = NAMES.index(row["color"])
    if (bins < 0).any():
        raise DataError(
            f"{path} has no colour for {(bins < 0).sum()} of {bins.size} bins: "
            f"add a row for each, such as {np.argwhere(bins < 0)[0].tolist()}."
        )
    return bins
