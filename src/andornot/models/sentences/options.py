"""How a classifier of sentence pairs is trained: options only.

Nothing heavy is imported here: the command line asks this record for its defaults.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from andornot._tools.checks import number, whole_number
from andornot.errors import OptionError

HOLD_OUT: Final = 0.1
"""Share of the pairs that is set aside for validation if nothing else is said."""


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    Attributes:
        epochs: most passes over the training pairs.
        patience: stop after so many epochs without a better validation accuracy.
        batch_size: pairs that each step learns from.
        learning_rate: of Adam.
        min_count: rarer words of the training pairs are one unknown word.
        seed: the same seed gives the same model on the same machine.

    Raises:
        OptionError: a number is out of range.

    Examples:
        >>> TrainOptions(epochs=3, seed=1).batch_size
        64
    """

    epochs: int = 20
    patience: int = 3
    batch_size: int = 64
    learning_rate: float = 1e-3
    min_count: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("patience", 1), ("batch_size", 2), ("min_count", 1)):
            if whole_number(getattr(self, name), name) < least:
                raise OptionError(f"{name} is {getattr(self, name)}, but must be at least {least}")
        if not 0 < number(self.learning_rate, "learning_rate") < math.inf:
            raise OptionError(f"the learning rate is {self.learning_rate}, but must be above 0")
        if whole_number(self.seed, "seed") < 0:
            raise OptionError(f"the seed is {self.seed}, but must be at least 0")
