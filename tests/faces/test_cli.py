"""The command line: what it prints, and how mistakes read."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import andornot
from andornot.cli import main
from andornot.data.images.labelmaps import NewSample, write_labelmaps

MODEL = """
import torch

def net():
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(3, 4, 3, padding=1)
    net = torch.nn.Sequential(layer, torch.nn.ReLU())
    return net, {"preprocessing": {"height": 16, "width": 16, "mean": [0, 0, 0], "std": [1, 1, 1]}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    pytest.importorskip("torch", reason="torch is not installed")
    root = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)

    def samples():
        for i in range(6):
            image = np.zeros((16, 16, 3), np.uint8)
            image[:, 8:] = rng.integers(0, 255, 3)
            labels = np.zeros((16, 16), np.int32)
            labels[:, 8:] = 1 + i % 2
            yield NewSample(f"{i}", Image.fromarray(image), {"half": labels})

    write_labelmaps(root / "data", {"right side": "place", "[red]x[/red]": "odd"}, samples())
    (root / "model.py").write_text(MODEL)
    return root


@pytest.fixture
def explain(world):
    def run(*more, out="run"):
        main(
            ["explain", "--model", f"{world / 'model.py'}:net", "--layer", "1",
             "--data", f"labelmaps:{world / 'data'}", "--quantile", "0.2", "--device", "cpu",
             "--out", str(world / out), *more]
        )  # fmt: skip

    return run


def succeed(call, *args, **kwargs):
    with pytest.raises(SystemExit) as ended:
        call(*args, **kwargs)
    assert ended.value.code == 0


def sentence(capsys, call, *args, code=2, **kwargs):
    """The one line on standard error of a command that failed."""
    with pytest.raises(SystemExit) as ended:
        call(*args, **kwargs)
    assert ended.value.code == code
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if line.strip()]
    lines = [line for line in told if "━" not in line and "-:--:--" not in line]  # no bars
    assert "Traceback" not in out + err
    assert len(lines) == 1, err
    return lines[0]


def test_explain_show_and_score(explain, world, capsys):
    succeed(explain, "--length", "2")
    out, err = capsys.readouterr()
    assert out.startswith("layer\tunit\tverdict\t")
    assert len(out.splitlines()) == 5
    assert "4 units" in err
    assert "mean IoU in sample by length" in err
    assert f"run: {world / 'run'}" in err
    assert f"andornot report {world / 'run'}" in err
    succeed(main, ["show", str(world / "run"), "--best", "1"])
    shown = capsys.readouterr().err
    assert "units by their best single concept: " in shown
    run = andornot.Run.open(world / "run")
    best = run.result().best(1)[0]
    succeed(main, ["score", str(world / "run"), str(best.unit), str(best.formula), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["iou"] == best.iou
    assert len(report["iou_by_fold"]) == 5
    succeed(main, ["score", str(world / "run"), "0", '"[red]x[/red]"'])
    assert "formula      [red]x[/red]" in capsys.readouterr().out


def test_names_that_look_like_markup_are_printed_as_they_are(explain, world, capsys, monkeypatch):
    succeed(explain, "--length", "1", "--concepts", "[red]x[/red]", out="[red]markup[/b]")
    out, err = capsys.readouterr()
    assert "[red]x[/red]" in out
    assert "[red]markup[/b]" in err
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    succeed(main, ["show", str(world / "[red]markup[/b]")])
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert "[red]markup[/b]" in out.replace("\n", "")


def test_layers_names_the_usual_choices(world, capsys):
    succeed(main, ["layers", "--model", f"{world / 'model.py'}:net"])
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows if row[-1] == "the last with maps of its size"] == ["1"]


@pytest.mark.parametrize("suffix", ["yaml", "toml"])
def test_configuration_file(world, suffix, capsys):
    values = {
        "model": f"{world / 'model.py'}:net",
        "layer": "1",
        "data": f"labelmaps:{world / 'data'}",
        "threshold": 0.25,
        "beam-size": 4,
        "units": "0-1",
        "out": str(world / suffix),
    }
    separator = ": " if suffix == "yaml" else " = "
    lines = [f"{key}{separator}{json.dumps(value)}" for key, value in values.items()]
    config = world / f"run.{suffix}"
    config.write_text("\n".join(lines))
    succeed(main, ["explain", "--config", str(config), "--beam-size", "3"])
    manifest = andornot.Run.open(world / suffix).manifest
    assert next(iter(manifest["layers"].values()))["threshold"]["fixed"] == 0.25
    assert manifest["search"]["beam_size"] == 3
    assert manifest["layers"]["1"]["units"] == 2
    capsys.readouterr()
    config.write_text("\n".join([*lines, f"lenght{separator}3"]))
    said = sentence(capsys, main, ["explain", "--config", str(config)])
    assert "has the option 'lenght'" in said
    assert "does not know (did you mean length?); it knows " in said
    assert " pool," in said
    assert not {"candidates,", "config,"}.intersection(said.split())
    config.write_text("[[[")
    assert "cannot be read" in sentence(capsys, main, ["explain", "--config", str(config)])


def test_what_a_configuration_says_is_read_strictly(world, capsys):
    base = {
        "model": f"{world / 'model.py'}:net",
        "layer": "1",
        "data": f"labelmaps:{world / 'data'}",
        "quantile": 0.2,
        "colors": False,
        "out": str(world / "strict"),
    }
    config = world / "strict.yaml"
    config.write_text(json.dumps(base))
    succeed(main, ["explain", "--config", str(config), "--threshold", "0.1", "--quiet"])
    assert andornot.Run.open(world / "strict").manifest["layers"]["1"]["threshold"]["fixed"] == 0.1
    config.write_text(json.dumps(base | {"length": 2.5}))
    said = sentence(capsys, main, ["explain", "--config", str(config)])
    assert "gives length as 2.5; it must be a whole number" in said
    config.write_text(json.dumps(base | {"units": ["a"]}))
    with pytest.raises(SystemExit):
        main(["explain", "--config", str(config)])
    assert "'a' is no unit or range" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("config: other.yaml\n", "names another configuration (config), which is not read"),
        ("candidates: 2\npool: 3\n", "gives pool twice, under two names (pool and candidates)"),
        ("known-only: true\nknown_only: true\n", "gives known-only twice, under two names"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(tmp_path, capsys, lines, said):
    (tmp_path / "c.yaml").write_text(lines)
    assert said in sentence(capsys, main, ["explain", "--config", str(tmp_path / "c.yaml")])


@pytest.mark.parametrize("units", ["5-3", "1-", "x"])
def test_units_that_are_no_range(explain, units, capsys):
    with pytest.raises(SystemExit) as ended:
        explain("--units", units)
    assert ended.value.code == 2
    assert "Error" in capsys.readouterr().err


def test_layers(world, capsys):
    succeed(main, ["layers", "--model", f"{world / 'model.py'}:net"])
    out = capsys.readouterr().out
    assert "Conv2d" in out
    assert "1x4x16x16" in out


OVERLAP = """
import numpy as np
from andornot.models.sentences.protocol import RecordedPairs

class Overlap:
    layers = ("shared words",)
    class_names = ("yes", "no")
    fingerprint = "1"

    def record(self, pairs, layers):
        shared = [len({*p.premise.tokens} & {*p.hypothesis.tokens}) for p in pairs]
        units = np.array(shared, np.float32)[:, None]
        return RecordedPairs({layer: units[:, :, None, None] for layer in layers}, units - [[1, 2]])

class Broken(Overlap):
    def record(self, pairs, layers):
        raise KeyError("dog")

def neither():
    return 3
"""


def test_layers_takes_what_explain_takes(world, capsys):
    (world / "overlap.py").write_text(OVERLAP)
    spec = f"{world / 'overlap.py'}:"
    succeed(main, ["layers", "--model", f"{spec}Overlap"])
    assert "shared words\t\t1 unit, a value for each pair\t1\tpair\t1x1" in capsys.readouterr().out
    for function, more, words in (
        ("Broken", [], "failed on an example pair with KeyError: 'dog'"),
        ("neither", [], "returned int, but must return a torch.nn.Module"),
        ("Overlap", ["--size", "8"], "--size is an option for images"),
    ):
        assert words in sentence(capsys, main, ["layers", "--model", spec + function, *more])


def test_layers_says_which_weights_were_taken(world, capsys):
    import torch

    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1))
    torch.save({"model": net.state_dict(), "model_ema": net.state_dict()}, world / "two.pt")
    weights = ["--weights", str(world / "two.pt")]
    succeed(main, ["layers", "--model", f"{world / 'model.py'}:net", *weights])
    assert "note: Of the weights in" in (err := capsys.readouterr().err)
    assert "two.pt#model_ema" in err


def test_a_network_without_layers_is_no_empty_table(world, capsys):
    bare = MODEL.replace("torch.nn.Sequential(layer, torch.nn.ReLU())", "layer")
    (world / "bare.py").write_text(bare)
    said = sentence(capsys, main, ["layers", "--model", f"{world / 'bare.py'}:net"])
    assert "none of its modules runs as one" in said


MISTAKES = {
    "layer": (["--layer", "features"], "features"),
    "quantile": (["--quantile", "2"], "quantile is 2.0; it must lie between 0 and 1"),
    "both thresholds": (["--threshold", "1"], "either a quantile or a fixed threshold"),
    "metric": (["--metric", "wow"], "unknown metric 'wow'; choose one of iou, f1"),
    "operators": (["--operators", "XOR"], "unknown operator 'XOR'"),
    "category": (["--categories", "scene"], "no concept is of category 'scene'"),
    "concept": (["--concepts", "right sid"], "did you mean 'right side'"),
    "size": (["--size", "1.5"], "give whole pixels"),
    "units": (["--units", "99"], "no unit 99 in 1; it has units 0 to 3"),
    "length": (["--length", "0"], "length is 0"),
    "long formulas": (["--length", "200"], "formulas have up to 100 concepts"),
    "data": (["--data", "labelmaps:nowhere"], "nowhere"),
    "weights": (["--weights", "nowhere.pt"], "nowhere.pt"),
    "split": (["--split", "test"], "no sample in the split 'test'"),
    "device": (["--device", "abacus"], "abacus"),
    "folds": (["--folds", "0"], "folds is 0"),
    "jobs": (["--jobs", "0"], "jobs is 0"),
    "batch size": (["--batch-size", "0"], "batch_size is 0"),
    "tokens": (["--tokens", "x"], "--tokens is 'x'"),
    "profile": (["--profile", "mu2020", "--metric", "f1"], "'mu2020' is a beam search for IoU"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_sentence(name, explain, capsys):
    options, expected = MISTAKES[name]
    assert expected in sentence(capsys, explain, *options, out=f"mistake {name}")


def test_missing_run(tmp_path, capsys):
    said = sentence(capsys, main, ["show", str(tmp_path)])
    assert said == (
        f"andornot: {tmp_path} holds no finished run (no manifest.json); make one with "
        "andornot explain"
    )


def test_interrupted(explain, capsys, monkeypatch):
    from andornot.pipeline import dissect as dissection

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(dissection, "concepts_of", interrupt)
    said = sentence(capsys, explain, code=130, out="interrupted")
    assert said == (
        "andornot: interrupted; the same command starts afresh, and nothing is left half done"
    )
    monkeypatch.undo()
    monkeypatch.setattr(dissection, "record", interrupt)
    said = sentence(capsys, explain, code=130, out="interrupted")
    assert said == "andornot: interrupted; the same command goes on from here"


def test_help_needs_no_heavy_import():
    code = (
        "import sys\n"
        "from andornot.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'numba', 'numpy', 'pandas', 'rich') if m in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_version_and_module():
    run = subprocess.run(
        [sys.executable, "-m", "andornot", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == f"andornot, version {andornot.__version__}"
