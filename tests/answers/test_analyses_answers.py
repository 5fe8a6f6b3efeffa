"""What the analyses find, against direct computations from the raw arrays of small runs."""

from __future__ import annotations

import inspect
import json
import shutil
from collections import Counter
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import andornot
import naive
from analysis_cases import CLASSES, EARLY, LAYER, pair_run, picture_run
from andornot import Run, analyses
from andornot.analyses import (
    REGISTRY,
    accuracy,
    contributions,
    kinds,
    length,
    uniqueness,
)
from andornot.analyses.importance import (
    ablation_importance,
    exact_importance,
    linear_head,
    pooled_activations,
)
from andornot.analyses.outcomes import outcomes
from andornot.analyses.replay import Source
from andornot.data.images.open import open_data
from andornot.errors import DataError, ModelError, OptionError, RunError
from manifest_cases import retold
from unlisted import unlisted

torch = pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return picture_run(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return pair_run(tmp_path_factory.mktemp("pairs"))


@pytest.fixture
def copied(run, tmp_path):
    """A copy of the run that a test may spoil."""
    return Run.open(unlisted(Path(shutil.copytree(run.path, tmp_path / "copy"))))


def edited(run, **model):
    """The same run with another note about its model."""
    return retold(run, model=model)


def explained(run, layer):
    return [e for e in run.result(layer) if e.formula is not None]


def activations(run, layer):
    return np.stack([run.values(i, layer) for i in range(len(run.samples))])


# ---- length


def test_length(run):
    answer = length.answer(run, LAYER)
    units = explained(run, LAYER)
    iou = np.array([e.by_length for e in units])
    table = answer.tables["by_length"]
    assert table["length"].tolist() == [1, 2, 3]
    assert table["mean"].tolist() == pytest.approx(iou.mean(0).tolist())
    assert table["gain"].iloc[-1] == pytest.approx(iou[:, 2].mean() / iou[:, 0].mean() - 1)
    assert table["median"].tolist() == pytest.approx(np.median(iou, 0).tolist())
    tests = answer.tables["tests"].set_index("test")
    t = stats.ttest_rel(iou[:, 2], iou[:, 0])
    assert tests.loc["paired t", "p"] == pytest.approx(t.pvalue)
    w = stats.wilcoxon(iou[:, 2], iou[:, 0])
    assert tests.loc["Wilcoxon signed-rank", "p"] == pytest.approx(w.pvalue)
    histogram = answer.tables["histogram"]
    for n in (1, 3):
        assert histogram[f"length_{n}"].sum() == len(units)
    for _, row in answer.tables["units"].iterrows():
        e = run.result(LAYER)[row["unit"]]
        assert (row["iou_1"], row["iou_3"]) == (e.by_length[0], e.by_length[2])
        assert row["formula_1"] == str(e.best_by_length[0].formula)
    assert answer.tables["units"]["gain"].is_monotonic_decreasing
    assert "left out: 1 dead" in answer.sentences[0]


def test_a_single_step_is_told_once():
    iou = np.array([[0.1, 0.3], [0.2, 0.2]])
    told = length._findings(length.by_length_table(iou), None, 2)
    assert told[1] == "The step to length 2 adds 0.1000 to the mean."
    iou = np.array([[0.1, 0.3, 0.4], [0.2, 0.2, 0.3]])
    told = length._findings(length.by_length_table(iou), None, 3)
    assert told[1].startswith("The last step, to length 3, adds 0.1000 to the mean; the first")


def test_length_needs_two_lengths(tmp_path):
    short = picture_run(tmp_path, LAYER, length=1)
    with pytest.raises(RunError, match=r"single concepts only.*--length 2"):
        length.answer(short)


# ---- uniqueness


def test_uniqueness(run):
    answer = uniqueness.answer(run, LAYER)
    units = explained(run, LAYER)
    for n, row in enumerate(answer.tables["by_length"].itertuples(), 1):
        # twins go by the sets of positions and names, not by formulas
        found = [e.best_by_length[n - 1].formula for e in units]
        assert row.distinct_formulas == len({f.key for f in found})
        assert row.distinct_concepts == len({name for f in found for name in f.concepts})
        shared = Counter(f.key for f in found)
        assert row.units_with_repeated == sum(k for k in shared.values() if k > 1)
        uses = answer.tables["categories"].query("length == @n")
        assert uses["share"].sum() == pytest.approx(1)
        assert uses["uses"].sum() == sum(f.length for f in found)
    repeated = answer.tables["repeated"]
    twins: Any = repeated.itertuples()
    for row in twins:
        which = [int(unit) for unit in row.which.split(", ")]
        assert len(which) == row.units > 1
        best = {run.result(LAYER)[u].best_by_length[row.length - 1].formula for u in which}
        assert len(best) == 1
        assert str(best.pop()) == row.formula or row.length > 1
    assert (repeated["length"] == 1).any()  # 8 units and 4 concepts


# ---- kinds


def naive_evidence(run, layer, unit, first, second):
    """Active positions by sample that one formula holds on and the other does not."""
    table, threshold = run.concepts, run.thresholds(layer)[unit]
    counts = []
    for i in range(len(run.samples)):
        atoms = table.positions.sample(i)
        active = naive.upsample(run.values(i, layer)[unit], *atoms.shape) > threshold
        a, b = table.mask(first)[atoms], table.mask(second)[atoms]
        counts.append([(active & a & ~b).sum(), (active & b & ~a).sum()])
    return np.array(counts)


def test_candidates_for_polysemanticity(run):
    answer = kinds.answer(run, LAYER, min_share=0.05)
    candidates = answer.tables["candidates"]
    assert len(candidates)
    assert candidates["similarity"].isna().all()
    assert candidates["score"].is_monotonic_decreasing
    words = {"OR", "red", "green", "blue", "yellow"}
    rows: Any = candidates.itertuples()
    plain = [row for row in rows if set(row.formula.split()) <= words]
    assert plain
    for row in plain:
        first, second = row.first, row.second
        found = naive_evidence(run, LAYER, row.unit, first, second)
        tp = run.result(LAYER)[row.unit].counts.tp
        assert row.first_share == pytest.approx(found[:, 0].sum() / tp)
        assert row.second_share == pytest.approx(found[:, 1].sum() / tp)
        assert row.second_share <= row.first_share
        assert row.first_samples == (found[:, 0] > 0).sum()
        assert row.both_samples == (found > 0).all(1).sum()
        evidence = answer.tables["evidence"].query("unit == @row.unit and part == @first")
        by_id = dict(zip(run.samples["sample"], found[:, 0], strict=True))
        assert [by_id[s] for s in evidence["sample"]] == evidence["positions"].tolist()
        assert evidence["positions"].iloc[0] == found[:, 0].max()
    assert set(answer.tables["verdicts"]["verdict"]) <= {"single concept", "specialisation",
                                                         "unknown"}  # fmt: skip
    assert any("give word vectors" in s for s in answer.sentences)


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("red 1 0\ngreen 0.9 0.1\nblue 0 1\nyellow 0.1 0.9\n")
    return path


def test_verdicts_and_labels(run, vectors, tmp_path):
    answer = kinds.answer(run, LAYER, length=2, similarity=vectors, threshold=0.8, min_share=0.05)
    units = answer.tables["units"].set_index("unit")
    known = {"red": (1, 0), "green": (0.9, 0.1), "blue": (0, 1), "yellow": (0.1, 0.9)}
    for unit, row in units.iterrows():
        formula = run.result(LAYER)[unit].best_by_length[1].formula
        assert row["formula"] == str(formula)
        if row["kind"] != "disjunction":
            assert np.isnan(row["coherence"])
            continue
        a, b = (np.array(known[name]) for name in formula.concepts)
        cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        assert row["coherence"] == pytest.approx(cosine, abs=1e-6)
        split = unit in set(answer.tables["candidates"]["unit"])
        unlike = "polysemantic" if split else "incoherent"
        assert row["verdict"] == ("coherent" if cosine >= 0.8 else unlike)
    labels = tmp_path / "labels.csv"
    chosen = units["verdict"].head(4).to_dict()
    wrong = next(iter(chosen))
    chosen[wrong] = "incoherent"
    dead = {8: "coherent"}
    rows = "".join(f"{u},{v}\n" for u, v in (chosen | dead).items())
    labels.write_text(f"unit,label\n{rows}")
    agreed = kinds.answer(run, LAYER, length=2, similarity=vectors, threshold=0.8, min_share=0.05,
                          labels=labels)  # fmt: skip
    row = agreed.tables["agreement"].iloc[0]
    verdicts: Any = units["verdict"]
    same = sum(verdicts[u] == v for u, v in chosen.items())
    assert (row["label"], row["units"], row["agreement"]) == ("all", 4, same / 4)
    assert agreed.tables["confusion"]["units"].sum() == 4
    assert any("1 label of units without a formula left out." in s for s in agreed.sentences)
    with pytest.raises(OptionError, match="need a measure of similarity; give --vectors"):
        kinds.answer(run, LAYER, labels=labels)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit,label\n99,coherent\n", "line 2: '99' is no unit of the run"),
        ("unit,label\nx,coherent\n", "line 2: 'x' is no unit"),
        ("unit,label\n0,nice\n", "line 2: 'nice' is no label; use one of single concept"),
        ("unit,label\n0,coherent\n0,coherent\n", "line 3: unit 0 stands there twice"),
        ("unit,label\n", "has no rows"),
        ("unit,label\n8,coherent\n", "none of the labelled units has a formula"),
        ("a,b\n0,coherent\n", "has no columns unit and label"),
        ("", "cannot be read"),
    ],
)
def test_labels_that_cannot_be_used(run, vectors, tmp_path, text, message):
    labels = tmp_path / "labels.csv"
    labels.write_text(text)
    with pytest.raises(DataError, match=message):
        kinds.answer(run, LAYER, similarity=vectors, labels=labels)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_share": 0.7}, "min_share is 0.7"),
        ({"length": 4}, "length is 4; the run has"),
        ({"threshold": 1.5}, "threshold is 1.5; give a similarity, from -1 to 1"),
        ({"threshold": float("nan")}, "threshold is nan"),
    ],
)
def test_options_of_kinds(run, options, message):
    with pytest.raises(OptionError, match=message):
        kinds.answer(run, LAYER, **options)


# ---- accuracy


def naive_labels(run):
    """The class of each sample as a number, by a table written by hand."""
    numbers = {"red-s": 0, "green-s": 1, "blue-s": 2}
    return np.array([numbers.get(name, -1) for name in run.samples["class"]])


def test_accuracy_where_units_are_active(run):
    answer = accuracy.answer(run, LAYER, least_active=1)
    labels, logits = naive_labels(run), run.logits.astype(float)
    known = labels >= 0
    right = logits.argmax(1) == labels
    table = answer.tables["units"].set_index("unit")
    for e in explained(run, LAYER):
        active = (run.areas(LAYER)[:, e.unit] > 0) & known
        row = table.loc[e.unit]
        assert row["active_samples"] == active.sum()
        assert row["accuracy"] == pytest.approx(right[active].mean())
        losses = [
            np.log(np.exp(logits[i] - logits[i, labels[i]]).sum()) for i in np.flatnonzero(active)
        ]
        assert row["loss"] == pytest.approx(np.mean(losses))
    assert f"right on {right[known].sum()} of {known.sum()} samples" in answer.sentences[1]
    found = answer.tables["correlations"].set_index(["quantity", "length"])
    for n in (1, 2, 3):
        iou = [run.result(LAYER)[u].by_length[n - 1] for u in table.index]
        expected = stats.spearmanr(iou, table["accuracy"])
        assert found.loc[("accuracy", n), "spearman"] == pytest.approx(expected.statistic)
        expected = stats.pearsonr(iou, table["margin_lost"])
        assert found.loc[("margin_lost", n), "pearson"] == pytest.approx(expected.statistic)


def test_accuracy_on_chosen_samples(run):
    only = list(run.samples["sample"][:20])
    answer = accuracy.answer(run, LAYER, only=only, least_active=1)
    assert f"of {(naive_labels(run)[:20] >= 0).sum()} samples" in answer.sentences[1]
    with pytest.raises(OptionError, match=r"no sample 'nowhere' \(nor 0 more"):
        accuracy.answer(run, LAYER, only=["nowhere"])


def test_a_faultless_network_is_said_to_be_one(copied):
    samples = copied.samples
    samples["class"] = samples["predicted_class"]
    samples.to_parquet(copied.table_file("samples.parquet"), index=False)
    answer = accuracy.answer(Run.open(copied.path), LAYER, least_active=1)
    assert any("no error to explain" in s for s in answer.sentences)
    correlations = answer.tables["correlations"]
    assert "accuracy" not in set(correlations["quantity"])
    assert "margin" in set(correlations["quantity"])
    assert not any("nan" in s for s in answer.sentences)


def test_units_that_are_too_quiet_are_not_correlated(run):
    answer = accuracy.answer(run, LAYER, least_active=1000)
    assert answer.tables["correlations"].empty
    assert any("8 units active on fewer than 1000" in s for s in answer.sentences)
    assert any("does not compare with IoU" in s for s in answer.sentences)


def test_a_correlation_that_does_not_exist_is_missing_and_not_an_object(run, monkeypatch):
    """Where all units are active on as many samples, nothing can be held fixed."""
    from andornot.views.figures.accuracy import accuracy_figure

    monkeypatch.setattr(accuracy, "partial_correlation", lambda *_: None)
    answer = accuracy.answer(run, LAYER, least_active=1)
    found = answer.tables["correlations"]
    assert {found[name].dtype for name in accuracy._GIVEN} == {np.dtype(float)}
    assert answer.as_dict()["tables"]["correlations"][0]["given_size"] is None
    panel = accuracy_figure(answer, 1).panels[0]
    assert np.isnan(panel.given_size.value).all()
    assert not np.isnan(panel.pearson.value).any()


def test_a_share_of_no_unit_is_missing_and_not_an_object():
    table = pd.DataFrame([uniqueness._row(n, {}) for n in (1, 2)])
    assert table["distinct_share"].isna().all()
    assert {table[name].dtype.kind for name in table} == {"i", "f"}


@pytest.mark.parametrize("missing", ["classes", "names", "match"])
def test_what_accuracy_cannot_be_told_from(copied, missing):
    samples, known = copied.samples, copied
    if missing == "names":
        known, message = edited(copied, class_names=None), "does not name its 3 classes"
    elif missing == "classes":
        samples["class"], message = "", "none of the 48 samples .* has a class"
    else:
        samples["class"], message = "zebra", "samples have 'zebra', the network has 'Red', 'Green'"
    samples.to_parquet(copied.table_file("samples.parquet"), index=False)
    with pytest.raises(RunError, match=message):
        accuracy.answer(Run(known.path, known.record), LAYER)


def test_a_network_with_one_logit(run):
    fresh = Run(run.path, run.record)
    object.__setattr__(fresh, "logits", run.logits[:, :1])
    with pytest.raises(RunError, match="gives a single logit"):
        accuracy.answer(fresh, LAYER)


def test_a_run_without_logits(run):
    stages = run.record.stages
    fresh = retold(run, stages=stages | {"logits": replace(stages["logits"], n_classes=0)})
    for question in (accuracy, contributions):
        with pytest.raises(RunError, match="gives no logits"):
            question.answer(fresh, LAYER)


# ---- what is lost without a unit


def plain_logits(run, layer, unit):
    """Logits with a unit at zero: the network cut in two by hand."""
    from andornot.models import Preprocessing, load_model

    data = open_data(run.manifest["data"]["source"]["spec"])
    pre = Preprocessing.from_dict(run.manifest["preprocessing"])
    parts = list(load_model(run.manifest["model"]["spec"]).module.named_children())
    x = torch.from_numpy(np.stack([pre.apply(data.image(i)) for i in range(len(data))]))
    with torch.no_grad():
        for name, part in parts:
            x = part(x)
            if name == layer and unit is not None:
                x = x.clone()
                x[:, unit] = 0
    return x.numpy()


def test_the_head_gives_the_logits_without_a_unit(run):
    found = outcomes(run)
    exact = exact_importance(run, found, LAYER)
    labels = found.labels
    assert plain_logits(run, LAYER, None)[found.rows] == pytest.approx(found.logits, abs=1e-4)
    for unit in (0, 3, 7):
        after = plain_logits(run, LAYER, unit)[found.rows]
        lost = (found.logits.argmax(1) == labels).mean() - (after.argmax(1) == labels).mean()
        row = exact.by_unit.set_index("unit").loc[unit]
        assert row["accuracy_lost"] == pytest.approx(lost)
        for c in range(3):
            own = labels == c
            here = exact.by_class.query("unit == @unit and `class` == @CLASSES[@c]").iloc[0]
            both = [(z[own].argmax(1) == c).mean() for z in (found.logits, after)]
            assert here["accuracy_lost"] == pytest.approx(both[0] - both[1])
            assert here["samples"] == own.sum()


@pytest.mark.parametrize("layer", [LAYER, EARLY])
def test_forward_passes_without_a_unit(run, layer):
    found = outcomes(run)
    units = [e.unit for e in explained(run, layer)][:2]
    ablated = ablation_importance(run, found, layer, units=units, samples=1000)
    for unit in units:
        after = plain_logits(run, layer, unit)[found.rows]
        row = ablated.by_unit.set_index("unit").loc[unit]
        own = np.arange(len(found.labels)), found.labels

        def margin(z, own=own):
            others = z.astype(float).copy()
            others[own] = -np.inf
            return z[own] - others.max(1)

        expected = (margin(found.logits) - margin(after)).mean()
        assert row["margin_lost"] == pytest.approx(expected, abs=1e-4)
    if layer == LAYER:
        exact = exact_importance(run, found, layer).by_unit.set_index("unit").loc[units]
        columns = ["margin_lost", "loss_gained"]
        assert np.allclose(exact[columns], ablated.by_unit.set_index("unit")[columns], atol=1e-4)
    else:
        assert exact_importance(run, found, layer) is None
        assert linear_head(run, layer) is None


def test_ablation_on_some_samples_and_the_best_units(run):
    found = ablation_importance(run, outcomes(run), EARLY, samples=7)
    assert found.samples == 7
    best = [e.unit for e in run.result(EARLY).best(20) if e.formula is not None]
    assert found.by_unit["unit"].tolist() == best
    answer = accuracy.answer(run, EARLY, causal=found, least_active=1)
    assert any("by running the network again" in s for s in answer.sentences)
    told = contributions.answer(run, EARLY, causal=found)
    assert "weights" not in told.tables
    assert len(told.tables["ablation"])


def test_mistakes_of_ablation(run):
    found = outcomes(run)
    with pytest.raises(OptionError, match="unit 8 of relu2 has no formula"):
        ablation_importance(run, found, LAYER, units=[8])
    with pytest.raises(OptionError, match="samples is 0"):
        ablation_importance(run, found, LAYER, samples=0)
    with pytest.raises(ModelError, match=r"cannot be loaded again: .*Start the command where"):
        ablation_importance(edited(run, spec="Net"), found, LAYER)
    with pytest.raises(ModelError, match=r"is not the one that .* was made with"):
        ablation_importance(edited(run, fingerprint="0" * 64), found, LAYER)
    lying = replace(found, logits=found.logits + 5)
    with pytest.raises(ModelError, match="gives other logits than when"):
        ablation_importance(run, lying, LAYER)


def test_without_a_head_the_command_to_give_is_named(run):
    answer = accuracy.answer(run, EARLY)
    assert any("give --ablate" in s for s in answer.sentences)
    assert "importance_by_class" not in answer.tables


# ---- contributions


def _of(table, name):
    return table[table["class"] == name]


def test_contributions(run):
    answer = contributions.answer(run, LAYER, top=3)
    weights, maps = run.head_weights(LAYER), activations(run, LAYER)
    said = run.logits.argmax(1)
    assert pooled_activations(run, LAYER) == pytest.approx(maps.mean((2, 3)))
    alive = [e.unit for e in explained(run, LAYER)]
    for c, name in enumerate(CLASSES):
        own = _of(answer.tables["weights"], name)
        order = sorted(alive, key=lambda u: -weights[c, u])
        positive = [u for u in order if weights[c, u] > 0][:3]
        assert own.query("side == 'for'")["unit"].tolist() == positive
        negative = [u for u in order[::-1] if weights[c, u] < 0][:3]
        assert own.query("side == 'against'")["unit"].tolist() == negative
        if (said == c).any() and positive:
            share = weights[c, positive[0]] * maps[said == c, positive[0]].mean()
            assert own["contribution"].iloc[0] == pytest.approx(share, rel=1e-5)
        if not 0 < (said == c).sum() < len(said):
            continue
        row = _of(answer.tables["correlation"], name).iloc[0]
        every = {u: np.corrcoef(said == c, maps[:, u].mean((1, 2)))[0, 1] for u in alive}
        assert row["correlation"] == pytest.approx(max(every.values()))
        row = _of(answer.tables["overlap"], name).iloc[0]
        active = run.areas(LAYER) > 0
        ious = {
            u: ((said == c) & active[:, u]).sum() / ((said == c) | active[:, u]).sum()
            for u in alive
        }
        assert row["iou_with_class"] == pytest.approx(max(ious.values()))
        lost = _of(exact_importance(run, outcomes(run), LAYER).by_class, name)
        first = _of(answer.tables["ablation"], name).iloc[0]
        assert first["margin_lost"] == lost["margin_lost"].max()
    assert len(answer.tables["correlation"].query("`class` == 'Red'")) <= 3


def test_mistakes_of_contributions(run):
    with pytest.raises(OptionError, match="no class 'Puce'; choose one of Red, Green"):
        contributions.answer(run, LAYER, classes=["Puce"])
    with pytest.raises(OptionError, match="top is 0"):
        contributions.answer(run, LAYER, top=0)
    only = contributions.answer(run, LAYER, classes=["Blue"])
    assert set(only.tables["weights"]["class"]) == {"Blue"}


def test_two_classes_of_one_name_are_told_apart(run):
    twins = edited(run, class_names=["Red", "Green", "Red"])
    whole = contributions.answer(run, LAYER).tables["weights"]
    for wanted in ("2", "Red (2)", "red (2)"):
        rows = contributions.answer(twins, LAYER, classes=[wanted]).tables["weights"]
        assert set(rows["class"]) == {"Red (2)"}
        blue = whole[whole["class"] == "Blue"]
        assert rows["unit"].tolist() == blue["unit"].tolist()
    every = contributions.answer(twins, LAYER).tables["weights"]
    assert list(dict.fromkeys(every["class"])) == ["Red (0)", "Green", "Red (2)"]
    with pytest.raises(OptionError, match=r"several classes 'Red': give the number .*, 0 or 2"):
        contributions.answer(twins, LAYER, classes=["Red"])
    assert list(twins.class_weights(LAYER)) == ["Red (0)", "Green", "Red (2)"]
    # which Red a sample is of, nobody knows
    assert set(outcomes(twins).labels) == {1}


# ---- sentence pairs and tokens


def test_all_questions_of_sentence_pairs(pairs):
    run, data = pairs
    for question in (length, uniqueness, kinds, accuracy, contributions):
        answer = question.answer(run)
        assert answer.sentences
        assert not any("nan" in s.split() for s in answer.sentences)
    found = outcomes(run)
    exact = exact_importance(run, found).by_unit
    units = exact["unit"].tolist()
    ablated = ablation_importance(run, found, units=units, samples=99, source=Source(data=data))
    assert np.allclose(exact, ablated.by_unit, atol=1e-4)


def test_units_at_tokens(tmp_path):
    run, data = pair_run(tmp_path, "encoder.rnn")
    for question in (length, uniqueness, kinds, accuracy, contributions):
        assert question.answer(run).tables
    means = [run.values(i)[:, 0].mean(1) for i in range(len(data))]
    assert pooled_activations(run) == pytest.approx(np.array(means), abs=1e-6)
    active = run.areas()[:, 0] > 0
    row = accuracy.answer(run).tables["units"].query("unit == 0").iloc[0]
    assert row["active_samples"] == active.sum()
    with pytest.raises(ModelError, match="stand at tokens"):
        ablation_importance(run, outcomes(run), source=Source(data=data))


# ---- what all have in common


def test_layers_must_be_named(run):
    for question in (length, uniqueness, kinds, accuracy, contributions):
        with pytest.raises(OptionError, match="choose one of this run's layers: relu2, relu1"):
            question.answer(run)


def test_a_layer_without_formulas(tmp_path):
    silent = picture_run(tmp_path, LAYER, units=[8])
    for question in (length, uniqueness, kinds, accuracy, contributions):
        with pytest.raises(RunError, match=r"no unit of relu2 in .* has a formula \(dead\)"):
            question.answer(silent)


def test_answers_are_written_whole(run, tmp_path):
    answer = accuracy.answer(run, LAYER)
    files = answer.write(tmp_path / "out")
    assert sorted(f.name for f in files) == sorted(
        p.name for p in (tmp_path / "out").iterdir() if not p.name.startswith(".andornot")
    )
    table = answer.tables["units"]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out" / "accuracy-units.parquet"),
                                  table)  # fmt: skip
    again = pd.read_csv(tmp_path / "out" / "accuracy-units.csv")
    assert again["formula"].tolist() == table["formula"].tolist()
    plain = json.loads(json.dumps(answer.as_dict(), allow_nan=False))
    assert plain["tables"]["units"][0]["unit"] == table["unit"].iloc[0]
    text = (tmp_path / "out" / "accuracy.txt").read_text(encoding="utf-8")
    assert all(sentence in text for sentence in answer.sentences)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write to"):
        answer.write(tmp_path / "file")


def test_every_question_has_a_module():
    modules = {p.stem for p in Path(analyses.__file__).parent.glob("*.py")}
    assert set(REGISTRY) <= modules
    for name in REGISTRY:
        asked = list(
            inspect.signature(import_module(f"andornot.analyses.{name}").answer).parameters
        )
        assert asked[:2] == ["run", "layer"]


def test_every_question_is_in_the_reference():
    api = (Path(__file__).parents[2] / "docs/reference/api.md").read_text(encoding="utf-8")
    for name in REGISTRY:
        assert f".. autofunction:: andornot.analyses.{name}.answer\n" in api, name


def test_a_further_score_has_a_row_and_is_not_against_what_was_published(run, monkeypatch):
    tested = import_module("andornot.analyses.metrics").TESTED_METRICS
    again = replace(tested[0], name="iou_again", trusted=None)
    for module in ("analyses.metrics", "measures.sanity"):
        monkeypatch.setattr(f"andornot.{module}.TESTED_METRICS", (*tested, again))
    found = andornot.analyze(run, "metrics", LAYER)
    rows: Any = found.tables["metrics"].set_index("score")
    assert rows["published"]["iou_again"] == "not tested"
    assert rows["passes"]["iou_again"] == rows["passes"]["iou"]
    assert not any("iou_again" in s for s in found.sentences if s.startswith("Not as published"))


def test_a_question_is_asked_by_its_name(run):
    by_name = andornot.analyze(run, "accuracy", LAYER, least_active=1)
    assert by_name.as_dict() == accuracy.answer(run, LAYER, least_active=1).as_dict()


@pytest.mark.parametrize(
    ("question", "options", "message"),
    [
        ("acuracy", {}, "is accuracy meant"),
        (3, {}, "question is 3; choose one of length, "),
        ("accuracy", {"least_activ": 1}, "has no option 'least_activ' .is least_active meant"),
        ("length", {"top": 1}, "has no option 'top'; it has none, so leave it out"),
    ],
)
def test_a_question_or_an_option_that_is_not_there(run, question, options, message):
    with pytest.raises(OptionError, match=message):
        andornot.analyze(run, question, LAYER, **options)
