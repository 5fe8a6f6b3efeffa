"""Two units side by side, in a real browser: chosen by keys, told by the address."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import andornot
from andornot import Run
from andornot.counting.responses import Responses
from andornot.report.write import write_report
from andornot.views.collection import run_views
from report_cases import EVIL, picture_run, two_layers
from test_report_browser import Visit, expect
from test_report_browser import browser as browser
from test_report_browser import visit as visit

DRAWN = re.compile("Unit 0 and its formula hold on")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return picture_run(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def site(run, tmp_path_factory) -> Path:
    return write_report(run, tmp_path_factory.mktemp("site") / "out").parent


def key(unit: int) -> str:
    return f"layer-{unit:05d}"


def masks(run: Run) -> list[np.ndarray]:
    """The mask of each unit, on all positions: maps have half the size of these."""
    views = run_views(run)
    context = views.contexts[0]
    nothing = np.zeros(context.table.n_atoms, bool)
    return [
        np.concatenate([
            context.gallery.view(e, nothing, s).unit_mask.ravel() for s in range(len(run.samples))
        ])
        for e in context.explanations
    ]  # fmt: skip


def told(site: Path, unit: int) -> dict:
    text = (site / "compare" / f"{key(unit)}.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix(f'andornotUnit("{key(unit)}", ').removesuffix(");\n"))


def test_two_units_are_chosen_by_keys_and_stay_in_the_address(run, site, visit):
    page = visit.open("compare.html")
    expect(page.locator("#said")).to_have_text("Choose two units, or one of the pairs below.")
    expect(page.locator("#compared")).to_be_hidden()
    page.locator("input[name=first]").focus()
    page.keyboard.type("0")
    page.keyboard.press("Tab")
    page.keyboard.type("Unit 1")
    page.keyboard.press("Enter")
    visit.arrive(f"{site.as_uri()}/compare.html#{key(0)}&{key(1)}")
    heads = page.locator(".one-unit h2 a")
    expect(heads).to_have_text(["unit 0", "unit 1"])
    result = run.result()
    expect(page.locator(".one-unit .formula")).to_have_text(
        [str(result[unit].shown.formula) for unit in (0, 1)]
    )
    page.locator("#swap").focus()
    page.keyboard.press("Enter")
    visit.arrive(f"{site.as_uri()}/compare.html#{key(1)}&{key(0)}")
    expect(heads).to_have_text(["unit 1", "unit 0"])
    page.reload()
    expect(heads).to_have_text(["unit 1", "unit 0"])
    assert page.input_value("input[name=first]") == "unit 1"
    page.go_back()
    expect(heads).to_have_text(["unit 0", "unit 1"])


def test_the_overlap_is_that_of_the_masks(run, site, visit):
    own = masks(run)
    shared = [(a, b, int((own[a] & own[b]).sum())) for a in range(3) for b in range(3) if a != b]
    assert len({n for *_, n in shared}) > 1
    for a, b, n in shared:
        page = visit.open(f"compare.html#{key(a)}&{key(b)}")
        expect(page.locator(".one-unit h2 a")).to_have_text([f"unit {a}", f"unit {b}"])
        text = page.locator("#compared section").first.inner_text()
        if n == 0:
            assert "never active at the same place" in text
            continue
        iou = n / (own[a] | own[b]).sum()
        assert f"IoU of their masks {iou:.3f}: both are active on {n:,} position" in text
        assert f"only unit {a}: {own[a].sum() - n:,} position" in text
        assert f"only unit {b}: {own[b].sum() - n:,} position" in text
    page = visit.open(f"compare.html#{key(0)}&{key(3)}")  # unit 3 is active nowhere
    expect(page.locator("#compared")).to_contain_text("They are never active at the same place.")


def test_rows_are_facts_of_both_and_stay_paired_on_a_phone(browser, site):
    visit = Visit(browser, site, viewport={"width": 390, "height": 800})
    page = visit.open(f"compare.html#{key(0)}&{key(2)}")
    rows = page.locator(".side-by-side").first.locator("tbody tr")
    expect(rows.first).to_be_visible()
    facts = [dict(told(site, unit)["facts"]) for unit in (0, 2)]
    for row in rows.all():
        name, *texts = row.locator("th, td").all_inner_texts()
        assert texts == [own.get(name, "–") for own in facts], name
        tops = [cell.bounding_box()["y"] for cell in row.locator("th, td").all()]
        assert len(set(tops)) == 1
    first, second = (page.locator(".one-unit").nth(i).bounding_box() for i in (0, 1))
    assert second["y"] >= first["y"] + first["height"]
    expect(page.locator("#compared .tile .overlay").first).to_have_attribute("alt", DRAWN)
    visit.close()


def test_concepts_in_both_formulas_and_in_one(run, site, visit):
    page = visit.open(f"compare.html#{key(0)}&{key(2)}")
    names = []
    for unit in (0, 2):
        own = told(site, unit)["concepts"]
        names.append({f"{'NOT ' if no else ''}{name}" for name, no, _ in own})
    expected = [names[0] & names[1], names[0] - names[1], names[1] - names[0]]
    assert any(EVIL in name for name in names[1])
    rows = page.locator("#compared table:not(.lines) tbody tr")
    expect(rows).to_have_count(3)
    for row, own in zip(rows.all(), expected, strict=True):
        found = row.locator("li").all_inner_texts()
        assert set(found) == own
    expect(page.locator("#compared script")).to_have_count(0)


def test_what_is_not_there_is_said(site, visit):
    page = visit.open(f"compare.html#{key(0)}&{key(77)}")
    expect(page.locator("#said")).to_have_text(
        f"There is no unit {key(77)} in this report. Choose one above."
    )
    page.fill("input[name=second]", "unit 88")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("The second unit: nothing is found for “unit 88”.")
    expect(page.locator("input[name=second]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("input[name=second]")).to_be_focused()
    page.fill("input[name=first]", "<b>nowhere")
    page.keyboard.press("Enter")
    expect(page.locator("#said .unclear")).to_have_text([
        "The first unit: nothing is found for “<b>nowhere”.",
        "The second unit: nothing is found for “unit 88”.",
    ])  # fmt: skip
    expect(page.locator("input[aria-invalid=true]")).to_have_count(2)
    page = visit.open(f"compare.html#{key(1)}")
    expect(page.locator("#said")).to_have_text("Choose a unit to stand beside it.")
    page = visit.open("compare.html#../../../etc/passwd&%E0%A4%A")
    expect(page.locator("#said")).to_contain_text("There is no unit ../../../etc/passwd")


def test_a_units_page_leads_to_it_and_to_each_near_unit(run, site, visit):
    own = masks(run)
    near = max((1, 2), key=lambda other: (own[0] & own[other]).sum() / (own[0] | own[other]).sum())
    page = visit.open(f"unit/{key(0)}.html")
    page.locator("a.button", has_text="Compare").focus()
    page.keyboard.press("Enter")
    visit.arrive(f"{site.as_uri()}/compare.html#{key(0)}&{key(near)}")
    expect(page.locator(".one-unit h2 a")).to_have_text(["unit 0", f"unit {near}"])
    page = visit.open(f"unit/{key(0)}.html")
    page.locator("a.beside", has_text=re.compile(rf"unit {near}$")).click()
    visit.arrive(f"{site.as_uri()}/compare.html#{key(0)}&{key(near)}")
    page.locator("details summary").first.click()
    page.locator(".near-list a").first.click()
    expect(page.locator("#compared")).to_be_visible()


def test_of_counts_alone_it_says_that_masks_are_not_known(browser, tmp_path):
    rng = np.random.default_rng(0)
    columns, units = rng.random((2, 40)) < 0.4, rng.random((3, 40)) < 0.3
    table = andornot.ConceptTable.from_masks(columns, ["a", EVIL])
    result = andornot.explain(units, table, length=2)
    home = result.report(tmp_path / "out", Responses.from_masks(units, table), table).parent
    visit = Visit(browser, home, viewport={"width": 1200, "height": 800})
    page = visit.open("compare.html#unit-00000&unit-00002")
    expect(page.locator("#compared")).to_contain_text("How far their masks overlap is not known")
    page = visit.open("unit/unit-00000.html")
    expect(page.locator("main")).to_contain_text("The masks of the units are not known here")
    visit.close()


def test_units_of_several_layers_stand_side_by_side(browser, tmp_path):
    home = write_report(two_layers(tmp_path), tmp_path / "out").parent
    visit = Visit(browser, home, viewport={"width": 1200, "height": 800})
    page = visit.open("compare.html#layer-00000&mixed-00000")
    expect(page.locator(".one-unit h2 a")).to_have_text(["layer, unit 0", "mixed, unit 0"])
    expect(page.locator("#compared")).to_contain_text("IoU of their masks")
    page.fill("input[name=first]", "mixed, unit 1")
    page.keyboard.press("Enter")
    expect(page.locator(".one-unit h2 a")).to_have_text(["mixed, unit 1", "mixed, unit 0"])
    page.fill("input[name=first]", "0")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("The first unit: “0” fits 2 units. Which?")
    page.locator("#said button", has_text="layer, unit 0").click()
    expect(page.locator(".one-unit h2 a")).to_have_text(["layer, unit 0", "mixed, unit 0"])
    for text in ("mixed 1", "MIXED:1", "mixed unit 1"):  # as the search takes it
        page.fill("input[name=first]", text)
        page.keyboard.press("Enter")
        expect(page.locator(".one-unit h2 a")).to_have_text(["mixed, unit 1", "mixed, unit 0"])
        page.fill("input[name=first]", "layer, unit 0")
        page.keyboard.press("Enter")
        expect(page.locator(".one-unit h2 a")).to_have_text(["layer, unit 0", "mixed, unit 0"])
    visit.close()
