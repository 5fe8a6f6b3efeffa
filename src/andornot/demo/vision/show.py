"""The demo from end to end: paint a world, train a network, explain it, tell what was found."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from andornot._tools.files import writing
from andornot.counting.thresholds import Threshold
from andornot.demo.findings import PlantedFinding, find_planted, shown_formulas
from andornot.demo.outcome import Demo, fact_of
from andornot.demo.vision import net as nets
from andornot.demo.vision.facts import PLANTED
from andornot.demo.vision.scenes import CLASSES
from andornot.demo.vision.world import World, draw_world
from andornot.models import LoadedModel, fingerprint
from andornot.pipeline.dissect import dissect
from andornot.report.write import write_report
from andornot.views.unit import Story

LENGTH: Final = 3
COUNT: Final = 3000


def run_demo(out: str | Path = "demo", seed: int = 0, count: int = COUNT) -> Demo:
    """Paint, train, explain, and write the report.

    Args:
        out: the folder to write: the report in ``page``, the run in ``run``.
        seed: of the world and the training.
        count: number of pictures in the world.

    Raises:
        AndornotError: the folder cannot be written, or an extra is missing.
    """
    start = time.perf_counter()
    out = Path(out)
    world = draw_world(count, seed)
    model = nets.train(world, seed)
    accuracy = nets.accuracy(model, world.split("val"))
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    loaded = LoadedModel(
        model, "andornot.demo", None, fingerprint(model), nets.PREPROCESSING, CLASSES
    )
    run = dissect(
        loaded, nets.LAYER, world, out / "run", threshold=Threshold(nets.QUANTILE), length=LENGTH
    )
    findings = find_planted(PLANTED, shown_formulas(run.result()))
    story = _story(world, findings, accuracy)
    page = write_report(run, out / "page", data=world, story=story)
    summary = f"The network gets {accuracy:.0%} of held-out pictures right."
    return Demo(page, run, findings, accuracy, summary, time.perf_counter() - start)


def _story(world: World, findings: tuple[PlantedFinding, ...], accuracy: float) -> Story:
    return Story(
        title="What the demo network has learned",
        introduction=(
            f"A program painted {len(world):,} small pictures, with cheap tricks planted in them. "
            f"A network that learned to sort them, and gets {accuracy:.0%} of held-out ones right, "
            "should have units whose formulas name the tricks.",
            "Every pixel is known: what object, part, colour and texture it is, and in which "
            f"scene. The network was told nothing but which of {len(CLASSES)} classes each picture "
            "has. Some classes can be told apart by one thing alone, and some are two unrelated "
            "things.",
        ),
        facts=tuple(fact_of(finding) for finding in findings),
    )
