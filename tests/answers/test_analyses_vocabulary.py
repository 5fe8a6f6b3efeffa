"""What no concept accounts for: ceilings, shares and samples, against sets of positions."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_cases import LAYER, picture_run
from andornot.analyses import vocabulary
from andornot.analyses.vocabulary import active_by_atom, best_union, has_concept
from andornot.errors import OptionError
from andornot.results.explanation import Certificate
from andornot.views.image_gallery import ImageGallery
from andornot.views.wording import findings, held_out_iou, proof, vocabulary_limit

pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return picture_run(tmp_path_factory.mktemp("pictures"))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=7))
def test_the_best_union_is_the_best_of_all(pairs):
    active = np.array([k for k, _ in pairs])
    sizes = active + np.array([rest for _, rest in pairs]) + (active == 0)

    def iou(atoms):
        both = active[atoms].sum()
        return both / max(1, active.sum() + sizes[atoms].sum() - both)

    everything = range(len(active))
    unions = [list(c) for n in range(len(active) + 1) for c in combinations(everything, n)]
    found = np.flatnonzero(best_union(active, sizes)).tolist()
    assert iou(found) == pytest.approx(max(map(iou, unions)), abs=1e-12)


def test_counts_are_those_of_the_masks(run):
    found = vocabulary.answer(run, LAYER)
    gallery, table = ImageGallery.open(run, LAYER), run.concepts
    by_unit = found.tables["units"].set_index("unit")
    samples = found.tables["samples"]
    assert found.tables["units"]["ceiling"].is_monotonic_increasing
    for unit in list(by_unit.index)[:3]:
        e, row = run.result(LAYER)[unit], by_unit.loc[unit]
        active = active_by_atom(run.responses(LAYER), unit, table.n_atoms)
        accounted = best_union(active, table.counts) & has_concept(table)
        views = [gallery.view(e, accounted, s) for s in range(len(run.samples))]
        left = [int((v.unit_mask & ~v.formula_mask).sum()) for v in views]
        total = sum(int(v.unit_mask.sum()) for v in views)
        assert row["unaccounted"] == pytest.approx(sum(left) / total)
        assert row["no_concept"] <= row["unaccounted"] + 1e-12
        assert row["ceiling"] == pytest.approx(e.certificate.ceiling)
        own = samples[samples["unit"] == unit]
        assert list(own["unaccounted"]) == sorted((n for n in left if n), reverse=True)[: len(own)]
        assert [left[s] for s in own["sample"]] == list(own["unaccounted"])
        assert [int(views[s].unit_mask.sum()) for s in own["sample"]] == list(own["active"])


def test_only_some_units(run):
    found = vocabulary.answer(run, LAYER, units=[run.result(LAYER).best(1)[0].unit])
    assert len(found.tables["units"]) == 1
    with pytest.raises(OptionError, match="has no formula"):
        vocabulary.answer(run, LAYER, units=[10**6])


def best(run):
    return run.result(LAYER).best(1)[0]


def test_the_limit_is_said_where_the_ceiling_is_low(run):
    e = replace(best(run), certificate=Certificate(0.1, 0.2, False, ceiling=0.25, ties=3))
    assert "an IoU of 0.250, of which this one attains 40%" in vocabulary_limit(e)
    assert "none could exceed 0.200" in proof(e)
    assert "3 formulas" in proof(e)
    high = replace(e, certificate=replace(e.certificate, ceiling=0.5))
    unknown = replace(e, certificate=replace(e.certificate, ceiling=None))
    assert not any(map(vocabulary_limit, (high, unknown, replace(e, metric="f1"))))


def test_each_thing_that_is_known_is_said_once(run):
    e = best(run)
    said = {f.label: f for f in findings(e)}
    assert len(said) == len(findings(e))
    assert said["held-out IoU"].value == f"{held_out_iou(e):.3f}"
    assert {"interval in sample", "came back", "ceiling", "correlation", "AUPRC"} <= set(said)
    bare = replace(e, trust=None, agreement=None)
    assert {f.label for f in findings(bare)} == {"IoU in sample", "best formula", "ceiling"}
    assert held_out_iou(bare) is None
