"""Read files of weights (torch, safetensors), and choose one where a file holds several sets.

Nothing here ever runs code from a file: pickles are read with ``weights_only=True``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from andornot._tools.extras import install
from andornot._tools.files import split_part
from andornot._tools.looks import PICKLE, SAFETENSORS, TORCH, amiss, check_file
from andornot.errors import ModelError
from andornot.models.names import common_prefixes, inside, unwrapped

_EXTRA_STATE = "_extra_state"
"""What torch calls what ``get_extra_state`` gave."""

StateDict = dict[str, torch.Tensor]
Sets = dict[str, Mapping[str, torch.Tensor]]

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "module")
"""Keys under which checkpoints hold the state dict, in the order in which they are tried."""


def read_state_dict(named: str | Path) -> StateDict:
    """Read the weights in a file; see ``read_weights``."""
    return read_weights(named)[0]


def read_weights(named: str | Path) -> tuple[StateDict, tuple[str, ...]]:
    """Read a state dict, or a checkpoint that holds one, from a torch or safetensors file.

    Args:
        named: the file, or ``FILE#PART``: a set of weights by its key in the file (``model_ema``,
            or ``a.b`` for one inside of another dictionary), or of a single set the weights whose
            names begin with ``PART.``.

    Returns:
        tensors by name, and notes: which of several sets was taken, and how to take another.

    Raises:
        ModelError: the file is missing, damaged, needs unsafe loading, or holds no state dict, or
            several of which none has a usual name, or no such part.
    """
    path, part = split_part(named)
    check_file(path, ModelError)
    if not path.is_file():
        raise ModelError(f"The weights file {path} does not exist: check the path.")
    values = _read_safetensors(path) if path.suffix == ".safetensors" else read_torch(path)
    sets = _sets(values)
    if part:
        return unwrapped(_part(sets, part, path)), ()
    chosen = _chosen(sets, values, path)
    others = [key for key in sets if key != chosen and _is_network(sets[key])]
    return unwrapped(sets[chosen]), (_taken(chosen, others, path),) if others else ()


def read_torch(path: Path) -> Any:
    """Read a file that ``torch.save`` wrote, without running code from it."""
    try:
        try:
            # on the CPU, so weights that were saved on a GPU load where there is none
            return torch.load(path, map_location="cpu", weights_only=True)
        except UnicodeDecodeError:  # checkpoints that Python 2 wrote
            return torch.load(path, map_location="cpu", weights_only=True, encoding="latin1")
    except Exception as error:
        # so torch names what it refused to unpickle
        unsafe = re.search(r"GLOBAL ([\w.]+)", str(error))
        if unsafe:
            raise ModelError(
                f"The weights file {path} holds a Python object ({unsafe[1]}) besides tensors, "
                "and loading it could run any code; if you trust it, convert it once with "
                'm = torch.load(FILE, weights_only=False) and torch.save(m.state_dict(), "new.pt") '
                '(or m["state_dict"], if m is a dictionary).'
            ) from error
        if "TorchScript" in str(error):
            raise ModelError(
                f"The weights file {path} is a TorchScript archive: convert it once with "
                'torch.save(torch.jit.load(FILE).state_dict(), "new.pt").'
            ) from error
        raise ModelError(
            f"The weights file {path} cannot be read as a torch file ({reason_of(error)}): "
            f"{amiss(path, TORCH, PICKLE)}."
        ) from error


def reason_of(error: Exception) -> str:
    """Name an error and the first sentence of its message (torch's run on for a page)."""
    text = " ".join(str(error).split())
    first = re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0].rstrip(".:;")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def few(names: Sequence[Any]) -> str:
    """The first names of a list, for a sentence."""
    shown = ", ".join(str(name) for name in names[:3])
    return f"{shown}, ..." if len(names) > 3 else shown or "none"


def _read_safetensors(path: Path) -> StateDict:
    try:
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise ModelError(f"Reading {path} needs safetensors: run {install('torch')}.") from error
    try:
        state: StateDict = load_file(path)
    except Exception as error:
        raise ModelError(
            f"The weights file {path} is not a whole safetensors file ({reason_of(error)}): "
            f"{amiss(path, SAFETENSORS)}."
        ) from error
    return state


def _sets(values: Any, at: str = "") -> Sets:
    """All state dicts in what a file holds, by their keys; ``""`` if it is one itself."""
    if _is_state_dict(values):
        return {at: values}
    found: Sets = {}
    if isinstance(values, Mapping) and at.count(".") < 1:  # deeper lie the states of optimisers
        for key, value in values.items():
            if isinstance(key, str) and isinstance(value, Mapping):
                found |= _sets(value, f"{at}.{key}" if at else key)
    return found


def _chosen(sets: Sets, values: Any, path: Path) -> str:
    """The key of the set to take where none is named."""
    usual = [key for wrapper in ("", *WRAPPERS) for key in sets if _last(key) == wrapper]
    usual.sort(key=lambda key: key.count("."))  # outer ones first, else in their order
    chosen = usual[:1] or [key for key in sets if _is_network(sets[key])]
    if not chosen:
        found = f"keys {few(list(values))}" if isinstance(values, Mapping) else None
        raise ModelError(
            f"The weights file {path} holds no state dict (found {found or type(values).__name__})"
            ": save one with torch.save(model.state_dict(), FILE)."
        )
    if len(chosen) > 1:
        raise ModelError(
            f"The weights file {path} holds {len(chosen)} sets of weights ({few(chosen)}): say "
            f"which, as in {path}#{chosen[0]}."
        )
    return chosen[0]


def _part(sets: Sets, part: str, path: Path) -> Mapping[str, torch.Tensor]:
    """The set of this key, or what begins so in the only or usual set (``SET.PREFIX``: in that)."""
    if part in sets:
        return sets[part]
    named = {key: part.removeprefix(f"{key}.") for key in sets if part.startswith(f"{key}.")}
    found = {key: _inside(sets[key], named.get(key, part)) for key in named or sets}
    fitting = [key for key in ("", *WRAPPERS) if found.get(key)] or [k for k in found if found[k]]
    if len(fitting) == 1 or (fitting and fitting[0] in ("", *WRAPPERS)):
        return found[fitting[0]]
    parts = [key for key in sets if key] or [p[:-1] for p in common_prefixes(sets.get("", ()))]
    raise ModelError(
        f"The weights file {path} has no part {part!r}: "
        + (f"take one of {few(parts)}." if parts else "leave it out.")
    )


def _inside(state: Mapping[str, torch.Tensor], part: str) -> StateDict:
    """What begins with a part, which may stand behind what wrappers put before all names."""
    return inside(state, part) or inside(unwrapped(state), part)


def _taken(chosen: str, others: Sequence[str], path: Path) -> str:
    return (
        f"Of the weights in {path} those under {chosen!r} were taken; it also holds "
        f"{few(others)}, to be taken with {path}#{others[0]}."
    )


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _is_state_dict(values: Any) -> bool:
    """Tell whether these are tensors by name, and at least one.

    What a module's ``get_extra_state`` adds may be anything.
    """
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        return False
    named = [v for name, v in values.items() if name.rpartition(".")[2] != _EXTRA_STATE]
    return bool(named) and all(isinstance(value, torch.Tensor) for value in named)


def _is_network(state: Mapping[str, torch.Tensor]) -> bool:
    """Whether tensors look like weights, and not like counts or the state of a generator."""
    tensors = (value for value in state.values() if isinstance(value, torch.Tensor))
    return any(value.is_floating_point() and value.ndim > 1 for value in tensors)
