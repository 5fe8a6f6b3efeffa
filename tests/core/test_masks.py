"""Masks that come as numbers: read where they are all 0 or 1, refused where they may be more."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import andornot
from andornot import ConceptTable
from andornot._tools.checks import as_masks
from andornot.errors import DataError

MASKS = np.eye(4, 6, dtype=bool)
NAMES = ("a", "b", "c", "salt & pepper")
TABLE = ConceptTable.from_masks(MASKS, NAMES)


@pytest.mark.parametrize(
    "given",
    [
        MASKS.astype(np.uint8),
        MASKS.astype(np.int8),
        MASKS.astype(int),
        MASKS.astype(np.float16),
        np.asfortranarray(MASKS * 1.0),
        (MASKS * 1).tolist(),
        pd.DataFrame(MASKS.astype(int)),
        np.where(MASKS, 1.0, -0.0),
    ],
    ids=lambda given: f"{type(given).__name__} {getattr(given, 'dtype', '')}",
)
def test_numbers_that_are_all_0_or_1_are_masks(given):
    assert ConceptTable.from_masks(given, NAMES).digest == TABLE.digest
    known = {"object": np.asarray(given)[0]}
    there = {"object": MASKS[0]}
    of_numbers = ConceptTable.from_masks(given, NAMES, ["object"] * len(NAMES), known=known)
    plain = ConceptTable.from_masks(MASKS, NAMES, ["object"] * len(NAMES), known=there)
    assert of_numbers.digest == plain.digest
    result = andornot.explain(given, TABLE)
    assert result.to_frame().equals(andornot.explain(MASKS, TABLE).to_frame())
    assert andornot.score(NAMES[0], np.asarray(given)[1], TABLE) == andornot.score(
        NAMES[0], MASKS[1], TABLE
    )
    result.assess(given, TABLE)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (MASKS.astype(np.uint8) * 255, "uint8 and hold 0 and 255, where"),
        (MASKS * 2, r"int64 and hold 2 at \["),
        (np.where(np.eye(*MASKS.shape), 7, 1), r"hold 7 at \[0, 0\]"),
        (MASKS * -1, r"hold -1 at \["),
        (np.where(np.arange(6) == 5, np.nan, MASKS), r"float64 and hold nan at \[0, 5\]"),
        (MASKS + 1e-9, r"hold 1\.000000001 at \["),
        (MASKS * (1 + 0j), "dtype complex128; give booleans"),
        (MASKS.astype(str), "dtype <U5; give booleans"),
    ],
)
def test_numbers_that_may_be_something_else_are_no_masks(given, found):
    for call in (
        lambda: ConceptTable.from_masks(given, NAMES),
        lambda: andornot.explain(given, TABLE),
        lambda: andornot.score("salt & pepper", given[0] if given.ndim else given, TABLE),
    ):
        with pytest.raises(DataError, match=r"dtype .*give booleans, for instance") as caught:
            call()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300
    with pytest.raises(DataError, match=found):
        ConceptTable.from_masks(given, NAMES)


@drawn(
    hnp.arrays(
        st.sampled_from(["i1", "u1", "i4", "u8", "f2", "f8"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        elements=st.sampled_from([0, 1, 1, 0, 2]),
    ),
    st.booleans(),
)
def test_masks_of_numbers_are_what_python_says(array, turned):
    given = array.T if turned else array[..., ::2] if array.ndim else array
    if all(value in (0, 1) for value in given.ravel().tolist()):
        found = as_masks(given, "masks", "masks > 0")
        assert found.dtype == bool
        assert found.tolist() == (given == 1).tolist()
    else:
        with pytest.raises(DataError, match="hold 2"):
            as_masks(given, "masks", "masks > 0")


def test_masks_of_bytes_are_not_copied():
    given = np.eye(6, dtype=np.uint8)
    assert np.shares_memory(as_masks(given, "masks", "masks > 0"), given)
    wide = np.zeros((40, 100_000), np.int64)
    tracemalloc.start()
    as_masks(wide, "masks", "masks > 0")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < wide.size * 1.5, "nothing beyond the masks and a block"


def test_a_score_is_of_one_mask_and_says_so():
    """An axis too many is what is typed beside ``explain(unit[None], ...)``."""
    concepts = ConceptTable.from_masks(np.array([[True, False, True]]), ["red"])
    with pytest.raises(DataError, match=r"give that of one, such as unit_masks\[0\]"):
        andornot.score("red", np.array([[True, False, True]]), concepts)
