"""Preprocessing: the arithmetic, the squash, and the way through a manifest."""

import json
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from andornot.errors import DataError, OptionError
from andornot.models import PRESETS, Preprocessing

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def noise(height: int, width: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def naive(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    """One pixel and colour at a time, in float64."""
    out = np.empty((3, image.height, image.width))
    for y in range(image.height):
        for x in range(image.width):
            for c, value in enumerate(cast(tuple[int, ...], image.getpixel((x, y)))):
                out[c, y, x] = (value / 255 - preprocessing.mean[c]) / preprocessing.std[c]
    return out


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from(sorted(PRESETS)))
def test_image_of_the_right_size_is_only_normalised(height, width, name):
    preprocessing = Preprocessing.preset(name, height, width)
    image = noise(height, width)
    got = preprocessing.apply(image)
    assert got.dtype == np.float32
    assert got.flags.c_contiguous
    np.testing.assert_allclose(got, naive(image, preprocessing), atol=1e-5)


def test_other_sizes_are_squashed_not_cropped():
    stripe = np.zeros((10, 40, 3), dtype=np.uint8)
    stripe[:, :10] = 255  # a crop to the middle square would lose it
    got = Preprocessing.preset("unit", 8, 8).apply(Image.fromarray(stripe))
    assert got.shape == (3, 8, 8)
    assert got[:, :, 0].min() == 1
    assert got[:, :, 4:].max() == 0


def test_resize_uses_the_named_filter():
    image = noise(9, 13)
    nearest = Preprocessing(4, 5, MEAN, STD, "nearest").apply(image)
    by_hand = naive(image.resize((5, 4), Image.Resampling.NEAREST), Preprocessing(4, 5, MEAN, STD))
    np.testing.assert_allclose(nearest, by_hand, atol=1e-5)
    assert not np.allclose(nearest, Preprocessing(4, 5, MEAN, STD, "bicubic").apply(image))


def test_grey_images_become_rgb():
    got = Preprocessing.preset("unit", 4, 4).apply(Image.new("L", (4, 4), 51))
    np.testing.assert_allclose(got, 0.2, atol=1e-6)


def test_deep_images_are_scaled_by_their_type():
    grey = np.arange(16, dtype=np.uint8).reshape(4, 4) * 15
    unit = Preprocessing.preset("unit", 4, 4)
    expected = unit.apply(Image.fromarray(grey))
    for deep in (grey.astype(np.uint16) * 257, grey.astype(np.float32) / 255):
        np.testing.assert_array_equal(unit.apply(Image.fromarray(deep)), expected)
    with pytest.raises(DataError, match="the image holds floats from 0 to 225"):
        unit.apply(Image.fromarray(grey.astype(np.float32)))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_survives_json(name):
    preprocessing = PRESETS[name]
    text = json.dumps(preprocessing.to_dict())
    assert Preprocessing.from_dict(json.loads(text)) == preprocessing


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"height": 0}, "height is 0"),
        ({"width": 2.5}, "width is 2.5"),
        ({"width": True}, "width is True"),
        ({"mean": (1, 2)}, "mean"),
        ({"mean": (1, 2, float("nan"))}, "finite"),
        ({"std": (1, 0, 1)}, "above 0"),
        ({"interpolation": "cubist"}, "bicubic"),
        ({"interpolation": ["box"]}, "bicubic"),
        ({"crop": 3}, "may have interpolation"),
    ],
)
def test_bad_values_are_named(change, words):
    values = PRESETS["imagenet"].to_dict() | change
    with pytest.raises(OptionError, match=words):
        Preprocessing.from_dict(values)


def test_unknown_preset_lists_the_known():
    odd: Any
    for odd in ("imagnet", ["imagenet"]):
        with pytest.raises(OptionError, match="imagenet, places365"):
            Preprocessing.preset(odd)
