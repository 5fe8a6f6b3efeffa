"""Documents and positions for tests of running text."""

from pathlib import Path

from hypothesis import strategies as st

from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document


def data_of(*documents: Document, **more) -> SequenceData:
    """These documents as a data set."""
    return SequenceData(Path("drawn"), "drawn", documents, **more)


@st.composite
def positions_of(draw, text: str) -> list[tuple[int, int]]:
    """Stretches in order as tokens have them: gaps, shared characters, none at all."""
    starts = sorted(draw(st.lists(st.integers(0, max(len(text) - 1, 0)), max_size=8)))
    found, low = [], 0
    for start in starts if text else []:
        low = max(low, min(len(text), start + draw(st.integers(0, 3))))
        found.append((min(start, low), low))
    return found
