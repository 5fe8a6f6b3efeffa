"""How an attack is made: options only.

Nothing heavy is imported here: the command line asks this record for its defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from andornot._tools.checks import number, whole_number
from andornot.errors import OptionError

FEWEST_SAMPLES: Final = 4


@dataclass(frozen=True)
class AttackOptions:
    """How an attack is made.

    Attributes:
        n_samples: most samples of the source class that are edited.
        n_screening: most of them on which edits are chosen; half of them, if that is less.
        n_units: units that lead to the target, and units that lead to the source, whose formulas
            are read.
        n_proposals: most proposals that are tried, those that formulas ask for most strongly.
        n_edits: edits that are tested.
        n_controls: controls of each of them.
        confidence: of all intervals of a table together.
        seed: of the choice of samples and controls, and of the bootstrap.

    Raises:
        OptionError: a number is out of range.

    Examples:
        >>> AttackOptions(n_samples=50, n_edits=2).seed
        0
    """

    n_samples: int = 150
    n_screening: int = 25
    n_units: int = 12
    n_proposals: int = 16
    n_edits: int = 5
    n_controls: int = 10
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        numbers = {n: v for n, v in vars(self).items() if n not in ("confidence", "seed")}
        for name, value in numbers.items():
            least = FEWEST_SAMPLES if name == "n_samples" else 1
            if whole_number(value, name) < least:
                raise OptionError(f"{name} is {value}; it must be at least {least}")
        whole_number(self.seed, "seed", 0)
        if not 0 < number(self.confidence, "confidence") < 1:
            raise OptionError(f"confidence is {self.confidence}; give a share such as 0.95")
