"""The paper's questions, a module each: ``length.answer(run)`` gives tables and sentences.

from andornot.analyses import accuracy
print(accuracy.answer(run).tables["correlations"])
"""

from typing import Final

QUESTIONS: Final = (
    "length",
    "uniqueness",
    "kinds",
    "accuracy",
    "contributions",
    "trust",
    "vocabulary",
    "scores",
)
"""The questions that every run is asked, those of the paper first; each is a module here."""
