"""Runs on disk: interrupted, repeated, changed, and fed with bad input."""

from __future__ import annotations

import errno
import json
import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import andornot
from andornot import Threshold
from andornot.counting import stores as activations
from andornot.data.images.labelmaps import NewSample, write_labelmaps
from andornot.data.images.open import open_data
from andornot.errors import DataError, ModelError, OptionError, RunError
from andornot.explainer import SearchOptions
from andornot.pipeline import count, record
from andornot.pipeline import dissect as dissection
from andornot.pipeline.options import Execution, RunOptions
from andornot.probes.base import Recording
from andornot.runs.run import Run
from andornot.trust.options import TrustOptions
from pass_cases import n_recorded
from unlisted import forget_files

torch = pytest.importorskip("torch", reason="torch is not installed")

N_SAMPLES = 10
OPTIONS: dict[str, Any] = {
    "threshold": Threshold(0.1),
    "recording": Recording(batch_size=3, device="cpu"),
    "folds": 2,
}


class Colours(torch.nn.Module):  # type: ignore[name-defined, misc]
    """Units: red, green, blue, their sum, nothing, a constant; then a linear head."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 6, 1)
        with torch.no_grad():
            self.layer.weight[:] = 0
            self.layer.bias[:] = torch.tensor([0.0, 0, 0, 0, 0, 7])
            self.layer.weight[:3, :, 0, 0] = torch.eye(3)
            self.layer.weight[3] = 1
        self.head = torch.nn.Linear(6, 2)
        self.calls = 0

    def forward(self, x):
        self.calls += len(x) != 4  # when it is asked whether it is still the same
        return self.head(self.layer(torch.nn.functional.avg_pool2d(x, 2)).mean((2, 3)))


def preprocessing():
    from andornot.models import Preprocessing

    return Preprocessing(16, 16, (0, 0, 0), (1, 1, 1))


@pytest.fixture
def folder(tmp_path):
    """Ten pictures with a red, a green and a blue square each, and maps that say so."""
    rng = np.random.default_rng(0)

    def samples():
        for i in range(N_SAMPLES):
            image, labels = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.int32)
            for colour in range(3):
                y, x = 2 * rng.integers(0, 6, 2)
                image[y : y + 4, x : x + 4] = 0
                image[y : y + 4, x : x + 4, colour] = 150 + rng.integers(0, 100)
                labels[y : y + 4, x : x + 4] = colour + 1
            yield NewSample(
                f"{i:02d}", Image.fromarray(image), {"square": labels}, label=f"c{i % 2}",
                split="train" if i % 3 else "val",
            )  # fmt: skip

    names = {"red square": "colour", "green square": "colour", "blue square": "colour"}
    write_labelmaps(tmp_path / "data", names, samples())
    return tmp_path / "data"


@pytest.fixture
def run_with(folder, tmp_path):
    def run(model=None, layer="layer", **changes):
        options = OPTIONS | {"preprocessing": preprocessing()} | changes
        data = options.pop("data", f"labelmaps:{folder}")
        return andornot.dissect(model or Colours(), layer, data, tmp_path / "run", **options)

    torch.manual_seed(0)
    return run


def test_options_by_name_and_in_records_make_the_same_run(run_with, folder, tmp_path):
    def found(run):
        return list(run.result()), {path.name for path in (run.path / "cache").iterdir()}

    trust, searching, here = TrustOptions(2, 40, 2), SearchOptions(2, search="beam"), Execution(1)
    net = Colours()
    by_name = found(run_with(net, length=2, search="beam", jobs=1, trust=trust))
    assert found(run_with(net, search=searching, execution=here, trust=trust)) == by_name
    options = RunOptions(
        searching, trust, OPTIONS["threshold"], folds=2, recording=OPTIONS["recording"],
        execution=here,
    )  # fmt: skip
    whole = andornot.dissect(
        net, "layer", f"labelmaps:{folder}", tmp_path / "whole",
        preprocessing=preprocessing(), options=options,
    )  # fmt: skip
    assert found(whole) == by_name


def test_numbers_of_numpy_are_plain_ones(run_with):
    """Where it is written at last, a run that was searched for hours is not lost to a type."""
    whole: Any = np.int64
    part: Any = np.float32
    run = run_with(
        length=whole(1), folds=whole(2), min_active=part(0.25), penalty=part(0.5),
        threshold=Threshold(part(0.25)), recording=Recording(whole(4), device="cpu"),
        trust=TrustOptions(whole(2), 40, whole(2), seed=whole(1)),
    )  # fmt: skip
    assert type(run.record.folds) is int
    assert run.manifest == json.loads((run.path / "manifest.json").read_text(encoding="utf-8"))
    assert (run.record.trust.nulls, run.record.recording.batch_size) == (2, 4)


def test_what_a_run_holds(run_with, tmp_path):
    run = run_with(length=2)
    result = run.result()
    assert [e.status for e in result] == ["ok"] * 4 + ["dead", "constant"]
    assert [str(result[u].formula) for u in range(3)] == [
        "red square", "green square", "blue square",
    ]  # fmt: skip
    assert all(result[u].iou > 0.3 for u in range(3))
    frame = pd.read_parquet(tmp_path / "run" / "explanations.parquet")
    assert {"unit", "formula", "iou", "length", "tp", "fp", "fn", "tn"} <= set(frame.columns)
    assert len(frame) == 6
    assert frame["iou"].tolist() == [e.iou for e in result]
    stored = json.loads((tmp_path / "run" / "explanations.json").read_text())
    assert stored["layers"]["layer"][0]["beam"][0]["formula"] == "red square"
    manifest = run.manifest
    assert manifest["layers"]["layer"]["threshold"] == {
        "quantile": 0.1,
        "fixed": None,
        "resolution": "native",
    }
    assert manifest["layers"]["layer"]["status"] == {"constant": 1, "dead": 1, "ok": 4}
    assert {"numpy", "torch", "python"} <= set(manifest["versions"])
    assert manifest["data"]["samples"] == N_SAMPLES
    assert run.logits.shape == (N_SAMPLES, 2)
    assert run.samples["class"].tolist() == ["c0", "c1"] * 5
    assert run.samples["prediction"].tolist() == run.logits.argmax(1).tolist()
    assert run.areas().shape == run.peaks().shape == (N_SAMPLES, 6)
    assert run.head_weights().shape == (2, 6)


def test_scores_of_any_formula_and_by_fold(run_with):
    run = run_with(length=1)
    counts, folds = run.score(0, "red square")
    assert counts == run.result()[0].counts
    assert sum(f.tp for f in folds) == counts.tp
    assert sum(f.tn for f in folds) == counts.tn
    assert run.score(0, "NOT red square")[0].tp == counts.fn
    with pytest.raises(OptionError, match="no unit 6 in layer; it has units 0 to 5"):
        run.score(6, "red square")
    with pytest.raises(andornot.AndornotError, match="did you mean 'red square'"):
        run.score(0, "red squares")


@pytest.mark.parametrize("failing", [KeyboardInterrupt, RuntimeError("out of luck")])
def test_interrupted_recording_goes_on(run_with, monkeypatch, failing, tmp_path):
    """Shards written before an interruption are kept, and the result is the undisturbed one."""
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)
    whole = run_with(length=2).result()
    (tmp_path / "run").rename(tmp_path / "whole")
    model = Colours()
    model.load_state_dict(Colours().state_dict())
    torch.manual_seed(0)
    model = Colours()
    passed = model.forward

    def forward(x):
        if model.calls == 3 + 2:  # after those that try it
            raise failing
        return passed(x)

    model.forward = forward
    expected = KeyboardInterrupt if failing is KeyboardInterrupt else ModelError
    with pytest.raises(expected):
        run_with(model, length=2)
    assert not (tmp_path / "run" / "manifest.json").exists()
    assert n_recorded(tmp_path / "run") == 6
    model.forward, model.calls = passed, 0
    again = run_with(model, length=2)
    assert model.calls == 2  # samples 6 to 8, and 9; it is not tried again
    assert again.result() == whole


def test_only_what_depends_on_a_change_is_computed_again(run_with, monkeypatch):
    model = Colours()
    run_with(model, length=2)
    calls = model.calls
    counted = []
    counting = count._count
    monkeypatch.setattr(count, "_count", lambda *a: (counted.append(1), counting(*a)))
    longer = run_with(model, length=3)
    assert (model.calls, counted) == (calls, [])
    assert len(longer.result()[0].by_length) == 3
    other = run_with(model, length=3, threshold=Threshold(None, 0.5))
    assert (model.calls, counted) == (calls, [1])
    assert set(other.thresholds()) == {0.5}
    folder = Run.open(other.path).path / "cache"
    assert len(list(folder.glob("responses*"))) == 1  # the old ones are gone


def test_other_weights_are_recorded_anew(run_with):
    model = Colours()
    first = run_with(model, length=1).result()
    with torch.no_grad():
        model.layer.weight[:2] = model.layer.weight[[1, 0]]
    second = run_with(model, length=1).result()
    assert str(first[0].formula) == str(second[1].formula) == "red square"


def test_changed_labels_are_read_anew(run_with, folder):
    path = folder / "labels" / "square" / "00.png"
    labelled = (np.array(Image.open(path)) > 0).sum()
    first = run_with(length=1).concepts.concept_counts.sum()
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(path)
    assert run_with(length=1).concepts.concept_counts.sum() == first - labelled


class Placed(Colours):
    """Makes its grid of positions in its first pass, and keeps it."""

    grid = None

    def forward(self, x):
        if self.grid is None:
            self.grid = torch.linspace(0.5, 1, x.shape[-1])
        return self.head((self.layer(x) * self.grid).mean((2, 3)))


def test_a_network_is_trained_after_it_was_explained(run_with):
    model = Placed()
    run_with(model, length=1)
    model.train()(torch.rand(2, 3, 16, 16)).sum().backward()
    assert model.layer.weight.grad.abs().sum() > 0


def test_several_layers_in_one_pass(run_with):
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(2))
    run = run_with(model, ["0", "1"], length=1)
    assert run.layers == ("0", "1")
    assert run.logits is None
    frame = pd.read_parquet(run.path / "explanations.parquet")
    assert frame["layer"].tolist() == ["0"] * 4 + ["1"] * 4
    assert (run.peaks("1") == np.maximum(run.peaks("0"), 0)).all()
    with pytest.raises(OptionError, match="choose one of this run's layers: 0, 1"):
        run.result()


def test_a_layer_that_was_half_recorded_in_other_blocks_is_completed(run_with, monkeypatch):
    """An earlier, interrupted run of one layer leaves blocks that do not line up with today's."""
    conv, relu = torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU()
    model = torch.nn.Sequential(conv, relu)
    first = run_with(model, ["0", "1"], length=1)
    store, peaks = first.activations("0"), first.peaks("0")
    _, values = next(store.blocks())
    for path in store.paths:
        path.unlink()
    store.append(0, values[:4])
    next((first.path / "cache").glob("activations_0*/stage.json")).unlink()
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)
    again = run_with(model, ["0", "1"], length=1)
    assert again.activations("0").n_rows == N_SAMPLES
    assert (again.peaks("0") == peaks).all()


def test_no_thread_is_left_behind(run_with):
    run_with(length=1)
    assert not [t for t in threading.enumerate() if t.name.startswith("andornot-images")]


def test_units_can_be_chosen(run_with):
    whole = run_with(length=1, trust=None).result()  # q-values hang on all units examined
    some = run_with(length=1, units=[3, 1], trust=None).result()
    assert [e.unit for e in some] == [3, 1]
    assert some[1] == whole[1]
    with pytest.raises(OptionError, match="no unit 9 in layer"):
        run_with(length=1, units=[9])


@pytest.mark.parametrize("jobs", [1, 3])
def test_jobs_change_nothing(run_with, jobs):
    assert run_with(length=2, jobs=jobs).result() == run_with(length=2).result()


def test_nan_activations_are_reported(run_with):
    model = Colours()
    with torch.no_grad():
        model.layer.bias[1] = float("nan")
    result = run_with(model, length=1).result()
    assert result[1].status == "nan"
    assert result[1].formula is None
    assert str(result[1]) == "unit 1: some activation is NaN or infinite"
    assert result[0].status == "ok"


def test_no_concept_present(run_with, folder):
    for path in (folder / "labels" / "square").iterdir():
        Image.fromarray(np.zeros((16, 16), np.uint8)).save(path)
    result = run_with(length=2).result()
    assert [e.status for e in result] == ["no concept"] * 4 + ["dead", "constant"]
    assert not any(e.iou for e in result)


def test_unknown_layer(run_with):
    with pytest.raises(ModelError, match="layer"):
        run_with(layer="layr")


def test_model_that_fails_on_a_batch_names_the_samples(run_with):
    model = Colours()
    model.layer = torch.nn.Conv2d(5, 6, 1)
    with pytest.raises(ModelError, match=r"^at samples 00\.png to 02\.png: "):
        run_with(model)


def test_no_preprocessing(run_with):
    with pytest.raises(ModelError, match="does not say how images become its input"):
        run_with(preprocessing=None)


def test_full_disk(run_with, monkeypatch, tmp_path):
    """The message says where; what was recorded stays; with room again the run goes on."""
    whole = run_with(length=1).result()
    (tmp_path / "run").rename(tmp_path / "whole")
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)
    save, written = activations.write_whole, []  # type: ignore[attr-defined]

    def full(*args, **kwargs):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(1)
        return save(*args, **kwargs)

    monkeypatch.setattr(activations, "write_whole", full)
    with pytest.raises(RunError, match=r"cannot write to .*No space left on device"):
        run_with(length=1)
    left = list((tmp_path / "run").rglob("*"))
    assert not [p for p in left if p.suffix == ".tmp"]
    assert not (tmp_path / "run" / "manifest.json").exists()
    monkeypatch.setattr(activations, "write_whole", save)
    assert run_with(length=1).result() == whole


@pytest.mark.parametrize("step", ["concepts", "responses", "manifest"])
def test_interrupted_write(run_with, monkeypatch, tmp_path, step):
    """Whatever file was being written: nothing half-written is left, and the run goes on."""
    from andornot._tools.folders import Folder

    whole = run_with(length=1).result()
    (tmp_path / "run").rename(tmp_path / "whole")
    failing = {
        "concepts": ("concepts-", "concepts.json"),
        "responses": ("responses_", "stage.json"),
        "manifest": ("run", "manifest.json"),
    }[step]
    write = Folder.write

    def stop(self, name, content):
        if self.path.name.startswith((failing[0], f".{failing[0]}")) and name == failing[1]:
            raise KeyboardInterrupt
        return write(self, name, content)

    monkeypatch.setattr(Folder, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        run_with(length=1)
    with pytest.raises(RunError, match="no finished run"):
        Run.open(tmp_path / "run")
    monkeypatch.setattr(Folder, "write", write)
    assert run_with(length=1).result() == whole


def test_damaged_run(run_with):
    run = run_with(length=1)
    manifest = run.path / "manifest.json"
    good = manifest.read_text()
    manifest.write_text(good.replace('"format": 1', '"format": 99'))
    with pytest.raises(RunError, match="format 99, this version reads format 1"):
        Run.open(run.path)
    manifest.write_text(good[:50])
    with pytest.raises(RunError, match=r"manifest\.json is damaged"):
        Run.open(run.path)
    manifest.write_text(good)
    (run.path / run.manifest["results"]["path"] / "explanations.json").write_text("{")
    with pytest.raises(RunError, match=r"explanations\.json is damaged"):
        Run.open(run.path).result()


def test_a_run_that_fails_later_leaves_the_finished_one_usable(run_with, monkeypatch):
    first = run_with(length=1)
    monkeypatch.setattr(
        dissection, "write_run", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        run_with(length=1, threshold=Threshold(0.2))
    assert Run.open(first.path).score(0, "red square")[0] == first.result()[0].counts


def test_a_lost_shard_is_recorded_again(run_with, monkeypatch):
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)
    model = Colours()
    first = run_with(model, length=1)
    whole = np.concatenate([block for _, block in first.activations().blocks()])
    model.calls = 0
    second = first.activations().paths[1]
    second.write_bytes(second.read_bytes()[:99])
    other = run_with(model, length=1, threshold=Threshold(0.2))
    assert model.calls > 0
    assert (np.concatenate([b for _, b in other.activations().blocks()]) == whole).all()
    other.activations().paths[1].unlink()
    model.calls = 0
    again = run_with(model, length=1)
    assert again.result() == first.result()
    assert model.calls > 0


def test_a_damaged_shard_is_recorded_again_though_nobody_reads_it(run_with, monkeypatch):
    monkeypatch.setattr(record, "_SHARD_BYTES", 1)
    model = Colours()
    run = run_with(model, length=1, trust=None)
    values = np.concatenate([block for _, block in run.activations().blocks()])
    for shard in run.activations().paths[1:3]:
        data = shard.read_bytes()
        shard.write_bytes(data[:-8] + bytes(8))
    with pytest.raises(RunError, match="repeat andornot explain, which makes it again"):
        list(run.activations().blocks())
    again = run_with(model, length=1, trust=None)
    assert np.array_equal(np.concatenate([b for _, b in again.activations().blocks()]), values)


@pytest.mark.parametrize("where", ["", "results/*/", "cache/*/"])
@pytest.mark.parametrize("damage", ["cut", "gone", "other name"])
def test_lists_of_digests_that_are_damaged_are_made_again(run_with, where, damage):
    model = Colours()
    first = run_with(model, length=2, trust=None)
    result, names, peaks = first.result(), first.concepts.names, first.peaks()
    for path in sorted(first.path.glob(f"{where}.andornot.json")):
        text = path.read_text()
        if damage == "gone":
            path.unlink()
        else:
            other = text.replace(".n", ".m").replace(".json", ".jsom").replace(".parq", ".Parq")
            path.write_text(text[:-9] if damage == "cut" else other)
    forget_files()
    again = run_with(model, length=2, trust=None)
    assert again.result() == result
    assert again.concepts.names == names
    assert again.peaks().tobytes() == peaks.tobytes()
    kept = [p.name.rpartition("-")[0] for p in again.path.glob("cache/*")]
    assert len(kept) == len(set(kept))
    assert len(list(again.path.glob("results/*"))) == 1
    assert run_with(model, length=1, trust=None).result() != result


@pytest.mark.parametrize(
    ("file", "name"), [("trust_*/stability.json", "concepts"), ("scores_*/scores.json", "pearson"),
                       ("activations_*/stage.json", "units"), ("responses_*/stage.json", "status")],
)  # fmt: skip
def test_what_no_list_proves_is_made_again(run_with, file, name):
    model = Colours()
    options = {"length": 1, "trust": TrustOptions(resamples=1, bootstrap=40, nulls=1)}
    run = run_with(model, **options)
    result = run.result()
    path = next(run.path.glob(f"cache/{file}"))
    assert name in path.read_text()
    path.write_text(path.read_text().replace(name, "other"))
    (path.parent / ".andornot.json").unlink()
    assert run_with(model, **options).result() == result


def test_a_changed_copy_is_kept_though_the_list_is_damaged(run_with):
    run = run_with(length=1, trust=None)
    (run.path / ".andornot.json").write_text("{")
    (run.path / "explanations.parquet").write_text("mine")
    forget_files()
    assert run_with(length=2, trust=None).read_table("explanations.parquet").shape[0] == 6
    assert (run.path / "explanations.parquet").read_text() == "mine"


def test_lost_logits_are_made_again(run_with):
    model = Colours()
    first = run_with(model, length=1)
    logits = first.logits
    next((first.path / "cache").rglob("logits.npy")).unlink()
    with pytest.raises(RunError, match="logits"):
        Run.open(first.path).logits  # noqa: B018
    again = run_with(model, length=1)
    assert (again.logits == logits).all()
    assert "prediction" in again.samples


def test_layers_of_similar_names_do_not_share_a_folder(tmp_path):
    from andornot.runs.cache import Stage

    names = ("activations a-b", "activations a_b", "activations a/b", "activations a.b")
    assert len({Stage(name, "k" * 16, tmp_path).path for name in names}) == 4


@pytest.mark.parametrize("mistake", [{"categories": "colours"}, {"concepts": ["red squares"]}])
def test_a_mistake_in_the_search_shows_before_the_network_runs(run_with, mistake):
    model = Colours()
    with pytest.raises(andornot.AndornotError):
        run_with(model, **mistake)
    assert model.calls == 0


@pytest.mark.parametrize("units", [[], ["1"], [0.5]])
def test_units_that_are_none(run_with, units):
    with pytest.raises(OptionError, match="give at least one unit, as whole numbers"):
        run_with(units=units)


def test_a_unit_named_twice_is_explained_once(run_with):
    assert [e.unit for e in run_with(length=1, units=[1, 1, 0]).result()] == [1, 0]


def test_a_quantile_of_less_than_one_value(run_with):
    with pytest.raises(OptionError, match="less than one value, so no unit could be active"):
        run_with(threshold=Threshold(0.0001))


@pytest.mark.parametrize("layer", [3, [], ["layer", None]])
def test_layers_that_are_none(run_with, layer):
    with pytest.raises(OptionError):
        run_with(layer=layer)


@pytest.mark.parametrize(
    "file", ["concepts.json", "atoms.npz", "codes.u16", "responses.npz", "peaks.npy", "areas.npy"]
)
def test_a_damaged_part_is_computed_again(run_with, file):
    run = run_with(length=1)
    first = run.result()
    path = next((run.path / "cache").rglob(file))
    path.write_bytes(path.read_bytes()[:20])
    again = run_with(length=1)
    assert again.result() == first
    assert again.score(0, "red square")[0] == first[0].counts


def test_missing_image_names_the_file(run_with, folder):
    (folder / "images" / "04.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"04\.png"):
        run_with()


def test_label_without_a_name_names_file_and_id(run_with, folder):
    Image.fromarray(np.full((16, 16), 9, np.uint8)).save(folder / "labels" / "square" / "03.png")
    with pytest.raises(DataError, match=r"03\.png holds the label id 9"):
        run_with()


def test_split_and_limit_reach_the_manifest(run_with, folder):
    data = open_data(f"labelmaps:{folder}", split="train", limit=4)
    run = run_with(data=data, length=1)
    assert run.manifest["data"]["samples"] == 4
    assert run.manifest["data"]["source"]["split"] == "train"
    assert set(run.samples["split"]) == {"train"}


def test_few_activations_above_the_quantile_are_told_of(run_with):
    """Six images of 8 x 8 positions: the top hundredth of 384 values are three."""
    model = Colours()
    sizes = run_with(model, length=1)
    n = sizes.manifest["data"]["samples"] * np.prod(
        sizes.manifest["stages"]["activations layer"]["map_shape"]
    )
    quantile = 3.5 / n
    note, silent = run_with(model, length=1, threshold=Threshold(quantile)).manifest["notes"]
    assert "cannot be explained" in silent
    assert "active in 3 places only" in note
    assert f"of {n:,} activations are 3" in note
    assert run_with(model, length=1, threshold=Threshold(0.5)).manifest["notes"] == []


def test_results_that_take_the_place_of_others_are_told_of(run_with, tmp_path):
    rule = {"model": Colours(), "threshold": Threshold(0.5)}
    assert run_with(length=1, **rule).manifest["notes"] == []
    assert run_with(length=1, **rule).manifest["notes"] == []
    (note,) = run_with(length=1, units=[0], **rule).manifest["notes"]
    assert note == f"these results take the place of other ones that lay in {tmp_path / 'run'}"
    page = tmp_path / "run" / "report"
    page.mkdir()
    (page / "index.html").write_text("about unit 0")
    (note,) = run_with(length=2, units=[0], **rule).manifest["notes"]
    assert note.endswith("; make report anew, which tell of those")


@pytest.mark.parametrize(
    "damage", ["{}", "[]", '{"layers": []}', '{"layers": {"a": {}}}', "nonsense"]
)
def test_a_damaged_manifest_costs_nothing(run_with, tmp_path, damage):
    first = run_with(length=1).result()
    (tmp_path / "run" / "manifest.json").write_text(damage)
    assert run_with(length=1).result() == first
