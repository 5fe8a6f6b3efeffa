"""Pictures of units: the right samples, and masks that equal a plain recomputation."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

import andornot
from andornot import Run, Threshold
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.errors import DataError, OptionError
from andornot.probes.base import Recording
from andornot.runs.reopen import images_of, pairs_of
from andornot.views.gallery import SILENT, STRONGEST, UNEXPLAINED, WEAKER, choose_samples
from andornot.views.image_gallery import PictureGallery
from andornot.views.panels import (  # type: ignore[attr-defined]
    AGREEMENT,
    FORMULA_ONLY,
    UNIT_ONLY,
    enlarge,
    outline,
    panel_shape,
    panels,
)

torch = pytest.importorskip("torch", reason="torch is not installed")

RED, DEAD, NOT_A_NUMBER = 0, 3, 4
EVIL = '<script>alert("sea & sky")</script>'


class Colours(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Units: red, green, blue, nothing, NaN."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 5, 1, bias=False)
        with torch.no_grad():
            self.layer.weight[:] = 0
            self.layer.weight[:3, :, 0, 0] = torch.eye(3)
            self.layer.weight[NOT_A_NUMBER] = torch.nan

    def forward(self, x):
        return self.layer(torch.nn.functional.avg_pool2d(x, 4))


def samples():
    """Pictures of 32 x 24 pixels, maps of half that; the last ones are marked but not painted."""
    rng = np.random.default_rng(0)
    for i in range(12):
        image = rng.integers(0, 40, (24, 32, 3)).astype(np.uint8)
        labels = np.zeros((12, 16), np.int32)
        for colour in range(3):
            y, x = 4 * rng.integers(0, 5), 4 * rng.integers(0, 6)
            labels[y // 2 : y // 2 + 4, x // 2 : x // 2 + 4] = colour + 1
            if i < 9:
                image[y : y + 8, x : x + 8] = 0
                image[y : y + 8, x : x + 8, colour] = 150 + rng.integers(0, 100)
        yield NewSample(f"{i:02d}", Image.fromarray(image), {"square": labels})


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    from andornot.models import Preprocessing

    home = tmp_path_factory.mktemp("world")
    names = {"red square": "colour", "green square": "colour", EVIL: "colour"}
    data = write_labelmaps(home / "data", names, samples())
    return andornot.dissect(
        Colours(), "layer", data, home / "run",
        preprocessing=Preprocessing(24, 32, (0, 0, 0), (1, 1, 1)),
        threshold=Threshold(0.05), recording=Recording(batch_size=5, device="cpu"), folds=2,
        length=2, beam_size=3,
    )  # fmt: skip


@pytest.fixture
def gallery(run) -> PictureGallery:
    return PictureGallery.open(run)


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


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_enlarging_a_mask_takes_the_position_under_each_pixel(mask):
    large = enlarge(mask, (21, 17))
    for y in range(21):
        for x in range(17):
            row, column = int((y + 0.5) * mask.shape[0] / 21), int((x + 0.5) * mask.shape[1] / 17)
            assert large[y, x] == mask[row, column]


@given(hnp.arrays(np.bool_, (6, 7)), st.integers(1, 3))
def test_an_outline_is_what_lies_close_to_the_outside(mask, width):
    expected = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        for b, a in np.argwhere(~mask):
            expected[y, x] |= abs(y - b) + abs(x - a) <= width
    np.testing.assert_array_equal(outline(mask, width), expected)


def test_panels_colour_the_right_pixels(gallery):
    view = gallery.unit(RED).samples[0]
    view = replace(view, unit_mask=np.roll(view.unit_mask, 2, axis=(0, 1)))
    assert min(view.shares) > 0
    shape = panel_shape(view.unit_mask.shape)
    assert shape == (168, 224)
    image, unit, formula, both = panels(view)
    assert {p.shape for p in (image, unit, formula, both)} == {(*shape, 3)}
    u, f = enlarge(view.unit_mask, shape), enlarge(view.formula_mask, shape)
    for panel, mask in ((unit, u), (formula, f)):
        inside = mask & ~outline(mask)
        np.testing.assert_array_equal(panel[inside], image[inside])
        assert (panel[~mask].astype(int) <= image[~mask] * 0.25 + 0.5).all()
    for region, colour in ((u & f, AGREEMENT), (u & ~f, UNIT_ONLY), (f & ~u, FORMULA_ONLY)):
        assert (both[outline(region, 1)] == colour).all()
    outside = both[~(u | f)]
    assert (outside[:, 0] == outside[:, 1]).all(), "what neither covers is grey"


def test_colours_differ_in_lightness_too():
    lightness = [np.dot(c, (0.299, 0.587, 0.114)) for c in (UNIT_ONLY, FORMULA_ONLY, AGREEMENT)]
    assert lightness[2] - max(lightness[:2]) > 80
    # unit and formula are told apart by blue against red, which most colour-blind people keep
    assert FORMULA_ONLY[2] - UNIT_ONLY[2] > 150


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
        PictureGallery.open(run, "nowhere")


def changed(run, **data):
    """The run with another note on its data."""
    manifest = json.loads(json.dumps(run.manifest))
    manifest["data"] |= data
    return Run(run.path, manifest)


def test_the_data_of_a_run_is_found_again(run):
    assert images_of(run).fingerprint() == run.manifest["data"]["fingerprint"]


def test_data_that_moved_is_missed(run, tmp_path):
    with pytest.raises(DataError, match=r"was at .*gone and is not there; put it back"):
        images_of(changed(run, source={"spec": f"labelmaps:{tmp_path / 'gone'}"}))


def test_data_that_changed_is_noticed(run):
    with pytest.raises(DataError, match="has changed since"):
        images_of(changed(run, fingerprint="0" * 64))


def test_data_without_pictures_is_refused(run):
    with pytest.raises(OptionError, match="'snli', which has no images"):
        images_of(changed(run, kind="snli"))
    with pytest.raises(OptionError, match="'labelmaps', which has no sentences"):
        pairs_of(run)


def test_a_copy_of_the_data_can_be_handed_over(run, gallery, tmp_path):
    shutil.copytree(gallery.data.path, tmp_path / "copy", copy_function=shutil.copy)
    copy = open_data(tmp_path / "copy")
    assert PictureGallery.open(run, data=copy).data is copy
    assert (
        PictureGallery.open(run, data=copy.subset(range(11, -1, -1))).data.sample_ids
        == copy.sample_ids
    )
    with pytest.raises(DataError, match=r"lacks '00.png' and 1 more of the 12 samples"):
        PictureGallery.open(run, data=copy.subset(range(2, 12)))
