"""Pictures of units: the right samples, and masks that equal a plain recomputation."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import colour_cases
from andornot.data.images.open import open_data
from andornot.errors import DataError, OptionError
from andornot.views.image_gallery import ImageGallery
from andornot.views.samples import SILENT, STRONGEST, UNEXPLAINED, WEAKER, choose_samples
from andornot.views.unit import AGREEMENT, FORMULA_ONLY, UNIT_ONLY
from colour_cases import DEAD, NOT_A_NUMBER, RED, Colours

torch = pytest.importorskip("torch", reason="torch is not installed")

run = colour_cases.run


@pytest.fixture
def gallery(run) -> ImageGallery:
    return ImageGallery.open(run)


def plain_unit_mask(run, data, sample, unit):
    """Forward pass, upsampling by torch and threshold, in float64."""
    pixels = np.asarray(data.image(sample), np.float64).transpose(2, 0, 1)[None] / 255
    with torch.no_grad():
        maps = Colours().double()(torch.from_numpy(pixels))
        grid = data.labels(sample).shape
        large = torch.nn.functional.interpolate(maps, grid, mode="bilinear", align_corners=False)
    return large[0, unit].numpy() > run.thresholds()[unit]


def plain_formula_mask(data, sample, formula):
    """The formula on boolean masks of whole label maps."""
    labels = data.labels(sample)
    return formula.evaluate(
        lambda name: np.any([m == data.names.index(name) + 1 for m in labels.maps], axis=0)
    )


@pytest.mark.parametrize("unit", [0, 1, 2])
def test_masks_equal_a_plain_recomputation(run, gallery, unit):
    view = gallery.unit(unit, 12)
    assert view.explanation.formula is not None
    assert {group for group, samples in view.groups if samples} >= {STRONGEST, SILENT}
    for s in view.samples:
        data = gallery.data
        assert s.name == run.samples["sample"][s.sample] == data.sample_ids[s.sample]
        np.testing.assert_array_equal(
            s.unit_mask, plain_unit_mask(run, data, s.sample, unit), err_msg=s.name
        )
        np.testing.assert_array_equal(
            s.formula_mask, plain_formula_mask(data, s.sample, view.explanation.formula)
        )
        assert s.unit_mask.sum() == run.areas()[s.sample, unit]
        assert s.image.tobytes() == data.image(s.sample).tobytes()
        assert s.peak == run.peaks()[s.sample, unit] / run.thresholds()[unit]


def test_groups_show_what_they_promise(gallery):
    by_group = dict(gallery.unit(RED, 8).groups)
    assert {group: len(views) for group, views in by_group.items()} == {
        STRONGEST: 4, WEAKER: 2, UNEXPLAINED: 0, SILENT: 2,
    }  # fmt: skip
    assert all(s.unit_mask.any() for g in (STRONGEST, WEAKER) for s in by_group[g])
    assert all(s.formula_mask.any() and not s.unit_mask.any() for s in by_group[SILENT])
    peaks = [s.peak for g in (STRONGEST, WEAKER) for s in by_group[g]]
    assert peaks == sorted(peaks, reverse=True)
    assert "red square" in by_group[STRONGEST][0].labels


@given(
    hnp.arrays(np.float32, 20, elements=st.floats(0, 9, width=32)),
    hnp.arrays(np.int32, 20, elements=st.integers(0, 2)),
    hnp.arrays(np.int64, 20, elements=st.integers(0, 2)),
    st.integers(1, 24),
    st.booleans(),
)
def test_chosen_samples(peaks, areas, formula_areas, n, unexplained):
    of = choose_samples(peaks, areas, formula_areas, n, unexplained=unexplained)
    chosen = [i for samples in of.values() for i in samples]
    active = set(np.flatnonzero(areas > 0))
    assert len(set(chosen)) == len(chosen) <= n
    assert {*of[STRONGEST], *of[WEAKER], *of[UNEXPLAINED]} <= active
    assert all(areas[i] == 0 and formula_areas[i] > 0 for i in of[SILENT])
    assert all(formula_areas[i] == 0 for i in of[UNEXPLAINED])
    if not unexplained:
        assert not of[UNEXPLAINED]
    assert len(chosen) - len(of[SILENT]) == min(len(active), n - len(of[SILENT])), "empty places"
    assert all(len(of[group]) <= n // 4 for group in (WEAKER, UNEXPLAINED, SILENT))
    assert len(of[SILENT]) == min(n // 4, np.sum((areas == 0) & (formula_areas > 0)))
    left = [formula_areas[i] for i in set(range(20)) - set(chosen) if areas[i] == 0]
    assert not of[SILENT] or min(formula_areas[of[SILENT]]) >= max(left, default=0)
    if of[STRONGEST]:
        weakest = min(peaks[of[STRONGEST]])
        assert all(peaks[i] <= weakest for i in active - set(of[STRONGEST]))


def test_samples_of_equal_standing_are_taken_from_all_over_the_data():
    nothing = np.zeros(100, np.int64)
    of = choose_samples(nothing * 1.0, nothing, nothing + 1, 8)
    assert of[SILENT] == [25, 75]


def test_colours_differ_in_lightness_too():
    lightness = [np.dot(c, (0.299, 0.587, 0.114)) for c in (UNIT_ONLY, FORMULA_ONLY, AGREEMENT)]
    assert lightness[2] - max(lightness[:2]) > 80
    # unit and formula are told apart by blue against red, which most colour-blind people keep
    assert FORMULA_ONLY[2] - UNIT_ONLY[2] > 150


def test_an_image_is_shown_with_the_shape_of_its_grid(gallery):
    assert gallery.unit(RED).samples[0].shape == (168, 224)


def test_shares_add_up(gallery):
    for s in gallery.unit(RED).samples:
        both, unit, formula = s.shares
        assert both + unit == pytest.approx(s.unit_mask.mean())
        assert both + formula == pytest.approx(s.formula_mask.mean())


@pytest.mark.parametrize(("unit", "status"), [(DEAD, "dead"), (NOT_A_NUMBER, "nan")])
def test_units_without_a_formula_have_no_samples(gallery, unit, status):
    view = gallery.unit(unit)
    assert (view.explanation.status, view.samples) == (status, ())


def test_bad_options(run, gallery):
    with pytest.raises(OptionError, match="no explanation of unit 99"):
        gallery.unit(99)
    with pytest.raises(OptionError, match="number of samples is 0"):
        gallery.unit(RED, 0)
    with pytest.raises(OptionError, match="choose one of this run's layers"):
        ImageGallery.open(run, "nowhere")


def test_a_copy_of_the_data_can_be_handed_over(run, gallery, tmp_path):
    shutil.copytree(gallery.data.path, tmp_path / "copy", copy_function=shutil.copy)
    copy = open_data(tmp_path / "copy")
    assert ImageGallery.open(run, data=copy).data is copy
    assert (
        ImageGallery.open(run, data=copy.subset(range(11, -1, -1))).data.sample_ids
        == copy.sample_ids
    )
    with pytest.raises(DataError, match=r"lacks '00.png' and 1 more of the 12 samples"):
        ImageGallery.open(run, data=copy.subset(range(2, 12)))
