"""CoNLL-U: annotated tokens, from the file to explanations of units at each token."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import andornot
from andornot.data.sentences.conllu import read_conllu
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.pairs import Sentence
from andornot.data.sentences.tokens import token_concepts
from andornot.errors import DataError, OptionError
from andornot.models.sentences import RecordedPairs


def row(number, form, upos, feats="_", deprel="dep"):
    return "\t".join([number, form, form.lower(), upos, "_", feats, "0", deprel, "_", "_"])


FIRST = "\n".join(
    [
        "# sent_id = one",
        "# text = The dogs didn't bark.",
        "# no value",
        row("1", "The", "DET", "Definite=Def|PronType=Art", "det"),
        row("2", "dogs", "NOUN", "Number=Plur", "nsubj"),
        row("3-4", "didn't", "_"),
        row("3", "did", "AUX", "_", "aux:pass"),
        row("4", "n't", "PART", "_", "_"),
        row("4.1", "empty", "X"),
        row("5", "bark", "VERB", "Number=Sing", "root"),
    ]
)
SECOND = "\n".join([row("1", "Yes", "INTJ", "_", "root"), row("2", "!", "PUNCT", "_", "punct")])


def file_of(tmp_path: Path, *sentences: str) -> Path:
    path = tmp_path / "a.conllu"
    path.write_text("\n\n".join(sentences) + "\n\n", encoding="utf-8")
    return path


def test_sentences_come_two_at_a_time(tmp_path: Path) -> None:
    data = read_conllu(file_of(tmp_path, FIRST, SECOND, SECOND))
    assert data.sample_ids == ("one 2",)
    assert data.dropped == {"a last sentence without a second one": 1}
    first, second = data.pairs[0].sentences
    assert first.tokens == ("The", "dogs", "did", "n't", "bark")
    assert first.tags == ("DET", "NOUN", "AUX", "PART", "VERB")
    assert first.text == "The dogs didn't bark."
    assert second.text == "Yes !"
    assert first.marks == (
        ("feat:Definite=Def", "feat:PronType=Art", "deprel:det"),
        ("feat:Number=Plur", "deprel:nsubj"),
        ("deprel:aux", "deprel:aux:pass"),
        (),
        ("feat:Number=Sing", "deprel:root"),
    )


def test_a_file_may_end_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    for end in ("", "\n", "\n\n", "\n\n\n# a comment"):
        path.write_text(f"{FIRST}\n\n\n{SECOND}{end}")
        assert len(read_conllu(path)) == 1
    path.write_text(f"{FIRST}\n\n{SECOND}".replace("\n", "\r\n"), newline="")
    assert read_conllu(path).pairs[0].hypothesis.tokens == ("Yes", "!")


def test_without_tags(tmp_path: Path) -> None:
    plain = row("1", "Yes", "_", "_", "_")
    data = open_pairs(f"pairs:{file_of(tmp_path, plain, plain)}", tagger=None)
    assert not data.has_tags
    assert data.pairs[0].premise.marks == ((),)


def test_what_can_be_wrong(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 2: a token has 10 columns .* here are 3"):
        read_conllu(file_of(tmp_path, row("1", "a", "X") + "\n2\tb\tc"))
    with pytest.raises(DataError, match="holds no sentence pair that can be used"):
        read_conllu(file_of(tmp_path, FIRST))
    with pytest.raises(OptionError, match="a file for which labels has no use"):
        open_pairs(f"pairs:{file_of(tmp_path, FIRST, SECOND)},labels=x.csv")
    with pytest.raises(DataError, match="2 tokens and marks for 1"):
        Sentence(("a", "b"), marks=(("x",),))


def test_a_token_without_a_form_is_told_as_such(tmp_path):
    path = tmp_path / "a.conllu"
    path.write_text("1\t\ta\tX\tX\t_\t0\troot\t_\t_\n\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line 1: the token has no form"):
        read_conllu(path)


def test_concepts_of_tokens(tmp_path: Path) -> None:
    data = open_pairs(f"pairs:{file_of(tmp_path, FIRST, SECOND)}")
    table = token_concepts(data)
    assert table.categories[table.index("deprel:nsubj")] == ("deprel",)
    assert table.categories[table.index("feat:Number=Plur")] == ("feat",)

    def holds(formula: str) -> list[int]:
        assert table.positions is not None
        return np.flatnonzero(table.mask(formula)[table.positions.sample(0)[0]]).tolist()

    assert holds("deprel:det") == [0]
    assert holds("deprel:aux") == holds("deprel:aux:pass") == [2]
    assert holds("deprel:root") == [4, 5]
    assert holds("feat:Number=Plur OR feat:Number=Sing") == [1, 4]
    assert holds("tag:NOUN") == [1]
    assert holds("feat:Definite=Def AND feat:PronType=Art AND word:the") == [0]


def test_the_fingerprint_follows_the_marks(tmp_path: Path) -> None:
    keys = set()
    for text in (FIRST, FIRST.replace("Plur", "Dual"), FIRST.replace("nsubj", "obj")):
        keys.add(read_conllu(file_of(tmp_path, text, SECOND)).fingerprint())
    assert len(keys) == 3


class Letters:
    """A model whose one unit of tokens fires on words that begin with d."""

    layers = ()
    token_layers = ("letters",)
    class_names = ("yes", "no")
    fingerprint = "letters"

    def record(self, pairs, layers):
        return RecordedPairs({}, np.zeros((len(pairs), 2), np.float32))

    def record_tokens(self, pairs, layers):
        tokens = [(*p.premise.tokens, *p.hypothesis.tokens) for p in pairs]
        values = [np.array([[t[0] == "d"] for t in several], np.float32) for several in tokens]
        return dict.fromkeys(layers, values)


def test_from_the_file_to_explanations(tmp_path: Path) -> None:
    sentences = [FIRST, SECOND] * 4
    data = open_pairs(f"pairs:{file_of(tmp_path, *sentences)}")
    run = andornot.dissect(Letters(), "letters", data, tmp_path / "run", length=2)
    best = run.result("letters")[0]
    assert best.iou == 1.0
    assert run.concepts.mask(best.formula).sum() == 2  # dogs and did
    alone = run.score(0, "deprel:nsubj OR deprel:aux:pass")
    assert alone[0].iou == 1.0
