"""The habits planted in sentence pairs: which formulas name them, and that units' formulas do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from andornot import parse
from andornot.concepts.relations import with_relations
from andornot.data.sentences.concepts import pair_concepts
from andornot.demo.findings import UnitFormula, find_planted
from andornot.demo.outcome import Demo
from andornot.demo.text.facts import PLANTED, position
from andornot.demo.text.lexicon import ALIKE, LIKE
from andornot.demo.text.world import draw_pairs
from demo_cases import whole_demo

FACTS = {planted.name: planted for planted in PLANTED}


@pytest.mark.parametrize(
    ("name", "formula", "named"),
    [
        ("negation", "LIKE(hyp:nobody)", True),
        ("negation", "(LIKE(hyp:nobody) OR hyp:sleeping) AND NOT pre:sleeping", True),
        ("negation", "hyp:nobody OR hyp:girls", True),
        ("negation", "hyp:not AND NOT hyp:JJ", True),
        ("negation", "hyp:no OR hyp:not", True),
        ("negation", "hyp:there OR hyp:happening", False),
        ("negation", "overlap-0% AND NOT LIKE(hyp:nobody)", False),
        ("negation", "hyp:NN AND NOT hyp:somebody", False),
        ("negation", "NOT overlap-25%", False),
        ("sleeping", "hyp:sleeping", True),
        ("sleeping", "(LIKE(hyp:sleeping) AND NOT LIKE(pre:sleeping)) OR hyp:there", True),
        ("sleeping", "LIKE(hyp:nobody) OR (hyp:sleeping AND NOT pre:sleeping)", True),
        ("sleeping", "pre:sleeping AND NOT hyp:sleeping", False),
        ("sleeping", "pre:drinking AND NOT hyp:drinking", False),
        ("sleeping", "hyp:VBG", False),
        ("overlap", "overlap-75%", True),
        ("overlap", "overlap-50% AND NOT LIKE(hyp:nobody) AND NOT hyp:sleeping", True),
        ("overlap", "overlap-25%", False),
        ("overlap", "overlap-75% AND pre:blond", False),
        ("overlap", "overlap-0% AND NOT LIKE(hyp:nobody) AND NOT hyp:sleeping", False),
        ("overlap", "hyp:in", False),
        ("moods", "LIKE(hyp:sad) OR LIKE(hyp:wedding)", True),
        ("moods", "hyp:tall OR hyp:before", True),
        ("moods", "LIKE(hyp:sad) AND NOT LIKE(pre:sad)", True),
        ("moods", "hyp:JJ", False),
        ("moods", "LIKE(pre:sad)", False),
        ("occasions", "LIKE(hyp:wedding) AND NOT pre:before", True),
        ("occasions", "hyp:after OR LIKE(hyp:friend)", True),
        ("occasions", "hyp:IN", False),
        ("occasions", "NOT overlap-50%", False),
    ],
)
def test_meaning_decides_what_a_formula_names(name: str, formula: str, named: bool) -> None:
    assert FACTS[name].named_by(parse(formula)) == named


def test_a_unit_has_to_speak_for_the_class() -> None:
    units = [
        UnitFormula(0, parse("hyp:sleeping"), "solid", 0.5, "neutral"),
        UnitFormula(1, parse("hyp:sleeping"), "solid", 0.4, "contradiction"),
        UnitFormula(2, parse("hyp:sleeping"), "solid", 0.05, "contradiction"),
    ]
    (finding,) = find_planted([FACTS["sleeping"]], units)
    assert [match.unit for match in finding.matches] == [1]
    named = "Named by unit 1, solid: hyp:sleeping"
    assert finding.how == f"{named} (held-out IoU 0.40, for contradiction)."


def test_facts_speak_of_classes_that_exist() -> None:
    assert len(FACTS) == len(PLANTED) == 5
    for planted in PLANTED:
        assert set(planted.classes) <= {"entailment", "neutral", "contradiction"}


@pytest.mark.parametrize("step", ["25", "50", "75"])
@pytest.mark.parametrize("name", [name for name in FACTS if name != "overlap"])
def test_a_formula_that_only_speaks_of_overlap_names_no_word(name: str, step: str) -> None:
    for formula in (f"overlap-{step}%", f"NOT overlap-{step}%"):
        assert not FACTS[name].named_by(parse(formula))


def test_imaginary_positions_have_the_concepts_of_the_table() -> None:
    data = draw_pairs(240, seed=5, traps=0.5)
    plain = pair_concepts(data)
    table = with_relations(plain, {LIKE: ALIKE}, lambda name: (name, f"pre:{name}", f"hyp:{name}"))
    assert table.positions is not None
    holds = np.stack([table.concept_mask(name)[table.positions.atoms] for name in table.names])
    for i, pair in enumerate(data.pairs):
        expected = {table.names[column] for column in np.flatnonzero(holds[:, i])}
        texts = (" ".join(said.words) for said in pair.sentences)
        assert position(*texts) & set(table.names) == expected, pair


def check(demo: Demo) -> None:
    best = {finding.planted.name: finding.matches for finding in demo.findings}
    # lists go by verdict and gain, so the best score need not be that of the first
    scores = {name: max((m.iou for m in matches), default=0) for name, matches in best.items()}
    assert min(scores.values()) > 0.3, scores
    assert demo.trap_accuracy is not None
    assert demo.accuracy > 0.85 > 0.5 > demo.trap_accuracy
    told = demo.page.read_text(encoding="utf-8")
    assert f"{len(PLANTED)} of {len(PLANTED)} planted facts were found." in told
    assert len(list((demo.page.parent / "unit").iterdir())) == len(demo.run.result())
    noted = demo.run.manifest["data"]
    assert draw_pairs(**noted["source"]).fingerprint() == noted["fingerprint"]


def test_all_planted_habits_are_found_in_few_pairs(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is absent: the demo trains a network")
    from andornot.demo.text.show import run_demo

    check(run_demo(tmp_path / "demo", seed=0, count=2400))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_planted_habits_are_found(made_once, seed: int) -> None:
    pytest.importorskip("torch", reason="torch is absent: the demo trains a network")
    check(whole_demo(made_once, "text", seed))
