"""Seconds by part, and memory."""

from __future__ import annotations

import pytest

from andornot._tools.timer import Timer, peak_rss_bytes


def test_a_timer_adds_up_by_part_also_where_the_work_fails():
    timer = Timer()
    with timer.timed("read"):
        pass
    first = timer.seconds["read"]
    with pytest.raises(ZeroDivisionError), timer.timed("read"), timer.timed("count"):
        _ = 1 / 0
    assert list(timer.seconds) == ["read", "count"]
    assert timer.seconds["read"] > first >= 0


def test_memory_is_that_of_a_process_with_numpy_in_it():
    assert 2**22 < peak_rss_bytes() < 2**45
