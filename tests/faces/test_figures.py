"""Figures for print: what is drawn is what was found, and files are whole, small and the same."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from analysis_cases import CLASSES, EARLY, LAYER, N_SAMPLES, pair_run, picture_run
from andornot.analyses import kinds as kinds_of
from andornot.cli.figures import figures
from andornot.errors import OptionError, RunError
from andornot.figures import FIGURES, write_figures
from insides import install

pytest.importorskip("matplotlib", reason="matplotlib is not installed")
pytest.importorskip("torch", reason="torch is not installed")

import matplotlib
from matplotlib.collections import PathCollection

from andornot import Run, Threshold
from andornot.analyses import accuracy as accuracy_of
from andornot.analyses import contributions as contributions_of
from andornot.analyses import length as length_of
from andornot.analyses import uniqueness as uniqueness_of
from andornot.figures import accuracy, contributions, edits, growth, kinds, length, uniqueness
from andornot.figures.panels import panels
from andornot.figures.request import Choices, FigureRequest
from andornot.figures.sheet import PlacedText, Sheet, break_lines, formula_words, text_width
from andornot.figures.style import COLUMN, FULL, styled
from figure_cases import (
    CLASS_IMAGES,
    EDIT_IMAGES,
    EDITS,
    choose_examples,
    growth_samples,
    shortened,
    strongest,
    words,
)
from insides import contributions_figure
from pair_cases import pair


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return picture_run(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return pair_run(tmp_path_factory.mktemp("pairs"))


@pytest.fixture
def request_of(run):
    return lambda **choices: FigureRequest(run, LAYER, Choices(**choices))


@pytest.fixture(autouse=True)
def _style():
    with styled():
        yield


def said(figure):
    """All texts of a figure laid out by hand, in the order of reading."""
    return " ".join(text.get_text() for text in figure.texts)


def rendered(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return np.asarray(Image.open(file).convert("RGB"))


def pictures_in(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


# --- the files ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("figures")
    return out, write_figures(run, out, LAYER)


def test_all_figures_in_all_formats(written):
    out, done = written
    assert set(done.left_out) == {"edits"}
    assert "--from and --to" in done.left_out["edits"]
    names = [name for name in FIGURES if name != "edits"]
    wanted = {f"{name}.{kind}" for name in names for kind in ("pdf", "svg", "png")}
    there = {path.name for path in out.iterdir()} - {".andornot.json"}
    assert there == wanted | {"CAPTIONS.txt"}
    assert {path.name for path in done.files} == wanted | {"CAPTIONS.txt"}


def test_captions_say_what_the_analyses_say(run, written):
    text = (written[0] / "CAPTIONS.txt").read_text()
    blocks = dict(block.split("\n", 1) for block in text.strip().split("\n\n"))
    assert list(blocks) == [name for name in FIGURES if name != "edits"]
    assert "over 8 units" in blocks["length"]
    for name, answer in (("length", length_of), ("uniqueness", uniqueness_of)):
        assert all(sentence in blocks[name] for sentence in answer.answer(run, LAYER).sentences)


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "edits"])
def test_files_fit_a_page_and_keep_text_and_fonts(written, name):
    with Image.open(written[0] / f"{name}.png") as png:
        assert png.width in (round(COLUMN * 300), round(FULL * 300))
        assert png.height <= 9.5 * 300
    pdf = (written[0] / f"{name}.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    svg = (written[0] / f"{name}.svg").read_text()
    assert "<text" not in svg  # no viewer needs the font


def test_the_same_figure_is_the_same_file_whatever_the_settings(run, written, tmp_path):
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": None}):
        write_figures(run, tmp_path, LAYER, only=["length", "contributions"])
        assert matplotlib.rcParams["font.size"] == 30
    for path in tmp_path.glob("[!.]*.*"):
        if path.name != "CAPTIONS.txt":
            assert path.read_bytes() == (written[0] / path.name).read_bytes(), path.name


def test_a_failure_leaves_what_was_there(run, tmp_path, monkeypatch):
    write_figures(run, tmp_path, LAYER, only=["length"])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def broken(self, file, **options):
        raise OSError(28, "no space left")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", broken)
    with pytest.raises(RunError, match="cannot write to"):
        write_figures(run, tmp_path, LAYER, only=["length"])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["nonsense"]}, "no figure 'nonsense'; choose among length"),
        ({"formats": ["gif"]}, "no format 'gif'"),
        ({"layer": None}, "choose one of this run's layers"),
    ],
)
def test_mistakes(run, tmp_path, options, message):
    with pytest.raises(OptionError, match=message):
        write_figures(run, tmp_path, **{"layer": LAYER} | options)


def test_without_matplotlib(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OptionError, match=re.escape(install("figures"))):
        write_figures(run, tmp_path, LAYER)


# --- charts ------------------------------------------------------------------------------------


def test_histograms_and_means_of_length(run):
    answer = length_of.answer(run, LAYER)
    (axes,) = length.draw(answer).figure.axes
    patches: Any = axes.patches
    bars = [patch for patch in patches if patch.get_width() or patch.get_height()]
    for n in (1, 2, 3):
        own = [b for b in bars if abs(b.get_x() + b.get_width() / 2 - n) < 1e-9]
        widths = np.array([b.get_width() for b in own])
        edges = np.array([b.get_y() for b in own] + [own[-1].get_y() + own[-1].get_height()])
        counts = np.histogram(answer.tables["units"][f"iou_{n}"], edges)[0]
        assert counts.sum() == 8
        np.testing.assert_allclose(widths / widths.sum(), counts / counts.sum(), atol=1e-9)
    means = axes.lines[-1].get_ydata()
    np.testing.assert_array_equal(means, answer.tables["by_length"]["mean"])


@pytest.mark.parametrize("least", [1, 20])
def test_points_of_accuracy(run, least):
    answer = accuracy_of.answer(run, LAYER, least_active=least)
    figure = accuracy.draw(answer, least).figure
    units = answer.tables["units"].query("active_samples >= @least")
    found = answer.tables["correlations"]
    top, below = figure.axes[0], figure.axes[2]
    (points,) = [c for c in top.collections if isinstance(c, PathCollection)]
    np.testing.assert_allclose(np.asarray(points.get_offsets()), units[["iou", "accuracy"]])
    rows = found[found["quantity"] == "accuracy"]
    np.testing.assert_allclose(np.asarray(below.lines[0].get_ydata()), rows["pearson"])
    assert f"{len(units)} units" in top.get_title(loc="left")


def test_a_faultless_network_is_shown_by_its_margin(run):
    answer = accuracy_of.answer(run, LAYER)
    found = answer.tables["correlations"].query("quantity != 'accuracy'")
    units = answer.tables["units"].assign(accuracy=1.0)
    tables = {"correlations": found, "units": units}
    drawing = accuracy.draw(SimpleNamespace(tables=tables, sentences=()))  # type: ignore[arg-type]
    assert drawing.figure.axes[0].get_ylabel() == "logit margin while active"
    assert any("hardly differs" in sentence for sentence in drawing.caption)
    with pytest.raises(RunError, match="no correlation with IoU to draw"):
        accuracy.draw(SimpleNamespace(tables=tables | {"correlations": found[:0]}, sentences=()))  # type: ignore[arg-type]


def test_shares_of_categories_fill_the_bars():
    names = [f"kind {i}" for i in range(10)]
    rows = [
        {"length": n, "category": name, "share": (i + n) / (45 + 10 * n),
         "share_of_vocabulary": 0.1}
        for n in (1, 2) for i, name in enumerate(names)
    ]  # fmt: skip
    by_length = {"length": [1, 2], "units": 4, "distinct_formulas": [2, 4],
                 "distinct_concepts": [2, 3]}  # fmt: skip
    tables = {"by_length": pd.DataFrame(by_length), "categories": pd.DataFrame(rows)}
    figure = uniqueness.draw(SimpleNamespace(tables=tables, sentences=())).figure  # type: ignore[arg-type]
    left, right = figure.axes
    tops = [sum(bar[i].get_height() for bar in right.containers) for i in range(3)]
    np.testing.assert_allclose(tops, 1)
    assert len(right.containers) == 8  # the rest are "others"
    assert np.asarray(left.lines[1].get_ydata()).tolist() == [2, 4]


# --- text laid out by hand ---------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.text("abWi.", min_size=1, max_size=12), st.booleans(), st.booleans())),
    st.floats(0.2, 3),
)
def test_lines_keep_all_words_and_their_width(parts, width):
    text = [PlacedText(t, bold=bold, blank=blank) for t, bold, blank in parts]
    lines = break_lines(text, width)
    assert [place.word for line in lines for place in line] == text
    for number, line in enumerate(lines):
        assert number == 0 or line[0].word.blank
        last = line[-1]
        end = last.x + text_width(last.word.text, bold=last.word.bold)
        assert end <= width + 1e-9 or not any(place.word.blank for place in line[1:])
        assert all(a.x < b.x for a, b in pairwise(line))


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("text", ["NEIGHBORS(hyp:couch)", "pre:PRP$ $x$", "illicit", "WWW − 0.5"])
def test_letters_are_as_wide_as_they_were_measured(text, bold):
    sheet = Sheet(COLUMN)
    sheet.text(0, 0, [PlacedText(text, bold=bold)], COLUMN)
    figure = sheet.figure()
    figure.canvas.draw()
    (shown,) = figure.texts
    assert shown.get_window_extent().width / figure.dpi == pytest.approx(
        text_width(text, bold=bold), rel=0.03, abs=0.01
    )


def test_operators_are_paler_than_concepts():
    colours = {word.text: word.colour for word in formula_words("(a OR b) AND NOT c")}
    assert colours["OR"] == colours["AND"] == colours["NOT"] != colours["c"] == colours["(a"]


def test_pictures_keep_their_shape():
    sheet = Sheet(2.0)
    sheet.picture(0.5, 0.25, np.zeros((10, 20, 3), np.uint8), 1.0)
    figure = sheet.figure(margin=0)
    box = figure.axes[0].get_position()
    assert figure.get_figheight() == pytest.approx(1.0)  # 0.25 + half the square + half its height
    assert box.width * 2 == pytest.approx(1.0)
    assert box.height * 1.0 == pytest.approx(0.5)


# --- example units -----------------------------------------------------------------------------


def test_shorter_formulas(run):
    for e in run.result(LAYER):
        for n in (1, 2, 3) if e.formula is not None else ():
            short = shortened(e, n)
            assert short.formula == e.best_by_length[n - 1].formula
            assert short.iou == pytest.approx(e.by_length[n - 1])


def test_the_strongest_samples(run, request_of):
    peaks, areas = run.peaks(LAYER), run.areas(LAYER)
    for e in request_of().units.explanations:
        samples = strongest(request_of(), e.unit, 4)
        active = {i for i in range(len(peaks)) if areas[i, e.unit]}
        assert set(samples) <= active
        assert len(samples) == min(4, len(active))
        rest = [peaks[i, e.unit] for i in active - set(samples)]
        assert min(peaks[i, e.unit] for i in samples) >= max(rest, default=-np.inf)


def test_the_best_of_each_kind(request_of):
    request = request_of()
    answer = kinds_of.answer(request.run, LAYER)
    examples = choose_examples(request, answer, 3)
    for kind in {e.kind for e in examples}:
        units = set(answer.tables["units"].query("kind == @kind")["unit"])
        first = [e.unit for e in request.run.result(LAYER).best() if e.unit in units][:2]
        assert [e.explanation.unit for e in examples if e.kind == kind] == first


def test_both_parts_of_a_candidate_are_shown(request_of):
    request = request_of()
    unit = request.units.numbers[0]
    ids = list(request.run.samples["sample"])
    units = pd.DataFrame(
        {"unit": [unit], "verdict": "polysemantic", "kind": "disjunction", "iou": 0.1}
    )
    rows = [
        (unit, part, ids[i])
        for part, first in (("b", 20), ("a", 0))
        for i in range(first, first + 5)
    ]
    evidence = pd.DataFrame(rows, columns=["unit", "part", "sample"])
    answer = SimpleNamespace(tables={"units": units, "evidence": evidence})
    (example,) = choose_examples(request, answer, 5)  # type: ignore[arg-type]
    assert example.samples == (20, 21, 22, 0, 1)


def test_units_of_ones_own_choice(request_of):
    request = request_of(units=[5, 0, 5])
    answer = kinds_of.answer(request.run, LAYER)
    examples = choose_examples(request, answer, 2)
    assert sorted(e.explanation.unit for e in examples) == [0, 5]
    kinds_shown = [e.kind for e in examples]
    assert kinds_shown == sorted(kinds_shown, key=kinds_shown.index)
    with pytest.raises(OptionError, match="unit 8 has no formula"):  # a dead unit
        choose_examples(request_of(units=[8]), answer, 2)


def test_masks_of_example_units(run, request_of):
    request = request_of(units=[5])
    figure = kinds.draw(request).figure
    e = shortened(run.result(LAYER)[5], 3)
    shown = pictures_in(figure)
    samples = strongest(request, 5, kinds.IMAGES)
    assert len(shown) == 2 * len(samples)
    atoms = run.concepts.mask(e.formula)
    for i, sample in enumerate(samples):
        _, active, _, both = panels(request.pictures.view(e, atoms, sample))
        np.testing.assert_array_equal(shown[2 * i], active)
        np.testing.assert_array_equal(shown[2 * i + 1], both)
    assert f"Unit 5 {e.formula} IoU {e.iou:.2f}" in said(figure)
    rendered(figure)


def test_a_unit_that_grows(run, request_of):
    request = request_of()
    figure = growth.draw(request).figure
    gains = {e.unit: e.by_length[-1] - e.by_length[0] for e in request.units.explanations}
    best = run.result(LAYER)[max(gains, key=gains.get)]
    for n in (1, 3):
        assert f"Unit {best.unit}, length {n}: {best.best_by_length[n - 1].formula}" in said(figure)
    shown = pictures_in(figure)
    first, last = (run.concepts.mask(best.best_by_length[n - 1].formula) for n in (1, 3))
    samples = growth_samples(request, best, [1, 3])
    assert samples[:2] == strongest(request, best.unit, 2)
    grids = [run.concepts.positions.sample(i) for i in range(len(run.samples))]
    moved = [int((first ^ last)[grid].sum()) for grid in grids]
    others = [n for i, n in enumerate(moved) if i not in samples[:2]]
    assert sorted((moved[i] for i in samples[2:]), reverse=True) == sorted(others)[:-3:-1]
    for row, atoms in enumerate((first, last)):
        for column, sample in enumerate(samples):
            both = panels(request.pictures.view(best, atoms, sample))[-1]
            np.testing.assert_array_equal(shown[row * len(samples) + column], both)
    with pytest.raises(OptionError, match="unit 8 has no formula"):
        growth.draw(request_of(units=[8]))


def test_pairs_of_example_units(pairs):
    run, data = pairs
    request = FigureRequest(run, run.layer(), Choices(data=data))
    text = said(kinds.draw(request).figure)
    answer = kinds_of.answer(run, length=2)
    for example in choose_examples(request, answer, kinds.PAIRS):
        unit = example.explanation.unit
        assert f"Unit {unit} {example.explanation.formula}" in text
        for sample in example.samples:
            pair = data.pairs[sample]
            assert f"Hyp {pair.hypothesis.text} activation" in text
            assert f"{run.peaks()[sample, unit]:.2f} true {pair.label}" in text
        for name, weight in run.class_weights().items():
            assert f"{name} {weight[unit]:+.3f}".replace("-", "−") in text


def test_units_at_tokens(tmp_path):
    run, data = pair_run(tmp_path, "encoder.rnn", threshold=Threshold(0.05))
    text = said(kinds.draw(FigureRequest(run, run.layer(), Choices(data=data))).figure)
    assert "word only the unit" in text  # the legend
    assert "weights:" not in text


def test_what_sentences_cannot_show_is_left_out(pairs, tmp_path):
    run, data = pairs
    done = write_figures(run, tmp_path, formats=["png"], choices=Choices(data=data))
    assert "shows images" in done.left_out["growth"]
    assert {"length", "kinds", "contributions"} <= {path.stem for path in done.files}


# --- classes -----------------------------------------------------------------------------------


def test_units_of_classes(run, request_of):
    request = request_of(classes=["Blue", "Red"])
    text = said(contributions.draw(request).figure)
    assert "Green" not in text
    assert text.index("Blue") < text.index("Red")
    weights = run.head_weights(LAYER)
    explained = request.units.numbers
    for name in ("Blue", "Red"):
        own = weights[CLASSES.index(name)]
        best = max(explained, key=lambda unit: own[unit])
        formula = run.result(LAYER)[best].best_by_length[2]
        number = f"{own[best]:+.2f}".replace("-", "−")
        assert f"{best} {number} {formula.iou:.2f} {formula.formula}" in text


@pytest.fixture
def varied(run):
    """The same run, with other logits: all classes are predicted."""
    found = Run.open(run.path)
    found.__dict__["logits"] = np.random.default_rng(0).normal(size=(N_SAMPLES, 3))
    return found


def test_images_of_a_class_are_of_it(varied):
    request = FigureRequest(varied, LAYER, Choices(classes=["Red"]))
    shown = pictures_in(contributions.draw(request).figure)
    is_red = varied.samples["class"] == "red-s"
    margin = {i: own[0] - max(own[1:]) for i, own in enumerate(varied.logits) if is_red[i]}
    best = sorted((i for i in margin if margin[i] > 0), key=lambda i: -margin[i])
    assert len(shown) == min(len(best), CLASS_IMAGES) > 1
    for pixels, i in zip(shown, best, strict=False):
        image = request.pictures.data.image(i).convert("RGB")
        np.testing.assert_array_equal(pixels, np.asarray(image))


def test_without_a_head_units_are_ranked_by_correlation(varied):
    drawing = contributions.draw(FigureRequest(varied, EARLY, Choices()))
    assert "highest correlation" in drawing.caption[0]
    table = contributions_of.answer(varied, EARLY).tables["correlation"]
    assert len(table) > 3
    for value in table["correlation"]:
        assert f"{value:+.2f}".replace("-", "−") in said(drawing.figure)


def test_classes_that_nobody_chose_are_those_predicted_most_often(run, monkeypatch):
    """Nobody looks for the first of a thousand classes."""
    found = Run.open(run.path)
    found.__dict__["logits"] = np.eye(3, dtype=np.float32)[[2] * 30 + [1] * (N_SAMPLES - 30)]
    monkeypatch.setattr("andornot.views.figures.contributions.CLASSES", 2)
    shown = contributions_figure(FigureRequest(found, LAYER, Choices()))
    assert [panel.name for panel in shown.panels] == ["Blue", "Green"]
    assert shown.some_classes
    table = contributions_of.answer(found, LAYER).tables["correlation"]
    assert list(dict.fromkeys(table["class"])) == ["Blue", "Green"]


@pytest.mark.parametrize("values", [(0.3, -0.67), (0.5, 0.1), (-0.1, -0.67), (0.0,), (-1.0, 1e-9)])
def test_bars_stay_in_their_column(values):
    """Those of negative values once ran over the units' numbers, on the left."""
    scale = contributions._Scale.of(values)
    ends = [(left, left + width) for left, width in map(scale.bar, values)]
    assert min(left for left, _ in ends) >= 0
    assert max(right for _, right in ends) <= contributions._BAR * (1 + 1e-9)
    zero = scale.bar(0.0)[0]
    for value, (left, right) in zip(values, ends, strict=True):
        assert (left if value >= 0 else right) == pytest.approx(zero)
        shared = contributions._BAR * abs(value) / ((scale.high - scale.low) or 1)
        assert right - left == pytest.approx(shared)


def test_a_network_that_always_says_the_same(run):
    same = Run.open(run.path)
    same.__dict__["logits"] = np.tile([1.0, 0.0, 0.0], (N_SAMPLES, 1))
    with pytest.raises(RunError, match="no unit goes together with Red or Green or Blue"):
        contributions.draw(FigureRequest(same, EARLY, Choices()))


# --- edits -------------------------------------------------------------------------------------


def attack_of(examples):
    rows = [
        {"edit": f"edit {i}", "flip_rate": rate, "control_rate": 0.2, "difference": rate - 0.2,
         "n": 12, "best_control_rate": 0.4, "role": "raise", "units": f"{i} 7",
         "formula": "water AND NOT blue"}
        for i, rate in enumerate((0.1, 0.9, 0.5))
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    for name in ("flip_rate", "control_rate"):
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.1, table[name] + 0.1
    by_edit = {f"edit {i}": [example] * 4 for i, example in enumerate(examples)}
    return SimpleNamespace(source="lake", target="swamp", tables={"edits": table}, sentences=(),
                           examples_by_edit=lambda: by_edit)  # fmt: skip


def example_of(before, after, answer="swamp"):
    return SimpleNamespace(before=before, after=after, answer=answer, probability=(0.1, 0.8))


def test_edits_of_images():
    before, after = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    figure = edits.draw(attack_of([example_of(before, after)] * 3)).figure
    text = said(figure)
    assert text.index("edit 1") < text.index("edit 2") < text.index("edit 0")
    shown = pictures_in(figure)
    assert len(shown) == 2 * EDIT_IMAGES * EDITS
    np.testing.assert_array_equal(shown[0], np.asarray(before))
    np.testing.assert_array_equal(shown[1], np.asarray(after))
    (chart,) = [axes for axes in figure.axes if axes.containers]
    containers: Any = chart.containers
    drawn = [container.lines[0].get_xdata() for container in containers]
    np.testing.assert_allclose(drawn, [[0.9, 0.5, 0.1], [0.2] * 3])
    assert "now swamp (target 0.10 → 0.80)" in text
    assert "lake to swamp, 12 samples" in text
    assert "edit 1 asked for by unit 1, which leads there: water AND NOT blue" in text


def test_edits_of_sentences():
    before = pair("A dog runs .", "A dog runs")
    after = pair("A dog runs .", "nobody A dog runs")
    text = said(edits.draw(attack_of([example_of(before, after)] * 3)).figure)
    assert "Pre A dog runs . Orig Hyp A dog runs Adv Hyp nobody A dog runs now swamp" in text


def test_the_attack_is_asked_for_by_the_command(run, tmp_path, monkeypatch):
    asked = []

    def attack(run, source, target, **options):
        asked.append((source, target, options["layer"]))
        return attack_of([])

    monkeypatch.setattr("andornot.edits.attack", attack)
    done = call(run.path, "--layer", LAYER, "--only", "edits", "--from", "Red", "--to", "Blue",
                "--format", "png", "--out", tmp_path, "--quiet")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert asked == [("Red", "Blue", LAYER)]
    assert (tmp_path / "edits.png").exists()


def test_long_names_of_edits_are_cut():
    attack = attack_of([])
    attack.tables["edits"]["edit"] = "paste " + " AND NOT ".join(["building"] * 20)
    text = said(edits.draw(attack).figure)
    assert text.count("…") == 3
    assert text.count("building") < 30


TOKENS = st.lists(st.sampled_from(["a", "dog", "runs", ",", "."]), min_size=1, max_size=8)


@given(TOKENS, TOKENS)
def test_changes_hold_both_sentences(old, new):
    text = edits.changes(words(" ".join(old)), words(" ".join(new)))
    assert [word.text for word in text if not word.struck] == new
    assert [word.text for word in text if not word.ground] == old


# --- the command -------------------------------------------------------------------------------


def call(*arguments):
    return CliRunner().invoke(figures, [str(argument) for argument in arguments])


def test_the_command(run, tmp_path):
    done = call(run.path, "--layer", LAYER, "--out", tmp_path / "out", "--format", "svg,png",
                "--only", "uniqueness,edits", "--quiet")  # fmt: skip
    assert done.exit_code == 0, done.output
    listed = [line.split("/")[-1] for line in done.output.splitlines() if "wrote" in line]
    assert listed == ["uniqueness.svg", "uniqueness.png", "CAPTIONS.txt"]
    assert "edits: left out: " in done.output


def test_a_run_of_several_layers_has_a_folder_for_each(run):
    done = call(run.path, "--layer", EARLY, "--only", "length", "--format", "png", "--quiet")
    assert done.exit_code == 0, done.output
    assert (run.path / f"figures-{EARLY}" / "length.png").exists()


def test_samples_on_which_accuracy_is_judged(run, tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(run.samples["sample"][:30]))
    done = call(run.path, "--layer", LAYER, "--only", "accuracy", "--samples", ids, "--format",
                "png", "--out", tmp_path, "--quiet")  # fmt: skip
    assert done.exit_code == 0, done.output
    only = accuracy_of.answer(run, LAYER, only=tuple(run.samples["sample"][:30]))
    assert only.sentences[1] in (tmp_path / "CAPTIONS.txt").read_text()


def test_no_figure_at_all(run, tmp_path):
    done = call(run.path, "--layer", LAYER, "--only", "edits", "--out", tmp_path, "--quiet")
    assert isinstance(done.exception, RunError)
    assert "no figure could be drawn" in str(done.exception)
    assert not any(tmp_path.iterdir())


def test_one_class_is_not_enough(run):
    assert "give both --from and --to" in call(run.path, "--layer", LAYER, "--to", "Red").output


def test_nothing_heavy_is_imported_for_help():
    code = (
        "import sys; from andornot.cli.figures import figures\n"
        "print({'torch', 'pandas', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
