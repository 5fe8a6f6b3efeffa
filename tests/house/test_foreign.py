"""No writer of the package deletes, changes or follows what it did not make.

Each writer runs once undisturbed, which tells the names that it writes. Then files, folders and
links of other people stand in the place of each of them, and beside them, and the writer runs
again: it either leaves them alone, or refuses in one sentence.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from PIL import Image

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("jinja2", reason="jinja2 is not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")

import kill_harness
from andornot import AndornotError, ConceptTable, Responses
from andornot._tools.files import aside_name, locked
from andornot._tools.folders import LIST, LOCK
from andornot.cli import cli
from andornot.edits import Attack, EditExample
from andornot.runs.run import Run
from download_cases import Handler, Server, Site, zipped

MINE = b"somebody's own\n"
THEIR_NAMES = ("notes.txt", "sub/notes.txt", ".DS_Store")
ENDINGS = (".old", ".tmp", ".partial", ".unpacking", ".parts", ".lock", ".part", ".part.json")
ASIDE = ".*.andornot-*.tmp"
KINDS = ("file", "folder", "link to a file", "link to a folder", "dangling link")


@dataclass
class World:
    """What the writers work on.

    Attributes:
        home: has ``data`` and ``run``.
        address: a server with an archive.
    """

    home: Path
    address: str

    @property
    def run(self) -> Path:
        return self.home / "run"


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    from analysis_cases import picture_run

    home = tmp_path_factory.mktemp("world")
    picture_run(home, layers="relu2", length=2, trust=None, units=[0, 1, 2])
    handler: Any = type("Bound", (Handler,), {"site": Site()})
    handler.site.files["/box.zip"] = zipped(**{"box/one.txt": b"1", "box/two.txt": b"2"})
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield World(home, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def box(monkeypatch):
    """An item of the catalogue that the server has."""
    from andornot.downloads import get
    from andornot.downloads.catalogue import find

    def found(name: str) -> Any:
        return replace(
            find("snli"), name=name, file="box.zip", folder="box", checksum=None, size=None
        )

    monkeypatch.setattr(get, "find", found)


# --- writers -----------------------------------------------------------------------------------


def command(*words: object) -> None:
    cli.main([str(word) for word in words], standalone_mode=False)


def an_attack(key: str = "0" * 16) -> Attack:
    """What an attack may find, pictures too."""
    table = pd.DataFrame({"edit": ["paste a"], "n": [1]})
    picture = Image.new("RGB", (4, 4))
    example = EditExample("s00", "paste a", picture, picture, "Red", (0.1, 0.9))
    return Attack("Red", "Green", {"edits": table}, ("Found.",), (example,), key)


def attack(run: Path, *words: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("andornot.edits.attack", lambda *_, **__: an_attack())
        patch.setattr(sys.modules["andornot.cli.attack"], "_print_attack", lambda _: None)
        command("attack", run, "--from", "Red", "--to", "Green", "--quiet", *words)


def explain(world: World, out: Path, length: int = 2) -> None:
    import andornot
    from andornot import Threshold
    from andornot.probes.base import Recording

    data = f"labelmaps:{world.home / 'data'}"
    andornot.dissect(
        f"{world.home / 'network.py'}:net", "relu2", data, out, length=length, trust=None, folds=2,
        threshold=Threshold(0.05), units=[0, 1], jobs=1,
        recording=Recording(batch_size=48, device="cpu"),
    )  # fmt: skip


def save_table(_: World, out: Path) -> None:
    ConceptTable.from_masks(np.eye(3, dtype=bool), ["a", "b", "c"]).save(out)


def save_responses(_: World, out: Path) -> None:
    table = ConceptTable.from_masks(np.eye(3, dtype=bool), ["a", "b", "c"])
    Responses.from_masks(np.eye(3, dtype=bool), table).save(out)


def stream(_: World, out: Path) -> None:
    from andornot.pipeline.stream import explain_to_parquet

    table = ConceptTable.from_masks(np.eye(3, dtype=bool), ["a", "b", "c"])
    responses = Responses.from_masks(np.eye(3, dtype=bool), table)
    explain_to_parquet(responses, table, out, block=2, length=1, jobs=1)


def classifier(_: World, out: Path) -> None:
    from andornot.models.sentences import EntailmentNet, PairClassifier, Vocabulary, save_classifier
    from nli_cases import SMALL, grammar

    words = Vocabulary.from_pairs(grammar(6))
    module = EntailmentNet(SMALL, len(words), words.padding)
    save_classifier(PairClassifier(module, words, "cpu"), out)


def train(_: World, out: Path, **options: Any) -> None:
    from andornot.models.sentences import Config, TrainOptions
    from andornot.models.sentences import train as run
    from nli_cases import grammar

    small = Config(embedding=3, state=2, hidden=(4,), dropout=0.0)
    quick = TrainOptions(epochs=1, batch_size=16)
    run(grammar(24), grammar(6), out, small, quick, device="cpu", **options)


def labelmaps(_: World, out: Path) -> None:
    from andornot.data.images.labelmaps import NewSample, write_labelmaps

    ids = np.ones((2, 2), np.uint8)
    sample = NewSample("one", Image.new("RGB", (4, 4)), {"square": ids})
    write_labelmaps(out, {"red": "colour"}, [sample])


def reproduction(_: World, out: Path) -> None:
    from andornot.reproduce.comparability import Comparability
    from andornot.reproduce.figure import Figure
    from andornot.reproduce.reproduction import Reproduction

    figure = Figure("IoU", "mean", "Figure 3", 0.1, 0.1, 0.01, "same", "")
    made = Reproduction("vision", out / "run", Comparability(), (figure,), {"settings": {}}, ())
    made.write(out)


def plot(_: World, out: Path) -> None:
    from benchmarks.scale import plot as draw

    names = ("samples", "positions", "cells", "atoms", "table", "counting", "beam", "auto")
    draw({"rows": [dict.fromkeys(names, n) for n in (1, 2)], "units": 1}, out)


def edit(world: World, out: Path) -> None:
    words = ("recolour", world.run, "s00.png", "red OR green OR blue", "#777777")
    command("edit", *words, "--trust-code", "--out", out)


WRITERS: dict[str, tuple[str, Callable[[World, Path], object]]] = {
    "report": ("out", lambda w, out: command(
        "report", w.run, "--units", "0", "--samples", "1", "--out", out, "--quiet")),
    "page": ("out", lambda w, out: command(
        "page", w.run, "--units", "0", "--samples", "1", "--out", out, "--quiet")),
    "figures": ("out", lambda w, out: command(
        "figures", w.run, "--only", "length", "--format", "svg", "--out", out, "--quiet")),
    "analyze": ("out", lambda w, out: command("analyze", "length", w.run, "--out", out, "--quiet")),
    "analyze all": ("out", lambda w, out: command("analyze", "all", w.run, "--out", out,
                                                  "--quiet")),
    "attack": ("out", lambda w, out: attack(w.run, "--out", out)),
    "edit": ("out.png", edit),
    "plot": ("out.svg", plot),
    "convert": ("out", lambda w, out: command(
        "data", "convert", f"labelmaps:{w.home / 'data'}", out, "--samples", 2, "--jobs", 1,
        "--quiet")),
    "get": ("out", lambda w, out: command(
        "data", "get", "mnli", "--to", out, "--mirror", w.address, "--quiet")),
    "table": ("out", save_table),
    "responses": ("out.npz", save_responses),
    "stream": ("out.parquet", stream),
    "classifier": ("out.pt", classifier),
    "train": ("out", train),
    "labelmaps": ("out", labelmaps),
    "reproduction": ("out", reproduction),
    "explain": ("out", explain),
}  # fmt: skip
SLOW = ("explain", "analyze all", "edit", "get")
QUICK = [name for name in WRITERS if name not in SLOW]
ONE_FILE = ("edit", "plot", "responses", "stream", "classifier")
ANEW = ("convert", "labelmaps", "edit", "plot")
"""Writers that never replace anything."""


def names_of(world: World, writer: str, folder: Path) -> list[str]:
    """What a writer writes, folders too, from its place's parent."""
    place, run = WRITERS[writer]
    folder.mkdir()
    run(world, folder / place)
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


_names: dict[str, list[str]] = {}


@pytest.fixture
def names(world, tmp_path_factory) -> Callable[[str], list[str]]:
    def known(writer: str) -> list[str]:
        if writer not in _names:
            folder = tmp_path_factory.mktemp("calm") / "place"
            _names[writer] = names_of(world, writer, folder)
        return _names[writer]

    return known


# --- what must not change ----------------------------------------------------------------------


def seen(path: Path) -> Any:
    """What is at a path, all that is below it included."""
    if path.is_symlink():
        return "link", str(path.readlink())
    if path.is_dir():
        return {entry.name: seen(entry) for entry in sorted(path.iterdir())}
    return path.read_bytes() if path.exists() else None


def beside(path: Path, found: Any) -> bool:
    """Whether a file of somebody lies beside its place, as it was."""
    return any(seen(other) == found for other in path.parent.glob(f"{path.name}.*"))


@contextmanager
def unharmed(folder: Path, theirs: list[Path], *, moved: bool = False) -> Iterator[list[str]]:
    """Run a writer: it leaves alone what is of somebody, and ends well or with a sentence.

    Args:
        folder: where it writes.
        theirs: of somebody; all in ``elsewhere`` beside it is, too.
        moved: whether it may be given another name.
    """
    elsewhere = folder.parent / "elsewhere"
    before = {path: seen(path) for path in [*theirs, elsewhere]}
    inodes = {path: path.stat().st_ino for path in elsewhere.rglob("*") if path.exists()}
    there = {*folder.rglob(ASIDE)}
    said: list[str] = []
    try:
        yield said
    except (AndornotError, click.ClickException) as error:
        said.append(str(error) or error.format_message())  # type: ignore[union-attr]
    for path, found in before.items():
        same = seen(path) == found or (moved and beside(path, found))
        assert same, f"{path}: {found} is now {seen(path)}; {said}"
    assert inodes == {p: p.stat().st_ino for p in elsewhere.rglob("*") if p.exists()}
    assert not any("\n" in text for text in said)
    left = {*folder.rglob(ASIDE)} - there
    assert not left, f"left {left}; {said}"


def put(folder: Path, path: Path, kind: str) -> Path:
    """Put something of somebody at a path; links lead to ``elsewhere``."""
    elsewhere = folder.parent / "elsewhere"
    (elsewhere / "folder").mkdir(parents=True, exist_ok=True)
    for file in (elsewhere / "file", elsewhere / "folder/file"):
        if not file.exists():
            file.write_bytes(MINE)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if kind == "file":
        path.write_bytes(MINE)
    elif kind == "folder":  # what we put beside their files, is no harm
        path.mkdir()
        path = path / "mine.txt"
        path.write_bytes(MINE)
    else:
        end = {"link to a file": "file", "link to a folder": "folder"}.get(kind, "gone")
        path.symlink_to(elsewhere / end)
    return path


def disturbed(world: World, writer: str, name: str, kind: str, tmp_path: Path) -> list[str]:
    folder = tmp_path / re.sub(r"\W", "_", f"{name}-{kind}")[-80:] / "place"
    folder.mkdir(parents=True)
    theirs = [put(folder, folder / name, kind)]
    place, run = WRITERS[writer]
    with unharmed(folder, theirs, moved=writer in ("get", "explain")) as said:
        run(world, folder / place)
    shutil.rmtree(folder.parent)
    return said


def some_of(names: list[str]) -> list[str]:
    """A name of each folder and kind of file."""
    kinds = {(Path(n).parent, Path(n).suffix, n.count("/") < 2 and n): n for n in names}
    found: dict[Any, str] = {}
    for (parent, suffix, _), name in kinds.items():
        found.setdefault((re.sub(r"\d+", "", str(parent)), suffix), name)
    return list(found.values())


@pytest.mark.parametrize("writer", QUICK)
@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_the_place_stays(world, names, tmp_path, writer, kind):
    for name in some_of(names(writer)):
        disturbed(world, writer, name, kind, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_any_place_stays(world, names, tmp_path, writer, kind):
    chosen = names(writer) if writer not in SLOW else some_of(names(writer))
    if writer == "get" and kind == "link to a folder":
        chosen.remove("out")  # data may lie on another disk; all that comes there is new
    for name in chosen:
        disturbed(world, writer, name, kind, tmp_path)


@pytest.mark.parametrize(
    "writer", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_stands_beside_stays(world, tmp_path, writer, kind):
    folder, (place, run) = tmp_path / "place", WRITERS[writer]
    stems = [place, *(f"{place}/{name}" for name in ("index.html", "manifest.json", "box.zip"))]
    if writer in ONE_FILE:
        stems = [place]
    theirs = [put(folder, folder / f"{stem}{end}", kind) for stem in stems for end in ENDINGS]
    for stem in stems:
        path = (folder / stem).with_name(f".{Path(stem).name}.andornot-0123456789abcdef.tmp")
        theirs.append(put(folder, path, kind))
    with unharmed(folder, theirs):
        run(world, folder / place)


@pytest.mark.parametrize(
    "writer", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
@pytest.mark.parametrize("added", [True, False])
def test_what_was_added_or_changed_stays(world, names, tmp_path, writer, added):
    """The command writes again where it wrote before, and where people were since."""
    folder, (place, run) = tmp_path / "place", WRITERS[writer]
    folder.mkdir()
    run(world, folder / place)
    inside = folder if writer in ONE_FILE else folder / place
    theirs = [put(folder, inside / name, "file") for name in THEIR_NAMES]
    if not added:
        own = [n for n in names(writer) if (folder / n).is_file() and LIST not in n]
        own = [n for n in own if "/cache/" not in n and "/results/" not in n]
        theirs = []
        for name in own[:1]:  # changed, not of another kind
            path = folder / name
            path.write_bytes(MINE if writer in ONE_FILE else path.read_bytes() + MINE)
            theirs.append(path)
    with unharmed(folder, theirs, moved=True) as said:
        run(world, folder / place)
    if added:
        assert (writer in ANEW) == bool(said), said


_SLOWLY = [pytest.param(name, marks=pytest.mark.slow) for name in ("report", "page", "explain")]


@pytest.mark.parametrize(
    "writer", [*(n for n in QUICK if n not in (*ANEW, "report", "page")), *_SLOWLY]
)
@pytest.mark.parametrize("kind", ["link to a file", "dangling link"])
def test_links_instead_of_own_files_are_not_followed(world, names, tmp_path, writer, kind):
    folder, (place, run) = tmp_path / "place", WRITERS[writer]
    folder.mkdir()
    run(world, folder / place)
    own = [n for n in names(writer) if (folder / n).is_file() and not n.endswith((LOCK, ".lock"))]
    for name in some_of(own) if writer != "explain" else own:
        again = tmp_path / "again"
        shutil.copytree(folder, again / "place", symlinks=True)
        with unharmed(again / "place", [put(again / "place", again / "place" / name, kind)]):
            run(world, again / "place" / place)
        shutil.rmtree(again)


@pytest.mark.parametrize("command_", ["report", "page", "table"])
def test_a_page_does_not_replace_what_other_commands_wrote(world, tmp_path, command_):
    """All is andornot's, and the folder has a list; yet an attack or a run is no older page."""
    an_attack().write(tmp_path / "attack")
    shutil.copytree(world.run, tmp_path / "run")
    for folder in (tmp_path / "attack", tmp_path / "run"):
        before = seen(folder)
        with pytest.raises(AndornotError, match="holds other files"):
            WRITERS[command_][1](world, folder)
        assert seen(folder) == before


def test_what_another_command_wrote_into_a_report_stays_there(world, tmp_path):
    out = tmp_path / "out"
    command("page", world.run, "--units", "1", "--samples", "1", "--out", out, "--quiet")
    an_attack().write(out)
    before = (tmp_path / "out/attack.json").read_bytes()
    WRITERS["report"][1](world, tmp_path / "out")
    assert (tmp_path / "out/attack.json").read_bytes() == before
    assert (tmp_path / "out/units.html").exists()
    (page,) = (out / "unit").glob("*.html")
    assert page.stem.endswith("-00000")  # what andornot page wrote is replaced
    an_attack("1" * 16).write(tmp_path / "out")  # and it is still known as ours
    assert "1" * 16 in (tmp_path / "out/attack.json").read_text()


# --- received runs -----------------------------------------------------------------------------


def run_parts(run: Path) -> list[str]:
    stages = sorted(p.name for p in (run / "cache").iterdir())
    shards = next((run / "cache").glob("*/shards")).relative_to(run).as_posix()
    results = next((run / "results").iterdir()).relative_to(run).as_posix()
    return [
        "cache", "results", "attacks", "attacks/Red-to-Green", "report", "page", "figures",
        "manifest.json", "explanations.parquet", ".lock", LIST, LOCK, shards, results,
        *(f"cache/{name}" for name in stages), f"cache/{stages[0]}/stage.json",
        aside_name("manifest.json"), aside_name("report"), f"cache/{aside_name('engine')}",
        ".report.lock", "manifest.json.tmp",
    ]  # fmt: skip


def write_into(world: World, run: Path) -> Iterator[Callable[[], object]]:
    """All that writes into a run."""
    yield lambda: command("report", run, "--units", "0", "--samples", "1", "--quiet")
    yield lambda: command("page", run, "--units", "0", "--samples", "1", "--quiet")
    yield lambda: command("figures", run, "--only", "length", "--format", "svg", "--quiet")
    yield lambda: command("analyze", "length", run, "--out", run / "tables", "--quiet")
    yield lambda: command("analyze", "length", run, "--out", run, "--quiet")
    yield lambda: attack(run)


def linked(run: Path, name: str) -> None:
    """Move a part of a run elsewhere, or make it up there, and put a link in its place."""
    path, kept = run / name, run.parent / "elsewhere" / "part"
    kept.parent.mkdir()
    path.parent.mkdir(exist_ok=True)
    if path.exists():
        path.rename(kept)
    elif path.suffix in ("", ".tmp") and "manifest" not in name and "lock" not in name:
        kept.mkdir()
        (kept / "mine.txt").write_bytes(MINE)
    else:
        kept.write_bytes(MINE)
    path.symlink_to(kept)


@pytest.mark.parametrize(
    "name", ["report", "figures", "attacks/Red-to-Green", LIST, "manifest.json"]
)
def test_nothing_is_written_through_links_of_a_received_run(world, tmp_path, name):
    run = tmp_path / "received" / "run"
    shutil.copytree(world.run, run)
    linked(run, name)
    for write in write_into(world, run):
        with unharmed(run, [run / name]):
            write()


@pytest.mark.slow
def test_nor_through_any_other(world, tmp_path):
    for name in run_parts(world.run):
        test_nothing_is_written_through_links_of_a_received_run(world, tmp_path, name)
        shutil.rmtree(tmp_path / "received")


@pytest.mark.slow
def test_nor_when_it_is_explained_again(world, tmp_path):
    for number, name in enumerate(run_parts(world.run)):
        run = tmp_path / str(number) / "run"
        shutil.copytree(world.run, run)
        linked(run, name)
        for length in (1, 2):
            with unharmed(run, [run / name]):
                explain(world, run, length)
        shutil.rmtree(run.parent)


# --- two at once -------------------------------------------------------------------------------


def in_child(work: Callable[[], object], tmp_path: Path) -> str:
    """Run something in another process; what it was refused with, empty if it was not."""
    told = tmp_path / "told"
    told.unlink(missing_ok=True)

    def run() -> None:
        try:
            work()
            told.write_text("")
        except AndornotError as error:
            told.write_text(str(error))

    assert kill_harness.in_child(run) == 0
    return told.read_text()


@contextmanager
def meanwhile(where: str, work: Callable[[], object], tmp_path: Path) -> Iterator[list[str]]:
    """Run something in another process in the middle of a step of ours, once."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        module, name = where.rsplit(":", 1)
        import importlib

        owner = importlib.import_module(module)
        plain = getattr(owner, name)

        def step(*args: Any, **kwargs: Any) -> Any:
            if not said:
                said.append("")
                said[0] = in_child(work, tmp_path)
            return plain(*args, **kwargs)

        patch.setattr(owner, name, step)
        yield said


FINISH, REMOVE = "andornot._tools.whole_folders:_finish", "andornot._tools.folders:put_in_place"
AT_ONCE = {
    "report, report": ("report", FINISH, "report"),
    "report, attack": ("report", FINISH, "attack"),
    "page, table": ("page", FINISH, "table"),
    "report, analyze": ("report", FINISH, "analyze"),
    "attack, attack": ("attack", REMOVE, "attack"),
    "attack, report": ("attack", REMOVE, "report"),
    "figures, analyze": ("figures", REMOVE, "analyze"),
    "analyze, figures": ("analyze", REMOVE, "figures"),
    "train, train": ("train", REMOVE, "train"),
    "convert, convert": ("convert", FINISH, "convert"),
    "table, table": ("table", FINISH, "table"),
    "explain, explain": ("explain", "andornot.pipeline.dissect:_whole_run", "explain"),
    "explain, analyze": ("explain", "andornot.pipeline.dissect:_whole_run", "analyze"),
    "stream, stream": ("stream", REMOVE, "stream"),
    "get, get": ("get", "andornot.downloads.get:unpack", "get"),
}


@pytest.mark.parametrize("pair", AT_ONCE)
def test_of_two_at_once_one_wins_and_the_other_says_so(world, names, tmp_path, pair):
    first, step, second = AT_ONCE[pair]
    place, run = WRITERS[first]
    wanted = names(first)
    folder = tmp_path / "place"
    folder.mkdir()
    out = folder / place

    def other() -> None:
        WRITERS[second][1](world, out)

    with meanwhile(step, other, tmp_path) as said:
        run(world, out)
    assert re.search("another andornot is|holds other files", said[0])
    assert "\n" not in said[0]
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))
    plain = [re.sub("[0-9a-f]{16,32}", "KEY", name) for name in found]
    assert plain == [re.sub("[0-9a-f]{16,32}", "KEY", name) for name in wanted]


def test_who_comes_while_a_folder_is_begun_does_not_take_it_away(tmp_path, monkeypatch):
    """The second saw no folder, and found it locked: it must not remove it as its own."""
    from andornot._tools import whole_folders

    plain = whole_folders.locked  # type: ignore[attr-defined]

    @contextmanager
    def begun(lock: Path, *args: Any, **kwargs: Any) -> Iterator[None]:
        with plain(lock, "first"), plain(lock, *args, **kwargs):
            yield

    monkeypatch.setattr(whole_folders, "locked", begun)
    late = whole_folders.whole_folder(tmp_path / "x")
    with pytest.raises(AndornotError, match="another andornot"), late:
        pass
    assert (tmp_path / "x" / LOCK).exists()


# --- small ones --------------------------------------------------------------------------------


def test_what_lies_beside_a_table_can_be_read(tmp_path):
    """The list of a folder says nothing of what it does not name."""
    save_table(None, tmp_path / "out")
    save_responses(None, tmp_path / "out/mine.npz")
    assert Responses.load(tmp_path / "out/mine.npz").n_units == 3


def test_a_lock_with_content_is_somebodys(tmp_path):
    (tmp_path / "x.lock").write_bytes(MINE)
    with pytest.raises(AndornotError, match="no lock of andornot"), locked(tmp_path / "x.lock", ""):
        pass
    assert (tmp_path / "x.lock").read_bytes() == MINE


def test_a_refused_folder_keeps_no_lock(tmp_path):
    (tmp_path / "notes.txt").write_bytes(MINE)
    with pytest.raises(AndornotError, match="holds other files"):
        save_table(None, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_rights_of_a_folder_stay(tmp_path):
    save_table(None, tmp_path / "out")
    (tmp_path / "out").chmod(0o700)
    save_table(None, tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


def test_a_manifest_changed_twice_is_kept_twice(world, tmp_path):
    from andornot.runs.commit import claim

    shutil.copytree(world.run, tmp_path / "run")
    manifest = tmp_path / "run/manifest.json"
    whole = json.loads(manifest.read_text())
    for text in ("one", "two"):
        manifest.write_text(json.dumps(whole | {"seen": text}))
        claim(tmp_path / "run")
    kept = {json.loads(p.read_text())["seen"] for p in manifest.parent.glob("*.changed-*")}
    assert kept == {"one", "two"}
    assert Run.open(world.run).layers
