"""The same architecture untrained: what its units look like before anything was learned."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from andornot._tools.numerals import whole
from andornot.errors import ModelError, quoted

PREFIX = "random:"
"""``random:SEED`` stands where a file of weights could be named."""


def random_seed(weights: str | Path | None) -> int | None:
    """The seed in ``random:SEED``; None for anything else.

    Raises:
        ModelError: the seed is no whole number.
    """
    if not isinstance(weights, str) or not weights.startswith(PREFIX):
        return None
    seed = whole(weights.removeprefix(PREFIX))
    if seed is None:
        raise ModelError(f"The seed in {quoted(weights)} is no whole number: write random:0.")
    return seed


def randomize(module: nn.Module, seed: int) -> tuple[str, ...]:
    """Draw all weights anew, in place.

    A module that can reset its parameters (nearly all of torch's can) does so, running statistics
    of batch normalisation included. The entries of any other parameter are shuffled, which keeps
    their distribution and nothing that was learned. Fixed buffers (such as masks) stay.

    Returns:
        Sentences that say what was done.
    """
    fresh: set[int] = set()
    shuffled = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for part in module.modules():
            # torch's attention and Transformer have it under the second name
            reset = getattr(part, "reset_parameters", getattr(part, "_reset_parameters", None))
            if callable(reset):
                reset()
                # an attention block also draws for the projection inside it
                fresh.update(id(p) for p in part.parameters(recurse=False))
        for name, parameter in module.named_parameters():
            if id(parameter) not in fresh:
                flat = parameter.reshape(-1)
                order = torch.randperm(flat.numel()).to(flat.device)
                parameter.copy_(flat[order].reshape(parameter.shape))
                shuffled.append(name)
    done = f"all weights are random (seed {seed}), so nothing here was learned"
    if not shuffled:
        return (done,)
    few = ", ".join(shuffled[:5]) + (", ..." if len(shuffled) > 5 else "")
    return (done, f"{len(shuffled)} parameters cannot be drawn anew and were shuffled: {few}")
