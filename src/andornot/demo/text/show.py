"""The text demo from end to end: write pairs, train, explain, tell what was found."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from andornot._tools.files import writing
from andornot.data.sentences.pairs import PairData
from andornot.demo.findings import PlantedFinding, UnitFormula, find_planted, shown_formulas
from andornot.demo.outcome import Demo, fact_of
from andornot.demo.text import net as nets
from andornot.demo.text.facts import PLANTED
from andornot.demo.text.lexicon import ALIKE, LIKE
from andornot.demo.text.world import TRAPS, draw_pairs
from andornot.models.sentences.classifier import PairClassifier
from andornot.models.sentences.protocol import accuracy, class_weights
from andornot.pipeline.dissect import dissect
from andornot.report.write import write_report
from andornot.runs.run import Run
from andornot.views.unit import Story

LENGTH: Final = 5
PENALTY: Final = 0.98
"""Each further concept of a formula must raise its IoU by 2 %, which keeps chance words out."""

COUNT: Final = 9000
_TRAPS_COUNT: Final = 1500
_OTHER_SEED: Final = 1_000_000  # the pairs that test for shortcuts are drawn from seeds so far off


def run_demo(out: str | Path = "demo", seed: int = 0, count: int = COUNT) -> Demo:
    """Write pairs, train, explain, and write the report.

    Args:
        out: the folder to write: the report in ``page``, the run in ``run``.
        seed: of the pairs and the training.
        count: number of pairs to learn from and to hold out.

    Raises:
        AndornotError: the folder cannot be written, or an extra is missing.
    """
    start = time.perf_counter()
    out = Path(out)
    model = nets.train(draw_pairs(count, seed, split="train"), seed)
    held_out = draw_pairs(count, seed, split="val")
    traps = draw_pairs(_TRAPS_COUNT, seed + _OTHER_SEED, traps=1.0)
    right, right_on_traps = accuracy(model, held_out.pairs), accuracy(model, traps.pairs)
    summary = (
        f"The network gets {right:.0%} of held-out pairs right, but only {right_on_traps:.0%} of "
        "pairs on which the shortcuts mislead (guessing would get 33%)."
    )
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    run = dissect(
        model, nets.LAYER, held_out, out / "run",
        relations={LIKE: ALIKE}, length=LENGTH, penalty=PENALTY,
    )  # fmt: skip
    findings = find_planted(PLANTED, named_units(run, model))
    story = _story(held_out, findings, summary)
    page = write_report(run, out / "page", data=held_out, story=story)
    seconds = time.perf_counter() - start
    return Demo(page, run, findings, right, summary, seconds, right_on_traps)


def named_units(run: Run, model: PairClassifier) -> tuple[UnitFormula, ...]:
    """The units that have a formula, with the class that each favours."""
    weights = class_weights(model, nets.LAYER)
    assert weights is not None  # the layer feeds the classes linearly
    favours = [model.class_names[i] for i in weights.argmax(axis=1)]
    return shown_formulas(run.result(), favours)


def _story(data: PairData, findings: tuple[PlantedFinding, ...], summary: str) -> Story:
    return Story(
        title="What the demo classifier has learned",
        introduction=(
            "A grammar wrote pairs of sentences, with the habits that annotators of real data sets "
            "have, and a small classifier learned from them whether a hypothesis follows from a "
            f"premise, contradicts it, or neither. {summary} Its units should say why.",
            "All labels are true by construction. But whoever must write a contradiction in a "
            "hurry says that nobody does it, or that somebody sleeps. Such habits give most labels "
            f"away; only on {TRAPS:.0%} of the pairs do they mislead. The classifier was told "
            "nothing but the labels of two thirds of the pairs, and its units were explained on "
            f"the {len(data):,} that were held out.",
            "pre:dog means that the premise has the word dog, hyp:dog the hypothesis; "
            "LIKE(hyp:nobody) that the hypothesis has that word or one that the grammar uses in "
            "its place; overlap-75% that more than 75% of all words stand in both sentences.",
        ),
        facts=tuple(fact_of(finding) for finding in findings),
    )
