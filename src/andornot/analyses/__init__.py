"""The paper's questions, a module each: ``length.answer(run)`` gives tables and sentences.

from andornot.analyses import accuracy
print(accuracy.answer(run).tables["correlations"])
"""

from typing import Final

QUESTIONS: Final = ("length", "uniqueness", "kinds", "accuracy", "contributions")
"""The questions that can be asked of a run, in the order of the paper; each is a module here."""
