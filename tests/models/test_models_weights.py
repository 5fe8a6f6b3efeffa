"""Weights files of each kind, good and bad, and the fingerprint."""

import argparse
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from andornot.errors import ModelError
from andornot.models.weights import (
    class_mismatch,
    fingerprint,
    load_file,
    load_weights,
    read_state_dict,
)


def net(classes: int = 3) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, classes))


def same(left, right) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


def wrapped(state: dict, wrapper: str, prefix: str) -> dict:
    state = {prefix + k: v for k, v in state.items()}
    return {wrapper: state, "epoch": 7, "lr": 0.1} if wrapper else state


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
@pytest.mark.parametrize("wrapper", ["", "state_dict", "model_state_dict", "model", "net"])
def test_state_dicts_are_found(tmp_path: Path, wrapper, prefix):
    state = net().state_dict()
    torch.save(wrapped(state, wrapper, prefix), tmp_path / "w.pt")
    assert same(read_state_dict(tmp_path / "w.pt"), state)


def test_a_prefix_on_some_keys_only_is_part_of_the_name(tmp_path: Path):
    state = {"module.a": torch.ones(1), "b": torch.ones(1)}
    torch.save(state, tmp_path / "w.pt")
    assert same(read_state_dict(tmp_path / "w.pt"), state)


def test_safetensors_and_the_old_format(tmp_path: Path):
    state = net().state_dict()
    save_file(state, tmp_path / "w.safetensors")
    torch.save(state, tmp_path / "w.tar", _use_new_zipfile_serialization=False)
    assert same(read_state_dict(tmp_path / "w.safetensors"), state)
    assert same(read_state_dict(tmp_path / "w.tar"), state)


class Evil:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def bad_file(kind: str, folder: Path) -> Path:
    path = folder / ("w.safetensors" if kind == "not safetensors" else "w.pt")
    if kind == "whole model":
        torch.save(net(), path)
    elif kind == "object":
        torch.save({"state_dict": net().state_dict(), "args": argparse.Namespace(a=1)}, path)
    elif kind == "evil":
        torch.save({"state_dict": net().state_dict(), "x": Evil(folder / "ran")}, path)
    elif kind == "truncated":
        torch.save(net().state_dict(), path)
        path.write_bytes(path.read_bytes()[:500])
    elif kind in ("text", "not safetensors"):
        path.write_text("hello world, this is no weights file")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "no state dict":
        torch.save({"epoch": 3, "loss": 0.5}, path)
    elif kind == "a list":
        torch.save([1, 2], path)
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "does not exist"),
        ("whole model", r"torch\.nn\.modules.*convert it once"),
        ("object", r"argparse\.Namespace.*convert it once"),
        ("evil", "convert it once"),
        ("truncated", "cannot be read as a torch file"),
        ("text", "cannot be read as a torch file"),
        ("empty", "cannot be read as a torch file"),
        ("not safetensors", "not a whole safetensors file"),
        ("no state dict", "found keys epoch, loss"),
        ("a list", "found list"),
    ],
)
def test_bad_files_are_answered_clearly(tmp_path: Path, kind, words):
    path = bad_file(kind, tmp_path)
    with pytest.raises(ModelError, match=words) as caught:
        read_state_dict(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_weights_of_another_kind_are_called_by_it(tmp_path: Path, name):
    path = tmp_path / name
    for data, message in {
        b"<html>404</html>": r"it is a web page \(HTML\); ",
        b"version https://git-lfs.github.com/spec/v1\n": "run 'git lfs pull'",
        b"\x89HDF\r\n\x1a\n": "it looks like an HDF5 file; give a ",
    }.items():
        path.write_bytes(data)
        with pytest.raises(ModelError, match=message):
            read_state_dict(path)
    torch.save({"a": torch.zeros(2)}, path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match="damaged or cut short" if name == "w.pt" else "torch"):
        read_state_dict(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ModelError, match="is a named pipe, not a file"):
        read_state_dict(path)


def test_weights_are_loaded():
    target: Any
    source: Any
    target, source = net(), net()
    nn.init.ones_(source[0].weight)
    load_weights(target, source.state_dict(), Path("w.pt"))
    assert same(target.state_dict(), source.state_dict())


def test_counters_of_batch_norm_may_be_absent():
    state = {k: v for k, v in net().state_dict().items() if "num_batches" not in k}
    load_weights(net(), state, Path("w.pt"))


@pytest.mark.parametrize("tied", [False, True])
def test_weights_may_hold_what_is_no_number(tied):
    target: Any = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    state = {name: torch.full_like(v, torch.nan) for name, v in target.state_dict().items()}
    if tied:
        target[1].weight = target[0].weight
    load_weights(target, state, Path("w.pt"))
    assert target[1].weight.isnan().all()


class Counting(nn.Linear):
    def get_extra_state(self) -> dict:
        return {"seen": 3}

    def set_extra_state(self, state: dict) -> None:
        self.seen = state["seen"]


@pytest.mark.parametrize("key", ["", "state_dict"])
@pytest.mark.parametrize("prefix", ["", "model."])
def test_extra_state_of_modules_is_no_other_kind_of_file(tmp_path: Path, key, prefix):
    target = nn.Sequential(Counting(2, 2))
    torch.save(wrapped(target.state_dict(), key, prefix), tmp_path / "w.pt")
    load_file(target, tmp_path / "w.pt")
    assert target[0].seen == 3
    torch.save({"0._extra_state": {"seen": 3}}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="holds no state dict"):
        read_state_dict(tmp_path / "w.pt")


@pytest.mark.parametrize("key", ["", "state_dict"])
def test_the_part_that_a_message_proposes_is_found_behind_a_wrapper(tmp_path: Path, key):
    two = {f"{part}.{k}": v for part in ("query", "key") for k, v in net().state_dict().items()}
    torch.save(wrapped(two, key, "module."), tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"give .*w\.pt#query") as caught:
        load_file(net(), tmp_path / "w.pt")
    proposed = str(caught.value).rpartition("give ")[2].rstrip(".")
    load_file(net(), proposed)
    load_file(net(), tmp_path / "w.pt#module.query")


def test_wrong_number_of_classes():
    with pytest.raises(ModelError, match=r"wrong number of classes: they have 5, the model has 3"):
        load_weights(net(3), net(5).state_dict(), Path("w.pt"))


def test_weights_for_another_model():
    other = {"conv1.weight": torch.ones(1), "3.weight": torch.ones(3, 4)}
    with pytest.raises(ModelError, match=r"another model: 7 missing \(0.weight, 0.bias, 1.weight"):
        load_weights(net(), other, Path("w.pt"))
    mis_shaped = net().state_dict() | {"0.weight": torch.ones(4, 3, 5, 5)}
    with pytest.raises(ModelError, match=r"0.weight is \(4, 3, 5, 5\) in the file and \(4, 3, 3"):
        load_weights(net(), mis_shaped, Path("w.pt"))


def test_nothing_is_loaded_when_something_is_wrong():
    target = net()
    before = {k: v.clone() for k, v in target.state_dict().items()}
    state = {k: v + 1 for k, v in net(5).state_dict().items()}
    with pytest.raises(ModelError):
        load_weights(target, state, Path("w.pt"))
    assert same(target.state_dict(), before)


def test_class_mismatch_needs_one_consistent_difference():
    ours = {"a": torch.ones(3, 2), "b": torch.ones(3), "c": torch.ones(())}
    assert class_mismatch(ours, ours) is None
    assert class_mismatch(ours, ours | {"a": torch.ones(5, 2), "b": torch.ones(5)}) == (3, 5)
    assert class_mismatch(ours, ours | {"a": torch.ones(5, 2), "b": torch.ones(4)}) is None
    assert class_mismatch(ours, ours | {"a": torch.ones(3, 4)}) is None
    assert class_mismatch(ours, ours | {"c": torch.ones(1)}) is None


def test_fingerprint_sees_weights_architecture_and_source():
    base = fingerprint(net())
    assert base == fingerprint(net())
    assert len(base) == 64
    changed: Any = net()
    with torch.no_grad():
        changed[3].bias[0] += 1
    dilated = net()
    dilated[0] = nn.Conv2d(3, 4, 3, dilation=2)
    dilated[0].load_state_dict(net()[0].state_dict())
    others = {fingerprint(changed), fingerprint(dilated), fingerprint(net(), b"x")}
    others.add(fingerprint(net().to(torch.bfloat16)))
    assert base not in others
    assert len(others) == 4
