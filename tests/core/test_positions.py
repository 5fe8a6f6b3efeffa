"""Which atom each position carries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andornot._tools.files import array_writer, write_json, write_whole
from andornot._tools.reading import read_arrays
from andornot.concepts.positions import AtomMap, check_local_atoms, grid_shape, offsets_of
from andornot.errors import DataError
from strategies import positions_of


@st.composite
def grids(draw):
    """The atom of each position of some samples of differing sizes."""
    shapes = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=4))
    atoms = st.integers(0, 5)
    return [
        np.array(draw(st.lists(atoms, min_size=h * w, max_size=h * w)), np.int32).reshape(h, w)
        for h, w in shapes
    ]


def same(first, second):
    return first.n_samples == second.n_samples and all(
        np.array_equal(first.sample(i), second.sample(i)) for i in range(first.n_samples)
    )


@given(grids(), grids(), st.permutations(range(6)))
def test_positions_keep_their_atoms(first, second, new_ids):
    one, two = positions_of(first), positions_of(second, np.ones(len(second)))
    for atom_map, atoms in ((one, first), (two, second)):
        assert atom_map.n_samples == len(atoms)
        for i, grid in enumerate(atoms):
            assert np.array_equal(atom_map.sample(i), grid)
        assert len(atom_map.codes) == atom_map.offsets[-1] == sum(g.size for g in atoms)
    both = one.followed_by(two)
    assert same(both, positions_of([*first, *second]))
    assert both.folds.tolist() == [0] * len(first) + [1] * len(second)
    ids = np.array(new_ids, np.int32)
    assert same(both.relabelled(ids), positions_of([ids[g] for g in [*first, *second]]))


@given(atoms=grids())
def test_what_is_saved_comes_back(atoms, tmp_path_factory):
    directory = tmp_path_factory.mktemp("positions")
    atom_map = positions_of(atoms, np.arange(len(atoms)))
    atom_map.save(directory)
    again = AtomMap.load(directory)
    assert same(atom_map, again)
    assert again.folds.tolist() == atom_map.folds.tolist()
    assert again.codes.dtype == np.dtype("<u2")


def test_single_positions_are_samples_of_their_own():
    atoms = np.array([3, 1, 3], np.int32)
    single = AtomMap.of_single_positions(atoms, np.array([0, 1, 0]))
    assert same(single, positions_of([np.array([[a]]) for a in atoms]))
    assert single.folds.tolist() == [0, 1, 0]


def test_codes_that_do_not_fit_the_index_are_refused(tmp_path):
    positions_of([np.zeros((2, 2), np.int32)]).save(tmp_path)
    for damage in (b"\0" * 7, b"\0" * 9, b""):
        (tmp_path / "codes.u16").write_bytes(damage)
        with pytest.raises(DataError, match=f"has {len(damage)} bytes where 8 belong"):
            AtomMap.load(tmp_path)


def test_too_many_atoms_in_a_sample_are_refused_by_number():
    with pytest.raises(DataError, match="sample 1 has 65537 distinct"):
        check_local_atoms(65_537, "sample 1")


@pytest.mark.parametrize(
    ("shape", "grid"),
    [((), (1, 1)), ((5,), (1, 5)), ((2, 3), (2, 3)), ((2, 3, 4), (6, 4)), ((0, 3), (0, 3))],
)
def test_any_shape_is_a_grid(shape, grid):
    assert grid_shape(shape) == grid


def test_offsets_are_running_sums():
    assert offsets_of([2, 0, 3]).tolist() == [0, 2, 2, 5]
    assert offsets_of([]).tolist() == [0]


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "data.json"
    write_json(path, {"a": "ü"})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert path.read_text(encoding="utf-8") == '{\n "a": "ü"\n}\n'


def test_arrays_are_read_by_name_or_refused(tmp_path):
    path = tmp_path / "some.npz"
    np.savez(path, a=np.arange(3), other=1)
    assert read_arrays(path, ["a"])["a"].tolist() == [0, 1, 2]
    with pytest.raises(DataError, match=r"some\.npz is missing or damaged .*'?b'? is not"):
        read_arrays(path, ["b"])
    np.save(tmp_path / "plain.npy", np.arange(3))
    with pytest.raises(DataError, match="missing or damaged"):
        read_arrays(tmp_path / "plain.npy", ["a"])


@pytest.mark.parametrize(
    "values",
    [np.arange(6, dtype=np.float32).reshape(2, 3).T, np.zeros((0, 3)), np.array([True, False])],
)
def test_arrays_are_written_as_numpy_reads_them(tmp_path, values):
    write_whole(tmp_path / "a.npy", array_writer(values))
    found = np.load(tmp_path / "a.npy", allow_pickle=False)
    assert found.dtype == values.dtype
    assert (found == values).all()
    assert found.shape == values.shape
