"""Word vectors from text files, and nearest words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot.data.sentences.vectors import Vectors, nearest, read_glove
from andornot.errors import DataError, OptionError


def written(path, content):
    path.write_bytes(content.encode())
    return path


def vectors_of(rows, tmp="x"):
    return Vectors(tuple(f"w{i}" for i in range(len(rows))), np.array(rows, np.float32), tmp)


def slow_nearest(rows, k):
    """By the definition: sorted by cosine, ties by order; a word without direction has none."""
    rows = [np.array(row, float) for row in rows]
    live = [i for i, row in enumerate(rows) if row.any()]

    def cosine(i, j):
        return round(
            float(rows[i] @ rows[j] / np.linalg.norm(rows[i]) / np.linalg.norm(rows[j])), 12
        )

    return {
        f"w{i}": tuple(
            f"w{j}" for j in sorted((j for j in live if j != i), key=lambda j: -cosine(i, j))[:k]
        )
        for i in live
    }


def test_the_real_file(shared_data):
    path = shared_data / "nli" / "glove.twitter.25d.12k.txt"
    vectors = read_glove(path)
    assert vectors.matrix.shape == (11_925, 25)
    lines = path.read_text(encoding="utf-8").split("\n")
    for row in (0, 17, 11_924):
        word, *numbers = lines[row].split(" ")
        assert vectors.words[row] == word
        assert (vectors.matrix[row] == np.array(numbers, float).astype(np.float32)).all()
    few = read_glove(path, ["woman", "nowhere-at-all", "the"])
    assert few.words == ("the", "woman")
    assert (few.matrix[1] == vectors.matrix[vectors.index["woman"]]).all()


def test_real_neighbours_are_those_of_a_full_sort(shared_data):
    words = ["dog", "cat", "man", "woman", "boy", "girl", "red", "blue", "green", "eating", "the"]
    vectors = read_glove(shared_data / "nli" / "glove.twitter.25d.12k.txt", words)
    found = nearest(words, vectors, k=3)
    for word in vectors.words:
        v = vectors.matrix[vectors.index[word]].astype(float)
        cosine = {
            w: float(v @ u / np.linalg.norm(v) / np.linalg.norm(u))
            for w, u in zip(vectors.words, vectors.matrix.astype(float), strict=True)
            if w != word
        }
        assert found[word] == tuple(sorted(cosine, key=lambda w: -cosine[w])[:3])
    assert "boy" in found["girl"]


@given(
    st.lists(st.lists(st.integers(-2, 2), min_size=2, max_size=2), min_size=1, max_size=12),
    st.integers(1, 5),
)
def test_nearest_is_exact_and_ties_go_by_order(rows, k):
    words = [f"w{i}" for i in range(len(rows))]
    assert nearest(words, vectors_of(rows), k) == slow_nearest(rows, k)


def test_equal_vectors_are_equally_near_wherever_they_stand():
    """More words than fit into one block of the product, all but one the same."""
    rng = np.random.default_rng(0)
    rows = np.tile(rng.normal(size=7), (1200, 1))
    rows[600] = rng.normal(size=7)
    words = [f"w{i}" for i in range(1200)]
    found = nearest(words, vectors_of(rows), 3)
    assert found["w1199"] == found["w600"] == ("w0", "w1", "w2")
    assert found["w1"] == ("w0", "w2", "w3")


def test_words_without_a_vector_have_no_neighbours_and_are_nobodys():
    found = nearest(["w1", "gap", "w0"], vectors_of([[1, 0], [1, 1], [0, 0]]), 5)
    assert found == {"w1": ("w0",), "w0": ("w1",)}
    assert nearest(["gap"], vectors_of([[1, 0]])) == {}
    with pytest.raises(OptionError, match="must be at least 1"):
        nearest(["w0"], vectors_of([[1, 0]]), 0)


def test_very_small_and_very_large_vectors_keep_their_direction():
    found = nearest(["w0", "w1", "w2"], vectors_of([[1e-38, 0], [3e38, 1e37], [0, 1]]), 1)
    assert found["w0"] == ("w1",)


def test_words_with_blanks_are_split_from_the_right(tmp_path):
    path = written(tmp_path / "v.txt", "a 1 2\n. . . 3 4\n\u2028 5 6\r\na 7 8\n")
    vectors = read_glove(path)
    assert vectors.words == ("a", ". . .", "\u2028")
    assert vectors.matrix.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert read_glove(path, [". . ."]).matrix.tolist() == [[3, 4]]
    assert read_glove(path, [".", "2"]).matrix.shape == (0, 2)


def test_numbers_of_words_that_are_not_wanted_are_not_read(tmp_path):
    path = written(tmp_path / "v.txt", "a 1 2\nb x y\nc 3 4\n")
    assert read_glove(path, ["c"]).matrix.tolist() == [[3, 4]]


def test_the_first_line_of_word2vec_is_passed_over(tmp_path):
    vectors = read_glove(written(tmp_path / "v.txt", "2 3\na 1 2 3\nb 4 5 6\n"))
    assert (vectors.words, vectors.dimension) == (("a", "b"), 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a 1 2\nb 3\n", "line 2: expected a word and 2 numbers after it, found 1"),
        ("PK\x03\n\x01\n", "found 0; it looks like no kind of file that we know; give plain text"),
        ("a 1 2\n\nb 3 4\n", "line 2: expected a word and 2 numbers"),
        ("a\nb 1\n", "line 1: expected a word and 1 numbers after it, found 0"),
        ("a 1 2\nb 3 x\n", "line 2: could not convert string to float: b'x'"),
        ("a 1 nan\n", "line 1: a number is not finite"),
        ("a 1 1e99\n", "line 1: a number is not finite"),
        ("", "holds no word vectors"),
        ("1 2\n", "holds no word vectors"),
    ],
)
def test_damaged_files_are_named(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read_glove(written(tmp_path / "v.txt", content))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_glove(tmp_path / "nowhere.txt")
    (tmp_path / "v.txt").write_bytes(b"a 1\n\xff 2\n")
    with pytest.raises(DataError, match="line 2: the word is not UTF-8"):
        read_glove(tmp_path / "v.txt")
    assert read_glove(tmp_path / "v.txt", ["a"]).words == ("a",)
