"""Sentence pairs that show units: the right pairs and marks, on pages and in the terminal."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

import andornot
from andornot import Run, Threshold
from andornot.analyses.outcomes import outcomes
from andornot.cli import cli
from andornot.cli.terminal import _remarks, print_units
from andornot.data.sentences.check import check_pairs
from andornot.data.sentences.open import open_pairs
from andornot.demo.text.world import draw_pairs
from andornot.errors import DataError, OptionError
from andornot.models.sentences import Recorded
from andornot.probes.pairs import Words
from andornot.report.write import write_report
from andornot.runs.reopen import images_of, pairs_of
from andornot.views.gallery import SILENT, STRONGEST, UNEXPLAINED, WEAKER
from andornot.views.sentence_gallery import PairGallery
from andornot.views.token_marks import FORBIDDEN, NAMED
from andornot.views.unit import Fact, Story, class_weights
from manifest_cases import retold
from mark_cases import carriers, normal_form
from test_report_page import read, unit_page, units_of, words

pytest.importorskip("jinja2", reason="jinja2 is not installed")

EVIL = "<script>alert(1)</script>"
DOGS, SHARED, NEVER, DEAD = range(4)
CLASSES = ("entailment", "neutral", "contradiction")


class Reader:
    """A model whose units are known: dogs, shared words, a negation without a cat, nothing."""

    layers = ("pairs",)
    token_layers = ("tokens",)
    class_names = CLASSES
    fingerprint = "reader"

    def record(self, pairs, layers):
        units = np.array([self.units(pair) for pair in pairs], np.float32)
        logits = np.stack([units[:, 1], 0 * units[:, 0] + 2, 3 * units[:, 2]], axis=1)
        return Recorded(dict.fromkeys(layers, units[:, :, None, None]), logits)

    @staticmethod
    def units(pair):
        premise, hypothesis = (set(s.words) for s in pair.sentences)
        dogs = [*pair.premise.words, *pair.hypothesis.words].count("dog")
        number = int(pair.premise.tokens[-1])
        sly = number % 7 == 0  # now and then the unit does what no formula says
        return (
            max(0, (0 if number % 11 == 0 else dogs) + number / 100 * (dogs > 0)),
            len(premise & hypothesis),
            (("never" in hypothesis and "cat" not in premise) or sly) * (1 + number / 100),
            0,
        )

    def record_tokens(self, pairs, layers):
        values = [
            np.array([[w == "dog", "o" in w, i] for i, w in enumerate(self.words(p))], np.float32)
            for p in pairs
        ]
        return dict.fromkeys(layers, values)

    @staticmethod
    def words(pair):
        return (*pair.premise.words, *pair.hypothesis.words)


def rows():
    """60 pairs with tags; the premise ends with a number of its own, some have evil words."""
    nouns, verbs = ("dog", "cat", "man", "fox", EVIL), ("runs", "sleeps", "&amp;")
    for i in range(60):
        noun, verb = nouns[i % 5], verbs[i // 5 % 3]
        premise = (f"A {noun} {verb} near {i}", "DT NN VBZ IN CD")
        never = (f"The {noun} never {verb} .", "DT NN RB VBZ .")
        yield (*premise, *((f"A {nouns[i % 3]} .", "DT NN .") if i % 2 else never), CLASSES[i % 3])


@pytest.fixture(scope="module")
def table_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "pairs.tsv"
    columns = ("premise", "premise_tags", "hypothesis", "hypothesis_tags", "label")
    path.write_text("\n".join("\t".join(row) for row in [columns, *rows()]), encoding="utf-8")
    return path


def explain(layer, file, out, **options):
    return andornot.dissect(
        Reader(), layer, open_pairs(f"pairs:{file}", tagger=None), out,
        words=Words(stop_words=()), threshold=Threshold(None, 0.0), min_active=0.0,
        length=3, beam_size=4, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(table_file, tmp_path_factory) -> Run:
    related = {"SAME": {"hyp:never": ["hyp:never", "pre:man"]}}
    return explain("pairs", table_file, tmp_path_factory.mktemp("pairs") / "run", relations=related)


@pytest.fixture(scope="module")
def token_run(table_file, tmp_path_factory) -> Run:
    return explain("tokens", table_file, tmp_path_factory.mktemp("tokens") / "run")


# --- the data of the pages ----------------------------------------------------------------------


def test_groups_hold_what_they_promise(run):
    gallery = PairGallery.open(run)
    for unit in (DOGS, SHARED, NEVER):
        groups = dict(gallery.unit(unit, 12).groups)
        everyone = [Reader.units(pair)[unit] for pair in gallery.data.pairs]
        for view in (v for views in groups.values() for v in views):
            assert view.activation == pytest.approx(everyone[view.sample])
        strongest = [v.activation for v in groups[STRONGEST]]
        assert strongest == sorted(strongest, reverse=True)
        assert strongest[0] == pytest.approx(max(everyone))
        assert all(v.activation > 0 for v in groups[WEAKER])
        assert all(v.counts == (0, 1, 0) and not v.reasons for v in groups[UNEXPLAINED])
        assert all(v.counts == (0, 0, 1) and v.reasons for v in groups[SILENT])
    assert groups[UNEXPLAINED], "the sly unit fires where no formula expects it"
    assert gallery.unit(DEAD).samples == ()


def test_views_tell_what_the_run_knows(run):
    gallery = PairGallery.open(run)
    views = gallery.unit(NEVER, 12).samples
    for view in views:
        pair = gallery.data.pairs[view.sample]
        assert (view.name, view.label) == (pair.id, pair.label)
        assert [t.text for t in view.premise] == [*pair.premise.tokens]
        assert [t.text for t in view.hypothesis] == [*pair.hypothesis.tokens]
        logits = Reader().record([pair], ()).logits[0]
        assert view.prediction == CLASSES[int(logits.argmax())]
        assert view.is_wrong == (view.prediction != pair.label)
    assert {view.is_wrong for view in views} == {True, False}


NUMBERED = [str(CLASSES.index(row[-1])) for row in rows()]


@pytest.mark.parametrize(
    ("labels", "shown", "comparable"),
    [
        (NUMBERED, CLASSES, True),
        ([str(int(n) + 1) for n in NUMBERED], ("1", "2", "3"), False),
        (["yes" if n == "0" else "no" for n in NUMBERED], ("yes", "no"), False),
        (["" if n == "0" else CLASSES[int(n)].upper() for n in NUMBERED], None, True),
    ],
)
def test_wrong_is_said_only_of_classes_that_can_be_compared(run, labels, shown, comparable):
    """Numbers are the network's own; classes that it does not have are neither right nor wrong."""
    data = pairs_of(run)
    pairs = tuple(replace(p, label=label) for p, label in zip(data.pairs, labels, strict=True))
    gallery = PairGallery.open(run, data=replace(data, pairs=pairs))
    views = gallery.unit(NEVER, 12).samples
    for view in views:
        known = CLASSES[int(NUMBERED[view.sample])] if comparable and labels[view.sample] else None
        assert view.is_wrong == (known not in (None, view.prediction))
        assert shown is None or view.label in shown
        assert ("(wrong)" in " ".join(_remarks(view, "pair"))) == view.is_wrong
    assert any(view.is_wrong for view in views) == comparable


def test_a_run_tells_how_it_reads_labels_that_are_numbers(tmp_path):
    records = [
        {"premise": row[0], "hypothesis": row[2], "label": int(n)}
        for row, n in zip(rows(), NUMBERED, strict=True)
    ]
    file = tmp_path / "x.jsonl"
    file.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    run = explain("pairs", file, tmp_path / "run", trust=None)
    told = "the samples' labels are numbers, read as those of the network's classes"
    assert [note for note in run.manifest["model"]["notes"] if note.startswith(told)]
    right = [
        row[-1] == said for row, said in zip(rows(), run.samples["predicted_class"], strict=True)
    ]
    assert outcomes(run).accuracy == np.mean(right)
    found = check_pairs(open_pairs(f"pairs:{file}", tagger=None))
    assert any("The classes are numbers" in warning for warning in found.warnings)


def test_token_views_equal_a_plain_recomputation(token_run):
    gallery = PairGallery.open(token_run)
    for unit in (0, 1):
        formula = gallery.result[unit].formula
        largest = max(v[unit] for p in gallery.data.pairs for v in values_of(p))
        seen = gallery.unit(unit, 12).samples
        assert seen
        for view in seen:
            pair = gallery.data.pairs[view.sample]
            tokens = [*view.premise, *view.hypothesis]
            for i, (token, names, values) in enumerate(
                zip(tokens, plain_tokens(pair), values_of(pair), strict=True)
            ):
                active = values[unit] > 0
                holds = formula.evaluate(lambda name, names=names: np.array(name in names))  # type: ignore[misc]
                wanted = {(1, 1): "both", (1, 0): "unit", (0, 1): "formula"}
                assert token.mark.kind in (wanted.get((int(active), int(holds))), "", "excluded")
                assert bool(active or holds) == (token.mark.kind not in ("", "excluded")), i
                assert token.mark.strength == pytest.approx(values[unit] / largest * active)


def values_of(pair):
    return Reader().record_tokens([pair], ["tokens"])["tokens"][0]


def plain_tokens(pair):
    """The names of the concepts of each token."""
    for segment, s in zip(("premise", "hypothesis"), pair.sentences, strict=True):
        last = len(s.tokens) - 1
        for i, (word, tag) in enumerate(zip(s.tokens, s.tags, strict=True)):
            place = {name for name, at in (("first", 0), ("last", last)) if at == i}
            yield {f"word:{word.lower()}", f"tag:{tag}", segment} | place


def test_weights_are_those_of_the_head(run, monkeypatch):
    assert class_weights(run, "pairs", 0) == ()
    head = np.array([[0.5, -1], [0, 2], [-0.25, -4]], np.float32)
    monkeypatch.setattr(Run, "head_weights", lambda self, layer: head)
    found = [(w.name, w.weight, w.share) for w in class_weights(run, "pairs", 1)]
    assert found == [("entailment", -1, -0.25), ("neutral", 2, 0.5), ("contradiction", -4, -1)]
    many = np.arange(12, dtype=np.float32)[:, None] * [[1, -1]]
    monkeypatch.setattr(Run, "head_weights", lambda self, layer: many)
    run = retold(run, model={"class_names": None})
    found = [(w.name, w.weight) for w in class_weights(run, "pairs", 1)]
    assert found == [(f"class {i}", -i) for i in range(4, 12)]


# --- the pages ----------------------------------------------------------------------------------


class Pairs(HTMLParser):
    """The pairs on a unit's page: a list of sentences each, as (text, class of its mark)."""

    def __init__(self, html):
        super().__init__()
        self.shown: list[list[list[tuple[str, str]]]] = []
        self.inside = self.mark = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        kind = given.get("class") or ""
        if tag == "li" and kind.startswith("pair"):
            self.shown.append([])
        elif kind == "sentence":
            self.shown[-1].append([])
            self.inside = "side"
        elif tag == "span" and self.inside == "said":
            self.inside = "sentence"
        elif tag == "mark":
            self.mark = kind

    def handle_endtag(self, tag):
        if tag == "span" and self.inside == "side":
            self.inside = "said"
        elif tag == "p":
            self.inside = ""
        elif tag == "mark":
            self.mark = ""

    def handle_data(self, data):
        if self.inside == "sentence":
            for text in data.split():
                self.shown[-1][-1].append((text, self.mark))


def plain_marks(formula, pair):
    """For each token, straight from the definition, the class of its mark."""
    table = {name: bool(carriers(name, pair)) for name in set(formula.concepts)}
    forms = normal_form(formula)
    held = [form for form in forms if all(table[name] == holds for name, holds in form)]
    every, decisive = set().union(*forms), set().union(*held)
    for side, s in zip(("pre", "hyp"), pair.sentences, strict=True):
        marks = []
        for i in range(len(s.tokens)):
            own = {(n, h) for n, h in every if (side, i) in carriers(n, pair)}
            best = {(n, h) for n, h in own & decisive if h}
            against = {(n, h) for n, h in own if not h}
            named = own - best - against
            kind = "m-decisive" if best else "m-forbidden" if against else "m-named"
            first = best or against or named
            overlap = " overlap" if all(n.startswith("overlap") for n, _ in first) else ""
            marks.append(kind + overlap if own else "")
        yield marks


def check_marks(run, index, data):
    """Every word on the units' pages has the mark that a plain recomputation gives it."""
    by_text = {
        "".join(token for s in pair.sentences for token in s.tokens): pair for pair in data.pairs
    }
    kinds = set()
    for unit in units_of(index):
        formula = run.result()[unit].formula
        for shown in Pairs(unit_page(index, unit).read_text(encoding="utf-8")).shown:
            pair = by_text["".join(text for said in shown for text, _ in said)]
            plain = plain_marks(formula, pair)
            for said, own, marks in zip(shown, pair.sentences, plain, strict=True):
                expected = zip(own.tokens, marks, strict=True)
                assert spelt(said) == spelt(expected), (str(formula), pair)
                kinds |= set(marks)
    return kinds


def spelt(tokens):
    """The mark of each letter, so that it does not matter where blanks are."""
    return [(letter, mark) for token, mark in tokens for letter in token]


def test_words_on_the_pages_are_marked_as_a_plain_recomputation_says(run, tmp_path):
    path = write_report(run, tmp_path / "out", [DOGS, SHARED, NEVER], n_samples=16)
    for unit in (DOGS, SHARED, NEVER):
        assert len(Pairs(unit_page(path, unit).read_text(encoding="utf-8")).shown) >= 16
    kinds = check_marks(run, path, PairGallery.open(run).data)
    assert {"m-decisive", ""} <= kinds


def test_the_pages_are_whole_and_ask_nothing_of_the_network(run, tmp_path):
    story = Story("<i>Tale</i>", (EVIL,))
    path = write_report(run, tmp_path / "out", n_samples=10, n_units=20, story=story)
    assert not (path.parent / "images").exists()
    for file in path.parent.rglob("*.html"):
        html, page = file.read_text(encoding="utf-8"), read(file)
        assert not re.search(r"https?:|[\"'(]//|@import|<iframe|javascript:", html)
        assert str(run.path.parent) not in page.text
        assert not {"i", "img"} & {tag for tag, _ in page.tags}
        assert all("src" in script for script in page.all("script"))
    assert EVIL in read(path).text, "in the story"
    assert "<i>Tale</i>" in read(path).text
    text = "".join(read(unit_page(path, unit)).text for unit in units_of(path))
    assert EVIL in text, "in sentences"
    assert "&amp;" in text, "an entity in the data stays what it is"


def test_numbers_and_words_are_those_of_the_run(run, tmp_path):
    e = run.result()[DOGS]
    story = Story("A tale", (), (Fact("Dogs count.", True, "They do.", DOGS),))
    path = write_report(run, tmp_path / "out", n_samples=10, n_units=1, story=story)
    unit, first = words(unit_page(path, DOGS)), words(path)
    assert f"Unit {DOGS} · IoU {e.iou:.3f}" in unit
    assert f"of the {e.counts.tp + e.counts.fn:,} pairs." in unit
    assert "a word that both sentences have" in unit
    assert "read 60 sentence pairs of pairs.tsv" in first
    assert "if its value there is above 0" in first
    assert "Dogs count. Found: They do. See unit 0" in first
    assert "in the hypothesis (hyp:)" in first


def test_units_without_a_formula_are_told_why(run, tmp_path):
    path = write_report(run, tmp_path / "out", [DEAD])
    text = read(unit_page(path, DEAD)).text
    assert "No formula: 0 on every position: the unit never fires" in text


def test_tokens_on_the_pages_carry_their_strength(token_run, tmp_path):
    path = write_report(token_run, tmp_path / "out", [0], n_samples=8)
    page = read(unit_page(path, 0))
    marks = page.all("mark")
    assert any(m.get("style") == "--a: 1.00" and m["class"] == "m-both" for m in marks)
    assert "tokens: 1 both, 0 only the unit, 0 only the formula" in " ".join(page.text.split())


def test_a_page_has_ten_pairs_of_each_unit(run, tmp_path):
    done = CliRunner().invoke(
        cli,
        ["page", str(run.path), "--units", "0", "--out", str(tmp_path / "page"), "--quiet"],
    )
    assert done.exit_code == 0, done.output
    path = write_report(run, tmp_path / "report", [0], n_samples=10)
    page = unit_page(tmp_path / "page" / "index.html", 0)
    assert page.read_bytes() == unit_page(path, 0).read_bytes()


def test_the_pairs_of_the_demo_are_written_again(tmp_path):
    class Length(Reader):
        @staticmethod
        def units(pair):
            return len(pair.premise.tokens), len(pair.hypothesis.tokens), 0, 0

    data = draw_pairs(60, seed=3, split="val")
    run = andornot.dissect(Length(), "pairs", data, tmp_path / "run", length=1, min_active=0.0)
    assert pairs_of(run).pairs == data.pairs


def test_data_that_moved_or_changed_is_noticed(run, table_file, tmp_path):
    manifest = json.loads(json.dumps(run.manifest))
    manifest["data"]["source"]["spec"] = f"pairs:{tmp_path / 'gone.tsv'}"
    with pytest.raises(DataError, match=r"was at .*gone.tsv and is not there"):
        PairGallery.open(Run(run.path, manifest))
    text = table_file.read_text(encoding="utf-8")
    changed = tmp_path / "changed.tsv"
    changed.write_text(text.replace("runs", "walks"), encoding="utf-8")
    manifest["data"]["source"]["spec"] = f"pairs:{changed}"
    with pytest.raises(DataError, match="has changed since"):
        PairGallery.open(Run(run.path, manifest))
    with pytest.raises(OptionError, match="'pairs', which has no images"):
        images_of(run)
    with pytest.raises(OptionError, match="no explanation of unit 9"):
        write_report(run, tmp_path / "report", units=[9])


# --- the terminal -------------------------------------------------------------------------------


def printed(run, colours=False, **options):
    file = io.StringIO()
    console = Console(
        file=file, width=200, force_terminal=colours, highlight=False,
        color_system="truecolor" if colours else None,
    )  # fmt: skip
    print_units(run, console=console, **options)
    return file.getvalue()


def test_the_terminal_marks_words_without_colours_too(run):
    text = printed(run, units=[DOGS], n_samples=4)
    e = run.result()[DOGS]
    assert f"Unit {DOGS}, IoU {e.iou:.3f}\n{e.formula}\n" in text
    assert "*dog*" in text.lower()
    assert "\x1b[" not in text
    assert "*word* makes the formula hold" in text
    assert "Excite it most" in text
    assert re.search(r"gold \w+, model says \w+", text)


def test_the_terminal_has_colours(run, token_run):
    text = printed(run, colours=True, units=[NEVER], n_samples=4)
    assert re.search(r"\x1b\[[\d;]+mnever\x1b\[0m", text)
    assert "tokens: 1 both" in printed(token_run, units=[0], n_samples=4)
    assert "only the unit" in printed(token_run, units=[0], n_samples=4)


def test_the_terminal_says_what_it_can_of_pictures(run, tmp_path, monkeypatch):
    text = printed(retold(run, level="image"), units=[DOGS, DEAD])
    assert "of the" in text
    assert "no formula: 0 on every position" in text
    assert "Excite it most" not in text


# --- real sentences -----------------------------------------------------------------------------


def test_a_real_page_is_marked_as_a_plain_recomputation_says(shared_data, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    nli = shared_data / "nli"
    data = open_pairs(f"pairs:{nli / 'snli_1.0_dev.feats'}", limit=300)
    run = andornot.dissect(
        str(nli / "nli_bilstm.pt"), "mlp.1", data, tmp_path / "run",
        words=Words(n_words=300), length=4, beam_size=4, units=range(30),
    )  # fmt: skip
    path = write_report(run, tmp_path / "report", n_units=20, n_samples=16)
    kinds = check_marks(run, path, data)
    assert {"m-decisive", f"m-{FORBIDDEN}", f"m-{NAMED}", "m-decisive overlap"} <= kinds
    weights = class_weights(run, "mlp.1", 5)
    assert [w.name for w in weights] == [*CLASSES]
    assert max(abs(w.share) for w in weights) <= 1
    pages = [unit_page(path, unit).read_text(encoding="utf-8") for unit in units_of(path)]
    bars = re.findall(r'class="(for|against)" style="width: ([\d.]+)%"', "".join(pages))
    assert len(bars) == 3 * len(pages)
    assert all(float(a) <= 50 for _, a in bars)
