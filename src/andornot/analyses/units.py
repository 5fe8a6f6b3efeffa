"""What all analyses start from: the explained units of a layer."""

from __future__ import annotations

from dataclasses import dataclass

from andornot._tools.words import count
from andornot.errors import OptionError, RunError
from andornot.formula import Formula
from andornot.results.explanation import Explanation
from andornot.runs.run import Run, check_run


@dataclass(frozen=True)
class Units:
    """The units of a layer that have a formula.

    Attributes:
        layer: the layer's name.
        explanations: those with a formula, in the order of the run.
        left_out: how many units have none, by status.
    """

    layer: str
    explanations: tuple[Explanation, ...]
    left_out: dict[str, int]

    @property
    def numbers(self) -> list[int]:
        """The units' numbers."""
        return [e.unit for e in self.explanations]

    @property
    def longest(self) -> int:
        """The longest formula that was searched for, in concepts."""
        return len(self.explanations[0].best_by_length)

    def sentence(self) -> str:
        """How many units there are, and what became of the others."""
        text = f"{self.layer}: {count(len(self.explanations), 'unit')} with a formula"
        if not self.left_out:
            return f"{text}; none is left out."
        others = ", ".join(f"{n:,} {status}" for status, n in sorted(self.left_out.items()))
        return f"{text}; left out: {others}."


def explained_units(run: Run, layer: str | None = None) -> Units:
    """The units of a layer that have a formula.

    Raises:
        OptionError: the run has no such layer, or several and none was named.
        RunError: no unit of the layer has a formula.
    """
    layer = run.layer(layer)
    result = run.result(layer)
    explained = tuple(e for e in result if e.formula is not None)
    states = [e.status for e in result if e.formula is None]
    if not explained:
        raise RunError(
            f"no unit of {layer} in {run.path} has a formula ({', '.join(sorted(set(states)))}), "
            "so there is nothing to analyse; explain again with another threshold or more samples"
        )
    return Units(layer, explained, {state: states.count(state) for state in set(states)})


def check_all_positions(run: Run, question: str) -> None:
    """Refuse a question that is counted on all positions where the run's formulas are not.

    Raises:
        RunError: the run counted samples, or scored each formula where its concepts are known.
    """
    if run.by_sample:
        raise RunError(
            f"the question {question} is counted on all positions, and {run.path} counted each "
            f"{run.modality.sample} once; explain without --unit-of-count sample to ask it"
        )
    if run.known_only:
        raise RunError(
            f"the question {question} is counted on all positions, and {run.path} scored each "
            "formula only where its categories were annotated; explain without --known-only to "
            "ask it"
        )


def check_comparable(run: Run, against: Run) -> None:
    """Refuse to compare IoU of runs that were not scored on the same positions.

    Raises:
        OptionError: they were not, or ``against`` is no run.
    """
    check_run(against, "against")
    if run.record.data.fingerprint != against.record.data.fingerprint:
        raise OptionError(
            f"{run.path} and {against.path} were made from different samples, so their IoU cannot "
            "be compared; make both from the same"
        )
    if run.known_only != against.known_only:
        one = run if run.known_only else against
        raise OptionError(
            f"{one.path} scored each formula only where its categories were annotated and the "
            "other run on all positions, so their IoU cannot be compared; explain both with "
            "--known-only, or both without"
        )
    if run.by_sample != against.by_sample:
        one, other = (run, against) if run.by_sample else (against, run)
        raise OptionError(
            f"{one.path} counted samples and {other.path} positions, so their IoU cannot be "
            "compared; explain both with the same --unit-of-count"
        )


def formula_of(explanation: Explanation) -> Formula:
    """The formula of a unit that has one."""
    assert explanation.formula is not None
    return explanation.formula
