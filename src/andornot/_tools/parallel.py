"""Work on all cores: kernels run without the GIL, so threads suffice and nothing is copied."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from andornot._tools.checks import whole_number
from andornot.errors import OptionError

T = TypeVar("T")
R = TypeVar("R")


def n_workers(jobs: int | None = None) -> int:
    """Number of threads to use: ``jobs``, or the processors that this process may run on.

    Raises:
        OptionError: ``jobs`` is below 1.
    """
    if jobs is None:
        if hasattr(os, "sched_getaffinity"):
            # in a container or under taskset this is fewer than the machine has
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if whole_number(jobs, "jobs") < 1:
        raise OptionError(f"jobs is {jobs}; give 1 or more, or leave it out to use all cores")
    return jobs


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    jobs: int | None = None,
    ahead: int = 4,
    chunk: int = 1,
) -> Iterator[R]:
    """``map`` on several threads, results in order, with a bounded number of them in memory.

    The first exception is raised where its result would have come; work not begun is dropped then
    and when the iterator is closed (by Ctrl-C, say).

    Args:
        function: called on each item, in some thread.
        items: read lazily, from the calling thread only.
        jobs: number of threads; all cores if not given.
        ahead: chunks in flight for each thread.
        chunk: items that a thread takes at a time; more than 1 pays where each takes well under
            a millisecond.
    """
    if chunk > 1:
        some = chunks(items, chunk)
        for results in ordered_map(lambda part: [function(i) for i in part], some, jobs, ahead):
            yield from results
        return
    workers = min(n_workers(jobs), len(items) if isinstance(items, Sized) else 2**31)
    if workers <= 1:
        # without a pool: errors keep their plain traceback, and small work starts at once
        yield from map(function, items)
        return
    executor = ThreadPoolExecutor(workers)
    pending: deque[Future[R]] = deque()
    try:
        for item in items:
            pending.append(executor.submit(function, item))
            # the oldest is waited for, so that results come in order and few are held
            if len(pending) >= workers * ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: the first time only asks work to end early, the next interrupts.

    Outside the main thread, which alone is told of Ctrl-C, nothing ever asks.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(_number: int, _frame: object) -> None:
        asked.set()
        # a second Ctrl-C is then the usual one
        signal.signal(signal.SIGINT, before)
        print("ending with what is proven so far; Ctrl-C again to give up", file=sys.stderr)

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of so many items, the last of them as long as there are items left."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
