"""The manifest: what is read is written as it was, and a wrong field is told in a sentence.

A run may come from other people, and from any version of format 1.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import andornot
from analysis_cases import LAYER, pair_run, picture_run
from andornot import AndornotError
from andornot.cli import cli
from andornot.data.registry import our_levels
from andornot.errors import ModelError, RunError
from andornot.probes.base import Recording
from andornot.report.write import write_report
from andornot.runs.commit import TABLES, commit, new_results
from andornot.runs.manifest import Manifest
from andornot.runs.manifest_fields import check_manifest
from andornot.runs.reopen import model_of
from andornot.runs.run import Run
from manifest_cases import retold
from nli_cases import grammar

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("jinja2", reason="jinja2 is not installed")

DEEP: Any = []
for _ in range(500):
    DEEP = [DEEP]
WRONG = (None, 0, -1, 1e400, "x", "", [], {}, True, DEEP)
SAMPLED = 120
MANIFEST = Path("manifest.json")
NEWER = ("store", "trust", "notes", "relations", "folds", "min_active", "words", "seconds",
         "least_active_positions", "least_active_groups")  # fmt: skip
"""Fields that versions added."""
SEARCHED = ("length", "beam_size", "search", "metric", "operators")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Run]:
    """A small run at each level."""
    folder = tmp_path_factory.mktemp("sentences")
    pair_run(folder, trust=None)
    return {
        "image": picture_run(tmp_path_factory.mktemp("pictures"), LAYER, trust=None, length=2),
        "pair": sentence_run(folder, "mlp.4", "pair"),
        "token": sentence_run(folder, "encoder.rnn", "token"),
    }


def sentence_run(folder: Path, layer: str, name: str) -> Run:
    """A run of a model that lies in a folder, on sentences that can be read again."""
    rows = [("premise", "hypothesis", "label")]
    rows += [(p.premise.text, p.hypothesis.text, p.label) for p in grammar(60)]
    (folder / "pairs.tsv").write_text("\n".join("\t".join(row) for row in rows), "utf-8")
    return andornot.dissect(
        str(folder / "model.pt"), layer, f"pairs:{folder / 'pairs.tsv'},tagger=none",
        folder / name, recording=Recording(device="cpu"), length=2, folds=2, min_active=0.0,
        trust=None,
    )  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value of a manifest, containers and leaves, the whole one first."""
    yield at
    if isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*at, name))


def changed(manifest: dict[str, Any], at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    new = deepcopy(manifest)
    place: Any = new
    for name in at[:-1]:
        place = place[name]
    place[at[-1]] = value
    return new


def mutations(runs: dict[str, Run]) -> list[tuple[str, tuple[Any, ...], Any]]:
    return [
        (level, at, wrong)
        for level, run in runs.items()
        for at in places(json.loads(json.dumps(run.manifest)))
        for wrong in WRONG
    ]


def look(path: Path, out: Path) -> None:
    """Open a run, show it, and load its samples and its network again."""
    run = Run.open(path)
    done = CliRunner().invoke(cli, ["show", str(path)])
    if done.exception is not None and not isinstance(done.exception, AndornotError):
        raise done.exception
    for layer in run.layers:
        first = next(e for e in run.result(layer) if e.formula is not None)
        run.score(first.unit, str(first.formula), layer)
    shutil.rmtree(out, ignore_errors=True)
    write_report(run, out, units=[first.unit], n_samples=1)
    model_of(replace(run, trust_code=True))


def is_survived(run: Run, at: tuple[Any, ...], wrong: Any, out: Path) -> bool:
    """Whether a run with one value changed is read; it may be refused by an error of ours only."""
    file = run.path / MANIFEST
    good = file.read_text(encoding="utf-8")
    try:
        file.write_text(json.dumps(changed(json.loads(good), at, wrong)), encoding="utf-8")
        look(run.path, out)
    except AndornotError:
        return False
    finally:
        file.write_text(good, encoding="utf-8")
    return True


def test_wrong_values_are_refused_in_a_sentence(runs, tmp_path):
    some = random.Random(14).sample(mutations(runs), SAMPLED)
    for level, at, wrong in some:
        is_survived(runs[level], at, wrong, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("level", ["image", "pair", "token"])
def test_every_wrong_value_is_refused_in_a_sentence(runs, level, tmp_path):
    refused = 0
    for where, at, wrong in mutations(runs):
        if where == level:
            refused += not is_survived(runs[level], at, wrong, tmp_path / "out")
    assert refused > 500


def test_the_manifests_that_we_write_are_read(runs, tmp_path):
    for run in runs.values():
        look(run.path, tmp_path / "out")
    demo = {
        "data": runs["image"].manifest["data"] | {"kind": "demo", "source": {"count": 3, "seed": 1}}
    }
    check_manifest(runs["image"].manifest | demo, MANIFEST)


def test_an_older_manifest_that_lacks_newer_fields_is_read(runs):
    for run in runs.values():
        older = {name: value for name, value in run.manifest.items() if name not in NEWER}
        older["layers"] = {
            layer: {k: v for k, v in facts.items() if k != "threshold"}
            for layer, facts in older["layers"].items()
        }
        assert check_manifest(older, MANIFEST) == older


SENTENCES = [
    (("data", "samples"), "many", "data.samples must be a whole number from 0 on, and is 'many'"),
    (("model", "class_names"), "Red", "model.class_names must be a list, and is 'Red'"),
    (("model", "notes"), [{}], "model.notes[0] must be a text, and is an object"),
    (("level",), None, f"level must be one of {', '.join(our_levels())}, and is null"),
    (("stages",), {}, "stages.concepts must be an object with fields, and is null"),
    (("peak_rss_bytes",), 1e400, "peak_rss_bytes must be a whole number from 0 on, and is inf"),
    (("search", "metric"), "luck", "search.metric must be one of iou, f1, cosine, mcc, "),
    (("layers", LAYER, "threshold"), {}, "layers.relu2.threshold.fixed is missing"),
    (("preprocessing", "std"), 1, "preprocessing.std must be a list, and is 1"),
    (("preprocessing", "code"), 1, "preprocessing.code is none of height, interpolation, mean, "),
    (("versions", "numpy"), "\ud800", "versions.numpy must be a text, and is "),
    (("made",), 10**5000, "made must be a text, and is a huge number"),
]


@pytest.mark.parametrize(
    ("at", "value", "told"), SENTENCES, ids=[told.split()[0] for *_, told in SENTENCES]
)
def test_the_sentence_names_the_field_and_what_to_do(runs, at, value, told):
    wrong = changed(json.loads(json.dumps(runs["image"].manifest)), at, value)
    with pytest.raises(RunError) as caught:
        check_manifest(wrong, MANIFEST)
    said = str(caught.value)
    assert said.startswith(f"manifest.json is damaged: its field {told}")
    assert said.endswith("; repeat andornot explain, which writes it anew")
    assert "\n" not in said
    assert len(said) < 250


OUTSIDE = ("../x", "/etc", "a/../../b", "..", "", "C:\\x", "\\\\host\\x", "..\\x", "C:x", "a\0b")


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leads_out_of_the_run_is_refused(runs, path):
    manifest = json.loads(json.dumps(runs["pair"].manifest))
    manifest["stages"]["concepts"]["path"] = path
    with pytest.raises(RunError, match=r"stages\.concepts\.path must be a relative path inside"):
        check_manifest(manifest, MANIFEST)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000, "[]", "5", '{"format": true}'])
def test_what_is_no_manifest_at_all(runs, text):
    file = runs["pair"].path / MANIFEST
    good = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    try:
        with pytest.raises(RunError) as caught:
            Run.open(runs["pair"].path)
    finally:
        file.write_text(good, encoding="utf-8")
    assert str(file) in str(caught.value) or "is a run of format None" in str(caught.value)


# --- the record: older and newer runs, and the way back to JSON ---------------------------------


def text(values: Any) -> str:
    """With the order of fields, which equality forgets."""
    return json.dumps(values, ensure_ascii=False)


def with_unknown(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a manifest with one more field, in the midst of the others."""
    first, *others = part.items()
    return dict([first, ("of_a_later_version", [{"deep": DEEP}, None, 0.1]), *others])


def stored(run: Run) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((run.path / MANIFEST).read_text(encoding="utf-8"))
    return values


def test_what_was_read_is_written_as_it_was(runs):
    for run in runs.values():
        values = stored(run)
        assert text(run.manifest) == text(values)
        later = values | {
            name: with_unknown(values[name]) for name in ("model", "recording", "data", "search")
        }
        later["layers"] = {name: with_unknown(layer) for name, layer in values["layers"].items()}
        later["stages"] = {name: with_unknown(stage) for name, stage in values["stages"].items()}
        assert text(Manifest.from_json(later, MANIFEST).as_json()) == text(later)
        older = {name: part for name, part in reversed(values.items()) if name not in NEWER}
        older["search"] = {name: older["search"][name] for name in SEARCHED}
        assert text(Manifest.from_json(older, MANIFEST).as_json()) == text(older)


def test_what_an_older_run_does_not_say_has_a_default(runs):
    values = stored(runs["image"])
    older = {name: part for name, part in values.items() if name not in (*NEWER, "results")}
    older["search"] = {name: older["search"][name] for name in SEARCHED}
    record = Manifest.from_json(older, MANIFEST)
    assert record.store
    assert record.notes == ()
    assert (record.trust, record.results, record.folds, record.search.space) == (None,) * 4
    changed = replace(record, store=False, notes=("a note",))
    assert text(changed.as_json()) == text(older | {"store": False, "notes": ["a note"]})


def test_whoever_changes_the_plain_manifest_changes_no_run(runs):
    run = runs["image"]
    run.manifest["model"]["class_names"].clear()
    run.manifest["stages"].clear()
    assert text(run.manifest) == text(stored(run))


def test_a_run_takes_a_plain_manifest_once_it_is_sound(runs):
    run = runs["pair"]
    assert Run(run.path, stored(run)) == run  # type: ignore[arg-type]
    values: Any
    for values in (None, {}, stored(run) | {"level": "word"}, stored(run) | {"format": 2}):
        with pytest.raises(RunError):
            Run(run.path, values)


def test_numbers_of_numpy_become_plain_ones(runs):
    values = json.loads(text(runs["image"].manifest))
    record = replace(runs["image"].record, folds=np.int64(values["folds"]))
    assert text(record.as_json()) == text(values)
    with pytest.raises(TypeError, match="set has no form in JSON"):
        replace(record, relations={"x": {"y": {1}}}).as_json()


def test_a_run_of_a_later_version_is_loaded_again(runs):
    """A way of recording that this version does not know is passed over, as other fields are."""
    run = runs["image"]
    values = stored(run)
    values["recording"] |= {"precision": "float32"}
    later = Run(run.path, Manifest.from_json(values, MANIFEST), trust_code=True)
    assert model_of(later).fingerprint == run.record.model.fingerprint


@pytest.mark.parametrize(
    ("kind", "source", "told"),
    [
        ("demo", {"count": 3}, "does not say how its demo was made"),
        ("demo-text", {"count": "many", "seed": 1}, "data.source.count must be a whole number"),
        ("demo", {"seed": 1, "net": "other"}, "data.source.net is none of count, seed, val_share"),
        ("demonstration", {"seed": 1}, ""),
    ],
)
def test_the_network_of_a_doctored_demo(runs, kind, source, told):
    run = retold(runs["pair"], data={"kind": kind, "source": source})
    if not told:  # nothing is known of such data, but the network is there
        assert model_of(run).fingerprint == run.record.model.fingerprint
        return
    with pytest.raises(ModelError, match=re.escape(told)):
        model_of(run)


# --- nobody else reads the JSON, or names a stage -------------------------------------------------

SOURCE = Path(andornot.__file__).parent
ITS_OWN = {Path("runs/manifest.py"), Path("runs/manifest_fields.py")}
RAW = re.compile(
    r"""(?<!runs)\.manifest\b(?!["'`.])     # an attribute, not a module
    | \bmanifest\s*(?:\[|\.get\()        # a field of a dictionary
    | (?:read|parse)_json\(.*MANIFEST      # the file itself
    | \bcheck_manifest\(""",
    re.VERBOSE,
)
STAGES = re.compile(
    r"""(?:stages?|clock|_part)[\[(]\s*f?["']  # a name at its use
    | f["'](?:activations|thresholds|responses|search|saturated|scores|trust|ranges)\s\{""",
    re.VERBOSE,
)


def lines(pattern: re.Pattern[str], apart_from: set[Path]) -> list[str]:
    return [
        f"{file.relative_to(SOURCE)}:{number}: {line.strip()}"
        for file in sorted(SOURCE.rglob("*.py"))
        if file.relative_to(SOURCE) not in apart_from
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_nobody_else_reads_a_raw_manifest():
    assert lines(RAW, ITS_OWN) == []
    for raw in ("run.manifest", 'manifest["x"]', "manifest.get(", "parse_json(out / MANIFEST)"):
        assert RAW.search(raw)


def test_names_of_stages_are_in_one_place():
    assert lines(STAGES, {Path("runs/stage_names.py")}) == []
    for named in ('p.stages["logits"]', 'p.stage("data"', 'f"responses {layer}"'):
        assert STAGES.search(named)


def test_a_manifest_that_could_not_be_read_replaces_none(runs, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(runs["pair"].path, out)
    run, before = Run.open(out), (out / MANIFEST).read_bytes()
    text: Any = "object"
    wrong = replace(run.record, search=replace(run.record.search, categories=text))
    said = r"not written.*search\.categories must be a list"
    with new_results(out) as tables:
        for name in TABLES:
            tables.write(name, lambda path: path.write_text("others"))
        with pytest.raises(RunError, match=said) as caught:
            commit(out, tables, wrong)
    assert "\n" not in str(caught.value)
    assert (out / MANIFEST).read_bytes() == before
    assert Run.open(out).result() == run.result()


@pytest.mark.parametrize("search", [{"categories": "lemma"}, {"operators": "OR"}])
def test_a_whole_record_makes_a_run_that_can_be_read(runs, search, tmp_path):
    options = andornot.SearchOptions(length=1, **search)
    model, data = runs["pair"].record.model.spec, runs["pair"].record.data
    with pytest.raises(AndornotError) if "categories" in search else nullcontext():
        run = andornot.dissect(
            model, "mlp.4", f"pairs:{data.path},tagger=none", tmp_path / "run", search=options,
            folds=2, min_active=0.0, trust=None, recording=Recording(device="cpu"),
        )  # fmt: skip
        assert run.record.search.operators == ("OR",)


def test_a_result_of_a_run_knows_how_it_was_searched_for(runs):
    run = runs["pair"]
    result = run.result()
    assert result.search == andornot.SearchOptions(length=2)
    assert result.table == run.concepts.digest
    assert result == replace(result, search=None, table=None)
    active = run.thresholds()[:, None] < np.asarray(run.activations())[:, :, 0, 0].T
    few = result.select([e.unit for e in result if e.formula is not None][:2])
    masks = active[[e.unit for e in few]]
    trust = andornot.TrustOptions(0, 40, 2)
    found = few.assess(masks, run.concepts, options=trust)
    assert [e.formula for e in found] == [e.formula for e in few]
    assert all(e.trust is not None for e in found)
    with pytest.raises(AndornotError, match="length is 3 here"):
        few.assess(masks, run.concepts, length=3, options=trust)
    names = [f"other {name}" for name in run.concepts.names]
    with pytest.raises(AndornotError, match="in another concept table"):
        few.assess(masks, replace(run.concepts, names=tuple(names)), options=trust)


@pytest.mark.parametrize("field", ["penalty", "space", "nodes", "limit"])
def test_options_that_a_version_did_not_have_are_the_defaults(runs, field):
    searched = replace(runs["pair"].record.search, **{field: None})
    assert searched.options() == andornot.SearchOptions(length=2)


def test_options_of_a_later_version_are_not_guessed(runs):
    searched = runs["pair"].record.search
    assert replace(searched, further={"colour": "red"}).options() is None
    assert replace(searched, search="telepathy").options() is None
