"""Catch what layers of a network give in a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from andornot.errors import ModelError
from andornot.models.layers import evaluating, get_layer
from andornot.models.shapes import first_tensor


def wanted(module: nn.Module, layers: Sequence[str], known: Sequence[str]) -> dict[str, nn.Module]:
    """Look layers up by name.

    Args:
        module: the network.
        layers: dotted paths.
        known: the paths that give what is wanted, a value for each pair or for each token.

    Raises:
        ModelError: a layer is not among the known ones.
    """
    for layer in layers:
        if layer not in known:
            shown = ", ".join(known[-8:]) or "none"
            raise ModelError(
                f"The model has no layer {layer!r} of this kind; choose one of: {shown}."
            )
    return {layer: get_layer(module, layer) for layer in layers}


@contextmanager
def caught(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, torch.Tensor]]:
    """Fill a dictionary with the last output of each layer while this is open.

    Args:
        layers: the modules by name. Of an output that is not a tensor the first tensor in it
            counts; packed sequences are unpacked to (n, longest, units).
    """
    outputs: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            tensor = _tensor(output)
            if tensor is not None:
                # A copy, because a later module may work in place.
                outputs[name] = tensor.detach().to("cpu", torch.float32, copy=True)

        return hook

    with ExitStack() as stack:
        for name, layer in layers.items():
            stack.callback(layer.register_forward_hook(keep(name)).remove)
        yield outputs


@contextmanager
def inference(module: nn.Module) -> Iterator[None]:
    """Compute without gradients and in evaluation mode."""
    # Not inference_mode: what the network keeps of a pass could then never be trained with.
    with evaluating(module), torch.no_grad():
        yield


def _tensor(output: Any) -> torch.Tensor | None:
    packed = output[0] if isinstance(output, tuple) and output else output
    if isinstance(packed, PackedSequence):
        return pad_packed_sequence(packed, batch_first=True)[0]
    return first_tensor(output)
