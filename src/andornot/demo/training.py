"""What the trainings of both demo networks share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from andornot.models.threads import threads


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Draw from a seed of its own, on one thread, and leave the caller's random numbers alone.

    On one thread the result does not hang on the number of cores.
    """
    with threads(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def batches(count: int, steps: int, size: int) -> Iterator[Tensor]:
    """Indices of the samples of each step, in a new random order each epoch.

    Args:
        count: number of samples.
        steps: number of batches.
        size: samples in a batch, at most ``count``.
    """
    done = 0
    while done < steps:
        for chosen in torch.split(torch.randperm(count), size):
            if len(chosen) == size and done < steps:
                done += 1
                yield chosen
