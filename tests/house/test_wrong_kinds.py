"""Values of a wrong kind, given to public functions, are refused by a sentence of ours.

The command line reads its own options; these are slips of people who write Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import andornot
import example_cases
from andornot import views
from andornot.data.images.open import open_data
from andornot.data.sentences.concepts import pair_concepts
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.tokens import token_concepts
from andornot.errors import AndornotError

pytest.importorskip("torch", reason="torch is not installed")

import torch

from andornot.analyses import accuracy, contributions, kinds, metrics, scores
from andornot.edits import (
    AttackOptions,
    Delete,
    EditSession,
    Word,
    attack,
    read_cutout,
)
from andornot.edits.edits_of_words import apply_edit
from andornot.figures import write_figures
from andornot.models import head_weights, image_batches, list_layers, load_model
from andornot.models.preprocess import PRESETS
from andornot.pipeline.stream import explain_to_parquet

ODD: Any = "odd"
THREE: Any = 3
HALF: Any = 1.5
NET = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3))
PICTURE: Any = np.zeros((1, 3, 8, 8), np.float32)

CALLS = {
    "accuracy, samples": lambda run: accuracy.answer(run, only=THREE),
    "accuracy, least_active": lambda run: accuracy.answer(run, least_active=ODD),
    "accuracy, seed": lambda run: accuracy.answer(run, seed=ODD),
    "contributions, top": lambda run: contributions.answer(run, top=ODD),
    "contributions, classes": lambda run: contributions.answer(run, classes=ODD),
    "kinds, length": lambda run: kinds.answer(run, length=ODD),
    "kinds, min_share": lambda run: kinds.answer(run, min_share=ODD),
    "kinds, threshold": lambda run: kinds.answer(run, threshold=ODD),
    "metrics, units": lambda run: metrics.answer(run, units=THREE),
    "metrics, seed": lambda run: metrics.answer(run, seed=ODD),
    "scores, units": lambda run: scores.answer(run, units=[ODD]),
    "attack, source": lambda run: attack(run, THREE, "fire"),
    "attack, options": lambda run: attack(run, "grass", "fire", options=THREE),
    "attack, n_examples": lambda run: attack(run, "grass", "fire", n_examples=ODD),
    "desk, edit": lambda run: EditSession.open(run).try_edit("s00.png", Delete(Word("pre", "a"))),
    "read_cutout": lambda run: read_cutout(THREE),
    "figures, only": lambda run: write_figures(run, "figures", only=THREE),
    "figures, formats": lambda run: write_figures(run, "figures", formats=THREE),
    "figures, out": lambda run: write_figures(run, THREE),
    "image_batches": lambda run: image_batches(open_data("squares"), PRESETS["unit"], ODD),
    "image_batches, 1.5": lambda run: image_batches(open_data("squares"), PRESETS["unit"], HALF),
    "load_model": lambda run: load_model(THREE),
    "load_model, class_names": lambda run: load_model("colours.py:net", class_names=THREE),
    "list_layers": lambda run: list_layers(NET, PICTURE),
    "head_weights": lambda run: head_weights(NET, THREE, 5),
    "pair_concepts, n_words": lambda run: pair_concepts(pairs(), n_words=ODD),
    "pair_concepts, half a word": lambda run: pair_concepts(pairs(), n_words=HALF),
    "pair_concepts, stop_words": lambda run: pair_concepts(pairs(), stop_words=THREE),
    "token_concepts, n_folds": lambda run: token_concepts(pairs(), n_folds=ODD),
    "parquet, block": lambda run: explain_to_parquet(run.responses(), run.concepts, "u", block=ODD),
    "parquet, masks": lambda run: explain_to_parquet(PICTURE, run.concepts, "u"),
    "parquet, list of masks": lambda run: explain_to_parquet([PICTURE], run.concepts, "u"),
    "parquet, masks in turn": lambda run: explain_to_parquet(iter([PICTURE]), run.concepts, "u"),
    "parquet, number": lambda run: explain_to_parquet(THREE, run.concepts, "u"),
    "parquet, table": lambda run: explain_to_parquet(run.responses(), ODD, "u"),
    "analyze, run": lambda run: andornot.analyze(ODD, "length"),
    "analyze, nothing to compare": lambda run: andornot.analyze(run, "baseline"),
    "analyze, nothing to compare with": lambda run: andornot.analyze(run, "baseline", against=ODD),
    "unit view, samples": lambda run: views.unit_view(run, 0, n_samples=ODD),
    "unit view, half a sample": lambda run: views.unit_view(run, 0, n_samples=HALF),
    "unit view, no sample": lambda run: views.unit_view(run, 0, n_samples=0),
    "unit view, run": lambda run: views.unit_view(ODD, 0),
    "gallery, run": lambda run: views.gallery(ODD),
    "gallery, samples": lambda run: views.gallery(run).unit(0, ODD),
    "run views, run": lambda run: views.run_views(ODD),
    "formula tree, run": lambda run: views.formula_tree(ODD, 0),
    "formula tree, formula": lambda run: views.formula_tree(run, 0, THREE),
    "formula tree, no formula": lambda run: views.formula_tree(run, 0, ""),
    "score, known_only": lambda run: andornot.score(
        "a", [True], andornot.ConceptTable.from_masks([[True]], ["a"]), known_only=ODD
    ),
    "result, True": lambda run: run.result()[True],
    "parquet, path": lambda run: explain_to_parquet(run.responses(), run.concepts, THREE),
    "edits of words": lambda run: apply_edit(pairs().pairs[0], ODD),
}


def pairs():
    return open_pairs("pairs:pairs.csv", tagger=None)


@pytest.fixture(scope="module")
def world(made_once, tmp_path_factory):
    """A folder with the files that calls name, and the run."""
    folder = tmp_path_factory.mktemp("wrong_kinds")
    example_cases.write_files(folder)
    return folder, example_cases.opened(made_once("examples", example_cases.dissect))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_wrong_kind_is_refused(call, world, monkeypatch):
    folder, run = world
    monkeypatch.chdir(folder)
    with pytest.raises(AndornotError) as caught:
        call(run)
    assert len(str(caught.value)) > 20


def test_classes_may_be_named_by_their_numbers(world):
    one: Any = 1
    found = attack(world[1], one, "fire", options=AttackOptions(n_edits=1, n_controls=2))
    assert (found.source, found.target) == ("grass", "fire")
