"""Refuse networks that cannot be looked into (TorchScript), or have no weights yet (lazy)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from andornot.errors import ModelError


def is_scripted(module: nn.Module) -> bool:
    """Whether TorchScript runs a module: what its parts give cannot be seen from Python."""
    return isinstance(module, torch.jit.ScriptModule)


def refuse_scripted(module: nn.Module, what: str = "The model") -> None:
    """Refuse what TorchScript runs.

    Args:
        module: a network, or a layer.
        what: what to call it.

    Raises:
        ModelError: it is scripted or traced.
    """
    if is_scripted(module):
        raise ModelError(
            f"{what} is a TorchScript module (scripted or traced), which takes no hooks, so its "
            "layers cannot be recorded: give the Python class, with the weights of "
            "torch.jit.load(FILE).state_dict()."
        )


def refuse_empty(module: nn.Module) -> None:
    """Refuse a network without numbers in its weights.

    Raises:
        ModelError: a lazy module has not run yet, or a tensor is on the meta device.
    """
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if is_lazy(tensor):
            raise ModelError(
                f"The model has lazy modules without weights ({name} has no shape yet): run one "
                "batch through it before you give it, or give a file of weights."
            )
        if tensor.is_meta:
            raise ModelError(
                f"The model has no weights ({name} is on the meta device, which holds shapes "
                "only): build it on the CPU, and load its weights."
            )
