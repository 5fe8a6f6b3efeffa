"""Have torch compute on so many threads for a while, and on as many as before afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch compute on so many threads, at least one.

    On small networks a second thread gains little and doubles the work of the processor, and when
    the machine is busy it costs a multiple of the time.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, count))
    try:
        yield
    finally:
        torch.set_num_threads(before)
