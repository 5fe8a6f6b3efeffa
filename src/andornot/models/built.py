"""What each source of networks (torchvision, transformers, a Python file) gives."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from andornot.models.preprocess import Preprocessing


@dataclass(frozen=True)
class Built:
    """A network from a source, before ``load_model`` puts its label on it.

    Attributes:
        module: the network with its weights.
        preprocessing: how images become its input, None if that is not known.
        class_names: name of each class, None if not known.
        notes: what a reader of the results should know.
        source: text that defines the network beyond its modules and weights.
    """

    module: nn.Module
    preprocessing: Preprocessing | None = None
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    source: bytes = b""
