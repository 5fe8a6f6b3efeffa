"""Setting units to zero: what the hook changes, and what it leaves."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import pytest

from andornot.errors import ModelError

torch = pytest.importorskip("torch", reason="torch is not installed")

from andornot.models.ablate import replace_first, shapes_of, zeroed  # noqa: E402


class Residual(torch.nn.Module):  # type: ignore[name-defined, misc]
    """The layer gives its input on; the input is needed once more."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Identity()

    def forward(self, x):
        return self.layer(x) + x


def test_only_the_layers_output_changes():
    module, x = Residual(), torch.ones(2, 3)
    with zeroed(module, "layer", 1):
        assert module(x).tolist() == [[2, 1, 2]] * 2  # the input itself is not touched
    assert module(x).tolist() == [[2, 2, 2]] * 2  # and the hook is gone
    assert x.tolist() == [[1, 1, 1]] * 2


@pytest.mark.parametrize("axis", [1, -1])
def test_the_axis_of_units(axis):
    module = torch.nn.Sequential(OrderedDict(layer=torch.nn.Identity()))
    with zeroed(module, "layer", 0, axis):
        found = module(torch.ones(1, 2, 3, 2))
    expected = torch.ones(1, 2, 3, 2)
    expected[(slice(None), 0) if axis == 1 else (..., 0)] = 0
    assert torch.equal(found, expected)


def test_the_hook_goes_after_an_error():
    module = Residual()
    with pytest.raises(RuntimeError), zeroed(module, "layer", 5):
        module(torch.ones(1, 2).view(3, 1))
    assert not module.layer._forward_hooks


def test_outputs_of_all_sorts():
    pair = namedtuple("pair", "a b")
    one, two = torch.ones(2), torch.full((2,), 2.0)

    def double(tensor):
        return 2 * tensor

    found = replace_first((one, two), double)
    assert isinstance(found, tuple)
    assert torch.equal(found[0], two)
    assert found[1] is two
    named = replace_first(pair(None, one), double)
    assert isinstance(named, pair)
    assert torch.equal(named.b, two)
    given = {"other": one, "last_hidden_state": two}
    mapped = replace_first(given, double)
    assert torch.equal(mapped["last_hidden_state"], 2 * two)
    assert mapped["other"] is one
    assert given["last_hidden_state"] is two  # a copy was changed
    assert replace_first(["text", None], double) == ["text", None]
    assert replace_first({"a": "text"}, double) == {"a": "text"}


def test_layers_that_cannot_be_ablated():
    module = torch.nn.Sequential(OrderedDict(rnn=torch.nn.LSTM(2, 3)))
    with pytest.raises(ModelError, match="'rnn' is recurrent"), zeroed(module, "rnn", 0):
        pass
    with pytest.raises(ModelError, match="no layer 'run'"), zeroed(module, "run", 0):
        pass


def test_shapes_of_each_use():
    relu = torch.nn.ReLU()
    module = torch.nn.Sequential(relu, torch.nn.Linear(2, 3), relu)
    with shapes_of(module, "0") as shapes:
        module(torch.ones(4, 2))
    assert shapes == [(4, 2), (4, 3)]
    assert not relu._forward_hooks
