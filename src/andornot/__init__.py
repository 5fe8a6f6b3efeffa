"""andornot: explain the neurons of a network as logical formulas over human concepts.

Names are imported on first use, so that the command line starts at once.
"""

from typing import TYPE_CHECKING

from andornot._moved import keep_old_paths
from andornot._tools.lazy import names_on_first_use
from andornot._version import __version__ as __version__

if TYPE_CHECKING:
    from andornot.concepts.table import ConceptTable
    from andornot.counting.responses import Responses
    from andornot.counting.thresholds import Threshold
    from andornot.errors import AndornotError
    from andornot.explainer import explain, score
    from andornot.formula import And, Concept, Formula, Not, Or, parse
    from andornot.pipeline.dissect import dissect
    from andornot.pipeline.options import Execution, RunOptions
    from andornot.results.explanation import Explanation
    from andornot.results.result import Result
    from andornot.runs.run import Run
    from andornot.trust.measure import examine

__all__ = [
    "And",
    "AndornotError",
    "Concept",
    "ConceptTable",
    "Execution",
    "Explanation",
    "Formula",
    "Not",
    "Or",
    "Responses",
    "Result",
    "Run",
    "RunOptions",
    "Threshold",
    "dissect",
    "examine",
    "explain",
    "parse",
    "score",
]

_HOMES = {
    "And": "formula",
    "AndornotError": "errors",
    "Concept": "formula",
    "ConceptTable": "concepts.table",
    "Execution": "pipeline.options",
    "Explanation": "results.explanation",
    "Formula": "formula",
    "Not": "formula",
    "Or": "formula",
    "Responses": "counting.responses",
    "Result": "results.result",
    "Run": "runs.run",
    "RunOptions": "pipeline.options",
    "Threshold": "counting.thresholds",
    "dissect": "pipeline.dissect",
    "examine": "trust.measure",
    "explain": "explainer",
    "parse": "formula",
    "score": "explainer",
}


__getattr__ = names_on_first_use(__name__, _HOMES)
keep_old_paths()


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
