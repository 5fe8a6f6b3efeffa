"""Where the units are in the output of a layer, and how to lay that out as maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from andornot.errors import ModelError

Kind = Literal["maps", "vector", "tokens"]
Layout = Literal["auto", "channels_first", "channels_last"]
PrefixTokens = int | Literal["auto"]

MOST_PREFIX_TOKENS = 8
"""Most class and register tokens that are looked for (vision transformers have 0 to 5)."""


@dataclass(frozen=True)
class UnitMap:
    """How the output of a layer is read as one map for each unit.

    Attributes:
        kind: ``maps`` (N, C, H, W), ``vector`` (N, C) or ``tokens`` (N, T, D).
        units: number of units: C, or D of the tokens.
        grid: height and width of the maps; (1, 1) of a vector.
        prefix: how many leading tokens (class, registers) are set aside.
        channels_last: the maps are (N, H, W, C), as in Swin transformers.
    """

    kind: Kind
    units: int
    grid: tuple[int, int]
    prefix: int = 0
    channels_last: bool = False

    def apply(self, output: torch.Tensor) -> torch.Tensor:
        """Lay an output out as (N, units, height, width)."""
        if self.kind == "tokens":
            output = output[:, self.prefix :].transpose(1, 2)
        elif self.channels_last:
            output = output.permute(0, 3, 1, 2)
        return output.reshape(len(output), self.units, *self.grid)


def first_tensor(output: Any) -> torch.Tensor | None:
    """Find the tensor that stands for a module's output.

    A tensor stands for itself, a transformers output for its ``last_hidden_state``, and any
    other mapping or sequence for the first tensor in it. None if there is no tensor.
    """
    if isinstance(output, torch.Tensor):
        return output
    if isinstance(output, Mapping):
        found = first_tensor(output.get("last_hidden_state"))
        return found if found is not None else first_tensor(list(output.values()))
    if isinstance(output, Sequence) and not isinstance(output, str):
        return next((t for t in map(first_tensor, output) if t is not None), None)
    return None


def unit_map(
    shape: Sequence[int],
    image_size: tuple[int, int],
    *,
    tokens: PrefixTokens = "auto",
    layout: Layout = "auto",
) -> UnitMap:
    """Decide how an output of this shape is read.

    Args:
        shape: shape of the output, samples first.
        image_size: height and width of the network's input, in pixels.
        tokens: number of leading tokens that are not patches; ``auto`` takes the fewest that
            leave a grid of patches.
        layout: of a 4-D output; ``auto`` reads (N, A, A, C) with C other than A as channels
            last if the input is square, and anything else as channels first.

    Raises:
        ModelError: the shape has no units that could be laid out as maps.
    """
    if len(shape) == 2:
        return UnitMap("vector", shape[1], (1, 1))
    if len(shape) == 3:
        prefix, grid = _token_grid(shape[1], image_size, tokens)
        return UnitMap("tokens", shape[2], grid, prefix=prefix)
    if len(shape) == 4:
        _, a, b, c = shape
        square = image_size[0] == image_size[1]
        if layout == "channels_last" or (layout == "auto" and square and a == b != c):
            return UnitMap("maps", c, (a, b), channels_last=True)
        return UnitMap("maps", a, (b, c))
    raise ModelError(
        f"An output of shape {tuple(shape)} has no units that can be explained: choose a layer "
        "with maps (N, C, H, W), a vector (N, C) or tokens (N, T, D)."
    )


def _token_grid(
    count: int, image_size: tuple[int, int], tokens: PrefixTokens
) -> tuple[int, tuple[int, int]]:
    """Split ``count`` tokens into leading ones and a grid with the image's proportions."""
    height, width = image_size
    # A patch of p pixels, whatever p, leaves this grid: also right where the image is not square.
    grids = {
        (height // p) * (width // p): (height // p, width // p)
        for p in range(1, min(height, width) + 1)
    }
    for prefix in range(MOST_PREFIX_TOKENS + 1) if tokens == "auto" else (tokens,):
        if count - prefix in grids:
            return prefix, grids[count - prefix]
    which = f"up to {MOST_PREFIX_TOKENS}" if tokens == "auto" else f"{tokens}"
    raise ModelError(
        f"The layer gives {count} tokens, which leave no grid of patches on an image of "
        f"{height}x{width} after {which} leading tokens are set aside: choose a layer before "
        "tokens are pooled, or say how many leading tokens there are."
    )
