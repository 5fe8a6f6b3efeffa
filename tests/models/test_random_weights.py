"""Random weights: the same network untrained, as a baseline."""

from __future__ import annotations

import pytest

from andornot.errors import ModelError
from odd_numbers import ODD

torch = pytest.importorskip("torch", reason="torch is not installed")


class Bare(torch.nn.Module):  # type: ignore[name-defined, misc]
    """A parameter that no module can draw anew, besides layers that can."""

    def __init__(self):
        super().__init__()
        self.token = torch.nn.Parameter(torch.arange(12.0).reshape(3, 4))
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8))
        self.attention = torch.nn.MultiheadAttention(8, 2)
        self.register_buffer("grid", torch.arange(4))


def trained():
    model = Bare()
    with torch.no_grad():
        for parameter in model.layers.parameters():
            parameter.fill_(7)
        model.layers[1].running_mean.fill_(3)
    return model


def test_everything_learned_is_gone():
    from andornot.models.random_weights import randomize

    model = trained()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    notes = randomize(model, 0)
    after = model.state_dict()
    assert "1 parameters cannot be drawn anew and were shuffled: token" in notes[1]
    assert sorted(after["token"].ravel().tolist()) == list(range(12))
    assert not torch.equal(after["token"], before["token"])
    assert (after["layers.0.weight"] != 7).all()
    assert (after["layers.1.running_mean"] == 0).all()
    assert (after["layers.1.weight"] == 1).all()
    assert not torch.equal(after["attention.out_proj.weight"], before["attention.out_proj.weight"])
    assert torch.equal(after["grid"], before["grid"])


def test_a_seed_gives_the_same_weights_and_leaves_other_draws_alone():
    from andornot.models.random_weights import randomize
    from andornot.models.weights import fingerprint

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    model, keys = trained(), []
    for seed in (0, 0, 1):
        randomize(model, seed)
        keys.append(fingerprint(model.layers))
    assert keys[0] == keys[1] != keys[2]
    torch.manual_seed(5)
    randomize(model, 3)
    assert torch.equal(torch.rand(3), expected)


def test_a_model_is_loaded_with_random_weights(tmp_path):
    from andornot.models.load import load_model

    file = tmp_path / "net.py"
    file.write_text(
        "import torch\ndef net():\n    torch.manual_seed(0)\n"
        "    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())\n"
    )
    plain, drawn = load_model(f"{file}:net"), load_model(f"{file}:net", "random:1")
    again = load_model(f"{file}:net", "random:1")
    assert drawn.weights == "random:1"
    assert drawn.fingerprint == again.fingerprint != plain.fingerprint
    assert any("all weights are random (seed 1)" in note for note in drawn.notes)
    with pytest.raises(ModelError, match="seed"):
        load_model(f"{file}:net", "random:x")


@pytest.mark.parametrize("text", ODD)
def test_odd_digits_are_no_seed(text):
    from andornot.models.random_weights import random_seed

    with pytest.raises(ModelError, match="no whole number"):
        random_seed(f"random:{text}")
