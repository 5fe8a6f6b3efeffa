"""Where the units are in the output of a layer, and how to lay that out as maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from andornot.errors import ModelError

OutputKind = Literal["maps", "vector", "tokens"]
Layout = Literal["auto", "channels_first", "channels_last"]
PrefixTokens = int | Literal["auto"]

MOST_PREFIX_TOKENS = 8
"""Most class and register tokens that are looked for (vision transformers have 0 to 5)."""

_UNITS_FIRST = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
    nn.GroupNorm,
)
"""Layers whose units lie behind the samples, by what they are."""


@dataclass(frozen=True)
class UnitMap:
    """How the output of a layer is read as one map for each unit.

    Attributes:
        kind: ``maps`` (N, C, H, W) or (N, C, L), ``vector`` (N, C) or (N, C, 1), or ``tokens``
            (N, T, D).
        units: number of units: C, or D of the tokens.
        grid: height and width of the maps; (1, 1) of a vector.
        prefix: how many leading tokens (class, registers) are set aside.
        channels_last: the maps are (N, H, W, C), as in Swin transformers.
    """

    kind: OutputKind
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


def as_recorded(tensor: torch.Tensor) -> torch.Tensor:
    """A copy of an output on the CPU, dense and in float32; complex numbers stay complex."""
    tensor = tensor.dequantize() if tensor.is_quantized else tensor.detach()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    return tensor.to("cpu", tensor.dtype if tensor.is_complex() else torch.float32, copy=True)


def unit_map(
    shape: Sequence[int],
    image_size: tuple[int, int],
    *,
    tokens: PrefixTokens = "auto",
    layout: Layout = "auto",
    layer: nn.Module | None = None,
) -> UnitMap:
    """Decide how an output of this shape is read.

    Args:
        shape: shape of the output, samples first.
        image_size: height and width of the network's input, in pixels.
        tokens: number of leading tokens that are not patches; ``auto`` takes the fewest that
            leave a grid of patches.
        layout: where the channels lie; ``auto`` reads (N, A, A, C) with C other than A as channels
            last if the input is square, and any other four axes as channels first. Three axes
            are tokens; of (N, C, 1) ``channels_first`` says that they are not.
        layer: what gives the output; a convolution or a Linear layer says by itself where its
            units lie.

    Raises:
        ModelError: the shape has no units that could be laid out as maps, or (N, C, 1) may be C
            units of one place as well as tokens of one unit, or (N, H, W) of the image's size a
            map without units.
    """
    if len(shape) == 2:
        return UnitMap("vector", shape[1], (1, 1))
    if layout == "auto":
        layout = _layout_of(layer)
    if len(shape) == 3 and isinstance(layer, _UNITS_FIRST):
        return UnitMap("maps", shape[1], _token_grid(shape[2], image_size, 0)[1])
    if len(shape) == 3:
        return _of_three_axes(shape[1], shape[2], image_size, tokens, layout)
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


def _layout_of(layer: nn.Module | None) -> Layout:
    if isinstance(layer, nn.Linear):
        return "channels_last"
    return "channels_first" if isinstance(layer, _UNITS_FIRST) else "auto"


def _of_three_axes(
    first: int, last: int, image_size: tuple[int, int], tokens: PrefixTokens, layout: Layout
) -> UnitMap:
    """Read (N, first, last): tokens of ``last`` units, or else ``first`` units of one place."""
    if last == 1 and (first == 1 or layout == "channels_first"):
        return UnitMap("vector", first, (1, 1))
    if (first, last) == image_size and layout == "auto" and tokens == "auto":
        raise ModelError(
            f"An output (N, {first}, {last}) has the size of the image, so it looks like a single "
            "map without an axis for units: choose a layer before that axis goes, or, if it holds "
            f"{first} tokens of {last} units, give tokens=0 (--tokens 0)."
        )
    if last > 1 or layout == "channels_last" or tokens != "auto":
        prefix, grid = _token_grid(first, image_size, tokens)
        return UnitMap("tokens", last, grid, prefix=prefix)
    try:
        _, (height, width) = _token_grid(first, image_size, tokens)
    except ModelError:
        return UnitMap("vector", first, (1, 1))
    raise ModelError(
        f"An output (N, {first}, 1) can be {first} units of one place, or one unit on tokens of a "
        f"grid {height}x{width}, and its shape does not say which: give layout=channels_first "
        "(--layout channels_first) for the units, or tokens=K (--tokens K) for K leading tokens "
        "and then the grid."
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
