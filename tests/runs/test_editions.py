"""What is stored is used again only where the same would come out."""

from __future__ import annotations

import importlib.metadata
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import andornot
from andornot.cli import cli
from andornot.data.images.labelmaps import NewSample, read_labelmaps, write_labelmaps
from andornot.errors import ModelError
from andornot.pipeline import count, record
from andornot.probes.base import Recording, same_answer
from andornot.probes.pairs import Words
from bars import turn_bars_on
from manifest_cases import retold
from test_dissect_text import Counting, pairs

torch = pytest.importorskip("torch", reason="torch is not installed")


class Net(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Three units, the larger the redder; what ``forward`` does hangs on more than weights."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 3, 1)
        self.head = torch.nn.Linear(3, 2)
        self.scale = 1.0
        self.register_buffer("shift", torch.zeros(3), persistent=False)
        self.register_buffer("unused", torch.zeros(3), persistent=False)
        self.noise = 0.0
        self.batches = []

    def forward(self, x):
        if len(x) != 4:  # when it is asked whether it is still the same
            self.batches.append(len(x))
        x = torch.where(x > 0.5, x * self.scale, x) + self.shift[:, None, None]
        x = x + self.noise * torch.rand_like(x)
        return self.head(self.layer(x).mean((2, 3)))


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)

    def samples():
        for i in range(10):
            image = rng.integers(0, 256, (12, 12, 3), np.uint8)
            labels = np.kron(rng.integers(0, 3, (4, 4)), np.ones((3, 3), np.int64))
            image[labels == 1, 0] = 255
            yield NewSample(f"{i:02d}", Image.fromarray(image), {"squares": labels})

    write_labelmaps(tmp_path / "data", {"red": "colour", "noise": "colour"}, samples())
    return tmp_path / "data"


def options(**changes):
    from andornot.models import Preprocessing

    return {
        "preprocessing": Preprocessing(12, 12, (0, 0, 0), (1, 1, 1)), "length": 2, "trust": None,
        "threshold": andornot.Threshold(0.1), "recording": Recording(batch_size=3, device="cpu"),
    } | changes  # fmt: skip


@pytest.fixture
def run(data, tmp_path):
    torch.manual_seed(0)

    def dissect(net, out="run", layer="layer", **changes):
        net.batches.clear()
        source = f"labelmaps:{data}"
        return andornot.dissect(net, layer, source, tmp_path / out, **options(**changes))

    return dissect


def assert_same(first, second):
    for name in ("thresholds", "areas", "peaks", "extremes"):
        assert getattr(first, name)().tobytes() == getattr(second, name)().tobytes(), name
    assert first.result() == second.result()
    assert first.logits.tobytes() == second.logits.tobytes()


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize("change", ["attribute", "unsaved buffer", "method"])
def test_a_network_that_answers_otherwise_runs_again(run, store, change):
    net = Net()
    before = run(net, store=store)
    run(net, store=store, length=1)
    assert net.batches == []
    if change == "attribute":
        net.scale = 2.0
    elif change == "unsaved buffer":
        net.shift += torch.tensor([0.0, 5.0, 1.0])
    else:
        plain = net.forward
        net.forward = lambda x: plain(1 - x)
    after = run(net, store=store)
    assert net.batches
    assert_same(after, run(net, "fresh", store=store))
    assert after.manifest["model"]["fingerprint"] == before.manifest["model"]["fingerprint"]
    kept = [path.name.rpartition("-")[0] for path in after.path.glob("cache/*")]
    assert len(kept) == len(set(kept))  # nothing of before piles up


def test_a_buffer_that_no_answer_shows_counts_too(run):
    net = Net()
    run(net)
    net.unused += 1
    run(net)
    assert net.batches


def test_rounding_is_no_other_answer(run, monkeypatch):
    """Other threads, other libraries: the last bits differ, and nothing is computed again."""
    from andornot.probes import images as vision

    net = Net()
    run(net)
    plain = vision.told  # type: ignore[attr-defined]
    for share in (1e-6, -1e-6, 1e-5):
        monkeypatch.setattr(vision, "told", lambda maps, share=share: plain(maps) * (1 + share))
        run(net)
        assert net.batches == []
    monkeypatch.setattr(vision, "told", lambda maps: plain(maps) * 1.001)
    run(net)
    assert net.batches


def test_answers_compare_as_people_would():
    values = np.array([[1.0, -2.0], [np.nan, np.inf]])
    assert same_answer(values, values * (1 + 1e-6), 1e-4)
    assert not same_answer(values, values * 1.01, 1e-4)
    assert not same_answer(values, -values, 1e-4)
    assert not same_answer(values, values[:1], 1e-4)
    nothing = np.zeros((2, 3))
    assert same_answer(nothing, nothing, 1e-4)
    assert not same_answer(nothing, nothing + 1e-9, 1e-4)
    assert same_answer(values[1:], values[1:], 1e-4)
    assert same_answer(values[:0], values[:0], 1e-4)


def test_asking_draws_no_number_of_others(run):
    net = Net()  # draws numbers, which count for nothing
    torch.manual_seed(1)
    run(net)
    drawn = torch.rand(1)
    torch.manual_seed(1)
    run(net, "again")
    assert torch.rand(1) == drawn
    run(net)
    assert net.batches == []  # it was asked under the same chance


def test_a_layer_more_costs_no_other_layer(run):
    net = Net()
    run(net)
    both = run(net, layer=["layer", "head"])
    assert net.batches
    run(net, layer=["head", "layer"])
    assert net.batches == []
    assert both.layers == ("layer", "head")


@pytest.mark.parametrize(
    ("package", "recorded", "counted"),
    [("torch", True, True), ("numpy", True, True), ("pillow", True, True), ("numba", False, True),
     ("rich", False, False)],
)  # fmt: skip
def test_other_versions_make_anew_what_they_shape(run, monkeypatch, package, recorded, counted):
    net = Net()
    run(net)
    plain, counts = importlib.metadata.version, []
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "99" if name == package else plain(name)
    )
    counting = count._count
    monkeypatch.setattr(count, "_count", lambda *a: (counts.append(1), counting(*a)))
    run(net)
    assert (bool(net.batches), bool(counts)) == (recorded, counted)


def test_our_own_version_makes_all_anew(run, monkeypatch):
    net = Net()
    run(net)
    monkeypatch.setattr("andornot._version.__version__", "99")
    run(net)
    assert net.batches


def test_keys_name_device_and_the_libraries_of_the_network(monkeypatch):
    from andornot.models import LoadedModel, Preprocessing
    from andornot.probes.images import ImageProbe

    class Made(torch.nn.Module):  # type: ignore[name-defined, misc]
        pass

    Made.__module__ = "torchvision.models.resnet"
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1")
    net = torch.nn.Sequential(Made(), torch.nn.ReLU())
    loaded = LoadedModel(net, "net", None, "f")
    probe = ImageProbe(loaded, Preprocessing(4, 4, (0, 0, 0), (1, 1, 1)), ("1",), None, Recording())
    key = probe.model_key()
    assert key["device"] in ("cpu", "cuda", "mps")
    assert {"andornot", "numpy", "pillow", "torch", "torchvision"} <= key["versions"].keys()


def test_another_batch_size_is_another_recording(run, monkeypatch):
    """Last bits hang on which samples share a batch: no run mixes two sizes."""
    monkeypatch.setattr(record, "try_network", lambda *_: None)  # it runs batches of its own
    net = Net()
    run(net)
    run(net, recording=Recording(batch_size=5, device="cpu"))
    assert net.batches == [5, 5]
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)
    plain = net.forward

    def stopping(x):
        if len(net.batches) == 2:
            raise KeyboardInterrupt
        return plain(x)

    net.forward = stopping
    with pytest.raises(KeyboardInterrupt):
        run(net, "stopped")
    net.forward = plain
    run(net, "stopped", recording=Recording(batch_size=5, device="cpu"))
    assert sum(net.batches) == 10


@pytest.mark.parametrize("layer", ["counts", "letters"])
def test_a_model_of_pairs_that_answers_otherwise_runs_again(tmp_path, layer):
    class Scaled(Counting):
        scale = 1

        def record(self, pairs, layers):
            found = super().record(pairs, layers)
            return replace(
                found, activations={n: a * self.scale for n, a in found.activations.items()}
            )

        def record_tokens(self, pairs, layers):
            found = super().record_tokens(pairs, layers)
            return {n: [a * self.scale for a in rows] for n, rows in found.items()}

    def dissect(model, out):
        return andornot.dissect(
            model, layer, pairs(), tmp_path / out, length=1, trust=None,
            recording=Recording(batch_size=7),
        )  # fmt: skip

    peaks = dissect(Scaled(), "run").peaks()
    again = Scaled()
    dissect(again, "run")
    assert not again.seen
    again.scale = 3
    other = dissect(again, "run")
    assert again.seen
    assert np.array_equal(other.peaks(), 3 * peaks)


def forge(path: Path, write) -> None:
    """Change a file so that its size and time stay."""
    before = path.stat()
    write(path)
    path.write_bytes(path.read_bytes().ljust(before.st_size, b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def paint(path: Path) -> None:
    Image.fromarray(np.full((12, 12), 2, np.uint8)).save(path, optimize=True)


@pytest.fixture
def forged(data):
    """Make a label map or an image another one, of the same size and time."""
    for path in data.rglob("*.png"):  # room for any other picture
        path.write_bytes(path.read_bytes().ljust(2000, b"\0"))

    def change(part):
        path = data / {"labels": "labels/squares", "images": "images"}[part] / "03.png"
        if part == "labels":
            forge(path, paint)
        else:
            forge(path, lambda p: Image.new("RGB", (12, 12), (255, 0, 9)).save(p))

    return change


@pytest.mark.parametrize("part", ["labels", "images"])
def test_to_verify_is_to_look_at_the_bytes(run, forged, part):
    net = Net()
    run(net, verify=True)
    areas = run(net, verify=True, length=1).areas()
    assert net.batches == []  # nothing has changed
    forged(part)
    run(net, length=1)
    assert net.batches == []  # size and time are the same, and nobody looked
    after = run(net, verify=True)
    assert bool(net.batches) == (part == "images")
    assert_same(after, run(net, "fresh"))
    assert np.array_equal(after.areas(), areas) == (part == "labels")
    run(net)
    assert net.batches == []  # what was verified serves from now on
    assert_same(after, run(net))


def test_label_maps_are_known_from_the_first_run_on(run, forged, capsys):
    net = Net()
    run(net)
    forged("labels")
    turn_bars_on()
    after = run(net, verify=True)
    told = " ".join(capsys.readouterr().err.split())
    assert "behind the stored concept table hold other bytes" in told
    assert "files behind the stored activations held is not known" in told
    assert_same(after, run(net, "fresh"))


def test_verify_on_the_command_line(data, forged, tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\n\ndef net():\n    torch.manual_seed(0)\n    return torch.nn.Sequential("
        "torch.nn.Conv2d(3, 2, 1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())\n"
    )
    arguments = [
        "explain", "--model", f"{tmp_path / 'net.py'}:net", "--layer", "0", "--size", "12",
        "--data", f"labelmaps:{data}", "--mean", "0,0,0", "--std", "1,1,1", "--quantile", "0.1",
        "--length", "1", "--no-trust", "--quiet", "--out", str(tmp_path / "run"),
    ]  # fmt: skip
    cli.main(arguments, standalone_mode=False)
    counts = andornot.Run.open(tmp_path / "run").concepts.concept_counts
    forged("labels")
    cli.main(arguments, standalone_mode=False)
    assert np.array_equal(andornot.Run.open(tmp_path / "run").concepts.concept_counts, counts)
    cli.main([*arguments, "--verify"], standalone_mode=False)
    assert not np.array_equal(andornot.Run.open(tmp_path / "run").concepts.concept_counts, counts)


def test_word_vectors_are_verified_too(tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("dog 1 0\ncat 1 0\nno 0 1\n")

    def dissect(**more):
        words = Words(vectors=vectors, n_neighbors=1)
        run = andornot.dissect(
            Counting(), "counts", pairs(), tmp_path / "run", words=words, length=1, trust=None,
            **more,
        )  # fmt: skip
        return run.concepts.concept_counts.tolist()

    before = dissect()
    forge(vectors, lambda path: path.write_text("dog 0 1\ncat 1 0\nno 0 1\n"))
    assert dissect() == before
    assert dissect(verify=True) != before


@pytest.mark.parametrize("file", ["concepts.csv", "samples.csv"])
def test_index_files_count_by_what_they_say(data, file):
    before = read_labelmaps(data).fingerprint()
    old, new = {"concepts.csv": ("noise", "other"), "samples.csv": ("00.png,,", "00.png,v,")}[file]
    path = data / file
    was, text = path.stat(), path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert read_labelmaps(data).fingerprint() != before


def test_a_run_knows_its_network_by_its_answers(data, tmp_path):
    from andornot.models import load_model
    from andornot.runs.reopen import model_of

    file = tmp_path / "net.py"
    file.write_text(
        "import torch\nfrom beside import FACTOR\n\nclass Net(torch.nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.layer = torch.nn.Conv2d(3, 2, 1)\n\n    def forward(self, x):\n"
        "        return self.layer(x * FACTOR).mean((2, 3))\n\n"
        "def net():\n    torch.manual_seed(0)\n    return Net()\n"
    )
    (tmp_path / "beside.py").write_text("FACTOR = 1\n")
    spec = f"{file}:net"
    run = andornot.dissect(spec, "layer", f"labelmaps:{data}", tmp_path / "run", **options())
    assert model_of(run, load_model(spec)).fingerprint == run.manifest["model"]["fingerprint"]
    other = load_model(spec)
    other.module.forward.__globals__["FACTOR"] = 2
    assert other.fingerprint == run.manifest["model"]["fingerprint"]
    with pytest.raises(ModelError, match="other values at layer layer"):
        model_of(run, other)
    stages = {name: stage for name, stage in run.record.stages.items() if name != "network"}
    assert model_of(retold(run, stages=stages), other) is other  # a run of an older version


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"labels": 7, "images": {"edition": [1]}}', '{"labels": "x"}']
)
def test_damaged_notes_are_as_good_as_none(run, text):
    net = Net()
    before = run(net)
    next(before.path.glob("cache/data-*/stage.json")).write_text(text)
    next(before.path.glob("cache/network-*/answer_layer*")).write_bytes(b"no array")
    assert before.result() == run(net).result()
