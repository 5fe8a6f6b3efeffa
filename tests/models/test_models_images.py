"""Batches of images: order, restart, bounded reading ahead, errors."""

import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from andornot.errors import DataError, OptionError
from andornot.models import Preprocessing, image_batches

UNIT = Preprocessing.preset("unit", 2, 2)


class Pictures:
    """Pictures whose colour is their number; the first ones take longest to read."""

    def __init__(self, count: int, bad: dict[int, Exception] | None = None, slow: bool = False):
        self.sample_ids = [f"picture {i}" for i in range(count)]
        self.bad = bad or {}
        self.slow = slow
        self.read: set[int] = set()

    def __len__(self) -> int:
        return len(self.sample_ids)

    def image(self, index: int) -> Image.Image:
        if self.slow:
            time.sleep(0.005 * (index % 3 == 0))
        self.read.add(index)
        if index in self.bad:
            raise self.bad[index]
        return Image.new("RGB", (2, 2), (index, index, index))


def test_deep_pictures_are_scaled_or_named():
    class Deep(Pictures):
        def image(self, index: int) -> Image.Image:
            shade = np.full((2, 2), [257, 1][index], [np.uint16, np.int32][index])
            return Image.fromarray(shade)

    batches = image_batches(Deep(1), UNIT, 1)
    assert next(batches)[1].unique().tolist() == pytest.approx([1 / 255])
    with pytest.raises(DataError, match="the image of sample 'picture 1' holds whole numbers"):
        list(image_batches(Deep(2), UNIT, 2))


def numbers(batch: torch.Tensor) -> list[int]:
    return [round(255 * value) for value in batch[:, 0, 0, 0].tolist()]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(1, 5), st.integers(0, 13), st.integers(1, 3))
def test_each_image_comes_once_and_in_order(count, size, start, workers):
    seen = []
    for which, batch in image_batches(Pictures(count), UNIT, size, start, workers):
        assert batch.dtype == torch.float32
        assert len(batch) == which.stop - which.start <= size
        assert numbers(batch) == list(range(which.start, which.stop))
        seen += numbers(batch)
    assert seen == list(range(start, count))


def test_order_is_kept_when_reading_is_uneven():
    batches = image_batches(Pictures(30, slow=True), UNIT, 4, workers=3)
    assert [n for _, batch in batches for n in numbers(batch)] == list(range(30))


def test_reading_ahead_is_bounded_and_ends_with_the_consumer():
    pictures = Pictures(200)
    batches = image_batches(pictures, UNIT, 5)
    next(batches)
    time.sleep(0.05)
    assert len(pictures.read) <= 10
    batches.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("andornot-images")]


def test_our_errors_pass_and_others_name_the_sample():
    own = DataError("the file x.jpg is truncated")
    with pytest.raises(DataError) as caught:
        list(image_batches(Pictures(9, {5: own}), UNIT, 4))
    assert caught.value is own
    with pytest.raises(DataError, match=r"'picture 5'.*OSError: truncated"):
        list(image_batches(Pictures(9, {5: OSError("truncated")}), UNIT, 4))


def test_batches_before_a_bad_image_still_come():
    batches = image_batches(Pictures(9, {5: OSError("no")}), UNIT, 4)
    assert numbers(next(batches)[1]) == [0, 1, 2, 3]


@pytest.mark.parametrize(("size", "workers"), [(0, 1), (1, 0)])
def test_bad_options_fail_at_the_call(size, workers):
    with pytest.raises(OptionError):
        image_batches(Pictures(1), UNIT, size, workers=workers)


def test_tensors_hold_what_preprocessing_gives():
    pictures = Pictures(3)
    ((_, batch),) = image_batches(pictures, UNIT, 8)
    np.testing.assert_array_equal(batch.numpy()[2], UNIT.apply(pictures.image(2)))
