"""Old dotted paths that pages named: they go on working, and warn."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from importlib import import_module, util
from pathlib import Path

import pytest

from andornot._moved import MOVED

PROMISED = [
    "analyses.accuracy.answer",
    "analyses.answer.Answer",
    "analyses.baseline.answer",
    "analyses.contributions.answer",
    "analyses.kinds.answer",
    "analyses.length.answer",
    "analyses.metrics.answer",
    "analyses.scores.answer",
    "analyses.trust.answer",
    "analyses.uniqueness.answer",
    "analyses.vocabulary.answer",
    "concepts.relations.read_relations",
    "counting.ranges.Ranges",
    "counting.thresholds.Threshold",
    "edits.AttackOptions",
    "edits.EditSession",
    "edits.attack",
    "errors.AndornotError",
    "explainer.SearchOptions",
    "explanations.Certificate",
    "explanations.Explanation",
    "explanations.Result",
    "figures.write_figures",
    "measures.scores.Counts",
    "models.load_model",
    "models.from_hf.import_transformers",
    "probe.Recording",
    "probing.dataset.ProbingData",
    "probing.labelmaps.NewSample",
    "probing.labelmaps.write_labelmaps",
    "probing.open.open_data",
    "report.site.write.write_report",
    "runs.stream.explain_to_parquet",
    "samples.Samples",
    "search.optimal.Budget",
    "counting.activations.InMemory",
    "text.concepts.pair_concepts",
    "text.nli.PairModel",
    "text.nli.load_pair_model",
    "text.nli.train",
    "text.nli.Config",
    "text.nli.TrainOptions",
    "text.nli.protocol.Recorded",
    "text.open.open_pairs",
    "text.probe.Words",
    "text.tokens.token_concepts",
    "trust.options.TrustOptions",
    "trust.record.Chance",
    "trust.record.HeldOut",
    "trust.record.Stability",
    "trust.record.Trust",
    "demo.run_demo",
    "demo.vision.world.draw_world",
    "demo.text.world.draw_pairs",
]
"""What the reference and other pages named before the modules moved to their rooms."""


@pytest.fixture(autouse=True)
def nothing_imported_by_an_old_path():
    """A module warns when it is imported first, so each test begins without them."""
    before = {name: module for name, module in sys.modules.items() if is_old(name)}
    for name in before:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if is_old(name)]:
        del sys.modules[name]


def is_old(name):
    return name.removeprefix("andornot.") in MOVED


@pytest.mark.parametrize("path", PROMISED)
def test_a_promised_path_works_and_warns_where_it_is_old(path):
    module, _, name = f"andornot.{path}".rpartition(".")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        value = getattr(import_module(module), name)
    if not is_old(module):
        assert not told
        return
    assert {warning.category for warning in told} == {DeprecationWarning}
    homes = re.findall(r"andornot\.[\w.]+", str(told[-1].message))[1:]
    assert any(getattr(import_module(home), name, None) is value for home in homes)


@pytest.mark.parametrize("path", [path for path, homes in MOVED.items() if homes])
def test_every_old_path_leads_somewhere_and_is_gone_itself(path):
    assert not any(Path(root).joinpath(*path.split(".")).with_suffix(".py").exists()
                   for root in import_module("andornot").__path__)  # fmt: skip
    for home in MOVED[path]:
        assert util.find_spec(f"andornot.{home}") is not None


def test_the_warning_points_at_the_line_that_imports(tmp_path):
    script = tmp_path / "old.py"
    script.write_text("import andornot\nfrom andornot.probing.open import open_data\n")
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr.splitlines() == [
        f"{script}:2: DeprecationWarning: andornot.probing.open is andornot.data.images.open now; "
        "the old path goes in version 0.3",
        "  from andornot.probing.open import open_data",
    ]


def test_an_old_path_lists_its_names():
    found: dict[str, object] = {}
    with pytest.warns(DeprecationWarning, match=r"andornot\.probing\.open is"):
        exec("from andornot.probing.open import *", found)
    assert {"open_data", "READERS"} <= set(found)
    module = import_module("andornot.probing.open")
    assert "open_data" in dir(module)
    assert not {name for name in dir(module) if name.startswith("_")}


def test_what_never_was_is_not_there():
    with pytest.raises(ModuleNotFoundError, match=r"andornot\.probing\.nothing"):
        import_module("andornot.probing.nothing")
    with (
        pytest.warns(DeprecationWarning, match=r"andornot\.samples is"),
        pytest.raises(AttributeError, match=r"'andornot\.samples' has no attribute 'nothing'"),
    ):
        _ = import_module("andornot.samples").nothing
