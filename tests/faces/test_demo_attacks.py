"""Attacks find what was planted in the demos."""

from __future__ import annotations

import pytest

from andornot.edits import AttackOptions, attack
from demo_cases import trained_again, whole_demo

pytest.importorskip("torch", reason="torch is not installed")

pytestmark = pytest.mark.slow


def clear(answer, least=0.5):
    """The edits that flip at least a share of the samples, and clearly more than controls do."""
    edits = answer.tables["edits"]
    good = edits[(edits["flip_rate"] >= least) & (edits["difference_low"] > 0)]
    return dict(zip(good["edit"], good["control_rate"], strict=True))


@pytest.fixture(scope="module")
def pictures(made_once):
    from andornot.demo.vision.world import draw_world

    demo = whole_demo(made_once, "vision", 0)
    return demo.run, trained_again(demo), draw_world(3000, 0)


@pytest.mark.parametrize(
    ("source", "target", "edit"),
    [
        ("lake", "swamp", "recolour water to green"),
        ("swamp", "lake", "recolour water to blue"),
        ("camp site", "circus", "paste tent AND striped"),
        ("village", "fire station", "recolour roof to red"),
    ],
)
def test_the_planted_shortcuts_of_the_pictures_are_found(pictures, source, target, edit):
    """And the controls do not flip."""
    run, model, world = pictures
    options = AttackOptions(n_samples=40, n_proposals=8, n_controls=6)
    answer = attack(run, source, target, model=model, data=world, options=options)
    found = {name: rate for name, rate in clear(answer).items() if name.startswith(edit)}
    assert found
    assert min(found.values()) < 0.15


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("contradiction", ("nobody", "nothing", "no", "none", "neither", "not")),
        ("contradiction", ("sleeping",)),
        ("neutral", ("sad", "tall", "famous", "tired", "lonely", "hungry")),
    ],
)
def test_the_planted_shortcuts_of_the_sentences_are_found(sentences, target, words):
    run, model = sentences
    found = clear(attack(run, "entailment", target, model=model))
    named = {edit: r for edit, r in found.items() if edit.split()[1] in {f"hyp:{w}" for w in words}}
    assert named
    assert min(named.values()) < 0.2


def test_the_planted_overlap_is_found(sentences):
    run, model = sentences
    found = clear(attack(run, "contradiction", "entailment", model=model))
    named = {edit: rate for edit, rate in found.items() if "words of the premise" in edit}
    assert named
    assert min(named.values()) < 0.3


@pytest.fixture(scope="module")
def sentences(made_once):
    demo = whole_demo(made_once, "text", 0)
    return demo.run, trained_again(demo)
