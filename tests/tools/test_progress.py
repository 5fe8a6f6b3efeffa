"""Progress where nobody watches: a line now and then, by a clock that the test turns."""

from __future__ import annotations

import io
import sys

import pytest

from andornot._tools import progress
from andornot._tools.progress import logged, show_progress, track


def lines_of(seconds, total, done=0, known=True):
    """What is said of steps that take so many seconds each."""
    time, said = [0.0], []
    given = total if known else 0
    for wait in logged(seconds, "reading", given, done, said.append, lambda: time[0]):
        time[0] += wait
    return said


def test_a_long_work_says_a_line_at_every_tenth():
    assert lines_of([60] * 100, 100) == [
        *(f"reading: {n} of 100 ({n}%), {progress._time(60 * (100 - n))} left"
          for n in range(10, 100, 10)),
        "reading: 100 done in 1:40:00",
    ]  # fmt: skip


def test_a_shorter_one_says_a_line_every_half_minute():
    said = lines_of([1] * 100, 100)
    assert said == [
        "reading: 30 of 100 (30%), 0:01:10 left",
        "reading: 60 of 100 (60%), 0:00:40 left",
        "reading: 90 of 100 (90%), 0:00:10 left",
        "reading: 100 done in 0:01:40",
    ]


@pytest.mark.parametrize(("seconds", "total"), [([0.1] * 200, 200), ([], 0), ([29], 1)])
def test_short_work_says_nothing(seconds, total):
    assert lines_of(seconds, total) == []


def test_many_steps_never_make_many_lines():
    assert len(lines_of([40] * 5000, 5000)) == 10


def test_steps_of_an_earlier_run_are_no_part_of_the_speed():
    assert lines_of([60] * 10, 20, done=10) == [
        *(f"reading: {n} of 20 ({n / 20:.0%}), {progress._time(60 * (20 - n))} left"
          for n in range(12, 20, 2)),
        "reading: 20 done in 0:10:00",
    ]  # fmt: skip


def test_work_of_unknown_length_says_how_far_it_is():
    said = lines_of([10] * 7, 7, known=False)
    assert said == ["reading: 3 so far", "reading: 6 so far", "reading: 7 done in 0:01:10"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Full(io.StringIO):
    def write(self, _text):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stream", [io.StringIO(), Full(), None])
@pytest.mark.parametrize("colour", [None, "1"])
def test_a_log_gets_lines_and_no_bars(monkeypatch, stream, colour):
    if colour is None:
        monkeypatch.delenv("FORCE_COLOR", raising=False)
    else:
        monkeypatch.setenv("FORCE_COLOR", colour)
    ticks = iter(range(0, 10**6, 100))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(ticks))  # type: ignore[attr-defined]
    monkeypatch.setattr(sys, "stderr", stream)
    show_progress(True)
    assert list(track(range(3), "reading", 3)) == [0, 1, 2]
    if isinstance(stream, io.StringIO) and not isinstance(stream, Full):
        assert stream.getvalue().splitlines()[0] == "reading: 1 of 3 (33%), 0:03:20 left"
        assert "\x1b" not in stream.getvalue()
        stream.truncate(0)
        stream.seek(0)


def test_a_terminal_gets_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    show_progress(True)
    assert list(track(range(3), "reading", 3)) == [0, 1, 2]
    assert "3/3" in terminal.getvalue()


def test_a_notebook_keeps_its_bar(monkeypatch):
    drawn = []

    class Bar:
        def __init__(self, *_columns, console, **_options):
            assert console.is_jupyter

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            pass

        def add_task(self, *_words, **_options):
            return 0

        def advance(self, task):
            drawn.append(task)

    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.progress.Progress", Bar)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    show_progress(True)
    assert list(track(range(3), "reading", 3)) == [0, 1, 2]
    assert drawn == [0, 0, 0]


def test_nothing_is_said_where_nobody_asked(capsys):
    assert list(track(range(3), "reading", 3)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
