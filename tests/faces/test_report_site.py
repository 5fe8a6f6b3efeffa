"""The report: whole, safe, all links lead somewhere, and its numbers are those of the arrays."""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import naive
import reader_cases
from andornot import Run, parse
from andornot.cli import cli
from andornot.cli.report import report as report_command
from andornot.edits.attack_files import run_key
from andornot.errors import DataError, OptionError, RunError
from andornot.report.addresses import slugs
from andornot.report.mask_picture import data_url, mask_png
from andornot.report.write import write_report
from andornot.views.image_gallery import ImageGallery
from andornot.views.unit import AGREEMENT, FORMULA_ONLY, UNIT_ONLY
from insides import headline, numbers_of, summary
from manifest_cases import retold
from reader_cases import DOGS, NEVER
from report_cases import (
    CLASSES,
    DEAD,
    EVIL,
    FED,
    Colours,
    ask_all,
    picture_run,
)
from story_cases import story
from test_report_page import Reader, read

table_file, pair_run = reader_cases.table_file, reader_cases.run
token_run = reader_cases.token_run

HEAD = Colours().head.weight.detach().numpy()
SCRIPTS = {
    "units.js", "concepts.js", "compare/units.js",
    *(f"static/{n}.js" for n in ("report", "search", "gallery", "concepts", "compare", "enlarge")),
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return picture_run(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def site(run, tmp_path_factory) -> Path:
    return write_report(run, tmp_path_factory.mktemp("site") / "out").parent


def pages(site: Path) -> dict[str, Reader]:
    return {str(path.relative_to(site)): read(path) for path in sorted(site.rglob("*.html"))}


def listed(site: Path, file: str = "units") -> dict:
    text = (site / f"{file}.js").read_text(encoding="utf-8")
    assert "<" not in text
    return json.loads(text.partition(" = ")[2].rstrip().removesuffix(";"))


def assert_sound(site: Path) -> None:
    """All links lead to files of the report, nothing leads outside, no text became markup."""
    for name, page in pages(site).items():
        here = (site / name).parent
        for tag, attributes in page.tags:
            assert not [key for key in attributes if key.startswith("on")], (name, tag)
            for key in ("src", "href"):
                address = attributes.get(key)
                if address is None or address.startswith("data:image/png;base64,"):
                    continue
                if address in ("data:,",) or address.startswith("#"):
                    continue
                assert not re.match(r"[a-z]+:|//", address), (name, address)
                target = (here / unquote(address.split("#")[0])).resolve()
                assert target.is_file(), (name, address)
                assert site.resolve() in target.parents, (name, address)
        scripts = [(here / tag["src"]).resolve() for tag in page.all("script")]
        assert {str(s.relative_to(site.resolve())) for s in scripts} <= SCRIPTS, name
        policy = next(m for m in page.all("meta") if "http-equiv" in m)["content"]
        assert policy.startswith("default-src 'none'")
        assert "script-src 'self' file:;" in policy
        assert all("alt" in image for image in page.all("img")), name


def decode(url: str) -> np.ndarray:
    png = base64.b64decode(url.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def test_a_report_is_sound_and_complete(run, site):
    assert_sound(site)
    names = set(pages(site))
    assert {f"unit/layer-{u:05d}.html" for u in range(4)} <= names
    assert {"index.html", "units.html", "concepts.html", "classes.html", "analyses.html"} <= names
    assert "compare.html" in names
    told = {path.name: path.read_text(encoding="utf-8") for path in site.glob("compare/*.js")}
    assert set(told) == {"units.js", *(f"layer-{u:05d}.js" for u in range(4))}
    assert not [name for name, text in told.items() if "<" in text]
    assert {f"class/{c:04d}.html" for c in range(3)} <= names
    assert not list(site.glob("*.tmp"))


def test_masks_on_a_units_page_are_those_of_the_arrays(run, site):
    gallery = ImageGallery.open(run)
    thresholds = run.thresholds()
    for unit in range(3):
        page = read(site / f"unit/layer-{unit:05d}.html")
        masks = [decode(image["src"]) for image in page.all("img")
                 if image["src"].startswith("data:") and image["alt"]]  # fmt: skip
        views = gallery.unit(unit, 16).samples
        assert len(masks) >= len(views) == 16  # after them what no concept accounts for
        for pixels, view in zip(masks, views, strict=False):
            image = np.asarray(gallery.data.image(view.sample), np.float64) / 255
            native = image.reshape(6, 4, 8, 4, 3).mean((1, 3))[..., unit]
            rows = np.clip((np.arange(12) + 0.5) / 2 - 0.5, 0, 5)
            columns = np.clip((np.arange(16) + 0.5) / 2 - 0.5, 0, 7)
            across = np.array([np.interp(columns, np.arange(8), row) for row in native])
            large = np.array([np.interp(rows, np.arange(6), column) for column in across.T]).T
            labels = gallery.data.labels(view.sample).maps
            concept = gallery.data.names.index(view_concept(run, unit)) + 1
            formula = np.any([m == concept for m in labels], axis=0)
            active = large > thresholds[unit]
            clear = abs(large - thresholds[unit]) > 1e-6  # the network computes in float32
            expected = np.zeros((12, 16, 4), np.uint8)
            expected[active & ~formula] = (*UNIT_ONLY, 255)
            expected[active & formula] = (*AGREEMENT, 255)
            expected[formula & ~active] = (*FORMULA_ONLY, 255)
            opaque = expected[..., 3] > 0
            assert ((pixels[..., 3] > 0) == opaque)[clear].all()
            assert (pixels == expected)[opaque & clear].all()


def view_concept(run, unit):
    (name,) = run.result()[unit].formula.concepts  # in this world one concept says all
    return name


@given(st.integers(0, 2**16), st.integers(1, 9), st.integers(1, 9))
def test_a_picture_of_masks_holds_both_masks_exactly(seed, height, width):
    rng = np.random.default_rng(seed)
    unit, formula = rng.random((2, height, width)) < 0.5
    url = data_url(mask_png(unit, formula))
    png = base64.b64decode(url.removeprefix("data:image/png;base64,"))
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    assert pixels.shape == (height, width, 4)
    expected = np.zeros((height, width, 4), np.uint8)
    expected[unit & ~formula] = (*UNIT_ONLY, 255)
    expected[unit & formula] = (*AGREEMENT, 255)
    expected[formula & ~unit] = (*FORMULA_ONLY, 255)
    assert (pixels[pixels[..., 3] > 0] == expected[expected[..., 3] > 0]).all()
    assert (pixels[..., 3] == expected[..., 3]).all()


def test_images_are_shared_and_have_the_size_they_claim(run, site):
    images = {path.name for path in (site / "images").iterdir()}
    assert len(images) <= len(run.samples)
    used = set()
    for page in pages(site).values():
        for image in page.all("img"):
            if "images/" in image["src"]:
                name = image["src"].split("/")[-1]
                used.add(name)
                with Image.open(site / "images" / name) as picture:
                    assert picture.size == (int(image["width"]), int(image["height"]))
    assert used == images, "no image lies there for nothing"


def test_the_gallerys_list_is_that_of_the_run(run, site):
    data = listed(site)
    assert data["layers"] == ["layer"]
    assert data["categories"] == ["colour", "shape"]
    assert data["classes"] == [*CLASSES]
    for row, e in zip(data["units"], run.result(), strict=True):
        assert (row["unit"], row["formula"]) == (e.unit, e.shown and str(e.shown.formula))
        assert row["iou"] == pytest.approx(0.0 if e.shown is None else e.shown.iou, abs=1e-4)
        assert (site / row["href"]).is_file()
        if e.formula is None:
            assert row["status"] == "0 on every position: the unit never fires"
            continue
        assert row["active"] == pytest.approx(run.areas()[:, e.unit].sum() / (24 * 12 * 16))
        weights = HEAD[:, e.unit]
        assert row["classes"] == [int(c) for c in np.argsort(-weights)[:FED] if weights[c] > 0]
        concepts = {
            run.concepts.categories[run.concepts.index(n)][0] for n in e.shown.formula.concepts
        }
        assert [data["categories"][c] for c in row["categories"]] == sorted(concepts)


def test_a_unit_without_a_formula_has_a_page_that_says_so(site):
    page = read(site / f"unit/layer-{DEAD:05d}.html")
    assert "No formula: 0 on every position: the unit never fires" in page.text
    assert "It is active nowhere." in page.text


def test_the_command_on_a_page_scores_the_formula(run, site, tmp_path, monkeypatch):
    page = read(site / "unit/layer-00002.html")
    copied = [button["data-copy"] for button in page.all("button") if "data-copy" in button]
    formula, command = copied
    assert parse(formula) == run.result()[2].shown.formula
    program, *words = shlex.split(command)
    assert (program, words[-1]) == ("andornot", formula)
    monkeypatch.chdir(tmp_path)  # it names the run wherever one stands
    done = CliRunner().invoke(cli, [*words, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["iou"] == run.result()[2].shown.iou


def test_concept_pages_list_the_units_that_name_them(run, site):
    for i, name in enumerate(run.concepts.names):
        page = read(site / f"concept/{i:05d}.html")
        users = [e.unit for e in run.result() if e.shown and name in e.shown.formula.concepts]
        cards = [a["href"] for a in page.all("a") if "card" in (a.get("class") or "").split()]
        assert cards[-len(users) :] == [f"../unit/layer-{u:05d}.html" for u in users]
        assert f"It holds on {run.concepts.concept_counts[i]:,} positions" in page.text
        assert f", of {run.concepts.sample_counts[i]} images." in page.text
        assert name in page.text


def places(mask: np.ndarray) -> set[int]:
    return set(np.flatnonzero(mask).tolist())


def test_concept_pages_say_what_the_best_unit_is_worth_held_out(run, site):
    """Of each fold the unit is chosen on the other samples, position by position."""
    data = listed(site, "concepts")["rows"]
    gallery, n = ImageGallery.open(run), run.shown_positions.n_samples
    atoms = np.concatenate([gallery.positions.sample(i).ravel() for i in range(n)])
    nothing = np.zeros(run.concepts.n_atoms, np.bool_)
    at = [
        places(np.stack([gallery.view(e, nothing, i).unit_mask for i in range(n)]))
        for e in run.result()
    ]
    folds = np.repeat(run.samples["fold"].to_numpy(), len(atoms) // n)
    parts = [places(folds == f) for f in range(2)]
    for i, name in enumerate(run.concepts.names):
        concept = places(run.concepts.concept_mask(name)[atoms])
        _, hits, unions = naive.detection_held_out(at, concept, parts)
        text = " ".join(read(site / f"concept/{i:05d}.html").text.split())
        assert f"its IoU with the concept alone is {sum(hits) / sum(unions):.3f}" in text
        best = max(naive.iou(unit, concept) for unit in at)
        (row,) = [row for row in data if row["name"] == name]
        assert row["held"] == pytest.approx(sum(hits) / sum(unions), rel=1e-3)
        assert row["iou"] == pytest.approx(best, rel=1e-3)
        assert (site / row["unit"]).is_file()
        assert (site / row["href"]).is_file()


def test_class_pages_have_the_heads_weights_and_the_networks_hits(run, site):
    said = run.samples["prediction"]
    for c in range(3):
        text = " ".join(read(site / f"class/{c:04d}.html").text.split())
        assert f"The network sees it in {(said == c).sum()} of 24 samples." in text
        for unit in np.flatnonzero(HEAD[c]):
            assert f"unit {unit} {HEAD[c, unit]:+.3f}".replace("-", "−") in text
    first = " ".join(read(site / "class/0000.html").text.split())
    right = (said == 0).sum()
    assert f"24 samples are of this class; the network is right on {right} of them" in first


def test_classes_are_listed_by_how_often_they_are_predicted(run, tmp_path):
    """The first of a thousand classes of which the data show five are none that one looks for."""
    opened = Run.open(run.path)
    own = run.samples["class"].iloc[0]
    opened.__dict__["samples"] = run.samples.assign(
        **{"prediction": [2] * 15 + [1] * 9, "class": [own] * 4 + [""] * 20}
    )
    path = write_report(opened, tmp_path, n_samples=1).parent / "classes.html"
    page = read(path)
    links = [a["href"] for a in page.all("a") if a["href"].startswith("class/")]
    assert links == [f"class/{c:04d}.html" for c in (2, 1, 0)]
    assert "1 class that the network sees in no sample" in " ".join(page.text.split())
    told = path.read_text(encoding="utf-8")
    assert re.findall(r'data-name="seen in">([^<]*)<', told) == ["15", "9", "0"]
    assert re.findall(r'data-name="of this class">([^<]*)<', told) == ["0", "0", "4"]
    unknown = "20 of all 24 samples have no class that the network knows"
    assert unknown in " ".join(page.text.split())
    assert unknown in " ".join(read(path.parent / "class/0000.html").text.split())


def test_tables_can_be_taken_along(run, site):
    frame = pd.read_csv(site / "tables/explanations.csv")
    whole = pd.read_parquet(run.path / "explanations.parquet")
    pd.testing.assert_frame_equal(frame, whole.where(whole != ""), check_dtype=False)
    assert len(pd.read_parquet(site / "tables/samples.parquet")) == 24
    answers, unanswered = ask_all(run, "layer")
    assert answers
    for name, answer in answers.items():
        for table in answer.tables:
            assert (site / f"tables/layer/{name}-{table}.csv").is_file()
            assert (site / f"tables/layer/{name}-{table}.parquet").is_file()
    text = read(site / "analyses.html").text
    for sentence in [s for answer in answers.values() for s in answer.sentences]:
        assert sentence in text
    assert all(reason in text for reason in unanswered.values())


def test_only_some_units_and_a_story(run, tmp_path):
    facts = (("Red.", True, "Seen.", 2), ("Grey.", False, "Not seen."))
    tale = story(f"Of {EVIL}", "Once upon a time.", facts=facts)
    path = write_report(run, tmp_path / "out", [2, 0], 3, story=tale)
    assert_sound(path.parent)
    assert [row["unit"] for row in listed(path.parent)["units"]] == [2, 0]
    html = read(path)
    assert f"Of {EVIL}" in html.text
    assert "1 of 2 planted facts were found." in html.text
    assert {"href": "unit/layer-00002.html"} in html.all("a")
    unit = read(path.parent / "unit/layer-00002.html")
    assert len([i for i in unit.all("img") if i["src"].startswith("data:") and i["alt"]]) == 3


def test_pairs_have_their_words_marked(pair_run, tmp_path):
    path = write_report(pair_run, tmp_path / "out")
    assert_sound(path.parent)
    page = read(path.parent / f"unit/pairs-{NEVER:05d}.html")
    kinds = {mark["class"] for mark in page.all("mark")}
    assert {"m-decisive", "m-named", "m-forbidden"} <= kinds
    assert "Where the formula fails" in page.text
    assert all("images" not in row for row in listed(path.parent)["units"])
    assert " → " in listed(path.parent)["units"][DOGS]["example"]


def test_tokens_have_those_marked_on_which_unit_and_formula_hold(token_run, tmp_path):
    path = write_report(token_run, tmp_path / "out")
    assert_sound(path.parent)
    page = read(path.parent / "unit/tokens-00001.html")
    assert {mark["class"] for mark in page.all("mark")} >= {"m-both", "m-unit"}


def test_a_report_is_there_whole_or_not_at_all(run, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = write_report(run, out, [0], 1)
    before = first.read_bytes()

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("andornot.views.collection.class_views", fails)
    with pytest.raises(RunError, match="No space left"):
        write_report(run, out, [1], 1)
    assert first.read_bytes() == before
    assert (out / "unit/layer-00000.html").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": [9]}, "no explanation of unit 9"),
        ({"n_samples": 0}, "at least 1"),
        ({"layer": "lair"}, "choose one of this run's layers"),
    ],
)
def test_mistakes_end_in_a_sentence(run, tmp_path, options, message):
    with pytest.raises(OptionError, match=message):
        write_report(run, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_other_files_are_left_alone(run, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OptionError, match="holds other files"):
        write_report(run, tmp_path)


def test_attacks_stand_with_their_classes(run, tmp_path):
    folder = tmp_path / "attack"
    folder.mkdir()
    rate = {"flip_rate": 0.75, "flip_rate_low": 0.5, "flip_rate_high": 0.9}
    rate |= {key.replace("flip", "control"): value / 10 for key, value in rate.items()}
    found = {
        "run": run_key(run, run.layers[0]),
        "source": CLASSES[0], "target": CLASSES[2], "sentences": [f"Found {EVIL}."],
        "tables": {"edits": [{"edit": "paste b", "n": 12, "alike": 3, **rate}]},
    }  # fmt: skip
    (folder / "attack.json").write_text(json.dumps(found))
    Image.new("RGB", (20, 10)).save(folder / "edit-1.png")
    path = write_report(run, tmp_path / "out", [0], 1, attacks=[folder])
    assert_sound(path.parent)
    for c in (0, 2):
        page = read(path.parent / f"class/{c:04d}.html")
        assert "pasteband3alike1275%(50to90%)8%(5to9%)" in "".join(page.text.split())
        assert f"Found {EVIL}." in page.text
        assert any(image["src"].startswith("../attacks/") for image in page.all("img"))
    assert "paste b" not in read(path.parent / "class/0001.html").text
    (folder / "attack.json").write_text(json.dumps(found | {"run": "another"}))
    with pytest.raises(DataError, match="holds an attack on another run than"):
        write_report(run, tmp_path / "other", [0], 1, attacks=[folder])
    (folder / "attack.json").write_text("{}")
    with pytest.raises(DataError, match="holds no attack that can be read"):
        write_report(run, tmp_path / "other", [0], 1, attacks=[folder])


def test_a_run_without_classes_says_so(pair_run, tmp_path, monkeypatch):
    nameless = retold(pair_run, model={"class_names": None})
    path = write_report(nameless, tmp_path / "out", [0], 1)
    assert_sound(path.parent)
    assert "nothing can be said of classes" in read(path.parent / "classes.html").text


def test_the_command_writes_a_report(run, tmp_path):
    done = CliRunner().invoke(
        report_command, [str(run.path), "--out", str(tmp_path / "o"), "--units", "0-1", "--quiet"]
    )
    assert done.exit_code == 0, done.output
    assert done.output == f"wrote {tmp_path / 'o' / 'index.html'}\n"
    assert len(listed(tmp_path / "o")["units"]) == 2


def test_explanations_show_themselves_in_a_notebook(run):
    html = Reader(run.result()[2]._repr_html_())
    assert html.open == []
    assert EVIL in html.text
    assert f"IoU {run.result()[2].iou:.3f}" in html.text
    assert "never fires" in run.result()[DEAD]._repr_html_()
    table = Reader(run.result()._repr_html_())
    assert table.open == []
    assert "3 of 4 units have a formula" in table.text


def test_layers_get_different_plain_names():
    assert slugs(["a.b", "a/b", "a b", "A_b", "é"]) == {
        "a.b": "a.b", "a/b": "a_b", "a b": "a_b_2", "A_b": "A_b_3", "é": "_",
    }  # fmt: skip


def test_of_trust_only_what_was_computed_is_told(run):
    bare = [replace(e, trust=None, agreement=None) for e in run.result().best(1)]
    assert bare
    result = replace(run.result(), explanations=tuple(bare))
    told = numbers_of(bare, summary(headline({"a": result}), bare), 1)
    assert "mean IoU, in sample" in [figure.label for figure in told]
    assert not any("held out" in figure.label or "chance" in figure.label for figure in told)
    dead = [run.result()[DEAD]]
    result = replace(run.result(), explanations=tuple(dead))
    none = numbers_of(dead, summary(headline({"a": result}), dead), 1)
    assert [figure.number for figure in none] == ["1", "1", "0"]
