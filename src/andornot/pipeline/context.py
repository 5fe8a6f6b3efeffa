"""Concepts that look around, as a run asks for them: which operators, of which concepts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from andornot._tools.whole_folders import temporary_folder
from andornot.concepts.context import look_around
from andornot.concepts.context_options import ContextOptions
from andornot.concepts.of_users import operators_of
from andornot.concepts.operators import Operator
from andornot.concepts.table import ConceptTable
from andornot.errors import DataError
from andornot.pipeline.plan import Plan


@dataclass(frozen=True, eq=False)
class Context:
    """What looks around in a run.

    Attributes:
        options: as the user gave them, with the concepts that a first search found in the place of
            ``found``.
        operators: at least one.
    """

    options: ContextOptions
    operators: tuple[Operator, ...]

    @classmethod
    def of(cls, plan: Plan) -> Context | None:
        """What a plan asks for; None where nothing looks around."""
        given = plan.options.context
        usual = () if plan.options.search.profile else getattr(plan.probe, "usual_around", ())
        operators = operators_of(usual if given.around is None else given.around)
        if given.of_found:
            given = replace(given, around_of=plan.found)
        if not operators or given.around_of == ():
            return None
        least = given.min_support or plan.options.search.min_support
        return cls(replace(given, min_support=least), operators)

    def key(self) -> dict[str, Any]:
        """All that shapes the new concepts, the plain ones aside."""
        operators = [(one.name, one.key) for one in self.operators]
        return self.options.facts() | {"around": operators}

    def build(self, plan: Plan, directory: Path) -> ConceptTable:
        """Build the plain table beside, and from it the one with all concepts.

        Atoms of the plain one are told apart by what is known: else nobody could say what is known
        of a concept at each position.
        """
        with temporary_folder(directory.parent, directory.name) as beside:
            plain = plan.probe.build_table(
                beside / "plain", plan.folds, plan.options.execution.jobs, True
            )
            if not plain.n_concepts:
                raise DataError("there is no concept that could look around; leave around out")
            made = look_around(
                plain, getattr(plan.probe, "surroundings", None), self.options, directory,
                operators=self.operators, jobs=plan.options.execution.jobs,
                tells_known=plan.tells_known,
            )  # fmt: skip
        save_beside = getattr(plan.probe, "save_beside", None)
        if save_beside is not None:
            save_beside(directory)
        return made

    def sentence(self, plan: Plan, table: ConceptTable) -> str:
        """How many concepts look around, for readers."""
        made = sum(table.looks_around)
        names = ", ".join(one.name for one in self.operators)
        told = f"{made:,} of the {table.n_concepts:,} concepts look around ({names})"
        if plan.options.context.of_found:
            told += (
                f", made of the {len(plan.found or ()):,} concepts that a search without them "
                "found first: a concept that helps only in context was not tried"
            )
        ahead = [one.name for one in self.operators if one.ahead]
        later = f"; {' and '.join(ahead)} may look at what a causal network has not seen yet"
        return f"{told}{later if ahead else ''}"
