"""Attacks on small networks made by hand, against what follows from their weights."""

from __future__ import annotations

import dataclasses
import json
import shutil
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import andornot
from andornot import Run, Threshold
from andornot.data.images.labelmaps import write_labelmaps
from andornot.data.images.open import open_data
from andornot.data.sentences.concepts import word_overlap
from andornot.errors import DataError, ModelError, OptionError
from andornot.models.sentences import RecordedPairs
from manifest_cases import retold
from pair_cases import pair, pairs_of

torch = pytest.importorskip("torch", reason="torch is not installed")

from andornot import parse  # noqa: E402
from andornot.edits import (  # noqa: E402
    AttackOptions,
    Delete,
    EditSession,
    Insert,
    Paste,
    Place,
    Recolour,
    Word,
    attack,
    finished,
)
from andornot.edits.attack_files import folder_of  # noqa: E402
from andornot.edits.control_rules import ControlRule  # noqa: E402
from andornot.edits.edits_of_images import recolour  # noqa: E402
from andornot.edits.goals import goals_of, weights  # noqa: E402
from andornot.edits.investigation import investigate  # noqa: E402
from andornot.models import LoadedModel, Preprocessing, fingerprint  # noqa: E402
from andornot.report.write import write_report  # noqa: E402
from edit_cases import (  # noqa: E402
    BLUE,
    GREEN,
    MOSS,
    NAMES,
    RED,
    SIZE,
    Ponds,
    scene,
)

QUICK = AttackOptions(n_samples=16, n_controls=4, n_units=4)


@pytest.fixture(scope="module")
def ponds(tmp_path_factory):
    """A run on ponds, its model, and its data."""
    folder = tmp_path_factory.mktemp("ponds")
    rng = np.random.default_rng(0)
    # the last ones are neither lake nor swamp by their label, so cut-outs of green may be theirs
    samples = [scene(i, rng) for i in range(26)]
    samples += [dataclasses.replace(scene(i, rng), label="album") for i in (27, 29)]
    samples += [dataclasses.replace(scene(31, rng, RED), label="album")]
    write_labelmaps(folder / "data", NAMES, samples)
    data = open_data(f"labelmaps:{folder / 'data'}")
    net = Ponds()
    plain = Preprocessing(SIZE, SIZE, (0, 0, 0), (1, 1, 1))
    model = LoadedModel(net, "ponds", None, fingerprint(net), plain, ("lake", "swamp"))
    run = andornot.dissect(
        model, "units", data, folder / "run", threshold=Threshold(None, 0.0), length=2
    )
    return run, model, data


def test_the_formulas_are_those_of_the_weights(ponds):
    run, _, _ = ponds
    assert [str(e.formula) for e in run.result()] == ["pond AND green", "blue"]
    to_class, connected = weights(run)
    assert connected
    assert to_class.tolist() == [[-1, 1], [1, -1]]
    goals = goals_of(run, None, 0, 1, 4)
    assert {(a.unit, a.role, a.gain) for a in goals} == {(0, "raise", 2.0), (1, "silence", -2.0)}


def test_recolouring_the_pond_is_found_and_flips_what_the_weights_say(ponds):
    run, model, data = ponds
    found = investigate(run, "lake", "swamp", model=model, data=data, options=QUICK)
    verdict = next(v for v in found.verdicts if v.chosen.proposal.kind == "recolour")
    edit = verdict.chosen.edit
    assert isinstance(edit, Recolour)
    assert (str(edit.region), edit.colour, edit.rgb) == ("pond", "green", GREEN)
    for sample, flipped in zip(found.case.test, verdict.flips, strict=True):
        pond = (np.asarray(data.image(sample)) == BLUE).all(-1)
        pixels = np.asarray(recolour(data.image(sample), pond, GREEN), float) / 255
        green, blue = (
            np.maximum(1.5 * pixels[..., c] - 0.5 * pixels.sum(-1) - 0.3, 0).sum() for c in (1, 2)
        )
        assert flipped == (green > blue)
    assert verdict.flips.all()
    assert verdict.comparison.difference.low > 0
    # grey and red ponds are no swamps, nor is a green ball
    assert not verdict.control_flips.any()


def test_samples_are_split_and_only_right_ones_are_used(ponds):
    run, model, data = ponds
    case = investigate(run, "lake", "swamp", model=model, data=data, options=QUICK).case
    assert (case.n_source, case.n_right, len(case.screening), len(case.test)) == (13, 13, 6, 7)
    assert not set(case.screening) & set(case.test)
    assert {data.classes[i] for i in (*case.screening, *case.test)} == {"lake"}


def test_cutouts_never_come_from_the_target_class(ponds):
    run, model, data = ponds
    found = investigate(run, "lake", "swamp", model=model, data=data, options=QUICK)
    pasted = [c for c in found.tried if c.proposal.name == "paste pond AND green"]
    origins = {e.cutout.origin for c in pasted for e in c.proposal.variants}
    assert origins == {data.sample_ids[26], data.sample_ids[27]}  # the albums


def test_tables_say_what_the_arrays_say(ponds):
    run, model, data = ponds
    found = investigate(run, "lake", "swamp", model=model, data=data, options=QUICK)
    answer = attack(run, "lake", "swamp", model=model, data=data, options=QUICK)
    edits, outcomes = answer.tables["edits"], answer.tables["outcomes"]
    assert len(edits) == len(found.verdicts)
    row: Any
    for row, verdict in zip(edits.itertuples(), found.verdicts, strict=True):
        own = outcomes[outcomes["edit"] == row.edit]
        assert row.flip_rate == own["flipped"].mean() == verdict.flips.mean()
        assert row.control_rate == pytest.approx(verdict.control_flips.mean())
        assert row.difference == pytest.approx(row.flip_rate - row.control_rate)
        assert row.best_control_rate == verdict.control_flips.mean(0).max()
    assert answer.sentences[0] == (
        "Of 13 samples of lake the network gets 13 right; edits to swamp were chosen on 6 of these "
        "and tested on 7 others."
    )
    assert any(s.startswith("Recolour pond to green: 100%") for s in answer.sentences)


def test_nothing_is_right_where_labels_cannot_be_compared(ponds):
    """A label that is none of the network's classes makes no answer right or wrong."""
    run, model, data = ponds
    foreign = Run(run.path, run.record)
    named = run.samples["class"].replace("lake", "somewhere")
    foreign.__dict__["samples"] = run.samples.assign(**{"class": named})
    answer = attack(foreign, "lake", "swamp", model=model, data=data, options=QUICK)
    assert answer.sentences[0].startswith(
        "The network takes 14 samples for lake, which no sample is labelled; edits to swamp were "
    )
    assert "right" not in answer.sentences[0]


def test_answers_repeat_and_hang_on_the_seed(ponds):
    run, model, data = ponds
    one, two, other = (
        attack(run, "lake", "swamp", model=model, data=data,
               options=dataclasses.replace(QUICK, seed=seed))
        for seed in (0, 0, 1)
    )  # fmt: skip
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, two.tables[name])
    assert one.sentences == two.sentences
    samples = [set(a.tables["outcomes"]["sample"]) for a in (one, other)]
    assert samples[0] != samples[1]


def test_an_attack_is_written_whole(ponds, tmp_path):
    run, model, data = ponds
    answer = attack(run, "lake", "swamp", model=model, data=data, options=QUICK)
    out = answer.write(tmp_path / "out")
    told = json.loads((out / "attack.json").read_text(encoding="utf-8"))
    assert told["tables"]["edits"][0]["edit"] == answer.tables["edits"]["edit"][0]
    assert pd.read_csv(out / "edits.csv")["n"].tolist() == answer.tables["edits"]["n"].tolist()
    with Image.open(out / "edit-1.png") as sheet:
        assert sheet.size[0] > 400
    assert not list(out.glob("*.tmp*"))


def test_a_kept_attack_is_found_again(ponds):
    run, model, data = ponds
    assert finished(run, "lake", "swamp") is None
    answer = attack(run, "lake", "swamp", model=model, data=data, options=QUICK)
    folder = answer.write(folder_of(run, "units", "lake", "swamp"))
    assert folder == run.path / "attacks" / "lake-to-swamp"
    again = finished(run, "Lake", "SWAMP")
    assert (again.source, again.target, again.sentences) == ("lake", "swamp", answer.sentences)
    assert len(again.examples) == len(answer.examples) > 0
    for kept, example in zip(again.examples, answer.examples, strict=True):
        assert (kept.sample, kept.edit, kept.probability) == (
            example.sample, example.edit, example.probability
        )  # fmt: skip
        assert (np.asarray(kept.after) == np.asarray(example.after)).all()
    pd.testing.assert_frame_equal(again.tables["edits"], answer.tables["edits"])
    assert finished(run, "swamp", "lake") is None
    other = retold(run, search={"length": 9})
    assert finished(other, "lake", "swamp") is None
    next((folder / "examples").glob("*.png")).unlink()
    assert finished(run, "lake", "swamp") is None


@pytest.mark.parametrize(
    "text", ["[]", '{"tables": []}', '{"tables": {"edits": 5}}', "[" * 200_000]
)
def test_a_kept_attack_that_others_wrote_is_none(ponds, tmp_path, text):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    shutil.copytree(ponds[0].path, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    folder = folder_of(run, "units", "lake", "swamp")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "attack.json").write_text(text)
    assert finished(run, "lake", "swamp") is None
    with pytest.raises(DataError, match="holds no attack that can be read"):
        write_report(run, tmp_path / "report", attacks=[folder])


def test_what_units_to_the_target_answer_to_is_no_control(ponds):
    run, model, data = ponds
    evidence = ControlRule(
        run.concepts, run.responses(), goals_of(run, None, 0, 1, 4), lambda _: ""
    )
    assert evidence(parse("pond AND green"))
    assert evidence(parse("ball")) == evidence(parse("stone")) == ""
    found = investigate(run, "lake", "swamp", model=model, data=data, options=QUICK)
    pasted = {str(c.edit).split()[0] for v in found.verdicts for c in v.controls}
    assert not pasted & {name for name, _ in found.excluded_controls}


def test_other_networks_are_asked_on_what_they_get_right(ponds):
    run, model, data = ponds
    contrary = Ponds()
    with torch.no_grad():
        contrary.head.weight *= 0.5
        contrary.head.bias[:] = torch.tensor([1.0, 0.0])  # calls everything a lake
    lakes = dataclasses.replace(model, module=contrary, spec="lakes", fingerprint="x")
    answer = attack(
        run, "lake", "swamp", model=model, data=data, also=[model, lakes], options=QUICK
    )
    table = answer.tables["transfer"].set_index(["model", "edit"])
    same = table.loc["ponds"]
    edits = answer.tables["edits"].set_index("edit")
    assert (same["flip_rate"] == edits.loc[same.index, "flip_rate"]).all()
    assert (same["control_rate"] == edits.loc[same.index, "control_rate"]).all()
    assert (table.loc["lakes"]["n"] == 7).all()
    assert (table.loc["lakes"]["flip_rate"] == 0).all()


def test_a_network_that_is_not_that_of_the_run_is_refused(ponds):
    run, _, _ = ponds
    with pytest.raises(ModelError, match="cannot be understood"):
        attack(run, "lake", "swamp")


@pytest.mark.parametrize(
    ("source", "target", "error", "message"),
    [
        ("sea", "swamp", OptionError, "has no class 'sea'"),
        ("lake", "Lake", OptionError, "are both lake"),
    ],
)
def test_wrong_classes_are_refused(ponds, source, target, error, message):
    run, model, data = ponds
    with pytest.raises(error, match=message):
        attack(run, source, target, model=model, data=data)


def test_classes_of_one_name_are_attacked_by_number(ponds):
    run, model, data = ponds
    twins = retold(run, model={"class_names": ("wet", "wet")})
    twin = dataclasses.replace(model, class_names=("wet", "wet"))
    with pytest.raises(OptionError, match="has several classes 'wet': give the number of one"):
        attack(twins, "wet", "1", model=twin, data=data)
    # without labels the answers say what is of a class, and there green defines it
    with pytest.raises(DataError, match=r"no edit .* to take wet \(0\) to wet \(1\)"):
        attack(twins, "0", "wet (1)", model=twin, data=data, options=QUICK)
    ways = [folder_of(twins, "units", f"wet ({i})", f"wet ({1 - i})").name for i in (0, 1)]
    assert len(set(ways)) == 2
    case = investigate(run, "0", "1", model=model, data=data, options=QUICK).case
    assert (case.source, case.target) == (0, 1)


def test_few_samples_are_refused(ponds, tmp_path):
    _, model, data = ponds
    run = andornot.dissect(
        model, "units", data.subset(range(6)), tmp_path, threshold=Threshold(None, 0.0), length=2
    )
    with pytest.raises(DataError, match="gets 3 samples of lake right"):
        attack(run, "lake", "swamp", model=model, data=data)
    with pytest.raises(OptionError, match="n_samples is 2"):
        AttackOptions(n_samples=2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_samples": "all"}, "n_samples is 'all'; give a whole number"),
        ({"n_edits": 1.5}, "n_edits is 1.5; give a whole number"),
        ({"seed": -1}, "seed is -1; give 0 or more"),
        ({"confidence": "high"}, "confidence is 'high'; give a number"),
    ],
)
def test_options_of_a_wrong_kind_are_refused(options, said):
    with pytest.raises(OptionError, match=said):
        AttackOptions(**options)


class TestDesk:
    def test_one_image_is_edited_and_judged(self, ponds):
        run, model, data = ponds
        session = EditSession.open(run, model=model, data=data)
        name = data.sample_ids[0]
        edited = session.try_edit(name, Recolour(parse("pond"), GREEN, "green"))
        row = edited.predictions.iloc[0]
        assert (row["before"], row["after"]) == ("lake", "swamp")
        share = target_share(model, edited.after)
        assert row["probability_after"] == pytest.approx(share, abs=1e-6)
        with pytest.raises(OptionError, match="has no sample"):
            session.try_edit("nothing", Recolour(parse("pond"), GREEN, "green"))
        with pytest.raises(DataError, match="nothing in the sample"):
            session.try_edit(name, Recolour(parse("pond AND red"), GREEN, "green"))

    def test_sensitivity_is_what_pasting_gives(self, ponds):
        run, model, data = ponds
        session = EditSession.open(run, model=model, data=data)
        cutout = session.cutout("pond AND green")
        names = [data.sample_ids[0], data.sample_ids[2]]
        table = session.sensitivity(names, cutout, "swamp", sizes=(0.2, 0.9), steps=(0.5,))
        assert list(table["size"]) == [0.2, 0.9]
        assert list(table["flip_rate"]) == [0.0, 1.0]
        place = Place(0.5, 0.5, 0.2)
        images = [session.editor.shown(i, Paste(cutout, place)) for i in (0, 2)]
        shares = [target_share(model, i) for i in images]
        assert table["probability"][0] == pytest.approx(np.mean(shares), abs=1e-6)
        assert session.colour("green", parse("moss")) == MOSS
        assert session.colour("#010203", parse("moss")) == (1, 2, 3)
        with pytest.raises(DataError, match="no image of"):
            session.cutout("moss AND red")


def target_share(model, image):
    """Probability that an image is a swamp."""
    pixels = np.asarray(image, np.float32).transpose(2, 0, 1) / 255
    with torch.no_grad():
        return float(torch.softmax(model.module(torch.from_numpy(pixels)[None]), 1)[0, 1])


class Gossip:
    """A pair model without weights to look at: `nobody` contradicts, `indeed` entails."""

    layers = ("words",)
    class_names = ("entailment", "neutral", "contradiction")
    fingerprint = "gossip"

    def record(self, pairs, layers):
        words = [pair.hypothesis.tokens for pair in pairs]
        units = np.array([["nobody" in w, "indeed" in w, "the" in w] for w in words], np.float32)
        logits = units @ np.array([[0, 0, 3], [2, 0, 0], [0, 0, 0]], np.float32)
        logits += np.array([0, 0.5, 0], np.float32)
        return RecordedPairs(dict.fromkeys(layers, units[:, :, None, None]), logits)


def gossip_data(n=120):
    rng = np.random.default_rng(0)
    nouns, verbs, places = (
        ["man", "woman", "dog", "child"], ["runs", "sleeps", "eats"], ["outside", "inside", "here"],
    )  # fmt: skip
    pairs = []
    for i in range(n):
        noun, verb, place = (str(rng.choice(w)) for w in (nouns, verbs, places))
        premise = f"the {noun} {verb} {place} ."
        kind = ("entailment", "neutral", "contradiction")[i % 3]
        if i % 15 == 1:  # not every pair with nobody contradicts
            noun = "nobody"
        hypothesis = {
            "entailment": f"indeed the {noun} {verb} .",
            "neutral": f"{noun} {verb} alone .",
            "contradiction": f"nobody {verb} {place} .",
        }[kind]
        pairs.append(pair(premise, hypothesis, kind, f"{i}"))
    return pairs_of(pairs, "gossip")


@pytest.fixture(scope="module")
def gossip(tmp_path_factory):
    data = gossip_data()
    run = andornot.dissect(
        Gossip(), "words", data, tmp_path_factory.mktemp("gossip"), length=2, min_active=0.0
    )
    return run, Gossip(), data


def test_a_word_is_found_by_correlation_where_no_weights_are_known(gossip):
    run, model, data = gossip
    assert not weights(run)[1]
    options = AttackOptions(n_samples=30, n_controls=5)
    answer = attack(run, "neutral", "contradiction", model=model, data=data, options=options)
    row = answer.tables["edits"].iloc[0]
    assert row["edit"].startswith("insert hyp:nobody")
    assert (row["flip_rate"], row["control_rate"], row["n"]) == (1.0, 0.0, 15)
    assert row["difference_low"] > 0
    assert "correlations of units with logits" in answer.sentences[1]
    assert all("nobody" in e.after.hypothesis.tokens for e in answer.examples)
    controls = answer.tables["controls"]
    assert not controls["control"].str.contains("nobody|indeed").any()


def test_sentences_are_written(gossip, tmp_path):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    run, model, data = gossip
    answer = attack(run, "neutral", "contradiction", model=model, data=data)
    text = (answer.write(tmp_path) / "sentences.txt").read_text(encoding="utf-8")
    assert "neutral to contradiction: insert hyp:nobody" in text
    assert "now contradiction (target 0.27 to" in text
    (tmp_path / "sentences.txt").write_text(text.replace("nobody", "anybody"), encoding="utf-8")
    with pytest.raises(DataError, match=r"sentences\.txt is damaged"):
        write_report(run, tmp_path / "report", data=data, attacks=[tmp_path])


def test_what_defines_a_class_is_no_discovery(gossip):
    """Every entailed hypothesis here has `indeed`, and no other one does."""
    run, model, data = gossip
    found = None
    with pytest.raises(DataError, match="ask for no edit"):
        found = attack(run, "neutral", "entailment", model=model, data=data,
                       options=AttackOptions(n_units=1))  # fmt: skip
    assert found is None


def test_a_pair_is_edited_by_hand(gossip):
    run, model, data = gossip
    session = EditSession.open(run, model=model, data=data)
    edited = session.try_edit("4", Insert((Word("hyp", "nobody"),), "start"))
    row = edited.predictions.iloc[0]
    assert (row["before"], row["after"]) == ("neutral", "contradiction")
    assert row["probability_after"] == pytest.approx(np.exp(3) / (np.exp(3) + np.exp(0.5) + 1))
    back = session.try_edit("2", Delete(Word("hyp", "nobody")))
    assert back.predictions["after"][0] == "neutral"
    with pytest.raises(OptionError, match="only images have regions"):
        session.cutout("hyp:nobody")


def test_pairs_have_no_regions_and_a_model_without_classes_no_edits(gossip):
    run, model, data = gossip
    silent = retold(run, model={"class_names": None})
    with pytest.raises(OptionError, match="gives no named classes, so nothing can be said"):
        EditSession.open(silent, model=model, data=data)


class Parrot:
    """Overlap above 50 % entails, unless `nobody` is there."""

    layers = ("words",)
    class_names = ("entailment", "neutral", "contradiction")
    fingerprint = "parrot"

    def record(self, pairs, layers):
        alike = np.array([word_overlap(pair) > 0.5 for pair in pairs])
        nobody = np.array(["nobody" in pair.hypothesis.words for pair in pairs])
        units = np.stack([alike & ~nobody, nobody], 1).astype(np.float32)
        logits = units @ np.array([[3, 0, 0], [0, 0, 2]], np.float32)
        logits += np.array([0, 0, 1], np.float32)
        return RecordedPairs(dict.fromkeys(layers, units[:, :, None, None]), logits)


def test_overlap_is_raised_by_the_words_of_the_premise(tmp_path):
    """Both what the formula wants and what it does not want there is seen to."""
    rng = np.random.default_rng(0)
    words = [f"{c}{v}" for c in "bdfgklmnprstvz" for v in "aeiou"]
    pairs = []
    for i in range(120):
        premise, other = rng.permutation(words)[:12].reshape(2, 6).tolist()
        kept = premise[:5] if i % 3 == 0 else premise[:2]
        hypothesis = [*kept, *other[: 6 - len(kept)]]
        if i % 6 < 3:
            hypothesis[3 if i % 3 else 5] = "nobody"
        label = "entailment" if i % 6 == 3 else "contradiction"
        pairs.append(pair(" ".join(premise), " ".join(hypothesis), label, f"{i}"))
    data = pairs_of(pairs, "parrot")
    run = andornot.dissect(Parrot(), "words", data, tmp_path, length=2, min_active=0.0)
    assert str(run.result()[0].formula) == "overlap-25% AND NOT hyp:nobody"  # the same pairs
    answer = attack(run, "contradiction", "entailment", model=Parrot(), data=data)
    edits = answer.tables["edits"].set_index("edit")
    row = edits.loc["reword with words of the premise until they overlap above 50%"]
    assert row["flip_rate"] == 1.0
    assert row["control_rate"] < 0.4  # where only `nobody` was in the way
    assert row["difference_low"] > 0
    rate: Any = edits["flip_rate"]["repeat words of the premise until they overlap above 50%"]
    assert rate < 0.7
