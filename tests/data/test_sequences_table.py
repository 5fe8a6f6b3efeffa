"""The concept table of running text, against dense masks that a naive reading of the text makes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot._tools.progress import show_progress
from andornot.concepts.table import ConceptTable
from andornot.data import Provenance
from andornot.data.sequences.data import SequenceData
from andornot.data.sequences.document import Document, Extents, Spans
from andornot.data.sequences.options import ConceptOptions
from andornot.data.sequences.table import build_token_table
from andornot.data.sequences.view import DocumentView
from andornot.errors import DataError, OptionError
from andornot.formula import Concept
from sequence_cases import positions_of

NO_OWN = ConceptOptions(own=(), min_support=(1, 1))


def data_of(*documents: Document, **more) -> SequenceData:
    return SequenceData(Path("drawn"), "drawn", documents, **more)


def view_in(data, positions=None):
    """Views at given positions, or at words."""

    def view(i: int) -> DocumentView:
        own = None if positions is None else Extents.of(positions[i])
        return DocumentView.of(i, data.documents[i], own)

    return view


@st.composite
def _spans(draw, text: str) -> Spans:
    n = draw(st.integers(0, 6))
    found = []
    for _ in range(n if text else 0):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        found.append((start, end, draw(st.sampled_from(["A", "B", "b:c", "é", "e\u0301", "x\ny"]))))
    return Spans.of(found)


@st.composite
def worlds(draw):
    documents, positions = [], []
    for at in range(draw(st.integers(1, 4))):
        text = draw(st.text(alphabet="ab .\n", max_size=12))
        layers = {name: draw(_spans(text)) for name in draw(st.sets(st.sampled_from(["p", "q"])))}
        labels = {"genre": tuple(draw(st.sets(st.sampled_from(["mail", "web"]))))}
        unannotated = frozenset(draw(st.sets(st.sampled_from(["p", "genre"]))))
        group = draw(st.sampled_from(["", "g"]))
        layers = {n: own for n, own in layers.items() if n not in unannotated}
        if "genre" in unannotated:
            labels = {}
        documents.append(
            Document(str(at), text, layers, labels, unannotated=unannotated, group=group)
        )
        positions.append(draw(positions_of(text)))
    return data_of(*documents), positions


def naive_masks(data, positions) -> dict[str, list[list[bool]]]:
    """Of each concept's name whether it holds at each position of each document."""
    alike = {"é": "é", "e\u0301": "é", "x\ny": "x␊y"}
    found: dict[str, list[list[bool]]] = {}
    for at, document in enumerate(data.documents):
        for place, (start, end) in enumerate(positions[at]):
            held = {f"genre:{label}" for label in document.labels.get("genre", ())}
            for layer, spans in document.layers.items():
                for i, label in enumerate(spans.labels):
                    own = range(spans.extents.starts[i], spans.extents.ends[i])
                    if set(own) & set(range(start, end)):
                        held.add(f"{layer}:{alike.get(label, label)}")
            for name in held:
                empty = [[False] * len(own) for own in positions]
                found.setdefault(name, empty)[at][place] = True
    return found


@given(worlds(), st.integers(0, 4), st.integers(0, 3), st.booleans())
def test_table_is_what_dense_masks_say(tmp_path_factory, world, least, samples, known_only):
    data, positions = world
    masks = {
        name: own
        for name, own in naive_masks(data, positions).items()
        if sum(map(sum, own)) >= least and sum(map(any, own)) >= samples
    }
    options = ConceptOptions(own=(), min_support=(least, samples))
    folder = tmp_path_factory.mktemp("table") / "concepts"
    ask = lambda: build_token_table(  # noqa: E731
        data, view_in(data, positions), folder, options=options, n_folds=3, known_only=known_only
    )
    if not masks:
        with pytest.raises(DataError, match="lower min_support"):
            ask()
        assert not folder.exists()
        return
    table = ask()
    assert set(table.names) == set(masks)
    assert table.positions.shapes.tolist() == [[1, len(own)] for own in positions]
    for name, own in masks.items():
        atoms = table.concept_mask(name)
        found = [atoms[table.positions.sample(at)[0]].tolist() for at in range(len(data))]
        assert found == own
    assert table.n_positions == sum(map(len, positions))
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == sorted(
        ["atoms.npz", "codes.u16", "concepts.json", "positions.npz"]
        + ["known.npz"] * (table.known is not None)
    )
    _check_known(table, data, positions)


def _check_known(table: ConceptTable, data, positions) -> None:
    """What is known is counted over positions, however atoms are told apart."""
    for column, (name, (category,)) in enumerate(zip(table.names, table.categories, strict=True)):
        known = sum(
            len(own)
            for own, document in zip(positions, data.documents, strict=True)
            if category not in document.unannotated
        )
        if table.known is None:
            assert known == table.n_positions, name
        else:
            ways = table.known_concepts[table.known.pattern, column]
            assert table.known.counts[ways].sum() == known, name


@pytest.mark.parametrize("known_only", [False, True])
def test_several_categories_are_unknown_in_one_document(tmp_path, known_only):
    layers = {"p": Spans.of([(0, 1, "A")]), "q": Spans.of([(0, 1, "B")])}
    unannotated = frozenset({"p", "q", "genre"})
    data = data_of(
        Document("1", "x y", layers, {"genre": ("mail",)}),
        Document("2", "x y z", unannotated=unannotated),
        Document("3", "x y"),
    )
    table = build_token_table(
        data, view_in(data), tmp_path / "t", options=NO_OWN, known_only=known_only
    )
    assert table.known.by_atom == known_only
    for name in ("p:A", "q:B", "genre:mail"):
        if known_only:
            assert table.counts[table.known_atoms(name)].sum() == 4
        ways = table.known_concepts[table.known.pattern, table.index(name)]
        assert table.known.counts[ways].sum() == 4


def test_what_occurred_before_is_unknown_where_its_layer_is(tmp_path):
    data = data_of(
        Document("1", "x y", {"p": Spans.of([(0, 1, "A"), (2, 3, "A")])}),
        Document("2", "x y", unannotated=frozenset({"p"})),
    )
    options = ConceptOptions(own=("repeats",), repeats=("p",), min_support=(1, 1))
    table = build_token_table(data, view_in(data), tmp_path / "t", options=options)
    assert table.names == ("p:A", "repeats:p")
    assert table.annotated("repeats:p") == ("repeats",)
    assert table.known_concepts[table.known.pattern].min(axis=1).tolist().count(False) > 0


def test_names_order_and_caps(tmp_path):
    document = Document("1", "b b b c c a a d .")
    data = data_of(document)
    whole = ConceptOptions(own=("word", "case"), min_support=(1, 1))

    def build(options: ConceptOptions) -> tuple[str, ...]:
        return build_token_table(data, view_in(data), tmp_path / "t", options=options).names

    assert build(whole) == ("word:b", "word:a", "word:c", "word:.", "word:d", "case:lower")
    capped = ConceptOptions(own=("word=2", "case"), min_support=(1, 1))
    assert build(capped) == ("word:b", "word:a", "case:lower")
    most = ConceptOptions(own=("word", "case"), min_support=(1, 1), max_concepts=2)  # word:b, lower
    assert build(most) == ("word:b", "case:lower")


def test_layers_whose_names_would_run_together(tmp_path):
    layers = {"a": Spans.of([(0, 1, "b:c")]), "a:b": Spans.of([(2, 3, "c")])}
    data = data_of(Document("1", "x y", layers, {"a": ("b:c",)}))
    table = build_token_table(data, view_in(data), tmp_path / "t", options=NO_OWN)
    assert table.names == ("a:b:c", "a:b:c~", "a:b:c~~")
    assert table.categories == (("a",), ("a:b",), ("a",))


def test_hostile_labels_stay_on_a_line(tmp_path):
    labels = ["a\nb", "", " ", 'q"', "<script>", "\u202eevil", "\ud800", "x" * 5000, "AND NOT"]
    spans = Spans.of([(0, 1, label) for label in labels])
    data = data_of(Document("1", "x", {"la\nyer": spans}))
    table = build_token_table(data, view_in(data), tmp_path / "t", options=NO_OWN)
    assert len(table.names) == len(labels)
    for name in table.names:
        assert name.splitlines() == [name]
        assert name.encode()
        assert len(name) < 150
        assert table.concept_mask(name).all()
        assert table.parse(str(Concept(name))) == Concept(name)
    assert {"la␊yer:a␊b", "la␊yer:(empty)", "la␊yer:␣", "la␊yer:<U+202E>evil"} <= set(table.names)


def test_people_have_the_word_where_a_rule_is_called_alike(tmp_path):
    by = Provenance.people("us")
    document = Document("1", "ab cd .", {"word": Spans.of([(0, 7, "all")])})
    data = data_of(document, annotated_by={"word": by})
    options = ConceptOptions(own=("word", "case"), min_support=(1, 1))
    table = build_token_table(data, view_in(data), tmp_path / "t", options=options)
    assert table.names == ("word:all", "case:lower")
    assert table.provenance == (by, Provenance.rule("upper and lower case"))


def test_a_cap_is_for_whoever_has_the_name(tmp_path):
    document = Document(
        "1", "ab cd ef", {"word": Spans.of([(0, 5, "a"), (0, 2, "b"), (0, 2, "c")])}
    )
    options = ConceptOptions(own=("word=1",), min_support=(1, 1))
    data = data_of(document)
    table = build_token_table(data, view_in(data), tmp_path / "t", options=options)
    assert table.names == ("word:a",)


def test_what_a_rule_finds_everywhere_is_no_concept(tmp_path):
    document = Document("1", "ab cd", labels={"genre": ("mail",)})
    data = data_of(document, annotated_by={"genre": Provenance.people()})
    options = ConceptOptions(own=("case", "word"), min_support=(1, 1))
    table = build_token_table(data, view_in(data), tmp_path / "t", options=options)
    assert table.names == ("genre:mail", "word:ab", "word:cd")


def test_expressions_from_a_file_and_what_is_rare_is_told(tmp_path, capsys):
    pytest.importorskip("regex")
    file = tmp_path / "mine.txt"
    file.write_text("# mine\n\nvowel = [aeiou]\nyear=(19|20)[0-9]{2}\n", encoding="utf-8")
    options = ConceptOptions(own=(), regexes=(str(file), "x=x=1"), min_support=(1, 1))
    assert options.regexes == (("vowel", " [aeiou]"), ("year", "(19|20)[0-9]{2}"), ("x", "x=1"))
    data = data_of(Document("1", "go to x=1 in 1999"))
    show_progress(True)
    table = build_token_table(data, view_in(data), tmp_path / "t", options=options)
    assert table.names == ("regex:x", "regex:vowel", "regex:year")
    more = ConceptOptions(own=(), regexes={"a": "o", "b": "in"}, min_support=(2, 1))
    build_token_table(data, view_in(data), tmp_path / "t", options=more)
    said = capsys.readouterr().err
    assert "regex 'b' matches 1 position in 1 document, so it is no concept" in said
    assert "regex 'a'" not in said


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "cannot be read"), ("a=b\nc\n", "line 2 of .* is no NAME=EXPRESSION")],
)
def test_a_file_of_expressions_that_cannot_be_used(tmp_path, text, says):
    if text is not None:
        (tmp_path / "mine.txt").write_text(text)
    with pytest.raises(DataError, match=says):
        ConceptOptions(regexes=str(tmp_path / "mine.txt"))


def test_too_many_combinations_in_a_document(tmp_path):
    text = "x" * 65_537
    spans = Spans.of([(at, at + 1, str(at)) for at in range(len(text))])
    data = data_of(Document("long", text, {"each": spans}))
    options = ConceptOptions(own=(), min_support=(1, 1), most=10**6, max_concepts=10**6)
    view = view_in(data, [[(at, at + 1) for at in range(len(text))]])
    with pytest.raises(DataError, match="'long' has 65,537 distinct combinations"):
        build_token_table(data, view, tmp_path / "t", options=options)


def test_a_document_without_positions(tmp_path):
    data = data_of(Document("1", "ab cd"), Document("2", ""))
    options = ConceptOptions(own=("word",), min_support=(1, 1))
    table = build_token_table(data, view_in(data), tmp_path / "t", options=options)
    assert table.positions.shapes.tolist() == [[1, 2], [1, 0]]
    assert table.names == ("word:ab", "word:cd")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"own": "wrod"}, "did you mean word"),
        ({"own": "word=0"}, "write how many, as word=500"),
        ({"own": "word=x"}, "write how many"),
        ({"without": ("x",)}, "without has 'x'"),
        ({"min_support": 3}, "min_support is 3"),
        ({"min_support": (-1, 2)}, "positions of min_support is -1"),
        ({"max_concepts": 0}, "max_concepts is 0"),
        ({"regexes": {"a": ""}}, "give NAME=EXPRESSION"),
        ({"regexes": [("a", "b"), ("a", "c")]}, "two regexes are named 'a'"),
        ({"regexes": [("a", "b", "c")]}, "give NAME=EXPRESSION"),
        ({"regexes": "=abc"}, "give NAME=EXPRESSION"),
        ({"regexes": 3}, "regexes is 3"),
        ({"regex_seconds": 0}, "regex_seconds is 0"),
        ({"hypernyms": -1}, "hypernyms is -1"),
    ],
)
def test_options_that_cannot_be_used(options, says):
    with pytest.raises(OptionError, match=says):
        ConceptOptions(**options)


def test_key_and_facts_say_all_that_was_asked(tmp_path):
    (tmp_path / "data.noun").write_text("x")
    options = ConceptOptions(own=("word=5", "case"), without=("case",), wordnet=tmp_path)
    assert options.key()["own"] == {"word": 5}
    assert options.key()["min_support"] == options.facts()["min_support"] == (20, 10)
    assert options.or_as((3, 2)).support == (3, 2)
    assert ConceptOptions(min_support=(1, 1)).or_as((3, 2)).support == (1, 1)
    assert options.or_as(None) is options
    assert options.key() != ConceptOptions(own=("word=6",), wordnet=tmp_path).key()
    assert options.facts()["wordnet"] == str(tmp_path)
    tagger = tmp_path / "tagger" / "deep"
    tagger.mkdir(parents=True)
    (tagger / "weights").write_text("1")
    by = ConceptOptions(spacy=str(tagger.parent))
    before = by.key()
    (tagger / "weights").write_text("22")
    assert by.key() != before
    with pytest.raises(DataError, match="there is no directory"):
        ConceptOptions(wordnet=tmp_path / "no").key()
