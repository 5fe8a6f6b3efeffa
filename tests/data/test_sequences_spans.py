"""Spans on texts in JSON lines, and regions on sequences in FASTA: places, and places that lie."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andornot.data.sequences.open import open_sequences
from andornot.errors import DataError, OptionError


def lines(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def told(document):
    return {
        (layer, own.labels[i], own.extents.of_text(document.text, i))
        for layer, own in document.layers.items()
        for i in range(len(own))
    }


def span(start, end, label="a", layer="tag"):
    return {"start": start, "end": end, "layer": layer, "label": label}


# --- JSON lines ---


def test_spans_may_overlap_nest_and_share_their_place(tmp_path):
    text = "e\u0301 \U0001f600 sea\r\nside"
    record = {
        "id": "a", "text": text, "group": 3, "split": "dev", "labels": {"genre": ["poem", "short"]},
        "spans": [span(0, 5, "x"), span(3, 8, ["x", "y"]), span(3, 4, "sign", "kind"),
                  span(10, 14, 1.0)],
    }  # fmt: skip
    path = lines(tmp_path / "a.jsonl", record, {"id": "b", "text": "b", "source": "web"},
                 {"id": "c", "text": "c", "spans": [], "unannotated": ["kind"]},
                 {"id": "d", "text": "  "})  # fmt: skip
    data = open_sequences(f"spans:{path}")
    first, second, third = data.documents
    assert told(first) == {
        ("tag", "x", "e\u0301 \U0001f600 "), ("tag", "x", "\U0001f600 sea"),
        ("tag", "y", "\U0001f600 sea"), ("kind", "sign", "\U0001f600"), ("tag", "1", "side"),
    }  # fmt: skip
    assert first.labels == {"genre": ("poem", "short")}
    assert (first.group, first.split) == ("3", "dev")
    assert first.unannotated == frozenset()
    assert second.unannotated == {"tag", "kind", "genre"}
    assert third.unannotated == {"kind", "genre"}  # it was looked at, and has no tag
    assert data.dropped == {"an empty text": 1, "fields that say nothing here ('source')": 1}
    assert data.annotated_by["tag"].by == "people"


def test_spans_without_a_layer_have_the_one_that_is_named(tmp_path):
    path = lines(
        tmp_path / "a.jsonl", {"text": "sea", "spans": [{"start": 0, "end": 3, "label": "N"}]}
    )
    assert told(open_sequences(f"spans:{path},layer=ner").documents[0]) == {("ner", "N", "sea")}


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"spans": []}, "line 2: there is no field 'text'"),
        ({"text": 1}, "line 2: text is 1, which is no text"),
        ({"text": "sea", "id": "first"}, "the id 'first' stands at .*line 1 too"),
        ({"text": "sea", "id": {"a": 1}}, "id is"),
        ({"text": "sea", "id": ["a"]}, "id is"),
        ({"text": "sea", "spans": {"a": 1}}, "spans are .*give a list"),
        ({"text": "sea", "spans": [1]}, "line 2, span 1: this is 1; give an object"),
        ({"text": "sea", "spans": [span(0, 1), span(1, 1)]}, "span 2: .*from 1 to 1 holds no char"),
        ({"text": "sea", "spans": [span(2, 1)]}, "from 2 to 1 holds no character"),
        ({"text": "sea", "spans": [span(-1, 1)]}, "begins before the text"),
        ({"text": "sé", "spans": [span(0, 3)]}, "text, which has 2 characters; .*not its bytes"),
        ({"text": "sea", "spans": [span(10**30, 10**31)]}, "ends behind the text"),
        ({"text": "sea", "spans": [span(0, "3")]}, "end is '3'; give a whole number"),
        ({"text": "sea", "spans": [span(0.0, 3)]}, "start is 0.0; give a whole number"),
        ({"text": "sea", "spans": [span(True, 3)]}, "start is True"),
        ({"text": "sea", "spans": [span(0, 1, " ")]}, "its label is empty"),
        ({"text": "sea", "spans": [span(0, 1, {"a": 1})]}, "label is .*which is no text"),
        ({"text": "sea", "spans": [span(0, 1, layer="a:b")]}, "give it a name without a colon"),
        ({"text": "sea", "spans": [{"start": 0, "end": 1, "label": "a"}]}, "has no layer.*layer="),
        ({"text": "sea", "spans": [{"end": 1, "label": "a"}]}, "it has no start"),
        ({"text": "sea", "labels": ["a"]}, "labels are .*give an object"),
        ({"text": "sea", "labels": {"": "a"}}, "a layer is called ''"),
        ({"text": "sea", "unannotated": "tag"}, "unannotated is 'tag'; give a list"),
    ],
)
def test_places_that_lie_are_told_with_their_line(tmp_path, record, says):
    path = lines(tmp_path / "a.jsonl", {"id": "first", "text": "one"}, record)
    with pytest.raises(DataError, match=says):
        open_sequences(f"spans:{path}")


def test_a_layer_and_labels_of_documents_need_two_names(tmp_path):
    record = {"text": "sea", "spans": [span(0, 1)], "labels": {"tag": "a"}}
    with pytest.raises(DataError, match="a layer 'tag', and labels of documents of that name"):
        open_sequences(f"spans:{lines(tmp_path / 'a.jsonl', record)}")


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
).filter(str.strip)


@st.composite
def document(draw):
    text = draw(TEXT)
    place = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text)))
    places = draw(st.lists(place.filter(lambda p: p[0] < p[1]), max_size=5))
    layer = st.sampled_from(["tag", "ner"])
    return {"text": text, "spans": [span(a, b, f"l{n}", draw(layer)) for n, (a, b) in
                                    enumerate(places)]}  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(document(), min_size=1, max_size=3))
def test_random_documents_are_read_back(tmp_path_factory, records):
    path = lines(tmp_path_factory.mktemp("spans") / "a.jsonl", *records)
    for record, found in zip(records, open_sequences(f"spans:{path}").documents, strict=True):
        assert found.text == record["text"]
        assert told(found) == {
            (s["layer"], s["label"], record["text"][s["start"] : s["end"]]) for s in record["spans"]
        }


# --- regions ---

FASTA = "; an old comment\n>s1 the first\r\nMKV L\nAAC\n>s2\nGGG\n>s3\n\n>s4\nTT\n"
GFF = """\
##gff-version 3
##sequence-region s4 1 2
s1\tUniProt\tDomain\t1\t3\t.\t+\t.\tNote=a%2Cb,c;ID=1
s1\tUniProt\tHelix\t7\t7\t.\t.\t.\tID=2\t
other\tUniProt\tHelix\t7\t7\t.\t.\t.\tID=2
##FASTA
>s1
MKV
"""


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_bytes(FASTA.encode())
    return path


def with_table(fasta, name, text):
    path = fasta.parent / name
    path.write_text(text, encoding="utf-8")
    return f"spans:{fasta},regions={path}"


def test_bed_counts_from_0_and_gff_from_1(fasta):
    bed = "# comment\ntrack name=x\ns1\t0\t3\tDomain\t0\t+\ns1 6 7\n"
    data = open_sequences(with_table(fasta, "a.bed", bed))
    assert [d.text for d in data.documents] == ["MKVLAAC", "GGG", "TT"]
    assert told(data.documents[0]) == {
        ("region", "Domain", "MKV"), ("strand", "+", "MKV"), ("region", "region", "C"),
    }  # fmt: skip
    data = open_sequences(with_table(fasta, "a.gff", GFF) + ",attributes=Note")
    assert told(data.documents[0]) == {
        ("region", "Domain", "MKV"), ("strand", "+", "MKV"), ("region", "Helix", "C"),
        ("Note", "a,b", "MKV"), ("Note", "c", "MKV"),
    }  # fmt: skip
    assert data.dropped["regions of sequences that are not there"] == 1
    assert data.dropped["an empty text"] == 1


def test_what_no_line_names_is_unknown(fasta):
    data = open_sequences(with_table(fasta, "a.gff3", GFF))
    assert data.documents[1].unannotated == {"region", "strand"}
    assert data.documents[2].unannotated == frozenset()  # ##sequence-region names it
    assert "does not name 1 sequence of 3" in data.notes[0]
    data = open_sequences(with_table(fasta, "a.gff3", GFF) + ",covered=all")
    assert not any(document.unannotated for document in data.documents)
    again = open_sequences(**data.source)
    assert again.fingerprint() == data.fingerprint()


def test_sequences_need_no_table(fasta):
    assert open_sequences(f"spans:{fasta}").sample_ids == ("s1", "s2", "s4")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.bed", "s1\t0\n", "a.bed, line 1: BED needs 3 columns"),
        ("a.bed", "s1\t3\t3\n", "line 1: a span from 3 to 3 holds no character"),
        ("a.bed", "s1\t0\t8\n", "ends behind the text, which has 7 characters"),
        ("a.bed", "s1\t-1\t3\n", "a place is '-1'; give a whole number"),
        ("a.bed", "s1\t0\t3.5\n", "a place is '3.5'"),
        ("a.bed", "s9\t0\t3\n", "names no sequence of .*, which has s1, s2, s4"),
        ("a.gff", "s1\ta\tb\t1\t3\n", "line 1: GFF has 9 columns"),
        ("a.gff", "s1\t.\tb\t0\t3\t.\t.\t.\t\n", "from 0 to 3 begins before the text; .*from 1"),
        ("a.gff", "s1\t.\tb\t3\t2\t.\t.\t.\t\n", "from 3 to 2 holds no character"),
        ("a.gff", "s1\t.\tb\t1\t8\t.\t.\t.\t\n", "line 1: .* ends behind the text"),
    ],
)
def test_regions_that_lie_are_told_with_their_line(fasta, name, text, says):
    with pytest.raises(DataError, match=says):
        open_sequences(with_table(fasta, name, text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("MKV\n>s1\nA\n", "line 1: a sequence stands before any header"),
        (">s1\nA\n>s1\nB\n", "line 3: the sequence 's1' stands twice"),
        (">\nA\n", "line 1: no name stands here"),
        (">a\n", "holds no document"),
    ],
)
def test_damaged_fasta_is_told(tmp_path, text, says):
    (tmp_path / "a.fa").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        open_sequences(f"spans:{tmp_path / 'a.fa'}")


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("a.txt", "", r"give a file that ends in \.bed, \.gff or \.gff3"),
        ("a.bed", ",attributes=Note", "is BED, which has no attributes"),
        ("a.bed", ",covered=some", "covered is 'some'; give named or all"),
        ("a.bed", ",layer=a", "FASTA in spans: has no option 'layer'"),
    ],
)
def test_options_that_do_not_fit_are_told(fasta, name, more, says):
    with pytest.raises(OptionError, match=says):
        open_sequences(with_table(fasta, name, "s1\t0\t3\n") + more)
