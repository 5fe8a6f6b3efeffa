"""The pictures of figures: a unit's mask and its formula's, drawn on an image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import colour_cases
from andornot.figures.panels import (  # type: ignore[attr-defined]
    AGREEMENT,
    FORMULA_ONLY,
    UNIT_ONLY,
    enlarge,
    outline,
    panels,
)
from andornot.figures.request import Choices, FigureRequest
from colour_cases import RED

pytest.importorskip("torch", reason="torch is not installed")

run = colour_cases.run


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_enlarging_a_mask_takes_the_position_under_each_pixel(mask):
    large = enlarge(mask, (21, 17))
    for y in range(21):
        for x in range(17):
            row, column = int((y + 0.5) * mask.shape[0] / 21), int((x + 0.5) * mask.shape[1] / 17)
            assert large[y, x] == mask[row, column]


@given(hnp.arrays(np.bool_, (6, 7)), st.integers(1, 3))
def test_an_outline_is_what_lies_close_to_the_outside(mask, width):
    expected = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        for b, a in np.argwhere(~mask):
            expected[y, x] |= abs(y - b) + abs(x - a) <= width
    np.testing.assert_array_equal(outline(mask, width), expected)


def test_panels_colour_the_right_pixels(run):
    gallery = FigureRequest(run, run.layer(), Choices()).pictures
    view = gallery.unit(RED).samples[0]
    view = replace(view, unit_mask=np.roll(view.unit_mask, 2, axis=(0, 1)))
    assert min(view.shares) > 0
    shape = view.shape
    image, unit, formula, both = panels(view)
    assert {p.shape for p in (image, unit, formula, both)} == {(*shape, 3)}
    u, f = enlarge(view.unit_mask, shape), enlarge(view.formula_mask, shape)
    for panel, mask in ((unit, u), (formula, f)):
        inside = mask & ~outline(mask)
        np.testing.assert_array_equal(panel[inside], image[inside])
        assert (panel[~mask].astype(int) <= image[~mask] * 0.25 + 0.5).all()
    for region, colour in ((u & f, AGREEMENT), (u & ~f, UNIT_ONLY), (f & ~u, FORMULA_ONLY)):
        assert (both[outline(region, 1)] == colour).all()
    outside = both[~(u | f)]
    assert (outside[:, 0] == outside[:, 1]).all(), "what neither covers is grey"
