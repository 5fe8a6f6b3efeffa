"""How runs on running text are shown: passages with marks, on pages, in terminal and notebook."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from andornot import Threshold
from andornot.cli.terminal import print_units
from andornot.data.sequences.document import Extents
from andornot.data.sequences.options import ConceptOptions
from andornot.pipeline.dissect import dissect
from andornot.report.notebook import show_unit
from andornot.report.write import write_report
from andornot.runs.run import Run
from insides import (
    BOTH,
    FORMULA,
    SILENT,
    STRONGEST,
    UNEXPLAINED,
    UNIT,
    WEAKER,
    Mark,
    TokenGallery,
    pieces_of,
    span_of,
    visible,
)
from token_cases import Pieces, drawn_documents

EVIL = "\n\t<script>alert('sea & sky')</script> 😀\u202e"


@pytest.fixture(scope="module")
def data():
    found = drawn_documents(40, end=EVIL)
    documents = (replace(d, labels={"kind": ("<b>",)}) for d in found.documents)
    return replace(found, documents=tuple(documents), class_category="kind")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    made = dissect(
        Pieces(), "pieces", data, tmp_path_factory.mktemp("run") / "run", length=2, trust=None,
        threshold=Threshold(0.05),
        text_concepts=ConceptOptions(own=("token", "word", "piece"), min_support=(1, 1)),
    )  # fmt: skip
    return Run.open(made.path)


@pytest.fixture(scope="module")
def gallery(run, data):
    return TokenGallery.open(run, data=data)


def values_of(run, sample, unit):
    return run.values(sample)[unit].ravel()


def test_groups_are_what_their_headings_say(run, gallery):
    for unit in range(4):
        found = gallery.unit(unit, 12)
        atoms = gallery.atoms_of(found.explanation.formula)
        groups = dict(found.groups)
        assert sum(map(len, groups.values())) <= 12
        assert groups[STRONGEST]
        for key, views in groups.items():
            assert len({view.sample for view in views}) == len(views)
            for view in views:
                values = values_of(run, view.sample, unit)
                active = values > run.thresholds()[unit]
                holds = atoms[run.shown_positions.sample(view.sample).ravel()]
                (centre,) = [piece for piece in view.pieces if piece.centre]
                kind = {STRONGEST: (BOTH, UNIT), WEAKER: (BOTH, UNIT), UNEXPLAINED: (UNIT,),
                        SILENT: (FORMULA,)}[key]  # fmt: skip
                assert centre.mark.kind in kind
                if key == STRONGEST:
                    assert view.activation == values.max()
                assert view.counts == (
                    (active & holds).sum(), (active & ~holds).sum(), (holds & ~active).sum(),
                )  # fmt: skip
        first = groups[STRONGEST][0]
        assert first.activation == run.peaks()[:, unit].max()


def test_the_strongest_passages_are_of_the_documents_with_the_largest_peaks(run, gallery):
    views = dict(gallery.unit(2, 8).groups)[STRONGEST]
    peaks = run.peaks()[:, 2]
    assert [view.activation for view in views] == sorted(peaks, reverse=True)[: len(views)]


def test_a_passage_is_the_text_and_nothing_is_hidden(data, gallery):
    view = gallery.picture(0, 3)
    text = data.documents[3].text
    shown = view.text
    plain = shown.replace("↵", "\n").replace("⇥", "\t").replace("<U+202E>", "\u202e")
    plain = plain.replace("␣", " ")
    assert plain in text
    assert "\n" not in shown
    assert "\u202e" not in shown


@given(st.text(min_size=1, max_size=30), st.data())
def test_pieces_cover_a_passage_whole(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pairs = [(a, b) for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if a < b]
    kept = [pair for pair in pairs if data.draw(st.booleans())] or pairs[:1]
    # a sign of several pieces: some stand twice
    extents = Extents.of([pair for pair in kept for _ in range(data.draw(st.integers(1, 2)))])
    n = len(extents)
    at = data.draw(st.integers(0, n - 1))
    span = span_of(extents, at, 8, 8)
    assert at in span
    pieces = pieces_of(
        text, extents, span, [Mark()] * len(span), ["said"] * len(span), ["name"] * len(span), at
    )
    assert sum(piece.told == "said" for piece in pieces) == len(span)
    (centre,) = [piece for piece in pieces if piece.centre]
    own = extents.of_text(text, at)
    assert centre.text in (visible(own), "⟨name⟩")
    shown = [piece.text for piece in pieces if piece.text != "⟨name⟩"]
    low, high = int(extents.starts[span.start]), int(extents.ends[span.stop - 1])
    spelt = "".join(shown)
    assert spelt.replace("␣", " ").replace("↵", "\n") or low == high
    if text.isascii() and text.isprintable():
        assert spelt.replace("␣", " ") == text[low:high]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\r\n", "␍↵"),
        (" ", "␣"),
        ("   ", "␣␣␣"),
        (" a ", " a "),
        ("\u200b", "<U+200B>"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("\u00a0x", "⍽x"),
        ("a" * 99, "a" * 59 + "…"),
    ],
)
def test_each_sign_is_seen(text, shown):
    assert visible(text) == shown


class Marks(HTMLParser):
    """The tags of a page, and the texts of its marks."""

    def __init__(self):
        super().__init__()
        self.tags, self.marks, self._in = [], [], False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "mark":
            self._in = True
            self.marks.append([dict(attrs), ""])

    def handle_data(self, data):
        if self._in:
            self.marks[-1][1] += data

    def handle_endtag(self, tag):
        self._in = self._in and tag != "mark"


def test_pages_show_passages_and_run_nothing_of_them(run, data, tmp_path):
    write_report(run, tmp_path / "pages", data=data)
    html = (tmp_path / "pages/unit/pieces-00000.html").read_text(encoding="utf-8")
    assert "It is active on" in html
    assert "<script>alert" not in html
    page = Marks()
    page.feed(html)
    assert any(text == "↵" for _, text in page.marks)
    kinds = {own.get("class", "").split()[0] for own, _ in page.marks}
    assert {"m-both", "m-none"} <= kinds
    assert all("activation" in own["title"] for own, _ in page.marks if "title" in own)
    shades = [float(own["style"].removeprefix("--a: ")) for own, _ in page.marks if "style" in own]
    assert len(set(shades)) > 5
    assert all(0 <= shade <= 1 for shade in shades)


def test_the_terminal_marks_without_colours(run, data):
    said = io.StringIO()
    print_units(run, [0], 1, 8, data=data, console=Console(file=said, width=100))
    text = said.getvalue()
    assert re.search(r"\[\*sea\*\]", text)
    assert "in 40 of 40 documents" in text or re.search(r"in \d+ of 40 documents", text)
    assert "the token that a passage was chosen for" in " ".join(text.split())


def test_a_notebook_escapes_what_it_shows(run, data):
    html = show_unit(run, 2, None, 8, data)._repr_html_()
    assert "<script>alert" not in html
    assert "[<mark>" in html


def test_a_list_names_the_passage(gallery):
    assert re.search(r"» ?sea«", gallery.example(0))
    assert len(gallery.example(0)) <= 160
