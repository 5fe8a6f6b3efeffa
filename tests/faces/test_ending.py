"""How commands end before their time: signals, closed pipes, no room for what they print."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from importlib import import_module
from pathlib import Path

import pytest

from andornot.cli import ending, main
from andornot.cli.ending import SignalledError, interruption, signals
from andornot.errors import RunError

ENDS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
COMMAND = """
    import os, signal, sys
    import click
    from andornot import cli
    from andornot.cli import ending

    @cli.cli.command()
    def work():
        try:
            BODY
        finally:
            if sys.stdout is not None and sys.exc_info()[0]:
                print("cleaned", flush=True)

    cli.main()
"""


def run(body, *, arguments=("work",), **options):
    """A command of its own in another process, which loads next to nothing."""
    lines = textwrap.dedent(COMMAND).replace("BODY", body.replace("\n", "\n    "))
    return subprocess.run(
        [sys.executable, "-c", lines, *arguments],
        text=True, check=False, timeout=60, **{"capture_output": True} | options,
    )  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_a_signal_unwinds_and_ends_in_one_sentence(name):
    done = run(f"os.kill(os.getpid(), signal.{name})")
    assert done.returncode == ENDS[name]
    assert done.stdout == "cleaned\n"
    what = "interrupted" if name == "SIGINT" else f"ended by {name}"
    assert done.stderr.strip() == (
        f"andornot: {what}; the same command starts afresh, and nothing is left half done"
    )


def test_a_second_signal_at_once_is_the_same_one_and_a_later_one_ends_without_delay():
    """As ``timeout`` sends two; the process would wait for a thread otherwise."""
    at_once = "os.kill(os.getpid(), 2)"
    twice = run(f"{at_once}\nexcept BaseException: {at_once}; raise")
    assert (twice.returncode, twice.stdout) == (130, "cleaned\n")
    assert len(twice.stderr.strip().splitlines()) == 1
    later = run(
        "import threading, time\n"
        "    threading.Thread(target=time.sleep, args=(50,)).start()\n"
        f"    ending.AGAIN = -1\n    {at_once}\nexcept BaseException: {at_once}; raise"
    )
    assert (later.returncode, later.stdout) == (130, "")
    assert later.stderr.strip() == "andornot: ended at once; what was written before is kept"


def test_what_becomes_of_a_signal_on_its_way_up_is_still_an_interruption():
    for raised in (
        "raise RuntimeError('the library was cut off')",
        "raise ImportError('torch')",
        "from andornot.errors import RunError; raise RunError('cannot tidy up')",
        "raise OSError(5, 'Input/output error')",
    ):
        done = run(f"os.kill(os.getpid(), signal.SIGTERM)\nexcept BaseException: {raised}")
        assert done.returncode == 143
        assert "ended by SIGTERM" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_signal_that_is_ignored_stays_ignored():
    """As ``nohup`` does with SIGHUP."""
    done = run(
        "os.kill(os.getpid(), signal.SIGHUP); print('went on')",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert (done.returncode, done.stdout) == (0, "went on\n")


def test_handlers_of_the_caller_come_back_and_other_threads_have_none():
    before = [signal.getsignal(number) for number in ending._SIGNALS]
    with signals():
        assert [signal.getsignal(number) for number in ending._SIGNALS] != before
    assert [signal.getsignal(number) for number in ending._SIGNALS] == before
    seen = []

    def elsewhere():
        with signals():
            seen.extend(signal.getsignal(number) for number in ending._SIGNALS)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == before


def test_the_second_signal_by_the_clock():
    times, left = iter([10.0, 10.9, 11.1]), []
    with signals(lambda: next(times), left.append):
        with pytest.raises(SignalledError):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert left == []
        signal.raise_signal(signal.SIGINT)
    assert left == [130]


def test_errors_that_no_signal_caused_are_none():
    assert interruption(RunError("no")) is None
    assert interruption(EOFError()) is None
    assert interruption(KeyboardInterrupt()) == signal.SIGINT


# ---- what is kept


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        (None, "starts afresh"),
        ("cache/first_pass-1/partial.npz", "goes on from here"),
        ("cache/activations-1/shards/0-3.npy", "goes on from here"),
        ("cache/activations-1/shards/0-3.npy.tmp", "starts afresh"),
        (".lock", "starts afresh"),
        ("notes.txt", "starts afresh"),
    ],
)
def test_to_go_on_is_promised_where_something_is_kept(tmp_path, capsys, monkeypatch, kept, says):
    explain = import_module("andornot.cli.explain")

    def interrupt(*_):
        if kept is not None:
            (tmp_path / kept).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / kept).touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(explain, "threshold_of", interrupt)
    with pytest.raises(SystemExit) as ended:
        main(["explain", "--model", "m.py:net", "--layer", "a", "--data", "d", "--out",
              str(tmp_path)])  # fmt: skip
    assert ended.value.code == 130
    assert says in capsys.readouterr().err


# ---- the standard output

PRINTS = {
    "click": "click.echo('a' * 10)",
    "rich": "from rich.console import Console; Console().print('a' * 10)",
    "print": "print('a' * 10)",
    "much": "print('a' * 10**6)",
}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("how", PRINTS)
def test_no_room_for_what_is_printed(how):
    with Path("/dev/full").open("w") as full:
        done = run(PRINTS[how], stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "andornot: cannot write to the standard output: No space left on device; send it "
        "elsewhere and run the command again"
    )


@pytest.mark.parametrize("how", PRINTS)
def test_nobody_reads_on(how):
    reading, writing = os.pipe()
    os.close(reading)
    done = run(PRINTS[how], stdout=writing, stderr=subprocess.PIPE, capture_output=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_no_standard_output_or_error_at_all():
    done = run("click.echo('a')", preexec_fn=lambda: (os.close(1), os.close(2)))
    assert done.returncode == 0
    failed = run("raise click.UsageError('no')", preexec_fn=lambda: os.close(2))
    assert failed.returncode == 2


def test_other_errors_of_the_system_stay_faults_of_ours():
    done = run("open('/nowhere/at/all')")
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stderr
