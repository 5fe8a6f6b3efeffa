"""Recordings that are interrupted: what is on disk, and that going on gives the same bits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from andornot._tools.files import aside_name
from andornot._tools.timer import Timer
from andornot.counting.stores import Shards
from andornot.errors import ModelError

torch = pytest.importorskip("torch", reason="torch is not installed")

from andornot.pipeline import (  # noqa: E402
    passes,
    pieces,
    record,
)
from andornot.pipeline.pieces import Piece, PieceOfStore, joined  # noqa: E402
from andornot.probes.base import Batch  # noqa: E402
from test_dissect import N_SAMPLES, Colours, folder, run_with  # noqa: E402, F401

SEEN: list[int] = []
"""Sizes of the batches that the network saw; a list of the module, as models are sent as copies."""


def seen():
    """What was seen since somebody asked."""
    found = SEEN[:]
    SEEN.clear()
    return found


@pytest.fixture(autouse=True)
def untried(monkeypatch):
    """Nothing but the recording itself; see ``test_steady`` for what is tried before it."""
    monkeypatch.setattr(record, "try_network", lambda *_: None)


class Sharing(Colours):
    """Each sample's activations hang on all of its batch."""

    def __init__(self, stop_at=None, error=KeyboardInterrupt):
        super().__init__()
        self.stop_at, self.error = stop_at, error
        self.watch = list

    def forward(self, x):
        if len(x) != 4:  # else it is asked whether it is still the same
            self.watch()
            if self.calls == self.stop_at:
                raise self.error
            SEEN.append(len(x))
        return super().forward(x + x.mean())


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by 20 seconds whenever somebody looks."""
    ticks = iter(range(0, 10**6, 20))
    monkeypatch.setattr(pieces, "perf_counter", lambda: next(ticks))


def network(stop_at=None, error=KeyboardInterrupt):
    torch.manual_seed(0)
    return Sharing(stop_at, error)


def files(run_path):
    """All that was recorded: names and bytes."""
    found = sorted((run_path / "cache").glob("*/shards/*"))
    return {str(path.relative_to(run_path)): path.read_bytes() for path in found}


@pytest.fixture
def undisturbed(run_with, tmp_path):  # noqa: F811
    def of(**options):
        run = run_with(network(), length=1, **options)
        run.path.rename(tmp_path / "whole")
        seen()
        return files(tmp_path / "whole")

    return of


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError("out of luck"), SystemExit])
def test_what_was_gathered_is_kept_when_the_network_stops(run_with, undisturbed, error):  # noqa: F811
    whole = undisturbed()
    with pytest.raises((KeyboardInterrupt, SystemExit, ModelError)):
        run_with(network(3, error), length=1)
    assert seen() == [3, 3, 3]
    run = run_with(network(), length=1)
    assert seen() == [1]
    assert files(run.path) == whole


def test_what_thirty_seconds_gave_is_on_disk(run_with, undisturbed, tmp_path, clock):  # noqa: F811
    """A process that is killed has no time to write anything."""
    whole = undisturbed()
    on_disk = []

    def watch():
        store = next((tmp_path / "run" / "cache").glob("activations*")) / "shards"
        on_disk.append([path.name[:19] for path in sorted(store.glob("*.npy"))])

    model = network()
    model.watch = watch
    run = run_with(model, length=1)
    assert on_disk == [[], [], ["000000000-000000006"], ["000000000-000000006"]]
    assert files(run.path) == whole


@pytest.mark.parametrize("size", [1, 6000, 10**9])
@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_pieces_begin_and_end_where_those_of_an_undisturbed_run_do(
    run_with, undisturbed, monkeypatch, clock, size, stop_at  # noqa: F811
):  # fmt: skip
    monkeypatch.setattr(record, "_SHARD_BYTES", size)
    whole = undisturbed()
    with pytest.raises(KeyboardInterrupt):
        run_with(network(stop_at), length=1)
    assert files(run_with(network(), length=1).path) == whole


def test_a_recording_goes_on_where_a_batch_begins(run_with, undisturbed, tmp_path):  # noqa: F811
    whole = undisturbed()
    run = run_with(network(), length=1)
    for stage in (run.path / "cache").glob("*/stage.json"):
        stage.unlink()
    for store in (run.path / "cache").glob("*/shards"):
        Shards(store).cut(5)  # as one with other batches may have ended
    seen()
    assert files(run_with(network(), length=1).path) == whole
    assert seen() == [3, 3, 1]


@pytest.mark.parametrize("stop_at", [1, 3])
def test_shards_of_samples_on_executors_go_on_too(
    run_with, undisturbed, monkeypatch, stop_at  # noqa: F811
):  # fmt: skip
    monkeypatch.setattr(passes, "_SHARD_SAMPLES", 6)
    with ThreadPoolExecutor(1) as executor:
        whole = undisturbed(executor=executor)
        with pytest.raises(ModelError, match="out of luck"):
            run_with(network(stop_at, RuntimeError("out of luck")), length=1, executor=executor)
        before = sum(seen())
        run = run_with(network(), length=1, executor=executor)
    assert before + sum(seen()) == N_SAMPLES
    assert files(run.path) == whole


def test_leftovers_of_a_killed_write_go(run_with, undisturbed, tmp_path):  # noqa: F811
    whole = undisturbed()
    with pytest.raises(KeyboardInterrupt):
        run_with(network(2), length=1)
    shards = next((tmp_path / "run" / "cache").glob("activations*")) / "shards"
    (shards / aside_name("000000000-000000009.npy")).write_bytes(b"half")
    assert files(run_with(network(), length=1).path) == whole


# ---- one store


def place(store, last=100, rows=None):
    return PieceOfStore(store, rows, 0, last)


def values(start, stop):
    return np.arange(start, stop, dtype=np.float32).reshape(-1, 1, 1, 1)


def held(store):
    return [(start, block.ravel().tolist()) for start, block in store.blocks()]


def test_a_longer_file_takes_the_place_of_a_shorter_one(tmp_path):
    store = Shards(tmp_path)
    for stop in (3, 6, 5, 6):
        place(store).put(0, values(0, stop))
    place(store).put(6, values(6, 8))
    assert held(store) == [(0, [0, 1, 2, 3, 4, 5]), (6, [6, 7])]
    assert len(list(tmp_path.iterdir())) == 2


def test_two_files_that_begin_together_are_told_apart(tmp_path):
    """As a kill between writing the longer and removing the shorter leaves them."""
    store = Shards(tmp_path)
    store.append(0, values(0, 3))
    store.append(0, values(0, 6))
    assert place(store).reach() == store.n_rows == 3
    place(store).put(0, values(0, 8))
    assert held(store) == [(0, list(range(8)))]


def test_files_behind_a_gap_or_across_the_end_are_not_gone_on_from(tmp_path):
    store = Shards(tmp_path)
    for start, stop in ((0, 4), (4, 12), (20, 24)):
        store.append(start, values(start, stop))
    assert place(store, last=10).reach() == 4
    place(store, last=10).clear()
    assert [span.start for span in pieces.spans_of(store)] == [0, 20]


def test_stores_of_different_times_have_no_piece_in_common(tmp_path):
    older, newer = Shards(tmp_path / "older"), Shards(tmp_path / "newer")
    for start, stop in ((0, 4), (4, 9)):
        older.append(start, values(start, stop))
    newer.append(0, values(0, 6))
    rows = np.arange(13, dtype=np.int64)
    piece = Piece({"a": place(older, 12), "b": place(newer, 12, rows)}, None, 10**6, Timer())
    assert piece.begin(batch_size=4) == 4
    for start in (4, 8):
        batch = values(start, start + 4)
        piece.add(Batch(slice(start, start + 4), {"a": batch, "b": batch}, None))
    piece.keep()
    assert [a for _, block in held(older) for a in block] == list(range(12))
    assert [a for _, block in held(newer) for a in block] == list(range(12))


def test_a_network_without_logits_has_rows_without_columns():
    batches = [Batch(slice(i, i + 2), {"a": values(i, i + 2)}, None) for i in (0, 2)]
    whole = joined([joined(batches), Batch(slice(4, 5), {"a": values(4, 5)}, None)])
    assert whole.logits is not None
    assert whole.logits.shape == (5, 0)
