"""Kill a process before every single change that it makes on the disk, as SQLite's tests do.

Run as ``python kill_harness.py JOB FOLDER EVERY``. A job is a command with what lay there before it
and what reads its results. It is run to its end once, which counts its operations: files opened
for writing, renames, exchanges, new folders, deletions, links. Then, for each of them, a process is
killed (SIGKILL) just before it; what is read must be the old or the new, and the job that is
started again must give what the undisturbed one gave. Processes are forked, so that they need not
load anything.
"""

from __future__ import annotations

import builtins
import hashlib
import io
import json
import os
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

from andornot._tools import whole_folders
from andornot._tools.progress import show_progress

Reader = Callable[[Path], Any]


@dataclass
class Job:
    """A command, what lay there before, and what a reader sees."""

    before: Callable[[Path], object]
    run: Callable[[Path], object]
    read: Reader


class Counter:
    """Counts changes of the disk, and kills this process before one of them."""

    def __init__(self, kill_at: int | None) -> None:
        self.n, self.kill_at, self.told = 0, kill_at, []

    def step(self, what: str) -> None:
        self.n += 1
        self.told.append(what)
        if self.n == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        opened, os_open = io.open, os.open

        def open_(file, mode="r", *args, **kwargs):
            if any(c in mode for c in "wax+") and not isinstance(file, int):
                self.step(f"open {file}")
            return opened(file, mode, *args, **kwargs)

        def os_open_(path, flags, *args, **kwargs):
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.step(f"open {path}")
            return os_open(path, flags, *args, **kwargs)

        builtins.open = io.open = open_
        os.open = os_open_
        for name in ("rename", "replace", "mkdir", "unlink", "remove", "rmdir", "link", "symlink"):
            setattr(os, name, self._counted(name, getattr(os, name)))
        swap = self._counted("exchange", whole_folders.exchanged)  # type: ignore[attr-defined]
        whole_folders.exchanged = swap  # type: ignore[attr-defined]

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args, **kwargs):
            self.step(f"{name} {' '.join(map(str, args))}")
            return call(*args, **kwargs)

        return counted


def in_child(work: Callable[[], object]) -> int:
    """Run something in a forked process; its exit status, negative for a signal."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def counted_run(job: Job, place: Path, count: Path) -> None:
    counter = Counter(None)
    counter.install()
    job.run(place)
    n, told = counter.n, list(counter.told)
    count.write_text(json.dumps([n, told]))


def killed_run(job: Job, place: Path, at: int) -> None:
    Counter(at).install()
    job.run(place)


def stored(read: Reader, place: Path, file: Path) -> Any:
    """What is read, in a process of its own: no cache of an earlier look helps."""

    def look() -> None:
        file.write_text(json.dumps(read(place)))

    assert in_child(look) == 0, f"{place} cannot be read"
    return json.loads(file.read_text())


def kill_everywhere(job: Job, folder: Path, every: int) -> dict[str, int]:
    """Kill the job before each operation, or every so manyth; raises where something is lost."""
    start, note = folder / "start", folder / "note.json"
    start.mkdir(parents=True)
    assert in_child(lambda: job.before(start)) == 0
    old = stored(job.read, start, note)
    calm = folder / "calm"
    shutil.copytree(start, calm, symlinks=True)
    assert in_child(lambda: counted_run(job, calm, folder / "count.json")) == 0
    n, told = json.loads((folder / "count.json").read_text())
    new = stored(job.read, calm, note)
    assert old != new, "the job changes nothing"
    seen = {"operations": n, "kills": 0, "old": 0, "new": 0}
    for at in range(1, n + 1, every):
        place = folder / "place"
        shutil.copytree(start, place, symlinks=True)
        assert in_child(lambda at=at, place=place: killed_run(job, place, at)) == -signal.SIGKILL  # type: ignore[misc]
        found = stored(job.read, place, note)
        assert found in (old, new), f"killed before {told[at - 1]}: neither old nor new:\n{found}"
        seen["old" if found == old else "new"] += 1
        where = f"killed before {told[at - 1]}"
        assert in_child(lambda place=place: job.run(place)) == 0, f"{where}: cannot start again"  # type: ignore[misc]
        again = stored(job.read, place, note)
        assert again == new, f"{where}: started again, it is\n{again}\n{new}"
        left = [str(p) for p in place.rglob("*") if ".andornot-" in p.name]
        assert not left, f"{where}: left {left}"
        seen["kills"] += 1
        shutil.rmtree(place)
    return seen


# --- jobs --------------------------------------------------------------------------------------


def _world(place: Path) -> None:
    from PIL import Image

    from andornot.data.images.labelmaps import NewSample, write_labelmaps

    rng = np.random.default_rng(0)

    def samples():
        for i in range(6):
            labels = np.kron(rng.integers(0, 3, (4, 4)), np.ones((2, 2), np.int64))
            image = rng.integers(0, 256, (8, 8, 3), np.uint8)
            image[labels == 1] = (255, 0, 0)
            yield NewSample(f"{i}", Image.fromarray(image), {"squares": labels}, label=f"c{i % 2}")

    write_labelmaps(place / "data", {"red": "colour", "blue": "colour"}, samples())


def _net():
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.early = torch.nn.Conv2d(3, 2, 3, padding=1)
            self.layer = torch.nn.Conv2d(2, 3, 1)
            self.head = torch.nn.Linear(3, 2)

        def forward(self, x):
            return self.head(self.layer(self.early(x).relu()).relu().mean((2, 3)))

    torch.manual_seed(0)
    return Net()


def _explain(place: Path, layers: tuple[str, ...] = ("layer",), **options: Any) -> Any:
    from andornot import Threshold, dissect
    from andornot.models import Preprocessing
    from andornot.trust.options import TrustOptions

    given: dict[str, Any] = {
        "threshold": Threshold(0.2), "length": 1, "jobs": 1,
        "trust": TrustOptions(resamples=2, bootstrap=40, nulls=2), "folds": 2,
    } | options  # fmt: skip
    return dissect(
        _net(), list(layers), f"labelmaps:{place / 'data'}", place / "run",
        preprocessing=Preprocessing(8, 8, (0.0,) * 3, (1.0,) * 3), **given,
    )  # fmt: skip


def _read_run(place: Path) -> Any:
    import pandas as pd

    from andornot.runs.run import Run

    if not (place / "run" / "manifest.json").exists():
        return None
    run = Run.open(place / "run")
    result = {n: [e.as_dict() for e in run.result(n).rows()] for n in run.layers}
    counts = {n: run.responses(n).fold_counts.tolist() for n in run.layers}
    peaks = {n: run.peaks(n).tolist() for n in run.layers}
    samples = run.samples.to_json()
    for name in run.layers:
        if run.manifest["store"]:
            assert sum(len(b) for _, b in run.activations(name).blocks()) == len(run.samples)
    assert run.concepts.n_atoms
    for name in ("explanations.parquet", "samples.parquet"):
        if (place / "run" / name).exists():
            pd.read_parquet(place / "run" / name)
    shaped = [run.manifest[k] for k in ("search", "layers", "store")]
    # that others lay there before is said only as long as they do
    shaped.append([n for n in run.manifest["notes"] if "take the place" not in n])
    stages = sorted(run.manifest["stages"])
    return json.loads(json.dumps([result, counts, peaks, samples, shaped, stages], default=str))


def _explain_job(before: dict[str, Any] | None, after: dict[str, Any]) -> Job:
    def start(place: Path) -> None:
        _world(place)
        if before is not None:
            _explain(place, **before)

    return Job(start, lambda place: _explain(place, **after), _read_run)


def _plain(folder: Path) -> Any:
    """All files of a folder but our own notes, by name, with their content."""
    if not folder.is_dir():
        return None
    # commands that pages show hold the place of the run that they were made of
    places = re.escape(str(folder.parents[1]).encode()) + rb"/\w+"
    return {
        p.relative_to(folder).as_posix(): _digest(re.sub(places, b"", p.read_bytes()))
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith(".andornot")
    } or None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _report_job() -> Job:
    from andornot.report.write import write_report
    from andornot.runs.run import Run

    def start(place: Path) -> None:
        _world(place)
        _explain(place, trust=None)
        write_report(Run.open(place / "run"), place / "report", units=[0])
        (place / "report" / "mine.txt").write_text("people's")
        (place / "report" / "unit" / "mine.txt").write_text("people's too")

    def read(place: Path) -> Any:
        found = _plain(place / "report")
        assert found["mine.txt"] == _digest(b"people's")
        assert found["unit/mine.txt"] == _digest(b"people's too")
        return found

    return Job(start, lambda place: write_report(Run.open(place / "run"), place / "report"), read)


def _convert_job() -> Job:
    from andornot.data.images.convert import convert
    from andornot.data.images.open import open_data
    from andornot.errors import OptionError

    def run(place: Path) -> None:
        if read(place) is None:
            convert(open_data(f"labelmaps:{place / 'data'}"), place / "new", jobs=1)
            return
        with pytest.raises(OptionError, match="exists already"):  # it was killed when all was done
            convert(open_data(f"labelmaps:{place / 'data'}"), place / "new", jobs=1)

    def read(place: Path) -> Any:
        return _plain(place / "new")

    return Job(_world, run, read)


def _train_job() -> Job:
    from andornot.data.sentences.pairs import Pair, Sentence
    from andornot.models.sentences.model import Config
    from andornot.models.sentences.training import TrainOptions, train

    words = ["a", "cat", "dog", "sits", "runs"]
    rng = np.random.default_rng(0)
    classes = ("entailment", "neutral", "contradiction")
    pairs = tuple(
        Pair(str(i), *(Sentence(tuple(rng.choice(words, 3))) for _ in "ab"), label=classes[i % 3])  # type: ignore[misc, arg-type]
        for i in range(12)
    )

    def run(place: Path) -> None:
        options = TrainOptions(epochs=2, batch_size=4, min_count=1, patience=2)
        small = Config(embedding=3, state=2, hidden=(4,), dropout=0.0)
        train(pairs, pairs[:6], place / "nli", small, options)

    def read(place: Path) -> Any:
        import torch

        if not (place / "nli" / "report.json").exists():
            return None
        values = torch.load(place / "nli" / "best.pt", weights_only=True)["state_dict"]
        report = json.loads((place / "nli" / "report.json").read_text())
        return [report, {name: value.tolist() for name, value in values.items()}]

    return Job(lambda place: None, run, read)


def _table_job() -> Job:
    from andornot.concepts.table import ConceptTable

    def table(name: str) -> ConceptTable:
        return ConceptTable.from_masks(np.eye(3, dtype=bool), [name, "b", "c"])

    def read(place: Path) -> Any:
        return ConceptTable.load(place / "table").names

    return Job(
        lambda place: table("old").save(place / "table"),
        lambda place: table("new").save(place / "table"),
        lambda place: list(read(place)),
    )


def _result_job() -> Job:
    import andornot

    def result(length: int) -> andornot.Result:
        rng = np.random.default_rng(0)
        table = andornot.ConceptTable.from_masks(rng.random((3, 40)) < 0.4, ["a", "b", "c"])
        return andornot.explain(rng.random((2, 40)) < 0.3, table, length=length, jobs=1)

    def read(place: Path) -> Any:
        return [e.as_dict() for e in andornot.Result.load(place / "result.json")]

    return Job(
        lambda place: result(1).save(place / "result.json"),
        lambda place: result(2).save(place / "result.json"),
        read,
    )


def _stream_job() -> Job:
    from andornot.concepts.table import ConceptTable
    from andornot.counting.responses import Responses
    from andornot.pipeline.stream import explain_to_parquet

    def run(place: Path) -> None:
        rng = np.random.default_rng(0)
        table = ConceptTable.from_masks(rng.random((3, 40)) < 0.4, ["a", "b", "c"])
        responses = Responses.from_masks(rng.random((5, 40)) < 0.3, table)
        explain_to_parquet(responses, table, place / "u.parquet", block=2, length=2, jobs=1)

    def read(place: Path) -> Any:
        import pandas as pd

        path = place / "u.parquet"
        return json.loads(pd.read_parquet(path).to_json()) if path.exists() else None

    return Job(lambda place: None, run, read)


JOBS: dict[str, Callable[[], Job]] = {
    "explain": lambda: _explain_job({}, {"length": 2}),
    "first": lambda: _explain_job(None, {}),
    "everything": lambda: _explain_job({}, {"length": 2, "folds": 3}),
    "no-store": lambda: _explain_job({"store": False}, {"store": False, "length": 2}),
    "first-no-store": lambda: _explain_job(None, {"store": False}),
    "ranges": lambda: _explain_job({}, {"threshold": _ranges()}),
    "two-layers": lambda: _explain_job({}, {"layers": ("early", "layer")}),
    "report": _report_job,
    "convert": _convert_job,
    "nli-train": _train_job,
    "table": _table_job,
    "result": _result_job,
    "stream": _stream_job,
}


def _ranges() -> Any:
    from andornot.counting.ranges import Ranges

    return Ranges(2)


def main() -> None:
    name, folder, every = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    show_progress(False)
    import torch

    torch.set_num_threads(1)
    job = JOBS[name]()
    shutil.rmtree(folder, ignore_errors=True)
    warm = folder / "warm"
    warm.mkdir(parents=True)
    job.before(warm)
    job.run(warm)  # so that every process forked from this one has all kernels
    shutil.rmtree(warm)
    print(json.dumps({"job": name} | kill_everywhere(job, folder, every)))


if __name__ == "__main__":
    main()
