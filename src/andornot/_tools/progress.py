"""How far long work is: a bar where somebody watches, and a line now and then in a log.

Somebody watches a notebook and a terminal, so bars are there by themselves, once work takes longer
than a moment. A log is told only if someone asked.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from html import escape
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

SECONDS = 30.0
"""Least time between two lines of a log."""

SHARE = 0.1
"""Least share of the work between two lines of a log."""

MOMENT = 0.5
"""Work that nobody asked to see shows itself after so many seconds."""

_REDRAWN = 0.2
"""Least seconds between two drawings of a bar in a notebook."""

_IN_A_TEST = "PYTEST_CURRENT_TEST"

_visible: bool | None = None
"""Whether progress is shown; None for where somebody watches."""


def show_progress(visible: bool | None = True) -> None:
    """Show how far long work is, or hide it, for this process.

    Without this, there is a bar in notebooks and on terminals, and nothing in a log.

    Args:
        visible: True shows it everywhere, in a log as a line now and then; False hides it; None
            is as if nobody had asked.

    Examples:
        >>> show_progress(False)  # as in a script that other programs run
    """
    global _visible
    _visible = visible


def is_shown() -> bool:
    """Whether :func:`tell` says anything."""
    return bool(_visible)


@contextmanager
def without_progress() -> Iterator[None]:
    """Show no bars inside."""
    before = _visible
    show_progress(False)
    try:
        yield
    finally:
        show_progress(before)


def _is_shown() -> bool:
    if _visible is not None:
        return _visible
    # workers are silent, as who gave them the task shows how far it is; and so are tests
    if multiprocessing.parent_process() is not None or _IN_A_TEST in os.environ:
        return False
    return _notebook() is not None or _is_terminal()


def _notebook() -> Any:
    """The shell of a notebook; None outside of one."""
    # whoever is in a notebook has imported it
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None


def tell(sentence: str) -> None:
    """Say something on the way, where progress is shown."""
    if not _is_shown():
        return
    if _notebook() is not None:
        _display(sentence, f"<small>{escape(sentence)}</small>")
    else:
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
    if not _is_shown():
        yield from items
    elif _notebook() is not None:
        yield from _watched(items, lambda n: _NotebookBar(what, total, n), done)
    elif _is_terminal() and not _is_dumb():
        yield from _watched(items, lambda n: _TerminalBar(what, total, n), done)
    else:
        yield from logged(items, what, total, done, _write, time.monotonic)


class _Bar(Protocol):
    """Something that shows how far the work is."""

    def at(self, done: int) -> None:
        """So many steps are done."""

    def close(self, finished: bool) -> None:
        """The work has ended."""


def _watched(items: Iterable[T], bar_at: Callable[[int], _Bar], done: int) -> Iterator[T]:
    """Yield ``items`` with a bar; one that nobody asked for comes after a moment."""
    begun = time.monotonic()
    bar = bar_at(done) if _visible else None
    finished = False
    try:
        for item in items:
            if bar is None and time.monotonic() - begun >= MOMENT:
                bar = bar_at(done)
            yield item
            done += 1
            if bar is not None:
                bar.at(done)
        finished = True
    finally:
        if bar is not None:
            bar.close(finished)


class _TerminalBar:
    """A bar on a terminal."""

    def __init__(self, what: str, total: int, done: int) -> None:
        from rich import progress
        from rich.console import Console

        self._drawn = progress.Progress(
            progress.TextColumn("{task.description:<26}", markup=False),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=not _visible,  # what nobody asked for leaves nothing behind
        )
        self._drawn.start()
        self._task = self._drawn.add_task(what, total=total, completed=done)

    def at(self, done: int) -> None:
        """So many steps are done."""
        self._drawn.update(self._task, completed=done)

    def close(self, finished: bool) -> None:  # noqa: ARG002
        """The work has ended."""
        self._drawn.stop()


class _NotebookBar:
    """A bar in a notebook: one line for all the work of a cell, and no widget.

    So it needs nothing but the notebook itself, and a stored one shows how it ended.
    """

    _cell: tuple[Any, Any] = (None, None)
    """The number of the last cell with a bar, and what changes its line."""

    def __init__(self, what: str, total: int, done: int) -> None:
        self._what, self._total, self._first, self._done = what, total, done, done
        self._begun = time.monotonic()
        self._drawn_at = 0.0
        self.at(done)

    def at(self, done: int) -> None:
        """So many steps are done."""
        self._done = done
        now = time.monotonic()
        if now - self._drawn_at < _REDRAWN:
            return
        self._drawn_at = now
        told = f"{done:,} of {self._total:,}" if self._total else f"{done:,} so far"
        if self._total and done > self._first:
            left = (now - self._begun) / (done - self._first) * max(0, self._total - done)
            told += f", {_time(left)} left"
        bar = f'<progress value="{done}" max="{max(self._total, done, 1)}"></progress> '
        self._draw(told, bar if self._total else "")

    def close(self, finished: bool) -> None:
        """The work has ended."""
        took = _time(time.monotonic() - self._begun)
        self._draw(f"{self._done:,} {'done in' if finished else 'done, stopped after'} {took}", "")

    def _draw(self, told: str, bar: str) -> None:
        html = f"<small>{escape(self._what)}: {bar}{told}</small>"
        number, handle = _NotebookBar._cell
        shell = _notebook()
        handle = handle if number == shell.execution_count else None
        handle = _display(f"{self._what}: {told}", html, handle)
        _NotebookBar._cell = (shell.execution_count, handle)


def _display(text: str, html: str, handle: Any = None) -> Any:
    """Show something in a notebook, or in the place of what a handle showed; gives the handle."""
    from IPython.display import display

    content = {"text/html": html, "text/plain": text}
    marked = {"andornot": "progress"}  # so that who keeps notebooks can leave it out
    if handle is None:
        # its types are not known
        return display(content, raw=True, display_id=True, metadata=marked)  # type: ignore[no-untyped-call]
    handle.update(content, raw=True, metadata=marked)
    return handle


def _is_dumb() -> bool:
    """Whether the terminal cannot move its cursor."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


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
