"""Sentence pairs that show units: the right ones, and what is told of each."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import reader_cases
from andornot import Run
from andornot.analyses.outcomes import outcomes
from andornot.views.of_run import class_weights
from andornot.views.samples import SILENT, STRONGEST, UNEXPLAINED, WEAKER
from andornot.views.sentence_gallery import SentenceGallery
from manifest_cases import retold
from reader_cases import CLASSES, DEAD, DOGS, NEVER, SHARED, Reader, explain, rows

table_file, run, token_run = reader_cases.table_file, reader_cases.run, reader_cases.token_run


def test_groups_hold_what_they_promise(run):
    gallery: Any = SentenceGallery.open(run)
    for unit in (DOGS, SHARED, NEVER):
        groups = dict(gallery.unit(unit, 12).groups)
        everyone = [Reader.units(pair)[unit] for pair in gallery.data.pairs]
        for view in (v for views in groups.values() for v in views):
            assert view.activation == pytest.approx(everyone[view.sample])
        strongest = [v.activation for v in groups[STRONGEST]]
        assert strongest == sorted(strongest, reverse=True)
        assert strongest[0] == pytest.approx(max(everyone))
        assert all(v.activation > 0 for v in groups[WEAKER])
        assert all(v.counts == (0, 1, 0) and not v.reasons for v in groups[UNEXPLAINED])
        assert all(v.counts == (0, 0, 1) and v.reasons for v in groups[SILENT])
    assert groups[UNEXPLAINED], "the sly unit fires where no formula expects it"
    assert gallery.unit(DEAD).samples == ()


def test_views_tell_what_the_run_knows(run):
    gallery: Any = SentenceGallery.open(run)
    views = gallery.unit(NEVER, 12).samples
    for view in views:
        pair = gallery.data.pairs[view.sample]
        assert (view.name, view.label) == (pair.id, pair.label)
        assert [t.text for t in view.premise] == [*pair.premise.tokens]
        assert [t.text for t in view.hypothesis] == [*pair.hypothesis.tokens]
        logits = Reader().record([pair], ()).logits[0]
        assert view.prediction == CLASSES[int(logits.argmax())]
        assert view.is_wrong == (view.prediction != pair.label)
    assert {view.is_wrong for view in views} == {True, False}


NUMBERED = [str(CLASSES.index(row[-1])) for row in rows()]


@pytest.mark.parametrize(
    ("labels", "shown", "comparable"),
    [
        (NUMBERED, CLASSES, True),
        ([str(int(n) + 1) for n in NUMBERED], ("1", "2", "3"), False),
        (["yes" if n == "0" else "no" for n in NUMBERED], ("yes", "no"), False),
        (["" if n == "0" else CLASSES[int(n)].upper() for n in NUMBERED], None, True),
    ],
)
def test_wrong_is_said_only_of_classes_that_can_be_compared(run, labels, shown, comparable):
    """Numbers are the network's own; classes that it does not have are neither right nor wrong."""
    data: Any = SentenceGallery.open(run).data
    pairs = tuple(replace(p, label=label) for p, label in zip(data.pairs, labels, strict=True))
    gallery: Any = SentenceGallery.open(run, data=replace(data, pairs=pairs))
    views = gallery.unit(NEVER, 12).samples
    for view in views:
        known = CLASSES[int(NUMBERED[view.sample])] if comparable and labels[view.sample] else None
        assert view.is_wrong == (known not in (None, view.prediction))
        assert shown is None or view.label in shown
    assert any(view.is_wrong for view in views) == comparable


def test_a_run_tells_how_it_reads_labels_that_are_numbers(tmp_path):
    records = [
        {"premise": row[0], "hypothesis": row[2], "label": int(n)}
        for row, n in zip(rows(), NUMBERED, strict=True)
    ]
    file = tmp_path / "x.jsonl"
    file.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    run = explain("pairs", file, tmp_path / "run", trust=None)
    told = "the samples' labels are numbers, read as those of the network's classes"
    assert [note for note in run.manifest["model"]["notes"] if note.startswith(told)]
    right = [
        row[-1] == said for row, said in zip(rows(), run.samples["predicted_class"], strict=True)
    ]
    assert outcomes(run).accuracy == np.mean(right)


def test_token_views_equal_a_plain_recomputation(token_run):
    gallery: Any = SentenceGallery.open(token_run)
    for unit in (0, 1):
        formula = gallery.result[unit].formula
        largest = max(v[unit] for p in gallery.data.pairs for v in values_of(p))
        seen = gallery.unit(unit, 12).samples
        assert seen
        for view in seen:
            pair = gallery.data.pairs[view.sample]
            tokens = [*view.premise, *view.hypothesis]
            for i, (token, names, values) in enumerate(
                zip(tokens, plain_tokens(pair), values_of(pair), strict=True)
            ):
                active = values[unit] > 0
                holds = formula.evaluate(lambda name, names=names: np.array(name in names))
                wanted = {(1, 1): "both", (1, 0): "unit", (0, 1): "formula"}
                assert token.mark.kind in (wanted.get((int(active), int(holds))), "", "excluded")
                assert bool(active or holds) == (token.mark.kind not in ("", "excluded")), i
                assert token.mark.strength == pytest.approx(values[unit] / largest * active)


def values_of(pair):
    return Reader().record_tokens([pair], ["tokens"])["tokens"][0]


def plain_tokens(pair):
    """The names of the concepts of each token."""
    for segment, s in zip(("premise", "hypothesis"), pair.sentences, strict=True):
        last = len(s.tokens) - 1
        for i, (word, tag) in enumerate(zip(s.tokens, s.tags, strict=True)):
            place = {name for name, at in (("first", 0), ("last", last)) if at == i}
            yield {f"word:{word.lower()}", f"tag:{tag}", segment} | place


def test_weights_are_those_of_the_head(run, monkeypatch):
    assert class_weights(run, "pairs", 0) == ()
    head = np.array([[0.5, -1], [0, 2], [-0.25, -4]], np.float32)
    monkeypatch.setattr(Run, "head_weights", lambda self, layer: head)
    found = [(w.name, w.weight, w.share) for w in class_weights(run, "pairs", 1)]
    assert found == [("entailment", -1, -0.25), ("neutral", 2, 0.5), ("contradiction", -4, -1)]
    many = np.arange(12, dtype=np.float32)[:, None] * [[1, -1]]
    monkeypatch.setattr(Run, "head_weights", lambda self, layer: many)
    run = retold(run, model={"class_names": None})
    found = [(w.name, w.weight) for w in class_weights(run, "pairs", 1)]
    assert found == [(f"class {i}", -i) for i in range(4, 12)]
