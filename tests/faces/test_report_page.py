"""Pages of a few units, and ``andornot page``: whole, safe, readable without a network or eyes."""

from __future__ import annotations

import builtins
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

import colour_cases
from analysis_cases import EARLY, LAYER, picture_run
from andornot import Run
from andornot._tools.whole_folders import whole_folder
from andornot.cli import cli, main
from andornot.counting.rules import Ranges
from andornot.errors import OptionError, RunError
from andornot.report import write as module
from andornot.report.write import write_report
from colour_cases import DEAD, EVIL, NOT_A_NUMBER, RED
from insides import install
from story_cases import story

pytest.importorskip("jinja2", reason="jinja2 is not installed")

run = colour_cases.run

LAYERS = (LAYER, EARLY)
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags with their attributes, texts, and tags that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def read(path) -> Reader:
    reader = Reader(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


def units_of(index: Path) -> list[int]:
    """The units of a report, in the order of its gallery's list."""
    text = index.with_name("units.js").read_text(encoding="utf-8")
    rows = json.loads(text.removeprefix("window.andornot = ").rstrip().removesuffix(";"))["units"]
    return [row["unit"] for row in rows]


def unit_page(index: Path, unit: int) -> Path:
    (page,) = index.parent.glob(f"unit/*-{unit:05d}.html")
    return page


def words(path: Path) -> str:
    return " ".join(read(path).text.split())


def masks(page: Reader) -> list[dict[str, str | None]]:
    """The masks that are described; those on the small pictures of other units are not."""
    return [image for image in page.all("img") if image.get("class") == "overlay" and image["alt"]]


def test_every_picture_is_there_and_described(run, tmp_path):
    path = write_report(run, tmp_path / "out", n_samples=4, n_units=20)
    assert path == tmp_path / "out" / "index.html"
    assert sorted(units_of(path)) == [0, 1, 2], "three units have a formula"
    shown = set()
    for unit in units_of(path):
        file = unit_page(path, unit)
        page = read(file)
        pictures = [image for image in page.all("img") if "width" in image]
        for image in pictures:
            with Image.open(file.parent / image["src"]) as picture:
                assert picture.size == (int(image["width"]), int(image["height"]))
        described = masks(page)
        assert len(described) >= 4
        told = rf"\d\d\.png\. (Unit {unit} and its formula hold on|Concepts account for the unit)"
        assert all(re.match(told, image["alt"]) for image in described)
        shown |= {image["src"].rpartition("/")[2] for image in pictures}
    assert {p.name for p in (path.parent / "images").iterdir()} == shown


def test_so_many_samples_are_shown_as_asked_for(run, tmp_path):
    path = write_report(run, tmp_path / "out", [RED], 2)
    groups = [m for m in masks(read(unit_page(path, RED))) if " its formula hold" in m["alt"]]
    assert len(groups) == 2


def test_units_are_shown_in_the_order_asked_for_and_the_best_first(run, tmp_path):
    assert units_of(write_report(run, tmp_path / "a", [2, 0, 2], 1)) == [2, 0]
    best = [e.unit for e in run.result().best(2)]
    assert units_of(write_report(run, tmp_path / "b", n_samples=1, n_units=2)) == best
    assert units_of(write_report(run, tmp_path / "c", [1], 1, n_units=2)) == [1]
    every = units_of(write_report(run, tmp_path / "d", n_samples=1))
    assert every == [e.unit for e in run.result()]


def test_the_pages_ask_nothing_of_the_network(run, tmp_path):
    path = write_report(run, tmp_path / "out", [RED], 2)
    for file in path.parent.rglob("*.html"):
        html = file.read_text(encoding="utf-8")
        assert not re.search(r"https?:|[\"'(]//|@import|<iframe|javascript:", html)
        assert '<meta name="viewport"' in html
        assert str(run.path.parent) not in read(file).text
        for tag, attributes in read(file).tags:  # only what the user copies names the run's place
            attributes = {} if attributes.get("class") == "copy" else attributes
            assert not [v for v in attributes.values() if str(run.path.parent) in str(v)], tag
    styles = (path.parent / "static" / "report.css").read_text(encoding="utf-8")
    assert "color-scheme: light dark" in styles
    assert "@import" not in styles


def test_names_and_stories_are_escaped(run, tmp_path):
    tale = story("<i>A</i> & B", EVIL, facts=((EVIL, False, "<u>how</u>", 2),))
    path = write_report(run, tmp_path / "out", n_samples=4, n_units=20, story=tale)
    for file in path.parent.rglob("*.html"):
        page = read(file)
        assert not {"i", "u"} & {tag for tag, _ in page.tags}
        assert all("src" in script for script in page.all("script"))
    html = read(path)
    assert html.text.count(EVIL) >= 2
    assert "<i>A</i> & B" in html.text
    assert "<u>how</u>" in html.text
    concept = run.result()[2].shown.formula.concepts
    assert EVIL in concept
    assert str(run.result()[2].shown.formula) in read(unit_page(path, 2)).text


def test_a_story_tells_what_was_found_and_what_not(run, tmp_path):
    facts = (
        ("Red squares are red.", True, "Unit 1 says so.", 1),
        ("There is a fourth colour.", False, "No unit names it."),
    )
    tale = story("A tale", "Once upon a time.", facts=facts)
    path = write_report(run, tmp_path / "out", n_samples=1, n_units=1, story=tale)
    text = words(path)
    assert text.startswith("A tale")
    assert "Once upon a time." in text
    assert "1 of 2 planted facts were found." in text
    assert "Red squares are red. Found: Unit 1 says so. See unit 1" in text
    assert "There is a fourth colour. Not found: No unit names it." in text
    (best,) = (e.unit for e in run.result().best(1))
    assert units_of(path) == list(dict.fromkeys([1, best])), "units of the story come first"
    assert unit_page(path, 1).relative_to(path.parent).as_posix() in [
        link["href"] for link in read(path).all("a")
    ]
    path = write_report(run, tmp_path / "two", [2], 1, story=tale)
    assert "Found: Unit 1 says so. (unit 1)" in words(path), "of a unit without a page no link"


def test_numbers_are_those_of_the_run(run, tmp_path):
    e = run.result()[RED]
    path = write_report(run, tmp_path / "out", [RED], 2)
    text = words(unit_page(path, RED))
    assert f"{e.verdict} Unit {RED} " in text, "the verdict comes first"
    assert f"{str(e.verdict).capitalize()}: " in text
    assert f"IoU {e.shown.iou:.3f} in sample" in text
    assert f"of the {e.shown.counts.tp + e.shown.counts.fn:,} positions" in text
    assert f"of the {e.shown.counts.tp + e.shown.counts.fp:,} positions" in text
    assert re.search(r"units shown here\s*1\s*units with a formula\s*3", words(path))
    assert "among the highest 5 % of its values" in words(path)
    assert "A unit's map is coarse (6 × 8 values)" in words(path)


def test_units_without_a_formula_are_told_why(run, tmp_path):
    path = write_report(run, tmp_path / "out", [DEAD, NOT_A_NUMBER])
    dead = read(unit_page(path, DEAD))
    assert "No formula: 0 on every position: the unit never fires" in dead.text
    other = read(unit_page(path, NOT_A_NUMBER))
    assert "some activation is NaN or infinite" in other.text
    assert masks(dead) == masks(other) == []


def test_an_older_report_is_replaced_and_other_files_are_not(run, tmp_path):
    out = tmp_path / "out"
    write_report(run, out, [1], 1)
    write_report(run, out, [RED], 1)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert [p.name for p in (out / "unit").iterdir()] == [f"layer-{RED:05d}.html"]
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("ten years of work")
    with pytest.raises(OptionError, match="holds other files; choose a new or an empty folder"):
        write_report(run, tmp_path / "precious")
    assert (tmp_path / "precious" / "thesis.txt").exists()


def test_a_page_of_a_version_before_is_replaced_too(run, tmp_path):
    with whole_folder(tmp_path / "out", top=("index.html",)) as folder:
        (folder / "pictures").mkdir()
        (folder / "pictures" / "unit00000-000001.webp").write_bytes(b"a tile")
        (folder / "index.html").write_text("one page", encoding="utf-8")
    (tmp_path / "out" / "pictures" / "mine.txt").write_text("people's")
    path = write_report(run, tmp_path / "out", [RED], 1)
    assert "one page" not in path.read_text(encoding="utf-8")
    assert [p.name for p in (tmp_path / "out" / "pictures").iterdir()] == ["mine.txt"]


def test_a_report_that_fails_leaves_the_old_one(run, tmp_path, monkeypatch):
    out = tmp_path / "out"
    before = write_report(run, out, [RED], 1).read_text(encoding="utf-8")

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(RunError, match=r"cannot write to .*No space left on device; make room"):
        write_report(run, out, [1], 1)
    assert (out / "index.html").read_text(encoding="utf-8") == before
    assert list((out / "images").iterdir())


def test_bad_units_are_refused_before_anything_is_asked_or_drawn(run, tmp_path, monkeypatch):
    monkeypatch.setattr("andornot.views.collection.ask_all", None)
    monkeypatch.setattr(module, "whole_folder", None)
    with pytest.raises(OptionError, match="no explanation of unit 77"):
        write_report(run, tmp_path / "out", [RED, 77])
    with pytest.raises(OptionError, match="number of units is 0"):
        write_report(run, tmp_path / "out", n_units=0)
    assert not (tmp_path / "out").exists()


def test_without_jinja2_it_says_what_to_install(run, tmp_path, monkeypatch):
    real = builtins.__import__

    def no_jinja2(name, *args, **options):
        if name == "jinja2":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", no_jinja2)
    with pytest.raises(OptionError, match=re.escape(install("report"))):
        write_report(run, tmp_path / "out")


# --- the commands -------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".andornot")
    }


def run_command(*given: object):
    done = CliRunner().invoke(cli, [*map(str, given), "--quiet"])
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.parametrize(
    ("asked", "same"),
    [
        (("--units", "2,0", "--samples", "3"), ("--units", "2,0", "--samples", "3")),
        (("--best", "2"), ("--best", "2", "--samples", "8")),
        (("--layer", "layer", "--samples", "1"), ("--best", "20", "--samples", "1")),
        (("--units", "1", "--best", "2"), ("--units", "1", "--samples", "8")),
    ],
)
def test_page_is_an_alias_of_report(run, tmp_path, asked, same):
    done = run_command("page", run.path, *asked, "--out", tmp_path / "page")
    assert done.stdout == f"wrote {tmp_path / 'page' / 'index.html'}\n"
    assert done.stderr.count("andornot report --units") == done.stderr.count("\n") == 1
    plain = run_command("report", run.path, *same, "--out", tmp_path / "report")
    assert plain.stderr == ""
    assert contents(tmp_path / "page") == contents(tmp_path / "report")


def test_the_help_of_page_says_that_it_is_an_alias():
    said = " ".join(CliRunner().invoke(cli, ["page", "--help"]).output.split())
    assert 'Alias of "andornot report --units"' in said
    for option in ("layer", "units", "best", "samples", "data", "trust-code", "out", "quiet"):
        assert f" --{option} " in said


def test_a_page_goes_into_its_run_as_before(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    run_command("page", tmp_path / "run", "--units", "0", "--samples", "1")
    assert units_of(tmp_path / "run" / "page" / "index.html") == [0]
    assert not (tmp_path / "run" / "report").exists()


def test_report_shows_the_best_units_or_those_named(run, tmp_path, capsys):
    best = [e.unit for e in run.result().best(2)]
    out = tmp_path / "out"
    run_command("report", run.path, "--best", "2", "--samples", "1", "--out", out)
    assert units_of(out / "index.html") == best
    with pytest.raises(SystemExit) as ended:
        main(["report", str(run.path), "--units", "0", "--best", "2", "--out", str(out)])
    assert ended.value.code == 2
    assert "--best has no effect here, as --units says which units" in capsys.readouterr().err


def test_a_page_that_cannot_be_made_gives_status_2_and_one_sentence(run, tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("ten years of work")
    for words_ in (("--units", "77"), ("--samples", "0"), ("--out", tmp_path)):
        with pytest.raises(SystemExit) as ended:
            main(["page", str(run.path), "--quiet", *map(str, words_)])
        assert ended.value.code == 2
        said = capsys.readouterr()
        assert said.err.count("\n") == 1
        assert said.out == ""
    assert (tmp_path / "thesis.txt").read_text() == "ten years of work"


@pytest.fixture(scope="module")
def layered(tmp_path_factory) -> Path:
    """A run of two layers, with ranges, whose network is gone."""
    home = tmp_path_factory.mktemp("layered")
    made = picture_run(home, threshold=Ranges(2), length=1, trust=None, units=[0, 1, 2])
    (home / "network.py").unlink()
    return made.path


def test_a_page_of_several_layers_is_of_one_and_has_its_name(layered, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["page", str(layered), "--quiet"])
    assert ended.value.code == 2
    assert "choose one of this run's layers" in capsys.readouterr().err
    done = run_command("page", layered, "--layer", EARLY, "--samples", "1")
    index = layered / f"page-{EARLY}" / "index.html"
    assert done.stdout == f"wrote {index}\n"
    assert {page.name.rpartition("-")[0] for page in index.parent.glob("unit/*")} == {EARLY}
    assert "Lower ranges of its activations" in words(next(index.parent.glob("unit/*-00000.html")))


def test_report_shows_the_best_units_of_each_layer(layered, tmp_path):
    out = tmp_path / "out"
    run_command("report", layered, "--best", "2", "--samples", "1", "--out", out)
    result = Run.open(layered).result
    best = {f"{name}-{e.unit:05d}" for name in LAYERS for e in result(name).best(2)}
    assert {page.stem for page in (out / "unit").iterdir()} == best
    assert "Only the 4 units of this report are looked at" in "".join(
        words(page) for page in (out / "unit").iterdir()
    )


def test_units_without_activations_are_refused_in_a_sentence(tmp_path, capsys):
    folder = picture_run(tmp_path, LAYERS[0], length=1, store=False).path
    for command in ("page", "report"):
        with pytest.raises(SystemExit) as ended:
            main([command, str(folder), "--quiet"])
        assert ended.value.code == 2
        assert "kept no activations, which this needs" in capsys.readouterr().err
        assert not (folder / command).exists()
