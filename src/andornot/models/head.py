"""The weights that lead from units straight to classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from andornot.models.layers import get_layer


@dataclass(frozen=True)
class HeadWeights:
    """Connection weights between the units of a layer and the classes (Section 6 of the paper).

    Attributes:
        weight: float32 of shape (classes, units).
        path: dotted path of the linear layer that holds them.

    Examples:
        >>> HeadWeights(np.array([[9, 0], [0, 9]], np.float32), "fc").weight.argmax(axis=0)
        array([0, 1])
    """

    weight: NDArray[np.float32]
    path: str


def head_weights(module: nn.Module, layer: str, units: int) -> HeadWeights | None:
    """Find the linear layer that alone, of all that is learned, follows a layer.

    It must be the only module with parameters after the layer, in the order in which the
    network registers its modules, and be a Linear or 1x1 convolution with one input for each
    unit. So pooling, dropout and activations may lie in between, but no further weights and no
    normalisation. The order of registration is nearly always that of the forward pass; where
    it is not, this can answer None, or name a head that the units reach by another way too.

    Args:
        module: the network.
        layer: dotted path of the layer.
        units: number of units of the layer.

    Returns:
        the weights, or None if the units do not lead straight to classes.

    Raises:
        ModelError: there is no such layer.

    Examples:
        >>> from torch import nn
        >>> network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
        >>> head = head_weights(network, "1", units=4)
        >>> head.path, head.weight.shape
        ('3', (2, 4))
        >>> head_weights(network, "1", units=7) is None
        True
    """
    get_layer(module, layer)
    parts = list(module.named_modules(remove_duplicate=False))
    paths = [path for path, _ in parts]
    inside = [path for path in paths if path == layer or path.startswith(f"{layer}.")]
    after = set(paths[paths.index(inside[-1]) + 1 :])
    learned = [
        (path, part)
        for path, part in parts
        if path in after and any(True for _ in part.parameters(recurse=False))
    ]
    if len(learned) != 1:
        return None
    path, head = learned[0]
    if isinstance(head, nn.Conv2d):
        pointwise = head.kernel_size == (1, 1) and head.groups == 1
        inputs = head.in_channels if pointwise else -1
    else:
        inputs = head.in_features if isinstance(head, nn.Linear) else -1
    if inputs != units or not isinstance(head, nn.Conv2d | nn.Linear):
        return None
    # a copy, since on the CPU the array would share the network's memory
    weight = head.weight.detach().float().cpu().numpy().reshape(-1, units).copy()
    return HeadWeights(weight, path)
