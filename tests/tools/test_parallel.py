"""Work on several threads, in order."""

from __future__ import annotations

import pytest

from andornot._tools.parallel import ordered_map


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("chunk", [1, 2, 7, 100])
def test_results_come_in_order(jobs, chunk):
    found = ordered_map(lambda i: i * i, range(23), jobs, chunk=chunk)
    assert list(found) == [i * i for i in range(23)]
    assert list(ordered_map(str, [], jobs, chunk=chunk)) == []


@pytest.mark.parametrize("chunk", [1, 4])
def test_the_first_error_is_raised_and_nothing_more_is_begun(chunk):
    begun = []

    def work(i):
        begun.append(i)
        if i == 5:
            raise ValueError("five")
        return i

    with pytest.raises(ValueError, match="five"):
        list(ordered_map(work, range(10_000), 2, chunk=chunk))
    assert len(begun) < 200
