"""What probing data of any modality have in common."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, Self

from andornot.errors import OptionError, quoted

OWN = "none"
"""As option ``group``: every sample is a group of its own."""

_PATIENCE = 10
"""Seconds for a user's expression to read all ids."""

_READ = """
import json, re, sys
pattern, ids = json.load(sys.stdin)
found = map(re.compile(pattern).match, ids)
json.dump([(m[1] if m.re.groups else m[0]) or "" if m else "" for m in found], sys.stdout)
"""


def subset_indices(indices: Iterable[int], n: int, sample: str) -> list[int]:
    """The samples of a subset, checked.

    Args:
        indices: which of them, in which order.
        n: how many there are.
        sample: what one is called.

    Raises:
        OptionError: an index is out of range, stands twice, or there is none.
    """
    chosen = [int(i) for i in indices]
    wrong = [i for i in chosen if not 0 <= i < n]
    if wrong or not chosen or len(set(chosen)) < len(chosen):
        raise OptionError(
            f"a subset needs at least one {sample}, each once, with indices from 0 to {n - 1}; "
            f"got {wrong or chosen}"
        )
    return chosen


class Samples(Protocol):
    """Images or sentence pairs; ids are all different, splits and classes empty where unknown.

    Examples:
        >>> from andornot.data.images.open import open_data
        >>> data = open_data("squares")
        >>> data.kind, data.path.name, data.sample_ids[:2], data.classes[:2], data.splits[:2]
        ('labelmaps', 'squares', ('s00.png', 's01.png'), ('fire', 'grass'), ('', ''))
        >>> few = data.subset([3, 0])
        >>> few.sample_ids
        ('s03.png', 's00.png')
        >>> few.fingerprint() == data.fingerprint()
        False
    """

    @property
    def path(self) -> Path:
        """Where they come from."""

    @property
    def kind(self) -> str:
        """The sort of data set, such as ``broden``."""

    @property
    def sample_ids(self) -> tuple[str, ...]:
        """Id of each sample."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Split of each sample."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class label of each sample."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Name of each sample's group (see :func:`group_names`)."""

    def __len__(self) -> int: ...

    def subset(self, indices: Iterable[int]) -> Self:
        """Return the data set with only these samples, in this order, and all concepts."""

    def fingerprint(self) -> str:
        """Return a key for all that a network or a concept can see of the samples."""


def group_names(sample_ids: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """The group of each sample: those of one group are not independent of each other.

    Args:
        sample_ids: id of each sample, all different.
        given: what is said of the group of each, empty if nothing is.

    Returns:
        What is said, where several samples have it in common; else the sample's own id (with
        ``~`` behind it if a group is called like that).
    """
    shared = {name for name, times in Counter(given).items() if name and times > 1}
    taken = shared | set(sample_ids)
    names = []
    for own, name in zip(sample_ids, given, strict=True):
        if name not in shared:
            name = own
            while name in shared or (name != own and name in taken):
                name += "~"
            taken.add(name)
        names.append(name)
    return tuple(names)


def groups_of(data: Samples) -> tuple[str, ...]:
    """The groups of samples; each its own where a data set of the user says nothing of groups."""
    found: tuple[str, ...] = getattr(data, "groups", data.sample_ids)
    return found


def about_groups(groups: Sequence[str]) -> str:
    """How many groups there are, in words."""
    sizes = Counter(Counter(groups).values())
    several = sum(number for size, number in sizes.items() if size > 1)
    if not several:
        return "each its own"
    return f"{sum(sizes.values()):,}, {several:,} of several (up to {max(sizes):,})"


def is_expression(group: str) -> bool:
    """Whether the option ``group`` is an expression over ids, and not the name of a column."""
    return group.startswith("^")


def groups_by_name(
    sample_ids: Sequence[str], expression: str, option: str = "group"
) -> tuple[str, ...]:
    r"""The group of each sample by its id, such as ``^(seq\d+)_`` for frames of a video.

    Args:
        sample_ids: the ids.
        expression: a regular expression of Python's, which is matched from the id's beginning.
        option: the option that it comes from, for messages.

    Returns:
        What the first pair of brackets matched, or the whole expression if it has none; empty
        where it does not match.

    Raises:
        OptionError: it is no expression, matches no id, or takes too long.
    """
    told = f"{option} is {quoted(expression)}"
    try:
        re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise OptionError(f"{told}, which is no regular expression ({error}); mend it") from None
    found = _matched(sample_ids, expression, told)
    if not any(found):
        raise OptionError(
            f"{told}, which matches no id of the {len(sample_ids)} samples (the first is "
            f"{quoted(sample_ids[0])}); correct it, or leave it out"
        )
    return found


def _matched(sample_ids: Sequence[str], expression: str, told: str) -> tuple[str, ...]:
    """Match in a process of its own: an expression such as ``^(a+)+$`` can take for ever."""
    try:
        done = subprocess.run(
            # -I: neither the current folder nor the environment changes what is imported
            [sys.executable, "-I", "-c", _READ],
            input=json.dumps([expression, list(sample_ids)]),
            capture_output=True, text=True, timeout=_PATIENCE, check=True,
        )  # fmt: skip
    except subprocess.SubprocessError:
        raise OptionError(
            f"{told}, which needs too much time or memory (more than {_PATIENCE} seconds) for the "
            f"ids of {len(sample_ids)} samples; write it without nested repeats"
        ) from None
    return tuple(json.loads(done.stdout))
