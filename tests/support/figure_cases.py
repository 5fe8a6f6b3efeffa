"""What tests of figures ask of the views that are drawn."""

from __future__ import annotations

from andornot.views.figures.contributions import IMAGES as CLASS_IMAGES
from andornot.views.figures.edits import EDITS, SentenceTokens
from andornot.views.figures.edits import IMAGES as EDIT_IMAGES
from andornot.views.figures.examples import choose_examples, shortened, strongest
from andornot.views.figures.growth import _samples as growth_samples
from andornot.views.token_marks import spaces

__all__ = [
    "CLASS_IMAGES",
    "EDITS",
    "EDIT_IMAGES",
    "choose_examples",
    "growth_samples",
    "shortened",
    "strongest",
    "words",
]


def words(text: str) -> SentenceTokens:
    """The tokens of a sentence, as figures of edits have them."""
    tokens = tuple(text.split())
    return SentenceTokens(tokens, spaces(tokens))
