"""What the trainings of both demo networks share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Draw from a seed of its own, on one thread, and leave the caller's random numbers alone."""
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread, so that the result does not hang on the number of cores.

    On networks so small a second thread gains little, and costs much when the machine is busy.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
