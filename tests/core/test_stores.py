"""Activations on disk, in files of some samples each."""

from __future__ import annotations

import numpy as np

from andornot.counting.stores import Shards


def test_shards_with_gaps_are_known_cut_and_dropped(tmp_path):
    store = Shards(tmp_path)
    values = np.arange(20, dtype=np.float32).reshape(20, 1, 1, 1)
    for start, stop in ((0, 6), (10, 14), (14, 20)):
        store.append(start, values[start:stop])
    assert store.n_samples == 6
    assert store.covers(0, 6)
    assert store.covers(10, 20)
    assert not store.covers(6, 10)
    assert not store.covers(10, 15)
    store.cut(4)
    assert store.n_samples == 4
    assert store.rows(0, 4).ravel().tolist() == [0, 1, 2, 3]
    store.drop(10, 14)
    assert store.covers(14, 20)
    store.append(4, values[4:14])
    assert [block.tolist() for _, block in store.blocks()] == [
        values[a:b].tolist() for a, b in ((0, 4), (4, 14), (14, 20))
    ]
