"""Set a unit's channel to zero in the forward pass, through hooks that always clean up."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from andornot.errors import ModelError
from andornot.models.layers import get_layer
from andornot.models.shapes import first_tensor


@contextmanager
def zeroed(module: nn.Module, layer: str, unit: int, axis: int = -1) -> Iterator[None]:
    """Let a layer give 0 for one unit, everywhere, while this is open.

    The tensor that ``first_tensor`` finds in the layer's output is replaced by a changed copy, so
    what other modules share with it stays as it was.

    Args:
        module: the network.
        layer: dotted path.
        unit: the unit's place on the axis of units.
        axis: the axis of units in the layer's output.

    Raises:
        ModelError: there is no such layer, or it hands on more than its output (recurrent layers
            hand on states, which would still hold the unit).
    """
    part = get_layer(module, layer)
    if isinstance(part, nn.RNNBase):
        raise ModelError(
            f"Layer {layer!r} is recurrent: it hands on its states too, so a unit cannot be taken "
            "out of its output alone; choose a later layer."
        )

    def without(tensor: torch.Tensor) -> torch.Tensor:
        changed = tensor.clone()
        changed.select(axis, unit).zero_()
        return changed

    handle = part.register_forward_hook(lambda _m, _i, output: replace_first(output, without))
    try:
        yield
    finally:
        handle.remove()


def replace_first(output: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """A module's output with its first tensor (see ``first_tensor``) changed; a copy."""
    if isinstance(output, torch.Tensor):
        return change(output)
    if isinstance(output, Mapping):
        # the tensor that first_tensor finds, so the one that was explained
        names = ("last_hidden_state", *output)
        keys = [name for name in names if first_tensor(output.get(name)) is not None]
        if not keys:
            return output
        changed: Any = copy.copy(output)
        changed[keys[0]] = replace_first(output[keys[0]], change)
        return changed
    if isinstance(output, Sequence) and not isinstance(output, str):
        places = [i for i, part in enumerate(output) if first_tensor(part) is not None]
        if places:
            parts = list(output)
            parts[places[0]] = replace_first(parts[places[0]], change)
            # a named tuple takes its parts one by one
            named = hasattr(output, "_fields")
            return type(output)(*parts) if named else type(output)(parts)  # type: ignore[call-arg]
    return output


@contextmanager
def shapes_of(module: nn.Module, layer: str) -> Iterator[list[tuple[int, ...]]]:
    """Note the shape of a layer's output each time that it runs while this is open.

    Raises:
        ModelError: there is no such layer.
    """
    seen: list[tuple[int, ...]] = []

    def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
        tensor = first_tensor(output)
        seen.append(() if tensor is None else tuple(tensor.shape))

    handle = get_layer(module, layer).register_forward_hook(note)
    try:
        yield seen
    finally:
        handle.remove()
