"""Sentence pairs that show units: their words marked, on pages and in the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from rich.console import Console

import andornot
import reader_cases
from andornot.cli import cli
from andornot.cli.terminal import print_units
from andornot.data.sentences.open import open_pairs
from andornot.demo.text.world import draw_pairs
from andornot.errors import OptionError
from andornot.probes.words import Words
from andornot.report.write import write_report
from manifest_cases import retold
from mark_cases import carriers, normal_form
from reader_cases import CLASSES, DEAD, DOGS, EVIL, NEVER, SHARED, Reader
from story_cases import story
from test_report_page import read, unit_page, units_of, words

pytest.importorskip("jinja2", reason="jinja2 is not installed")

table_file, run, token_run = reader_cases.table_file, reader_cases.run, reader_cases.token_run


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
        formula = run.result()[unit].shown.formula
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


def test_words_on_the_pages_are_marked_as_a_plain_recomputation_says(run, table_file, tmp_path):
    path = write_report(run, tmp_path / "out", [DOGS, SHARED, NEVER], n_samples=16)
    for unit in (DOGS, SHARED, NEVER):
        assert len(Pairs(unit_page(path, unit).read_text(encoding="utf-8")).shown) >= 16
    kinds = check_marks(run, path, open_pairs(f"pairs:{table_file}", tagger=None))
    assert {"m-decisive", ""} <= kinds


def test_the_pages_are_whole_and_ask_nothing_of_the_network(run, tmp_path):
    tale = story("<i>Tale</i>", EVIL)
    path = write_report(run, tmp_path / "out", n_samples=10, n_units=20, story=tale)
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
    tale = story("A tale", facts=(("Dogs count.", True, "They do.", DOGS),))
    path = write_report(run, tmp_path / "out", n_samples=10, n_units=1, story=tale)
    unit, first = words(unit_page(path, DOGS)), words(path)
    assert f"{e.verdict} Unit {DOGS} " in unit, "the verdict comes first"
    assert f"IoU {e.shown.iou:.3f} in sample" in unit
    assert f"of the {e.shown.counts.tp + e.shown.counts.fn:,} pairs." in unit
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
    longest = max(data.pairs, key=lambda pair: len(pair.premise.tokens))
    path = write_report(run, tmp_path / "report", [0], n_samples=1)  # the same fingerprint
    assert longest.premise.text in words(unit_page(path, 0))


def test_units_without_an_explanation_are_refused(run, tmp_path):
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
    assert f"Unit {DOGS}: {e.verdict}\n" in text
    assert f"\n{e.shown.formula}\n" in text
    assert f"In sample: IoU {e.shown.iou:.3f}" in text
    assert "*dog*" in text.lower()
    assert "\x1b[" not in text
    assert "*word* makes the formula hold" in text
    assert "Excite it most" in text
    assert re.search(r"gold \w+, model says \w+", text)


@pytest.mark.parametrize("comparable", [True, False])
def test_the_terminal_calls_wrong_only_what_can_be_compared(run, table_file, comparable):
    data = open_pairs(f"pairs:{table_file}", tagger=None)
    if not comparable:
        others = dict(zip(CLASSES, ("yes", "no", "perhaps"), strict=True))
        data = replace(data, pairs=tuple(replace(p, label=others[p.label]) for p in data.pairs))
    text = printed(run, units=[NEVER], n_samples=12, data=data)
    said = re.findall(r"gold (\w+), model says (\w+)( \(wrong\))?", text)
    assert {bool(wrong) for *_, wrong in said} == ({True, False} if comparable else {False})
    assert all(bool(wrong) == (comparable and gold != says) for gold, says, wrong in said)


def test_the_terminal_has_colours(run, token_run):
    text = printed(run, colours=True, units=[NEVER], n_samples=4)
    assert re.search(r"\x1b\[[\d;]+mnever\x1b\[0m", text)
    assert "tokens: 1 both" in printed(token_run, units=[0], n_samples=4)
    assert "only the unit" in printed(token_run, units=[0], n_samples=4)


def test_the_terminal_says_what_it_can_of_pictures(run, tmp_path, monkeypatch):
    text = printed(retold(run, level="image"), units=[DOGS, DEAD])
    assert "of the" in text
    assert "No formula: 0 on every position" in text
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
    assert {"m-decisive", "m-forbidden", "m-named", "m-decisive overlap"} <= kinds
    pages = [unit_page(path, unit).read_text(encoding="utf-8") for unit in units_of(path)]
    assert all(name in page for name in CLASSES for page in pages)
    bars = re.findall(r'class="(for|against)" style="width: ([\d.]+)%"', "".join(pages))
    assert len(bars) == 3 * len(pages)
    assert all(float(a) <= 50 for _, a in bars)
