"""``andornot reproduce``: the paper's figures beside our own, judged only where they may be."""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from analysis_cases import LAYER as SQUARES_LAYER
from analysis_cases import picture_run
from andornot import parse
from andornot.cli import cli
from andornot.errors import DataError, OptionError
from andornot.reproduce import comparability, measured, published, sources
from andornot.reproduce.comparability import (
    DATA,
    LAYER,
    PEOPLE,
    UNIT,
    Comparability,
    digest,
    letters,
)
from andornot.reproduce.figure import (
    ABSENT,
    OUTSIDE,
    SCALE,
    UNSTATED,
    VERDICTS,
    WITHIN,
    Claim,
    absent,
    agree,
    for_scale,
    found,
    shown,
)
from andornot.reproduce.names import read_as, readings
from andornot.reproduce.request import ReproduceRequest
from manifest_cases import run_at

torch = pytest.importorskip("torch", reason="torch is not installed")

CLAIM = Claim("group", "name", "Section 1", 0.5, 0.01, LAYER, "because")


def reproduce(*arguments):
    return CliRunner().invoke(cli, ["reproduce", *map(str, arguments)])


# judging


@pytest.mark.parametrize(
    ("published_value", "ours", "tolerance", "same"),
    [
        (0.5, 0.51, 0.01, True),
        (0.5, 0.5101, 0.01, False),
        (0.5, 0.49, 0.01, True),
        (1105, 1105, 0, True),
        (1105, 1104, 0, False),
        ((0.1, -0.2), (0.1, -0.2004), 0.001, True),
        ((0.1, -0.2), (0.1, 0.2), 0.001, False),
        ((0.1, -0.2), (0.1,), 0.001, False),
        ("rises", "rises", None, True),
        ("rises", "falls", None, False),
    ],
)
def test_values_agree_within_their_tolerance(published_value, ours, tolerance, same):
    assert agree(published_value, ours, tolerance) is same


def test_a_verdict_needs_the_papers_own_data_and_network():
    assert found(CLAIM, 0.505, Comparability()).verdict == WITHIN
    assert found(CLAIM, 0.6, Comparability()).verdict == OUTSIDE
    assert found(replace(CLAIM, value=None), 0.6, Comparability()).verdict == UNSTATED
    other = found(CLAIM, 0.5, Comparability(kind=("the network is another",)))
    assert (other.verdict, other.why) == (SCALE, "another network, see the top")
    assert for_scale(other) == "(0.500)"
    assert absent(CLAIM, "It is not there.").why == "It is not there"
    assert absent(CLAIM, "x").verdict == ABSENT
    assert {WITHIN, OUTSIDE, SCALE, ABSENT, UNSTATED} == set(VERDICTS)


@pytest.mark.parametrize(
    ("known", "comparable"),
    [
        (Comparability(), {DATA, UNIT, LAYER}),
        (Comparability(data=("d",)), set()),
        (Comparability(network=("n",)), {DATA, LAYER}),
        (Comparability(network=("n",), kind=("k",)), {DATA}),
        (Comparability(units=("u",)), {DATA, UNIT}),
    ],
)
def test_what_a_claim_needs(known, comparable):
    needs = {need for need in (DATA, UNIT, LAYER, PEOPLE) if not known.against(need)}
    assert needs == comparable
    assert ("NOT COMPARABLE" in known.sentence) == bool(known.data or known.kind)
    assert ("yardstick" in known.sentence) == (known == Comparability())


def test_values_are_printed_as_what_they_are():
    assert [shown(v) for v in (None, 22210, 1.0, 0, "rises")] == [
        "–",
        "22,210",
        "1.000",
        "0",
        "rises",
    ]
    assert shown((0.0401, -0.02)) == "+0.040, -0.020"


# what the paper says


@pytest.mark.parametrize("about", [*published.VISION_UNITS, *published.NLI_UNITS])
def test_published_formulas_can_be_read(about):
    if about.formula is not None:
        assert str(parse(about.formula)) == about.formula
        assert about.formula.count("(") == about.formula.count(")")
        assert parse(about.formula).length <= about.length
    assert 0 < about.iou < 1


def test_all_units_of_the_brief_are_there():
    assert {106, 483, 192, 310, 432} <= {about.unit for about in published.VISION_UNITS}
    assert {870, 15, 99, 473, 39, 133} <= {about.unit for about in published.NLI_UNITS}


# the paper's words for Broden's concepts

SCENES = [
    "bullring-s", "volleyball_court-outdoor-s", "stadium-baseball-s", "tennis_court-outdoor-s",
    "tennis court", "bakery-kitchen-s", "fire escape", "fire_escape-s", "blue-c", "river",
    "river-s", "water", "water tower",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "concepts"),
    [
        ("bullring", ["bullring-s"]),
        ("baseball stadium", ["stadium-baseball-s"]),
        ("volleyball court", ["volleyball_court-outdoor-s"]),
        ("tennis court", ["tennis court"]),
        ("bakery", ["bakery-kitchen-s"]),
        ("fire escape", ["fire escape", "fire_escape-s"]),
        ("blue", ["blue-c"]),
        ("water", ["water"]),
        ("court", []),
        ("igloo", []),
    ],
)
def test_readings_of_a_name(name, concepts):
    assert readings(name, SCENES) == concepts


def test_of_several_readings_the_best_is_taken():
    score = {"river": 0.1, "river-s": 0.2}.__getitem__
    formula, unknown = read_as(parse("(water OR river) AND NOT blue"), SCENES, score)
    assert str(formula) == "(water OR river-s) AND NOT blue-c"
    assert unknown == []
    assert read_as(parse("water OR igloo OR NOT ice"), SCENES, score) == (None, ["igloo", "ice"])


@given(st.lists(st.sampled_from(["water", "blue-c", "bullring-s"]), min_size=1, max_size=4))
def test_names_that_are_there_stay(names):
    formula = parse(" AND NOT ".join(names))
    assert read_as(formula, SCENES, lambda _: 0.0)[0] == formula


# where things are


def test_missing_data_are_named_with_the_commands(tmp_path):
    (tmp_path / "glove.6B").mkdir()
    (tmp_path / "glove.6B" / "glove.6B.300d.txt").write_text("a 1\n")
    done = reproduce("nli", "--folder", tmp_path, "--out", tmp_path / "out")
    text = str(done.exception)
    assert isinstance(done.exception, DataError)
    assert f"andornot data get snli --to {tmp_path}" in text
    assert f"andornot data get mu2020-nli --to {tmp_path}" in text
    assert "glove6b" not in text
    done = reproduce("vision", "--folder", tmp_path, "--out", tmp_path / "out")
    text = str(done.exception)
    assert f"andornot data get broden224 --to {tmp_path}" in text
    assert f"andornot data get places-resnet18 --to {tmp_path}" in text
    assert f"andornot data get places-classes --to {tmp_path}" in text
    assert "\n" not in text
    done = reproduce(
        "vision", "--folder", tmp_path, "--out", tmp_path / "out", "--data", "broden:nowhere"
    )
    assert "broden224" not in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_options_that_cannot_be_used():
    with pytest.raises(OptionError, match="at least 2"):
        ReproduceRequest("out", length=1)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="at least 1"):
        ReproduceRequest("out", samples=0)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="--model"):
        ReproduceRequest("out", preset="imagenet")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "/a/airfield 0\n/a/apartment_building/outdoor 1\n",
            ("airfield", "apartment_building/outdoor"),
        ),
        ("attic\nbus stop\n\n", ("attic", "bus stop")),
        ("attic\nroom 101\n", ("attic", "room 101")),
        ("\ufeff/a/attic 0\n\n/r/room 101 1\n", ("attic", "room 101")),
    ],
)
def test_names_of_classes(tmp_path, text, names):
    (tmp_path / "classes.txt").write_text(text, encoding="utf-8")
    assert sources.read_classes(tmp_path / "classes.txt") == names


@pytest.mark.parametrize(("text", "error"), [("/a/b 1\n", "line 1"), ("\n", "names no class")])
def test_lists_of_classes_that_are_none(tmp_path, text, error):
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(DataError, match=error):
        sources.read_classes(tmp_path / "classes.txt")
    with pytest.raises(DataError, match="is a folder, not a file"):
        sources.read_classes(tmp_path)


# whose data they are


def test_the_papers_images_are_known(shared_data):
    with (shared_data / "vision" / "index_ade20k.csv").open(newline="") as file:
        images = [row["image"] for row in csv.DictReader(file)]
    assert len(images) == 22_210
    assert digest(images) == comparability.ADE20K_IDS
    assert digest(reversed(images)) == comparability.ADE20K_IDS
    assert digest(images[1:]) != comparability.ADE20K_IDS


def test_the_papers_pairs_are_known_however_they_are_split(shared_data):
    from andornot.data.sentences.open import open_pairs

    folder = shared_data / "nli"
    data = open_pairs(f"pairs:{folder / 'snli_1.0_dev.tok'}", tagger=None)
    texts = [letters(p.premise.text, p.hypothesis.text) for p in data.pairs]
    assert digest(texts) == comparability.SNLI_DEV_TEXTS
    records = open_pairs(
        f"snli:{folder / 'snli_1.0_dev.first1289_parsed.jsonl'}", keep_unlabelled=True
    )
    raw = {letters(p.premise.text, p.hypothesis.text) for p in records.pairs}
    assert raw <= set(texts)


# figures from a run


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    return picture_run(tmp_path_factory.mktemp("squares"), SQUARES_LAYER, trust=None)


def test_figures_are_those_of_the_run(squares):
    iou = [e.by_length for e in squares.result() if e.formula is not None]
    mean = {n: sum(row[n - 1] for row in iou) / len(iou) for n in (1, 3)}
    claims = {n: replace(CLAIM, value=mean.get(n, 0.5)) for n in (1, 3, 10)}
    first, third, tenth = measured.means(squares, claims, Comparability())
    assert (first.verdict, third.verdict, tenth.verdict) == (WITHIN, WITHIN, ABSENT)
    assert third.ours == pytest.approx(mean[3])
    assert "up to 3" in tenth.why
    wrong = measured.means(squares, {1: replace(CLAIM, value=mean[1] + 0.02)}, Comparability())
    assert wrong[0].verdict == OUTSIDE
    gain = measured.gain(squares, CLAIM, 3, Comparability())
    assert gain.ours == pytest.approx(mean[3] / mean[1] - 1)
    assert "Wilcoxon" in gain.beside
    assert measured.gain(squares, CLAIM, 10, Comparability()).verdict == ABSENT


def test_named_units_are_scored_on_the_masks_here(squares):
    def figure(unit, formula, length=3):
        about = published.UnitClaim(unit, formula, length, 0.5, "Figure 1")
        return measured.units(squares, [about], "", Comparability(), spelled=False)[0]

    e = next(e for e in squares.result() if e.formula is not None)
    scored = figure(e.unit, "red OR blue")
    assert scored.ours == pytest.approx(squares.score(e.unit, "red OR blue")[0].iou)
    assert f"best here: {e.best_by_length[2].formula} (IoU" in scored.beside
    assert figure(e.unit, None).ours == pytest.approx(e.iou)
    assert figure(e.unit, None, 10).verdict == ABSENT
    assert "not here: igloo" in figure(e.unit, "red OR igloo").beside
    assert "9 units and none of this number" in figure(870, "red").why
    assert "never fires" in figure(8, "red").why


# end to end, in the layout of andornot data get


def published_checkpoint(nli, path):
    """The small classifier in the form of the published code's checkpoint."""
    words = json.loads((nli / "nli_bilstm_vocab.json").read_text(encoding="utf-8"))
    names = {"<pad>": "PAD", "<unk>": "UNK"}
    stoi = {names.get(word, word): row for row, word in enumerate(words)}
    weights = torch.load(nli / "nli_bilstm.pt", weights_only=True)
    torch.save({"state_dict": weights, "stoi": stoi}, path)


@pytest.fixture(scope="module")
def nli_folder(shared_data, tmp_path_factory):
    """What andornot data get snli and glove6b and mu2020-nli would leave: a slice of real data."""
    folder, nli = tmp_path_factory.mktemp("data"), shared_data / "nli"
    for name in ("snli_1.0", "glove.6B"):
        (folder / name).mkdir()
    lines = (nli / "snli_1.0_dev.first1289_parsed.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "snli_1.0" / "snli_1.0_dev.jsonl").write_text("\n".join(lines[:400]) + "\n")
    shutil.copy(nli / "glove.twitter.25d.12k.txt", folder / "glove.6B" / "glove.6B.300d.txt")
    published_checkpoint(nli, folder / "6.pth")
    return folder


def test_nli_end_to_end_on_a_slice(nli_folder, tmp_path):
    out = tmp_path / "out"
    options = ("--folder", nli_folder, "--out", out, "--length", 3, "--units", "0-40,133")
    done = reproduce("nli", *options)
    assert done.exit_code == 0, done.output
    assert "NOT COMPARABLE" in done.output
    made = json.loads((out / "reproduction.json").read_text(), parse_constant=pytest.fail)
    figures = {figure["name"]: figure for figure in made["figures"]}
    assert figures["sentence pairs"]["ours"] == 400
    assert figures["sentence pairs"]["verdict"] == SCALE
    # unit claims need the data too, which are a slice
    assert not {WITHIN, OUTSIDE} & {figure["verdict"] for figure in made["figures"]}
    # it has the name and the form of the published one, but not its 1,024 units
    assert "6.pth is not the one that was published" in made["standing"]["network"][0]
    assert "ReLU layers of 256 units" in made["standing"]["kind"][0]
    assert not any("known by its name" in remark for remark in made["remarks"])
    assert "only 42 of 256 units" in made["standing"]["units"][0]
    assert figures["Pearson's r, length 3"]["ours"] is not None
    assert figures["mean IoU, length 5"]["verdict"] == ABSENT
    answers = [f for f in made["figures"] if f["group"] == published.SENTENCES]
    assert len(answers) == 4
    assert all(" to " in figure["ours"] for figure in answers)
    table = pd.read_csv(out / "reproduction.csv", keep_default_na=False)
    assert list(table["figure"]) == list(figures)
    page = (out / "reproduction.md").read_text(encoding="utf-8")
    assert all(figure["name"].replace("|", "\\|") in page for figure in made["figures"])
    assert made["data"]["samples_digest"] in page

    stages = {p: p.stat().st_mtime_ns for p in (out / "run" / "cache").rglob("*.npy")}
    assert stages
    again = reproduce("nli", *options, "--quiet")
    assert again.exit_code == 0
    assert "NOT COMPARABLE" not in again.output
    assert stages == {p: p.stat().st_mtime_ns for p in (out / "run" / "cache").rglob("*.npy")}
    second = json.loads((out / "reproduction.json").read_text())
    assert second["figures"] == made["figures"]


@pytest.fixture(scope="module")
def vision_folder(shared_data, tmp_path_factory):
    """What andornot data get broden224 and places-resnet18 would leave, from what we have."""
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    from andornot.models import load_model

    folder = tmp_path_factory.mktemp("data")
    (folder / "broden1_224").symlink_to(shared_data / "vision" / "broden_mini")
    scenes = ("Coast", "Forest", "Kitchen", "Bedroom", "swimming_hole")
    names = [*scenes, *(f"class{i}" for i in range(len(scenes), 365))]
    lines = [f"/{name[0].lower()}/{name} {i}" for i, name in enumerate(names)]
    sources.places_classes(folder).write_text("\n".join(lines) + "\n")
    module = load_model("torchvision:resnet18").module
    module.fc = torch.nn.Linear(512, 365)
    state = {f"module.{name}": value for name, value in module.state_dict().items()}
    torch.save({"state_dict": state}, folder / "resnet18_places365.pth.tar")
    return folder


def test_vision_end_to_end_on_a_slice(vision_folder, tmp_path, monkeypatch):
    from andornot.reproduce import vision

    request = ReproduceRequest(
        tmp_path / "out", vision_folder, length=2, samples=24, units=(0, 1, 2, 106, 483)
    )
    made = vision.reproduce(request)
    assert made.standing.data
    assert not made.standing.network  # torchvision's resnet18, by the name of the published file
    assert "only 5 of 512 units" in made.standing.units[0]
    assert not {WITHIN, OUTSIDE} & {figure.verdict for figure in made.figures}
    figures = {f"{figure.name} {figure.place}": figure for figure in made.figures}
    water = figures["unit 483: water Figure 1"]
    assert made.run.name == "run"
    from andornot import Run

    run = Run.open(made.run)
    assert water.ours == pytest.approx(run.score(483, "water")[0].iou)
    assert figures["swimming hole Section 6, Figure 8"].ours
    assert "no such class" in figures["clean room Section 6, Figure 8"].why
    assert "glove6b" in figures["meaningful, of all Section 4"].why
    # were they the paper's images, the same figures would be judged
    monkeypatch.setattr(vision, "ADE20K_IDS", digest(run.samples["sample"]))
    known = vision._comparability(run)
    judged = replace(made, standing=known, figures=tuple(vision._figures(run, request, known)))
    verdicts = {figure.name: figure.verdict for figure in judged.figures}
    assert known.data == ()
    assert "Comparable in part" in known.sentence
    assert verdicts["images"] == OUTSIDE
    assert verdicts["unit 483: water"] in (WITHIN, OUTSIDE)
    assert verdicts["mean IoU, length 1"] == SCALE
    assert "known by its name only" in judged.remarks[-1]
    files = judged.write(tmp_path / "out")
    assert [path.name for path in files] == [f"reproduction.{s}" for s in ("csv", "json", "md")]


def test_of_broden_only_the_images_of_ade20k_are_taken(tmp_path):
    from PIL import Image

    from andornot.reproduce.vision import open_images

    folder = tmp_path / "broden1_224"
    rows = ["image,split,ih,iw,sh,sw,object"]
    for name in ("ade20k/b.png", "ade20k/a.png", "pascal/c.png"):
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
        rows.append(f"{name},train,4,4,4,4,1")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
    (folder / "label.csv").write_text(
        "number,name,category,frequency,coverage,syns\n1,wall,object(3),3,1,\n"
    )
    data = open_images(ReproduceRequest(tmp_path, tmp_path))
    assert data.sample_ids == ("ade20k/b.png", "ade20k/a.png")
    (folder / "index_ade20k.csv").write_text("\n".join([rows[0], rows[2]]) + "\n")
    assert open_images(ReproduceRequest(tmp_path, tmp_path)).sample_ids == ("ade20k/a.png",)
    given = ReproduceRequest(tmp_path, data=f"broden:{folder / 'index.csv'}", samples=1)
    assert len(open_images(given)) == 1


@pytest.mark.parametrize(
    ("hidden", "n_pairs", "words"),
    [
        ((1024, 1024), 549_367, ""),
        ((1024,), 549_367, ""),
        ((1024, 1024), 22_000, "learned from 22,000 pairs"),
        ((1024, 1024), None, "does not say"),
        ((256,), 549_367, "ReLU layers of 256 units"),
    ],
)
def test_networks_of_the_papers_kind(tmp_path, hidden, n_pairs, words):
    """A network that is trained again is of the paper's kind by its sizes and its training."""
    from types import SimpleNamespace

    from andornot.reproduce import nli

    if n_pairs is not None:
        (tmp_path / "report.json").write_text(json.dumps({"n_pairs": n_pairs}))
    model = SimpleNamespace(module=SimpleNamespace(config=SimpleNamespace(hidden=hidden)))
    reason = nli._other_kind(tmp_path / "best.pt", model)
    assert (reason == "") == (words == "")
    assert words in reason


@pytest.mark.parametrize(
    ("name", "hidden", "reason"),
    [
        ("6.pth", 1024, ""),
        ("6.pth", 256, "ReLU layers of 256 units"),
        ("7.pth", 1024, "7.pth is not the one that was published"),
    ],
)
def test_the_published_network_is_known_by_name_form_and_sizes(tmp_path, name, hidden, reason):
    from types import SimpleNamespace

    from andornot.models.sentences import Config, EntailmentNet, load_pair_model
    from andornot.reproduce import nli

    net = EntailmentNet(Config(embedding=2, state=2, pooling="last", hidden=(hidden,)), 2, 0)
    path = tmp_path / name
    torch.save({"state_dict": net.state_dict(), "stoi": {"PAD": 0, "UNK": 1}}, path)
    model = load_pair_model(str(path), device="cpu")
    run = SimpleNamespace(
        record=run_at(tmp_path, model={"spec": str(path)}, data={"path": "dev"}).record,
        layer=lambda: model.layers[-1],
        result=lambda: range(hidden),
        responses=lambda: SimpleNamespace(n_units=hidden),
    )
    known = nli._comparability(run, model, comparability.SNLI_DEV_TEXTS)  # type: ignore[arg-type]
    assert (known.sentence == Comparability().sentence) == (not reason)
    assert reason in known.sentence
    told = nli._about_network(str(path), known)
    assert ["known by its name" in remark for remark in told] == ([] if reason else [True])


@pytest.mark.slow
def test_all_real_pairs_against_counts_from_the_raw_text(shared_data, tmp_path):
    """The mean IoU is that of the docs, and published formulas score as sets of pairs do."""
    from andornot import Run
    from andornot.reproduce import nli

    folder = shared_data / "nli"
    made = nli.reproduce(
        ReproduceRequest(
            tmp_path,
            data=f"pairs:{folder / 'snli_1.0_dev.feats'},"
            f"labels={folder / 'snli_1.0_dev.compexp_preds.csv'}",
            model=str(folder / "nli_bilstm.pt"),
            vectors=folder / "glove.twitter.25d.12k.txt",
        )
    )
    figures = {figure.name: figure for figure in made.figures}
    assert made.standing.data == ()
    assert made.standing.kind
    assert figures["sentence pairs"].verdict == WITHIN
    means = [figures[f"mean IoU, length {n}"].ours for n in (1, 3, 5)]
    assert means == pytest.approx([0.306, 0.335, 0.347], abs=5e-4)
    assert figures["Pearson's r, length 3"].ours == pytest.approx(-0.48, abs=0.005)
    assert figures["Pearson's r, length 3"].verdict == SCALE
    lines = (folder / "snli_1.0_dev.tok").read_text(encoding="utf-8").lower().splitlines()
    premise, hypothesis = ([set(x.split()) for x in lines[i::2]] for i in (0, 1))
    wanted = {"eating", "sitting", "sleeping", "sits"}
    holds = {i for i in range(10_000) if hypothesis[i] & wanted and "sits" not in premise[i]}
    run = Run.open(made.run)
    active = {int(i) for i in (run.areas()[:, 15] > 0).nonzero()[0]}
    about = published.NLI_UNITS[1]
    ours = figures[f"unit 15: {about.formula}"].ours
    assert ours == pytest.approx(len(holds & active) / len(holds | active))


@pytest.mark.slow
def test_the_scene_network_on_real_images(shared_data, tmp_path):
    """All 512 units on a part of the real images, with kinds by word vectors."""
    from pathlib import Path

    from andornot.reproduce import vision

    example = Path(__file__).resolve().parents[2] / "examples" / "squeezenet_scene15.py"
    made = vision.reproduce(
        ReproduceRequest(
            tmp_path,
            data=f"broden:{shared_data / 'vision' / 'broden_mini'}",
            model=f"{example}:squeezenet_scene15",
            layer="features",
            vectors=shared_data / "nli" / "glove.twitter.25d.12k.txt",
            samples=200,
            length=3,
        )
    )
    figures: dict[str, Any] = {figure.name: figure for figure in made.figures}
    assert made.standing.units == ()
    assert "squeezenet_scene15" in made.standing.kind[0]
    assert figures["units of the layer"].ours == 512
    shares = [figures[f"of these: {name}"].ours for name in (
        "coherent to the eye and in words", "coherent to the eye only", "specialisation"
    )]  # fmt: skip
    assert sum(shares) == pytest.approx(1)
    whole = figures["meaningful, of all"].ours + figures["polysemantic, of all"].ours
    assert whole == pytest.approx(1)
    assert figures["meaningful, of all"].verdict == SCALE
    assert figures["Pearson's r, length 10"].verdict == ABSENT
