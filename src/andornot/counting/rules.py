"""When a unit counts as active: a threshold, or ranges. Options only; what finds them is elsewhere.

Nothing heavy is imported here: the command line asks these records for their defaults.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Literal, get_args

from andornot._tools.checks import is_one_of, make_plain, number
from andornot.errors import OptionError, quoted

Resolution = Literal["native", "upsampled"]
RangesBy = Literal["clusters", "quantiles"]


@dataclass(frozen=True)
class Threshold:
    """How the thresholds of all units are found.

    In the paper (section 3) a unit that looks at images is active in the highest 0.5 % of its
    activations, one that reads sentence pairs wherever it is above 0.

    Attributes:
        quantile: share of values above the threshold, between 0 and 1; None for a fixed one.
        fixed: the same threshold for every unit; used when ``quantile`` is None.
        resolution: where the quantile is taken, over native or over upsampled maps.

    Raises:
        OptionError: not exactly one of the two is given, a value is out of range, or a resolution
            is chosen for a fixed threshold.

    Examples:
        >>> Threshold(quantile=0.01)
        Threshold(quantile=0.01, fixed=None, resolution='native')
        >>> Threshold(None, fixed=0.0)
        Threshold(quantile=None, fixed=0.0, resolution='native')
    """

    quantile: float | None = 0.005
    fixed: float | None = None
    resolution: Resolution = "native"

    def __post_init__(self) -> None:
        make_plain(self, "quantile", "fixed")
        if (self.quantile is None) == (self.fixed is None):
            raise OptionError("give either a quantile or a fixed threshold, not both or neither")
        if self.quantile is not None and not 0 < number(self.quantile, "quantile") < 1:
            raise OptionError(f"quantile is {self.quantile}; it must lie between 0 and 1")
        if self.fixed is not None and not math.isfinite(number(self.fixed, "fixed")):
            raise OptionError(f"the fixed threshold is {self.fixed}; it must be a finite number")
        if not is_one_of(self.resolution, get_args(Resolution)):
            raise OptionError(
                f"resolution is {quoted(self.resolution)}; choose 'native' or 'upsampled'"
            )
        if self.fixed is not None and self.resolution != "native":
            raise OptionError(
                "resolution says where a quantile is taken, and the threshold is fixed; leave "
                "resolution out"
            )


@dataclass(frozen=True)
class Ranges:
    """How the activations of a unit are cut into ranges.

    Where a unit is never negative, only its positive activations are cut (as in the paper).

    Attributes:
        k: number of ranges.
        by: ``"clusters"``: k-means in one dimension, the optimum of its sum of squares over
            values grouped in 1,024 bins; ``"quantiles"``: as many values in each.

    Raises:
        OptionError: there are not at least 2 ranges, or ``by`` is unknown.

    Examples:
        >>> Ranges(3, by="quantiles")
        Ranges(k=3, by='quantiles')
    """

    k: int = 5
    by: RangesBy = "clusters"

    def __post_init__(self) -> None:
        make_plain(self, "k")
        k: object = self.k
        if isinstance(k, bool) or not isinstance(k, Integral) or not 2 <= int(k) <= 100:
            raise OptionError(
                f"the number of ranges is {quoted(k)}; give a whole number from 2 to 100, or a "
                "threshold for a single range"
            )
        if not is_one_of(self.by, get_args(RangesBy)):
            raise OptionError(
                f"ranges are found by {quoted(self.by)}; choose 'clusters' or 'quantiles'"
            )
