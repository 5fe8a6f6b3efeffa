"""andornot: explain the neurons of a network as logical formulas over human concepts.

Names are imported on first use, so that the command line starts at once. Public are these and
those of ``andornot.data``, ``andornot.models``, ``andornot.edits`` and ``andornot.views``.
"""

from typing import TYPE_CHECKING

from andornot._moved import keep_old_paths
from andornot._tools.lazy import names_on_first_use
from andornot._version import __version__ as __version__

if TYPE_CHECKING:
    from andornot._tools.progress import show_progress
    from andornot.analyses.ask import analyze
    from andornot.concepts.table import ConceptTable
    from andornot.counting.responses import Responses
    from andornot.counting.rules import Ranges, Threshold
    from andornot.edits.result import attack
    from andornot.edits.session import EditSession
    from andornot.errors import (
        AndornotError,
        DataError,
        FormulaError,
        ModelError,
        OptionError,
        RunError,
    )
    from andornot.explainer import explain, score
    from andornot.figures import write_figures
    from andornot.formula import And, Concept, Formula, Not, Or, parse
    from andornot.measures.scores import Counts
    from andornot.pipeline.dissect import dissect
    from andornot.pipeline.options import Execution, RunOptions
    from andornot.pipeline.stream import explain_to_parquet
    from andornot.probes.recording import Recording
    from andornot.probes.words import Words
    from andornot.report.write import write_report
    from andornot.results.explanation import Certificate, Explanation
    from andornot.results.result import Result
    from andornot.results.trust import Chance, Core, HeldOut, HeldOutChance, Stability, Trust
    from andornot.results.unit_score import UnitScore
    from andornot.results.verdict import Extent, Support, Verdict
    from andornot.runs.run import Run
    from andornot.search.options import SearchOptions
    from andornot.trust.measure import assess, examine
    from andornot.trust.options import TrustOptions

__all__ = [
    "And",
    "AndornotError",
    "Certificate",
    "Chance",
    "Concept",
    "ConceptTable",
    "Core",
    "Counts",
    "DataError",
    "EditSession",
    "Execution",
    "Explanation",
    "Extent",
    "Formula",
    "FormulaError",
    "HeldOut",
    "HeldOutChance",
    "ModelError",
    "Not",
    "OptionError",
    "Or",
    "Ranges",
    "Recording",
    "Responses",
    "Result",
    "Run",
    "RunError",
    "RunOptions",
    "SearchOptions",
    "Stability",
    "Support",
    "Threshold",
    "Trust",
    "TrustOptions",
    "UnitScore",
    "Verdict",
    "Words",
    "analyze",
    "assess",
    "attack",
    "dissect",
    "examine",
    "explain",
    "explain_to_parquet",
    "parse",
    "score",
    "show_progress",
    "write_figures",
    "write_report",
]

_HOMES = {
    "And": "formula",
    "AndornotError": "errors",
    "Certificate": "results.explanation",
    "Chance": "results.trust",
    "Concept": "formula",
    "ConceptTable": "concepts.table",
    "Core": "results.trust",
    "Counts": "measures.scores",
    "DataError": "errors",
    "EditSession": "edits.session",
    "Execution": "pipeline.options",
    "Explanation": "results.explanation",
    "Extent": "results.verdict",
    "Formula": "formula",
    "FormulaError": "errors",
    "HeldOut": "results.trust",
    "HeldOutChance": "results.trust",
    "ModelError": "errors",
    "Not": "formula",
    "OptionError": "errors",
    "Or": "formula",
    "Ranges": "counting.rules",
    "Recording": "probes.recording",
    "Responses": "counting.responses",
    "Result": "results.result",
    "Run": "runs.run",
    "RunError": "errors",
    "RunOptions": "pipeline.options",
    "SearchOptions": "search.options",
    "Stability": "results.trust",
    "Support": "results.verdict",
    "Threshold": "counting.rules",
    "Trust": "results.trust",
    "TrustOptions": "trust.options",
    "UnitScore": "results.unit_score",
    "Verdict": "results.verdict",
    "Words": "probes.words",
    "analyze": "analyses.ask",
    "assess": "trust.measure",
    "attack": "edits.result",
    "dissect": "pipeline.dissect",
    "examine": "trust.measure",
    "explain": "explainer",
    "explain_to_parquet": "pipeline.stream",
    "parse": "formula",
    "score": "explainer",
    "show_progress": "_tools.progress",
    "write_figures": "figures",
    "write_report": "report.write",
}

_PACKAGES = ("data", "edits", "models", "views")

__getattr__ = names_on_first_use(__name__, _HOMES, inner=_PACKAGES)
keep_old_paths()


def __dir__() -> list[str]:
    return [*__all__, *_PACKAGES, "__version__"]
