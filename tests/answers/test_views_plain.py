"""Views are plain data: JSON holds them, and what is asked for alone is what a report shows."""

from __future__ import annotations

import doctest
import json
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice

import numpy as np
import pytest

import andornot
import reader_cases
from analysis_cases import LAYER, pair_run, picture_run
from andornot import ConceptTable, Run, parse, views
from andornot.errors import FormulaError, OptionError
from andornot.views import array_views, formula_tree, gallery, run_views, unit_view
from andornot.views.figures.accuracy import accuracy_figure
from andornot.views.figures.contributions import contributions_figure
from andornot.views.figures.growth import growth_figure
from andornot.views.figures.kinds import kinds_figure
from andornot.views.figures.length import length_figure
from andornot.views.figures.request import (
    Choices,
    FigureRequest,
    accuracy_answer,
    length_answer,
    uniqueness_answer,
)
from andornot.views.figures.uniqueness import uniqueness_figure
from andornot.views.in_words import units_in_words
from andornot.views.plain import View, plain

pytest.importorskip("torch", reason="torch is not installed")

table_file, token_run = reader_cases.table_file, reader_cases.token_run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return picture_run(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return pair_run(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(params=["pictures", "pairs", "tokens"])
def shown(request) -> tuple[Run, object, str]:
    """A run of each sort, its data, and one of its layers."""
    if request.param == "tokens":
        return request.getfixturevalue("token_run"), None, "tokens"
    if request.param == "pairs":
        run, data = request.getfixturevalue("pairs")
        return run, data, run.layer()
    return request.getfixturevalue("pictures"), None, LAYER


def assert_plain(value, where="view"):
    """Only what JSON has, and what comes back from JSON is the same."""
    assert json.loads(json.dumps(value, allow_nan=False)) == value
    seen = [value]
    while seen:
        one = seen.pop()
        assert type(one) in (dict, list, str, int, float, bool, type(None)), (where, type(one))
        seen += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def views_of(views):
    yield views.whole
    yield views.unit_list()
    yield from views.units(6)
    for found in (views.concepts(), views.classes(()), views.answers()):
        yield from found or ()


def test_all_views_of_a_run_are_plain(shown):
    run, data, layer = shown
    kinds = set()
    for view in views_of(run_views(run, layer, data)):
        assert_plain(view.as_dict(), type(view).__name__)
        kinds.add(type(view).__name__)
    assert kinds >= {"RunView", "UnitList", "UnitView", "ConceptView", "LayerAnswers", "ClassView"}
    for unit in units_in_words(run, layer=layer, data=data).units:
        assert_plain(unit.as_dict())


def test_all_views_of_figures_are_plain(pictures, pairs):
    run, data = pairs
    for request in (
        FigureRequest(pictures, LAYER, Choices()),
        FigureRequest.of(run, None, Choices(data=data)),
    ):
        found: list[View] = [
            length_figure(length_answer(request)),
            uniqueness_figure(uniqueness_answer(request)),
            contributions_figure(request),
            kinds_figure(request),
        ]
        if request.of_images:
            found += [growth_figure(request), accuracy_figure(accuracy_answer(request), 1)]
        for view in found:
            assert_plain(view.as_dict(), type(view).__name__)


def arrays():
    rng = np.random.default_rng(0)
    masks = rng.random((3, 40)) < 0.4
    table = ConceptTable.from_masks(masks, ["a", "b", "c"], ["x", None, "x"])
    units = np.stack([masks[0] | masks[1], np.zeros(40, bool), rng.random(40) < 0.2])
    return andornot.explain(units, table, length=2), units, table


def test_all_views_of_arrays_are_plain():
    result, units, table = arrays()
    for whole in (array_views(result, units, table), array_views(result)):
        found = list(views_of(whole))
        for view in found:
            assert_plain(view.as_dict(), type(view).__name__)
        assert sum(type(view).__name__ == "UnitView" for view in found) == 3


def test_fields_of_a_view_keep_their_names_and_values(pictures):
    view = unit_view(pictures, 5, LAYER, n_samples=4)
    found = view.as_dict()
    assert set(found) == {field.name for field in fields(view)}
    assert found["entry"]["iou"] == view.entry.iou
    assert found["entry"]["counts"] == list(view.entry.counts)
    sample, told = view.entry.groups[0].samples[0], found["entry"]["groups"][0]["samples"][0]
    assert np.array_equal(told["unit_mask"], sample.unit_mask)
    assert np.array_equal(told["formula_mask"], sample.formula_mask)
    assert (told["name"], told["caption"]) == (sample.name, sample.caption)


@dataclass(frozen=True)
class Odd(View):
    number: object
    pair: tuple[object, ...]


def test_what_json_has_no_form_for_is_told_apart():
    view = Odd(
        np.float32(0.5), (float("nan"), np.inf, np.int64(3), np.bool_(True), parse("a OR b"))
    )
    assert view.as_dict() == {"number": 0.5, "pair": [None, None, 3, True, "a OR b"]}
    assert plain({1: np.array([[True, False]])}) == {"1": [[1, 0]]}
    assert plain(np.array([1.5, np.nan])) == [1.5, None]


# --- one view of a run, asked for alone -----------------------------------------------------------


def test_a_unit_asked_for_alone_is_that_of_the_report(shown):
    run, data, layer = shown
    result = run.result(layer)
    for view in islice(run_views(run, layer, data).units(4), 2):
        alone = unit_view(run, view.ref.unit, layer, n_samples=4, data=data)
        assert alone.as_dict() == view.as_dict()
    last = unit_view(run, -1, layer, n_samples=1, data=data)
    assert last.ref.unit == result.explanations[-1].unit
    with pytest.raises(OptionError, match="no explanation of unit 99"):
        unit_view(run, 99, layer, data=data)
    with pytest.raises(OptionError, match="number of samples is 0"):
        unit_view(run, result.explanations[0].unit, layer, n_samples=0, data=data)


def test_a_tree_of_any_formula(pictures):
    e = next(e for e in pictures.result(LAYER).best(1))
    own = formula_tree(pictures, e.unit, layer=LAYER)
    assert own.iou == pytest.approx(e.iou)
    tree = formula_tree(pictures, e.unit, "red OR NOT blue", LAYER)
    assert [(part.concept, part.negated) for part in tree.concepts()] == [
        ("red", False), ("blue", True),
    ]  # fmt: skip
    assert tree.iou == pytest.approx(pictures.score(e.unit, parse("red OR NOT blue"), LAYER)[0].iou)
    with pytest.raises(OptionError, match=r"unit 8 has no formula \(dead\); give one"):
        formula_tree(pictures, 8, layer=LAYER)
    with pytest.raises(FormulaError):
        formula_tree(pictures, e.unit, "red OR", LAYER)


def test_a_gallery_shows_the_samples_of_a_unit(pictures):
    found = gallery(pictures, LAYER).unit(5, 4)
    assert [view.sample for view in found.samples] == [
        view.sample for group in unit_view(pictures, 5, LAYER, n_samples=4).entry.groups
        for view in group.samples
    ]  # fmt: skip
    assert is_dataclass(found)


def test_the_example_of_the_package_is_right():
    done = doctest.testmod(views)
    assert (done.failed, done.attempted) == (0, 8)
    assert views.__all__ == sorted(views.__all__)
    assert all(getattr(views, name).__doc__ for name in views.__all__)
