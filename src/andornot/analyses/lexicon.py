"""What is known of the words of a run's concepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from andornot.analyses.coherence import (
    Similarity,
    VectorSimilarity,
    coherence,
    mean_similarity,
    phrases,
    usual_threshold,
)
from andornot.formula import Formula
from andornot.formula_forms import positive_concepts
from andornot.runs.run import Run


@dataclass(frozen=True)
class Lexicon:
    """What is known of the words of a run's concepts.

    Attributes:
        phrases: the phrase of each concept that has one.
        measure: how near phrases are; None if nothing is known of that.
        threshold: from which similarity on phrases belong together; None if unknown.
    """

    phrases: Mapping[str, str]
    measure: Similarity | None
    threshold: float | None

    def phrases_of(self, formula: Formula) -> list[str]:
        """The phrases of the concepts that do not stand after NOT, each once."""
        names = positive_concepts(formula)
        return list(dict.fromkeys(self.phrases[n] for n in names if n in self.phrases))

    def coherence(self, formula: Formula) -> float | None:
        """How near the words of a formula are to each other."""
        return None if self.measure is None else coherence(self.measure, self.phrases_of(formula))

    def between(self, first: Formula, second: Formula) -> float | None:
        """How near the words of two formulas are to each other."""
        if self.measure is None:
            return None
        ours, theirs = self.phrases_of(first), self.phrases_of(second)
        return mean_similarity(self.measure, ((a, b) for a in ours for b in theirs))


def open_lexicon(
    run: Run, given: Similarity | str | Path | None, threshold: float | None
) -> Lexicon:
    """The measure that was given, or the run's own word vectors where they still are."""
    table, words = run.concepts, phrases(run.concepts)
    if given is None:
        own = None if run.record.words is None else run.record.words.vectors
        given = own if own is not None and Path(own).is_file() else None
    if isinstance(given, str | Path):
        given = VectorSimilarity(Path(given).expanduser(), frozenset(words.values()))
    if given is not None and threshold is None:
        occurs = zip(table.names, table.concept_counts, strict=True)
        threshold = usual_threshold(given, [words[c] for c, n in occurs if n and c in words])
    return Lexicon(words, given, threshold)
