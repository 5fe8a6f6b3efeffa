"""What the analyses found of a layer: sentences, and the first rows of each table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from andornot._tools.progress import track
from andornot._tools.words import count
from andornot.analyses import QUESTIONS
from andornot.analyses.answer import Answer
from andornot.analyses.ask import analyze
from andornot.errors import AndornotError
from andornot.results.result import Result
from andornot.runs.run import Run
from andornot.views.plain import View

ROWS: Final = 12
"""Rows of a table that are shown; its file has all."""


@dataclass(frozen=True)
class TableView(View):
    """The first rows of a table.

    Attributes:
        name: of the table.
        columns: their names.
        rows: numbers, texts, or None where a value is missing.
        n_rows: how many rows the whole table has.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    n_rows: int


@dataclass(frozen=True)
class AnswerView(View):
    """What an analysis found.

    Attributes:
        name: the question in one word.
        title: the question in a line.
        sentences: what was found, then what it cannot tell.
        tables: the most telling first.
    """

    name: str
    title: str
    sentences: tuple[str, ...]
    tables: tuple[TableView, ...]


@dataclass(frozen=True)
class LayerAnswers(View):
    """What the analyses found of a layer.

    Attributes:
        layer: the layer.
        opening: what holds for all answers, so that it is said once.
        answers: of the analyses that could answer.
        unanswered: the names of the others, and why they could not.
    """

    layer: str
    opening: tuple[str, ...]
    answers: tuple[AnswerView, ...]
    unanswered: tuple[tuple[str, str], ...]

    @property
    def names_paper(self) -> bool:
        """Whether some answer speaks of the paper."""
        return any("the paper" in said for answer in self.answers for said in answer.sentences)


def ask_all(
    run: Run, layer: str, questions: Collection[str] = QUESTIONS
) -> tuple[dict[str, Answer], dict[str, str]]:
    """The answers to the questions that a layer can answer, and why it cannot answer the others."""
    answers: dict[str, Answer] = {}
    unanswered: dict[str, str] = {}
    for question in track(questions, f"analysing {layer}", len(questions)):
        try:
            answers[question] = analyze(run, question, layer)
        except AndornotError as error:
            # a page tells no one where files lie
            unanswered[question] = str(error).replace(str(run.path), run.path.name)
    return answers, unanswered


def layer_answers(
    layer: str, result: Result, answers: Mapping[str, Answer], unanswered: Mapping[str, str]
) -> LayerAnswers:
    """What the analyses found of a layer (see :func:`ask_all`), whose explanations are given."""
    starts = Counter(answer.sentences[0] for answer in answers.values())
    common = tuple(start for start, n in starts.items() if n > 1)
    return LayerAnswers(
        layer,
        common + _counted(result),
        tuple(_answer(name, answer, common) for name, answer in answers.items()),
        tuple(unanswered.items()),
    )


def _counted(result: Result) -> tuple[str, ...]:
    """Which formulas are counted, where other pages show shorter ones."""
    # one without parts that change no position has the same counts
    shorter = [e for e in result if e.shown is not None and e.shown.counts != e.counts]
    if not shorter:
        return ()
    longest = max(len(e.best_by_length) for e in result)
    return (
        f"Counted here are the best formulas of up to {count(longest, 'concept')}. Of "
        f"{count(len(shorter), 'unit')} all other pages show a shorter formula, which does about "
        "as well on held-out samples, and count that one: their numbers differ from those here. "
        "Only the verdicts, and what is called shown, are those of the other pages.",
    )


def _answer(name: str, answer: Answer, common: Collection[str]) -> AnswerView:
    """An answer, without the first sentence where all share it."""
    tables = tuple(_table(key, table) for key, table in answer.tables.items())
    own = answer.sentences[1:] if answer.sentences[0] in common else answer.sentences
    return AnswerView(name, answer.title, own, tables)


def _table(name: str, table: pd.DataFrame) -> TableView:
    rows = table.head(ROWS).itertuples(index=False, name=None)
    return TableView(name, tuple(map(str, table.columns)), tuple(rows), len(table))
