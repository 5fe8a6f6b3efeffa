"""Concepts that look around, against slow twins written from the design's table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive
from andornot import ConceptTable
from andornot.concepts.context import look_around
from andornot.concepts.context_options import ContextOptions
from andornot.concepts.of_users import operators_of
from andornot.concepts.operators import OPERATORS
from andornot.concepts.surroundings import GRID, Surroundings
from andornot.errors import DataError, OptionError
from andornot.formula import parse, quote

ROW = tuple(name for name, one in OPERATORS.items() if one.needs in ("row", "heads"))
GRIDS = tuple(name for name, one in OPERATORS.items() if one.needs == "grid")
ALL = ContextOptions(min_support=(1, 1))


def grid_of(x, shape):
    mask = np.zeros(shape, bool)
    for r, c in x:
        mask[r, c] = True
    return mask


@st.composite
def grids(draw):
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 14))
    seed, share = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from((0.02, 0.2, 0.6, 1.0)))
    return np.random.default_rng(seed).random(shape) < share


@st.composite
def rows(draw):
    """Words of several tokens, tokens in no word, segments, heads, and a mask."""
    words, segments, word = [], [], 0
    for segment in range(draw(st.integers(1, 3))):
        for _ in range(draw(st.integers(0, 5))):
            for _ in range(draw(st.integers(1, 3))):  # tokens of the word
                words.append(word)
                segments.append(segment)
                if draw(st.integers(0, 4)) == 0:  # a position in no word
                    words.append(-1)
                    segments.append(segment)
            word += 1
    first = [min((i for i, w in enumerate(words) if w == own)) for own in range(word)]
    heads = []
    for own in range(word):
        near = [w for w in range(word) if segments[first[w]] == segments[first[own]] and w != own]
        heads.append(draw(st.sampled_from([-1, *near])))
    mask = [draw(st.booleans()) for _ in words]
    return (
        Surroundings(
            np.array(words, np.int32).reshape(-1), np.arange(len(words), dtype=np.int32),
            np.array(heads, np.int32).reshape(-1), np.array(segments, np.int32).reshape(-1),
        ),
        np.array(mask, bool).reshape(1, 1, -1),
    )  # fmt: skip


@pytest.mark.parametrize("name", [*GRIDS, "WITH"])
@settings(max_examples=25, deadline=None)
@given(mask=grids())
def test_an_operator_of_grids_is_its_definition(name, mask):
    places = [(r, c) for r in range(mask.shape[0]) for c in range(mask.shape[1])]
    x = {p for p in places if mask[p]}
    found = OPERATORS[name].apply(mask[None], GRID, None)[0]
    np.testing.assert_array_equal(
        found, grid_of(naive.looks_around(name, x, places), mask.shape), name
    )


@pytest.mark.parametrize("of", ["tag", "token"])
@pytest.mark.parametrize("name", [*ROW, "WITH"])
@settings(max_examples=25, deadline=None)
@given(row=rows())
def test_an_operator_of_rows_is_its_definition(name, of, row):
    around, masks = row
    items = around.items(of)
    places = range(masks.shape[2])
    x = set(np.flatnonzero(masks[0, 0]).tolist())
    # heads are of words, whatever the concept lies on
    own = around.words if OPERATORS[name].needs == "heads" else items
    expected = naive.looks_around(name, x, places, own, around.heads, around.segments)
    found = OPERATORS[name].apply(masks, around, items)[0, 0]
    assert set(np.flatnonzero(found).tolist()) == expected


def apply(name, mask, around=GRID, of="tag"):
    masks = np.atleast_2d(np.array(mask, bool))[None]
    items = around.items(of) if around.in_a_row else None
    return OPERATORS[name].apply(masks, around, items)[0].astype(int).tolist()


def test_a_hole_is_above_and_below():
    ring = [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    hole = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert all(apply(name, ring) == hole for name in ("ABOVE", "BELOW", "LEFT", "RIGHT"))


def test_an_image_of_one_row_has_nothing_above():
    assert apply("ABOVE", [[0, 1, 0]]) == apply("BELOW", [[0, 1, 0]]) == [[0, 0, 0]]
    assert apply("LEFT", [[0, 1, 0]]) == [[1, 0, 0]]


def test_near_is_within_a_tenth_of_the_diagonal_to_the_last_pixel():
    line = np.zeros((30, 40), bool)  # its diagonal is 50
    line[15, 20] = True
    found = np.array(apply("NEAR", line))
    assert found[15, 15]
    assert found[18, 24]
    assert not found[15, 14]
    assert not found[19, 24]
    assert not found[15, 20]


def test_the_second_token_of_a_verb_does_not_follow_a_verb():
    around = Surroundings(np.array([0, 1, 1, 2], np.int32), np.arange(4, dtype=np.int32))
    verb = [0, 1, 1, 0]
    assert apply("PREV", verb, around) == [[0, 0, 0, 1]]
    assert apply("PREV", verb, around, "token") == [[0, 0, 1, 1]]


def test_a_root_has_no_head_and_segments_do_not_look_across():
    around = Surroundings(
        np.arange(4, dtype=np.int32),
        heads=np.array([1, -1, 3, -1], np.int32),
        segments=np.array([0, 0, 1, 1], np.int32),
    )
    assert apply("HEAD", [0, 1, 0, 0], around) == [[1, 0, 0, 0]]
    assert apply("CHILD", [0, 0, 1, 0], around) == [[0, 0, 0, 1]]
    assert apply("PREV", [0, 1, 0, 0], around) == [[0, 0, 0, 0]]
    assert apply("AFTER", [1, 0, 0, 0], around) == [[0, 1, 0, 0]]


def tables(draw):
    """A table of a few grids or rows with everything that can be odd about it, and its masks."""
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    n_samples, n_concepts = draw(st.integers(1, 4)), draw(st.integers(1, 70))
    shape = draw(st.sampled_from([(1, 1, 9), (3, 4), (5, 6)]))
    masks = random.random((n_concepts, n_samples, *shape)) < draw(st.sampled_from((0.05, 0.4)))
    masks[0] = True
    known = random.random((2, n_samples, *shape)) < 0.8 if draw(st.booleans()) else None
    return masks, known


def names_of(n):
    return [f"c{i} AND (odd)" if i % 3 else f"word:{i}" for i in range(n)]


@settings(max_examples=20, deadline=None)
@given(data=st.data(), tells=st.booleans(), in_a_row=st.booleans())
def test_a_table_has_the_columns_of_the_twin(tmp_path_factory, data, tells, in_a_row):
    masks, known = tables(data.draw)
    n_concepts, n_samples = masks.shape[:2]
    names = names_of(n_concepts)
    categories = ["one" if i % 2 else "two" for i in range(n_concepts)]
    if len(set(categories)) < 2:
        known = None
    table = ConceptTable.from_masks(
        masks, names, categories, folds=np.arange(n_samples) % 2, known=known
    )
    flat = masks.reshape(n_concepts, n_samples, -1)
    n = flat.shape[2]
    around = Surroundings(np.arange(n, dtype=np.int32) // 2) if in_a_row else GRID
    asked = ["PREV", "AFTER5", "WITH"] if in_a_row else ["ABOVE", "NEAR", "WITH"]
    out = tmp_path_factory.mktemp("context") / "table"
    found = look_around(
        table, lambda _: around, ALL, out, operators=operators_of(asked), tells_known=tells
    )
    assert found.names[:n_concepts] == table.names
    held = np.stack([m.reshape(n_samples, -1) for m in flat])
    grid = masks.shape[-1]
    for name in asked:
        for c in range(n_concepts):
            expected = np.zeros((n_samples, n), bool)
            for s in range(n_samples):
                x = set(np.flatnonzero(held[c, s]).tolist())
                if in_a_row or name == "WITH":
                    new = naive.looks_around(
                        name, x, range(n), np.arange(n) // 2, None, np.zeros(n, int)
                    )
                else:
                    new = naive.looks_around(
                        name, {divmod(p, grid) for p in x}, [divmod(p, grid) for p in range(n)]
                    )
                    new = {r * grid + c2 for r, c2 in new}
                expected[s, sorted(new)] = True
            column = f"{name}({names[c]})" if ":" in names[c] else f'{name}("{names[c]}")'
            worth = expected.any() and not expected.all() and (expected != held[c]).any()
            assert (column in found.names) == worth, column
            if worth:
                atoms = found.concept_mask(column)
                mine = [atoms[found.positions.sample(s)].ravel() for s in range(n_samples)]
                np.testing.assert_array_equal(np.stack(mine), expected)
                assert found.categories[found.index(column)] == (name,)
    for c in range(n_concepts):
        atoms = found.concept_mask(names[c])
        mine = [atoms[found.positions.sample(s)].ravel() for s in range(n_samples)]
        np.testing.assert_array_equal(np.stack(mine), held[c])
    assert found.fold_counts.sum() == table.fold_counts.sum()
    np.testing.assert_array_equal(found.fold_counts.sum(axis=0), table.fold_counts.sum(axis=0))
    if known is None or known.all():
        assert found.known is None
        return
    check_known(found, table, known.reshape(2, n_samples, -1), categories, tells)


def check_known(found, table, known, categories, tells):
    """A new concept is known where the one that it is made of is."""
    order = list(dict.fromkeys(categories))
    for column, base in enumerate(found.bases):
        plain = column if base < 0 else base
        there = known[order.index(categories[plain])]
        name = found.names[column]
        atoms = found.concept_mask(name)
        holds = np.stack([atoms[found.positions.sample(s)].ravel() for s in range(len(there))])
        expected = (holds & ~there).sum() / holds.sum() if holds.any() else 0.0
        assert found.unknown_share(quote(name), name) == pytest.approx(expected)
        assert found.annotated(name) == table.annotated(table.names[plain])
    if tells:
        mask = found.known_atoms(quote(found.names[-1]))
        assert mask.shape == (found.n_atoms,)


def table_of(masks, names=None, **more):
    masks = np.array(masks, bool)
    return ConceptTable.from_masks(masks, names or [f"c{i}" for i in range(len(masks))], **more)


def test_support_and_caps_choose_the_columns(tmp_path):
    random = np.random.default_rng(0)
    masks = (
        random.random((6, 30, 4, 4)) < np.array([0.5, 0.4, 0.3, 0.01, 0, 1])[:, None, None, None]
    )
    table = table_of(masks)
    made = look_around(
        table, None, ContextOptions(min_support=(20, 10)), tmp_path / "a",
        operators=operators_of(["with", "above"]),
    )  # fmt: skip
    new = made.names[6:]
    assert "ABOVE(c0)" in new
    assert not any("c3" in n or "c4" in n or "c5" in n for n in new)
    few = look_around(
        table, None, ContextOptions(max_around=2), tmp_path / "b",
        operators=operators_of(["with", "above"]),
    )  # fmt: skip
    assert len(few.names) == 8
    one = look_around(
        table, None, ContextOptions(around_of=("c1",)), tmp_path / "c",
        operators=operators_of(["above"]),
    )  # fmt: skip
    assert one.names[6:] == ("ABOVE(c1)",)


def test_whole_image_concepts_get_no_column_that_says_the_same(tmp_path):
    scene = np.zeros((20, 3, 3), bool)
    scene[:12] = True
    thing = np.random.default_rng(1).random((20, 3, 3)) < 0.3
    made = look_around(
        table_of([scene, thing], ["kitchen", "sink"]), None, ContextOptions(), tmp_path / "t",
        operators=operators_of(["with", "above", "near"]),
    )  # fmt: skip
    assert not [name for name in made.names if "kitchen" in name and name != "kitchen"]


def test_after_takes_fifty_documents(tmp_path):
    words = Surroundings(np.arange(6, dtype=np.int32))
    for n_documents, there in ((49, False), (50, True)):
        masks = np.zeros((1, n_documents, 1, 6), bool)
        masks[0, :, 0, 2] = True
        made = look_around(
            table_of(masks), lambda _: words, ContextOptions(), tmp_path / str(n_documents),
            operators=operators_of(["after", "after5"]),
        )  # fmt: skip
        assert ("AFTER(c0)" in made.names) == there
        assert "AFTER5(c0)" in made.names


def test_what_a_network_labelled_stays_its_own(tmp_path):
    from andornot.concepts.provenance import Provenance

    mask = np.random.default_rng(2).random((2, 20, 3, 3)) < 0.3
    who = (Provenance.network("net"), Provenance.people("broden"))
    made = look_around(
        table_of(mask).told_by(who), None, ContextOptions(), tmp_path / "t",
        operators=operators_of(["with"]),
    )  # fmt: skip
    assert made.names[2:] == ("WITH(c0)", "WITH(c1)")
    assert made.provenance[2] == who[0]
    assert str(made.provenance[3]) == "rule: looks around (people: broden)"


def mirrored(mask):
    """Across the middle"""
    return mask[:, ::-1]


def test_an_operator_of_a_user_in_a_few_lines(tmp_path):
    masks = np.zeros((1, 20, 2, 3), bool)
    masks[0, :, :, 0] = True
    file = tmp_path / "mine.py"
    file.write_text(
        "def mirrored(mask, around):\n    assert not around.in_a_row\n    return mask[:, ::-1]\n"
    )
    for named in (mirrored, f"{file}:mirrored"):
        (operator,) = operators_of([named])
        made = look_around(
            table_of(masks), None, ContextOptions(), tmp_path / "t", operators=(operator,)
        )
        atoms = made.concept_mask("MIRRORED(c0)")
        assert atoms[made.positions.sample(0)].tolist() == [[False, False, True]] * 2
    assert operators_of([mirrored])[0].sentence("c0") == "Across the middle, of c0"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda mask: mask[:1], "makes no operator"),
        ("sideways", "there is no operator 'sideways'; give some of prev"),
        ("nothing.py:f", "no file nothing.py"),
    ],
)
def test_operators_that_cannot_be(function, message):
    with pytest.raises(OptionError, match=message):
        operators_of([function])


def test_what_a_user_gives_is_checked(tmp_path):
    def wrong(mask):
        return mask.astype(int)

    with pytest.raises(DataError, match=r"gave shape .* and dtype int64; give booleans"):
        look_around(
            table_of(np.ones((1, 2, 2, 2))),
            None,
            ALL,
            tmp_path / "t",
            operators=operators_of([wrong]),
        )


def test_operators_that_have_no_room_are_refused(tmp_path):
    grid = table_of(np.ones((1, 3, 2, 2)))
    words = Surroundings(np.arange(4, dtype=np.int32))
    for table, around, name, message in (
        (grid, None, "prev", "prev is for words in a row"),
        (table_of(np.ones((1, 3, 1, 4))), lambda _: words, "above", "above is for images"),
        (table_of(np.ones((1, 3, 1, 4))), lambda _: words, "head", "nobody says which word hangs"),
        (table_of(np.ones((1, 3))), None, "with", "each sample is a single position"),
    ):
        with pytest.raises(OptionError, match=message):
            look_around(table, around, ALL, tmp_path / "t", operators=operators_of([name]))


@settings(max_examples=100, deadline=None)
@given(name=st.text(min_size=1), operator=st.sampled_from(list(OPERATORS)))
def test_names_of_new_concepts_are_read_back(name, operator):
    from andornot.formula import And, Concept, Not, derived_name

    new = Concept(derived_name(operator, name))
    for formula in (new, Not(new), And(Concept(name), Not(new))):
        assert parse(str(formula)) == formula
        assert parse(str(formula)).concepts == formula.concepts
