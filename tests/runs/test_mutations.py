"""Whatever byte of a run's files changes: it is told, or nothing of what is read changes.

A run is made in two steps, so that there are older versions of its files. Then one file of it is
damaged; all that can be read of the run is read, in every way there is; and the same command is
given once more, which makes good what is damaged.
"""

from __future__ import annotations

import html
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import andornot
from andornot import AndornotError, Threshold
from andornot.counting.rules import Ranges
from andornot.pipeline import record
from andornot.probes.recording import Recording
from andornot.runs import cache as stages
from andornot.runs.run import Run
from andornot.trust.options import TrustOptions

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("jinja2", reason="jinja2 is not installed")

from andornot.edits import AttackOptions, attack  # noqa: E402
from andornot.report.write import write_report  # noqa: E402
from run_reader import Classes, Told, looked, read_all  # noqa: E402
from unlisted import forget_files  # noqa: E402

KINDS = ("flip", "zeros", "cut", "longer", "swap", "old", "gone")
FAST, SLOW = 40, 400
REPORT_EVERY = 25
TRUST = TrustOptions(resamples=2, bootstrap=40, nulls=2)
DEEP = "[" * 200_000
LIST = ".andornot.json"
"""The list of digests in each folder."""


@dataclass
class Case:
    """A run, and how it is made again.

    Attributes:
        folder: where it lies, beside an earlier state of it (``old``).
        make: makes or completes the run in a folder.
        model: what an attack is given.
        data: what the report is given, where the manifest does not lead to it.
        attacked: classes of an attack that lies in it.
        seen: what every way of reading gives.
        page: a report on the run; without activations, why there is none.
    """

    folder: Path
    make: Callable[..., Run]
    model: Any = None
    data: Any = None
    attacked: Classes = None
    seen: dict[str, Any] = field(default_factory=dict)
    page: Any = None

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def build(self) -> Case:
        for length in (1, 2):
            run = self.make(self.run, length=length)
            if self.attacked:
                options = AttackOptions(n_samples=8, n_controls=2, n_units=length)
                found = attack(run, *self.attacked, model=self.model, options=options, n_examples=1)
                found.write(run.path / "attacks" / "-to-".join(self.attacked))
            if length == 1:
                shutil.copytree(self.run, self.folder / "old")
        shutil.copytree(self.run, self.folder / "whole")
        self.seen = read_all(self.run, self.attacked)
        self.page = pages(self, self.folder / "report")
        assert not [told for told in self.seen.values() if isinstance(told, Told)]
        return self

    def restore(self) -> None:
        """The undamaged run again; what this process knows of its files is forgotten."""
        shutil.rmtree(self.run)
        shutil.copytree(self.folder / "whole", self.run)
        forget_files()

    @property
    def files(self) -> list[str]:
        whole = self.folder / "whole"
        return sorted(p.relative_to(whole).as_posix() for p in whole.rglob("*") if p.is_file())


def pages(case: Case, out: Path) -> Any:
    """A report on the run, but for what hangs on the day."""
    attacks = [case.run / "attacks" / "-to-".join(case.attacked)] if case.attacked else []

    def write() -> dict[str, bytes]:
        shutil.rmtree(out, ignore_errors=True)
        run = Run.open(case.run)
        write_report(run, out, [0, 1], 2, data=case.data, attacks=attacks, layer=run.layers[0])
        return {
            p.relative_to(out).as_posix(): p.read_bytes()
            for p in sorted(out.rglob("*"))
            if p.is_file() and not p.name.startswith(".andornot")
        }

    return looked(write)


def unanswered(page: dict[str, bytes]) -> Told:
    """What a report says in the place of an answer."""
    said = re.findall("Not answered: ([^<]*)", page["analyses.html"].decode())
    return Told(" ".join(html.unescape(text) for text in said))


# --- cases -------------------------------------------------------------------------------------


def image_case(folder: Path, attacked: Classes = None, **options: Any) -> Case:
    """Pictures of ponds, a network with a head, and whatever a run of them may hold."""
    from andornot.data.images.labelmaps import write_labelmaps
    from andornot.models import LoadedModel, Preprocessing, fingerprint
    from edit_cases import NAMES, SIZE, Ponds, scene

    rng = np.random.default_rng(0)
    samples = [scene(i, rng) for i in range(10)]
    samples += [replace(scene(i, rng), label="album") for i in (11, 13)]
    write_labelmaps(folder / "data", NAMES, samples)
    net, look = Ponds(), Preprocessing(SIZE, SIZE, (0, 0, 0), (1, 1, 1))
    model = LoadedModel(net, "ponds", None, fingerprint(net), look, ("lake", "swamp"))
    given: dict[str, Any] = {"layer": "units", "threshold": Threshold(None, 0.0), "folds": 2}
    given |= options

    def make(out: Path, length: int) -> Run:
        return andornot.dissect(
            model, data=f"labelmaps:{folder / 'data'}", out=out, length=length, trust=TRUST, jobs=1,
            recording=Recording(batch_size=4, device="cpu"), **given,
        )  # fmt: skip

    return Case(folder, make, model, attacked=attacked)


def pair_case(folder: Path, layer: str) -> Case:
    """Sentence pairs, with units at pairs or at tokens."""
    from test_dissect_text import Counting, pairs

    def make(out: Path, length: int) -> Run:
        return andornot.dissect(
            Counting(), layer, pairs(), out, length=length, trust=TRUST, jobs=1, folds=2,
            recording=Recording(batch_size=12), threshold=Threshold(0.1), min_active=0.0,
        )  # fmt: skip

    return Case(folder, make, data=pairs())


CASES: dict[str, Callable[[Path], Case]] = {
    "image": partial(image_case, attacked=("lake", "swamp")),
    "no store": partial(image_case, layer=["units", "units.0"], store=False),
    "ranges": partial(image_case, threshold=Ranges(3)),
    "pair": partial(pair_case, layer="counts"),
    "token": partial(pair_case, layer="letters"),
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Iterator[dict[str, Case]]:
    """A small run of each kind; activations lie in a file for every batch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "_SHARD_BYTES", 1)
        yield {
            name: make(tmp_path_factory.mktemp(name.replace(" ", ""))).build()
            for name, make in CASES.items()
        }


# --- mutations ---------------------------------------------------------------------------------


def at_an_end(size: int, rng: random.Random) -> int:
    """A place in a file, more often near its beginning or its end."""
    near = min(int(rng.expovariate(1 / 40)), size - 1)
    return rng.choice([near, size - 1 - near, rng.randrange(size)])


def mutate(kind: str, name: str, case: Case, rng: random.Random) -> list[str]:
    """Damage a file of a run; gives the files that are not as they were."""
    path = case.run / name
    data = path.read_bytes()
    if kind == "gone":
        path.unlink()
        return [name]
    if kind == "deep":
        path.write_text(DEEP)
        return [name]
    if kind == "deep, unlisted":
        path.write_text(DEEP)
        (path.parent / LIST).unlink(missing_ok=True)
        return [name]
    if kind == "swap":
        return swap(name, case, rng)
    if kind == "old":
        return put_back(name, case)
    if kind == "longer" or not data:
        path.write_bytes(data + rng.randbytes(rng.randint(1, 64)))
    elif kind == "cut":
        path.write_bytes(data[: at_an_end(len(data), rng)])
    elif kind == "zeros":
        half = len(data) // 2
        zeros = rng.choice([bytes(half) + data[half:], data[:half] + bytes(len(data) - half)])
        path.write_bytes(zeros)
    else:
        at = at_an_end(len(data), rng)
        path.write_bytes(data[:at] + bytes([data[at] ^ rng.randint(1, 255)]) + data[at + 1 :])
    return [name] if path.read_bytes() != data else []


def swap(name: str, case: Case, rng: random.Random) -> list[str]:
    """Change a file with another of its kind, in the same folder if there is one."""
    path = case.run / name
    others = [case.run / other for other in case.files if other.endswith(path.suffix)]
    beside = [other for other in others if other.parent == path.parent and other != path]
    other = rng.choice(beside or [o for o in others if o != path] or [path])
    mine, theirs = path.read_bytes(), other.read_bytes()
    if mine == theirs:
        return []
    path.write_bytes(theirs)
    other.write_bytes(mine)
    return [name, other.relative_to(case.run).as_posix()]


def put_back(name: str, case: Case) -> list[str]:
    """What a file was before the run was made longer."""
    old = case.folder / "old" / name
    if not old.exists():
        return []
    before = (case.run / name).read_bytes()
    (case.run / name).write_bytes(old.read_bytes())
    return [name] if old.read_bytes() != before else []


def check_told(sentence: str, damaged: list[str], case: Case) -> None:
    """One sentence, which names a file that is damaged, or one that a damaged list tells of."""
    assert "\n" not in sentence.strip()
    assert sentence.count("Traceback") == 0
    places = [case.run / name for name in damaged]
    shown = [p if p.exists() and p.name != LIST else p.parent for p in places]
    named = [str(p.relative_to(case.folder)) for p in shown]
    assert any(name in sentence for name in named), f"{sentence}\nnames none of {damaged}"


@dataclass
class Tally:
    """What came of mutations, by kind and by file."""

    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, kind: str, name: str, came: str) -> None:
        self.seen[kind, named(name), came] += 1

    def table(self) -> str:
        frame = pd.DataFrame(
            [(*key, n) for key, n in self.seen.items()], columns=["kind", "file", "came", "n"]
        )
        return "\n\n".join(
            frame.pivot_table("n", by, "came", "sum", fill_value=0, margins=True).to_string()
            for by in ("kind", "file")
        )


def named(name: str) -> str:
    """A file by its role: keys and layers left out."""
    parts = name.split("/")
    role = parts[-1]
    if "shards" in parts:
        role = "shard"
    where = parts[0] if parts[0] != "cache" else parts[1].rpartition("-")[0].split("_")[0]
    return role if len(parts) == 1 else f"{where}/{role}"


def try_out(case: Case, kind: str, name: str, rng: random.Random, out: Path | None) -> str | None:
    """Damage a run, read it, and make it again; what came of it, or None if nothing was damaged."""
    case.restore()
    damaged = mutate(kind, name, case, rng)
    if not damaged:
        return None
    found = read_all(case.run, case.attacked)
    told = {way: value for way, value in found.items() if isinstance(value, Told)}
    for way, value in found.items():
        if way in told:
            if way != "attack":  # which counts as one that there is not
                check_told(value.sentence, damaged, case)
        else:
            assert value == case.seen[way], f"{way} is another one"
    if out is not None:
        page = pages(case, out)
        if page != case.page:
            told["report"] = page if isinstance(page, Told) else unanswered(page)
            check_told(told["report"].sentence, damaged, case)
    forget_files()
    try:
        case.make(case.run, length=2)
    except AndornotError as error:
        check_told(str(error), damaged, case)
        return "asked"
    again = read_all(case.run, case.attacked)
    for way, value in again.items():
        lost = way == "attack" and damaged[0].startswith("attacks/")
        assert lost or value == case.seen[way], f"made again, {way} is {str(value)[:500]}"
    return "told" if told else "the same"


def many(cases: dict[str, Case], count: int, seed: int, out: Path) -> Tally:
    """Mutations of all runs, spread over kinds and files."""
    rng, tally, n = random.Random(seed), Tally(), 0
    queues: dict[str, list[str]] = {name: [] for name in cases}
    while n < count:
        for name, case in cases.items():
            if not queues[name]:
                queues[name] = rng.sample(case.files, len(case.files))
            file = queues[name].pop()
            kind = rng.choice(KINDS)
            came = try_out(case, kind, file, rng, out if n % REPORT_EVERY == 0 else None)
            if came:
                tally.add(kind, f"{file}", came)
                n += 1
    return tally


@pytest.mark.slow
def test_no_byte_changes_unnoticed(cases, tmp_path):
    tally = many(cases, SLOW, 1, tmp_path / "report")
    print(f"\n{tally.table()}")


def test_few_bytes_change_unnoticed(cases, tmp_path):
    many(cases, FAST, 2, tmp_path / "report")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["deep", "deep, unlisted"])
@pytest.mark.parametrize("name", CASES)
def test_no_json_is_too_deep(cases, name, kind):
    for file in cases[name].files:
        if file.endswith(".json"):
            try_out(cases[name], kind, file, random.Random(0), None)


def test_what_a_stage_may_hold_is_known_without_its_list(cases):
    """So that a stage goes though its list is damaged."""
    for case in cases.values():
        for file in case.files:
            parts = file.split("/")
            if parts[0] == "cache" and len(parts) == 3 and parts[2] != LIST:
                assert any(fnmatch(parts[2], pattern) for pattern in stages._UNLISTED), file
