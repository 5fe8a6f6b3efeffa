"""Drawn activations, and how two counts of them are compared."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from andornot.counting.stores import InMemory
from strategies import labelled


@st.composite  # type: ignore[arg-type]
def recordings(draw, **options):
    """Label maps of samples of any sizes, activations for them, thresholds that values equal."""
    data = draw(labelled(**options))
    n, (units, h, w) = len(data.maps), (draw(st.integers(1, 3)) for _ in range(3))
    values = st.sampled_from([-1.0, 0.0, 0.5, 0.7, 1.0, 2.0])
    flat = draw(st.lists(values, min_size=n * units * h * w, max_size=n * units * h * w))
    recorded = InMemory(
        np.array(flat, np.float32).reshape(n, units, h, w), block_size=draw(st.integers(1, 3))
    )
    thresholds = draw(st.lists(values | st.just(np.nan), min_size=units, max_size=units))
    return data, recorded, np.array(thresholds)


def assert_same(first, second):
    assert first.indptr.tolist() == second.indptr.tolist()
    assert first.atoms.tolist() == second.atoms.tolist()
    assert first.fold_counts.tolist() == second.fold_counts.tolist()
    assert (first.n_atoms, first.n_folds) == (second.n_atoms, second.n_folds)


quantiles = st.sampled_from([0.005, 0.01, 0.04, 0.1, 0.25, 0.29, 0.5, 0.9, 0.999])


@st.composite
def activations(draw):
    """A few units with many ties, some of them constant, in blocks."""
    n, units, h, w = (draw(st.integers(1, k)) for k in (4, 4, 4, 4))
    values = st.sampled_from([-2.0, -0.5, 0.0, 0.0, 0.25, 1.0, 1.1, 7.0])
    flat = draw(st.lists(values, min_size=n * units * h * w, max_size=n * units * h * w))
    array = np.array(flat, np.float32).reshape(n, units, h, w)
    for unit in draw(st.sets(st.integers(0, units - 1), max_size=2)):
        array[:, unit] = draw(values)
    return InMemory(array, block_size=draw(st.integers(1, 3)))
