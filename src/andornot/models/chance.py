"""Which modules of a network draw at random or mix a batch, so far as their types tell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from andornot.models.layers import evaluating

_NAMED = 3
"""So many parts are named."""


def drawing_parts(module: object) -> list[str]:
    """Name parts that draw at random in evaluation mode.

    Args:
        module: the network; of one that is not a torch module nothing is known.

    Returns:
        a few words for each; what functions draw (``F.dropout``) cannot be seen from outside.
    """
    return list(islice(_drawing(module), _NAMED)) if isinstance(module, nn.Module) else []


def mixing_parts(module: object) -> list[str]:
    """Name parts that make an answer hang on the other samples of its batch, as above."""
    return list(islice(_mixing(module), _NAMED)) if isinstance(module, nn.Module) else []


def _drawing(module: nn.Module) -> Iterator[str]:
    with evaluating(module):
        for path, part in module.named_modules():
            ratio = getattr(getattr(part, "config", None), "mask_ratio", None)
            # as in ViTMAE; all parts share its configuration, so it is told of the network alone
            if not path and ratio is not None:
                yield f"{type(part).__name__} hides patches at random (mask_ratio {ratio})"
            if isinstance(part, _DropoutNd) and part.training:
                yield f"{_named(path, part)} stays in training mode"


def _mixing(module: nn.Module) -> Iterator[str]:
    with evaluating(module):
        for path, part in module.named_modules():
            if not isinstance(part, _BatchNorm):
                continue
            if part.training:
                yield f"{_named(path, part)} stays in training mode"
            elif part.running_mean is None:
                yield f"{_named(path, part)} has no running statistics"


def _named(path: str, part: nn.Module) -> str:
    return f"{path or 'the network'} ({type(part).__name__})"
