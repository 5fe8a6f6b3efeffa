"""Planted facts: which formulas name them, and that a trained network's formulas do."""

from __future__ import annotations

from pathlib import Path

import pytest

from andornot import parse
from andornot.demo.findings import UnitFormula, find_planted
from andornot.demo.outcome import Demo
from andornot.demo.vision.facts import PLANTED
from andornot.demo.vision.scenes import CLASSES
from andornot.demo.vision.world import NAMES
from demo_cases import whole_demo

FACTS = {planted.name: planted for planted in PLANTED}


@pytest.mark.parametrize(
    ("name", "formula", "named"),
    [
        ("the colour of the water", "water AND green", True),
        ("the colour of the water", "water AND NOT blue", True),
        ("the colour of the water", "water AND blue", True),
        ("the colour of the water", "(water OR parasol) AND green", True),
        ("the colour of the water", "(water AND blue) OR duck", True),
        ("the colour of the water", "water", False),
        ("the colour of the water", "green AND waterside", False),
        ("the colour of the water", "water OR green", False),
        ("the colour of the water", "NOT water", False),
        ("the stripes of the tent", "(tent AND striped) OR entrance", True),
        ("the stripes of the tent", "tent AND NOT striped AND NOT flag", True),
        ("the stripes of the tent", "striped AND meadow", False),
        ("the stripes of the tent", "tent OR striped", False),
        ("the red roofs", "red AND roof", True),
        ("the red roofs", "(roof AND NOT red) OR lamp", True),
        ("the red roofs", "house AND red", True),
        ("the red roofs", "red AND NOT wall", False),
        ("the red roofs", "roof", False),
        ("a cat or a car", "(car OR cat) AND NOT window", True),
        ("a cat or a car", "cat OR car OR bed", True),
        ("a cat or a car", "cat OR wheel", False),
        ("a cat or a car", "cat", False),
        ("a cat or a car", "NOT sky", False),
        ("a balloon or a bed", "(balloon AND NOT brown) OR bed", True),
        ("a balloon or a bed", "balloon OR pillow", False),
    ],
)
def test_meaning_decides_what_a_formula_names(name: str, formula: str, named: bool) -> None:
    assert FACTS[name].named_by(parse(formula)) == named


def test_facts_speak_of_concepts_and_classes_that_exist() -> None:
    for planted in PLANTED:
        assert set(planted.classes) <= set(CLASSES)
        for reading in planted.readings:
            assert frozenset().union(*reading.true, *reading.false) <= set(NAMES)
    assert {planted.kind for planted in PLANTED} == {"shortcut", "polysemantic"}


def test_findings_say_what_was_found_and_what_was_not() -> None:
    findings = find_planted(
        PLANTED,
        [
            UnitFormula(5, parse("water AND NOT blue"), "solid", 0.3),
            UnitFormula(4, parse("water AND green"), "partial", 0.4),
            UnitFormula(6, parse("cat OR car"), "solid", 0.05),
            UnitFormula(7, parse("balloon OR bed"), "chance", 0.5),
            UnitFormula(8, parse("balloon OR bed"), "too little data", 0.5),
        ],
    )
    assert [finding.found for finding in findings] == [True, False, False, False, False]
    assert [match.unit for match in findings[0].matches] == [5, 4]
    assert str(findings[0]).startswith("Found: the colour of the water.")
    told = "unit 5, solid: water AND NOT blue (held-out IoU 0.30), and 1 more unit."
    assert told in str(findings[0])
    assert str(findings[3]).startswith("Not found: a cat or a car.")


def check_demo(out: Path, seed: int, count: int) -> None:
    pytest.importorskip("torch", reason="torch is absent: the demo trains a network")
    from andornot.demo.vision.show import run_demo

    check(run_demo(out, seed=seed, count=count))


def check(demo: Demo) -> None:
    best = {finding.planted.name: finding.matches for finding in demo.findings}
    # lists go by verdict and gain, so the best score need not be that of the first
    scores = {name: max((m.iou for m in matches), default=0) for name, matches in best.items()}
    assert min(scores.values()) > 0.15, scores
    assert demo.accuracy > 0.75
    told = demo.page.read_text(encoding="utf-8")
    assert f"{len(PLANTED)} of {len(PLANTED)} planted facts were found." in told
    for finding in demo.findings:
        link = f"{demo.page.parent}/unit/units-{finding.matches[0].unit:05d}.html"
        assert Path(link).exists()
        assert f"See unit {finding.matches[0].unit}<" in told


def test_all_planted_facts_are_found_in_a_small_world(tmp_path: Path) -> None:
    check_demo(tmp_path / "demo", seed=0, count=1200)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_planted_facts_are_found(made_once, seed: int) -> None:
    pytest.importorskip("torch", reason="torch is absent: the demo trains a network")
    check(whole_demo(made_once, "vision", seed))
