"""The concept table: exact atoms from masks, label maps and sparse input; merge, save, load."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import naive
from andornot.concepts.table import ConceptTable, TableBuilder
from andornot.errors import DataError, FormulaError, OptionError
from andornot.formula import parse
from strategies import as_mask, cases, labelled


def signatures(table):
    """The names that each atom carries."""
    return [
        frozenset(table.names[c] for c in table.indices[start:stop])
        for start, stop in zip(table.indptr[:-1], table.indptr[1:], strict=True)
    ]


def tally(table):
    """Positions of each exact set of concepts, by fold."""
    return Counter(
        {
            (signature, fold): int(count)
            for signature, row in zip(signatures(table), table.fold_counts, strict=True)
            for fold, count in enumerate(row)
            if count
        }
    )


def assert_sound(table):
    """What must hold for any table."""
    names = signatures(table)
    assert len(set(names)) == table.n_atoms, "atoms are distinct"
    for start, stop in zip(table.indptr[:-1], table.indptr[1:], strict=True):
        assert (np.diff(table.indices[start:stop]) > 0).all(), "each concept once, ascending"
    assert table.counts.tolist() == table.fold_counts.sum(axis=1).tolist()
    assert table.n_positions == table.counts.sum()
    assert table.fold_counts.shape == (table.n_atoms, table.n_folds)
    indptr, atoms = table.by_concept
    for c, name in enumerate(table.names):
        own = [a for a, signature in enumerate(names) if name in signature]
        assert atoms[indptr[c] : indptr[c + 1]].tolist() == own
        assert np.flatnonzero(table.concept_mask(name)).tolist() == own
        assert table.concept_counts[c] == table.counts[own].sum()
        assert table.index(name) == c


def assert_places(table, carried):
    """Each position's atom carries exactly the position's concepts."""
    names = signatures(table)
    assert table.positions.n_samples == len(carried)
    for index, sample in enumerate(carried):
        assert [names[a] for a in table.positions.sample(index).ravel()] == list(sample)


@given(labelled())
def test_label_maps_give_the_exact_atoms(data):
    table = data.table
    assert_sound(table)
    assert_places(table, data.carried)
    assert tally(table) == naive.tally(data.carried, data.folds)
    assert table.n_folds == max(data.folds) + 1
    assert table.positions.folds.tolist() == data.folds
    assert [tuple(s) for s in table.positions.shapes] == [m.shape[1:] for m in data.maps]


@given(cases(), st.data())
def test_masks_give_the_exact_atoms(case, data):
    folds = data.draw(st.lists(st.integers(0, 2), min_size=case.n, max_size=case.n))
    table = ConceptTable.from_masks(case.masks, case.names, folds=folds)
    assert_sound(table)
    carried = [
        [frozenset(name for name, mask in zip(case.names, case.concepts, strict=True) if p in mask)]
        for p in range(case.n)
    ]
    assert_places(table, carried)
    assert tally(table) == naive.tally(carried, folds)
    by_set = naive.atoms(case.concepts, case.n)
    assert sorted(table.counts.tolist()) == sorted(len(group) for group in by_set.values())


@given(labelled(same_shape=True))
def test_all_ways_in_agree(data):
    """The same data as label maps, as overlapping masks and as a sparse matrix."""
    shape = data.maps[0].shape[1:]
    masks = np.array(
        [[[name in c for c in sample] for sample in data.carried] for name in data.names]
    )
    grids = masks.reshape(len(data.names), len(data.maps), *shape)
    from_maps = data.table
    from_masks = ConceptTable.from_masks(grids, data.names, folds=data.folds)
    flat = masks.reshape(len(data.names), -1)
    folds = np.repeat(data.folds, shape[0] * shape[1])
    from_sparse = ConceptTable.from_sparse(scipy.sparse.csc_array(flat.T), data.names, folds=folds)
    from_flat = ConceptTable.from_masks(flat, data.names, folds=folds)
    for table in (from_maps, from_masks, from_sparse, from_flat):
        assert_sound(table)
        assert tally(table) == naive.tally(data.carried, data.folds)
    assert_places(from_masks, data.carried)
    assert_places(from_sparse, [[c] for sample in data.carried for c in sample])
    assert from_sparse.positions.shapes.tolist() == [[1, 1]] * flat.shape[1]


@given(cases(), st.data())
def test_a_formula_is_a_union_of_atoms(case, data):
    leaf = st.sampled_from(case.names)
    text = "({}) AND NOT {}".format(
        data.draw(st.lists(leaf, min_size=1, max_size=3).map(" OR ".join)), data.draw(leaf)
    )
    formula, table = parse(text), case.table
    per_position = formula.evaluate(lambda name: as_mask(case.concepts[int(name[1:])], case.n))
    for given_as in (formula, text):
        on_atoms = table.mask(given_as)
        assert on_atoms[[table.positions.sample(p)[0, 0] for p in range(case.n)]].tolist() == (
            per_position.tolist()
        )


def test_a_label_in_two_layers_counts_once():
    maps = [np.array([[[1, 1, 0, 2]], [[1, 0, 1, 2]], [[0, 0, 0, 1]]])]
    table = ConceptTable.from_label_maps(maps, ["a", "b"], sample_concepts=[[2]])
    assert tally(table) == {(frozenset("ab"), 0): 4}
    assert table.n_atoms == 1
    assert table.concept_counts.tolist() == [4, 4]


def test_concepts_that_occur_nowhere_stay_in_the_vocabulary():
    table = ConceptTable.from_label_maps([np.array([[0, 1]])], ["a", "b"])
    assert table.n_concepts == 2
    assert table.concept_counts.tolist() == [1, 0]
    assert not table.mask("b").any()


def test_labels_may_have_gaps_and_categories_go_with_them():
    maps = np.array([[[7, 0], [300, 7]]], np.uint16)
    table = ConceptTable.from_label_maps(
        maps, {300: "sky", 7: "sea"}, categories={7: "scene", 300: ["object", "part"]}
    )
    assert table.names == ("sea", "sky")
    assert table.categories == (("scene",), ("object", "part"))
    assert tally(table) == {
        (frozenset({"sea"}), 0): 2,
        (frozenset({"sky"}), 0): 1,
        (frozenset(), 0): 1,
    }


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "uint64"])
def test_labels_of_any_integer_type(dtype):
    names = [f"c{i}" for i in range(400)]  # more than 8 bits can say
    table = ConceptTable.from_label_maps(np.array([[[100, 1, 0]]], dtype), names)
    assert tally(table) == Counter({(frozenset(s), 0): 1 for s in (["c99"], ["c0"], [])})


def test_samples_without_positions_are_harmless():
    table = ConceptTable.from_label_maps([np.zeros((2, 0, 3), int), np.ones((1, 1, 1), int)], ["a"])
    assert table.n_positions == 1
    assert ConceptTable.from_masks(np.zeros((2, 0), np.bool_), ["a", "b"]).n_positions == 0
    assert ConceptTable.from_masks(np.zeros((0, 3, 2), np.bool_), []).n_positions == 6


def test_sparse_zeros_and_duplicates_do_not_count():
    matrix = scipy.sparse.coo_array(([1, 1, 0, 5], ([0, 0, 1, 2], [1, 1, 0, 0])), shape=(4, 2))
    table = ConceptTable.from_sparse(matrix, ["a", "b"])
    assert tally(table) == {(frozenset("b"), 0): 1, (frozenset(), 0): 2, (frozenset("a"), 0): 1}


MAPS = np.zeros((2, 3, 3), int)
MASKS = np.zeros((2, 4), np.bool_)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ConceptTable.from_masks(MASKS, ["a", "a"]), "two concepts are named 'a'"),
        (lambda: ConceptTable.from_masks(MASKS, ["a"]), r"shape \(2, 4\) for 1 names"),
        (lambda: ConceptTable.from_masks(MASKS[0], ["a"] * 4), "expected"),
        (lambda: ConceptTable.from_masks(MASKS.astype(int) + 2, ["a", "b"]), "dtype int64"),
        (lambda: ConceptTable.from_masks(MASKS, ["a", "b"], ["x"]), "1 categories for 2 names"),
        (lambda: ConceptTable.from_masks(MASKS, ["a", "b"], folds=[0, 1]), "the 4 samples"),
        (lambda: ConceptTable.from_masks(MASKS, ["a", "b"], folds=[0.5] * 4), "one integer"),
        (lambda: ConceptTable.from_masks(MASKS, ["a", "b"], folds=[0, 0, -1, 0]), "fold -1"),
        (lambda: ConceptTable.from_label_maps(MAPS + 3, ["a"]), "label 3 in sample 0 has no name"),
        (lambda: ConceptTable.from_label_maps(MAPS - 1, ["a"]), "label -1 in sample 0"),
        (lambda: ConceptTable.from_label_maps(MAPS + 2, {1: "a", 3: "b"}), "label 2 in sample 0"),
        (lambda: ConceptTable.from_label_maps(MAPS, {0: "a"}), "labels start at 1"),
        (lambda: ConceptTable.from_label_maps(MAPS * 1.0, ["a"]), "sample 0 .* dtype float64"),  # type: ignore[arg-type]
        (lambda: ConceptTable.from_label_maps([[1, 2]], ["a", "b"]), r"sample 0 has shape \(2,\)"),
        (lambda: ConceptTable.from_label_maps([MAPS[:0]], ["a"]), r"shape \(0, 3, 3\)"),
        (lambda: ConceptTable.from_label_maps(MAPS, ["a", "a"]), "two concepts are named 'a'"),
        (lambda: ConceptTable.from_label_maps(MAPS, ["a"], sample_concepts=[[1]]), "1 samples"),
        (lambda: ConceptTable.from_label_maps(MAPS, ["a"], sample_concepts=[[], [5]]), "sample 1"),
        (lambda: ConceptTable.from_label_maps(MAPS, ["a"], folds=[0]), "the 2 samples"),
        (lambda: ConceptTable.from_sparse(scipy.sparse.eye_array(3), ["a"]), "3 columns for 1"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_sentence(build, message):
    with pytest.raises(DataError, match=message) as caught:
        build()
    assert "\n" not in str(caught.value)


def test_a_sample_holds_65536_combinations_and_not_one_more():
    most = np.arange(65_536).reshape(1, 256, 256)
    names = [f"c{i}" for i in range(65_536)]
    assert ConceptTable.from_label_maps([most], names).n_atoms == 65_536
    with pytest.raises(DataError, match="has 65537 distinct combinations"):
        ConceptTable.from_label_maps([np.arange(65_537).reshape(1, 1, -1)], names)


def test_select_by_category_and_name():
    table = ConceptTable.from_masks(
        np.zeros((4, 1), np.bool_), list("abcd"), ["color", ("object", "part"), None, "part"]
    )
    assert table.select().tolist() == [0, 1, 2, 3]
    assert table.select(["part"]).tolist() == [1, 3]
    assert table.select("color").tolist() == [0]
    assert table.select(["part", "color"], ["d", "a", "c"]).tolist() == [0, 3]
    assert table.select([]).tolist() == []
    with pytest.raises(OptionError, match="'scene'; this table has color, object, part"):
        table.select(["scene"])
    with pytest.raises(FormulaError, match="'z'"):
        table.select(concepts=["z"])


def test_unknown_concepts_are_met_with_close_names():
    table = ConceptTable.from_masks(np.zeros((2, 1), np.bool_), ["water", "river"])
    with pytest.raises(FormulaError, match=r"no concept is named .watr. .*did you mean .water."):
        table.mask("watr OR river")


@given(labelled(), labelled(prefix="c"), labelled(prefix="d"))
def test_merge_is_the_table_of_all_the_data(first, second, third):
    """Whether the vocabularies are the same, overlap or have nothing in common."""
    parts = (first, second, third)
    merged = first.table.merge(second.table).merge(third.table)
    assert_sound(merged)
    carried = [sample for part in parts for sample in part.carried]
    folds = [fold for part in parts for fold in part.folds]
    assert_places(merged, carried)
    assert tally(merged) == naive.tally(carried, folds)
    assert set(merged.names) == {name for part in parts for name in part.names}


def test_merge_joins_categories_and_drops_positions_that_one_side_lacks():
    first = ConceptTable.from_masks(np.ones((1, 2), np.bool_), ["a"], ["x"])
    second = ConceptTable.from_masks(np.ones((2, 1), np.bool_), ["b", "a"], [None, ("y", "x")])
    assert first.merge(second).categories == (("x", "y"), ())
    bare = ConceptTable(
        second.names, second.categories, second.indptr, second.indices, second.fold_counts
    )
    merged = first.merge(bare)
    assert merged.positions is None
    assert tally(merged) == {(frozenset("a"), 0): 2, (frozenset("ab"), 0): 1}


@given(data=labelled())
def test_what_is_saved_comes_back(data, tmp_path_factory):
    directory = tmp_path_factory.mktemp("tables") / "table"
    for _ in range(2):  # the second time an old table is replaced
        data.table.save(directory)
    again = ConceptTable.load(directory)
    assert (again.names, again.categories) == (data.table.names, data.table.categories)
    assert tally(again) == tally(data.table)
    assert_sound(again)
    assert_places(again, data.carried)
    assert again.positions.folds.tolist() == data.folds
    assert [p.name for p in directory.parent.iterdir()] == ["table"], "nothing is left aside"


def test_counts_alone_can_be_saved_too(tmp_path):
    table = ConceptTable.from_masks(np.ones((1, 2), np.bool_), ['a: "ü"'], [("x", "y")])
    bare = ConceptTable(
        table.names, table.categories, table.indptr, table.indices, table.fold_counts
    )
    bare.save(tmp_path / "deep" / "bare")
    again = ConceptTable.load(tmp_path / "deep" / "bare")
    assert again.positions is None
    assert again.names == table.names
    assert again.categories == (("x", "y"),)


DAMAGES = [
    (name, damage)
    for name in ("atoms.npz", "positions.npz", "concepts.json", "codes.u16")
    for damage in ("gone", "empty", "half", "junk", "flipped")
    # a wrong byte among plain numbers or names cannot be told from a right one
    if damage != "flipped" or name.endswith(".npz")
]


@pytest.mark.parametrize(("name", "damage"), DAMAGES)
def test_damaged_tables_are_refused(tmp_path, name, damage):
    rng = np.random.default_rng(0)
    table = ConceptTable.from_masks(rng.random((3, 4, 5, 6)) < 0.5, list("abc"))
    table.save(tmp_path / "table")
    path = tmp_path / "table" / name
    whole = path.read_bytes()
    middle = len(whole) // 2
    if damage == "gone":
        path.unlink()
    elif damage == "flipped":
        data_at = whole.index(b"NUMPY") + 130  # behind the header of the first array
        path.write_bytes(whole[:data_at] + bytes([whole[data_at] ^ 1]) + whole[data_at + 1 :])
    else:
        path.write_bytes({"empty": b"", "half": whole[:middle], "junk": b"[1]"}[damage])
    with pytest.raises(DataError, match=r"build .*again") as caught:
        ConceptTable.load(tmp_path / "table")
    assert "\n" not in str(caught.value)


def test_tables_of_another_format_are_refused(tmp_path):
    with pytest.raises(DataError, match="no readable concept table"):
        ConceptTable.load(tmp_path / "nowhere")
    table = ConceptTable.from_masks(np.ones((1, 2), np.bool_), ["a"])
    table.save(tmp_path / "table")
    np.savez(tmp_path / "table" / "atoms.npz", indptr=table.indptr)
    with pytest.raises(DataError, match=r"atoms\.npz is missing or damaged"):
        ConceptTable.load(tmp_path / "table")
    (tmp_path / "table" / "concepts.json").write_text('{"format": 99, "concepts": []}')
    with pytest.raises(DataError, match="of format 99"):
        ConceptTable.load(tmp_path / "table")


def test_an_interrupted_save_leaves_the_old_table(tmp_path, monkeypatch):
    old = ConceptTable.from_masks(np.ones((1, 2), np.bool_), ["old"])
    new = ConceptTable.from_masks(np.ones((1, 2), np.bool_), ["new"])
    old.save(tmp_path / "table")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space"):
            new.save(tmp_path / "table")
    assert ConceptTable.load(tmp_path / "table").names == ("old",)
    new.save(tmp_path / "table")
    assert ConceptTable.load(tmp_path / "table").names == ("new",)


def test_atoms_are_told_apart_by_signature_not_by_hash():
    """Signatures that are permutations or concatenations of one another stay apart."""
    builder = TableBuilder([f"c{i}" for i in range(300)])
    rows = [[1], [256], [1, 256], [0, 1], [0], [], [2, 299], [299]]
    for row in rows:
        builder.add([np.zeros((1, 1), np.int32)], row)
    table = builder.finish()
    assert_sound(table)
    assert signatures(table) == [frozenset(f"c{i}" for i in row) for row in rows]


def test_names_are_compared_composed():
    split, composed = "cafe\u0301", "caf\u00e9"
    masks = np.eye(3, dtype=bool)
    for own, typed in ((split, composed), (composed, split)):
        table = ConceptTable.from_masks(masks, ["a", own, "b"], ["x", own, "x"])
        assert table.index(own) == table.index(typed) == 1
        assert table.select(concepts=[typed]).tolist() == [1]
        assert table.select(categories=[typed]).tolist() == [1]
        np.testing.assert_array_equal(table.mask(f"a OR {typed}"), table.mask(f"a OR {own}"))
    both = ConceptTable.from_masks(masks, [composed, split, "b"])
    assert [both.index(name) for name in (composed, split)] == [0, 1]  # as they stand, first


def test_a_part_of_a_name_with_commas_is_explained():
    table = ConceptTable.from_masks(np.eye(2, dtype=bool), ["arm, left", "blue"])
    with pytest.raises(FormulaError, match=r'did you mean "arm, left".* stands in quot'):
        table.select(concepts=["arm", "left"])
