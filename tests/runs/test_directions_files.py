"""Directions from files and arrays: what is read, and a sentence for each thing that is none."""

from __future__ import annotations

import os
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest

from andornot.errors import AndornotError, DataError
from andornot.probes.directions import Directions, read_directions

torch = pytest.importorskip("torch", reason="torch is not installed")

from safetensors.torch import save_file  # noqa: E402

W = np.arange(6.0).reshape(3, 2) - 2


def told(call, *args):
    """The one sentence that the user reads."""
    with pytest.raises(AndornotError) as caught:
        call(*args)
    assert type(caught.value) is DataError
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_one_array_of_each_sort_of_file(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(W.astype(np.float32)))
    np.savez(tmp_path / "a.npz", w=W)
    np.savez(tmp_path / "b.npz", other=np.eye(9), w=W)
    save_file({"w": torch.from_numpy(W).bfloat16()}, tmp_path / "a.safetensors")
    save_file({"other": torch.eye(9), "a.w": torch.from_numpy(W)}, tmp_path / "b.safetensors")
    (tmp_path / "a.npy").rename(tmp_path / "with#sign.npy")
    (tmp_path / "link.npy").symlink_to(tmp_path / "with#sign.npy")
    names = ("with#sign.npy", "link.npy", "a.npz", "a.npz#w", "b.npz#w", "a.safetensors",
             "a.safetensors#w", "b.safetensors#a.w")  # fmt: skip
    found = [read_directions(tmp_path / name) for name in names]
    assert all((one.weights == W).all() for one in found)
    assert len({one.digest for one in found}) == 1
    assert found[4].source == str(tmp_path / "b.npz#w")


def test_arrays_of_any_library(tmp_path):
    for given in (W, W.tolist(), torch.from_numpy(W), W.astype(int), np.float16(W)):
        one = Directions.given(given)
        assert (one.weights == W).all()
        assert one.source is None
        assert Directions.given(one) is one
    mine = W.copy()
    kept = Directions.given(mine)
    mine[0] = 9
    assert (kept.weights == W).all()


def test_digests_tell_values_and_shapes_apart():
    others = [W, -W, W.T, W[:, :1], W.reshape(6, 1), W * (1 + 1e-15)]
    assert len({Directions.given(w).digest for w in others}) == len(others)


ARRAYS: dict[str, tuple[Any, str]] = {
    "complex numbers": (W + 1j, "holds complex numbers; give real numbers, units x directions"),
    "objects": (np.array([[1, None]], object), "holds Python objects; give real numbers"),
    "texts": (np.array([["a"]]), "holds values of dtype <U1; give real numbers"),
    "booleans": (W > 0, "holds values of dtype bool; give real numbers"),
    "one axis": (W[:, 0], "has the shape (3,); give an array with a row for each unit of the "
                 "layer and a column for each direction, such as w[:, None] for a single one"),
    "three axes": (W[None], "has the shape (1, 3, 2); give"),
    "a number": (1.0, "has the shape (); give"),
    "no unit": (W[:0], "has the shape (0, 2); give"),
    "no direction": (W[:, :0], "has the shape (3, 0); give"),
    "NaN": (np.where(W == 1, np.nan, W), "holds nan for unit 1 in direction 1; give finite"),
    "infinity": (np.where(W == 2, -np.inf, W), "holds -inf for unit 2 in direction 0; give"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_are_no_directions(name, tmp_path):
    array, said = ARRAYS[name]
    assert told(Directions.given, array).startswith(f"the array directions {said}")
    if name == "objects":
        return
    np.save(tmp_path / "w.npy", array)
    assert told(read_directions, tmp_path / "w.npy").startswith(f"{tmp_path}/w.npy {said}")
    np.savez(tmp_path / "w.npz", a=array, b=W)
    found = told(read_directions, f"{tmp_path}/w.npz#a")
    assert found.startswith(f"{tmp_path}/w.npz#a {said}")


def test_rows_of_several_lengths():
    assert told(Directions.given, [[1, 2], [3]]).startswith("directions cannot be read as an array")


class Bomb:
    """What a file could run if it were unpickled."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_nothing_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    objects = np.array([[Bomb()]], object)
    np.save("w.npy", objects, allow_pickle=True)
    np.savez("w.npz", w=objects)
    for name in ("w.npy", "w.npz", "w.npz#w"):
        assert told(read_directions, name) == (
            f"{name.partition('#')[0]} holds Python objects, which could run any code and are "
            "never read; save an array of numbers with np.save"
        )
    (tmp_path / "p.npy").write_bytes(pickle.dumps(Bomb(), 4))
    assert "it looks like a Python pickle; give a NumPy array (.npy) or" in told(
        read_directions, "p.npy"
    )
    torch.save({"w": torch.eye(2)}, "t.npz")
    assert "it looks like a file of torch.save; give" in told(read_directions, "t.npz")
    assert not (tmp_path / "ran").exists()


def test_files_that_are_none_or_damaged(tmp_path):
    for name in ("absent.npy", "absent.npz#w", "dangling.npy"):
        (tmp_path / "dangling.npy").unlink(missing_ok=True)
        (tmp_path / "dangling.npy").symlink_to(tmp_path / "nowhere")
        found = told(read_directions, tmp_path / name)
        assert found == f"there is no file {tmp_path / name} of directions; check the path"
    assert told(read_directions, tmp_path).startswith(f"{tmp_path} is a folder, not a file: ")
    (tmp_path / "empty.npy").touch()
    assert "holds no directions: it is empty; copy or" in told(
        read_directions, tmp_path / "empty.npy"
    )
    np.save(tmp_path / "w.npy", np.eye(30))
    whole = (tmp_path / "w.npy").read_bytes()
    np.savez(tmp_path / "w.npz", w=np.eye(30))
    save_file({"w": torch.eye(30)}, tmp_path / "w.safetensors")
    for name in ("w.npy", "w.npz", "w.safetensors"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-300])
        found = told(read_directions, path)
        assert found.startswith(f"{path} cannot be read as directions (")
        assert found.endswith("): it is damaged or cut short, so copy, export or download it again")
    shape = b"(30, 30)"
    huge = whole.replace(shape + b", }       ", b"(9" + 6 * b"0" + b", 9" + 6 * b"0" + b"), }")
    (tmp_path / "w.npy").write_bytes(huge)
    assert "cannot be read as directions (" in told(read_directions, tmp_path / "w.npy")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.npy")
    assert told(read_directions, tmp_path / "w.npy") == (
        f"{tmp_path}/w.npy is a named pipe, not a file: put the file there, or take it out."
    )


def test_parts_that_are_not_there(tmp_path):
    np.save(tmp_path / "w.npy", W)
    assert told(read_directions, f"{tmp_path}/w.npy#a") == (
        f"{tmp_path}/w.npy is one array and has no part 'a'; leave #a out"
    )
    np.savez(tmp_path / "w.npz", a=W, b=W)
    assert told(read_directions, tmp_path / "w.npz") == (
        f"{tmp_path}/w.npz holds 2 arrays, 'a', 'b'; say which, as in {tmp_path}/w.npz#a"
    )
    assert told(read_directions, f"{tmp_path}/w.npz#c").startswith(
        f"{tmp_path}/w.npz holds no array 'c', but 'a', 'b'; say which"
    )
    np.savez(tmp_path / "none.npz")
    assert "none.npz holds no array" in told(read_directions, tmp_path / "none.npz")
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("a.txt", "text")
    assert told(read_directions, tmp_path / "text.npz").startswith(
        f"{tmp_path}/text.npz holds no array under 'a.txt'"
    )


@pytest.mark.parametrize("value", [3j, object(), print, {"w": W}, float("nan"), b"w", "\0", ["a"]])
def test_odd_values(value):
    with pytest.raises(AndornotError) as caught:
        Directions.given(value)
    assert "\n" not in str(caught.value)


def test_another_number_of_units():
    values = np.zeros((1, 2, 1, 1), np.float32)
    with pytest.raises(
        DataError, match=r"of 3 units \(it is 3 x 2\), but l has 2 units.*transpose"
    ):
        Directions.given(W).of(values, "l")
    with pytest.raises(DataError, match=r"but l has 2 units.*give those of this layer"):
        Directions.given(W[:, :1]).of(values, "l")
