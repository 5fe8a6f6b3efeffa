"""Edits that do the same to a reader: which they are, and that one of them stands for all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot import parse
from andornot.edits.alike import are_alike, merged_alike
from andornot.edits.editor import Proposal
from andornot.edits.edits_of_images import Cutout, Paste, PasteOver, Place, Recolour
from andornot.edits.edits_of_words import Delete, Insert, Repeat, Reword, Word
from andornot.edits.screening import BestVariant


def piece(origin, height, grey=0):
    return Cutout(np.full((height, 10, 4), (grey, 0, 0, 255), np.uint8), "water", origin)


A, B = Place(0.5, 0.5, 0.3), Place(0.25, 0.7, 0.5)
NOBODY, RUNS = Word.read("hyp:nobody"), Word.read("hyp:runs")
SAND = parse("sand")


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        (Paste(piece("coast", 10), A), Paste(piece("coast", 10), B), True),
        (Paste(piece("coast", 10), A), PasteOver(piece("coast", 10), SAND), True),
        (Paste(piece("coast", 10), A), Paste(piece("coast", 8, 9), A), True),
        (Paste(piece("coast", 10), A), Paste(piece("coast", 7), A), False),
        (Paste(piece("coast", 10), A), Paste(piece("lake", 10, 9), A), False),
        (Recolour(SAND, (0, 0, 9), "blue"), Recolour(SAND, (0, 0, 9), "blue"), True),
        (Recolour(SAND, (0, 0, 9), "blue"), Recolour(SAND, (9, 0, 0), "red"), False),
        (Insert((NOBODY, RUNS), "start"), Insert((RUNS, NOBODY), "end"), True),
        (Insert((NOBODY, RUNS), "start"), Insert((NOBODY,), "start"), False),
        (Delete(NOBODY), Delete(RUNS), False),
        (Repeat(0.25), Repeat(0.5), True),
        (Reword(0.25, frozenset()), Reword(0.5, frozenset()), True),
        (Repeat(0.25), Reword(0.25, frozenset()), False),
        (Insert((NOBODY,), "start"), Repeat(0.25), False),
    ],
)
def test_what_a_reader_can_tell_apart(first, second, alike):
    assert are_alike(first, second) is alike
    assert are_alike(second, first) is alike


def tried(edit, rate):
    return BestVariant(Proposal(str(edit), "insert", (edit,)), edit, rate, rate)


WORDS = [Word("hyp", text) for text in "abc"]
EDITS = st.lists(
    st.builds(
        Insert, st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(tuple),
        st.sampled_from(["start", "end"]),
    ),
    max_size=8,
)  # fmt: skip


@given(EDITS)
def test_each_edit_stands_with_the_first_that_is_like_it(edits):
    choices = [tried(edit, 1 - i / 10) for i, edit in enumerate(edits)]
    groups = merged_alike(choices)
    every = [[own.chosen, *own.others] for own in groups]
    assert sorted(choices.index(c) for group in every for c in group) == list(range(len(choices)))
    for group in every:
        assert [c.rate for c in group] == sorted((c.rate for c in group), reverse=True)
        assert len({frozenset(c.edit.words) for c in group}) == 1
    assert len({frozenset(own.chosen.edit.words) for own in groups}) == len(groups)
