"""Ask a run a question by its name: the door through which Python, commands and reports come."""

from __future__ import annotations

import difflib
import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

from andornot.analyses import REGISTRY
from andornot.errors import OptionError, quoted
from andornot.runs.run import check_run

if TYPE_CHECKING:
    from andornot.analyses.answer import Answer
    from andornot.runs.run import Run


def analyze(run: Run, question: str, layer: str | None = None, **options: Any) -> Answer:
    """Ask a run one of the questions of the paper, or one that was added to them.

    Args:
        run: the run.
        question: its name, as ``andornot analyze --help`` lists it.
        layer: one of the run's layers; not needed if there is only one.
        **options: those of the question (see ``answer`` in the module of its name).

    Returns:
        Tables by name, and sentences that say what was found and what it cannot tell.

    Raises:
        OptionError: there is no such question, the question has no such option, or the run has no
            such layer, or several and none was named.
        RunError: the run cannot answer it; the sentence says why.

    Examples:
        >>> answer = andornot.analyze(run, "length")
        >>> answer.tables["by_length"]["mean"].round(3).tolist()
        [0.967, 1.0]
        >>> print(answer.sentences[0])
        relu: 4 units with a formula; none is left out.
    """
    check_run(run)
    if not isinstance(question, str) or question not in REGISTRY:
        raise OptionError(
            f"question is {quoted(question)}{_near(str(question), REGISTRY)}; choose one of "
            f"{', '.join(REGISTRY)}"
        )
    ask = import_module(f"andornot.analyses.{question}").answer
    own = list(inspect.signature(ask).parameters.values())[2:]
    known = [option.name for option in own]
    for name in options:
        if name not in known:
            raise OptionError(
                f"the question {question} has no option {name!r}{_near(name, known)}; "
                + (f"it has {', '.join(known)}" if known else "it has none, so leave it out")
            )
    for option in own:
        if option.default is option.empty and option.name not in options:
            raise OptionError(f"the question {question} needs an answer to {option.name}=; give it")
    answer: Answer = ask(run, layer, **options)
    return answer


def _near(name: str, known: Any) -> str:
    found = difflib.get_close_matches(name, list(known), n=1)
    return f" (is {found[0]} meant?)" if found else ""
