"""The verdict comes first: in the terminal, on pages, in a notebook; what is luck is never bold."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

import example_cases
from andornot.analyses import baseline, trust
from andornot.cli import cli
from andornot.cli.printing import print_run
from andornot.cli.terminal import print_units
from andornot.errors import OptionError
from andornot.report.write import write_report
from andornot.results.verdict import Verdict
from andornot.views import run_views, unit_view
from andornot.views.collection import array_views
from insides import judged, run_table
from test_report_page import Reader, read
from verdict_cases import given_verdicts, one_of_each, world

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("jinja2", reason="jinja2 is not installed")

SOLID, PARTIAL, CHANCE = Verdict.SOLID, Verdict.PARTIAL, Verdict.CHANCE
MIXED = (CHANCE, Verdict.TOO_LITTLE_DATA, SOLID, PARTIAL)


@pytest.fixture(scope="module")
def plain(made_once):
    return example_cases.opened(made_once("examples", example_cases.dissect))


@pytest.fixture(scope="module")
def run(plain):
    return given_verdicts(plain, MIXED)


def printed(capsys, monkeypatch, run, width=200, **options) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    print_run(run_table(run, 10, **options), "table")
    return capsys.readouterr().out


def units_in(table: str) -> list[int]:
    """The units of a printed table, from top to bottom."""
    return [int(found) for found in re.findall(r"^[│|] +(\d+) [│|]", table, re.MULTILINE)]


def test_the_table_of_units_goes_by_verdict(run, capsys, monkeypatch):
    out = printed(capsys, monkeypatch, run)
    assert units_in(out) == [2, 3, 0, 1]
    heads = ("unit", "verdict", "held out", "chance", "gain", "extent", "precision", "recall")
    assert all(head in out for head in heads)
    assert "Verdicts on 4 formulas: 1 solid, 1 partial, 1 chance, 1 too little data." in out
    assert "Explained are 1 of 4 units: solid" in out
    assert "no untrained twin was run" in out
    assert "fit better than chance" not in out


@pytest.mark.parametrize(
    ("sort", "units"),
    [("verdict", [2, 3, 0, 1]), ("iou", [2, 3, 0, 1]), ("unit", [0, 1, 2, 3])],
)
def test_another_order_is_there_for_those_who_ask(run, capsys, monkeypatch, sort, units):
    assert units_in(printed(capsys, monkeypatch, run, sort=sort)) == units


@pytest.mark.parametrize("width", [30, 40, 50, 60, 80, 100, 140])
def test_a_narrow_terminal_keeps_verdict_and_formula(run, capsys, monkeypatch, width):
    out = printed(capsys, monkeypatch, run, width=width)
    assert max(map(len, out.splitlines())) <= max(width, len(str(run.path)))
    verdicts, table, _ = out.split("best units of layer relu")[0], *out.split("units (")[:2]
    assert verdicts.startswith("Verdicts on 4 formulas")
    table = table[table.index("best units of layer relu") :]
    for word in ("solid", "partial", "chance", "too little", "yellow"):
        assert re.search(rf"\b{word}\b", table), word


def test_programs_get_what_people_see(run, capsys):
    found = run_table(run, 3)
    print_run(found, "json")
    told = json.loads(capsys.readouterr().out)
    assert told["headline"]["verdicts"]["solid"] == 1
    assert told["headline"]["explained"] == 1
    (layer,) = told["layers"]
    assert [unit["unit"] for unit in layer["units"]] == [2, 3, 0]
    best = run.result()[2]
    assert layer["units"][0] == layer["units"][0] | {
        "verdict": "solid", "held_out": best.trust.held_out_iou, "chance": 0.1, "gain": 2.0,
        "formula": str(best.shown.formula), "iou": best.shown.iou, "status": "ok",
    }  # fmt: skip
    print_run(found)  # nobody watches
    out, err = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(out), dialect="excel-tab"))
    assert [(row["unit"], row["verdict"]) for row in rows] == [
        ("2", "solid"), ("3", "partial"), ("0", "chance"),
    ]  # fmt: skip
    assert float(rows[0]["held_out"]) == best.trust.held_out_iou
    assert "Verdicts on 4 formulas" in err


def test_a_unit_as_json_says_what_its_page_says(plain):
    shown = CliRunner().invoke(cli, ["show", str(plain.path), "--units", "3", "--json"])
    assert shown.exit_code == 0, shown.output
    (unit,) = json.loads(shown.stdout)["units"]
    assert unit["entry"]["judged"] == judged(plain.result()[3]).as_dict()


def test_a_run_of_an_older_version_is_told_to_be_not_tested(plain, capsys, monkeypatch):
    old = given_verdicts(plain, [Verdict.NOT_TESTED] * 4)
    out = printed(capsys, monkeypatch, old)
    assert out.count("not tested") == 5
    assert "None of 4 formulas was held against chance: not tested." in out
    text = "".join(old.result()[0]._repr_html_())
    assert "not tested" in text


def test_the_command_lists_by_verdict_and_refuses_what_would_do_nothing(plain):
    shown = CliRunner().invoke(cli, ["show", str(plain.path), "--sort", "unit"])
    assert shown.exit_code == 0, shown.output
    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert [row[rows[0].index("unit")] for row in rows[1:]] == ["0", "1", "2", "3"]
    refused = CliRunner().invoke(cli, ["show", str(plain.path), "--units", "0", "--sort", "unit"])
    assert isinstance(refused.exception, OptionError)
    assert "it is for the table of units" in str(refused.exception)


NO_FORMULA = "No formula over these concepts"


def said_of(run, unit: int) -> str:
    file = io.StringIO()
    print_units(run, [unit], console=Console(file=file, width=500, highlight=False))
    return file.getvalue()


def test_a_unit_is_told_verdict_first_and_the_longest_formula_after(plain):
    run = given_verdicts(plain, MIXED, shown=1)
    e = run.result()[3]
    assert (str(e.shown.formula), str(e.formula)) == ("red", "red OR yellow")
    lines = said_of(run, 3).splitlines()
    assert lines[:2] == ["Unit 3: partial", "red"]
    luck = said_of(run, 0).splitlines()
    assert luck[:2] == ["Unit 0: chance", NO_FORMULA]
    assert luck[2].startswith("Chance: The best that was found stands below")
    assert luck[3] == str(run.result()[0].shown.formula)
    assert lines[2] == f"Partial: {PARTIAL.meaning}."
    order = [
        "held-out IoU 0.540 (0.490 to 0.590), precision 0.75, recall 0.60: it explains a part",
        "chance, held out likewise, 0.100: p 0.025 (0 of 39 shuffles reach the unit), gain 2.00",
        "stability 0.93: IoU with what 20 draws",
        "core, what came back in most draws: apple (held-out IoU 0.300)",
        "longest (up to 2 concepts",
        "In sample: IoU 0.868",
    ]
    at = [next(i for i, line in enumerate(lines) if line.startswith(text)) for text in order]
    assert at == sorted(at)
    assert "red OR yellow, IoU 1.000 in sample" in lines[at[4]]


def test_all_on_a_page_is_about_the_formula_that_is_shown(plain):
    run = given_verdicts(plain, MIXED, shown=1)
    view = unit_view(run, 3)
    e = run.result()[3]
    assert view.entry.formula == "red"
    assert view.entry.longest.formula == "red OR yellow"
    tp, fp, fn = e.shown.counts.tp, e.shown.counts.fp, e.shown.counts.fn
    assert view.entry.counts == (fn, tp, fp)
    assert view.entry.iou == view.tree.iou == pytest.approx(e.shown.iou)
    assert [part.concept for part in view.tree.concepts()] == ["red"]
    assert view.command.endswith(" 3 red")


@pytest.fixture(scope="module")
def site(plain, tmp_path_factory) -> Path:
    run = given_verdicts(plain, MIXED, shown=1)
    return write_report(run, tmp_path_factory.mktemp("site") / "out", n_samples=2).parent


def classes(reader: Reader, tag: str) -> list[str]:
    return [attributes.get("class") or "" for attributes in reader.all(tag)]


def test_pages_list_by_verdict_and_only_what_is_solid_is_bold(site):
    first = read(site / "index.html")
    cards = [a for a in first.all("a") if "card" in (a.get("class") or "").split()]
    assert [card["href"] for card in cards] == [f"unit/relu-{u:05d}.html" for u in (2, 3, 0, 1)]
    assert [card["class"] for card in cards] == ["card sure", "card", *["card doubtful"] * 2]
    assert "Verdicts on 4 formulas: 1 solid, 1 partial, 1 chance, 1 too little data." in first.text
    style = (site / "static/report.css").read_text()
    assert re.findall(r"^(.*formula.*) { font-weight: 600", style, re.MULTILINE) == [
        ".sure .formula"
    ]


def test_the_gallery_starts_with_the_best_verdict(site):
    text = (site / "units.js").read_text(encoding="utf-8")
    units = json.loads(text.removeprefix("window.andornot = ").rstrip().removesuffix(";"))["units"]
    assert [u["verdict"] for u in units] == [str(verdict) for verdict in MIXED]
    assert sorted(range(4), key=lambda u: units[u]["place"]) == [2, 3, 0, 1]
    assert units[3]["formula"] == "red"
    assert {u["chance"] for u in units} == {0.1}
    script = (site / "static/gallery.js").read_text()
    assert 'field.name === "sort" ? "place"' in script
    options = [o["value"] for o in read(site / "units.html").all("option") if o["value"]]
    assert options[0] == "place"


def test_the_page_of_a_unit_says_the_verdict_and_keeps_the_longest_a_key_away(site):
    page = read(site / "unit/relu-00003.html")
    said = " ".join(page.text.split())
    assert f"Partial: {PARTIAL.meaning}." in said
    assert "The longest formula that was searched forred OR yellow" in said
    assert "l longest formula" in said
    order = ["Partial:", "What excites it", "How sure it is", "How well they agree", "More of it"]
    assert sorted(order, key=said.index) == order
    assert "explains a part · core: apple" in said
    luck = read(site / "unit/relu-00000.html")
    assert "unit-title doubtful" in classes(luck, "h1")
    told = " ".join(luck.text.split())
    assert told.index(NO_FORMULA) < told.index("Chance: The best that was found stands below")
    assert "core: apple" not in told.split("What excites it")[0], "of what is no formula"
    assert "formula-steps doubtful" in classes(luck, "div"), "dim"
    assert "longest formula" not in luck.text.split("How well")[0]


def test_pages_of_concepts_list_by_verdict(site, run):
    page = read(site / f"concept/{run.concepts.index('red'):05d}.html")
    cards = [a["href"] for a in page.all("a") if "card" in (a.get("class") or "").split()]
    assert cards[-2:] == ["../unit/relu-00003.html", "../unit/relu-00000.html"]


def test_an_untrained_twin_is_named_and_must_be_beaten(plain, run, capsys, monkeypatch):
    twin = given_verdicts(plain, [CHANCE] * 4, held_out=0.9)
    out = printed(capsys, monkeypatch, run, against=twin)
    assert "Explained are 0 of 4 units: solid" in out
    assert "above 95 % of the units of an untrained twin" in out
    low = given_verdicts(plain, [CHANCE] * 4, held_out=0.2)
    assert "Explained are 1 of 4 units" in " ".join(run_views(run, against=low).whole.headline)
    answer = baseline.answer(run, against=low)
    told = "Explained are 1 of 4 units: solid, at least a part of the unit, and held out above 95 %"
    assert any(sentence.startswith(told) for sentence in answer.sentences)
    with pytest.raises(OptionError, match="explains all units as"):
        run_views(run, against=run)
    with pytest.raises(OptionError, match="against is "):
        run_views(run, against="twin")  # type: ignore[arg-type]


def test_the_answer_on_trust_counts_verdicts(run):
    found = trust.answer(run)
    rows = found.tables["verdicts"].set_index("verdict")
    assert rows["formulas"].to_dict() == {
        "solid": 1, "partial": 1, "chance": 1, "too little data": 1, "not tested": 0,
    }  # fmt: skip
    assert rows.loc["solid", "most"] == 1
    units = found.tables["units"]
    assert list(units["unit"]) == [1, 0, 3, 2], "the most doubtful first"
    assert set(units["chance_held_out"]) == {0.1}
    assert units["null"].isna().all(), "in sample it was not asked for"
    assert found.tables["by_length"]["null"].isna().all()
    assert "nan" not in " ".join(found.sentences)


def test_a_notebook_shows_the_verdict_first():
    result = one_of_each()
    table = Reader(result._repr_html_())
    assert "Verdicts on 5 formulas" in table.text
    rows = re.findall(r"<tr><td>(\d+)</td><td>([a-z ]+)</td>", result._repr_html_())
    assert rows == [(str(e.unit), str(e.verdict)) for e in result.best()]
    html = result[0]._repr_html_()
    assert f"<b>{result[0].formula}</b>" in html
    assert 0 < html.index(">solid</b>") < html.index(f"<b>{result[0].formula}</b>")
    doubtful = next(e for e in result if e.verdict is CHANCE)
    assert f"<b>{doubtful.formula}</b>" not in doubtful._repr_html_()


def test_reports_on_arrays_say_it_too(tmp_path):
    masks, table, _ = world()
    result = one_of_each()
    views = array_views(result, masks, table)
    assert "1 solid, 1 partial, 1 chance" in views.whole.headline[0]
    assert [ref.judged.verdict for ref in views.whole.layers[0].best] == [
        str(e.verdict) for e in result.best()
    ]
    page = read(result.report(tmp_path / "out", masks, table))
    assert "1 solid, 1 partial, 1 chance" in page.text
