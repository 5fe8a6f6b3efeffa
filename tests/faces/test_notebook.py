"""What a notebook shows of runs and units: verdict first, all inside, no data as markup."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import reader_cases
from andornot.errors import OptionError
from andornot.report.notebook import explanation_html
from andornot.report.notebook_samples import KEY, SIDE, picture
from andornot.results.verdict import Verdict
from andornot.views.ask import gallery
from insides import NO_FORMULA, marks_at
from report_cases import DEAD, EVIL, picture_run
from test_report_page import Reader
from verdict_cases import one_of_each

table_file, pairs = reader_cases.table_file, reader_cases.run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return picture_run(tmp_path_factory.mktemp("world"))


TAGS = {"p", "b", "i", "u", "s", "br", "small", "code", "mark", "span", "img",
        "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip


def images(html):
    """The pictures in some HTML; all of them are in it as they are."""
    found = []
    for tag in Reader(html).all("img"):
        kind, data = re.fullmatch("data:image/(webp|png);base64,(.+)", tag["src"]).groups()
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        assert image.format == kind.upper()
        found.append((tag, image.convert("RGB")))
    return found


def test_a_unit_has_its_samples_with_masks_and_a_legend(run):
    html = run.show(2, n_samples=4).html
    page = Reader(html)
    assert page.open == []
    assert EVIL in page.text
    assert "only the formula holds" in page.text
    shown = [tag for tag, image in images(html) if image.size[0] == SIDE]
    assert len(shown) == len(gallery(run).unit(2, 4).samples) > 1
    assert all("Unit 2 and its formula hold on" in tag["alt"] for tag in shown)


def test_a_picture_has_the_image_above_and_both_masks_below(run):
    views = gallery(run).unit(2, 8).samples
    view = max(views, key=lambda view: min(view.shares[0], sum(view.shares[1:])))
    ((_, image),) = images(picture(view, SIDE))
    width, height = image.size
    lower = np.asarray(image, float)[height // 2 :]
    unit, formula = (
        np.asarray(Image.fromarray(mask).resize((width, height // 2), Image.Resampling.NEAREST))
        for mask in (view.unit_mask, view.formula_mask)
    )
    colours = np.array([colour for colour, _ in KEY], float)
    for place, region in enumerate((unit & ~formula, unit & formula, formula & ~unit)):
        if region.sum() > 200:
            hue = lower[region].mean(0)
            hue -= hue.mean()  # the grey below the tint says nothing of the colour
            near = [hue @ (c - c.mean()) / np.linalg.norm(c - c.mean()) for c in colours]
            assert int(np.argmax(near)) == place


def test_a_notebook_stays_small(run):
    """So many pictures of so many units are kept in one file."""
    assert len(run.show(2, n_samples=8).html) < 8 * 15_000
    assert len(run.gallery(3, n_samples=2).html) < 3 * 2 * 10_000


def test_the_gallery_has_the_first_units_with_verdicts(run):
    shown = run.gallery(2, n_samples=1)
    assert str(run.result().best(1)[0]) in str(shown)
    page = Reader(shown.html)
    assert page.open == []
    places = [page.text.index(f"unit {e.unit}") for e in run.result().best(2)]
    assert places == sorted(places)


@pytest.mark.parametrize("ask", [lambda run: run.show(99), lambda run: run.gallery(-1),
                                 lambda run: run.show(0, n_samples=0)])  # fmt: skip
def test_wrong_numbers_are_refused(run, ask):
    with pytest.raises(OptionError):
        ask(run)


def test_a_unit_without_a_formula_says_why(run):
    assert "never fires" in run.show(DEAD).html


def test_a_run_tells_how_to_see_more(run):
    page = Reader(run._repr_html_())
    assert page.open == []
    assert "run.show(UNIT)" in page.text
    assert "3 of 4 units have a formula" in page.text
    assert "result.report(FOLDER" in Reader(run.result()._repr_html_()).text


def test_sentences_have_marked_words_and_what_the_marks_mean(pairs):
    unit = pairs.result().best(1)[0].unit
    page = Reader(pairs.show(unit, n_samples=4).html)
    assert page.open == []
    assert page.all("mark")
    for meaning in marks_at(pairs.level).values():
        assert meaning in page.text
    assert "Excite it most" in page.text
    assert Reader(pairs.gallery(2).html).all("mark")


def test_of_a_unit_by_chance_it_is_said_that_there_is_no_formula():
    e = next(e for e in one_of_each() if e.verdict is Verdict.CHANCE)
    html = explanation_html(e)
    assert html.index("chance") < html.index(NO_FORMULA) < html.index(str(e.shown.formula))


def test_nothing_that_is_shown_is_taken_for_markup(run):
    shown = (run.show(2), run.gallery(), run, run.result(), run.result()[2])
    for html in (piece._repr_html_() for piece in shown):
        assert EVIL in Reader(html).text
        assert {tag for tag, _ in Reader(html).tags} <= TAGS
