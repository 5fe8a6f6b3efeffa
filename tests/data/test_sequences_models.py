"""Concepts by what the user has installed: spaCy pipelines, WordNet's files."""

import sys
from functools import partial

import pytest

from andornot.data.sequences.document import Document, Extents, Spans
from andornot.data.sequences.labels.registry import sources_of
from andornot.data.sequences.labels.wordnet import WordNet
from andornot.data.sequences.options import ConceptOptions
from andornot.data.sequences.table import build_token_table
from andornot.data.sequences.view import DocumentView
from andornot.errors import DataError, OptionError
from sequence_cases import data_of

# in the form of WordNet 3.0's files: a licence, then a line for each lemma, or for each meaning
LICENCE = "  1 This is the licence, indented.\n"
SYNSETS: dict[str, list[tuple]] = {
    "noun": [
        ("03", ["entity"], [], "that which is"),
        ("05", ["animal", "beast"], ["entity"], "it moves"),
        ("05", ["dog", "domestic_dog"], ["animal"], "it barks"),
        ("18", ["chap", "dog"], ["entity"], "a man"),
        ("05", ["goose"], ["animal"], "a bird"),
    ],
    "verb": [("38", ["go", "run"], [], "to move"), ("38", ["dog"], ["go"], "to follow")],
    "adj": [("00", ["slow"], [], "not fast")],
    "adv": [],
}


@pytest.fixture
def wordnet(tmp_path):
    for sort, synsets in SYNSETS.items():
        letter = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}[sort]
        at, places, lines = len(LICENCE), {}, []
        for group, words, above, gloss in synsets:
            pointers = "".join(f" @ {places[name]:08d} {letter} 0000" for name in above)
            own = "".join(f" {word} 0" for word in words)
            line = f"{at:08d} {group} {letter} {len(words):02x}{own} {len(above):03d}{pointers}"
            lines.append(f"{line} | {gloss}\n")
            for word in words:
                places.setdefault(word, at)
            at += len(lines[-1])
        (tmp_path / f"data.{sort}").write_text(LICENCE + "".join(lines))
        senses = {}
        for line, (_, words, _, _) in zip(lines, synsets, strict=True):
            for word in words:
                senses.setdefault(word, []).append(line[:8])
        index = "".join(
            f"{word} {letter} {len(own)} 1 @ {len(own)} 0 {' '.join(own)}\n"
            for word, own in sorted(senses.items())
        )
        (tmp_path / f"index.{sort}").write_text(LICENCE + index)
    (tmp_path / "noun.exc").write_text("geese goose\n")
    return tmp_path


def test_classes_of_words(wordnet):
    found = WordNet(wordnet).labels
    dog = ("noun.animal", "dog.n.01", "animal.n.01", "entity.n.01")
    assert found("dog", "n", 3) == dog
    assert found("dogs", "n", 1) == dog[:3]
    assert found("dog", "nv", 0) == ("noun.animal", "dog.n.01", "verb.motion", "dog.v.01")
    assert found("geese", "n", 0) == ("noun.animal", "goose.n.01")
    assert found("running", "v", 0) == ()  # doubled letters are in verb.exc alone
    assert found("slower", "a", 3) == ("adj.all", "slow.a.01")
    assert found("chap", "n", 0) == ("noun.person", "chap.n.01")
    assert found("xyz", "nvar", 3) == ()


def test_classes_as_concepts_go_by_the_tags_and_lemmas(wordnet, tmp_path):
    text = "Dogs dog geese ."
    layers = {
        "tag": Spans.of([(0, 4, "NOUN"), (5, 8, "VERB"), (9, 14, "X")]),
        "lemma": Spans.of([(0, 4, "dog")]),
    }
    options = ConceptOptions(own=(), wordnet=wordnet, hypernyms=0, min_support=(1, 1))
    for own, expected in (
        (layers, ["noun.animal", "dog.n.01", "verb.motion", "dog.v.01"]),
        ({}, ["noun.animal", "dog.n.01", "dog.v.01", "goose.n.01", "verb.motion"]),
    ):
        document = Document("1", text, own)
        table = build_token_table(
            data_of(document),
            partial(DocumentView.of, document=document),
            tmp_path / "t",
            options=options,
        )
        names = {name for name in table.names if name.startswith("wordnet")}
        assert names == {f"wordnet:{label}" for label in expected}


@pytest.mark.parametrize("damage", ["index.noun", "data.noun", None])
def test_what_is_no_wordnet(wordnet, damage):
    if damage is None:
        (wordnet / "index.verb").unlink()
    else:
        (wordnet / damage).write_text("dog or cat, who knows\n" * 20)
    with pytest.raises(DataError, match=damage or "index.verb"):
        WordNet(wordnet).labels("dog", "n", 0)


def test_spacy_by_a_pipeline_of_rules(tmp_path):
    spacy = pytest.importorskip("spacy")
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "GPE", "pattern": "New York"}])
    tagger = pipeline.add_pipe("attribute_ruler")
    tagger.add([[{"LOWER": "the"}]], {"TAG": "DT", "POS": "DET"})
    pipeline.to_disk(tmp_path / "model")
    text = "the\n New York sea"
    options = ConceptOptions(own=(), spacy=str(tmp_path / "model"), min_support=(1, 1))
    view = DocumentView.of(0, Document("1", text))
    found = [set() for _ in range(len(view))]
    for source in sources_of(data_of(view.document), options):
        assert source.provenance.by == "network"
        assert "version" not in source.key()
        for place, label in zip(*source.found(view), strict=True):
            found[place].add(f"{source.category}:{label}")
    entity = {"spacy-entity:GPE"}
    assert found == [{"spacy-tag:DET", "spacy-xpos:DT"}, entity, entity, set()]


def test_spacy_says_relations_and_chunks(tmp_path):
    spacy = pytest.importorskip("spacy")
    from spacy.language import Language
    from spacy.tokens import Doc

    from andornot.data.sequences.labels.parsed import Parsed, Pipeline

    @Language.component("drawn_parser")
    def parse(doc):
        if not len(doc):
            return doc
        return Doc(
            doc.vocab, [t.text for t in doc], [bool(t.whitespace_) for t in doc],
            heads=[1, 2, 2][: len(doc)], deps=["det", "nsubj", "ROOT"][: len(doc)],
            pos=["DET", "NOUN", "VERB"][: len(doc)],
        )  # fmt: skip

    pipeline = spacy.blank("en")
    pipeline.add_pipe("drawn_parser")
    view = DocumentView.of(0, Document("1", "the sea rises"), Extents.of([(0, 3), (3, 13)]))
    own = Pipeline("drawn", pipeline)
    found = {}
    for category in ("spacy-deprel", "spacy-chunk"):
        places, labels = Parsed(category, None, None, pipeline=own).found(view)
        found[category] = sorted(zip(places.tolist(), labels, strict=True))
    assert found == {
        "spacy-deprel": [(0, "det"), (1, "ROOT"), (1, "nsubj")],
        "spacy-chunk": [(0, "noun"), (1, "noun")],
    }


def test_a_spacy_model_that_is_not_there():
    pytest.importorskip("spacy")
    with pytest.raises(OptionError, match="spaCy has no model 'no_such'"):
        sources_of(data_of(Document("1", "a")), ConceptOptions(spacy="no_such"))


@pytest.mark.parametrize(
    ("package", "options", "says"),
    [
        ("spacy", {"spacy": "en"}, "spaCy is not installed"),
        ("regex", {"regexes": {"a": "a"}}, "need the package regex; pip install"),
    ],
)
def test_what_is_not_installed(monkeypatch, package, options, says):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OptionError, match=says):
        sources_of(data_of(Document("1", "a")), ConceptOptions(**options))
