"""How a command ends before its time: signals, closed pipes, no room for what it prints."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, cast

import click

AGAIN = 1.0
"""Signals that come within so many seconds are one: ``timeout``, say, sends each twice."""

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_ORDINARY = (signal.SIG_DFL, signal.default_int_handler)

_places: list[tuple[Path, str]] = []
"""Where the command that runs keeps what it can go on from, and a pattern of the files."""


class SignalledError(KeyboardInterrupt):
    """The command was asked to end; it unwinds as after Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def goes_on_in(folder: Path, kept: str) -> None:
    """Note where the command that runs goes on if it is interrupted.

    Args:
        folder: the command's folder.
        kept: a pattern of the files in it from which it goes on.
    """
    _places.append((folder, kept))


def _goes_on() -> bool:
    """Whether anything lies there that the same command would go on from."""
    with suppress(OSError):
        return any(
            path.is_file() and path.suffix != ".tmp"
            for folder, kept in _places
            for path in folder.glob(kept)
        )
    return False


@contextmanager
def signals(
    now: Callable[[], float] = time.monotonic, leave: Callable[[int], object] = os._exit
) -> Iterator[None]:
    """Let signals that end a program unwind it, so that nothing is left half done.

    A second one that comes later than :data:`AGAIN` ends it at once. Signals that someone ignores
    or handles stay theirs, and outside the main thread nothing changes.

    Args:
        now: a clock, in seconds.
        leave: ends the process with a status.
    """
    _places.clear()
    # Python lets only the main thread handle signals
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first: list[float] = []

    def tell(number: int, _frame: object) -> None:
        if not first:
            first.append(now())
            raise SignalledError(number)
        if now() - first[0] >= AGAIN:
            say("andornot: ended at once; what was written before is kept")
            # not raised again: where threads are joined, that would hang
            leave(128 + number)

    before = {n: signal.getsignal(n) for n in _SIGNALS}
    # what nohup ignores stays ignored, and a handler of a program around us stays its own
    mine = [n for n, handler in before.items() if handler in _ORDINARY]
    for number in mine:
        signal.signal(number, tell)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])


def interruption(error: BaseException | None) -> int | None:
    """The signal that an error comes from; None if it comes from none."""
    while error is not None:
        if isinstance(error, SignalledError):
            return error.number
        if isinstance(error, KeyboardInterrupt):
            return signal.SIGINT
        # an error of a library on the way up may hide the signal
        error = error.__cause__ or error.__context__
    return None


def end_by(number: int) -> int:
    """Say that a signal ended the command, and whether it would go on; the exit status."""
    what = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    then = "starts afresh, and nothing is left half done"
    if _goes_on():
        then = "goes on from here"
    say(f"andornot: {what}; the same command {then}")
    return 128 + number


def say(sentence: str) -> None:
    """Print to the standard error output, if anything can be printed there."""
    with suppress(OSError, ValueError):
        click.echo(sentence, err=True)


class OutputError(OSError):
    """What was to be printed cannot get to the standard output."""


class _Output:
    """The standard output, whose failures can be told from those of other files.

    A pipe that nobody reads any more is left to click and rich, which end without a word.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from error


@contextmanager
def output() -> Iterator[None]:
    """Raise :class:`OutputError` where the standard output cannot be written, at the end too."""
    stream = sys.stdout
    if stream is None:
        yield
        return
    sys.stdout = cast(TextIO, _Output(stream))
    try:
        yield
        sys.stdout.flush()
    except OSError:
        _silence(stream)
        raise
    finally:
        sys.stdout = stream


def _silence(stream: TextIO) -> None:
    """Send what a stream still holds nowhere, or Python would complain of it when it ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
