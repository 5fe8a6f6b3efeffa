"""The questions that a run is asked, a module for each name of ``REGISTRY``; add new ones to it.

The other modules are what several questions share.

    from andornot.analyses import accuracy
    print(accuracy.answer(run).tables["correlations"])

or, by name, ``andornot.analyze(run, "accuracy")`` (see ``ask``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Question:
    """A question that has a module of its name here.

    Attributes:
        help: the question in a line, as ``andornot analyze --help`` tells it.
        of_every_run: whether ``andornot analyze all`` and the report ask it: it needs nothing but
            a run. What a single run cannot answer is said there in a sentence.
    """

    help: str
    of_every_run: bool = True


REGISTRY: Final[Mapping[str, Question]] = MappingProxyType(
    {
        "length": Question("Compare IoU by maximum length of the formula (Figure 3)."),
        "uniqueness": Question(
            "Count distinct explanations and concepts, and repeated explanations (Appendix A)."
        ),
        "kinds": Question(
            "Count kinds of units, and name candidates for polysemanticity (Section 4)."
        ),
        "accuracy": Question(
            "Compare accuracy with a unit active, and without it, with IoU (Section 5, Figure 7)."
        ),
        "contributions": Question(
            "List the units that speak for and against each class (Section 6, Figure 8)."
        ),
        "trust": Question(
            "Tell how much is real: IoU in sample, held out and by chance, by length."
        ),
        "vocabulary": Question(
            "Tell where the concepts are the limit: ceilings, and samples not accounted for."
        ),
        "scores": Question(
            "Print all scores of the chosen formulas, those from raw activations included."
        ),
        "metrics": Question(
            "Test which scores notice missing and extra labels (Oikarinen et al. 2025).",
            of_every_run=False,
        ),
        "baseline": Question(
            "Compare IoU of a RUN with that of the same network with random weights.",
            of_every_run=False,
        ),
    }
)
"""All questions by name, those of the paper first; ``QUESTIONS`` and the commands follow it."""

QUESTIONS: Final = tuple(name for name, question in REGISTRY.items() if question.of_every_run)
"""The questions that every run is asked."""
