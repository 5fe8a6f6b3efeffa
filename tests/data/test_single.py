"""Single sentences: their concepts, what is told of damage, a run on them, and edits of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot import Run, dissect
from andornot.cli import main
from andornot.data.sentences.check import check_single
from andornot.data.sentences.concepts import STOP_WORDS
from andornot.data.sentences.open_single import open_single
from andornot.data.sentences.pairs import Sentence
from andornot.data.sentences.single import OneSentence, SentenceData
from andornot.data.sentences.single_concepts import sentence_concepts
from andornot.edits import AttackOptions, Delete, EditSession, Repeat, Replace, Word, attack
from andornot.errors import DataError, ModelError, OptionError
from insides import Presence

ROWS = [
    ["review", "sentiment"],
    ["A great, great film!", "Positive"],
    ["The plot is dull.", "negative"],
    ["the  plot is dull.", "negative"],
    ["   ", "negative"],
    ["Not great", ""],
]


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "reviews.csv", ROWS)


def opened(spec, **options):
    return open_single(f"sentences:{spec}", tagger=None, **options)


def has(table, sample):
    return {name for name in table.names if table.mask(name)[table.positions.sample(sample)].all()}


def test_words_of_a_sentence_are_its_concepts(file):
    data = opened(file)
    assert data.sample_ids == ("0", "1", "2", "4")
    assert data.dropped == {"an empty text, first in row 5": 1}
    assert data.classes == ("positive", "negative", "negative", "")
    assert data.samples[0].text == "A great, great film!"
    table = sentence_concepts(data)
    words = {"word:great", "word:film", "word:!"}
    assert has(table, 0) == words | {"length:6-10"}  # "a" and "," are stop words
    assert not {f"word:{word}" for word in STOP_WORDS} & {*table.names}
    assert data.groups[1] == data.groups[2] != data.groups[0]  # the same words
    assert len(set(opened(file, group="none").groups)) == 4


def test_most_frequent_words_come_first(file):
    names = sentence_concepts(opened(file)).names
    assert names[:4] == ("word:great", "word:dull", "word:is", "word:plot")
    few = sentence_concepts(opened(file), n_words=2).names
    assert [name for name in few if name.startswith("word:")] == [*names[:2]]


@pytest.mark.parametrize(
    ("n", "name"),
    [(1, "1-5"), (5, "1-5"), (6, "6-10"), (11, "11-20"), (40, "21-40"), (41, "41-"), (500, "41-")],
)
def test_a_sentence_has_one_length(n, name):
    one = SentenceData(Path("x"), (OneSentence("1", Sentence(("a",) * n)),))
    held = has(sentence_concepts(one), 0)
    assert {own for own in held if own.startswith("length:")} == {f"length:{name}"}


def test_only_the_beginning_is_read_by_network_and_concepts(file):
    data = opened(f"{file},cut=2")
    assert data.samples[0].text == "A great"
    assert data.samples[0].tokens == ("A", "great")


WORDS = st.text("ab'! ,.\u00e9\u0130", max_size=20)


@given(WORDS, st.integers(1, 8))
def test_a_cut_text_is_a_beginning_of_so_many_words(text, cut):
    from andornot.data.sentences.open_single import _first
    from andornot.data.sentences.readers import tokenize

    found = _first(text, cut)
    assert text.startswith(found)
    assert tokenize(found) == tokenize(text)[:cut]


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), min_size=1, max_size=8))
def test_concepts_hold_where_a_token_has_them(drawn):
    samples = tuple(
        OneSentence(
            str(i),
            Sentence(
                tuple(words),
                tags=tuple(w.upper() for w in words),
                marks=tuple((f"feat:Is={w}",) for w in words),
                lemmas=tuple(f"{w}{w}" for w in words),
            ),
        )
        for i, words in enumerate(drawn)
    )
    table = sentence_concepts(SentenceData(Path("drawn"), samples), stop_words=())
    for i, words in enumerate(drawn):
        kinds = ("word:{}", "lemma:{0}{0}", "feat:Is={}")
        expected = {kind.format(w) for kind in kinds for w in words}
        tags = {f"tag:{w.upper()}" for w in words}
        # a mark that all have is none
        everywhere = {f"feat:Is={w}" for w in "abcd" if all(w in own for own in drawn)}
        assert has(table, i) == (expected | tags | {"length:1-5"}) - everywhere


CONLLU = """\
# newdoc id = email-one
# sent_id = email-one-1
# text = Don't!
1\tDo\tdo\tAUX\tVB\tMood=Imp\t0\troot\t_\t_
2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_
3\t!\t!\tPUNCT\t.\t_\t1\tpunct\t_\t_

# sent_id = email-one-2
# text = Dogs
1\tDogs\tdog\tNOUN\tNNS\tNumber=Plur\t0\troot\t_\t_

# newdoc id = reviews-two
# sent_id = reviews-two-1
1\t_\t_\tSYM\tNN\t_\t0\troot\t_\t_
"""


def test_conllu_gives_lemmas_tags_marks_and_the_genre_of_each_document(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text(CONLLU, encoding="utf-8")
    data = opened(path)
    assert data.sample_ids == ("email-one-1", "email-one-2", "reviews-two-1")
    assert data.classes == ("email", "email", "reviews")
    assert data.groups == ("document email-one", "document email-one", "reviews-two-1")
    assert data.samples[0].text == "Don't!"
    table = sentence_concepts(data)
    assert has(table, 1) == {
        *("word:dogs", "lemma:dog", "tag:NOUN", "feat:Number=Plur", "length:1-5")
    }  # each has a root, which tells nothing
    # a lemma without other forms is its word
    assert has(table, 2) == {"word:_", "tag:SYM", "length:1-5"}
    assert opened(f"{path},label=^[a-z]+-(.*)").classes == ("one", "one", "two")


def test_json_lines_are_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "It runs", "label": 1}\r\n\n{"text": "No", "label": null}\n')
    data = opened(path)
    assert [one.text for one in data.samples] == ["It runs", "No"]
    assert data.classes == ("1", "")


def test_line_ends_may_be_mixed(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"sentence\tlabel\r\nIt runs\t1\nIt stops\t0\r\n")
    assert [one.text for one in opened(path).samples] == ["It runs", "It stops"]


def test_two_sentences_never_have_one_id():
    one = OneSentence("1", Sentence(("a",)))
    with pytest.raises(DataError, match="the sentence '1' twice"):
        SentenceData(Path("x"), (one, one))


@pytest.mark.parametrize(
    ("rows", "spec", "error", "says"),
    [
        ([["body", "y"], ["a b", "1"]], "", DataError, "no column 'text' or 'sentence'"),
        ([["text"], ["a", "b"]], "", DataError, "row 2: 2 cells for the 1 columns"),
        ([["text"], [" "]], "", DataError, "holds no sentence .*an empty text, first in row 2"),
        ([["text", "text"], ["a", "b"]], "", DataError, "has 2 columns called 'text'"),
        ([["text"]], "", DataError, "holds no sentence"),
        ([["text"], ["a"]], ",cut=0", OptionError, "cut"),
        ([["text"], ["a"]], ",cut=x", OptionError, "write a whole number"),
        ([["text"], ["a"]], ",hypothesis=b", OptionError, "has the option 'hypothesis'"),
        ([["text"], ["a"]], ",split=dev", OptionError, "no sentence in the split 'dev'"),
        ([["text"], ["a"]], ",group=film", DataError, "no column 'film' for the group"),
    ],
)
def test_damage_is_told(tmp_path, rows, spec, error, says):
    path = write(tmp_path / "a.csv", rows)
    with pytest.raises(error, match=says):
        opened(f"{path}{spec}")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"text,label\nfine,1\ncaf\xe9,0\n", "not UTF-8.*line 3 is the first"),
        ("a.tsv", b"text\tlabel\rfine\t1\r", "line 1: lines end in a carriage return alone"),
        ("a.jsonl", b'{"text": "a"}\n{"text": 3}\n', "line 2: 'text' is 3, which is no text"),
        ("a.jsonl", b'{"text": "a"}\n{"label": 3}\n', "line 2: the record has no text"),
        ("a.jsonl", b'{"text": "a"}\n{"text"\n', "line 2: this is no JSON"),
        ("a.jsonl", b'{"text": "", "label": 1}\n', "an empty text, first in line 1"),
        ("a.csv", b'{"text": "a"}\n', "looks like JSON lines; give it a name"),
        ("a.conllu", b"1\ta\n", "line 1: a token has 10 columns"),
        ("a.csv", b"PAR1....", "is no text"),
        ("b", b"word;open|tag;closed\na|b\n", "give a table, JSON lines or CoNLL-U"),
    ],
)
def test_damaged_files_are_told_with_their_line(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as raised:
        opened(path)
    assert str(path) in str(raised.value)


def test_what_conllu_has_no_use_for_is_refused(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text(CONLLU, encoding="utf-8")
    for option in ("cut=3", "text=form", "label=genre"):
        with pytest.raises(OptionError, match="is CoNLL-U"):
            opened(f"{path},{option}")


def test_no_file_and_no_sentences_are_told(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        opened(tmp_path / "b.csv")
    with pytest.raises(OptionError, match="names no sentences"):
        open_single("pairs:a.csv")


def test_one_class_alone_and_equal_sentences_are_told_before_a_run(tmp_path):
    rows = [["text", "label"], ["It runs", "good"], ["it runs", "good"]]
    path = write(tmp_path / "a.csv", rows)
    found = check_single(opened(path))
    assert found.facts["sentences"] == "2"
    assert f"All sentences of {path} are of one class, good:" in " ".join(found.warnings)
    assert any("2 sentences have the same words" in told for told in found.warnings)


def test_who_gives_a_table_of_sentences_as_pairs_is_led_here(file):
    from andornot.data.sentences.open import open_pairs

    with pytest.raises(DataError, match="sentences:FILE"):
        open_pairs(f"pairs:{file}")


MODEL = """
import numpy as np
from andornot.models.sentences import RecordedPairs


class Net:
    layers = ("units",)
    class_names = ("negative", "positive")
    fingerprint = "1"

    def record(self, texts, layers):
        units = [["great" in t.text, "dull" in t.text] for t in texts]
        values = np.array(units, np.float32)
        return RecordedPairs({layer: values[:, :, None, None] for layer in layers}, values[:, ::-1])
"""


@pytest.fixture
def run(tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    rows = [[f"{w} film {i} <b>&amp;", c] for i in range(20) for w, c in WORDED]
    path = write(tmp_path / "many.csv", [["text", "label"], *rows])
    (tmp_path / "net.py").write_text(MODEL, encoding="utf-8")
    model = f"{tmp_path / 'net.py'}:Net"
    data = f"sentences:{path},tagger=none"
    return dissect(model, "units", data, tmp_path / "run", length=1, trust=None)


WORDED = [("great", "positive"), ("dull", "negative"), ("long", "negative")]


def test_a_run_names_the_words_and_opens_again(run, capsys):
    assert [str(e.formula) for e in run.result()] == ["word:great", "word:dull"]
    assert [e.iou for e in run.result()] == [1, 1]
    again = Run.open(run.path)
    assert again.modality.samples == "sentences"
    with pytest.raises(SystemExit) as ended:
        main(["show", str(run.path), "--units", "0", "--samples", "2", "--trust-code"])
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert "great" in shown
    assert "sentence" in shown
    assert not {"premise", "hypothesis"} & set(shown.split())


def test_its_pages_mark_words_and_escape_the_texts(run):
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    from andornot import write_report

    write_report(run, run.path.parent / "pages")
    folder = run.path.parent / "pages"
    pages = [p.read_text(encoding="utf-8") for p in folder.glob("unit/*.html")]
    assert pages
    assert any('<mark class="m-decisive" title="word:great">great</mark>' in page for page in pages)
    for page in pages:
        assert "<b>&amp;" not in page  # the text's own signs
        assert "premise" not in page
        assert "hypothesis" not in page


def test_edits_change_the_sentence_and_ask_again(run):
    session = EditSession.open(Run.open(run.path, trust_code=True))
    edited = session.try_edit("0", Replace(Word.read("great"), "dull"))
    assert edited.after.text == "dull film 0 < b > & amp;"
    assert list(edited.predictions["before"]) == ["positive"]
    assert list(edited.predictions["after"]) == ["negative"]
    with pytest.raises(OptionError, match=r"'hyp:great' does not say which word.*WORD alone"):
        session.try_edit("0", Delete(Word.read("hyp:great")))
    with pytest.raises(OptionError, match="no edit of a sentence by itself"):
        session.try_edit("0", Repeat(0.5))


def test_words_are_edited_on_the_command_line(run, capsys):
    given = ["edit", "words", str(run.path), "0", "--delete", "great", "--trust-code", "--json"]
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert not ended.value.code
    assert '"after":"negative"' in capsys.readouterr().out


def test_an_attack_finds_the_word_that_turns_a_class(run):
    found = attack(
        Run.open(run.path, trust_code=True), "positive", "negative",
        options=AttackOptions(n_edits=1, n_controls=2),
    )  # fmt: skip
    (row,) = found.tables["edits"].to_dict("records")
    assert row["edit"].startswith("insert dull")
    assert (row["flip_rate"], row["control_rate"]) == (1, 0)
    assert found.examples[0].after.text.split().count("dull") == 1


def test_other_models_are_refused():
    from insides import load_single_model

    with pytest.raises(ModelError, match="names no classifier of single sentences"):
        load_single_model("net.pt")


def test_a_function_of_the_users_adds_concepts_under_their_own_names(file):
    def long(words):
        return {"over 3 words": len(words) > 3}

    table = sentence_concepts(opened(file), sources=[long])
    assert "over 3 words" in table.names
    assert "over 3 words" not in has(table, 3)
    assert "over 3 words" in has(table, 1)


def test_neighbors_are_derived_where_there_are_vectors(file, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("great 1 0\ndull 0 1\nfilm 1 0.1\nplot 0.1 1\n")
    table = sentence_concepts(opened(file), vectors=vectors, n_neighbors=1)
    assert "NEIGHBORS(word:dull)" in table.names
    assert has(table, 0) >= {"NEIGHBORS(word:great)"}


def test_a_control_never_brings_in_what_the_edit_does():
    from andornot.edits.edits_of_words import Insert
    from andornot.formula import Concept
    from insides import Proposal, SingleEditor

    sentences = [Sentence(("the", noun, "ran"), tags=("DET", "NOUN", "VERB")) for noun in "abcdef"]
    data = SentenceData(Path("x"), tuple(OneSentence(str(i), s) for i, s in enumerate(sentences)))
    editor = SingleEditor(data, Presence(sentence_concepts(data)), ())
    edit: Any = Proposal("", "insert", (Insert((Word("", "a"),), "end"),), Concept("tag:NOUN"))
    controls: list[Any] = editor.controls(edit, 8)
    drawn = {e.words[0].text for own in controls for e in own.variants}
    assert drawn == {"the", "ran"}
