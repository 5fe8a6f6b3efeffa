"""Tags from spaCy, by real pipelines that are made on the spot; and what is said without."""

from __future__ import annotations

import sys
import warnings

import pytest

from andornot.data.sentences.concepts import pair_concepts
from andornot.data.sentences.open import open_pairs
from andornot.data.sentences.pairs import Pair, PairData, Sentence
from andornot.data.sentences.tagging import with_tags
from andornot.errors import OptionError
from insides import install

TAGS = {"a": "DT", "dog": "NN", "cats": "NNS", "run": "VBP", ".": "."}


@pytest.fixture(scope="session")
def spacy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its own packages have to say to each other
        return pytest.importorskip("spacy", reason="spaCy is not installed")


@pytest.fixture(scope="session")
def ruled(spacy, tmp_path_factory):
    """A pipeline on disk that tags a few words by rules."""
    path = tmp_path_factory.mktemp("spacy") / "ruled"
    pipeline = spacy.blank("en")
    rules = pipeline.add_pipe("attribute_ruler")
    for word, tag in TAGS.items():
        rules.add([[{"LOWER": word}]], {"TAG": tag})
    pipeline.to_disk(path)
    return str(path)


def data_of(tmp_path, *sentences):
    pairs = zip(sentences[::2], sentences[1::2], strict=True)
    return PairData(tmp_path, "pairs", tuple(Pair(str(i), *pair) for i, pair in enumerate(pairs)))


def test_sentences_without_tags_get_them(ruled, tmp_path):
    tagged = Sentence(("dog",), ("MINE",))
    data = data_of(tmp_path, Sentence(("A", "dog", ".")), tagged, tagged, Sentence(("Cats", "run")))
    found = with_tags(data, ruled)
    assert [s.tags for s in found.sentences()] == [
        ("DT", "NN", "."), ("MINE",), ("MINE",), ("NNS", "VBP"),
    ]  # fmt: skip
    assert [s.tokens for s in found.sentences()] == [s.tokens for s in data.sentences()]
    assert found.notes == (
        f"2 of 4 sentences have no part-of-speech tags; spaCy's {ruled} tagged them",
    )


def test_from_a_file_to_tag_concepts(ruled, tmp_path):
    """Our tokens are kept, also where spaCy would cut them otherwise."""
    path = tmp_path / "x.csv"
    path.write_text("premise,hypothesis,label\nA dog run.,Cats run.,neutral\n")
    data = open_pairs(f"pairs:{path},tagger={ruled}")
    assert data.pairs[0].premise == Sentence(
        ("A", "dog", "run", "."), ("DT", "NN", "VBP", "."), "A dog run."
    )
    assert {"pre:DT", "hyp:NNS", "hyp:tag:."} <= set(pair_concepts(data).names)
    assert open_pairs(**data.source).fingerprint() == data.fingerprint()


def test_data_with_tags_need_no_tagger(tmp_path):
    data = data_of(tmp_path, *[Sentence(("dog",), ("NN",))] * 2)
    assert with_tags(data, "no such model") is data


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("blank", "left 3 tokens without a tag; name one with a tagger"),
        (
            "absent",
            "spaCy has no model .*absent'; python -m spacy download en_core_web_sm gets one",
        ),
        ("damaged", r"cannot be loaded \(.*\); name another"),
    ],
)
def test_a_named_model_that_cannot_tag_is_an_error(spacy, model, message, tmp_path):
    path = tmp_path / model
    if model != "absent":
        spacy.blank("en").to_disk(path)
    if model == "damaged":
        (path / "config.cfg").write_text('[nlp]\nlang = "en"\npipeline = ["nonsense"]\n')
    data = data_of(tmp_path, Sentence(("a", "dog")), Sentence(("dog",)))
    with pytest.raises(OptionError, match=message) as raised:
        with_tags(data, str(path))
    assert str(raised.value).startswith("2 of 2 sentences have no part-of-speech tags, and ")


def test_without_the_default_model_there_is_a_note(spacy, tmp_path, monkeypatch):
    def absent(name, exclude):
        raise OSError("no such model")

    monkeypatch.setattr(spacy, "load", absent)
    data = with_tags(data_of(tmp_path, Sentence(("dog",)), Sentence(("dog",))))
    assert not data.has_tags
    assert data.notes == (
        "2 of 2 sentences have no part-of-speech tags, so there are no tag concepts: spaCy has no "
        "model 'en_core_web_sm'; python -m spacy download en_core_web_sm gets one, or name a "
        "directory",
    )
    assert not [c for c in pair_concepts(data).categories if "tag" in c]


def test_without_spacy_there_is_a_note_unless_it_was_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    data = data_of(tmp_path, Sentence(("dog",)), Sentence(("dog",)))
    (note,) = with_tags(data).notes
    assert f"spaCy is not installed; {install('nlp')}" in note
    with pytest.raises(OptionError, match="spaCy is not installed"):
        with_tags(data, "en_core_web_lg")
    (note,) = with_tags(data, None).notes
    assert note == "2 of 2 sentences have no part-of-speech tags, so there are no tag concepts"
