"""Models of sequences: windows, the rows that count, and what a wrong model is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot.data.sequences.document import Extents
from andornot.errors import ModelError, OptionError
from andornot.models.sequences.load import checked, load_sequence_model
from andornot.models.sequences.protocol import Tokens
from andornot.models.sequences.read import read_document, recorded
from andornot.models.sequences.windows import windows_of
from token_cases import Pieces, Signs


class Context:
    """Gives at each token how many tokens it sees to its left, and its own number."""

    layers, fingerprint, skip_first = ("seen",), "context", False

    def __init__(self, context, prefix=()):
        self.context, self.prefix = context, prefix

    def tokenize(self, text):
        return Tokens.of([(i, i, i + 1, sign) for i, sign in enumerate(text)])

    def record(self, windows, layers):
        assert all(len(ids) <= self.context for ids in windows)
        rows = [np.stack([np.arange(len(ids)), ids], axis=1) for ids in windows]
        return dict.fromkeys(layers, np.concatenate(rows))


@given(st.integers(0, 60), st.integers(1, 12), st.data())
def test_each_token_counts_once_with_its_left_context(n, room, data):
    overlap = data.draw(st.integers(0, room - 1))
    counted = []
    for window in windows_of(n, room, overlap):
        assert window.stop - window.first <= room
        for token in range(window.counted, window.stop):
            counted.append(token)
            assert token - window.first >= min(overlap, token)
    assert counted == list(range(n))


@given(st.integers(1, 50), st.integers(2, 12), st.integers(0, 2), st.integers(1, 4), st.data())
def test_rows_are_those_of_counted_tokens(n, room, n_prefix, at_once, data):
    overlap = data.draw(st.integers(0, room - 1))
    model = Context(room + n_prefix, tuple(range(100, 100 + n_prefix)))
    documents = [read_document(model, "x" * size, "d", overlap) for size in (n, 1, n + 3)]
    rows = recorded(model, documents, model.layers, at_once)["seen"]
    assert rows[:, 1].tolist() == [*range(n), 0, *range(n + 3)]
    places = np.concatenate([document.in_window for document in documents])
    assert rows[:, 0].tolist() == (places + n_prefix).tolist()


def test_no_window_looks_across_a_sentence():
    text = "abc.de. f"
    sentences = Extents.of([(0, 4), (4, 7), (8, 9)])
    model = Context(3)
    found = read_document(model, text, "d", 1, sentences)
    # the blank lies in no sentence, and belongs to the one before
    begins = [window.first for window in found.windows if window.first == window.counted]
    assert begins == [0, 4, 8]
    assert all(found.in_window[begin] == 0 for begin in begins)
    assert found.in_window.tolist() == [0, 1, 2, 1, 0, 1, 2, 1, 0]


def test_the_first_token_is_left_out_where_there_is_no_prefix():
    model = Context(4)
    model.skip_first = True
    found = read_document(model, "abcdefgh", "d", 0)
    assert found.counted.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found.skipped == 1
    assert (found.in_window > 0).all()  # a later window begins with a token that counted before
    del model.skip_first
    assert read_document(model, "abcdefgh", "d").skipped == 0  # the class says it
    assert read_document(Signs(), "abc", "d").skipped == 0  # a prefix takes that part


def test_tokens_without_characters_are_read_and_do_not_count():
    class Ends(Context):
        def tokenize(self, text):
            own = [(i, i, i + 1, sign) for i, sign in enumerate(text)]
            return Tokens.of([(50, 0, 0, "<s>"), *own, (51, 0, 0, "</s>")])

    model = Ends(20)
    found = read_document(model, "abc", "d")
    rows = recorded(model, [found], model.layers, 4)["seen"]
    assert rows.tolist() == [[1, 0], [2, 1], [3, 2]]


@pytest.mark.parametrize("text", ["", " ", "\t\n", "a😀b", "e\u0301海", "👩‍👩‍👧"])
def test_pieces_of_a_sign_share_its_characters(text):
    found = read_document(Signs(), text, "d")
    assert len(found.counted) == len(text.encode())
    spelt = [found.tokens.extents.of_text(text, i) for i in range(len(found.tokens))]
    assert spelt == [sign for sign in text for _ in sign.encode()]


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([(1, 0, 9, "a")], "must lie in"),
        ([(1, 2, 3, "a"), (1, 0, 1, "b")], "never go back"),
        ([(1, 2, 1, "a")], "never go back"),
        ([(1, -1, 1, "a")], "must lie in"),
    ],
)
def test_stretches_that_cannot_be_are_told(tokens, message):
    class Wrong(Context):
        def tokenize(self, text):
            return Tokens.of(tokens)

    with pytest.raises(ModelError, match=message):
        read_document(Wrong(4), "abc", "d")


def test_a_tokenizer_that_gives_too_few_names_is_told():
    class Wrong(Context):
        def tokenize(self, text):
            return Tokens(np.arange(2), Extents.of([(0, 1), (1, 2)]), ("a",))

    with pytest.raises(ModelError, match="one of each"):
        read_document(Wrong(4), "abc", "d")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "gave nothing of the layer"),
        ({"seen": np.zeros((2, 1))}, "a row for each token number"),
        ({"seen": np.zeros(3)}, "a row for each token number"),
        ({"seen": np.zeros((3, 0))}, "a row for each token number"),
    ],
)
def test_activations_of_another_shape_are_told(given, message):
    class Wrong(Context):
        def record(self, windows, layers):
            return given

    model = Wrong(4)
    with pytest.raises(ModelError, match=message):
        recorded(model, [read_document(model, "abc", "d")], ["seen"], 1)


def test_an_overlap_must_fit():
    with pytest.raises(OptionError, match="cannot have 4 in common"):
        read_document(Context(4), "abcdef", "d", 4)


def test_what_is_no_model_is_told_what_it_lacks(tmp_path):
    with pytest.raises(ModelError, match="lacks layers, fingerprint, context, tokenize, record"):
        checked(object())
    assert checked(model := Pieces()) is model
    with pytest.raises(ModelError, match="names no model of sequences"):
        load_sequence_model("gpt2")
    file = tmp_path / "own.py"
    file.write_text("from token_cases import Pieces\nmodel = Pieces\n")
    assert load_sequence_model(f"{file}:model").fingerprint == "pieces 1"
