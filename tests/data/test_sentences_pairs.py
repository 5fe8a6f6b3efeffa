"""Sentence pairs from the files that hold them, and what is said of damaged ones."""

from __future__ import annotations

import csv
import gzip
import json
import os
import pickle
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot.data.sentences.open import join_labelled, open_pairs
from andornot.data.sentences.pairs import Pair, PairData, Sentence
from andornot.data.sentences.readers import parse_leaves, tokenize
from andornot.errors import DataError, OptionError

PARSE = "(ROOT (S (NP (DT A) (NN man)) (VP (VBZ eats)) (. .)))"


def record(**changes):
    base = {
        "gold_label": "entailment",
        "pairID": "p1",
        "sentence1": "A man eats.",
        "sentence2": "A man eats.",
        "sentence1_parse": PARSE,
        "sentence2_parse": PARSE,
    }
    return {key: value for key, value in (base | changes).items() if value is not None}


def written(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def jsonl(path, *records):
    return written(path, *map(json.dumps, records))


@pytest.fixture
def nli(shared_data):
    return shared_data / "nli"


# --- JSON lines ---------------------------------------------------------------------------------


def test_the_parsed_records_of_snli(nli):
    path = nli / "snli_1.0_dev.first1289_parsed.jsonl"
    data = open_pairs(f"snli:{path}", keep_unlabelled=True)
    assert (len(data), dict(data.dropped), data.has_tags, data.notes) == (1289, {}, True, ())
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    for pair, source in zip(data.pairs, raw, strict=True):
        assert pair.id == source["pairID"]
        assert pair.label == source["gold_label"].replace("-", "")
        for sentence, n in zip(pair.sentences, "12", strict=True):
            assert sentence.text == source[f"sentence{n}"]
            # the binary parse of the same record holds the tokens too, between other brackets
            binary = source[f"sentence{n}_binary_parse"].split()
            assert list(sentence.tokens) == [t for t in binary if t not in "()"]
            spelled = [f"({t} {w})" for t, w in zip(sentence.tags, sentence.tokens, strict=True)]
            assert "".join(re.findall(r"\([^()]+\)", source[f"sentence{n}_parse"])) == "".join(
                spelled
            )


def test_pairs_without_a_gold_label_are_dropped_and_counted(nli):
    data = open_pairs(f"snli:{nli / 'snli_1.0_dev.first1289_parsed.jsonl'}")
    assert (len(data), dict(data.dropped)) == (1273, {"no gold label": 16})
    assert data.labels == ("entailment", "neutral", "contradiction")
    assert "" not in data.classes


def test_the_parsed_records_are_among_the_tokenised_pairs(nli):
    """The two were tokenised differently, so they are compared without blanks."""
    parsed = open_pairs(f"snli:{nli / 'snli_1.0_dev.first1289_parsed.jsonl'}", keep_unlabelled=True)
    labels = nli / "snli_1.0_dev.compexp_preds.csv"
    tokenised = open_pairs(f"pairs:{nli / 'snli_1.0_dev.tok'}", labels=labels, tagger=None)

    def glued(pair):
        return (*("".join(s.text.split()) for s in pair.sentences), pair.label)

    assert {glued(pair) for pair in parsed.pairs} <= {glued(pair) for pair in tokenised.pairs}


def test_records_without_parses_are_tokenised_and_said_to_have_no_tags(tmp_path):
    bare = record(sentence1_parse=None, sentence2_parse=None, sentence1="I don't, he said.")
    path = jsonl(tmp_path / "x.jsonl", bare)
    data = open_pairs(f"snli:{path}", tagger=None)
    assert data.pairs[0].premise.tokens == ("I", "don't", ",", "he", "said", ".")
    assert not data.has_tags
    assert data.notes == (
        "2 of 2 sentences have no part-of-speech tags, so there are no tag concepts",
    )


def test_repeated_and_missing_ids(tmp_path):
    path = jsonl(tmp_path / "x.jsonl", record(), record(), record(pairID=None))
    assert open_pairs(f"snli:{path}").sample_ids == ("p1", "p1~2", "3")


def test_records_of_mnli(tmp_path):
    """Fields as published, with a genre; a kept back label is none, however often the id occurs."""
    fields = {"annotator_labels": ["neutral"], "genre": "fiction", "promptID": "31193"}
    first = record(gold_label="neutral", pairID="31193n", sentence1_binary_parse="( A )", **fields)
    path = jsonl(tmp_path / "m.jsonl", first, first, first | {"gold_label": "hidden"})
    data = open_pairs(f"snli:{path}")
    assert data.sample_ids == ("31193n", "31193n~2")
    assert data.dropped == {"no gold label": 1}
    assert data.pairs[0].premise.tags == ("DT", "NN", "VBZ", ".")


def test_a_token_may_hold_a_hard_blank():
    """Stanford's tokeniser keeps a fraction together so."""
    sentence = parse_leaves("(ROOT (NP (CD 1\u00a01/2) (NNS hours)))")
    assert sentence.tokens == ("1\u00a01/2", "hours")


@pytest.mark.parametrize("parse", ["(S (NN a b))", "(S (NN a) b)", "(S x (NN a))", "(S (NN a)) x"])
def test_words_outside_the_leaves_are_damage(parse):
    assert parse_leaves(parse) is None


def test_escaped_brackets_become_signs():
    sentence = parse_leaves("(ROOT (NP (-LRB- -LRB-) (NN x) (-RRB- -RRB-)))")
    assert sentence.tokens == ("(", "x", ")")
    assert sentence.tags == ("-LRB-", "NN", "-RRB-")


def test_empty_sentences_are_dropped_and_counted(tmp_path):
    empty = record(sentence1=" ", sentence1_parse=None)
    data = open_pairs(f"snli:{jsonl(tmp_path / 'x.jsonl', empty, record())}")
    assert (len(data), data.dropped) == (1, {"an empty sentence": 1})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"gold_label": "neut', r"x\.jsonl, line 2: this is no JSON .*; the file is damaged"),
        ("[1]", "line 2: the record has no text 'sentence1'"),
        (json.dumps(record(sentence2=None)), "line 2: the record has no text 'sentence2'"),
        (
            json.dumps(record(gold_label=["x"])),
            "line 2: .gold_label. is \\[.x.\\], which is no text",
        ),
        (json.dumps(record(sentence2_parse=PARSE[:-9])), "line 2: sentence2_parse is no Penn"),
        (json.dumps(record(sentence1_parse="A man")), "line 2: sentence1_parse is no Penn"),
        (json.dumps(record(sentence1_parse=["x"])), "line 2: sentence1_parse is no Penn"),
    ],
)
def test_damaged_lines_are_named(tmp_path, line, message):
    path = written(tmp_path / "x.jsonl", json.dumps(record()), line)
    with pytest.raises(DataError, match=message):
        open_pairs(f"snli:{path}")


def test_files_of_another_kind_are_called_by_it(tmp_path):
    path = tmp_path / "x.jsonl"
    for data, message in {
        "premise,hypothesis\na,b\n": "looks like a table, and snli: reads JSON lines",
        "<!doctype html><html></html>": "is XML or HTML; give a text file",
    }.items():
        path.write_text(data)
        with pytest.raises(DataError, match=message):
            open_pairs(f"snli:{path}")
    path = tmp_path / "x.tok"
    path.write_bytes(b"\x1f\x8b\x08\xff" * 9)
    with pytest.raises(DataError, match="is a gzip archive; unpack it, and give the text file"):
        open_pairs(f"pairs:{path}")


def test_pipes_are_refused_at_once(tmp_path):
    for name in ("x.jsonl", "x.tok", "x.csv", "x.conllu"):
        os.mkfifo(tmp_path / name)
        kind = "snli" if name == "x.jsonl" else "pairs"
        with pytest.raises(DataError, match=f"{name} is a named pipe, not a file"):
            open_pairs(f"{kind}:{tmp_path / name}")
    sound = written(tmp_path / "y.tok", "a b", "c d")
    with pytest.raises(DataError, match=r"x\.csv is a named pipe"):
        open_pairs(f"pairs:{sound},labels={tmp_path / 'x.csv'}")


def test_an_id_may_look_like_that_of_a_second_one(tmp_path):
    lines = [record(pairID=name) for name in ("x", "x", "x~2", "x")]
    data = open_pairs(f"snli:{jsonl(tmp_path / 'x.jsonl', *lines)}")
    assert data.sample_ids == ("x", "x~2", "x~2~2", "x~3")


PLAIN = {"premise": "A man eats.", "hypothesis": "He sleeps."}


@pytest.mark.parametrize(
    "keys",
    [
        ("premise", "hypothesis", "label"),
        ("sentence1", "sentence2", "gold_label"),
        ("sentence1", "sentence2", "label"),
        ("sentence_A", "sentence_B", "entailment_judgment"),
    ],
)
@pytest.mark.parametrize("spec", ["pairs:{}", "snli:{}"])
@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.txt"])
def test_json_lines_are_read_whatever_the_keys(tmp_path, keys, spec, name):
    values = [("A man eats.", "He sleeps.", "Neutral"), ("A b", "c", 2), ("d", "e", 0)]
    path = jsonl(tmp_path / name, *(dict(zip(keys, row, strict=True)) for row in values))
    data = open_pairs(spec.format(path), tagger=None)
    assert data.pairs[0].premise.tokens == ("A", "man", "eats", ".")
    assert data.pairs[0].hypothesis.text == "He sleeps."
    assert data.classes == ("neutral", "2", "0")
    assert data.kind == spec.partition(":")[0]
    assert open_pairs(**data.source).fingerprint() == data.fingerprint()


def test_json_lines_with_names_of_their_own_ids_splits_and_tags(tmp_path):
    rows = [
        {"a": "A man", "b": "c", "y": 1.0, "uid": 7, "split": "dev", "premise_tags": "DT NN"},
        {"a": "A b", "b": "c", "y": None, "uid": 8, "split": "test"},
        {"a": "A b", "b": "c", "y": -1, "uid": 9, "split": "dev"},
    ]
    path = jsonl(tmp_path / "x.jsonl", *rows)
    data = open_pairs(f"pairs:{path},premise=a,hypothesis=b,label=y", tagger=None)
    assert data.classes == ("1", "", "")
    assert data.sample_ids == ("7", "8", "9")
    assert data.pairs[0].premise.tags == ("DT", "NN")
    assert len(open_pairs(f"pairs:{path},premise=a,hypothesis=b,split=dev", tagger=None)) == 2
    told = "line 1: the record has no text 'z' for the label"
    with pytest.raises(DataError, match=told):
        open_pairs(f"pairs:{path},premise=a,hypothesis=b,label=z")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"premise": "a"}', "no text 'hypothesis'|no text 'sentence2'"),
        (json.dumps(PLAIN | {"premise": 3}), "'premise' is 3, which is no text"),
        (json.dumps(PLAIN | {"premise": ["a", "b"]}), "'premise' is .* which is no text"),
        (json.dumps(PLAIN | {"label": True}), "'label' is True, which is no text"),
        (json.dumps(PLAIN | {"label": {"a": 1}}), "'label' is .* which is no text"),
        (json.dumps(PLAIN | {"hypothesis": "\ud800"}), "which is no text"),
        ('{"premise": ' + "1" * 5000 + "}", "this is no JSON"),
        ("{", "this is no JSON"),
        ("a b c", "this is no JSON"),
    ],
)
def test_records_of_json_that_cannot_be_used(tmp_path, line, message):
    path = written(tmp_path / "x.jsonl", json.dumps(PLAIN), line)
    with pytest.raises(DataError, match=message) as caught:
        open_pairs(f"pairs:{path}")
    assert "x.jsonl, line 2: " in str(caught.value)
    assert len(str(caught.value)) < 600 + len(str(path))


# --- files whose content is not what the reader takes --------------------------------------------

CONLLU = "\t".join(["1", "dogs", "dog", "NOUN", "_", "_", "0", "root", "_", "_"])
CONTENTS = {
    "JSON lines": [json.dumps(PLAIN)] * 2,
    "JSON lines, spread": ["{", '  "premise": "a", "hypothesis": "b"', "}"],
    "a JSON array": ["[", json.dumps(PLAIN), "]"],
    "a JSON array of rows": ['[["a", "b"],', '["c", "d"]]'],
    "a table": ["premise,hypothesis,label", "a b,c d,neutral"],
    "a table with other names": ["text_a,text_b,y", "a b,c d,0"],
    "a table without a header": ["a b,c d,0", "e f,g h,1"],
    "a table with tabs": ["one\ttwo", "a b\tc d", "e f\tg h", "i\tj"],
    "a table with quotes": ["x;label", '"a, b";0', '"c; d";1', '"e";2'],
    ".feats": ["lemma;open|tag;closed", "a|a|DT", "b|b|NN"],
    "CoNLL-U": ["# sent_id = 1", CONLLU, ""],
    "XML": ["<?xml version='1.0'?>", "<a/>"],
}
BYTES = {
    "gzip": gzip.compress(b"a b\nc d\n"),
    "zip": b"PK\x03\x04rest",
    "parquet": b"PAR1\x15\x04",
    "a pickle": pickle.dumps(["a", "b"]),
    "UTF-16": "a b\nc d\n".encode("utf-16"),
    "zero bytes": b"a b\0\nc\n",
}


@pytest.mark.parametrize("what", [*CONTENTS, *BYTES])
def test_no_other_format_becomes_tokens(tmp_path, what):
    path = tmp_path / "x.tok"
    if what in BYTES:
        path.write_bytes(BYTES[what])
    else:
        written(path, *CONTENTS[what])
    with pytest.raises(DataError) as caught:
        open_pairs(f"pairs:{path}")
    assert str(path) in str(caught.value)
    assert "sentences, but premises" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".csv", ".feats", ".conllu", ".jsonl", ".tok"])
@pytest.mark.parametrize("what", ["JSON lines", "a table", ".feats", "CoNLL-U"])
def test_a_name_that_promises_another_format_is_told(tmp_path, what, suffix):
    path = written(tmp_path / f"x{suffix}", *CONTENTS[what])
    own = {"JSON lines": ".jsonl", "a table": ".csv"}.get(what, what.lower().replace("-", ""))
    if suffix in (own, f".{own}"):
        open_pairs(f"pairs:{path}", tagger=None) if what == "JSON lines" else None
        return
    with pytest.raises(DataError, match=f"looks like {what}; give it a name that ends in"):
        open_pairs(f"pairs:{path}")


def test_a_file_without_a_telling_name_is_what_it_holds(tmp_path):
    for what, n in {"JSON lines": 2, "a table": 1, ".feats": 1}.items():
        path = written(tmp_path / "x.txt", *CONTENTS[what])
        assert len(open_pairs(f"pairs:{path}", tagger=None)) == n
    path = written(tmp_path / "x.txt", CONLLU, "", CONLLU)
    assert open_pairs(f"pairs:{path}", tagger=None).has_tags
    with pytest.raises(DataError, match="looks like a table, and snli: reads JSON lines"):
        open_pairs(f"snli:{written(tmp_path / 'x.txt', *CONTENTS['a table'])}")


@pytest.mark.parametrize(
    "lines",
    [
        ["A man , 1,000 people", "[ laughs ] { hi } , so"],
        ["Label me , please", "text , and premise"],
        ["[ applause ]", '{ " quoted " }'],
        ["a\tb ", "c"],
        ["# no comment", "1 2 3"],
    ],
)
def test_tokens_that_look_a_little_like_something_else_are_read(tmp_path, lines):
    data = open_pairs(f"pairs:{written(tmp_path / 'x.tok', *lines)}", tagger=None)
    assert [" ".join(s.tokens) for s in data.sentences()] == [" ".join(x.split()) for x in lines]


def test_labels_in_another_format_are_told(tmp_path):
    tok = written(tmp_path / "x.tok", "a", "b")
    gold = jsonl(tmp_path / "gold.jsonl", {"label": "neutral"})
    with pytest.raises(DataError, match="looks like JSON lines; give the labels as a CSV or TSV"):
        open_pairs(f"pairs:{tok}", labels=gold)


def test_a_folder_of_splits(tmp_path):
    for split in ("dev", "test"):
        jsonl(tmp_path / f"snli_1.0_{split}.jsonl", record(pairID=split))
    data = open_pairs(f"snli:{tmp_path}", split="test")
    assert (data.sample_ids, data.splits, data.name) == (("test",), ("test",), "snli_1.0_test")
    with pytest.raises(OptionError, match="is a folder; name the split, such as dev, or the file"):
        open_pairs(f"snli:{tmp_path}")
    with pytest.raises(DataError, match=r"has 0 files named \*_train.jsonl; name another split"):
        open_pairs(f"snli:{tmp_path},split=train")
    with pytest.raises(OptionError, match="has no pair in the split 'dev': it has no split"):
        open_pairs(f"snli:{tmp_path / 'snli_1.0_test.jsonl'}", split="dev")


# --- tokens in turn -----------------------------------------------------------------------------


def test_all_tokenised_pairs_of_snli_dev(nli):
    labels = nli / "snli_1.0_dev.compexp_preds.csv"
    data = open_pairs(f"pairs:{nli / 'snli_1.0_dev.tok'}", labels=labels, tagger=None)
    lines = (nli / "snli_1.0_dev.tok").read_text().splitlines()
    assert [" ".join(s.tokens) for s in data.sentences()] == lines
    with labels.open() as file:
        golds = [row["gt"].replace("UNK", "") for row in csv.DictReader(file)]
    assert list(data.classes) == golds
    assert (len(data), golds.count(""), data.kind) == (10_000, 158, "pairs")


def test_annotated_tokens_are_the_tokens_with_tags(nli):
    tokenised = open_pairs(f"pairs:{nli / 'snli_1.0_dev.tok'}", tagger=None)
    annotated = open_pairs(f"pairs:{nli / 'snli_1.0_dev.feats'}")
    assert annotated.has_tags
    both = zip(tokenised.sentences(), annotated.sentences(), strict=True)
    assert all(a.tokens == b.tokens for a, b in both)
    with (nli / "snli_1.0_dev.pos.tsv").open() as file:
        tags = [row["pos"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert [tag for s in annotated.sentences() for tag in s.tags] == tags


def test_a_token_may_hold_a_bar(tmp_path):
    path = written(tmp_path / "x.feats", "lemma;open|tag;closed", "a|a|DT 1|2|half|CD", "b|b|NN")
    pair = open_pairs(f"pairs:{path}").pairs[0]
    assert pair.premise == Sentence(("a", "1|2"), ("DT", "CD"))


def test_annotations_without_tags(tmp_path):
    path = written(tmp_path / "x.feats", "lemma;open", "a|a", "b|b")
    assert not open_pairs(f"pairs:{path}", tagger=None).has_tags


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("x.tok", ["a b", "c", "d"], "has 3 sentences, but premises and hypotheses come in turn"),
        ("x.tok", [], "is empty; give a file with at least one sentence pair"),
        ("x.tok", ["a", "", "b"], "3 sentences"),
        ("x.tok", ["", "b"], r"holds no sentence pair that can be used \(1 had an empty sentence"),
        ("x.feats", ["a|b|c"], "line 1: 'a.b.c' is no header of annotations"),
        ("x.feats", ["tag;closed", "a|DT", "b"], r"line 3: the token 'b' lacks an annotation"),
        ("x.feats", ["tag;closed", "a|DT"], "has 1 sentences"),
    ],
)
def test_damaged_tokens_are_named(tmp_path, name, lines, message):
    with pytest.raises(DataError, match=message):
        open_pairs(f"pairs:{written(tmp_path / name, *lines)}")


def test_labels_that_do_not_fit(tmp_path):
    path = written(tmp_path / "x.tok", "a", "b")
    few = written(tmp_path / "few.csv", "label", "neutral", "neutral")
    with pytest.raises(DataError, match=r"has 2 labels for the 1 pairs of .*x\.tok"):
        open_pairs(f"pairs:{path}", labels=few)
    other = written(tmp_path / "other.csv", "truth", "neutral")
    with pytest.raises(DataError, match=r"no column of labels \(its header names truth\); call it"):
        open_pairs(f"pairs:{path}", labels=other)
    with pytest.raises(DataError, match=r"nowhere\.csv cannot be read"):
        open_pairs(f"pairs:{path}", labels=tmp_path / "nowhere.csv")


# --- tables -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "n_pairs", "counts"),
    [
        ("cad_nli_train.tsv", 8330, {"entailment": 2770, "neutral": 2778, "contradiction": 2782}),
        ("SICK_train.txt", 4500, {"entailment": 1299, "neutral": 2536, "contradiction": 665}),
    ],
)
def test_real_tables(nli, name, n_pairs, counts):
    data = open_pairs(f"pairs:{nli / name}", tagger=None)
    assert len(data) == n_pairs
    assert {label: data.classes.count(label) for label in data.labels} == counts
    assert data.pairs[0].premise.text in (nli / name).read_text()


def test_quotes_in_tables_with_tabs(tmp_path):
    """SNLI and MNLI leave quotes as they are; a spreadsheet encloses the cell and doubles them."""
    path = written(
        tmp_path / "x.tsv",
        "sentence1\tsentence2\tgold_label",
        '"Stop" he says\tHe said "stop"\tneutral',
        '"A ""big"" dog"\t"\t-1',
    )
    data = open_pairs(f"pairs:{path}", tagger=None)
    texts = [sentence.text for sentence in data.sentences()]
    assert texts == ['"Stop" he says', 'He said "stop"', 'A "big" dog', '"']
    assert data.classes == ("neutral", "")
    enclosed = written(tmp_path / "y.tsv", "premise\thypothesis", '"a\tb"\tc', 'd\t"e\nf"')
    data = open_pairs(f"pairs:{enclosed}", tagger=None)
    assert [sentence.text for sentence in data.sentences()] == ["a\tb", "c", "d", "e\nf"]


def test_columns_by_other_names_with_tags_splits_and_ids(tmp_path):
    path = written(
        tmp_path / "x.csv",
        "nr,p,h,y,split,tp,th",
        'k1,"A man , here",Men .,NEUTRAL,dev,"DT NN , RB",NNS .',
        "k2,A,B,-,test,DT,NN",
    )  # fmt: skip
    columns = {"id": "nr", "premise": "p", "hypothesis": "h", "label": "y"}
    columns |= {"premise_tags": "tp", "hypothesis_tags": "th"}
    data = open_pairs(f"pairs:{path}", columns=columns)
    first = Pair(
        "k1",
        Sentence(("A", "man", ",", "here"), ("DT", "NN", ",", "RB"), "A man , here"),
        Sentence(("Men", "."), ("NNS", "."), "Men ."),
        "neutral",
        "dev",
    )
    assert data.pairs[0] == first
    assert data.classes == ("neutral", "")
    assert open_pairs(f"pairs:{path}", split="test", columns=columns).sample_ids == ("k2",)
    with pytest.raises(OptionError, match="no pair in the split 'train': it has dev, test"):
        open_pairs(f"pairs:{path}", split="train", columns=columns)


@pytest.mark.parametrize(
    ("lines", "options", "error", "message"),
    [
        (
            ["a,b", "1,2"],
            {},
            DataError,
            "no column 'premise' or 'sentence1' or 'sentence_A'.*`,premise=NAME`",
        ),
        (["premise,hypothesis", "1"], {}, DataError, "row 2: 1 cells for the 2 columns"),
        (["premise,hypothesis", '1,"2" x'], {}, DataError, "row 2: .*double the quotes"),
        ([], {}, DataError, "is empty; its first line must name the columns"),
        (["premise,hypothesis"], {}, DataError, "holds no sentence pair"),
        (
            ["premise,hypothesis,premise_tags", "a b,c,DT"],
            {},
            DataError,
            "row 2: 1 tags for the 2 tokens of 'a b'",
        ),
        (
            ["premise,hypothesis", "1,2"],
            {"columns": {"label": "y"}},
            DataError,
            "no column 'y' for the label",
        ),
        (
            ["premise,hypothesis", "1,2"],
            {"columns": {"text": "y"}},
            OptionError,
            "columns has no key 'text'; there are premise",
        ),
        (
            ["premise,hypothesis", "1,2"],
            {"labels": "l.csv"},
            OptionError,
            "x.csv is a file for which labels has no use",
        ),
    ],
)
def test_damaged_tables_are_named(tmp_path, lines, options, error, message):
    with pytest.raises(error, match=message):
        open_pairs(f"pairs:{written(tmp_path / 'x.csv', *lines)}", **options)


# --- options in the text, several files ---------------------------------------------------------


def test_options_behind_the_file(tmp_path):
    tok = written(tmp_path / "x.tok", *(f"w{i}" for i in range(8)))
    gold = written(tmp_path / "gold.csv", "gt", "neutral", "UNK", "entailment", "neutral")
    data = open_pairs(f"pairs:{tok},labels={gold},limit=2,tagger=none")
    assert (data.sample_ids, data.classes) == (("0", "2"), ("neutral", "entailment"))
    again = open_pairs(**data.source)
    assert again.fingerprint() == data.fingerprint()
    table = written(tmp_path / "t.csv", "p,h,y,split", "a,b,neutral,dev", "c,d,neutral,test")
    data = open_pairs(f"pairs:{table},premise=p,hypothesis=h,label=y,split=test", tagger=None)
    assert [sentence.text for sentence in data.sentences()] == ["c", "d"]
    path = jsonl(tmp_path / "x.jsonl", record(), record(gold_label="-"))
    assert len(open_pairs(f"snli:{path},keep-unlabelled=yes")) == 2
    assert len(open_pairs(f"snli:{path},keep_unlabelled=no")) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("labls=x", "has the option 'labls'; there are split, limit, labels"),
        ("limit=many", "gives limit as 'many'; write a whole number"),
        ("keep_unlabelled=1", "gives keep_unlabelled as '1'; write yes or no"),
        ("keep_unlabelled=yes", "for which keep_unlabelled has no use"),
        ("label=y,id=x", r"for which columns \(of label, id\) has no use"),
    ],
)
def test_wrong_options_behind_the_file(tmp_path, options, message):
    with pytest.raises(OptionError, match=message):
        open_pairs(f"pairs:{written(tmp_path / 'x.tok', 'a', 'b')},{options}")


def test_labelled_pairs_of_several_files(tmp_path):
    one = written(tmp_path / "x.csv", "premise,hypothesis,label", "a,b,neutral", "c,d,-")
    (tmp_path / "deep").mkdir()
    two = written(tmp_path / "deep" / "x.csv", "premise,hypothesis,label", "e,f,entailment")
    three = written(tmp_path / "y.csv", "premise,hypothesis", "g,h")
    data = [open_pairs(f"pairs:{path}", tagger=None) for path in (one, two, three)]
    assert [(p.id, p.premise.text, p.label) for p in join_labelled(data)] == [
        ("x:0", "a", "neutral"),
        ("x~2:0", "e", "entailment"),
    ]
    assert [p.id for p in join_labelled(data[:1])] == ["0"]
    with pytest.raises(DataError, match=r"no pair of .*y\.csv has a label; give labels"):
        join_labelled(data[2:])


# --- the rest -----------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["x.tok", "imdb:x.tok", "snli:", "pairs"])
def test_texts_that_name_no_pairs(spec):
    with pytest.raises(OptionError, match="names no sentence pairs; give snli:FILE or pairs:FILE"):
        open_pairs(spec)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        open_pairs(f"pairs:{tmp_path / 'x.tok'}")
    (tmp_path / "x.tok").write_bytes(b"\xff\xfe\n\xff\n")
    with pytest.raises(DataError, match=r"x\.tok cannot be read \(it is not UTF-8\)"):
        open_pairs(f"pairs:{tmp_path / 'x.tok'}")


def test_limit_source_and_fingerprint(tmp_path):
    path = written(tmp_path / "x.tok", *(f"w{i}" for i in range(20)))
    data = open_pairs(f"pairs:{path}", limit=4, tagger=None)
    assert data.sample_ids == ("0", "2", "5", "7")
    again = open_pairs(**data.source)
    assert again.pairs == data.pairs
    assert again.fingerprint() == data.fingerprint()
    assert data.subset([0, 1]).source is None
    keys = {data.subset(chosen).fingerprint() for chosen in ([0, 1], [1, 0], [0], [0, 2])}
    assert len(keys) == 4
    with pytest.raises(OptionError, match="limit is 0"):
        open_pairs(f"pairs:{path}", limit=0)
    with pytest.raises(OptionError, match=r"indices from 0 to 3; got \[4\]"):
        data.subset([4])


def test_the_fingerprint_sees_whatever_a_concept_or_a_model_sees(tmp_path):
    one = Pair("1", Sentence(("a",)), Sentence(("b",)))
    others = [
        Pair("2", one.premise, one.hypothesis),
        Pair("1", one.premise, one.hypothesis, "neutral"),
        Pair("1", one.premise, one.hypothesis, split="dev"),
        Pair("1", Sentence(("b",)), one.hypothesis),
        Pair("1", Sentence(("a",), ("DT",)), one.hypothesis),
        Pair("1", Sentence(("a",), None, "A"), one.hypothesis),
    ]
    keys = {PairData(tmp_path, "pairs", (pair,)).fingerprint() for pair in [one, *others]}
    assert len(keys) == 7
    assert PairData(tmp_path / "else", "pairs", (one,)).fingerprint() in keys


def test_ids_must_differ_and_tags_must_fit(tmp_path):
    pair = Pair("1", Sentence(("a",)), Sentence(("b",)))
    with pytest.raises(DataError, match="has the pair '1' twice"):
        PairData(tmp_path, "pairs", (pair, pair))
    with pytest.raises(DataError, match="has 1 tokens and 2 tags"):
        Sentence(("a",), ("DT", "NN"))


@given(st.text())
def test_tokenising_loses_no_sign(text):
    assert "".join(tokenize(text)) == "".join(text.split())


@given(st.lists(st.tuples(st.sampled_from(["NN", ".", "''"]), st.text("ab'.-", min_size=1))))
def test_leaves_of_any_parse(leaves):
    parse = "(ROOT (S " + " ".join(f"(X ({tag} {token}))" for tag, token in leaves) + "))"
    sentence = parse_leaves(parse)
    if not leaves:
        assert sentence is None
    else:
        assert list(zip(sentence.tags, sentence.tokens, strict=True)) == leaves
        assert parse_leaves(parse[:-1]) is None


def test_reading_text_needs_no_torch_and_no_spacy():
    code = (
        "import sys; from andornot.data.sentences import concepts, open, tokens;"
        "print({'torch', 'spacy', 'transformers', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr
