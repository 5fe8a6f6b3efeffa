"""Python source: labels sit on the characters that they speak of, and no code is run."""

from __future__ import annotations

import ast
import inspect
import keyword

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andornot.data.sequences import python_lines, python_source
from andornot.data.sequences.open import open_sequences
from andornot.data.sequences.python_source import document_of
from andornot.errors import DataError

SOURCE = '''\
"""Module é."""
import os, sys as system

@cached(1)
def f(größe: int = len("é"), *rest, key=None):
    "What f does."
    if größe > 1: ä = [i for i in range(3)]  # ü comment
    list = sorted(rest, key=key)
    return print("\u2028", ä), list

class A(Base):
    def g(self):
        try: raise self[0]
        except OSError: return {"a": 1}
'''


def told(document, layer):
    own = document.layers[layer]
    return [(own.labels[i], own.extents.of_text(document.text, i)) for i in range(len(own))]


@pytest.fixture(params=["\n", "\r\n", "\r"])
def document(request):
    return document_of("a.py", SOURCE.replace("\n", request.param))


def test_nodes_lie_on_their_characters(document):
    nodes = told(document, "node")
    assert ("Name", "größe") in nodes
    assert ("arg", "größe: int") in nodes
    assert ("Call", 'len("é")') in nodes
    assert ("ListComp", "[i for i in range(3)]") in nodes
    assert ("Constant", '"\u2028"') in nodes
    (f,) = [text for label, text in nodes if label == "FunctionDef" and text.startswith("def f")]
    assert f.endswith('return print("\u2028", ä), list')


def test_roles_say_what_a_part_is_to_the_whole(document):
    roles = told(document, "role")
    for role, text in [
        ("decorator", "cached(1)"), ("annotation", "int"), ("default", 'len("é")'),
        ("default", "None"), ("called", "len"), ("argument", '"é"'), ("argument", "key=key"),
        ("condition", "größe > 1"), ("target", "ä"), ("loop variable", "i"),
        ("iterated", "range(3)"), ("base", "Base"), ("index", "0"), ("raised", "self[0]"),
        ("caught", "OSError"), ("key", '"a"'), ("value", "1"),
    ]:  # fmt: skip
        assert (role, text) in roles


def test_scopes_are_functions_classes_docstrings_and_the_rest(document):
    scopes = told(document, "scope")
    assert [text[:10] for label, text in scopes if label == "function"] == [
        "@cached(1)", "def g(self",
    ]  # fmt: skip
    docs = [text for label, text in scopes if label == "docstring"]
    assert docs == ['"""Module é."""', '"What f does."']
    outside = "".join(text for label, text in scopes if label == "module")
    assert "import os" in outside
    assert "def" not in outside
    assert "class" not in outside


def test_a_name_that_the_file_binds_is_no_builtin(document):
    names = {label for label, _ in told(document, "builtin")}
    assert names == {"int", "len", "range", "sorted", "print", "OSError"}


def test_tokens_names_and_keywords(document):
    types = told(document, "type")
    assert ("COMMENT", "# ü comment") in types
    assert ("OP", "=") in types
    assert ("STRING", '"\u2028"') in types
    assert all(label == text for label, text in told(document, "name") + told(document, "keyword"))
    assert ("class", "class") in told(document, "keyword")
    assert {text for label, text in types if label == "NEWLINE"} == {
        document.text[len('"""Module é."""') :][: 1 + ("\r\n" in document.text)]
    }


def test_words_are_tokens_and_sentences_are_statements(document):
    words = [document.words.of_text(document.text, i) for i in range(len(document.words))]
    assert words[:5] == ['"""Module é."""', "import", "os", ",", "sys"]
    first = [document.sentences.of_text(document.text, i) for i in range(3)]
    assert first == ['"""Module é."""', "import os, sys as system", "@cached(1)"]


@pytest.mark.parametrize(
    "text",
    ["print 'old'\nx = 1\n", "def f(:\n", "(" * 300 + ")" * 300, "x = '''open\n", "\tx\n  y\n z\n"],
)
def test_what_does_not_parse_keeps_what_can_be_had(tmp_path, text):
    path = tmp_path / "a.py"
    path.write_text(text, encoding="utf-8")
    data = open_sequences(f"code:{path}")
    (document,) = data.documents
    assert document.unannotated >= {"node", "role", "scope", "builtin"}
    assert not document.layers.keys() & {"node", "role", "scope", "builtin"}
    assert "1 file (such as 'a.py') can be read only in part" in data.notes[0]


def test_deep_nesting_is_no_obstacle():
    assert "node" in document_of("a", "x = " + "-" * 60 + "1\n").layers
    deep = "+".join(["1"] * 20_000)  # a tree of that depth
    assert document_of("a", deep).words is not None
    assert document_of("a", "-" * 50_000 + "1").text


def test_a_folder_is_read_without_what_is_no_python(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")
    (tmp_path / "c.py").write_bytes(b"\xef\xbb\xbfx = 1\x0c\ny = 2\n")
    (tmp_path / "d.py").write_bytes(b"# coding: no-such\n")
    (tmp_path / "e.py").write_bytes(b"x = '\xff'\n")
    (tmp_path / "f.py").write_bytes(b"x = '\0'\n")
    (tmp_path / "g.py").write_bytes(b"\n")
    (tmp_path / "h.py").write_text("raise SystemExit('it was run')\n", encoding="utf-8")
    data = open_sequences(f"code:{tmp_path}")
    assert data.sample_ids == ("c.py", "h.py", "a/b.py")
    by_id = dict(zip(data.sample_ids, data.documents, strict=True))
    assert ("Constant", "'é'") in told(by_id["a/b.py"], "node")
    assert told(by_id["c.py"], "name") == [("x", "x"), ("y", "y")]  # a form feed is a space
    assert data.dropped == {"a file with text that Python does not read": 3, "an empty text": 1}
    assert data.annotated_by["node"].by == "rule"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"x = 1\nx = '\xff'\n", "cannot be read as Python text"),
        (b"# coding: no-such\n", "cannot be read as Python text .unknown encoding"),
        (b"x\n\0", "line 2: there is a zero byte"),
    ],
)
def test_a_damaged_file_that_is_named_is_told(tmp_path, data, says):
    (tmp_path / "a.py").write_bytes(data)
    with pytest.raises(DataError, match=says):
        open_sequences(f"code:{tmp_path / 'a.py'}")


def test_a_file_that_is_too_large_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(python_source, "LARGEST", 10)
    (tmp_path / "a.py").write_text("x = 1\n" * 3, encoding="utf-8")
    with pytest.raises(DataError, match="more than 10 characters"):
        open_sequences(f"code:{tmp_path / 'a.py'}")


@pytest.mark.parametrize("module", [keyword, python_lines])
def test_nodes_of_real_code_are_what_ast_itself_cuts_out(module):
    text = inspect.getsource(module)
    document = document_of("a", text)
    naive = [
        (type(node).__name__, ast.get_source_segment(text, node))
        for node in ast.walk(ast.parse(text))
        if hasattr(node, "lineno")
    ]
    assert sorted(told(document, "node")) == sorted(naive)
    names = [label for label, _ in told(document, "name")]
    assert names == [text for _, text in told(document, "name")]


LINE = st.text(st.sampled_from("aé\U0001f600\u2028 \t"), max_size=5)


@settings(deadline=None)
@given(st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n", "\r"])), min_size=1, max_size=5))
def test_columns_of_bytes_and_characters_meet(lines):
    text = "".join(line + end for line, end in lines)
    found = python_lines.Lines(text)
    begin = 0
    for number, (line, end) in enumerate(lines, 1):
        for column in range(len(line) + 1):
            assert found.at(number, column) == begin + column
            assert found.at_byte(number, len(line[:column].encode())) == begin + column
        begin += len(line + end)
        # "\r" and an empty line that ends with "\n" would be one end
        if text[begin - 1 : begin + 1] == "\r\n":
            return
        assert found.end_of(number) == begin
