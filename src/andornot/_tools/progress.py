"""Progress bars on long work, silent unless someone asked to see them.

Where nobody watches (a log, say), there is a line now and then in the place of a bar.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

SECONDS = 30.0
"""Least time between two lines of a log."""

SHARE = 0.1
"""Least share of the work between two lines of a log."""

_visible = False


def show_progress(visible: bool) -> None:
    """Turn progress bars on or off for this process (the command line turns them on)."""
    global _visible
    _visible = visible


@contextmanager
def without_progress() -> Iterator[None]:
    """Show no bars inside."""
    before = _visible
    show_progress(False)
    try:
        yield
    finally:
        show_progress(before)


def tell(sentence: str) -> None:
    """Say something on the way, where progress is shown."""
    if _visible:
        # only where there is something to show, as all that takes long to load
        from rich.console import Console

        with suppress(OSError):  # the work does not end because of a log
            Console(stderr=True, highlight=False).print(sentence, markup=False, soft_wrap=True)


def track(items: Iterable[T], what: str, total: int, done: int = 0) -> Iterator[T]:
    """Yield ``items`` and show how far we are.

    Args:
        items: what is worked through; each item counts as one step.
        what: a few words for the bar, such as ``"reading label maps"``.
        total: number of steps of the whole work.
        done: steps that an earlier, interrupted run had finished already.
    """
    if not _visible:
        yield from items
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_jupyter and (console.is_dumb_terminal or not _is_terminal()):
        yield from logged(items, what, total, done, _write, time.monotonic)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task(what, total=total, completed=done)
        for item in items:
            yield item
            progress.advance(task)


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _write(line: str) -> None:
    """Write a line of the log; the work does not end because that is not possible."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            print(line, file=sys.stderr, flush=True)


def logged(
    items: Iterable[T],
    what: str,
    total: int,
    done: int,
    say: Callable[[str], None],
    now: Callable[[], float],
) -> Iterator[T]:
    """Yield ``items`` and say now and then how far we are: at most ten times, and at the end.

    Short work is passed over.

    Args:
        items: as for :func:`track`, and so are the next three.
        what: a few words.
        total: number of steps; 0 if it is not known.
        done: steps that were finished before.
        say: takes a line.
        now: a clock, in seconds.
    """
    begun = last = now()
    before = told = done
    for item in items:
        yield item
        done += 1
        at = now()
        # both must have passed: time for slow work, a share for work of very many steps
        if at - last < SECONDS or done - told < SHARE * (total or told):
            continue
        if not total:
            say(f"{what}: {done:,} so far")
        elif done < total:
            # steps of an earlier run took no time of this one
            left = (at - begun) / (done - before) * (total - done)
            say(f"{what}: {done:,} of {total:,} ({done / total:.0%}), {_time(left)} left")
        last, told = at, done
    if now() - begun >= SECONDS:
        say(f"{what}: {done:,} done in {_time(now() - begun)}")


def _time(seconds: float) -> str:
    """Hours, minutes and seconds, such as ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
