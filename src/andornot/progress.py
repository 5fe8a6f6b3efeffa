"""Progress bars on long work, silent unless someone asked to see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

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
        from rich.console import Console

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
    with Progress(*columns, console=Console(stderr=True), transient=False) as progress:
        task = progress.add_task(what, total=total, completed=done)
        for item in items:
            yield item
            progress.advance(task)
