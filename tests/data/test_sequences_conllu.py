"""CoNLL-U as running text: characters of each word, all ten columns, and damage."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andornot.data.sequences.open import open_sequences
from andornot.errors import DataError, OptionError

EWT = Path(os.environ.get("ANDORNOT_SHARED_DATA", "../shared/data"), "text")

AWKWARD = """\
# newdoc id = email-1
# newpar id = p1
# sent_id = 1
# text = He don't “go”, José.
1\tHe\the\tPRON\tPRP\tCase=Nom|Number=Sing\t4\tnsubj\t4:nsubj\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\tVBP\t_\t4\taux\t4:aux\t_
3\tn't\tnot\tPART\tRB\t_\t4\tadvmod\t4:advmod\t_
4\t“go\tgo\tVERB\tVB\tVerbForm=Inf\t0\troot\t0:root\tSpaceAfter=No
5\t”,\t,\tPUNCT\t,\t_\t4\tpunct\t4:punct\tTranslit=x
5.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t4:conj\t_
6\tJosé\tJosé\tPROPN\tNNP\t_\t4\tnsubj:pass\t4:nsubj:pass|5.1:obl:to\tSpaceAfter=No
7\t.\t.\tPUNCT\t.\t_\t4\tpunct\t4:punct\tSpaceAfter=No

# sent_id = 2
# text = Au lac !
1-2\tAu\t_\t_\t_\t_\t_\t_\t_\t_
1\tà\tà\tADP\t_\t_\t3\tcase\t_\t_
2\tle\tle\tDET\t_\t_\t3\tdet\t_\t_
3\tlac\tlac\tNOUN\t_\t_\t0\troot\t_\t_
4\t!\t!\tPUNCT\t_\t_\t3\tpunct\t_\t_

# newpar
# text = Yes
1\tYes\tyes\tINTJ\t_\t_\t0\troot\t_\tSpacesAfter=\\n
# a comment after words is passed over

# newdoc id = email-2
1\tOne\tone\tNUM\tCD\t_\t_\t_\t_\tSpaceAfter=No
2\tTwo\ttwo\tNUM\tCD\t_\t_\t_\t_\t_

# newdoc id = web-1
# text = not these words
1\tA\ta\tDET\tDT\t_\t0\troot\t_\t_

# newdoc id = web-1
1\tA\t_\tDET\tDT\t_\t0\troot\t_\t_
"""


def told(document, layer):
    own = document.layers[layer]
    return [(own.extents.of_text(document.text, i), own.labels[i]) for i in range(len(own))]


def words(document):
    return [document.words.of_text(document.text, i) for i in range(len(document.words))]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "a-dev.conllu"
    path.write_text(AWKWARD, encoding="utf-8")
    return open_sequences(f"conllu:{path},enhanced=yes")


def test_sentences_are_joined_as_their_spacing_says(data):
    first, second, *_ = data.documents
    assert first.text == "He don't “go”, José.Au lac !\n\nYes"
    assert [first.sentences.of_text(first.text, i) for i in range(3)] == [
        "He don't “go”, José.", "Au lac !", "Yes",
    ]  # fmt: skip
    assert second.text == "OneTwo"
    assert data.splits == ("dev",) * 4


def test_words_of_a_contraction_have_their_own_characters_where_they_are_there(data):
    first = data.documents[0]
    assert words(first)[:4] == ["He", "do", "n't", "“go"]
    # "à" and "le" stand nowhere: both are what "Au" is, and they are one word
    assert words(first)[7:10] == ["Au", "lac", "!"]
    assert told(first, "lemma")[7:9] == [("Au", "à"), ("Au", "le")]
    assert told(first, "word")[2] == ("n't", "n't")
    heads = first.heads.tolist()
    assert heads[:7] == [3, 3, 3, -1, 3, 3, 3]
    assert heads[7:] == [8, -1, 8, -1]  # of what "Au" stands for, "lac"


def test_each_column_is_a_layer(data):
    first = data.documents[0]
    assert told(first, "tag")[:2] == [("He", "PRON"), ("do", "AUX")]
    assert told(first, "xpos")[3] == ("“go", "VB")
    assert told(first, "feat")[:2] == [("He", "Case=Nom"), ("He", "Number=Sing")]
    relations = [label for form, label in told(first, "deprel") if form == "José"]
    assert relations == ["nsubj", "nsubj:pass"]
    relations = [label for form, label in told(first, "edep") if form == "José"]
    assert relations == ["nsubj", "nsubj:pass", "obl", "obl:to"]
    assert told(first, "misc") == [("”,", "Translit=x")]
    assert "edep" not in open_sequences(f"conllu:{data.path}").documents[0].layers


def test_what_was_not_annotated_is_unknown(data):
    assert data.documents[1].heads is None
    assert data.documents[1].unannotated == {"deprel"}
    assert data.documents[3].unannotated == {"lemma"}
    assert data.documents[0].unannotated == frozenset()


def test_what_does_not_agree_is_said(data):
    assert data.dropped == {"empty nodes of enhanced relations": 1}
    assert "1 sentence (the first at line 32) does not hold the forms" in data.notes[0]
    assert data.documents[2].text == "A"
    assert data.sample_ids == ("email-1", "email-2", "web-1", "web-1~2")
    assert "1 id of documents" in data.notes[1]


def test_the_first_part_of_an_id_is_the_genre_unless_one_says_otherwise(data):
    assert [d.labels["genre"] for d in data.documents] == [("email",)] * 2 + [("web",)] * 2
    assert data.annotated_by["genre"].by == "rule"
    none = open_sequences(f"conllu:{data.path},genre=none")
    assert not none.documents[0].labels
    numbers = open_sequences(f"conllu:{data.path},genre=^email-(.)")
    assert [d.labels.get("genre") for d in numbers.documents] == [("1",), ("2",), None, None]
    assert numbers.documents[2].unannotated == {"genre"}
    grouped = open_sequences(f"conllu:{data.path}", group="genre")
    assert grouped.groups == ("email", "email", "web", "web")


def test_an_underscore_may_be_a_word(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text("1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n2\t_\t_\t_\t_\t_\t_\t_\t_\t_\n", "utf-8")
    (document,) = open_sequences(f"conllu:{path}").documents
    assert told(document, "word") == [("a", "a"), ("_", "_")]
    assert told(document, "lemma") == [("_", "_")]


def test_a_file_without_documents_is_one_and_a_folder_is_many(tmp_path):
    token = "1\tYes\tyes\tINTJ\t_\t_\t0\troot\t_\t_\r\n\r\n"
    (tmp_path / "b").mkdir()
    (tmp_path / "a.conllu").write_text(token * 2, encoding="utf-8", newline="")
    (tmp_path / "b" / "c.conllu").write_text("\ufeff" + token, encoding="utf-8", newline="")
    (tmp_path / "notes.txt").write_text("no CoNLL-U", encoding="utf-8")
    data = open_sequences(f"conllu:{tmp_path}")
    assert data.sample_ids == ("a.conllu", "b/c.conllu")
    assert [d.text for d in data.documents] == ["Yes Yes", "Yes"]


TOKEN = "1\tYes\tyes\tINTJ\t_\t_\t0\troot\t_\t_\n"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("1\tYes\tyes\n", "line 1: a token has 10 columns with tabs between them, here are 3"),
        (TOKEN.replace("\t", " "), "line 1: a token has 10 columns"),
        (TOKEN + TOKEN, "line 2: word 1 stands where word 2 should"),
        (TOKEN.replace("1\t", "²\t", 1), "line 1: '²' is no id of a token"),
        (TOKEN.replace("1\t", "1" * 30 + "\t", 1), "is no id of a token"),
        (TOKEN.replace("\tYes", "\t "), "line 1: the token has no form"),
        (TOKEN.replace("\t0\t", "\t2\t"), "line 1: the head '2' is no word of the sentence"),
        (TOKEN.replace("\t0\t", "\t-1\t"), "line 1: the head '-1'"),
        ("2-3" + TOKEN[1:] + TOKEN, "line 1: the contraction 2-3 does not stand before"),
        ("1-2" + TOKEN[1:] + TOKEN, "the contraction 1-2 has words that are not there"),
        (TOKEN.replace("Yes", "_"), "its text is withheld"),
        ("# newdoc\n\n", r"holds no document \(1 time a file without a sentence\)"),
        ("", "holds no document"),
        (TOKEN + "\n" + TOKEN.replace("Yes", "\0"), "line 3: there is a zero byte"),
    ],
)
def test_damage_is_told_with_its_line(tmp_path, lines, says):
    path = tmp_path / "a.conllu"
    path.write_text(lines, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        open_sequences(f"conllu:{path}")


def test_bad_bytes_and_missing_files_are_told(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_bytes(TOKEN.encode() + b"\n\xff\xfe")
    with pytest.raises(DataError, match="line 3: cannot be read as UTF-8"):
        open_sequences(f"conllu:{path}")
    with pytest.raises(DataError, match="there is no file or folder"):
        open_sequences(f"conllu:{tmp_path / 'b'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"has no file that ends in \.conllu"):
        open_sequences(f"conllu:{tmp_path / 'empty'}")
    with pytest.raises(OptionError, match="conllu: has no option 'text'"):
        open_sequences(f"conllu:{path},text=a")


FORM = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=4).filter(
    lambda form: form.strip() and form != "_"
)
SENTENCE = st.lists(st.tuples(FORM, st.booleans()), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(st.lists(SENTENCE, min_size=1, max_size=4), st.booleans())
def test_random_sentences_are_read_back(tmp_path_factory, sentences, with_text):
    lines, forms = [], []
    for sentence in sentences:
        text = "".join(f"{form}{' ' * spaced}" for form, spaced in sentence).rstrip(" ")
        lines += [f"# text = {text}"] if with_text else []
        for number, (form, spaced) in enumerate(sentence, 1):
            misc = "_" if spaced else "SpaceAfter=No"
            lines.append(f"{number}\t{form}\t_\tX\t_\t_\t{number - 1}\tdep\t_\t{misc}")
            forms.append(form)
        lines.append("")
    path = tmp_path_factory.mktemp("conllu") / "a.conllu"
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    (document,) = open_sequences(f"conllu:{path}").documents
    assert words(document) == forms
    said = "".join(f"{form}{' ' * spaced}" for sentence in sentences for form, spaced in sentence)
    assert document.text == (said[:-1] if sentences[-1][-1][1] else said)
    assert document.heads.tolist() == [
        head for n, s in zip(_starts(sentences), sentences, strict=True)
        for head in [-1, *range(n, n + len(s) - 1)]
    ]  # fmt: skip


def _starts(sentences):
    return [sum(map(len, sentences[:i])) for i in range(len(sentences))]


@pytest.mark.skipif(not EWT.is_dir(), reason="needs the real treebank (ANDORNOT_SHARED_DATA)")
def test_a_real_treebank_counts_as_other_code_counts_it():
    path = EWT / "en_ewt-ud-dev.conllu"
    data = open_sequences(f"conllu:{path}")
    lines = path.read_text(encoding="utf-8").split("\n")
    cells = [line.split("\t") for line in lines if line[:1].isdigit()]
    cells = [row for row in cells if row[0].isdigit()]
    found = Counter(label for d in data.documents for label in d.layers["tag"].labels)
    assert found == Counter(row[3] for row in cells)
    found = Counter(label for d in data.documents for label in d.layers["deprel"].labels)
    assert found["nsubj"] == sum(row[7].split(":")[0] == "nsubj" for row in cells)
    assert [word for d in data.documents for word in words(d)] == [row[1] for row in cells]
    texts = [line[9:] for line in lines if line.startswith("# text = ")]
    assert texts == [
        d.sentences.of_text(d.text, i) for d in data.documents for i in range(len(d.sentences))
    ]
    assert not data.notes
