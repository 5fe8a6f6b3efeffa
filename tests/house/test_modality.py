"""A modality that another package brings works from end to end; nothing in ``src`` knows of it."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import series_cases
from andornot import Run, dissect
from andornot._tools.progress import show_progress
from andornot._tools.timer import Timer
from andornot.data import registry
from andornot.data.modality import DataKind, Level, Modality
from andornot.data.rows import fingerprint_of
from andornot.errors import AndornotError, DataError, ModelError, OptionError, RunError
from andornot.probes.base import Recording

SUPPORT = Path(series_cases.__file__).parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of packages that the plug-in lies in, as if pip had installed it."""
    return series_cases.install(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """The file of stations; a network lies beside it."""
    return series_cases.write_series(tmp_path_factory.mktemp("series"))


@pytest.fixture(autouse=True)
def installed(site, monkeypatch):
    forget = registry.plug_ins.cache_clear
    monkeypatch.syspath_prepend(site)
    forget()
    yield
    forget()


def explained(series, out, **options):
    pytest.importorskip("torch", reason="torch is not installed")
    return dissect(
        f"{series.parent / 'net.py'}:network", "conv", f"series:{series}", out,
        length=2, recording=Recording(batch_size=5), trust=None, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run_folder(site, series, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        registry.plug_ins.cache_clear()
        return explained(series, tmp_path_factory.mktemp("explained") / "run").path


@pytest.fixture
def run(run_folder):
    return Run.open(run_folder)


def test_units_at_days_are_explained(run):
    """Activity by hand: the network's rules are known, and so are the episodes."""
    heat, frost = run.result()[0], run.result()[1]
    assert str(heat.formula) == "heat wave"
    assert heat.iou == 1
    assert str(frost.formula) == "frost"
    stations = json.loads(Path(run.record.data.path).read_text(encoding="utf-8"))
    days = sum(len(station["degrees"]) for station in stations)
    assert run.concepts.n_positions == days
    assert heat.counts.tp == 6 * len(stations)
    assert run.record.layers["conv"].threshold.fixed == 0  # as after any ReLU
    assert run.values(3, "conv").shape == (3, 1, len(stations[3]["degrees"]))


def test_the_manifest_names_the_modality_and_no_code(run):
    assert (run.manifest["modality"], run.manifest["level"]) == ("temperature series", "day")
    assert "plugin_series" not in json.dumps(run.manifest)


def test_the_terminal_shows_days(run):
    from andornot.cli.terminal import print_units

    file = io.StringIO()
    print_units(run, units=[0], n_samples=4, console=Console(file=file, width=200))
    text = file.getvalue()
    assert text.startswith("Unit 0: not tested\nA formula, not held against chance\n")
    assert "\nheat wave" in text
    assert "In sample: IoU 1.000" in text
    assert "of the 144 days" in text
    assert "unit  day 6 to day 11" in text
    assert "6 both, 0 only unit, 0 only formula" in text
    assert "days at which the unit is active, and at which the formula holds" in text


def test_a_report_shows_days(run, tmp_path):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    from andornot.report.write import write_report

    write_report(run, tmp_path / "report", n_samples=8)
    page = next((tmp_path / "report" / "unit").glob("*-00000.html")).read_text(encoding="utf-8")
    assert "heat wave" in page
    assert "day 6 to day 11" in page
    first = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "24 stations of stations.json" in first
    assert "active</em> on a day if" in first
    assert "24 stations" in first


def test_what_it_lacks_is_said_in_one_sentence(run):
    from andornot.analyses.masking import label_masking
    from andornot.analyses.replay import Replay
    from andornot.edits import EditSession, attack
    from andornot.runs.reopen import model_of

    trusted = Run.open(run.path, trust_code=True)
    for what, said in {
        lambda: EditSession.open(
            run
        ): "has days as positions; edits need images, sentences or pairs",
        lambda: attack(
            run, "cold", "warm"
        ): "an attack needs units at images, at sentences or at pairs",
        lambda: Replay.of(run, "conv"): "no ablation is known for temperature series, so do w",
        lambda: label_masking(run, "conv", []): "is a run on temperature series, where there is",
        lambda: model_of(trusted): "networks for stations are not loaded from a run; give it",
        lambda: model_of(run): "asks to run the Python file .*net.py, which nobody has looked at",
    }.items():
        with pytest.raises(AndornotError, match=said):
            what()


def test_samples_of_another_kind_are_not_taken_for_its_own(run):
    from andornot.runs.reopen import images_of, samples_of

    assert samples_of(run).sample_ids == tuple(run.samples["sample"])
    values = run.manifest
    other = Run(run.path, values | {"data": values["data"] | {"kind": "labelmaps"}})
    with pytest.raises(OptionError, match="has no stations to show; this needs a run on series d"):
        samples_of(other)
    with pytest.raises(OptionError, match="kind 'series', which has no images to show; pictures"):
        images_of(run)


def test_a_figure_that_it_cannot_give_is_left_out(run, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from andornot.figures import write_figures

    written = write_figures(run, tmp_path / "figures", only=["length", "kinds"], formats=["svg"])
    assert "no way to draw stations is known" in written.left_out["kinds"]
    assert any(file.name == "length.svg" for file in written.files)


def test_a_probe_goes_to_another_process_with_its_network_by_name(series):
    pytest.importorskip("torch", reason="torch is not installed")
    from plugin_series.probe import SeriesProbe

    spec = f"{series.parent / 'net.py'}:network"
    probe = SeriesProbe.of(spec, ("conv",), f"series:{series}", Recording())
    sent = pickle.dumps(probe)
    assert b"Warmth" not in sent
    there = pickle.loads(sent)
    assert there.spec == spec
    for name, values in probe.answers().items():
        np.testing.assert_array_equal(there.answers()[name], values)


def command(site, folder, *words):
    """Run ``andornot`` in a process that finds the plug-in as any other package."""
    path = os.pathsep.join([str(site), str(SUPPORT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "andornot", *map(str, words)],
        capture_output=True, text=True, cwd=folder, check=False,
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip


def called(*words):
    """The exit status of a command in this process."""
    from andornot.cli import main

    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return end.value.code


def explain(series, *options):
    return (
        "explain", "--model", series.parent / "net.py:network", "--layer", "conv",
        "--data", f"series:{series}", "--out", "run", *options,
    )  # fmt: skip


def test_the_command_line_explains_shows_and_analyses(site, series, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    few = ("--split", "val", "--samples", 10, "--length", 2, "--no-trust")
    done = command(site, tmp_path, *explain(series, *few))
    assert done.returncode == 0, done.stderr
    assert "heat wave" in done.stdout
    assert len(Run.open(tmp_path / "run").samples) == 10
    done = command(site, tmp_path, "show", "run", "--units", "0", "--samples", "3")
    assert done.returncode == 0, done.stderr
    assert re.search(r"unit +day \d+ to day \d+", done.stdout)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "RUN", "--units", "0", "--samples", "3"), "day 6 to day 11"),
        (("score", "RUN", "0", "heat wave OR frost"), "iou"),
        (("analyze", "length", "RUN"), "by_length"),
        (("analyze", "uniqueness", "RUN"), "heat wave"),
        (("report", "RUN", "--quiet", "--out", "OUT"), "wrote"),
        (("data", "check", "SPEC"), "samples        24"),
        (("data", "check", "SPEC", "--split", "val"), "samples        12"),
    ],
)
def test_commands_know_it(run, series, tmp_path, words, said, capsys):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    places = {"RUN": run.path, "OUT": tmp_path / "out", "SPEC": f"series:{series}"}
    assert called(*(places.get(word, word) for word in words)) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--words", "5"), "--words is an option for sentences; leave it out here"),
        (("--size", "8"), "--size is an option for images; leave it out here"),
        (("--group", "none"), "group is no option for stations; leave it out here"),
    ],
)
def test_options_for_other_samples_are_refused(series, tmp_path, option, said, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert called(*explain(series, *option)) == 2
    assert said in capsys.readouterr().err


def test_arguments_for_other_samples_are_refused(series, tmp_path):
    with pytest.raises(OptionError, match="preprocessing is an option for images"):
        dissect("x.py:x", "conv", f"series:{series}", tmp_path, preprocessing="imagenet")


def test_further_sources_are_refused(series):
    from plugin_series.probe import SeriesProbe

    any_source: Any = object()
    with pytest.raises(OptionError, match="sources of concepts are not known for temperature"):
        SeriesProbe.of("x.py:x", ("conv",), f"series:{series}", Recording(), sources=(any_source,))


# --- what is not there, and what is broken -------------------------------------------------------


def test_without_the_package_a_run_can_be_read_and_says_what_is_missing(run, site, monkeypatch):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(site)])
    registry.plug_ins.cache_clear()
    assert str(run.result()[0].formula) == "heat wave"
    with pytest.raises(RunError, match="no modality 'temperature series' here, only images, seq"):
        _ = run.modality


BROKEN = {
    "missing": ("nowhere_at_all:SERIES", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
    "wrong": ("json:dumps", "it is no Modality but function"),
    "ending": ("ending_module:X", "SystemExit: goodbye"),
    "twice": ("plugin_images:AGAIN", "its name 'images' is taken already"),
    "comma": ("odd_records:comma", "OptionError: kinds of the modality odd: is DataKind; give"),
    "nothing": ("odd_records:nothing", "OptionError: kinds of the modality odd: is NoneType; g"),
    "kindless": ("odd_records:kindless", "it has no kind of data"),
    "level": ("odd_records:level", "OptionError: the modality odd has no level; give one or more"),
    "batch": ("odd_records:batch", "OptionError: batch of the modality odd is 0; give 1 or more"),
    "text": ("odd_records:text", "OptionError: opener of a modality is None; give a text"),
    "foreign": (
        "odd_records:foreign",
        "OptionError: the kind odd of the modality odd says that it is of",
    ),
    "levels": ("odd_records:levels", "OptionError: two of odd, odd of the modality odd have"),
    "colon": ("odd_records:colon", "OptionError: the kind of data 'o:d' has a colon; leave it out"),
    "source": ("odd_records:source", "OptionError: the source of odd is 'spec'; give a dict"),
}


def _any(reason):
    """The reason as an expression, in which only ``.*`` is one."""
    return re.escape(reason).replace(r"\.\*", ".*")


ODD_RECORDS = """
from andornot.data.modality import DataKind, Level, Modality

CHANGES = {
    "comma": lambda: {"kinds": (DataKind("odd", "odd"))},
    "nothing": lambda: {"kinds": None},
    "kindless": lambda: {"kinds": ()},
    "level": lambda: {"levels": ()},
    "batch": lambda: {"batch": 0},
    "text": lambda: {"opener": None},
    "foreign": lambda: {"kinds": (DataKind("odd", "even"),)},
    "levels": lambda: {"levels": (Level("odd"), Level("odd"))},
    "colon": lambda: {"kinds": (DataKind("o:d", "odd"),)},
    "source": lambda: {"kinds": (DataKind("odd", "odd", "spec"),)},
}

def __getattr__(name):
    if name not in CHANGES:
        raise AttributeError(name)
    plain = dict(name="odd", sample="odd one", levels=(Level("odd"),),
                 kinds=(DataKind("odd", "odd"),), opener="x:y", probe="x:y")
    return Modality(**plain | CHANGES[name]())
"""


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_told_once_and_breaks_nothing(tmp_path, monkeypatch, capsys, name):
    value, reason = BROKEN[name]
    more = series_cases.install(tmp_path, name, value)
    (more / "ending_module.py").write_text("raise SystemExit('goodbye')\n")
    (more / "odd_records.py").write_text(ODD_RECORDS)
    (more / "plugin_images.py").write_text(
        "from dataclasses import replace\n"
        "from andornot.data.images.modality import IMAGES\n"
        "AGAIN = replace(IMAGES, kinds=())\n"
    )
    monkeypatch.syspath_prepend(more)
    registry.plug_ins.cache_clear()
    show_progress(True)
    for _ in range(2):
        assert registry.modality_of_spec("series:x.json").name == "temperature series"
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("cannot be used and is left out") == 1
    assert re.search(rf"\({_any(reason)}.*\); mend, update or uninstall it", said), said
    assert f"the modality {name} of the package toy-{name} ({value})" in said
    with pytest.raises(OptionError, match=f"the modality {name} of the package"):
        registry.modality_of_spec(f"{name}:x.json")
    with pytest.raises(RunError, match=f"the modality {name} of the package"):
        registry.modality_named(name)


def test_one_that_is_installed_and_broken_is_said_to_be_so(run, site, tmp_path, monkeypatch):
    """Its entry point is not called as the modality is, and its record cannot be asked."""
    broken = series_cases.install(tmp_path, "warm", "nowhere_at_all:SERIES")
    monkeypatch.setattr(sys, "path", [str(broken), *(p for p in sys.path if p != str(site))])
    registry.plug_ins.cache_clear()
    with pytest.raises(RunError, match=r"no modality 'temperature series'.*warm of the pack"):
        _ = run.modality


def test_an_unknown_kind_is_told_before_a_network_is_loaded(series, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [str(word).replace("series:", "seriez:", 1) for word in explain(series)]
    assert called(*words) == 2
    said = capsys.readouterr().err
    assert "there is no data set at seriez:" in said
    for kind in ("labelmaps", "snli", "series"):
        assert kind in said
    (tmp_path / "seriez:x").mkdir()  # a folder may be called so
    assert registry.modality_of_spec("seriez:x").name == "images"
    assert registry.modality_of_spec("C:/somewhere").name == "images"


def test_data_that_do_not_say_what_they_are_are_no_images():
    with pytest.raises(OptionError, match="data are 'SimpleNamespace', which gives no images and"):
        dissect("x.py:x", "conv", SimpleNamespace(sample_ids=("a",), kind="series"))


def test_each_kind_is_opened_by_its_own_function(run, site, series, tmp_path, monkeypatch):
    """A second kind may have its own opener, and its own arguments."""
    (site / "plugin_months.py").write_text(
        "from dataclasses import replace\n"
        "from andornot.data.modality import DataKind\n"
        "from plugin_series import SERIES\n"
        "from plugin_series.data import open_series\n"
        "MONTHS = DataKind('months', SERIES.name, {'spec': 'text', 'limit': 'count or nothing'},\n"
        "                  opener='plugin_months:open_months')\n"
        "BOTH = replace(SERIES, name='temperatures', kinds=(\n"
        "    DataKind('degrees', 'temperatures'), replace(MONTHS, modality='temperatures')))\n"
        "def open_months(spec, limit=None):\n"
        "    assert limit in (None, 3)\n"
        "    return open_series(spec).subset(range(limit or 2))\n"
    )
    monkeypatch.syspath_prepend(series_cases.install(tmp_path, "both", "plugin_months:BOTH"))
    registry.plug_ins.cache_clear()
    assert len(registry.open_samples(f"months:{series}")) == 2
    assert len(registry.open_samples(f"months:{series}", limit=3)) == 3
    assert len(registry.open_samples(f"degrees:{series}", limit=3)) == 3
    from andornot.runs.reopen import samples_from

    other = Run(run.path, run.manifest | {"modality": "temperatures"})
    assert len(samples_from(other, f"months:{series}")) == 2
    assert len(samples_from(other, f"degrees:{series}")) == 24


def test_names_of_ours_load_no_plug_in(monkeypatch):
    monkeypatch.setattr(registry, "entry_points", None)  # nobody may call it
    assert registry.modality_of_spec("broden:x").name == "images"
    assert registry.modality_of_spec("some/folder").name == "images"
    assert registry.modality_of_spec("pairs:x").name == "sentences"
    assert registry.modality_of_run(None, "token").name == "sentences"


def test_a_place_that_is_not_there_is_a_sentence():
    made = Modality("spectra", "spectrum", (Level("line"),), (), "no_such_package:open", "x:y")
    with pytest.raises(OptionError, match="modality spectra names no_such_package:open, which can"):
        made.find(made.opener)
    with pytest.raises(RunError, match="spectra has no level 'row'; it has line"):
        made.level("row")


def test_arguments_of_an_unknown_sort_are_refused():
    with pytest.raises(OptionError, match="the argument spec of odd: is 'words'; it may be text,"):
        DataKind("odd", "images", {"spec": "words"})  # type: ignore[dict-item]


def test_kinds_of_images_are_those_that_have_a_reader():
    from andornot.data.images.open import READERS

    of_files = [kind.name for kind in registry.kinds_of("images") if kind.files]
    assert of_files == list(READERS)


# --- what samples and networks of a plug-in say --------------------------------------------------


def altered(series, **change):
    """The stations, of which some attributes say something else."""
    data = registry.open_samples(f"series:{series}")
    other = type("Altered", (type(data),), change)
    return other(data.path, data.stations, data.names)


def named(values):
    return property(lambda _: values)


IDS = tuple("abcdefghijklmnopqrstuvwx")
WRONG = {
    "numbers": ({"sample_ids": named(range(24))}, "sample_ids of .*Altered.* hold 0, which is no"),
    "twins": ({"sample_ids": named(("a",) * 24)}, "sample_ids of .* hold 'a' twice; give each"),
    "few": ({"splits": named(("",) * 5)}, "splits of .* are 5 for 24 samples; give one for each"),
    "text": ({"classes": named("abcdefghijklmnopqrstuvwx")}, "are the text 'abc.*sequence of"),
    "groups": ({"groups": named(IDS[1:])}, "groups of .* are 23 for 24 samples"),
    "lengths": ({"lengths": named([60] * 23)}, "lengths of .* are 23 for 24 samples"),
    "zero": ({"lengths": named([60] * 23 + [0])}, "length of the sample 'station 23' is 0; give h"),
    "halves": ({"lengths": named([1.5] * 24)}, "length of the sample 'station 00' is 1.5; give"),
    "categories": ({"categories": named(("episode",))}, "are 1 for 3 concepts; give one for each"),
    "concepts": ({"names": ("frost", "frost", "heat wave")}, "names of .* hold 'frost' twice"),
    "none": ({"__len__": lambda _: 0}, "the data .*Altered.* at .*stations.json hold no sample"),
    "kind": ({"kind": 7}, "have a kind or a path that is no text"),
    "raises": ({"splits": property(lambda _: 1 / 0)}, "hold failed with ZeroDivisionError: divis"),
    "missing": ({"subset": property(lambda _: _.nothing)}, "have no subset; give them one"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_samples_say_is_looked_at_first(series, name):
    from andornot.data.check import check_samples
    from plugin_series.probe import SeriesProbe

    change, said = WRONG[name]
    unlike = {"names"} & change.keys()
    data = altered(series, **{} if unlike else change)
    for key in unlike:
        object.__setattr__(data, key, change[key])
    with pytest.raises(DataError, match=said):
        SeriesProbe.of("x.py:x", ("conv",), data, Recording())
    with pytest.raises(DataError, match=said):
        check_samples(data)


def labels_that(do):
    """Labels of which those of the fourth station are something else."""

    def labels(self, sample):
        found = series_labels(self, sample)
        return do(found) if sample == 3 else found

    from plugin_series.data import Series

    series_labels = Series.labels
    return {"labels": labels}


def lost(*_):
    raise RuntimeError("year 60\nis lost")


LABELS = {
    "raises": (lost, r"the sample 'station 03' \(series\) failed with RuntimeError"),
    "short": (lambda found: found[:, 1:], "the labels of the sample 'station 03' have the shape"),
    "nan": (lambda found: np.where(found, 1, np.nan), "sample 'station 03' hold nan; give True"),
    "text": (lambda found: found.astype(str), "'station 03' hold values of the sort <U5; give"),
    "two": (lambda found: found * 2, "labels of the sample 'station 03' hold 2; give True and F"),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_that_cannot_be_used_are_one_sentence(series, tmp_path, name):
    pytest.importorskip("torch", reason="torch is not installed")
    from andornot.data.check import check_samples

    do, said = LABELS[name]
    data = altered(series, **labels_that(do))
    found = check_samples(data)
    assert len(found.unreadable) == 1
    assert re.search(said, found.unreadable[0])
    with pytest.raises(DataError, match=said):
        dissect(f"{series.parent / 'net.py'}:network", "conv", data, tmp_path / "run", trust=None)


def test_labels_of_0_and_1_are_truths(series):
    from andornot.data.rows import labels_of

    plain = registry.open_samples(f"series:{series}")
    for sort in (np.int8, np.float64, np.uint64):
        data = altered(series, **labels_that(lambda found, sort=sort: found.astype(sort)))
        np.testing.assert_array_equal(labels_of(data, 3), plain.labels(3))


def test_a_fingerprint_that_is_no_text_is_told_as_what_it_is(series, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    data = altered(series, fingerprint=lambda _: 7)
    with pytest.raises(DataError, match=r"have the fingerprint 7; let fingerprint\(\) return"):
        dissect(f"{series.parent / 'net.py'}:network", "conv", data, tmp_path / "run", trust=None)


def test_a_question_that_fails_is_one_sentence(run, series):
    from andornot.runs.reopen import matching

    for name in ("subset", "fingerprint"):
        turned = registry.open_samples(f"series:{series}").sample_ids[::-1]
        data = altered(series, **{name: lost, "sample_ids": named(turned)})
        with pytest.raises(DataError, match=r"Altered.* failed with RuntimeError: year 60 is lost"):
            matching(run, data) if name == "subset" else fingerprint_of(data)


ANSWERS = {
    "raises": ({"record": lambda *_: lost(_)}, "of the samples 'station 00' to .* RuntimeError:"),
    "layer": ({"record": lambda *_: {"other": 1}}, "nothing of the layer 'conv' but other; give"),
    "units": ({"record": lambda s, r, _: {"conv": np.zeros((s.rows[r.stop], 0))}}, "gave an array"),
    "logits": ({"logits": lambda *_: lost(_)}, "asking for the logits of one of the samples"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_network_that_fails_is_one_sentence(series, name):
    pytest.importorskip("torch", reason="torch is not installed")
    from plugin_series.probe import SeriesProbe

    change, said = ANSWERS[name]
    spec = f"{series.parent / 'net.py'}:network"
    other: Any = type("Altered", (SeriesProbe,), change)
    probe = other.of(spec, ("conv",), f"series:{series}", Recording())
    with pytest.raises(ModelError, match=said) as caught:
        list(probe.batches(["conv"], 0, True, Timer()))
    assert name not in ("raises", "logits") or isinstance(caught.value.__cause__, RuntimeError)


def test_a_network_is_loaded_by_file_and_function_or_says_why_not(series):
    pytest.importorskip("torch", reason="torch is not installed")
    from plugin_series.probe import SeriesProbe

    def of(spec, **more):
        return SeriesProbe.of(spec, ("conv",), f"series:{series}", Recording(), **more)

    net = series.parent / "net.py"
    assert of(f"{net}:network").class_names == ("cold", "warm")
    with pytest.raises(ModelError, match="has no function 'nett'"):
        of(f"{net}:nett")
    with pytest.raises(ModelError, match="'net' names no network for temperature series; give FI"):
        of("net")
    with pytest.raises(OptionError, match="weights cannot be given for temperature series; leave"):
        of(f"{net}:network", weights="random:3")


@pytest.mark.parametrize("option", [("--weights", "zzz"), ("--random-weights", "3")])
def test_weights_that_would_do_nothing_are_refused(series, tmp_path, option, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert called(*explain(series, *option)) == 2
    assert "for images; leave" in capsys.readouterr().err


def test_an_opener_that_fails_is_one_sentence(tmp_path, capsys):
    empty = tmp_path / "empty.json"
    empty.write_text("[]")
    assert called("data", "check", f"series:{empty}") == 2
    assert "hold no sample" in capsys.readouterr().err
    empty.write_text("[")
    assert called("data", "check", f"series:{empty}") == 2
    said = capsys.readouterr().err
    assert "(temperature series) failed with JSONDecodeError" in said
    assert "Traceback" not in said


def test_a_run_finds_its_data_again_from_another_directory(series, tmp_path, monkeypatch):
    from andornot.runs.reopen import samples_of

    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.chdir(series.parent)
    run = dissect("net.py:network", "conv", f"series:{series.name}", tmp_path / "run",
                  length=1, trust=None)  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert len(samples_of(run)) == 24


def test_names_of_positions_are_as_many_as_positions(run, series):
    from andornot.views.galleries import open_gallery

    few = altered(series, names_of_positions=lambda *_: ["one"])
    with pytest.raises(DataError, match=r"names_of_positions of the sample .* are 1 for .*"):
        open_gallery(run, data=few).unit(0, 1)
    whole = altered(series, names_of_positions=lambda self, i: range(self.lengths[i]))
    assert open_gallery(run, data=whole).unit(0, 1).samples[0].active == "8 to 13"


def test_pages_speak_of_its_positions(run, tmp_path):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    from andornot.report.write import write_report

    write_report(run, tmp_path / "report")
    assert "share of days" in (tmp_path / "report" / "concepts.html").read_text(encoding="utf-8")
    concepts = sorted((tmp_path / "report" / "concept").glob("*.html"))
    assert re.search(r"It holds on [\d,]+ days", concepts[0].read_text(encoding="utf-8"))


def test_a_template_may_be_its_own_and_must_be_there(run, tmp_path, monkeypatch):
    jinja2 = pytest.importorskip("jinja2", reason="jinja2 is not installed")
    from andornot.report.folder import load_template
    from andornot.report.write import write_report

    package = tmp_path / "own_pages"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "days.html.j2").write_text("{{ day }}")
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(load_template("own_pages:days.html.j2"), jinja2.Template)
    for name in ("nope.html.j2", "own_pages:nope.html.j2", "no_package_at_all:days.html.j2"):
        run.__dict__["modality"] = replace(run.modality, template=name)
        with pytest.raises(OptionError, match=f"there is no template '{name}' for pages; give the"):
            write_report(run, tmp_path / "report")
