"""Read weights safely, put them into a network, and say which they are.

Nothing here ever runs code from a weights file: pickles are read with ``weights_only=True``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from andornot.errors import ModelError
from andornot.looks import PICKLE, SAFETENSORS, TORCH, amiss, check_file

StateDict = dict[str, torch.Tensor]

WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
"""Keys under which checkpoints hold the state dict, in the order in which they are tried."""

PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and ``torch.compile`` put before each key."""


def read_state_dict(path: Path) -> StateDict:
    """Read a state dict, or a checkpoint that holds one, from a torch or safetensors file.

    Raises:
        ModelError: the file is missing, damaged, needs unsafe loading, or holds no state dict.
    """
    check_file(path, ModelError)
    if not path.is_file():
        raise ModelError(f"The weights file {path} does not exist: check the path.")
    values = _read_safetensors(path) if path.suffix == ".safetensors" else read_torch(path)
    wrapper = next((w for w in WRAPPERS if isinstance(_get(values, w), Mapping)), None)
    state = values[wrapper] if wrapper else values
    if not _is_state_dict(state):
        inside = f"keys {_few(list(state))}" if isinstance(state, Mapping) else type(state).__name__
        raise ModelError(
            f"The weights file {path} holds no state dict (found {inside}): save one with "
            "torch.save(model.state_dict(), FILE)."
        )
    return _without_prefixes(dict(state))


def load_weights(module: nn.Module, state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Copy weights into a network, all of them or none.

    Raises:
        ModelError: names or shapes differ from the network's; the message names the first few.
    """
    own = module.state_dict()
    # Checkpoints from before torch 0.4.1 lack these counters, which evaluation never reads.
    missing = [k for k in own if k not in state and not k.endswith("num_batches_tracked")]
    unexpected = [k for k in state if k not in own]
    if missing or unexpected:
        raise ModelError(
            f"The weights in {path} are for another model: {_count('missing', missing)} and "
            f"{_count('unexpected', unexpected)}; choose the model that they were trained with."
        )
    classes = class_mismatch(own, state)
    if classes:
        raise ModelError(
            f"The weights in {path} have the wrong number of classes: they have {classes[1]}, "
            f"the model has {classes[0]}; build the model with {classes[1]} classes."
        )
    wrong = mismatched(own, state)
    if wrong:
        key = wrong[0]
        raise ModelError(
            f"The weights in {path} are for another model: {_count('mis-shaped', wrong)}, where "
            f"{key} is {tuple(state[key].shape)} in the file and {tuple(own[key].shape)} in the "
            "model; choose the model that they were trained with."
        )
    module.load_state_dict(dict(state), strict=False)


def mismatched(own: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor]) -> list[str]:
    """Name the weights that both have, but in different shapes."""
    return [k for k in own if k in state and own[k].shape != state[k].shape]


def class_mismatch(
    own: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor]
) -> tuple[int, int] | None:
    """Tell whether a network and weights differ in nothing but the number of classes.

    That is so if every differing shape differs in its first dimension only, and always in the
    same way.

    Returns:
        the number of classes in the network and in the weights, or None.
    """
    wrong = mismatched(own, state)
    pairs = {(own[k].shape[:1], state[k].shape[:1]) for k in wrong}
    same_rest = all(own[k].shape[1:] == state[k].shape[1:] for k in wrong)
    if len(pairs) != 1 or not same_rest or any(own[k].ndim == 0 for k in wrong):
        return None
    ((ours, theirs),) = pairs
    return (ours[0], theirs[0]) if ours and theirs else None


def fingerprint(module: nn.Module, source: bytes = b"") -> str:
    """Hash everything that we know to shape what a network computes.

    Args:
        module: the network; its printed form counts (strides, activations and so on), and so
            do the name, type, shape and bytes of every entry of its state dict.
        source: text that defines the network beyond that, such as its Python file.

    Returns:
        64 hexadecimal digits (SHA-256).
    """
    digest = hashlib.sha256(repr(module).encode() + b"\0" + source)
    for name, value in sorted(module.state_dict().items()):
        if not isinstance(value, torch.Tensor):  # a module's get_extra_state
            digest.update(f"{name} {value!r}".encode())
            continue
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        # Seen as bytes, because NumPy lacks some of torch's types (bfloat16).
        flat = value.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _read_safetensors(path: Path) -> StateDict:
    try:
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise ModelError(
            f'Reading {path} needs safetensors: run pip install "andornot[torch]".'
        ) from error
    try:
        state: StateDict = load_file(path)
    except Exception as error:
        raise ModelError(
            f"The weights file {path} is not a whole safetensors file ({_reason(error)}): "
            f"{amiss(path, SAFETENSORS)}."
        ) from error
    return state


def read_torch(path: Path) -> Any:
    """Read a file that ``torch.save`` wrote, without running code from it."""
    try:
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except UnicodeDecodeError:  # checkpoints that Python 2 wrote
            return torch.load(path, map_location="cpu", weights_only=True, encoding="latin1")
    except Exception as error:
        unsafe = re.search(r"GLOBAL ([\w.]+)", str(error))
        if unsafe:
            raise ModelError(
                f"The weights file {path} holds a Python object ({unsafe[1]}) besides tensors, "
                "and loading it could run any code; if you trust it, convert it once with "
                'm = torch.load(FILE, weights_only=False) and torch.save(m.state_dict(), "new.pt") '
                '(or m["state_dict"], if m is a dictionary).'
            ) from error
        raise ModelError(
            f"The weights file {path} cannot be read as a torch file ({_reason(error)}): "
            f"{amiss(path, TORCH, PICKLE)}."
        ) from error


def _get(values: Any, key: str) -> Any:
    return values.get(key) if isinstance(values, Mapping) else None


def _is_state_dict(values: Any) -> bool:
    """Tell whether these are tensors by name, and at least one."""
    return (
        isinstance(values, Mapping)
        and len(values) > 0
        and all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in values.items())
    )


def _without_prefixes(state: StateDict) -> StateDict:
    """Drop the prefixes that wrappers put before every key, however many."""
    for prefix in PREFIXES * 2:
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _reason(error: Exception) -> str:
    """Name an error and the first sentence of its message (torch's run on for a page)."""
    text = " ".join(str(error).split())
    first = re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0].rstrip(".:;")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _few(keys: list[Any]) -> str:
    shown = ", ".join(str(key) for key in keys[:3])
    return f"{shown}, ..." if len(keys) > 3 else shown or "none"


def _count(what: str, keys: list[str]) -> str:
    return f"{len(keys)} {what} ({_few(keys)})"
