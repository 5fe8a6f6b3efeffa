"""Batches of preprocessed images, read ahead by a few threads, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from andornot._tools.checks import whole_number
from andornot.data.images.pixels import to_rgb
from andornot.errors import AndornotError, DataError, OptionError
from andornot.models.preprocess import Preprocessing


class ImageSource(Protocol):
    """What is needed of probing data: samples with a name and a picture."""

    @property
    def sample_ids(self) -> Sequence[str]:
        """Name of each sample, for messages."""

    def __len__(self) -> int:
        """Count the samples."""

    def image(self, index: int, /) -> Image.Image:
        """Read the picture of a sample; called from several threads."""


def image_batches(
    data: ImageSource,
    preprocessing: Preprocessing,
    batch_size: int,
    start: int = 0,
    workers: int = 2,
) -> Generator[tuple[slice, torch.Tensor], None, None]:
    """Yield the samples from ``start`` on, batch by batch.

    At most two batches are read ahead, so memory stays bounded however slow the consumer is.

    Args:
        data: the samples.
        preprocessing: how an image becomes an input.
        batch_size: images in a batch; the last one may be smaller.
        start: first sample, to go on where an interrupted run stopped.
        workers: threads that read and prepare images.

    Yields:
        which samples they are, and a float32 tensor (n, 3, height, width).

    Raises:
        DataError: an image cannot be read; the message names its sample.
        OptionError: ``batch_size`` or ``workers`` is below 1.

    Examples:
        >>> from andornot.data.images.open import open_data
        >>> plain = Preprocessing(8, 8, mean=(0, 0, 0), std=(1, 1, 1))
        >>> for which, batch in image_batches(open_data("squares"), plain, batch_size=16):
        ...     print(which, tuple(batch.shape))
        slice(0, 16, None) (16, 3, 8, 8)
        slice(16, 24, None) (8, 3, 8, 8)
    """
    if whole_number(batch_size, "batch_size") < 1 or whole_number(workers, "workers") < 1:
        raise OptionError(
            f"Batch size {batch_size} and {workers} workers cannot be used: both must be 1 or more."
        )
    return _batches(data, preprocessing, batch_size, start, workers)


def _batches(
    data: ImageSource, preprocessing: Preprocessing, batch_size: int, start: int, workers: int
) -> Generator[tuple[slice, torch.Tensor], None, None]:
    """Do the work of ``image_batches`` (a generator, so that its checks run at the call)."""
    ahead: deque[Future[NDArray[np.float32]]] = deque()
    upcoming = iter(range(start, len(data)))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="andornot-images")
    try:
        for first in range(start, len(data), batch_size):
            for index in upcoming:
                ahead.append(pool.submit(_read, data, index, preprocessing))
                if len(ahead) >= 2 * batch_size:
                    break
            size = min(batch_size, len(data) - first)
            images = np.stack([ahead.popleft().result() for _ in range(size)])
            yield slice(first, first + size), torch.from_numpy(images)
    finally:
        # also where the consumer stops early, or an image is damaged: nothing reads on
        pool.shutdown(wait=True, cancel_futures=True)


def _read(data: ImageSource, index: int, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Read and prepare one image; an error that is not ours gets the sample's name."""
    try:
        image = data.image(index)
        if image.mode != "RGB":
            image = to_rgb(image, f"the image of sample {data.sample_ids[index]!r}")
        return preprocessing.apply(image)
    except AndornotError:
        raise
    except Exception as error:
        raise DataError(
            f"The image of sample {data.sample_ids[index]!r} cannot be read "
            f"({type(error).__name__}: {error}): replace the file or leave the sample out."
        ) from error
