"""Progress where nobody watches: a line now and then, by a clock that the test turns."""

from __future__ import annotations

import io
import multiprocessing
import sys
import types

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


class Notebook:
    """Stands for the shell of a notebook, and keeps what it displays."""

    kernel = object()

    def __init__(self):
        self.execution_count, self.shown, self.n_lines = 1, [], 0

    def display(self, content, **options):
        assert options["raw"]
        assert options["metadata"] == {"andornot": "progress"}
        self.n_lines += options.get("display_id", False)
        self.shown.append(content)
        return self

    update = display


@pytest.fixture
def notebook(monkeypatch):
    """A notebook in which nobody said whether progress is shown, and where steps take a second."""
    found = Notebook()
    modules = {"IPython": {"get_ipython": lambda: found}, "IPython.display": vars(Notebook)}
    for name, content in modules.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys.modules["IPython.display"], "display", found.display)
    monkeypatch.setattr(progress._NotebookBar, "_cell", (None, None))
    monkeypatch.setattr(progress, "_IN_A_TEST", "NO_SUCH_VARIABLE")
    ticks = iter(range(10**6))
    monkeypatch.setattr("andornot._tools.progress.time.monotonic", lambda: next(ticks))
    show_progress(None)
    return found


def test_a_notebook_shows_how_far_it_is_though_nobody_asked(notebook):
    assert list(track(range(3), "reading", 3)) == [0, 1, 2]
    assert "0 of 3" in notebook.shown[0]["text/plain"]
    assert '<progress value="2" max="3">' in notebook.shown[2]["text/html"]
    assert notebook.shown[-1]["text/plain"].startswith("reading: 3 done in 0:")


def test_all_the_work_of_a_cell_has_one_line(notebook):
    for what in ("reading", "counting"):
        list(track(range(3), what, 3))
    assert notebook.n_lines == 1
    notebook.execution_count += 1
    list(track(range(3), "searching", 3))
    assert notebook.n_lines == 2


def test_a_notebook_says_where_work_was_stopped_and_escapes_what_it_is_called(notebook):
    def stopped():
        yield from range(4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(track(stopped(), "<img src=x>", 9))
    last = notebook.shown[-1]
    assert "4 done, stopped after" in last["text/plain"]
    assert "<img" not in last["text/html"]
    assert "&lt;img" in last["text/html"]


def test_a_notebook_is_told_sentences_apart_from_bars(notebook):
    progress.tell("2 < 3 units")
    list(track(range(3), "reading", 3))
    assert notebook.shown[0] == {"text/html": "<small>2 &lt; 3 units</small>",
                                 "text/plain": "2 < 3 units"}  # fmt: skip
    assert notebook.n_lines == 2


def test_a_notebook_is_silent_where_that_was_asked_for_and_in_short_work(notebook, monkeypatch):
    show_progress(False)
    list(track(range(3), "reading", 3))
    show_progress(None)
    monkeypatch.setattr("andornot._tools.progress.time.monotonic", lambda: 0.0)
    list(track(range(3), "reading", 3))
    assert notebook.shown == []


@pytest.mark.slow
def test_a_real_notebook_has_one_line_and_no_warning(monkeypatch):
    """No widgets are there, for which other bars ask with a warning."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # its kernel is no test
    import nbformat
    from nbclient import NotebookClient

    cell = nbformat.v4.new_code_cell(
        "import time, warnings\n"
        "from andornot._tools.progress import track\n"
        "with warnings.catch_warnings(action='error'):\n"
        "    for what in ('reading', 'counting'):\n"
        "        for _ in track(range(4), what, 4): time.sleep(0.3)\n"
    )
    made = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(made, timeout=120).execute()
    (output,) = made.cells[0].outputs
    assert output["data"]["text/plain"].startswith("counting: 4 done in")
    assert output["metadata"] == {"andornot": "progress"}


def on_a_terminal(monkeypatch):
    """A terminal on which nobody said whether progress is shown."""
    found = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_IN_A_TEST", "NO_SUCH_VARIABLE")
    monkeypatch.setattr(sys, "stderr", found)
    show_progress(None)
    return found


def test_a_terminal_shows_long_work_though_nobody_asked(monkeypatch):
    terminal = on_a_terminal(monkeypatch)
    assert list(track(range(3), "reading", 3)) == [0, 1, 2]
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress, "MOMENT", 0.0)
    assert list(track(range(3), "[red]reading[/x]", 3)) == [0, 1, 2]
    assert "3/3" in terminal.getvalue()
    assert "[red]reading[/x]" in terminal.getvalue()


def test_a_log_says_nothing_until_somebody_asks(monkeypatch, capsys):
    terminal = on_a_terminal(monkeypatch)
    monkeypatch.setattr(Terminal, "isatty", lambda _self: False)
    monkeypatch.setattr(progress, "MOMENT", 0.0)
    assert list(track(range(3), "reading", 3)) == [0, 1, 2]
    assert terminal.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_workers_and_tests_of_others_are_silent(monkeypatch):
    terminal = on_a_terminal(monkeypatch)
    monkeypatch.setattr(progress, "MOMENT", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(multiprocessing, "parent_process", object)
        list(track(range(3), "reading", 3))
    monkeypatch.setattr(progress, "_IN_A_TEST", "PYTEST_CURRENT_TEST")
    list(track(range(3), "reading", 3))
    assert terminal.getvalue() == ""


def test_what_was_asked_for_is_as_before_after_work_without_progress():
    for wanted in (True, False, None):
        show_progress(wanted)
        with progress.without_progress():
            assert progress._visible is False
        assert progress._visible is wanted


def test_nothing_is_said_where_nobody_asked(capsys):
    assert list(track(range(3), "reading", 3)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
